//! The flows of the October 2024 notes, one test each, beside a hub that learns no identity: a
//! connection, the life of a pseudonym, a room's creation, Alice adds Bob, Bob adds Charlie, Dave
//! joins; then who leaves, and who shows nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    Encode, List, Opaque,
    code_points::{CipherSuite, ComponentID, ExtensionType},
    extensions::{AppDataDictionary, ComponentData},
    mls::{Extension, Extensions, GroupContext, GroupInfo},
    protocol::{IdentifierUri, PseudonymousCredential},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, generate_hpke_key_pair};
use mimi_pseudonym::{
    ConsentTo, Disclosure, IdentityLinkWrapperKey, LinkKeys, PseudonymConsent, PseudonymError, Requester,
    RoomLeaves, RoomView, check_extensions_for_hub,
    flow::{
        create::create_room,
        learn::{LeafIdentity, learn_room, learn_room_batch},
        leave::remove_clients,
        unlinked::LinkPolicy,
    },
    open_connection_request, open_identity_link, request_connection, seal_identity_link, sign_identity_link,
    verify_disclosure,
};
use world::{
    Changes, Hub, JOINER, World, add, client_of_another_provider, join, member, names, required, room_id,
    room_of, room_uri, user_of_another_provider,
};

#[test]
fn a_connection_exchanges_keys_that_no_server_sees() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 2), world.user("bob", 1));
    let (establishment_key, public_key) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();

    // Alice creates a room with her two clients.
    let set = world.set(&alice);
    let World { suite, rng, uses, .. } = &mut world;
    let (first, key) = (set[0].clone(), &alice.connection_key);
    let created = create_room(&*suite, &room_id(), first, key, uses, rng).unwrap();
    let mut hub = Hub::new(created.leaves, created.link_keys);
    let (aad, update) = add(&mut world, &created.wrapper_key, &alice, &set[1..], &[1]);
    let changes = Changes { added: &[1], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    hub.commit(&world, hub.with(&[(1, Some(&set[1]))]), &changes).unwrap();

    // She asks Bob; his provider sees the sealed request.
    let requester = Requester {
        client_credential: alice.clients[0].credential.clone(),
        connection_key: &alice.connection_key,
        connection_room_id: room_uri("mimi://a.example/r/1"),
        connection_room_wrapper_key: &created.wrapper_key,
    };
    let (pending, sealed) =
        request_connection(&world.suite, bob.uri.clone(), &public_key, requester, &mut world.rng).unwrap();
    hub.seen.push(sealed.to_bytes().unwrap());

    // Bob opens it, fetches the room, and sees that it is Alice's.
    let request = open_connection_request(&world.suite, &bob.uri, &establishment_key, &sealed).unwrap();
    assert_eq!(**request.connection_room_id(), *b"mimi://a.example/r/1");
    let check = |credential: &_| world.check(credential);
    let shown = hub.connection_room(&world, "mimi://a.example/g/1").unwrap();
    let verified = request.verify(&world.suite, &shown, &check).unwrap();
    assert_eq!(verified.requester().user, alice.uri);
    assert_eq!(verified.clients().len(), 2);
    assert_eq!(*verified.connection_room_id(), room_id());

    // He says yes by joining.
    let wrapper_key = verified.wrapper_key().clone();
    let bobs = world.set(&bob).remove(0);
    let (to_alice, response) =
        verified.accept(&world.suite, &bob.connection_key, None, &mut world.rng).unwrap();
    let sent = join(&mut world, &hub, &wrapper_key, &bob, &bobs, 2).unwrap();
    let leaves = hub.with(&[(2, Some(&bobs))]);
    let changes = Changes {
        added: &[2],
        by: JOINER,
        update: Some(&sent.update),
        add_aad: Some(&sent.add_aad),
        ..Default::default()
    };
    let check = |credential: &_| world.check(credential);
    let accepted = hub.receive(&world, &created.wrapper_key, &leaves, &changes, &required).unwrap();
    assert_eq!(accepted.users(), [(2, Some(bob.uri.clone()))]);
    hub.commit(&world, leaves, &changes).unwrap();
    hub.seen.push(response.to_bytes().unwrap());

    // Alice sees that it is Bob, and has his key; each can now derive the keys of the other's
    // links.
    let to_bob =
        pending.accept(&world.suite, &response, &hub.view(&created.wrapper_key), 2, None, &check).unwrap();
    assert_eq!((to_bob.user(), to_bob.connection_key()), (&bob.uri, &bob.connection_key));
    assert_eq!((to_alice.user(), to_alice.connection_key()), (&alice.uri, &alice.connection_key));
    hub.knows_no_user(&world, &[&alice, &bob], &created.wrapper_key);
}

