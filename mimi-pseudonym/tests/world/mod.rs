//! Users with their clients, an authority that vouches for them, and a hub that holds only what a
//! hub may hold.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;

use mimi_codec::{
    ClientUri, DnsNameRef, Encode, List, Opaque, RoomUri, UserUri,
    code_points::{CipherSuite, ComponentID, ExtensionType},
    extensions::{
        AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData, SafeAAD, SafeAADItem,
    },
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate},
    mls::{
        Add, Capabilities, Credential, Extension, Extensions, GroupContext, GroupInfo, KeyPackage, LeafNode,
        LeafNodePosition, LeafNodeSelect, MAC, Mls10, Node, Proposal, RatchetTree, Remove, Sender,
        SignaturePublicKey, Update,
    },
    protocol::{IdentifierUri, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, RustCryptoSigningKey, Secret, sign_with_label};
use mimi_pseudonym::{
    CheckedClient, CommitContent, Connection, ConnectionKey, ConnectionRoom, CredentialCheckError, Followed,
    IdentityLinkKey, IdentityLinkWrapperKey, JudgedCommit, KnownRoom, LinkKeys, PseudonymConsent,
    PseudonymError, PseudonymUses, RealClient, RoomLeaves, RoomView, SealedRoom, WrapperKeyRule,
    flow::{
        add::{AddedUser, add_users},
        create::create_room,
        external_join::{ExternalJoinLinks, Joiner, join_externally},
        learn::LeafIdentity,
        unlinked::LinkPolicy,
    },
    issue_pseudonymous_credential, issue_unlinked_credential, random_client_pseudonym, random_user_pseudonym,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// All clients have to show who they are: the rule of the drafts.
pub(crate) fn required(_: &IdentifierUri) -> LinkPolicy {
    LinkPolicy::Required
}

/// A check that finds the client's provider in the credential, and another one's user.
pub(crate) fn user_of_another_provider(checked: CheckedClient<()>) -> CheckedClient<()> {
    CheckedClient { user: UserUri::try_from("mimi://other.example/u/user").unwrap(), ..checked }
}

/// And the other way round.
pub(crate) fn client_of_another_provider(checked: CheckedClient<()>) -> CheckedClient<()> {
    CheckedClient { client: ClientUri::try_from("mimi://other.example/d/client").unwrap(), ..checked }
}

pub(crate) struct Client {
    pub(crate) user: UserUri,
    pub(crate) uri: ClientUri,
    pub(crate) credential: Credential,
    pub(crate) signing_key: RustCryptoSigningKey,
}

impl Client {
    pub(crate) fn real(&self) -> RealClient<'_, RustCryptoSigningKey> {
        let Self { user, uri: client, credential, signing_key } = self;
        RealClient { user, client, credential, signing_key }
    }
}

pub(crate) struct User {
    pub(crate) uri: UserUri,
    pub(crate) connection_key: ConnectionKey,
    pub(crate) clients: Vec<Client>,
}

impl User {
    pub(crate) fn host(&self) -> DnsNameRef<'_> {
        self.uri.mimi_uri().unwrap().host()
    }

    pub(crate) fn name(&self) -> &str {
        self.uri.mimi_uri().unwrap().id().unwrap()
    }

    /// What others hold who are connected with this user.
    pub(crate) fn connection(&self) -> Connection {
        Connection::restore(self.uri.clone(), self.connection_key.clone(), None)
    }
}

