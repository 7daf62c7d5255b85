//! The leaves of a minimal-metadata room, as a hub sees them too.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use mimi_codec::{
    mls::{Credential, LeafNode, RatchetTree},
    protocol::{IdentifierUri, PseudonymousCredential},
};

use crate::{PseudonymError, pseudonym::Pseudonymous};

/// The credentials at the leaves of a room's group, in their order, up to the last leaf that is not
/// blank. Memory grows with the leaves that are not blank, and a copy shares the credentials.
///
/// The leaves have been checked as far as that is possible without keys: every member has a
/// PseudonymousCredential, its pseudonyms are of one provider, and no client pseudonym occurs
/// twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomLeaves {
    credentials: BTreeMap<u32, Arc<PseudonymousCredential>>,
}

impl RoomLeaves {
    /// The leaves of a tree, `None` for each that is blank; blank leaves at the end do not count.
    ///
    /// # Errors
    /// [`Leaf`](PseudonymError::Leaf) with [`InvalidPseudonym`](PseudonymError::InvalidPseudonym),
    /// [`Identity`](PseudonymError::Identity),
    /// [`ProviderMismatch`](PseudonymError::ProviderMismatch) or
    /// [`RepeatedClientPseudonym`](PseudonymError::RepeatedClientPseudonym);
    /// [`UnknownLeaf`](PseudonymError::UnknownLeaf) for 2^32 leaves or more.
    pub fn new(leaves: Vec<Option<PseudonymousCredential>>) -> Result<Self, PseudonymError> {
        let mut credentials = BTreeMap::new();
        for (place, credential) in leaves.into_iter().enumerate() {
            if let Some(credential) = credential {
                let leaf_index = u32::try_from(place).map_err(|_| PseudonymError::UnknownLeaf)?;
                credentials.insert(leaf_index, Arc::new(credential));
            }
        }
        Self::checked(credentials)
    }

    /// The leaves of a ratchet tree.
    ///
    /// # Errors
    /// Those of [`leaf_credential`] and of [`Self::new`], each at its leaf.
    pub fn of_tree(tree: &RatchetTree) -> Result<Self, PseudonymError> {
        let credentials = tree.leaves().map(|(leaf_index, node)| {
            let credential = leaf_credential(node).map_err(|error| error.at(leaf_index))?;
            Ok((leaf_index, Arc::new(credential.clone())))
        });
        Self::checked(credentials.collect::<Result<_, PseudonymError>>()?)
    }

    pub(crate) fn checked(
        credentials: BTreeMap<u32, Arc<PseudonymousCredential>>,
    ) -> Result<Self, PseudonymError> {
        let leaves = Self { credentials };
        let mut clients = BTreeSet::new();
        for (leaf_index, credential) in leaves.iter() {
            credential.provider().map_err(|error| error.at(leaf_index))?;
            if !clients.insert(&credential.client_pseudonym) {
                return Err(PseudonymError::RepeatedClientPseudonym.at(leaf_index));
            }
        }
        Ok(leaves)
    }

    pub(crate) fn to_map(&self) -> BTreeMap<u32, Arc<PseudonymousCredential>> {
        self.credentials.clone()
    }

    /// The number of leaves, up to the last that is not blank.
    #[must_use]
    pub fn len(&self) -> usize {
        let last = self.credentials.last_key_value().and_then(|(last, _)| usize::try_from(*last).ok());
        last.map_or(0, |last| last.saturating_add(1))
    }

    /// Whether all leaves are blank.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.credentials.is_empty()
    }

    /// The credential at a leaf, if it is not blank.
    #[must_use]
    pub fn get(&self, leaf_index: u32) -> Option<&PseudonymousCredential> {
        self.credentials.get(&leaf_index).map(Arc::as_ref)
    }

    /// All leaves that are not blank, each with its index, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &PseudonymousCredential)> {
        self.credentials.iter().map(|(leaf_index, credential)| (*leaf_index, credential.as_ref()))
    }

    /// The leftmost blank leaf, where the next Add or external joiner lands (RFC 9420 §7.7).
    #[must_use]
    pub fn first_blank(&self) -> u32 {
        blank_from(&self.credentials, 0)
    }

    /// Whether each member's user pseudonym is on the room's participant list (mimi-protocol-06
    /// §6.1).
    ///
    /// # Errors
    /// [`Leaf`](PseudonymError::Leaf) with
    /// [`UnknownParticipant`](PseudonymError::UnknownParticipant) for the first that is not.
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

/// The leftmost blank leaf from `start` on.
pub(crate) fn blank_from<T>(leaves: &BTreeMap<u32, T>, start: u32) -> u32 {
    let taken = leaves.range(start..).map(|(leaf_index, _)| *leaf_index);
    let mut blank = start;
    for leaf_index in taken {
        if leaf_index != blank {
            break;
        }
        blank = blank.saturating_add(1);
    }
    blank
}

/// The pseudonymous credential of a leaf: in a minimal-metadata room, every leaf has one
/// (mimi-protocol-06 §6.1).
///
/// # Errors
/// [`NotPseudonymous`](PseudonymError::NotPseudonymous), and
/// [`SignatureKeyMismatch`](PseudonymError::SignatureKeyMismatch) when the leaf signs with another
/// key than its credential says.
pub fn leaf_credential(leaf_node: &LeafNode) -> Result<&PseudonymousCredential, PseudonymError> {
    let Credential::Pseudonymous(credential) = &leaf_node.credential else {
        return Err(PseudonymError::NotPseudonymous);
    };
    if credential.signature_public_key != leaf_node.signature_key {
        return Err(PseudonymError::SignatureKeyMismatch);
    }
    Ok(credential)
}
