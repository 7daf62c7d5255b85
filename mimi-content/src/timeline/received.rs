//! What the timeline takes out of a message.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use super::row::{MessageRow, TimelinePlace};
use crate::cbor::writer::Sink;
use crate::disposition::Disposition;
use crate::error::DecodeError;
use crate::expiration::Expiration;
use crate::extensions::{ExtensionKey, ExtensionsRef};
use crate::media_types;
use crate::message::{MimiContent, MimiContentRef};
use crate::message_id::MessageId;
use crate::part::{NestedPartRef, PartIndex, PartRef, PartSemantics};
use crate::status::{MessageStatusReportRef, PerMessageStatus};

/// The first half of a SHA-256 hash.
pub(super) type Digest = [u8; 16];

/// A message on its way into a [`Timeline`](super::Timeline).
#[derive(Clone, Debug)]
pub struct TimelineMessage<'a> {
    pub(super) message_id: MessageId,
    pub(super) sender_uri: &'a str,
    pub(super) accepted_ms: u64,
    pub(super) replaces: Option<MessageId>,
    pub(super) topic_id: Cow<'a, [u8]>,
    pub(super) expires: Option<Expiration>,
    pub(super) in_reply_to: Option<MessageId>,
    pub(super) disposition: Disposition,
    pub(super) body: Body,
    /// Of the encoded message.
    pub(super) digest: Digest,
    /// Of the body.
    pub(super) body_digest: u64,
    /// Of the extensions that say something of the message rather than of its sending.
    pub(super) extensions: Option<Digest>,
}

impl<'a> TimelineMessage<'a> {
    /// A message that was read from its bytes.
    ///
    /// `message_id` is computed from the sender that MLS names and the room
    /// ([`MimiContentRef::message_id`]), and `sender_uri` is that sender. `accepted_ms` is the
    /// hub's accepted timestamp in milliseconds since the UNIX epoch. Messages that are to be
    /// discarded ([`ReceivedMessage::anomalies`](crate::ReceivedMessage::anomalies)) should not
    /// come here.
    #[must_use]
    pub fn new(
        message_id: MessageId,
        sender_uri: &'a str,
        accepted_ms: u64,
        content: &MimiContentRef<'a>,
    ) -> Self {
        Self {
            message_id,
            sender_uri,
            accepted_ms,
            replaces: content.replaces(),
            topic_id: Cow::Borrowed(content.topic_id()),
            expires: content.expires(),
            in_reply_to: content.in_reply_to(),
            disposition: content.body().disposition,
            body: Body::of(content.parts()),
            digest: digest(|hash| hash.put(content.encoded())),
            body_digest: body_digest(content.parts()),
            extensions: lasting(content.extensions()),
        }
    }

    /// A message that owns its content; else as [`TimelineMessage::new`].
    #[must_use]
    pub fn from_owned(
        message_id: MessageId,
        sender_uri: &'a str,
        accepted_ms: u64,
        content: &'a MimiContent,
    ) -> Self {
        let mut parts = Vec::with_capacity(content.body().count());
        parts.extend(content.parts().map(|(_, part)| part.as_head()));
        Self {
            message_id,
            sender_uri,
            accepted_ms,
            replaces: content.replaces(),
            topic_id: Cow::Borrowed(content.topic_id()),
            expires: content.expires(),
            in_reply_to: content.in_reply_to(),
            disposition: content.body().disposition,
            body: Body::of(&parts),
            digest: digest(|hash| hash.put(&content.encode())),
            body_digest: body_digest(&parts),
            extensions: lasting(content.extensions().as_ref()),
        }
    }

    /// A status report that was sent by itself, as `application/mimi-message-status` and not inside
    /// a MIMI content message.
    ///
    /// Such a report has no message ID of its own. The caller chooses `report_id`, the same for
    /// each delivery of the same report and another one for every other, such as a hash of the
    /// sender, the room and the bytes.
    #[must_use]
    pub fn status_report(
        report_id: MessageId,
        sender_uri: &'a str,
        accepted_ms: u64,
        report: &MessageStatusReportRef<'_>,
    ) -> Self {
        let mut statuses = Vec::with_capacity(report.len());
        statuses.extend(report.iter());
        Self {
            message_id: report_id,
            sender_uri,
            accepted_ms,
            replaces: None,
            topic_id: Cow::Borrowed(&[]),
            expires: None,
            in_reply_to: None,
            disposition: Disposition::UNSPECIFIED,
            digest: digest(|hash| report.write(hash)),
            body_digest: 0,
            extensions: None,
            body: Body {
                kind: BodyKind::Report,
                is_emptied: false,
                reactions: Box::default(),
                statuses,
                malformed_report: None,
            },
        }
    }

