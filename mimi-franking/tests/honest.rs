//! Every party accepts honest runs, and each party that sees a field refuses a change of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod room;

use mimi_codec::{Octets, code_points::CipherSuite};
use mimi_crypto::CryptoError;
use mimi_franking::{
    ContextHash, ContextHashFrank, FrankingError, IntegrityMac, IntegrityMacFrank, Signed, StoredFrank,
    report::ReportedMessage,
};
use proptest::prelude::*;
use room::{ALICE, BOB, Message, NOW, ROOM, Room, SUITES, Under, uri};

fn honest<C: Under>(suite: CipherSuite, key: [u8; 32], text: &str) {
    let room = Room::new(suite);
    let message = Message::<C>::sent(&room, &C::content(key, ALICE, ROOM, text), ALICE, ROOM);
    let verified = message.verify(&room).unwrap();
    assert_eq!(verified.context().sender_uri, uri(ALICE));
    assert_eq!(verified.context().room_uri, uri(ROOM));
    assert_eq!(verified.context().accepted_timestamp, NOW);

    // Years later, out of the database.
    let stored = StoredFrank::<C>::from_bytes(&verified.store().to_bytes().unwrap()).unwrap();
    assert_eq!(stored, verified.store());
    let reported = ReportedMessage::of_stored(&C::CONTENT, &message.application_data, &stored).unwrap();
    let messages = [reported];
    let proven = C::check_reports(&room, &uri(ROOM), &uri(ALICE), &messages).remove(0).unwrap();
    assert_eq!(proven.message_content(), message.application_data);
    assert_eq!(proven.context(), verified.context());
}

/// Who refuses a change, and how.
#[derive(Debug)]
struct Refusals {
    receiver: Option<FrankingError>,
    hub: Option<FrankingError>,
}

#[track_caller]
fn change<C: Under>(
    room: &Room,
    message: &Message<C>,
    expected: Refusals,
    change: impl FnOnce(&mut Message<C>),
) {
    let mut changed = message.clone();
    change(&mut changed);
    assert_eq!(changed.verify(room).err(), expected.receiver, "receiver");
    assert_eq!(changed.report(room).err(), expected.hub, "hub");
}

fn both(error: FrankingError) -> Refusals {
    Refusals { receiver: Some(error.clone()), hub: Some(error) }
}

/// Only the receiver has what the field is compared with.
fn receiver(error: FrankingError) -> Refusals {
    Refusals { receiver: Some(error), hub: None }
}

fn each(receiver: FrankingError, hub: FrankingError) -> Refusals {
    Refusals { receiver: Some(receiver), hub: Some(hub) }
}

fn flipped(bytes: Octets<32>, at: usize) -> Octets<32> {
    let mut bytes = bytes;
    bytes.0[at % 32] ^= 1;
    bytes
}

const NO_SIGNATURE: FrankingError = FrankingError::IntegritySignature(CryptoError::InvalidSignature);

/// The changes that all constructions have. `stamp` is what the receiver says when the context
/// is not the hub's.
fn changes_of_all<C: Under>(room: &Room, message: &Message<C>, at: usize, stamp: &FrankingError) {
    // The text, which stands at the end.
    change(room, message, each(FrankingError::TagMismatch, FrankingError::ServerFrankMismatch), |message| {
        *message.application_data.last_mut().unwrap() ^= 1;
    });
    // Sender and room in the content, the salt, and whom the others take them for.
    for (sender, room_uri, error) in [
        (BOB, ROOM, FrankingError::SenderMismatch),
        (ALICE, "mimi://hub.example/r/clubhousf", FrankingError::RoomMismatch),
    ] {
        change(room, message, both(error), |message| {
            message.application_data = C::content([7; 32], sender, room_uri, "text");
        });
    }
    change(room, message, each(FrankingError::TagMismatch, FrankingError::ServerFrankMismatch), |message| {
        message.application_data = C::content([8; 32], ALICE, ROOM, "text");
    });
    change(room, message, both(FrankingError::SenderMismatch), |message| message.sender_uri = uri(BOB));
    change(room, message, both(FrankingError::RoomMismatch), |message| {
        message.room_uri = uri("mimi://hub.example/r/other");
    });
    for time in [NOW - 1, NOW + 1, NOW ^ (1 << (at % 30))] {
        change(room, message, each(stamp.clone(), FrankingError::ServerFrankMismatch), |message| {
            message.accepted_timestamp = time;
        });
    }
    // The AAD is gone when the hub checks, but in 02, where the frank repeats the tag.
    change(room, message, receiver(FrankingError::TagMismatch), |message| {
        message.frank_aad.franking_tag = flipped(message.frank_aad.franking_tag, at);
    });
    // Another hub, or another key: whatever the receiver says, the hub does not know the frank.
    let other = Room::seeded(CipherSuite(room.group_context.cipher_suite.0), 2);
    assert_eq!(message.report(&other), Err(FrankingError::ServerFrankMismatch));
    assert_eq!(message.verify(&other).err().as_ref(), Some(stamp));
}

