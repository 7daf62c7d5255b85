//! Attacks, one test each: refused with its own error, by the party that should notice.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    Decode, Encode, Opaque,
    minimal_metadata::{
        AddAAD, ConnectionRequest, EncryptedIdentityLinkKey, IdentityLinkKeysData, NonceAndCiphertext,
    },
    mls::{Credential, HPKECiphertext},
    protocol::{IdentifierUri, IdentityLinkTBE, PseudonymousCredential},
};
use mimi_crypto::{CryptoError, decrypt_with_label, encrypt_with_label, generate_hpke_key_pair};
use mimi_pseudonym::{
    Connection, ConnectionKey, ConnectionRoom, CredentialCheckError, IdentityLinkWrapperKey, LinkKeys,
    LinkedRooms, PendingConnection, PseudonymError, PseudonymUses, RealClient, Requester, Reuse, RoomLeaves,
    RoomView,
    flow::{
        add::{AddedUser, add_users},
        learn::{LeafIdentity, learn_room, learn_room_batch},
        unlinked::LinkPolicy,
    },
    issue_pseudonymous_credential, issue_unlinked_credential, open_connection_request, open_identity_link,
    request_connection, seal_identity_link, sign_identity_link,
};
use world::{
    Changes, Hub, JOINER, User, World, add, client_of_another_provider, join, member, required, room_of,
    room_uri, user_of_another_provider,
};

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

/// A room of Alice and Bob, one client each.
fn room_of_two(world: &mut World) -> (Hub, IdentityLinkWrapperKey, User, User) {
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let (mut hub, wrapper_key) = room_of(world, &alice);
    let set = world.set(&bob);
    let (aad, update) = add(world, &wrapper_key, &bob, &set, &[1]);
    let changes = Changes { added: &[1], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    hub.commit(world, hub.with(&[(1, Some(&set[0]))]), &changes).unwrap();
    (hub, wrapper_key, alice, bob)
}

fn keys(hub: &Hub, entries: Vec<Option<EncryptedIdentityLinkKey>>) -> LinkKeys {
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: entries };
    LinkKeys::new(data, &hub.leaves).unwrap()
}

#[test]
fn refuses_wrapped_keys_that_a_hub_has_swapped() {
    let mut world = World::new();
    let (hub, wrapper_key, ..) = room_of_two(&mut world);
    let [first, second] = [0, 1].map(|leaf| hub.link_keys.get(leaf).cloned());
    let swapped = keys(&hub, vec![second, first]);
    let room = RoomView { leaves: &hub.leaves, link_keys: &swapped, wrapper_key: &wrapper_key };
    let check = |credential: &_| world.check(credential);
    for leaf in [0, 1] {
        let error = room.open(&world.suite, leaf, &check).unwrap_err();
        assert_eq!(error, at(leaf, PseudonymError::WrappedKeyDoesNotOpen));
    }
}

#[test]
fn refuses_an_old_wrapped_key_that_a_hub_replays() {
    let mut world = World::new();
    let (mut hub, wrapper_key, _, bob) = room_of_two(&mut world);
    let old = hub.link_keys.get(1).cloned().unwrap();
    // Bob's client leaves and comes back to the same leaf, with another credential.
    let set = world.set(&bob);
    let (aad, update) = add(&mut world, &wrapper_key, &bob, &set, &[1]);
    let changes = Changes {
        added: &[1],
        removed: &[1],
        update: Some(&update),
        add_aad: Some(&aad),
        ..Default::default()
    };
    hub.commit(&world, hub.with(&[(1, Some(&set[0]))]), &changes).unwrap();
    let replayed = keys(&hub, vec![hub.link_keys.get(0).cloned(), Some(old)]);
    let room = RoomView { leaves: &hub.leaves, link_keys: &replayed, wrapper_key: &wrapper_key };
    let check = |credential: &_| world.check(credential);
    let error = room.open(&world.suite, 1, &check).unwrap_err();
    assert_eq!(error, at(1, PseudonymError::WrappedKeyDoesNotOpen));
}

#[test]
fn refuses_a_member_that_links_anothers_credential_to_itself() {
    let mut world = World::new();
    let (alice, mallory) = (world.user("alice", 1), world.user("amallory", 1));
    let alices = world.set(&alice).remove(0);
    let key = alice.connection_key.identity_link_key(&world.suite, &alices.tbs()).unwrap();
    let pseudonym = world.user_pseudonym(&mallory);
    let tbs = world.tbs(&mallory, &pseudonym);
    let check = |credential: &_| world.check(credential);

    // Alice's ciphertext as it is, under Mallory's pseudonyms and key: bound to Alice's.
    let stolen = tbs.clone().with_identity_link(alices.identity_link_ciphertext.clone());
    let error = open_identity_link(&world.suite, &stolen, &key, &check);
    assert_eq!(error, Err(PseudonymError::IdentityLinkDoesNotOpen));

    // Alice's link, which Mallory could open, sealed anew: signed for other pseudonyms.
    let (suite, rng) = (&world.suite, &mut world.rng);
    let alices_client = &alice.clients[0];
    let link = sign_identity_link(suite, &alices.tbs(), alices_client.real(), rng).unwrap();
    let key = mallory.connection_key.identity_link_key(suite, &tbs).unwrap();
    let resealed = seal_identity_link(suite, tbs.clone(), &link, &key, rng).unwrap();
    // Alice's credential, with a signature of Mallory's.
    let client = &mallory.clients[0];
    let lie = RealClient { signing_key: &client.signing_key, ..alices_client.real() };
    let own = sign_identity_link(suite, &tbs, lie, rng);
    let forged = seal_identity_link(suite, tbs, &own.unwrap(), &key, rng).unwrap();
    let check = |credential: &_| world.check(credential);
    for credential in [resealed, forged] {
        let error = open_identity_link(&world.suite, &credential, &key, &check);
        assert_eq!(error, Err(PseudonymError::IdentityLinkSignature));
    }
}

