//! For each capability and each of its conditions: what is allowed, and what is refused for that
//! cause alone (mimi-room-policy §8).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::{
    code_points::ComponentID,
    room_policy::{PreAuthData, RoleData},
};
use mimi_policy::{Basis, Change, Form, JoinCode, Reason, RoomParts};
use scene::*;

use Form::{Commit, ExternalCommit, ExternalProposal, Message, Proposal};

const fn lacks(role: u32, capability: Cap) -> Reason {
    Reason::MissingCapability { role, capability }
}

const fn not_authorized(role: u32, from: u32, to: u32) -> Reason {
    Reason::RoleChangeNotAuthorized { role, from, to }
}

// canAddParticipant

fn adding() -> Scene {
    four().can(3, &[Cap::CAN_ADD_PARTICIPANT]).moves(3, 0, &[2, 3])
}

#[test]
fn can_add_participant_adds_another_user_with_its_clients() {
    for form in [Proposal, Commit] {
        let grants = adding().allows(&by("alice"), form, [add("erin", 2), add_client("erin", 1)]);
        assert_eq!((grants[0].capability, grants[0].role), (Some(Cap::CAN_ADD_PARTICIPANT), 3));
        assert_eq!(grants[0].basis, Basis::RoleChange { from: 0, to: 2 });
        assert_eq!((grants[1].capability, grants[1].basis), (None, Basis::PartOf { change: Some(0) }));
    }
    // Whichever is written first.
    adding().allows(&by("alice"), Commit, [add_client("erin", 1), add("erin", 2)]);
}

#[test]
fn can_add_participant_refuses_without_the_capability() {
    let scene = four().moves(3, 0, &[2]);
    let reason = (Some(0), lacks(3, Cap::CAN_ADD_PARTICIPANT));
    assert_eq!(scene.refuses(&by("alice"), Commit, add("erin", 2)), reason);
    // Her client before her: it is refused for the same reason, and not because anybody is banned.
    assert_eq!(scene.refuses(&by("alice"), Commit, [add_client("erin", 1), add("erin", 2)]), reason);
}

#[test]
fn can_add_participant_refuses_a_role_that_is_not_authorized() {
    assert_eq!(adding().refuses(&by("alice"), Commit, add("erin", 4)), (Some(0), not_authorized(3, 0, 4)));
    // An entry from another role is none from 0.
    let scene = four().can(3, &[Cap::CAN_ADD_PARTICIPANT]).moves(3, 2, &[2]);
    assert_eq!(scene.refuses(&by("alice"), Commit, add("erin", 2)), (Some(0), not_authorized(3, 0, 2)));
}

#[test]
fn can_add_participant_refuses_a_user_on_the_list() {
    let reason = Reason::AlreadyListed(user("bob"));
    assert_eq!(adding().refuses(&by("alice"), Commit, add("bob", 2)), (Some(0), reason));
}

#[test]
fn can_add_participant_refuses_role_zero_and_undefined_roles() {
    let scene = adding().moves(3, 0, &[0, 9]);
    assert_eq!(scene.refuses(&by("alice"), Commit, add("erin", 0)), (Some(0), Reason::RoleZero));
    assert_eq!(scene.refuses(&by("alice"), Commit, add("erin", 9)), (Some(0), Reason::UndefinedRole(9)));
}

#[test]
fn can_add_participant_refuses_above_the_maximum() {
    let scene = adding().edit(2, |role| role.maximum_participants_constraint = Some(2));
    let reason = Reason::AboveMaximum { role: 2, maximum: 2, participants: 3 };
    assert_eq!(scene.refuses(&by("alice"), Commit, add("erin", 2)), (None, reason));
    adding().edit(2, |role| role.maximum_participants_constraint = Some(3)).allows(
        &by("alice"),
        Commit,
        add("erin", 2),
    );
}

#[test]
fn can_add_participant_refuses_above_the_maximum_of_active_ones() {
    let scene = adding().edit(2, |role| role.maximum_active_participants_constraint = Some(2));
    let reason = Reason::AboveMaximumActive { role: 2, maximum: 2, active: 3 };
    assert_eq!(scene.refuses(&by("alice"), Commit, [add("erin", 2), add_client("erin", 1)]), (None, reason));
    scene.allows(&by("alice"), Commit, add("erin", 2));
}

#[test]
fn can_add_participant_is_not_for_oneself() {
    let scene = adding().can(0, &[Cap::CAN_ADD_PARTICIPANT]).moves(0, 0, &[2]);
    assert_eq!(
        scene.refuses(&by("erin"), ExternalCommit, add("erin", 2)),
        (Some(0), lacks(0, Cap::CAN_OPEN_JOIN))
    );
    let scene = adding().preauth(&[(&[claim("hub", "a")], 3)]);
    let reason = Reason::NotInThisForm { form: ExternalProposal };
    assert_eq!(
        scene.refuses(&server(&[claim("hub", "a")]), ExternalProposal, add("hub", 2)),
        (Some(0), reason)
    );
}

#[test]
fn clients_of_another_are_added_with_it_and_by_the_same_hand_only() {
    let scene = adding().can(2, &[Cap::CAN_ADD_PARTICIPANT]).moves(2, 0, &[2]);
    let reason = Reason::NotOwnClient(device("carol", 2));
    assert_eq!(scene.refuses(&by("alice"), Commit, add_client("carol", 2)), (Some(0), reason));
    let changes = [add("erin", 2).by(by("bob")), add_client("erin", 1).into()];
    assert_eq!(
        scene.refuses(&by("alice"), Commit, changes),
        (Some(1), Reason::NotOwnClient(device("erin", 1)))
    );
    scene.allows(&by("alice"), Commit, [add("erin", 2).by(by("bob")), add_client("erin", 1).by(by("bob"))]);
    let reason = Reason::ClientWithoutParticipant(user("erin"));
    assert_eq!(scene.refuses(&by("alice"), Commit, add_client("erin", 1)), (Some(0), reason));
}

// canAddOwnClient

#[test]
fn can_add_own_client_from_outside_and_inside() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT]);
    let grants = scene.allows(&by_device("bob", 2), ExternalCommit, ());
    assert_eq!((grants[0].change, grants[0].capability), (None, Some(Cap::CAN_ADD_OWN_CLIENT)));
    let grants = scene.allows(&by_device("bob", 2), ExternalCommit, add_client("bob", 2));
    assert_eq!((grants.len(), grants[0].change), (1, Some(0)));
    scene.allows(&by_device("bob", 2), ExternalProposal, add_client("bob", 2));
    scene.allows(&by("bob"), Proposal, [add_client("bob", 2), add_client("bob", 3)]);
    scene.allows(&by("bob"), Commit, add_client("bob", 2));
}

#[test]
fn can_add_own_client_refuses_without_the_capability() {
    let reason = lacks(2, Cap::CAN_ADD_OWN_CLIENT);
    assert_eq!(four().refuses(&by_device("bob", 2), ExternalCommit, ()), (None, reason.clone()));
    assert_eq!(four().refuses(&by("bob"), Commit, add_client("bob", 2)), (Some(0), reason));
}

