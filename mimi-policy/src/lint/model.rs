//! A room as the roles of a few participants, each with a client in the group or without.
//!
//! The model decides as [`RoomState::check`](crate::RoomState::check) does about every commit that
//! changes the place of one user, and about those that change two users at once where one change
//! alone breaks a limit, or where each takes from the other's sender its right. A user has one
//! client at most. Participants with the same role and the same client are alike, so that a state
//! is how many there are of each kind.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::room_policy::{CapabilityType as C, PreAuthRoleEntry, Role};

use super::table::{MAX_ENTRIES, Table};
use super::{LintStep, StepActor, StepMeans};
use crate::graph::{MAX_PAIRS, MoveRight};
use crate::role_table::NO_ROLE;

/// How many participants a state may have.
pub(super) const MOST_PARTICIPANTS: usize = 8;

/// A number of steps that a search may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    left: u64,
    /// The search ended before it was complete.
    pub(super) cut: bool,
}

impl Budget {
    pub(super) const fn new(limit: u64) -> Self {
        Self { left: limit, cut: false }
    }

    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// Whether the search may go on after so many steps more.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        match u64::try_from(steps).ok().and_then(|steps| self.left.checked_sub(steps)) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                self.cut = true;
            }
        }
        !self.cut
    }
}

/// A participant: its role, as a place in [`Model::roles`], and whether it has a client in the
/// group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    pub(super) place: usize,
    pub(super) active: bool,
}

/// The participants, sorted: one byte for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct State([u8; MOST_PARTICIPANTS]);

impl State {
    pub(super) fn new(seats: impl IntoIterator<Item = Seat>) -> Self {
        let mut bytes = [0; MOST_PARTICIPANTS];
        for (byte, seat) in bytes.iter_mut().zip(seats) {
            let code = seat.place.saturating_mul(2).saturating_add(usize::from(seat.active));
            *byte = u8::try_from(code).unwrap_or(u8::MAX);
        }
        bytes.sort_unstable_by(|a, b| b.cmp(a));
        Self(bytes)
    }

    pub(super) fn seats(self) -> impl Iterator<Item = Seat> {
        let codes = self.0.into_iter().take_while(|code| *code != 0);
        codes.map(|code| Seat { place: usize::from(code >> 1), active: code & 1 == 1 })
    }

    pub(super) fn len(self) -> usize {
        self.0.iter().take_while(|code| **code != 0).count()
    }
}

/// Who proposes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Another participant, with a role.
    Participant(usize),
    /// An external sender that is preauthorized for a role.
    Server(usize),
    /// The user itself.
    Oneself,
}

/// A change of one user's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// The participant, by its place in the state; `None` for a user who is not on the list.
    target: Option<usize>,
    from: Option<Seat>,
    to: Option<Seat>,
    by: By,
    pub(super) means: StepMeans,
    /// The minima of the role before, and the maxima of the role after, must hold afterwards.
    minima: bool,
    maxima: bool,
    /// The commit joins the user's client.
    external: bool,
    /// Afterwards the user's client joins by itself: the model knows no such user without a client.
    returns: bool,
}

/// A move of others that a role grants.
#[derive(Debug, Clone, Copy)]
struct Right {
    to: usize,
    means: MoveRight,
    minima: bool,
    maxima: bool,
    /// The user ends without a client, and the actor must have the right to remove it.
    needs_kick: bool,
}

pub(super) struct ModelRole {
    pub(super) index: u32,
    pub(super) banned: bool,
    add_own_client: bool,
    remove_own_client: bool,
    kick: bool,
    leave: bool,
    change_own_role: bool,
    pub(super) rewrites: bool,
    minimum: usize,
    maximum: usize,
    minimum_active: usize,
    maximum_active: usize,
    /// Users without a client and users with one are told apart.
    apart: bool,
    /// By the role before.
    rights: BTreeMap<usize, Vec<Right>>,
}