#[test]
fn refuses_a_credential_that_was_used_in_a_second_room() {
    let mut world = World::new();
    let bob = world.user("bob", 2);
    let (set, other) = (world.set(&bob), world.set(&bob));
    let (first, second) = (room_uri("mimi://a.example/r/1"), room_uri("mimi://a.example/r/2"));
    let mut uses = PseudonymUses::new();
    let links = |linked: Result<LinkedRooms<'_>, PseudonymError>| {
        linked.map(|rooms| rooms.cloned().collect::<Vec<_>>())
    };
    assert_eq!(links(uses.record(&first, &set[0], Reuse::Refused)), Ok(vec![]));
    assert_eq!(links(uses.record(&first, &set[1], Reuse::Refused)), Ok(vec![]), "one user, one room");
    let reused = Err(PseudonymError::PseudonymReused { room_id: first.clone() });
    for credential in &set {
        assert_eq!(links(uses.record(&second, credential, Reuse::Refused)), reused);
    }
    assert_eq!(links(uses.record(&second, &other[0], Reuse::Refused)), Ok(vec![]));
    // Nor do new pseudonyms help when the key is known.
    let pseudonym = world.user_pseudonym(&bob);
    let mut tbs = world.tbs(&bob, &pseudonym);
    tbs.signature_public_key = set[0].signature_public_key.clone();
    let same_key = tbs.with_identity_link(Opaque::default());
    assert_eq!(links(uses.record(&second, &same_key, Reuse::Refused)), reused);
    // A new client pseudonym doesn't help when the user pseudonym is known.
    let half = world.issue(&bob, &bob.clients[0], &set[0].user_pseudonym);
    assert_eq!(links(uses.record(&second, &half, Reuse::Refused)), reused);
    assert!(uses.rooms(&half.client_pseudonym).next().is_none(), "nothing is noted of what is refused");
    // A KeyPackage of last resort is used again, and that is reported.
    assert_eq!(links(uses.record(&second, &half, Reuse::LastResort)), Ok(vec![first.clone()]));
    assert_eq!(uses.count_elsewhere(&half.user_pseudonym, &second), 1);
    assert!(uses.rooms(&half.user_pseudonym).eq([&first, &second]));
    uses.forget_room(&first);
    assert!(uses.rooms(&half.user_pseudonym).eq([&second]));
}

