//! Bob adds Charlie: Alice, who is not connected with Charlie, learns who Charlie is with the room's wrapper key alone.

use alloc::vec::Vec;

use mimi_codec::protocol::IdentifierUri;
use mimi_crypto::CipherSuiteProvider;

use super::unlinked::{LinkPolicy, check_link_policy};
use crate::{
    CommitChanges, CredentialCheck, IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves, RoomView,
    VerifiedIdentity, has_identity_link,
};

/// A room after a commit that a member may accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedCommit<T> {
    /// The wrapped keys after the commit.
    pub link_keys: LinkKeys,
    /// Who is at the leaves that the commit added or gave another credential, in the order of the leaves; `None` for a client that shows its
    /// identity to nobody, as the policy allows.
    pub identities: Vec<(u32, Option<VerifiedIdentity<T>>)>,
}

/// What a member does with a commit before accepting it, whoever sent it: applies the change of the keys, asks the room's policy, and opens the
/// links of all who are new. An adder that wraps a wrong key is found out here.
///
/// `leaves` are those after the commit, `link_keys` those before it. Removals, external joins and updates are judged the same way.
///
/// # Errors
/// Those of [`LinkKeys::after_commit`], [`check_link_policy`] and [`RoomView::open`], and
/// [`UserPseudonymShared`](PseudonymError::UserPseudonymShared) when a new client has the user pseudonym of another user, or shows its identity where a
/// client with its user pseudonym doesn't, or the other way round.
pub fn receive_commit<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    wrapper_key: &IdentityLinkWrapperKey,
    link_keys: &LinkKeys,
    leaves: &RoomLeaves,
    changes: &CommitChanges<'_>,
    policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
    check: &C,
) -> Result<AcceptedCommit<C::Details>, PseudonymError> {
    let link_keys = link_keys.after_commit(leaves, changes)?;
    let mut touched: Vec<u32> = changes.added.iter().chain(changes.updated).copied().collect();
    touched.sort_unstable();
    touched.dedup();
    let room = RoomView { leaves, link_keys: &link_keys, wrapper_key };
    let mut identities = Vec::with_capacity(touched.len());
    for leaf_index in touched {
        check_link_policy(leaves, &link_keys, leaf_index, policy)?;
        let linked =
            leaves.get(leaf_index).is_some_and(has_identity_link) && link_keys.get(leaf_index).is_some();
        let identity = linked.then(|| room.open(suite, leaf_index, check)).transpose()?;
        room.check_user_pseudonym(suite, leaf_index, identity.as_ref(), check)
            .map_err(|error| error.at(leaf_index))?;
        identities.push((leaf_index, identity));
    }
    Ok(AcceptedCommit { link_keys, identities })
}
