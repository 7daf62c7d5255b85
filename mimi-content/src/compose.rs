//! The messages that people send: mimi-content section 5.

mod text;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::choice::Kind;
use crate::disposition::Disposition;
use crate::extensions::{ExtensionError, ExtensionKey, MessageExtensions};
use crate::media_types::{MIMI_MESSAGE_STATUS, PLAIN_TEXT};
use crate::message::{BuildError, MimiContent, MimiContentBuilder};
use crate::message_id::{HashAlgorithm, MessageId};
use crate::part::{ExternalPart, MultiPart, NestedPart, Part, PartSemantics};
use crate::salt::Salt;
use crate::status::MessageStatusReport;

pub use text::{MentionError, PossibleHtmlError, Text, mention_link, mention_uri};

/// Writes messages of one sender in one room: each names both in its extensions 1 and 2.
///
/// Every function begins a message and leaves it to be completed (a topic, an expiry) and built.
/// Each message takes a salt of its own, from [`Salt::generate`] or [`Salt::derive`].
///
/// ```
/// use mimi_content::{Composer, Salt, Text};
///
/// let alice = Composer::new("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
/// # let salt = Salt::from_bytes(*b"\x5e\xed\x94\x06\xc2\x54\x55\x47\xab\x6f\x09\xf2\x0a\x18\xb0\x03");
/// let text = Text::markdown("Hi everyone, we just shipped release 2.0. __Good  work__!")?;
/// let original = alice.message(salt, text).build()?;
/// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
/// assert_eq!(original.encode(), example);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The examples here are those of the draft, and make the same bytes.
#[derive(Clone, Debug)]
pub struct Composer {
    extensions: MessageExtensions,
}

impl Composer {
    /// Takes the URIs of the sender and of the room.
    ///
    /// # Errors
    ///
    /// None today; text is always a valid value.
    pub fn new(sender_uri: &str, room_uri: &str) -> Result<Self, ExtensionError> {
        let mut extensions = MessageExtensions::new();
        extensions.set_sender_uri(sender_uri)?;
        extensions.set_room_uri(room_uri)?;
        Ok(Self { extensions })
    }

    fn begin(&self, salt: Salt, body: NestedPart) -> MimiContentBuilder {
        MimiContent::builder(salt, body).extensions(self.extensions.clone()).composed()
    }

