//! `mimi-vectors policy can`, `who` and `diff`.

use std::io::{self, Write};

use mimi_policy::json::{PolicyCase, PolicyRoom};
use mimi_test_vectors::{UserReportError, candidates, difference_report, user_report};
use serde_json::{Value, json};

use crate::Outcome;
use crate::input::refused;

/// What one user can do now.
pub(super) fn can(
    room: &PolicyRoom,
    user: &str,
    client: Option<&str>,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let report = match user_report(room, user, client) {
        Ok(report) => report,
        Err(UserReportError::Identity { uri, error }) => {
            return Ok(Outcome::WrongUsage(format!("{uri}: {error}")));
        }
        Err(error) => return Ok(refused(&error.to_string())),
    };
    if json {
        writeln!(out, "{}", json!(report))?;
        return Ok(Outcome::Holds);
    }
    match report.role {
        Some(role) => writeln!(out, "{user} has role {role}.")?,
        None => writeln!(out, "{user} is not on the participant list.")?,
    }
    let list = |has: bool| {
        let named = report.ordered_capabilities.iter().filter(|(_, held)| *held == has);
        let names: Vec<&str> = named.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "nothing".to_string() } else { names.join(", ") }
    };
    writeln!(out, "It has {}.\nIt lacks {}.", list(true), list(false))?;
    for answer in &report.answers {
        writeln!(out, "{}", sentence(&answer.what, answer.allow, &answer.why))?;
    }
    Ok(Outcome::Holds)
}

/// Which participants can do what each case asks for.
pub(super) fn who(cases: &[PolicyCase], json: bool, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut reports: Vec<Value> = Vec::new();
    for case in cases {
        let candidates = candidates(case);
        if json {
            reports.push(json!({"case": case.name, "participants": candidates}));
            continue;
        }
        if let (Some(name), true) = (&case.name, cases.len() > 1) {
            writeln!(out, "# {name}\n")?;
        }
        for candidate in &candidates {
            let subject = format!("{} (role {})", candidate.user, candidate.role);
            writeln!(out, "{}", sentence(&subject, candidate.allow, &candidate.why))?;
        }
        if cases.len() > 1 {
            writeln!(out)?;
        }
    }
    if json {
        writeln!(out, "{}", json!({"cases": reports}))?;
    }
    Ok(Outcome::Holds)
}

/// Where two policies differ, and what the roles of the second do to the participants of the first.
pub(super) fn diff(
    before: &PolicyRoom,
    after: &PolicyRoom,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let report = difference_report(before, after);
    let outcome = if report.differences.is_empty() { Outcome::Holds } else { Outcome::Fails };
    if json {
        writeln!(out, "{}", json!(report))?;
        return Ok(outcome);
    }
    if report.differences.is_empty() {
        writeln!(out, "no difference")?;
    }
    for difference in &report.differences {
        writeln!(out, "{difference}")?;
    }
    let Some(effect) = report.effect else { return Ok(outcome) };
    for defect in &effect.defects {
        writeln!(out, "The roles are not valid: {defect}.")?;
    }
    for reason in &effect.limits {
        writeln!(out, "With the present participants, {reason}.")?;
    }
    for role in &effect.roles {
        let becomes = match (role.undefined, role.cut_off) {
            (true, _) => "would have a role that is not defined",
            (_, true) => "would be banned",
            _ => "would have other rights or limits",
        };
        writeln!(out, "Role {}: {} {becomes}.", role.role, role.users.join(", "))?;
    }
    for finding in &effect.lock_outs {
        writeln!(out, "{finding}")?;
    }
    Ok(outcome)
}

fn sentence(subject: &str, allow: bool, why: &[String]) -> String {
    format!("{}{subject}: {}", if allow { "yes  " } else { "no   " }, why.join("; "))
}
