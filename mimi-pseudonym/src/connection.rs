//! Connections between users (mimi-metadata-minimalization-01, 5): each tells the other its connection key.
//!
//! | Alice, who asks | Bob, who is asked |
//! |-|-|
//! | creates a room with all of her clients | |
//! | [`request_connection`]: a [`PendingConnection`], and the request for Bob's provider | |
//! | | [`open_connection_request`]: an [`UnverifiedConnectionRequest`] |
//! | | [`UnverifiedConnectionRequest::verify`]: the room's members are Alice's clients |
//! | | [`VerifiedConnectionRequest::accept`]: the [`Connection`], and the response for his external commit |
//! | [`PendingConnection::accept`]: the one who joined is Bob; the [`Connection`] | |
//!
//! Neither the hub nor a provider can open request or response, and the request doesn't show who asks. Nothing in the drafts authenticates the
//! responder's establishment key: whether it is Bob's is for the caller to know, by his provider's signature or out of band.

use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode, MimiUri, Opaque, SecretOpaque,
    minimal_metadata::{ConnectionRequest, ConnectionResponse, SealedConnectionResponse},
    mls::{Credential, HPKECiphertext, HPKEPublicKey},
    protocol::{IdentifierUri, PseudonymousCredential},
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, decrypt_with_label, encrypt_with_label,
    generate_hpke_key_pair,
};
use rand_core::CryptoRng;

use crate::{
    CheckedClient, ConnectionKey, CredentialCheck, CredentialRefused, IdentityLinkKey,
    IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves, RoomView, VerifiedIdentity,
    open_identity_link,
};

const REQUEST_LABEL: &[u8] = b"ConnectionRequest";
const RESPONSE_LABEL: &[u8] = b"ConnectionResponse";

/// A user with whom keys were exchanged: the user can be added to rooms, and what its KeyPackages say of it can be opened.
///
/// Only [`PendingConnection::accept`], [`VerifiedConnectionRequest::accept`] and [`Connection::restore`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    user: MimiUri,
    /// The current key, and the one before: KeyPackages that were uploaded with it may still be around.
    connection_key: ConnectionKey,
    previous: Option<ConnectionKey>,
}

impl Connection {
    /// A connection from the caller's own storage.
    #[must_use]
    pub fn restore(user: MimiUri, connection_key: ConnectionKey, previous: Option<ConnectionKey>) -> Self {
        Self { user, connection_key, previous }
    }

    /// The user at the other end, by its real identifier.
    #[must_use]
    pub fn user(&self) -> &MimiUri {
        &self.user
    }

    /// The user's connection key.
    #[must_use]
    pub fn connection_key(&self) -> &ConnectionKey {
        &self.connection_key
    }

    /// The connection key that the user had before, for as long as its KeyPackages are around.
    #[must_use]
    pub fn previous_connection_key(&self) -> Option<&ConnectionKey> {
        self.previous.as_ref()
    }

    /// The user has a new connection key, and said so in the connection room: the form of that message is [`rotation_message`]'s. The caller
    /// takes it only from a member of that room whose [`VerifiedIdentity`] it has.
    ///
    /// # Errors
    /// [`NotTheConnectedUser`](PseudonymError::NotTheConnectedUser) for a sender who is somebody else;
    /// [`InvalidLength`](CryptoError::InvalidLength) for a key that hasn't KDF.Nh bytes.
    pub fn rotate<S: CipherSuiteProvider + ?Sized, T>(
        self,
        suite: &S,
        sender: &VerifiedIdentity<T>,
        message: &ConnectionResponse,
    ) -> Result<Self, PseudonymError> {
        if *sender.user() != self.user {
            return Err(PseudonymError::NotTheConnectedUser);
        }
        let new = ConnectionKey::new(suite, message.responder_connection_key.expose())?;
        // Said twice, it is one rotation.
        if new == self.connection_key {
            return Ok(self);
        }
        Ok(Self { user: self.user, connection_key: new, previous: Some(self.connection_key) })
    }

    /// Forgets the connection key from before the last rotation, once no KeyPackage of that time is left.
    #[must_use]
    pub fn forget_previous(self) -> Self {
        Self { previous: None, ..self }
    }

