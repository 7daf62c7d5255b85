//! Minimal-metadata rooms through the facade: the vectors of identity links, and a story with two
//! users, a hub, and MLS messages as they are on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use mimi::pseudonym::{
    AddedUser, CheckedClient, Commit, Connection, ConnectionKey, ConnectionParts, ConnectionRequest,
    ExternalJoin, Joiner, KnownRoom, LinkPolicy, MemberState, PendingConnection, PseudonymUses, Pseudonyms,
    RealClient, RoomRules, SealedRoom, WrapperKeyRule, connection_token_target, join_externally,
    open_queue_id, random_pseudonyms, safe_aad, seal_queue_id, wrapper_key_of_welcome,
};
use mimi::{Error, ErrorKind};
use mimi_codec::code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat};
use mimi_codec::extensions::{
    AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData, SelfRemove,
};
use mimi_codec::minimal_metadata::{EncryptedIdentityLinkKey, IdentityLinkKeysData};
use mimi_codec::mls::{
    Add, AuthenticatedContent, Capabilities, Commit as MlsCommit, Content, Credential, Extension, Extensions,
    FramedContent, FramedContentAuthData, GroupContext, GroupInfo, KeyPackage, LeafNode, LeafNodePosition,
    LeafNodeSelect, MAC, MLSMessage, Mls10, Node, Proposal, ProposalOrRef, PublicMessage, RatchetTree,
    Remove, Sender, UpdatePath,
};
use mimi_codec::protocol::PseudonymousCredential;
use mimi_codec::{Decode, Encode, List, Opaque};
use mimi_crypto::{
    CipherSuiteProvider, RustCrypto, SignaturePrivateKey, generate_hpke_key_pair, proposal_ref,
    sign_with_label,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::Value;

const SUITE: u16 = 1;

fn seed(number: u8) -> [u8; 32] {
    [number; 32]
}

fn extensions(component: ComponentID, data: Vec<u8>) -> Extensions {
    let component = ComponentData { component_id: component, data: data.into() };
    let dictionary = AppDataDictionary { component_data: List::new(vec![component]).unwrap() };
    let extension_data = dictionary.to_bytes().unwrap().into();
    let extension = Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data };
    Extensions::new(vec![extension]).unwrap()
}

fn context(group: &str, suite: u16, identity_link_keys: Vec<u8>) -> GroupContext {
    GroupContext {
        version: Mls10,
        cipher_suite: CipherSuite(suite),
        group_id: group.into(),
        epoch: 1,
        tree_hash: Opaque::default(),
        confirmed_transcript_hash: Opaque::default(),
        extensions: extensions(ComponentID::IDENTITY_LINK_KEYS, identity_link_keys),
    }
}

fn leaf_node(credential: &[u8]) -> LeafNode {
    let credential = PseudonymousCredential::decode_exact(credential).unwrap();
    LeafNode {
        encryption_key: Vec::new().into(),
        signature_key: credential.signature_public_key.clone(),
        credential: Credential::Pseudonymous(credential),
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::Update {},
        extensions: Extensions::new(vec![]).unwrap(),
        signature: Opaque::default(),
    }
}

/// The messages of a commit and of a proposal, as a stack frames them.
fn framed(sender: Sender, authenticated_data: Vec<u8>, content: Content) -> FramedContent {
    FramedContent::new("group".into(), 1, sender, authenticated_data.into(), content).unwrap()
}

fn public_message(content: FramedContent) -> Vec<u8> {
    let confirmation_tag = matches!(content.content(), Content::Commit { .. }).then(MAC::default);
    let auth = FramedContentAuthData { signature: Opaque::default(), confirmation_tag };
    let membership_tag = matches!(content.sender(), Sender::Member { .. }).then(MAC::default);
    MLSMessage::from(PublicMessage::new(content, auth, membership_tag).unwrap()).to_bytes().unwrap()
}

fn commit(sender: Sender, proposals: Vec<Proposal>, path: Option<LeafNode>, items: &[Vec<u8>]) -> Vec<u8> {
    let proposals = proposals.into_iter().map(|proposal| ProposalOrRef::Proposal { proposal }).collect();
    let path = path.map(|leaf_node| Box::new(UpdatePath { leaf_node, nodes: vec![] }));
    let commit = MlsCommit { proposals, path };
    public_message(framed(sender, safe_aad(items).unwrap(), Content::Commit { commit }))
}

