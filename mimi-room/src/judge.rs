//! The one judge: commits, external commits, proposals and messages, at the hub and at clients.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::ToString,
    vec::Vec,
};

use mimi_codec::{
    Encode, UserUri,
    apq::{APQInfo, check_partial_commit},
    code_points::{ComponentID, ExtensionType},
    extensions::{AppDataDictionary, AppDataUpdate},
    mls::{
        AuthenticatedContent, Commit, Content, Credential, Extensions, ExternalSenders, GroupContext,
        LeafNode, MLSMessage, Proposal, ProposalRef, Sender,
    },
    protocol::{CommitMessage, ProposalMessage},
};
use mimi_crypto::{CipherSuiteProvider, proposal_ref};
use mimi_policy::{
    Actor, Identities, InvalidRequestError, JoinCode, Plan, Refusal, Request, UnidentifiedError,
    component::base::check_credential,
};

use crate::{
    CommitDecision, Committer, CredentialError, Identity, Member, MemberChanges, MessageDecision, MlsStack,
    ProposalsDecision, Right, Room, RoomRefusal, WaitingProposal, components, room::external_senders,
    stack::ComponentUpdates, waiting::Named,
};

/// What the judge knows of join codes (mimi-room-policy-04 §8.1).
#[derive(Clone, Copy, Debug)]
pub enum JoinCodes<'a> {
    /// The hub knows which users have shown a valid code, and for which role.
    Shown(&'a BTreeMap<UserUri, u32>),
    /// A client cannot know. It never refuses a join that the hub may have allowed by a code.
    Unknown,
}

/// Whether a commit of the room's group comes alone.
#[derive(Clone, Copy)]
pub(crate) enum CommitKind<'a> {
    /// It does. In a combined session it is a PARTIAL commit (mls-combiner §3.1).
    Alone,
    /// It is the traditional half of a FULL commit, which leads to this APQInfo.
    OfPair(&'a APQInfo),
}

impl Room {
    /// Judges a commit. Nothing changes before [`Room::apply_commit`].
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn judge_commit<S: MlsStack>(
        &self,
        stack: &mut S,
        identity: &impl Identity,
        codes: JoinCodes<'_>,
        message: &CommitMessage,
    ) -> Result<CommitDecision<S>, RoomRefusal> {
        self.check_place(message.group_id(), message.epoch())?;
        let (content, verified) = self.verify(stack, message.get())?;
        let judged = self.judge_commit_content(identity, codes, &content)?;
        let staged = stack.stage(verified, &judged.components).map_err(mls::<S>)?;
        self.decide(stack, identity, &content, judged, staged)
    }

    /// A commit that was judged and staged.
    pub(crate) fn decide<S: MlsStack>(
        &self,
        stack: &S,
        identity: &impl Identity,
        content: &AuthenticatedContent,
        judged: Judged,
        staged: S::Staged,
    ) -> Result<CommitDecision<S>, RoomRefusal> {
        let context = stack.staged_context(&staged).map_err(mls::<S>)?;
        let dictionary = self.check_staged(&context, &judged)?;
        let external_senders = external_senders(&context.extensions, identity)
            .map_err(|error| RoomRefusal::Mls(error.to_string()))?;
        let Judged { committer, plan, rights, leaves, components, .. } = judged;
        Ok(CommitDecision {
            epoch: self.context.epoch,
            committer,
            plan,
            rights,
            leaves,
            components,
            staged,
            context,
            dictionary,
            external_senders,
            confirmation_tag: content.auth().confirmation_tag.clone(),
            path_key: path_of(content).map(|leaf| leaf.signature_key.clone()),
        })
    }

