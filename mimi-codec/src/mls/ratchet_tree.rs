//! The tree of members and the keys between them.

use alloc::{boxed::Box, vec::Vec};
use core::ops::Deref;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, List, ListRule, ListView, Opaque, Reader,
    Result, Strict, Writer,
    convention::{wire_enum, wire_select, wire_struct, wire_view},
    mls::{HPKEPublicKey, LeafNode, LeafNodeView},
};

wire_struct! {
    /// A node that isn't a leaf (RFC 9420 §7.1).
    ///
    /// ```text
    /// struct {
    ///     HPKEPublicKey encryption_key;
    ///     opaque parent_hash<V>;
    ///     uint32 unmerged_leaves<V>;
    /// } ParentNode;
    /// ```
    pub struct ParentNode {
        /// Known to the members below, save the unmerged.
        pub encryption_key: HPKEPublicKey,
        /// The hash that ties it to its parents.
        pub parent_hash: Opaque,
        /// Leaf indices of members who don't know the private key, ascending.
        pub unmerged_leaves: List<u32, Strict>,
    }
}

wire_view! {
    /// A borrowed [`ParentNode`].
    pub struct ParentNodeView<'a> of ParentNode {
        /// Known to the members below, save the unmerged.
        pub encryption_key: &'a [u8],
        /// The hash that ties it to its parents.
        pub parent_hash: &'a [u8],
        /// Leaf indices of members who don't know the private key, ascending.
        pub unmerged_leaves: ListView<'a, u32, Strict>,
    }
}

wire_enum! {
    /// What a node is (RFC 9420 §7.8).
    ///
    /// ```text
    /// enum {
    ///     reserved(0),
    ///     leaf(1),
    ///     parent(2),
    ///     (255)
    /// } NodeType;
    /// ```
    pub enum NodeType {
        /// A member.
        1 "leaf" => Leaf,
        /// What is above two others.
        2 "parent" => Parent,
    }
}

wire_select! {
    /// A node of the tree (RFC 9420 §12.4.3.3).
    ///
    /// ```text
    /// struct {
    ///     NodeType node_type;
    ///     select (Node.node_type) {
    ///         case leaf:   LeafNode leaf_node;
    ///         case parent: ParentNode parent_node;
    ///     };
    /// } Node;
    /// ```
    pub enum Node: u8 "NodeType" {
        /// A member.
        1 "leaf" => Leaf {
            /// The leaf.
            leaf_node: Box<LeafNode>,
        },
        /// What is above two others.
        2 "parent" => Parent {
            /// The node.
            parent_node: Box<ParentNode>,
        },
    }
}

/// A borrowed [`Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "it lives on the stack, one at a time")]
pub enum NodeView<'a> {
    /// A member.
    Leaf {
        /// The leaf.
        leaf_node: LeafNodeView<'a>,
    },
    /// What is above two others.
    Parent {
        /// The node.
        parent_node: ParentNodeView<'a>,
    },
}

impl<'a> Decode<'a> for NodeView<'a> {
    const NAME: &'static str = "Node";

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        match reader.uint8()? {
            1 => Ok(Self::Leaf { leaf_node: reader.field("leaf_node")? }),
            2 => Ok(Self::Parent { parent_node: reader.field("parent_node")? }),
            value => Err(DecodeError::new(
                DecodeErrorKind::UnknownValue { name: "NodeType", value: value.into() },
                start,
            )),
        }
    }
}

impl Encode for NodeView<'_> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        match self {
            Self::Leaf { leaf_node } => {
                1u8.encode(writer)?;
                leaf_node.encode(writer)
            }
            Self::Parent { parent_node } => {
                2u8.encode(writer)?;
                parent_node.encode(writer)
            }
        }
    }
}

