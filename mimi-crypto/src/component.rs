//! The Safe Application Interface's forms of signing and sealing (mls-extensions-10 §4.2 and §4.3):
//! what is made for one component is of no use to another.

use alloc::vec::Vec;

use mimi_codec::{
    Encode,
    code_points::ComponentID,
    extensions::ComponentOperationLabel,
    mls::{HPKECiphertext, HPKEPublicKey, SignaturePublicKey},
};
use rand_core::CryptoRng;

use crate::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, Secret, decrypt_with_label, encrypt_with_label,
    sign_with_label, verify_with_label,
};

fn operation_label(component_id: ComponentID, label: &[u8]) -> Result<Vec<u8>, CryptoError> {
    Ok(ComponentOperationLabel::of(component_id, label).to_bytes()?)
}

/// Signs for a component (mls-extensions-10 §4.3).
///
/// ```text
/// SafeSignWithLabel(SignatureKey, ComponentID, Label, Content) =
///   SignWithLabel(SignatureKey, ComponentOperationLabel, Content)
/// ```
///
/// # Errors
/// Those of [`sign_with_label`].
pub fn safe_sign_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    signing_key: &S::SigningKey,
    component_id: ComponentID,
    label: &[u8],
    content: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    sign_with_label(suite, signing_key, &operation_label(component_id, label)?, content, rng)
}

/// Verifies what was signed for a component (mls-extensions-10 §4.3).
///
/// ```text
/// SafeVerifyWithLabel(VerificationKey, ComponentID, Label, Content, SignatureValue) =
///   VerifyWithLabel(VerificationKey, ComponentOperationLabel, Content, SignatureValue)
/// ```
///
/// # Errors
/// Those of [`verify_with_label`].
pub fn safe_verify_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    public_key: &SignaturePublicKey,
    component_id: ComponentID,
    label: &[u8],
    content: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    verify_with_label(suite, public_key, &operation_label(component_id, label)?, content, signature)
}

/// Seals to a component of the owner of `public_key` (mls-extensions-10 §4.2).
///
/// ```text
/// SafeEncryptWithLabel(PublicKey, ComponentID, Label, Context, Plaintext) =
///   EncryptWithLabel(PublicKey, ComponentOperationLabel, Context, Plaintext)
/// ```
///
/// # Errors
/// Those of [`encrypt_with_label`].
pub fn safe_encrypt_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    public_key: &HPKEPublicKey,
    component_id: ComponentID,
    label: &[u8],
    context: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<HPKECiphertext, CryptoError> {
    encrypt_with_label(suite, public_key, &operation_label(component_id, label)?, context, plaintext, rng)
}

/// Opens what was sealed to a component (mls-extensions-10 §4.2). `component_id` is that of the
/// component that opens.
///
/// ```text
/// SafeDecryptWithLabel(PrivateKey, ComponentID, Label, Context, KEMOutput, Ciphertext) =
///   DecryptWithLabel(PrivateKey, ComponentOperationLabel, Context, KEMOutput, Ciphertext)
/// ```
///
/// # Errors
/// Those of [`decrypt_with_label`].
pub fn safe_decrypt_with_label<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    private_key: &HpkePrivateKey,
    component_id: ComponentID,
    label: &[u8],
    context: &[u8],
    ciphertext: &HPKECiphertext,
) -> Result<Secret, CryptoError> {
    decrypt_with_label(suite, private_key, &operation_label(component_id, label)?, context, ciphertext)
}
