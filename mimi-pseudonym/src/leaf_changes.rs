//! What a commit does to the leaves of a room and to their keys (RFC 9420 §12.3, mls-extensions-10
//! §4.7).
//!
//! The room's wrapped keys are part of the GroupContext, so they must be known before an MLS stack
//! can apply the commit: leaves come first, from the proposals alone.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec,
    vec::Vec,
};

use mimi_codec::{
    Decode,
    code_points::ComponentID,
    extensions::AppDataUpdateSelect,
    minimal_metadata::IdentityLinkKeysUpdate,
    mls::{LeafNode, Proposal, Sender},
    protocol::PseudonymousCredential,
};

use crate::{PseudonymError, RoomLeaves, leaf_credential, leaves::blank_from};

/// The party that adds a leaf, or changes keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangedBy {
    /// The member at a leaf of the tree before the commit: the sender of the proposal.
    Member {
        /// Its leaf.
        leaf_index: u32,
    },
    /// The sender of an external commit.
    Joiner,
    /// An external sender, or a client that proposes to be added.
    Outside,
}

impl ChangedBy {
    fn of(sender: &Sender) -> Self {
        match sender {
            Sender::Member { leaf_index } => Self::Member { leaf_index: *leaf_index },
            Sender::NewMemberCommit {} => Self::Joiner,
            _ => Self::Outside,
        }
    }
}

/// The leaves of a room after a commit, which of them it has changed, who did so, and what it says
/// about keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafChanges {
    committer: ChangedBy,
    leaves: RoomLeaves,
    added: Vec<u32>,
    added_by: Vec<ChangedBy>,
    removed: Vec<u32>,
    self_removed: BTreeSet<u32>,
    updated: Vec<u32>,
    key_updates: Vec<(ChangedBy, IdentityLinkKeysUpdate)>,
}

impl LeafChanges {
    /// Applies a commit: updates, then removals, then additions, each at the leftmost blank leaf,
    /// in the order of `proposals`; then the committer's own leaf, from the commit's path. An
    /// external committer lands where an addition would. Costs the leaves and the proposals once
    /// each.
    ///
    /// `proposals` are all of the commit's, each with its sender; for one that is in the commit
    /// itself, that is the committer. The MLS stack has verified who sent what, and judges all
    /// else.
    ///
    /// # Errors
    /// [`UnknownLeaf`](PseudonymError::UnknownLeaf) at a [`Leaf`](PseudonymError::Leaf) that is
    /// removed or updated and does not exist, those of [`leaf_credential`] at the leaf that it is
    /// for, and those of [`RoomLeaves::new`]; [`LinkKeysRemoved`](PseudonymError::LinkKeysRemoved)
    /// and [`Decode`](PseudonymError::Decode) for a change of the wrapped keys that removes the
    /// component or is not an IdentityLinkKeysUpdate.
    pub fn of_commit<'p>(
        before: &RoomLeaves,
        committer: &Sender,
        proposals: impl Iterator<Item = (&'p Proposal, &'p Sender)> + Clone,
        path: Option<&LeafNode>,
    ) -> Result<Self, PseudonymError> {
        let mut leaves = Leaves { credentials: before.to_map(), blank: 0 };
        let (mut added, mut added_by, mut removed, mut updated) = (vec![], vec![], vec![], vec![]);
        let mut self_removed = BTreeSet::new();
        for (proposal, sender) in proposals.clone() {
            if let (Proposal::Update(update), Sender::Member { leaf_index }) = (proposal, sender) {
                leaves.update(*leaf_index, &update.leaf_node, &mut updated)?;
            }
        }
        for (proposal, sender) in proposals.clone() {
            let leaf_index = match (proposal, sender) {
                (Proposal::Remove(remove), _) => remove.removed,
                (Proposal::SelfRemove(_), Sender::Member { leaf_index }) => {
                    self_removed.insert(*leaf_index);
                    *leaf_index
                }
                _ => continue,
            };
            leaves
                .credentials
                .remove(&leaf_index)
                .ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
            removed.push(leaf_index);
        }
        for (proposal, sender) in proposals.clone() {
            if let Proposal::Add(add) = proposal {
                added.push(leaves.add(&add.key_package.leaf_node)?);
                added_by.push(ChangedBy::of(sender));
            }
        }
        match (committer, path) {
            (Sender::Member { leaf_index }, Some(leaf_node)) => {
                leaves.update(*leaf_index, leaf_node, &mut updated)?;
            }
            (Sender::NewMemberCommit {}, Some(leaf_node)) => {
                added.push(leaves.add(leaf_node)?);
                added_by.push(ChangedBy::Joiner);
            }
            _ => {}
        }
        let committer = ChangedBy::of(committer);
        let leaves = RoomLeaves::checked(leaves.credentials)?;
        let key_updates = key_updates(proposals)?;
        Ok(Self { committer, leaves, added, added_by, removed, self_removed, updated, key_updates })
    }

    /// The sender of the commit.
    #[must_use]
    pub fn committer(&self) -> ChangedBy {
        self.committer
    }

    /// The leaves after the commit.
    #[must_use]
    pub fn leaves(&self) -> &RoomLeaves {
        &self.leaves
    }

    /// The leaves where the commit's Add proposals land, in their order; in an external commit, the
    /// joiner's own comes last.
    #[must_use]
    pub fn added(&self) -> &[u32] {
        &self.added
    }

    /// The added leaves, each with the party that adds it.
    pub fn added_by(&self) -> impl Iterator<Item = (u32, ChangedBy)> {
        self.added.iter().copied().zip(self.added_by.iter().copied())
    }

    /// The leaves that the commit blanks, even if it fills them again.
    #[must_use]
    pub fn removed(&self) -> &[u32] {
        &self.removed
    }

    /// Whether the client at a removed leaf removed itself, by a SelfRemove proposal.
    #[must_use]
    pub fn removed_itself(&self, leaf_index: u32) -> bool {
        self.self_removed.contains(&leaf_index)
    }

    /// The leaves that get another credential. A leaf that only gets new keys is not listed.
    #[must_use]
    pub fn updated(&self) -> &[u32] {
        &self.updated
    }

    /// The changes of the wrapped keys, in the order of the proposals, each with its sender. All of
    /// them apply, one after another (mls-extensions-10 §4.7).
    #[must_use]
    pub fn key_updates(&self) -> &[(ChangedBy, IdentityLinkKeysUpdate)] {
        &self.key_updates
    }

    /// Whether the commit leaves all leaves and their credentials as they are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.updated.is_empty()
    }
}

