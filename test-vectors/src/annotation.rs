//! The bytes of an encoding, each beside the field that it belongs to.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mimi_codec::{FieldPlace, Segment};
use serde_json::Value;

use crate::wire_type::{InspectError, WireRefusal, inspect, places_until_refused};

/// An encoding, cut into consecutive runs of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotation {
    /// The runs in the order of their bytes; together they are the whole encoding. A field in which
    /// other fields lie has a run of its own before them, which may be empty.
    pub runs: Vec<AnnotatedRun>,
    /// Why the bytes are refused, if they are. The last run then begins with the byte of the
    /// refusal.
    pub refused: Option<WireRefusal>,
}

/// Consecutive bytes that belong to one field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnnotatedRun {
    /// The first byte, counted from 0.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
    /// How many fields the field lies in.
    pub depth: usize,
    /// What the bytes are to the field.
    pub role: RunRole,
    /// The way to the field, from the name of the type on: `Commit.proposals[0]`.
    pub path: String,
    /// The last step of that way: `[0]`.
    pub name: String,
    /// The value as [`inspect()`](crate::inspect()) prints it, on one line; `None` where it is the
    /// bytes themselves, and for a field in which other fields lie.
    pub value: Option<String>,
}

/// What bytes are to the field that they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunRole {
    /// All of the field, its length included, or what precedes the first of the fields in it.
    Field,
    /// Between or behind the fields in it: a length, a presence byte, or the number that selects an
    /// arm.
    Framing,
    /// Bytes of a refused encoding from the refusal on.
    Unread,
}

/// Cuts `encoded`, read as the type `name`, into the bytes of its fields. Bytes that are refused
/// are annotated up to the refusal.
///
/// ```
/// use mimi_test_vectors::{RunRole, annotate};
///
/// let annotation = annotate("HPKECiphertext", b"\x01a\x02bc").unwrap();
/// assert_eq!(annotation.refused, None);
/// let last = &annotation.runs[2];
/// assert_eq!((last.path.as_str(), last.start, last.end), ("HPKECiphertext.ciphertext", 2, 5));
///
/// let annotation = annotate("HPKECiphertext", b"\x01a\x09bc").unwrap();
/// assert_eq!(annotation.refused.unwrap().offset, 2);
/// assert_eq!(annotation.runs.last().map(|run| (run.role, run.start)), Some((RunRole::Unread, 2)));
/// ```
///
/// Returns `None` if `name` is not one of [`types`](crate::types).
#[must_use]
pub fn annotate(name: &str, encoded: &[u8]) -> Option<Annotation> {
    let (value, refused) = match inspect(name, encoded) {
        Ok(inspected) => (inspected.json().ok().and_then(|json| serde_json::from_str(&json).ok()), None),
        Err(InspectError::UnknownType) => return None,
        Err(InspectError::Refused(refusal)) => (None, Some(refusal)),
    };
    let value: Value = value.unwrap_or_default();
    let read = refused.as_ref().map_or(encoded.len(), |refusal| refusal.offset.min(encoded.len()));
    let places = clip(places_until_refused(name, encoded)?, read);
    let mut cutter = Cutter { encoded, runs: Vec::new(), shown: refused.is_none() };
    let whole = Field { start: 0, end: read, depth: 0, path: name.into(), name: name.into() };
    cutter.field(&whole, &places, &value);
    if let Some(refusal) = &refused {
        cutter.runs.push(AnnotatedRun {
            start: read,
            end: encoded.len(),
            depth: 0,
            role: RunRole::Unread,
            path: refusal.field.clone(),
            name: refusal.field.clone(),
            value: None,
        });
    }
    Some(Annotation { runs: cutter.runs, refused })
}

/// The places that begin before `end`, none of them beyond it.
fn clip(places: Vec<FieldPlace>, end: usize) -> Vec<FieldPlace> {
    let mut clipped = places;
    clipped.retain(|place| place.start < end || place.end <= end);
    for place in &mut clipped {
        place.end = place.end.min(end);
        place.inside = clip(core::mem::take(&mut place.inside), end);
    }
    clipped
}

struct Cutter<'a> {
    encoded: &'a [u8],
    runs: Vec<AnnotatedRun>,
    /// Whether there are values.
    shown: bool,
}

struct Field {
    start: usize,
    end: usize,
    depth: usize,
    path: String,
    name: String,
}