impl<'a> From<NodeView<'a>> for Node {
    fn from(view: NodeView<'a>) -> Self {
        match view {
            NodeView::Leaf { leaf_node } => Self::Leaf { leaf_node: Box::new(leaf_node.into()) },
            NodeView::Parent { parent_node } => Self::Parent { parent_node: Box::new(parent_node.into()) },
        }
    }
}

/// Leaves at even places, parents at odd ones, and no blank at the end (RFC 9420 §12.4.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TreeShape {}

/// A place in a tree.
pub trait TreePlace {
    /// Does a parent stand there? `None` for a blank.
    fn is_parent(&self) -> Option<bool>;
}

impl TreePlace for Option<Node> {
    fn is_parent(&self) -> Option<bool> {
        self.as_ref().map(|node| matches!(node, Node::Parent { .. }))
    }
}

impl TreePlace for Option<NodeView<'_>> {
    fn is_parent(&self) -> Option<bool> {
        self.as_ref().map(|node| matches!(node, NodeView::Parent { .. }))
    }
}

/// What [`TreeShape`] remembers: is the next place a parent's, and was the last one blank?
#[derive(Clone, Copy, Debug, Default)]
pub struct TreeProgress {
    parent_is_next: bool,
    ends_blank: bool,
}

impl<T: TreePlace> ListRule<T> for TreeShape {
    type State = TreeProgress;

    fn admit(progress: &mut TreeProgress, place: &T) -> Result<(), DecodeErrorKind> {
        match place.is_parent() {
            Some(true) if !progress.parent_is_next => {
                return Err(DecodeErrorKind::Rule("a parent node stands at an even place"));
            }
            Some(false) if progress.parent_is_next => {
                return Err(DecodeErrorKind::Rule("a leaf node stands at an odd place"));
            }
            is_parent => progress.ends_blank = is_parent.is_none(),
        }
        progress.parent_is_next = !progress.parent_is_next;
        Ok(())
    }

    fn end(progress: &TreeProgress) -> Result<(), DecodeErrorKind> {
        if progress.ends_blank {
            return Err(DecodeErrorKind::Rule("a ratchet tree ends in a blank node"));
        }
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(places: &mut Vec<T>) {
        let mut index = 0usize;
        places.retain(|place| {
            let fits = place.is_parent().is_none_or(|is_parent| is_parent == (index & 1 == 1));
            index = index.saturating_add(usize::from(fits));
            fits
        });
        while places.last().is_some_and(|place| place.is_parent().is_none()) {
            places.pop();
        }
    }
}

/// `optional<Node> ratchet_tree<V>` (RFC 9420 §12.4.3.3): the content of the extension
/// `ratchet_tree`.
///
/// A blank node is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct RatchetTree(pub List<Option<Node>, TreeShape>);

impl RatchetTree {
    /// The member at `leaf_index`, if there is one.
    pub fn leaf(&self, leaf_index: u32) -> Option<&LeafNode> {
        let place = usize::try_from(leaf_index).ok()?.checked_mul(2)?;
        match self.0.get(place)? {
            Some(Node::Leaf { leaf_node }) => Some(leaf_node),
            _ => None,
        }
    }

    /// The members, each with its leaf index.
    pub fn leaves(&self) -> impl Iterator<Item = (u32, &LeafNode)> {
        (0u32..).zip(self.0.iter().step_by(2)).filter_map(|(index, node)| match node {
            Some(Node::Leaf { leaf_node }) => Some((index, &**leaf_node)),
            _ => None,
        })
    }
}

impl Deref for RatchetTree {
    type Target = [Option<Node>];
    fn deref(&self) -> &[Option<Node>] {
        &self.0
    }
}

impl<'a> Decode<'a> for RatchetTree {
    const NAME: &'static str = "RatchetTree";

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        List::decode(reader).map(Self)
    }
}

impl Encode for RatchetTree {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.0.encode(writer)
    }
}

impl tls_codec::Size for RatchetTree {
    fn tls_serialized_len(&self) -> usize {
        self.0.tls_serialized_len()
    }
}

