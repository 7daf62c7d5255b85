//! The leaves of a minimal-metadata room, as a hub sees them too.

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::{
    mls::{Credential, LeafNode, RatchetTree},
    protocol::{IdentifierUri, PseudonymousCredential},
};

use crate::{PseudonymError, pseudonym::Pseudonymous};

/// The credentials at the leaves of a room's group, in their order, up to the last leaf that isn't blank.
///
/// What stands here has been checked as far as anybody can without keys: every member has a PseudonymousCredential, its pseudonyms are of one
/// provider, and no client pseudonym is there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomLeaves(Vec<Option<PseudonymousCredential>>);

impl RoomLeaves {
    /// The leaves of a tree, `None` for each that is blank; blank ones at the end count for nothing.
    ///
    /// # Errors
    /// [`Leaf`](PseudonymError::Leaf) with [`InvalidPseudonym`](PseudonymError::InvalidPseudonym),
    /// [`ProviderMismatch`](PseudonymError::ProviderMismatch) or [`RepeatedClientPseudonym`](PseudonymError::RepeatedClientPseudonym).
    pub fn new(leaves: Vec<Option<PseudonymousCredential>>) -> Result<Self, PseudonymError> {
        let mut leaves = Self(leaves);
        while leaves.0.pop_if(|last| last.is_none()).is_some() {}
        let mut clients = BTreeSet::new();
        for (leaf_index, credential) in leaves.iter() {
            credential.provider().map_err(|error| error.at(leaf_index))?;
            if !clients.insert(&credential.client_pseudonym) {
                return Err(PseudonymError::RepeatedClientPseudonym.at(leaf_index));
            }
        }
        Ok(leaves)
    }

    /// The leaves of a ratchet tree.
    ///
    /// # Errors
    /// Those of [`leaf_credential`] and of [`Self::new`], each at its leaf.
    pub fn of_tree(tree: &RatchetTree) -> Result<Self, PseudonymError> {
        let mut leaves = Vec::new();
        for (leaf_index, node) in tree.leaves() {
            let credential = leaf_credential(node).map_err(|error| error.at(leaf_index))?;
            // A tree that was decoded has fewer nodes than its encoding bytes, so the place exists.
            let place = usize::try_from(leaf_index).map_err(|_| PseudonymError::UnknownLeaf)?;
            leaves.resize(place, None);
            leaves.push(Some(credential.clone()));
        }
        Self::new(leaves)
    }

    pub(crate) fn to_vec(&self) -> Vec<Option<PseudonymousCredential>> {
        self.0.clone()
    }

    /// How many leaves there are, up to the last that isn't blank.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are all leaves blank?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The credential at a leaf, if it isn't blank.
    #[must_use]
    pub fn get(&self, leaf_index: u32) -> Option<&PseudonymousCredential> {
        self.0.get(usize::try_from(leaf_index).ok()?)?.as_ref()
    }

    /// All leaves that aren't blank, each with its index.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &PseudonymousCredential)> {
        (0..).zip(&self.0).filter_map(|(index, credential)| Some((index, credential.as_ref()?)))
    }

    /// Is each member's user pseudonym on the room's participant list (mimi-protocol-06, 6.1)?
    ///
    /// # Errors
    /// [`Leaf`](PseudonymError::Leaf) with [`UnknownParticipant`](PseudonymError::UnknownParticipant) for the first that isn't.
    pub fn check_participants<'p>(
        &self,
        participants: impl IntoIterator<Item = &'p IdentifierUri>,
    ) -> Result<(), PseudonymError> {
        let listed: BTreeSet<_> = participants.into_iter().collect();
        match self.iter().find(|(_, credential)| !listed.contains(&credential.user_pseudonym)) {
            None => Ok(()),
            Some((leaf_index, _)) => Err(PseudonymError::UnknownParticipant.at(leaf_index)),
        }
    }
}

/// The pseudonymous credential of a leaf: in a minimal-metadata room, every leaf has one (mimi-protocol-06, 6.1).
///
/// # Errors
/// [`NotPseudonymous`](PseudonymError::NotPseudonymous), and [`SignatureKeyMismatch`](PseudonymError::SignatureKeyMismatch) when the leaf signs
/// with another key than its credential says.
pub fn leaf_credential(leaf_node: &LeafNode) -> Result<&PseudonymousCredential, PseudonymError> {
    let Credential::Pseudonymous(credential) = &leaf_node.credential else {
        return Err(PseudonymError::NotPseudonymous);
    };
    if credential.signature_public_key != leaf_node.signature_key {
        return Err(PseudonymError::SignatureKeyMismatch);
    }
    Ok(credential)
}
