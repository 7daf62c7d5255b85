//! An identifier as one path segment of a URL (RFC 3986 §2.1, mimi-protocol-06 §5.2).
//!
//! Everything but RFC 3986's unreserved characters is escaped, `/` and `:` included: only so can
//! the segment be taken apart again, whatever a proxy on the way does with slashes.

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

/// Whether a URL parser reads a path segment as `.` or `..` (RFC 3986 §5.2.4), dots escaped or not,
/// and so would follow it to another resource.
pub(crate) fn is_dot_segment(segment: &str) -> bool {
    let is_dot = |text: &str| text.eq_ignore_ascii_case("%2e") || text == ".";
    is_dot(segment)
        || [1, 3]
            .into_iter()
            .filter_map(|middle| segment.split_at_checked(middle))
            .any(|(first, second)| is_dot(first) && is_dot(second))
}

/// Where the first dot segment of a path begins. `path` ends where its query begins.
pub(crate) fn find_dot_segment(path: &str) -> Option<usize> {
    let mut offset = 0usize;
    for segment in path.split('/') {
        if is_dot_segment(segment) {
            return Some(offset);
        }
        offset = offset.saturating_add(segment.len()).saturating_add(1);
    }
    None
}

/// Appends `identifier` with everything but unreserved characters escaped.
pub(crate) fn push_identifier(out: &mut String, identifier: &[u8]) {
    for &byte in identifier {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            push_escape(out, byte);
        }
    }
}

/// Escapes `identifier` so that it is one path segment of a URL: all but `A-Z a-z 0-9 - . _ ~`
/// becomes `%HH`.
///
/// ```
/// assert_eq!(
///     mimi_codec::encode_path_segment(b"mimi://a.example/r/clubhouse").as_deref(),
///     Ok("mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse"),
/// );
/// ```
///
/// # Errors
///
/// [`TextErrorKind::DotSegment`] for `.` and `..`: no escape keeps a URL parser from following
/// them.
pub fn encode_path_segment(identifier: &[u8]) -> Result<String, TextError> {
    let mut out = String::with_capacity(identifier.len());
    push_identifier(&mut out, identifier);
    if is_dot_segment(&out) { Err(TextError::new(TextErrorKind::DotSegment, 0)) } else { Ok(out) }
}

/// Takes the escapes of one path segment out again.
///
/// A peer may leave unescaped what a segment may hold (`:`, `@` and the like); escapes count in
/// either case.
///
/// # Errors
/// [`TextErrorKind::Escape`] for a `%` without two hexadecimal digits; [`TextErrorKind::Character`]
/// for what can't stand in a path segment, such as `/`, `?` or a space;
/// [`TextErrorKind::DotSegment`] for `.` and `..`, escaped or not.
pub fn decode_path_segment(segment: &str) -> Result<Vec<u8>, TextError> {
    if is_dot_segment(segment) {
        return Err(TextError::new(TextErrorKind::DotSegment, 0));
    }
    unescape(segment)
}

/// Takes the escapes of a part of one path segment out.
pub(crate) fn unescape(segment: &str) -> Result<Vec<u8>, TextError> {
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
        assert_eq!(decode_path_segment(&encode_path_segment(&every).unwrap()), Ok(every));
        assert_eq!(encode_path_segment("é/~".as_bytes()).as_deref(), Ok("%C3%A9%2F~"));
    }

    #[test]
    fn refuses_dot_segments_both_ways() {
        let refused = TextError::new(TextErrorKind::DotSegment, 0);
        for dots in [".", ".."] {
            assert_eq!(encode_path_segment(dots.as_bytes()), Err(refused), "{dots}");
        }
        for segment in [".", "..", "%2e", "%2E.", ".%2e", "%2e%2E"] {
            assert_eq!(decode_path_segment(segment), Err(refused), "{segment}");
        }
        for other in ["...", ".a", "", "%2e%2e%2e", "%252e"] {
            assert!(decode_path_segment(other).is_ok(), "{other}");
        }
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
