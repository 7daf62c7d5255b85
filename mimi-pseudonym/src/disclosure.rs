//! A member who shows who it is later, in an application message (draft-mahy-mimi-pseudonyms-00
//! §4).

use mimi_codec::{
    ClientUri, RoomUri, UserUri,
    mls::Credential,
    protocol::{IdentifierUri, PseudonymousCredential},
};

use crate::{
    CheckedClient, CredentialCheck, CredentialCheckError, PseudonymError, credential::is_of,
    pseudonym::Pseudonymous,
};

/// What a member shows of itself.
#[derive(Clone, Copy, Debug)]
pub struct Disclosure<'a> {
    /// A real credential for the key with which the member is in the room.
    pub credential: &'a Credential,
    /// The room that the presentation is for, as it says itself: the audience of a token, for
    /// example. For a bare credential in an application message, the room of the message, which the
    /// member's MLS signature covers.
    pub audience: &'a RoomUri,
}

/// Who a member says it is, and an authority too. Only [`verify_disclosure`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisclosedIdentity<T> {
    client: CheckedClient<T>,
    user_pseudonym: IdentifierUri,
}

impl<T> DisclosedIdentity<T> {
    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserUri {
        &self.client.user
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &ClientUri {
        &self.client.client
    }

    /// What the caller's check kept.
    #[must_use]
    pub fn details(&self) -> &T {
        &self.client.details
    }

    /// The pseudonym of the user in the room.
    #[must_use]
    pub fn user_pseudonym(&self) -> &IdentifierUri {
        &self.user_pseudonym
    }
}

/// Checks what the member with this leaf credential shows of itself in the room `room`. That the
/// member sent it is for the MLS stack to say.
///
/// Such a credential vouches for the room's own key. Its issuer sees that key, and so can find the
/// member in the room; an identity link is not seen by its issuer.
///
/// # Errors
/// [`DisclosedElsewhere`](PseudonymError::DisclosedElsewhere) for a presentation to another room,
/// [`CredentialCheckError`](PseudonymError::CredentialRefused),
/// [`DisclosedKeyMismatch`](PseudonymError::DisclosedKeyMismatch) for a credential for another key
/// than the leaf's, [`InvalidPseudonym`](PseudonymError::InvalidPseudonym), and
/// [`ProviderMismatch`](PseudonymError::ProviderMismatch) for an identity of another provider.
pub fn verify_disclosure<C: CredentialCheck>(
    leaf: &PseudonymousCredential,
    room: &RoomUri,
    disclosure: &Disclosure<'_>,
    check: &C,
) -> Result<DisclosedIdentity<C::Details>, PseudonymError> {
    if disclosure.audience != room {
        return Err(PseudonymError::DisclosedElsewhere);
    }
    let client = check
        .check(disclosure.credential)
        .map_err(|CredentialCheckError| PseudonymError::CredentialRefused)?;
    if client.signature_public_key != leaf.signature_public_key {
        return Err(PseudonymError::DisclosedKeyMismatch);
    }
    let provider = leaf.provider()?;
    if !is_of(provider, client.user.mimi_uri()) || !is_of(provider, client.client.mimi_uri()) {
        return Err(PseudonymError::ProviderMismatch);
    }
    Ok(DisclosedIdentity { client, user_pseudonym: leaf.user_pseudonym.clone() })
}
