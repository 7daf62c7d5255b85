//! The extensions map: mimi-content-09 §4.3, and the typed extensions of
//! mimi-content-more-extensions-00 and mimi-av-metadata-01.

mod known;
mod media;
#[cfg(feature = "ciborium")]
mod value;

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::fmt;

use crate::cbor::item::{self, Key, KeyOrder, KeyRule};
use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::cbor::{Major, item::MAX_INTEGER_KEY};
use crate::error::{DecodeError, Result};

pub use known::{ExternalMessageId, ExternalScope, Fraction, KnownExtensionError, LastSeen, SenderTimestamp};
pub(crate) use media::misplaced;
pub use media::{AvKind, AvMetadata, AvPartError, Rotation};
#[cfg(feature = "ciborium")]
pub use value::ValueError;

/// The key of an extension: an integer within 2^53-1 either way, or text of 1 to 255 bytes.
/// Positive integers are registered with IANA; negative integers and text are for private use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtensionKey<'a> {
    /// An integer key.
    Integer(i64),
    /// A text key.
    Text(&'a str),
}

impl ExtensionKey<'_> {
    /// The sender's URI, as text.
    pub const SENDER_URI: Self = Self::Integer(1);
    /// The room's URI, as text.
    pub const ROOM_URI: Self = Self::Integer(2);
    /// When the sender says it sent: see [`SenderTimestamp`].
    pub const SENDER_TIMESTAMP: Self = Self::Integer(3);
    /// The message's ID in another system: see [`ExternalMessageId`].
    pub const EXTERNAL_MESSAGE_ID: Self = Self::Integer(4);
    /// A subject line.
    pub const SUBJECT: Self = Self::Integer(5);
    /// The newest messages that the sender had seen: see [`LastSeen`].
    pub const LAST_SEEN: Self = Self::Integer(256);
    /// What parts with pictures, videos and recordings will look like: see [`AvMetadata`].
    pub const AV_METADATA: Self = Self::Text("av_metadata");

    fn write(&self, sink: &mut impl Sink) {
        match *self {
            Self::Integer(key) => match u64::try_from(key) {
                Ok(key) => writer::unsigned(sink, key),
                Err(_) => writer::head(sink, Major::Negative, (!key) as u64),
            },
            Self::Text(key) => writer::text(sink, key),
        }
    }
}

impl From<i64> for ExtensionKey<'_> {
    fn from(key: i64) -> Self {
        Self::Integer(key)
    }
}

impl<'a> From<&'a str> for ExtensionKey<'a> {
    fn from(key: &'a str) -> Self {
        Self::Text(key)
    }
}

/// The value of an extension: one item of deterministic CBOR that was checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtensionValue<'a> {
    encoded: &'a [u8],
}

impl<'a> ExtensionValue<'a> {
    /// The item as it is encoded.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.encoded
    }

    /// The text, if the value is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&'a str> {
        self.reader().text().ok()
    }

    /// The bytes, if the value is a byte string.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        self.reader().bytes().ok()
    }

    /// The integer, if the value is one (CBOR integers reach from -2^64 to 2^64-1).
    #[must_use]
    pub fn as_integer(&self) -> Option<i128> {
        match self.reader().head().ok()? {
            (Major::Unsigned, argument) => Some(argument.into()),
            (Major::Negative, argument) => Some(!i128::from(argument)),
            _ => None,
        }
    }

    fn reader(&self) -> Reader<'a> {
        Reader::new(self.encoded)
    }
}

impl fmt::Debug for ExtensionValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("h'")?;
        self.encoded.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("'")
    }
}

/// The extensions of a received message, read from its bytes.
///
/// The map as a whole was checked with the message. What single extensions hold is checked where a
/// typed accessor reads them: a malformed subject is no reason to refuse a message, but it is not
/// returned as a subject. `senderUri` and `roomUri` alone are part of the format itself, and text
/// in every message that decodes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExtensionsRef<'a> {
    /// The entries, without the head of the map.
    entries: &'a [u8],
    len: usize,
}

