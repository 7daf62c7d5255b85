//! From a handshake to a decision: the same steps at the hub and at every client.
//!
//! 1. Whoever decides has verified the message with its MLS stack, and decoded it with `mimi-codec`.
//! 2. A commit's references are looked up among the proposals that were accepted ([`AcceptedProposals::resolve`]).
//! 3. Every leaf that comes in has a credential that its provider vouches for (`check_credentials`).
//! 4. `mimi-policy` reads the proposals as changes of the room and decides ([`decide`]).
//! 5. The room after the changes says what the components become, which is what the MLS stack asks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use mimi_codec::{
    code_points::{ComponentID, WireFormat},
    extensions::AppDataDictionary,
    mls::{
        AuthenticatedContent, Commit, Content, Credential, ExternalSenders, FramedContent, GroupContext,
        LeafNode, MLSMessage, MLSMessageBody, Node, Proposal, ProposalOrRef, ProposalRef, PublicMessage,
        RatchetTree, Sender,
    },
    protocol::{CommitMessage, IdentifierUri, ProposalMessage, UpdateResponseCode},
};
use mimi_crypto::{RustCrypto, proposal_ref};
use mimi_policy::{
    Actor, Basis, Change, Claims, Identities, InvalidRequest, JoinCode, OwnLogEntry, Refusal, Request,
    RoomParts, RoomState, TableSeed, Unidentified, UserUri, first_omitted,
};
use openmls::prelude::{self as mls, Member};

use crate::{
    Result,
    identity::{Authority, ClientIdentity, VouchedIdentity},
    stack,
};

/// Who is behind the leaves of a group: what `mimi-policy` asks of whoever keeps the tree.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// By leaf index.
    pub members: BTreeMap<u32, ClientIdentity>,
    /// The group's external senders, in their order.
    pub external_senders: Vec<IdentifierUri>,
    /// Who joins by a code. The hub knows its codes, a client sees none.
    pub codes: JoinCodes,
}

/// What somebody knows of join codes.
#[derive(Clone, Debug, Default)]
pub enum JoinCodes {
    /// Whoever hosts the room: these users have shown a code for this role.
    Shown(BTreeMap<UserUri, u32>),
    /// A client: no message of the group shows a code.
    #[default]
    Unknown,
}

impl Roster {
    /// Who is behind the members of a group. Their credentials were verified when they came in.
    ///
    /// # Errors
    /// When a credential isn't one of this program.
    pub fn new(members: impl Iterator<Item = Member>, context: &mls::GroupContext) -> Result<Self> {
        let mut roster = Self::default();
        for member in members {
            let credential: Credential = stack::of_openmls(&member.credential)?;
            roster.members.insert(member.index.u32(), VouchedIdentity::claimed_by(&credential)?);
        }
        let context: GroupContext = stack::of_openmls(context)?;
        if let Some(senders) = context.extensions.content::<ExternalSenders>() {
            for sender in senders?.external_senders {
                let Credential::Basic { identity } = sender.credential else { continue };
                roster.external_senders.push(IdentifierUri::new(identity)?);
            }
        }
        Ok(roster)
    }

    /// Who is behind the leaves of a tree, for somebody who isn't in the group yet. The credentials are verified before.
    ///
    /// # Errors
    /// When a credential isn't one of this program.
    pub fn of_tree(tree: &RatchetTree) -> Result<Self> {
        let mut roster = Self::default();
        // Leaves and parents alternate (RFC 9420, appendix C).
        for (index, node) in (0u32..).zip(tree.iter().step_by(2)) {
            if let Some(Node::Leaf { leaf_node }) = node {
                roster.members.insert(index, VouchedIdentity::claimed_by(&leaf_node.credential)?);
            }
        }
        Ok(roster)
    }
}

impl Identities for Roster {
    fn member(&self, leaf_index: u32) -> std::result::Result<Actor, Unidentified> {
        Ok(self.members.get(&leaf_index).ok_or(Unidentified::Unknown)?.actor()?)
    }

    fn holder(&self, credential: &Credential) -> std::result::Result<Actor, Unidentified> {
        let identity = VouchedIdentity::claimed_by(credential).map_err(|_| Unidentified::Unknown)?;
        Ok(identity.actor()?)
    }

    fn external_sender(&self, sender_index: u32) -> std::result::Result<Actor, Unidentified> {
        let place = usize::try_from(sender_index).map_err(|_| Unidentified::Unknown)?;
        let uri = self.external_senders.get(place).ok_or(Unidentified::Unknown)?;
        Ok(Actor::external_sender(uri.try_into()?, Claims::none()))
    }

