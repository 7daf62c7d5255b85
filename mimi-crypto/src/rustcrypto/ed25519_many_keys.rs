//! Many Ed25519 signatures by many keys at once, with the verdict of the strict verification of
//! each.
//!
//! The strict check of a signature (R, s) by A over M, with k = SHA-512(R || A || M) mod l, is
//!
//! ```text
//! E = [s]B - [k]A - R = 0        over the whole curve, which has 8 l points; A, R not of small order and canonical; s < l
//! ```
//!
//! A sum of many such equations with random weights is not the same: weights are taken modulo l,
//! and points outside of the subgroup of order l can cancel each other out, so that a batch accepts
//! signatures that are refused one by one, or the other way round. So two questions are asked.
//!
//! - Has every E no part in the subgroup of order l? `[8] sum [z]E = 0` with 128-bit random z for
//!   each: if one has, the sum is 0 with a probability of 2^-128.
//! - Has every E no part among the 8 points of small order? That part of E is that of `-F`, where
//!   `F = [k mod 8]A + R`. Sums of random halves of all F are multiplied by l. If one F has such a
//!   part, each sum shows it with a probability of 1/2 at least; [`SUMS`] sums are made. Where only
//!   this question errs, the signature is by the owner of the key all the same: it is one that
//!   verification with the cofactor takes.
//!
//! What is random in it is hashed from the caller's generator and from all equations. With a
//! generator that is stuck, repeats itself, or is known to those who sign, that is still out of any
//! party's control: to find signatures that pass, they would have to try 2^128 batches.
//!
//! A batch for which either answer is no, and one that is too small to gain, has every
//! `[s]B - [k]A` computed, and compared with R's bytes: what is saved is that R is not decoded, and
//! that all results are encoded with one inversion. No chance is in that.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "points and scalars are groups: sums and products are defined for all"
)]

use alloc::vec::Vec;

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::ED25519_BASEPOINT_POINT,
    edwards::CompressedEdwardsY,
    traits::{Identity, VartimeMultiscalarMul},
};
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};

use super::curve::is_reduced;
use crate::{CryptoError, SignedMessage};

/// For fewer, sums for the second question take as long as is saved.
const SMALLEST: usize = 160;

/// More are verified in several batches, so that a signature that does not hold is searched for
/// among these only.
const LARGEST: usize = 1024;

/// How many random sums are looked at for points of small order.
const SUMS: usize = 64;

