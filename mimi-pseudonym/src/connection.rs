//! Connections between users (mimi-metadata-minimalization-02 §5): each tells the other its
//! connection key.
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
//! Neither the hub nor a provider can open request or response, and the request doesn't show who
//! asks. Nothing in the drafts authenticates the responder's establishment key: the caller must
//! know whether it is Bob's, by his provider's signature or out of band. An [`offer`](crate::offer)
//! has neither gap.

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::{
    Decode, Encode, MimiUriRef, Opaque, RoomUri, SecretOpaque, UserUri,
    minimal_metadata::{ConnectionRequest, ConnectionResponse, SealedConnectionResponse},
    mls::{
        Credential, GroupInfo, HPKECiphertext, HPKEPublicKey, LeafNodePosition, LeafNodeSelect, RatchetTree,
    },
    protocol::{IdentifierUri, PseudonymousCredential},
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, decrypt_with_label, encrypt_with_label,
    expand_with_label, generate_hpke_key_pair, verify_with_label,
};
use rand_core::CryptoRng;

use crate::{
    CheckedClient, ConnectionKey, CredentialCheck, CredentialCheckError, IdentityLinkKey,
    IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves, RoomView, VerifiedIdentity,
    open_identity_link,
};

const REQUEST_LABEL: &[u8] = b"ConnectionRequest";
const RESPONSE_LABEL: &[u8] = b"ConnectionResponse";

/// A user with whom keys were exchanged: the user can be added to rooms, and what its KeyPackages
/// say of it can be opened.
///
/// Only [`PendingConnection::accept`], [`VerifiedConnectionRequest::accept`] and
/// [`Connection::restore`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    user: UserUri,
    /// The current key, and the one before: KeyPackages that were uploaded with it may still be
    /// around.
    connection_key: ConnectionKey,
    previous: Option<ConnectionKey>,
    /// Fingerprints of keys that were replaced, so that no old message brings one back.
    retired: BTreeSet<Opaque>,
}

impl Connection {
    /// A connection from the caller's own storage.
    #[must_use]
    pub fn restore(user: UserUri, connection_key: ConnectionKey, previous: Option<ConnectionKey>) -> Self {
        Self { user, connection_key, previous, retired: BTreeSet::new() }
    }

    /// The same with the fingerprints of the keys that were replaced ([`Self::retired`]).
    #[must_use]
    pub fn with_retired(mut self, retired: impl IntoIterator<Item = Opaque>) -> Self {
        self.retired.extend(retired);
        self
    }

    /// The fingerprints of the keys that the user has replaced, to store.
    pub fn retired(&self) -> impl Iterator<Item = &Opaque> {
        self.retired.iter()
    }

    /// The user at the other end, by its real identifier.
    #[must_use]
    pub fn user(&self) -> &UserUri {
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

    /// The user has a new connection key, and said so in the connection room: the form of that
    /// message is [`rotation_message`]'s. The caller takes it only from a member of that room whose
    /// [`VerifiedIdentity`] it has.
    ///
    /// # Errors
    /// [`NotTheConnectedUser`](PseudonymError::NotTheConnectedUser) for a sender who is another
    /// user; [`InvalidLength`](CryptoError::InvalidLength) for a key that does not have KDF.Nh
    /// bytes; [`RetiredConnectionKey`](PseudonymError::RetiredConnectionKey) for a key that the
    /// user has replaced before: an old message, sent again.
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
        self.replace(suite, new)
    }

    fn replace<S: CipherSuiteProvider + ?Sized>(
        mut self,
        suite: &S,
        new: ConnectionKey,
    ) -> Result<Self, PseudonymError> {
        // Said twice, it is one rotation.
        if new == self.connection_key {
            return Ok(self);
        }
        if self.previous.as_ref() == Some(&new) || self.retired.contains(&fingerprint(suite, &new)?) {
            return Err(PseudonymError::RetiredConnectionKey);
        }
        self.retired.insert(fingerprint(suite, &self.connection_key)?);
        self.previous = Some(self.connection_key);
        self.connection_key = new;
        Ok(self)
    }

