//! `mimi-vectors mechanisms`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::shipped_cases::{ShippedCase, ShippedCases};
use crate::{Outcome, input};

/// List the mechanisms of the drafts and the vectors of each
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long, conflicts_with = "into")]
    json: bool,
    /// Put the table into this file, between the lines `<!-- mechanisms -->` and
    /// `<!-- end of mechanisms -->`
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
}

const SOURCE: &str = include_str!("../../../mechanisms.json");
const BEGIN: &str = "<!-- mechanisms -->\n";
const END: &str = "<!-- end of mechanisms -->\n";

#[derive(Deserialize)]
struct Source {
    mechanisms: Vec<Mechanism>,
}

#[derive(Deserialize)]
struct Mechanism {
    mechanism: String,
    section: String,
    vectors: Vec<String>,
}

/// What the cases of a mechanism are.
struct Row {
    mechanism: Mechanism,
    kinds: Vec<String>,
    valid: usize,
    invalid: usize,
    suites: BTreeSet<u64>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let source: Source = serde_json::from_str(SOURCE)?;
    let shipped = ShippedCases::parse()?;
    let rows: Vec<_> = source.mechanisms.into_iter().map(|it| Row::new(it, &shipped)).collect();
    if let Some(file) = &arguments.into {
        return Ok(replace(file, &table(&rows)));
    }
    if arguments.json {
        let rows: Vec<_> = rows.iter().map(Row::to_json).collect();
        writeln!(out, "{}", serde_json::Value::from(rows))?;
    } else {
        write!(out, "{}", table(&rows))?;
    }
    Ok(Outcome::Holds)
}

impl Row {
    fn new(mechanism: Mechanism, shipped: &ShippedCases) -> Self {
        let mut kinds = Vec::new();
        let mut cases: BTreeMap<(&str, String), ShippedCase<'_>> = BTreeMap::new();
        for selector in &mechanism.vectors {
            let end = selector.find(['#', '/', ':']).unwrap_or(selector.len());
            let kind = selector.get(..end).unwrap_or_default().to_owned();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
            for case in shipped.select(selector) {
                cases.insert((case.file, case.name.to_owned()), case);
            }
        }
        let valid = cases.values().filter(|case| case.is_valid()).count();
        let suites = cases.values().filter_map(ShippedCase::cipher_suite).collect();
        Self { mechanism, kinds, valid, invalid: cases.len().saturating_sub(valid), suites }
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "mechanism": self.mechanism.mechanism,
            "section": self.mechanism.section,
            "kinds": self.kinds,
            "vectors": self.mechanism.vectors,
            "valid": self.valid,
            "invalid": self.invalid,
            "cipher_suites": self.suites,
        })
    }
}

fn table(rows: &[Row]) -> String {
    let mut table =
        String::from("| mechanism | section | kind | valid | invalid | suites |\n|-|-|-|-|-|-|\n");
    for row in rows {
        let kinds: Vec<_> = row.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        let (valid, invalid) = (row.valid, row.invalid);
        let line = [
            row.mechanism.mechanism.clone(),
            row.mechanism.section.clone(),
            kinds.join(", "),
            valid.to_string(),
            invalid.to_string(),
            suites(&row.suites),
        ];
        table.push_str(&format!("| {} |\n", line.join(" | ")));
    }
    table
}

/// The suites of RFC 9420 by their numbers, those with provisional numbers in hex.
fn suites(suites: &BTreeSet<u64>) -> String {
    let show = |suite: &u64| if *suite < 8 { suite.to_string() } else { format!("0x{suite:04X}") };
    suites.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn replace(file: &Path, table: &str) -> Outcome {
    let text = match input::text(&file.display().to_string()) {
        Ok(text) => text,
        Err(outcome) => return outcome,
    };
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        return input::refused(&format!("{}: no lines that enclose the table", file.display()));
    };
    match fs::write(file, format!("{before}{BEGIN}\n{table}\n{END}{after}")) {
        Ok(()) => Outcome::Holds,
        Err(error) => input::refused(&format!("{}: {error}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_mechanism_has_vectors_and_every_kind_a_mechanism() {
        let source: Source = serde_json::from_str(SOURCE).unwrap();
        let shipped = ShippedCases::parse().unwrap();
        let mut kinds = BTreeSet::new();
        for mechanism in source.mechanisms {
            for selector in &mechanism.vectors {
                assert!(!shipped.select(selector).is_empty(), "{}: {selector}", mechanism.mechanism);
            }
            let row = Row::new(mechanism, &shipped);
            let name = &row.mechanism.mechanism;
            assert!(row.valid > 0, "{name}: no valid case");
            // A text in Markdown is never refused.
            assert!(row.invalid > 0 || row.kinds == ["markdown"], "{name}: no invalid case");
            kinds.extend(row.kinds);
        }
        let known: BTreeSet<_> = mimi_test_vectors::kinds().map(str::to_owned).collect();
        assert_eq!(kinds, known);
    }
}
