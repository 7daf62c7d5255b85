//! From MLS messages to a decision: what a commit or a list of proposals changes in a room.
//!
//! A hub opens an `UpdateRequest`, looks up the proposals that a commit refers to, and asks [`Request::commit`] or
//! [`Request::proposals`] what they change; a client does the same with the proposals of a commit that it has verified. Both put the
//! request to [`Request::check`], and apply the plan. Then [`RoomState::matches`] says whether the dictionary that the commit leads
//! to is the one that its changes give.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    Decode, DecodeError,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::{Commit, Credential, Extensions, Proposal, ProposalOrRef, ProposalRef, Sender},
    protocol::{ParticipantListUpdate, RoomMetaUpdate, UpdateResponseCode},
    room_policy::{BaseRoomUpdate, PreAuthUpdate, RoleUpdate},
};

use crate::{
    Actor, Change, Form, JoinCode, Plan, ProposedChange, Refusal, RoomState, UserUri,
    component::base::check_credential, room::is_room_component,
};

/// Who is behind what MLS messages name: known to whoever keeps the group's tree and checks credentials.
pub trait Identities {
    /// The client at a leaf, its user and its claims. A former participant's are known until the leaf is gone.
    fn member(&self, leaf_index: u32) -> Option<Actor>;

    /// The client that a credential is for, its user and its claims.
    fn holder(&self, credential: &Credential) -> Option<Actor>;

    /// The server at a place in the group's list of external senders.
    fn external_sender(&self, sender_index: u32) -> Option<Actor>;

    /// The join code by which a user joins with a role; `None` if it joins without one. The hub has seen the code; a client takes
    /// the hub's word for it or refuses.
    fn join_code(&self, user: &UserUri, role: u32) -> Option<JoinCode> {
        let _ = (user, role);
        None
    }

    /// Whether the GroupContext's extensions may become these. No capability is about that: what a hub does about the
    /// external senders of followers (mimi-protocol §7.4) is for the hub to say. The dictionary of components has to stay as it is
    /// ([`Extensions::allows_replacement`]).
    fn allows_extensions(&self, extensions: &Extensions) -> bool {
        let _ = extensions;
        false
    }
}

/// Proposals that say nothing that could be decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRequest {
    /// The proposal, by its place; `None` for the sender of the whole.
    pub proposal: Option<usize>,
    /// What is wrong with it.
    pub problem: RequestProblem,
}

/// What is wrong with a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestProblem {
    /// Nobody knows who sent it.
    UnknownSender,
    /// There is no such leaf.
    UnknownLeaf(u32),
    /// The credential of the client that it adds is nobody's.
    UnknownHolder,
    /// The room's participants go by their real names (mimi-room-policy §5).
    PseudonymsNotAllowed,
    /// The list of the last commit has no such place (mimi-protocol §7.5).
    UserIndexOutOfRange(u32),
    /// The update isn't one of its component; offsets count from the beginning of its bytes.
    Malformed {
        /// The component.
        component: ComponentID,
        /// What is wrong.
        error: DecodeError,
    },
    /// It replaces the GroupContext's extensions in a way that nobody allows.
    ExtensionsNotAllowed,
}

impl InvalidRequest {
    /// What a hub answers to an `UpdateRequest` (mimi-protocol §5.3).
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self.problem {
            RequestProblem::PseudonymsNotAllowed | RequestProblem::ExtensionsNotAllowed => {
                UpdateResponseCode::NotAllowed
            }
            _ => UpdateResponseCode::InvalidProposal,
        }
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(proposal) = self.proposal {
            write!(f, "proposal {proposal}: ")?;
        }
        match &self.problem {
            RequestProblem::UnknownSender => f.write_str("unknown sender"),
            RequestProblem::UnknownLeaf(leaf) => write!(f, "there is no leaf {leaf}"),
            RequestProblem::UnknownHolder => f.write_str("a credential of nobody"),
            RequestProblem::PseudonymsNotAllowed => f.write_str("the room allows no pseudonyms"),
            RequestProblem::UserIndexOutOfRange(index) => write!(f, "the list has no place {index}"),
            RequestProblem::Malformed { component, error } => write!(f, "{component}: {error}"),
            RequestProblem::ExtensionsNotAllowed => f.write_str("the extensions may not become these"),
        }
    }
}

impl core::error::Error for InvalidRequest {}

