//! A message that owns its content, and how one is made.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::fmt;

use super::{Envelope, MAX_TOPIC_ID, MimiContentRef};
use crate::cbor::writer::{self, Sink};
use crate::error::Result;
use crate::expiration::Expiration;
use crate::extensions::{ExtensionError, ExtensionKey, MessageExtensions};
use crate::message_id::{MessageId, MessageIdHash, UriTooLongError};
use crate::part::{
    self, ContentId, ContentIdError, MAX_PART_DEPTH, MAX_PARTS, NestedPart, NestedPartRef, PartIndex,
    PartRef, UnboundPart, UnboundReason, is_language_list, tree_from,
};
use crate::salt::Salt;

/// A message that owns its content. It can only be decoded (from CBOR or its JSON form) or built,
/// so that its encoding always decodes.
///
/// What is built also keeps to the rules that a decoder does not enforce, because a message that
/// breaks them is a finding and no refusal: see [`MimiContentBuilder::build`].
///
/// ```
/// use mimi_content::{Disposition, MessageExtensions, MimiContent, NestedPart, Salt};
///
/// let mut extensions = MessageExtensions::new();
/// extensions.set_sender_uri("mimi://example.com/u/alice-smith")?;
/// extensions.set_room_uri("mimi://example.com/r/engineering_team")?;
/// let salt: [u8; 16] = [7; 16]; // from your cryptographically secure generator
/// let message = MimiContent::builder(
///     Salt::from_bytes(salt),
///     NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", "Hi everyone"),
/// )
/// .extensions(extensions)
/// .topic_id(b"releases".to_vec())
/// .build()?;
///
/// let bytes = message.encode();
/// assert_eq!(MimiContent::decode(&bytes)?, message);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MimiContent {
    salt: Salt,
    replaces: Option<MessageId>,
    topic_id: Vec<u8>,
    expires: Option<Expiration>,
    in_reply_to: Option<MessageId>,
    extensions: MessageExtensions,
    body: NestedPart,
}

impl MimiContent {
    /// Begins a message with what every message has. The salt must be fresh for every message.
    pub fn builder(salt: Salt, body: NestedPart) -> MimiContentBuilder {
        MimiContentBuilder {
            message: Self {
                salt,
                replaces: None,
                topic_id: Vec::new(),
                expires: None,
                in_reply_to: None,
                extensions: MessageExtensions::new(),
                body,
            },
            composed: false,
        }
    }

    /// Continues to build from this message, for a copy that differs in some fields. Give it a salt
    /// of its own.
    ///
    /// [`MimiContentBuilder::build`] refuses the copy of a received message that no builder would
    /// have made, such as one with a malformed language, until its body is replaced: who sends it
    /// on would be its author.
    pub fn into_builder(self, salt: Salt) -> MimiContentBuilder {
        MimiContentBuilder { message: Self { salt, ..self }, composed: false }
    }

    /// Reads a whole document.
    ///
    /// # Errors
    ///
    /// As [`MimiContentRef::decode`].
    pub fn decode(encoded: &[u8]) -> Result<Self> {
        MimiContentRef::decode(encoded).map(|message| message.to_owned())
    }

    pub(super) fn from_ref(
        envelope: &Envelope<'_>,
        body: &NestedPartRef<'_>,
        others: &[NestedPartRef<'_>],
    ) -> Self {
        Self {
            salt: Salt::from_bytes(*envelope.salt),
            replaces: envelope.replaces.copied().map(MessageId::from_bytes),
            topic_id: envelope.topic_id.to_owned(),
            expires: envelope.expires,
            in_reply_to: envelope.in_reply_to.copied().map(MessageId::from_bytes),
            extensions: envelope.extensions.to_owned(),
            body: tree_from(body, &mut others.iter()),
        }
    }

    /// The message's one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        writer::to_vec(|length| self.write(length), |encoded| self.write(encoded))
    }