    /// A message with any body, such as the same text in several languages.
    ///
    /// ```
    /// use mimi_content::{Composer, Disposition, MultiPart, NestedPart, PartSemantics, Salt, Text};
    ///
    /// # let salt = Salt::from_bytes([7; 16]);
    /// let alice = Composer::new("mimi://a.example/u/alice", "mimi://a.example/r/clubhouse")?;
    /// let texts = ["Hello", "Bonjour"].into_iter().zip(["en", "fr"]);
    /// let parts = texts.map(|(text, language)| Text::plain(text).in_language(language).into_part());
    /// let either = MultiPart::new(PartSemantics::ChooseOne, parts.collect())?;
    /// let message = alice.compose(salt, NestedPart::multi(Disposition::RENDER, "", either)).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compose(&self, salt: Salt, body: NestedPart) -> MimiContentBuilder {
        self.begin(salt, body)
    }

    /// A message.
    ///
    /// One that expires, as in §5.8:
    ///
    /// ```
    /// use mimi_content::{Composer, Expiration, Salt, Text};
    ///
    /// # let salt = Salt::from_bytes(*b"\x33\xbe\x99\x3e\xb3\x9f\x41\x8f\x92\x95\xaf\xc2\xae\x16\x0d\x2d");
    /// let alice = Composer::new("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
    /// let text = "__*VPN GOING DOWN*__ I'm rebooting the VPN in ten minutes unless anyone objects.";
    /// let message = alice.message(salt, Text::markdown(text)?).expires(Expiration::at(1_644_390_004)).build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/expiring.cbor"));
    /// assert_eq!(message.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn message(&self, salt: Salt, text: Text) -> MimiContentBuilder {
        self.begin(salt, text.into_part())
    }

    /// A reply to a message, in exactly the version that `to` names; that should be the newest one
    /// (§4.1).
    ///
    /// ```
    /// use mimi_content::{Composer, MessageId, Salt, Text};
    ///
    /// # let salt = Salt::from_bytes(*b"\x11\xa4\x58\xc7\x3b\x8d\xd2\xcf\x40\x4d\xb4\xb3\x78\xb8\xfe\x4d");
    /// # let original = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
    /// # let original = mimi_content::MimiContent::decode(original)?
    /// #     .message_id("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
    /// let bob = Composer::new("mimi://example.com/u/bob-jones", "mimi://example.com/r/engineering_team")?;
    /// let reply = bob.reply(salt, original, Text::markdown("Right on! _Congratulations_ 'all!")?).build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reply.cbor"));
    /// assert_eq!(reply.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// One that mentions a user, as in §5.4:
    ///
    /// ```
    /// use mimi_content::{Composer, Salt, Text, mention_link};
    ///
    /// # let salt = Salt::from_bytes(*b"\x04\xf2\x90\xe2\x15\xd0\xf8\x2d\x17\x50\xbf\xa8\xb7\xdc\x08\x9d");
    /// # let original = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
    /// # let original = mimi_content::MimiContent::decode(original)?
    /// #     .message_id("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
    /// let cathy = Composer::new("mimi://example.com/u/cathy-washington", "mimi://example.com/r/engineering_team")?;
    /// let alice = mention_link("@Alice Smith", "mimi://example.com/u/alice-smith")?;
    /// let text = Text::markdown(format!("Kudos to {alice} for making the release happen!"))?;
    /// let mention = cathy.reply(salt, original, text).build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mention.cbor"));
    /// assert_eq!(mention.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reply(&self, salt: Salt, to: MessageId, text: Text) -> MimiContentBuilder {
        self.message(salt, text).in_reply_to(to)
    }

    /// A reply that stays in the topic of the message that it answers: `topic_id` is that
    /// message's.
    pub fn reply_in_topic(
        &self,
        salt: Salt,
        to: MessageId,
        topic_id: &[u8],
        text: Text,
    ) -> MimiContentBuilder {
        self.reply(salt, to, text).topic_id(topic_id)
    }

    /// A reaction to a message: one emoji, or another text that is one reaction.
    ///
    /// Several reactions are several messages, or [`Composer::reactions`]; in one text they could
    /// mean something else together (§5.3).
    ///
    /// ```
    /// use mimi_content::{Composer, MessageId, Salt};
    ///
    /// # let salt = Salt::from_bytes(*b"\xd3\x7b\xc0\xe6\xa8\xb4\xf0\x4e\x9e\x63\x82\x37\x5f\x58\x7b\xf6");
    /// # let original = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
    /// # let original = mimi_content::MimiContent::decode(original)?
    /// #     .message_id("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
    /// let cathy = Composer::new("mimi://example.com/u/cathy-washington", "mimi://example.com/r/engineering_team")?;
    /// let reaction = cathy.react(salt, original, "❤").build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reaction.cbor"));
    /// assert_eq!(reaction.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn react(&self, salt: Salt, to: MessageId, reaction: &str) -> MimiContentBuilder {
        self.begin(salt, reaction_part(reaction)).in_reply_to(to)
    }

    /// Several reactions to a message, each in a part of its own.
    ///
    /// ```
    /// use mimi_content::{Composer, MessageId, Salt};
    ///
    /// # let salt = Salt::from_bytes(*b"\x85\x28\xdc\x2d\x92\xe4\xf1\x94\x4d\x62\x04\x29\x07\xab\x94\xd0");
    /// # let original = MessageId::from_bytes([1; 32]);
    /// let alice = Composer::new("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
    /// let reactions = alice.reactions(salt, original, &["❤", "🥳", "🤞"])?;
    /// // The draft's example, in its appendix C.2, forgets to say what the reactions are to.
    /// let reactions = reactions.in_reply_to(None).build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/multipart-2.cbor"));
    /// assert_eq!(reactions.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError::TooFewParts`] below two reactions, [`BuildError::TooManyParts`] over 1023.
    pub fn reactions(
        &self,
        salt: Salt,
        to: MessageId,
        reactions: &[&str],
    ) -> Result<MimiContentBuilder, BuildError> {
        let parts: Vec<_> = reactions.iter().map(|reaction| reaction_part(reaction)).collect();
        let parts = MultiPart::new(PartSemantics::ProcessAll, parts)?;
        Ok(self.begin(salt, NestedPart::multi(Disposition::REACTION, "", parts)).in_reply_to(to))
    }

    /// Other text in the place of a message's; `first` and `latest` say what it replaces.
    ///
    /// All but the body stays as it was: the topic, what it replies to, the expiry and the
    /// extensions. To change them takes an authorization of its own (mimi-content-09 §9.3). The
    /// extensions 1 to 4 and 256 describe one message, not its versions: the edit has its own, or
    /// none (reading T63).
    ///
    /// [`Composer::edit_text`] keeps the other parts of the body, too.
    ///
    /// ```
    /// use mimi_content::{Composer, MessageId, MimiContent, Salt, Text};
    ///
    /// # let salt = Salt::from_bytes(*b"\xb8\xc2\xe6\xd8\x80\x0e\xcf\x45\xdf\x39\xbe\x6c\x45\xf4\xc0\x42");
    /// # let reply = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reply.cbor"));
    /// # let reply = MimiContent::decode(reply)?;
    /// let (bob, room) = ("mimi://example.com/u/bob-jones", "mimi://example.com/r/engineering_team");
    /// let first = reply.message_id(bob, room)?;
    /// let text = Text::markdown("Right on! _Congratulations_ y'all!")?;
    /// let edit = Composer::new(bob, room)?.edit(salt, first, &reply, text)?.build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/edit.cbor"));
    /// assert_eq!(edit.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReplaceError::NotTheFirst`] if `first` is not what an edit of `latest` must replace.
    pub fn edit(
        &self,
        salt: Salt,
        first: MessageId,
        latest: &MimiContent,
        text: Text,
    ) -> Result<MimiContentBuilder, ReplaceError> {
        self.replace(salt, first, latest, text.into_part())
    }

    /// Other text in the place of the text in a message's body, such as the caption of a picture.
    /// The other parts stay.
    ///
    /// The text is the first part with text inside the message whose disposition is not
    /// `attachment`.
    ///
    /// ```
    /// use mimi_content::{Composer, Disposition, MessageId, NestedPart, PartIndex, Salt, Text};
    ///
    /// # let (salt, first) = (Salt::from_bytes([7; 16]), MessageId::from_bytes([1; 32]));
    /// let alice = Composer::new("mimi://a.example/u/alice", "mimi://a.example/r/clubhouse")?;
    /// let picture = NestedPart::single(Disposition::RENDER, "", "image/png", b"...");
    /// let message = alice.captioned(salt, Text::plain("A cta"), vec![picture])?.build()?;
    /// let edit = alice.edit_text(salt, first, &message, Text::plain("A cat"))?.build()?;
    /// assert_eq!(edit.part(PartIndex(2)), message.part(PartIndex(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReplaceError::NoText`] if the body has no such part; else as for [`Composer::edit`].
    pub fn edit_text(
        &self,
        salt: Salt,
        first: MessageId,
        latest: &MimiContent,
        text: Text,
    ) -> Result<MimiContentBuilder, ReplaceError> {
        let mut body = latest.body().clone();
        let mut text = Some(text);
        body.visit_mut(&mut |part| {
            if let Part::Single(single) = &part.part
                && part.disposition != Disposition::ATTACHMENT
                && Kind::of(single.content_type()) == Kind::Text
                && let Some(text) = text.take()
            {
                let disposition = part.disposition;
                *part = text.into_part();
                part.disposition = disposition;
            }
        });
        if text.is_some() {
            return Err(ReplaceError::NoText);
        }
        self.replace(salt, first, latest, body)
    }

    /// Retracts a message.
    ///
    /// ```
    /// use mimi_content::{Composer, MessageId, MimiContent, Salt};
    ///
    /// # let salt = Salt::from_bytes(*b"\x0a\x59\x0d\x73\xb2\xc7\x76\x1c\x39\x16\x8b\xe5\xeb\xf7\xf2\xe6");
    /// # let reply = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reply.cbor"));
    /// # let reply = MimiContent::decode(reply)?;
    /// let (bob, room) = ("mimi://example.com/u/bob-jones", "mimi://example.com/r/engineering_team");
    /// let first = reply.message_id(bob, room)?;
    /// let delete = Composer::new(bob, room)?.delete(salt, first, &reply)?.build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/delete.cbor"));
    /// assert_eq!(delete.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Composer::edit`].
    pub fn delete(
        &self,
        salt: Salt,
        first: MessageId,
        latest: &MimiContent,
    ) -> Result<MimiContentBuilder, ReplaceError> {
        // What is retracted leaves nothing behind in extensions.
        let mut builder = self.replace(salt, first, latest, NestedPart::null(latest.body().disposition))?;
        builder = builder.extensions(MessageExtensions::new());
        Ok(builder)
    }

    /// Takes a reaction back: the message `reaction`, whose ID is `first` unless it was changed
    /// since.
    ///
    /// ```
    /// use mimi_content::{Composer, MessageId, MimiContent, Salt};
    ///
    /// # let salt = Salt::from_bytes(*b"\xc5\xba\x86\xdc\x9f\xd2\x72\xe5\x8c\xa5\x2e\xc8\x05\xb7\x91\x99");
    /// # let reaction = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reaction.cbor"));
    /// # let reaction = MimiContent::decode(reaction)?;
    /// let (cathy, room) = ("mimi://example.com/u/cathy-washington", "mimi://example.com/r/engineering_team");
    /// let first = reaction.message_id(cathy, room)?;
    /// let unlike = Composer::new(cathy, room)?.unreact(salt, first, &reaction)?.build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/unlike.cbor"));
    /// assert_eq!(unlike.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReplaceError::NotAReaction`] if the message is none; else as for [`Composer::edit`].
    pub fn unreact(
        &self,
        salt: Salt,
        first: MessageId,
        reaction: &MimiContent,
    ) -> Result<MimiContentBuilder, ReplaceError> {
        if reaction.body().disposition != Disposition::REACTION {
            return Err(ReplaceError::NotAReaction { disposition: reaction.body().disposition });
        }
        self.delete(salt, first, reaction)
    }

    fn replace(
        &self,
        salt: Salt,
        first: MessageId,
        latest: &MimiContent,
        body: NestedPart,
    ) -> Result<MimiContentBuilder, ReplaceError> {
        if let Some(expected) = latest.replaces().filter(|expected| *expected != first) {
            return Err(ReplaceError::NotTheFirst { expected });
        }
        let kept = latest.extensions().iter().filter(|(key, _)| !OF_ONE_MESSAGE.contains(key));
        // What it says of parts holds for the same parts.
        let entries = latest.extensions().av_metadata().unwrap_or_default();
        let named = || entries.iter().flat_map(|entry| entry.parts());
        let same_parts = named().all(|index| body.get(index) == latest.part(index));
        let kept = kept.filter(|(key, _)| same_parts || *key != ExtensionKey::AV_METADATA);
        // A received message may hold what no sender may write.
        let kept =
            kept.filter(|(key, value)| MessageExtensions::from_encoded([(*key, value.encoded())]).is_ok());
        let extensions = MessageExtensions::from_encoded(kept.map(|(key, value)| (key, value.encoded())));
        let builder = self.begin(salt, body).extensions(extensions.map_err(ReplaceError::Extensions)?);
        let builder = builder.topic_id(latest.topic_id()).expires(latest.expires());
        Ok(builder.in_reply_to(latest.in_reply_to()).replaces(first))
    }

    /// A file that lies at a URL, to be downloaded. With feature `crypto`, `Attachment::into_part`
    /// makes the part.
    ///
    /// The part must have a hash that binds the file: otherwise building the message fails with
    /// [`BuildError::Unbound`](crate::BuildError::Unbound).
    ///
    /// ```
    /// use mimi_content::{AeadAlgorithm, Composer, ExternalPart, HashAlgorithm, Salt};
    ///
    /// # let salt = Salt::from_bytes(*b"\x18\xfa\xc6\x37\x1e\x4e\x53\xf1\xae\xaf\x8a\x01\x31\x55\xc1\x66");
    /// # let key = *b"\x21\x39\x93\x20\x95\x8a\x6f\x4c\x74\x5d\xde\x67\x0d\x95\xe0\xd8";
    /// # let nonce = *b"\xc8\x6c\xf2\xc3\x3f\x21\x52\x7d\x1d\xd7\x6f\x5b";
    /// # let sha256 = *b"\x9a\xb1\x7a\x8c\xf0\x89\x0b\xaa\xae\x7e\xe0\x16\xc7\x31\x2f\xcc\x08\x0b\xa4\x64\x98\x38\x94\x58\xee\x44\xf0\x27\x6e\x78\x31\x63";
    /// let bob = Composer::new("mimi://example.com/u/bob-jones", "mimi://example.com/r/engineering_team")?;
    /// let video = ExternalPart {
    ///     content_type: "video/mp4".into(),
    ///     url: "https://example.com/storage/8ksB4bSrrRE.mp4".into(),
    ///     size: 708_234_961,
    ///     enc_alg: AeadAlgorithm::AES_128_GCM,
    ///     key: key.into(),
    ///     nonce: nonce.into(),
    ///     hash_alg: HashAlgorithm::SHA_256,
    ///     content_hash: sha256.into(),
    ///     description: "2 hours of key signing video".into(),
    ///     filename: "bigfile.mp4".into(),
    ///     ..ExternalPart::default()
    /// };
    /// let message = bob.attachment(salt, "en", video).build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/attachment.cbor"));
    /// assert_eq!(message.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attachment(&self, salt: Salt, language: &str, file: ExternalPart) -> MimiContentBuilder {
        self.begin(salt, NestedPart::external(Disposition::ATTACHMENT, language, file))
    }

    /// Files with a text beside them: the parts are processed each by itself (`processAll`), the
    /// text first.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooFewParts`] without a file; [`BuildError::TooManyParts`] and
    /// [`BuildError::PartsTooDeep`] as [`MultiPart::new`].
    pub fn captioned(
        &self,
        salt: Salt,
        caption: Text,
        files: Vec<NestedPart>,
    ) -> Result<MimiContentBuilder, BuildError> {
        let mut parts = Vec::with_capacity(files.len().saturating_add(1));
        parts.push(caption.into_part());
        parts.extend(files);
        let parts = MultiPart::new(PartSemantics::ProcessAll, parts)?;
        Ok(self.begin(salt, NestedPart::multi(Disposition::RENDER, "", parts)))
    }

    /// A receipt, or another report on messages, as a message of its own.
    ///
    /// ```
    /// use mimi_content::{Composer, MessageId, MessageStatus, MessageStatusReport, Salt};
    ///
    /// # let salt = Salt::from_bytes([7; 16]);
    /// # let read = MessageId::from_bytes([1; 32]);
    /// let bob = Composer::new("mimi://a.example/u/bob", "mimi://a.example/r/clubhouse")?;
    /// let receipt = bob.receipt(salt, &MessageStatusReport::of([(read, MessageStatus::READ)])).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receipt(&self, salt: Salt, report: &MessageStatusReport) -> MimiContentBuilder {
        let part = NestedPart::single(Disposition::UNSPECIFIED, "", MIMI_MESSAGE_STATUS, report.encode());
        self.begin(salt, part)
    }

    /// A link to join a conference.
    ///
    /// ```
    /// use mimi_content::{Composer, Salt};
    ///
    /// # let salt = Salt::from_bytes(*b"\x67\x8a\xc6\xcd\x54\xde\x04\x9c\x3e\x96\x65\xcd\x21\x24\x70\xfa");
    /// let alice = Composer::new("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
    /// let link = alice.conference(salt, "https://example.com/join/12345", "Join the Foo 118 conference");
    /// let link = link.topic_id(b"Foo 118").build()?;
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/conferencing.cbor"));
    /// assert_eq!(link.encode(), example);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn conference(
        &self,
        salt: Salt,
        url: impl Into<String>,
        description: impl Into<String>,
    ) -> MimiContentBuilder {
        // A service: there is no content to encrypt or to hash (§4.5).
        let link = ExternalPart {
            url: url.into(),
            description: description.into(),
            hash_alg: HashAlgorithm::RESERVED,
            ..ExternalPart::default()
        };
        self.begin(salt, NestedPart::external(Disposition::SESSION, "", link))
    }
}

