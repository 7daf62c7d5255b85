//! Replies, and what a new message has to name: sections 4.1 and 5.5.

use core::fmt;

use super::{BodyKind, Entry, Standing, Timeline};
use crate::message_id::MessageId;

/// What a reply refers to.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'t, P, R> {
    /// The version that it names.
    pub message_id: MessageId,
    /// What became of that version.
    pub state: ReferenceState,
    /// The entry of that version, if there is one. `None` for what was not seen, and for a reply to a reaction.
    pub entry: Option<Entry<'t, P, R>>,
}

/// What became of a version that a reply names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceState {
    /// It was not received.
    Unseen,
    /// It is an edit of a message that was not received.
    Held,
    /// It is the newest version.
    Newest,
    /// There is a newer version: to be indicated clearly (section 9.3).
    Older,
    /// The message was deleted: the quotation is to be hidden (section 5.6).
    Deleted,
    /// It never had an effect, such as a forged edit.
    NoEffect,
    /// The reply is part of a loop: there is no sense in following it.
    Loop,
}

/// Why a message can't be replied to, or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The message, or its first instance, was not received.
    Unseen,
    /// It was deleted or taken back.
    Deleted,
    /// It is a status report.
    Report,
    /// What it replies to or replaces leads into a loop.
    Loop,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unseen => "the message was not received",
            Self::Deleted => "the message was deleted",
            Self::Report => "the message is a status report",
            Self::Loop => "the references of the message form a loop",
        })
    }
}

impl core::error::Error for ReferenceError {}

impl<P, R> Timeline<P, R> {
    /// What a new reply or reaction to a message has to hold as `inReplyTo`: the newest version that is known (section 4.1). `message_id` may be any version.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] if there is no such version, or if its own replies form a loop, to which none is to be added.
    pub fn reply_to(&self, message_id: &MessageId) -> Result<MessageId, ReferenceError> {
        let node = self.ids.find(message_id).ok_or(ReferenceError::Unseen)?;
        self.message(node).ok_or(ReferenceError::Unseen)?;
        let end = self.replacing.end(node).ok_or(ReferenceError::Loop)?;
        let first = self.message(end).ok_or(ReferenceError::Unseen)?;
        if first.kind == BodyKind::Report {
            return Err(ReferenceError::Report);
        }
        let outcome = self.outcome(end);
        if outcome.deletion.is_some() {
            return Err(ReferenceError::Deleted);
        }
        let newest = outcome.edit.unwrap_or(first.key);
        for node in [end, newest.node] {
            self.replying.end(node).ok_or(ReferenceError::Loop)?;
        }
        Ok(newest.id)
    }

    /// What an edit or deletion of a message has to hold as `replaces`: the first instance (sections 4.1 and 5.5), also if it was not received itself.
    ///
    /// Whether the local user may, the authorization says.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] for what can't be replaced.
    pub fn to_replace(&self, message_id: &MessageId) -> Result<MessageId, ReferenceError> {
        let node = self.ids.find(message_id).ok_or(ReferenceError::Unseen)?;
        self.message(node).ok_or(ReferenceError::Unseen)?;
        let end = self.replacing.end(node).ok_or(ReferenceError::Loop)?;
        if self.message(end).is_some_and(|first| first.kind == BodyKind::Report) {
            return Err(ReferenceError::Report);
        }
        if self.outcome(end).deletion.is_some() {
            return Err(ReferenceError::Deleted);
        }
        self.ids.id(end).ok_or(ReferenceError::Unseen)
    }

    /// Whether a message with this ID and this `inReplyTo` closes a loop of replies: following the references from there leads back to it. A client
    /// must not send such a message (section 4.1).
    ///
    /// It may be one that was inserted, or is yet to be.
    #[must_use]
    pub fn closes_reply_loop(&self, message_id: &MessageId, in_reply_to: &MessageId) -> bool {
        if message_id == in_reply_to {
            return true;
        }
        let (Some(node), Some(to)) = (self.ids.find(message_id), self.ids.find(in_reply_to)) else {
            return false;
        };
        match self.message(node) {
            Some(message) if message.in_reply_to.is_some() => {
                message.in_reply_loop && message.in_reply_to == Some(to)
            }
            _ => self.replying.connected(node, to),
        }
    }
}

impl<'t, P, R> Entry<'t, P, R> {
    /// What it replies to: what its first instance says.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<Reference<'t, P, R>> {
        let timeline = self.timeline;
        let node = self.first().message.in_reply_to?;
        let message_id = timeline.ids.id(node)?;
        let state = match timeline.get(&message_id) {
            _ if self.first().message.in_reply_loop => ReferenceState::Loop,
            None => ReferenceState::Unseen,
            Some(version) => match version.standing() {
                Standing::Held => ReferenceState::Held,
                Standing::NotAuthorized(_)
                | Standing::OtherKind
                | Standing::AfterDeletion
                | Standing::Deletion => ReferenceState::NoEffect,
                Standing::First | Standing::Edit => {
                    let outcome = timeline.first_of(node).map(|first| timeline.outcome(first));
                    let newest = outcome.and_then(|outcome| outcome.edit);
                    match outcome.and_then(|outcome| outcome.deletion) {
                        Some(_) => ReferenceState::Deleted,
                        None if newest.is_none_or(|newest| newest.node == node) => ReferenceState::Newest,
                        None => ReferenceState::Older,
                    }
                }
            },
        };
        Some(Reference { message_id, state, entry: timeline.entry_of(node) })
    }
}
