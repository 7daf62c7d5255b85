//! Where two encodings of a type differ, by field.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mimi_codec::{FieldPlace, Segment};
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire_type::{InspectError, Inspected, inspect};

/// A field in which two values of one type differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldDifference {
    /// The way to the field, from the name of the type on, in the names that
    /// [`inspect()`](crate::inspect()) prints.
    pub path: String,
    /// What the one has there; `None` if it has no such field or element.
    pub a: Option<FieldValue>,
    /// What the other has there.
    pub b: Option<FieldValue>,
}

/// A field of a value, and where it stands in the encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldValue {
    /// The first byte of the field, counted from 0; a length belongs to its field.
    pub offset: usize,
    /// The value as `inspect` prints it; of a list of another length `{"elements": n}`.
    pub value: Value,
}

/// Which of two encodings is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompareError {
    /// The one.
    A(InspectError),
    /// The other.
    B(InspectError),
}

/// Every field in which `a` and `b` differ as values of the type `name`, in the order in which they
/// stand; none exactly if the encodings are the same.
///
/// A list of another length is one difference. What its elements have in common at both ends is
/// passed over, so that one element more or less does not make all behind it differ.
///
/// ```
/// let differences = mimi_test_vectors::compare("HPKECiphertext", b"\x01a\x02bc", b"\x01a\x01b")?;
/// assert_eq!(differences.len(), 1);
/// assert_eq!(differences[0].path, "HPKECiphertext.ciphertext");
/// let a = differences[0].a.as_ref().unwrap();
/// assert_eq!((a.offset, a.value.as_str()), (2, Some("6263")));
/// # Ok::<(), mimi_test_vectors::CompareError>(())
/// ```
///
/// # Errors
///
/// As [`inspect()`](crate::inspect()), for the first of the two that is refused.
pub fn compare(name: &str, a: &[u8], b: &[u8]) -> Result<Vec<FieldDifference>, CompareError> {
    let read_a = inspect(name, a).map_err(CompareError::A)?;
    let read_b = inspect(name, b).map_err(CompareError::B)?;
    let mut all = Vec::new();
    let (places_a, places_b) = (read_a.places(), read_b.places());
    let (value_a, value_b) = (value(&read_a), value(&read_b));
    let whole = |value, inside| Some(Side { value, start: 0, inside });
    differ(name, whole(&value_a, &places_a), whole(&value_b, &places_b), &mut all);
    if all.is_empty() && a != b {
        all.push(unnamed(name, a, b));
    }
    Ok(all)
}

fn value(inspected: &Inspected<'_>) -> Value {
    inspected.json().and_then(|json| serde_json::from_str(&json)).unwrap_or_default()
}

/// A difference that JSON does not show: everything from the first byte on.
fn unnamed(name: &str, a: &[u8], b: &[u8]) -> FieldDifference {
    let offset = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let rest = |bytes: &[u8]| {
        Some(FieldValue { offset, value: hex::encode(bytes.get(offset..).unwrap_or_default()).into() })
    };
    FieldDifference { path: name.into(), a: rest(a), b: rest(b) }
}

/// A value of one of the two, with the place that it lies in.
#[derive(Clone, Copy)]
struct Side<'a> {
    value: &'a Value,
    start: usize,
    inside: &'a [FieldPlace],
}

impl<'a> Side<'a> {
    /// A member or an element. The name of an arm stands in JSON alone: its members lie where it
    /// does.
    fn part(self, segment: Step<'_>, value: Option<&'a Value>) -> Option<Self> {
        let place = match segment {
            Step::Member(member) => self
                .inside
                .iter()
                .find(|place| matches!(place.segment, Segment::Field(name) if name == member)),
            Step::Element(element) => {
                self.inside.get(element).filter(|place| place.segment == Segment::Index(element))
            }
        };
        Some(match place {
            Some(place) => Self { value: value?, start: place.start, inside: &place.inside },
            None => Self { value: value?, ..self },
        })
    }

    fn shown(self) -> FieldValue {
        FieldValue { offset: self.start, value: self.value.clone() }
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Element(usize),
}

// The recursion ends: values are those of types.
fn differ(path: &str, a: Option<Side<'_>>, b: Option<Side<'_>>, all: &mut Vec<FieldDifference>) {
    if let (Some(a), Some(b)) = (a, b) {
        match (a.value, b.value) {
            (same, other) if same == other => return,
            (Value::Object(in_a), Value::Object(in_b)) if in_a.keys().any(|name| in_b.contains_key(name)) => {
                let only_b = in_b.keys().filter(|name| !in_a.contains_key(*name));
                let members = in_a.keys().chain(only_b).map(|name| {
                    let step = Step::Member(name);
                    let (in_a, in_b) = (a.part(step, in_a.get(name)), b.part(step, in_b.get(name)));
                    let mut of_member = Vec::new();
                    differ(&format!("{path}.{name}"), in_a, in_b, &mut of_member);
                    of_member
                });
                let mut members: Vec<_> = members.collect();
                members.sort_by_key(|of_member| {
                    let first = of_member.first()?;
                    let of_a = first.a.as_ref().map(|value| value.offset.saturating_sub(a.start));
                    of_a.or(first.b.as_ref().map(|value| value.offset.saturating_sub(b.start)))
                });
                all.extend(members.into_iter().flatten());
                return;
            }
            (Value::Array(in_a), Value::Array(in_b)) => {
                if in_a.len() != in_b.len() {
                    let count = |side: Side<'_>, list: &[Value]| {
                        Some(FieldValue { offset: side.start, value: json!({"elements": list.len()}) })
                    };
                    all.push(FieldDifference { path: path.into(), a: count(a, in_a), b: count(b, in_b) });
                }
                let shorter = in_a.len().min(in_b.len());
                let same = |(a, b): &(&Value, &Value)| a == b;
                let first = in_a.iter().zip(in_b).take_while(same).count();
                let last = in_a.iter().rev().zip(in_b.iter().rev()).take_while(same).count();
                let last = last.min(shorter.saturating_sub(first));
                let (end_a, end_b) = (in_a.len().saturating_sub(last), in_b.len().saturating_sub(last));
                for index in first..end_a.max(end_b) {
                    let in_a = a.part(Step::Element(index), in_a.get(index).filter(|_| index < end_a));
                    let in_b = b.part(Step::Element(index), in_b.get(index).filter(|_| index < end_b));
                    differ(&format!("{path}[{index}]"), in_a, in_b, all);
                }
                return;
            }
            _ => {}
        }
    }
    all.push(FieldDifference { path: path.into(), a: a.map(Side::shown), b: b.map(Side::shown) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_does_not_show_is_shown_as_bytes() {
        let shown = unnamed("Sealed", &[1, 2, 3], &[1, 2, 4, 5]);
        let value = |hex: &str| Some(FieldValue { offset: 2, value: hex.into() });
        assert_eq!(shown, FieldDifference { path: "Sealed".into(), a: value("03"), b: value("0405") });
    }
}
