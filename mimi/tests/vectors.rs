//! The shipped vectors of every kind that the facade covers, through the facade alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi::attachment::{FileOpener, SealedFile};
use mimi::content::{
    ClientProfile, Message, MessageStatus, decode_status_report, diagnose, encode_status_report,
};
use mimi::franking::{
    Agent, Construction, Framing, Frank, FrankedMessage, Franking, HubKeys, Reported, Submission,
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
        let restored = Conversation::restore_json(&conversation.snapshots()).expect(name);
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

#[test]
fn attachments() {
    for case in cases("attachment") {
        let name = text(&case, "name");
        let number = |member: &str| {
            let member = &case[member];
            member.as_u64().or_else(|| member.as_str()?.parse().ok()).expect(name)
        };
        let file = SealedFile {
            size: number("size"),
            expires: number("expires") as u32,
            enc_alg: number("enc_alg") as u16,
            key: bytes(&case, "key"),
            nonce: bytes(&case, "nonce"),
            aad: bytes(&case, "aad"),
            hash_alg: number("hash_alg") as u8,
            content_hash: bytes(&case, "content_hash"),
            ..SealedFile::default()
        };
        let stored = bytes(&case, "stored");
        let open = || -> mimi::Result<Vec<u8>> {
            let mut opener = FileOpener::of_file(&file, number("now"))?;
            stored.chunks(7).try_for_each(|piece| opener.verify(piece))?;
            let length = opener.verified()?;
            let pieces =
                stored.chunks(5).map(|piece| opener.open(piece)).collect::<mimi::Result<Vec<_>>>()?;
            opener.finish()?;
            let content = pieces.concat();
            assert_eq!(content.len() as u64, length, "{name}");
            Ok(content)
        };
        let opened = open();
        if is_valid(&case) {
            assert_eq!(opened, Ok(bytes(&case, "content")), "{name}");
        } else {
            // A case may also be wrong about what the file holds.
            match opened {
                Ok(content) => assert_ne!(content, bytes(&case, "content"), "{name}"),
                Err(error) => assert!(error.reason.is_some(), "{name}"),
            }
        }
    }
}

/// A group whose franking agent has this key, as MLS encodes it.
fn group_context(cipher_suite: u16, public_key: &[u8]) -> Vec<u8> {
    use mimi_codec::code_points::{CipherSuite, ComponentID, ExtensionType};
    use mimi_codec::extensions::{AppDataDictionary, ComponentData};
    use mimi_codec::mls::{Credential, Extension, Extensions, GroupContext, Mls10};
    use mimi_codec::protocol::FrankingAgentData;
    use mimi_codec::{Encode, List};

    let agent = FrankingAgentData {
        franking_signature_key: public_key.into(),
        credential: Credential::Basic { identity: "hub.example".into() },
    };
    let data = agent.to_bytes().unwrap().into();
    let component = ComponentData { component_id: ComponentID::FRANKING_AGENT, data };
    let dictionary = AppDataDictionary { component_data: List::new(vec![component]).unwrap() };
    let extension = Extension {
        extension_type: ExtensionType::APP_DATA_DICTIONARY,
        extension_data: dictionary.to_bytes().unwrap().into(),
    };
    let context = GroupContext {
        version: Mls10,
        cipher_suite: CipherSuite(cipher_suite),
        group_id: "group".into(),
        epoch: 0,
        tree_hash: "".into(),
        confirmed_transcript_hash: "".into(),
        extensions: Extensions::new(vec![extension]).unwrap(),
    };
    context.to_bytes().unwrap()
}

#[test]
fn franking() {
    let mut refusals = 0;
    for case in cases("franking") {
        let name = text(&case, "name");
        let framing = match case["framing"].as_str() {
            Some("application_framing") => Framing::ApplicationFraming,
            _ => Framing::Bare,
        };
        let cipher_suite = case["cipher_suite"].as_u64().expect(name) as u16;
        let hub_key = bytes(&case, "hub_key");
        let (construction, proof, secret) = match text(&case, "revision") {
            "06" => (Construction::Signed, "franking_integrity_signature", None),
            "03" => {
                let secret = bytes(&case, "franking_integrity_secret");
                (Construction::IntegrityMac, "franking_integrity_check", Some(secret))
            }
            "02" => {
                let secret = bytes(&case, "franking_context_secret");
                (Construction::ContextHash { assertion_key: 100 }, "franking_context_hash", Some(secret))
            }
            other => panic!("{name}: revision {other}"),
        };
        let franking = Franking::new(construction, framing);
        let frank = Frank {
            server_frank: bytes(&case, "server_frank"),
            cipher_suite: if secret.is_none() { cipher_suite } else { 0 },
            proof: bytes(&case, proof),
        };
        let (agent, keys) = match &secret {
            Some(secret) => (Ok(Agent::secret(secret)), Ok(HubKeys::secret(&hub_key, secret))),
            None => {
                let context = group_context(cipher_suite, &bytes(&case, "signature_public_key"));
                let names = [String::from("hub.example")];
                let private_key = bytes(&case, "signature_private_key");
                (
                    Agent::signed(&context, "hub.example", &names),
                    HubKeys::signed(&hub_key, &private_key, &context),
                )
            }
        };
        let (agent, keys) = (agent.expect(name), keys.expect(name));
        let (sender_uri, room_uri) = (text(&case, "sender_uri"), text(&case, "room_uri"));
        let application_data = bytes(&case, "application_data");
        let accepted_timestamp = case["accepted_timestamp"]
            .as_u64()
            .or_else(|| case["accepted_timestamp"].as_str()?.parse().ok())
            .expect(name);
        let message = FrankedMessage {
            application_data: application_data.clone(),
            franking_tag: bytes(&case, "franking_tag"),
            frank: frank.clone(),
            accepted_timestamp,
            sender_uri: sender_uri.into(),
            room_uri: room_uri.into(),
        };
        let received = franking.verify(&agent, &message);
        let report =
            Reported { application_data: application_data.clone(), frank: frank.clone(), accepted_timestamp };
        if is_valid(&case) {
            let commitment = franking.commit(&application_data, sender_uri, room_uri).expect(name);
            assert_eq!(commitment.franking_tag, message.franking_tag, "{name}");
            assert_eq!(commitment.salt, bytes(&case, "salt"), "{name}");
            assert!(received.is_ok(), "{name}: {received:?}");
            let proven = franking.check_report(&keys, sender_uri, room_uri, &report);
            assert!(proven.is_ok(), "{name}: {proven:?}");
            let provider = mimi::uri::check_uri(sender_uri).expect(name).host;
            let submission = Submission {
                franking_tag: commitment.franking_tag,
                sending_uri: commitment.sending_uri,
                presented_names: vec![provider.clone()],
                submitted_by: provider,
                room_uri: room_uri.into(),
                participants: vec![sender_uri.into()],
                users_with_clients: vec![sender_uri.into()],
            };
            let stamped = franking.frank(&keys, &submission, accepted_timestamp, &[9; 32]).expect(name);
            assert_eq!(stamped.server_frank, frank.server_frank, "{name}");
            // ECDSA and ML-DSA differ from run to run.
            if secret.is_some() || bytes(&case, "signature_public_key").len() == 32 {
                assert_eq!(stamped, frank, "{name}");
            }
            let stranger = Submission { participants: Vec::new(), ..submission };
            let error = franking.frank(&keys, &stranger, accepted_timestamp, &[9; 32]).expect_err(name);
            let found = (error.kind, error.reason.as_deref());
            assert_eq!(found, (ErrorKind::NotAllowed, Some("SenderNotParticipant")), "{name}");
            continue;
        }
        // The salt of a case is checked against the content apart from everything else.
        let salt = franking.commit(&application_data, sender_uri, room_uri).map(|commitment| commitment.salt);
        if salt.is_ok_and(|salt| salt != bytes(&case, "salt")) {
            continue;
        }
        let refused_by = case["refused_by"].as_array().expect(name);
        if refused_by.contains(&json!("receiver")) {
            assert!(received.is_err(), "{name}");
            refusals += 1;
        } else {
            assert!(received.is_ok(), "{name}: {received:?}");
        }
    }
    assert!(refusals > 100, "{refusals}");
}
