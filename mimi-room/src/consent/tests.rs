//! Consent: each step of the state machine.

use super::*;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use mimi_codec::{extensions::AppDataDictionary, protocol::IdentifierUri};

fn uri(text: &str) -> IdentifierUri {
    IdentifierUri::new(text).unwrap()
}

fn user(text: &str) -> UserUri {
    UserUri::try_from(text).unwrap()
}

fn room_uri(text: &str) -> RoomUri {
    RoomUri::try_from(text).unwrap()
}

fn entry(operation: ConsentOperation, room: Option<&str>) -> ConsentEntry {
    let (requester_uri, target_uri, room_id) = (uri("alice"), uri("bob"), room.map(uri));
    let consent_extensions = AppDataDictionary::default();
    match operation {
        ConsentOperation::Cancel => {
            ConsentEntry::Cancel { requester_uri, target_uri, room_id, consent_extensions }
        }
        ConsentOperation::Request => {
            ConsentEntry::Request { requester_uri, target_uri, room_id, consent_extensions }
        }
        ConsentOperation::Grant => {
            let client_key_packages = vec![];
            ConsentEntry::Grant {
                requester_uri,
                target_uri,
                room_id,
                client_key_packages,
                consent_extensions,
            }
        }
        ConsentOperation::Revoke => {
            ConsentEntry::Revoke { requester_uri, target_uri, room_id, consent_extensions }
        }
    }
}

use ConsentOperation::{Cancel, Grant, Request, Revoke};

fn apply(consents: &mut Consents, entry: &ConsentEntry) -> ConsentOutcome {
    consents.apply(entry).unwrap()
}

#[test]
fn refuses_entries_that_name_a_user_or_room_in_another_spelling() {
    for (requester, target, room) in [
        ("mimi://A.example/u/alice", "bob", None),
        ("alice", "mimi://b.example/u/%62ob", None),
        ("alice", "bob", Some("MIMI://a.example/r/club")),
        ("alice", "mimi://b.example/u/./bob", None),
    ] {
        let entry = ConsentEntry::Request {
            requester_uri: uri(requester),
            target_uri: uri(target),
            room_id: room.map(uri),
            consent_extensions: AppDataDictionary::default(),
        };
        let mut consents = Consents::default();
        assert!(consents.apply(&entry).is_err());
        assert!(consents.pairs.is_empty());
    }
}

fn after(steps: &[(ConsentOperation, Option<&str>)]) -> Consents {
    let mut consents = Consents::default();
    for (operation, room) in steps {
        apply(&mut consents, &entry(*operation, *room));
    }
    consents
}

fn check(consents: &Consents, room: Option<&str>) -> Result<(), NoConsentError> {
    let (alice, bob, room) = (user("alice"), user("bob"), room.map(room_uri));
    consents.check(&alice, &bob, room.as_ref()).map(|consent| {
        assert_eq!((consent.requester(), consent.target()), (&alice, &bob));
        assert_eq!(consent.room(), room.as_ref());
    })
}

#[test]
fn no_user_has_consented_to_begin_with() {
    for room in [None, Some("r")] {
        assert_eq!(check(&Consents::default(), room), Err(NoConsentError::Unanswered));
        assert_eq!(check(&after(&[(Request, room)]), room), Err(NoConsentError::Unanswered));
    }
}

#[test]
fn a_grant_needs_no_request_and_no_equal_scope() {
    for request in [None, Some(None), Some(Some("r")), Some(Some("s"))] {
        let mut consents = Consents::default();
        if let Some(room) = request {
            apply(&mut consents, &entry(Request, room));
        }
        let mut anywhere = consents.clone();
        apply(&mut anywhere, &entry(Grant, None));
        assert_eq!((check(&anywhere, None), check(&anywhere, Some("r"))), (Ok(()), Ok(())));
        apply(&mut consents, &entry(Grant, Some("r")));
        assert_eq!(check(&consents, Some("r")), Ok(()));
        assert_eq!(check(&consents, Some("s")), Err(NoConsentError::NotForThisRoom));
        assert_eq!(check(&consents, None), Err(NoConsentError::NotForThisRoom));
    }
}

