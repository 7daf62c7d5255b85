//! The versions of one message: sections 4.1, 5.5, 5.6 and 9.3.

use alloc::collections::BTreeSet;

use super::Key;

/// What replaces a first instance, whether it may or not. The first instance itself is not among them: it is the first version whatever the hub's timestamps are.
#[derive(Clone, Default)]
pub(super) struct Chain {
    all: BTreeSet<Key>,
    /// Allowed edits.
    edits: BTreeSet<Key>,
    /// Allowed deletions.
    deletions: BTreeSet<Key>,
    /// Edits that may change the topic.
    topics: BTreeSet<Key>,
}

/// What the chain comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The last edit that took effect before the deletion.
    pub(super) edit: Option<Key>,
    pub(super) deletion: Option<Key>,
    /// The edit that says the topic.
    pub(super) topic: Option<Key>,
}

/// What was decided of a message that replaces another.
#[derive(Clone)]
pub(super) struct Judgement<R> {
    pub(super) body: Result<BodyChange, Refused<R>>,
    /// Whether the other topic that it holds may take effect; `None` if it holds the original's.
    pub(super) topic: Option<Result<(), R>>,
    pub(super) other_fields: OtherFields,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyChange {
    Edit,
    Deletion,
}

#[derive(Clone)]
pub(super) enum Refused<R> {
    NotAuthorized(R),
    OtherKind,
}

/// The fields besides body and topic in which a version differs from the original, to no effect.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OtherFields {
    pub(super) expires: bool,
    pub(super) in_reply_to: bool,
    pub(super) extensions: bool,
}

impl OtherFields {
    pub(super) fn any(self) -> bool {
        self.expires || self.in_reply_to || self.extensions
    }
}

impl<R> Judgement<R> {
    /// Whether there is something to note that does not depend on other versions.
    pub(super) fn is_suspect(&self) -> bool {
        self.body.is_err() || matches!(self.topic, Some(Err(_))) || self.other_fields.any()
    }
}

impl Chain {
    pub(super) fn insert<R>(&mut self, key: Key, judgement: &Judgement<R>) {
        self.all.insert(key);
        match judgement.body {
            Ok(BodyChange::Edit) => drop(self.edits.insert(key)),
            Ok(BodyChange::Deletion) => drop(self.deletions.insert(key)),
            Err(_) => {}
        }
        if let Some(Ok(())) = judgement.topic {
            self.topics.insert(key);
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        for set in [&mut self.all, &mut self.edits, &mut self.deletions, &mut self.topics] {
            set.remove(key);
        }
    }

    /// Everything that replaces the first instance, in its order.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Key> {
        self.all.iter()
    }

    /// A deletion is final, so the first one counts, and what was accepted after it does not.
    pub(super) fn outcome(&self) -> Outcome {
        let deletion = self.deletions.first().copied();
        let last = |set: &BTreeSet<Key>| match deletion {
            Some(deletion) => set.range(..deletion).next_back().copied(),
            None => set.last().copied(),
        };
        Outcome { edit: last(&self.edits), deletion, topic: last(&self.topics) }
    }

    /// Whether an allowed edit, of body or topic, was accepted after the deletion.
    pub(super) fn is_late(&self, key: &Key) -> bool {
        self.deletions.first().is_some_and(|deletion| deletion < key)
            && (self.edits.contains(key) || self.topics.contains(key))
    }

    /// The allowed edits accepted from one place on and before another.
    pub(super) fn edits_between(&self, from: Key, to: Option<Key>) -> impl Iterator<Item = Key> {
        let to = to.unwrap_or(Key::highest(u64::MAX));
        let sets = [&self.edits, &self.topics];
        sets.into_iter().filter(move |_| from <= to).flat_map(move |set| set.range(from..=to).copied())
    }
}