    /// The message's ID.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        self.message_id
    }

    /// Its place in the room.
    #[must_use]
    pub fn place(&self) -> TimelinePlace {
        TimelinePlace { accepted_ms: self.accepted_ms, message_id: self.message_id }
    }

    /// What the message is by its body.
    #[must_use]
    pub fn kind(&self) -> BodyKind {
        self.body.kind
    }
}

impl<R> MessageRow<R> {
    /// Whether this is the encoded content of the message: what a client fetches again for a row of
    /// which it keeps no content.
    #[must_use]
    pub fn has_content(&self, encoded: &[u8]) -> bool {
        self.digest == digest(|hash| hash.put(encoded))
    }
}

/// What a message is by its body.
///
/// The parts that a receiver processes each by itself are the units of a message: the body, or the
/// parts of a multipart with `processAll`, at any level. A multipart with `chooseOne` or
/// `singleUnit` is one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyKind {
    /// Something to show.
    Content,
    /// Reactions and nothing else. Without `inReplyTo` it reacts to nothing and is shown as a
    /// message.
    Reaction,
    /// Status reports and nothing else.
    Report,
    /// Nothing: the body is a NullPart. It deletes what it replaces.
    Null,
}

/// A single reaction: §5.3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReactionPart {
    /// The part of the message that is the reaction: a single or external part, or a multipart
    /// whose parts are alternatives or belong together.
    pub part: PartIndex,
    /// What equal reactions have in common.
    pub content: ReactionContent,
}

/// What equal reactions have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReactionContent {
    /// Plain text, such as an emoji. It comes from a stranger and may be of any length.
    Text(CompactString),
    /// An image, a sound or anything else: the first half of the SHA-256 hash of the encoded part.
    Other([u8; 16]),
}

/// What the timeline takes out of a body.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) kind: BodyKind,
    /// Whether it holds nothing but null parts and texts of no bytes: such a body takes back a
    /// reaction that it replaces.
    pub(super) is_emptied: bool,
    pub(super) reactions: Box<[ReactionPart]>,
    pub(super) statuses: Vec<PerMessageStatus>,
    /// Why a report can't be read.
    pub(super) malformed_report: Option<DecodeError>,
}

