//! A received message, read from its bytes without copying them.

use alloc::vec::Vec;
use core::fmt;

use super::{Envelope, MimiContent};
use crate::cbor::reader::Reader;
use crate::error::{DecodeErrorKind, Result, Within};
use crate::expiration::Expiration;
use crate::extensions::ExtensionsRef;
use crate::message_id::{MessageId, UriTooLongError};
use crate::part::{
    self, ContentId, ContentIdError, MAX_PART_DEPTH, MAX_PARTS, NestedPartRef, PartIndex, PartRef,
    UnboundPart,
};
use crate::salt::Salt;

/// A message as it was received: a view into its bytes, validated as a whole.
///
/// Nothing is copied, and nothing allocated but one list if the body is a multipart.
///
/// ```
/// use mimi_content::{MimiContentRef, PartRef};
///
/// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
/// let message = MimiContentRef::decode(bytes)?;
/// assert_eq!(message.encoded(), bytes);
/// let PartRef::Single(text) = message.body().part else { panic!("not a text message") };
/// assert_eq!(text.content_type, "text/markdown;variant=GFM-MIMI");
/// let id = message.message_id("mimi://example.com/u/alice-smith", "mimi://example.com/r/engineering_team")?;
/// assert_eq!(id.to_string(), "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MimiContentRef<'a> {
    encoded: &'a [u8],
    envelope: Envelope<'a>,
    body: NestedPartRef<'a>,
    /// All parts in the order of their indexes, the body first; empty if the body is the only one.
    parts: Vec<NestedPartRef<'a>>,
}

/// Places for parts that a multipart body gets at once.
const FIRST_PARTS: usize = 16;

/// Reads the body into its place and, if it is a multipart, gives the list of all parts.
#[inline]
fn decode_parts<'a>(reader: &mut Reader<'a>, body: &mut NestedPartRef<'a>) -> Result<Vec<NestedPartRef<'a>>> {
    body.decode_head(reader, MAX_PARTS.saturating_sub(1))?;
    let PartRef::Multi(multi) = body.part else { return Ok(Vec::new()) };
    let mut parts = Vec::with_capacity(multi.child_count().saturating_add(1).max(FIRST_PARTS));
    parts.push(*body);
    decode_children(reader, &mut parts, multi.child_count(), 2)?;
    set_descendants(&mut parts, 0);
    if let Some(complete) = parts.first() {
        *body = *complete;
    }
    Ok(parts)
}

/// Reads the `count` parts of a multipart, which are at level `level`.
fn decode_children<'a>(
    reader: &mut Reader<'a>,
    parts: &mut Vec<NestedPartRef<'a>>,
    count: usize,
    level: usize,
) -> Result<()> {
    for position in 0..count {
        decode_child(reader, parts, level).within_index(position).within("parts")?;
    }
    Ok(())
}

#[inline]
fn decode_child<'a>(reader: &mut Reader<'a>, parts: &mut Vec<NestedPartRef<'a>>, level: usize) -> Result<()> {
    if level > MAX_PART_DEPTH {
        return Err(reader.refuse(DecodeErrorKind::PartsTooDeep));
    }
    // What is left for parts inside this one; itself takes one place.
    let index = parts.len();
    let Some(budget) = MAX_PARTS.saturating_sub(index).checked_sub(1) else {
        return Err(reader.refuse(DecodeErrorKind::TooManyParts));
    };
    parts.push(NestedPartRef::EMPTY);
    let Some(part) = parts.last_mut() else { return Ok(()) };
    part.decode_head(reader, budget)?;
    if let PartRef::Multi(multi) = part.part {
        decode_children(reader, parts, multi.child_count(), level.saturating_add(1))?;
        set_descendants(parts, index);
    }
    Ok(())
}

