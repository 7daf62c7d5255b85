//! What the local user has not read.

use super::{EntryState, Timeline, TimelineEntry, TimelinePlace};
use crate::message_id::MessageId;
use crate::status::MessageStatus;

impl<P, R> Timeline<P, R> {
    /// Notes that the local user has read the conversation up to an entry, and including it: the
    /// marker of a client that does not keep track of each message. It only ever moves on.
    ///
    /// It begins no relative expiration: see [`Timeline::mark_read`].
    pub fn mark_read_up_to(&mut self, message_id: &MessageId) {
        let place = self.entry(message_id).and_then(|entry| self.rows.place(entry.first.node));
        self.read_up_to = self.read_up_to.max(place);
    }

    /// Up to where the local user has read: the place of the marker.
    #[must_use]
    pub fn read_up_to(&self) -> Option<TimelinePlace> {
        self.read_up_to
    }

    /// The entries behind the marker that the local user has not read, in their order: those of
    /// others, that are shown at this time, were not [marked as read](Timeline::mark_read), and
    /// that no device of the local user reports as read, hidden or gone. One that a device reports
    /// as unread is unread, also before the marker, only if it was never marked.
    pub fn unread(&self, now_ms: u64) -> impl Iterator<Item = TimelineEntry<'_, P, R>> {
        let behind = self.rows.entries_after(self.read_up_to).filter_map(|node| self.first_at(node));
        behind.filter(move |entry| self.is_unread(entry, now_ms))
    }

    fn is_unread(&self, entry: &TimelineEntry<'_, P, R>, now_ms: u64) -> bool {
        if self.is_local_user(entry.sender_uri())
            || entry.state(now_ms) != EntryState::Shown
            || self.rows.read_at_ms(entry.first.node).is_some()
        {
            return false;
        }
        let Some(local_user) = &self.local_user else { return true };
        let own = entry.statuses().into_iter().find(|status| status.reader_uri == local_user.as_ref());
        own.is_none_or(|own| {
            matches!(own.status, MessageStatus::UNREAD | MessageStatus::DELIVERED | MessageStatus::ERROR)
        })
    }
}
