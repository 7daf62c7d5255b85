//! What a person reads of a room's policy, as records that own their text: findings, rights,
//! candidates, differences and decisions. `mimi-vectors policy` prints them, `--json` as they are.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use mimi_policy::json::{
    self as policy_json, PolicyCase, PolicyDecision, PolicyRoles, PolicyRoom, WhyRefused,
};
use mimi_policy::lint::{
    LintCode, LintFinding, LintStep, Policy, SmallestExample, StepActor, lint, smallest_example,
};
use mimi_policy::queries::{ChangeAnswer, PolicyDifference, differences};
use mimi_policy::{Actor, Basis, Change, ClientUri, Form, Grant, IdentityError, RoomState, UserUri};
use serde::Serialize;
use serde_json::Value;

/// A user that no room has: what can be done to it can be done to every user who is not on the
/// list.
const STRANGER: &str = "mimi://unlisted.invalid/u/any";

/// A finding of the linter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingReport {
    /// The finding's code: `lock-out`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// The roles that it is about.
    pub roles: Vec<u32>,
    /// What is wrong in this room, as a sentence.
    pub explanation: String,
    /// The roles of the participants before the first step; each participant has one client in the
    /// group, unless the role is the banned one.
    pub start: Vec<u32>,
    /// How it comes about, each step as a sentence; empty if it takes no steps.
    pub steps: Vec<String>,
    /// The same steps, for a program that plays them.
    pub moves: Vec<StepReport>,
    /// The smallest room that has the finding, if it was asked for.
    pub example: Option<Value>,
    /// All but the example as text of several lines.
    #[serde(skip)]
    pub text: String,
}

/// A step on the way to what a finding warns of: the place of one user changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// The role of the participant or external sender that proposes the step; `None` if the user
    /// itself does.
    pub by: Option<u32>,
    /// Whether an external sender proposes it.
    pub external: bool,
    /// The capability that allows it: `canKick`.
    pub capability: String,
    /// The user's role before; 0 if the user is not on the list.
    pub from: u32,
    /// The user's role after; 0 if the user is off the list.
    pub to: u32,
    /// Whether the user has a client in the group before.
    pub had_client: bool,
    /// Whether the user has a client in the group after.
    pub with_client: bool,
    /// Whether the step is in the same commit as the one before it.
    pub same_commit: bool,
}

/// Whether something is allowed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnswerReport {
    /// Whether it is allowed.
    pub allow: bool,
    /// The rights that allow it, or the first condition that fails.
    pub why: Vec<String>,
    /// The form of the message: `commit`.
    pub form: String,
    /// The changes, in words.
    pub what: String,
}

/// What a user can do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserReport {
    /// The user.
    pub user: String,
    /// Its role; `None` if it is not on the list.
    pub role: Option<u32>,
    /// Every registered capability by its name, and whether the user has it.
    pub capabilities: BTreeMap<String, bool>,
    /// What it can do by itself, to the others and to a user who is not on the list.
    pub answers: Vec<AnswerReport>,
    /// The same capabilities in the order of their numbers.
    #[serde(skip)]
    pub ordered_capabilities: Vec<(String, bool)>,
}

/// Why there is no report on a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserReportError {
    /// The room is not valid.
    Room(WhyRefused),
    /// The user or the client is not an identifier in its normal form.
    Identity {
        /// What was given.
        uri: String,
        /// What is wrong with it.
        error: IdentityError,
    },
}

impl core::fmt::Display for UserReportError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Room(why) => write!(f, "the room is not valid: {why}"),
            Self::Identity { uri, error } => write!(f, "{uri}: {error}"),
        }
    }
}

impl core::error::Error for UserReportError {}

/// Whether a participant can do what a case asks for, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CandidateReport {
    /// Whether it is allowed.
    pub allow: bool,
    /// The rights that allow it, or the first condition that fails.
    pub why: Vec<String>,
    /// The participant.
    pub user: String,
    /// Its role.
    pub role: u32,
}

/// Where two policies differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DifferenceReport {
    /// The differences, each as a sentence.
    pub differences: Vec<String>,
    /// What the roles of the second do to the participants of the first; `None` if the first is not
    /// valid.
    pub effect: Option<EffectReport>,
}

