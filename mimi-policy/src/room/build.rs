//! A room from its parts.

use alloc::vec::Vec;

use mimi_codec::{
    Decode, Opaque,
    code_points::ComponentID,
    extensions::ComponentData,
    protocol::{ParticipantListData, RoomMetaData, Uri},
    room_policy::{BaseRoomPolicy, OperationalParameters, PreAuthData, RoleData},
};

use super::{Order, ParentParticipants, Pending, RoomState, Slot, Tables};
use crate::{
    ClientUri, Defect, IdentityError, IdentityOf, InvalidRoomError, NO_ROLE, RoomUri, TableSeed, UserUri,
    change::check_claim, role_table::RoleTable,
};

/// The parts of a room: the components that its members agree on, and what else they know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomParts {
    /// The base policy; where there is none, [`Self::default_base`] holds.
    pub base: Option<BaseRoomPolicy>,
    /// The roles.
    pub roles: RoleData,
    /// The preauthorization.
    pub preauth: Option<PreAuthData>,
    /// The participants, in the order that updates count by.
    pub participants: ParticipantListData,
    /// The metadata.
    pub metadata: Option<RoomMetaData>,
    /// The other components of the room's policy, as they are.
    pub other: Vec<ComponentData>,
    /// The leaves of the group: the user's and the client's identifier, as credentials hold them.
    pub clients: Vec<(Opaque, Opaque)>,
    /// The participants of the parent room who are not banned there; only for a room that depends
    /// on one, or is to.
    pub parent_participants: Option<Vec<Opaque>>,
    /// The participants of the parent room who are banned there. A user in both lists is banned.
    pub banned_in_parent: Vec<Opaque>,
}

impl RoomParts {
    /// A room of these roles and participants: with the base policy of [`Self::default_base`], and
    /// no clients yet.
    #[must_use]
    pub fn new(roles: RoleData, participants: ParticipantListData) -> Self {
        Self {
            base: None,
            roles,
            preauth: None,
            participants,
            metadata: None,
            other: Vec::new(),
            clients: Vec::new(),
            parent_participants: None,
            banned_in_parent: Vec::new(),
        }
    }

    /// The base policy of a room that states none: participants come and go, with several devices,
    /// without limits, pseudonyms are allowed, the room outlives its group and is not found by
    /// searching.
    #[must_use]
    pub fn default_base() -> BaseRoomPolicy {
        BaseRoomPolicy {
            fixed_membership: false,
            parent_dependant: false,
            parent_room: Uri::none(),
            multi_device: true,
            max_clients: None,
            max_users: None,
            pseudonyms_allowed: true,
            persistent_room: true,
            discoverable: false,
            policy_component_ids: Vec::new(),
        }
    }
}

impl RoomState {
    /// The room that these parts make.
    ///
    /// It takes time in proportion to their size. The seed keeps look-ups fast whatever users call
    /// themselves.
    ///
    /// # Errors
    /// [`InvalidRoomError`] with all defects.
    pub fn new(parts: RoomParts, seed: TableSeed) -> Result<Self, InvalidRoomError> {
        let mut defects = Vec::new();
        let base_is_stated = parts.base.is_some();
        let base = parts.base.unwrap_or_else(RoomParts::default_base);
        let roles = RoleTable::new(parts.roles, &mut defects);
        let operational = parts
            .other
            .iter()
            .find(|component| component.component_id == ComponentID::MLS_OPERATIONAL_POLICY)
            .map(|component| OperationalParameters::decode_exact(&component.data));
        // Parameters that cannot be read allow nothing.
        let allows = |allows: fn(&OperationalParameters) -> bool| match &operational {
            None => true,
            Some(parameters) => parameters.as_ref().is_ok_and(allows),
        };
        let external_commits_allowed = allows(|parameters| parameters.external_commit_allowed);
        let external_proposals_allowed = allows(|parameters| parameters.external_proposal_allowed);
        let mut room = Self {
            seed,
            base,
            base_is_stated,
            roles,
            preauth: parts.preauth,
            metadata: parts.metadata,
            external_commits_allowed,
            external_proposals_allowed,
            other: parts.other,
            parent: parts
                .parent_participants
                .map(|present| parent_set(present, parts.banned_in_parent, &mut defects)),
            slots: Vec::new(),
            free: Vec::new(),
            tables: Tables::default(),
            order: Order::default(),
            committed_places: 0,
            counts: alloc::collections::BTreeMap::new(),
            listed: 0,
            providers: alloc::collections::BTreeMap::new(),
            clients: 0,
            lingering: 0,
            several: 0,
            pending: Pending::default(),
            version: 0,
            fingerprint: 0,
        };
        room.check_identities(&mut defects);
        room.fill(parts.participants, parts.clients, &mut defects);
        room.check_base(&mut defects);
        room.committed_places = room.order.places();
        room.fingerprint = room.first_fingerprint();
        if defects.is_empty() { Ok(room) } else { Err(InvalidRoomError { defects }) }
    }

