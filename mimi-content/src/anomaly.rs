//! General handling: what §9.1 of mimi-content and section 7 of mimi-content-more-extensions-00
//! call nonsensical in a message that decodes.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use crate::choice::media_type_matches;
use crate::disposition::Disposition;
use crate::error::DecodeError;
use crate::extensions::{
    AvPartError, ExtensionKey, ExternalMessageId, ExternalScope, KnownExtensionError, LastSeen, misplaced,
};
use crate::media_types::MIMI_MESSAGE_STATUS;
use crate::message::MimiContentRef;
use crate::message_id::{HashAlgorithm, MessageId, UriTooLongError};
use crate::part::{PartIndex, PartRef, UnboundPart, UnboundReason, is_language_list};
use crate::status::MessageStatusReportRef;

/// Milliseconds of 365 days, the drafts' year.
const YEAR_MS: u64 = 31_536_000_000;

/// 2023-11-01 00:00:00 UTC. Revision 02 of mimi-content, which reports on a meeting of that month,
/// had no concrete syntax yet: no message in this format is older.
const FORMAT_PUBLISHED_MS: u64 = 1_698_796_800_000;

/// The most entries that a last-seen list has (more-extensions section 7).
const MAX_LAST_SEEN: usize = 65535;

/// What a receiver knows of a room, for [`ReceivedMessage::anomalies`].
///
/// Only the members of the group are always known. The other answers are, unless the receiver knows
/// better, those that give no findings. A function from a user's URI to whether that user is a
/// member is such knowledge.
pub trait RoomKnowledge {
    /// Whether a user is a member of the MLS group.
    fn is_member(&self, user_uri: &str) -> bool;

    /// Whether an earlier message of the room had this external message ID.
    fn has_seen_external_id(&self, id: &ExternalMessageId) -> bool {
        let _ = id;
        false
    }

    /// Whether external message IDs of this scope are expected in the room.
    fn expects_scope(&self, scope: &ExternalScope) -> bool {
        let _ = scope;
        true
    }

    /// The last-seen list of an earlier message, to find loops. `None` for a message that is
    /// unknown or has no such list.
    fn last_seen_of(&self, message_id: &MessageId) -> Option<LastSeen> {
        let _ = message_id;
        None
    }

    /// The last-seen list of the earlier message with this external message ID.
    fn last_seen_of_external(&self, id: &ExternalMessageId) -> Option<LastSeen> {
        let _ = id;
        None
    }
}

impl<F: Fn(&str) -> bool> RoomKnowledge for F {
    fn is_member(&self, user_uri: &str) -> bool {
        self(user_uri)
    }
}

/// A message and what its receiver knows about it, for [`ReceivedMessage::anomalies`].
///
/// ```
/// use mimi_content::{Advice, Anomaly, MimiContentRef, ReceivedMessage, RoomKnowledge};
///
/// struct Room {
///     members: [&'static str; 1],
/// }
///
/// impl RoomKnowledge for Room {
///     fn is_member(&self, user_uri: &str) -> bool {
///         self.members.contains(&user_uri)
///     }
/// }
///
/// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
/// let message = MimiContentRef::decode(bytes)?;
/// let sender = "mimi://example.com/u/alice-smith";
/// let room_uri = "mimi://example.com/r/engineering_team";
/// let now_ms = 1_700_000_000_000;
/// let room = Room { members: ["mimi://example.com/u/bob-jones"] };
/// let received = ReceivedMessage::new(&message, sender, room_uri, &room, now_ms, now_ms)?;
/// assert_eq!(received.anomalies(), [Anomaly::SenderNotMember]);
/// assert_eq!(received.anomalies()[0].advice(), Advice::Discard);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ReceivedMessage<'r, 'a> {
    message: &'r MimiContentRef<'a>,
    message_id: MessageId,
    sender_uri: &'r str,
    room_uri: &'r str,
    room: &'r dyn RoomKnowledge,
    /// The local clock, in milliseconds since the UNIX epoch.
    pub now_ms: u64,
    /// The hub's accepted timestamp, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
    /// When the room was created, in milliseconds since the UNIX epoch, if known.
    pub room_created_ms: Option<u64>,
    /// The bytes of the message that was received earlier under this ID, if one was. The same bytes
    /// once more are a repeated delivery, to be ignored without a finding.
    pub earlier_with_this_id: Option<&'r [u8]>,
    /// Whether the sender sent messages to this room before.
    pub sender_sent_before: bool,
    /// What the drafts leave to local policy.
    pub limits: AnomalyLimits,
}

