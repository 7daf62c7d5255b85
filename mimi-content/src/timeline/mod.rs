//! What a person sees of a room: a fold from received messages to entries, their versions, reactions, replies and statuses.
//!
//! A [`Timeline`] takes messages in whatever order they come and gives the same conversation for every order, but for one thing: of two different
//! messages under one ID, the one that came first is kept (mimi-content section 9.1), and the other is [`DifferentContent`].
//!
//! - **Order** (section 5.11): by the hub's accepted timestamp, then by the lexically lower message ID. What was delivered twice with two timestamps
//!   stands at the earlier one.
//! - **Edits and deletions** (sections 4.1, 5.5 and 5.6): all that replaces a message, itself or another version of it, joins the first instance. The last edit holds; a
//!   deletion is final, and edits accepted after it have no effect. An edit changes the body only (section 9.3). Nothing takes effect before the first instance is seen.
//! - **Authorization** (section 9.3) is asked of a function: [`sender_only`] is the draft's default. What it refuses is kept, with its reason.
//! - **Reactions** (sections 5.3 and 5.7) belong to a version of a message; each can be edited and taken back like a message.
//! - **Replies** (section 4.1) refer to a version; a chain of replies that comes back to itself is found when the last of its messages arrives.
//! - **Expiration** (sections 4.1 and 5.8) counts from the epoch or from [`Timeline::mark_read`]; views take the time as a parameter.
//! - **Statuses** (mimi-message-status section 3): the report accepted last holds for its sender and a message.
//!
//! # What it leaves to you
//!
//! Whether a message may be sent at all (membership, the capability to send, reply or react): ask before you insert. What to render. When to call [`Timeline::expire`].
//!
//! # What it keeps
//!
//! The IDs, senders, times, topics, references and expirations of all messages it was given, the text of reactions and the entries of status reports; each sender and topic once. No
//! body: in the payload `P` you keep whatever leads you to it, such as a database's key, the decoded message, or nothing. About 450 octets for each message, and up to 300 more
//! where it refers to one that was not seen. A client that holds its messages in a database can feed pages in any order; [`Timeline::unseen`] names what
//! the pages so far refer to.
//!
//! # Cost
//!
//! A message costs steps in the logarithm of what is there, for itself and for each message that waited for it. Long chains of edits or replies, in any order, cost no
//! more each than others: references are disjoint sets, not walks. Nothing recurses.
//!
//! # Example
//!
//! ```
//! use mimi_content::timeline::{Received, Timeline, sender_only};
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
//!     timeline.insert(Received::from_owned(id, sender, accepted_ms, content), content.encode(), &sender_only);
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
mod chain;
mod entry;
mod expiring;
mod finding;
mod graph;
mod insert;
mod judge;
mod reaction;
mod received;
mod reply;
mod status;
mod version;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeBounds;

use crate::disposition::Disposition;
use crate::error::DecodeError;
use crate::expiration::Expiration;
use crate::message_id::MessageId;
use crate::status::MessageStatus;

pub use authorize::{Action, Change, NotAuthorized, Target, sender_only};
pub use entry::{Entry, EntryState, ThreadIter};
pub use finding::{DifferentContent, Finding};
pub use insert::{Changed, Inserted};
pub use reaction::{Reaction, ReactionGroup};
pub use received::{BodyKind, ReactionContent, ReactionPart, Received};
pub use reply::{Reference, ReferenceError, ReferenceState};
pub use status::ReaderStatus;
pub use version::{Standing, Version};

use chain::{Chain, Judgement};
use graph::{Forest, Ids, Interner, Node};
use received::Digest;

/// The place of a message: section 5.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    accepted_ms: u64,
    id: MessageId,
    node: Node,
}

/// What is kept of a message.
#[derive(Clone)]
struct Message<P, R> {
    key: Key,
    /// The latest time that the hub is known to have given for it.
    accepted_last_ms: u64,
    sender: u32,
    topic: u32,
    replaces: Option<Node>,
    in_reply_to: Option<Node>,
    expires: Option<Expiration>,
    disposition: Disposition,
    kind: BodyKind,
    digest: Digest,
    extensions: Option<Digest>,
    reactions: Box<[ReactionPart]>,
    malformed_report: Option<DecodeError>,
    in_replaces_loop: bool,
    in_reply_loop: bool,
    /// Whether the payloads of this first instance and its versions went out with [`Timeline::expire`].
    expired: bool,
    payload: Option<P>,
    /// Of a message that replaces another, once its first instance is known.
    judgement: Option<Box<Judgement<R>>>,
    /// Of a first instance that something replaces.
    chain: Option<Box<Chain>>,
}

