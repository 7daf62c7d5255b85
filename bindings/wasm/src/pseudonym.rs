//! Minimal-metadata rooms. Seeds are drawn by JavaScript, from `crypto.getRandomValues`.

use js_sys::{Array, Function, Uint8Array};
use mimi::pseudonym::{self as inner, CredentialCheck};
use wasm_bindgen::prelude::*;

use crate::{Thrown, json, thrown};

/// JavaScript's check: it gets an encoded credential, and returns `[userUri, clientUri, key]`, or
/// anything else for what nothing vouches for. So does one that throws.
struct Check<'a>(&'a Function);

impl CredentialCheck for Check<'_> {
    fn check(&self, credential: &[u8]) -> Option<inner::CheckedClient> {
        let answer = self.0.call1(&JsValue::NULL, &Uint8Array::from(credential)).ok()?;
        let answer: Array = answer.dyn_into().ok()?;
        Some(inner::CheckedClient {
            user_uri: answer.get(0).as_string()?,
            client_uri: answer.get(1).as_string()?,
            signature_public_key: answer.get(2).dyn_into::<Uint8Array>().ok()?.to_vec(),
        })
    }
}

fn all(bytes: &[Uint8Array]) -> Vec<Vec<u8>> {
    bytes.iter().map(Uint8Array::to_vec).collect()
}

fn rule(changes_with_removals: bool) -> inner::WrapperKeyRule {
    if changes_with_removals {
        inner::WrapperKeyRule::ChangesWithRemovals
    } else {
        inner::WrapperKeyRule::Static
    }
}

fn policy(links: &str) -> inner::LinkPolicy {
    match links {
        "optional" => inner::LinkPolicy::Optional,
        "forbidden" => inner::LinkPolicy::Forbidden,
        _ => inner::LinkPolicy::Required,
    }
}

#[wasm_bindgen(js_name = randomPseudonyms)]
pub fn random_pseudonyms(provider: &str, seed: &[u8]) -> Thrown<Pseudonyms> {
    let inner::Pseudonyms { user_pseudonym, client_pseudonym } =
        inner::random_pseudonyms(provider, seed).map_err(thrown)?;
    Ok(Pseudonyms { user_pseudonym, client_pseudonym })
}

#[wasm_bindgen(js_name = safeAad)]
pub fn safe_aad(items: Vec<Uint8Array>) -> Thrown<Vec<u8>> {
    inner::safe_aad(&all(&items)).map_err(thrown)
}

#[wasm_bindgen(js_name = identityLinkKeysComponent)]
pub fn identity_link_keys_component() -> u16 {
    inner::IDENTITY_LINK_KEYS
}

#[wasm_bindgen(js_name = wrapperKeyOfWelcome)]
pub fn wrapper_key_of_welcome(group_info: &[u8]) -> Thrown<Vec<u8>> {
    inner::wrapper_key_of_welcome(group_info).map_err(thrown)
}

#[wasm_bindgen(js_name = sealQueueId)]
pub fn seal_queue_id(
    cipher_suite: u16,
    provider_key: &[u8],
    queue_id: &[u8],
    client_pseudonym: &str,
    seed: &[u8],
) -> Thrown<Vec<u8>> {
    inner::seal_queue_id(cipher_suite, provider_key, queue_id, client_pseudonym, seed).map_err(thrown)
}

#[wasm_bindgen(js_name = openQueueId)]
pub fn open_queue_id(
    cipher_suite: u16,
    private_key: &[u8],
    sealed: &[u8],
    client_pseudonym: &str,
) -> Thrown<Vec<u8>> {
    inner::open_queue_id(cipher_suite, private_key, sealed, client_pseudonym).map_err(thrown)
}

#[wasm_bindgen(getter_with_clone)]
#[derive(Clone)]
pub struct Pseudonyms {
    #[wasm_bindgen(js_name = userPseudonym)]
    pub user_pseudonym: String,
    #[wasm_bindgen(js_name = clientPseudonym)]
    pub client_pseudonym: String,
}

#[wasm_bindgen]
pub struct ConnectionKey(inner::ConnectionKey);

#[wasm_bindgen]
impl ConnectionKey {
    pub fn generate(cipher_suite: u16, seed: &[u8]) -> Thrown<ConnectionKey> {
        inner::ConnectionKey::generate(cipher_suite, seed).map(Self).map_err(thrown)
    }