#[test]
fn can_add_own_client_refuses_a_client_that_is_there_and_users_who_are_not() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT]).can(0, &[Cap::CAN_ADD_OWN_CLIENT]);
    let reason = Reason::ClientInGroup(device("bob", 1));
    assert_eq!(scene.refuses(&by("bob"), Commit, add_client("bob", 1)), (Some(0), reason));
    let reason = Reason::ClientWithoutParticipant(user("erin"));
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, ()), (None, reason));
    let reason = Reason::NotAParticipant(user("erin"));
    assert_eq!(scene.refuses(&by("erin"), ExternalProposal, add_client("erin", 1)), (None, reason));
}

#[test]
fn can_add_own_client_asks_for_the_maximum_of_active_participants() {
    let scene = four().inactive("erin", 4).can(4, &[Cap::CAN_ADD_OWN_CLIENT]);
    let one = scene.clone().edit(4, |role| role.maximum_active_participants_constraint = Some(1));
    let reason = Reason::AboveMaximumActive { role: 4, maximum: 1, active: 2 };
    assert_eq!(one.refuses(&by("erin"), ExternalCommit, ()), (None, reason));
    // A second client of an active user makes no user active; the maximum of all isn't asked.
    one.edit(4, |role| role.maximum_participants_constraint = Some(1)).allows(
        &by("dave"),
        Commit,
        add_client("dave", 2),
    );
    scene.edit(4, |role| role.maximum_active_participants_constraint = Some(2)).allows(
        &by("erin"),
        ExternalCommit,
        (),
    );
}

#[test]
fn an_external_proposal_of_a_client_adds_that_client_and_nothing_else() {
    let all = [Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_REMOVE_OWN_CLIENT, Cap::CAN_CHANGE_ROOM_NAME];
    let scene = four().can(2, &all);
    let reason = Reason::NotInThisForm { form: ExternalProposal };
    let outside = by_device("bob", 2);
    assert_eq!(scene.refuses(&outside, ExternalProposal, add_client("bob", 3)), (Some(0), reason.clone()));
    assert_eq!(scene.refuses(&outside, ExternalProposal, remove_client("bob", 1)), (Some(0), reason.clone()));
    assert_eq!(scene.refuses(&outside, ExternalProposal, ()), (None, reason));
}

#[test]
fn an_external_commit_may_replace_the_users_own_leaf() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_REMOVE_OWN_CLIENT]);
    scene.allows(&by("bob"), ExternalCommit, [remove_client("bob", 1), add_client("bob", 1)]);
    scene.allows(&by("bob"), ExternalCommit, remove_client("bob", 1));
    let two = scene.client("bob", 2);
    let reason = Reason::NotInThisForm { form: ExternalCommit };
    let changes = [remove_client("bob", 1), remove_client("bob", 2)];
    assert_eq!(two.refuses(&by_device("bob", 3), ExternalCommit, changes), (Some(0), reason.clone()));
    let two = two.can(2, &[Cap::CAN_KICK]);
    assert_eq!(
        two.refuses(&by_device("bob", 3), ExternalCommit, remove_client("carol", 1)),
        (Some(0), reason)
    );
}

// canRemoveOwnClient

#[test]
fn can_remove_own_client_proposes_its_own_removal() {
    let scene = four().can(2, &[Cap::CAN_REMOVE_OWN_CLIENT]).client("bob", 2);
    let grants = scene.allows(&by("bob"), Proposal, remove_client("bob", 1));
    assert_eq!(grants[0].capability, Some(Cap::CAN_REMOVE_OWN_CLIENT));
    scene.allows(&by("alice"), Commit, remove_client("bob", 1).by(by("bob")));
    // Another client of the user may commit it.
    scene.allows(&by_device("bob", 2), Commit, remove_client("bob", 1));
}

#[test]
fn can_remove_own_client_refuses_without_the_capability() {
    let reason = lacks(2, Cap::CAN_REMOVE_OWN_CLIENT);
    assert_eq!(four().refuses(&by("bob"), Proposal, remove_client("bob", 1)), (Some(0), reason));
}

#[test]
fn can_remove_own_client_is_not_committed_by_the_client_itself() {
    let scene = four().can(2, &[Cap::CAN_REMOVE_OWN_CLIENT]);
    let reason = Reason::OwnLeafRemoved(device("bob", 1));
    assert_eq!(scene.refuses(&by("bob"), Commit, remove_client("bob", 1)), (Some(0), reason));
}

#[test]
fn can_remove_own_client_asks_for_the_minimum_of_active_participants() {
    let scene = four().can(2, &[Cap::CAN_REMOVE_OWN_CLIENT]);
    let two = scene.clone().edit(2, |role| role.minimum_active_participants_constraint = 2);
    let reason = Reason::BelowMinimumActive { role: 2, minimum: 2, active: 1 };
    assert_eq!(two.refuses(&by("bob"), Proposal, remove_client("bob", 1)), (None, reason));
    // A user who keeps a client stays active.
    two.client("bob", 2).allows(&by("bob"), Proposal, remove_client("bob", 1));
    scene.edit(2, |role| role.minimum_active_participants_constraint = 1).allows(
        &by("bob"),
        Proposal,
        remove_client("bob", 1),
    );
}

#[test]
fn refuses_to_remove_a_client_that_is_not_there_or_is_anothers() {
    let scene = four().can(3, &[Cap::CAN_KICK]);
    for (name, number) in [("bob", 2), ("erin", 1)] {
        let reason = Reason::NoSuchClient(device(name, number));
        assert_eq!(scene.refuses(&by("alice"), Commit, remove_client(name, number)), (Some(0), reason));
    }
    let change = Change::RemoveClient { user: user("bob"), client: device("carol", 1) };
    assert_eq!(
        scene.refuses(&by("alice"), Commit, change),
        (Some(0), Reason::NoSuchClient(device("carol", 1)))
    );
}

// canOpenJoin

fn open() -> Scene {
    four().can(0, &[Cap::CAN_OPEN_JOIN]).moves(0, 0, &[2])
}

#[test]
fn can_open_join_joins_by_external_commit() {
    let grants = open().allows(&by("erin"), ExternalCommit, add("erin", 2));
    assert_eq!((grants[0].capability, grants[0].role), (Some(Cap::CAN_OPEN_JOIN), 0));
    assert_eq!((grants[1].change, grants[1].basis), (None, Basis::PartOf { change: Some(0) }));
}

#[test]
fn can_open_join_refuses_without_the_capability() {
    let scene = four().moves(0, 0, &[2]);
    assert_eq!(
        scene.refuses(&by("erin"), ExternalCommit, add("erin", 2)),
        (Some(0), lacks(0, Cap::CAN_OPEN_JOIN))
    );
}

#[test]
fn can_open_join_refuses_a_role_that_is_not_authorized() {
    assert_eq!(
        open().refuses(&by("erin"), ExternalCommit, add("erin", 3)),
        (Some(0), not_authorized(0, 0, 3))
    );
}

