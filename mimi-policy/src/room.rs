//! The state of a room: who is in it, by what rules.

mod apply;
mod build;
mod components;
mod order;
mod parent;
mod pending;
mod table;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use mimi_codec::{
    CapabilityType, DnsNameRef,
    extensions::ComponentData,
    protocol::RoomMetaData,
    room_policy::{BaseRoomPolicy, PreAuthData, PreAuthRoleEntry, Role, RoleData},
};

pub use build::RoomParts;
pub(crate) use build::{base_identity, limits_of, metadata_identity, preauth_identity};
pub(crate) use components::is_room_component;
pub use components::{ComponentDifferenceError, DictionaryError};
pub use parent::ParentParticipants;

use crate::{
    ClientUri, NO_ROLE, TableSeed, UserUri,
    decision::Stamp,
    role_table::{RoleEntry, RoleTable},
};
use order::Order;
pub(crate) use pending::{Pending, PendingOperation};
use table::Tables;

/// How many participants have a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleCount {
    /// All of them.
    pub participants: usize,
    /// Those with at least one client in the group.
    pub active: usize,
}

/// A user that the room knows: a participant, or a former one whose clients are still in the group.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) user: UserUri,
    /// 0 for a former participant.
    pub(crate) role: u32,
    /// Where it stands in the list.
    place: Option<usize>,
    pub(crate) clients: Vec<ClientUri>,
}

impl Slot {
    pub(crate) const fn is_listed(&self) -> bool {
        self.role != NO_ROLE
    }

    pub(crate) fn is_active(&self) -> bool {
        self.is_listed() && !self.clients.is_empty()
    }
}

/// The state of a room, valid whenever it exists.
///
/// It is the state as of the last commit, and with it every change that was accepted since: a
/// change counts from then on (mimi-protocol-06 §7.1). Look-ups cost the same for ten participants
/// and a hundred thousand.
#[derive(Clone, Debug)]
pub struct RoomState {
    seed: TableSeed,
    base: BaseRoomPolicy,
    /// Whether the components have a base policy, or the defaults hold.
    base_is_stated: bool,
    roles: RoleTable,
    preauth: Option<PreAuthData>,
    metadata: Option<RoomMetaData>,
    /// The policy components that no change touches, as they are.
    other: Vec<ComponentData>,
    external_commits_allowed: bool,
    external_proposals_allowed: bool,
    parent: Option<ParentParticipants>,

    slots: Vec<Slot>,
    free: Vec<u32>,
    tables: Tables,
    order: Order,
    /// Where the list of the last commit ends; behind are the additions that were accepted since.
    committed_places: usize,
    counts: BTreeMap<u32, RoleCount>,
    listed: usize,
    /// How many participants each provider has, by the host of their MIMI URIs.
    providers: BTreeMap<Box<str>, usize>,
    clients: usize,
    /// Clients of former participants.
    lingering: usize,
    /// Users with more than one client.
    several: usize,

    pending: Pending,
    version: u64,
    fingerprint: u64,
}

impl RoomState {
    /// The base policy.
    #[must_use]
    pub const fn base(&self) -> &BaseRoomPolicy {
        &self.base
    }

    /// All roles, in the order of the component.
    #[must_use]
    pub const fn roles(&self) -> &RoleData {
        &self.roles.data
    }

    /// The role with this index.
    #[must_use]
    pub fn role(&self, index: u32) -> Option<&Role> {
        self.roles.data.roles.iter().find(|role| role.role_index == index)
    }

    /// The entries of the preauthorization, in order.
    #[must_use]
    pub fn preauthorized_entries(&self) -> &[PreAuthRoleEntry] {
        self.preauth.as_ref().map_or(&[], |preauth| preauth.preauthorized_entries.as_slice())
    }

    /// The metadata, if the room has any.
    #[must_use]
    pub const fn metadata(&self) -> Option<&RoomMetaData> {
        self.metadata.as_ref()
    }

    /// The role of a participant; `None` for a user who isn't on the list.
    #[must_use]
    pub fn role_of(&self, user: &UserUri) -> Option<u32> {
        self.slot_of(user).filter(|slot| slot.is_listed()).map(|slot| slot.role)
    }

    /// Whether the user is on the list and has a client in the group.
    #[must_use]
    pub fn is_active(&self, user: &UserUri) -> bool {
        self.slot_of(user).is_some_and(Slot::is_active)
    }

    /// Whether the user is on the list with the banned role.
    #[must_use]
    pub fn is_banned(&self, user: &UserUri) -> bool {
        self.role_of(user).is_some_and(|role| self.roles.is_banned(role))
    }

    /// Whether the user's role has the capability: role 0's for a user who isn't on the list.
    #[must_use]
    pub fn has_capability(&self, user: &UserUri, capability: CapabilityType) -> bool {
        let role = self.role_of(user).unwrap_or(NO_ROLE);
        self.roles.get(role).is_some_and(|role| role.has(capability))
    }

    /// The participants and their roles, in the order of the list.
    pub fn participants(&self) -> impl Iterator<Item = (&UserUri, u32)> {
        let slots = self.order.iter().filter_map(|slot| self.slot(slot));
        slots.filter(|slot| slot.is_listed()).map(|slot| (&slot.user, slot.role))
    }

