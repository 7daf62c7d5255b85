//! What counts before it is committed: proposals that the hub has accepted, and the commit that
//! takes them up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::{
    code_points::ComponentID,
    room_policy::{PreAuthData, PreAuthRoleEntry},
};
use mimi_policy::{Actor, Basis, Change, Form, OwnLogEntry, ProposedChange, Reason, RoomState};
use scene::*;

fn log(by: Actor, changes: &[ProposedChange]) -> OwnLogEntry {
    OwnLogEntry::from_own_storage(by, changes.to_vec())
}

use Form::{Commit, ExternalCommit, ExternalProposal, Message, Proposal};

#[test]
fn what_was_accepted_counts_for_the_next_decision() {
    let mut room = ruled().edit(2, |role| role.maximum_participants_constraint = Some(3)).room();
    accept(&mut room, &by("alice"), Proposal, add("erin", 2));
    let reason = Reason::AboveMaximum { role: 2, maximum: 3, participants: 4 };
    assert_eq!(refuses(&room, &by("alice"), Proposal, add("frank", 2)), (None, reason));
    // A promoted user may act, a demoted one not.
    let mut room = ruled().room();
    accept(&mut room, &by("alice"), Proposal, set("bob", 3));
    allows(&room, &by("bob"), Proposal, add("erin", 2));
}

#[test]
fn a_removed_or_banned_user_may_only_leave() {
    for change in [remove("bob"), set("bob", 1)] {
        let mut room = ruled().can(2, &[Cap::CAN_SEND_MESSAGE]).can(1, &[Cap::CAN_SEND_MESSAGE]).room();
        allows(&room, &by("bob"), Message, ());
        accept(&mut room, &by("alice"), Proposal, change);
        let refused = (None, Reason::CutOff(user("bob")));
        assert_eq!(refuses(&room, &by("bob"), Message, ()), refused);
        assert_eq!(refuses(&room, &by("bob"), Commit, ()), refused);
        assert_eq!(refuses(&room, &by("bob"), Proposal, ()), refused);
        assert_eq!(refuses(&room, &by("bob"), Proposal, name("n")), (Some(0), refused.1.clone()));
        assert_eq!(refuses(&room, &by("bob"), Proposal, remove_client("carol", 1)), (Some(0), refused.1));
        let grants = allows(&room, &by("bob"), Proposal, remove_client("bob", 1));
        assert_eq!(grants[0].basis, Basis::PartOf { change: None });
        // A client that isn't in the group has nothing to leave.
        assert!(room.check(&by_device("bob", 2), Proposal, &[]).is_err());
    }
}

#[test]
fn a_commit_completes_the_departures_that_were_accepted() {
    for (change, reason) in [
        (remove("bob"), Reason::ClientsLeftBehind(user("bob"))),
        (set("bob", 1), Reason::ClientsOfBanned(user("bob"))),
    ] {
        let mut room = ruled().room();
        accept(&mut room, &by("alice"), Proposal, change.clone());
        assert_eq!(refuses(&room, &by("dave"), Commit, ()), (None, reason));
        // Dave has no rights, and needs none.
        allows(&room, &by("dave"), Commit, remove_client("bob", 1));
        let listed = [change.by(by("alice")), remove_client("bob", 1).into()];
        let grants = allows(&room, &by("dave"), Commit, listed);
        assert_eq!((grants[0].basis, grants[1].basis), (Basis::Accepted, Basis::PartOf { change: None }));
        // In a proposal it takes the right.
        let lacks = Reason::MissingCapability { role: 4, capability: Cap::CAN_KICK };
        assert_eq!(refuses(&room, &by("dave"), Proposal, remove_client("bob", 1)), (Some(0), lacks));
        accept(&mut room, &by("dave"), Commit, remove_client("bob", 1));
        assert_eq!((room.client_count(), room.has_pending()), (3, false));
    }
}