impl<P, R> Message<P, R> {
    /// Whether a first instance is shown as an entry of its own.
    fn is_entry(&self) -> bool {
        match self.kind {
            BodyKind::Content | BodyKind::Null => true,
            BodyKind::Reaction => self.in_reply_to.is_none(),
            BodyKind::Report => false,
        }
    }
}

/// Where a status report says something: the message, the reader, and the report's place.
type StatusKey = (MessageId, u32, u64, MessageId);

/// The conversation of one room; see the [module](self).
///
/// `P` is what the caller keeps for each message, `R` why its authorization refuses.
#[derive(Clone)]
pub struct Timeline<P = (), R = NotAuthorized> {
    ids: Ids,
    /// `replaces`.
    replacing: Forest,
    /// `inReplyTo`.
    replying: Forest,
    /// Where the message of a node is in `messages`, if it was received.
    slots: Vec<Option<u32>>,
    messages: Vec<Message<P, R>>,
    senders: Interner<str>,
    topics: Interner<[u8]>,
    /// First instances that are shown.
    entries: BTreeSet<Key>,
    /// Those of them that have a topic.
    in_topic: BTreeSet<(u32, Key)>,
    /// Those of them that reply, by the message that they name.
    replies: BTreeSet<(Node, Key)>,
    /// First instances with reactions, by the message that they name.
    reactions: BTreeSet<(Node, Key)>,
    /// What replaces a message whose first instance was not seen.
    held: BTreeSet<Key>,
    suspects: BTreeSet<Key>,
    unseen: BTreeSet<MessageId>,
    statuses: BTreeMap<StatusKey, MessageStatus>,
    /// When the local user read a message.
    read: BTreeMap<Node, u64>,
    /// What [`Timeline::expire`] has to look at, and when.
    due: BTreeSet<(u64, Node)>,
    different: BTreeMap<(MessageId, Digest, u32), DifferentContent<P>>,
}

impl<P, R> Default for Timeline<P, R> {
    fn default() -> Self {
        Self {
            ids: Ids::default(),
            replacing: Forest::default(),
            replying: Forest::default(),
            slots: Vec::new(),
            messages: Vec::new(),
            senders: Interner::default(),
            topics: Interner::default(),
            entries: BTreeSet::new(),
            in_topic: BTreeSet::new(),
            replies: BTreeSet::new(),
            reactions: BTreeSet::new(),
            held: BTreeSet::new(),
            suspects: BTreeSet::new(),
            unseen: BTreeSet::new(),
            statuses: BTreeMap::new(),
            read: BTreeMap::new(),
            due: BTreeSet::new(),
            different: BTreeMap::new(),
        }
    }
}

