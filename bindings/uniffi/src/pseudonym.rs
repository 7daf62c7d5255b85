//! Minimal-metadata rooms: pseudonyms, identity links and connections.

use std::sync::{Arc, Mutex};

use mimi::pseudonym as inner;

use crate::convert::{Cross, locked, record, undisclosed};
use crate::error::{MimiError, Refusal, Result};

/// What vouches for real credentials: your PKI, or whatever says which client has which key. It must
/// not call the object that asks it.
#[uniffi::export(with_foreign)]
pub trait CredentialCheck: Send + Sync {
    /// The client of an encoded Credential (RFC 9420 §5.3); nothing if no authority that you trust
    /// for it says so. A check that throws vouches for nothing.
    fn check(&self, credential: Vec<u8>) -> Result<Option<CheckedClient>>;
}

impl From<uniffi::UnexpectedUniFFICallbackError> for MimiError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        let detail = error.reason;
        Self::State { reason: None, detail, field: None, offset: None, section: None }
    }
}

struct Check(Arc<dyn CredentialCheck>);

impl inner::CredentialCheck for Check {
    fn check(&self, credential: &[u8]) -> Option<inner::CheckedClient> {
        let CheckedClient { user_uri, client_uri, signature_public_key } =
            self.0.check(credential.to_vec()).ok().flatten()?;
        Some(inner::CheckedClient { user_uri, client_uri, signature_public_key })
    }
}

record! {
    /// A real client, as an authority knows it.
    CheckedClient of inner::CheckedClient {
        /// The user.
        user_uri: String,
        /// The client.
        client_uri: String,
        /// The key that the credential vouches for.
        signature_public_key: Vec<u8>,
    }
}

record! {
    /// The pseudonyms of a client for one room.
    Pseudonyms of inner::Pseudonyms {
        /// The user pseudonym, which all clients of the user share in the room.
        user_pseudonym: String,
        /// The client pseudonym.
        client_pseudonym: String,
    }
}

/// New pseudonyms under a provider's domain. `seed` is 32 bytes from a secure generator.
#[uniffi::export]
pub fn random_pseudonyms(provider: String, seed: Vec<u8>) -> Result<Pseudonyms> {
    Ok(inner::random_pseudonyms(&provider, &seed)?.cross())
}

/// A message's SafeAAD with these encoded items, in their order.
#[uniffi::export]
pub fn safe_aad(items: Vec<Vec<u8>>) -> Result<Vec<u8>> {
    Ok(inner::safe_aad(&items)?)
}

/// The component of the wrapped keys: that of the AppDataUpdate with an `update`.
#[uniffi::export]
pub fn identity_link_keys_component() -> u16 {
    inner::IDENTITY_LINK_KEYS
}

/// The key that a user gives to those with whom it is connected.
#[derive(Debug, uniffi::Object)]
pub struct ConnectionKey(inner::ConnectionKey);

#[uniffi::export]
impl ConnectionKey {
    /// A new key of a cipher suite. `seed` is 32 bytes from a secure generator.
    #[uniffi::constructor]
    pub fn generate(cipher_suite: u16, seed: Vec<u8>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(inner::ConnectionKey::generate(cipher_suite, &seed)?)))
    }

    /// The key with these KDF.Nh bytes: 32, 48 or 64.
    #[uniffi::constructor]
    pub fn new(cipher_suite: u16, bytes: Vec<u8>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(inner::ConnectionKey::new(cipher_suite, &bytes)?)))
    }

    /// The key in clear, to store, and for the user's other clients.
    pub fn expose(&self) -> Vec<u8> {
        self.0.expose()
    }

    /// What a user with this new key sends to its connections, as application data of the connection
    /// room.
    pub fn rotation_message(&self) -> Result<Vec<u8>> {
        Ok(self.0.rotation_message()?)
    }

    /// The `target_user` of a KeyMaterialRequest for the KeyPackages that this user has uploaded for
    /// its connections.
    pub fn token_target(&self, user_uri: String, provider: String) -> Result<String> {
        Ok(inner::connection_token_target(&user_uri, &self.0, &provider)?)
    }
}