    /// Opens the link of one of the user's credentials, from a KeyPackage or a leaf, with the current connection key or else the one before. The
    /// key that opened it is what a room gets wrapped.
    ///
    /// # Errors
    /// Those of [`open_identity_link`], and [`NotTheConnectedUser`](PseudonymError::NotTheConnectedUser) when it shows somebody else.
    pub fn open<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        &self,
        suite: &S,
        credential: &PseudonymousCredential,
        check: &C,
    ) -> Result<(VerifiedIdentity<C::Details>, IdentityLinkKey), PseudonymError> {
        let tbs = credential.tbs();
        let open = |key: &ConnectionKey| {
            let identity_link_key = key.identity_link_key(suite, &tbs)?;
            let identity = open_identity_link(suite, credential, &identity_link_key, check)?;
            Ok((identity, identity_link_key))
        };
        let opened = match (open(&self.connection_key), &self.previous) {
            (Err(PseudonymError::IdentityLinkDoesNotOpen), Some(previous)) => open(previous),
            (opened, _) => opened,
        };
        let (identity, identity_link_key) = opened?;
        if *identity.user() != self.user {
            return Err(PseudonymError::NotTheConnectedUser);
        }
        Ok((identity, identity_link_key))
    }
}

/// What a user with a new connection key sends to each of its connections, as application data in the connection room, which is encrypted to
/// both users' clients only: the one struct of the drafts that holds a connection key, bare.
#[must_use]
pub fn rotation_message(new: &ConnectionKey) -> ConnectionResponse {
    ConnectionResponse { responder_connection_key: new.to_wire() }
}

/// What a requester tells of itself.
#[derive(Clone, Debug)]
pub struct Requester<'a> {
    /// The credential of the client that asks.
    pub client_credential: Credential,
    /// The user's connection key.
    pub connection_key: &'a ConnectionKey,
    /// The room that the requester created with all of its clients.
    pub connection_room_id: Opaque,
    /// That room's wrapper key.
    pub connection_room_wrapper_key: &'a IdentityLinkWrapperKey,
}

/// A request that wasn't answered yet. It holds the private key for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingConnection {
    responder: MimiUri,
    connection_room_id: Opaque,
    response_private_key: HpkePrivateKey,
}

/// Asks `responder` for a connection, sealed to its connection establishment key.
///
/// ```text
/// EncryptWithLabel(connection_establishment_key, "ConnectionRequest",
///                  responder IdentifierUri, ConnectionRequest)
/// ```
///
/// # Errors
/// [`Encode`](PseudonymError::Encode) for values that are too long, [`Crypto`](PseudonymError::Crypto) for a key that is none of the suite.
pub fn request_connection<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    responder: MimiUri,
    connection_establishment_key: &HPKEPublicKey,
    requester: Requester<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<(PendingConnection, HPKECiphertext), PseudonymError> {
    let (response_private_key, connection_response_key) = generate_hpke_key_pair(suite, rng)?;
    let Requester { client_credential, connection_key, connection_room_id, connection_room_wrapper_key } =
        requester;
    let request = ConnectionRequest {
        requester_client_credential: client_credential,
        connection_room_id: connection_room_id.clone(),
        connection_room_identity_link_wrapper_key: SecretOpaque::new(connection_room_wrapper_key.expose()),
        requester_connection_key: connection_key.to_wire(),
        connection_response_key,
    };
    let context = IdentifierUri::from(responder.as_ref()).to_bytes()?;
    let plaintext = request.to_secret_bytes()?;
    let sealed = encrypt_with_label(
        suite,
        connection_establishment_key,
        REQUEST_LABEL,
        &context,
        plaintext.expose(),
        rng,
    )?;
    Ok((PendingConnection { responder, connection_room_id, response_private_key }, sealed))
}

impl PendingConnection {
    /// A request from the caller's own storage.
    #[must_use]
    pub fn restore(
        responder: MimiUri,
        connection_room_id: Opaque,
        response_private_key: HpkePrivateKey,
    ) -> Self {
        Self { responder, connection_room_id, response_private_key }
    }

    /// The user who was asked.
    #[must_use]
    pub fn responder(&self) -> &MimiUri {
        &self.responder
    }

    /// The room that the responder is to join.
    #[must_use]
    pub fn connection_room_id(&self) -> &Opaque {
        &self.connection_room_id
    }

    /// The private key for the answer, to store.
    #[must_use]
    pub fn response_private_key(&self) -> &HpkePrivateKey {
        &self.response_private_key
    }

