//! Secrets: redacted, of the right length, and sealed under nonces that don't repeat.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use std::collections::BTreeSet;

use mimi_codec::{Decode, Encode, minimal_metadata::NonceAndCiphertext};
use mimi_crypto::{CipherSuiteProvider, CryptoError, RustCrypto, expand_with_label, generate_hpke_key_pair};
use mimi_pseudonym::{
    ConnectionKey, ConnectionToken, IdentityLinkKey, IdentityLinkWrapperKey, PendingConnection,
    PseudonymError, Requester, open_connection_request, request_connection, seal_identity_link,
    sign_identity_link,
};
use proptest::prelude::*;
use world::{World, required, room_id, room_of, room_uri, secret};
use zeroize::ZeroizeOnDrop;

#[test]
fn debug_output_of_every_secret_is_redacted() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let (hub, wrapper_key) = room_of(&mut world, &alice);
    let credential = hub.leaves.get(0).unwrap();
    let link_key = alice.connection_key.identity_link_key(&world.suite, &credential.tbs()).unwrap();
    let (private_key, public_key) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let requester = Requester {
        client_credential: alice.clients[0].credential.clone(),
        connection_key: &alice.connection_key,
        connection_room_id: room_uri("mimi://a.example/r/1"),
        connection_room_wrapper_key: &wrapper_key,
    };
    let shown_requester = format!("{requester:?}");
    let (pending, sealed) =
        request_connection(&world.suite, bob.uri.clone(), &public_key, requester, &mut world.rng).unwrap();
    let request = open_connection_request(&world.suite, &bob.uri, &private_key, &sealed).unwrap();
    let shown_request = format!("{request:?}");
    let check = |credential: &_| world.check(credential);
    let shown = hub.connection_room(&world, "mimi://a.example/g/1").unwrap();
    let verified = request.verify(&world.suite, &shown, &check).unwrap();
    let known = hub.known(&world, &wrapper_key, &required);
    let secrets = [
        wrapper_key.expose(),
        alice.connection_key.expose(),
        link_key.expose(),
        pending.response_private_key().expose(),
    ];
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for shown in [
        format!("{wrapper_key:?}"),
        format!("{:?}", alice.connection_key),
        format!("{link_key:?}"),
        format!("{pending:?}"),
        format!("{:?}", alice.connection()),
        format!("{:?}", hub.view(&wrapper_key)),
        format!("{:?}", mimi_pseudonym::rotation_message(&alice.connection_key)),
        format!("{known:?}"),
        format!("{:?}", ConnectionToken::of(&world.suite, &alice.uri, &alice.connection_key).unwrap()),
        shown_requester,
        shown_request,
        format!("{verified:?}"),
    ] {
        assert!(shown.contains("[redacted]"), "{shown}");
        for secret in secrets {
            // As hex, or as a list of numbers.
            let list = format!("{secret:?}");
            assert!(!shown.contains(&hex(secret)[..16]), "{shown}");
            assert!(!shown.contains(&list[1..20]), "{shown}");
        }
    }
}

/// The marker stands on each type as long as the ones that hold its bytes have it, down to
/// `zeroize`'s own.
#[test]
fn every_secret_type_is_erased_when_it_is_dropped() {
    fn erased<T: ZeroizeOnDrop>() {}
    erased::<ConnectionKey>();
    erased::<IdentityLinkKey>();
    erased::<IdentityLinkWrapperKey>();
    // What connections, requests and responses hold beside these.
    erased::<mimi_crypto::HpkePrivateKey>();
}

#[test]
fn refuses_secrets_of_other_lengths() {
    for number in RustCrypto::CIPHER_SUITES {
        let suite = RustCrypto::new(number).unwrap();
        let expected = suite.parameters().nh;
        for actual in [0, expected - 1, expected + 1] {
            let bytes = vec![0; actual];
            let error = PseudonymError::from(CryptoError::InvalidLength { what: "secret", expected, actual });
            assert_eq!(ConnectionKey::new(&suite, &bytes), Err(error.clone()));
            assert_eq!(IdentityLinkKey::new(&suite, &bytes), Err(error.clone()));
            assert_eq!(IdentityLinkWrapperKey::new(&suite, &bytes), Err(error));
        }
        // A trailing zero is another length, not the same key.
        assert!(ConnectionKey::new(&suite, &vec![0; expected]).is_ok());
    }
}

