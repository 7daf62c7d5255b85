//! Rows as bytes, for a database.
//!
//! A row is a byte of the version, a byte that says what row it is, and its fields in their order.
//! Numbers are big-endian, lengths and counts are LEB128 in the shortest form, an absent value is
//! the byte 0 and a present one the byte 1 before it. A row has one encoding, and nothing else is
//! read.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use compact_str::CompactString;

use super::authorize::{NotAuthorizedError, TimelineAction};
use super::finding::{MalformedReport, OtherFields};
use super::received::{BodyKind, ReactionContent, ReactionPart};
use super::retraction::{Retraction, RetractionScope};
use super::row::{
    Acceptance, BodyChange, ChangeRefusal, DifferentRow, Judgement, LinkEnd, LinkRow, MessageRow, StatusRow,
    TimelinePlace, UnseenRow, VersionOutcome,
};
use crate::disposition::Disposition;
use crate::expiration::Expiration;
use crate::message_id::MessageId;
use crate::part::PartIndex;
use crate::status::{MessageStatus, StatusWeight};

/// The version of the encoding of rows.
pub const ROW_VERSION: u8 = 1;

/// A reason of the authorization that can be stored in a row.
///
/// `from_bytes(&to_bytes(reason))` must return the same reason, and `from_bytes` must refuse what
/// `to_bytes` never returns.
pub trait StoredReason: Sized {
    /// The reason as bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// The reason that has these bytes; `None` if no reason has.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl StoredReason for () {
    fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

impl StoredReason for String {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        core::str::from_utf8(bytes).ok().map(Self::from)
    }
}

impl StoredReason for NotAuthorizedError {
    fn to_bytes(&self) -> Vec<u8> {
        let action = match self.action {
            TimelineAction::EditMessage => 0,
            TimelineAction::DeleteMessage => 1,
            TimelineAction::EditReaction => 2,
            TimelineAction::DeleteReaction => 3,
            TimelineAction::ChangeTopic => 4,
        };
        Vec::from([action, self.own.into()])
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [action, own @ (0 | 1)] = bytes else { return None };
        let action = match action {
            0 => TimelineAction::EditMessage,
            1 => TimelineAction::DeleteMessage,
            2 => TimelineAction::EditReaction,
            3 => TimelineAction::DeleteReaction,
            4 => TimelineAction::ChangeTopic,
            _ => return None,
        };
        Some(Self { action, own: *own == 1 })
    }
}

/// Why bytes are not a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowDecodeError {
    /// What is wrong.
    pub kind: RowDecodeErrorKind,
    /// At which byte.
    pub offset: usize,
    /// In which field.
    pub field: &'static str,
}

/// What is wrong with bytes that are not a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowDecodeErrorKind {
    /// The row has a version that is not [`ROW_VERSION`].
    UnknownVersion(u8),
    /// It is a row of another type, with this number.
    OtherRow(u8),
    /// The row ends too early.
    Truncated,
    /// Bytes follow the row.
    TrailingBytes,
    /// The field has no such value, or the value is not in its shortest form.
    InvalidValue,
}

impl fmt::Display for RowDecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, offset, .. } = self;
        match self.kind {
            RowDecodeErrorKind::UnknownVersion(found) => {
                write!(f, "{field}: version {found}, expected {ROW_VERSION} (byte {offset})")
            }
            RowDecodeErrorKind::OtherRow(found) => {
                write!(f, "{field}: row of another type, {found} (byte {offset})")
            }
            RowDecodeErrorKind::Truncated => write!(f, "{field}: the row ends too early (byte {offset})"),
            RowDecodeErrorKind::TrailingBytes => write!(f, "{field}: bytes after the row (byte {offset})"),
            RowDecodeErrorKind::InvalidValue => write!(f, "{field}: invalid value (byte {offset})"),
        }
    }
}

impl core::error::Error for RowDecodeError {}