/// A client by its real names, with the key that its real credential vouches for.
#[derive(Debug, uniffi::Object)]
pub struct RealClient(inner::RealClient);

#[uniffi::export]
impl RealClient {
    /// A client with its encoded Credential and its signature key.
    #[uniffi::constructor]
    pub fn new(
        user_uri: String,
        client_uri: String,
        credential: Vec<u8>,
        private_key: Vec<u8>,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(inner::RealClient::new(&user_uri, &client_uri, &credential, &private_key)?)))
    }

    /// An encoded PseudonymousCredential for one room or KeyPackage. `signature_public_key` is that
    /// of a new key, used there alone.
    pub fn issue(
        &self,
        pseudonyms: Pseudonyms,
        signature_public_key: Vec<u8>,
        connection_key: &ConnectionKey,
        seed: Vec<u8>,
    ) -> Result<Vec<u8>> {
        Ok(self.0.issue(&pseudonyms.inner(), &signature_public_key, &connection_key.0, &seed)?)
    }

    /// A credential that shows its identity to no member, for rooms that allow it.
    pub fn issue_unlinked(
        &self,
        cipher_suite: u16,
        pseudonyms: Pseudonyms,
        signature_public_key: Vec<u8>,
    ) -> Result<Vec<u8>> {
        Ok(self.0.issue_unlinked(cipher_suite, &pseudonyms.inner(), &signature_public_key)?)
    }
}

impl Pseudonyms {
    fn inner(self) -> inner::Pseudonyms {
        let Self { user_pseudonym, client_pseudonym } = self;
        inner::Pseudonyms { user_pseudonym, client_pseudonym }
    }
}

/// The rooms in which a client has used each of its pseudonyms and keys: one that is used twice
/// links the two rooms.
#[derive(Debug, uniffi::Object)]
pub struct PseudonymUses(Mutex<inner::PseudonymUses>);

#[uniffi::export]
impl PseudonymUses {
    /// No use yet. Recording all again restores the notes.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(inner::PseudonymUses::new())))
    }

    /// Notes that an encoded credential is used in a room.
    pub fn record(&self, room_uri: String, credential: Vec<u8>) -> Result<()> {
        Ok(locked(&self.0).record(&room_uri, &credential)?)
    }

    /// Notes the use of a credential of a KeyPackage of last resort. Returns the other rooms that are
    /// linked by it.
    pub fn record_last_resort(&self, room_uri: String, credential: Vec<u8>) -> Result<Vec<String>> {
        Ok(locked(&self.0).record_last_resort(&room_uri, &credential)?)
    }

    /// Forgets a room that no longer exists.
    pub fn forget_room(&self, room_uri: String) -> Result<()> {
        Ok(locked(&self.0).forget_room(&room_uri)?)
    }
}

/// A commit with the proposals that it names. Your MLS stack has verified who sent each of them.
#[derive(Debug, uniffi::Object)]
pub struct Commit(inner::Commit);

#[uniffi::export]
impl Commit {
    /// The commit in an encoded MLSMessage with a PublicMessage. `waiting` are the messages of
    /// proposals that it may name by reference.
    #[uniffi::constructor]
    pub fn of_public_message(
        cipher_suite: u16,
        message: Vec<u8>,
        waiting: Vec<Vec<u8>>,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(inner::Commit::of_public_message(cipher_suite, &message, &waiting)?)))
    }

    /// The commit in an encoded AuthenticatedContent, as a stack has decrypted it. `waiting` are such
    /// contents of proposals.
    #[uniffi::constructor]
    pub fn of_authenticated_content(
        cipher_suite: u16,
        content: Vec<u8>,
        waiting: Vec<Vec<u8>>,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(inner::Commit::of_authenticated_content(cipher_suite, &content, &waiting)?)))
    }

    /// The epoch in which it was sent.
    pub fn epoch(&self) -> u64 {
        self.0.epoch()
    }
}

