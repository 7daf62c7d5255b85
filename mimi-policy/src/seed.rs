//! What keeps the tables of a room safe from users who choose their names.

use rand_core::CryptoRng;
use siphasher::sip::SipHasher13;

/// The key of the hash tables in a [`RoomState`](crate::RoomState).
///
/// Users choose their URIs. A user who knew the key could choose many that fall into one place of
/// the table, and make every look-up slow. So a hub makes it at random, once for each state or once
/// for all, and keeps it to itself. No decision and no encoding depends on it.
#[derive(Clone)]
pub struct TableSeed(u64, u64);

impl TableSeed {
    /// A key from randomness.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(rng.next_u64(), rng.next_u64())
    }

    /// A known key: for tests, and for tools that only read trusted rooms.
    #[must_use]
    pub const fn known() -> Self {
        Self(0, 0)
    }

    pub(crate) fn hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }

    /// The hash of `bytes` under this key, for tables beside the room's own.
    #[must_use]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        self.hasher().hash(bytes)
    }
}

impl core::fmt::Debug for TableSeed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TableSeed([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_and_the_text_make_the_hash() {
        let hashes = [
            TableSeed::known().hash(b"a"),
            TableSeed::known().hash(b"b"),
            TableSeed(0, 1).hash(b"a"),
            TableSeed(1, 0).hash(b"a"),
        ];
        let distinct: alloc::collections::BTreeSet<u64> = hashes.into_iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