impl<'a> ExtensionsRef<'a> {
    #[inline]
    pub(crate) fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let len = reader.count(Major::Map, 2)?;
        let start = *reader;
        let mut keys = KeyOrder::default();
        for _ in 0..len {
            let key = keys.next(reader, KeyRule::Extensions)?;
            let checked = match key {
                Key::Integer(1 | 2) => reader.text().map(drop),
                _ => item::check_item(reader, 2),
            };
            if let Err(error) = checked {
                return Err(error.within(key.segment()));
            }
        }
        Ok(Self { entries: reader.since(&start), len })
    }

    pub(crate) fn encode(&self, sink: &mut impl Sink) {
        writer::head(sink, Major::Map, self.len as u64);
        sink.put(self.entries);
    }

    /// The number of extensions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All extensions, in the order of their encoded keys.
    pub fn iter(&self) -> ExtensionsIter<'a> {
        ExtensionsIter { reader: Reader::new(self.entries), left: self.len }
    }

    /// One extension.
    #[must_use]
    pub fn get<'k>(&self, key: impl Into<ExtensionKey<'k>>) -> Option<ExtensionValue<'a>> {
        let wanted = key.into();
        self.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value)
    }

    /// Extension 1: the sender as a MIMI participant, in the sender's own words.
    ///
    /// For a message ID or a decision take the sender from MLS instead; the two must be equal.
    #[must_use]
    pub fn sender_uri(&self) -> Option<&'a str> {
        self.get(ExtensionKey::SENDER_URI)?.as_text()
    }

    /// Extension 2: the MIMI room, in the sender's own words.
    #[must_use]
    pub fn room_uri(&self) -> Option<&'a str> {
        self.get(ExtensionKey::ROOM_URI)?.as_text()
    }

    /// An owned copy.
    #[must_use]
    pub fn to_owned(&self) -> MessageExtensions {
        MessageExtensions { entries: self.entries.to_owned(), len: self.len }
    }
}

impl<'a> IntoIterator for &ExtensionsRef<'a> {
    type Item = (ExtensionKey<'a>, ExtensionValue<'a>);
    type IntoIter = ExtensionsIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for ExtensionsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Iterates over [`ExtensionsRef`].
#[derive(Clone)]
pub struct ExtensionsIter<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Iterator for ExtensionsIter<'a> {
    type Item = (ExtensionKey<'a>, ExtensionValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let key = match item::read_key(&mut self.reader, KeyRule::Extensions).ok()? {
            Key::Integer(key) => ExtensionKey::Integer(key),
            Key::Text(key) => ExtensionKey::Text(key),
            Key::Bytes(_) => return None,
        };
        let start = self.reader;
        item::skip_item(&mut self.reader).ok()?;
        Some((key, ExtensionValue { encoded: self.reader.since(&start) }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for ExtensionsIter<'_> {}

/// The extensions of a message that is being made, or of an owned one.
///
/// Whatever is put in is checked and kept in its place, so that the map is valid at all times.
///
/// ```
/// use mimi_content::{ExtensionKey, MessageExtensions};
///
/// let mut extensions = MessageExtensions::new();
/// extensions.set_sender_uri("mimi://a.example/u/alice")?;
/// extensions.set_encoded("x-colour", &[0x01])?;
/// extensions.set_encoded(-5, &[0xf5])?;
/// assert_eq!(extensions.get(1).unwrap().as_text(), Some("mimi://a.example/u/alice"));
/// let keys: Vec<_> = extensions.iter().map(|(key, _)| key).collect();
/// assert_eq!(keys, [ExtensionKey::Integer(1), ExtensionKey::Integer(-5), ExtensionKey::Text("x-colour")]);
///
/// // Key 0 is reserved, and 0x1801 is not the shortest form of 1.
/// assert!(extensions.set_encoded(0, &[0x01]).is_err());
/// assert!(extensions.set_encoded(7, &[0x18, 0x01]).is_err());
/// # Ok::<(), mimi_content::ExtensionError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct MessageExtensions {
    entries: Vec<u8>,
    len: usize,
}

impl MessageExtensions {
    /// No extensions.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), len: 0 }
    }

    /// The map, for reading.
    #[must_use]
    pub fn as_ref(&self) -> ExtensionsRef<'_> {
        ExtensionsRef { entries: &self.entries, len: self.len }
    }

