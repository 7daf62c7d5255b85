//! The participant list grows in the order of the message, whatever the users are called: a member
//! that appended in another order would have another GroupContext.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi_codec::protocol::{ParticipantListData, UserRolePair};
use mimi_codec::room_policy::{CapabilityType as C, SingleSourceRoleChangeTargets};
use mimi_policy::{Actor, Change, Form, RoomParts, RoomState, TableSeed, preset};

const ADMIN: &str = "mimi://m.example/u/admin";

fn room() -> RoomState {
    let mut roles = preset::anyone_can_join().roles;
    // An outsider that joins may bring others.
    roles.roles[0].role_capabilities.push(C::CAN_ADD_PARTICIPANT);
    roles.roles[0].authorized_role_changes =
        vec![SingleSourceRoleChangeTargets { from_role_index: 0, target_role_indexes: vec![2] }];
    let participants =
        ParticipantListData { participants: vec![UserRolePair { user: ADMIN.into(), role_index: 3 }] };
    let mut parts = RoomParts::new(roles, participants);
    parts.clients.push((ADMIN.into(), "mimi://m.example/d/admin".into()));
    RoomState::new(parts, TableSeed::known()).unwrap()
}

fn add(user: &str) -> Change {
    Change::AddParticipant { user: user.try_into().unwrap(), role: 2 }
}

fn list(room: &RoomState) -> Vec<String> {
    room.participant_list()
        .participants
        .iter()
        .map(|pair| String::from_utf8(pair.user.to_vec()).unwrap())
        .collect()
}

const ADDED: [&str; 4] =
    ["mimi://z.example/u/z", "mimi://b.example/u/b", "mimi://a.example/u/a", "mimi://y.example/u/y"];

#[test]
fn a_commit_appends_in_its_order() {
    let mut room = room();
    let admin = Actor::named(ADMIN, "mimi://m.example/d/admin").unwrap();
    let plan = room.check(&admin, Form::Commit, &ADDED.map(|user| add(user).into())).unwrap();
    room.apply(plan).unwrap();
    assert_eq!(list(&room)[1..], ADDED);
}

#[test]
fn an_external_commit_appends_in_its_order() {
    let mut room = room();
    let joiner = Actor::named(ADDED[1], "mimi://b.example/d/b").unwrap();
    let plan = room.check(&joiner, Form::ExternalCommit, &ADDED.map(|user| add(user).into())).unwrap();
    room.apply(plan).unwrap();
    assert_eq!(list(&room)[1..], ADDED);
}

#[test]
fn accepted_proposals_that_a_commit_does_not_name_are_appended_in_their_order() {
    let mut room = room();
    let admin = Actor::named(ADMIN, "mimi://m.example/d/admin").unwrap();
    let plan = room.check(&admin, Form::Proposal, &ADDED.map(|user| add(user).into())).unwrap();
    room.apply(plan).unwrap();
    let plan = room.check(&admin, Form::Commit, &[]).unwrap();
    room.apply(plan).unwrap();
    assert_eq!(list(&room)[1..], ADDED);
}

/// Only who goes leaves the list, whether at once or by proposals that wait for a commit.
#[test]
fn another_role_keeps_its_place_in_the_list() {
    for form in [Form::Commit, Form::Proposal] {
        let mut room = room();
        let admin = Actor::named(ADMIN, "mimi://m.example/d/admin").unwrap();
        let plan = room.check(&admin, Form::Commit, &ADDED.map(|user| add(user).into())).unwrap();
        room.apply(plan).unwrap();
        let changes = [
            Change::SetRole { user: ADDED[0].try_into().unwrap(), role: 3 }.into(),
            Change::RemoveParticipant { user: ADDED[1].try_into().unwrap() }.into(),
        ];
        let plan = room.check(&admin, form, &changes).unwrap();
        room.apply(plan).unwrap();
        let plan = room.check(&admin, Form::Commit, &[]).unwrap();
        room.apply(plan).unwrap();
        assert_eq!(list(&room), [ADMIN, ADDED[0], ADDED[2], ADDED[3]]);
        assert_eq!(room.role_of(&ADDED[0].try_into().unwrap()), Some(3));
    }
}
