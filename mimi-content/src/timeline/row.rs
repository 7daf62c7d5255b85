//! What a timeline is kept in: rows, which fit a database as well as memory.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::BodyKind;
use super::finding::{MalformedReport, OtherFields};
use super::received::{Digest, ReactionPart};
use super::retraction::Retraction;
use crate::disposition::Disposition;
use crate::expiration::Expiration;
use crate::message_id::MessageId;
use crate::status::{MessageStatus, StatusWeight};

/// The place of a message in its room: by the hub's accepted timestamp, then by the lexically lower
/// message ID (mimi-content-09 §5.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimelinePlace {
    /// The accepted timestamp, in milliseconds since the UNIX epoch; of a message that the hub has
    /// not accepted yet, the local time.
    pub accepted_ms: u64,
    /// The message.
    pub message_id: MessageId,
}

/// What the hub said of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acceptance {
    /// It accepted the message.
    #[default]
    Accepted,
    /// Nothing yet: the local user's own message, shown at once.
    Pending,
    /// It did not accept the local user's message, which can be sent again or dropped.
    Failed,
    /// It did not, and the local user dropped the message: as if it had never been there.
    Dropped,
}

/// What a message that replaces another changes, of what its sender is allowed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Effects {
    /// It is another body.
    pub edit: bool,
    /// It deletes the message or takes the reaction back.
    pub deletion: bool,
    /// It moves the message to another topic.
    pub topic: bool,
}

/// What was decided of a message that replaces another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement<R> {
    /// What the body does to the first instance.
    pub body: Result<BodyChange, ChangeRefusal<R>>,
    /// Whether the other topic that it holds may take effect; `None` if it holds the original's.
    pub topic: Option<Result<(), R>>,
    /// The other fields in which it differs from the first instance.
    pub(super) other_fields: OtherFields,
}

/// What the body of a message does to the message that it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyChange {
    /// It takes its place.
    Edit,
    /// It deletes it.
    Deletion,
}

/// Why a message changes nothing of the body of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeRefusal<R> {
    /// Its sender is not allowed to; the reason is the authorization's.
    NotAuthorized(R),
    /// A reaction cannot become a message, and so on.
    OtherKind,
}

impl<R> Judgement<R> {
    /// What takes effect.
    pub(super) fn effects(&self) -> Effects {
        Effects {
            edit: matches!(self.body, Ok(BodyChange::Edit)),
            deletion: matches!(self.body, Ok(BodyChange::Deletion)),
            topic: matches!(self.topic, Some(Ok(()))),
        }
    }
}

/// What the versions of a message come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VersionOutcome {
    /// The last edit that took effect before the deletion.
    pub edit: Option<TimelinePlace>,
    /// The deletion. It is final, so the first one counts, and what was accepted after it does not.
    pub deletion: Option<TimelinePlace>,
    /// The edit that says the topic.
    pub topic: Option<TimelinePlace>,
}

/// What is kept of a message beside its content.
///
/// The columns that [`LookUp`] asks for are fields; a database indexes those and may keep the row
/// as it [encodes itself](MessageRow::encode) beside them.
#[derive(Debug, PartialEq, Eq)]
pub struct MessageRow<R> {
    /// The place. Its ID is the key of the row.
    pub place: TimelinePlace,
    /// The latest time that the hub is known to have given, in milliseconds since the UNIX epoch.
    pub accepted_last_ms: u64,
    /// What the hub said of it.
    pub acceptance: Acceptance,
    /// The sender, from MLS.
    pub sender_uri: Arc<str>,
    /// The topic that it holds; empty for none.
    pub topic_id: Arc<[u8]>,
    /// The message that it replaces.
    pub replaces: Option<MessageId>,
    /// The message that it replies or reacts to.
    pub in_reply_to: Option<MessageId>,
    /// The expiration that it holds.
    pub expires: Option<Expiration>,
    /// The disposition of its body.
    pub disposition: Disposition,
    /// What it is by its body.
    pub kind: BodyKind,
    /// Whether its body says nothing, and takes back a reaction that it replaces.
    pub is_emptied: bool,
    /// The reactions that it holds; empty when it expired.
    pub reactions: Arc<[ReactionPart]>,
    /// Why a status report that it holds can't be read.
    pub malformed_report: Option<Arc<MalformedReport>>,
    pub(super) digest: Digest,
    pub(super) body_digest: u64,
    pub(super) extensions: Option<Digest>,
    /// Following `replaces` leads back to it.
    pub in_replaces_loop: bool,
    /// Following `inReplyTo` leads back to it.
    pub in_reply_loop: bool,
    /// Whether the hub retracted it.
    pub is_retracted: bool,
    /// Whether it expired, and its content was given back to be deleted.
    pub is_gone: bool,
    /// When the local user read it, or any version of it if it is a first instance, in milliseconds
    /// since the UNIX epoch.
    pub read_at_ms: Option<u64>,
    /// When its content must be deleted, in milliseconds since the UNIX epoch: see
    /// [`Incoming::Expired`](super::Incoming::Expired).
    pub due_ms: Option<u64>,
    /// Of a message that replaces another: the first instance, once that was received.
    pub first: Option<MessageId>,
    /// Of a message that replaces another: what was decided, once the first instance was received.
    pub judgement: Option<Arc<Judgement<R>>>,
    /// Of a first instance: what its versions come to.
    pub outcome: VersionOutcome,
}

