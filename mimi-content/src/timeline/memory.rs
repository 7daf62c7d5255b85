//! The rows of a timeline in memory.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::convert::Infallible;

use super::finding::{MalformedReport, is_odd};
use super::index::{Arena, Range, Sorted};
use super::received::{Digest, ReactionPart};
use super::retraction::{Retraction, RetractionScope};
use super::row::{
    Acceptance, DifferentRow, Judgement, LinkEnd, LinkRow, LookUp, MAX_GROUP_DEPTH, MessageRow, Relation,
    RowChange, StatusRow, TimelinePlace, UnseenRow, VersionOutcome,
};
use super::{BodyKind, DifferentContent};
use crate::disposition::Disposition;
use crate::expiration::Expiration;
use crate::message_id::MessageId;
use crate::status::{MessageStatus, StatusWeight};

/// A message ID that was received or referred to, as a number of the timeline's own.
pub(super) type Node = u32;

const NONE: Node = u32::MAX;

fn some(node: Node) -> Option<Node> {
    (node != NONE).then_some(node)
}

/// An ID, and what is kept of its message.
#[derive(Clone)]
pub(super) struct Slot<P> {
    pub(super) id: MessageId,
    pub(super) record: Option<Record<P>>,
}

/// What every message has. What few have is beside it, by their numbers.
#[derive(Clone)]
pub(super) struct Record<P> {
    pub(super) accepted_ms: u64,
    digest: Digest,
    body_digest: u64,
    sender: u32,
    topic: u32,
    replaces: Node,
    in_reply_to: Node,
    first: Node,
    expires: Option<Expiration>,
    pub(super) disposition: Disposition,
    pub(super) kind: BodyKind,
    pub(super) acceptance: Acceptance,
    flags: u8,
    pub(super) payload: Option<P>,
}

const EMPTIED: u8 = 1;
const REPLACES_LOOP: u8 = 2;
const REPLY_LOOP: u8 = 4;
const RETRACTED: u8 = 8;
const GONE: u8 = 16;

impl<P> Record<P> {
    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn in_reply_loop(&self) -> bool {
        self.has(REPLY_LOOP)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.has(GONE)
    }

    pub(super) fn is_retracted(&self) -> bool {
        self.has(RETRACTED)
    }

    pub(super) fn first(&self) -> Option<Node> {
        some(self.first)
    }

    pub(super) fn replaces(&self) -> Option<Node> {
        some(self.replaces)
    }

    pub(super) fn in_reply_to(&self) -> Option<Node> {
        some(self.in_reply_to)
    }

    pub(super) fn expires(&self) -> Option<Expiration> {
        self.expires
    }

    pub(super) fn is_present(&self) -> bool {
        self.acceptance != Acceptance::Dropped
    }
}

/// Values that many messages share, by number.
pub(super) struct Interner<T: ?Sized> {
    numbers: BTreeMap<Arc<T>, u32>,
    values: Vec<Arc<T>>,
}

impl<T: ?Sized> Clone for Interner<T> {
    fn clone(&self) -> Self {
        Self { numbers: self.numbers.clone(), values: self.values.clone() }
    }
}

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new(), values: Vec::new() }
    }
}

impl<T: Ord + ?Sized> Interner<T> {
    fn intern(&mut self, value: &Arc<T>) -> u32 {
        if let Some(number) = self.find(value) {
            return number;
        }
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.numbers.insert(Arc::clone(value), number);
        self.values.push(Arc::clone(value));
        number
    }

    pub(super) fn find(&self, value: &T) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    pub(super) fn value(&self, number: u32) -> Option<&Arc<T>> {
        self.values.get(number as usize)
    }

    /// All values in their order, which is not that of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&T, u32)> {
        self.numbers.iter().map(|(value, number)| (value.as_ref(), *number))
    }
}

/// What one report says of one message.
#[derive(Clone, Copy)]
struct Status {
    about: Node,
    reader: u32,
    report: Node,
    status: MessageStatus,
    weight_rank: u8,
    /// Whether of equal rank the earliest holds.
    first_holds: bool,
}

/// All rows, with the indexes that [`LookUp`] and the views need.
#[derive(Clone)]
pub(super) struct Memory<P, R> {
    slots: Arena<Slot<P>>,
    pub(super) senders: Interner<str>,
    pub(super) topics: Interner<[u8]>,
    accepted_last: BTreeMap<Node, u64>,
    extensions: BTreeMap<Node, Digest>,
    reactions: BTreeMap<Node, Arc<[ReactionPart]>>,
    malformed: BTreeMap<Node, Arc<MalformedReport>>,
    judgements: BTreeMap<Node, Arc<Judgement<R>>>,
    outcomes: BTreeMap<Node, [Node; 3]>,
    reads: BTreeMap<Node, u64>,
    dues: BTreeMap<Node, u64>,
    links: BTreeMap<(Relation, Node), Link>,
    statuses: Arena<Status>,
    /// Where a report's entries are among them.
    reports: BTreeMap<Node, (u32, u32)>,
    different: BTreeMap<(Node, Digest, u32), DifferentContent<P>>,
    retracted: BTreeMap<MessageId, Arc<Retraction>>,
    /// By removers who may retract reactions only.
    retracted_reactions: BTreeMap<MessageId, Arc<Retraction>>,
    /// Of a sender, in the order of their starts; each is earlier than those before it.
    ranges: BTreeMap<u32, Vec<Arc<Retraction>>>,
    messages: usize,