#[test]
fn a_pseudonym_is_made_sealed_and_opened_in_every_suite() {
    for number in RustCrypto::CIPHER_SUITES {
        let mut world = World::of_suite(number);
        let alice = world.user("alice", 1);
        let pseudonym = world.user_pseudonym(&alice);
        let tbs = world.tbs(&alice, &pseudonym);
        let client = &alice.clients[0];
        let (suite, rng) = (&world.suite, &mut world.rng);
        let link = sign_identity_link(suite, &tbs, client.real(), rng).unwrap();
        let key = alice.connection_key.identity_link_key(suite, &tbs).unwrap();
        let credential = seal_identity_link(suite, tbs.clone(), &link, &key, rng).unwrap();
        assert_eq!(credential.tbs(), tbs);

        // A holder of the connection key derives the same key, and opens it.
        let check = |credential: &_| world.check(credential);
        let (identity, derived) = alice.connection().open(&world.suite, &credential, &check).unwrap();
        assert_eq!(derived, key);
        assert_eq!(identity.user(), &alice.uri);
        assert_eq!(identity.client(), &client.uri);
        assert_eq!(*identity.client_credential(), client.credential);
        assert_eq!(*identity.user_pseudonym(), pseudonym);
        assert_eq!(*identity.client_pseudonym(), tbs.client_pseudonym);
        assert_eq!(*identity.signature_public_key(), tbs.signature_public_key);
        assert_eq!(open_identity_link(&world.suite, &credential, &key, &check), Ok(identity));
    }
}

#[test]
fn a_room_is_created_with_its_creators_key_at_leaf_0() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let (hub, wrapper_key) = room_of(&mut world, &alice);
    assert_eq!((hub.leaves.len(), hub.link_keys.iter().count()), (1, 1));
    let check = |credential: &_| world.check(credential);
    assert_eq!(hub.view(&wrapper_key).open(&world.suite, 0, &check).unwrap().user(), &alice.uri);
    hub.knows_no_user(&world, &[&alice], &wrapper_key);
}

fn group_info(with: Option<&IdentityLinkWrapperKey>) -> GroupInfo {
    let dictionary = |data: Vec<u8>| AppDataDictionary {
        component_data: List::new(vec![ComponentData {
            component_id: ComponentID::IDENTITY_LINK_KEYS,
            data: data.into(),
        }])
        .unwrap(),
    };
    let extensions = |dictionary: AppDataDictionary| {
        let extension_data = dictionary.to_bytes().unwrap().into();
        let extension = Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data };
        Extensions::new(vec![extension]).unwrap()
    };
    let nothing = Extensions::new(vec![]).unwrap();
    GroupInfo {
        group_context: GroupContext {
            version: Default::default(),
            cipher_suite: CipherSuite(1),
            group_id: "group".into(),
            epoch: 1,
            tree_hash: Opaque::default(),
            confirmed_transcript_hash: Opaque::default(),
            extensions: nothing.clone(),
        },
        extensions: with
            .map_or(nothing, |key| extensions(dictionary(key.to_extension().to_bytes().unwrap()))),
        confirmation_tag: Vec::new().into(),
        signer: 0,
        signature: Opaque::default(),
    }
}

