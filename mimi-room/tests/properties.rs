//! Properties that hold for whatever comes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use mimi_codec::{
    ClientUri, List, RoomUri, UserUri,
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    protocol::{ConsentEntry, IdentifierUri},
};
use mimi_room::consent::{ConsentOutcome, Consents, NoConsentError};
use mimi_room::conversation::ConversationKey;
use mimi_room::envelope::Envelope;
use mimi_room::fork::{ForkReports, ForkVerdict};
use mimi_room::two_person::{ApprovalRule, NotApprovedError, PendingChange};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn user_uri(text: &str) -> UserUri {
    UserUri::try_from(text).unwrap()
}

fn room_uri(text: &str) -> RoomUri {
    RoomUri::try_from(text).unwrap()
}

fn uri(text: &str) -> IdentifierUri {
    IdentifierUri::new(text).unwrap()
}

/// A client and its user.
fn number(client: u8) -> (ClientUri, UserUri) {
    let name = client.to_string();
    (ClientUri::try_from(name.as_str()).unwrap(), user_uri(&name))
}

// Consent

const ROOMS: [&str; 2] = ["r", "s"];

fn consent_entry(operation: u8, requester: &str, target: &str, room: Option<&str>) -> ConsentEntry {
    let (requester_uri, target_uri, room_id) = (uri(requester), uri(target), room.map(uri));
    let consent_extensions = AppDataDictionary::default();
    match operation {
        0 => ConsentEntry::Cancel { requester_uri, target_uri, room_id, consent_extensions },
        1 => ConsentEntry::Request { requester_uri, target_uri, room_id, consent_extensions },
        2 => ConsentEntry::Grant {
            requester_uri,
            target_uri,
            room_id,
            client_key_packages: vec![],
            consent_extensions,
        },
        _ => ConsentEntry::Revoke { requester_uri, target_uri, room_id, consent_extensions },
    }
}