impl<R> Clone for MessageRow<R> {
    fn clone(&self) -> Self {
        Self {
            place: self.place,
            accepted_last_ms: self.accepted_last_ms,
            acceptance: self.acceptance,
            sender_uri: Arc::clone(&self.sender_uri),
            topic_id: Arc::clone(&self.topic_id),
            replaces: self.replaces,
            in_reply_to: self.in_reply_to,
            expires: self.expires,
            disposition: self.disposition,
            kind: self.kind,
            is_emptied: self.is_emptied,
            reactions: Arc::clone(&self.reactions),
            malformed_report: self.malformed_report.clone(),
            digest: self.digest,
            body_digest: self.body_digest,
            extensions: self.extensions,
            in_replaces_loop: self.in_replaces_loop,
            in_reply_loop: self.in_reply_loop,
            is_retracted: self.is_retracted,
            is_gone: self.is_gone,
            read_at_ms: self.read_at_ms,
            due_ms: self.due_ms,
            first: self.first,
            judgement: self.judgement.clone(),
            outcome: self.outcome,
        }
    }
}

impl<R> MessageRow<R> {
    /// Its ID, the key of the row.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        self.place.message_id
    }

    /// Whether it is a first instance that is shown by itself. An index over these by
    /// [`TimelinePlace`] is the conversation.
    #[must_use]
    pub fn is_entry(&self) -> bool {
        self.is_present()
            && self.replaces.is_none()
            && match self.kind {
                BodyKind::Content | BodyKind::Null => true,
                BodyKind::Reaction => self.in_reply_to.is_none(),
                BodyKind::Report => false,
            }
    }

    /// Whether it is there: it was not [dropped](Acceptance::Dropped).
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.acceptance != Acceptance::Dropped
    }

    /// Whether it waits for its first instance.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.replaces.is_some() && self.first.is_none()
    }

    /// What it changes of its first instance: what it is allowed to, unless it was retracted or
    /// dropped.
    #[must_use]
    pub fn effects(&self) -> Effects {
        match &self.judgement {
            Some(judgement) if self.is_present() && !self.is_retracted => judgement.effects(),
            _ => Effects::default(),
        }
    }
}

/// One of the two relations of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// `replaces`.
    Replaces,
    /// `inReplyTo`.
    InReplyTo,
}

/// Steps from a member of a group to the one that stands for it, at most: a group joins a larger
/// one, so that each step at least doubles the size, a `u32`. Rows of another origin may hold a
/// cycle, which ends here.
pub(super) const MAX_GROUP_DEPTH: usize = 32;

/// Messages that refer to each other, and on to one that was not received: a member of such a
/// group, received or not.
///
/// The groups are disjoint sets joined by size. Only what still waits is in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkRow {
    /// Towards the member that stands for the group; itself there.
    pub parent: MessageId,
    /// Members of the group; right where the member is that stands for it.
    pub size: u32,
    /// Where all references of the group lead; right where the member is that stands for it.
    pub end: LinkEnd,
    /// The members in a ring.
    pub next: MessageId,
}

/// Where references lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkEnd {
    /// To a message that was not received.
    Unseen(MessageId),
    /// To a message that refers to none.
    Closed,
    /// Back to where they came from.
    Loop,
}

/// An ID that messages refer to, or that the local user read, and that was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnseenRow {
    /// The message.
    pub message_id: MessageId,
    /// When the local user read it, in milliseconds since the UNIX epoch.
    pub read_at_ms: Option<u64>,
}

