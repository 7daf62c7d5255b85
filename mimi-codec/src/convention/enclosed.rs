//! One struct that fills an `opaque<V>`.

use alloc::vec::Vec;

use crate::{Decode, Encode, EncodeError, Reader, Result, Writer, tls};

pub(crate) fn decode<'a, T: Decode<'a>>(reader: &mut Reader<'a>) -> Result<T> {
    let mut content = reader.vector()?;
    let value = T::decode(&mut content)?;
    content.finish()?;
    Ok(value)
}

pub(crate) fn encode<T: Encode + ?Sized>(
    value: &T,
    writer: &mut Writer,
) -> core::result::Result<(), EncodeError> {
    writer.vector(|writer| value.encode(writer))
}

/// The value in its vector, for tls_codec's derive.
struct Enclosed<'a, T: ?Sized>(&'a T);

impl<T: Encode + ?Sized> Encode for Enclosed<'_, T> {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        encode(self.0, writer)
    }
}

pub(crate) fn tls_serialized_len<T: Encode + ?Sized>(value: &T) -> usize {
    tls::serialized_len(&Enclosed(value))
}

pub(crate) fn tls_serialize_bytes<T: Encode + ?Sized>(
    value: &T,
) -> core::result::Result<Vec<u8>, tls_codec::Error> {
    tls::serialize(&Enclosed(value))
}
