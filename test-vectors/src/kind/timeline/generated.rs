//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::protocol::{AbuseType, IdentifierUri};
use mimi_codec::retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent};
use mimi_codec::{Encode, Octets};
use mimi_content::{
    Disposition, Expiration, ExtensionKey, MessageExtensions, MessageId, MessageStatus, MessageStatusReport,
    MimiContent, MultiPart, NestedPart, PartSemantics, Salt, media_types,
};
use serde_json::{Value, json};

use crate::conversation::RoomTimelines;
use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};

const ROOM: &str = "mimi://a.example/r/clubhouse";
const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";
const CATHY: &str = "mimi://c.example/u/cathy";

/// The messages of a case in the making.
struct Story {
    stream: Stream,
    lines: Vec<Value>,
}

/// What a message says beside its body.
#[derive(Default)]
struct Fields {
    replaces: Option<MessageId>,
    in_reply_to: Option<MessageId>,
    expires: Option<Expiration>,
    topic: &'static [u8],
    subject: Option<&'static str>,
}

fn text(text: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", text)
}

fn emoji(text: &str) -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", text)
}

fn null() -> NestedPart {
    NestedPart::null(Disposition::RENDER)
}

fn to(in_reply_to: MessageId) -> Fields {
    Fields { in_reply_to: Some(in_reply_to), ..Fields::default() }
}

fn of(replaces: MessageId) -> Fields {
    Fields { replaces: Some(replaces), ..Fields::default() }
}

impl Story {
    fn new(seed: &Seed, name: &str) -> Self {
        Self { stream: Stream::new(seed, "timeline", name), lines: Vec::new() }
    }

    /// Writes a message, which the story does not tell yet.
    fn write(
        &mut self,
        sender: &str,
        body: NestedPart,
        fields: Fields,
    ) -> Result<(MessageId, String), GenerateError> {
        let mut extensions = MessageExtensions::new();
        extensions.set_sender_uri(sender)?;
        extensions.set_room_uri(ROOM)?;
        if let Some(subject) = fields.subject {
            extensions.set_text(ExtensionKey::Text("subject"), subject)?;
        }
        let content = MimiContent::builder(Salt::from_bytes(self.stream.array()), body)
            .replaces(fields.replaces)
            .in_reply_to(fields.in_reply_to)
            .topic_id(fields.topic)
            .expires(fields.expires)
            .extensions(extensions)
            .build()?;
        Ok((content.message_id(sender, ROOM)?, hex::encode(content.encode())))
    }

    fn send(
        &mut self,
        sender: &str,
        accepted_ms: u64,
        body: NestedPart,
        fields: Fields,
    ) -> Result<MessageId, GenerateError> {
        let (id, encoded) = self.write(sender, body, fields)?;
        let line = json!({"room_uri": ROOM, "sender_uri": sender, "accepted_timestamp": accepted_ms, "encoded": encoded});
        self.lines.push(line);
        Ok(id)
    }

    fn report(
        &mut self,
        sender: &str,
        accepted_ms: u64,
        entries: &[(MessageId, u8)],
    ) -> Result<MessageId, GenerateError> {
        let entries = entries.iter().map(|(id, status)| (*id, MessageStatus(*status)));
        let report = MessageStatusReport::of(entries).encode();
        let body = NestedPart::single(Disposition::UNSPECIFIED, "", media_types::MIMI_MESSAGE_STATUS, report);
        self.send(sender, accepted_ms, body, Fields::default())
    }

    fn local(
        &mut self,
        number: u64,
        created_ms: u64,
        body: NestedPart,
    ) -> Result<(MessageId, Value), GenerateError> {
        let (id, encoded) = self.write(ALICE, body, Fields::default())?;
        let line = json!({"room_uri": ROOM, "sender_uri": ALICE, "local": number, "encoded": encoded, "created_at": created_ms});
        self.lines.push(line.clone());
        Ok((id, line))
    }

    fn retract(&mut self, component: u16, data: &[u8]) {
        self.lines.push(json!({
            "room_uri": ROOM, "sender_uri": "mimi://a.example", "component": component, "retraction": hex::encode(data),
        }));
    }

