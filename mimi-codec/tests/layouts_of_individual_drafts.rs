//! The bytes of the structs of drafts beside mimi-protocol and mimi-room-policy, written down from
//! the drafts' syntax field by field.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod protocol_samples;

use mimi_codec::{
    Octets, SecretOpaque, apq::*, code_points::*, leaf_operation::*, mls::*, private_external::*,
    protocol::*, retraction::*, virtual_clients::*,
};
use protocol_samples::*;

fn secret(bytes: &[u8]) -> SecretOpaque {
    SecretOpaque::new(bytes)
}

#[test]
fn retraction() {
    is(
        HubRetractedMessagesComponent {
            hub_retracted_timestamp: N64,
            remover_uri: IdentifierUri::new("mimi://a.example/u/alice").unwrap(),
            reason_code: Some(AbuseType::RESERVED),
            retracted_messages: vec![Octets([1; 32]), Octets([2; 32])],
        },
        &[&U64, &v(b"mimi://a.example/u/alice"), &[1, 0], &[0x40, 64], &[1; 32], &[2; 32]],
    );
    is(
        HubRetractedRangeComponent {
            hub_retracted_timestamp: N64,
            remover_uri: IdentifierUri::new("mimi://a.example/u/alice").unwrap(),
            reason_code: None,
            abusive_sender_uri: IdentifierUri::new("mimi://b.example/u/bob").unwrap(),
            starting_timestamp: Some(N64),
        },
        &[&U64, &v(b"mimi://a.example/u/alice"), &[0], &v(b"mimi://b.example/u/bob"), &[1], &U64],
    );
    is(MessageId { message_id: Octets([1; 32]) }, &[&[1; 32]]);
}

#[test]
fn combined_groups() {
    let info = APQInfo {
        t_session_group_id: "t".into(),
        pq_session_group_id: "pq".into(),
        mode: true,
        t_cipher_suite: CipherSuite(0x0102),
        pq_cipher_suite: CipherSuite(3),
        t_epoch: N64,
        pq_epoch: 9,
    };
    let bytes = cat(&[b"\x01t\x02pq\x01", &U16, &[0, 3], &U64, &[0, 0, 0, 0, 0, 0, 0, 9]]);
    is(info.clone(), &[&bytes]);
    is(APQInfoUpdate::FullUpdate { new_apq_info: info }, &[&[0], &bytes]);
    is(APQInfoUpdate::NewTEpoch { new_t_epoch: N64 }, &[&[1], &U64]);
    is(APQInfoUpdate::NewPqEpoch { new_pq_epoch: N64 }, &[&[2], &U64]);
    let welcome = |suite| Welcome {
        cipher_suite: CipherSuite(suite),
        secrets: vec![],
        encrypted_group_info: "g".into(),
    };
    let pair = APQMessagePair::of(welcome(1).into(), welcome(2).into()).unwrap();
    let encoded = cat(&[&[0, 3], &[0, 1, 0, 3, 0, 1, 0, 1, b'g'], &[0, 1, 0, 3, 0, 2, 0, 1, b'g']]);
    is(pair.clone(), &[&encoded]);
    is(MLSMessage::from(pair), &[&[0, 1, 0, 7], &encoded]);
}

#[test]
fn leaf_operation_intents() {
    let intent = LeafOperationIntent {
        group_id: "group".into(),
        sender_index: N32,
        sender_leaf_ref: HashReference::from(&b"hash"[..]),
        removal_mode: RemovalMode::RemoveAssociatedMembers,
        signature: "sig".into(),
    };
    let tbs = cat(&[&v(b"group"), &U32, &v(b"hash"), &[2]]);
    is(intent.tbs(), &[&tbs]);
    is(intent.clone(), &[&tbs, &v(b"sig")]);
    is(LeafOperationProposal { intent }, &[&tbs, &v(b"sig")]);
}

#[test]
fn private_external_messages() {
    is(RootPrivateSignature { root_private_signature_key: secret(b"key") }, &[&v(b"key")]);
    let info = ExternalEncryptionInfo {
        ciphersuite: CipherSuite(0x0102),
        external_encryption_public_key: HPKEPublicKey::from(&b"hpke"[..]),
        root_public_signature_key: SignaturePublicKey::from(&b"root"[..]),
        external_encryption_signature: "sig".into(),
    };
    let tail = cat(&[&U16, &v(b"hpke"), &v(b"root")]);
    is(info.tbs("group".into(), N64), &[&[0, 1], &v(b"group"), &U64, &tail]);
    is(info, &[&tail, &v(b"sig")]);
    let message = PrivateExternalMessage {
        group_id: "group".into(),
        epoch: N64,
        content_type: ContentType::Commit,
        authenticated_data: "aad".into(),
        encrypted_public_message: HPKECiphertext { kem_output: "kem".into(), ciphertext: "ct".into() },
    };
    let encoded = cat(&[&v(b"group"), &U64, &[3], &v(b"aad"), &v(b"kem"), &v(b"ct")]);
    is(message.clone(), &[&encoded]);
    is(MLSMessage::from(message), &[&[0, 1, 0xf0, 5], &encoded]);
}