fn add(credential: &[u8]) -> Proposal {
    let key_package = KeyPackage {
        version: Mls10,
        cipher_suite: CipherSuite(SUITE),
        init_key: Vec::new().into(),
        leaf_node: leaf_node(credential),
        extensions: Extensions::new(vec![]).unwrap(),
        signature: Opaque::default(),
    };
    Proposal::Add(Box::new(Add { key_package }))
}

fn app_data_update(update: &[u8]) -> Proposal {
    let op = AppDataUpdateSelect::Update { update: update.into() };
    Proposal::AppDataUpdate(AppDataUpdate {
        component_id: ComponentID(mimi::pseudonym::IDENTITY_LINK_KEYS),
        op,
    })
}

const ALICE: Sender = Sender::Member { leaf_index: 0 };

/// What vouches for real clients, and the keys that the tests hold.
struct World {
    suite: RustCrypto,
    rng: Mutex<ChaCha20Rng>,
    directory: BTreeMap<Vec<u8>, CheckedClient>,
    room_keys: BTreeMap<Vec<u8>, SignaturePrivateKey>,
}

struct User {
    uri: String,
    real: RealClient,
    real_public_key: Vec<u8>,
    connection_key: ConnectionKey,
}

impl World {
    fn new() -> Self {
        Self {
            suite: RustCrypto::new(CipherSuite(SUITE)).unwrap(),
            rng: Mutex::new(ChaCha20Rng::seed_from_u64(7)),
            directory: BTreeMap::new(),
            room_keys: BTreeMap::new(),
        }
    }

    fn key(&self) -> (SignaturePrivateKey, Vec<u8>) {
        let private = self.suite.generate_signature_key(&mut *self.rng.lock().unwrap()).unwrap();
        let public = self.suite.signature_public_key(&self.suite.signing_key(&private).unwrap());
        (private, public.to_vec())
    }

    fn user(&mut self, name: &str, number: u8) -> User {
        let host = format!("{}.example", &name[..1]);
        let (uri, client) = (format!("mimi://{host}/u/{name}"), format!("mimi://{host}/d/{name}-phone"));
        let (private, real_public_key) = self.key();
        let credential = Credential::Basic { identity: client.as_str().into() }.to_bytes().unwrap();
        let checked = CheckedClient {
            user_uri: uri.clone(),
            client_uri: client.clone(),
            signature_public_key: real_public_key.clone(),
        };
        self.directory.insert(credential.clone(), checked);
        let real = RealClient::new(&uri, &client, &credential, private.expose()).unwrap();
        let connection_key = ConnectionKey::generate(SUITE, &seed(number)).unwrap();
        User { uri, real, real_public_key, connection_key }
    }

    /// Another credential for a room.
    fn credential(&mut self, user: &User, number: u8) -> Vec<u8> {
        let pseudonyms = random_pseudonyms(&format!("{}.example", &user.uri[7..8]), &seed(number)).unwrap();
        self.credential_under(user, &pseudonyms, number)
    }

    fn credential_under(&mut self, user: &User, pseudonyms: &Pseudonyms, number: u8) -> Vec<u8> {
        let (private, public) = self.key();
        self.room_keys.insert(public.clone(), private);
        user.real.issue(pseudonyms, &public, &user.connection_key, &seed(number)).unwrap()
    }

    fn room_key(&self, credential: &[u8]) -> &SignaturePrivateKey {
        let credential = PseudonymousCredential::decode_exact(credential).unwrap();
        &self.room_keys[&credential.signature_public_key.to_vec()]
    }

    fn check(&self) -> impl Fn(&[u8]) -> Option<CheckedClient> {
        let directory = self.directory.clone();
        move |credential: &[u8]| directory.get(credential).cloned()
    }

