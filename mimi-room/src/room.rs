//! The room: what its hub, its followers and its members agree on.

use alloc::{collections::BTreeSet, string::ToString, vec::Vec};
use core::fmt;

use mimi_codec::{
    ClientUri, DecodeError, DnsName, RoomUri, UserUri,
    extensions::AppDataDictionary,
    mls::{Extensions, ExternalSenders, GroupContext, Proposal},
};
use mimi_policy::{DictionaryError, InvalidRoomError, ParentParticipants, RoomParts, RoomState, TableSeed};

use crate::{
    ComponentUpdates, CredentialError, Identity, Member, MemberChanges, Members, MlsStack, Right,
    RoomRefusal, Server, Waiting, WaitingProposal, components,
};

/// A room in one epoch of its group, with the proposals that were accepted since its commit.
///
/// Hub and client hold the same `Room` and judge by the same functions, so they come to the same
/// verdict. A judgement changes nothing; applying it does.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) uri: RoomUri,
    pub(crate) policy: RoomState,
    pub(crate) context: GroupContext,
    pub(crate) dictionary: AppDataDictionary,
    pub(crate) members: Members,
    pub(crate) external_senders: Vec<Option<Server>>,
    pub(crate) waiting: Waiting,
    /// The participants of the parent room from the next epoch on, where what waits rests on those
    /// before.
    pub(crate) next_parent: Option<ParentParticipants>,
    /// The providers whose last participant leaves by what waits.
    pub(crate) departed: BTreeSet<DnsName>,
}

/// Why no room can be made of a group.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LoadError {
    /// The MLS stack cannot say what the group is.
    Mls(alloc::string::String),
    /// The GroupContext's extensions are malformed.
    Extensions(DecodeError),
    /// The dictionary lacks a component of a room, or one is malformed.
    Dictionary(DictionaryError),
    /// A leaf has a credential that does not identify its client.
    Credential {
        /// The leaf.
        leaf_index: u32,
        /// Why.
        why: CredentialError,
    },
    /// The components and the leaves make no valid room. All defects are listed.
    Room(InvalidRoomError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mls(why) => write!(f, "MLS: {why}"),
            Self::Extensions(error) => write!(f, "GroupContext: {error}"),
            Self::Dictionary(error) => error.fmt(f),
            Self::Credential { leaf_index, why } => {
                write!(f, "leaf {leaf_index}: credential refused: {why}")
            }
            Self::Room(invalid) => invalid.fmt(f),
        }
    }
}

impl core::error::Error for LoadError {}

impl Room {
    /// The room of a group that was created, joined or taken over: its GroupContext and its
    /// leaves say everything, and no proposal waits.
    ///
    /// # Errors
    /// [`LoadError`] if they make no valid room.
    pub fn load<S: MlsStack>(
        uri: RoomUri,
        stack: &S,
        identity: &impl Identity,
        seed: TableSeed,
    ) -> Result<Self, LoadError> {
        let mls = |error: S::Error| LoadError::Mls(error.to_string());
        let context = stack.group_context().map_err(mls)?;
        let mut members = Vec::new();
        for (leaf_index, leaf) in stack.leaves().map_err(mls)? {
            let member = identity
                .identify(&uri, &leaf.credential, &leaf.signature_key)
                .map_err(|why| LoadError::Credential { leaf_index, why })?;
            members.push((leaf_index, member));
        }
        Self::of_parts(uri, context, members, identity, seed)
    }

    pub(crate) fn of_parts(
        uri: RoomUri,
        context: GroupContext,
        members: Vec<(u32, Member)>,
        identity: &impl Identity,
        seed: TableSeed,
    ) -> Result<Self, LoadError> {
        let dictionary = context.extensions.app_data_dictionary().map_err(LoadError::Extensions)?;
        let external_senders =
            external_senders(&context.extensions, identity).map_err(LoadError::Extensions)?;
        let mut parts = RoomParts::from_dictionary(&dictionary).map_err(LoadError::Dictionary)?;
        let clients = members.iter();
        let clients = clients.map(|(_, it)| (it.user.as_bytes().into(), it.client.as_bytes().into()));
        parts.clients = clients.collect();
        let policy = RoomState::new(parts, seed.clone()).map_err(LoadError::Room)?;
        let (members, waiting) = (Members::new(members, seed), Waiting::default());
        let (next_parent, departed) = (None, BTreeSet::new());
        Ok(Self {
            uri,
            policy,
            context,
            dictionary,
            members,
            external_senders,
            waiting,
            next_parent,
            departed,
        })
    }

    /// Its URI.
    #[must_use]
    pub const fn uri(&self) -> &RoomUri {
        &self.uri
    }

