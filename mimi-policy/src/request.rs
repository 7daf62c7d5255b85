//! From MLS messages to a decision: what a commit or a list of proposals changes in a room.
//!
//! A hub opens an `UpdateRequest`, looks up the proposals that a commit refers to, and asks
//! [`Request::commit`] or [`Request::proposals`] what they change; a client does the same with the
//! proposals of a commit that it has verified. Both put the request to [`Request::check`], and
//! apply the plan. Then [`RoomState::matches`] says whether the dictionary that the commit leads to
//! is the one that its changes give.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::fmt;

use mimi_codec::{
    Decode, DecodeError,
    code_points::{ComponentID, ExtensionType, ProposalType},
    extensions::{AppDataUpdate, AppDataUpdateSelect, AppEphemeral},
    mls::{Commit, Credential, Extensions, OtherProposal, Proposal, ProposalOrRef, ProposalRef, Sender},
    protocol::{ParticipantListUpdate, RoomMetaUpdate, UpdateResponseCode},
    retraction::{
        HubRetractedMessagesComponent, HubRetractedRangeComponent, RetractedRangesError, refuse_second_ranges,
    },
    room_policy::{BaseRoomUpdate, PreAuthUpdate, RoleUpdate},
};

use crate::{
    Actor, Change, Form, IdentityError, JoinCode, Plan, ProposedChange, Refusal, RoomState, UserUri,
    component::base::check_credential, room::is_room_component,
};

/// Why no actor is known for a leaf, a credential or an external sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnidentifiedError {
    /// There is no such leaf or external sender, or the credential is not valid for any user.
    Unknown,
    /// The identifier in the credential is not in the spelling that counts.
    Identity(IdentityError),
}

impl From<IdentityError> for UnidentifiedError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

impl fmt::Display for UnidentifiedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no such party"),
            Self::Identity(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for UnidentifiedError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Unknown => None,
            Self::Identity(error) => Some(error),
        }
    }
}

/// The identities behind what MLS messages name. The party that keeps the group's tree and checks
/// credentials implements it.
pub trait Identities {
    /// The client at a leaf, its user and its claims. A former participant's are known until the
    /// leaf is gone.
    ///
    /// # Errors
    /// [`UnidentifiedError`].
    fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError>;

    /// The client that a credential is for, its user and its claims.
    ///
    /// # Errors
    /// [`UnidentifiedError`].
    fn holder(&self, credential: &Credential) -> Result<Actor, UnidentifiedError>;

    /// The server at a place in the group's list of external senders.
    ///
    /// # Errors
    /// [`UnidentifiedError`].
    fn external_sender(&self, sender_index: u32) -> Result<Actor, UnidentifiedError>;

    /// The join code by which a user joins with a role; `None` if the user certainly joins without
    /// one.
    ///
    /// The hub has seen the code, or knows that there was none. A client cannot know, and answers
    /// `Some(JoinCode::Unknown)`; for its own join it may answer what it has done.
    fn join_code(&self, user: &UserUri, role: u32) -> Option<JoinCode>;

    /// The extensions of the GroupContext before the message; `None` if they are not known. Without
    /// them, no GroupContextExtensions proposal is allowed.
    fn extensions(&self) -> Option<&Extensions> {
        None
    }

    /// Whether `sender` may replace the GroupContext's extensions `old` by `new`.
    ///
    /// No capability covers that: the hub decides about the external senders of followers
    /// (mimi-protocol-06 §7.4). It is asked only about replacements that leave the dictionary of
    /// components as it is; any other is refused.
    fn allows_extensions(&self, sender: &Actor, old: &Extensions, new: &Extensions) -> bool {
        let _ = (sender, old, new);
        false
    }

    /// Whether `sender` may update or remove a component that is no part of the room's policy, such
    /// as `franking_agent`, `app_components`, `safe_aad`, `associated_parties` or a private one.
    ///
    /// No capability covers them: such a component changes only by the party that its draft
    /// names. Answer `true` only where the component's own rule was checked, for instance by
    /// mimi-pseudonym for the wrapped keys of a room. By default no such change is allowed.
    fn allows_component(&self, sender: &Actor, update: &AppDataUpdate) -> bool {
        let _ = (sender, update);
        false
    }

