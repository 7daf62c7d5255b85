//! Alice adds Bob, with whom she is connected (mimi-metadata-minimalization-02 §4.1).

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::{
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate},
    protocol::PseudonymousCredential,
};
use mimi_crypto::CipherSuiteProvider;
use rand_core::CryptoRng;

use crate::{
    Connection, CredentialCheck, IdentityLinkWrapperKey, PseudonymError, VerifiedIdentity, has_identity_link,
    link_keys::update_of, room::aad_and_set,
};

/// The clients of one user, who is to be added.
#[derive(Clone, Copy, Debug)]
pub struct AddedUser<'a> {
    /// The connection with the user.
    pub connection: &'a Connection,
    /// The credentials of the user's KeyPackages, one for each client, in the order of the Add
    /// proposals.
    pub credentials: &'a [&'a PseudonymousCredential],
}

/// What goes with a commit that adds clients. The wrapper key goes into the Welcome:
/// [`IdentityLinkWrapperKey::to_extension`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedClients<T> {
    /// The commit's SafeAAD item.
    pub add_aad: AddAAD,
    /// The commit's AppDataUpdate for the component. Merge the keys that are to be removed into it,
    /// if the commit removes clients too.
    pub update: IdentityLinkKeysUpdate,
    /// Who was added, in the order of the Add proposals; `None` for a client without an identity
    /// link.
    pub identities: Vec<Option<VerifiedIdentity<T>>>,
}

/// Derives the link keys of those who are added from their connection keys, looks whether the links
/// open and show the connected user, and wraps the keys. The commit adds the clients in the order
/// of `users`, each user's in the order of its credentials, and they land at `leaves`, in that
/// order.
///
/// # Errors
/// [`NotOneUser`](PseudonymError::NotOneUser) when a user's credentials don't have one user
/// pseudonym, or there are none; [`UserPseudonymShared`](PseudonymError::UserPseudonymShared) when
/// some show their identity and others do not, which no member accepts, or two users have one;
/// [`RepeatedUser`](PseudonymError::RepeatedUser); [`AddAadCount`](PseudonymError::AddAadCount) for
/// another number of `leaves`; each at its [`Leaf`](PseudonymError::Leaf),
/// [`RepeatedClient`](PseudonymError::RepeatedClient) for a client with two KeyPackages, and those
/// of [`Connection::open`].
pub fn add_users<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    wrapper_key: &IdentityLinkWrapperKey,
    users: &[AddedUser<'_>],
    leaves: &[u32],
    check: &C,
    rng: &mut dyn CryptoRng,
) -> Result<AddedClients<C::Details>, PseudonymError> {
    let mut clients = Vec::with_capacity(leaves.len());
    let (mut named, mut pseudonyms) = (BTreeSet::new(), BTreeSet::new());
    for user in users {
        if !named.insert(user.connection.user()) {
            return Err(PseudonymError::RepeatedUser);
        }
        let pseudonym = user.credentials.first().map(|credential| &credential.user_pseudonym);
        if pseudonym.is_none()
            || user.credentials.iter().any(|credential| Some(&credential.user_pseudonym) != pseudonym)
        {
            return Err(PseudonymError::NotOneUser);
        }
        if !pseudonyms.insert(pseudonym) {
            return Err(PseudonymError::UserPseudonymShared);
        }
        let mut linked = user.credentials.iter().map(|credential| has_identity_link(credential));
        let first = linked.next();
        if linked.any(|other| Some(other) != first) {
            return Err(PseudonymError::UserPseudonymShared);
        }
        clients.extend(user.credentials.iter().map(|credential| (user.connection, *credential)));
    }
    if clients.len() != leaves.len() {
        let (expected, actual) = (clients.len(), leaves.len());
        return Err(PseudonymError::AddAadCount { expected, actual });
    }
    let (mut wrapped, mut identities) = (Vec::with_capacity(leaves.len()), Vec::with_capacity(leaves.len()));
    let mut real = BTreeSet::new();
    for (leaf_index, (connection, credential)) in leaves.iter().zip(clients) {
        if !has_identity_link(credential) {
            wrapped.push(None);
            identities.push(None);
            continue;
        }
        let (identity, identity_link_key) =
            connection.open(suite, credential, check).map_err(|error| error.at(*leaf_index))?;
        if !real.insert(identity.client().clone()) {
            return Err(PseudonymError::RepeatedClient.at(*leaf_index));
        }
        wrapped.push(Some(wrapper_key.wrap(suite, &identity_link_key, &credential.tbs(), rng)?));
        identities.push(Some(identity));
    }
    let (add_aad, set) = aad_and_set(leaves, wrapped);
    Ok(AddedClients { add_aad, update: update_of(set, Vec::new())?, identities })
}
