//! What decisions cost, in steps: never more than in proportion to the room's and the commit's
//! size.

use alloc::{format, vec, vec::Vec};

use mimi_codec::{
    CapabilityType,
    code_points::{ComponentID, CredentialType},
    protocol::{ParticipantListData, UserRolePair},
    room_policy::{Claim, ClaimId, PreAuthData, PreAuthRoleEntry, RoleData},
};

use crate::{
    Actor, Change, Claims, ClientUri, Form, ProposedChange, RoomParts, RoomState, TableSeed, UserUri,
    preset::ExampleRoom, steps::steps_of,
};

fn user(name: &str) -> UserUri {
    UserUri::try_from(format!("mimi://a.example/u/{name}").as_str()).unwrap()
}

fn client(name: &str) -> ClientUri {
    ClientUri::try_from(format!("mimi://a.example/d/{name}").as_str()).unwrap()
}

fn claim(number: usize) -> Claim {
    let claim_id = ClaimId { credential_type: CredentialType(2), id: vec![6].into() };
    Claim { claim_id, claim_value: format!("{number:08}").into_bytes().into() }
}

/// The strict example room, in which ordinary users may do more. Its users have a client of the
/// same name.
fn parts(users: &[(&str, u32)]) -> RoomParts {
    let RoleData { mut roles } = ExampleRoom::Strict.roles();
    for role in roles.iter_mut().filter(|role| role.role_index == 2) {
        role.role_capabilities.extend([
            CapabilityType::CAN_CHANGE_OWN_ROLE,
            CapabilityType::CAN_ADD_OWN_CLIENT,
            CapabilityType::CAN_REMOVE_OWN_CLIENT,
        ]);
        role.role_capabilities.sort_unstable();
        role.role_capabilities.dedup();
    }
    let pair =
        |(name, role_index): &(&str, u32)| UserRolePair { user: user(name).into(), role_index: *role_index };
    let participants = ParticipantListData { participants: users.iter().map(pair).collect() };
    let mut parts = RoomParts::new(RoleData { roles }, participants);
    parts.clients = users.iter().map(|(name, _)| (user(name).into(), client(name).into())).collect();
    parts
}

fn room(parts: RoomParts) -> RoomState {
    RoomState::new(parts, TableSeed::known()).unwrap()
}

fn by(name: &str) -> Actor {
    Actor::client(user(name), client(name))
}

/// The steps of the check, at `n` and at twice that.
fn grows(check: impl Fn(usize) -> usize) -> (usize, usize) {
    (check(500), check(1000))
}

#[test]
fn claims_are_looked_up_and_not_gone_through_for_each_entry() {
    let (one, two) = grows(|n| {
        let mut parts = parts(&[("alice", 3), ("bob", 2)]);
        let entry =
            |number| PreAuthRoleEntry { claimset: vec![claim(n.saturating_add(number))], target_role: 3 };
        parts.preauth = Some(PreAuthData { preauthorized_entries: (0..n).map(entry).collect() });
        if let Some(base) = &mut parts.base {
            base.policy_component_ids.push(ComponentID::PREAUTH_LIST);
        }
        let room = room(parts);
        let claims = Claims::new((0..n).map(claim).collect()).unwrap();
        let actor = Actor::Client { user: user("bob"), client: client("bob"), claims };
        let change = Change::SetRole { user: user("bob"), role: 3 };
        steps_of(|| assert!(room.check(&actor, Form::Commit, &[change.into()]).is_err()))
    });
    // One search for each entry: at most 9 steps of 500 claims, 10 of 1000.
    assert!(one >= 500 && two <= one.saturating_mul(5) / 2, "{one} {two}");
}

#[test]
fn each_proposer_is_looked_up_once_however_their_changes_are_mixed() {
    let (one, two) = grows(|n| {
        let room = room(parts(&[("alice", 3), ("bob", 3), ("carol", 3)]));
        let change = |number: usize| {
            let user = user(&format!("new{number}"));
            let proposer = if number.is_multiple_of(2) { by("alice") } else { by("bob") };
            ProposedChange { change: Change::AddParticipant { user, role: 2 }, by: Some(proposer.into()) }
        };
        let changes: Vec<ProposedChange> = (0..n).map(change).collect();
        steps_of(|| assert!(room.check(&by("carol"), Form::Commit, &changes).is_ok()))
    });
    // The sender and two proposers.
    assert_eq!((one, two), (3, 3));
}

#[test]
fn a_user_that_replaces_its_clients_costs_one_search_for_each() {
    let (one, two) = grows(|n| {
        let mut parts = parts(&[("alice", 3), ("bob", 2)]);
        let names = |prefix: &'static str| (0..n).map(move |number| client(&format!("{prefix}{number}")));
        parts.clients.extend(names("old").map(|old| (user("bob").into(), old.into())));
        let room = room(parts);
        let gone = names("old").map(|client| Change::RemoveClient { user: user("bob"), client });
        let new = names("new").map(|client| Change::AddClient { user: user("bob"), client });
        let changes: Vec<ProposedChange> = gone.chain(new).map(Into::into).collect();
        steps_of(|| {
            let plan = room.check(&by("bob"), Form::Commit, &changes);
            assert!(plan.is_ok(), "{plan:?}");
        })
    });
    assert!(one >= 500 && two <= one.saturating_mul(5) / 2, "{one} {two}");
}

#[test]
fn a_commit_does_not_go_through_all_that_waits() {
    let (one, two) = grows(|n| {
        let mut room = room(parts(&[("alice", 3), ("bob", 3)]));
        let add = |number: usize| Change::AddParticipant { user: user(&format!("new{number}")), role: 2 };
        let changes: Vec<ProposedChange> = (0..n).map(|number| add(number).into()).collect();
        let plan = room.check(&by("alice"), Form::Proposal, &changes).unwrap();
        room.apply(plan).unwrap();
        steps_of(|| assert!(room.check(&by("bob"), Form::Commit, &[]).is_ok()))
    });
    assert_eq!((one, two), (1, 1));
}
