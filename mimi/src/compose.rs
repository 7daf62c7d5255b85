//! Messages that people send (mimi-content-09 §5).
//!
//! Each takes a salt of 16 bytes from a cryptographically secure generator, used for this message
//! alone.

use mimi_content::{
    BuildError, Composer as Inner, Expiration, MimiContentBuilder, ReplaceError, Salt, Text as InnerText,
    mention_link as link,
};

use crate::content::{Message, MessageStatus, message_id, status_report};
use crate::{Error, ErrorKind, Result};

/// Writes messages of one sender in one room.
///
/// ```
/// use mimi::compose::{Composer, Options, Text};
///
/// let alice = Composer::new("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
/// # let salt = *b"\x5e\xed\x94\x06\xc2\x54\x55\x47\xab\x6f\x09\xf2\x0a\x18\xb0\x03";
/// let text = Text::markdown("Hi everyone, we just shipped release 2.0. __Good  work__!");
/// let original = alice.message(&salt, &text, &Options::default())?;
/// let id = alice.message_id(&original)?;
///
/// # let salt = [7; 16];
/// let heart = alice.react(&salt, &id, "❤", &Options::default())?;
/// assert_eq!(heart.in_reply_to().as_deref(), Some(id.as_str()));
/// # Ok::<(), mimi::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Composer {
    inner: Inner,
    sender_uri: String,
    room_uri: String,
}

/// What a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Whether it is Markdown (GFM-MIMI); else it is plain text.
    pub markdown: bool,
    /// Its language (RFC 5646); may be empty.
    pub language: String,
}

impl Text {
    /// Plain text.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self { text: text.into(), markdown: false, language: String::new() }
    }

    /// Markdown. What could be HTML in it is refused when a message is made.
    #[must_use]
    pub fn markdown(text: &str) -> Self {
        Self { text: text.into(), markdown: true, language: String::new() }
    }

    /// In this language.
    #[must_use]
    pub fn in_language(mut self, language: &str) -> Self {
        self.language = language.into();
        self
    }

    fn inner(&self) -> Result<InnerText> {
        let text = if self.markdown {
            let refused = |error| Error::input("text", error).because(&error);
            InnerText::markdown(self.text.as_str()).map_err(refused)?
        } else {
            InnerText::plain(self.text.as_str())
        };
        Ok(text.in_language(&self.language))
    }
}

/// What any message may have besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The topic; empty for none. At most 4096 bytes.
    pub topic_id: Vec<u8>,
    /// When the message expires.
    pub expires: Option<Expires>,
}

/// When a message expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expires {
    /// At this time, in seconds since the UNIX epoch.
    At(u32),
    /// So many seconds after it was read.
    AfterRead(u32),
}

fn build_error(error: &BuildError) -> Error {
    Error::new(ErrorKind::Build, error).because(error)
}

fn replace_error(error: &ReplaceError) -> Error {
    Error::new(ErrorKind::Build, error).because(error)
}

fn salt_of(salt: &[u8]) -> Result<Salt> {
    let bytes =
        salt.try_into().map_err(|_| Error::input("salt", format!("{} bytes, expected 16", salt.len())))?;
    Ok(Salt::from_bytes(bytes))
}

fn built(builder: MimiContentBuilder, options: &Options) -> Result<Message> {
    let builder = match options.topic_id.as_slice() {
        [] => builder,
        topic_id => builder.topic_id(topic_id),
    };
    let builder = match options.expires {
        None => builder,
        Some(Expires::At(seconds)) => builder.expires(Expiration::at(seconds)),
        Some(Expires::AfterRead(seconds)) => builder.expires(Expiration::after_reading(seconds)),
    };
    builder.build().map(Message::of).map_err(|error| build_error(&error))
}

impl Composer {
    /// Takes the URIs of the sender and of the room. Every message names both in its extensions.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Build`] if the format has no place for one of them.
    pub fn new(sender_uri: &str, room_uri: &str) -> Result<Self> {
        let inner = Inner::new(sender_uri, room_uri);
        let inner = inner.map_err(|error| Error::new(ErrorKind::Build, &error).because(&error))?;
        Ok(Self { inner, sender_uri: sender_uri.into(), room_uri: room_uri.into() })
    }

    /// The ID of a message of this sender in this room, as hex.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a URI of more than 65535 bytes.
    pub fn message_id(&self, message: &Message) -> Result<String> {
        message.message_id(&self.sender_uri, &self.room_uri)
    }