    /// Judges a list of proposals of one sender, which are accepted or refused together
    /// (`proposalOrCommit` and `moreProposals`). Nothing changes before
    /// [`Room::apply_proposals`].
    ///
    /// `accepted_at` is the time at which the hub accepts or accepted them, in milliseconds since
    /// the UNIX epoch.
    ///
    /// # Errors
    /// The first reason to refuse them.
    pub fn judge_proposals<S: MlsStack>(
        &self,
        stack: &mut S,
        suite: &(impl CipherSuiteProvider + ?Sized),
        identity: &impl Identity,
        messages: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<ProposalsDecision<S>, RoomRefusal> {
        let (list, verified) = self.verify_proposals(stack, suite, messages, accepted_at)?;
        self.decide_proposals(identity, list, verified)
    }

    /// The proposals that messages carry, as far as the MLS stack can tell.
    #[allow(clippy::type_complexity, reason = "the proposals, for the room and for the stack")]
    pub(crate) fn verify_proposals<S: MlsStack>(
        &self,
        stack: &mut S,
        suite: &(impl CipherSuiteProvider + ?Sized),
        messages: &[ProposalMessage],
        accepted_at: u64,
    ) -> Result<(Vec<WaitingProposal>, Vec<S::Verified>), RoomRefusal> {
        let mut list = Vec::with_capacity(messages.len());
        let mut verified = Vec::with_capacity(messages.len());
        for message in messages {
            self.check_place(message.group_id(), message.epoch())?;
            let (content, one) = self.verify(stack, message.get())?;
            let reference =
                proposal_ref(suite, &content).map_err(|error| RoomRefusal::Mls(error.to_string()))?;
            list.push(WaitingProposal { reference, message: message.clone(), content, accepted_at });
            verified.push(one);
        }
        Ok((list, verified))
    }

    pub(crate) fn decide_proposals<S: MlsStack>(
        &self,
        identity: &impl Identity,
        list: Vec<WaitingProposal>,
        verified: Vec<S::Verified>,
    ) -> Result<ProposalsDecision<S>, RoomRefusal> {
        let (actor, plan, rights) = self.judge_proposal_list(identity, &list)?;
        let epoch = self.context.epoch;
        Ok(ProposalsDecision { epoch, actor, plan, rights, list, verified })
    }

    /// Judges an application message by what a hub knows: its sender is a user with a client in
    /// the group, whose role may send (mimi-protocol-06 §5.4). A client calls it as well, and
    /// judges the content in addition.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn judge_message(&self, user: &UserUri, epoch: u64) -> Result<MessageDecision, RoomRefusal> {
        let current = self.context.epoch;
        if epoch != current {
            return Err(RoomRefusal::OtherEpoch { epoch, current });
        }
        self.judge_sender(user)
    }

