//! Files behind a URL.

use std::sync::{Arc, Mutex};

use crate::content::Message;
use crate::convert::locked;
use crate::error::Result;

/// How files are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Aead {
    /// AES-128-GCM, which every client has.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

/// What a message says about a file behind a URL. It holds the key.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct SealedFile {
    /// Where the file lies.
    pub url: String,
    /// The media type of the content.
    pub content_type: String,
    /// Bytes of the stored file; 0 if unknown.
    pub size: u64,
    /// When the file is gone, in seconds since the UNIX epoch; 0 if it stays.
    pub expires: u32,
    /// The AEAD algorithm's number; 0 for none.
    pub enc_alg: u16,
    /// The key.
    pub key: Vec<u8>,
    /// The nonce.
    pub nonce: Vec<u8>,
    /// The additional data.
    pub aad: Vec<u8>,
    /// The hash algorithm's number; 1 for SHA-256.
    pub hash_alg: u8,
    /// The hash of the stored file.
    pub content_hash: Vec<u8>,
    /// A description.
    pub description: String,
    /// The file's name.
    pub filename: String,
}

impl std::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedFile").field("url", &self.url).finish_non_exhaustive()
    }
}

macro_rules! same_fields {
    ($from:expr => $to:path { $($field:ident),* }) => {{
        let from = $from;
        $to { $($field: from.$field,)* }
    }};
}

impl SealedFile {
    pub(crate) fn inner(self) -> mimi::attachment::SealedFile {
        same_fields!(self => mimi::attachment::SealedFile {
            url, content_type, size, expires, enc_alg, key, nonce, aad, hash_alg, content_hash, description, filename
        })
    }

    fn of(file: mimi::attachment::SealedFile) -> Self {
        same_fields!(file => Self {
            url, content_type, size, expires, enc_alg, key, nonce, aad, hash_alg, content_hash, description, filename
        })
    }
}

/// The end of a sealed file.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Sealed {
    /// The tag, to be uploaded after the last piece.
    pub tag: Vec<u8>,
    /// What a message says about the file.
    pub file: SealedFile,
}

/// Encrypts a file of any size, piece by piece.
#[derive(Debug, uniffi::Object)]
pub struct FileSealer(Mutex<mimi::attachment::FileSealer>);

/// Opens a stored file in two readings: the first verifies all of it, the second decrypts.
#[derive(Debug, uniffi::Object)]
pub struct FileOpener(Mutex<mimi::attachment::FileOpener>);

#[uniffi::export]
impl FileSealer {
    /// Begins a file. `seed` is 32 bytes from a cryptographically secure generator, used once.
    #[uniffi::constructor]
    pub fn new(aead: Aead, seed: Vec<u8>) -> Result<Arc<Self>> {
        let aead = match aead {
            Aead::Aes128Gcm => mimi::attachment::Aead::Aes128Gcm,
            Aead::Aes256Gcm => mimi::attachment::Aead::Aes256Gcm,
            Aead::ChaCha20Poly1305 => mimi::attachment::Aead::ChaCha20Poly1305,
        };
        Ok(Arc::new(Self(Mutex::new(mimi::attachment::FileSealer::new(aead, &seed)?))))
    }

    /// Encrypts the next piece.
    pub fn seal(&self, piece: Vec<u8>) -> Result<Vec<u8>> {
        Ok(locked(&self.0).seal(&piece)?)
    }

    /// Ends the file.
    pub fn finish(&self, url: String, content_type: String) -> Result<Sealed> {
        let (tag, file) = locked(&self.0).finish(&url, &content_type)?;
        Ok(Sealed { tag, file: SealedFile::of(file) })
    }
}

#[uniffi::export]
impl FileOpener {
    /// Begins to verify the file of part `index` of a message.
    #[uniffi::constructor]
    pub fn new(message: &Message, index: u16, now_ms: u64) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(Mutex::new(mimi::attachment::FileOpener::new(&message.0, index, now_ms)?))))
    }

    /// As the other constructor, for a file that was described elsewhere.
    #[uniffi::constructor]
    pub fn of_file(file: SealedFile, now_ms: u64) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(Mutex::new(mimi::attachment::FileOpener::of_file(&file.inner(), now_ms)?))))
    }

    /// Takes the next piece of the first reading.
    pub fn verify(&self, piece: Vec<u8>) -> Result<()> {
        Ok(locked(&self.0).verify(&piece)?)
    }

    /// Ends the first reading: checks size, hash and tag. Returns the length of the content.
    pub fn verified(&self) -> Result<u64> {
        Ok(locked(&self.0).verified()?)
    }

    /// Decrypts the next piece of the second reading.
    pub fn open(&self, piece: Vec<u8>) -> Result<Vec<u8>> {
        Ok(locked(&self.0).open(&piece)?)
    }

    /// Ends the second reading. If it fails, discard what was opened.
    pub fn finish(&self) -> Result<()> {
        Ok(locked(&self.0).finish()?)
    }
}

/// What part `index` of a message says about its file; nothing if that is no file behind a URL.
#[uniffi::export]
pub fn file_of_message(message: &Message, index: u16) -> Option<SealedFile> {
    mimi::attachment::SealedFile::of_message(&message.0, index).map(SealedFile::of)
}
