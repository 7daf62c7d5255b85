//! Refusals by name, through the facade.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi::attachment::{Aead, FileOpener, FileSealer};
use mimi::compose::{Composer, Expires, Options, Text};
use mimi::content::{ClientProfile, Message};
use mimi::franking::{
    Agent, Construction, Framing, Frank, FrankedMessage, Franking, HubKeys, Reported, Submission,
};
use mimi::policy::{Case, Room, rooms};
use mimi::timeline::Conversation;
use mimi::{Error, ErrorKind, inspect, uri};

const ALICE: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://hub.example/r/clubhouse";

fn alice() -> Composer {
    Composer::new(ALICE, ROOM).unwrap()
}

fn hello() -> Message {
    alice().message(&[7; 16], &Text::plain("Hello"), &Options::default()).unwrap()
}

#[track_caller]
fn is(error: Error, kind: ErrorKind, reason: Option<&str>, field: Option<&str>) {
    assert_eq!(
        (error.kind, error.reason.as_deref(), error.field.as_deref()),
        (kind, reason, field),
        "{error}"
    );
}

fn all_are_send_and_sync<T: Send + Sync>() {}

#[test]
fn everything_crosses_threads() {
    all_are_send_and_sync::<Message>();
    all_are_send_and_sync::<Composer>();
    all_are_send_and_sync::<Conversation>();
    all_are_send_and_sync::<Room>();
    all_are_send_and_sync::<Case>();
    all_are_send_and_sync::<FileSealer>();
    all_are_send_and_sync::<FileOpener>();
    all_are_send_and_sync::<Franking>();
    all_are_send_and_sync::<Agent>();
    all_are_send_and_sync::<HubKeys>();
    all_are_send_and_sync::<Error>();
    all_are_send_and_sync::<inspect::Inspection>();
}

#[test]
fn composing() {
    let options = Options::default();
    let text = Text::plain("Hello");
    is(alice().message(&[7; 15], &text, &options).unwrap_err(), ErrorKind::InvalidInput, None, Some("salt"));
    let html = Text::markdown("<b>Hello</b>");
    let error = alice().message(&[7; 16], &html, &options).unwrap_err();
    is(error, ErrorKind::InvalidInput, Some("PossibleHtmlError"), Some("text"));
    is(
        alice().reply(&[7; 16], "01", &text, &options).unwrap_err(),
        ErrorKind::InvalidInput,
        None,
        Some("to"),
    );
    let id = alice().message_id(&hello()).unwrap();
    let other = id.replace('0', "1");
    let edit = alice().edit(&[8; 16], &id, &hello(), &text).unwrap();
    let error = alice().edit(&[9; 16], &other, &edit, &text).unwrap_err();
    is(error, ErrorKind::Build, Some("NotTheFirst"), None);
    assert!(!format!("{edit:?}").contains("8, 8, 8, 8"), "the salt is not shown");
    let error = alice().unreact(&[8; 16], &id, &hello()).unwrap_err();
    is(error, ErrorKind::Build, Some("NotAReaction"), None);
    let topic = Options { topic_id: vec![0; 5000], expires: None };
    assert_eq!(alice().message(&[7; 16], &text, &topic).unwrap_err().kind, ErrorKind::Build);
}

#[test]
fn what_is_composed_is_what_is_shown() {
    let id = alice().message_id(&hello()).unwrap();
    let expires = Options { topic_id: b"tea".to_vec(), expires: Some(Expires::At(1_800_000_000)) };
    let reply = alice().reply(&[8; 16], &id, &Text::markdown("**Hi**").in_language("en"), &expires).unwrap();
    assert_eq!(reply.in_reply_to(), Some(id.clone()));
    assert_eq!(reply.topic_id(), b"tea");
    assert_eq!(reply.to_json()["expires"]["time"], 1_800_000_000);
    let edit = alice().edit(&[9; 16], &id, &hello(), &Text::plain("Bye")).unwrap();
    assert_eq!(
        (edit.replaces(), edit.preview(&ClientProfile::default()).line.as_str()),
        (Some(id.clone()), "Bye")
    );
    let deletion = alice().delete(&[10; 16], &id, &edit).unwrap();
    assert_eq!(deletion.parts(&ClientProfile::default())[0].kind, "null");
}

