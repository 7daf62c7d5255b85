//! Messages, status reports and texts.

use std::sync::Arc;

use crate::convert::{Cross, record};
use crate::error::Result;

/// A valid message (mimi-content-09 §4).
#[derive(Debug, uniffi::Object)]
pub struct Message(pub(crate) mimi::content::Message);

/// What a client can show and its user can read, most preferred first.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct ClientProfile {
    /// Media types; empty for those that every client must be able to receive.
    #[uniffi(default = [])]
    pub media_types: Vec<String>,
    /// Language ranges (RFC 4647), such as `fr-CH`; empty if the user has no preference.
    #[uniffi(default = [])]
    pub languages: Vec<String>,
}

impl ClientProfile {
    fn inner(self) -> mimi::content::ClientProfile {
        let default = mimi::content::ClientProfile::default();
        let media_types = if self.media_types.is_empty() { default.media_types } else { self.media_types };
        mimi::content::ClientProfile { media_types, languages: self.languages }
    }
}

record! {
    /// A message in short: plain text without control characters but line breaks and tabs.
    Preview of mimi::content::Preview {
        /// One line of at most 120 characters.
        line: String,
        /// At most 3 lines of 240 characters, for the head of a reply.
        quote: String,
        /// All text that is shown, for a search index.
        search_text: String,
        /// What the client does not show, each part on a line.
        left_out: Option<String>,
    }
}

record! {
    /// A part of a message, and what a client does with it.
    PartInfo of mimi::content::PartInfo {
        /// Its index.
        index: u16,
        /// The index of the multipart around it.
        parent: Option<u16>,
        /// `null`, `single`, `external` or `multi`.
        kind: String,
        /// The disposition's number.
        disposition: u8,
        /// The disposition's name, if the number has one.
        disposition_name: Option<String>,
        /// Its own language; may be empty.
        language: String,
        /// The media type; empty for a part without one.
        content_type: String,
        /// The content, of a single part.
        content: Option<Vec<u8>>,
        /// The content as plain text, if it is text.
        text: Option<String>,
        /// The URL, of an external part.
        url: Option<String>,
        /// The file name, of an external part.
        filename: Option<String>,
        /// The description, of an external part.
        description: Option<String>,
        /// The size in bytes, of an external part.
        size: Option<u64>,
        /// `processed`, `referenced`, `empty`, `not_understood`, `not_chosen`, `incomplete` or
        /// `inside`.
        fate: String,
        /// The part that the fate is about.
        fate_part: Option<u16>,
    }
}

record! {
    /// A part that a client shows.
    ShownPart of mimi::render::ShownPart {
        /// Its index; `cid:N@local.invalid` in HTML names part N.
        index: u16,
        /// The outermost singleUnit around it, if there is one.
        unit: Option<u16>,
        /// The disposition's number.
        disposition: u8,
        /// The media type.
        content_type: String,
        /// Safe HTML, if the content is Markdown or HTML.
        html: Option<String>,
        /// The content as plain text, if it is text.
        text: Option<String>,
    }
}

record! {
    /// A rule of mimi-content-09 that bytes break.
    Violation of mimi::content::Violation {
        /// The rule's name: `SaltLength`.
        rule: String,
        /// What is wrong.
        message: String,
        /// The field: `MimiContent.salt`.
        field: String,
        /// The first byte of the item that breaks the rule.
        offset: u64,
    }
}

record! {
    /// What was read of bytes that need not be a valid message.
    Diagnosis of mimi::content::Diagnosis {
        /// Whether the bytes are a valid message.
        accepted: bool,
        /// The rules that are broken; at most 256.
        violations: Vec<Violation>,
        /// How many more there are.
        more: u64,
        /// What could be read, as JSON.
        content: Option<String>,
    }
}

/// What became of a message (mimi-message-status-01 §3).
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MessageStatus {
    /// The message ID as hex.
    pub message_id: String,
    /// The status' number.
    pub status: u8,
    /// The status' name, if the number has one; not looked at when a report is written.
    #[uniffi(default = None)]
    pub name: Option<String>,
}

