//! The participant list against the roles.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::table::Table;
use super::{LintCode, LintFinding};
use crate::{
    Defect, IdentityOf, UserUri,
    role_table::NO_ROLE,
    room::{base_identity, preauth_identity},
};

pub(super) fn find(table: &Table<'_>, findings: &mut Vec<LintFinding>) {
    find_spellings(table, findings);
    let Some(list) = &table.policy.participants else { return };
    let mut users: BTreeSet<&[u8]> = BTreeSet::new();
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    let mut twice = None;
    for pair in &list.participants {
        if !users.insert(&pair.user) {
            twice = Some(&pair.user);
        }
        let count = counts.entry(pair.role_index).or_default();
        *count = count.saturating_add(1);
    }
    if let Some(user) = twice {
        let what = format!("{} is on the list more than once.", String::from_utf8_lossy(user));
        findings.push(table.finding(LintCode::DuplicateParticipant, vec![], what));
    }
    let lost: Vec<u32> = counts
        .keys()
        .copied()
        .filter(|role| *role == NO_ROLE || !table.roles.contains_key(role))
        .take(8)
        .collect();
    if let Some(first) = lost.first() {
        let what = format!("A participant has role {first}, which no listed user can have.");
        findings.push(table.finding(LintCode::ParticipantWithoutRole, lost, what));
    }
    for (&index, role) in table.roles.iter().filter(|(index, _)| **index != NO_ROLE) {
        let count = counts.get(&index).copied().unwrap_or_default();
        let (min, max) = (role.minimum_participants_constraint, role.maximum_participants_constraint);
        if count < min || max.is_some_and(|max| count > max) {
            let most = max.map_or_else(String::new, |max| format!(" and at most {max}"));
            let what = format!(
                "{} has {count} participants, not at least {min}{most}; nothing that it loses or gains mends that.",
                table.title(index)
            );
            findings.push(table.finding(LintCode::StartsBroken, vec![index], what));
        }
    }
    let banned = if table.has_banned { counts.get(&1).copied().unwrap_or_default() } else { 0 };
    let users = counts.values().fold(0_u32, |sum, count| sum.saturating_add(*count)).saturating_sub(banned);
    if let Some(max) = table.policy.base.max_users.filter(|max| users > *max) {
        let what = format!("The list has {users} users that are not banned; the room may have {max}.");
        findings.push(table.finding(LintCode::TooManyUsers, vec![], what));
    }
}

/// The first identity of each kind that is not in the spelling that counts: for the same ones the
/// room is not valid.
fn find_spellings(table: &Table<'_>, findings: &mut Vec<LintFinding>) {
    let policy = table.policy;
    let listed = policy.participants.iter().flat_map(|list| &list.participants).enumerate();
    let mut listed = listed.filter_map(|(place, pair)| {
        let error = UserUri::check(&pair.user).err()?;
        Some(Defect::Identity { of: IdentityOf::Participant(place), error })
    });
    let found = [listed.next(), base_identity(&policy.base), preauth_identity(&policy.preauth)];
    for defect in found.into_iter().flatten() {
        let what = format!("The room is not valid: {defect}.");
        findings.push(table.finding(LintCode::OtherSpelling, vec![], what));
    }
}
