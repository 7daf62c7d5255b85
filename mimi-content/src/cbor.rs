//! Deterministic CBOR (RFC 8949 §4.2.1), as narrow as mimi-content section 6 makes it.
//!
//! Reading and writing of heads is our own: a low-level library hands out a head without the bytes
//! that it was made of, so that the checks for the shortest form would have to look at the input
//! again; `benches/content/` measures what that costs.

pub(crate) mod item;
pub(crate) mod reader;
pub(crate) mod writer;

/// The major types of RFC 8949 §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Major {
    Unsigned = 0,
    Negative = 1,
    Bytes = 2,
    Text = 3,
    Array = 4,
    Map = 5,
    Tag = 6,
    Simple = 7,
}

impl Major {
    pub(crate) const fn of(initial: u8) -> Self {
        match initial >> 5 {
            0 => Self::Unsigned,
            1 => Self::Negative,
            2 => Self::Bytes,
            3 => Self::Text,
            4 => Self::Array,
            5 => Self::Map,
            6 => Self::Tag,
            _ => Self::Simple,
        }
    }

    /// The initial byte of this type with an argument below 24, or with a marker from 24 to 27.
    pub(crate) const fn initial(self, information: u8) -> u8 {
        ((self as u8) << 5) | information
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "an unsigned integer",
            Self::Negative => "a negative integer",
            Self::Bytes => "a byte string",
            Self::Text => "a text string",
            Self::Array => "an array",
            Self::Map => "a map",
            Self::Tag => "a tag",
            Self::Simple => "a simple value",
        }
    }
}

/// `null`.
pub(crate) const NULL: u8 = 0xf6;
/// `false`.
pub(crate) const FALSE: u8 = 0xf4;
/// `true`.
pub(crate) const TRUE: u8 = 0xf5;