    /// Whether `sender` may make a proposal of a type that mimi-codec does not know
    /// ([`ProposalRule`](mimi_codec::mls::ProposalRule)). No capability covers it, and nothing that
    /// this crate keeps changes by it.
    fn allows_other_proposal(&self, sender: &Actor, proposal: &OtherProposal) -> bool {
        let _ = (sender, proposal);
        false
    }
}

/// Proposals that say nothing that could be decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRequestError {
    /// The first such proposal, by its place; `None` for the sender or the path of the whole.
    pub proposal: Option<usize>,
    /// What is wrong with it.
    pub problem: RequestProblem,
    /// All others, ascending.
    pub also: Vec<InvalidProposal>,
}

/// A proposal that says nothing that could be decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidProposal {
    /// Its place.
    pub proposal: usize,
    /// What is wrong with it.
    pub problem: RequestProblem,
}

/// What is wrong with a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestProblem {
    /// The sender is not known.
    UnknownSender,
    /// A user, client or server is named in a spelling that does not count.
    Identity(IdentityError),
    /// The new leaf belongs to another user or client than the leaf that it replaces
    /// (RFC 9420 §5.3.1).
    IdentityChanged,
    /// An external commit has no path, and so no leaf.
    NoPath,
    /// An Update replaces the leaf of a member, and its sender is not one.
    UpdateByNonMember,
    /// There is no such leaf.
    UnknownLeaf(u32),
    /// The credential of the client that it adds names no user.
    UnknownHolder,
    /// The room's participants go by their real names (mimi-room-policy-04 §5).
    PseudonymsNotAllowed,
    /// The list of the last commit has no such place (mimi-protocol-06 §7.5).
    UserIndexOutOfRange(u32),
    /// The update isn't one of its component; offsets count from the beginning of its bytes.
    Malformed {
        /// The component.
        component: ComponentID,
        /// What is wrong.
        error: DecodeError,
    },
    /// It replaces the GroupContext's extensions in a way that no rule allows.
    ExtensionsNotAllowed,
    /// It changes a component that is no part of the room's policy, and
    /// [`Identities::allows_component`] does not allow it.
    ComponentNotAllowed(ComponentID),
    /// It retracts messages of one sender in a second range (mimi-hub-retracted-messages-00 §3.2),
    /// or names the sender in a spelling that does not count.
    RetractedRanges(RetractedRangesError),
    /// Its type is unknown here, and [`Identities::allows_other_proposal`] does not allow it.
    OtherProposal(ProposalType),
}

impl InvalidRequestError {
    /// Something is wrong with the sender or the path of the whole.
    const fn whole(problem: RequestProblem) -> Self {
        Self { proposal: None, problem, also: Vec::new() }
    }

    /// The places of all proposals that cannot be read, ascending: `invalidProposals` in an
    /// UpdateRoomResponse names them by reference (mimi-protocol-06 §5.3). Empty if the sender or
    /// the path is invalid.
    #[must_use]
    pub fn proposals(&self) -> Vec<usize> {
        self.proposal.into_iter().chain(self.also.iter().map(|also| also.proposal)).collect()
    }

    /// What a hub answers to an `UpdateRequest` (mimi-protocol-06 §5.3).
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self.problem {
            RequestProblem::PseudonymsNotAllowed
            | RequestProblem::ExtensionsNotAllowed
            | RequestProblem::ComponentNotAllowed(_)
            | RequestProblem::OtherProposal(_)
            | RequestProblem::IdentityChanged => UpdateResponseCode::NOT_ALLOWED,
            _ => UpdateResponseCode::INVALID_PROPOSAL,
        }
    }
}

impl fmt::Display for InvalidRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(proposal) = self.proposal {
            write!(f, "proposal {proposal}: ")?;
        }
        self.problem.fmt(f)?;
        match self.also.len() {
            0 => Ok(()),
            more => write!(f, " ({more} more proposals are invalid)"),
        }
    }
}

