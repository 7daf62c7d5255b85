//! Each capability and each of its conditions: what is allowed, and what is refused for that cause
//! alone (mimi-room-policy-04 §8).
//!
//! The scenes are the vectors' of kind `policy`. Those told here have no vector, mostly because
//! they are one step beside a scene that has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use std::fs;
use std::sync::LazyLock;

use mimi_codec::{
    code_points::{ComponentID, CredentialType},
    protocol::{RoomMetaData, Uri},
    room_policy::RoleData,
};
use mimi_policy::json::{PolicyCase, PolicyDocument, PolicyForm, WhyRefused};
use mimi_policy::{Actor, Basis, Change, Defect, Form, Grant, JoinCode, Reason};
use scene::*;

use Form::{Commit, ExternalCommit, ExternalProposal, Message, Proposal};

const fn lacks(role: u32, capability: Cap) -> Reason {
    Reason::MissingCapability { role, capability }
}

const fn not_authorized(role: u32, from: u32, to: u32) -> Reason {
    Reason::RoleChangeNotAuthorized { role, from, to }
}

// The vectors

fn vectors() -> &'static [PolicyCase] {
    static VECTORS: LazyLock<PolicyDocument> = LazyLock::new(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/vectors/policy.json");
        PolicyDocument::parse(&fs::read_to_string(path).unwrap()).unwrap()
    });
    VECTORS.cases()
}

/// The grants of a case that makes a plan, which leaves a room that could be built anew.
fn decide(case: &PolicyCase) -> Result<Vec<Grant>, WhyRefused> {
    let mut room = case.room.to_state()?;
    let plan = case.plan(&room)?;
    let grants = plan.grants().to_vec();
    room.apply(plan).unwrap();
    Ok(grants)
}

/// A case is decided by its capability, or refused at its place for its reason.
fn holds(case: &PolicyCase) {
    let name = case.name.as_deref().unwrap();
    let expect = case.expect.as_ref().unwrap();
    let decision = case.decide();
    assert_eq!(decision.is_allowed(), expect.allow, "{name}: {decision:?}");
    assert_eq!(decision.capability(), expect.capability, "{name}: {decision:?}");
    if case.form != PolicyForm::Use {
        let reason = decide(case).err().map(|why| why.to_string());
        assert_eq!(reason, expect.reason, "{name}");
    }
}

#[test]
fn each_vector_holds() {
    vectors().iter().for_each(holds);
}