impl tls_codec::SerializeBytes for RatchetTree {
    fn tls_serialize_bytes(&self) -> Result<Vec<u8>, tls_codec::Error> {
        self.0.tls_serialize_bytes()
    }
}

crate::tls::tls_bridge!(decode RatchetTree);

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for RatchetTree {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        u.arbitrary().map(Self)
    }
}

/// A borrowed [`RatchetTree`]: checked from end to end, and decoded a node at a time.
///
/// ```
/// use mimi_codec::{Decode, mls::{NodeView, RatchetTree, RatchetTreeView}};
///
/// // No member, hence no node.
/// assert!(RatchetTreeView::decode_exact(&[0])?.is_empty());
/// assert!(RatchetTree::decode_exact(&[0])?.is_empty());
/// // A blank at the end is refused.
/// assert_eq!(RatchetTreeView::decode_exact(&[1, 0]).unwrap_err().offset(), 2);
/// # Ok::<(), mimi_codec::DecodeError>(())
/// ```
pub type RatchetTreeView<'a> = ListView<'a, Option<NodeView<'a>>, TreeShape>;

/// An owned node for a borrowed one, blank or not.
impl<'a> From<RatchetTreeView<'a>> for RatchetTree {
    fn from(view: RatchetTreeView<'a>) -> Self {
        Self(view.map_elements(|place| place.map(Node::from)))
    }
}

wire_struct! {
    /// What a leaf's tree hash covers (RFC 9420 §7.8).
    ///
    /// ```text
    /// struct {
    ///     uint32 leaf_index;
    ///     optional<LeafNode> leaf_node;
    /// } LeafNodeHashInput;
    /// ```
    pub struct LeafNodeHashInput {
        /// The leaf's index.
        pub leaf_index: u32,
        /// The leaf, if there is one.
        pub leaf_node: Option<LeafNode>,
    }
}

wire_struct! {
    /// What a parent's tree hash covers (RFC 9420 §7.8).
    ///
    /// ```text
    /// struct {
    ///     optional<ParentNode> parent_node;
    ///     opaque left_hash<V>;
    ///     opaque right_hash<V>;
    /// } ParentNodeHashInput;
    /// ```
    pub struct ParentNodeHashInput {
        /// The node, if there is one.
        pub parent_node: Option<ParentNode>,
        /// The left child's tree hash.
        pub left_hash: Opaque,
        /// The right child's tree hash.
        pub right_hash: Opaque,
    }
}

wire_select! {
    /// What a tree hash covers (RFC 9420 §7.8).
    ///
    /// ```text
    /// struct {
    ///   NodeType node_type;
    ///   select (TreeHashInput.node_type) {
    ///     case leaf:   LeafNodeHashInput leaf_node;
    ///     case parent: ParentNodeHashInput parent_node;
    ///   };
    /// } TreeHashInput;
    /// ```
    pub enum TreeHashInput: u8 "NodeType" {
        /// Of a leaf.
        1 "leaf" => Leaf {
            /// The leaf.
            leaf_node: Box<LeafNodeHashInput>,
        },
        /// Of a parent.
        2 "parent" => Parent {
            /// The parent.
            parent_node: ParentNodeHashInput,
        },
    }
}

wire_struct! {
    /// What a parent hash covers (RFC 9420 §7.9).
    ///
    /// ```text
    /// struct {
    ///     HPKEPublicKey encryption_key;
    ///     opaque parent_hash<V>;
    ///     opaque original_sibling_tree_hash<V>;
    /// } ParentHashInput;
    /// ```
    pub struct ParentHashInput {
        /// The parent's key.
        pub encryption_key: HPKEPublicKey,
        /// The parent's own parent hash.
        pub parent_hash: Opaque,
        /// The tree hash of the sibling, as it was.
        pub original_sibling_tree_hash: Opaque,
    }
}
