//! What travels.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    apq::APQMessagePair,
    code_points::WireFormat,
    convention::{wire_select, wire_struct},
    mls::{GroupInfo, KeyPackage, Mls10, PrivateMessage, PublicMessage, Welcome},
    private_external::PrivateExternalMessage,
    semiprivate::SemiPrivateMessage,
};

wire_struct! {
    /// Anything that MLS sends (RFC 9420 §6).
    ///
    /// ```text
    /// struct {
    ///     ProtocolVersion version = mls10;
    ///     WireFormat wire_format;
    ///     select (MLSMessage.wire_format) {
    ///         case mls_public_message:
    ///             PublicMessage public_message;
    ///         case mls_private_message:
    ///             PrivateMessage private_message;
    ///         case mls_welcome:
    ///             Welcome welcome;
    ///         case mls_group_info:
    ///             GroupInfo group_info;
    ///         case mls_key_package:
    ///             KeyPackage key_package;
    ///     };
    /// } MLSMessage;
    /// ```
    pub struct MLSMessage {
        /// MLS 1.0.
        pub version: Mls10,
        /// `wire_format` and its arm.
        pub body: MLSMessageBody,
    }
}

impl MLSMessage {
    /// What it holds.
    pub fn wire_format(&self) -> WireFormat {
        WireFormat(self.body.selector())
    }
}

wire_select! {
    /// What an [`MLSMessage`] holds (RFC 9420 §6; mls-semiprivatemessage-07 §3.1).
    pub enum MLSMessageBody: u16 "WireFormat" inline {
        /// A handshake that all on the way can read.
        1 "mls_public_message" => PublicMessage {
            /// The message.
            public_message: Box<PublicMessage>,
        },
        /// Something for members only.
        2 "mls_private_message" => PrivateMessage {
            /// The message.
            private_message: PrivateMessage,
        },
        /// For new members.
        3 "mls_welcome" => Welcome {
            /// The message.
            welcome: Welcome,
        },
        /// For joiners.
        4 "mls_group_info" => GroupInfo {
            /// The message.
            group_info: Box<GroupInfo>,
        },
        /// For those who add.
        5 "mls_key_package" => KeyPackage {
            /// The message.
            key_package: Box<KeyPackage>,
        },
        /// Two messages for the two groups of a combined session (mls-combiner §6).
        7 "apq_message_pair" => APQMessagePair {
            /// The messages.
            apq_message_pair: Box<APQMessagePair>,
        },
        /// A sealed message of a sender outside of the group (mls-private-external-01 §3.3); a
        /// private-use number.
        0xf005 "mls_private_external_message" => PrivateExternalMessage {
            /// The message.
            private_external_message: Box<PrivateExternalMessage>,
        },
        /// A handshake for members and certain others; a private-use number.
        0xf001 "mls_semiprivate_message" => SemiPrivateMessage {
            /// The message.
            semiprivate_message: Box<SemiPrivateMessage>,
        },
    }
}

macro_rules! from_body {
    ($($name:ident $field:ident $($boxed:ident)?;)*) => {$(
        impl From<$name> for MLSMessage {
            fn from($field: $name) -> Self {
                $(let $field = $boxed::new($field);)?
                Self { version: Mls10, body: MLSMessageBody::$name { $field } }
            }
        }
    )*};
}

from_body! {
    PublicMessage public_message Box;
    PrivateMessage private_message;
    Welcome welcome;
    GroupInfo group_info Box;
    KeyPackage key_package Box;
    SemiPrivateMessage semiprivate_message Box;
    APQMessagePair apq_message_pair Box;
    PrivateExternalMessage private_external_message Box;
}
