//! Conversations in JSON: the lines of `mimi-vectors timeline`, which are the messages of the kind
//! `timeline`, and what a person sees of them.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use mimi_codec::Decode;
use mimi_codec::protocol::{AbuseType, IdentifierUri};
use mimi_codec::retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent};
use mimi_content::timeline::{
    Acceptance, BodyKind, EntryState, Inserted, NotAuthorizedError, Reaction, ReactionContent,
    ReferenceState, Retraction, RetractionScope, Timeline, TimelineEntry, TimelineFinding, TimelineMessage,
    TimelineSeverity, Version, VersionState, sender_only,
};
use mimi_content::{MessageId, MessageStatusReportRef, MimiContent, MimiContentRef, media_types};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One room of a conversation. The payload of a status report that was sent by itself is `None`.
pub type RoomTimeline = Timeline<Option<MimiContent>, NotAuthorizedError>;

/// Rooms that messages are folded into.
///
/// ```
/// use mimi_test_vectors::conversation::RoomTimelines;
///
/// let mut conversation = RoomTimelines::new(None);
/// assert!(conversation.take(r#"{"local": 1, "failed": true, "room_uri": 7}"#).is_err());
/// assert_eq!(conversation.rooms().count(), 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RoomTimelines {
    rooms: BTreeMap<String, RoomTimeline>,
    local_user: Option<String>,
    /// The local user's own messages, by what the lines call them.
    local: BTreeMap<String, (String, MessageId)>,
    /// What the hub said of those that are yet to come.
    answers: BTreeMap<String, Vec<Answer>>,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Accepted(u64),
    Failed,
    Dropped,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// It is in its room.
    Folded,
    /// Another message is there under its ID.
    DifferentContent(MessageId),
}

/// A line of the input.
#[derive(Deserialize)]
struct Line {
    room_uri: Option<String>,
    sender_uri: Option<String>,
    accepted_timestamp: Option<u64>,
    created_at: Option<u64>,
    encoded: Option<String>,
    content_type: Option<String>,
    read_at: Option<u64>,
    local: Option<Value>,
    failed: Option<bool>,
    dropped: Option<bool>,
    retraction: Option<String>,
    component: Option<u16>,
}

fn bytes(name: &str, hex_text: &str) -> Result<Vec<u8>, String> {
    hex::decode(hex_text).map_err(|error| format!("{name} is not hex: {error}"))
}

/// The ID of a status report that was sent by itself: as of a message with its bytes and an empty
/// salt.
fn report_id(sender_uri: &str, room_uri: &str, encoded: &[u8]) -> Result<MessageId, String> {
    let mut hash = Sha256::new();
    for uri in [sender_uri, room_uri] {
        let length = u16::try_from(uri.len()).map_err(|_| "a URI of more than 65535 bytes")?;
        hash.update(length.to_be_bytes());
        hash.update(uri);
    }
    hash.update(encoded);
    let mut id = [1; 32];
    id.iter_mut().skip(1).zip(hash.finalize()).for_each(|(place, byte)| *place = byte);
    Ok(MessageId::from_bytes(id))
}

fn uri_text(uri: &IdentifierUri) -> Result<String, String> {
    core::str::from_utf8(uri.as_bytes()).map(String::from).map_err(|_| "a URI is not UTF-8".to_string())
}

fn retraction(component: u16, data: &[u8]) -> Result<Retraction, String> {
    let reason = |reason: Option<AbuseType>| reason.map(|reason| reason.0);
    let refused = |error: mimi_codec::DecodeError| format!("refused: {error}");
    match component {
        80 => {
            let data = HubRetractedMessagesComponent::decode_exact(data).map_err(refused)?;
            let ids = data.retracted_messages.iter().map(|id| MessageId::from_bytes(id.0)).collect();
            Ok(Retraction {
                at_ms: data.hub_retracted_timestamp,
                by_uri: uri_text(&data.remover_uri)?.into(),
                reason: reason(data.reason_code),
                scope: RetractionScope::Messages(ids),
            })
        }
        81 => {
            let data = HubRetractedRangeComponent::decode_exact(data).map_err(refused)?;
            Ok(Retraction {
                at_ms: data.hub_retracted_timestamp,
                by_uri: uri_text(&data.remover_uri)?.into(),
                reason: reason(data.reason_code),
                scope: RetractionScope::Sender {
                    sender_uri: uri_text(&data.abusive_sender_uri)?.into(),
                    from_ms: data.starting_timestamp,
                },
            })
        }
        other => Err(format!("component {other} retracts nothing: 80 and 81 do")),
    }
}

