//! Who gets messages, and what users may do with what they have got (mimi-room-policy-04 §8.3 to
//! §8.5).

use core::fmt;

use mimi_codec::CapabilityType;

use crate::{RoomState, UserUri, component::asset::AssetKind};

/// What a hub fans out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FanOutKind {
    /// An application message.
    ApplicationMessage,
    /// A proposal, commit or Welcome, without which a client can't follow the group.
    Handshake,
}

/// Why a message is not fanned out to the clients of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Withheld {
    /// The user is banned, or not on the participant list: its clients have yet to leave the group.
    CutOff,
    /// The user's role lacks canReceiveMessage.
    MayNotReceive,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutOff => "the user is banned or not on the participant list",
            Self::MayNotReceive => "the role lacks canReceiveMessage",
        })
    }
}

impl core::error::Error for Withheld {}

impl RoomState {
    /// Whether the clients of a user get what is fanned out. The hub asks for each user. A client
    /// that gets a message nonetheless asks for its own user, and drops the message.
    ///
    /// Handshakes go to all clients in the group, also to those of a banned user: they carry no
    /// content, and one of them is the commit that removes the client.
    ///
    /// ```
    /// use mimi_codec::protocol::{ParticipantListData, UserRolePair};
    /// use mimi_policy::{
    ///     RoomParts, RoomState, TableSeed, UserUri,
    ///     preset::ExampleRoom,
    ///     receiving::{FanOutKind, Withheld},
    /// };
    ///
    /// let bob = UserUri::try_from("mimi://b.example/u/bob")?;
    /// let banned = UserRolePair { user: bob.clone().into(), role_index: 1 };
    /// let list = ParticipantListData { participants: vec![banned] };
    /// let room = RoomState::new(RoomParts::new(ExampleRoom::Strict.roles(), list), TableSeed::known())?;
    /// assert_eq!(room.check_fan_out(FanOutKind::ApplicationMessage, &bob), Err(Withheld::CutOff));
    /// assert_eq!(room.check_fan_out(FanOutKind::Handshake, &bob), Ok(()));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Withheld`].
    pub fn check_fan_out(&self, what: FanOutKind, user: &UserUri) -> Result<(), Withheld> {
        match what {
            FanOutKind::Handshake => Ok(()),
            FanOutKind::ApplicationMessage if !self.takes_part(user) => Err(Withheld::CutOff),
            FanOutKind::ApplicationMessage
                if self.has_capability(user, CapabilityType::CAN_RECEIVE_MESSAGE) =>
            {
                Ok(())
            }
            FanOutKind::ApplicationMessage => Err(Withheld::MayNotReceive),
        }
    }

    /// The participants whose clients get an application message, in the order of the list. The
    /// sender's other clients get it too, if the sender is among them.
    pub fn recipients(&self) -> impl Iterator<Item = &UserUri> {
        let users = self.participants().map(|(user, _)| user);
        users.filter(|user| self.check_fan_out(FanOutKind::ApplicationMessage, user).is_ok())
    }
}

/// What a user does with what it has got, or in a call. No message says so: the user's own client
/// asks before it offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAction {
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

impl ClientAction {
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
pub struct ClientActionRefusal {
    /// The capability.
    pub lacks: CapabilityType,
}

impl fmt::Display for ClientActionRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the role lacks {}", self.lacks)
    }
}

impl core::error::Error for ClientActionRefusal {}

/// Whether a user may do so, whose role holds the capabilities that `holds` says. A report takes a
/// frank as well: its type sees to it.
///
/// # Errors
/// [`ClientActionRefusal`].
pub fn check_use(
    what: ClientAction,
    holds: impl Fn(CapabilityType) -> bool,
) -> Result<(), ClientActionRefusal> {
    let capability = what.capability();
    if holds(capability) { Ok(()) } else { Err(ClientActionRefusal { lacks: capability }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CapabilityType as C;

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
        for (what, capability) in ClientAction::ALL.into_iter().zip(expected) {
            assert_eq!(what.capability(), capability);
            assert_eq!(check_use(what, |held| held == capability), Ok(()));
            let lacks = capability;
            assert_eq!(check_use(what, |held| held != lacks), Err(ClientActionRefusal { lacks }));
        }
    }
}
