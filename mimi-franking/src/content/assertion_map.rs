//! The sender's assertions in the extensions of MIMI content, and the FrankingAssertion map of
//! mimi-protocol-02 and -03.

use alloc::vec::Vec;

use mimi_content::{ExtensionError, ExtensionKey, MessageExtensions};

use super::ContentError;
use crate::{FrankingKey, TagKey};

/// The CBOR map in which the older drafts assert sender and room. The two drafts number its entries
/// differently.
///
/// ```text
/// mimi-protocol-02 { 1: FrankingKey bytes, 2: SenderURI text, 3: RoomURI text }
/// mimi-protocol-03 { 1: RoomURI text, 2: SenderUserURI text }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrankingAssertion<'a> {
    /// The sender's user URI or pseudonym.
    pub sender_uri: &'a str,
    /// The room.
    pub room_uri: &'a str,
}

const BYTES: u8 = 2;
const TEXT: u8 = 3;
const MAP: u8 = 5;

impl<'a> FrankingAssertion<'a> {
    /// Reads the map of mimi-protocol-03 from an extension's encoded value.
    ///
    /// # Errors
    /// [`ContentError::MalformedAssertion`].
    pub fn read(encoded: &'a [u8]) -> Result<Self, ContentError> {
        let mut reader = Items(encoded);
        reader.head(MAP, 2)?;
        let room_uri = reader.text(1)?;
        let sender_uri = reader.text(2)?;
        reader.finish(Self { sender_uri, room_uri })
    }

    /// Reads the map of mimi-protocol-02 from an extension's encoded value.
    ///
    /// # Errors
    /// [`ContentError::MalformedAssertion`].
    pub fn read_02(encoded: &'a [u8]) -> Result<(FrankingKey, Self), ContentError> {
        let mut reader = Items(encoded);
        reader.head(MAP, 3)?;
        let key = reader.entry(1, BYTES)?.try_into().map_err(|_| ContentError::MalformedAssertion)?;
        let sender_uri = reader.text(2)?;
        let room_uri = reader.text(3)?;
        reader.finish((FrankingKey::from_bytes(key), Self { sender_uri, room_uri }))
    }
}

/// Reads the items of a short map, each in its shortest form, as MIMI content requires.
struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ContentError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ContentError::MalformedAssertion)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The argument of a head of this major type.
    fn argument(&mut self, major: u8) -> Result<usize, ContentError> {
        let initial = u64::from(self.byte()?);
        if initial >> 5 != u64::from(major) {
            return Err(ContentError::MalformedAssertion);
        }
        let (argument, least) = match initial & 0x1f {
            short @ 0..24 => (short, 0),
            24 => (u64::from(self.byte()?), 24),
            25 => (self.big_endian(2)?, 1 << 8),
            26 => (self.big_endian(4)?, 1 << 16),
            _ => return Err(ContentError::MalformedAssertion),
        };
        let argument = usize::try_from(argument).ok().filter(|argument| *argument >= least);
        argument.ok_or(ContentError::MalformedAssertion)
    }

    fn byte(&mut self) -> Result<u8, ContentError> {
        self.take(1)?.first().copied().ok_or(ContentError::MalformedAssertion)
    }

    fn big_endian(&mut self, bytes: usize) -> Result<u64, ContentError> {
        Ok(self.take(bytes)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn head(&mut self, major: u8, argument: usize) -> Result<(), ContentError> {
        if self.argument(major)? == argument { Ok(()) } else { Err(ContentError::MalformedAssertion) }
    }

    fn entry(&mut self, key: usize, major: u8) -> Result<&'a [u8], ContentError> {
        self.head(0, key)?;
        let length = self.argument(major)?;
        self.take(length)
    }

    fn text(&mut self, key: usize) -> Result<&'a str, ContentError> {
        core::str::from_utf8(self.entry(key, TEXT)?).map_err(|_| ContentError::MalformedAssertion)
    }

    fn finish<T>(&self, value: T) -> Result<T, ContentError> {
        if self.0.is_empty() { Ok(value) } else { Err(ContentError::MalformedAssertion) }
    }
}

/// Asserts sender and room under the extension keys 1 and 2 (mimi-protocol-06 §5.4.1.1).
///
/// # Errors
/// None today; text is always a valid value.
pub fn set_sender_and_room(
    extensions: &mut MessageExtensions,
    sender_uri: &str,
    room_uri: &str,
) -> Result<(), ExtensionError> {
    extensions.set_sender_uri(sender_uri)?;
    extensions.set_room_uri(room_uri)
}

/// Asserts sender and room in the FrankingAssertion map of mimi-protocol-03, under the room's
/// extension key for it.
///
/// # Errors
/// [`ExtensionError::Key`] for a key that no message can have.
pub fn set_franking_assertion(
    extensions: &mut MessageExtensions,
    assertion_key: i64,
    assertion: &FrankingAssertion<'_>,
) -> Result<(), ExtensionError> {
    let mut encoded = Vec::new();
    head(&mut encoded, MAP, 2);
    entry(&mut encoded, 1, TEXT, assertion.room_uri.as_bytes());
    entry(&mut encoded, 2, TEXT, assertion.sender_uri.as_bytes());
    extensions.set_encoded(ExtensionKey::Integer(assertion_key), &encoded)
}

