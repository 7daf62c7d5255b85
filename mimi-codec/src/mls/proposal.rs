//! Changes that somebody proposes.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    Opaque,
    code_points::{CipherSuite, ProtocolVersion},
    convention::{wire_select, wire_struct},
    extensions::{AppDataUpdate, AppEphemeral, SelfRemove},
    mls::{Extensions, KeyPackage, LeafNode, PreSharedKeyID},
};

wire_select! {
    /// A change to the group (RFC 9420, 12.1; mls-extensions-10, 4.7, 4.8 and 6.3).
    ///
    /// A proposal of an unknown type is refused: nothing says how long it is. Lists of proposal types keep unknown
    /// ones.
    ///
    /// ```text
    /// struct {
    ///     ProposalType proposal_type;
    ///     select (Proposal.proposal_type) {
    ///         case add:                      Add;
    ///         case update:                   Update;
    ///         case remove:                   Remove;
    ///         case psk:                      PreSharedKey;
    ///         case reinit:                   ReInit;
    ///         case external_init:            ExternalInit;
    ///         case group_context_extensions: GroupContextExtensions;
    ///     };
    /// } Proposal;
    /// ```
    pub enum Proposal: u16 "ProposalType" {
        /// Adds a client.
        1 "add" => Add(add: Box<Add>),
        /// Replaces the sender's leaf.
        2 "update" => Update(update: Box<Update>),
        /// Removes a member.
        3 "remove" => Remove(remove: Remove),
        /// Mixes in a pre-shared key.
        4 "psk" => PreSharedKey(psk: Box<PreSharedKey>),
        /// Ends the group, for another to replace it.
        5 "reinit" => ReInit(reinit: Box<ReInit>),
        /// Lets an outsider join by its own commit.
        6 "external_init" => ExternalInit(external_init: ExternalInit),
        /// Replaces the GroupContext's extensions.
        7 "group_context_extensions" => GroupContextExtensions(extensions: GroupContextExtensions),
        /// Changes a component's data.
        8 "app_data_update" => AppDataUpdate(update: AppDataUpdate),
        /// Tells a component something.
        9 "app_ephemeral" => AppEphemeral(ephemeral: AppEphemeral),
        /// Removes the sender.
        10 "self_remove" => SelfRemove(self_remove: SelfRemove),
    }
}

impl Proposal {
    /// May somebody on the list of external senders propose it? The column "Ext" of the registry (RFC 9420, 12.1.8 and 17.4;
    /// mls-extensions-10, 7.2): all but Update, ExternalInit and SelfRemove.
    pub fn allows_external_sender(&self) -> bool {
        match self {
            Self::Add(_)
            | Self::Remove(_)
            | Self::PreSharedKey(_)
            | Self::ReInit(_)
            | Self::GroupContextExtensions(_)
            | Self::AppDataUpdate(_)
            | Self::AppEphemeral(_) => true,
            Self::Update(_) | Self::ExternalInit(_) | Self::SelfRemove(_) => false,
        }
    }
}

wire_struct! {
    /// Adds a client (RFC 9420, 12.1.1).
    ///
    /// ```text
    /// struct {
    ///     KeyPackage key_package;
    /// } Add;
    /// ```
    pub struct Add {
        /// The client's key package.
        pub key_package: KeyPackage,
    }
}

wire_struct! {
    /// Replaces the sender's leaf (RFC 9420, 12.1.2).
    ///
    /// ```text
    /// struct {
    ///     LeafNode leaf_node;
    /// } Update;
    /// ```
    pub struct Update {
        /// The new leaf.
        pub leaf_node: LeafNode,
    }
}

wire_struct! {
    /// Removes a member (RFC 9420, 12.1.3).
    ///
    /// ```text
    /// struct {
    ///     uint32 removed;
    /// } Remove;
    /// ```
    pub struct Remove {
        /// The member's leaf index.
        pub removed: u32,
    }
}

wire_struct! {
    /// Mixes in a pre-shared key (RFC 9420, 12.1.4).
    ///
    /// ```text
    /// struct {
    ///     PreSharedKeyID psk;
    /// } PreSharedKey;
    /// ```
    pub struct PreSharedKey {
        /// The key's name.
        pub psk: PreSharedKeyID,
    }
}

wire_struct! {
    /// Ends the group, for another to replace it (RFC 9420, 12.1.5).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     ProtocolVersion version;
    ///     CipherSuite cipher_suite;
    ///     Extension extensions<V>;
    /// } ReInit;
    /// ```
    pub struct ReInit {
        /// The new group.
        pub group_id: Opaque,
        /// Its version.
        pub version: ProtocolVersion,
        /// Its cipher suite.
        pub cipher_suite: CipherSuite,
        /// Its GroupContext's extensions.
        pub extensions: Extensions,
    }
}

wire_struct! {
    /// Lets an outsider join by its own commit (RFC 9420, 12.1.6).
    ///
    /// ```text
    /// struct {
    ///   opaque kem_output<V>;
    /// } ExternalInit;
    /// ```
    pub struct ExternalInit {
        /// The KEM's encapsulated key, for the group's external key.
        pub kem_output: Opaque,
    }
}

wire_struct! {
    /// Replaces the GroupContext's extensions (RFC 9420, 12.1.7).
    ///
    /// ```text
    /// struct {
    ///   Extension extensions<V>;
    /// } GroupContextExtensions;
    /// ```
    pub struct GroupContextExtensions {
        /// The new ones.
        pub extensions: Extensions,
    }
}
