//! A client's view of a group.

use std::{ops::Deref, sync::Arc};

use mimi_codec::{
    code_points::ComponentID,
    extensions::{AppDataUpdateSelect, SafeAADItem},
    mls::{
        AuthenticatedContent, GroupContext, GroupInfo, LeafNode, MLSMessage, Proposal, ProposalRef,
        RatchetTree, Welcome,
    },
    protocol::{GroupInfoRatchetTreeTBE, TreelessGroupInfo},
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::Secret;
use mimi_room::{ComponentUpdates, MlsMember, MlsStack, OpenedMessage, OwnCommit};
use openmls::prelude::{
    self as mls, AppDataUpdateOperation, AppDataUpdateProposal, CredentialWithKey, KeyPackageIn,
    LeafNodeIndex, LeafNodeParameters, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, OpenMlsProvider,
    PURE_PLAINTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent, ProtocolVersion, StagedCommit, StagedWelcome,
    group_info::VerifiableGroupInfo,
};
use openmls_traits::signatures::Signer;

use crate::{
    StackError,
    bridge::{app_data_updates, of_openmls, protocol_message, public_content, to_openmls},
    public::{leaf, leaves, proposals},
};

/// A client's group: handshakes travel as PublicMessages, for the hub to read, and the tree
/// travels beside GroupInfo and Welcome.
pub struct MemberStack<P, K> {
    provider: P,
    signer: Arc<K>,
    group: MlsGroup,
}

/// The next epoch of a client's group.
pub enum MemberStaged {
    /// By another's commit.
    Received(Box<StagedCommit>),
    /// By the client's own commit, which OpenMLS keeps. It has this GroupContext.
    Own(Box<GroupContext>),
}

const NO_WAY: &str = "OpenMLS offers no way to make this proposal";

/// How a client sends and receives in a MIMI room. `max_past_epochs` says for how many epochs it
/// still opens messages.
#[must_use]
pub fn join_config(max_past_epochs: usize) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(max_past_epochs)
        .build()
}

/// What a new group of a MIMI room is made with, for the caller to go on.
#[must_use]
pub fn group_config(max_past_epochs: usize) -> mls::MlsGroupCreateConfigBuilder {
    MlsGroupCreateConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(max_past_epochs)
}

