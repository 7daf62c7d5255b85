//! The shipped vectors of every kind that the facade covers, through the facade alone.

use mimi::content::{
    ClientProfile, Message, MessageStatus, decode_status_report, diagnose, encode_status_report,
};
use mimi::timeline::{Conversation, Line};
use mimi::{ErrorKind, inspect, policy, render, verify};
use serde_json::{Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../test-vectors/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let mut file: Value = serde_json::from_str(&text).expect(&path);
    let Value::Array(cases) = file["cases"].take() else { panic!("{path}: no cases") };
    assert!(!cases.is_empty());
    cases
}

fn is_valid(case: &Value) -> bool {
    case["valid"] != json!(false)
}

fn bytes(case: &Value, member: &str) -> Vec<u8> {
    hex::decode(case[member].as_str().expect(member)).expect(member)
}

fn text<'c>(case: &'c Value, member: &str) -> &'c str {
    case[member].as_str().expect(member)
}

#[test]
fn content() {
    for case in ["content", "content-working-group"].into_iter().flat_map(cases) {
        let (name, encoded) = (text(&case, "name"), bytes(&case, "encoded"));
        let decoded = Message::decode(&encoded);
        assert_eq!(diagnose(&encoded).accepted, is_valid(&case), "{name}");
        if !is_valid(&case) {
            let error = decoded.expect_err(name);
            assert_eq!(error.kind, ErrorKind::Refused, "{name}");
            assert!(error.offset.is_some_and(|offset| offset <= encoded.len() as u64), "{name}: {error:?}");
            assert!(error.field.is_none_or(|field| field.starts_with("MimiContent")), "{name}");
            assert!(error.reason.is_some() && error.section.as_deref() == Some("mimi-content-09 §4"));
            continue;
        }
        let message = decoded.expect(name);
        assert_eq!(message.to_json(), case["value"], "{name}");
        assert_eq!(message.encode(), encoded, "{name}");
        let id = message.message_id(text(&case, "sender_uri"), text(&case, "room_uri"));
        assert_eq!(id.as_deref(), Ok(text(&case, "message_id")), "{name}");
        assert_eq!(Message::from_json(&case["value"]).as_ref(), Ok(&message), "{name}");
        let parts = message.parts(&ClientProfile::default());
        assert!(parts.iter().enumerate().all(|(place, part)| usize::from(part.index) == place), "{name}");
        assert_eq!(parts.iter().filter(|part| part.parent.is_none()).count(), 1, "{name}");
    }
}

#[test]
fn message_status() {
    for case in ["message-status", "message-status-working-group"].into_iter().flat_map(cases) {
        let (name, encoded) = (text(&case, "name"), bytes(&case, "encoded"));
        let decoded = decode_status_report(&encoded);
        if !is_valid(&case) {
            let error = decoded.expect_err(name);
            assert_eq!((error.kind, error.offset.is_some()), (ErrorKind::Refused, true), "{name}");
            continue;
        }
        let statuses = decoded.expect(name);
        let json: Value = statuses.iter().map(|entry| json!([entry.message_id, entry.status])).collect();
        assert_eq!(json, case["statuses"], "{name}");
        assert_eq!(encode_status_report(&statuses).as_ref(), Ok(&encoded), "{name}");
    }
    let short = MessageStatus { message_id: "01".into(), status: 1, name: None };
    let error = encode_status_report(&[short]).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::InvalidInput, Some("message_id")));
}

#[test]
fn timeline() {
    for case in cases("timeline") {
        let name = text(&case, "name");
        if case["rooms"].is_null() {
            continue;
        }
        let mut conversation = Conversation::new(case["local_user"].as_str());
        for message in case["messages"].as_array().expect(name) {
            // A vector says so itself if two messages have one ID.
            match conversation.take_json(message).expect(name) {
                Line::Folded | Line::DifferentContent(_) => {}
                other => panic!("{name}: {other:?}"),
            }
        }
        let now_ms = case["now"].as_u64().unwrap_or_default();
        assert_eq!(conversation.rooms(now_ms), case["rooms"], "{name}");
        let restored = Conversation::restore(&conversation.snapshots()).expect(name);
        assert_eq!(restored.snapshots(), conversation.snapshots(), "{name}");
    }
    let mut refused = 0;
    for case in cases("timeline").iter().filter(|case| !is_valid(case) && case["snapshots"].is_null()) {
        let messages = case["messages"].as_array().expect("messages");
        let mut conversation = Conversation::new(None);
        let errors = messages.iter().filter_map(|message| conversation.take_json(message).err());
        assert!(errors.map(|error| error.kind).any(|kind| kind == ErrorKind::InvalidInput), "{case}");
        refused += 1;
    }
    assert!(refused > 0);
}

#[test]
fn policy_decisions() {
    for case in cases("policy") {
        let name = text(&case, "name");
        let expect = &case["expect"];
        let decision = policy::Case::parse(&case.to_string()).expect(name).decide();
        assert_eq!(json!(decision.allow), expect["allow"], "{name}: {decision:?}");
        if let Some(capability) = expect["capability"].as_str() {
            assert_eq!(decision.capability.as_deref(), Some(capability), "{name}");
        }
    }
}

#[test]
fn wire_types() {
    for case in ["wire", "wire-content-working-group", "wire-mls-working-group"].into_iter().flat_map(cases) {
        let (name, type_name, encoded) = (text(&case, "name"), text(&case, "type"), bytes(&case, "encoded"));
        let inspection = inspect::inspect_as(type_name, &encoded).expect(name);
        assert_eq!(inspection.refused.is_none(), is_valid(&case), "{name}");
        // The runs are all of the bytes, and fields lie in their parents.
        let mut at = 0;
        for run in &inspection.runs {
            assert_eq!(run.start, at, "{name}");
            at = run.end;
        }
        assert_eq!(at, inspection.length, "{name}");
        for field in &inspection.fields {
            let Some(parent) = field.parent else { continue };
            let parent = &inspection.fields[parent as usize];
            assert!(parent.start <= field.start && field.end <= parent.end, "{name}: {}", field.path);
            assert_eq!(parent.depth + 1, field.depth, "{name}: {}", field.path);
        }
        if is_valid(&case) && !case["value"].is_null() {
            assert_eq!(inspect::to_json(type_name, &encoded).as_ref(), Ok(&case["value"]), "{name}");
            assert_eq!(inspect::compare(type_name, &encoded, &encoded), Ok(Vec::new()), "{name}");
        }
    }
}

#[test]
fn markdown() {
    for case in cases("markdown").iter().filter(|case| case["html"].is_string()) {
        let markdown = text(case, "markdown").as_bytes();
        assert_eq!(render::to_html("text/markdown", markdown).as_deref(), case["html"].as_str());
        assert_eq!(render::to_plain_text("text/markdown", markdown).as_deref(), case["plain"].as_str());
    }
}

#[test]
fn files_are_verified() {
    let path = format!("{}/../test-vectors/vectors/content-working-group.json", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read_to_string(path).unwrap();
    assert!(verify::verify("content-working-group.json", &file).holds());
    let report = verify::verify("changed", &file.replace("0176180c7d19a925", "0176180c7d19a926"));
    assert_eq!((report.failures.len(), report.failures[0].field.as_str()), (1, "message_id"));
}
