//! A client leaves or is removed: the keys go in the same commit
//! (minimal-metadata-rooms-key-management, 1.2).
//!
//! The room's wrapper key stays the same, so that a former member can still open the links of those
//! who come later, if it gets at the wrapped keys. [`rotation`](crate::rotation) is against that.

use mimi_codec::minimal_metadata::IdentityLinkKeysUpdate;

use crate::{
    LinkKeys, PseudonymError,
    link_keys::{parts, update_of},
};

/// The update for a commit that removes the clients at `removed`; with `adds`, that of the clients
/// that the same commit adds, its keys are set too, and win where a client lands at a leaf that
/// became blank. `None` when there is nothing to say.
///
/// # Errors
/// [`Invalid`](PseudonymError::Invalid) for a leaf that is removed twice.
pub fn remove_clients(
    link_keys: &LinkKeys,
    removed: &[u32],
    adds: Option<&IdentityLinkKeysUpdate>,
) -> Result<Option<IdentityLinkKeysUpdate>, PseudonymError> {
    let (set, _) = adds.map_or((&[][..], &[][..]), parts);
    let is_set = |leaf: &u32| set.binary_search_by_key(leaf, |entry| entry.leaf_index).is_ok();
    let removed = removed.iter().filter(|leaf| link_keys.get(**leaf).is_some() && !is_set(leaf));
    let update = update_of(set.to_vec(), removed.copied().collect())?;
    let (set, removed) = parts(&update);
    Ok((!set.is_empty() || !removed.is_empty()).then_some(update))
}