    by_id: Sorted,
    entries: Sorted,
    in_topic: Sorted,
    children: Sorted,
    chains: Sorted,
    edits: Sorted,
    deletions: Sorted,
    topic_changes: Sorted,
    by_sender: Sorted,
    held: Sorted,
    odd: Sorted,
    unseen: Sorted,
    by_status: Sorted,
    /// First instances that are deleted.
    deleted: BTreeSet<Node>,
    /// What is to expire, and when.
    due: BTreeSet<(u64, Node)>,
}

#[derive(Clone, Copy)]
struct Link {
    parent: Node,
    size: u32,
    /// A message, or one of the two below.
    end: Node,
    next: Node,
}

const CLOSED: Node = u32::MAX;
const LOOP: Node = u32::MAX - 1;

impl<P, R> Default for Memory<P, R> {
    fn default() -> Self {
        Self {
            slots: Arena::default(),
            senders: Interner::default(),
            topics: Interner::default(),
            accepted_last: BTreeMap::new(),
            extensions: BTreeMap::new(),
            reactions: BTreeMap::new(),
            malformed: BTreeMap::new(),
            judgements: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            reads: BTreeMap::new(),
            dues: BTreeMap::new(),
            links: BTreeMap::new(),
            statuses: Arena::default(),
            reports: BTreeMap::new(),
            different: BTreeMap::new(),
            retracted: BTreeMap::new(),
            retracted_reactions: BTreeMap::new(),
            ranges: BTreeMap::new(),
            messages: 0,
            by_id: Sorted::default(),
            entries: Sorted::default(),
            in_topic: Sorted::default(),
            children: Sorted::default(),
            chains: Sorted::default(),
            edits: Sorted::default(),
            deletions: Sorted::default(),
            topic_changes: Sorted::default(),
            by_sender: Sorted::default(),
            held: Sorted::default(),
            odd: Sorted::default(),
            unseen: Sorted::default(),
            by_status: Sorted::default(),
            deleted: BTreeSet::new(),
            due: BTreeSet::new(),
        }
    }
}

/// How an index of messages is sorted: by a number, then by place.
type Key = (u32, Option<TimelinePlace>);

impl<P, R> Memory<P, R> {
    pub(super) fn len(&self) -> usize {
        self.messages
    }

    pub(super) fn find(&self, id: &MessageId) -> Option<Node> {
        self.by_id.find(|node| self.slots.get(node).map(|slot| &slot.id).cmp(&Some(id)))
    }

    pub(super) fn id(&self, node: Node) -> Option<MessageId> {
        self.slots.get(node).map(|slot| slot.id)
    }

    /// What is kept of a message that is there.
    pub(super) fn record(&self, node: Node) -> Option<&Record<P>> {
        self.slots.get(node)?.record.as_ref()
    }

    pub(super) fn record_mut(&mut self, node: Node) -> Option<&mut Record<P>> {
        self.slots.get_mut(node)?.record.as_mut()
    }

    pub(super) fn place(&self, node: Node) -> Option<TimelinePlace> {
        let slot = self.slots.get(node)?;
        Some(TimelinePlace { accepted_ms: slot.record.as_ref()?.accepted_ms, message_id: slot.id })
    }

    pub(super) fn sender(&self, record: &Record<P>) -> &str {
        self.senders.value(record.sender).map_or("", AsRef::as_ref)
    }

    /// The same text, for as long as the rows live.
    pub(super) fn sender_uri(&self, uri: &str) -> Option<&str> {
        self.senders.numbers.get_key_value(uri).map(|(uri, _)| uri.as_ref())
    }

    pub(super) fn own_topic(&self, record: &Record<P>) -> &[u8] {
        self.topics.value(record.topic).map_or(&[], AsRef::as_ref)
    }

    /// The topic of a first instance: the last one that an edit was allowed to give it, else its
    /// own.
    fn current_topic(&self, node: Node) -> u32 {
        let moved = self.outcome_nodes(node).and_then(|[_, _, topic]| self.record(topic));
        moved.or_else(|| self.record(node)).map_or(u32::MAX, |record| record.topic)
    }

    pub(super) fn topic(&self, node: Node) -> &[u8] {
        self.topics.value(self.current_topic(node)).map_or(&[], AsRef::as_ref)
    }

    fn outcome_nodes(&self, node: Node) -> Option<[Node; 3]> {
        self.outcomes.get(&node).copied()
    }

