//! The roles of the clubhouse.

use mimi_codec::room_policy::{
    BaseRoomPolicy, CapabilityType as C, Role, RoleData, SingleSourceRoleChangeTargets,
};
use mimi_policy::preset::{ExampleRoom, open_ended_base};

/// Of the draft's cooperatively administered room.
pub const ORDINARY_USER: u32 = 2;
/// Of the draft's cooperatively administered room.
pub const GROUP_ADMIN: u32 = 3;
/// Of the draft's cooperatively administered room.
pub const SUPER_ADMIN: u32 = 4;
/// A user who joins by a code, talks, and adds no user.
pub const GUEST: u32 = 6;

/// The draft's cooperatively administered room, with guests.
#[must_use]
pub fn clubhouse() -> RoleData {
    let mut data = ExampleRoom::Cooperative.roles();
    for role in &mut data.roles {
        match role.role_index {
            // A user who has a code may come in as a guest.
            0 => {
                role.role_capabilities.push(C::CAN_USE_JOIN_CODE);
                allow(role, 0, &[GUEST]);
            }
            GROUP_ADMIN | SUPER_ADMIN => {
                role.role_capabilities.push(C::CAN_CREATE_JOIN_CODE);
                allow(role, 0, &[GUEST]);
                allow(role, GUEST, &[0, 1, ORDINARY_USER]);
                if role.role_index == SUPER_ADMIN {
                    role.role_capabilities.push(C::CAN_CHANGE_ROLE_DEFINITIONS);
                }
            }
            _ => {}
        }
    }
    data.roles.push(guest());
    data
}

fn guest() -> Role {
    let mut role = Role {
        role_index: GUEST,
        role_name: "guest".to_owned(),
        role_description: "Talks, and adds no user".to_owned(),
        role_capabilities: vec![
            C::CAN_ADD_OWN_CLIENT,
            C::CAN_REMOVE_OWN_CLIENT,
            C::CAN_REMOVE_SELF,
            C::CAN_SEND_MESSAGE,
            C::CAN_RECEIVE_MESSAGE,
            C::CAN_REPORT_ABUSE,
            C::CAN_REACT_TO_MESSAGE,
        ],
        minimum_participants_constraint: 0,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: Vec::new(),
    };
    allow(&mut role, GUEST, &[0]);
    role
}

fn allow(role: &mut Role, from_role_index: u32, targets: &[u32]) {
    let entry = role.authorized_role_changes.iter_mut().find(|it| it.from_role_index == from_role_index);
    match entry {
        Some(entry) => entry.target_role_indexes.extend_from_slice(targets),
        None => role
            .authorized_role_changes
            .push(SingleSourceRoleChangeTargets { from_role_index, target_role_indexes: targets.to_vec() }),
    }
}

/// Participants come and go, with several devices, under their own names.
#[must_use]
pub fn base() -> BaseRoomPolicy {
    BaseRoomPolicy { pseudonyms_allowed: false, ..open_ended_base() }
}
