//! A room whose group is a pair: a traditional and a post-quantum one (mls-combiner).
//!
//! The room is the traditional group: application messages are sent in it, and its GroupContext
//! holds the room's components (reading N13). A [`PostQuantumGroup`] is the other half, which a hub
//! or follower keeps beside its [`Room`]. PARTIAL commits concern the room alone and go the
//! ordinary way: [`Room::judge_commit`] refuses those that need a FULL commit. A FULL commit is
//! judged by
//! [`PostQuantumGroup::judge_full_commit`]: policy decides on the traditional commit, and the
//! post-quantum one must make the same of the other group.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use mimi_codec::{
    ClientUri, Encode,
    apq::{APQInfo, APQSessionError, check_full_commit, check_session},
    code_points::ComponentID,
    mls::{
        AuthenticatedContent, Commit, Content, GroupContext, LeafNode, PreSharedKeyID, Proposal,
        ProposalOrRef, Sender,
    },
    protocol::CommitMessage,
};
use mimi_crypto::{ApqSuitesError, check_apq_suites};

use crate::{
    ApplyError, CommitDecision, Committed, CredentialError, Identity, JoinCodes, Member, MemberChanges,
    MlsStack, Room, RoomRefusal, components, judge::CommitKind, stack::ComponentUpdates,
};

/// The post-quantum group of a room, as a party follows it that cannot read its messages.
#[derive(Clone, Debug)]
pub struct PostQuantumGroup<Q> {
    stack: Q,
    context: GroupContext,
    members: BTreeMap<u32, Member>,
}

/// Why a group is not the other half of a room.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PairError {
    /// The MLS stack cannot say what the group is.
    Mls(String),
    /// A leaf has a credential that does not identify its client.
    Credential {
        /// The leaf.
        leaf_index: u32,
        /// Why.
        why: CredentialError,
    },
    /// The two groups are not one session.
    Session(APQSessionError),
    /// Their suites do not fit together.
    Suites(ApqSuitesError),
    /// They have different clients.
    Members,
}

impl fmt::Display for PairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mls(why) => write!(f, "MLS: {why}"),
            Self::Credential { leaf_index, why } => write!(f, "leaf {leaf_index}: credential refused: {why}"),
            Self::Session(error) => error.fmt(f),
            Self::Suites(error) => error.fmt(f),
            Self::Members => f.write_str("the two groups have different clients"),
        }
    }
}

impl core::error::Error for PairError {}

/// A FULL commit that is allowed. It changes nothing until [`PostQuantumGroup::apply_full_commit`].
#[must_use = "a decision changes nothing until it is applied"]
pub struct FullCommitDecision<S: MlsStack, Q: MlsStack> {
    commit: CommitDecision<S>,
    info: APQInfo,
    psk: PreSharedKeyID,
    epoch: u64,
    staged: Q::Staged,
    context: GroupContext,
    members: BTreeMap<u32, Member>,
}

impl<S: MlsStack, Q: MlsStack> FullCommitDecision<S, Q> {
    /// The decision on the room's commit: who commits, what changes, by which rights.
    pub const fn commit(&self) -> &CommitDecision<S> {
        &self.commit
    }

    /// The APQInfo of both new epochs.
    #[must_use]
    pub const fn info(&self) -> &APQInfo {
        &self.info
    }

    /// The PSK that the room's group takes from the post-quantum one. Members derive its name
    /// ([`ApqPsk::is_named_by`](mimi_crypto::ApqPsk::is_named_by)); a hub cannot.
    #[must_use]
    pub const fn psk(&self) -> &PreSharedKeyID {
        &self.psk
    }

    /// The GroupContext of the post-quantum group's new epoch.
    #[must_use]
    pub const fn post_quantum_context(&self) -> &GroupContext {
        &self.context
    }
}

impl<S: MlsStack, Q: MlsStack> fmt::Debug for FullCommitDecision<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FullCommitDecision").field("commit", &self.commit).finish_non_exhaustive()
    }
}

