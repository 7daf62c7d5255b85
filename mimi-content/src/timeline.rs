//! What a person sees of a room: a fold from received messages to entries, their versions,
//! reactions, replies and statuses.
//!
//! A [`Timeline`] takes messages in whatever order they come and gives the same conversation for
//! every order, but for one thing: of two different messages under one ID, the one that came first
//! is kept (mimi-content-09 §9.1), and the other is [`DifferentContent`].
//!
//! - **Order** (§5.11): by the hub's accepted timestamp, then by the lexically lower message ID.
//!   What was delivered twice with two timestamps stands at the earlier one.
//! - **Edits and deletions** (§4.1, 5.5 and 5.6): all that replaces a message, itself or another
//!   version of it, joins the first instance. The last edit holds; a deletion is final, and edits
//!   accepted after it have no effect. An edit changes the body only (§9.3). Nothing takes effect
//!   before the first instance is seen.
//! - **Authorization** (§9.3) is asked of a function: [`sender_only`] is the draft's default. What
//!   it refuses is kept, with its reason.
//! - **Reactions** (§5.3 and 5.7) belong to a version of a message; each can be edited and taken
//!   back like a message.
//! - **Replies** (§4.1) refer to a version; a chain of replies that comes back to itself is found
//!   when the last of its messages arrives.
//! - **Expiration** (§4.1 and 5.8) counts from the epoch or from [`Timeline::mark_read`]; views
//!   take the time as a parameter. What expired is neither quoted nor reacted to, and its reactions
//!   are forgotten with its payload.
//! - **Statuses** (mimi-message-status-01 §3): of a reader's reports about a message one holds, by
//!   a rule that can be chosen; [`TwoFacts`](crate::TwoFacts) has the table.
//! - **Local echo**: a message of the local user's own is shown before the hub accepts it
//!   ([`Timeline::insert_local`]), and moves to the hub's time.
//! - **Retraction** by the hub (mimi-hub-retracted-messages-00): [`Timeline::retract`]. What is
//!   retracted has no effect and stays as evidence.
//!
//! # In memory or in a database
//!
//! All rules are in one step, [`effect`]: it takes what happens ([`Incoming`]) and a [`LookUp`] of
//! the rows that are there, and returns the rows to write and to delete. A client with a database
//! folds any number of messages in bounded memory: it implements `LookUp` with an index for each
//! method, and writes what comes back; [`MessageRow::encode`] and those of the other rows make
//! bytes of them. [`Timeline`] is the same for rows in memory, with views.
//!
//! # What it leaves to you
//!
//! Whether a message may be sent at all (membership, the capability to send, reply or react): ask
//! before you insert. What to render. When to call [`Timeline::expire`].
//!
//! # What it keeps
//!
//! The IDs, senders, times, topics, references and expirations of all messages it was given, the
//! text of reactions and the entries of status reports; each sender and topic once. No body: in the
//! payload `P` you keep whatever leads you to it, such as a database's key, the decoded message, or
//! nothing.
//!
//! [`Timeline::evict`] forgets what is old and gives it back; [`Timeline::snapshot`] makes bytes of
//! it all. In memory a message takes about 200 bytes beside its ID in the caller's hands and its
//! payload, and an entry of a status report about 40.
//!
//! # Cost
//!
//! A step asks for a few rows, for itself and for each message that waited for it. Long chains of
//! edits or replies, in any order, cost no more each than others: what waits is in disjoint sets,
//! and nothing is walked twice. Nothing recurses.
//!
//! # Example
//!
//! ```
//! use mimi_content::timeline::{TimelineMessage, Timeline, sender_only};
//! use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
//!
//! let (alice, mallory, room) = ("mimi://a.example/u/alice", "mimi://m.example/u/mallory", "mimi://a.example/r/room");
//! let text = |text: &str| NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", text);
//! let hello = MimiContent::builder(Salt::from_bytes([1; 16]), text("Helo")).build()?;
//! let hello_id = hello.message_id(alice, room)?;
//! let edit = MimiContent::builder(Salt::from_bytes([2; 16]), text("Hello")).replaces(hello_id).build()?;
//! let forged = MimiContent::builder(Salt::from_bytes([3; 16]), text("Goodbye")).replaces(hello_id).build()?;
//!
//! let mut timeline = Timeline::new();
//! // In any order: the edits wait for the message.
//! for (sender, accepted_ms, content) in [(mallory, 30, &forged), (alice, 20, &edit), (alice, 10, &hello)] {
//!     let id = content.message_id(sender, room)?;
//!     timeline.insert(TimelineMessage::from_owned(id, sender, accepted_ms, content), content.encode(), &sender_only);
//! }
//!
//! let entries: Vec<_> = timeline.entries().collect();
//! assert_eq!(entries.len(), 1);
//! assert!(entries[0].is_edited());
//! assert_eq!(entries[0].current().payload(), Some(&edit.encode()));
//! // Mallory's attempt is no version, but evidence.
//! let suspect = timeline.suspects().next().unwrap();
//! assert_eq!((suspect.sender_uri(), suspect.findings().len()), (mallory, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authorize;
mod effect;
mod entry;
mod evict;
mod expiring;
mod finding;
mod groups;
mod index;
mod memory;
mod reaction;
mod received;
mod reply;
mod retraction;
mod row;
mod snapshot;
mod status;
mod stored;
mod taking;
mod unread;
mod version;