    /// The epoch of its group.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.context.epoch
    }

    /// What the members agree on in this epoch.
    #[must_use]
    pub const fn group_context(&self) -> &GroupContext {
        &self.context
    }

    /// The components of this epoch.
    #[must_use]
    pub const fn dictionary(&self) -> &AppDataDictionary {
        &self.dictionary
    }

    /// Who may do what, with the changes that were accepted since the last commit
    /// (mimi-protocol-06 §7.1).
    #[must_use]
    pub const fn policy(&self) -> &RoomState {
        &self.policy
    }

    /// Who is behind the leaves.
    #[must_use]
    pub const fn members(&self) -> &Members {
        &self.members
    }

    /// The proposals that wait for a commit.
    #[must_use]
    pub const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// The server at a place of the external senders, if its proposals count.
    #[must_use]
    pub fn external_sender(&self, sender_index: u32) -> Option<&Server> {
        self.external_senders.get(usize::try_from(sender_index).ok()?)?.as_ref()
    }

    /// Whether a server is the room's hub: the provider that the room's URI names.
    pub(crate) fn is_hub(&self, server: &UserUri) -> bool {
        match (self.uri.mimi_uri(), server.mimi_uri()) {
            (Some(room), Some(server)) => room.host() == server.host(),
            _ => false,
        }
    }

    /// The role of a user; `None` for a user who is not on the participant list.
    #[must_use]
    pub fn role_of(&self, user: &UserUri) -> Option<u32> {
        self.policy.role_of(user)
    }

    /// The clients of a user that are in the group.
    pub fn clients_of(&self, user: &UserUri) -> impl Iterator<Item = &ClientUri> {
        self.members.leaves_of(user).filter_map(|leaf| Some(&self.members.get(leaf)?.client))
    }

    /// Says who is in the parent room (mimi-room-policy-04 §5), after loading a room that depends
    /// on one and after each change there.
    ///
    /// If a proposal that waits rests on the participants before, the new ones count from the next
    /// commit on: what was accepted stays accepted.
    pub fn set_parent(&mut self, identity: &impl Identity, parent: ParentParticipants) {
        if self.waiting.is_empty() {
            self.policy.set_parent_participants(parent);
            self.next_parent = None;
            return;
        }
        let mut room = self.clone();
        let lists = room.withdraw();
        room.policy.set_parent_participants(parent.clone());
        if lists.into_iter().all(|list| room.accept_list(identity, list).is_ok()) {
            *self = Self { next_parent: None, ..room };
        } else {
            self.next_parent = Some(parent);
        }
    }

    /// Goes back to the last commit, and hands out the lists that waited.
    pub(crate) fn withdraw(&mut self) -> Vec<Vec<WaitingProposal>> {
        self.policy.withdraw_proposals();
        self.departed.clear();
        self.waiting.take()
    }

    /// Judges and accepts a list of proposals that the MLS stack has.
    pub(crate) fn accept_list(
        &mut self,
        identity: &impl Identity,
        list: Vec<WaitingProposal>,
    ) -> Result<Vec<Right>, RoomRefusal> {
        let (_, plan, rights) = self.judge_proposal_list(identity, &list)?;
        self.accept(plan, list).map_err(|error| RoomRefusal::Mls(error.to_string()))?;
        Ok(rights)
    }

    /// What the components become by these proposals, whether anyone may make them or not
    /// (mls-extensions-10 §4.7).
    ///
    /// # Errors
    /// [`RoomRefusal::Component`] for a component that no right covers, for a second update of one,
    /// and for an update that its component does not allow.
    pub fn components_after<'p>(
        &self,
        proposals: impl IntoIterator<Item = &'p Proposal>,
    ) -> Result<ComponentUpdates, RoomRefusal> {
        components::updates(&self.dictionary, proposals)
    }

    /// Enters the epoch of a decision.
    pub(crate) fn enter(
        &mut self,
        context: GroupContext,
        dictionary: AppDataDictionary,
        leaves: MemberChanges,
        external_senders: Vec<Option<Server>>,
    ) {
        self.context = context;
        self.dictionary = dictionary;
        self.members.apply(leaves);
        self.external_senders = external_senders;
        self.waiting.take();
        if let Some(parent) = self.next_parent.take() {
            self.policy.set_parent_participants(parent);
        }
    }
}

/// The servers that may propose from outside, in their order.
pub(crate) fn external_senders(
    extensions: &Extensions,
    identity: &impl Identity,
) -> Result<Vec<Option<Server>>, DecodeError> {
    let Some(senders) = extensions.content::<ExternalSenders>().transpose()? else {
        return Ok(Vec::new());
    };
    Ok(senders.external_senders.iter().map(|sender| identity.external_sender(sender)).collect())
}
