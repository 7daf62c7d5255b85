//! Files of any size, in constant memory.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use aes::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use aes_gcm::aead::KeyInit;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use poly1305::Poly1305;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Attachment, AttachmentError, Result};
use crate::message_id::HashAlgorithm;
use crate::part::{AeadAlgorithm, ExternalPartRef};

/// What sizes an AEAD algorithm has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AeadSizes {
    /// Bytes of the key.
    pub key: usize,
    /// Bytes of the nonce.
    pub nonce: usize,
    /// Bytes of the tag, which follows the ciphertext.
    pub tag: usize,
    /// Bytes of the longest content.
    pub longest: u64,
}

/// Algorithms for files, by their number in IANA's registry. [`BuiltIn`] has three; a provider of
/// more adds them in front of it.
///
/// An algorithm encrypts by a keystream and authenticates the ciphertext, as GCM and
/// ChaCha20-Poly1305 do.
pub trait FileAeads: Send + Sync {
    /// The sizes of an algorithm; `None` if the provider does not have it.
    fn sizes(&self, enc_alg: AeadAlgorithm) -> Option<AeadSizes>;

    /// Begins to encrypt or decrypt one file. `None` if the provider does not have the algorithm,
    /// or key or nonce are not of its sizes.
    fn begin(
        &self,
        enc_alg: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Option<Box<dyn FileAead>>;
}

/// An algorithm at work on one file under one key and nonce.
pub trait FileAead: Send + Sync {
    /// Encrypts or decrypts the bytes of the content from `offset` on.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::TooLong`] beyond the longest content.
    fn apply_keystream(&mut self, offset: u64, piece: &mut [u8]) -> Result<()>;

    /// Takes the next piece of the ciphertext into the tag.
    fn authenticate(&mut self, ciphertext: &[u8]);

    /// The tag over all of the ciphertext. Called once, at the end.
    fn tag(&mut self) -> Vec<u8>;
}

/// AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl FileAeads for BuiltIn {
    fn sizes(&self, enc_alg: AeadAlgorithm) -> Option<AeadSizes> {
        // SP 800-38D §5.2.1.1 and RFC 8439 §2.8.
        let (key, longest) = match enc_alg {
            AeadAlgorithm::AES_128_GCM => (16, (1 << 36) - 32),
            AeadAlgorithm::AES_256_GCM => (32, (1 << 36) - 32),
            AeadAlgorithm::CHACHA20_POLY1305 => (32, (1 << 38) - 64),
            _ => return None,
        };
        Some(AeadSizes { key, nonce: super::NONCE, tag: super::TAG, longest })
    }