#[test]
fn can_open_join_asks_for_both_maxima() {
    let scene = open().edit(2, |role| role.maximum_participants_constraint = Some(2));
    let reason = Reason::AboveMaximum { role: 2, maximum: 2, participants: 3 };
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, add("erin", 2)), (None, reason));
    let scene = open().edit(2, |role| role.maximum_active_participants_constraint = Some(2));
    let reason = Reason::AboveMaximumActive { role: 2, maximum: 2, active: 3 };
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, add("erin", 2)), (None, reason));
}

#[test]
fn outsiders_join_by_external_commit_only() {
    for form in [ExternalProposal, Proposal, Commit] {
        let reason = Reason::NotAParticipant(user("erin"));
        assert_eq!(open().refuses(&by("erin"), form, add("erin", 2)), (None, reason), "{form:?}");
    }
}

#[test]
fn no_user_joins_as_banned() {
    let scene = open().moves(0, 0, &[1]);
    let reason = Reason::ClientsOfBanned(user("erin"));
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, add("erin", 1)), (Some(0), reason));
}

// canJoinIfPreauthorized

fn preauthorized() -> Scene {
    let (staff, boss) = (claim("org", "a"), claim("rank", "boss"));
    four()
        .can(2, &[Cap::CAN_JOIN_IF_PREAUTHORIZED])
        .can(3, &[Cap::CAN_JOIN_IF_PREAUTHORIZED])
        .preauth(&[(&[staff.clone(), boss], 3), (&[staff], 2)])
}

#[test]
fn can_join_if_preauthorized_joins_with_the_role_of_the_first_match() {
    let scene = preauthorized();
    let grants = scene.allows(&with("erin", &[claim("org", "a")]), ExternalCommit, add("erin", 2));
    assert_eq!((grants[0].capability, grants[0].role), (Some(Cap::CAN_JOIN_IF_PREAUTHORIZED), 2));
    assert_eq!(grants[0].basis, Basis::PreAuthorization { entry: 1 });
    let boss = with("erin", &[claim("x", "y"), claim("rank", "boss"), claim("org", "a")]);
    assert_eq!(
        scene.allows(&boss, ExternalCommit, add("erin", 3))[0].basis,
        Basis::PreAuthorization { entry: 0 }
    );
}

#[test]
fn can_join_if_preauthorized_refuses_any_role_but_that_of_the_first_match() {
    let boss = with("erin", &[claim("rank", "boss"), claim("org", "a")]);
    let reason = Reason::NotPreAuthorizedFor { role: 2, first_match: Some(3) };
    assert_eq!(preauthorized().refuses(&boss, ExternalCommit, add("erin", 2)), (Some(0), reason));
}

#[test]
fn can_join_if_preauthorized_refuses_claims_that_differ_in_type_id_or_value() {
    let mut typed = claim("org", "a");
    typed.claim_id.credential_type = mimi_codec::code_points::CredentialType::BASIC;
    for other in [claim("org", "A"), claim("orga", ""), typed] {
        let reason = Reason::NotPreAuthorizedFor { role: 2, first_match: None };
        let refused = preauthorized().refuses(&with("erin", &[other]), ExternalCommit, add("erin", 2));
        assert_eq!(refused, (Some(0), reason));
    }
}

#[test]
fn can_join_if_preauthorized_refuses_when_the_target_role_lacks_it_and_tries_no_second_entry() {
    let scene = preauthorized().edit(3, |role| role.role_capabilities.clear());
    let boss = with("erin", &[claim("rank", "boss"), claim("org", "a")]);
    let reason = lacks(3, Cap::CAN_JOIN_IF_PREAUTHORIZED);
    assert_eq!(scene.refuses(&boss, ExternalCommit, add("erin", 3)), (Some(0), reason));
    let reason = Reason::NotPreAuthorizedFor { role: 2, first_match: Some(3) };
    assert_eq!(scene.refuses(&boss, ExternalCommit, add("erin", 2)), (Some(0), reason));
}

#[test]
fn can_join_if_preauthorized_asks_for_both_maxima_and_no_role_change() {
    let staff = with("erin", &[claim("org", "a")]);
    let scene = preauthorized().edit(2, |role| role.maximum_participants_constraint = Some(2));
    let reason = Reason::AboveMaximum { role: 2, maximum: 2, participants: 3 };
    assert_eq!(scene.refuses(&staff, ExternalCommit, add("erin", 2)), (None, reason));
    let scene = preauthorized().edit(2, |role| role.maximum_active_participants_constraint = Some(2));
    let reason = Reason::AboveMaximumActive { role: 2, maximum: 2, active: 3 };
    assert_eq!(scene.refuses(&staff, ExternalCommit, add("erin", 2)), (None, reason));
}

#[test]
fn an_empty_claim_set_matches_all() {
    let scene = four().can(2, &[Cap::CAN_JOIN_IF_PREAUTHORIZED]).preauth(&[(&[], 2)]);
    scene.allows(&by("erin"), ExternalCommit, add("erin", 2));
}

#[test]
fn a_first_match_for_role_zero_lets_no_user_in() {
    let scene = four().can(2, &[Cap::CAN_JOIN_IF_PREAUTHORIZED]).preauth(&[(&[], 0), (&[], 2)]);
    let reason = Reason::NotPreAuthorizedFor { role: 2, first_match: Some(0) };
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, add("erin", 2)), (Some(0), reason));
}

#[test]
fn a_banned_user_does_not_rejoin_by_preauthorization() {
    let scene = preauthorized().inactive("erin", 1);
    let staff = with("erin", &[claim("org", "a")]);
    let cut_off = (None, Reason::CutOff(user("erin")));
    assert_eq!(scene.refuses(&staff, ExternalCommit, add("erin", 2)), cut_off);
    let own = scene.can(1, &[Cap::CAN_ADD_OWN_CLIENT]);
    assert_eq!(own.refuses(&staff, ExternalCommit, ()), cut_off);
    assert_eq!(own.refuses(&staff, ExternalProposal, add_client("erin", 1)), cut_off);
}

// The three ways of joining

