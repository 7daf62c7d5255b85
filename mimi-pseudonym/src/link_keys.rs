//! The component `identity_link_keys`: one place for a wrapped key at each leaf
//! (mimi-metadata-minimalization-02 §4).
//!
//! The hub and the members apply the same changes by the same rules; no key is needed for that.
//! Opening comes afterwards, and only members can.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use mimi_codec::{
    List,
    minimal_metadata::{
        AddAAD, EncryptedIdentityLinkKey, IdentityLinkKeysData, IdentityLinkKeysUpdate, LeafKey,
    },
    mls::GroupContext,
};

use crate::{ChangedBy, LeafChanges, PseudonymError, RoomLeaves, has_identity_link};

/// The wrapped keys of a room: one place for each of its [`RoomLeaves`], and a key only where the
/// credential has an identity link. A copy shares the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkKeys {
    keys: BTreeMap<u32, Arc<EncryptedIdentityLinkKey>>,
    /// The number of places.
    len: usize,
}

impl LinkKeys {
    /// The keys in the component's data.
    ///
    /// # Errors
    /// [`LinkKeysLength`](PseudonymError::LinkKeysLength); [`Leaf`](PseudonymError::Leaf) with
    /// [`UnknownLeaf`](PseudonymError::UnknownLeaf) for a key at a blank leaf, or with
    /// [`KeyWithoutIdentityLink`](PseudonymError::KeyWithoutIdentityLink).
    pub fn new(data: IdentityLinkKeysData, leaves: &RoomLeaves) -> Result<Self, PseudonymError> {
        let entries = data.identity_link_key_ciphertexts;
        if entries.len() != leaves.len() {
            let (expected, actual) = (leaves.len(), entries.len());
            return Err(PseudonymError::LinkKeysLength { expected, actual });
        }
        let entries = (0..).zip(entries).filter_map(|(leaf_index, key)| Some((leaf_index, Arc::new(key?))));
        let keys = Self { keys: entries.collect(), len: leaves.len() };
        keys.check(leaves)?;
        Ok(keys)
    }

    /// The keys in a GroupContext. A group that has the component is that of a minimal-metadata
    /// room; nothing else marks one.
    ///
    /// # Errors
    /// [`NotMinimalMetadata`](PseudonymError::NotMinimalMetadata),
    /// [`Decode`](PseudonymError::Decode), and those of [`Self::new`].
    pub fn of_group(group_context: &GroupContext, leaves: &RoomLeaves) -> Result<Self, PseudonymError> {
        let data: Option<IdentityLinkKeysData> = group_context.extensions.component_content()?;
        Self::new(data.ok_or(PseudonymError::NotMinimalMetadata)?, leaves)
    }

    /// The component's data.
    #[must_use]
    pub fn data(&self) -> IdentityLinkKeysData {
        let mut identity_link_key_ciphertexts = Vec::with_capacity(self.len);
        for (leaf_index, key) in self.iter() {
            if let Ok(place) = usize::try_from(leaf_index) {
                identity_link_key_ciphertexts.resize(place, None);
                identity_link_key_ciphertexts.push(Some(key.clone()));
            }
        }
        identity_link_key_ciphertexts.resize(self.len, None);
        IdentityLinkKeysData { identity_link_key_ciphertexts }
    }

    /// The wrapped key of the client at a leaf, if there is one.
    #[must_use]
    pub fn get(&self, leaf_index: u32) -> Option<&EncryptedIdentityLinkKey> {
        self.keys.get(&leaf_index).map(Arc::as_ref)
    }

    /// All wrapped keys, each with its leaf, in the order of the leaves.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &EncryptedIdentityLinkKey)> {
        self.keys.iter().map(|(leaf_index, key)| (*leaf_index, key.as_ref()))
    }

    /// The keys after a commit. A refusal makes the commit invalid, for the hub and for members
    /// alike.
    pub(crate) fn after_commit(
        &self,
        changes: &LeafChanges,
        add_aad: Option<&AddAAD>,
    ) -> Result<Self, PseudonymError> {
        check_add_aad_count(changes, add_aad)?;
        let leaves = changes.leaves();
        let [added, removed, updated] = [changes.added(), changes.removed(), changes.updated()]
            .map(|leaves| leaves.iter().copied().collect::<BTreeSet<u32>>());
        let mut keys = self.keys.clone();
        let mut said = BTreeSet::new();
        for (by, update) in changes.key_updates() {
            let (set, removed_keys) = parts(update);
            for leaf_index in removed_keys {
                if !removed.contains(leaf_index) && !updated.contains(leaf_index) {
                    return Err(PseudonymError::LeafUntouched.at(*leaf_index));
                }
                if keys.remove(leaf_index).is_none() {
                    return Err(PseudonymError::NoKeyToRemove.at(*leaf_index));
                }
                said.insert(*leaf_index);
            }
            for LeafKey { leaf_index, key } in set {
                if leaves.get(*leaf_index).is_none() {
                    return Err(PseudonymError::UnknownLeaf.at(*leaf_index));
                }
                let own = *by == ChangedBy::Member { leaf_index: *leaf_index };
                if !(added.contains(leaf_index) || own && !removed.contains(leaf_index)) {
                    return Err(PseudonymError::LeafUntouched.at(*leaf_index));
                }
                keys.insert(*leaf_index, Arc::new(key.clone()));
                said.insert(*leaf_index);
            }
        }
        let stale = |leaf_index: &&u32| self.keys.contains_key(leaf_index) && !said.contains(leaf_index);
        if let Some(leaf_index) = removed.union(&updated).find(stale) {
            return Err(PseudonymError::StaleKey.at(*leaf_index));
        }
        let keys = Self { keys, len: leaves.len() };
        for (leaf_index, ciphertext) in
            changes.added().iter().zip(add_aad.into_iter().flat_map(|aad| &aad.identity_link_key_ciphertexts))
        {
            let expected = (!ciphertext.ciphertext.is_empty()).then_some(ciphertext);
            if keys.get(*leaf_index) != expected {
                return Err(PseudonymError::AddAadMismatch.at(*leaf_index));
            }
        }
        keys.check(leaves)?;
        Ok(keys)
    }

    /// The same leaves with other keys.
    pub(crate) fn replaced(&self, set: &[LeafKey]) -> Self {
        let keys = set.iter().map(|entry| (entry.leaf_index, Arc::new(entry.key.clone())));
        Self { keys: keys.collect(), len: self.len }
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

/// One ciphertext for each added client.
fn check_add_aad_count(changes: &LeafChanges, add_aad: Option<&AddAAD>) -> Result<(), PseudonymError> {
    let (expected, actual) =
        (changes.added().len(), add_aad.map_or(0, |aad| aad.identity_link_key_ciphertexts.len()));
    let leaves = changes.leaves();
    let any_link = || changes.added().iter().any(|leaf| leaves.get(*leaf).is_some_and(has_identity_link));
    if expected == actual || add_aad.is_none() && !any_link() {
        Ok(())
    } else {
        Err(PseudonymError::AddAadCount { expected, actual })
    }
}

/// The keys that an update sets and the leaves whose keys it removes, both ascending.
pub(crate) fn parts(update: &IdentityLinkKeysUpdate) -> (&[LeafKey], &[u32]) {
    (update.set().as_slice(), update.removed_leaves().as_slice())
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
