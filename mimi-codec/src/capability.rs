//! The capabilities of a role (mimi-room-policy-04 §8, registry in §10.2).
//!

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::text::{TextError, TextErrorKind};

macro_rules! capabilities {
    ($(($number:literal, $constant:ident, $name:literal, $snake:literal, $status:ident),)*) => {
        impl CapabilityType {
            $(
                #[doc = concat!("`", $name, "`, ", stringify!($status), ".")]
                pub const $constant: Self = Self($number);
            )*

            /// Every registered capability, in the order of the registry.
            pub const REGISTERED: &'static [Self] = &[$(Self::$constant,)*];
        }

        const REGISTRY: &[Entry] = &[
            $(Entry { number: $number, name: $name, snake: $snake, status: Status::$status },)*
        ];
    };
}

/// `uint16 CapabilityType;` – what the holder of a role may do (mimi-room-policy-04 §3, §10.2).
///
/// A number that the registry doesn't know is kept, and grants nothing. 0xF000 to 0xFFFF are for
/// private use.
///
/// ```
/// use mimi_codec::CapabilityType;
///
/// assert_eq!(CapabilityType::from_name("canUnban")?, CapabilityType::CAN_UNBAN);
/// assert_eq!(CapabilityType::from_name("can_use_join_link")?, CapabilityType::CAN_USE_JOIN_CODE);
/// assert_eq!(CapabilityType::CAN_UNBAN.name(), Some("canUnBan"));
/// assert_eq!(CapabilityType(0xf001).name(), None);
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
///
/// # Names of the working group's notes
///
/// The notes of October 2024 write capabilities in snake case, in an earlier wording.
/// [`Self::from_name`] reads every registered name in snake case too, and these older names:
///
/// | name in the notes | number | registered as |
/// |-|-|-|
/// | `can_add_client` | 0x0002 | canAddOwnClient |
/// | `can_create_join_link` | 0x0007 | canCreateJoinCode (reserved) |
/// | `can_use_join_link` | 0x0009 | canUseJoinCode |
/// | `can_answer_knock` | 0x000e | canAcceptKnock (reserved) |
/// | `can_delete_reaction` | 0x0107 | canDeleteOwnReaction, the lesser of the two that it became |
/// | `can_upload_images`, `can_upload_videos`, `can_upload_attachments` | 0x0200, 0x0202, 0x0203 | the singular |
/// | `can_download_images`, `can_download_videos`, `can_download_attachments` | 0x0204, 0x0206, 0x0207 | the singular |
/// | `can_send_links`, `can_send_link_previews`, `can_follow_links` | 0x0208, 0x0209, 0x020a | the singular |
/// | `can_screen_share` | 0x0406 | canShareScreen |
///
/// These have no number, and so are no names here:
///
/// | name | why |
/// |-|-|
/// | `can_add_self` | it became canOpenJoin (anyone) and canJoinIfPreauthorized (by credential claims); to guess would open a room |
/// | `can_grant_voice`, `can_revoke_voice` | voice is a role with canSendMessage; granting it is canChangeUserRole |
/// | `can_end_call` | never registered; the call capabilities stop at joining and media |
/// | `canAddUser`, `canRemoveUser`, `canSetUserRole` | names of the examples in mimi-protocol-06 §3.1, never registered |
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, tls_codec::TlsSize, tls_codec::TlsSerializeBytes,
)]
pub struct CapabilityType(pub u16);

struct Entry {
    number: u16,
    name: &'static str,
    snake: &'static str,
    status: Status,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(non_camel_case_types, reason = "the table below reads like the registry")]
enum Status {
    assigned,
    reserved,
}