#[test]
fn what_was_said_last_about_a_room_counts() {
    let any_but_r = after(&[(Grant, None), (Revoke, Some("r"))]);
    assert_eq!(check(&any_but_r, Some("r")), Err(NoConsentError::Revoked));
    assert_eq!(check(&any_but_r, Some("s")), Ok(()));
    let none = after(&[(Grant, Some("r")), (Revoke, None)]);
    assert_eq!(check(&none, Some("r")), Err(NoConsentError::Revoked));
    let only_r = after(&[(Revoke, None), (Grant, Some("r"))]);
    assert_eq!(check(&only_r, Some("r")), Ok(()));
    assert_eq!(check(&only_r, Some("s")), Err(NoConsentError::Revoked));
    let all = after(&[(Revoke, Some("r")), (Grant, None)]);
    assert_eq!(check(&all, Some("r")), Ok(()));
    let again = after(&[(Revoke, Some("r")), (Grant, Some("r"))]);
    assert_eq!(check(&again, Some("r")), Ok(()));
}

#[test]
fn a_cancellation_needs_exactly_the_scope_of_a_request() {
    for (requested, cancelled) in [(None, Some("r")), (Some("r"), None), (Some("r"), Some("s"))] {
        let mut consents = after(&[(Request, requested)]);
        assert_eq!(apply(&mut consents, &entry(Cancel, cancelled)), ConsentOutcome::NothingToCancel);
        assert_eq!(consents.requests(&user("bob")).count(), 1);
        assert_eq!(apply(&mut consents, &entry(Cancel, requested)), ConsentOutcome::Cancelled);
        assert_eq!(consents.requests(&user("bob")).count(), 0);
        assert_eq!(apply(&mut consents, &entry(Cancel, requested)), ConsentOutcome::NothingToCancel);
    }
}

#[test]
fn unknown_cancellations_leave_nothing_behind() {
    let mut consents = Consents::default();
    assert_eq!(apply(&mut consents, &entry(Cancel, None)), ConsentOutcome::NothingToCancel);
    assert!(consents.pairs.is_empty());
    let consents = after(&[(Request, None), (Cancel, None)]);
    assert!(consents.pairs.is_empty());
}

#[test]
fn a_cancellation_takes_no_grant_back() {
    let consents = after(&[(Request, None), (Grant, None), (Cancel, None)]);
    assert_eq!(check(&consents, None), Ok(()));
}

#[test]
fn requests_are_pending_until_a_word_covers_them() {
    let mut consents = Consents::default();
    assert_eq!(apply(&mut consents, &entry(Request, None)), ConsentOutcome::Requested);
    assert_eq!(apply(&mut consents, &entry(Request, None)), ConsentOutcome::AlreadyRequested);
    assert_eq!(apply(&mut consents, &entry(Request, Some("r"))), ConsentOutcome::Requested);
    assert_eq!(apply(&mut consents, &entry(Request, Some("s"))), ConsentOutcome::Requested);
    let (alice, r, s) = (user("alice"), room_uri("r"), room_uri("s"));
    let pending: Vec<_> = consents.requests(&user("bob")).collect();
    assert_eq!(pending, [(&alice, None), (&alice, Some(&r)), (&alice, Some(&s))]);
    assert_eq!(consents.requests(&user("cathy")).count(), 0);
    // A word about one room settles that room's request, one about any settles all.
    assert_eq!(apply(&mut consents, &entry(Grant, Some("r"))), ConsentOutcome::Granted { requests: 1 });
    assert_eq!(apply(&mut consents, &entry(Revoke, None)), ConsentOutcome::Revoked { requests: 2 });
    assert_eq!(consents.requests(&user("bob")).count(), 0);
}

