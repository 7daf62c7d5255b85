//! Ed25519, ECDSA over the NIST curves, and the scheme of the post-quantum suites.

use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::Signer;
use p256::ecdsa::signature::{RandomizedSigner, Verifier};
use rand_core::CryptoRng;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::curve::{is_reduced, is_uncompressed};
#[cfg(feature = "post-quantum")]
use super::post_quantum::{LatticeScheme, LatticeSigningKey};
use crate::{CryptoError, secret::check_length};

/// The signature scheme of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Ed25519,
    P256,
    P384,
    P521,
    #[cfg(feature = "post-quantum")]
    Lattice(LatticeScheme),
}

enum Key {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    #[cfg(feature = "post-quantum")]
    Lattice(LatticeSigningKey),
}

/// A key of [`RustCrypto`](crate::RustCrypto) ready to sign: its public key is computed once.
/// Zeroized on drop.
pub struct RustCryptoSigningKey(Key);

// Only as long as the keys of all schemes do it.
impl ZeroizeOnDrop for RustCryptoSigningKey
where
    ed25519_dalek::SigningKey: ZeroizeOnDrop,
    p256::ecdsa::SigningKey: ZeroizeOnDrop,
    p384::ecdsa::SigningKey: ZeroizeOnDrop,
    p521::ecdsa::SigningKey: ZeroizeOnDrop,
{
}

impl fmt::Debug for RustCryptoSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RustCryptoSigningKey([redacted])")
    }
}

const INVALID_PRIVATE_KEY: CryptoError = CryptoError::InvalidKey { what: "signature private key" };
const INVALID_PUBLIC_KEY: CryptoError = CryptoError::InvalidKey { what: "signature public key" };

macro_rules! ecdsa_verify {
    ($curve:ident, $public_key:expr, $message:expr, $signature:expr) => {{
        let key =
            $curve::ecdsa::VerifyingKey::from_sec1_bytes($public_key).map_err(|_| INVALID_PUBLIC_KEY)?;
        let signature =
            $curve::ecdsa::Signature::from_der($signature).map_err(|_| CryptoError::MalformedSignature)?;
        key.verify($message, &signature).map_err(|_| CryptoError::InvalidSignature)
    }};
}

/// A point on the curve that is not of small order.
pub(super) fn ed25519_public_key(public_key: &[u8]) -> Result<ed25519_dalek::VerifyingKey, CryptoError> {
    let public_key = public_key.try_into().map_err(|_| INVALID_PUBLIC_KEY)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(public_key).map_err(|_| INVALID_PUBLIC_KEY)?;
    if key.is_weak() || !is_reduced(public_key) { Err(INVALID_PUBLIC_KEY) } else { Ok(key) }
}

impl Scheme {
    /// The lengths of private and public keys in bytes.
    pub(super) const fn key_lengths(self) -> (usize, usize) {
        match self {
            Self::Ed25519 => (32, 32),
            Self::P256 => (32, 65),
            Self::P384 => (48, 97),
            Self::P521 => (66, 133),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(scheme) => scheme.key_lengths(),
        }
    }

    pub(super) fn signing_key(self, private_key: &[u8]) -> Result<RustCryptoSigningKey, CryptoError> {
        check_length("signature private key", private_key, self.key_lengths().0)?;
        let key = match self {
            Self::Ed25519 => private_key.try_into().map(Key::Ed25519).map_err(|_| INVALID_PRIVATE_KEY),
            Self::P256 => p256::ecdsa::SigningKey::from_slice(private_key)
                .map(Key::P256)
                .map_err(|_| INVALID_PRIVATE_KEY),
            Self::P384 => p384::ecdsa::SigningKey::from_slice(private_key)
                .map(Key::P384)
                .map_err(|_| INVALID_PRIVATE_KEY),
            Self::P521 => p521::ecdsa::SigningKey::from_slice(private_key)
                .map(Key::P521)
                .map_err(|_| INVALID_PRIVATE_KEY),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(scheme) => {
                scheme.signing_key(private_key).map(Key::Lattice).ok_or(INVALID_PRIVATE_KEY)
            }
        };
        key.map(RustCryptoSigningKey)
    }

    pub(super) fn generate(self, rng: &mut dyn CryptoRng) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut bytes = Zeroizing::new(vec![0; self.key_lengths().0]);
        // Rejection keeps the scalar uniform. Of P-521's 528 bits the order has 521; of the others'
        // attempts hardly one fails.
        for _ in 0..100 {
            rng.fill_bytes(&mut bytes);
            if let (Self::P521, Some(first)) = (self, bytes.first_mut()) {
                *first &= 1;
            }
            if self.signing_key(&bytes).is_ok() {
                return Ok(bytes);
            }
        }
        Err(CryptoError::ProviderFailure)
    }

    pub(super) fn verify(
        self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        if matches!(self, Self::P256 | Self::P384 | Self::P521) && !is_uncompressed(public_key) {
            return Err(INVALID_PUBLIC_KEY);
        }
        match self {
            Self::Ed25519 => {
                let key = ed25519_public_key(public_key)?;
                let signature = ed25519_dalek::Signature::from_slice(signature)
                    .map_err(|_| CryptoError::MalformedSignature)?;
                key.verify_strict(message, &signature).map_err(|_| CryptoError::InvalidSignature)
            }
            Self::P256 => ecdsa_verify!(p256, public_key, message, signature),
            Self::P384 => ecdsa_verify!(p384, public_key, message, signature),
            Self::P521 => ecdsa_verify!(p521, public_key, message, signature),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(scheme) => scheme.verify(public_key, message, signature),
        }
    }
}

impl RustCryptoSigningKey {
    pub(super) fn scheme(&self) -> Scheme {
        match &self.0 {
            Key::Ed25519(_) => Scheme::Ed25519,
            Key::P256(_) => Scheme::P256,
            Key::P384(_) => Scheme::P384,
            Key::P521(_) => Scheme::P521,
            #[cfg(feature = "post-quantum")]
            Key::Lattice(key) => Scheme::Lattice(key.scheme()),
        }
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        match &self.0 {
            Key::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Key::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Key::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Key::P521(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            #[cfg(feature = "post-quantum")]
            Key::Lattice(key) => key.public_key(),
        }
    }

    pub(super) fn sign(&self, message: &[u8], mut rng: &mut dyn CryptoRng) -> Result<Vec<u8>, CryptoError> {
        match &self.0 {
            Key::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.try_sign_with_rng(&mut rng, message).map_err(|_| CryptoError::ProviderFailure)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Key::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.try_sign_with_rng(&mut rng, message).map_err(|_| CryptoError::ProviderFailure)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Key::P521(key) => {
                let signature: p521::ecdsa::Signature =
                    key.try_sign_with_rng(&mut rng, message).map_err(|_| CryptoError::ProviderFailure)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            #[cfg(feature = "post-quantum")]
            Key::Lattice(key) => key.sign(message, rng),
        }
    }
}
