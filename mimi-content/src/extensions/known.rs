//! Typed access to the extensions of mimi-content-more-extensions-00.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{ExtensionError, ExtensionKey, ExtensionsRef, MessageExtensions};
use crate::cbor::Major;
use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::error::{DecodeError, DecodeErrorKind, Result, Within};
use crate::message::read_message_id;
use crate::message_id::MessageId;

/// The tag of a URI (RFC 8949 §3.4.5.3).
const URI_TAG: u64 = 32;

/// Bytes of a subject, at most.
const MAX_SUBJECT: usize = 4096;

/// An extension that is there and does not hold what its definition says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KnownExtensionError {
    key: ExtensionKey<'static>,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Problem {
    /// What was found instead, with its offset inside the value.
    Decode(DecodeError),
    /// A value that decodes and is out of its bounds.
    Bounds(&'static str),
}

impl KnownExtensionError {
    fn bounds(key: i64, rule: &'static str) -> Self {
        Self { key: ExtensionKey::Integer(key), problem: Problem::Bounds(rule) }
    }

    /// The key of the extension.
    #[must_use]
    pub fn key(&self) -> ExtensionKey<'static> {
        self.key
    }

    /// What its bytes are refused for, with the offset inside the value, unless they decode and
    /// break a rule of the extension.
    #[must_use]
    pub fn decode_error(&self) -> Option<&DecodeError> {
        match &self.problem {
            Problem::Decode(error) => Some(error),
            Problem::Bounds(_) => None,
        }
    }
}

impl fmt::Display for KnownExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            ExtensionKey::Integer(key) => write!(f, "extensions[{key}]: "),
            ExtensionKey::Text(key) => write!(f, "extensions[{key:?}]: "),
        }?;
        match &self.problem {
            Problem::Decode(error) => error.fmt(f),
            Problem::Bounds(rule) => f.write_str(rule),
        }
    }
}

impl core::error::Error for KnownExtensionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.problem {
            Problem::Decode(error) => Some(error),
            Problem::Bounds(_) => None,
        }
    }
}

pub(super) type Known<T> = core::result::Result<T, KnownExtensionError>;

/// The finer part of a [`SenderTimestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fraction {
    /// 0 to 999.
    Milliseconds(u16),
    /// 0 to 999,999.
    Microseconds(u32),
    /// 0 to 999,999,999.
    Nanoseconds(u32),
}

impl Fraction {
    /// The key in the map, the value and its limit.
    fn parts(self) -> (u64, u64, u64) {
        match self {
            Self::Milliseconds(value) => (2, value.into(), 999),
            Self::Microseconds(value) => (5, value.into(), 999_999),
            Self::Nanoseconds(value) => (8, value.into(), 999_999_999),
        }
    }
}

/// Extension 3: when the sender says that it sent the message (more-extensions section 3).
///
/// ```text
/// senderTimestamp = { 1: uint, ? ( -3: 0..999 // -6: 0..999999 // -9: 0..999999999 ) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SenderTimestamp {
    /// Whole seconds since the UNIX epoch.
    pub seconds: u64,
    /// What comes on top.
    pub fraction: Option<Fraction>,
}

