//! Hashes that stand for an object (RFC 9420 §5.2).

use mimi_codec::{
    Encode, Writer,
    mls::{AuthenticatedContent, HashReference, KeyPackage, KeyPackageRef, ProposalRef},
};

use crate::{CipherSuiteProvider, CryptoError};

/// The hash of `value` under `label`, which is taken whole: no prefix is added (RFC 9420 §5.2).
///
/// ```text
/// RefHash(label, value) = Hash(RefHashInput)
///
/// label = label; value = value;
/// ```
///
/// # Errors
/// [`CryptoError::Encode`] for a value beyond 2^30 - 1 bytes.
pub fn ref_hash<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    label: &[u8],
    value: &[u8],
) -> Result<HashReference, CryptoError> {
    let length = label.len().saturating_add(value.len()).saturating_add(8);
    let mut input = Writer::with_capacity(length);
    input.opaque(label)?;
    input.opaque(value)?;
    Ok(HashReference::from(suite.hash(&[&input.into_bytes()])))
}

/// What a Welcome calls a KeyPackage by (RFC 9420 §5.2).
///
/// ```text
/// MakeKeyPackageRef(value) =
///     RefHash("MLS 1.0 KeyPackage Reference", value)
/// ```
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] for a KeyPackage of another suite, whose hash is the one to
/// be used; [`CryptoError::Encode`].
pub fn key_package_ref<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    key_package: &KeyPackage,
) -> Result<KeyPackageRef, CryptoError> {
    suite.parameters().check_suite(key_package.cipher_suite)?;
    let hash = ref_hash(suite, b"MLS 1.0 KeyPackage Reference", &key_package.to_bytes()?)?;
    Ok(KeyPackageRef::from(hash.into_bytes()))
}

/// What a Commit calls a proposal by (RFC 9420 §5.2): over all that was sent and signed, not the
/// proposal alone.
///
/// ```text
/// MakeProposalRef(value) =
///     RefHash("MLS 1.0 Proposal Reference", value)
/// ```
///
/// # Errors
/// [`CryptoError::Encode`].
pub fn proposal_ref<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    proposal: &AuthenticatedContent,
) -> Result<ProposalRef, CryptoError> {
    let hash = ref_hash(suite, b"MLS 1.0 Proposal Reference", &proposal.to_bytes()?)?;
    Ok(ProposalRef::from(hash.into_bytes()))
}
