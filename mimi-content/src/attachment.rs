//! Files behind a URL: mimi-content-09 §4.5, 5.9 and 7.1.

mod error;
mod stream;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::message_id::HashAlgorithm;
use crate::part::{AeadAlgorithm, ExternalPart, ExternalPartRef};

pub use error::AttachmentError;
pub use stream::{AeadSizes, BuiltIn, FileAead, FileAeads, FileSealer, FileVerifier, VerifiedFile};

type Result<T> = core::result::Result<T, AttachmentError>;

/// Bytes of the nonce, in each of the algorithms.
const NONCE: usize = 12;

/// Bytes of the tag that follows the ciphertext, in each of the algorithms.
const TAG: usize = 16;

/// Calls the one algorithm that a number stands for.
macro_rules! with_cipher {
    ($algorithm:expr, $Cipher:ident => $body:expr) => {
        match $algorithm {
            AeadAlgorithm::AES_128_GCM => {
                type $Cipher = Aes128Gcm;
                $body
            }
            AeadAlgorithm::AES_256_GCM => {
                type $Cipher = Aes256Gcm;
                $body
            }
            AeadAlgorithm::CHACHA20_POLY1305 => {
                type $Cipher = ChaCha20Poly1305;
                $body
            }
            unknown => Err(AttachmentError::UnknownAead(unknown)),
        }
    };
}

/// What a message says about a file that lies at a URL: how long it is, its hash, and what it is
/// encrypted with.
///
/// Made while the file is made ready for upload. Where it lies is known only afterwards, so that
/// the [`ExternalPart`] comes last.
///
/// ```
/// use mimi_content::{AeadAlgorithm, Attachment};
///
/// # struct Generator(u8);
/// # impl rand_core::TryRng for Generator {
/// #     type Error = core::convert::Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { unimplemented!() }
/// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { unimplemented!() }
/// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { bytes.fill(self.0); Ok(()) }
/// # }
/// # impl rand_core::TryCryptoRng for Generator {}
/// # let mut rng = Generator(7);
/// // The sender: what was the file is now what to upload.
/// let mut file = b"2 hours of key signing".to_vec();
/// let attachment = Attachment::seal(AeadAlgorithm::AES_128_GCM, &mut file, &mut rng)?;
/// let stored = file;
/// let mut part = attachment.into_part("https://example.com/storage/8ksB4bSrrRE.mp4", "video/mp4");
/// part.filename = "bigfile.mp4".into();
///
/// // The receiver, who fetched what lies at the URL.
/// let mut fetched = stored;
/// let now_ms = 1_644_387_225_019;
/// let content = part.as_ref().open(&mut fetched, now_ms)?;
/// assert_eq!(content.as_bytes(), b"2 hours of key signing");
/// # Ok::<(), mimi_content::AttachmentError>(())
/// ```
#[derive(Clone)]
pub struct Attachment {
    enc_alg: AeadAlgorithm,
    key: Zeroizing<Vec<u8>>,
    nonce: Vec<u8>,
    size: u64,
    content_hash: [u8; 32],
}

impl Attachment {
    /// Encrypts a file in its place, under a key and a nonce that are drawn for it alone, with an
    /// empty aad.
    ///
    /// `content` grows by the 16 bytes of the tag. Give it that much spare capacity, and nothing is
    /// copied.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::UnknownAead`] for an algorithm other than AES-128-GCM, AES-256-GCM and
    /// ChaCha20-Poly1305, none included; [`AttachmentError::TooLong`] for a file that is longer
    /// than the algorithm allows (64 GiB for AES-GCM, 256 GiB else). `content` is unchanged then.
    pub fn seal(enc_alg: AeadAlgorithm, content: &mut Vec<u8>, rng: &mut dyn CryptoRng) -> Result<Self> {
        let mut key = Zeroizing::new(alloc::vec![0; key_length(enc_alg)?]);
        let mut nonce = alloc::vec![0; NONCE];
        rng.fill_bytes(&mut key);
        rng.fill_bytes(&mut nonce);
        content.reserve_exact(TAG);
        let tag: [u8; TAG] = with_cipher!(enc_alg, Cipher => {
            let cipher = Cipher::new_from_slice(&key).map_err(|_| AttachmentError::UnknownAead(enc_alg))?;
            let at = nonce.as_slice().try_into().map_err(|_| AttachmentError::UnknownAead(enc_alg))?;
            let tag = cipher.encrypt_inout_detached(at, &[], content.as_mut_slice().into());
            tag.map(Into::into).map_err(|_| AttachmentError::TooLong { bytes: content.len() as u64 })
        })?;
        content.extend_from_slice(&tag);
        Ok(Self { enc_alg, key, nonce, size: content.len() as u64, content_hash: sha256(content) })
    }

    /// Describes a file that is not private and is uploaded as it is (`encAlg` 0).
    ///
    /// ```
    /// use mimi_content::{AeadAlgorithm, Attachment};
    ///
    /// let part = Attachment::in_the_clear(b"a rocket").into_part("https://example.com/rocket.gif", "image/gif");
    /// assert_eq!((part.enc_alg, part.size), (AeadAlgorithm::NONE, 8));
    /// assert_eq!(part.as_ref().open(&mut b"a rocket".to_vec(), 0)?.as_bytes(), b"a rocket");
    /// # Ok::<(), mimi_content::AttachmentError>(())
    /// ```
    #[must_use]
    pub fn in_the_clear(content: &[u8]) -> Self {
        Self {
            enc_alg: AeadAlgorithm::NONE,
            key: Zeroizing::default(),
            nonce: Vec::new(),
            size: content.len() as u64,
            content_hash: sha256(content),
        }
    }