/// Rooms with one, two and three ways of joining; the role asked for, what the hub knows of a code,
/// and whether the hub allows the join.
#[test]
fn a_client_that_cannot_know_the_code_accepts_what_its_hub_allowed() {
    let open = || four().can(0, &[Cap::CAN_OPEN_JOIN]).moves(0, 0, &[2]);
    let preauthorized =
        || four().can(3, &[Cap::CAN_JOIN_IF_PREAUTHORIZED]).preauth(&[(&[claim("org", "a")], 3)]);
    let coded = |scene: Scene| scene.can(0, &[Cap::CAN_USE_JOIN_CODE]).moves(0, 0, &[2]);
    let both = || coded(preauthorized());
    let none = || four().moves(0, 0, &[2, 3]);
    let staff = with("erin", &[claim("org", "a")]);
    let (valid, invalid) = (Some(JoinCode::Valid), Some(JoinCode::Invalid));
    for (scene, actor, role, shown, allowed) in [
        (open(), by("erin"), 2, None, true),
        (open(), by("erin"), 2, valid, true),
        (open(), by("erin"), 2, invalid, true),
        (open(), by("erin"), 3, valid, false),
        (preauthorized(), staff.clone(), 3, None, true),
        (preauthorized(), by("erin"), 3, valid, false),
        (coded(four()), by("erin"), 2, valid, true),
        (coded(four()), by("erin"), 4, valid, false),
        (both(), by("erin"), 2, valid, true),
        (both(), staff.clone(), 3, None, true),
        (both(), staff.clone(), 3, invalid, true),
        (both(), staff.clone(), 2, valid, true),
        (both(), by("erin"), 3, valid, false),
        (coded(preauthorized()).can(0, &[Cap::CAN_OPEN_JOIN]), staff.clone(), 2, None, true),
        (coded(preauthorized()).can(0, &[Cap::CAN_OPEN_JOIN]), staff.clone(), 3, None, true),
        (none(), staff.clone(), 2, valid, false),
        (none(), by("erin"), 3, invalid, false),
    ] {
        let room = scene.room();
        let at_the_hub = match shown {
            Some(shown) => code("erin", role, shown),
            None => add("erin", role),
        };
        let hub = room.check(&actor, Form::ExternalCommit, &[at_the_hub.into()]);
        assert_eq!(hub.is_ok(), allowed, "role {role}, {shown:?}: {hub:?}");
        let at_a_client = code("erin", role, JoinCode::Unknown);
        let client = room.check(&actor, Form::ExternalCommit, &[at_a_client.into()]);
        assert_eq!(client.is_ok(), allowed, "role {role}, {shown:?}: {client:?}");
    }
}

#[test]
fn only_a_join_that_takes_a_code_can_be_refused_for_it() {
    let coded = four().can(0, &[Cap::CAN_USE_JOIN_CODE]).moves(0, 0, &[2]).room();
    let join = |code: Change| coded.check(&by("erin"), Form::ExternalCommit, &[code.into()]);
    assert_eq!(join(code("erin", 2, JoinCode::Invalid)).unwrap_err().reason, Reason::InvalidJoinCode);
    assert!(join(code("erin", 2, JoinCode::Unknown)).is_ok());
    assert!(join(add("erin", 2)).is_err());
}

// canUseJoinCode

fn coded() -> Scene {
    four().can(0, &[Cap::CAN_USE_JOIN_CODE]).moves(0, 0, &[2])
}

#[test]
fn can_use_join_code_joins_with_the_role_of_the_code() {
    let grants = coded().allows(&by("erin"), ExternalCommit, code("erin", 2, JoinCode::Valid));
    assert_eq!((grants[0].capability, grants[0].role), (Some(Cap::CAN_USE_JOIN_CODE), 0));
}

#[test]
fn can_use_join_code_refuses_without_the_capability() {
    let scene = four().moves(0, 0, &[2]);
    let refused = scene.refuses(&by("erin"), ExternalCommit, code("erin", 2, JoinCode::Valid));
    assert_eq!(refused, (Some(0), lacks(0, Cap::CAN_USE_JOIN_CODE)));
}

#[test]
fn can_use_join_code_refuses_an_invalid_code() {
    let refused = coded().refuses(&by("erin"), ExternalCommit, code("erin", 2, JoinCode::Invalid));
    assert_eq!(refused, (Some(0), Reason::InvalidJoinCode));
}

#[test]
fn can_use_join_code_refuses_roles_that_role_zero_does_not_lead_to() {
    for (role, reason) in [(3, not_authorized(0, 0, 3)), (0, Reason::RoleZero), (9, Reason::UndefinedRole(9))]
    {
        let refused = coded().refuses(&by("erin"), ExternalCommit, code("erin", role, JoinCode::Valid));
        assert_eq!(refused, (Some(0), reason));
    }
}

#[test]
fn can_use_join_code_asks_for_both_maxima() {
    let change = || code("erin", 2, JoinCode::Valid);
    let scene = coded().edit(2, |role| role.maximum_participants_constraint = Some(2));
    let reason = Reason::AboveMaximum { role: 2, maximum: 2, participants: 3 };
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, change()), (None, reason));
    let scene = coded().edit(2, |role| role.maximum_active_participants_constraint = Some(2));
    let reason = Reason::AboveMaximumActive { role: 2, maximum: 2, active: 3 };
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, change()), (None, reason));
}

#[test]
fn a_join_code_is_for_the_joiner_who_is_not_listed() {
    let refused = coded().refuses(&by("erin"), ExternalCommit, code("frank", 2, JoinCode::Valid));
    assert_eq!(refused, (Some(0), Reason::NotTheJoiner(user("frank"))));
    let refused = coded().refuses(&by_device("bob", 2), ExternalCommit, code("bob", 2, JoinCode::Valid));
    assert_eq!(refused, (Some(0), Reason::AlreadyListed(user("bob"))));
    let refused = coded().refuses(&by("bob"), Commit, code("bob", 2, JoinCode::Valid));
    assert_eq!(refused, (Some(0), Reason::NotInThisForm { form: Commit }));
}

// canRemoveParticipant

fn removing() -> Scene {
    four().can(3, &[Cap::CAN_REMOVE_PARTICIPANT]).moves(3, 2, &[0])
}

#[test]
fn can_remove_participant_removes_another_with_all_clients() {
    let grants = removing().allows(&by("alice"), Commit, [remove("bob"), remove_client("bob", 1)]);
    assert_eq!(
        (grants[0].capability, grants[0].basis),
        (Some(Cap::CAN_REMOVE_PARTICIPANT), Basis::RoleChange { from: 2, to: 0 })
    );
    assert_eq!((grants[1].capability, grants[1].basis), (None, Basis::PartOf { change: Some(0) }));
    removing().inactive("erin", 2).allows(&by("alice"), Commit, remove("erin"));
}

#[test]
fn can_remove_participant_refuses_without_the_capability() {
    let scene = four().moves(3, 2, &[0]);
    let reason = lacks(3, Cap::CAN_REMOVE_PARTICIPANT);
    assert_eq!(
        scene.refuses(&by("alice"), Commit, [remove("bob"), remove_client("bob", 1)]),
        (Some(0), reason)
    );
}

#[test]
fn can_remove_participant_refuses_a_role_that_may_not_go() {
    let refused = removing().refuses(&by("alice"), Commit, [remove("dave"), remove_client("dave", 1)]);
    assert_eq!(refused, (Some(0), not_authorized(3, 4, 0)));
}

#[test]
fn can_remove_participant_refuses_a_user_who_is_not_listed() {
    assert_eq!(
        removing().refuses(&by("alice"), Commit, remove("erin")),
        (Some(0), Reason::NotListed(user("erin")))
    );
}

#[test]
fn can_remove_participant_is_not_for_oneself() {
    let scene = removing().moves(3, 3, &[0]);
    let refused = scene.refuses(&by("alice"), Proposal, [remove("alice"), remove_client("alice", 1)]);
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_REMOVE_SELF)));
}

