//! A verifier that overlooks something is worse than none: every kind of damage is reported with
//! its case and its field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi_test_vectors::{Progress, SHIPPED, verify_str, verify_str_with};
use serde_json::{Value, json};

fn shipped(file: &str) -> Value {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == file).unwrap();
    serde_json::from_str(json).unwrap()
}

/// A file of one kind with two cases: a valid one, and one to be refused.
fn small(kind: &str) -> Value {
    let file = shipped(&format!("{kind}.json"));
    let cases = file["cases"].as_array().unwrap();
    let pick = |valid: bool| {
        let wanted = |case: &&Value| {
            (case["valid"] != json!(false)) == valid && case["encoded"].as_str().unwrap().len() > 80
        };
        cases.iter().find(wanted).unwrap().clone()
    };
    let mut valid = pick(true);
    valid["name"] = json!("valid");
    let mut invalid = pick(false);
    invalid["name"] = json!("invalid");
    json!({"format": 1, "kind": kind, "cases": [valid, invalid]})
}

const KINDS: [&str; 3] = ["content", "message-status", "wire"];

/// The cases and fields that a verification of this file reports.
fn failures(file: &Value) -> Vec<(Option<String>, String)> {
    let report = verify_str("damaged.json", &file.to_string());
    assert!(!report.holds());
    assert!(report.failures.iter().all(|failure| failure.expected != failure.found), "{report:#?}");
    report.failures.into_iter().map(|failure| (failure.case, failure.field)).collect()
}

#[track_caller]
fn reports(file: &Value, case: Option<&str>, field: &str) {
    let failures = failures(file);
    let wanted = (case.map(str::to_string), field.to_string());
    assert!(failures.contains(&wanted), "{wanted:?} is not among {failures:?}");
    // And nothing is said of what is not damaged.
    if case.is_some() {
        assert!(failures.iter().all(|(found, _)| found.as_deref() == case), "{failures:?}");
    }
}

fn with_case(kind: &str, index: usize, damage: impl FnOnce(&mut Value)) -> Value {
    let mut file = small(kind);
    damage(&mut file["cases"][index]);
    file
}

fn flip(text: &str, at: usize) -> String {
    let mut bytes = hex::decode(text).unwrap();
    bytes[at] ^= 1;
    hex::encode(bytes)
}

#[test]
fn undamaged_files_hold() {
    for kind in KINDS {
        let report = verify_str("small.json", &small(kind).to_string());
        assert!(report.holds(), "{report:#?}");
        assert_eq!((report.cases, report.valid, report.invalid, report.failed_cases), (2, 1, 1, 0));
        assert_eq!(report.kind.as_deref(), Some(kind));
    }
}

#[test]
fn refuses_a_flipped_byte_anywhere_in_a_valid_case() {
    for kind in KINDS {
        let encoded = small(kind)["cases"][0]["encoded"].as_str().unwrap().to_string();
        for at in 0..encoded.len() / 2 {
            let damaged = flip(&encoded, at);
            let failures = failures(&with_case(kind, 0, |case| case["encoded"] = json!(damaged)));
            assert!(failures.iter().all(|(case, _)| case.as_deref() == Some("valid")), "{failures:?}");
        }
    }
}

#[test]
fn refuses_another_message_id() {
    for field in ["message_id", "message_id_07"] {
        let damage = |case: &mut Value| case[field] = json!(flip(case[field].as_str().unwrap(), 31));
        reports(&with_case("content", 0, damage), Some("valid"), field);
    }
    for field in ["sender_uri", "room_uri"] {
        let file = with_case("content", 0, |case| case[field] = json!("mimi://b.example/x"));
        reports(&file, Some("valid"), "message_id");
        reports(&file, Some("valid"), "message_id_07");
    }
    let short = with_case("content", 0, |case| case["message_id"] = json!("01"));
    reports(&short, Some("valid"), "message_id");
}

