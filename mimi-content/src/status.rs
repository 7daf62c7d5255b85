//! Message status reports: mimi-message-status-01.

use alloc::vec::Vec;
use core::fmt;

use crate::cbor::Major;
use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::error::{Result, Within};
use crate::message::read_message_id;
use crate::message_id::MessageId;

/// Octets of the smallest [`PerMessageStatus`]: two heads, 33 for the ID, one for the status.
const LEAST_STATUS: usize = 36;

/// What became of a message at the reporting user, a number of the format's open list. Unknown numbers are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MessageStatus(pub u8);

impl MessageStatus {
    /// Not yet read, or marked as unread.
    pub const UNREAD: Self = Self(0);
    /// Received by a client of the reporting user.
    pub const DELIVERED: Self = Self(1);
    /// Read by the reporting user.
    pub const READ: Self = Self(2);
    /// Expired and no longer available.
    pub const EXPIRED: Self = Self(3);
    /// Deleted, locally or by someone with the power to retract it.
    pub const DELETED: Self = Self(4);
    /// Hidden by the local client, such as archived.
    pub const HIDDEN: Self = Self(5);
    /// Known, yet its reception failed.
    pub const ERROR: Self = Self(6);

    /// The draft's name, if the number has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "unread",
            1 => "delivered",
            2 => "read",
            3 => "expired",
            4 => "deleted",
            5 => "hidden",
            6 => "error",
            _ => return None,
        })
    }
}

impl fmt::Debug for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "MessageStatus({} {name})", self.0),
            None => write!(f, "MessageStatus({})", self.0),
        }
    }
}

/// The status of one message.
///
/// ```text
/// PerMessageStatus = [ messageId: MessageId, status: 0..255 ]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct PerMessageStatus {
    /// Which message.
    pub message_id: MessageId,
    /// What became of it.
    pub status: MessageStatus,
}

impl PerMessageStatus {
    fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        reader.array_of(2)?;
        let message_id = read_message_id(reader).within("message_id")?;
        let status = MessageStatus(reader.unsigned8().within("status")?);
        Ok(Self { message_id, status })
    }

    fn encode(&self, sink: &mut impl Sink) {
        writer::array(sink, 2);
        writer::bytes(sink, self.message_id.as_bytes());
        writer::unsigned(sink, self.status.0.into());
    }
}

/// A status report, the content of the media type `application/mimi-message-status`.
///
/// A list of any length; where it names a message twice, the later entry holds.
///
/// ```
/// use mimi_content::{MessageId, MessageStatus, MessageStatusReport, PerMessageStatus};
///
/// let message_id = MessageId::from_bytes([1; 32]);
/// let report = MessageStatusReport(vec![PerMessageStatus { message_id, status: MessageStatus::READ }]);
/// let bytes = report.encode();
/// assert_eq!(MessageStatusReport::decode(&bytes)?, report);
/// # Ok::<(), mimi_content::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MessageStatusReport(pub Vec<PerMessageStatus>);

impl MessageStatusReport {
    /// Reads a whole report.
    ///
    /// # Errors
    ///
    /// [`DecodeError`](crate::DecodeError) for everything but the one canonical encoding.
    pub fn decode(encoded: &[u8]) -> Result<Self> {
        MessageStatusReportRef::decode(encoded).map(|report| Self(report.iter().collect()))
    }

    /// The report's one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        writer::to_vec(|length| self.write(length), |encoded| self.write(encoded))
    }

    fn write(&self, sink: &mut impl Sink) {
        writer::array(sink, self.0.len());
        self.0.iter().for_each(|status| status.encode(sink));
    }
}

/// A status report as it was received, read from its bytes without copying them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageStatusReportRef<'a> {
    entries: &'a [u8],
    len: usize,
}

impl<'a> MessageStatusReportRef<'a> {
    /// Reads a whole report.
    ///
    /// # Errors
    ///
    /// [`DecodeError`](crate::DecodeError) for everything but the one canonical encoding.
    pub fn decode(encoded: &'a [u8]) -> Result<Self> {
        Self::decode_document(encoded).within("MessageStatusReport")
    }

