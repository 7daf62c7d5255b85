//! `POST /update/{roomId}` (mimi-protocol-06 §5.3), and putting changes into effect.

use alloc::{boxed::Box, collections::BTreeSet, string::ToString, vec::Vec};

use mimi_codec::{
    Decode, DnsName, Encode, RequestFailure,
    code_points::WireFormat,
    extensions::RequiredWireFormats,
    mls::{GroupContext, GroupInfo, MLSMessage, Proposal, Sender, SignaturePublicKey, Welcome},
    protocol::{
        CommitMessage, FanoutEvent, FanoutMessage, GroupInfoOption, HandshakeBundle, ProposalMessage,
        ProposalMessages, UpdateRequest, UpdateResponseCode, UpdateRoomResponse, WelcomeMessage,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{CipherSuiteProvider, ref_hash};
use mimi_policy::Actor;

use super::{
    AuditAction, AuditEvent, AuditOutcome, BegunEpoch, Call, FanOut, HostedRoom, Hub, HubAnswer, HubError,
    LastCommit, Response,
};
use crate::{
    ApplyError, CommitDecision, Committed, GroupInfoProblem, Identity, JoinCodes, MlsStack,
    ProposalsDecision, Right, RoomRefusal, WaitingProposal,
};

/// What an answer promises. [`Hub::apply`] puts it into effect.
#[must_use = "a change has to be applied"]
pub enum HubChange<S: MlsStack> {
    /// A commit: the next epoch, with the GroupInfo for those who join it.
    Commit {
        /// The decision.
        decision: Box<CommitDecision<S>>,
        /// The message.
        message: CommitMessage,
        /// For those who join from outside.
        group_info: Box<GroupInfo>,
        /// For those who were added.
        welcome: Option<Welcome>,
        /// When it was accepted.
        accepted_at: u64,
    },
    /// Proposals, which wait for a commit.
    Proposals {
        /// The decision.
        decision: Box<ProposalsDecision<S>>,
        /// When they were accepted.
        accepted_at: u64,
    },
    /// A message, which changes nothing but is fanned out.
    Message(Box<FanOut>),
}

impl<S: MlsStack> core::fmt::Debug for HubChange<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Commit { decision, .. } => f.debug_tuple("Commit").field(decision).finish(),
            Self::Proposals { decision, .. } => f.debug_tuple("Proposals").field(decision).finish(),
            Self::Message(fan_out) => f.debug_tuple("Message").field(fan_out).finish(),
        }
    }
}

