//! Connections between users.

use core::fmt;

use mimi_codec::code_points::ComponentID;
use mimi_codec::minimal_metadata::SealedConnectionResponse;
use mimi_codec::mls::{GroupInfo, HPKECiphertext, RatchetTree};
use mimi_codec::protocol::IdentifierUri;
use mimi_codec::{DnsName, Opaque};
use mimi_crypto::HpkePrivateKey;
use mimi_pseudonym as pseudonym;
use mimi_pseudonym::{
    ConnectionRoom, ConnectionToken, Requester, UnverifiedConnectionRequest, open_connection_request,
    request_connection,
};

use super::credential::{checked, pseudonymous};
use super::known::known;
use super::{
    CheckedClient, ConnectionKey, CredentialCheck, KnownRoom, MemberState, RealClient, crypto_input, decode,
    encode, failed, item, room, suite, text, user,
};
use crate::seed::generator;
use crate::{Error, Result};

/// A user with whom keys were exchanged. It can be added to rooms, and its KeyPackages can be
/// recognised.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    pub(super) suite: u16,
    pub(super) connection: pseudonym::Connection,
}

/// What to store of a connection. It holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionParts {
    /// The cipher suite of the keys.
    pub cipher_suite: u16,
    /// The user.
    pub user_uri: String,
    /// Its connection key.
    pub connection_key: Vec<u8>,
    /// The key before that, while KeyPackages made with it are around.
    pub previous: Option<Vec<u8>>,
    /// Fingerprints of the keys that the user has replaced, 16 bytes each.
    pub retired: Vec<Vec<u8>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("user", self.connection.user()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ConnectionParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionParts").field("user_uri", &self.user_uri).finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection from storage.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a URI that is not in its
    /// normal form, an unknown suite, or keys that do not have KDF.Nh bytes.
    pub fn restore(parts: &ConnectionParts) -> Result<Self> {
        let key = |bytes: &Vec<u8>| ConnectionKey::new(parts.cipher_suite, bytes).map(|key| key.key);
        let current = key(&parts.connection_key)?;
        let previous = parts.previous.as_ref().map(key).transpose()?;
        let user = user("user_uri", &parts.user_uri)?;
        let retired = parts.retired.iter().map(|fingerprint| Opaque::from(fingerprint.as_slice()));
        let connection = pseudonym::Connection::restore(user, current, previous).with_retired(retired);
        Ok(Self { suite: parts.cipher_suite, connection })
    }

    /// What to store.
    #[must_use]
    pub fn parts(&self) -> ConnectionParts {
        let connection = &self.connection;
        ConnectionParts {
            cipher_suite: self.suite,
            user_uri: connection.user().to_string(),
            connection_key: connection.connection_key().expose().to_vec(),
            previous: connection.previous_connection_key().map(|key| key.expose().to_vec()),
            retired: connection.retired().map(|fingerprint| fingerprint.to_vec()).collect(),
        }
    }

    /// The user at the other end.
    #[must_use]
    pub fn user_uri(&self) -> String {
        self.connection.user().to_string()
    }

    /// The client that an encoded PseudonymousCredential of this user is for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) for a link that does not open
    /// with this user's keys, or that no authority vouches for;
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) if it shows another user.
    pub fn identify(&self, credential: &[u8], check: &dyn CredentialCheck) -> Result<MemberState> {
        let (suite, credential) = (suite(self.suite)?, pseudonymous(credential)?);
        let (identity, _) = self.connection.open(&suite, &credential, &checked(check)).map_err(failed)?;
        Ok(known(&identity))
    }

    /// Forgets the key from before the last rotation, once no KeyPackage of that time is left.
    #[must_use]
    pub fn forget_previous(self) -> Self {
        Self { connection: self.connection.forget_previous(), ..self }
    }
}

/// A request that was not answered yet.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingConnection {
    suite: u16,
    pending: pseudonym::PendingConnection,
}

/// What to store of a pending connection. It holds a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingParts {
    /// The cipher suite of the key.
    pub cipher_suite: u16,
    /// The user who was asked.
    pub responder_uri: String,
    /// The room that the user is to join.
    pub connection_room_uri: String,
    /// The private key for the answer.
    pub response_private_key: Vec<u8>,
}

impl fmt::Debug for PendingConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingConnection")
            .field("responder", self.pending.responder())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PendingParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingParts").field("responder_uri", &self.responder_uri).finish_non_exhaustive()
    }
}

