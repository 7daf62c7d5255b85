//! Reactions (mimi-content-09 §5.3, §5.7).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::{BodyKind, EntryState, ReactionContent, ReactionPart, TimelineEntry, Version};
use crate::message_id::MessageId;
use crate::part::PartIndex;

/// One reaction to one version of a message. A sender may have several.
pub struct Reaction<'t, P, R> {
    first: Version<'t, P, R>,
    current: Version<'t, P, R>,
    to: Version<'t, P, R>,
    part: &'t ReactionPart,
}

impl<P, R> Clone for Reaction<'_, P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for Reaction<'_, P, R> {}

impl<'t, P, R> Reaction<'t, P, R> {
    /// The sender of the reaction, as MLS authenticates it.
    #[must_use]
    pub fn sender_uri(&self) -> &'t str {
        self.first.sender_uri()
    }

    /// The ID of the message that takes it back, when it names this one in `replaces`: the first
    /// instance of the reaction.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        self.first.message_id()
    }

    /// The version of the message that it reacts to. It may have been edited since.
    #[must_use]
    pub fn to(&self) -> Version<'t, P, R> {
        self.to
    }

    /// The message that holds the reaction: the first instance, or the last edit.
    #[must_use]
    pub fn current(&self) -> Version<'t, P, R> {
        self.current
    }

    /// The part of that message which holds the reaction.
    #[must_use]
    pub fn part(&self) -> PartIndex {
        self.part.part
    }

    /// What equal reactions have in common.
    #[must_use]
    pub fn content(&self) -> &'t ReactionContent {
        &self.part.content
    }
}

/// Reactions with equal content: see [`ReactionContent::group`].
#[derive(Debug)]
pub struct ReactionGroup<'t, P, R> {
    /// What the reactions have in common, as the first one holds it.
    pub content: &'t ReactionContent,
    /// The reactions in their order; never empty.
    pub reactions: Vec<Reaction<'t, P, R>>,
}

impl<'t, P, R> ReactionGroup<'t, P, R> {
    /// The senders, each once, in the order of their URIs. Show their number, not that of the
    /// reactions: one sender may send the same many times.
    #[must_use]
    pub fn senders(&self) -> Vec<&'t str> {
        let mut senders: Vec<_> = self.reactions.iter().map(Reaction::sender_uri).collect();
        senders.sort_unstable();
        senders.dedup();
        senders
    }
}

impl<'t, P, R> TimelineEntry<'t, P, R> {
    /// The reactions to all versions that were shown, in their order: those that are neither taken
    /// back, retracted nor expired at this time. None, if the entry itself is expired or retracted.
    ///
    /// A reaction to an earlier version may not mean the current one (§9.3): [`Reaction::to`]
    /// tells.
    #[must_use]
    pub fn reactions(&self, now_ms: u64) -> Vec<Reaction<'t, P, R>> {
        if matches!(self.state(now_ms), EntryState::Expired | EntryState::Retracted) {
            return Vec::new();
        }
        let timeline = self.first.timeline;
        let mut found = Vec::new();
        for to in self.versions() {
            for node in timeline.rows.children(to.node) {
                let Some(reaction) = timeline.first_at(node) else { continue };
                // An edit makes no reaction of what was none.
                let first = reaction.first();
                let reacts = first.kind() == BodyKind::Reaction || !first.reaction_parts().is_empty();
                if reacts && reaction.state(now_ms) == EntryState::Shown {
                    let (first, current) = (reaction.first(), reaction.current());
                    let parts = current.reaction_parts().iter();
                    let place = timeline.rows.place(node);
                    found.extend(parts.map(|part| (place, Reaction { first, current, to, part })));
                }
            }
        }
        found.sort_by_key(|(place, reaction)| (*place, reaction.part()));
        found.into_iter().map(|(_, reaction)| reaction).collect()
    }

    /// The same, those with equal content together. The groups are in the order of their first
    /// reactions.
    #[must_use]
    pub fn reaction_groups(&self, now_ms: u64) -> Vec<ReactionGroup<'t, P, R>> {
        let mut places = BTreeMap::new();
        let mut groups: Vec<ReactionGroup<'t, P, R>> = Vec::new();
        for reaction in self.reactions(now_ms) {
            let content = reaction.content();
            let place = *places.entry(content.group()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.reactions.push(reaction),
                None => groups.push(ReactionGroup { content, reactions: Vec::from([reaction]) }),
            }
        }
        groups
    }
}

impl<P, R> fmt::Debug for Reaction<'_, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaction")
            .field("message_id", &self.message_id())
            .field("sender_uri", &self.sender_uri())
            .field("to", &self.to.message_id())
            .field("part", &self.part())
            .finish_non_exhaustive()
    }
}