    /// Group state as a hub shows it to joiners, signed by the members.
    fn shown(&self, group: &str, leaves: &[Vec<u8>], identity_link_keys: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
        let sign = |credential: &[u8], label: &[u8], content: &[u8]| -> Opaque {
            let key = self.suite.signing_key(self.room_key(credential)).unwrap();
            let mut rng = self.rng.lock().unwrap();
            sign_with_label(&self.suite, &key, label, content, &mut *rng).unwrap().into()
        };
        let mut nodes = vec![];
        for (leaf_index, credential) in (0..).zip(leaves) {
            let mut leaf = leaf_node(credential);
            let position = LeafNodePosition { group_id: group.into(), leaf_index };
            let tbs = leaf.tbs(Some(position)).unwrap().to_bytes().unwrap();
            leaf.signature = sign(credential, b"LeafNodeTBS", &tbs);
            nodes.resize(leaf_index as usize * 2, None);
            nodes.push(Some(Node::Leaf { leaf_node: Box::new(leaf) }));
        }
        let mut info = GroupInfo {
            group_context: context(group, SUITE, identity_link_keys),
            extensions: Extensions::new(vec![]).unwrap(),
            confirmation_tag: MAC::default(),
            signer: 0,
            signature: Opaque::default(),
        };
        info.signature = sign(&leaves[0], b"GroupInfoTBS", &info.tbs().to_bytes().unwrap());
        (info.to_bytes().unwrap(), RatchetTree(List::new(nodes).unwrap()).to_bytes().unwrap())
    }
}

