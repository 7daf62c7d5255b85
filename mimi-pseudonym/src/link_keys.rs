//! The component `identity_link_keys`: one place for a wrapped key at each leaf (mimi-metadata-minimalization-01, 4).
//!
//! The hub and the members apply the same changes by the same rules; no key is needed for that. Opening comes afterwards, and is for members.

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::{
    List,
    minimal_metadata::{
        AddAAD, EncryptedIdentityLinkKey, IdentityLinkKeysData, IdentityLinkKeysUpdate, LeafKey,
    },
    mls::GroupContext,
};

use crate::{PseudonymError, RoomLeaves, has_identity_link};

/// The wrapped keys of a room: one place for each of its [`RoomLeaves`], and a key only where the credential has an identity link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkKeys(Vec<Option<EncryptedIdentityLinkKey>>);

/// What a commit does to the leaves of a room, and what it says about their keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommitChanges<'a> {
    /// The leaves where the commit's Add proposals land, in the order of the proposals; in an external commit, the joiner's own.
    pub added: &'a [u32],
    /// The leaves that the commit blanks, even if it fills them again.
    pub removed: &'a [u32],
    /// The leaves that get another credential by an Update or by the committer's path.
    pub updated: &'a [u32],
    /// The commit's AppDataUpdate for the component, if it has one.
    pub update: Option<&'a IdentityLinkKeysUpdate>,
    /// The commit's SafeAAD item for the component, if it has one.
    pub add_aad: Option<&'a AddAAD>,
}

impl LinkKeys {
    /// The keys in the component's data.
    ///
    /// # Errors
    /// [`LinkKeysLength`](PseudonymError::LinkKeysLength); [`Leaf`](PseudonymError::Leaf) with [`UnknownLeaf`](PseudonymError::UnknownLeaf) for a key at a
    /// blank leaf, or with [`KeyWithoutIdentityLink`](PseudonymError::KeyWithoutIdentityLink).
    pub fn new(data: IdentityLinkKeysData, leaves: &RoomLeaves) -> Result<Self, PseudonymError> {
        let keys = Self(data.identity_link_key_ciphertexts);
        if keys.0.len() != leaves.len() {
            let (expected, actual) = (leaves.len(), keys.0.len());
            return Err(PseudonymError::LinkKeysLength { expected, actual });
        }
        keys.check(leaves)?;
        Ok(keys)
    }

    /// The keys in a GroupContext. A group that has the component is that of a minimal-metadata room; nothing else marks one.
    ///
    /// # Errors
    /// [`NotMinimalMetadata`](PseudonymError::NotMinimalMetadata), [`Decode`](PseudonymError::Decode), and those of [`Self::new`].
    pub fn of_group(group_context: &GroupContext, leaves: &RoomLeaves) -> Result<Self, PseudonymError> {
        let data: Option<IdentityLinkKeysData> = group_context.extensions.component_content()?;
        Self::new(data.ok_or(PseudonymError::NotMinimalMetadata)?, leaves)
    }

    /// The component's data.
    #[must_use]
    pub fn data(&self) -> IdentityLinkKeysData {
        IdentityLinkKeysData { identity_link_key_ciphertexts: self.0.clone() }
    }

    /// The wrapped key of the client at a leaf, if there is one.
    #[must_use]
    pub fn get(&self, leaf_index: u32) -> Option<&EncryptedIdentityLinkKey> {
        self.0.get(usize::try_from(leaf_index).ok()?)?.as_ref()
    }