    /// A connection that was agreed anew, with what is known of the one before.
    fn agreed<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        user: UserUri,
        connection_key: ConnectionKey,
        known: Option<&Self>,
    ) -> Result<Self, PseudonymError> {
        match known {
            Some(known) if known.user == user => known.clone().replace(suite, connection_key),
            _ => Ok(Self::restore(user, connection_key, None)),
        }
    }

    /// Forgets the connection key from before the last rotation, once no KeyPackage of that time is
    /// left.
    #[must_use]
    pub fn forget_previous(self) -> Self {
        Self { previous: None, ..self }
    }

    /// Opens the link of one of the user's credentials, from a KeyPackage or a leaf, with the
    /// current connection key or else the one before. The key that opened it is what a room gets
    /// wrapped.
    ///
    /// # Errors
    /// Those of [`open_identity_link`], and
    /// [`NotTheConnectedUser`](PseudonymError::NotTheConnectedUser) when it shows another user.
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

/// What tells a connection key that was replaced from others, 16 bytes. It is not secret.
fn fingerprint<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    connection_key: &ConnectionKey,
) -> Result<Opaque, PseudonymError> {
    let fingerprint =
        expand_with_label(suite, connection_key.secret(), b"ConnectionKeyFingerprint", b"", 16)?;
    Ok(fingerprint.expose().into())
}

/// What a user with a new connection key sends to each of its connections, as application data in
/// the connection room, which is encrypted to both users' clients only: the one struct of the
/// drafts that holds a connection key, bare.
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
    pub connection_room_id: RoomUri,
    /// That room's wrapper key.
    pub connection_room_wrapper_key: &'a IdentityLinkWrapperKey,
}

/// A request that wasn't answered yet. It holds the private key for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingConnection {
    responder: UserUri,
    connection_room_id: RoomUri,
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
/// [`Encode`](PseudonymError::Encode) for values that are too long,
/// [`Crypto`](PseudonymError::Crypto) for a key that is none of the suite.
pub fn request_connection<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    responder: UserUri,
    connection_establishment_key: &HPKEPublicKey,
    requester: Requester<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<(PendingConnection, HPKECiphertext), PseudonymError> {
    let (pending, request) = begin_request(suite, responder, requester, rng)?;
    let context = IdentifierUri::from(&pending.responder).to_bytes()?;
    let plaintext = request.to_secret_bytes()?;
    let sealed = encrypt_with_label(
        suite,
        connection_establishment_key,
        REQUEST_LABEL,
        &context,
        plaintext.expose(),
        rng,
    )?;
    Ok((pending, sealed))
}

/// The request before it is sealed, and what opens its answer.
pub(crate) fn begin_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    responder: UserUri,
    requester: Requester<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<(PendingConnection, ConnectionRequest), PseudonymError> {
    let (response_private_key, connection_response_key) = generate_hpke_key_pair(suite, rng)?;
    let Requester { client_credential, connection_key, connection_room_id, connection_room_wrapper_key } =
        requester;
    let request = ConnectionRequest {
        requester_client_credential: client_credential,
        connection_room_id: connection_room_id.as_opaque().clone(),
        connection_room_identity_link_wrapper_key: SecretOpaque::new(connection_room_wrapper_key.expose()),
        requester_connection_key: connection_key.to_wire(),
        connection_response_key,
    };
    Ok((PendingConnection { responder, connection_room_id, response_private_key }, request))
}

impl PendingConnection {
    /// A request from the caller's own storage.
    #[must_use]
    pub fn restore(
        responder: UserUri,
        connection_room_id: RoomUri,
        response_private_key: HpkePrivateKey,
    ) -> Self {
        Self { responder, connection_room_id, response_private_key }
    }

    /// The user who was asked.
    #[must_use]
    pub fn responder(&self) -> &UserUri {
        &self.responder
    }