/// What somebody asks of a room.
///
/// A hub makes one from an `UpdateRequest`, a client from a commit that its MLS stack has verified and not merged. Both check it.
///
/// ```
/// use mimi_codec::{
///     Encode,
///     code_points::ComponentID,
///     extensions::{AppDataUpdate, AppDataUpdateSelect},
///     mls::{Credential, Proposal, Sender},
///     protocol::{ParticipantListData, ParticipantListUpdate, UpdateResponseCode, UserRolePair},
/// };
/// use mimi_policy::{Actor, Identities, Request, RoomParts, RoomState, TableSeed, preset::ExampleRoom};
///
/// /// What the hub knows from the group's tree: the leaf of each member, and whose credentials are whose.
/// struct Tree;
///
/// impl Identities for Tree {
///     fn member(&self, leaf_index: u32) -> Option<Actor> {
///         let [user, client] = match leaf_index {
///             0 => ["mimi://a.example/u/alice", "mimi://a.example/d/a1"],
///             1 => ["mimi://b.example/u/bob", "mimi://b.example/d/b1"],
///             _ => return None,
///         };
///         Some(Actor::client(user, client))
///     }
///
///     fn holder(&self, credential: &Credential) -> Option<Actor> {
///         let Credential::Basic { identity } = credential else { return None };
///         (identity.as_slice() == b"cathy").then(|| Actor::client("mimi://c.example/u/cathy", "mimi://c.example/d/c1"))
///     }
///
///     fn external_sender(&self, _: u32) -> Option<Actor> {
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
/// assert_eq!(refusal.reason.update_response_code(), UpdateResponseCode::NotAllowed);
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
/// assert!(room.is_active(&"mimi://c.example/u/cathy".into()));
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
}

impl Request {
    /// What a list of proposals of one sender asks: `proposalOrCommit` and `moreProposals` of a HandshakeBundle.
    ///
    /// # Errors
    /// The first proposal that can't be read.
    pub fn proposals(
        room: &RoomState,
        identities: &impl Identities,
        sender: &Sender,
        proposals: &[&Proposal],
    ) -> Result<Self, InvalidRequest> {
        let nobody = InvalidRequest { proposal: None, problem: RequestProblem::UnknownSender };
        let (actor, form) = match (sender, proposals.first()) {
            // Who adds itself from outside is whom the Add is for.
            (Sender::NewMemberProposal {}, Some(Proposal::Add(add))) => {
                let actor = identities.holder(&add.key_package.leaf_node.credential);
                (actor.ok_or(nobody)?, Form::ExternalProposal)
            }
            _ => proposer(identities, sender).ok_or(nobody)?,
        };
        let reader = Reader { room, identities, form };
        let mut changes = Vec::new();
        for (place, proposal) in proposals.iter().enumerate() {
            reader.read(proposal, &actor, None, &mut changes).map_err(InvalidRequest::of(place))?;
        }
        Ok(Self { actor, form, changes })
    }

    /// What a commit asks: its proposals in their order, each with its sender where that isn't the committer.
    ///
    /// `joining` is the credential in the leaf of an external commit, and absent in any other.
    ///
    /// # Errors
    /// The first proposal that can't be read.
    pub fn commit<'p>(
        room: &RoomState,
        identities: &impl Identities,
        sender: &Sender,
        joining: Option<&Credential>,
        proposals: impl IntoIterator<Item = (&'p Proposal, Option<&'p Sender>)>,
    ) -> Result<Self, InvalidRequest> {
        let whole = |problem| InvalidRequest { proposal: None, problem };
        let (actor, form) = match (sender, joining) {
            (Sender::NewMemberCommit {}, Some(credential)) => {
                allow_credential(room, credential).map_err(whole)?;
                let actor = identities.holder(credential);
                (actor.ok_or_else(|| whole(RequestProblem::UnknownSender))?, Form::ExternalCommit)
            }
            (Sender::Member { leaf_index }, _) => {
                let actor = identities.member(*leaf_index);
                (actor.ok_or_else(|| whole(RequestProblem::UnknownSender))?, Form::Commit)
            }
            _ => return Err(whole(RequestProblem::UnknownSender)),
        };
        let reader = Reader { room, identities, form };
        let mut changes = Vec::new();
        for (place, (proposal, sender)) in proposals.into_iter().enumerate() {
            let invalid = InvalidRequest::of(place);
            let by = match sender {
                None => None,
                Some(Sender::NewMemberProposal {}) => match proposal {
                    Proposal::Add(add) => identities.holder(&add.key_package.leaf_node.credential),
                    _ => None,
                },
                Some(sender) => proposer(identities, sender).map(|(by, _)| by),
            };
            if sender.is_some() && by.is_none() {
                return Err(invalid(RequestProblem::UnknownSender));
            }
            // A committer's own earlier proposal is its own change.
            let by = by.filter(|by| *by != actor);
            reader
                .read(proposal, by.as_ref().unwrap_or(&actor), by.as_ref(), &mut changes)
                .map_err(invalid)?;
        }
        Ok(Self { actor, form, changes })
    }

    /// Decides it.
    ///
    /// # Errors
    /// The first condition that fails.
    pub fn check(&self, room: &RoomState) -> Result<Plan, Refusal> {
        room.check(&self.actor, self.form, &self.changes)
    }
}

