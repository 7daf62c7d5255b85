//! External messages that the delivery service cannot read (mls-private-external-01).

use mimi_codec::{
    Decode, Encode, Opaque,
    mls::{HPKEPublicKey, PublicMessage, Sender},
    private_external::{ExternalEncryptionInfo, PrivateExternalMessage},
};
use rand_core::CryptoRng;

use crate::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, Secret, decrypt_with_label, encrypt_with_label,
    expand_with_label, sign_with_label, verify_with_label,
};

const INFO_LABEL: &[u8] = b"ExternalEncryptionInfoTBS";
const MESSAGE_LABEL: &[u8] = b"PrivateExternalMessageContent";

/// The key pair for external messages of the epoch that `epoch_secret` begins
/// (mls-private-external-01 §3.1.2).
///
/// ```text
/// external_encryption_secret =
///     ExpandWithLabel(epoch_secret_next, "external encryption", "", KDF.Nh)
///
/// (external_encryption_private_key, external_encryption_public_key) =
///     KEM.DeriveKeyPair(external_encryption_secret)
/// ```
///
/// # Errors
/// [`CryptoError::InvalidLength`] for a secret of another length than KDF.Nh.
pub fn external_encryption_key_pair<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    epoch_secret: &Secret,
) -> Result<(HpkePrivateKey, HPKEPublicKey), CryptoError> {
    let nh = suite.parameters().nh;
    suite.derive_hpke_key_pair(&expand_with_label(suite, epoch_secret, b"external encryption", b"", nh)?)
}

/// Signs the key for external messages of the epoch that a commit begins
/// (mls-private-external-01 §3.2). `root_key` is the signature key that the members share.
///
/// # Errors
/// Those of [`sign_with_label`].
pub fn sign_external_encryption_info<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    root_key: &S::SigningKey,
    external_encryption_public_key: HPKEPublicKey,
    group_id: impl Into<Opaque>,
    next_epoch: u64,
    rng: &mut dyn CryptoRng,
) -> Result<ExternalEncryptionInfo, CryptoError> {
    let mut info = ExternalEncryptionInfo {
        ciphersuite: suite.parameters().cipher_suite,
        external_encryption_public_key,
        root_public_signature_key: suite.signature_public_key(root_key),
        external_encryption_signature: Opaque::default(),
    };
    let tbs = info.tbs(group_id.into(), next_epoch).to_bytes()?;
    info.external_encryption_signature = sign_with_label(suite, root_key, INFO_LABEL, &tbs, rng)?.into();
    Ok(info)
}

/// The key for external messages of one group and epoch, signed by the root key that it names. Only
/// [`verify_external_encryption_info`] makes one.
///
/// That the root key is the group's is for the application to learn (mls-private-external-01 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedExternalEncryptionInfo {
    info: ExternalEncryptionInfo,
    group_id: Opaque,
    epoch: u64,
}

impl VerifiedExternalEncryptionInfo {
    /// The key and its signature.
    #[must_use]
    pub const fn info(&self) -> &ExternalEncryptionInfo {
        &self.info
    }

    /// The epoch of the key.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// Verifies the key for external messages of the group's epoch `epoch`, which the last commit began
/// (mls-private-external-01 §3.3).
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`], and those of [`verify_with_label`].
pub fn verify_external_encryption_info<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    info: ExternalEncryptionInfo,
    group_id: impl Into<Opaque>,
    epoch: u64,
) -> Result<VerifiedExternalEncryptionInfo, CryptoError> {
    suite.parameters().check_suite(info.ciphersuite)?;
    let group_id = group_id.into();
    let tbs = info.tbs(group_id.clone(), epoch).to_bytes()?;
    let signature = &info.external_encryption_signature;
    verify_with_label(suite, &info.root_public_signature_key, INFO_LABEL, &tbs, signature)?;
    Ok(VerifiedExternalEncryptionInfo { info, group_id, epoch })
}

fn refuse_member(sender: &Sender) -> Result<(), CryptoError> {
    match sender {
        Sender::Member { .. } => Err(CryptoError::SenderIsAMember),
        _ => Ok(()),
    }
}

/// Seals the external proposal or external commit of a non-member (mls-private-external-01 §3.3).
///
/// # Errors
/// [`CryptoError::SenderIsAMember`]; [`CryptoError::EpochMismatch`] for a message of another group
/// or epoch than the key; those of [`encrypt_with_label`].
pub fn seal_private_external_message<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    key: &VerifiedExternalEncryptionInfo,
    message: &PublicMessage,
    rng: &mut dyn CryptoRng,
) -> Result<PrivateExternalMessage, CryptoError> {
    let content = message.content();
    refuse_member(content.sender())?;
    if *content.group_id() != key.group_id || *content.epoch() != key.epoch {
        return Err(CryptoError::EpochMismatch);
    }
    let public_key = &key.info.external_encryption_public_key;
    // The PrivateExternalMessageContext is an empty struct.
    let sealed = encrypt_with_label(suite, public_key, MESSAGE_LABEL, b"", &message.to_bytes()?, rng)?;
    Ok(PrivateExternalMessage {
        group_id: content.group_id().clone(),
        epoch: *content.epoch(),
        content_type: content.content().content_type(),
        authenticated_data: content.authenticated_data().clone(),
        encrypted_public_message: sealed,
    })
}

/// Opens an external message of the group's epoch (mls-private-external-01 §3.4). The PublicMessage
/// that comes out is not verified: process it like any other.
///
/// # Errors
/// [`CryptoError::EpochMismatch`] for a message of another group or epoch,
/// [`CryptoError::DecryptionFailed`], [`CryptoError::Decode`],
/// [`CryptoError::OuterContentMismatch`] if what it says outside differs from the PublicMessage,
/// [`CryptoError::SenderIsAMember`].
pub fn open_private_external_message<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    private_key: &HpkePrivateKey,
    group_id: &[u8],
    epoch: u64,
    message: &PrivateExternalMessage,
) -> Result<PublicMessage, CryptoError> {
    if *message.group_id != *group_id || message.epoch != epoch {
        return Err(CryptoError::EpochMismatch);
    }
    let sealed = &message.encrypted_public_message;
    let opened = decrypt_with_label(suite, private_key, MESSAGE_LABEL, b"", sealed)?;
    let public = PublicMessage::decode_exact(opened.expose())?;
    let content = public.content();
    let agrees = *content.group_id() == message.group_id
        && *content.epoch() == message.epoch
        && content.content().content_type() == message.content_type
        && *content.authenticated_data() == message.authenticated_data;
    if !agrees {
        return Err(CryptoError::OuterContentMismatch);
    }
    refuse_member(content.sender())?;
    Ok(public)
}