    fn join_code(&self, user: &UserUri, role: u32) -> Option<JoinCode> {
        match &self.codes {
            JoinCodes::Shown(codes) => match codes.get(user) {
                Some(shown) if *shown == role => Some(JoinCode::Valid),
                Some(_) => Some(JoinCode::Invalid),
                None => None,
            },
            JoinCodes::Unknown => Some(JoinCode::Unknown),
        }
    }
}

/// The room that a dictionary and the group's leaves make.
///
/// # Errors
/// When they make no valid room.
pub fn room_of(dictionary: &AppDataDictionary, roster: &Roster, seed: TableSeed) -> Result<RoomState> {
    let mut parts = RoomParts::from_dictionary(dictionary)?;
    parts.clients =
        roster.members.values().map(|it| (it.user.as_bytes().into(), it.client.as_bytes().into())).collect();
    Ok(RoomState::new(parts, seed)?)
}

/// A proposal that the hub has accepted and nobody has committed.
#[derive(Clone, Debug)]
pub struct AcceptedProposal {
    /// How commits refer to it.
    pub reference: ProposalRef,
    /// The message.
    pub message: ProposalMessage,
    /// Its sender.
    pub sender: Sender,
    /// What it proposes.
    pub proposal: Proposal,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_at: u64,
}

/// The proposals of an epoch that wait for a commit.
#[derive(Clone, Debug, Default)]
pub struct AcceptedProposals(Vec<AcceptedProposal>);

impl AcceptedProposals {
    /// Those there are.
    #[must_use]
    pub fn as_slice(&self) -> &[AcceptedProposal] {
        &self.0
    }

    /// Remembers a list that was accepted.
    pub fn extend(&mut self, proposals: Vec<AcceptedProposal>) {
        self.0.extend(proposals);
    }

    /// A commit has begun another epoch.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The first that a commit leaves out (mimi-protocol, 7.3).
    #[must_use]
    pub fn omitted_by(&self, commit: &Commit) -> Option<ProposalRef> {
        let references: Vec<ProposalRef> = self.0.iter().map(|it| it.reference.clone()).collect();
        first_omitted(&references, commit).cloned()
    }

    /// The proposals of a commit in their order, each with its sender where that isn't the committer.
    ///
    /// # Errors
    /// The first reference to a proposal that nobody has accepted.
    pub fn resolve<'p>(&'p self, commit: &'p Commit) -> Result<Vec<Attributed<'p>>, Refused> {
        let proposals = commit.proposals.iter().map(|proposal| match proposal {
            ProposalOrRef::Proposal { proposal } => Ok((proposal, None)),
            ProposalOrRef::Reference { reference } => {
                let found = self.0.iter().find(|it| it.reference == *reference);
                let found = found.ok_or_else(|| Refused::UnknownReference(reference.clone()))?;
                Ok((&found.proposal, Some(&found.sender)))
            }
        });
        proposals.collect()
    }
}

/// A proposal and who sent it, where that isn't whoever sends the whole.
pub type Attributed<'p> = (&'p Proposal, Option<&'p Sender>);

/// The PublicMessage in a handshake. A SemiPrivateMessage has to be opened first.
///
/// # Errors
/// When it is something else.
pub fn public_message(message: &MLSMessage) -> Result<&PublicMessage> {
    match &message.body {
        MLSMessageBody::PublicMessage { public_message } => Ok(public_message),
        _ => Err("not a PublicMessage".into()),
    }
}

/// The commit in a PublicMessage.
///
/// # Errors
/// When it is something else.
pub fn commit_of(message: &PublicMessage) -> Result<&Commit> {
    match message.content().content() {
        Content::Commit { commit } => Ok(commit),
        _ => Err("not a commit".into()),
    }
}

/// A proposal as it will be remembered.
///
/// # Errors
/// When it is something else.
pub fn accepted(suite: &RustCrypto, message: &ProposalMessage, accepted_at: u64) -> Result<AcceptedProposal> {
    let public = public_message(message.get())?;
    let Content::Proposal { proposal } = public.content().content() else { return Err("no proposal".into()) };
    let content = AuthenticatedContent::new(
        WireFormat::MLS_PUBLIC_MESSAGE,
        public.content().clone(),
        public.auth().clone(),
    )?;
    Ok(AcceptedProposal {
        reference: proposal_ref(suite, &content)?,
        message: message.clone(),
        sender: public.content().sender().clone(),
        proposal: proposal.clone(),
        accepted_at,
    })
}