record! {
    /// What a commit does to a room.
    CommitChanges of inner::CommitChanges {
        /// The leaves where clients are added.
        added: Vec<u32>,
        /// The leaves that the commit blanks, even if it fills them again.
        removed: Vec<u32>,
        /// The leaves that get another credential.
        updated: Vec<u32>,
        /// Whether it only puts all keys under another wrapper key.
        is_rewrap: bool,
        /// Whether it begins a change of the wrapper key.
        begins_rotation: bool,
        /// The component's data in the next GroupContext.
        identity_link_keys: Vec<u8>,
    }
}

/// How a room's wrapper key changes. The members agree on it; nothing on the wire says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum WrapperKeyRule {
    /// Never, as the drafts have it.
    Static,
    /// Whenever members leave: a construction of this library, in no draft.
    ChangesWithRemovals,
}

impl WrapperKeyRule {
    fn inner(self) -> inner::WrapperKeyRule {
        match self {
            Self::Static => inner::WrapperKeyRule::Static,
            Self::ChangesWithRemovals => inner::WrapperKeyRule::ChangesWithRemovals,
        }
    }
}

/// Whether the members have to let each other know who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LinkPolicy {
    /// They have to: the rule of the drafts.
    Required,
    /// As they like.
    Optional,
    /// They must not.
    Forbidden,
}

impl LinkPolicy {
    fn inner(self) -> inner::LinkPolicy {
        match self {
            Self::Required => inner::LinkPolicy::Required,
            Self::Optional => inner::LinkPolicy::Optional,
            Self::Forbidden => inner::LinkPolicy::Forbidden,
        }
    }
}

/// A room as all parties have it, the hub too: pseudonyms and wrapped keys, and no key to them.
#[derive(Debug, uniffi::Object)]
pub struct SealedRoom(Mutex<inner::SealedRoom>);

#[uniffi::export]
impl SealedRoom {
    /// The room of a group, by its encoded GroupContext and ratchet tree, which are authentic.
    #[uniffi::constructor]
    pub fn of_group(
        group_context: Vec<u8>,
        ratchet_tree: Vec<u8>,
        rule: WrapperKeyRule,
    ) -> Result<Arc<Self>> {
        let room = inner::SealedRoom::of_group(&group_context, &ratchet_tree, rule.inner())?;
        Ok(Arc::new(Self(Mutex::new(room))))
    }

    /// The same room from storage, in which a change of the wrapper key was pending.
    pub fn with_pending_rotation(&self) -> Arc<Self> {
        Arc::new(Self(Mutex::new(locked(&self.0).clone().with_pending_rotation())))
    }

    /// Whether members were removed and the keys are not yet wrapped anew.
    pub fn is_rotation_pending(&self) -> bool {
        locked(&self.0).is_rotation_pending()
    }

    /// Judges a commit by the public rules, and changes nothing.
    pub fn judge(&self, commit: &Commit) -> Result<CommitChanges> {
        Ok(locked(&self.0).judge(&commit.0)?.cross())
    }

    /// Applies a commit. If it is refused, nothing changes.
    pub fn follow(&self, commit: &Commit) -> Result<CommitChanges> {
        Ok(locked(&self.0).follow(&commit.0)?.cross())
    }

    /// Refuses a room in which a user pseudonym is not on the participant list.
    pub fn check_participants(&self, participants: Vec<String>) -> Result<()> {
        Ok(locked(&self.0).check_participants(&participants)?)
    }

    /// The encoded IdentityLinkKeysData of the room.
    pub fn identity_link_keys(&self) -> Result<Vec<u8>> {
        Ok(locked(&self.0).identity_link_keys()?)
    }

