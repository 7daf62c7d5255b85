//! `POST /reportAbuse/{roomId}`: reporting abuse to the hub (mimi-protocol-06 §5.9). The response
//! has no body.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Frank, IdentifierUri, OptionalIdentifierUri};
use crate::{
    Opaque,
    convention::{open_registry, wire_struct},
    extensions::AppDataDictionary,
};

wire_struct! {
    /// A reported message (mimi-protocol-06 §5.9).
    ///
    /// ```text
    /// struct {
    ///     opaque message_content<V>;
    ///     Frank frank;
    ///     uint64 accepted_timestamp;
    /// } AbusiveMessage;
    /// ```
    pub struct AbusiveMessage {
        /// The application data exactly as it was decrypted: the franking tag covers those bytes.
        pub message_content: Opaque,
        /// The hub's stamp.
        pub frank: Frank,
        /// When the hub accepted the message, in milliseconds since the UNIX epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub accepted_timestamp: u64,
    }
}

open_registry! {
    /// The kind of abuse (mimi-protocol-06 §5.9). The draft lists no other value than this one; the
    /// others are kept.
    pub struct AbuseType(u8) {
        /// None stated.
        0 "reserved" => RESERVED,
    }
}

wire_struct! {
    /// An abuse report (mimi-protocol-06 §5.9).
    ///
    /// ```text
    /// struct {
    ///     IdentifierUri reportingUser;
    ///     IdentifierUri allegedAbuserUri;
    ///     AbuseType reasonCode;
    ///     opaque note<V>;
    ///     AbusiveMessage messages<V>;
    ///     AppDataDictionary abuse_extensions;
    /// } AbuseReport;
    /// ```
    pub struct AbuseReport {
        /// Who reports, unless that is withheld.
        pub reporting_user: OptionalIdentifierUri,
        /// Who is said to have sent the messages.
        pub alleged_abuser_uri: IdentifierUri,
        /// The kind of abuse.
        pub reason_code: AbuseType,
        /// What the reporter has to say; it may be empty.
        pub note: String,
        /// The messages, if any.
        pub messages: Vec<AbusiveMessage>,
        /// An extension point.
        pub abuse_extensions: AppDataDictionary,
    }
}
