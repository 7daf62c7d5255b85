//! Valid values from fuzzer input.

use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::cbor::Major;
use crate::cbor::item::{self, KeyRule, MAX_DEPTH, MAX_INTEGER_KEY};
use crate::cbor::reader::Reader;
use crate::cbor::writer;
use crate::disposition::Disposition;
use crate::expiration::Expiration;
use crate::extensions::{ExtensionKey, MessageExtensions, checked_entry};
use crate::message::{MAX_TOPIC_ID, MimiContent};
use crate::message_id::MessageId;
use crate::part::{ExternalPart, MAX_PART_DEPTH, MultiPart, NestedPart, Part, PartSemantics, SinglePart};
use crate::salt::Salt;

impl<'a> Arbitrary<'a> for MimiContent {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let builder = Self::builder(Salt::arbitrary(u)?, NestedPart::arbitrary(u)?)
            .replaces(Option::<MessageId>::arbitrary(u)?)
            .in_reply_to(Option::<MessageId>::arbitrary(u)?)
            .expires(Option::<Expiration>::arbitrary(u)?);
        let mut topic_id = Vec::<u8>::arbitrary(u)?;
        topic_id.truncate(MAX_TOPIC_ID);
        // Everything that a decoder accepts, also what no builder makes.
        builder
            .topic_id(topic_id)
            .extensions(MessageExtensions::arbitrary(u)?)
            .build_as_received()
            .map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for NestedPart {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        part_within(u, MAX_PART_DEPTH)
    }
}

/// A part of at most `levels` levels.
fn part_within(u: &mut Unstructured<'_>, levels: usize) -> Result<NestedPart> {
    let disposition = Disposition::arbitrary(u)?;
    let language = <&str>::arbitrary(u)?;
    let deeper = levels.saturating_sub(1);
    let part = match u.int_in_range(0..=if deeper > 0 { 3 } else { 2 })? {
        0 => Part::Null,
        1 => Part::Single(SinglePart::new(<&str>::arbitrary(u)?, <&[u8]>::arbitrary(u)?)),
        2 => return Ok(NestedPart::external(disposition, language, ExternalPart::arbitrary(u)?)),
        _ => {
            let count = u.int_in_range(2..=5)?;
            let parts = (0..count).map(|_| part_within(u, deeper)).collect::<Result<Vec<_>>>()?;
            let semantics = PartSemantics::arbitrary(u)?;
            Part::Multi(MultiPart::new(semantics, parts).map_err(|_| arbitrary::Error::IncorrectFormat)?)
        }
    };
    Ok(NestedPart::new(disposition, language, part))
}

impl<'a> Arbitrary<'a> for ExternalPart {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            content_type: Arbitrary::arbitrary(u)?,
            url: Arbitrary::arbitrary(u)?,
            expires: Arbitrary::arbitrary(u)?,
            size: Arbitrary::arbitrary(u)?,
            enc_alg: Arbitrary::arbitrary(u)?,
            key: Arbitrary::arbitrary(u)?,
            nonce: Arbitrary::arbitrary(u)?,
            aad: Arbitrary::arbitrary(u)?,
            hash_alg: Arbitrary::arbitrary(u)?,
            content_hash: Arbitrary::arbitrary(u)?,
            description: Arbitrary::arbitrary(u)?,
            filename: Arbitrary::arbitrary(u)?,
        })
    }
}

impl<'a> Arbitrary<'a> for MessageExtensions {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut entries = alloc::collections::BTreeMap::new();
        for _ in 0..u.int_in_range(0..=6)? {
            let text;
            let limit = MAX_INTEGER_KEY as i64;
            let key = match u.int_in_range(0..=3)? {
                0 => {
                    text = String::arbitrary(u)?;
                    ExtensionKey::Text(&text)
                }
                1 => ExtensionKey::Integer(u.int_in_range(limit.saturating_neg()..=limit)?),
                _ => ExtensionKey::Integer(u.int_in_range(0..=6)?),
            };
            let mut value = Vec::new();
            match key {
                ExtensionKey::SENDER_URI | ExtensionKey::ROOM_URI => {
                    writer::text(&mut value, <&str>::arbitrary(u)?)
                }
                _ => write_item(u, 2, &mut value)?,
            }
            // A text key can be of a length that is not allowed: then there is one extension less.
            if let Ok(entry) = checked_entry(key, &value) {
                entries.insert(entry.key().to_vec(), entry);
            }
        }
        Self::from_checked(entries.into_values().collect()).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

/// Writes an item of any type; a tag, map or array in its place is at level `level`.
fn write_item(u: &mut Unstructured<'_>, level: u8, encoded: &mut Vec<u8>) -> Result<()> {
    let next = level.saturating_add(1);
    match u.int_in_range(0..=if level <= MAX_DEPTH { 8 } else { 5 })? {
        0 => writer::unsigned(encoded, u.arbitrary()?),
        1 => writer::head(encoded, Major::Negative, u.arbitrary()?),
        2 => writer::bytes(encoded, u.arbitrary()?),
        3 => writer::text(encoded, u.arbitrary()?),
        4 => write_if_canonical(&[&[0xfb][..], &u.arbitrary::<[u8; 8]>()?].concat(), encoded),
        5 => write_if_canonical(&[&[0xf9][..], &u.arbitrary::<[u8; 2]>()?].concat(), encoded),
        6 => {
            let count = u.int_in_range(0..=4)?;
            writer::array(encoded, count);
            for _ in 0..count {
                write_item(u, next, encoded)?;
            }
        }
        7 => {
            let mut entries = alloc::collections::BTreeMap::new();
            for _ in 0..u.int_in_range(0..=4)? {
                let mut key = Vec::new();
                write_item(u, MAX_DEPTH.saturating_add(1), &mut key)?;
                if item::read_key(&mut Reader::new(&key), KeyRule::Nested).is_ok() {
                    let mut value = Vec::new();
                    write_item(u, next, &mut value)?;
                    entries.insert(key, value);
                }
            }
            writer::head(encoded, Major::Map, entries.len() as u64);
            for (key, value) in entries {
                encoded.extend(key);
                encoded.extend(value);
            }
        }
        _ => {
            let mut tagged = Vec::new();
            if u.ratio(1, 3)? {
                // A bignum, which mere chance would hardly hit.
                writer::head(&mut tagged, Major::Tag, u.int_in_range(2..=3)?);
                let bytes = u.arbitrary::<[u8; 17]>()?;
                writer::bytes(&mut tagged, bytes.get(..u.int_in_range(9..=17)?).unwrap_or_default());
            } else {
                writer::head(&mut tagged, Major::Tag, u.arbitrary()?);
                write_item(u, next, &mut tagged)?;
            }
            write_if_canonical(&tagged, encoded);
        }
    }
    Ok(())
}

/// Writes an item that may not be canonical, and else a simple value.
fn write_if_canonical(item: &[u8], encoded: &mut Vec<u8>) {
    let mut reader = Reader::new(item);
    // Depth was seen to when the item was made.
    if item::check_item(&mut reader, 1).is_ok() {
        encoded.extend_from_slice(item);
    } else {
        encoded.push(0xf7);
    }
}