impl RoomTimelines {
    /// No messages, as they are seen by a user, or by someone who has sent none of them.
    #[must_use]
    pub fn new(local_user_uri: Option<&str>) -> Self {
        Self { local_user: local_user_uri.map(String::from), ..Self::default() }
    }

    /// The rooms, in the order of their URIs.
    pub fn rooms(&self) -> impl Iterator<Item = (&str, &RoomTimeline)> {
        self.rooms.iter().map(|(uri, room)| (uri.as_str(), room))
    }

    /// The rooms as JSON, as they are seen at a time in milliseconds since the UNIX epoch.
    #[must_use]
    pub fn to_json(&self, now_ms: u64) -> Value {
        self.rooms().map(|(uri, room)| room_json(uri, room, now_ms)).collect()
    }

    /// A snapshot of each room by its URI, as hex. What is kept of a message is its encoded
    /// content; of a status report that was sent by itself, nothing.
    #[must_use]
    pub fn snapshots(&self) -> Value {
        let payload =
            |content: &Option<MimiContent>| content.as_ref().map_or_else(Vec::new, MimiContent::encode);
        self.rooms()
            .map(|(uri, room)| (uri.to_string(), Value::from(hex::encode(room.snapshot(payload)))))
            .collect()
    }

    /// The rooms of [snapshots](RoomTimelines::snapshots).
    ///
    /// # Errors
    ///
    /// Why one of them is none, in words that begin with the room's URI.
    pub fn restore(snapshots: &Value) -> Result<Self, String> {
        let payload = |bytes: &[u8]| match bytes {
            [] => Some(None),
            bytes => MimiContent::decode(bytes).ok().map(Some),
        };
        let mut conversation = Self::default();
        for (uri, snapshot) in
            snapshots.as_object().ok_or("an object of snapshots by room URI is expected")?
        {
            let snapshot = bytes(uri, snapshot.as_str().ok_or_else(|| format!("{uri}: hex is expected"))?)?;
            let room =
                RoomTimeline::restore(&snapshot, payload).map_err(|error| format!("{uri}: {error}"))?;
            conversation.rooms.insert(uri.clone(), room);
        }
        Ok(conversation)
    }

    fn room(&mut self, uri: &str) -> &mut RoomTimeline {
        let local_user = self.local_user.as_deref();
        let new = || local_user.map_or_else(RoomTimeline::new, RoomTimeline::for_user);
        self.rooms.entry(uri.into()).or_insert_with(new)
    }

    /// Takes a line in, as text.
    ///
    /// # Errors
    ///
    /// Why it is no line, in words.
    pub fn take(&mut self, line: &str) -> Result<Taken, String> {
        let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        self.take_json(&line)
    }

    /// Takes a line in.
    ///
    /// # Errors
    ///
    /// Why it is no line, in words.
    pub fn take_json(&mut self, line: &Value) -> Result<Taken, String> {
        let line = Line::deserialize(line).map_err(|error| error.to_string())?;
        if let Some(component) = &line.retraction {
            let room_uri = line.room_uri.as_deref().ok_or("missing field `room_uri`")?;
            let number = line.component.ok_or("missing field `component`")?;
            let retraction = Arc::new(retraction(number, &bytes("retraction", component)?)?);
            drop(self.room(room_uri).retract(&retraction));
            return Ok(Taken::Folded);
        }
        if let (Some(local), None) = (&line.local, &line.encoded) {
            return self.answer(&line, local.to_string());
        }
        let room_uri = line.room_uri.as_deref().ok_or("missing field `room_uri`")?;
        let sender_uri = line.sender_uri.as_deref().ok_or("missing field `sender_uri`")?;
        let encoded = bytes("encoded", line.encoded.as_deref().ok_or("missing field `encoded`")?)?;
        let essence =
            line.content_type.as_deref().map(|text| text.split(';').next().unwrap_or_default().trim());
        if essence.is_some_and(|text| text.eq_ignore_ascii_case(media_types::MIMI_MESSAGE_STATUS)) {
            let report =
                MessageStatusReportRef::decode(&encoded).map_err(|error| format!("refused: {error}"))?;
            let id = report_id(sender_uri, room_uri, &encoded)?;
            return self.insert(&line, id, None, |accepted_ms| {
                TimelineMessage::status_report(id, sender_uri, accepted_ms, &report)
            });
        }
        if let Some(other) = essence.filter(|text| !text.eq_ignore_ascii_case(media_types::MIMI_CONTENT)) {
            return Err(format!("content_type {other} is not known"));
        }
        let content = MimiContentRef::decode(&encoded).map_err(|error| format!("refused: {error}"))?;
        let id = content.message_id(sender_uri, room_uri).map_err(|error| error.to_string())?;
        self.insert(&line, id, Some(content.to_owned()), |accepted_ms| {
            TimelineMessage::new(id, sender_uri, accepted_ms, &content)
        })
    }