impl<P, K> MemberStack<P, K>
where
    P: Deref,
    P::Target: OpenMlsProvider + Sized,
    K: Signer,
{
    /// A group that the client has created, joined or loaded.
    #[must_use]
    pub const fn new(provider: P, signer: Arc<K>, group: MlsGroup) -> Self {
        Self { provider, signer, group }
    }

    /// The group.
    #[must_use]
    pub const fn group(&self) -> &MlsGroup {
        &self.group
    }

    /// The group, to change what mimi-room does not: settings, deletion.
    pub const fn group_mut(&mut self) -> &mut MlsGroup {
        &mut self.group
    }

    /// The GroupInfo of this epoch, without the tree: for the hub of a new room.
    ///
    /// # Errors
    /// [`StackError`] if OpenMLS makes none.
    pub fn group_info(&self) -> Result<GroupInfo, StackError> {
        let info = self
            .group
            .export_group_info(self.provider.crypto(), &*self.signer, false)
            .map_err(StackError::of("exporting the GroupInfo"))?;
        match of_openmls::<MLSMessage>(&info)?.body {
            mimi_codec::mls::MLSMessageBody::GroupInfo { group_info } => Ok(*group_info),
            _ => Err(StackError::new("exporting the GroupInfo", "not a GroupInfo")),
        }
    }

    /// What a provider needs to host the group as a new room, by `PublicStack::follow` and
    /// `mimi_room::hub::Hub::host`: GroupInfo and tree.
    ///
    /// # Errors
    /// [`StackError`] if OpenMLS exports none.
    pub fn for_hub(&self) -> Result<GroupInfoRatchetTreeTBE, StackError> {
        let group_info = TreelessGroupInfo::new(self.group_info()?);
        Ok(GroupInfoRatchetTreeTBE {
            group_info: group_info.map_err(StackError::of("exporting the GroupInfo"))?,
            ratchet_tree_option: RatchetTreeOption::Full { ratchet_tree: self.ratchet_tree()? },
            pending_proposals: Vec::new(),
        })
    }

    /// A commit of these proposals alone, whatever is queued. In a room that is wrong as soon as
    /// accepted proposals wait (mimi-protocol-06 §7.3): this is for tests of what others refuse.
    ///
    /// # Errors
    /// [`StackError`] for whatever OpenMLS refuses to commit.
    pub fn commit_alone(
        &mut self,
        proposals: &[Proposal],
        components: &ComponentUpdates,
    ) -> Result<(OwnCommit, MemberStaged), StackError> {
        self.commit_of(proposals, components, false)
    }

    fn commit_of(
        &mut self,
        proposals: &[Proposal],
        components: &ComponentUpdates,
        with_queued: bool,
    ) -> Result<(OwnCommit, MemberStaged), StackError> {
        let provider = &*self.provider;
        let refused = |error: &dyn std::fmt::Display| StackError::new("committing", error);
        let mut builder = self.group.commit_builder().consume_proposal_store(with_queued);
        for wanted in proposals {
            builder = match wanted {
                Proposal::Add(add) => {
                    let key_package: KeyPackageIn = to_openmls(&add.key_package)?;
                    let key_package = key_package
                        .validate(provider.crypto(), ProtocolVersion::Mls10)
                        .map_err(StackError::of("validating a KeyPackage"))?;
                    builder.propose_adds([key_package])
                }
                Proposal::Remove(remove) => builder.propose_removals([LeafNodeIndex::new(remove.removed)]),
                Proposal::AppDataUpdate(update) => {
                    let id = update.component_id.0;
                    let update = match &update.op {
                        AppDataUpdateSelect::Update { update } => {
                            AppDataUpdateProposal::update(id, update.to_vec())
                        }
                        AppDataUpdateSelect::Remove {} => AppDataUpdateProposal::remove(id),
                    };
                    builder.add_proposal(mls::Proposal::AppDataUpdate(Box::new(update)))
                }
                Proposal::AppEphemeral(ephemeral) => {
                    let (id, data) = (ephemeral.component_id.0, ephemeral.data.to_vec());
                    let ephemeral = mls::AppEphemeralProposal::new(id, data);
                    builder.add_proposal(mls::Proposal::AppEphemeral(Box::new(ephemeral)))
                }
                _ => return Err(StackError::new("committing", NO_WAY)),
            };
        }
        let mut stage = builder
            .load_psks(provider.storage())
            .map_err(|it| refused(&it))?
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        let updates = app_data_updates(stage.app_data_dictionary_updater(), components);
        stage.with_app_data_dictionary_updates(updates);
        let bundle = stage
            .build(provider.rand(), provider.crypto(), &*self.signer, |_| true)
            .map_err(|it| refused(&it))?
            .stage_commit(provider)
            .map_err(|it| refused(&it))?;
        let own = own_commit(bundle)?;
        let staged = self.group.pending_commit();
        let staged = staged.ok_or_else(|| StackError::new("committing", "no staged commit"))?;
        let context = of_openmls(staged.group_context())?;
        Ok((own, MemberStaged::Own(Box::new(context))))
    }
}

