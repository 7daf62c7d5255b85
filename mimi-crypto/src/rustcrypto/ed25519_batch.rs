//! Many Ed25519 signatures at once, with the verdict of the strict verification of each.
//!
//! The strict check of a signature (R, s) by A over M, with k = SHA-512(R || A || M) mod l, is
//!
//! ```text
//! E = [s]B - [k]A - R = 0        over the whole curve, which has 8 l points; A, R not of small order; s < l; R canonical
//! ```
//!
//! A sum of many such equations with random weights isn't the same: weights are taken modulo l, and points outside of the subgroup of order l can cancel
//! each other out, so that a batch accepts signatures that are refused one by one, or the other way round. So two questions are asked.
//!
//! - Has every E no part in the subgroup of order l? `[8] sum [z]E = 0` with 128-bit random z for each: if one has, the sum is 0
//!   with a probability of 2^-128.
//! - Has every E no part among the 8 points of small order? That part of E is that of `-F`, where `F = [k mod 8]A + R`. Sums of random halves
//!   of all F are multiplied by l. If one F has such a part, each sum shows it with a probability of 1/2 at least; [`SUMS`] sums are made.
//!   Where only this question errs, the signature is by the owner of the key all the same: it is one that verification with the cofactor takes.
//!
//! A batch for which either answer is no is verified one by one.

use alloc::vec::Vec;

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::ED25519_BASEPOINT_POINT,
    edwards::CompressedEdwardsY,
    traits::{Identity, VartimeMultiscalarMul},
};
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};

use crate::{CryptoError, SignedMessage};

/// Fewer are verified one by one: a batch would take as long.
const SMALLEST: usize = 64;

/// More are verified in several batches, so that a signature that doesn't hold is searched for among these only.
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
        // What has no equation is refused one by one, with the error that it has there.
        let equations: Vec<_> = chunk.iter().map(Equation::of).collect();
        let all: Vec<&Equation> = equations.iter().flatten().collect();
        let hold = all.len() >= SMALLEST && hold_in_the_subgroup(&all, rng) && hold_beside_it(&all, rng);
        verdicts.extend(chunk.iter().zip(&equations).map(|(signed, equation)| match equation {
            Some(_) if hold => Ok(()),
            _ => one_by_one(signed),
        }));
    }
    verdicts
}

struct Equation {
    a: EdwardsPoint,
    r: EdwardsPoint,
    s: Scalar,
    k: Scalar,
}

impl Equation {
    /// The equation, if all that the strict verification asks beside it is the case.
    fn of(signed: &SignedMessage<'_>) -> Option<Self> {
        let public_key: &[u8; 32] = signed.public_key.as_slice().try_into().ok()?;
        let (r_bytes, s) = signed.signature.split_first_chunk::<32>()?;
        let s = Option::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
        if !is_canonical(r_bytes) {
            return None;
        }
        let a = CompressedEdwardsY(*public_key).decompress()?;
        let r = CompressedEdwardsY(*r_bytes).decompress()?;
        if a.is_small_order() || r.is_small_order() {
            return None;
        }
        let hash = Sha512::new().chain_update(r_bytes).chain_update(public_key).chain_update(signed.message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        Some(Self { a, r, s, k })
    }

    /// `[k mod 8]A + R`.
    fn small_order_part(&self) -> EdwardsPoint {
        let [low, ..] = self.k.as_bytes();
        let (mut multiple, mut sum) = (self.a, self.r);
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

/// Is the encoding's y below p = 2^255 - 19? The other encoding that isn't canonical, of x = 0 with a sign, is of a point of small order.
fn is_canonical(encoding: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = encoding;
    !(last & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *first >= 0xed)
}

/// Has no E a part in the subgroup of order l?
fn hold_in_the_subgroup(equations: &[&Equation], rng: &mut dyn CryptoRng) -> bool {
    let mut weights = Vec::with_capacity(equations.len());
    for _ in equations {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        weights.push(Scalar::from(u128::from_le_bytes(bytes)));
    }
    let weighted = equations.iter().zip(&weights);
    let of_base: Scalar = weighted.clone().map(|(equation, z)| -(equation.s * z)).sum();
    let scalars = core::iter::once(of_base)
        .chain(weights.iter().copied())
        .chain(weighted.map(|(equation, z)| equation.k * z));
    let points = core::iter::once(ED25519_BASEPOINT_POINT)
        .chain(equations.iter().map(|equation| equation.r))
        .chain(equations.iter().map(|equation| equation.a));
    EdwardsPoint::vartime_multiscalar_mul(scalars, points).is_small_order()
}

/// Has no E a part among the points of small order?
fn hold_beside_it(equations: &[&Equation], rng: &mut dyn CryptoRng) -> bool {
    let parts: Vec<_> = equations.iter().map(|equation| equation.small_order_part()).collect();
    // Sums are made by `bits` at a time: each point is added once, to the bucket that says in which of them it is.
    let bits = if parts.len() < 256 { 4 } else { 8 };
    let mut choices = vec![0; parts.len()];
    for _ in 0..SUMS.div_ceil(bits) {
        rng.fill_bytes(&mut choices);
        let mut buckets = vec![EdwardsPoint::identity(); 1 << bits];
        for (part, choice) in parts.iter().zip(&choices) {
            let place = usize::from(*choice) % buckets.len();
            if let Some(bucket) = buckets.get_mut(place) {
                *bucket += part;
            }
        }
        // The upper half of the buckets makes the sum of the highest bit, and is then folded onto the lower half.
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

/// `[l]P = 0`, as `[l - 1]P = -P`: faster than the library's, which takes care not to tell the point by the time.
fn is_torsion_free(point: &EdwardsPoint) -> bool {
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, point, &Scalar::ZERO) == -point
}
