//! `docs/readings.md` promises that every chosen reading is pinned by a test. A pin is `file::function`, in backticks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::fs;
use std::path::Path;

#[test]
fn every_reading_is_pinned_by_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readings = fs::read_to_string(root.join("docs/readings.md")).unwrap();
    let mut rows = 0;
    let mut missing = Vec::new();
    let mut of_readings = false;
    for line in readings.lines() {
        if line.starts_with("| #") {
            of_readings = line.ends_with("| pinned by |");
            assert!(of_readings, "{line}");
            continue;
        }
        // Other tables, whose rows have no numbers, explain.
        of_readings &= line.starts_with('|');
        if !of_readings || line.starts_with("|-") {
            continue;
        }
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let (number, pins) = (cells[0], *cells.last().unwrap());
        rows += 1;
        let pins: Vec<_> = pins.split('`').filter_map(|pin| pin.split_once("::")).collect();
        if pins.is_empty() {
            missing.push(format!("{number}: no pin"));
        }
        for (file, function) in pins {
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            if !is_tested(&source, function) {
                missing.push(format!("{number}: {file}::{function}"));
            }
        }
    }
    assert!(rows > 20, "{rows} rows");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Whether the function is there and marked as a test, in a `proptest!` too.
fn is_tested(source: &str, function: &str) -> bool {
    let heading = format!("fn {function}(");
    source.split_once(&heading).is_some_and(|(before, _)| {
        let attributes = before.rsplit("\n\n").next().unwrap_or_default();
        attributes.contains("#[test]")
    })
}

#[test]
fn a_pin_is_a_test_and_not_just_a_name() {
    assert!(is_tested("\n#[test]\nfn refuses_it() {}", "refuses_it"));
    assert!(!is_tested("#[test]\nfn other() {}\n\nfn refuses_it() {}", "refuses_it"));
    assert!(!is_tested("// fn refuses_it is gone", "refuses_it"));
}
