//! The rules of the component `identity_link_keys` and of leaves, each refusal by name.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    List,
    minimal_metadata::{
        AddAAD, EncryptedIdentityLinkKey, IdentityLinkKeysData, IdentityLinkKeysUpdate, LeafKey,
    },
};
use mimi_pseudonym::{
    CommitChanges, LinkKeys, PseudonymError, RoomLeaves, flow::leave::remove_clients,
    issue_unlinked_credential,
};
use world::World;

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

/// The rules look at no ciphertext.
fn key(byte: u8) -> EncryptedIdentityLinkKey {
    EncryptedIdentityLinkKey { ciphertext: vec![byte; 4].into() }
}

fn no_key() -> EncryptedIdentityLinkKey {
    EncryptedIdentityLinkKey { ciphertext: Vec::new().into() }
}

fn aad(keys: &[EncryptedIdentityLinkKey]) -> AddAAD {
    AddAAD { identity_link_key_ciphertexts: keys.to_vec() }
}

fn update(set: &[(u32, u8)], removed: &[u32]) -> IdentityLinkKeysUpdate {
    let set = set.iter().map(|(leaf_index, byte)| LeafKey { leaf_index: *leaf_index, key: key(*byte) });
    IdentityLinkKeysUpdate::new(List::new(set.collect()).unwrap(), List::new(removed.to_vec()).unwrap())
        .unwrap()
}

fn data(keys: &[Option<u8>]) -> IdentityLinkKeysData {
    IdentityLinkKeysData { identity_link_key_ciphertexts: keys.iter().map(|byte| byte.map(key)).collect() }
}

/// Leaves: `l` with a link, `u` without one, `-` blank.
fn leaves(world: &mut World, pattern: &str) -> RoomLeaves {
    let user = world.user("alice", 1);
    let credentials = pattern.chars().map(|leaf| {
        let pseudonym = world.user_pseudonym(&user);
        let tbs = world.tbs(&user, &pseudonym);
        match leaf {
            'l' => Some(tbs.with_identity_link("a link".into())),
            'u' => Some(issue_unlinked_credential(tbs).unwrap()),
            _ => None,
        }
    });
    let credentials = credentials.collect();
    RoomLeaves::new(credentials).unwrap()
}

/// A room of leaves 0, 1 (blank), 2 and 3, of which 3 shows nothing.
fn before(world: &mut World) -> LinkKeys {
    LinkKeys::new(data(&[Some(0), None, Some(2), None]), &leaves(world, "l-lu")).unwrap()
}

#[test]
fn accepts_adds_in_the_order_of_the_proposals_whatever_the_order_of_the_leaves() {
    let mut world = World::new();
    let (keys, after) = (before(&mut world), leaves(&mut world, "lllull"));
    // The proposals land at 5, 1 and 4.
    let changes = CommitChanges {
        added: &[5, 1, 4],
        update: Some(&update(&[(1, 11), (4, 14), (5, 15)], &[])),
        add_aad: Some(&aad(&[key(15), key(11), key(14)])),
        ..Default::default()
    };
    let expected = data(&[Some(0), Some(11), Some(2), None, Some(14), Some(15)]);
    assert_eq!(keys.after_commit(&after, &changes).unwrap().data(), expected);
    // In another order, they are those of other leaves.
    let in_leaf_order = aad(&[key(11), key(14), key(15)]);
    let changes = CommitChanges { add_aad: Some(&in_leaf_order), ..changes };
    assert_eq!(keys.after_commit(&after, &changes), Err(at(5, PseudonymError::AddAadMismatch)));
}

#[test]
fn refuses_another_number_of_keys_than_of_added_clients() {
    let mut world = World::new();
    let (keys, after) = (before(&mut world), leaves(&mut world, "lllu"));
    let set = update(&[(1, 11)], &[]);
    for (add_aad, actual) in [(None, 0), (Some(aad(&[])), 0), (Some(aad(&[key(11), key(11)])), 2)] {
        let changes = CommitChanges {
            added: &[1],
            update: Some(&set),
            add_aad: add_aad.as_ref(),
            ..Default::default()
        };
        let error = PseudonymError::AddAadCount { expected: 1, actual };
        assert_eq!(keys.after_commit(&after, &changes), Err(error));
    }
    // Keys for nobody.
    let changes = CommitChanges { add_aad: Some(&aad(&[key(1)])), ..Default::default() };
    let error = PseudonymError::AddAadCount { expected: 0, actual: 1 };
    assert_eq!(keys.after_commit(&leaves(&mut world, "l-lu"), &changes), Err(error));
}

#[test]
fn refuses_an_aad_and_an_update_that_differ() {
    let mut world = World::new();
    let (keys, after) = (before(&mut world), leaves(&mut world, "lllu"));
    let one = aad(&[key(11)]);
    let none = aad(&[no_key()]);
    let (other, same) = (update(&[(1, 12)], &[]), update(&[(1, 11)], &[]));
    for (add_aad, set) in [(&one, None), (&one, Some(&other)), (&none, Some(&same))] {
        let changes =
            CommitChanges { added: &[1], update: set, add_aad: Some(add_aad), ..Default::default() };
        assert_eq!(keys.after_commit(&after, &changes), Err(at(1, PseudonymError::AddAadMismatch)));
    }
}

