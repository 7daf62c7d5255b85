//! Known answers of RFCs and NIST for the primitives (`data/rfc-known-answers.json` names them).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use core::convert::Infallible;

use mimi_codec::{
    code_points::CipherSuite,
    mls::{HPKECiphertext, SignaturePublicKey},
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, Secret, SignaturePrivateKey,
};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

/// Gives out these bytes, each once, and panics when asked for more.
struct Script(Vec<u8>);

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("asked for an integer")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("asked for an integer")
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        let rest = self.0.split_off(output.len());
        output.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Script {}

/// The cases of one algorithm, of which there are so many.
fn cases(algorithm: &str, count: usize) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("data/rfc-known-answers.json")).unwrap();
    let cases = file[algorithm]["cases"].as_array().unwrap().clone();
    assert_eq!(cases.len(), count);
    cases
}

fn bytes(case: &Value, member: &str) -> Vec<u8> {
    hex::decode(case[member].as_str().unwrap_or_else(|| panic!("{member}"))).unwrap()
}

fn suite(case: &Value) -> RustCrypto {
    let number = u16::try_from(case["cipher_suite"].as_u64().unwrap()).unwrap();
    RustCrypto::new(CipherSuite(number)).unwrap()
}

fn secret(bytes: Vec<u8>) -> Secret {
    let length = bytes.len();
    Secret::of_length(bytes, length).unwrap()
}

/// HMAC takes every key; a salt of KDF.Nh bytes is what it makes of a shorter or longer one (RFC
/// 2104 §2).
fn salt(suite: &RustCrypto, bytes: Vec<u8>) -> Secret {
    let nh = suite.parameters().nh;
    let mut salt = if bytes.len() > 64 { suite.hash(&[&bytes]) } else { bytes };
    assert!(salt.len() <= nh);
    salt.resize(nh, 0);
    Secret::new(suite, salt).unwrap()
}

#[test]
fn ed25519_is_rfc8032() {
    for number in [1, 3] {
        let suite = RustCrypto::new(CipherSuite(number)).unwrap();
        for case in cases("ed25519", 4) {
            let (message, signature) = (bytes(&case, "message"), bytes(&case, "signature"));
            let key =
                suite.signing_key(&SignaturePrivateKey::new(&suite, bytes(&case, "seed")).unwrap()).unwrap();
            let public_key = suite.signature_public_key(&key);
            assert_eq!(&*public_key, bytes(&case, "public"));
            // Not a byte of randomness.
            assert_eq!(suite.sign(&key, &message, &mut Script(vec![])).unwrap(), signature);
            assert_eq!(suite.verify(&public_key, &message, &signature), Ok(()));
        }
    }
}

#[test]
fn ecdsa_is_rfc6979_with_additional_data() {
    for case in cases("ecdsa", 6) {
        let suite = suite(&case);
        let (message, signature) = (bytes(&case, "message"), bytes(&case, "signature"));
        let public_key = SignaturePublicKey::from(bytes(&case, "public"));
        let private_key = SignaturePrivateKey::new(&suite, bytes(&case, "private")).unwrap();
        let key = suite.signing_key(&private_key).unwrap();
        assert_eq!(suite.signature_public_key(&key), public_key);
        assert_eq!(suite.verify(&public_key, &message, &signature), Ok(()));
        let other = [&message[..], b"!"].concat();
        assert_eq!(suite.verify(&public_key, &other, &signature), Err(CryptoError::InvalidSignature));

        // RFC 6979 §3.6: k depends on the message, the key, and what the caller's generator gave.
        let mut script = Script(bytes(&case, "additional_data"));
        let own = suite.sign(&key, &message, &mut script).unwrap();
        assert_eq!(own, bytes(&case, "hedged_signature"));
        assert!(script.0.is_empty(), "all of it is used");
    }
}

#[test]
fn hmac_is_rfc4231() {
    for case in cases("hmac", 18) {
        let (suite, key, message) = (suite(&case), secret(bytes(&case, "key")), bytes(&case, "message"));
        let (start, end) = message.split_at(message.len() / 2);
        let tag = bytes(&case, "tag");
        assert_eq!(&*suite.mac(&key, &[start, end]).unwrap(), tag);
        assert_eq!(suite.verify_mac(&key, &[&message], &tag), Ok(()));
    }
}

#[test]
fn hkdf_is_rfc5869() {
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    for case in cases("hkdf", 3) {
        let salt = salt(&suite, bytes(&case, "salt"));
        let prk = suite.extract(&salt, &secret(bytes(&case, "ikm"))).unwrap();
        assert_eq!(prk.expose(), bytes(&case, "prk"));
        let length = u16::try_from(case["length"].as_u64().unwrap()).unwrap();
        let okm = suite.expand(&prk, &bytes(&case, "info"), length).unwrap();
        assert_eq!(okm.expose(), bytes(&case, "okm"));
    }
}

#[test]
fn aes_gcm_and_chacha20_poly1305_are_nists_and_rfc8439() {
    let mut refused = 0;
    for case in cases("aes_gcm", 100).into_iter().chain(cases("chacha20_poly1305", 1)) {
        let suite = suite(&case);
        let key = AeadKey::new(&suite, bytes(&case, "key")).unwrap();
        let (nonce, aad, ciphertext) =
            (bytes(&case, "nonce"), bytes(&case, "aad"), bytes(&case, "ciphertext"));
        let opened = suite.aead_open(&key, &nonce, &aad, &ciphertext);
        if case["plaintext"].is_null() {
            assert_eq!(opened, Err(CryptoError::DecryptionFailed));
            refused += 1;
            continue;
        }
        let plaintext = bytes(&case, "plaintext");
        assert_eq!(opened.unwrap().expose(), plaintext);
        assert_eq!(suite.aead_seal(&key, &nonce, &aad, &plaintext).unwrap(), ciphertext);
    }
    assert_eq!(refused, 50);
}

#[test]
fn hpke_is_rfc9180() {
    for case in cases("hpke", 5) {
        let suite = suite(&case);
        let (private_key, public_key) = suite.derive_hpke_key_pair(&secret(bytes(&case, "ikm_r"))).unwrap();
        assert_eq!(private_key.expose(), bytes(&case, "private"));
        assert_eq!(&*public_key, bytes(&case, "public"));
        let (info, aad, plaintext) = (bytes(&case, "info"), bytes(&case, "aad"), bytes(&case, "plaintext"));
        let mut script = Script(bytes(&case, "ikm_e"));
        let sealed = suite.hpke_seal(&public_key, &info, &aad, &plaintext, &mut script).unwrap();
        assert!(script.0.is_empty(), "all of it is used");
        let expected = HPKECiphertext {
            kem_output: bytes(&case, "kem_output").into(),
            ciphertext: bytes(&case, "ciphertext").into(),
        };
        assert_eq!(sealed, expected);
        let private_key = HpkePrivateKey::new(&suite, bytes(&case, "private")).unwrap();
        assert_eq!(suite.hpke_open(&private_key, &sealed, &info, &aad).unwrap().expose(), plaintext);
    }
}
