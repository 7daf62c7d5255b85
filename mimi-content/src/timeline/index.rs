//! Compact collections of the timeline in memory.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Items of one chunk. Chunks are allocated whole, so that a timeline that grows never holds its
/// records twice.
const CHUNK: usize = 256;

/// A list that grows at its end and never moves what it holds.
#[derive(Clone)]
pub(super) struct Arena<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Arena<T> {
    pub(super) fn len(&self) -> usize {
        let full = self.chunks.len().saturating_sub(1).saturating_mul(CHUNK);
        full.saturating_add(self.chunks.last().map_or(0, Vec::len))
    }

    /// Puts an item at the end.
    pub(super) fn push(&mut self, item: T) {
        if self.chunks.last().is_none_or(|chunk| chunk.len() >= CHUNK) {
            // The first one grows with a small conversation.
            let room = if self.chunks.is_empty() { 0 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(item);
        }
    }

    pub(super) fn get(&self, at: u32) -> Option<&T> {
        let at = at as usize;
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        let at = at as usize;
        self.chunks.get_mut(at / CHUNK)?.get_mut(at % CHUNK)
    }
}

/// Numbers in an order that a comparison of what they stand for gives.
///
/// Two levels: a list of short sorted lists. A number takes four bytes and at most as much slack;
/// the order lies outside, where the records are. Who refers to messages chooses the bytes of their
/// IDs, so this is no hash table.
#[derive(Clone, Default)]
pub(super) struct Sorted {
    chunks: Vec<Vec<u32>>,
}

impl Sorted {
    /// The first place whose item is not before what is looked for.
    fn lower_bound(&self, is_before: &impl Fn(u32) -> bool) -> (usize, usize) {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| is_before(*last)));
        let place = self.chunks.get(chunk).map_or(0, |items| items.partition_point(|item| is_before(*item)));
        (chunk, place)
    }

    /// Puts an item to its place. `compare` says how an item that is there compares to it.
    pub(super) fn insert(&mut self, item: u32, compare: impl Fn(u32) -> Ordering) {
        let (mut at, mut place) = self.lower_bound(&|other| compare(other) == Ordering::Less);
        if at == self.chunks.len() {
            // Behind all others: into the last chunk.
            match at.checked_sub(1).and_then(|last| Some((last, self.chunks.get(last)?.len()))) {
                Some(end) => (at, place) = end,
                None => self.chunks.push(Vec::new()),
            }
        }
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        if chunk.get(place).is_some_and(|other| *other == item) {
            return;
        }
        chunk.insert(place, item);
        if chunk.len() > CHUNK {
            // What comes in order fills each chunk; what comes in between splits in the middle.
            let half = if place.saturating_add(1) == chunk.len() { CHUNK } else { CHUNK / 2 };
            let mut rest = Vec::with_capacity(CHUNK.saturating_add(1));
            rest.extend(chunk.drain(half..));
            chunk.shrink_to(CHUNK.saturating_add(1));
            self.chunks.insert(at.saturating_add(1), rest);
        }
    }

    /// Takes an item out. `compare` must give its place.
    pub(super) fn remove(&mut self, item: u32, compare: impl Fn(u32) -> Ordering) -> bool {
        let (at, place) = self.lower_bound(&|other| compare(other) == Ordering::Less);
        let Some(chunk) = self.chunks.get_mut(at) else { return false };
        if chunk.get(place) != Some(&item) {
            return false;
        }
        chunk.remove(place);
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
        true
    }

    /// The item that compares as equal.
    pub(super) fn find(&self, compare: impl Fn(u32) -> Ordering) -> Option<u32> {
        let (at, place) = self.lower_bound(&|other| compare(other) == Ordering::Less);
        let item = *self.chunks.get(at)?.get(place)?;
        (compare(item) == Ordering::Equal).then_some(item)
    }

    /// The items that compare as equal, in their order.
    pub(super) fn range(&self, compare: impl Fn(u32) -> Ordering) -> Range<'_> {
        let front = self.lower_bound(&|other| compare(other) == Ordering::Less);
        let back = self.lower_bound(&|other| compare(other) != Ordering::Greater);
        Range { chunks: &self.chunks, front, back }
    }

    pub(super) fn iter(&self) -> Range<'_> {
        Range { chunks: &self.chunks, front: (0, 0), back: (self.chunks.len(), 0) }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.chunks.iter().fold(0_usize, |sum, chunk| sum.saturating_add(chunk.len()))
    }
}