    fn begin(
        &self,
        enc_alg: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Option<Box<dyn FileAead>> {
        Some(match enc_alg {
            AeadAlgorithm::AES_128_GCM => Box::new(gcm::<ctr::Ctr32BE<aes::Aes128>>(key, nonce, aad)?),
            AeadAlgorithm::AES_256_GCM => Box::new(gcm::<ctr::Ctr32BE<aes::Aes256>>(key, nonce, aad)?),
            AeadAlgorithm::CHACHA20_POLY1305 => Box::new(chacha(key, nonce, aad)?),
            _ => return None,
        })
    }
}

/// AES-GCM (SP 800-38D §7): the keystream begins with the block that masks the tag.
fn gcm<C: KeyIvInit + StreamCipher + StreamCipherSeek + Send + Sync>(
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
) -> Option<Working<C, GHash>> {
    // The hash key is the keystream's block of the counter 0 under a nonce of zeros.
    let mut hash_key = [0; 16];
    C::new_from_slices(key, &[0; 16]).ok()?.apply_keystream(&mut hash_key);
    let counter: [u8; 16] = core::array::from_fn(|at| match at {
        15 => 1,
        at => nonce.get(at).copied().unwrap_or_default(),
    });
    let mut cipher = (nonce.len() == super::NONCE).then(|| C::new_from_slices(key, &counter).ok())??;
    let mut mask = [0; 16];
    cipher.apply_keystream(&mut mask);
    let mac = GHash::new(&hash_key.into());
    zeroize::Zeroize::zeroize(&mut hash_key);
    Some(Working::new(cipher, 16, mac, aad, Lengths::Bits(mask)))
}

/// ChaCha20-Poly1305 (RFC 8439 §2.8): the first block of the keystream holds the key of the tag.
fn chacha(key: &[u8], nonce: &[u8], aad: &[u8]) -> Option<Working<chacha20::ChaCha20, Poly1305>> {
    let mut cipher = chacha20::ChaCha20::new_from_slices(key, nonce).ok()?;
    let mut mac_key = Zeroizing::new([0; 32]);
    cipher.apply_keystream(&mut mac_key[..]);
    let mac = Poly1305::new_from_slice(&mac_key[..]).ok()?;
    Some(Working::new(cipher, 64, mac, aad, Lengths::Bytes))
}

/// How the lengths of aad and ciphertext stand in the last block.
enum Lengths {
    /// In bits, big-endian; the tag is masked.
    Bits([u8; 16]),
    /// In bytes, little-endian.
    Bytes,
}

/// A keystream and a universal hash over blocks of 16 bytes.
struct Working<C, M> {
    cipher: C,
    /// Bytes of the keystream before those of the content.
    skipped: u64,
    mac: M,
    lengths: Lengths,
    aad: u64,
    authenticated: u64,
    /// What does not fill a block yet.
    partial: [u8; 16],
    filled: usize,
}

impl<C, M: UniversalHash> Working<C, M> {
    fn new(cipher: C, skipped: u64, mut mac: M, aad: &[u8], lengths: Lengths) -> Self {
        mac.update_padded(aad);
        Self {
            cipher,
            skipped,
            mac,
            lengths,
            aad: aad.len() as u64,
            authenticated: 0,
            partial: [0; 16],
            filled: 0,
        }
    }
}

impl<C: StreamCipher + StreamCipherSeek + Send + Sync, M: UniversalHash + Clone + Send + Sync> FileAead
    for Working<C, M>
{
    fn apply_keystream(&mut self, offset: u64, piece: &mut [u8]) -> Result<()> {
        let too_long = || AttachmentError::TooLong { bytes: offset.saturating_add(piece.len() as u64) };
        let at = offset.checked_add(self.skipped).ok_or_else(too_long)?;
        self.cipher.try_seek(at).map_err(|_| too_long())?;
        let bytes = offset.saturating_add(piece.len() as u64);
        self.cipher.try_apply_keystream(piece).map_err(|_| AttachmentError::TooLong { bytes })
    }

    fn authenticate(&mut self, mut ciphertext: &[u8]) {
        self.authenticated = self.authenticated.saturating_add(ciphertext.len() as u64);
        if self.filled > 0 {
            let room = self.partial.get_mut(self.filled..).unwrap_or_default();
            let taken = room.len().min(ciphertext.len());
            let (head, rest) = ciphertext.split_at_checked(taken).unwrap_or_default();
            for (place, byte) in room.iter_mut().zip(head) {
                *place = *byte;
            }
            self.filled = self.filled.saturating_add(taken);
            ciphertext = rest;
            if self.filled < self.partial.len() {
                return;
            }
            self.mac.update_padded(&self.partial);
            self.filled = 0;
        }
        let whole = ciphertext.len() & !15;
        let (blocks, rest) = ciphertext.split_at_checked(whole).unwrap_or_default();
        self.mac.update_padded(blocks);
        for (place, byte) in self.partial.iter_mut().zip(rest) {
            *place = *byte;
        }
        self.filled = rest.len();
    }

    fn tag(&mut self) -> Vec<u8> {
        let rest = self.partial.get(..self.filled).unwrap_or_default();
        self.mac.update_padded(rest);
        self.filled = 0;
        let (aad, ciphertext) = match self.lengths {
            Lengths::Bits(_) => {
                (self.aad.saturating_mul(8).to_be_bytes(), self.authenticated.saturating_mul(8).to_be_bytes())
            }
            Lengths::Bytes => (self.aad.to_le_bytes(), self.authenticated.to_le_bytes()),
        };
        self.mac.update_padded(&[aad, ciphertext].concat());
        let mut tag = self.mac.clone().finalize().to_vec();
        if let Lengths::Bits(mask) = self.lengths {
            tag.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        }
        tag
    }
}

/// Encrypts a file piece by piece, under a key and a nonce that are drawn for it alone, with an
/// empty aad.
///
/// Memory is constant, whatever the file's size. The pieces are uploaded in their order, then the
/// tag. Sealing is resumed by going on with the next piece; a sealer cannot be copied, because two
/// contents under one key and nonce would show each other.
///
/// ```
/// use mimi_content::{AeadAlgorithm, FileSealer, FileVerifier};
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
/// // The sender reads the file in pieces, and uploads each.
/// let (file, mut stored) = (b"2 hours of key signing".repeat(1000), Vec::new());
/// let mut sealer = FileSealer::generate(AeadAlgorithm::AES_128_GCM, &mut rng)?;
/// for piece in file.chunks(4096) {
///     let mut piece = piece.to_vec();
///     sealer.seal(&mut piece)?;
///     stored.extend(piece);
/// }
/// let (tag, attachment) = sealer.finish();
/// stored.extend(tag);
/// let part = attachment.into_part("https://example.com/storage/8ksB4bSrrRE.mp4", "video/mp4");
///
/// // The receiver stores what it fetches, and reads it twice: to verify all of it, then to decrypt.
/// let mut verifier = FileVerifier::new(&part.as_ref(), 0)?;
/// stored.chunks(1000).try_for_each(|piece| verifier.update(piece))?;
/// let mut verified = verifier.finish()?;
/// let mut content: Vec<u8> = Vec::new();
/// for piece in stored.chunks(5000) {
///     let mut piece = piece.to_vec();
///     let length = verified.decrypt(&mut piece)?;
///     content.extend(&piece[..length]);
/// }
/// verified.finish()?;
/// assert_eq!(content, file);
/// # Ok::<(), mimi_content::AttachmentError>(())
/// ```
pub struct FileSealer {
    enc_alg: AeadAlgorithm,
    key: Zeroizing<Vec<u8>>,
    nonce: Vec<u8>,
    aead: Box<dyn FileAead>,
    hash: Sha256,
    size: u64,
    longest: u64,
}

impl FileSealer {
    /// Draws a key and a nonce for one of the [`BuiltIn`] algorithms.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::UnknownAead`] for another algorithm, [`AeadAlgorithm::NONE`] included.
    pub fn generate(enc_alg: AeadAlgorithm, rng: &mut dyn CryptoRng) -> Result<Self> {
        Self::generate_with(&BuiltIn, enc_alg, rng)
    }

