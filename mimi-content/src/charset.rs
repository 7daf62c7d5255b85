//! Text of any charset that can be decoded: RFC 2046 §4.1.2, and the Encoding Standard for what the
//! names mean.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::choice::media_type_parameter;

/// The text of a part of type `text/…`, by the charset that its content type names; UTF-8 if it
/// names none. `None` if the charset is unknown.
///
/// Known are UTF-8, UTF-16 in both byte orders, US-ASCII, ISO-8859-1 and windows-1252, under the
/// names of the [Encoding Standard](https://encoding.spec.whatwg.org/#names-and-labels); with
/// feature `charsets` all encodings of that standard. A byte order mark goes before what the
/// content type says; `utf-16` without one is little-endian (reading T71). Bytes that are no text
/// become U+FFFD: nothing else is lost for one wrong byte.
///
/// ```
/// use mimi_content::decode_text;
///
/// assert_eq!(decode_text("text/plain", "naïve".as_bytes()).unwrap(), "naïve");
/// assert_eq!(decode_text("text/plain; charset=ISO-8859-1", b"na\xefve").unwrap(), "naïve");
/// assert_eq!(decode_text("text/plain;charset=\"utf-16le\"", b"h\0i\0").unwrap(), "hi");
/// assert_eq!(decode_text("text/plain;charset=x-klingon", b"x"), None);
/// ```
#[must_use]
pub fn decode_text<'c>(content_type: &str, content: &'c [u8]) -> Option<Cow<'c, str>> {
    Charset::of(content_type)?.decode(content)
}

/// Whether [`decode_text`] knows the charset of a content type.
pub(crate) fn can_decode(content_type: &str) -> bool {
    Charset::of(content_type).is_some()
}

#[derive(Clone, Copy)]
enum Charset {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
    #[cfg(feature = "charsets")]
    Other(&'static encoding_rs::Encoding),
}

/// The names of windows-1252 in the Encoding Standard, which are those of US-ASCII and ISO-8859-1,
/// too.
const WINDOWS_1252: [&str; 17] = [
    "ansi_x3.4-1968",
    "ascii",
    "cp1252",
    "cp819",
    "csisolatin1",
    "ibm819",
    "iso-8859-1",
    "iso-ir-100",
    "iso8859-1",
    "iso88591",
    "iso_8859-1",
    "iso_8859-1:1987",
    "l1",
    "latin1",
    "us-ascii",
    "windows-1252",
    "x-cp1252",
];

/// What windows-1252 has at 0x80 to 0x9F.
const HIGH_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

impl Charset {
    fn of(content_type: &str) -> Option<Self> {
        let Some(name) = media_type_parameter(content_type, "charset") else { return Some(Self::Utf8) };
        let name = name.trim_ascii();
        let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_one_of(&[
            "",
            "utf-8",
            "utf8",
            "unicode-1-1-utf-8",
            "unicode11utf8",
            "unicode20utf8",
            "x-unicode20utf8",
        ]) {
            Some(Self::Utf8)
        } else if is_one_of(&[
            "utf-16",
            "utf-16le",
            "utf16",
            "csunicode",
            "iso-10646-ucs-2",
            "ucs-2",
            "unicode",
            "unicodefeff",
        ]) {
            Some(Self::Utf16Le)
        } else if is_one_of(&["utf-16be", "unicodefffe"]) {
            Some(Self::Utf16Be)
        } else if is_one_of(&WINDOWS_1252) {
            Some(Self::Windows1252)
        } else {
            Self::other(name)
        }
    }

    #[cfg(feature = "charsets")]
    fn other(name: &str) -> Option<Self> {
        // The encoding that stands for all that is not to be decoded.
        let encoding = encoding_rs::Encoding::for_label_no_replacement(name.as_bytes())?;
        Some(Self::Other(encoding))
    }

    #[cfg(not(feature = "charsets"))]
    fn other(_: &str) -> Option<Self> {
        None
    }

    fn decode(self, content: &[u8]) -> Option<Cow<'_, str>> {
        let (charset, content) = match content {
            [0xef, 0xbb, 0xbf, rest @ ..] => (Self::Utf8, rest),
            [0xff, 0xfe, rest @ ..] => (Self::Utf16Le, rest),
            [0xfe, 0xff, rest @ ..] => (Self::Utf16Be, rest),
            _ => (self, content),
        };
        Some(match charset {
            Self::Utf8 => String::from_utf8_lossy(content),
            Self::Utf16Le => Cow::Owned(utf_16(content, u16::from_le_bytes)),
            Self::Utf16Be => Cow::Owned(utf_16(content, u16::from_be_bytes)),
            Self::Windows1252 => Cow::Owned(content.iter().map(|byte| windows_1252(*byte)).collect()),
            #[cfg(feature = "charsets")]
            Self::Other(encoding) => encoding.decode_without_bom_handling(content).0,
        })
    }
}

fn windows_1252(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|at| HIGH_1252.get(usize::from(at)).copied()).unwrap_or(char::from(byte))
}

fn utf_16(content: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, odd) = content.as_chunks::<2>();
    let mut text: String = char::decode_utf16(pairs.iter().copied().map(unit))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_the_content_type_names() {
        for (content_type, content, text) in [
            ("text/plain", &b"a\xc3\xa9"[..], "aé"),
            ("text/plain", b"a\xe9b", "a\u{fffd}b"),
            ("text/plain;charset=", b"\xef\xbb\xbfa", "a"),
            ("text/plain; format=flowed; Charset=UTF8", b"a", "a"),
            ("text/plain;charset=us-ascii", b"\x80\x93x\x94", "\u{20ac}\u{201c}x\u{201d}"),
            ("text/plain;charset=latin1", b"\xe9\xff", "éÿ"),
            ("text/plain;charset=utf-16", b"\xfe\xff\0h\0i", "hi"),
            ("text/plain;charset=utf-16", b"h\0i\0", "hi"),
            ("text/plain;charset=utf-16be", b"\xd8\x3d\xde\x00x", "\u{1f600}\u{fffd}"),
            ("text/plain;charset=utf-16le", b"\x00\xd8", "\u{fffd}"),
        ] {
            assert_eq!(decode_text(content_type, content).unwrap(), text, "{content_type}");
        }
        assert_eq!(decode_text("text/plain;charset=x-unknown", b"a"), None);
        assert_eq!(decode_text("text/plain;charset=iso-2022-kr", b"a"), None);
    }

    #[cfg(feature = "charsets")]
    #[test]
    fn decodes_every_encoding_of_the_web() {
        for (content_type, content, text) in [
            ("text/plain;charset=Shift_JIS", &b"\x93\xfa\x96\x7b"[..], "日本"),
            ("text/plain;charset=koi8-r", b"\xcd\xc9\xd2", "мир"),
            ("text/plain;charset=gb2312", b"\xc4\xe3", "你"),
            ("text/plain;charset=windows-1251", b"\xec\xe8\xf0", "мир"),
        ] {
            assert_eq!(decode_text(content_type, content).unwrap(), text, "{content_type}");
        }
    }
}
