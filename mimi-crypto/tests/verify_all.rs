//! Many signatures by one key get the verdicts that they get alone, crafted ones too.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION},
    traits::IsIdentity,
};
use mimi_codec::{code_points::CipherSuite, mls::SignaturePublicKey};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, RustCrypto, sign_with_label, verify_all_with_label, verify_with_label,
};
use proptest::prelude::*;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha512};

const ED25519: CipherSuite = CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519;

/// A private scalar, and a public key that is its point with a component of small order.
struct Crafted {
    a: Scalar,
    public_key: EdwardsPoint,
}

impl Crafted {
    fn new(torsion: usize) -> Self {
        let a = Scalar::from_bytes_mod_order([0x42; 32]);
        Self { a, public_key: a * B + EIGHT_TORSION[torsion] }
    }

    fn bytes(&self) -> [u8; 32] {
        self.public_key.compress().to_bytes()
    }

    fn hash(&self, r: &EdwardsPoint, message: &[u8]) -> Scalar {
        let hash = Sha512::new()
            .chain_update(r.compress().as_bytes())
            .chain_update(self.bytes())
            .chain_update(message)
            .finalize();
        Scalar::from_bytes_mod_order_wide(&hash.into())
    }

    /// A signature whose R has a component of small order.
    fn sign(&self, message: &[u8], torsion: usize) -> Vec<u8> {
        let nonce = Scalar::from_bytes_mod_order_wide(&Sha512::digest(message).into());
        let r = nonce * B + EIGHT_TORSION[torsion];
        let s = nonce + self.hash(&r, message) * self.a;
        [r.compress().to_bytes(), s.to_bytes()].concat()
    }

    /// `[s]B - [k]A - R`, which is the identity for a signature that verifies.
    fn difference(&self, message: &[u8], signature: &[u8]) -> EdwardsPoint {
        let r = curve25519_dalek::edwards::CompressedEdwardsY::from_slice(&signature[..32]).unwrap();
        let r = r.decompress().unwrap();
        let s = Scalar::from_canonical_bytes(signature[32..].try_into().unwrap()).unwrap();
        s * B - self.hash(&r, message) * self.public_key - r
    }
}

/// Both ways, which agree; the verdicts.
fn verdicts(
    suite: CipherSuite,
    public_key: &SignaturePublicKey,
    signed: &[(&[u8], &[u8])],
) -> Vec<Result<(), CryptoError>> {
    let suite = RustCrypto::new(suite).unwrap();
    let together = suite.verify_all(public_key, signed);
    let alone: Vec<_> =
        signed.iter().map(|(message, signature)| suite.verify(public_key, message, signature)).collect();
    assert_eq!(together, alone);
    together
}

fn pairs<'a>(messages: &'a [Vec<u8>], signatures: &'a [Vec<u8>]) -> Vec<(&'a [u8], &'a [u8])> {
    messages.iter().map(Vec::as_slice).zip(signatures.iter().map(Vec::as_slice)).collect()
}

fn messages(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("message {number}").into_bytes()).collect()
}

#[test]
fn accepts_honest_signatures_in_every_number_and_suite() {
    for suite in [1, 2, 3, 5, 7].map(CipherSuite) {
        let provider = RustCrypto::new(suite).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let private_key = provider.generate_signature_key(&mut rng).unwrap();
        let key = provider.signing_key(&private_key).unwrap();
        let public_key = provider.signature_public_key(&key);
        let messages = messages(if suite == ED25519 { 20 } else { 10 });
        let signatures: Vec<_> =
            messages.iter().map(|message| provider.sign(&key, message, &mut rng).unwrap()).collect();
        let signed = pairs(&messages, &signatures);
        for count in [0, 1, 7, 8, 9, signed.len()] {
            assert_eq!(verdicts(suite, &public_key, &signed[..count]), vec![Ok(()); count]);
        }
        // One wrong message among them fails alone.
        let mut swapped = signed.clone();
        swapped[3].0 = b"another";
        let mut expected = vec![Ok(()); signed.len()];
        expected[3] = Err(CryptoError::InvalidSignature);
        assert_eq!(verdicts(suite, &public_key, &swapped), expected);
    }
}

/// Two signatures whose R has the component of order 2: alone they fail, and in every linear
/// combination with odd factors the two components cancel. A batch verification of that kind would
/// pass them.
#[test]
fn refuses_two_signatures_whose_small_components_cancel() {
    let crafted = Crafted::new(0);
    let messages = messages(16);
    let signatures: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| crafted.sign(message, if at < 2 { 4 } else { 0 }))
        .collect();
    let first = crafted.difference(&messages[0], &signatures[0]);
    let second = crafted.difference(&messages[1], &signatures[1]);
    assert!(!first.is_identity() && !second.is_identity());
    assert!((first * Scalar::from(12_345_u64) + second * Scalar::from(9_999_u64)).is_identity());

    let mut expected = vec![Ok(()); 16];
    expected[0] = Err(CryptoError::InvalidSignature);
    expected[1] = Err(CryptoError::InvalidSignature);
    let signed = pairs(&messages, &signatures);
    assert_eq!(verdicts(ED25519, &crafted.bytes().as_slice().into(), &signed), expected);
}

