//! What may be sent in a room and what becomes of it (mimi-room-policy-04 §6.1, §6.3, §6.5 to
//! §6.8).

use alloc::string::String;
use alloc::vec::Vec;

use super::Optionality;
use crate::{
    convention::{wire_select, wire_struct},
    protocol::Uri,
};

wire_struct! {
    /// Delivery notifications and read receipts (mimi-room-policy-04 §6.1): component 0x0028.
    ///
    /// ```text
    /// struct {
    ///   Optionality delivery_notifications;
    ///   Optionality read_receipts;
    /// } StatusNotificationPolicy;
    /// ```
    pub struct StatusNotificationPolicy {
        /// Whether clients tell that a message has arrived.
        pub delivery_notifications: Optionality,
        /// Whether clients tell that a message has been read.
        pub read_receipts: Optionality,
    }
}

/// The data of component 0x0028.
pub type StatusNotificationPolicyData = StatusNotificationPolicy;

/// The `update` of an AppDataUpdate for component 0x0028.
pub type StatusNotificationPolicyUpdate = StatusNotificationPolicy;

wire_select! {
    /// `link_preview_proxy_use`, and the proxy where one may be used.
    pub enum LinkPreviewProxyUse: u8 "Optionality" inline {
        /// A proxy may be used.
        0 "optional" => Optional {
            /// Its URI.
            link_preview_proxy: Uri,
        },
        /// A proxy must be used.
        1 "required" => Required {
            /// Its URI.
            link_preview_proxy: Uri,
        },
        /// No proxy may be used.
        2 "forbidden" => Forbidden {},
    }
}

wire_struct! {
    /// Links in text and their previews (mimi-room-policy-04 §6.3): component 0x002B.
    /// `Uri link_preview_proxy<V>` is one URI.
    ///
    /// ```text
    /// struct {
    ///   Optionality autodetect_hyperlinks_in_text;
    ///   Optionality send_link_previews;
    ///   Optionality automatic_link_previews;
    ///   Optionality link_preview_proxy_use;
    ///   select (link_preview_proxy_use) {
    ///     case mandatory:
    ///       Uri link_preview_proxy<V>;
    ///     case optional:
    ///       Uri link_preview_proxy<V>;
    ///     case forbidden:
    ///       struct {};
    ///   }
    /// } LinkPreviewPolicy;
    /// ```
    pub struct LinkPreviewPolicy {
        /// Whether composers find links in plain text; a valid policy doesn't require it.
        pub autodetect_hyperlinks_in_text: Optionality,
        /// Whether senders send a preview along.
        pub send_link_previews: Optionality,
        /// Whether receivers make a preview.
        pub automatic_link_previews: Optionality,
        /// Whether previews are made through a proxy, and which.
        pub link_preview_proxy_use: LinkPreviewProxyUse,
    }
}

/// The data of component 0x002B.
pub type LinkPreviewPolicyData = LinkPreviewPolicy;

/// The `update` of an AppDataUpdate for component 0x002B.
pub type LinkPreviewPolicyUpdate = LinkPreviewPolicy;

wire_select! {
    /// Logging (mimi-room-policy-04 §6.5): component 0x002D.
    ///
    /// ```text
    /// struct {
    ///   Optionality logging;
    ///   select (logging) {
    ///     case mandatory:
    ///       Uri logging_clients<V>;
    ///       Uri machine_readable_policy;
    ///       Uri human_readable_policy;
    ///     case optional:
    ///       Uri logging_clients<V>;
    ///       Uri machine_readable_policy;
    ///       Uri human_readable_policy;
    ///     case forbidden:
    ///       struct {};
    ///   }
    /// } LoggingPolicy;
    /// ```
    pub enum LoggingPolicy: u8 "Optionality" {
        /// The room is logged if a client is listed.
        0 "optional" => Optional {
            /// The clients that log.
            logging_clients: Vec<Uri>,
            /// The owner's policy for machines, or none.
            machine_readable_policy: Uri,
            /// The owner's policy for people, or none.
            human_readable_policy: Uri,
        },
        /// The room is logged.
        1 "required" => Required {
            /// The clients that log.
            logging_clients: Vec<Uri>,
            /// The owner's policy for machines, or none.
            machine_readable_policy: Uri,
            /// The owner's policy for people, or none.
            human_readable_policy: Uri,
        },
        /// The room is not logged.
        2 "forbidden" => Forbidden {},
    }
}

/// The data of component 0x002D.
pub type LoggingPolicyData = LoggingPolicy;

/// The `update` of an AppDataUpdate for component 0x002D.
pub type LoggingPolicyUpdate = LoggingPolicy;

