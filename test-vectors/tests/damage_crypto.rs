//! The kinds with keys: every damage to a case is reported, with the case and its field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi_test_vectors::{SHIPPED, verify_str};
use serde_json::{Value, json};

const KINDS: [&str; 3] = ["associated-party", "group-info", "semi-private"];

fn cases(kind: &str) -> Vec<Value> {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == format!("{kind}.json")).unwrap();
    serde_json::from_str::<Value>(json).unwrap()["cases"].as_array().unwrap().clone()
}

/// The first case, valid and with every optional member.
fn first(kind: &str) -> Value {
    cases(kind)[0].clone()
}

/// The fields that a verification of the case alone reports, or that keep the case from being
/// judged.
fn failures(kind: &str, case: &Value) -> Vec<String> {
    let file = json!({"format": 1, "kind": kind, "cases": [case]});
    let report = verify_str("damaged.json", &file.to_string());
    assert_eq!(report.cases, 1);
    assert_eq!(report.holds(), report.failures.is_empty() && report.unjudged.is_empty());
    assert!(report.failures.iter().all(|failure| failure.case.as_deref() == case["name"].as_str()));
    assert!(report.failures.iter().all(|failure| failure.expected != failure.found), "{report:#?}");
    report.failures.into_iter().chain(report.unjudged).map(|failure| failure.field).collect()
}

fn members(case: &Value) -> Vec<String> {
    case.as_object().unwrap().keys().filter(|member| *member != "name").cloned().collect()
}

fn with(case: &Value, member: &str, value: Value) -> Value {
    let mut case = case.clone();
    case[member] = value;
    case
}

/// Some of the flips of one bit: at both ends and in between. Bit 3 is none of those that X25519
/// ignores.
fn flips(hex_text: &str) -> impl Iterator<Item = String> + use<> {
    let bytes = hex::decode(hex_text).unwrap();
    let step = (bytes.len() / 16).max(1);
    let places = (0..bytes.len()).step_by(step).chain(bytes.len().checked_sub(1));
    places.collect::<Vec<_>>().into_iter().map(move |at| {
        let mut flipped = bytes.clone();
        flipped[at] ^= 8;
        hex::encode(flipped)
    })
}

#[test]
fn undamaged_cases_hold_with_and_without_optional_members() {
    let optional = [
        (
            "associated-party",
            "ap_encryption_private_key sealed_ap_commit_base_secret sender_signature_public_key",
        ),
        ("group-info", ""),
        ("semi-private", "sender_data_secret generation signature_public_key"),
    ];
    for (kind, optional) in optional {
        let mut case = first(kind);
        assert_eq!(failures(kind, &case), [""; 0]);
        for member in optional.split(' ').filter(|member| !member.is_empty()) {
            assert!(case[member].is_string() || case[member].is_number(), "{member}");
            case[member] = Value::Null;
        }
        case["comment"] = json!("ignored");
        assert_eq!(failures(kind, &case), [""; 0]);
    }
}

#[test]
fn every_flipped_bit_is_reported() {
    for kind in KINDS {
        let case = first(kind);
        let mut flipped = 0;
        for member in members(&case) {
            let Some(text) = case[&member].as_str() else { continue };
            for damaged in flips(text) {
                let damaged = with(&case, &member, json!(damaged));
                assert_ne!(failures(kind, &damaged), [""; 0], "{kind} {member}");
                flipped += 1;
            }
        }
        assert!(flipped > 100, "{kind}");
    }
    let case = first("semi-private");
    for index in [0, 1] {
        for damaged in flips(case["receivers"][0][index].as_str().unwrap()) {
            let mut file = case.clone();
            file["receivers"][0][index] = json!(damaged);
            assert_ne!(failures("semi-private", &file), [""; 0], "receivers[0][{index}]");
        }
    }
}

#[test]
fn what_is_recomputed_is_reported_under_its_own_name() {
    let recomputed: [(&str, &[&str]); 3] = [
        (
            "associated-party",
            &[
                "ap_commit_base_secret",
                "ap_commit_secret",
                "ap_commit_secret_id",
                "ap_epoch_secret",
                "ap_exporter_secret",
                "ap_init_secret",
                "franking_context_secret",
                "franking_integrity_secret",
                "sealed_ap_commit_base_secret",
            ],
        ),
        ("group-info", &["hub_signature_public_key", "plaintext"]),
        ("semi-private", &["group_id", "authenticated_data", "encrypted_sender_data"]),
    ];
    for (kind, fields) in recomputed {
        let case = first(kind);
        for field in fields {
            let damaged = flips(case[*field].as_str().unwrap()).last().unwrap();
            let found = failures(kind, &with(&case, field, json!(damaged)));
            assert!(found.iter().any(|found| found == field), "{kind} {field}: {found:?}");
        }
    }
    let case = first("semi-private");
    for (field, value) in [
        ("epoch", json!(9)),
        ("epoch", json!("18446744073709551615")),
        ("content_type", json!(3)),
        ("generation", json!(4)),
    ] {
        assert!(failures("semi-private", &with(&case, field, value)).contains(&field.to_string()), "{field}");
    }
    let found = failures("semi-private", &with(&case, "sender_leaf_index", json!(1)));
    assert!(found.contains(&"message.partial_context_hash".to_string()), "{found:?}");
    let found = failures("associated-party", &with(&first("associated-party"), "ap_index", json!(1)));
    assert!(found.contains(&"ap_commit_base_secret".to_string()), "{found:?}");
}