    fn write(&self, sink: &mut impl Sink) {
        let envelope = Envelope {
            salt: self.salt.as_bytes(),
            replaces: self.replaces.as_ref().map(MessageId::as_bytes),
            topic_id: &self.topic_id,
            expires: self.expires,
            in_reply_to: self.in_reply_to.as_ref().map(MessageId::as_bytes),
            extensions: self.extensions.as_ref(),
        };
        envelope.encode(sink);
        self.body.walk(&mut |part| part.encode_head(sink));
    }

    /// The random bytes that make the message ID unpredictable.
    #[must_use]
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// The message that this one edits, deletes or takes back.
    #[must_use]
    pub fn replaces(&self) -> Option<MessageId> {
        self.replaces
    }

    /// The topic that the message belongs to; empty for none.
    #[must_use]
    pub fn topic_id(&self) -> &[u8] {
        &self.topic_id
    }

    /// When the message should disappear.
    #[must_use]
    pub fn expires(&self) -> Option<Expiration> {
        self.expires
    }

    /// The message that this one replies or reacts to.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<MessageId> {
        self.in_reply_to
    }

    /// The extensions.
    #[must_use]
    pub fn extensions(&self) -> &MessageExtensions {
        &self.extensions
    }

    /// The body: part 0.
    #[must_use]
    pub fn body(&self) -> &NestedPart {
        &self.body
    }

    /// All parts with their indexes, depth-first, the body first. Allocates nothing.
    ///
    /// ```
    /// use mimi_content::{MimiContent, PartIndex};
    ///
    /// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/multipart-3.cbor"));
    /// let message = MimiContent::decode(bytes)?;
    /// let french: Vec<_> =
    ///     message.parts().filter(|(_, part)| part.language() == "fr").map(|(index, _)| index).collect();
    /// assert_eq!(french, [PartIndex(4), PartIndex(9)]);
    /// # Ok::<(), mimi_content::DecodeError>(())
    /// ```
    pub fn parts(&self) -> impl Iterator<Item = (PartIndex, &NestedPart)> {
        self.body.parts()
    }

    /// The external parts whose content the message does not bind, services included, in their
    /// order. See [`UnboundReason`].
    pub fn unbound_parts(&self) -> impl Iterator<Item = UnboundPart> {
        part::unbound_parts(self.parts().map(|(index, nested)| (index, nested.as_head().part)))
    }

    /// The part with this index.
    #[must_use]
    pub fn part(&self, index: PartIndex) -> Option<&NestedPart> {
        self.body.get(index)
    }

    /// The parts directly inside a multipart, with their indexes; none for a part of another kind.
    pub fn children(&self, index: PartIndex) -> impl Iterator<Item = (PartIndex, &NestedPart)> {
        self.body.children(index)
    }

    /// The part that a content ID URI `cid:N@local.invalid` inside this message refers to.
    ///
    /// # Errors
    ///
    /// [`ContentIdError`] if the URI is of another form, or names no part, or one that is neither
    /// single nor external.
    pub fn resolve_content_id(
        &self,
        uri: &str,
    ) -> core::result::Result<(PartIndex, &NestedPart), ContentIdError> {
        let index = PartIndex::from_content_id(uri)?;
        self.content_id(index)?;
        self.part(index).map(|part| (index, part)).ok_or(ContentIdError::NoSuchPart)
    }

    /// The URI `cid:N@local.invalid` by which another part of this message refers to the part with
    /// this index (§4.4).
    ///
    /// ```
    /// use mimi_content::{ContentIdError, MimiContent, PartIndex};
    ///
    /// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/multipart-3.cbor"));
    /// let message = MimiContent::decode(bytes)?;
    /// assert_eq!(message.content_id(PartIndex(10))?.to_string(), "cid:10@local.invalid");
    /// // A multipart.
    /// assert_eq!(message.content_id(PartIndex(0)), Err(ContentIdError::NotReferable));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ContentIdError::NoSuchPart`] if the message has no such part,
    /// [`ContentIdError::NotReferable`] if it is neither single nor external.
    pub fn content_id(&self, index: PartIndex) -> core::result::Result<ContentId, ContentIdError> {
        self.part(index).ok_or(ContentIdError::NoSuchPart)?.as_head().content_id(index)
    }

    /// The message's ID (revision 08), hashed while it is encoded, without a copy of it; see
    /// [`MessageId::compute`] for where the URIs must come from.
    ///
    /// # Errors
    ///
    /// [`UriTooLongError`] if a URI has more than 65535 bytes.
    pub fn message_id(
        &self,
        sender_uri: &str,
        room_uri: &str,
    ) -> core::result::Result<MessageId, UriTooLongError> {
        let mut hash = MessageIdHash::revision_08(sender_uri, room_uri)?;
        self.write(&mut hash);
        Ok(hash.finish(&self.salt))
    }

    /// The message's ID in revision 07; see [`MessageId::compute_revision_07`].
    #[must_use]
    pub fn message_id_revision_07(
        &self,
        sender_uri: impl AsRef<[u8]>,
        room_uri: impl AsRef<[u8]>,
    ) -> MessageId {
        let mut hash = MessageIdHash::revision_07(sender_uri, room_uri);
        self.write(&mut hash);
        hash.finish(&self.salt)
    }
}