#[test]
fn can_remove_participant_asks_for_both_minima() {
    let changes = || [remove("bob"), remove_client("bob", 1)];
    let scene = removing().edit(2, |role| role.minimum_participants_constraint = 2);
    let reason = Reason::BelowMinimum { role: 2, minimum: 2, participants: 1 };
    assert_eq!(scene.refuses(&by("alice"), Commit, changes()), (None, reason));
    let scene = removing().edit(2, |role| role.minimum_active_participants_constraint = 2);
    let reason = Reason::BelowMinimumActive { role: 2, minimum: 2, active: 1 };
    assert_eq!(scene.refuses(&by("alice"), Commit, changes()), (None, reason));
    removing().edit(2, |role| role.minimum_participants_constraint = 1).allows(
        &by("alice"),
        Commit,
        changes(),
    );
}

#[test]
fn a_commit_leaves_no_client_of_a_removed_user_behind_but_a_proposal_may() {
    let scene = removing().client("bob", 2);
    let reason = Reason::ClientsLeftBehind(user("bob"));
    assert_eq!(scene.refuses(&by("alice"), Commit, remove("bob")), (Some(0), reason.clone()));
    assert_eq!(
        scene.refuses(&by("alice"), Commit, [remove("bob"), remove_client("bob", 1)]),
        (Some(0), reason.clone())
    );
    scene.allows(&by("alice"), Proposal, remove("bob"));
    // A user who commits completes it.
    let changes =
        [remove("bob").by(by("alice")), remove_client("bob", 1).into(), remove_client("bob", 2).into()];
    scene.allows(&by("dave"), Commit, changes);
    let changes = [remove("bob"), add_client("bob", 3)];
    assert_eq!(
        scene.refuses(&by("alice"), Proposal, changes),
        (Some(1), Reason::NotOwnClient(device("bob", 3)))
    );
}

// canRemoveSelf

fn leaving() -> Scene {
    four().can(2, &[Cap::CAN_REMOVE_SELF]).moves(2, 2, &[0])
}

#[test]
fn can_remove_self_leaves_with_all_clients_and_another_commits() {
    let scene = leaving().client("bob", 2);
    let changes = || [remove("bob"), remove_client("bob", 1), remove_client("bob", 2)];
    let grants = scene.allows(&by("bob"), Proposal, changes());
    assert_eq!(grants[0].capability, Some(Cap::CAN_REMOVE_SELF));
    assert_eq!(grants[2].basis, Basis::PartOf { change: Some(0) });
    scene.allows(&by("dave"), Commit, changes().map(|change| change.by(by("bob"))));
}

#[test]
fn can_remove_self_refuses_without_the_capability() {
    let scene = four().moves(2, 2, &[0]);
    let refused = scene.refuses(&by("bob"), Proposal, [remove("bob"), remove_client("bob", 1)]);
    assert_eq!(refused, (Some(0), lacks(2, Cap::CAN_REMOVE_SELF)));
}

#[test]
fn can_remove_self_refuses_a_role_that_may_not_go() {
    let scene = four().can(2, &[Cap::CAN_REMOVE_SELF]).moves(2, 3, &[0]);
    let refused = scene.refuses(&by("bob"), Proposal, [remove("bob"), remove_client("bob", 1)]);
    assert_eq!(refused, (Some(0), not_authorized(2, 2, 0)));
}

#[test]
fn can_remove_self_refuses_to_leave_clients_to_others() {
    let scene = leaving().client("bob", 2);
    let reason = Reason::ClientsLeftBehind(user("bob"));
    let refused = scene.refuses(&by("bob"), Proposal, [remove("bob"), remove_client("bob", 1)]);
    assert_eq!(refused, (Some(0), reason.clone()));
    let changes =
        [remove("bob").by(by("bob")), remove_client("bob", 1).into(), remove_client("bob", 2).into()];
    assert_eq!(scene.refuses(&by("alice"), Commit, changes), (Some(1), lacks(3, Cap::CAN_KICK)));
}

#[test]
fn can_remove_self_is_not_committed_by_the_user_itself() {
    let reason = Reason::OwnLeafRemoved(device("bob", 1));
    assert_eq!(
        leaving().refuses(&by("bob"), Commit, [remove("bob"), remove_client("bob", 1)]),
        (Some(1), reason)
    );
}

#[test]
fn can_remove_self_asks_for_both_minima() {
    let changes = || [remove("bob"), remove_client("bob", 1)];
    let scene = leaving().edit(2, |role| role.minimum_participants_constraint = 2);
    let reason = Reason::BelowMinimum { role: 2, minimum: 2, participants: 1 };
    assert_eq!(scene.refuses(&by("bob"), Proposal, changes()), (None, reason));
    let scene = leaving().edit(2, |role| role.minimum_active_participants_constraint = 2);
    let reason = Reason::BelowMinimumActive { role: 2, minimum: 2, active: 1 };
    assert_eq!(scene.refuses(&by("bob"), Proposal, changes()), (None, reason));
}

// canBan

fn banning() -> Scene {
    four().can(3, &[Cap::CAN_BAN]).moves(3, 2, &[1])
}

#[test]
fn can_ban_moves_another_to_the_banned_role_with_all_clients() {
    let grants = banning().allows(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
    assert_eq!(
        (grants[0].capability, grants[0].basis),
        (Some(Cap::CAN_BAN), Basis::RoleChange { from: 2, to: 1 })
    );
    assert_eq!(grants[1].basis, Basis::PartOf { change: Some(0) });
    banning().allows(&by("alice"), Proposal, set("bob", 1));
}

#[test]
fn can_ban_refuses_without_the_capability() {
    let refused =
        four().moves(3, 2, &[1]).refuses(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_BAN)));
}

#[test]
fn can_ban_refuses_a_role_that_may_not_be_banned() {
    let refused = banning().refuses(&by("alice"), Commit, [set("dave", 1), remove_client("dave", 1)]);
    assert_eq!(refused, (Some(0), not_authorized(3, 4, 1)));
}