#[test]
fn refuses_another_value_and_names_the_place() {
    type Damage = fn(&mut Value);
    let damages: [(&str, Damage, &str); 5] = [
        ("content", |case| case["value"]["body"]["content"] = json!("00"), "value.body.content"),
        ("content", |case| case["value"]["in_reply_to"] = json!("01".repeat(32)), "value.in_reply_to"),
        ("content", |case| case["value"]["extensions"][0][1] = json!("6161"), "value.extensions[0][1]"),
        ("message-status", |case| case["statuses"][0][1] = json!(200), "statuses[0][1]"),
        ("message-status", |case| case["statuses"] = json!([]), "statuses"),
    ];
    for (kind, damage, field) in damages {
        let file = with_case(kind, 0, damage);
        reports(&file, Some("valid"), field);
        reports(&file, Some("valid"), "encoded");
    }
    let mut file = shipped("wire-content-working-group.json");
    file["cases"][0]["value"]["sender_leaf_index"] = json!(5);
    reports(&file, Some("implied-original"), "value.sender_leaf_index");

    let mut file = json!({"format": 1, "kind": "wire", "cases": [{
        "name": "ciphertext", "type": "HPKECiphertext", "encoded": "01610162", "value": {"kem_output": "61", "ciphertext": "63"},
    }]});
    reports(&file, Some("ciphertext"), "value.ciphertext");
    reports(&file, Some("ciphertext"), "encoded");
    file["cases"][0]["value"] = json!({"kem_output": "61"});
    reports(&file, Some("ciphertext"), "value");
}

#[test]
fn refuses_verdicts_that_are_swapped() {
    for kind in KINDS {
        let valid_as_invalid = with_case(kind, 0, |case| case["valid"] = json!(false));
        reports(&valid_as_invalid, Some("valid"), "encoded");
        let invalid_as_valid = with_case(kind, 1, |case| {
            case.as_object_mut().unwrap().remove("valid");
        });
        reports(&invalid_as_valid, Some("invalid"), "encoded");
        reports(&with_case(kind, 0, |case| case["valid"] = json!("false")), Some("valid"), "valid");
    }
}

/// A decision that is allowed, and one that is refused.
fn decisions() -> Value {
    let file = shipped("policy.json");
    let pick = |allow: bool| {
        let mut cases = file["cases"].as_array().unwrap().iter();
        let mut case = cases.find(|case| case["expect"]["allow"] == json!(allow)).unwrap().clone();
        case["name"] = json!(if allow { "allowed" } else { "refused" });
        case
    };
    json!({"format": 1, "kind": "policy", "cases": [pick(true), pick(false)]})
}

#[test]
fn refuses_decisions_that_are_swapped() {
    for (index, name, allow) in [(0, "allowed", true), (1, "refused", false)] {
        let mut file = decisions();
        assert!(verify_str("decisions.json", &file.to_string()).holds());
        file["cases"][index]["expect"]["allow"] = json!(!allow);
        reports(&file, Some(name), "expect.allow");
        file["cases"][index]["expect"]["allow"] = json!("yes");
        reports(&file, Some(name), "expect.allow");
    }
    let mut file = decisions();
    // The hub sees the changes of a room.
    file["cases"][1]["expect"]["refused_by"] = json!(["client", "hub"]);
    assert!(verify_str("decisions.json", &file.to_string()).holds());
    file["cases"][1]["expect"]["refused_by"] = json!(["client"]);
    reports(&file, Some("refused"), "expect.refused_by");
    let mut file = decisions();
    file["cases"][0]["valid"] = json!(false);
    reports(&file, Some("allowed"), "encoded");
    for member in ["room", "actor", "form", "changes", "expect"] {
        let mut file = decisions();
        file["cases"][1].as_object_mut().unwrap().remove(member);
        reports(&file, Some("refused"), member);
    }
}

