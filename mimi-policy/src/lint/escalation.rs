//! Ways to more than one was given.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::room_policy::CapabilityType as C;

use super::lock_out::SMALL_ROOM;
use super::model::{Budget, Model, Seat, State, Who};
use super::table::{Table, some};
use super::{LintCode, LintFinding};
use crate::graph::MoveRight;
use crate::role_table::NO_ROLE;

/// Rights over others, or over the room.
const POWERS: [C; 14] = [
    C::CAN_ADD_PARTICIPANT,
    C::CAN_REMOVE_PARTICIPANT,
    C::CAN_BAN,
    C::CAN_UNBAN,
    C::CAN_KICK,
    C::CAN_CHANGE_USER_ROLE,
    C::CAN_DELETE_OTHER_REACTION,
    C::CAN_DELETE_OTHER_MESSAGE,
    C::CAN_EDIT_OTHER_TOPIC,
    C::CAN_DESTROY_ROOM,
    C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    C::CAN_CHANGE_ROLE_DEFINITIONS,
    C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    C::CAN_SEND_MLS_REINIT_PROPOSAL,
];

pub(super) fn is_power(capability: C) -> bool {
    POWERS.contains(&capability)
}

/// How many coalitions of two roles are reported.
const MAX_PAIRS_REPORTED: usize = 16;

pub(super) fn find(table: &Table<'_>, budget: &mut Budget, findings: &mut Vec<LintFinding>) {
    let model = Model::new(table, Who::Plain);
    let search = Search { table, model: &model };
    let none = Powers::new(model.roles.len());
    // What is reached by those who are not on the list is no gain for those who are.
    let outside = search.coalition(&[], &none, budget, findings);
    let mut reached: Vec<(usize, Powers)> = Vec::new();
    for place in model.ordinary() {
        if model.has_room_for(place, 1) {
            let gains = search.coalition(&[place], &outside, budget, findings);
            reached.push((place, gains));
        }
    }
    let mut reported = 0_usize;
    for (position, (one, of_one)) in reached.iter().enumerate() {
        for (other, of_other) in reached.iter().skip(position.saturating_add(1)) {
            if budget.cut || reported >= MAX_PAIRS_REPORTED {
                budget.cut |= reported >= MAX_PAIRS_REPORTED;
                return;
            }
            let mut known = of_one.clone();
            known.add(of_other);
            let before = findings.len();
            search.coalition(&[*one, *other], &known, budget, findings);
            reported = reported.saturating_add(findings.len().saturating_sub(before));
        }
    }
}

/// Capabilities, and from which role to which others can be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Powers {
    capabilities: BTreeSet<C>,
    /// By the role before: a bit for each role after.
    moves: Vec<u128>,
}

impl Powers {
    fn new(roles: usize) -> Self {
        Self { capabilities: BTreeSet::new(), moves: vec![0; roles] }
    }

    fn of(table: &Table<'_>, model: &Model, place: usize) -> Self {
        let mut powers = Self::new(model.roles.len());
        let Some(role) = model.role(place) else { return powers };
        powers.capabilities.extend(table.held(role.index).filter(|capability| is_power(*capability)));
        for (from, to) in model.moves_of(place) {
            if let Some(row) = powers.moves.get_mut(from) {
                *row |= bit(to);
            }
        }
        powers
    }

    fn add(&mut self, other: &Self) {
        self.capabilities.extend(&other.capabilities);
        for (row, other) in self.moves.iter_mut().zip(&other.moves) {
            *row |= other;
        }
    }

    /// Moves that follow on each other are moves, too.
    fn close(&mut self) {
        for middle in 0..self.moves.len() {
            let further = self.moves.get(middle).copied().unwrap_or_default();
            for row in &mut self.moves {
                if *row & bit(middle) != 0 {
                    *row |= further;
                }
            }
        }
    }

    /// What these have and others lack.
    fn beyond(&self, others: &Self) -> Gain {
        let capabilities = self.capabilities.difference(&others.capabilities).copied().collect();
        let mut moves = Vec::new();
        for (from, (row, other)) in self.moves.iter().zip(&others.moves).enumerate() {
            let more = row & !other & !bit(from);
            moves.extend((0..self.moves.len()).filter(|to| more & bit(*to) != 0).map(|to| (from, to)));
        }
        Gain { capabilities, moves }
    }
}

