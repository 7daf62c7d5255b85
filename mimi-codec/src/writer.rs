//! Writing: a buffer, and the trait of everything that can be written to it.

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::{error::EncodeError, octets::SecretOpaque};

/// The longest content a `<V>` vector can have, in bytes (RFC 9420 §2.1.2).
pub const MAX_VECTOR_LEN: usize = (1 << 30) - 1;

/// A growing buffer.
///
/// ```
/// use mimi_codec::{Encode, Writer};
///
/// let mut writer = Writer::new();
/// 7u16.encode(&mut writer)?;
/// writer.vector(|writer| writer.opaque(b"room"))?;
/// assert_eq!(writer.into_bytes(), b"\x00\x07\x05\x04room");
/// # Ok::<(), mimi_codec::EncodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends `bytes` as they are.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends `count` zero bytes.
    pub(crate) fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len().saturating_add(count), 0);
    }

    /// Appends `content` as `opaque x<V>`.
    ///
    /// # Errors
    /// [`VectorTooLong`](EncodeError::VectorTooLong) beyond [`MAX_VECTOR_LEN`].
    #[inline]
    pub fn opaque(&mut self, content: &[u8]) -> Result<(), EncodeError> {
        let (length, size) = length_bytes(content.len())?;
        self.bytes.extend(length.iter().take(size));
        self.bytes.extend_from_slice(content);
        Ok(())
    }

    /// Appends what `write` writes, as the content of a `<V>` vector.
    ///
    /// # Errors
    /// Those of `write`, and [`VectorTooLong`](EncodeError::VectorTooLong) when it writes more than
    /// [`MAX_VECTOR_LEN`].
    pub fn vector(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        // Most contents are short: one byte is kept for the length, and a longer content moves up.
        let start = self.bytes.len();
        self.bytes.push(0xff);
        write(self)?;
        let content = start.saturating_add(1);
        let len = self.bytes.len().saturating_sub(content);
        let (length, size) = length_bytes(len)?;
        let end = self.bytes.len();
        if size > 1 {
            self.bytes.resize(end.saturating_add(size).saturating_sub(1), 0);
            self.bytes.copy_within(content..end, start.saturating_add(size));
        }
        for (byte, value) in self.bytes.iter_mut().skip(start).zip(length.iter().take(size)) {
            *byte = *value;
        }
        Ok(())
    }

    /// Appends the elements as `T x<V>`.
    ///
    /// # Errors
    /// Those of the elements, and [`VectorTooLong`](EncodeError::VectorTooLong).
    pub fn elements<'i, T: Encode + 'i>(
        &mut self,
        elements: impl IntoIterator<Item = &'i T>,
    ) -> Result<(), EncodeError> {
        self.vector(|writer| elements.into_iter().try_for_each(|element| element.encode(writer)))
    }
}

/// The length of a `<V>` vector, in its shortest form: the bytes, and how many of them count.
#[inline]
fn length_bytes(len: usize) -> Result<([u8; 4], usize), EncodeError> {
    let short = u8::try_from(len).unwrap_or(u8::MAX);
    if short < 1 << 6 {
        return Ok(([short, 0, 0, 0], 1));
    }
    let middle = u16::try_from(len).unwrap_or(u16::MAX);
    if middle < 1 << 14 {
        let [a, b] = (middle | 1 << 14).to_be_bytes();
        return Ok(([a, b, 0, 0], 2));
    }
    let long = u32::try_from(len).unwrap_or(u32::MAX);
    if long < 1 << 30 {
        return Ok(((long | 1 << 31).to_be_bytes(), 4));
    }
    Err(EncodeError::VectorTooLong { len })
}

/// The size of a `<V>` vector with `len` bytes of content, its length included; `usize::MAX` when
/// there is none.
#[inline]
pub(crate) fn vector_len(len: usize) -> usize {
    length_bytes(len).map_or(usize::MAX, |(_, size)| len.saturating_add(size))
}

/// What can be written. Every value has one encoding, and decoding it gives the value back.
pub trait Encode {
    /// Appends the encoding.
    ///
    /// # Errors
    /// [`VectorTooLong`](EncodeError::VectorTooLong); the buffer's content is of no use then.
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError>;