capabilities! {
    (0x0000, CAN_ADD_PARTICIPANT, "canAddParticipant", "can_add_participant", assigned),
    (0x0001, CAN_REMOVE_PARTICIPANT, "canRemoveParticipant", "can_remove_participant", assigned),
    (0x0002, CAN_ADD_OWN_CLIENT, "canAddOwnClient", "can_add_own_client", assigned),
    (0x0003, CAN_REMOVE_OWN_CLIENT, "canRemoveOwnClient", "can_remove_own_client", assigned),
    (0x0004, CAN_OPEN_JOIN, "canOpenJoin", "can_open_join", assigned),
    (0x0005, CAN_JOIN_IF_PREAUTHORIZED, "canJoinIfPreauthorized", "can_join_if_preauthorized", assigned),
    (0x0006, CAN_REMOVE_SELF, "canRemoveSelf", "can_remove_self", assigned),
    (0x0007, CAN_CREATE_JOIN_CODE, "canCreateJoinCode", "can_create_join_code", reserved),
    (0x0008, CAN_DELETE_JOIN_CODE, "canDeleteJoinCode", "can_delete_join_code", reserved),
    (0x0009, CAN_USE_JOIN_CODE, "canUseJoinCode", "can_use_join_code", assigned),
    (0x000a, CAN_BAN, "canBan", "can_ban", assigned),
    (0x000b, CAN_UNBAN, "canUnBan", "can_unban", assigned),
    (0x000c, CAN_KICK, "canKick", "can_kick", assigned),
    (0x000d, CAN_KNOCK, "canKnock", "can_knock", reserved),
    (0x000e, CAN_ACCEPT_KNOCK, "canAcceptKnock", "can_accept_knock", reserved),
    (0x000f, CAN_CHANGE_USER_ROLE, "canChangeUserRole", "can_change_user_role", assigned),
    (0x0010, CAN_CHANGE_OWN_ROLE, "canChangeOwnRole", "can_change_own_role", assigned),
    (0x0011, CAN_CREATE_SUBGROUP, "canCreateSubgroup", "can_create_subgroup", reserved),
    (0x0100, CAN_SEND_MESSAGE, "canSendMessage", "can_send_message", assigned),
    (0x0101, CAN_RECEIVE_MESSAGE, "canReceiveMessage", "can_receive_message", assigned),
    (0x0102, CAN_COPY_MESSAGE, "canCopyMessage", "can_copy_message", assigned),
    (0x0103, CAN_REPORT_ABUSE, "canReportAbuse", "can_report_abuse", assigned),
    (0x0104, CAN_REPLY_TO_MESSAGE, "canReplyToMessage", "can_reply_to_message", assigned),
    (0x0105, CAN_REACT_TO_MESSAGE, "canReactToMessage", "can_react_to_message", assigned),
    (0x0106, CAN_EDIT_REACTION, "canEditReaction", "can_edit_reaction", assigned),
    (0x0107, CAN_DELETE_OWN_REACTION, "canDeleteOwnReaction", "can_delete_own_reaction", assigned),
    (0x0108, CAN_DELETE_OTHER_REACTION, "canDeleteOtherReaction", "can_delete_other_reaction", assigned),
    (0x0109, CAN_EDIT_OWN_MESSAGE, "canEditOwnMessage", "can_edit_own_message", assigned),
    (0x010a, CAN_DELETE_OWN_MESSAGE, "canDeleteOwnMessage", "can_delete_own_message", assigned),
    (0x010b, CAN_DELETE_OTHER_MESSAGE, "canDeleteOtherMessage", "can_delete_other_message", assigned),
    (0x010c, CAN_START_TOPIC, "canStartTopic", "can_start_topic", assigned),
    (0x010d, CAN_REPLY_IN_TOPIC, "canReplyInTopic", "can_reply_in_topic", assigned),
    (0x010e, CAN_EDIT_OWN_TOPIC, "canEditOwnTopic", "can_edit_own_topic", assigned),
    (0x010f, CAN_EDIT_OTHER_TOPIC, "canEditOtherTopic", "can_edit_other_topic", assigned),
    (0x0110, CAN_SEND_DIRECT_MESSAGE, "canSendDirectMessage", "can_send_direct_message", reserved),
    (0x0111, CAN_TARGET_MESSAGE, "canTargetMessage", "can_target_message", reserved),
    (0x0200, CAN_UPLOAD_IMAGE, "canUploadImage", "can_upload_image", assigned),
    (0x0201, CAN_UPLOAD_AUDIO, "canUploadAudio", "can_upload_audio", assigned),
    (0x0202, CAN_UPLOAD_VIDEO, "canUploadVideo", "can_upload_video", assigned),
    (0x0203, CAN_UPLOAD_ATTACHMENT, "canUploadAttachment", "can_upload_attachment", assigned),
    (0x0204, CAN_DOWNLOAD_IMAGE, "canDownloadImage", "can_download_image", assigned),
    (0x0205, CAN_DOWNLOAD_AUDIO, "canDownloadAudio", "can_download_audio", assigned),
    (0x0206, CAN_DOWNLOAD_VIDEO, "canDownloadVideo", "can_download_video", assigned),
    (0x0207, CAN_DOWNLOAD_ATTACHMENT, "canDownloadAttachment", "can_download_attachment", assigned),
    (0x0208, CAN_SEND_LINK, "canSendLink", "can_send_link", assigned),
    (0x0209, CAN_SEND_LINK_PREVIEW, "canSendLinkPreview", "can_send_link_preview", assigned),
    (0x020a, CAN_FOLLOW_LINK, "canFollowLink", "can_follow_link", assigned),
    (0x020b, CAN_COPY_LINK, "canCopyLink", "can_copy_link", assigned),
    (0x0300, CAN_CHANGE_ROOM_NAME, "canChangeRoomName", "can_change_room_name", assigned),
    (0x0301, CAN_CHANGE_ROOM_DESCRIPTION, "canChangeRoomDescription", "can_change_room_description", assigned),
    (0x0302, CAN_CHANGE_ROOM_AVATAR, "canChangeRoomAvatar", "can_change_room_avatar", assigned),
    (0x0303, CAN_CHANGE_ROOM_SUBJECT, "canChangeRoomSubject", "can_change_room_subject", assigned),
    (0x0304, CAN_CHANGE_ROOM_MOOD, "canChangeRoomMood", "can_change_room_mood", assigned),
    (0x0380, CAN_CHANGE_OWN_NAME, "canChangeOwnName", "can_change_own_name", reserved),
    (0x0381, CAN_CHANGE_OWN_PRESENCE, "canChangeOwnPresence", "can_change_own_presence", reserved),
    (0x0382, CAN_CHANGE_OWN_MOOD, "canChangeOwnMood", "can_change_own_mood", reserved),
    (0x0383, CAN_CHANGE_OWN_AVATAR, "canChangeOwnAvatar", "can_change_own_avatar", reserved),
    (0x0400, CAN_START_CALL, "canStartCall", "can_start_call", assigned),
    (0x0401, CAN_JOIN_CALL, "canJoinCall", "can_join_call", assigned),
    (0x0402, CAN_SEND_AUDIO, "canSendAudio", "can_send_audio", assigned),
    (0x0403, CAN_RECEIVE_AUDIO, "canReceiveAudio", "can_receive_audio", assigned),
    (0x0404, CAN_SEND_VIDEO, "canSendVideo", "can_send_video", assigned),
    (0x0405, CAN_RECEIVE_VIDEO, "canReceiveVideo", "can_receive_video", assigned),
    (0x0406, CAN_SHARE_SCREEN, "canShareScreen", "can_share_screen", assigned),
    (0x0407, CAN_VIEW_SHARED_SCREEN, "canViewSharedScreen", "can_view_shared_screen", assigned),
    (0x0500, CAN_CREATE_ROOM, "canCreateRoom", "can_create_room", reserved),
    (0x0501, CAN_DESTROY_ROOM, "canDestroyRoom", "can_destroy_room", assigned),
    (0x0502, CAN_CHANGE_ROOM_MEMBERSHIP_STYLE, "canChangeRoomMembershipStyle", "can_change_room_membership_style", assigned),
    (0x0503, CAN_CHANGE_ROLE_DEFINITIONS, "canChangeRoleDefinitions", "can_change_role_definitions", assigned),
    (0x0504, CAN_CHANGE_PREAUTHORIZED_USER_LIST, "canChangePreauthorizedUserList", "can_change_preauthorized_user_list", assigned),
    (0x0505, CAN_CHANGE_OTHER_POLICY_ATTRIBUTE, "canChangeOtherPolicyAttribute", "can_change_other_policy_attribute", reserved),
    (0x0600, CAN_CHANGE_MLS_OPERATIONAL_POLICIES, "canChangeMlsOperationalPolicies", "can_change_mls_operational_policies", reserved),
    (0x0601, CAN_SEND_MLS_REINIT_PROPOSAL, "canSendMLSReinitProposal", "can_send_mls_reinit_proposal", assigned),
    (0x0602, CAN_SEND_MLS_UPDATE_PROPOSAL, "canSendMLSUpdateProposal", "can_send_mls_update_proposal", reserved),
    (0x0603, CAN_SEND_MLS_PSK_PROPOSAL, "canSendMLSPSKProposal", "can_send_mls_psk_proposal", reserved),
    (0x0604, CAN_SEND_MLS_EXTERNAL_PROPOSAL, "canSendMLSExternalProposal", "can_send_mls_external_proposal", reserved),
    (0x0605, CAN_SEND_MLS_EXTERNAL_COMMIT, "canSendMLSExternalCommit", "can_send_mls_external_commit", reserved),
}