#[test]
fn can_ban_refuses_when_role_1_is_not_named_banned() {
    for name in ["Banned", "banned ", ""] {
        let scene = banning().edit(1, |role| role.role_name = name.into());
        let refused = scene.refuses(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
        assert_eq!(refused, (Some(0), Reason::NoBannedRole), "{name:?}");
    }
    let mut scene = banning();
    scene.parts.roles.roles.retain(|role| role.role_index != 1);
    assert_eq!(scene.refuses(&by("alice"), Commit, set("bob", 1)), (Some(0), Reason::UndefinedRole(1)));
}

#[test]
fn can_ban_asks_for_both_minima() {
    let changes = || [set("bob", 1), remove_client("bob", 1)];
    let scene = banning().edit(2, |role| role.minimum_participants_constraint = 2);
    let reason = Reason::BelowMinimum { role: 2, minimum: 2, participants: 1 };
    assert_eq!(scene.refuses(&by("alice"), Commit, changes()), (None, reason));
    let scene = banning().edit(2, |role| role.minimum_active_participants_constraint = 2);
    let reason = Reason::BelowMinimumActive { role: 2, minimum: 2, active: 1 };
    assert_eq!(scene.refuses(&by("alice"), Commit, changes()), (None, reason));
}

#[test]
fn a_full_banned_role_protects_no_user() {
    let scene = banning().edit(1, |role| role.maximum_participants_constraint = Some(0));
    scene.allows(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
    // By canChangeUserRole it does.
    let scene = scene.edit(3, |role| role.role_capabilities = vec![Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_KICK]);
    let reason = Reason::AboveMaximum { role: 1, maximum: 0, participants: 1 };
    assert_eq!(scene.refuses(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]), (None, reason));
}

#[test]
fn a_commit_leaves_no_client_of_a_banned_user_behind() {
    let reason = Reason::ClientsOfBanned(user("bob"));
    assert_eq!(banning().refuses(&by("alice"), Commit, set("bob", 1)), (Some(0), reason));
}

#[test]
fn a_stranger_is_banned_in_advance() {
    let scene = banning().moves(3, 0, &[1, 2]);
    let grants = scene.allows(&by("alice"), Commit, add("erin", 1));
    assert_eq!(
        (grants[0].capability, grants[0].basis),
        (Some(Cap::CAN_BAN), Basis::RoleChange { from: 0, to: 1 })
    );
    scene.clone().edit(1, |role| role.maximum_participants_constraint = Some(0)).allows(
        &by("alice"),
        Commit,
        add("erin", 1),
    );
    assert_eq!(banning().refuses(&by("alice"), Commit, add("erin", 1)), (Some(0), not_authorized(3, 0, 1)));
    let reason = Reason::ClientsOfBanned(user("erin"));
    assert_eq!(
        scene.refuses(&by("alice"), Commit, [add("erin", 1), add_client("erin", 1)]),
        (Some(1), reason)
    );
    assert_eq!(
        scene.refuses(&by("alice"), Commit, add("erin", 2)),
        (Some(0), lacks(3, Cap::CAN_ADD_PARTICIPANT))
    );
}

#[test]
fn can_ban_is_not_for_oneself() {
    let refused = banning().moves(3, 3, &[1]).refuses(&by("alice"), Commit, set("alice", 1));
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_CHANGE_OWN_ROLE)));
}

// canUnBan

fn unbanning() -> Scene {
    four().inactive("erin", 1).can(3, &[Cap::CAN_UNBAN]).moves(3, 1, &[2])
}

#[test]
fn can_unban_moves_another_from_the_banned_role() {
    let grants = unbanning().allows(&by("alice"), Commit, set("erin", 2));
    assert_eq!(
        (grants[0].capability, grants[0].basis),
        (Some(Cap::CAN_UNBAN), Basis::RoleChange { from: 1, to: 2 })
    );
}

#[test]
fn can_unban_refuses_without_the_capability() {
    let scene = four().inactive("erin", 1).moves(3, 1, &[2]);
    assert_eq!(scene.refuses(&by("alice"), Commit, set("erin", 2)), (Some(0), lacks(3, Cap::CAN_UNBAN)));
}

#[test]
fn can_unban_refuses_a_role_that_is_not_authorized() {
    assert_eq!(unbanning().refuses(&by("alice"), Commit, set("erin", 4)), (Some(0), not_authorized(3, 1, 4)));
}

#[test]
fn can_unban_leads_to_another_role() {
    let refused = unbanning().moves(3, 1, &[1]).refuses(&by("alice"), Commit, set("erin", 1));
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_BAN)));
}

#[test]
fn can_unban_is_for_the_banned_only() {
    let scene = unbanning().moves(3, 2, &[4]);
    assert_eq!(
        scene.refuses(&by("alice"), Commit, set("bob", 4)),
        (Some(0), lacks(3, Cap::CAN_CHANGE_USER_ROLE))
    );
    let scene = unbanning().edit(1, |role| role.role_name = "outlaw".into());
    assert_eq!(scene.refuses(&by("alice"), Commit, set("erin", 2)), (Some(0), Reason::NoBannedRole));
}

#[test]
fn can_unban_asks_for_the_minima_of_role_1_and_the_maxima_of_the_other() {
    let scene = unbanning().edit(1, |role| role.minimum_participants_constraint = 1);
    let reason = Reason::BelowMinimum { role: 1, minimum: 1, participants: 0 };
    assert_eq!(scene.refuses(&by("alice"), Commit, set("erin", 2)), (None, reason));
    let scene = unbanning().edit(2, |role| role.maximum_participants_constraint = Some(2));
    let reason = Reason::AboveMaximum { role: 2, maximum: 2, participants: 3 };
    assert_eq!(scene.refuses(&by("alice"), Commit, set("erin", 2)), (None, reason));
}

#[test]
fn can_unban_adds_no_clients() {
    let reason = Reason::NotOwnClient(device("erin", 1));
    let refused = unbanning().refuses(&by("alice"), Commit, [set("erin", 2), add_client("erin", 1)]);
    assert_eq!(refused, (Some(1), reason));
}

// canKick

fn kicking() -> Scene {
    four().can(3, &[Cap::CAN_KICK])
}

#[test]
fn can_kick_removes_some_or_all_clients_and_keeps_the_user() {
    let scene = kicking().client("bob", 2);
    assert_eq!(
        scene.allows(&by("alice"), Commit, remove_client("bob", 1))[0].capability,
        Some(Cap::CAN_KICK)
    );
    scene.allows(&by("alice"), Proposal, [remove_client("bob", 1), remove_client("bob", 2)]);
}

#[test]
fn can_kick_refuses_without_the_capability() {
    let refused = four().refuses(&by("alice"), Commit, remove_client("bob", 1));
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_KICK)));
    // One's own clients are another matter.
    let refused = kicking().client("alice", 2).refuses(&by("alice"), Commit, remove_client("alice", 2));
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_REMOVE_OWN_CLIENT)));
}

#[test]
fn can_kick_asks_for_the_minimum_of_active_participants() {
    let scene = kicking().edit(2, |role| role.minimum_active_participants_constraint = 2);
    let reason = Reason::BelowMinimumActive { role: 2, minimum: 2, active: 1 };
    assert_eq!(scene.refuses(&by("alice"), Commit, remove_client("bob", 1)), (None, reason));
    scene.client("bob", 2).allows(&by("alice"), Commit, remove_client("bob", 1));
    kicking().edit(2, |role| role.minimum_participants_constraint = 9).allows(
        &by("alice"),
        Commit,
        remove_client("bob", 1),
    );
}

// canChangeUserRole

fn changing() -> Scene {
    four().can(3, &[Cap::CAN_CHANGE_USER_ROLE]).moves(3, 2, &[3, 4])
}

#[test]
fn can_change_user_role_moves_another() {
    let grants = changing().allows(&by("alice"), Commit, set("bob", 4));
    assert_eq!(
        (grants[0].capability, grants[0].basis),
        (Some(Cap::CAN_CHANGE_USER_ROLE), Basis::RoleChange { from: 2, to: 4 })
    );
}