pub(crate) struct World {
    pub(crate) suite: RustCrypto,
    pub(crate) rng: ChaCha20Rng,
    /// The keys with which clients sign in rooms, by their public keys.
    room_keys: BTreeMap<Vec<u8>, RustCryptoSigningKey>,
    pub(crate) uses: PseudonymUses,
    directory: BTreeMap<Vec<u8>, CheckedClient<()>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of_suite(CipherSuite(1))
    }

    pub(crate) fn of_suite(suite: CipherSuite) -> Self {
        let suite = RustCrypto::new(suite).unwrap();
        let (rng, uses) = (ChaCha20Rng::seed_from_u64(5), PseudonymUses::new());
        Self { suite, rng, room_keys: BTreeMap::new(), uses, directory: BTreeMap::new() }
    }

    /// A user of the provider `<first letter>.example`, as in the notes.
    pub(crate) fn user(&mut self, name: &str, clients: usize) -> User {
        let host = format!("{}.example", &name[..1]);
        let uri = UserUri::try_from(format!("mimi://{host}/u/{name}").as_str()).unwrap();
        let clients = (1..=clients)
            .map(|number| {
                let client = format!("mimi://{host}/d/{name}-phone-{number}");
                let client = ClientUri::try_from(client.as_str()).unwrap();
                let signing_key = self.signing_key();
                let checked = CheckedClient {
                    user: uri.clone(),
                    client: client.clone(),
                    signature_public_key: self.suite.signature_public_key(&signing_key),
                    details: (),
                };
                self.directory.insert(client.as_bytes().into(), checked);
                let credential = Credential::Basic { identity: client.as_bytes().into() };
                Client { user: uri.clone(), uri: client, credential, signing_key }
            })
            .collect();
        let connection_key = ConnectionKey::generate(&self.suite, &mut self.rng);
        User { uri, connection_key, clients }
    }

    pub(crate) fn signing_key(&mut self) -> RustCryptoSigningKey {
        let private_key = self.suite.generate_signature_key(&mut self.rng).unwrap();
        self.suite.signing_key(&private_key).unwrap()
    }

    /// The public key of a new key for a room.
    pub(crate) fn public_key(&mut self) -> SignaturePublicKey {
        let key = self.signing_key();
        let public_key = self.suite.signature_public_key(&key);
        self.room_keys.insert(public_key.to_vec(), key);
        public_key
    }

    /// The key with which the client with this credential signs in its room.
    pub(crate) fn room_key(&self, credential: &PseudonymousCredential) -> &RustCryptoSigningKey {
        &self.room_keys[&credential.signature_public_key.to_vec()]
    }

    /// What vouches for real credentials.
    pub(crate) fn check(&self, credential: &Credential) -> Result<CheckedClient<()>, CredentialCheckError> {
        let Credential::Basic { identity } = credential else { return Err(CredentialCheckError) };
        self.directory.get(identity.as_slice()).cloned().ok_or(CredentialCheckError)
    }

    /// Pseudonyms and a key for one client in one room.
    pub(crate) fn tbs(&mut self, user: &User, user_pseudonym: &IdentifierUri) -> PseudonymousCredentialTBS {
        let client_pseudonym = random_client_pseudonym(user.host(), &mut self.rng).unwrap();
        let signature_public_key = self.public_key();
        PseudonymousCredentialTBS {
            client_pseudonym,
            user_pseudonym: user_pseudonym.clone(),
            signature_public_key,
        }
    }

    pub(crate) fn user_pseudonym(&mut self, user: &User) -> IdentifierUri {
        random_user_pseudonym(user.host(), &mut self.rng).unwrap()
    }

    pub(crate) fn issue(
        &mut self,
        user: &User,
        client: &Client,
        user_pseudonym: &IdentifierUri,
    ) -> PseudonymousCredential {
        let tbs = self.tbs(user, user_pseudonym);
        let (suite, rng) = (&self.suite, &mut self.rng);
        issue_pseudonymous_credential(suite, tbs, client.real(), &user.connection_key, rng).unwrap()
    }

    /// A credential of the user's first client, without an identity link.
    pub(crate) fn unlinked(&mut self, user: &User, user_pseudonym: &IdentifierUri) -> PseudonymousCredential {
        let tbs = self.tbs(user, user_pseudonym);
        issue_unlinked_credential(&self.suite, tbs, user.clients[0].real()).unwrap()
    }

    /// Another credential for the same leaf: the same pseudonyms, a new key and link.
    pub(crate) fn renew(
        &mut self,
        user: &User,
        client: &Client,
        old: &PseudonymousCredential,
    ) -> PseudonymousCredential {
        let signature_public_key = self.public_key();
        let tbs = PseudonymousCredentialTBS { signature_public_key, ..old.tbs() };
        let (suite, rng) = (&self.suite, &mut self.rng);
        issue_pseudonymous_credential(suite, tbs, client.real(), &user.connection_key, rng).unwrap()
    }

    /// The credentials of one set of KeyPackages: one for each client, one user pseudonym, for one
    /// room.
    pub(crate) fn set(&mut self, user: &User) -> Vec<PseudonymousCredential> {
        let pseudonym = self.user_pseudonym(user);
        user.clients.iter().map(|client| self.issue(user, client, &pseudonym)).collect()
    }
}

