//! A case with the opposite verdict fails: no kind accepts whatever it is given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

use mimi_test_vectors::{SHIPPED, verify_str};
use serde_json::{Value, json};

fn cases(file: &str) -> (Value, Vec<Value>) {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == file).unwrap();
    let file: Value = serde_json::from_str(json).unwrap();
    (file["kind"].clone(), file["cases"].as_array().unwrap().clone())
}

#[test]
fn every_case_with_the_opposite_verdict_fails() {
    for file in FILES {
        let (kind, cases) = cases(file);
        let opposite: Vec<Value> = cases
            .into_iter()
            .map(|mut case| {
                case["valid"] = json!(case["valid"] == json!(false));
                case
            })
            .collect();
        let document = json!({"format": 1, "kind": kind, "cases": opposite});
        let report = verify_str(file, &document.to_string());
        let failed: Vec<_> = report.failures.iter().map(|failure| failure.case.clone()).collect();
        for case in &opposite {
            let name = case["name"].as_str().map(str::to_string);
            assert!(failed.contains(&name), "{file}: {name:?} holds either way");
        }
    }
}

const FILES: [&str; 5] =
    ["attachment.json", "derivation.json", "identifier-query.json", "key-package-set.json", "room-rule.json"];