#[test]
fn virtual_clients() {
    let node =
        |prefix_length, prefix: &[u8]| PPRFNode::new(prefix_length, prefix.into(), secret(b"n")).unwrap();
    is(
        PPRFState { nodes: vec![node(2, &[0x40]), node(9, &[0x80, 0x80])].try_into().unwrap() },
        &[&[11, 2, 1, 0x40, 1, b'n', 9, 2, 0x80, 0x80, 1, b'n']],
    );
    let retained = RetainedOperationSecret {
        epoch_id: "epoch".into(),
        operation_type: VirtualClientOperationType::LeafNode,
        leaf_index: N32,
        generation: 7,
        operation_context: "group".into(),
        operation_secret: secret(b"s"),
    };
    let retained_bytes = cat(&[&v(b"epoch"), &[2], &U32, &[0, 0, 0, 7], &v(b"group"), &v(b"s")]);
    is(retained.clone(), &[&retained_bytes]);
    let ratchet = |ratchet| SecretTreeRatchetState {
        leaf_index: N32,
        ratchet,
        generation: 7,
        next_secret: secret(b"s"),
    };
    is(ratchet(SecretTreeRatchet::Application {}), &[&U32, &[1], &[0, 0, 0, 7], &v(b"s")]);
    is(ratchet(SecretTreeRatchet::Handshake {}), &[&U32, &[2], &[0, 0, 0, 7], &v(b"s")]);
    let operation_type = VirtualClientOperationType::KeyPackage;
    let operation = ratchet(SecretTreeRatchet::Operation { operation_type });
    let operation_bytes = cat(&[&U32, &[3, 1], &[0, 0, 0, 7], &v(b"s")]);
    is(operation.clone(), &[&operation_bytes]);
    let tree = SecretTreeState {
        node_secrets: vec![SecretTreeNodeState { node_index: N32, node_secret: secret(b"n") }],
        ratchet_states: vec![operation],
    };
    let tree_bytes = cat(&[&v(&cat(&[&U32, &v(b"n")])), &v(&operation_bytes)]);
    is(tree.clone(), &[&tree_bytes]);
    let package = KeyPackageDerivationInfo {
        key_package_ref: KeyPackageRef::from(&b"ref"[..]),
        epoch_id: "epoch".into(),
        leaf_index: N32,
        generation: 7,
    };
    let package_bytes = cat(&[&v(b"ref"), &v(b"epoch"), &U32, &[0, 0, 0, 7]]);
    is(package.clone(), &[&package_bytes]);
    let epoch = EmulationEpochState {
        epoch_id: "epoch".into(),
        operation_secret_tree: tree.clone(),
        epoch_encryption_key: secret(b"e"),
        generation_id_secret: secret(b"g"),
        reuse_guard_secret: secret(b"r"),
    };
    let epoch_bytes = cat(&[&v(b"epoch"), &tree_bytes, &v(b"e"), &v(b"g"), &v(b"r")]);
    is(epoch.clone(), &[&epoch_bytes]);
    let external = HigherLevelGroupState {
        group_id: "group".into(),
        state: HigherLevelGroupStateBody::ExternalCommit {},
    };
    let external_bytes = cat(&[&v(b"group"), &[2]]);
    is(external.clone(), &[&external_bytes]);
    let transfer = HigherLevelGroupStateBody::StateTransfer {
        init_secret: secret(b"1"),
        sender_data_secret: secret(b"2"),
        exporter_secret: secret(b"3"),
        external_secret: secret(b"4"),
        confirmation_key: secret(b"5"),
        membership_key: secret(b"6"),
        resumption_psk: secret(b"7"),
        epoch_authenticator: "8".into(),
        secret_tree: tree,
        safe_exporter_tree: PPRFState::default(),
        direct_path_private_keys: vec![secret(b"k"), secret(b"l")],
    };
    is(
        HigherLevelGroupState { group_id: "group".into(), state: transfer },
        &[
            &v(b"group"),
            b"\x01\x011\x012\x013\x014\x015\x016\x017\x018",
            &tree_bytes,
            &[0],
            b"\x04\x01k\x01l",
        ],
    );
    is(
        NewEmulatorClientState {
            signing_key_material: secret(b"m"),
            active_key_packages: vec![package],
            retained_operation_secrets: vec![retained],
            past_emulation_epochs: vec![epoch],
            higher_level_groups: vec![external],
        },
        &[&v(b"m"), &v(&package_bytes), &v(&retained_bytes), &v(&epoch_bytes), &v(&external_bytes)],
    );
    is(
        OperationContext {
            epoch_id: "epoch".into(),
            leaf_index: N32,
            generation: 7,
            operation_type: VirtualClientOperationType::Application,
            operation_context: "context".into(),
        },
        &[&v(b"epoch"), &U32, &[0, 0, 0, 7], &[3], &v(b"context")],
    );
    is(DerivationInfo { epoch_id: "epoch".into(), ciphertext: "ct".into() }, &[&v(b"epoch"), &v(b"ct")]);
    is(DerivationInfoTBE { leaf_index: N32, generation: 7 }, &[&U32, &[0, 0, 0, 7]]);
    let key_package_info =
        vec![KeyPackageInfo { key_package_ref: KeyPackageRef::from(&b"ref"[..]), generation: 7 }];
    let upload = KeyPackageUpload { epoch_id: "epoch".into(), leaf_index: N32, key_package_info };
    let upload_bytes = cat(&[&v(b"epoch"), &U32, &v(b"\x03ref\0\0\0\x07")]);
    is(upload.clone(), &[&upload_bytes]);
    is(VirtualClientAction::KeyPackageUpload { key_package_upload: upload }, &[&[1], &upload_bytes]);
    let external_join = ExternalJoin { group_id: "group".into() };
    is(VirtualClientAction::ExternalJoin { external_join }, &[&[2], &v(b"group")]);
    is(
        PrivateMessageContext {
            group_id: "group".into(),
            epoch: N64,
            generation: 7,
            ratchet_type: RatchetType::Handshake,
        },
        &[&v(b"group"), &U64, &[0, 0, 0, 7], &[2]],
    );
}
