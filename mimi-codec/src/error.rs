//! What a refused input or value says about itself: what, at which byte, in which field.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

/// The result of decoding, unless it says otherwise.
pub type Result<T, E = DecodeError> = core::result::Result<T, E>;

/// Why bytes are not a value, where, and in which field.
///
/// One pointer wide, and allocated only when something is refused.
///
/// ```
/// use mimi_codec::{Decode, DecodeErrorKind, List, Strict};
///
/// // The second element, at byte 5, isn't above the first.
/// let error = List::<u32, Strict>::decode_exact(&[8, 0, 0, 0, 7, 0, 0, 0, 7]).unwrap_err();
/// assert_eq!(error.kind(), &DecodeErrorKind::NotAscending);
/// assert_eq!(error.offset(), 5);
/// assert_eq!(error.path().to_string(), "[1]");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Refusal>);

#[derive(Clone, PartialEq, Eq)]
struct Refusal {
    kind: DecodeErrorKind,
    offset: usize,
    path: Path,
}

/// What is wrong with the bytes, in the terms a caller can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input, or the vector that is being read, ends inside a value.
    UnexpectedEnd {
        /// How many more bytes the value would have needed at least.
        missing: usize,
    },
    /// The value ends before its input does.
    TrailingBytes {
        /// How many bytes are left over.
        count: usize,
    },
    /// A vector's length begins with the bits 11 (RFC 9420 §2.1.2).
    InvalidLengthPrefix,
    /// A vector's length is written in more bytes than it needs (RFC 9420 §2.1.2).
    NonMinimalLength,
    /// A vector claims to be longer than the bytes that are there.
    LengthExceedsInput {
        /// The length it claims, in bytes.
        declared: usize,
        /// The bytes that are there.
        available: usize,
    },
    /// The presence byte of an optional value is neither 0 nor 1 (RFC 9420 §2.1.1).
    InvalidPresence(u8),
    /// A `bool` is neither 0 nor 1.
    InvalidBool(u8),
    /// Text is not UTF-8.
    InvalidUtf8,
    /// A number that a closed enum doesn't list, or whose layout is unknown: an unknown proposal or
    /// credential has no length to skip by.
    UnknownValue {
        /// The draft's name of the enum or registry.
        name: &'static str,
        /// The number.
        value: u64,
    },
    /// A listed number that may not stand here, such as an application message in a
    /// SemiPrivateMessage.
    ForbiddenValue {
        /// The draft's name of the enum or registry.
        name: &'static str,
        /// The number.
        value: u64,
    },
    /// The elements of a list that has to ascend strictly don't.
    NotAscending,
    /// Something that may occur once occurs twice.
    Duplicate,
    /// A list or string that needs an element has none.
    Empty,
    /// Something stands where the rest of the struct says it may not.
    Unexpected,
    /// Something is missing that the rest of the struct calls for.
    Missing,
    /// A number lies outside the range that it may have.
    OutOfRange,
    /// Values nest deeper than a decoder follows.
    TooDeep,
    /// Padding holds something other than zeros (RFC 9420 §6.3.1).
    NonZeroPadding,
    /// Another rule of the struct is broken; the text says which.
    Rule(&'static str),
}

/// A step from a value to a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Into a struct's field, under the draft's name.
    Field(&'static str),
    /// Into a vector's element, counted from 0.
    Index(usize),
}

/// The way from the struct that was decoded to the field that was refused:
/// `UpdateRequest.bundle.nodes[3].ciphertext`.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Path {
    root: Option<&'static str>,
    // Innermost first: the way is known from its end.
    reversed: Vec<Segment>,
}