impl fmt::Display for RequestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSender => f.write_str("unknown sender"),
            Self::Identity(error) => error.fmt(f),
            Self::IdentityChanged => {
                f.write_str("the new leaf belongs to another user or client than the old one")
            }
            Self::NoPath => f.write_str("external commit without a path"),
            Self::UpdateByNonMember => f.write_str("Update of a sender that is no member"),
            Self::UnknownLeaf(leaf) => write!(f, "there is no leaf {leaf}"),
            Self::UnknownHolder => f.write_str("a credential that names no user"),
            Self::PseudonymsNotAllowed => f.write_str("the room allows no pseudonyms"),
            Self::UserIndexOutOfRange(index) => write!(f, "the list has no place {index}"),
            Self::Malformed { component, error } => write!(f, "{component}: {error}"),
            Self::ExtensionsNotAllowed => f.write_str("the extensions may not become these"),
            Self::ComponentNotAllowed(component) => {
                write!(f, "component {component} may not be changed by this sender")
            }
            Self::RetractedRanges(error) => error.fmt(f),
            Self::OtherProposal(proposal_type) => {
                write!(f, "proposals of type {proposal_type} are not allowed")
            }
        }
    }
}

impl core::error::Error for InvalidRequestError {}

/// A request to a room.
///
/// A hub makes one from an `UpdateRequest`, a client from a commit that its MLS stack has verified
/// and not merged. Both check it.
///
/// ```
/// use mimi_codec::{
///     Encode,
///     code_points::ComponentID,
///     extensions::{AppDataUpdate, AppDataUpdateSelect},
///     mls::{Credential, Proposal, Sender},
///     protocol::{ParticipantListData, ParticipantListUpdate, UpdateResponseCode, UserRolePair},
/// };
/// use mimi_policy::{
///     Actor, Identities, JoinCode, Request, RoomParts, RoomState, TableSeed, UnidentifiedError, UserUri,
///     preset::ExampleRoom,
/// };
///
/// /// What the hub knows from the group's tree: the leaf of each member, and whose credentials are whose.
/// struct Tree;
///
/// impl Identities for Tree {
///     fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
///         let [user, client] = match leaf_index {
///             0 => ["mimi://a.example/u/alice", "mimi://a.example/d/a1"],
///             1 => ["mimi://b.example/u/bob", "mimi://b.example/d/b1"],
///             _ => return Err(UnidentifiedError::Unknown),
///         };
///         Ok(Actor::named(user, client)?)
///     }
///
///     fn holder(&self, credential: &Credential) -> Result<Actor, UnidentifiedError> {
///         match credential {
///             Credential::Basic { identity } if identity.as_slice() == b"cathy" => {
///                 Ok(Actor::named("mimi://c.example/u/cathy", "mimi://c.example/d/c1")?)
///             }
///             _ => Err(UnidentifiedError::Unknown),
///         }
///     }
///
///     fn external_sender(&self, _: u32) -> Result<Actor, UnidentifiedError> {
///         Err(UnidentifiedError::Unknown)
///     }
///
///     // The hub has not been shown a join code.
///     fn join_code(&self, _: &UserUri, _: u32) -> Option<JoinCode> {
///         None
///     }
/// }
///
/// // Alice is an admin, Bob an ordinary user.
/// # let pairs = [("mimi://a.example/u/alice", 3), ("mimi://b.example/u/bob", 2)];
/// # let participants = pairs.map(|(user, role_index)| UserRolePair { user: user.into(), role_index });
/// # let mut parts = RoomParts::new(
/// #     ExampleRoom::Strict.roles(), ParticipantListData { participants: participants.into() });
/// # parts.clients.push(("mimi://a.example/u/alice".into(), "mimi://a.example/d/a1".into()));
/// # parts.clients.push(("mimi://b.example/u/bob".into(), "mimi://b.example/d/b1".into()));
/// let mut room = RoomState::new(parts, TableSeed::known())?;
///
/// // A commit that adds Cathy to the list. A proposal that it names by reference comes with its sender.
/// let list = ParticipantListUpdate {
///     changed_role_participants: vec![],
///     removed_indices: vec![],
///     added_participants: vec![UserRolePair { user: "mimi://c.example/u/cathy".into(), role_index: 2 }],
/// };
/// let op = AppDataUpdateSelect::Update { update: list.to_bytes()?.into() };
/// let proposal = Proposal::AppDataUpdate(AppDataUpdate { component_id: ComponentID::PARTICIPANT_LIST, op });
///
/// // Of Bob it is refused, and this is what the hub answers.
/// let bob = Sender::Member { leaf_index: 1 };
/// let refusal = Request::commit(&room, &Tree, &bob, None, [(&proposal, None)])?.check(&room).unwrap_err();
/// assert_eq!(refusal.reason.update_response_code(), UpdateResponseCode::NOT_ALLOWED);
///
/// let alice = Sender::Member { leaf_index: 0 };
/// let plan = Request::commit(&room, &Tree, &alice, None, [(&proposal, None)])?.check(&room)?;
/// room.apply(plan)?;
///
/// // Cathy's client comes by an external commit: its credential is in the new leaf.
/// let credential = Credential::Basic { identity: "cathy".into() };
/// let joins = Request::commit(&room, &Tree, &Sender::NewMemberCommit {}, Some(&credential), [])?;
/// let plan = joins.check(&room)?;
/// room.apply(plan)?;
/// assert!(room.is_active(&UserUri::try_from("mimi://c.example/u/cathy")?));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who.
    pub actor: Actor,
    /// In which form.
    pub form: Form,
    /// What.
    pub changes: Vec<ProposedChange>,
    /// For each change, the place of the proposal that it is read from: one update of the
    /// participant list makes several changes.
    pub proposals: Vec<usize>,
}