/// Names that the registry spells otherwise: the text of §8.1.3 and the notes, see
/// [`CapabilityType`].
const OTHER_NAMES: &[(&str, CapabilityType)] = &[
    ("canUnban", CapabilityType::CAN_UNBAN),
    ("can_un_ban", CapabilityType::CAN_UNBAN),
    ("can_add_client", CapabilityType::CAN_ADD_OWN_CLIENT),
    ("can_create_join_link", CapabilityType::CAN_CREATE_JOIN_CODE),
    ("can_use_join_link", CapabilityType::CAN_USE_JOIN_CODE),
    ("can_answer_knock", CapabilityType::CAN_ACCEPT_KNOCK),
    ("can_delete_reaction", CapabilityType::CAN_DELETE_OWN_REACTION),
    ("can_upload_images", CapabilityType::CAN_UPLOAD_IMAGE),
    ("can_upload_videos", CapabilityType::CAN_UPLOAD_VIDEO),
    ("can_upload_attachments", CapabilityType::CAN_UPLOAD_ATTACHMENT),
    ("can_download_images", CapabilityType::CAN_DOWNLOAD_IMAGE),
    ("can_download_videos", CapabilityType::CAN_DOWNLOAD_VIDEO),
    ("can_download_attachments", CapabilityType::CAN_DOWNLOAD_ATTACHMENT),
    ("can_send_links", CapabilityType::CAN_SEND_LINK),
    ("can_send_link_previews", CapabilityType::CAN_SEND_LINK_PREVIEW),
    ("can_follow_links", CapabilityType::CAN_FOLLOW_LINK),
    ("can_screen_share", CapabilityType::CAN_SHARE_SCREEN),
];

