//! Who is behind a credential.

use alloc::string::String;
use core::fmt;

use mimi_codec::{
    ClientUri, DnsName, RoomUri, UserUri,
    mls::{Credential, ExternalSender, SignaturePublicKey},
};
use mimi_policy::{Actor, Claims};

/// A client in a group: whose it is, where it is reached, and what its credential claims.
///
/// The claims of a JWT, SD-CWT or X.509 credential are values here: the verifier of the
/// credential takes them out of it. Preauthorized joins are judged by them
/// (mimi-room-policy-04 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user, or the pseudonym under which the room knows it.
    pub user: UserUri,
    /// The client.
    pub client: ClientUri,
    /// The provider that its messages are fanned out to.
    pub provider: DnsName,
    /// What the credential claims.
    pub claims: Claims,
}

impl Member {
    /// A client without claims whose URIs are MIMI URIs; the user's host is the provider.
    ///
    /// # Errors
    /// [`CredentialError`] if one of the two is not the MIMI URI of a user or client in its
    /// normal form, or if they belong to different providers.
    pub fn of_mimi_uris(user: &[u8], client: &[u8]) -> Result<Self, CredentialError> {
        let refuse = |why: &dyn fmt::Display| CredentialError::new(alloc::format!("{why}"));
        let user = UserUri::try_from(user).map_err(|error| refuse(&error))?;
        let client = ClientUri::try_from(client).map_err(|error| refuse(&error))?;
        let (Some(users), Some(clients)) = (user.mimi_uri(), client.mimi_uri()) else {
            return Err(refuse(&"credential names no MIMI URI"));
        };
        if users.host() != clients.host() {
            return Err(refuse(&"the client belongs to another provider than its user"));
        }
        let provider = users.host().to_owned();
        Ok(Self { user, client, provider, claims: Claims::none() })
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::Client { user: self.user.clone(), client: self.client.clone(), claims: self.claims.clone() }
    }
}

/// A server on a group's list of external senders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its URI, as the participant list may hold it.
    pub uri: UserUri,
    /// What its credential claims.
    pub claims: Claims,
}

/// A credential that does not identify a client, or is not good for the key beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialError(String);

impl CredentialError {
    /// Refused for this reason: lower case, no full stop.
    #[must_use]
    pub const fn new(why: String) -> Self {
        Self(why)
    }
}

impl From<&str> for CredentialError {
    fn from(why: &str) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for CredentialError {}

/// The Authentication Service of RFC 9420 §5.3.1: who a credential names, and which leaf may
/// take another's place.
///
/// A room asks it about every leaf that enters a group: by Add, by Update, by the path of a
/// commit, and about all leaves when a room is loaded. Hub and clients must give the same answer
/// about the same leaf, or they part ways.
pub trait Identity {
    /// The client that a credential names. The credential must be good for the signature key.
    ///
    /// `room` matters where a client goes by a name of its own in each room (pseudonyms).
    ///
    /// # Errors
    /// [`CredentialError`].
    fn identify(
        &self,
        room: &RoomUri,
        credential: &Credential,
        key: &SignaturePublicKey,
    ) -> Result<Member, CredentialError>;

    /// The server at a place of the list of external senders; `None` if its proposals do not
    /// count. By default the server is what a basic credential says, without claims.
    fn external_sender(&self, sender: &ExternalSender) -> Option<Server> {
        let Credential::Basic { identity } = &sender.credential else { return None };
        Some(Server { uri: UserUri::new(identity.clone()).ok()?, claims: Claims::none() })
    }

    /// Whether the client of an Update or of a commit's path may take the place of the client
    /// that had the leaf before (RFC 9420 §5.3.1). User and client stay the same in any case; an
    /// implementation may ask for more, such as the same issuer.
    fn may_succeed(&self, before: &Member, after: &Member) -> bool {
        before.user == after.user && before.client == after.client
    }
}

impl<I: Identity + ?Sized> Identity for &I {
    fn identify(
        &self,
        room: &RoomUri,
        credential: &Credential,
        key: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        (**self).identify(room, credential, key)
    }

    fn external_sender(&self, sender: &ExternalSender) -> Option<Server> {
        (**self).external_sender(sender)
    }

    fn may_succeed(&self, before: &Member, after: &Member) -> bool {
        (**self).may_succeed(before, after)
    }
}
