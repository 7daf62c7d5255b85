//! Damage to vectors of the kind `franking`: none is overlooked, and it is reported with its case
//! and its member.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi_test_vectors::{SHIPPED, verify_str};
use serde_json::{Value, json};

const REVISIONS: [(&str, [&str; 2]); 3] = [
    ("06", ["signature_public_key", "franking_integrity_signature"]),
    ("03", ["franking_integrity_secret", "franking_integrity_check"]),
    ("02", ["franking_context_secret", "franking_context_hash"]),
];

fn shipped_case(name: &str) -> Value {
    let (_, json) = SHIPPED.iter().find(|(file, _)| *file == "franking.json").unwrap();
    let file: Value = serde_json::from_str(json).unwrap();
    file["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap().clone()
}

fn valid(revision: &str) -> Value {
    shipped_case(&format!("{revision}, suite 1: a message"))
}

/// The members that a verification of this case reports, or that keep the case from being judged.
fn failures(case: &Value) -> Vec<String> {
    let file = json!({"format": 1, "kind": "franking", "cases": [case]});
    let report = verify_str("damaged.json", &file.to_string());
    assert_eq!(report.failed_cases, usize::from(!report.holds_as_far_as_judged()));
    report.failures.into_iter().chain(report.unjudged).map(|failure| failure.field).collect()
}

#[track_caller]
fn reports(case: &Value, field: &str) {
    let failures = failures(case);
    assert!(failures.iter().any(|failure| failure == field), "{field} is not among {failures:?}");
}

fn flip(value: &mut Value, at: usize) {
    let mut bytes = hex::decode(value.as_str().unwrap()).unwrap();
    bytes[at] ^= 1;
    *value = json!(hex::encode(bytes));
}

#[test]
fn refuses_every_changed_member_of_a_valid_case() {
    for (revision, own) in REVISIONS {
        assert!(failures(&valid(revision)).is_empty());
        for member in
            ["application_data", "salt", "hub_key", "franking_tag", "server_frank"].into_iter().chain(own)
        {
            let length = valid(revision)[member].as_str().unwrap().len() / 2;
            for at in [0, length / 2, length - 1] {
                let mut case = valid(revision);
                flip(&mut case[member], at);
                assert!(!failures(&case).is_empty(), "{revision} {member} {at}");
            }
        }
        for (member, value) in [
            ("sender_uri", json!("mimi://c.example/u/bob")),
            ("room_uri", json!("mimi://hub.example/r/x")),
            ("accepted_timestamp", json!(1)),
        ] {
            let mut case = valid(revision);
            case[member] = value;
            reports(&case, "receiver");
        }
        // What was recomputed names its member.
        for member in ["franking_tag", "server_frank", own[1]] {
            let mut case = valid(revision);
            flip(&mut case[member], 0);
            reports(&case, member);
        }
    }
    let mut case = valid("06");
    flip(&mut case["signature_private_key"], 0);
    reports(&case, "signature_public_key");
    case = valid("06");
    case["cipher_suite"] = json!(3);
    reports(&case, "franking_integrity_signature");
}

#[test]
fn refuses_every_missing_or_ill_typed_member() {
    let all = [
        "revision",
        "application_data",
        "salt",
        "sender_uri",
        "room_uri",
        "accepted_timestamp",
        "hub_key",
        "franking_tag",
        "server_frank",
    ];
    for (revision, own) in REVISIONS {
        let mut members = [&all[..], &own].concat();
        if revision == "06" {
            members.extend(["cipher_suite", "signature_private_key"]);
        }
        for member in members {
            for value in [Value::Null, json!(-1), json!({"a": []})] {
                let mut case = valid(revision);
                case[member] = value;
                reports(&case, member);
                case["valid"] = json!(false);
                case["refused_by"] = json!(["receiver", "hub"]);
                reports(&case, member);
            }
        }
    }
    let bad_times = [json!("5"), json!(1.5), json!(9_007_199_254_740_992_u64), json!("09007199254740992")];
    for (member, values) in [
        ("revision", &[json!("05"), json!("6")][..]),
        ("accepted_timestamp", &bad_times),
        ("cipher_suite", &[json!(65_536)]),
        ("sender_uri", &[json!("")]),
        ("hub_key", &[json!("AB")]),
    ] {
        for value in values {
            let mut case = valid("06");
            case[member] = value.clone();
            reports(&case, member);
        }
    }
}

#[test]
fn refuses_a_party_that_accepts_what_it_must_refuse() {
    for (revision, _) in REVISIONS {
        let mut case = valid(revision);
        case["valid"] = json!(false);
        for parties in [&["receiver"][..], &["hub"], &["receiver", "hub"]] {
            case["refused_by"] = json!(parties);
            assert_eq!(failures(&case), parties);
        }
        // The receiver has no hub_key and cannot refuse this one; the hub must.
        let mut case = shipped_case(&format!("{revision}, suite 1: other hub_key"));
        assert!(failures(&case).is_empty());
        case["refused_by"] = json!(["receiver"]);
        assert_eq!(failures(&case), ["receiver"]);
        case.as_object_mut().unwrap().remove("valid");
        reports(&case, "hub");
    }
}

#[test]
fn refuses_a_list_of_parties_that_says_nothing() {
    for value in [Value::Null, json!([]), json!("hub"), json!(["follower"]), json!(["hub", 1])] {
        let mut case = shipped_case("06, suite 1: other hub_key");
        case["refused_by"] = value;
        reports(&case, "refused_by");
    }
}

#[test]
fn every_suite_and_revision_has_cases_of_both_kinds() {
    for (revision, _) in REVISIONS {
        for suite in [1, 2, 3, 5, 7] {
            assert_eq!(shipped_case(&format!("{revision}, suite {suite}: a message"))["revision"], revision);
        }
    }
    for suite in [1, 2, 3, 5, 7] {
        shipped_case(&format!("06, suite {suite}: signed for another suite"));
    }
}
