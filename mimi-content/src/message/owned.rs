//! A message that owns its content, and how one is made.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::fmt;

use super::{Envelope, MAX_TOPIC_ID, MimiContentRef};
use crate::cbor::writer::{self, Sink};
use crate::error::Result;
use crate::expiration::Expiration;
use crate::extensions::Extensions;
use crate::message_id::{MessageId, MessageIdHash, UriTooLong};
use crate::part::{MAX_PART_DEPTH, MAX_PARTS, NestedPart, NestedPartRef, PartIndex, tree_from};
use crate::salt::Salt;

/// A message that owns its content. It can only be decoded or built, so that it is always valid.
///
/// ```
/// use mimi_content::{Disposition, Extensions, MimiContent, NestedPart, Salt};
///
/// let mut extensions = Extensions::new();
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MimiContent {
    salt: Salt,
    replaces: Option<MessageId>,
    topic_id: Vec<u8>,
    expires: Option<Expiration>,
    in_reply_to: Option<MessageId>,
    extensions: Extensions,
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
                extensions: Extensions::new(),
                body,
            },
        }
    }

    /// Continues to build from this message, for a copy that differs in some fields. Give it a salt of its own.
    pub fn into_builder(self, salt: Salt) -> MimiContentBuilder {
        MimiContentBuilder { message: Self { salt, ..self } }
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

    /// The random octets that make the message ID unpredictable.
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
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The body: part 0.
    #[must_use]
    pub fn body(&self) -> &NestedPart {
        &self.body
    }

    /// The part with this index.
    #[must_use]
    pub fn part(&self, index: PartIndex) -> Option<&NestedPart> {
        self.body.get(index)
    }

    /// The message's ID (revision 08), hashed while it is encoded, without a copy of it; see [`MessageId::compute`] for where
    /// the URIs must come from.
    ///
    /// # Errors
    ///
    /// [`UriTooLong`] if a URI has more than 65535 octets.
    pub fn message_id(
        &self,
        sender_uri: &str,
        room_uri: &str,
    ) -> core::result::Result<MessageId, UriTooLong> {
        let mut hash = MessageIdHash::revision_08(sender_uri, room_uri)?;
        self.write(&mut hash);
        Ok(hash.finish(&self.salt))
    }

    /// The message's ID in revision 07; see [`MessageId::compute_revision_07`].
    #[must_use]
    pub fn message_id_revision_07(&self, sender_uri: &str, room_uri: &str) -> MessageId {
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
}

impl MimiContentBuilder {
    /// Says which message this one edits, deletes or takes back: the first instance of it.
    pub fn replaces(mut self, id: MessageId) -> Self {
        self.message.replaces = Some(id);
        self
    }

    /// Puts the message into a topic; an empty ID means none.
    pub fn topic_id(mut self, topic_id: impl Into<Vec<u8>>) -> Self {
        self.message.topic_id = topic_id.into();
        self
    }

    /// Says when the message should disappear.
    pub fn expires(mut self, expiration: Expiration) -> Self {
        self.message.expires = Some(expiration);
        self
    }

    /// Says which message, in exactly which version, this one replies or reacts to.
    pub fn in_reply_to(mut self, id: MessageId) -> Self {
        self.message.in_reply_to = Some(id);
        self
    }

    /// Sets all extensions.
    pub fn extensions(mut self, extensions: Extensions) -> Self {
        self.message.extensions = extensions;
        self
    }

    /// Sets another body.
    pub fn body(mut self, body: NestedPart) -> Self {
        self.message.body = body;
        self
    }

    /// Checks what the types leave open, and gives the message.
    ///
    /// # Errors
    ///
    /// [`BuildError::TopicIdTooLong`] over [`MAX_TOPIC_ID`] octets. The limits on parts hold by their types.
    pub fn build(self) -> core::result::Result<MimiContent, BuildError> {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A topic ID over 4096 octets.
    TopicIdTooLong {
        /// Octets found.
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
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TopicIdTooLong { found } => write!(f, "topic ID of {found} octets, 4096 are allowed"),
            Self::TooFewParts { found } => write!(f, "multipart of {found} parts, at least 2 are required"),
            Self::TooManyParts => f.write_str("more than 1024 body parts"),
            Self::PartsTooDeep => f.write_str("parts nest deeper than 4 levels"),
        }
    }
}

impl core::error::Error for BuildError {}