impl Body {
    /// Reads the parts in the order of their indexes.
    fn of(parts: &[NestedPartRef<'_>]) -> Self {
        let mut body = Self {
            kind: BodyKind::Null,
            is_emptied: true,
            reactions: Box::default(),
            statuses: Vec::new(),
            malformed_report: None,
        };
        let mut reactions = Vec::new();
        // Where the multiparts end that are open, and whether what is in them is a reaction unless
        // it says otherwise.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let (mut units, mut reports, mut reacting, mut index) = (0_usize, 0_usize, 0_usize, 0_usize);
        while let Some(part) = parts.get(index) {
            while open.last().is_some_and(|(end, _)| *end <= index) {
                open.pop();
            }
            let inherited = open.last().is_some_and(|(_, reaction)| *reaction);
            let reaction = match part.disposition {
                Disposition::REACTION => true,
                Disposition::UNSPECIFIED => inherited,
                _ => false,
            };
            let mut end = index.saturating_add(1);
            match &part.part {
                PartRef::Null => {
                    index = end;
                    continue;
                }
                PartRef::Multi(multi) => {
                    let after = end.saturating_add(multi.descendant_count());
                    if multi.semantics == PartSemantics::ProcessAll {
                        open.push((after, reaction));
                        index = end;
                        continue;
                    }
                    end = after;
                }
                PartRef::Single(single) if is_type(single.content_type, media_types::MIMI_MESSAGE_STATUS) => {
                    reports = reports.saturating_add(1);
                    match MessageStatusReportRef::decode(single.content) {
                        Ok(report) => body.statuses.extend(report.iter()),
                        Err(error) => body.malformed_report = Some(error),
                    }
                }
                PartRef::Single(_) | PartRef::External(_) => {}
            }
            units = units.saturating_add(1);
            let unit = parts.get(index..end).unwrap_or_default();
            let is_empty = unit.iter().all(says_nothing);
            body.is_emptied &= is_empty;
            reacting = reacting.saturating_add(usize::from(reaction));
            if reaction
                && !is_empty
                && let Some(part) = PartIndex::from_usize(index)
            {
                reactions.push(ReactionPart { part, content: ReactionContent::of(unit) });
            }
            index = end;
        }
        body.kind = match units {
            0 if parts.len() <= 1 => BodyKind::Null,
            0 => BodyKind::Content,
            _ if units == reports => BodyKind::Report,
            _ if units == reacting => BodyKind::Reaction,
            _ => BodyKind::Content,
        };
        body.reactions = reactions.into_boxed_slice();
        body
    }
}

/// Whether a part is null, a text of no bytes, or holds other parts and nothing itself.
fn says_nothing(part: &NestedPartRef<'_>) -> bool {
    match &part.part {
        PartRef::Null | PartRef::Multi(_) => true,
        PartRef::Single(single) => single.content.is_empty() && is_text(single.content_type),
        PartRef::External(_) => false,
    }
}

fn is_text(content_type: &str) -> bool {
    content_type.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"))
}

impl ReactionContent {
    /// What reactions are grouped by: one emoji with and without the variation selector U+FE0F,
    /// which asks for its colourful form, is one reaction.
    #[must_use]
    pub fn group(&self) -> Cow<'_, Self> {
        match self {
            Self::Text(text) if text.contains('\u{fe0f}') => {
                Cow::Owned(Self::Text(text.chars().filter(|char| *char != '\u{fe0f}').collect()))
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// Of a part and all inside it.
    fn of(parts: &[NestedPartRef<'_>]) -> Self {
        if let [NestedPartRef { part: PartRef::Single(single), .. }] = parts
            && is_type(single.content_type, "text/plain")
            && let Ok(text) = core::str::from_utf8(single.content)
        {
            return Self::Text(CompactString::new(text));
        }
        Self::Other(digest(|hash| parts.iter().for_each(|part| part.encode_head(hash))))
    }
}

/// Whether a media type is this one, whatever its parameters are.
fn is_type(content_type: &str, essence: &str) -> bool {
    let (found, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    found.trim().eq_ignore_ascii_case(essence)
}

/// Extensions that belong to the sending of a message, not to what it says: an edit has its own.
const OF_THE_SENDING: [i64; 6] = [0, 1, 2, 3, 4, 256];

/// The digest of the extensions that an edit must leave as they are.
fn lasting(extensions: ExtensionsRef<'_>) -> Option<Digest> {
    let lasts =
        |key: &ExtensionKey<'_>| !matches!(key, ExtensionKey::Integer(key) if OF_THE_SENDING.contains(key));
    extensions.iter().any(|(key, _)| lasts(&key)).then(|| {
        digest(|hash| {
            for (key, value) in extensions.iter().filter(|(key, _)| lasts(key)) {
                match key {
                    ExtensionKey::Integer(key) => hash.put(&key.to_be_bytes()),
                    ExtensionKey::Text(key) => {
                        // No integer key begins so.
                        hash.put(&i64::MIN.to_be_bytes());
                        hash.put(&key.len().to_be_bytes());
                        hash.put(key.as_bytes());
                    }
                }
                // CBOR says itself where it ends.
                hash.put(value.encoded());
            }
        })
    })
}

struct Hash(Sha256);

impl Sink for Hash {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

fn body_digest(parts: &[NestedPartRef<'_>]) -> u64 {
    let digest = digest(|hash| parts.iter().for_each(|part| part.encode_head(hash)));
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn digest(write: impl FnOnce(&mut Hash)) -> Digest {
    let mut hash = Hash(Sha256::new());
    write(&mut hash);
    let mut half = Digest::default();
    for (place, byte) in half.iter_mut().zip(hash.0.finalize()) {
        *place = byte;
    }
    half
}
