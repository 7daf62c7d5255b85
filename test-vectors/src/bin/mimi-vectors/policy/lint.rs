//! `mimi-vectors policy lint`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use mimi_policy::json::{PolicyRoom, Roles};
use mimi_policy::lint::{
    LintCode, LintFinding, LintSeverity, Policy, SmallestExample, lint, smallest_example,
};
use serde_json::{Value, json};

use super::heading;
use crate::Outcome;

pub(super) fn run(
    rooms: &[(Option<String>, PolicyRoom)],
    examples: bool,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let mut worst = LintSeverity::Note;
    let mut reports = Vec::new();
    for (name, room) in rooms {
        let participants = Some(room.participants.clone()).filter(|list| !list.participants.is_empty());
        let policy = Policy {
            base: room.base.clone(),
            roles: room.role_data(),
            preauth: room.preauth.clone(),
            participants,
        };
        let findings = lint(&policy);
        worst = findings.iter().map(|finding| finding.severity).chain([worst]).min().unwrap_or(worst);
        let mut smallest: BTreeMap<LintCode, Value> = BTreeMap::new();
        if examples {
            for finding in &findings {
                smallest
                    .entry(finding.code)
                    .or_insert_with(|| example_json(smallest_example(&policy, finding.code)));
            }
        }
        if json {
            let findings: Vec<Value> =
                findings.iter().map(|finding| finding_json(finding, smallest.get(&finding.code))).collect();
            reports.push(json!({"case": name, "findings": findings}));
            continue;
        }
        heading(name.as_deref(), rooms.len(), out)?;
        if findings.is_empty() {
            writeln!(out, "nothing found")?;
        }
        for finding in &findings {
            writeln!(out, "{finding}")?;
            // One for all findings of a kind.
            if let Some(example) = smallest.remove(&finding.code) {
                writeln!(out, "  for example: {example}")?;
            }
        }
        if rooms.len() > 1 {
            writeln!(out)?;
        }
    }
    if json {
        writeln!(out, "{}", json!({"rooms": reports}))?;
    }
    Ok(if worst < LintSeverity::Note { Outcome::Fails } else { Outcome::Holds })
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
        ..PolicyRoom::new(Roles::from(policy.roles))
    };
    room.to_json()
}

fn finding_json(finding: &LintFinding, example: Option<&Value>) -> Value {
    json!({
        "code": finding.code.name(),
        "severity": finding.severity.name(),
        "roles": finding.roles,
        "explanation": finding.explanation,
        "start": finding.start,
        "steps": finding.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "example": example,
    })
}