    fn fill(
        &mut self,
        participants: ParticipantListData,
        clients: Vec<(Opaque, Opaque)>,
        defects: &mut Vec<Defect>,
    ) {
        let expected = participants.participants.len();
        self.tables.reserve(&self.seed, &self.slots, expected, clients.len());
        self.slots.reserve(expected);
        for (place, pair) in participants.participants.into_iter().enumerate() {
            let role = pair.role_index;
            let user = match UserUri::new(pair.user) {
                Ok(user) => user,
                Err(error) => {
                    defects.push(Defect::Identity { of: IdentityOf::Participant(place), error });
                    continue;
                }
            };
            if self.find_user(&user).is_some() {
                defects.push(Defect::DuplicateParticipant(user));
            } else if role == NO_ROLE {
                defects.push(Defect::ParticipantInRoleZero(user));
            } else if self.roles.get(role).is_none() {
                defects.push(Defect::UndefinedRole { user, role });
            } else if let Some(slot) = self.add_slot(user) {
                self.enlist(slot, role);
            } else {
                defects.push(Defect::TooLarge);
                return;
            }
        }
        for (place, (user, client)) in clients.into_iter().enumerate() {
            let user = UserUri::new(user).map_err(|error| (IdentityOf::UserOfClient(place), error));
            let client = ClientUri::new(client).map_err(|error| (IdentityOf::Client(place), error));
            let (user, client) = match (user, client) {
                (Ok(user), Ok(client)) => (user, client),
                (user, client) => {
                    let errors = user.err().into_iter().chain(client.err());
                    defects.extend(errors.map(|(of, error)| Defect::Identity { of, error }));
                    continue;
                }
            };
            if self.find_client(&client).is_some() {
                defects.push(Defect::DuplicateClient(client));
            } else if let Some(slot) = self.find_user(&user) {
                self.add_client(slot, client);
            } else {
                defects.push(Defect::ClientOfUnlistedUser { user, client });
            }
        }
    }

    /// The identities that components other than the participant list name.
    fn check_identities(&self, defects: &mut Vec<Defect>) {
        defects.extend(base_identity(&self.base));
        defects.extend(self.preauth.as_ref().and_then(preauth_identity));
        defects.extend(self.metadata.as_ref().and_then(metadata_identity));
    }

    /// What the base policy asks of all users.
    fn check_base(&self, defects: &mut Vec<Defect>) {
        if self.base.fixed_membership {
            self.roles.check_fixed_membership(defects);
        }
        if !self.base.multi_device && self.several > 0 {
            let several = self.slots.iter().filter(|slot| slot.clients.len() > 1);
            defects.extend(several.map(|slot| Defect::SeveralClients(slot.user.clone())));
        }
        if let Some(defect) = limits_of(&self.base, self.users(), self.client_count()) {
            defects.push(defect);
        }
        // Participants who have left the parent do not make a room invalid: they have yet to be
        // removed.
        if self.base.parent_dependant && self.base.parent_room.is_none() {
            defects.push(Defect::NoParentRoom);
        }
    }

    /// How many users are on the list, not counting banned ones.
    pub(crate) fn users(&self) -> usize {
        let banned = if self.roles.has_banned() { self.count(crate::BANNED_ROLE).participants } else { 0 };
        self.listed.saturating_sub(banned)
    }

    pub(super) fn add_slot(&mut self, user: UserUri) -> Option<u32> {
        let new = Slot { user, role: NO_ROLE, place: None, clients: Vec::new() };
        let slot = match self.free.pop() {
            Some(slot) => {
                *self.slots.get_mut(usize::try_from(slot).ok()?)? = new;
                slot
            }
            None => {
                // One number less than there are: the last marks a gap in the list.
                let slot = u32::try_from(self.slots.len()).ok().filter(|slot| *slot < u32::MAX)?;
                self.slots.push(new);
                slot
            }
        };
        self.tables.insert_user(&self.seed, &self.slots, slot);
        Some(slot)
    }
}

fn parent_set(present: Vec<Opaque>, banned: Vec<Opaque>, defects: &mut Vec<Defect>) -> ParentParticipants {
    let mut checked = |users: Vec<Opaque>, of: fn(usize) -> IdentityOf| -> Vec<UserUri> {
        let users = users.into_iter().enumerate().filter_map(|(place, user)| {
            let of = of(place);
            UserUri::new(user).map_err(|error| defects.push(Defect::Identity { of, error })).ok()
        });
        users.collect()
    };
    let present = checked(present, IdentityOf::ParentParticipant);
    ParentParticipants::new(present, checked(banned, IdentityOf::BannedInParent))
}

fn room_identity(of: IdentityOf, uri: &Uri) -> Option<Defect> {
    let checked: Result<(), IdentityError> =
        if uri.is_none() { Ok(()) } else { RoomUri::check(uri.as_bytes()) };
    checked.err().map(|error| Defect::Identity { of, error })
}

/// What is wrong with the room that a base policy names.
pub(crate) fn base_identity(base: &BaseRoomPolicy) -> Option<Defect> {
    room_identity(IdentityOf::ParentRoom, &base.parent_room)
}

/// What is wrong with the room that metadata names.
pub(crate) fn metadata_identity(metadata: &RoomMetaData) -> Option<Defect> {
    room_identity(IdentityOf::Room, metadata.room_uri())
}

/// The first identity in a preauthorization that is not in the spelling that counts.
pub(crate) fn preauth_identity(preauth: &PreAuthData) -> Option<Defect> {
    preauth.preauthorized_entries.iter().enumerate().find_map(|(entry, rule)| {
        rule.claimset.iter().enumerate().find_map(|(claim, value)| {
            let of = IdentityOf::Claim { entry, claim };
            check_claim(value).err().map(|error| Defect::Identity { of, error })
        })
    })
}

/// The limit of the base policy that so many users and clients exceed.
pub(crate) fn limits_of(base: &BaseRoomPolicy, users: usize, clients: usize) -> Option<Defect> {
    let exceeded = |limit: Option<u32>, count: usize| {
        limit.filter(|maximum| u32::try_from(count).map_or(true, |count| count > *maximum))
    };
    if let Some(maximum) = exceeded(base.max_users, users) {
        return Some(Defect::TooManyUsers { maximum, users });
    }
    let maximum = exceeded(base.max_clients, clients)?;
    Some(Defect::TooManyClients { maximum, clients })
}
