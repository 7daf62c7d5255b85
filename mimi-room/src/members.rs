//! Who is behind each leaf of a group.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use hashbrown::{HashTable, hash_table::Entry};
use mimi_codec::{ClientUri, DnsName, UserUri};
use mimi_policy::TableSeed;

use crate::Member;

/// The leaves of a group and the clients behind them. Look-ups by leaf, client, user and provider
/// cost the same in rooms of any size.
#[derive(Clone)]
pub struct Members {
    seed: TableSeed,
    leaves: BTreeMap<u32, Member>,
    /// Blank leaves to the left of the rightmost one that is taken.
    blank: Blank,
    by_client: HashTable<u32>,
    /// The first leaf of each user, in the order of joining.
    by_user: HashTable<u32>,
    /// The further leaves of users with several clients, by the first.
    further: BTreeMap<u32, Vec<u32>>,
    providers: BTreeMap<DnsName, usize>,
}

/// What a commit changes about the leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberChanges {
    /// Leaves that become blank.
    pub removed: Vec<u32>,
    /// Leaves whose client has a new LeafNode.
    pub updated: Vec<(u32, Member)>,
    /// Leaves that are taken.
    pub added: Vec<(u32, Member)>,
}

/// Ranges of blank leaves: the first of each, and the one after its last. No two touch.
#[derive(Clone, Debug, Default)]
struct Blank(BTreeMap<u32, u32>);

impl Blank {
    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(start, end)| *start..*end)
    }

    /// Adds a range that holds no blank leaf yet.
    fn insert(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        let end = self.0.remove(&end).unwrap_or(end);
        match self.0.range_mut(..start).next_back() {
            Some((_, before)) if *before == start => *before = end,
            _ => drop(self.0.insert(start, end)),
        }
    }

    fn remove(&mut self, leaf: u32) {
        let Some((start, end)) = self.0.range(..=leaf).next_back().map(|(start, end)| (*start, *end)) else {
            return;
        };
        if leaf >= end {
            return;
        }
        self.0.remove(&start);
        self.insert(start, leaf);
        self.insert(leaf.saturating_add(1), end);
    }

    /// Forgets the leaves from `width` on, none of which is taken.
    fn truncate(&mut self, width: u32) {
        drop(self.0.split_off(&width));
        if let Some((_, end)) = self.0.range_mut(..width).next_back() {
            *end = (*end).min(width);
        }
    }
}

fn user_at(leaves: &BTreeMap<u32, Member>, leaf: u32) -> &[u8] {
    leaves.get(&leaf).map_or(&[], |member| member.user.as_bytes())
}

fn client_at(leaves: &BTreeMap<u32, Member>, leaf: u32) -> &[u8] {
    leaves.get(&leaf).map_or(&[], |member| member.client.as_bytes())
}

impl Members {
    pub(crate) fn new(leaves: impl IntoIterator<Item = (u32, Member)>, seed: TableSeed) -> Self {
        // A map that is made at once is dense.
        let leaves: BTreeMap<u32, Member> = leaves.into_iter().collect();
        let mut members = Self {
            seed,
            leaves: BTreeMap::new(),
            blank: Blank::default(),
            by_client: HashTable::with_capacity(leaves.len()),
            by_user: HashTable::with_capacity(leaves.len()),
            further: BTreeMap::new(),
            providers: BTreeMap::new(),
        };
        let mut width = 0;
        for leaf in leaves.keys().copied() {
            members.blank.insert(width, leaf);
            width = leaf.saturating_add(1);
        }
        members.leaves = leaves;
        let taken: Vec<u32> = members.leaves.keys().copied().collect();
        for leaf in taken {
            members.index(leaf);
        }
        members
    }

    /// The client at a leaf.
    #[must_use]
    pub fn get(&self, leaf_index: u32) -> Option<&Member> {
        self.leaves.get(&leaf_index)
    }