    fn insert<'a>(
        &mut self,
        line: &Line,
        id: MessageId,
        payload: Option<MimiContent>,
        received: impl FnOnce(u64) -> TimelineMessage<'a>,
    ) -> Result<Taken, String> {
        let room_uri = line.room_uri.as_deref().ok_or("missing field `room_uri`")?;
        if let Some(read_at_ms) = line.read_at {
            self.room(room_uri).mark_read(id, read_at_ms);
        }
        let inserted = match &line.local {
            None => {
                let accepted_ms = line.accepted_timestamp.ok_or("missing field `accepted_timestamp`")?;
                self.room(room_uri).insert(received(accepted_ms), payload, &sender_only)
            }
            Some(local) => {
                let created_ms = line.created_at.ok_or("missing field `created_at`")?;
                let inserted = self.room(room_uri).insert_local(received(created_ms), payload, &sender_only);
                let local = local.to_string();
                for answer in self.answers.remove(&local).unwrap_or_default() {
                    self.take_answer(room_uri, id, answer);
                }
                self.local.insert(local, (room_uri.into(), id));
                inserted
            }
        };
        Ok(match inserted {
            Inserted::New(_) | Inserted::Repeated { .. } => Taken::Folded,
            Inserted::DifferentContent => Taken::DifferentContent(id),
        })
    }

    fn answer(&mut self, line: &Line, local: String) -> Result<Taken, String> {
        let answer = match (line.accepted_timestamp, line.failed, line.dropped) {
            (Some(accepted_ms), None | Some(false), None | Some(false)) => Answer::Accepted(accepted_ms),
            (None, Some(true), None | Some(false)) => Answer::Failed,
            (None, None | Some(false), Some(true)) => Answer::Dropped,
            _ => return Err("a local message was accepted, failed or dropped: one of them".into()),
        };
        match self.local.get(&local).cloned() {
            Some((room_uri, id)) => self.take_answer(&room_uri, id, answer),
            None => self.answers.entry(local).or_default().push(answer),
        }
        Ok(Taken::Folded)
    }

    fn take_answer(&mut self, room_uri: &str, id: MessageId, answer: Answer) {
        let room = self.room(room_uri);
        drop(match answer {
            Answer::Accepted(accepted_ms) => room.accept(id, accepted_ms, &sender_only),
            Answer::Failed => room.fail(id),
            Answer::Dropped => room.drop_local(id),
        });
    }
}

/// The name of what became of a message that a reply names.
#[must_use]
pub fn reference_name(state: ReferenceState) -> &'static str {
    match state {
        ReferenceState::Unseen => "unseen",
        ReferenceState::Held => "held",
        ReferenceState::Newest => "newest",
        ReferenceState::Older => "older",
        ReferenceState::Deleted => "deleted",
        ReferenceState::Expired => "expired",
        ReferenceState::Retracted => "retracted",
        ReferenceState::NoEffect => "no_effect",
        ReferenceState::Loop => "loop",
    }
}

fn standing_name(standing: VersionState<'_, NotAuthorizedError>) -> &'static str {
    match standing {
        VersionState::First => "first",
        VersionState::Edit => "edit",
        VersionState::Deletion => "deletion",
        VersionState::AfterDeletion => "after_deletion",
        VersionState::Held => "held",
        VersionState::NotAuthorized(_) => "not_authorized",
        VersionState::OtherKind => "other_kind",
        VersionState::Retracted => "retracted",
    }
}

fn state_name(state: EntryState) -> &'static str {
    match state {
        EntryState::Shown => "shown",
        EntryState::Deleted => "deleted",
        EntryState::Retracted => "retracted",
        EntryState::Expired => "expired",
    }
}