    /// The room that the responder is to join.
    #[must_use]
    pub fn connection_room_id(&self) -> &RoomUri {
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
    /// [`ResponseDoesNotOpen`](PseudonymError::ResponseDoesNotOpen),
    /// [`Decode`](PseudonymError::Decode), [`InvalidLength`](CryptoError::InvalidLength) for a
    /// connection key that hasn't KDF.Nh bytes.
    pub fn open_response<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        response: &SealedConnectionResponse,
    ) -> Result<UnverifiedConnectionResponse, PseudonymError> {
        let SealedConnectionResponse(sealed) = response;
        let context = self.connection_room_id.as_bytes();
        let plaintext =
            decrypt_with_label(suite, &self.response_private_key, RESPONSE_LABEL, context, sealed)
                .map_err(|error| not_opened(error, PseudonymError::ResponseDoesNotOpen))?;
        let response = ConnectionResponse::decode_exact(plaintext.expose())?;
        let connection_key = ConnectionKey::new(suite, response.responder_connection_key.expose())?;
        Ok(UnverifiedConnectionResponse { connection_key })
    }

    /// The responder has joined the room at `leaf_index`, with `response` in its commit's SafeAAD.
    /// `room` is as after that commit, which the requester has
    /// [followed](crate::KnownRoom::follow). `known` is the connection with the responder that the
    /// requester has already, if any.
    ///
    /// # Errors
    /// Those of [`Self::open_response`] and [`RoomView::open`];
    /// [`NotTheResponder`](PseudonymError::NotTheResponder) when the leaf is another user's, and
    /// [`ConnectionKeyMismatch`](PseudonymError::ConnectionKeyMismatch) at the leaf when its link
    /// wasn't made with the connection key of the response;
    /// [`RetiredConnectionKey`](PseudonymError::RetiredConnectionKey) for a connection key that the
    /// responder has replaced since.
    pub fn accept<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        &self,
        suite: &S,
        response: &SealedConnectionResponse,
        room: &RoomView<'_>,
        leaf_index: u32,
        known: Option<&Connection>,
        check: &C,
    ) -> Result<Connection, PseudonymError> {
        let connection_key = self.open_response(suite, response)?.connection_key;
        let identity = room.open(suite, leaf_index, check)?;
        if *identity.user() != self.responder {
            return Err(PseudonymError::NotTheResponder);
        }
        room.check_connection_key(suite, leaf_index, &connection_key)
            .map_err(|error| error.at(leaf_index))?;
        Connection::agreed(suite, self.responder.clone(), connection_key, known)
    }
}

/// An answer that was opened. Anybody who was given the request could have written it, until it is
/// held against the link of the one who joined.
#[derive(Debug)]
pub struct UnverifiedConnectionResponse {
    connection_key: ConnectionKey,
}

/// A ciphertext that doesn't open is `error`, whatever is wrong with it; all else is what it is.
pub(crate) fn not_opened(failure: CryptoError, error: PseudonymError) -> PseudonymError {
    match failure {
        CryptoError::DecryptionFailed => error,
        other => other.into(),
    }
}

/// A request that was opened. It is not signed: anybody could have written it in anybody's name,
/// until the links in the connection room show whose clients are there.
#[derive(Debug)]
pub struct UnverifiedConnectionRequest {
    request: ConnectionRequest,
    connection_key: ConnectionKey,
    wrapper_key: IdentityLinkWrapperKey,
}