#[test]
fn alice_adds_bob_and_he_learns_who_is_there() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 2));
    let (mut hub, wrapper_key) = room_of(&mut world, &alice);
    let bobs = world.set(&bob);
    let (aad, update) = add(&mut world, &wrapper_key, &bob, &bobs, &[1, 2]);

    // Two GroupInfos: the wrapper key is in the Welcome's, and not in the hub's.
    let (in_welcome, for_hub) = (group_info(Some(&wrapper_key)), group_info(None));
    assert_eq!(check_extensions_for_hub(&for_hub.extensions), Ok(()));
    assert_eq!(check_extensions_for_hub(&in_welcome.extensions), Err(PseudonymError::WrapperKeyExposed));
    hub.seen.push(for_hub.to_bytes().unwrap());
    let changes =
        Changes { added: &[1, 2], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    hub.commit(&world, hub.with(&[(1, Some(&bobs[0])), (2, Some(&bobs[1]))]), &changes).unwrap();

    // Bob has the Welcome, and the wrapped keys from the hub's GroupContext.
    let bobs_key = IdentityLinkWrapperKey::from_welcome(&world.suite, &in_welcome).unwrap();
    let data = LinkKeys::new(hub.link_keys.data(), &hub.leaves).unwrap();
    let room = RoomView { leaves: &hub.leaves, link_keys: &data, wrapper_key: &bobs_key };
    let check = |credential: &_| world.check(credential);
    let learned = learn_room(&world.suite, &room, &required, &check);
    assert_eq!(names(&learned), ["alice", "bob", "bob"]);
    let mut rng = world.rng.clone();
    assert_eq!(learn_room_batch(&world.suite, &room, &required, &check, &mut rng), learned);

    let listed: Vec<&IdentifierUri> = hub.leaves.iter().map(|(_, leaf)| &leaf.user_pseudonym).collect();
    assert_eq!(hub.leaves.check_participants(listed.iter().copied()), Ok(()));
    let refused = hub.leaves.check_participants(listed[..1].iter().copied()).unwrap_err();
    assert_eq!(refused.to_string(), "leaf 1: the user pseudonym is not on the participant list");
    let error = IdentityLinkWrapperKey::from_welcome(&world.suite, &for_hub);
    assert_eq!(error, Err(PseudonymError::NoWrapperKey));
    hub.knows_no_user(&world, &[&alice, &bob], &wrapper_key);
}

#[test]
fn bob_adds_charlie_whom_alice_does_not_know_and_she_learns_who_it_is() {
    let mut world = World::new();
    let (alice, bob, charlie) = (world.user("alice", 1), world.user("bob", 1), world.user("charlie", 1));
    let (mut hub, wrapper_key) = room_of(&mut world, &alice);
    let bobs = world.set(&bob);
    let (aad, update) = add(&mut world, &wrapper_key, &bob, &bobs, &[1]);
    let changes = Changes { added: &[1], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    hub.commit(&world, hub.with(&[(1, Some(&bobs[0]))]), &changes).unwrap();

    // Bob is connected with Charlie. Alice has the wrapper key, and no connection key but her own.
    let charlies = world.set(&charlie);
    let (aad, update) = add(&mut world, &wrapper_key, &charlie, &charlies, &[2]);
    let leaves = hub.with(&[(2, Some(&charlies[0]))]);
    let changes = Changes { added: &[2], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    let accepted = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
    let accepted = accepted.unwrap();
    assert_eq!(accepted.users(), [(2, Some(charlie.uri.clone()))]);
    hub.commit(&world, leaves, &changes).unwrap();
    // Hub and members have the same keys.
    assert_eq!(hub.sealed, *accepted.room.sealed());
    hub.knows_no_user(&world, &[&alice, &bob, &charlie], &wrapper_key);
}

/// One user pseudonym for both, so all members know that it is Bob again.
#[test]
fn bobs_second_client_comes_under_the_pseudonym_of_the_first() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 2));
    let (mut hub, wrapper_key) = room_of(&mut world, &alice);
    let bobs = world.set(&bob);
    for (leaf, credential) in [(1, &bobs[0]), (2, &bobs[1])] {
        let (aad, update) = add(&mut world, &wrapper_key, &bob, std::slice::from_ref(credential), &[leaf]);
        let leaves = hub.with(&[(leaf, Some(credential))]);
        // Alice adds the first, and that one the second.
        let changes = Changes {
            by: member(leaf - 1),
            added: &[leaf],
            update: Some(&update),
            add_aad: Some(&aad),
            ..Default::default()
        };
        let accepted = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
        assert_eq!(accepted.unwrap().users(), [(leaf, Some(bob.uri.clone()))]);
        hub.commit(&world, leaves, &changes).unwrap();
    }
    let pseudonym = |leaf| hub.leaves.get(leaf).unwrap().user_pseudonym.clone();
    assert_eq!(pseudonym(1), pseudonym(2));
}