#[test]
fn refuses_an_adder_that_lies_about_the_added_users_key() {
    let mut world = World::new();
    let (hub, wrapper_key, _, _) = room_of_two(&mut world);
    let (charlie, eve) = (world.user("charlie", 1), world.user("eve", 1));
    let charlies = world.set(&charlie).remove(0);
    // Bob wraps a key, for the right leaf and under the room's wrapper key, that isn't Charlie's.
    let wrong = eve.connection_key.identity_link_key(&world.suite, &charlies.tbs()).unwrap();
    let entry = wrapper_key.wrap(&world.suite, &wrong, &charlies.tbs(), &mut world.rng).unwrap();
    let aad = AddAAD { identity_link_key_ciphertexts: vec![entry] };
    let update = join_update(&aad, 2);
    let leaves = hub.with(&[(2, Some(&charlies))]);
    let changes = Changes { added: &[2], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    let check = |credential: &_| world.check(credential);
    assert!(hub.judge(&world, &leaves, &changes).is_ok(), "the hub can't tell");
    let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
    assert_eq!(refused, Err(at(2, PseudonymError::IdentityLinkDoesNotOpen)));

    // An honest adder with an old or false connection key notices before it sends anything.
    let connection = Connection::restore(charlie.uri.clone(), eve.connection_key.clone(), None);
    let users = [AddedUser { connection: &connection, credentials: &[&charlies] }];
    let mut rng = world.rng.clone();
    let refused = add_users(&world.suite, &wrapper_key, &users, &[2], &check, &mut rng);
    assert_eq!(refused, Err(at(2, PseudonymError::IdentityLinkDoesNotOpen)));
    // So does one whose KeyPackages are another user's.
    let connection = Connection::restore(eve.uri.clone(), charlie.connection_key.clone(), None);
    let users = [AddedUser { connection: &connection, credentials: &[&charlies] }];
    let refused = add_users(&world.suite, &wrapper_key, &users, &[2], &check, &mut rng);
    assert_eq!(refused, Err(at(2, PseudonymError::NotTheConnectedUser)));
}

#[test]
fn refuses_to_add_what_is_no_set_of_one_user_or_for_other_leaves() {
    let mut world = World::new();
    let (_, wrapper_key, _, bob) = room_of_two(&mut world);
    let (one, other) = (world.set(&bob).remove(0), world.set(&bob).remove(0));
    let connection = bob.connection();
    let check = |credential: &_| world.check(credential);
    let mut rng = world.rng.clone();
    let cases: [(&[&PseudonymousCredential], &[u32], PseudonymError); 4] = [
        (&[&one, &other], &[2, 3], PseudonymError::NotOneUser),
        (&[], &[], PseudonymError::NotOneUser),
        (&[&one], &[2, 3], PseudonymError::AddAadCount { expected: 1, actual: 2 }),
        (&[&one], &[], PseudonymError::AddAadCount { expected: 1, actual: 0 }),
    ];
    for (credentials, leaves, error) in cases {
        let users = [AddedUser { connection: &connection, credentials }];
        let refused = add_users(&world.suite, &wrapper_key, &users, leaves, &check, &mut rng);
        assert_eq!(refused, Err(error));
    }
}

/// A member that gives its leaf another credential is looked at like one that is new.
#[test]
fn refuses_a_member_whose_new_credential_does_not_show_who_it_is() {
    let mut world = World::new();
    let (hub, wrapper_key, alice, bob) = room_of_two(&mut world);
    let old = hub.leaves.get(1).unwrap().clone();
    let renewed = world.renew(&bob, &bob.clients[0], &old);
    let leaves = hub.with(&[(1, Some(&renewed))]);
    for (key, refused) in [(&bob.connection_key, false), (&alice.connection_key, true)] {
        let link_key = key.identity_link_key(&world.suite, &renewed.tbs()).unwrap();
        let entry = wrapper_key.wrap(&world.suite, &link_key, &renewed.tbs(), &mut world.rng).unwrap();
        let update = join_update(&AddAAD { identity_link_key_ciphertexts: vec![entry] }, 1);
        let changes = Changes { by: member(1), updated: &[1], update: Some(&update), ..Default::default() };
        let accepted = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
        let users = accepted.map(|accepted| accepted.users());
        let known = Ok(vec![(1, Some(bob.uri.clone()))]);
        let error = Err(at(1, PseudonymError::IdentityLinkDoesNotOpen));
        assert_eq!(users, if refused { error } else { known });
    }
}

/// The update that goes with the AddAAD of one client.
fn join_update(aad: &AddAAD, leaf_index: u32) -> mimi_codec::minimal_metadata::IdentityLinkKeysUpdate {
    use mimi_codec::{List, minimal_metadata::*};
    let key = aad.identity_link_key_ciphertexts[0].clone();
    IdentityLinkKeysUpdate::new(List::new(vec![LeafKey { leaf_index, key }]).unwrap(), List::default())
        .unwrap()
}

#[test]
fn refuses_a_tampered_ciphertext() {
    let mut world = World::new();
    let (hub, wrapper_key, alice, _) = room_of_two(&mut world);
    let credential = hub.leaves.get(0).unwrap();
    let key = alice.connection_key.identity_link_key(&world.suite, &credential.tbs()).unwrap();
    let check = |credential: &_| world.check(credential);
    let flipped = |bytes: &Opaque, at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        Opaque::from(bytes)
    };
    let (wrapped, tbs) = (hub.link_keys.get(0).unwrap(), credential.tbs());
    for at in 0..wrapped.ciphertext.len() {
        let tampered = EncryptedIdentityLinkKey { ciphertext: flipped(&wrapped.ciphertext, at) };
        let error = wrapper_key.unwrap(&world.suite, &tampered, &tbs).unwrap_err();
        // Two of the bytes are lengths.
        let is_length = at == 0 || at == 13;
        assert!(error == PseudonymError::WrappedKeyDoesNotOpen || is_length, "{at}: {error:?}");
    }
    for at in 0..credential.identity_link_ciphertext.len() {
        let identity_link_ciphertext = flipped(&credential.identity_link_ciphertext, at);
        let tampered = PseudonymousCredential { identity_link_ciphertext, ..credential.clone() };
        let error = open_identity_link(&world.suite, &tampered, &key, &check).unwrap_err();
        let is_length = at == 0 || (13..15).contains(&at);
        assert!(error == PseudonymError::IdentityLinkDoesNotOpen || is_length, "{at}: {error:?}");
    }
    // Cut off, or with a nonce of another length.
    let mut sealed = NonceAndCiphertext::decode_exact(&wrapped.ciphertext).unwrap();
    sealed.nonce = vec![7; 11].into();
    let short = EncryptedIdentityLinkKey { ciphertext: sealed.to_bytes().unwrap().into() };
    let error = CryptoError::InvalidLength { what: "AEAD nonce", expected: 12, actual: 11 };
    assert_eq!(wrapper_key.unwrap(&world.suite, &short, &tbs), Err(error.into()));
    let cut = EncryptedIdentityLinkKey { ciphertext: wrapped.ciphertext[..9].to_vec().into() };
    assert!(matches!(wrapper_key.unwrap(&world.suite, &cut, &tbs), Err(PseudonymError::Decode(_))));
}

#[test]
fn refuses_a_wrapped_key_of_another_length() {
    let mut world = World::new();
    let (hub, wrapper_key, ..) = room_of_two(&mut world);
    let tbs = hub.leaves.get(0).unwrap().tbs();
    let suite = world.suite;
    for length in [0, 31, 33] {
        let entry = sealed_by(&world, &wrapper_key, &tbs.to_bytes().unwrap(), &vec![7; length]);
        let error = CryptoError::InvalidLength { what: "identity_link_key", expected: 32, actual: length };
        assert_eq!(wrapper_key.unwrap(&suite, &entry, &tbs), Err(error.into()));
    }
}