    /// The edit that holds.
    pub(super) fn edit(&self, first: Node) -> Option<Node> {
        self.outcome_nodes(first).and_then(|[edit, _, _]| some(edit))
    }

    pub(super) fn deletion(&self, first: Node) -> Option<Node> {
        self.outcome_nodes(first).and_then(|[_, deletion, _]| some(deletion))
    }

    pub(super) fn reaction_parts(&self, node: Node) -> &[ReactionPart] {
        self.reactions.get(&node).map_or(&[], AsRef::as_ref)
    }

    pub(super) fn judgement(&self, node: Node) -> Option<&Judgement<R>> {
        self.judgements.get(&node).map(AsRef::as_ref)
    }

    pub(super) fn malformed(&self, node: Node) -> Option<&MalformedReport> {
        self.malformed.get(&node).map(AsRef::as_ref)
    }

    pub(super) fn last_ms(&self, node: Node) -> Option<u64> {
        self.accepted_last.get(&node).copied()
    }

    pub(super) fn is_loop(&self, record: &Record<P>) -> (bool, bool) {
        (record.has(REPLACES_LOOP), record.has(REPLY_LOOP))
    }

    pub(super) fn body_digest(&self, record: &Record<P>) -> u64 {
        record.body_digest
    }

    pub(super) fn read_at_ms(&self, node: Node) -> Option<u64> {
        self.reads.get(&node).copied()
    }

    pub(super) fn has_different_id(&self, node: Node) -> bool {
        self.different.range((node, [0; 16], 0)..=(node, [u8::MAX; 16], u32::MAX)).next().is_some()
    }

    pub(super) fn different(&self) -> impl Iterator<Item = &DifferentContent<P>> {
        self.different.values()
    }

    /// The retraction that holds for a message: the first of those that concern it.
    pub(super) fn retraction(&self, node: Node) -> Option<&Retraction> {
        let (id, record) = (self.id(node)?, self.record(node)?);
        self.find_retraction(&id, record.kind, record.sender, record.accepted_ms)
    }

    fn find_retraction(
        &self,
        id: &MessageId,
        kind: BodyKind,
        sender: u32,
        accepted_ms: u64,
    ) -> Option<&Retraction> {
        let ranges = self.ranges.get(&sender).map_or(&[][..], Vec::as_slice);
        let after = ranges.partition_point(|range| range.start_ms() <= accepted_ms);
        let range = after.checked_sub(1).and_then(|last| ranges.get(last));
        let single = self.retracted.get(id);
        let reaction = self.retracted_reactions.get(id).filter(|_| kind == BodyKind::Reaction);
        single.into_iter().chain(reaction).chain(range).min().map(AsRef::as_ref)
    }

