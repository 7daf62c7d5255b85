//! The participant list (mimi-protocol-06 §7.5): component 0x0022 of the GroupContext.

use alloc::vec::Vec;

use crate::{
    ListView, Opaque,
    convention::{wire_struct, wire_view},
};

/// The index of a role in the entries of a participant list. mimi-protocol-06 has a `uint32` here,
/// as the room's `RoleData` has.
pub type RoleIndex = u32;

wire_struct! {
    /// A user and its role (mimi-protocol-06 §7.5).
    ///
    /// ```text
    /// struct {
    ///     opaque user<V>;
    ///     uint32 role_index;
    /// } UserRolePair;
    /// ```
    pub struct UserRolePair {
        /// The user's URI.
        #[cfg_attr(feature = "serde", serde(with = "super::identifier::uri_text"))]
        pub user: Opaque,
        /// The role's index in the room's `RoleData`.
        pub role_index: RoleIndex,
    }
}

wire_struct! {
    /// The participants of a room and their roles, in the order that updates count by
    /// (mimi-protocol-06 §7.5).
    ///
    /// ```text
    /// struct {
    ///     UserRolePair participants<V>;
    /// } ParticipantListData;
    /// ```
    pub struct ParticipantListData {
        /// The participants, active or not, banned ones included.
        pub participants: Vec<UserRolePair>,
    }
}

wire_view! {
    /// A [`UserRolePair`], uncopied.
    pub struct UserRolePairView<'a> of UserRolePair {
        /// The user's URI.
        pub user: &'a [u8],
        /// The role's index in the room's `RoleData`.
        pub role_index: RoleIndex,
    }
}

wire_view! {
    /// A [`ParticipantListData`], uncopied: the list of a large room is walked where it lies.
    ///
    /// ```
    /// use mimi_codec::{Decode, Encode, protocol::{ParticipantListData, ParticipantListDataView, UserRolePair}};
    ///
    /// let alice = UserRolePair { user: "mimi://a.example/u/alice".into(), role_index: 4 };
    /// let bytes = ParticipantListData { participants: vec![alice] }.to_bytes()?;
    /// let list = ParticipantListDataView::decode_exact(&bytes)?;
    /// let role = list.participants.iter().find(|pair| pair.user == b"mimi://a.example/u/alice");
    /// assert_eq!(role.map(|pair| pair.role_index), Some(4));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub struct ParticipantListDataView<'a> of ParticipantListData {
        /// The participants, active or not, banned ones included.
        pub participants: ListView<'a, UserRolePairView<'a>>,
    }
}

wire_struct! {
    /// A new role for a user of the list (mimi-protocol-06 §7.5).
    ///
    /// ```text
    /// struct {
    ///     uint32 user_index;
    ///     uint32 role_index;
    /// } UserindexRolePair;
    /// ```
    pub struct UserindexRolePair {
        /// The user's place in the list before the update, counted from 0.
        pub user_index: u32,
        /// The index of its new role.
        pub role_index: RoleIndex,
    }
}

wire_struct! {
    /// The `update` of an AppDataUpdate for component 0x0022 (mimi-protocol-06 §7.5). Indices count
    /// in the list before it.
    ///
    /// ```text
    /// struct {
    ///     UserindexRolePair changedRoleParticipants<V>;
    ///     uint32 removedIndices<V>;
    ///     UserRolePair addedParticipants<V>;
    /// } ParticipantListUpdate;
    /// ```
    pub struct ParticipantListUpdate {
        /// Users whose role changes.
        pub changed_role_participants: Vec<UserindexRolePair>,
        /// Users who leave the list.
        pub removed_indices: Vec<u32>,
        /// Users who are appended to the list.
        pub added_participants: Vec<UserRolePair>,
    }
}
