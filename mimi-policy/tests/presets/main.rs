//! The preset rooms: the draft's against its text, ours against what they are for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod draft;

use std::collections::BTreeMap;

use mimi_codec::room_policy::{CapabilityType as C, Role, RoleData};
use mimi_policy::preset::{
    self, ExampleRoom, Preset, any_member_adds, anyone_can_join, group_direct_message, one_to_one,
    only_admins_add,
};

use draft::RoleRow;

fn changes(role: &Role) -> String {
    let entry = |change: &mimi_codec::room_policy::SingleSourceRoleChangeTargets| {
        let targets: Vec<_> = change.target_role_indexes.iter().map(u32::to_string).collect();
        format!("({},[{}])", change.from_role_index, targets.join(","))
    };
    format!("[{}]", role.authorized_role_changes.iter().map(entry).collect::<Vec<_>>().join(","))
}

/// Per capability, the digits of the roles that have it.
fn who_may(roles: &RoleData) -> BTreeMap<&'static str, String> {
    let mut table = BTreeMap::new();
    for capability in roles.roles.iter().flat_map(|role| &role.role_capabilities) {
        let digit = |role: &Role| match role.role_capabilities.contains(capability) {
            true => role.role_index.to_string(),
            false => ".".to_owned(),
        };
        table.insert(capability.name().unwrap(), roles.roles.iter().map(digit).collect());
    }
    table
}

fn is_as_the_draft_has_it(room: ExampleRoom, roles: &[RoleRow], capabilities: &[(&'static str, &str)]) {
    let made = room.roles();
    let rows: Vec<_> = made
        .roles
        .iter()
        .map(|role| {
            let limits = (role.minimum_participants_constraint, role.maximum_participants_constraint);
            let active =
                (role.minimum_active_participants_constraint, role.maximum_active_participants_constraint);
            (role.role_index, role.role_name.clone(), limits, active, changes(role))
        })
        .collect();
    let expected: Vec<_> = roles
        .iter()
        .map(|&(index, name, limits, active, changes)| {
            (index, name.to_owned(), limits, active, changes.to_owned())
        })
        .collect();
    assert_eq!(rows, expected);
    let expected: BTreeMap<_, _> = capabilities.iter().map(|&(name, who)| (name, who.to_owned())).collect();
    assert_eq!(who_may(&made), expected);
    for role in &made.roles {
        let mut seen = role.role_capabilities.clone();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), role.role_capabilities.len(), "{} has a capability twice", role.role_name);
    }
}

#[test]
fn the_cooperative_room_is_the_drafts() {
    is_as_the_draft_has_it(
        ExampleRoom::Cooperative,
        draft::COOPERATIVE_ROLES,
        draft::COOPERATIVE_CAPABILITIES,
    );
}

#[test]
fn the_strict_room_is_the_drafts() {
    is_as_the_draft_has_it(ExampleRoom::Strict, draft::STRICT_ROLES, draft::STRICT_CAPABILITIES);
}

#[test]
fn the_moderated_room_is_the_drafts() {
    is_as_the_draft_has_it(ExampleRoom::Moderated, draft::MODERATED_ROLES, draft::MODERATED_CAPABILITIES);
}

#[test]
fn the_multi_organization_room_is_the_drafts() {
    is_as_the_draft_has_it(
        ExampleRoom::MultiOrganization,
        draft::MULTI_ORGANIZATION_ROLES,
        draft::MULTI_ORGANIZATION_CAPABILITIES,
    );
}

/// canGrantVoice and canRevokeVoice of the cooperative room have no number: its group_admin has 7
/// capabilities more than the ordinary_user, where the draft's text has 9.
#[test]
fn names_without_a_number_grant_nothing() {
    let roles = ExampleRoom::Cooperative.roles().roles;
    assert_eq!(roles[3].role_capabilities.len(), roles[2].role_capabilities.len() + 9 - 2);
    assert!(
        roles.iter().flat_map(|role| &role.role_capabilities).all(|capability| capability.is_registered())
    );
}

#[test]
fn the_speaker_includes_the_attendee_and_the_moderator_the_speaker() {
    let roles = ExampleRoom::Moderated.roles().roles;
    let includes = |more: usize, less: usize| {
        roles[less].role_capabilities.iter().all(|c| roles[more].role_capabilities.contains(c))
    };
    assert!(includes(4, 3) && includes(5, 4));
}

#[test]
fn the_multi_organization_enforcer_has_no_right_over_org_a_user() {
    let roles = ExampleRoom::MultiOrganization.roles().roles;
    assert!(roles[9].authorized_role_changes.iter().all(|change| change.from_role_index != 2));
}

#[test]
fn every_example_leads_back_from_its_name() {
    for room in ExampleRoom::ALL {
        assert_eq!(ExampleRoom::from_name(room.name()), Some(room));
    }
    assert_eq!(ExampleRoom::from_name("multi-organization"), None);
}

