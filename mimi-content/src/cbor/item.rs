//! Items of any type, as extension values hold them: mimi-content-09 §6.1 to 6.3.

use alloc::borrow::ToOwned;
use core::cmp::Ordering;

use super::Major;
use super::reader::Reader;
use crate::error::{DecodeError, DecodeErrorKind, PathSegment, Result};

/// The deepest level of a tag, map or array; the extensions map itself is level 1 (§6.3).
pub(crate) const MAX_DEPTH: u8 = 4;

/// The largest integer map key either way, 2^53-1 (§6.2).
pub(crate) const MAX_INTEGER_KEY: u64 = 9_007_199_254_740_991;

/// Checks one item; a tag, map or array in its place is at level `level`.
pub(crate) fn check_item(reader: &mut Reader<'_>, level: u8) -> Result<()> {
    let start = reader.mark();
    if Major::of(reader.peek()?) == Major::Simple {
        return check_simple(reader);
    }
    let (major, argument) = reader.head()?;
    if matches!(major, Major::Array | Major::Map | Major::Tag) && level > MAX_DEPTH {
        return Err(reader.refuse_at(start, DecodeErrorKind::ExtensionsTooDeep));
    }
    match major {
        Major::Unsigned | Major::Negative => Ok(()),
        Major::Bytes => reader.take(argument, start).map(drop),
        Major::Text => {
            let bytes = reader.take(argument, start)?;
            match core::str::from_utf8(bytes) {
                Ok(_) => Ok(()),
                Err(_) => Err(reader.refuse_at(start, DecodeErrorKind::InvalidUtf8)),
            }
        }
        Major::Array => {
            let count = reader.bounded(argument, 1, start)?;
            for index in 0..count {
                check_item(reader, level.saturating_add(1))
                    .map_err(|error| error.within(PathSegment::Index(index)))?;
            }
            Ok(())
        }
        Major::Map => {
            let count = reader.bounded(argument, 2, start)?;
            let mut keys = KeyOrder::default();
            for _ in 0..count {
                let key = keys.next(reader, KeyRule::Nested)?;
                check_item(reader, level.saturating_add(1)).map_err(|error| error.within(key.segment()))?;
            }
            Ok(())
        }
        Major::Tag => {
            let content = *reader;
            check_item(reader, level.saturating_add(1))?;
            if argument == 2 || argument == 3 {
                check_bignum(content).map_err(|kind| reader.refuse_at(start, kind))?;
            }
            Ok(())
        }
        Major::Simple => Err(reader.refuse_at(start, DecodeErrorKind::NotWellFormed)),
    }
}

/// A bignum holds at least 9 bytes, the first of them not zero: all smaller values are integers.
/// (RFC 8949 §3.4.3.)
fn check_bignum(mut content: Reader<'_>) -> Checked {
    match content.bytes() {
        Ok([first, _, _, _, _, _, _, _, _, ..]) if *first != 0 => Ok(()),
        _ => Err(DecodeErrorKind::NonCanonicalBignum),
    }
}

/// Simple values and floats (RFC 8949 §3.3).
fn check_simple(reader: &mut Reader<'_>) -> Result<()> {
    let start = reader.mark();
    let [initial] = reader.raw::<1>()?;
    let cut_off = |_| DecodeErrorKind::Truncated;
    let checked = match initial & 0x1f {
        0..24 => Ok(()),
        24 => match reader.raw::<1>() {
            Ok([value]) if value >= 32 => Ok(()),
            Ok(_) => Err(DecodeErrorKind::NotWellFormed),
            Err(_) => Err(DecodeErrorKind::Truncated),
        },
        25 => reader.raw().map_err(cut_off).and_then(|bits| check_half(u16::from_be_bytes(bits))),
        26 => reader.raw().map_err(cut_off).and_then(|bits| check_single(u32::from_be_bytes(bits))),
        27 => reader.raw().map_err(cut_off).and_then(|bits| check_double(u64::from_be_bytes(bits))),
        _ => Err(DecodeErrorKind::NotWellFormed),
    };
    checked.map_err(|kind| reader.refuse_at(start, kind))
}