/// The bounds that the drafts leave to local policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnomalyLimits {
    /// How far the accepted timestamp may lie ahead of the local clock, in milliseconds ("a few
    /// minutes"); 5 minutes by default.
    pub clock_skew_ms: u64,
    /// When the first concrete syntax of the format was published, in milliseconds since the UNIX
    /// epoch; the beginning of November 2023 by default.
    pub format_published_ms: u64,
    /// How far an expiration may lie in the past or the future, in milliseconds; 365 days by
    /// default.
    pub expiration_ms: u64,
    /// Bytes of an encoded message; no limit by default.
    pub max_size: usize,
    /// How far the sender's own timestamp may lie from the accepted one, in milliseconds; 32 days
    /// by default.
    pub sender_timestamp_ms: u64,
    /// How many earlier messages are asked for their last-seen list in search of a loop; 1024 by
    /// default. Without a bound, each message of a room would walk through all that came before it.
    pub last_seen_steps: usize,
    /// How many entries of their lists are looked at together; 65,536 by default. One list may name
    /// 65,535 messages.
    pub last_seen_entries: usize,
}

impl Default for AnomalyLimits {
    fn default() -> Self {
        Self {
            clock_skew_ms: 5 * 60 * 1000,
            format_published_ms: FORMAT_PUBLISHED_MS,
            expiration_ms: YEAR_MS,
            max_size: usize::MAX,
            sender_timestamp_ms: 32 * 24 * 60 * 60 * 1000,
            last_seen_steps: 1024,
            last_seen_entries: 65_536,
        }
    }
}

/// Something in a message that most likely means malice, and in any case is nothing that a person
/// wrote. What to do, [`Anomaly::advice`] says.
///
/// The cases of §9.1 that a decoder can see (topic ID too long, too many or too deeply nested
/// parts, unknown part semantics) are no anomalies but refusals:
/// [`DecodeErrorKind`](crate::DecodeErrorKind).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Anomaly {
    /// The sender is not a member of the MLS group.
    SenderNotMember,
    /// Another message came under this ID before.
    DuplicateMessageId,
    /// A reference to a message begins with an unknown hash algorithm.
    UnknownHashAlgorithm {
        /// The field with the reference.
        field: ReferenceField,
        /// The algorithm.
        algorithm: HashAlgorithm,
    },
    /// The accepted timestamp lies ahead of the local clock.
    TimestampInFuture {
        /// By how many milliseconds.
        by_ms: u64,
    },
    /// The accepted timestamp lies before the creation of the room.
    TimestampBeforeRoom,
    /// The accepted timestamp lies before the first publication of the format.
    TimestampBeforeFormat,
    /// The message expired longer ago than the limit (absolute expirations only).
    ExpiredLongAgo {
        /// How long ago, in milliseconds.
        ago_ms: u64,
    },
    /// The message expires further ahead than the limit.
    ExpiresFarAhead {
        /// How far ahead, in milliseconds.
        ahead_ms: u64,
    },
    /// The message is larger than local policy allows.
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
    /// Extension 1 names another sender than MLS.
    SenderUriDiffers,
    /// Extension 2 names another room than the one that the message came in.
    RoomUriDiffers,
    /// A body without content in a message that replaces none.
    NullBodyReplacesNothing,
    /// A part without content inside a multipart.
    NullPartInside {
        /// Which part.
        part: PartIndex,
    },
    /// A reaction to nothing.
    ReactionWithoutReply,
    /// A language that is no list of language tags.
    MalformedLanguage {
        /// Which part.
        part: PartIndex,
    },
    /// Key, nonce or aad of a part that is not encrypted.
    KeyWithoutEncryption {
        /// Which part.
        part: PartIndex,
    },
    /// An external part is a file that the message does not bind: it is encrypted and has no hash,
    /// or it has a hash of an algorithm that this crate does not know. Receivers of the same
    /// message may get different files, and a frank proves nothing about them. A service, which has
    /// neither hash nor encryption, is legitimate (mimi-content-09 §4.5) and not listed.
    UnboundContent(UnboundPart),
    /// A status report that does not decode.
    MalformedStatusReport {
        /// Which part.
        part: PartIndex,
        /// Why; offset and path count from the beginning of the report.
        error: DecodeError,
    },
    /// A status report about the message that carries it.
    StatusOfItself {
        /// Which part.
        part: PartIndex,
    },
    /// An extension that does not hold what its definition says.
    MalformedExtension(KnownExtensionError),
    /// The extension `av_metadata` does not fit the parts of the message (mimi-av-metadata-01 §3).
    MisplacedAvMetadata {
        /// The first entry that does not.
        entry: usize,
        /// Why.
        error: AvPartError,
    },
    /// The sender's own timestamp lies further from the accepted one than the limit.
    SenderTimestampOff {
        /// How far, in milliseconds.
        by_ms: u64,
    },
    /// The external message ID was seen before.
    DuplicateExternalMessageId,
    /// An external message ID of a scope that is not expected, in extension 4 or 256.
    UnexpectedScope {
        /// The extension.
        extension: i64,
    },
    /// The sender claims to have seen no message, though it sent some.
    LastSeenEmpty,
    /// The last-seen list names more than 65535 messages.
    LastSeenTooLong {
        /// How many.
        entries: usize,
    },
    /// The last-seen lists lead back to this message.
    LastSeenLoop,
}