type Step = (u8, &'static str, &'static str, Option<&'static str>);

/// The last word about a room, from the whole log: one that names it, or any room.
fn last_word(log: &[Step], requester: &str, target: &str, room: Option<&str>) -> Option<bool> {
    let about = log.iter().rev().find(|(operation, from, to, scope)| {
        *operation >= 2 && *from == requester && *to == target && (scope.is_none() || *scope == room)
    });
    about.map(|(operation, ..)| *operation == 2)
}

proptest! {
    #![proptest_config(config())]

    /// The state machine answers as a reader of the whole log.
    #[test]
    fn consent_is_the_last_word_that_covers_the_room(
        log in vec((0..4u8, select(&["a", "b"]), select(&["b", "c"]), option::of(select(&ROOMS))), 0..40),
    ) {
        let mut consents = Consents::default();
        for (operation, requester, target, room) in &log {
            consents.apply(&consent_entry(*operation, requester, target, *room)).unwrap();
        }
        for (requester, target) in [("a", "b"), ("a", "c"), ("b", "c"), ("b", "a")] {
            for room in [None, Some("r"), Some("s"), Some("t")] {
                let (from, to, scope) = (user_uri(requester), user_uri(target), room.map(room_uri));
                let answer = consents.check(&from, &to, scope.as_ref()).map(|_| ());
                let expected = match last_word(&log, requester, target, room) {
                    Some(true) => Ok(()),
                    Some(false) => Err(NoConsentError::Revoked),
                    None if ROOMS.iter().any(|other| last_word(&log, requester, target, Some(other)) == Some(true)) => {
                        Err(NoConsentError::NotForThisRoom)
                    }
                    None => Err(NoConsentError::Unanswered),
                };
                prop_assert_eq!(answer, expected, "{} {} {:?}", requester, target, room);
            }
        }
    }

    /// Requests and cancellations never change who may be added.
    #[test]
    fn only_the_target_gives_and_takes_consent(
        log in vec((0..4u8, select(&ROOMS)), 0..20),
        operation in 0..2u8,
        room in option::of(select(&ROOMS)),
    ) {
        let mut consents = Consents::default();
        for (operation, room) in &log {
            consents.apply(&consent_entry(*operation, "a", "b", Some(room))).unwrap();
        }
        let (from, to) = (user_uri("a"), user_uri("b"));
        let answers = |consents: &Consents| {
            [None, Some("r"), Some("s")].map(|room| {
                let room = room.map(room_uri);
                consents.check(&from, &to, room.as_ref()).map(|_| ())
            })
        };
        let before = answers(&consents);
        let outcome = consents.apply(&consent_entry(operation, "a", "b", room)).unwrap();
        let decided = matches!(outcome, ConsentOutcome::Granted { .. } | ConsentOutcome::Revoked { .. });
        prop_assert!(!decided);
        prop_assert_eq!(answers(&consents), before);
    }

    // Conversations

    #[test]
    fn the_same_people_have_the_same_key_in_any_order(
        users in btree_set("[a-c]{1,3}", 1..8),
        others in btree_set("[a-c]{1,3}", 1..8),
        seed in any::<u64>(),
    ) {
        let all: Vec<UserUri> = users.iter().map(|user| user_uri(user)).collect();
        let key = ConversationKey::new(&all).unwrap();
        let mut shuffled = all.clone();
        shuffled.sort_by_key(|user| (user.as_bytes()[0] as u64).wrapping_mul(seed | 1).rotate_left(7));
        shuffled.push(all[0].clone());
        prop_assert_eq!(ConversationKey::new(&shuffled).unwrap(), key);
        let others_key = ConversationKey::new(&others.iter().map(|user| user_uri(user)).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(others_key == key, others == users);
        prop_assert_ne!(ConversationKey::in_parent(&room_uri("r"), &all).unwrap(), key);
    }

    // Forks

    /// Every client is in exactly one place, and the order of the reports doesn't matter.
    #[test]
    fn a_verdict_accounts_for_every_client(
        reports in vec((0..12u8, 1..4u8), 0..30),
        members in 0..12u8,
    ) {
        let gather = |order: &mut dyn Iterator<Item = &(u8, u8)>| {
            let mut gathered = ForkReports::new(0, (0..members).map(|user| (number(user).1, number(user).0)));
            for (client, authenticator) in order {
                let _ = gathered.report(&number(*client).0, 0, &[*authenticator]);
            }
            gathered
        };
        let (forward, backward) = (gather(&mut reports.iter()), gather(&mut reports.iter().rev()));
        prop_assert_eq!(forward.verdict(), backward.verdict());

        let mut on: BTreeMap<u8, BTreeSet<u8>> = BTreeMap::new();
        for (client, authenticator) in reports.iter().filter(|(client, _)| *client < members) {
            on.entry(*client).or_default().insert(*authenticator);
        }
        let alone = |authenticator: u8| on.values().filter(|said| **said == [authenticator].into()).count();
        let majority = (1..4).find(|authenticator| alone(*authenticator) * 2 > usize::from(members));
        let verdict = forward.verdict();
        let silent_count = usize::from(members) - on.len();
        match (&verdict, majority) {
            (ForkVerdict::Agreed { branch, silent }, Some(majority)) => {
                prop_assert_eq!(branch.epoch_authenticator, [majority]);
                prop_assert_eq!((branch.clients.len(), silent.len()), (on.len(), silent_count));
            }
            (ForkVerdict::Forked { branch, rejoin, silent, .. }, Some(majority)) => {
                prop_assert_eq!(branch.epoch_authenticator, [majority]);
                prop_assert_eq!(branch.clients.len() + rejoin.len(), on.len());
                prop_assert!(!rejoin.is_empty());
                prop_assert_eq!(silent.len(), silent_count);
            }
            (ForkVerdict::Undecided { branches, contradictory, silent }, None) => {
                let placed: usize = branches.iter().map(|branch| branch.clients.len()).sum();
                prop_assert_eq!(placed + contradictory.len(), on.len());
                prop_assert_eq!(silent.len(), silent_count);
            }
            _ => prop_assert!(false, "{:?} {:?}", verdict, majority),
        }
    }

    // Two-person control

    /// A change is approved exactly when enough other users have said yes whose role may, then and
    /// now.
    #[test]
    fn nothing_is_approved_without_enough_of_those_who_may(
        needed in 1..4u32,
        steps in vec((0..6u8, any::<bool>(), any::<bool>(), 0..130u64), 0..20),
        roles_then in vec(option::of(0..4u32), 6),
        roles_now in vec(option::of(0..4u32), 6),
        now in 0..130u64,
    ) {
        let rule = ApprovalRule {
            approvals: NonZeroU32::new(needed).unwrap(),
            approver_roles: [0, 2, 3].into(),
            lifetime_ms: 100,
        };
        let user = |number: u8| user_uri(&number.to_string());
        let role_in = |roles: &[Option<u32>], user: &UserUri| roles[usize::from(user.as_bytes()[0] - b'0')];
        let may = |role: Option<u32>| matches!(role, Some(2 | 3));
        let mut pending = PendingChange::new(rule.clone(), room_uri("room"), b"change".to_vec(), user(0), 10);
        let other = PendingChange::new(rule, room_uri("room"), b"chance".to_vec(), user(0), 10);
        let mut expected = BTreeSet::new();
        for (number, same, withdraw, at) in steps {
            if withdraw {
                prop_assert_eq!(pending.withdraw(&user(number)), expected.remove(&number));
                continue;
            }
            let digest = if same { pending.digest() } else { other.digest() };
            let taken = pending.approve(&user(number), digest, |user| role_in(&roles_then, user), at).is_ok();
            let good = same && number != 0 && (10..110).contains(&at) && may(roles_then[usize::from(number)]);
            prop_assert_eq!(taken, good && expected.insert(number));
        }
        let counting: Vec<u8> = expected.into_iter().filter(|number| may(roles_now[usize::from(*number)])).collect();
        match pending.finish(|user| role_in(&roles_now, user), now) {
            Ok(approved) => {
                prop_assert!(now < 110 && counting.len() >= needed as usize);
                prop_assert_eq!(approved.approvers(), counting.into_iter().map(user).collect::<Vec<_>>());
            }
            Err(unfinished) => match unfinished.why {
                NotApprovedError::Expired { at_ms } => prop_assert!(now >= 110 && at_ms == 110),
                why => prop_assert_eq!(why, NotApprovedError::TooFew {
                    approvals: counting.len() as u32,
                    needed: NonZeroU32::new(needed).unwrap(),
                }),
            },
        }
    }

    // The envelope

    /// Whatever bytes are in a dictionary, an envelope can look at them.
    #[test]
    fn an_envelope_looks_at_any_bytes(
        entries in proptest::collection::btree_map(0x24..0x31u16, vec(any::<u8>(), 0..60), 0..13),
    ) {
        let entries = entries.into_iter().map(|(id, data)| ComponentData {
            component_id: ComponentID(id),
            data: data.into(),
        });
        let dictionary = AppDataDictionary { component_data: List::new(entries.collect()).unwrap() };
        for outside in Envelope::default().check(&dictionary) {
            prop_assert!(!outside.to_string().is_empty());
        }
    }
}
