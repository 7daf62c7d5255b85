//! Messages that people send.

use std::sync::Arc;

use crate::attachment::SealedFile;
use crate::content::{Message, MessageStatus, statuses};
use crate::error::Result;

/// Writes messages of one sender in one room.
#[derive(Debug, uniffi::Object)]
pub struct Composer(mimi::compose::Composer);

/// What a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Whether it is Markdown (GFM-MIMI); else it is plain text.
    #[uniffi(default = false)]
    pub markdown: bool,
    /// Its language (RFC 5646); may be empty.
    #[uniffi(default = "")]
    pub language: String,
}

/// What any message may have besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Options {
    /// The topic; empty for none.
    #[uniffi(default)]
    pub topic_id: Vec<u8>,
    /// When the message expires.
    #[uniffi(default = None)]
    pub expires: Option<Expires>,
}

/// When a message expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Expires {
    /// At this time, in seconds since the UNIX epoch.
    At {
        /// The time.
        seconds: u32,
    },
    /// So many seconds after it was read.
    AfterRead {
        /// The duration.
        seconds: u32,
    },
}

impl Text {
    fn inner(self) -> mimi::compose::Text {
        mimi::compose::Text { text: self.text, markdown: self.markdown, language: self.language }
    }
}

impl Options {
    fn inner(self) -> mimi::compose::Options {
        let expires = self.expires.map(|expires| match expires {
            Expires::At { seconds } => mimi::compose::Expires::At(seconds),
            Expires::AfterRead { seconds } => mimi::compose::Expires::AfterRead(seconds),
        });
        mimi::compose::Options { topic_id: self.topic_id, expires }
    }
}

fn made(message: mimi::Result<mimi::content::Message>) -> Result<Arc<Message>> {
    Ok(Arc::new(Message(message?)))
}

#[uniffi::export]
impl Composer {
    /// Takes the URIs of the sender and of the room.
    #[uniffi::constructor]
    pub fn new(sender_uri: String, room_uri: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(mimi::compose::Composer::new(&sender_uri, &room_uri)?)))
    }

    /// The ID of a message of this sender in this room, as hex.
    pub fn message_id(&self, message: &Message) -> Result<String> {
        Ok(self.0.message_id(&message.0)?)
    }

    /// A message.
    pub fn message(&self, salt: Vec<u8>, text: Text, options: Options) -> Result<Arc<Message>> {
        made(self.0.message(&salt, &text.inner(), &options.inner()))
    }

    /// A reply to the message with the ID `to`.
    pub fn reply(&self, salt: Vec<u8>, to: String, text: Text, options: Options) -> Result<Arc<Message>> {
        made(self.0.reply(&salt, &to, &text.inner(), &options.inner()))
    }

    /// A reaction to the message with the ID `to`.
    pub fn react(
        &self,
        salt: Vec<u8>,
        to: String,
        reaction: String,
        options: Options,
    ) -> Result<Arc<Message>> {
        made(self.0.react(&salt, &to, &reaction, &options.inner()))
    }

    /// A new text for a message, whose first version has the ID `first`.
    pub fn edit(&self, salt: Vec<u8>, first: String, latest: &Message, text: Text) -> Result<Arc<Message>> {
        made(self.0.edit(&salt, &first, &latest.0, &text.inner()))
    }

    /// Takes a message back, whose first version has the ID `first`.
    pub fn delete(&self, salt: Vec<u8>, first: String, latest: &Message) -> Result<Arc<Message>> {
        made(self.0.delete(&salt, &first, &latest.0))
    }

    /// Takes a reaction back, whose ID is `first`.
    pub fn unreact(&self, salt: Vec<u8>, first: String, reaction: &Message) -> Result<Arc<Message>> {
        made(self.0.unreact(&salt, &first, &reaction.0))
    }

    /// A message that carries a status report.
    pub fn receipt(&self, salt: Vec<u8>, statuses: Vec<MessageStatus>) -> Result<Arc<Message>> {
        made(self.0.receipt(&salt, &self::statuses(statuses)))
    }

    /// A link to a conference.
    pub fn conference(
        &self,
        salt: Vec<u8>,
        url: String,
        description: String,
        options: Options,
    ) -> Result<Arc<Message>> {
        made(self.0.conference(&salt, &url, &description, &options.inner()))
    }

    /// A file, with a caption or without.
    pub fn file(
        &self,
        salt: Vec<u8>,
        caption: Option<Text>,
        file: SealedFile,
        options: Options,
    ) -> Result<Arc<Message>> {
        let caption = caption.map(Text::inner);
        made(self.0.file(&salt, caption.as_ref(), &file.inner(), &options.inner()))
    }
}

/// Markdown that mentions a user: a link with this label to the user's URI.
#[uniffi::export]
pub fn mention_link(label: String, uri: String) -> Result<String> {
    Ok(mimi::compose::mention_link(&label, &uri)?)
}
