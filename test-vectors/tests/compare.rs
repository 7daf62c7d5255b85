//! Where two encodings differ, by field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::collections::BTreeMap;

use mimi_test_vectors::{CompareError, FieldDifference, SHIPPED, compare};
use serde_json::{Value, json};

/// The encodings of all valid cases of the shipped vectors, under their types.
fn encodings() -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (file, text) in SHIPPED {
        let vectors: Value = serde_json::from_str(text).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let type_name = match vectors["kind"].as_str().unwrap() {
                "content" => "MimiContent",
                "message-status" => "MessageStatusReport",
                "wire" => case["type"].as_str().unwrap(),
                _ => continue,
            };
            if case["valid"] != json!(false) {
                let encoded = hex::decode(case["encoded"].as_str().unwrap()).unwrap();
                let name = format!("{file} {}", case["name"]);
                all.entry(type_name.to_owned()).or_default().push((name, encoded));
            }
        }
    }
    all
}

/// A difference as `path a b`.
fn line(difference: &FieldDifference) -> String {
    let side = |side: &Option<mimi_test_vectors::FieldValue>| {
        side.as_ref().map_or("none".to_owned(), |side| format!("{}: {}", side.offset, side.value))
    };
    format!("{} | {} | {}", difference.path, side(&difference.a), side(&difference.b))
}

fn lines(name: &str, a: &[u8], b: &[u8]) -> Vec<String> {
    compare(name, a, b).unwrap().iter().map(line).collect()
}

#[test]
fn finds_a_difference_exactly_between_different_encodings_of_every_type() {
    let mut pairs = 0;
    for (type_name, cases) in encodings() {
        for window in cases.windows(2) {
            let ((name_a, a), (name_b, b)) = (&window[0], &window[1]);
            let both = format!("{type_name}: {name_a} and {name_b}");
            assert_eq!(compare(&type_name, a, a).unwrap(), [], "{both}");
            let forward = compare(&type_name, a, b).unwrap();
            assert_eq!(forward.is_empty(), a == b, "{both}");
            for difference in &forward {
                assert!(difference.path.starts_with(&type_name), "{both}");
                for (side, encoded) in [(&difference.a, a), (&difference.b, b)] {
                    assert!(side.as_ref().is_none_or(|side| side.offset <= encoded.len()), "{both}");
                }
            }
            let paths = |all: &[FieldDifference]| {
                let mut paths: Vec<_> = all.iter().map(|difference| difference.path.clone()).collect();
                paths.sort();
                paths
            };
            assert_eq!(paths(&forward), paths(&compare(&type_name, b, a).unwrap()), "{both}");
            pairs += 1;
        }
    }
    assert!(pairs > 100, "{pairs} pairs");
}

/// A byte that is changed and still accepted lies in a field that is named, and no field before it
/// is.
#[test]
fn names_the_field_in_which_a_changed_byte_lies() {
    let mut changed_bytes = 0;
    for (type_name, cases) in encodings() {
        let Some((name, encoded)) = cases.iter().min_by_key(|(_, encoded)| encoded.len().abs_diff(100))
        else {
            continue;
        };
        for at in (0..encoded.len()).take(400) {
            let mut changed = encoded.clone();
            changed[at] ^= 1;
            let Ok(differences) = compare(&type_name, encoded, &changed) else { continue };
            changed_bytes += 1;
            let offsets: Vec<_> =
                differences.iter().filter_map(|difference| Some(difference.a.as_ref()?.offset)).collect();
            assert!(!differences.is_empty(), "{type_name} {name} byte {at}");
            assert!(offsets.iter().any(|offset| *offset <= at), "{type_name} {name} byte {at}: {offsets:?}");
        }
    }
    assert!(changed_bytes > 3000, "{changed_bytes}");
}

const CAPABILITIES: &str = "Capabilities";