wire_select! {
    /// What those who join get to see of the time before (mimi-room-policy-04 §6.6): component
    /// 0x002E.
    ///
    /// ```text
    /// struct {
    ///   Optionality history_sharing;
    ///   select (history_sharing) {
    ///     case mandatory:
    ///       uint32 roles_that_can_share<V>;
    ///       bool automatically_share;
    ///       uint32 max_time_period;
    ///     case optional:
    ///       uint32 roles_that_can_share<V>;
    ///       bool automatically_share;
    ///       uint32 max_time_period;
    ///     case forbidden:
    ///       struct {};
    ///   }
    /// } HistoryPolicy;
    /// ```
    pub enum HistoryPolicy: u8 "Optionality" {
        /// History may be shared.
        0 "optional" => Optional {
            /// The indices of the roles that may share it.
            roles_that_can_share: Vec<u32>,
            /// Clients may share it without their user's doing.
            #[tls_codec(with = "crate::boolean")]
            automatically_share: bool,
            /// How far back, in seconds.
            max_time_period: u32,
        },
        /// History is to be shared.
        1 "required" => Required {
            /// The indices of the roles that may share it.
            roles_that_can_share: Vec<u32>,
            /// Clients may share it without their user's doing.
            #[tls_codec(with = "crate::boolean")]
            automatically_share: bool,
            /// How far back, in seconds.
            max_time_period: u32,
        },
        /// History may not be shared.
        2 "forbidden" => Forbidden {},
    }
}

/// The data of component 0x002E.
pub type HistoryPolicyData = HistoryPolicy;

/// The `update` of an AppDataUpdate for component 0x002E.
pub type HistoryPolicyUpdate = HistoryPolicy;

wire_struct! {
    /// A bot that the room allows (mimi-room-policy-04 §6.7).
    ///
    /// ```text
    /// struct {
    ///   opaque name<V>;
    ///   opaque description<V>;
    ///   Uri homepage;
    ///   bool local_client_bot;
    ///   uint32 bot_role_index;
    ///   bool can_target_message_in_group;
    ///   bool per_user_content;
    /// } Bot;
    /// ```
    pub struct Bot {
        /// Its name, for people.
        pub name: String,
        /// Its description, for people.
        pub description: String,
        /// Its homepage, for people, or none.
        pub homepage: Uri,
        /// It sees the room through a person's client and is no participant.
        #[tls_codec(with = "crate::boolean")]
        pub local_client_bot: bool,
        /// The index of its role; 0 if it is no participant.
        pub bot_role_index: u32,
        /// It may talk to single users.
        #[tls_codec(with = "crate::boolean")]
        pub can_target_message_in_group: bool,
        /// It may tell each user something else.
        #[tls_codec(with = "crate::boolean")]
        pub per_user_content: bool,
    }
}

wire_struct! {
    /// The bots that a room allows (mimi-room-policy-04 §6.7): component 0x002F.
    ///
    /// ```text
    /// struct {
    ///   Bot allowed_bots<V>;
    /// } BotPolicy;
    /// ```
    pub struct BotPolicy {
        /// The bots.
        pub allowed_bots: Vec<Bot>,
    }
}

/// The data of component 0x002F.
pub type BotPolicyData = BotPolicy;

/// The `update` of an AppDataUpdate for component 0x002F.
pub type BotPolicyUpdate = BotPolicy;

wire_select! {
    /// Messages that expire (mimi-room-policy-04 §6.8): component 0x0030. Durations are in seconds.
    ///
    /// ```text
    /// struct {
    ///   Optionality expiring_messages;
    ///   select (expiring_messages) {
    ///     case mandatory:
    ///       uint32 min_expiration_duration;
    ///       uint32 max_expiration_duration;
    ///       optional uint32 default_expiration_duration;
    ///     case optional:
    ///       uint32 min_expiration_duration;
    ///       uint32 max_expiration_duration;
    ///       optional uint32 default_expiration_duration;
    ///     case forbidden:
    ///       struct {};
    ///   }
    /// } MessageExpiration;
    /// ```
    pub enum MessageExpiration: u8 "Optionality" {
        /// A message may expire.
        0 "optional" => Optional {
            /// The shortest duration.
            min_expiration_duration: u32,
            /// The longest duration.
            max_expiration_duration: u32,
            /// The duration to start from.
            default_expiration_duration: Option<u32>,
        },
        /// Every message expires.
        1 "required" => Required {
            /// The shortest duration.
            min_expiration_duration: u32,
            /// The longest duration.
            max_expiration_duration: u32,
            /// The duration to start from.
            default_expiration_duration: Option<u32>,
        },
        /// No message expires.
        2 "forbidden" => Forbidden {},
    }
}

/// The data of component 0x0030.
pub type MessageExpirationData = MessageExpiration;

/// The `update` of an AppDataUpdate for component 0x0030.
pub type MessageExpirationUpdate = MessageExpiration;
