//! Pseudonyms: links, wrapped keys, a commit and a connection, with bytes changed on the way. What
//! was changed doesn't open, what wasn't does, and a batch finds what one by one finds.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::minimal_metadata::{
    AddAAD, EncryptedIdentityLinkKey, IdentityLinkKeysData, IdentityLinkKeysUpdate, SealedConnectionResponse,
};
use mimi_codec::mls::{Credential, HPKECiphertext};
use mimi_codec::protocol::PseudonymousCredential;
use mimi_codec::{Decode, Encode};
use mimi_crypto::{HpkePrivateKey, generate_hpke_key_pair};
use mimi_pseudonym::flow::create::create_room;
use mimi_pseudonym::flow::learn::{LeafIdentity, learn_room, learn_room_batch};
use mimi_pseudonym::{
    ConnectionRoom, IdentityLinkWrapperKey, KnownRoom, LinkKeys, PendingConnection, Requester, RoomLeaves,
    RoomView, SealedRoom, open_connection_request, request_connection,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

#[path = "../../mimi-pseudonym/tests/world/mod.rs"]
mod world;

use world::{Changes, Hub, User, WireCommit, World, add, required, room_id, room_uri, shown};

/// Alice's two clients are in a room; Bob joins it, which makes a connection; Carol comes after
/// him.
struct Scene {
    world: World,
    alice: User,
    bob: User,
    wrapper_key: IdentityLinkWrapperKey,
    credentials: Vec<PseudonymousCredential>,
    keys: Vec<EncryptedIdentityLinkKey>,
    /// What added Carol: the room before, the leaves after.
    before: SealedRoom,
    after: RoomLeaves,
    add_aad: AddAAD,
    update: IdentityLinkKeysUpdate,
    private_key: HpkePrivateKey,
    pending: PendingConnection,
    request: HPKECiphertext,
    response: SealedConnectionResponse,
}

const GROUP: &str = "mimi://a.example/g/1";
const BOB: u32 = 2;
const CAROL: u32 = 3;

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let mut world = World::new();
    let (alice, bob, carol) = (world.user("alice", 2), world.user("bob", 1), world.user("carol", 1));
    let mut credentials = world.set(&alice);
    let World { suite, rng, uses, .. } = &mut world;
    let (first, key) = (credentials[0].clone(), &alice.connection_key);
    let created = create_room(&*suite, &room_id(), first, key, uses, rng).expect("a room");
    let wrapper_key = created.wrapper_key;
    let mut hub = Hub::new(created.leaves, created.link_keys);
    let (private_key, public_key) = generate_hpke_key_pair(&world.suite, &mut world.rng).expect("keys");
    let requester = Requester {
        client_credential: alice.clients[0].credential.clone(),
        connection_key: &alice.connection_key,
        connection_room_id: room_id(),
        connection_room_wrapper_key: &wrapper_key,
    };
    let (pending, request) =
        request_connection(&world.suite, bob.uri.clone(), &public_key, requester, &mut world.rng)
            .expect("seals");
    let opened = open_connection_request(&world.suite, &bob.uri, &private_key, &request).expect("opens");
    let room = hub.connection_room(&world, GROUP).expect("signed");
    let verified = opened
        .verify(&world.suite, &room, &|credential: &Credential| world.check(credential))
        .expect("is Alice's");
    let (_, response) =
        verified.accept(&world.suite, &bob.connection_key, None, &mut world.rng).expect("seals");

    let mut last = None;
    for (leaf, user) in [(1, &alice), (BOB, &bob), (CAROL, &carol)] {
        let credential = if leaf == 1 { credentials.remove(1) } else { world.set(user).remove(0) };
        credentials.push(credential.clone());
        let (add_aad, update) = add(&mut world, &wrapper_key, user, &[credential.clone()], &[leaf]);
        let leaves = hub.with(&[(leaf, Some(&credential))]);
        let added = [leaf];
        let changes =
            Changes { added: &added, update: Some(&update), add_aad: Some(&add_aad), ..Default::default() };
        last = Some((hub.sealed.clone(), add_aad.clone(), update.clone()));
        hub.commit(&world, leaves, &changes).expect("in order");
    }
    let (before, add_aad, update) = last.expect("Carol");
    let keys = hub.link_keys.iter().map(|(_, key)| key.clone()).collect();
    let after = hub.leaves;
    Scene {
        world,
        alice,
        bob,
        wrapper_key,
        credentials,
        keys,
        before,
        after,
        add_aad,
        update,
        private_key,
        pending,
        request,
        response,
    }
});

