//! Writes items in their shortest form, into anything that takes bytes.

use alloc::vec::Vec;

use super::Major;

/// Where encoded bytes go: a vector, a counter, a hash.
pub(crate) trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Counts the bytes of an encoding, so that the vector for it is allocated once.
#[derive(Default)]
pub(crate) struct Length(pub(crate) usize);

impl Sink for Length {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

#[inline(always)]
pub(crate) fn head(sink: &mut impl Sink, major: Major, argument: u64) {
    match argument {
        0..24 => sink.put(&[major.initial(argument as u8)]),
        24..=0xff => sink.put(&[major.initial(24), argument as u8]),
        _ => longer_head(sink, major, argument),
    }
}

fn longer_head(sink: &mut impl Sink, major: Major, argument: u64) {
    let [a, b, c, d, e, f, g, h] = argument.to_be_bytes();
    if argument <= 0xffff {
        sink.put(&[major.initial(25), g, h]);
    } else if argument <= 0xffff_ffff {
        sink.put(&[major.initial(26), e, f, g, h]);
    } else {
        sink.put(&[major.initial(27), a, b, c, d, e, f, g, h]);
    }
}

#[inline(always)]
pub(crate) fn unsigned(sink: &mut impl Sink, value: u64) {
    head(sink, Major::Unsigned, value);
}

#[inline(always)]
pub(crate) fn bytes(sink: &mut impl Sink, value: &[u8]) {
    head(sink, Major::Bytes, value.len() as u64);
    sink.put(value);
}

#[inline(always)]
pub(crate) fn text(sink: &mut impl Sink, value: &str) {
    head(sink, Major::Text, value.len() as u64);
    sink.put(value.as_bytes());
}

#[inline(always)]
pub(crate) fn array(sink: &mut impl Sink, items: usize) {
    head(sink, Major::Array, items as u64);
}

/// Encodes into a vector of exactly the right capacity.
pub(crate) fn to_vec(write: impl Fn(&mut Length), fill: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut length = Length::default();
    write(&mut length);
    let mut encoded = Vec::with_capacity(length.0);
    fill(&mut encoded);
    encoded
}
