//! SHA-2, HMAC and HKDF.

use alloc::vec::Vec;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::Zeroize;

use crate::CryptoError;

/// The hash of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

macro_rules! for_hash {
    ($self:expr, $Sha:ident => $body:expr) => {
        match $self {
            Hash::Sha256 => {
                type $Sha = Sha256;
                $body
            }
            Hash::Sha384 => {
                type $Sha = Sha384;
                $body
            }
            Hash::Sha512 => {
                type $Sha = Sha512;
                $body
            }
        }
    };
}

fn keyed<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Result<M, CryptoError> {
    // HMAC takes keys of every length.
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| CryptoError::ProviderFailure)?;
    parts.iter().for_each(|part| mac.update(part));
    Ok(mac)
}

impl Hash {
    /// KDF.Nh in bytes.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
        for_hash!(self, Sha => {
            let mut hash = Sha::new();
            parts.iter().for_each(|part| hash.update(part));
            hash.finalize().to_vec()
        })
    }

    pub(super) fn mac(self, key: &[u8], parts: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
        for_hash!(self, Sha => Ok(keyed::<Hmac<Sha>>(key, parts)?.finalize().into_bytes().to_vec()))
    }

    pub(super) fn verify_mac(self, key: &[u8], parts: &[&[u8]], tag: &[u8]) -> Result<(), CryptoError> {
        for_hash!(self, Sha => keyed::<Hmac<Sha>>(key, parts)?.verify_slice(tag).map_err(|_| CryptoError::InvalidTag))
    }

    pub(super) fn extract(self, salt: &[u8], ikm: &[u8]) -> Vec<u8> {
        for_hash!(self, Sha => {
            let (mut prk, _) = Hkdf::<Sha>::extract(Some(salt), ikm);
            let copy = prk.to_vec();
            prk.as_mut_slice().zeroize();
            copy
        })
    }

    pub(super) fn expand(self, prk: &[u8], info: &[u8], length: usize) -> Result<Vec<u8>, CryptoError> {
        for_hash!(self, Sha => {
            let expected = self.length();
            let hkdf = Hkdf::<Sha>::from_prk(prk)
                .map_err(|_| CryptoError::InvalidLength { what: "secret", expected, actual: prk.len() })?;
            let mut output = vec![0; length];
            hkdf.expand(info, &mut output).map_err(|_| CryptoError::OutputTooLong { length })?;
            Ok(output)
        })
    }
}
