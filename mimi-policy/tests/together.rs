//! What may share a commit, what the base policy asks of all users, and who may send what.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::code_points::ComponentID;
use mimi_policy::{
    Basis, Change, Defect, Form, ParentParticipants, ProposedChange, Reason, RoomState, TableSeed,
    receiving::{FanOutKind, Withheld},
};
use scene::*;

use Form::{Commit, ExternalCommit, ExternalProposal, Message, Proposal};

const fn invalid(defect: Defect) -> (Option<usize>, Reason) {
    (None, Reason::InvalidRoom(defect))
}

// What may share a commit

#[test]
fn refuses_two_operations_on_one_user() {
    let reason = Reason::SecondOperation(user("bob"));
    for pair in
        [[set("bob", 4), set("bob", 4)], [set("bob", 4), remove("bob")], [remove("bob"), add("bob", 2)]]
    {
        assert_eq!(ruled().refuses(&by("alice"), Commit, pair), (Some(1), reason.clone()));
    }
    let twice = [add("erin", 2), add("frank", 2), add("erin", 2)];
    assert_eq!(
        ruled().refuses(&by("alice"), Commit, twice),
        (Some(2), Reason::SecondOperation(user("erin")))
    );
    // Whatever stands between them, in whatever order.
    let between = [set("carol", 4), set("bob", 4), remove("carol")];
    assert_eq!(
        ruled().refuses(&by("alice"), Commit, between),
        (Some(2), Reason::SecondOperation(user("carol")))
    );
    let clients_last = [remove("carol"), remove("bob"), remove_client("carol", 1), remove_client("bob", 1)];
    ruled().allows(&by("alice"), Commit, clients_last);
    ruled().allows(&by("alice"), Commit, [remove_client("carol", 1), remove("carol")]);
    let others = [set("bob", 4), set("carol", 4), add("erin", 2), add("frank", 2)];
    ruled().allows(&by("alice"), Commit, others);
}

#[test]
fn refuses_two_operations_on_one_client() {
    let reason = Reason::SecondClientOperation(device("bob", 1));
    let twice = [remove_client("bob", 1), remove_client("bob", 1)];
    assert_eq!(ruled().refuses(&by("alice"), Commit, twice), (Some(1), reason));
    // The first is told, whatever the clients are called.
    let first = Reason::SecondClientOperation(device("carol", 1));
    let both = ["carol", "carol", "bob", "bob"].map(|user| remove_client(user, 1));
    assert_eq!(ruled().refuses(&by("alice"), Commit, both), (Some(1), first));
    let reason = Reason::SecondClientOperation(device("alice", 2));
    let twice = [add_client("alice", 2), add_client("alice", 2)];
    assert_eq!(ruled().refuses(&by("alice"), Commit, twice), (Some(1), reason));
    let reason = Reason::SecondClientOperation(device("bob", 1));
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_REMOVE_OWN_CLIENT]);
    let thrice = [remove_client("bob", 1), add_client("bob", 1), remove_client("bob", 1)];
    assert_eq!(scene.refuses(&by("bob"), ExternalCommit, thrice), (Some(2), reason));
}

#[test]
fn refuses_two_updates_of_one_component() {
    for (component, change) in [
        (ComponentID::ROOM_METADATA, name("n")),
        (ComponentID::ROLES_LIST, roles()),
        (ComponentID::PREAUTH_LIST, preauth()),
        (ComponentID::BASE_ROOM_POLICY, base(|_| ())),
    ] {
        let refused = ruled().refuses(&by("alice"), Commit, [change.clone(), change]);
        assert_eq!(refused, (Some(1), Reason::SecondUpdate(component)));
    }
    ruled().allows(&by("alice"), Commit, [name("n"), roles(), preauth(), base(|_| ())]);
}

#[test]
fn refuses_new_roles_beside_any_change_of_the_list() {
    for change in [add("erin", 2), set("bob", 4), remove("dave")] {
        let refused = ruled().refuses(&by("alice"), Commit, [change, roles()]);
        assert_eq!(refused, (Some(1), Reason::RolesBesideListChange));
    }
    ruled().allows(&by("alice"), Commit, [roles(), remove_client("bob", 1)]);
}

#[test]
fn refuses_new_preauthorization_beside_additions_and_role_changes() {
    for change in [add("erin", 2), set("bob", 4), set("bob", 1)] {
        let refused = ruled().refuses(&by("alice"), Commit, [preauth(), change]);
        assert_eq!(refused, (Some(0), Reason::PreAuthBesideListChange));
    }
    ruled().allows(&by("alice"), Commit, [preauth(), remove("bob"), remove_client("bob", 1)]);
}

#[test]
fn refuses_a_reinit_beside_anything() {
    for change in [name("n"), Change::ReInit, add_client("alice", 2)] {
        let refused = ruled().refuses(&by("alice"), Commit, [Change::ReInit, change]);
        assert_eq!(refused, (Some(0), Reason::ReInitBesideOthers));
    }
    let refused = ruled().refuses(&by_device("alice", 2), ExternalCommit, Change::ReInit);
    assert_eq!(refused, (Some(0), Reason::ReInitBesideOthers));
}

