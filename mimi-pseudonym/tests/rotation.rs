//! The wrapper key that changes when members go: ours, in no draft.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    List,
    code_points::{CipherSuite, ComponentID},
    minimal_metadata::{IdentityLinkKeysUpdate, LeafKey},
};
use mimi_crypto::{CipherSuiteProvider, CryptoError, ExporterTree, RustCrypto, Secret, expand_with_label};
use mimi_pseudonym::{
    CommitChanges, PseudonymError, RoomView,
    flow::{learn::learn_room, leave::remove_clients},
    rotation::{apply_rewrap, epoch_wrapper_key, receive_rewrap, rewrap},
};
use world::{Hub, User, World, add, names, required, room_of, secret};

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

fn join(
    world: &mut World,
    hub: &mut Hub,
    key: &mimi_pseudonym::IdentityLinkWrapperKey,
    user: &User,
    leaf: u32,
) {
    let set = world.set(user);
    let (aad, update) = add(world, key, user, &set, &[leaf]);
    let added = [leaf];
    let changes =
        CommitChanges { added: &added, update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    hub.commit(hub.with(&[(leaf, Some(&set[0]))]), &changes).unwrap();
}

#[test]
fn a_removed_member_cannot_open_those_who_come_after() {
    let mut world = World::new();
    let [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(|name| world.user(name, 1));
    let (mut hub, static_key) = room_of(&mut world, &alice);
    join(&mut world, &mut hub, &static_key, &bob, 1);
    join(&mut world, &mut hub, &static_key, &carol, 2);

    // Bob is removed; the commit begins epoch 4, whose secrets he doesn't get.
    let update = remove_clients(&hub.link_keys, &[1], None).unwrap();
    let changes = CommitChanges { removed: &[1], update: update.as_ref(), ..Default::default() };
    hub.commit(hub.with(&[(1, None)]), &changes).unwrap();
    let epoch_secret = secret(&world.suite, 4);
    let derive = || {
        let mut tree = ExporterTree::from_epoch_secret(&world.suite, &epoch_secret).unwrap();
        let exported = tree.safe_export_secret(&world.suite, ComponentID::IDENTITY_LINK_KEYS).unwrap();
        epoch_wrapper_key(&world.suite, &exported, &"group".into(), 4).unwrap()
    };
    // Alice and Carol derive the same key; Alice wraps anew, Carol and the hub take it.
    let (alices, carols) = (derive(), derive());
    assert_eq!(alices, carols);
    assert_ne!(alices, static_key);
    let mut rng = world.rng.clone();
    let update = rewrap(&world.suite, &hub.view(&static_key), &alices, &mut rng).unwrap();
    let received = receive_rewrap(&world.suite, &hub.view(&static_key), &carols, &update).unwrap();
    assert_eq!(apply_rewrap(&hub.link_keys, &hub.leaves, &update), Ok(received.clone()));
    // A room that didn't agree to it takes no such commit.
    let plain = CommitChanges { update: Some(&update), ..Default::default() };
    let refused = hub.link_keys.after_commit(&hub.leaves, &plain);
    assert_eq!(refused, Err(at(0, PseudonymError::LeafUntouched)));
    hub.link_keys = received;

    // Dave comes. Bob, with the old key and all that the hub has, opens nobody.
    join(&mut world, &mut hub, &carols, &dave, 1);
    let check = |credential: &_| world.check(credential);
    let learned = learn_room(&world.suite, &hub.view(&carols), &required, &check);
    assert_eq!(names(&learned), ["alice", "dave", "carol"]);
    for leaf in [0, 1, 2] {
        let error = hub.view(&static_key).open(&world.suite, leaf, &check).unwrap_err();
        assert_eq!(error, at(leaf, PseudonymError::WrappedKeyDoesNotOpen));
    }
}

#[test]
fn follows_its_formula_in_every_suite() {
    for number in RustCrypto::CIPHER_SUITES {
        let suite = RustCrypto::new(number).unwrap();
        let exported = secret(&suite, 9);
        let key = epoch_wrapper_key(&suite, &exported, &"group".into(), 258).unwrap();
        let context = b"\x05group\0\0\0\0\0\0\x01\x02";
        let nh = suite.parameters().nh;
        let expected =
            expand_with_label(&suite, &exported, b"IdentityLinkEpochWrapperKey", context, nh).unwrap();
        assert_eq!(key.expose(), expected.expose());
        for (group, epoch) in [("group", 259), ("other", 258)] {
            assert_ne!(epoch_wrapper_key(&suite, &exported, &group.into(), epoch).unwrap(), key);
        }
    }
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    let short = Secret::of_length([9; 31], 31).unwrap();
    let error = CryptoError::InvalidLength { what: "secret", expected: 32, actual: 31 };
    assert_eq!(epoch_wrapper_key(&suite, &short, &"group".into(), 1), Err(error.into()));
}

#[test]
fn refuses_a_rewrap_that_changes_a_key_or_leaves_one_out() {
    let mut world = World::new();
    let [alice, bob] = ["alice", "bob"].map(|name| world.user(name, 1));
    let (mut hub, old) = room_of(&mut world, &alice);
    join(&mut world, &mut hub, &old, &bob, 1);
    let new = epoch_wrapper_key(&world.suite, &secret(&world.suite, 1), &"group".into(), 3).unwrap();
    let mut rng = world.rng.clone();
    let honest = rewrap(&world.suite, &hub.view(&old), &new, &mut rng).unwrap();
    let update = |set: Vec<LeafKey>, removed: Vec<u32>| {
        IdentityLinkKeysUpdate::new(List::new(set).unwrap(), List::new(removed).unwrap()).unwrap()
    };
    let [first, second] = [0, 1].map(|leaf| honest.set()[leaf].clone());
    let elsewhere = LeafKey { leaf_index: 5, key: second.key.clone() };
    for (update, leaf) in [
        (update(vec![first.clone()], vec![]), 1),
        (update(vec![second.clone()], vec![]), 1),
        (update(vec![first.clone()], vec![1]), 1),
        (update(vec![first.clone(), second.clone()], vec![7]), 7),
        (update(vec![first.clone(), second.clone(), elsewhere], vec![]), 5),
    ] {
        let refused = receive_rewrap(&world.suite, &hub.view(&old), &new, &update);
        assert_eq!(refused, Err(at(leaf, PseudonymError::RewrapMismatch)));
        let refused = apply_rewrap(&hub.link_keys, &hub.leaves, &update);
        assert_eq!(refused, Err(at(leaf, PseudonymError::RewrapMismatch)));
    }
    // Another link key for Bob's leaf, well wrapped.
    let tbs = hub.leaves.get(1).unwrap().tbs();
    let wrong = alice.connection_key.identity_link_key(&world.suite, &tbs).unwrap();
    let key = new.wrap(&world.suite, &wrong, &tbs, &mut rng).unwrap();
    let lied = update(vec![first.clone(), LeafKey { leaf_index: 1, key }], vec![]);
    let refused = receive_rewrap(&world.suite, &hub.view(&old), &new, &lied);
    assert_eq!(refused, Err(at(1, PseudonymError::RewrapMismatch)));
    // Not under the new key.
    let stale =
        update(vec![first, LeafKey { leaf_index: 1, key: hub.link_keys.get(1).unwrap().clone() }], vec![]);
    let refused = receive_rewrap(&world.suite, &hub.view(&old), &new, &stale);
    assert_eq!(refused, Err(at(1, PseudonymError::WrappedKeyDoesNotOpen)));
    // With a wrong old key there is nothing to wrap.
    let refused = rewrap(&world.suite, &hub.view(&new), &old, &mut rng);
    assert_eq!(refused, Err(at(0, PseudonymError::WrappedKeyDoesNotOpen)));
    let room = RoomView { leaves: &hub.leaves, link_keys: &hub.link_keys, wrapper_key: &old };
    assert_eq!(receive_rewrap(&world.suite, &room, &new, &honest).unwrap().iter().count(), 2);
}