    /// The case: what is seen of the messages at a time.
    fn case(self, name: &str, now_ms: u64, any_order: bool) -> Result<GeneratedCase, GenerateError> {
        let mut conversation = RoomTimelines::new(Some(ALICE));
        for line in &self.lines {
            conversation.take_json(line).map_err(GenerateError::Defect)?;
        }
        let mut case = GeneratedCase::new(name)
            .json_member("messages", Value::from(self.lines).to_string())
            .text("local_user", ALICE)
            .json_member("now", now_ms.to_string());
        if any_order {
            case = case.text("orders", "any");
        }
        Ok(case
            .json_member("rooms", conversation.to_json(now_ms).to_string())
            .json_member("snapshots", conversation.snapshots().to_string()))
    }
}

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    cases.extend(versions(seed)?);
    cases.extend(expirations(seed)?);
    cases.extend(reactions(seed)?);
    cases.extend(statuses(seed)?);
    cases.extend(echoes(seed)?);
    cases.extend(retractions(seed)?);
    cases.extend(refused());
    cases.extend(damaged_snapshots(seed)?);
    Ok(cases)
}

/// Snapshots that no one can restore.
fn damaged_snapshots(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut story = Story::new(seed, "snapshot");
    let first = story.send(BOB, 10, text("hello"), Fields::default())?;
    story.send(CATHY, 20, emoji("\u{1f389}"), to(first))?;
    let mut conversation = RoomTimelines::new(Some(ALICE));
    for line in &story.lines {
        conversation.take_json(line).map_err(GenerateError::Defect)?;
    }
    let snapshots = conversation.snapshots();
    let snapshot = snapshots.get(ROOM).and_then(Value::as_str).unwrap_or_default();
    let mut bytes = hex::decode(snapshot).map_err(|error| GenerateError::Defect(error.to_string()))?;
    let mut cases = Vec::new();
    let mut case = |name: &str, reason: &str, bytes: &[u8]| {
        let case = GeneratedCase::invalid(name, reason)
            .json_member("messages", Value::from(story.lines.clone()).to_string())
            .json_member("snapshots", json!({ ROOM: hex::encode(bytes) }).to_string());
        cases.push(case);
    };
    case(
        "a snapshot without its last byte",
        "the hash is not that of the bytes",
        bytes.get(..bytes.len().saturating_sub(1)).unwrap_or_default(),
    );
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    case("a snapshot with one other bit", "the hash is not that of the bytes", &bytes);
    case("a snapshot of version 0", "no such version", &[0; 17]);
    case("a snapshot of version 255", "no such version", &[255; 40]);
    Ok(cases)
}

fn versions(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    let name = "edit, reply and deletion";
    let mut story = Story::new(seed, name);
    let first = story.send(BOB, 10, text("Helo"), Fields::default())?;
    let edit = story.send(BOB, 20, text("Hello"), of(first))?;
    story.send(CATHY, 30, text("Hi"), to(edit))?;
    story.send(CATHY, 40, text("Hullo"), of(first))?;
    story.send(BOB, 50, null(), of(first))?;
    cases.push(story.case(name, 100, true)?);

    let name = "an edit after the deletion";
    let mut story = Story::new(seed, name);
    let first = story.send(BOB, 10, text("one"), Fields::default())?;
    story.send(BOB, 20, null(), of(first))?;
    story.send(BOB, 30, text("two"), of(first))?;
    cases.push(story.case(name, 100, true)?);

    let name = "an edit keeps the extensions, has none, or has others";
    let mut story = Story::new(seed, name);
    let subject = Some("plans");
    let first = story.send(BOB, 10, text("one"), Fields { subject, ..Fields::default() })?;
    story.send(BOB, 20, text("two"), Fields { subject, ..of(first) })?;
    story.send(BOB, 30, text("three"), of(first))?;
    story.send(BOB, 40, text("four"), Fields { subject: Some("other plans"), ..of(first) })?;
    cases.push(story.case(name, 100, true)?);

    let name = "an edit to an empty text is an edit";
    let mut story = Story::new(seed, name);
    let first = story.send(BOB, 10, text("one"), Fields::default())?;
    story.send(BOB, 20, text(""), of(first))?;
    cases.push(story.case(name, 100, true)?);

    let name = "another topic is not allowed";
    let mut story = Story::new(seed, name);
    let first = story.send(BOB, 10, text("one"), Fields { topic: b"a", ..Fields::default() })?;
    story.send(BOB, 20, text("two"), Fields { topic: b"b", ..of(first) })?;
    cases.push(story.case(name, 100, true)?);
    Ok(cases)
}

