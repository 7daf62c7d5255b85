//! What a person sees of one message.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::memory::Node;
use super::{Acceptance, BodyKind, Retraction, Version};
use crate::message_id::MessageId;

/// A message in the order of the room, with all that became of it. Its ID is that of its first
/// instance.
pub struct TimelineEntry<'t, P, R> {
    /// The first instance.
    pub(super) first: Version<'t, P, R>,
}

impl<P, R> Clone for TimelineEntry<'_, P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TimelineEntry<'_, P, R> {}

/// Whether an entry can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryState {
    /// Its current version is to be shown.
    Shown,
    /// It was deleted: a placeholder remains (§5.6).
    Deleted,
    /// The hub retracted it (mimi-hub-retracted-messages-00 §3): a placeholder remains, and
    /// [`TimelineEntry::retraction`] says why.
    Retracted,
    /// It expired, and is to be deleted and disregarded (§4.1), whether it was deleted or
    /// retracted before or not.
    Expired,
}

impl<'t, P, R> TimelineEntry<'t, P, R> {
    fn node(&self) -> Node {
        self.first.node
    }

    /// Whether it is shown by itself, which a reaction to something isn't.
    pub(super) fn is_entry(&self) -> bool {
        match self.first.record.kind {
            BodyKind::Content | BodyKind::Null => true,
            BodyKind::Reaction => self.first.record.in_reply_to().is_none(),
            BodyKind::Report => false,
        }
    }

    /// The ID of the first instance, by which all else refers to the message.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        self.first.message_id()
    }

    /// Who sent the first instance, from MLS.
    #[must_use]
    pub fn sender_uri(&self) -> &'t str {
        self.first.sender_uri()
    }

    /// When the hub accepted the first instance, in milliseconds since the UNIX epoch.
    #[must_use]
    pub fn accepted_ms(&self) -> u64 {
        self.first.accepted_ms()
    }

    /// The topic: that of the first instance, unless an edit was allowed to change it. Empty for
    /// none.
    #[must_use]
    pub fn topic_id(&self) -> &'t [u8] {
        self.first.timeline.rows.topic(self.node())
    }

    /// Whether it can be seen at this time, in milliseconds since the UNIX epoch.
    #[must_use]
    pub fn state(&self, now_ms: u64) -> EntryState {
        if self.expires_ms().is_some_and(|due_ms| due_ms <= now_ms) {
            EntryState::Expired
        } else if self.first.record.is_retracted() {
            EntryState::Retracted
        } else if self.first.timeline.rows.deletion(self.node()).is_some() {
            EntryState::Deleted
        } else {
            EntryState::Shown
        }
    }

    /// When it expires, in milliseconds since the UNIX epoch. `None` if it does not, or once it is
    /// read: see [`Timeline::mark_read`](super::Timeline::mark_read).
    #[must_use]
    pub fn expires_ms(&self) -> Option<u64> {
        self.first.timeline.due_ms(self.node())
    }

    /// The first instance.
    #[must_use]
    pub fn first(&self) -> Version<'t, P, R> {
        self.first
    }

    /// The version that holds: the last edit, or the first instance. Of a deleted message it is
    /// what was deleted.
    #[must_use]
    pub fn current(&self) -> Version<'t, P, R> {
        let timeline = self.first.timeline;
        timeline.rows.edit(self.node()).and_then(|node| timeline.version_at(node)).unwrap_or(self.first)
    }

    /// Whether the current version is an edit. To be indicated clearly (§9.3).
    #[must_use]
    pub fn is_edited(&self) -> bool {
        self.first.timeline.rows.edit(self.node()).is_some()
    }

    /// What deleted it: who, and when.
    #[must_use]
    pub fn deletion(&self) -> Option<Version<'t, P, R>> {
        let timeline = self.first.timeline;
        timeline.version_at(timeline.rows.deletion(self.node())?)
    }

    /// The versions that were the current one at some time: the first instance, then the edits in
    /// their order.
    pub fn versions(&self) -> impl Iterator<Item = Version<'t, P, R>> + use<'t, P, R> {
        self.all_versions().filter(|version| version.standing().was_shown())
    }

    /// The first instance, then everything that replaces it, allowed or not, in its order.
    pub fn all_versions(&self) -> impl Iterator<Item = Version<'t, P, R>> + use<'t, P, R> {
        let timeline = self.first.timeline;
        let others = timeline.rows.chain(self.node()).filter_map(move |node| timeline.version_at(node));
        core::iter::once(self.first).chain(others)
    }

    /// What the hub said of it: whether it waits for an answer, or failed.
    #[must_use]
    pub fn acceptance(&self) -> Acceptance {
        self.first.record.acceptance
    }

    /// Why the hub retracted it, if it did.
    #[must_use]
    pub fn retraction(&self) -> Option<&'t Retraction> {
        self.first.retraction()
    }

    /// The version that a reply may show as a quotation; `None` if it is not shown at this time.
    #[must_use]
    pub fn quote(&self, now_ms: u64) -> Option<Version<'t, P, R>> {
        (self.state(now_ms) == EntryState::Shown).then(|| self.current())
    }

    /// The replies to any version of it, in their order.
    #[must_use]
    pub fn replies(&self) -> Vec<TimelineEntry<'t, P, R>> {
        let timeline = self.first.timeline;
        let children = self.all_versions().flat_map(|version| timeline.rows.children(version.node));
        let mut nodes: Vec<Node> = children.collect();
        // Those to one version are sorted already.
        nodes.sort_by_key(|node| timeline.rows.place(*node));
        nodes.into_iter().filter_map(|node| timeline.first_at(node)).filter(TimelineEntry::is_entry).collect()
    }

    /// The replies, the replies to them, and so on: each before its own replies, with its depth,
    /// which is 1 for a direct reply. A loop is followed once.
    pub fn thread(&self) -> ThreadIter<'t, P, R> {
        let mut thread = ThreadIter { open: Vec::new(), seen: BTreeSet::from([self.node()]) };
        thread.open(self, 1);
        thread
    }
}

/// The thread below an entry: [`TimelineEntry::thread`].
pub struct ThreadIter<'t, P, R> {
    open: Vec<(usize, TimelineEntry<'t, P, R>)>,
    seen: BTreeSet<Node>,
}

impl<'t, P, R> ThreadIter<'t, P, R> {
    fn open(&mut self, entry: &TimelineEntry<'t, P, R>, depth: usize) {
        self.open.extend(entry.replies().into_iter().rev().map(|reply| (depth, reply)));
    }
}

impl<'t, P, R> Iterator for ThreadIter<'t, P, R> {
    type Item = (usize, TimelineEntry<'t, P, R>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (depth, entry) = self.open.pop()?;
            if self.seen.insert(entry.node()) {
                self.open(&entry, depth.saturating_add(1));
                return Some((depth, entry));
            }
        }
    }
}

impl<P, R> fmt::Debug for TimelineEntry<'_, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimelineEntry")
            .field("message_id", &self.message_id())
            .field("sender_uri", &self.sender_uri())
            .field("accepted_ms", &self.accepted_ms())
            .finish_non_exhaustive()
    }
}

impl<P, R> fmt::Debug for ThreadIter<'_, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadIter").field("open", &self.open.len()).finish_non_exhaustive()
    }
}