    #[wasm_bindgen(constructor)]
    pub fn new(cipher_suite: u16, bytes: &[u8]) -> Thrown<ConnectionKey> {
        inner::ConnectionKey::new(cipher_suite, bytes).map(Self).map_err(thrown)
    }

    pub fn expose(&self) -> Vec<u8> {
        self.0.expose()
    }

    #[wasm_bindgen(js_name = rotationMessage)]
    pub fn rotation_message(&self) -> Thrown<Vec<u8>> {
        self.0.rotation_message().map_err(thrown)
    }

    #[wasm_bindgen(js_name = tokenTarget)]
    pub fn token_target(&self, user_uri: &str, provider: &str) -> Thrown<String> {
        inner::connection_token_target(user_uri, &self.0, provider).map_err(thrown)
    }
}

#[wasm_bindgen]
pub struct RealClient(inner::RealClient);

#[wasm_bindgen]
impl RealClient {
    #[wasm_bindgen(constructor)]
    pub fn new(
        user_uri: &str,
        client_uri: &str,
        credential: &[u8],
        private_key: &[u8],
    ) -> Thrown<RealClient> {
        inner::RealClient::new(user_uri, client_uri, credential, private_key).map(Self).map_err(thrown)
    }

    /// Without a connection key, one that shows its identity to no member; the suite is for that.
    pub fn issue(
        &self,
        user_pseudonym: String,
        client_pseudonym: String,
        signature_public_key: &[u8],
        connection_key: &ConnectionKey,
        seed: &[u8],
    ) -> Thrown<Vec<u8>> {
        let pseudonyms = inner::Pseudonyms { user_pseudonym, client_pseudonym };
        self.0.issue(&pseudonyms, signature_public_key, &connection_key.0, seed).map_err(thrown)
    }

    #[wasm_bindgen(js_name = issueUnlinked)]
    pub fn issue_unlinked(
        &self,
        cipher_suite: u16,
        user_pseudonym: String,
        client_pseudonym: String,
        signature_public_key: &[u8],
    ) -> Thrown<Vec<u8>> {
        let pseudonyms = inner::Pseudonyms { user_pseudonym, client_pseudonym };
        self.0.issue_unlinked(cipher_suite, &pseudonyms, signature_public_key).map_err(thrown)
    }
}

#[wasm_bindgen]
pub struct PseudonymUses(inner::PseudonymUses);

#[wasm_bindgen]
impl PseudonymUses {
    #[wasm_bindgen(constructor)]
    pub fn new() -> PseudonymUses {
        Self(inner::PseudonymUses::new())
    }

    pub fn record(&mut self, room_uri: &str, credential: &[u8]) -> Thrown<()> {
        self.0.record(room_uri, credential).map_err(thrown)
    }

    #[wasm_bindgen(js_name = recordLastResort)]
    pub fn record_last_resort(&mut self, room_uri: &str, credential: &[u8]) -> Thrown<Vec<String>> {
        self.0.record_last_resort(room_uri, credential).map_err(thrown)
    }

    #[wasm_bindgen(js_name = forgetRoom)]
    pub fn forget_room(&mut self, room_uri: &str) -> Thrown<()> {
        self.0.forget_room(room_uri).map_err(thrown)
    }
}

#[wasm_bindgen]
pub struct Commit(inner::Commit);

#[wasm_bindgen]
impl Commit {
    #[wasm_bindgen(js_name = ofPublicMessage)]
    pub fn of_public_message(cipher_suite: u16, message: &[u8], waiting: Vec<Uint8Array>) -> Thrown<Commit> {
        inner::Commit::of_public_message(cipher_suite, message, &all(&waiting)).map(Self).map_err(thrown)
    }

    #[wasm_bindgen(js_name = ofAuthenticatedContent)]
    pub fn of_authenticated_content(
        cipher_suite: u16,
        content: &[u8],
        waiting: Vec<Uint8Array>,
    ) -> Thrown<Commit> {
        inner::Commit::of_authenticated_content(cipher_suite, content, &all(&waiting))
            .map(Self)
            .map_err(thrown)
    }

    pub fn epoch(&self) -> u64 {
        self.0.epoch()
    }
}

#[wasm_bindgen(getter_with_clone)]
pub struct CommitChanges {
    pub added: Vec<u32>,
    pub removed: Vec<u32>,
    pub updated: Vec<u32>,
    #[wasm_bindgen(js_name = isRewrap)]
    pub is_rewrap: bool,
    #[wasm_bindgen(js_name = beginsRotation)]
    pub begins_rotation: bool,
    #[wasm_bindgen(js_name = identityLinkKeys)]
    pub identity_link_keys: Vec<u8>,
}