use alloc::sync::Arc;
use core::fmt;
use core::ops::RangeBounds;

use crate::message_id::MessageId;

pub use authorize::{
    ChangeTarget, NotAuthorizedError, TimelineAction, TimelineChange, TimelineRules, sender_only,
};
pub use effect::{Arrival, ChangedRow, Effect, Incoming, effect};
pub use entry::{EntryState, ThreadIter, TimelineEntry};
pub use evict::Evicted;
pub use finding::{DifferentContent, FindingContext, MalformedReport, TimelineFinding, TimelineSeverity};
pub use reaction::{Reaction, ReactionGroup};
pub use received::{BodyKind, ReactionContent, ReactionPart, TimelineMessage};
pub use reply::{ReferenceError, ReferenceState, ReplyReference};
pub use retraction::{Retraction, RetractionScope};
pub use row::{
    Acceptance, BodyChange, ChangeRefusal, DifferentRow, Effects, Judgement, LinkEnd, LinkRow, LookUp,
    MessageRow, Relation, RowChange, StatusRow, TimelinePlace, UnseenRow, VersionOutcome,
};
pub use snapshot::{SNAPSHOT_VERSION, SnapshotError};
pub use status::ReaderStatus;
pub use stored::{ROW_VERSION, RowDecodeError, RowDecodeErrorKind, StoredReason};
pub use taking::Inserted;
pub use version::{Version, VersionState};

use memory::{Memory, Node};

/// The conversation of one room; see the [module](self).
///
/// `P` is what the caller keeps for each message, `R` why its authorization refuses.
#[derive(Clone)]
pub struct Timeline<P = (), R = NotAuthorizedError> {
    rows: Memory<P, R>,
    local_user: Option<Arc<str>>,
    /// Up to where the local user has read.
    read_up_to: Option<TimelinePlace>,
}

impl<P, R> Default for Timeline<P, R> {
    fn default() -> Self {
        Self { rows: Memory::default(), local_user: None, read_up_to: None }
    }
}