fn has(room: &Preset, role: u32, capability: C) -> bool {
    let role = room.roles.roles.iter().find(|entry| entry.role_index == role).unwrap();
    role.role_capabilities.contains(&capability)
}

fn moves(room: &Preset, role: u32) -> String {
    changes(room.roles.roles.iter().find(|entry| entry.role_index == role).unwrap())
}

/// Whatever changes who is on the participant list.
const OF_THE_LIST: [C; 8] = [
    C::CAN_ADD_PARTICIPANT,
    C::CAN_REMOVE_PARTICIPANT,
    C::CAN_OPEN_JOIN,
    C::CAN_JOIN_IF_PREAUTHORIZED,
    C::CAN_USE_JOIN_CODE,
    C::CAN_REMOVE_SELF,
    C::CAN_BAN,
    C::CAN_UNBAN,
];

#[test]
fn direct_messages_have_one_role_of_equals_that_never_changes() {
    for room in [one_to_one(), group_direct_message()] {
        assert!(room.base.fixed_membership && room.base.multi_device);
        assert_eq!((room.creator_role, room.participant_role), (2, 2));
        assert_eq!(room.roles.roles.iter().map(|role| role.role_index).collect::<Vec<_>>(), [0, 2]);
        for role in [0, 2] {
            assert!(OF_THE_LIST.iter().all(|&capability| !has(&room, role, capability)));
            assert!(!has(&room, role, C::CAN_CHANGE_USER_ROLE) && !has(&room, role, C::CAN_KICK));
            assert_eq!(moves(&room, role), "[]");
        }
        assert!(has(&room, 2, C::CAN_SEND_MESSAGE) && has(&room, 2, C::CAN_RECEIVE_MESSAGE));
        assert!(has(&room, 2, C::CAN_ADD_OWN_CLIENT) && has(&room, 2, C::CAN_REMOVE_OWN_CLIENT));
        assert!(room.roles.roles[0].role_capabilities.is_empty());
    }
    assert_eq!(one_to_one().base.max_users, Some(2));
    assert!(!has(&one_to_one(), 2, C::CAN_CHANGE_ROOM_NAME));
    assert_eq!(group_direct_message().base.max_users, None);
    assert!(has(&group_direct_message(), 2, C::CAN_CHANGE_ROOM_NAME));
}

#[test]
fn groups_differ_in_who_lets_people_in() {
    // Room, what an outsider may, what a member may, and their role changes.
    let groups = [
        (anyone_can_join(), vec![C::CAN_OPEN_JOIN], "[(0,[2])]", false, "[(2,[0])]", true),
        (only_admins_add(), vec![], "[]", false, "[(2,[0])]", false),
        (any_member_adds(), vec![], "[]", true, "[(0,[2]),(2,[0])]", false),
    ];
    for (room, outsider, outsider_moves, member_adds, member_moves, discoverable) in groups {
        assert!(!room.base.fixed_membership && room.base.persistent_room);
        assert_eq!(room.base.discoverable, discoverable);
        assert_eq!((room.creator_role, room.participant_role), (3, 2));
        assert_eq!(room.roles.roles[0].role_capabilities, outsider);
        assert_eq!(moves(&room, 0), outsider_moves);
        assert_eq!(has(&room, 2, C::CAN_ADD_PARTICIPANT), member_adds);
        assert_eq!(moves(&room, 2), member_moves);
        // A member does nothing to others; an admin does, and one always stays.
        for capability in
            [C::CAN_REMOVE_PARTICIPANT, C::CAN_BAN, C::CAN_UNBAN, C::CAN_KICK, C::CAN_CHANGE_USER_ROLE]
        {
            assert!(!has(&room, 2, capability) && has(&room, 3, capability));
        }
        assert!(has(&room, 2, C::CAN_REMOVE_SELF) && has(&room, 3, C::CAN_ADD_PARTICIPANT));
        assert_eq!(moves(&room, 3), "[(0,[1,2,3]),(1,[0,2,3]),(2,[0,1,3]),(3,[0,1,2])]");
        let [_, banned, _, admin] = &room.roles.roles[..] else { panic!("four roles") };
        assert_eq!((banned.role_name.as_str(), banned.role_capabilities.len()), ("banned", 0));
        assert_eq!(banned.maximum_active_participants_constraint, Some(0));
        assert_eq!(admin.minimum_participants_constraint, 1);
    }
}

#[test]
fn a_base_of_which_nothing_is_said_is_that_of_the_vector_format() {
    let base = preset::open_ended_base();
    assert_eq!((base.fixed_membership, base.parent_dependant, base.multi_device), (false, false, true));
    assert_eq!((base.max_clients, base.max_users, base.parent_room.is_none()), (None, None, true));
    assert_eq!((base.pseudonyms_allowed, base.persistent_room, base.discoverable), (true, true, false));
}