fn names(room: &KnownRoom) -> Vec<String> {
    room.members()
        .into_iter()
        .map(|member| match member.state {
            MemberState::Known { user_uri, .. } => user_uri,
            MemberState::Unlinked => "unlinked".to_owned(),
            MemberState::Failed(error) => error.reason.unwrap_or_default(),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn reason<T: core::fmt::Debug>(result: Result<T, Error>) -> (ErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind, error.reason.unwrap_or_default())
}

/// Alice's room, with her credential in it, and the hub's side.
fn clubhouse(world: &mut World, alice: &User, uses: &mut PseudonymUses) -> (KnownRoom, SealedRoom, Vec<u8>) {
    let credential = world.credential(alice, 11);
    let room = KnownRoom::create(
        "mimi://a.example/r/clubhouse",
        &credential,
        &alice.connection_key,
        uses,
        RoomRules { wrapper_key: WrapperKeyRule::ChangesWithRemovals, ..RoomRules::default() },
        &world.check(),
        &seed(12),
    )
    .unwrap();
    let sealed = room.sealed();
    (room, sealed, credential)
}

fn connection(user: &User) -> Connection {
    let parts = ConnectionParts {
        cipher_suite: SUITE,
        user_uri: user.uri.clone(),
        connection_key: user.connection_key.expose(),
        previous: None,
        retired: vec![],
    };
    Connection::restore(&parts).unwrap()
}

/// Alice's commit that adds a user, and the new member's knowledge of the room.
fn add_to(
    world: &World,
    room: &mut KnownRoom,
    hub: &mut SealedRoom,
    user: &User,
    credential: &[u8],
) -> KnownRoom {
    let added = AddedUser { connection: connection(user), credentials: vec![credential.to_vec()] };
    let change = room.change_members(&[added], &[], &world.check(), &seed(21)).unwrap();
    let proposals = vec![add(credential), app_data_update(&change.update.unwrap())];
    let message = commit(ALICE, proposals, None, &[change.safe_aad_item.unwrap()]);
    let commit = Commit::of_public_message(SUITE, &message, &[]).unwrap();
    let judged = hub.judge(&commit).unwrap();
    let changes = hub.follow(&commit).unwrap();
    assert_eq!((&judged, &changes.identity_link_keys), (&changes, &hub.identity_link_keys().unwrap()));
    let followed = room.follow(&commit, &world.check()).unwrap();
    assert_eq!((followed.changed, followed.failed), (changes.added, vec![]));
    let info = GroupInfo {
        group_context: context("group", SUITE, vec![]),
        extensions: extensions(ComponentID::IDENTITY_LINK_KEYS, room.welcome_extension().unwrap()),
        confirmation_tag: MAC::default(),
        signer: 0,
        signature: Opaque::default(),
    };
    let wrapper_key = wrapper_key_of_welcome(&info.to_bytes().unwrap()).unwrap();
    assert_eq!(wrapper_key, room.wrapper_key());
    KnownRoom::learn(SUITE, hub, &wrapper_key, LinkPolicy::Required, &world.check(), &seed(22)).unwrap()
}

#[test]
fn vectors_of_identity_links_open_or_fail_as_they_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/vectors/identity-link.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut opened, mut refused) = (0, 0);
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let bytes = |member: &str| hex::decode(case[member].as_str().unwrap()).unwrap();
        let suite = u16::try_from(case["cipher_suite"].as_u64().unwrap()).unwrap();
        if RustCrypto::new(CipherSuite(suite)).is_err() {
            continue;
        }
        let real = bytes("client_credential");
        // A basic credential names its client; for the others a directory does.
        let client_uri = match Credential::decode_exact(&real) {
            Ok(Credential::Basic { identity }) => String::from_utf8(identity.to_vec()).unwrap(),
            _ => "mimi://a.example/d/alice-phone".to_owned(),
        };
        let alice = CheckedClient {
            user_uri: "mimi://a.example/u/alice".to_owned(),
            client_uri,
            signature_public_key: bytes("client_signature_public_key"),
        };
        let check = move |credential: &[u8]| (credential == real).then(|| alice.clone());
        let open = || -> Result<MemberState, Error> {
            let credential = PseudonymousCredential::decode_exact(&bytes("pseudonymous_credential"))
                .map_err(|_| outside())?;
            let wrapped = EncryptedIdentityLinkKey::decode_exact(&bytes("encrypted_identity_link_key"))
                .map_err(|_| outside())?;
            let keys = IdentityLinkKeysData { identity_link_key_ciphertexts: vec![Some(wrapped)] };
            let context = context("group", suite, keys.to_bytes().unwrap()).to_bytes().unwrap();
            let leaf = leaf_node(&credential.to_bytes().unwrap());
            let node = Some(Node::Leaf { leaf_node: Box::new(leaf) });
            let tree = RatchetTree(List::new(vec![node]).unwrap()).to_bytes().unwrap();
            let sealed = SealedRoom::of_group(&context, &tree, WrapperKeyRule::Static)?;
            let wrapper_key = bytes("identity_link_wrapper_key");
            let room =
                KnownRoom::learn(suite, &sealed, &wrapper_key, LinkPolicy::Required, &check, &seed(1))?;
            match room.member(0).unwrap().state {
                MemberState::Failed(error) => Err(error),
                state => Ok(state),
            }
        };
        match open() {
            Ok(state) => {
                opened += 1;
                assert!(case["valid"] != Value::Bool(false), "{name}: {state:?}");
                let parts = ConnectionParts {
                    cipher_suite: suite,
                    user_uri: "mimi://a.example/u/alice".to_owned(),
                    connection_key: bytes("connection_key"),
                    previous: None,
                    retired: vec![],
                };
                let connection = Connection::restore(&parts).unwrap();
                let identity = connection.identify(&bytes("pseudonymous_credential"), &check);
                assert_eq!(identity.unwrap(), state, "{name}");
            }
            Err(error) => {
                refused += 1;
                assert!(case["valid"] == Value::Bool(false), "{name}: {error}");
            }
        }
    }
    assert!(opened > 5 && refused > 20, "{opened} opened, {refused} refused");
}

/// What is refused before the facade sees it: a leaf is decoded by the MLS stack.
fn outside() -> Error {
    wrapper_key_of_welcome(b"").unwrap_err()
}

#[test]
fn a_member_adds_a_connected_user_and_each_knows_the_other() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 2));
    let (mut room, mut hub, _) = clubhouse(&mut world, &alice, &mut PseudonymUses::new());
    let bobs = world.credential(&bob, 13);
    let bobs_room = add_to(&world, &mut room, &mut hub, &bob, &bobs);
    for known in [&room, &bobs_room] {
        assert_eq!(names(known), [alice.uri.as_str(), bob.uri.as_str()]);
    }
    let pseudonym = room.pseudonym_of(&bob.uri).unwrap().unwrap();
    assert_eq!(room.member(1).unwrap().user_pseudonym, pseudonym);
    let alices = room.member(0).unwrap().user_pseudonym;
    assert_eq!(hub.check_participants(&[alices.clone(), pseudonym]), Ok(()));
    let refused = hub.check_participants(&[alices]);
    assert_eq!(reason(refused), (ErrorKind::NotAllowed, "UnknownParticipant".to_owned()));

    // Bob has no second client of another user pseudonym, and is not added again.
    let again = AddedUser { connection: connection(&bob), credentials: vec![world.credential(&bob, 14)] };
    let refused = room.change_members(&[again], &[], &world.check(), &seed(23));
    assert_eq!(reason(refused), (ErrorKind::NotAllowed, "UserPseudonymDiffers".to_owned()));
}