fn key_updates<'p>(
    proposals: impl Iterator<Item = (&'p Proposal, &'p Sender)>,
) -> Result<Vec<(ChangedBy, IdentityLinkKeysUpdate)>, PseudonymError> {
    let mut updates = vec![];
    for (proposal, sender) in proposals {
        let Proposal::AppDataUpdate(change) = proposal else { continue };
        if change.component_id != ComponentID::IDENTITY_LINK_KEYS {
            continue;
        }
        match &change.op {
            AppDataUpdateSelect::Update { update } => {
                updates.push((ChangedBy::of(sender), IdentityLinkKeysUpdate::decode_exact(update)?));
            }
            AppDataUpdateSelect::Remove {} => return Err(PseudonymError::LinkKeysRemoved),
        }
    }
    Ok(updates)
}

/// Leaves on their way to another epoch.
struct Leaves {
    credentials: BTreeMap<u32, Arc<PseudonymousCredential>>,
    /// No leaf before this one is blank, once additions have begun.
    blank: u32,
}

impl Leaves {
    fn update(
        &mut self,
        leaf_index: u32,
        leaf_node: &LeafNode,
        updated: &mut Vec<u32>,
    ) -> Result<(), PseudonymError> {
        let new = leaf_credential(leaf_node).map_err(|error| error.at(leaf_index))?;
        let old = self
            .credentials
            .get_mut(&leaf_index)
            .ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
        if **old != *new {
            *old = Arc::new(new.clone());
            updated.push(leaf_index);
        }
        Ok(())
    }

    /// The leftmost blank leaf takes it. Additions only fill leaves, so the next blank is further
    /// right.
    fn add(&mut self, leaf_node: &LeafNode) -> Result<u32, PseudonymError> {
        self.blank = blank_from(&self.credentials, self.blank);
        let credential = leaf_credential(leaf_node).map_err(|error| error.at(self.blank))?;
        // A tree has fewer than 2^32 leaves.
        if self.credentials.insert(self.blank, Arc::new(credential.clone())).is_some() {
            return Err(PseudonymError::UnknownLeaf);
        }
        Ok(self.blank)
    }
}
