//! Direct messages: rooms whose participants never change.

use alloc::vec;

use mimi_codec::room_policy::{BaseRoomPolicy, CapabilityType as C, RoleData};

use super::{Limits, Preset, open_ended_base, role};

/// What the participant of a conversation among equals may do: come and go with clients, and talk.
pub(super) const CONVERSATION: &[C] = &[
    C::CAN_ADD_OWN_CLIENT,
    C::CAN_REMOVE_OWN_CLIENT,
    C::CAN_SEND_MESSAGE,
    C::CAN_RECEIVE_MESSAGE,
    C::CAN_COPY_MESSAGE,
    C::CAN_REPORT_ABUSE,
    C::CAN_REPLY_TO_MESSAGE,
    C::CAN_REACT_TO_MESSAGE,
    C::CAN_EDIT_REACTION,
    C::CAN_DELETE_OWN_REACTION,
    C::CAN_EDIT_OWN_MESSAGE,
    C::CAN_DELETE_OWN_MESSAGE,
    C::CAN_START_TOPIC,
    C::CAN_REPLY_IN_TOPIC,
    C::CAN_EDIT_OWN_TOPIC,
    C::CAN_UPLOAD_IMAGE,
    C::CAN_UPLOAD_AUDIO,
    C::CAN_UPLOAD_VIDEO,
    C::CAN_UPLOAD_ATTACHMENT,
    C::CAN_DOWNLOAD_IMAGE,
    C::CAN_DOWNLOAD_AUDIO,
    C::CAN_DOWNLOAD_VIDEO,
    C::CAN_DOWNLOAD_ATTACHMENT,
    C::CAN_SEND_LINK,
    C::CAN_SEND_LINK_PREVIEW,
    C::CAN_FOLLOW_LINK,
    C::CAN_COPY_LINK,
    C::CAN_START_CALL,
    C::CAN_JOIN_CALL,
    C::CAN_SEND_AUDIO,
    C::CAN_RECEIVE_AUDIO,
    C::CAN_SEND_VIDEO,
    C::CAN_RECEIVE_VIDEO,
    C::CAN_SHARE_SCREEN,
    C::CAN_VIEW_SHARED_SCREEN,
];

/// What a conversation of several may be called.
pub(super) const DESCRIBE_ROOM: &[C] = &[
    C::CAN_CHANGE_ROOM_NAME,
    C::CAN_CHANGE_ROOM_DESCRIPTION,
    C::CAN_CHANGE_ROOM_AVATAR,
    C::CAN_CHANGE_ROOM_SUBJECT,
    C::CAN_CHANGE_ROOM_MOOD,
];

/// A conversation of two: fixed membership, one role.
///
/// ```
/// let room = mimi_policy::preset::one_to_one();
/// assert!(room.base.fixed_membership);
/// assert_eq!((room.base.max_users, room.creator_role), (Some(2), room.participant_role));
/// ```
#[must_use]
pub fn one_to_one() -> Preset {
    direct(BaseRoomPolicy { max_users: Some(2), ..fixed() }, &[CONVERSATION])
}

/// A conversation of several people that stay the same: fixed membership, one role, whose holders
/// also name the room.
///
/// ```
/// let room = mimi_policy::preset::group_direct_message();
/// assert!(room.base.fixed_membership);
/// assert_eq!(room.base.max_users, None);
/// ```
#[must_use]
pub fn group_direct_message() -> Preset {
    direct(fixed(), &[CONVERSATION, DESCRIBE_ROOM])
}

fn fixed() -> BaseRoomPolicy {
    BaseRoomPolicy { fixed_membership: true, ..open_ended_base() }
}

fn direct(base: BaseRoomPolicy, capabilities: &[&[C]]) -> Preset {
    let roles = RoleData {
        roles: vec![
            role(0, "no_role", &[], Limits::NOBODY_ACTIVE, &[]),
            role(2, "participant", capabilities, Limits::NONE, &[]),
        ],
    };
    Preset { base, roles, creator_role: 2, participant_role: 2 }
}