#[test]
fn refuses_every_missing_or_ill_typed_member() {
    for (kind, members) in [
        ("content", &["encoded", "sender_uri", "room_uri", "message_id", "value"][..]),
        ("message-status", &["encoded", "statuses"]),
        ("wire", &["type", "encoded"]),
    ] {
        for member in members {
            let missing = with_case(kind, 0, |case| {
                case.as_object_mut().unwrap().remove(*member);
            });
            reports(&missing, Some("valid"), member);
            reports(&with_case(kind, 0, |case| case[*member] = Value::Null), Some("valid"), member);
            reports(&with_case(kind, 0, |case| case[*member] = json!(7)), Some("valid"), member);
            reports(&with_case(kind, 0, |case| case[*member] = json!({"a": []})), Some("valid"), member);
        }
        for damaged in [json!("0"), json!("0x00"), json!("zz"), json!("AB"), json!(["00"])] {
            for (index, name) in [(0, "valid"), (1, "invalid")] {
                let file = with_case(kind, index, |case| case["encoded"] = damaged.clone());
                reports(&file, Some(name), "encoded");
            }
        }
        let missing = with_case(kind, 1, |case| {
            case.as_object_mut().unwrap().remove("encoded");
        });
        reports(&missing, Some("invalid"), "encoded");
        reports(&with_case(kind, 1, |case| case["reason"] = json!(1)), Some("invalid"), "reason");
    }
    reports(
        &with_case("content", 0, |case| case["message_id_07"] = json!(1)),
        Some("valid"),
        "message_id_07",
    );
}

#[test]
fn cases_of_an_unknown_type_are_not_judged() {
    for (index, name) in [(0, "valid"), (1, "invalid")] {
        let file = with_case("wire", index, |case| case["type"] = json!("NoSuchStruct"));
        let report = verify_str("small.json", &file.to_string());
        assert!(report.failures.is_empty() && !report.holds(), "{report:?}");
        let unjudged: Vec<_> = report.unjudged.iter().map(|it| (it.case.as_deref(), &*it.field)).collect();
        assert_eq!(unjudged, [(Some(name), "type")]);
    }
}

#[test]
fn refuses_numbers_that_are_no_integers() {
    for number in [json!(1.5), json!(9_007_199_254_740_992_u64), json!(-1)] {
        let file = with_case("message-status", 0, |case| case["statuses"][0][1] = number);
        let failures = failures(&file);
        assert!(failures.iter().any(|(_, field)| field.starts_with("statuses")), "{failures:?}");
    }
}

#[test]
fn refuses_names_that_are_missing_or_occur_twice() {
    for kind in KINDS {
        reports(&with_case(kind, 1, |case| case["name"] = json!("valid")), Some("valid"), "name");
        reports(&with_case(kind, 1, |case| case["name"] = json!(1)), Some("cases[1]"), "name");
        let missing = with_case(kind, 1, |case| {
            case.as_object_mut().unwrap().remove("name");
        });
        reports(&missing, Some("cases[1]"), "name");
        let mut no_object = small(kind);
        no_object["cases"][1] = json!("a case");
        reports(&no_object, Some("cases[1]"), "case");
    }
}

#[test]
fn refuses_unknown_kinds_and_formats() {
    for kind in KINDS {
        for format in [json!("1"), Value::Null] {
            let mut file = small(kind);
            file["format"] = format;
            reports(&file, None, "format");
            assert_eq!(verify_str("", &file.to_string()).cases, 0);
        }
        for format in [0, 2] {
            let mut file = small(kind);
            file["format"] = json!(format);
            is_not_judged(&file, None, "format", 2);
        }
        let mut file = small(kind);
        file.as_object_mut().unwrap().remove("format");
        reports(&file, None, "format");
    }
    for kind in [json!(1), Value::Null] {
        let mut file = small("content");
        file["kind"] = kind;
        reports(&file, None, "kind");
    }
    for kind in ["franking-2", "Content"] {
        let mut file = small("content");
        file["kind"] = json!(kind);
        is_not_judged(&file, None, "kind", 2);
    }
}

/// What a verifier does not know counts neither as right nor as wrong.
fn is_not_judged(file: &Value, case: Option<&str>, field: &str, cases: usize) {
    let report = verify_str("", &file.to_string());
    assert_eq!(report.failures, []);
    assert!(!report.holds() && report.holds_as_far_as_judged());
    assert_eq!(report.unjudged_cases, cases);
    let [why] = report.unjudged.as_slice() else { panic!("{report:?}") };
    assert_eq!((why.case.as_deref(), why.field.as_str()), (case, field));
}