    /// The number of extensions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All extensions, in the order of their encoded keys.
    pub fn iter(&self) -> ExtensionsIter<'_> {
        self.as_ref().iter()
    }

    /// One extension.
    #[must_use]
    pub fn get<'k>(&self, key: impl Into<ExtensionKey<'k>>) -> Option<ExtensionValue<'_>> {
        self.as_ref().get(key)
    }

    /// Sets an extension to an item that is already encoded, in the place of the former value if
    /// there is one.
    ///
    /// # Errors
    ///
    /// [`ExtensionError::Key`] for a key that no message can have and for the reserved key 0;
    /// [`ExtensionError::Value`] if `encoded` is not exactly one item of deterministic CBOR within
    /// the limits of mimi-content section 6, or is no text under the keys 1 and 2;
    /// [`ExtensionError::Known`] if it is not what an extension with a definition holds. A received
    /// message may break the last rule, one that is made may not.
    pub fn set_encoded<'k>(
        &mut self,
        key: impl Into<ExtensionKey<'k>>,
        encoded: &[u8],
    ) -> core::result::Result<(), ExtensionError> {
        let entry = made_entry(key.into(), encoded)?;
        let (before, after, replaces) = self.split_at_key(entry.key());
        self.entries = [before, &entry.bytes, after].concat();
        if !replaces {
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }

    /// Makes the map of many extensions in one step, in any order. Takes time in proportion to
    /// their bytes, times the logarithm of their number; [`MessageExtensions::set_encoded`] for
    /// each would copy the map each time.
    ///
    /// ```
    /// use mimi_content::{ExtensionKey, MessageExtensions};
    ///
    /// let entries = [("b".into(), &[0x01][..]), (ExtensionKey::SUBJECT, &[0x61, b's'])];
    /// let extensions = MessageExtensions::from_encoded(entries)?;
    /// assert_eq!(extensions.get(5).unwrap().as_text(), Some("s"));
    /// # Ok::<(), mimi_content::ExtensionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`MessageExtensions::set_encoded`], and [`ExtensionError::Duplicate`] for a key that
    /// occurs twice.
    pub fn from_encoded<'k, 'v>(
        entries: impl IntoIterator<Item = (ExtensionKey<'k>, &'v [u8])>,
    ) -> core::result::Result<Self, ExtensionError> {
        let mut checked = Vec::new();
        for (key, encoded) in entries {
            checked.push(made_entry(key, encoded)?);
        }
        Self::from_checked(checked).ok_or(ExtensionError::Duplicate)
    }

    /// A map of entries in any order, as they may have been received: the reserved key 0 and
    /// malformed values of extensions with a definition are allowed. `None` if a key occurs twice.
    pub(crate) fn from_checked(mut entries: Vec<CheckedEntry>) -> Option<Self> {
        entries.sort_unstable_by(|left, right| left.key().cmp(right.key()));
        let twice = entries.windows(2).any(|pair| matches!(pair, [left, right] if left.key() == right.key()));
        let len = entries.len();
        let entries = entries.iter().map(|entry| entry.bytes.as_slice()).collect::<Vec<_>>().concat();
        if twice { None } else { Some(Self { entries, len }) }
    }

    /// Takes an extension out; whether it was there.
    pub fn remove<'k>(&mut self, key: impl Into<ExtensionKey<'k>>) -> bool {
        let mut encoded_key = Vec::new();
        key.into().write(&mut encoded_key);
        let (before, after, found) = self.split_at_key(&encoded_key);
        if found {
            let entries = [before, after].concat();
            self.entries = entries;
            self.len = self.len.saturating_sub(1);
        }
        found
    }

    /// Takes the sender and the room over from other extensions.
    pub(crate) fn take_identity(&mut self, from: &Self) {
        for key in [ExtensionKey::SENDER_URI, ExtensionKey::ROOM_URI] {
            match from.get(key) {
                // What stands in a map was checked.
                Some(value) => drop(self.set_encoded(key, value.encoded())),
                None => drop(self.remove(key)),
            }
        }
    }

    /// The entries that sort before this key, those after it, and whether there is one with it
    /// between them.
    fn split_at_key(&self, encoded_key: &[u8]) -> (&[u8], &[u8], bool) {
        let whole = Reader::new(&self.entries);
        let mut reader = whole;
        for _ in 0..self.len {
            let start = reader;
            if item::read_key(&mut reader, KeyRule::Extensions).is_err() {
                break;
            }
            let key = reader.since(&start);
            if key > encoded_key {
                return (start.since(&whole), start.rest(), false);
            }
            let found = key == encoded_key;
            if item::skip_item(&mut reader).is_err() {
                break;
            }
            if found {
                return (start.since(&whole), reader.rest(), true);
            }
        }
        (&self.entries, &[], false)
    }

    /// Sets extension 1, the sender as a MIMI participant.
    ///
    /// # Errors
    ///
    /// None today; text is always a valid value.
    pub fn set_sender_uri(&mut self, uri: &str) -> core::result::Result<(), ExtensionError> {
        self.set_text(ExtensionKey::SENDER_URI, uri)
    }

    /// Sets extension 2, the MIMI room.
    ///
    /// # Errors
    ///
    /// None today; text is always a valid value.
    pub fn set_room_uri(&mut self, uri: &str) -> core::result::Result<(), ExtensionError> {
        self.set_text(ExtensionKey::ROOM_URI, uri)
    }

    /// Sets an extension to text.
    ///
    /// # Errors
    ///
    /// [`ExtensionError::Key`] as for [`MessageExtensions::set_encoded`].
    pub fn set_text<'k>(
        &mut self,
        key: impl Into<ExtensionKey<'k>>,
        text: &str,
    ) -> core::result::Result<(), ExtensionError> {
        let mut encoded = Vec::new();
        writer::text(&mut encoded, text);
        self.set_encoded(key, &encoded)
    }
}

