//! What holds for a whole room (mimi-room-policy-04 §5): component 0x0027.

use alloc::vec::Vec;

use crate::{code_points::ComponentID, convention::wire_struct, protocol::Uri};

wire_struct! {
    /// The base policy of a room (mimi-room-policy-04 §5).
    ///
    /// `Uri parent_room<V>` is one URI, as the prose says, and `Component` is a `ComponentID`.
    ///
    /// ```text
    /// struct {
    ///     bool fixed_membership;
    ///     bool parent_dependant;
    ///     Uri parent_room<V>;
    ///     bool multi_device;
    ///     optional uint32 max_clients;
    ///     optional uint32 max_users;
    ///     bool pseudonyms_allowed;
    ///     bool persistent_room;
    ///     bool discoverable;
    ///     Component policy_component_ids<V>;
    /// } BaseRoomPolicy;
    /// ```
    pub struct BaseRoomPolicy {
        /// The list of participants never changes.
        #[tls_codec(with = "crate::boolean")]
        pub fixed_membership: bool,
        /// The participants are some of those of another room.
        #[tls_codec(with = "crate::boolean")]
        pub parent_dependant: bool,
        /// That other room, or none.
        pub parent_room: Uri,
        /// A user may have several clients in the group.
        #[tls_codec(with = "crate::boolean")]
        pub multi_device: bool,
        /// How many clients the group may have.
        pub max_clients: Option<u32>,
        /// How many users, not counting banned ones, the participant list may have.
        pub max_users: Option<u32>,
        /// Clients may use pseudonyms in their credentials.
        #[tls_codec(with = "crate::boolean")]
        pub pseudonyms_allowed: bool,
        /// The room outlives its group.
        #[tls_codec(with = "crate::boolean")]
        pub persistent_room: bool,
        /// The room can be found by searching.
        #[tls_codec(with = "crate::boolean")]
        pub discoverable: bool,
        /// The other policy components that count in this room.
        pub policy_component_ids: Vec<ComponentID>,
    }
}

/// The data of component 0x0027.
pub type BaseRoomData = BaseRoomPolicy;

/// The `update` of an AppDataUpdate for component 0x0027; it replaces the data as a whole
/// (mimi-room-policy-04 §5).
pub type BaseRoomUpdate = BaseRoomPolicy;