    /// How many leaves are not blank.
    #[must_use]
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether the group has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// All leaves that are not blank, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Member)> {
        self.leaves.iter().map(|(leaf, member)| (*leaf, member))
    }

    /// The leaves of a user's clients.
    pub fn leaves_of(&self, user: &UserUri) -> impl Iterator<Item = u32> + '_ {
        let hash = self.seed.hash(user.as_bytes());
        let leaves = &self.leaves;
        let first = self.by_user.find(hash, |leaf| user_at(leaves, *leaf) == user.as_bytes()).copied();
        let further = first.and_then(|first| self.further.get(&first));
        first.into_iter().chain(further.into_iter().flatten().copied())
    }

    /// The leaf of a client.
    #[must_use]
    pub fn leaf_of(&self, client: &ClientUri) -> Option<u32> {
        let hash = self.seed.hash(client.as_bytes());
        let leaves = &self.leaves;
        self.by_client.find(hash, |leaf| client_at(leaves, *leaf) == client.as_bytes()).copied()
    }

    /// The providers that have a client in the group, in the order of their names.
    pub fn providers(&self) -> impl Iterator<Item = &DnsName> {
        self.providers.keys()
    }

    /// Whether a provider has a client in the group.
    #[must_use]
    pub fn has_provider(&self, provider: &DnsName) -> bool {
        self.providers.contains_key(provider)
    }

    /// The leaves that so many clients take one after the other, once others have become blank:
    /// the leftmost blank leaf each time (RFC 9420 §12.1.1 and §12.4.3.2).
    pub(crate) fn next_leaves(&self, removed: &[u32], count: usize) -> Vec<u32> {
        let removed: BTreeSet<u32> = removed.iter().copied().collect();
        let mut blank = removed.into_iter().peekable();
        let mut known = self.blank.iter().peekable();
        let mut width = self.width();
        let mut leaves = Vec::with_capacity(count);
        for _ in 0..count {
            leaves.push(match (blank.peek().copied(), known.peek().copied()) {
                (Some(leaf), other) if other.is_none_or(|other| leaf < other) => {
                    blank.next();
                    leaf
                }
                (_, Some(leaf)) => {
                    known.next();
                    leaf
                }
                (_, None) => {
                    let leaf = width;
                    width = width.saturating_add(1);
                    leaf
                }
            });
        }
        leaves
    }

    /// One more than the index of the rightmost leaf that is taken.
    fn width(&self) -> u32 {
        self.leaves.last_key_value().map_or(0, |(leaf, _)| leaf.saturating_add(1))
    }

    pub(crate) fn apply(&mut self, changes: MemberChanges) {
        for leaf in changes.removed {
            self.take(leaf);
        }
        for (leaf, member) in changes.updated.into_iter().chain(changes.added) {
            self.put(leaf, member);
        }
        // The tree ends with the rightmost leaf that is taken (RFC 9420 §7.7).
        self.blank.truncate(self.width());
    }

    /// Gives a leaf to a client, in place of the client that had it.
    fn put(&mut self, leaf: u32, member: Member) {
        self.take(leaf);
        self.blank.insert(self.width(), leaf);
        self.blank.remove(leaf);
        self.leaves.insert(leaf, member);
        self.index(leaf);
    }

    /// Makes a leaf known that was just taken.
    fn index(&mut self, leaf: u32) {
        let Some(member) = self.leaves.get(&leaf) else { return };
        match self.providers.get_mut(&member.provider) {
            Some(count) => *count = count.saturating_add(1),
            None => drop(self.providers.insert(member.provider.clone(), 1)),
        }
        let (leaves, seed) = (&self.leaves, &self.seed);
        let (user, client) = (seed.hash(member.user.as_bytes()), seed.hash(member.client.as_bytes()));
        self.by_client.insert_unique(client, leaf, |leaf| seed.hash(client_at(leaves, *leaf)));
        let entry = self.by_user.entry(
            user,
            |other| user_at(leaves, *other) == member.user.as_bytes(),
            |leaf| seed.hash(user_at(leaves, *leaf)),
        );
        match entry {
            Entry::Occupied(first) => self.further.entry(*first.get()).or_default().push(leaf),
            Entry::Vacant(place) => drop(place.insert(leaf)),
        }
    }

    /// Blanks a leaf, if it is taken.
    fn take(&mut self, leaf: u32) {
        let Some(member) = self.leaves.get(&leaf) else { return };
        let (user, client) =
            (self.seed.hash(member.user.as_bytes()), self.seed.hash(member.client.as_bytes()));
        match self.providers.get_mut(&member.provider) {
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            _ => drop(self.providers.remove(&member.provider)),
        }
        if let Ok(entry) = self.by_client.find_entry(client, |other| *other == leaf) {
            entry.remove();
        }
        let leaves = &self.leaves;
        let same = |other: &u32| user_at(leaves, *other) == member.user.as_bytes();
        if let Ok(mut entry) = self.by_user.find_entry(user, same) {
            let first = *entry.get();
            let mut further = self.further.remove(&first).unwrap_or_default();
            further.retain(|other| *other != leaf);
            if first != leaf {
                self.keep_further(first, further);
            } else if further.is_empty() {
                entry.remove();
            } else {
                let next = further.remove(0);
                *entry.get_mut() = next;
                self.keep_further(next, further);
            }
        }
        self.leaves.remove(&leaf);
        self.blank.insert(leaf, leaf.saturating_add(1));
    }

    fn keep_further(&mut self, first: u32, further: Vec<u32>) {
        if !further.is_empty() {
            self.further.insert(first, further);
        }
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.leaves == other.leaves
    }
}