#[test]
fn judges_no_case_of_an_unknown_suite_or_revision() {
    for kind in [
        "associated-party",
        "connection",
        "franking",
        "group-info",
        "identity-link",
        "leaf-operation-intent",
        "private-external",
        "semi-private",
        "virtual-client",
    ] {
        // Suite 4 is X448, and 0x0a0a a GREASE value; whether the rest of the case is in order does
        // not matter.
        for number in [4, 6, 0x0a0a, 0xffff] {
            let mut file = shipped(&format!("{kind}.json"));
            file["cases"].as_array_mut().unwrap().truncate(1);
            file["cases"][0]["cipher_suite"] = json!(number);
            file["cases"][0]["name"] = json!("x");
            is_not_judged(&file, Some("x"), "cipher_suite", 1);
        }
    }
    let mut file = shipped("franking.json");
    file["cases"].as_array_mut().unwrap().truncate(1);
    file["cases"][0]["name"] = json!("x");
    file["cases"][0]["revision"] = json!("07");
    is_not_judged(&file, Some("x"), "revision", 1);
}

#[test]
fn refuses_files_without_cases() {
    for cases in [json!([]), json!({}), Value::Null] {
        let mut file = small("wire");
        file["cases"] = cases;
        reports(&file, None, "cases");
    }
    let mut file = small("wire");
    file.as_object_mut().unwrap().remove("cases");
    reports(&file, None, "cases");
}

#[test]
fn refuses_what_is_no_json_object() {
    for text in ["", "[]", "null", "{", "{} {}", "{\"format\": 1", "\u{feff}{}"] {
        let report = verify_str("broken.json", text);
        assert!(!report.holds(), "{text}");
        assert_eq!((report.failures[0].case.as_deref(), report.failures[0].field.as_str()), (None, "file"));
    }
    let mut twice = small("wire").to_string();
    twice.insert_str(1, "\"cases\":[],");
    assert!(verify_str("", &twice).failures[0].found.contains("member \"cases\" occurs twice"));
}

#[test]
fn refuses_ill_typed_members_of_the_file_and_still_checks_the_cases() {
    for (field, value) in
        [("spec", json!("RFC 9420")), ("spec", json!([1])), ("generator", json!(1)), ("seed", json!(0))]
    {
        let mut file = small("wire");
        file[field] = value;
        reports(&file, None, field);
        assert_eq!(verify_str("", &file.to_string()).cases, 2);
    }
}

#[test]
fn ignores_unknown_members_and_takes_null_for_absent() {
    for kind in KINDS {
        let mut file = small(kind);
        for (name, value) in [("comment", json!("x")), ("seed", Value::Null), ("spec", Value::Null)] {
            file[name] = value;
        }
        for case in file["cases"].as_array_mut().unwrap() {
            case["comment"] = json!({"encoded": 1});
        }
        file["cases"][0]["valid"] = Value::Null;
        file["cases"][0]["reason"] = Value::Null;
        let report = verify_str("", &file.to_string());
        assert!(report.holds(), "{report:#?}");
    }
    // Absent optional values may be left out.
    let lean = with_case("content", 0, |case| {
        case.as_object_mut().unwrap().remove("message_id_07");
        case["value"].as_object_mut().unwrap().retain(|_, value| !value.is_null());
    });
    assert!(verify_str("", &lean.to_string()).holds());
}

#[test]
fn checks_every_case_and_reports_every_failure() {
    let mut file = shipped("content.json");
    let count = file["cases"].as_array().unwrap().len();
    for case in file["cases"].as_array_mut().unwrap() {
        case["encoded"] = json!("zz");
    }
    let mut calls = Vec::new();
    let report = verify_str_with("all.json", &file.to_string(), &mut |progress| calls.push(progress));
    assert_eq!((report.cases, report.failed_cases, report.failures.len()), (count, count, count));
    assert_eq!(calls.len(), count);
    assert_eq!(calls.last(), Some(&Progress { done: count, total: count }));
}
