//! Replies, and what a new message has to name: §4.1 and 5.5.

use core::fmt;

use super::{BodyKind, EntryState, LinkEnd, Relation, Timeline, TimelineEntry, Version, VersionState};
use crate::message_id::MessageId;

/// What a reply refers to.
#[derive(Clone, Copy, Debug)]
pub struct ReplyReference<'t, P, R> {
    /// The version that it names.
    pub message_id: MessageId,
    /// What became of that version.
    pub state: ReferenceState,
    /// The entry of that version, if there is one. `None` for what was not seen, and for a reply to
    /// a reaction.
    pub entry: Option<TimelineEntry<'t, P, R>>,
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
    /// There is a newer version: to be indicated clearly (§9.3).
    Older,
    /// The message was deleted: the quotation is to be hidden (§5.6).
    Deleted,
    /// The message expired: there is nothing to quote (§4.1).
    Expired,
    /// The hub retracted the message, or this version: the quotation is to be hidden.
    Retracted,
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
    /// The hub retracted it.
    Retracted,
    /// It expired, and its content was deleted.
    Expired,
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
            Self::Retracted => "the hub retracted the message",
            Self::Expired => "the message expired",
            Self::Report => "the message is a status report",
            Self::Loop => "the references of the message form a loop",
        })
    }
}

impl core::error::Error for ReferenceError {}

impl<P, R> Timeline<P, R> {
    /// What a new reply or reaction to a message has to hold as `inReplyTo`: the newest version
    /// that is known (§4.1). `message_id` may be any version.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] if there is no such version, or if its own replies form a loop, to which
    /// none is to be added.
    pub fn reply_to(&self, message_id: &MessageId) -> Result<MessageId, ReferenceError> {
        let end = self.replaced_end(message_id)?;
        let first = self.get(&end).ok_or(ReferenceError::Unseen)?;
        self.refuse_reference(&first)?;
        let newest = self.rows.edit(first.node).and_then(|node| self.version_at(node)).unwrap_or(first);
        for version in [first, newest] {
            if self.rows.end(Relation::InReplyTo, version.node) == LinkEnd::Loop {
                return Err(ReferenceError::Loop);
            }
        }
        Ok(newest.message_id())
    }

    /// What an edit or deletion of a message has to hold as `replaces`: the first instance (§4.1
    /// and 5.5), also if it was not received itself.
    ///
    /// Whether the local user may, the authorization says.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] for what can't be replaced.
    pub fn to_replace(&self, message_id: &MessageId) -> Result<MessageId, ReferenceError> {
        let end = self.replaced_end(message_id)?;
        if let Some(first) = self.get(&end) {
            self.refuse_reference(&first)?;
        }
        Ok(end)
    }

    /// The first instance of a message that was received.
    fn replaced_end(&self, message_id: &MessageId) -> Result<MessageId, ReferenceError> {
        let version = self.get(message_id).ok_or(ReferenceError::Unseen)?;
        if let Some(first) = self.first_of(version.node).and_then(|first| self.rows.id(first)) {
            return Ok(first);
        }
        match self.rows.end(Relation::Replaces, version.node) {
            LinkEnd::Unseen(end) => Ok(end),
            LinkEnd::Loop | LinkEnd::Closed => Err(ReferenceError::Loop),
        }
    }

    fn refuse_reference(&self, first: &Version<'_, P, R>) -> Result<(), ReferenceError> {
        if first.kind() == BodyKind::Report {
            Err(ReferenceError::Report)
        } else if first.record.is_gone() {
            Err(ReferenceError::Expired)
        } else if first.record.is_retracted() {
            Err(ReferenceError::Retracted)
        } else if self.rows.deletion(first.node).is_some() {
            Err(ReferenceError::Deleted)
        } else {
            Ok(())
        }
    }

    /// Whether a message with this ID and this `inReplyTo` closes a loop of replies: following the
    /// references from there leads back to it. A client must not send such a message (§4.1).
    ///
    /// It may be one that was inserted, or is yet to be. Costs a step for each reference that is
    /// followed.
    #[must_use]
    pub fn closes_reply_loop(&self, message_id: &MessageId, in_reply_to: &MessageId) -> bool {
        let mut next = self.rows.find(in_reply_to);
        if message_id == in_reply_to {
            return true;
        }
        let mut left = self.rows.len();
        while let Some(node) = next {
            if self.rows.id(node) == Some(*message_id) {
                return true;
            }
            // A walk that is longer than there are messages is inside a loop without this one.
            let Some(fewer) = left.checked_sub(1) else { return false };
            left = fewer;
            next = self.rows.record(node).and_then(|record| record.in_reply_to());
        }
        false
    }
}

impl<'t, P, R> TimelineEntry<'t, P, R> {
    /// What it replies to at this time: what its first instance says.
    #[must_use]
    pub fn in_reply_to(&self, now_ms: u64) -> Option<ReplyReference<'t, P, R>> {
        let timeline = self.first.timeline;
        let node = self.first.record.in_reply_to()?;
        let message_id = timeline.rows.id(node)?;
        let entry = timeline.entry_of(node);
        // A reaction that was replied to is no entry, and expires like one.
        let target = timeline.first_of(node).and_then(|first| timeline.first_at(first));
        let state = match timeline.version_at(node) {
            _ if self.first.record.in_reply_loop() => ReferenceState::Loop,
            None => ReferenceState::Unseen,
            Some(version) => match (target.map(|target| target.state(now_ms)), version.standing()) {
                (Some(EntryState::Expired), _) => ReferenceState::Expired,
                (None, _) if version.is_expired(now_ms) => ReferenceState::Expired,
                (Some(EntryState::Retracted), _) | (_, VersionState::Retracted) => ReferenceState::Retracted,
                (_, VersionState::Held) => ReferenceState::Held,
                (
                    _,
                    VersionState::NotAuthorized(_)
                    | VersionState::OtherKind
                    | VersionState::AfterDeletion
                    | VersionState::Deletion,
                ) => ReferenceState::NoEffect,
                (Some(EntryState::Deleted), _) => ReferenceState::Deleted,
                (Some(EntryState::Shown), VersionState::First | VersionState::Edit) => {
                    let newest = timeline.first_of(node).and_then(|first| timeline.rows.edit(first));
                    match newest {
                        Some(newest) if newest != node => ReferenceState::Older,
                        _ => ReferenceState::Newest,
                    }
                }
                (None, _) => ReferenceState::Held,
            },
        };
        Some(ReplyReference { message_id, state, entry })
    }
}

impl<P, R> Version<'_, P, R> {
    /// Whether a message whose first instance was not received expired by what it says itself.
    pub(super) fn is_expired(&self, now_ms: u64) -> bool {
        let read_at_ms = self.timeline.rows.read_at_ms(self.node);
        let due_ms = self.record.expires().and_then(|expires| expires.due_ms(read_at_ms));
        due_ms.is_some_and(|due_ms| due_ms <= now_ms)
    }
}