impl PendingConnection {
    /// Asks a user for a connection, with the connection room that `requester` has created with all
    /// of its user's clients. Returns the encoded HPKECiphertext for the user's provider, too.
    /// `establishment_key` must be the user's; `seed` is 32 bytes from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for URIs that are not in their
    /// normal form, and for a key of another suite.
    pub fn request(
        responder_uri: &str,
        establishment_key: &[u8],
        requester: &RealClient,
        connection_key: &ConnectionKey,
        connection_room_uri: &str,
        connection_room: &KnownRoom,
        seed: &[u8],
    ) -> Result<(Self, Vec<u8>)> {
        let suite = connection_key.provider()?;
        let requester = Requester {
            client_credential: requester.credential().clone(),
            connection_key: &connection_key.key,
            connection_room_id: room(connection_room_uri)?,
            connection_room_wrapper_key: connection_room.view().wrapper_key,
        };
        let responder = user("responder_uri", responder_uri)?;
        let (pending, sealed) = request_connection(
            &suite,
            responder,
            &establishment_key.into(),
            requester,
            &mut generator(seed)?,
        )
        .map_err(failed)?;
        Ok((Self { suite: connection_key.suite, pending }, encode(&sealed)?))
    }

    /// A pending connection from storage.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for URIs that are not in their
    /// normal form, and for a key of another suite.
    pub fn restore(parts: &PendingParts) -> Result<Self> {
        let key = HpkePrivateKey::new(&suite(parts.cipher_suite)?, parts.response_private_key.as_slice())
            .map_err(crypto_input("response_private_key"))?;
        let responder = user("responder_uri", &parts.responder_uri)?;
        let pending =
            pseudonym::PendingConnection::restore(responder, room(&parts.connection_room_uri)?, key);
        Ok(Self { suite: parts.cipher_suite, pending })
    }

    /// What to store.
    #[must_use]
    pub fn parts(&self) -> PendingParts {
        PendingParts {
            cipher_suite: self.suite,
            responder_uri: self.pending.responder().to_string(),
            connection_room_uri: self.pending.connection_room_id().to_string(),
            response_private_key: self.pending.response_private_key().expose().to_vec(),
        }
    }

    /// The user has joined the connection room at `leaf_index`, with `response`, an encoded
    /// SealedConnectionResponse, in its commit's SafeAAD. `room` has followed that commit.
    /// `earlier` is the connection with the user that there is already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) for an answer that does not
    /// open, or that has another key than the joiner's link was made with;
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) if another user has joined, or the
    /// key is one that the user has replaced.
    pub fn accept(
        &self,
        response: &[u8],
        room: &KnownRoom,
        leaf_index: u32,
        earlier: Option<&Connection>,
        check: &dyn CredentialCheck,
    ) -> Result<Connection> {
        let suite = suite(self.suite)?;
        let response: SealedConnectionResponse = decode("mimi-metadata-minimalization-02 §5", response)?;
        let earlier = earlier.map(|earlier| &earlier.connection);
        let connection =
            self.pending.accept(&suite, &response, &room.view(), leaf_index, earlier, &checked(check));
        Ok(Connection { suite: self.suite, connection: connection.map_err(failed)? })
    }
}

/// A request that was opened. It is not signed, so it may be of another user than it says, until
/// [`verify`](Self::verify) has looked at the connection room.
#[derive(Debug)]
pub struct ConnectionRequest {
    suite: u16,
    request: UnverifiedConnectionRequest,
}

impl ConnectionRequest {
    /// Opens an encoded HPKECiphertext that came to `responder_uri`, with the private key of that
    /// user's connection establishment key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) with `RequestDoesNotOpen`, also
    /// for a request to another user; [`ErrorKind::Refused`](crate::ErrorKind::Refused) and
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no request or key.
    pub fn open(cipher_suite: u16, responder_uri: &str, private_key: &[u8], sealed: &[u8]) -> Result<Self> {
        let suite = suite(cipher_suite)?;
        let responder = user("responder_uri", responder_uri)?;
        let key = HpkePrivateKey::new(&suite, private_key).map_err(crypto_input("private_key"))?;
        let sealed: HPKECiphertext = decode("RFC 9420 §5.1.3", sealed)?;
        let request = open_connection_request(&suite, &responder, &key, &sealed).map_err(failed)?;
        Ok(Self { suite: cipher_suite, request })
    }

    /// The room to fetch from the requester's provider, as the request names it.
    #[must_use]
    pub fn connection_room_id(&self) -> Vec<u8> {
        self.request.connection_room_id().to_vec()
    }

    /// Looks at the connection room, by its encoded GroupInfo and ratchet tree: all of its members
    /// must be clients of the user who asks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) for signatures and links that do
    /// not hold, [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for a room at another
    /// provider or with members of another user.
    pub fn verify(
        self,
        group_info: &[u8],
        ratchet_tree: &[u8],
        check: &dyn CredentialCheck,
    ) -> Result<VerifiedConnectionRequest> {
        let suite = suite(self.suite)?;
        let group_info: GroupInfo = decode("RFC 9420 §12.4.3", group_info)?;
        let tree: RatchetTree = decode("RFC 9420 §12.4.3.3", ratchet_tree)?;
        let shown = ConnectionRoom::verify(&suite, &group_info, &tree).map_err(failed)?;
        let request = self.request.verify(&suite, &shown, &checked(check)).map_err(failed)?;
        Ok(VerifiedConnectionRequest { suite: self.suite, request })
    }
}

