//! The labelled operations of RFC 9420 §5.1 and 8: what is made under one label is of no use under
//! another.
//!
//! Labels are given without the prefix `MLS 1.0 `, which every operation adds.

use alloc::vec::Vec;

use mimi_codec::{
    Writer,
    mls::{HPKECiphertext, HPKEPublicKey, SignaturePublicKey},
};
use rand_core::CryptoRng;

use crate::{CipherSuiteProvider, CryptoError, HpkePrivateKey, Secret, SignedMessage};

const PREFIX: &[u8] = b"MLS 1.0 ";

/// `head`, then `opaque label<V>`, the label behind its prefix, and `opaque content<V>`:
/// SignContent, EncryptContext and KDFLabel alike.
fn labelled(head: &[u8], label: &[u8], content: &[u8]) -> Result<Vec<u8>, CryptoError> {
    // Two lengths of at most four bytes.
    let capacity = [head, PREFIX, label, content].into_iter().map(<[u8]>::len).fold(8, usize::saturating_add);
    let mut writer = Writer::with_capacity(capacity);
    writer.bytes(head);
    writer.vector(|writer| {
        writer.bytes(PREFIX);
        writer.bytes(label);
        Ok(())
    })?;
    writer.opaque(content)?;
    Ok(writer.into_bytes())
}

/// Signs `content` under `label` (RFC 9420 §5.1.2).
///
/// ```text
/// SignWithLabel(SignatureKey, Label, Content) =
///     Signature.Sign(SignatureKey, SignContent)
///
/// label = "MLS 1.0 " + Label; content = Content;
/// ```
///
/// # Errors
/// [`CryptoError::Encode`] for content beyond 2^30 - 1 bytes, and those of
/// [`CipherSuiteProvider::sign`].
pub fn sign_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    signing_key: &S::SigningKey,
    label: &[u8],
    content: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    suite.sign(signing_key, &labelled(b"", label, content)?, rng)
}

/// Verifies a signature over `content` under `label` (RFC 9420 §5.1.2).
///
/// ```text
/// VerifyWithLabel(VerificationKey, Label, Content, SignatureValue) =
///     Signature.Verify(VerificationKey, SignContent, SignatureValue)
/// ```
///
/// # Errors
/// [`CryptoError::Encode`] for content beyond 2^30 - 1 bytes, and those of
/// [`CipherSuiteProvider::verify`].
pub fn verify_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    public_key: &SignaturePublicKey,
    label: &[u8],
    content: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    suite.verify(public_key, &labelled(b"", label, content)?, signature)
}

/// Verifies many signatures by one key under one label: pairs of a content and its signature. The
/// verdicts are those of [`verify_with_label`], one for each pair, in their order; a provider may
/// be faster than one by one.
#[must_use]
pub fn verify_all_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    public_key: &SignaturePublicKey,
    label: &[u8],
    signed: &[(&[u8], &[u8])],
) -> Vec<Result<(), CryptoError>> {
    let messages: Vec<_> = signed.iter().map(|(content, _)| labelled(b"", label, content)).collect();
    let sound: Vec<_> = messages
        .iter()
        .zip(signed)
        .filter_map(|(message, (_, signature))| Some((message.as_deref().ok()?, *signature)))
        .collect();
    let mut verdicts = suite.verify_all(public_key, &sound).into_iter();
    // A provider that gives too few verdicts has verified nothing.
    let verdict = |message: Result<_, _>| {
        message.and_then(|_| verdicts.next().unwrap_or(Err(CryptoError::ProviderFailure)))
    };
    messages.into_iter().map(verdict).collect()
}

/// Content and the signature over it, for [`verify_batch_with_label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelledSignature<'a> {
    /// The signer's key.
    pub public_key: &'a SignaturePublicKey,
    /// The content, without the label.
    pub content: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