/// Every component of small order of the key beside every one of R. With the cofactor all would
/// pass.
#[test]
fn components_of_small_order_get_the_verdict_that_they_get_alone() {
    let (mut passed, mut failed) = (0, 0);
    for of_key in 0..8 {
        let crafted = Crafted::new(of_key);
        let messages = messages(16);
        let signatures: Vec<_> =
            messages.iter().enumerate().map(|(at, message)| crafted.sign(message, at % 8)).collect();
        let signed = pairs(&messages, &signatures);
        for ((message, signature), verdict) in
            signed.iter().zip(verdicts(ED25519, &crafted.bytes().as_slice().into(), &signed))
        {
            let difference = crafted.difference(message, signature);
            assert!((difference * Scalar::from(8_u64)).is_identity());
            assert_eq!(verdict.is_ok(), difference.is_identity());
            if verdict.is_ok() { passed += 1 } else { failed += 1 }
        }
    }
    assert!(passed > 8 && failed > 60, "{passed} {failed}");
}

#[test]
fn refuses_keys_and_signatures_that_are_none_for_each_of_them() {
    let crafted = Crafted::new(0);
    let messages = messages(16);
    let honest: Vec<_> = messages.iter().map(|message| crafted.sign(message, 0)).collect();
    let public_key = crafted.bytes().as_slice().into();

    let mut signatures = honest.clone();
    signatures[0].pop();
    signatures[1].push(0);
    signatures[2].clear();
    // s + l is the same number modulo l.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, add) in signatures[3][32..].iter_mut().zip(&order) {
        let sum = u16::from(*byte) + u16::from(*add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    // R of small order, alone and with s = 0.
    let identity = EIGHT_TORSION[0].compress().to_bytes();
    signatures[4][..32].copy_from_slice(&identity);
    signatures[5] = [identity, [0; 32]].concat();
    // R that is no point, and one that is not written in the canonical way: y = p + 1.
    signatures[6][..32].copy_from_slice(&[0xff; 32]);
    signatures[7][..32].copy_from_slice(
        &hex::decode("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f").unwrap(),
    );
    let found = verdicts(ED25519, &public_key, &pairs(&messages, &signatures));
    for verdict in &found[..3] {
        assert_eq!(verdict, &Err(CryptoError::MalformedSignature));
    }
    for verdict in &found[3..8] {
        assert_eq!(verdict, &Err(CryptoError::InvalidSignature));
    }
    assert_eq!(found[8..], vec![Ok(()); 8]);

    let signed = pairs(&messages, &honest);
    let invalid = vec![Err(CryptoError::InvalidKey { what: "signature public key" }); 16];
    for torsion in EIGHT_TORSION {
        let key = torsion.compress().to_bytes().as_slice().into();
        assert_eq!(verdicts(ED25519, &key, &signed), invalid);
    }
    let no_point = hex::decode("0200000000000000000000000000000000000000000000000000000000000000").unwrap();
    assert_eq!(verdicts(ED25519, &no_point.into(), &signed), invalid);
    let (expected, actual) = (32, 31);
    let what = "signature public key";
    let short = vec![Err(CryptoError::InvalidLength { what, expected, actual }); 16];
    assert_eq!(verdicts(ED25519, &crafted.bytes()[..31].into(), &signed), short);
}

/// R of small order that satisfies the equation: a key of full order, and `k` is what it is.
/// Strictness alone refuses it.
#[test]
fn refuses_an_r_of_small_order_that_satisfies_the_equation() {
    let crafted = Crafted::new(0);
    let messages = messages(8);
    let signatures: Vec<_> = messages
        .iter()
        .map(|message| {
            let r = EIGHT_TORSION[0];
            let s = crafted.hash(&r, message) * crafted.a;
            [r.compress().to_bytes(), s.to_bytes()].concat()
        })
        .collect();
    let signed = pairs(&messages, &signatures);
    assert!(crafted.difference(&messages[0], &signatures[0]).is_identity());
    assert_eq!(
        verdicts(ED25519, &crafted.bytes().as_slice().into(), &signed),
        vec![Err(CryptoError::InvalidSignature); 8]
    );
}

#[test]
fn labels_count_for_each() {
    let suite = RustCrypto::new(ED25519).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
    let public_key = suite.signature_public_key(&key);
    let contents = messages(9);
    let signatures: Vec<_> = contents
        .iter()
        .map(|content| sign_with_label(&suite, &key, b"one", content, &mut rng).unwrap())
        .collect();
    let signed = pairs(&contents, &signatures);
    assert_eq!(verify_all_with_label(&suite, &public_key, b"one", &signed), vec![Ok(()); 9]);
    assert_eq!(
        verify_all_with_label(&suite, &public_key, b"two", &signed),
        vec![Err(CryptoError::InvalidSignature); 9]
    );
    assert_eq!(verify_with_label(&suite, &public_key, b"one", &contents[0], &signatures[0]), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_gets_the_verdicts_that_it_gets_alone(
        of_key in 0_usize..8,
        parts in prop::collection::vec((any::<[u8; 8]>(), 0_usize..8, prop::option::weighted(0.3, (0_usize..64, 1_u8..))), 8..20),
    ) {
        let crafted = Crafted::new(of_key);
        let messages: Vec<_> = parts.iter().map(|(message, ..)| message.to_vec()).collect();
        let signatures: Vec<_> = parts.iter().map(|(message, torsion, flip)| {
            let mut signature = crafted.sign(message, *torsion);
            if let Some((at, mask)) = flip {
                signature[*at] ^= mask;
            }
            signature
        }).collect();
        verdicts(ED25519, &crafted.bytes().as_slice().into(), &pairs(&messages, &signatures));
    }
}
