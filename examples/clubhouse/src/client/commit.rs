//! Changing a room: what a client wishes becomes proposals, and a commit.

use mimi_codec::{
    Encode,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::{Add, KeyPackage, MLSMessage, MLSMessageBody, Proposal, Remove, Sender},
    protocol::{
        CommitMessage, GroupInfoOption, HandshakeBundle, IdentifierUri, ParticipantListUpdate,
        ProposalMessage, ProposalMessages, TreelessGroupInfo, UpdateRequest, UserRolePair, UserindexRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
    room_policy::RoleData,
};
use mimi_policy::{Request, UserUri};
use openmls::prelude::{
    AppDataUpdateOperation, AppDataUpdateProposal, KeyPackageIn, LeafNodeIndex, MlsMessageOut,
    OpenMlsProvider, Proposal as OpenMlsProposal, ProtocolVersion,
};

use super::{Client, Membership};
use crate::{
    Result,
    decision::{self, Attributed, Decision},
    ensure, stack,
};

/// What a user wishes of a room.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Users to be added, with their roles.
    pub add: Vec<(IdentifierUri, u32)>,
    /// Users to be taken off the list, with all their clients.
    pub remove: Vec<IdentifierUri>,
    /// Users to be given another role.
    pub change_role: Vec<(IdentifierUri, u32)>,
    /// Clients to be added, by the key packages that their provider handed out.
    pub add_clients: Vec<KeyPackage>,
    /// Clients to be removed from the group.
    pub remove_clients: Vec<IdentifierUri>,
    /// New roles.
    pub roles: Option<RoleData>,
}

/// Whether a client asks the room's policy before it acts, and takes up the proposals that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It does, as every client should.
    Asks,
    /// It doesn't: somebody has changed it. Others have to notice.
    DoesntAsk,
}

impl Client {
    /// A commit of these wishes and of all that waits for one. It takes effect with the hub's answer: see
    /// [`Client::commit_was_accepted`].
    ///
    /// # Errors
    /// When the room's policy forbids it, or MLS.
    pub fn commit(
        &mut self,
        room: &IdentifierUri,
        wishes: &Wishes,
        conduct: Conduct,
    ) -> Result<UpdateRequest> {
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let own = membership.proposals(wishes)?;
        let decision = membership.foresee(&own, conduct)?;

        let mut builder = membership.group.commit_builder().consume_proposal_store(conduct == Conduct::Asks);
        for proposal in &own {
            builder = match proposal {
                Proposal::Add(add) => {
                    let key_package: KeyPackageIn = stack::to_openmls(&add.key_package)?;
                    let key_package = key_package.validate(self.mls.crypto(), ProtocolVersion::Mls10)?;
                    builder.propose_adds([key_package])
                }
                Proposal::Remove(remove) => builder.propose_removals([LeafNodeIndex::new(remove.removed)]),
                Proposal::AppDataUpdate(AppDataUpdate {
                    component_id,
                    op: AppDataUpdateSelect::Update { update },
                }) => {
                    let update = AppDataUpdateProposal::update(component_id.0, update.to_vec());
                    builder.add_proposal(OpenMlsProposal::AppDataUpdate(Box::new(update)))
                }
                _ => return Err("no wish makes such a proposal".into()),
            };
        }
        let mut stage =
            builder.load_psks(self.mls.storage())?.create_group_info(true).use_ratchet_tree_extension(false);
        let updates = stack::updates(stage.app_data_dictionary_updater(), &decision.changed);
        stage.with_app_data_dictionary_updates(updates);
        let built = stage.build(self.mls.rand(), self.mls.crypto(), &self.key, |_| true)?;
        let bundle = built.stage_commit(&self.mls)?;
        membership.pending = Some(decision);

        let (commit, welcome, group_info) = bundle.into_contents();
        let welcome = welcome.map(|welcome| stack::of_openmls(&welcome)).transpose()?;
        let group_info = group_info.ok_or("OpenMLS made no GroupInfo")?;
        update_request(commit, welcome, stack::of_openmls(&group_info)?)
    }

