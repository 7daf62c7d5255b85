//! A room as a member has it: leaves, wrapped keys, and the key around them.

use alloc::vec::Vec;

use mimi_codec::minimal_metadata::{EncryptedIdentityLinkKey, LeafKey};
use mimi_crypto::CipherSuiteProvider;
use rand_core::CryptoRng;

use crate::{
    ConnectionKey, CredentialCheck, IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves,
    VerifiedIdentity,
    credential::{UnverifiedLink, open_with_tbs, tbs_bytes},
    has_identity_link,
};

/// What a member needs to open the identity links of one epoch. The leaves and the wrapped keys are
/// those of the group state that the member's MLS stack has authenticated; the hub may deliver
/// them, but not choose them.
#[derive(Clone, Copy, Debug)]
pub struct RoomView<'a> {
    /// The room's leaves.
    pub leaves: &'a RoomLeaves,
    /// Their wrapped keys.
    pub link_keys: &'a LinkKeys,
    /// The room's wrapper key.
    pub wrapper_key: &'a IdentityLinkWrapperKey,
}

impl RoomView<'_> {
    /// Who is at a leaf.
    ///
    /// # Errors
    /// Each at its [`Leaf`](PseudonymError::Leaf): [`UnknownLeaf`](PseudonymError::UnknownLeaf),
    /// [`NoIdentityLink`](PseudonymError::NoIdentityLink) when the credential has no link or the
    /// room no key to it, and those of [`IdentityLinkWrapperKey::unwrap`] and
    /// [`open_identity_link`](crate::open_identity_link).
    pub fn open<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        &self,
        suite: &S,
        leaf_index: u32,
        check: &C,
    ) -> Result<VerifiedIdentity<C::Details>, PseudonymError> {
        self.open_unverified(suite, leaf_index, check)
            .and_then(|link| link.verify(suite))
            .map_err(|error| error.at(leaf_index))
    }

    /// Opens everything, and leaves the signature to be verified.
    pub(crate) fn open_unverified<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        &self,
        suite: &S,
        leaf_index: u32,
        check: &C,
    ) -> Result<UnverifiedLink<'_, C::Details>, PseudonymError> {
        let credential = self.leaves.get(leaf_index).ok_or(PseudonymError::UnknownLeaf)?;
        let wrapped = self.link_keys.get(leaf_index).ok_or(PseudonymError::NoIdentityLink)?;
        let tbs = tbs_bytes(credential)?;
        let identity_link_key = self.wrapper_key.unwrap_for(suite, wrapped, &tbs)?;
        open_with_tbs(suite, credential, tbs, &identity_link_key, check)
    }

    /// Are the links of this leaf made with this connection key?
    pub(crate) fn check_connection_key<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        leaf_index: u32,
        connection_key: &ConnectionKey,
    ) -> Result<(), PseudonymError> {
        let credential = self.leaves.get(leaf_index).ok_or(PseudonymError::UnknownLeaf)?;
        let wrapped = self.link_keys.get(leaf_index).ok_or(PseudonymError::NoIdentityLink)?;
        let tbs = tbs_bytes(credential)?;
        let unwrapped = self.wrapper_key.unwrap_for(suite, wrapped, &tbs)?;
        if connection_key.identity_link_key_of(suite, &tbs)? == unwrapped {
            Ok(())
        } else {
            Err(PseudonymError::ConnectionKeyMismatch)
        }
    }
}

/// Wraps the key of a credential's own link; `None` for a credential without one.
pub(crate) fn wrap_own<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    credential: &mimi_codec::protocol::PseudonymousCredential,
    connection_key: &ConnectionKey,
    wrapper_key: &IdentityLinkWrapperKey,
    rng: &mut dyn CryptoRng,
) -> Result<Option<EncryptedIdentityLinkKey>, PseudonymError> {
    if !has_identity_link(credential) {
        return Ok(None);
    }
    let tbs = tbs_bytes(credential)?;
    let identity_link_key = connection_key.identity_link_key_of(suite, &tbs)?;
    wrapper_key.wrap_for(suite, &identity_link_key, &tbs, rng).map(Some)
}

/// For each added client its entry in the AddAAD, and those to set.
pub(crate) fn aad_and_set(
    leaves: &[u32],
    wrapped: Vec<Option<EncryptedIdentityLinkKey>>,
) -> (mimi_codec::minimal_metadata::AddAAD, Vec<LeafKey>) {
    let set = leaves
        .iter()
        .zip(&wrapped)
        .filter_map(|(leaf_index, key)| Some(LeafKey { leaf_index: *leaf_index, key: key.clone()? }))
        .collect();
    let none = || EncryptedIdentityLinkKey { ciphertext: mimi_codec::Opaque::default() };
    let identity_link_key_ciphertexts = wrapped.into_iter().map(|key| key.unwrap_or_else(none)).collect();
    (mimi_codec::minimal_metadata::AddAAD { identity_link_key_ciphertexts }, set)
}