/// GroupInfo and tree of a room with these leaves and keys, signed by its members, the GroupInfo by
/// the first.
pub(crate) fn shown(
    world: &World,
    group_id: &str,
    leaves: &RoomLeaves,
    link_keys: &LinkKeys,
) -> (GroupInfo, RatchetTree) {
    let sign = |credential: &PseudonymousCredential, label: &[u8], content: &[u8]| -> Opaque {
        let mut rng = world.rng.clone();
        sign_with_label(&world.suite, world.room_key(credential), label, content, &mut rng).unwrap().into()
    };
    let mut nodes = vec![];
    for (leaf_index, credential) in leaves.iter() {
        let mut leaf_node = leaf_node(credential);
        let position = LeafNodePosition { group_id: group_id.into(), leaf_index };
        let tbs = leaf_node.tbs(Some(position)).unwrap().to_bytes().unwrap();
        leaf_node.signature = sign(credential, b"LeafNodeTBS", &tbs);
        nodes.resize(leaf_index as usize * 2, None);
        nodes.push(Some(Node::Leaf { leaf_node: Box::new(leaf_node) }));
    }
    let data = link_keys.data().to_bytes().unwrap();
    let component = ComponentData { component_id: ComponentID::IDENTITY_LINK_KEYS, data: data.into() };
    let dictionary = AppDataDictionary { component_data: List::new(vec![component]).unwrap() };
    let extension_data = dictionary.to_bytes().unwrap().into();
    let extension = Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data };
    let group_context = GroupContext {
        version: Mls10,
        cipher_suite: world.suite.parameters().cipher_suite,
        group_id: group_id.into(),
        epoch: 1,
        tree_hash: Opaque::default(),
        confirmed_transcript_hash: Opaque::default(),
        extensions: Extensions::new(vec![extension]).unwrap(),
    };
    let mut group_info = GroupInfo {
        group_context,
        extensions: Extensions::new(vec![]).unwrap(),
        confirmation_tag: MAC::default(),
        signer: 0,
        signature: Opaque::default(),
    };
    if let Some(credential) = leaves.get(0) {
        group_info.signature = sign(credential, b"GroupInfoTBS", &group_info.tbs().to_bytes().unwrap());
    }
    (group_info, RatchetTree(List::new(nodes).unwrap()))
}

/// A room's state at the hub, and every byte string that the hub and the followers it fans out to
/// have seen.
pub(crate) struct Hub {
    pub(crate) sealed: SealedRoom,
    pub(crate) leaves: RoomLeaves,
    pub(crate) link_keys: LinkKeys,
    pub(crate) epoch: u64,
    pub(crate) seen: Vec<Vec<u8>>,
}

/// The group of every room here.
pub(crate) fn group_id() -> Opaque {
    "group".into()
}

/// What a commit does, by the leaves after it.
#[derive(Clone, Debug)]
pub(crate) struct Changes<'a> {
    /// The committer; the member at leaf 0 unless it says otherwise.
    pub(crate) by: Sender,
    /// The sender of the Add proposals, if it is another.
    pub(crate) added_by: Option<Sender>,
    pub(crate) added: &'a [u32],
    pub(crate) removed: &'a [u32],
    pub(crate) updated: &'a [u32],
    pub(crate) update: Option<&'a IdentityLinkKeysUpdate>,
    pub(crate) more_updates: Vec<(IdentityLinkKeysUpdate, Sender)>,
    pub(crate) add_aad: Option<&'a AddAAD>,
    pub(crate) consent: Option<&'a PseudonymConsent>,
}

impl Default for Changes<'_> {
    fn default() -> Self {
        Self {
            by: member(0),
            added_by: None,
            added: &[],
            removed: &[],
            updated: &[],
            update: None,
            more_updates: vec![],
            add_aad: None,
            consent: None,
        }
    }
}

pub(crate) const fn member(leaf_index: u32) -> Sender {
    Sender::Member { leaf_index }
}

pub(crate) const JOINER: Sender = Sender::NewMemberCommit {};

pub(crate) fn leaf_node(credential: &PseudonymousCredential) -> LeafNode {
    LeafNode {
        encryption_key: Vec::new().into(),
        signature_key: credential.signature_public_key.clone(),
        credential: Credential::Pseudonymous(credential.clone()),
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::Update {},
        extensions: Extensions::new(vec![]).unwrap(),
        signature: Opaque::default(),
    }
}

pub(crate) fn key_package(credential: &PseudonymousCredential) -> KeyPackage {
    KeyPackage {
        version: Mls10,
        cipher_suite: CipherSuite(1),
        init_key: Vec::new().into(),
        leaf_node: leaf_node(credential),
        extensions: Extensions::new(vec![]).unwrap(),
        signature: Opaque::default(),
    }
}