/// The verdict of [`verify_with_label`] on each of many signatures under one label, in their order.
/// With [`RustCrypto`](crate::RustCrypto), a batch of Ed25519 signatures is faster than one by one;
/// see [`CipherSuiteProvider::verify_batch`] for what its verdicts and `rng` are worth.
pub fn verify_batch_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    label: &[u8],
    signatures: &[LabelledSignature<'_>],
    rng: &mut dyn CryptoRng,
) -> Vec<Result<(), CryptoError>> {
    let messages: Result<Vec<_>, _> =
        signatures.iter().map(|signed| labelled(b"", label, signed.content)).collect();
    let Ok(messages) = messages else {
        // One that cannot be encoded does not keep the others from being verified.
        let verify = |signed: &LabelledSignature<'_>| {
            verify_with_label(suite, signed.public_key, label, signed.content, signed.signature)
        };
        return signatures.iter().map(verify).collect();
    };
    let signed: Vec<_> = signatures
        .iter()
        .zip(&messages)
        .map(|(signed, message)| SignedMessage {
            public_key: signed.public_key,
            message,
            signature: signed.signature,
        })
        .collect();
    let mut verdicts = suite.verify_batch(&signed, rng);
    // A provider that gives too few verdicts has verified nothing.
    verdicts.resize(signatures.len(), Err(CryptoError::ProviderFailure));
    verdicts
}

/// Seals `plaintext` to the owner of `public_key`, under `label` and `context` (RFC 9420 §5.1.3).
///
/// ```text
/// EncryptWithLabel(PublicKey, Label, Context, Plaintext) =
///     SealBase(PublicKey, EncryptContext, "", Plaintext)
///
/// label = "MLS 1.0 " + Label; context = Context;
/// ```
///
/// # Errors
/// [`CryptoError::Encode`] for a context beyond 2^30 - 1 bytes, and those of
/// [`CipherSuiteProvider::hpke_seal`].
pub fn encrypt_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    public_key: &HPKEPublicKey,
    label: &[u8],
    context: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<HPKECiphertext, CryptoError> {
    suite.hpke_seal(public_key, &labelled(b"", label, context)?, b"", plaintext, rng)
}

/// Opens what was sealed under `label` and `context` (RFC 9420 §5.1.3).
///
/// ```text
/// DecryptWithLabel(PrivateKey, Label, Context, KEMOutput, Ciphertext) =
///     OpenBase(KEMOutput, PrivateKey, EncryptContext, "", Ciphertext)
/// ```
///
/// # Errors
/// [`CryptoError::Encode`] for a context beyond 2^30 - 1 bytes, and those of
/// [`CipherSuiteProvider::hpke_open`].
pub fn decrypt_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    private_key: &HpkePrivateKey,
    label: &[u8],
    context: &[u8],
    ciphertext: &HPKECiphertext,
) -> Result<Secret, CryptoError> {
    suite.hpke_open(private_key, ciphertext, &labelled(b"", label, context)?, b"")
}

/// Derives `length` bytes (RFC 9420 §8).
///
/// ```text
/// ExpandWithLabel(Secret, Label, Context, Length) =
///     KDF.Expand(Secret, KDFLabel, Length)
///
/// length = Length; label = "MLS 1.0 " + Label; context = Context;
/// ```
///
/// # Errors
/// [`CryptoError::Encode`] for a context beyond 2^30 - 1 bytes, and those of
/// [`CipherSuiteProvider::expand`].
pub fn expand_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    secret: &Secret,
    label: &[u8],
    context: &[u8],
    length: usize,
) -> Result<Secret, CryptoError> {
    let length = u16::try_from(length).map_err(|_| CryptoError::OutputTooLong { length })?;
    suite.expand(secret, &labelled(&length.to_be_bytes(), label, context)?, length)
}

/// Derives a secret of KDF.Nh bytes (RFC 9420 §8).
///
/// ```text
/// DeriveSecret(Secret, Label) =
///     ExpandWithLabel(Secret, Label, "", KDF.Nh)
/// ```
///
/// # Errors
/// Those of [`CipherSuiteProvider::expand`].
pub fn derive_secret<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    secret: &Secret,
    label: &[u8],
) -> Result<Secret, CryptoError> {
    expand_with_label(suite, secret, label, b"", suite.parameters().nh)
}

/// Derives `length` bytes at a generation of a ratchet (RFC 9420 §9.1).
///
/// ```text
/// DeriveTreeSecret(Secret, Label, Generation, Length) =
///     ExpandWithLabel(Secret, Label, Generation, Length)
/// ```
///
/// # Errors
/// Those of [`CipherSuiteProvider::expand`].
pub fn derive_tree_secret<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    secret: &Secret,
    label: &[u8],
    generation: u32,
    length: usize,
) -> Result<Secret, CryptoError> {
    expand_with_label(suite, secret, label, &generation.to_be_bytes(), length)
}
