//! Who is behind each leaf of a group.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{ClientUri, DnsName, UserUri};

use crate::Member;

/// The leaves of a group and the clients behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    by_leaf: BTreeMap<u32, Member>,
    /// Blank leaves to the left of the rightmost one.
    blank: BTreeSet<u32>,
    /// One more than the index of the rightmost leaf that is taken.
    width: u32,
}

/// What a commit changes about the leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafChanges {
    /// Leaves that become blank.
    pub removed: Vec<u32>,
    /// Leaves whose client has a new LeafNode.
    pub updated: Vec<(u32, Member)>,
    /// Leaves that are taken.
    pub added: Vec<(u32, Member)>,
}

impl Members {
    pub(crate) fn new(leaves: impl IntoIterator<Item = (u32, Member)>) -> Self {
        let by_leaf: BTreeMap<u32, Member> = leaves.into_iter().collect();
        let width = by_leaf.last_key_value().map_or(0, |(leaf, _)| leaf.saturating_add(1));
        let blank = (0..width).filter(|leaf| !by_leaf.contains_key(leaf)).collect();
        Self { by_leaf, blank, width }
    }

    /// The client at a leaf.
    #[must_use]
    pub fn get(&self, leaf_index: u32) -> Option<&Member> {
        self.by_leaf.get(&leaf_index)
    }

    /// How many leaves are not blank.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_leaf.len()
    }

    /// Whether the group has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_leaf.is_empty()
    }

    /// All leaves that are not blank, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Member)> {
        self.by_leaf.iter().map(|(leaf, member)| (*leaf, member))
    }

    /// The leaves of a user's clients.
    pub fn leaves_of<'a>(&'a self, user: &'a UserUri) -> impl Iterator<Item = u32> + 'a {
        self.iter().filter(move |(_, member)| member.user == *user).map(|(leaf, _)| leaf)
    }

    /// The leaf of a client.
    #[must_use]
    pub fn leaf_of(&self, client: &ClientUri) -> Option<u32> {
        self.iter().find(|(_, member)| member.client == *client).map(|(leaf, _)| leaf)
    }

    /// The providers that have a client in the group.
    #[must_use]
    pub fn providers(&self) -> BTreeSet<&DnsName> {
        self.by_leaf.values().map(|member| &member.provider).collect()
    }

    /// The leaves that so many clients take one after the other, once others have become blank:
    /// the leftmost blank leaf each time (RFC 9420 §12.1.1 and §12.4.3.2).
    pub(crate) fn next_leaves(&self, removed: &[u32], count: usize) -> Vec<u32> {
        let removed: BTreeSet<u32> = removed.iter().copied().collect();
        let mut blank = removed.into_iter().peekable();
        let mut known = self.blank.iter().copied().peekable();
        let mut width = self.width;
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

    pub(crate) fn apply(&mut self, changes: LeafChanges) {
        for leaf in changes.removed {
            if self.by_leaf.remove(&leaf).is_some() {
                self.blank.insert(leaf);
            }
        }
        for (leaf, member) in changes.updated {
            self.by_leaf.insert(leaf, member);
        }
        for (leaf, member) in changes.added {
            if !self.blank.remove(&leaf) {
                self.width = self.width.max(leaf.saturating_add(1));
            }
            self.by_leaf.insert(leaf, member);
        }
        // The tree ends with the rightmost leaf that is taken (RFC 9420 §7.7).
        while let Some(last) = self.width.checked_sub(1)
            && self.blank.remove(&last)
        {
            self.width = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str) -> Member {
        let user = alloc::format!("mimi://a.example/u/{name}");
        let client = alloc::format!("mimi://a.example/d/{name}");
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes()).unwrap()
    }

    #[test]
    fn newcomers_take_the_leftmost_blank_leaves() {
        let mut members = Members::new([(0, member("a")), (2, member("c")), (3, member("d"))]);
        assert_eq!(members.next_leaves(&[], 3), [1, 4, 5]);
        assert_eq!(members.next_leaves(&[3, 0], 4), [0, 1, 3, 4]);
        let added = alloc::vec![(0, member("e")), (1, member("f"))];
        members.apply(LeafChanges { removed: alloc::vec![0, 3], updated: Vec::new(), added });
        assert_eq!(members.next_leaves(&[], 2), [3, 4]);
        let leaves: Vec<u32> = members.iter().map(|(leaf, _)| leaf).collect();
        assert_eq!(leaves, [0, 1, 2]);
    }
}
