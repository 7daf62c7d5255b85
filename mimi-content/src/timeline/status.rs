//! What the readers say became of messages: mimi-message-status section 3.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Changed, Entry, Key, Received, StatusKey, Timeline};
use crate::message_id::MessageId;
use crate::status::{MessageStatus, StatusTransition};

/// What one reader said last of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReaderStatus<'t> {
    /// Who reports, from MLS.
    pub reader_uri: &'t str,
    /// What became of the message there.
    pub status: MessageStatus,
    /// The version that the report names.
    pub message_id: MessageId,
    /// When the hub accepted the report, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
    /// The report.
    pub report_id: MessageId,
}

/// All places of one message's statuses.
fn all_of(id: MessageId) -> core::ops::RangeInclusive<StatusKey> {
    let (lowest, highest) = (MessageId::from_bytes([0; 32]), MessageId::from_bytes([u8::MAX; 32]));
    (id, 0, 0, lowest)..=(id, u32::MAX, u64::MAX, highest)
}

impl<P, R> Timeline<P, R> {
    /// What each reader said last of exactly this message, in the order of the readers' URIs. The message need not have been received.
    #[must_use]
    pub fn statuses(&self, message_id: &MessageId) -> Vec<ReaderStatus<'_>> {
        let mut last = BTreeMap::new();
        self.collect_statuses(*message_id, &mut last);
        last.into_values().collect()
    }

    /// What one reader said of exactly this message, in order: each status that differs from the one before. For finding transitions that make no sense, which
    /// the draft leaves to the caller.
    ///
    /// ```
    /// # use mimi_content::timeline::Timeline;
    /// use mimi_content::{MessageId, MessageStatus};
    /// # let timeline: Timeline = Timeline::new();
    /// # let message_id = MessageId::from_bytes([1; 32]);
    /// let odd = timeline
    ///     .status_transitions(&message_id, "mimi://b.example/u/bob")
    ///     .filter(|change| (change.before, change.after) == (MessageStatus::DELETED, MessageStatus::DELIVERED));
    /// # assert_eq!(odd.count(), 0);
    /// ```
    pub fn status_transitions(
        &self,
        message_id: &MessageId,
        reader_uri: &str,
    ) -> impl Iterator<Item = StatusTransition> {
        let message_id = *message_id;
        let lowest = MessageId::from_bytes([0; 32]);
        let highest = MessageId::from_bytes([u8::MAX; 32]);
        let range = self.senders.find(reader_uri).map(|reader| {
            self.statuses.range((message_id, reader, 0, lowest)..=(message_id, reader, u64::MAX, highest))
        });
        let mut before = None;
        range.into_iter().flatten().filter_map(move |(_, after)| {
            let before = before.replace(*after)?;
            (before != *after).then_some(StatusTransition { message_id, before, after: *after })
        })
    }

    fn collect_statuses<'t>(&'t self, id: MessageId, last: &mut BTreeMap<&'t str, ReaderStatus<'t>>) {
        for (&(message_id, reader, accepted_ms, report_id), &status) in self.statuses.range(all_of(id)) {
            let reader_uri = self.senders.value(reader).unwrap_or_default();
            let found = ReaderStatus { reader_uri, status, message_id, accepted_ms, report_id };
            let place = last.entry(reader_uri).or_insert(found);
            // One report that names several versions: the newest name wins by the order of the IDs, whatever came first.
            let order = |status: &ReaderStatus<'_>| (status.accepted_ms, status.report_id, status.message_id);
            if order(place) < order(&found) {
                *place = found;
            }
        }
    }

    /// Takes the entries of a report in. Where it names a message twice, the later entry holds.
    pub(super) fn report(
        &mut self,
        received: &Received<'_>,
        key: Key,
        reader: u32,
        changed: &mut Vec<Changed>,
    ) {
        let told = changed.len();
        for entry in &received.body.statuses {
            let place = (entry.message_id, reader, key.accepted_ms, key.id);
            self.statuses.insert(place, entry.status);
            let later = (entry.message_id, reader, u64::MAX, MessageId::from_bytes([u8::MAX; 32]));
            if self.statuses.range(place..=later).nth(1).is_none() {
                changed.push(Changed::Status(entry.message_id));
            }
        }
        if let Some(statuses) = changed.get_mut(told..) {
            statuses.sort_unstable();
        }
        changed.dedup();
    }

    /// Takes them out again.
    pub(super) fn retract_report(&mut self, received: &Received<'_>, key: Key, reader: u32) {
        for entry in &received.body.statuses {
            self.statuses.remove(&(entry.message_id, reader, key.accepted_ms, key.id));
        }
    }
}

impl<'t, P, R> Entry<'t, P, R> {
    /// What each reader said last of any version that was shown, in the order of the readers' URIs. Whether it was the current one, `message_id` tells.
    #[must_use]
    pub fn statuses(&self) -> Vec<ReaderStatus<'t>> {
        let mut last = BTreeMap::new();
        for version in self.versions() {
            self.timeline.collect_statuses(version.message_id(), &mut last);
        }
        last.into_values().collect()
    }
}