#[test]
fn can_change_user_role_refuses_without_the_capability() {
    let scene = four().moves(3, 2, &[4]);
    assert_eq!(
        scene.refuses(&by("alice"), Commit, set("bob", 4)),
        (Some(0), lacks(3, Cap::CAN_CHANGE_USER_ROLE))
    );
}

#[test]
fn can_change_user_role_refuses_moves_that_are_not_authorized() {
    assert_eq!(changing().refuses(&by("alice"), Commit, set("bob", 2)), (Some(0), not_authorized(3, 2, 2)));
    assert_eq!(changing().refuses(&by("alice"), Commit, set("dave", 3)), (Some(0), not_authorized(3, 4, 3)));
}

#[test]
fn can_change_user_role_refuses_role_zero_undefined_roles_and_strangers() {
    let scene = changing().moves(3, 2, &[0, 9]).moves(3, 0, &[2]);
    assert_eq!(scene.refuses(&by("alice"), Commit, set("bob", 0)), (Some(0), Reason::RoleZero));
    assert_eq!(scene.refuses(&by("alice"), Commit, set("bob", 9)), (Some(0), Reason::UndefinedRole(9)));
    assert_eq!(
        scene.refuses(&by("alice"), Commit, set("erin", 2)),
        (Some(0), Reason::NotListed(user("erin")))
    );
}

#[test]
fn can_change_user_role_is_not_for_oneself() {
    let scene = changing().moves(3, 3, &[4]);
    assert_eq!(
        scene.refuses(&by("alice"), Commit, set("alice", 4)),
        (Some(0), lacks(3, Cap::CAN_CHANGE_OWN_ROLE))
    );
}

#[test]
fn can_change_user_role_asks_for_minima_before_and_maxima_after() {
    for (index, edit, reason) in four_limits(2, 4) {
        let scene = changing().edit(index, edit);
        assert_eq!(scene.refuses(&by("alice"), Commit, set("bob", 4)), (None, reason));
    }
}

type Limit = (u32, fn(&mut mimi_codec::room_policy::Role), Reason);

/// Each limit that stands against a move of an active user from a role with two to one with one.
fn four_limits(from: u32, to: u32) -> [Limit; 4] {
    [
        (
            from,
            |role| role.minimum_participants_constraint = 2,
            Reason::BelowMinimum { role: from, minimum: 2, participants: 1 },
        ),
        (
            from,
            |role| role.minimum_active_participants_constraint = 2,
            Reason::BelowMinimumActive { role: from, minimum: 2, active: 1 },
        ),
        (
            to,
            |role| role.maximum_participants_constraint = Some(1),
            Reason::AboveMaximum { role: to, maximum: 1, participants: 2 },
        ),
        (
            to,
            |role| role.maximum_active_participants_constraint = Some(1),
            Reason::AboveMaximumActive { role: to, maximum: 1, active: 2 },
        ),
    ]
}

