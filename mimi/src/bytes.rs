//! Bytes as a person pastes them.

use serde::Serialize;

use crate::{Error, ErrorKind, Result};

/// How a text held bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TextForm {
    /// Hex digits; white space, colons, commas and `0x` between them are passed over.
    Hex,
    /// Base64 of either alphabet (RFC 4648 §4 and §5), with or without padding; white space is
    /// passed over.
    Base64,
}

/// Bytes that were read from text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastedBytes {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How the text held them.
    pub form: TextForm,
}

/// Reads bytes from hex or base64. Text that is both is hex.
///
/// ```
/// use mimi::{TextForm, bytes_of_text};
///
/// assert_eq!(bytes_of_text("01:02 0x03")?.bytes, [1, 2, 3]);
/// let pasted = bytes_of_text("AQID")?;
/// assert_eq!((pasted.bytes, pasted.form), (vec![1, 2, 3], TextForm::Base64));
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for other text, with the byte of the first character that neither
/// form has.
pub fn bytes_of_text(text: &str) -> Result<PastedBytes> {
    let hex = match hex_bytes(text) {
        Ok(bytes) => return Ok(PastedBytes { bytes, form: TextForm::Hex }),
        Err(offset) => offset,
    };
    match base64_bytes(text) {
        Ok(bytes) => Ok(PastedBytes { bytes, form: TextForm::Base64 }),
        Err(base64) => {
            let error = Error::new(ErrorKind::InvalidInput, "neither hex nor base64");
            Err(error.in_field("text").at(hex.max(base64)))
        }
    }
}

fn digit_of_hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The bytes, or the offset of the first character that is wrong.
fn hex_bytes(text: &str) -> core::result::Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    let mut characters = text.bytes().enumerate().peekable();
    while let Some((offset, byte)) = characters.next() {
        let next = characters.peek().map(|(_, byte)| *byte);
        if byte == b'0' && matches!(next, Some(b'x' | b'X')) && high.is_none() {
            characters.next();
            continue;
        }
        match (digit_of_hex(byte), high) {
            (Some(digit), None) => high = Some(digit),
            (Some(digit), Some(first)) => {
                bytes.push(first << 4 | digit);
                high = None;
            }
            (None, None) if byte.is_ascii_whitespace() || matches!(byte, b':' | b',') => {}
            // White space within a byte is a line break of a terminal.
            (None, Some(_)) if byte.is_ascii_whitespace() => {}
            (None, _) => return Err(offset),
        }
    }
    if high.is_some() { Err(text.len()) } else { Ok(bytes) }
}

/// The bytes, or the offset of the first character that is wrong. Bits that no byte holds must be
/// zero.
fn base64_bytes(text: &str) -> core::result::Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count, mut padding) = (0_u32, 0_u32, 0_usize);
    for (offset, byte) in text.bytes().enumerate() {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' if padding < 2 => {
                padding = padding.saturating_add(1);
                continue;
            }
            _ if byte.is_ascii_whitespace() => continue,
            _ => return Err(offset),
        };
        if padding > 0 {
            return Err(offset);
        }
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    let left = bits & (1_u32 << count).saturating_sub(1);
    if count >= 6 || left != 0 { Err(text.len()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_vectors_of_rfc_4648() {
        for (text, bytes) in [
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
            ("Zm9v\nYmFy\n", "foobar"),
            ("Zm9vYmE", "fooba"),
        ] {
            assert_eq!(bytes_of_text(text).unwrap().bytes, bytes.as_bytes(), "{text}");
        }
        assert_eq!(bytes_of_text("-_-_").unwrap().bytes, bytes_of_text("+/+/").unwrap().bytes);
    }

    #[test]
    fn reads_hex_of_any_layout() {
        for text in ["00ff10", "00 FF 10", "00:ff:10", "0x00, 0xFF, 0x10", "00f\nf10", " 00ff10\n"] {
            let pasted = bytes_of_text(text).unwrap();
            assert_eq!((pasted.bytes.as_slice(), pasted.form), (&[0, 255, 16][..], TextForm::Hex), "{text}");
        }
        assert!(bytes_of_text("").unwrap().bytes.is_empty());
    }

    #[test]
    fn refuses_other_text_with_its_place() {
        for (text, offset) in [("0g!", 2), ("Zm9v~", 4), ("Zh==", 4), ("Z", 1), ("Zg==Zg==", 4), ("Zg===", 4)]
        {
            let error = bytes_of_text(text).unwrap_err();
            assert_eq!((error.kind, error.offset), (ErrorKind::InvalidInput, Some(offset)), "{text}");
        }
    }
}