#[test]
fn the_wrapper_key_changes_when_a_member_is_removed() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.user("alice", 1), world.user("bob", 2), world.user("carol", 3));
    let (mut room, mut hub, _) = clubhouse(&mut world, &alice, &mut PseudonymUses::new());
    let bobs = world.credential(&bob, 13);
    add_to(&world, &mut room, &mut hub, &bob, &bobs);
    let old_key = room.wrapper_key();

    let change = room.change_members(&[], &[1], &world.check(), &seed(24)).unwrap();
    assert_eq!((change.safe_aad_item, change.added), (None, vec![]));
    let proposals = vec![Proposal::Remove(Remove { removed: 1 }), app_data_update(&change.update.unwrap())];
    let removal = commit(ALICE, proposals, None, &[]);
    let removal = Commit::of_public_message(SUITE, &removal, &[]).unwrap();
    assert!(hub.follow(&removal).unwrap().begins_rotation);
    assert!(room.follow(&removal, &world.check()).unwrap().begins_rotation);
    assert!(hub.is_rotation_pending());

    // Until the keys are wrapped anew, no client is added, and the new key has to be known.
    let carols = world.credential(&carol, 15);
    let added = AddedUser { connection: connection(&carol), credentials: vec![carols.clone()] };
    let refused = room.change_members(std::slice::from_ref(&added), &[], &world.check(), &seed(25));
    assert_eq!(reason(refused), (ErrorKind::NotAllowed, "RotationPending".to_owned()));
    assert_eq!(reason(room.rewrap(&seed(26))), (ErrorKind::State, "NoWrapperKey".to_owned()));
    room.set_next_wrapper_key(&[0x33; 32], b"group", 2).unwrap();
    let update = room.rewrap(&seed(26)).unwrap();
    let rewrap = commit(ALICE, vec![app_data_update(&update)], None, &[]);
    let rewrap = Commit::of_public_message(SUITE, &rewrap, &[]).unwrap();
    assert!(hub.follow(&rewrap).unwrap().is_rewrap);
    assert_eq!(room.follow(&rewrap, &world.check()).unwrap().wrong_rewrap_by, None);
    assert_ne!(room.wrapper_key(), old_key);
    let refused = room.set_next_wrapper_key(&[0x33; 32], b"group", 2);
    assert_eq!(refused.unwrap_err().kind, ErrorKind::State);

    let carols_room = add_to(&world, &mut room, &mut hub, &carol, &carols);
    assert_eq!(names(&carols_room), [alice.uri, carol.uri]);
}

