//! Attacks on connections: where a request comes from, old keys, offers, tokens and queue IDs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    Decode, Encode, List,
    code_points::{ComponentID, ExtensionType},
    extensions::{AppDataDictionary, ComponentData},
    mls::{Credential, Extension, Extensions, HPKECiphertext, HPKEPublicKey, Lifetime},
    protocol::IdentifierUri,
};
use mimi_crypto::{
    CryptoError, HpkePrivateKey, decrypt_with_label, encrypt_with_label, generate_hpke_key_pair,
};
use mimi_pseudonym::{
    Connection, ConnectionKey, ConnectionRoom, ConnectionToken, KeyPackageShelf, MAX_QUEUE_ID,
    PseudonymError, Requester, leaf_queue_id,
    offer::{
        ConnectionOffer, EstablishmentPackage, IncomingOffers, OfferArrival, SignedConnectionOffer,
        offer_connection, open_connection_offer,
    },
    open_connection_request, open_queue_id, request_connection, rotation_message, seal_queue_id,
};
use world::{Hub, User, World, leaf_node, room_of, room_uri, shown};

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

const NOW: u64 = 1_800_000_000_000;

/// Alice's room, and her request to Bob for a room with this name.
fn asked(world: &mut World, room_id: &str) -> (Hub, User, User, HpkePrivateKey, HPKECiphertext) {
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let (hub, wrapper_key) = room_of(world, &alice);
    let (private_key, public_key) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let requester = Requester {
        client_credential: alice.clients[0].credential.clone(),
        connection_key: &alice.connection_key,
        connection_room_id: room_uri(room_id),
        connection_room_wrapper_key: &wrapper_key,
    };
    let bobs = bob.uri.clone();
    let (_, sealed) = request_connection(&world.suite, bobs, &public_key, requester, &mut world.rng).unwrap();
    (hub, alice, bob, private_key, sealed)
}

#[test]
fn refuses_a_connection_room_at_another_provider_or_another_group() {
    let mut world = World::new();
    for (room_id, group_id, refused) in [
        ("mimi://a.example/r/1", "mimi://a.example/g/1", false),
        ("mimi://a.example/r/1", "mimi://a.example/r/1", false),
        ("mimi://a.example/r/1", "an opaque group ID", false),
        // At the responder's provider, or a third one's: it would see who comes.
        ("mimi://b.example/r/1", "mimi://b.example/g/1", true),
        ("mimi://c.example/r/1", "an opaque group ID", true),
        // Another room of Alice's.
        ("mimi://a.example/r/1", "mimi://a.example/g/2", true),
        ("mimi://a.example/r/1", "mimi://b.example/g/1", true),
        ("a room without a host", "an opaque group ID", true),
    ] {
        let (hub, _, bob, private_key, sealed) = asked(&mut world, room_id);
        let request = open_connection_request(&world.suite, &bob.uri, &private_key, &sealed).unwrap();
        let room = hub.connection_room(&world, group_id).unwrap();
        let check = |credential: &Credential| world.check(credential);
        let error = request.verify(&world.suite, &room, &check).err();
        assert_eq!(error, refused.then_some(PseudonymError::ConnectionRoomElsewhere), "{room_id} {group_id}");
    }
}

#[test]
fn refuses_a_connection_room_whose_leaves_or_group_info_are_not_signed() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let (hub, _) = room_of(&mut world, &alice);
    let group = "mimi://a.example/g/1";
    let (good, tree) = shown(&world, group, &hub.leaves, &hub.link_keys);
    let verify = |info: &_, tree: &_| ConnectionRoom::verify(&world.suite, info, tree).err();
    assert_eq!(verify(&good, &tree), None);
    let mut info = good.clone();
    info.group_context.epoch = 2;
    assert_eq!(verify(&info, &tree), Some(PseudonymError::GroupInfoSignature));
    let mut info = good.clone();
    info.signer = 1;
    assert_eq!(verify(&info, &tree), Some(PseudonymError::GroupInfoSignature));
    // The leaves of another group, each well signed there.
    let (_, others) = shown(&world, "mimi://a.example/g/2", &hub.leaves, &hub.link_keys);
    assert_eq!(verify(&good, &others), Some(at(0, PseudonymError::LeafSignature)));
}

