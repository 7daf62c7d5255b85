//! What a refusal says: what was wrong, at which byte, in which field.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Result of reading encoded bytes.
pub type Result<T> = core::result::Result<T, DecodeError>;

/// A document that is not the one canonical encoding of a valid value.
///
/// ```
/// use mimi_content::{DecodeErrorKind, MessageStatusReport};
///
/// // One report about one message, its status 2 written in two bytes.
/// let mut report = vec![0x81, 0x82, 0x58, 0x20];
/// report.extend([1; 32]);
/// report.extend([0x18, 0x02]);
/// let error = MessageStatusReport::decode(&report).unwrap_err();
/// assert_eq!(error.kind(), &DecodeErrorKind::NotShortest);
/// assert_eq!(error.offset(), 36);
/// assert_eq!(error.path().to_string(), "MessageStatusReport[0].status");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DecodeError(Box<Refusal>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Refusal {
    kind: DecodeErrorKind,
    offset: usize,
    path: FieldPath,
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(Refusal { kind, offset, path: FieldPath::default() }))
    }

    /// Says which field of an enclosing value the error lies in.
    #[cold]
    pub(crate) fn within(mut self, segment: PathSegment) -> Self {
        self.0.path.reversed.push(segment);
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// Where it is wrong: the first byte of the offending item, counted from the start of the
    /// input. Where the input ends too early, the item that is cut off; where bytes follow the
    /// document, the first of them.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// In which field it is wrong; the document's name alone when it is wrong as a whole.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.0.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.path.is_empty() {
            write!(f, "{} (byte {})", self.0.kind, self.0.offset)
        } else {
            write!(f, "{}: {} (byte {})", self.0.path, self.0.kind, self.0.offset)
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.0.kind)
            .field("offset", &self.0.offset)
            .field("path", &format_args!("{}", self.0.path))
            .finish()
    }
}

impl core::error::Error for DecodeError {}

/// Adds the enclosing field to an error that passes through.
pub(crate) trait Within<T> {
    fn within(self, field: &'static str) -> Result<T>;
    fn within_index(self, index: usize) -> Result<T>;
}

impl<T> Within<T> for Result<T> {
    #[inline(always)]
    fn within(self, field: &'static str) -> Self {
        self.map_err(|error| error.within(PathSegment::Field(field)))
    }

    #[inline(always)]
    fn within_index(self, index: usize) -> Self {
        self.map_err(|error| error.within(PathSegment::Index(index)))
    }
}

/// The way from the whole document to a field, such as `MimiContent.body.parts[1].content_type` or
/// `MimiContent.extensions[256][0]`; in an extension value that is checked by itself, the way
/// inside it.
///
/// Fields have the names that they have in the JSON of the test vectors, such as `body` for the
/// draft's `nestedPart`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldPath {
    /// Innermost first: an error picks the names up on its way out.
    reversed: Vec<PathSegment>,
}

impl FieldPath {
    /// The segments, outermost first.
    pub fn segments(&self) -> impl Iterator<Item = &PathSegment> {
        self.reversed.iter().rev()
    }