#[test]
fn files() {
    is(FileSealer::new(Aead::Aes256Gcm, &[1; 31]).unwrap_err(), ErrorKind::InvalidInput, None, Some("seed"));
    is(FileSealer::new(Aead::Aes256Gcm, &[0; 32]).unwrap_err(), ErrorKind::InvalidInput, None, Some("seed"));
    let mut sealer = FileSealer::new(Aead::ChaCha20Poly1305, &[1; 32]).unwrap();
    let mut stored = sealer.seal(b"a rocket").unwrap();
    let (tag, file) = sealer.finish("https://a.example/r", "image/gif").unwrap();
    stored.extend(tag);
    assert_eq!(sealer.seal(b"more").unwrap_err().kind, ErrorKind::State);
    assert_eq!(sealer.finish("", "").unwrap_err().kind, ErrorKind::State);
    assert!(!format!("{file:?}").contains(&format!("{:?}", file.key)), "the key is not shown");

    let message = alice().file(&[2; 16], Some(&Text::plain("Look")), &file, &Options::default()).unwrap();
    let error = FileOpener::new(&message, 1, 0).unwrap_err();
    is(error, ErrorKind::Unknown, None, Some("index"));
    let mut opener = FileOpener::new(&message, 2, 0).unwrap();
    assert_eq!(opener.open(&stored).unwrap_err().kind, ErrorKind::State, "nothing is opened unverified");
    assert_eq!(opener.finish().unwrap_err().kind, ErrorKind::State);
    opener.verify(&stored).unwrap();
    assert_eq!(opener.verified().unwrap(), 8);
    assert_eq!(opener.verify(&stored).unwrap_err().kind, ErrorKind::State);
    assert_eq!(opener.verified().unwrap_err().kind, ErrorKind::State);
    assert_eq!(opener.open(&stored).unwrap(), b"a rocket");
    opener.finish().unwrap();
    assert_eq!(opener.finish().unwrap_err().kind, ErrorKind::State);

    let mut opener = FileOpener::new(&message, 2, 0).unwrap();
    stored[0] ^= 1;
    opener.verify(&stored).unwrap();
    is(opener.verified().unwrap_err(), ErrorKind::NotAuthentic, Some("OtherContent"), None);
    let mut opener = FileOpener::new(&message, 2, 0).unwrap();
    is(opener.verify(&[0; 1000]).unwrap_err(), ErrorKind::NotAuthentic, Some("Size"), None);
    let gone = mimi::attachment::SealedFile { expires: 1, ..file };
    is(FileOpener::of_file(&gone, 2000).unwrap_err(), ErrorKind::NotAllowed, Some("Expired"), None);
}

#[test]
fn franks() {
    let franking = Franking::new(Construction::Signed, Framing::Bare);
    let data = hello().encode();
    let bob = "mimi://a.example/u/bob";
    let error = franking.commit(&data, bob, ROOM).unwrap_err();
    is(error, ErrorKind::NotAuthentic, Some("SenderMismatch"), None);
    let error = franking.commit(&data, "MIMI://a.example/u/alice", ROOM).unwrap_err();
    is(error, ErrorKind::InvalidInput, Some("Identity"), Some("sender_uri"));
    let error = franking.commit(&[0x80], ALICE, ROOM).unwrap_err();
    is(error, ErrorKind::Refused, Some("Content"), Some("MimiContent"));
    let error = Agent::signed(&[1, 2], "hub.example", &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotAuthentic, "no name is that of the hub");
    let error = Agent::signed(&[1, 2], "hub.example", &["hub.example".into()]).unwrap_err();
    assert_eq!((error.kind, error.section.as_deref()), (ErrorKind::Refused, Some("RFC 9420 §8.1")));
    let keys = HubKeys::secret(&[1; 32], &[2; 32]);
    let submission = Submission {
        franking_tag: vec![0; 32],
        sending_uri: ALICE.into(),
        submitted_by: "a.example".into(),
        presented_names: vec!["a.example".into()],
        room_uri: ROOM.into(),
        participants: vec![ALICE.into()],
        users_with_clients: vec![ALICE.into()],
    };
    let error = franking.frank(&keys, &submission, 1, &[1; 32]).unwrap_err();
    is(error, ErrorKind::InvalidInput, None, Some("keys"));
    let mac = Franking::new(Construction::IntegrityMac, Framing::Bare);
    let frank = |submission: &Submission| mac.frank(&keys, submission, 1, &[1; 32]);
    let other = Submission { submitted_by: "b.example".into(), ..submission.clone() };
    is(frank(&other).unwrap_err(), ErrorKind::NotAuthentic, None, Some("presented_names"));
    let other = Submission { presented_names: vec!["b.example".into()], ..other };
    is(frank(&other).unwrap_err(), ErrorKind::NotAllowed, Some("SenderOfAnotherProvider"), None);
    let other = Submission { users_with_clients: Vec::new(), ..submission.clone() };
    is(frank(&other).unwrap_err(), ErrorKind::NotAllowed, Some("SenderNotActive"), None);
    let other = Submission { franking_tag: vec![0; 31], ..submission.clone() };
    is(frank(&other).unwrap_err(), ErrorKind::InvalidInput, None, Some("franking_tag"));
    let message = FrankedMessage {
        application_data: data,
        franking_tag: vec![0; 32],
        frank: frank(&submission).unwrap(),
        accepted_timestamp: 1,
        sender_uri: ALICE.into(),
        room_uri: ROOM.into(),
    };
    let error = mac.verify(&Agent::secret(&[2; 32]), &message).unwrap_err();
    is(error, ErrorKind::NotAuthentic, Some("TagMismatch"), None);
}

