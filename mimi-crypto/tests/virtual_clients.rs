//! Virtual clients: every derivation by the draft's formulas, and every refusal.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use mimi_codec::{
    Encode, SecretOpaque,
    mls::HPKEPublicKey,
    virtual_clients::{
        DerivationInfoTBE, OperationContext, PrivateMessageContext, RatchetType, SecretTreeRatchet,
        VirtualClientOperationType::{self, Application, KeyPackage, LeafNode},
    },
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, EmulationEpoch, MAX_SKIPPED_OPERATIONS, RustCrypto, Secret,
    derive_secret, expand_with_label,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const LEAVES: u32 = 8;

fn suites() -> impl Iterator<Item = RustCrypto> {
    RustCrypto::CIPHER_SUITES.into_iter().map(|number| RustCrypto::new(number).unwrap())
}

fn exported(suite: &RustCrypto) -> Secret {
    Secret::new(suite, vec![3; suite.parameters().nh]).unwrap()
}

fn epoch(suite: &RustCrypto) -> EmulationEpoch {
    EmulationEpoch::new(suite, exported(suite), LEAVES).unwrap()
}

/// The operation secret by the formulas of §6.2, from the root of the tree down.
fn operation_secret(
    suite: &RustCrypto,
    leaf: u32,
    operation: VirtualClientOperationType,
    generation: u32,
    context: &[u8],
) -> Secret {
    let nh = suite.parameters().nh;
    let mut secret = derive_secret(suite, &exported(suite), b"Base Secret").unwrap();
    // From the root, the bits of the leaf's number say where the way goes.
    for bit in (0..LEAVES.ilog2()).rev() {
        let side = if leaf >> bit & 1 == 1 { &b"right"[..] } else { b"left" };
        secret = expand_with_label(suite, &secret, b"tree", side, nh).unwrap();
    }
    let number = match operation {
        KeyPackage => 1,
        LeafNode => 2,
        Application => 3,
    };
    secret = expand_with_label(suite, &secret, b"vc operation init", &[number], nh).unwrap();
    for _ in 0..generation {
        secret = derive_secret(suite, &secret, b"VC Operation Ratchet").unwrap();
    }
    let secret = derive_secret(suite, &secret, b"VC Operation Secret").unwrap();
    let context = OperationContext {
        epoch_id: derive_secret(suite, &exported(suite), b"Epoch ID").unwrap().expose().into(),
        leaf_index: leaf,
        generation,
        operation_type: operation,
        operation_context: context.into(),
    };
    expand_with_label(suite, &secret, b"vc operation", &context.to_bytes().unwrap(), nh).unwrap()
}

#[test]
fn operation_secrets_follow_the_formulas_in_any_order() {
    for suite in suites() {
        let mut epoch = epoch(&suite);
        for (leaf, operation, generation) in [
            (0, KeyPackage, 0),
            (7, LeafNode, 3),
            (7, LeafNode, 1),
            (0, KeyPackage, 1),
            (3, Application, 2),
            (4, LeafNode, 0),
            (7, LeafNode, 0),
            (7, KeyPackage, 0),
            (7, LeafNode, 2),
            (7, LeafNode, 4),
        ] {
            let made = epoch.operation(&suite, leaf, operation, generation, b"group").unwrap();
            let expected = operation_secret(&suite, leaf, operation, generation, b"group");
            assert_eq!(made.secret(), &expected, "{leaf} {operation:?} {generation}");
            assert_eq!((made.leaf_index, made.generation), (leaf, generation));
            let derive = |label: &[u8]| derive_secret(&suite, &expected, label);
            assert_eq!(made.signature_key_secret(&suite), derive(b"Signature Key"));
            assert_eq!(made.encryption_key_secret(&suite), derive(b"Encryption Key"));
            assert_eq!(made.init_key_secret(&suite), derive(b"Init Key"));
            assert_eq!(made.path_generation_secret(&suite), derive(b"Path Generation"));
        }
    }
}

#[test]
fn refuses_a_generation_that_was_given_out() {
    let suite = suites().next().unwrap();
    let mut epoch = epoch(&suite);
    epoch.operation(&suite, 1, LeafNode, 2, b"").unwrap();
    epoch.operation(&suite, 1, LeafNode, 0, b"").unwrap();
    for generation in [0, 2] {
        let again = epoch.operation(&suite, 1, LeafNode, generation, b"");
        assert_eq!(again, Err(CryptoError::GenerationOutOfRange { generation, next: 3 }));
    }
    assert_eq!(epoch.next_operation(&suite, 1, LeafNode, b"").unwrap().generation, 3);
    // Other ratchets of the leaf are untouched.
    assert_eq!(epoch.next_operation(&suite, 1, KeyPackage, b"").unwrap().generation, 0);
}

