//! What commits do to the leaves of a room.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    Opaque,
    code_points::CipherSuite,
    extensions::SelfRemove,
    mls::{
        Add, Capabilities, Credential, Extensions, KeyPackage, LeafNode, LeafNodeSelect, Mls10, Proposal,
        Remove, Sender, Update,
    },
    protocol::PseudonymousCredential,
};
use mimi_pseudonym::{ChangedBy, LeafChanges, PseudonymError, RoomLeaves};
use world::World;

fn leaf_node(credential: &PseudonymousCredential) -> LeafNode {
    LeafNode {
        encryption_key: Vec::new().into(),
        signature_key: credential.signature_public_key.clone(),
        credential: Credential::Pseudonymous(credential.clone()),
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::Update {},
        extensions: Extensions::new(vec![]).unwrap(),
        signature: Opaque::default(),
    }
}

fn add(credential: &PseudonymousCredential) -> Proposal {
    let key_package = KeyPackage {
        version: Mls10,
        cipher_suite: CipherSuite(1),
        init_key: Vec::new().into(),
        leaf_node: leaf_node(credential),
        extensions: Extensions::new(vec![]).unwrap(),
        signature: Opaque::default(),
    };
    Proposal::Add(Box::new(Add { key_package }))
}

fn update(credential: &PseudonymousCredential) -> Proposal {
    Proposal::Update(Box::new(Update { leaf_node: leaf_node(credential) }))
}

fn remove(removed: u32) -> Proposal {
    Proposal::Remove(Remove { removed })
}

const fn member(leaf_index: u32) -> Sender {
    Sender::Member { leaf_index }
}

/// The leaves of a room of four, the first of whom commits; and three credentials more.
fn scene() -> (RoomLeaves, Vec<PseudonymousCredential>) {
    let mut world = World::new();
    let alice = world.user("alice", 7);
    let mut set = world.set(&alice);
    let more = set.split_off(4);
    (RoomLeaves::new(set.into_iter().map(Some).collect()).unwrap(), more)
}

fn of_commit(
    before: &RoomLeaves,
    committer: &Sender,
    proposals: &[(Proposal, Sender)],
    path: Option<&LeafNode>,
) -> Result<LeafChanges, PseudonymError> {
    let proposals = proposals.iter().map(|(proposal, sender)| (proposal, sender));
    LeafChanges::of_commit(before, committer, proposals, path)
}

#[test]
fn removals_come_before_additions_wherever_they_stand() {
    let (before, more) = scene();
    let alice = member(0);
    let proposals = [
        (add(&more[0]), alice.clone()),
        (remove(2), alice.clone()),
        (add(&more[1]), alice.clone()),
        (Proposal::SelfRemove(SelfRemove {}), member(1)),
        (add(&more[2]), alice.clone()),
    ];
    let after = of_commit(&before, &alice, &proposals, None).unwrap();
    assert_eq!((after.added(), after.removed(), after.updated()), (&[1, 2, 4][..], &[2, 1][..], &[][..]));
    let credentials: Vec<_> = (0..5).map(|leaf| after.leaves().get(leaf).unwrap()).collect();
    let expected = [before.get(0).unwrap(), &more[0], &more[1], before.get(3).unwrap(), &more[2]];
    assert_eq!(credentials, expected);

    let by = after.added_by().map(|(_, by)| by);
    assert!(by.eq([ChangedBy::Member { leaf_index: 0 }; 3]));
    assert_eq!(after.committer(), ChangedBy::Member { leaf_index: 0 });
    assert!(after.removed_itself(1) && !after.removed_itself(2));
}

#[test]
fn who_joins_lands_at_the_leftmost_blank_leaf() {
    let (before, more) = scene();
    let joiner = Sender::NewMemberCommit {};
    let path = leaf_node(&more[0]);
    let after = of_commit(&before, &joiner, &[], Some(&path)).unwrap();
    assert_eq!((after.added(), after.leaves().get(4)), (&[4][..], Some(&more[0])));
    // Its own earlier leaf goes in the same commit.
    let after = of_commit(&before, &joiner, &[(remove(2), joiner.clone())], Some(&path)).unwrap();
    assert_eq!((after.added(), after.removed()), (&[2][..], &[2][..]));
    assert_eq!((after.leaves().len(), after.leaves().get(2)), (4, Some(&more[0])));
}

#[test]
fn only_another_credential_is_an_update() {
    let (before, more) = scene();
    let own = before.get(0).unwrap();
    let after = of_commit(&before, &member(0), &[], Some(&leaf_node(own))).unwrap();
    assert_eq!((after.updated(), after.leaves()), (&[][..], &before));
    let proposals = [(update(&more[1]), member(3)), (update(before.get(2).unwrap()), member(2))];
    let after = of_commit(&before, &member(0), &proposals, Some(&leaf_node(&more[0]))).unwrap();
    assert_eq!(after.updated(), [3, 0]);
    assert_eq!((after.leaves().get(0), after.leaves().get(3)), (Some(&more[0]), Some(&more[1])));
}

#[test]
fn refuses_leaves_that_are_not_there_and_credentials_that_do_not_fit() {
    let (before, more) = scene();
    let alice = member(0);
    let refused = |proposals: &[(Proposal, Sender)]| {
        of_commit(&before, &alice, proposals, None).unwrap_err().to_string()
    };
    let no_leaf =
        |leaf: u32| PseudonymError::Leaf { leaf_index: leaf, error: Box::new(PseudonymError::UnknownLeaf) };
    assert_eq!(refused(&[(remove(4), alice.clone())]), no_leaf(4).to_string());
    assert_eq!(refused(&[(remove(1), alice.clone()), (remove(1), alice.clone())]), no_leaf(1).to_string());
    assert_eq!(refused(&[(update(&more[0]), member(4))]), no_leaf(4).to_string());
    let again = before.get(1).unwrap();
    let repeated =
        PseudonymError::Leaf { leaf_index: 4, error: Box::new(PseudonymError::RepeatedClientPseudonym) };
    assert_eq!(refused(&[(add(again), alice.clone())]), repeated.to_string());
    // Unless the earlier leaf goes.
    assert!(
        of_commit(&before, &alice, &[(remove(1), alice.clone()), (add(again), alice.clone())], None).is_ok()
    );

    let mut real = leaf_node(&more[0]);
    real.credential = Credential::Basic { identity: "mimi://a.example/d/phone".into() };
    let error = of_commit(&before, &Sender::NewMemberCommit {}, &[], Some(&real)).unwrap_err();
    let expected = Box::new(PseudonymError::NotPseudonymous);
    assert_eq!(error, PseudonymError::Leaf { leaf_index: 4, error: expected });
}