pub(crate) fn update_proposal(update: &IdentityLinkKeysUpdate) -> Proposal {
    let op = AppDataUpdateSelect::Update { update: update.to_bytes().unwrap().into() };
    Proposal::AppDataUpdate(AppDataUpdate { component_id: ComponentID::IDENTITY_LINK_KEYS, op })
}

/// A commit as it is on the wire, as far as this crate looks at it.
#[derive(Clone, Debug)]
pub(crate) struct WireCommit {
    pub(crate) by: Sender,
    pub(crate) proposals: Vec<(Proposal, Sender)>,
    pub(crate) path: Option<LeafNode>,
    pub(crate) safe_aad: SafeAAD,
}

impl WireCommit {
    pub(crate) fn of(leaves: &RoomLeaves, changes: &Changes<'_>) -> Self {
        let by = &changes.by;
        let credential = |leaf: &u32| leaves.get(*leaf).unwrap();
        let mut proposals: Vec<(Proposal, Sender)> = changes
            .removed
            .iter()
            .map(|removed| (Proposal::Remove(Remove { removed: *removed }), by.clone()))
            .collect();
        let (adds, own) = match (by, changes.added) {
            (Sender::NewMemberCommit {}, [adds @ .., own]) => (adds, Some(own)),
            (_, adds) => (adds, None),
        };
        let mut path = own.map(|own| leaf_node(credential(own)));
        for leaf in changes.updated {
            let leaf_node = leaf_node(credential(leaf));
            if *by == member(*leaf) {
                path = Some(leaf_node);
            } else {
                proposals.push((Proposal::Update(Box::new(Update { leaf_node })), member(*leaf)));
            }
        }
        for leaf in adds {
            let key_package = key_package(credential(leaf));
            let sender = changes.added_by.as_ref().unwrap_or(by).clone();
            proposals.push((Proposal::Add(Box::new(Add { key_package })), sender));
        }
        proposals.extend(changes.update.map(|update| (update_proposal(update), by.clone())));
        let more = changes.more_updates.iter();
        proposals.extend(more.map(|(update, sender)| (update_proposal(update), sender.clone())));
        let item = |component_id, data: Vec<u8>| SafeAADItem { component_id, aad_item_data: data.into() };
        let items = [
            changes.add_aad.map(|aad| item(ComponentID::IDENTITY_LINK_KEYS, aad.to_bytes().unwrap())),
            changes.consent.map(|consent| item(ComponentID::PSEUDONYM_CONSENT, consent.to_bytes().unwrap())),
        ];
        let aad_items = List::new(items.into_iter().flatten().collect()).unwrap();
        Self { by: by.clone(), proposals, path, safe_aad: SafeAAD { aad_items } }
    }

    pub(crate) fn judge(
        &self,
        suite: &RustCrypto,
        room: &SealedRoom,
        epoch: u64,
    ) -> Result<JudgedCommit, PseudonymError> {
        let proposals: Vec<_> = self.proposals.iter().map(|(proposal, sender)| (proposal, sender)).collect();
        let content = CommitContent {
            group_id: &group_id(),
            epoch,
            committer: &self.by,
            proposals: &proposals,
            path: self.path.as_ref(),
            safe_aad: &self.safe_aad,
        };
        room.judge(suite, &content)
    }
}

/// A member that has followed a commit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) room: KnownRoom<()>,
    pub(crate) followed: Followed,
}

impl Received {
    /// The users at the leaves that have changed; `None` for a client that shows no identity.
    pub(crate) fn users(&self) -> Vec<(u32, Option<UserUri>)> {
        let user = |leaf: &u32| (*leaf, self.room.known(*leaf).map(|identity| identity.user().clone()));
        self.followed.changed.iter().map(user).collect()
    }
}

impl Hub {
    pub(crate) fn new(leaves: RoomLeaves, link_keys: LinkKeys) -> Self {
        Self::with_rule(leaves, link_keys, WrapperKeyRule::Static)
    }

    pub(crate) fn with_rule(leaves: RoomLeaves, link_keys: LinkKeys, rule: WrapperKeyRule) -> Self {
        let sealed = SealedRoom::new(leaves.clone(), link_keys.clone(), rule);
        let mut hub = Self { sealed, leaves, link_keys, epoch: 1, seen: Vec::new() };
        hub.note_state();
        hub
    }

    fn note_state(&mut self) {
        let credentials = self.leaves.iter().map(|(_, credential)| credential.to_bytes().unwrap());
        self.seen.extend(credentials.collect::<Vec<_>>());
        self.seen.push(self.link_keys.data().to_bytes().unwrap());
    }