#[test]
fn refuses_a_key_for_a_leaf_that_is_not_there_or_that_nobody_touched() {
    let mut world = World::new();
    let (keys, after) = (before(&mut world), leaves(&mut world, "lllu"));
    let one = aad(&[key(11)]);
    fn changes<'a>(set: &'a IdentityLinkKeysUpdate, one: &'a AddAAD) -> CommitChanges<'a> {
        CommitChanges { added: &[1], update: Some(set), add_aad: Some(one), ..Default::default() }
    }
    for (leaf, error) in [(9, PseudonymError::UnknownLeaf), (2, PseudonymError::LeafUntouched)] {
        let set = update(&[(1, 11), (leaf, 99)], &[]);
        assert_eq!(keys.after_commit(&after, &changes(&set, &one)), Err(at(leaf, error)));
    }
    // An added leaf that the tree doesn't have.
    let set = update(&[(1, 11)], &[]);
    let nowhere = CommitChanges { added: &[7], ..changes(&set, &one) };
    assert_eq!(keys.after_commit(&after, &nowhere), Err(at(7, PseudonymError::UnknownLeaf)));
    // A key taken from somebody who stays, and one that isn't there.
    let taken = update(&[(1, 11)], &[2]);
    assert_eq!(keys.after_commit(&after, &changes(&taken, &one)), Err(at(2, PseudonymError::LeafUntouched)));
    let gone = CommitChanges { removed: &[3], update: Some(&update(&[], &[3])), ..Default::default() };
    let without_3 = leaves(&mut world, "l-l");
    assert_eq!(keys.after_commit(&without_3, &gone), Err(at(3, PseudonymError::NoKeyToRemove)));
}

#[test]
fn refuses_keys_that_outlive_their_client() {
    let mut world = World::new();
    let keys = before(&mut world);
    // Removed.
    let after = leaves(&mut world, "l--u");
    let forgotten = CommitChanges { removed: &[2], ..Default::default() };
    assert_eq!(keys.after_commit(&after, &forgotten), Err(at(2, PseudonymError::StaleKey)));
    let changes = CommitChanges { update: Some(&update(&[], &[2])), ..forgotten };
    assert_eq!(keys.after_commit(&after, &changes).unwrap().data(), data(&[Some(0), None, None, None]));
    // Removed at the end of the tree, without a word about it.
    let shorter = leaves(&mut world, "l");
    let silent = CommitChanges::default();
    assert_eq!(keys.after_commit(&shorter, &silent), Err(at(2, PseudonymError::StaleKey)));
    // Another credential at the leaf: another key, or none if there is no link any more.
    let updated = CommitChanges { updated: &[2], ..Default::default() };
    let (linked, unlinked) = (leaves(&mut world, "l-lu"), leaves(&mut world, "l-uu"));
    assert_eq!(keys.after_commit(&linked, &updated), Err(at(2, PseudonymError::StaleKey)));
    let (set, removed) = (update(&[(2, 22)], &[]), update(&[], &[2]));
    let with = |update| CommitChanges { update: Some(update), ..updated };
    let after = keys.after_commit(&linked, &with(&set)).unwrap();
    assert_eq!(after.data(), data(&[Some(0), None, Some(22), None]));
    let after = keys.after_commit(&unlinked, &with(&removed)).unwrap();
    assert_eq!(after.data(), data(&[Some(0), None, None, None]));
}

#[test]
fn refuses_a_key_without_a_link_and_data_of_another_length() {
    let mut world = World::new();
    let after = leaves(&mut world, "l-lu");
    let refused = |keys: &[Option<u8>]| LinkKeys::new(data(keys), &after).unwrap_err();
    for actual in [3, 5] {
        let error = PseudonymError::LinkKeysLength { expected: 4, actual };
        assert_eq!(refused(&vec![None; actual]), error);
    }
    let error = at(3, PseudonymError::KeyWithoutIdentityLink);
    assert_eq!(refused(&[Some(0), None, Some(2), Some(3)]), error);
    assert_eq!(refused(&[Some(0), Some(1), Some(2), None]), at(1, PseudonymError::UnknownLeaf));
    // By a commit.
    let keys = LinkKeys::new(data(&[Some(0)]), &leaves(&mut world, "l")).unwrap();
    let changes = CommitChanges {
        added: &[1],
        update: Some(&update(&[(1, 1)], &[])),
        add_aad: Some(&aad(&[key(1)])),
        ..Default::default()
    };
    let error = at(1, PseudonymError::KeyWithoutIdentityLink);
    assert_eq!(keys.after_commit(&leaves(&mut world, "lu"), &changes), Err(error));
}

#[test]
fn accepts_a_removal_and_an_add_at_the_same_leaf_in_one_commit() {
    let mut world = World::new();
    let keys = before(&mut world);
    let after = leaves(&mut world, "l-lu");
    let adds = update(&[(2, 32)], &[]);
    let merged = remove_clients(&keys, &[0, 2], Some(&adds)).unwrap().unwrap();
    assert_eq!(merged, update(&[(2, 32)], &[0]), "a leaf that is filled again is set, not removed");
    let merged = remove_clients(&keys, &[2, 3], Some(&adds)).unwrap().unwrap();
    assert_eq!(merged, adds);
    let changes = CommitChanges {
        added: &[2],
        removed: &[2],
        update: Some(&merged),
        add_aad: Some(&aad(&[key(32)])),
        ..Default::default()
    };
    let expected = data(&[Some(0), None, Some(32), None]);
    assert_eq!(keys.after_commit(&after, &changes).unwrap().data(), expected);
    assert!(matches!(remove_clients(&keys, &[2, 2], None), Err(PseudonymError::Invalid(_))));
}

#[test]
fn refuses_leaves_with_one_client_pseudonym() {
    let mut world = World::new();
    let user = world.user("alice", 1);
    let credential = world.set(&user).remove(0);
    let twice = RoomLeaves::new(vec![Some(credential.clone()), None, Some(credential)]);
    assert_eq!(twice, Err(at(2, PseudonymError::RepeatedClientPseudonym)));
}