/// What new roles do to the present participants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EffectReport {
    /// Why the roles are not valid.
    pub defects: Vec<String>,
    /// Which limits the present participants break.
    pub limits: Vec<String>,
    /// The roles that change for participants.
    pub roles: Vec<RoleEffectReport>,
    /// The lock-outs, each as a sentence with its steps.
    pub lock_outs: Vec<String>,
}

/// What new roles do to the participants with one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleEffectReport {
    /// The role.
    pub role: u32,
    /// The participants.
    pub users: Vec<String>,
    /// Whether the new roles do not have it.
    pub undefined: bool,
    /// Whether it becomes the banned one.
    pub cut_off: bool,
    /// What changes in it.
    pub differences: Vec<String>,
}

/// What a case comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionReport {
    /// The name of the case, if it has one.
    pub case: Option<String>,
    /// Whether it is allowed.
    pub allow: bool,
    /// The first condition that fails, if it is refused.
    pub reason: Option<String>,
    /// The capability that the decision turns on.
    pub capability: Option<String>,
    /// The rights that allow it.
    pub grants: Vec<GrantReport>,
    /// The decision as one sentence.
    pub sentence: String,
    /// What the case expects, if it says so.
    pub expected: Option<bool>,
}

/// The right that allows a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantReport {
    /// The place of the change among those of the case; `None` for the sender's own part.
    pub change: Option<usize>,
    /// The capability, if it takes one.
    pub capability: Option<String>,
    /// The role that has it.
    pub role: u32,
    /// The right, and what it rests on.
    pub why: String,
}

/// A room as the policy that the linter and the comparison read.
fn policy(room: &PolicyRoom) -> Policy {
    Policy {
        base: room.base.clone(),
        roles: room.role_data(),
        preauth: room.preauth.clone(),
        participants: None,
    }
}

/// What a reviewer would want to know of a room's policy, the severe findings first; each with the
/// smallest room that has it, if `examples` are wanted.
///
/// ```
/// use mimi_policy::json::PolicyRoom;
/// use mimi_test_vectors::lint_room;
///
/// let room = PolicyRoom::from_json(&serde_json::json!({"roles": [{"index": 2}, {"index": 2}]}))?;
/// assert_eq!(lint_room(&room, false)[0].severity, "error");
/// # Ok::<(), mimi_policy::json::PolicyJsonError>(())
/// ```
#[must_use]
pub fn lint_room(room: &PolicyRoom, examples: bool) -> Vec<FindingReport> {
    let participants = Some(room.participants.clone()).filter(|list| !list.participants.is_empty());
    let policy = Policy { participants, ..policy(room) };
    // One for all findings of a kind.
    let mut smallest: BTreeMap<LintCode, Value> = BTreeMap::new();
    let findings = lint(&policy).into_iter().map(|finding| {
        let example = examples.then(|| {
            let smallest = smallest
                .entry(finding.code)
                .or_insert_with(|| example_json(smallest_example(&policy, finding.code)));
            smallest.clone()
        });
        finding_report(finding, example)
    });
    findings.collect()
}

/// A policy as a room of vector files.
fn example_json(example: SmallestExample) -> Value {
    let policy = example.policy;
    let room = PolicyRoom {
        base: policy.base,
        preauth: policy.preauth,
        participants: policy
            .participants
            .unwrap_or_else(|| PolicyRoom::new(policy.roles.clone()).participants),
        ..PolicyRoom::new(PolicyRoles::from(policy.roles))
    };
    room.to_json()
}

fn finding_report(finding: LintFinding, example: Option<Value>) -> FindingReport {
    FindingReport {
        text: finding.to_string(),
        code: finding.code.name().into(),
        severity: finding.severity.name().into(),
        steps: finding.steps.iter().map(ToString::to_string).collect(),
        moves: finding.steps.iter().map(step_report).collect(),
        roles: finding.roles,
        explanation: finding.explanation,
        start: finding.start,
        example,
    }
}

fn step_report(step: &LintStep) -> StepReport {
    let (by, external) = match step.by {
        StepActor::Participant(role) => (Some(role), false),
        StepActor::Server(role) => (Some(role), true),
        StepActor::Oneself => (None, false),
    };
    StepReport {
        by,
        external,
        capability: step.means.capability().to_string(),
        from: step.from,
        to: step.to,
        had_client: step.had_client,
        with_client: step.with_client,
        same_commit: step.same_commit,
    }
}

