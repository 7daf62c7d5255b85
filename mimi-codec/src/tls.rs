//! The bridge to tls_codec: our types are fields of structs that derive its traits, and its derive
//! writes ours.

use alloc::vec::Vec;

use tls_codec::Error;

use crate::{
    reader::{Decode, Reader},
    writer::Encode,
};

/// Reads a value from the front of `bytes`, in tls_codec's manner.
pub(crate) fn deserialize<'a, T: Decode<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), Error> {
    let mut reader = Reader::new(bytes);
    let value = T::decode(&mut reader)?;
    Ok((value, reader.rest()))
}

/// Writes a value, in tls_codec's manner.
pub(crate) fn serialize<T: Encode + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    Ok(value.to_bytes()?)
}

/// The size of a value that tls_codec's derive can't measure.
pub(crate) fn serialized_len<T: Encode + ?Sized>(value: &T) -> usize {
    value.to_bytes().map_or(usize::MAX, |bytes| bytes.len())
}

/// Implements tls_codec's `SerializeBytes` (`encode`) and `DeserializeBytes` (`decode`) on top of
/// ours.
macro_rules! tls_bridge {
    (encode decode $(@[$($generics:tt)*])? $ty:ty) => {
        $crate::tls::tls_bridge!(encode $(@[$($generics)*])? $ty);
        $crate::tls::tls_bridge!(decode $(@[$($generics)*])? $ty);
    };
    (encode $(@[$($generics:tt)*])? $ty:ty) => {
        impl $(<$($generics)*>)? tls_codec::SerializeBytes for $ty {
            fn tls_serialize_bytes(&self) -> core::result::Result<alloc::vec::Vec<u8>, tls_codec::Error> {
                $crate::tls::serialize(self)
            }
        }
    };
    (decode $(@[$($generics:tt)*])? $ty:ty) => {
        impl $(<$($generics)*>)? tls_codec::DeserializeBytes for $ty {
            fn tls_deserialize_bytes(
                bytes: &[u8],
            ) -> core::result::Result<(Self, &[u8]), tls_codec::Error> {
                $crate::tls::deserialize(bytes)
            }
        }
    };
}

pub(crate) use tls_bridge;
