//! What the checks of `identity-link` and `connection` notice: every member, and every byte of it
//! that counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi_test_vectors::{Report, SHIPPED, verify_str};
use serde_json::{Value, json};

const KINDS: [&str; 2] = ["connection", "identity-link"];

fn shipped(kind: &str) -> Vec<Value> {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == format!("{kind}.json")).unwrap();
    serde_json::from_str::<Value>(json).unwrap()["cases"].as_array().unwrap().clone()
}

fn verify(kind: &str, case: &Value) -> Report {
    verify_str("one.json", &json!({"format": 1, "kind": kind, "cases": [case]}).to_string())
}

fn members(case: &Value) -> Vec<String> {
    let names = case
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !matches!(&***name, "name" | "valid" | "reason" | "flags"));
    names.cloned().collect()
}

/// The first valid case of suite 1 and of suite 2.
fn samples(kind: &str) -> Vec<Value> {
    let valid = shipped(kind).into_iter().filter(|case| case["valid"] != json!(false));
    valid.filter(|case| [json!(1), json!(2)].contains(&case["cipher_suite"])).step_by(2).collect()
}

#[test]
fn every_suite_has_valid_and_invalid_cases() {
    for kind in KINDS {
        for suite in [1, 2, 3, 5, 7] {
            let cases = shipped(kind);
            let of_suite = cases.iter().filter(|case| case["cipher_suite"] == json!(suite));
            let (invalid, valid): (Vec<_>, Vec<_>) = of_suite.partition(|case| case["valid"] == json!(false));
            assert!(valid.len() >= 2 && invalid.len() >= 10, "{kind} {suite}");
        }
    }
}

#[test]
fn refuses_a_flipped_bit_at_both_ends_of_every_member() {
    for kind in KINDS {
        for case in samples(kind) {
            assert!(verify(kind, &case).holds());
            for member in members(&case) {
                let Some(text) = case[&member].as_str() else { continue };
                let Ok(bytes) = hex::decode(text) else { continue };
                for at in [0, bytes.len() / 2, bytes.len() - 1] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= 1;
                    let mut damaged = case.clone();
                    damaged[&member] = json!(hex::encode(bytes));
                    // X25519 ignores some bits of a private key.
                    let ignored =
                        member.ends_with("private_key") && at == 0 && case["cipher_suite"] == json!(1);
                    assert!(!verify(kind, &damaged).holds() || ignored, "{kind} {member} {at}");
                }
            }
        }
    }
}

#[test]
fn refuses_other_texts_and_suites_and_names_the_member() {
    let reports = |kind: &str, member: &str, value: Value, field: &str| {
        let mut case = samples(kind).remove(0);
        case[member] = value;
        let report = verify(kind, &case);
        let mut found = report.failures.iter().chain(&report.unjudged);
        assert!(found.any(|failure| failure.field == field), "{report:#?}");
    };
    reports("identity-link", "client_pseudonym", json!("mimi://a.example/d/1"), "credential_tbs");
    reports("identity-link", "user_pseudonym", json!("mimi://a.example/u/1"), "credential_tbs");
    reports("connection", "responder_uri", json!("mimi://b.example/u/carol"), "connection_request");
    reports("connection", "responder_uri", json!("bob"), "sealed_request");
    for kind in KINDS {
        reports(kind, "cipher_suite", json!(4), "cipher_suite");
        reports(kind, "cipher_suite", json!("1"), "cipher_suite");
    }
}

#[test]
fn refuses_every_missing_or_ill_typed_member() {
    for kind in KINDS {
        let case = samples(kind).remove(0);
        let invalid = shipped(kind).into_iter().find(|case| case["valid"] == json!(false)).unwrap();
        for case in [case, invalid] {
            for member in members(&case) {
                for value in [Value::Null, json!({"a": []})] {
                    let mut damaged = case.clone();
                    damaged[&member] = value;
                    let report = verify(kind, &damaged);
                    assert!(report.failures.iter().any(|failure| failure.field == member), "{kind} {member}");
                }
            }
        }
    }
}

#[test]
fn refuses_verdicts_that_are_swapped() {
    for kind in KINDS {
        for mut case in shipped(kind) {
            let valid = case["valid"] != json!(false);
            case["valid"] = json!(!valid);
            assert!(!verify(kind, &case).holds(), "{}", case["name"]);
        }
    }
}
