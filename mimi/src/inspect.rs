//! What bytes are: the type guessed, every field beside its bytes, refusals with their place, and
//! where two encodings differ.

use mimi_test_vectors::{
    Annotation, CompareError, InspectError, RunRole as Role, TypeEntry, WireRefusal, annotate,
    compare as fields, inspect as decode, types as known_types,
};
use serde::Serialize;
use serde_json::Value;

use crate::{Error, ErrorKind, Result};

pub use mimi_test_vectors::{FieldDifference, FieldValue};

/// A type that bytes can be inspected as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TypeInfo {
    /// Its name: `MLSMessage`.
    pub name: String,
    /// The document and section that define it: `RFC 9420 §6`.
    pub section: String,
}

impl From<TypeEntry> for TypeInfo {
    fn from(entry: TypeEntry) -> Self {
        Self { name: entry.name.into(), section: section(&entry) }
    }
}

fn section(entry: &TypeEntry) -> String {
    format!("{} §{}", entry.spec, entry.section)
}

fn entry(name: &str) -> Result<TypeEntry> {
    known_types().find(|known| known.name == name).ok_or_else(|| {
        Error::new(ErrorKind::Unknown, format!("no type is called {name:?}")).in_field("type_name")
    })
}

/// Every type that bytes can be inspected as: the CBOR documents, then the TLS structs of the
/// drafts and of RFC 9420.
///
/// ```
/// assert!(mimi::inspect::types().iter().any(|known| known.name == "MLSMessage"));
/// ```
#[must_use]
pub fn types() -> Vec<TypeInfo> {
    known_types().map(TypeInfo::from).collect()
}

/// A type that bytes may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Guess {
    /// The type's name.
    pub type_name: String,
    /// The document and section that define it.
    pub section: String,
    /// Whether all of the bytes decode as the type.
    pub accepted: bool,
    /// How many bytes were read before the refusal; all of them if there is none.
    pub read: u64,
    /// How many fields were told apart; 0 for input over 64 KiB, where they are not counted.
    pub fields: u64,
}

/// Guesses that are returned, at most.
const MOST_GUESSES: usize = 16;

/// Input of which the fields are counted, at most.
const MOST_COUNTED: usize = 1 << 16;

/// The types that bytes may have, the likeliest first: types that accept all of the bytes before
/// those that refuse them, CBOR documents and MLS messages before others, then types that tell more
/// fields apart. Of the types that refuse, those that read the furthest are named. At most 16.
///
/// Takes as long as all types take to decode the bytes; most stop after a few.
///
/// ```
/// let guesses = mimi::inspect::guess(b"\x01a\x02bc");
/// assert!(guesses.iter().any(|guess| guess.type_name == "HPKECiphertext" && guess.accepted));
/// ```
#[must_use]
pub fn guess(encoded: &[u8]) -> Vec<Guess> {
    let mut guesses: Vec<Guess> = known_types()
        .map(|entry| {
            let refused = match decode(entry.name, encoded) {
                Err(InspectError::Refused(refusal)) => Some(refusal.offset),
                Ok(_) | Err(_) => None,
            };
            Guess {
                type_name: entry.name.into(),
                section: section(&entry),
                accepted: refused.is_none(),
                read: refused.map_or(encoded.len(), |offset| offset.min(encoded.len())) as u64,
                fields: 0,
            }
        })
        .collect();
    let counted = encoded.len() <= MOST_COUNTED;
    for guess in guesses.iter_mut().filter(|guess| guess.accepted && counted) {
        let fields = annotate(&guess.type_name, encoded)
            .map_or(0, |annotation| annotation.runs.iter().filter(|run| run.role == Role::Field).count());
        guess.fields = fields as u64;
    }
    // The sort is stable: among equals the order of the registry stays.
    guesses.sort_by_key(|guess| {
        let usual = matches!(
            guess.type_name.as_str(),
            "MimiContent" | "MessageStatusReport" | "MessageDerivedValues"
        );
        let rank = match (guess.accepted, usual) {
            (true, true) => 0_u8,
            (true, false) if guess.type_name == "MLSMessage" => 1,
            (true, false) => 2,
            (false, _) => 3,
        };
        (rank, core::cmp::Reverse(guess.fields), core::cmp::Reverse(guess.read))
    });
    guesses.truncate(MOST_GUESSES);
    guesses
}

/// What bytes are as values of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The type's name.
    pub type_name: String,
    /// The document and section that define it.
    pub section: String,
    /// How many bytes there are.
    pub length: u64,
    /// The fields as a tree, each before those that lie in it; the first one is the whole value.
    pub fields: Vec<Field>,
    /// All bytes in their order, each run with the field that it belongs to.
    pub runs: Vec<Run>,
    /// Why the bytes are refused, if they are. Fields and runs then end before the refusal, but for
    /// the last run, which holds what was not read.
    pub refused: Option<Error>,
}

/// A field of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// The way to the field, from the name of the type on: `Commit.proposals[0]`.
    pub path: String,
    /// The last step of that way: `[0]`.
    pub name: String,
    /// The place in [`Inspection::fields`] of the field that it lies in; `None` for the whole.
    pub parent: Option<u32>,
    /// How many fields it lies in.
    pub depth: u32,
    /// Its first byte, counted from 0; a length belongs to its field.
    pub start: u64,
    /// The byte behind its last.
    pub end: u64,
    /// Its value as JSON on one line, if no fields lie in it and it is more than the bytes in hex.
    pub value: Option<String>,
}