    pub(super) fn entries(&self) -> Range<'_> {
        self.entries.iter()
    }

    pub(super) fn entries_between(&self, from_ms: u64, to_ms: u64) -> Range<'_> {
        self.entries.range(|node| {
            let ms = self.record(node).map_or(0, |record| record.accepted_ms);
            if ms < from_ms {
                Ordering::Less
            } else if ms > to_ms {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        })
    }

    /// The entries behind a place.
    pub(super) fn entries_after(&self, place: Option<TimelinePlace>) -> Range<'_> {
        self.entries.range(|node| match self.place(node) <= place {
            true => Ordering::Less,
            false => Ordering::Equal,
        })
    }

    pub(super) fn topic_entries(&self, topic: u32) -> Range<'_> {
        self.in_topic.range(|node| self.current_topic(node).cmp(&topic))
    }

    /// What replies or reacts to a message, in its order.
    pub(super) fn children(&self, to: Node) -> Range<'_> {
        self.children.range(|node| self.record(node).map_or(NONE, |record| record.in_reply_to).cmp(&to))
    }

    /// What replaces a first instance, allowed or not, in its order.
    pub(super) fn chain(&self, first: Node) -> Range<'_> {
        self.chains.range(|node| self.first_of(node).cmp(&first))
    }

    fn first_of(&self, node: Node) -> Node {
        self.record(node).map_or(NONE, |record| record.first)
    }

    pub(super) fn held(&self) -> Range<'_> {
        self.held.iter()
    }

    pub(super) fn unseen(&self) -> Range<'_> {
        self.unseen.iter()
    }

    /// What may have findings, in its order: what is odd by itself, and edits accepted after a
    /// deletion.
    pub(super) fn odd(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = self.odd.iter().collect();
        for first in &self.deleted {
            let deletion = self.deletion(*first).and_then(|node| self.place(node));
            for index in [&self.edits, &self.topic_changes] {
                let range = index.range(|node| match self.first_of(node).cmp(first) {
                    Ordering::Equal if self.place(node) <= deletion => Ordering::Less,
                    order => order,
                });
                nodes.extend(range);
            }
        }
        nodes.extend(self.different.keys().map(|(node, _, _)| *node));
        nodes.sort_by_key(|node| self.place(*node));
        nodes.dedup();
        nodes
    }

    pub(super) fn next_due(&self) -> Option<(u64, MessageId)> {
        let (due_ms, node) = self.due.first()?;
        Some((*due_ms, self.id(*node)?))
    }

    /// Of each reader, the row that holds for a message, in the order of the readers' numbers.
    pub(super) fn strongest_statuses(&self, about: Node) -> Vec<StatusRow> {
        let range =
            self.by_status.range(|at| self.statuses.get(at).map_or(NONE, |status| status.about).cmp(&about));
        let mut strongest: Vec<StatusRow> = Vec::new();
        for row in range.filter_map(|at| self.status_row(at)) {
            match strongest.last_mut() {
                // The order within a reader is that of the weights.
                Some(last) if last.reader_uri == row.reader_uri => *last = row,
                _ => strongest.push(row),
            }
        }
        strongest
    }

    /// All that a reader said of a message, in the order of the weights.
    pub(super) fn statuses_of(&self, about: Node, reader_uri: &str) -> Vec<StatusRow> {
        let Some(reader) = self.senders.find(reader_uri) else { return Vec::new() };
        self.status_range(about, reader).filter_map(|at| self.status_row(at)).collect()
    }

    fn status_range(&self, about: Node, reader: u32) -> Range<'_> {
        self.by_status.range(|at| {
            let key = self.statuses.get(at).map(|status| (status.about, status.reader));
            key.cmp(&Some((about, reader)))
        })
    }

    fn weight(&self, status: &Status) -> Option<StatusWeight> {
        let report = self.place(status.report)?;
        Some(StatusWeight::of_parts(
            status.weight_rank,
            status.first_holds,
            report.accepted_ms,
            report.message_id,
        ))
    }

    fn status_key(&self, at: u32) -> Option<(Node, u32, StatusWeight)> {
        let status = self.statuses.get(at)?;
        Some((status.about, status.reader, self.weight(status)?))
    }

    fn status_row(&self, at: u32) -> Option<StatusRow> {
        let status = self.statuses.get(at)?;
        Some(StatusRow {
            message_id: self.id(status.about)?,
            reader_uri: Arc::clone(self.senders.value(status.reader)?),
            report: self.place(status.report)?,
            status: status.status,
            weight: self.weight(status)?,
        })
    }

    /// Where the references lead that begin at a message.
    pub(super) fn end(&self, relation: Relation, node: Node) -> LinkEnd {
        let group = self.representative(relation, node);
        match self.links.get(&(relation, group)).map(|link| link.end) {
            None | Some(CLOSED) => LinkEnd::Closed,
            Some(LOOP) => LinkEnd::Loop,
            Some(end) => self.id(end).map_or(LinkEnd::Closed, LinkEnd::Unseen),
        }
    }

    /// The member that stands for the group of a message; itself, if it is in none.
    pub(super) fn representative(&self, relation: Relation, mut node: Node) -> Node {
        for _ in 0..MAX_GROUP_DEPTH {
            match self.links.get(&(relation, node)) {
                Some(link) if link.parent != node => node = link.parent,
                _ => break,
            }
        }
        node
    }

    /// All IDs, those of messages that were not received too.
    pub(super) fn nodes(&self) -> Range<'_> {
        self.by_id.iter()
    }

    pub(super) fn take_payload(&mut self, id: &MessageId) -> Option<P> {
        let node = self.find(id)?;
        self.record_mut(node)?.payload.take()
    }

    pub(super) fn take_different(&mut self, row: &DifferentRow) -> Option<DifferentContent<P>> {
        let (node, sender) = (self.find(&row.message_id)?, self.senders.find(&row.sender_uri)?);
        self.different.remove(&(node, row.digest, sender))
    }

    pub(super) fn is_unseen(&self, id: &MessageId) -> bool {
        self.unseen.find(|other| self.id(other).cmp(&Some(*id))).is_some()
    }

    fn intern(&mut self, id: MessageId) -> Node {
        if let Some(node) = self.find(&id) {
            return node;
        }
        // 2^32 IDs do not fit into any memory beside their messages.
        let node = u32::try_from(self.slots.len()).unwrap_or(NONE);
        self.slots.push(Slot { id, record: None });
        let slots = &self.slots;
        self.by_id.insert(node, |other| slots.get(other).map(|slot| &slot.id).cmp(&Some(&id)));
        node
    }

    fn intern_some(&mut self, id: Option<MessageId>) -> Node {
        id.map_or(NONE, |id| self.intern(id))
    }

    /// Shows every row, with what is kept of it, in an order in which [`Memory::apply`] can write
    /// them.
    pub(super) fn for_each_row(&self, show: &mut dyn FnMut(RowChange<R>, Option<&P>)) {
        // A first instance comes after its versions, which its outcome names.
        for is_first in [false, true] {
            for node in self.by_id.iter() {
                let Some(record) = self.record(node) else { continue };
                if record.replaces().is_none() == is_first
                    && let Some(row) = self.row(node)
                {
                    show(RowChange::PutMessage(Box::new(row)), record.payload.as_ref());
                }
            }
        }
        for node in self.by_id.iter() {
            let Some(id) = self.id(node) else { continue };
            for relation in [Relation::Replaces, Relation::InReplyTo] {
                let Ok(link) = LookUp::<P, R>::link(self, relation, &id);
                if let Some(row) = link {
                    show(RowChange::PutLink(relation, id, row), None);
                }
            }
            let Ok(statuses) = LookUp::<P, R>::report(self, &id);
            statuses.into_iter().for_each(|row| show(RowChange::PutStatus(row), None));
        }
        for node in self.unseen.iter() {
            if let Some(message_id) = self.id(node) {
                let row = UnseenRow { message_id, read_at_ms: self.read_at_ms(node) };
                show(RowChange::PutUnseen(row), None);
            }
        }
        let mut different: Vec<_> = self.different.iter().collect();
        different.sort_by_key(|((_, digest, _), other)| (other.message_id, *digest, &other.sender_uri));
        for ((_, digest, _), other) in different {
            let row = DifferentRow {
                message_id: other.message_id,
                sender_uri: Arc::from(other.sender_uri.as_str()),
                digest: *digest,
                accepted_ms: other.accepted_ms,
            };
            show(RowChange::PutDifferent(row), Some(&other.payload));
        }
        let ranges = self.ranges.values().flatten();
        let retractions: BTreeSet<_> =
            self.retracted.values().chain(self.retracted_reactions.values()).chain(ranges).collect();
        for retraction in retractions {
            show(RowChange::PutRetraction(Arc::clone(retraction)), None);
        }
    }

    /// Writes and deletes rows. `payload` belongs to the message that is new.
    ///
    /// Returns the contents that are to be deleted.
    pub(super) fn apply(
        &mut self,
        rows: Vec<RowChange<R>>,
        mut payload: Option<(MessageId, P)>,
    ) -> Vec<(MessageId, P)> {
        let mut deleted = Vec::new();
        for row in rows {
            match row {
                RowChange::PutMessage(row) => self.put_message(*row, &mut payload),
                RowChange::PutLink(relation, id, row) => {
                    let link = Link {
                        parent: self.intern(row.parent),
                        size: row.size,
                        end: match row.end {
                            LinkEnd::Unseen(id) => self.intern(id),
                            LinkEnd::Closed => CLOSED,
                            LinkEnd::Loop => LOOP,
                        },
                        next: self.intern(row.next),
                    };
                    let node = self.intern(id);
                    self.links.insert((relation, node), link);
                }
                RowChange::DeleteLink(relation, id) => {
                    if let Some(node) = self.find(&id) {
                        self.links.remove(&(relation, node));
                    }
                }
                RowChange::PutUnseen(row) => {
                    let node = self.intern(row.message_id);
                    set(&mut self.reads, node, row.read_at_ms);
                    let slots = &self.slots;
                    let id = Some(&row.message_id);
                    self.unseen.insert(node, |other| slots.get(other).map(|slot| &slot.id).cmp(&id));
                }
                RowChange::DeleteUnseen(id) => {
                    if let Some(node) = self.find(&id) {
                        let slots = &self.slots;
                        self.unseen
                            .remove(node, |other| slots.get(other).map(|slot| &slot.id).cmp(&Some(&id)));
                    }
                }
                RowChange::PutStatus(row) => self.put_status(&row),
                RowChange::PutDifferent(row) => {
                    if let Some((_, payload)) = payload.take() {
                        let key = self.different_key(&row);
                        let different = DifferentContent {
                            message_id: row.message_id,
                            sender_uri: row.sender_uri.as_ref().into(),
                            accepted_ms: row.accepted_ms,
                            payload,
                        };
                        self.different.entry(key).or_insert(different);
                    }
                }
                RowChange::PutRetraction(retraction) => self.put_retraction(&retraction),
                RowChange::DeleteContent(id) => {
                    let node = self.find(&id);
                    let record = node.and_then(|node| self.record_mut(node));
                    deleted
                        .extend(record.and_then(|record| record.payload.take()).map(|payload| (id, payload)));
                    if let Some(node) = node {
                        let range = (node, [0; 16], 0)..=(node, [u8::MAX; 16], u32::MAX);
                        let keys: Vec<_> = self.different.range(range).map(|(key, _)| *key).collect();
                        for key in keys {
                            deleted.extend(self.different.remove(&key).map(|other| (id, other.payload)));
                        }
                    }
                }
            }
        }
        deleted
    }

    fn different_key(&mut self, row: &DifferentRow) -> (Node, Digest, u32) {
        (self.intern(row.message_id), row.digest, self.senders.intern(&row.sender_uri))
    }

    fn put_retraction(&mut self, retraction: &Arc<Retraction>) {
        let hold = |held: &mut BTreeMap<MessageId, Arc<Retraction>>, ids: &[MessageId]| {
            for id in ids {
                let held = held.entry(*id).or_insert_with(|| Arc::clone(retraction));
                if retraction < held {
                    *held = Arc::clone(retraction);
                }
            }
        };
        match &retraction.scope {
            RetractionScope::Messages(ids) => hold(&mut self.retracted, ids),
            RetractionScope::Reactions(ids) => hold(&mut self.retracted_reactions, ids),
            RetractionScope::Sender { sender_uri, .. } => {
                let sender = self.senders.intern(sender_uri);
                let ranges = self.ranges.entry(sender).or_default();
                let from_ms = retraction.start_ms();
                let at = ranges.partition_point(|range| range.start_ms() <= from_ms);
                let before = at.checked_sub(1).and_then(|before| ranges.get(before));
                if before.is_some_and(|before| before <= retraction) {
                    return;
                }
                // What starts no earlier and was decided no earlier never holds.
                let start = ranges.partition_point(|range| range.start_ms() < from_ms);
                let rest = ranges.split_off(start);
                ranges.push(Arc::clone(retraction));
                ranges.extend(rest.into_iter().filter(|range| range < retraction));
            }
        }
    }

    fn put_status(&mut self, row: &StatusRow) {
        let (about, report) = (self.intern(row.message_id), self.intern(row.report.message_id));
        let reader = self.senders.intern(&row.reader_uri);
        let (weight_rank, first_holds) = row.weight.parts();
        let status = Status { about, reader, report, status: row.status, weight_rank, first_holds };
        // The message of a report is written first, so that its place is known.
        let key = Some((about, reader, row.weight));
        let there = self.by_status.find(|at| self.status_key(at).cmp(&key));
        if let Some(place) = there.and_then(|at| self.statuses.get_mut(at)) {
            *place = status;
            return;
        }
        let at = u32::try_from(self.statuses.len()).unwrap_or(NONE);
        self.statuses.push(status);
        // The rows of one report are written together, one after another.
        let from = self.reports.get(&report).map_or(at, |(from, _)| *from);
        self.reports.insert(report, (from, at.saturating_add(1)));
        self.index_status(at);
    }

    fn index_status(&mut self, at: u32) {
        let mut index = core::mem::take(&mut self.by_status);
        let key = self.status_key(at);
        index.insert(at, |other| self.status_key(other).cmp(&key));
        self.by_status = index;
    }

    fn unindex_status(&mut self, at: u32) {
        let mut index = core::mem::take(&mut self.by_status);
        let key = self.status_key(at);
        index.remove(at, |other| self.status_key(other).cmp(&key));
        self.by_status = index;
    }

    fn put_message(&mut self, row: MessageRow<R>, payload: &mut Option<(MessageId, P)>) {
        let node = self.intern(row.place.message_id);
        let moves = self.place(node) != Some(row.place);
        // The reports of a message that moves are sorted by its place.
        let report = self.reports.get(&node).copied().filter(|_| moves);
        if let Some((from, to)) = report {
            (from..to).for_each(|at| self.unindex_status(at));
        }
        let mut kept = payload.take_if(|(id, _)| *id == row.place.message_id).map(|(_, payload)| payload);
        if self.record(node).is_some() {
            self.index(node, false);
            let old = self.slots.get_mut(node).and_then(|slot| slot.record.take());
            kept = old.and_then(|record| record.payload).or(kept);
        } else {
            self.messages = self.messages.saturating_add(1);
        }
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let record = Record {
            accepted_ms: row.place.accepted_ms,
            digest: row.digest,
            body_digest: row.body_digest,
            sender: self.senders.intern(&row.sender_uri),
            topic: self.topics.intern(&row.topic_id),
            replaces: self.intern_some(row.replaces),
            in_reply_to: self.intern_some(row.in_reply_to),
            first: self.intern_some(row.first),
            expires: row.expires,
            disposition: row.disposition,
            kind: row.kind,
            acceptance: row.acceptance,
            flags: flag(row.is_emptied, EMPTIED)
                | flag(row.in_replaces_loop, REPLACES_LOOP)
                | flag(row.in_reply_loop, REPLY_LOOP)
                | flag(row.is_retracted, RETRACTED)
                | flag(row.is_gone, GONE),
            payload: kept,
        };
        set(
            &mut self.accepted_last,
            node,
            (row.accepted_last_ms != row.place.accepted_ms).then_some(row.accepted_last_ms),
        );
        set(&mut self.extensions, node, row.extensions);
        set(&mut self.reactions, node, (!row.reactions.is_empty()).then_some(row.reactions));
        set(&mut self.malformed, node, row.malformed_report);
        set(&mut self.judgements, node, row.judgement);
        let VersionOutcome { edit, deletion, topic } = row.outcome;
        let outcome =
            [edit, deletion, topic].map(|place| self.intern_some(place.map(|place| place.message_id)));
        set(&mut self.outcomes, node, (outcome != [NONE; 3]).then_some(outcome));
        set(&mut self.reads, node, row.read_at_ms);
        set(&mut self.dues, node, row.due_ms);
        if let Some(slot) = self.slots.get_mut(node) {
            slot.record = Some(record);
        }
        self.index(node, true);
        if let Some((from, to)) = report {
            (from..to).for_each(|at| self.index_status(at));
        }
    }

    /// Puts a message into its indexes, or takes it out of them.
    fn index(&mut self, node: Node, put: bool) {
        let Some(row) = self.row(node) else { return };
        let Some(record) = self.record(node) else { return };
        let (first, to, sender) = (record.first, record.in_reply_to, record.sender);
        let place = Some(row.place);
        let topic = self.current_topic(node);
        let is_entry = row.is_entry();
        let has_topic = self.topics.value(topic).is_some_and(|topic| !topic.is_empty());
        let is_child = row.is_present() && row.replaces.is_none() && to != NONE;
        let effects = row.effects();
        let mut update =
            |index: fn(&mut Self) -> &mut Sorted, is_in: bool, number: u32, by: fn(&Self, Node) -> u32| {
                if !is_in {
                    return;
                }
                let mut taken = core::mem::take(index(self));
                let key: Key = (number, place);
                let compare = |other: Node| (by(self, other), self.place(other)).cmp(&key);
                if put {
                    taken.insert(node, compare);
                } else {
                    taken.remove(node, compare);
                }
                *index(self) = taken;
            };
        let by_first: fn(&Self, Node) -> u32 = Self::first_of;
        update(|rows| &mut rows.entries, is_entry, 0, |_, _| 0);
        update(|rows| &mut rows.in_topic, is_entry && has_topic, topic, Self::current_topic);
        update(
            |rows| &mut rows.children,
            is_child,
            to,
            |rows, other| rows.record(other).map_or(NONE, |record| record.in_reply_to),
        );
        update(|rows| &mut rows.chains, first != NONE, first, by_first);
        update(|rows| &mut rows.edits, effects.edit, first, by_first);
        update(|rows| &mut rows.deletions, effects.deletion, first, by_first);
        update(|rows| &mut rows.topic_changes, effects.topic, first, by_first);
        update(
            |rows| &mut rows.by_sender,
            !row.is_retracted,
            sender,
            |rows, other| rows.record(other).map_or(NONE, |record| record.sender),
        );
        update(|rows| &mut rows.held, row.is_held() && row.is_present(), 0, |_, _| 0);
        update(|rows| &mut rows.odd, is_odd(&row), 0, |_, _| 0);
        if row.outcome.deletion.is_some() && put {
            self.deleted.insert(node);
        } else {
            self.deleted.remove(&node);
        }
        if let Some(due_ms) = row.due_ms {
            if put {
                self.due.insert((due_ms, node));
            } else {
                self.due.remove(&(due_ms, node));
            }
        }
    }

    /// A row as it was written.
    pub(super) fn row(&self, node: Node) -> Option<MessageRow<R>> {
        let record = self.record(node)?;
        let place = self.place(node)?;
        let outcome = self.outcome_nodes(node).unwrap_or([NONE; 3]).map(|node| self.place(node));
        let [edit, deletion, topic] = outcome;
        Some(MessageRow {
            place,
            accepted_last_ms: self.last_ms(node).unwrap_or(place.accepted_ms),
            acceptance: record.acceptance,
            sender_uri: Arc::clone(self.senders.value(record.sender)?),
            topic_id: Arc::clone(self.topics.value(record.topic)?),
            replaces: record.replaces().and_then(|node| self.id(node)),
            in_reply_to: record.in_reply_to().and_then(|node| self.id(node)),
            expires: record.expires,
            disposition: record.disposition,
            kind: record.kind,
            is_emptied: record.has(EMPTIED),
            reactions: self.reactions.get(&node).map(Arc::clone).unwrap_or_default(),
            malformed_report: self.malformed.get(&node).map(Arc::clone),
            digest: record.digest,
            body_digest: record.body_digest,
            extensions: self.extensions.get(&node).copied(),
            in_replaces_loop: record.has(REPLACES_LOOP),
            in_reply_loop: record.has(REPLY_LOOP),
            is_retracted: record.has(RETRACTED),
            is_gone: record.has(GONE),
            read_at_ms: self.read_at_ms(node),
            due_ms: self.dues.get(&node).copied(),
            first: record.first().and_then(|node| self.id(node)),
            judgement: self.judgements.get(&node).map(Arc::clone),
            outcome: VersionOutcome { edit, deletion, topic },
        })
    }

    fn last_before(
        &self,
        index: &Sorted,
        first: &MessageId,
        before: Option<TimelinePlace>,
    ) -> Option<TimelinePlace> {
        let first = self.find(first)?;
        let mut range = index.range(|node| match self.first_of(node).cmp(&first) {
            Ordering::Equal if before.is_some() && self.place(node) >= before => Ordering::Greater,
            order => order,
        });
        range.next_back().and_then(|node| self.place(node))
    }

    pub(super) fn edit_before_place(&self, first: Node, before: TimelinePlace) -> Option<Node> {
        let id = self.id(first)?;
        let place = self.last_before(&self.edits, &id, Some(before))?;
        self.find(&place.message_id)
    }
}