    /// The part to send, now that the file lies at `url`. Expiry, description and file name are for
    /// the caller to set.
    ///
    /// The part holds the key from here on, and does not erase it: it becomes part of the message.
    #[must_use]
    pub fn into_part(mut self, url: impl Into<String>, content_type: impl Into<String>) -> ExternalPart {
        ExternalPart {
            content_type: content_type.into(),
            url: url.into(),
            size: self.size,
            enc_alg: self.enc_alg,
            key: core::mem::take(&mut *self.key),
            nonce: self.nonce,
            hash_alg: HashAlgorithm::SHA_256,
            content_hash: self.content_hash.to_vec(),
            ..ExternalPart::default()
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("enc_alg", &self.enc_alg)
            .field("key", &"[redacted]")
            .field("nonce", &self.nonce)
            .field("size", &self.size)
            .field("content_hash", &self.content_hash)
            .finish()
    }
}

/// The content of an external part, after its hash and, where it was encrypted, its tag were found
/// right. Only [`ExternalPartRef::open`] makes one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifiedContent<'b>(&'b [u8]);

impl<'b> VerifiedContent<'b> {
    /// The content.
    #[must_use]
    pub fn as_bytes(&self) -> &'b [u8] {
        self.0
    }
}

impl Deref for VerifiedContent<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl fmt::Debug for VerifiedContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedContent({} bytes)", self.0.len())
    }
}

impl ExternalPartRef<'_> {
    /// Checks what was fetched from [`url`](Self::url), and decrypts it in its place.
    ///
    /// In this order: the expiry at `now_ms` (milliseconds since the UNIX epoch), the algorithms
    /// and the lengths of key and nonce, the size, the hash, the tag. `stored` is changed only when
    /// all of them are right.
    ///
    /// A size counts what lies at the URL; one that is exactly the tag short counts the content
    /// before encryption and passes. A part without a hash passes only if it is encrypted.
    ///
    /// # Errors
    ///
    /// [`AttachmentError`] says which of them is wrong.
    pub fn open<'b>(&self, stored: &'b mut [u8], now_ms: u64) -> Result<VerifiedContent<'b>> {
        self.check(stored, now_ms)?;
        if self.enc_alg == AeadAlgorithm::NONE {
            return Ok(VerifiedContent(stored));
        }
        let (content, tag) = stored.split_last_chunk_mut::<TAG>().ok_or(AttachmentError::Forged)?;
        let tag = *tag;
        with_cipher!(self.enc_alg, Cipher => {
            let cipher = Cipher::new_from_slice(self.key).map_err(|_| self.key_length_error())?;
            let nonce = self.nonce.try_into().map_err(|_| self.nonce_length_error())?;
            cipher.decrypt_inout_detached(nonce, self.aad, (&mut *content).into(), &tag.into())
                .map_err(|_| AttachmentError::Forged)
        })?;
        Ok(VerifiedContent(content))
    }

    fn check_expiry(&self, now_ms: u64) -> Result<()> {
        let expired = self.expires != 0 && now_ms >= u64::from(self.expires).saturating_mul(1000);
        if expired { Err(AttachmentError::Expired { expires: self.expires }) } else { Ok(()) }
    }

    /// Everything but the tag.
    fn check(&self, stored: &[u8], now_ms: u64) -> Result<()> {
        self.check_expiry(now_ms)?;
        let tag = if self.enc_alg == AeadAlgorithm::NONE {
            if self.has_key_without_encryption() {
                return Err(AttachmentError::KeyWithoutEncryption);
            }
            0
        } else {
            if self.key.len() != key_length(self.enc_alg)? {
                return Err(self.key_length_error());
            }
            if self.nonce.len() != NONCE {
                return Err(self.nonce_length_error());
            }
            TAG as u64
        };
        let found = stored.len() as u64;
        if self.size != 0 && self.size != found && self.size.checked_add(tag) != Some(found) {
            return Err(AttachmentError::Size { expected: self.size, found });
        }
        self.check_hash(stored)
    }

    fn check_hash(&self, stored: &[u8]) -> Result<()> {
        if self.hash_alg == HashAlgorithm::RESERVED && self.content_hash.is_empty() {
            let authenticated = self.enc_alg != AeadAlgorithm::NONE;
            return if authenticated { Ok(()) } else { Err(AttachmentError::NothingToVerify) };
        }
        let matches = match self.hash_alg {
            HashAlgorithm::SHA_256 => Sha256::digest(stored)[..] == *self.content_hash,
            HashAlgorithm::SHA_384 => Sha384::digest(stored)[..] == *self.content_hash,
            HashAlgorithm::SHA_512 => Sha512::digest(stored)[..] == *self.content_hash,
            unknown => return Err(AttachmentError::UnknownHash(unknown)),
        };
        if matches { Ok(()) } else { Err(AttachmentError::OtherContent) }
    }

    fn key_length_error(&self) -> AttachmentError {
        AttachmentError::KeyLength { enc_alg: self.enc_alg, found: self.key.len() }
    }

    fn nonce_length_error(&self) -> AttachmentError {
        AttachmentError::NonceLength { enc_alg: self.enc_alg, found: self.nonce.len() }
    }
}

fn key_length(enc_alg: AeadAlgorithm) -> Result<usize> {
    match enc_alg {
        AeadAlgorithm::AES_128_GCM => Ok(16),
        AeadAlgorithm::AES_256_GCM | AeadAlgorithm::CHACHA20_POLY1305 => Ok(32),
        unknown => Err(AttachmentError::UnknownAead(unknown)),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
