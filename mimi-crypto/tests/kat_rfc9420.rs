//! The MLS working group's vectors for the labelled operations (mlswg/mls-implementations,
//! `crypto-basics`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_codec::{
    code_points::CipherSuite,
    mls::{HPKECiphertext, HPKEPublicKey, SignaturePublicKey},
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, Secret, SignaturePrivateKey,
    decrypt_with_label, derive_secret, derive_tree_secret, encrypt_with_label, expand_with_label, ref_hash,
    sign_with_label, verify_with_label,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::Value;

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn text(value: &Value) -> &[u8] {
    value.as_str().unwrap().as_bytes()
}

fn length(value: &Value) -> usize {
    value.as_u64().unwrap().try_into().unwrap()
}

/// Each suite of [`RustCrypto`] with its case.
fn cases() -> Vec<(RustCrypto, Value)> {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/mls-crypto-basics.json")).unwrap();
    let cases: Vec<_> = cases
        .into_iter()
        .filter_map(|case| {
            let number = u16::try_from(case["cipher_suite"].as_u64().unwrap()).unwrap();
            RustCrypto::new(CipherSuite(number)).ok().map(|suite| (suite, case))
        })
        .collect();
    assert_eq!(cases.len(), RustCrypto::CLASSICAL_CIPHER_SUITES.len());
    cases
}

#[test]
fn ref_hash_matches() {
    for (suite, case) in cases() {
        let case = &case["ref_hash"];
        assert_eq!(
            &*ref_hash(&suite, text(&case["label"]), &bytes(&case["value"])).unwrap(),
            bytes(&case["out"])
        );
    }
}

#[test]
fn expand_with_label_matches() {
    for (suite, case) in cases() {
        let case = &case["expand_with_label"];
        let secret = Secret::new(&suite, bytes(&case["secret"])).unwrap();
        let (label, context) = (text(&case["label"]), bytes(&case["context"]));
        let out = expand_with_label(&suite, &secret, label, &context, length(&case["length"])).unwrap();
        assert_eq!(out.expose(), bytes(&case["out"]));
    }
}

#[test]
fn derive_secret_matches() {
    for (suite, case) in cases() {
        let case = &case["derive_secret"];
        let secret = Secret::new(&suite, bytes(&case["secret"])).unwrap();
        assert_eq!(
            derive_secret(&suite, &secret, text(&case["label"])).unwrap().expose(),
            bytes(&case["out"])
        );
    }
}

#[test]
fn derive_tree_secret_matches() {
    for (suite, case) in cases() {
        let case = &case["derive_tree_secret"];
        let secret = Secret::new(&suite, bytes(&case["secret"])).unwrap();
        let generation = u32::try_from(case["generation"].as_u64().unwrap()).unwrap();
        let label = text(&case["label"]);
        let out = derive_tree_secret(&suite, &secret, label, generation, length(&case["length"])).unwrap();
        assert_eq!(out.expose(), bytes(&case["out"]));
    }
}

#[test]
fn sign_with_label_matches() {
    for (suite, case) in cases() {
        let number = suite.parameters().cipher_suite.value();
        let case = &case["sign_with_label"];
        let (label, content, signature) =
            (text(&case["label"]), bytes(&case["content"]), bytes(&case["signature"]));
        let public_key = SignaturePublicKey::from(bytes(&case["pub"]));
        verify_with_label(&suite, &public_key, label, &content, &signature).unwrap();
        let other = verify_with_label(&suite, &public_key, b"other", &content, &signature);
        assert_eq!(other, Err(CryptoError::InvalidSignature));

        let private_key = SignaturePrivateKey::new(&suite, bytes(&case["priv"])).unwrap();
        let signing_key = suite.signing_key(&private_key).unwrap();
        assert_eq!(suite.signature_public_key(&signing_key), public_key);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let own = sign_with_label(&suite, &signing_key, label, &content, &mut rng).unwrap();
        verify_with_label(&suite, &public_key, label, &content, &own).unwrap();
        if matches!(number, 1 | 3) {
            assert_eq!(own, signature, "Ed25519 is deterministic");
        }
    }
}

#[test]
fn encrypt_with_label_matches() {
    for (suite, case) in cases() {
        let case = &case["encrypt_with_label"];
        let (label, context, plaintext) =
            (text(&case["label"]), bytes(&case["context"]), bytes(&case["plaintext"]));
        let private_key = HpkePrivateKey::new(&suite, bytes(&case["priv"])).unwrap();
        let public_key = HPKEPublicKey::from(bytes(&case["pub"]));
        let ciphertext = HPKECiphertext {
            kem_output: bytes(&case["kem_output"]).into(),
            ciphertext: bytes(&case["ciphertext"]).into(),
        };
        let opened = decrypt_with_label(&suite, &private_key, label, &context, &ciphertext).unwrap();
        assert_eq!(opened.expose(), plaintext);
        for (label, context) in [(&b"other"[..], &context[..]), (label, b"other")] {
            let refused = decrypt_with_label(&suite, &private_key, label, context, &ciphertext);
            assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        }

        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let own = encrypt_with_label(&suite, &public_key, label, &context, &plaintext, &mut rng).unwrap();
        let opened = decrypt_with_label(&suite, &private_key, label, &context, &own).unwrap();
        assert_eq!(opened.expose(), plaintext);
    }
}

#[test]
fn refuses_suites_without_a_provider() {
    for number in [0, 4, 6, 8, 0x0a0a, 0xf001] {
        let suite = CipherSuite(number);
        assert_eq!(RustCrypto::new(suite).unwrap_err(), CryptoError::UnsupportedCipherSuite(suite));
    }
}
