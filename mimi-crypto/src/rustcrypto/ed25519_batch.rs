//! Many Ed25519 signatures by one key, each with the verdict that it gets alone.
//!
//! Verification as ed25519-dalek's `verify_strict` has it accepts (R, s) by A over M when s is canonical, neither A nor R is of small
//! order, and the encoding of `[s]B - [k]A`, with `k = SHA-512(R || A || M)`, is the octets of R.
//!
//! The usual batch verification checks a random linear combination of these equations. That is not the same: A and R may have a component
//! of order 2, 4 or 8, which the combination loses with a probability of up to one half, so it passes signatures that fail alone;
//! with the cofactor multiplied in, it loses it always. Checking every R for such components costs more than is saved.
//!
//! So every equation is computed here, in full, and what is saved is the work that they share. The key is the same: a table of its
//! multiples makes `[k]A` as fast as `[s]B`. All results are encoded with one inversion. R need not be decoded: a result whose canonical
//! encoding is R's octets is R, so its order is R's. There is no randomness and no probability in it.

use alloc::vec::Vec;

use curve25519_dalek::{EdwardsPoint, Scalar, edwards::EdwardsBasepointTable, traits::BasepointTable};
use sha2::{Digest, Sha512};

use super::signature::ed25519_public_key;
use crate::{CryptoError, secret::check_length};

/// From how many signatures on the key's table pays.
pub(super) const WORTH_A_TABLE: usize = 8;

/// Where a signature came to.
type Computed = Result<EdwardsPoint, CryptoError>;

/// The verdicts of `Scheme::verify`, one by one.
pub(super) fn verify_all(public_key: &[u8], signed: &[(&[u8], &[u8])]) -> Vec<Result<(), CryptoError>> {
    let key = match check_length("signature public key", public_key, 32)
        .and_then(|()| ed25519_public_key(public_key))
    {
        Ok(key) => key,
        Err(error) => return signed.iter().map(|_| Err(error.clone())).collect(),
    };
    let minus_a = EdwardsBasepointTable::create(&-key.to_edwards());
    let computed: Vec<Computed> = signed
        .iter()
        .map(|(message, signature)| {
            let (r, s) = parts(signature)?;
            let hash = Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(message);
            let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
            // The bases' multiples are exact, for a key with a component of small order too: k and s are taken as integers.
            Ok(add(&minus_a * &k, EdwardsPoint::mul_base(&s)))
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

/// R's octets and s.
fn parts(signature: &[u8]) -> Result<(&[u8; 32], Scalar), CryptoError> {
    let whole: &[u8; 64] = signature.try_into().map_err(|_| CryptoError::MalformedSignature)?;
    let (r, s) = whole.split_first_chunk().ok_or(CryptoError::MalformedSignature)?;
    let s = s.try_into().map_err(|_| CryptoError::MalformedSignature)?;
    let s = Option::from(Scalar::from_canonical_bytes(s)).ok_or(CryptoError::InvalidSignature)?;
    Ok((r, s))
}

#[allow(clippy::arithmetic_side_effects, reason = "points form a group: their sum is defined for all")]
fn add(left: EdwardsPoint, right: EdwardsPoint) -> EdwardsPoint {
    left + right
}