impl SenderTimestamp {
    /// Whole milliseconds since the UNIX epoch, saturating.
    #[must_use]
    pub fn milliseconds(&self) -> u64 {
        let fraction = match self.fraction {
            None => 0,
            Some(Fraction::Milliseconds(value)) => value.into(),
            Some(Fraction::Microseconds(value)) => u64::from(value) / 1_000,
            Some(Fraction::Nanoseconds(value)) => u64::from(value) / 1_000_000,
        };
        self.seconds.saturating_mul(1000).saturating_add(fraction)
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        let start = reader.mark();
        let len = reader.count(Major::Map, 2)?;
        if !(1..=2).contains(&len) {
            return Err(reader.refuse_at(
                start,
                DecodeErrorKind::UnexpectedType { expected: "a map of seconds and at most one fraction" },
            ));
        }
        let refuse =
            |reader: &Reader<'_>, expected| Err(reader.refuse(DecodeErrorKind::UnexpectedType { expected }));
        if !reader.eat(Major::Unsigned.initial(1)) {
            return refuse(reader, "key 1, the seconds");
        }
        let seconds = reader.unsigned(u64::MAX).within("seconds")?;
        let fraction = match len {
            1 => None,
            _ if reader.eat(Major::Negative.initial(2)) => {
                Some(Fraction::Milliseconds(reader.unsigned(999).within("fraction")? as u16))
            }
            _ if reader.eat(Major::Negative.initial(5)) => {
                Some(Fraction::Microseconds(reader.unsigned(999_999).within("fraction")? as u32))
            }
            _ if reader.eat(Major::Negative.initial(8)) => {
                Some(Fraction::Nanoseconds(reader.unsigned(999_999_999).within("fraction")? as u32))
            }
            _ => return refuse(reader, "key -3, -6 or -9"),
        };
        Ok(Self { seconds, fraction })
    }
}

/// What makes an [`ExternalMessageId`] unambiguous (more-extensions section 4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExternalScope {
    /// An IANA Private Enterprise Number; not 0.
    EnterpriseNumber(u64),
    /// An Internet domain name.
    Domain(String),
    /// A URI.
    Uri(String),
}

/// Extension 4: the ID of this message in another messaging system (more-extensions section 4).
///
/// ```text
/// ExtMessageId = [ bstr, scope ]     scope = uint .gt 0 / tstr / #6.32(tstr)
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalMessageId {
    /// The ID as the other system writes it.
    pub id: Vec<u8>,
    /// Whose ID it is.
    pub scope: ExternalScope,
}

impl ExternalMessageId {
    fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        reader.array_of(2)?;
        let id = reader.bytes().within("id")?.to_owned();
        let scope = Self::decode_scope(reader).within("scope")?;
        Ok(Self { id, scope })
    }

    fn decode_scope(reader: &mut Reader<'_>) -> Result<ExternalScope> {
        let start = reader.mark();
        Ok(match Major::of(reader.peek()?) {
            Major::Unsigned => match reader.unsigned(u64::MAX)? {
                0 => {
                    return Err(reader.refuse_at(
                        start,
                        DecodeErrorKind::UnexpectedType { expected: "a positive enterprise number" },
                    ));
                }
                number => ExternalScope::EnterpriseNumber(number),
            },
            Major::Text => ExternalScope::Domain(reader.text()?.to_owned()),
            Major::Tag if reader.argument(Major::Tag)? == URI_TAG => {
                ExternalScope::Uri(reader.text()?.to_owned())
            }
            _ => {
                return Err(reader.refuse_at(
                    start,
                    DecodeErrorKind::UnexpectedType { expected: "an enterprise number, a domain or a URI" },
                ));
            }
        })
    }

    fn encode(&self, sink: &mut impl Sink) {
        writer::array(sink, 2);
        writer::bytes(sink, &self.id);
        match &self.scope {
            ExternalScope::EnterpriseNumber(number) => writer::unsigned(sink, *number),
            ExternalScope::Domain(domain) => writer::text(sink, domain),
            ExternalScope::Uri(uri) => {
                writer::head(sink, Major::Tag, URI_TAG);
                writer::text(sink, uri);
            }
        }
    }
}

/// Extension 256: the latest messages that the sender had seen (more-extensions section 6). Empty
/// if it had seen none yet; more than one where the sender merges branches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LastSeen {
    /// MIMI message IDs; also the form of the empty list.
    Messages(Vec<MessageId>),
    /// IDs of another system, at least one.
    External(Vec<ExternalMessageId>),
}