#[test]
fn a_client_joins_externally_with_the_consent_of_another_of_its_user() {
    let mut world = World::new();
    let (alice, mut uses) = (world.user("alice", 1), PseudonymUses::new());
    let (mut room, mut hub, credential) = clubhouse(&mut world, &alice, &mut uses);
    let pseudonym = room.member(0).unwrap().user_pseudonym;
    // Alice's tablet is another real client.
    let tablet = {
        let (private, public) = world.key();
        let client = "mimi://a.example/d/alice-tablet";
        let credential = Credential::Basic { identity: client.into() }.to_bytes().unwrap();
        let checked = CheckedClient {
            user_uri: alice.uri.clone(),
            client_uri: client.to_owned(),
            signature_public_key: public.clone(),
        };
        world.directory.insert(credential.clone(), checked);
        let real = RealClient::new(&alice.uri, client, &credential, private.expose()).unwrap();
        User {
            real,
            real_public_key: public,
            uri: alice.uri.clone(),
            connection_key: alice.connection_key.clone(),
        }
    };
    let client_pseudonym = random_pseudonyms("a.example", &seed(31)).unwrap().client_pseudonym;
    let tablets =
        world.credential_under(&tablet, &Pseudonyms { user_pseudonym: pseudonym, client_pseudonym }, 32);
    let joiner = Joiner {
        room_uri: "mimi://a.example/r/clubhouse".to_owned(),
        credential: tablets.clone(),
        connection_key: alice.connection_key.clone(),
        removed: vec![],
    };
    let old = join_externally(&hub, &[9; 32], &joiner, &mut PseudonymUses::new(), &seed(33));
    assert_eq!(reason(old), (ErrorKind::NotAuthentic, "StaleWrapperKey".to_owned()));
    let ExternalJoin { leaf_index, safe_aad_item, update, .. } =
        join_externally(&hub, &room.wrapper_key(), &joiner, &mut uses, &seed(33)).unwrap();
    assert_eq!(leaf_index, 1);

    let join = |items: &[Vec<u8>]| {
        let path = Some(leaf_node(&tablets));
        let message = commit(Sender::NewMemberCommit {}, vec![app_data_update(&update)], path, items);
        Commit::of_public_message(SUITE, &message, &[]).unwrap()
    };
    let refused = hub.judge(&join(std::slice::from_ref(&safe_aad_item)));
    assert_eq!(reason(refused), (ErrorKind::NotAllowed, "NoConsent".to_owned()));
    let key = world.room_key(&credential).expose().to_vec();
    let consent = room.consent(0, &key, b"group", 1, &tablets, &seed(34)).unwrap();
    let joined = join(&[consent, safe_aad_item]);
    hub.follow(&joined).unwrap();
    assert_eq!(room.follow(&joined, &world.check()).unwrap().failed, [0_u32; 0]);
    assert_eq!(names(&room), [alice.uri.as_str(), alice.uri.as_str()]);

    // The tablet's credential serves no other room.
    let refused = uses.record("mimi://a.example/r/other", &tablets);
    assert_eq!(reason(refused), (ErrorKind::NotAllowed, "PseudonymReused".to_owned()));
    let linked = uses.record_last_resort("mimi://a.example/r/other", &tablets).unwrap();
    assert_eq!(linked, ["mimi://a.example/r/clubhouse"]);
    uses.forget_room("mimi://a.example/r/other").unwrap();
    uses.record("mimi://a.example/r/clubhouse", &tablets).unwrap();
}

