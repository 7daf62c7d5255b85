//! `mimi-vectors policy decide`.

use std::io::{self, Write};

use mimi_policy::json::PolicyCase;
use mimi_test_vectors::decision_report;
use serde_json::{Value, json};

use crate::Outcome;

pub(super) fn run(cases: &[PolicyCase], json: bool, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut all_allowed = true;
    let mut reports: Vec<Value> = Vec::new();
    for case in cases {
        let report = decision_report(case);
        all_allowed &= report.allow;
        if json {
            reports.push(json!(report));
            continue;
        }
        if let (Some(name), true) = (&case.name, cases.len() > 1) {
            write!(out, "{name}: ")?;
        }
        writeln!(out, "{}", report.sentence)?;
        if let Some(expected) = report.expected.filter(|expected| *expected != report.allow) {
            let word = if expected { "allowed" } else { "refused" };
            writeln!(out, "  The case expects it to be {word}.")?;
        }
    }
    if json {
        writeln!(out, "{}", json!({"decisions": reports}))?;
    }
    Ok(if all_allowed { Outcome::Holds } else { Outcome::Fails })
}