    /// All wrapped keys, each with its leaf.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &EncryptedIdentityLinkKey)> {
        (0..).zip(&self.0).filter_map(|(leaf_index, key)| Some((leaf_index, key.as_ref()?)))
    }

    /// The keys after a commit. `leaves` are those after it. What is refused makes the commit invalid, for the hub and for members alike.
    ///
    /// - The AddAAD has one ciphertext for each added client, in the order of the Add proposals; an empty one for a client that shows its
    ///   identity to nobody. It may be absent if none of them does.
    /// - The update sets, at the leaf where each Add lands, the very same ciphertext; none for an empty one.
    /// - Beyond that, keys are set only at leaves that the commit gives another credential.
    /// - Keys go with their client: removed in the commit that removes it or gives its leaf another credential, and in no other.
    ///
    /// # Errors
    /// [`AddAadCount`](PseudonymError::AddAadCount); [`Leaf`](PseudonymError::Leaf) with [`UnknownLeaf`](PseudonymError::UnknownLeaf),
    /// [`AddAadMismatch`](PseudonymError::AddAadMismatch), [`LeafUntouched`](PseudonymError::LeafUntouched),
    /// [`NoKeyToRemove`](PseudonymError::NoKeyToRemove), [`StaleKey`](PseudonymError::StaleKey) or
    /// [`KeyWithoutIdentityLink`](PseudonymError::KeyWithoutIdentityLink).
    pub fn after_commit(
        &self,
        leaves: &RoomLeaves,
        changes: &CommitChanges<'_>,
    ) -> Result<Self, PseudonymError> {
        check_add_aad(leaves, changes)?;
        let [added, removed, updated] = [changes.added, changes.removed, changes.updated]
            .map(|leaves| leaves.iter().collect::<BTreeSet<_>>());
        let (set, removed_keys) = changes.update.map_or((&[][..], &[][..]), parts);
        for leaf_index in set.iter().map(|entry| entry.leaf_index) {
            if leaves.get(leaf_index).is_none() {
                return Err(PseudonymError::UnknownLeaf.at(leaf_index));
            }
            if !added.contains(&leaf_index) && !updated.contains(&leaf_index) {
                return Err(PseudonymError::LeafUntouched.at(leaf_index));
            }
        }
        for leaf_index in removed_keys {
            if !removed.contains(leaf_index) && !updated.contains(leaf_index) {
                return Err(PseudonymError::LeafUntouched.at(*leaf_index));
            }
            if self.get(*leaf_index).is_none() {
                return Err(PseudonymError::NoKeyToRemove.at(*leaf_index));
            }
        }
        for leaf_index in removed.union(&updated) {
            let spoken_of =
                set_at(set, **leaf_index).is_some() || removed_keys.binary_search(leaf_index).is_ok();
            if self.get(**leaf_index).is_some() && !spoken_of {
                return Err(PseudonymError::StaleKey.at(**leaf_index));
            }
        }
        self.with_update(leaves, set, removed_keys)
    }

    /// The keys with an update applied, and the result checked against the leaves.
    pub(crate) fn with_update(
        &self,
        leaves: &RoomLeaves,
        set: &[LeafKey],
        removed_keys: &[u32],
    ) -> Result<Self, PseudonymError> {
        let mut keys = self.0.clone();
        for leaf_index in removed_keys {
            if let Some(place) = usize::try_from(*leaf_index).ok().and_then(|place| keys.get_mut(place)) {
                *place = None;
            }
        }
        // A key beyond the last leaf is that of a client that is gone.
        let beyond = (0..).zip(&keys).skip(leaves.len()).find(|(_, key)| key.is_some());
        if let Some((leaf_index, _)) = beyond {
            return Err(PseudonymError::StaleKey.at(leaf_index));
        }
        keys.resize(leaves.len(), None);
        for entry in set {
            let place = usize::try_from(entry.leaf_index).ok().and_then(|place| keys.get_mut(place));
            let place = place.ok_or_else(|| PseudonymError::UnknownLeaf.at(entry.leaf_index))?;
            *place = Some(entry.key.clone());
        }
        let keys = Self(keys);
        keys.check(leaves)?;
        Ok(keys)
    }

    /// A key only where there is a credential with an identity link.
    fn check(&self, leaves: &RoomLeaves) -> Result<(), PseudonymError> {
        for (leaf_index, _) in self.iter() {
            let credential =
                leaves.get(leaf_index).ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
            if !has_identity_link(credential) {
                return Err(PseudonymError::KeyWithoutIdentityLink.at(leaf_index));
            }
        }
        Ok(())
    }
}

/// One ciphertext for each added client, the same as in the update.
fn check_add_aad(leaves: &RoomLeaves, changes: &CommitChanges<'_>) -> Result<(), PseudonymError> {
    let mut any_link = false;
    for leaf_index in changes.added {
        let credential =
            leaves.get(*leaf_index).ok_or_else(|| PseudonymError::UnknownLeaf.at(*leaf_index))?;
        any_link |= has_identity_link(credential);
    }
    let ciphertexts = changes.add_aad.map_or(&[][..], |aad| aad.identity_link_key_ciphertexts.as_slice());
    let (expected, actual) = (changes.added.len(), ciphertexts.len());
    let none_needed = changes.add_aad.is_none() && !any_link;
    if expected != actual && !none_needed {
        return Err(PseudonymError::AddAadCount { expected, actual });
    }
    let (set, _) = changes.update.map_or((&[][..], &[][..]), parts);
    for (leaf_index, ciphertext) in changes.added.iter().zip(ciphertexts) {
        let expected = (!ciphertext.ciphertext.is_empty()).then_some(ciphertext);
        if set_at(set, *leaf_index) != expected {
            return Err(PseudonymError::AddAadMismatch.at(*leaf_index));
        }
    }
    Ok(())
}

/// The keys that an update sets and the leaves whose keys it removes, both ascending.
pub(crate) fn parts(update: &IdentityLinkKeysUpdate) -> (&[LeafKey], &[u32]) {
    (update.set().as_slice(), update.removed_leaves().as_slice())
}

fn set_at(set: &[LeafKey], leaf_index: u32) -> Option<&EncryptedIdentityLinkKey> {
    let place = set.binary_search_by_key(&leaf_index, |entry| entry.leaf_index).ok()?;
    set.get(place).map(|entry| &entry.key)
}

/// The update that sets and removes these, in any order.
pub(crate) fn update_of(
    mut set: Vec<LeafKey>,
    mut removed_leaves: Vec<u32>,
) -> Result<IdentityLinkKeysUpdate, PseudonymError> {
    set.sort_by_key(|entry| entry.leaf_index);
    removed_leaves.sort_unstable();
    Ok(IdentityLinkKeysUpdate::new(List::new(set)?, List::new(removed_leaves)?)?)
}