    /// A message.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a salt that is not 16 bytes and for Markdown with HTML,
    /// [`ErrorKind::Build`] for what no message can hold.
    pub fn message(&self, salt: &[u8], text: &Text, options: &Options) -> Result<Message> {
        built(self.inner.message(salt_of(salt)?, text.inner()?), options)
    }

    /// A reply to the message with the ID `to`, given as hex.
    ///
    /// # Errors
    ///
    /// As [`message`](Self::message), and [`ErrorKind::InvalidInput`] for an ID that is not 32
    /// bytes.
    pub fn reply(&self, salt: &[u8], to: &str, text: &Text, options: &Options) -> Result<Message> {
        built(self.inner.reply(salt_of(salt)?, message_id("to", to)?, text.inner()?), options)
    }

    /// A reaction to the message with the ID `to`, given as hex.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub fn react(&self, salt: &[u8], to: &str, reaction: &str, options: &Options) -> Result<Message> {
        built(self.inner.react(salt_of(salt)?, message_id("to", to)?, reaction), options)
    }

    /// A new text for a message: `first` is the ID of its first version, as hex, `latest` its
    /// latest version. Pictures beside a caption stay.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply), and [`ErrorKind::Build`] if `first` is not what an edit of
    /// `latest` replaces, or the message has no text.
    pub fn edit(&self, salt: &[u8], first: &str, latest: &Message, text: &Text) -> Result<Message> {
        let first = message_id("first", first)?;
        let builder = self.inner.edit_text(salt_of(salt)?, first, latest.as_content(), text.inner()?);
        built(builder.map_err(|error| replace_error(&error))?, &Options::default())
    }

    /// Takes a message back: `first` is the ID of its first version, as hex, `latest` its latest
    /// version.
    ///
    /// # Errors
    ///
    /// As [`edit`](Self::edit).
    pub fn delete(&self, salt: &[u8], first: &str, latest: &Message) -> Result<Message> {
        let first = message_id("first", first)?;
        let builder = self.inner.delete(salt_of(salt)?, first, latest.as_content());
        built(builder.map_err(|error| replace_error(&error))?, &Options::default())
    }

    /// Takes a reaction back: `first` is the reaction's ID, as hex.
    ///
    /// # Errors
    ///
    /// As [`edit`](Self::edit), and [`ErrorKind::Build`] if the message is no reaction.
    pub fn unreact(&self, salt: &[u8], first: &str, reaction: &Message) -> Result<Message> {
        let first = message_id("first", first)?;
        let builder = self.inner.unreact(salt_of(salt)?, first, reaction.as_content());
        built(builder.map_err(|error| replace_error(&error))?, &Options::default())
    }

    /// A message that carries a status report. Reports are also sent by themselves: see
    /// [`encode_status_report`](crate::content::encode_status_report).
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub fn receipt(&self, salt: &[u8], statuses: &[MessageStatus]) -> Result<Message> {
        built(self.inner.receipt(salt_of(salt)?, &status_report(statuses)?), &Options::default())
    }

    /// A link to a conference.
    ///
    /// # Errors
    ///
    /// As [`message`](Self::message).
    pub fn conference(
        &self,
        salt: &[u8],
        url: &str,
        description: &str,
        options: &Options,
    ) -> Result<Message> {
        built(self.inner.conference(salt_of(salt)?, url, description), options)
    }

    /// A file, with a caption or without; [`SealedFile`](crate::attachment::SealedFile) describes
    /// it.
    ///
    /// # Errors
    ///
    /// As [`message`](Self::message).
    #[cfg(feature = "attachment")]
    pub fn file(
        &self,
        salt: &[u8],
        caption: Option<&Text>,
        file: &crate::attachment::SealedFile,
        options: &Options,
    ) -> Result<Message> {
        let (salt, part) = (salt_of(salt)?, file.part());
        let builder = match caption {
            None => self.inner.attachment(salt, "", part),
            Some(caption) => {
                let disposition = mimi_content::Disposition::ATTACHMENT;
                let files = vec![mimi_content::NestedPart::external(disposition, "", part)];
                self.inner.captioned(salt, caption.inner()?, files).map_err(|error| build_error(&error))?
            }
        };
        built(builder, options)
    }
}

/// Markdown that mentions a user: a link with this label to the user's URI.
///
/// ```
/// let link = mimi::compose::mention_link("@Alice", "mimi://a.example/u/alice")?;
/// assert_eq!(link, "[@Alice](mimi://a.example/u/alice)");
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for an empty label or one with control characters, and for a URI
/// that names no user.
pub fn mention_link(label: &str, uri: &str) -> Result<String> {
    link(label, uri).map_err(|error| Error::new(ErrorKind::InvalidInput, error).because(&error))
}
