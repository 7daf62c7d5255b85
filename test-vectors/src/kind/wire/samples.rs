//! Samples of every registered type, found by a search through valid values.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::Unstructured;
use mimi_codec::registry;
use mimi_content::{MessageDerivedValues, MessageId, MimiContent, Timestamp};
use serde_json::Value;

use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};
use crate::wire_type::inspect;

/// Values that are drawn of each type, how many of them are kept, and how large they are, if there
/// are any so small.
const DRAWS: usize = 96;
const KEPT: usize = 3;
const SMALL: usize = 80;

/// A value of some type.
pub(super) struct Sample {
    pub(super) encoded: Vec<u8>,
    json: String,
}

/// Valid cases of every type, and for each the refusal of a missing and of a trailing byte.
pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    push_document(&mut cases, "MimiContent", &minimal_message(seed)?)?;
    push_document(&mut cases, "MessageStatusReport", &[0x80])?;
    push_document(&mut cases, "MessageDerivedValues", &derived_values(seed))?;
    for entry in registry::TYPES {
        let samples = of_type(seed, entry.name)?;
        for (index, sample) in samples.iter().enumerate() {
            let name = format!("{} {}", entry.name, index.saturating_add(1));
            cases.push(
                GeneratedCase::new(&name)
                    .text("type", entry.name)
                    .hex("encoded", &sample.encoded)
                    .json_member("value", sample.json.clone()),
            );
        }
        if let Some(sample) = samples.first() {
            push_damaged(&mut cases, entry.name, &sample.encoded);
        }
    }
    Ok(cases)
}

fn push_document(cases: &mut Vec<GeneratedCase>, name: &str, encoded: &[u8]) -> Result<(), GenerateError> {
    let json = inspect(name, encoded)?.json()?;
    cases
        .push(GeneratedCase::new(name).text("type", name).hex("encoded", encoded).json_member("value", json));
    push_damaged(cases, name, encoded);
    Ok(())
}

fn minimal_message(seed: &Seed) -> Result<Vec<u8>, GenerateError> {
    use mimi_content::{Disposition, NestedPart, Salt};
    let salt = Salt::from_bytes(Stream::new(seed, "wire", "MimiContent").array());
    Ok(MimiContent::builder(salt, NestedPart::null(Disposition::RENDER)).build()?.encode())
}

fn derived_values(seed: &Seed) -> Vec<u8> {
    let mut stream = Stream::new(seed, "wire", "MessageDerivedValues");
    let mut id: [u8; 32] = stream.array();
    id[0] = 1;
    let values = MessageDerivedValues {
        message_id: MessageId::from_bytes(id),
        hub_accepted_timestamp: Timestamp::Milliseconds(1 << 53),
        mls_group_id: &stream.bytes(16),
        sender_leaf_index: u32::MAX,
        sender_client_url: "mimi://a.example/d/alice/1",
        sender_user_url: "mimi://a.example/u/alice",
        room_url: "mimi://a.example/r/clubhouse",
    };
    values.encode()
}

fn push_damaged(cases: &mut Vec<GeneratedCase>, name: &str, encoded: &[u8]) {
    let mut push = |what: &str, reason: &str, encoded: &[u8]| {
        cases.push(
            GeneratedCase::invalid(&format!("{name} {what}"), reason)
                .text("type", name)
                .hex("encoded", encoded),
        );
    };
    // A few structs end in what may be absent, and take some bytes for it.
    let refused = |encoded: &[u8]| inspect(name, encoded).is_err();
    if let Some(longer) = [0, 0xff].map(|byte| [encoded, &[byte]].concat()).into_iter().find(|it| refused(it))
    {
        push("with a byte behind it", "a value takes up all of its bytes", &longer);
    }
    if let Some((_, cut_off)) = encoded.split_last()
        && refused(cut_off)
    {
        push("without its last byte", "the value is cut off", cut_off);
    }
}