#[test]
fn what_is_printed_shows_no_content_and_no_salt() {
    let salt = [0xa5; 16];
    let message = alice().message(&salt, &Text::plain("a secret"), &Options::default()).unwrap();
    let commitment = Franking::new(Construction::Signed, Framing::Bare);
    let commitment = commitment.commit(&message.encode(), ALICE, ROOM).unwrap();
    assert_eq!(commitment.salt, salt);
    let received = FrankedMessage {
        application_data: message.encode(),
        franking_tag: commitment.franking_tag.clone(),
        frank: Frank::default(),
        accepted_timestamp: 1,
        sender_uri: ALICE.into(),
        room_uri: ROOM.into(),
    };
    let reported =
        Reported { application_data: message.encode(), frank: Frank::default(), accepted_timestamp: 1 };
    for printed in [format!("{commitment:?}"), format!("{received:?}"), format!("{reported:?}")] {
        // As numbers, which is how bytes are printed.
        assert!(!printed.contains("165, 165"), "{printed}");
    }
    assert!(!format!("{message:?}").contains("165, 165"));
}

#[test]
fn a_member_of_json_stands_once() {
    let message = alice().message(&[7; 16], &Text::plain("Hello"), &Options::default()).unwrap();
    let json = message.to_json().to_string();
    assert_eq!(Message::from_json_text(&json).unwrap(), message);
    let twice = json.replacen('{', "{\"salt\":\"00000000000000000000000000000000\",", 1);
    let error = Message::from_json_text(&twice).unwrap_err();
    assert!(error.message.contains("duplicate"), "{error}");
    assert!(Conversation::restore(r#"{"mimi://a.example/r/x": "", "mimi://a.example/r/x": ""}"#).is_err());
}

#[test]
fn rooms_that_are_the_same_are_named_once() {
    let case = |name: &str, roles: &str| {
        format!(
            r#"{{"name": "{name}", "room": {{"roles": "{roles}"}}, "actor": {{"user": "{ALICE}"}},
                "form": "commit", "changes": []}}"#
        )
    };
    let cases = [case("1", "strict"), case("2", "moderated"), case("3", "strict")].join(",");
    let file = format!(r#"{{"format": 1, "kind": "policy", "cases": [{cases}]}}"#);
    assert_eq!(mimi::policy::cases(&file).unwrap().len(), 3);
    assert_eq!(rooms(&file).unwrap().len(), 2);
}

#[test]
fn rooms_and_cases() {
    let error =
        Room::parse(r#"{"roles": "strict", "participants": [["mimi://a.example/u/alice"]]}"#).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert_eq!(
        (error.reason.as_deref(), error.field.as_deref()),
        (Some("Unexpected"), Some("room.participants[0]"))
    );
    is(Room::parse("[").unwrap_err(), ErrorKind::InvalidInput, Some("Json"), Some("json"));
    assert_eq!(rooms(r#"{"roles": "strict"}"#).unwrap().len(), 1);
    is(Case::parse(r#"{"roles": "strict"}"#).unwrap_err(), ErrorKind::InvalidInput, None, Some("json"));
    let twice = Room::parse(r#"{"roles": [{"index": 2}, {"index": 2}]}"#).unwrap();
    is(twice.check().unwrap_err(), ErrorKind::NotAllowed, Some("InvalidRoom"), Some("room"));
    assert_eq!(twice.can(ALICE, None).unwrap_err().kind, ErrorKind::NotAllowed);
    let room =
        Room::parse(r#"{"roles": "strict", "participants": [["mimi://a.example/u/alice", 3]]}"#).unwrap();
    let error = room.can("MIMI://a.example/u/alice", None).unwrap_err();
    is(error, ErrorKind::InvalidInput, Some("NotNormal"), Some("user_uri"));
    assert!(room.diff(&room).differences.is_empty());
}

#[test]
fn bytes_and_names() {
    let error = inspect::inspect_as("Nothing", &[]).unwrap_err();
    is(error, ErrorKind::Unknown, None, Some("type_name"));
    let error = inspect::compare("HPKECiphertext", b"\x01a\x02bc", b"\x01").unwrap_err();
    assert_eq!((error.kind, error.message.starts_with("input b is refused: ")), (ErrorKind::Refused, true));
    let refused = Message::decode(&[]).unwrap_err();
    is(refused, ErrorKind::Refused, Some("Truncated"), Some("MimiContent"));
    is(uri::check_uri("http://a.example").unwrap_err(), ErrorKind::InvalidInput, Some("Scheme"), Some("uri"));
    let error = Message::from_json_text("{}").unwrap_err();
    is(error, ErrorKind::InvalidInput, None, Some("json"));
    let error = Conversation::restore_json(&serde_json::json!([])).unwrap_err();
    is(error, ErrorKind::InvalidInput, None, Some("snapshots"));
}

#[test]
fn guesses_are_right_for_messages() {
    let guesses = inspect::guess(&hello().encode());
    assert_eq!((guesses[0].type_name.as_str(), guesses[0].accepted), ("MimiContent", true));
    let mut damaged = hello().encode();
    let last = damaged.len() - 30;
    damaged.truncate(last);
    let inspection = inspect::inspect(&damaged);
    assert_eq!(inspection.type_name, "MimiContent", "what reads the furthest");
    assert!(inspection.refused.is_some_and(|refused| refused.offset.is_some()));
}
