//! Putting a plan into effect.

use core::hash::Hasher;

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::{Encode, code_points::ComponentID};

use super::{Pending, PendingOperation, RoomState, Slot};
use crate::{
    BANNED_ROLE, ClientUri, Form, NO_ROLE, Plan, StalePlanError,
    decision::{Addition, Note, Outcome, Subject, UserOutcome},
    room::pending::PendingClient,
};

impl RoomState {
    /// Puts a plan into effect, at a cost in proportion to what it changes.
    ///
    /// A plan for proposals changes who is in the room and what its rules are at once; the commit
    /// that takes them up settles their places in the list.
    ///
    /// # Errors
    /// When the plan was made for another version of this room or for another room. Nothing has
    /// changed then.
    pub fn apply(&mut self, plan: Plan) -> Result<(), StalePlanError> {
        if plan.stamp != self.stamp() {
            return Err(StalePlanError { planned: plan.stamp.version, current: self.version });
        }
        match plan.form {
            Form::Message => return Ok(()),
            Form::Proposal | Form::ExternalProposal => self.accept(plan.outcome),
            Form::Commit => self.commit(plan.outcome),
            Form::ExternalCommit => self.commit_externally(plan.outcome),
        }
        self.version = self.version.wrapping_add(1);
        Ok(())
    }

    /// Withdraws all proposals that were accepted and not committed: the room is again that of the
    /// last commit.
    ///
    /// A party calls it when an epoch has passed the proposals by, because a message was lost or a
    /// hub has let it happen. Each can then be proposed anew. Without the withdrawal the proposals
    /// count on: the hub or any member can propose or commit them anew.
    pub fn withdraw_proposals(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let Pending { added, before, .. } = core::mem::take(&mut self.pending);
        self.order.truncate(self.committed_places);
        for slot in added {
            if let Some(user) = self.slot_mut(slot) {
                user.place = None;
            }
        }
        for (user, (role, clients)) in before.users {
            let Some(slot) = self.find_user(&user).or_else(|| self.add_slot(user)) else { continue };
            let removed = self.slot(slot).map(|user| user.clients.clone()).unwrap_or_default();
            self.change_user(UserOutcome {
                subject: Subject::Slot(slot),
                role,
                removed_clients: removed,
                added_clients: clients,
            });
        }
        if let Some(metadata) = before.metadata {
            self.metadata = metadata;
        }
        if let Some(roles) = before.roles {
            self.roles = roles;
        }
        if let Some(preauth) = before.preauth {
            self.preauth = preauth;
        }
        if let Some((base, is_stated)) = before.base {
            self.base = base;
            self.base_is_stated = is_stated;
        }
        self.version = self.version.wrapping_add(1);
    }

    /// Keeps what accepted changes are about to replace.
    fn keep_before(&mut self, outcome: &Outcome) {
        for user in &outcome.users {
            let (user, before) = match &user.subject {
                Subject::Slot(slot) => match self.slot(*slot) {
                    Some(slot) => (slot.user.clone(), (slot.role, slot.clients.clone())),
                    None => continue,
                },
                Subject::New(user) => (user.clone(), (NO_ROLE, Vec::new())),
            };
            self.pending.before.users.entry(user).or_insert(before);
        }
        let before = &mut self.pending.before;
        if outcome.metadata.is_some() {
            before.metadata.get_or_insert_with(|| self.metadata.clone());
        }
        if outcome.roles.is_some() {
            before.roles.get_or_insert_with(|| self.roles.clone());
        }
        if outcome.preauth.is_some() {
            before.preauth.get_or_insert_with(|| self.preauth.clone());
        }
        if outcome.base.is_some() {
            before.base.get_or_insert_with(|| (self.base.clone(), self.base_is_stated));
        }
    }

    fn accept(&mut self, mut outcome: Outcome) {
        self.keep_before(&outcome);
        self.replace_components(&mut outcome);
        let mut touched = Vec::with_capacity(outcome.users.len());
        for user in outcome.users {
            let was_listed = self.is_listed(&user.subject);
            let slot = self.change_user(user);
            if let Some(slot) =
                slot.filter(|slot| was_listed && !self.slot(*slot).is_some_and(Slot::is_listed))
            {
                self.pending.removed.push(slot);
            }
            touched.push(slot);
        }
        // Users stand in an order of their own; the list grows in that of the proposals.
        for slot in added_slots(&outcome.additions, &touched) {
            self.pending.added.push(slot);
            self.place(slot);
        }
        for note in outcome.notes {
            self.remember(note);
        }
    }