#[test]
fn a_ban_by_change_user_role_is_proposed_with_the_clients_removals() {
    let changes = four().can(3, &[Cap::CAN_CHANGE_USER_ROLE]).moves(3, 2, &[1]);
    let with_clients = || [set("bob", 1), remove_client("bob", 1)];
    let left = (Some(0), Reason::ClientsOfBanned(user("bob")));
    let lacks_kick = (Some(1), Reason::MissingCapability { role: 3, capability: Cap::CAN_KICK });
    for form in [Proposal, Commit] {
        assert_eq!(changes.refuses(&by("alice"), form, set("bob", 1)), left);
        assert_eq!(changes.refuses(&by("alice"), form, with_clients()), lacks_kick);
    }
    let kicks = changes.clone().can(3, &[Cap::CAN_KICK]);
    assert_eq!(kicks.refuses(&by("alice"), Proposal, set("bob", 1)), left);
    let mut room = kicks.room();
    accept(&mut room, &by("alice"), Proposal, with_clients());
    allows(&room, &by("dave"), Commit, ());
    // canBan takes the clients along, by any committer; one without clients does not matter.
    let mut room = changes.clone().can(3, &[Cap::CAN_BAN]).room();
    accept(&mut room, &by("alice"), Proposal, set("bob", 1));
    allows(&room, &by("dave"), Commit, remove_client("bob", 1));
    changes.clone().inactive("erin", 2).allows(&by("alice"), Proposal, set("erin", 1));
    // Nor do they count as active in the meantime, where the banned may not be.
    let inactive =
        |role: &mut mimi_codec::room_policy::Role| role.maximum_active_participants_constraint = Some(0);
    changes.can(3, &[Cap::CAN_BAN]).edit(1, inactive).allows(&by("alice"), Proposal, set("bob", 1));
    // Nor does anybody stop the room by banning itself.
    let own = four().can(2, &[Cap::CAN_CHANGE_OWN_ROLE]).preauth(&[(&[], 1)]);
    assert_eq!(own.refuses(&by("bob"), Proposal, set("bob", 1)), left);
}

#[test]
fn a_commit_does_not_touch_what_was_accepted_again() {
    let mut room = ruled().room();
    accept(&mut room, &by("alice"), Proposal, set("bob", 4));
    let reason = Reason::SecondOperation(user("bob"));
    assert_eq!(refuses(&room, &by("alice"), Commit, set("bob", 2)), (Some(0), reason.clone()));
    // The very change adds nothing, whichever party proposes it anew; twice is once too often.
    allows(&room, &by("alice"), Proposal, set("bob", 4));
    allows(&room, &by("alice"), Commit, [set("bob", 4).by(by("dave"))]);
    allows(&room, &by("dave"), Commit, [set("bob", 4).by(by("alice"))]);
    let twice = [set("bob", 4).by(by("alice")), set("bob", 4).into()];
    assert_eq!(refuses(&room, &by("dave"), Commit, twice), (Some(1), reason));
    assert_eq!(refuses(&room, &by("alice"), Commit, roles()), (Some(0), Reason::RolesBesideListChange));
    assert_eq!(refuses(&room, &by("alice"), Commit, preauth()), (Some(0), Reason::PreAuthBesideListChange));
    assert_eq!(refuses(&room, &by("alice"), Commit, Change::ReInit), (Some(0), Reason::ReInitBesideOthers));
    accept(&mut room, &by("dave"), Commit, ());
    allows(&room, &by("alice"), Commit, set("bob", 2));
}

#[test]
fn a_commit_names_the_client_operations_that_were_accepted() {
    let mut room = ruled().active("zoe", 3).room();
    accept(&mut room, &by("alice"), Proposal, remove_client("bob", 1));
    allows(&room, &by("dave"), Commit, [remove_client("bob", 1).by(by("alice"))]);
    allows(&room, &by("zoe"), Commit, remove_client("bob", 1));
    allows(&room, &by("dave"), Commit, [remove_client("bob", 1).by(by("zoe"))]);
    let twice = [remove_client("bob", 1).by(by("alice")), remove_client("bob", 1).into()];
    let second = (Some(1), Reason::SecondClientOperation(device("bob", 1)));
    assert_eq!(refuses(&room, &by("zoe"), Commit, twice), second);
    // Bob has not proposed it himself, so that it cannot be taken up from outside.
    let external = [remove_client("bob", 1).by(by("alice"))];
    assert_eq!(refuses(&room, &by("erin"), ExternalCommit, external), (None, Reason::ProposalsWait));

    accept(&mut room, &by("alice"), Proposal, add_client("alice", 2));
    allows(&room, &by("dave"), Commit, [add_client("alice", 2).by(by("alice"))]);
    let anothers = Change::AddClient { user: user("carol"), client: device("alice", 2) };
    let second = (Some(0), Reason::SecondClientOperation(device("alice", 2)));
    assert_eq!(refuses(&room, &by("dave"), Commit, [anothers.by(by("alice"))]), second);
}

