//! Where the generator's randomness comes from.

use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

/// What generated vectors depend on: bytes of any number.
///
/// It is no secret, and what is derived from it must not be used for anything but vectors.
///
/// ```
/// use mimi_test_vectors::Seed;
///
/// let seed: Seed = "00ff".parse()?;
/// assert_eq!(seed.to_string(), "00ff");
/// assert!("0".parse::<Seed>().is_err());
/// # Ok::<(), mimi_test_vectors::InvalidSeedError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed(Vec<u8>);

impl Default for Seed {
    /// The seed of the shipped vectors: the bytes 0 to 31.
    fn default() -> Self {
        Self((0..32).collect())
    }
}

impl core::str::FromStr for Seed {
    type Err = InvalidSeedError;

    fn from_str(text: &str) -> Result<Self, InvalidSeedError> {
        hex::decode(text).map(Self).map_err(|_| InvalidSeedError)
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// A seed that is not hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSeedError;

impl fmt::Display for InvalidSeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a seed is an even number of hex digits")
    }
}

impl core::error::Error for InvalidSeedError {}

/// The pseudorandom bytes of one case. Each case has a stream of its own, so that a new case
/// changes no other.
///
/// ```text
/// key      = SHA-256( len8(seed) || seed || len8(kind) || kind || len8(case) || case )
/// block(n) = SHA-256( key || n )                   n = 0, 1, …; lengths and n are 8 bytes, big-endian
/// ```
pub(crate) struct Stream {
    key: [u8; 32],
    next: u64,
    block: [u8; 32],
    /// How many bytes of the block are used.
    used: usize,
}

impl Stream {
    pub(crate) fn new(seed: &Seed, kind: &str, case: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [&seed.0, kind.as_bytes(), case.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self { key: hash.finalize().into(), next: 0, block: [0; 32], used: 32 }
    }

    fn byte(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.block.get(self.used) {
                self.used = self.used.saturating_add(1);
                return *byte;
            }
            let hash = Sha256::new().chain_update(self.key).chain_update(self.next.to_be_bytes()).finalize();
            self.block = hash.into();
            self.next = self.next.wrapping_add(1);
            self.used = 0;
        }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.byte())
    }

    /// A number below `bound`, which is not 0. Its bias is of no concern: nothing is drawn for
    /// secrecy.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        u64::from_be_bytes(self.array()).checked_rem(bound).unwrap_or_default()
    }

    pub(crate) fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        let index = self.below(items.len() as u64);
        items.get(usize::try_from(index).ok()?).cloned()
    }

    /// Letters of several scripts, and signs of one to four bytes.
    pub(crate) fn text(&mut self, characters: usize) -> String {
        const ALPHABET: &[char] = &[
            'a',
            'e',
            'n',
            'r',
            't',
            ' ',
            'Z',
            '9',
            '"',
            '\\',
            '/',
            '\n',
            'é',
            'ß',
            'Ж',
            'ش',
            'ה',
            'ह',
            '中',
            '日',
            'ひ',
            '€',
            '\u{200d}',
            '\u{feff}',
            '\u{fffd}',
            '😀',
            '𝒳',
            '🏽',
            '\u{10ffff}',
        ];
        (0..characters).filter_map(|_| self.pick(ALPHABET)).collect()
    }
}

/// Where the operations on vectors draw from: 4 or 8 bytes are an integer, big-endian.
impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.array()))
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        output.iter_mut().for_each(|byte| *byte = self.byte());
        Ok(())
    }
}

/// What comes of it is published with its seed, and secret to none.
impl TryCryptoRng for Stream {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_its_formula() {
        let mut input = Vec::new();
        for part in [&[0xab, 0xcd][..], b"content", b"case"] {
            input.extend((part.len() as u64).to_be_bytes());
            input.extend(part);
        }
        let key = Sha256::digest(&input);
        let block = |n: u64| Sha256::digest([&key[..], &n.to_be_bytes()].concat());
        let mut stream = Stream::new(&"abcd".parse().unwrap(), "content", "case");
        assert_eq!(stream.bytes(70), [&block(0)[..], &block(1), &block(2)[..6]].concat());
    }

    #[test]
    fn keeps_streams_apart() {
        let first = |seed: &str, kind: &str, case: &str| -> [u8; 16] {
            Stream::new(&seed.parse().unwrap(), kind, case).array()
        };
        let one = first("61", "b", "c");
        for other in
            [first("62", "b", "c"), first("61", "bc", ""), first("61", "b", "d"), first("6162", "", "c")]
        {
            assert_ne!(one, other);
        }
        assert_eq!(one, first("61", "b", "c"));
    }
}
