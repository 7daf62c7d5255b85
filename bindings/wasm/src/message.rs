//! Messages and status reports.

use mimi::content::{self, ClientProfile};
use wasm_bindgen::prelude::*;

use crate::{Thrown, answer, json, not_json, thrown};

/// A valid message.
#[wasm_bindgen]
pub struct Message(pub(crate) content::Message);

/// What a client can show: the defaults, if a list is not given.
fn profile(media_types: Option<Vec<String>>, languages: Option<Vec<String>>) -> ClientProfile {
    let ClientProfile { media_types: usual, .. } = ClientProfile::default();
    ClientProfile { media_types: media_types.unwrap_or(usual), languages: languages.unwrap_or_default() }
}

#[wasm_bindgen]
impl Message {
    pub fn decode(encoded: &[u8]) -> Thrown<Message> {
        content::Message::decode(encoded).map(Self).map_err(thrown)
    }

    #[wasm_bindgen(js_name = fromJson)]
    pub fn from_json(text: &str) -> Thrown<Message> {
        content::Message::from_json_text(text).map(Self).map_err(thrown)
    }

    pub fn encode(&self) -> Vec<u8> {
        self.0.encode()
    }

    #[wasm_bindgen(js_name = toJson)]
    pub fn to_json(&self) -> String {
        json(&self.0.to_json())
    }

    #[wasm_bindgen(js_name = messageId)]
    pub fn message_id(&self, sender_uri: &str, room_uri: &str) -> Thrown<String> {
        self.0.message_id(sender_uri, room_uri).map_err(thrown)
    }

    /// Contents are left out: they may be large, and `content` has them.
    pub fn parts(&self, media_types: Option<Vec<String>>, languages: Option<Vec<String>>) -> String {
        let mut parts = self.0.parts(&profile(media_types, languages));
        for part in &mut parts {
            part.content = None;
        }
        let mut parts = serde_json::json!(parts);
        for part in parts.as_array_mut().into_iter().flatten().filter_map(|part| part.as_object_mut()) {
            part.remove("content");
        }
        json(&parts)
    }

    /// The content of a single part.
    pub fn content(&self, part: u16) -> Option<Vec<u8>> {
        self.0.part_content(part)
    }

    pub fn preview(&self, media_types: Option<Vec<String>>, languages: Option<Vec<String>>) -> String {
        json(&self.0.preview(&profile(media_types, languages)))
    }

    #[cfg(feature = "render")]
    pub fn render(&self, media_types: Option<Vec<String>>, languages: Option<Vec<String>>) -> String {
        json(&mimi::render::render(&self.0, &profile(media_types, languages)))
    }
}

/// `diagnose` of the facade.
#[wasm_bindgen]
pub fn diagnose(encoded: &[u8]) -> String {
    json(&content::diagnose(encoded))
}

/// `decode_status_report` of the facade.
#[wasm_bindgen(js_name = decodeStatusReport)]
pub fn decode_status_report(encoded: &[u8]) -> Thrown<String> {
    answer(content::decode_status_report(encoded))
}

/// Statuses as JSON.
pub(crate) fn statuses(text: &str) -> Thrown<Vec<content::MessageStatus>> {
    #[derive(serde::Deserialize)]
    struct Entry {
        message_id: String,
        status: u8,
    }
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(|error| not_json("statuses", &error))?;
    let entries = entries.into_iter().map(|Entry { message_id, status }| content::MessageStatus {
        message_id,
        status,
        name: None,
    });
    Ok(entries.collect())
}

/// `encode_status_report` of the facade; the statuses as JSON.
#[wasm_bindgen(js_name = encodeStatusReport)]
pub fn encode_status_report(text: &str) -> Thrown<Vec<u8>> {
    content::encode_status_report(&statuses(text)?).map_err(thrown)
}

/// `render::to_html` of the facade.
#[cfg(feature = "render")]
#[wasm_bindgen(js_name = toHtml)]
pub fn to_html(content_type: &str, content: &[u8]) -> Option<String> {
    mimi::render::to_html(content_type, content)
}

/// `render::to_plain_text` of the facade.
#[cfg(feature = "render")]
#[wasm_bindgen(js_name = toPlainText)]
pub fn to_plain_text(content_type: &str, content: &[u8]) -> Option<String> {
    mimi::render::to_plain_text(content_type, content)
}

/// `render::events` of the facade.
#[cfg(feature = "render")]
#[wasm_bindgen]
pub fn events(markdown: &str) -> String {
    json(&mimi::render::events(markdown))
}
