//! Many signatures verified together: the verdicts are those of one by one, above all where
//! Ed25519's batch equation would say otherwise.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

use std::convert::Infallible;

use curve25519_dalek::{EdwardsPoint, Scalar, constants::ED25519_BASEPOINT_TABLE, constants::EIGHT_TORSION};
use mimi_codec::{code_points::CipherSuite, mls::SignaturePublicKey};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, LabelledSignature, RustCrypto, SignedMessage, sign_with_label,
    verify_batch_with_label, verify_with_label,
};
use proptest::prelude::*;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use sha2::{Digest, Sha512};

#[derive(Clone)]
struct Signed {
    public_key: SignaturePublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

fn suite() -> RustCrypto {
    RustCrypto::new(CipherSuite(1)).unwrap()
}

fn honest(suite: &RustCrypto, number: u64, rng: &mut ChaCha20Rng) -> Signed {
    let key = suite.signing_key(&suite.generate_signature_key(rng).unwrap()).unwrap();
    let message = number.to_be_bytes().to_vec();
    let signature = suite.sign(&key, &message, rng).unwrap();
    Signed { public_key: suite.signature_public_key(&key), message, signature }
}

/// A signature by the owner of a key with a part of small order, `a` eighths of it, and `r` eighths
/// in `R`. The equation holds but for the points of small order; there it holds by chance.
fn crooked(a: usize, r: usize, number: u64, rng: &mut ChaCha20Rng) -> Signed {
    let nonce = scalar(rng);
    signed_with(nonce, a, r, number, rng)
}

fn scalar(rng: &mut ChaCha20Rng) -> Scalar {
    let mut bytes = [0; 64];
    rng.fill_bytes(&mut bytes);
    Scalar::from_bytes_mod_order_wide(&bytes)
}

fn signed_with(nonce: Scalar, a: usize, r: usize, number: u64, rng: &mut ChaCha20Rng) -> Signed {
    let secret = scalar(rng);
    let point = |scalar: &Scalar, eighths: usize| -> EdwardsPoint {
        scalar * ED25519_BASEPOINT_TABLE + EIGHT_TORSION[eighths]
    };
    let public_key = point(&secret, a).compress().to_bytes();
    let commitment = point(&nonce, r).compress().to_bytes();
    let message = number.to_be_bytes().to_vec();
    let hash = Sha512::new().chain_update(commitment).chain_update(public_key).chain_update(&message);
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let signature = [commitment, (nonce + k * secret).to_bytes()].concat();
    Signed { public_key: SignaturePublicKey::new(public_key), message, signature }
}

/// The verdicts of the batch, after they were found to be those of one by one.
fn verdicts(suite: &RustCrypto, signed: &[Signed], rng: &mut dyn CryptoRng) -> Vec<Result<(), CryptoError>> {
    let borrowed: Vec<_> = signed
        .iter()
        .map(|Signed { public_key, message, signature }| SignedMessage { public_key, message, signature })
        .collect();
    let batch = suite.verify_batch(&borrowed, rng);
    let one_by_one: Vec<_> =
        borrowed.iter().map(|one| suite.verify(one.public_key, one.message, one.signature)).collect();
    assert_eq!(batch, one_by_one);
    batch
}

#[test]
fn accepts_honest_signatures_in_every_number_and_suite() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for number in RustCrypto::CIPHER_SUITES {
        let suite = RustCrypto::new(number).unwrap();
        let is_ed25519 = suite.parameters().signature_public_key == 32;
        let most = if is_ed25519 { 260 } else { 3 };
        let signed: Vec<_> = (0..most).map(|number| honest(&suite, number, &mut rng)).collect();
        for count in [0, 1, 2, 3, 159, 160, 161, 256, 260] {
            let signed = &signed[..count.min(signed.len())];
            assert!(verdicts(&suite, signed, &mut rng).iter().all(Result::is_ok));
        }
    }
}

#[test]
fn accepts_all_but_the_bad_ones_across_several_batches() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let suite = suite();
    let mut signed: Vec<_> = (0..2100).map(|number| honest(&suite, number, &mut rng)).collect();
    signed[1500].message.push(0);
    let verdicts = verdicts(&suite, &signed, &mut rng);
    assert_eq!(verdicts[1500], Err(CryptoError::InvalidSignature));
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 2099);
}