#[test]
fn limits_are_asked_of_the_state_after_all_changes() {
    // One comes, one goes: never three.
    let scene = ruled().edit(2, |role| {
        role.maximum_participants_constraint = Some(2);
        role.minimum_participants_constraint = 2;
    });
    scene.allows(&by("alice"), Commit, [set("bob", 4), add("erin", 2)]);
    scene.allows(&by("alice"), Commit, [add("erin", 2), remove("bob"), remove_client("bob", 1)]);
    let reason = Reason::BelowMinimum { role: 2, minimum: 2, participants: 1 };
    assert_eq!(scene.refuses(&by("alice"), Commit, set("bob", 4)), (None, reason));
}

#[test]
fn a_role_that_is_not_touched_never_refuses() {
    let broken = ruled()
        .edit(4, |role| role.minimum_participants_constraint = 9)
        .edit(2, |role| role.maximum_participants_constraint = Some(0));
    broken.allows(&by("alice"), Commit, add("erin", 3));
    // Minima are for those who go, maxima for those who come.
    broken.allows(&by("alice"), Commit, add("erin", 4));
    broken.allows(&by("alice"), Commit, set("bob", 3));
}

#[test]
fn limits_of_role_zero_are_never_asked() {
    let scene = ruled().edit(0, |role| {
        role.minimum_participants_constraint = 5;
        role.maximum_participants_constraint = Some(5);
    });
    scene.allows(&by("alice"), Commit, [add("erin", 2), remove("bob"), remove_client("bob", 1)]);
}

#[test]
fn one_refused_change_refuses_the_whole_commit() {
    let scene = four().can(3, &[Cap::CAN_CHANGE_USER_ROLE]).moves(3, 2, &[4]);
    let refused = scene.refuses(&by("alice"), Commit, [set("bob", 4), set("carol", 3)]);
    assert_eq!(refused, (Some(1), Reason::RoleChangeNotAuthorized { role: 3, from: 2, to: 3 }));
}

#[test]
fn rights_are_those_before_the_commit() {
    // Bob becomes an admin by the commit, and is none yet.
    let changes = [set("bob", 3).into(), set("carol", 4).by(by("bob"))];
    let reason = Reason::MissingCapability { role: 2, capability: Cap::CAN_CHANGE_USER_ROLE };
    assert_eq!(ruled().refuses(&by("alice"), Commit, changes), (Some(1), reason));
}

#[test]
fn a_commit_takes_up_others_proposals_with_their_rights() {
    ruled().allows(&by("dave"), Commit, [set("bob", 4).by(by("alice"))]);
    let reason = Reason::MissingCapability { role: 4, capability: Cap::CAN_CHANGE_USER_ROLE };
    assert_eq!(ruled().refuses(&by("alice"), Commit, [set("bob", 4).by(by("dave"))]), (Some(0), reason));
    let reason = Reason::NotAParticipant(user("erin"));
    assert_eq!(ruled().refuses(&by("alice"), Commit, [set("bob", 4).by(by("erin"))]), (Some(0), reason));
}

// The base policy

fn fixed() -> Scene {
    let mut scene = ruled().base(|base| base.fixed_membership = true);
    scene.role(3).role_capabilities.retain(|capability| *capability != Cap::CAN_ADD_PARTICIPANT);
    scene
}

#[test]
fn the_list_of_a_fixed_membership_room_does_not_change() {
    let scene = fixed()
        .can(2, &[Cap::CAN_REMOVE_SELF])
        .moves(2, 2, &[0])
        .can(0, &[Cap::CAN_OPEN_JOIN])
        .moves(0, 0, &[2]);
    let refused = (Some(0), Reason::FixedMembership);
    assert_eq!(scene.refuses(&by("alice"), Commit, add("erin", 2)), refused);
    assert_eq!(scene.refuses(&by("alice"), Commit, add("erin", 1)), refused);
    assert_eq!(scene.refuses(&by("alice"), Commit, [remove("bob"), remove_client("bob", 1)]), refused);
    assert_eq!(scene.refuses(&by("bob"), Proposal, [remove("bob"), remove_client("bob", 1)]), refused);
    assert_eq!(scene.refuses(&by("erin"), ExternalCommit, add("erin", 2)), refused);
}

#[test]
fn clients_and_roles_of_a_fixed_membership_room_do_change() {
    let scene = fixed().can(2, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_REMOVE_OWN_CLIENT]);
    scene.allows(&by("bob"), Commit, add_client("bob", 2));
    scene.allows(&by("bob"), Proposal, remove_client("bob", 1));
    scene.allows(&by("alice"), Commit, set("bob", 4));
    scene.allows(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
}

#[test]
fn a_room_becomes_fixed_only_if_no_role_adds() {
    let to_fixed = || base(|base| base.fixed_membership = true);
    assert_eq!(ruled().refuses(&by("alice"), Commit, to_fixed()), invalid(Defect::AddsToFixedMembership(3)));
    let mut scene = fixed();
    scene.parts.base = None;
    scene.allows(&by("alice"), Commit, to_fixed());
    let refused = fixed().refuses(&by("alice"), Commit, roles());
    assert_eq!(refused, invalid(Defect::AddsToFixedMembership(3)));
}

