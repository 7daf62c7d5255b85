//! Files behind a URL, piece by piece in constant memory (mimi-content-09 §4.5).

use mimi_content::{
    AeadAlgorithm, AttachmentError, ExternalPart, FileSealer as Sealer, FileVerifier as Verifier,
    HashAlgorithm, Part, VerifiedFile,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::content::Message;
use crate::seed::generator;
use crate::{Error, ErrorKind, Result};

fn attachment_error(error: AttachmentError) -> Error {
    let kind = match error {
        AttachmentError::OtherContent | AttachmentError::Forged | AttachmentError::Size { .. } => {
            ErrorKind::NotAuthentic
        }
        AttachmentError::Expired { .. } => ErrorKind::NotAllowed,
        _ => ErrorKind::InvalidInput,
    };
    Error::new(kind, error).because(&error)
}

fn finished() -> Error {
    Error::new(ErrorKind::State, "the file is finished")
}

/// How files are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Aead {
    /// AES-128-GCM, which every client has.
    #[default]
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

/// Encrypts a file of any size, piece by piece. The pieces are uploaded in their order, then the
/// tag.
///
/// ```
/// use mimi::attachment::{Aead, FileOpener, FileSealer};
/// use mimi::compose::{Composer, Options};
///
/// # let (seed, salt) = ([7; 32], [8; 16]);
/// let mut sealer = FileSealer::new(Aead::Aes128Gcm, &seed)?; // seed: from a secure generator
/// let mut stored = sealer.seal(b"a roc")?;
/// stored.extend(sealer.seal(b"ket")?);
/// let (tag, file) = sealer.finish("https://a.example/rocket.gif", "image/gif")?;
/// stored.extend(tag);
/// let alice = Composer::new("mimi://a.example/u/alice", "mimi://a.example/r/clubhouse")?;
/// let message = alice.file(&salt, None, &file, &Options::default())?;
///
/// // The receiver reads what it fetched twice: to verify all of it, then to decrypt.
/// let mut opener = FileOpener::new(&message, 0, 1_767_225_600_000)?;
/// stored.chunks(4).try_for_each(|piece| opener.verify(piece))?;
/// opener.verified()?;
/// let mut content = Vec::new();
/// for piece in stored.chunks(7) {
///     content.extend(opener.open(piece)?);
/// }
/// opener.finish()?;
/// assert_eq!(content, b"a rocket");
/// # Ok::<(), mimi::Error>(())
/// ```
#[derive(Debug)]
pub struct FileSealer(Option<Sealer>);

impl FileSealer {
    /// Begins a file. `seed` is 32 bytes from a cryptographically secure generator, used once: the
    /// key and the nonce come from it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a seed of another length, or of zeros.
    pub fn new(aead: Aead, seed: &[u8]) -> Result<Self> {
        let algorithm = match aead {
            Aead::Aes128Gcm => AeadAlgorithm::AES_128_GCM,
            Aead::Aes256Gcm => AeadAlgorithm::AES_256_GCM,
            Aead::ChaCha20Poly1305 => AeadAlgorithm::CHACHA20_POLY1305,
        };
        let sealer = Sealer::generate(algorithm, &mut generator(seed)?).map_err(attachment_error)?;
        Ok(Self(Some(sealer)))
    }

    /// Encrypts the next piece.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the file is longer than the algorithm allows,
    /// [`ErrorKind::State`] after the end.
    pub fn seal(&mut self, piece: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = piece.to_vec();
        self.0.as_mut().ok_or_else(finished)?.seal(&mut sealed).map_err(attachment_error)?;
        Ok(sealed)
    }

    /// Ends the file: the tag, to be uploaded after the last piece, and what a message says about
    /// the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] the second time.
    pub fn finish(&mut self, url: &str, content_type: &str) -> Result<(Vec<u8>, SealedFile)> {
        let (tag, attachment) = self.0.take().ok_or_else(finished)?.finish();
        let part = attachment.into_part(url, content_type);
        Ok((
            tag,
            SealedFile {
                url: part.url,
                content_type: part.content_type,
                size: part.size,
                enc_alg: part.enc_alg.0,
                key: part.key,
                nonce: part.nonce,
                hash_alg: part.hash_alg.0,
                content_hash: part.content_hash,
                ..SealedFile::default()
            },
        ))
    }
}

/// What a message says about a file behind a URL. It holds the key.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct SealedFile {
    /// Where the file lies.
    pub url: String,
    /// The media type of the content.
    pub content_type: String,
    /// Bytes of the stored file; 0 if unknown.
    pub size: u64,
    /// When the file is gone, in seconds since the UNIX epoch; 0 if it stays.
    pub expires: u32,
    /// The AEAD algorithm's number in IANA's registry; 0 for none.
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

impl core::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SealedFile").field("url", &self.url).field("size", &self.size).finish_non_exhaustive()
    }
}