    /// The leaves as they will be.
    pub(crate) fn with(&self, changes: &[(u32, Option<&PseudonymousCredential>)]) -> RoomLeaves {
        let last = changes.iter().map(|(leaf, _)| *leaf as usize + 1).max().unwrap_or(0);
        let mut leaves: Vec<_> =
            (0..self.leaves.len().max(last)).map(|leaf| self.leaves.get(leaf as u32).cloned()).collect();
        for (leaf, credential) in changes {
            leaves[*leaf as usize] = credential.cloned();
        }
        RoomLeaves::new(leaves).unwrap()
    }

    /// A commit, as the hub judges it: without any key.
    pub(crate) fn judge(
        &self,
        world: &World,
        leaves: &RoomLeaves,
        changes: &Changes<'_>,
    ) -> Result<JudgedCommit, PseudonymError> {
        let judged = WireCommit::of(leaves, changes).judge(&world.suite, &self.sealed, self.epoch)?;
        assert_eq!(judged.changes().leaves(), leaves, "the test means other leaves");
        Ok(judged)
    }

    /// The hub takes a commit.
    pub(crate) fn commit(
        &mut self,
        world: &World,
        leaves: RoomLeaves,
        changes: &Changes<'_>,
    ) -> Result<(), PseudonymError> {
        let judged = self.judge(world, &leaves, changes)?;
        self.seen.extend(changes.update.map(|update| update.to_bytes().unwrap()));
        self.seen.extend(changes.add_aad.map(|aad| aad.to_bytes().unwrap()));
        self.take(judged);
        Ok(())
    }

    pub(crate) fn take(&mut self, judged: JudgedCommit) {
        self.sealed = judged.into_room();
        (self.leaves, self.link_keys) = (self.sealed.leaves().clone(), self.sealed.link_keys().clone());
        self.epoch += 1;
        self.note_state();
    }

    /// What a member knows of the room.
    pub(crate) fn known(
        &self,
        world: &World,
        wrapper_key: &IdentityLinkWrapperKey,
        policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
    ) -> KnownRoom<()> {
        let check = |credential: &Credential| world.check(credential);
        let mut rng = world.rng.clone();
        KnownRoom::learn(&world.suite, self.sealed.clone(), wrapper_key.clone(), policy, &check, &mut rng)
    }

    /// A commit, as a member follows it. The first leaf that fails is an error here.
    pub(crate) fn receive(
        &self,
        world: &World,
        wrapper_key: &IdentityLinkWrapperKey,
        leaves: &RoomLeaves,
        changes: &Changes<'_>,
        policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
    ) -> Result<Received, PseudonymError> {
        let mut room = self.known(world, wrapper_key, policy);
        let judged = self.judge(world, leaves, changes)?;
        let after = judged.after().clone();
        let check = |credential: &Credential| world.check(credential);
        let followed = room.follow(&world.suite, judged, policy, &check)?;
        assert_eq!(room.sealed(), &after, "a member follows whatever fails");
        match followed.failed.first().and_then(|leaf| room.get(*leaf)) {
            Some(LeafIdentity::Failed(error)) => Err(error.clone()),
            _ => Ok(Received { room, followed }),
        }
    }

    pub(crate) fn view<'a>(&'a self, wrapper_key: &'a IdentityLinkWrapperKey) -> RoomView<'a> {
        RoomView { leaves: &self.leaves, link_keys: &self.link_keys, wrapper_key }
    }

    /// What the hub shows to a joiner of the room with this URI: GroupInfo and tree, signed by the
    /// members.
    pub(crate) fn connection_room(
        &self,
        world: &World,
        group_id: &str,
    ) -> Result<ConnectionRoom, PseudonymError> {
        let (group_info, tree) = shown(world, group_id, &self.leaves, &self.link_keys);
        ConnectionRoom::verify(&world.suite, &group_info, &tree)
    }