impl Eq for Members {}

impl core::fmt::Debug for Members {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str) -> Member {
        client(name, name)
    }

    fn client(name: &str, client: &str) -> Member {
        let user = alloc::format!("mimi://a.example/u/{name}");
        let client = alloc::format!("mimi://a.example/d/{client}");
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes()).unwrap()
    }

    #[test]
    fn newcomers_take_the_leftmost_blank_leaves() {
        let leaves = [(0, member("a")), (2, member("c")), (3, member("d"))];
        let mut members = Members::new(leaves, TableSeed::known());
        assert_eq!(members.next_leaves(&[], 3), [1, 4, 5]);
        assert_eq!(members.next_leaves(&[3, 0], 4), [0, 1, 3, 4]);
        let added = alloc::vec![(0, member("e")), (1, member("f"))];
        members.apply(MemberChanges { removed: alloc::vec![0, 3], updated: Vec::new(), added });
        assert_eq!(members.next_leaves(&[], 2), [3, 4]);
        let leaves: Vec<u32> = members.iter().map(|(leaf, _)| leaf).collect();
        assert_eq!(leaves, [0, 1, 2]);
    }

    /// After any changes, every look-up is what a search through all leaves finds.
    #[test]
    fn look_ups_find_what_a_search_finds() {
        let mut members = Members::new([(0, client("a", "a0"))], TableSeed::known());
        let mut state: u32 = 7;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for round in 0..2_000u32 {
            let mut changes = MemberChanges::default();
            let taken: Vec<u32> = members.iter().map(|(leaf, _)| leaf).collect();
            if !taken.is_empty() && next(2) == 0 {
                changes.removed.push(taken[next(u32::try_from(taken.len()).unwrap()) as usize]);
            } else if !taken.is_empty() && next(4) == 0 {
                let leaf = taken[next(u32::try_from(taken.len()).unwrap()) as usize];
                changes.updated.push((leaf, members.get(leaf).unwrap().clone()));
            }
            if taken.len() < 12 {
                let leaf = members.next_leaves(&changes.removed, 1)[0];
                let user = ["a", "b", "c"][next(3) as usize];
                changes.added.push((leaf, client(user, &alloc::format!("{user}{round}"))));
            }
            members.apply(changes);
            assert_eq!(members.len(), members.iter().count());
            for user in ["a", "b", "c"].map(|user| member(user).user) {
                let mut found: Vec<u32> = members.leaves_of(&user).collect();
                found.sort_unstable();
                let searched = members.iter().filter(|(_, it)| it.user == user);
                assert_eq!(found, searched.map(|(leaf, _)| leaf).collect::<Vec<_>>());
            }
            for (leaf, member) in members.iter() {
                assert_eq!(members.leaf_of(&member.client), Some(leaf));
            }
            assert!(members.leaf_of(&member("stranger").client).is_none());
            let width = members.iter().last().map_or(0, |(leaf, _)| leaf + 1);
            assert_eq!(members.width(), width);
            let blank: Vec<u32> = (0..width).filter(|leaf| members.get(*leaf).is_none()).collect();
            assert!(members.blank.iter().eq(blank));
            assert_eq!(members.providers().count(), usize::from(!members.is_empty()));
        }
    }
}
