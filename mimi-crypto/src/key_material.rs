//! The signature of a request for key material (mimi-protocol-06 §5.2).

use mimi_codec::{
    Encode,
    protocol::{KeyMaterialRequest, KeyMaterialRequestTBS},
};
use rand_core::CryptoRng;

use crate::{CipherSuiteProvider, CryptoError, sign_with_label, verify_with_label};

const LABEL: &[u8] = b"KeyMaterialRequestTBS";

/// The draft does not say under which suite the request is signed; the first acceptable one is what
/// both sides know.
fn check_suite<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    request: &KeyMaterialRequestTBS,
) -> Result<(), CryptoError> {
    match request.acceptable_ciphersuites.first() {
        Some(first) => suite.parameters().check_suite(*first),
        // The codec's list is not empty.
        None => Ok(()),
    }
}

/// Signs a request with the key that `requester_signature_key` belongs to.
///
/// ```text
/// key_material_request_signature = SignWithLabel(requesterSignatureKey,
///                       "KeyMaterialRequestTBS", KeyMaterialRequestTBS)
/// ```
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] unless the suite is the first acceptable one,
/// [`CryptoError::KeyMismatch`] when `signing_key` is not the requester's, and those of
/// [`sign_with_label`].
pub fn sign_key_material_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    signing_key: &S::SigningKey,
    request: KeyMaterialRequestTBS,
    rng: &mut dyn CryptoRng,
) -> Result<KeyMaterialRequest, CryptoError> {
    check_suite(suite, &request)?;
    if suite.signature_public_key(signing_key) != request.requester_signature_key {
        return Err(CryptoError::KeyMismatch { what: "requesterSignatureKey" });
    }
    let signature = sign_with_label(suite, signing_key, LABEL, &request.to_bytes()?, rng)?;
    Ok(request.with_signature(signature.into()))
}

/// A request that the owner of its `requester_signature_key` signed. Only
/// [`verify_key_material_request`] makes one.
///
/// Whether that key is the credential's, and the credential the requesting user's, remains to be
/// asked. Nothing in a request names the hub or the time: who has seen one can send it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedKeyMaterialRequest(KeyMaterialRequest);

impl VerifiedKeyMaterialRequest {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &KeyMaterialRequest {
        &self.0
    }

    /// The request, no longer marked as verified.
    #[must_use]
    pub fn into_request(self) -> KeyMaterialRequest {
        self.0
    }
}

/// Verifies a request's signature.
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] unless the suite is the first acceptable one, and those of
/// [`verify_with_label`].
pub fn verify_key_material_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    request: KeyMaterialRequest,
) -> Result<VerifiedKeyMaterialRequest, CryptoError> {
    let tbs = request.tbs();
    check_suite(suite, &tbs)?;
    let signature = &request.key_material_request_signature;
    verify_with_label(suite, &request.requester_signature_key, LABEL, &tbs.to_bytes()?, signature)?;
    Ok(VerifiedKeyMaterialRequest(request))
}