fn bit(place: usize) -> u128 {
    u32::try_from(place).ok().and_then(|place| 1_u128.checked_shl(place)).unwrap_or_default()
}

#[derive(Debug)]
struct Gain {
    capabilities: Vec<C>,
    moves: Vec<(usize, usize)>,
}

impl Gain {
    fn len(&self) -> usize {
        self.capabilities.len().saturating_add(self.moves.len())
    }
}

struct Search<'a> {
    table: &'a Table<'a>,
    model: &'a Model,
}

impl Search<'_> {
    /// Reports what holders of these roles, with users who are not on the list, get for one of them
    /// beyond what they and others have.
    ///
    /// Returns the powers of all roles that they reach.
    fn coalition(
        &self,
        roles: &[usize],
        known: &Powers,
        budget: &mut Budget,
        findings: &mut Vec<LintFinding>,
    ) -> Powers {
        let mut had = known.clone();
        for place in roles {
            had.add(&Powers::of(self.table, self.model, *place));
        }
        had.close();
        let mut all = had.clone();
        let gains = |place: usize| Powers::of(self.table, self.model, place).beyond(&had).len() > 0;
        if !self.may_reach(roles, budget).into_iter().any(gains) {
            return all;
        }
        let starts = self.starts(roles);
        let explored = self.model.explore(&starts, SMALL_ROOM, SMALL_ROOM, budget, |_| 0);
        let first: Vec<usize> = starts.iter().filter_map(|start| explored.place_of(*start)).collect();
        let ways = explored.ways(&first, SMALL_ROOM);
        let mut seen = BTreeSet::new();
        let mut best: Option<(usize, Gain, usize, usize)> = None;
        for &place in &ways.order {
            let state = explored.states.get(place).copied().unwrap_or_default();
            for seat in state.seats().filter(|seat| seat.active) {
                if !seen.insert(seat.place) {
                    continue;
                }
                let powers = Powers::of(self.table, self.model, seat.place);
                let gain = powers.beyond(&had);
                all.add(&powers);
                let count = gain.len();
                if count > 0 && best.as_ref().is_none_or(|(most, ..)| count > *most) {
                    best = Some((count, gain, seat.place, place));
                }
            }
        }
        if let Some((_, gain, reached, place)) = best {
            let way: Vec<State> =
                ways.to(place).into_iter().filter_map(|place| explored.states.get(place).copied()).collect();
            findings.push(self.finding(roles, reached, &gain, &way));
        }
        all.close();
        all
    }

    /// The roles that they reach if no limit is in the way: all that they do reach are among them.
    fn may_reach(&self, roles: &[usize], budget: &mut Budget) -> BTreeSet<usize> {
        let mut reached: BTreeSet<usize> =
            roles.iter().copied().chain([0]).chain(self.model.joins()).collect();
        loop {
            let mut more = BTreeSet::new();
            for &by in &reached {
                more.extend(self.model.own_changes(by));
                let moves: Vec<(usize, usize)> = self.model.moves_of(by).collect();
                if !budget.spend(moves.len().saturating_add(1)) {
                    return reached;
                }
                more.extend(moves.into_iter().filter(|(from, _)| reached.contains(from)).map(|(_, to)| to));
            }
            let before = reached.len();
            reached.extend(more);
            if reached.len() == before {
                return reached;
            }
        }
    }

    /// One holder of each role, or two of a single one.
    fn starts(&self, roles: &[usize]) -> Vec<State> {
        let seat = |place: &usize| Seat { place: *place, active: true };
        let mut starts = Vec::new();
        if roles.len() <= 1 || self.model.has_room(roles.len()) {
            starts.push(State::new(roles.iter().map(seat)));
        }
        if let [place] = roles
            && self.model.has_room_for(*place, 2)
        {
            starts.push(State::new([place, place].map(seat)));
        }
        starts
    }

    fn finding(&self, roles: &[usize], reached: usize, gain: &Gain, way: &[State]) -> LintFinding {
        let index = |place: usize| self.model.role(place).map_or(NO_ROLE, |role| role.index);
        let labels: Vec<String> = roles.iter().map(|place| self.table.label(index(*place))).collect();
        let subject = match labels.as_slice() {
            [] => "Users who are not on the list".into(),
            labels => format!("Holders of {}", labels.join(" and ")),
        };
        let mut gained = Vec::new();
        if !gain.capabilities.is_empty() {
            gained.push(some(gain.capabilities.iter().copied()));
        }
        if let Some((from, to)) = gain.moves.first() {
            let more = match gain.moves.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let place = |place| match index(place) {
                NO_ROLE => String::from("off the list"),
                index => format!("role {index}"),
            };
            gained.push(format!("the right to move users from {} to {}{more}", place(*from), place(*to)));
        }
        let what = format!(
            "{subject} can get {} for one of them or for another account of theirs, and with it {}.",
            self.table.label(index(reached)),
            gained.join(", and ")
        );
        let mut named: Vec<u32> = roles.iter().map(|place| index(*place)).collect();
        if named.is_empty() {
            named.push(NO_ROLE);
        }
        named.push(index(reached));
        let mut finding = self.table.finding(LintCode::Escalation, named, what);
        finding.start = self.model.start(way.first().copied().unwrap_or_default());
        finding.steps = self.model.steps(way);
        finding
    }
}