impl CapabilityType {
    /// The capability of a name: the registry's own, its snake case, `canUnban` for `canUnBan`, or
    /// an older name of the notes (see the tables of the type).
    ///
    /// # Errors
    /// [`TextErrorKind::UnknownCapability`].
    pub fn from_name(name: &str) -> Result<Self, TextError> {
        REGISTRY
            .iter()
            .find(|entry| entry.name == name || entry.snake == name)
            .map(|entry| Self(entry.number))
            .or_else(|| {
                OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, capability)| *capability)
            })
            .ok_or(TextError::new(TextErrorKind::UnknownCapability, 0))
    }

    /// The registry's name.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.name)
    }

    /// The registry's name in snake case, as the working group's notes write it.
    #[must_use]
    pub fn snake_case_name(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.snake)
    }

    /// Whether the registry knows the number, reserved ones included.
    #[must_use]
    pub fn is_registered(self) -> bool {
        self.entry().is_some()
    }

    /// Whether the registry marks the capability as reserved: it has a number and a name, and no
    /// meaning yet.
    #[must_use]
    pub fn is_reserved(self) -> bool {
        self.entry().is_some_and(|entry| entry.status == Status::reserved)
    }

    /// Whether the number lies in the range for private use, 0xF000 to 0xFFFF.
    #[must_use]
    pub const fn is_private_use(self) -> bool {
        self.0 >= 0xf000
    }

    fn entry(self) -> Option<&'static Entry> {
        REGISTRY.iter().find(|entry| entry.number == self.0)
    }
}

impl fmt::Display for CapabilityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

/// The name, as [`Display`](fmt::Display) has it.
impl fmt::Debug for CapabilityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CapabilityType {
    type Err = TextError;

    fn from_str(name: &str) -> Result<Self, TextError> {
        Self::from_name(name)
    }
}

impl From<u16> for CapabilityType {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl From<CapabilityType> for u16 {
    fn from(capability: CapabilityType) -> Self {
        capability.0
    }
}

impl crate::Keyed for CapabilityType {
    type Key = u16;

    fn key(&self) -> u16 {
        self.0
    }
}

impl<'a> crate::Decode<'a> for CapabilityType {
    const NAME: &'static str = "CapabilityType";
    const FIXED_LEN: Option<usize> = Some(2);

