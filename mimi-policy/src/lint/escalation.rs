//! Ways to more than one was given.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::room_policy::CapabilityType as C;

use super::table::{Table, some};
use super::{Code, Finding, Step};
use crate::graph::{Means, Move};
use crate::role_table::NO_ROLE;

/// A right over others, or over the room.
pub(super) fn is_power(capability: C) -> bool {
    matches!(
        capability,
        C::CAN_ADD_PARTICIPANT
            | C::CAN_REMOVE_PARTICIPANT
            | C::CAN_BAN
            | C::CAN_UNBAN
            | C::CAN_KICK
            | C::CAN_CHANGE_USER_ROLE
            | C::CAN_DELETE_OTHER_REACTION
            | C::CAN_DELETE_OTHER_MESSAGE
            | C::CAN_EDIT_OTHER_TOPIC
            | C::CAN_DESTROY_ROOM
            | C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE
            | C::CAN_CHANGE_ROLE_DEFINITIONS
            | C::CAN_CHANGE_PREAUTHORIZED_USER_LIST
            | C::CAN_SEND_MLS_REINIT_PROPOSAL
    )
}

pub(super) fn find(table: &Table<'_>, findings: &mut Vec<Finding>) {
    let by: Index<'_> = Index::new(table);
    let outside = attained(NO_ROLE, &by);
    find_stronger(table, NO_ROLE, &outside, &BTreeMap::new(), findings);
    for role in table.ordinary() {
        let reached = attained(role, &by);
        find_stronger(table, role, &reached, &outside, findings);
        find_evasion(table, role, findings);
        find_rewriting(table, role, findings);
    }
}

/// The moves of those who need no claims and no codes for them, by who makes them and by where they begin.
struct Index<'a> {
    by: BTreeMap<u32, Vec<&'a Move>>,
    from: BTreeMap<u32, Vec<&'a Move>>,
}

impl<'a> Index<'a> {
    fn new(table: &'a Table<'_>) -> Self {
        let mut index = Self { by: BTreeMap::new(), from: BTreeMap::new() };
        let mut seen = BTreeSet::new();
        for step in table.graph.moves() {
            let needs_more =
                matches!(step.means, Means::JoinCode | Means::Preauthorized | Means::ChangeOwnRole);
            if !needs_more && seen.insert((step.by, step.from, step.to)) {
                index.by.entry(step.by).or_default().push(step);
                index.from.entry(step.from).or_default().push(step);
            }
        }
        index
    }
}

/// The roles that somebody with one account in a role and others outside gets for its accounts, each with the move that gave it.
fn attained<'a>(start: u32, index: &Index<'a>) -> BTreeMap<u32, Option<&'a Move>> {
    let mut reached: BTreeMap<u32, Option<&Move>> = [(NO_ROLE, None), (start, None)].into();
    let mut next = alloc::collections::VecDeque::from([start, NO_ROLE]);
    while let Some(role) = next.pop_front() {
        let made = index.by.get(&role).into_iter().flatten();
        let begun = index.from.get(&role).into_iter().flatten();
        for step in made.chain(begun) {
            if reached.contains_key(&step.by)
                && reached.contains_key(&step.from)
                && !reached.contains_key(&step.to)
            {
                reached.insert(step.to, Some(step));
                next.push_back(step.to);
            }
        }
    }
    reached
}

fn find_stronger(
    table: &Table<'_>,
    role: u32,
    reached: &BTreeMap<u32, Option<&Move>>,
    anybody: &BTreeMap<u32, Option<&Move>>,
    findings: &mut Vec<Finding>,
) {
    let gained = |other: u32| table.held(other).filter(|c| is_power(*c) && !table.has(role, *c));
    let strongest = reached
        .keys()
        .copied()
        .filter(|other| *other != NO_ROLE && !anybody.contains_key(other) && gained(*other).next().is_some())
        .max_by_key(|other| gained(*other).count());
    let Some(strongest) = strongest else { return };
    let who = match role {
        NO_ROLE => "Anybody".into(),
        role => format!("A holder of {}", table.label(role)),
    };
    let what = format!(
        "{who} can get {} for another account of its own, and with it {}.",
        table.label(strongest),
        some(gained(strongest))
    );
    let mut finding = table.finding(Code::Escalation, vec![role, strongest], what);
    finding.steps = steps(strongest, reached);
    findings.push(finding);
}

/// The moves that lead to a role, each after those that it needs.
fn steps(role: u32, reached: &BTreeMap<u32, Option<&Move>>) -> Vec<Step> {
    let mut needed = Vec::new();
    let mut next = vec![role];
    let mut seen = BTreeSet::new();
    while let Some(role) = next.pop() {
        if let Some(Some(step)) = reached.get(&role)
            && seen.insert(role)
        {
            needed.push(**step);
            next.extend([step.by, step.from]);
        }
    }
    // A move comes after the moves to the roles that it needs: the way is short, so looking for the next is cheap enough.
    let mut ordered: Vec<Step> = Vec::new();
    let mut have: BTreeSet<u32> =
        reached.iter().filter(|(_, step)| step.is_none()).map(|(role, _)| *role).collect();
    while let Some(place) =
        needed.iter().position(|step| have.contains(&step.by) && have.contains(&step.from))
    {
        let step = needed.remove(place);
        have.insert(step.to);
        ordered.push(Step { by: step.by, means: step.means, from: step.from, to: step.to, last: false });
    }
    ordered
}

/// A role without the right to send leaves, and joins as one with it.
fn find_evasion(table: &Table<'_>, role: u32, findings: &mut Vec<Finding>) {
    if table.has(role, C::CAN_SEND_MESSAGE) {
        return;
    }
    let moves = table.graph.moves();
    let leaves = moves.iter().find(|step| step.by == role && step.means == Means::Leave);
    let joins =
        moves.iter().find(|step| step.means == Means::OpenJoin && table.has(step.to, C::CAN_SEND_MESSAGE));
    let (Some(leaves), Some(joins)) = (leaves, joins) else { return };
    let what = format!(
        "A holder of {} may not send, and by leaving and joining again as {} it may.",
        table.label(role),
        table.label(joins.to)
    );
    let mut finding = table.finding(Code::SilenceEvaded, vec![role, joins.to], what);
    finding.steps = [leaves, joins]
        .map(|step| Step { by: step.by, means: step.means, from: step.from, to: step.to, last: false })
        .to_vec();
    findings.push(finding);
}

/// Whoever writes the roles writes its own; whoever writes the list of preauthorized users, and takes a role from it, as well.
fn find_rewriting(table: &Table<'_>, role: u32, findings: &mut Vec<Finding>) {
    let writes = if table.has(role, C::CAN_CHANGE_ROLE_DEFINITIONS) {
        C::CAN_CHANGE_ROLE_DEFINITIONS
    } else if table.has(role, C::CAN_CHANGE_PREAUTHORIZED_USER_LIST)
        && table.has(role, C::CAN_CHANGE_OWN_ROLE)
    {
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST
    } else {
        return;
    };
    let all: BTreeSet<C> =
        table.ordinary().flat_map(|other| table.held(other)).filter(|c| is_power(*c)).collect();
    let mut lacking = all.into_iter().filter(|capability| !table.has(role, *capability)).peekable();
    if lacking.peek().is_some() {
        let what = format!(
            "The {} lacks {}, and may give it to itself by {writes}.",
            table.label(role),
            some(lacking)
        );
        findings.push(table.finding(Code::CanRewritePolicy, vec![role], what));
    }
}
