//! Links that let outsiders join (mimi-room-policy-04 §6.2): components 0x0029 and 0x002A.

use alloc::vec::Vec;

use crate::{Opaque, convention::wire_struct, protocol::Uri};

wire_struct! {
    /// What join links a room has (mimi-room-policy-04 §6.2): component 0x0029.
    ///
    /// ```text
    /// struct {
    ///   bool on_request;
    ///   Uri join_link;
    ///   bool multiuser;
    ///   uint32 expiration;
    /// } JoinLinkPolicy;
    /// ```
    pub struct JoinLinkPolicy {
        /// Links are made on request, and at most one is stored.
        #[tls_codec(with = "crate::boolean")]
        pub on_request: bool,
        /// Where to ask for one, or none.
        pub join_link: Uri,
        /// A link is good for several users.
        #[tls_codec(with = "crate::boolean")]
        pub multiuser: bool,
        /// How long a link is valid after its creation, in seconds.
        pub expiration: u32,
    }
}

/// The data of component 0x0029.
pub type JoinLinkPolicyData = JoinLinkPolicy;

/// The `update` of an AppDataUpdate for component 0x0029.
pub type JoinLinkPolicyUpdate = JoinLinkPolicy;

wire_struct! {
    /// A join link (mimi-room-policy-04 §6.2), of variable length although the draft doesn't say
    /// so.
    ///
    /// ```text
    /// struct {
    ///   opaque join_link<V>;
    /// } JoinLink;
    /// ```
    pub struct JoinLink {
        /// The link.
        #[cfg_attr(feature = "serde", serde(with = "crate::protocol::uri_text"))]
        pub join_link: Opaque,
    }
}

wire_struct! {
    /// The active join links of a room (mimi-room-policy-04 §6.2): component 0x002A.
    ///
    /// ```text
    /// JoinLink JoinLinksData<V>;
    /// ```
    pub struct JoinLinksData {
        /// The links.
        pub join_links: Vec<JoinLink>,
    }
}

wire_struct! {
    /// The `update` of an AppDataUpdate for component 0x002A (mimi-room-policy-04 §6.2). Indices
    /// count in the list before it.
    ///
    /// ```text
    /// struct {
    ///   uint32 removedIndices<V>;
    ///   JoinLink added_links<V>;
    /// } JoinLinksUpdate;
    /// ```
    pub struct JoinLinksUpdate {
        /// Links that go.
        pub removed_indices: Vec<u32>,
        /// Links that are appended.
        pub added_links: Vec<JoinLink>,
    }
}