/// The vectors of one capability hold, and there are some.
macro_rules! capabilities {
    ($($(#[$test:meta])* fn $name:ident() = $capability:literal;)*) => {
        $(
            $(#[$test])*
            fn $name() {
                let of_this = |case: &&PolicyCase| {
                    case.name.as_deref().is_some_and(|name| name.starts_with(concat!($capability, ": ")))
                };
                let cases: Vec<_> = vectors().iter().filter(of_this).collect();
                assert!(cases.len() >= 2);
                cases.into_iter().for_each(holds);
            }
        )*
    };
}

capabilities! {
    #[test]
    fn can_add_participant() = "canAddParticipant";

    #[test]
    fn can_add_own_client() = "canAddOwnClient";

    #[test]
    fn can_remove_own_client() = "canRemoveOwnClient";

    #[test]
    fn can_open_join() = "canOpenJoin";

    #[test]
    fn can_join_if_preauthorized() = "canJoinIfPreauthorized";

    #[test]
    fn can_use_join_code() = "canUseJoinCode";

    #[test]
    fn can_remove_participant() = "canRemoveParticipant";

    #[test]
    fn can_remove_self() = "canRemoveSelf";

    #[test]
    fn can_ban() = "canBan";

    #[test]
    fn can_unban() = "canUnBan";

    #[test]
    fn can_kick() = "canKick";

    #[test]
    fn can_change_user_role() = "canChangeUserRole";

    #[test]
    fn can_change_own_role() = "canChangeOwnRole";

    #[test]
    fn can_change_room_name() = "canChangeRoomName";

    #[test]
    fn can_change_room_description() = "canChangeRoomDescription";

    #[test]
    fn can_change_room_avatar() = "canChangeRoomAvatar";

    #[test]
    fn can_change_room_subject() = "canChangeRoomSubject";

    #[test]
    fn can_change_room_mood() = "canChangeRoomMood";

    #[test]
    fn can_change_role_definitions() = "canChangeRoleDefinitions";

    #[test]
    fn can_change_preauthorized_user_list() = "canChangePreauthorizedUserList";

    #[test]
    fn can_change_room_membership_style() = "canChangeRoomMembershipStyle";

    #[test]
    fn can_send_mls_reinit_proposal() = "canSendMLSReinitProposal";

    #[test]
    fn can_destroy_room() = "canDestroyRoom";

    #[test]
    fn can_send_message() = "canSendMessage";
}

/// The capabilities and roles that allow a vector, and why they do.
#[test]
fn grants_say_by_which_role_and_why() {
    let moved = |from, to| Basis::RoleChange { from, to };
    let part = Basis::PartOf { change: Some(0) };
    let first = Some(0);
    let expected: [(&str, &[_]); 17] = [
        (
            "canAddParticipant: adds another user with a client",
            &[(first, Some(Cap::CAN_ADD_PARTICIPANT), 3, moved(0, 2)), (Some(1), None, 3, part)],
        ),
        (
            "canAddOwnClient: by external commit",
            &[(None, Some(Cap::CAN_ADD_OWN_CLIENT), 2, Basis::CapabilityAlone)],
        ),
        (
            "canAddOwnClient: by external commit that names it",
            &[(first, Some(Cap::CAN_ADD_OWN_CLIENT), 2, Basis::CapabilityAlone)],
        ),
        (
            "canRemoveOwnClient: another client of the user commits",
            &[(first, Some(Cap::CAN_REMOVE_OWN_CLIENT), 2, Basis::CapabilityAlone)],
        ),
        (
            "canOpenJoin: joins by external commit",
            &[(first, Some(Cap::CAN_OPEN_JOIN), 0, moved(0, 2)), (None, None, 0, part)],
        ),
        (
            "canJoinIfPreauthorized: the first match",
            &[
                (first, Some(Cap::CAN_JOIN_IF_PREAUTHORIZED), 2, Basis::PreAuthorization { entry: 1 }),
                (None, None, 0, part),
            ],
        ),
        (
            "canJoinIfPreauthorized: all claims of the set, in any order",
            &[
                (first, Some(Cap::CAN_JOIN_IF_PREAUTHORIZED), 3, Basis::PreAuthorization { entry: 0 }),
                (None, None, 0, part),
            ],
        ),
        (
            "canUseJoinCode: a valid code",
            &[(first, Some(Cap::CAN_USE_JOIN_CODE), 0, moved(0, 2)), (None, None, 0, part)],
        ),
        (
            "canRemoveParticipant: removes another with all clients",
            &[(first, Some(Cap::CAN_REMOVE_PARTICIPANT), 3, moved(2, 0)), (Some(1), None, 3, part)],
        ),
        (
            "canRemoveSelf: another commits",
            &[(first, Some(Cap::CAN_REMOVE_SELF), 2, moved(2, 0)), (Some(1), None, 2, part)],
        ),
        (
            "canBan: bans another with all clients",
            &[(first, Some(Cap::CAN_BAN), 3, moved(2, 1)), (Some(1), None, 3, part)],
        ),
        ("canBan: a stranger in advance", &[(first, Some(Cap::CAN_BAN), 3, moved(0, 1))]),
        ("canUnBan: lifts a ban", &[(first, Some(Cap::CAN_UNBAN), 3, moved(1, 2))]),
        ("canKick: some clients", &[(first, Some(Cap::CAN_KICK), 3, Basis::CapabilityAlone)]),
        ("canChangeUserRole: moves another", &[(first, Some(Cap::CAN_CHANGE_USER_ROLE), 3, moved(2, 4))]),
        (
            "canChangeOwnRole: the first role that is not 0",
            &[(first, Some(Cap::CAN_CHANGE_OWN_ROLE), 2, Basis::PreAuthorization { entry: 1 })],
        ),
        ("canSendMessage: sends", &[(None, Some(Cap::CAN_SEND_MESSAGE), 2, Basis::CapabilityAlone)]),
    ];
    for (name, expected) in expected {
        let case = vectors().iter().find(|case| case.name.as_deref() == Some(name)).unwrap();
        let grants = decide(case).unwrap();
        let grants: Vec<_> =
            grants.iter().map(|grant| (grant.change, grant.capability, grant.role, grant.basis)).collect();
        assert_eq!(grants, expected, "{name}");
    }
}

// Additions

fn adding() -> Scene {
    four().can(3, &[Cap::CAN_ADD_PARTICIPANT]).moves(3, 0, &[2, 3])
}

#[test]
fn a_user_and_its_client_are_added_in_any_order() {
    adding().allows(&by("alice"), Proposal, [add("erin", 2), add_client("erin", 1)]);
    adding().allows(&by("alice"), Commit, [add_client("erin", 1), add("erin", 2)]);
    // Her client before her: it is refused for the same reason, and not because anybody is banned.
    let refused =
        four().moves(3, 0, &[2]).refuses(&by("alice"), Commit, [add_client("erin", 1), add("erin", 2)]);
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_ADD_PARTICIPANT)));
    let proposed = [add("erin", 2).by(by("bob")), add_client("erin", 1).by(by("bob"))];
    adding().can(2, &[Cap::CAN_ADD_PARTICIPANT]).moves(2, 0, &[2]).allows(&by("alice"), Commit, proposed);
}

