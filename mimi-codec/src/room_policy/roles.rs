//! Roles and their capabilities (mimi-room-policy-04 §3): component 0x0025.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{capability::CapabilityType, convention::wire_struct};

wire_struct! {
    /// Where participants may be moved from one role (mimi-room-policy-04 §3).
    ///
    /// ```text
    /// struct {
    ///    uint32 from_role_index;
    ///    uint32 target_role_indexes<V>;
    /// } SingleSourceRoleChangeTargets;
    /// ```
    pub struct SingleSourceRoleChangeTargets {
        /// The role before; 0 for a user who isn't on the participant list.
        pub from_role_index: u32,
        /// The roles after; 0 for leaving the list.
        pub target_role_indexes: Vec<u32>,
    }
}

wire_struct! {
    /// A role (mimi-room-policy-04 §3).
    ///
    /// ```text
    /// struct {
    ///   uint32 role_index;
    ///   opaque role_name<V>;
    ///   opaque role_description<V>;
    ///   CapabilityType role_capabilities<V>;
    ///   uint32 minimum_participants_constraint;
    ///   optional uint32 maximum_participants_constraint;
    ///   uint32 minimum_active_participants_constraint;
    ///   optional uint32 maximum_active_participants_constraint;
    ///   SingleSourceRoleChangeTargets authorized_role_changes<V>;
    /// } Role;
    /// ```
    pub struct Role {
        /// The number by which other structs refer to the role. 0 is for those who aren't on the
        /// participant list, 1 for those who are banned, if its name is exactly `banned`.
        pub role_index: u32,
        /// Its name, for people.
        pub role_name: String,
        /// Its description, for people; it may be empty.
        pub role_description: String,
        /// What its holders may do.
        pub role_capabilities: Vec<CapabilityType>,
        /// How many participants must have it; 0 for no minimum.
        pub minimum_participants_constraint: u32,
        /// How many participants may have it.
        pub maximum_participants_constraint: Option<u32>,
        /// How many active participants must have it; 0 for no minimum.
        pub minimum_active_participants_constraint: u32,
        /// How many active participants may have it.
        pub maximum_active_participants_constraint: Option<u32>,
        /// How its holders may move others (or themselves) between roles.
        pub authorized_role_changes: Vec<SingleSourceRoleChangeTargets>,
    }
}

wire_struct! {
    /// The roles of a room (mimi-room-policy-04 §3).
    ///
    /// ```text
    /// struct {
    ///   Role roles<V>;
    /// } RoleData;
    /// ```
    pub struct RoleData {
        /// The roles.
        pub roles: Vec<Role>,
    }
}

/// The `update` of an AppDataUpdate for component 0x0025; it replaces the data as a whole
/// (mimi-room-policy-04 §3).
pub type RoleUpdate = RoleData;