    /// Judges the sender of a message whose epoch the MLS stack has accepted.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn judge_sender(&self, user: &UserUri) -> Result<MessageDecision, RoomRefusal> {
        // A PrivateMessage does not show the hub which of the user's clients sent it.
        let plan = self.policy.check_message_of(user, &[]);
        let plan = plan.map_err(|refusal| RoomRefusal::Policy { refusal, references: Vec::new() })?;
        let rights = plan.grants().iter().map(|grant| Right { change: None, grant: *grant });
        Ok(MessageDecision { rights: rights.collect() })
    }

    pub(crate) fn check_place(&self, group_id: &[u8], epoch: u64) -> Result<(), RoomRefusal> {
        let current = self.context.epoch;
        if group_id != self.context.group_id.as_slice() {
            Err(RoomRefusal::OtherGroup)
        } else if epoch != current {
            Err(RoomRefusal::OtherEpoch { epoch, current })
        } else {
            Ok(())
        }
    }

    /// Asks the stack, and does not take its word for the message's place.
    pub(crate) fn verify<S: MlsStack>(
        &self,
        stack: &mut S,
        message: &MLSMessage,
    ) -> Result<(AuthenticatedContent, S::Verified), RoomRefusal> {
        let (content, verified) = stack.verify(message).map_err(mls::<S>)?;
        self.check_place(content.content().group_id(), *content.content().epoch())?;
        Ok((content, verified))
    }

    /// The staged epoch follows this one and has the components and extensions of the judgement.
    fn check_staged(&self, staged: &GroupContext, judged: &Judged) -> Result<AppDataDictionary, RoomRefusal> {
        let follows = staged.group_id == self.context.group_id
            && Some(staged.epoch) == self.context.epoch.checked_add(1)
            && staged.cipher_suite == self.context.cipher_suite;
        if !follows {
            return Err(RoomRefusal::OtherComponents);
        }
        let expected = judged.extensions.as_ref().unwrap_or(&self.context.extensions);
        if beside_dictionary(&staged.extensions) != beside_dictionary(expected) {
            return Err(RoomRefusal::OtherComponents);
        }
        let dictionary = staged.extensions.app_data_dictionary();
        let dictionary = dictionary.map_err(|_| RoomRefusal::OtherComponents)?;
        if components::is_updated(&self.dictionary, &judged.components, &dictionary) {
            Ok(dictionary)
        } else {
            Err(RoomRefusal::OtherComponents)
        }
    }

    pub(crate) fn judge_commit_content(
        &self,
        identity: &impl Identity,
        codes: JoinCodes<'_>,
        content: &AuthenticatedContent,
    ) -> Result<Judged, RoomRefusal> {
        self.judge_commit_of(identity, codes, content, CommitKind::Alone)
    }

    pub(crate) fn judge_commit_of(
        &self,
        identity: &impl Identity,
        codes: JoinCodes<'_>,
        content: &AuthenticatedContent,
        kind: CommitKind<'_>,
    ) -> Result<Judged, RoomRefusal> {
        let sender = content.content().sender();
        let Content::Commit { commit } = content.content().content() else {
            return Err(RoomRefusal::WrongContent);
        };
        // A member's commit takes up what waits. One from outside cannot, and would void it: what
        // counts already would count no more (mimi-protocol-06 §5.5 and §7.1).
        if matches!(sender, Sender::NewMemberCommit {}) && self.policy.has_pending() {
            return Err(RoomRefusal::ProposalsWait);
        }
        let named = self.waiting.resolve(&commit.proposals).map_err(RoomRefusal::UnknownReferences)?;
        self.judge_named(identity, codes, (sender, kind), commit, &named)
    }

    pub(crate) fn judge_named(
        &self,
        identity: &impl Identity,
        codes: JoinCodes<'_>,
        (sender, kind): (&Sender, CommitKind<'_>),
        commit: &Commit,
        named: &[Named<'_>],
    ) -> Result<Judged, RoomRefusal> {
        if matches!(kind, CommitKind::Alone) && self.dictionary.data(ComponentID::APQ_MLS_INFO).is_some() {
            let proposals: Vec<&Proposal> = named.iter().map(|it| it.proposal).collect();
            check_partial_commit(&proposals).map_err(RoomRefusal::Pair)?;
        }
        if let Sender::Member { leaf_index } = sender {
            let omitted = self.waiting.omitted(*leaf_index, named);
            if !omitted.is_empty() {
                return Err(RoomRefusal::Omitted(omitted));
            }
        }
        let by_value =
            |it: &Named<'_>| it.reference.is_none() && matches!(it.proposal, Proposal::SelfRemove(_));
        if named.iter().any(by_value) {
            return Err(RoomRefusal::SelfRemove(None));
        }
        let references = References(named.iter().map(|it| it.reference).collect());
        let mut known = Known { room: self, incoming: BTreeMap::new(), codes, kind };
        for (place, it) in named.iter().enumerate() {
            let taken = known.take(identity, Some(place), it.proposal, it.sender.unwrap_or(sender));
            taken.map_err(|refused| references.name(refused))?;
        }
        let path = commit.path.as_ref().map(|path| &path.leaf_node);
        let joining = match (sender, path) {
            (Sender::NewMemberCommit {}, Some(leaf)) => {
                Some((leaf, known.identify(identity, None, leaf, None)?))
            }
            (Sender::Member { leaf_index }, Some(leaf)) => {
                known.identify(identity, None, leaf, Some(*leaf_index))?;
                None
            }
            _ => None,
        };
        let attributed: Vec<(&Proposal, Option<&Sender>)> =
            named.iter().map(|it| (it.proposal, it.sender)).collect();
        let credential = path.map(|leaf| &leaf.credential);
        let request = Request::commit(&self.policy, &known, sender, credential, attributed.iter().copied());
        let request = request.map_err(|invalid| references.invalid(invalid))?;
        let plan = request.check(&self.policy);
        let plan = plan.map_err(|refusal| references.policy(&request, refusal))?;
        let components = components::updates_of(&self.dictionary, attributed.iter().map(|it| it.0), kind)?;
        let rights = rights(&request, &plan);
        let extensions = attributed.iter().find_map(|it| match it.0 {
            Proposal::GroupContextExtensions(new) => Some(new.extensions.clone()),
            _ => None,
        });
        let leaves = self.leaf_changes(&known, sender, path, named)?;
        let committer = match (sender, leaves.added.last(), joining) {
            (Sender::Member { leaf_index }, _, _) => {
                Committer { leaf_index: *leaf_index, joins: false, actor: request.actor }
            }
            (_, Some((leaf_index, _)), Some(_)) => {
                Committer { leaf_index: *leaf_index, joins: true, actor: request.actor }
            }
            _ => return Err(RoomRefusal::WrongContent),
        };
        Ok(Judged { committer, plan, rights, leaves, components, extensions })
    }

    pub(crate) fn judge_proposal_list(
        &self,
        identity: &impl Identity,
        list: &[WaitingProposal],
    ) -> Result<(Actor, Plan, Vec<Right>), RoomRefusal> {
        let Some(first) = list.first() else { return Err(RoomRefusal::WrongContent) };
        let sender = first.sender();
        let (codes, kind) = (JoinCodes::Unknown, CommitKind::Alone);
        let mut known = Known { room: self, incoming: BTreeMap::new(), codes, kind };
        let mut proposals = Vec::with_capacity(list.len());
        let mut seen = BTreeSet::new();
        let references = References(list.iter().map(|it| Some(&it.reference)).collect());
        let mut self_removes =
            self.waiting.iter().filter(|it| it.sender() == sender).filter(|it| is_self_remove(it)).count();
        for (place, it) in list.iter().enumerate() {
            if it.sender() != sender {
                return Err(RoomRefusal::SeveralSenders);
            }
            let Some(proposal) = it.proposal() else { return Err(RoomRefusal::WrongContent) };
            if !seen.insert(it.reference.as_slice()) || self.waiting.get(&it.reference).is_some() {
                return Err(RoomRefusal::AlreadyWaiting(it.reference.clone()));
            }
            self_removes = self_removes.saturating_add(usize::from(is_self_remove(it)));
            if self_removes > 1 {
                return Err(RoomRefusal::SelfRemove(Some(it.reference.clone())));
            }
            let taken = known.take(identity, Some(place), proposal, sender);
            taken.map_err(|refused| references.name(refused))?;
            proposals.push(proposal);
        }
        // Whatever an update would make of its component, it has to be one.
        components::updates(&self.dictionary, proposals.iter().copied())?;
        let request = Request::proposals(&self.policy, &known, sender, &proposals);
        let request = request.map_err(|invalid| references.invalid(invalid))?;
        let plan = request.check(&self.policy);
        let plan = plan.map_err(|refusal| references.policy(&request, refusal))?;
        // A commit takes up all that waits, and changes each of these once.
        let proposed = self.waiting.iter().filter_map(WaitingProposal::proposal);
        let waiting: BTreeSet<_> = proposed.flat_map(components::subjects).collect();
        let again = |it: &&WaitingProposal| {
            let subjects = it.proposal().map(components::subjects);
            subjects.is_some_and(|subjects| subjects.iter().any(|it| waiting.contains(it)))
        };
        if let Some(again) = list.iter().find(again) {
            return Err(RoomRefusal::AlreadyWaiting(again.reference.clone()));
        }
        let rights = rights(&request, &plan);
        Ok((request.actor, plan, rights))
    }

    /// What becomes of the leaves.
    fn leaf_changes(
        &self,
        known: &Known<'_>,
        sender: &Sender,
        path: Option<&LeafNode>,
        named: &[Named<'_>],
    ) -> Result<MemberChanges, RoomRefusal> {
        let mut changes = MemberChanges::default();
        let mut added = Vec::new();
        for it in named {
            match (it.proposal, it.sender.unwrap_or(sender)) {
                (Proposal::Remove(remove), _) => changes.removed.push(remove.removed),
                (Proposal::SelfRemove(_), Sender::Member { leaf_index }) => {
                    changes.removed.push(*leaf_index);
                }
                (Proposal::Update(update), Sender::Member { leaf_index }) => {
                    changes.updated.push((*leaf_index, known.found(&update.leaf_node)?));
                }
                (Proposal::Add(add), _) => added.push(known.found(&add.key_package.leaf_node)?),
                _ => {}
            }
        }
        match (sender, path) {
            (Sender::Member { leaf_index }, Some(leaf)) => {
                changes.updated.push((*leaf_index, known.found(leaf)?));
            }
            (Sender::NewMemberCommit {}, Some(leaf)) => added.push(known.found(leaf)?),
            _ => {}
        }
        let leaves = self.members.next_leaves(&changes.removed, added.len());
        changes.added = leaves.into_iter().zip(added).collect();
        Ok(changes)
    }
}

/// A credential that was decoded, so that it can be encoded.
fn encoded(credential: &Credential) -> Vec<u8> {
    credential.to_bytes().unwrap_or_default()
}

fn path_of(content: &AuthenticatedContent) -> Option<&LeafNode> {
    match content.content().content() {
        Content::Commit { commit } => commit.path.as_ref().map(|path| &path.leaf_node),
        _ => None,
    }
}

fn is_self_remove(waiting: &WaitingProposal) -> bool {
    matches!(waiting.proposal(), Some(Proposal::SelfRemove(_)))
}

fn mls<S: MlsStack>(error: S::Error) -> RoomRefusal {
    RoomRefusal::Mls(error.to_string())
}

fn rights(request: &Request, plan: &Plan) -> Vec<Right> {
    let grants = plan.grants().iter();
    let rights = grants.map(|grant| {
        let change = grant.change.and_then(|place| request.changes.get(place));
        Right { change: change.map(|proposed| proposed.change.clone()), grant: *grant }
    });
    rights.collect()
}

/// The references of a message's proposals, by their places.
struct References<'r>(Vec<Option<&'r ProposalRef>>);

impl References<'_> {
    fn of(&self, places: &[usize]) -> Vec<ProposalRef> {
        places.iter().filter_map(|place| self.0.get(*place).copied().flatten().cloned()).collect()
    }

    fn invalid(&self, invalid: InvalidRequestError) -> RoomRefusal {
        RoomRefusal::Invalid { references: self.of(&invalid.proposals()), invalid }
    }

    fn policy(&self, request: &Request, refusal: Refusal) -> RoomRefusal {
        RoomRefusal::Policy { references: self.of(&request.refused_proposals(&refusal)), refusal }
    }

    /// Names the proposal with a refused credential.
    fn name(&self, mut refused: RoomRefusal) -> RoomRefusal {
        if let RoomRefusal::Credential { proposal: Some(place), reference, .. } = &mut refused {
            *reference = self.0.get(*place).copied().flatten().cloned();
        }
        refused
    }
}