impl Request {
    /// What a list of proposals of one sender asks: `proposalOrCommit` and `moreProposals` of a
    /// HandshakeBundle.
    ///
    /// # Errors
    /// [`InvalidRequestError`] with all proposals that cannot be read.
    pub fn proposals(
        room: &RoomState,
        identities: &(impl Identities + ?Sized),
        sender: &Sender,
        proposals: &[&Proposal],
    ) -> Result<Self, InvalidRequestError> {
        let whole = InvalidRequestError::whole;
        let unknown = |error| whole(RequestProblem::sender(error));
        let (actor, form) = match (sender, proposals.first()) {
            // Who adds itself from outside is whom the Add is for.
            (Sender::NewMemberProposal {}, Some(Proposal::Add(add))) => {
                let actor = identities.holder(&add.key_package.leaf_node.credential);
                (actor.map_err(unknown)?, Form::ExternalProposal)
            }
            _ => proposer(identities, sender).map_err(unknown)?,
        };
        let reader = Reader { room, identities, form };
        let (mut changes, mut sources) = (Vec::new(), Vec::new());
        let mut invalid = Invalid::default();
        for (place, proposal) in proposals.iter().enumerate() {
            invalid.take(place, reader.read(proposal, &actor, None, &mut changes));
            sources.resize(changes.len(), place);
        }
        invalid.check()?;
        Ok(Self { actor, form, changes, proposals: sources })
    }

    /// What a commit asks: its proposals in their order, each with its sender where that isn't the
    /// committer.
    ///
    /// `path` is the credential of the leaf in the commit's path; `None` only for a commit without
    /// a path. An external commit joins the client that the credential is for. In any other commit
    /// it must be for the committer's user and client.
    ///
    /// # Errors
    /// [`InvalidRequestError`] with all proposals that cannot be read.
    pub fn commit<'p>(
        room: &RoomState,
        identities: &(impl Identities + ?Sized),
        sender: &Sender,
        path: Option<&Credential>,
        proposals: impl IntoIterator<Item = (&'p Proposal, Option<&'p Sender>)>,
    ) -> Result<Self, InvalidRequestError> {
        let whole = InvalidRequestError::whole;
        let unknown = |error| whole(RequestProblem::sender(error));
        let (actor, form) = match (sender, path) {
            (Sender::NewMemberCommit {}, Some(credential)) => {
                allow_credential(room, credential).map_err(whole)?;
                let actor = identities.holder(credential);
                (actor.map_err(unknown)?, Form::ExternalCommit)
            }
            (Sender::NewMemberCommit {}, None) => return Err(whole(RequestProblem::NoPath)),
            (Sender::Member { leaf_index }, _) => {
                (identities.member(*leaf_index).map_err(unknown)?, Form::Commit)
            }
            _ => return Err(whole(RequestProblem::UnknownSender)),
        };
        let reader = Reader { room, identities, form };
        if let (Form::Commit, Some(credential)) = (form, path) {
            reader.read_new_leaf(credential, &actor).map_err(whole)?;
        }
        let actor = Arc::new(actor);
        let mut last: Option<(&Sender, Arc<Actor>)> = None;
        let (mut changes, mut sources) = (Vec::new(), Vec::new());
        let mut invalid = Invalid::default();
        for (place, (proposal, sender)) in proposals.into_iter().enumerate() {
            let by = attributed(identities, proposal, sender, &mut last);
            // A committer's own earlier proposal is its own change.
            let by = by.map(|by| by.filter(|by| *by != actor));
            let read = by.and_then(|by| {
                reader.read(proposal, by.as_deref().unwrap_or(&actor), by.as_ref(), &mut changes)
            });
            invalid.take(place, read);
            sources.resize(changes.len(), place);
        }
        invalid.check()?;
        Ok(Self { actor: Arc::unwrap_or_clone(actor), form, changes, proposals: sources })
    }

    /// Decides it.
    ///
    /// # Errors
    /// The first condition that fails.
    pub fn check(&self, room: &RoomState) -> Result<Plan, Refusal> {
        room.check(&self.actor, self.form, &self.changes)
    }

    /// The places of the proposals that a refusal concerns, ascending: `invalidProposals` in an
    /// UpdateRoomResponse names them by reference (mimi-protocol-06 §5.3). Empty if the refusal
    /// concerns the message as a whole.
    #[must_use]
    pub fn refused_proposals(&self, refusal: &Refusal) -> Vec<usize> {
        let changes = refusal.changes().into_iter();
        let mut places: Vec<usize> =
            changes.filter_map(|change| self.proposals.get(change).copied()).collect();
        places.dedup();
        places
    }
}