#[test]
fn refuses_pairs_whose_points_of_small_order_cancel_each_other_out() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let suite = suite();
    let honest: Vec<_> = (0..170).map(|number| honest(&suite, number, &mut rng)).collect();
    for (first, second) in [(4, 4), (2, 6), (1, 7), (2, 2)] {
        let mut signed = honest.clone();
        signed[10] = crooked(0, first, 10, &mut rng);
        signed[160] = crooked(0, second, 160, &mut rng);
        let verdicts = verdicts(&suite, &signed, &mut rng);
        assert_eq!(verdicts[10], Err(CryptoError::InvalidSignature));
        assert_eq!(verdicts[160], Err(CryptoError::InvalidSignature));
        assert_eq!(verdicts.iter().filter(|verdict| verdict.is_err()).count(), 2);
    }
}

#[test]
fn judges_keys_with_a_part_of_small_order_as_one_by_one() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let suite = suite();
    let honest: Vec<_> = (0..170).map(|number| honest(&suite, number, &mut rng)).collect();
    let (mut accepted, mut refused) = (0, 0);
    for number in 0..64 {
        let (a, r) = ((number % 8) as usize, (number / 8 % 8) as usize);
        // Every other time too few for a batch.
        let mut signed = honest[..if number % 2 == 0 { 100 } else { 170 }].to_vec();
        signed[31] = crooked(a, r, number, &mut rng);
        match &verdicts(&suite, &signed, &mut rng)[31] {
            Ok(()) => accepted += 1,
            Err(error) => {
                assert_eq!(*error, CryptoError::InvalidSignature);
                refused += 1;
            }
        }
    }
    // Both happen: the strict verification takes a key with a part of small order if k happens to
    // cancel it out.
    assert!(accepted > 3 && refused > 30, "{accepted} {refused}");
}

#[test]
fn refuses_each_malformed_signature_and_key_with_its_own_error() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let suite = suite();
    let honest: Vec<_> = (0..170).map(|number| honest(&suite, number, &mut rng)).collect();
    let small = EIGHT_TORSION[1].compress().to_bytes();
    // y = p + 3, which is a point of the curve written in a second way.
    let mut second_way = [0xff; 32];
    (second_way[0], second_way[31]) = (0xed + 3, 0x7f);
    let l_minus_1 = (-Scalar::ONE).to_bytes();
    type Damage = Box<dyn Fn(&mut Signed)>;
    let damages: Vec<(Damage, CryptoError)> = vec![
        (Box::new(|one| one.signature.truncate(63)), CryptoError::MalformedSignature),
        (Box::new(|one| one.signature.push(0)), CryptoError::MalformedSignature),
        (Box::new(|one| one.signature.clear()), CryptoError::MalformedSignature),
        (Box::new(|one| one.signature[63] |= 0xf0), CryptoError::InvalidSignature),
        (Box::new(|one| one.signature[40] ^= 1), CryptoError::InvalidSignature),
        (Box::new(move |one| one.signature[..32].copy_from_slice(&small)), CryptoError::InvalidSignature),
        (
            Box::new(move |one| one.signature[..32].copy_from_slice(&second_way)),
            CryptoError::InvalidSignature,
        ),
        (Box::new(move |one| one.signature[32..].copy_from_slice(&l_minus_1)), CryptoError::InvalidSignature),
        (
            Box::new(move |one| one.public_key = SignaturePublicKey::new(small)),
            CryptoError::InvalidKey { what: "signature public key" },
        ),
        (
            Box::new(|one| one.public_key = SignaturePublicKey::new([7; 31])),
            CryptoError::InvalidLength { what: "signature public key", expected: 32, actual: 31 },
        ),
    ];
    for (damage, error) in damages {
        let mut signed = honest.clone();
        damage(&mut signed[5]);
        let verdicts = verdicts(&suite, &signed, &mut rng);
        assert_eq!(verdicts[5], Err(error));
        assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 169);
    }
}

/// Under a key of small order, anybody finds signatures whose equation holds, for any message.
#[test]
fn refuses_keys_of_small_order_whose_equation_holds() {
    let mut rng = ChaCha20Rng::seed_from_u64(10);
    let suite = suite();
    let honest: Vec<_> = (0..170).map(|number| honest(&suite, number, &mut rng)).collect();
    for count in [100, 170] {
        for key in EIGHT_TORSION {
            let public_key = key.compress().to_bytes();
            let message = b"never signed".to_vec();
            // R = [s]B - [k]A, where k is a hash of R: right for one in eight tries at least.
            let signature = loop {
                let s = scalar(&mut rng);
                let commitment = (&s * ED25519_BASEPOINT_TABLE).compress().to_bytes();
                let hash =
                    Sha512::new().chain_update(commitment).chain_update(public_key).chain_update(&message);
                let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
                if k.as_bytes()[0].trailing_zeros() >= 3 {
                    break [commitment, s.to_bytes()].concat();
                }
            };
            let mut signed = honest[..count].to_vec();
            signed[7] = Signed { public_key: SignaturePublicKey::new(public_key), message, signature };
            let verdicts = verdicts(&suite, &signed, &mut rng);
            assert_eq!(verdicts[7], Err(CryptoError::InvalidKey { what: "signature public key" }));
            assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), count - 1);
        }
    }
}

