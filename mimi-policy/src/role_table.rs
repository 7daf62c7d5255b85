//! The roles of a room, made ready to be asked.

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::{
    CapabilityType,
    room_policy::{Role, RoleData},
};

use crate::Defect;

/// The index of the role for those who aren't on the list.
pub const NO_ROLE: u32 = 0;
/// The index of the role for banned users, if its name is exactly [`BANNED_NAME`].
pub const BANNED_ROLE: u32 = 1;
/// The name that makes role 1 the banned one (mimi-room-policy-04 §8.1.3).
pub const BANNED_NAME: &str = "banned";

/// What is asked of one role in a decision.
#[derive(Clone, Debug)]
pub(crate) struct RoleEntry {
    pub(crate) index: u32,
    /// Sorted, without repetitions.
    capabilities: Vec<CapabilityType>,
    /// (from, to), sorted, without repetitions.
    changes: Vec<(u32, u32)>,
    pub(crate) minimum: u32,
    pub(crate) maximum: Option<u32>,
    pub(crate) minimum_active: u32,
    pub(crate) maximum_active: Option<u32>,
}

impl RoleEntry {
    fn new(role: &Role) -> Self {
        let mut capabilities = role.role_capabilities.clone();
        capabilities.sort_unstable();
        capabilities.dedup();
        let moves = role.authorized_role_changes.iter();
        let mut changes: Vec<(u32, u32)> = moves
            .flat_map(|change| change.target_role_indexes.iter().map(|&to| (change.from_role_index, to)))
            .collect();
        changes.sort_unstable();
        changes.dedup();
        Self {
            index: role.role_index,
            capabilities,
            changes,
            minimum: role.minimum_participants_constraint,
            maximum: role.maximum_participants_constraint,
            minimum_active: role.minimum_active_participants_constraint,
            maximum_active: role.maximum_active_participants_constraint,
        }
    }

    /// A number that the registry doesn't know, or reserves, is never asked for, and so grants
    /// nothing.
    pub(crate) fn has(&self, capability: CapabilityType) -> bool {
        self.capabilities.binary_search(&capability).is_ok()
    }

    pub(crate) fn may_move(&self, from: u32, to: u32) -> bool {
        self.changes.binary_search(&(from, to)).is_ok()
    }
}

/// Whether role 1 of these is the banned one.
pub(crate) fn names_banned(data: &RoleData) -> bool {
    data.roles.iter().any(|role| role.role_index == BANNED_ROLE && role.role_name == BANNED_NAME)
}

/// All roles, and the same by index.
#[derive(Clone, Debug)]
pub(crate) struct RoleTable {
    pub(crate) data: RoleData,
    /// By ascending index.
    entries: Vec<RoleEntry>,
    banned: bool,
}

impl RoleTable {
    /// The table, and what is wrong with the roles by themselves.
    pub(crate) fn new(data: RoleData, defects: &mut Vec<Defect>) -> Self {
        let mut seen = BTreeSet::new();
        for role in &data.roles {
            if !seen.insert(role.role_index) {
                defects.push(Defect::DuplicateRole(role.role_index));
            }
        }
        let mut entries: Vec<RoleEntry> = data.roles.iter().map(RoleEntry::new).collect();
        entries.sort_by_key(|entry| entry.index);
        for entry in &entries {
            if entry.maximum.is_some_and(|maximum| entry.minimum > maximum) {
                defects.push(Defect::MinimumAboveMaximum(entry.index));
            }
            if entry.maximum_active.is_some_and(|maximum| entry.minimum_active > maximum) {
                defects.push(Defect::MinimumActiveAboveMaximum(entry.index));
            }
            if entry.index != NO_ROLE && entry.has(CapabilityType::CAN_OPEN_JOIN) {
                defects.push(Defect::OpenJoinOutsideRoleZero(entry.index));
            }
        }
        let banned = names_banned(&data);
        Self { data, entries, banned }
    }

    pub(crate) fn get(&self, index: u32) -> Option<&RoleEntry> {
        let place = self.entries.binary_search_by_key(&index, |entry| entry.index).ok()?;
        self.entries.get(place)
    }

    /// Whether role 1 is the banned one.
    pub(crate) const fn has_banned(&self) -> bool {
        self.banned
    }

    /// Whether the role is the banned one.
    pub(crate) const fn is_banned(&self, role: u32) -> bool {
        self.banned && role == BANNED_ROLE
    }

    /// What a fixed-membership room forbids its roles (mimi-room-policy-04 §5).
    pub(crate) fn check_fixed_membership(&self, defects: &mut Vec<Defect>) {
        for entry in &self.entries {
            let exempt = entry.index == NO_ROLE || self.is_banned(entry.index);
            if !exempt && entry.has(CapabilityType::CAN_ADD_PARTICIPANT) {
                defects.push(Defect::AddsToFixedMembership(entry.index));
            }
        }
    }
}
