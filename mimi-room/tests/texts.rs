//! What errors say names what they are about, and has no full stop: a sentence can hold it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::error::Error;
use std::fmt::Display;

use mimi_codec::code_points::ComponentID;
use mimi_codec::room_policy::RoleData;
use mimi_codec::{CapabilityType, Decode, EncodeError, RoomUri, UserUri};
use mimi_room::consent::NoConsentError;
use mimi_room::conversation::{ConversationExistsError, ConversationKey, ConversationKeyError};
use mimi_room::envelope::{EnvelopeSetting, OutsideEnvelope};
use mimi_room::fork::ReportRefusal;
use mimi_room::messaging_mode::Quarantine;
use mimi_room::two_person::{ApprovalRefusal, NotApprovedError};

#[track_caller]
fn says(value: impl Display, words: &[&str]) {
    let text = value.to_string();
    assert!(!text.is_empty() && !text.ends_with('.'), "{text:?}");
    for word in words {
        assert!(text.contains(word), "{text:?} doesn't name {word}");
    }
}

#[test]
fn what_lies_outside_an_envelope_names_it() {
    let roles = ComponentID::ROLES_LIST;
    let error = RoleData::decode_exact(&[1]).unwrap_err();
    let text = error.to_string();
    says(OutsideEnvelope::Malformed(roles, error), &[&roles.to_string(), &text]);
    says(OutsideEnvelope::MissingComponent(roles), &[&roles.to_string(), "demands"]);
    says(OutsideEnvelope::Component(roles), &[&roles.to_string(), "allow"]);
    says(
        OutsideEnvelope::Capability { role_index: 7, capability: CapabilityType::CAN_BAN },
        &["7", "canBan"],
    );
    says(OutsideEnvelope::Setting(EnvelopeSetting::MaxUsers), &["MaxUsers"]);
}

#[test]
fn what_others_refuse_says_why() {
    says(NoConsentError::Unanswered, &["not consented"]);
    says(NoConsentError::Revoked, &["revoked"]);
    says(NoConsentError::NotForThisRoom, &["other rooms"]);
    says(ConversationKeyError::NoParticipants, &["without users"]);
    assert!(ConversationKeyError::NoParticipants.source().is_none());
    let error = EncodeError::VectorTooLong { len: 1 << 30 };
    let too_long = ConversationKeyError::TooLong(error);
    says(too_long, &[&error.to_string()]);
    assert_eq!(too_long.source().map(ToString::to_string), Some(error.to_string()));
    let user = UserUri::try_from("mimi://b.example/u/x").unwrap();
    let room = RoomUri::try_from("mimi://b.example/r/x").unwrap();
    let key = ConversationKey::new([&user]).unwrap();
    assert_eq!(key.to_string().len(), 64);
    assert_eq!(format!("{key:?}"), format!("ConversationKey({key})"));
    let full = Quarantine::new(0, 0).hold(&user, "hello").unwrap_err();
    says(&full, &["quarantine"]);
    assert_eq!(format!("{full:?}"), "QuarantineFullError");
    says(ConversationExistsError { room }, &["mimi://b.example/r/x"]);
    says(ReportRefusal::NotAMember, &["not in the group"]);
    says(ReportRefusal::OtherEpoch { reported: 7, expected: 8 }, &["7", "8"]);
    says(ReportRefusal::Length { bytes: 77 }, &["77"]);
    says(ApprovalRefusal::Expired { at_ms: 77 }, &["77 ms"]);
    says(ApprovalRefusal::BeforeProposal, &["earlier"]);
    says(ApprovalRefusal::OtherChange, &["another change"]);
    says(ApprovalRefusal::OwnProposal, &["own proposal"]);
    says(ApprovalRefusal::Role { role_index: Some(7) }, &["7"]);
    says(ApprovalRefusal::Role { role_index: None }, &["isn't in the room"]);
    says(ApprovalRefusal::Twice, &["before"]);
    says(NotApprovedError::Expired { at_ms: 77 }, &["77 ms"]);
    says(NotApprovedError::TooFew { approvals: 2, needed: 3.try_into().unwrap() }, &["2", "3"]);
}
