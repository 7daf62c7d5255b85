//! Messages that disappear: sections 4.1 and 5.8.

use alloc::vec::Vec;

use super::Timeline;
use super::graph::Node;
use crate::message_id::MessageId;

impl<P, R> Timeline<P, R> {
    /// Notes when the local user read a message, in milliseconds since the UNIX epoch: relative expirations begin. Of several times, and
    /// of several versions, the earliest counts.
    ///
    /// The message may be one that was not received yet.
    pub fn mark_read(&mut self, message_id: MessageId, read_at_ms: u64) {
        let node = self.intern(message_id);
        self.note_read(node, read_at_ms);
        if let Some(first) = self.first_of(node) {
            self.note_read(first, read_at_ms);
        }
    }

    /// When the next message expires, in milliseconds since the UNIX epoch: when to call [`Timeline::expire`] again.
    #[must_use]
    pub fn next_expiration_ms(&self) -> Option<u64> {
        self.due.first().map(|(due_ms, _)| *due_ms)
    }

    /// Takes out what was kept for the messages that have expired, all versions of each, for the caller to delete. No more is lost than that: whether an entry
    /// is [expired](super::EntryState::Expired) depends on the time alone.
    pub fn expire(&mut self, now_ms: u64) -> Vec<(MessageId, P)> {
        let mut taken = Vec::new();
        while let Some((due_ms, node)) = self.due.first().copied()
            && due_ms <= now_ms
        {
            self.due.pop_first();
            let Some(message) = self.message_mut(node) else { continue };
            let is_first = message.replaces.is_none();
            message.expired = is_first;
            let versions = message.chain.as_ref().filter(|_| is_first);
            let mut nodes: Vec<_> =
                versions.map(|chain| chain.all().map(|key| key.node).collect()).unwrap_or_default();
            nodes.push(node);
            for node in nodes {
                if let Some(message) = self.message_mut(node)
                    && let Some(payload) = message.payload.take()
                {
                    taken.push((message.key.id, payload));
                }
            }
        }
        taken.sort_by_key(|(id, _)| *id);
        taken
    }

    /// When an entry's first instance is due, if that is known.
    pub(super) fn due_ms(&self, first: Node) -> Option<u64> {
        self.message(first)?.expires?.due_ms(self.read.get(&first).copied())
    }

    pub(super) fn note_read(&mut self, node: Node, read_at_ms: u64) {
        let before = self.due_ms(node);
        let at = self.read.entry(node).or_insert(read_at_ms);
        *at = read_at_ms.min(*at);
        let after = self.due_ms(node);
        let Some(message) = self.message(node) else { return };
        if before != after && message.replaces.is_none() && !message.expired {
            if let Some(before) = before {
                self.due.remove(&(before, node));
            }
            if let Some(after) = after {
                self.due.insert((after, node));
            }
        }
    }
}
