//! AEAD with a nonce in front: what identity links and wrapped keys are sealed with. The crate's
//! docs say why nonces are random.

use mimi_codec::{Encode, Opaque, Reader, minimal_metadata::NonceAndCiphertext};
use mimi_crypto::{AeadKey, CipherSuiteProvider, CryptoError, Secret, expand_with_label, random_secret};
use rand_core::CryptoRng;

use crate::PseudonymError;

// key = ExpandWithLabel(secret, label, "", AEAD.Nk)
pub(crate) fn aead_key<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    secret: &Secret,
    label: &[u8],
) -> Result<AeadKey, PseudonymError> {
    let key = expand_with_label(suite, secret, label, b"", suite.parameters().nk)?;
    Ok(AeadKey::from_secret(suite, key)?)
}

/// A serialized NonceAndCiphertext, its nonce drawn from `rng`.
pub(crate) fn seal<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    key: &AeadKey,
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Opaque, PseudonymError> {
    let nonce = random_secret(suite.parameters().nn, rng);
    let ciphertext = suite.aead_seal(key, nonce.expose(), aad, plaintext)?;
    let sealed = NonceAndCiphertext { nonce: nonce.expose().into(), ciphertext: ciphertext.into() };
    Ok(sealed.to_bytes()?.into())
}

/// What is in a serialized NonceAndCiphertext; `error` if it doesn't open.
pub(crate) fn open<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    key: &AeadKey,
    aad: &[u8],
    sealed: &[u8],
    error: PseudonymError,
) -> Result<Secret, PseudonymError> {
    let mut reader = Reader::new(sealed);
    let nonce: &[u8] = reader.field("nonce")?;
    let ciphertext: &[u8] = reader.field("ciphertext")?;
    reader.finish()?;
    suite.aead_open(key, nonce, aad, ciphertext).map_err(|failure| match failure {
        CryptoError::DecryptionFailed => error,
        other => other.into(),
    })
}
