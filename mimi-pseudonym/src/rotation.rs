//! A wrapper key that changes when members go. **A construction of this library, in no draft**: nothing else here uses it, and a room does only
//! if all of its members agreed to.
//!
//! With the drafts' static wrapper key, whoever was a member once can open the links of all who come later, if it gets at the wrapped keys, which the
//! hub has. The drafts mean to replace the key by TreeWrap. Until then:
//!
//! ```text
//! component_secret          = SafeExportSecret(0x8B01) of epoch n             (mls-extensions-10, 4.4)
//! identity_link_wrapper_key = ExpandWithLabel(component_secret,
//!   "IdentityLinkEpochWrapperKey", EpochWrapperContext, KDF.Nh)
//!
//! struct {
//!   opaque group_id<V>;
//!   uint64 epoch;
//! } EpochWrapperContext;
//! ```
//!
//! 1. A commit removes members and begins epoch n; it adds nobody, so that no key of a new member is wrapped for those who go.
//! 2. Every member derives the wrapper key of epoch n, which the removed ones can't. The committer, or whoever notices that it didn't, sends a
//!    second commit with [`rewrap`]'s update: all link keys, under the new wrapper key. It can't be part of the first: epoch n's secrets depend on
//!    the GroupContext, in which the wrapped keys are.
//! 3. The other members take it by [`receive_rewrap`], which looks whether every leaf has the link key that it had. The key of epoch n
//!    is the room's wrapper key until the next removal; Welcomes and join links carry it as they do the static one.
//!
//! Forgotten keys protect those who come later. Those who were members beside the removed one stay known to it: it has had their link keys. Join links
//! from before a change bring a key that no longer opens anything.

use alloc::vec::Vec;

use mimi_codec::{
    Opaque, Writer,
    minimal_metadata::{IdentityLinkKeysUpdate, LeafKey},
};
use mimi_crypto::{CipherSuiteProvider, Secret, expand_with_label};
use rand_core::CryptoRng;

use crate::{
    IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves, RoomView,
    credential::tbs_bytes,
    link_keys::{parts, update_of},
};

/// The wrapper key of an epoch. `component_secret` is what
/// [`safe_export_secret`](mimi_crypto::ExporterTree::safe_export_secret) gives in that epoch for
/// [`IDENTITY_LINK_KEYS`](mimi_codec::code_points::ComponentID::IDENTITY_LINK_KEYS).
///
/// # Errors
/// [`InvalidLength`](mimi_crypto::CryptoError::InvalidLength) for a secret that hasn't KDF.Nh bytes.
pub fn epoch_wrapper_key<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    component_secret: &Secret,
    group_id: &Opaque,
    epoch: u64,
) -> Result<IdentityLinkWrapperKey, PseudonymError> {
    let mut context = Writer::new();
    context.opaque(group_id)?;
    context.bytes(&epoch.to_be_bytes());
    let nh = suite.parameters().nh;
    let label = b"IdentityLinkEpochWrapperKey";
    let secret = expand_with_label(suite, component_secret, label, &context.into_bytes(), nh)?;
    IdentityLinkWrapperKey::from_secret(suite, secret)
}

/// The update that puts all link keys of a room under a new wrapper key.
///
/// # Errors
/// At its [`Leaf`](PseudonymError::Leaf), [`WrappedKeyDoesNotOpen`](PseudonymError::WrappedKeyDoesNotOpen) and what else
/// [`IdentityLinkWrapperKey::unwrap`] refuses.
pub fn rewrap<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    room: &RoomView<'_>,
    new: &IdentityLinkWrapperKey,
    rng: &mut dyn CryptoRng,
) -> Result<IdentityLinkKeysUpdate, PseudonymError> {
    let mut set = Vec::with_capacity(room.leaves.len());
    for (leaf_index, wrapped) in room.link_keys.iter() {
        let mut rewrapped = || {
            let credential = room.leaves.get(leaf_index).ok_or(PseudonymError::UnknownLeaf)?;
            let tbs = tbs_bytes(credential)?;
            let identity_link_key = room.wrapper_key.unwrap_for(suite, wrapped, &tbs)?;
            new.wrap_for(suite, &identity_link_key, &tbs, rng)
        };
        let key = rewrapped().map_err(|error| error.at(leaf_index))?;
        set.push(LeafKey { leaf_index, key });
    }
    update_of(set, Vec::new())
}

/// The wrapped keys after [`rewrap`]'s update, if each leaf has the same link key under `new` that it had before. The hub, which can't tell,
/// takes it by [`apply_rewrap`].
///
/// # Errors
/// At its leaf, [`RewrapMismatch`](PseudonymError::RewrapMismatch) for another set of leaves or another link key, and what
/// [`IdentityLinkWrapperKey::unwrap`] refuses.
pub fn receive_rewrap<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    room: &RoomView<'_>,
    new: &IdentityLinkWrapperKey,
    update: &IdentityLinkKeysUpdate,
) -> Result<LinkKeys, PseudonymError> {
    let keys = apply_rewrap(room.link_keys, room.leaves, update)?;
    for (leaf_index, wrapped) in room.link_keys.iter() {
        let same = || {
            let credential = room.leaves.get(leaf_index).ok_or(PseudonymError::UnknownLeaf)?;
            let tbs = tbs_bytes(credential)?;
            let rewrapped = keys.get(leaf_index).ok_or(PseudonymError::RewrapMismatch)?;
            let before = room.wrapper_key.unwrap_for(suite, wrapped, &tbs)?;
            if new.unwrap_for(suite, rewrapped, &tbs)? == before {
                Ok(())
            } else {
                Err(PseudonymError::RewrapMismatch)
            }
        };
        same().map_err(|error| error.at(leaf_index))?;
    }
    Ok(keys)
}

/// The wrapped keys after [`rewrap`]'s update, by what the hub can see: the leaves that had a key have one, and no others.
///
/// # Errors
/// At its leaf, [`RewrapMismatch`](PseudonymError::RewrapMismatch).
pub fn apply_rewrap(
    link_keys: &LinkKeys,
    leaves: &RoomLeaves,
    update: &IdentityLinkKeysUpdate,
) -> Result<LinkKeys, PseudonymError> {
    let (set, removed) = parts(update);
    if let Some(leaf_index) = removed.first() {
        return Err(PseudonymError::RewrapMismatch.at(*leaf_index));
    }
    let mut expected = link_keys.iter().map(|(leaf_index, _)| leaf_index);
    for entry in set {
        if expected.next() != Some(entry.leaf_index) {
            return Err(PseudonymError::RewrapMismatch.at(entry.leaf_index));
        }
    }
    if let Some(missing) = expected.next() {
        return Err(PseudonymError::RewrapMismatch.at(missing));
    }
    link_keys.with_update(leaves, set, &[])
}