    /// Wraps the key of a client that joins by an external commit, with the wrapper key of a join
    /// link or a member. `removed` is the client's own earlier leaf. Its credential is noted in
    /// `uses`.
    #[allow(clippy::too_many_arguments, reason = "arguments have names in these languages")]
    pub fn join_externally(
        &self,
        wrapper_key: Vec<u8>,
        room_uri: String,
        credential: Vec<u8>,
        connection_key: &ConnectionKey,
        removed: Vec<u32>,
        uses: &PseudonymUses,
        seed: Vec<u8>,
    ) -> Result<ExternalJoin> {
        let connection_key = connection_key.0.clone();
        let joiner = inner::Joiner { room_uri, credential, connection_key, removed };
        let (room, mut uses) = (locked(&self.0), locked(&uses.0));
        Ok(inner::join_externally(&room, &wrapper_key, &joiner, &mut uses, &seed)?.cross())
    }
}

record! {
    /// What goes with an external commit.
    ExternalJoin of inner::ExternalJoin {
        /// Where the joiner lands.
        leaf_index: u32,
        /// The encoded item for the commit's SafeAAD.
        safe_aad_item: Vec<u8>,
        /// The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate.
        update: Vec<u8>,
    }
}

/// The wrapper key that the encoded GroupInfo inside a Welcome brings.
#[uniffi::export]
pub fn wrapper_key_of_welcome(group_info: Vec<u8>) -> Result<Vec<u8>> {
    Ok(inner::wrapper_key_of_welcome(&group_info)?)
}

/// Who the client at a leaf is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum MemberState {
    /// This client of this user.
    Known {
        /// The user.
        user_uri: String,
        /// The client.
        client_uri: String,
    },
    /// It shows no identity, as the room allows.
    Unlinked,
    /// Its link does not hold. Show no name for it, and tell your user.
    Failed {
        /// Why.
        refusal: Refusal,
    },
}

impl Cross<MemberState> for inner::MemberState {
    fn cross(self) -> MemberState {
        match self {
            Self::Known { user_uri, client_uri } => MemberState::Known { user_uri, client_uri },
            Self::Failed(error) => MemberState::Failed { refusal: error.cross() },
            _ => MemberState::Unlinked,
        }
    }
}

record! {
    /// What is known of the client at a leaf.
    Member of inner::Member {
        /// The leaf.
        leaf_index: u32,
        /// The pseudonym of its user.
        user_pseudonym: String,
        /// Its own pseudonym.
        client_pseudonym: String,
        /// Who it is.
        state: MemberState,
    }
}

record! {
    /// What a member learns from a commit.
    Followed of inner::Followed {
        /// The leaves that are new, have another credential, or show an identity at last.
        changed: Vec<u32>,
        /// Those of them whose link does not hold: tell your user.
        failed: Vec<u32>,
        /// The member that has wrapped the keys wrongly: `rewrap` mends it.
        wrong_rewrap_by: Option<u32>,
        /// Whether the new epoch's secret is to be given to `set_next_wrapper_key`.
        begins_rotation: bool,
    }
}

/// A connected user who is to be added.
#[derive(Clone, Debug, uniffi::Record)]
pub struct AddedUser {
    /// The connection.
    pub connection: Arc<Connection>,
    /// The encoded PseudonymousCredentials of its KeyPackages, one for each client, in the order of
    /// the commit's Add proposals.
    pub credentials: Vec<Vec<u8>>,
}

record! {
    /// What goes with a commit that adds and removes clients.
    MembersChange of inner::MembersChange {
        /// The encoded item for the commit's SafeAAD, if it adds clients.
        safe_aad_item: Option<Vec<u8>>,
        /// The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate, if keys change.
        update: Option<Vec<u8>>,
        /// The added clients at their leaves, in the order of the Add proposals.
        added: Vec<Member>,
    }
}

record! {
    /// What a client's commit gives its own leaf.
    Renewed of inner::Renewed {
        /// The encoded PseudonymousCredential for the leaf in the commit's path.
        credential: Vec<u8>,
        /// The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate.
        update: Vec<u8>,
    }
}

/// A room as a member knows it: who is at each leaf.
#[derive(Debug, uniffi::Object)]
pub struct KnownRoom(Mutex<inner::KnownRoom>);

