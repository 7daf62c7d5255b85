//! Messages: decoded, encoded, as JSON, named, diagnosed, in short.

use std::collections::BTreeMap;
use std::sync::Arc;

use mimi_content::choice::{Choice, PartFate, Profile};
use mimi_content::diagnose::{Diagnosis as Found, LooseContent, LoosePart};
use mimi_content::{
    DecodeError, MessageId, MessageStatusReport, MimiContent, MimiContentRef, NestedPartRef, PartIndex,
    PartRef, media_types, preview,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Error, ErrorKind, Result};

/// Where messages are defined.
const SECTION: &str = "mimi-content-09 §4";

pub(crate) fn refused(error: &DecodeError, section: &str) -> Error {
    let error_of = Error::new(ErrorKind::Refused, error.kind()).because(error.kind());
    error_of.in_field(error.path()).at(error.offset()).of_section(section)
}

/// Reads a message ID, 32 bytes, from hex.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for other text.
pub(crate) fn message_id(field: &str, hex_id: &str) -> Result<MessageId> {
    let bytes = hex::decode(hex_id).map_err(|error| Error::input(field, error))?;
    MessageId::try_from(bytes.as_slice())
        .map_err(|_| Error::input(field, format!("{} bytes, a message ID has 32", bytes.len())))
}

/// A valid message (mimi-content-09 §4). Cloning it copies no bytes.
///
/// ```
/// use mimi::content::Message;
///
/// let message = Message::from_json_text(r#"{
///     "salt": "5eed9406c2545547ab6f09f20a18b003", "topic_id": "", "extensions": [],
///     "body": {"part": "single", "disposition": 1, "language": "en",
///              "content_type": "text/markdown;variant=GFM-MIMI", "content": "4869212a2a486921"}
/// }"#)?;
/// let received = Message::decode(&message.encode())?;
/// assert_eq!(received, message);
/// assert_eq!(received.preview(&Default::default()).line, "Hi!**Hi!");
///
/// let mut damaged = message.encode();
/// damaged[18] ^= 1;
/// let error = Message::decode(&damaged).unwrap_err();
/// assert_eq!(error.field.as_deref(), Some("MimiContent.replaces"));
/// assert_eq!((error.reason.as_deref(), error.offset), (Some("UnexpectedType"), Some(18)));
/// # Ok::<(), mimi::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    content: Arc<MimiContent>,
    encoded: Arc<[u8]>,
}

/// The encoding shows the salt, and is left out.
impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Message").field(&self.content).finish()
    }
}

/// What a client can show and its user can read, most preferred first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientProfile {
    /// Media types. Text of all kinds can be shown as plain text without being named. By default
    /// those that every client must be able to receive.
    pub media_types: Vec<String>,
    /// Language ranges (RFC 4647), such as `fr-CH`; empty if the user has no preference.
    pub languages: Vec<String>,
}

impl Default for ClientProfile {
    fn default() -> Self {
        let required = media_types::REQUIRED.iter().map(ToString::to_string);
        Self { media_types: required.collect(), languages: Vec::new() }
    }
}

/// A message in short. All of it is plain text without control characters but line breaks and tabs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// One line of at most 120 characters, for a list of rooms.
    pub line: String,
    /// At most 3 lines of 240 characters, for the head of a reply.
    pub quote: String,
    /// All text that is shown, for a search index.
    pub search_text: String,
    /// What the client does not show, each part on a line; `None` if everything is shown.
    pub left_out: Option<String>,
}

