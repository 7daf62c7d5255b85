//! What a reviewer would want to know of a room's policy.
//!
//! [`lint`] examines the components as they are, of valid and invalid rooms alike, and returns
//! findings: each with a code, a severity and an explanation, and those about what can happen with
//! the steps that lead there. [`smallest_example`] reduces a policy to the smallest one that still
//! has a finding. The cost is bounded, whatever the tables hold ([`COST_LIMIT`]).
//!
//! # What the linter promises
//!
//! Lock-outs and escalations are searched exhaustively in small rooms: up to three participants
//! (more if the policy's list has more, up to seven) and any number of users who are not on the
//! list. Each user has one client or none. A commit changes the place of one user or of two. What
//! the search assumes is what [`RoomState::check`](crate::RoomState::check) decides.
//!
//! - A **lock-out** is a state that can be reached from the start, and from which no sequence of
//!   commits, even with one participant more, leads to one by which a participant or an external
//!   sender adds a user, removes or bans one, or changes the role of one, although the start had
//!   such a sequence. If all three are lost, it is a [`LintCode::LockOut`], else a
//!   [`LintCode::PartialLockOut`]; the worst and nearest one is reported. Users may have any claims
//!   and join codes. As long as a participant may change the role definitions, nothing is lost. The
//!   start is the list with a client for each participant, or a founder alone. The founder has the
//!   role from which most of the three can be done, and among those the one from which most roles
//!   are reached.
//! - An **escalation** ([`LintCode::Escalation`]) is a way by which holders of one role (one or
//!   two), or one holder of each of two roles, and accounts that are not on the list yet, bring one
//!   of them to a role that has a capability over others or a move of others that they do not have,
//!   without any other participant, claims or join codes. For a set of roles that gains something
//!   beyond its subsets one way is reported.
//!
//! ```
//! use mimi_policy::lint::{LintCode, Policy, lint};
//! use mimi_policy::preset::ExampleRoom;
//!
//! // The strictly administered room asks for a group_admin, not for a super_admin.
//! let findings = lint(&Policy::new(ExampleRoom::Strict.roles()));
//! let lock_out = findings.iter().find(|finding| finding.code == LintCode::LockOut).unwrap();
//! assert_eq!(lock_out.roles, [4]);
//! assert_eq!(lock_out.steps.last().unwrap().to_string(), "the last holder of role 4 leaves (canRemoveSelf)");
//! ```

mod code;
mod escalation;
mod example;
mod lock_out;
mod membership;
mod model;
mod moves;
mod preauthorized;
mod table;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::protocol::ParticipantListData;
use mimi_codec::room_policy::{BaseRoomPolicy, CapabilityType as C, PreAuthData, RoleData};

use crate::graph::MoveRight;
use crate::preset::open_ended_base;

pub use code::{LintCode, LintSeverity};
pub use example::{EXAMPLE_COST_LIMIT, SmallestExample, smallest_example};

/// The components of a room that are examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The base policy.
    pub base: BaseRoomPolicy,
    /// The roles.
    pub roles: RoleData,
    /// The preauthorized users: which role a user takes by the claims of its credential.
    pub preauth: PreAuthData,
    /// The participant list; `None` for a policy without a room yet. With a list, what can happen
    /// counts from the roles of its participants; without one, from the founder's.
    pub participants: Option<ParticipantListData>,
}

impl Policy {
    /// A policy of these roles: open-ended, without preauthorized users, and without a room.
    #[must_use]
    pub fn new(roles: RoleData) -> Self {
        let preauth = PreAuthData { preauthorized_entries: Vec::new() };
        Self { base: open_ended_base(), roles, preauth, participants: None }
    }
}

/// How many steps the search for escalations, and the one for lock-outs, of one call of [`lint`]
/// take at most.
///
/// A step is one change of one user in one state of a small room, or a pair of such changes. A
/// search that ends there is reported as [`LintCode::SearchCut`]. The draft's largest example room
/// takes about half as many.
pub const COST_LIMIT: u64 = 1 << 19;

/// Something that a reviewer would want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    /// What it is.
    pub code: LintCode,
    /// How severe it is.
    pub severity: LintSeverity,
    /// The roles that it is about. Of an escalation the last one is the role that is reached, and
    /// those before it are the roles of the users that reach it: 0 for users who are not on the
    /// list.
    pub roles: Vec<u32>,
    /// What is wrong in this room, as a sentence.
    pub explanation: String,
    /// The roles of the participants before the first step. Each has one client in the group,
    /// unless the role is the banned one.
    pub start: Vec<u32>,
    /// How it comes about, if it takes steps.
    pub steps: Vec<LintStep>,
}

impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.code, self.explanation)?;
        if !self.steps.is_empty() && !self.start.is_empty() {
            f.write_str("\n  0. the room has participants with role ")?;
            for (place, role) in self.start.iter().enumerate() {
                write!(f, "{}{role}", if place == 0 { "" } else { ", " })?;
            }
        }
        for (number, step) in (1_u32..).zip(&self.steps) {
            write!(f, "\n  {number}. {step}")?;
        }
        Ok(())
    }
}

/// Who proposes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepActor {
    /// Another participant: one with this role and a client in the group.
    Participant(u32),
    /// An external sender that is preauthorized for this role.
    Server(u32),
    /// The user that it is about.
    Oneself,
}

/// By which right a step changes the place of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepMeans {
    /// The user comes to another role, or off the list.
    Move(MoveRight),
    /// `canAddOwnClient`: a client of a participant joins the group.
    AddOwnClient,
    /// `canRemoveOwnClient`: a participant's only client leaves the group.
    RemoveOwnClient,
    /// `canKick`: a participant's only client is removed by another.
    Kick,
}