type Result<T> = core::result::Result<T, RowDecodeError>;

pub(super) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
    /// Where the value began that is read.
    start: usize,
    field: &'static str,
}

impl<'a> Reader<'a> {
    /// Of bytes that begin with a field of this name.
    pub(super) fn new(bytes: &'a [u8], field: &'static str) -> Self {
        Self { rest: bytes, length: bytes.len(), start: 0, field }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the value began that was read last.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Says which field comes next.
    pub(super) fn name(&mut self, field: &'static str) {
        self.field = field;
    }

    fn fail(&self, kind: RowDecodeErrorKind) -> RowDecodeError {
        RowDecodeError { kind, offset: self.start, field: self.field }
    }

    fn invalid(&self) -> RowDecodeError {
        self.fail(RowDecodeErrorKind::InvalidValue)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        self.start = self.length.saturating_sub(self.rest.len());
        let (bytes, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| self.fail(RowDecodeErrorKind::Truncated))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.bytes(N)?;
        bytes.try_into().map_err(|_| self.fail(RowDecodeErrorKind::Truncated))
    }

    /// A value of a field with this name.
    pub(super) fn field<T: Stored>(&mut self, name: &'static str) -> Result<T> {
        self.field = name;
        T::get(self)
    }

    /// A length or count, LEB128.
    fn count(&mut self) -> Result<usize> {
        let mut value = 0_u64;
        for shift in (0..63_u32).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let is_shortest = byte != 0 || shift == 0;
                return usize::try_from(value).ok().filter(|_| is_shortest).ok_or_else(|| self.invalid());
            }
        }
        Err(self.invalid())
    }

    pub(super) fn run(&mut self) -> Result<&'a [u8]> {
        let count = self.count()?;
        self.bytes(count)
    }

    fn text(&mut self) -> Result<&'a str> {
        let bytes = self.run()?;
        core::str::from_utf8(bytes).map_err(|_| self.invalid())
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    let mut rest = count;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(super) fn put_run(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// What is a field of a row.
pub(super) trait Stored: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn get(reader: &mut Reader<'_>) -> Result<Self>;
}

/// Numbers and arrays of bytes.
macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn get(reader: &mut Reader<'_>) -> Result<Self> {
                reader.array().map(Self::from_be_bytes)
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64);

/// Enums without fields.
macro_rules! choices {
    ($($choice:ident: $($variant:ident = $number:literal),*;)*) => {$(
        impl Stored for $choice {
            fn put(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$variant => $number),* });
            }

            fn get(reader: &mut Reader<'_>) -> Result<Self> {
                match reader.array()? {
                    $([$number] => Ok(Self::$variant),)*
                    _ => Err(reader.invalid()),
                }
            }
        }
    )*};
}

choices! {
    Acceptance: Accepted = 0, Pending = 1, Failed = 2, Dropped = 3;
    BodyKind: Content = 0, Reaction = 1, Report = 2, Null = 3;
}

/// Structs, by their fields in this order.
macro_rules! structs {
    ($($name:ident: $($field:ident),*;)*) => {$(
        impl Stored for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(out);)*
            }

            fn get(reader: &mut Reader<'_>) -> Result<Self> {
                Ok(Self { $($field: Stored::get(reader)?),* })
            }
        }
    )*};
}

structs! {
    TimelinePlace: accepted_ms, message_id;
    Expiration: relative, time;
    OtherFields: expires, in_reply_to, extensions;
    VersionOutcome: edit, deletion, topic;
    ReactionPart: part, content;
    MalformedReport: offset, reason;
}

impl Stored for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push((*self).into());
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(reader.invalid()),
        }
    }
}

impl<const N: usize> Stored for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.array()
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        if bool::get(reader)? { T::get(reader).map(Some) } else { Ok(None) }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_count(out, self.len());
        self.iter().for_each(|item| item.put(out));
    }

    /// Grows as items are read, so that a count without items allocates nothing.
    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        let count = reader.count()?;
        let mut items = Self::new();
        for _ in 0..count {
            items.push(T::get(reader)?);
        }
        Ok(items)
    }
}

