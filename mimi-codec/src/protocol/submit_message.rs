//! `POST /submitMessage/{roomId}`: handing an application message to the hub (mimi-protocol-06
//! §5.4).

use alloc::vec::Vec;

use super::{ApplicationMessage, Frank, IdentifierUri, Protocol};
use crate::{
    Rest,
    convention::{open_registry, wire_select, wire_struct},
};

wire_struct! {
    /// A message for a room (mimi-protocol-06 §5.4).
    ///
    /// ```text
    /// struct {
    ///   Protocol protocol;
    ///   select(protocol) {
    ///     case mls10:
    ///       /* PrivateMessage containing an application message */
    ///       MLSMessage appMessage;
    ///       IdentifierURI sendingUri;
    ///   };
    /// } SubmitMessageRequest;
    /// ```
    pub struct SubmitMessageRequest {
        /// The end-to-end protocol.
        pub protocol: Protocol,
        /// A PrivateMessage that holds application data.
        pub app_message: ApplicationMessage,
        /// The sender, as it stands in the participant list.
        pub sending_uri: IdentifierUri,
    }
}

open_registry! {
    /// What became of a [`SubmitMessageRequest`] (mimi-protocol-06 §5.4). Unlisted values are kept.
    pub struct SubmitResponseCode(u8) {
        /// The message will be distributed.
        0 "accepted" => ACCEPTED,
        /// Policy or authorization forbids it.
        1 "notAllowed" => NOT_ALLOWED,
        /// The group has moved on to another epoch.
        2 "epochTooOld" => EPOCH_TOO_OLD,
    }
}

wire_select! {
    /// A [`SubmitResponseCode`] and what comes with it.
    pub enum SubmitResult: open SubmitResponseCode inline {
        /// The message will be distributed.
        0 "accepted" => Accepted {
            /// When the hub accepted it, in milliseconds since the UNIX epoch.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            accepted_timestamp: u64,
            /// The hub's stamp, if the message carries a franking tag.
            frank: Option<Frank>,
        },
        /// Policy or authorization forbids it.
        1 "notAllowed" => NotAllowed {},
        /// The group has moved on to another epoch.
        2 "epochTooOld" => EpochTooOld {
            /// The group's epoch.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            current_epoch: u64,
        },
    } else {
        /// The code. The message was not accepted.
        code,
        /// What comes with it.
        body: Rest
    }
}

wire_struct! {
    /// The answer to a [`SubmitMessageRequest`] (mimi-protocol-06 §5.4). The draft's arm `success`
    /// is the code `accepted`.
    ///
    /// ```text
    /// struct {
    ///   Protocol protocol;
    ///   select(protocol) {
    ///     case mls10:
    ///       SubmitResponseCode statusCode;
    ///       select (statusCode) {
    ///         case success:
    ///           uint64 accepted_timestamp;
    ///           optional Frank frank;
    ///         case epochTooOld:
    ///           uint64 currentEpoch;
    ///       };
    ///   };
    /// } SubmitMessageResponse;
    /// ```
    pub struct SubmitMessageResponse {
        /// The end-to-end protocol.
        pub protocol: Protocol,
        /// The code, and what comes with it.
        pub status_code: SubmitResult,
    }
}