/// What is sealed, opened with the primitives of mimi-crypto and the formulas of the docs.
#[test]
fn keys_and_ciphertexts_follow_their_formulas_in_every_suite() {
    for number in RustCrypto::CIPHER_SUITES {
        let mut world = World::of_suite(number);
        let alice = world.user("alice", 1);
        let pseudonym = world.user_pseudonym(&alice);
        let tbs = world.tbs(&alice, &pseudonym);
        let aad = tbs.to_bytes().unwrap();
        let (suite, rng) = (&world.suite, &mut world.rng);
        let (nh, nk) = (suite.parameters().nh, suite.parameters().nk);
        let connection_key = ConnectionKey::new(suite, secret(suite, 1).expose()).unwrap();
        let link_key = connection_key.identity_link_key(suite, &tbs).unwrap();
        let expected = expand_with_label(suite, &secret(suite, 1), b"IdentityLinkKey", &aad, nh).unwrap();
        assert_eq!(link_key.expose(), expected.expose());

        let open = |secret, label: &[u8], sealed: &[u8]| {
            let key = expand_with_label(suite, secret, label, b"", nk).unwrap();
            let key = mimi_crypto::AeadKey::from_secret(suite, key).unwrap();
            let sealed = NonceAndCiphertext::decode_exact(sealed).unwrap();
            suite.aead_open(&key, &sealed.nonce, &aad, &sealed.ciphertext).unwrap().expose().to_vec()
        };
        let client = &alice.clients[0];
        let link = sign_identity_link(suite, &tbs, client.real(), rng).unwrap();
        let credential = seal_identity_link(suite, tbs.clone(), &link, &link_key, rng).unwrap();
        let opened = open(&expected, b"IdentityLinkEncryptionKey", &credential.identity_link_ciphertext);
        assert_eq!(opened, link.to_bytes().unwrap());

        let wrapper_key = IdentityLinkWrapperKey::new(suite, secret(suite, 2).expose()).unwrap();
        let wrapped = wrapper_key.wrap(suite, &link_key, &tbs, rng).unwrap();
        let opened = open(&secret(suite, 2), b"IdentityLinkWrapEncryptionKey", &wrapped.ciphertext);
        assert_eq!(opened, link_key.expose());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same key, the same message, the same everything: another nonce each time, and it is the
    /// generator's.
    #[test]
    fn nonces_never_repeat_under_a_key(seed: u8, seals in 200..400_usize) {
        let mut world = World::new();
        let alice = world.user("alice", 1);
        let pseudonym = world.user_pseudonym(&alice);
        let tbs = world.tbs(&alice, &pseudonym);
        let client = &alice.clients[0];
        let (suite, rng) = (&world.suite, &mut world.rng);
        let link_key = IdentityLinkKey::new(suite, &[seed; 32]).unwrap();
        let wrapper_key = IdentityLinkWrapperKey::new(suite, &[seed; 32]).unwrap();
        let link = sign_identity_link(suite, &tbs, client.real(), rng).unwrap();
        let (mut of_links, mut of_wraps) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..seals {
            let credential = seal_identity_link(suite, tbs.clone(), &link, &link_key, rng).unwrap();
            let sealed = NonceAndCiphertext::decode_exact(&credential.identity_link_ciphertext).unwrap();
            prop_assert_eq!(sealed.nonce.len(), 12);
            prop_assert!(of_links.insert(sealed.nonce));
            let wrapped = wrapper_key.wrap(suite, &link_key, &tbs, rng).unwrap();
            prop_assert!(of_wraps.insert(NonceAndCiphertext::decode_exact(&wrapped.ciphertext).unwrap().nonce));
        }
    }

    /// No bytes from a hub or a stranger stop the program, or are taken for an identity.
    #[test]
    fn refuses_any_bytes_in_the_place_of_a_link_or_a_wrapped_key(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
        let mut world = World::new();
        let alice = world.user("alice", 1);
        let (hub, wrapper_key) = room_of(&mut world, &alice);
        let credential = hub.leaves.get(0).unwrap();
        let check = |credential: &_| world.check(credential);
        let key = alice.connection_key.identity_link_key(&world.suite, &credential.tbs()).unwrap();
        let damaged = credential.tbs().with_identity_link(bytes.clone().into());
        prop_assert!(mimi_pseudonym::open_identity_link(&world.suite, &damaged, &key, &check).is_err());
        let entry = mimi_codec::minimal_metadata::EncryptedIdentityLinkKey { ciphertext: bytes.into() };
        prop_assert!(wrapper_key.unwrap(&world.suite, &entry, &credential.tbs()).is_err());
    }
}

#[test]
fn a_stored_request_is_the_same_request() {
    let mut world = World::new();
    let bob = world.user("bob", 1);
    let (private_key, _) = generate_hpke_key_pair(&world.suite, &mut world.rng).unwrap();
    let pending = PendingConnection::restore(bob.uri.clone(), room_id(), private_key.clone());
    assert_eq!(*pending.responder(), bob.uri);
    assert_eq!((pending.connection_room_id(), pending.response_private_key()), (&room_id(), &private_key));
}
