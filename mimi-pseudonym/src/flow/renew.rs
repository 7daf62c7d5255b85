//! A client shows a new real credential, or links made with a new connection key, in rooms where it
//! is already. **An offer of this library**: the drafts have no flow for it, and use nothing that
//! is not theirs.

use alloc::vec::Vec;

use mimi_codec::{
    minimal_metadata::{IdentityLinkKeysUpdate, LeafKey},
    mls::SignaturePublicKey,
    protocol::{PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::CipherSuiteProvider;
use rand_core::CryptoRng;

use crate::{
    ConnectionKey, KnownRoom, PseudonymError, RealClient, issue_pseudonymous_credential,
    link_keys::update_of, room::wrap_own,
};

/// What a client's commit gives its own leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// The credential for the leaf in the commit's path.
    pub credential: PseudonymousCredential,
    /// The commit's AppDataUpdate for the component.
    pub update: IdentityLinkKeysUpdate,
}

/// What is new about a client.
#[derive(Debug)]
pub struct Renewal<'a, K> {
    /// The client's leaf in the room.
    pub leaf_index: u32,
    /// Its key in the room from now on: a new one, used in no other room.
    pub signature_public_key: SignaturePublicKey,
    /// Its real credential.
    pub real: RealClient<'a, K>,
    /// The user's connection key.
    pub connection_key: &'a ConnectionKey,
}

/// Makes a credential with the same pseudonyms for a leaf of one's own. Members know the leaf again
/// by its real user and client (RFC 9420 §5.3.1).
///
/// # Errors
/// At the leaf, [`UnknownLeaf`](PseudonymError::UnknownLeaf);
/// [`IdentityChanged`](PseudonymError::IdentityChanged) when the room knows another user or client
/// there; [`RotationPending`](PseudonymError::RotationPending); those of
/// [`issue_pseudonymous_credential`].
pub fn renew_credential<S: CipherSuiteProvider + ?Sized, T>(
    suite: &S,
    room: &KnownRoom<T>,
    renewal: Renewal<'_, S::SigningKey>,
    rng: &mut dyn CryptoRng,
) -> Result<Renewed, PseudonymError> {
    let Renewal { leaf_index, signature_public_key, real, connection_key } = renewal;
    if room.sealed().is_rotation_pending() {
        return Err(PseudonymError::RotationPending.at(leaf_index));
    }
    let old = room.sealed().leaves().get(leaf_index);
    let old = old.ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
    let is_other = room
        .known(leaf_index)
        .is_some_and(|known| known.user() != real.user || known.client() != real.client);
    if is_other {
        return Err(PseudonymError::IdentityChanged.at(leaf_index));
    }
    let tbs = PseudonymousCredentialTBS {
        client_pseudonym: old.client_pseudonym.clone(),
        user_pseudonym: old.user_pseudonym.clone(),
        signature_public_key,
    };
    let credential = issue_pseudonymous_credential(suite, tbs, real, connection_key, rng)?;
    let key = wrap_own(suite, &credential, connection_key, room.wrapper_key(), rng)?;
    let set = key.map(|key| LeafKey { leaf_index, key });
    Ok(Renewed { credential, update: update_of(set.into_iter().collect(), Vec::new())? })
}