    fn remember(&mut self, note: Note) {
        match note {
            Note::List { user, by, role, capability } => {
                let place = self.slot_of(&user).and_then(|slot| slot.place);
                let added = place.is_some_and(|place| place >= self.committed_places);
                if role <= BANNED_ROLE {
                    self.pending.departures.insert(user.clone());
                }
                if role != NO_ROLE {
                    self.pending.not_removals = self.pending.not_removals.saturating_add(1);
                }
                self.pending.list.insert(user, PendingOperation { by, role, added, capability });
            }
            Note::Client { client, added } => {
                self.pending.clients.insert(client, PendingClient { added });
            }
            Note::Component { component, by } => {
                self.pending.components.insert(component, by);
            }
            Note::ReInit { by } => self.pending.reinit = Some(by),
        }
    }

    fn commit(&mut self, mut outcome: Outcome) {
        self.replace_components(&mut outcome);
        let pending = core::mem::take(&mut self.pending);
        let mut touched = Vec::with_capacity(outcome.users.len());
        for user in outcome.users {
            let was_listed = self.is_listed(&user.subject);
            let slot = self.change_user(user);
            if let Some(slot) =
                slot.filter(|slot| was_listed && !self.slot(*slot).is_some_and(Slot::is_listed))
            {
                self.unplace(slot);
            }
            touched.push(slot);
        }
        for slot in pending.removed {
            self.unplace(slot);
        }

        // The list grows in the commit's order; what it doesn't name comes first, in the order of
        // acceptance.
        self.order.truncate(self.committed_places);
        let added = added_slots(&outcome.additions, &touched);
        let named: BTreeSet<u32> = added.iter().copied().collect();
        for slot in pending.added.into_iter().filter(|slot| !named.contains(slot)) {
            self.place(slot);
        }
        for slot in added {
            self.place(slot);
        }
        if self.order.is_sparse() {
            self.close_gaps();
        }
        self.committed_places = self.order.places();
    }

    /// An external commit takes up all that waits, which is clients that leave by themselves, or
    /// comes to a room in which nothing waits.
    fn commit_externally(&mut self, mut outcome: Outcome) {
        self.replace_components(&mut outcome);
        self.pending = Pending::default();
        self.order.truncate(self.committed_places);
        let mut touched = Vec::with_capacity(outcome.users.len());
        for user in outcome.users {
            let was_listed = self.is_listed(&user.subject);
            let slot = self.change_user(user);
            if let Some(slot) =
                slot.filter(|slot| was_listed && !self.slot(*slot).is_some_and(Slot::is_listed))
            {
                self.unplace(slot);
            }
            touched.push(slot);
        }
        for slot in added_slots(&outcome.additions, &touched) {
            self.place(slot);
        }
        self.committed_places = self.order.places();
    }