fn changes(made: inner::CommitChanges) -> CommitChanges {
    CommitChanges {
        added: made.added,
        removed: made.removed,
        updated: made.updated,
        is_rewrap: made.is_rewrap,
        begins_rotation: made.begins_rotation,
        identity_link_keys: made.identity_link_keys,
    }
}

#[wasm_bindgen]
pub struct SealedRoom(inner::SealedRoom);

#[wasm_bindgen(getter_with_clone)]
pub struct ExternalJoin {
    #[wasm_bindgen(js_name = leafIndex)]
    pub leaf_index: u32,
    #[wasm_bindgen(js_name = safeAadItem)]
    pub safe_aad_item: Vec<u8>,
    pub update: Vec<u8>,
}

#[wasm_bindgen]
impl SealedRoom {
    #[wasm_bindgen(js_name = ofGroup)]
    pub fn of_group(
        group_context: &[u8],
        ratchet_tree: &[u8],
        changes_with_removals: bool,
    ) -> Thrown<SealedRoom> {
        inner::SealedRoom::of_group(group_context, ratchet_tree, rule(changes_with_removals))
            .map(Self)
            .map_err(thrown)
    }

    #[wasm_bindgen(js_name = withPendingRotation)]
    pub fn with_pending_rotation(&self) -> SealedRoom {
        Self(self.0.clone().with_pending_rotation())
    }

    #[wasm_bindgen(js_name = isRotationPending)]
    pub fn is_rotation_pending(&self) -> bool {
        self.0.is_rotation_pending()
    }

    pub fn judge(&self, commit: &Commit) -> Thrown<CommitChanges> {
        self.0.judge(&commit.0).map(changes).map_err(thrown)
    }

    pub fn follow(&mut self, commit: &Commit) -> Thrown<CommitChanges> {
        self.0.follow(&commit.0).map(changes).map_err(thrown)
    }

    #[wasm_bindgen(js_name = checkParticipants)]
    pub fn check_participants(&self, participants: Vec<String>) -> Thrown<()> {
        self.0.check_participants(&participants).map_err(thrown)
    }

    #[wasm_bindgen(js_name = identityLinkKeys)]
    pub fn identity_link_keys(&self) -> Thrown<Vec<u8>> {
        self.0.identity_link_keys().map_err(thrown)
    }

    #[wasm_bindgen(js_name = joinExternally)]
    #[allow(clippy::too_many_arguments, reason = "JavaScript has one object for all of them")]
    pub fn join_externally(
        &self,
        wrapper_key: &[u8],
        room_uri: String,
        credential: Vec<u8>,
        connection_key: &ConnectionKey,
        removed: Vec<u32>,
        uses: &mut PseudonymUses,
        seed: &[u8],
    ) -> Thrown<ExternalJoin> {
        let connection_key = connection_key.0.clone();
        let joiner = inner::Joiner { room_uri, credential, connection_key, removed };
        let made =
            inner::join_externally(&self.0, wrapper_key, &joiner, &mut uses.0, seed).map_err(thrown)?;
        Ok(ExternalJoin {
            leaf_index: made.leaf_index,
            safe_aad_item: made.safe_aad_item,
            update: made.update,
        })
    }
}

fn state(state: &inner::MemberState) -> serde_json::Value {
    match state {
        inner::MemberState::Known { user_uri, client_uri } => {
            serde_json::json!({ "state": "known", "userUri": user_uri, "clientUri": client_uri })
        }
        inner::MemberState::Failed(error) => serde_json::json!({ "state": "failed", "error": error }),
        _ => serde_json::json!({ "state": "unlinked" }),
    }
}

fn members(members: &[inner::Member]) -> String {
    let members = members.iter().map(|member| {
        let mut shown = state(&member.state);
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("leafIndex".into(), member.leaf_index.into());
            shown.insert("userPseudonym".into(), member.user_pseudonym.as_str().into());
            shown.insert("clientPseudonym".into(), member.client_pseudonym.as_str().into());
        }
        shown
    });
    json(&members.collect::<Vec<_>>())
}

#[wasm_bindgen(getter_with_clone)]
pub struct MembersChange {
    #[wasm_bindgen(js_name = safeAadItem)]
    pub safe_aad_item: Option<Vec<u8>>,
    pub update: Option<Vec<u8>>,
    /// JSON.
    pub added: String,
}

