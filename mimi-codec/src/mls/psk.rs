//! Pre-shared keys.

use alloc::vec::Vec;

use crate::{
    Opaque,
    code_points::ComponentID,
    convention::{wire_enum, wire_select, wire_struct},
};

wire_enum! {
    /// What a key from an earlier epoch is used for (RFC 9420 §8.4).
    ///
    /// ```text
    /// enum {
    ///   reserved(0),
    ///   application(1),
    ///   reinit(2),
    ///   branch(3),
    ///   (255)
    /// } ResumptionPSKUsage;
    /// ```
    pub enum ResumptionPSKUsage {
        /// In the group itself.
        1 "application" => Application,
        /// In the group that replaces it.
        2 "reinit" => Reinit,
        /// In a group that branches off.
        3 "branch" => Branch,
    }
}

wire_enum! {
    /// Where a pre-shared key is from (RFC 9420 §8.4; mls-extensions-10 §4.5).
    ///
    /// ```text
    /// enum {
    ///   reserved(0),
    ///   external(1),
    ///   resumption(2),
    ///   (255)
    /// } PSKType;
    /// ```
    pub enum PSKType {
        /// From outside MLS.
        1 "external" => External,
        /// From an epoch of a group.
        2 "resumption" => Resumption,
        /// From a component of the application.
        3 "application" => Application,
    }
}

wire_select! {
    /// Where a pre-shared key is from, and its name there (RFC 9420 §8.4; mls-extensions-10 §4.5).
    pub enum PreSharedKeyIDSelect: u8 "PSKType" inline {
        /// From outside MLS.
        1 "external" => External {
            /// Its name.
            psk_id: Opaque,
        },
        /// From an epoch of a group.
        2 "resumption" => Resumption {
            /// What it is used for.
            usage: ResumptionPSKUsage,
            /// The group.
            psk_group_id: Opaque,
            /// The epoch.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            psk_epoch: u64,
        },
        /// From a component of the application.
        3 "application" => Application {
            /// The component.
            component_id: ComponentID,
            /// Its name there.
            psk_id: Opaque,
        },
    }
}

wire_struct! {
    /// The name of a pre-shared key (RFC 9420 §8.4).
    ///
    /// ```text
    /// struct {
    ///   PSKType psktype;
    ///   select (PreSharedKeyID.psktype) {
    ///     case external:
    ///       opaque psk_id<V>;
    ///     case resumption:
    ///       ResumptionPSKUsage usage;
    ///       opaque psk_group_id<V>;
    ///       uint64 psk_epoch;
    ///   };
    ///   opaque psk_nonce<V>;
    /// } PreSharedKeyID;
    /// ```
    pub struct PreSharedKeyID {
        /// `psktype` and its arm.
        pub psktype: PreSharedKeyIDSelect,
        /// Fresh for every use.
        pub psk_nonce: Opaque,
    }
}

wire_struct! {
    /// What a pre-shared key is mixed in with (RFC 9420 §8.4).
    ///
    /// ```text
    /// struct {
    ///     PreSharedKeyID id;
    ///     uint16 index;
    ///     uint16 count;
    /// } PSKLabel;
    /// ```
    pub struct PSKLabel {
        /// Its name.
        pub id: PreSharedKeyID,
        /// Its place among the keys, from 0.
        pub index: u16,
        /// How many keys there are.
        pub count: u16,
    }
}
