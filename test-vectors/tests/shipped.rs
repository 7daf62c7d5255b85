//! The vectors that this crate carries.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ciborium::Value as Cbor;
use mimi_test_vectors::{SCHEMAS, SHIPPED, types, verify_str};
#[cfg(feature = "generate")]
use mimi_test_vectors::{Seed, generate, kinds};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn cases(file: &str) -> Vec<Value> {
    let (_, json) = SHIPPED.iter().find(|(name, _)| *name == file).unwrap();
    let file: Value = serde_json::from_str(json).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn bytes(case: &Value, member: &str) -> Vec<u8> {
    hex::decode(case[member].as_str().unwrap()).unwrap()
}

#[test]
fn hold() {
    for (name, json) in SHIPPED {
        let report = verify_str(name, json);
        assert!(report.holds(), "{name}: {:#?}", report.failures);
        assert_eq!(report.cases, cases(name).len(), "{name}");
        assert_eq!(report.valid + report.invalid, report.cases, "{name}");
    }
}

#[test]
fn are_all_files_of_the_folders() {
    for (folder, shipped) in [("vectors", SHIPPED), ("schema", SCHEMAS)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files: BTreeSet<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let shipped: BTreeSet<_> = shipped.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(files, shipped);
    }
}

#[cfg(feature = "generate")]
#[test]
fn come_from_the_default_seed_byte_for_byte() {
    for kind in kinds() {
        let generated = generate(kind, &Seed::default()).unwrap();
        assert_eq!(generated, generate(kind, &Seed::default()).unwrap(), "{kind} twice");
        let (_, shipped) = SHIPPED.iter().find(|(name, _)| *name == generated.file_name).unwrap();
        // Not assert_eq: a difference would be printed in full.
        assert!(
            *shipped == generated.json,
            "{kind} differs; mimi-vectors generate --force --out test-vectors/vectors"
        );
    }
}

#[test]
fn cover_every_type() {
    let covered: BTreeSet<String> =
        cases("wire.json").iter().map(|case| case["type"].as_str().unwrap().to_string()).collect();
    for known in types() {
        assert!(covered.contains(known.name), "{}", known.name);
    }
}

/// An implementer in another language reads `encoded` with any CBOR library, and compares with
/// `value`. So does this test, with a library that mimi-content's decoder shares nothing with.
#[test]
fn agree_with_another_cbor_library() {
    let mut checked = 0;
    for file in ["content.json", "content-working-group.json"] {
        for case in cases(file).iter().filter(|case| case["valid"] != json!(false)) {
            // That library has no place for these.
            if case["name"] == "extension value: simple values without a meaning" {
                continue;
            }
            let encoded = bytes(case, "encoded");
            let message: Cbor = ciborium::from_reader(&encoded[..]).unwrap();
            assert_eq!(
                without_extensions(content(&message)),
                without_extensions(case["value"].clone()),
                "{case}"
            );
            compare_extensions(
                message.as_array().unwrap()[5].as_map().unwrap(),
                &case["value"]["extensions"],
            );

            let (sender, room) = (case["sender_uri"].as_str().unwrap(), case["room_uri"].as_str().unwrap());
            let salt = bytes(&case["value"], "salt");
            let length = |text: &str| u16::try_from(text.len()).unwrap().to_be_bytes();
            let parts_08 =
                [&length(sender)[..], sender.as_bytes(), &length(room), room.as_bytes(), &encoded, &salt];
            let parts_07 = [sender.as_bytes(), room.as_bytes(), &encoded, &salt];
            assert_eq!(case["message_id"], message_id(&parts_08.concat()), "{case}");
            if !case["message_id_07"].is_null() {
                assert_eq!(case["message_id_07"], message_id(&parts_07.concat()), "{case}");
            }
            checked += 1;
        }
    }
    assert!(checked > 180, "{checked}");
}

fn message_id(input: &[u8]) -> String {
    format!("01{}", hex::encode(&Sha256::digest(input)[..31]))
}

fn without_extensions(mut value: Value) -> Value {
    value.as_object_mut().unwrap().remove("extensions");
    value
}

fn any(item: &Cbor) -> Value {
    match item {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => json!(flag),
        Cbor::Text(text) => json!(text),
        Cbor::Bytes(bytes) => json!(hex::encode(bytes)),
        Cbor::Integer(integer) => {
            let integer = i128::from(*integer);
            if integer < 1 << 53 {
                json!(i64::try_from(integer).unwrap())
            } else {
                json!(integer.to_string())
            }
        }
        other => panic!("{other:?}"),
    }
}

fn content(message: &Cbor) -> Value {
    let items = message.as_array().unwrap();
    let expires = match &items[3] {
        Cbor::Array(pair) => json!({"relative": any(&pair[0]), "time": any(&pair[1])}),
        absent => any(absent),
    };
    json!({
        "salt": any(&items[0]), "replaces": any(&items[1]), "topic_id": any(&items[2]), "expires": expires,
        "in_reply_to": any(&items[4]), "body": part(&items[6]),
    })
}

fn part(nested: &Cbor) -> Value {
    let items = nested.as_array().unwrap();
    let cardinality = any(&items[2]).as_u64().unwrap() as usize;
    let kind = ["null", "single", "external", "multi"][cardinality];
    let mut value = json!({
        "part": kind,
        "disposition": any(&items[0]),
        "language": any(&items[1]),
    });
    let names: &[&str] = match cardinality {
        0 => &[],
        1 => &["content_type", "content"],
        2 => &[
            "content_type",
            "url",
            "expires",
            "size",
            "enc_alg",
            "key",
            "nonce",
            "aad",
            "hash_alg",
            "content_hash",
            "description",
            "filename",
        ],
        _ => {
            value["semantics"] = any(&items[3]);
            value["parts"] = items[4].as_array().unwrap().iter().map(part).collect();
            return value;
        }
    };
    assert_eq!(items.len(), names.len() + 3);
    for (name, item) in names.iter().zip(&items[3..]) {
        value[*name] = any(item);
    }
    value
}

/// Keys exactly, in their order; values as trees, since the library has its own way to write them.
fn compare_extensions(map: &[(Cbor, Cbor)], list: &Value) {
    let list = list.as_array().unwrap();
    assert_eq!(map.len(), list.len());
    for ((key, value), pair) in map.iter().zip(list) {
        let key = match key {
            Cbor::Text(text) => json!({"text": text}),
            integer => any(integer),
        };
        assert_eq!(key, pair[0]);
        let encoded = hex::decode(pair[1].as_str().unwrap()).unwrap();
        let again: Cbor = ciborium::from_reader(&encoded[..]).unwrap();
        // As text, since NaN is not equal to itself.
        assert_eq!(format!("{value:?}"), format!("{again:?}"));
    }
}

#[test]
fn policy_has_each_capability_of_a_message_allowed_and_refused_for_that_alone() {
    let cases = cases("policy.json");
    let content = |case: &Value| case["changes"][0]["op"] == "content";
    let names = [
        "canSendMessage",
        "canReplyToMessage",
        "canReactToMessage",
        "canEditReaction",
        "canDeleteOwnReaction",
        "canDeleteOtherReaction",
        "canEditOwnMessage",
        "canDeleteOwnMessage",
        "canDeleteOtherMessage",
        "canStartTopic",
        "canReplyInTopic",
        "canEditOwnTopic",
        "canEditOtherTopic",
        "canUploadImage",
        "canUploadAudio",
        "canUploadVideo",
        "canUploadAttachment",
        "canSendLink",
        "canSendLinkPreview",
    ];
    for name in names {
        let of_name =
            |case: &&Value| content(case) && case["name"].as_str().unwrap().starts_with(&format!("{name}: "));
        let of: Vec<_> = cases.iter().filter(of_name).collect();
        assert!(of.iter().any(|case| case["expect"]["allow"] == true), "{name} allowed");
        let refused =
            of.iter().find(|case| case["expect"]["capability"] == name && case["expect"]["allow"] == false);
        // The hub sees who sends, and no more.
        let by = if name == "canSendMessage" { json!(["hub", "client"]) } else { json!(["client"]) };
        assert_eq!(refused.unwrap_or_else(|| panic!("{name} refused"))["expect"]["refused_by"], by, "{name}");
    }
    let random = cases.iter().filter(|case| case["name"].as_str().unwrap().starts_with("random"));
    for case in random.filter(|case| case["changes"] == json!([])) {
        assert!(["external_commit", "message"].contains(&case["form"].as_str().unwrap()), "{}", case["name"]);
    }
}