#[uniffi::export]
impl KnownRoom {
    /// A new room with its creator at leaf 0, under the creator's encoded credential.
    #[uniffi::constructor]
    #[allow(clippy::too_many_arguments, reason = "arguments have names in these languages")]
    pub fn create(
        room_uri: String,
        credential: Vec<u8>,
        connection_key: &ConnectionKey,
        uses: &PseudonymUses,
        rule: WrapperKeyRule,
        policy: LinkPolicy,
        check: Arc<dyn CredentialCheck>,
        seed: Vec<u8>,
    ) -> Result<Arc<Self>> {
        let rules = inner::RoomRules { wrapper_key: rule.inner(), identity_links: policy.inner() };
        let (key, mut uses) = (&connection_key.0, locked(&uses.0));
        let room =
            inner::KnownRoom::create(&room_uri, &credential, key, &mut uses, rules, &Check(check), &seed)?;
        Ok(Arc::new(Self(Mutex::new(room))))
    }

    /// The room that a client has joined, with the wrapper key of its Welcome or join link. `sealed`
    /// is the room after the join.
    #[uniffi::constructor]
    pub fn learn(
        cipher_suite: u16,
        sealed: &SealedRoom,
        wrapper_key: Vec<u8>,
        policy: LinkPolicy,
        check: Arc<dyn CredentialCheck>,
        seed: Vec<u8>,
    ) -> Result<Arc<Self>> {
        let sealed = locked(&sealed.0).clone();
        let (policy, check) = (policy.inner(), Check(check));
        let room = inner::KnownRoom::learn(cipher_suite, &sealed, &wrapper_key, policy, &check, &seed)?;
        Ok(Arc::new(Self(Mutex::new(room))))
    }

    /// The public side of the room.
    pub fn sealed(&self) -> Arc<SealedRoom> {
        Arc::new(SealedRoom(Mutex::new(locked(&self.0).sealed())))
    }

    /// All members, in the order of their leaves.
    pub fn members(&self) -> Vec<Member> {
        locked(&self.0).members().cross()
    }

    /// The user pseudonym of a real user in this room; nothing if the room does not know it.
    pub fn pseudonym_of(&self, user_uri: String) -> Result<Option<String>> {
        Ok(locked(&self.0).pseudonym_of(&user_uri)?)
    }

    /// The room's wrapper key in clear, to store, and for join links.
    pub fn wrapper_key(&self) -> Vec<u8> {
        locked(&self.0).wrapper_key()
    }

    /// The encoded IdentityLinkExtension for the GroupInfo inside a Welcome, and for no other.
    pub fn welcome_extension(&self) -> Result<Vec<u8>> {
        Ok(locked(&self.0).welcome_extension()?)
    }

    /// Judges a commit by the public rules, as the hub does, and changes nothing.
    pub fn judge(&self, commit: &Commit) -> Result<CommitChanges> {
        Ok(locked(&self.0).judge(&commit.0)?.cross())
    }

    /// Follows a commit, and opens the links of the leaves that it changes. If it is refused, nothing
    /// changes.
    pub fn follow(&self, commit: &Commit, check: Arc<dyn CredentialCheck>) -> Result<Followed> {
        Ok(locked(&self.0).follow(&commit.0, &Check(check))?.cross())
    }

    /// What goes with a commit that removes the clients at these leaves and adds these users.
    pub fn change_members(
        &self,
        users: Vec<AddedUser>,
        removed: Vec<u32>,
        check: Arc<dyn CredentialCheck>,
        seed: Vec<u8>,
    ) -> Result<MembersChange> {
        let users: Vec<_> = users
            .into_iter()
            .map(|user| inner::AddedUser {
                connection: user.connection.0.clone(),
                credentials: user.credentials,
            })
            .collect();
        Ok(locked(&self.0).change_members(&users, &removed, &Check(check), &seed)?.cross())
    }

