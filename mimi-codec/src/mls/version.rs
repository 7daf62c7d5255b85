//! The one version of MLS.

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, Reader, Result, Writer,
    code_points::ProtocolVersion, tls::tls_bridge,
};

/// `ProtocolVersion version = mls10` (RFC 9420 §6): two bytes that can only be 1.
///
/// It stands wherever the layout of what follows is that of MLS 1.0; where a version is only spoken
/// of, as in `Capabilities`, a [`ProtocolVersion`] stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mls10;

impl Mls10 {
    /// The number.
    pub const VERSION: ProtocolVersion = ProtocolVersion::MLS10;
}

impl<'a> Decode<'a> for Mls10 {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        match ProtocolVersion(reader.uint16()?) {
            Self::VERSION => Ok(Self),
            other => Err(DecodeError::new(
                DecodeErrorKind::UnknownValue { name: "ProtocolVersion", value: other.0.into() },
                start,
            )),
        }
    }
}

impl Encode for Mls10 {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        Self::VERSION.encode(writer)
    }
}

impl tls_codec::Size for Mls10 {
    fn tls_serialized_len(&self) -> usize {
        2
    }
}

tls_bridge!(encode decode Mls10);

#[cfg(feature = "serde")]
impl serde::Serialize for Mls10 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::VERSION.serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Mls10 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match ProtocolVersion::deserialize(deserializer)? {
            Self::VERSION => Ok(Self),
            other => Err(serde::de::Error::custom(format_args!("the version must be mls10, not {other}"))),
        }
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Mls10 {
    fn arbitrary(_: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self)
    }
}