fn sent<C: Under>(room: &Room) -> Message<C> {
    Message::sent(room, &C::content([7; 32], ALICE, ROOM, "text"), ALICE, ROOM)
}

#[test]
fn accepts_honest_runs_of_every_construction_and_suite() {
    for suite in SUITES {
        honest::<Signed>(suite, [1; 32], "text");
        honest::<IntegrityMac>(suite, [1; 32], "text");
        honest::<ContextHash>(suite, [1; 32], "text");
    }
}

fn proves_many<C: Under>(room: &Room) {
    let messages: Vec<_> = (0..3)
        .map(|number| {
            let message =
                Message::<C>::sent(room, &C::content([number; 32], ALICE, ROOM, "text"), ALICE, ROOM);
            ReportedMessage {
                message_content: message.application_data.as_slice().into(),
                frank: message.frank.clone(),
                accepted_timestamp: message.accepted_timestamp,
            }
        })
        .collect();
    for count in 0..=messages.len() {
        let verdicts = C::check_reports(room, &uri(ROOM), &uri(ALICE), &messages[..count]);
        let proven: Vec<_> =
            verdicts.iter().map(|proven| proven.as_ref().unwrap().message_content()).collect();
        let reported: Vec<_> =
            messages[..count].iter().map(|message| message.message_content.as_slice()).collect();
        assert_eq!(proven, reported);
    }
}

#[test]
fn proves_every_message_of_a_report_in_every_construction() {
    let room = Room::new(CipherSuite(1));
    proves_many::<Signed>(&room);
    proves_many::<IntegrityMac>(&room);
    proves_many::<ContextHash>(&room);
}

