//! `mimi-vectors policy lint`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use mimi_policy::json::PolicyRoom;
use mimi_test_vectors::lint_room;
use serde_json::json;

use super::heading;
use crate::Outcome;

pub(super) fn run(
    rooms: &[(Option<String>, PolicyRoom)],
    examples: bool,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let mut all_notes = true;
    let mut reports = Vec::new();
    for (name, room) in rooms {
        let findings = lint_room(room, examples);
        all_notes &= findings.iter().all(|finding| finding.severity == "note");
        if json {
            reports.push(json!({"case": name, "findings": findings}));
            continue;
        }
        heading(name.as_deref(), rooms.len(), out)?;
        if findings.is_empty() {
            writeln!(out, "nothing found")?;
        }
        let mut shown = BTreeSet::new();
        for finding in &findings {
            writeln!(out, "{}", finding.text)?;
            // One for all findings of a kind.
            if let Some(example) = finding.example.as_ref().filter(|_| shown.insert(&finding.code)) {
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
    Ok(if all_notes { Outcome::Holds } else { Outcome::Fails })
}
