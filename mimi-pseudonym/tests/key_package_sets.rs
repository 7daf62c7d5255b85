//! KeyPackages in sets: what to upload, and which to take for a room.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use std::collections::BTreeSet;

use mimi_codec::{
    Opaque, RoomUri,
    code_points::ExtensionType,
    mls::{Credential, Extension, Extensions, KeyPackage, LeafNodeSelect, Lifetime},
    protocol::{IdentifierUri, PseudonymousCredentialTBS},
};
use mimi_pseudonym::{
    KeyPackageSet, PseudonymError, PseudonymUses, Reuse, UploadPlan, UploadedKeyPackage, check_upload,
    choose_set, hand_out_set, key_package_sets, plan_uploads, upload_lifetime,
};
use proptest::prelude::*;
use world::World;

fn room_uri(text: &str) -> RoomUri {
    RoomUri::try_from(text).unwrap()
}

fn pseudonym(number: usize) -> IdentifierUri {
    IdentifierUri::new(format!("mimi://a.example/u/{number:04}").as_str()).unwrap()
}

fn uploaded(number: usize, client: u8, last_resort: bool) -> UploadedKeyPackage<u8> {
    UploadedKeyPackage { user_pseudonym: pseudonym(number), client, last_resort }
}

fn sets(uploads: &[(usize, u8, bool)]) -> Vec<KeyPackageSet<u8>> {
    key_package_sets(uploads.iter().map(|(number, client, last)| uploaded(*number, *client, *last))).unwrap()
}

fn clients(clients: &[u8]) -> BTreeSet<u8> {
    clients.iter().copied().collect()
}

fn used(uses: &mut PseudonymUses, number: usize, room: &str) {
    let tbs = PseudonymousCredentialTBS {
        client_pseudonym: IdentifierUri::new(format!("mimi://a.example/d/{number}-{room}").as_str()).unwrap(),
        user_pseudonym: pseudonym(number),
        signature_public_key: vec![1; 32].into(),
    };
    let credential = tbs.with_identity_link(Opaque::default());
    uses.record(&room_uri(room), &credential, Reuse::LastResort).unwrap();
}

#[test]
fn plans_to_complete_the_sets_of_others_before_it_starts_new_ones() {
    // Client 1 has begun sets 0 and 1, client 2 set 2, and both have a last resort.
    let existing =
        sets(&[(0, 1, false), (1, 1, false), (2, 2, false), (3, 1, true), (3, 2, true), (4, 1, true)]);
    let plan = plan_uploads(&existing, &2, 5, 2);
    let complete = vec![(pseudonym(0), false), (pseudonym(1), false), (pseudonym(4), true)];
    assert_eq!(plan, UploadPlan { complete, start: 2, start_last_resort: 0 });
    // Enough is enough; but a last resort there always is.
    assert_eq!(plan_uploads(&existing, &2, 1, 0).start, 0);
    let nothing = plan_uploads(&[], &1, 0, 0);
    assert_eq!(nothing, UploadPlan { complete: vec![], start: 0, start_last_resort: 1 });
}