impl SealedFile {
    /// What part `index` of a message says; `None` if that is no file behind a URL.
    #[must_use]
    pub fn of_message(message: &Message, index: u16) -> Option<Self> {
        match &message.as_content().part(mimi_content::PartIndex(index))?.part {
            Part::External(part) => {
                let part = part.as_ref().clone();
                Some(Self {
                    url: part.url,
                    content_type: part.content_type,
                    size: part.size,
                    expires: part.expires,
                    enc_alg: part.enc_alg.0,
                    key: part.key,
                    nonce: part.nonce,
                    aad: part.aad,
                    hash_alg: part.hash_alg.0,
                    content_hash: part.content_hash,
                    description: part.description,
                    filename: part.filename,
                })
            }
            _ => None,
        }
    }

    pub(crate) fn part(&self) -> ExternalPart {
        ExternalPart {
            content_type: self.content_type.clone(),
            url: self.url.clone(),
            expires: self.expires,
            size: self.size,
            enc_alg: AeadAlgorithm(self.enc_alg),
            key: self.key.clone(),
            nonce: self.nonce.clone(),
            aad: self.aad.clone(),
            hash_alg: HashAlgorithm(self.hash_alg),
            content_hash: self.content_hash.clone(),
            description: self.description.clone(),
            filename: self.filename.clone(),
        }
    }
}

/// Opens a stored file in two readings: the first verifies all of it, the second decrypts. See
/// [`FileSealer`] for an example.
///
/// What is read the second time must be what was verified: copy the file first, do not fetch it
/// twice.
#[derive(Debug)]
pub struct FileOpener(Reading);

#[derive(Debug)]
enum Reading {
    First(Box<Verifier<'static>>),
    Second(Box<VerifiedFile>),
    Ended,
}

impl FileOpener {
    /// Begins to verify the file of part `index` of a message, at `now_ms` in milliseconds since
    /// the UNIX epoch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unknown`] if the part is no file behind a URL, [`ErrorKind::NotAllowed`] if the
    /// file has expired, [`ErrorKind::InvalidInput`] for unknown algorithms or a key of a wrong
    /// length.
    pub fn new(message: &Message, index: u16, now_ms: u64) -> Result<Self> {
        let file = SealedFile::of_message(message, index);
        let file =
            file.ok_or_else(|| Error::new(ErrorKind::Unknown, "the part is no file").in_field("index"))?;
        Self::of_file(&file, now_ms)
    }

    /// As [`new`](Self::new), for a file that was described elsewhere.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn of_file(file: &SealedFile, now_ms: u64) -> Result<Self> {
        let mut part = file.part();
        let verifier = Verifier::new(&part.as_ref(), now_ms).map_err(attachment_error);
        drop(Zeroizing::new(core::mem::take(&mut part.key)));
        Ok(Self(Reading::First(Box::new(verifier?))))
    }

    /// Takes the next piece of the first reading.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`] as soon as the file is longer than the message says,
    /// [`ErrorKind::State`] after the first reading.
    pub fn verify(&mut self, piece: &[u8]) -> Result<()> {
        match &mut self.0 {
            Reading::First(verifier) => verifier.update(piece).map_err(attachment_error),
            _ => Err(Error::new(ErrorKind::State, "the first reading has ended")),
        }
    }

    /// Ends the first reading: checks size, hash and tag. Returns the length of the content.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`] if the file is not the one that the message describes,
    /// [`ErrorKind::State`] the second time.
    pub fn verified(&mut self) -> Result<u64> {
        match core::mem::replace(&mut self.0, Reading::Ended) {
            Reading::First(verifier) => {
                let verified = verifier.finish().map_err(attachment_error)?;
                let length = verified.content_length();
                self.0 = Reading::Second(Box::new(verified));
                Ok(length)
            }
            other => {
                self.0 = other;
                Err(Error::new(ErrorKind::State, "the first reading has ended"))
            }
        }
    }

    /// Decrypts the next piece of the second reading.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] before [`verified`](Self::verified), [`ErrorKind::NotAuthentic`] if
    /// more is read than was verified.
    pub fn open(&mut self, piece: &[u8]) -> Result<Vec<u8>> {
        let Reading::Second(file) = &mut self.0 else {
            return Err(Error::new(ErrorKind::State, "the file is not verified"));
        };
        let mut opened = piece.to_vec();
        let length = file.decrypt(&mut opened).map_err(attachment_error)?;
        opened.truncate(length);
        Ok(opened)
    }

    /// Ends the second reading.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`] if it did not see what the first one verified: discard what was
    /// opened. [`ErrorKind::State`] before the second reading, and the second time.
    pub fn finish(&mut self) -> Result<()> {
        match core::mem::replace(&mut self.0, Reading::Ended) {
            Reading::Second(file) => file.finish().map_err(attachment_error),
            Reading::Ended => Err(finished()),
            first @ Reading::First(_) => {
                self.0 = first;
                Err(Error::new(ErrorKind::State, "the file is not verified"))
            }
        }
    }
}
