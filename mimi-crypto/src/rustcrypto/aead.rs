//! AES-GCM and ChaCha20-Poly1305.

use alloc::vec::Vec;

use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead as _, Payload},
};

use crate::{CryptoError, secret::check_length};

/// AEAD.Nn in bytes, of all three.
pub(super) const NONCE_LENGTH: usize = 12;

/// The AEAD of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aead {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
}

macro_rules! for_cipher {
    ($self:expr, $Cipher:ident => $body:expr) => {
        match $self {
            Aead::Aes128Gcm => {
                type $Cipher = Aes128Gcm;
                $body
            }
            Aead::Aes256Gcm => {
                type $Cipher = Aes256Gcm;
                $body
            }
            Aead::ChaCha20Poly1305 => {
                type $Cipher = ChaCha20Poly1305;
                $body
            }
        }
    };
}

impl Aead {
    /// AEAD.Nk in bytes.
    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    fn check(self, key: &[u8], nonce: &[u8]) -> Result<(), CryptoError> {
        check_length("AEAD key", key, self.key_length())?;
        check_length("AEAD nonce", nonce, NONCE_LENGTH)
    }

    pub(super) fn seal(
        self,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.check(key, nonce)?;
        for_cipher!(self, Cipher => {
            let cipher = Cipher::new_from_slice(key).map_err(|_| CryptoError::ProviderFailure)?;
            let nonce = nonce.try_into().map_err(|_| CryptoError::ProviderFailure)?;
            cipher.encrypt(nonce, Payload { msg, aad }).map_err(|_| CryptoError::ProviderFailure)
        })
    }

    pub(super) fn open(
        self,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.check(key, nonce)?;
        for_cipher!(self, Cipher => {
            let cipher = Cipher::new_from_slice(key).map_err(|_| CryptoError::ProviderFailure)?;
            let nonce = nonce.try_into().map_err(|_| CryptoError::ProviderFailure)?;
            cipher.decrypt(nonce, Payload { msg, aad }).map_err(|_| CryptoError::DecryptionFailed)
        })
    }
}