type Checked = core::result::Result<(), DecodeErrorKind>;

fn check_half(bits: u16) -> Checked {
    let nan = bits & 0x7c00 == 0x7c00 && bits & 0x03ff != 0;
    if nan && bits != 0x7e00 { Err(DecodeErrorKind::UnusualNan) } else { Ok(()) }
}

fn check_single(bits: u32) -> Checked {
    let exponent = (bits >> 23) & 0xff;
    let mantissa = bits & 0x007f_ffff;
    let fits_half = match exponent {
        0xff if mantissa != 0 => return Err(DecodeErrorKind::UnusualNan),
        0xff => true,
        0 => mantissa == 0,
        // Normal halves have exponents -14 to 15 and 10 bits of mantissa.
        113..=142 => mantissa & 0x1fff == 0,
        // Subnormal halves are multiples of 2^-24: one bit more of the mantissa must be zero for
        // each exponent below -14.
        103..=112 => {
            let zeros = 126_u32.saturating_sub(exponent);
            mantissa.trailing_zeros() >= zeros
        }
        _ => false,
    };
    if fits_half { Err(DecodeErrorKind::NotShortest) } else { Ok(()) }
}

fn check_double(bits: u64) -> Checked {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        return Err(DecodeErrorKind::UnusualNan);
    }
    // The bits, not the values: zero has two signs.
    let fits_single = f64::from(value as f32).to_bits() == bits;
    if fits_single { Err(DecodeErrorKind::NotShortest) } else { Ok(()) }
}

/// Which keys a map may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRule {
    /// The extensions map: integers, and text of 1 to 255 bytes.
    Extensions,
    /// A map inside an extension value: integers, text and byte strings.
    Nested,
}

/// A map key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> Key<'a> {
    /// Major type, argument and content. In the shortest form these compare as the encoded bytes
    /// do, and without reading them again.
    #[inline]
    fn place(&self) -> (Major, u64, &'a [u8]) {
        match *self {
            Self::Integer(key @ 0..) => (Major::Unsigned, key as u64, &[]),
            Self::Integer(key) => (Major::Negative, !key as u64, &[]),
            Self::Bytes(key) => (Major::Bytes, key.len() as u64, key),
            Self::Text(key) => (Major::Text, key.len() as u64, key.as_bytes()),
        }
    }

    #[cold]
    pub(crate) fn segment(&self) -> PathSegment {
        match *self {
            Self::Integer(key) => PathSegment::IntegerKey(key.into()),
            Self::Text(key) => PathSegment::TextKey(key.to_owned()),
            Self::Bytes(key) => PathSegment::BytesKey(key.to_owned()),
        }
    }
}

/// Checks that the keys of one map ascend bytewise by their encodings (RFC 8949 §4.2.1).
#[derive(Default)]
pub(crate) struct KeyOrder<'a> {
    previous: Option<Key<'a>>,
}