/// A part of a [`Sorted`].
pub(super) struct Range<'s> {
    chunks: &'s [Vec<u32>],
    front: (usize, usize),
    back: (usize, usize),
}

impl Range<'_> {
    pub(super) fn empty() -> Self {
        Self { chunks: &[], front: (0, 0), back: (0, 0) }
    }
}

impl Iterator for Range<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.front < self.back {
            let (chunk, place) = self.front;
            if let Some(item) = self.chunks.get(chunk)?.get(place) {
                self.front = (chunk, place.saturating_add(1));
                return Some(*item);
            }
            self.front = (chunk.saturating_add(1), 0);
        }
        None
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<u32> {
        while self.front < self.back {
            let (chunk, place) = self.back;
            match place.checked_sub(1) {
                Some(place) => {
                    self.back = (chunk, place);
                    return self.chunks.get(chunk)?.get(place).copied();
                }
                None => {
                    let chunk = chunk.checked_sub(1)?;
                    self.back = (chunk, self.chunks.get(chunk)?.len());
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn keeps_the_order_of_a_tree_set() {
        let (mut sorted, mut expected) = (Sorted::default(), BTreeSet::new());
        // A multiplicative walk through 0..4096, then half of it out again.
        let walk = |step: u32| step.wrapping_mul(2_654_435_761) >> 20;
        for step in 0..6000 {
            let item = walk(step);
            sorted.insert(item, |other| other.cmp(&item));
            expected.insert(item);
        }
        for step in (0..6000).step_by(2) {
            let item = walk(step);
            assert_eq!(sorted.remove(item, |other| other.cmp(&item)), expected.remove(&item));
        }
        assert_eq!(sorted.len(), expected.len());
        assert!(sorted.iter().eq(expected.iter().copied()));
        assert!(sorted.iter().rev().eq(expected.iter().rev().copied()));
        for (from, to) in [(0, 0), (0, 4096), (17, 901), (4000, 9000), (901, 17)] {
            let compare = |item: u32| match item {
                item if item < from => Ordering::Less,
                item if item >= to => Ordering::Greater,
                _ => Ordering::Equal,
            };
            let range: Vec<_> = expected.iter().copied().filter(|item| (from..to).contains(item)).collect();
            if from <= to {
                assert!(sorted.range(compare).eq(range.iter().copied()));
                assert!(sorted.range(compare).rev().eq(range.iter().rev().copied()));
            }
        }
        let present = *expected.first().unwrap();
        assert_eq!(sorted.find(|other| other.cmp(&present)), Some(present));
        let absent = (0..).find(|item| !expected.contains(item)).unwrap();
        assert_eq!(sorted.find(|other| other.cmp(&absent)), None);
        assert!(!sorted.remove(absent, |other| other.cmp(&absent)));
    }

    #[test]
    fn what_comes_in_order_leaves_no_slack() {
        let mut sorted = Sorted::default();
        for item in 0..10_000 {
            sorted.insert(item, |other| other.cmp(&item));
        }
        assert_eq!(sorted.chunks.len(), 10_000_usize.div_ceil(CHUNK));
    }

    #[test]
    fn an_arena_counts_across_its_chunks() {
        let mut arena = Arena::default();
        assert_eq!((arena.len(), arena.get(0)), (0, None));
        for item in 0..600_u32 {
            arena.push(item);
        }
        *arena.get_mut(599).unwrap() = 7;
        assert_eq!(
            (arena.len(), arena.get(256), arena.get(599), arena.get(600)),
            (600, Some(&256), Some(&7), None)
        );
    }
}