    fn is_listed(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Slot(slot) => self.slot(*slot).is_some_and(Slot::is_listed),
            Subject::New(_) => false,
        }
    }

    fn replace_components(&mut self, outcome: &mut Outcome) {
        if let Some(metadata) = outcome.metadata.take() {
            self.mix_component(ComponentID::ROOM_METADATA, &*metadata);
            self.metadata = Some(*metadata);
        }
        if let Some(roles) = outcome.roles.take() {
            self.mix_component(ComponentID::ROLES_LIST, &roles.data);
            self.roles = *roles;
        }
        if let Some(preauth) = outcome.preauth.take() {
            self.mix_component(ComponentID::PREAUTH_LIST, &preauth);
            self.preauth = Some(preauth);
        }
        if let Some(base) = outcome.base.take() {
            self.mix_component(ComponentID::BASE_ROOM_POLICY, &*base);
            self.base = *base;
            self.base_is_stated = true;
        }
    }

    /// Gives a user its role and clients, and says which slot it has, if it has one still.
    fn change_user(&mut self, outcome: UserOutcome) -> Option<u32> {
        let (slot, is_new) = match outcome.subject {
            Subject::Slot(slot) => (slot, false),
            Subject::New(user) => (self.add_slot(user)?, true),
        };
        self.mix(slot, is_new, outcome.role, &outcome.added_clients, &outcome.removed_clients);
        self.leave_counts(slot);
        for client in &outcome.removed_clients {
            let index = self.tables.remove_client(&self.seed, &self.slots, client);
            if let (Some(index), Some(user)) = (index, self.slot_mut(slot))
                && index < user.clients.len()
            {
                user.clients.swap_remove(index);
            }
        }
        let was_listed = self.slot(slot).is_some_and(Slot::is_listed);
        if let Some(user) = self.slot_mut(slot) {
            user.role = outcome.role;
        }
        if was_listed != (outcome.role != NO_ROLE) {
            self.count_provider(slot, !was_listed);
        }
        for client in outcome.added_clients {
            self.push_client(slot, client);
        }
        self.enter_counts(slot);
        if self
            .slot(slot)
            .is_some_and(|user| user.role == NO_ROLE && user.clients.is_empty() && user.place.is_none())
        {
            self.release(slot);
        }
        Some(slot)
    }

    /// Takes a user off the list's places, and forgets it if it has no clients.
    fn unplace(&mut self, slot: u32) {
        let Some(place) = self.slot_mut(slot).and_then(|user| user.place.take()) else { return };
        self.order.remove(place);
        if self.slot(slot).is_some_and(|user| user.role == NO_ROLE && user.clients.is_empty()) {
            self.release(slot);
        }
    }

    fn release(&mut self, slot: u32) {
        self.tables.remove_user(&self.seed, &self.slots, slot);
        self.free.push(slot);
    }

    fn close_gaps(&mut self) {
        let slots: Vec<u32> = self.order.iter().collect();
        self.order.truncate(0);
        for slot in slots {
            self.place(slot);
        }
    }

    /// Puts a user at the end of the list.
    fn place(&mut self, slot: u32) {
        let place = self.order.push(slot);
        if let Some(user) = self.slot_mut(slot) {
            user.place = Some(place);
        }
    }

    /// Puts a new user on the list.
    pub(super) fn enlist(&mut self, slot: u32, role: u32) {
        self.leave_counts(slot);
        if let Some(user) = self.slot_mut(slot) {
            user.role = role;
        }
        self.count_provider(slot, true);
        self.enter_counts(slot);
        self.place(slot);
    }

    pub(super) fn add_client(&mut self, slot: u32, client: ClientUri) {
        self.leave_counts(slot);
        self.push_client(slot, client);
        self.enter_counts(slot);
    }

    fn push_client(&mut self, slot: u32, client: ClientUri) {
        let Some(user) = self.slot_mut(slot) else { return };
        user.clients.push(client);
        let index = user.clients.len().saturating_sub(1);
        self.tables.insert_client(&self.seed, &self.slots, slot, index);
    }

    fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(slot).ok()?)
    }

    /// Counts a participant of a provider that comes to the list or leaves it.
    fn count_provider(&mut self, slot: u32, comes: bool) {
        let user = usize::try_from(slot).ok().and_then(|slot| self.slots.get(slot));
        let Some(uri) = user.and_then(|user| user.user.mimi_uri()) else { return };
        let host = uri.host();
        match self.providers.get_mut(host.as_str()) {
            Some(count) if comes => *count = count.saturating_add(1),
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            Some(_) => drop(self.providers.remove(host.as_str())),
            None if comes => drop(self.providers.insert(host.as_str().into(), 1)),
            None => {}
        }
    }

    fn leave_counts(&mut self, slot: u32) {
        self.count_slot(slot, |count, by| *count = count.saturating_sub(by));
    }

    fn enter_counts(&mut self, slot: u32) {
        self.count_slot(slot, |count, by| *count = count.saturating_add(by));
    }

    fn count_slot(&mut self, slot: u32, change: impl Fn(&mut usize, usize)) {
        let Some(user) = usize::try_from(slot).ok().and_then(|slot| self.slots.get(slot)) else { return };
        let clients = user.clients.len();
        if !user.is_listed() {
            change(&mut self.lingering, clients);
            return;
        }
        let count = self.counts.entry(user.role).or_default();
        change(&mut count.participants, 1);
        if clients > 0 {
            change(&mut count.active, 1);
        }
        change(&mut self.listed, 1);
        change(&mut self.clients, clients);
        if clients > 1 {
            change(&mut self.several, 1);
        }
    }

    /// Tells this history of the room from others, so that a plan for one isn't taken for a plan
    /// for another. It guards against mistakes, and not against intent: the party that applies
    /// plans has the room.
    fn mix(&mut self, slot: u32, is_new: bool, role: u32, added: &[ClientUri], removed: &[ClientUri]) {
        let mut mix = |value: u64| {
            let mixed = self.fingerprint.rotate_left(23) ^ value;
            self.fingerprint = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        };
        mix(u64::from(slot) << 32 | u64::from(role));
        mix(u64::try_from(added.len()).unwrap_or(u64::MAX));
        for client in added.iter().chain(removed) {
            mix(self.seed.hash(client.as_bytes()));
        }
        if let Some(slot) =
            usize::try_from(slot).ok().and_then(|slot| self.slots.get(slot)).filter(|_| is_new)
        {
            mix(self.seed.hash(slot.user.as_bytes()));
        }
    }

    fn mix_component(&mut self, component: ComponentID, data: &impl Encode) {
        let mut hasher = self.seed.hasher();
        hasher.write_u64(self.fingerprint);
        hasher.write_u16(component.0);
        hasher.write(&data.to_bytes().unwrap_or_default());
        self.fingerprint = hasher.finish();
    }

    /// A beginning for the history, from who is in the room.
    pub(super) fn first_fingerprint(&self) -> u64 {
        let mut hasher = self.seed.hasher();
        for slot in &self.slots {
            hasher.write_usize(slot.user.as_bytes().len());
            hasher.write(slot.user.as_bytes());
            hasher.write_u32(slot.role);
            hasher.write_usize(slot.clients.len());
        }
        hasher.finish()
    }
}