    /// Sets the wrapper key of the epoch that began a change of it, by the MLS exporter's secret of
    /// the component of the wrapped keys in that epoch.
    pub fn set_next_wrapper_key(
        &self,
        component_secret: Vec<u8>,
        group_id: Vec<u8>,
        epoch: u64,
    ) -> Result<()> {
        Ok(locked(&self.0).set_next_wrapper_key(&component_secret, &group_id, epoch)?)
    }

    /// The encoded IdentityLinkKeysUpdate that puts all keys under the wrapper key that the members
    /// share.
    pub fn rewrap(&self, seed: Vec<u8>) -> Result<Vec<u8>> {
        Ok(locked(&self.0).rewrap(&seed)?)
    }

    /// The encoded IdentityLinkKeysUpdate by which the member at a leaf sets its own key.
    pub fn set_own_key(
        &self,
        leaf_index: u32,
        connection_key: &ConnectionKey,
        seed: Vec<u8>,
    ) -> Result<Vec<u8>> {
        Ok(locked(&self.0).set_own_key(leaf_index, &connection_key.0, &seed)?)
    }

    /// Another credential for the client's own leaf, with the same pseudonyms.
    pub fn renew(
        &self,
        leaf_index: u32,
        signature_public_key: Vec<u8>,
        real: &RealClient,
        connection_key: &ConnectionKey,
        seed: Vec<u8>,
    ) -> Result<Renewed> {
        let room = locked(&self.0);
        Ok(room.renew(leaf_index, &signature_public_key, &real.0, &connection_key.0, &seed)?.cross())
    }

    /// The encoded SafeAAD item by which the client at a leaf consents to another client of its user
    /// under their user pseudonym. `private_key` is the leaf's in this room; `joiner` is the other
    /// client's encoded PseudonymousCredential.
    pub fn consent(
        &self,
        leaf_index: u32,
        private_key: Vec<u8>,
        group_id: Vec<u8>,
        last_epoch: u64,
        joiner: Vec<u8>,
        seed: Vec<u8>,
    ) -> Result<Vec<u8>> {
        Ok(locked(&self.0).consent(leaf_index, &private_key, &group_id, last_epoch, &joiner, &seed)?)
    }

    /// The connection with a user who says in the connection room that its key is another.
    pub fn rotate_connection(
        &self,
        connection: &Connection,
        sender_leaf: u32,
        message: Vec<u8>,
    ) -> Result<Arc<Connection>> {
        let rotated = locked(&self.0).rotate_connection(&connection.0, sender_leaf, &message)?;
        Ok(Arc::new(Connection(rotated)))
    }
}

/// What to store of a connection. It holds secrets.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConnectionParts {
    /// The cipher suite of the keys.
    pub cipher_suite: u16,
    /// The user.
    pub user_uri: String,
    /// Its connection key.
    pub connection_key: Vec<u8>,
    /// The key before that, while KeyPackages made with it are around.
    #[uniffi(default = None)]
    pub previous: Option<Vec<u8>>,
    /// Fingerprints of the keys that the user has replaced, 16 bytes each.
    #[uniffi(default = [])]
    pub retired: Vec<Vec<u8>>,
}

/// What to store of a pending connection. It holds a secret.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
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

undisclosed!(ConnectionParts, PendingParts);

/// A user with whom keys were exchanged.
#[derive(Debug, uniffi::Object)]
pub struct Connection(inner::Connection);

#[uniffi::export]
impl Connection {
    /// A connection from storage.
    #[uniffi::constructor]
    pub fn restore(parts: ConnectionParts) -> Result<Arc<Self>> {
        let ConnectionParts { cipher_suite, user_uri, connection_key, previous, retired } = parts;
        let parts = inner::ConnectionParts { cipher_suite, user_uri, connection_key, previous, retired };
        Ok(Arc::new(Self(inner::Connection::restore(&parts)?)))
    }

    /// What to store.
    pub fn parts(&self) -> ConnectionParts {
        let inner::ConnectionParts { cipher_suite, user_uri, connection_key, previous, retired } =
            self.0.parts();
        ConnectionParts { cipher_suite, user_uri, connection_key, previous, retired }
    }

