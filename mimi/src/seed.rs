//! Randomness that the caller gives.

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use zeroize::Zeroizing;

use crate::{Error, Result};

/// Bytes of a seed.
const SEED: usize = 32;

/// A generator that is expanded from a seed by ChaCha20.
///
/// Refuses a seed of another length, and one of zeros alone: that is a buffer that was never
/// filled.
pub(crate) fn generator(seed: &[u8]) -> Result<ChaCha20Rng> {
    let bytes: [u8; SEED] = seed
        .try_into()
        .map_err(|_| Error::input("seed", format!("{} bytes, expected {SEED}", seed.len())))?;
    let bytes = Zeroizing::new(bytes);
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(Error::input("seed", "zeros alone: not from a secure generator"));
    }
    Ok(ChaCha20Rng::from_seed(*bytes))
}