    /// Opens an answer. Whose it is shows when it is accepted.
    ///
    /// # Errors
    /// [`ResponseDoesNotOpen`](PseudonymError::ResponseDoesNotOpen), [`Decode`](PseudonymError::Decode),
    /// [`InvalidLength`](CryptoError::InvalidLength) for a connection key that hasn't KDF.Nh bytes.
    pub fn open_response<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        response: &SealedConnectionResponse,
    ) -> Result<UnverifiedConnectionResponse, PseudonymError> {
        let SealedConnectionResponse(sealed) = response;
        let context = &self.connection_room_id;
        let plaintext =
            decrypt_with_label(suite, &self.response_private_key, RESPONSE_LABEL, context, sealed)
                .map_err(|error| not_opened(error, PseudonymError::ResponseDoesNotOpen))?;
        let response = ConnectionResponse::decode_exact(plaintext.expose())?;
        let connection_key = ConnectionKey::new(suite, response.responder_connection_key.expose())?;
        Ok(UnverifiedConnectionResponse { connection_key })
    }

    /// The responder has joined the room at `leaf_index`, with `response` in its commit's SafeAAD. `room` is as after that commit, which the
    /// requester has accepted by [`receive_commit`](crate::flow::transitive_add::receive_commit).
    ///
    /// # Errors
    /// Those of [`Self::open_response`] and [`RoomView::open`];
    /// [`NotTheResponder`](PseudonymError::NotTheResponder) when the leaf is somebody else's, and
    /// [`ConnectionKeyMismatch`](PseudonymError::ConnectionKeyMismatch) at the leaf when its link wasn't made with the connection key of the
    /// response.
    pub fn accept<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        &self,
        suite: &S,
        response: &SealedConnectionResponse,
        room: &RoomView<'_>,
        leaf_index: u32,
        check: &C,
    ) -> Result<Connection, PseudonymError> {
        let connection_key = self.open_response(suite, response)?.connection_key;
        let identity = room.open(suite, leaf_index, check)?;
        if *identity.user() != self.responder {
            return Err(PseudonymError::NotTheResponder);
        }
        room.check_connection_key(suite, leaf_index, &connection_key)
            .map_err(|error| error.at(leaf_index))?;
        Ok(Connection { user: self.responder.clone(), connection_key, previous: None })
    }
}

/// An answer that was opened. Anybody who was given the request could have written it, until it is held against the link of the one who joined.
#[derive(Debug)]
pub struct UnverifiedConnectionResponse {
    connection_key: ConnectionKey,
}

/// A ciphertext that doesn't open is `error`, whatever is wrong with it; all else is what it is.
fn not_opened(failure: CryptoError, error: PseudonymError) -> PseudonymError {
    match failure {
        CryptoError::DecryptionFailed => error,
        other => other.into(),
    }
}

/// A request that was opened. It is not signed: anybody could have written it in anybody's name, until the links in the connection room show
/// whose clients are there.
#[derive(Debug)]
pub struct UnverifiedConnectionRequest {
    request: ConnectionRequest,
    connection_key: ConnectionKey,
    wrapper_key: IdentityLinkWrapperKey,
}

/// Opens a request that came to the user `responder`, who owns `private_key`.
///
/// # Errors
/// [`RequestDoesNotOpen`](PseudonymError::RequestDoesNotOpen), also when it was sealed for another user under the same key;
/// [`Decode`](PseudonymError::Decode); [`InvalidLength`](CryptoError::InvalidLength) for keys in it that haven't KDF.Nh bytes.
pub fn open_connection_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    responder: &MimiUri,
    private_key: &HpkePrivateKey,
    sealed: &HPKECiphertext,
) -> Result<UnverifiedConnectionRequest, PseudonymError> {
    let context = IdentifierUri::from(responder.as_ref()).to_bytes()?;
    let plaintext = decrypt_with_label(suite, private_key, REQUEST_LABEL, &context, sealed)
        .map_err(|error| not_opened(error, PseudonymError::RequestDoesNotOpen))?;
    let request = ConnectionRequest::decode_exact(plaintext.expose())?;
    let connection_key = ConnectionKey::new(suite, request.requester_connection_key.expose())?;
    let wrapper_key =
        IdentityLinkWrapperKey::new(suite, request.connection_room_identity_link_wrapper_key.expose())?;
    Ok(UnverifiedConnectionRequest { request, connection_key, wrapper_key })
}

impl UnverifiedConnectionRequest {
    /// The credential of the client that claims to ask.
    #[must_use]
    pub fn requester_client_credential(&self) -> &Credential {
        &self.request.requester_client_credential
    }

    /// The room to fetch from the requester's provider.
    #[must_use]
    pub fn connection_room_id(&self) -> &Opaque {
        &self.request.connection_room_id
    }

    /// That room's wrapper key.
    #[must_use]
    pub fn wrapper_key(&self) -> &IdentityLinkWrapperKey {
        &self.wrapper_key
    }