    /// The client that an encoded PseudonymousCredential of this user is for.
    pub fn identify(&self, credential: Vec<u8>, check: Arc<dyn CredentialCheck>) -> Result<MemberState> {
        Ok(self.0.identify(&credential, &Check(check))?.cross())
    }

    /// Forgets the key from before the last rotation.
    pub fn forget_previous(&self) -> Arc<Self> {
        Arc::new(Self(self.0.clone().forget_previous()))
    }
}

/// A request for a connection that was not answered yet.
#[derive(Debug, uniffi::Object)]
pub struct PendingConnection {
    pending: inner::PendingConnection,
    request: Option<Vec<u8>>,
}

#[uniffi::export]
impl PendingConnection {
    /// Asks a user for a connection, with the connection room that `requester` has created.
    #[uniffi::constructor]
    #[allow(clippy::too_many_arguments, reason = "arguments have names in these languages")]
    pub fn request(
        responder_uri: String,
        establishment_key: Vec<u8>,
        requester: &RealClient,
        connection_key: &ConnectionKey,
        connection_room_uri: String,
        connection_room: &KnownRoom,
        seed: Vec<u8>,
    ) -> Result<Arc<Self>> {
        let (pending, request) = inner::PendingConnection::request(
            &responder_uri,
            &establishment_key,
            &requester.0,
            &connection_key.0,
            &connection_room_uri,
            &locked(&connection_room.0),
            &seed,
        )?;
        Ok(Arc::new(Self { pending, request: Some(request) }))
    }

    /// A pending connection from storage.
    #[uniffi::constructor]
    pub fn restore(parts: PendingParts) -> Result<Arc<Self>> {
        let PendingParts { cipher_suite, responder_uri, connection_room_uri, response_private_key } = parts;
        let parts =
            inner::PendingParts { cipher_suite, responder_uri, connection_room_uri, response_private_key };
        Ok(Arc::new(Self { pending: inner::PendingConnection::restore(&parts)?, request: None }))
    }

    /// The encoded HPKECiphertext for the user's provider; nothing after `restore`.
    pub fn sealed_request(&self) -> Option<Vec<u8>> {
        self.request.clone()
    }

    /// What to store.
    pub fn parts(&self) -> PendingParts {
        let inner::PendingParts { cipher_suite, responder_uri, connection_room_uri, response_private_key } =
            self.pending.parts();
        PendingParts { cipher_suite, responder_uri, connection_room_uri, response_private_key }
    }

    /// The user has joined the connection room at `leaf_index`, with `response` in its commit's
    /// SafeAAD. `room` has followed that commit. `earlier` is the connection with the user that there
    /// is already.
    pub fn accept(
        &self,
        response: Vec<u8>,
        room: &KnownRoom,
        leaf_index: u32,
        earlier: Option<Arc<Connection>>,
        check: Arc<dyn CredentialCheck>,
    ) -> Result<Arc<Connection>> {
        let earlier = earlier.as_ref().map(|earlier| &earlier.0);
        let room = locked(&room.0);
        let connection = self.pending.accept(&response, &room, leaf_index, earlier, &Check(check))?;
        Ok(Arc::new(Connection(connection)))
    }
}

/// A request that was opened. It is not signed: look at the connection room with `verify`.
#[derive(Debug, uniffi::Object)]
pub struct ConnectionRequest(Mutex<Option<inner::ConnectionRequest>>, Vec<u8>);

/// A request whose room has only clients of the user who asks.
#[derive(Debug, uniffi::Object)]
pub struct VerifiedConnectionRequest(Mutex<Option<inner::VerifiedConnectionRequest>>);

/// A connection that was accepted, and the answer.
#[derive(Clone, Debug, uniffi::Record)]
pub struct AcceptedConnection {
    /// The connection.
    pub connection: Arc<Connection>,
    /// The encoded item for the SafeAAD of the external commit.
    pub safe_aad_item: Vec<u8>,
}