#[test]
fn an_external_sender_does_not_add_itself() {
    let scene = adding().preauth(&[(&[claim("hub", "a")], 3)]);
    let refused = scene.refuses(&server(&[claim("hub", "a")]), ExternalProposal, add("hub", 2));
    assert_eq!(refused, (Some(0), Reason::NotInThisForm { form: ExternalProposal }));
}

// Clients

#[test]
fn a_proposal_adds_several_own_clients_and_an_outsider_none() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT]);
    scene.allows(&by("bob"), Proposal, [add_client("bob", 2), add_client("bob", 3)]);
    let refused = scene.refuses(&by("erin"), ExternalProposal, add_client("erin", 1));
    assert_eq!(refused, (None, Reason::NotAParticipant(user("erin"))));
}

#[test]
fn a_first_client_is_counted_at_the_maximum_of_active_participants_alone() {
    let scene = four().inactive("erin", 4).can(4, &[Cap::CAN_ADD_OWN_CLIENT]);
    let active = scene.clone().edit(4, |role| role.maximum_active_participants_constraint = Some(2));
    active.allows(&by("erin"), ExternalCommit, ());
    let all = scene.edit(4, |role| role.maximum_participants_constraint = Some(1));
    all.allows(&by("dave"), Commit, add_client("dave", 2));
}

#[test]
fn an_external_proposal_of_a_client_adds_that_client_and_nothing_else() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_REMOVE_OWN_CLIENT]);
    let reason = Reason::NotInThisForm { form: ExternalProposal };
    let outside = by_device("bob", 2);
    assert_eq!(scene.refuses(&outside, ExternalProposal, remove_client("bob", 1)), (Some(0), reason.clone()));
    assert_eq!(scene.refuses(&outside, ExternalProposal, ()), (None, reason));
}

#[test]
fn an_external_commit_removes_at_most_the_leaf_it_replaces() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_REMOVE_OWN_CLIENT, Cap::CAN_KICK]);
    scene.allows(&by("bob"), ExternalCommit, remove_client("bob", 1));
    let scene = scene.client("bob", 2);
    let reason = Reason::NotInThisForm { form: ExternalCommit };
    let both = [remove_client("bob", 1), remove_client("bob", 2)];
    assert_eq!(scene.refuses(&by_device("bob", 3), ExternalCommit, both), (Some(0), reason.clone()));
    let other = remove_client("carol", 1);
    assert_eq!(scene.refuses(&by_device("bob", 3), ExternalCommit, other), (Some(0), reason));
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

#[test]
fn a_kick_asks_for_no_minimum_of_all_participants() {
    let kicking = four().can(3, &[Cap::CAN_KICK]);
    let scene = kicking.clone().edit(2, |role| role.minimum_participants_constraint = 9);
    scene.allows(&by("alice"), Commit, remove_client("bob", 1));
    // Nor for that of active ones, while a client stays.
    let scene = kicking.client("bob", 2).edit(2, |role| role.minimum_active_participants_constraint = 2);
    scene.allows(&by("alice"), Commit, remove_client("bob", 1));
}

// Joining