/// A part of a message, and what a client does with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PartInfo {
    /// Its index; content IDs name parts by it.
    pub index: u16,
    /// The index of the multipart around it.
    pub parent: Option<u16>,
    /// `null`, `single`, `external` or `multi`.
    pub kind: String,
    /// The disposition's number.
    pub disposition: u8,
    /// The disposition's name, if the number has one.
    pub disposition_name: Option<String>,
    /// Its own language; may be empty.
    pub language: String,
    /// The media type; empty for a part without one.
    pub content_type: String,
    /// The content, of a single part.
    pub content: Option<Vec<u8>>,
    /// The content as plain text, if it is text.
    pub text: Option<String>,
    /// The URL, of an external part.
    pub url: Option<String>,
    /// The file name, of an external part.
    pub filename: Option<String>,
    /// The description, of an external part.
    pub description: Option<String>,
    /// The size in bytes, of an external part.
    pub size: Option<u64>,
    /// What a client does with it: `processed`, `referenced`, `empty`, `not_understood`,
    /// `not_chosen`, `incomplete` or `inside`.
    pub fate: String,
    /// The part that the fate is about: the one that refers to this one, that was chosen, that is
    /// missing, or the multipart that is not processed.
    pub fate_part: Option<u16>,
}

impl Message {
    /// Reads a message, strictly.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] with reason, field and byte. [`diagnose`] lists everything that is
    /// wrong.
    pub fn decode(encoded: &[u8]) -> Result<Self> {
        let content = MimiContent::decode(encoded).map_err(|error| refused(&error, SECTION))?;
        Ok(Self { content: Arc::new(content), encoded: encoded.into() })
    }

    /// Reads a message from JSON, in the form of a vector's `value`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for other JSON, or a value that no message has.
    pub fn from_json(json: &Value) -> Result<Self> {
        let content: MimiContent =
            serde::Deserialize::deserialize(json).map_err(|error| Error::input("json", error))?;
        Ok(Self::of(content))
    }

    /// As [`from_json`](Self::from_json), for text.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json), and [`ErrorKind::InvalidInput`] for an object that has a
    /// member twice.
    pub fn from_json_text(json: &str) -> Result<Self> {
        let content: MimiContent = serde_json::from_str(json).map_err(|error| Error::input("json", error))?;
        Ok(Self::of(content))
    }

    pub(crate) fn of(content: MimiContent) -> Self {
        let encoded = content.encode().into();
        Self { content: Arc::new(content), encoded }
    }

    /// The bytes of the message: what an MLS application message carries.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encoded.to_vec()
    }

    /// The message as JSON, in the form of a vector's `value`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&*self.content).unwrap_or_default()
    }

    /// The message as Rust value, for what this crate does not offer.
    #[must_use]
    pub fn as_content(&self) -> &MimiContent {
        &self.content
    }

    /// The message ID as hex, from the URIs of the user that MLS names as the sender and of the
    /// room (mimi-content-09 §3.3).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a URI of more than 65535 bytes.
    pub fn message_id(&self, sender_uri: &str, room_uri: &str) -> Result<String> {
        let id = self.content.message_id(sender_uri, room_uri);
        id.map(|id| id.to_string())
            .map_err(|error| Error::new(ErrorKind::InvalidInput, error).because(&error))
    }

    /// The salt as hex.
    #[must_use]
    pub fn salt(&self) -> String {
        hex::encode(self.content.salt().as_bytes())
    }

    /// The ID of the message that this one edits or deletes, as hex.
    #[must_use]
    pub fn replaces(&self) -> Option<String> {
        self.content.replaces().map(|id| id.to_string())
    }

    /// The ID of the message that this one answers or reacts to, as hex.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<String> {
        self.content.in_reply_to().map(|id| id.to_string())
    }

    /// The topic; empty for no topic.
    #[must_use]
    pub fn topic_id(&self) -> Vec<u8> {
        self.content.topic_id().to_vec()
    }

    /// The parts in the order of their indexes, with what this client does with each.
    #[must_use]
    pub fn parts(&self, client: &ClientProfile) -> Vec<PartInfo> {
        self.chosen(client, |message, choice| {
            let multiparts = choice.fates().map(|(index, _)| index);
            let parents: BTreeMap<PartIndex, u16> = multiparts
                .flat_map(|index| message.children(index).map(move |(inner, _)| (inner, index.0)))
                .collect();
            let parts = choice.fates().filter_map(|(index, fate)| {
                Some(part_info(index, message.part(index)?, fate, parents.get(&index).copied()))
            });
            parts.collect()
        })
        .unwrap_or_default()
    }

    /// The content of a single part; `None` for other parts and indexes.
    #[must_use]
    pub fn part_content(&self, index: u16) -> Option<Vec<u8>> {
        let message = MimiContentRef::decode(&self.encoded).ok()?;
        match message.part(PartIndex(index))?.part {
            PartRef::Single(single) => Some(single.content.to_vec()),
            _ => None,
        }
    }

    /// The message in short, as this client shows it.
    #[must_use]
    pub fn preview(&self, client: &ClientProfile) -> Preview {
        let shown = self.chosen(client, |message, choice| Preview {
            line: preview::one_line(message, choice, 120),
            quote: preview::quote(message, choice, 3, 240),
            search_text: preview::search_text(message, choice),
            left_out: preview::left_out_text(message, choice),
        });
        // What was decoded once is decoded again.
        shown.unwrap_or(Preview {
            line: String::new(),
            quote: String::new(),
            search_text: String::new(),
            left_out: None,
        })
    }

    pub(crate) fn chosen<T>(
        &self,
        client: &ClientProfile,
        what: impl FnOnce(&MimiContentRef<'_>, &Choice) -> T,
    ) -> Option<T> {
        let message = MimiContentRef::decode(&self.encoded).ok()?;
        let media_types: Vec<&str> = client.media_types.iter().map(String::as_str).collect();
        let languages: Vec<&str> = client.languages.iter().map(String::as_str).collect();
        let profile = Profile { media_types: &media_types, languages: &languages };
        let choice = Choice::for_client(&message, &profile);
        Some(what(&message, &choice))
    }
}