#[test]
fn dave_joins_with_a_link_and_is_known_before_his_commit_is_accepted() {
    let mut world = World::new();
    let (alice, dave) = (world.user("alice", 1), world.user("dave", 1));
    let (mut hub, wrapper_key) = room_of(&mut world, &alice);

    // The join link brings the wrapper key, past the hub.
    let daves_key = IdentityLinkWrapperKey::new(&world.suite, wrapper_key.expose()).unwrap();
    let daves = world.set(&dave).remove(0);
    let sent = join(&mut world, &hub, &daves_key, &dave, &daves, 1).unwrap();
    let leaves = hub.with(&[(1, Some(&daves))]);
    let changes = Changes {
        added: &[1],
        by: JOINER,
        update: Some(&sent.update),
        add_aad: Some(&sent.add_aad),
        ..Default::default()
    };
    let check = |credential: &_| world.check(credential);
    let accepted = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
    assert_eq!(accepted.unwrap().users(), [(1, Some(dave.uri.clone()))]);
    hub.commit(&world, leaves, &changes).unwrap();
    assert_eq!(names(&learn_room(&world.suite, &hub.view(&daves_key), &required, &check)), ["alice", "dave"]);
    hub.knows_no_user(&world, &[&alice, &dave], &wrapper_key);

    // He joins again, from the same client with another credential: his earlier leaf goes in the
    // same commit, and consents with its key, since his pseudonym is present.
    let again = world.issue(&dave, &dave.clients[0], &daves.user_pseudonym);
    let sent = join(&mut world, &hub, &daves_key, &dave, &again, 1).unwrap();
    let update = remove_clients(&hub.link_keys, &[1], Some(&sent.update)).unwrap();
    let (group_id, last_epoch) = (&world::group_id(), hub.epoch);
    let to = ConsentTo { group_id, last_epoch, joiner: &again.tbs() };
    let (key, mut rng) = (world.room_key(&daves), world.rng.clone());
    let consent = PseudonymConsent::sign(&world.suite, 1, key, to, &mut rng).unwrap();
    let changes = Changes {
        added: &[1],
        removed: &[1],
        by: JOINER,
        consent: Some(&consent),
        update: update.as_ref(),
        add_aad: Some(&sent.add_aad),
        ..Default::default()
    };
    hub.commit(&world, hub.with(&[(1, Some(&again))]), &changes).unwrap();
    let check = |credential: &_| world.check(credential);
    assert_eq!(names(&learn_room(&world.suite, &hub.view(&daves_key), &required, &check)), ["alice", "dave"]);
}