impl<'a> KeyOrder<'a> {
    #[inline]
    pub(crate) fn next(&mut self, reader: &mut Reader<'a>, rule: KeyRule) -> Result<Key<'a>> {
        let start = reader.mark();
        let key = read_key(reader, rule)?;
        if let Some(previous) = self.previous {
            let refuse = |kind| -> DecodeError { reader.refuse_at(start, kind).within(key.segment()) };
            match previous.place().cmp(&key.place()) {
                Ordering::Less => {}
                Ordering::Equal => return Err(refuse(DecodeErrorKind::DuplicateMapKey)),
                Ordering::Greater => return Err(refuse(DecodeErrorKind::UnsortedMapKeys)),
            }
        }
        self.previous = Some(key);
        Ok(key)
    }
}

/// Reads a map key.
#[inline]
pub(crate) fn read_key<'a>(reader: &mut Reader<'a>, rule: KeyRule) -> Result<Key<'a>> {
    let start = reader.mark();
    match Major::of(reader.peek()?) {
        major @ (Major::Unsigned | Major::Negative) => {
            let argument = reader.argument(major)?;
            // A negative key is -1 minus its argument.
            let (limit, negative) = match major {
                Major::Unsigned => (MAX_INTEGER_KEY, false),
                _ => (MAX_INTEGER_KEY.saturating_sub(1), true),
            };
            match i64::try_from(argument) {
                Ok(key) if argument <= limit => Ok(Key::Integer(if negative { !key } else { key })),
                _ => Err(reader.refuse_at(start, DecodeErrorKind::MapKeyRange).within(
                    PathSegment::IntegerKey(if negative {
                        !i128::from(argument)
                    } else {
                        i128::from(argument)
                    }),
                )),
            }
        }
        Major::Text => {
            let text = reader.text()?;
            if rule == KeyRule::Extensions && !(1..=255).contains(&text.len()) {
                return Err(
                    reader.refuse_at(start, DecodeErrorKind::ExtensionKeyLength { found: text.len() })
                );
            }
            Ok(Key::Text(text))
        }
        Major::Bytes if rule == KeyRule::Nested => Ok(Key::Bytes(reader.bytes()?)),
        _ => Err(reader.refuse_at(start, DecodeErrorKind::MapKeyType)),
    }
}

/// Steps over one item that was checked before.
pub(crate) fn skip_item(reader: &mut Reader<'_>) -> Result<()> {
    walk_item(reader, &mut |_| {})
}