/// What is asked of a policy in a small room.
pub(super) struct Model {
    /// The first is role 0.
    pub(super) roles: Vec<ModelRole>,
    /// Roles that a user takes by joining.
    joins: Vec<(usize, MoveRight)>,
    /// Roles that a user takes by its own claims.
    own: Vec<usize>,
    /// Roles of external senders.
    servers: Vec<usize>,
    max_users: usize,
    max_clients: usize,
}

/// Who takes part in what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// All users, with all claims and join codes, and all external senders.
    All,
    /// Users without claims and join codes.
    Plain,
}

fn limit(limit: Option<u32>) -> usize {
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

impl Unit {
    pub(super) const fn is_of_participant(&self) -> bool {
        self.target.is_some()
    }
}

impl Model {
    pub(super) fn new(table: &Table<'_>, who: Who) -> Self {
        let base = &table.policy.base;
        let open = !base.fixed_membership;
        let role_zero = table.roles.get(&NO_ROLE).copied();
        let others = table.roles.iter().filter(|(index, _)| **index != NO_ROLE);
        let places: BTreeMap<u32, usize> =
            core::iter::once(NO_ROLE).chain(others.clone().map(|(index, _)| *index)).zip(0..).collect();
        let mut pairs = MAX_PAIRS;
        let mut roles = vec![ModelRole::new(table, NO_ROLE, role_zero, &places, &mut pairs)];
        for (index, role) in others {
            roles.push(ModelRole::new(table, *index, Some(role), &places, &mut pairs));
        }
        let max_clients = limit(base.max_clients);
        tell_apart(&mut roles, max_clients);
        let mut model = Self {
            roles,
            joins: Vec::new(),
            own: Vec::new(),
            servers: Vec::new(),
            max_users: limit(base.max_users),
            max_clients,
        };
        if open && let Some(role_zero) = role_zero {
            model.find_joins(table, role_zero, &places, who);
        }
        let entries = &table.policy.preauth.preauthorized_entries;
        let entries: Vec<&PreAuthRoleEntry> = entries.iter().take(MAX_ENTRIES).collect();
        for role in taken(&entries, who, |_| true) {
            let Some(place) = places.get(&role).copied() else { continue };
            if open && role != NO_ROLE && table.has(role, C::CAN_JOIN_IF_PREAUTHORIZED) {
                model.joins.push((place, MoveRight::Preauthorized));
            }
            if who == Who::All {
                model.servers.push(place);
            }
        }
        let own = taken(&entries, who, |entry| entry.target_role != NO_ROLE);
        model.own = own.into_iter().filter_map(|role| places.get(&role).copied()).collect();
        // Users join with a client, which the banned cannot have.
        let roles = &model.roles;
        model.joins.retain(|(place, _)| roles.get(*place).is_some_and(|role| !role.banned));
        model
    }

    fn find_joins(&mut self, table: &Table<'_>, role_zero: &Role, places: &BTreeMap<u32, usize>, who: Who) {
        for (capability, means) in
            [(C::CAN_OPEN_JOIN, MoveRight::OpenJoin), (C::CAN_USE_JOIN_CODE, MoveRight::JoinCode)]
        {
            if !table.has(NO_ROLE, capability) || who == Who::Plain && means == MoveRight::JoinCode {
                continue;
            }
            let entries =
                role_zero.authorized_role_changes.iter().filter(|entry| entry.from_role_index == NO_ROLE);
            for to in entries.flat_map(|entry| &entry.target_role_indexes) {
                if let Some(place) = places.get(to).copied().filter(|place| *place != 0)
                    && !self.joins.iter().any(|(other, _)| *other == place)
                {
                    self.joins.push((place, means));
                }
            }
        }
    }

    pub(super) fn role(&self, place: usize) -> Option<&ModelRole> {
        self.roles.get(place)
    }

    /// The places of the roles that a participant can have and act with.
    pub(super) fn ordinary(&self) -> impl Iterator<Item = usize> + '_ {
        self.roles.iter().zip(0..).skip(1).filter(|(role, _)| !role.banned).map(|(_, place)| place)
    }

    /// Whether so many participants, each with a client, can have a role.
    pub(super) fn has_room_for(&self, place: usize, count: usize) -> bool {
        self.role(place).is_some_and(|role| count <= role.maximum && count <= role.maximum_active)
            && self.has_room(count)
    }

    /// Whether so many participants, each with a client, can be in the room.
    pub(super) fn has_room(&self, count: usize) -> bool {
        count <= self.max_users && count <= self.max_clients
    }

    /// The moves of others that a role grants.
    pub(super) fn moves_of(&self, place: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let rights = self.role(place).filter(|role| !role.banned).into_iter().flat_map(|role| &role.rights);
        rights.flat_map(|(from, rights)| rights.iter().map(|right| (*from, right.to)))
    }

    pub(super) fn joins(&self) -> impl Iterator<Item = usize> + '_ {
        self.joins.iter().map(|(place, _)| *place)
    }

    /// Roles that a user takes by itself, if its role lets it.
    pub(super) fn own_changes(&self, place: usize) -> &[usize] {
        match self.role(place) {
            Some(role) if role.change_own_role && !role.banned => &self.own,
            _ => &[],
        }
    }

    fn apart(&self, seat: Seat) -> (Seat, bool) {
        let apart = seat.active || self.role(seat.place).is_none_or(|role| role.apart);
        (Seat { active: seat.active || !apart, ..seat }, !apart)
    }

    /// All changes of one user that some right allows, whatever the limits.
    fn units(&self, state: State, units: &mut Vec<Unit>) {
        units.clear();
        let mut by: Vec<By> = Vec::new();
        for seat in state.seats().filter(|seat| seat.active) {
            let participant = By::Participant(seat.place);
            let acts = self.role(seat.place).is_some_and(|role| !role.banned);
            if acts && !by.contains(&participant) {
                by.push(participant);
            }
        }
        by.extend(self.servers.iter().map(|place| By::Server(*place)));
        for (target, seat) in state.seats().enumerate() {
            for &by in &by {
                let alone = |place| {
                    let same = Seat { place, active: true };
                    seat == same && state.seats().filter(|other| *other == same).nth(1).is_none()
                };
                match by {
                    By::Participant(place) if alone(place) => {}
                    by => self.units_of_others(by, Some((target, seat)), units),
                }
            }
            self.own_units(target, seat, units);
        }
        for by in by {
            self.units_of_others(by, None, units);
        }
        for &(place, means) in &self.joins {
            units.push(Unit {
                target: None,
                from: None,
                to: Some(Seat { place, active: true }),
                by: By::Oneself,
                means: StepMeans::Move(means),
                minima: false,
                maxima: true,
                external: true,
                returns: false,
            });
        }
    }

    fn units_of_others(&self, by: By, target: Option<(usize, Seat)>, units: &mut Vec<Unit>) {
        let (By::Participant(place) | By::Server(place)) = by else { return };
        let Some(role) = self.role(place) else { return };
        let from = target.map(|(_, seat)| seat);
        let was_active = from.is_some_and(|seat| seat.active);
        let rights = role.rights.get(&from.map_or(0, |seat| seat.place));
        for right in rights.into_iter().flatten() {
            if right.needs_kick && was_active && !role.kick {
                continue;
            }
            let banned = self.role(right.to).is_some_and(|role| role.banned);
            // Who may also remove the client moves the user without it: two participants that do
            // so to each other need one commit.
            let kicks = role.kick && self.role(right.to).is_some_and(|role| role.apart);
            let seats: &[bool] = match (from, banned) {
                (_, true) => &[false],
                (None, _) => &[true, false],
                (Some(seat), _) if seat.active && kicks && right.to != 0 => &[true, false],
                (Some(seat), _) if seat.active => &[true],
                _ => &[false],
            };
            for &active in seats {
                let (seat, returns) = self.apart(Seat { place: right.to, active });
                if from.is_none() && returns {
                    // The same as with a client.
                    continue;
                }
                let stays = right.to != 0;
                units.push(Unit {
                    target: target.map(|(target, _)| target),
                    from,
                    to: stays.then_some(seat),
                    by,
                    means: StepMeans::Move(right.means),
                    minima: right.minima,
                    maxima: right.maxima,
                    external: false,
                    returns: stays && returns,
                });
            }
        }
        if let Some((target, seat)) = target
            && was_active
            && role.kick
        {
            units.extend(self.without_client(target, seat, by, StepMeans::Kick));
        }
    }

    fn without_client(&self, target: usize, seat: Seat, by: By, means: StepMeans) -> Option<Unit> {
        let to = Seat { active: false, ..seat };
        self.role(seat.place).filter(|role| role.apart).map(|_| Unit {
            target: Some(target),
            from: Some(seat),
            to: Some(to),
            by,
            means,
            minima: true,
            maxima: false,
            external: false,
            returns: false,
        })
    }

    fn own_units(&self, target: usize, seat: Seat, units: &mut Vec<Unit>) {
        let Some(role) = self.role(seat.place).filter(|role| !role.banned) else { return };
        let unit = Unit {
            target: Some(target),
            from: Some(seat),
            to: None,
            by: By::Oneself,
            means: StepMeans::AddOwnClient,
            minima: true,
            maxima: true,
            external: false,
            returns: false,
        };
        if !seat.active {
            if role.add_own_client {
                let to = Some(Seat { active: true, ..seat });
                units.push(Unit { to, external: true, ..unit });
            }
            return;
        }
        if role.leave {
            units.push(Unit { means: StepMeans::Move(MoveRight::Leave), ..unit });
        }
        if role.remove_own_client {
            units.extend(self.without_client(target, seat, By::Oneself, StepMeans::RemoveOwnClient));
        }
        for &place in self.own_changes(seat.place).iter().filter(|place| **place != seat.place) {
            let Some(next) = self.role(place) else { continue };
            let means = StepMeans::Move(MoveRight::ChangeOwnRole);
            if !next.banned {
                units.push(Unit { to: Some(Seat { place, active: true }), means, ..unit });
            }
            if role.remove_own_client && next.apart {
                units.push(Unit { to: Some(Seat { place, active: false }), means, ..unit });
            }
        }
    }

    /// The state after one commit, if a participant can commit it and the limits hold.
    fn after(&self, state: State, units: &[Unit]) -> Option<State> {
        // Joining takes up nothing but the removals that clients propose for themselves. A client
        // of a participant may also be proposed from outside of the group, for a member to commit.
        let takes_up = |unit: &Unit| unit.external || unit.means == StepMeans::RemoveOwnClient;
        let external = units.iter().filter(|unit| unit.external).count() == 1 && units.iter().all(takes_up);
        if !external && units.iter().any(|unit| unit.external && unit.target.is_none()) {
            return None;
        }
        let mut seats: [Option<Seat>; MOST_PARTICIPANTS] = [None; MOST_PARTICIPANTS];
        let mut committer = external;
        for ((target, seat), slot) in state.seats().enumerate().zip(&mut seats) {
            let unit = units.iter().find(|unit| unit.target == Some(target));
            let keeps = unit.is_none_or(|unit| unit.to.is_some_and(|to| to.active && !unit.returns));
            committer |= seat.active && keeps;
            *slot = unit.map_or(Some(seat), |unit| unit.to);
        }
        let come = units.iter().filter(|unit| unit.target.is_none()).filter_map(|unit| unit.to);
        let mut free = seats.iter_mut().filter(|slot| slot.is_none());
        for seat in come {
            *free.next()? = Some(seat);
        }
        if !committer {
            return None;
        }
        let seats = || seats.iter().flatten();
        let users = seats().filter(|seat| self.role(seat.place).is_some_and(|role| !role.banned)).count();
        if users > self.max_users || seats().filter(|seat| seat.active).count() > self.max_clients {
            return None;
        }
        for unit in units {
            let moves = unit.from.map(|seat| seat.place) != unit.to.map(|seat| seat.place);
            let count = |place| {
                let of_role = || seats().filter(move |seat| seat.place == place);
                (of_role().count(), of_role().filter(|seat| seat.active).count())
            };
            if let Some(seat) = unit.from.filter(|_| unit.minima) {
                let (all, active) = count(seat.place);
                let role = self.role(seat.place)?;
                let lost = moves || seat.active && unit.to.is_none_or(|to| !to.active);
                if moves && all < role.minimum || lost && active < role.minimum_active {
                    return None;
                }
            }
            if let Some(seat) = unit.to.filter(|_| unit.maxima) {
                let (all, active) = count(seat.place);
                let role = self.role(seat.place)?;
                if moves && all > role.maximum || active > role.maximum_active {
                    return None;
                }
            }
        }
        Some(State::new(seats().copied()))
    }

    /// All commits that are accepted: what they change, and the state afterwards.
    fn commits(&self, state: State, full: usize, budget: &mut Budget, mut found: impl FnMut(&[Unit], State)) {
        let mut units = Vec::new();
        self.units(state, &mut units);
        if !budget.spend(units.len().saturating_add(1)) {
            return;
        }
        let mut blocked = Vec::new();
        for (place, unit) in units.iter().enumerate() {
            match self.after(state, &[*unit]) {
                Some(after) => found(&[*unit], after),
                None => blocked.push((place, unit)),
            }
        }
        let is_blocked = |place: usize| blocked.binary_search_by_key(&place, |(place, _)| *place).is_ok();
        let mut pair = |one: &Unit, other: &Unit| {
            let same = one.target.is_some() && one.target == other.target;
            if !same && let Some(after) = self.after(state, &[*one, *other]) {
                found(&[*one, *other], after);
            }
        };
        for (place, one) in &blocked {
            if !budget.spend(units.len()) {
                return;
            }
            for (other_place, other) in units.iter().enumerate() {
                if other_place > *place || !is_blocked(other_place) {
                    pair(one, other);
                }
            }
        }
        // A full room takes one in only if another goes.
        if state.len() >= full {
            let goes = units.iter().filter(|unit| unit.target.is_some() && unit.to.is_none());
            for one in goes {
                let come = units.iter().filter(|unit| unit.target.is_none() && !unit.external);
                for other in come {
                    if !budget.spend(1) {
                        return;
                    }
                    pair(one, other);
                }
            }
        }
        // Two participants that change each other: each has lost its right once the other change is
        // made.
        let mut mutual: Vec<(usize, usize, &Unit)> = Vec::new();
        for unit in &units {
            if let (By::Participant(by), Some(seat)) = (unit.by, unit.from.filter(|seat| seat.active)) {
                mutual.push((by, seat.place, unit));
            }
        }
        mutual.sort_by_key(|(by, target, _)| (*by, *target));
        for (by, target, one) in &mutual {
            let first = mutual.partition_point(|(b, t, _)| (*b, *t) < (*target, *by));
            let others = mutual.iter().skip(first).take_while(|(b, t, _)| (*b, *t) == (*target, *by));
            for (_, _, other) in others.filter(|(.., other)| other.target > one.target) {
                if !budget.spend(1) {
                    return;
                }
                pair(one, other);
            }
        }
    }

    /// All states that commits lead to, of at most `most` participants. From `full` participants
    /// on, one may come as another goes.
    pub(super) fn explore(
        &self,
        starts: &[State],
        full: usize,
        most: usize,
        budget: &mut Budget,
        label: impl Fn(&Unit) -> u8,
    ) -> Explored {
        let mut explored = Explored::default();
        for start in starts {
            explored.intern(*start);
        }
        let mut place = 0_usize;
        while let Some(state) = explored.states.get(place).copied() {
            let mut next = Vec::new();
            let mut labels = 0;
            self.commits(state, full, budget, |units, after| {
                labels |= units.iter().fold(0, |labels, unit| labels | label(unit));
                if after.len() <= most {
                    next.push(explored.intern(after));
                }
            });
            if budget.cut {
                break;
            }
            next.sort_unstable();
            next.dedup();
            explored.next.push(next);
            explored.labels.push(labels);
            place = place.saturating_add(1);
        }
        explored
    }

    /// Whether one commit leads from one state to another by a move of this kind.
    pub(super) fn leads(&self, from: State, to: State, means: MoveRight, budget: &mut Budget) -> bool {
        let mut leads = false;
        self.commits(from, usize::MAX, budget, |units, after| {
            leads |= after == to && units.iter().all(|unit| unit.means == StepMeans::Move(means));
        });
        leads
    }

    /// The roles of the participants of a state.
    pub(super) fn start(&self, state: State) -> Vec<u32> {
        state.seats().filter_map(|seat| Some(self.role(seat.place)?.index)).collect()
    }

    /// The steps of the commits that lead from each state to the next.
    pub(super) fn steps(&self, states: &[State]) -> Vec<LintStep> {
        let mut steps = Vec::new();
        for pair in states.windows(2) {
            let [from, to] = pair else { continue };
            let mut found: Option<Vec<Unit>> = None;
            let mut budget = Budget::new(u64::MAX);
            self.commits(*from, 0, &mut budget, |units, after| {
                if after == *to && found.is_none() {
                    found = Some(units.to_vec());
                }
            });
            let mut returning = Vec::new();
            for (number, unit) in found.unwrap_or_default().into_iter().enumerate() {
                let step = self.step(*from, &unit, number > 0);
                steps.push(step);
                if unit.returns {
                    returning.push(LintStep {
                        by: StepActor::Oneself,
                        means: StepMeans::AddOwnClient,
                        from: step.to,
                        with_client: true,
                        last: false,
                        same_commit: false,
                        ..step
                    });
                }
            }
            steps.extend(returning);
        }
        steps
    }

    fn step(&self, state: State, unit: &Unit, same_commit: bool) -> LintStep {
        let index = |place: usize| self.role(place).map_or(NO_ROLE, |role| role.index);
        let role = |seat: Option<Seat>| seat.map_or(NO_ROLE, |seat| index(seat.place));
        let from = unit.from.map(|seat| seat.place);
        let same = from.map_or(0, |place| state.seats().filter(|seat| seat.place == place).count());
        LintStep {
            by: match unit.by {
                By::Participant(place) => StepActor::Participant(index(place)),
                By::Server(place) => StepActor::Server(index(place)),
                By::Oneself => StepActor::Oneself,
            },
            means: unit.means,
            from: role(unit.from),
            to: role(unit.to),
            had_client: unit.from.is_some_and(|seat| seat.active),
            with_client: unit.to.is_some_and(|seat| seat.active) && !unit.returns,
            last: same == 1 && unit.to.map(|seat| seat.place) != from,
            same_commit,
        }
    }
}

