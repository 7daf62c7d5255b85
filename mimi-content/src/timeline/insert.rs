//! How a message gets into the timeline.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::chain::{BodyChange, Outcome};
use super::graph::Node;
use super::{Change, DifferentContent, Key, Message, Received, Timeline};
use crate::message_id::MessageId;

/// What became of a message that was given to [`Timeline::insert`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Inserted<P> {
    /// It is new.
    New(Vec<Changed>),
    /// It was there already, byte for byte: a repeated delivery, which is no attack. The payload comes back.
    Repeated {
        /// The payload of this delivery; that of the first one stays.
        payload: P,
        /// What moves because the hub's timestamp is earlier this time; else empty.
        changed: Vec<Changed>,
    },
    /// Another message is there under this ID. That most likely means malice (section 9.1): it has no effect and is kept among
    /// [`Timeline::different_content`].
    DifferentContent,
}

/// Something that looks other than before. With the versions of an entry its reactions, replies and statuses may change too, as they belong to versions. Replies to an entry that is added or changed may quote it: see [`Entry::replies`](super::Entry::replies).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Changed {
    /// There is a new entry, with all that waited for it.
    Added(MessageId),
    /// The entry has another current version.
    Edited(MessageId),
    /// The entry is deleted.
    Deleted(MessageId),
    /// The entry belongs to another topic.
    Topic(MessageId),
    /// The entry has one more earlier version, or a refused one.
    Versions(MessageId),
    /// The entry has other reactions.
    Reactions(MessageId),
    /// The entry has one more reply.
    Replies(MessageId),
    /// The entry stands elsewhere in the order.
    Moved(MessageId),
    /// The message has another status at the sender of a report. It may be any version, and one that was not seen.
    Status(MessageId),
    /// The message waits for what it replaces.
    Held(MessageId),
    /// The message closes a loop of replies or replacements.
    Loop(MessageId),
}