#[test]
fn a_connection_is_asked_for_and_accepted() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 2));
    let (private, public) = generate_hpke_key_pair(&world.suite, &mut *world.rng.lock().unwrap()).unwrap();
    let (mut room, mut hub, alices) = clubhouse(&mut world, &alice, &mut PseudonymUses::new());
    let uri = "mimi://a.example/r/clubhouse";
    let (pending, sealed) = PendingConnection::request(
        &bob.uri,
        &public,
        &alice.real,
        &alice.connection_key,
        uri,
        &room,
        &seed(41),
    )
    .unwrap();
    let pending = PendingConnection::restore(&pending.parts()).unwrap();

    // Bob's provider passes it on; to Carol it does not open.
    let other = ConnectionRequest::open(SUITE, "mimi://c.example/u/carol", private.expose(), &sealed);
    assert_eq!(reason(other), (ErrorKind::NotAuthentic, "RequestDoesNotOpen".to_owned()));
    let request = ConnectionRequest::open(SUITE, &bob.uri, private.expose(), &sealed).unwrap();
    assert_eq!(request.connection_room_id(), uri.as_bytes());
    let (info, tree) = world.shown("group", &[alices], hub.identity_link_keys().unwrap());
    let verified = request.verify(&info, &tree, &world.check()).unwrap();
    assert_eq!(verified.requester().user_uri, alice.uri);
    assert_eq!(verified.requester().signature_public_key, alice.real_public_key);
    assert_eq!(verified.connection_room_uri(), uri);

    let bobs = world.credential(&bob, 42);
    let joiner = Joiner {
        room_uri: uri.to_owned(),
        credential: bobs.clone(),
        connection_key: bob.connection_key.clone(),
        removed: vec![],
    };
    let mut uses = PseudonymUses::new();
    let join = join_externally(&hub, &verified.wrapper_key(), &joiner, &mut uses, &seed(43)).unwrap();
    let (to_alice, response) = verified.accept(&bob.connection_key, None, &seed(44)).unwrap();
    let items = [response.clone(), join.safe_aad_item];
    let joined = commit(
        Sender::NewMemberCommit {},
        vec![app_data_update(&join.update)],
        Some(leaf_node(&bobs)),
        &items,
    );
    let joined = Commit::of_public_message(SUITE, &joined, &[]).unwrap();
    hub.follow(&joined).unwrap();
    room.follow(&joined, &world.check()).unwrap();
    let response = mimi_codec::extensions::SafeAADItem::decode_exact(&response).unwrap().aad_item_data;
    let to_bob = pending.accept(&response, &room, join.leaf_index, None, &world.check()).unwrap();
    assert_eq!(
        (to_bob.user_uri(), to_bob.parts().connection_key),
        (bob.uri.clone(), bob.connection_key.expose())
    );
    assert_eq!(to_alice.parts().connection_key, alice.connection_key.expose());
    assert_eq!(Connection::restore(&to_bob.parts()), Ok(to_bob.clone()));
    let wrong = pending.accept(&response, &room, 0, None, &world.check());
    assert_eq!(reason(wrong), (ErrorKind::NotAllowed, "NotTheResponder".to_owned()));

    // Bob takes another key, and says so in the connection room.
    let new = ConnectionKey::generate(SUITE, &seed(45)).unwrap();
    let message = new.rotation_message().unwrap();
    let rotated = room.rotate_connection(&to_bob, join.leaf_index, &message).unwrap();
    assert_eq!(rotated.parts().connection_key, new.expose());
    assert_eq!(rotated.parts().previous, Some(bob.connection_key.expose()));
    assert_eq!(rotated.clone().forget_previous().parts().previous, None);
    let old = bob.connection_key.rotation_message().unwrap();
    let replayed = room.rotate_connection(&rotated, join.leaf_index, &old);
    assert_eq!(reason(replayed), (ErrorKind::NotAllowed, "RetiredConnectionKey".to_owned()));
    let alices = room.rotate_connection(&to_bob, 0, &message);
    assert_eq!(reason(alices), (ErrorKind::NotAllowed, "NotTheConnectedUser".to_owned()));
}

#[test]
fn a_member_renews_its_credential_and_sets_its_own_key() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let (mut room, mut hub, _) = clubhouse(&mut world, &alice, &mut PseudonymUses::new());
    let (_, public) = world.key();
    let renewed = room.renew(0, &public, &alice.real, &alice.connection_key, &seed(51)).unwrap();
    let path = Some(leaf_node(&renewed.credential));
    let message = commit(ALICE, vec![app_data_update(&renewed.update)], path, &[]);
    let message = Commit::of_public_message(SUITE, &message, &[]).unwrap();
    assert_eq!(message.epoch(), 1);
    assert_eq!(hub.follow(&message).unwrap().updated, [0]);
    assert_eq!(room.follow(&message, &world.check()).unwrap().changed, [0]);
    let update = room.set_own_key(0, &alice.connection_key, &seed(52)).unwrap();
    let message = commit(ALICE, vec![app_data_update(&update)], None, &[]);
    room.follow(&Commit::of_public_message(SUITE, &message, &[]).unwrap(), &world.check()).unwrap();
    assert_eq!(names(&room), [alice.uri.as_str()]);

    // The real key would show who it is.
    let unmasked = room.renew(0, &alice.real_public_key, &alice.real, &alice.connection_key, &seed(53));
    assert_eq!(reason(unmasked), (ErrorKind::NotAllowed, "RealSignatureKey".to_owned()));
}

