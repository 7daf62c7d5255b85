//! Messages that disappear: §4.1 and 5.8.

use alloc::vec::Vec;

use super::Timeline;
use super::memory::Node;
use crate::message_id::MessageId;

impl<P, R> Timeline<P, R> {
    /// When the next message expires, in milliseconds since the UNIX epoch: when to call
    /// [`Timeline::expire`] again.
    #[must_use]
    pub fn next_expiration_ms(&self) -> Option<u64> {
        self.rows.next_due().map(|(due_ms, _)| due_ms)
    }

    /// Takes out what was kept for the messages that have expired, all versions of each, for the
    /// caller to delete, and forgets the reactions that they held. An edit whose first instance was
    /// not received expires by what it says itself.
    ///
    /// No more is lost than that: whether an entry is [expired](super::EntryState::Expired) depends
    /// on the time alone.
    pub fn expire(&mut self, now_ms: u64) -> Vec<(MessageId, P)> {
        let mut taken = Vec::new();
        while let Some((due_ms, message_id)) = self.rows.next_due()
            && due_ms <= now_ms
        {
            taken.extend(self.expire_one(message_id));
        }
        taken.sort_by_key(|(id, _)| *id);
        taken
    }

    /// When an entry's first instance is due, if that is known.
    pub(super) fn due_ms(&self, first: Node) -> Option<u64> {
        self.rows.record(first)?.expires()?.due_ms(self.rows.read_at_ms(first))
    }
}