#[test]
fn refuses_a_generation_too_far_ahead_and_keeps_its_state() {
    let suite = suites().next().unwrap();
    let mut epoch = epoch(&suite);
    for generation in [MAX_SKIPPED_OPERATIONS + 1, u32::MAX] {
        let far = epoch.operation(&suite, 1, LeafNode, generation, b"");
        assert_eq!(far, Err(CryptoError::GenerationOutOfRange { generation, next: 0 }));
    }
    assert!(epoch.operation(&suite, 1, LeafNode, MAX_SKIPPED_OPERATIONS, b"").is_ok());
    // The oldest skipped generation goes when another one is skipped.
    assert!(epoch.operation(&suite, 1, LeafNode, MAX_SKIPPED_OPERATIONS + 2, b"").is_ok());
    let next = MAX_SKIPPED_OPERATIONS + 3;
    let oldest = epoch.operation(&suite, 1, LeafNode, 0, b"");
    assert_eq!(oldest, Err(CryptoError::GenerationOutOfRange { generation: 0, next }));
    assert!(epoch.operation(&suite, 1, LeafNode, 1, b"").is_ok());
}

#[test]
fn refuses_leaves_outside_of_the_tree_and_other_numbers_of_leaves() {
    let suite = suites().next().unwrap();
    let outside = CryptoError::LeafOutOfRange { leaf: LEAVES, leaf_count: LEAVES };
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut epoch = epoch(&suite);
    assert_eq!(epoch.next_operation(&suite, LEAVES, LeafNode, b"").unwrap_err(), outside);
    assert_eq!(epoch.reuse_guard(&suite, &[0; 12], LEAVES, &mut rng).unwrap_err(), outside);
    for leaf_count in [0, 3, 7, u32::MAX] {
        let error = EmulationEpoch::new(&suite, exported(&suite), leaf_count).unwrap_err();
        assert_eq!(error, CryptoError::LeafOutOfRange { leaf: leaf_count, leaf_count });
    }
    let short = Secret::of_length([1; 31], 31).unwrap();
    assert!(matches!(EmulationEpoch::new(&suite, short, 2), Err(CryptoError::InvalidLength { .. })));
}

#[test]
fn a_tree_of_one_leaf_and_the_largest_tree_have_ratchets() {
    let suite = suites().next().unwrap();
    for (leaf_count, leaf) in [(1, 0), (1 << 31, 0), (1 << 31, (1 << 31) - 1)] {
        let mut epoch = EmulationEpoch::new(&suite, exported(&suite), leaf_count).unwrap();
        assert!(epoch.next_operation(&suite, leaf, LeafNode, b"").is_ok());
    }
}

#[test]
fn derivation_infos_open_in_their_epoch_and_for_their_leaf_node() {
    for suite in suites() {
        let mut epoch = epoch(&suite);
        let operation = epoch.operation(&suite, 5, LeafNode, 2, b"group").unwrap();
        let key = HPKEPublicKey::from(&b"a public key"[..]);
        let info = epoch.seal_derivation_info(&suite, &key, &operation).unwrap();
        let opened = epoch.open_derivation_info(&suite, &key, &info);
        assert_eq!(opened, Ok(DerivationInfoTBE { leaf_index: 5, generation: 2 }));

        // By the formulas of §6.3.
        let encryption_key = derive_secret(&suite, &exported(&suite), b"Encryption Key").unwrap();
        let context = key.to_bytes().unwrap();
        let expand = |label: &[u8], length| {
            expand_with_label(&suite, &encryption_key, label, &context, length).unwrap()
        };
        let aead_key = expand(b"key", suite.parameters().nk);
        let aead_key = mimi_crypto::AeadKey::from_secret(&suite, aead_key).unwrap();
        let nonce = expand(b"nonce", suite.parameters().nn);
        let plaintext = suite.aead_open(&aead_key, nonce.expose(), &info.epoch_id, &info.ciphertext).unwrap();
        assert_eq!(plaintext.expose(), [0, 0, 0, 5, 0, 0, 0, 2]);

        let other = HPKEPublicKey::from(&b"another public key"[..]);
        let refused = epoch.open_derivation_info(&suite, &other, &info);
        assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        let mut elsewhere = info.clone();
        elsewhere.epoch_id = "another epoch".into();
        let refused = epoch.open_derivation_info(&suite, &key, &elsewhere);
        assert_eq!(refused, Err(CryptoError::EpochMismatch));
    }
}

