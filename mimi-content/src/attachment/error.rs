//! Why a file is not sealed or opened.

use core::fmt;

use crate::message_id::HashAlgorithm;
use crate::part::AeadAlgorithm;

/// A file that can't be sealed, or what lies at a URL and is not what the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttachmentError {
    /// An encryption algorithm that this crate does not have. To seal, `encAlg` 0 is one too.
    UnknownAead(AeadAlgorithm),
    /// A hash algorithm that this crate does not have, or that is too short to tell one file from
    /// another.
    UnknownHash(HashAlgorithm),
    /// The key does not fit the algorithm.
    KeyLength {
        /// The algorithm.
        enc_alg: AeadAlgorithm,
        /// Bytes of the key.
        found: usize,
    },
    /// The nonce does not fit the algorithm.
    NonceLength {
        /// The algorithm.
        enc_alg: AeadAlgorithm,
        /// Bytes of the nonce.
        found: usize,
    },
    /// A key, nonce or aad although the content is not encrypted.
    KeyWithoutEncryption,
    /// The content became invalid at this time.
    Expired {
        /// Seconds since the UNIX epoch.
        expires: u32,
    },
    /// The file is longer or shorter than the message says.
    Size {
        /// Bytes that the message says.
        expected: u64,
        /// Bytes fetched.
        found: u64,
    },
    /// Neither encrypted nor with a hash: a service, whose answer the message says nothing about.
    NothingToVerify,
    /// The hash is another: the file was replaced or damaged.
    OtherContent,
    /// The file was not encrypted with this key, nonce and aad.
    Forged,
    /// The file is longer than the algorithm allows.
    TooLong {
        /// Bytes of the file.
        bytes: u64,
    },
}

impl fmt::Display for AttachmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAead(algorithm) => write!(f, "cannot encrypt or decrypt with {algorithm:?}"),
            Self::UnknownHash(algorithm) => write!(f, "cannot check a hash of {algorithm:?}"),
            Self::KeyLength { enc_alg, found } => write!(f, "key of {found} bytes for {enc_alg:?}"),
            Self::NonceLength { enc_alg, found } => write!(f, "nonce of {found} bytes for {enc_alg:?}"),
            Self::KeyWithoutEncryption => f.write_str("a key, nonce or aad without encryption"),
            Self::Expired { expires } => write!(f, "the content expired at {expires}"),
            Self::Size { expected, found } => write!(f, "{found} bytes, expected {expected}"),
            Self::NothingToVerify => f.write_str("neither encrypted nor with a hash"),
            Self::OtherContent => f.write_str("the content has another hash"),
            Self::Forged => f.write_str("the content was not encrypted with this key, nonce and aad"),
            Self::TooLong { bytes } => write!(f, "{bytes} bytes are too many for the algorithm"),
        }
    }
}

impl core::error::Error for AttachmentError {}
