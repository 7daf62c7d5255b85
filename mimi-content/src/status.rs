//! Message status reports: mimi-message-status-01.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::cbor::Major;
use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::error::{Result, Within};
use crate::message::read_message_id;
use crate::message_id::MessageId;

/// Bytes of the smallest [`PerMessageStatus`]: two heads, 33 for the ID, one for the status.
const LEAST_STATUS: usize = 36;

/// What became of a message at the reporting user, a number of the format's open list. Unknown
/// numbers are kept.
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

    /// Whether saying so is a delivery notification, for a room's policy on those: `delivered` and
    /// `error`.
    #[must_use]
    pub const fn is_delivery_notification(self) -> bool {
        matches!(self, Self::DELIVERED | Self::ERROR)
    }

    /// Whether saying so is a read receipt, for a room's policy on those: `read` and `unread`.
    #[must_use]
    pub const fn is_read_receipt(self) -> bool {
        matches!(self, Self::READ | Self::UNREAD)
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MessageStatusReport(pub Vec<PerMessageStatus>);

impl MessageStatusReport {
    /// A report about messages, such as a receipt for one or for all that were just read.
    ///
    /// ```
    /// use mimi_content::{MessageId, MessageStatus, MessageStatusReport};
    ///
    /// # let id = |hex: &str| -> MessageId {
    /// #     MessageId::from_bytes(core::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()))
    /// # };
    /// # let original = id("017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4");
    /// # let reply = id("015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27");
    /// # let mention = id("018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af");
    /// # let expiring = id("01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03");
    /// let receipt = MessageStatusReport::of([
    ///     (original, MessageStatus::READ),
    ///     (reply, MessageStatus::READ),
    ///     (mention, MessageStatus::UNREAD),
    ///     (expiring, MessageStatus::EXPIRED),
    /// ]);
    /// # let example = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/status.cbor"));
    /// assert_eq!(receipt.encode(), example);
    /// ```
    pub fn of(statuses: impl IntoIterator<Item = (MessageId, MessageStatus)>) -> Self {
        let entry = |(message_id, status)| PerMessageStatus { message_id, status };
        Self(statuses.into_iter().map(entry).collect())
    }

    /// Reads a whole report.
    ///
    /// # Errors
    ///
    /// [`DecodeError`](crate::DecodeError) for everything but the one canonical encoding.
    pub fn decode(encoded: &[u8]) -> Result<Self> {
        MessageStatusReportRef::decode(encoded).map(|report| Self(report.iter().collect()))
    }

    /// What the report says about a message: its last entry for it.
    #[must_use]
    pub fn latest(&self, message_id: &MessageId) -> Option<MessageStatus> {
        self.0.iter().rev().find(|entry| entry.message_id == *message_id).map(|entry| entry.status)
    }

    /// Takes the report into what is known of one user's messages, by a rule such as [`TwoFacts`].
    ///
    /// What the rule finds not meaningful after what is known changes nothing, and is returned for
    /// the log. The reports must come in the order in which the hub accepted them; a
    /// [timeline](crate::timeline) takes them in any order.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use mimi_content::{MessageId, MessageStatus, MessageStatusReport, TwoFacts};
    ///
    /// let message_id = MessageId::from_bytes([1; 32]);
    /// let report = |status| MessageStatusReport::of([(message_id, status)]);
    ///
    /// let mut known_of_bob = BTreeMap::new();
    /// assert!(report(MessageStatus::READ).apply(&mut known_of_bob, &TwoFacts).is_empty());
    /// // Bob's second device receives the message that he read on the first.
    /// let refused = report(MessageStatus::DELIVERED).apply(&mut known_of_bob, &TwoFacts);
    /// assert_eq!((refused[0].before, refused[0].after), (MessageStatus::READ, MessageStatus::DELIVERED));
    /// assert_eq!(known_of_bob[&message_id], MessageStatus::READ);
    /// ```
    pub fn apply(
        &self,
        known: &mut BTreeMap<MessageId, MessageStatus>,
        rule: &impl StatusRule,
    ) -> Vec<StatusTransition> {
        let mut refused = Vec::new();
        for PerMessageStatus { message_id, status: after } in self.0.iter().copied() {
            let before = *known.entry(message_id).or_insert(after);
            let (old, new) = (rule.standing(before), rule.standing(after));
            if before == after {
                continue;
            }
            if new.rank > old.rank || new.rank == old.rank && new.holds == EqualRankRule::Last {
                known.insert(message_id, after);
            } else {
                refused.push(StatusTransition { message_id, before, after });
            }
        }
        refused
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

/// How the reports of one user on one message come together, whatever the order in which they
/// arrive.
///
/// A user has several devices, and each reports by itself. Which transitions are meaningful, the
/// draft leaves to the implementer (mimi-message-status-01 §3); [`TwoFacts`] is the default here. A
/// rule sorts the statuses into ranks: a report of a higher rank holds whenever it was accepted,
/// and within a rank the last one or the first one does.
pub trait StatusRule {
    /// Where a status stands among the others.
    fn standing(&self, status: MessageStatus) -> StatusStanding;
}

/// Where a status stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusStanding {
    /// Statuses of a higher rank hold. The statuses of one rank must agree in `holds`.
    pub rank: u8,
    /// Which one of several reports of this rank holds.
    pub holds: EqualRankRule,
}

/// Which one of several reports of equal rank holds, by the order in which the hub accepted them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EqualRankRule {
    /// The last one.
    Last,
    /// The first one: nothing follows it.
    First,
}

/// The default: delivery and reading are two facts, and reading is the stronger one.
///
/// | after | delivered, error | unread, read, hidden | deleted, expired |
/// |-|-|-|-|
/// | delivered, error | the later one | the new one | the new one |
/// | unread, read, hidden | stays | the later one | the new one |
/// | deleted, expired | stays | stays | stays |
///
/// A status without a definition holds only where no other was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TwoFacts;

impl StatusRule for TwoFacts {
    fn standing(&self, status: MessageStatus) -> StatusStanding {
        let (rank, holds) = match status {
            MessageStatus::DELETED | MessageStatus::EXPIRED => (3, EqualRankRule::First),
            MessageStatus::READ | MessageStatus::UNREAD | MessageStatus::HIDDEN => (2, EqualRankRule::Last),
            MessageStatus::DELIVERED | MessageStatus::ERROR => (1, EqualRankRule::Last),
            _ => (0, EqualRankRule::Last),
        };
        StatusStanding { rank, holds }
    }
}

/// The report that was accepted last holds, whatever it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LastReport;

impl StatusRule for LastReport {
    fn standing(&self, _: MessageStatus) -> StatusStanding {
        StatusStanding { rank: 0, holds: EqualRankRule::Last }
    }
}

/// How much a report on a message weighs against others of the same user: the greatest holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusWeight {
    rank: u8,
    first_holds: bool,
    time: u64,
    id: [u8; 32],
}