impl<Q: MlsStack> PostQuantumGroup<Q> {
    /// The other half of a room, by the stack that follows it.
    ///
    /// Before the first FULL commit the two groups have no APQInfo yet, and only their clients are
    /// compared. After it they must be one session.
    ///
    /// # Errors
    /// A [`PairError`].
    pub fn load(room: &Room, stack: Q, identity: &impl Identity) -> Result<Self, PairError> {
        let mls = |error: Q::Error| PairError::Mls(error.to_string());
        let context = stack.group_context().map_err(mls)?;
        let mut members = BTreeMap::new();
        for (leaf_index, leaf) in stack.leaves().map_err(mls)? {
            let member = identity.identify(room.uri(), &leaf.credential, &leaf.signature_key);
            let member = member.map_err(|why| PairError::Credential { leaf_index, why })?;
            members.insert(leaf_index, member);
        }
        let has_info = |context: &GroupContext| {
            let dictionary = context.extensions.app_data_dictionary();
            dictionary.is_ok_and(|it| it.data(ComponentID::APQ_MLS_INFO).is_some())
        };
        if has_info(room.group_context()) || has_info(&context) {
            let info = check_session(room.group_context(), &context).map_err(PairError::Session)?;
            check_apq_suites(&info).map_err(PairError::Suites)?;
        }
        if !same_clients(room.members().iter().map(|(_, member)| member), members.values()) {
            return Err(PairError::Members);
        }
        Ok(Self { stack, context, members })
    }

