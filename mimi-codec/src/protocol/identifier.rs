//! URIs in wire structs: bytes, until a caller asks what they identify.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    DecodeErrorKind, EncodeError, InvalidValueError, Opaque, Reader, Result, TextError, Writer,
    uri::{MimiUri, MimiUriRef},
};

macro_rules! uri_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident check $check:path
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, tls_codec::TlsSize, tls_codec::TlsSerializeBytes)]
        pub struct $name {
            uri: Opaque,
        }

        impl $name {
            /// The bytes of the URI.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.uri
            }

            /// The MIMI URI that the bytes are.
            ///
            /// # Errors
            /// Why they are none.
            pub fn mimi_uri(&self) -> core::result::Result<MimiUriRef<'_>, TextError> {
                MimiUriRef::from_bytes(&self.uri)
            }
        }

        impl From<MimiUri> for $name {
            fn from(uri: MimiUri) -> Self {
                Self::from(uri.as_ref())
            }
        }

        impl From<MimiUriRef<'_>> for $name {
            fn from(uri: MimiUriRef<'_>) -> Self {
                Self { uri: Opaque::from(uri.as_str()) }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match core::str::from_utf8(&self.uri) {
                    Ok(text) => write!(f, "{text:?}"),
                    Err(_) => self.uri.fmt(f),
                }
            }
        }

        impl<'a> crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);

            #[inline]
            fn decode(reader: &mut Reader<'a>) -> Result<Self> {
                let start = reader.offset();
                let value = Self { uri: reader.field("uri")? };
                match $check(&value.uri) {
                    Ok(()) => Ok(value),
                    Err(kind) => Err(crate::DecodeError::new(kind, start).in_field("uri")),
                }
            }
        }

        impl crate::Encode for $name {
            fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
                self.uri.encode(writer)
            }
        }

        crate::tls::tls_bridge!(decode $name);

        /// Human-readable formats show a URI as its text.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
                uri_text::serialize(&self.uri, serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
                let uri = uri_text::deserialize(deserializer)?;
                match $check(&uri) {
                    Ok(()) => Ok(Self { uri }),
                    Err(kind) => Err(serde::de::Error::custom(kind)),
                }
            }
        }
    };
}

uri_struct! {
    /// An identifier of a provider, user, client, room or group (mimi-protocol-06 §5.2). It has at
    /// least one byte; whether it is a MIMI URI, [`Self::mimi_uri`] tells.
    ///
    /// ```text
    /// struct {
    ///     opaque uri<V>;
    /// } IdentifierUri;
    /// ```
    pub struct IdentifierUri check not_empty
}

uri_struct! {
    /// A URI of any scheme (mimi-protocol-06 §7.6, mimi-room-policy Appendix B). Without bytes it
    /// is none.
    ///
    /// ```text
    /// struct {
    ///     opaque uri<V>;
    /// } Uri;
    /// ```
    pub struct Uri check any
}

fn not_empty(uri: &[u8]) -> core::result::Result<(), DecodeErrorKind> {
    if uri.is_empty() { Err(DecodeErrorKind::Empty) } else { Ok(()) }
}

fn any(_: &[u8]) -> core::result::Result<(), DecodeErrorKind> {
    Ok(())
}

impl IdentifierUri {
    /// An identifier of these bytes.
    ///
    /// # Errors
    /// [`DecodeErrorKind::Empty`].
    pub fn new(uri: impl Into<Opaque>) -> core::result::Result<Self, InvalidValueError> {
        let uri = uri.into();
        not_empty(&uri).map_err(|kind| InvalidValueError::field("uri", kind))?;
        Ok(Self { uri })
    }
}

impl IdentifierUri {
    /// An identifier of bytes that a view has found not to be empty.
    pub(crate) const fn checked_before(uri: Opaque) -> Self {
        Self { uri }
    }
}

impl Uri {
    /// A URI of these bytes.
    #[must_use]
    pub fn new(uri: impl Into<Opaque>) -> Self {
        Self { uri: uri.into() }
    }

    /// No URI.
    #[must_use]
    pub fn none() -> Self {
        Self { uri: Opaque::default() }
    }

    /// Whether there is no URI.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.uri.is_empty()
    }
}

/// An [`IdentifierUri`] in a field that may go without: zero length means that there is none
/// (`KeyMaterialRequest.roomId`, `AbuseReport.reportingUser`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct OptionalIdentifierUri(pub Option<IdentifierUri>);

impl<'a> crate::Decode<'a> for OptionalIdentifierUri {
    const NAME: &'static str = "IdentifierUri";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let uri: Opaque = reader.field("uri")?;
        Ok(Self((!uri.is_empty()).then_some(IdentifierUri { uri })))
    }
}