/// A function that decides: `Err` with the reason if the change is not allowed.
pub(super) type Authorize<'f, P, R> = &'f dyn Fn(&Change<'_, P>) -> Result<(), R>;

impl<P, R> Timeline<P, R> {
    /// Takes a message in, with what the caller wants to keep for it.
    ///
    /// `authorize` decides about this message, if it changes another, and about those that waited for it; see [`Change`] for what it may
    /// depend on. [`sender_only`](super::sender_only) is the draft's default.
    pub fn insert(
        &mut self,
        received: Received<'_>,
        payload: P,
        authorize: &dyn Fn(&Change<'_, P>) -> Result<(), R>,
    ) -> Inserted<P> {
        let node = self.intern(received.message_id);
        if self.slot(node).is_some() {
            return self.insert_again(node, &received, payload, authorize);
        }
        let mut changed = Vec::new();
        let key = Key { accepted_ms: received.accepted_ms, id: received.message_id, node };
        let sender = self.senders.intern(received.sender_uri);
        let suspect = received.body.malformed_report.is_some();
        self.report(&received, key, sender, &mut changed);
        let message = Message {
            key,
            accepted_last_ms: received.accepted_ms,
            sender,
            topic: self.topics.intern(&received.topic_id),
            replaces: received.replaces.map(|id| self.intern(id)),
            in_reply_to: received.in_reply_to.map(|id| self.intern(id)),
            expires: received.expires,
            disposition: received.disposition,
            kind: received.body.kind,
            digest: received.digest,
            extensions: received.extensions,
            reactions: received.body.reactions,
            malformed_report: received.body.malformed_report,
            in_replaces_loop: false,
            in_reply_loop: false,
            expired: false,
            payload: Some(payload),
            judgement: None,
            chain: None,
        };
        let (replaces, in_reply_to) = (message.replaces, message.in_reply_to);
        if let (Ok(slot), Some(place)) =
            (u32::try_from(self.messages.len()), self.slots.get_mut(node.index()))
        {
            *place = Some(slot);
        }
        self.messages.push(message);
        self.unseen.remove(&key.id);
        if suspect {
            self.suspects.insert(key);
        }
        if let Some(to) = in_reply_to
            && self.replying.join(node, to)
        {
            self.mark_loop(node, |message| (message.in_reply_to, &mut message.in_reply_loop));
            changed.push(Changed::Loop(key.id));
        }
        match replaces {
            None => self.begin(node, authorize, &mut changed),
            Some(to) => self.replace(node, to, authorize, &mut changed),
        }
        Inserted::New(changed)
    }

    /// A first instance arrives, maybe after messages that replace it.
    fn begin(&mut self, node: Node, authorize: Authorize<'_, P, R>, changed: &mut Vec<Changed>) {
        let waiting: Vec<_> = self.replacing.members(node).filter(|member| *member != node).collect();
        let topic_before = self.effective_topic(node);
        self.index_first(node);
        for version in waiting {
            self.attach(node, version, self.outcome(node).deletion, authorize);
        }
        self.retopic(node, topic_before);
        self.tell_of_first(node, changed);
    }

    /// A message arrives that replaces another.
    fn replace(&mut self, node: Node, to: Node, authorize: Authorize<'_, P, R>, changed: &mut Vec<Changed>) {
        // What replaces this message has waited with it.
        let joining: Option<Vec<_>> = self.first_of(to).map(|_| self.replacing.members(node).collect());
        let Some(key) = self.message(node).map(|message| message.key) else { return };
        if self.replacing.join(node, to) {
            self.mark_loop(node, |message| (message.replaces, &mut message.in_replaces_loop));
            changed.push(Changed::Loop(key.id));
        }
        let (Some(joining), Some(first)) = (joining, self.first_of(node)) else {
            self.held.insert(key);
            changed.push(Changed::Held(key.id));
            return;
        };
        let (before, topic_before) = (self.outcome(first), self.effective_topic(first));
        for version in joining {
            self.attach(first, version, self.outcome(first).deletion, authorize);
        }
        self.retopic(first, topic_before);
        self.tell_of_versions(first, before, changed);
    }

    /// The same bytes once more, or others under the same ID.
    fn insert_again(
        &mut self,
        node: Node,
        received: &Received<'_>,
        payload: P,
        authorize: Authorize<'_, P, R>,
    ) -> Inserted<P> {
        let sender = self.senders.intern(received.sender_uri);
        let Some(message) = self.message_mut(node) else { return Inserted::DifferentContent };
        if message.digest != received.digest || message.sender != sender {
            let different = DifferentContent {
                message_id: received.message_id,
                sender_uri: received.sender_uri.into(),
                accepted_ms: received.accepted_ms,
                payload,
            };
            let key = message.key;
            self.suspects.insert(key);
            self.different.entry((key.id, received.digest, sender)).or_insert(different);
            return Inserted::DifferentContent;
        }
        let mut changed = Vec::new();
        let old = message.key;
        message.accepted_last_ms = message.accepted_last_ms.max(received.accepted_ms);
        if received.accepted_ms < old.accepted_ms {
            let key = Key { accepted_ms: received.accepted_ms, ..old };
            self.retract_report(received, old, sender);
            self.report(received, key, sender, &mut changed);
            // Where an entry does not hold any more, that of another report does.
            let statuses = received.body.statuses.iter();
            changed = statuses.map(|entry| Changed::Status(entry.message_id)).collect();
            changed.sort_unstable();
            changed.dedup();
            self.rekey(node, key, authorize, &mut changed);
        }
        if let Some(message) = self.message(node)
            && message.key.accepted_ms != message.accepted_last_ms
        {
            self.suspects.insert(message.key);
        }
        Inserted::Repeated { payload, changed }
    }

    /// Gives a message another place.
    fn rekey(&mut self, node: Node, key: Key, authorize: Authorize<'_, P, R>, changed: &mut Vec<Changed>) {
        let Some(old) = self.message(node).map(|message| message.key) else { return };
        let suspect = self.suspects.remove(&old);
        let first = self.first_of(node);
        if first == Some(node) {
            self.unindex_first(node);
            if let Some(message) = self.message_mut(node) {
                message.key = key;
            }
            self.index_first(node);
            self.tell_of_move(node, changed);
        } else {
            let before = first.map(|first| (self.outcome(first), self.effective_topic(first)));
            if let Some(first) = first
                && let Some(chain) = self.message_mut(first).and_then(|first| first.chain.as_mut())
            {
                chain.remove(&old);
            }
            if let Some(message) = self.message_mut(node) {
                message.key = key;
            }
            if self.held.remove(&old) {
                self.held.insert(key);
            }
            if let (Some(first), Some((before, topic_before))) = (first, before) {
                self.attach(first, node, before.deletion, authorize);
                self.retopic(first, topic_before);
                self.tell_of_versions(first, before, changed);
            }
        }
        if suspect && self.message(node).is_some_and(|message| self.is_suspect(message)) {
            self.suspects.insert(key);
        }
    }

    /// Decides about a version, and puts it to the others of its first instance.
    ///
    /// `deletion_before` is the deletion so far. Also where that is this one, which moves: else whoever delivers a deletion again and again, each time earlier,
    /// has all later edits walked through again and again.
    fn attach(
        &mut self,
        first: Node,
        node: Node,
        deletion_before: Option<Key>,
        authorize: Authorize<'_, P, R>,
    ) {
        let Some(judgement) = self.judge(first, node, authorize) else { return };
        let Some(message) = self.message(node) else { return };
        let (key, has_payload) = (message.key, message.payload.is_some());
        self.held.remove(&key);
        let Some(original) = self.message_mut(first) else { return };
        let expired = original.expired;
        let chain = original.chain.get_or_insert_default();
        chain.insert(key, &judgement);
        // What the deletion leaves behind; it only ever moves to the front, so that an edit is left behind once.
        let mut suspects = Vec::new();
        if matches!(judgement.body, Ok(BodyChange::Deletion))
            && deletion_before.is_none_or(|before| key < before)
        {
            suspects.extend(chain.edits_between(key, deletion_before));
        }
        if judgement.is_suspect() || chain.is_late(&key) {
            suspects.push(key);
        }
        self.suspects.extend(suspects);
        if let Some(message) = self.message_mut(node) {
            message.judgement = Some(Box::new(judgement));
        }
        if let Some(read_at_ms) = self.read.get(&node).copied() {
            self.note_read(first, read_at_ms);
        }
        if expired
            && has_payload
            && let Some(due_ms) = self.due_ms(first)
        {
            self.due.insert((due_ms, node));
        }
    }

    /// Puts a first instance where it is found.
    fn index_first(&mut self, node: Node) {
        let Some(message) = self.message(node) else { return };
        let (key, in_reply_to, is_entry) = (message.key, message.in_reply_to, message.is_entry());
        let reacts = !message.reactions.is_empty();
        if is_entry {
            self.entries.insert(key);
            let topic = self.effective_topic(node);
            if self.topics.value(topic).is_some_and(|topic| !topic.is_empty()) {
                self.in_topic.insert((topic, key));
            }
        }
        if let Some(to) = in_reply_to {
            if is_entry {
                self.replies.insert((to, key));
            }
            if reacts {
                self.reactions.insert((to, key));
            }
        }
        if let Some(read_at_ms) = self.read.get(&node).copied() {
            self.note_read(node, read_at_ms);
        }
        if let Some(due_ms) = self.due_ms(node)
            && self.message(node).is_some_and(|message| !message.expired)
        {
            self.due.insert((due_ms, node));
        }
    }

    fn unindex_first(&mut self, node: Node) {
        let Some(message) = self.message(node) else { return };
        let (key, in_reply_to) = (message.key, message.in_reply_to);
        self.entries.remove(&key);
        self.in_topic.remove(&(self.effective_topic(node), key));
        if let Some(to) = in_reply_to {
            self.replies.remove(&(to, key));
            self.reactions.remove(&(to, key));
        }
    }

    /// The topic of a first instance: the last one that an edit was allowed to give it, else its own.
    pub(super) fn effective_topic(&self, first: Node) -> u32 {
        let Some(message) = self.message(first) else { return u32::MAX };
        let edit = self.outcome(first).topic.and_then(|key| self.message(key.node));
        edit.unwrap_or(message).topic
    }

    fn retopic(&mut self, first: Node, before: u32) {
        let after = self.effective_topic(first);
        let Some(message) = self.message(first) else { return };
        let key = message.key;
        if before == after || !message.is_entry() {
            return;
        }
        self.in_topic.remove(&(before, key));
        if self.topics.value(after).is_some_and(|topic| !topic.is_empty()) {
            self.in_topic.insert((after, key));
        }
    }

    pub(super) fn outcome(&self, first: Node) -> Outcome {
        let chain = self.message(first).and_then(|message| message.chain.as_ref());
        chain.map_or(Outcome { edit: None, deletion: None, topic: None }, |chain| chain.outcome())
    }

    /// Marks the messages of a loop, beginning at one of them.
    fn mark_loop(&mut self, start: Node, field: impl Fn(&mut Message<P, R>) -> (Option<Node>, &mut bool)) {
        let mut next = Some(start);
        while let Some(node) = next
            && let Some(message) = self.message_mut(node)
        {
            let key = message.key;
            let (to, marked) = field(message);
            if core::mem::replace(marked, true) {
                return;
            }
            self.suspects.insert(key);
            next = to;
        }
    }

    fn tell_of_first(&self, node: Node, changed: &mut Vec<Changed>) {
        let Some(message) = self.message(node) else { return };
        if message.is_entry() {
            changed.push(Changed::Added(message.key.id));
        }
        self.tell_of_target(message, changed);
    }

    fn tell_of_move(&self, node: Node, changed: &mut Vec<Changed>) {
        let Some(message) = self.message(node) else { return };
        if message.is_entry() {
            changed.push(Changed::Moved(message.key.id));
        }
        self.tell_of_target(message, changed);
    }

    /// What a first instance replies or reacts to.
    fn tell_of_target(&self, message: &Message<P, R>, changed: &mut Vec<Changed>) {
        let target = message.in_reply_to.and_then(|to| self.entry_of(to)).map(|entry| entry.message_id());
        if message.is_entry() {
            changed.extend(target.map(Changed::Replies));
        }
        if !message.reactions.is_empty() {
            changed.extend(target.map(Changed::Reactions));
        }
    }

    fn tell_of_versions(&self, first: Node, before: Outcome, changed: &mut Vec<Changed>) {
        let Some(message) = self.message(first) else { return };
        let (id, after) = (message.key.id, self.outcome(first));
        if message.is_entry() {
            let told = changed.len();
            if before.deletion.is_none() && after.deletion.is_some() {
                changed.push(Changed::Deleted(id));
            } else if before.edit != after.edit {
                changed.push(Changed::Edited(id));
            }
            if before.topic != after.topic {
                changed.push(Changed::Topic(id));
            }
            if changed.len() == told {
                changed.push(Changed::Versions(id));
            }
        }
        // Also if nothing else changed: the reading of a version may have begun the expiration.
        if !message.reactions.is_empty()
            && let Some(target) = message.in_reply_to.and_then(|to| self.entry_of(to))
        {
            changed.push(Changed::Reactions(target.message_id()));
        }
    }
}
