//! Many Ed25519 signatures by one key, each with the verdict that it gets alone.
//!
//! Verification as ed25519-dalek's `verify_strict` has it accepts (R, s) by A over M when s is
//! canonical, neither A nor R is of small order, and the encoding of `[s]B - [k]A`, with
//! `k = SHA-512(R || A || M)`, is the bytes of R.
//!
//! The usual batch verification checks a random linear combination of these equations. That is not
//! the same: A and R may have a component of order 2, 4 or 8, which the combination loses with a
//! probability of up to one half, so it passes signatures that fail alone; with the cofactor
//! multiplied in, it loses it always. To check every R for such a component costs as much as to
//! verify it.
//!
//! So every equation is computed here, in full, and what is saved is the work that they share. The
//! key is the same: a table of its multiples makes `[k]A` a sum of 51 points. All results are
//! encoded with one inversion. R need not be decoded: a result whose canonical encoding is R's
//! bytes is R, so its order is R's. There is no randomness and no probability in it.

use alloc::vec::Vec;

use curve25519_dalek::{EdwardsPoint, Scalar, traits::Identity};
use sha2::{Digest, Sha512};

use super::signature::ed25519_public_key;
use crate::{CryptoError, secret::check_length};

/// From how many signatures on the key's table pays.
pub(super) const WORTH_A_TABLE: usize = 8;

/// The verdicts of `Scheme::verify`, one by one.
pub(super) fn verify_all(public_key: &[u8], signed: &[(&[u8], &[u8])]) -> Vec<Result<(), CryptoError>> {
    let key =
        check_length("signature public key", public_key, 32).and_then(|()| ed25519_public_key(public_key));
    let key = match key {
        Ok(key) => key,
        Err(error) => return vec![Err(error); signed.len()],
    };
    let minus_a = Multiples::of(negative(key.to_edwards()));
    let computed: Vec<Result<EdwardsPoint, CryptoError>> = signed
        .iter()
        .map(|(message, signature)| {
            let (r, s) = parts(signature)?;
            let hash = Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(message);
            let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
            Ok(minus_a.add_times(&k, EdwardsPoint::mul_base(&s)))
        })
        .collect();
    let points: Vec<EdwardsPoint> =
        computed.iter().filter_map(|point| point.as_ref().ok().copied()).collect();
    let mut encoded = EdwardsPoint::compress_batch_alloc(&points).into_iter();
    computed
        .into_iter()
        .zip(signed)
        .map(|(point, (_, signature))| {
            let point = point?;
            let is_r = encoded.next().is_some_and(|encoded| signature.starts_with(encoded.as_bytes()));
            if is_r && !point.is_small_order() { Ok(()) } else { Err(CryptoError::InvalidSignature) }
        })
        .collect()
}

/// R's bytes and s.
fn parts(signature: &[u8]) -> Result<(&[u8; 32], Scalar), CryptoError> {
    let whole: &[u8; 64] = signature.try_into().map_err(|_| CryptoError::MalformedSignature)?;
    let (r, s) = whole.split_first_chunk().ok_or(CryptoError::MalformedSignature)?;
    let s = s.try_into().map_err(|_| CryptoError::MalformedSignature)?;
    let s = Option::from(Scalar::from_canonical_bytes(s)).ok_or(CryptoError::InvalidSignature)?;
    Ok((r, s))
}

/// Bits of a digit, how many digits a scalar below 2^253 has, and the largest digit by magnitude.
const WIDTH: usize = 5;
const DIGITS: usize = 51;
const LARGEST: i16 = 1 << (WIDTH - 1);

/// `[d * 32^i]P` for the digits d from 1 to 16 and every place i. Public values only: the time of
/// what is done with it shows them.
struct Multiples(Vec<[EdwardsPoint; LARGEST as usize]>);

impl Multiples {
    fn of(point: EdwardsPoint) -> Self {
        let mut unit = point;
        let places = (0..DIGITS).map(|_| {
            let mut multiple = EdwardsPoint::identity();
            let place = core::array::from_fn(|_| {
                multiple = add(multiple, unit);
                multiple
            });
            unit = add(multiple, multiple);
            place
        });
        Self(places.collect())
    }

    /// `sum + [scalar]P`, the scalar taken as an integer: exact, whatever the order of P.
    fn add_times(&self, scalar: &Scalar, sum: EdwardsPoint) -> EdwardsPoint {
        self.0.iter().zip(digits(scalar)).fold(sum, |sum, (place, digit)| {
            let multiple =
                usize::from(digit.unsigned_abs()).checked_sub(1).and_then(|index| place.get(index));
            match multiple {
                None => sum,
                Some(multiple) if digit < 0 => add(sum, negative(*multiple)),
                Some(multiple) => add(sum, *multiple),
            }
        })
    }
}

/// `scalar = Σ digits[i] * 32^i`, each digit from -15 to 16.
fn digits(scalar: &Scalar) -> [i16; DIGITS] {
    let bytes = scalar.as_bytes();
    let mut bits = 0_u32;
    let mut held = 0_usize;
    let mut next = bytes.iter();
    let mut carry = 0_i16;
    core::array::from_fn(|_| {
        if held < WIDTH {
            bits |= u32::from(next.next().copied().unwrap_or_default()) << held;
            held = held.saturating_add(8);
        }
        let digit = carry.saturating_add((bits & 0x1f) as i16);
        bits >>= WIDTH;
        held = held.saturating_sub(WIDTH);
        carry = i16::from(digit > LARGEST);
        digit.saturating_sub(carry << WIDTH)
    })
}

/// Points form a group: their sum is defined for all.
#[allow(clippy::arithmetic_side_effects, reason = "no integers")]
fn add(left: EdwardsPoint, right: EdwardsPoint) -> EdwardsPoint {
    left + right
}

/// And every point has its negative.
#[allow(clippy::arithmetic_side_effects, reason = "no integers")]
fn negative(point: EdwardsPoint) -> EdwardsPoint {
    -point
}
