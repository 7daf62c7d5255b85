//! Proposals as they stand in MLS messages, for tests here and for the fuzz targets.
#![allow(unreachable_pub)]

use mimi_codec::{
    Encode, Opaque,
    code_points::{CipherSuite, ComponentID},
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::{
        Add, Capabilities, Credential, Extensions, KeyPackage, LeafNode, LeafNodeSelect, Lifetime, Mls10,
        Proposal,
    },
    protocol::{ParticipantListUpdate, UserRolePair, UserindexRolePair},
};

/// A leaf with this credential.
pub fn leaf(credential: Credential) -> LeafNode {
    LeafNode {
        encryption_key: b"".as_slice().into(),
        signature_key: b"".as_slice().into(),
        credential,
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::KeyPackage { lifetime: Lifetime { not_before: 0, not_after: 1 } },
        extensions: Extensions::default(),
        signature: Opaque::default(),
    }
}

/// Adds the client that the credential is for.
pub fn package(credential: Credential) -> Proposal {
    let key_package = KeyPackage {
        version: Mls10,
        cipher_suite: CipherSuite(1),
        init_key: b"".as_slice().into(),
        leaf_node: leaf(credential),
        extensions: Extensions::default(),
        signature: Opaque::default(),
    };
    Proposal::Add(Box::new(Add { key_package }))
}

/// Updates a component.
pub fn update(component_id: ComponentID, update: &impl Encode) -> Proposal {
    let op = AppDataUpdateSelect::Update { update: update.to_bytes().unwrap().into() };
    Proposal::AppDataUpdate(AppDataUpdate { component_id, op })
}

/// Updates the participant list: new roles and removals by place, additions by URI.
pub fn list(changed: &[(u32, u32)], removed: &[u32], added: &[(&str, u32)]) -> Proposal {
    let changed =
        changed.iter().map(|&(user_index, role_index)| UserindexRolePair { user_index, role_index });
    let added = added.iter().map(|&(user, role_index)| UserRolePair { user: user.into(), role_index });
    update(
        ComponentID::PARTICIPANT_LIST,
        &ParticipantListUpdate {
            changed_role_participants: changed.collect(),
            removed_indices: removed.to_vec(),
            added_participants: added.collect(),
        },
    )
}