    /// As [`FileSealer::generate`], for an algorithm of a provider.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::UnknownAead`] for an algorithm that the provider does not have.
    pub fn generate_with(
        aeads: &dyn FileAeads,
        enc_alg: AeadAlgorithm,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self> {
        let unknown = AttachmentError::UnknownAead(enc_alg);
        let sizes = aeads.sizes(enc_alg).ok_or(unknown)?;
        let mut key = Zeroizing::new(alloc::vec![0; sizes.key]);
        let mut nonce = alloc::vec![0; sizes.nonce];
        rng.fill_bytes(&mut key);
        rng.fill_bytes(&mut nonce);
        let aead = aeads.begin(enc_alg, &key, &nonce, &[]).ok_or(unknown)?;
        Ok(Self { enc_alg, key, nonce, aead, hash: Sha256::new(), size: 0, longest: sizes.longest })
    }

    /// Encrypts the next piece of the file in its place.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::TooLong`] if the file is longer than the algorithm allows. The piece is
    /// unchanged then.
    pub fn seal(&mut self, piece: &mut [u8]) -> Result<()> {
        let size = self.size.saturating_add(piece.len() as u64);
        if size > self.longest {
            return Err(AttachmentError::TooLong { bytes: size });
        }
        self.aead.apply_keystream(self.size, piece)?;
        self.aead.authenticate(piece);
        self.hash.update(&*piece);
        self.size = size;
        Ok(())
    }

    /// The tag, which is uploaded after the last piece, and what the message says about the file.
    #[must_use]
    pub fn finish(mut self) -> (Vec<u8>, Attachment) {
        let tag = self.aead.tag();
        self.hash.update(&tag);
        let attachment = Attachment {
            enc_alg: self.enc_alg,
            key: self.key,
            nonce: self.nonce,
            size: self.size.saturating_add(tag.len() as u64),
            content_hash: self.hash.finalize().into(),
        };
        (tag, attachment)
    }
}

impl fmt::Debug for FileSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSealer")
            .field("enc_alg", &self.enc_alg)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The hash that a part names, at work.
#[derive(Clone)]
enum ContentHash {
    None,
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl ContentHash {
    fn of(part: &ExternalPartRef<'_>) -> Result<Self> {
        if part.hash_alg == HashAlgorithm::RESERVED && part.content_hash.is_empty() {
            let authenticated = part.enc_alg != AeadAlgorithm::NONE;
            return if authenticated { Ok(Self::None) } else { Err(AttachmentError::NothingToVerify) };
        }
        Ok(match part.hash_alg {
            HashAlgorithm::SHA_256 => Self::Sha256(Sha256::new()),
            HashAlgorithm::SHA_384 => Self::Sha384(Sha384::new()),
            HashAlgorithm::SHA_512 => Self::Sha512(Sha512::new()),
            unknown => return Err(AttachmentError::UnknownHash(unknown)),
        })
    }

    fn update(&mut self, piece: &[u8]) {
        match self {
            Self::None => {}
            Self::Sha256(hash) => hash.update(piece),
            Self::Sha384(hash) => hash.update(piece),
            Self::Sha512(hash) => hash.update(piece),
        }
    }

    fn is(self, expected: &[u8]) -> bool {
        match self {
            Self::None => true,
            Self::Sha256(hash) => hash.finalize()[..] == *expected,
            Self::Sha384(hash) => hash.finalize()[..] == *expected,
            Self::Sha512(hash) => hash.finalize()[..] == *expected,
        }
    }
}

/// What has been read of a stored file: the hash and the tag over it.
struct Reading {
    hash: ContentHash,
    /// Nothing for a file that is not encrypted.
    aead: Option<Box<dyn FileAead>>,
    /// The last bytes that were read, which may be the tag.
    held: Vec<u8>,
    tag: usize,
    read: u64,
}

impl Reading {
    fn begin(part: &Part, aeads: &dyn FileAeads) -> Result<Self> {
        let (aead, tag) = part.begin(aeads)?;
        Ok(Self { hash: part.hash.clone(), aead, held: Vec::new(), tag, read: 0 })
    }

