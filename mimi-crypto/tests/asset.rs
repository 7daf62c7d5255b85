//! Assets: opened only when hash and AEAD say that they are the ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use mimi_codec::code_points::CipherSuite;
use mimi_crypto::{AeadKey, AssetProtection, CipherSuiteProvider, CryptoError, RustCrypto, open_asset};

fn suite() -> RustCrypto {
    RustCrypto::new(CipherSuite(1)).unwrap()
}

const ASSET: &[u8] = b"\x89PNG and so on";

/// An encrypted asset with its hash.
fn uploaded() -> (Vec<u8>, Vec<u8>) {
    let key = AeadKey::new(&suite(), [5; 16]).unwrap();
    let sealed = suite().aead_seal(&key, &[6; 12], b"aad", ASSET).unwrap();
    let hash = suite().hash(&[&sealed]);
    (sealed, hash)
}

fn protection(content_hash: &[u8]) -> AssetProtection<'_> {
    AssetProtection {
        enc_alg: AssetProtection::AES_128_GCM,
        key: &[5; 16],
        nonce: &[6; 12],
        aad: b"aad",
        hash_alg: AssetProtection::SHA_256,
        content_hash,
    }
}

#[test]
fn accepts_what_the_message_means() {
    let (sealed, hash) = uploaded();
    for number in [1, 2] {
        let suite = RustCrypto::new(CipherSuite(number)).unwrap();
        assert_eq!(open_asset(&suite, &protection(&hash), &sealed).unwrap().expose(), ASSET);
    }
    // Not encrypted: the hash alone.
    let hash = suite().hash(&[ASSET]);
    let public = AssetProtection { enc_alg: 0, key: &[], nonce: &[], aad: &[], ..protection(&hash) };
    assert_eq!(open_asset(&suite(), &public, ASSET).unwrap().expose(), ASSET);
}

#[test]
fn refuses_other_bytes_before_it_opens_them() {
    let (sealed, hash) = uploaded();
    let mut changed = sealed.clone();
    changed[0] ^= 1;
    for downloaded in [&changed[..], &sealed[1..], b"", ASSET] {
        let refused = open_asset(&suite(), &protection(&hash), downloaded);
        assert_eq!(refused, Err(CryptoError::ContentHashMismatch));
    }
    // The hash is that of what lies there, not of what is in it.
    let of_plaintext = suite().hash(&[ASSET]);
    let refused = open_asset(&suite(), &protection(&of_plaintext), &sealed);
    assert_eq!(refused, Err(CryptoError::ContentHashMismatch));
}

#[test]
fn refuses_another_key_nonce_or_aad() {
    let (sealed, hash) = uploaded();
    let right = protection(&hash);
    for wrong in [
        AssetProtection { key: &[4; 16], ..right },
        AssetProtection { nonce: &[4; 12], ..right },
        AssetProtection { aad: b"", ..right },
    ] {
        assert_eq!(open_asset(&suite(), &wrong, &sealed), Err(CryptoError::DecryptionFailed));
    }
}

#[test]
fn refuses_other_lengths() {
    let (sealed, hash) = uploaded();
    let right = protection(&hash);
    let public = AssetProtection { enc_alg: 0, key: &[], nonce: &[], aad: &[], ..right };
    for (wrong, what, expected, actual) in [
        (AssetProtection { content_hash: &hash[1..], ..right }, "contentHash", 32, 31),
        (AssetProtection { content_hash: &[], ..right }, "contentHash", 32, 0),
        (AssetProtection { key: &[5; 32], ..right }, "AEAD key", 16, 32),
        (AssetProtection { nonce: &[6; 16], ..right }, "AEAD nonce", 12, 16),
        (AssetProtection { key: &[5; 16], ..public }, "key", 0, 16),
        (AssetProtection { nonce: &[6; 12], ..public }, "nonce", 0, 12),
        (AssetProtection { aad: b"aad", ..public }, "aad", 0, 3),
    ] {
        let refused = open_asset(&suite(), &wrong, &sealed);
        assert_eq!(refused, Err(CryptoError::InvalidLength { what, expected, actual }));
    }
}

#[test]
fn refuses_algorithms_that_are_not_these() {
    let (sealed, hash) = uploaded();
    let right = protection(&hash);
    let unsupported = |what, number| Err(CryptoError::UnsupportedAlgorithm { what, number });
    let other = AssetProtection { enc_alg: 2, ..right };
    assert_eq!(open_asset(&suite(), &other, &sealed), unsupported("encAlg", 2));
    let other = AssetProtection { hash_alg: 7, ..right };
    assert_eq!(open_asset(&suite(), &other, &sealed), unsupported("hashAlg", 7));
    for number in [3, 5, 7] {
        let suite = RustCrypto::new(CipherSuite(number)).unwrap();
        assert_eq!(open_asset(&suite, &right, &sealed), unsupported("cipher suite", number));
    }
}

#[test]
fn its_key_is_not_shown() {
    let (_, hash) = uploaded();
    assert_eq!(format!("{:?}", protection(&hash)), "AssetProtection { enc_alg: 1, hash_alg: 1, .. }");
}