/// The proposals that cannot be read.
#[derive(Default)]
struct Invalid(Vec<InvalidProposal>);

impl Invalid {
    fn take(&mut self, proposal: usize, read: Result<(), RequestProblem>) {
        if let Err(problem) = read {
            self.0.push(InvalidProposal { proposal, problem });
        }
    }

    fn check(self) -> Result<(), InvalidRequestError> {
        let mut all = self.0.into_iter();
        match all.next() {
            None => Ok(()),
            Some(InvalidProposal { proposal, problem }) => {
                Err(InvalidRequestError { proposal: Some(proposal), problem, also: all.collect() })
            }
        }
    }
}

/// The first proposal that was accepted for the epoch and that a commit doesn't refer to: such a
/// commit is refused (mimi-protocol-06 §7.3). Not to be asked of an external commit, which refers
/// to none but SelfRemoves.
#[must_use]
pub fn first_omitted<'r>(accepted: &'r [ProposalRef], commit: &Commit) -> Option<&'r ProposalRef> {
    let named = commit.proposals.iter().filter_map(|proposal| match proposal {
        ProposalOrRef::Reference { reference } => Some(reference.as_slice()),
        ProposalOrRef::Proposal { .. } => None,
    });
    let named: alloc::collections::BTreeSet<&[u8]> = named.collect();
    accepted.iter().find(|reference| !named.contains(reference.as_slice()))
}

impl RequestProblem {
    const fn sender(error: UnidentifiedError) -> Self {
        match error {
            UnidentifiedError::Unknown => Self::UnknownSender,
            UnidentifiedError::Identity(error) => Self::Identity(error),
        }
    }

    const fn holder(error: UnidentifiedError) -> Self {
        match error {
            UnidentifiedError::Unknown => Self::UnknownHolder,
            UnidentifiedError::Identity(error) => Self::Identity(error),
        }
    }
}

/// The party behind a proposal of a commit that has another sender; the one before is remembered.
fn attributed<'p>(
    identities: &(impl Identities + ?Sized),
    proposal: &Proposal,
    sender: Option<&'p Sender>,
    last: &mut Option<(&'p Sender, Arc<Actor>)>,
) -> Result<Option<Arc<Actor>>, RequestProblem> {
    let Some(sender) = sender else { return Ok(None) };
    if let Some((_, by)) = last.as_ref().filter(|(known, _)| *known == sender) {
        return Ok(Some(Arc::clone(by)));
    }
    if matches!(sender, Sender::NewMemberProposal {}) {
        let Proposal::Add(add) = proposal else { return Err(RequestProblem::UnknownSender) };
        let holder = identities.holder(&add.key_package.leaf_node.credential);
        return Ok(Some(Arc::new(holder.map_err(RequestProblem::sender)?)));
    }
    let by = Arc::new(proposer(identities, sender).map_err(RequestProblem::sender)?.0);
    *last = Some((sender, Arc::clone(&by)));
    Ok(Some(by))
}