#[test]
fn max_users_counts_all_but_the_banned() {
    let scene = ruled().inactive("erin", 1).base(|base| base.max_users = Some(5));
    scene.allows(&by("alice"), Commit, add("frank", 2));
    let over = invalid(Defect::TooManyUsers { maximum: 5, users: 6 });
    assert_eq!(scene.refuses(&by("alice"), Commit, [add("frank", 2), add("grace", 2)]), over);
    assert_eq!(scene.refuses(&by("alice"), Commit, [add("frank", 2), set("erin", 2)]), over);
    scene.allows(&by("alice"), Commit, [add("frank", 2), add("grace", 1)]);
    let lower = base(|base| base.max_users = Some(3));
    assert_eq!(
        scene.refuses(&by("alice"), Commit, lower),
        invalid(Defect::TooManyUsers { maximum: 3, users: 4 })
    );
}

#[test]
fn max_clients_counts_the_leaves() {
    let scene = ruled().base(|base| base.max_clients = Some(5));
    scene.allows(&by("alice"), Commit, add_client("alice", 2));
    let refused = scene.refuses(&by("alice"), Commit, [add_client("alice", 2), add_client("alice", 3)]);
    assert_eq!(refused, invalid(Defect::TooManyClients { maximum: 5, clients: 6 }));
    scene.allows(
        &by("alice"),
        Commit,
        [add_client("alice", 2), add_client("alice", 3), remove_client("bob", 1)],
    );

    // A removed user's client is on its way out for proposals.
    let mut room = ruled().can(2, &[Cap::CAN_ADD_OWN_CLIENT]).base(|base| base.max_clients = Some(4)).room();
    accept(&mut room, &by("alice"), Proposal, remove("bob"));
    allows(&room, &by("carol"), Proposal, add_client("carol", 2));
}

#[test]
fn a_single_device_room_has_one_client_for_each_user() {
    let scene = ruled().base(|base| base.multi_device = false);
    let refused = scene.refuses(&by("alice"), Commit, add_client("alice", 2));
    assert_eq!(refused, invalid(Defect::SeveralClients(user("alice"))));
    scene.allows(&by_device("alice", 2), ExternalCommit, [remove_client("alice", 1), add_client("alice", 2)]);
    let two = ruled().client("bob", 2);
    let refused = two.refuses(&by("alice"), Commit, base(|base| base.multi_device = false));
    assert_eq!(refused, invalid(Defect::SeveralClients(user("bob"))));
    two.allows(&by("alice"), Commit, [base(|base| base.multi_device = false), remove_client("bob", 2)]);
    // Another user's only client is no answer to it.
    let changes = [base(|base| base.multi_device = false), remove_client("carol", 1)];
    assert_eq!(two.refuses(&by("alice"), Commit, changes), invalid(Defect::SeveralClients(user("bob"))));
}

#[test]
fn a_role_goes_once_no_user_has_it() {
    let mut without = ruled().parts.roles;
    without.roles.retain(|role| role.role_index != 4);
    for role in &mut without.roles {
        role.authorized_role_changes.retain(|change| change.from_role_index != 4);
        for change in &mut role.authorized_role_changes {
            change.target_role_indexes.retain(|target| *target != 4);
        }
    }
    let mut room = ruled().room();
    let new_roles = || Change::UpdateRoles(without.clone());
    let undefined = Defect::UndefinedRole { user: user("dave"), role: 4 };
    let held = (Some(0), Reason::InvalidRoom(undefined));
    assert_eq!(refuses(&room, &by("alice"), Commit, new_roles()), held);
    accept(&mut room, &by("alice"), Commit, [remove("dave"), remove_client("dave", 1)]);
    allows(&room, &by("alice"), Commit, new_roles());
}

fn child() -> Scene {
    ruled().parent(&["alice", "bob", "carol", "dave", "erin", "frank"]).base(|base| {
        base.parent_dependant = true;
        base.parent_room = mimi_codec::protocol::Uri::new("mimi://a.example/r/parent");
    })
}

#[test]
fn a_parent_dependent_room_has_some_of_its_parents_participants() {
    child().allows(&by("alice"), Commit, add("erin", 2));
    let refused = child().refuses(&by("alice"), Commit, add("grace", 2));
    assert_eq!(refused, invalid(Defect::NotInParent(user("grace"))));
    let refused = child().refuses(&by("alice"), Commit, [add("erin", 2), add("frank", 2)]);
    assert_eq!(refused, invalid(Defect::NotAStrictSubset));
}

#[test]
fn a_room_comes_to_depend_on_a_parent_with_all_its_users() {
    let depend = |parent: &str| {
        let parent = mimi_codec::protocol::Uri::new(parent);
        base(|base| {
            base.parent_dependant = true;
            base.parent_room = parent;
        })
    };
    let refused = ruled().refuses(&by("alice"), Commit, depend("mimi://a.example/r/parent"));
    assert_eq!(refused, invalid(Defect::UnknownParentRoom));
    let scene = ruled().parent(&["alice", "bob", "dave", "x", "y"]);
    let refused = scene.refuses(&by("alice"), Commit, depend("mimi://a.example/r/parent"));
    assert_eq!(refused, invalid(Defect::NotInParent(user("carol"))));
    let changes = [depend("mimi://a.example/r/parent"), remove("carol"), remove_client("carol", 1)];
    scene.allows(&by("alice"), Commit, changes);
    assert_eq!(scene.refuses(&by("alice"), Commit, depend("")), invalid(Defect::NoParentRoom));
    let refused = child().refuses(&by("alice"), Commit, depend("mimi://a.example/r/other"));
    assert_eq!(refused, invalid(Defect::UnknownParentRoom));
}