/// A role without the right to send leaves, and joins as one with it.
pub(super) fn find_evasions(table: &Table<'_>, budget: &mut Budget, findings: &mut Vec<LintFinding>) {
    let model = Model::new(table, Who::Plain);
    let speaks =
        |place: usize| model.role(place).is_some_and(|role| table.has(role.index, C::CAN_SEND_MESSAGE));
    let Some(_) = model.joins().find(|place| speaks(*place)) else { return };
    for silent in model.ordinary().filter(|place| !speaks(*place)) {
        // Another one commits what the user proposes.
        let others = core::iter::once(silent).chain(model.ordinary().filter(|other| *other != silent));
        for other in others {
            if budget.cut {
                return;
            }
            let enough = if other == silent { 2 } else { 1 };
            if !model.has_room(2) || !model.has_room_for(silent, enough) || !model.has_room_for(other, enough)
            {
                continue;
            }
            let seat = |place| Seat { place, active: true };
            let (start, gone) = (State::new([seat(silent), seat(other)]), State::new([seat(other)]));
            let leaves = model.leads(start, gone, MoveRight::Leave, budget);
            let back = model
                .joins()
                .filter(|place| speaks(*place))
                .map(|place| State::new([seat(other), seat(place)]));
            let Some(back) =
                back.into_iter().find(|back| model.leads(gone, *back, MoveRight::OpenJoin, budget))
            else {
                continue;
            };
            if !leaves {
                continue;
            }
            let way = [start, gone, back];
            let steps = model.steps(&way);
            let joined = steps.last().map_or(NO_ROLE, |step| step.to);
            let index = model.role(silent).map_or(NO_ROLE, |role| role.index);
            let what = format!(
                "A holder of {} may not send, and by leaving and joining again as {} it may.",
                table.label(index),
                table.label(joined)
            );
            let mut finding = table.finding(LintCode::SilenceEvaded, vec![index, joined], what);
            finding.start = model.start(start);
            finding.steps = steps;
            findings.push(finding);
            break;
        }
    }
}

/// A role that writes the roles writes its own; so does one that writes the list of preauthorized
/// users, and takes a role from it.
pub(super) fn find_rewriting(table: &Table<'_>, findings: &mut Vec<LintFinding>) {
    for role in table.ordinary() {
        let writes = if table.has(role, C::CAN_CHANGE_ROLE_DEFINITIONS) {
            C::CAN_CHANGE_ROLE_DEFINITIONS
        } else if table.has(role, C::CAN_CHANGE_PREAUTHORIZED_USER_LIST)
            && table.has(role, C::CAN_CHANGE_OWN_ROLE)
        {
            C::CAN_CHANGE_PREAUTHORIZED_USER_LIST
        } else {
            continue;
        };
        let all: BTreeSet<C> =
            table.ordinary().flat_map(|other| table.held(other)).filter(|c| is_power(*c)).collect();
        let mut lacking = all.into_iter().filter(|capability| !table.has(role, *capability)).peekable();
        if lacking.peek().is_some() {
            let what = format!(
                "{} lacks {}, and may give it to itself by {writes}.",
                table.title(role),
                some(lacking)
            );
            findings.push(table.finding(LintCode::CanRewritePolicy, vec![role], what));
        }
    }
}