    /// The encoding.
    ///
    /// # Errors
    /// [`VectorTooLong`](EncodeError::VectorTooLong).
    fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new();
        self.encode(&mut writer)?;
        Ok(writer.into_bytes())
    }

    /// The encoding of what holds a secret. The buffer has its full size from the beginning: none
    /// that was too small stays behind with a part of the secret, and this one is erased when it is
    /// dropped.
    ///
    /// ```
    /// use mimi_codec::{Encode, SecretOpaque, mls::PathSecret};
    ///
    /// let secret = PathSecret { path_secret: SecretOpaque::new(*b"secret") };
    /// assert_eq!(secret.to_secret_bytes()?.expose(), b"\x06secret");
    /// # Ok::<(), mimi_codec::EncodeError>(())
    /// ```
    ///
    /// # Errors
    /// [`VectorTooLong`](EncodeError::VectorTooLong).
    fn to_secret_bytes(&self) -> Result<SecretOpaque, EncodeError>
    where
        Self: tls_codec::Size,
    {
        let mut bytes = Vec::new();
        // Without the memory, or a size, encoding tells what is wrong.
        let _ = bytes.try_reserve_exact(self.tls_serialized_len());
        let mut writer = Writer { bytes };
        let result = self.encode(&mut writer);
        // Erased, whatever came of it.
        let secret = SecretOpaque::new(writer.into_bytes());
        result.map(|()| secret)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        T::encode(self, writer)
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        T::encode(self, writer)
    }
}

macro_rules! integer {
    ($($ty:ident),*) => {$(
        impl Encode for $ty {
            #[inline]
            fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
                writer.bytes(&self.to_be_bytes());
                Ok(())
            }
        }
    )*};
}

integer!(u8, u16, u32, u64);

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        match self {
            None => writer.bytes(&[0]),
            Some(value) => {
                writer.bytes(&[1]);
                value.encode(writer)?;
            }
        }
        Ok(())
    }
}

impl Encode for [u8] {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.opaque(self)
    }
}

impl Encode for str {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.opaque(self.as_bytes())
    }
}

impl Encode for String {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.opaque(self.as_bytes())
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.elements(self)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::Encode;
    use crate::{
        Opaque, SecretOpaque,
        minimal_metadata::{ConnectionRequest, IdentityLinkExtension},
        mls::{Credential, GroupSecrets, HPKEPublicKey, PathSecret},
        semiprivate::PerMessageKeyAndNonces,
    };

    /// The encoding in a buffer that never grew: it has the size that was reserved, and no more.
    fn grew_never<T: Encode + tls_codec::Size>(value: &T) {
        let bytes: Vec<u8> = value.to_bytes().unwrap();
        let secret = value.to_secret_bytes().unwrap();
        assert_eq!(secret.expose(), bytes);
        assert_eq!(secret.capacity(), bytes.len());
    }

    #[test]
    fn secrets_are_written_into_a_buffer_of_their_size() {
        // Around the lengths that take one, two and four bytes to write.
        for len in [0, 1, 32, 63, 64, 16_383, 16_384, 100_000] {
            let secret = || SecretOpaque::new(alloc::vec![7; len]);
            grew_never(&secret());
            grew_never(&IdentityLinkExtension { identity_link_wrapper_key: secret() });
            grew_never(&PathSecret { path_secret: secret() });
            grew_never(&GroupSecrets {
                joiner_secret: secret(),
                path_secret: Some(PathSecret { path_secret: secret() }),
                psks: Vec::new(),
            });
            grew_never(&PerMessageKeyAndNonces {
                key: secret(),
                nonce: secret(),
                reuse_guard: [1, 2, 3, 4].into(),
                sender_leaf_index: 5,
            });
            grew_never(&ConnectionRequest {
                requester_client_credential: Credential::Basic { identity: alloc::vec![1; len].into() },
                connection_room_id: Opaque::from("room"),
                connection_room_identity_link_wrapper_key: secret(),
                requester_connection_key: secret(),
                connection_response_key: HPKEPublicKey::new(*b"key"),
            });
        }
    }
}