fn other_preauth() -> Change {
    Change::UpdatePreAuth(PreAuthData {
        preauthorized_entries: vec![PreAuthRoleEntry { claimset: vec![], target_role: 2 }],
    })
}

#[test]
fn new_preauthorization_holds_from_the_next_commit_on() {
    let mut room = ruled().can(2, &[Cap::CAN_JOIN_IF_PREAUTHORIZED]).room();
    assert!(room.check(&by("erin"), ExternalCommit, &[add("erin", 2).into()]).is_err());
    accept(&mut room, &by("alice"), Commit, other_preauth());
    let grants = allows(&room, &by("erin"), ExternalCommit, add("erin", 2));
    assert_eq!(grants[0].basis, Basis::PreAuthorization { entry: 0 });
}

/// An epoch has passed the proposals by, or their proposer is gone: the room goes on.
#[test]
fn what_waits_is_proposed_anew_by_the_hub_or_a_member_and_committed_by_any() {
    let scene = ruled().inactive("hub", 3);
    let changes = || [remove("bob"), remove_client("bob", 1)];
    for proposer in [by("alice"), by("carol"), server(&[])] {
        for committer in ["alice", "carol", "dave"] {
            let mut room = scene.room();
            accept(&mut room, &by("alice"), Proposal, changes());
            let anew = changes().map(|change| change.by(proposer.clone()));
            accept(&mut room, &by(committer), Commit, anew);
            assert!(!room.has_pending());
            let mut direct = scene.room();
            accept(&mut direct, &by("alice"), Commit, changes());
            assert_eq!(room.to_components(), direct.to_components());
        }
    }
    let mut room = scene.room();
    accept(&mut room, &by("alice"), Proposal, changes());
    accept(&mut room, &server(&[]), ExternalProposal, changes());
    accept(&mut room, &by("dave"), Commit, ());
    assert_eq!((room.role_of(&user("bob")), room.client_count()), (None, 3));
}

#[test]
fn an_external_commit_waits_for_what_was_accepted() {
    let scene = || ruled().can(0, &[Cap::CAN_OPEN_JOIN]).moves(0, 0, &[2]);
    let opened = scene().room();
    allows(&opened, &by("erin"), ExternalCommit, add("erin", 2));
    let waits = (None, Reason::ProposalsWait);
    for change in
        [set("bob", 4), roles(), name("n"), other_preauth(), Change::ReInit, remove_client("bob", 1)]
    {
        let mut room = scene().room();
        accept(&mut room, &by("alice"), Proposal, change);
        assert_eq!(refuses(&room, &by("erin"), ExternalCommit, add("erin", 2)), waits);
        room.withdraw_proposals();
        allows(&room, &by("erin"), ExternalCommit, add("erin", 2));
    }
    // What a client proposes for itself can be taken up, and has to be.
    let mut room = scene().can(2, &[Cap::CAN_REMOVE_OWN_CLIENT]).room();
    accept(&mut room, &by("bob"), Proposal, remove_client("bob", 1));
    assert_eq!(refuses(&room, &by("erin"), ExternalCommit, add("erin", 2)), waits);
    let taken = [add("erin", 2).into(), remove_client("bob", 1).by(by("bob"))];
    accept(&mut room, &by("erin"), ExternalCommit, taken);
    assert!(!room.has_pending());
}

/// Roles that no GroupContext has yet open no door.
#[test]
fn roles_that_wait_let_no_outsider_in() {
    let mut room = ruled().room();
    let mut opened = ruled().can(0, &[Cap::CAN_OPEN_JOIN]).moves(0, 0, &[4]).parts.roles;
    opened.roles.retain(|role| role.role_index != 9);
    accept(&mut room, &by("alice"), Proposal, Change::UpdateRoles(opened));
    assert_eq!(refuses(&room, &by("eve"), ExternalCommit, add("eve", 4)), (None, Reason::ProposalsWait));
    accept(&mut room, &by("dave"), Commit, ());
    allows(&room, &by("eve"), ExternalCommit, add("eve", 4));
}