fn sealed_by(
    world: &World,
    wrapper_key: &IdentityLinkWrapperKey,
    aad: &[u8],
    plaintext: &[u8],
) -> EncryptedIdentityLinkKey {
    use mimi_crypto::{AeadKey, CipherSuiteProvider, Secret, expand_with_label};
    let secret = Secret::new(&world.suite, wrapper_key.expose()).unwrap();
    let label = b"IdentityLinkWrapEncryptionKey";
    let key = expand_with_label(&world.suite, &secret, label, b"", 16).unwrap();
    let key = AeadKey::from_secret(&world.suite, key).unwrap();
    let ciphertext = world.suite.aead_seal(&key, &[3; 12], aad, plaintext).unwrap();
    let sealed = NonceAndCiphertext { nonce: vec![3; 12].into(), ciphertext: ciphertext.into() };
    EncryptedIdentityLinkKey { ciphertext: sealed.to_bytes().unwrap().into() }
}

#[test]
fn refuses_a_joiner_without_or_with_a_wrong_wrapper_key() {
    let mut world = World::new();
    let (hub, wrapper_key, ..) = room_of_two(&mut world);
    let dave = world.user("dave", 1);
    let daves = world.set(&dave).remove(0);
    let leaves = hub.with(&[(2, Some(&daves))]);

    // Without: nothing wrapped. The hub notices as well.
    let changes = Changes { by: JOINER, added: &[2], ..Default::default() };
    let count = PseudonymError::AddAadCount { expected: 1, actual: 0 };
    assert_eq!(hub.judge(&world, &leaves, &changes), Err(count.clone()));
    let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
    assert_eq!(refused, Err(count));

    // Wrong: members notice before they accept the commit.
    let wrong = IdentityLinkWrapperKey::generate(&world.suite, &mut world.rng).unwrap();
    let refused = join(&mut world, &hub, &wrong, &dave, &daves, 2);
    assert_eq!(refused, Err(PseudonymError::StaleWrapperKey), "an honest joiner notices first");
    let (aad, update) = add(&mut world, &wrong, &dave, std::slice::from_ref(&daves), &[2]);
    let changes =
        Changes { by: JOINER, added: &[2], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
    assert_eq!(refused, Err(at(2, PseudonymError::WrappedKeyDoesNotOpen)));
}

#[test]
fn refuses_a_connection_request_that_is_replayed_to_another_responder() {
    let mut world = World::new();
    let (_, wrapper_key, alice, bob) = room_of_two(&mut world);
    let carol = world.user("carol", 1);
    let (bobs_key, public_key) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let (carols_key, _) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let requester = Requester {
        client_credential: alice.clients[0].credential.clone(),
        connection_key: &alice.connection_key,
        connection_room_id: room_uri("mimi://a.example/r/1"),
        connection_room_wrapper_key: &wrapper_key,
    };
    let (_, sealed) =
        request_connection(&world.suite, bob.uri.clone(), &public_key, requester, &mut world.rng).unwrap();
    let suite = &world.suite;
    assert!(open_connection_request(suite, &bob.uri, &bobs_key, &sealed).is_ok());
    let refused = |responder, key, sealed: &HPKECiphertext| {
        assert_eq!(
            open_connection_request(suite, responder, key, sealed).unwrap_err(),
            PseudonymError::RequestDoesNotOpen
        );
    };
    refused(&carol.uri, &carols_key, &sealed);
    // Not even if both users have one key: the request is bound to whom it is for.
    refused(&carol.uri, &bobs_key, &sealed);
    let mut tampered = sealed.clone();
    let mut ciphertext = tampered.ciphertext.to_vec();
    *ciphertext.last_mut().unwrap() ^= 1;
    tampered.ciphertext = ciphertext.into();
    refused(&bob.uri, &bobs_key, &tampered);
}

/// A user who was asked can ask a third user in the requester's name, since a request is not
/// signed: the room is the requester's, and so is its connection key. The requester refuses whom it
/// didn't ask; but with a response key of its own, the one in between has the third user's
/// connection key by then. No check of the drafts' can stop that.
#[test]
fn a_request_that_was_passed_on_is_refused_by_the_requester_and_too_late_for_the_responder() {
    let mut world = World::new();
    let (alice, mallory, bob) = (world.user("alice", 1), world.user("mallory", 1), world.user("bob", 1));
    let (alices, bobs) = (world.set(&alice).remove(0), world.set(&bob).remove(0));
    let requester = (&alice.clients[0].credential, &alice.connection_key);
    // The room as it will be when Bob has joined, and as he sees it before.
    let members = [(alices, &alice.connection_key), (bobs, &bob.connection_key)];
    let asked = ask(&mut world, &mallory, requester, &members);
    let entries = asked.link_keys.data().identity_link_key_ciphertexts;
    let before = RoomLeaves::new(vec![asked.leaves.get(0).cloned()]).unwrap();
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: entries[..1].to_vec() };
    let first = LinkKeys::new(data, &before).unwrap();

    let suite = world.suite;
    let context = |user: &User| IdentifierUri::from(&user.uri).to_bytes().unwrap();
    let to_mallory = context(&mallory);
    let opened = decrypt_with_label(
        &suite,
        &asked.establishment_key,
        b"ConnectionRequest",
        &to_mallory,
        &asked.sealed,
    );
    let request = ConnectionRequest::decode_exact(opened.unwrap().expose()).unwrap();
    let (bobs_private, bobs_key) = generate_hpke_key_pair(&suite, &mut world.rng).unwrap();
    let (mallorys_private, mallorys_key) = generate_hpke_key_pair(&suite, &mut world.rng).unwrap();
    for (response_key, refused) in [
        (request.connection_response_key.clone(), PseudonymError::NotTheResponder),
        (mallorys_key, PseudonymError::ResponseDoesNotOpen),
    ] {
        let request = ConnectionRequest { connection_response_key: response_key, ..request.clone() };
        let (plaintext, rng) = (request.to_secret_bytes().unwrap(), &mut world.rng);
        let passed_on = encrypt_with_label(
            &suite,
            &bobs_key,
            b"ConnectionRequest",
            &context(&bob),
            plaintext.expose(),
            rng,
        );
        let opened = open_connection_request(&suite, &bob.uri, &bobs_private, &passed_on.unwrap()).unwrap();
        let wrapper_key = opened.wrapper_key().clone();
        let check = |credential: &_| world.check(credential);
        let verified = opened.verify(&suite, &shown_room(&world, &before, &first), &check).unwrap();
        let mut rng = world.rng.clone();
        let (connection, response) = verified.accept(&suite, &bob.connection_key, None, &mut rng).unwrap();
        assert_eq!((connection.user(), connection.connection_key()), (&alice.uri, &alice.connection_key));

        let room = RoomView { leaves: &asked.leaves, link_keys: &asked.link_keys, wrapper_key: &wrapper_key };
        let to_mallory = refused == PseudonymError::ResponseDoesNotOpen;
        assert_eq!(asked.pending.accept(&suite, &response, &room, 1, None, &check), Err(refused));
        let in_between = PendingConnection::restore(
            bob.uri.clone(),
            asked.pending.connection_room_id().clone(),
            mallorys_private.clone(),
        );
        assert_eq!(in_between.open_response(&suite, &response).is_ok(), to_mallory);
    }
}

