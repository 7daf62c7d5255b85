//! The structs of message franking (mimi-protocol-06 §5.4.1); computing them is up to
//! `mimi-franking`.

use alloc::vec::Vec;

use super::IdentifierUri;
use crate::{
    Octets, Opaque,
    code_points::CipherSuite,
    convention::wire_struct,
    mls::{Credential, SignaturePublicKey},
};

wire_struct! {
    /// The stamp of the hub on an accepted message (mimi-protocol-06 §5.4).
    ///
    /// ```text
    /// struct {
    ///     uint8 server_frank[32];
    ///     CipherSuite franking_signature_ciphersuite;
    ///     opaque franking_integrity_signature<V>;
    /// } Frank;
    /// ```
    pub struct Frank {
        /// The hub's HMAC over the franking tag and the context.
        pub server_frank: Octets<32>,
        /// The cipher suite of the group when the message was franked.
        pub franking_signature_ciphersuite: CipherSuite,
        /// The hub's signature over [`FrankingIntegrityTBS`].
        pub franking_integrity_signature: Opaque,
    }
}

wire_struct! {
    /// The sender's commitment to a message: the `frank_aad` item of its SafeAAD, component 0x0020
    /// (mimi-protocol-06 §5.4.1).
    ///
    /// ```text
    /// struct {
    ///     uint8 franking_tag[32];
    /// } FrankAAD;
    /// ```
    pub struct FrankAAD {
        /// The HMAC over the application data, under the salt of the message.
        pub franking_tag: Octets<32>,
    }
}

wire_struct! {
    /// Whose signature on a frank counts: component 0x0021 of the GroupContext (mimi-protocol-06
    /// §5.4.1).
    ///
    /// ```text
    /// struct {
    ///     SignaturePublicKey franking_signature_key;
    ///     Credential credential;
    /// } FrankingAgentData;
    /// ```
    pub struct FrankingAgentData {
        /// The key that verifies franks, of the signature algorithm of the group's cipher suite.
        pub franking_signature_key: SignaturePublicKey,
        /// The hub's credential.
        pub credential: Credential,
    }
}

/// The `update` of an AppDataUpdate for component 0x0021 (mimi-protocol-06 §5.4.1).
pub type FrankingAgentUpdate = FrankingAgentData;

wire_struct! {
    /// What the hub knows about a message that it franks (mimi-protocol-06 §5.4.1.2).
    ///
    /// ```text
    /// struct {
    ///     IdentifierUri sender_uri;
    ///     IdentifierUri room_uri;
    ///     uint64 accepted_timestamp;
    /// } ServerFrankingContext;
    /// ```
    pub struct ServerFrankingContext {
        /// The user who sent the message, or the user's pseudonym.
        pub sender_uri: IdentifierUri,
        /// The room.
        pub room_uri: IdentifierUri,
        /// When the hub accepted the message, in milliseconds since the UNIX epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub accepted_timestamp: u64,
    }
}

wire_struct! {
    /// What the hub signs (label `FrankingIntegrityTBS`, mimi-protocol-06 §5.4.1.2).
    ///
    /// ```text
    /// struct {
    ///     opaque server_frank[32];
    ///     CipherSuite franking_signature_ciphersuite;
    ///     ServerFrankingContext context;
    /// } FrankingIntegrityTBS;
    /// ```
    pub struct FrankingIntegrityTBS {
        /// The hub's HMAC over the franking tag and the context.
        pub server_frank: Octets<32>,
        /// The cipher suite of the group when the message was franked.
        pub franking_signature_ciphersuite: CipherSuite,
        /// Sender, room and time.
        pub context: ServerFrankingContext,
    }
}

impl Frank {
    /// What [`Self::franking_integrity_signature`] signs, in a context that the frank itself
    /// doesn't carry.
    #[must_use]
    pub fn tbs(&self, context: ServerFrankingContext) -> FrankingIntegrityTBS {
        FrankingIntegrityTBS {
            server_frank: self.server_frank,
            franking_signature_ciphersuite: self.franking_signature_ciphersuite,
            context,
        }
    }
}