/// A field that refers to other messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceField {
    /// `replaces`.
    Replaces,
    /// `inReplyTo`.
    InReplyTo,
    /// Extension 256.
    LastSeen,
    /// An entry of a status report.
    StatusReport,
}

/// What the drafts advise to do about an [`Anomaly`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Advice {
    /// Log it and discard the message (mimi-content-09 §9.1), or refuse the message because its
    /// author could choose its ID.
    Discard,
    /// The receiver may reject the message (more-extensions section 7).
    MayReject,
    /// Log it. The message is legal by the letter, and harmless to show. An external part that the
    /// message does not bind opens as usual; what it opens to cannot be reported.
    Log,
}

impl Anomaly {
    /// What the drafts advise to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::SenderNotMember
            | Self::DuplicateMessageId
            | Self::UnknownHashAlgorithm { .. }
            | Self::TimestampInFuture { .. }
            | Self::TimestampBeforeRoom
            | Self::TimestampBeforeFormat
            | Self::ExpiredLongAgo { .. }
            | Self::ExpiresFarAhead { .. }
            | Self::TooLarge { .. }
            | Self::SenderUriDiffers
            | Self::RoomUriDiffers => Advice::Discard,
            // A hint for the layout.
            Self::MisplacedAvMetadata { .. } => Advice::Log,
            Self::MalformedExtension(error) if error.key() == ExtensionKey::AV_METADATA => Advice::Log,
            Self::MalformedExtension(_)
            | Self::SenderTimestampOff { .. }
            | Self::DuplicateExternalMessageId
            | Self::UnexpectedScope { .. }
            | Self::LastSeenEmpty
            | Self::LastSeenTooLong { .. }
            | Self::LastSeenLoop => Advice::MayReject,
            Self::NullBodyReplacesNothing
            | Self::NullPartInside { .. }
            | Self::ReactionWithoutReply
            | Self::MalformedLanguage { .. }
            | Self::KeyWithoutEncryption { .. }
            | Self::UnboundContent(_)
            | Self::MalformedStatusReport { .. }
            | Self::StatusOfItself { .. } => Advice::Log,
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SenderNotMember => f.write_str("the sender is not a member of the group"),
            Self::DuplicateMessageId => f.write_str("another message came under this message ID"),
            Self::UnknownHashAlgorithm { field, algorithm } => {
                write!(f, "{field:?} begins with the unknown hash algorithm {}", algorithm.0)
            }
            Self::TimestampInFuture { by_ms } => write!(f, "accepted {by_ms} ms in the future"),
            Self::TimestampBeforeRoom => f.write_str("accepted before the room was created"),
            Self::TimestampBeforeFormat => f.write_str("accepted before the format was published"),
            Self::ExpiredLongAgo { ago_ms } => write!(f, "expired {ago_ms} ms ago"),
            Self::ExpiresFarAhead { ahead_ms } => write!(f, "expires {ahead_ms} ms ahead"),
            Self::TooLarge { bytes } => write!(f, "{bytes} bytes are more than local policy allows"),
            Self::SenderUriDiffers => f.write_str("extension 1 names another sender than MLS"),
            Self::RoomUriDiffers => f.write_str("extension 2 names another room"),
            Self::NullBodyReplacesNothing => f.write_str("a body without content that replaces nothing"),
            Self::NullPartInside { part } => write!(f, "part {part} has no content"),
            Self::ReactionWithoutReply => f.write_str("a reaction to nothing"),
            Self::MalformedLanguage { part } => {
                write!(f, "the language of part {part} is no list of language tags")
            }
            Self::KeyWithoutEncryption { part } => write!(f, "part {part} has a key and is not encrypted"),
            Self::UnboundContent(part) => part.fmt(f),
            Self::MalformedStatusReport { part, error } => write!(f, "part {part}: {error}"),
            Self::StatusOfItself { part } => write!(f, "part {part} reports on the message that carries it"),
            Self::MalformedExtension(error) => error.fmt(f),
            Self::MisplacedAvMetadata { entry, error } => write!(f, "av_metadata[{entry}]: {error}"),
            Self::SenderTimestampOff { by_ms } => write!(f, "the sender's timestamp is {by_ms} ms off"),
            Self::DuplicateExternalMessageId => f.write_str("the external message ID was seen before"),
            Self::UnexpectedScope { extension } => write!(f, "unexpected scope in extension {extension}"),
            Self::LastSeenEmpty => f.write_str("the sender claims to have seen nothing, yet it sent before"),
            Self::LastSeenTooLong { entries } => write!(f, "{entries} last-seen messages"),
            Self::LastSeenLoop => f.write_str("the last-seen lists form a loop"),
        }
    }
}