impl InvalidRequest {
    fn of(place: usize) -> impl Fn(RequestProblem) -> Self {
        move |problem| Self { proposal: Some(place), problem }
    }
}

/// The first proposal that was accepted for the epoch and that a commit doesn't refer to: such a commit is refused
/// (mimi-protocol §7.3). Not to be asked of an external commit, which refers to none but SelfRemoves.
#[must_use]
pub fn first_omitted<'r>(accepted: &'r [ProposalRef], commit: &Commit) -> Option<&'r ProposalRef> {
    let named = commit.proposals.iter().filter_map(|proposal| match proposal {
        ProposalOrRef::Reference { reference } => Some(reference.as_slice()),
        ProposalOrRef::Proposal { .. } => None,
    });
    let named: alloc::collections::BTreeSet<&[u8]> = named.collect();
    accepted.iter().find(|reference| !named.contains(reference.as_slice()))
}

fn proposer(identities: &impl Identities, sender: &Sender) -> Option<(Actor, Form)> {
    match sender {
        Sender::Member { leaf_index } => Some((identities.member(*leaf_index)?, Form::Proposal)),
        Sender::External { sender_index } => {
            Some((identities.external_sender(*sender_index)?, Form::ExternalProposal))
        }
        Sender::NewMemberProposal {} | Sender::NewMemberCommit {} => None,
    }
}

fn allow_credential(room: &RoomState, credential: &Credential) -> Result<(), RequestProblem> {
    check_credential(room.base(), credential).map_err(|_| RequestProblem::PseudonymsNotAllowed)
}

struct Reader<'r, I> {
    room: &'r RoomState,
    identities: &'r I,
    form: Form,
}

impl<I: Identities> Reader<'_, I> {
    /// What one proposal changes; several lines, if it is an update of the participant list.
    fn read(
        &self,
        proposal: &Proposal,
        actor: &Actor,
        by: Option<&Actor>,
        changes: &mut Vec<ProposedChange>,
    ) -> Result<(), RequestProblem> {
        let mut push = |change| changes.push(ProposedChange { change, by: by.cloned() });
        match proposal {
            Proposal::Add(add) => {
                let credential = &add.key_package.leaf_node.credential;
                allow_credential(self.room, credential)?;
                match self.identities.holder(credential) {
                    Some(Actor::Client { user, client, .. }) => push(Change::AddClient { user, client }),
                    _ => return Err(RequestProblem::UnknownHolder),
                }
            }
            Proposal::Remove(remove) => match self.identities.member(remove.removed) {
                Some(Actor::Client { user, client, .. }) => push(Change::RemoveClient { user, client }),
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
                if !self.identities.allows_extensions(&new.extensions) {
                    return Err(RequestProblem::ExtensionsNotAllowed);
                }
            }
            Proposal::AppDataUpdate(update) => self.read_update(update, actor, &mut push)?,
            // New keys and messages to components change nothing in the room.
            Proposal::Update(_)
            | Proposal::PreSharedKey(_)
            | Proposal::ExternalInit(_)
            | Proposal::AppEphemeral(_) => {}
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
        let AppDataUpdateSelect::Update { update } = &proposal.op else {
            if self.is_policy(component) {
                push(Change::ChangeComponent(component));
            }
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
            _ if self.is_policy(component) => push(Change::ChangeComponent(component)),
            // Another component's own affair.
            _ => {}
        }
        Ok(())
    }

    /// Whether the component is part of the room's policy: one of the drafts', or one that the base policy names.
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
            let (user, role) = (UserUri::from(added.user), added.role_index);
            let joins = self.form == Form::ExternalCommit && user == *actor.uri();
            push(match self.identities.join_code(&user, role).filter(|_| joins) {
                Some(code) => Change::UseJoinCode { user, role, code },
                None => Change::AddParticipant { user, role },
            });
        }
        Ok(())
    }
}