#[wasm_bindgen(getter_with_clone)]
pub struct Renewed {
    pub credential: Vec<u8>,
    pub update: Vec<u8>,
}

/// Users who are to be added, collected one by one: JavaScript keeps their connections.
#[wasm_bindgen]
#[derive(Default)]
pub struct AddedUsers(Vec<inner::AddedUser>);

#[wasm_bindgen]
impl AddedUsers {
    #[wasm_bindgen(constructor)]
    pub fn new() -> AddedUsers {
        Self::default()
    }

    pub fn push(&mut self, connection: &Connection, credentials: Vec<Uint8Array>) {
        let connection = connection.0.clone();
        self.0.push(inner::AddedUser { connection, credentials: all(&credentials) });
    }
}

#[wasm_bindgen]
pub struct KnownRoom(inner::KnownRoom);

#[wasm_bindgen]
impl KnownRoom {
    #[allow(clippy::too_many_arguments, reason = "JavaScript has one object for all of them")]
    pub fn create(
        room_uri: &str,
        credential: &[u8],
        connection_key: &ConnectionKey,
        uses: &mut PseudonymUses,
        changes_with_removals: bool,
        links: &str,
        check: &Function,
        seed: &[u8],
    ) -> Thrown<KnownRoom> {
        let rules =
            inner::RoomRules { wrapper_key: rule(changes_with_removals), identity_links: policy(links) };
        let (key, uses) = (&connection_key.0, &mut uses.0);
        inner::KnownRoom::create(room_uri, credential, key, uses, rules, &Check(check), seed)
            .map(Self)
            .map_err(thrown)
    }

    pub fn learn(
        cipher_suite: u16,
        sealed: &SealedRoom,
        wrapper_key: &[u8],
        links: &str,
        check: &Function,
        seed: &[u8],
    ) -> Thrown<KnownRoom> {
        inner::KnownRoom::learn(cipher_suite, &sealed.0, wrapper_key, policy(links), &Check(check), seed)
            .map(Self)
            .map_err(thrown)
    }

    pub fn sealed(&self) -> SealedRoom {
        SealedRoom(self.0.sealed())
    }

    pub fn members(&self) -> String {
        members(&self.0.members())
    }

    #[wasm_bindgen(js_name = pseudonymOf)]
    pub fn pseudonym_of(&self, user_uri: &str) -> Thrown<Option<String>> {
        self.0.pseudonym_of(user_uri).map_err(thrown)
    }

    #[wasm_bindgen(js_name = wrapperKey)]
    pub fn wrapper_key(&self) -> Vec<u8> {
        self.0.wrapper_key()
    }

    #[wasm_bindgen(js_name = welcomeExtension)]
    pub fn welcome_extension(&self) -> Thrown<Vec<u8>> {
        self.0.welcome_extension().map_err(thrown)
    }

    pub fn judge(&self, commit: &Commit) -> Thrown<CommitChanges> {
        self.0.judge(&commit.0).map(changes).map_err(thrown)
    }

    /// What was learnt, as JSON.
    pub fn follow(&mut self, commit: &Commit, check: &Function) -> Thrown<String> {
        let followed = self.0.follow(&commit.0, &Check(check)).map_err(thrown)?;
        Ok(json(&serde_json::json!({
            "changed": followed.changed,
            "failed": followed.failed,
            "wrongRewrapBy": followed.wrong_rewrap_by,
            "beginsRotation": followed.begins_rotation,
        })))
    }

    #[wasm_bindgen(js_name = changeMembers)]
    pub fn change_members(
        &self,
        users: &AddedUsers,
        removed: Vec<u32>,
        check: &Function,
        seed: &[u8],
    ) -> Thrown<MembersChange> {
        let made = self.0.change_members(&users.0, &removed, &Check(check), seed).map_err(thrown)?;
        Ok(MembersChange {
            safe_aad_item: made.safe_aad_item,
            update: made.update,
            added: members(&made.added),
        })
    }

    #[wasm_bindgen(js_name = setNextWrapperKey)]
    pub fn set_next_wrapper_key(
        &mut self,
        component_secret: &[u8],
        group_id: &[u8],
        epoch: u64,
    ) -> Thrown<()> {
        self.0.set_next_wrapper_key(component_secret, group_id, epoch).map_err(thrown)
    }

    pub fn rewrap(&self, seed: &[u8]) -> Thrown<Vec<u8>> {
        self.0.rewrap(seed).map_err(thrown)
    }

