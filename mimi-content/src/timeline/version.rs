//! One message of a timeline, seen by itself.

use core::fmt;

use super::memory::{Node, Record};
use super::row::{BodyChange, ChangeRefusal};
use super::{Acceptance, BodyKind, ReactionPart, Retraction, Timeline, TimelineEntry};
use crate::disposition::Disposition;
use crate::expiration::Expiration;
use crate::message_id::MessageId;

/// A message that was received: a first instance, or something that replaces one.
pub struct Version<'t, P, R> {
    pub(super) timeline: &'t Timeline<P, R>,
    pub(super) node: Node,
    pub(super) record: &'t Record<P>,
}

impl<P, R> Clone for Version<'_, P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for Version<'_, P, R> {}

/// What a message is to the message that it replaces.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum VersionState<'t, R> {
    /// It replaces nothing.
    First,
    /// It is a version, current or not.
    Edit,
    /// It deletes the message or takes the reaction back.
    Deletion,
    /// An edit that was accepted after the deletion: no effect.
    AfterDeletion,
    /// It waits for the first instance: no effect.
    Held,
    /// Its sender may not: no effect. A change of topic may have been allowed all the same.
    NotAuthorized(&'t R),
    /// A message cannot become a reaction, and so on: no effect.
    OtherKind,
    /// The hub retracted it: no effect.
    Retracted,
}

impl<R> Clone for VersionState<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for VersionState<'_, R> {}

impl<R> VersionState<'_, R> {
    /// Whether the message was at some time what people saw.
    #[must_use]
    pub fn was_shown(&self) -> bool {
        matches!(self, Self::First | Self::Edit)
    }
}

impl<'t, P, R> Version<'t, P, R> {
    /// The message's ID.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        self.timeline.rows.id(self.node).unwrap_or(MessageId::from_bytes([0; 32]))
    }

    /// Who sent it, from MLS.
    #[must_use]
    pub fn sender_uri(&self) -> &'t str {
        self.timeline.rows.sender(self.record)
    }

    /// When the hub accepted it, in milliseconds since the UNIX epoch; the earliest time if there
    /// were several.
    #[must_use]
    pub fn accepted_ms(&self) -> u64 {
        self.record.accepted_ms
    }

    /// What it is by its body.
    #[must_use]
    pub fn kind(&self) -> BodyKind {
        self.record.kind
    }

    /// The disposition of its body.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.record.disposition
    }

    /// The topic that it holds, which is not always that of its entry.
    #[must_use]
    pub fn topic_id(&self) -> &'t [u8] {
        self.timeline.rows.own_topic(self.record)
    }

    /// The expiration that it holds. That of the first instance counts.
    #[must_use]
    pub fn expires(&self) -> Option<Expiration> {
        self.record.expires()
    }

    /// The message that it replaces.
    #[must_use]
    pub fn replaces(&self) -> Option<MessageId> {
        self.timeline.rows.id(self.record.replaces()?)
    }

    /// The message that it says it replies or reacts to. What the first instance says counts.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<MessageId> {
        self.timeline.rows.id(self.record.in_reply_to()?)
    }

    /// The reactions that it holds. None after it expired.
    #[must_use]
    pub fn reaction_parts(&self) -> &'t [ReactionPart] {
        self.timeline.rows.reaction_parts(self.node)
    }

    /// What the caller keeps of it; `None` if it was taken out.
    #[must_use]
    pub fn payload(&self) -> Option<&'t P> {
        self.record.payload.as_ref()
    }

    /// What it is to the message that it replaces.
    #[must_use]
    pub fn standing(&self) -> VersionState<'t, R> {
        let rows = &self.timeline.rows;
        let Some(judgement) = rows.judgement(self.node) else {
            return if self.record.replaces().is_none() { VersionState::First } else { VersionState::Held };
        };
        let deletion = self.record.first().and_then(|first| rows.deletion(first));
        match &judgement.body {
            Err(ChangeRefusal::NotAuthorized(why)) => VersionState::NotAuthorized(why),
            Err(ChangeRefusal::OtherKind) => VersionState::OtherKind,
            Ok(_) if self.record.is_retracted() => VersionState::Retracted,
            Ok(BodyChange::Deletion) => VersionState::Deletion,
            Ok(BodyChange::Edit)
                if deletion.is_some_and(|deletion| rows.place(deletion) < rows.place(self.node)) =>
            {
                VersionState::AfterDeletion
            }
            Ok(BodyChange::Edit) => VersionState::Edit,
        }
    }

    /// What the hub said of it.
    #[must_use]
    pub fn acceptance(&self) -> Acceptance {
        self.record.acceptance
    }

    /// Why the hub retracted it, if it did.
    #[must_use]
    pub fn retraction(&self) -> Option<&'t Retraction> {
        if self.record.is_retracted() { self.timeline.rows.retraction(self.node) } else { None }
    }

    /// The entry that it is a version of: see [`Timeline::entry`].
    #[must_use]
    pub fn entry(&self) -> Option<TimelineEntry<'t, P, R>> {
        self.timeline.entry_of(self.node)
    }
}

impl<P, R> fmt::Debug for Version<'_, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version")
            .field("message_id", &self.message_id())
            .field("sender_uri", &self.sender_uri())
            .field("accepted_ms", &self.accepted_ms())
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}