/// Makes a [`MimiContent`]; see there for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct MimiContentBuilder {
    message: MimiContent,
    /// The message comes from a [`Composer`](crate::Composer): its sender and room stay, and it
    /// binds what it refers to.
    composed: bool,
}

impl MimiContentBuilder {
    /// Says which message this one edits, deletes or takes back: the first instance of it. `None`
    /// for no message.
    pub fn replaces(mut self, id: impl Into<Option<MessageId>>) -> Self {
        self.message.replaces = id.into();
        self
    }

    /// Puts the message into a topic; an empty ID means none.
    pub fn topic_id(mut self, topic_id: impl Into<Vec<u8>>) -> Self {
        self.message.topic_id = topic_id.into();
        self
    }

    /// Says when the message should disappear. `None` for never.
    pub fn expires(mut self, expiration: impl Into<Option<Expiration>>) -> Self {
        self.message.expires = expiration.into();
        self
    }

    /// Says which message, in exactly which version, this one replies or reacts to. `None` for no
    /// message.
    pub fn in_reply_to(mut self, id: impl Into<Option<MessageId>>) -> Self {
        self.message.in_reply_to = id.into();
        self
    }

    /// Sets all extensions. Of a message that a [`Composer`](crate::Composer) began, the sender (1)
    /// and the room (2) stay.
    pub fn extensions(mut self, extensions: MessageExtensions) -> Self {
        let former = core::mem::replace(&mut self.message.extensions, extensions);
        if self.composed {
            self.message.extensions.take_identity(&former);
        }
        self
    }