/// A commit that may be staged.
pub(crate) struct Judged {
    pub(crate) committer: Committer,
    pub(crate) plan: Plan,
    pub(crate) rights: Vec<Right>,
    pub(crate) leaves: MemberChanges,
    pub(crate) components: ComponentUpdates,
    /// The new extensions of the GroupContext, beside the dictionary.
    pub(crate) extensions: Option<Extensions>,
}

/// The extensions beside the dictionary of components, in whatever order they come.
fn beside_dictionary(extensions: &Extensions) -> BTreeMap<u16, &[u8]> {
    let extensions = extensions.as_slice().iter();
    let other = extensions.filter(|it| it.extension_type != ExtensionType::APP_DATA_DICTIONARY);
    other.map(|it| (it.extension_type.0, it.extension_data.as_slice())).collect()
}

/// Who is behind the leaves of a room, and behind those that a message brings.
struct Known<'r> {
    room: &'r Room,
    /// By credential and signature key.
    incoming: BTreeMap<(Vec<u8>, Vec<u8>), Member>,
    codes: JoinCodes<'r>,
    kind: CommitKind<'r>,
}

impl Known<'_> {
    /// Identifies the client of the leaf that a proposal brings, if it brings one.
    fn take(
        &mut self,
        identity: &impl Identity,
        place: Option<usize>,
        proposal: &Proposal,
        sender: &Sender,
    ) -> Result<(), RoomRefusal> {
        match (proposal, sender) {
            (Proposal::Add(add), _) => {
                self.identify(identity, place, &add.key_package.leaf_node, None)?;
            }
            (Proposal::Update(update), Sender::Member { leaf_index }) => {
                self.identify(identity, place, &update.leaf_node, Some(*leaf_index))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Identifies the client of a leaf, which succeeds another or is new.
    fn identify(
        &mut self,
        identity: &impl Identity,
        proposal: Option<usize>,
        leaf: &LeafNode,
        succeeds: Option<u32>,
    ) -> Result<Member, RoomRefusal> {
        check_credential(self.room.policy.base(), &leaf.credential)
            .map_err(|_| RoomRefusal::PseudonymsNotAllowed { leaf_index: succeeds })?;
        let member = identity
            .identify(&self.room.uri, &leaf.credential, &leaf.signature_key)
            .map_err(|why| RoomRefusal::Credential { proposal, reference: None, why })?;
        if let Some(leaf_index) = succeeds {
            let before = self.room.members.get(leaf_index);
            if !before.is_some_and(|before| identity.may_succeed(before, &member)) {
                return Err(RoomRefusal::IdentityChanged { leaf_index, client: member.client });
            }
        }
        // A credential names one client, whatever key it comes with.
        if self.first(&leaf.credential).is_some_and(|known| *known != member) {
            let why = CredentialError::from("one credential names two clients");
            return Err(RoomRefusal::Credential { proposal, reference: None, why });
        }
        let key = (encoded(&leaf.credential), leaf.signature_key.as_slice().to_vec());
        self.incoming.insert(key, member.clone());
        Ok(member)
    }

    /// The client that a credential is for, by the first of the keys that it comes with.
    fn first(&self, credential: &Credential) -> Option<&Member> {
        let credential = encoded(credential);
        let (found, member) = self.incoming.range((credential.clone(), Vec::new())..).next()?;
        (found.0 == credential).then_some(member)
    }

    fn found(&self, leaf: &LeafNode) -> Result<Member, RoomRefusal> {
        let key = (encoded(&leaf.credential), leaf.signature_key.as_slice().to_vec());
        self.incoming.get(&key).cloned().ok_or(RoomRefusal::WrongContent)
    }
}

impl Identities for Known<'_> {
    /// The draft names who changes the APQInfo: the committer of a FULL commit, in each.
    fn allows_component(&self, _: &Actor, update: &AppDataUpdate) -> bool {
        update.component_id == ComponentID::APQ_MLS_INFO && matches!(self.kind, CommitKind::OfPair(_))
    }

    fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
        self.room.members.get(leaf_index).map(Member::actor).ok_or(UnidentifiedError::Unknown)
    }

    fn holder(&self, credential: &Credential) -> Result<Actor, UnidentifiedError> {
        self.first(credential).map(Member::actor).ok_or(UnidentifiedError::Unknown)
    }

    fn external_sender(&self, sender_index: u32) -> Result<Actor, UnidentifiedError> {
        let server = self.room.external_sender(sender_index).ok_or(UnidentifiedError::Unknown)?;
        Ok(Actor::external_sender(server.uri.clone(), server.claims.clone()))
    }

    fn extensions(&self) -> Option<&Extensions> {
        Some(&self.room.context.extensions)
    }

    /// The hub alone changes the external senders, and stays among them (reading E38). All else
    /// stays as it is.
    fn allows_extensions(&self, sender: &Actor, old: &Extensions, new: &Extensions) -> bool {
        let room = self.room;
        let Actor::ExternalSender { uri, .. } = sender else { return false };
        if !room.is_hub(uri) {
            return false;
        }
        let senders = ExtensionType::EXTERNAL_SENDERS.0;
        let (mut kept, mut left) = (beside_dictionary(old), beside_dictionary(new));
        if kept.remove(&senders).is_none() || left.remove(&senders).is_none() || kept != left {
            return false;
        }
        let list = |extensions: &Extensions| extensions.content::<ExternalSenders>()?.ok();
        let (Some(old), Some(new)) = (list(old), list(new)) else { return false };
        let mut own = room.external_senders.iter().zip(&old.external_senders);
        own.any(|(server, entry)| {
            server.as_ref().is_some_and(|it| it.uri == *uri) && new.external_senders.contains(entry)
        })
    }

    fn join_code(&self, user: &UserUri, role: u32) -> Option<JoinCode> {
        match self.codes {
            JoinCodes::Shown(shown) => {
                // A code for another role opens no other way, and closes none.
                shown.get(user).filter(|shown| **shown == role).map(|_| JoinCode::Valid)
            }
            JoinCodes::Unknown => Some(JoinCode::Unknown),
        }
    }
}
