//! `mimi-vectors policy decide`.

use std::io::{self, Write};

use mimi_policy::json::PolicyCase;
use mimi_policy::{Basis, Grant};
use mimi_test_vectors::{Decision, decide};
use serde_json::{Value, json};

use crate::Outcome;

pub(super) fn run(cases: &[PolicyCase], json: bool, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut all_allowed = true;
    let mut reports = Vec::new();
    for case in cases {
        let decision = decide(case);
        all_allowed &= decision.is_allowed();
        if json {
            reports.push(decision_json(case, &decision));
            continue;
        }
        if let (Some(name), true) = (&case.name, cases.len() > 1) {
            write!(out, "{name}: ")?;
        }
        writeln!(out, "{}", sentence(case, &decision))?;
        if let Some(expected) = case.expect.as_ref().filter(|expect| expect.allow != decision.is_allowed()) {
            let word = if expected.allow { "allowed" } else { "refused" };
            writeln!(out, "  The case expects it to be {word}.")?;
        }
    }
    if json {
        writeln!(out, "{}", json!({"decisions": reports}))?;
    }
    Ok(if all_allowed { Outcome::Holds } else { Outcome::Fails })
}

fn sentence(case: &PolicyCase, decision: &Decision) -> String {
    let who = case.actor.uri();
    let grants = match decision {
        Decision::Refused(why) => {
            return format!("Refused: {who} may not send this {}: {why}.", form(case));
        }
        Decision::Allowed(grants) => grants,
    };
    let mut text = format!("Allowed: {who} may send this {}", form(case));
    for (position, grant) in grants.iter().enumerate() {
        text.push_str(if position == 0 { ": " } else { "; " });
        text.push_str(&format!("{} {}", what(case, grant), why(grant)));
    }
    text.push('.');
    text
}

fn form(case: &PolicyCase) -> String {
    case.form.name().replace('_', " ")
}

/// The change that a right is for.
fn what(case: &PolicyCase, grant: &Grant) -> String {
    match grant.change.and_then(|place| Some((place, case.changes.get(place)?))) {
        Some((place, proposed)) => format!("change {place} ({})", proposed.change.op()),
        None => "the sender's own part".into(),
    }
}

/// The right, and what it rests on.
pub(super) fn why(grant: &Grant) -> String {
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

fn decision_json(case: &PolicyCase, decision: &Decision) -> Value {
    let (reason, grants) = match decision {
        Decision::Refused(why) => (Some(why.to_string()), Vec::new()),
        Decision::Allowed(grants) => {
            let grant = |grant: &Grant| {
                json!({
                    "change": grant.change,
                    "capability": grant.capability.map(|capability| capability.to_string()),
                    "role": grant.role,
                    "why": why(grant),
                })
            };
            (None, grants.iter().map(grant).collect())
        }
    };
    json!({
        "case": case.name,
        "allow": decision.is_allowed(),
        "reason": reason,
        "capability": decision.capability().map(|capability| capability.to_string()),
        "grants": grants,
        "sentence": sentence(case, decision),
        "expected": case.expect.as_ref().map(|expect| expect.allow),
    })
}