#[test]
fn refuses_a_connection_key_that_the_user_has_replaced() {
    let mut world = World::new();
    let (hub, alice, bob, private_key, old_request) = asked(&mut world, "mimi://a.example/r/1");
    let check = |credential: &Credential| world.check(credential);
    let seen = hub.leaves.get(0).unwrap();
    let by_alice = alice.connection().open(&world.suite, seen, &check).unwrap().0;
    let mut rng = world.rng.clone();
    let keys = [(); 2].map(|()| ConnectionKey::generate(&world.suite, &mut rng));
    let mut connection = alice.connection();
    for key in &keys {
        connection = connection.rotate(&world.suite, &by_alice, &rotation_message(key)).unwrap();
    }
    for old in [&keys[0], &alice.connection_key] {
        let refused = connection.clone().rotate(&world.suite, &by_alice, &rotation_message(old));
        assert_eq!(refused, Err(PseudonymError::RetiredConnectionKey));
    }
    // After a restart, and when the key before is forgotten.
    let restored = Connection::restore(alice.uri.clone(), keys[1].clone(), None)
        .with_retired(connection.retired().cloned());
    let refused = restored.clone().rotate(&world.suite, &by_alice, &rotation_message(&keys[0]));
    assert_eq!(refused, Err(PseudonymError::RetiredConnectionKey));
    assert_eq!(restored.retired().count(), 2);

    // The old request, sent again to Bob, who knows better.
    let room = hub.connection_room(&world, "mimi://a.example/g/1").unwrap();
    let request = || {
        let request = open_connection_request(&world.suite, &bob.uri, &private_key, &old_request).unwrap();
        request.verify(&world.suite, &room, &check).unwrap()
    };
    let refused = request().accept(&world.suite, &bob.connection_key, Some(&connection), &mut rng);
    assert_eq!(refused.err(), Some(PseudonymError::RetiredConnectionKey));
    let same = alice.connection();
    let accepted = request().accept(&world.suite, &bob.connection_key, Some(&same), &mut rng).unwrap();
    assert_eq!(accepted.0, same);
}

/// Bob's package, and its private key.
fn package(world: &mut World, bob: &User) -> (EstablishmentPackage, HpkePrivateKey) {
    let (private_key, public_key) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let lifetime = Lifetime { not_before: NOW / 1000 - 10, not_after: NOW / 1000 + 10 };
    let (suite, rng) = (&world.suite, &mut world.rng);
    let real = bob.clients[0].real();
    (EstablishmentPackage::sign(suite, real, public_key, lifetime, rng).unwrap(), private_key)
}

fn offer(
    world: &mut World,
    package: &EstablishmentPackage,
    to: &User,
    by: &User,
    until: u64,
) -> HPKECiphertext {
    let wrapper_key = mimi_pseudonym::IdentityLinkWrapperKey::generate(&world.suite, &mut world.rng).unwrap();
    let requester = Requester {
        client_credential: by.clients[0].credential.clone(),
        connection_key: &by.connection_key,
        connection_room_id: room_uri("mimi://a.example/r/1"),
        connection_room_wrapper_key: &wrapper_key,
    };
    let check = |credential: &Credential| world.check(credential);
    let verified = package.verify(&world.suite, &to.uri, NOW, &check).unwrap();
    let mut rng = world.rng.clone();
    let key = &by.clients[0].signing_key;
    let sealed = offer_connection(&world.suite, &verified, requester, key, until, &mut rng).unwrap().1;
    world.rng = rng;
    sealed
}

#[test]
fn refuses_an_establishment_package_of_another_user_time_or_signer() {
    let mut world = World::new();
    let (bob, mallory) = (world.user("bob", 1), world.user("bmallory", 1));
    let (good, _) = package(&mut world, &bob);
    let (mut hers, _) = package(&mut world, &mallory);
    let check = |credential: &Credential| world.check(credential);
    let verify =
        |package: &EstablishmentPackage, now| package.verify(&world.suite, &bob.uri, now, &check).err();
    assert_eq!(verify(&good, NOW), None);
    assert_eq!(EstablishmentPackage::decode_exact(&good.to_bytes().unwrap()), Ok(good.clone()));
    for now in [NOW - 11_000, NOW + 11_000] {
        assert_eq!(verify(&good, now), Some(PseudonymError::OfferExpired));
    }
    let key = EstablishmentPackage { connection_establishment_key: vec![1; 32].into(), ..good.clone() };
    assert_eq!(verify(&key, NOW), Some(PseudonymError::OfferSignature));
    let longer = Lifetime { not_after: u64::MAX, ..good.lifetime };
    let longer = EstablishmentPackage { lifetime: longer, ..good.clone() };
    assert_eq!(verify(&longer, NOW + 1_000_000), Some(PseudonymError::OfferSignature));
    assert_eq!(verify(&hers, NOW), Some(PseudonymError::NotTheResponder));
    hers.user = IdentifierUri::from(&bob.uri);
    assert_eq!(verify(&hers, NOW), Some(PseudonymError::NotTheResponder));
    let refused = good.verify(&world.suite, &mallory.uri, NOW, &check).err();
    assert_eq!(refused, Some(PseudonymError::NotTheResponder));
}

