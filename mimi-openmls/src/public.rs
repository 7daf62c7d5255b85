//! A hub's view of a group.

use std::ops::Deref;

use mimi_codec::mls::{AuthenticatedContent, GroupContext, GroupInfo, LeafNode, MLSMessage, RatchetTree};
use mimi_room::{ComponentUpdates, MlsStack};
use openmls::prelude::{
    LeafNodeIndex, OpenMlsProvider, ProcessedMessageContent, ProposalStore, PublicGroup, QueuedProposal,
    StagedCommit,
};

use crate::{
    StackError,
    bridge::{app_data_updates, of_openmls, protocol_message, public_content, to_openmls},
};

/// A group that is followed from outside: a hub's, or a follower's that checks its hub.
///
/// The provider may be owned, borrowed or shared: anything that dereferences to it.
pub struct PublicStack<P> {
    provider: P,
    group: PublicGroup,
}

impl<P> PublicStack<P>
where
    P: Deref,
    P::Target: OpenMlsProvider + Sized,
{
    /// Begins to follow a group. OpenMLS checks the tree against the GroupInfo, and the GroupInfo
    /// against its signer.
    ///
    /// # Errors
    /// [`StackError`] for whatever OpenMLS refuses.
    pub fn follow(
        provider: P,
        group_info: &GroupInfo,
        ratchet_tree: &RatchetTree,
    ) -> Result<Self, StackError> {
        let (tree, info) = (to_openmls(ratchet_tree)?, to_openmls(group_info)?);
        let (crypto, storage) = (provider.crypto(), provider.storage());
        let followed = PublicGroup::from_external(crypto, storage, tree, info, ProposalStore::new());
        let (group, _) = followed.map_err(StackError::of("following the group"))?;
        Ok(Self { provider, group })
    }

    /// A group that was followed before, by what OpenMLS has stored.
    #[must_use]
    pub const fn new(provider: P, group: PublicGroup) -> Self {
        Self { provider, group }
    }

    /// The group.
    #[must_use]
    pub const fn group(&self) -> &PublicGroup {
        &self.group
    }
}

impl<P> MlsStack for PublicStack<P>
where
    P: Deref,
    P::Target: OpenMlsProvider + Sized,
{
    type Verified = ProcessedMessageContent;
    type Staged = Box<StagedCommit>;
    type Error = StackError;

    fn group_context(&self) -> Result<GroupContext, StackError> {
        of_openmls(self.group.group_context())
    }

    fn leaves(&self) -> Result<Vec<(u32, LeafNode)>, StackError> {
        leaves(&self.group)
    }

    fn leaf(&self, leaf_index: u32) -> Result<Option<LeafNode>, StackError> {
        leaf(&self.group, leaf_index)
    }

    fn ratchet_tree(&self) -> Result<RatchetTree, StackError> {
        of_openmls(&self.group.export_ratchet_tree())
    }

    fn verify(
        &mut self,
        message: &MLSMessage,
    ) -> Result<(AuthenticatedContent, ProcessedMessageContent), StackError> {
        let content = public_content(message)?;
        let processed = self
            .group
            .process_message(self.provider.crypto(), protocol_message(message)?)
            .map_err(StackError::of("verifying a handshake"))?;
        Ok((content, processed.into_content()))
    }

    fn stage(
        &mut self,
        verified: ProcessedMessageContent,
        components: &ComponentUpdates,
    ) -> Result<Box<StagedCommit>, StackError> {
        match verified {
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates = app_data_updates(self.group.app_data_dictionary_updater(), components);
                let staged = self.group.stage_app_data_commit(self.provider.crypto(), *commit, updates);
                staged.map(Box::new).map_err(StackError::of("staging a commit"))
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(staged),
            _ => Err(StackError::new("staging a commit", "not a commit")),
        }
    }

    fn staged_context(&self, staged: &Box<StagedCommit>) -> Result<GroupContext, StackError> {
        of_openmls(staged.group_context())
    }

    fn queue(&mut self, verified: Vec<ProcessedMessageContent>) -> Result<(), StackError> {
        let storage = self.provider.storage();
        let mut kept = Vec::with_capacity(verified.len());
        for proposal in proposals(verified)? {
            let reference = proposal.proposal_reference_ref().clone();
            if let Err(error) = self.group.add_proposal(storage, proposal) {
                for reference in &kept {
                    let removed = self.group.remove_proposal(storage, reference);
                    removed
                        .map_err(|error| StackError::new("forgetting a proposal", format!("{error:?}")))?;
                }
                return Err(StackError::new("keeping a proposal", format!("{error:?}")));
            }
            kept.push(reference);
        }
        Ok(())
    }

    fn merge(&mut self, staged: Box<StagedCommit>) -> Result<(), StackError> {
        self.group
            .merge_commit(self.provider.storage(), *staged)
            .map_err(|error| StackError::new("merging a commit", format!("{error:?}")))
    }
}

/// Verified messages as proposals, if all of them are.
pub(crate) fn proposals(verified: Vec<ProcessedMessageContent>) -> Result<Vec<QueuedProposal>, StackError> {
    let proposals = verified.into_iter().map(|it| match it {
        ProcessedMessageContent::ProposalMessage(queued)
        | ProcessedMessageContent::ExternalJoinProposalMessage(queued) => Ok(*queued),
        _ => Err(StackError::new("keeping a proposal", "not a proposal")),
    });
    proposals.collect()
}

pub(crate) fn leaf(group: &PublicGroup, leaf_index: u32) -> Result<Option<LeafNode>, StackError> {
    let leaf = group.leaf(LeafNodeIndex::new(leaf_index));
    leaf.map(of_openmls).transpose()
}

pub(crate) fn leaves(group: &PublicGroup) -> Result<Vec<(u32, LeafNode)>, StackError> {
    let leaves = group.treesync().full_leaves();
    leaves.map(|(index, leaf)| Ok((index.u32(), of_openmls(leaf)?))).collect()
}