/// What a user can do now with one of its clients, or with its first one in the group.
///
/// # Errors
///
/// [`UserReportError::Room`] if the room is not valid, [`UserReportError::Identity`] if the user or
/// the client is not in its normal form.
pub fn user_report(
    room: &PolicyRoom,
    user: &str,
    client: Option<&str>,
) -> Result<UserReport, UserReportError> {
    let identity = |uri: &str, error| UserReportError::Identity { uri: uri.into(), error };
    let state = room.to_state().map_err(UserReportError::Room)?;
    let uri = UserUri::try_from(user).map_err(|error| identity(user, error))?;
    let client = match (client, state.clients_of(&uri).next()) {
        (Some(client), _) => ClientUri::try_from(client).map_err(|error| identity(client, error))?,
        (None, Some(client)) => client.clone(),
        (None, None) => {
            let none = "mimi://unlisted.invalid/d/any";
            ClientUri::try_from(none).map_err(|error| identity(none, error))?
        }
    };
    Ok(report_on(&state, &Actor::client(uri, client)))
}

fn report_on(state: &RoomState, actor: &Actor) -> UserReport {
    let capabilities: Vec<_> =
        state.capabilities_of(actor.uri()).map(|(capability, has)| (capability.to_string(), has)).collect();
    let stranger = UserUri::try_from(STRANGER).ok();
    let others = state.participants().map(|(user, _)| user.clone()).filter(|user| user != actor.uri());
    let about = [actor.uri().clone()].into_iter().chain(others).chain(stranger);
    let answers = about.flat_map(|other| state.what_can(actor, &other)).map(|answer| {
        let (allow, why) = verdict_and_reasons(&answer.verdict);
        AnswerReport { allow, why, form: form(answer.form).into(), what: what(&answer) }
    });
    UserReport {
        user: actor.uri().to_string(),
        role: state.role_of(actor.uri()),
        answers: answers.collect(),
        capabilities: capabilities.iter().cloned().collect(),
        ordered_capabilities: capabilities,
    }
}

/// Which participants can make the changes of a case, each with its first client, and why not the
/// others.
#[must_use]
pub fn candidates(case: &PolicyCase) -> Vec<CandidateReport> {
    let candidates = case.room.participants.participants.iter().map(|pair| {
        let user = String::from_utf8_lossy(pair.user.as_slice()).into_owned();
        let actor = policy_json::PolicyActor::User { user: user.clone(), client: None, claims: Vec::new() };
        let verdict = match (PolicyCase { actor, ..case.clone() }).decide() {
            PolicyDecision::Allowed(grants) => Ok(grants),
            PolicyDecision::Refused(why) => Err(why),
        };
        let (allow, why) = verdict_and_reasons(&verdict);
        CandidateReport { allow, why, user, role: pair.role_index }
    });
    candidates.collect()
}

/// Where two policies differ, and what the roles of the second do to the participants of the first.
#[must_use]
pub fn difference_report(before: &PolicyRoom, after: &PolicyRoom) -> DifferenceReport {
    fn texts<T: ToString>(found: &[T]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }
    let found: Vec<PolicyDifference> = differences(&policy(before), &policy(after));
    // Without a valid room there are no participants to ask about.
    let effect = before.to_state().ok().map(|state| state.effect_of_roles(&after.role_data()));
    let effect = effect.map(|effect| EffectReport {
        defects: texts(&effect.defects),
        limits: texts(&effect.limits),
        roles: effect
            .roles
            .iter()
            .map(|role| RoleEffectReport {
                role: role.role,
                users: texts(&role.users),
                undefined: role.undefined,
                cut_off: role.cut_off,
                differences: texts(&role.differences),
            })
            .collect(),
        lock_outs: texts(&effect.lock_outs),
    });
    DifferenceReport { differences: texts(&found), effect }
}

