//! One message of a timeline, seen by itself.

use core::fmt;

use super::chain::{BodyChange, Refused};
use super::{BodyKind, Entry, Message, ReactionPart, Timeline};
use crate::disposition::Disposition;
use crate::expiration::Expiration;
use crate::message_id::MessageId;

/// A message that was received: a first instance, or something that replaces one.
pub struct Version<'t, P, R> {
    pub(super) timeline: &'t Timeline<P, R>,
    pub(super) message: &'t Message<P, R>,
}

impl<P, R> Clone for Version<'_, P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for Version<'_, P, R> {}

/// What a message is to the message that it replaces.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing<'t, R> {
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
}

impl<R> Clone for Standing<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Standing<'_, R> {}

impl<R> Standing<'_, R> {
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
        self.message.key.id
    }

    /// Who sent it, from MLS.
    #[must_use]
    pub fn sender_uri(&self) -> &'t str {
        self.timeline.senders.value(self.message.sender).unwrap_or_default()
    }

    /// When the hub accepted it, in milliseconds since the UNIX epoch; the earliest time if there were several.
    #[must_use]
    pub fn accepted_ms(&self) -> u64 {
        self.message.key.accepted_ms
    }

    /// What it is by its body.
    #[must_use]
    pub fn kind(&self) -> BodyKind {
        self.message.kind
    }

    /// The disposition of its body.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.message.disposition
    }

    /// The topic that it holds, which is not always that of its entry.
    #[must_use]
    pub fn topic_id(&self) -> &'t [u8] {
        self.timeline.topics.value(self.message.topic).unwrap_or_default()
    }

    /// The expiration that it holds. That of the first instance counts.
    #[must_use]
    pub fn expires(&self) -> Option<Expiration> {
        self.message.expires
    }

    /// The message that it replaces.
    #[must_use]
    pub fn replaces(&self) -> Option<MessageId> {
        self.timeline.ids.id(self.message.replaces?)
    }

    /// The message that it says it replies or reacts to. What the first instance says counts.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<MessageId> {
        self.timeline.ids.id(self.message.in_reply_to?)
    }

    /// The reactions that it holds.
    #[must_use]
    pub fn reaction_parts(&self) -> &'t [ReactionPart] {
        &self.message.reactions
    }

    /// What the caller keeps of it; `None` if it was taken out.
    #[must_use]
    pub fn payload(&self) -> Option<&'t P> {
        self.message.payload.as_ref()
    }

    /// What it is to the message that it replaces.
    #[must_use]
    pub fn standing(&self) -> Standing<'t, R> {
        let Some(judgement) = &self.message.judgement else {
            return if self.message.replaces.is_none() { Standing::First } else { Standing::Held };
        };
        let first = self.timeline.first_of(self.message.key.node);
        let deletion = first.and_then(|first| self.timeline.outcome(first).deletion);
        match &judgement.body {
            Err(Refused::NotAuthorized(why)) => Standing::NotAuthorized(why),
            Err(Refused::OtherKind) => Standing::OtherKind,
            Ok(BodyChange::Deletion) => Standing::Deletion,
            Ok(BodyChange::Edit) if deletion.is_some_and(|deletion| deletion < self.message.key) => {
                Standing::AfterDeletion
            }
            Ok(BodyChange::Edit) => Standing::Edit,
        }
    }

    /// The entry that it is a version of: see [`Timeline::entry`].
    #[must_use]
    pub fn entry(&self) -> Option<Entry<'t, P, R>> {
        self.timeline.entry_of(self.message.key.node)
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