/// Consecutive bytes that belong to one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Run {
    /// The first byte, counted from 0.
    pub start: u64,
    /// The byte behind the last.
    pub end: u64,
    /// The place in [`Inspection::fields`] of the field that the bytes belong to; `None` for bytes
    /// that were not read.
    pub field: Option<u32>,
    /// What the bytes are to the field.
    pub role: RunRole,
}

/// What bytes are to the field that they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// Inspects bytes as the likeliest type.
///
/// ```
/// let inspection = mimi::inspect::inspect(b"\x80");
/// assert_eq!(inspection.type_name, "MessageStatusReport");
/// ```
#[must_use]
pub fn inspect(encoded: &[u8]) -> Inspection {
    let likeliest = guess(encoded).into_iter().next().map_or_else(String::new, |guess| guess.type_name);
    // There is always a type: the registry is not empty.
    inspect_as(&likeliest, encoded).unwrap_or_else(|error| Inspection {
        type_name: likeliest,
        section: String::new(),
        length: encoded.len() as u64,
        fields: Vec::new(),
        runs: Vec::new(),
        refused: Some(error),
    })
}

/// Inspects bytes as the type of this name.
///
/// ```
/// let inspection = mimi::inspect::inspect_as("HPKECiphertext", b"\x01a\x02bc")?;
/// let last = inspection.fields.last().unwrap();
/// assert_eq!((last.path.as_str(), last.start, last.end), ("HPKECiphertext.ciphertext", 2, 5));
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Unknown`] for a name that is not one of [`types`]. That the bytes are refused is
/// part of the inspection.
pub fn inspect_as(type_name: &str, encoded: &[u8]) -> Result<Inspection> {
    let entry = entry(type_name)?;
    let Annotation { runs: all_runs, refused, .. } = annotate(type_name, encoded)
        .ok_or_else(|| Error::new(ErrorKind::Unknown, format!("no type is called {type_name:?}")))?;
    let mut fields: Vec<Field> = Vec::new();
    let mut runs = Vec::new();
    // The fields that are open: where they are in the list, by depth.
    let mut open: Vec<u32> = Vec::new();
    for run in all_runs {
        let (start, end) = (run.start as u64, run.end as u64);
        let role = match run.role {
            Role::Field => RunRole::Field,
            Role::Framing => RunRole::Framing,
            _ => RunRole::Unread,
        };
        if role == RunRole::Unread {
            runs.push(Run { start, end, field: None, role });
            continue;
        }
        if role == RunRole::Field {
            open.truncate(run.depth);
            let place = u32::try_from(fields.len()).unwrap_or(u32::MAX);
            fields.push(Field {
                path: run.path,
                name: run.name,
                parent: open.last().copied(),
                depth: u32::try_from(run.depth).unwrap_or(u32::MAX),
                start,
                end,
                value: run.value,
            });
            open.push(place);
        } else {
            open.truncate(run.depth.saturating_add(1));
        }
        // A field ends where the last of what lies in it ends.
        for place in &open {
            if let Some(field) = fields.get_mut(usize::try_from(*place).unwrap_or(usize::MAX)) {
                field.end = field.end.max(end);
            }
        }
        if end > start {
            runs.push(Run { start, end, field: open.last().copied(), role });
        }
    }
    Ok(Inspection {
        type_name: type_name.into(),
        section: section(&entry),
        length: encoded.len() as u64,
        fields,
        runs,
        refused: refused.map(|refusal| refusal_error(refusal, &entry)),
    })
}

fn refusal_error(refusal: WireRefusal, entry: &TypeEntry) -> Error {
    let error = Error::new(ErrorKind::Refused, refusal.reason).because(&format_args!("{}", refusal.kind));
    error.in_field(refusal.field).at(refusal.offset).of_section(section(entry))
}

fn inspect_error(error: InspectError, entry: &TypeEntry) -> Error {
    match error {
        InspectError::UnknownType => Error::new(ErrorKind::Unknown, "unknown type"),
        InspectError::Refused(refusal) => refusal_error(refusal, entry),
    }
}

/// The value of bytes as JSON, in the form of a vector's `value`: bytes as lower-case hex.
///
/// ```
/// let value = mimi::inspect::to_json("HPKECiphertext", b"\x01a\x02bc")?;
/// assert_eq!(value, serde_json::json!({"kem_output": "61", "ciphertext": "6263"}));
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Unknown`] for an unknown type, [`ErrorKind::Refused`] for bytes that are not the
/// one encoding of a value.
pub fn to_json(type_name: &str, encoded: &[u8]) -> Result<Value> {
    let entry = entry(type_name)?;
    let inspected = decode(type_name, encoded).map_err(|error| inspect_error(error, &entry))?;
    let json = inspected.json().and_then(|json| serde_json::from_str(&json));
    json.map_err(|error| Error::new(ErrorKind::Refused, error))
}

/// In which fields two encodings of a type differ, in their order; empty if the encodings are the
/// same.
///
/// ```
/// let differences = mimi::inspect::compare("HPKECiphertext", b"\x01a\x02bc", b"\x01a\x01b")?;
/// assert_eq!(differences[0].path, "HPKECiphertext.ciphertext");
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// As [`to_json`], for the first of the two that is refused.
pub fn compare(type_name: &str, a: &[u8], b: &[u8]) -> Result<Vec<FieldDifference>> {
    let entry = entry(type_name)?;
    fields(type_name, a, b).map_err(|error| {
        let (which, error) = match error {
            CompareError::A(error) => ("a", error),
            CompareError::B(error) => ("b", error),
        };
        let error = inspect_error(error, &entry);
        Error { message: format!("input {which} is refused: {}", error.message), ..error }
    })
}