impl Stored for MessageId {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_bytes().put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.array().map(Self::from_bytes)
    }
}

impl Stored for Disposition {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        u8::get(reader).map(Self)
    }
}

impl Stored for MessageStatus {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        u8::get(reader).map(Self)
    }
}

impl Stored for PartIndex {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        u16::get(reader).map(Self)
    }
}

impl Stored for StatusWeight {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_bytes().put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        let bytes = reader.array()?;
        Self::from_bytes(bytes).ok_or_else(|| reader.invalid())
    }
}

impl Stored for Arc<str> {
    fn put(&self, out: &mut Vec<u8>) {
        put_run(out, self.as_bytes());
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.text().map(Self::from)
    }
}

impl Stored for Box<str> {
    fn put(&self, out: &mut Vec<u8>) {
        put_run(out, self.as_bytes());
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.text().map(Self::from)
    }
}

impl Stored for Arc<[u8]> {
    fn put(&self, out: &mut Vec<u8>) {
        put_run(out, self);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.run().map(Self::from)
    }
}

impl Stored for ReactionContent {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                out.push(0);
                put_run(out, text.as_bytes());
            }
            Self::Other(digest) => {
                out.push(1);
                digest.put(out);
            }
        }
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.array()? {
            [0] => reader.text().map(|text| Self::Text(CompactString::from(text))),
            [1] => reader.array().map(Self::Other),
            _ => Err(reader.invalid()),
        }
    }
}

impl Stored for LinkEnd {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Unseen(message_id) => {
                out.push(0);
                message_id.put(out);
            }
            Self::Closed => out.push(1),
            Self::Loop => out.push(2),
        }
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.array()? {
            [0] => MessageId::get(reader).map(Self::Unseen),
            [1] => Ok(Self::Closed),
            [2] => Ok(Self::Loop),
            _ => Err(reader.invalid()),
        }
    }
}

impl Stored for RetractionScope {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Messages(ids) => {
                out.push(0);
                ids.put(out);
            }
            Self::Sender { sender_uri, from_ms } => {
                out.push(1);
                sender_uri.put(out);
                from_ms.put(out);
            }
            Self::Reactions(ids) => {
                out.push(2);
                ids.put(out);
            }
        }
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.array()? {
            [0] => Vec::get(reader).map(Self::Messages),
            [1] => Ok(Self::Sender { sender_uri: Stored::get(reader)?, from_ms: Stored::get(reader)? }),
            [2] => Vec::get(reader).map(Self::Reactions),
            _ => Err(reader.invalid()),
        }
    }
}

fn put_reason<R: StoredReason>(out: &mut Vec<u8>, reason: &R) {
    put_run(out, &reason.to_bytes());
}

fn get_reason<R: StoredReason>(reader: &mut Reader<'_>) -> Result<R> {
    let bytes = reader.run()?;
    R::from_bytes(bytes).ok_or_else(|| reader.invalid())
}

impl<R: StoredReason> Stored for Judgement<R> {
    fn put(&self, out: &mut Vec<u8>) {
        match &self.body {
            Ok(BodyChange::Edit) => out.push(0),
            Ok(BodyChange::Deletion) => out.push(1),
            Err(ChangeRefusal::OtherKind) => out.push(2),
            Err(ChangeRefusal::NotAuthorized(reason)) => {
                out.push(3);
                put_reason(out, reason);
            }
        }
        match &self.topic {
            None => out.push(0),
            Some(Ok(())) => out.push(1),
            Some(Err(reason)) => {
                out.push(2);
                put_reason(out, reason);
            }
        }
        self.other_fields.put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        let body = match reader.array()? {
            [0] => Ok(BodyChange::Edit),
            [1] => Ok(BodyChange::Deletion),
            [2] => Err(ChangeRefusal::OtherKind),
            [3] => Err(ChangeRefusal::NotAuthorized(get_reason(reader)?)),
            _ => return Err(reader.invalid()),
        };
        let topic = match reader.array()? {
            [0] => None,
            [1] => Some(Ok(())),
            [2] => Some(Err(get_reason(reader)?)),
            _ => return Err(reader.invalid()),
        };
        Ok(Self { body, topic, other_fields: Stored::get(reader)? })
    }
}

