//! Learning a room as a batch: exactly what one by one gives, whatever is wrong with which leaf.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    code_points::CipherSuite,
    minimal_metadata::{EncryptedIdentityLinkKey, IdentityLinkKeysData},
    protocol::IdentifierUri,
};
use mimi_pseudonym::{
    IdentityLinkWrapperKey, LinkKeys, PseudonymError, RealClient, RoomLeaves, RoomView,
    flow::{
        learn::{LeafIdentity, learn_room, learn_room_batch},
        unlinked::LinkPolicy,
    },
    seal_identity_link, sign_identity_link,
};
use proptest::prelude::*;
use world::World;

/// What is the matter with a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaf {
    Honest,
    Blank,
    Unlinked,
    NoKey,
    WrongKey,
    TamperedKey,
    TamperedLink,
    SignedByAnother,
    SignatureCutOff,
    UnknownToTheAuthority,
    PseudonymOfTheLeafBefore,
}

use Leaf::*;

const ALL: [Leaf; 11] = [
    Honest,
    Blank,
    Unlinked,
    NoKey,
    WrongKey,
    TamperedKey,
    TamperedLink,
    SignedByAnother,
    SignatureCutOff,
    UnknownToTheAuthority,
    PseudonymOfTheLeafBefore,
];

fn room(world: &mut World, kinds: &[Leaf]) -> (RoomLeaves, LinkKeys, IdentityLinkWrapperKey) {
    let wrapper_key = IdentityLinkWrapperKey::generate(&world.suite, &mut world.rng).unwrap();
    let other_key = world.signing_key();
    let (mut credentials, mut entries) = (Vec::new(), Vec::new());
    let mut before: Option<IdentifierUri> = None;
    for (number, kind) in kinds.iter().enumerate() {
        let user = world.user(&format!("a-user-{number}"), 1);
        let pseudonym = match (kind, &before) {
            (PseudonymOfTheLeafBefore, Some(before)) => before.clone(),
            _ => world.user_pseudonym(&user),
        };
        let tbs = world.tbs(&user, &pseudonym);
        before = Some(pseudonym);
        let key = user.connection_key.identity_link_key(&world.suite, &tbs).unwrap();
        let (suite, rng) = (&world.suite, &mut world.rng);
        let signing_key = if *kind == SignedByAnother { &other_key } else { &user.clients[0].signing_key };
        let real = match kind {
            UnknownToTheAuthority => mimi_codec::mls::Credential::Basic { identity: "stranger".into() },
            _ => user.clients[0].credential.clone(),
        };
        let real = RealClient { credential: &real, signing_key, ..user.clients[0].real() };
        let mut link = sign_identity_link(suite, &tbs, real, rng).unwrap();
        if *kind == SignatureCutOff {
            let cut = link.pseudonymous_credential_signature[..40].to_vec();
            link.pseudonymous_credential_signature = cut.into();
        }
        let mut credential = seal_identity_link(suite, tbs.clone(), &link, &key, rng).unwrap();
        let wrong = user.connection_key.identity_link_key(suite, &credential_of(&tbs)).unwrap();
        let wrapped = if *kind == WrongKey { &wrong } else { &key };
        let mut entry = Some(wrapper_key.wrap(suite, wrapped, &tbs, rng).unwrap());
        let flip = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            bytes
        };
        match kind {
            TamperedKey => {
                let ciphertext = flip(&entry.unwrap().ciphertext).into();
                entry = Some(EncryptedIdentityLinkKey { ciphertext });
            }
            TamperedLink => {
                credential.identity_link_ciphertext = flip(&credential.identity_link_ciphertext).into();
            }
            Unlinked => credential = tbs.with_identity_link(mimi_codec::Opaque::default()),
            _ => {}
        }
        let has_key = !matches!(kind, Blank | Unlinked | NoKey);
        credentials.push((*kind != Blank).then_some(credential));
        entries.push(entry.filter(|_| has_key));
    }
    let leaves = RoomLeaves::new(credentials).unwrap();
    entries.truncate(leaves.len());
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: entries };
    let link_keys = LinkKeys::new(data, &leaves).unwrap();
    (leaves, link_keys, wrapper_key)
}

/// The same pseudonyms with another key.
fn credential_of(
    tbs: &mimi_codec::protocol::PseudonymousCredentialTBS,
) -> mimi_codec::protocol::PseudonymousCredentialTBS {
    let signature_public_key = vec![9; 32].into();
    mimi_codec::protocol::PseudonymousCredentialTBS { signature_public_key, ..tbs.clone() }
}

/// What both modes find, after they were found to be the same.
fn learned(world: &mut World, kinds: &[Leaf], policy: LinkPolicy) -> Vec<(u32, LeafIdentity<()>)> {
    let (leaves, link_keys, wrapper_key) = room(world, kinds);
    let room = RoomView { leaves: &leaves, link_keys: &link_keys, wrapper_key: &wrapper_key };
    let check = |credential: &_| world.check(credential);
    let policy = |_: &IdentifierUri| policy;
    let one_by_one = learn_room(&world.suite, &room, &policy, &check);
    let mut rng = world.rng.clone();
    assert_eq!(learn_room_batch(&world.suite, &room, &policy, &check, &mut rng), one_by_one);
    one_by_one
}

#[test]
fn each_leaf_has_what_is_the_matter_with_it_in_both_modes_and_every_suite() {
    for suite in [1, 2, 3, 5, 7] {
        let mut world = World::of_suite(CipherSuite(suite));
        let learned = learned(&mut world, &ALL, LinkPolicy::Optional);
        let failed = |leaf_index, error| {
            let error = PseudonymError::Leaf { leaf_index, error: Box::new(error) };
            (leaf_index, LeafIdentity::Failed(error))
        };
        assert!(learned[0].1.known().is_some());
        let expected = [
            (2, LeafIdentity::Unlinked),
            (3, LeafIdentity::Unlinked),
            failed(4, PseudonymError::IdentityLinkDoesNotOpen),
            failed(5, PseudonymError::WrappedKeyDoesNotOpen),
            failed(6, PseudonymError::IdentityLinkDoesNotOpen),
            failed(7, PseudonymError::IdentityLinkSignature),
            failed(8, PseudonymError::IdentityLinkSignature),
            failed(9, PseudonymError::CredentialRefused),
        ];
        assert_eq!(learned[1..9], expected);
        // No other known client has the pseudonym of leaf 9: 10 is who it says.
        assert!(learned[9].1.known().is_some());
    }
}

#[test]
fn a_room_large_enough_for_a_batch_of_signatures_is_the_same_too() {
    let mut world = World::new();
    let mut kinds = vec![Honest; 400];
    let all = learned(&mut world, &kinds, LinkPolicy::Required);
    assert!(all.iter().all(|(_, identity)| identity.known().is_some()));
    (kinds[7], kinds[399]) = (SignedByAnother, SignedByAnother);
    let all = learned(&mut world, &kinds, LinkPolicy::Required);
    assert_eq!(all.iter().filter(|(_, identity)| identity.known().is_some()).count(), 398);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batch_and_one_by_one_find_the_same(
        kinds in proptest::collection::vec(proptest::sample::select(ALL.to_vec()), 0..40),
        policy in proptest::sample::select(vec![LinkPolicy::Required, LinkPolicy::Optional, LinkPolicy::Forbidden]),
    ) {
        let mut world = World::new();
        learned(&mut world, &kinds, policy);
    }
}