    /// The epoch of the group.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.context.epoch
    }

    /// The GroupContext of this epoch.
    #[must_use]
    pub const fn group_context(&self) -> &GroupContext {
        &self.context
    }

    /// The MLS stack that follows the group.
    #[must_use]
    pub const fn stack(&self) -> &Q {
        &self.stack
    }

    /// Judges a FULL commit: `commit` of the room's group, and `post_quantum_commit` of this one.
    /// Nothing changes before [`Self::apply_full_commit`].
    ///
    /// Both come from one client, update the APQInfo alike, and leave both groups with the same
    /// clients. Everything else is decided on the room's commit.
    ///
    /// At a member, staging the room's commit takes the PSK: its stack for the room must have it
    /// from the staged post-quantum epoch.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn judge_full_commit<S: MlsStack>(
        &mut self,
        (room, stack): (&Room, &mut S),
        identity: &impl Identity,
        codes: JoinCodes<'_>,
        commit: &CommitMessage,
        post_quantum_commit: &CommitMessage,
    ) -> Result<FullCommitDecision<S, Q>, RoomRefusal> {
        room.check_place(commit.group_id(), commit.epoch())?;
        let (content, verified) = room.verify(stack, commit.get())?;
        let (pq_content, pq_verified) = self.verify(post_quantum_commit)?;
        let (of_commit, pq_commit) = (commit_of(&content)?, commit_of(&pq_content)?);
        let named = room.waiting().resolve(&of_commit.proposals).map_err(RoomRefusal::UnknownReferences)?;
        let proposals: Vec<&Proposal> = named.iter().map(|it| it.proposal).collect();
        let pq_proposals = proposals_by_value(pq_commit)?;
        let full = check_full_commit((room.group_context(), &proposals), (&self.context, &pq_proposals));
        let full = full.map_err(RoomRefusal::Pair)?;
        check_apq_suites(&full.info).map_err(RoomRefusal::PairSuites)?;

        let kind = CommitKind::OfPair(&full.info);
        let judged = room.judge_commit_of(identity, codes, &content, kind)?;
        let committer = judged.committer.actor.clone();
        let staged = stack.stage(verified, &judged.components);
        let staged = staged.map_err(|error| RoomRefusal::Mls(error.to_string()))?;
        let decision = room.decide(stack, identity, &content, judged, staged)?;

        let sender = pq_content.content().sender();
        let (by, members) = self.members_after(room, identity, sender, pq_commit, &pq_proposals)?;
        if by.actor() != committer {
            return Err(RoomRefusal::PairCommitter);
        }
        let info = full.info.to_bytes().map_err(|_| RoomRefusal::OtherComponents)?;
        let updates: ComponentUpdates = alloc::vec![(ComponentID::APQ_MLS_INFO, Some(info))];
        let (staged, context) = self.stage(pq_verified, &updates)?;
        check_session(decision.group_context(), &context).map_err(RoomRefusal::Pair)?;
        let after = room_members_after(room, decision.leaves());
        if !same_clients(after.values().copied(), members.values()) {
            return Err(RoomRefusal::PairMembers);
        }
        let epoch = self.context.epoch;
        let mimi_codec::apq::FullCommit { info, psk, .. } = full;
        Ok(FullCommitDecision { commit: decision, info, psk, epoch, staged, context, members })
    }

    /// Puts a FULL commit into effect in both groups, the post-quantum one first.
    ///
    /// # Errors
    /// [`ApplyError::Stale`] if one of the groups has gone on; nothing has changed then. After
    /// [`ApplyError::Mls`] one of them may have gone on alone: load both as they were stored.
    pub fn apply_full_commit<S: MlsStack>(
        &mut self,
        (room, stack): (&mut Room, &mut S),
        decision: FullCommitDecision<S, Q>,
    ) -> Result<Committed, ApplyError> {
        if decision.epoch != self.context.epoch || decision.commit.epoch != room.epoch() {
            return Err(ApplyError::Stale);
        }
        self.stack.merge(decision.staged).map_err(|error| ApplyError::Mls(error.to_string()))?;
        (self.context, self.members) = (decision.context, decision.members);
        room.apply_commit(stack, decision.commit)
    }

    fn verify(
        &mut self,
        message: &CommitMessage,
    ) -> Result<(AuthenticatedContent, Q::Verified), RoomRefusal> {
        self.check_place(message.group_id(), message.epoch())?;
        let (content, verified) =
            self.stack.verify(message.get()).map_err(|error| RoomRefusal::Mls(error.to_string()))?;
        self.check_place(content.content().group_id(), *content.content().epoch())?;
        Ok((content, verified))
    }

    fn check_place(&self, group_id: &[u8], epoch: u64) -> Result<(), RoomRefusal> {
        let current = self.context.epoch;
        if *group_id != *self.context.group_id {
            Err(RoomRefusal::OtherGroup)
        } else if epoch != current {
            Err(RoomRefusal::OtherEpoch { epoch, current })
        } else {
            Ok(())
        }
    }

    /// The epoch that a commit leads to, which has nothing of its own but the APQInfo.
    fn stage(
        &mut self,
        verified: Q::Verified,
        updates: &ComponentUpdates,
    ) -> Result<(Q::Staged, GroupContext), RoomRefusal> {
        let mls = |error: Q::Error| RoomRefusal::Mls(error.to_string());
        let staged = self.stack.stage(verified, updates).map_err(mls)?;
        let context = self.stack.staged_context(&staged).map_err(mls)?;
        let dictionary = |context: &GroupContext| {
            context.extensions.app_data_dictionary().map_err(|_| RoomRefusal::OtherComponents)
        };
        let (before, after) = (dictionary(&self.context)?, dictionary(&context)?);
        let follows = context.group_id == self.context.group_id
            && Some(context.epoch) == self.context.epoch.checked_add(1)
            && context.cipher_suite == self.context.cipher_suite;
        if follows && components::is_updated(&before, updates, &after) {
            Ok((staged, context))
        } else {
            Err(RoomRefusal::OtherComponents)
        }
    }

    /// Who commits, and who is behind the leaves afterwards.
    fn members_after(
        &self,
        room: &Room,
        identity: &impl Identity,
        sender: &Sender,
        commit: &Commit,
        proposals: &[&Proposal],
    ) -> Result<(Member, BTreeMap<u32, Member>), RoomRefusal> {
        let identify = |proposal, leaf: &LeafNode| {
            let member = identity.identify(room.uri(), &leaf.credential, &leaf.signature_key);
            member.map_err(|why| RoomRefusal::Credential { proposal, reference: None, why })
        };
        let mut members = self.members.clone();
        let mut added = Vec::new();
        for (place, proposal) in proposals.iter().enumerate() {
            match proposal {
                Proposal::Remove(remove) => {
                    members.remove(&remove.removed).ok_or(RoomRefusal::PairMembers)?;
                }
                Proposal::Add(add) => added.push(identify(Some(place), &add.key_package.leaf_node)?),
                _ => {}
            }
        }
        let path = commit.path.as_ref().map(|path| identify(None, &path.leaf_node)).transpose()?;
        let by = match (sender, path) {
            (Sender::Member { leaf_index }, path) => {
                let before = members.get(leaf_index).cloned().ok_or(RoomRefusal::PairCommitter)?;
                // The path's leaf is the same client's.
                if path.is_some_and(|path| path.actor() != before.actor()) {
                    return Err(RoomRefusal::PairCommitter);
                }
                before
            }
            (Sender::NewMemberCommit {}, Some(path)) => {
                added.push(path.clone());
                path
            }
            _ => return Err(RoomRefusal::WrongContent),
        };
        let mut free = 0..;
        for member in added {
            // The leftmost blank leaf (RFC 9420 §12.1.1).
            let leaf = free.find(|leaf| !members.contains_key(leaf)).ok_or(RoomRefusal::PairMembers)?;
            members.insert(leaf, member);
        }
        Ok((by, members))
    }
}

