//! What a reviewer would want to know of a room's policy.
//!
//! [`lint`] looks at the components as they are, of valid and invalid rooms alike, and gives findings: each with a code, a severity and an
//! explanation, and those about what can happen with the steps that lead there. [`smallest_example`] makes of a policy the smallest one
//! that still has a finding. The cost is bounded, whatever the tables hold.
//!
//! ```
//! use mimi_policy::lint::{Code, Policy, lint};
//! use mimi_policy::preset::ExampleRoom;
//!
//! // The strictly administered room asks for a group_admin, not for a super_admin.
//! let findings = lint(&Policy::new(ExampleRoom::Strict.roles()));
//! let lock_out = findings.iter().find(|finding| finding.code == Code::LockOut).unwrap();
//! assert_eq!(lock_out.roles, [4]);
//! assert_eq!(lock_out.steps.last().unwrap().to_string(), "the last holder of role 4 leaves (canRemoveSelf)");
//! ```

mod code;
mod escalation;
mod example;
mod lock_out;
mod membership;
mod moves;
mod preauthorized;
mod table;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::protocol::ParticipantListData;
use mimi_codec::room_policy::{BaseRoomPolicy, PreAuthData, RoleData};

use crate::graph::Means;
use crate::preset::open_ended_base;

pub use code::{Code, Severity};
pub use example::smallest_example;

/// What is examined: the components of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The base policy.
    pub base: BaseRoomPolicy,
    /// The roles.
    pub roles: RoleData,
    /// Who takes a role by virtue of its credential.
    pub preauth: PreAuthData,
    /// The participant list; `None` for a policy without a room yet. With a list, what can happen counts from the roles that somebody
    /// has; without one, from the founder's.
    pub participants: Option<ParticipantListData>,
}

impl Policy {
    /// A policy of these roles: open-ended, with nobody preauthorized, and no room yet.
    #[must_use]
    pub fn new(roles: RoleData) -> Self {
        let preauth = PreAuthData { preauthorized_entries: Vec::new() };
        Self { base: open_ended_base(), roles, preauth, participants: None }
    }
}

/// Something that a reviewer would want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The roles that it is about.
    pub roles: Vec<u32>,
    /// What is wrong in this room, as a sentence.
    pub explanation: String,
    /// How it comes about, if it takes several steps.
    pub steps: Vec<Step>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.code, self.explanation)?;
        for (number, step) in (1_u32..).zip(&self.steps) {
            write!(f, "\n  {number}. {step}")?;
        }
        Ok(())
    }
}

/// A step on the way to what a finding warns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The role of whoever acts; 0 for somebody who isn't on the list.
    pub by: u32,
    /// By which right.
    pub means: Means,
    /// The role of whoever is moved, before.
    pub from: u32,
    /// And after.
    pub to: u32,
    /// It is the last one that has the role before.
    pub last: bool,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, means, from, to, last } = self;
        let whom = match (last, *from) {
            (_, 0) => String::from("somebody who is not on the list"),
            (true, _) => format!("the last holder of role {from}"),
            (false, _) => format!("a holder of role {from}"),
        };
        let capability = means.capability();
        match means {
            Means::Leave => write!(f, "{whom} leaves ({capability})"),
            means if means.is_by_oneself() => write!(f, "{whom} takes role {to} ({capability})"),
            Means::Remove => write!(f, "a holder of role {by} removes {whom} ({capability})"),
            Means::Add => write!(f, "a holder of role {by} adds {whom} with role {to} ({capability})"),
            _ => write!(f, "a holder of role {by} moves {whom} to role {to} ({capability})"),
        }
    }
}

/// The findings, the severe ones first. There are at most a few for each role.
#[must_use]
pub fn lint(policy: &Policy) -> Vec<Finding> {
    let table = table::Table::new(policy);
    let mut findings = Vec::new();
    table.find(&mut findings);
    membership::find(&table, &mut findings);
    preauthorized::find(&table, &mut findings);
    moves::find(&table, &mut findings);
    escalation::find(&table, &mut findings);
    lock_out::find(&table, &mut findings);
    findings.sort_by(|a, b| (a.severity, a.code, &a.roles).cmp(&(b.severity, b.code, &b.roles)));
    findings
}
