//! Each role by itself.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::code_points::ComponentID;
use mimi_codec::room_policy::{CapabilityType as C, Role};

use super::{LintCode, LintFinding, Policy};
use crate::graph::{MAX_PAIRS, MAX_ROLES, RoleGraph, defined_roles, has_banned_role};
use crate::role_table::{BANNED_NAME, BANNED_ROLE, NO_ROLE};

/// How many entries of the preauthorized users are looked at.
pub(super) const MAX_ENTRIES: usize = 64;

/// The policy, with what every check needs to know of it.
pub(super) struct Table<'a> {
    pub(super) policy: &'a Policy,
    pub(super) roles: BTreeMap<u32, &'a Role>,
    held: BTreeMap<u32, BTreeSet<C>>,
    pub(super) graph: RoleGraph,
    pub(super) has_banned: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(policy: &'a Policy) -> Self {
        let roles = defined_roles(&policy.roles);
        let held = roles
            .iter()
            .map(|(index, role)| (*index, role.role_capabilities.iter().copied().collect()))
            .collect();
        let graph = RoleGraph::new(&policy.base, &policy.roles, &policy.preauth);
        let has_banned = has_banned_role(&roles);
        Self { policy, roles, held, graph, has_banned }
    }

    pub(super) fn has(&self, role: u32, capability: C) -> bool {
        self.held.get(&role).is_some_and(|held| held.contains(&capability))
    }

    pub(super) fn held(&self, role: u32) -> impl Iterator<Item = C> {
        self.held.get(&role).into_iter().flatten().copied()
    }

    pub(super) fn is_banned(&self, role: u32) -> bool {
        role == BANNED_ROLE && self.has_banned
    }

    /// The roles that a listed user can have and do something with.
    pub(super) fn ordinary(&self) -> impl Iterator<Item = u32> {
        self.roles.keys().copied().filter(|index| *index != NO_ROLE && !self.is_banned(*index))
    }

    /// `role 2 "user"`.
    pub(super) fn label(&self, role: u32) -> String {
        match self.roles.get(&role) {
            Some(found) if !found.role_name.is_empty() => {
                let name: String = found.role_name.chars().filter(|c| !c.is_control()).take(32).collect();
                format!("role {role} \"{name}\"")
            }
            _ => format!("role {role}"),
        }
    }

    /// `Role 2 "user"`, for the beginning of a sentence.
    pub(super) fn title(&self, role: u32) -> String {
        format!("R{}", self.label(role).strip_prefix('r').unwrap_or_default())
    }

    /// A finding about some roles.
    pub(super) fn finding(&self, code: LintCode, roles: Vec<u32>, explanation: String) -> LintFinding {
        LintFinding {
            code,
            severity: code.severity(),
            roles,
            explanation,
            start: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// How much there is to examine: roles, capabilities, role changes, preauthorizations and
    /// participants.
    pub(super) fn size(&self) -> u64 {
        let roles = self.policy.roles.roles.iter().map(|role| {
            let pairs = role.authorized_role_changes.iter().map(|change| change.target_role_indexes.len());
            pairs.fold(role.role_capabilities.len(), usize::saturating_add).saturating_add(1)
        });
        let entries = self.policy.preauth.preauthorized_entries.iter().map(|entry| entry.claimset.len());
        let listed = self.policy.participants.as_ref().map_or(0, |list| list.participants.len());
        let size = roles.chain(entries).fold(listed, usize::saturating_add);
        u64::try_from(size).unwrap_or(u64::MAX)
    }

    pub(super) fn find(&self, findings: &mut Vec<LintFinding>) {
        self.find_duplicates(findings);
        for (&index, &role) in &self.roles {
            self.find_in_limits(index, role, findings);
            self.find_in_capabilities(index, role, findings);
            self.find_in_role_changes(index, role, findings);
        }
        self.find_without_effect(findings);
        self.find_in_components(findings);
        let pairs =
            self.policy.roles.roles.iter().take(MAX_ROLES).flat_map(|role| &role.authorized_role_changes);
        let pairs = pairs.fold(0_usize, |sum, change| sum.saturating_add(change.target_role_indexes.len()));
        if self.policy.roles.roles.len() > MAX_ROLES
            || pairs > MAX_PAIRS
            || self.policy.preauth.preauthorized_entries.len() > MAX_ENTRIES
        {
            let what = format!(
                "Only the first {MAX_ROLES} roles, {MAX_PAIRS} role changes and {MAX_ENTRIES} preauthorizations were examined."
            );
            findings.push(self.finding(LintCode::NotExamined, vec![], what));
        }
    }

    fn find_duplicates(&self, findings: &mut Vec<LintFinding>) {
        let mut seen = BTreeSet::new();
        let mut twice = BTreeSet::new();
        for role in self.policy.roles.roles.iter().take(MAX_ROLES) {
            if !seen.insert(role.role_index) {
                twice.insert(role.role_index);
            }
        }
        for role in twice {
            let what = format!("Role index {role} occurs more than once.");
            findings.push(self.finding(LintCode::DuplicateRole, vec![role], what));
        }
    }

    fn find_in_limits(&self, index: u32, role: &Role, findings: &mut Vec<LintFinding>) {
        let label = self.title(index);
        let (min, max) = (role.minimum_participants_constraint, role.maximum_participants_constraint);
        let (min_active, max_active) =
            (role.minimum_active_participants_constraint, role.maximum_active_participants_constraint);
        let mut add = |code, what: String| findings.push(self.finding(code, vec![index], what));
        for (minimum, maximum, what) in
            [(min, max, "participants"), (min_active, max_active, "active participants")]
        {
            if let Some(maximum) = maximum.filter(|maximum| minimum > *maximum) {
                let what = format!("{label} has at least {minimum} and at most {maximum} {what}.");
                add(LintCode::MinimumAboveMaximum, what);
            }
        }
        if index == NO_ROLE {
            // The draft's rooms say that no user without a role is active, which goes without
            // saying.
            if (min, max, min_active) != (0, None, 0) || max_active.is_some_and(|max| max != 0) {
                add(
                    LintCode::LimitsOnRole0,
                    "Role 0 has limits; those who are not on the list are not counted.".to_string(),
                );
            }
            return;
        }
        if let Some(max) = max {
            if min_active > max {
                let what =
                    format!("{label} has at least {min_active} active among at most {max} participants.");
                add(LintCode::ActiveAboveTotal, what);
            }
            if let Some(active) = max_active.filter(|active| *active > max) {
                let what = format!("{label} has at most {active} active among at most {max} participants.");
                add(LintCode::MaximumNeverBinds, what);
            }
        }
    }

    fn find_in_capabilities(&self, index: u32, role: &Role, findings: &mut Vec<LintFinding>) {
        let label = self.title(index);
        let has = |capability| self.has(index, capability);
        let mut add = |code, what: String| findings.push(self.finding(code, vec![index], what));
        if index != NO_ROLE && has(C::CAN_OPEN_JOIN) {
            add(
                LintCode::OpenJoinOutsideRole0,
                format!("{label} has canOpenJoin, which only role 0 may have."),
            );
        }
        if self.policy.base.fixed_membership
            && index != NO_ROLE
            && !self.is_banned(index)
            && has(C::CAN_ADD_PARTICIPANT)
        {
            let what = format!("{label} has canAddParticipant in a room of fixed membership.");
            add(LintCode::AddInFixedMembership, what);
        }
        if self.is_banned(index) {
            if self.held(index).next().is_some() {
                let what = format!("Who is banned has {}.", some(self.held(index)));
                add(LintCode::BannedHasCapabilities, what);
            }
            if role.maximum_active_participants_constraint != Some(0) {
                let what =
                    "Role 1 \"banned\" allows active participants; a maximum of 0 keeps their clients out.";
                add(LintCode::BannedMayHaveClients, what.to_string());
            }
        } else if role.role_name == BANNED_NAME {
            let what = format!("Role {index} is called \"banned\"; only role 1 is for the banned.");
            add(LintCode::BannedElsewhere, what);
        }
        if !self.has_banned && (has(C::CAN_BAN) || has(C::CAN_UNBAN)) {
            let what = format!("{label} may ban or unban, and no role has index 1 and the name \"banned\".");
            add(LintCode::BanWithoutBannedRole, what);
        }
        let mut of_messages = self
            .held(index)
            .filter(|c| {
                (C::CAN_REPLY_TO_MESSAGE..=C::CAN_EDIT_OTHER_TOPIC).contains(c) || *c == C::CAN_SEND_LINK
            })
            .peekable();
        if !has(C::CAN_SEND_MESSAGE) && of_messages.peek().is_some() {
            let what = format!(
                "{label} has {} without canSendMessage; the hub refuses them all.",
                some(of_messages)
            );
            add(LintCode::NeedsSendMessage, what);
        }
        if has(C::CAN_SEND_MESSAGE) && has(C::CAN_REPLY_IN_TOPIC) && !has(C::CAN_REPLY_TO_MESSAGE) {
            let what = format!(
                "{label} has canReplyInTopic without canReplyToMessage; it cannot reply to a message that has no topic."
            );
            add(LintCode::RepliesOnlyInTopic, what);
        }
        let count = role.role_capabilities.len();
        let sources: BTreeSet<u32> =
            role.authorized_role_changes.iter().map(|change| change.from_role_index).collect();
        if self.held.get(&index).map_or(0, BTreeSet::len) < count
            || sources.len() < role.authorized_role_changes.len()
        {
            add(
                LintCode::DuplicateEntry,
                format!("{label} has a capability or a source of role changes twice."),
            );
        }
    }

    /// Capabilities that grant nothing, once for all roles that have some.
    fn find_without_effect(&self, findings: &mut Vec<LintFinding>) {
        for (code, why, matches) in [
            (LintCode::ReservedCapability, "the draft reserves", (|c| c.is_reserved()) as fn(&C) -> bool),
            (LintCode::UnknownCapability, "no registry has", |c| !c.is_registered() && !c.is_private_use()),
        ] {
            let mut found = BTreeSet::new();
            let mut roles = Vec::new();
            for (role, held) in &self.held {
                let before = found.len();
                let mut any = false;
                for capability in held.iter().copied().filter(matches) {
                    any = true;
                    if before < MAX_ENTRIES {
                        found.insert(capability);
                    }
                }
                if any {
                    roles.push(*role);
                }
            }
            if !roles.is_empty() {
                let what = format!("Some have {}, which {why}, to no effect.", some(found.into_iter()));
                findings.push(self.finding(code, roles, what));
            }
        }
    }

    fn find_in_role_changes(&self, index: u32, role: &Role, findings: &mut Vec<LintFinding>) {
        let mut missing = BTreeSet::new();
        for change in &role.authorized_role_changes {
            for other in change.target_role_indexes.iter().chain([&change.from_role_index]) {
                // The set is bounded: more need not be read.
                if *other != NO_ROLE && !self.roles.contains_key(other) && missing.len() < 8 {
                    missing.insert(*other);
                }
            }
        }
        if !missing.is_empty() && self.policy.roles.roles.len() <= MAX_ROLES {
            let names: Vec<String> = missing.iter().map(u32::to_string).collect();
            let what = format!(
                "The role changes of {} name role {}, which is not defined.",
                self.label(index),
                names.join(", ")
            );
            findings.push(self.finding(LintCode::MissingRole, vec![index], what));
        }
    }

    fn find_in_components(&self, findings: &mut Vec<LintFinding>) {
        let base = &self.policy.base;
        let mut add = |code, what: &str| findings.push(self.finding(code, vec![], what.to_string()));
        for (component, is_there, name) in [
            (ComponentID::ROLES_LIST, true, "roles_list"),
            (
                ComponentID::PREAUTH_LIST,
                !self.policy.preauth.preauthorized_entries.is_empty(),
                "preauth_list",
            ),
        ] {
            if is_there && !base.policy_component_ids.contains(&component) {
                add(
                    LintCode::UnnamedComponent,
                    &format!("policy_component_ids does not name {name}, which is there."),
                );
            }
        }
        if base.parent_dependant && base.parent_room.is_none() {
            add(LintCode::ParentMissing, "The room depends on a parent and names none.");
        }
        if !base.parent_dependant && !base.parent_room.is_none() {
            add(LintCode::ParentWithoutDependence, "The room names a parent and does not depend on it.");
        }
    }
}

/// Some capabilities in words, not more than anybody reads.
pub(super) fn some(capabilities: impl Iterator<Item = C>) -> String {
    const SHOWN: usize = 4;
    let all: Vec<String> = capabilities.map(|capability| capability.to_string()).collect();
    let mut text = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = all.len().checked_sub(SHOWN) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