/// Why a handshake is refused.
#[derive(Clone, Debug)]
pub enum Refused {
    /// The MLS stack refuses it.
    Mls(String),
    /// A leaf's credential is not good for it.
    Credential(String),
    /// A member would go by another name.
    IdentityChanged(IdentifierUri),
    /// It refers to a proposal that nobody has accepted.
    UnknownReference(ProposalRef),
    /// It leaves out a proposal that was accepted.
    Omitted(ProposalRef),
    /// It comes from outside while proposals wait for a member's commit.
    ProposalsWait,
    /// It says nothing that could be decided on.
    Invalid(InvalidRequest),
    /// The room's policy forbids it.
    Policy(Refusal),
    /// It updates a component of which nobody here knows what an update does.
    Component(ComponentID),
}

impl Refused {
    /// What a hub answers.
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self {
            Self::Mls(_) | Self::Credential(_) | Self::UnknownReference(_) | Self::Component(_) => {
                UpdateResponseCode::INVALID_PROPOSAL
            }
            Self::IdentityChanged(_) | Self::Omitted(_) | Self::ProposalsWait => {
                UpdateResponseCode::NOT_ALLOWED
            }
            Self::Invalid(invalid) => invalid.update_response_code(),
            Self::Policy(refusal) => refusal.reason.update_response_code(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mls(why) => write!(f, "MLS: {why}"),
            Self::Credential(why) => write!(f, "a credential: {why}"),
            Self::IdentityChanged(client) => write!(f, "{} would become another", text(client)),
            Self::UnknownReference(_) => f.write_str("it refers to a proposal that was not accepted"),
            Self::Omitted(_) => f.write_str("it leaves out a proposal that was accepted"),
            Self::ProposalsWait => f.write_str("proposals wait for a member's commit"),
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Policy(refusal) => refusal.fmt(f),
            Self::Component(id) => write!(f, "nobody here knows what an update of {id} does"),
        }
    }
}

/// Checks the credential of every leaf that comes in: with an Add, with an Update, with the path of a commit. A member keeps its name.
///
/// # Errors
/// The first that is not good.
fn check_credentials(
    authority: &Authority,
    roster: &Roster,
    sender: &Sender,
    commit: Option<&Commit>,
    proposals: &[Attributed<'_>],
) -> Result<(), Refused> {
    let verify =
        |leaf: &LeafNode| authority.verify_leaf(leaf).map_err(|error| Refused::Credential(error.to_string()));
    let verify_of = |sender: &Sender, leaf: &LeafNode| {
        let identity = verify(leaf)?;
        match sender {
            Sender::Member { leaf_index } if roster.members.get(leaf_index) != Some(&identity) => {
                Err(Refused::IdentityChanged(identity.client))
            }
            _ => Ok(()),
        }
    };
    for (proposal, by) in proposals {
        match proposal {
            Proposal::Add(add) => drop(verify(&add.key_package.leaf_node)?),
            Proposal::Update(update) => verify_of(by.unwrap_or(sender), &update.leaf_node)?,
            _ => {}
        }
    }
    match commit.and_then(|commit| commit.path.as_ref()) {
        Some(path) => verify_of(sender, &path.leaf_node),
        None => Ok(()),
    }
}

/// A change that is allowed, and what it leads to.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The room after it.
    pub room: RoomState,
    /// The components whose data changes, with their new data.
    pub changed: Vec<(ComponentID, Option<Vec<u8>>)>,
    /// What is changed, and by which right.
    pub why: Vec<String>,
}

/// What somebody who decides knows of a room: the hub and every client alike.
#[derive(Clone, Copy)]
pub struct Standpoint<'a> {
    /// Whose vouching counts.
    pub authority: &'a Authority,
    /// The room.
    pub room: &'a RoomState,
    /// The group's components.
    pub dictionary: &'a AppDataDictionary,
    /// Who is behind the leaves.
    pub roster: &'a Roster,
    /// The proposals that wait for a commit.
    pub accepted: &'a AcceptedProposals,
}