#[test]
fn every_missing_or_ill_typed_member_is_reported_and_no_refusal() {
    for kind in KINDS {
        let all = cases(kind);
        let valid = &all[0];
        let invalid = all.iter().find(|case| case["valid"] == json!(false)).unwrap();
        for case in [valid, invalid] {
            for member in members(case) {
                if ["valid", "reason", "flags"].contains(&&*member) {
                    continue;
                }
                let mut values =
                    vec![json!(["zz"]), json!("zz"), json!("AB"), json!("0"), json!(1.5), json!({})];
                // Who has the sealed secret needs the key:
                // `optional_members_that_belong_together_are_missed`.
                let optional = [
                    "ap_init_secret_previous",
                    "sealed_ap_commit_base_secret",
                    "sender_signature_public_key",
                    "plaintext",
                    "sender_data_secret",
                    "generation",
                    "signature_public_key",
                ];
                if !optional.contains(&&*member) {
                    values.push(Value::Null);
                }
                for value in values {
                    let found = failures(kind, &with(case, &member, value.clone()));
                    assert_eq!(found, [&*member], "{kind} {member} {value}");
                }
            }
        }
        for suite in [json!(0), json!(4), json!(65536), json!("1"), json!(-1), Value::Null] {
            for case in [valid, invalid] {
                assert_eq!(failures(kind, &with(case, "cipher_suite", suite.clone())), ["cipher_suite"]);
            }
        }
    }
    let case = first("semi-private");
    for receivers in
        [json!([["00"]]), json!([["00", 1]]), json!([[]]), json!(["00"]), json!([["00", "00", "00"]])]
    {
        assert_eq!(failures("semi-private", &with(&case, "receivers", receivers)), ["receivers"]);
    }
    for number in [json!(9_007_199_254_740_992_u64), json!("8"), json!("018446744073709551615"), json!("")] {
        assert_eq!(failures("semi-private", &with(&case, "epoch", number)), ["epoch"]);
    }
    for number in [json!(4_294_967_296_u64), json!(-1)] {
        assert_eq!(
            failures("semi-private", &with(&case, "sender_leaf_index", number)),
            ["sender_leaf_index"]
        );
    }
}

#[test]
fn swapped_verdicts_are_reported() {
    for kind in KINDS {
        for case in cases(kind) {
            let swapped = with(&case, "valid", json!(case["valid"] == json!(false)));
            let found = failures(kind, &swapped);
            if case["valid"] == json!(false) {
                assert_ne!(found, [""; 0], "{}", case["name"]);
            } else {
                assert_eq!(found, ["valid"], "{}", case["name"]);
            }
        }
    }
}

#[test]
fn optional_members_that_belong_together_are_missed() {
    let case = first("associated-party");
    let alone = with(&case, "ap_encryption_private_key", Value::Null);
    assert_eq!(failures("associated-party", &alone), ["ap_encryption_private_key"]);
    let none = with(&first("semi-private"), "receivers", json!([]));
    assert!(failures("semi-private", &none).contains(&"receivers".to_string()));
    let no_body = with(&first("group-info"), "plaintext", Value::Null);
    assert_eq!(failures("group-info", &no_body), ["plaintext"]);
    // A suite that the keys are not of.
    let other = with(&first("group-info"), "cipher_suite", json!(2));
    assert_ne!(failures("group-info", &other), [""; 0]);
}

#[test]
fn every_suite_has_valid_cases_of_every_kind_and_every_invalid_one_says_why() {
    for kind in KINDS {
        let all = cases(kind);
        for suite in [1, 2, 3, 5, 7, 0x004f, 0x004e, 0xf0a3, 0x0052] {
            let of_suite = |case: &&Value| case["cipher_suite"] == json!(suite) && case["valid"].is_null();
            assert!(all.iter().filter(of_suite).count() >= 3, "{kind} {suite}");
        }
        for case in all.iter().filter(|case| case["valid"] == json!(false)) {
            assert!(case["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{}", case["name"]);
        }
        let (_, file) = SHIPPED.iter().find(|(name, _)| *name == format!("{kind}.json")).unwrap();
        assert!(file.len() < 320_000, "{kind}: {} bytes", file.len());
    }
}
