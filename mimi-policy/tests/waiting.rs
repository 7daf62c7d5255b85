//! What counts before it is committed: proposals that the hub has accepted, and the commit that takes them up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::{
    code_points::ComponentID,
    room_policy::{PreAuthData, PreAuthRoleEntry},
};
use mimi_policy::{Basis, Change, Form, Reason, RoomState};
use scene::*;

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
fn whoever_was_removed_or_banned_may_only_leave() {
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
    // canBan takes the clients along, whoever commits; and who has none is no matter.
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
    assert_eq!(refuses(&room, &by("alice"), Proposal, set("bob", 4)), (Some(0), reason.clone()));
    // Another proposer's is not the accepted one.
    assert_eq!(refuses(&room, &by("alice"), Commit, [set("bob", 4).by(by("dave"))]), (Some(0), reason));
    allows(&room, &by("dave"), Commit, [set("bob", 4).by(by("alice"))]);
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
    let second = (Some(0), Reason::SecondClientOperation(device("bob", 1)));
    assert_eq!(refuses(&room, &by("zoe"), Commit, remove_client("bob", 1)), second);
    assert_eq!(refuses(&room, &by("dave"), Commit, [remove_client("bob", 1).by(by("zoe"))]), second);
    // Bob hasn't proposed it himself, so that nobody takes it up from outside.
    let external = [remove_client("bob", 1).by(by("alice"))];
    assert_eq!(refuses(&room, &by("erin"), ExternalCommit, external), second);

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

#[test]
fn what_was_accepted_is_named_with_the_client_or_server_that_proposed_it() {
    let scene = ruled().client("alice", 2).inactive("hub", 3).inactive("enforcer", 3);
    let second = (Some(0), Reason::SecondOperation(user("bob")));
    let mut room = scene.room();
    accept(&mut room, &by("alice"), Proposal, set("bob", 4));
    allows(&room, &by("dave"), Commit, [set("bob", 4).by(by("alice"))]);
    assert_eq!(refuses(&room, &by("dave"), Commit, [set("bob", 4).by(by_device("alice", 2))]), second);
    let mut room = scene.room();
    accept(&mut room, &server(&[]), ExternalProposal, [remove("bob"), remove_client("bob", 1)]);
    let listed = |by: mimi_policy::Actor| [remove("bob").by(by.clone()), remove_client("bob", 1).by(by)];
    allows(&room, &by("dave"), Commit, listed(server(&[])));
    // A client of the same name is not the server.
    assert_eq!(refuses(&room, &by("dave"), Commit, listed(by_device("hub", 1))), second);
    let other = mimi_policy::Actor::external_sender(uri("enforcer"), mimi_policy::Claims::none());
    assert_eq!(refuses(&room, &by("dave"), Commit, listed(other)), second);
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
        assert_eq!(refuses(&room, &by("alice"), Commit, other), second);
        assert_eq!(refuses(&room, &by("dave"), Commit, [accepted.by(by("carol"))]), second);
    }
}

#[test]
fn accepted_updates_of_components_stand_in_the_next_commit() {
    let mut room = ruled().room();
    accept(&mut room, &by("alice"), Proposal, roles());
    let second = Reason::SecondUpdate(ComponentID::ROLES_LIST);
    assert_eq!(refuses(&room, &by("alice"), Proposal, roles()), (Some(0), second));
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
    allows(&room, &by("erin"), ExternalCommit, ());
    accept(&mut room, &by("zoe"), Commit, ());
    assert_eq!(refuses(&room, &by("alice"), Commit, add_client("erin", 1)), (Some(0), reason));
}

#[test]
fn what_the_hub_says_it_accepted_is_taken_as_it_is() {
    let mut room = four().room();
    let plan = room.plan_accepted(&by("bob"), &[set("carol", 3).into(), add("erin", 2).into()]).unwrap();
    room.apply(plan).unwrap();
    assert_eq!((room.role_of(&user("carol")), room.role_of(&user("erin"))), (Some(3), Some(2)));
    allows(&room, &by("dave"), Commit, [set("carol", 3).by(by("bob"))]);
    let plan = room.plan_accepted(&by("dave"), &[add_client("dave", 2).into()]);
    assert!(plan.is_ok());
    let refused =
        |changes: &[mimi_policy::ProposedChange]| room.plan_accepted(&by("bob"), changes).unwrap_err().reason;
    assert_eq!(refused(&[remove("frank").into()]), Reason::NotListed(user("frank")));
    assert_eq!(refused(&[add("dave", 2).into()]), Reason::AlreadyListed(user("dave")));
    assert_eq!(refused(&[set("dave", 0).into()]), Reason::RoleZero);
    assert_eq!(refused(&[add_client("frank", 1).into()]), Reason::ClientWithoutParticipant(user("frank")));
    assert_eq!(refused(&[add_client("dave", 1).into()]), Reason::ClientInGroup(device("dave", 1)));
    assert_eq!(refused(&[remove_client("dave", 2).into()]), Reason::NoSuchClient(device("dave", 2)));
    let logging = mimi_codec::code_points::ComponentID::LOGGING_POLICY;
    assert_eq!(refused(&[Change::ChangeComponent(logging).into()]), Reason::NoCapabilityFor(logging));
}

/// Whoever hears of accepted proposals decides about what follows like the hub that judged them.
#[test]
fn what_the_hub_accepted_is_completed_like_what_was_decided_here() {
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
        let plan = heard.plan_accepted(&proposer, &changes).unwrap();
        heard.apply(plan).unwrap();
        let decide = |room: &RoomState| {
            let plan = room.check(&by(committer), Commit, &[completion.clone().into()]);
            plan.map(|plan| plan.grants().to_vec())
        };
        assert_eq!(decide(&judged), decide(&heard), "{changes:?}");
        assert_eq!(decide(&judged).is_ok(), !own, "{changes:?}");
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