    #[wasm_bindgen(js_name = setOwnKey)]
    pub fn set_own_key(
        &self,
        leaf_index: u32,
        connection_key: &ConnectionKey,
        seed: &[u8],
    ) -> Thrown<Vec<u8>> {
        self.0.set_own_key(leaf_index, &connection_key.0, seed).map_err(thrown)
    }

    pub fn renew(
        &self,
        leaf_index: u32,
        signature_public_key: &[u8],
        real: &RealClient,
        connection_key: &ConnectionKey,
        seed: &[u8],
    ) -> Thrown<Renewed> {
        let key = &connection_key.0;
        let made = self.0.renew(leaf_index, signature_public_key, &real.0, key, seed).map_err(thrown)?;
        Ok(Renewed { credential: made.credential, update: made.update })
    }

    pub fn consent(
        &self,
        leaf_index: u32,
        private_key: &[u8],
        group_id: &[u8],
        last_epoch: u64,
        joiner: &[u8],
        seed: &[u8],
    ) -> Thrown<Vec<u8>> {
        self.0.consent(leaf_index, private_key, group_id, last_epoch, joiner, seed).map_err(thrown)
    }

    #[wasm_bindgen(js_name = rotateConnection)]
    pub fn rotate_connection(
        &self,
        connection: &Connection,
        sender_leaf: u32,
        message: &[u8],
    ) -> Thrown<Connection> {
        self.0.rotate_connection(&connection.0, sender_leaf, message).map(Connection).map_err(thrown)
    }
}

#[wasm_bindgen(getter_with_clone)]
pub struct ConnectionParts {
    #[wasm_bindgen(js_name = cipherSuite)]
    pub cipher_suite: u16,
    #[wasm_bindgen(js_name = userUri)]
    pub user_uri: String,
    #[wasm_bindgen(js_name = connectionKey)]
    pub connection_key: Vec<u8>,
    pub previous: Option<Vec<u8>>,
    pub retired: Vec<Uint8Array>,
}

#[wasm_bindgen]
pub struct Connection(inner::Connection);

#[wasm_bindgen]
impl Connection {
    pub fn restore(
        cipher_suite: u16,
        user_uri: String,
        connection_key: Vec<u8>,
        previous: Option<Vec<u8>>,
        retired: Vec<Uint8Array>,
    ) -> Thrown<Connection> {
        let retired = all(&retired);
        let parts = inner::ConnectionParts { cipher_suite, user_uri, connection_key, previous, retired };
        inner::Connection::restore(&parts).map(Self).map_err(thrown)
    }

    pub fn parts(&self) -> ConnectionParts {
        let inner::ConnectionParts { cipher_suite, user_uri, connection_key, previous, retired } =
            self.0.parts();
        let retired = retired.iter().map(|bytes| Uint8Array::from(bytes.as_slice())).collect();
        ConnectionParts { cipher_suite, user_uri, connection_key, previous, retired }
    }

    /// JSON.
    pub fn identify(&self, credential: &[u8], check: &Function) -> Thrown<String> {
        self.0.identify(credential, &Check(check)).map(|found| json(&state(&found))).map_err(thrown)
    }

    /// For a call that takes what it gets.
    pub fn copy(&self) -> Connection {
        Self(self.0.clone())
    }

    #[wasm_bindgen(js_name = forgetPrevious)]
    pub fn forget_previous(&self) -> Connection {
        Self(self.0.clone().forget_previous())
    }
}

#[wasm_bindgen(getter_with_clone)]
pub struct PendingParts {
    #[wasm_bindgen(js_name = cipherSuite)]
    pub cipher_suite: u16,
    #[wasm_bindgen(js_name = responderUri)]
    pub responder_uri: String,
    #[wasm_bindgen(js_name = connectionRoomUri)]
    pub connection_room_uri: String,
    #[wasm_bindgen(js_name = responsePrivateKey)]
    pub response_private_key: Vec<u8>,
}

#[wasm_bindgen]
pub struct PendingConnection {
    pending: inner::PendingConnection,
    request: Option<Vec<u8>>,
}

#[wasm_bindgen]
impl PendingConnection {
    #[allow(clippy::too_many_arguments, reason = "JavaScript has one object for all of them")]
    pub fn request(
        responder_uri: &str,
        establishment_key: &[u8],
        requester: &RealClient,
        connection_key: &ConnectionKey,
        connection_room_uri: &str,
        connection_room: &KnownRoom,
        seed: &[u8],
    ) -> Thrown<PendingConnection> {
        let (pending, request) = inner::PendingConnection::request(
            responder_uri,
            establishment_key,
            &requester.0,
            &connection_key.0,
            connection_room_uri,
            &connection_room.0,
            seed,
        )
        .map_err(thrown)?;
        Ok(Self { pending, request: Some(request) })
    }