fn expirations(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    let expires = Some(Expiration::at(50));
    for (name, now_ms) in [("before it expires", 49_999), ("a reply and a reaction to what expired", 50_000)]
    {
        let mut story = Story::new(seed, name);
        let first = story.send(BOB, 10, text("secret"), Fields { expires, ..Fields::default() })?;
        story.send(BOB, 20, text("still secret"), Fields { expires, ..of(first) })?;
        story.send(CATHY, 30, text("oh"), to(first))?;
        story.send(CATHY, 40, emoji("\u{1f389}"), to(first))?;
        cases.push(story.case(name, now_ms, true)?);
    }
    let name = "a reply to an edit of what was not received, which expired";
    let mut story = Story::new(seed, name);
    let unseen = MessageId::from_bytes(story.stream.array());
    let edit = story.send(BOB, 20, text("secret"), Fields { expires, ..of(unseen) })?;
    story.send(CATHY, 30, text("oh"), to(edit))?;
    cases.push(story.case(name, 50_000, true)?);

    let name = "a reaction that expires by itself";
    let mut story = Story::new(seed, name);
    let first = story.send(BOB, 10, text("hello"), Fields::default())?;
    story.send(CATHY, 20, emoji("\u{1f389}"), Fields { expires, ..to(first) })?;
    story.send(CATHY, 30, emoji("\u{2764}"), to(first))?;
    cases.push(story.case(name, 50_000, true)?);

    let name = "relative to when it was read";
    let mut story = Story::new(seed, name);
    let expires = Some(Expiration::after_reading(10));
    let first = story.send(BOB, 10, text("read"), Fields { expires, ..Fields::default() })?;
    if let Some(Value::Object(line)) = story.lines.last_mut() {
        line.insert("read_at".into(), 40_000.into());
    }
    story.send(BOB, 20, text("not read"), Fields { expires, ..Fields::default() })?;
    story.send(CATHY, 30, text("oh"), to(first))?;
    cases.push(story.case(name, 50_000, true)?);
    Ok(cases)
}

fn reactions(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    let nulls = MultiPart::new(PartSemantics::ProcessAll, vec![null(), null()])?;
    for (name, body) in [
        ("a reaction taken back by a NullPart", null()),
        (
            "a reaction taken back by a multipart of NullParts",
            NestedPart::multi(Disposition::REACTION, "", nulls),
        ),
        ("a reaction taken back by a text of no bytes", emoji("")),
    ] {
        let mut story = Story::new(seed, name);
        let first = story.send(BOB, 10, text("hello"), Fields::default())?;
        let reaction = story.send(CATHY, 20, emoji("\u{2764}"), to(first))?;
        story.send(ALICE, 30, emoji("\u{1f389}"), to(first))?;
        story.send(CATHY, 40, body, Fields { replaces: Some(reaction), ..to(first) })?;
        cases.push(story.case(name, 100, true)?);
    }
    let name = "one emoji with and without U+FE0F";
    let mut story = Story::new(seed, name);
    let first = story.send(ALICE, 10, text("hello"), Fields::default())?;
    story.send(BOB, 20, emoji("\u{1f44d}"), to(first))?;
    story.send(CATHY, 30, emoji("\u{1f44d}\u{fe0f}"), to(first))?;
    story.send(CATHY, 40, emoji("\u{2764}\u{fe0f}"), to(first))?;
    story.send(BOB, 50, emoji("\u{2764}\u{fe0e}"), to(first))?;
    cases.push(story.case(name, 100, true)?);
    Ok(cases)
}

fn statuses(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    for (name, reports) in [
        ("delivered on a second device after reading", &[1, 2, 1][..]),
        ("an error on a second device after reading", &[2, 6]),
        ("read, then marked as unread", &[2, 0]),
        ("hidden after reading", &[2, 5]),
        ("nothing follows deleted", &[2, 4, 2, 1]),
        ("nothing follows expired", &[1, 3, 0]),
        ("of two deliveries the later one", &[6, 1]),
        ("a status without a definition", &[2, 9]),
    ] {
        let mut story = Story::new(seed, name);
        let first = story.send(ALICE, 10, text("hello"), Fields::default())?;
        for (accepted_ms, status) in (20..).zip(reports) {
            story.report(BOB, accepted_ms, &[(first, *status)])?;
        }
        story.report(CATHY, 19, &[(first, 1)])?;
        cases.push(story.case(name, 100, true)?);
    }
    let name = "a status report by itself";
    let mut story = Story::new(seed, name);
    let first = story.send(ALICE, 10, text("hello"), Fields::default())?;
    let report = MessageStatusReport::of([(first, MessageStatus::READ)]).encode();
    story.lines.push(json!({
        "room_uri": ROOM, "sender_uri": BOB, "accepted_timestamp": 20, "encoded": hex::encode(report),
        "content_type": media_types::MIMI_MESSAGE_STATUS,
    }));
    story.report(BOB, 30, &[(first, 1)])?;
    cases.push(story.case(name, 100, true)?);
    Ok(cases)
}