#[test]
fn a_request_after_a_word_asks_no_user() {
    let mut granted = after(&[(Grant, None)]);
    assert_eq!(apply(&mut granted, &entry(Request, Some("r"))), ConsentOutcome::AlreadyGranted);
    let mut revoked = after(&[(Revoke, None)]);
    for room in [None, Some("r")] {
        assert_eq!(apply(&mut revoked, &entry(Request, room)), ConsentOutcome::RequestRefused);
    }
    assert_eq!(revoked.requests(&user("bob")).count(), 0);
    // A grant for one room leaves the others to be asked for.
    let mut one = after(&[(Grant, Some("r"))]);
    assert_eq!(apply(&mut one, &entry(Request, None)), ConsentOutcome::Requested);
}

#[test]
fn refuses_too_many_requests() {
    let mut consents = Consents::default();
    for number in 0..MAX_REQUESTS {
        let room = format!("r{number}");
        assert_eq!(apply(&mut consents, &entry(Request, Some(&room))), ConsentOutcome::Requested);
    }
    assert_eq!(apply(&mut consents, &entry(Request, Some("r"))), ConsentOutcome::TooManyRequests);
    assert_eq!(apply(&mut consents, &entry(Cancel, Some("r0"))), ConsentOutcome::Cancelled);
    assert_eq!(apply(&mut consents, &entry(Request, Some("r"))), ConsentOutcome::Requested);
}

#[test]
fn refuses_too_many_requests_of_all_strangers_together() {
    let mut consents = Consents::default();
    let request = |number: usize| ConsentEntry::Request {
        requester_uri: uri(&format!("stranger {number}")),
        target_uri: uri("bob"),
        room_id: None,
        consent_extensions: AppDataDictionary::default(),
    };
    for number in 0..MAX_REQUESTS_FOR_TARGET {
        assert_eq!(apply(&mut consents, &request(number)), ConsentOutcome::Requested);
    }
    let more = request(MAX_REQUESTS_FOR_TARGET);
    assert_eq!(apply(&mut consents, &more), ConsentOutcome::TooManyRequests);
    assert_eq!(apply(&mut consents, &request(7)), ConsentOutcome::AlreadyRequested);
    assert_eq!(consents.requests(&user("bob")).count(), MAX_REQUESTS_FOR_TARGET);
    let refused = ConsentEntry::Revoke {
        requester_uri: uri("stranger 7"),
        target_uri: uri("bob"),
        room_id: None,
        consent_extensions: AppDataDictionary::default(),
    };
    assert_eq!(apply(&mut consents, &refused), ConsentOutcome::Revoked { requests: 1 });
    assert_eq!(apply(&mut consents, &more), ConsentOutcome::Requested);
    // An answered request leaves nothing in the index.
    let mut consents = after(&[(Request, Some("r")), (Request, None), (Grant, None)]);
    assert!(consents.waiting.is_empty());
    apply(&mut consents, &entry(Revoke, Some("r")));
    apply(&mut consents, &entry(Grant, Some("s")));
    apply(&mut consents, &entry(Revoke, None));
    assert_eq!(check(&consents, Some("s")), Err(NoConsentError::Revoked));
}

#[test]
fn consent_has_a_direction() {
    let consents = after(&[(Grant, None)]);
    let (alice, bob) = (user("alice"), user("bob"));
    assert_eq!(consents.check(&bob, &alice, None), Err(NoConsentError::Unanswered));
}

#[test]
fn a_revocation_does_not_show_in_the_code() {
    use KeyMaterialUserCode as Code;
    for (refusal, told, silent) in [
        (NoConsentError::Unanswered, Code::NO_CONSENT, Code::NO_CONSENT),
        (NoConsentError::Revoked, Code::NO_CONSENT, Code::NO_CONSENT),
        (NoConsentError::NotForThisRoom, Code::NO_CONSENT_FOR_THIS_ROOM, Code::NO_CONSENT),
    ] {
        assert_eq!(refusal.code(TellsOfOtherRooms::Yes), told);
        assert_eq!(refusal.code(TellsOfOtherRooms::No), silent);
    }
}
