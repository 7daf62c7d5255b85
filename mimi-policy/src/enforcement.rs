//! Who can see to it that a capability is kept (mimi-room-policy-04 §8.3).

use mimi_codec::CapabilityType;

/// Who can see to it that only those act who hold a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnforcedBy {
    /// The hub, which refuses what it isn't to pass on, or withholds it.
    pub hub: bool,
    /// The clients of others, which don't let it have an effect.
    pub other_clients: bool,
    /// Only the holder's own client, which doesn't offer it: others don't learn of it.
    pub own_client: bool,
}

impl EnforcedBy {
    /// What changes the room's state: the hub and all clients judge it alike.
    const HUB_AND_CLIENTS: Self = Self { hub: true, other_clients: true, own_client: false };
    /// What the hub alone does.
    const HUB: Self = Self { hub: true, other_clients: false, own_client: false };
    /// What the hub sees happen, and what a well-behaved client doesn't do.
    const HUB_AND_OWN_CLIENT: Self = Self { hub: true, other_clients: false, own_client: true };
    /// What lies inside the encryption.
    const OTHER_CLIENTS: Self = Self { hub: false, other_clients: true, own_client: false };
    /// What a user does with what it has got.
    const OWN_CLIENT: Self = Self { hub: false, other_clients: false, own_client: true };
    /// What no user may do yet.
    const NONE: Self = Self { hub: false, other_clients: false, own_client: false };

    /// Whether anybody can.
    #[must_use]
    pub const fn anybody(self) -> bool {
        self.hub || self.other_clients || self.own_client
    }
}

/// Who can see to it that a capability is kept. None for those that are reserved or that the
/// registry doesn't know: they grant nothing.
///
/// ```
/// use mimi_codec::CapabilityType;
/// use mimi_policy::enforced_by;
///
/// let ban = enforced_by(CapabilityType::CAN_BAN);
/// assert!(ban.hub && ban.other_clients);
/// // Links lie inside the encryption.
/// let link = enforced_by(CapabilityType::CAN_SEND_LINK);
/// assert!(!link.hub && link.other_clients);
/// // No other party sees what is copied.
/// assert!(!enforced_by(CapabilityType::CAN_COPY_MESSAGE).other_clients);
/// ```
#[must_use]
pub const fn enforced_by(capability: CapabilityType) -> EnforcedBy {
    use CapabilityType as C;
    match capability {
        C::CAN_ADD_PARTICIPANT
        | C::CAN_REMOVE_PARTICIPANT
        | C::CAN_ADD_OWN_CLIENT
        | C::CAN_REMOVE_OWN_CLIENT
        | C::CAN_OPEN_JOIN
        | C::CAN_JOIN_IF_PREAUTHORIZED
        | C::CAN_REMOVE_SELF
        | C::CAN_USE_JOIN_CODE
        | C::CAN_BAN
        | C::CAN_UNBAN
        | C::CAN_KICK
        | C::CAN_CHANGE_USER_ROLE
        | C::CAN_CHANGE_OWN_ROLE
        | C::CAN_CHANGE_ROOM_NAME
        | C::CAN_CHANGE_ROOM_DESCRIPTION
        | C::CAN_CHANGE_ROOM_AVATAR
        | C::CAN_CHANGE_ROOM_SUBJECT
        | C::CAN_CHANGE_ROOM_MOOD
        | C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE
        | C::CAN_CHANGE_ROLE_DEFINITIONS
        | C::CAN_CHANGE_PREAUTHORIZED_USER_LIST
        | C::CAN_SEND_MLS_REINIT_PROPOSAL
        // A sender and its role show to all who get the message.
        | C::CAN_SEND_MESSAGE => EnforcedBy::HUB_AND_CLIENTS,
        C::CAN_DESTROY_ROOM => EnforcedBy::HUB,
        // The hub withholds the fan-out, and gets the report.
        C::CAN_RECEIVE_MESSAGE | C::CAN_REPORT_ABUSE => EnforcedBy::HUB_AND_OWN_CLIENT,
        C::CAN_REPLY_TO_MESSAGE
        | C::CAN_REACT_TO_MESSAGE
        | C::CAN_EDIT_REACTION
        | C::CAN_DELETE_OWN_REACTION
        | C::CAN_DELETE_OTHER_REACTION
        | C::CAN_EDIT_OWN_MESSAGE
        | C::CAN_DELETE_OWN_MESSAGE
        | C::CAN_DELETE_OTHER_MESSAGE
        | C::CAN_START_TOPIC
        | C::CAN_REPLY_IN_TOPIC
        | C::CAN_EDIT_OWN_TOPIC
        | C::CAN_EDIT_OTHER_TOPIC
        | C::CAN_UPLOAD_IMAGE
        | C::CAN_UPLOAD_AUDIO
        | C::CAN_UPLOAD_VIDEO
        | C::CAN_UPLOAD_ATTACHMENT
        | C::CAN_SEND_LINK
        | C::CAN_SEND_LINK_PREVIEW
        | C::CAN_START_CALL
        | C::CAN_JOIN_CALL
        | C::CAN_SEND_AUDIO
        | C::CAN_SEND_VIDEO
        | C::CAN_SHARE_SCREEN => EnforcedBy::OTHER_CLIENTS,
        C::CAN_COPY_MESSAGE
        | C::CAN_DOWNLOAD_IMAGE
        | C::CAN_DOWNLOAD_AUDIO
        | C::CAN_DOWNLOAD_VIDEO
        | C::CAN_DOWNLOAD_ATTACHMENT
        | C::CAN_FOLLOW_LINK
        | C::CAN_COPY_LINK
        | C::CAN_RECEIVE_AUDIO
        | C::CAN_RECEIVE_VIDEO
        | C::CAN_VIEW_SHARED_SCREEN => EnforcedBy::OWN_CLIENT,
        _ => EnforcedBy::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mimi_codec::CapabilityType as C;

    #[test]
    fn every_live_capability_is_kept_by_one_party_and_no_other() {
        for &capability in C::REGISTERED {
            assert_eq!(enforced_by(capability).anybody(), !capability.is_reserved(), "{capability}");
        }
        for unknown in [0x0012, 0x0112, 0x0700, 0xf000, 0xffff] {
            assert_eq!(enforced_by(CapabilityType(unknown)), EnforcedBy::NONE);
        }
    }

    #[test]
    fn the_hub_keeps_the_state_and_sending_and_receiving_and_not_what_is_encrypted() {
        for &capability in C::REGISTERED {
            if capability.is_reserved() {
                continue;
            }
            let EnforcedBy { hub, other_clients, .. } = enforced_by(capability);
            let of_messages = matches!(capability.0 >> 8, 0x01 | 0x02 | 0x04);
            let seen =
                [C::CAN_SEND_MESSAGE, C::CAN_RECEIVE_MESSAGE, C::CAN_REPORT_ABUSE].contains(&capability);
            assert_eq!(hub, !of_messages || seen, "{capability}");
            if !of_messages {
                assert_eq!(other_clients, capability != C::CAN_DESTROY_ROOM, "{capability}");
            }
        }
    }
}