#[test]
fn who_leaves_takes_its_key_along() {
    let mut world = World::new();
    let (alice, bob, charlie) = (world.user("alice", 1), world.user("bob", 1), world.user("charlie", 1));
    let (mut hub, wrapper_key) = room_of(&mut world, &alice);
    for (leaf, user) in [(1, &bob), (2, &charlie)] {
        let set = world.set(user);
        let (aad, update) = add(&mut world, &wrapper_key, user, &set, &[leaf]);
        let changes =
            Changes { added: &[leaf], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
        hub.commit(&world, hub.with(&[(leaf, Some(&set[0]))]), &changes).unwrap();
    }
    // Bob goes: a hole. Then Charlie, at the end: the list gets shorter.
    for (leaf, length, names_left) in [(1, 3, &["alice", "charlie"][..]), (2, 1, &["alice"])] {
        let leaves = hub.with(&[(leaf, None)]);
        let forgotten = Changes { removed: &[leaf], ..Default::default() };
        let error = hub.commit(&world, leaves.clone(), &forgotten).unwrap_err();
        assert_eq!(error.to_string(), format!("leaf {leaf}: the key of a client that is gone would stay"));

        let update = remove_clients(&hub.link_keys, &[leaf], None).unwrap();
        let changes = Changes { removed: &[leaf], update: update.as_ref(), ..Default::default() };
        let check = |credential: &_| world.check(credential);
        let accepted = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
        hub.commit(&world, leaves, &changes).unwrap();
        assert_eq!(*accepted.unwrap().room.sealed(), hub.sealed);
        assert_eq!(hub.link_keys.data().identity_link_key_ciphertexts.len(), length);
        assert!(hub.link_keys.get(leaf).is_none());
        assert_eq!(names(&learn_room(&world.suite, &hub.view(&wrapper_key), &required, &check)), names_left);
    }
    assert_eq!(remove_clients(&hub.link_keys, &[5], None), Ok(None));
    hub.knows_no_user(&world, &[&alice, &bob, &charlie], &wrapper_key);
}

#[test]
fn a_client_without_an_identity_link_is_its_pseudonym() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let (mut hub, wrapper_key) = room_of(&mut world, &alice);
    let pseudonym = world.user_pseudonym(&bob);
    let unlinked = world.unlinked(&bob, &pseudonym);
    let moderators = hub.leaves.get(0).unwrap().user_pseudonym.clone();
    // Moderators have to show who they are; the others do as they like.
    let by_role = |pseudonym: &IdentifierUri| {
        if *pseudonym == moderators { LinkPolicy::Required } else { LinkPolicy::Optional }
    };

    let credentials = [unlinked.clone()];
    let linked = world.issue(&bob, &bob.clients[0], &pseudonym);
    let (aad, update) = add(&mut world, &wrapper_key, &bob, &credentials, &[1]);
    assert!(aad.identity_link_key_ciphertexts[0].ciphertext.is_empty() && update.set().is_empty());
    let leaves = hub.with(&[(1, Some(&unlinked))]);
    let check = |credential: &_| world.check(credential);
    // An empty ciphertext in its place, or no AddAAD and no update at all.
    for changes in [
        Changes { added: &[1], update: Some(&update), add_aad: Some(&aad), ..Default::default() },
        Changes { added: &[1], add_aad: Some(&aad), ..Default::default() },
        Changes { added: &[1], ..Default::default() },
    ] {
        let accepted = hub.receive(&world, &wrapper_key, &leaves, &changes, &by_role);
        assert_eq!(accepted.unwrap().users(), [(1, None)]);
        let refused = hub.receive(&world, &wrapper_key, &leaves, &changes, &required);
        let error = Box::new(PseudonymError::IdentityLinkRequired);
        assert_eq!(refused, Err(PseudonymError::Leaf { leaf_index: 1, error }));
    }
    let changes = Changes { added: &[1], add_aad: Some(&aad), ..Default::default() };
    // A link to which the room gets no key shows nothing either.
    let with_link = hub.with(&[(1, Some(&linked))]);
    let accepted = hub.receive(&world, &wrapper_key, &with_link, &changes, &by_role);
    assert_eq!(accepted.unwrap().users(), [(1, None)]);
    let refused = hub.receive(&world, &wrapper_key, &with_link, &changes, &required);
    let error = Box::new(PseudonymError::IdentityLinkRequired);
    assert_eq!(refused, Err(PseudonymError::Leaf { leaf_index: 1, error }));
    let forbidden = |_: &IdentifierUri| LinkPolicy::Forbidden;
    let refused = hub.receive(&world, &wrapper_key, &with_link, &changes, &forbidden);
    let error = Box::new(PseudonymError::IdentityLinkForbidden);
    assert_eq!(refused, Err(PseudonymError::Leaf { leaf_index: 1, error }));
    hub.commit(&world, leaves, &changes).unwrap();
    let learned = learn_room(&world.suite, &hub.view(&wrapper_key), &by_role, &check);
    assert_eq!(learned[1], (1, LeafIdentity::Unlinked));
    assert_eq!(names(&learned), ["alice", "-"]);
    // A room in which none may: Alice's link is what is refused.
    let unknown = |_: &IdentifierUri| LinkPolicy::Forbidden;
    let learned = learn_room(&world.suite, &hub.view(&wrapper_key), &unknown, &check);
    assert_eq!(names(&learned), ["leaf 0: the room's policy forbids an identity link", "-"]);
    hub.knows_no_user(&world, &[&alice, &bob], &wrapper_key);
}