impl<P, K> MlsStack for MemberStack<P, K>
where
    P: Deref,
    P::Target: OpenMlsProvider + Sized,
    K: Signer,
{
    type Verified = ProcessedMessageContent;
    type Staged = MemberStaged;
    type Error = StackError;

    fn group_context(&self) -> Result<GroupContext, StackError> {
        of_openmls(self.group.public_group().group_context())
    }

    fn leaves(&self) -> Result<Vec<(u32, LeafNode)>, StackError> {
        leaves(self.group.public_group())
    }

    fn leaf(&self, leaf_index: u32) -> Result<Option<LeafNode>, StackError> {
        leaf(self.group.public_group(), leaf_index)
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
            .process_message(&*self.provider, protocol_message(message)?)
            .map_err(|error| StackError::new("verifying a handshake", error))?;
        Ok((content, processed.into_content()))
    }

    fn stage(
        &mut self,
        verified: ProcessedMessageContent,
        components: &ComponentUpdates,
    ) -> Result<MemberStaged, StackError> {
        match verified {
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates = app_data_updates(self.group.app_data_dictionary_updater(), components);
                let staged = self.group.stage_app_data_commit(&*self.provider, *commit, updates);
                let staged = staged.map_err(|error| StackError::new("staging a commit", error))?;
                Ok(MemberStaged::Received(Box::new(staged)))
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(MemberStaged::Received(staged)),
            _ => Err(StackError::new("staging a commit", "not a commit")),
        }
    }

    fn staged_context(&self, staged: &MemberStaged) -> Result<GroupContext, StackError> {
        match staged {
            MemberStaged::Received(staged) => of_openmls(staged.group_context()),
            MemberStaged::Own(context) => Ok((**context).clone()),
        }
    }

    fn queue(&mut self, verified: Vec<ProcessedMessageContent>) -> Result<(), StackError> {
        let storage = self.provider.storage();
        let mut kept = Vec::with_capacity(verified.len());
        for proposal in proposals(verified)? {
            let reference = proposal.proposal_reference_ref().clone();
            if let Err(error) = self.group.store_pending_proposal(storage, proposal) {
                for reference in &kept {
                    let removed = self.group.remove_pending_proposal(storage, reference);
                    removed
                        .map_err(|error| StackError::new("forgetting a proposal", format!("{error:?}")))?;
                }
                return Err(StackError::new("keeping a proposal", format!("{error:?}")));
            }
            kept.push(reference);
        }
        Ok(())
    }

    fn merge(&mut self, staged: MemberStaged) -> Result<(), StackError> {
        match staged {
            MemberStaged::Received(staged) => self
                .group
                .merge_staged_commit(&*self.provider, *staged)
                .map_err(|error| StackError::new("merging a commit", format!("{error:?}"))),
            MemberStaged::Own(_) => self
                .group
                .merge_pending_commit(&*self.provider)
                .map_err(|error| StackError::new("merging an own commit", format!("{error:?}"))),
        }
    }
}