impl LastSeen {
    /// How many messages it names.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Messages(ids) => ids.len(),
            Self::External(ids) => ids.len(),
        }
    }

    /// Whether it names none: the sender had seen no message yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        let count = reader.count(Major::Array, 1)?;
        let external = count > 0 && Major::of(reader.peek()?) == Major::Array;
        // A list of both kinds fails at the first item of the other kind.
        if external {
            let ids = (0..count).map(|index| ExternalMessageId::decode(reader).within_index(index));
            Ok(Self::External(ids.collect::<Result<_>>()?))
        } else {
            let ids = (0..count).map(|index| read_message_id(reader).within_index(index));
            Ok(Self::Messages(ids.collect::<Result<_>>()?))
        }
    }
}

impl<'a> ExtensionsRef<'a> {
    pub(super) fn known<T>(
        &self,
        key: impl Into<ExtensionKey<'static>>,
        decode: impl FnOnce(&mut Reader<'a>) -> Result<T>,
    ) -> Known<Option<T>> {
        let key = key.into();
        let Some(value) = self.get(key) else { return Ok(None) };
        let mut reader = value.reader();
        decode(&mut reader)
            .map(Some)
            .map_err(|error| KnownExtensionError { key, problem: Problem::Decode(error) })
    }

    /// Extension 3, when the sender says that it sent the message.
    ///
    /// # Errors
    ///
    /// If it is no map of seconds (key 1) and at most one fraction (key -3, -6 or -9) within its
    /// bounds.
    pub fn sender_timestamp(&self) -> Known<Option<SenderTimestamp>> {
        self.known(3, SenderTimestamp::decode)
    }

    /// Extension 4, the message's ID in another system.
    ///
    /// # Errors
    ///
    /// If it is no array of a byte string and a scope: a positive integer, a domain or a tagged
    /// URI.
    pub fn external_message_id(&self) -> Known<Option<ExternalMessageId>> {
        self.known(4, ExternalMessageId::decode)
    }

    /// Extension 5, a subject of 1 to 4096 bytes.
    ///
    /// # Errors
    ///
    /// If it is no text, or of another length.
    pub fn subject(&self) -> Known<Option<&'a str>> {
        match self.known(5, Reader::text)? {
            Some(subject) if !(1..=MAX_SUBJECT).contains(&subject.len()) => Err(subject_length()),
            subject => Ok(subject),
        }
    }

    /// Extension 256, the latest messages that the sender had seen.
    ///
    /// # Errors
    ///
    /// If it is neither an array of message IDs nor one of external message IDs; both together are
    /// neither.
    pub fn last_seen(&self) -> Known<Option<LastSeen>> {
        self.known(256, LastSeen::decode)
    }
}

fn subject_length() -> KnownExtensionError {
    KnownExtensionError::bounds(5, "a subject has 1 to 4096 bytes")
}

impl ExtensionsRef<'_> {
    /// Whether every extension with a definition holds what it says.
    pub(super) fn check_known(&self) -> Known<()> {
        self.sender_timestamp()?;
        self.external_message_id()?;
        self.subject()?;
        self.last_seen()?;
        self.av_metadata()?;
        Ok(())
    }
}

/// Reading, as with [`ExtensionsRef`].
impl MessageExtensions {
    /// Extension 1: see [`ExtensionsRef::sender_uri`].
    #[must_use]
    pub fn sender_uri(&self) -> Option<&str> {
        self.as_ref().sender_uri()
    }

    /// Extension 2: see [`ExtensionsRef::room_uri`].
    #[must_use]
    pub fn room_uri(&self) -> Option<&str> {
        self.as_ref().room_uri()
    }

    /// Extension 3: see [`ExtensionsRef::sender_timestamp`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn sender_timestamp(&self) -> Known<Option<SenderTimestamp>> {
        self.as_ref().sender_timestamp()
    }

    /// Extension 4: see [`ExtensionsRef::external_message_id`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn external_message_id(&self) -> Known<Option<ExternalMessageId>> {
        self.as_ref().external_message_id()
    }

    /// Extension 5: see [`ExtensionsRef::subject`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn subject(&self) -> Known<Option<&str>> {
        self.as_ref().subject()
    }

    /// Extension 256: see [`ExtensionsRef::last_seen`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn last_seen(&self) -> Known<Option<LastSeen>> {
        self.as_ref().last_seen()
    }
}

