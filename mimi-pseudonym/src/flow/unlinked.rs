//! Pseudonymity among users: members without an identity link (mimi-metadata-minimalization-02 §6).
//!
//! No field of any policy says who may, so it is the caller's input: by role, or the same for
//! everyone. A member without a link has a credential with an empty `identity_link_ciphertext`, no
//! entry among the room's keys, and an empty ciphertext in the AddAAD.
//!
//! Under one user pseudonym, all clients show their identity or none does. That clients without a
//! link are of one user is for the hub to see to, which decides who may add a client under whose
//! pseudonym; members can't tell.

use mimi_codec::protocol::IdentifierUri;

use crate::{LinkKeys, PseudonymError, RoomLeaves, has_identity_link};

/// Whether a user has to let the room know who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPolicy {
    /// It has to: the rule of the drafts.
    Required,
    /// As it likes.
    Optional,
    /// It must not.
    Forbidden,
}

/// Does the member at a leaf do as the policy says of its user pseudonym? The hub can ask that too.
///
/// # Errors
/// At its [`Leaf`](PseudonymError::Leaf), [`UnknownLeaf`](PseudonymError::UnknownLeaf),
/// [`IdentityLinkRequired`](PseudonymError::IdentityLinkRequired) when link or key are missing,
/// [`IdentityLinkForbidden`](PseudonymError::IdentityLinkForbidden) when either is there.
pub fn check_link_policy(
    leaves: &RoomLeaves,
    link_keys: &LinkKeys,
    leaf_index: u32,
    policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
) -> Result<(), PseudonymError> {
    let credential = leaves.get(leaf_index).ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
    let (link, key) = (has_identity_link(credential), link_keys.get(leaf_index).is_some());
    match policy(&credential.user_pseudonym) {
        LinkPolicy::Required if !(link && key) => Err(PseudonymError::IdentityLinkRequired.at(leaf_index)),
        LinkPolicy::Forbidden if link || key => Err(PseudonymError::IdentityLinkForbidden.at(leaf_index)),
        _ => Ok(()),
    }
}
