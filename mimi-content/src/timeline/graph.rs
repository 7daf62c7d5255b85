//! Which messages refer to which: forests in which every message names at most one other.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::message_id::MessageId;

/// A message ID that was received or referred to, as a number of the timeline's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node(u32);

impl Node {
    pub(super) const NONE: Self = Self(u32::MAX);
    pub(super) const LOWEST: Self = Self(0);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// Numbers for message IDs, in the order in which they turn up.
///
/// A tree and no hash table: whoever refers to messages chooses the octets.
#[derive(Clone, Default)]
pub(super) struct Ids {
    nodes: BTreeMap<MessageId, Node>,
    ids: Vec<MessageId>,
}

impl Ids {
    pub(super) fn find(&self, id: &MessageId) -> Option<Node> {
        self.nodes.get(id).copied()
    }

    /// The ID's number, and whether it is new.
    pub(super) fn intern(&mut self, id: MessageId) -> (Node, bool) {
        // 2^32 IDs do not fit into any memory beside their messages.
        let next = u32::try_from(self.ids.len()).map_or(Node::NONE, Node);
        let node = *self.nodes.entry(id).or_insert(next);
        if node == next {
            self.ids.push(id);
        }
        (node, node == next)
    }

    pub(super) fn id(&self, node: Node) -> Option<MessageId> {
        self.ids.get(node.index()).copied()
    }
}

/// One relation between messages, `replaces` or `inReplyTo`: from each message there is at most one edge, drawn when it arrives.
///
/// Such a graph falls into components that are each a tree, whose edges all lead to one end that has none itself, or that hold one loop. The
/// components are disjoint sets joined by size: an edge that is drawn from an end into its own component closes the loop, and to know that takes
/// steps in the logarithm of the component's size, however long the chain of references is.
#[derive(Clone, Default)]
pub(super) struct Forest {
    links: Vec<Link>,
}

#[derive(Clone, Copy)]
struct Link {
    /// Towards the node that stands for the component; itself there.
    parent: Node,
    /// Nodes of the component; where the component's representative is.
    size: u32,
    /// Where all edges of the component lead; none if in a loop. Where the component's representative is.
    end: Node,
    /// The members of a component in a ring.
    next: Node,
}

impl Forest {
    /// Makes place for the nodes of this many IDs.
    pub(super) fn grow(&mut self, ids: &Ids) {
        while self.links.len() < ids.ids.len() {
            let node = u32::try_from(self.links.len()).map_or(Node::NONE, Node);
            self.links.push(Link { parent: node, size: 1, end: node, next: node });
        }
    }

    fn link(&self, node: Node) -> Link {
        let none = Link { parent: node, size: 0, end: Node::NONE, next: node };
        self.links.get(node.index()).copied().unwrap_or(none)
    }

    fn representative(&self, mut node: Node) -> Node {
        loop {
            let parent = self.link(node).parent;
            if parent == node {
                return node;
            }
            node = parent;
        }
    }

    /// Where the references that begin at a node end. `None` if they never do.
    pub(super) fn end(&self, node: Node) -> Option<Node> {
        self.link(self.representative(node)).end.some()
    }

    pub(super) fn connected(&self, one: Node, other: Node) -> bool {
        self.representative(one) == self.representative(other)
    }

    /// All nodes of a node's component, beginning with itself.
    pub(super) fn members(&self, node: Node) -> impl Iterator<Item = Node> {
        let mut next = Some(node);
        core::iter::from_fn(move || {
            let member = next?;
            next = Some(self.link(member).next).filter(|next| *next != node);
            Some(member)
        })
    }

