//! Groups, by who lets people in.

use alloc::vec;

use mimi_codec::room_policy::{BaseRoomPolicy, CapabilityType as C, RoleData};

use super::direct::{CONVERSATION, DESCRIBE_ROOM};
use super::{Limits, Preset, banned, open_ended_base, role};

const MEMBER: u32 = 2;
const ADMIN: u32 = 3;

/// What those who look after a group may do to others and to the room.
const ADMINISTER: &[C] = &[
    C::CAN_ADD_PARTICIPANT,
    C::CAN_REMOVE_PARTICIPANT,
    C::CAN_BAN,
    C::CAN_UNBAN,
    C::CAN_KICK,
    C::CAN_CHANGE_USER_ROLE,
    C::CAN_DELETE_OTHER_REACTION,
    C::CAN_DELETE_OTHER_MESSAGE,
    C::CAN_EDIT_OTHER_TOPIC,
    C::CAN_CHANGE_ROLE_DEFINITIONS,
    C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    C::CAN_DESTROY_ROOM,
    C::CAN_SEND_MLS_REINIT_PROPOSAL,
];

/// A group that anybody joins who isn't banned, and that can be found by searching. Admins look
/// after it.
///
/// ```
/// use mimi_codec::room_policy::CapabilityType;
///
/// let room = mimi_policy::preset::anyone_can_join();
/// assert_eq!(room.roles.roles[0].role_capabilities, [CapabilityType::CAN_OPEN_JOIN]);
/// ```
#[must_use]
pub fn anyone_can_join() -> Preset {
    let base = BaseRoomPolicy { discoverable: true, ..open_ended_base() };
    group(base, &[C::CAN_OPEN_JOIN], &[(0, &[MEMBER])], &[], &[(MEMBER, &[0])])
}

/// A group to which only admins add people.
///
/// ```
/// use mimi_codec::room_policy::CapabilityType;
///
/// let room = mimi_policy::preset::only_admins_add();
/// let may_add = |role: u32| {
///     let role = room.roles.roles.iter().find(|entry| entry.role_index == role);
///     role.is_some_and(|role| role.role_capabilities.contains(&CapabilityType::CAN_ADD_PARTICIPANT))
/// };
/// assert!(may_add(room.creator_role) && !may_add(room.participant_role));
/// ```
#[must_use]
pub fn only_admins_add() -> Preset {
    group(open_ended_base(), &[], &[], &[], &[(MEMBER, &[0])])
}

/// A group to which every member adds people, as members; admins look after it.
///
/// ```
/// use mimi_codec::room_policy::CapabilityType;
///
/// let room = mimi_policy::preset::any_member_adds();
/// let member = room.roles.roles.iter().find(|role| role.role_index == room.participant_role).unwrap();
/// assert!(member.role_capabilities.contains(&CapabilityType::CAN_ADD_PARTICIPANT));
/// assert!(!member.role_capabilities.contains(&CapabilityType::CAN_REMOVE_PARTICIPANT));
/// ```
#[must_use]
pub fn any_member_adds() -> Preset {
    group(open_ended_base(), &[], &[], &[C::CAN_ADD_PARTICIPANT], &[(0, &[MEMBER]), (MEMBER, &[0])])
}

fn group(
    base: BaseRoomPolicy,
    outsider: &[C],
    outsider_changes: &[(u32, &[u32])],
    member: &[C],
    member_changes: &[(u32, &[u32])],
) -> Preset {
    let leave: &[C] = &[C::CAN_REMOVE_SELF];
    let roles = RoleData {
        roles: vec![
            role(0, "no_role", &[outsider], Limits::NOBODY_ACTIVE, outsider_changes),
            banned(),
            role(MEMBER, "member", &[CONVERSATION, leave, member], Limits::NONE, member_changes),
            role(
                ADMIN,
                "admin",
                &[CONVERSATION, leave, DESCRIBE_ROOM, ADMINISTER],
                Limits::ONE_AT_LEAST,
                &[
                    (0, &[1, MEMBER, ADMIN]),
                    (1, &[0, MEMBER, ADMIN]),
                    (MEMBER, &[0, 1, ADMIN]),
                    (ADMIN, &[0, 1, MEMBER]),
                ],
            ),
        ],
    };
    Preset { base, roles, creator_role: ADMIN, participant_role: MEMBER }
}
