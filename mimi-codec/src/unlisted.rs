//! Codes that a draft doesn't list yet, and the bytes that come with them.

use alloc::vec::Vec;
use core::fmt;

use crate::{Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, Opaque, Reader, Result, Writer};

/// A number of an enum that ends at `(255)`: some values are listed in the draft, the others are
/// kept (RFC 8446 §3.5, to which mimi-protocol-06 §5 refers).
pub trait Code: Copy + Eq + fmt::Debug {
    /// The draft's name of the enum.
    const NAME: &'static str;

    /// Whether the draft lists the value.
    fn is_listed(self) -> bool;

    /// The number on the wire.
    fn number(self) -> u8;
}

/// A code that its draft doesn't list. The listed ones have a variant of their own beside it, so
/// that every message has one value here.
///
/// ```
/// use mimi_codec::{Unlisted, protocol::UpdateResponseCode};
///
/// assert_eq!(Unlisted::new(UpdateResponseCode(9)).map(Unlisted::code), Some(UpdateResponseCode(9)));
/// assert_eq!(Unlisted::new(UpdateResponseCode::SUCCESS), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Unlisted<C>(C);

impl<C: Code> Unlisted<C> {
    /// This code, unless its draft lists it.
    #[must_use]
    pub fn new(code: C) -> Option<Self> {
        (!code.is_listed()).then_some(Self(code))
    }

    /// The code.
    #[must_use]
    pub const fn code(self) -> C {
        self.0
    }
}

#[cfg(feature = "serde")]
impl<'de, C: Code + serde::Deserialize<'de>> serde::Deserialize<'de> for Unlisted<C> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let invalid = crate::InvalidValueError::whole(DecodeErrorKind::Rule("the code is a listed one"));
        Self::new(C::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom(invalid))
    }
}

/// The bytes up to the end of a message: what follows a code whose body is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Rest(pub Opaque);

impl<'a> Decode<'a> for Rest {
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let len = reader.rest().len();
        reader.bytes(len).map(|bytes| Self(bytes.into()))
    }
}

impl Encode for Rest {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.bytes(&self.0);
        Ok(())
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Rest {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        u.arbitrary().map(Self)
    }
}

impl From<Vec<u8>> for Rest {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

/// The refusal of a number that a closed enum doesn't list.
#[cold]
pub(crate) fn unknown(name: &'static str, value: u64, offset: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::UnknownValue { name, value }, offset)
}