/// Extensions that describe one message, and no other version of it: sender, room, sender's
/// timestamp, external message ID and last seen (reading T34). Key 0 is reserved.
const OF_ONE_MESSAGE: [ExtensionKey<'static>; 6] = [
    ExtensionKey::Integer(0),
    ExtensionKey::SENDER_URI,
    ExtensionKey::ROOM_URI,
    ExtensionKey::SENDER_TIMESTAMP,
    ExtensionKey::EXTERNAL_MESSAGE_ID,
    ExtensionKey::LAST_SEEN,
];

fn reaction_part(reaction: &str) -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", PLAIN_TEXT, reaction)
}

/// A message that can't replace another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplaceError {
    /// What is to be replaced replaces another message by itself: that one is to be named (§5.5 and
    /// 5.6).
    NotTheFirst {
        /// The first instance.
        expected: MessageId,
    },
    /// What is to be taken back is no reaction.
    NotAReaction {
        /// What it is.
        disposition: Disposition,
    },
    /// The message has no text to replace.
    NoText,
    /// The extensions cannot be kept; of extensions that were read this does not happen.
    Extensions(ExtensionError),
}

impl fmt::Display for ReplaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTheFirst { expected } => write!(f, "the first instance of the message is {expected}"),
            Self::NotAReaction { disposition } => write!(f, "not a reaction: {disposition:?}"),
            Self::NoText => f.write_str("the message has no text"),
            Self::Extensions(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReplaceError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Extensions(error) => Some(error),
            _ => None,
        }
    }
}