#[test]
fn a_temporary_room_is_gone_with_its_last_client() {
    let empty = scene().inactive("alice", 3).can(3, &[Cap::CAN_ADD_OWN_CLIENT]);
    empty.allows(&by("alice"), ExternalCommit, ());
    assert!(empty.room().outlives_its_group());
    let temporary = empty.base(|base| base.persistent_room = false);
    assert!(!temporary.room().outlives_its_group());
    for form in [ExternalCommit, ExternalProposal, Message] {
        assert_eq!(temporary.refuses(&by("alice"), form, ()), (None, Reason::RoomGone), "{form:?}");
    }
}

#[test]
fn a_search_shows_discoverable_rooms_alone() {
    assert!(!four().room().is_discoverable());
    assert!(four().base(|base| base.discoverable = true).room().is_discoverable());
}

// Who sends what

#[test]
fn a_member_without_capabilities_may_commit_what_needs_none() {
    for form in [Proposal, Commit] {
        assert!(four().allows(&by("bob"), form, ()).is_empty());
    }
}

#[test]
fn servers_propose_and_never_commit() {
    let staff = [claim("hub", "a")];
    let scene = ruled().preauth(&[(&staff, 3)]);
    scene.allows(&server(&staff), ExternalProposal, [remove("bob"), remove_client("bob", 1)]);
    scene.allows(
        &by("dave"),
        Commit,
        [remove("bob").by(server(&staff)), remove_client("bob", 1).by(server(&staff))],
    );
    for form in [Commit, ExternalCommit, Proposal, Message] {
        let reason = Reason::WrongSender { form };
        assert_eq!(scene.refuses(&server(&staff), form, ()), (None, reason));
    }
}

#[test]
fn a_server_acts_with_the_role_it_is_preauthorized_for_or_has_on_the_list() {
    let staff = [claim("hub", "a")];
    let remove = || [remove("bob"), remove_client("bob", 1)];
    let reason = Reason::NotPreAuthorized(user("hub"));
    assert_eq!(ruled().refuses(&server(&staff), ExternalProposal, remove()), (Some(0), reason.clone()));
    assert_eq!(ruled().refuses(&server(&staff), ExternalProposal, ()), (None, reason.clone()));
    let elsewhere = ruled().preauth(&[(&staff, 9)]);
    assert_eq!(elsewhere.refuses(&server(&staff), ExternalProposal, remove()), (Some(0), reason));
    let first = ruled().preauth(&[(&staff, 4), (&staff, 3)]);
    let lacks = Reason::MissingCapability { role: 4, capability: Cap::CAN_REMOVE_PARTICIPANT };
    assert_eq!(first.refuses(&server(&staff), ExternalProposal, remove()), (Some(0), lacks));
    ruled().inactive("hub", 3).allows(&server(&[]), ExternalProposal, remove());
}

#[test]
fn operational_parameters_close_the_room_to_the_outside() {
    use mimi_codec::{Encode, extensions::ComponentData, room_policy::*};
    let none = || ExtendedCapabilities {
        versions: vec![],
        cipher_suites: vec![],
        extensions: vec![],
        proposals: vec![],
        credentials: vec![],
        wire_formats: vec![],
        component_ids: vec![],
        safe_aad_types: vec![],
        media_types: vec![],
        content_types: vec![],
    };
    let time = || MinDefaultMaxTime { minimum_time: 0, default_time: 0, maximum_time: 0 };
    let parameters = OperationalParameters {
        mandatory_capabilities: none(),
        default_capabilities: none(),
        forbidden_capabilities: none(),
        handshake_formats: vec![],
        external_proposal_allowed: false,
        external_commit_allowed: false,
        pending_proposal_policy: PendingProposalPolicy::Unspecified {},
        leaf_node_update_time: time(),
        app_message_policy: AppMessagePolicy {
            epoch_tolerance: 0,
            pad_to_size: 0,
            max_generations_skipahead: 0,
        },
        max_kp_lifetime: 0,
        max_credential_lifetime: 0,
        resumption_psk_lifetime: 0,
        sender_nonce_keypair_lifetime: time(),
        max_keypairs: 0,
        buffer_incoming_message_time: time(),
        max_buffered_messages: 0,
    };
    let mut scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT]);
    scene.parts.other.push(ComponentData {
        component_id: ComponentID::MLS_OPERATIONAL_POLICY,
        data: parameters.to_bytes().unwrap().into(),
    });
    assert_eq!(
        scene.refuses(&by_device("bob", 2), ExternalCommit, ()),
        (None, Reason::ExternalCommitsForbidden)
    );
    let refused = scene.refuses(&by_device("bob", 2), ExternalProposal, add_client("bob", 2));
    assert_eq!(refused, (None, Reason::ExternalProposalsForbidden));
    assert_eq!(scene.refuses(&server(&[]), ExternalProposal, ()), (None, Reason::ExternalProposalsForbidden));
}