/// Reading P23 of the draft's own request is closed here: what was offered to one user is not
/// passed on to another, nor changed.
#[test]
fn an_offer_cannot_be_passed_on_or_changed() {
    let mut world = World::new();
    let [alice, mallory, bob] = ["alice", "mallory", "bob"].map(|name| world.user(name, 1));
    let ((to_mallory, mallorys), (to_bob, bobs)) = (package(&mut world, &mallory), package(&mut world, &bob));
    let sealed = offer(&mut world, &to_mallory, &mallory, &alice, NOW + 5);
    let check = |credential: &Credential| world.check(credential);
    let suite = &world.suite;
    let open = |package: &_, key: &_, sealed: &_, now| {
        open_connection_offer(suite, package, key, sealed, now, &check).err()
    };
    assert_eq!(open(&to_mallory, &mallorys, &sealed, NOW), None);
    assert_eq!(open(&to_mallory, &mallorys, &sealed, NOW + 6), Some(PseudonymError::OfferExpired));
    assert_eq!(open(&to_bob, &bobs, &sealed, NOW), Some(PseudonymError::RequestDoesNotOpen));

    // Mallory opens it, and seals it for Bob.
    let context = to_mallory.user.to_bytes().unwrap();
    let opened = decrypt_with_label(suite, &mallorys, b"ConnectionOffer", &context, &sealed).unwrap();
    let offered = ConnectionOffer::decode_exact(opened.expose()).unwrap();
    let seal = |offer: &ConnectionOffer, package: &EstablishmentPackage| {
        let (mut rng, context) = (world.rng.clone(), package.user.to_bytes().unwrap());
        let key = &package.connection_establishment_key;
        let plaintext = offer.to_bytes().unwrap();
        encrypt_with_label(suite, key, b"ConnectionOffer", &context, &plaintext, &mut rng).unwrap()
    };
    assert_eq!(open(&to_bob, &bobs, &seal(&offered, &to_bob), NOW), Some(PseudonymError::AnotherPackage));
    let package_reference = to_bob.reference(suite).unwrap();
    let named = ConnectionOffer { package_reference, ..offered.clone() };
    assert_eq!(open(&to_bob, &bobs, &seal(&named, &to_bob), NOW), Some(PseudonymError::OfferSignature));
    // Or keeps it, with a response key or a time of her own.
    let mut changed = offered.clone();
    changed.request.connection_response_key = HPKEPublicKey::new(vec![3; 32]);
    for changed in [changed, ConnectionOffer { not_after: u64::MAX, ..offered.clone() }] {
        let refused = open(&to_mallory, &mallorys, &seal(&changed, &to_mallory), NOW);
        assert_eq!(refused, Some(PseudonymError::OfferSignature));
    }
    assert_eq!(open(&to_mallory, &mallorys, &seal(&offered, &to_mallory), NOW), None);
}

#[test]
fn offers_are_taken_once_and_blocked_users_are_not_heard() {
    let mut world = World::new();
    let [alice, bob] = ["alice", "bob"].map(|name| world.user(name, 1));
    let (package, key) = package(&mut world, &bob);
    let (first, second) = (
        offer(&mut world, &package, &bob, &alice, NOW + 5),
        offer(&mut world, &package, &bob, &alice, NOW + 5),
    );
    let check = |credential: &Credential| world.check(credential);
    let open = |sealed: &HPKECiphertext| -> SignedConnectionOffer<()> {
        open_connection_offer(&world.suite, &package, &key, sealed, NOW, &check).unwrap()
    };
    let mut offers = IncomingOffers::new();
    assert_eq!(offers.receive(&open(&first), NOW), OfferArrival::New);
    assert_eq!(offers.receive(&open(&first), NOW), OfferArrival::Repeated);
    assert_eq!(offers.receive(&open(&second), NOW), OfferArrival::New, "in the place of the first");
    offers.settle(&alice.uri);
    assert_eq!(offers.receive(&open(&second), NOW), OfferArrival::New);
    offers.block(alice.uri.clone());
    assert_eq!(offers.receive(&open(&second), NOW), OfferArrival::Blocked);
    assert!(offers.blocked().eq([&alice.uri]));
    offers.unblock(&alice.uri);
    assert_eq!(offers.receive(&open(&first), NOW), OfferArrival::New);
    let request = open(&first);
    assert_eq!(request.requester().user, alice.uri);
    assert!(!request.id().is_empty());
    assert_eq!(**request.into_request().connection_room_id(), *b"mimi://a.example/r/1");
}

