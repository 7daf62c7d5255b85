//! What an implementation derives beside a message: mimi-content-09 §4.6.

use alloc::vec::Vec;
use core::fmt;

use crate::cbor::Major;
use crate::cbor::item::{self, Key, KeyRule};
use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::error::{DecodeErrorKind, Result, Within};
use crate::extensions::check_name_value_map;
use crate::message::read_message_id;
use crate::message_id::MessageId;

/// The tag of an extended time (RFC 9581 §3).
const EXTENDED_TIME_TAG: u64 = 1001;

/// The values that do not stand in a message but come with it, from MLS and the hub.
///
/// ```text
/// MessageDerivedValues = [ messageId: MessageId, hubAcceptedTimestamp: Timestamp, mlsGroupId: bstr,
///     senderLeafIndex: uint .size 4, senderClientUrl: tstr, senderUserUrl: tstr, roomUrl: tstr ]
/// ```
///
/// ```
/// use mimi_content::{MessageDerivedValues, MessageId, Timestamp};
///
/// let values = MessageDerivedValues {
///     message_id: MessageId::from_bytes([1; 32]),
///     hub_accepted_timestamp: Timestamp::Milliseconds(1_644_387_225_019),
///     mls_group_id: b"group",
///     sender_leaf_index: 4,
///     sender_client_url: "mimi://example.com/d/alice/1",
///     sender_user_url: "mimi://example.com/u/alice",
///     room_url: "mimi://example.com/r/clubhouse",
/// };
/// let bytes = values.encode();
/// assert_eq!(MessageDerivedValues::decode(&bytes)?, values);
/// # Ok::<(), mimi_content::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageDerivedValues<'a> {
    /// The message's ID.
    pub message_id: MessageId,
    /// When the hub accepted the message.
    pub hub_accepted_timestamp: Timestamp<'a>,
    /// The ID of the MLS group.
    pub mls_group_id: &'a [u8],
    /// The sender's leaf in it.
    pub sender_leaf_index: u32,
    /// The sending client.
    pub sender_client_url: &'a str,
    /// The sending user ("From").
    pub sender_user_url: &'a str,
    /// The room ("To").
    pub room_url: &'a str,
}

impl<'a> MessageDerivedValues<'a> {
    /// Reads a whole document.
    ///
    /// # Errors
    ///
    /// [`DecodeError`](crate::DecodeError) for everything but the one canonical encoding.
    pub fn decode(encoded: &'a [u8]) -> Result<Self> {
        Self::decode_document(encoded).within("MessageDerivedValues")
    }

    fn decode_document(encoded: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(encoded);
        reader.array_of(7)?;
        let values = Self {
            message_id: read_message_id(&mut reader).within("message_id")?,
            hub_accepted_timestamp: Timestamp::decode(&mut reader).within("hub_accepted_timestamp")?,
            mls_group_id: reader.bytes().within("mls_group_id")?,
            sender_leaf_index: reader.unsigned32().within("sender_leaf_index")?,
            sender_client_url: reader.text().within("sender_client_url")?,
            sender_user_url: reader.text().within("sender_user_url")?,
            room_url: reader.text().within("room_url")?,
        };
        reader.finish()?;
        Ok(values)
    }

    /// The values' one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        writer::to_vec(|length| self.write(length), |encoded| self.write(encoded))
    }

    fn write(&self, sink: &mut impl Sink) {
        writer::array(sink, 7);
        writer::bytes(sink, self.message_id.as_bytes());
        match self.hub_accepted_timestamp {
            Timestamp::Milliseconds(milliseconds) => writer::unsigned(sink, milliseconds),
            Timestamp::Extended(time) => {
                writer::head(sink, Major::Tag, EXTENDED_TIME_TAG);
                sink.put(time.map);
            }
        }
        writer::bytes(sink, self.mls_group_id);
        writer::unsigned(sink, self.sender_leaf_index.into());
        writer::text(sink, self.sender_client_url);
        writer::text(sink, self.sender_user_url);
        writer::text(sink, self.room_url);
    }
}