impl<P, R> Timeline<P, R> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of messages that were received, of every kind.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether nothing was received.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// All entries in their order, whatever became of them: deleted ones leave a placeholder, and [`Entry::state`] says which expired.
    ///
    /// Entries are the first instances of messages. Edits, deletions, reactions to something and status reports are not; they are found
    /// from their entries and through [`Timeline::get`].
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry<'_, P, R>> {
        self.entries.iter().filter_map(|key| self.first_at(key.node))
    }

    /// The entries whose first instances were accepted in a span of time, in milliseconds since the UNIX epoch, in their order.
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
    ) -> impl DoubleEndedIterator<Item = Entry<'_, P, R>> {
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
        let range = span.map(|(start, end)| {
            let (first, last) = (Key::lowest(start), Key::highest(end));
            self.entries.range(first..=last).filter_map(|key| self.first_at(key.node))
        });
        range.into_iter().flatten()
    }

    /// The topics that have entries, in the order of their octets. Not among them is the empty one, which is none.
    pub fn topics(&self) -> impl Iterator<Item = &[u8]> {
        self.topics.iter().filter(|(_, topic)| self.topic_keys(*topic).next().is_some()).map(|(id, _)| id)
    }

    /// The entries of a topic in their order (section 5.11).
    pub fn topic(&self, topic_id: &[u8]) -> impl DoubleEndedIterator<Item = Entry<'_, P, R>> {
        let keys = self.topics.find(topic_id).map(|topic| self.topic_keys(topic));
        keys.into_iter().flatten().filter_map(|key| self.first_at(key.node))
    }

    fn topic_keys(&self, topic: u32) -> impl DoubleEndedIterator<Item = &Key> {
        self.in_topic.range((topic, Key::lowest(0))..=(topic, Key::highest(u64::MAX))).map(|(_, key)| key)
    }

    /// A message of any kind that was received.
    #[must_use]
    pub fn get(&self, message_id: &MessageId) -> Option<Version<'_, P, R>> {
        self.message_of(message_id).map(|message| Version { timeline: self, message })
    }

    /// The entry that a message is a version of. `None` if it or its first instance was not seen, or that is a reaction or a status report.
    ///
    /// A refused edit leads to the entry that it was meant for; [`Version::standing`] says that it has no effect.
    #[must_use]
    pub fn entry(&self, message_id: &MessageId) -> Option<Entry<'_, P, R>> {
        self.entry_of(self.ids.find(message_id)?)
    }

    /// The edits and deletions of messages that were not seen, in their order. They have no effect until the first instance arrives.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = Version<'_, P, R>> {
        self.versions(self.held.iter())
    }

    /// The messages with [findings](Version::findings), in their order.
    pub fn suspects(&self) -> impl DoubleEndedIterator<Item = Version<'_, P, R>> {
        self.versions(self.suspects.iter()).filter(|version| self.is_suspect(version.message))
    }

    /// The messages that came under the ID of one that was there already, with other bytes or from another sender.
    pub fn different_content(&self) -> impl Iterator<Item = &DifferentContent<P>> {
        self.different.values()
    }

    /// The IDs that messages replace, reply or react to, or that were marked as read, and that were not received, in the order of their octets. It is legitimate that there are some: they
    /// may be older than the membership of the local user (section 9.1).
    pub fn unseen(&self) -> impl Iterator<Item = &MessageId> {
        self.unseen.iter()
    }

    /// Takes out what was kept for a message, so that nothing of it stays here but the fields that the timeline is made of.
    pub fn take_payload(&mut self, message_id: &MessageId) -> Option<P> {
        let node = self.ids.find(message_id)?;
        self.message_mut(node)?.payload.take()
    }

    fn intern(&mut self, id: MessageId) -> Node {
        let (node, new) = self.ids.intern(id);
        if new {
            self.replacing.grow(&self.ids);
            self.replying.grow(&self.ids);
            self.slots.push(None);
            self.unseen.insert(id);
        }
        node
    }

    fn slot(&self, node: Node) -> Option<usize> {
        self.slots.get(node.index()).copied().flatten().map(|slot| slot as usize)
    }

    fn message(&self, node: Node) -> Option<&Message<P, R>> {
        self.messages.get(self.slot(node)?)
    }

    fn message_mut(&mut self, node: Node) -> Option<&mut Message<P, R>> {
        let slot = self.slot(node)?;
        self.messages.get_mut(slot)
    }

    fn message_of(&self, id: &MessageId) -> Option<&Message<P, R>> {
        self.message(self.ids.find(id)?)
    }

    /// The first instance that a message is a version of, if both were received.
    fn first_of(&self, node: Node) -> Option<Node> {
        self.message(node)?;
        self.replacing.end(node).filter(|end| self.message(*end).is_some())
    }

    fn entry_of(&self, node: Node) -> Option<Entry<'_, P, R>> {
        self.first_at(self.first_of(node)?).filter(|entry| entry.message.is_entry())
    }

    /// A first instance and all that became of it, a reaction too.
    fn first_at(&self, first: Node) -> Option<Entry<'_, P, R>> {
        Some(Entry { timeline: self, message: self.message(first)? })
    }

    fn versions<'t>(
        &'t self,
        keys: impl DoubleEndedIterator<Item = &'t Key>,
    ) -> impl DoubleEndedIterator<Item = Version<'t, P, R>> {
        keys.filter_map(|key| Some(Version { timeline: self, message: self.message(key.node)? }))
    }
}

impl Key {
    fn lowest(accepted_ms: u64) -> Self {
        Self { accepted_ms, id: MessageId::from_bytes([0; 32]), node: Node::LOWEST }
    }

    fn highest(accepted_ms: u64) -> Self {
        Self { accepted_ms, id: MessageId::from_bytes([u8::MAX; 32]), node: Node::NONE }
    }
}

/// How much there is, not what: a conversation is no text for a log.
impl<P, R> fmt::Debug for Timeline<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("messages", &self.messages.len())
            .field("entries", &self.entries.len())
            .field("held", &self.held.len())
            .field("suspects", &self.suspects.len())
            .field("unseen", &self.unseen.len())
            .finish_non_exhaustive()
    }
}