    #[inline]
    fn decode(reader: &mut crate::Reader<'a>) -> crate::Result<Self> {
        reader.uint16().map(Self)
    }
}

impl crate::Encode for CapabilityType {
    fn encode(&self, writer: &mut crate::Writer) -> Result<(), crate::EncodeError> {
        self.0.encode(writer)
    }
}

crate::tls::tls_bridge!(decode CapabilityType);

/// Human-readable formats show the registry's name, or the number where there is none; they take
/// every name that [`CapabilityType::from_name`] takes.
#[cfg(feature = "serde")]
impl serde::Serialize for CapabilityType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::json::serialize_number(self.name(), self.0.into(), serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for CapabilityType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = |name: &str| Self::from_name(name).ok().map(|capability| capability.0.into());
        let value = crate::json::deserialize_number(deserializer, named)?;
        value.try_into().map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for CapabilityType {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        if u.ratio(3, 4)? { u.choose(Self::REGISTERED).copied() } else { u.arbitrary().map(Self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_registry_is_the_drafts() {
        // Counted in mimi-room-policy-04 §10.2.
        assert_eq!(CapabilityType::REGISTERED.len(), 77);
        let reserved = CapabilityType::REGISTERED.iter().filter(|capability| capability.is_reserved());
        assert_eq!(reserved.count(), 18);
        assert!(CapabilityType::REGISTERED.is_sorted());
        for (number, name) in [
            (0x0000, "canAddParticipant"),
            (0x0011, "canCreateSubgroup"),
            (0x0100, "canSendMessage"),
            (0x0111, "canTargetMessage"),
            (0x0200, "canUploadImage"),
            (0x020b, "canCopyLink"),
            (0x0300, "canChangeRoomName"),
            (0x0383, "canChangeOwnAvatar"),
            (0x0407, "canViewSharedScreen"),
            (0x0505, "canChangeOtherPolicyAttribute"),
            (0x0605, "canSendMLSExternalCommit"),
        ] {
            assert_eq!(CapabilityType(number).name(), Some(name));
        }
    }

    #[test]
    fn every_name_leads_back() {
        for &capability in CapabilityType::REGISTERED {
            for name in [capability.name().unwrap(), capability.snake_case_name().unwrap()] {
                assert_eq!(CapabilityType::from_name(name), Ok(capability));
            }
            assert_eq!(capability.to_string().parse(), Ok(capability));
        }
        for (name, capability) in OTHER_NAMES {
            assert_eq!(CapabilityType::from_name(name), Ok(*capability));
        }
    }

    #[test]
    fn both_spellings_of_unban_are_0x000b() {
        for name in ["canUnBan", "canUnban", "can_unban"] {
            assert_eq!(CapabilityType::from_name(name), Ok(CapabilityType(0x000b)));
        }
    }

    #[test]
    fn every_name_of_the_notes_is_decided() {
        let known = "can_add_participant can_remove_participant can_add_client can_remove_self can_create_join_link \
            can_use_join_link can_ban can_unban can_kick can_answer_knock can_send_message can_receive_message \
            can_report_abuse can_react_to_message can_edit_reaction can_delete_reaction can_edit_own_message \
            can_start_topic can_upload_images can_download_images can_upload_videos can_download_videos \
            can_upload_attachments can_download_attachments can_send_links can_send_link_previews can_follow_links \
            can_start_call can_join_call can_send_audio can_send_video can_receive_audio can_receive_video \
            can_screen_share";
        for name in known.split_whitespace() {
            assert!(CapabilityType::from_name(name).is_ok(), "{name}");
        }
        for name in [
            "can_add_self",
            "can_grant_voice",
            "can_revoke_voice",
            "can_end_call",
            "canAddUser",
            "canRemoveUser",
            "canSetUserRole",
        ] {
            assert_eq!(
                CapabilityType::from_name(name),
                Err(TextError::new(TextErrorKind::UnknownCapability, 0)),
                "{name}"
            );
        }
    }

    #[test]
    fn names_are_exact() {
        for name in ["", "canban", "CanBan", "can_Ban", " canBan", "0x000a"] {
            assert!(CapabilityType::from_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_unknown_number_is_kept_and_has_no_name() {
        let unknown = CapabilityType(0x0012);
        assert_eq!((unknown.name(), unknown.is_registered(), unknown.is_reserved()), (None, false, false));
        assert_eq!(unknown.to_string(), "0x0012");
        assert!(CapabilityType(0xf000).is_private_use());
        assert!(!CapabilityType(0xefff).is_private_use());
    }
}
