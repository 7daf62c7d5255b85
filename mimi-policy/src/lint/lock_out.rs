//! States after which users can never again be added, removed or given another role.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use super::model::{Budget, Explored, MOST_PARTICIPANTS, Model, Seat, State, Unit, Who};
use super::table::Table;
use super::{LintCode, LintFinding, StepMeans};
use crate::graph::MoveRight;
use crate::role_table::NO_ROLE;

/// How many participants the rooms have that are examined; more only if the list has more.
pub(super) const SMALL_ROOM: usize = 3;

/// What may be lost: a bit for each.
const ADD: u8 = 1;
const REMOVE: u8 = 2;
const PROMOTE: u8 = 4;
const ALL: u8 = ADD | REMOVE | PROMOTE;

const WORDS: [(u8, &str); 3] = [(ADD, "added"), (REMOVE, "removed"), (PROMOTE, "given another role")];

fn ability(unit: &Unit) -> u8 {
    match unit.means {
        StepMeans::Move(MoveRight::Add) => ADD,
        StepMeans::Move(MoveRight::Remove) => REMOVE,
        StepMeans::Move(MoveRight::Ban) if unit.is_of_participant() => REMOVE,
        StepMeans::Move(MoveRight::ChangeUserRole | MoveRight::Unban) => PROMOTE,
        _ => 0,
    }
}

pub(super) fn find(table: &Table<'_>, budget: &mut Budget, findings: &mut Vec<LintFinding>) {
    let model = Model::new(table, Who::All);
    let listed = of_list(table, &model);
    let starts = match listed {
        Some(start) => [start].into(),
        None => founders(&model),
    };
    let small = starts.iter().map(|start| start.len()).max().unwrap_or_default().max(SMALL_ROOM);
    // What is lost must stay lost even if one more joins.
    let most = small.saturating_add(1).min(MOST_PARTICIPANTS);
    let mut explored = model.explore(&starts, small, most, budget, ability);
    for (state, labels) in explored.states.iter().zip(&mut explored.labels) {
        // Who writes the roles can write them anew.
        let mut active = state.seats().filter(|seat| seat.active).filter_map(|seat| model.role(seat.place));
        if active.any(|role| role.rewrites && !role.banned) {
            *labels = ALL;
        }
    }
    // If the search was cut, what was not examined may be able to do everything, or nothing.
    let possible = Possible { at_least: explored.possible(0), at_most: explored.possible(ALL) };
    let ends = starts_to_try(&explored, &possible, &starts, small);
    let worst = ends
        .into_iter()
        .filter_map(|start| end_of(&explored, &possible, start, small))
        .max_by_key(|end| (end.all_lost, end.lost.count_ones(), core::cmp::Reverse(end.way.len())));
    if let Some(end) = worst {
        findings.push(finding(table, &model, &end));
    }
}

struct Possible {
    at_least: Vec<u8>,
    at_most: Vec<u8>,
}

fn at(masks: &[u8], place: usize) -> u8 {
    masks.get(place).copied().unwrap_or_default()
}

/// The participants of the list, each with a client; of a long list so many of each role that a
/// minimum lets one go.
fn of_list(table: &Table<'_>, model: &Model) -> Option<State> {
    let list = table.policy.participants.as_ref().filter(|list| !list.participants.is_empty())?;
    let all = list.participants.len() < MOST_PARTICIPANTS;
    let mut seats: Vec<Seat> = Vec::new();
    for pair in &list.participants {
        let place = model.roles.iter().position(|role| role.index == pair.role_index);
        let Some((place, role)) = place.and_then(|place| Some((place, model.role(place)?))) else { continue };
        let of_role = seats.iter().filter(|seat| seat.place == place).count();
        let enough = role.enough_to_lose_one();
        if pair.role_index != NO_ROLE
            && (all || of_role < enough)
            && seats.len().saturating_add(1) < MOST_PARTICIPANTS
        {
            seats.push(Seat { place, active: !role.banned });
        }
    }
    Some(State::new(seats))
}

/// A founder alone, with any role that it can have.
fn founders(model: &Model) -> Vec<State> {
    let places = model.ordinary().filter(|place| model.has_room_for(*place, 1));
    places.map(|place| State::new([Seat { place, active: true }])).collect()
}

/// Of several founders' roles, those from which most can be done, and of these those from which
/// most roles are reached.
fn starts_to_try(explored: &Explored, possible: &Possible, starts: &[State], small: usize) -> Vec<usize> {
    let ranked: Vec<((u32, usize), usize)> = starts
        .iter()
        .filter_map(|start| explored.place_of(*start))
        .map(|start| {
            let states = explored.ways(&[start], small).order;
            let seats = states.iter().filter_map(|place| explored.states.get(*place));
            let roles: BTreeSet<usize> = seats
                .flat_map(|state| state.seats())
                .filter(|seat| seat.active)
                .map(|seat| seat.place)
                .collect();
            ((at(&possible.at_least, start).count_ones(), roles.len()), start)
        })
        .collect();
    let best = ranked.iter().map(|(rank, _)| *rank).max();
    ranked.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, start)| start).collect()
}

struct End {
    lost: u8,
    all_lost: bool,
    way: Vec<State>,
}

/// The worst state that a start leads to.
fn end_of(explored: &Explored, possible: &Possible, start: usize, small: usize) -> Option<End> {
    let at_first = at(&possible.at_least, start);
    let ways = explored.ways(&[start], small);
    let mut worst: Option<((bool, u32), usize, u8)> = None;
    // The nearest come first.
    for &place in &ways.order {
        let still = at(&possible.at_most, place);
        let lost = at_first & !still;
        let rank = (still == 0, lost.count_ones());
        if lost != 0 && worst.is_none_or(|(worst, _, _)| rank > worst) {
            worst = Some((rank, place, lost));
        }
    }
    let ((all_lost, _), place, lost) = worst?;
    let way = ways.to(place).into_iter().filter_map(|place| explored.states.get(place).copied()).collect();
    Some(End { lost, all_lost, way })
}

fn finding(table: &Table<'_>, model: &Model, end: &End) -> LintFinding {
    let active = |state: &State| -> BTreeSet<usize> {
        state.seats().filter(|seat| seat.active).map(|seat| seat.place).collect()
    };
    let left = end.way.last().map(&active).unwrap_or_default();
    let before: BTreeSet<usize> = end.way.iter().flat_map(active).collect();
    let gone: Vec<u32> =
        before.difference(&left).filter_map(|place| Some(model.role(*place)?.index)).collect();
    let words: Vec<&str> =
        WORDS.iter().filter(|(bit, _)| end.lost & bit != 0).map(|(_, word)| *word).collect();
    let labels: Vec<_> = gone.iter().map(|role| table.label(*role)).collect();
    let condition = match labels.as_slice() {
        [] => "There is a state in which".into(),
        labels => format!("Once no participant with a client has {},", labels.join(" or ")),
    };
    let what = format!("{condition} users can never again be {}.", words.join(" or "));
    let code = if end.all_lost { LintCode::LockOut } else { LintCode::PartialLockOut };
    let mut finding = table.finding(code, gone, what);
    finding.start = model.start(end.way.first().copied().unwrap_or_default());
    finding.steps = model.steps(&end.way);
    finding
}