impl Path {
    /// The struct that was decoded, if decoding began at a struct.
    pub fn root(&self) -> Option<&'static str> {
        self.root
    }

    /// The steps, outermost first.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = Segment> + '_ {
        self.reversed.iter().rev().copied()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        if let Some(root) = self.root {
            f.write_str(root)?;
            first = false;
        }
        for segment in self.segments() {
            match segment {
                Segment::Field(name) if first => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
            first = false;
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl DecodeError {
    /// A refusal at the byte `offset` of the input.
    #[cold]
    pub fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(Refusal { kind, offset, path: Path::default() }))
    }

    /// What is wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// Where, counted in bytes from the beginning of the input.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// In which field.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The same refusal, one struct further out: it happened in that struct's field `name`.
    #[cold]
    #[must_use]
    pub fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.reversed.push(Segment::Field(name.strip_prefix("r#").unwrap_or(name)));
        self
    }

    /// The same refusal, one vector further out: it happened in element `index`.
    #[cold]
    #[must_use]
    pub fn in_element(mut self, index: usize) -> Self {
        self.0.path.reversed.push(Segment::Index(index));
        self
    }

    /// The same refusal, of bytes that were decoded as the struct `name`.
    #[cold]
    #[must_use]
    pub fn in_struct(mut self, name: &'static str) -> Self {
        self.0.path.root = Some(name);
        self
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd { missing } => write!(f, "ends {missing} byte(s) too early"),
            Self::TrailingBytes { count } => write!(f, "{count} byte(s) are left over"),
            Self::InvalidLengthPrefix => f.write_str("a length can't begin with the bits 11"),
            Self::NonMinimalLength => f.write_str("the length is not written in its shortest form"),
            Self::LengthExceedsInput { declared, available } => {
                write!(f, "the length says {declared} byte(s), but {available} are there")
            }
            Self::InvalidPresence(byte) => write!(f, "a presence byte is 0 or 1, not {byte}"),
            Self::InvalidBool(byte) => write!(f, "a bool is 0 or 1, not {byte}"),
            Self::InvalidUtf8 => f.write_str("text is not UTF-8"),
            Self::UnknownValue { name, value } => write!(f, "{name} has no known value {value:#x}"),
            Self::ForbiddenValue { name, value } => write!(f, "{name} can't be {value:#x} here"),
            Self::NotAscending => f.write_str("elements have to ascend strictly"),
            Self::Duplicate => f.write_str("occurs twice"),
            Self::Empty => f.write_str("needs at least one element"),
            Self::Unexpected => f.write_str("may not stand here"),
            Self::Missing => f.write_str("is missing"),
            Self::OutOfRange => f.write_str("out of range"),
            Self::TooDeep => f.write_str("nests too deeply"),
            Self::NonZeroPadding => f.write_str("padding has to be zeros"),
            Self::Rule(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { kind, offset, path } = &*self.0;
        if path.root.is_none() && path.reversed.is_empty() {
            write!(f, "at byte {offset}: {kind}")
        } else {
            write!(f, "{path} at byte {offset}: {kind}")
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { kind, offset, path } = &*self.0;
        f.debug_struct("DecodeError").field("kind", kind).field("offset", offset).field("path", path).finish()
    }
}

impl core::error::Error for DecodeError {}

/// For users of tls_codec's traits: their error has no place for ours, so the text carries it.
impl From<DecodeError> for tls_codec::Error {
    fn from(error: DecodeError) -> Self {
        match error.kind() {
            DecodeErrorKind::UnexpectedEnd { .. } => Self::EndOfStream,
            DecodeErrorKind::TrailingBytes { .. } => Self::TrailingData,
            DecodeErrorKind::InvalidLengthPrefix | DecodeErrorKind::NonMinimalLength => {
                Self::InvalidVectorLength
            }
            DecodeErrorKind::UnknownValue { value, .. } => Self::UnknownValue(*value),
            _ => Self::DecodingError(alloc::format!("{error}")),
        }
    }
}

/// Why a value can't be made: it would break a rule of its struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidValueError {
    /// The rule, as a decoder would name it.
    pub kind: DecodeErrorKind,
    /// The field or element that breaks it, or `None` for the value as a whole.
    pub place: Option<Segment>,
}

impl InvalidValueError {
    /// The struct's field `name` breaks the rule `kind`.
    pub fn field(name: &'static str, kind: DecodeErrorKind) -> Self {
        Self { kind, place: Some(Segment::Field(name)) }
    }

    /// The value as a whole breaks the rule `kind`.
    pub fn whole(kind: DecodeErrorKind) -> Self {
        Self { kind, place: None }
    }

    /// The refusal of bytes that decode to such a value: it begins at `start`, its fields at
    /// `offsets`.
    #[cold]
    pub(crate) fn at(self, start: usize, offsets: &[(&'static str, usize)]) -> DecodeError {
        match self.place {
            None => DecodeError::new(self.kind, start),
            Some(Segment::Index(index)) => DecodeError::new(self.kind, start).in_element(index),
            Some(Segment::Field(name)) => {
                let offset =
                    offsets.iter().find(|(field, _)| *field == name).map_or(start, |(_, offset)| *offset);
                DecodeError::new(self.kind, offset).in_field(name)
            }
        }
    }
}

impl fmt::Display for InvalidValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            None => write!(f, "{}", self.kind),
            Some(Segment::Field(name)) => write!(f, "{name}: {}", self.kind),
            Some(Segment::Index(index)) => write!(f, "element {index}: {}", self.kind),
        }
    }
}

impl core::error::Error for InvalidValueError {}

/// Why a value can't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeError {
    /// A vector's content is longer than the 2^30 - 1 bytes that its length can say (RFC 9420
    /// §2.1.2).
    VectorTooLong {
        /// The length of the content, in bytes.
        len: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VectorTooLong { len } => write!(f, "a vector of {len} bytes exceeds 2^30 - 1"),
        }
    }
}

impl core::error::Error for EncodeError {}

impl From<EncodeError> for tls_codec::Error {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::VectorTooLong { .. } => Self::InvalidVectorLength,
        }
    }
}
