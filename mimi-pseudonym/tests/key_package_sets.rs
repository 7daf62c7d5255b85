//! KeyPackages in sets: what to upload, and which to take for a room.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

use std::collections::BTreeSet;

use mimi_codec::{
    Opaque,
    protocol::{IdentifierUri, PseudonymousCredentialTBS},
};
use mimi_pseudonym::{
    KeyPackageSet, PseudonymError, PseudonymUses, Reuse, UploadPlan, UploadedKeyPackage, choose_set,
    key_package_sets, plan_uploads,
};
use proptest::prelude::*;

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
    uses.record(&room.into(), &credential, Reuse::LastResort).unwrap();
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
    let room: Opaque = "room".into();
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
    assert_eq!((chosen.set.user_pseudonym(), &chosen.linked_rooms), (&pseudonym(1), &vec![]));
    assert!(!chosen.set.is_last_resort());
    // Once it is used elsewhere, a last resort; the one that was used less.
    used(&mut uses, 1, "another");
    used(&mut uses, 3, "another");
    let chosen = choose_set(&sets, &both, &room, &uses).unwrap();
    assert_eq!((chosen.set.user_pseudonym(), &chosen.linked_rooms), (&pseudonym(4), &vec![]));
    used(&mut uses, 4, "another");
    used(&mut uses, 4, "a third");
    let chosen = choose_set(&sets, &both, &room, &uses).unwrap();
    assert_eq!(chosen.set.user_pseudonym(), &pseudonym(3));
    assert_eq!(
        chosen.linked_rooms,
        ["another".into()] as [Opaque; 1],
        "these two rooms have a user in common"
    );
    // None for three clients but set 2, none at all for four.
    assert_eq!(choose_set(&sets, &clients(&[1, 2, 3]), &room, &uses).unwrap().set.clients().len(), 3);
    let none = choose_set(&sets, &clients(&[1, 2, 3, 4]), &room, &uses);
    assert_eq!(none, Err(PseudonymError::NoWholeKeyPackageSet));
}

#[test]
fn chooses_one_of_last_resort_only_where_there_is_no_other() {
    let (room, uses, client) = (Opaque::from("room"), PseudonymUses::new(), clients(&[1]));
    let both = sets(&[(0, 1, true), (1, 1, false)]);
    assert_eq!(choose_set(&both, &client, &room, &uses).unwrap().set.user_pseudonym(), &pseudonym(1));
    let last = sets(&[(0, 1, true)]);
    assert!(choose_set(&last, &client, &room, &uses).unwrap().set.is_last_resort());
}

#[test]
fn refuses_a_set_with_a_client_twice_or_of_two_kinds() {
    let twice = key_package_sets([uploaded(0, 1, false), uploaded(0, 1, false)]);
    assert_eq!(twice, Err(PseudonymError::RepeatedKeyPackage));
    let mixed = key_package_sets([uploaded(0, 1, false), uploaded(0, 2, true)]);
    assert_eq!(mixed, Err(PseudonymError::MixedKeyPackageSet));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever order the clients come in and however often, once each has followed its plan every set is whole, no two share a pseudonym, and one is of last resort.
    #[test]
    fn plans_lead_to_whole_sets(turns in proptest::collection::vec((1..5_u8, 0..6_usize, 0..3_usize), 1..12)) {
        let mut uploads: Vec<(usize, u8, bool)> = Vec::new();
        let mut next = 0;
        let everybody: Vec<u8> = vec![1, 2, 3, 4];
        let last_round = everybody.iter().map(|client| (*client, 3, 1));
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
        prop_assert!(sets.iter().all(|set| set.is_whole(&everybody.iter().copied().collect())));
        prop_assert!(sets.iter().any(KeyPackageSet::is_last_resort));
        prop_assert_eq!(sets.len(), next);
    }
}