impl crate::Encode for OptionalIdentifierUri {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        writer.opaque(self.0.as_ref().map_or(&[], IdentifierUri::as_bytes))
    }
}

impl tls_codec::Size for OptionalIdentifierUri {
    fn tls_serialized_len(&self) -> usize {
        self.0.as_ref().map_or(1, tls_codec::Size::tls_serialized_len)
    }
}

crate::tls::tls_bridge!(encode decode OptionalIdentifierUri);

impl From<Option<IdentifierUri>> for OptionalIdentifierUri {
    fn from(uri: Option<IdentifierUri>) -> Self {
        Self(uri)
    }
}

impl From<IdentifierUri> for OptionalIdentifierUri {
    fn from(uri: IdentifierUri) -> Self {
        Self(Some(uri))
    }
}

/// Bytes that are a URI, in human-readable formats: as they read, if they are UTF-8 with a colon in
/// it, as every URI has, and as hex otherwise. Hex has no colon, so both lead back.
#[cfg(feature = "serde")]
pub(crate) mod uri_text {
    use super::{Opaque, Vec};
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serializer, de::IntoDeserializer};

    pub(crate) fn serialize<S: Serializer>(uri: &Opaque, serializer: S) -> Result<S::Ok, S::Error> {
        match core::str::from_utf8(uri) {
            Ok(text) if serializer.is_human_readable() && text.contains(':') => {
                serializer.serialize_str(text)
            }
            _ => crate::json::serialize_bytes(uri, serializer),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Opaque, D::Error> {
        if !deserializer.is_human_readable() {
            return crate::json::deserialize_bytes(deserializer).map(Opaque::new);
        }
        let text = String::deserialize(deserializer)?;
        if text.contains(':') {
            return Ok(Opaque::from(text.as_str()));
        }
        let bytes: Result<Vec<u8>, D::Error> = crate::json::deserialize_bytes(text.into_deserializer());
        bytes.map(Opaque::new)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Uri {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self { uri: arbitrary_uri(u)? })
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for IdentifierUri {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let uri = arbitrary_uri(u)?;
        Ok(if uri.is_empty() { Self { uri: Opaque::from("mimi://a.example") } } else { Self { uri } })
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for OptionalIdentifierUri {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        u.arbitrary().map(Self)
    }
}

/// Mostly URIs, now and then any bytes.
#[cfg(feature = "arbitrary")]
pub(crate) fn arbitrary_uri(u: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<Opaque> {
    if u.ratio(1, 4)? {
        return u.arbitrary();
    }
    let kind = u.choose(&["u/alice", "d/ClientA1", "r/clubhouse", "g/clubhouse", "b/bob"])?;
    let host = u.choose(&["a.example", "b.example"])?;
    Ok(Opaque::new(alloc::format!("mimi://{host}/{kind}").into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decode, Encode};

    #[test]
    fn refuses_an_identifier_without_bytes() {
        let error = IdentifierUri::decode_exact(&[0]).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::Empty);
        assert_eq!((error.offset(), alloc::format!("{}", error.path()).as_str()), (0, "IdentifierUri.uri"));
        assert_eq!(IdentifierUri::new("").unwrap_err().kind, DecodeErrorKind::Empty);
    }

    #[test]
    fn zero_length_is_absence_where_a_field_may_be_absent() {
        assert_eq!(OptionalIdentifierUri::decode_exact(&[0]), Ok(OptionalIdentifierUri(None)));
        assert_eq!(OptionalIdentifierUri(None).to_bytes().as_deref(), Ok(&[0][..]));
        let some = OptionalIdentifierUri::decode_exact(b"\x01x").unwrap();
        assert_eq!(some.to_bytes().as_deref(), Ok(&b"\x01x"[..]));
    }

    #[test]
    fn bytes_are_a_mimi_uri_only_when_asked() {
        let uri = IdentifierUri::new("mimi://a.example/u/alice").unwrap();
        assert_eq!(uri.mimi_uri().map(|uri| uri.id()), Ok(Some("alice")));
        assert!(IdentifierUri::new("alice").unwrap().mimi_uri().is_err());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn json_is_the_text_of_a_uri_and_hex_of_anything_else() {
        for (bytes, json) in [
            (&b"mimi://a.example/u/alice"[..], "\"mimi://a.example/u/alice\""),
            (b"alice", "\"616c696365\""),
            (b"\xff:", "\"ff3a\""),
        ] {
            let uri = IdentifierUri::new(bytes).unwrap();
            assert_eq!(serde_json::to_string(&uri).unwrap(), json);
            assert_eq!(serde_json::from_str::<IdentifierUri>(json).unwrap(), uri);
        }
        assert!(serde_json::from_str::<IdentifierUri>("\"\"").is_err());
        assert_eq!(serde_json::to_string(&OptionalIdentifierUri(None)).unwrap(), "null");
    }
}