/// Alice asks Bob, from a room with these credentials in it, wrapped under the room's key with
/// these connection keys.
struct Asked {
    pending: PendingConnection,
    sealed: HPKECiphertext,
    establishment_key: mimi_crypto::HpkePrivateKey,
    leaves: RoomLeaves,
    link_keys: LinkKeys,
}

fn shown_room(world: &World, leaves: &RoomLeaves, link_keys: &LinkKeys) -> ConnectionRoom {
    let (group_info, tree) = world::shown(world, "mimi://a.example/g/1", leaves, link_keys);
    ConnectionRoom::verify(&world.suite, &group_info, &tree).unwrap()
}

fn ask(
    world: &mut World,
    bob: &User,
    requester: (&Credential, &ConnectionKey),
    members: &[(PseudonymousCredential, &ConnectionKey)],
) -> Asked {
    let (suite, rng) = (&world.suite, &mut world.rng);
    let (establishment_key, public_key) = generate_hpke_key_pair(suite, rng).unwrap();
    let wrapper_key = IdentityLinkWrapperKey::generate(suite, rng).unwrap();
    let requester = Requester {
        client_credential: requester.0.clone(),
        connection_key: requester.1,
        connection_room_id: room_uri("mimi://a.example/r/1"),
        connection_room_wrapper_key: &wrapper_key,
    };
    let (pending, sealed) = request_connection(suite, bob.uri.clone(), &public_key, requester, rng).unwrap();
    let entries = members.iter().map(|(credential, key)| {
        let link_key = key.identity_link_key(suite, &credential.tbs()).unwrap();
        Some(wrapper_key.wrap(suite, &link_key, &credential.tbs(), rng).unwrap())
    });
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: entries.collect() };
    let leaves = RoomLeaves::new(members.iter().map(|(credential, _)| Some(credential.clone())).collect());
    let leaves = leaves.unwrap();
    let link_keys = LinkKeys::new(data, &leaves).unwrap();
    Asked { pending, sealed, establishment_key, leaves, link_keys }
}

#[test]
fn refuses_a_request_whose_room_is_not_the_requesters() {
    let mut world = World::new();
    let (alice, bob, mallory) = (world.user("alice", 2), world.user("bob", 1), world.user("mallory", 1));
    let (alices, mallorys) = (world.set(&alice), world.set(&mallory).remove(0));
    let credential = &alice.clients[0].credential;
    let stranger = Credential::Basic { identity: "mimi://a.example/d/unknown".into() };
    let alices_key = &alice.connection_key;
    let key_0 = (alices[0].clone(), alices_key);
    let key_1 = (alices[1].clone(), alices_key);
    let key_m = (mallorys, &mallory.connection_key);
    let cases = [
        // In Alice's name, from a room of Mallory's.
        (
            (credential, &mallory.connection_key),
            vec![key_m.clone()],
            at(0, PseudonymError::StrangerInConnectionRoom),
        ),
        // Alice with Mallory in the room.
        (
            (credential, alices_key),
            vec![key_0.clone(), key_m],
            at(1, PseudonymError::StrangerInConnectionRoom),
        ),
        // Another of Alice's clients asks than is there.
        ((credential, alices_key), vec![key_1], PseudonymError::RequesterNotInRoom),
        // Alice's room, but a connection key that isn't hers.
        (
            (credential, &mallory.connection_key),
            vec![key_0.clone()],
            at(0, PseudonymError::ConnectionKeyMismatch),
        ),
        ((&stranger, alices_key), vec![key_0.clone()], PseudonymError::CredentialRefused),
    ];
    for (requester, members, error) in cases {
        let asked = ask(&mut world, &bob, requester, &members);
        let request =
            open_connection_request(&world.suite, &bob.uri, &asked.establishment_key, &asked.sealed).unwrap();
        let check = |credential: &_| world.check(credential);
        let room = shown_room(&world, &asked.leaves, &asked.link_keys);
        assert_eq!(request.verify(&world.suite, &room, &check).unwrap_err(), error);
    }
}