/// When the hub accepted a message, in one of two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timestamp<'a> {
    /// Whole milliseconds since the UNIX epoch; what hubs send.
    Milliseconds(u64),
    /// Tag 1001 of RFC 9581, for future use.
    Extended(ExtendedTime<'a>),
}

impl<'a> Timestamp<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.mark();
        match Major::of(reader.peek()?) {
            Major::Tag => {
                if reader.argument(Major::Tag)? != EXTENDED_TIME_TAG {
                    return Err(reader.refuse_at(
                        start,
                        DecodeErrorKind::UnexpectedType { expected: "milliseconds or tag 1001" },
                    ));
                }
                let map = *reader;
                check_name_value_map(reader)?;
                Ok(Self::Extended(ExtendedTime { map: reader.since(&map) }))
            }
            _ => reader.unsigned(u64::MAX).map(Self::Milliseconds),
        }
    }

    /// Whole milliseconds since the UNIX epoch, if the form says so: see
    /// [`ExtendedTime::milliseconds`].
    #[must_use]
    pub fn milliseconds(&self) -> Option<u64> {
        match self {
            Self::Milliseconds(milliseconds) => Some(*milliseconds),
            Self::Extended(time) => time.milliseconds(),
        }
    }
}

/// The map of an extended time, kept as it was encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExtendedTime<'a> {
    map: &'a [u8],
}

impl<'a> ExtendedTime<'a> {
    /// Takes an encoded map of integer or text keys to any values.
    ///
    /// # Errors
    ///
    /// [`DecodeError`](crate::DecodeError) unless it is exactly one such map in deterministic CBOR.
    pub fn from_encoded(map: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(map);
        check_name_value_map(&mut reader)?;
        reader.finish()?;
        Ok(Self { map })
    }

    /// The encoded map.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.map
    }

    /// Whole milliseconds since the UNIX epoch, if the time is given as non-negative whole seconds
    /// (key 1) with at most one decimal fraction (key -3, -6 or -9) on the POSIX time scale; other
    /// keys of RFC 9581 that are critical (negative ones) or that change the time scale make it
    /// `None`.
    #[must_use]
    pub fn milliseconds(&self) -> Option<u64> {
        let mut reader = Reader::new(self.map);
        let entries = reader.count(Major::Map, 2).ok()?;
        let mut seconds = None;
        let mut fraction = None;
        for _ in 0..entries {
            let key = item::read_key(&mut reader, KeyRule::Extensions).ok()?;
            let (divisor, limit) = match key {
                Key::Integer(1) => {
                    seconds = Some(reader.unsigned(u64::MAX).ok()?);
                    continue;
                }
                Key::Integer(-3) => (1, 1_000),
                Key::Integer(-6) => (1_000, 1_000_000),
                Key::Integer(-9) => (1_000_000, 1_000_000_000),
                // Elective information, such as the clock's quality.
                Key::Integer(key) if key >= 0 && key != TIME_SCALE => {
                    item::skip_item(&mut reader).ok()?;
                    continue;
                }
                _ => return None,
            };
            let value = reader.unsigned(u64::MAX).ok().filter(|value| *value < limit)?;
            if fraction.replace(value.checked_div(divisor)?).is_some() {
                return None;
            }
        }
        seconds?.checked_mul(1000)?.checked_add(fraction.unwrap_or_default())
    }
}

/// The key of the time scale in RFC 9581 for a receiver that may ignore it; its critical twin is
/// negative.
const TIME_SCALE: i64 = 13;