#[test]
fn proposals_are_found_by_reference_and_contents_may_come_decrypted() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 2));
    let (mut room, mut hub, _) = clubhouse(&mut world, &alice, &mut PseudonymUses::new());
    let bobs = world.credential(&bob, 13);
    add_to(&world, &mut room, &mut hub, &bob, &bobs);

    let leave = framed(
        Sender::Member { leaf_index: 1 },
        vec![0],
        Content::Proposal { proposal: Proposal::SelfRemove(SelfRemove {}) },
    );
    let auth = |confirmation_tag| FramedContentAuthData { signature: Opaque::default(), confirmation_tag };
    let format = WireFormat::MLS_PUBLIC_MESSAGE;
    let sent = AuthenticatedContent::new(format, leave.clone(), auth(None)).unwrap();
    let update = room.change_members(&[], &[1], &world.check(), &seed(61)).unwrap().update.unwrap();
    let proposals = vec![
        ProposalOrRef::Reference { reference: proposal_ref(&world.suite, &sent).unwrap() },
        ProposalOrRef::Proposal { proposal: app_data_update(&update) },
    ];
    let commit = MlsCommit { proposals, path: None };
    let content = framed(ALICE, safe_aad(&[]).unwrap(), Content::Commit { commit });

    let message = public_message(content.clone());
    let unknown = Commit::of_public_message(SUITE, &message, &[]).unwrap_err();
    assert_eq!((unknown.kind, unknown.field.as_deref()), (ErrorKind::Unknown, Some("Commit.proposals[0]")));
    let by_message = Commit::of_public_message(SUITE, &message, &[public_message(leave)]).unwrap();
    let decrypted = AuthenticatedContent::new(format, content, auth(Some(MAC::default()))).unwrap();
    let (decrypted, waiting) = (decrypted.to_bytes().unwrap(), sent.to_bytes().unwrap());
    let by_content =
        Commit::of_authenticated_content(SUITE, &decrypted, std::slice::from_ref(&waiting)).unwrap();
    assert_eq!(by_message, by_content);
    assert_eq!(hub.follow(&by_message).unwrap().removed, [1]);

    let swapped = Commit::of_authenticated_content(SUITE, &waiting, &[]).unwrap_err();
    assert_eq!((swapped.kind, swapped.field.as_deref()), (ErrorKind::InvalidInput, Some("message")));
    let swapped =
        Commit::of_authenticated_content(SUITE, &decrypted, std::slice::from_ref(&decrypted)).unwrap_err();
    assert_eq!((swapped.kind, swapped.field.as_deref()), (ErrorKind::InvalidInput, Some("waiting[0]")));
    let refused = Commit::of_public_message(SUITE, &message[..20], &[]).unwrap_err();
    assert_eq!((refused.kind, refused.offset.is_some()), (ErrorKind::Refused, true));
}

#[test]
fn queue_ids_and_tokens_serve_their_client_alone() {
    let world = World::new();
    let (private, public) = generate_hpke_key_pair(&world.suite, &mut *world.rng.lock().unwrap()).unwrap();
    let pseudonym = random_pseudonyms("a.example", &seed(71)).unwrap().client_pseudonym;
    let sealed = seal_queue_id(SUITE, &public, b"queue 7", &pseudonym, &seed(72)).unwrap();
    assert_eq!(open_queue_id(SUITE, private.expose(), &sealed, &pseudonym).unwrap(), b"queue 7");
    let other = random_pseudonyms("a.example", &seed(73)).unwrap().client_pseudonym;
    let copied = open_queue_id(SUITE, private.expose(), &sealed, &other);
    assert_eq!(reason(copied), (ErrorKind::NotAuthentic, "QueueIdDoesNotOpen".to_owned()));
    let long = seal_queue_id(SUITE, &public, &[0; 64], &pseudonym, &seed(72));
    assert_eq!(reason(long), (ErrorKind::InvalidInput, "QueueIdTooLong".to_owned()));

    let key = ConnectionKey::new(SUITE, &[5; 32]).unwrap();
    let target = connection_token_target("mimi://a.example/u/alice", &key, "a.example").unwrap();
    let (start, id) = target.split_at("mimi://a.example/u/".len());
    assert_eq!((start, id.len()), ("mimi://a.example/u/", 64));
    let bob = connection_token_target("mimi://b.example/u/bob", &key, "a.example").unwrap();
    assert_ne!(bob, target);
}

#[test]
fn secrets_are_not_printed() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let parts = connection(&alice).parts();
    let shown = format!("{:?} {:?} {parts:?} {:?}", alice.real, alice.connection_key, connection(&alice));
    let secret = hex::encode(alice.connection_key.expose());
    assert!(!shown.contains(&secret) && !shown.contains(&format!("{:?}", alice.connection_key.expose())));
    assert!(shown.contains("mimi://a.example/u/alice"));
}