    /// Draws the edge of a node that has none yet. `true` if it closes a loop.
    pub(super) fn join(&mut self, from: Node, to: Node) -> bool {
        let (source, target) = (self.representative(from), self.representative(to));
        if source == target {
            if let Some(link) = self.links.get_mut(source.index()) {
                link.end = Node::NONE;
            }
            return true;
        }
        let (a, b) = (self.link(source), self.link(target));
        let (small, large) = if a.size > b.size { (target, source) } else { (source, target) };
        let (next_from, next_to) = (self.link(from).next, self.link(to).next);
        if let Some(link) = self.links.get_mut(small.index()) {
            link.parent = large;
        }
        if let Some(link) = self.links.get_mut(large.index()) {
            link.size = a.size.saturating_add(b.size);
            link.end = b.end;
        }
        // Two rings become one.
        for (node, next) in [(from, next_to), (to, next_from)] {
            if let Some(link) = self.links.get_mut(node.index()) {
                link.next = next;
            }
        }
        false
    }
}

/// Numbers for values that many messages share.
pub(super) struct Interner<T: ?Sized> {
    numbers: BTreeMap<Box<T>, u32>,
    values: Vec<Box<T>>,
}

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new(), values: Vec::new() }
    }
}

impl<T: ?Sized> Clone for Interner<T>
where
    Box<T>: Clone,
{
    fn clone(&self) -> Self {
        Self { numbers: self.numbers.clone(), values: self.values.clone() }
    }
}

impl<T: Ord + ?Sized> Interner<T>
where
    for<'v> Box<T>: From<&'v T>,
{
    pub(super) fn intern(&mut self, value: &T) -> u32 {
        if let Some(number) = self.find(value) {
            return number;
        }
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.numbers.insert(Box::from(value), number);
        self.values.push(Box::from(value));
        number
    }

    pub(super) fn find(&self, value: &T) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    pub(super) fn value(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize).map(AsRef::as_ref)
    }

    /// All values in their order, which is not that of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&T, u32)> {
        self.numbers.iter().map(|(value, number)| (value.as_ref(), *number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest(nodes: u8) -> (Ids, Forest) {
        let (mut ids, mut forest) = (Ids::default(), Forest::default());
        for octet in 0..nodes {
            assert_eq!(ids.intern(MessageId::from_bytes([octet; 32])), (Node(octet.into()), true));
        }
        forest.grow(&ids);
        (ids, forest)
    }

    #[test]
    fn numbers_an_id_once() {
        let (mut ids, _) = forest(3);
        let two = MessageId::from_bytes([2; 32]);
        assert_eq!((ids.intern(two), ids.find(&two)), ((Node(2), false), Some(Node(2))));
        assert_eq!((ids.id(Node(2)), ids.id(Node(3)), ids.id(Node::NONE)), (Some(two), None, None));
    }

    #[test]
    fn references_end_where_none_goes_on() {
        let (_, mut forest) = forest(6);
        // 0 -> 1 -> 2 <- 3, drawn from the middle; 4 and 5 by themselves.
        for (from, to) in [(1, 2), (3, 2), (0, 1)] {
            assert!(!forest.join(Node(from), Node(to)));
        }
        for node in 0..4 {
            assert_eq!(forest.end(Node(node)), Some(Node(2)));
            let mut members: Vec<_> = forest.members(Node(node)).collect();
            assert_eq!(members.first(), Some(&Node(node)));
            members.sort();
            assert_eq!(members, [Node(0), Node(1), Node(2), Node(3)]);
        }
        assert_eq!((forest.end(Node(4)), forest.members(Node(4)).count()), (Some(Node(4)), 1));
        assert!(forest.connected(Node(0), Node(3)) && !forest.connected(Node(0), Node(4)));
    }

    #[test]
    fn finds_the_edge_that_closes_a_loop() {
        let (_, mut forest) = forest(5);
        assert!(!forest.join(Node(0), Node(1)) && !forest.join(Node(1), Node(2)));
        assert!(forest.join(Node(2), Node(0)));
        // What leads into a loop has no end either, and closes none.
        assert!(!forest.join(Node(3), Node(1)));
        assert_eq!((forest.end(Node(3)), forest.end(Node(0))), (None, None));
        // To itself.
        assert!(forest.join(Node(4), Node(4)));
    }
}