    /// Opens the links of all members of the connection room: they have to be clients of the user who asks, the asking client among them, and
    /// their links made with the connection key of the request. `leaves` and `link_keys` are what the hub of the room gives to a joiner.
    ///
    /// # Errors
    /// [`CredentialRefused`](PseudonymError::CredentialRefused) for the requester's credential; at its [`Leaf`](PseudonymError::Leaf), those of
    /// [`RoomView::open`], [`StrangerInConnectionRoom`](PseudonymError::StrangerInConnectionRoom) and
    /// [`ConnectionKeyMismatch`](PseudonymError::ConnectionKeyMismatch); [`RequesterNotInRoom`](PseudonymError::RequesterNotInRoom).
    pub fn verify<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        self,
        suite: &S,
        leaves: &RoomLeaves,
        link_keys: &LinkKeys,
        check: &C,
    ) -> Result<VerifiedConnectionRequest<C::Details>, PseudonymError> {
        let requester = check
            .check(&self.request.requester_client_credential)
            .map_err(|CredentialRefused| PseudonymError::CredentialRefused)?;
        let room = RoomView { leaves, link_keys, wrapper_key: &self.wrapper_key };
        let mut clients = Vec::with_capacity(room.leaves.len());
        for (leaf_index, _) in room.leaves.iter() {
            let identity = room.open(suite, leaf_index, check)?;
            if *identity.user() != requester.user {
                return Err(PseudonymError::StrangerInConnectionRoom.at(leaf_index));
            }
            room.check_connection_key(suite, leaf_index, &self.connection_key)
                .map_err(|error| error.at(leaf_index))?;
            clients.push((leaf_index, identity));
        }
        if !clients.iter().any(|(_, identity)| *identity.client() == requester.client) {
            return Err(PseudonymError::RequesterNotInRoom);
        }
        Ok(VerifiedConnectionRequest { request: self, requester, clients })
    }
}

/// A request whose room has nobody in it but clients of the user who asks.
///
/// It needn't be that user who sent it. A request isn't signed, so whoever was asked before can pass it on as it is, with a response key of its own. The
/// requester refuses an answer by a user whom it didn't ask; but if the one in between gets to see that answer, a server of the room helping, it has the
/// connection key in it by then. The drafts have nothing against that. Who gives an answer that the requester never takes should change its connection key.
#[derive(Debug)]
pub struct VerifiedConnectionRequest<T> {
    request: UnverifiedConnectionRequest,
    requester: CheckedClient<T>,
    clients: Vec<(u32, VerifiedIdentity<T>)>,
}

impl<T> VerifiedConnectionRequest<T> {
    /// The client that asks, and its user.
    #[must_use]
    pub fn requester(&self) -> &CheckedClient<T> {
        &self.requester
    }

    /// The members of the connection room, each at its leaf: all clients of the user who asks.
    #[must_use]
    pub fn clients(&self) -> &[(u32, VerifiedIdentity<T>)] {
        &self.clients
    }

    /// The room to join.
    #[must_use]
    pub fn connection_room_id(&self) -> &Opaque {
        self.request.connection_room_id()
    }

    /// That room's wrapper key, with which the responder wraps its own link key to join.
    #[must_use]
    pub fn wrapper_key(&self) -> &IdentityLinkWrapperKey {
        &self.request.wrapper_key
    }

    /// Says yes: the connection, and the answer for the SafeAAD of the responder's external commit, component
    /// [`CONNECTION_RESPONSE`](mimi_codec::code_points::ComponentID::CONNECTION_RESPONSE). The commit's credential has to be made with
    /// `own_connection_key`, else the requester refuses.
    ///
    /// ```text
    /// EncryptWithLabel(connection_response_key, "ConnectionResponse",
    ///                  connection_room_id, ConnectionResponse)
    /// ```
    ///
    /// # Errors
    /// [`Crypto`](PseudonymError::Crypto) for a response key that is none of the suite.
    pub fn accept<S: CipherSuiteProvider + ?Sized>(
        self,
        suite: &S,
        own_connection_key: &ConnectionKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Connection, SealedConnectionResponse), PseudonymError> {
        let response = ConnectionResponse { responder_connection_key: own_connection_key.to_wire() };
        let plaintext = response.to_secret_bytes()?;
        let UnverifiedConnectionRequest { request, connection_key, .. } = self.request;
        let sealed = encrypt_with_label(
            suite,
            &request.connection_response_key,
            RESPONSE_LABEL,
            &request.connection_room_id,
            plaintext.expose(),
            rng,
        )?;
        let connection = Connection { user: self.requester.user, connection_key, previous: None };
        Ok((connection, SealedConnectionResponse(sealed)))
    }
}