#[test]
fn withdrawn_proposals_leave_the_room_of_the_last_commit() {
    let scene = || ruled().client("bob", 2);
    let lists: [Vec<Change>; 8] = [
        vec![add("erin", 2), add_client("erin", 1)],
        vec![remove("bob"), remove_client("bob", 1)],
        vec![set("bob", 1)],
        vec![remove_client("bob", 2), add_client("alice", 2)],
        vec![roles()],
        vec![other_preauth()],
        vec![name("n")],
        vec![base(|base| base.discoverable = true)],
    ];
    for list in lists {
        let (mut room, untouched) = (scene().room(), scene().room());
        let changes: Vec<ProposedChange> = list.iter().cloned().map(Into::into).collect();
        let plan = room.check(&by("alice"), Proposal, &changes).unwrap_or_else(|no| panic!("{no}: {list:?}"));
        room.apply(plan).unwrap();
        assert!(room.has_pending());
        let stale = room.check(&by("alice"), Commit, &[]).ok();
        room.withdraw_proposals();
        assert!(!room.has_pending());
        assert!(stale.is_none_or(|plan| room.apply(plan).is_err()));
        assert_eq!(room.to_components(), untouched.to_components());
        for who in ["alice", "bob", "carol", "dave", "erin"] {
            let (who, mut clients) = (user(who), Vec::new());
            clients.extend(room.clients_of(&who).cloned());
            clients.sort();
            let mut before: Vec<_> = untouched.clients_of(&who).cloned().collect();
            before.sort();
            assert_eq!(clients, before);
            assert_eq!(room.index_of(&who), untouched.index_of(&who));
        }
        for role in 0..5 {
            assert_eq!(room.count(role), untouched.count(role));
        }
        // Each can be proposed anew.
        let plan = room.check(&by("alice"), Proposal, &changes).unwrap();
        room.apply(plan).unwrap();
    }
}

#[test]
fn a_commit_names_the_updates_that_were_accepted_with_their_content() {
    let single = || base(|base| base.multi_device = false);
    for (component, accepted, other) in [
        (ComponentID::BASE_ROOM_POLICY, single(), base(|base| base.discoverable = true)),
        (ComponentID::PREAUTH_LIST, other_preauth(), preauth()),
        (ComponentID::ROOM_METADATA, name("n"), name("m")),
    ] {
        let mut room = ruled().room();
        accept(&mut room, &by("alice"), Proposal, accepted.clone());
        allows(&room, &by("dave"), Commit, [accepted.clone().by(by("alice"))]);
        let second = (Some(0), Reason::SecondUpdate(component));
        assert_eq!(refuses(&room, &by("alice"), Commit, other), second.clone());
        allows(&room, &by("dave"), Commit, [accepted.clone().by(by("carol"))]);
        let twice = [accepted.clone().by(by("alice")), accepted.into()];
        assert_eq!(refuses(&room, &by("dave"), Commit, twice), (Some(1), second.1));
    }
}

#[test]
fn accepted_updates_of_components_stand_in_the_next_commit() {
    let mut room = ruled().room();
    accept(&mut room, &by("alice"), Proposal, roles());
    allows(&room, &by("alice"), Proposal, roles());
    assert_eq!(refuses(&room, &by("alice"), Commit, set("bob", 4)), (Some(0), Reason::RolesBesideListChange));
    allows(&room, &by("dave"), Commit, [roles().by(by("alice"))]);
    let mut room = ruled().room();
    accept(&mut room, &by("alice"), Proposal, Change::ReInit);
    assert_eq!(refuses(&room, &by("alice"), Commit, name("n")), (Some(0), Reason::ReInitBesideOthers));
    allows(&room, &by("dave"), Commit, ());
    allows(&room, &by("dave"), Commit, [Change::ReInit.by(by("alice"))]);
}

#[test]
fn the_clients_of_an_accepted_addition_come_by_the_same_hand_or_the_users_own() {
    let mut room = ruled().can(2, &[Cap::CAN_ADD_OWN_CLIENT]).active("zoe", 3).room();
    accept(&mut room, &by("alice"), Proposal, add("erin", 2));
    allows(&room, &by("alice"), Commit, add_client("erin", 1));
    let reason = Reason::NotOwnClient(device("erin", 1));
    assert_eq!(refuses(&room, &by("zoe"), Commit, add_client("erin", 1)), (Some(0), reason.clone()));
    assert_eq!(refuses(&room, &by("erin"), ExternalCommit, ()), (None, Reason::ProposalsWait));
    accept(&mut room, &by("zoe"), Commit, ());
    allows(&room, &by("erin"), ExternalCommit, ());
    assert_eq!(refuses(&room, &by("alice"), Commit, add_client("erin", 1)), (Some(0), reason));
}