/// The slots of those who are added, in the order of the message that adds them.
fn added_slots(additions: &[Addition], touched: &[Option<u32>]) -> Vec<u32> {
    let slot = |addition: &Addition| match addition {
        Addition::User(index) => touched.get(*index).copied().flatten(),
        Addition::Slot(slot) => Some(*slot),
    };
    additions.iter().filter_map(slot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Change, Form, ProposedChange, RoomParts, TableSeed};
    use mimi_codec::{
        CapabilityType,
        protocol::{ParticipantListData, UserRolePair},
        room_policy::{Role, RoleData, SingleSourceRoleChangeTargets},
    };

    fn room() -> RoomState {
        let role = |role_index, moves: &[(u32, u32)]| Role {
            role_index,
            role_name: alloc::format!("role {role_index}"),
            role_description: "".into(),
            role_capabilities: [CapabilityType::CAN_ADD_PARTICIPANT, CapabilityType::CAN_REMOVE_PARTICIPANT]
                .into(),
            minimum_participants_constraint: 0,
            maximum_participants_constraint: None,
            minimum_active_participants_constraint: 0,
            maximum_active_participants_constraint: None,
            authorized_role_changes: moves
                .iter()
                .map(|&(from_role_index, target)| SingleSourceRoleChangeTargets {
                    from_role_index,
                    target_role_indexes: [target].into(),
                })
                .collect(),
        };
        let roles = RoleData { roles: [role(0, &[]), role(2, &[(0, 2), (2, 0)])].into() };
        let alice = UserRolePair { user: "alice".into(), role_index: 2 };
        let mut parts = RoomParts::new(roles, ParticipantListData { participants: [alice].into() });
        parts.clients.push(("alice".into(), "alice/1".into()));
        RoomState::new(parts, TableSeed::known()).unwrap()
    }

    fn accept(room: &mut RoomState, form: Form, changes: [Change; 2]) {
        let changes = changes.map(ProposedChange::from);
        let plan = room.check(&Actor::named("alice", "alice/1").unwrap(), form, &changes).unwrap();
        room.apply(plan).unwrap();
    }

    /// A room takes the memory of those who are in it, not of its past.
    #[test]
    fn who_was_here_leaves_nothing_behind() {
        for (come, go) in
            [(Form::Commit, Form::Commit), (Form::Proposal, Form::Commit), (Form::Commit, Form::Proposal)]
        {
            let mut room = room();
            for number in 0..200 {
                let (user, client) = (alloc::format!("u{number}"), alloc::format!("u{number}/1"));
                let (user, client) =
                    (crate::UserUri::try_from(&*user).unwrap(), ClientUri::try_from(&*client).unwrap());
                let comes = [
                    Change::AddParticipant { user: user.clone(), role: 2 },
                    Change::AddClient { user: user.clone(), client: client.clone() },
                ];
                let goes = [
                    Change::RemoveParticipant { user: user.clone() },
                    Change::RemoveClient { user: user.clone(), client },
                ];
                for (form, changes) in [(come, comes), (go, goes)] {
                    accept(&mut room, form, changes);
                    let plan =
                        room.check(&Actor::named("alice", "alice/1").unwrap(), Form::Commit, &[]).unwrap();
                    room.apply(plan).unwrap();
                }
                assert_eq!((room.participant_count(), room.client_count()), (1, 1));
            }
            assert_eq!(room.tables.len(), (1, 1));
            assert!(room.slots.len() <= 2, "{} slots", room.slots.len());
            assert!(room.order.places() <= 40, "{} places", room.order.places());
        }
    }
}
