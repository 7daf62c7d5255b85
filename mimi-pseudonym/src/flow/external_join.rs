//! Dave joins by an external commit, with the wrapper key from a join link or a member (mimi-metadata-minimalization-01, 4.2).
//!
//! Members open Dave's link with [`receive_commit`](super::transitive_add::receive_commit) before they accept his commit; the joiner's leaf is its
//! only `added` leaf.

use alloc::vec::Vec;

use mimi_codec::{
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate},
    protocol::PseudonymousCredential,
};
use mimi_crypto::CipherSuiteProvider;
use rand_core::CryptoRng;

use crate::{
    ConnectionKey, IdentityLinkWrapperKey, PseudonymError,
    link_keys::update_of,
    room::{aad_and_set, wrap_own},
};

/// What goes with an external commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalJoin {
    /// The commit's SafeAAD item: the joiner's own wrapped key.
    pub add_aad: AddAAD,
    /// The commit's AppDataUpdate for the component.
    pub update: IdentityLinkKeysUpdate,
}

/// Wraps the joiner's own link key, for `leaf_index`, where it lands. If its commit removes leaves, such as its own earlier one,
/// [`remove_clients`](super::leave::remove_clients) makes one update of both.
///
/// # Errors
/// Those of [`ConnectionKey::identity_link_key`] and [`IdentityLinkWrapperKey::wrap`].
pub fn join_externally<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    wrapper_key: &IdentityLinkWrapperKey,
    credential: &PseudonymousCredential,
    connection_key: &ConnectionKey,
    leaf_index: u32,
    rng: &mut dyn CryptoRng,
) -> Result<ExternalJoin, PseudonymError> {
    let wrapped = wrap_own(suite, credential, connection_key, wrapper_key, rng)?;
    let (add_aad, set) = aad_and_set(&[leaf_index], Vec::from([wrapped]));
    Ok(ExternalJoin { add_aad, update: update_of(set, Vec::new())? })
}