/// What one report says of one message. The key is (`message_id`, `reader_uri`, `report`'s ID).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusRow {
    /// The message that the report names.
    pub message_id: MessageId,
    /// The sender of the report, from MLS.
    pub reader_uri: Arc<str>,
    /// The report's place.
    pub report: TimelinePlace,
    /// What became of the message.
    pub status: MessageStatus,
    /// Of a message's rows by one reader, the one with the greatest weight holds. A database sorts
    /// by its [bytes](StatusWeight::to_bytes).
    pub weight: StatusWeight,
}

/// Another message that came under an ID. The key is all fields but the time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DifferentRow {
    /// The ID.
    pub message_id: MessageId,
    /// The sender, from MLS.
    pub sender_uri: Arc<str>,
    pub(super) digest: Digest,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
}

impl DifferentRow {
    /// What tells its bytes from others.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        self.digest
    }
}

/// A change of one row: write it, whether it was there or not, or delete it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowChange<R> {
    /// Write a message.
    PutMessage(Box<MessageRow<R>>),
    /// Write a link.
    PutLink(Relation, MessageId, LinkRow),
    /// Delete a link.
    DeleteLink(Relation, MessageId),
    /// Write an unseen ID.
    PutUnseen(UnseenRow),
    /// Delete an unseen ID.
    DeleteUnseen(MessageId),
    /// Write a status.
    PutStatus(StatusRow),
    /// Write another message under the same ID, unless it is there. The caller keeps its content as
    /// evidence.
    PutDifferent(DifferentRow),
    /// Write a retraction.
    PutRetraction(Arc<Retraction>),
    /// Delete the content that was kept of a message, wherever it was copied.
    DeleteContent(MessageId),
}

/// What the step asks of the rows that are there. Nothing in one answer depends on rows that the
/// step has returned and that are not written yet.
///
/// Every answer is a look-up in one index, so that a step costs a few of them; those that return
/// lists return what the step has to change anyhow.
pub trait LookUp<P, R> {
    /// Why rows can't be read.
    type Error;

    /// A message, by its ID.
    ///
    /// # Errors
    ///
    /// If the rows can't be read; so for all others.
    fn message(&self, message_id: &MessageId) -> Result<Option<MessageRow<R>>, Self::Error>;

    /// An ID that was not received.
    fn unseen(&self, message_id: &MessageId) -> Result<Option<UnseenRow>, Self::Error>;

    /// A member of a group.
    fn link(&self, relation: Relation, message_id: &MessageId) -> Result<Option<LinkRow>, Self::Error>;

    /// The first of the messages with this first instance whose [effects](MessageRow::effects) say
    /// `deletion`, of those after a place.
    fn deletion_after(
        &self,
        first: &MessageId,
        after: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Self::Error>;

    /// The last of those whose effects say `edit`, of those before a place.
    fn edit_before(
        &self,
        first: &MessageId,
        before: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Self::Error>;

    /// The last of those whose effects say `topic`, of those before a place.
    fn topic_before(
        &self,
        first: &MessageId,
        before: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Self::Error>;

    /// All messages with this first instance.
    fn versions(&self, first: &MessageId) -> Result<Vec<MessageId>, Self::Error>;

    /// The row of the greatest weight of what a reader said of a message.
    fn status(&self, message_id: &MessageId, reader_uri: &str) -> Result<Option<StatusRow>, Self::Error>;

    /// All that a report says.
    fn report(&self, report_id: &MessageId) -> Result<Vec<StatusRow>, Self::Error>;

    /// The IDs of a sender's messages that were accepted at a time or later and are not retracted.
    fn sent_since(&self, sender_uri: &str, accepted_ms: u64) -> Result<Vec<MessageId>, Self::Error>;

    /// Whether a retraction names the message, or its sender from its time or an earlier one on.
    /// [`RetractionScope::Reactions`](super::RetractionScope::Reactions) names reactions only.
    fn is_retracted(
        &self,
        message_id: &MessageId,
        kind: BodyKind,
        sender_uri: &str,
        accepted_ms: u64,
    ) -> Result<bool, Self::Error>;

    /// Whether another message is there under the ID: [`DifferentRow`].
    fn has_different(&self, row: &DifferentRow) -> Result<bool, Self::Error>;

    /// Shows what is kept of a message's content, `None` if nothing is. Asked for messages that
    /// waited for their first instance.
    fn with_payload(
        &self,
        message_id: &MessageId,
        show: &mut dyn FnMut(Option<&P>),
    ) -> Result<(), Self::Error>;
}
