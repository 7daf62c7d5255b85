//! What the readers say became of messages: mimi-message-status section 3.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{StatusRow, Timeline, TimelineEntry};
use crate::message_id::MessageId;
use crate::status::{MessageStatus, StatusTransition, StatusWeight};

/// What holds of what one reader said of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl<'t> ReaderStatus<'t> {
    fn of(reader_uri: &'t str, row: &StatusRow) -> Self {
        Self {
            reader_uri,
            status: row.status,
            message_id: row.message_id,
            accepted_ms: row.report.accepted_ms,
            report_id: row.report.message_id,
        }
    }
}

/// What holds for each reader so far.
type Strongest<'t> = BTreeMap<&'t str, (StatusWeight, ReaderStatus<'t>)>;

impl<P, R> Timeline<P, R> {
    /// What holds for each reader of exactly this message, in the order of the readers' URIs. The
    /// message need not have been received.
    #[must_use]
    pub fn statuses(&self, message_id: &MessageId) -> Vec<ReaderStatus<'_>> {
        let mut strongest = BTreeMap::new();
        self.collect_statuses(*message_id, &mut strongest);
        strongest.into_values().map(|(_, status)| status).collect()
    }

    /// What one reader said of exactly this message, in the order in which the hub accepted it:
    /// each status that differs from the one before, whether it holds or not.
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
    ) -> impl Iterator<Item = StatusTransition> + use<P, R> {
        let message_id = *message_id;
        let node = self.rows.find(&message_id);
        let mut rows = node.map(|node| self.rows.statuses_of(node, reader_uri)).unwrap_or_default();
        rows.sort_by_key(|row| row.report);
        let mut before = None;
        rows.into_iter().filter_map(move |row| {
            let before = before.replace(row.status)?;
            (before != row.status).then_some(StatusTransition { message_id, before, after: row.status })
        })
    }

    fn collect_statuses<'t>(&'t self, id: MessageId, strongest: &mut Strongest<'t>) {
        let Some(node) = self.rows.find(&id) else { return };
        for row in self.rows.strongest_statuses(node) {
            let Some(reader_uri) = self.rows.sender_uri(&row.reader_uri) else { continue };
            let found = (row.weight, ReaderStatus::of(reader_uri, &row));
            let place = strongest.entry(reader_uri).or_insert(found);
            // One report that names several versions: the newest name wins by the order of the IDs.
            let order = |(weight, status): &(StatusWeight, ReaderStatus<'_>)| (*weight, status.message_id);
            if order(place) < order(&found) {
                *place = found;
            }
        }
    }
}

impl<'t, P, R> TimelineEntry<'t, P, R> {
    /// What holds for each reader of any version that was shown, in the order of the readers' URIs.
    /// Whether it was the current one, `message_id` tells.
    ///
    /// The readers whose status is [`MessageStatus::READ`] have read it.
    #[must_use]
    pub fn statuses(&self) -> Vec<ReaderStatus<'t>> {
        let mut strongest = BTreeMap::new();
        for version in self.versions() {
            self.first.timeline.collect_statuses(version.message_id(), &mut strongest);
        }
        strongest.into_values().map(|(_, status)| status).collect()
    }
}