/// What a change has led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppliedChange {
    /// What to deliver, in this order.
    pub fan_out: Vec<FanOut>,
    /// What a commit has changed.
    pub committed: Option<Committed>,
}

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// Judges the body of `POST /update/{roomId}`.
    pub fn update<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        body: &[u8],
    ) -> HubAnswer<HubChange<S>> {
        if let Err(limited) = self.admit(hosted, call, body) {
            return *limited;
        }
        let request = match UpdateRequest::decode_exact(body) {
            Ok(request) => request,
            Err(error) => return malformed(hosted, call, error),
        };
        if let Some(accepted_timestamp) = self.accepted_before(hosted, &request.bundle) {
            return HubAnswer {
                response: Response::ok(&success(accepted_timestamp)),
                audit: audit(hosted, call, None, AuditAction::Repeated, AuditOutcome::Accepted(Vec::new())),
                change: None,
            };
        }
        let (action, judged) = match request.bundle {
            HandshakeBundle::Commit { proposal_or_commit, welcome, group_info_option, .. } => {
                let judged = self.judge_commit(hosted, call, proposal_or_commit, welcome, *group_info_option);
                (AuditAction::Commit, judged)
            }
            HandshakeBundle::Proposal(proposals) => {
                let messages: Vec<ProposalMessage> = proposals.iter().cloned().collect();
                let action = AuditAction::Proposals { count: messages.len() };
                (action, self.judge_proposals(hosted, call, &messages))
            }
        };
        match judged {
            Ok((actor, rights, accepted_timestamp, change)) => HubAnswer {
                response: Response::ok(&success(accepted_timestamp)),
                audit: audit(hosted, call, Some(actor), action, AuditOutcome::Accepted(rights)),
                change: Some(change),
            },
            Err(refused) => HubAnswer {
                response: Response::ok(&refusal(&refused, hosted.room.epoch())),
                audit: audit(hosted, call, None, action, AuditOutcome::Refused(refused)),
                change: None,
            },
        }
    }

    /// When the hub accepted this very handshake before: the commit that began the epoch, or a list
    /// that waits. A client whose answer was lost sends it again, and learns what became of it.
    fn accepted_before<S: MlsStack>(&self, hosted: &HostedRoom<S>, bundle: &HandshakeBundle) -> Option<u64> {
        match bundle {
            HandshakeBundle::Commit { proposal_or_commit, .. } => {
                let last = hosted.last_commit.as_ref()?;
                let follows = proposal_or_commit.epoch().checked_add(1) == Some(hosted.room.epoch());
                let same = follows && self.commit_hash(proposal_or_commit)? == last.hash;
                same.then_some(last.accepted_at)
            }
            HandshakeBundle::Proposal(proposals) => {
                let mut lists = hosted.room.waiting().lists();
                let same = |list: &&[WaitingProposal]| {
                    list.iter().map(WaitingProposal::message).eq(proposals.iter())
                };
                lists.find(same)?.first().map(WaitingProposal::accepted_at)
            }
        }
    }

    fn commit_hash(&self, message: &CommitMessage) -> Option<Vec<u8>> {
        let bytes = message.get().to_bytes().ok()?;
        Some(ref_hash(&self.suite, b"mimi-room commit", &bytes).ok()?.as_slice().to_vec())
    }

    #[allow(clippy::type_complexity, reason = "the four parts of one judgement")]
    fn judge_commit<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        message: CommitMessage,
        welcome: Option<Welcome>,
        group_info: GroupInfoOption,
    ) -> Result<(Actor, Vec<Right>, u64, HubChange<S>), RoomRefusal> {
        let shown = hosted.codes.shown(call.now_ms);
        let codes = JoinCodes::Shown(&shown);
        let HostedRoom { room, stack, .. } = hosted;
        let decision = room.judge_commit(stack, &self.identity, codes, &message)?;
        let group_info = self.check_group_info(hosted, &decision, group_info)?;
        let accepted_at = hosted.next_time(call.now_ms).ok_or(RoomRefusal::Time)?;
        let (actor, rights) = (decision.committer().actor.clone(), decision.rights().to_vec());
        let group_info = Box::new(group_info);
        let decision = Box::new(decision);
        let change = HubChange::Commit { decision, message, group_info, welcome, accepted_at };
        Ok((actor, rights, accepted_at, change))
    }

    fn check_group_info<S: MlsStack>(
        &self,
        hosted: &HostedRoom<S>,
        decision: &CommitDecision<S>,
        option: GroupInfoOption,
    ) -> Result<GroupInfo, RoomRefusal> {
        let refuse = RoomRefusal::GroupInfo;
        let committer = decision.committer().leaf_index;
        let key: SignaturePublicKey = match &decision.path_key {
            Some(key) => key.clone(),
            None => {
                let leaf = hosted.stack.leaf(committer);
                let leaf = leaf.map_err(|error| RoomRefusal::Mls(error.to_string()))?;
                leaf.ok_or(refuse(GroupInfoProblem::Signer))?.signature_key
            }
        };
        let epoch = BegunEpoch {
            group_context: decision.group_context(),
            confirmation_tag: decision.confirmation_tag.as_ref(),
            committer,
            committer_key: &key,
        };
        epoch.check_group_info(&self.suite, option).map_err(refuse)
    }

    #[allow(clippy::type_complexity, reason = "the four parts of one judgement")]
    pub(super) fn judge_proposals<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        messages: &[ProposalMessage],
    ) -> Result<(Actor, Vec<Right>, u64, HubChange<S>), RoomRefusal> {
        let maximum = self.limits.max_waiting;
        if hosted.room.waiting().len().saturating_add(messages.len()) > maximum {
            return Err(RoomRefusal::TooManyWaiting { maximum });
        }
        let accepted_at = hosted.next_time(call.now_ms).ok_or(RoomRefusal::Time)?;
        let HostedRoom { room, stack, .. } = hosted;
        let decision = room.judge_proposals(stack, &self.suite, &self.identity, messages, accepted_at)?;
        let (actor, rights) = (decision.actor().clone(), decision.rights().to_vec());
        let change = HubChange::Proposals { decision: Box::new(decision), accepted_at };
        Ok((actor, rights, accepted_at, change))
    }

    /// Puts a change into effect, and says what to fan out.
    ///
    /// Members before a commit get it, so that those who are removed learn of it. The Welcome goes
    /// to the providers whose KeyPackages it is for, with the tree (mimi-protocol-06 §5.5). What
    /// an external commit has voided of the hub's own proposals is proposed again and stapled to
    /// it. The hub also proposes to take external senders off the list whose provider has no
    /// participant left.
    ///
    /// # Errors
    /// [`ApplyError`]: judge the request again. Nothing has changed then.
    pub fn apply<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        change: HubChange<S>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<AppliedChange, ApplyError> {
        match change {
            HubChange::Message(fan_out) => {
                Ok(AppliedChange { fan_out: alloc::vec![*fan_out], committed: None })
            }
            HubChange::Proposals { decision, accepted_at } => {
                let messages: Vec<ProposalMessage> =
                    decision.proposals().iter().map(|it| it.message().clone()).collect();
                let HostedRoom { room, stack, .. } = hosted;
                room.apply_proposals(stack, *decision)?;
                hosted.last_accepted_ms = hosted.last_accepted_ms.max(accepted_at);
                let to = providers(hosted);
                let event = proposal_messages(messages).map(FanoutEvent::Proposal);
                let fan_out = event.and_then(|event| fan_out(to, accepted_at, event));
                Ok(AppliedChange { fan_out: fan_out.into_iter().collect(), committed: None })
            }
            HubChange::Commit { decision, message, group_info, welcome, accepted_at } => {
                let own = self.sender_index(&hosted.room);
                let is_external = message.is_external();
                let mut again = voided(hosted, own, is_external);
                let to = providers(hosted);
                let HostedRoom { room, stack, .. } = hosted;
                let committed = room.apply_commit(stack, *decision)?;
                hosted.group_info = *group_info;
                let hash = self.commit_hash(&message);
                hosted.last_commit = hash.map(|hash| LastCommit { hash, accepted_at });
                hosted.last_accepted_ms = hosted.last_accepted_ms.max(accepted_at);
                for user in &committed.joined {
                    hosted.codes.use_up(user);
                }
                let departed = self.without_departed(&hosted.room, &committed.departed_providers);
                let departed = departed.map(|proposal| alloc::vec![proposal]);
                let mut external_proposals = Vec::new();
                if is_external {
                    again.extend(departed.clone());
                    external_proposals = self.propose_again(hosted, again, accepted_at, rng);
                }
                let event = FanoutEvent::Commit { message, external_proposals };
                let mut fan_outs: Vec<FanOut> = fan_out(to, accepted_at, event).into_iter().collect();
                fan_outs.extend(welcome.and_then(|it| welcome_fan_out(hosted, it, accepted_at)));
                // Only an external commit has proposals stapled to it.
                if let (false, Some(departed), Some(at)) = (is_external, departed, hosted.next_time(0)) {
                    let proposed = self.propose_again(hosted, alloc::vec![departed], at, rng);
                    if let Some(messages) = proposal_messages(proposed) {
                        hosted.last_accepted_ms = at;
                        let event = FanoutEvent::Proposal(messages);
                        fan_outs.extend(fan_out(providers(hosted), at, event));
                    }
                }
                Ok(AppliedChange { fan_out: fan_outs, committed: Some(committed) })
            }
        }
    }

    /// Whether a request is within the limits.
    pub(super) fn admit<S: MlsStack, T>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        body: &[u8],
    ) -> Result<(), Box<HubAnswer<T>>> {
        let limited = |hosted: &HostedRoom<S>, failure: RequestFailure, why: &str| {
            Box::new(HubAnswer {
                response: failure.into(),
                audit: audit(hosted, call, None, AuditAction::Limited, AuditOutcome::Rejected(why.into())),
                change: None,
            })
        };
        if body.len() > self.limits.max_body {
            return Err(limited(hosted, RequestFailure::TooLong, "body is too long"));
        }
        let peer = call.from.domain().to_lowercase();
        let taken = hosted.meters.entry(peer).or_default().take(self.limits.rate, call.now_ms);
        taken.map_err(|wait_s| {
            limited(hosted, RequestFailure::TooMany { retry_after_s: wait_s }, "too many requests")
        })
    }
}