    /// Sets one extension beside the others, to an item that is already encoded.
    ///
    /// ```
    /// use mimi_content::{Composer, Salt, Text};
    ///
    /// # let salt = Salt::from_bytes([7; 16]);
    /// let alice = Composer::new("mimi://a.example/u/alice", "mimi://a.example/r/clubhouse")?;
    /// let message = alice.message(salt, Text::plain("Hi")).extension("x-colour", &[0x01])?.build()?;
    /// assert_eq!(message.extensions().sender_uri(), Some("mimi://a.example/u/alice"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`MessageExtensions::set_encoded`]; [`ExtensionError::SenderOrRoom`] for the keys 1 and 2
    /// of a message that a [`Composer`](crate::Composer) began.
    pub fn extension<'k>(
        mut self,
        key: impl Into<ExtensionKey<'k>>,
        encoded: &[u8],
    ) -> core::result::Result<Self, ExtensionError> {
        let key = key.into();
        if self.composed && matches!(key, ExtensionKey::SENDER_URI | ExtensionKey::ROOM_URI) {
            return Err(ExtensionError::SenderOrRoom);
        }
        self.message.extensions.set_encoded(key, encoded)?;
        Ok(self)
    }

    /// Sets another body.
    pub fn body(mut self, body: NestedPart) -> Self {
        self.message.body = body;
        self
    }

    /// Refuses a part whose content the message does not bind.
    pub(crate) fn composed(mut self) -> Self {
        self.composed = true;
        self
    }

    /// Checks what the types leave open, and gives the message.
    ///
    /// # Errors
    ///
    /// [`BuildError::TopicIdTooLong`] over [`MAX_TOPIC_ID`] bytes;
    /// [`BuildError::MalformedLanguage`] for a language that [`is_language_list`] denies;
    /// [`BuildError::KeyWithoutEncryption`] for a key, nonce or aad beside
    /// [`AeadAlgorithm::NONE`](crate::AeadAlgorithm::NONE); [`BuildError::Unbound`] if a
    /// [`Composer`](crate::Composer) began the message and the content of an external part is not
    /// bound, unless the part is a service. Of several parts the first one is named. The limits on
    /// parts hold by their types.
    pub fn build(self) -> core::result::Result<MimiContent, BuildError> {
        for (index, part) in self.message.parts() {
            let part = part.as_head();
            if !is_language_list(part.language) {
                return Err(BuildError::MalformedLanguage { part: index });
            }
            if let PartRef::External(external) = part.part
                && external.has_key_without_encryption()
            {
                return Err(BuildError::KeyWithoutEncryption { part: index });
            }
            if let PartRef::External(external) = part.part
                && self.composed
                && let Some(reason) = external.unbound_reason()
                && reason != UnboundReason::Service
            {
                return Err(BuildError::Unbound(UnboundPart { part: index, reason }));
            }
        }
        self.build_as_received()
    }

    /// As [`MimiContentBuilder::build`], for a message that need not be more than what a decoder
    /// accepts.
    ///
    /// # Errors
    ///
    /// [`BuildError::TopicIdTooLong`] over [`MAX_TOPIC_ID`] bytes.
    pub(crate) fn build_as_received(self) -> core::result::Result<MimiContent, BuildError> {
        let found = self.message.topic_id.len();
        if found > MAX_TOPIC_ID {
            return Err(BuildError::TopicIdTooLong { found });
        }
        // A multipart was checked when it was made.
        debug_assert!(self.message.body.depth() <= MAX_PART_DEPTH && self.message.body.count() <= MAX_PARTS);
        Ok(self.message)
    }
}

/// A message that the format does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuildError {
    /// A topic ID over 4096 bytes.
    TopicIdTooLong {
        /// Bytes found.
        found: usize,
    },
    /// A multipart of fewer than two parts.
    TooFewParts {
        /// Parts found.
        found: usize,
    },
    /// More than 1024 body parts.
    TooManyParts,
    /// Parts nested deeper than 4 levels.
    PartsTooDeep,
    /// A language that is no list of language tags (§4.4).
    MalformedLanguage {
        /// Which part.
        part: PartIndex,
    },
    /// A key, nonce or aad of a part that is not encrypted (§4.5).
    KeyWithoutEncryption {
        /// Which part.
        part: PartIndex,
    },
    /// A file that the message does not bind: receivers of one message could get different files.
    Unbound(UnboundPart),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TopicIdTooLong { found } => write!(f, "topic ID of {found} bytes, 4096 are allowed"),
            Self::TooFewParts { found } => write!(f, "multipart of {found} parts, at least 2 are required"),
            Self::TooManyParts => f.write_str("more than 1024 body parts"),
            Self::PartsTooDeep => f.write_str("parts nest deeper than 4 levels"),
            Self::MalformedLanguage { part } => write!(f, "the language of part {part} is no list of tags"),
            Self::KeyWithoutEncryption { part } => {
                write!(f, "part {part} has a key, nonce or aad without encryption")
            }
            Self::Unbound(part) => part.fmt(f),
        }
    }
}

impl core::error::Error for BuildError {}