#[test]
fn refuses_every_change_of_one_field_under_ecdsa() {
    for suite in [2, 5, 7].map(CipherSuite) {
        let room = Room::new(suite);
        let message = sent::<Signed>(&room);
        change(&room, &message, each(NO_SIGNATURE, FrankingError::ServerFrankMismatch), |message| {
            message.accepted_timestamp += 1;
        });
        change(&room, &message, each(NO_SIGNATURE, FrankingError::ServerFrankMismatch), |message| {
            message.frank.server_frank = flipped(message.frank.server_frank, 0);
        });
        change(
            &room,
            &message,
            both(FrankingError::IntegritySignature(CryptoError::MalformedSignature)),
            |message| {
                message.frank.franking_integrity_signature = [7; 64].into();
            },
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepts_any_honest_message(which in 0_usize..16, key: [u8; 32], text in ".{0,200}") {
        let suite = SUITES[which];
        match which % 3 {
            0 => honest::<Signed>(suite, key, &text),
            1 => honest::<IntegrityMac>(suite, key, &text),
            _ => honest::<ContextHash>(suite, key, &text),
        }
        honest::<Signed>(CipherSuite(1), key, &text);
    }

    #[test]
    fn refuses_every_change_of_one_field_in_06(at in 0_usize..64) {
        let room = Room::new(CipherSuite(1));
        let message = sent::<Signed>(&room);
        changes_of_all(&room, &message, at, &NO_SIGNATURE);
        change(&room, &message, each(NO_SIGNATURE, FrankingError::ServerFrankMismatch), |message| {
            message.frank.server_frank = flipped(message.frank.server_frank, at);
        });
        change(&room, &message, both(NO_SIGNATURE), |message| {
            let mut signature = message.frank.franking_integrity_signature.to_vec();
            signature[at] ^= 1;
            message.frank.franking_integrity_signature = signature.into();
        });
        let (expected, actual) = (CipherSuite(1), CipherSuite(3));
        change(
            &room,
            &message,
            each(FrankingError::CipherSuiteMismatch { expected, actual }, FrankingError::UnknownFrankSuite(actual)),
            |message| message.frank.franking_signature_ciphersuite = actual,
        );
    }

    #[test]
    fn refuses_every_change_of_one_field_in_03(at in 0_usize..32) {
        let room = Room::new(CipherSuite(1));
        let message = sent::<IntegrityMac>(&room);
        changes_of_all(&room, &message, at, &FrankingError::IntegrityCheckMismatch);
        change(&room, &message, each(FrankingError::IntegrityCheckMismatch, FrankingError::ServerFrankMismatch), |message| {
            let IntegrityMacFrank { server_frank, .. } = &mut message.frank;
            *server_frank = flipped(*server_frank, at);
        });
        // The hub no longer has the epoch's secret, and does not need it.
        change(&room, &message, receiver(FrankingError::IntegrityCheckMismatch), |message| {
            let check = &mut message.frank.franking_integrity_check;
            *check = flipped(*check, at);
        });
    }

    #[test]
    fn refuses_every_change_of_one_field_in_02(at in 0_usize..32) {
        let room = Room::new(CipherSuite(1));
        let message = sent::<ContextHash>(&room);
        let mut in_02 = message.clone();
        in_02.frank_aad.franking_tag = flipped(in_02.frank_aad.franking_tag, at);
        prop_assert_eq!(in_02.verify(&room).err(), Some(FrankingError::TagMismatch));
        changes_but_tag(&room, &message, at);
        // The hash does not cover server_frank: the receiver is blind to it.
        let unseen = Refusals { receiver: None, hub: Some(FrankingError::ServerFrankMismatch) };
        change(&room, &message, unseen, |message| {
            let ContextHashFrank { server_frank, .. } = &mut message.frank;
            *server_frank = flipped(*server_frank, at);
        });
        change(&room, &message, receiver(FrankingError::ContextHashMismatch), |message| {
            let hash = &mut message.frank.franking_context_hash;
            *hash = flipped(*hash, at);
        });
        change(&room, &message, both(FrankingError::RepeatedTagMismatch), |message| {
            message.frank.franking_tag = flipped(message.frank.franking_tag, at);
        });
    }
}

/// In 02 a changed content already differs from the tag that the frank repeats.
fn changes_but_tag(room: &Room, message: &Message<ContextHash>, at: usize) {
    let stamp = FrankingError::ContextHashMismatch;
    change(room, message, each(FrankingError::TagMismatch, FrankingError::RepeatedTagMismatch), |message| {
        *message.application_data.last_mut().unwrap() ^= 1;
    });
    change(room, message, each(FrankingError::TagMismatch, FrankingError::RepeatedTagMismatch), |message| {
        message.application_data = ContextHash::content([8; 32], ALICE, ROOM, "text");
    });
    change(room, message, both(FrankingError::SenderMismatch), |message| message.sender_uri = uri(BOB));
    change(room, message, both(FrankingError::RoomMismatch), |message| {
        message.room_uri = uri("mimi://hub.example/r/other");
    });
    for time in [NOW - 1, NOW + 1, NOW ^ (1 << (at % 30))] {
        change(room, message, each(stamp.clone(), FrankingError::ServerFrankMismatch), |message| {
            message.accepted_timestamp = time;
        });
    }
}
