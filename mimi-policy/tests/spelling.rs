//! One user, one spelling: identities that are not in their normal form count nowhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::{
    protocol::{RoomMetaData, UTF8String, Uri, UserRolePair},
    room_policy::{PreAuthData, PreAuthRoleEntry},
};
use mimi_policy::{
    Actor, Change, Claims, Defect, Form, IdentityError, IdentityOf, Reason, RoomParts, RoomState, TableSeed,
    UserUri,
};
use scene::*;

/// Other spellings of one user, and text that only looks like a MIMI URI.
const SPELLINGS: [&str; 8] = [
    "mimi://B.example/u/bob",
    "MIMI://b.example/u/bob",
    "mimi://b.example/u/%62ob",
    "mimi://b.example/u/./bob",
    "mimi://b.example./u/bob",
    "mimi://b.example:/u/bob",
    "mimi://0x7f.0x1/u/bob",
    "mimi:bob",
];

fn error(uri: &str) -> IdentityError {
    UserUri::try_from(uri).unwrap_err()
}

fn defects(parts: RoomParts) -> Vec<Defect> {
    RoomState::new(parts, TableSeed::known()).unwrap_err().defects().to_vec()
}

fn participant(uri: &str) -> UserRolePair {
    UserRolePair { user: uri.into(), role_index: 2 }
}

#[test]
fn a_room_that_names_another_spelling_is_invalid_and_says_where() {
    for spelling in SPELLINGS {
        let error = error(spelling);
        let defect = |of| vec![Defect::Identity { of, error }];

        let mut parts = four().parts;
        parts.participants.participants.push(participant(spelling));
        assert_eq!(defects(parts), defect(IdentityOf::Participant(4)));

        let mut parts = four().parts;
        parts.clients.push(("bob".into(), spelling.into()));
        assert_eq!(defects(parts), defect(IdentityOf::Client(4)));

        let mut parts = four().parts;
        parts.clients.push((spelling.into(), "bob/2".into()));
        assert_eq!(defects(parts), defect(IdentityOf::UserOfClient(4)));

        let mut parts = four().parts;
        parts.parent_participants = Some(vec!["alice".into(), spelling.into()]);
        assert_eq!(defects(parts), defect(IdentityOf::ParentParticipant(1)));

        let mut parts = four().parts;
        parts.parent_participants = Some(vec!["alice".into()]);
        parts.banned_in_parent = vec!["bob".into(), "carol".into(), spelling.into()];
        assert_eq!(defects(parts), defect(IdentityOf::BannedInParent(2)));

        let parts = four().base(|base| base.parent_room = Uri::new(spelling)).parts;
        assert_eq!(defects(parts), defect(IdentityOf::ParentRoom));

        let parts = four().preauth(&[(&[], 2), (&[claim("org", "a"), claim("sub", spelling)], 3)]).parts;
        assert_eq!(defects(parts), defect(IdentityOf::Claim { entry: 1, claim: 1 }));

        let mut parts = four().parts;
        parts.metadata = Some(metadata_of(spelling));
        assert_eq!(defects(parts), defect(IdentityOf::Room));
    }
}

fn metadata_of(room: &str) -> RoomMetaData {
    let text = UTF8String::default;
    RoomMetaData::new(Uri::new(room), text(), vec![], Uri::none(), text(), text()).unwrap()
}

/// Two entries that name one user were two users, one of whom a ban didn't reach.
#[test]
fn a_second_spelling_of_a_banned_user_is_no_second_user() {
    let normal = "mimi://b.example/u/bob";
    let banned = UserRolePair { user: normal.into(), role_index: 1 };
    for spelling in SPELLINGS {
        let mut parts = four().parts;
        parts.participants.participants.extend([banned.clone(), participant(spelling)]);
        assert_eq!(defects(parts).len(), 1);
        assert!(Actor::named(spelling, "bob/1").is_err());
        assert!(Actor::named("bob", spelling).is_err());
        assert!(Claims::new(vec![claim("sub", spelling)]).is_err());
    }
    assert!(Actor::named(normal, "bob/1").is_ok());
    assert!(Claims::new(vec![claim("sub", normal), claim("sub", "")]).is_ok());
}

#[test]
fn updates_that_name_another_spelling_are_refused_by_name() {
    let caps = [
        Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        Cap::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        Cap::CAN_CHANGE_ROOM_NAME,
    ];
    let room = four().can(3, &caps).room();
    for spelling in SPELLINGS {
        let error = error(spelling);
        let entry = PreAuthRoleEntry { claimset: vec![claim("sub", spelling)], target_role: 2 };
        let preauth = PreAuthData { preauthorized_entries: vec![entry] };
        for (change, of) in [
            (base(|base| base.parent_room = Uri::new(spelling)), IdentityOf::ParentRoom),
            (Change::UpdatePreAuth(preauth), IdentityOf::Claim { entry: 0, claim: 0 }),
            (Change::UpdateMetadata(metadata_of(spelling).into()), IdentityOf::Room),
        ] {
            for form in [Form::Commit, Form::Proposal] {
                let (place, reason) = refuses(&room, &by("alice"), form, change.clone());
                assert_eq!(place, Some(0));
                assert_eq!(reason, Reason::InvalidRoom(Defect::Identity { of, error }));
            }
        }
    }
}

#[test]
fn identifiers_of_other_schemes_compare_by_bytes() {
    let mut parts = scene().parts;
    for (place, uri) in ["im:bob@b.example", "IM:bob@b.example", "\u{1}", "mimic"].into_iter().enumerate() {
        parts.participants.participants.push(participant(uri));
        parts.clients.push((uri.into(), format!("client {place}").as_str().into()));
    }
    let room = RoomState::new(parts, TableSeed::known()).unwrap();
    assert_eq!(room.participant_count(), 4);
}
