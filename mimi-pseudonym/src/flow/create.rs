//! Alice creates a room.

use alloc::vec;

use mimi_codec::{RoomUri, minimal_metadata::IdentityLinkKeysData, protocol::PseudonymousCredential};
use mimi_crypto::CipherSuiteProvider;
use rand_core::CryptoRng;

use crate::{
    ConnectionKey, IdentityLinkWrapperKey, LinkKeys, PseudonymError, PseudonymUses, Reuse, RoomLeaves,
    room::wrap_own,
};

/// A new room, with its creator at leaf 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedRoom {
    /// The room's wrapper key, a secret of its members.
    pub wrapper_key: IdentityLinkWrapperKey,
    /// The room's only leaf.
    pub leaves: RoomLeaves,
    /// Its wrapped key: [`LinkKeys::data`] goes into the GroupContext.
    pub link_keys: LinkKeys,
}

/// Samples a wrapper key and wraps the creator's own link key for leaf 0; a creator without an
/// identity link has no entry there. The credential is noted among the creator's `uses`.
///
/// # Errors
/// [`PseudonymReused`](PseudonymError::PseudonymReused) for a pseudonym or key that was used in
/// another room; those of [`RoomLeaves::new`], [`ConnectionKey::identity_link_key`] and
/// [`IdentityLinkWrapperKey::wrap`].
pub fn create_room<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    room_id: &RoomUri,
    credential: PseudonymousCredential,
    connection_key: &ConnectionKey,
    uses: &mut PseudonymUses,
    rng: &mut dyn CryptoRng,
) -> Result<CreatedRoom, PseudonymError> {
    uses.record(room_id, &credential, Reuse::Refused)?;
    let wrapper_key = IdentityLinkWrapperKey::generate(suite, rng)?;
    let wrapped = wrap_own(suite, &credential, connection_key, &wrapper_key, rng)?;
    let leaves = RoomLeaves::new(vec![Some(credential)])?;
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: vec![wrapped] };
    let link_keys = LinkKeys::new(data, &leaves)?;
    Ok(CreatedRoom { wrapper_key, leaves, link_keys })
}