impl StatusWeight {
    /// That of a report by its standing and its place in the room.
    #[must_use]
    pub fn new(standing: StatusStanding, accepted_ms: u64, report_id: MessageId) -> Self {
        Self::of_parts(standing.rank, standing.holds == EqualRankRule::First, accepted_ms, report_id)
    }

    pub(crate) fn of_parts(rank: u8, first_holds: bool, accepted_ms: u64, report_id: MessageId) -> Self {
        let id = *report_id.as_bytes();
        if first_holds {
            Self { rank, first_holds, time: !accepted_ms, id: id.map(|byte| !byte) }
        } else {
            Self { rank, first_holds, time: accepted_ms, id }
        }
    }

    pub(crate) fn parts(&self) -> (u8, bool) {
        (self.rank, self.first_holds)
    }

    /// The weight that has these [bytes](Self::to_bytes); `None` if no weight has.
    pub(crate) fn from_bytes(bytes: [u8; 42]) -> Option<Self> {
        let [rank, first_holds @ (0 | 1), rest @ ..] = bytes else { return None };
        let (time, id) = rest.split_first_chunk::<8>()?;
        let (time, id) = (u64::from_be_bytes(*time), id.try_into().ok()?);
        Some(Self { rank, first_holds: first_holds == 1, time, id })
    }

    /// Bytes in the same order, to sort by in a database.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 42] {
        let mut bytes = [0; 42];
        let all = [self.rank, self.first_holds.into()];
        let all = all.into_iter().chain(self.time.to_be_bytes()).chain(self.id);
        bytes.iter_mut().zip(all).for_each(|(place, byte)| *place = byte);
        bytes
    }
}