/// Finds the roles in which a user without a client is another than one with a client.
///
/// In the other roles a user without a client can have one whenever it likes, no move is open to it
/// that is not open to one with a client, and moves lead it to such roles only.
fn tell_apart(roles: &mut [ModelRole], max_clients: usize) {
    let mut moves: Vec<(usize, usize)> = Vec::new();
    let mut only_without: BTreeSet<usize> = BTreeSet::new();
    for role in roles.iter() {
        for (from, rights) in &role.rights {
            for right in rights.iter().filter(|right| right.to != 0 && right.means != MoveRight::Ban) {
                moves.push((*from, right.to));
                if right.needs_kick && !role.kick {
                    only_without.insert(*from);
                }
            }
        }
    }
    for (role, place) in roles.iter_mut().zip(0..) {
        role.apart = role.banned
            || !role.add_own_client
            || max_clients != usize::MAX
            || role.minimum_active > 0
            || role.maximum_active != usize::MAX
            || only_without.contains(&place);
    }
    moves.sort_unstable();
    moves.dedup();
    loop {
        let mut changed = false;
        for (from, to) in &moves {
            let leads = *from != 0 && roles.get(*to).is_some_and(|role| role.apart && !role.banned);
            if let Some(role) = roles.get_mut(*from).filter(|role| leads && !role.apart) {
                role.apart = true;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// The roles of the entries that some claims match first.
fn taken(entries: &[&PreAuthRoleEntry], who: Who, counts: impl Fn(&PreAuthRoleEntry) -> bool) -> Vec<u32> {
    let entries: Vec<&PreAuthRoleEntry> = entries.iter().copied().filter(|entry| counts(entry)).collect();
    let mut roles = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        let covers =
            |other: &&PreAuthRoleEntry| other.claimset.iter().all(|claim| entry.claimset.contains(claim));
        let plain = who == Who::All || entry.claimset.is_empty();
        if plain && !entries.iter().take(place).any(covers) && !roles.contains(&entry.target_role) {
            roles.push(entry.target_role);
        }
    }
    roles
}

impl ModelRole {
    fn new(
        table: &Table<'_>,
        index: u32,
        role: Option<&Role>,
        places: &BTreeMap<u32, usize>,
        pairs: &mut usize,
    ) -> Self {
        let has = |capability| table.has(index, capability);
        let open = !table.policy.base.fixed_membership;
        let mut made = Self {
            index,
            banned: table.is_banned(index),
            add_own_client: has(C::CAN_ADD_OWN_CLIENT),
            remove_own_client: has(C::CAN_REMOVE_OWN_CLIENT),
            kick: has(C::CAN_KICK),
            leave: false,
            change_own_role: has(C::CAN_CHANGE_OWN_ROLE),
            rewrites: has(C::CAN_CHANGE_ROLE_DEFINITIONS),
            minimum: limit(role.map(|role| role.minimum_participants_constraint)),
            maximum: limit(role.and_then(|role| role.maximum_participants_constraint)),
            minimum_active: limit(role.map(|role| role.minimum_active_participants_constraint)),
            maximum_active: limit(role.and_then(|role| role.maximum_active_participants_constraint)),
            apart: true,
            rights: BTreeMap::new(),
        };
        let Some(role) = role.filter(|_| index != NO_ROLE) else { return made };
        for change in &role.authorized_role_changes {
            let Some(&from) = places.get(&change.from_role_index) else { continue };
            for target in &change.target_role_indexes {
                let Some(&to) = places.get(target) else { continue };
                let Some(left) = pairs.checked_sub(1) else { return made };
                *pairs = left;
                if change.from_role_index == index && to == 0 {
                    made.leave |= open && has(C::CAN_REMOVE_SELF);
                }
                let right = right(table, index, open, (change.from_role_index, *target), to);
                let rights = made.rights.entry(from).or_default();
                if let Some(right) = right
                    && !rights.iter().any(|other| other.to == to)
                {
                    rights.push(right);
                }
            }
        }
        made
    }
}

impl ModelRole {
    /// How many holders there must be for one to go.
    pub(super) fn enough_to_lose_one(&self) -> usize {
        self.minimum.max(self.minimum_active).saturating_add(1)
    }
}

/// What an entry of a role's changes grants over others.
fn right(table: &Table<'_>, by: u32, open: bool, (from, target): (u32, u32), to: usize) -> Option<Right> {
    let has = |capability| table.has(by, capability);
    let right = |means, minima, maxima| Some(Right { to, means, minima, maxima, needs_kick: false });
    let to_banned = table.is_banned(target);
    if from == target {
        None
    } else if from == NO_ROLE {
        match () {
            () if !open => None,
            () if to_banned && has(C::CAN_BAN) => right(MoveRight::Ban, false, false),
            () if has(C::CAN_ADD_PARTICIPANT) => right(MoveRight::Add, false, true),
            () => None,
        }
    } else if target == NO_ROLE {
        if open && has(C::CAN_REMOVE_PARTICIPANT) { right(MoveRight::Remove, true, false) } else { None }
    } else if to_banned && has(C::CAN_BAN) {
        right(MoveRight::Ban, true, false)
    } else if table.is_banned(from) && has(C::CAN_UNBAN) {
        right(MoveRight::Unban, true, true)
    } else if has(C::CAN_CHANGE_USER_ROLE) {
        right(MoveRight::ChangeUserRole, true, true).map(|right| Right { needs_kick: to_banned, ..right })
    } else {
        None
    }
}

/// States, and the commits between them.
#[derive(Default)]
pub(super) struct Explored {
    pub(super) states: Vec<State>,
    places: BTreeMap<State, usize>,
    /// For each state that was examined, the states after one commit.
    pub(super) next: Vec<Vec<usize>>,
    /// For each state that was examined, what its commits do.
    pub(super) labels: Vec<u8>,
}

impl Explored {
    fn intern(&mut self, state: State) -> usize {
        let states = &mut self.states;
        *self.places.entry(state).or_insert_with(|| {
            states.push(state);
            states.len().saturating_sub(1)
        })
    }

    pub(super) fn place_of(&self, state: State) -> Option<usize> {
        self.places.get(&state).copied()
    }

    /// For each state, the one before it on a shortest way from a start, by way of states of at
    /// most so many participants.
    pub(super) fn ways(&self, starts: &[usize], most: usize) -> Ways {
        let mut before: Vec<Option<usize>> = vec![None; self.states.len()];
        let mut order = Vec::new();
        for &start in starts {
            if let Some(slot) = before.get_mut(start) {
                *slot = Some(start);
                order.push(start);
            }
        }
        let mut place = 0_usize;
        while let Some(&from) = order.get(place) {
            for &to in self.next.get(from).into_iter().flatten() {
                let small = self.states.get(to).is_some_and(|state| state.len() <= most);
                if let Some(slot) = before.get_mut(to).filter(|slot| small && slot.is_none()) {
                    *slot = Some(from);
                    order.push(to);
                }
            }
            place = place.saturating_add(1);
        }
        Ways { before, order }
    }

    /// For each state, what the commits of some state that can be reached from it do. States that
    /// were not examined do `unknown`.
    pub(super) fn possible(&self, unknown: u8) -> Vec<u8> {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.states.len()];
        for (from, next) in self.next.iter().enumerate() {
            for &to in next {
                if let Some(before) = before.get_mut(to) {
                    before.push(from);
                }
            }
        }
        let mut possible = self.labels.clone();
        possible.resize(self.states.len(), unknown);
        let mut waiting: Vec<usize> = (0..self.states.len()).collect();
        while let Some(place) = waiting.pop() {
            let here = possible.get(place).copied().unwrap_or_default();
            for &from in before.get(place).into_iter().flatten() {
                if let Some(there) = possible.get_mut(from).filter(|there| **there | here != **there) {
                    *there |= here;
                    waiting.push(from);
                }
            }
        }
        possible
    }
}

pub(super) struct Ways {
    before: Vec<Option<usize>>,
    /// The states that are reached, the nearest first.
    pub(super) order: Vec<usize>,
}

impl Ways {
    /// The states on the way to one, from the start on.
    pub(super) fn to(&self, place: usize) -> Vec<usize> {
        let mut way = vec![place];
        let mut here = place;
        while let Some(before) = self.before.get(here).copied().flatten().filter(|before| *before != here) {
            way.push(before);
            here = before;
        }
        way.reverse();
        way
    }
}