impl<'r, 'a> ReceivedMessage<'r, 'a> {
    /// What every receiver knows; for the rest it assumes what gives no findings, so set the public
    /// fields as far as you know better.
    ///
    /// `sender_uri` comes from MLS and `room_uri` is the room that the message came in; the
    /// message's ID is computed from them. `room` answers what the check asks of the room. `now_ms`
    /// is the local clock and `accepted_ms` the hub's accepted timestamp, both in milliseconds
    /// since the UNIX epoch.
    ///
    /// # Errors
    ///
    /// [`UriTooLongError`] if a URI has more than 65535 bytes: the message has no ID.
    pub fn new(
        message: &'r MimiContentRef<'a>,
        sender_uri: &'r str,
        room_uri: &'r str,
        room: &'r dyn RoomKnowledge,
        now_ms: u64,
        accepted_ms: u64,
    ) -> Result<Self, UriTooLongError> {
        Ok(Self {
            message,
            message_id: message.message_id(sender_uri, room_uri)?,
            sender_uri,
            room_uri,
            room,
            now_ms,
            accepted_ms,
            room_created_ms: None,
            earlier_with_this_id: None,
            sender_sent_before: false,
            limits: AnomalyLimits::default(),
        })
    }

    /// The message's ID.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        self.message_id
    }

    /// Whether this is the repeated delivery of a message that was received before.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.earlier_with_this_id == Some(self.message.encoded())
    }

    /// Everything about the message that the drafts call an anomaly, in the order of [`Anomaly`]'s
    /// variants.
    ///
    /// Not among them, because they are legitimate: references to unknown messages, unknown
    /// dispositions, content types and languages.
    #[must_use]
    pub fn anomalies(&self) -> Vec<Anomaly> {
        let mut found = Vec::new();
        self.check_identity(&mut found);
        self.check_times(&mut found);
        self.check_claims(&mut found);
        self.check_parts(&mut found);
        self.check_extensions(&mut found);
        found
    }

    fn check_identity(&self, found: &mut Vec<Anomaly>) {
        if !self.room.is_member(self.sender_uri) {
            found.push(Anomaly::SenderNotMember);
        }
        if self.earlier_with_this_id.is_some_and(|earlier| earlier != self.message.encoded()) {
            found.push(Anomaly::DuplicateMessageId);
        }
        let references = [
            (ReferenceField::Replaces, self.message.replaces()),
            (ReferenceField::InReplyTo, self.message.in_reply_to()),
        ];
        for (field, id) in references {
            if let Some(id) = id.filter(|id| !id.is_known()) {
                found.push(Anomaly::UnknownHashAlgorithm { field, algorithm: id.algorithm() });
            }
        }
        if let Ok(Some(LastSeen::Messages(ids))) = self.message.extensions().last_seen()
            && let Some(id) = ids.iter().find(|id| !id.is_known())
        {
            found.push(Anomaly::UnknownHashAlgorithm {
                field: ReferenceField::LastSeen,
                algorithm: id.algorithm(),
            });
        }
    }

    fn check_times(&self, found: &mut Vec<Anomaly>) {
        let limits = &self.limits;
        let ahead_ms = self.accepted_ms.saturating_sub(self.now_ms);
        if ahead_ms > limits.clock_skew_ms {
            found.push(Anomaly::TimestampInFuture { by_ms: ahead_ms });
        }
        if self.room_created_ms.is_some_and(|created| self.accepted_ms < created) {
            found.push(Anomaly::TimestampBeforeRoom);
        }
        if self.accepted_ms < limits.format_published_ms {
            found.push(Anomaly::TimestampBeforeFormat);
        }
        let Some(expiration) = self.message.expires() else { return };
        // A relative time has not begun; were the message read now, it would be due then.
        let Some(due_ms) = expiration.due_ms(Some(self.now_ms)) else { return };
        let ago_ms = self.now_ms.saturating_sub(due_ms);
        if ago_ms > limits.expiration_ms {
            found.push(Anomaly::ExpiredLongAgo { ago_ms });
        }
        let ahead_ms = due_ms.saturating_sub(self.now_ms);
        if ahead_ms > limits.expiration_ms {
            found.push(Anomaly::ExpiresFarAhead { ahead_ms });
        }
    }

    fn check_claims(&self, found: &mut Vec<Anomaly>) {
        let bytes = self.message.encoded().len();
        if bytes > self.limits.max_size {
            found.push(Anomaly::TooLarge { bytes });
        }
        let extensions = self.message.extensions();
        if extensions.sender_uri().is_some_and(|uri| uri != self.sender_uri) {
            found.push(Anomaly::SenderUriDiffers);
        }
        if extensions.room_uri().is_some_and(|uri| uri != self.room_uri) {
            found.push(Anomaly::RoomUriDiffers);
        }
    }

    fn check_parts(&self, found: &mut Vec<Anomaly>) {
        let message = self.message;
        if message.body().part == PartRef::Null && message.replaces().is_none() {
            found.push(Anomaly::NullBodyReplacesNothing);
        }
        let indexed = || (0..=u16::MAX).map(PartIndex).zip(message.parts());
        for (part, nested) in indexed().skip(1) {
            if nested.part == PartRef::Null {
                found.push(Anomaly::NullPartInside { part });
            }
        }
        if message.body().disposition == Disposition::REACTION && message.in_reply_to().is_none() {
            found.push(Anomaly::ReactionWithoutReply);
        }
        for (part, nested) in indexed() {
            if !is_language_list(nested.language) {
                found.push(Anomaly::MalformedLanguage { part });
            }
        }
        for (part, nested) in indexed() {
            if let PartRef::External(external) = nested.part
                && external.has_key_without_encryption()
            {
                found.push(Anomaly::KeyWithoutEncryption { part });
            }
        }
        let unbound = message.unbound_parts().filter(|part| part.reason != UnboundReason::Service);
        found.extend(unbound.map(Anomaly::UnboundContent));
        for (part, nested) in indexed() {
            if let PartRef::Single(single) = nested.part
                && media_type_matches(MIMI_MESSAGE_STATUS, single.content_type)
            {
                self.check_status_report(part, single.content, found);
            }
        }
    }

    fn check_status_report(&self, part: PartIndex, content: &[u8], found: &mut Vec<Anomaly>) {
        let report = match MessageStatusReportRef::decode(content) {
            Ok(report) => report,
            Err(error) => return found.push(Anomaly::MalformedStatusReport { part, error }),
        };
        if let Some(entry) = report.iter().find(|entry| !entry.message_id.is_known()) {
            found.push(Anomaly::UnknownHashAlgorithm {
                field: ReferenceField::StatusReport,
                algorithm: entry.message_id.algorithm(),
            });
        }
        if report.iter().any(|entry| entry.message_id == self.message_id) {
            found.push(Anomaly::StatusOfItself { part });
        }
    }

    fn check_extensions(&self, found: &mut Vec<Anomaly>) {
        let extensions = self.message.extensions();
        let sender_timestamp = extensions.sender_timestamp();
        let external_id = extensions.external_message_id();
        let last_seen = extensions.last_seen();
        let av_metadata = extensions.av_metadata();
        let malformed = [
            sender_timestamp.as_ref().err().cloned(),
            external_id.as_ref().err().cloned(),
            extensions.subject().err(),
            last_seen.as_ref().err().cloned(),
            av_metadata.as_ref().err().cloned(),
        ];
        found.extend(malformed.into_iter().flatten().map(Anomaly::MalformedExtension));
        if let Some((entry, error)) =
            av_metadata.ok().and_then(|entries| misplaced(&entries, self.message.parts()))
        {
            found.push(Anomaly::MisplacedAvMetadata { entry, error });
        }

        if let Ok(Some(timestamp)) = sender_timestamp {
            let by_ms = timestamp.milliseconds().abs_diff(self.accepted_ms);
            if by_ms > self.limits.sender_timestamp_ms {
                found.push(Anomaly::SenderTimestampOff { by_ms });
            }
        }
        if let Ok(Some(id)) = external_id.as_ref() {
            if !self.is_repeated() && self.room.has_seen_external_id(id) {
                found.push(Anomaly::DuplicateExternalMessageId);
            }
            if !self.room.expects_scope(&id.scope) {
                found.push(Anomaly::UnexpectedScope { extension: 4 });
            }
        }
        if let Ok(Some(last_seen)) = &last_seen {
            self.check_last_seen(last_seen, external_id.ok().flatten().as_ref(), found);
        }
    }

    fn check_last_seen(
        &self,
        last_seen: &LastSeen,
        own: Option<&ExternalMessageId>,
        found: &mut Vec<Anomaly>,
    ) {
        if let LastSeen::External(ids) = last_seen
            && ids.iter().any(|id| !self.room.expects_scope(&id.scope))
        {
            found.push(Anomaly::UnexpectedScope { extension: 256 });
        }
        if last_seen.is_empty() && self.sender_sent_before && !self.is_repeated() {
            found.push(Anomaly::LastSeenEmpty);
        }
        if last_seen.len() > MAX_LAST_SEEN {
            found.push(Anomaly::LastSeenTooLong { entries: last_seen.len() });
        } else if self.leads_back(last_seen, own) {
            found.push(Anomaly::LastSeenLoop);
        }
    }

    /// Whether this message can be reached from the ones that it says it has seen. MIMI's message
    /// IDs are hashes of what they name, so that only a broken hash closes a loop of them; the IDs
    /// of other systems are the sender's to choose.
    fn leads_back(&self, last_seen: &LastSeen, own: Option<&ExternalMessageId>) -> bool {
        let mut visited = BTreeSet::new();
        let mut open = Vec::new();
        push_entries(&mut open, last_seen, usize::MAX);
        let limits = &self.limits;
        let (mut steps, mut entries) = (limits.last_seen_steps, limits.last_seen_entries);
        while let Some(id) = open.pop() {
            let earlier = match &id {
                SeenId::Message(id) if *id == self.message_id => return true,
                SeenId::External(id) if Some(id) == own => return true,
                _ if visited.contains(&id) => continue,
                // The entries that were read are still compared.
                _ if steps == 0 || entries == 0 => continue,
                SeenId::Message(id) => self.room.last_seen_of(id),
                SeenId::External(id) => self.room.last_seen_of_external(id),
            };
            steps = steps.saturating_sub(1);
            if let Some(earlier) = earlier {
                entries = entries.saturating_sub(push_entries(&mut open, &earlier, entries));
            }
            visited.insert(id);
        }
        false
    }
}

/// Appends at most `limit` entries of a list, and returns how many.
fn push_entries(open: &mut Vec<SeenId>, list: &LastSeen, limit: usize) -> usize {
    let before = open.len();
    match list {
        LastSeen::Messages(ids) => open.extend(ids.iter().take(limit).copied().map(SeenId::Message)),
        LastSeen::External(ids) => open.extend(ids.iter().take(limit).cloned().map(SeenId::External)),
    }
    open.len().saturating_sub(before)
}

/// An entry of a last-seen list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SeenId {
    Message(MessageId),
    External(ExternalMessageId),
}