/// What [`MessageStatusReport::apply`] found not meaningful, or a change of a reader's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusTransition {
    /// Which message.
    pub message_id: MessageId,
    /// Its status so far.
    pub before: MessageStatus,
    /// What the later report says.
    pub after: MessageStatus,
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

    /// Writes the report's encoding.
    pub(crate) fn write(&self, sink: &mut impl Sink) {
        writer::array(sink, self.len);
        sink.put(self.entries);
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
    fn the_later_entry_for_a_message_holds() {
        let (one, two) = (MessageId::from_bytes([1; 32]), MessageId::from_bytes([2; 32]));
        let entry = |message_id, status| PerMessageStatus { message_id, status };
        let report = MessageStatusReport(vec![
            entry(one, MessageStatus::READ),
            entry(two, MessageStatus::DELIVERED),
            entry(one, MessageStatus::UNREAD),
        ]);
        assert_eq!(MessageStatusReport::decode(&report.encode()).unwrap(), report);
        assert_eq!(report.latest(&one), Some(MessageStatus::UNREAD));
        assert_eq!(report.latest(&two), Some(MessageStatus::DELIVERED));
        assert_eq!(report.latest(&MessageId::from_bytes([3; 32])), None);

        let mut known = BTreeMap::from([(two, MessageStatus::DELETED)]);
        let transition = StatusTransition {
            message_id: two,
            before: MessageStatus::DELETED,
            after: MessageStatus::DELIVERED,
        };
        assert_eq!(report.apply(&mut known, &TwoFacts), [transition]);
        assert_eq!(known, BTreeMap::from([(one, MessageStatus::UNREAD), (two, MessageStatus::DELETED)]));
        // Saying the same again is nothing to note.
        let again = MessageStatusReport(vec![entry(two, MessageStatus::DELETED)]);
        assert_eq!(again.apply(&mut known, &TwoFacts), []);
        assert_eq!(report.apply(&mut known, &LastReport), []);
        assert_eq!(known[&two], MessageStatus::DELIVERED);
    }

    #[test]
    fn delivery_and_reading_are_two_facts() {
        // What holds after each pair of statuses, in the order of the numbers: 7 has no definition.
        let after = |before: u8, after: u8| {
            let mut known = BTreeMap::new();
            let id = MessageId::from_bytes([1; 32]);
            for status in [before, after] {
                MessageStatusReport::of([(id, MessageStatus(status))]).apply(&mut known, &TwoFacts);
            }
            known[&id].0
        };
        let table: Vec<Vec<u8>> =
            (0..8).map(|before| (0..8).map(|next| after(before, next)).collect()).collect();
        assert_eq!(
            table,
            [
                [0, 0, 2, 3, 4, 5, 0, 0],
                [0, 1, 2, 3, 4, 5, 6, 1],
                [0, 2, 2, 3, 4, 5, 2, 2],
                [3, 3, 3, 3, 3, 3, 3, 3],
                [4, 4, 4, 4, 4, 4, 4, 4],
                [0, 5, 2, 3, 4, 5, 5, 5],
                [0, 1, 2, 3, 4, 5, 6, 6],
                [0, 1, 2, 3, 4, 5, 6, 7],
            ]
        );
    }

    #[test]
    fn weights_sort_like_their_bytes() {
        let mut weights = Vec::new();
        for status in [0, 1, 3, 4, 9] {
            for time in [0, 5, 256, u64::MAX] {
                for id in [1, 2] {
                    let standing = TwoFacts.standing(MessageStatus(status));
                    weights.push(StatusWeight::new(standing, time, MessageId::from_bytes([id; 32])));
                }
            }
        }
        weights.sort();
        assert!(weights.is_sorted_by_key(|weight| weight.to_bytes()));
        let at = |status: MessageStatus, time, id| {
            StatusWeight::new(TwoFacts.standing(status), time, MessageId::from_bytes([id; 32]))
        };
        assert!(at(MessageStatus::READ, 1, 1) > at(MessageStatus::DELIVERED, 9, 9));
        assert!(at(MessageStatus::READ, 2, 1) > at(MessageStatus::READ, 1, 9));
        assert!(at(MessageStatus::READ, 1, 2) > at(MessageStatus::READ, 1, 1));
        assert!(at(MessageStatus::DELETED, 1, 9) > at(MessageStatus::DELETED, 2, 1));
        assert!(at(MessageStatus::DELETED, 1, 1) > at(MessageStatus::EXPIRED, 1, 2));
    }

    #[test]
    fn tells_notifications_from_receipts() {
        let numbers = |is: fn(MessageStatus) -> bool| -> Vec<u8> {
            (0..=u8::MAX).filter(|number| is(MessageStatus(*number))).collect()
        };
        assert_eq!(numbers(MessageStatus::is_delivery_notification), [1, 6]);
        assert_eq!(numbers(MessageStatus::is_read_receipt), [0, 2]);
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
