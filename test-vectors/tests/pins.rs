//! `docs/readings.md` promises that every chosen reading is pinned by a test, `docs/threats.md`
//! that every threat is shown by one, unless it says why not. A pin is `file::function`, in
//! backticks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::fs;
use std::path::Path;

#[test]
fn every_reading_is_pinned_by_a_test_that_exists() {
    let readings = read("docs/readings.md");
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
        if pinned(pins).is_empty() {
            missing.push(format!("{number}: no pin"));
        }
        missing.extend(untested(number, pins));
    }
    assert!(rows > 20, "{rows} rows");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_reading_that_a_flag_names_exists() {
    let readings = read("docs/readings.md");
    let mut named = 0;
    for (file, json) in mimi_test_vectors::SHIPPED {
        let file_json: serde_json::Value = serde_json::from_str(json).unwrap();
        for (flag, note) in file_json["notes"].as_object().into_iter().flatten() {
            for number in note["readings"].as_array().into_iter().flatten() {
                let row = format!("\n| {} |", number.as_str().unwrap());
                assert!(readings.contains(&row), "{file}: {flag}: {number}");
                named += 1;
            }
        }
    }
    assert!(named > 50, "{named}");
}

#[test]
fn every_threat_is_shown_by_tests_that_exist_or_says_why_not() {
    let threats = read("docs/threats.md");
    let (requirements, comparisons) = threats.split_once("## Where secrets are compared").unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    let rows = |text: &str| -> Vec<Vec<String>> {
        let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("| where"));
        rows.map(cells).collect()
    };
    let mut missing = Vec::new();
    let all = rows(requirements);
    for row in &all {
        assert_eq!(row.len(), 4, "{row:?}");
        let (number, shown_by) = (&row[0], &row[3]);
        if pinned(shown_by).is_empty() && !shown_by.starts_with("Not shown") {
            missing.push(format!("{number}: neither a test nor why not"));
        }
        missing.extend(untested(number, shown_by));
    }
    assert!(all.len() > 40, "{} rows", all.len());
    let all = rows(comparisons);
    for row in &all {
        for (file, name) in pinned(row.last().unwrap()) {
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            if ![format!("fn {name}("), format!("fn {name}<"), format!(".{name}("), format!("struct {name}<")]
                .iter()
                .any(|place| source.contains(place))
            {
                missing.push(format!("{file}::{name}"));
            }
        }
    }
    assert!(all.len() > 5, "{} comparisons", all.len());
    assert!(missing.is_empty(), "{missing:#?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The pins in a cell: file and function.
fn pinned(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').filter_map(|pin| pin.split_once("::")).collect()
}

/// The pins in a cell that are no tests.
fn untested(number: &str, cell: &str) -> Vec<String> {
    let is_missing = |(file, function): &(&str, &str)| {
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        !is_tested(&source, function)
    };
    let missing = pinned(cell).into_iter().filter(is_missing);
    missing.map(|(file, function)| format!("{number}: {file}::{function}")).collect()
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
