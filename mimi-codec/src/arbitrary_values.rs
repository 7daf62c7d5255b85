//! Random values for tests and fuzzers.

use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

/// A short byte string; now and then one whose length takes two bytes.
pub(crate) fn bytes(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let longest = if u.ratio(1, 32)? { 200 } else { 24 };
    let len = u.int_in_range(0..=longest)?;
    u.bytes(len.min(u.len())).map(<[u8]>::to_vec)
}

/// A list of at most a few elements, at least `min`.
pub(crate) fn list<'a, T: Arbitrary<'a>>(u: &mut Unstructured<'a>, min: usize) -> Result<Vec<T>> {
    let len = if u.is_empty() { min } else { u.int_in_range(min..=min.saturating_add(5))? };
    (0..len).map(|_| u.arbitrary()).collect()
}