#[test]
fn an_external_commit_takes_up_self_removals_and_nothing_else() {
    let scene =
        four().can(2, &[Cap::CAN_REMOVE_OWN_CLIENT, Cap::CAN_ADD_OWN_CLIENT]).can(3, &[Cap::CAN_KICK]);
    scene.allows(&by_device("bob", 2), ExternalCommit, [remove_client("carol", 1).by(by("carol"))]);
    let reason = Reason::NotInThisForm { form: Proposal };
    let refused =
        scene.refuses(&by_device("bob", 2), ExternalCommit, [remove_client("carol", 1).by(by("alice"))]);
    assert_eq!(refused, (Some(0), reason));
}

#[test]
fn from_outside_a_client_proposes_its_own_leaf_alone() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_ADD_PARTICIPANT]).moves(2, 0, &[2]);
    let outside = by_device("bob", 2);
    scene.allows(&outside, ExternalProposal, add_client("bob", 2));
    let refused = (Some(0), Reason::NotInThisForm { form: ExternalProposal });
    let as_carols = Change::AddClient { user: user("carol"), client: device("bob", 2) };
    for other in [add_client("bob", 3), as_carols, add("erin", 2), remove_client("bob", 1), Change::ReInit] {
        assert_eq!(scene.refuses(&outside, ExternalProposal, other), refused);
    }
}

#[test]
fn no_user_joins_by_reinitializing() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_SEND_MLS_REINIT_PROPOSAL]);
    let refused = scene.refuses(&by_device("bob", 2), ExternalCommit, Change::ReInit);
    assert_eq!(refused.1, Reason::ReInitBesideOthers);
}

#[test]
fn an_external_commit_takes_up_self_removals_that_were_accepted() {
    let scene =
        four().can(2, &[Cap::CAN_REMOVE_OWN_CLIENT, Cap::CAN_ADD_OWN_CLIENT]).can(3, &[Cap::CAN_KICK]);
    let mut room = scene.client("carol", 2).room();
    accept(&mut room, &by_device("carol", 2), Proposal, remove_client("carol", 2));
    let own = remove_client("carol", 2).by(by_device("carol", 2));
    let grants = allows(&room, &by_device("bob", 2), ExternalCommit, [own]);
    assert_eq!(grants[0].basis, Basis::Accepted);
    // Not as another user's, nor what is no self-removal.
    for other in [remove_client("carol", 2).by(by("carol")), remove_client("carol", 2).by(by("alice"))] {
        assert!(room.check(&by_device("bob", 2), ExternalCommit, &[other]).is_err());
    }
}

// Invalid rooms

#[test]
fn refuses_invalid_rooms_with_every_reason() {
    let defects = |scene: Scene| match RoomState::new(scene.parts, TableSeed::known()) {
        Ok(_) => vec![],
        Err(invalid) => invalid.defects().to_vec(),
    };
    assert_eq!(defects(four()), []);
    let mut twice = four();
    twice.parts.roles.roles.push(role(4, "again"));
    assert_eq!(defects(twice), [Defect::DuplicateRole(4)]);
    assert_eq!(defects(four().inactive("bob", 3)), [Defect::DuplicateParticipant(user("bob"))]);
    assert_eq!(defects(four().inactive("erin", 0)), [Defect::ParticipantInRoleZero(user("erin"))]);
    assert_eq!(defects(four().inactive("erin", 9)), [Defect::UndefinedRole { user: user("erin"), role: 9 }]);
    let limits = four().edit(2, |role| {
        role.minimum_participants_constraint = 3;
        role.maximum_participants_constraint = Some(2);
        role.minimum_active_participants_constraint = 1;
        role.maximum_active_participants_constraint = Some(0);
    });
    assert_eq!(defects(limits), [Defect::MinimumAboveMaximum(2), Defect::MinimumActiveAboveMaximum(2)]);
    assert_eq!(defects(four().can(3, &[Cap::CAN_OPEN_JOIN])), [Defect::OpenJoinOutsideRoleZero(3)]);
    assert_eq!(defects(four().can(0, &[Cap::CAN_OPEN_JOIN])), []);
    let fixed = four().base(|base| base.fixed_membership = true);
    assert_eq!(
        defects(fixed.clone().can(2, &[Cap::CAN_ADD_PARTICIPANT])),
        [Defect::AddsToFixedMembership(2)]
    );
    assert_eq!(
        defects(fixed.clone().can(0, &[Cap::CAN_ADD_PARTICIPANT]).can(1, &[Cap::CAN_ADD_PARTICIPANT])),
        []
    );
    let unnamed = fixed.edit(1, |role| role.role_name = "x".into()).can(1, &[Cap::CAN_ADD_PARTICIPANT]);
    assert_eq!(defects(unnamed), [Defect::AddsToFixedMembership(1)]);
    let defect = Defect::ClientOfUnlistedUser { user: user("erin"), client: device("erin", 1) };
    assert_eq!(defects(four().client("erin", 1)), [defect]);
    assert_eq!(defects(four().client("bob", 1)), [Defect::DuplicateClient(device("bob", 1))]);
    let single = four().client("bob", 2).base(|base| base.multi_device = false);
    assert_eq!(defects(single), [Defect::SeveralClients(user("bob"))]);
    let small = four().base(|base| base.max_users = Some(3));
    assert_eq!(defects(small.clone()), [Defect::TooManyUsers { maximum: 3, users: 4 }]);
    let small = four().base(|base| base.max_clients = Some(3));
    assert_eq!(defects(small), [Defect::TooManyClients { maximum: 3, clients: 4 }]);
    let orphan =
        four().parent(&["alice", "bob", "carol", "dave", "x"]).base(|base| base.parent_dependant = true);
    assert_eq!(defects(orphan), [Defect::NoParentRoom]);
    // Those who have left the parent have yet to be removed, and make no room invalid.
    assert_eq!(defects(child().inactive("grace", 2)), []);
    assert_eq!(defects(child().parent(&["alice", "bob", "carol", "dave"])), []);
}