impl fmt::Debug for ExtendedTime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("1001(h'")?;
        self.map.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("')")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn with_timestamp(encoded: &[u8]) -> Vec<u8> {
        let mut bytes = alloc::vec![0x87, 0x58, 0x20];
        bytes.extend([1; 32]);
        bytes.extend(encoded);
        bytes.extend([0x41, 0xaa, 0x04, 0x61, b'c', 0x61, b'u', 0x61, b'r']);
        bytes
    }

    #[test]
    fn round_trips_both_forms_of_time() {
        for (timestamp, milliseconds) in [
            (&[0x00][..], Some(0)),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Some(u64::MAX)),
            (&[0xd9, 0x03, 0xe9, 0xa0], None),
            (&[0xd9, 0x03, 0xe9, 0xa1, 0x01, 0x05], Some(5_000)),
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x22, 0x19, 0x01, 0x00], Some(5_256)),
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x25, 0x19, 0x10, 0x00], Some(5_004)),
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x28, 0x1a, 0x00, 0x20, 0x00, 0x00], Some(5_002)),
            // A fraction of a whole second, two fractions, an unknown critical key, a text key,
            // another time scale.
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x22, 0x19, 0x03, 0xe8], None),
            (&[0xd9, 0x03, 0xe9, 0xa3, 0x01, 0x05, 0x22, 0x01, 0x25, 0x01], None),
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x20, 0x01], None),
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x61, b'x', 0x01], None),
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x0d, 0x01], None),
            // An elective key.
            (&[0xd9, 0x03, 0xe9, 0xa2, 0x01, 0x05, 0x02, 0x81, 0x01], Some(5_000)),
        ] {
            let bytes = with_timestamp(timestamp);
            let values = MessageDerivedValues::decode(&bytes).unwrap();
            assert_eq!(values.encode(), bytes);
            assert_eq!(values.hub_accepted_timestamp.milliseconds(), milliseconds, "{timestamp:02x?}");
        }
    }

    #[track_caller]
    fn refuses(bytes: &[u8], kind: DecodeErrorKind, offset: usize, path: &str) {
        let error = MessageDerivedValues::decode(bytes).unwrap_err();
        let path = alloc::format!("MessageDerivedValues{path}");
        assert_eq!((error.kind(), error.offset(), error.path().to_string()), (&kind, offset, path));
    }

    #[test]
    fn refuses_what_is_not_canonical() {
        let good = with_timestamp(&[0x01]);
        refuses(&[], DecodeErrorKind::Truncated, 0, "");
        refuses(&[&good[..], &[0]].concat(), DecodeErrorKind::TrailingBytes, good.len(), "");
        refuses(
            &with_timestamp(&[0xc1, 0x01]),
            DecodeErrorKind::UnexpectedType { expected: "milliseconds or tag 1001" },
            35,
            ".hub_accepted_timestamp",
        );
        refuses(
            &with_timestamp(&[0x20]),
            DecodeErrorKind::UnexpectedType { expected: "an unsigned integer" },
            35,
            ".hub_accepted_timestamp",
        );
        refuses(
            &with_timestamp(&[0xd9, 0x03, 0xe9, 0xa1, 0x41, 0x00, 0x00]),
            DecodeErrorKind::MapKeyType,
            39,
            ".hub_accepted_timestamp",
        );
        refuses(
            &with_timestamp(&[0xd9, 0x03, 0xe9, 0xa1, 0x01, 0x81, 0x81, 0x81, 0x01]),
            DecodeErrorKind::ExtensionsTooDeep,
            42,
            ".hub_accepted_timestamp[1][0][0]",
        );
        let mut wide_leaf = good.clone();
        wide_leaf.splice(38..39, [0x1b, 0, 0, 0, 1, 0, 0, 0, 0]);
        refuses(
            &wide_leaf,
            DecodeErrorKind::IntegerRange { max: u32::MAX.into(), found: 1 << 32 },
            38,
            ".sender_leaf_index",
        );
    }

    #[test]
    fn takes_extended_time_only_when_it_is_a_whole_map() {
        assert_eq!(ExtendedTime::from_encoded(&[0xa1, 0x01, 0x05]).unwrap().milliseconds(), Some(5000));
        assert_eq!(
            ExtendedTime::from_encoded(&[0xa0, 0x00]).unwrap_err().kind(),
            &DecodeErrorKind::TrailingBytes
        );
        let time = ExtendedTime::from_encoded(&[0xa0]).unwrap();
        assert_eq!((time.encoded(), alloc::format!("{time:?}").as_str()), (&[0xa0][..], "1001(h'a0')"));
    }
}
