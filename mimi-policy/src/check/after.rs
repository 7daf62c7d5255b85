//! What must hold of the room after all changes together.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    CapabilityType,
    room_policy::{BaseRoomPolicy, RoleData},
};

use super::{
    items::{Affected, Items, Kind},
    rights::{Asked, Rights},
};
use crate::{
    Actor, BANNED_ROLE, Change, Defect, Form, NO_ROLE, Reason, Refusal, RoomState, UserUri,
    role_table::RoleTable,
    room::{base_identity, limits_of, metadata_identity, preauth_identity},
    steps::step,
};

/// How a role's participants change, and which of its limits that asks for.
#[derive(Clone, Copy, Debug, Default)]
struct RoleDelta {
    gone: usize,
    come: usize,
    gone_active: usize,
    come_active: usize,
    minimum: bool,
    minimum_active: bool,
    maximum: bool,
    maximum_active: bool,
}

/// The room after the changes, as far as it is asked about.
pub(super) struct After<'r, 'a> {
    room: &'a RoomState,
    items: &'r Items<'a>,
    form: Form,
    /// New roles, if the changes bring some.
    pub(super) roles: Option<Box<RoleTable>>,
    base: Option<&'a BaseRoomPolicy>,
}

impl<'r, 'a> After<'r, 'a> {
    pub(super) fn new(room: &'a RoomState, items: &'r Items<'a>, form: Form) -> Result<Self, Refusal> {
        let mut after = Self { room, items, form, roles: None, base: None };
        for item in items.items.iter().filter(|item| item.kind == Kind::Room && !item.accepted) {
            let refuse = |defect: Option<Defect>| match defect {
                Some(defect) => Err(item.refuse(Reason::InvalidRoom(defect))),
                None => Ok(()),
            };
            match item.change {
                Change::UpdateRoles(roles) => {
                    let roles =
                        after.new_roles(roles).map_err(|defect| item.refuse(Reason::InvalidRoom(defect)))?;
                    after.roles = Some(Box::new(roles));
                }
                Change::UpdateBase(base) => {
                    refuse(base_identity(base))?;
                    after.base = Some(base);
                }
                Change::UpdatePreAuth(preauth) => refuse(preauth_identity(preauth))?,
                Change::UpdateMetadata(metadata) => refuse(metadata_identity(metadata))?,
                _ => {}
            }
        }
        Ok(after)
    }

    fn new_roles(&self, roles: &RoleData) -> Result<RoleTable, Defect> {
        let mut defects = Vec::new();
        let roles = RoleTable::new(roles.clone(), &mut defects);
        if let Some(defect) = defects.into_iter().next() {
            return Err(defect);
        }
        let held = self.room.role_counts().filter(|(_, count)| count.participants > 0);
        for (role, _) in held {
            if roles.get(role).is_none() {
                // It has a holder; which one is only asked on the way out.
                let holder = self.room.participants().find(|(_, held)| *held == role);
                return Err(holder.map_or(Defect::TooLarge, |(user, role)| Defect::UndefinedRole {
                    user: user.clone(),
                    role,
                }));
            }
        }
        Ok(roles)
    }

    fn roles(&self) -> &RoleTable {
        self.roles.as_deref().unwrap_or_else(|| self.room.role_table())
    }

