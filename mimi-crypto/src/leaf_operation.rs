//! Leaf operation intents (mls-leaf-operation-intents, September 2025): signing and verifying.

use mimi_codec::{
    Encode, Opaque,
    leaf_operation::{LeafOperationIntent, LeafOperationIntentTBS, RemovalMode},
    mls::{HashReference, LeafNode},
};
use rand_core::CryptoRng;

use crate::{CipherSuiteProvider, CryptoError, ref_hash, sign_with_label, verify_with_label};

const LABEL: &[u8] = b"LeafOperationIntentTBS";

/// The hash that stands for a LeafNode (mls-leaf-operation-intents §2).
///
/// ```text
/// MakeLeafNodeRef(value)
///   = RefHash("MLS 1.0 LeafNode Reference", value)
/// ```
///
/// # Errors
/// [`CryptoError::Encode`].
pub fn leaf_node_ref<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    leaf_node: &LeafNode,
) -> Result<HashReference, CryptoError> {
    ref_hash(suite, b"MLS 1.0 LeafNode Reference", &leaf_node.to_bytes()?)
}

/// Signs the intent of a member to leave (mls-leaf-operation-intents §2.1).
///
/// # Errors
/// [`CryptoError::KeyMismatch`] if `signing_key` is not the leaf's, and those of
/// [`sign_with_label`].
pub fn sign_leaf_operation_intent<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    signing_key: &S::SigningKey,
    group_id: impl Into<Opaque>,
    (sender_index, leaf_node): (u32, &LeafNode),
    removal_mode: RemovalMode,
    rng: &mut dyn CryptoRng,
) -> Result<LeafOperationIntent, CryptoError> {
    if suite.signature_public_key(signing_key) != leaf_node.signature_key {
        return Err(CryptoError::KeyMismatch { what: "signature_key" });
    }
    let sender_leaf_ref = leaf_node_ref(suite, leaf_node)?;
    let tbs =
        LeafOperationIntentTBS { group_id: group_id.into(), sender_index, sender_leaf_ref, removal_mode };
    let signature = sign_with_label(suite, signing_key, LABEL, &tbs.to_bytes()?, rng)?;
    let LeafOperationIntentTBS { group_id, sender_index, sender_leaf_ref, removal_mode } = tbs;
    let signature = signature.into();
    Ok(LeafOperationIntent { group_id, sender_index, sender_leaf_ref, removal_mode, signature })
}

/// An intent that the member at its leaf has signed, for the leaf as it is now. Only
/// [`verify_leaf_operation_intent`] makes one.
///
/// It stands for a Remove of the sender by the sender itself, and, with
/// [`RemovalMode::RemoveAssociatedMembers`], of the members that the authentication service
/// associates with it: the room's policy decides on those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLeafOperationIntent(LeafOperationIntent);

impl VerifiedLeafOperationIntent {
    /// The intent.
    #[must_use]
    pub const fn intent(&self) -> &LeafOperationIntent {
        &self.0
    }
}

/// Verifies an intent in the group in which it is proposed (mls-leaf-operation-intents §2.2).
///
/// `leaf_at` gives the LeafNode at a leaf index of the group's current tree.
///
/// # Errors
/// [`CryptoError::EpochMismatch`] for the intent of another group, [`CryptoError::LeafMismatch`] if
/// the leaf is blank or has changed, and those of [`verify_with_label`].
pub fn verify_leaf_operation_intent<'t, S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    group_id: &[u8],
    leaf_at: impl FnOnce(u32) -> Option<&'t LeafNode>,
    intent: LeafOperationIntent,
) -> Result<VerifiedLeafOperationIntent, CryptoError> {
    if *intent.group_id != *group_id {
        return Err(CryptoError::EpochMismatch);
    }
    let mismatch = CryptoError::LeafMismatch(intent.sender_index);
    let leaf_node = leaf_at(intent.sender_index).ok_or(mismatch.clone())?;
    if leaf_node_ref(suite, leaf_node)? != intent.sender_leaf_ref {
        return Err(mismatch);
    }
    let tbs = intent.tbs().to_bytes()?;
    verify_with_label(suite, &leaf_node.signature_key, LABEL, &tbs, &intent.signature)?;
    Ok(VerifiedLeafOperationIntent(intent))
}