/// Opens a request that came to the user `responder`, who owns `private_key`.
///
/// # Errors
/// [`RequestDoesNotOpen`](PseudonymError::RequestDoesNotOpen), also when it was sealed for another
/// user under the same key; [`Decode`](PseudonymError::Decode);
/// [`InvalidLength`](CryptoError::InvalidLength) for keys in it that haven't KDF.Nh bytes.
pub fn open_connection_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    responder: &UserUri,
    private_key: &HpkePrivateKey,
    sealed: &HPKECiphertext,
) -> Result<UnverifiedConnectionRequest, PseudonymError> {
    let context = IdentifierUri::from(responder).to_bytes()?;
    let plaintext = decrypt_with_label(suite, private_key, REQUEST_LABEL, &context, sealed)
        .map_err(|error| not_opened(error, PseudonymError::RequestDoesNotOpen))?;
    UnverifiedConnectionRequest::new(suite, ConnectionRequest::decode_exact(plaintext.expose())?)
}

/// A connection room as its hub shows it to a joiner: a GroupInfo that a member has signed, and a
/// tree whose leaves have all signed themselves, for this group and their places in it.
///
/// That the tree is the one that the GroupInfo names (its `tree_hash`) is checked by the MLS stack,
/// which needs both to join. A hub can otherwise only leave members out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRoom {
    group_id: Opaque,
    leaves: RoomLeaves,
    link_keys: LinkKeys,
}

impl ConnectionRoom {
    /// Checks what a hub has shown.
    ///
    /// # Errors
    /// At its [`Leaf`](PseudonymError::Leaf), [`LeafSignature`](PseudonymError::LeafSignature) and
    /// those of [`RoomLeaves::of_tree`];
    /// [`GroupInfoSignature`](PseudonymError::GroupInfoSignature); those of [`LinkKeys::of_group`].
    pub fn verify<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        group_info: &GroupInfo,
        tree: &RatchetTree,
    ) -> Result<Self, PseudonymError> {
        let leaves = RoomLeaves::of_tree(tree)?;
        let context = &group_info.group_context;
        for (leaf_index, leaf_node) in tree.leaves() {
            let position = LeafNodePosition { group_id: context.group_id.clone(), leaf_index };
            let position = match leaf_node.leaf_node_source {
                LeafNodeSelect::KeyPackage { .. } => None,
                _ => Some(position),
            };
            let tbs = leaf_node.tbs(position)?.to_bytes()?;
            verify_with_label(suite, &leaf_node.signature_key, b"LeafNodeTBS", &tbs, &leaf_node.signature)
                .map_err(|_| PseudonymError::LeafSignature.at(leaf_index))?;
        }
        let signer = leaves.get(group_info.signer).ok_or(PseudonymError::GroupInfoSignature)?;
        let (key, tbs) = (&signer.signature_public_key, group_info.tbs().to_bytes()?);
        verify_with_label(suite, key, b"GroupInfoTBS", &tbs, &group_info.signature)
            .map_err(|_| PseudonymError::GroupInfoSignature)?;
        let link_keys = LinkKeys::of_group(context, &leaves)?;
        Ok(Self { group_id: context.group_id.clone(), leaves, link_keys })
    }

    /// The leaves.
    #[must_use]
    pub fn leaves(&self) -> &RoomLeaves {
        &self.leaves
    }

    /// Their wrapped keys.
    #[must_use]
    pub fn link_keys(&self) -> &LinkKeys {
        &self.link_keys
    }

    /// Whether this is the room that a user creates at its own provider. A group ID that is a MIMI
    /// URI (mimi-protocol-06 §3) must name the room; others say nothing.
    fn check_place(&self, room_id: &RoomUri, user: &UserUri) -> Result<(), PseudonymError> {
        let (Some(room), Some(user)) = (room_id.mimi_uri(), user.mimi_uri()) else {
            return Err(PseudonymError::ConnectionRoomElsewhere);
        };
        let is_group = MimiUriRef::from_bytes(&self.group_id)
            .map_or(true, |group| group.host() == room.host() && group.id() == room.id());
        if room.host() == user.host() && is_group {
            Ok(())
        } else {
            Err(PseudonymError::ConnectionRoomElsewhere)
        }
    }
}