impl<P, K> MlsMember for MemberStack<P, K>
where
    P: Deref,
    P::Target: OpenMlsProvider + Sized,
    K: Signer,
{
    fn own_leaf(&self) -> u32 {
        self.group.own_leaf_index().u32()
    }

    fn propose(&mut self, wanted: &Proposal) -> Result<(MLSMessage, AuthenticatedContent), StackError> {
        let (provider, signer, group) = (&*self.provider, &*self.signer, &mut self.group);
        let refused = |error: &dyn std::fmt::Display| StackError::new("proposing", error);
        let message = match wanted {
            Proposal::Add(add) => {
                let key_package: KeyPackageIn = to_openmls(&add.key_package)?;
                let key_package = key_package
                    .validate(provider.crypto(), ProtocolVersion::Mls10)
                    .map_err(StackError::of("validating a KeyPackage"))?;
                group.propose_add_member(provider, signer, &key_package).map_err(|it| refused(&it))?.0
            }
            Proposal::Remove(remove) => {
                let leaf = LeafNodeIndex::new(remove.removed);
                group.propose_remove_member(provider, signer, leaf).map_err(|it| refused(&it))?.0
            }
            Proposal::SelfRemove(_) => {
                group.leave_group_via_self_remove(provider, signer).map_err(|it| refused(&it))?
            }
            Proposal::Update(_) => {
                group
                    .propose_self_update(provider, signer, LeafNodeParameters::default())
                    .map_err(|it| refused(&it))?
                    .0
            }
            Proposal::AppDataUpdate(update) => {
                let op = match &update.op {
                    AppDataUpdateSelect::Update { update } => {
                        AppDataUpdateOperation::Update(update.to_vec().into())
                    }
                    AppDataUpdateSelect::Remove {} => AppDataUpdateOperation::Remove,
                };
                group
                    .propose_app_data_update(provider, signer, update.component_id.0, op)
                    .map_err(|it| refused(&it))?
                    .0
            }
            _ => return Err(StackError::new("proposing", NO_WAY)),
        };
        let message: MLSMessage = of_openmls(&message)?;
        let content = public_content(&message)?;
        Ok((message, content))
    }

    fn queued(&self) -> Result<Vec<ProposalRef>, StackError> {
        self.group.pending_proposals().map(|it| of_openmls(it.proposal_reference_ref())).collect()
    }

    fn withdraw(&mut self, reference: &ProposalRef) -> Result<(), StackError> {
        let found: mls::hash_ref::ProposalRef = to_openmls(reference)?;
        self.group
            .remove_pending_proposal(self.provider.storage(), &found)
            .map_err(|error| StackError::new("withdrawing a proposal", format!("{error:?}")))
    }

    fn commit(
        &mut self,
        proposals: &[Proposal],
        components: &ComponentUpdates,
    ) -> Result<(OwnCommit, MemberStaged), StackError> {
        self.commit_of(proposals, components, true)
    }

    fn resume(&mut self) -> Result<Option<MemberStaged>, StackError> {
        let Some(staged) = self.group.pending_commit() else { return Ok(None) };
        Ok(Some(MemberStaged::Own(Box::new(of_openmls(staged.group_context())?))))
    }

    fn discard(&mut self, staged: MemberStaged) -> Result<(), StackError> {
        match staged {
            MemberStaged::Received(_) => Ok(()),
            MemberStaged::Own(_) => self
                .group
                .clear_pending_commit(self.provider.storage())
                .map_err(|error| StackError::new("discarding a commit", format!("{error:?}"))),
        }
    }

    fn export_secret(&self, label: &str, context: &[u8], length: u16) -> Result<Secret, StackError> {
        let secret = self
            .group
            .export_secret(self.provider.crypto(), label, context, length.into())
            .map_err(|error| StackError::new("exporting a secret", format!("{error:?}")))?;
        Ok(Secret::from_provider(secret))
    }

    fn export_component_secret(&mut self, component: ComponentID) -> Result<Secret, StackError> {
        let (crypto, storage) = (self.provider.crypto(), self.provider.storage());
        let secret = self
            .group
            .safe_export_secret(crypto, storage, component.0)
            .map_err(|error| StackError::new("exporting a component's secret", format!("{error:?}")))?;
        Ok(Secret::from_provider(secret))
    }

    fn seal(
        &mut self,
        safe_aad: Vec<SafeAADItem>,
        application_data: &[u8],
    ) -> Result<MLSMessage, StackError> {
        let items = safe_aad
            .into_iter()
            .map(|item| mls::SafeAadItem::new(item.component_id.0, item.aad_item_data.into_bytes()));
        self.group
            .set_safe_aad(items.collect())
            .map_err(|error| StackError::new("setting the Safe AAD", format!("{error:?}")))?;
        let message = self
            .group
            .create_message(&*self.provider, &*self.signer, application_data)
            .map_err(|error| StackError::new("sealing a message", format!("{error:?}")))?;
        of_openmls(&message)
    }

    fn open(&mut self, message: &MLSMessage) -> Result<OpenedMessage, StackError> {
        let processed = self
            .group
            .process_message(&*self.provider, protocol_message(message)?)
            .map_err(|error| StackError::new("opening a message", error))?;
        let mls::Sender::Member(leaf) = processed.sender() else {
            return Err(StackError::new("opening a message", "the sender is not a member"));
        };
        let (leaf_index, epoch) = (leaf.u32(), processed.epoch().as_u64());
        let authenticated_data = processed.aad().to_vec();
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(data) => Ok(OpenedMessage {
                leaf_index,
                epoch,
                authenticated_data,
                application_data: data.into_bytes(),
            }),
            _ => Err(StackError::new("opening a message", "not an application message")),
        }
    }
}