#[test]
fn chooses_a_whole_set_that_was_not_used_and_says_what_a_reuse_links() {
    let both = clients(&[1, 2]);
    let room = room_uri("room");
    let mut uses = PseudonymUses::new();
    let sets = sets(&[
        (0, 1, false),
        (1, 1, false),
        (1, 2, false),
        (2, 1, false),
        (2, 2, false),
        (2, 3, false),
        (3, 1, true),
        (3, 2, true),
        (4, 1, true),
        (4, 2, true),
    ]);
    // 0 lacks a client, 2 has one too many.
    let chosen = choose_set(&sets, &both, &room, &uses).unwrap();
    assert_eq!((chosen.set.user_pseudonym(), chosen.linked_rooms), (&pseudonym(1), 0));
    assert!(!chosen.set.is_last_resort());
    // Once it is used elsewhere, a last resort; the one that was used less.
    used(&mut uses, 1, "another");
    used(&mut uses, 3, "another");
    let chosen = choose_set(&sets, &both, &room, &uses).unwrap();
    assert_eq!((chosen.set.user_pseudonym(), chosen.linked_rooms), (&pseudonym(4), 0));
    used(&mut uses, 4, "another");
    used(&mut uses, 4, "a third");
    let chosen = choose_set(&sets, &both, &room, &uses).unwrap();
    assert_eq!(chosen.set.user_pseudonym(), &pseudonym(3));
    assert_eq!(chosen.linked_rooms, 1, "these two rooms have a user in common");
    assert!(uses.rooms(&pseudonym(3)).eq([&room_uri("another")]));
    // None for three clients but set 2, none at all for four.
    assert_eq!(choose_set(&sets, &clients(&[1, 2, 3]), &room, &uses).unwrap().set.clients().len(), 3);
    let none = choose_set(&sets, &clients(&[1, 2, 3, 4]), &room, &uses);
    assert_eq!(none, Err(PseudonymError::NoWholeKeyPackageSet));
}

#[test]
fn chooses_one_of_last_resort_only_where_there_is_no_other() {
    let (room, uses, client) = (room_uri("room"), PseudonymUses::new(), clients(&[1]));
    let both = sets(&[(0, 1, true), (1, 1, false)]);
    assert_eq!(choose_set(&both, &client, &room, &uses).unwrap().set.user_pseudonym(), &pseudonym(1));
    let last = sets(&[(0, 1, true)]);
    assert!(choose_set(&last, &client, &room, &uses).unwrap().set.is_last_resort());
}

/// KeyPackages of one day look alike, whenever and by whomever they were made.
#[test]
fn lifetimes_do_not_link_a_batch() {
    const DAY: u64 = 86_400_000;
    let morning = upload_lifetime(20_000 * DAY);
    for time in [1, 999, 1_000, 12_345_678, DAY - 1] {
        assert_eq!(upload_lifetime(20_000 * DAY + time), morning);
    }
    assert_eq!((morning.not_before, morning.not_after), (19_999 * 86_400, 20_090 * 86_400));
    assert_ne!(upload_lifetime(20_001 * DAY), morning);
    assert!(upload_lifetime(0).not_before == 0 && upload_lifetime(u64::MAX).not_after > 0);

    let mut world = World::new();
    let alice = world.user("alice", 1);
    let credential = world.set(&alice).remove(0);
    let with = |lifetime| {
        let mut key_package = world::key_package(&credential);
        key_package.leaf_node.leaf_node_source = LeafNodeSelect::KeyPackage { lifetime };
        key_package
    };
    assert_eq!(check_upload(&with(morning)), Ok(&credential));
    for (before, after) in [(1, 0), (0, 1), (0, 86_400), (u64::MAX - 5, 0)] {
        let lifetime = Lifetime {
            not_before: morning.not_before.saturating_add(before),
            not_after: morning.not_after.saturating_add(after),
        };
        assert_eq!(check_upload(&with(lifetime)), Err(PseudonymError::LifetimeUnmasks));
    }
    assert_eq!(check_upload(&world::key_package(&credential)), Err(PseudonymError::LifetimeUnmasks));
}

#[test]
fn refuses_a_set_with_a_client_twice_or_of_two_kinds() {
    let twice = key_package_sets([uploaded(0, 1, false), uploaded(0, 1, false)]);
    assert_eq!(twice, Err(PseudonymError::RepeatedKeyPackage));
    let mixed = key_package_sets([uploaded(0, 1, false), uploaded(0, 2, true)]);
    assert_eq!(mixed, Err(PseudonymError::MixedKeyPackageSet));
}

