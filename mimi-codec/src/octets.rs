//! Byte strings: `opaque x<V>`, `opaque x[N]`, secrets among them, and how they look in
//! human-readable formats.

use alloc::{borrow::ToOwned, vec::Vec};
use core::{fmt, ops::Deref};

use zeroize::Zeroize;

use crate::{
    error::{EncodeError, Result},
    reader::{Decode, Reader},
    tls::tls_bridge,
    writer::{Encode, Writer},
};

/// Writes bytes as lower-case hex.
fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Makes a type of its own for an `opaque x<V>` that the drafts give a name to.
macro_rules! opaque_type {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(alloc::vec::Vec<u8>);

        impl $name {
            /// These bytes, which are not checked: how long they have to be is up to the cipher
            /// suite.
            pub fn new(bytes: impl Into<alloc::vec::Vec<u8>>) -> Self {
                Self(bytes.into())
            }

            /// The bytes.
            pub fn as_slice(&self) -> &[u8] {
                &self.0
            }

            /// The bytes, without a copy.
            pub fn into_bytes(self) -> alloc::vec::Vec<u8> {
                self.0
            }
        }

        impl core::ops::Deref for $name {
            type Target = [u8];
            fn deref(&self) -> &[u8] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<alloc::vec::Vec<u8>> for $name {
            fn from(bytes: alloc::vec::Vec<u8>) -> Self {
                Self(bytes)
            }
        }

        impl From<&[u8]> for $name {
            fn from(bytes: &[u8]) -> Self {
                Self(bytes.to_vec())
            }
        }

        impl From<$name> for alloc::vec::Vec<u8> {
            fn from(bytes: $name) -> Self {
                bytes.0
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{self:x}")
            }
        }

        impl core::fmt::LowerHex for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::octets::lower_hex(f, &self.0)
            }
        }

        impl<'a> $crate::Decode<'a> for $name {
            #[inline]
            fn decode(reader: &mut $crate::Reader<'a>) -> $crate::Result<Self> {
                Ok(Self(reader.opaque()?.to_vec()))
            }
        }

        impl $crate::Encode for $name {
            fn encode(&self, writer: &mut $crate::Writer) -> Result<(), $crate::EncodeError> {
                writer.opaque(&self.0)
            }
        }

        impl tls_codec::Size for $name {
            fn tls_serialized_len(&self) -> usize {
                $crate::writer::vector_len(self.0.len())
            }
        }

        $crate::tls::tls_bridge!(encode decode $name);

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::json::serialize_bytes(&self.0, serializer)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::json::deserialize_bytes(deserializer).map(Self)
            }
        }

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                $crate::arbitrary_values::bytes(u).map(Self)
            }
        }
    )*};
}

pub(crate) use opaque_type;

/// For the macro: bytes as lower-case hex.
pub(crate) fn lower_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    write_hex(f, bytes)
}

mod opaque {
    super::opaque_type! {
        /// A byte string of variable length, `opaque x<V>`.
        ///
        /// The borrowed counterpart is `&[u8]`. Human-readable formats show it as lower-case hex.
        ///
        /// ```
        /// use mimi_codec::{Decode, Encode, Opaque};
        ///
        /// let group_id = Opaque::decode_exact(b"\x03abc")?;
        /// assert_eq!(&*group_id, b"abc");
        /// assert_eq!(<&[u8]>::decode_exact(b"\x03abc")?, b"abc");
        /// assert_eq!(format!("{group_id:x}"), "616263");
        /// # Ok::<(), mimi_codec::DecodeError>(())
        /// ```
        pub struct Opaque;
    }
}

pub use opaque::Opaque;

impl From<&str> for Opaque {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl<const N: usize> From<[u8; N]> for Opaque {
    fn from(bytes: [u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

/// A byte string of `N` bytes, `opaque x[N]`. Human-readable formats show it as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets<const N: usize>(pub [u8; N]);

impl<const N: usize> Deref for Octets<N> {
    type Target = [u8; N];
    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Octets<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> fmt::Debug for Octets<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl<'a, const N: usize> Decode<'a> for Octets<N> {
    const FIXED_LEN: Option<usize> = Some(N);

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        reader.array().map(Self)
    }
}

impl<const N: usize> Encode for Octets<N> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.bytes(&self.0);
        Ok(())
    }
}

impl<const N: usize> tls_codec::Size for Octets<N> {
    fn tls_serialized_len(&self) -> usize {
        N
    }
}

tls_bridge!(encode decode @[const N: usize] Octets<N>);

#[cfg(feature = "serde")]
impl<const N: usize> serde::Serialize for Octets<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::json::serialize_bytes(&self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, const N: usize> serde::Deserialize<'de> for Octets<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = crate::json::deserialize_bytes(deserializer)?;
        let found = bytes.len();
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| serde::de::Error::custom(format_args!("{N} bytes are needed, {found} were found")))
    }
}

#[cfg(feature = "arbitrary")]
impl<'a, const N: usize> arbitrary::Arbitrary<'a> for Octets<N> {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        u.arbitrary().map(Self)
    }
}

/// A secret `opaque x<V>`: zeroized on drop, `[redacted]` in debug output, compared in a time that
/// depends on the length alone.
///
/// serde shows it in clear, as hex: serializing a struct with a secret is taken as meant.
#[derive(Clone, Default)]
pub struct SecretOpaque(Vec<u8>);

impl SecretOpaque {
    /// Takes over these bytes. Copies that the caller made elsewhere are the caller's to erase.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The secret, in clear.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl Drop for SecretOpaque {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for SecretOpaque {
    fn eq(&self, other: &Self) -> bool {
        // The difference is hidden from the optimizer, so that it can't leave the loop early.
        let difference = |sum: u8, (a, b): (&u8, &u8)| core::hint::black_box(sum | (a ^ b));
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).fold(0, difference) == 0
    }
}

impl Eq for SecretOpaque {}

impl fmt::Debug for SecretOpaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'a> Decode<'a> for SecretOpaque {
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        reader.opaque().map(|bytes| Self(bytes.to_owned()))
    }
}

impl Encode for SecretOpaque {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.opaque(&self.0)
    }
}

impl tls_codec::Size for SecretOpaque {
    fn tls_serialized_len(&self) -> usize {
        crate::writer::vector_len(self.0.len())
    }
}

tls_bridge!(encode decode SecretOpaque);

#[cfg(feature = "serde")]
impl serde::Serialize for SecretOpaque {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::json::serialize_bytes(&self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for SecretOpaque {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::json::deserialize_bytes(deserializer).map(Self)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for SecretOpaque {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        crate::arbitrary_values::bytes(u).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::SecretOpaque;

    #[test]
    fn secrets_are_equal_only_in_full_and_never_shown() {
        let secret = SecretOpaque::new(*b"secret");
        assert_eq!(secret, SecretOpaque::new(*b"secret"));
        for other in [&b"secre"[..], b"secret\0", b"Secret", b""] {
            assert_ne!(secret, SecretOpaque::new(other));
        }
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }
}
