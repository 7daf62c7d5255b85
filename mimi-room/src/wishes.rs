//! What a user wants to change, as proposals.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use mimi_codec::{
    ClientUri, Encode, Opaque, UserUri,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::{Add, KeyPackage, Proposal, Remove},
    protocol::{ParticipantListUpdate, RoomMetaData, UserRolePair, UserindexRolePair},
    room_policy::{BaseRoomPolicy, PreAuthData, RoleData},
};
use mimi_policy::BANNED_ROLE;

use crate::Room;

/// What a user wants to change in a room. All of it goes into one commit, or one list of
/// proposals.
///
/// ```
/// use mimi_codec::UserUri;
/// use mimi_room::Wishes;
///
/// let bob = UserUri::try_from("mimi://b.example/u/bob")?;
/// let wishes = Wishes::default().set_role(bob, 3);
/// # Ok::<(), mimi_codec::IdentityError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Wishes {
    add: Vec<(UserUri, u32)>,
    remove: Vec<UserUri>,
    set_role: Vec<(UserUri, u32)>,
    add_clients: Vec<KeyPackage>,
    remove_clients: Vec<ClientUri>,
    components: Vec<(ComponentID, Opaque)>,
}

/// A wish that cannot become proposals.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WishError {
    /// The user is not on the participant list.
    NotAParticipant(UserUri),
    /// The client is not in the group.
    NoSuchClient(ClientUri),
    /// A component is longer than the wire can hold.
    TooLong(ComponentID),
    /// Nothing is wished for.
    Empty,
}

impl fmt::Display for WishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAParticipant(user) => write!(f, "{user} is not on the participant list"),
            Self::NoSuchClient(client) => write!(f, "{client} is not in the group"),
            Self::TooLong(id) => write!(f, "component {id} is too long for the wire"),
            Self::Empty => f.write_str("nothing is to be changed"),
        }
    }
}

impl core::error::Error for WishError {}

impl Wishes {
    /// Adds a user with a role, and its clients by their KeyPackages. Without any, the user is on
    /// the list and joins later.
    pub fn add(mut self, user: UserUri, role: u32, clients: Vec<KeyPackage>) -> Self {
        self.add.push((user, role));
        self.add_clients.extend(clients);
        self
    }

    /// Removes a user from the list, with all its clients.
    pub fn remove(mut self, user: UserUri) -> Self {
        self.remove.push(user);
        self
    }

    /// Gives a user another role. With the banned role, its clients leave the group
    /// (mimi-protocol-06 §5.3).
    pub fn set_role(mut self, user: UserUri, role: u32) -> Self {
        self.set_role.push((user, role));
        self
    }

    /// Adds a client of a participant.
    pub fn add_client(mut self, client: KeyPackage) -> Self {
        self.add_clients.push(client);
        self
    }

    /// Removes a client from the group.
    pub fn remove_client(mut self, client: ClientUri) -> Self {
        self.remove_clients.push(client);
        self
    }

    /// Replaces the roles (mimi-room-policy-04 §3).
    ///
    /// # Errors
    /// [`WishError::TooLong`].
    pub fn set_roles(self, roles: &RoleData) -> Result<Self, WishError> {
        self.replace(ComponentID::ROLES_LIST, roles)
    }

    /// Replaces the preauthorization (mimi-room-policy-04 §4).
    ///
    /// # Errors
    /// [`WishError::TooLong`].
    pub fn set_preauthorization(self, preauth: &PreAuthData) -> Result<Self, WishError> {
        self.replace(ComponentID::PREAUTH_LIST, preauth)
    }

    /// Replaces the base policy (mimi-room-policy-04 §5).
    ///
    /// # Errors
    /// [`WishError::TooLong`].
    pub fn set_base_policy(self, base: &BaseRoomPolicy) -> Result<Self, WishError> {
        self.replace(ComponentID::BASE_ROOM_POLICY, base)
    }

    /// Replaces the metadata (mimi-protocol-06 §7.6).
    ///
    /// # Errors
    /// [`WishError::TooLong`].
    pub fn set_metadata(self, metadata: &RoomMetaData) -> Result<Self, WishError> {
        self.replace(ComponentID::ROOM_METADATA, metadata)
    }

    fn replace(mut self, id: ComponentID, data: &impl Encode) -> Result<Self, WishError> {
        let data = data.to_bytes().map_err(|_| WishError::TooLong(id))?;
        self.components.push((id, data.into()));
        Ok(self)
    }
}

impl Room {
    /// The proposals that wishes take: at most one update of each component, and an Add or Remove
    /// for each client. Clients whose removal waits are left out.
    ///
    /// # Errors
    /// [`WishError`].
    pub fn proposals_for(&self, wishes: &Wishes) -> Result<Vec<Proposal>, WishError> {
        let index_of = |user: &UserUri| {
            let index = self.policy.index_of(user);
            index.ok_or_else(|| WishError::NotAParticipant(user.clone()))
        };
        let mut leaving: Vec<u32> = Vec::new();
        let mut list = ParticipantListUpdate {
            changed_role_participants: Vec::new(),
            removed_indices: Vec::new(),
            added_participants: Vec::new(),
        };
        for user in &wishes.remove {
            list.removed_indices.push(index_of(user)?);
            leaving.extend(self.members.leaves_of(user));
        }
        for (user, role_index) in &wishes.set_role {
            let (user_index, role_index) = (index_of(user)?, *role_index);
            list.changed_role_participants.push(UserindexRolePair { user_index, role_index });
            if role_index == BANNED_ROLE {
                leaving.extend(self.members.leaves_of(user));
            }
        }
        let added = wishes.add.iter().map(|(user, role_index)| UserRolePair {
            user: user.as_opaque().clone(),
            role_index: *role_index,
        });
        list.added_participants = added.collect();
        for client in &wishes.remove_clients {
            let leaf = self.members.leaf_of(client);
            leaving.push(leaf.ok_or_else(|| WishError::NoSuchClient(client.clone()))?);
        }

        let mut proposals = Vec::new();
        let changes_list = !(wishes.add.is_empty() && wishes.remove.is_empty() && wishes.set_role.is_empty());
        if changes_list {
            let id = ComponentID::PARTICIPANT_LIST;
            let update = list.to_bytes().map_err(|_| WishError::TooLong(id))?;
            proposals.push(update_of(id, update.into()));
        }
        let components = wishes.components.iter();
        proposals.extend(components.map(|(id, data)| update_of(*id, data.clone())));
        let waits = |leaf: &u32| {
            let mut waiting = self.waiting.iter();
            waiting.any(|it| match (it.proposal(), it.sender()) {
                (Some(Proposal::Remove(remove)), _) => remove.removed == *leaf,
                (Some(Proposal::SelfRemove(_)), mimi_codec::mls::Sender::Member { leaf_index }) => {
                    leaf_index == leaf
                }
                _ => false,
            })
        };
        leaving.sort_unstable();
        leaving.dedup();
        let removes = leaving.into_iter().filter(|leaf| !waits(leaf));
        proposals.extend(removes.map(|removed| Proposal::Remove(Remove { removed })));
        let adds = wishes.add_clients.iter().cloned();
        proposals.extend(adds.map(|key_package| Proposal::Add(Box::new(Add { key_package }))));
        if proposals.is_empty() { Err(WishError::Empty) } else { Ok(proposals) }
    }
}

fn update_of(component_id: ComponentID, update: Opaque) -> Proposal {
    let op = AppDataUpdateSelect::Update { update };
    Proposal::AppDataUpdate(AppDataUpdate { component_id, op })
}
