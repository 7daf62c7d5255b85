//! The ratchet tree as outsiders check it: its hash (RFC 9420 §7.8) and the signatures of its
//! leaves.

use alloc::vec::Vec;

use mimi_codec::{
    Encode, Writer,
    mls::{LeafNode, LeafNodePosition, LeafNodeSelect, Node, ParentNode, RatchetTree},
};

use crate::{CipherSuiteProvider, CryptoError, verify_with_label};

const LEAF: u8 = 1;
const PARENT: u8 = 2;

// TreeHashInput { leaf(1), LeafNodeHashInput { uint32 leaf_index; optional<LeafNode> leaf_node; } }
fn leaf_hash<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    index: usize,
    leaf_node: Option<&LeafNode>,
) -> Result<Vec<u8>, CryptoError> {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let mut input = Writer::with_capacity(256);
    input.bytes(&[LEAF]);
    input.bytes(&index.to_be_bytes());
    input.bytes(&[u8::from(leaf_node.is_some())]);
    if let Some(leaf_node) = leaf_node {
        leaf_node.encode(&mut input)?;
    }
    Ok(suite.hash(&[&input.into_bytes()]))
}

// TreeHashInput { parent(2), ParentNodeHashInput {
//     optional<ParentNode> parent_node; opaque left_hash<V>; opaque right_hash<V>; } }
fn parent_hash<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    parent_node: Option<&ParentNode>,
    [left, right]: [&[u8]; 2],
) -> Result<Vec<u8>, CryptoError> {
    let mut input = Writer::with_capacity(256);
    input.bytes(&[PARENT, u8::from(parent_node.is_some())]);
    if let Some(parent_node) = parent_node {
        parent_node.encode(&mut input)?;
    }
    input.opaque(left)?;
    input.opaque(right)?;
    Ok(suite.hash(&[&input.into_bytes()]))
}

/// The hash of a ratchet tree, as it stands in the GroupContext (RFC 9420 §7.8).
///
/// Takes time and memory in proportion to the tree: at most twice as many nodes are hashed as it
/// has.
///
/// # Errors
/// [`CryptoError::EmptyTree`] for a tree without nodes; [`CryptoError::Encode`].
pub fn tree_hash<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    tree: &RatchetTree,
) -> Result<Vec<u8>, CryptoError> {
    if tree.is_empty() {
        return Err(CryptoError::EmptyTree);
    }
    // The tree is full: blanks at its end are left out on the wire.
    let leaves = tree.len().div_ceil(2).next_power_of_two();
    let node = |index: usize| tree.get(index).and_then(Option::as_ref);
    let leaf = |index: usize| match node(index.saturating_mul(2)) {
        Some(Node::Leaf { leaf_node }) => Some(&**leaf_node),
        _ => None,
    };
    let hashes = (0..leaves).map(|index| leaf_hash(suite, index, leaf(index)));
    let mut hashes: Vec<Vec<u8>> = hashes.collect::<Result<_, _>>()?;
    // The first node of each level has as many low bits set as the level says, the others follow in
    // steps of the next bit but one (RFC 9420 appendix C).
    let mut step = 4_usize;
    while hashes.len() > 1 {
        let first = (step / 2).saturating_sub(1);
        let parents = hashes.chunks(2).enumerate().map(|(place, children)| {
            let index = place.saturating_mul(step).saturating_add(first);
            let parent_node = match node(index) {
                Some(Node::Parent { parent_node }) => Some(&**parent_node),
                _ => None,
            };
            let [left, right] = children else { return Err(CryptoError::EmptyTree) };
            parent_hash(suite, parent_node, [left, right])
        });
        hashes = parents.collect::<Result<_, _>>()?;
        step = step.saturating_mul(2);
    }
    hashes.pop().ok_or(CryptoError::EmptyTree)
}

/// Verifies the signature of a LeafNode (RFC 9420 §7.2).
///
/// `position` is the group and the leaf index; a leaf from a KeyPackage signs neither, and it is
/// not looked at.
///
/// ```text
/// VerifyWithLabel(signature_key, "LeafNodeTBS", LeafNodeTBS, signature)
/// ```
///
/// # Errors
/// Those of [`verify_with_label`].
pub fn verify_leaf_node<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    leaf_node: &LeafNode,
    position: (&[u8], u32),
) -> Result<(), CryptoError> {
    let position = match leaf_node.leaf_node_source {
        LeafNodeSelect::KeyPackage { .. } => None,
        _ => Some(LeafNodePosition { group_id: position.0.into(), leaf_index: position.1 }),
    };
    let tbs = leaf_node.tbs(position)?.to_bytes()?;
    verify_with_label(suite, &leaf_node.signature_key, b"LeafNodeTBS", &tbs, &leaf_node.signature)
}
