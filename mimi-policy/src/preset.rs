//! Rooms to begin with: the four example rooms of mimi-room-policy, and those that the working
//! group's notes ask for.
//!
//! Everything here is plain [`RoleData`] and [`BaseRoomPolicy`]: a start, to be changed as one
//! likes before a room is made of it.

mod direct;
mod example;
mod joining;

pub use direct::{group_direct_message, one_to_one};
pub use example::ExampleRoom;
pub use joining::{any_member_adds, anyone_can_join, only_admins_add};

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::code_points::ComponentID;
use mimi_codec::protocol::Uri;
use mimi_codec::room_policy::{
    BaseRoomPolicy, CapabilityType, Role, RoleData, SingleSourceRoleChangeTargets,
};

/// The policy of a room that is about to be made, and which roles its first participants take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Its base policy.
    pub base: BaseRoomPolicy,
    /// Its roles.
    pub roles: RoleData,
    /// The role of the creator of the room.
    pub creator_role: u32,
    /// The role of all others.
    pub participant_role: u32,
}

/// The base policy of a room of which nothing is said: anybody may be added, with any number of
/// clients, under a pseudonym or not; it outlives its group, and can't be found by searching. Its
/// policy components are the list of roles and nothing else.
///
/// ```
/// let base = mimi_policy::preset::open_ended_base();
/// assert!(!base.fixed_membership && base.multi_device && base.max_users.is_none());
/// ```
#[must_use]
pub fn open_ended_base() -> BaseRoomPolicy {
    BaseRoomPolicy {
        fixed_membership: false,
        parent_dependant: false,
        parent_room: Uri::none(),
        multi_device: true,
        max_clients: None,
        max_users: None,
        pseudonyms_allowed: true,
        persistent_room: true,
        discoverable: false,
        policy_component_ids: vec![ComponentID::ROLES_LIST],
    }
}

/// How many may have a role, and how many of them may be active.
#[derive(Clone, Copy)]
struct Limits {
    minimum: u32,
    maximum: Option<u32>,
    minimum_active: u32,
    maximum_active: Option<u32>,
}

impl Limits {
    const NONE: Self = Self { minimum: 0, maximum: None, minimum_active: 0, maximum_active: None };
    const NOBODY_ACTIVE: Self = Self { maximum_active: Some(0), ..Self::NONE };
    const ONE_AT_LEAST: Self = Self { minimum: 1, ..Self::NONE };
}

/// A role with the capabilities of several lists; one that is in two of them counts once.
fn role(
    index: u32,
    name: &str,
    capabilities: &[&[CapabilityType]],
    limits: Limits,
    changes: &[(u32, &[u32])],
) -> Role {
    let mut role_capabilities = Vec::new();
    for &capability in capabilities.iter().copied().flatten() {
        if !role_capabilities.contains(&capability) {
            role_capabilities.push(capability);
        }
    }
    Role {
        role_index: index,
        role_name: name.to_string(),
        role_description: "".to_string(),
        role_capabilities,
        minimum_participants_constraint: limits.minimum,
        maximum_participants_constraint: limits.maximum,
        minimum_active_participants_constraint: limits.minimum_active,
        maximum_active_participants_constraint: limits.maximum_active,
        authorized_role_changes: changes
            .iter()
            .map(|&(from_role_index, targets)| SingleSourceRoleChangeTargets {
                from_role_index,
                target_role_indexes: targets.to_vec(),
            })
            .collect(),
    }
}

/// The role of those who are banned, as all rooms have it.
fn banned() -> Role {
    role(1, "banned", &[], Limits::NOBODY_ACTIVE, &[])
}
