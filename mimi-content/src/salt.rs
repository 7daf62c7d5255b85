//! The random salt of a message: mimi-content sections 4.1 and 9.2.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The 16 octets that no other message has. They must be cryptographically random: they keep the message ID from being
/// guessed, and message franking uses them as its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Salt([u8; 16]);

impl Salt {
    /// Takes 16 octets from the caller's cryptographically secure generator.
    #[must_use]
    pub const fn from_bytes(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Derives a salt from a secret that the caller's MLS stack exported (the draft suggests the label `salt_base_secret`)
    /// and a nonce made locally, never used before with this secret (section 9.2):
    ///
    /// ```text
    /// hash_output = HMAC_SHA256( salt_base_secret, nonce )
    /// salt        = hash_output[0..15]
    /// ```
    ///
    /// All members of the group know the exported secret, so the nonce alone keeps them from knowing the salt in advance.
    #[must_use]
    pub fn derive(salt_base_secret: &[u8; 32], nonce: &[u8]) -> Self {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&padded(salt_base_secret));
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
        f.write_str("Salt(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_first_half_of_the_hmac() {
        // RFC 4231's keys are shorter or longer than 32 octets; zero octets at the end of a key do not change its HMAC, so its
        // test case 1 (20 octets of 0x0b) serves.
        let mut secret = [0; 32];
        secret[..20].fill(0x0b);
        let salt = Salt::derive(&secret, b"Hi There");
        assert_eq!(salt.as_bytes(), &hex::decode("b0344c61d8db38535ca8afceaf0bf12b").unwrap()[..],);
        assert_ne!(salt, Salt::derive(&secret, b"Hi There!"));
        assert_eq!(alloc::format!("{salt:?}"), "Salt(b0344c61d8db38535ca8afceaf0bf12b)");
    }
}