/// Steps over one item that was checked before, and shows the initial byte of each item in it.
pub(crate) fn walk_item(reader: &mut Reader<'_>, visit: &mut impl FnMut(u8)) -> Result<()> {
    let mut left: u64 = 1;
    while let Some(others) = left.checked_sub(1) {
        left = others;
        let start = reader.mark();
        let initial = reader.peek()?;
        visit(initial);
        if Major::of(initial) == Major::Simple {
            check_simple(reader)?;
            continue;
        }
        let (major, argument) = reader.head()?;
        match major {
            Major::Bytes | Major::Text => drop(reader.take(argument, start)?),
            Major::Array => left = left.saturating_add(argument),
            Major::Map => left = left.saturating_add(argument).saturating_add(argument),
            Major::Tag => left = left.saturating_add(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<()> {
        let mut reader = Reader::new(bytes);
        check_item(&mut reader, 2)?;
        let mut again = Reader::new(bytes);
        skip_item(&mut again)?;
        assert_eq!(again.offset(), reader.offset(), "skipping and checking must agree");
        reader.finish()
    }

    #[track_caller]
    fn refuses(bytes: &[u8], kind: DecodeErrorKind, offset: usize) {
        let error = check(bytes).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (&kind, offset));
    }

    #[test]
    fn accepts_every_half_but_odd_nans() {
        for bits in 0..=u16::MAX {
            let [a, b] = bits.to_be_bytes();
            let nan = bits & 0x7c00 == 0x7c00 && bits & 0x3ff != 0;
            let accepted = check(&[0xf9, a, b]).is_ok();
            assert_eq!(accepted, !nan || bits == 0x7e00, "{bits:#x}");
        }
    }

    /// Independent reading of a half: RFC 8949, appendix D.
    fn half_to_single(bits: u16) -> f32 {
        let exponent = i32::from((bits >> 10) & 0x1f);
        let mantissa = f32::from(bits & 0x3ff);
        let magnitude = match exponent {
            0 => mantissa * 2_f32.powi(-24),
            31 if mantissa == 0.0 => f32::INFINITY,
            31 => f32::NAN,
            _ => (mantissa + 1024.0) * 2_f32.powi(exponent.wrapping_sub(25)),
        };
        if bits & 0x8000 == 0 { magnitude } else { -magnitude }
    }

    #[test]
    fn refuses_a_single_exactly_where_a_half_would_do() {
        for bits in 0..=u16::MAX {
            let single = half_to_single(bits);
            if single.is_nan() {
                continue;
            }
            let pattern = single.to_bits();
            for (neighbour, kind) in [(0, Some(DecodeErrorKind::NotShortest)), (1, None)] {
                let pattern = pattern ^ neighbour;
                let [a, b, c, d] = pattern.to_be_bytes();
                // The neighbour of an infinity is a NaN.
                if f32::from_bits(pattern).is_nan() {
                    refuses(&[0xfa, a, b, c, d], DecodeErrorKind::UnusualNan, 0);
                } else if let Some(kind) = kind {
                    refuses(&[0xfa, a, b, c, d], kind, 0);
                } else {
                    check(&[0xfa, a, b, c, d]).unwrap();
                }
            }
        }
        // Between the subnormal halves, and beyond the normal ones.
        check(&[0xfa, 0x33, 0x00, 0x00, 0x00]).unwrap(); // 2^-25
        check(&[0xfa, 0x47, 0x80, 0x00, 0x00]).unwrap(); // 2^16
        check(&[0xfa, 0x38, 0x7f, 0xf0, 0x00]).unwrap(); // too many bits
    }

    #[test]
    fn refuses_a_double_where_a_single_would_do() {
        refuses(&[0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], DecodeErrorKind::NotShortest, 0); // 1.0
        refuses(&[0xfb, 0x80, 0, 0, 0, 0, 0, 0, 0], DecodeErrorKind::NotShortest, 0); // -0.0
        refuses(&[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], DecodeErrorKind::NotShortest, 0); // infinity
        check(&[0xfb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]).unwrap(); // 0.1
    }

    #[test]
    fn refuses_nan_in_every_other_form() {
        check(&[0xf9, 0x7e, 0x00]).unwrap();
        refuses(&[0xf9, 0xfe, 0x00], DecodeErrorKind::UnusualNan, 0);
        refuses(&[0xf9, 0x7c, 0x01], DecodeErrorKind::UnusualNan, 0);
        refuses(&[0xfa, 0x7f, 0xc0, 0, 0], DecodeErrorKind::UnusualNan, 0);
        refuses(&[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], DecodeErrorKind::UnusualNan, 0);
        // In a typed array (RFC 8746) the floats are bytes.
        check(&[0xd8, 0x55, 0x44, 0x7f, 0xc0, 0, 1]).unwrap();
    }

    #[test]
    fn accepts_simple_values_without_a_meaning() {
        for bytes in [&[0xe0][..], &[0xf3], &[0xf7], &[0xf8, 0x20], &[0xf8, 0xff]] {
            check(bytes).unwrap();
        }
        refuses(&[0xf8, 0x1f], DecodeErrorKind::NotWellFormed, 0);
        refuses(&[0xf8], DecodeErrorKind::Truncated, 0);
        refuses(&[0xfc], DecodeErrorKind::NotWellFormed, 0);
        refuses(&[0xff], DecodeErrorKind::NotWellFormed, 0);
    }

    #[test]
    fn refuses_bignums_that_are_not_canonical() {
        let bignum = |tag: u8, content: &[u8]| {
            let mut bytes = alloc::vec![tag, Major::Bytes.initial(content.len() as u8)];
            bytes.extend(content);
            bytes
        };
        for tag in [0xc2, 0xc3] {
            check(&bignum(tag, &[1, 0, 0, 0, 0, 0, 0, 0, 0])).unwrap();
            refuses(&bignum(tag, &[255; 8]), DecodeErrorKind::NonCanonicalBignum, 0);
            refuses(&bignum(tag, &[]), DecodeErrorKind::NonCanonicalBignum, 0);
            refuses(&bignum(tag, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), DecodeErrorKind::NonCanonicalBignum, 0);
            refuses(&[tag, 0x01], DecodeErrorKind::NonCanonicalBignum, 0);
        }
    }

    #[test]
    fn refuses_the_fifth_level() {
        // Level 2 to 4, with an integer inside.
        check(&[0x81, 0x81, 0x81, 0x01]).unwrap();
        for inner in [&[0x80][..], &[0xa0], &[0xc1, 0x01]] {
            let mut bytes = alloc::vec![0x81, 0xa1, 0x01, 0xd8, 0x20];
            bytes.extend(inner);
            refuses(&bytes, DecodeErrorKind::ExtensionsTooDeep, 5);
        }
    }

    #[test]
    fn refuses_keys_by_type_order_and_range() {
        check(&[0xa3, 0x01, 0x00, 0x41, 0x00, 0x00, 0x60, 0x00]).unwrap();
        refuses(&[0xa1, 0xf5, 0x00], DecodeErrorKind::MapKeyType, 1);
        refuses(&[0xa1, 0x80, 0x00], DecodeErrorKind::MapKeyType, 1);
        refuses(&[0xa2, 0x02, 0x00, 0x01, 0x00], DecodeErrorKind::UnsortedMapKeys, 3);
        refuses(&[0xa2, 0x02, 0x00, 0x02, 0x00], DecodeErrorKind::DuplicateMapKey, 3);
        // RFC 7049 put the shorter key first; 4.2.1 sorts 0x1818 before 0x20.
        refuses(&[0xa2, 0x20, 0x00, 0x18, 0x18, 0x00], DecodeErrorKind::UnsortedMapKeys, 3);
        check(&[0xa1, 0x1b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]).unwrap();
        refuses(&[0xa1, 0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0, 0], DecodeErrorKind::MapKeyRange, 1);
        check(&[0xa1, 0x3b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0]).unwrap();
        refuses(
            &[0xa1, 0x3b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
            DecodeErrorKind::MapKeyRange,
            1,
        );
    }

    #[test]
    fn refuses_a_length_that_the_input_cannot_hold() {
        refuses(&[0x9b, 0, 0, 1, 0, 0, 0, 0, 0], DecodeErrorKind::Truncated, 0);
        refuses(&[0xbb, 0, 0, 1, 0, 0, 0, 0, 0], DecodeErrorKind::Truncated, 0);
        refuses(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], DecodeErrorKind::Truncated, 0);
        refuses(&[0x82, 0x01], DecodeErrorKind::Truncated, 0);
        refuses(&[0x19, 0x01], DecodeErrorKind::Truncated, 0);
    }

    #[test]
    fn refuses_every_head_with_a_shorter_form() {
        for (longer, shorter) in [
            (&[0x18, 0x17][..], &[0x17][..]),
            (&[0x19, 0x00, 0xff], &[0x18, 0xff]),
            (&[0x1a, 0x00, 0x00, 0xff, 0xff], &[0x19, 0xff, 0xff]),
            (&[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], &[0x1a, 0xff, 0xff, 0xff, 0xff]),
        ] {
            refuses(longer, DecodeErrorKind::NotShortest, 0);
            check(shorter).unwrap();
        }
        for next in [&[0x18, 0x18][..], &[0x19, 1, 0], &[0x1a, 0, 1, 0, 0], &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0]] {
            check(next).unwrap();
        }
    }

    #[test]
    fn tells_an_indefinite_length_from_a_head_that_is_none() {
        for major in 2..=5_u8 {
            refuses(&[major << 5 | 31], DecodeErrorKind::IndefiniteLength, 0);
        }
        for major in [0, 1, 6, 7_u8] {
            refuses(&[major << 5 | 31, 0], DecodeErrorKind::NotWellFormed, 0);
        }
    }

    #[test]
    fn names_the_place_inside_a_value() {
        let error = check(&[0x82, 0x01, 0xa1, 0x41, 0xab, 0x62, 0xc3, 0x28]).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::InvalidUtf8);
        assert_eq!(alloc::format!("{}", error.path()), "[1][h'ab']");
        assert_eq!(error.offset(), 5);
    }
}