fn echoes(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    for (name, answers) in [
        ("not accepted yet", vec![]),
        ("accepted before the local time", vec![json!({"local": 1, "accepted_timestamp": 15})]),
        ("failed", vec![json!({"local": 1, "failed": true})]),
        (
            "failed, then accepted",
            vec![json!({"local": 1, "failed": true}), json!({"local": 1, "accepted_timestamp": 25})],
        ),
    ] {
        let mut story = Story::new(seed, name);
        story.send(BOB, 20, text("hello"), Fields::default())?;
        story.local(1, 30, text("hi"))?;
        story.send(BOB, 40, text("bye"), Fields::default())?;
        story.lines.extend(answers);
        cases.push(story.case(name, 100, false)?);
    }
    let name = "the message itself comes in after its echo, or before it";
    let mut story = Story::new(seed, name);
    story.send(BOB, 20, text("hello"), Fields::default())?;
    let (_, mut line) = story.local(1, 30, text("hi"))?;
    if let Value::Object(line) = &mut line {
        line.remove("local");
        line.remove("created_at");
        line.insert("accepted_timestamp".into(), 15.into());
    }
    story.lines.push(line);
    cases.push(story.case(name, 100, true)?);
    Ok(cases)
}

fn retractions(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    let uri = |text: &str| IdentifierUri::new(text);
    let name = "the hub retracts a message";
    let mut story = Story::new(seed, name);
    let first = story.send(BOB, 10, text("rude"), Fields::default())?;
    let edit = story.send(BOB, 20, text("ruder"), of(first))?;
    story.send(CATHY, 30, text("oh"), to(edit))?;
    story.send(CATHY, 40, emoji("\u{1f44e}"), to(first))?;
    let component = HubRetractedMessagesComponent {
        hub_retracted_timestamp: 50,
        remover_uri: uri("mimi://a.example/u/moderator").map_err(defect)?,
        reason_code: Some(AbuseType(1)),
        retracted_messages: vec![Octets(*first.as_bytes())],
    };
    story.retract(80, &component.to_bytes().map_err(GenerateError::from)?);
    cases.push(story.case(name, 100, true)?);

    for (name, starting_timestamp) in
        [("the hub retracts all of a sender", None), ("the hub retracts a sender from a time on", Some(30))]
    {
        let mut story = Story::new(seed, name);
        let first = story.send(BOB, 10, text("fine"), Fields::default())?;
        let other = story.send(CATHY, 20, text("hello"), Fields::default())?;
        story.send(BOB, 30, text("spam"), of(first))?;
        story.send(BOB, 40, emoji("\u{1f4b0}"), to(other))?;
        story.send(BOB, 50, text("more spam"), to(other))?;
        let component = HubRetractedRangeComponent {
            hub_retracted_timestamp: 60,
            remover_uri: uri("mimi://a.example").map_err(defect)?,
            reason_code: None,
            abusive_sender_uri: uri(BOB).map_err(defect)?,
            starting_timestamp,
        };
        story.retract(81, &component.to_bytes().map_err(GenerateError::from)?);
        cases.push(story.case(name, 100, true)?);
    }
    Ok(cases)
}

fn defect(error: impl core::fmt::Display) -> GenerateError {
    GenerateError::Defect(error.to_string())
}

fn refused() -> Vec<GeneratedCase> {
    let refused = |name: &str, reason: &str, line: Value| {
        GeneratedCase::invalid(name, reason).json_member("messages", json!([line]).to_string())
    };
    vec![
        refused(
            "no message",
            "the bytes are no MIMI content",
            json!({"room_uri": ROOM, "sender_uri": BOB, "accepted_timestamp": 1, "encoded": "80"}),
        ),
        refused(
            "no status report",
            "the bytes are no report",
            json!({"room_uri": ROOM, "sender_uri": BOB, "accepted_timestamp": 1, "encoded": "a0",
                "content_type": media_types::MIMI_MESSAGE_STATUS}),
        ),
        refused(
            "no retraction",
            "the component is cut off",
            json!({"room_uri": ROOM, "sender_uri": BOB, "component": 80, "retraction": "00"}),
        ),
        refused(
            "a component that retracts nothing",
            "components 80 and 81 do",
            json!({"room_uri": ROOM, "sender_uri": BOB, "component": 82, "retraction": ""}),
        ),
    ]
}