#[test]
fn generation_ids_follow_the_formula() {
    for suite in suites() {
        let context = PrivateMessageContext {
            group_id: "group".into(),
            epoch: 7,
            generation: 3,
            ratchet_type: RatchetType::Application,
        };
        let secret = derive_secret(&suite, &exported(&suite), b"Generation ID Secret").unwrap();
        let nh = suite.parameters().nh;
        let bytes = b"\x05group\0\0\0\0\0\0\0\x07\0\0\0\x03\x01";
        let expected = expand_with_label(&suite, &secret, b"generation id", bytes, nh).unwrap();
        assert_eq!(epoch(&suite).generation_id(&suite, &context).unwrap(), expected.expose());
    }
}

#[test]
fn reuse_guards_of_different_clients_never_meet_and_name_their_sender() {
    let suite = suites().next().unwrap();
    let epoch = epoch(&suite);
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut guards = std::collections::BTreeMap::new();
    for round in 0..500_u32 {
        let leaf = round % LEAVES;
        let guard = epoch.reuse_guard(&suite, &[9; 12], leaf, &mut rng).unwrap();
        assert_eq!(epoch.sender_of_reuse_guard(&suite, &[9; 12], guard), Ok(leaf));
        let earlier = guards.insert(guard, leaf);
        assert!(earlier.is_none_or(|earlier| earlier == leaf));
    }
}

#[test]
fn an_epoch_goes_on_from_its_state() {
    for suite in suites() {
        let mut epoch = epoch(&suite);
        epoch.operation(&suite, 5, LeafNode, 2, b"group").unwrap();
        epoch.operation(&suite, 0, KeyPackage, 0, b"").unwrap();
        let state = epoch.to_state();
        let mut copy = EmulationEpoch::from_state(&suite, &state, LEAVES).unwrap();
        assert_eq!(copy.to_state(), state);
        for (leaf, operation) in [(5, LeafNode), (0, KeyPackage), (0, Application), (6, LeafNode)] {
            let expected = epoch.next_operation(&suite, leaf, operation, b"x").unwrap();
            assert_eq!(copy.next_operation(&suite, leaf, operation, b"x").unwrap(), expected);
        }
        // What was deleted is in no state.
        let given = copy.operation(&suite, 5, LeafNode, 2, b"group");
        assert!(matches!(given, Err(CryptoError::GenerationOutOfRange { .. })));
    }
}

#[test]
fn refuses_states_that_no_tree_has() {
    let suite = suites().next().unwrap();
    let mut epoch = epoch(&suite);
    epoch.operation(&suite, 5, LeafNode, 0, b"").unwrap();
    let good = epoch.to_state();
    let refusal = |change: &dyn Fn(&mut mimi_codec::virtual_clients::EmulationEpochState)| {
        let mut state = good.clone();
        change(&mut state);
        EmulationEpoch::from_state(&suite, &state, LEAVES).map(|_| ()).unwrap_err()
    };
    let tree = CryptoError::InvalidSecretTree;
    let twice = refusal(&|state| {
        let node = state.operation_secret_tree.node_secrets[0].clone();
        state.operation_secret_tree.node_secrets.push(node);
    });
    assert_eq!(twice, tree);
    let root_again = refusal(&|state| state.operation_secret_tree.node_secrets[0].node_index = 7);
    assert_eq!(root_again, tree);
    let ratchet_twice = refusal(&|state| {
        let ratchet = state.operation_secret_tree.ratchet_states[0].clone();
        state.operation_secret_tree.ratchet_states.push(ratchet);
    });
    assert_eq!(ratchet_twice, tree);
    let below_a_node = refusal(&|state| state.operation_secret_tree.ratchet_states[0].leaf_index = 0);
    assert_eq!(below_a_node, tree);
    let of_messages = refusal(&|state| {
        state.operation_secret_tree.ratchet_states[0].ratchet = SecretTreeRatchet::Handshake {};
    });
    assert_eq!(of_messages, tree);
    let outside = refusal(&|state| state.operation_secret_tree.node_secrets[0].node_index = 16);
    assert_eq!(outside, CryptoError::LeafOutOfRange { leaf: 8, leaf_count: LEAVES });
    let short = refusal(&|state| state.reuse_guard_secret = SecretOpaque::new(&b"short"[..]));
    assert!(matches!(short, CryptoError::InvalidLength { .. }));
}