fn commit_of(content: &AuthenticatedContent) -> Result<&Commit, RoomRefusal> {
    match content.content().content() {
        Content::Commit { commit } => Ok(commit),
        _ => Err(RoomRefusal::WrongContent),
    }
}

/// The proposals of a post-quantum commit. What changes the room is proposed in the room's group;
/// here a commit writes out what it comes to.
fn proposals_by_value(commit: &Commit) -> Result<Vec<&Proposal>, RoomRefusal> {
    let mut proposals = Vec::with_capacity(commit.proposals.len());
    for it in &commit.proposals {
        let ProposalOrRef::Proposal { proposal } = it else { return Err(RoomRefusal::PairProposal) };
        proposals.push(proposal);
    }
    let allowed = |proposal: &&Proposal| match proposal {
        Proposal::Add(_) | Proposal::Remove(_) | Proposal::ExternalInit(_) | Proposal::PreSharedKey(_) => {
            true
        }
        Proposal::AppDataUpdate(update) => update.component_id == ComponentID::APQ_MLS_INFO,
        _ => false,
    };
    if proposals.iter().all(allowed) { Ok(proposals) } else { Err(RoomRefusal::PairProposal) }
}

fn room_members_after<'r>(room: &'r Room, changes: &'r MemberChanges) -> BTreeMap<u32, &'r Member> {
    let mut members: BTreeMap<u32, &Member> = room.members().iter().collect();
    members.retain(|leaf, _| !changes.removed.contains(leaf));
    members.extend(changes.updated.iter().chain(&changes.added).map(|(leaf, member)| (*leaf, member)));
    members
}

/// Each client once in both groups, under the same user. Leaves may differ.
fn same_clients<'m>(
    one: impl IntoIterator<Item = &'m Member>,
    other: impl IntoIterator<Item = &'m Member>,
) -> bool {
    type Clients<'m> = BTreeSet<(&'m ClientUri, &'m mimi_codec::UserUri)>;
    let clients = |members: &mut dyn Iterator<Item = &'m Member>| -> (usize, Clients<'m>) {
        let all: Vec<_> = members.map(|member| (&member.client, &member.user)).collect();
        (all.len(), all.into_iter().collect())
    };
    let (one, other) = (clients(&mut one.into_iter()), clients(&mut other.into_iter()));
    one == other && one.0 == one.1.len()
}