impl StepMeans {
    /// The capability.
    #[must_use]
    pub const fn capability(self) -> C {
        match self {
            Self::Move(means) => means.capability(),
            Self::AddOwnClient => C::CAN_ADD_OWN_CLIENT,
            Self::RemoveOwnClient => C::CAN_REMOVE_OWN_CLIENT,
            Self::Kick => C::CAN_KICK,
        }
    }
}

/// A step on the way to what a finding warns of: the place of one user changes.
///
/// Any participant that is left commits it, and users join by themselves. Users with the same role
/// and alike in having a client or not are interchangeable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintStep {
    /// Who proposes it.
    pub by: StepActor,
    /// By which right.
    pub means: StepMeans,
    /// The user's role before; 0 if it is not on the list.
    pub from: u32,
    /// The user's role after; 0 if it is off the list.
    pub to: u32,
    /// Whether the user has a client in the group before.
    pub had_client: bool,
    /// Whether the user has a client in the group after.
    pub with_client: bool,
    /// The user is the last one with the role before.
    pub last: bool,
    /// The step is in the same commit as the one before it.
    pub same_commit: bool,
}

impl fmt::Display for LintStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { means, from, to, .. } = self;
        let whom = match (self.last, *from) {
            (_, 0) => String::from("a user who is not on the list"),
            (true, _) => format!("the last holder of role {from}"),
            (false, _) => format!("a holder of role {from}"),
        };
        if self.same_commit {
            f.write_str("in the same commit ")?;
        }
        let by = match self.by {
            StepActor::Participant(by) => format!("a holder of role {by}"),
            StepActor::Server(by) => format!("an external sender with role {by}"),
            StepActor::Oneself => String::new(),
        };
        match (means, self.by) {
            (StepMeans::Move(MoveRight::Leave), _) => write!(f, "{whom} leaves")?,
            (StepMeans::AddOwnClient, _) => write!(f, "{whom} adds its client to the group")?,
            (StepMeans::RemoveOwnClient, _) => write!(f, "{whom} removes its client from the group")?,
            (StepMeans::Kick, _) => write!(f, "{by} removes the client of {whom} from the group")?,
            (_, StepActor::Oneself) => {
                let client = if self.had_client && !self.with_client { ", without its client" } else { "" };
                write!(f, "{whom} takes role {to}{client}")?;
            }
            (StepMeans::Move(MoveRight::Remove), _) => write!(f, "{by} removes {whom}")?,
            (StepMeans::Move(MoveRight::Add), _) => {
                let client = if self.with_client { "" } else { ", without a client" };
                write!(f, "{by} adds {whom} with role {to}{client}")?;
            }
            _ => {
                let client = if self.had_client && !self.with_client { ", without its client" } else { "" };
                write!(f, "{by} moves {whom} to role {to}{client}")?;
            }
        }
        write!(f, " ({})", means.capability())
    }
}

/// The findings, the severe ones first. There are at most a few for each role.
#[must_use]
pub fn lint(policy: &Policy) -> Vec<LintFinding> {
    find(policy, None, COST_LIMIT).0
}

/// The lock-outs among the findings.
pub(crate) fn lock_outs(policy: &Policy) -> Vec<LintFinding> {
    let (mut findings, _) = find(policy, Some(LintCode::LockOut), COST_LIMIT);
    findings.retain(|finding| finding.code != LintCode::SearchCut);
    findings
}

/// What is found, or only what may have a code, and how many steps that took.
fn find(policy: &Policy, wanted: Option<LintCode>, limit: u64) -> (Vec<LintFinding>, u64) {
    let table = table::Table::new(policy);
    let mut findings = Vec::new();
    let wants = |codes: &[LintCode]| wanted.is_none_or(|wanted| codes.contains(&wanted));
    let cut = [LintCode::SearchCut];
    let mut spent = 0_u64;
    let mut searched = |budget: model::Budget, findings: &mut Vec<LintFinding>| {
        spent = spent.saturating_add(limit.saturating_sub(budget.left()));
        if budget.cut && !findings.iter().any(|finding| finding.code == LintCode::SearchCut) {
            let what = format!(
                "The search for lock-outs and escalations ended after {limit} steps; longer ways may exist."
            );
            findings.push(table.finding(LintCode::SearchCut, Vec::new(), what));
        }
    };
    if wants(&[LintCode::Escalation, LintCode::SilenceEvaded]) || wants(&cut) {
        let mut budget = model::Budget::new(limit);
        escalation::find(&table, &mut budget, &mut findings);
        escalation::find_evasions(&table, &mut budget, &mut findings);
        searched(budget, &mut findings);
    }
    if wants(&[LintCode::LockOut, LintCode::PartialLockOut]) || wants(&cut) {
        let mut budget = model::Budget::new(limit);
        lock_out::find(&table, &mut budget, &mut findings);
        searched(budget, &mut findings);
    }
    let searches = [
        LintCode::Escalation,
        LintCode::SilenceEvaded,
        LintCode::LockOut,
        LintCode::PartialLockOut,
        LintCode::SearchCut,
    ];
    if wanted.is_none_or(|wanted| !searches.contains(&wanted)) {
        table.find(&mut findings);
        membership::find(&table, &mut findings);
        preauthorized::find(&table, &mut findings);
        moves::find(&table, &mut findings);
        escalation::find_rewriting(&table, &mut findings);
    }
    findings.sort_by(|a, b| (a.severity, a.code, &a.roles).cmp(&(b.severity, b.code, &b.roles)));
    (findings, spent.saturating_add(table.size()))
}