/// Joins a group by a Welcome and the tree beside it, which OpenMLS checks against it.
///
/// # Errors
/// [`StackError`] if the Welcome is not for a KeyPackage of this provider's storage, and for
/// whatever else OpenMLS refuses.
pub fn join_by_welcome<P, K>(
    provider: P,
    signer: Arc<K>,
    config: &MlsGroupJoinConfig,
    welcome: &Welcome,
    ratchet_tree: &RatchetTree,
) -> Result<MemberStack<P, K>, StackError>
where
    P: Deref,
    P::Target: OpenMlsProvider + Sized,
    K: Signer,
{
    let refused = |error: &dyn std::fmt::Display| StackError::new("joining by a Welcome", error);
    let group = {
        let provider = &*provider;
        StagedWelcome::build_from_welcome(provider, config, to_openmls(welcome)?)
            .map_err(|it| refused(&it))?
            .with_ratchet_tree(to_openmls(ratchet_tree)?)
            .build()
            .map_err(|it| refused(&it))?
            .into_group(provider)
            .map_err(|it| refused(&it))?
    };
    Ok(MemberStack::new(provider, signer, group))
}

fn own_commit(bundle: mls::CommitMessageBundle) -> Result<OwnCommit, StackError> {
    let (commit, welcome, group_info) = bundle.into_contents();
    let commit: MLSMessage = of_openmls(&commit)?;
    let content = public_content(&commit)?;
    let welcome = welcome.map(|welcome| of_openmls(&welcome)).transpose()?;
    let info = group_info.ok_or_else(|| StackError::new("committing", "no GroupInfo"))?;
    Ok(OwnCommit { commit, content, welcome, group_info: of_openmls(&info)? })
}

/// Joins a group from outside by an external commit with these proposals and components
/// (RFC 9420 §12.4.3.2). The group counts once the hub has accepted the commit.
///
/// # Errors
/// [`StackError`] for whatever OpenMLS refuses.
#[allow(clippy::too_many_arguments, reason = "what RFC 9420 needs for it, and no more")]
pub fn join_externally<P, K>(
    provider: P,
    signer: Arc<K>,
    credential: CredentialWithKey,
    leaf: LeafNodeParameters,
    config: &MlsGroupJoinConfig,
    group_info: &GroupInfo,
    ratchet_tree: &RatchetTree,
    proposals: &[Proposal],
    components: &ComponentUpdates,
) -> Result<(OwnCommit, MemberStack<P, K>), StackError>
where
    P: Deref,
    P::Target: OpenMlsProvider + Sized,
    K: Signer,
{
    let refused = |error: &dyn std::fmt::Display| StackError::new("joining from outside", error);
    let (own, group) = {
        let provider = &*provider;
        let info: VerifiableGroupInfo = to_openmls(group_info)?;
        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(to_openmls(ratchet_tree)?)
            .with_config(config.clone())
            .build_group(provider, info, credential)
            .map_err(|it| refused(&it))?
            .leaf_node_parameters(leaf);
        for wanted in proposals {
            let Proposal::AppDataUpdate(update) = wanted else {
                return Err(StackError::new("joining from outside", "not an AppDataUpdate"));
            };
            let AppDataUpdateSelect::Update { update: data } = &update.op else {
                return Err(StackError::new("joining from outside", "not an update"));
            };
            let proposal = AppDataUpdateProposal::update(update.component_id.0, data.to_vec());
            builder = builder.add_app_data_update_proposal(proposal);
        }
        let mut stage = builder
            .load_psks(provider.storage())
            .map_err(|it| refused(&it))?
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        let updates = app_data_updates(stage.app_data_dictionary_updater(), components);
        stage.with_app_data_dictionary_updates(updates);
        let (group, bundle) = stage
            .build(provider.rand(), provider.crypto(), &*signer, |_| true)
            .map_err(|it| refused(&it))?
            .finalize(provider)
            .map_err(|it| refused(&it))?;
        (own_commit(bundle)?, group)
    };
    Ok((own, MemberStack::new(provider, signer, group)))
}