/// All parts that came after the multipart at `index` are its descendants.
fn set_descendants(parts: &mut [NestedPartRef<'_>], index: usize) {
    let descendants = parts.len().saturating_sub(index).saturating_sub(1) as u16;
    if let Some(NestedPartRef { part: PartRef::Multi(multi), .. }) = parts.get_mut(index) {
        multi.descendants = descendants;
    }
}

impl<'a> MimiContentRef<'a> {
    /// Reads a whole document.
    ///
    /// # Errors
    ///
    /// [`DecodeError`](crate::DecodeError) for everything but the one canonical encoding of a valid
    /// message: see [`DecodeErrorKind`] for what there is.
    #[inline]
    pub fn decode(encoded: &'a [u8]) -> Result<Self> {
        Self::decode_document(encoded).within("MimiContent")
    }

    #[inline(always)]
    fn decode_document(encoded: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(encoded);
        let envelope = Envelope::decode(&mut reader)?;
        let mut message = Self { encoded, envelope, body: NestedPartRef::EMPTY, parts: Vec::new() };
        message.parts = decode_parts(&mut reader, &mut message.body).within("body")?;
        reader.finish()?;
        Ok(message)
    }

    /// The bytes that the message was read from, which are also what it encodes to.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.encoded
    }

    /// The random bytes that make the message ID unpredictable.
    #[must_use]
    pub fn salt(&self) -> Salt {
        Salt::from_bytes(*self.envelope.salt)
    }

    /// The message that this one edits, deletes or takes back.
    #[must_use]
    pub fn replaces(&self) -> Option<MessageId> {
        self.envelope.replaces.copied().map(MessageId::from_bytes)
    }

    /// The topic that the message belongs to; empty for none.
    #[must_use]
    pub fn topic_id(&self) -> &'a [u8] {
        self.envelope.topic_id
    }

    /// When the message should disappear.
    #[must_use]
    pub fn expires(&self) -> Option<Expiration> {
        self.envelope.expires
    }

    /// The message that this one replies or reacts to.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<MessageId> {
        self.envelope.in_reply_to.copied().map(MessageId::from_bytes)
    }

    /// The extensions.
    #[must_use]
    pub fn extensions(&self) -> ExtensionsRef<'a> {
        self.envelope.extensions
    }

    /// The body: part 0.
    #[must_use]
    pub fn body(&self) -> &NestedPartRef<'a> {
        &self.body
    }

    /// All parts, depth-first: each stands at its part index, and the parts inside a multipart
    /// follow it.
    #[must_use]
    pub fn parts(&self) -> &[NestedPartRef<'a>] {
        if self.parts.is_empty() { core::slice::from_ref(&self.body) } else { &self.parts }
    }

    /// The external parts whose content the message does not bind, services included, in their
    /// order. See [`UnboundReason`](crate::UnboundReason).
    pub fn unbound_parts(&self) -> impl Iterator<Item = UnboundPart> {
        let parts = (0..=u16::MAX).map(PartIndex).zip(self.parts());
        part::unbound_parts(parts.map(|(index, nested)| (index, nested.part)))
    }

    /// The part with this index.
    #[must_use]
    pub fn part(&self, index: PartIndex) -> Option<&NestedPartRef<'a>> {
        self.parts().get(usize::from(index))
    }

    /// The parts directly inside a multipart, with their indexes. Nothing if the part is of another
    /// kind or does not exist.
    ///
    /// ```
    /// use mimi_content::{MimiContentRef, PartIndex};
    ///
    /// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
    /// # let message = MimiContentRef::decode(bytes)?;
    /// for (index, part) in message.children(PartIndex(0)) {
    ///     println!("{index}: {:?}", part.disposition);
    /// }
    /// # Ok::<(), mimi_content::DecodeError>(())
    /// ```
    pub fn children(&self, index: PartIndex) -> impl Iterator<Item = (PartIndex, &NestedPartRef<'a>)> {
        let count = match self.part(index).map(|part| &part.part) {
            Some(PartRef::Multi(multi)) => multi.child_count(),
            _ => 0,
        };
        let mut next = usize::from(index).saturating_add(1);
        (0..count).map_while(move |_| {
            let at = next;
            let part = self.parts().get(at)?;
            let inside = match &part.part {
                PartRef::Multi(multi) => multi.descendant_count(),
                _ => 0,
            };
            next = at.saturating_add(inside).saturating_add(1);
            Some((PartIndex::from_usize(at)?, part))
        })
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
    ) -> core::result::Result<(PartIndex, &NestedPartRef<'a>), ContentIdError> {
        let index = PartIndex::from_content_id(uri)?;
        self.content_id(index)?;
        self.part(index).map(|part| (index, part)).ok_or(ContentIdError::NoSuchPart)
    }

    /// The URI `cid:N@local.invalid` by which another part of this message refers to the part with
    /// this index (§4.4).
    ///
    /// # Errors
    ///
    /// [`ContentIdError::NoSuchPart`] if the message has no such part,
    /// [`ContentIdError::NotReferable`] if it is neither single nor external.
    pub fn content_id(&self, index: PartIndex) -> core::result::Result<ContentId, ContentIdError> {
        self.part(index).ok_or(ContentIdError::NoSuchPart)?.content_id(index)
    }

    /// The message's ID (revision 08); see [`MessageId::compute`] for where the URIs must come
    /// from.
    ///
    /// # Errors
    ///
    /// [`UriTooLongError`] if a URI has more than 65535 bytes.
    pub fn message_id(
        &self,
        sender_uri: &str,
        room_uri: &str,
    ) -> core::result::Result<MessageId, UriTooLongError> {
        MessageId::compute(sender_uri, room_uri, self.encoded, &self.salt())
    }

    /// The message's ID in revision 07; see [`MessageId::compute_revision_07`].
    #[must_use]
    pub fn message_id_revision_07(
        &self,
        sender_uri: impl AsRef<[u8]>,
        room_uri: impl AsRef<[u8]>,
    ) -> MessageId {
        MessageId::compute_revision_07(sender_uri, room_uri, self.encoded, &self.salt())
    }

    /// An owned copy.
    #[must_use]
    pub fn to_owned(&self) -> MimiContent {
        MimiContent::from_ref(&self.envelope, &self.body, self.parts.get(1..).unwrap_or_default())
    }
}

impl PartialEq for MimiContentRef<'_> {
    /// Equal messages have equal bytes, and the other way round.
    fn eq(&self, other: &Self) -> bool {
        self.encoded == other.encoded
    }
}

impl Eq for MimiContentRef<'_> {}

impl fmt::Debug for MimiContentRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MimiContent")
            .field("salt", &self.salt())
            .field("replaces", &self.replaces())
            .field("topic_id", &self.topic_id())
            .field("expires", &self.expires())
            .field("in_reply_to", &self.in_reply_to())
            .field("extensions", &self.extensions())
            .field("parts", &self.parts())
            .finish()
    }
}
