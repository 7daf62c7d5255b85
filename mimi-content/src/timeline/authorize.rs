//! Who may change what others have seen: mimi-content-09 §9.3.

use core::fmt;

use crate::disposition::Disposition;
use crate::message_id::MessageId;
use crate::status::{MessageStatus, StatusRule, StatusStanding, TwoFacts};

/// A change of an earlier message, for the caller to allow or to refuse.
///
/// The answer must depend on nothing but these fields and on what held in the room when the hub
/// accepted the change: then every arrival order gives the same timeline. The timeline asks for
/// each action as soon as it has both messages, whichever came first, and once more where the hub
/// delivers the change again with an earlier timestamp.
#[derive(Clone, Copy, Debug)]
pub struct TimelineChange<'a, P> {
    /// What is to be done.
    pub action: TimelineAction,
    /// The message that does it.
    pub message_id: MessageId,
    /// Who sent it, from MLS.
    pub sender_uri: &'a str,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
    /// The topic that it holds.
    pub topic_id: &'a [u8],
    /// What the caller keeps of it; `None` if it was taken back.
    pub payload: Option<&'a P>,
    /// The message that is to change.
    pub target: ChangeTarget<'a>,
}

impl<P> TimelineChange<'_, P> {
    /// Whether the target is of the same sender.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.sender_uri == self.target.sender_uri
    }
}

/// What a [`TimelineChange`] is to change: the first instance of a message.
#[derive(Clone, Copy, Debug)]
pub struct ChangeTarget<'a> {
    /// Its ID.
    pub message_id: MessageId,
    /// Its sender, from MLS.
    pub sender_uri: &'a str,
    /// The disposition of its body.
    pub disposition: Disposition,
    /// Its topic; empty for none.
    pub topic_id: &'a [u8],
}

/// What a [`TimelineChange`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimelineAction {
    /// Another body for a message.
    EditMessage,
    /// Retracts a message.
    DeleteMessage,
    /// Another reaction in the place of one.
    EditReaction,
    /// Takes a reaction back.
    DeleteReaction,
    /// Another topic for a message. Asked beside the action on the body; each takes effect without
    /// the other.
    ChangeTopic,
}

impl fmt::Display for TimelineAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EditMessage => "edit a message",
            Self::DeleteMessage => "delete a message",
            Self::EditReaction => "edit a reaction",
            Self::DeleteReaction => "take a reaction back",
            Self::ChangeTopic => "change a topic",
        })
    }
}

/// What a timeline asks of its caller.
///
/// A function that decides about a [`TimelineChange`] is one, with [`TwoFacts`] for the statuses.
pub trait TimelineRules<P, R> {
    /// Decides whether a message may change an earlier one.
    ///
    /// # Errors
    ///
    /// The reason, if it is not allowed.
    fn authorize(&self, change: &TimelineChange<'_, P>) -> Result<(), R>;

    /// How the reports of one user on one message come together.
    fn status(&self, status: MessageStatus) -> StatusStanding {
        TwoFacts.standing(status)
    }
}

impl<P, R, F: Fn(&TimelineChange<'_, P>) -> Result<(), R>> TimelineRules<P, R> for F {
    fn authorize(&self, change: &TimelineChange<'_, P>) -> Result<(), R> {
        self(change)
    }
}

/// The draft's default: the original sender may edit, delete and take back, and none may change a
/// topic.
///
/// # Errors
///
/// [`NotAuthorizedError`] for all else.
pub fn sender_only<P>(change: &TimelineChange<'_, P>) -> Result<(), NotAuthorizedError> {
    if change.is_own() && change.action != TimelineAction::ChangeTopic {
        Ok(())
    } else {
        Err(NotAuthorizedError { action: change.action, own: change.is_own() })
    }
}

/// Why [`sender_only`] refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotAuthorizedError {
    /// What was to be done.
    pub action: TimelineAction,
    /// Whether to a message of the same sender.
    pub own: bool,
}

impl fmt::Display for NotAuthorizedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = if self.own { "its sender" } else { "anyone but its sender" };
        write!(f, "no policy lets {whose} {}", self.action)
    }
}

impl core::error::Error for NotAuthorizedError {}
