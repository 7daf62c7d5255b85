//! An identifier as one path segment of a URL (RFC 3986 §2.1, mimi-protocol §5.2).
//!
//! Everything but RFC 3986's unreserved characters is escaped, `/` and `:` included: only so can the segment be taken apart
//! again, whatever a proxy on the way does with slashes.

use alloc::string::String;
use alloc::vec::Vec;

use crate::text::{TextError, TextErrorKind};

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// RFC 3986 §2.3.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 §3.3 `pchar`, without the `%` of an escape.
pub(crate) const fn is_pchar(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@'
        )
}

/// Appends `%HH`, in the upper case that RFC 3986 §2.1 asks of producers.
pub(crate) fn push_escape(out: &mut String, byte: u8) {
    out.push('%');
    for digit in [byte >> 4, byte & 0x0f] {
        out.push(HEX.get(usize::from(digit)).copied().unwrap_or('0'));
    }
}

/// The value of an escape `%HH` at the start of `bytes`.
pub(crate) fn read_escape(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'%', high, low, ..] => {
            let high = char::from(*high).to_digit(16)?;
            let low = char::from(*low).to_digit(16)?;
            u8::try_from((high << 4) | low).ok()
        }
        _ => None,
    }
}

/// Escapes `identifier` so that it is one path segment of a URL: all but `A-Z a-z 0-9 - . _ ~` becomes `%HH`.
///
/// ```
/// assert_eq!(
///     mimi_codec::encode_path_segment(b"mimi://a.example/r/clubhouse"),
///     "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse",
/// );
/// ```
#[must_use]
pub fn encode_path_segment(identifier: &[u8]) -> String {
    let mut out = String::with_capacity(identifier.len());
    for &byte in identifier {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            push_escape(&mut out, byte);
        }
    }
    out
}

/// Takes the escapes of one path segment out again.
///
/// A peer may leave unescaped what a segment may hold (`:`, `@` and the like); escapes count in either case.
///
/// # Errors
/// [`TextErrorKind::Escape`] for a `%` without two hexadecimal digits; [`TextErrorKind::Character`] for what can't stand in
/// a path segment, such as `/`, `?` or a space.
pub fn decode_path_segment(segment: &str) -> Result<Vec<u8>, TextError> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let offset = segment.len().saturating_sub(rest.len());
        if *first == b'%' {
            out.push(read_escape(rest).ok_or(TextError::new(TextErrorKind::Escape, offset))?);
            rest = rest.get(3..).unwrap_or_default();
        } else if is_pchar(*first) {
            out.push(*first);
            rest = tail;
        } else {
            return Err(TextError::new(TextErrorKind::Character, offset));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_comes_back() {
        let every: Vec<u8> = (0..=255).collect();
        assert_eq!(decode_path_segment(&encode_path_segment(&every)), Ok(every));
        assert_eq!(encode_path_segment("é/~".as_bytes()), "%C3%A9%2F~");
    }

    #[test]
    fn escapes_are_read_in_either_case_and_pchars_may_stand_bare() {
        assert_eq!(decode_path_segment("mimi:%2f%2Fa.example"), Ok(b"mimi://a.example".to_vec()));
    }

    #[test]
    fn refuses_a_malformed_escape() {
        for (segment, offset) in [("a%", 1), ("a%4", 1), ("%zz", 0), ("ab%4g", 2), ("%+1", 0), ("%%41", 0)] {
            assert_eq!(
                decode_path_segment(segment),
                Err(TextError::new(TextErrorKind::Escape, offset)),
                "{segment}"
            );
        }
    }

    #[test]
    fn refuses_what_ends_a_segment() {
        for (segment, offset) in [("a/b", 1), ("?", 0), ("ab#", 2), ("a b", 1), ("é", 0), ("a\\", 1)] {
            assert_eq!(
                decode_path_segment(segment),
                Err(TextError::new(TextErrorKind::Character, offset)),
                "{segment}"
            );
        }
    }
}