/// Decides a case by `mimi-policy`, in words; what the case expects has no say in it.
#[must_use]
pub fn decision_report(case: &PolicyCase) -> DecisionReport {
    let decision = case.decide();
    let sentence = sentence(case, &decision);
    let allow = decision.is_allowed();
    let capability = decision.capability().map(|capability| capability.to_string());
    let (reason, grants) = match decision {
        PolicyDecision::Refused(why) => (Some(why.to_string()), Vec::new()),
        PolicyDecision::Allowed(grants) => (None, grants),
    };
    let grant = |grant: &Grant| GrantReport {
        change: grant.change,
        capability: grant.capability.map(|capability| capability.to_string()),
        role: grant.role,
        why: why(grant),
    };
    DecisionReport {
        case: case.name.clone(),
        allow,
        reason,
        capability,
        grants: grants.iter().map(grant).collect(),
        sentence,
        expected: case.expect.as_ref().map(|expect| expect.allow),
    }
}

fn sentence(case: &PolicyCase, decision: &PolicyDecision) -> String {
    let (who, form) = (case.actor.uri(), case.form.name().replace('_', " "));
    let grants = match decision {
        PolicyDecision::Refused(why) => return format!("Refused: {who} may not send this {form}: {why}."),
        PolicyDecision::Allowed(grants) => grants,
    };
    let mut text = format!("Allowed: {who} may send this {form}");
    for (position, grant) in grants.iter().enumerate() {
        text.push_str(if position == 0 { ": " } else { "; " });
        // The change that a right is for.
        let what = match grant.change.and_then(|place| Some((place, case.changes.get(place)?))) {
            Some((place, proposed)) => format!("change {place} ({})", proposed.change.op()),
            None => "the sender's own part".into(),
        };
        text.push_str(&format!("{what} {}", why(grant)));
    }
    text.push('.');
    text
}

/// The right, and what it rests on.
fn why(grant: &Grant) -> String {
    let capability = match grant.capability {
        Some(capability) => format!("by {capability} of role {}", grant.role),
        None => format!("for role {}", grant.role),
    };
    let place = |role: u32| match role {
        0 => "off the list".into(),
        role => format!("role {role}"),
    };
    match grant.basis {
        Basis::RoleChange { from, to } => {
            format!("{capability}, whose role changes go from {} to {}", place(from), place(to))
        }
        Basis::PreAuthorization { entry } => format!("{capability}, with preauthorization {entry}"),
        Basis::PartOf { change: Some(change) } => format!("{capability}, as part of change {change}"),
        Basis::PartOf { change: None } => format!("{capability}, as part of what was accepted before"),
        Basis::Accepted => "because it was accepted before".into(),
        Basis::Unrestricted => "because it needs no capability".into(),
        _ => capability,
    }
}

fn verdict_and_reasons<E: ToString>(verdict: &Result<Vec<Grant>, E>) -> (bool, Vec<String>) {
    match verdict {
        Ok(grants) => (true, rights(grants)),
        Err(refusal) => (false, vec![refusal.to_string()]),
    }
}

/// What the grants rest on, each once.
fn rights(grants: &[Grant]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    grants.iter().map(why).filter(|text| seen.insert(text.clone())).collect()
}

const fn form(form: Form) -> &'static str {
    match form {
        Form::Proposal => "proposal",
        Form::Commit => "commit",
        Form::ExternalCommit => "external_commit",
        Form::ExternalProposal => "external_proposal",
        Form::Message => "message",
    }
}

/// The changes of an answer, in words.
fn what(answer: &ChangeAnswer) -> String {
    let words: Vec<String> = answer.changes.iter().map(change).collect();
    if words.is_empty() { "send a message".into() } else { words.join(" and ") }
}

fn change(change: &Change) -> String {
    let who = |user: &UserUri| match user.to_string() {
        user if user == STRANGER => "a user who is not on the list".to_string(),
        user => user,
    };
    match change {
        Change::AddParticipant { user, role } => format!("add {} with role {role}", who(user)),
        Change::RemoveParticipant { user } => format!("remove {} from the list", who(user)),
        Change::SetRole { user, role } => format!("give {} role {role}", who(user)),
        Change::AddClient { user, client } => format!("add the client {client} of {}", who(user)),
        Change::RemoveClient { client, .. } => format!("remove the client {client}"),
        Change::UseJoinCode { role, .. } => format!("join with role {role} by a join code"),
        Change::UpdateRoles(_) => "replace the roles".into(),
        Change::UpdatePreAuth(_) => "replace the preauthorization".into(),
        Change::RetractMessages(_) => "retract messages".into(),
        Change::ReInit => "replace the group".into(),
        Change::DestroyRoom => "end the room".into(),
        other => format!("{other:?}"),
    }
}