#[test]
fn what_is_only_odd_is_no_defect() {
    let odd = four()
        .can(1, &[Cap::CAN_SEND_MESSAGE])
        .moves(2, 2, &[77])
        .edit(2, |role| role.maximum_active_participants_constraint = Some(99))
        .edit(4, |role| role.minimum_participants_constraint = 5)
        .preauth(&[(&[], 88)]);
    odd.room();
}

// Parent rooms

/// A child of a room that grace has left, as a hub loads it after a restart.
fn left_by_grace() -> Scene {
    child().active("grace", 2)
}

#[test]
fn a_user_who_left_the_parent_is_removed_by_the_hub_or_any_member() {
    let removal = || [remove("grace"), remove_client("grace", 1)];
    let fixed = || {
        left_by_grace().base(|base| base.fixed_membership = true).edit(3, |role| {
            role.role_capabilities.retain(|capability| *capability != Cap::CAN_ADD_PARTICIPANT);
        })
    };
    for scene in [left_by_grace(), fixed()] {
        let room = scene.room();
        assert_eq!(room.must_leave().collect::<Vec<_>>(), [&user("grace")]);
        // Dave and the hub have no right, and need none.
        let grants = allows(&room, &by("dave"), Commit, removal());
        assert_eq!((grants[0].basis, grants[0].capability), (Basis::LeftParent, None));
        assert_eq!(grants[1].basis, Basis::PartOf { change: Some(0) });
        for (actor, form) in [(server(&[]), ExternalProposal), (by("dave"), Proposal)] {
            let mut room = scene.room();
            accept(&mut room, &actor, form, remove("grace"));
            accept(&mut room, &by("carol"), Commit, remove_client("grace", 1));
            assert_eq!(room.must_leave().count(), 0);
        }
        allows(&scene.room(), &server(&[]), ExternalProposal, removal());
        let mut room = scene.room();
        accept(&mut room, &by("grace"), Proposal, removal());
        accept(&mut room, &by("dave"), Commit, ());
        // No one else is removed like that.
        let bob = [remove("bob"), remove_client("bob", 1)];
        assert!(scene.room().check(&by("dave"), Commit, &bob.map(Into::into)).is_err());
        let hub = refuses(&scene.room(), &server(&[]), ExternalProposal, remove("bob"));
        assert_eq!(hub, (Some(0), Reason::NotPreAuthorized(user("hub"))));
    }
}

#[test]
fn minimums_do_not_hold_a_user_who_left_the_parent() {
    let scene = left_by_grace().edit(2, |role| {
        role.minimum_participants_constraint = 3;
        role.minimum_active_participants_constraint = 3;
    });
    scene.allows(&by("dave"), Commit, [remove("grace"), remove_client("grace", 1)]);
}