#[test]
fn two_rooms_of_the_same_users_have_nothing_in_common() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 2));
    let mut hubs = Vec::new();
    for _ in 0..2 {
        let (mut hub, wrapper_key) = room_of(&mut world, &alice);
        let set = world.set(&bob);
        let (aad, update) = add(&mut world, &wrapper_key, &bob, &set, &[1, 2]);
        let changes =
            Changes { added: &[1, 2], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
        hub.commit(&world, hub.with(&[(1, Some(&set[0])), (2, Some(&set[1]))]), &changes).unwrap();
        hubs.push((hub, wrapper_key));
    }
    let ((first, first_key), (second, _)) = (&hubs[0], &hubs[1]);
    // "mimi://b.example/u/" is in both, and so are lengths. Longer than that and some characters of
    // a pseudonym, nothing is.
    const LONGER: usize = 28;
    let windows = |hub: &Hub| {
        let windows = hub.seen.iter().flat_map(|seen| seen.windows(LONGER).map(<[u8]>::to_vec));
        windows.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(windows(first).intersection(&windows(second)).count(), 0);
    // Nor does the key of one room open a link of the other.
    let check = |credential: &_| world.check(credential);
    for (leaf, _) in second.leaves.iter() {
        let error = second.view(first_key).open(&world.suite, leaf, &check).unwrap_err();
        let expected = Box::new(PseudonymError::WrappedKeyDoesNotOpen);
        assert_eq!(error, PseudonymError::Leaf { leaf_index: leaf, error: expected });
    }
    // With the connection key, they are Bob's: that is what it is for.
    for hub in [first, second] {
        assert!(bob.connection().open(&world.suite, hub.leaves.get(1).unwrap(), &check).is_ok());
    }
    assert_eq!(RoomLeaves::new(vec![None, None]).map(|leaves| leaves.len()), Ok(0));
}

/// What is sealed isn't padded: a hub tells credentials of two lengths apart, and knows one of an
/// unusual length again in another room.
#[test]
fn the_length_of_a_link_is_that_of_its_credential() {
    let mut world = World::new();
    let (bob, bartholomew) = (world.user("bob", 1), world.user("bartholomew", 1));
    let length = |credentials: Vec<PseudonymousCredential>| credentials[0].identity_link_ciphertext.len();
    let (first, second) = (length(world.set(&bob)), length(world.set(&bob)));
    assert_eq!(first, second);
    assert_eq!(length(world.set(&bartholomew)), first + "bartholomew".len() - "bob".len());
}

#[test]
fn a_member_shows_who_it_is_later_to_one_room_and_for_the_key_that_it_has_there() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let room = room_id();
    let pseudonym = world.user_pseudonym(&bob);
    // Bob's client has a real credential for the key of this very leaf.
    let mut tbs = world.tbs(&bob, &pseudonym);
    tbs.signature_public_key = world.suite.signature_public_key(&bob.clients[0].signing_key);
    let leaf = tbs.with_identity_link(Opaque::default());
    let bobs_leaf = leaf.clone();
    let check = |credential: &_| world.check(credential);
    let shown = Disclosure { credential: &bob.clients[0].credential, audience: &room };
    let identity = verify_disclosure(&leaf, &room, &shown, &check).unwrap();
    assert_eq!((identity.user(), identity.client()), (&bob.uri, &bob.clients[0].uri));
    assert_eq!((identity.user_pseudonym(), identity.details()), (&pseudonym, &()));

    let elsewhere = room_uri("mimi://a.example/r/2");
    let refused = verify_disclosure(&leaf, &elsewhere, &shown, &check);
    assert_eq!(refused, Err(PseudonymError::DisclosedElsewhere));
    let anothers = Disclosure { credential: &alice.clients[0].credential, audience: &room };
    let refused = verify_disclosure(&leaf, &room, &anothers, &check);
    assert_eq!(refused, Err(PseudonymError::DisclosedKeyMismatch));
    let unknown = mimi_codec::mls::Credential::Basic { identity: "stranger".into() };
    let unknown = Disclosure { credential: &unknown, audience: &room };
    let refused = verify_disclosure(&leaf, &room, &unknown, &check);
    assert_eq!(refused, Err(PseudonymError::CredentialRefused));
    // Alice's provider gave no pseudonym to Bob.
    let pseudonym = world.user_pseudonym(&alice);
    let mut tbs = world.tbs(&alice, &pseudonym);
    tbs.signature_public_key = leaf.signature_public_key.clone();
    let leaf = tbs.with_identity_link(Opaque::default());
    let check = |credential: &_| world.check(credential);
    let refused = verify_disclosure(&leaf, &room, &shown, &check);
    assert_eq!(refused, Err(PseudonymError::ProviderMismatch));
    // Nor does it vouch for a user whose client is another provider's, or the other way round.
    for half in [user_of_another_provider, client_of_another_provider] {
        let check = |credential: &_| world.check(credential).map(half);
        let refused = verify_disclosure(&bobs_leaf, &room, &shown, &check);
        assert_eq!(refused, Err(PseudonymError::ProviderMismatch));
    }
}
