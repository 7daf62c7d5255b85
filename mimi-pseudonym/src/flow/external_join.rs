//! Dave joins by an external commit, with the wrapper key from a join link or a member
//! (mimi-metadata-minimalization-02 §4.2).
//!
//! Members open Dave's link when they [follow](crate::KnownRoom::follow) his commit. Under a user
//! pseudonym that is present he needs a [`PseudonymConsent`](crate::PseudonymConsent) too.

use alloc::vec::Vec;

use mimi_codec::{
    RoomUri,
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate},
    protocol::PseudonymousCredential,
};
use mimi_crypto::CipherSuiteProvider;
use rand_core::CryptoRng;

use crate::{
    ConnectionKey, PseudonymError, PseudonymUses, Reuse, RoomView,
    credential::tbs_bytes,
    link_keys::update_of,
    room::{aad_and_set, wrap_own},
};

/// What goes with an external commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalJoinLinks {
    /// The commit's SafeAAD item: the joiner's own wrapped key.
    pub add_aad: AddAAD,
    /// The commit's AppDataUpdate for the component.
    pub update: IdentityLinkKeysUpdate,
}

/// The client that joins.
#[derive(Debug)]
pub struct Joiner<'a> {
    /// The room.
    pub room_id: &'a RoomUri,
    /// The joiner's credential in the room.
    pub credential: &'a PseudonymousCredential,
    /// The connection key with which its link is made.
    pub connection_key: &'a ConnectionKey,
    /// The leaf where it lands: the leftmost that is blank once the commit's removals are applied
    /// ([`RoomLeaves::first_blank`](crate::RoomLeaves::first_blank)).
    pub leaf_index: u32,
    /// Where its pseudonyms and keys were used.
    pub uses: &'a mut PseudonymUses,
}

/// Wraps the joiner's own link key. If its commit removes leaves, such as its own earlier one,
/// [`remove_clients`](super::leave::remove_clients) makes one update of both.
///
/// # Errors
/// [`StaleWrapperKey`](PseudonymError::StaleWrapperKey) when the wrapper key opens none of the
/// room's keys: the join link is from before a change, and no member could tell who joins;
/// [`PseudonymReused`](PseudonymError::PseudonymReused) for a pseudonym or key that was used in
/// another room; those of [`ConnectionKey::identity_link_key`] and
/// [`IdentityLinkWrapperKey::wrap`](crate::IdentityLinkWrapperKey::wrap).
pub fn join_externally<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    room: &RoomView<'_>,
    joiner: Joiner<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<ExternalJoinLinks, PseudonymError> {
    let Joiner { room_id, credential, connection_key, leaf_index, uses } = joiner;
    let opens = |(leaf, wrapped)| -> Option<bool> {
        let tbs = tbs_bytes(room.leaves.get(leaf)?).ok()?;
        Some(room.wrapper_key.unwrap_for(suite, wrapped, &tbs).is_ok())
    };
    if room.link_keys.iter().next().is_some() && !room.link_keys.iter().any(|key| opens(key) == Some(true)) {
        return Err(PseudonymError::StaleWrapperKey);
    }
    uses.record(room_id, credential, Reuse::Refused)?;
    let wrapped = wrap_own(suite, credential, connection_key, room.wrapper_key, rng)?;
    let (add_aad, set) = aad_and_set(&[leaf_index], Vec::from([wrapped]));
    Ok(ExternalJoinLinks { add_aad, update: update_of(set, Vec::new())? })
}
