//! What a commit does to the leaves of a room (RFC 9420, 12.3).
//!
//! The room's wrapped keys are part of the GroupContext, so they have to be known before an MLS stack can apply the commit: leaves come first, from
//! the proposals alone.

use alloc::{vec, vec::Vec};

use mimi_codec::{
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate},
    mls::{LeafNode, Proposal, Sender},
    protocol::PseudonymousCredential,
};

use crate::{CommitChanges, PseudonymError, RoomLeaves, leaf_credential};

/// The leaves of a room after a commit, and which of them it has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafChanges {
    leaves: RoomLeaves,
    added: Vec<u32>,
    removed: Vec<u32>,
    updated: Vec<u32>,
}

impl LeafChanges {
    /// Applies a commit: updates, then removals, then additions, each at the leftmost blank leaf, in the order of `proposals`; then the committer's
    /// own leaf, from the commit's path. An external committer lands where an addition would.
    ///
    /// `proposals` are all of the commit's, each with its sender; for one that stands in the commit itself, that is the committer. The MLS stack has
    /// verified who sent what, and judges all else.
    ///
    /// # Errors
    /// [`UnknownLeaf`](PseudonymError::UnknownLeaf) at a [`Leaf`](PseudonymError::Leaf) that is removed or updated and isn't there, those of
    /// [`leaf_credential`] at the leaf that it is for, and those of [`RoomLeaves::new`].
    pub fn of_commit<'p>(
        before: &RoomLeaves,
        committer: &Sender,
        proposals: impl Iterator<Item = (&'p Proposal, &'p Sender)> + Clone,
        path: Option<&LeafNode>,
    ) -> Result<Self, PseudonymError> {
        let mut leaves = Leaves(before.to_vec());
        let (mut added, mut removed, mut updated) = (vec![], vec![], vec![]);
        for (proposal, sender) in proposals.clone() {
            if let (Proposal::Update(update), Sender::Member { leaf_index }) = (proposal, sender) {
                leaves.update(*leaf_index, &update.leaf_node, &mut updated)?;
            }
        }
        for (proposal, sender) in proposals.clone() {
            let leaf_index = match (proposal, sender) {
                (Proposal::Remove(remove), _) => remove.removed,
                (Proposal::SelfRemove(_), Sender::Member { leaf_index }) => *leaf_index,
                _ => continue,
            };
            leaves.get_mut(leaf_index)?.take().ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
            removed.push(leaf_index);
        }
        for (proposal, _) in proposals {
            if let Proposal::Add(add) = proposal {
                added.push(leaves.add(&add.key_package.leaf_node)?);
            }
        }
        match (committer, path) {
            (Sender::Member { leaf_index }, Some(leaf_node)) => {
                leaves.update(*leaf_index, leaf_node, &mut updated)?;
            }
            (Sender::NewMemberCommit {}, Some(leaf_node)) => added.push(leaves.add(leaf_node)?),
            _ => {}
        }
        Ok(Self { leaves: RoomLeaves::new(leaves.0)?, added, removed, updated })
    }

    /// The leaves after the commit.
    #[must_use]
    pub fn leaves(&self) -> &RoomLeaves {
        &self.leaves
    }

    /// The leaves where the commit's Add proposals land, in their order; in an external commit, the joiner's own.
    #[must_use]
    pub fn added(&self) -> &[u32] {
        &self.added
    }

    /// The leaves that the commit blanks, even if it fills them again.
    #[must_use]
    pub fn removed(&self) -> &[u32] {
        &self.removed
    }

    /// The leaves that get another credential. A leaf that only gets new keys is none of them.
    #[must_use]
    pub fn updated(&self) -> &[u32] {
        &self.updated
    }

    /// Does the commit leave all leaves and their credentials as they are?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.updated.is_empty()
    }

    /// The changes, with what the commit says about keys.
    #[must_use]
    pub fn with_keys<'a>(
        &'a self,
        update: Option<&'a IdentityLinkKeysUpdate>,
        add_aad: Option<&'a AddAAD>,
    ) -> CommitChanges<'a> {
        let (added, removed, updated) = (&self.added, &self.removed, &self.updated);
        CommitChanges { added, removed, updated, update, add_aad }
    }
}

/// Leaves on their way to another epoch.
struct Leaves(Vec<Option<PseudonymousCredential>>);

impl Leaves {
    fn get_mut(&mut self, leaf_index: u32) -> Result<&mut Option<PseudonymousCredential>, PseudonymError> {
        let place = usize::try_from(leaf_index).ok().and_then(|place| self.0.get_mut(place));
        place.ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))
    }

    fn update(
        &mut self,
        leaf_index: u32,
        leaf_node: &LeafNode,
        updated: &mut Vec<u32>,
    ) -> Result<(), PseudonymError> {
        let new = leaf_credential(leaf_node).map_err(|error| error.at(leaf_index))?;
        let old =
            self.get_mut(leaf_index)?.as_mut().ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
        if old != new {
            *old = new.clone();
            updated.push(leaf_index);
        }
        Ok(())
    }

    /// The leftmost blank leaf takes it.
    fn add(&mut self, leaf_node: &LeafNode) -> Result<u32, PseudonymError> {
        let place = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
        // A tree has fewer than 2^32 leaves.
        let leaf_index = u32::try_from(place).map_err(|_| PseudonymError::UnknownLeaf)?;
        let credential = leaf_credential(leaf_node).map_err(|error| error.at(leaf_index))?.clone();
        match self.0.get_mut(place) {
            Some(blank) => *blank = Some(credential),
            None => self.0.push(Some(credential)),
        }
        Ok(leaf_index)
    }
}
