//! Messages to send. Salts are drawn by JavaScript, from `crypto.getRandomValues`.

use mimi::compose::{self, Expires, Options, Text};
use wasm_bindgen::prelude::*;

use crate::message::{Message, statuses};
use crate::{Thrown, thrown};

/// What a user says in a room.
#[wasm_bindgen]
pub struct Composer(compose::Composer);

fn text(text: &str, markdown: bool, language: &str) -> Text {
    let text = if markdown { Text::markdown(text) } else { Text::plain(text) };
    text.in_language(language)
}

/// At most one of the two times is given.
fn options(topic_id: Vec<u8>, expires_at: Option<u32>, expires_after_read: Option<u32>) -> Options {
    let after_read = expires_after_read.map(Expires::AfterRead);
    Options { topic_id, expires: expires_at.map(Expires::At).or(after_read) }
}

#[wasm_bindgen]
impl Composer {
    #[wasm_bindgen(constructor)]
    pub fn new(sender_uri: &str, room_uri: &str) -> Thrown<Composer> {
        compose::Composer::new(sender_uri, room_uri).map(Self).map_err(thrown)
    }

    #[wasm_bindgen(js_name = messageId)]
    pub fn message_id(&self, message: &Message) -> Thrown<String> {
        self.0.message_id(&message.0).map_err(thrown)
    }

    /// With `to`, a reply.
    #[allow(clippy::too_many_arguments, reason = "JavaScript has one object for all of them")]
    pub fn message(
        &self,
        salt: &[u8],
        to: Option<String>,
        words: &str,
        markdown: bool,
        language: &str,
        topic_id: Vec<u8>,
        expires_at: Option<u32>,
        expires_after_read: Option<u32>,
    ) -> Thrown<Message> {
        let (text, options) =
            (text(words, markdown, language), options(topic_id, expires_at, expires_after_read));
        let message = match to {
            Some(to) => self.0.reply(salt, &to, &text, &options),
            None => self.0.message(salt, &text, &options),
        };
        message.map(Message).map_err(thrown)
    }

    pub fn react(&self, salt: &[u8], to: &str, reaction: &str) -> Thrown<Message> {
        self.0.react(salt, to, reaction, &Options::default()).map(Message).map_err(thrown)
    }

    pub fn edit(
        &self,
        salt: &[u8],
        first: &str,
        latest: &Message,
        words: &str,
        markdown: bool,
        language: &str,
    ) -> Thrown<Message> {
        let text = text(words, markdown, language);
        self.0.edit(salt, first, &latest.0, &text).map(Message).map_err(thrown)
    }

    pub fn delete(&self, salt: &[u8], first: &str, latest: &Message) -> Thrown<Message> {
        self.0.delete(salt, first, &latest.0).map(Message).map_err(thrown)
    }

    pub fn unreact(&self, salt: &[u8], first: &str, reaction: &Message) -> Thrown<Message> {
        self.0.unreact(salt, first, &reaction.0).map(Message).map_err(thrown)
    }
    /// The statuses as JSON.
    pub fn receipt(&self, salt: &[u8], report: &str) -> Thrown<Message> {
        self.0.receipt(salt, &statuses(report)?).map(Message).map_err(thrown)
    }

    pub fn conference(&self, salt: &[u8], url: &str, description: &str) -> Thrown<Message> {
        self.0.conference(salt, url, description, &Options::default()).map(Message).map_err(thrown)
    }

    /// Without words, without a caption.
    #[cfg(feature = "attachment")]
    pub fn file(
        &self,
        salt: &[u8],
        words: Option<String>,
        markdown: bool,
        language: &str,
        file: &crate::attachment::SealedFile,
    ) -> Thrown<Message> {
        let caption = words.map(|words| text(&words, markdown, language));
        let (caption, file) = (caption.as_ref(), file.inner());
        self.0.file(salt, caption, &file, &Options::default()).map(Message).map_err(thrown)
    }
}