/// The hub's own proposals that an external commit does not take up, list by list.
fn voided<S: MlsStack>(hosted: &HostedRoom<S>, own: Option<u32>, external: bool) -> Vec<Vec<Proposal>> {
    let (Some(own), true) = (own, external) else { return Vec::new() };
    let own = Sender::External { sender_index: own };
    let lists = hosted.room.waiting().lists();
    let lists = lists.filter(|list| list.first().is_some_and(|first| *first.sender() == own));
    lists.map(|list| list.iter().filter_map(|it| it.proposal().cloned()).collect()).collect()
}

fn success(accepted_timestamp: u64) -> UpdateRoomResponse {
    UpdateRoomResponse::Success { error_description: alloc::string::String::new(), accepted_timestamp }
}

fn providers<S: MlsStack>(hosted: &HostedRoom<S>) -> Vec<DnsName> {
    hosted.room.members().providers().cloned().collect()
}

/// A list of one sender and epoch, as the judge has checked.
pub(crate) fn proposal_messages(messages: Vec<ProposalMessage>) -> Option<ProposalMessages> {
    let mut messages = messages.into_iter();
    ProposalMessages::new(messages.next()?, messages.collect()).ok()
}

pub(super) fn fan_out(to: Vec<DnsName>, at: u64, event: FanoutEvent) -> Option<FanOut> {
    // Stapled proposals are of the epoch that the commit begins; nothing else can be wrong.
    Some(FanOut { to, message: FanoutMessage::new(at, event).ok()? })
}

