//! A client's room: everything that the hub hands on is judged again, and what the user wants
//! becomes bodies for the hub.
//!
//! A client holds a [`ClientRoom`] for each room: after creating its group or opening a Welcome by
//! [`ClientRoom::load`], from outside by [`ExternalJoin`]. Incoming messages go through
//! [`ClientRoom::receive`]. Changes go out by [`ClientRoom::commit`] or [`ClientRoom::propose`], and
//! count once [`ClientRoom::answered`] has seen the hub's answer.

mod join;
mod send;
mod snapshot;

use alloc::{boxed::Box, string::ToString, vec::Vec};
use core::fmt;

use mimi_codec::{
    DnsName, RoomUri, UserUri,
    mls::{MLSMessage, ProposalRef, Welcome},
    protocol::{
        ApplicationMessage, CommitMessage, FanoutEvent, FanoutMessage, Frank, GroupInfoOption,
        HandshakeBundle, ProposalMessage, TreelessGroupInfo, UpdateRequest, UpdateRoomResponse,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::CipherSuiteProvider;
use mimi_policy::TableSeed;

pub use join::ExternalJoin;
pub use send::{Composed, MessageEvent};
pub use snapshot::ClientSnapshot;

use crate::{
    ApplyError, CommitDecision, Committed, Identity, JoinCodes, LeafChanges, LoadError, Member, MlsMember,
    OwnCommit, Refused, Right, Room, WaitingProposal, WishError, Wishes, components,
};

/// For how many epochs a client remembers who had a leaf.
const REMEMBERED_EPOCHS: u64 = 8;

/// A room that a client is in.
pub struct ClientRoom<S: MlsMember> {
    room: Room,
    stack: S,
    hub: DnsName,
    pending: Option<Pending<S>>,
    /// Who had a leaf until the end of an epoch.
    former: Vec<(u64, u32, Member)>,
}

/// What the client has sent to the hub, which has not answered.
enum Pending<S: MlsMember> {
    Commit { decision: Box<CommitDecision<S>>, message: MLSMessage },
    Proposals { list: Vec<WaitingProposal> },
}

/// What came of a message that the hub has handed on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Proposals wait for a commit.
    Proposals {
        /// Their references.
        references: Vec<ProposalRef>,
        /// What they change, and by which rights.
        rights: Vec<Right>,
    },
    /// A commit has taken effect.
    Commit {
        /// What it changed.
        committed: Committed,
        /// Proposals of the hub for the new epoch that came with it: their references, or why
        /// they are refused.
        stapled: Vec<Result<ProposalRef, Refused>>,
    },
    /// A commit has taken effect, and this client is no longer in the group. The room stays as
    /// it was before; the caller drops it.
    Removed {
        /// What the commit changes, and by which rights.
        rights: Vec<Right>,
    },
    /// An application message.
    Message(MessageEvent),
    /// The client's own handshake or message, or one that it has seen. Nothing happens.
    Duplicate,
}

/// Why a client does not do what its user wants, or cannot take what the hub sends.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClientError {
    /// The rules of the room forbid it; whatever the hub has said, it has no effect.
    Refused(Refused),
    /// The wish cannot become proposals.
    Wish(WishError),
    /// The MLS stack refuses.
    Mls(alloc::string::String),
    /// The decision could not be put into effect.
    Apply(ApplyError),
    /// Another handshake of the client waits for the hub's answer.
    AnswerPending,
    /// No handshake of the client waits for an answer.
    NothingPending,
    /// A Welcome does not belong to a room that the client is in.
    Welcome,
    /// The group makes no valid room.
    Load(LoadError),
    /// The user of this client is not on the participant list.
    NotAParticipant(UserUri),
    /// A snapshot would be longer than the wire can hold.
    TooLong,
    /// The content cannot be franked.
    Franking(mimi_franking::FrankingError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Wish(error) => error.fmt(f),
            Self::Mls(why) => write!(f, "MLS: {why}"),
            Self::Apply(error) => error.fmt(f),
            Self::AnswerPending => f.write_str("another handshake waits for the hub's answer"),
            Self::NothingPending => f.write_str("no handshake waits for the hub's answer"),
            Self::Welcome => f.write_str("a Welcome is opened by the MLS stack, not by a room"),
            Self::Load(error) => error.fmt(f),
            Self::NotAParticipant(user) => write!(f, "{user} is not on the participant list"),
            Self::TooLong => f.write_str("snapshot is too long for the wire"),
            Self::Franking(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ClientError {}

impl From<Refused> for ClientError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<ApplyError> for ClientError {
    fn from(error: ApplyError) -> Self {
        Self::Apply(error)
    }
}

impl From<WishError> for ClientError {
    fn from(error: WishError) -> Self {
        Self::Wish(error)
    }
}

fn mls<E: fmt::Display>(error: E) -> ClientError {
    ClientError::Mls(error.to_string())
}

impl<S: MlsMember> ClientRoom<S> {
    /// The room of a group that the client has created, or joined by a Welcome or an accepted
    /// external commit. `hub` is the provider that the client gets the room's messages from.
    ///
    /// # Errors
    /// [`ClientError::Load`] if the group makes no valid room,
    /// [`ClientError::NotAParticipant`] if the client's own user is not on the list.
    pub fn load(
        uri: RoomUri,
        hub: DnsName,
        stack: S,
        identity: &impl Identity,
        seed: TableSeed,
    ) -> Result<Self, ClientError> {
        let room = Room::load(uri, &stack, identity, seed).map_err(ClientError::Load)?;
        let own = room.members().get(stack.own_leaf());
        let own = own.ok_or(ClientError::Refused(Refused::WrongContent))?;
        if room.role_of(&own.user).is_none() {
            return Err(ClientError::NotAParticipant(own.user.clone()));
        }
        Ok(Self { room, stack, hub, pending: None, former: Vec::new() })
    }

    /// The room.
    #[must_use]
    pub const fn room(&self) -> &Room {
        &self.room
    }

    /// The MLS stack.
    #[must_use]
    pub const fn stack(&self) -> &S {
        &self.stack
    }

    /// The MLS stack, to be stored, or to export secrets. Its epoch is the room's to change.
    pub const fn stack_mut(&mut self) -> &mut S {
        &mut self.stack
    }

    /// The provider that the room's messages come from.
    #[must_use]
    pub const fn hub(&self) -> &DnsName {
        &self.hub
    }

    /// The client itself.
    #[must_use]
    pub fn own(&self) -> Option<&Member> {
        self.room.members().get(self.stack.own_leaf())
    }

    /// Takes a message that the hub has handed on, and judges it whatever the hub has said.
    ///
    /// # Errors
    /// [`ClientError`]: the message has no effect.
    pub fn receive(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        message: FanoutMessage,
    ) -> Result<Event, ClientError> {
        let (timestamp, event) = message.into_parts();
        match event {
            FanoutEvent::Welcome { .. } => Err(ClientError::Welcome),
            FanoutEvent::Application { message, frank } => self.receive_message(&message, frank, timestamp),
            FanoutEvent::Proposal(proposals) => {
                let messages: Vec<ProposalMessage> = proposals.iter().cloned().collect();
                self.receive_proposals(suite, identity, &messages, timestamp)
            }
            FanoutEvent::Commit { message, external_proposals } => {
                self.receive_commit(suite, identity, &message, &external_proposals, timestamp)
            }
        }
    }

    fn receive_message(
        &mut self,
        message: &ApplicationMessage,
        frank: Option<Frank>,
        accepted_at: u64,
    ) -> Result<Event, ClientError> {
        let opened = self.stack.open(message.get()).map_err(mls)?;
        let sender = self.member_at(opened.leaf_index, opened.epoch).cloned();
        let sender = sender.ok_or(Refused::WrongContent)?;
        let event = self.judge_opened(opened, sender, frank, accepted_at)?;
        Ok(Event::Message(event))
    }

    fn receive_proposals(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        messages: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<Event, ClientError> {
        // The hub need not send a client its own proposals, and may (mimi-protocol-06 §5.5).
        if let Some(Pending::Proposals { list }) = &self.pending
            && list.iter().map(WaitingProposal::message).eq(messages)
        {
            let accepted = self.accept_own(identity, accepted_at)?;
            return Ok(accepted);
        }
        let known = |message: &ProposalMessage| self.room.waiting().iter().any(|it| it.message() == message);
        if messages.iter().all(known) {
            return Ok(Event::Duplicate);
        }
        let decision = self.room.judge_proposals(&mut self.stack, suite, identity, messages, accepted_at)?;
        let rights = decision.rights().to_vec();
        let references = self.room.apply_proposals(&mut self.stack, decision)?;
        Ok(Event::Proposals { references, rights })
    }

    fn receive_commit(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        message: &CommitMessage,
        stapled: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<Event, ClientError> {
        if let Some(Pending::Commit { message: own, .. }) = &self.pending
            && own == message.get()
        {
            return self.commit_own(suite, identity, stapled, accepted_at);
        }
        if message.epoch() < self.room.epoch() {
            return Ok(Event::Duplicate);
        }
        let codes = JoinCodes::Unknown;
        let decision = self.room.judge_commit(&mut self.stack, identity, codes, message)?;
        // The client's own handshake belonged to the epoch that ends.
        self.give_up_pending()?;
        self.enter(suite, identity, decision, stapled, accepted_at)
    }

    fn enter(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        decision: CommitDecision<S>,
        stapled: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<Event, ClientError> {
        let own = self.stack.own_leaf();
        if decision.leaves().removed.contains(&own) {
            let rights = decision.rights().to_vec();
            self.stack.merge(decision.staged).map_err(mls)?;
            return Ok(Event::Removed { rights });
        }
        self.remember(decision.leaves());
        let committed = self.room.apply_commit(&mut self.stack, decision)?;
        let stapled = stapled.iter().map(|message| {
            let messages = core::slice::from_ref(message);
            let decision =
                self.room.judge_proposals(&mut self.stack, suite, identity, messages, accepted_at)?;
            let applied = self.room.apply_proposals(&mut self.stack, decision);
            let references = applied.map_err(|error| Refused::Mls(error.to_string()))?;
            references.into_iter().next().ok_or(Refused::WrongContent)
        });
        let stapled = stapled.collect();
        Ok(Event::Commit { committed, stapled })
    }

    /// Remembers who has a leaf now that changes hands.
    fn remember(&mut self, changes: &LeafChanges) {
        let epoch = self.room.epoch();
        self.former.retain(|(until, ..)| until.saturating_add(REMEMBERED_EPOCHS) > epoch);
        let changed = changes.removed.iter().chain(changes.updated.iter().map(|(leaf, _)| leaf));
        for leaf in changed {
            if let Some(member) = self.room.members().get(*leaf) {
                self.former.push((epoch, *leaf, member.clone()));
            }
        }
    }

    /// The client that had a leaf in an epoch.
    fn member_at(&self, leaf_index: u32, epoch: u64) -> Option<&Member> {
        let mut former = self.former.iter();
        let former = former.find(|(until, leaf, _)| *leaf == leaf_index && *until >= epoch);
        former.map(|(.., member)| member).or_else(|| self.room.members().get(leaf_index))
    }

    /// A commit of these wishes, and of all proposals that wait. It takes effect with the hub's
    /// answer: [`Self::answered`].
    ///
    /// # Errors
    /// [`ClientError`]: the client judges its own commit as the hub and all others will.
    pub fn commit(
        &mut self,
        identity: &impl Identity,
        wishes: &Wishes,
    ) -> Result<UpdateRequest, ClientError> {
        let proposals = match self.room.proposals_for(wishes) {
            Ok(proposals) => proposals,
            // New keys, and what waits.
            Err(WishError::Empty) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        self.commit_proposals(identity, &proposals)
    }

    /// A commit of these proposals, and of all that wait.
    ///
    /// # Errors
    /// Those of [`Self::commit`].
    pub fn commit_proposals(
        &mut self,
        identity: &impl Identity,
        proposals: &[mimi_codec::mls::Proposal],
    ) -> Result<UpdateRequest, ClientError> {
        if self.pending.is_some() {
            return Err(ClientError::AnswerPending);
        }
        let waiting = self.room.waiting().iter().filter_map(WaitingProposal::proposal);
        let components = components::updates(self.room.dictionary(), waiting.chain(proposals.iter()))?;
        let (own, staged) = self.stack.commit(proposals, &components).map_err(mls)?;
        let judged = self.room.judge_commit_content(identity, JoinCodes::Unknown, &own.content);
        let judged = match judged {
            Ok(judged) if judged.components == components => judged,
            Ok(_) => {
                self.stack.discard(staged).map_err(mls)?;
                return Err(Refused::OtherComponents.into());
            }
            Err(refused) => {
                self.stack.discard(staged).map_err(mls)?;
                return Err(refused.into());
            }
        };
        let decision = self.room.decide(&self.stack, identity, &own.content, judged, staged)?;
        let message = own.commit.clone();
        let request = update_request(own)?;
        self.pending = Some(Pending::Commit { decision: Box::new(decision), message });
        Ok(request)
    }

    /// Proposals of these wishes, for another member to commit: how a user leaves, for example,
    /// as a client cannot commit its own removal.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn propose(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        wishes: &Wishes,
    ) -> Result<UpdateRequest, ClientError> {
        if self.pending.is_some() {
            return Err(ClientError::AnswerPending);
        }
        let proposals = self.room.proposals_for(wishes)?;
        let mut list = Vec::with_capacity(proposals.len());
        let mut made = Ok(());
        for proposal in &proposals {
            match self.propose_one(suite, proposal) {
                Ok(waiting) => list.push(waiting),
                Err(error) => {
                    made = Err(error);
                    break;
                }
            }
        }
        let judged = made.and_then(|()| Ok(self.room.judge_proposal_list(identity, &list).map(|_| ())?));
        if let Err(error) = judged {
            for waiting in &list {
                self.stack.withdraw(waiting.reference()).map_err(mls)?;
            }
            return Err(error);
        }
        let messages = list.iter().map(|it| it.message().clone()).collect();
        let messages = crate::hub::proposal_messages(messages).ok_or(WishError::Empty)?;
        self.pending = Some(Pending::Proposals { list });
        let bundle = HandshakeBundle::Proposal(messages);
        Ok(UpdateRequest { bundle })
    }

    fn propose_one(
        &mut self,
        suite: &impl CipherSuiteProvider,
        proposal: &mimi_codec::mls::Proposal,
    ) -> Result<WaitingProposal, ClientError> {
        let (message, content) = self.stack.propose(proposal).map_err(mls)?;
        let reference = mimi_crypto::proposal_ref(suite, &content).map_err(mls)?;
        let message = ProposalMessage::new(message).map_err(|_| Refused::WrongContent)?;
        Ok(WaitingProposal { reference, message, content, accepted_at: 0 })
    }

    /// Proposals by which the client's user leaves the room with all its clients
    /// (mimi-protocol-06 §3.5).
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn leave(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
    ) -> Result<UpdateRequest, ClientError> {
        let own = self.own().ok_or(Refused::WrongContent)?.user.clone();
        self.propose(suite, identity, &Wishes::default().remove(own))
    }

    /// Takes the hub's answer to the handshake that waits for one.
    ///
    /// # Errors
    /// [`ClientError::NothingPending`], and what putting the handshake into effect can fail with.
    pub fn answered(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        answer: &UpdateRoomResponse,
    ) -> Result<Option<Event>, ClientError> {
        let Some(pending) = &self.pending else { return Err(ClientError::NothingPending) };
        match (answer, pending) {
            (UpdateRoomResponse::Success { accepted_timestamp, .. }, Pending::Commit { .. }) => {
                self.commit_own(suite, identity, &[], *accepted_timestamp).map(Some)
            }
            (UpdateRoomResponse::Success { accepted_timestamp, .. }, Pending::Proposals { .. }) => {
                self.accept_own(identity, *accepted_timestamp).map(Some)
            }
            _ => {
                self.give_up_pending()?;
                Ok(None)
            }
        }
    }

    fn commit_own(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        stapled: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<Event, ClientError> {
        match self.pending.take() {
            Some(Pending::Commit { decision, .. }) => {
                self.enter(suite, identity, *decision, stapled, accepted_at)
            }
            other => {
                self.pending = other;
                Err(ClientError::NothingPending)
            }
        }
    }

    fn accept_own(&mut self, identity: &impl Identity, accepted_at: u64) -> Result<Event, ClientError> {
        let Some(Pending::Proposals { mut list }) = self.pending.take() else {
            return Err(ClientError::NothingPending);
        };
        for waiting in &mut list {
            waiting.accepted_at = accepted_at;
        }
        let (_, plan, rights) = match self.room.judge_proposal_list(identity, &list) {
            Ok(judged) => judged,
            Err(refused) => {
                for waiting in &list {
                    self.stack.withdraw(waiting.reference()).map_err(mls)?;
                }
                return Err(refused.into());
            }
        };
        // The stack has kept them since it made them.
        let references = self.room.accept(plan, list)?;
        Ok(Event::Proposals { references, rights })
    }

    fn give_up_pending(&mut self) -> Result<(), ClientError> {
        match self.pending.take() {
            Some(Pending::Commit { decision, .. }) => self.stack.discard(decision.staged).map_err(mls),
            Some(Pending::Proposals { list }) => {
                let mut list = list.iter();
                list.try_for_each(|it| self.stack.withdraw(it.reference()).map_err(mls))
            }
            None => Ok(()),
        }
    }
}

impl<S: MlsMember + Clone> Clone for ClientRoom<S>
where
    S::Staged: Clone,
{
    fn clone(&self) -> Self {
        let pending = self.pending.as_ref().map(|pending| match pending {
            Pending::Commit { decision, message } => {
                Pending::Commit { decision: decision.clone(), message: message.clone() }
            }
            Pending::Proposals { list } => Pending::Proposals { list: list.clone() },
        });
        Self {
            room: self.room.clone(),
            stack: self.stack.clone(),
            hub: self.hub.clone(),
            pending,
            former: self.former.clone(),
        }
    }
}

impl<S: MlsMember> fmt::Debug for ClientRoom<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRoom")
            .field("uri", self.room.uri())
            .field("epoch", &self.room.epoch())
            .finish_non_exhaustive()
    }
}

/// A commit as MIMI carries it. The hub has followed the handshakes, so the tree does not travel.
pub(crate) fn update_request(own: OwnCommit) -> Result<UpdateRequest, ClientError> {
    let OwnCommit { commit, welcome, group_info, .. } = own;
    let malformed = |_| ClientError::Refused(Refused::WrongContent);
    let group_info = TreelessGroupInfo::new(group_info).map_err(malformed)?;
    let welcome: Option<Welcome> = welcome;
    Ok(UpdateRequest {
        bundle: HandshakeBundle::Commit {
            proposal_or_commit: CommitMessage::new(commit).map_err(malformed)?,
            welcome,
            group_info_option: Box::new(GroupInfoOption::Full { group_info }),
            ratchet_tree_option: RatchetTreeOption::DistributionService {},
        },
    })
}