/// A place and what is added to the byte there.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Flip(u16, u8);

impl Flip {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let length = bytes.len();
        if let Some(byte) = bytes.get_mut(usize::from(self.0) % length.max(1)) {
            *byte ^= self.1;
        }
        bytes
    }

    /// The value with a byte of its encoding changed, if that is one.
    fn value<T: Encode + for<'a> Decode<'a>>(self, value: &T) -> Option<T> {
        T::decode_exact(&self.of(&value.to_bytes().expect("encodes"))).ok()
    }
}

#[derive(Arbitrary, Debug)]
enum Change {
    Credential(u8, Flip),
    Key(u8, Flip),
    KeyOf(u8, u8),
    NoKey(u8),
    /// Both, at the other's place: the pair belongs together wherever it is.
    Swap(u8, u8),
}

#[derive(Arbitrary, Debug)]
struct Room {
    changes: Vec<Change>,
    wrapper_key: Option<Flip>,
}

#[derive(Arbitrary, Debug)]
enum Input {
    Room(Room),
    AddAad(Flip),
    Update(Flip),
    Request(Flip, bool),
    Response(Flip, bool),
}

/// One of the flows, with changes.
pub fn flow(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    match input {
        Input::Room(room) => open_room(&room),
        Input::AddAad(flip) => {
            if let Some(add_aad) = flip.value(&SCENE.add_aad) {
                commit(&add_aad, &SCENE.update);
            }
        }
        Input::Update(flip) => {
            if let Some(update) = flip.value(&SCENE.update) {
                commit(&SCENE.add_aad, &update);
            }
        }
        Input::Request(flip, other) => request(flip, other),
        Input::Response(flip, other) => response(flip, other),
    }
}

/// A link opens exactly where a credential and its key are as they were, under the room's own
/// wrapper key.
fn open_room(input: &Room) {
    let scene = &*SCENE;
    let count = scene.credentials.len();
    let mut leaves: Vec<_> = scene.credentials.clone();
    let mut keys: Vec<_> = scene.keys.iter().cloned().map(Some).collect();
    let place = |leaf: u8| usize::from(leaf) % count;
    for change in input.changes.iter().take(8) {
        match *change {
            Change::Credential(leaf, flip) => {
                let Some(changed) = flip.value(&leaves[place(leaf)]) else { return };
                leaves[place(leaf)] = changed;
            }
            Change::Key(leaf, flip) => {
                if let Some(key) = &mut keys[place(leaf)] {
                    key.ciphertext = flip.of(&key.ciphertext).into();
                }
            }
            Change::KeyOf(leaf, other) => keys[place(leaf)] = Some(scene.keys[place(other)].clone()),
            Change::NoKey(leaf) => keys[place(leaf)] = None,
            Change::Swap(leaf, other) => {
                leaves.swap(place(leaf), place(other));
                keys.swap(place(leaf), place(other));
            }
        }
    }
    let wrapper_key = match input.wrapper_key {
        None => scene.wrapper_key.clone(),
        Some(flip) => IdentityLinkWrapperKey::new(&scene.world.suite, &flip.of(scene.wrapper_key.expose()))
            .expect("as long"),
    };
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: keys.clone() };
    let Ok(room_leaves) = RoomLeaves::new(leaves.iter().cloned().map(Some).collect()) else { return };
    let Ok(link_keys) = LinkKeys::new(data, &room_leaves) else { return };
    let room = RoomView { leaves: &room_leaves, link_keys: &link_keys, wrapper_key: &wrapper_key };

    let check = |credential: &Credential| scene.world.check(credential);
    let one_by_one = learn_room(&scene.world.suite, &room, &required, &check);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let together = learn_room_batch(&scene.world.suite, &room, &required, &check, &mut rng);
    assert_eq!(one_by_one, together);
    assert_eq!(together.len(), count);
    for ((leaf, learned), (credential, key)) in together.iter().zip(leaves.iter().zip(&keys)) {
        let origin = scene
            .credentials
            .iter()
            .zip(&scene.keys)
            .any(|(a, b)| a == credential && Some(b) == key.as_ref());
        let good = origin && wrapper_key == scene.wrapper_key;
        let opened = room.open(&scene.world.suite, *leaf, &check);
        assert_eq!(opened.is_ok(), good, "leaf {leaf} of {input:?}: {opened:?}");
        match (learned, opened) {
            (LeafIdentity::Known(identity), Ok(opened)) => {
                assert_eq!(*identity, opened);
                assert_eq!(identity.user_pseudonym(), &credential.user_pseudonym);
            }
            (LeafIdentity::Failed(_), _) => {}
            (learned, opened) => panic!("{learned:?}, {opened:?}"),
        }
    }
}