pub(crate) fn statuses(statuses: Vec<MessageStatus>) -> Vec<mimi::content::MessageStatus> {
    let own = |MessageStatus { message_id, status, name }| mimi::content::MessageStatus {
        message_id,
        status,
        name,
    };
    statuses.into_iter().map(own).collect()
}

impl Cross<MessageStatus> for mimi::content::MessageStatus {
    fn cross(self) -> MessageStatus {
        MessageStatus { message_id: self.message_id, status: self.status, name: self.name }
    }
}

#[uniffi::export]
impl Message {
    /// Reads a message, strictly.
    #[uniffi::constructor]
    pub fn decode(encoded: Vec<u8>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(mimi::content::Message::decode(&encoded)?)))
    }

    /// Reads a message from JSON, in the form of a vector's `value`.
    #[uniffi::constructor]
    pub fn from_json(json: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(mimi::content::Message::from_json_text(&json)?)))
    }

    /// The bytes of the message: what an MLS application message carries.
    pub fn encode(&self) -> Vec<u8> {
        self.0.encode()
    }

    /// The message as JSON, in the form of a vector's `value`.
    pub fn to_json(&self) -> String {
        self.0.to_json().to_string()
    }

    /// The message ID as hex, from the URIs of the user that MLS names as the sender and of the room.
    pub fn message_id(&self, sender_uri: String, room_uri: String) -> Result<String> {
        Ok(self.0.message_id(&sender_uri, &room_uri)?)
    }

    /// The ID of the message that this one edits or deletes, as hex.
    pub fn replaces(&self) -> Option<String> {
        self.0.replaces()
    }

    /// The ID of the message that this one answers or reacts to, as hex.
    pub fn in_reply_to(&self) -> Option<String> {
        self.0.in_reply_to()
    }

    /// The topic; empty for no topic.
    pub fn topic_id(&self) -> Vec<u8> {
        self.0.topic_id()
    }

    /// The parts in the order of their indexes, with what this client does with each.
    pub fn parts(&self, client: ClientProfile) -> Vec<PartInfo> {
        self.0.parts(&client.inner()).cross()
    }

    /// The message in short, as this client shows it.
    pub fn preview(&self, client: ClientProfile) -> Preview {
        self.0.preview(&client.inner()).cross()
    }

    /// The parts that a client shows, in their order, as safe HTML and plain text.
    pub fn render(&self, client: ClientProfile) -> Vec<ShownPart> {
        mimi::render::render(&self.0, &client.inner()).cross()
    }
}

/// Reads a document as far as it can be read, and lists what is wrong with it.
#[uniffi::export]
pub fn diagnose(encoded: Vec<u8>) -> Diagnosis {
    mimi::content::diagnose(&encoded).cross()
}

/// Reads a status report.
#[uniffi::export]
pub fn decode_status_report(encoded: Vec<u8>) -> Result<Vec<MessageStatus>> {
    Ok(mimi::content::decode_status_report(&encoded)?.cross())
}

/// Writes a status report.
#[uniffi::export]
pub fn encode_status_report(statuses: Vec<MessageStatus>) -> Result<Vec<u8>> {
    Ok(mimi::content::encode_status_report(&self::statuses(statuses))?)
}

/// Safe HTML for content of type `text/markdown` or `text/html`, hostile or not.
#[uniffi::export]
pub fn render_html(content_type: String, content: Vec<u8>) -> Option<String> {
    mimi::render::to_html(&content_type, &content)
}

/// The text of content of type `text/plain`, `text/markdown` or `text/html` without markup.
#[uniffi::export]
pub fn render_plain_text(content_type: String, content: Vec<u8>) -> Option<String> {
    mimi::render::to_plain_text(&content_type, &content)
}

/// What to show for Markdown, for screens of any kind, as JSON: a list of events.
#[uniffi::export]
pub fn render_events(markdown: String) -> String {
    serde_json::to_string(&mimi::render::events(&markdown)).unwrap_or_default()
}
