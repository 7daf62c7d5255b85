//! Multi-credentials (mls-extensions-10 §6.5): several credentials that vouch for one leaf.
//!
//! What is checked here are signatures and what members support. Whether a binding's credential is
//! valid, and its `credential_key` the credential's, is for your credential checks:
//! [`VerifiedMultiCredential::bindings`] are what to ask them about.

use alloc::vec::Vec;

use mimi_codec::{
    Encode,
    code_points::{CipherSuite, CredentialType},
    mls::{Capabilities, Credential, CredentialBinding, CredentialBindingTBS, SignaturePublicKey},
};
use rand_core::CryptoRng;

use crate::{CipherSuiteProvider, CryptoError, sign_with_label, verify_with_label};

const LABEL: &[u8] = b"CredentialBindingTBS";

/// The holder of `credential` says that the leaf with `signature_key` is theirs (6.5.1). `suite` is
/// the one of their own key, which needn't be the group's.
///
/// ```text
/// signature = SignWithLabel(credential_key, "CredentialBindingTBS", CredentialBindingTBS)
/// ```
///
/// # Errors
/// Those of [`sign_with_label`].
pub fn sign_credential_binding<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    credential_signing_key: &S::SigningKey,
    credential: Credential,
    signature_key: &SignaturePublicKey,
    rng: &mut dyn CryptoRng,
) -> Result<CredentialBinding, CryptoError> {
    let tbs = CredentialBindingTBS {
        cipher_suite: suite.parameters().cipher_suite,
        credential,
        credential_key: suite.signature_public_key(credential_signing_key),
        signature_key: signature_key.clone(),
    };
    let signature = sign_with_label(suite, credential_signing_key, LABEL, &tbs.to_bytes()?, rng)?;
    let CredentialBindingTBS { cipher_suite, credential, credential_key, .. } = tbs;
    Ok(CredentialBinding { cipher_suite, credential, credential_key, signature: signature.into() })
}

/// Verifies that the owner of a binding's `credential_key` signed it for the leaf with
/// `signature_key` (6.5.2).
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] for a binding of another suite, and those of
/// [`verify_with_label`].
pub fn verify_credential_binding<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    binding: &CredentialBinding,
    signature_key: &SignaturePublicKey,
) -> Result<(), CryptoError> {
    suite.parameters().check_suite(binding.cipher_suite)?;
    let tbs = binding.tbs(signature_key.clone()).to_bytes()?;
    verify_with_label(suite, &binding.credential_key, LABEL, &tbs, &binding.signature)
}

/// A multi-credential that the group may have, with the bindings that count here. Only
/// [`verify_multi_credential`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedMultiCredential<'c> {
    bindings: Vec<&'c CredentialBinding>,
}

impl<'c> VerifiedMultiCredential<'c> {
    /// The bindings whose signatures were verified: of `multi` all of them, of `weak-multi` those
    /// that this client supports. A multi-credential inside a binding comes after it, with the same
    /// for its own.
    #[must_use]
    pub fn bindings(&self) -> &[&'c CredentialBinding] {
        &self.bindings
    }
}

/// Verifies the multi-credential of a leaf with `signature_key` (6.5.2).
///
/// - `multi`: every member supports `multi`, and suite and credential type of every binding; every
///   binding's signature is valid.
/// - `weak-multi`: every member supports `weak-multi` and at least one of the bindings; every
///   binding that this client supports is valid.
///
/// `own` are this client's capabilities, `members` those of every member. `provider` gives the
/// provider of a suite: bindings need not be of the group's.
///
/// # Errors
/// [`CryptoError::NotAMultiCredential`] for any other credential, and for one without a binding,
/// which would vouch for no user; [`CryptoError::UnsupportedCredential`] when a member, or this
/// client, does not support what it has to; [`CryptoError::UnsupportedCipherSuite`] when `provider`
/// has none for a suite that this client says it supports; those of [`verify_credential_binding`].
pub fn verify_multi_credential<'c, S: CipherSuiteProvider>(
    provider: &dyn Fn(CipherSuite) -> Option<S>,
    credential: &'c Credential,
    signature_key: &SignaturePublicKey,
    own: &Capabilities,
    members: &[&Capabilities],
) -> Result<VerifiedMultiCredential<'c>, CryptoError> {
    let mut bindings = Vec::new();
    verify_into(&mut bindings, provider, credential, signature_key, own, members)?;
    Ok(VerifiedMultiCredential { bindings })
}

// The recursion ends: the codec bounds the depth of credentials.
fn verify_into<'c, S: CipherSuiteProvider>(
    verified: &mut Vec<&'c CredentialBinding>,
    provider: &dyn Fn(CipherSuite) -> Option<S>,
    credential: &'c Credential,
    signature_key: &SignaturePublicKey,
    own: &Capabilities,
    members: &[&Capabilities],
) -> Result<(), CryptoError> {
    let credential_type = CredentialType(credential.selector());
    let (bindings, all) = match credential {
        Credential::Multi(multi) => (multi.bindings(), true),
        Credential::WeakMulti(multi) => (multi.bindings(), false),
        _ => return Err(CryptoError::NotAMultiCredential(credential_type)),
    };
    if bindings.is_empty() {
        return Err(CryptoError::NotAMultiCredential(credential_type));
    }
    for member in members.iter().copied().chain([own]) {
        let enough = if all {
            bindings.iter().all(|binding| supports(member, binding))
        } else {
            bindings.iter().any(|binding| supports(member, binding))
        };
        if !enough || !member.credentials.contains(&credential_type) {
            return Err(CryptoError::UnsupportedCredential(credential_type));
        }
    }
    for binding in bindings.iter().filter(|binding| supports(own, binding)) {
        let number = binding.cipher_suite;
        let suite = provider(number).ok_or(CryptoError::UnsupportedCipherSuite(number))?;
        verify_credential_binding(&suite, binding, signature_key)?;
        verified.push(binding);
        if let Credential::Multi(_) | Credential::WeakMulti(_) = binding.credential {
            // What vouches for the inner credential is its key in the binding, as a leaf's would
            // be.
            verify_into(verified, provider, &binding.credential, &binding.credential_key, own, members)?;
        }
    }
    Ok(())
}

/// Does a client support the credential type and the suite of a binding (6.5.2)?
fn supports(client: &Capabilities, binding: &CredentialBinding) -> bool {
    client.cipher_suites.contains(&binding.cipher_suite)
        && client.credentials.contains(&CredentialType(binding.credential.selector()))
}