#[test]
fn passes_over_what_lists_have_in_common_at_both_ends() {
    // versions, cipher_suites, extensions, proposals, credentials
    let with = |suites: &[u8]| {
        let mut bytes = vec![2, 0, 1, suites.len() as u8 * 2];
        bytes.extend(suites.iter().flat_map(|suite| [0, *suite]));
        bytes.extend([0, 0, 2, 0, 1]);
        bytes
    };
    assert_eq!(
        lines(CAPABILITIES, &with(&[31, 32, 33]), &with(&[31, 37, 32, 33])),
        [
            r#"Capabilities.cipher_suites | 3: {"elements":3} | 3: {"elements":4}"#,
            "Capabilities.cipher_suites[1] | none | 6: 37",
        ]
    );
    assert_eq!(
        lines(CAPABILITIES, &with(&[31, 32, 33]), &with(&[31, 37, 33])),
        ["Capabilities.cipher_suites[1] | 6: 32 | 6: 37"]
    );
    assert_eq!(
        lines(CAPABILITIES, &with(&[35, 35]), &with(&[35])),
        [
            r#"Capabilities.cipher_suites | 3: {"elements":2} | 3: {"elements":1}"#,
            "Capabilities.cipher_suites[1] | 6: 35 | none",
        ]
    );
}

#[test]
fn shows_another_arm_as_one_difference() {
    // A proposal to remove leaf 5, and one to leave with SelfRemove's number.
    assert_eq!(
        lines("Proposal", &[0, 3, 0, 0, 0, 5], &[0, 10]),
        [r#"Proposal | 0: {"remove":{"removed":5}} | 0: {"self_remove":{}}"#]
    );
}

#[test]
fn says_where_the_fields_of_a_message_are() {
    let salt = [7; 16];
    let message = |topic: &[u8], extension: &[u8], parts: &[&[u8]]| {
        let mut bytes = vec![0x87, 0x50];
        bytes.extend(salt);
        bytes.push(0xf6);
        bytes.push(0x40 + topic.len() as u8);
        bytes.extend(topic);
        bytes.extend([0x82, 0xf4, 0x05, 0xf6, 0xa1, 0x01]);
        bytes.extend(extension);
        bytes.extend([0x85, 0x01, 0x60, 0x03, 0x02, 0x80 + parts.len() as u8]);
        bytes.extend(parts.concat());
        bytes
    };
    let null: &[u8] = &[0x83, 0x00, 0x60, 0x00];
    let text: &[u8] = b"\x85\x01\x62en\x01\x63a/b\x42hi";
    let other: &[u8] = b"\x85\x01\x62en\x01\x63a/b\x42ho";
    let a = message(b"t", &[0x61, 0x78], &[null, text]);
    assert_eq!(
        lines("MimiContent", &a, &message(b"ts", &[0x61, 0x79], &[null, other])),
        [
            r#"MimiContent.topic_id | 19: "74" | 19: "7473""#,
            r#"MimiContent.extensions[0][1] | 27: "6178" | 28: "6179""#,
            r#"MimiContent.body.parts[1].content | 49: "6869" | 50: "686f""#,
        ]
    );
    let mut sooner = a.clone();
    sooner[23] = 0x04;
    assert_eq!(lines("MimiContent", &a, &sooner), ["MimiContent.expires.time | 23: 5 | 23: 4"]);
    let swapped = message(b"t", &[0x61, 0x78], &[text, null]);
    assert_eq!(
        lines("MimiContent", &a, &swapped),
        [
            "MimiContent.body.parts[0].disposition | 36: 0 | 36: 1",
            r#"MimiContent.body.parts[0].language | 37: "" | 37: "en""#,
            r#"MimiContent.body.parts[0].part | 38: "null" | 40: "single""#,
            r#"MimiContent.body.parts[0].content_type | none | 41: "a/b""#,
            r#"MimiContent.body.parts[0].content | none | 45: "6869""#,
            r#"MimiContent.body.parts[1].disposition | 40: 1 | 49: 0"#,
            r#"MimiContent.body.parts[1].language | 41: "en" | 50: """#,
            r#"MimiContent.body.parts[1].part | 44: "single" | 51: "null""#,
            r#"MimiContent.body.parts[1].content_type | 45: "a/b" | none"#,
            r#"MimiContent.body.parts[1].content | 49: "6869" | none"#,
        ]
    );
}

#[test]
fn says_which_of_the_two_is_refused() {
    assert!(matches!(compare("Remove", &[0, 0, 0], &[0, 0, 0, 1]), Err(CompareError::A(_))));
    assert!(matches!(compare("Remove", &[0, 0, 0, 1], &[0, 0, 0]), Err(CompareError::B(_))));
}