/// A commit that adds a client is taken exactly when SafeAAD and update say the same of the key
/// that was wrapped.
fn commit(add_aad: &AddAAD, update: &IdentityLinkKeysUpdate) {
    let scene = &*SCENE;
    let changes =
        Changes { added: &[CAROL], update: Some(update), add_aad: Some(add_aad), ..Changes::default() };
    let same = *add_aad == scene.add_aad && *update == scene.update;
    let suite = &scene.world.suite;
    let judged = WireCommit::of(&scene.after, &changes).judge(suite, &scene.before, 1);
    // The hub sees lengths, and that both say one thing. What opens, only members see; they follow
    // all the same.
    assert!(judged.is_ok() || !same, "{:?}", judged.err());
    let Ok(judged) = judged else { return };
    let check = |credential: &Credential| scene.world.check(credential);
    let (key, mut rng) = (scene.wrapper_key.clone(), ChaCha20Rng::seed_from_u64(1));
    let mut member = KnownRoom::learn(suite, scene.before.clone(), key, &required, &check, &mut rng);
    let after = judged.after().clone();
    let followed = member.follow(suite, judged, &required, &check).expect("no rotation");
    assert_eq!(*member.sealed(), after);
    assert_eq!(followed.failed.is_empty(), same);
}

fn request(flip: Flip, other_responder: bool) {
    let scene = &*SCENE;
    let Some(sealed) = flip.value(&scene.request) else { return };
    let responder = if other_responder { &scene.alice.uri } else { &scene.bob.uri };
    let opened = open_connection_request(&scene.world.suite, responder, &scene.private_key, &sealed);
    assert_eq!(opened.is_ok(), sealed == scene.request && !other_responder, "{:?}", opened.err());
    let Ok(opened) = opened else { return };
    // The room has more people by now than the requester.
    let keys = IdentityLinkKeysData {
        identity_link_key_ciphertexts: scene.keys.iter().cloned().map(Some).collect(),
    };
    let keys = LinkKeys::new(keys, &scene.after).expect("the room's");
    let (group_info, tree) = shown(&scene.world, GROUP, &scene.after, &keys);
    let room = ConnectionRoom::verify(&scene.world.suite, &group_info, &tree).expect("signed");
    let check = |credential: &Credential| scene.world.check(credential);
    assert!(opened.verify(&scene.world.suite, &room, &check).is_err());
}

fn response(flip: Flip, other_room: bool) {
    let scene = &*SCENE;
    let Some(sealed) = flip.value(&scene.response) else { return };
    let room_id = if other_room { room_uri("other") } else { scene.pending.connection_room_id().clone() };
    let pending = PendingConnection::restore(
        scene.bob.uri.clone(),
        room_id,
        scene.pending.response_private_key().clone(),
    );
    let check = |credential: &Credential| scene.world.check(credential);
    let data = IdentityLinkKeysData {
        identity_link_key_ciphertexts: scene.keys.iter().cloned().map(Some).collect(),
    };
    let keys = LinkKeys::new(data, &scene.after).expect("the room's");
    let room = RoomView { leaves: &scene.after, link_keys: &keys, wrapper_key: &scene.wrapper_key };
    for leaf in 0..4 {
        let accepted = pending.accept(&scene.world.suite, &sealed, &room, leaf, None, &check);
        let good = sealed == scene.response && !other_room && leaf == BOB;
        assert_eq!(accepted.is_ok(), good, "leaf {leaf}: {:?}", accepted.err());
        if let Ok(connection) = accepted {
            assert_eq!(
                (connection.user(), connection.connection_key()),
                (&scene.bob.uri, &scene.bob.connection_key)
            );
        }
    }
}