impl MessageExtensions {
    /// Sets extension 3, when the sender says that it sent the message.
    ///
    /// # Errors
    ///
    /// [`ExtensionError::Known`] if the fraction is not below its whole second.
    pub fn set_sender_timestamp(
        &mut self,
        timestamp: SenderTimestamp,
    ) -> core::result::Result<(), ExtensionError> {
        let mut encoded = Vec::new();
        let entries = if timestamp.fraction.is_some() { 2 } else { 1 };
        writer::head(&mut encoded, Major::Map, entries);
        writer::unsigned(&mut encoded, 1);
        writer::unsigned(&mut encoded, timestamp.seconds);
        if let Some(fraction) = timestamp.fraction {
            let (key, value, limit) = fraction.parts();
            if value > limit {
                let rule = "a fraction is less than a second";
                return Err(ExtensionError::Known(KnownExtensionError::bounds(3, rule)));
            }
            writer::head(&mut encoded, Major::Negative, key);
            writer::unsigned(&mut encoded, value);
        }
        self.set_encoded(ExtensionKey::SENDER_TIMESTAMP, &encoded)
    }

    /// Sets extension 4, the message's ID in another system.
    ///
    /// # Errors
    ///
    /// [`ExtensionError::Known`] for the enterprise number 0.
    pub fn set_external_message_id(
        &mut self,
        id: &ExternalMessageId,
    ) -> core::result::Result<(), ExtensionError> {
        check_scope(4, id)?;
        let mut encoded = Vec::new();
        id.encode(&mut encoded);
        self.set_encoded(ExtensionKey::EXTERNAL_MESSAGE_ID, &encoded)
    }

    /// Sets extension 5, a subject.
    ///
    /// # Errors
    ///
    /// [`ExtensionError::Known`] unless it has 1 to 4096 bytes.
    pub fn set_subject(&mut self, subject: &str) -> core::result::Result<(), ExtensionError> {
        if !(1..=MAX_SUBJECT).contains(&subject.len()) {
            return Err(ExtensionError::Known(subject_length()));
        }
        self.set_text(ExtensionKey::SUBJECT, subject)
    }

    /// Sets extension 256, the latest messages that the sender has seen.
    ///
    /// # Errors
    ///
    /// [`ExtensionError::Known`] for the enterprise number 0, and for [`LastSeen::External`]
    /// without entries: the empty list is [`LastSeen::Messages`].
    pub fn set_last_seen(&mut self, last_seen: &LastSeen) -> core::result::Result<(), ExtensionError> {
        if matches!(last_seen, LastSeen::External(ids) if ids.is_empty()) {
            let rule = "an empty list is one of message IDs";
            return Err(ExtensionError::Known(KnownExtensionError::bounds(256, rule)));
        }
        let mut encoded = Vec::new();
        writer::array(&mut encoded, last_seen.len());
        match last_seen {
            LastSeen::Messages(ids) => ids.iter().for_each(|id| writer::bytes(&mut encoded, id.as_bytes())),
            LastSeen::External(ids) => {
                for id in ids {
                    check_scope(256, id)?;
                    id.encode(&mut encoded);
                }
            }
        }
        self.set_encoded(ExtensionKey::LAST_SEEN, &encoded)
    }
}

fn check_scope(key: i64, id: &ExternalMessageId) -> core::result::Result<(), ExtensionError> {
    if id.scope == ExternalScope::EnterpriseNumber(0) {
        let rule = "an enterprise number is not 0";
        return Err(ExtensionError::Known(KnownExtensionError::bounds(key, rule)));
    }
    Ok(())
}