#[test]
fn can_change_user_role_bans_and_lifts_bans_where_it_may() {
    let scene = changing().moves(3, 2, &[1]).moves(3, 1, &[2]).inactive("erin", 1).inactive("frank", 2);
    scene.allows(&by("alice"), Commit, set("erin", 2));
    scene.allows(&by("alice"), Commit, set("frank", 1));
    // But taking the clients out needs canKick.
    let refused = scene.refuses(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
    assert_eq!(refused, (Some(1), lacks(3, Cap::CAN_KICK)));
    scene.can(3, &[Cap::CAN_KICK]).allows(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
}

// canChangeOwnRole

fn promoting() -> Scene {
    four().can(2, &[Cap::CAN_CHANGE_OWN_ROLE]).preauth(&[(&[claim("n", "0")], 0), (&[claim("org", "a")], 4)])
}

#[test]
fn can_change_own_role_takes_the_first_preauthorized_role() {
    let actor = with("bob", &[claim("org", "a"), claim("n", "0")]);
    for form in [Proposal, Commit] {
        let grants = promoting().allows(&actor, form, set("bob", 4));
        assert_eq!(
            (grants[0].capability, grants[0].basis),
            (Some(Cap::CAN_CHANGE_OWN_ROLE), Basis::PreAuthorization { entry: 1 })
        );
    }
}

#[test]
fn can_change_own_role_refuses_without_the_capability() {
    let scene = promoting().edit(2, |role| role.role_capabilities.clear());
    let refused = scene.refuses(&with("bob", &[claim("org", "a")]), Commit, set("bob", 4));
    assert_eq!(refused, (Some(0), lacks(2, Cap::CAN_CHANGE_OWN_ROLE)));
}

#[test]
fn can_change_own_role_refuses_other_roles_and_other_claims() {
    // The role's own moves are not consulted.
    let scene = promoting().moves(2, 2, &[3]);
    let reason = Reason::NotPreAuthorizedFor { role: 3, first_match: Some(4) };
    assert_eq!(scene.refuses(&with("bob", &[claim("org", "a")]), Commit, set("bob", 3)), (Some(0), reason));
    let reason = Reason::NotPreAuthorizedFor { role: 4, first_match: None };
    assert_eq!(scene.refuses(&by("bob"), Commit, set("bob", 4)), (Some(0), reason));
}

#[test]
fn can_change_own_role_asks_for_minima_before_and_maxima_after() {
    let actor = with("bob", &[claim("org", "a")]);
    for (index, edit, reason) in four_limits(2, 4) {
        assert_eq!(promoting().edit(index, edit).refuses(&actor, Commit, set("bob", 4)), (None, reason));
    }
}

// Metadata

#[test]
fn each_field_of_the_metadata_needs_its_capability() {
    let rich = || {
        let mut new = metadata("n", "", "", "").into_parts();
        new.2 = vec![mimi_codec::protocol::RichDescription {
            media_type: String::new(),
            language_tag: String::new(),
            description_content: "d".into(),
        }];
        mimi_codec::protocol::RoomMetaData::new(new.0, new.1, new.2, new.3, new.4, new.5).unwrap()
    };
    for (capability, new) in [
        (Cap::CAN_CHANGE_ROOM_NAME, metadata("other", "", "", "")),
        (Cap::CAN_CHANGE_ROOM_DESCRIPTION, rich()),
        (Cap::CAN_CHANGE_ROOM_AVATAR, metadata("n", "https://a.example/x", "", "")),
        (Cap::CAN_CHANGE_ROOM_SUBJECT, metadata("n", "", "s", "")),
        (Cap::CAN_CHANGE_ROOM_MOOD, metadata("n", "", "", "m")),
    ] {
        let mut scene = four();
        scene.parts.metadata = Some(metadata("n", "", "", ""));
        let change = || Change::UpdateMetadata(Box::new(new.clone()));
        assert_eq!(scene.refuses(&by("bob"), Commit, change()), (Some(0), lacks(2, capability)));
        assert_eq!(
            scene.can(2, &[capability]).allows(&by("bob"), Commit, change())[0].capability,
            Some(capability)
        );
    }
}

#[test]
fn metadata_needs_the_capability_for_every_field_that_differs_and_no_other() {
    let mut scene = four().can(2, &[Cap::CAN_CHANGE_ROOM_NAME]);
    scene.parts.metadata = Some(metadata("n", "", "", ""));
    let change = |name: &str, mood: &str| Change::UpdateMetadata(Box::new(metadata(name, "", "", mood)));
    let refused = scene.refuses(&by("bob"), Commit, change("other", "m"));
    assert_eq!(refused, (Some(0), lacks(2, Cap::CAN_CHANGE_ROOM_MOOD)));
    assert_eq!(
        scene
            .clone()
            .can(2, &[Cap::CAN_CHANGE_ROOM_MOOD])
            .allows(&by("bob"), Commit, change("other", "m"))
            .len(),
        2
    );
    assert_eq!(scene.allows(&by("dave"), Commit, change("n", ""))[0].basis, Basis::Unrestricted);
}

#[test]
fn the_rooms_uri_never_changes() {
    let mut scene = four();
    scene.parts.metadata = Some(metadata("n", "", "", ""));
    let parts = metadata("n", "", "", "").into_parts();
    let uri = mimi_codec::protocol::Uri::new("mimi://a.example/r/y");
    let new =
        mimi_codec::protocol::RoomMetaData::new(uri, parts.1, parts.2, parts.3, parts.4, parts.5).unwrap();
    let refused = scene.refuses(&by("bob"), Commit, Change::UpdateMetadata(Box::new(new)));
    assert_eq!(refused, (Some(0), Reason::RoomUriChanged));
}

// Disruptive changes

#[test]
fn each_disruptive_change_needs_its_capability() {
    let roles = scene().parts.roles;
    for (capability, change) in [
        (Cap::CAN_CHANGE_ROLE_DEFINITIONS, Change::UpdateRoles(roles)),
        (
            Cap::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
            Change::UpdatePreAuth(PreAuthData { preauthorized_entries: vec![] }),
        ),
        (Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE, Change::UpdateBase(Box::new(RoomParts::default_base()))),
        (Cap::CAN_SEND_MLS_REINIT_PROPOSAL, Change::ReInit),
        (Cap::CAN_DESTROY_ROOM, Change::DestroyRoom),
    ] {
        assert_eq!(four().refuses(&by("alice"), Commit, change.clone()), (Some(0), lacks(3, capability)));
        let grants = four().can(3, &[capability]).allows(&by("alice"), Commit, change);
        assert_eq!(grants[0].capability, Some(capability));
    }
}

#[test]
fn no_capability_changes_the_other_components() {
    let all = four().can(
        3,
        Cap::REGISTERED
            .iter()
            .filter(|cap| **cap != Cap::CAN_OPEN_JOIN)
            .copied()
            .collect::<Vec<_>>()
            .as_slice(),
    );
    for component in [
        ComponentID::STATUS_NOTIFICATION_POLICY,
        ComponentID::JOIN_LINKS,
        ComponentID::MLS_OPERATIONAL_POLICY,
    ] {
        let refused = all.refuses(&by("alice"), Commit, Change::ChangeComponent(component));
        assert_eq!(refused, (Some(0), Reason::NoCapabilityFor(component)));
    }
}

#[test]
fn new_roles_leave_a_valid_room() {
    let scene = four().can(3, &[Cap::CAN_CHANGE_ROLE_DEFINITIONS]);
    let invalid = |roles: RoleData| match scene.refuses(&by("alice"), Commit, Change::UpdateRoles(roles)) {
        (Some(0), Reason::InvalidRoom(defect)) => defect,
        other => panic!("{other:?}"),
    };
    let roles = |edit: fn(&mut RoleData)| {
        let mut roles = scene.parts.roles.clone();
        edit(&mut roles);
        roles
    };
    use mimi_policy::Defect;
    assert_eq!(invalid(roles(|data| data.roles.push(data.roles[0].clone()))), Defect::DuplicateRole(0));
    assert_eq!(
        invalid(roles(|data| data.roles.retain(|role| role.role_index != 4))),
        Defect::UndefinedRole { user: user("dave"), role: 4 }
    );
    assert_eq!(
        invalid(roles(|data| data.roles[2].role_capabilities.push(Cap::CAN_OPEN_JOIN))),
        Defect::OpenJoinOutsideRoleZero(2)
    );
    scene.allows(&by("alice"), Commit, Change::UpdateRoles(roles(|data| data.roles.push(role(7, "new")))));
    scene.allows(
        &by("alice"),
        Commit,
        Change::UpdateRoles(roles(|data| data.roles[2].minimum_participants_constraint = 9)),
    );
}

// Messages

#[test]
fn can_send_message_sends() {
    let scene = four().can(2, &[Cap::CAN_SEND_MESSAGE]);
    assert_eq!(scene.allows(&by("bob"), Message, ())[0].capability, Some(Cap::CAN_SEND_MESSAGE));
    assert_eq!(scene.refuses(&by("dave"), Message, ()), (None, lacks(4, Cap::CAN_SEND_MESSAGE)));
}

#[test]
fn a_message_needs_can_send_message_before_anything_else() {
    let scene = four().can(2, &[Cap::CAN_SEND_MESSAGE]).can(4, &[Cap::CAN_REACT_TO_MESSAGE]);
    let needs = |name: &str| scene.room().check_message(&by(name), &[Cap::CAN_REACT_TO_MESSAGE]);
    assert_eq!(needs("dave").unwrap_err().reason, lacks(4, Cap::CAN_SEND_MESSAGE));
    assert_eq!(needs("bob").unwrap_err().reason, lacks(2, Cap::CAN_REACT_TO_MESSAGE));
    let both = scene.clone().can(2, &[Cap::CAN_REACT_TO_MESSAGE]);
    assert_eq!(
        both.room().check_message(&by("bob"), &[Cap::CAN_REACT_TO_MESSAGE]).unwrap().grants().len(),
        2
    );
}

#[test]
fn messages_come_from_clients_in_the_group() {
    let scene = four().can(2, &[Cap::CAN_SEND_MESSAGE]).can(0, &[Cap::CAN_SEND_MESSAGE]).inactive("erin", 2);
    let refused = scene.refuses(&by("erin"), Message, ());
    assert_eq!(refused, (None, Reason::NotAMember(device("erin", 1))));
    let refused = scene.refuses(&by_device("bob", 2), Message, ());
    assert_eq!(refused, (None, Reason::NotAMember(device("bob", 2))));
    let other = mimi_policy::Actor::client(uri("bob"), device("carol", 1));
    assert_eq!(scene.refuses(&other, Message, ()), (None, Reason::NotAMember(device("carol", 1))));
    assert_eq!(scene.refuses(&by("frank"), Message, ()), (None, Reason::NotAParticipant(user("frank"))));
    assert_eq!(
        scene.refuses(&by("bob"), Message, remove("bob")),
        (Some(0), Reason::NotInThisForm { form: Message })
    );
}