    fn base(&self) -> &'a BaseRoomPolicy {
        self.base.unwrap_or_else(|| self.room.base())
    }

    /// How many clients a user has in the end: a removed or banned user has none, though the commit
    /// may have to see to it.
    fn clients_in_the_end(&self, affected: &Affected<'_>) -> usize {
        let goes = affected.operation.is_some()
            && (affected.role_after == NO_ROLE || self.roles().is_banned(affected.role_after));
        if goes { 0 } else { affected.clients_after() }
    }

    /// Everything that is asked of the room after the changes, in this order: that clients and
    /// users belong together, the limits of roles by index, the base policy.
    pub(super) fn check(&self, actor: &Actor, rights: &Rights<'_, '_>) -> Result<(), Refusal> {
        self.check_clients(actor, rights)?;
        self.check_limits(rights)?;
        self.check_base()
    }

    /// Clients leave with their users, and come to none but participants (mimi-protocol-06 §5.3).
    fn check_clients(&self, actor: &Actor, rights: &Rights<'_, '_>) -> Result<(), Refusal> {
        for item in self.items.items.iter().filter(|item| item.kind == Kind::Client) {
            let (Change::RemoveClient { client, .. }, Actor::Client { client: own, .. }) =
                (item.change, actor)
            else {
                continue;
            };
            if self.form == Form::Commit && client == own {
                return Err(item.refuse(Reason::OwnLeafRemoved(client.clone())));
            }
        }
        for affected in &self.items.users {
            self.check_departure(affected, rights)?;
        }
        self.check_ban_by_roles()?;
        if self.form == Form::Commit { self.check_accepted_departures() } else { Ok(()) }
    }

    fn check_departure(&self, affected: &Affected<'_>, rights: &Rights<'_, '_>) -> Result<(), Refusal> {
        let item = affected.operation.and_then(|place| self.items.items.get(place));
        let index = item.and_then(|item| item.index);
        let left = affected.clients_after();
        // The rest may be left to the commit, but no client is to come.
        let must_be_gone =
            !matches!(self.form, Form::Proposal | Form::ExternalProposal) || !affected.added.is_empty();
        if affected.role_after == NO_ROLE {
            // That no clients of an absent user are added was checked before.
            if let Some(item) = item {
                let itself = item.by.uri() == affected.user;
                let unproposed = itself && affected.clients > affected.removed_by_itself;
                if left > 0 && must_be_gone || unproposed {
                    return Err(Refusal::of(index, Reason::ClientsLeftBehind(affected.user.clone())));
                }
            }
        } else if item.is_some() && self.roles().is_banned(affected.role_after) && left > 0 {
            // Without canBan, not every member could commit the rest.
            let bans = affected.operation.and_then(|place| rights.capability_of(place))
                == Some(CapabilityType::CAN_BAN);
            if must_be_gone || !bans {
                return Err(Refusal::of(index, Reason::ClientsOfBanned(affected.user.clone())));
            }
        }
        Ok(())
    }

    /// If new roles make role 1 the banned one, the clients of its holders leave with it.
    fn check_ban_by_roles(&self) -> Result<(), Refusal> {
        let bans = self.roles.as_ref().is_some_and(|roles| roles.has_banned());
        let before = self.room.role_table().has_banned();
        // A holder without a client may come with one.
        let none_comes = self.items.users.iter().all(|affected| affected.added.is_empty());
        if !bans || before || self.room.count(BANNED_ROLE).active == 0 && none_comes {
            return Ok(());
        }
        let affected = self.items.users.iter().map(|affected| (affected.user, affected));
        let affected: BTreeMap<&UserUri, &Affected<'_>> = affected.collect();
        let keeps = |user: &UserUri| match affected.get(user) {
            Some(affected) => affected.clients_after() > 0,
            None => self.room.is_active(user),
        };
        let mut banned = self.room.participants().filter(|(_, role)| *role == BANNED_ROLE);
        match banned.find(|(user, _)| keeps(user)) {
            Some((user, _)) => {
                let update =
                    self.items.items.iter().find(|item| matches!(item.change, Change::UpdateRoles(_)));
                let index = update.and_then(|item| item.index);
                Err(Refusal::of(index, Reason::ClientsOfBanned(user.clone())))
            }
            None => Ok(()),
        }
    }

    /// The changes that are about users of a kind, and those of the room as a whole of a kind.
    fn concerned(
        &self,
        users: impl Fn(&Affected<'_>) -> bool,
        of_room: impl Fn(&Change) -> bool,
    ) -> Vec<usize> {
        let items = self.items.items.iter().filter(|item| !item.accepted);
        let concerned = items.filter(|item| match item.user.and_then(|user| self.items.users.get(user)) {
            Some(affected) => users(affected),
            None => item.kind == Kind::Room && of_room(item.change),
        });
        concerned.filter_map(|item| item.index).collect()
    }

    /// The clients of those who were removed or banned since the last commit.
    fn check_accepted_departures(&self) -> Result<(), Refusal> {
        let pending = self.room.pending();
        if pending.departures.is_empty() {
            return Ok(());
        }
        let users = self.items.users.iter().map(|affected| (affected.user, affected));
        let users: BTreeMap<&UserUri, &Affected<'_>> = users.collect();
        let departures = pending.departures.iter();
        for (user, operation) in departures.filter_map(|user| Some((user, pending.list.get(user)?))) {
            step();
            let banned = self.roles().is_banned(operation.role);
            let clients = self.room.slot_of(user).map_or(0, |slot| slot.clients.len());
            if clients == 0 || operation.role != NO_ROLE && !banned {
                continue;
            }
            if users.get(user).map_or(clients, |affected| affected.clients_after()) > 0 {
                let user = user.clone();
                let reason =
                    if banned { Reason::ClientsOfBanned(user) } else { Reason::ClientsLeftBehind(user) };
                return Err(Refusal::of(None, reason));
            }
        }
        Ok(())
    }

    /// The limits of roles (mimi-room-policy-04 §3): minima where a user leaves, maxima where a
    /// user comes.
    fn check_limits(&self, rights: &Rights<'_, '_>) -> Result<(), Refusal> {
        let mut deltas: BTreeMap<u32, RoleDelta> = BTreeMap::new();
        for affected in &self.items.users {
            let operation = affected.operation;
            let asked = operation.and_then(|place| rights.asked.get(place)).copied().unwrap_or_default();
            self.count(affected, asked, &mut deltas);
        }
        for (role, delta) in deltas {
            if let Some(entry) = self.roles().get(role).filter(|_| role != NO_ROLE) {
                let before = self.room.count(role);
                let after = |before: usize, come: usize, gone: usize| {
                    u32::try_from(before.saturating_add(come).saturating_sub(gone)).unwrap_or(u32::MAX)
                };
                let participants = after(before.participants, delta.come, delta.gone);
                let active = after(before.active, delta.come_active, delta.gone_active);
                let reason = if delta.minimum && participants < entry.minimum {
                    Reason::BelowMinimum { role, minimum: entry.minimum, participants }
                } else if delta.minimum_active && active < entry.minimum_active {
                    Reason::BelowMinimumActive { role, minimum: entry.minimum_active, active }
                } else if let Some(maximum) = entry.maximum.filter(|max| delta.maximum && participants > *max)
                {
                    Reason::AboveMaximum { role, maximum, participants }
                } else if let Some(maximum) =
                    entry.maximum_active.filter(|max| delta.maximum_active && active > *max)
                {
                    Reason::AboveMaximumActive { role, maximum, active }
                } else {
                    continue;
                };
                let leaves = |affected: &Affected<'_>| self.leaves(affected, role);
                let enters = |affected: &Affected<'_>| self.enters(affected, role);
                let concerned = match reason {
                    Reason::BelowMinimum { .. } | Reason::BelowMinimumActive { .. } => {
                        self.concerned(leaves, |_| false)
                    }
                    _ => self.concerned(enters, |_| false),
                };
                return Err(Refusal::of(None, reason).with(concerned));
            }
        }
        Ok(())
    }

    fn was_active(affected: &Affected<'_>) -> bool {
        affected.role != NO_ROLE && affected.clients > 0
    }

    fn is_active(&self, affected: &Affected<'_>) -> bool {
        affected.role_after != NO_ROLE && self.clients_in_the_end(affected) > 0
    }

    /// Whether the user leaves the role, or stays without a client.
    fn leaves(&self, affected: &Affected<'_>, role: u32) -> bool {
        let goes = affected.operation.is_some() || Self::was_active(affected) && !self.is_active(affected);
        affected.role == role && goes
    }

    /// Whether the user comes to the role, or gets its first client in it.
    fn enters(&self, affected: &Affected<'_>, role: u32) -> bool {
        let comes = affected.operation.is_some() || self.is_active(affected) && !Self::was_active(affected);
        affected.role_after == role && comes
    }

    fn count(&self, affected: &Affected<'_>, asked: Asked, deltas: &mut BTreeMap<u32, RoleDelta>) {
        let (was_active, is_active) = (Self::was_active(affected), self.is_active(affected));
        let moves = affected.operation.is_some();
        if affected.role != NO_ROLE && self.leaves(affected, affected.role) {
            let delta = deltas.entry(affected.role).or_default();
            if moves {
                delta.gone = delta.gone.saturating_add(1);
            }
            if was_active {
                delta.gone_active = delta.gone_active.saturating_add(1);
            }
            delta.minimum |= asked.minima_before;
            // The clients of a banned user leave whatever the minimum of the banned role, also if
            // it is these changes that make the role the banned one.
            let after = self.roles.as_deref().unwrap_or(self.room.role_table());
            let forced = self.room.role_table().is_banned(affected.role) || after.is_banned(affected.role);
            delta.minimum_active |= asked.minima_before || !moves && !forced;
        }
        if affected.role_after != NO_ROLE && self.enters(affected, affected.role_after) {
            let delta = deltas.entry(affected.role_after).or_default();
            if moves {
                delta.come = delta.come.saturating_add(1);
            }
            if is_active {
                delta.come_active = delta.come_active.saturating_add(1);
            }
            delta.maximum |= asked.maxima_after;
            // A user who comes with a client of its own counts for the maximum like any other.
            delta.maximum_active |= asked.maxima_after || !moves;
        }
    }

    /// The base policy (mimi-room-policy-04 §5).
    pub(super) fn check_base(&self) -> Result<(), Refusal> {
        self.find_base_defect().map_err(|defect| {
            let concerned = self.concerned_by(&defect);
            Refusal::of(None, Reason::InvalidRoom(defect)).with(concerned)
        })
    }

    /// The changes that bring a defect about, or that could be left out to avoid it.
    fn concerned_by(&self, defect: &Defect) -> Vec<usize> {
        let updates_base = |change: &Change| matches!(change, Change::UpdateBase(_));
        let updates = |change: &Change| matches!(change, Change::UpdateBase(_) | Change::UpdateRoles(_));
        let counts = |roles: &RoleTable, role: u32| role != NO_ROLE && !roles.is_banned(role);
        match defect {
            Defect::SeveralClients(user) | Defect::NotInParent(user) => {
                self.concerned(|affected| affected.user == user, updates_base)
            }
            Defect::TooManyUsers { .. } => {
                let (before, after) = (self.room.role_table(), self.roles());
                let comes = |affected: &Affected<'_>| {
                    counts(after, affected.role_after) && !counts(before, affected.role)
                };
                self.concerned(comes, updates)
            }
            Defect::TooManyClients { .. } => {
                let more = |affected: &Affected<'_>| self.clients_in_the_end(affected) > affected.clients;
                self.concerned(more, updates_base)
            }
            Defect::NotAStrictSubset => {
                let comes =
                    |affected: &Affected<'_>| affected.role == NO_ROLE && affected.role_after != NO_ROLE;
                self.concerned(comes, updates_base)
            }
            _ => self.concerned(|_| false, updates),
        }
    }

    fn find_base_defect(&self) -> Result<(), Defect> {
        let base = self.base();
        let (mut users, mut clients, mut several) =
            (self.room.users(), self.room.own_clients(), self.room.users_with_several_clients());
        let roles = self.roles();
        let counts = |role: u32| usize::from(role != NO_ROLE && !roles.is_banned(role));
        for affected in &self.items.users {
            let after = self.clients_in_the_end(affected);
            let before = if affected.role == NO_ROLE { 0 } else { affected.clients };
            users = users.saturating_add(counts(affected.role_after)).saturating_sub(counts(affected.role));
            clients = clients.saturating_add(after).saturating_sub(before);
            several = several.saturating_add(usize::from(after > 1)).saturating_sub(usize::from(before > 1));
            if !base.multi_device && after > 1 {
                return Err(Defect::SeveralClients(affected.user.clone()));
            }
        }
        if self.roles.is_some() {
            // Role 1 may have become, or ceased to be, the banned one.
            let banned =
                if roles.has_banned() { self.room.count(crate::BANNED_ROLE).participants } else { 0 };
            users = self.room.participant_count().saturating_sub(banned);
        }
        if !base.multi_device && several > 0 {
            let user = self.room.participants().map(|(user, _)| user);
            let mut user = user.filter(|user| self.room.clients_of(user).nth(1).is_some());
            return Err(user.next().map_or(Defect::TooLarge, |user| Defect::SeveralClients(user.clone())));
        }
        if self.form == Form::ExternalCommit {
            clients = clients.saturating_add(self.room.lingering());
        }
        if let Some(defect) = limits_of(base, users, clients) {
            return Err(defect);
        }
        if base.fixed_membership && (self.base.is_some() || self.roles.is_some()) {
            let mut defects = Vec::new();
            roles.check_fixed_membership(&mut defects);
            if let Some(defect) = defects.into_iter().next() {
                return Err(defect);
            }
        }
        if base.parent_dependant { self.check_parent(base) } else { Ok(()) }
    }

    /// The participants are some of the parent's, and not all.
    fn check_parent(&self, base: &BaseRoomPolicy) -> Result<(), Defect> {
        let old = self.room.base();
        if base.parent_room.is_none() {
            return Err(Defect::NoParentRoom);
        }
        if self.base.is_some() && old.parent_dependant && old.parent_room != base.parent_room {
            return Err(Defect::UnknownParentRoom);
        }
        // A user who has left the parent since stays until it is removed; only additions are
        // judged.
        let comes = |affected: &&Affected<'_>| affected.role == NO_ROLE && affected.role_after != NO_ROLE;
        if old.parent_dependant && !self.items.users.iter().any(|affected| comes(&affected)) {
            return Ok(());
        }
        let Some(parent) = self.room.parent_participants() else { return Err(Defect::UnknownParentRoom) };
        let in_parent = |user| parent.contains(user);
        let mut listed = self.room.participant_count();
        for affected in &self.items.users {
            let (before, after) = (affected.role != NO_ROLE, affected.role_after != NO_ROLE);
            listed = listed.saturating_add(usize::from(after)).saturating_sub(usize::from(before));
            if after && !before && !in_parent(affected.user) {
                return Err(Defect::NotInParent(affected.user.clone()));
            }
        }
        if !old.parent_dependant {
            // Those who were in before have not been asked yet.
            let leaving = self.items.users.iter().filter(|affected| affected.role_after == NO_ROLE);
            let leaving: BTreeSet<&UserUri> = leaving.map(|affected| affected.user).collect();
            let mut strangers =
                self.room.participants().map(|(user, _)| user).filter(|user| !in_parent(user));
            if let Some(stranger) = strangers.find(|user| !leaving.contains(user)) {
                return Err(Defect::NotInParent(stranger.clone()));
            }
        }
        if listed >= parent.len() { Err(Defect::NotAStrictSubset) } else { Ok(()) }
    }
}