#[test]
fn a_room_follows_its_parent() {
    let mut room = child().room();
    let stale = room.check(&by("alice"), Commit, &[add("erin", 2).into()]).unwrap();
    let mut parent =
        four().can(3, &[Cap::CAN_BAN, Cap::CAN_REMOVE_PARTICIPANT]).moves(3, 2, &[0, 1]).active("erin", 2);
    parent = parent.inactive("frank", 1).inactive("x", 2);
    let mut parent = parent.room();
    room.set_parent_participants(ParentParticipants::of(&parent));
    assert!(room.apply(stale).is_err());
    assert_eq!(room.must_leave().count(), 0);
    allows(&room, &by("alice"), Commit, add("erin", 2));
    // Frank is banned in the parent, grace is not in it.
    for name in ["frank", "grace"] {
        let reason = Reason::InvalidRoom(Defect::NotInParent(user(name)));
        assert_eq!(refuses(&room, &by("alice"), Commit, add(name, 2)), (None, reason));
    }
    accept(&mut parent, &by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
    accept(&mut parent, &by("alice"), Commit, [remove("carol"), remove_client("carol", 1)]);
    room.set_parent_participants(ParentParticipants::of(&parent));
    assert_eq!(room.must_leave().collect::<Vec<_>>(), [&user("bob"), &user("carol")]);
    // The room goes on in the meantime.
    allows(&room, &by("alice"), Commit, set("dave", 2));
    accept(&mut room, &by("dave"), Commit, [remove("bob"), remove_client("bob", 1)]);
    assert_eq!(room.must_leave().collect::<Vec<_>>(), [&user("carol")]);
}

#[test]
fn a_hub_that_does_not_know_the_parent_yet_loads_the_room_and_adds_no_user() {
    let mut scene = child();
    scene.parts.parent_participants = None;
    let room = scene.room();
    assert_eq!(room.must_leave().count(), 0);
    let unknown = Reason::InvalidRoom(Defect::UnknownParentRoom);
    assert_eq!(refuses(&room, &by("alice"), Commit, add("erin", 2)), (None, unknown));
    allows(&room, &by("alice"), Commit, set("bob", 4));
}

// Banned users

/// A room in which bob was banned while his client stayed.
fn bob_stayed() -> Scene {
    scene()
        .active("alice", 3)
        .active("bob", 1)
        .active("carol", 2)
        .can(1, &[Cap::CAN_SEND_MESSAGE, Cap::CAN_RECEIVE_MESSAGE, Cap::CAN_ADD_OWN_CLIENT])
        .can(2, &[Cap::CAN_RECEIVE_MESSAGE])
}

#[test]
fn a_banned_user_is_cut_off_while_its_clients_are_still_in_the_group() {
    let room = bob_stayed().room();
    let cut_off = || (None, Reason::CutOff(user("bob")));
    for form in [Commit, Proposal, Message] {
        assert_eq!(refuses(&room, &by("bob"), form, ()), cut_off());
    }
    assert_eq!(refuses(&room, &by_device("bob", 2), ExternalCommit, ()), cut_off());
    let again = (Some(0), Reason::CutOff(user("bob")));
    assert_eq!(refuses(&room, &by("bob"), Proposal, add_client("bob", 2)), again);
    assert_eq!(refuses(&room, &by("alice"), Commit, [name("n").by(by("bob"))]), again);
    let refusal = room.check_message_of(&user("bob"), &[]).unwrap_err();
    assert_eq!(refusal.reason, Reason::CutOff(user("bob")));
    let withheld = room.check_fan_out(FanOutKind::ApplicationMessage, &user("bob"));
    assert_eq!(withheld, Err(Withheld::CutOff));
    assert_eq!(room.recipients().collect::<Vec<_>>(), [&user("carol")]);
    // Its clients may leave, and any member or the hub removes them.
    for (actor, form) in [(by("bob"), Proposal), (by("carol"), Commit), (server(&[]), ExternalProposal)] {
        let grants = allows(&room, &actor, form, remove_client("bob", 1));
        assert_eq!((grants[0].basis, grants[0].capability), (Basis::Banned, None));
    }
}

#[test]
fn new_roles_that_make_role_1_the_banned_one_take_its_holders_clients_along() {
    let scene = bob_stayed().can(3, &[Cap::CAN_CHANGE_ROLE_DEFINITIONS]);
    let banning = Change::UpdateRoles(scene.parts.roles.clone());
    let renamed = scene.edit(1, |role| role.role_name = "visitor".into());
    for form in [Commit, Proposal] {
        let refused = renamed.refuses(&by("alice"), form, banning.clone());
        assert_eq!(refused, (Some(0), Reason::ClientsOfBanned(user("bob"))));
        let grants = renamed.allows(&by("alice"), form, [banning.clone(), remove_client("bob", 1)]);
        assert_eq!(grants[1].basis, Basis::PartOf { change: Some(0) });
    }
    // The clients of others don't go with it.
    let others = [banning, remove_client("bob", 1), remove_client("carol", 1)];
    let lacks = Reason::MissingCapability { role: 3, capability: Cap::CAN_KICK };
    assert_eq!(renamed.refuses(&by("alice"), Commit, others), (Some(2), lacks));
}

#[test]
fn a_holder_of_role_1_does_not_come_with_roles_that_make_it_the_banned_one() {
    let scene = scene()
        .active("alice", 3)
        .inactive("bob", 1)
        .can(1, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_CHANGE_ROLE_DEFINITIONS]);
    let banning = Change::UpdateRoles(scene.parts.roles.clone());
    let renamed = scene.edit(1, |role| role.role_name = "visitor".into());
    let comes = [add_client("bob", 1), banning];
    let refused = renamed.refuses(&by("bob"), ExternalCommit, comes);
    assert_eq!(refused, (Some(1), Reason::ClientsOfBanned(user("bob"))));
    // Without such roles it may come.
    renamed.allows(&by("bob"), ExternalCommit, add_client("bob", 1));
}

// What a refusal concerns

#[test]
fn a_refusal_names_every_change_that_it_concerns() {
    let refused = |scene: &Scene, changes: &[Change]| {
        let changes: Vec<ProposedChange> = changes.iter().cloned().map(Into::into).collect();
        scene.room().check(&by("alice"), Commit, &changes).unwrap_err().changes()
    };
    let scene = four().can(3, &[Cap::CAN_KICK]);
    assert_eq!(refused(&scene, &[name("n"), remove_client("bob", 1), set("bob", 4), roles()]), [2, 3]);
    assert_eq!(refused(&scene, &[name("n"), remove_client("bob", 1), add("erin", 2)]), [0, 2]);
    assert_eq!(refused(&scene, &[set("bob", 4), name("n"), set("bob", 3)]), [0, 2]);
    assert_eq!(refused(&scene, &[name("n"), name("m")]), [0, 1]);
}