fn kind_name(kind: BodyKind) -> &'static str {
    match kind {
        BodyKind::Content => "content",
        BodyKind::Reaction => "reaction",
        BodyKind::Report => "report",
        BodyKind::Null => "null",
    }
}

fn room_json(uri: &str, room: &RoomTimeline, now_ms: u64) -> Value {
    let ids = |ids: &mut dyn Iterator<Item = MessageId>| ids.map(|id| id.to_string()).collect::<Vec<_>>();
    let findings = room.suspects().map(|version| {
        let findings = version.findings();
        json!({
            "message_id": version.message_id().to_string(),
            "sender_uri": version.sender_uri(),
            "kind": kind_name(version.kind()),
            "findings": findings.iter().map(TimelineFinding::to_string).collect::<Vec<_>>(),
            "severity": match findings.iter().map(TimelineFinding::severity).max() {
                Some(TimelineSeverity::Suspect) => "suspect",
                _ => "odd",
            },
        })
    });
    json!({
        "room_uri": uri,
        "messages": room.len(),
        "entries": room.entries().map(|entry| entry_json(&entry, now_ms)).collect::<Vec<_>>(),
        "held": ids(&mut room.held().map(|version| version.message_id())),
        "unseen": ids(&mut room.unseen()),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn content_json(content: &ReactionContent) -> Value {
    match content {
        ReactionContent::Text(text) => json!({"text": text.as_str()}),
        ReactionContent::Other(hash) => json!({"hash": hex::encode(hash)}),
    }
}

fn entry_json(entry: &TimelineEntry<'_, Option<MimiContent>, NotAuthorizedError>, now_ms: u64) -> Value {
    let version_json = |version: Version<'_, Option<MimiContent>, NotAuthorizedError>| {
        json!({
            "message_id": version.message_id().to_string(),
            "sender_uri": version.sender_uri(),
            "accepted_timestamp": version.accepted_ms(),
            "standing": standing_name(version.standing()),
        })
    };
    let reaction_json = |reaction: &Reaction<'_, Option<MimiContent>, NotAuthorizedError>| {
        json!({
            "message_id": reaction.message_id().to_string(),
            "sender_uri": reaction.sender_uri(),
            "to": reaction.to().message_id().to_string(),
            "part": reaction.part().0,
            "reaction": content_json(reaction.content()),
        })
    };
    let groups = entry.reaction_groups(now_ms);
    let groups = groups.iter().filter_map(|group| {
        let first = group.reactions.first()?;
        Some(json!({
            "to": first.to().message_id().to_string(),
            "part": first.part().0,
            "reaction": content_json(group.content),
            "senders": group.senders(),
        }))
    });
    let state = entry.state(now_ms);
    let body = entry
        .current()
        .payload()
        .filter(|_| state == EntryState::Shown)
        .and_then(|content| content.as_ref().map(|content| content.body().clone()));
    json!({
        "message_id": entry.message_id().to_string(),
        "sender_uri": entry.sender_uri(),
        "accepted_timestamp": entry.accepted_ms(),
        "topic_id": hex::encode(entry.topic_id()),
        "state": state_name(state),
        "local": match entry.acceptance() {
            Acceptance::Accepted | Acceptance::Dropped => None,
            Acceptance::Pending => Some("pending"),
            Acceptance::Failed => Some("failed"),
        },
        "retracted": entry.retraction().map(|retraction| json!({
            "by": retraction.by_uri.as_ref(),
            "reason": retraction.reason,
            "at": retraction.at_ms,
            "from": retraction.starting_ms(),
        })),
        "expires_at": entry.expires_ms(),
        "edited": entry.is_edited(),
        "current": entry.current().message_id().to_string(),
        "body": body,
        "versions": entry.all_versions().map(version_json).collect::<Vec<_>>(),
        "in_reply_to": entry.in_reply_to(now_ms).map(|reference| {
            json!({"message_id": reference.message_id.to_string(), "state": reference_name(reference.state)})
        }),
        "replies": entry.replies().iter().map(|reply| reply.message_id().to_string()).collect::<Vec<_>>(),
        "reactions": entry.reactions(now_ms).iter().map(reaction_json).collect::<Vec<_>>(),
        "reaction_groups": groups.collect::<Vec<_>>(),
        "statuses": entry.statuses().iter().map(|status| json!({
            "reader_uri": status.reader_uri,
            "message_id": status.message_id.to_string(),
            "status": status.status.0,
        })).collect::<Vec<_>>(),
    })
}