    /// The hub has accepted the commit.
    ///
    /// # Errors
    /// When there was none.
    pub fn commit_was_accepted(&mut self, room: &IdentifierUri) -> Result<()> {
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let decision = membership.pending.take().ok_or("there is no commit")?;
        membership.group.merge_pending_commit(&self.mls)?;
        membership.enter(decision)
    }

    /// The hub has refused the commit.
    ///
    /// # Errors
    /// When OpenMLS can't forget it.
    pub fn commit_was_refused(&mut self, room: &IdentifierUri) -> Result<()> {
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        membership.pending = None;
        membership.group.clear_pending_commit(self.mls.storage())?;
        Ok(())
    }

    /// Proposals by which the client's user leaves with all its clients (mimi-protocol, 3.5): a client can't commit its own removal.
    ///
    /// # Errors
    /// When the room's policy forbids it, or MLS.
    pub fn leave(&mut self, room: &IdentifierUri) -> Result<UpdateRequest> {
        let user = self.identity.user.clone();
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let wishes = Wishes { remove: vec![user], ..Wishes::default() };
        let own = membership.proposals(&wishes)?;
        let sender = Sender::Member { leaf_index: membership.group.own_leaf_index().u32() };
        let references: Vec<&Proposal> = own.iter().collect();
        let request = Request::proposals(&membership.room, &membership.roster, &sender, &references)?;
        // A client asks itself first; the plan is put into effect when the hub has accepted the proposals.
        let _ = request.check(&membership.room)?;

        let mut messages = Vec::new();
        for proposal in &own {
            let group = &mut membership.group;
            let message: MlsMessageOut = match proposal {
                Proposal::Remove(remove) => {
                    group.propose_remove_member(&self.mls, &self.key, LeafNodeIndex::new(remove.removed))?.0
                }
                Proposal::AppDataUpdate(AppDataUpdate {
                    component_id,
                    op: AppDataUpdateSelect::Update { update },
                }) => {
                    let update = AppDataUpdateOperation::Update(update.to_vec().into());
                    group.propose_app_data_update(&self.mls, &self.key, component_id.0, update)?.0
                }
                _ => return Err("not a proposal for leaving".into()),
            };
            messages.push(ProposalMessage::new(stack::of_openmls(&message)?)?);
        }
        let mut messages = messages.into_iter();
        let proposal_or_commit = messages.next().ok_or("nothing to propose")?;
        let proposals = ProposalMessages::new(proposal_or_commit, messages.collect())?;
        Ok(UpdateRequest { bundle: HandshakeBundle::Proposal(proposals) })
    }
}

/// A commit as MIMI carries it. The hub has followed the handshakes, so that the tree needn't travel with it.
pub(super) fn update_request(
    commit: MlsMessageOut,
    welcome: Option<mimi_codec::mls::Welcome>,
    group_info: mimi_codec::mls::GroupInfo,
) -> Result<UpdateRequest> {
    let commit: MLSMessage = stack::of_openmls(&commit)?;
    ensure!(matches!(commit.body, MLSMessageBody::PublicMessage { .. }), "the hub has to read a commit");
    let group_info = TreelessGroupInfo::new(group_info)?;
    Ok(UpdateRequest {
        bundle: HandshakeBundle::Commit {
            proposal_or_commit: CommitMessage::new(commit)?,
            welcome,
            group_info_option: Box::new(GroupInfoOption::Full { group_info }),
            ratchet_tree_option: RatchetTreeOption::DistributionService {},
        },
    })
}