    /// Takes a piece in, and holds the last bytes back from the tag's calculation.
    fn update(&mut self, piece: &[u8]) {
        self.read = self.read.saturating_add(piece.len() as u64);
        self.hash.update(piece);
        let Some(aead) = &mut self.aead else { return };
        let (before, last) = piece.split_at_checked(piece.len().saturating_sub(self.tag)).unwrap_or_default();
        // What was held goes before the piece, as far as it is no longer among the last bytes.
        let kept = self.tag.saturating_sub(last.len());
        let done = self.held.len().saturating_sub(kept);
        aead.authenticate(self.held.get(..done).unwrap_or_default());
        self.held.drain(..done.min(self.held.len()));
        aead.authenticate(before);
        self.held.extend_from_slice(last);
    }

    /// Whether hash and tag are right.
    fn check(&mut self, part: &Part) -> Result<()> {
        if !self.hash.clone().is(&part.content_hash) {
            return Err(AttachmentError::OtherContent);
        }
        if let Some(aead) = &mut self.aead {
            let tag = aead.tag();
            if self.held.len() != self.tag || !bool::from(tag.as_slice().ct_eq(&self.held)) {
                return Err(AttachmentError::Forged);
            }
        }
        Ok(())
    }
}

/// What a part says about its file.
struct Part {
    enc_alg: AeadAlgorithm,
    key: Zeroizing<Vec<u8>>,
    nonce: Vec<u8>,
    aad: Vec<u8>,
    size: u64,
    hash: ContentHash,
    content_hash: Vec<u8>,
}

impl Part {
    /// The algorithm at the beginning of the file, and the bytes of its tag.
    fn begin(&self, aeads: &dyn FileAeads) -> Result<(Option<Box<dyn FileAead>>, usize)> {
        if self.enc_alg == AeadAlgorithm::NONE {
            return Ok((None, 0));
        }
        let sizes = aeads.sizes(self.enc_alg).ok_or(AttachmentError::UnknownAead(self.enc_alg))?;
        let enc_alg = self.enc_alg;
        if self.key.len() != sizes.key {
            return Err(AttachmentError::KeyLength { enc_alg, found: self.key.len() });
        }
        if self.nonce.len() != sizes.nonce {
            return Err(AttachmentError::NonceLength { enc_alg, found: self.nonce.len() });
        }
        let aead = aeads.begin(enc_alg, &self.key, &self.nonce, &self.aad);
        Ok((Some(aead.ok_or(AttachmentError::UnknownAead(enc_alg))?), sizes.tag))
    }
}

/// Verifies a stored file piece by piece, before anything of it is decrypted: the first of two
/// readings.
///
/// The pieces come in their order, of any size, as they are fetched: verification goes on where a
/// download stopped. Memory is constant. See [`FileSealer`] for an example.
pub struct FileVerifier<'p> {
    part: Part,
    aeads: &'p dyn FileAeads,
    reading: Reading,
}

impl<'p> FileVerifier<'p> {
    /// Begins to verify what lies at a part's URL, at `now_ms` (milliseconds since the UNIX epoch).
    ///
    /// # Errors
    ///
    /// As [`ExternalPartRef::open`], for what can be known without the file.
    pub fn new(part: &ExternalPartRef<'_>, now_ms: u64) -> Result<Self> {
        Self::with(part, now_ms, &BuiltIn)
    }