/// The verdict of `one_by_one`, the provider's `verify`, on each.
pub(super) fn verify_batch(
    signed: &[SignedMessage<'_>],
    one_by_one: impl Fn(&SignedMessage<'_>) -> Result<(), CryptoError>,
    rng: &mut dyn CryptoRng,
) -> Vec<Result<(), CryptoError>> {
    let parts = signed.len().div_ceil(LARGEST).max(1);
    let mut verdicts = Vec::with_capacity(signed.len());
    for chunk in signed.chunks(signed.len().div_ceil(parts).max(1)) {
        let equations: Vec<_> = chunk.iter().map(Equation::of).collect();
        let all: Vec<&Equation> = equations.iter().flatten().collect();
        let hold = match all.len() {
            SMALLEST.. => hold_together(&all, rng),
            _ => false,
        };
        let mut each = if hold { vec![true; all.len()] } else { hold_each(&all) }.into_iter();
        verdicts.extend(chunk.iter().zip(&equations).map(|(signed, equation)| match equation {
            Some(_) if each.next() == Some(true) => Ok(()),
            // What does not hold, or has no equation, is refused with the error that it has there.
            _ => one_by_one(signed),
        }));
    }
    verdicts
}

struct Equation {
    a: EdwardsPoint,
    r: [u8; 32],
    s: Scalar,
    k: Scalar,
}

impl Equation {
    /// The equation, if there is one.
    fn of(signed: &SignedMessage<'_>) -> Option<Self> {
        let public_key: &[u8; 32] = signed.public_key.as_slice().try_into().ok()?;
        let (r, s) = signed.signature.split_first_chunk::<32>()?;
        let s = Option::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
        let a = CompressedEdwardsY(*public_key).decompress()?;
        if !is_reduced(public_key) || a.is_small_order() {
            return None;
        }
        let hash = Sha512::new().chain_update(r).chain_update(public_key).chain_update(signed.message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        Some(Self { a, r: *r, s, k })
    }

    /// R, if it is what may stand there.
    fn r(&self) -> Option<EdwardsPoint> {
        if !is_reduced(&self.r) {
            return None;
        }
        CompressedEdwardsY(self.r).decompress().filter(|r| !r.is_small_order())
    }

    /// `[k mod 8]A + R`.
    fn small_order_part(&self, r: &EdwardsPoint) -> EdwardsPoint {
        let [low, ..] = self.k.as_bytes();
        let (mut multiple, mut sum) = (self.a, *r);
        for bit in 0..3 {
            if (low >> bit) & 1 == 1 {
                sum += multiple;
            }
            if bit < 2 {
                multiple += multiple;
            }
        }
        sum
    }
}

/// Which of them hold, each computed in full. A result whose encoding is R's bytes is R, so R's
/// order is the result's.
fn hold_each(equations: &[&Equation]) -> Vec<bool> {
    let points: Vec<_> = equations
        .iter()
        .map(|one| EdwardsPoint::vartime_double_scalar_mul_basepoint(&one.k, &-one.a, &one.s))
        .collect();
    let encoded = EdwardsPoint::compress_batch_alloc(&points);
    let results = points.iter().zip(&encoded).zip(equations);
    results.map(|((point, encoded), one)| *encoded.as_bytes() == one.r && !point.is_small_order()).collect()
}

/// Do all of them hold? No for those that do not, but for chances of 2^-128 and, for points of
/// small order, 2^-64.
fn hold_together(equations: &[&Equation], rng: &mut dyn CryptoRng) -> bool {
    let rs: Option<Vec<_>> = equations.iter().map(|equation| equation.r()).collect();
    let mut weights = Weights::of(equations, rng);
    rs.is_some_and(|rs| {
        hold_in_the_subgroup(equations, &rs, &mut weights) && hold_beside_it(equations, &rs, &mut weights)
    })
}

/// What chance decides: SHA-512(seed || counter) in a row, where the seed is SHA-512 over what the
/// generator gave and every equation.
struct Weights {
    seed: [u8; 64],
    counter: u64,
}

impl Weights {
    fn of(equations: &[&Equation], rng: &mut dyn CryptoRng) -> Self {
        let mut drawn = [0; 32];
        rng.fill_bytes(&mut drawn);
        let mut hash = Sha512::new().chain_update(drawn);
        // k is a hash of R, A and M.
        equations.iter().for_each(|one| {
            hash.update(one.k.as_bytes());
            hash.update(one.s.as_bytes());
        });
        Self { seed: hash.finalize().into(), counter: 0 }
    }

    fn fill(&mut self, output: &mut [u8]) {
        for part in output.chunks_mut(64) {
            let block = Sha512::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes());
            part.iter_mut().zip(block.finalize()).for_each(|(byte, drawn)| *byte = drawn);
            self.counter += 1;
        }
    }
}

/// Has no E a part in the subgroup of order l?
fn hold_in_the_subgroup(equations: &[&Equation], rs: &[EdwardsPoint], weights: &mut Weights) -> bool {
    let mut bytes = vec![[0; 16]; equations.len()];
    weights.fill(bytes.as_flattened_mut());
    let weights: Vec<_> = bytes.into_iter().map(|z| Scalar::from(u128::from_le_bytes(z))).collect();
    let weighted = equations.iter().zip(&weights);
    let of_base: Scalar = weighted.clone().map(|(equation, z)| -(equation.s * z)).sum();
    let scalars = core::iter::once(of_base)
        .chain(weights.iter().copied())
        .chain(weighted.map(|(equation, z)| equation.k * z));
    let points = core::iter::once(ED25519_BASEPOINT_POINT)
        .chain(rs.iter().copied())
        .chain(equations.iter().map(|equation| equation.a));
    EdwardsPoint::vartime_multiscalar_mul(scalars, points).is_small_order()
}

/// Has no E a part among the points of small order?
fn hold_beside_it(equations: &[&Equation], rs: &[EdwardsPoint], weights: &mut Weights) -> bool {
    let parts: Vec<_> = equations.iter().zip(rs).map(|(equation, r)| equation.small_order_part(r)).collect();
    // Sums are made by `bits` at a time: each point is added once, to the bucket that says in which
    // of them it is.
    let bits = if parts.len() < 256 { 4 } else { 8 };
    let mut choices = vec![0; parts.len()];
    for _ in 0..SUMS.div_ceil(bits) {
        weights.fill(&mut choices);
        let mut buckets = vec![EdwardsPoint::identity(); 1 << bits];
        for (part, choice) in parts.iter().zip(&choices) {
            let place = usize::from(*choice) & ((1 << bits) - 1);
            if let Some(bucket) = buckets.get_mut(place) {
                *bucket += part;
            }
        }
        // The upper half of the buckets makes the sum of the highest bit, and is then folded onto
        // the lower half.
        for bit in (0..bits).rev() {
            let upper = buckets.split_off(1 << bit);
            let sum: EdwardsPoint = upper.iter().sum();
            if !is_torsion_free(&sum) {
                return false;
            }
            buckets.iter_mut().zip(&upper).for_each(|(bucket, above)| *bucket += above);
        }
    }
    true
}

/// `[l]P = 0`, as `[l - 1]P = -P`: faster than the library's, which takes care not to tell the
/// point by the time.
fn is_torsion_free(point: &EdwardsPoint) -> bool {
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, point, &Scalar::ZERO) == -point
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;

    /// No signature with such an R can be made on purpose, so this is asked here.
    #[test]
    fn an_encoding_is_canonical_if_it_is_what_compression_gives() {
        let (mut canonical, mut second) = (0, 0);
        for first in 0..=255 {
            for (middle, last) in [(0xff, 0x7f), (0xff, 0xff), (0xff, 0x7e), (0, 0), (0, 0x80)] {
                let mut encoding = [middle; 32];
                (encoding[0], encoding[31]) = (first, last);
                let Some(point) = CompressedEdwardsY(encoding).decompress() else { continue };
                // The sign of x = 0 is the one way to another encoding that is left to the check of
                // the order.
                if point.is_small_order() {
                    continue;
                }
                assert_eq!(is_reduced(&encoding), point.compress().to_bytes() == encoding, "{first}");
                if is_reduced(&encoding) { canonical += 1 } else { second += 1 }
            }
        }
        assert!(canonical > 100 && second > 5, "{canonical} {second}");
    }

    #[test]
    fn points_of_small_order_are_told_from_those_of_order_l() {
        use curve25519_dalek::constants::EIGHT_TORSION;
        let base = ED25519_BASEPOINT_POINT;
        for (eighths, small) in EIGHT_TORSION.iter().enumerate() {
            assert_eq!(is_torsion_free(&(base + small)), eighths == 0);
            assert_eq!(is_torsion_free(small), eighths == 0);
        }
    }

    /// Else who knows the generator could choose an s that makes up for another.
    #[test]
    fn weights_are_of_the_generator_and_of_every_equation() {
        let weights = |seed, numbers: [u64; 4]| {
            let [first, second] = [[numbers[0], numbers[1]], [numbers[2], numbers[3]]].map(|[k, s]| {
                Equation { a: ED25519_BASEPOINT_POINT, r: [0; 32], s: Scalar::from(s), k: Scalar::from(k) }
            });
            let mut weights = [0; 100];
            Weights::of(&[&first, &second], &mut ChaCha20Rng::seed_from_u64(seed)).fill(&mut weights);
            weights
        };
        let all = [
            weights(1, [5, 6, 7, 8]),
            weights(2, [5, 6, 7, 8]),
            weights(1, [4, 6, 7, 8]),
            weights(1, [5, 4, 7, 8]),
            weights(1, [5, 6, 4, 8]),
            weights(1, [5, 6, 7, 4]),
        ];
        assert_eq!(all[0], weights(1, [5, 6, 7, 8]));
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other != one), "{place}");
            // And nothing in a row repeats.
            assert_ne!(one[..32], one[64..96]);
        }
    }

    /// One equation among many with a part of small order, whatever its order: the sums show it.
    #[test]
    fn sums_show_one_part_of_small_order_among_many() {
        use curve25519_dalek::constants::EIGHT_TORSION;
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for count in [160, 300] {
            for (eighths, small) in EIGHT_TORSION.iter().enumerate() {
                let of = |r: EdwardsPoint| Equation {
                    a: ED25519_BASEPOINT_POINT,
                    r: r.compress().to_bytes(),
                    s: Scalar::ZERO,
                    k: Scalar::from(3_u8),
                };
                let mut rs = vec![ED25519_BASEPOINT_POINT; count];
                rs[count / 2] += small;
                let equations: Vec<_> = rs.iter().map(|r| of(*r)).collect();
                let equations: Vec<_> = equations.iter().collect();
                let mut weights = Weights::of(&equations, &mut rng);
                assert_eq!(hold_beside_it(&equations, &rs, &mut weights), eighths == 0);
            }
        }
    }
}