/// A provider hands out KeyPackages by token: whole sets, once, and those of last resort again.
#[test]
fn key_packages_are_found_by_the_connection_token_alone() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let suite = &world.suite;
    let token = ConnectionToken::of(suite, &bob.uri, &bob.connection_key).unwrap();
    // The same for all who are connected; another for another user and another key.
    let connection = bob.connection();
    assert_eq!(ConnectionToken::of(suite, connection.user(), connection.connection_key()).unwrap(), token);
    assert_ne!(ConnectionToken::of(suite, &alice.uri, &bob.connection_key).unwrap(), token);
    assert_ne!(ConnectionToken::of(suite, &bob.uri, &alice.connection_key).unwrap(), token);
    let target = token.target(bob.host()).unwrap();
    assert!(target.mimi_uri().is_ok_and(|uri| uri.is_normal() && uri.id().is_some_and(|id| id.len() == 64)));
    assert_eq!(ConnectionToken::from_target(&target), Ok(token.clone()));
    for (other, actual) in
        [("mimi://b.example/u/bob", 2), ("mimi://b.example/u/0g", 1), ("mimi://b.example", 0)]
    {
        let refused = ConnectionToken::from_target(&IdentifierUri::new(other).unwrap());
        let error = CryptoError::InvalidLength { what: "connection token", expected: 32, actual };
        assert_eq!(refused, Err(error.into()));
    }

    let set = |number: u32| IdentifierUri::new(format!("mimi://b.example/u/{number}").as_str()).unwrap();
    let mut shelf = KeyPackageShelf::new();
    for (number, last_resort, key_package) in
        [(1, false, "1a"), (2, false, "2a"), (2, false, "2b"), (3, true, "3a"), (3, true, "3b")]
    {
        shelf.upload(suite, &token, &set(number), last_resort, key_package).unwrap();
    }
    let refused = shelf.upload(suite, &token, &set(3), false, "3c");
    assert_eq!(refused, Err(PseudonymError::MixedKeyPackageSet));
    let taken: Vec<_> = (0..4).map(|_| shelf.take(suite, &token).unwrap()).collect();
    assert_eq!(taken, [vec!["2a", "2b"], vec!["1a"], vec!["3a", "3b"], vec!["3a", "3b"]]);
    let other = ConnectionToken::of(suite, &bob.uri, &alice.connection_key).unwrap();
    assert_eq!(shelf.take(suite, &other), None);
}

#[test]
fn a_queue_id_is_for_one_provider_and_one_leaf() {
    let mut world = World::new();
    let bob = world.user("bob", 1);
    let set = world.set(&bob);
    let (private_key, public_key) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let (others, _) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let (suite, client) = (&world.suite, &set[0].client_pseudonym);
    let mut rng = world.rng.clone();
    let mut seal = |queue_id: &[u8]| seal_queue_id(suite, &public_key, queue_id, client, &mut rng);
    let sealed = seal(b"queue of bob-1").unwrap();
    assert_eq!(open_queue_id(suite, &private_key, &sealed, client), Ok("queue of bob-1".into()));
    // Two rooms have nothing in common, not even a length.
    let again = seal(b"queue of bob-1").unwrap();
    assert!(again.kem_output != sealed.kem_output && again.ciphertext != sealed.ciphertext);
    assert_eq!(seal(b"").unwrap().ciphertext.len(), seal(&[7; MAX_QUEUE_ID]).unwrap().ciphertext.len());
    let too_long = PseudonymError::QueueIdTooLong { expected: MAX_QUEUE_ID, actual: MAX_QUEUE_ID + 1 };
    assert_eq!(seal(&[7; MAX_QUEUE_ID + 1]), Err(too_long));
    // Another provider, and a leaf that has copied it.
    let closed = Err(PseudonymError::QueueIdDoesNotOpen);
    assert_eq!(open_queue_id(suite, &others, &sealed, client), closed);
    assert_eq!(open_queue_id(suite, &private_key, &sealed, &set[0].user_pseudonym), closed);
    let context = client.to_bytes().unwrap();
    for plaintext in [&[0; 63][..], &[1; 64], &[0; 65]] {
        let mut rng = world.rng.clone();
        let padded =
            encrypt_with_label(suite, &public_key, b"QueueId", &context, plaintext, &mut rng).unwrap();
        assert_eq!(open_queue_id(suite, &private_key, &padded, client), closed);
    }

    let mut leaf = leaf_node(&set[0]);
    assert_eq!(leaf_queue_id(&leaf), Ok(None));
    let component = ComponentData {
        component_id: ComponentID::ENCRYPTED_QUEUE_ID,
        data: sealed.to_bytes().unwrap().into(),
    };
    let dictionary = AppDataDictionary { component_data: List::new(vec![component]).unwrap() };
    let extension_data = dictionary.to_bytes().unwrap().into();
    let extension = Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data };
    leaf.extensions = Extensions::new(vec![extension]).unwrap();
    assert_eq!(leaf_queue_id(&leaf), Ok(Some(sealed)));
}