#[test]
fn refuses_a_response_by_another_or_with_another_key() {
    let mut world = World::new();
    let (alice, bob, mallory) = (world.user("alice", 1), world.user("bob", 1), world.user("mallory", 1));
    let (alices, bobs) = (world.set(&alice).remove(0), world.set(&bob).remove(0));
    let mallorys = world.set(&mallory).remove(0);
    let members =
        [(alices, &alice.connection_key), (bobs, &bob.connection_key), (mallorys, &mallory.connection_key)];
    let requester = (&alice.clients[0].credential, &alice.connection_key);
    // What Bob sees is the room before he joins.
    let asked = ask(&mut world, &bob, requester, &members);
    let request =
        open_connection_request(&world.suite, &bob.uri, &asked.establishment_key, &asked.sealed).unwrap();
    let wrapper_key = request.wrapper_key().clone();
    let entries = asked.link_keys.data().identity_link_key_ciphertexts;
    let before = RoomLeaves::new(vec![asked.leaves.get(0).cloned()]).unwrap();
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: entries[..1].to_vec() };
    let first = LinkKeys::new(data, &before).unwrap();
    let respond = |world: &mut World, key: &ConnectionKey| {
        let request =
            open_connection_request(&world.suite, &bob.uri, &asked.establishment_key, &asked.sealed).unwrap();
        let check = |credential: &_| world.check(credential);
        let verified = request.verify(&world.suite, &shown_room(world, &before, &first), &check).unwrap();
        let mut rng = world.rng.clone();
        verified.accept(&world.suite, key, None, &mut rng).unwrap().1
    };
    let response = respond(&mut world, &bob.connection_key);
    let other_key = respond(&mut world, &mallory.connection_key);

    let room = RoomView { leaves: &asked.leaves, link_keys: &asked.link_keys, wrapper_key: &wrapper_key };
    let check = |credential: &_| world.check(credential);
    let accept = |response, leaf| asked.pending.accept(&world.suite, response, &room, leaf, None, &check);
    assert_eq!(accept(&response, 1).unwrap().user(), &bob.uri);
    assert_eq!(accept(&response, 2), Err(PseudonymError::NotTheResponder));
    assert_eq!(accept(&other_key, 1), Err(at(1, PseudonymError::ConnectionKeyMismatch)));
    assert_eq!(accept(&response, 9), Err(at(9, PseudonymError::UnknownLeaf)));
    let mut tampered = response.clone();
    tampered.0.kem_output = asked.sealed.kem_output.clone();
    assert_eq!(accept(&tampered, 1), Err(PseudonymError::ResponseDoesNotOpen));
    // The same response for another room.
    let elsewhere = PendingConnection::restore(
        bob.uri.clone(),
        room_uri("mimi://a.example/r/2"),
        asked.pending.response_private_key().clone(),
    );
    let refused = elsewhere.accept(&world.suite, &response, &room, 1, None, &check);
    assert_eq!(refused, Err(PseudonymError::ResponseDoesNotOpen));
}

#[test]
fn refuses_a_connection_key_that_another_rotates() {
    let mut world = World::new();
    let (bob, mallory) = (world.user("bob", 1), world.user("bmallory", 1));
    let (old, others) = (world.set(&bob).remove(0), world.set(&mallory).remove(0));
    let check = |credential: &_| world.check(credential);
    let connection = bob.connection();
    let by_bob = connection.open(&world.suite, &old, &check).unwrap().0;
    let by_mallory = mallory.connection().open(&world.suite, &others, &check).unwrap().0;
    let mut rng = world.rng.clone();
    let new = ConnectionKey::generate(&world.suite, &mut rng);
    let message = mimi_pseudonym::rotation_message(&new);
    let refused = connection.clone().rotate(&world.suite, &by_mallory, &message);
    assert_eq!(refused, Err(PseudonymError::NotTheConnectedUser));

    // What was uploaded before the rotation opens until the old key is forgotten, what comes after
    // opens too.
    let connection = connection.rotate(&world.suite, &by_bob, &message).unwrap();
    let said_twice = connection.clone().rotate(&world.suite, &by_bob, &message).unwrap();
    assert_eq!(said_twice, connection);
    assert_eq!(
        (connection.connection_key(), connection.previous_connection_key()),
        (&new, Some(&bob.connection_key))
    );
    let rotated = User { connection_key: new, ..bob };
    let after = world.set(&rotated).remove(0);
    let check = |credential: &_| world.check(credential);
    assert!(connection.open(&world.suite, &old, &check).is_ok());
    assert!(connection.open(&world.suite, &after, &check).is_ok());
    let connection = connection.forget_previous();
    assert_eq!(connection.open(&world.suite, &old, &check), Err(PseudonymError::IdentityLinkDoesNotOpen));
    assert!(connection.open(&world.suite, &after, &check).is_ok());
}

