//! The keys under which a hub recognises its own franks, each in force for a period of time.

use alloc::collections::BTreeMap;
use core::fmt;

use mimi_codec::protocol::FrankAAD;
use mimi_crypto::{Secret, random_secret};
use rand_core::CryptoRng;

use crate::{FrankingError, tag::MacKey};

/// `hub_key`: a secret that only the hub has, of 32 bytes or more (mimi-protocol-06 §5.4.1.2).
/// Zeroized on drop.
///
/// The key cannot be read back. The hub stores the [`Secret`] that it was made from for as long as
/// it answers reports.
#[derive(Clone)]
pub struct HubKey(MacKey);

impl HubKey {
    /// Takes the key's bytes.
    ///
    /// # Errors
    /// [`FrankingError::HubKeyTooShort`] if there are fewer than 32 bytes.
    pub fn new(hub_key: &Secret) -> Result<Self, FrankingError> {
        if hub_key.len() < 32 {
            return Err(FrankingError::HubKeyTooShort { actual: hub_key.len() });
        }
        Ok(Self(MacKey::new(hub_key.expose())))
    }

    /// Draws 32 bytes from the caller's generator, to be stored and given to [`Self::new`].
    #[must_use]
    pub fn generate(rng: &mut dyn CryptoRng) -> Secret {
        random_secret(32, rng)
    }

    // server_frank = HMAC_SHA256(hub_key, (franking_tag || context) )
    pub(crate) fn server_frank(&self, frank_aad: &FrankAAD, context: &[u8]) -> [u8; 32] {
        self.0.mac(&[&*frank_aad.franking_tag, context])
    }
}

impl fmt::Debug for HubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubKey([redacted])")
    }
}

/// A key's place in the ring: the time from which it is in force, in milliseconds since the UNIX
/// epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HubKeyId(pub u64);

impl fmt::Display for HubKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// All keys of a hub. The accepted time selects the key of a frank. `server_frank` covers that
/// time, so a report with a false time fails, whichever key it selects.
///
/// A key is in force from its [`HubKeyId`] to the next key's. The hub franks with the key that is
/// in force at the accepted time, not at the time of the computation, so the servers of one hub
/// agree without coordination.
///
/// ```
/// use mimi_crypto::Secret;
/// use mimi_franking::{FrankingError, HubKey, HubKeyId, HubKeyRing};
///
/// let mut ring = HubKeyRing::new();
/// let spring = ring.add(HubKeyId(1_000), HubKey::new(&Secret::of_length([1; 32], 32)?)?)?;
/// let summer = ring.add(HubKeyId(2_000), HubKey::new(&Secret::of_length([2; 32], 32)?)?)?;
/// assert_eq!(ring.id_at(1_999), Ok(spring));
/// assert_eq!(ring.id_at(2_000), Ok(summer));
///
/// // Franks of the spring can no longer be verified, and no other key replaces the retired one.
/// ring.retire(spring);
/// assert_eq!(ring.id_at(1_999), Err(FrankingError::HubKeyRetired(spring)));
/// # Ok::<(), FrankingError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct HubKeyRing {
    /// A retired key leaves its place empty.
    keys: BTreeMap<HubKeyId, Option<HubKey>>,
}

impl HubKeyRing {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key that is in force from `id` on. It must be the latest, because an earlier one
    /// would apply to messages that are already franked.
    ///
    /// # Errors
    /// [`FrankingError::HubKeyNotLatest`].
    pub fn add(&mut self, id: HubKeyId, key: HubKey) -> Result<HubKeyId, FrankingError> {
        if let Some((latest, _)) = self.keys.last_key_value()
            && *latest >= id
        {
            return Err(FrankingError::HubKeyNotLatest { latest: *latest });
        }
        self.keys.insert(id, Some(key));
        Ok(id)
    }

    /// Erases a key. Messages of the time in which it was in force can no longer be franked or
    /// verified. Returns whether the ring had the key.
    pub fn retire(&mut self, id: HubKeyId) -> bool {
        self.keys.get_mut(&id).is_some_and(|key| key.take().is_some())
    }

    /// The key that is in force at this time, in milliseconds since the UNIX epoch.
    ///
    /// # Errors
    /// [`FrankingError::NoHubKey`] before the first, [`FrankingError::HubKeyRetired`].
    pub fn id_at(&self, accepted_timestamp: u64) -> Result<HubKeyId, FrankingError> {
        self.in_force_at(accepted_timestamp).map(|(id, _)| id)
    }

    pub(crate) fn in_force_at(&self, accepted_timestamp: u64) -> Result<(HubKeyId, &HubKey), FrankingError> {
        let latest = self.keys.range(..=HubKeyId(accepted_timestamp)).next_back();
        let (id, key) = latest.ok_or(FrankingError::NoHubKey { accepted_timestamp })?;
        Ok((*id, key.as_ref().ok_or(FrankingError::HubKeyRetired(*id))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> HubKey {
        HubKey::new(&Secret::from_provider([byte; 32])).unwrap()
    }

    #[test]
    fn refuses_a_key_of_fewer_than_32_bytes() {
        for actual in [0, 16, 31] {
            let short = Secret::from_provider(vec![1; actual]);
            assert_eq!(HubKey::new(&short).err(), Some(FrankingError::HubKeyTooShort { actual }));
        }
        for length in [32, 33, 64, 65, 200] {
            assert!(HubKey::new(&Secret::from_provider(vec![1; length])).is_ok(), "{length}");
        }
    }

    #[test]
    fn refuses_a_key_before_the_latest() {
        let mut ring = HubKeyRing::new();
        let latest = ring.add(HubKeyId(5), key(1)).unwrap();
        for id in [0, 4, 5] {
            assert_eq!(ring.add(HubKeyId(id), key(2)), Err(FrankingError::HubKeyNotLatest { latest }));
        }
        // Also when the latest is retired: its time stays its own.
        assert!(ring.retire(latest));
        assert!(!ring.retire(latest));
        assert_eq!(ring.add(HubKeyId(5), key(2)), Err(FrankingError::HubKeyNotLatest { latest }));
    }

    #[test]
    fn the_accepted_time_chooses_the_key() {
        let mut ring = HubKeyRing::new();
        assert_eq!(ring.id_at(7), Err(FrankingError::NoHubKey { accepted_timestamp: 7 }));
        ring.add(HubKeyId(10), key(1)).unwrap();
        ring.add(HubKeyId(20), key(2)).unwrap();
        ring.add(HubKeyId(30), key(3)).unwrap();
        ring.retire(HubKeyId(20));
        assert_eq!(ring.id_at(9), Err(FrankingError::NoHubKey { accepted_timestamp: 9 }));
        assert_eq!(ring.id_at(10), Ok(HubKeyId(10)));
        assert_eq!(ring.id_at(19), Ok(HubKeyId(10)));
        for time in [20, 29] {
            assert_eq!(ring.id_at(time), Err(FrankingError::HubKeyRetired(HubKeyId(20))));
        }
        assert_eq!(ring.id_at(u64::MAX), Ok(HubKeyId(30)));
    }

    #[test]
    fn keys_are_never_shown() {
        let mut ring = HubKeyRing::new();
        ring.add(HubKeyId(10), key(0x77)).unwrap();
        assert_eq!(
            alloc::format!("{ring:?}"),
            "HubKeyRing { keys: {HubKeyId(10): Some(HubKey([redacted]))} }"
        );
    }
}