fn set<V>(map: &mut BTreeMap<Node, V>, node: Node, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(node, value)),
        None => drop(map.remove(&node)),
    }
}

impl<P, R> LookUp<P, R> for Memory<P, R> {
    type Error = Infallible;

    fn message(&self, id: &MessageId) -> Result<Option<MessageRow<R>>, Infallible> {
        Ok(self.find(id).and_then(|node| self.row(node)))
    }

    fn unseen(&self, id: &MessageId) -> Result<Option<UnseenRow>, Infallible> {
        let node = self.find(id).filter(|node| self.record(*node).is_none());
        let row = |node: Node| UnseenRow { message_id: *id, read_at_ms: self.read_at_ms(node) };
        Ok(node.filter(|_| self.is_unseen(id)).map(row))
    }

    fn link(&self, relation: Relation, id: &MessageId) -> Result<Option<LinkRow>, Infallible> {
        let link = self.find(id).and_then(|node| self.links.get(&(relation, node)));
        Ok(link.and_then(|link| {
            Some(LinkRow {
                parent: self.id(link.parent)?,
                size: link.size,
                end: match link.end {
                    CLOSED => LinkEnd::Closed,
                    LOOP => LinkEnd::Loop,
                    node => LinkEnd::Unseen(self.id(node)?),
                },
                next: self.id(link.next)?,
            })
        }))
    }

