//! Who gets messages, and what users may do with what they have got (mimi-room-policy §8.3 to §8.5).

use core::fmt;

use mimi_codec::CapabilityType;

use crate::component::asset::AssetKind;

/// What a hub fans out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FanOut {
    /// An application message.
    ApplicationMessage,
    /// A proposal, commit or Welcome, without which a client can't follow the group.
    Handshake,
}

/// An application message is withheld from a user whose role lacks canReceiveMessage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Withheld;

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the role lacks canReceiveMessage")
    }
}

impl core::error::Error for Withheld {}

/// Whether the clients of a user get what is fanned out. The hub asks for each user; a client that gets a message nonetheless asks
/// for itself, and leaves it alone.
///
/// ```
/// use mimi_codec::CapabilityType;
/// use mimi_policy::receiving::{FanOut, Withheld, check_fan_out};
///
/// let mute = |capability| capability == CapabilityType::CAN_SEND_MESSAGE;
/// assert_eq!(check_fan_out(FanOut::ApplicationMessage, mute), Err(Withheld));
/// assert_eq!(check_fan_out(FanOut::Handshake, mute), Ok(()));
/// ```
///
/// # Errors
/// [`Withheld`].
pub fn check_fan_out(what: FanOut, holds: impl Fn(CapabilityType) -> bool) -> Result<(), Withheld> {
    match what {
        FanOut::ApplicationMessage if !holds(CapabilityType::CAN_RECEIVE_MESSAGE) => Err(Withheld),
        FanOut::ApplicationMessage | FanOut::Handshake => Ok(()),
    }
}

/// The users who get an application message, of those of a room and what their role holds. The sender's other clients get it
/// too, if the sender is among them.
pub fn recipients<U, H: Fn(CapabilityType) -> bool>(
    users: impl IntoIterator<Item = (U, H)>,
) -> impl Iterator<Item = U> {
    users
        .into_iter()
        .filter(|(_, holds)| check_fan_out(FanOut::ApplicationMessage, holds).is_ok())
        .map(|(user, _)| user)
}

/// What a user does with what it has got, or in a call. No message says so: the user's own client asks before it offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// Copies content out of a message.
    CopyMessage,
    /// Reports a franked message as abusive.
    ReportAbuse,
    /// Downloads what a message refers to.
    Download(AssetKind),
    /// Opens a link.
    FollowLink,
    /// Copies the URL of a link.
    CopyLink,
    /// Starts a call.
    StartCall,
    /// Joins a call.
    JoinCall,
    /// Speaks in a call.
    SendAudio,
    /// Hears others in a call.
    ReceiveAudio,
    /// Shows video in a call.
    SendVideo,
    /// Sees others' video in a call.
    ReceiveVideo,
    /// Shares a screen in a call.
    ShareScreen,
    /// Sees a shared screen in a call.
    ViewSharedScreen,
}

impl Use {
    /// Every use.
    pub const ALL: [Self; 16] = [
        Self::CopyMessage,
        Self::ReportAbuse,
        Self::Download(AssetKind::Image),
        Self::Download(AssetKind::Audio),
        Self::Download(AssetKind::Video),
        Self::Download(AssetKind::Attachment),
        Self::FollowLink,
        Self::CopyLink,
        Self::StartCall,
        Self::JoinCall,
        Self::SendAudio,
        Self::ReceiveAudio,
        Self::SendVideo,
        Self::ReceiveVideo,
        Self::ShareScreen,
        Self::ViewSharedScreen,
    ];

    /// The capability that it takes.
    #[must_use]
    pub const fn capability(self) -> CapabilityType {
        match self {
            Self::CopyMessage => CapabilityType::CAN_COPY_MESSAGE,
            Self::ReportAbuse => CapabilityType::CAN_REPORT_ABUSE,
            Self::Download(kind) => kind.download_capability(),
            Self::FollowLink => CapabilityType::CAN_FOLLOW_LINK,
            Self::CopyLink => CapabilityType::CAN_COPY_LINK,
            Self::StartCall => CapabilityType::CAN_START_CALL,
            Self::JoinCall => CapabilityType::CAN_JOIN_CALL,
            Self::SendAudio => CapabilityType::CAN_SEND_AUDIO,
            Self::ReceiveAudio => CapabilityType::CAN_RECEIVE_AUDIO,
            Self::SendVideo => CapabilityType::CAN_SEND_VIDEO,
            Self::ReceiveVideo => CapabilityType::CAN_RECEIVE_VIDEO,
            Self::ShareScreen => CapabilityType::CAN_SHARE_SCREEN,
            Self::ViewSharedScreen => CapabilityType::CAN_VIEW_SHARED_SCREEN,
        }
    }
}

/// A capability that a use takes and the user's role lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UseRefused {
    /// The capability.
    pub lacks: CapabilityType,
}

impl fmt::Display for UseRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the role lacks {}", self.lacks)
    }
}

impl core::error::Error for UseRefused {}

/// Whether a user may do so, whose role holds the capabilities that `holds` says. A report takes a frank as well: its type sees to it.
///
/// # Errors
/// [`UseRefused`].
pub fn check_use(what: Use, holds: impl Fn(CapabilityType) -> bool) -> Result<(), UseRefused> {
    let capability = what.capability();
    if holds(capability) { Ok(()) } else { Err(UseRefused { lacks: capability }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CapabilityType as C;
    use alloc::vec::Vec;

    #[test]
    fn each_use_takes_its_own_capability() {
        let expected = [
            C::CAN_COPY_MESSAGE,
            C::CAN_REPORT_ABUSE,
            C::CAN_DOWNLOAD_IMAGE,
            C::CAN_DOWNLOAD_AUDIO,
            C::CAN_DOWNLOAD_VIDEO,
            C::CAN_DOWNLOAD_ATTACHMENT,
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
        for (what, capability) in Use::ALL.into_iter().zip(expected) {
            assert_eq!(what.capability(), capability);
            assert_eq!(check_use(what, |held| held == capability), Ok(()));
            let lacks = capability;
            assert_eq!(check_use(what, |held| held != lacks), Err(UseRefused { lacks }));
        }
    }

    #[test]
    fn application_messages_go_to_those_who_can_receive() {
        let holds = |list: &'static [C]| move |capability: C| list.contains(&capability);
        let users = [
            ("alice", holds(&[C::CAN_SEND_MESSAGE, C::CAN_RECEIVE_MESSAGE])),
            ("bob", holds(&[C::CAN_SEND_MESSAGE])),
            ("cathy", holds(&[C::CAN_RECEIVE_MESSAGE])),
        ];
        assert_eq!(recipients(users).collect::<Vec<_>>(), ["alice", "cathy"]);
        assert_eq!(check_fan_out(FanOut::ApplicationMessage, |_| false), Err(Withheld));
        assert_eq!(check_fan_out(FanOut::Handshake, |_| false), Ok(()));
    }
}
