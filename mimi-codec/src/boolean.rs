//! `enum { false(0), true(1) } bool`: one byte (mimi-room-policy-04 §5).
//!
//! tls_codec has no `bool`: a struct's field needs `#[tls_codec(with = "crate::boolean")]`.

use alloc::{vec, vec::Vec};

use crate::{
    error::{DecodeError, DecodeErrorKind, EncodeError, Result},
    reader::{Decode, Reader},
    writer::{Encode, Writer},
};

impl<'a> Decode<'a> for bool {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        match reader.uint8()? {
            0 => Ok(false),
            1 => Ok(true),
            byte => Err(DecodeError::new(DecodeErrorKind::InvalidBool(byte), start)),
        }
    }
}

impl Encode for bool {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.bytes(&[u8::from(*self)]);
        Ok(())
    }
}

pub(crate) fn tls_serialized_len(_: &bool) -> usize {
    1
}

pub(crate) fn tls_serialize_bytes(value: &bool) -> Result<Vec<u8>, tls_codec::Error> {
    Ok(vec![u8::from(*value)])
}