#[test]
fn the_last_participant_of_a_provider_is_reported() {
    let scene = ruled()
        .active("mimi://b.example/u/bob", 2)
        .inactive("mimi://b.example/u/ben", 2)
        .inactive("mimi://c.example/u/cy", 2);
    let departed = |changes: &[Change]| {
        let changes: Vec<ProposedChange> = changes.iter().cloned().map(Into::into).collect();
        let plan = scene.room().check(&by("alice"), Commit, &changes).unwrap();
        plan.departed_providers().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let bob = || [remove("mimi://b.example/u/bob"), remove_client("mimi://b.example/u/bob", 1)];
    let (ben, cy) = (remove("mimi://b.example/u/ben"), remove("mimi://c.example/u/cy"));
    assert_eq!(departed(&bob()), [""; 0]);
    assert_eq!(departed(std::slice::from_ref(&cy)), ["c.example"]);
    let all = [&bob()[..], &[ben, cy]].concat();
    assert_eq!(departed(&all), ["b.example", "c.example"]);
    let replaced = [&all[..], &[add("mimi://c.example/u/cat", 2)]].concat();
    assert_eq!(departed(&replaced), ["b.example"]);
}

#[test]
fn a_limit_names_the_changes_that_exceed_it() {
    let refused = |scene: &Scene, changes: &[Change]| {
        let changes: Vec<ProposedChange> = changes.iter().cloned().map(Into::into).collect();
        let refusal = scene.room().check(&by("alice"), Commit, &changes).unwrap_err();
        (refusal.reason.clone(), refusal.change, refusal.changes())
    };
    let ruled = || ruled().active("erin", 4);
    // Of roles: a user who leaves a minimum, and a user who comes to a maximum.
    let full = ruled().edit(4, |role| {
        role.minimum_participants_constraint = 1;
        role.maximum_participants_constraint = Some(3);
    });
    let (reason, first, all) =
        refused(&full, &[name("n"), set("dave", 2), set("bob", 3), remove("erin"), remove_client("erin", 1)]);
    assert_eq!(reason, Reason::BelowMinimum { role: 4, minimum: 1, participants: 0 });
    assert_eq!((first, all), (None, vec![1, 3, 4]));
    let (reason, _, all) = refused(&full, &[add("frank", 4), name("n"), add("grace", 2), set("bob", 4)]);
    assert_eq!(reason, Reason::AboveMaximum { role: 4, maximum: 3, participants: 4 });
    assert_eq!(all, [0, 3]);
    let active = ruled().edit(4, |role| {
        role.minimum_active_participants_constraint = 2;
        role.maximum_active_participants_constraint = Some(2);
    });
    let (reason, _, all) = refused(&active, &[set("bob", 3), remove_client("erin", 1)]);
    assert_eq!(reason, Reason::BelowMinimumActive { role: 4, minimum: 2, active: 1 });
    assert_eq!(all, [1]);
    let (reason, _, all) = refused(&active, &[add("frank", 4), name("n"), add_client("frank", 1)]);
    assert_eq!(reason, Reason::AboveMaximumActive { role: 4, maximum: 2, active: 3 });
    assert_eq!(all, [0, 2]);
    // Of the room.
    let invalid = Reason::InvalidRoom;
    let few = ruled().base(|base| base.max_users = Some(6));
    let (reason, _, all) = refused(&few, &[set("bob", 4), add("frank", 2), name("n"), add("grace", 2)]);
    assert_eq!((reason, all), (invalid(Defect::TooManyUsers { maximum: 6, users: 7 }), vec![1, 3]));
    let smaller = base(|base| base.max_users = Some(4));
    let (reason, _, all) = refused(&ruled(), &[name("n"), smaller]);
    assert_eq!((reason, all), (invalid(Defect::TooManyUsers { maximum: 4, users: 5 }), vec![1]));
    let few = ruled().base(|base| base.max_clients = Some(5));
    let (reason, _, all) = refused(&few, &[set("bob", 4), add("frank", 2), add_client("frank", 1)]);
    assert_eq!((reason, all), (invalid(Defect::TooManyClients { maximum: 5, clients: 6 }), vec![1, 2]));
    let one = ruled().base(|base| base.multi_device = false);
    let (reason, _, all) =
        refused(&one, &[name("n"), add("frank", 2), add_client("frank", 1), add_client("frank", 2)]);
    assert_eq!((reason, all), (invalid(Defect::SeveralClients(user("frank"))), vec![1, 2, 3]));
    let parent = |parent: &[&str]| {
        let depend = |base: &mut mimi_codec::room_policy::BaseRoomPolicy| {
            base.parent_dependant = true;
            base.parent_room = mimi_codec::protocol::Uri::new("mimi://a.example/r/parent");
        };
        ruled().base(depend).parent(parent)
    };
    let all_five = ["alice", "bob", "carol", "dave", "erin"];
    let six = [&all_five[..], &["frank"]].concat();
    let (reason, _, all) = refused(&parent(&six), &[name("n"), add("frank", 2)]);
    assert_eq!((reason, all), (invalid(Defect::NotAStrictSubset), vec![1]));
    let (reason, _, all) = refused(&parent(&six), &[name("n"), set("bob", 4), add("grace", 2)]);
    assert_eq!((reason, all), (invalid(Defect::NotInParent(user("grace"))), vec![2]));
}