impl<P, R> Timeline<P, R> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one, of a user whose own messages are never unread and never suspect.
    #[must_use]
    pub fn for_user(local_user_uri: &str) -> Self {
        Self { local_user: Some(Arc::from(local_user_uri)), ..Self::default() }
    }

    fn is_local_user(&self, uri: &str) -> bool {
        self.local_user.as_deref() == Some(uri)
    }

    /// The rows, for [`effect`] and for what views do not show.
    #[must_use]
    pub fn rows(&self) -> &impl LookUp<P, R, Error = core::convert::Infallible> {
        &self.rows
    }

    /// The number of messages that were received, of every kind.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was received.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// All entries in their order, whatever became of them: deleted ones leave a placeholder, and
    /// [`TimelineEntry::state`] says which expired.
    ///
    /// Entries are the first instances of messages. Edits, deletions, reactions to something and
    /// status reports are not; they are found from their entries and through [`Timeline::get`].
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = TimelineEntry<'_, P, R>> {
        self.rows.entries().filter_map(|node| self.first_at(node))
    }

    /// The entries whose first instances were accepted in a span of time, in milliseconds since the
    /// UNIX epoch, in their order.
    ///
    /// ```
    /// # use mimi_content::timeline::Timeline;
    /// # let timeline: Timeline = Timeline::new();
    /// // The last page of fifty before some time.
    /// let page: Vec<_> = timeline.entries_in(..1_700_000_000_000).rev().take(50).collect();
    /// ```
    pub fn entries_in(
        &self,
        accepted_ms: impl RangeBounds<u64>,
    ) -> impl DoubleEndedIterator<Item = TimelineEntry<'_, P, R>> {
        use core::ops::Bound::{Excluded, Included, Unbounded};
        let start = match accepted_ms.start_bound() {
            Included(ms) => Some(*ms),
            Excluded(ms) => ms.checked_add(1),
            Unbounded => Some(0),
        };
        let end = match accepted_ms.end_bound() {
            Included(ms) => Some(*ms),
            Excluded(ms) => ms.checked_sub(1),
            Unbounded => Some(u64::MAX),
        };
        let span = start.zip(end).filter(|(start, end)| start <= end);
        let range = span.map(|(start, end)| self.rows.entries_between(start, end));
        range.into_iter().flatten().filter_map(|node| self.first_at(node))
    }

    /// The topics that have entries, in the order of their bytes. The empty topic ID means *no
    /// topic* and is not listed.
    pub fn topics(&self) -> impl Iterator<Item = &[u8]> {
        let is_used =
            |topic: &(&[u8], u32)| !topic.0.is_empty() && self.rows.topic_entries(topic.1).next().is_some();
        self.rows.topics.iter().filter(is_used).map(|(id, _)| id)
    }

    /// The entries of a topic in their order (§5.11).
    pub fn topic(&self, topic_id: &[u8]) -> impl DoubleEndedIterator<Item = TimelineEntry<'_, P, R>> {
        let topic = self.rows.topics.find(topic_id).map(|topic| self.rows.topic_entries(topic));
        topic.into_iter().flatten().filter_map(|node| self.first_at(node))
    }

    /// A message of any kind that was received.
    #[must_use]
    pub fn get(&self, message_id: &MessageId) -> Option<Version<'_, P, R>> {
        self.version_at(self.rows.find(message_id)?)
    }

    /// The entry that a message is a version of. `None` if it or its first instance was not seen,
    /// or that is a reaction or a status report.
    ///
    /// A refused edit leads to the entry that it was meant for; [`Version::standing`] says that it
    /// has no effect.
    #[must_use]
    pub fn entry(&self, message_id: &MessageId) -> Option<TimelineEntry<'_, P, R>> {
        self.entry_of(self.rows.find(message_id)?)
    }

    /// The edits and deletions of messages that were not seen, in their order. They have no effect
    /// until the first instance arrives.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = Version<'_, P, R>> {
        self.rows.held().filter_map(|node| self.version_at(node))
    }

    /// The messages with [findings](Version::findings), in their order.
    pub fn suspects(&self) -> impl DoubleEndedIterator<Item = Version<'_, P, R>> {
        let odd = self.rows.odd().into_iter().filter(|node| !self.findings(*node).is_empty());
        odd.filter_map(|node| self.version_at(node))
    }

    /// The messages that came under the ID of one that was there already, with other bytes or from
    /// another sender.
    pub fn different_content(&self) -> impl Iterator<Item = &DifferentContent<P>> {
        self.rows.different()
    }

    /// The IDs that messages replace, reply or react to, or that were marked as read, and that were
    /// not received, in the order of their bytes. It is legitimate that there are some: they may be
    /// older than the membership of the local user (§9.1).
    pub fn unseen(&self) -> impl Iterator<Item = MessageId> {
        self.rows.unseen().filter_map(|node| self.rows.id(node))
    }

    /// Takes out what was kept for a message, so that nothing of it stays here but the fields that
    /// the timeline is made of.
    pub fn take_payload(&mut self, message_id: &MessageId) -> Option<P> {
        let node = self.rows.find(message_id)?;
        self.rows.record_mut(node)?.payload.take()
    }

    fn version_at(&self, node: Node) -> Option<Version<'_, P, R>> {
        let record = self.rows.record(node).filter(|record| record.is_present())?;
        Some(Version { timeline: self, node, record })
    }

    /// The first instance that a message is a version of, if both were received.
    fn first_of(&self, node: Node) -> Option<Node> {
        let record = self.rows.record(node)?;
        match record.first() {
            None if record.replaces().is_some() => None,
            first => Some(first.unwrap_or(node)),
        }
    }

    fn entry_of(&self, node: Node) -> Option<TimelineEntry<'_, P, R>> {
        self.first_at(self.first_of(node)?).filter(TimelineEntry::is_entry)
    }

    /// A first instance and all that became of it, a reaction too.
    fn first_at(&self, node: Node) -> Option<TimelineEntry<'_, P, R>> {
        let first = self.version_at(node).filter(|version| version.record.replaces().is_none())?;
        Some(TimelineEntry { first })
    }
}

/// How much there is, not what: a conversation is no text for a log.
impl<P, R> fmt::Debug for Timeline<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("messages", &self.rows.len())
            .field("entries", &self.rows.entries().count())
            .field("held", &self.rows.held().count())
            .field("unseen", &self.rows.unseen().count())
            .finish_non_exhaustive()
    }
}