fn part_info(index: PartIndex, part: &NestedPartRef<'_>, fate: PartFate, parent: Option<u16>) -> PartInfo {
    let (fate, fate_part) = match fate {
        PartFate::Processed => ("processed", None),
        PartFate::Referenced { by } => ("referenced", Some(by.0)),
        PartFate::Empty => ("empty", None),
        PartFate::NotUnderstood => ("not_understood", None),
        PartFate::NotChosen { chosen } => ("not_chosen", Some(chosen.0)),
        PartFate::Incomplete { missing } => ("incomplete", Some(missing.0)),
        PartFate::Inside { multipart } => ("inside", Some(multipart.0)),
    };
    let mut info = PartInfo {
        index: index.0,
        parent,
        kind: String::new(),
        disposition: part.disposition.0,
        disposition_name: part.disposition.name().map(String::from),
        language: part.language.into(),
        content_type: String::new(),
        content: None,
        text: None,
        url: None,
        filename: None,
        description: None,
        size: None,
        fate: fate.into(),
        fate_part,
    };
    match &part.part {
        PartRef::Null => info.kind = "null".into(),
        PartRef::Single(single) => {
            info.kind = "single".into();
            info.content_type = single.content_type.into();
            info.content = Some(single.content.to_vec());
            info.text = preview::plain_text(single.content_type, single.content);
        }
        PartRef::External(external) => {
            info.kind = "external".into();
            info.content_type = external.content_type.into();
            info.url = Some(external.url.into());
            info.filename = Some(external.filename.into());
            info.description = Some(external.description.into());
            info.size = Some(external.size);
        }
        PartRef::Multi(_) => info.kind = "multi".into(),
    }
    info
}

/// What was read of bytes that need not be a valid message, and every rule that they break.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Whether the bytes are a valid message.
    pub accepted: bool,
    /// The rules that are broken, in the order in which they were found; at most 256.
    pub violations: Vec<Violation>,
    /// How many more there are.
    pub more: u64,
    /// What could be read, bytes as hex; `None` if the document is no array.
    pub content: Option<Value>,
}

