//! The order of the participant list, by which updates count (mimi-protocol-06 §7.5).
//!
//! Who leaves the list leaves a gap behind, so that the rest doesn't move. A Fenwick tree over the
//! gaps finds the n-th participant, and is rebuilt without gaps once half of it is gaps: a change
//! costs O(log n) on average.

use alloc::vec::Vec;

const GAP: u32 = u32::MAX;

/// Slots in the order of the list.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// The slot at each place, or a gap.
    places: Vec<u32>,
    /// `sums[i]` counts the participants at the places `i + 1 - lowbit(i + 1)` to `i`.
    sums: Vec<u32>,
    len: u32,
}

const fn low_bit(index: usize) -> usize {
    index & index.wrapping_neg()
}

impl Order {
    /// How many participants there are.
    #[cfg(test)]
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// How many places there are, gaps included.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    /// Appends a participant and gives its place.
    pub(super) fn push(&mut self, slot: u32) -> usize {
        let place = self.places.len();
        let node = place.saturating_add(1);
        let mut sum = 1u32;
        let mut child = place;
        let floor = node.saturating_sub(low_bit(node));
        while child > floor {
            sum = sum.saturating_add(self.sums.get(child.saturating_sub(1)).copied().unwrap_or(0));
            child = child.saturating_sub(low_bit(child));
        }
        self.places.push(slot);
        self.sums.push(sum);
        self.len = self.len.saturating_add(1);
        place
    }

    /// Leaves a gap at a place.
    pub(super) fn remove(&mut self, place: usize) {
        let Some(slot) = self.places.get_mut(place).filter(|slot| **slot != GAP) else { return };
        *slot = GAP;
        self.len = self.len.saturating_sub(1);
        let mut node = place.saturating_add(1);
        while let Some(sum) = self.sums.get_mut(node.saturating_sub(1)) {
            *sum = sum.saturating_sub(1);
            node = node.saturating_add(low_bit(node));
        }
    }

    /// Drops all places from this one on.
    pub(super) fn truncate(&mut self, places: usize) {
        let dropped = self.places.iter().skip(places).filter(|slot| **slot != GAP).count();
        self.len = self.len.saturating_sub(u32::try_from(dropped).unwrap_or(u32::MAX));
        self.places.truncate(places);
        self.sums.truncate(places);
    }

    /// The slot of the n-th participant, counted from 0.
    pub(super) fn nth(&self, index: u32) -> Option<u32> {
        if index >= self.len {
            return None;
        }
        let mut before = 0usize;
        let mut rest = index;
        let mut step = self.sums.len().checked_ilog2().map_or(0, |bits| 1usize << bits);
        while step > 0 {
            let node = before.saturating_add(step);
            if let Some(&sum) = self.sums.get(node.saturating_sub(1))
                && sum <= rest
            {
                before = node;
                rest = rest.saturating_sub(sum);
            }
            step >>= 1;
        }
        self.places.get(before).copied()
    }

    /// How many participants stand before a place.
    pub(super) fn rank(&self, place: usize) -> u32 {
        let mut node = place;
        let mut rank = 0u32;
        while node > 0 {
            rank = rank.saturating_add(self.sums.get(node.saturating_sub(1)).copied().unwrap_or(0));
            node = node.saturating_sub(low_bit(node));
        }
        rank
    }

    /// The slots, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.places.iter().copied().filter(|slot| *slot != GAP)
    }

    /// Whether more than half of the places are gaps, and worth closing.
    pub(super) fn is_sparse(&self) -> bool {
        let gaps = self.places.len().saturating_sub(usize::try_from(self.len).unwrap_or(usize::MAX));
        gaps > 32 && gaps > self.places.len() / 2
    }
}

#[cfg(test)]
mod tests {
    use super::Order;
    use alloc::vec::Vec;

    #[test]
    fn counts_like_a_plain_list() {
        let mut order = Order::default();
        let mut plain: Vec<(u32, usize)> = Vec::new();
        for slot in 0..200u32 {
            plain.push((slot, order.push(slot)));
            // Takes one out at another place each time.
            if slot % 3 == 2 {
                let (_, place) = plain.remove((slot as usize * 7) % plain.len());
                order.remove(place);
                order.remove(place);
            }
            assert_eq!(order.len() as usize, plain.len());
            for (index, (slot, place)) in plain.iter().enumerate() {
                assert_eq!(order.nth(index as u32), Some(*slot));
                assert_eq!(order.rank(*place) as usize, index);
            }
            assert_eq!(order.nth(order.len()), None);
        }
        assert!(order.iter().eq(plain.iter().map(|(slot, _)| *slot)));
        order.truncate(150);
        plain.retain(|(_, place)| *place < 150);
        assert!(order.iter().eq(plain.iter().map(|(slot, _)| *slot)));
        assert_eq!(order.len() as usize, plain.len());
        let place = order.push(7);
        assert_eq!((order.nth(order.len() - 1), order.rank(place) + 1), (Some(7), order.len()));
    }
}