    fn decode_document(encoded: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(encoded);
        let len = reader.count(Major::Array, LEAST_STATUS)?;
        let start = reader;
        for index in 0..len {
            PerMessageStatus::decode(&mut reader).within_index(index)?;
        }
        reader.finish()?;
        Ok(Self { entries: reader.since(&start), len })
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the report says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = PerMessageStatus> + use<'a> {
        let mut reader = Reader::new(self.entries);
        (0..self.len).map_while(move |_| PerMessageStatus::decode(&mut reader).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DecodeErrorKind;
    use alloc::string::ToString;
    use alloc::vec;

    fn entry(status: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x81, 0x82, 0x58, 0x20];
        bytes.extend([1; 32]);
        bytes.extend(status);
        bytes
    }

    #[track_caller]
    fn refuses(bytes: &[u8], kind: DecodeErrorKind, offset: usize, path: &str) {
        let error = MessageStatusReport::decode(bytes).unwrap_err();
        let path = alloc::format!("MessageStatusReport{path}");
        assert_eq!((error.kind(), error.offset(), error.path().to_string()), (&kind, offset, path));
    }

    #[test]
    fn keeps_unknown_statuses() {
        for status in 0..=u8::MAX {
            let report = MessageStatusReport(vec![PerMessageStatus {
                message_id: MessageId::from_bytes([status; 32]),
                status: MessageStatus(status),
            }]);
            let bytes = report.encode();
            assert_eq!(MessageStatusReport::decode(&bytes).unwrap(), report);
            let borrowed = MessageStatusReportRef::decode(&bytes).unwrap();
            assert!(borrowed.iter().eq(report.0) && borrowed.len() == 1 && !borrowed.is_empty());
        }
        assert_eq!(MessageStatusReport::decode(&[0x80]).unwrap(), MessageStatusReport::default());
        assert!(MessageStatusReportRef::decode(&[0x80]).unwrap().is_empty());
        let names: Vec<_> = (0..=u8::MAX).filter_map(|number| MessageStatus(number).name()).collect();
        assert_eq!(names, ["unread", "delivered", "read", "expired", "deleted", "hidden", "error"]);
        assert_eq!(
            alloc::format!("{:?} {:?}", MessageStatus(3), MessageStatus(9)),
            "MessageStatus(3 expired) MessageStatus(9)"
        );
    }

    #[test]
    fn refuses_what_is_no_canonical_report() {
        refuses(&[], DecodeErrorKind::Truncated, 0, "");
        refuses(&[0x9f, 0xff], DecodeErrorKind::IndefiniteLength, 0, "");
        refuses(&[0xa0], DecodeErrorKind::UnexpectedType { expected: "an array" }, 0, "");
        refuses(&[0x80, 0x00], DecodeErrorKind::TrailingBytes, 1, "");
        refuses(
            &entry(&[0x19, 0x01, 0x00]),
            DecodeErrorKind::IntegerRange { max: 255, found: 256 },
            36,
            "[0].status",
        );
        refuses(&entry(&[0x18, 0x02]), DecodeErrorKind::NotShortest, 36, "[0].status");
        refuses(
            &entry(&[0x20]),
            DecodeErrorKind::UnexpectedType { expected: "an unsigned integer" },
            36,
            "[0].status",
        );
        refuses(&entry(&[]), DecodeErrorKind::Truncated, 0, "");
        let mut three_items = entry(&[0x02, 0x03]);
        three_items[1] = 0x83;
        refuses(&three_items, DecodeErrorKind::ArrayLength { expected: 2, found: 3 }, 1, "[0]");
        let mut short_id = entry(&[0x02, 0x03]);
        short_id[3] = 0x1f;
        refuses(&short_id, DecodeErrorKind::ByteLength { expected: 32, found: 31 }, 2, "[0].message_id");
        let mut many = vec![0x9b, 0, 0, 1, 0, 0, 0, 0, 0];
        many.extend([0; 64]);
        refuses(&many, DecodeErrorKind::Truncated, 0, "");
    }
}