#[test]
fn refuses_an_identity_of_another_provider_or_that_no_user_vouches_for() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    // Bob's pseudonym says that he is of Alice's provider: whose bans would it be that he evades?
    let pseudonym = world.user_pseudonym(&alice);
    let tbs = world.tbs(&alice, &pseudonym);
    let client = &bob.clients[0];
    let lie = RealClient { user: &alice.uri, client: &alice.clients[0].uri, ..client.real() };
    let (suite, rng) = (&world.suite, &mut world.rng);
    let honest = issue_pseudonymous_credential(suite, tbs.clone(), client.real(), &bob.connection_key, rng);
    assert_eq!(honest, Err(PseudonymError::ProviderMismatch));
    let credential = issue_pseudonymous_credential(suite, tbs, lie, &bob.connection_key, rng).unwrap();
    let check = |credential: &_| world.check(credential);
    let refused = bob.connection().open(&world.suite, &credential, &check);
    assert_eq!(refused, Err(PseudonymError::ProviderMismatch));
    // Nor is a client of his provider that an authority gives to a user of another, nor the other
    // way round.
    let bobs = world.set(&bob).remove(0);
    for half in [user_of_another_provider, client_of_another_provider] {
        let check = |credential: &_| world.check(credential).map(half);
        let refused = bob.connection().open(&world.suite, &bobs, &check);
        assert_eq!(refused, Err(PseudonymError::ProviderMismatch));
    }
    // Without a link there is nothing to open.
    let key = bob.connection_key.identity_link_key(&world.suite, &bobs.tbs()).unwrap();
    let unlinked = issue_unlinked_credential(&world.suite, bobs.tbs(), bob.clients[0].real()).unwrap();
    let refused =
        open_identity_link(&world.suite, &unlinked, &key, &|credential: &_| world.check(credential));
    assert_eq!(refused, Err(PseudonymError::NoIdentityLink));
    let unknown = |_: &Credential| Err::<mimi_pseudonym::CheckedClient<()>, _>(CredentialCheckError);
    let refused = bob.connection().open(&world.suite, &bobs, &unknown);
    assert_eq!(refused, Err(PseudonymError::CredentialRefused));
    // Two providers in one credential aren't signed, and aren't let in.
    let pseudonym = world.user_pseudonym(&bob);
    let mixed = world.tbs(&alice, &pseudonym);
    let refused = sign_identity_link(&world.suite, &mixed, client.real(), &mut world.rng);
    assert_eq!(refused, Err(PseudonymError::ProviderMismatch));
    let leaves = RoomLeaves::new(vec![None, Some(mixed.with_identity_link("x".into()))]);
    assert_eq!(leaves, Err(at(1, PseudonymError::ProviderMismatch)));
}

