//! A wrapper key that changes when members go. **A construction of this library, in no draft**:
//! nothing else here uses it, and a room does only if all of its members agreed to.
//!
//! With the drafts' static wrapper key, a former member can open the links of all who come later,
//! if it gets at the wrapped keys, which the hub has. The drafts mean to replace the key by
//! TreeWrap. Until then:
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
//! 1. A commit removes members and begins epoch n. It adds no member and sets no key, so that no
//!    key of a new member is wrapped for those who go. From now on a rotation is *pending*, for hub
//!    and members alike: commits that add members or set keys are refused
//!    ([`RotationPending`](PseudonymError::RotationPending)). Another removal is allowed, and
//!    begins anew.
//! 2. Every member derives the wrapper key of epoch n, which the removed ones cannot. Any member
//!    sends a second commit ([`KnownRoom::rewrap`](crate::KnownRoom::rewrap)): all link keys, under
//!    the new wrapper key. It cannot be part of the first: epoch n's secrets depend on the
//!    GroupContext, which holds the wrapped keys.
//! 3. The other members follow it ([`KnownRoom::follow`](crate::KnownRoom::follow)). Whether or not
//!    its keys open, the key of epoch n is the room's wrapper key until the next removal: a member
//!    that wraps under a key that no member has stops the room from nothing. The members, who have
//!    opened all links before, find out, may remove it, and any of them wraps the keys anew.
//!
//! A member that is added gets the room's wrapper key in its Welcome, and a join link carries it,
//! as they do the static one. Join links from before a change bring a key that opens nothing:
//! [`join_externally`](crate::flow::external_join::join_externally) refuses it.
//!
//! Members that were present together with a removed one stay known to it: it has had their link
//! keys.
//!
//! While a rotation is pending a room could also take additions wrapped under both keys. It refuses
//! them instead: the second commit follows the first at once, any member can send it, and two keys
//! for one leaf would be two truths.

use alloc::vec::Vec;

use mimi_codec::{
    Opaque, Writer,
    minimal_metadata::{IdentityLinkKeysUpdate, LeafKey},
};
use mimi_crypto::{CipherSuiteProvider, Secret, expand_with_label};
use rand_core::CryptoRng;

use crate::{
    IdentityLinkKey, IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves,
    credential::tbs_bytes,
    link_keys::{parts, update_of},
};

/// The wrapper key of an epoch. `component_secret` is what
/// [`safe_export_secret`](mimi_crypto::ExporterTree::safe_export_secret) gives in that epoch for
/// [`IDENTITY_LINK_KEYS`](mimi_codec::code_points::ComponentID::IDENTITY_LINK_KEYS).
///
/// # Errors
/// [`InvalidLength`](mimi_crypto::CryptoError::InvalidLength) for a secret that hasn't KDF.Nh
/// bytes.
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

/// The update that puts all link keys of a room under a new wrapper key. `key_of` gives the
/// identity link key at a leaf; an entry that opens for no member stays as it is, so that one bad
/// leaf stops no rotation.
pub(crate) fn rewrap<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    leaves: &RoomLeaves,
    link_keys: &LinkKeys,
    key_of: &dyn Fn(u32) -> Result<IdentityLinkKey, PseudonymError>,
    new: &IdentityLinkWrapperKey,
    rng: &mut dyn CryptoRng,
) -> Result<IdentityLinkKeysUpdate, PseudonymError> {
    let mut set = Vec::new();
    for (leaf_index, wrapped) in link_keys.iter() {
        let credential = leaves.get(leaf_index).ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
        let key = match key_of(leaf_index) {
            Ok(key) => new.wrap_for(suite, &key, &tbs_bytes(credential)?, rng)?,
            Err(_) => wrapped.clone(),
        };
        set.push(LeafKey { leaf_index, key });
    }
    update_of(set, Vec::new())
}

/// The wrapped keys after [`rewrap`]'s update, by what the hub can see: the leaves that had a key
/// have one, and no others.
pub(crate) fn apply_rewrap(
    link_keys: &LinkKeys,
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
    Ok(link_keys.replaced(set))
}