impl<T: Stored> Stored for Arc<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_ref().put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        T::get(reader).map(Self::new)
    }
}

impl Stored for Arc<[ReactionPart]> {
    fn put(&self, out: &mut Vec<u8>) {
        put_count(out, self.len());
        self.iter().for_each(|part| part.put(out));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        Vec::get(reader).map(Self::from)
    }
}

// The numbers of the rows.
pub(super) const MESSAGE: u8 = 1;
pub(super) const LINK: u8 = 2;
pub(super) const UNSEEN: u8 = 3;
pub(super) const STATUS: u8 = 4;
pub(super) const DIFFERENT: u8 = 5;
pub(super) const RETRACTION: u8 = 6;

/// Reads a row of a type with a number.
fn decode<T>(bytes: &[u8], number: u8, read: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
    let mut reader = Reader::new(bytes, "version");
    match reader.array()? {
        [ROW_VERSION] => {}
        [found] => return Err(reader.fail(RowDecodeErrorKind::UnknownVersion(found))),
    }
    match reader.field("type")? {
        found if found == number => {}
        found => return Err(reader.fail(RowDecodeErrorKind::OtherRow(found))),
    }
    let row = read(&mut reader)?;
    if reader.rest.is_empty() {
        return Ok(row);
    }
    reader.start = reader.length.saturating_sub(reader.rest.len());
    reader.field = "end";
    Err(reader.fail(RowDecodeErrorKind::TrailingBytes))
}

/// The two functions of a row, by its number and its fields in this order.
macro_rules! rows {
    ($($(#[$bound:ident])? $row:ident = $number:ident: $($field:ident),*;)*) => {$(
        rows!(@ $($bound)? $row {
            /// The row as bytes, for a database. The same row has the same bytes.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                let Self { $($field),* } = self;
                let mut out = Vec::from([ROW_VERSION, $number]);
                $($field.put(&mut out);)*
                out
            }

            /// Reads what [`encode`](Self::encode) returned, in time linear in the bytes.
            ///
            /// # Errors
            ///
            /// If the bytes are not the encoding of a row of this type and version.
            pub fn decode(bytes: &[u8]) -> core::result::Result<Self, RowDecodeError> {
                decode(bytes, $number, |reader| {
                    Ok(Self { $($field: reader.field(stringify!($field))?),* })
                })
            }
        });
    )*};
    (@ reason $row:ident { $($item:tt)* }) => { impl<R: StoredReason> $row<R> { $($item)* } };
    (@ $row:ident { $($item:tt)* }) => { impl $row { $($item)* } };
}

rows! {
    #[reason] MessageRow = MESSAGE: place, accepted_last_ms, acceptance, sender_uri, topic_id, replaces, in_reply_to,
        expires, disposition, kind, is_emptied, reactions, malformed_report, digest, body_digest, extensions,
        in_replaces_loop, in_reply_loop, is_retracted, is_gone, read_at_ms, due_ms, first, judgement, outcome;
    LinkRow = LINK: parent, size, end, next;
    UnseenRow = UNSEEN: message_id, read_at_ms;
    StatusRow = STATUS: message_id, reader_uri, report, status, weight;
    DifferentRow = DIFFERENT: message_id, sender_uri, digest, accepted_ms;
    Retraction = RETRACTION: at_ms, by_uri, reason, scope;
}