impl UnverifiedConnectionRequest {
    pub(crate) fn new<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        request: ConnectionRequest,
    ) -> Result<Self, PseudonymError> {
        let connection_key = ConnectionKey::new(suite, request.requester_connection_key.expose())?;
        let wrapper_key =
            IdentityLinkWrapperKey::new(suite, request.connection_room_identity_link_wrapper_key.expose())?;
        Ok(Self { request, connection_key, wrapper_key })
    }

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

    /// Opens the links of all members of the connection room: they must be clients of the user who
    /// asks, the asking client among them, and their links made with the connection key of the
    /// request. The room must be at the requester's provider.
    ///
    /// # Errors
    /// [`CredentialCheckError`](PseudonymError::CredentialRefused) for the requester's credential;
    /// [`Identity`](PseudonymError::Identity) and
    /// [`ConnectionRoomElsewhere`](PseudonymError::ConnectionRoomElsewhere) for the room's
    /// identifier; at its [`Leaf`](PseudonymError::Leaf), those of [`RoomView::open`],
    /// [`StrangerInConnectionRoom`](PseudonymError::StrangerInConnectionRoom) and
    /// [`ConnectionKeyMismatch`](PseudonymError::ConnectionKeyMismatch);
    /// [`RequesterNotInRoom`](PseudonymError::RequesterNotInRoom).
    pub fn verify<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        self,
        suite: &S,
        connection_room: &ConnectionRoom,
        check: &C,
    ) -> Result<VerifiedConnectionRequest<C::Details>, PseudonymError> {
        let requester = check
            .check(&self.request.requester_client_credential)
            .map_err(|CredentialCheckError| PseudonymError::CredentialRefused)?;
        let room_id = RoomUri::new(self.request.connection_room_id.clone())?;
        connection_room.check_place(&room_id, &requester.user)?;
        let ConnectionRoom { leaves, link_keys, .. } = connection_room;
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
        Ok(VerifiedConnectionRequest { request: self, room_id, requester, clients })
    }
}

/// A request whose room has only clients of the user who asks.
///
/// It needn't be that user who sent it. A request isn't signed, so a user who was asked before can
/// pass it on as it is, with a response key of its own. The requester refuses an answer by a user
/// whom it didn't ask; but if the one in between gets to see that answer, a server of the room
/// helping, it has the connection key in it by then. The drafts have nothing against that, an
/// [`offer`](crate::offer) does. Who gives an answer that the requester never takes should change
/// its connection key.
#[derive(Debug)]
pub struct VerifiedConnectionRequest<T> {
    request: UnverifiedConnectionRequest,
    room_id: RoomUri,
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
    pub fn connection_room_id(&self) -> &RoomUri {
        &self.room_id
    }

    /// That room's wrapper key, with which the responder wraps its own link key to join.
    #[must_use]
    pub fn wrapper_key(&self) -> &IdentityLinkWrapperKey {
        &self.request.wrapper_key
    }

    /// Says yes: the connection, and the answer for the SafeAAD of the responder's external commit,
    /// component
    /// [`CONNECTION_RESPONSE`](mimi_codec::code_points::ComponentID::CONNECTION_RESPONSE). The
    /// commit's credential has to be made with `own_connection_key`, else the requester refuses.
    ///
    /// ```text
    /// EncryptWithLabel(connection_response_key, "ConnectionResponse",
    ///                  connection_room_id, ConnectionResponse)
    /// ```
    ///
    /// # Errors
    /// [`Crypto`](PseudonymError::Crypto) for a response key that is not of the suite;
    /// [`RetiredConnectionKey`](PseudonymError::RetiredConnectionKey) for a connection key that the
    /// requester has replaced since: an old request, sent again. `known` is the connection with the
    /// requester that the responder has already, if any.
    pub fn accept<S: CipherSuiteProvider + ?Sized>(
        self,
        suite: &S,
        own_connection_key: &ConnectionKey,
        known: Option<&Connection>,
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
        let connection = Connection::agreed(suite, self.requester.user, connection_key, known)?;
        Ok((connection, SealedConnectionResponse(sealed)))
    }
}
