//! How values look in human-readable formats: bytes as lower-case hex, numbers that JSON can't hold
//! as text.
//!
//! Deserializing takes hex text and raw bytes alike, because serde's own buffers forget whether a
//! format is human-readable.

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::{Deserializer, Serializer, de};

pub(crate) fn serialize_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if !serializer.is_human_readable() {
        return serializer.serialize_bytes(bytes);
    }
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for digit in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    serializer.serialize_str(&text)
}

pub(crate) fn deserialize_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Bytes;

    impl<'de> de::Visitor<'de> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes as hex digits")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
                return Err(E::custom("an odd number of hex digits"));
            };
            pairs
                .iter()
                .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
                .collect::<Option<_>>()
                .ok_or_else(|| E::custom("not a hex digit"))
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }

    if deserializer.is_human_readable() {
        deserializer.deserialize_str(Bytes)
    } else {
        deserializer.deserialize_byte_buf(Bytes)
    }
}

/// For `#[serde(with)]` on every `uint64`: a number up to 2^53 - 1, decimal text beyond.
pub(crate) mod uint64 {
    use core::fmt;

    use serde::{Deserializer, Serializer, de};

    const MAX_NUMBER: u64 = (1 << 53) - 1;

    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() && *value > MAX_NUMBER {
            serializer.collect_str(value)
        } else {
            serializer.serialize_u64(*value)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        struct Number;

        impl de::Visitor<'_> for Number {
            type Value = u64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or its decimal digits")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
                Ok(value)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
                text.parse().map_err(E::custom)
            }
        }

        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Number)
        } else {
            deserializer.deserialize_u64(Number)
        }
    }
}

/// For `#[serde(with)]` on every `optional<uint64>`, see [`uint64`].
pub(crate) mod optional_uint64 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Number(#[serde(with = "super::uint64")] u64);

    #[allow(clippy::ref_option, reason = "the signature that serde calls")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Number).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        Ok(Option::<Number>::deserialize(deserializer)?.map(|number| number.0))
    }
}

/// A number of an enum or a registry: its name where it has one, else the number.
pub(crate) fn serialize_number<S: Serializer>(
    name: Option<&'static str>,
    value: u64,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match name {
        Some(name) if serializer.is_human_readable() => serializer.serialize_str(name),
        _ => serializer.serialize_u64(value),
    }
}

/// Reads a name or a number; `named` finds the number of a name.
pub(crate) fn deserialize_number<'de, D: Deserializer<'de>>(
    deserializer: D,
    named: fn(&str) -> Option<u64>,
) -> Result<u64, D::Error> {
    struct Number(fn(&str) -> Option<u64>);

    impl de::Visitor<'_> for Number {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name or a number of the registry")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
            Ok(value)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
            self.0(text).ok_or_else(|| E::custom(format_args!("unknown name {text:?}")))
        }
    }

    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Number(named))
    } else {
        deserializer.deserialize_u64(Number(named))
    }
}