fn proposer(
    identities: &(impl Identities + ?Sized),
    sender: &Sender,
) -> Result<(Actor, Form), UnidentifiedError> {
    match sender {
        Sender::Member { leaf_index } => Ok((identities.member(*leaf_index)?, Form::Proposal)),
        Sender::External { sender_index } => {
            Ok((identities.external_sender(*sender_index)?, Form::ExternalProposal))
        }
        Sender::NewMemberProposal {} | Sender::NewMemberCommit {} => Err(UnidentifiedError::Unknown),
    }
}

fn allow_credential(room: &RoomState, credential: &Credential) -> Result<(), RequestProblem> {
    check_credential(room.base(), credential).map_err(|_| RequestProblem::PseudonymsNotAllowed)
}

struct Reader<'r, I: ?Sized> {
    room: &'r RoomState,
    identities: &'r I,
    form: Form,
}

impl<I: Identities + ?Sized> Reader<'_, I> {
    /// A leaf that takes the place of the actor's leaf: of the same user and client.
    fn read_new_leaf(&self, credential: &Credential, actor: &Actor) -> Result<(), RequestProblem> {
        allow_credential(self.room, credential)?;
        let holder = self.identities.holder(credential).map_err(RequestProblem::holder)?;
        match (&holder, actor) {
            (
                Actor::Client { user, client, .. },
                Actor::Client { user: old_user, client: old_client, .. },
            ) if user == old_user && client == old_client => Ok(()),
            (Actor::Client { .. }, Actor::Client { .. }) => Err(RequestProblem::IdentityChanged),
            (Actor::ExternalSender { .. }, Actor::Client { .. }) => Err(RequestProblem::UnknownHolder),
            (_, Actor::ExternalSender { .. }) => Err(RequestProblem::UpdateByNonMember),
        }
    }

    /// What one proposal changes; several lines, if it is an update of the participant list.
    fn read(
        &self,
        proposal: &Proposal,
        actor: &Actor,
        by: Option<&Arc<Actor>>,
        changes: &mut Vec<ProposedChange>,
    ) -> Result<(), RequestProblem> {
        let mut push = |change| changes.push(ProposedChange { change, by: by.cloned() });
        match proposal {
            Proposal::Add(add) => {
                let credential = &add.key_package.leaf_node.credential;
                allow_credential(self.room, credential)?;
                match self.identities.holder(credential) {
                    Ok(Actor::Client { user, client, .. }) => push(Change::AddClient { user, client }),
                    Ok(Actor::ExternalSender { .. }) => return Err(RequestProblem::UnknownHolder),
                    Err(error) => return Err(RequestProblem::holder(error)),
                }
            }
            Proposal::Remove(remove) => match self.identities.member(remove.removed) {
                Ok(Actor::Client { user, client, .. }) => push(Change::RemoveClient { user, client }),
                Err(UnidentifiedError::Identity(error)) => return Err(RequestProblem::Identity(error)),
                _ => return Err(RequestProblem::UnknownLeaf(remove.removed)),
            },
            Proposal::SelfRemove(_) => match actor {
                Actor::Client { user, client, .. } => {
                    push(Change::RemoveClient { user: user.clone(), client: client.clone() });
                }
                Actor::ExternalSender { .. } => return Err(RequestProblem::UnknownSender),
            },
            Proposal::ReInit(_) => push(Change::ReInit),
            Proposal::GroupContextExtensions(new) => {
                let allowed = self.identities.extensions().is_some_and(|old| {
                    let dictionary = ExtensionType::APP_DATA_DICTIONARY;
                    old.data(dictionary) == new.extensions.data(dictionary)
                        && self.identities.allows_extensions(actor, old, &new.extensions)
                });
                if !allowed {
                    return Err(RequestProblem::ExtensionsNotAllowed);
                }
            }
            Proposal::AppDataUpdate(update) => self.read_update(update, actor, &mut push)?,
            Proposal::Update(update) => self.read_new_leaf(&update.leaf_node.credential, actor)?,
            // Key material changes nothing in the room.
            Proposal::PreSharedKey(_) | Proposal::ExternalInit(_) => {}
            Proposal::AppEphemeral(ephemeral) => Self::read_ephemeral(ephemeral, &mut push)?,
            Proposal::Other(other) => {
                if !self.identities.allows_other_proposal(actor, other) {
                    return Err(RequestProblem::OtherProposal(other.proposal_type()));
                }
            }
        }
        Ok(())
    }

    fn read_update(
        &self,
        proposal: &AppDataUpdate,
        actor: &Actor,
        push: &mut impl FnMut(Change),
    ) -> Result<(), RequestProblem> {
        let component = proposal.component_id;
        if !self.is_policy(component) {
            // Its own rule is another machine's; without one it does not change.
            return if self.identities.allows_component(actor, proposal) {
                Ok(())
            } else {
                Err(RequestProblem::ComponentNotAllowed(component))
            };
        }
        let AppDataUpdateSelect::Update { update } = &proposal.op else {
            push(Change::ChangeComponent(component));
            return Ok(());
        };
        let malformed = |error| RequestProblem::Malformed { component, error };
        match component {
            ComponentID::PARTICIPANT_LIST => {
                let update = ParticipantListUpdate::decode_exact(update).map_err(malformed)?;
                self.read_list(update, actor, push)?;
            }
            ComponentID::ROOM_METADATA => {
                let update = RoomMetaUpdate::decode_exact(update).map_err(malformed)?;
                push(Change::UpdateMetadata(update.into()));
            }
            ComponentID::ROLES_LIST => {
                push(Change::UpdateRoles(RoleUpdate::decode_exact(update).map_err(malformed)?));
            }
            ComponentID::PREAUTH_LIST => {
                push(Change::UpdatePreAuth(PreAuthUpdate::decode_exact(update).map_err(malformed)?));
            }
            ComponentID::BASE_ROOM_POLICY => {
                let update = BaseRoomUpdate::decode_exact(update).map_err(malformed)?;
                push(Change::UpdateBase(update.into()));
            }
            _ => push(Change::ChangeComponent(component)),
        }
        Ok(())
    }

    /// What a message to a component asks: a retraction takes a right, any other changes nothing.
    fn read_ephemeral(proposal: &AppEphemeral, push: &mut impl FnMut(Change)) -> Result<(), RequestProblem> {
        let component = proposal.component_id;
        let malformed = |error| RequestProblem::Malformed { component, error };
        match component {
            ComponentID::HUB_RETRACTED_MESSAGES => {
                let messages = HubRetractedMessagesComponent::decode_exact(&proposal.data);
                push(Change::RetractMessages(Box::new(messages.map_err(malformed)?)));
            }
            ComponentID::HUB_RETRACTED_RANGE => {
                let range = HubRetractedRangeComponent::decode_exact(&proposal.data).map_err(malformed)?;
                refuse_second_ranges([&range]).map_err(RequestProblem::RetractedRanges)?;
                let sender =
                    UserUri::try_from(&range.abusive_sender_uri).map_err(RequestProblem::Identity)?;
                push(Change::RetractRange { sender, range: Box::new(range) });
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the component is part of the room's policy: one of the drafts', or one that the base
    /// policy names.
    fn is_policy(&self, component: ComponentID) -> bool {
        is_room_component(component) || self.room.base().policy_component_ids.contains(&component)
    }

    fn read_list(
        &self,
        update: ParticipantListUpdate,
        actor: &Actor,
        push: &mut impl FnMut(Change),
    ) -> Result<(), RequestProblem> {
        let user_at = |index| {
            let user = self.room.participant_at(index).cloned();
            user.ok_or(RequestProblem::UserIndexOutOfRange(index))
        };
        for changed in update.changed_role_participants {
            push(Change::SetRole { user: user_at(changed.user_index)?, role: changed.role_index });
        }
        for index in update.removed_indices {
            push(Change::RemoveParticipant { user: user_at(index)? });
        }
        for added in update.added_participants {
            let user = UserUri::new(added.user).map_err(RequestProblem::Identity)?;
            let role = added.role_index;
            let joins = self.form == Form::ExternalCommit && user == *actor.uri();
            push(match self.identities.join_code(&user, role).filter(|_| joins) {
                Some(code) => Change::UseJoinCode { user, role, code },
                None => Change::AddParticipant { user, role },
            });
        }
        Ok(())
    }
}