#[test]
fn what_this_party_accepted_and_wrote_down_is_taken_as_it_is() {
    let mut room = four().room();
    let plan = room.plan_restored(&log(by("bob"), &[set("carol", 3).into(), add("erin", 2).into()])).unwrap();
    room.apply(plan).unwrap();
    assert_eq!((room.role_of(&user("carol")), room.role_of(&user("erin"))), (Some(3), Some(2)));
    allows(&room, &by("dave"), Commit, [set("carol", 3).by(by("bob"))]);
    let plan = room.plan_restored(&log(by("dave"), &[add_client("dave", 2).into()]));
    assert!(plan.is_ok());
    let refused = |changes: &[mimi_policy::ProposedChange]| {
        room.plan_restored(&log(by("bob"), changes)).unwrap_err().reason
    };
    assert_eq!(refused(&[remove("frank").into()]), Reason::NotListed(user("frank")));
    assert_eq!(refused(&[add("dave", 2).into()]), Reason::AlreadyListed(user("dave")));
    assert_eq!(refused(&[set("dave", 0).into()]), Reason::RoleZero);
    assert_eq!(refused(&[add_client("frank", 1).into()]), Reason::ClientWithoutParticipant(user("frank")));
    assert_eq!(refused(&[add_client("dave", 1).into()]), Reason::ClientInGroup(device("dave", 1)));
    assert_eq!(refused(&[remove_client("dave", 2).into()]), Reason::NoSuchClient(device("dave", 2)));
    let logging = mimi_codec::code_points::ComponentID::LOGGING_POLICY;
    assert_eq!(refused(&[Change::ChangeComponent(logging).into()]), Reason::NoCapabilityFor(logging));
}

/// A restored room decides about what follows like the room that judged the proposals.
#[test]
fn what_was_restored_is_completed_like_what_was_decided_before() {
    let cases = [
        (add("erin", 2), by("alice"), add_client("erin", 1), "alice"),
        (remove("bob"), by("alice"), remove_client("bob", 1), "dave"),
        (set("bob", 1), by("alice"), remove_client("bob", 1), "dave"),
        (remove("bob"), by("bob"), remove_client("bob", 1), "dave"),
    ];
    for (change, proposer, completion, committer) in cases {
        let scene = ruled().can(2, &[Cap::CAN_REMOVE_SELF]).moves(2, 2, &[0]);
        let (mut judged, mut heard) = (scene.room(), scene.room());
        let own = matches!(change, Change::RemoveParticipant { .. }) && proposer == by("bob");
        let changes = if own { vec![change, remove_client("bob", 1)] } else { vec![change] };
        let changes: Vec<mimi_policy::ProposedChange> = changes.into_iter().map(Into::into).collect();
        let plan = judged.check(&proposer, Proposal, &changes).unwrap();
        judged.apply(plan).unwrap();
        let plan = heard.plan_restored(&log(proposer.clone(), &changes)).unwrap();
        heard.apply(plan).unwrap();
        let decide = |room: &RoomState| {
            let plan = room.check(&by(committer), Commit, &[completion.clone().into()]);
            plan.map(|plan| plan.grants().to_vec())
        };
        assert_eq!(decide(&judged), decide(&heard), "{changes:?}");
        assert!(decide(&judged).is_ok(), "{changes:?}");
    }
}

/// As many steps lead to another room, in whatever they differ.
#[test]
fn a_plan_is_for_the_room_that_it_was_made_for() {
    let steps = || {
        let removes = [remove("carol"), remove_client("carol", 1)];
        let singles: [Vec<Change>; 6] = [
            vec![name("n")],
            vec![name("m")],
            vec![roles()],
            vec![other_preauth()],
            vec![base(|base| base.discoverable = true)],
            vec![set("carol", 4)],
        ];
        singles.into_iter().chain([removes.to_vec()])
    };
    for (a, one) in steps().enumerate() {
        for (b, other) in steps().enumerate() {
            let after = |changes: Vec<Change>| {
                let mut room = ruled().room();
                let changes: Vec<mimi_policy::ProposedChange> = changes.into_iter().map(Into::into).collect();
                let plan = room.check(&by("alice"), Commit, &changes).unwrap();
                room.apply(plan).unwrap();
                room
            };
            let (one, mut other) = (after(one.clone()), after(other));
            let plan = one.check(&by("alice"), Commit, &[set("bob", 4).into()]).unwrap();
            assert_eq!(other.apply(plan).is_ok(), a == b, "{a} {b}");
        }
    }
}
