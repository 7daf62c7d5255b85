//! `docs/conformance.md`, its form and the table of mechanisms are what the program makes of their
//! sources, and what the source of conformance names exists.

#![cfg(feature = "program")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn run(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mimi-vectors")).args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn directory(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn the_documents_are_those_of_the_sources() {
    for (file, arguments) in [
        ("docs/conformance.md", &["conformance", "--statement"][..]),
        ("docs/conformance-form.md", &["conformance"]),
    ] {
        let command = format!("mimi-vectors {} > {file}", arguments.join(" "));
        assert!(run(arguments).1 == read(file), "out of date: {command}");
    }
    let copy = directory("table-of-mechanisms").join("README.md");
    let readme = read("test-vectors/README.md");
    fs::write(&copy, &readme).unwrap();
    assert_eq!(run(&["mechanisms", "--into", copy.to_str().unwrap()]).0, 0);
    let is_current = fs::read_to_string(&copy).unwrap() == readme;
    assert!(is_current, "out of date: mimi-vectors mechanisms --into test-vectors/README.md");
    fs::write(&copy, "no table\n").unwrap();
    assert_eq!(run(&["mechanisms", "--into", copy.to_str().unwrap()]).0, 1);
}

#[test]
fn every_function_and_test_that_is_named_exists() {
    let source: Value = serde_json::from_str(&read("test-vectors/conformance.json")).unwrap();
    let mut crates = BTreeMap::new();
    let (mut functions, mut tests, mut missing) = (0, 0, Vec::new());
    let texts = |row: &Value, member: &str| -> Vec<String> {
        let list = row[member].as_array().cloned().unwrap_or_default();
        list.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    for part in source["parts"].as_array().unwrap() {
        for row in part["requirements"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap();
            for path in texts(row, "by") {
                functions += 1;
                let name = path.split("::").next().unwrap().replace('_', "-");
                let sources = crates.entry(name.clone()).or_insert_with(|| sources(&name));
                if !is_there(sources, &path) {
                    missing.push(format!("{id}: {path}"));
                }
            }
            for test in texts(row, "tests") {
                tests += 1;
                let (file, function) = test.split_once("::").unwrap();
                let source = fs::read_to_string(root().join(file)).unwrap_or_default();
                if !is_tested(&source, function) {
                    missing.push(format!("{id}: {test}"));
                }
            }
        }
    }
    assert!(functions > 350 && tests > 450, "{functions} functions, {tests} tests");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_name_that_no_source_has_is_not_there() {
    let sources = [
        "pub fn open(\n".to_owned(),
        "pub struct Room {\nimpl Room {\n    pub fn judge<S>(\n    fn secret(\n".to_owned(),
        "wire_struct! {\n    pub struct Frank {\nopen_registry! {\n    pub Suite: u16\n".to_owned(),
    ];
    for there in ["m::open", "m::Room", "m::part::Room::judge", "m::Frank", "m::Suite"] {
        assert!(is_there(&sources, there), "{there}");
    }
    for not in ["m::judge", "m::Room::open", "m::Rooms", "m::Frank::judge", "m::Room::secret", "m::ope"] {
        assert!(!is_there(&sources, not), "{not}");
    }
}

/// The files of a crate.
fn sources(name: &str) -> Vec<String> {
    fn walk(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(name).join("src"), &mut found);
    found
}

/// Whether a public type, a public free function, or a method beside the name of its type is
/// defined.
fn is_there(sources: &[String], path: &str) -> bool {
    let mut steps = path.rsplit("::");
    let (last, owner) = (steps.next().unwrap(), steps.next().unwrap());
    let is_type = |name: &str| name.starts_with(char::is_uppercase);
    let defines = |source: &str, before: &str, name: &str| {
        source.match_indices(&format!("{before}{name}")).any(|(at, found)| {
            let next = source[at + found.len()..].chars().next();
            next.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        })
    };
    if is_type(last) {
        let words = ["struct ", "enum ", "trait ", "type ", "pub "];
        return sources.iter().any(|source| words.iter().any(|word| defines(source, word, last)));
    }
    if is_type(owner) {
        return sources.iter().any(|source| {
            let is_public = ["pub fn ", "pub const fn "].iter().any(|word| defines(source, word, last));
            // A method of a trait has no `pub`.
            let is_of_trait = defines(source, "trait ", owner) && defines(source, "    fn ", last);
            (is_public && defines(source, "", owner)) || is_of_trait
        });
    }
    let words = ["\npub fn ", "\npub const fn "];
    let is_free = |source: &String| {
        let source = format!("\n{source}");
        words.iter().any(|word| defines(&source, word, last))
    };
    sources.iter().any(is_free)
}

/// Whether the function is there and marked as a test, in a `proptest!` too.
fn is_tested(source: &str, function: &str) -> bool {
    let heading = format!("fn {function}(");
    source.match_indices(&heading).any(|(at, _)| {
        let attributes = source[..at].rsplit("\n\n").next().unwrap_or_default();
        attributes.contains("#[test]")
    })
}

#[test]
fn the_form_is_filled_in_from_results() {
    let folder = directory("conformance");
    let results = folder.join("results.json");
    let vectors = folder.join("apq.json");
    let shipped = mimi_test_vectors::SHIPPED.iter().find(|(name, _)| *name == "apq.json").unwrap().1;
    let row = |id: &str| -> (i32, Value) {
        let (status, rows) = run(&["conformance", "--json", "--allow-unjudged", results.to_str().unwrap()]);
        let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
        (status, rows.into_iter().find(|row| row["id"] == id).unwrap())
    };

    fs::write(&vectors, shipped).unwrap();
    fs::write(&results, run(&["verify", "--json", vectors.to_str().unwrap()]).1).unwrap();
    let (status, psk) = row("A-004");
    assert_eq!((status, &psk["result"], &psk["right"]), (0, &json!("shown"), &psk["cases"]));
    assert_eq!(row("T-001").1["result"], "not_judged");
    let text = results.to_str().unwrap();
    let (status, form) = run(&["conformance", text]);
    assert_eq!(status, 1, "most of the form is open");
    assert!(form.contains("| `apq/psk` | 14 of 14 cases |"), "{form}");

    let wrong = shipped.replacen("\"apq_psk\": \"", "\"apq_psk\": \"00", 1);
    assert_ne!(wrong, shipped);
    fs::write(&vectors, wrong).unwrap();
    fs::write(&results, run(&["verify", "--json", vectors.to_str().unwrap()]).1).unwrap();
    let (status, psk) = row("A-004");
    assert_eq!((status, &psk["result"]), (1, &json!("failed")));
    assert_eq!(psk["failed"].as_array().unwrap().len(), 1);

    // A file of which some cases were left out shows nothing.
    let some = run(&["verify", "--json", "--without", "PostQuantum", vectors.to_str().unwrap()]);
    assert_eq!(some.0, 2, "the file has no such flag");
    fs::write(&results, r#"{"files": [{"file": "apq.json", "cases": 10}]}"#).unwrap();
    assert_eq!(row("A-004").1["result"], "not_judged");
    fs::write(&results, "[]").unwrap();
    assert_eq!(run(&["conformance", text]).0, 1);
    assert_eq!(run(&["conformance", "no/such/file"]).0, 2);

    let hub: Vec<Value> = serde_json::from_str(&run(&["conformance", "--json", "--who", "hub"]).1).unwrap();
    assert!(hub.iter().all(|row| row["who"].as_array().unwrap().contains(&json!("hub"))));
    assert!(hub.iter().any(|row| row["id"] == "F-006") && hub.iter().all(|row| row["id"] != "F-015"));
}
