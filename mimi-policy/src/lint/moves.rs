//! Moves that can't be made, and those that can't be undone.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::room_policy::CapabilityType as C;

use super::table::{Table, some};
use super::{Code, Finding};
use crate::graph::Means;
use crate::role_table::NO_ROLE;

/// Every right that moves somebody.
const MEANS: [Means; 9] = [
    Means::Add,
    Means::OpenJoin,
    Means::JoinCode,
    Means::ChangeUserRole,
    Means::ChangeOwnRole,
    Means::Ban,
    Means::Unban,
    Means::Remove,
    Means::Leave,
];

pub(super) fn find(table: &Table<'_>, findings: &mut Vec<Finding>) {
    find_unreachable(table, findings);
    let used: BTreeSet<(u32, Means)> = table.graph.moves().iter().map(|step| (step.by, step.means)).collect();
    for &role in table.roles.keys() {
        let mut idle: Vec<C> = MEANS
            .into_iter()
            .filter(|means| {
                // That stands for itself.
                let invalid = *means == Means::OpenJoin && role != NO_ROLE
                    || *means == Means::Add && table.policy.base.fixed_membership
                    || matches!(means, Means::Ban | Means::Unban) && !table.has_banned;
                !invalid && table.has(role, means.capability()) && !used.contains(&(role, *means))
            })
            .map(Means::capability)
            .collect();
        let joins =
            table.graph.moves().iter().any(|step| step.means == Means::Preauthorized && step.to == role);
        if role != NO_ROLE && table.has(role, C::CAN_JOIN_IF_PREAUTHORIZED) && !joins {
            idle.push(C::CAN_JOIN_IF_PREAUTHORIZED);
        }
        if !idle.is_empty() {
            let what = format!(
                "The {} has {}, and no role change or preauthorization to use it with.",
                table.label(role),
                some(idle.into_iter())
            );
            findings.push(table.finding(Code::IdleCapability, vec![role], what));
        }
        find_what_cannot_be_undone(table, role, findings);
    }
}

fn find_unreachable(table: &Table<'_>, findings: &mut Vec<Finding>) {
    let mut reached: BTreeSet<u32> = table.graph.moves().iter().map(|step| step.to).collect();
    reached.extend(table.policy.preauth.preauthorized_entries.iter().map(|entry| entry.target_role));
    if let Some(list) = &table.policy.participants {
        reached.extend(list.participants.iter().map(|pair| pair.role_index));
    } else if table.policy.base.fixed_membership {
        // Whoever makes the room says who has which role, for good.
        return;
    }
    for role in table.ordinary().filter(|role| !reached.contains(role)) {
        let what = format!(
            "Nobody can get {}: no role may move anybody to it, and nobody is preauthorized for it.",
            table.label(role)
        );
        findings.push(table.finding(Code::UnreachableRole, vec![role], what));
    }
}

fn find_what_cannot_be_undone(table: &Table<'_>, role: u32, findings: &mut Vec<Finding>) {
    let mine = || table.graph.moves().iter().filter(|step| step.by == role && !step.means.is_by_oneself());
    let possible: BTreeSet<(u32, u32)> = mine().map(|step| (step.from, step.to)).collect();
    let Some(step) = mine().find(|step| !possible.contains(&(step.to, step.from))) else { return };
    let place = |role| match role {
        NO_ROLE => "off the list".into(),
        role => format!("role {role}"),
    };
    let what = format!(
        "The {} can move somebody from {} to {}, and not back.",
        table.label(role),
        place(step.from),
        place(step.to)
    );
    findings.push(table.finding(Code::CannotUndo, vec![role], what));
}
