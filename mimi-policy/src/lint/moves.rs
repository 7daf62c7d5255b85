//! Moves that can't be made, and those that can't be undone.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::room_policy::CapabilityType as C;

use super::table::{Table, some};
use super::{LintCode, LintFinding};
use crate::graph::MoveRight;
use crate::role_table::NO_ROLE;

/// Every right that moves a user.
const MEANS: [MoveRight; 9] = [
    MoveRight::Add,
    MoveRight::OpenJoin,
    MoveRight::JoinCode,
    MoveRight::ChangeUserRole,
    MoveRight::ChangeOwnRole,
    MoveRight::Ban,
    MoveRight::Unban,
    MoveRight::Remove,
    MoveRight::Leave,
];

pub(super) fn find(table: &Table<'_>, findings: &mut Vec<LintFinding>) {
    find_unreachable(table, findings);
    let used: BTreeSet<(u32, MoveRight)> =
        table.graph.moves().iter().map(|step| (step.by, step.means)).collect();
    let mut idle_in: BTreeMap<Vec<C>, Vec<u32>> = BTreeMap::new();
    for &role in table.roles.keys() {
        let mut idle: Vec<C> = MEANS
            .into_iter()
            .filter(|means| {
                // That stands for itself.
                let invalid = *means == MoveRight::OpenJoin && role != NO_ROLE
                    || *means == MoveRight::Add && table.policy.base.fixed_membership
                    || matches!(means, MoveRight::Ban | MoveRight::Unban) && !table.has_banned;
                !invalid && table.has(role, means.capability()) && !used.contains(&(role, *means))
            })
            .map(MoveRight::capability)
            .collect();
        let joins =
            table.graph.moves().iter().any(|step| step.means == MoveRight::Preauthorized && step.to == role);
        if role != NO_ROLE && table.has(role, C::CAN_JOIN_IF_PREAUTHORIZED) && !joins {
            idle.push(C::CAN_JOIN_IF_PREAUTHORIZED);
        }
        if !idle.is_empty() {
            idle_in.entry(idle).or_default().push(role);
        }
        find_what_cannot_be_undone(table, role, findings);
    }
    for (idle, roles) in idle_in {
        let titles: Vec<_> = roles.iter().take(4).map(|role| table.label(*role)).collect();
        let more = if roles.len() > titles.len() { " and others" } else { "" };
        let what = format!(
            "{} is held by {}{more}, and there is no role change or preauthorization to use it with.",
            some(idle.into_iter()),
            titles.join(", ")
        );
        findings.push(table.finding(LintCode::IdleCapability, roles, what));
    }
}

fn find_unreachable(table: &Table<'_>, findings: &mut Vec<LintFinding>) {
    let mut reached: BTreeSet<u32> = table.graph.moves().iter().map(|step| step.to).collect();
    reached.extend(table.policy.preauth.preauthorized_entries.iter().map(|entry| entry.target_role));
    if let Some(list) = &table.policy.participants {
        reached.extend(list.participants.iter().map(|pair| pair.role_index));
    } else if table.policy.base.fixed_membership {
        // The creator of the room says who has which role, for good.
        return;
    }
    for role in table.ordinary().filter(|role| !reached.contains(role)) {
        let what = format!(
            "No user can get {}: no role may move anybody to it, and no user is preauthorized for it.",
            table.label(role)
        );
        findings.push(table.finding(LintCode::UnreachableRole, vec![role], what));
    }
}

fn find_what_cannot_be_undone(table: &Table<'_>, role: u32, findings: &mut Vec<LintFinding>) {
    let mine = || table.graph.moves().iter().filter(|step| step.by == role && !step.means.is_by_oneself());
    let possible: BTreeSet<(u32, u32)> = mine().map(|step| (step.from, step.to)).collect();
    let Some(step) = mine().find(|step| !possible.contains(&(step.to, step.from))) else { return };
    let place = |role| match role {
        NO_ROLE => "off the list".into(),
        role => format!("role {role}"),
    };
    let what = format!(
        "{} can move a user from {} to {}, and not back.",
        table.title(role),
        place(step.from),
        place(step.to)
    );
    findings.push(table.finding(LintCode::CannotUndo, vec![role], what));
}
