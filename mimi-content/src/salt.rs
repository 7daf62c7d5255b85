//! The random salt of a message: mimi-content-09 §4.1 and 9.2.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroize;

/// The 16 bytes that no other message has. They must be cryptographically random: they keep the
/// message ID from being guessed, and message franking uses them as its key, so `Debug` does not
/// show them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Salt([u8; 16]);

impl Salt {
    /// Takes 16 bytes from the caller's cryptographically secure generator.
    #[must_use]
    pub const fn from_bytes(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// Draws 16 bytes.
    #[must_use]
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Derives a salt from a secret that the caller's MLS stack exported (the draft suggests the
    /// label `salt_base_secret`) and a nonce made locally, never used before with this secret
    /// (§9.2):
    ///
    /// ```text
    /// hash_output = HMAC_SHA256( salt_base_secret, nonce )
    /// salt        = hash_output[0..15]
    /// ```
    ///
    /// All members of the group know the exported secret, so the nonce alone keeps them from
    /// knowing the salt in advance.
    #[must_use]
    pub fn derive(salt_base_secret: &[u8; 32], nonce: &[u8]) -> Self {
        let mut key = padded(salt_base_secret);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&key);
        key.as_mut_slice().zeroize();
        mac.update(nonce);
        let output: [u8; 32] = mac.finalize().into_bytes().into();
        let mut salt = [0; 16];
        for (place, byte) in salt.iter_mut().zip(output) {
            *place = byte;
        }
        Self(salt)
    }
}

/// HMAC pads its key with zeros up to the block; doing so here leaves no length to go wrong.
fn padded(secret: &[u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (place, byte) in key.iter_mut().zip(secret) {
        *place = *byte;
    }
    key
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the bytes 0, 1, 2 and so on.
    struct Counter(u8);

    impl rand_core::TryRng for Counter {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            let mut bytes = [0; 4];
            self.try_fill_bytes(&mut bytes)?;
            Ok(u32::from_le_bytes(bytes))
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            let mut bytes = [0; 8];
            self.try_fill_bytes(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            for byte in bytes {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Counter {}

    #[test]
    fn draws_all_its_bytes_from_the_caller() {
        let mut rng = Counter(0);
        assert_eq!(Salt::generate(&mut rng).as_bytes(), &core::array::from_fn(|at| at as u8));
        assert_eq!(Salt::generate(&mut rng).as_bytes()[0], 16);
    }

    #[test]
    fn derives_the_first_half_of_the_hmac() {
        // RFC 4231's keys are shorter or longer than 32 bytes; zero bytes at the end of a key do
        // not change its HMAC, so its test case 1 (20 bytes of 0x0b) serves.
        let mut secret = [0; 32];
        secret[..20].fill(0x0b);
        let salt = Salt::derive(&secret, b"Hi There");
        assert_eq!(salt.as_bytes(), &hex::decode("b0344c61d8db38535ca8afceaf0bf12b").unwrap()[..],);
        assert_ne!(salt, Salt::derive(&secret, b"Hi There!"));
        assert_eq!(alloc::format!("{salt:?}"), "Salt([redacted])");
    }
}