#[test]
fn refuses_to_show_anybody_under_a_user_pseudonym_that_two_users_have() {
    let mut world = World::new();
    let (mut hub, wrapper_key, _, bob) = room_of_two(&mut world);
    let mallory = world.user("bmallory", 1);
    // Bob lets Mallory, a user of his provider, join under his pseudonym: for the hub, she is a
    // client of his.
    let pseudonym = hub.leaves.get(1).unwrap().user_pseudonym.clone();
    let hers = world.issue(&mallory, &mallory.clients[0], &pseudonym);
    let (aad, update) = add(&mut world, &wrapper_key, &mallory, std::slice::from_ref(&hers), &[2]);
    let leaves = hub.with(&[(2, Some(&hers))]);
    let changes = Changes {
        by: member(1),
        added: &[2],
        update: Some(&update),
        add_aad: Some(&aad),
        ..Default::default()
    };
    let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
    assert_eq!(refused, Err(at(2, PseudonymError::UserPseudonymShared)));
    hub.commit(&world, leaves, &changes).unwrap();
    let check = |credential: &_| world.check(credential);
    let learned = learn_room(&world.suite, &hub.view(&wrapper_key), &required, &check);
    assert!(learned[0].1.known().is_some());
    for leaf in [1, 2] {
        let failed = LeafIdentity::Failed(at(leaf, PseudonymError::UserPseudonymShared));
        assert_eq!(learned[leaf as usize], (leaf, failed));
    }
    // And one user under two pseudonyms evades what policy says of either.
    let (mut hub, wrapper_key) = room_of(&mut world, &bob);
    let second = world.set(&bob);
    let (aad, update) = add(&mut world, &wrapper_key, &bob, &second, &[1]);
    let changes = Changes { added: &[1], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    let leaves = hub.with(&[(1, Some(&second[0]))]);
    let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
    assert_eq!(refused, Err(at(1, PseudonymError::UserPseudonymDiffers)));
    hub.commit(&world, leaves, &changes).unwrap();
    let check = |credential: &_| world.check(credential);
    let learned = learn_room(&world.suite, &hub.view(&wrapper_key), &required, &check);
    for leaf in [0, 1] {
        let failed = LeafIdentity::Failed(at(leaf, PseudonymError::UserPseudonymDiffers));
        assert_eq!(learned[leaf as usize], (leaf, failed));
    }
}

/// Where links are optional, a client without one says under which user pseudonym it is, and no
/// party can look.
#[test]
fn refuses_a_client_that_shows_itself_to_no_user_under_the_pseudonym_of_a_user_who_is_known() {
    let mut world = World::new();
    let (mut hub, wrapper_key, ..) = room_of_two(&mut world);
    let mallory = world.user("bmallory", 1);
    let optional = |_: &IdentifierUri| LinkPolicy::Optional;
    let pseudonym = hub.leaves.get(1).unwrap().user_pseudonym.clone();
    let unlinked = world.unlinked(&mallory, &pseudonym);
    let leaves = hub.with(&[(2, Some(&unlinked))]);
    let changes = Changes { by: member(1), added: &[2], ..Default::default() };
    let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &optional);
    assert_eq!(refused, Err(at(2, PseudonymError::UserPseudonymShared)));
    let judged = hub.judge(&world, &leaves, &changes).unwrap();
    let link_keys = judged.after().link_keys();
    let room = RoomView { leaves: &leaves, link_keys, wrapper_key: &wrapper_key };
    let shared = |leaf| (leaf, LeafIdentity::Failed(at(leaf, PseudonymError::UserPseudonymShared)));
    let check = |credential: &_| world.check(credential);
    let learned = learn_room(&world.suite, &room, &optional, &check);
    assert!(learned[0].1.known().is_some());
    assert_eq!(learned[1..], [shared(1), shared(2)]);
    let mut rng = world.rng.clone();
    assert_eq!(learn_room_batch(&world.suite, &room, &optional, &check, &mut rng), learned);

    // The other way round, a client claims a pseudonym that no member knows.
    let pseudonym = world.user_pseudonym(&mallory);
    let unknown = world.unlinked(&mallory, &pseudonym);
    let claimed = world.issue(&mallory, &mallory.clients[0], &pseudonym);
    let leaves = hub.with(&[(2, Some(&unknown))]);
    let changes = Changes { added: &[2], ..Default::default() };
    assert!(hub.receive(&world, &wrapper_key, &leaves, &changes, &optional).is_ok());
    hub.commit(&world, leaves, &changes).unwrap();
    let (aad, update) = add(&mut world, &wrapper_key, &mallory, std::slice::from_ref(&claimed), &[3]);
    let leaves = hub.with(&[(3, Some(&claimed))]);
    let changes = Changes {
        by: member(2),
        added: &[3],
        update: Some(&update),
        add_aad: Some(&aad),
        ..Default::default()
    };
    let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &optional);
    assert_eq!(refused, Err(at(3, PseudonymError::UserPseudonymShared)));
    // The two are not added together.
    let connection = mallory.connection();
    let users = [AddedUser { connection: &connection, credentials: &[&claimed, &unknown] }];
    let check = |credential: &_| world.check(credential);
    let refused = add_users(&world.suite, &wrapper_key, &users, &[3, 4], &check, &mut rng);
    assert_eq!(refused, Err(PseudonymError::UserPseudonymShared));
    // Two unknown ones may be one user's.
    let second = world.unlinked(&mallory, &unknown.user_pseudonym);
    let leaves = hub.with(&[(3, Some(&second))]);
    let changes = Changes { by: member(2), added: &[3], ..Default::default() };
    assert!(hub.receive(&world, &wrapper_key, &leaves, &changes, &optional).is_ok());
}

#[test]
fn one_bad_link_among_many_fails_alone_in_both_modes() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let (hub, wrapper_key) = room_of(&mut world, &alice);
    let (mut credentials, mut entries) =
        (vec![hub.leaves.get(0).cloned()], vec![hub.link_keys.get(0).cloned()]);
    for number in 1..70 {
        let user = world.user(&format!("user-{number}"), 1);
        let mut credential = world.set(&user).remove(0);
        let key = user.connection_key.identity_link_key(&world.suite, &credential.tbs()).unwrap();
        if number == 33 {
            // Signed by another key than that of the credential inside.
            let client = &user.clients[0];
            let (suite, rng) = (&world.suite, &mut world.rng);
            let lie = RealClient { signing_key: &alice.clients[0].signing_key, ..client.real() };
            let link = sign_identity_link(suite, &credential.tbs(), lie, rng);
            let _: &IdentityLinkTBE = link.as_ref().unwrap();
            credential = seal_identity_link(suite, credential.tbs(), &link.unwrap(), &key, rng).unwrap();
        }
        entries.push(Some(wrapper_key.wrap(&world.suite, &key, &credential.tbs(), &mut world.rng).unwrap()));
        credentials.push(Some(credential));
    }
    let leaves = RoomLeaves::new(credentials).unwrap();
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: entries };
    let link_keys = LinkKeys::new(data, &leaves).unwrap();
    let room = RoomView { leaves: &leaves, link_keys: &link_keys, wrapper_key: &wrapper_key };
    let check = |credential: &_| world.check(credential);
    let one_by_one = learn_room(&world.suite, &room, &required, &check);
    let mut rng = world.rng.clone();
    assert_eq!(learn_room_batch(&world.suite, &room, &required, &check, &mut rng), one_by_one);
    let failed = LeafIdentity::Failed(at(33, PseudonymError::IdentityLinkSignature));
    assert_eq!(one_by_one[33], (33, failed));
    assert_eq!(one_by_one.iter().filter(|(_, identity)| identity.known().is_some()).count(), 69);
}