/// A request serves one answer.
fn taken<T>(request: &Mutex<Option<T>>) -> Result<T> {
    locked(request).take().ok_or_else(used)
}

fn used() -> MimiError {
    let detail = "the request was used already".to_owned();
    MimiError::State { reason: None, detail, field: None, offset: None, section: None }
}

#[uniffi::export]
impl ConnectionRequest {
    /// Opens an encoded HPKECiphertext that came to `responder_uri`, with the private key of that
    /// user's connection establishment key.
    #[uniffi::constructor]
    pub fn open(
        cipher_suite: u16,
        responder_uri: String,
        private_key: Vec<u8>,
        sealed: Vec<u8>,
    ) -> Result<Arc<Self>> {
        let request = inner::ConnectionRequest::open(cipher_suite, &responder_uri, &private_key, &sealed)?;
        let room = request.connection_room_id();
        Ok(Arc::new(Self(Mutex::new(Some(request)), room)))
    }

    /// The room to fetch from the requester's provider, as the request names it.
    pub fn connection_room_id(&self) -> Vec<u8> {
        self.1.clone()
    }

    /// Looks at the connection room, by its encoded GroupInfo and ratchet tree. Uses the request up.
    pub fn verify(
        &self,
        group_info: Vec<u8>,
        ratchet_tree: Vec<u8>,
        check: Arc<dyn CredentialCheck>,
    ) -> Result<Arc<VerifiedConnectionRequest>> {
        let verified = taken(&self.0)?.verify(&group_info, &ratchet_tree, &Check(check))?;
        Ok(Arc::new(VerifiedConnectionRequest(Mutex::new(Some(verified)))))
    }
}

#[uniffi::export]
impl VerifiedConnectionRequest {
    /// The client that asks, and its user.
    pub fn requester(&self) -> Result<CheckedClient> {
        locked(&self.0).as_ref().map(|request| request.requester().cross()).ok_or_else(used)
    }

    /// The room to join.
    pub fn connection_room_uri(&self) -> Result<String> {
        locked(&self.0).as_ref().map(inner::VerifiedConnectionRequest::connection_room_uri).ok_or_else(used)
    }

    /// That room's wrapper key, for `join_externally`.
    pub fn wrapper_key(&self) -> Result<Vec<u8>> {
        locked(&self.0).as_ref().map(inner::VerifiedConnectionRequest::wrapper_key).ok_or_else(used)
    }

    /// Says yes, and uses the request up. `earlier` is the connection with the user that there is
    /// already.
    pub fn accept(
        &self,
        own_connection_key: &ConnectionKey,
        earlier: Option<Arc<Connection>>,
        seed: Vec<u8>,
    ) -> Result<AcceptedConnection> {
        let earlier = earlier.as_ref().map(|earlier| &earlier.0);
        let (connection, safe_aad_item) = taken(&self.0)?.accept(&own_connection_key.0, earlier, &seed)?;
        Ok(AcceptedConnection { connection: Arc::new(Connection(connection)), safe_aad_item })
    }
}

/// Seals a client's queue ID, at most 63 bytes, to its provider, for the leaf with this client
/// pseudonym.
#[uniffi::export]
pub fn seal_queue_id(
    cipher_suite: u16,
    provider_key: Vec<u8>,
    queue_id: Vec<u8>,
    client_pseudonym: String,
    seed: Vec<u8>,
) -> Result<Vec<u8>> {
    Ok(inner::seal_queue_id(cipher_suite, &provider_key, &queue_id, &client_pseudonym, &seed)?)
}

/// Opens the sealed queue ID of the client with this pseudonym, at its provider.
#[uniffi::export]
pub fn open_queue_id(
    cipher_suite: u16,
    private_key: Vec<u8>,
    sealed: Vec<u8>,
    client_pseudonym: String,
) -> Result<Vec<u8>> {
    Ok(inner::open_queue_id(cipher_suite, &private_key, &sealed, &client_pseudonym)?)
}