    /// How many participants the list has.
    #[must_use]
    pub const fn participant_count(&self) -> usize {
        self.listed
    }

    /// How many participants have a MIMI URI of this provider, banned ones included.
    #[must_use]
    pub fn participants_of_provider(&self, provider: DnsNameRef<'_>) -> usize {
        self.providers.get(provider.as_str()).copied().unwrap_or_default()
    }

    /// How many clients the group has, those of former participants included.
    #[must_use]
    pub const fn client_count(&self) -> usize {
        self.clients.saturating_add(self.lingering)
    }

    /// How many participants have the role with this index.
    #[must_use]
    pub fn count(&self, role: u32) -> RoleCount {
        self.counts.get(&role).copied().unwrap_or_default()
    }

    /// The user's clients in the group; also those of a former participant, which have yet to
    /// leave.
    pub fn clients_of(&self, user: &UserUri) -> impl Iterator<Item = &ClientUri> {
        self.slot_of(user).into_iter().flat_map(|slot| &slot.clients)
    }

    /// The user whose client this is, if it is in the group.
    #[must_use]
    pub fn user_of(&self, client: &ClientUri) -> Option<&UserUri> {
        self.client_slot(client).map(|slot| &slot.user)
    }

    /// The participant at a place in the list as of the last commit, by which updates of the list
    /// count (mimi-protocol-06 §7.5).
    #[must_use]
    pub fn participant_at(&self, user_index: u32) -> Option<&UserUri> {
        let slot = self.slot(self.order.nth(user_index)?)?;
        slot.place.is_some_and(|place| place < self.committed_places).then_some(&slot.user)
    }

    /// A user's place in the list as of the last commit.
    #[must_use]
    pub fn index_of(&self, user: &UserUri) -> Option<u32> {
        let place = self.slot_of(user)?.place.filter(|place| *place < self.committed_places)?;
        Some(self.order.rank(place))
    }

    /// The participants of the parent room, if they are known.
    #[must_use]
    pub const fn parent_participants(&self) -> Option<&ParentParticipants> {
        self.parent.as_ref()
    }

    /// Sets the participants of the parent room, after each change there. Plans that were made
    /// before are stale.
    pub fn set_parent_participants(&mut self, parent: ParentParticipants) {
        self.parent = Some(parent);
        self.version = self.version.wrapping_add(1);
    }

    /// Whether the room depends on a parent and the user is not, or not any more, an unbanned
    /// participant there. `false` where the participants of the parent are not known.
    #[must_use]
    pub fn has_left_parent(&self, user: &UserUri) -> bool {
        let parent = self.parent.as_ref().filter(|_| self.base.parent_dependant);
        parent.is_some_and(|parent| !parent.contains(user))
    }

    /// The participants who have left the parent room, or are banned there: the hub or any member
    /// removes them, without a capability (mimi-room-policy-04 §5).
    pub fn must_leave(&self) -> impl Iterator<Item = &UserUri> {
        self.participants().map(|(user, _)| user).filter(|user| self.has_left_parent(user))
    }

    /// How many times the state has changed. Plans are good for one version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Whether changes were accepted that no commit has taken up yet.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether the room shows up when users search for rooms (mimi-room-policy-04 §5).
    #[must_use]
    pub const fn is_discoverable(&self) -> bool {
        self.base.discoverable
    }

    /// Whether a new group may be made for the room once its last client is gone
    /// (mimi-room-policy-04 §5).
    #[must_use]
    pub const fn outlives_its_group(&self) -> bool {
        self.base.persistent_room
    }

    pub(crate) const fn stamp(&self) -> Stamp {
        Stamp { version: self.version, fingerprint: self.fingerprint }
    }

    pub(crate) const fn role_table(&self) -> &RoleTable {
        &self.roles
    }

    pub(crate) fn role_entry(&self, index: u32) -> Option<&RoleEntry> {
        self.roles.get(index)
    }

    pub(crate) const fn pending(&self) -> &Pending {
        &self.pending
    }

    pub(crate) const fn lingering(&self) -> usize {
        self.lingering
    }

    /// Clients of participants.
    pub(crate) const fn own_clients(&self) -> usize {
        self.clients
    }

    pub(crate) const fn users_with_several_clients(&self) -> usize {
        self.several
    }

    pub(crate) const fn allows_external_commits(&self) -> bool {
        self.external_commits_allowed
    }

    pub(crate) const fn allows_external_proposals(&self) -> bool {
        self.external_proposals_allowed
    }

    pub(crate) fn role_counts(&self) -> impl Iterator<Item = (u32, RoleCount)> + '_ {
        self.counts.iter().map(|(role, count)| (*role, *count))
    }

    pub(crate) fn slot(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(slot).ok()?)
    }

    pub(crate) fn find_user(&self, user: &UserUri) -> Option<u32> {
        self.tables.user(&self.seed, &self.slots, user)
    }

    pub(crate) fn slot_of(&self, user: &UserUri) -> Option<&Slot> {
        self.slot(self.find_user(user)?)
    }

    /// The slot of the client's user.
    pub(crate) fn find_client(&self, client: &ClientUri) -> Option<u32> {
        self.tables.client(&self.seed, &self.slots, client)
    }

    fn client_slot(&self, client: &ClientUri) -> Option<&Slot> {
        self.slot(self.find_client(client)?)
    }
}