/// Samples of one type that differ in shape: other arms of a select, other fields that are there,
/// other enum values.
pub(super) fn of_type(seed: &Seed, name: &str) -> Result<Vec<Sample>, GenerateError> {
    let mut draws = Vec::new();
    for draw in 0..DRAWS {
        let length = draw.saturating_mul(8).saturating_add(8);
        let input = Stream::new(seed, "wire", &format!("{name} {draw}")).bytes(length);
        if let Some(sample) = registry::visit(name, Draw(&input)).ok_or(GenerateError::UnknownKind)?? {
            draws.push(sample);
        }
    }
    // The richest of the small ones first; the large ones only where there is nothing else.
    draws.sort_by_key(|sample| match sample.encoded.len() {
        length if length <= SMALL => SMALL.saturating_sub(length),
        length => length,
    });
    let shaped = draws.into_iter().map(|sample| {
        let value = serde_json::from_str(&sample.json)?;
        Ok((arm(&value), shape(&value), sample))
    });
    let shaped = shaped.collect::<Result<Vec<_>, GenerateError>>()?;

    // Every arm of a select once, however large; then what differs further inside, as long as it is
    // small.
    let (mut arms, mut shapes, mut kept) = (BTreeSet::new(), BTreeSet::new(), Vec::<Sample>::new());
    for (arm, shape, sample) in shaped {
        let another_arm = arms.insert(arm);
        let room = kept.len() < 2 || (kept.len() < KEPT && sample.encoded.len() <= SMALL);
        let another_value = kept.iter().all(|other| other.encoded != sample.encoded);
        if another_arm || (room && another_value && shapes.insert(shape)) {
            kept.push(sample);
        }
    }
    Ok(kept)
}

/// Draws a value; nothing where the input is used up too early.
struct Draw<'a>(&'a [u8]);

impl registry::Visitor for Draw<'_> {
    type Output = Result<Option<Sample>, GenerateError>;

    fn visit<T: registry::WireType>(self) -> Self::Output {
        let Ok(value) = T::arbitrary(&mut Unstructured::new(self.0)) else { return Ok(None) };
        let encoded = value.to_bytes()?;
        Ok(Some(Sample { encoded, json: serde_json::to_string(&value)? }))
    }
}

/// Which value of an enum it is, or which arm of a select, itself or in one of its members: selects
/// are objects of one member.
fn arm(value: &Value) -> String {
    let mut arm = String::new();
    match value {
        Value::String(text) if is_name(text) => arm.push_str(text),
        Value::Object(members) => {
            for (name, member) in members {
                let inner =
                    member.as_object().filter(|inner| inner.len() == 1).and_then(|inner| inner.keys().next());
                arm.push_str(&format!("{name}:{},", inner.map_or("", |name| name)));
            }
        }
        _ => {}
    }
    arm
}

fn shape(value: &Value) -> String {
    let mut shape = String::new();
    write_shape(value, 3, &mut shape);
    shape
}

/// Which members and which names a JSON value has, down to `levels` levels; not its numbers, its
/// bytes and its texts.
fn write_shape(value: &Value, levels: usize, shape: &mut String) {
    let deeper = levels.saturating_sub(1);
    match value {
        Value::Null => shape.push('0'),
        Value::Bool(_) => shape.push('b'),
        Value::Number(_) => shape.push('n'),
        Value::String(text) if is_name(text) => shape.push_str(text),
        Value::String(_) => shape.push('t'),
        Value::Array(items) => {
            shape.push('[');
            if let (Some(first), true) = (items.first(), levels > 0) {
                write_shape(first, deeper, shape);
            }
            shape.push(']');
        }
        Value::Object(members) => {
            shape.push('{');
            for (name, member) in members.iter().filter(|_| levels > 0) {
                shape.push_str(name);
                shape.push(':');
                write_shape(member, deeper, shape);
                shape.push(',');
            }
            shape.push('}');
        }
    }
}

/// Whether a text is an enum's value rather than bytes in hex or a user's words.
fn is_name(text: &str) -> bool {
    let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    !is_hex && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_samples_of_every_type() {
        for entry in registry::TYPES {
            let samples = of_type(&Seed::default(), entry.name).unwrap();
            assert!(!samples.is_empty(), "{}", entry.name);
            let smallest = samples.iter().map(|sample| sample.encoded.len()).min();
            assert!(smallest.is_some_and(|length| length < 1000), "{} {smallest:?}", entry.name);
        }
    }

    #[test]
    fn finds_the_arms_of_a_select() {
        for (name, arms) in [("Credential", 3), ("Proposal", 6), ("Optionality", 3), ("Sender", 4)] {
            let samples = of_type(&Seed::default(), name).unwrap();
            assert!(samples.len() >= arms, "{name} {}", samples.len());
        }
    }
}