impl Standpoint<'_> {
    /// Judges a commit that the MLS stack has verified.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge_commit(&self, message: &CommitMessage) -> Result<Decision, Refused> {
        let public = public_message(message.get()).map_err(|error| Refused::Mls(error.to_string()))?;
        self.judge_content(public.content())
    }

    /// Judges a commit, however it has come.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge_content(&self, content: &FramedContent) -> Result<Decision, Refused> {
        let Content::Commit { commit } = content.content() else {
            return Err(Refused::Mls("not a commit".to_owned()));
        };
        let sender = content.sender();
        let is_external = *sender == Sender::NewMemberCommit {};
        // A member's commit takes up what waits. An external one can't, and would void it: what counts already would count no more
        // (mimi-protocol, 5.5 and 7.1). So it has to wait as well.
        if is_external && self.room.has_pending() {
            return Err(Refused::ProposalsWait);
        }
        if !is_external && let Some(omitted) = self.accepted.omitted_by(commit) {
            return Err(Refused::Omitted(omitted));
        }
        let proposals = self.accepted.resolve(commit)?;
        check_credentials(self.authority, self.roster, sender, Some(commit), &proposals)?;
        let path = commit.path.as_ref().map(|path| &path.leaf_node.credential);
        let request = Request::commit(self.room, self.roster, sender, path, proposals.iter().copied());
        decide(self.room, self.dictionary, request, &proposals)
    }

    /// Judges a list of proposals of one sender, each of which the MLS stack has verified.
    ///
    /// # Errors
    /// Why they are refused.
    pub fn judge_proposals(&self, list: &[AcceptedProposal]) -> Result<Decision, Refused> {
        let Some(first) = list.first() else { return Err(Refused::Mls("no proposal".to_owned())) };
        if list.iter().any(|it| it.sender != first.sender) {
            return Err(Refused::Mls("proposals of several senders".to_owned()));
        }
        let proposals: Vec<&Proposal> = list.iter().map(|it| &it.proposal).collect();
        let attributed: Vec<Attributed<'_>> = proposals.iter().map(|proposal| (*proposal, None)).collect();
        check_credentials(self.authority, self.roster, &first.sender, None, &attributed)?;
        let request = Request::proposals(self.room, self.roster, &first.sender, &proposals);
        decide(self.room, self.dictionary, request, &attributed)
    }
}