/// Checks a key and a value as a sender must.
fn made_entry(key: ExtensionKey<'_>, encoded: &[u8]) -> core::result::Result<CheckedEntry, ExtensionError> {
    if key == ExtensionKey::Integer(0) {
        return Err(ExtensionError::Key);
    }
    let entry = checked_entry(key, encoded)?;
    ExtensionsRef { entries: &entry.bytes, len: 1 }.check_known().map_err(ExtensionError::Known)?;
    Ok(entry)
}

/// An encoded key and value that may stand in the extensions map.
pub(crate) struct CheckedEntry {
    bytes: Vec<u8>,
    key_len: usize,
}

impl CheckedEntry {
    pub(crate) fn key(&self) -> &[u8] {
        self.bytes.get(..self.key_len).unwrap_or_default()
    }
}

/// Checks a key and a value as a decoder does.
pub(crate) fn checked_entry(
    key: ExtensionKey<'_>,
    encoded: &[u8],
) -> core::result::Result<CheckedEntry, ExtensionError> {
    match key {
        ExtensionKey::Integer(key) if key.unsigned_abs() > MAX_INTEGER_KEY => {
            return Err(ExtensionError::Key);
        }
        ExtensionKey::Text(key) if !(1..=255).contains(&key.len()) => return Err(ExtensionError::Key),
        _ => {}
    }
    let mut reader = Reader::new(encoded);
    match key {
        ExtensionKey::SENDER_URI | ExtensionKey::ROOM_URI => reader.text().map(drop),
        _ => item::check_item(&mut reader, 2),
    }
    .and_then(|()| reader.finish())
    .map_err(ExtensionError::Value)?;
    let mut bytes = Vec::new();
    key.write(&mut bytes);
    let key_len = bytes.len();
    bytes.extend_from_slice(encoded);
    Ok(CheckedEntry { bytes, key_len })
}

impl fmt::Debug for MessageExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// An extension that no message can carry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtensionError {
    /// The key is 0, an integer beyond 2^53-1, or text that is empty or over 255 bytes.
    Key,
    /// The value is not one item of deterministic CBOR within the limits of the format; offset and
    /// path count from the beginning of the value.
    Value(DecodeError),
    /// A value that the extension's definition does not allow.
    Known(KnownExtensionError),
    /// The key occurs twice.
    Duplicate,
    /// The sender and the room of a message that a [`Composer`](crate::Composer) began are the
    /// composer's.
    SenderOrRoom,
}

impl fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("not a key that an extension can have"),
            Self::Value(error) => write!(f, "extension value: {error}"),
            Self::Known(error) => error.fmt(f),
            Self::Duplicate => f.write_str("extension key occurs twice"),
            Self::SenderOrRoom => f.write_str("sender and room are set by the composer"),
        }
    }
}

impl core::error::Error for ExtensionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Key | Self::Duplicate | Self::SenderOrRoom => None,
            Self::Value(error) => Some(error),
            Self::Known(error) => Some(error),
        }
    }
}

/// A map of extension-like names and any values at level 2, as a timestamp of RFC 9581 has inside
/// its tag.
pub(crate) fn check_name_value_map(reader: &mut Reader<'_>) -> Result<()> {
    let len = reader.count(Major::Map, 2)?;
    let mut keys = KeyOrder::default();
    for _ in 0..len {
        let key = keys.next(reader, KeyRule::Extensions)?;
        item::check_item(reader, 3).map_err(|error| error.within(key.segment()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
