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
    LinkKeys, PseudonymError, RoomLeaves, SealedRoom, WrapperKeyRule, flow::leave::remove_clients,
};
use world::{Changes, WireCommit, World, member};

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

/// The rules look at the length of a ciphertext only: 1 + 12 + 1 + 32 + 16 bytes in suite 1.
fn key(byte: u8) -> EncryptedIdentityLinkKey {
    EncryptedIdentityLinkKey { ciphertext: vec![byte; 62].into() }
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

/// A credential for each place: `l` with a link, `u` without one, `-` blank. A link is a nonce of
/// 12 bytes and a ciphertext of 17.
fn leaves(world: &mut World, pattern: &str) -> RoomLeaves {
    let user = world.user("alice", 1);
    let credentials = pattern.chars().map(|leaf| {
        let pseudonym = world.user_pseudonym(&user);
        let tbs = world.tbs(&user, &pseudonym);
        let link = [&[12][..], &[1; 12], &[17], &[2; 17]].concat();
        match leaf {
            'l' => Some(tbs.with_identity_link(link.into())),
            'u' => Some(world.unlinked(&user, &pseudonym)),
            _ => None,
        }
    });
    let credentials = credentials.collect();
    RoomLeaves::new(credentials).unwrap()
}

/// The leaves `before`, with others where the pattern has them: `l` and `u` as new clients, `-`
/// blank, `.` as it was.
fn changed(world: &mut World, before: &RoomLeaves, pattern: &str) -> RoomLeaves {
    let new = leaves(world, &pattern.replace('.', "-"));
    let credentials = (0..).zip(pattern.chars()).map(|(leaf, what)| match what {
        '.' => before.get(leaf).cloned(),
        _ => new.get(leaf).cloned(),
    });
    RoomLeaves::new(credentials.collect()).unwrap()
}

/// A room of leaves 0, 1 (blank), 2 and 3, of which 3 shows nothing.
fn before(world: &mut World) -> SealedRoom {
    let leaves = leaves(world, "l-lu");
    let keys = LinkKeys::new(data(&[Some(0), None, Some(2), None]), &leaves).unwrap();
    SealedRoom::new(leaves, keys, WrapperKeyRule::Static)
}

/// The keys after a commit, or why it is refused.
fn after(
    world: &World,
    room: &SealedRoom,
    leaves: &RoomLeaves,
    changes: &Changes<'_>,
) -> Result<IdentityLinkKeysData, PseudonymError> {
    let judged = WireCommit::of(leaves, changes).judge(&world.suite, room, 1)?;
    assert_eq!(judged.changes().leaves(), leaves, "the test means other leaves");
    Ok(judged.after().link_keys().data())
}

#[test]
fn accepts_adds_in_the_order_of_the_proposals_whatever_the_order_of_the_leaves() {
    let mut world = World::new();
    let room = before(&mut world);
    let leaves = changed(&mut world, room.leaves(), ".l..ll");
    // The proposals land at the blank leaf 1, then behind the others.
    let changes = Changes {
        added: &[1, 4, 5],
        update: Some(&update(&[(1, 11), (4, 14), (5, 15)], &[])),
        add_aad: Some(&aad(&[key(11), key(14), key(15)])),
        ..Default::default()
    };
    let expected = data(&[Some(0), Some(11), Some(2), None, Some(14), Some(15)]);
    assert_eq!(after(&world, &room, &leaves, &changes), Ok(expected));
    // In another order, they are those of other leaves.
    let in_another_order = aad(&[key(11), key(15), key(14)]);
    let changes = Changes { add_aad: Some(&in_another_order), ..changes };
    let refused = after(&world, &room, &leaves, &changes);
    assert_eq!(refused, Err(at(4, PseudonymError::AddAadMismatch)));
}

#[test]
fn refuses_another_number_of_keys_than_of_added_clients() {
    let mut world = World::new();
    let room = before(&mut world);
    let leaves = changed(&mut world, room.leaves(), ".l..");
    let set = update(&[(1, 11)], &[]);
    for (add_aad, actual) in [(None, 0), (Some(aad(&[])), 0), (Some(aad(&[key(11), key(11)])), 2)] {
        let changes =
            Changes { added: &[1], update: Some(&set), add_aad: add_aad.as_ref(), ..Default::default() };
        let error = PseudonymError::AddAadCount { expected: 1, actual };
        assert_eq!(after(&world, &room, &leaves, &changes), Err(error));
    }
    // Keys for no client.
    let changes = Changes { add_aad: Some(&aad(&[key(1)])), ..Default::default() };
    let error = PseudonymError::AddAadCount { expected: 0, actual: 1 };
    assert_eq!(after(&world, &room, room.leaves(), &changes), Err(error));
}

#[test]
fn refuses_an_aad_and_an_update_that_differ() {
    let mut world = World::new();
    let room = before(&mut world);
    let leaves = changed(&mut world, room.leaves(), ".l..");
    let one = aad(&[key(11)]);
    let none = aad(&[no_key()]);
    let (other, same) = (update(&[(1, 12)], &[]), update(&[(1, 11)], &[]));
    for (add_aad, set) in [(&one, None), (&one, Some(&other)), (&none, Some(&same))] {
        let changes = Changes { added: &[1], update: set, add_aad: Some(add_aad), ..Default::default() };
        let refused = after(&world, &room, &leaves, &changes);
        assert_eq!(refused, Err(at(1, PseudonymError::AddAadMismatch)));
    }
}

/// mls-extensions-10 §4.7: all updates of one component apply, in the order of the proposals.
#[test]
fn merges_several_updates_of_the_keys_in_their_order() {
    let mut world = World::new();
    let room = before(&mut world);
    let leaves = changed(&mut world, room.leaves(), ".l-.");
    let (removal, wrong, right) = (update(&[], &[2]), update(&[(1, 9)], &[]), update(&[(1, 11)], &[]));
    let one = aad(&[key(11)]);
    let changes = |first: IdentityLinkKeysUpdate, second| Changes {
        added: &[1],
        removed: &[2],
        more_updates: vec![(removal.clone(), member(3)), (first, member(0)), (second, member(0))],
        add_aad: Some(&one),
        ..Default::default()
    };
    // Leaf 2 is blank before the Add lands, so it is leaf 1 that is filled.
    let expected = data(&[Some(0), Some(11), None, None]);
    let merged = after(&world, &room, &leaves, &changes(wrong.clone(), right.clone()));
    assert_eq!(merged, Ok(expected));
    let refused = after(&world, &room, &leaves, &changes(right, wrong));
    assert_eq!(refused, Err(at(1, PseudonymError::AddAadMismatch)));
    // What one has removed, another cannot remove again.
    let changes = Changes {
        removed: &[2],
        more_updates: vec![(removal.clone(), member(0)), (removal.clone(), member(0))],
        ..Default::default()
    };
    let without = changed(&mut world, room.leaves(), "..-.");
    let refused = after(&world, &room, &without, &changes);
    assert_eq!(refused, Err(at(2, PseudonymError::NoKeyToRemove)));
}

#[test]
fn refuses_a_key_for_a_leaf_that_is_not_there_or_that_no_user_touched() {
    let mut world = World::new();
    let room = before(&mut world);
    let leaves = changed(&mut world, room.leaves(), ".l..");
    let one = aad(&[key(11)]);
    fn changes<'a>(set: &'a IdentityLinkKeysUpdate, one: &'a AddAAD) -> Changes<'a> {
        Changes { added: &[1], update: Some(set), add_aad: Some(one), ..Default::default() }
    }
    for (leaf, error) in [(9, PseudonymError::UnknownLeaf), (2, PseudonymError::LeafUntouched)] {
        let set = update(&[(1, 11), (leaf, 99)], &[]);
        assert_eq!(after(&world, &room, &leaves, &changes(&set, &one)), Err(at(leaf, error)));
    }
    // A key taken from a client that stays, and one that isn't there.
    let taken = update(&[(1, 11)], &[2]);
    let refused = after(&world, &room, &leaves, &changes(&taken, &one));
    assert_eq!(refused, Err(at(2, PseudonymError::LeafUntouched)));
    let gone = Changes { removed: &[3], update: Some(&update(&[], &[3])), ..Default::default() };
    let without_3 = changed(&mut world, room.leaves(), "...");
    let refused = after(&world, &room, &without_3, &gone);
    assert_eq!(refused, Err(at(3, PseudonymError::NoKeyToRemove)));
}

/// A member whose adder withheld its key sets it itself, whenever it likes; another's key it does
/// not set.
#[test]
fn a_member_sets_its_own_key_at_any_time() {
    let mut world = World::new();
    let room = before(&mut world);
    let own = |leaf: u32, by: u32| {
        let update = update(&[(leaf, 77)], &[]);
        let changes = Changes { by: member(by), update: Some(&update), ..Default::default() };
        after(&world, &room, room.leaves(), &changes)
    };
    assert_eq!(own(2, 2), Ok(data(&[Some(0), None, Some(77), None])));
    assert_eq!(own(2, 0), Err(at(2, PseudonymError::LeafUntouched)));
    assert_eq!(own(3, 3), Err(at(3, PseudonymError::KeyWithoutIdentityLink)));
}

#[test]
fn refuses_keys_that_outlive_their_client() {
    let mut world = World::new();
    let room = before(&mut world);
    // Removed.
    let without_2 = changed(&mut world, room.leaves(), "..-.");
    let forgotten = Changes { removed: &[2], ..Default::default() };
    let refused = after(&world, &room, &without_2, &forgotten);
    assert_eq!(refused, Err(at(2, PseudonymError::StaleKey)));
    let removal = update(&[], &[2]);
    let changes = Changes { update: Some(&removal), ..forgotten };
    assert_eq!(after(&world, &room, &without_2, &changes), Ok(data(&[Some(0), None, None, None])));
    // Another credential at the leaf: another key, or none if there is no link any more.
    let old = room.leaves().get(2).unwrap().clone();
    let with_link = |link: &[u8]| {
        let mut tbs = old.tbs();
        tbs.signature_public_key = vec![5; 32].into();
        let credentials = (0..4).map(|leaf| match leaf {
            2 => Some(tbs.clone().with_identity_link(link.into())),
            leaf => room.leaves().get(leaf).cloned(),
        });
        RoomLeaves::new(credentials.collect()).unwrap()
    };
    let (linked, unlinked) = (with_link(&old.identity_link_ciphertext), with_link(&[]));
    let updated = || Changes { by: member(2), updated: &[2], ..Default::default() };
    let refused = after(&world, &room, &linked, &updated());
    assert_eq!(refused, Err(at(2, PseudonymError::StaleKey)));
    let set = update(&[(2, 22)], &[]);
    let changes = Changes { update: Some(&set), ..updated() };
    assert_eq!(after(&world, &room, &linked, &changes), Ok(data(&[Some(0), None, Some(22), None])));
    let changes = Changes { update: Some(&removal), ..updated() };
    assert_eq!(after(&world, &room, &unlinked, &changes), Ok(data(&[Some(0), None, None, None])));
}

#[test]
fn refuses_a_key_without_a_link_and_data_of_another_length() {
    let mut world = World::new();
    let all = leaves(&mut world, "l-lu");
    let refused = |keys: &[Option<u8>]| LinkKeys::new(data(keys), &all).unwrap_err();
    for actual in [3, 5] {
        let error = PseudonymError::LinkKeysLength { expected: 4, actual };
        assert_eq!(refused(&vec![None; actual]), error);
    }
    let error = at(3, PseudonymError::KeyWithoutIdentityLink);
    assert_eq!(refused(&[Some(0), None, Some(2), Some(3)]), error);
    assert_eq!(refused(&[Some(0), Some(1), Some(2), None]), at(1, PseudonymError::UnknownLeaf));
    // By a commit.
    let room = before(&mut world);
    let with_1 = changed(&mut world, room.leaves(), ".u..");
    let changes = Changes {
        added: &[1],
        update: Some(&update(&[(1, 1)], &[])),
        add_aad: Some(&aad(&[key(1)])),
        ..Default::default()
    };
    let error = at(1, PseudonymError::KeyWithoutIdentityLink);
    assert_eq!(after(&world, &room, &with_1, &changes), Err(error));
}

#[test]
fn accepts_a_removal_and_an_add_at_the_same_leaf_in_one_commit() {
    let mut world = World::new();
    let room = before(&mut world);
    let keys = room.link_keys();
    let adds = update(&[(1, 31), (2, 32)], &[]);
    let merged = remove_clients(keys, &[0, 2], Some(&adds)).unwrap().unwrap();
    assert_eq!(merged, update(&[(1, 31), (2, 32)], &[0]), "a leaf that is filled again is set, not removed");
    let merged = remove_clients(keys, &[2, 3], Some(&adds)).unwrap().unwrap();
    assert_eq!(merged, adds);
    let leaves = changed(&mut world, room.leaves(), ".ll.");
    let changes = Changes {
        added: &[1, 2],
        removed: &[2],
        update: Some(&merged),
        add_aad: Some(&aad(&[key(31), key(32)])),
        ..Default::default()
    };
    let expected = data(&[Some(0), Some(31), Some(32), None]);
    assert_eq!(after(&world, &room, &leaves, &changes), Ok(expected));
    assert!(matches!(remove_clients(keys, &[2, 2], None), Err(PseudonymError::Invalid(_))));
}

/// What every member would have to refuse, the hub refuses: one bad commit must not part the two.
#[test]
fn refuses_links_and_keys_of_another_length() {
    let mut world = World::new();
    let room = before(&mut world);
    for actual in [0, 61, 63, 4 << 20] {
        let leaves = changed(&mut world, room.leaves(), ".l..");
        let wrapped = EncryptedIdentityLinkKey { ciphertext: vec![1; actual].into() };
        let entry = LeafKey { leaf_index: 1, key: wrapped.clone() };
        let set = IdentityLinkKeysUpdate::new(List::new(vec![entry]).unwrap(), List::default()).unwrap();
        let one = aad(&[wrapped]);
        let changes = Changes { added: &[1], update: Some(&set), add_aad: Some(&one), ..Default::default() };
        let error = at(1, PseudonymError::WrappedKeyLength { expected: 62, actual });
        assert_eq!(after(&world, &room, &leaves, &changes), Err(error));
    }
    let user = world.user("alice", 1);
    let pseudonym = world.user_pseudonym(&user);
    let links: [(Vec<u8>, &str); 4] = [
        (vec![1; 65_537], "the identity link has 65537 bytes, at most 65536 are allowed"),
        ([&[11][..], &[1; 11], &[17], &[2; 17]].concat(), "AEAD nonce"),
        ([&[12][..], &[1; 12], &[15], &[2; 15]].concat(), "AEAD tag"),
        (b"a link".to_vec(), "ends"),
    ];
    for (link, expected) in links {
        let credential = world.tbs(&user, &pseudonym).with_identity_link(link.into());
        let leaves = (0..4)
            .map(|leaf| if leaf == 1 { Some(credential.clone()) } else { room.leaves().get(leaf).cloned() });
        let leaves = RoomLeaves::new(leaves.collect()).unwrap();
        let changes = Changes {
            added: &[1],
            update: Some(&update(&[(1, 1)], &[])),
            add_aad: Some(&aad(&[key(1)])),
            ..Default::default()
        };
        let refused = after(&world, &room, &leaves, &changes).unwrap_err().to_string();
        assert!(refused.starts_with("leaf 1: "), "{refused}");
        assert!(refused.contains(expected) || expected == "ends", "{refused}");
    }
}

#[test]
fn refuses_leaves_with_one_client_pseudonym() {
    let mut world = World::new();
    let user = world.user("alice", 1);
    let credential = world.set(&user).remove(0);
    let twice = RoomLeaves::new(vec![Some(credential.clone()), None, Some(credential)]);
    assert_eq!(twice, Err(at(2, PseudonymError::RepeatedClientPseudonym)));
}