/// A set of a user with so many clients.
fn stored(world: &mut World, user: &world::User, last_resort: bool) -> Vec<KeyPackage> {
    let mut set: Vec<KeyPackage> = world.set(user).iter().map(world::key_package).collect();
    if last_resort {
        let extension_type = ExtensionType::LAST_RESORT;
        let mark = Extension { extension_type, extension_data: Opaque::default() };
        for key_package in &mut set {
            key_package.extensions = Extensions::new(vec![mark.clone()]).unwrap();
            assert!(key_package.is_last_resort());
        }
    }
    set
}

#[test]
fn hands_out_the_ordinary_set_that_fits_best_once_and_one_of_last_resort_again_and_again() {
    let mut world = World::new();
    let (one, two, three) = (world.user("one", 1), world.user("two", 2), world.user("three", 3));
    let last_resort = stored(&mut world, &three, true);
    let (small, large) = (stored(&mut world, &one, false), stored(&mut world, &two, false));
    let mut stock = [last_resort.clone(), small.clone(), large.clone()].concat();

    // Half of the larger set does not fit; it serves no other room.
    let without_one = |it: &KeyPackage| *it != large[0] && *it != small[0];
    let set = hand_out_set(&mut stock, without_one).unwrap().unwrap();
    assert_eq!((set.fitting, set.others), (vec![large[1].clone()], vec![large[0].clone()]));
    assert_eq!(stock.len(), 4);
    let set = hand_out_set(&mut stock, |_| true).unwrap().unwrap();
    assert_eq!((set.fitting, set.others), (small, vec![]));
    for _ in 0..2 {
        let set = hand_out_set(&mut stock, |it| *it != last_resort[1]).unwrap().unwrap();
        assert_eq!(set.fitting, [last_resort[0].clone(), last_resort[2].clone()]);
        assert_eq!(set.others, [last_resort[1].clone()]);
        assert_eq!(stock, last_resort);
    }
    assert_eq!(hand_out_set(&mut stock, |_| false), Ok(None));
    assert_eq!(stock, last_resort);
    assert_eq!(hand_out_set(&mut Vec::new(), |_| true), Ok(None));

    stock[0].extensions = Extensions::default();
    assert_eq!(hand_out_set(&mut stock, |_| true), Err(PseudonymError::MixedKeyPackageSet));
    stock[0].leaf_node.credential = Credential::Basic { identity: "alice".into() };
    assert_eq!(hand_out_set(&mut stock, |_| true), Err(PseudonymError::NotPseudonymous));
    assert_eq!(stock.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever order the clients come in and however often, once each has followed its plan every
    /// set is whole, no two share a pseudonym, and one is of last resort.
    #[test]
    fn plans_lead_to_whole_sets(turns in proptest::collection::vec((1..5_u8, 0..6_usize, 0..3_usize), 1..12)) {
        let mut uploads: Vec<(usize, u8, bool)> = Vec::new();
        let mut next = 0;
        let clients: Vec<u8> = vec![1, 2, 3, 4];
        let last_round = clients.iter().map(|client| (*client, 3, 1));
        let twice: Vec<_> = turns.iter().copied().chain(last_round.clone()).chain(last_round).collect();
        for (client, wanted, last_resort) in twice {
            let plan = plan_uploads(&sets(&uploads), &client, wanted, last_resort);
            for (pseudonym, last_resort) in plan.complete {
                let number: usize = std::str::from_utf8(&pseudonym.as_bytes()[19..]).unwrap().parse().unwrap();
                uploads.push((number, client, last_resort));
            }
            for last_resort in std::iter::repeat_n(false, plan.start).chain(std::iter::repeat_n(true, plan.start_last_resort)) {
                uploads.push((next, client, last_resort));
                next += 1;
            }
        }
        let sets = sets(&uploads);
        prop_assert!(sets.iter().all(|set| set.is_whole(&clients.iter().copied().collect())));
        prop_assert!(sets.iter().any(KeyPackageSet::is_last_resort));
        prop_assert_eq!(sets.len(), next);
    }
}