    /// Whether the path names the whole of what was checked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reversed.is_empty()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments().enumerate() {
            match segment {
                PathSegment::Field(name) if position == 0 => f.write_str(name)?,
                PathSegment::Field(name) => write!(f, ".{name}")?,
                PathSegment::Index(index) => write!(f, "[{index}]")?,
                PathSegment::IntegerKey(key) => write!(f, "[{key}]")?,
                PathSegment::TextKey(key) => write!(f, "[{key:?}]")?,
                PathSegment::BytesKey(key) => {
                    f.write_str("[h'")?;
                    for byte in key {
                        write!(f, "{byte:02x}")?;
                    }
                    f.write_str("']")?;
                }
            }
        }
        Ok(())
    }
}

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// A field of a fixed array.
    Field(&'static str),
    /// An element of a list, counted from 0.
    Index(usize),
    /// A map entry with an integer key.
    IntegerKey(i128),
    /// A map entry with a text key.
    TextKey(String),
    /// A map entry with a byte string key (only inside extension values).
    BytesKey(Vec<u8>),
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends inside an item, or an item declares more bytes or elements than the input
    /// still holds.
    Truncated,
    /// The document is followed by more bytes.
    TrailingBytes,
    /// A reserved initial byte, a lone break, or a simple value below 32 in two bytes (RFC 8949 §3
    /// and §3.3).
    NotWellFormed,
    /// The item is of another type than the format has here.
    UnexpectedType {
        /// What would have been right.
        expected: &'static str,
    },
    /// An indefinite length (mimi-content-09 §6.1).
    IndefiniteLength,
    /// An integer, length, tag or float that has a shorter form (§6.1).
    NotShortest,
    /// A bignum that fits in an integer, has leading zeros, or holds no byte string (§6.1).
    NonCanonicalBignum,
    /// A NaN other than 0xf97e00 (§6.2).
    UnusualNan,
    /// Text that is not UTF-8 (§6.2).
    InvalidUtf8,
    /// A map key that sorts before its predecessor (§6.1).
    UnsortedMapKeys,
    /// A map key that occurs twice (§4.3).
    DuplicateMapKey,
    /// A map key that is neither an integer nor text nor, inside extension values, a byte string
    /// (§6.2).
    MapKeyType,
    /// An integer map key beyond 2^53-1 either way (§6.2).
    MapKeyRange,
    /// A text key of an extension that is empty or over 255 bytes (§4.3).
    ExtensionKeyLength {
        /// Bytes found.
        found: usize,
    },
    /// Tags, maps and arrays in the extensions nest deeper than 4 levels, the extensions map being
    /// level 1 (§6.3).
    ExtensionsTooDeep,
    /// An array with another number of items than the format has here.
    ArrayLength {
        /// Items wanted.
        expected: u64,
        /// Items declared.
        found: u64,
    },
    /// A byte string of fixed size with another size: a salt (16 bytes) or a message ID (32).
    ByteLength {
        /// Bytes wanted.
        expected: usize,
        /// Bytes found.
        found: u64,
    },
    /// An integer over the largest value of its field.
    IntegerRange {
        /// The largest value.
        max: u64,
        /// The value found.
        found: u64,
    },
    /// A topic ID over 4096 bytes (§9.1).
    TopicIdTooLong {
        /// Bytes found.
        found: usize,
    },
    /// A cardinality other than nullpart 0, single 1, external 2, multi 3 (§4.4).
    UnknownCardinality {
        /// The value found.
        found: u64,
    },
    /// Part semantics other than chooseOne 0, singleUnit 1, processAll 2 (§9.1).
    UnknownPartSemantics {
        /// The value found.
        found: u64,
    },
    /// A multipart with fewer than two parts (§4.4).
    TooFewParts {
        /// Parts declared.
        found: u64,
    },
    /// More than 1024 body parts, the root included (§9.1).
    TooManyParts,
    /// Parts nested deeper than 4 levels, the body being level 1 (§6.3).
    PartsTooDeep,
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the input ends inside this item"),
            Self::TrailingBytes => f.write_str("bytes after the document"),
            Self::NotWellFormed => f.write_str("not well-formed CBOR"),
            Self::UnexpectedType { expected } => write!(f, "expected {expected}"),
            Self::IndefiniteLength => f.write_str("indefinite length"),
            Self::NotShortest => f.write_str("not the shortest encoding"),
            Self::NonCanonicalBignum => f.write_str("not a canonical bignum"),
            Self::UnusualNan => f.write_str("a NaN other than 0xf97e00"),
            Self::InvalidUtf8 => f.write_str("text is not UTF-8"),
            Self::UnsortedMapKeys => f.write_str("map keys are not sorted"),
            Self::DuplicateMapKey => f.write_str("map key occurs twice"),
            Self::MapKeyType => f.write_str("map key is of a type that is not allowed"),
            Self::MapKeyRange => f.write_str("integer map key beyond 2^53-1"),
            Self::ExtensionKeyLength { found } => {
                write!(f, "text key of {found} bytes, 1 to 255 are allowed")
            }
            Self::ExtensionsTooDeep => f.write_str("extensions nest deeper than 4 levels"),
            Self::ArrayLength { expected, found } => {
                write!(f, "array of {found} items, expected {expected}")
            }
            Self::ByteLength { expected, found } => {
                write!(f, "byte string of {found} bytes, expected {expected}")
            }
            Self::IntegerRange { max, found } => write!(f, "{found} is over the limit of {max}"),
            Self::TopicIdTooLong { found } => {
                write!(f, "topic ID of {found} bytes, 4096 are allowed")
            }
            Self::UnknownCardinality { found } => write!(f, "unknown cardinality {found}"),
            Self::UnknownPartSemantics { found } => write!(f, "unknown part semantics {found}"),
            Self::TooFewParts { found } => write!(f, "multipart of {found} parts, at least 2 are required"),
            Self::TooManyParts => f.write_str("more than 1024 body parts"),
            Self::PartsTooDeep => f.write_str("parts nest deeper than 4 levels"),
        }
    }
}