impl Cutter<'_> {
    // The recursion ends: codec and cursor bound the depth of places.
    fn field(&mut self, field: &Field, inside: &[FieldPlace], value: &Value) {
        let head_end = inside.first().map_or(field.end, |first| first.start.max(field.start));
        let shown =
            if inside.is_empty() && self.shown { self.value(field.start, field.end, value) } else { None };
        self.push(field, RunRole::Field, field.start, head_end, shown);
        let mut at = head_end;
        for place in inside {
            // A decoder that refuses may have looked at some bytes twice.
            if place.start < at {
                continue;
            }
            if place.start > at {
                self.push(field, RunRole::Framing, at, place.start, None);
            }
            let (name, separator) = match place.segment {
                Segment::Field(name) => (String::from(name), "."),
                Segment::Index(index) => (format!("[{index}]"), ""),
            };
            let part = Field {
                start: place.start,
                end: place.end,
                depth: field.depth.saturating_add(1),
                path: format!("{}{separator}{name}", field.path),
                name,
            };
            self.field(&part, &place.inside, part_of(value, place.segment));
            at = place.end.max(at);
        }
        if field.end > at {
            self.push(field, RunRole::Framing, at, field.end, None);
        }
    }

    fn push(&mut self, field: &Field, role: RunRole, start: usize, end: usize, value: Option<String>) {
        let (depth, path, name) = (field.depth, field.path.clone(), field.name.clone());
        self.runs.push(AnnotatedRun { start, end, depth, role, path, name, value });
    }

    /// The value's text, unless it is no more than the bytes in hex.
    fn value(&self, start: usize, end: usize, value: &Value) -> Option<String> {
        let bytes = self.encoded.get(start..end)?;
        let same = value.as_str().is_some_and(|text| !text.is_empty() && hex::encode(bytes).ends_with(text));
        (!same && !value.is_null()).then(|| value.to_string())
    }
}

/// Levels of JSON between a field and the field in it: the names of arms.
const ARMS: usize = 3;

/// The value of a field or element in `value`. The names of arms are in JSON alone.
fn part_of(value: &Value, segment: Segment) -> &Value {
    match segment {
        Segment::Index(index) => value.get(index).unwrap_or(&Value::Null),
        Segment::Field(name) => member(value, name, ARMS).unwrap_or(&Value::Null),
    }
}

fn member<'v>(value: &'v Value, name: &str, arms: usize) -> Option<&'v Value> {
    let members = value.as_object()?;
    if let Some(found) = members.get(name) {
        return Some(found);
    }
    let deeper = arms.checked_sub(1)?;
    members.values().find_map(|arm| member(arm, name, deeper))
}

impl AnnotatedRun {
    /// The bytes of this run in the encoding that it was cut from.
    #[must_use]
    pub fn bytes<'a>(&self, encoded: &'a [u8]) -> &'a [u8] {
        encoded.get(self.start..self.end).unwrap_or_default()
    }

    /// What the bytes are, in a few words.
    #[must_use]
    pub fn caption(&self) -> String {
        match (self.role, &self.value) {
            (RunRole::Field, Some(value)) => format!("{} = {value}", self.name),
            (RunRole::Field, None) => self.name.to_string(),
            (RunRole::Framing, _) => format!("({}: length, presence or selector)", self.name),
            (RunRole::Unread, _) => String::from("(not read)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SHIPPED;

    /// Every encoding of the shipped vectors, and what is left of it when it is cut off.
    #[test]
    fn runs_are_the_whole_encoding_also_of_what_is_refused() {
        let mut count = 0;
        for (file, json) in
            SHIPPED.iter().filter(|(file, _)| file.starts_with("wire") || *file == "content.json")
        {
            let file: Value = serde_json::from_str(json).expect(file);
            for case in file["cases"].as_array().into_iter().flatten() {
                let name = case["type"].as_str().unwrap_or("MimiContent");
                let encoded = hex::decode(case["encoded"].as_str().unwrap_or_default()).unwrap_or_default();
                if encoded.len() > 4096 {
                    continue;
                }
                for end in [encoded.len(), encoded.len() / 2] {
                    let encoded = &encoded[..end];
                    let annotation = annotate(name, encoded).expect(name);
                    let joined: Vec<u8> =
                        annotation.runs.iter().flat_map(|run| run.bytes(encoded)).copied().collect();
                    assert_eq!(joined, encoded, "{name} {}", hex::encode(encoded));
                    assert_eq!(annotation.refused.is_some(), inspect(name, encoded).is_err());
                    count += 1;
                }
            }
        }
        assert!(count > 1000, "{count}");
    }

    #[test]
    fn a_value_is_found_below_the_name_of_its_arm() {
        let bytes =
            b"\0\x01\0\x01\x04room\0\0\0\0\0\0\0\x07\x01\0\0\0\x02\0\x02\0\x03\0\0\0\x05\x03sig\x03tag";
        let annotation = annotate("MLSMessage", bytes).expect("a type");
        let captions: Vec<_> = annotation.runs.iter().map(AnnotatedRun::caption).collect();
        assert!(captions.contains(&"removed = 5".into()), "{captions:?}");
        assert!(captions.contains(&"epoch = 7".into()), "{captions:?}");
        assert!(captions.contains(&"group_id".into()), "{captions:?}");
    }
}
