//! What an MLS stack hands over: a GroupContext, a ratchet tree, leaves.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    Encode, List, Opaque,
    code_points::{CipherSuite, ComponentID, ExtensionType},
    extensions::{AppDataDictionary, ComponentData},
    mls::{
        Capabilities, Credential, Extension, Extensions, GroupContext, LeafNode, LeafNodeSelect, Node,
        RatchetTree,
    },
    protocol::PseudonymousCredential,
};
use mimi_pseudonym::{LinkKeys, PseudonymError, RoomLeaves, leaf_credential};
use world::{World, room_of};

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

fn group_context(component: Option<(ComponentID, Vec<u8>)>) -> GroupContext {
    let extensions = component.map(|(component_id, data)| {
        let component_data = List::new(vec![ComponentData { component_id, data: data.into() }]).unwrap();
        let extension_data = AppDataDictionary { component_data }.to_bytes().unwrap().into();
        Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data }
    });
    GroupContext {
        version: Default::default(),
        cipher_suite: CipherSuite(1),
        group_id: "group".into(),
        epoch: 1,
        tree_hash: Opaque::default(),
        confirmed_transcript_hash: Opaque::default(),
        extensions: Extensions::new(extensions.into_iter().collect()).unwrap(),
    }
}

fn leaf_node(credential: Credential, signature_key: &[u8]) -> LeafNode {
    LeafNode {
        encryption_key: Vec::new().into(),
        signature_key: signature_key.to_vec().into(),
        credential,
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::Update {},
        extensions: Extensions::new(vec![]).unwrap(),
        signature: Opaque::default(),
    }
}

fn pseudonymous(credential: &PseudonymousCredential) -> LeafNode {
    let key = credential.signature_public_key.to_vec();
    leaf_node(Credential::Pseudonymous(credential.clone()), &key)
}

#[test]
fn refuses_a_group_without_the_component() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let (hub, _) = room_of(&mut world, &alice);
    let of_group = |component| LinkKeys::of_group(&group_context(component), &hub.leaves);
    let id = ComponentID::IDENTITY_LINK_KEYS;
    assert_eq!(of_group(Some((id, hub.link_keys.data().to_bytes().unwrap()))), Ok(hub.link_keys.clone()));
    assert_eq!(of_group(None), Err(PseudonymError::NotMinimalMetadata));
    let another = Some((ComponentID::CONNECTION_RESPONSE, vec![0]));
    assert_eq!(of_group(another), Err(PseudonymError::NotMinimalMetadata));
    assert!(matches!(of_group(Some((id, vec![0, 0]))), Err(PseudonymError::Decode(_))));
    let error = PseudonymError::LinkKeysLength { expected: 1, actual: 0 };
    assert_eq!(of_group(Some((id, vec![0]))), Err(error));
}

#[test]
fn refuses_a_leaf_that_is_not_pseudonymous_or_signs_with_another_key() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let (hub, _) = room_of(&mut world, &alice);
    let credential = hub.leaves.get(0).unwrap();
    assert_eq!(leaf_credential(&pseudonymous(credential)), Ok(credential));
    let real = leaf_node(alice.clients[0].credential.clone(), &[1; 32]);
    assert_eq!(leaf_credential(&real), Err(PseudonymError::NotPseudonymous));
    let mut other = pseudonymous(credential);
    other.signature_key = vec![1; 32].into();
    assert_eq!(leaf_credential(&other), Err(PseudonymError::SignatureKeyMismatch));
}

#[test]
fn reads_the_leaves_of_a_ratchet_tree() {
    let mut world = World::new();
    let alice = world.user("alice", 2);
    let set = world.set(&alice);
    let leaf = |credential| Some(Node::Leaf { leaf_node: Box::new(pseudonymous(credential)) });
    // Leaves 0 and 2, with leaf 1 blank.
    let nodes = vec![leaf(&set[0]), None, None, None, leaf(&set[1])];
    let tree = RatchetTree(List::new(nodes).unwrap());
    let leaves = RoomLeaves::of_tree(&tree).unwrap();
    assert_eq!(leaves, RoomLeaves::new(vec![Some(set[0].clone()), None, Some(set[1].clone())]).unwrap());
    assert_eq!((leaves.len(), leaves.is_empty()), (3, false));
    let blank = RoomLeaves::new(vec![None, None]).unwrap();
    assert_eq!((blank.len(), blank.is_empty()), (0, true));

    let real = leaf_node(alice.clients[0].credential.clone(), &[1; 32]);
    let nodes = vec![leaf(&set[0]), None, Some(Node::Leaf { leaf_node: Box::new(real) })];
    let refused = RoomLeaves::of_tree(&RatchetTree(List::new(nodes).unwrap()));
    assert_eq!(refused, Err(at(1, PseudonymError::NotPseudonymous)));
}
