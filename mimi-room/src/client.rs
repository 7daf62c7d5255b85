//! A client's room: everything that the hub hands on is judged again, and what the user wants
//! becomes bodies for the hub.
//!
//! A client holds a [`ClientRoom`] for each room: after creating its group or opening a Welcome by
//! [`ClientRoom::load`], from outside by [`PendingExternalJoin`]. Incoming messages go through
//! [`ClientRoom::receive`]. Changes go out by [`ClientRoom::commit`] or [`ClientRoom::propose`],
//! and count once [`ClientRoom::answered`] has seen the hub's answer.

mod act;
mod fetch;
mod join;
mod send;
mod snapshot;

use alloc::{boxed::Box, collections::BTreeSet, string::ToString, vec::Vec};
use core::fmt;

use mimi_codec::{
    CapabilityType, DnsName, RoomUri, UserUri,
    mls::{AuthenticatedContent, Content, MLSMessageBody, ProposalOrRef, ProposalRef, Sender, Welcome},
    protocol::{
        ApplicationMessage, CommitMessage, FanoutEvent, FanoutMessage, Frank, GroupInfoOption,
        HandshakeBundle, ProposalMessage, TreelessGroupInfo, UpdateRequest, UpdateRoomResponse,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_content::{BuildError, ReplaceError};
use mimi_crypto::CipherSuiteProvider;
use mimi_policy::{Change, ParentParticipants, TableSeed, message::ContentRefusal};

pub use act::Reported;
pub(crate) use act::ephemeral;
pub use fetch::{FetchError, GroupInfoFetch};
pub use join::PendingExternalJoin;
pub use send::{Composed, MessageEvent};
pub use snapshot::ClientSnapshot;

use crate::{
    ApplyError, CommitDecision, Committed, Identity, JoinCodes, LoadError, Member, MemberChanges, MlsMember,
    OwnCommit, Right, Room, RoomRefusal, WaitingProposal, WishError, Wishes, components,
};

/// For how many epochs a client remembers who had a leaf.
const REMEMBERED_EPOCHS: u64 = 8;

/// A room that a client is in.
pub struct ClientRoom<S: MlsMember> {
    room: Room,
    stack: S,
    hub: DnsName,
    pending: Option<Pending<S>>,
    /// Own lists that the hub has accepted and that rest on others, which have not arrived.
    held: Vec<Vec<WaitingProposal>>,
    /// Who had a leaf until the end of an epoch.
    former: Vec<(u64, u32, Member)>,
    /// Who could send until a change that the hub accepted.
    silenced: Vec<Silenced>,
}

/// A user who could send messages, and cannot any more.
///
/// An answer to an own handshake may overtake messages that the hub accepted before: those are
/// judged by what held then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Silenced {
    user: UserUri,
    /// The epoch in which the user could send last.
    epoch: u64,
    /// When the hub accepted the change, in milliseconds since the UNIX epoch.
    since: u64,
}

/// What the client has sent to the hub, which has not answered.
enum Pending<S: MlsMember> {
    Commit { content: Box<AuthenticatedContent>, staged: S::Staged, request: Box<UpdateRequest> },
    Proposals { list: Vec<WaitingProposal>, request: Box<UpdateRequest> },
}

/// What came of a message that the hub has handed on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Proposals wait for a commit.
    Proposals {
        /// Their references, and those of own proposals that count only now: see
        /// [`Event::Early`].
        references: Vec<ProposalRef>,
        /// What they change, and by which rights.
        rights: Vec<Right>,
    },
    /// The hub has accepted own proposals that rest on others, which it has accepted before and
    /// which have not arrived. They count once those have.
    Early {
        /// Their references.
        references: Vec<ProposalRef>,
    },
    /// A commit has taken effect.
    Commit {
        /// What it changed.
        committed: Committed,
        /// Proposals of the hub for the new epoch that came with it: their references, or why
        /// they are refused, all of them together.
        stapled: Result<Vec<ProposalRef>, RoomRefusal>,
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
    Refused(RoomRefusal),
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
    /// Own proposals were accepted that rest on others, which have not arrived: receive them first.
    Behind,
    /// A Welcome does not belong to a room that the client is in.
    Welcome,
    /// The group makes no valid room.
    Load(LoadError),
    /// The user of this client is not on the participant list.
    NotAParticipant(UserUri),
    /// A snapshot would be longer than the wire can hold.
    TooLong,
    /// The user's role lacks a capability.
    Lacks(CapabilityType),
    /// The user's role does not allow the content.
    Content(ContentRefusal),
    /// The message cannot be composed.
    Build(BuildError),
    /// What is to be edited, deleted or taken back is not what it is said to be.
    Replace(ReplaceError),
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
            Self::Behind => f.write_str("accepted proposals of others have not arrived"),
            Self::Welcome => f.write_str("a Welcome is opened by the MLS stack, not by a room"),
            Self::Load(error) => error.fmt(f),
            Self::NotAParticipant(user) => write!(f, "{user} is not on the participant list"),
            Self::TooLong => f.write_str("snapshot is too long for the wire"),
            Self::Lacks(capability) => write!(f, "the user's role lacks {capability}"),
            Self::Content(refusal) => refusal.fmt(f),
            Self::Build(error) => error.fmt(f),
            Self::Replace(error) => error.fmt(f),
            Self::Franking(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ClientError {}

impl From<RoomRefusal> for ClientError {
    fn from(refused: RoomRefusal) -> Self {
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
        let own = own.ok_or(ClientError::Refused(RoomRefusal::WrongContent))?;
        if room.role_of(&own.user).is_none() {
            return Err(ClientError::NotAParticipant(own.user.clone()));
        }
        let (held, former, silenced) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { room, stack, hub, pending: None, held, former, silenced })
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

    /// The handshake that waits for the hub's answer. After a lost answer or a restart, send it
    /// again: a hub of this crate answers a repeated handshake as it has answered the first one.
    #[must_use]
    pub fn pending_request(&self) -> Option<&UpdateRequest> {
        match &self.pending {
            Some(Pending::Commit { request, .. } | Pending::Proposals { request, .. }) => Some(request),
            None => None,
        }
    }

    /// Says who is in the parent room: see [`Room::set_parent`].
    pub fn set_parent(&mut self, identity: &impl Identity, parent: ParentParticipants) {
        self.room.set_parent(identity, parent);
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
        let sender = sender.ok_or(RoomRefusal::WrongContent)?;
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
        if let Some(Pending::Proposals { list, .. }) = &self.pending
            && list.iter().map(WaitingProposal::message).eq(messages)
        {
            let accepted = self.accept_own(identity, accepted_at)?;
            return Ok(accepted);
        }
        if messages.iter().all(|it| it.epoch() < self.room.epoch()) {
            return Ok(Event::Duplicate);
        }
        let (list, verified) = self.room.verify_proposals(&mut self.stack, suite, messages, accepted_at)?;
        let known = |it: &WaitingProposal| {
            let mut held = self.held.iter().flatten();
            self.room.waiting().get(it.reference()).is_some()
                || held.any(|held| held.reference() == it.reference())
        };
        if list.iter().all(known) {
            return Ok(Event::Duplicate);
        }
        let in_order = self.held.is_empty()
            && self.room.waiting().last_accepted_at().is_none_or(|last| last <= accepted_at);
        if in_order {
            let decision = self.room.decide_proposals(identity, list, verified)?;
            let rights = decision.rights().to_vec();
            let senders = self.senders(&rights, &[]);
            let references = self.room.apply_proposals(&mut self.stack, decision)?;
            self.remember_silenced(senders, self.room.epoch(), accepted_at);
            return Ok(Event::Proposals { references, rights });
        }
        let arrived = references(&list);
        let ordered = self.in_order(identity, list)?;
        // The list of another client is not held: it is accepted here or refused.
        self.stack.queue(verified).map_err(mls)?;
        Ok(match self.take_order(ordered, &arrived) {
            Some(event) => event,
            None => Event::Early { references: arrived },
        })
    }

    fn receive_commit(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        message: &CommitMessage,
        stapled: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<Event, ClientError> {
        if let Some(Pending::Commit { request, .. }) = &self.pending
            && let HandshakeBundle::Commit { proposal_or_commit: own, .. } = &request.bundle
            && own == message
        {
            return self.commit_own(suite, identity, stapled, accepted_at);
        }
        if message.epoch() < self.room.epoch() {
            return Ok(Event::Duplicate);
        }
        // The hub's answer was lost; that the commit takes them up says that they were accepted.
        if let Some(Pending::Proposals { list, .. }) = &self.pending
            && refers_to(message, list)
        {
            self.accept_own(identity, accepted_at)?;
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
        let (epoch, senders) =
            (self.room.epoch(), self.senders(decision.rights(), &decision.leaves().removed));
        let committed = self.room.apply_commit(&mut self.stack, decision)?;
        self.remember_silenced(senders, epoch, accepted_at);
        self.held.clear();
        let stapled = match stapled {
            [] => Ok(Vec::new()),
            stapled => self.take_stapled(suite, identity, stapled, accepted_at),
        };
        Ok(Event::Commit { committed, stapled })
    }

    /// Judges what the hub has stapled to a commit, as one list.
    fn take_stapled(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        stapled: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<Vec<ProposalRef>, RoomRefusal> {
        let decision = self.room.judge_proposals(&mut self.stack, suite, identity, stapled, accepted_at)?;
        let (epoch, senders) = (self.room.epoch(), self.senders(decision.rights(), &[]));
        let applied = self.room.apply_proposals(&mut self.stack, decision);
        let applied = applied.map_err(|error| RoomRefusal::Mls(error.to_string()))?;
        self.remember_silenced(senders, epoch, accepted_at);
        Ok(applied)
    }

    /// The users who can send now and perhaps no longer after these changes.
    fn senders(&self, rights: &[Right], removed_leaves: &[u32]) -> BTreeSet<UserUri> {
        let members = self.room.members();
        let leaves = removed_leaves.iter().filter_map(|leaf| members.get(*leaf));
        let mut users: BTreeSet<&UserUri> = leaves.map(|it| &it.user).collect();
        for right in rights {
            match &right.change {
                Some(
                    Change::RemoveParticipant { user }
                    | Change::SetRole { user, .. }
                    | Change::RemoveClient { user, .. },
                ) => drop(users.insert(user)),
                Some(Change::UpdateRoles(_)) => users.extend(members.iter().map(|(_, it)| &it.user)),
                _ => {}
            }
        }
        users.into_iter().filter(|user| self.room.judge_sender(user).is_ok()).cloned().collect()
    }

    /// Remembers which of these can send no longer.
    fn remember_silenced(&mut self, senders: BTreeSet<UserUri>, epoch: u64, since: u64) {
        self.silenced.retain(|it| it.epoch.saturating_add(REMEMBERED_EPOCHS) > epoch);
        for user in senders {
            if self.room.judge_sender(&user).is_err() {
                self.silenced.push(Silenced { user, epoch, since });
            }
        }
    }

    /// Whether a user could send when the hub accepted a message of an epoch.
    fn could_send(&self, user: &UserUri, epoch: u64, accepted_at: u64) -> bool {
        let mut silenced = self.silenced.iter();
        silenced.any(|it| it.user == *user && epoch <= it.epoch && accepted_at < it.since)
    }

    /// Remembers who has a leaf now that changes hands.
    fn remember(&mut self, changes: &MemberChanges) {
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
        if !self.held.is_empty() {
            return Err(ClientError::Behind);
        }
        let waiting = self.room.waiting().iter().filter_map(WaitingProposal::proposal);
        let components = components::updates(self.room.dictionary(), waiting.chain(proposals.iter()))?;
        let (own, staged) = self.stack.commit(proposals, &components).map_err(mls)?;
        let judged = self.room.judge_commit_content(identity, JoinCodes::Unknown, &own.content);
        let judged = match judged {
            Ok(judged) if judged.components == components => judged,
            Ok(_) => {
                self.stack.discard(staged).map_err(mls)?;
                return Err(RoomRefusal::OtherComponents.into());
            }
            Err(refused) => {
                self.stack.discard(staged).map_err(mls)?;
                return Err(refused.into());
            }
        };
        let decision = match self.room.decide(&self.stack, identity, &own.content, judged, staged) {
            Ok(decision) => decision,
            Err(refused) => {
                // What was staged went with the decision; the stack still has it.
                if let Some(staged) = self.stack.resume().map_err(mls)? {
                    self.stack.discard(staged).map_err(mls)?;
                }
                return Err(refused.into());
            }
        };
        let (content, staged) = (Box::new(own.content.clone()), decision.staged);
        let request = update_request(own)?;
        self.pending = Some(Pending::Commit { content, staged, request: Box::new(request.clone()) });
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
        let request = UpdateRequest { bundle: HandshakeBundle::Proposal(messages) };
        self.pending = Some(Pending::Proposals { list, request: Box::new(request.clone()) });
        Ok(request)
    }

    fn propose_one(
        &mut self,
        suite: &impl CipherSuiteProvider,
        proposal: &mimi_codec::mls::Proposal,
    ) -> Result<WaitingProposal, ClientError> {
        let (message, content) = self.stack.propose(proposal).map_err(mls)?;
        let reference = mimi_crypto::proposal_ref(suite, &content).map_err(mls)?;
        let message = ProposalMessage::new(message).map_err(|_| RoomRefusal::WrongContent)?;
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
        let own = self.own().ok_or(RoomRefusal::WrongContent)?.user.clone();
        self.propose(suite, identity, &Wishes::default().remove(own))
    }

    /// Takes the hub's answer to the handshake that waits for one.
    ///
    /// If the hub is in a later epoch than the client, the handshake may be what began it, and an
    /// earlier answer may be lost: it stays until the hub's next commit says what became of it.
    /// `Ok(None)` means that nothing has changed so far.
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
            (UpdateRoomResponse::WrongEpoch { current_epoch, .. }, _)
                if *current_epoch > self.room.epoch() =>
            {
                Ok(None)
            }
            _ => {
                self.give_up_pending()?;
                Ok(None)
            }
        }
    }

    /// The hub has accepted the own commit that waits.
    fn commit_own(
        &mut self,
        suite: &impl CipherSuiteProvider,
        identity: &impl Identity,
        stapled: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<Event, ClientError> {
        let Some(Pending::Commit { content, staged, request }) = self.pending.take() else {
            return Err(ClientError::NothingPending);
        };
        // It is judged by what has arrived since it was made.
        let judged = match self.room.judge_commit_content(identity, JoinCodes::Unknown, &content) {
            Ok(judged) => judged,
            Err(refused) => {
                self.pending = Some(Pending::Commit { content, staged, request });
                return Err(refused.into());
            }
        };
        let decision = self.room.decide(&self.stack, identity, &content, judged, staged)?;
        self.enter(suite, identity, decision, stapled, accepted_at)
    }

    /// The hub has accepted the own proposals that wait. They take their place in its order.
    fn accept_own(&mut self, identity: &impl Identity, accepted_at: u64) -> Result<Event, ClientError> {
        let Some(Pending::Proposals { mut list, .. }) = self.pending.take() else {
            return Err(ClientError::NothingPending);
        };
        for waiting in &mut list {
            waiting.accepted_at = accepted_at;
        }
        let references = references(&list);
        let ordered = self.in_order(identity, list)?;
        // The stack has kept them since it made them.
        Ok(match self.take_order(ordered, &references) {
            Some(event) => event,
            None => Event::Early { references },
        })
    }

    /// All lists in the hub's order, judged from the last commit on, with one that has just
    /// arrived.
    ///
    /// The hub's answer to an own list may come before lists that the hub accepted earlier, on
    /// which the own list may rest. An own list that is not allowed yet is held until they arrive.
    fn in_order(&self, identity: &impl Identity, list: Vec<WaitingProposal>) -> Result<Ordered, RoomRefusal> {
        let arrived = references(&list);
        let in_order = self.held.is_empty()
            && self.room.waiting().last_accepted_at().is_none_or(|last| last <= accepted_at(&list));
        let (held, rights, all_rights) = (Vec::new(), Vec::new(), Vec::new());
        let mut ordered = Ordered { room: self.room.clone(), held, rights, all_rights };
        let mut lists = if in_order { Vec::new() } else { ordered.room.withdraw() };
        lists.extend(self.held.iter().cloned());
        lists.push(list);
        lists.sort_by_key(|list| accepted_at(list));
        let own = Sender::Member { leaf_index: self.stack.own_leaf() };
        for list in lists {
            let is_new = references(&list) == arrived;
            match ordered.room.accept_list(identity, list.clone()) {
                Ok(rights) => {
                    ordered.all_rights.extend_from_slice(&rights);
                    if is_new {
                        ordered.rights = rights;
                    }
                }
                Err(_) if list.first().is_some_and(|first| *first.sender() == own) => {
                    ordered.held.push(list);
                }
                Err(refused) => return Err(refused),
            }
        }
        Ok(ordered)
    }

    /// Takes an order over. Returns what counts now and did not before; `None` if that leaves out
    /// the list that has arrived.
    fn take_order(&mut self, ordered: Ordered, arrived: &[ProposalRef]) -> Option<Event> {
        let Ordered { room, held, rights, all_rights } = ordered;
        let was_held = core::mem::replace(&mut self.held, held);
        let senders = self.senders(&all_rights, &[]);
        self.room = room;
        if let Some(last) = self.room.waiting().last_accepted_at() {
            self.remember_silenced(senders, self.room.epoch(), last);
        }
        let counts = |it: &&WaitingProposal| self.room.waiting().get(it.reference()).is_some();
        let released = was_held.iter().flatten().filter(counts).map(|it| it.reference().clone());
        let mut references = arrived.to_vec();
        references.extend(released);
        let arrived = arrived.iter().all(|reference| self.room.waiting().get(reference).is_some());
        arrived.then_some(Event::Proposals { references, rights })
    }

    fn give_up_pending(&mut self) -> Result<(), ClientError> {
        match self.pending.take() {
            Some(Pending::Commit { staged, .. }) => self.stack.discard(staged).map_err(mls),
            Some(Pending::Proposals { list, .. }) => {
                let mut list = list.iter();
                list.try_for_each(|it| self.stack.withdraw(it.reference()).map_err(mls))
            }
            None => Ok(()),
        }
    }
}

/// The room with all lists in the hub's order.
struct Ordered {
    room: Room,
    /// Own lists that are not allowed yet.
    held: Vec<Vec<WaitingProposal>>,
    /// By which rights the list that has just arrived is allowed.
    rights: Vec<Right>,
    /// By which rights all lists are allowed that were judged.
    all_rights: Vec<Right>,
}

/// Whether a commit refers to one of these proposals. What a SemiPrivateMessage refers to is
/// hidden.
fn refers_to(message: &CommitMessage, list: &[WaitingProposal]) -> bool {
    let MLSMessageBody::PublicMessage { public_message } = &message.get().body else { return false };
    let Content::Commit { commit } = public_message.content().content() else { return false };
    let mut proposals = commit.proposals.iter();
    proposals.any(|it| match it {
        ProposalOrRef::Reference { reference } => list.iter().any(|own| own.reference() == reference),
        ProposalOrRef::Proposal { .. } => false,
    })
}

fn references(list: &[WaitingProposal]) -> Vec<ProposalRef> {
    list.iter().map(|it| it.reference().clone()).collect()
}

fn accepted_at(list: &[WaitingProposal]) -> u64 {
    list.first().map_or(0, WaitingProposal::accepted_at)
}

impl<S: MlsMember + Clone> Clone for ClientRoom<S>
where
    S::Staged: Clone,
{
    fn clone(&self) -> Self {
        let pending = self.pending.as_ref().map(|pending| match pending {
            Pending::Commit { content, staged, request } => {
                Pending::Commit { content: content.clone(), staged: staged.clone(), request: request.clone() }
            }
            Pending::Proposals { list, request } => {
                Pending::Proposals { list: list.clone(), request: request.clone() }
            }
        });
        Self {
            room: self.room.clone(),
            stack: self.stack.clone(),
            hub: self.hub.clone(),
            pending,
            held: self.held.clone(),
            former: self.former.clone(),
            silenced: self.silenced.clone(),
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
///
/// [`ClientRoom`] calls it for the commits that it has judged. It is public for programs that make
/// others, such as tests of a hub.
///
/// # Errors
/// [`ClientError::Refused`] if the message is not a commit, or a tree is in the GroupInfo.
pub fn update_request(own: OwnCommit) -> Result<UpdateRequest, ClientError> {
    let OwnCommit { commit, welcome, group_info, .. } = own;
    let malformed = |_| ClientError::Refused(RoomRefusal::WrongContent);
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
