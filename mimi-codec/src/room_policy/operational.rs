//! How clients run the group (mimi-room-policy-04 §7.1): component 0x0024.

use alloc::vec::Vec;

use crate::{
    code_points::{
        CipherSuite, ComponentID, CredentialType, ExtensionType, ProposalType, ProtocolVersion, WireFormat,
    },
    convention::{wire_enum, wire_select, wire_struct},
    media_type::MediaType,
    mls::ContentType,
};

wire_struct! {
    /// What clients can do (mimi-room-policy-04 §7.1). `WireFormats` with `<V>` is one vector of
    /// wire formats.
    ///
    /// ```text
    /// struct {
    ///   ProtocolVersion versions<V>;
    ///   CipherSuite cipher_suites<V>;
    ///   ExtensionType extensions<V>;
    ///   ProposalType proposals<V>;
    ///   CredentialType credentials<V>;
    ///   WireFormats wire_formats<V>;
    ///   ComponentID component_ids<V>;
    ///   ComponentID safe_aad_types<V>;
    ///   MediaType media_types<V>;
    ///   ContentType content_types<V>;
    /// } ExtendedCapabilities;
    /// ```
    pub struct ExtendedCapabilities {
        /// Versions of MLS.
        pub versions: Vec<ProtocolVersion>,
        /// Cipher suites.
        pub cipher_suites: Vec<CipherSuite>,
        /// Extensions.
        pub extensions: Vec<ExtensionType>,
        /// Proposals.
        pub proposals: Vec<ProposalType>,
        /// Credentials.
        pub credentials: Vec<CredentialType>,
        /// Wire formats.
        pub wire_formats: Vec<WireFormat>,
        /// Components.
        pub component_ids: Vec<ComponentID>,
        /// Components of SafeAAD items.
        pub safe_aad_types: Vec<ComponentID>,
        /// Media types.
        pub media_types: Vec<MediaType>,
        /// Content types of MLS.
        pub content_types: Vec<ContentType>,
    }
}

wire_enum! {
    /// When pending proposals are committed (mimi-room-policy-04 §7.1).
    pub enum PendingProposalStrategy {
        /// Not stated.
        0 "unspecified" => Unspecified,
        /// At once.
        1 "immediate_commit" => ImmediateCommit,
        /// After a random delay.
        2 "random_delay" => RandomDelay,
    }
}

wire_select! {
    /// When pending proposals are committed (mimi-room-policy-04 §7.1). The draft's arm `extension`
    /// has no number in the enum, so that it can't occur.
    ///
    /// ```text
    /// struct {
    ///   PendingProposalStrategy pending_proposal_strategy;
    ///   select (pending_proposal_strategy) {
    ///     case unspecified:
    ///       struct {};
    ///     case immediate_commit:
    ///       struct {};
    ///     case random_delay:
    ///       uint64 minimum_delay_ms;
    ///       uint64 maximum_delay_ms;
    ///     case extension:
    ///       ComponentID id_of_strategy_params;
    ///   }
    /// } PendingProposalPolicy;
    /// ```
    pub enum PendingProposalPolicy: u8 "PendingProposalStrategy" {
        /// Not stated.
        0 "unspecified" => Unspecified {},
        /// At once.
        1 "immediate_commit" => ImmediateCommit {},
        /// After a random delay.
        2 "random_delay" => RandomDelay {
            /// The shortest delay, in milliseconds.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            minimum_delay_ms: u64,
            /// The longest delay, in milliseconds.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            maximum_delay_ms: u64,
        },
    }
}

wire_struct! {
    /// A range of times and the one to start from, in seconds (mimi-room-policy-04 §7.1).
    ///
    /// ```text
    /// struct {
    ///   uint64 minimum_time;
    ///   uint64 default_time;
    ///   uint64 maximum_time;
    /// } MinDefaultMaxTime;
    /// ```
    pub struct MinDefaultMaxTime {
        /// The least.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub minimum_time: u64,
        /// The one to start from.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub default_time: u64,
        /// The greatest.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub maximum_time: u64,
    }
}

wire_struct! {
    /// What clients keep and pad for application messages (mimi-room-policy-04 §7.1).
    ///
    /// ```text
    /// struct {
    ///   uint8  epoch_tolerance;
    ///   uint16 pad_to_size;
    ///   uint32 max_generations_skipahead;
    /// } AppMessagePolicy;
    /// ```
    pub struct AppMessagePolicy {
        /// How many past epochs' messages are still read.
        pub epoch_tolerance: u8,
        /// The size to pad to, in bytes.
        pub pad_to_size: u16,
        /// How many generations a ratchet is moved forward at most for one message.
        pub max_generations_skipahead: u32,
    }
}

wire_struct! {
    /// The operational policy of a room (mimi-room-policy-04 §7.1). Lifetimes are in seconds, as in
    /// MLS.
    ///
    /// ```text
    /// struct {
    ///   ExtendedCapabilities mandatory_capabilities;
    ///   ExtendedCapabilities default_capabilities;
    ///   ExtendedCapabilities forbidden_capabilities;
    ///   WireFormats handshake_formats<V>;
    ///   bool external_proposal_allowed;
    ///   bool external_commit_allowed;
    ///   PendingProposalPolicy pending_proposal_policy;
    ///   MinDefaultMaxTime LeafNode_update_time;
    ///   AppMessagePolicy app_message_policy;
    ///   unit64 max_kp_lifetime;
    ///   uint64 max_credential_lifetime;
    ///   uint64 resumption_psk_lifetime;
    ///   MinDefaultMaxTime sender_nonce_keypair_lifetime;
    ///   uint32 max_keypairs;
    ///   MinDefaultMaxTime buffer_incoming_message_time;
    ///   uint32 max_buffered_messages;
    /// } OperationalParameters;
    /// ```
    pub struct OperationalParameters {
        /// What every client has to support.
        pub mandatory_capabilities: ExtendedCapabilities,
        /// What clients should use unless they have a reason not to.
        pub default_capabilities: ExtendedCapabilities,
        /// What no client may use.
        pub forbidden_capabilities: ExtendedCapabilities,
        /// The wire formats of proposals and commits.
        pub handshake_formats: Vec<WireFormat>,
        /// Outsiders may propose.
        #[tls_codec(with = "crate::boolean")]
        pub external_proposal_allowed: bool,
        /// Outsiders may join by commit.
        #[tls_codec(with = "crate::boolean")]
        pub external_commit_allowed: bool,
        /// When pending proposals are committed.
        pub pending_proposal_policy: PendingProposalPolicy,
        /// How often clients update their leaf; the draft's `LeafNode_update_time`.
        pub leaf_node_update_time: MinDefaultMaxTime,
        /// What clients keep and pad for application messages.
        pub app_message_policy: AppMessagePolicy,
        /// How long a KeyPackage is valid at most.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub max_kp_lifetime: u64,
        /// How long a credential is valid at most.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub max_credential_lifetime: u64,
        /// How long a resumption PSK is kept.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub resumption_psk_lifetime: u64,
        /// How long an unused nonce and key of a sender is kept.
        pub sender_nonce_keypair_lifetime: MinDefaultMaxTime,
        /// How many unused nonces and keys are kept.
        pub max_keypairs: u32,
        /// How long a message that came too early is kept.
        pub buffer_incoming_message_time: MinDefaultMaxTime,
        /// How many such messages are kept.
        pub max_buffered_messages: u32,
    }
}

/// The data of component 0x0024.
pub type OperationalParametersData = OperationalParameters;

/// The `update` of an AppDataUpdate for component 0x0024.
pub type OperationalParametersUpdate = OperationalParameters;
