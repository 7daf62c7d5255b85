//! Every expectation of a case of the kind `name` counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi_test_vectors::{Report, SHIPPED, verify_str};
use serde_json::{Value, json};

fn cases() -> Vec<Value> {
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "name.json").unwrap();
    let mut file: Value = serde_json::from_str(text).unwrap();
    serde_json::from_value(file["cases"].take()).unwrap()
}

fn verify(case: &Value) -> Report {
    let file = json!({"format": 1, "kind": "name", "cases": [case]});
    verify_str("name.json", &file.to_string())
}

#[test]
fn the_opposite_verdict_fails() {
    for mut case in cases() {
        let valid = case["valid"] != json!(false);
        case["valid"] = json!(!valid);
        assert!(!verify(&case).holds(), "{case}");
    }
}

#[test]
fn what_follows_from_a_name_is_compared() {
    let members = [
        ("normal", json!("mimi://other.example/u/a")),
        ("equivalent", json!(["mimi://other.example/u/a"])),
        ("equivalent", json!(["no URI"])),
        ("domain", json!("other.example")),
        ("expanded", json!("https://other.example/")),
        ("type", json!("other")),
        ("subtype", json!("other")),
        ("parameters", json!([["other", "x"]])),
    ];
    let mut changed = 0;
    for case in cases() {
        for (member, other) in &members {
            if case.get(member).is_none() {
                continue;
            }
            let mut case = case.clone();
            case[*member] = other.clone();
            let report = verify(&case);
            let named = report.failures.iter().any(|failure| failure.field.starts_with(member));
            assert!(named, "{member}: {case}: {:?}", report.failures);
            changed += 1;
        }
        if let Some(is_normal) = case.get("is_normal").and_then(Value::as_bool) {
            let mut case = case.clone();
            case["is_normal"] = json!(!is_normal);
            assert!(!verify(&case).holds(), "{case}");
        }
    }
    assert!(changed > 100, "{changed}");
}

#[test]
fn members_that_are_missing_or_malformed_fail() {
    for what in ["asset_url", "certificate", "from_header", "url_template", "media_type"] {
        let case = cases().into_iter().find(|case| case["what"] == json!(what)).unwrap();
        for member in ["domains", "presented", "domain", "variables", "expanded", "type", "parameters"] {
            for value in [Value::Null, json!(1), json!([1]), json!([[1, 2]])] {
                let mut case = case.clone();
                if case.get(member).is_none() {
                    continue;
                }
                case[member] = value;
                assert!(!verify(&case).holds(), "{case}");
            }
        }
    }
}

#[test]
fn an_unknown_rule_is_not_judged() {
    let case = json!({"name": "x", "what": "new", "input": "y"});
    let report = verify(&case);
    assert_eq!((report.unjudged.len(), report.failures.len()), (1, 0));
    assert!(!report.holds());
}