    fn deletion_after(
        &self,
        first: &MessageId,
        after: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Infallible> {
        let Some(first) = self.find(first) else { return Ok(None) };
        let mut range = self.deletions.range(|node| match self.first_of(node).cmp(&first) {
            Ordering::Equal if self.place(node) <= after => Ordering::Less,
            order => order,
        });
        Ok(range.next().and_then(|node| self.place(node)))
    }

    fn edit_before(
        &self,
        first: &MessageId,
        before: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Infallible> {
        Ok(self.last_before(&self.edits, first, before))
    }

    fn topic_before(
        &self,
        first: &MessageId,
        before: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Infallible> {
        Ok(self.last_before(&self.topic_changes, first, before))
    }

    fn versions(&self, first: &MessageId) -> Result<Vec<MessageId>, Infallible> {
        let chain = self.find(first).map_or(Range::empty(), |first| self.chain(first));
        Ok(chain.filter_map(|node| self.id(node)).collect())
    }

    fn status(&self, id: &MessageId, reader_uri: &str) -> Result<Option<StatusRow>, Infallible> {
        let (Some(about), Some(reader)) = (self.find(id), self.senders.find(reader_uri)) else {
            return Ok(None);
        };
        Ok(self.status_range(about, reader).next_back().and_then(|at| self.status_row(at)))
    }

    fn report(&self, id: &MessageId) -> Result<Vec<StatusRow>, Infallible> {
        let range = self.find(id).and_then(|node| self.reports.get(&node).copied());
        let places = range.into_iter().flat_map(|(from, to)| from..to);
        Ok(places.filter_map(|at| self.status_row(at)).collect())
    }

    fn sent_since(&self, sender_uri: &str, accepted_ms: u64) -> Result<Vec<MessageId>, Infallible> {
        let Some(sender) = self.senders.find(sender_uri) else { return Ok(Vec::new()) };
        let range = self.by_sender.range(|node| {
            let Some(record) = self.record(node) else { return Ordering::Less };
            match record.sender.cmp(&sender) {
                Ordering::Equal if record.accepted_ms < accepted_ms => Ordering::Less,
                order => order,
            }
        });
        Ok(range.filter_map(|node| self.id(node)).collect())
    }

    fn is_retracted(
        &self,
        id: &MessageId,
        kind: BodyKind,
        sender_uri: &str,
        accepted_ms: u64,
    ) -> Result<bool, Infallible> {
        let sender = self.senders.find(sender_uri).unwrap_or(NONE);
        Ok(self.find_retraction(id, kind, sender, accepted_ms).is_some())
    }

    fn has_different(&self, row: &DifferentRow) -> Result<bool, Infallible> {
        let key = self.find(&row.message_id).zip(self.senders.find(&row.sender_uri));
        Ok(key.is_some_and(|(node, sender)| self.different.contains_key(&(node, row.digest, sender))))
    }

    fn with_payload(&self, id: &MessageId, show: &mut dyn FnMut(Option<&P>)) -> Result<(), Infallible> {
        let record = self.find(id).and_then(|node| self.record(node));
        show(record.and_then(|record| record.payload.as_ref()));
        Ok(())
    }
}