    /// As [`FileVerifier::new`], with the algorithms of a provider.
    ///
    /// # Errors
    ///
    /// As [`FileVerifier::new`].
    pub fn with(part: &ExternalPartRef<'_>, now_ms: u64, aeads: &'p dyn FileAeads) -> Result<Self> {
        part.check_expiry(now_ms)?;
        if part.has_key_without_encryption() {
            return Err(AttachmentError::KeyWithoutEncryption);
        }
        let hash = ContentHash::of(part)?;
        let part = Part {
            enc_alg: part.enc_alg,
            key: Zeroizing::new(part.key.to_vec()),
            nonce: part.nonce.to_vec(),
            aad: part.aad.to_vec(),
            size: part.size,
            hash,
            content_hash: part.content_hash.to_vec(),
        };
        let reading = Reading::begin(&part, aeads)?;
        Ok(Self { part, aeads, reading })
    }

    /// Takes the next piece of what lies at the URL.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::Size`] as soon as the file is longer than the part says: nothing more
    /// needs to be fetched.
    pub fn update(&mut self, piece: &[u8]) -> Result<()> {
        self.reading.update(piece);
        let longest = self.part.size.saturating_add(self.reading.tag as u64);
        if self.part.size != 0 && self.reading.read > longest {
            return Err(AttachmentError::Size { expected: self.part.size, found: self.reading.read });
        }
        Ok(())
    }

    /// Bytes that were taken so far: where a download that stopped goes on.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.reading.read
    }

    /// Checks size, hash and tag, now that all pieces were taken.
    ///
    /// # Errors
    ///
    /// As [`ExternalPartRef::open`].
    pub fn finish(mut self) -> Result<VerifiedFile> {
        let (found, tag) = (self.reading.read, self.reading.tag as u64);
        let size = self.part.size;
        if size != 0 && size != found && size.checked_add(tag) != Some(found) {
            return Err(AttachmentError::Size { expected: size, found });
        }
        self.reading.check(&self.part)?;
        let length = found.checked_sub(tag).ok_or(AttachmentError::Forged)?;
        let second = Reading::begin(&self.part, self.aeads)?;
        let (aead, _) = self.part.begin(self.aeads)?;
        Ok(VerifiedFile { part: self.part, length, aead, second })
    }
}

impl fmt::Debug for FileVerifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileVerifier").field("position", &self.position()).finish_non_exhaustive()
    }
}

/// A file whose hash and tag were found right, to be decrypted in a second reading of the same
/// stored bytes.
///
/// What is read the second time must be what was verified: a source that others can change in
/// between, such as the URL itself, must be copied first. [`VerifiedFile::finish`] tells whether it
/// was the same.
pub struct VerifiedFile {
    part: Part,
    length: u64,
    aead: Option<Box<dyn FileAead>>,
    second: Reading,
}

impl VerifiedFile {
    /// Bytes of the content.
    #[must_use]
    pub fn content_length(&self) -> u64 {
        self.length
    }

    /// Decrypts the next piece of the stored bytes in its place, and returns how many bytes at its
    /// beginning are content: all but those of the tag at the end.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::OtherContent`] if there are more bytes than were verified.
    pub fn decrypt(&mut self, piece: &mut [u8]) -> Result<usize> {
        let offset = self.second.read;
        let total = self.length.saturating_add(self.second.tag as u64);
        if offset.saturating_add(piece.len() as u64) > total {
            return Err(AttachmentError::OtherContent);
        }
        self.second.update(piece);
        let left = self.length.saturating_sub(offset);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        if length > 0 {
            self.decrypt_at(offset, piece.get_mut(..length).unwrap_or_default())?;
        }
        Ok(length)
    }

    /// Decrypts any piece of the content in its place, for example to play a film from its middle.
    /// `offset` counts from the beginning of the file.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::OtherContent`] beyond the end of the content.
    pub fn decrypt_at(&mut self, offset: u64, piece: &mut [u8]) -> Result<()> {
        if offset.saturating_add(piece.len() as u64) > self.length {
            return Err(AttachmentError::OtherContent);
        }
        match &mut self.aead {
            Some(aead) => aead.apply_keystream(offset, piece),
            None => Ok(()),
        }
    }

    /// Whether the second reading by [`VerifiedFile::decrypt`] saw what the first one verified.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::OtherContent`] or [`AttachmentError::Forged`] if it did not, or was not
    /// complete. What was decrypted must be discarded then.
    pub fn finish(mut self) -> Result<()> {
        if self.second.read != self.length.saturating_add(self.second.tag as u64) {
            return Err(AttachmentError::OtherContent);
        }
        self.second.check(&self.part)
    }
}

impl fmt::Debug for VerifiedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedFile").field("content_length", &self.length).finish_non_exhaustive()
    }
}