/// Asserts `franking_key`, sender and room in the FrankingAssertion map of mimi-protocol-02, under
/// the room's extension key for it.
///
/// # Errors
/// [`ExtensionError::Key`] for a key that no message can have.
pub fn set_franking_assertion_02(
    extensions: &mut MessageExtensions,
    assertion_key: i64,
    franking_key: &FrankingKey,
    assertion: &FrankingAssertion<'_>,
) -> Result<(), ExtensionError> {
    let mut encoded = Vec::new();
    head(&mut encoded, MAP, 3);
    entry(&mut encoded, 1, BYTES, franking_key.as_bytes());
    entry(&mut encoded, 2, TEXT, assertion.sender_uri.as_bytes());
    entry(&mut encoded, 3, TEXT, assertion.room_uri.as_bytes());
    extensions.set_encoded(ExtensionKey::Integer(assertion_key), &encoded)
}

fn entry(encoded: &mut Vec<u8>, key: u8, major: u8, bytes: &[u8]) {
    encoded.push(key);
    head(encoded, major, bytes.len());
    encoded.extend_from_slice(bytes);
}

/// Writes a head in its shortest form. No length here exceeds four bytes.
fn head(encoded: &mut Vec<u8>, major: u8, argument: usize) {
    let major = major << 5;
    match argument {
        0..24 => encoded.push(major | argument as u8),
        24..0x100 => encoded.extend_from_slice(&[major | 24, argument as u8]),
        0x100..0x1_0000 => {
            encoded.push(major | 25);
            encoded.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        _ => {
            encoded.push(major | 26);
            encoded.extend_from_slice(&(argument as u32).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [0x9c; 32];

    fn assertion_of(length: usize) -> (alloc::string::String, &'static str) {
        ("s".repeat(length), "mimi://hub.example/r/x")
    }

    #[test]
    fn reads_what_it_writes_at_every_width_of_a_head() {
        for length in [0, 1, 23, 24, 255, 256, 65_535, 65_536] {
            let (sender_uri, room_uri) = assertion_of(length);
            let assertion = FrankingAssertion { sender_uri: &sender_uri, room_uri };
            let mut extensions = MessageExtensions::new();
            set_franking_assertion(&mut extensions, 100, &assertion).unwrap();
            set_franking_assertion_02(&mut extensions, 101, &FrankingKey::from_bytes(KEY), &assertion)
                .unwrap();
            let value = |key| extensions.get(ExtensionKey::Integer(key)).unwrap();
            assert_eq!(FrankingAssertion::read(value(100).encoded()), Ok(assertion));
            let (key, read) = FrankingAssertion::read_02(value(101).encoded()).unwrap();
            assert_eq!((key.as_bytes(), read), (&KEY[..], assertion));
        }
    }

    #[test]
    fn the_map_is_that_of_the_drafts() {
        let assertion = FrankingAssertion { sender_uri: "s", room_uri: "r" };
        let mut extensions = MessageExtensions::new();
        set_franking_assertion(&mut extensions, 100, &assertion).unwrap();
        assert_eq!(extensions.get(100).unwrap().encoded(), b"\xa2\x01\x61r\x02\x61s");
        set_franking_assertion_02(&mut extensions, 100, &FrankingKey::from_bytes(KEY), &assertion).unwrap();
        let expected = [&b"\xa3\x01\x58\x20"[..], &KEY, b"\x02\x61s\x03\x61r"].concat();
        assert_eq!(extensions.get(100).unwrap().encoded(), expected);
    }

    #[test]
    fn refuses_every_other_map() {
        let good = b"\xa2\x01\x61r\x02\x61s";
        assert!(FrankingAssertion::read(good).is_ok());
        for cut in 0..good.len() {
            assert_eq!(FrankingAssertion::read(&good[..cut]), Err(ContentError::MalformedAssertion));
        }
        for bad in [
            &b"\xa2\x01\x61r\x02\x61s\x00"[..],
            b"\xa3\x01\x61r\x02\x61s",
            b"\xa2\x02\x61r\x01\x61s",
            b"\xa2\x01\x41r\x02\x61s",
            b"\xa2\x01\x78\x01r\x02\x61s",
            b"\xa2\x01\x79\0\x01r\x02\x61s",
            b"\xa2\x01\x7a\0\0\0\x01r\x02\x61s",
            b"\xa2\x01\x61\xff\x02\x61s",
            b"\xb8\x02\x01\x61r\x02\x61s",
            b"\xa2\x01\x7b\0\0\0\0\0\0\0\x01r\x02\x61s",
        ] {
            assert_eq!(FrankingAssertion::read(bad), Err(ContentError::MalformedAssertion), "{bad:?}");
        }
        for length in [31, 33] {
            let key = vec![1; length];
            let map = [&b"\xa3\x01\x58"[..], &[length as u8], &key, b"\x02\x61s\x03\x61r"].concat();
            assert_eq!(
                FrankingAssertion::read_02(&map).err(),
                Some(ContentError::MalformedAssertion),
                "{length}"
            );
        }
    }
}