    pub fn restore(
        cipher_suite: u16,
        responder_uri: String,
        connection_room_uri: String,
        response_private_key: Vec<u8>,
    ) -> Thrown<PendingConnection> {
        let parts =
            inner::PendingParts { cipher_suite, responder_uri, connection_room_uri, response_private_key };
        let pending = inner::PendingConnection::restore(&parts).map_err(thrown)?;
        Ok(Self { pending, request: None })
    }

    #[wasm_bindgen(js_name = sealedRequest)]
    pub fn sealed_request(&self) -> Option<Vec<u8>> {
        self.request.clone()
    }

    pub fn parts(&self) -> PendingParts {
        let inner::PendingParts { cipher_suite, responder_uri, connection_room_uri, response_private_key } =
            self.pending.parts();
        PendingParts { cipher_suite, responder_uri, connection_room_uri, response_private_key }
    }

    pub fn accept(
        &self,
        response: &[u8],
        room: &KnownRoom,
        leaf_index: u32,
        earlier: Option<Connection>,
        check: &Function,
    ) -> Thrown<Connection> {
        let earlier = earlier.as_ref().map(|earlier| &earlier.0);
        self.pending
            .accept(response, &room.0, leaf_index, earlier, &Check(check))
            .map(Connection)
            .map_err(thrown)
    }
}

#[wasm_bindgen]
pub struct ConnectionRequest(inner::ConnectionRequest);

#[wasm_bindgen]
pub struct VerifiedConnectionRequest(inner::VerifiedConnectionRequest);

#[wasm_bindgen]
pub struct AcceptedConnection {
    connection: inner::Connection,
    item: Vec<u8>,
}

#[wasm_bindgen]
impl AcceptedConnection {
    pub fn connection(&self) -> Connection {
        Connection(self.connection.clone())
    }

    #[wasm_bindgen(js_name = safeAadItem)]
    pub fn safe_aad_item(&self) -> Vec<u8> {
        self.item.clone()
    }
}

#[wasm_bindgen]
impl ConnectionRequest {
    pub fn open(
        cipher_suite: u16,
        responder_uri: &str,
        private_key: &[u8],
        sealed: &[u8],
    ) -> Thrown<ConnectionRequest> {
        inner::ConnectionRequest::open(cipher_suite, responder_uri, private_key, sealed)
            .map(Self)
            .map_err(thrown)
    }

    #[wasm_bindgen(js_name = connectionRoomId)]
    pub fn connection_room_id(&self) -> Vec<u8> {
        self.0.connection_room_id()
    }

    /// Takes the request: JavaScript can use it once.
    pub fn verify(
        self,
        group_info: &[u8],
        ratchet_tree: &[u8],
        check: &Function,
    ) -> Thrown<VerifiedConnectionRequest> {
        self.0.verify(group_info, ratchet_tree, &Check(check)).map(VerifiedConnectionRequest).map_err(thrown)
    }
}

#[wasm_bindgen]
impl VerifiedConnectionRequest {
    #[wasm_bindgen(js_name = userUri)]
    pub fn user_uri(&self) -> String {
        self.0.requester().user_uri
    }

    #[wasm_bindgen(js_name = clientUri)]
    pub fn client_uri(&self) -> String {
        self.0.requester().client_uri
    }

    #[wasm_bindgen(js_name = connectionRoomUri)]
    pub fn connection_room_uri(&self) -> String {
        self.0.connection_room_uri()
    }

    #[wasm_bindgen(js_name = wrapperKey)]
    pub fn wrapper_key(&self) -> Vec<u8> {
        self.0.wrapper_key()
    }

    /// Takes the request: JavaScript can use it once.
    pub fn accept(
        self,
        own_connection_key: &ConnectionKey,
        earlier: Option<Connection>,
        seed: &[u8],
    ) -> Thrown<AcceptedConnection> {
        let earlier = earlier.as_ref().map(|earlier| &earlier.0);
        let (connection, item) = self.0.accept(&own_connection_key.0, earlier, seed).map_err(thrown)?;
        Ok(AcceptedConnection { connection, item })
    }
}
