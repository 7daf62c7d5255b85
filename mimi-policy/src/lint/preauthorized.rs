//! The preauthorized users, and the external senders among them.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::room_policy::{CapabilityType as C, Claim};

use super::escalation::is_power;
use super::table::{MAX_ENTRIES, Table, some};
use super::{LintCode, LintFinding};
use crate::graph::MoveRight;
use crate::role_table::NO_ROLE;

pub(super) fn find(table: &Table<'_>, findings: &mut Vec<LintFinding>) {
    let entries: Vec<_> = table.policy.preauth.preauthorized_entries.iter().take(MAX_ENTRIES).collect();
    let claims: Vec<BTreeSet<ClaimKey<'_>>> =
        entries.iter().map(|entry| entry.claimset.iter().map(key).collect()).collect();
    let mut powerful = BTreeSet::new();
    for (position, (entry, set)) in entries.iter().zip(&claims).enumerate() {
        let role = entry.target_role;
        if role == NO_ROLE || !table.roles.contains_key(&role) {
            let what =
                format!("Preauthorization {position} leads to role {role}; who matches it gets nothing.");
            findings.push(table.finding(LintCode::PreauthorizedForMissingRole, vec![role], what));
        }
        let earlier = claims.iter().take(position).position(|other| other.is_subset(set));
        if let Some(earlier) = earlier {
            let what = format!(
                "Preauthorization {position} never counts: its matches match number {earlier} first."
            );
            findings.push(table.finding(LintCode::ShadowedPreauthorization, vec![role], what));
            continue;
        }
        let mut powers = table.held(role).filter(|capability| is_power(*capability)).peekable();
        if set.is_empty() && role != NO_ROLE && powers.peek().is_some() {
            let what =
                format!("All users are preauthorized for {}, with {}.", table.label(role), some(powers));
            findings.push(table.finding(LintCode::AllPreauthorized, vec![role], what));
        }
        powerful.insert(role);
    }
    for role in powerful {
        find_strong_sender(table, role, findings);
    }
}

/// A claim in an order: the wire's type has none.
type ClaimKey<'a> = (u16, &'a [u8], &'a [u8]);

fn key(claim: &Claim) -> ClaimKey<'_> {
    (claim.claim_id.credential_type.0, &claim.claim_id.id, &claim.claim_value)
}

/// A role that users can't join by preauthorization is there for servers. The draft would have them
/// remove and ban, "but not add".
fn find_strong_sender(table: &Table<'_>, role: u32, findings: &mut Vec<LintFinding>) {
    if role == NO_ROLE || table.has(role, C::CAN_JOIN_IF_PREAUTHORIZED) {
        return;
    }
    let adds = table
        .graph
        .moves()
        .iter()
        .any(|step| step.by == role && step.means == MoveRight::Add && !table.is_banned(step.to));
    let promotes = table.graph.moves().iter().any(|step| {
        step.by == role
            && matches!(step.means, MoveRight::ChangeUserRole | MoveRight::Unban)
            && table.held(step.to).any(is_power)
    });
    let what = match (adds, promotes) {
        (true, true) => "add users and give rights over others",
        (true, false) => "add users",
        (false, true) => "give rights over others",
        (false, false) => return,
    };
    let what = format!(
        "External senders may take {} and {what}; the draft would have them remove and ban.",
        table.label(role)
    );
    findings.push(table.finding(LintCode::StrongExternalSender, vec![role], what));
}