/// Decides.
///
/// # Errors
/// Why not.
pub fn decide(
    room: &RoomState,
    dictionary: &AppDataDictionary,
    request: Result<Request, InvalidRequest>,
    proposals: &[Attributed<'_>],
) -> Result<Decision, Refused> {
    let request = request.map_err(Refused::Invalid)?;
    let plan = request.check(room).map_err(Refused::Policy)?;
    let why = explain(room, &request, plan.grants());
    after(room, dictionary, plan, proposals, why)
}

/// What somebody does who doesn't ask whether it may: the same without the rights. Only for the story's villains.
///
/// # Errors
/// When it can't be done at all.
pub fn decide_unasked(
    room: &RoomState,
    dictionary: &AppDataDictionary,
    request: Result<Request, InvalidRequest>,
    proposals: &[Attributed<'_>],
) -> Result<Decision, Refused> {
    let request = request.map_err(Refused::Invalid)?;
    let unasked = OwnLogEntry::from_own_storage(request.actor, request.changes);
    match room.plan_restored(&unasked) {
        Ok(plan) => after(room, dictionary, plan, proposals, Vec::new()),
        // What makes no room at all changes no component either.
        Err(_) => Ok(Decision { room: room.clone(), changed: Vec::new(), why: Vec::new() }),
    }
}

fn after(
    room: &RoomState,
    dictionary: &AppDataDictionary,
    plan: mimi_policy::Plan,
    proposals: &[Attributed<'_>],
    why: Vec<String>,
) -> Result<Decision, Refused> {
    // A copy, since the MLS stack may still refuse the commit. A server of large rooms keeps the plan instead and applies it once the
    // commit is merged; the components after it are then what `mimi-codec` makes of the AppDataUpdates.
    let mut room = room.clone();
    // The plan was made for this very state.
    room.apply(plan).map_err(|stale| Refused::Mls(stale.to_string()))?;
    let components = room
        .to_components()
        .map_err(|defect| Refused::Policy(Refusal::of_message(mimi_policy::Reason::InvalidRoom(defect))))?;
    let updates = proposals.iter().filter_map(|(proposal, _)| match proposal {
        Proposal::AppDataUpdate(update) => Some(update.component_id),
        _ => None,
    });
    let updated: BTreeSet<ComponentID> = updates.collect();
    let known = |id: &ComponentID| components.iter().any(|component| component.component_id == *id);
    if let Some(unknown) = updated.iter().find(|id| !known(id)) {
        return Err(Refused::Component(*unknown));
    }
    // The room has more than the dictionary while proposals wait: what nobody updates here stays as it is.
    let changed = components.into_iter().filter(|new| {
        updated.contains(&new.component_id) && dictionary.data(new.component_id) != Some(&new.data)
    });
    let changed = changed.map(|new| (new.component_id, Some(new.data.into_bytes()))).collect();
    Ok(Decision { room, changed, why })
}

fn explain(room: &RoomState, request: &Request, grants: &[mimi_policy::Grant]) -> Vec<String> {
    let role = |index: u32| match room.role(index) {
        Some(role) => format!("{} ({index})", role.role_name),
        None => format!("role {index}"),
    };
    let lines = grants.iter().map(|grant| {
        let what = grant.change.and_then(|change| request.changes.get(change));
        let what = what.map_or_else(|| "joins".to_owned(), |proposed| describe(&proposed.change, &role));
        let right = match grant.capability {
            Some(capability) => format!("{capability} of {}", role(grant.role)),
            None => String::new(),
        };
        let basis = match grant.basis {
            Basis::CapabilityAlone => String::new(),
            Basis::RoleChange { from, to } => format!("which lists the move {from} → {to}"),
            Basis::PreAuthorization { entry } => format!("preauthorized by entry {entry}"),
            Basis::PartOf { .. } => "goes with its user".to_owned(),
            Basis::Accepted => "accepted before".to_owned(),
            _ => "takes no capability".to_owned(),
        };
        let reasons: Vec<String> = [right, basis].into_iter().filter(|it| !it.is_empty()).collect();
        format!("{what}: {}", reasons.join(", "))
    });
    lines.collect()
}

fn describe(change: &Change, role: &impl Fn(u32) -> String) -> String {
    match change {
        Change::AddParticipant { user, role: index } => format!("adds {user} as {}", role(*index)),
        Change::RemoveParticipant { user } => format!("takes {user} off the list"),
        Change::SetRole { user, role: index } => format!("makes {user} {}", role(*index)),
        Change::AddClient { client, .. } => format!("adds {client}"),
        Change::RemoveClient { client, .. } => format!("removes {client}"),
        Change::UseJoinCode { user, role: index, .. } => {
            format!("{user} joins by a code as {}", role(*index))
        }
        Change::UpdateMetadata(_) => "changes the metadata".to_owned(),
        Change::UpdateRoles(_) => "changes the roles".to_owned(),
        Change::UpdatePreAuth(_) => "changes the preauthorization".to_owned(),
        Change::UpdateBase(_) => "changes the base policy".to_owned(),
        other => format!("{other:?}"),
    }
}

/// A URI as text.
#[must_use]
pub fn text(uri: &IdentifierUri) -> String {
    String::from_utf8_lossy(uri.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use mimi_codec::mls::{Add, KeyPackage, LeafNodeSelect, Update};

    use super::*;
    use crate::{
        stack,
        world::{World, user_uri},
    };

    #[test]
    fn refuses_a_leaf_that_nobody_has_vouched_for_and_another_name_for_a_member() {
        let mut world = World::new(stack::suite(1).unwrap(), &["a.example"], 1).unwrap();
        let mut key_package = |name: &str| {
            let user = user_uri("a.example", name).unwrap();
            let client = world.new_client(&user, name).unwrap();
            let client = world.client(&client).unwrap();
            (client.identity().clone(), client.key_package().unwrap())
        };
        let ((alice, of_alice), (bob, of_bob)) = (key_package("alice"), key_package("bob"));
        let roster = Roster { members: BTreeMap::from([(0, alice), (1, bob.clone())]), ..Roster::default() };
        let authority = world.authority();
        let check = |proposal: Proposal, by: u32| {
            let (by, committer) = (Sender::Member { leaf_index: by }, Sender::Member { leaf_index: 0 });
            check_credentials(authority, &roster, &committer, None, &[(&proposal, Some(&by))])
        };
        let add =
            |key_package: &KeyPackage| Proposal::Add(Box::new(Add { key_package: key_package.clone() }));
        assert!(check(add(&of_bob), 0).is_ok());
        let mut swapped = of_bob.clone();
        swapped.leaf_node.credential = of_alice.leaf_node.credential.clone();
        assert!(matches!(check(add(&swapped), 0), Err(Refused::Credential(_))));

        let mut leaf_node = of_bob.leaf_node;
        leaf_node.leaf_node_source = LeafNodeSelect::Update {};
        let update = || Proposal::Update(Box::new(Update { leaf_node: leaf_node.clone() }));
        assert!(check(update(), 1).is_ok());
        let refused = check(update(), 0).unwrap_err();
        assert!(matches!(refused, Refused::IdentityChanged(client) if client == bob.client));
    }
}
