//! States in which nobody can ever add, remove or promote again.
//!
//! Only who has which role is looked at, not how many: a role empties if its minimum is 0 and its holders leave, or are moved out by
//! somebody who can leave in turn. What is found can happen; that nothing is found doesn't say that nothing can.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use super::table::Table;
use super::{Code, Finding, Step};
use crate::graph::{Means, Move};
use crate::role_table::NO_ROLE;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ability {
    Add,
    Remove,
    Promote,
}

impl Ability {
    fn of(step: &Move) -> Option<Self> {
        match step.means {
            Means::Add => Some(Self::Add),
            Means::Remove => Some(Self::Remove),
            Means::Ban if step.from != NO_ROLE => Some(Self::Remove),
            Means::ChangeUserRole | Means::Unban => Some(Self::Promote),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Promote => "change the role of",
        }
    }
}

type Roles = BTreeSet<u32>;

pub(super) fn find(table: &Table<'_>, findings: &mut Vec<Finding>) {
    let worst = starts(table)
        .into_iter()
        .filter_map(|start| Some((end_of(table, &start)?, start)))
        .max_by_key(|(end, _)| (end.all_lost, end.lost.len(), core::cmp::Reverse(end.steps.len())));
    let Some((end, start)) = worst else { return };
    let gone: Vec<u32> = start.iter().copied().filter(|role| !end.left.contains(role)).collect();
    let words: Vec<&str> = end.lost.iter().map(|ability| ability.word()).collect();
    let labels: Vec<_> = gone.iter().map(|role| table.label(*role)).collect();
    let what = format!(
        "When nobody has {} any more, nobody can ever {} anybody again.",
        labels.join(" or "),
        words.join(" or ")
    );
    let code = if end.all_lost { Code::LockOut } else { Code::PartialLockOut };
    let mut finding = table.finding(code, gone, what);
    finding.steps = end.steps;
    findings.push(finding);
}

/// Which roles somebody has at the beginning: those on the list, or the founder's, who has whichever leads furthest.
fn starts(table: &Table<'_>) -> Vec<Roles> {
    if let Some(list) = table.policy.participants.as_ref().filter(|list| !list.participants.is_empty()) {
        let present = list.participants.iter().map(|pair| pair.role_index);
        return [present.filter(|role| table.roles.contains_key(role) && *role != NO_ROLE).collect()].into();
    }
    let founders: Vec<(usize, u32)> = table
        .ordinary()
        .filter(|role| may_be_active(table, *role))
        .map(|role| (reach(table, &[role].into()).0.len(), role))
        .filter(|(_, role)| {
            table.graph.moves().iter().any(|step| step.by == *role && Ability::of(step).is_some())
        })
        .collect();
    let furthest = founders.iter().map(|(count, _)| *count).max();
    founders
        .into_iter()
        .filter(|(count, _)| Some(*count) == furthest)
        .map(|(_, role)| [role].into())
        .collect()
}

fn may_be_active(table: &Table<'_>, role: u32) -> bool {
    table.roles.get(&role).is_some_and(|role| role.maximum_active_participants_constraint != Some(0))
}

/// The roles that somebody can have, from some who are there, and the moves that gave them; with all that outsiders and servers do.
fn reach<'a>(table: &'a Table<'_>, present: &Roles) -> (Roles, Vec<&'a Move>) {
    let servers: Roles =
        table.policy.preauth.preauthorized_entries.iter().map(|entry| entry.target_role).collect();
    let mut reached = present.clone();
    reached.insert(NO_ROLE);
    let mut ways = Vec::new();
    // Each turn reaches another role, so there are at most as many turns as roles.
    loop {
        let before = reached.len();
        for step in table.graph.moves() {
            let acts =
                reached.contains(&step.by) || (servers.contains(&step.by) && !step.means.is_by_oneself());
            if acts && reached.contains(&step.from) && reached.insert(step.to) {
                ways.push(step);
            }
        }
        if reached.len() == before {
            return (reached, ways);
        }
    }
}

/// What somebody can still do some day.
fn abilities(table: &Table<'_>, present: &Roles) -> BTreeSet<Ability> {
    let (reached, _) = reach(table, present);
    let servers: Roles =
        table.policy.preauth.preauthorized_entries.iter().map(|entry| entry.target_role).collect();
    table
        .graph
        .moves()
        .iter()
        .filter(|step| reached.contains(&step.by) || servers.contains(&step.by))
        .filter(|step| reached.contains(&step.from))
        .filter_map(Ability::of)
        .collect()
}

struct End {
    left: Roles,
    lost: Vec<Ability>,
    all_lost: bool,
    steps: Vec<Step>,
}

/// The worst state to which a beginning leads: somebody stays in a role, and everybody else who can be gone is.
fn end_of(table: &Table<'_>, start: &Roles) -> Option<End> {
    let at_first = abilities(table, start);
    let (reached, ways) = reach(table, start);
    let mut worst: Option<End> = None;
    for staying in table.ordinary().filter(|role| reached.contains(role) && may_be_active(table, *role)) {
        // Who stays commits what the others propose.
        let emptied = empty_all_but(table, start, staying);
        let mut left: Roles =
            start.iter().copied().filter(|role| !emptied.iter().any(|step| step.from == *role)).collect();
        left.insert(staying);
        let still = abilities(table, &left);
        let lost: Vec<Ability> = at_first.difference(&still).copied().collect();
        if lost.is_empty() {
            continue;
        }
        let mut steps = way_to(staying, start, &ways);
        steps.extend(emptied);
        let end = End { left, all_lost: still.is_empty(), lost, steps };
        let rank = |end: &End| (end.all_lost, end.lost.len(), core::cmp::Reverse(end.steps.len()));
        if worst.as_ref().is_none_or(|worst| rank(&end) > rank(worst)) {
            worst = Some(end);
        }
    }
    worst
}

/// How the roles that can be empty become so, the last to act last.
fn empty_all_but(table: &Table<'_>, start: &Roles, staying: u32) -> Vec<Step> {
    // From the last one backwards: who leaves by itself, then whom those can move out before.
    let mut steps: Vec<Step> = Vec::new();
    let mut gone: Roles = Roles::new();
    loop {
        let next = table.graph.moves().iter().find(|step| {
            let Some(role) = table.roles.get(&step.from) else { return false };
            let minima = (role.minimum_participants_constraint, role.minimum_active_participants_constraint);
            let leaves = step.means == Means::Leave;
            let moved_out = matches!(step.means, Means::Remove | Means::ChangeUserRole | Means::Ban)
                && step.by != step.from
                && (gone.contains(&step.by) || step.by == staying)
                && (step.to == NO_ROLE || step.to == staying || table.is_banned(step.to));
            start.contains(&step.from)
                && step.from != staying
                && !gone.contains(&step.from)
                && minima == (0, 0)
                && (leaves || moved_out)
        });
        let Some(step) = next else { break };
        gone.insert(step.from);
        steps.push(Step { by: step.by, means: step.means, from: step.from, to: step.to, last: true });
    }
    steps.reverse();
    steps
}

/// The moves by which somebody comes to a role.
fn way_to(role: u32, start: &Roles, ways: &[&Move]) -> Vec<Step> {
    let mut needed: Roles = [role].into();
    let mut steps = Vec::new();
    for step in ways.iter().rev() {
        if needed.contains(&step.to) && !start.contains(&step.to) {
            needed.extend([step.by, step.from]);
            steps.push(Step { by: step.by, means: step.means, from: step.from, to: step.to, last: false });
        }
    }
    steps.reverse();
    steps
}