/// A rule of mimi-content-09 that bytes break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Violation {
    /// The rule's name: `SaltLength`.
    pub rule: String,
    /// What is wrong: `salt of 0 bytes, expected 16`.
    pub message: String,
    /// The field: `MimiContent.salt`.
    pub field: String,
    /// The first byte of the item that breaks the rule.
    pub offset: u64,
}

/// Reads a document as far as it can be read, and lists what is wrong with it. Nothing is decided
/// by this: for logs, support and the import of old stores.
///
/// ```
/// let diagnosis = mimi::content::diagnose(&[0x87, 0x40]);
/// assert!(!diagnosis.accepted);
/// assert!(diagnosis.violations.iter().any(|violation| violation.rule == "SaltLength"));
/// ```
#[must_use]
pub fn diagnose(encoded: &[u8]) -> Diagnosis {
    let Found { content, violations, more } = Found::of(encoded);
    let violations = violations.into_iter().map(|violation| Violation {
        message: violation.rule.to_string(),
        rule: Error::new(ErrorKind::Refused, "").because(&violation.rule).reason.unwrap_or_default(),
        field: violation.path,
        offset: violation.offset as u64,
    });
    Diagnosis {
        accepted: MimiContentRef::decode(encoded).is_ok(),
        violations: violations.collect(),
        more: more as u64,
        content: content.as_ref().map(loose_json),
    }
}

fn loose_json(content: &LooseContent) -> Value {
    let extensions = content.extensions.iter().map(|(key, value)| json!([key, hex::encode(value)]));
    json!({
        "salt": hex::encode(&content.salt),
        "replaces": content.replaces.as_ref().map(hex::encode),
        "topic_id": hex::encode(&content.topic_id),
        "expires": content.expires.map(|(relative, seconds)| json!({"relative": relative, "time": seconds})),
        "in_reply_to": content.in_reply_to.as_ref().map(hex::encode),
        "last_seen": content.last_seen.iter().map(hex::encode).collect::<Vec<_>>(),
        "extensions": extensions.collect::<Vec<_>>(),
        "body": content.body.as_ref().map(loose_part_json),
    })
}

/// The depth of parts is bounded by the reader.
fn loose_part_json(part: &LoosePart) -> Value {
    json!({
        "disposition": part.disposition,
        "language": part.language,
        "content_type": part.content_type,
        "content": hex::encode(&part.content),
        "url": part.url,
        "description": part.description,
        "filename": part.filename,
        "parts": part.parts.iter().map(loose_part_json).collect::<Vec<_>>(),
    })
}

/// What became of a message (mimi-message-status-01 §3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageStatus {
    /// The message ID as hex.
    pub message_id: String,
    /// The status' number.
    pub status: u8,
    /// The status' name, if the number has one: `read`.
    pub name: Option<String>,
}

/// Reads a status report.
///
/// ```
/// assert!(mimi::content::decode_status_report(&[0x80])?.is_empty());
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Refused`] with reason, field and byte.
pub fn decode_status_report(encoded: &[u8]) -> Result<Vec<MessageStatus>> {
    let report = MessageStatusReport::decode(encoded);
    let report = report.map_err(|error| refused(&error, "mimi-message-status-01 §3"))?;
    let statuses = report.0.iter().map(|entry| MessageStatus {
        message_id: entry.message_id.to_string(),
        status: entry.status.0,
        name: entry.status.name().map(String::from),
    });
    Ok(statuses.collect())
}

/// Writes a status report. Names are not looked at.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for a message ID that is not 32 bytes in hex.
pub fn encode_status_report(statuses: &[MessageStatus]) -> Result<Vec<u8>> {
    Ok(status_report(statuses)?.encode())
}

pub(crate) fn status_report(statuses: &[MessageStatus]) -> Result<MessageStatusReport> {
    let statuses = statuses.iter().map(|entry| {
        Ok((message_id("message_id", &entry.message_id)?, mimi_content::MessageStatus(entry.status)))
    });
    Ok(MessageStatusReport::of(statuses.collect::<Result<Vec<_>>>()?))
}