/// A request whose room has only clients of the user who asks.
#[derive(Debug)]
pub struct VerifiedConnectionRequest {
    suite: u16,
    request: pseudonym::VerifiedConnectionRequest<()>,
}

impl VerifiedConnectionRequest {
    /// The client that asks, and its user.
    #[must_use]
    pub fn requester(&self) -> CheckedClient {
        let requester = self.request.requester();
        CheckedClient {
            user_uri: requester.user.to_string(),
            client_uri: requester.client.to_string(),
            signature_public_key: requester.signature_public_key.to_vec(),
        }
    }

    /// The room to join.
    #[must_use]
    pub fn connection_room_uri(&self) -> String {
        self.request.connection_room_id().to_string()
    }

    /// That room's wrapper key, for [`join_externally`](super::join_externally).
    #[must_use]
    pub fn wrapper_key(&self) -> Vec<u8> {
        self.request.wrapper_key().expose().to_vec()
    }

    /// Says yes: the connection, and the encoded item for the SafeAAD of the external commit, whose
    /// credential is to be made with `own_connection_key`. `earlier` is the connection with the
    /// user that there is already; `seed` is 32 bytes from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) with `RetiredConnectionKey` for an
    /// old request, sent again; [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a
    /// response key that is not of the suite.
    pub fn accept(
        self,
        own_connection_key: &ConnectionKey,
        earlier: Option<&Connection>,
        seed: &[u8],
    ) -> Result<(Connection, Vec<u8>)> {
        let (suite, mut rng) = (suite(self.suite)?, generator(seed)?);
        let earlier = earlier.map(|earlier| &earlier.connection);
        let accepted = self.request.accept(&suite, &own_connection_key.key, earlier, &mut rng);
        let (connection, response) = accepted.map_err(failed)?;
        let connection = Connection { suite: self.suite, connection };
        Ok((connection, item(ComponentID::CONNECTION_RESPONSE, &response)?))
    }
}

/// The `target_user` of a KeyMaterialRequest for the KeyPackages that a user has uploaded for its
/// connections (mimi-metadata-minimalization-02 §7).
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no user or domain.
pub fn connection_token_target(
    user_uri: &str,
    connection_key: &ConnectionKey,
    provider: &str,
) -> Result<String> {
    let provider = DnsName::parse(provider)
        .map_err(|error| Error::input("provider", error).because(&error.kind).at(error.offset))?;
    let (suite, user) = (connection_key.provider()?, user("user_uri", user_uri)?);
    let token = ConnectionToken::of(&suite, &user, &connection_key.key).map_err(failed)?;
    token.target(provider.as_ref()).map(|target| text(&target)).map_err(failed)
}

/// Seals a client's queue ID, at most 63 bytes, to its provider, for the leaf with this client
/// pseudonym: an encoded HPKECiphertext (mimi-metadata-minimalization-02 §8).
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a longer ID, or a key of another
/// suite.
pub fn seal_queue_id(
    cipher_suite: u16,
    provider_key: &[u8],
    queue_id: &[u8],
    client_pseudonym: &str,
    seed: &[u8],
) -> Result<Vec<u8>> {
    let (suite, mut rng) = (suite(cipher_suite)?, generator(seed)?);
    let pseudonym = identifier(client_pseudonym)?;
    let sealed = pseudonym::seal_queue_id(&suite, &provider_key.into(), queue_id, &pseudonym, &mut rng);
    encode(&sealed.map_err(failed)?)
}

/// Opens the sealed queue ID of the client with this pseudonym, at its provider.
///
/// # Errors
///
/// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) with `QueueIdDoesNotOpen`, also for
/// a leaf that has copied another's; [`ErrorKind::Refused`](crate::ErrorKind::Refused) for other
/// bytes.
pub fn open_queue_id(
    cipher_suite: u16,
    private_key: &[u8],
    sealed: &[u8],
    client_pseudonym: &str,
) -> Result<Vec<u8>> {
    let suite = suite(cipher_suite)?;
    let key = HpkePrivateKey::new(&suite, private_key).map_err(crypto_input("private_key"))?;
    let sealed: HPKECiphertext = decode("RFC 9420 §5.1.3", sealed)?;
    let opened = pseudonym::open_queue_id(&suite, &key, &sealed, &identifier(client_pseudonym)?);
    opened.map(|queue_id| queue_id.to_vec()).map_err(failed)
}

fn identifier(uri: &str) -> Result<IdentifierUri> {
    IdentifierUri::new(uri).map_err(|error| Error::input("client_pseudonym", error).because(&error.kind))
}