fn welcome_fan_out<S: MlsStack>(hosted: &mut HostedRoom<S>, welcome: Welcome, at: u64) -> Option<FanOut> {
    let references: Vec<_> = welcome.secrets.iter().map(|it| it.new_member.clone()).collect();
    let mut to = BTreeSet::new();
    for reference in &references {
        if let Some(origin) = hosted.origins.get(reference) {
            to.insert(origin.provider.clone());
            if !origin.last_resort {
                hosted.origins.remove(reference);
            }
        }
    }
    let message = WelcomeMessage::new(MLSMessage::from(welcome)).ok()?;
    let ratchet_tree_option = Box::new(if hides_handshakes(hosted.room.group_context()) {
        RatchetTreeOption::OutOfBand {}
    } else {
        RatchetTreeOption::Full { ratchet_tree: hosted.stack.ratchet_tree().ok()? }
    });
    fan_out(to.into_iter().collect(), at, FanoutEvent::Welcome { message, ratchet_tree_option })
}

/// Whether followers read no handshakes (mls-semiprivatemessage-07): the tree beside a Welcome
/// would tell them who is in the group. Newcomers ask the hub for it, which seals it.
fn hides_handshakes(context: &GroupContext) -> bool {
    let required = context.extensions.content::<RequiredWireFormats>();
    required.is_some_and(|required| {
        required.is_ok_and(|it| it.0.wire_formats.contains(&WireFormat::MLS_SEMIPRIVATE_MESSAGE))
    })
}

pub(super) fn audit<S: MlsStack>(
    hosted: &HostedRoom<S>,
    call: Call<'_>,
    actor: Option<Actor>,
    action: AuditAction,
    outcome: AuditOutcome,
) -> AuditEvent {
    AuditEvent {
        at_ms: call.now_ms,
        room: hosted.room.uri().clone(),
        epoch: hosted.room.epoch(),
        peer: call.from.domain().to_owned(),
        actor,
        action,
        outcome,
    }
}

pub(super) fn malformed<S: MlsStack, T>(
    hosted: &HostedRoom<S>,
    call: Call<'_>,
    error: mimi_codec::DecodeError,
) -> HubAnswer<T> {
    HubAnswer {
        response: RequestFailure::Malformed.into(),
        audit: audit(hosted, call, None, AuditAction::Malformed, AuditOutcome::Malformed(error)),
        change: None,
    }
}

/// The answer to a refused handshake.
pub(super) fn refusal(refused: &RoomRefusal, current_epoch: u64) -> UpdateRoomResponse {
    let error_description = refused.to_string();
    match refused.update_response_code() {
        UpdateResponseCode::WRONG_EPOCH => {
            UpdateRoomResponse::WrongEpoch { error_description, current_epoch }
        }
        UpdateResponseCode::INVALID_PROPOSAL => UpdateRoomResponse::InvalidProposal {
            error_description,
            invalid_proposals: refused.references().to_vec(),
        },
        _ => UpdateRoomResponse::NotAllowed { error_description },
    }
}

/// A hub's error as a refusal of its own request.
impl From<RoomRefusal> for HubError {
    fn from(refused: RoomRefusal) -> Self {
        Self::Refused(refused)
    }
}