#[test]
fn outsiders_join_by_external_commit_only() {
    let open = four().can(0, &[Cap::CAN_OPEN_JOIN]).moves(0, 0, &[1, 2]);
    for form in [Proposal, Commit] {
        let reason = Reason::NotAParticipant(user("erin"));
        assert_eq!(open.refuses(&by("erin"), form, add("erin", 2)), (None, reason), "{form:?}");
    }
    let refused = open.refuses(&by("erin"), ExternalCommit, add("erin", 1));
    assert_eq!(refused, (Some(0), Reason::ClientsOfBanned(user("erin"))));
}

fn preauthorized() -> Scene {
    let (staff, boss) = (claim("org", "a"), claim("rank", "boss"));
    four()
        .can(2, &[Cap::CAN_JOIN_IF_PREAUTHORIZED])
        .can(3, &[Cap::CAN_JOIN_IF_PREAUTHORIZED])
        .preauth(&[(&[staff.clone(), boss], 3), (&[staff], 2)])
}

#[test]
fn can_join_if_preauthorized_refuses_claims_that_differ_in_type_id_or_value() {
    let mut typed = claim("org", "a");
    typed.claim_id.credential_type = CredentialType::BASIC;
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
fn a_banned_user_does_not_rejoin_by_another_client() {
    let scene = preauthorized().inactive("erin", 1).can(1, &[Cap::CAN_ADD_OWN_CLIENT]);
    let staff = with("erin", &[claim("org", "a")]);
    let cut_off = (None, Reason::CutOff(user("erin")));
    assert_eq!(scene.refuses(&staff, ExternalCommit, ()), cut_off);
    assert_eq!(scene.refuses(&staff, ExternalProposal, add_client("erin", 1)), cut_off);
}

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

#[test]
fn a_user_on_the_list_uses_no_join_code() {
    let coded = four().can(0, &[Cap::CAN_USE_JOIN_CODE]).moves(0, 0, &[2]);
    let change = || code("bob", 2, JoinCode::Valid);
    let refused = coded.refuses(&by_device("bob", 2), ExternalCommit, change());
    assert_eq!(refused, (Some(0), Reason::AlreadyListed(user("bob"))));
    let refused = coded.refuses(&by("bob"), Commit, change());
    assert_eq!(refused, (Some(0), Reason::NotInThisForm { form: Commit }));
}

// Removals

#[test]
fn a_participant_without_clients_is_removed_and_one_client_is_not_enough() {
    let removing = four().can(3, &[Cap::CAN_REMOVE_PARTICIPANT]).moves(3, 2, &[0]);
    removing.clone().inactive("erin", 2).allows(&by("alice"), Commit, remove("erin"));
    let scene = removing.client("bob", 2);
    let refused = scene.refuses(&by("alice"), Commit, [remove("bob"), remove_client("bob", 1)]);
    assert_eq!(refused, (Some(0), Reason::ClientsLeftBehind(user("bob"))));
    let refused = scene.refuses(&by("alice"), Proposal, [remove("bob"), add_client("bob", 3)]);
    assert_eq!(refused, (Some(1), Reason::NotOwnClient(device("bob", 3))));
}

#[test]
fn the_clients_of_a_user_who_leaves_go_by_the_same_hand() {
    let scene = four().can(2, &[Cap::CAN_REMOVE_SELF]).moves(2, 2, &[0]).client("bob", 2);
    let changes =
        [remove("bob").by(by("bob")), remove_client("bob", 1).into(), remove_client("bob", 2).into()];
    assert_eq!(scene.refuses(&by("alice"), Commit, changes), (Some(1), lacks(3, Cap::CAN_KICK)));
}

// Bans

fn banning() -> Scene {
    four().can(3, &[Cap::CAN_BAN]).moves(3, 2, &[1])
}

#[test]
fn no_user_is_banned_while_role_1_is_not_named_banned() {
    for name in ["banned ", ""] {
        let scene = banning().edit(1, |role| role.role_name = name.into());
        let refused = scene.refuses(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
        assert_eq!(refused, (Some(0), Reason::NoBannedRole), "{name:?}");
    }
    let mut scene = banning();
    scene.parts.roles.roles.retain(|role| role.role_index != 1);
    assert_eq!(scene.refuses(&by("alice"), Commit, set("bob", 1)), (Some(0), Reason::UndefinedRole(1)));
}

#[test]
fn a_full_banned_role_protects_from_can_change_user_role_alone() {
    let full = |scene: Scene| scene.edit(1, |role| role.maximum_participants_constraint = Some(0));
    full(banning().moves(3, 0, &[1])).allows(&by("alice"), Commit, add("erin", 1));
    let scene = full(four().can(3, &[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_KICK]).moves(3, 2, &[1]));
    let refused = scene.refuses(&by("alice"), Commit, [set("bob", 1), remove_client("bob", 1)]);
    assert_eq!(refused, (None, Reason::AboveMaximum { role: 1, maximum: 0, participants: 1 }));
}

#[test]
fn can_ban_adds_no_user_to_another_role_and_can_unban_leads_to_another_role() {
    let refused = banning().moves(3, 0, &[1, 2]).refuses(&by("alice"), Commit, add("erin", 2));
    assert_eq!(refused, (Some(0), lacks(3, Cap::CAN_ADD_PARTICIPANT)));
    let scene = four().inactive("erin", 1).can(3, &[Cap::CAN_UNBAN]).moves(3, 1, &[1, 2]);
    assert_eq!(scene.refuses(&by("alice"), Commit, set("erin", 1)), (Some(0), lacks(3, Cap::CAN_BAN)));
}

// Roles

#[test]
fn can_change_user_role_bans_a_user_without_clients_and_keeps_no_role() {
    let changing = four().can(3, &[Cap::CAN_CHANGE_USER_ROLE]).moves(3, 2, &[1, 3]).inactive("frank", 2);
    changing.allows(&by("alice"), Commit, set("frank", 1));
    assert_eq!(changing.refuses(&by("alice"), Commit, set("bob", 2)), (Some(0), not_authorized(3, 2, 2)));
}

#[test]
fn can_change_own_role_works_by_proposal_and_does_not_ask_for_the_moves_of_the_role() {
    let scene = four()
        .can(2, &[Cap::CAN_CHANGE_OWN_ROLE])
        .moves(2, 2, &[3])
        .preauth(&[(&[claim("n", "0")], 0), (&[claim("org", "a")], 4)]);
    let actor = with("bob", &[claim("org", "a"), claim("n", "0")]);
    scene.allows(&actor, Proposal, set("bob", 4));
    let reason = Reason::NotPreAuthorizedFor { role: 3, first_match: Some(4) };
    assert_eq!(scene.refuses(&actor, Commit, set("bob", 3)), (Some(0), reason));
}

// Metadata and components

#[test]
fn metadata_needs_the_capability_for_every_field_that_differs_and_no_other() {
    let mut scene = four().can(2, &[Cap::CAN_CHANGE_ROOM_NAME, Cap::CAN_CHANGE_ROOM_MOOD]);
    scene.parts.metadata = Some(metadata("n", "", "", ""));
    let change = |name: &str, mood: &str| Change::UpdateMetadata(Box::new(metadata(name, "", "", mood)));
    assert_eq!(scene.allows(&by("bob"), Commit, change("other", "m")).len(), 2);
    assert_eq!(scene.allows(&by("dave"), Commit, change("n", ""))[0].basis, Basis::Unrestricted);
}

#[test]
fn the_rooms_uri_never_changes() {
    let mut scene = four();
    scene.parts.metadata = Some(metadata("n", "", "", ""));
    let parts = metadata("n", "", "", "").into_parts();
    let uri = Uri::new("mimi://a.example/r/y");
    let new = RoomMetaData::new(uri, parts.1, parts.2, parts.3, parts.4, parts.5).unwrap();
    let refused = scene.refuses(&by("bob"), Commit, Change::UpdateMetadata(Box::new(new)));
    assert_eq!(refused, (Some(0), Reason::RoomUriChanged));
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
    let other = Actor::client(uri("bob"), device("carol", 1));
    assert_eq!(scene.refuses(&other, Message, ()), (None, Reason::NotAMember(device("carol", 1))));
    assert_eq!(scene.refuses(&by("frank"), Message, ()), (None, Reason::NotAParticipant(user("frank"))));
    assert_eq!(
        scene.refuses(&by("bob"), Message, remove("bob")),
        (Some(0), Reason::NotInThisForm { form: Message })
    );
}
