//! Messages that the hub retracts: mimi-hub-retracted-messages-00.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::message_id::MessageId;

/// What the hub retracts, and why.
///
/// The caller has checked the proposal that holds it, its signature and the right of its sender
/// (mimi-hub-retracted-messages-00 §3.1, §3.2), and gives each URI in the spelling that the senders
/// of messages have.
///
/// Where several retractions concern a message, the least in the order of this type holds: the one
/// that was decided first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retraction {
    /// `hub_retracted_timestamp`: when the hub decided, in milliseconds since the UNIX epoch.
    pub at_ms: u64,
    /// `remover_uri`: the user or server that retracts.
    pub by_uri: Arc<str>,
    /// `reason_code`: the `AbuseType`, if the hub states one.
    pub reason: Option<u8>,
    /// What is retracted.
    pub scope: RetractionScope,
}

/// The messages that a [`Retraction`] concerns, whenever they arrive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RetractionScope {
    /// Component `hub_retracted_messages`: these.
    Messages(Vec<MessageId>),
    /// Component `hub_retracted_range`: all of a sender, also reactions, edits, deletions and
    /// replies.
    Sender {
        /// `abusive_sender_uri`.
        sender_uri: Arc<str>,
        /// `starting_timestamp`: the first accepted timestamp, in milliseconds since the UNIX
        /// epoch; `None` for all of the room.
        from_ms: Option<u64>,
    },
    /// Component `hub_retracted_messages` of a remover whose role has canDeleteOtherReaction and
    /// not canDeleteOtherMessage: those of these messages that are reactions. The others keep their
    /// effect.
    Reactions(Vec<MessageId>),
}

impl Retraction {
    /// The accepted timestamp from which on it concerns the messages of a sender.
    pub(super) fn start_ms(&self) -> u64 {
        match &self.scope {
            RetractionScope::Sender { from_ms: Some(from_ms), .. } => *from_ms,
            _ => 0,
        }
    }

    /// The first accepted timestamp that a range names, in milliseconds since the UNIX epoch.
    #[must_use]
    pub fn starting_ms(&self) -> Option<u64> {
        match &self.scope {
            RetractionScope::Sender { from_ms, .. } => *from_ms,
            RetractionScope::Messages(_) | RetractionScope::Reactions(_) => None,
        }
    }
}