#[test]
fn refuses_an_r_of_small_order_whose_equation_holds() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let suite = suite();
    let honest: Vec<_> = (0..170).map(|number| honest(&suite, number, &mut rng)).collect();
    // By one too small for a batch too, which is computed in another way.
    for count in [100, 170] {
        let mut signed = honest[..count].to_vec();
        signed[3] = signed_with(Scalar::ZERO, 0, 0, 3, &mut rng);
        let verdicts = verdicts(&suite, &signed, &mut rng);
        assert_eq!(verdicts[3], Err(CryptoError::InvalidSignature));
        assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), count - 1);
    }
}

/// A generator that gives one byte again and again.
struct Stuck(u8);

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        output.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}

#[test]
fn refuses_forgeries_whatever_the_generator() {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let suite = suite();
    let honest: Vec<_> = (0..170).map(|number| honest(&suite, number, &mut rng)).collect();
    let mut signed = honest.clone();
    signed[5].message = b"never signed".to_vec();
    for byte in [0, 1, 0x80, 0xff] {
        let verdicts = verdicts(&suite, &signed, &mut Stuck(byte));
        assert_eq!(verdicts[5], Err(CryptoError::InvalidSignature));
    }

    // Two signers who know what the generator gives, and let their errors cancel each other out
    // under its first 16 bytes each.
    let mut known = [[0; 16]; 170];
    ChaCha20Rng::seed_from_u64(9).fill_bytes(known.as_flattened_mut());
    let weight = |place: usize| Scalar::from(u128::from_le_bytes(known[place]));
    let mut signed = honest;
    for (place, error) in [(10, weight(20)), (20, -weight(10))] {
        let s = Scalar::from_canonical_bytes(signed[place].signature[32..].try_into().unwrap()).unwrap();
        signed[place].signature[32..].copy_from_slice(&(s + error).to_bytes());
    }
    let verdicts = verdicts(&suite, &signed, &mut ChaCha20Rng::seed_from_u64(9));
    assert_eq!(verdicts[10], Err(CryptoError::InvalidSignature));
    assert_eq!(verdicts[20], Err(CryptoError::InvalidSignature));
}

#[test]
fn labels_are_part_of_what_a_batch_verifies() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    for number in [CipherSuite(1), CipherSuite(2)] {
        let suite = RustCrypto::new(number).unwrap();
        let key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let public_key = suite.signature_public_key(&key);
        let signatures: Vec<_> = (0..170_u8)
            .map(|content| sign_with_label(&suite, &key, b"a label", &[content], &mut rng).unwrap())
            .collect();
        let contents: Vec<_> = (0..170_u8).map(|content| [content]).collect();
        let signed: Vec<_> = signatures
            .iter()
            .zip(&contents)
            .map(|(signature, content)| LabelledSignature { public_key: &public_key, content, signature })
            .collect();
        let all = verify_batch_with_label(&suite, b"a label", &signed, &mut rng);
        assert_eq!(all, vec![Ok(()); 170]);
        let none = verify_batch_with_label(&suite, b"another", &signed, &mut rng);
        assert_eq!(none, vec![Err(CryptoError::InvalidSignature); 170]);
        assert!(verify_with_label(&suite, &public_key, b"a label", &[3], &signatures[3]).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Honest, damaged and crooked signatures in any mixture.
    #[test]
    fn gives_the_verdicts_of_one_by_one(
        seed: u64,
        kinds in proptest::collection::vec(0..80_u8, 130..200),
    ) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let suite = suite();
        let signed: Vec<_> = kinds
            .iter()
            .zip(0..)
            .map(|(kind, number)| match kind {
                0 => crooked(rng.next_u32() as usize % 8, rng.next_u32() as usize % 8, number, &mut rng),
                1 => {
                    let mut one = honest(&suite, number, &mut rng);
                    let at = rng.next_u32() as usize % 64;
                    one.signature[at] ^= 1 << (rng.next_u32() % 8);
                    one
                }
                _ => honest(&suite, number, &mut rng),
            })
            .collect();
        verdicts(&suite, &signed, &mut rng);
    }
}