impl Membership {
    /// The proposals that wishes take: at most one update of the participant list, and an Add or Remove for each client.
    fn proposals(&self, wishes: &Wishes) -> Result<Vec<Proposal>> {
        let index_of = |user: &IdentifierUri| {
            let user = UserUri::try_from(user).map_err(|error| error.to_string())?;
            self.room.index_of(&user).ok_or_else(|| format!("{user} is not on the list"))
        };
        let mut removed_indices = Vec::new();
        let mut leaving: Vec<u32> = Vec::new();
        for user in &wishes.remove {
            removed_indices.push(index_of(user)?);
            leaving.extend(self.leaves_of(|it| it.user == *user));
        }
        let mut changed_role_participants = Vec::new();
        for (user, role_index) in &wishes.change_role {
            let user_index = index_of(user)?;
            changed_role_participants.push(UserindexRolePair { user_index, role_index: *role_index });
            // Who is banned leaves the group in the same commit (mimi-protocol, 5.3).
            if *role_index == mimi_policy::BANNED_ROLE {
                leaving.extend(self.leaves_of(|it| it.user == *user));
            }
        }
        let added = wishes.add.iter();
        let added =
            added.map(|(user, role)| UserRolePair { user: user.as_bytes().into(), role_index: *role });
        let list = ParticipantListUpdate {
            changed_role_participants,
            removed_indices,
            added_participants: added.collect(),
        };
        for client in &wishes.remove_clients {
            leaving.extend(self.leaves_of(|it| it.client == *client));
        }

        let mut proposals = Vec::new();
        let empty = wishes.add.is_empty() && wishes.remove.is_empty() && wishes.change_role.is_empty();
        if !empty {
            proposals.push(app_data_update(ComponentID::PARTICIPANT_LIST, &list)?);
        }
        if let Some(roles) = &wishes.roles {
            proposals.push(app_data_update(ComponentID::ROLES_LIST, roles)?);
        }
        let removes = leaving.into_iter().map(|removed| Proposal::Remove(Remove { removed }));
        proposals.extend(removes);
        let adds = wishes.add_clients.iter().cloned();
        proposals.extend(adds.map(|key_package| Proposal::Add(Box::new(Add { key_package }))));
        Ok(proposals)
    }

    fn leaves_of(&self, wanted: impl Fn(&crate::identity::ClientIdentity) -> bool) -> Vec<u32> {
        self.roster.members.iter().filter(|(_, it)| wanted(it)).map(|(leaf, _)| *leaf).collect()
    }

    /// What the hub and everybody else will decide about a commit of these proposals and those that wait.
    fn foresee(&self, own: &[Proposal], conduct: Conduct) -> Result<Decision> {
        let sender = Sender::Member { leaf_index: self.group.own_leaf_index().u32() };
        let waiting = match conduct {
            Conduct::Asks => self.accepted.as_slice(),
            // It leaves out what waits, too.
            Conduct::DoesntAsk => &[],
        };
        let waiting = waiting.iter().map(|it| (&it.proposal, Some(&it.sender)));
        let all: Vec<Attributed<'_>> = waiting.chain(own.iter().map(|it| (it, None))).collect();
        // The path keeps the client's own credential.
        let credential = stack::of_openmls(&self.group.credential()?)?;
        let request =
            Request::commit(&self.room, &self.roster, &sender, Some(&credential), all.iter().copied());
        let decided = match conduct {
            Conduct::Asks => decision::decide(&self.room, &self.dictionary, request, &all),
            Conduct::DoesntAsk => decision::decide_unasked(&self.room, &self.dictionary, request, &all),
        };
        decided.map_err(|refused| refused.to_string().into())
    }

    /// A commit has been merged: the room is what the decision says, and the GroupContext has to say the same.
    pub(super) fn enter(&mut self, decision: Decision) -> Result<()> {
        self.dictionary = stack::dictionary(self.group.public_group().group_context())?;
        self.roster = decision::Roster::new(self.group.members(), self.group.public_group().group_context())?;
        self.room = decision.room;
        self.accepted.clear();
        self.room.matches(&self.dictionary)?;
        Ok(())
    }
}

fn app_data_update(component_id: ComponentID, update: &impl Encode) -> Result<Proposal> {
    let update = update.to_bytes()?.into();
    let op = AppDataUpdateSelect::Update { update };
    Ok(Proposal::AppDataUpdate(AppDataUpdate { component_id, op }))
}