    /// Nothing that the hub has seen contains a real identity or a key, or is the key to one: every
    /// string as long as a key is tried on every link.
    pub(crate) fn knows_no_user(&self, world: &World, users: &[&User], wrapper_key: &IdentityLinkWrapperKey) {
        let mut needles: Vec<&[u8]> = vec![wrapper_key.expose()];
        for user in users {
            needles.push(user.uri.as_bytes());
            needles.push(user.name().as_bytes());
            needles.push(user.connection_key.expose());
            needles.extend(user.clients.iter().map(|client| client.uri.as_bytes()));
            for client in &user.clients {
                if let Credential::Basic { identity } = &client.credential {
                    needles.push(identity.as_slice());
                }
            }
        }
        let nh = world.suite.parameters().nh;
        let check = |credential: &Credential| world.check(credential);
        let mut tried = std::collections::BTreeSet::new();
        for seen in &self.seen {
            for needle in &needles {
                assert!(!seen.windows(needle.len()).any(|window| window == *needle), "{needle:02x?}");
            }
            for window in seen.windows(nh) {
                if !tried.insert(window) {
                    continue;
                }
                let guess = IdentityLinkWrapperKey::new(&world.suite, window).unwrap();
                let link_key = IdentityLinkKey::new(&world.suite, window).unwrap();
                for (leaf, credential) in self.leaves.iter() {
                    assert!(self.view(&guess).open(&world.suite, leaf, &check).is_err());
                    assert!(
                        mimi_pseudonym::open_identity_link(&world.suite, credential, &link_key, &check)
                            .is_err()
                    );
                }
            }
        }
    }
}

/// A room that `creator` made with its first client, at the hub.
pub(crate) fn room_of(world: &mut World, creator: &User) -> (Hub, IdentityLinkWrapperKey) {
    room_with_rule(world, creator, WrapperKeyRule::Static)
}

pub(crate) fn room_with_rule(
    world: &mut World,
    creator: &User,
    rule: WrapperKeyRule,
) -> (Hub, IdentityLinkWrapperKey) {
    let credential = world.set(creator).remove(0);
    let World { suite, rng, uses, .. } = world;
    let (key, id) = (&creator.connection_key, room_id());
    let created = create_room(&*suite, &id, credential, key, uses, rng).unwrap();
    (Hub::with_rule(created.leaves, created.link_keys, rule), created.wrapper_key)
}

pub(crate) fn room_id() -> RoomUri {
    RoomUri::try_from("mimi://a.example/r/1").unwrap()
}

/// What a joiner sends that lands at a leaf of the hub's room.
pub(crate) fn join(
    world: &mut World,
    hub: &Hub,
    wrapper_key: &IdentityLinkWrapperKey,
    user: &User,
    credential: &PseudonymousCredential,
    leaf_index: u32,
) -> Result<ExternalJoinLinks, PseudonymError> {
    let World { suite, rng, uses, .. } = world;
    let (room_id, connection_key) = (&room_id(), &user.connection_key);
    let joiner = Joiner { room_id, credential, connection_key, leaf_index, uses };
    join_externally(&*suite, &hub.view(wrapper_key), joiner, rng)
}

/// What an adder sends when it adds `credentials`, all of `user`, at `leaves`.
pub(crate) fn add(
    world: &mut World,
    wrapper_key: &IdentityLinkWrapperKey,
    user: &User,
    credentials: &[PseudonymousCredential],
    leaves: &[u32],
) -> (AddAAD, IdentityLinkKeysUpdate) {
    let World { suite, rng, directory, .. } = world;
    let check = |credential: &Credential| {
        let Credential::Basic { identity } = credential else { return Err(CredentialCheckError) };
        directory.get(identity.as_slice()).cloned().ok_or(CredentialCheckError)
    };
    let (connection, credentials) = (user.connection(), credentials.iter().collect::<Vec<_>>());
    let users = [AddedUser { connection: &connection, credentials: &credentials }];
    let added = add_users(&*suite, wrapper_key, &users, leaves, &check, rng).unwrap();
    (added.add_aad, added.update)
}

/// The users of a room, in the order of the leaves; `-` where none is known.
pub(crate) fn names<T>(identities: &[(u32, LeafIdentity<T>)]) -> Vec<String> {
    let name = |identity: &LeafIdentity<T>| match identity {
        LeafIdentity::Known(identity) => identity.user().mimi_uri().unwrap().id().unwrap().to_string(),
        LeafIdentity::Unlinked => "-".to_string(),
        LeafIdentity::Failed(error) => error.to_string(),
    };
    identities.iter().map(|(_, identity)| name(identity)).collect()
}

pub(crate) fn secret(suite: &RustCrypto, byte: u8) -> Secret {
    Secret::new(suite, vec![byte; suite.parameters().nh]).unwrap()
}

pub(crate) fn opaque(text: &str) -> Opaque {
    text.into()
}

pub(crate) fn room_uri(text: &str) -> RoomUri {
    RoomUri::try_from(text).unwrap()
}
