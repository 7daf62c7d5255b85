//! Any type by its name: decoded, encoded again, and as JSON.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{Encode, FieldPlace, registry};
use mimi_content::{MessageDerivedValues, MessageStatusReport, MimiContent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde_json::Value;

use crate::document_place::{
    MESSAGE_DERIVED_VALUES, MESSAGE_STATUS_REPORT, MIMI_CONTENT, places as document_places,
};
#[cfg(feature = "generate")]
use crate::file_format::GenerateError;

pub use mimi_codec::registry::RegistryEntry as TypeEntry;

const CONTENT: &str = "mimi-content-09";

/// What this crate adds to the codec's registry: the documents in CBOR.
const DOCUMENTS: [TypeEntry; 3] = [
    TypeEntry { name: "MimiContent", spec: CONTENT, section: "4" },
    TypeEntry { name: "MessageDerivedValues", spec: CONTENT, section: "4.6" },
    TypeEntry { name: "MessageStatusReport", spec: "mimi-message-status-01", section: "3" },
];

/// Every type that [`inspect()`] and the vectors of kind `wire` know: its name, its draft and its
/// section.
///
/// ```
/// assert!(mimi_test_vectors::types().any(|known| known.name == "MLSMessage" && known.spec == "RFC 9420"));
/// ```
pub fn types() -> impl Iterator<Item = TypeEntry> {
    DOCUMENTS.into_iter().chain(registry::TYPES.iter().copied())
}

/// Decodes `encoded`, all of it, as the type `name`.
///
/// ```
/// use mimi_test_vectors::{InspectError, inspect};
///
/// let ciphertext = inspect("HPKECiphertext", b"\x01a\x02bc")?;
/// assert_eq!(ciphertext.json()?, r#"{"kem_output":"61","ciphertext":"6263"}"#);
///
/// let Err(InspectError::Refused(refusal)) = inspect("HPKECiphertext", b"\x01a\x02b") else { panic!("accepted") };
/// assert_eq!((refusal.field.as_str(), refusal.offset), ("HPKECiphertext.ciphertext", 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`InspectError::UnknownType`] for a name that is not one of [`types`], [`InspectError::Refused`]
/// for bytes that are not the one encoding of a value.
pub fn inspect<'a>(name: &str, encoded: &'a [u8]) -> Result<Inspected<'a>, InspectError> {
    match name {
        "MimiContent" => MimiContent::inspected(encoded),
        "MessageStatusReport" => MessageStatusReport::inspected(encoded),
        "MessageDerivedValues" => MessageDerivedValues::inspected(encoded),
        _ => match registry::visit(name, Inspect(encoded)) {
            Some(inspected) => inspected,
            None => return Err(InspectError::UnknownType),
        },
    }
    .map_err(|mut refusal: WireRefusal| {
        if refusal.field.is_empty() {
            refusal.field = name.into();
        }
        InspectError::Refused(refusal)
    })
}

/// The places of the fields in `encoded` as the type `name`, also if it is refused; `None` for an
/// unknown type.
pub(crate) fn places_until_refused(name: &str, encoded: &[u8]) -> Option<Vec<FieldPlace>> {
    struct Visit<'a>(&'a [u8]);
    impl registry::Visitor for Visit<'_> {
        type Output = Vec<FieldPlace>;

        fn visit<T: registry::WireType>(self) -> Vec<FieldPlace> {
            FieldPlace::until_refused::<T>(self.0).0
        }
    }
    match name {
        "MimiContent" => Some(document_places(encoded, MIMI_CONTENT)),
        "MessageStatusReport" => Some(document_places(encoded, MESSAGE_STATUS_REPORT)),
        "MessageDerivedValues" => Some(document_places(encoded, MESSAGE_DERIVED_VALUES)),
        _ => registry::visit(name, Visit(encoded)),
    }
}

/// The encoding of a value of the type `name`, given as JSON; `None` for a type that cannot be read
/// from JSON.
///
/// It is apart from [`Inspected`], so that programs that only show bytes are not built with it.
pub(crate) fn encode_json(name: &str, json: &Value) -> Option<Result<Vec<u8>, String>> {
    struct OfJson<'a>(&'a Value);
    impl registry::Visitor for OfJson<'_> {
        type Output = Result<Vec<u8>, String>;

        fn visit<T: registry::WireType>(self) -> Self::Output {
            T::deserialize(self.0).map_err(|error| error.to_string()).and_then(|value| encode_wire(&value))
        }
    }
    match name {
        "MimiContent" => Some(document_of_json(json, MimiContent::encode)),
        "MessageStatusReport" => Some(document_of_json(json, MessageStatusReport::encode)),
        // It borrows its fields, and hex digits hold none to borrow.
        "MessageDerivedValues" => None,
        _ => registry::visit(name, OfJson(json)),
    }
}

fn document_of_json<T: DeserializeOwned>(json: &Value, encode: fn(&T) -> Vec<u8>) -> Result<Vec<u8>, String> {
    T::deserialize(json).map(|value| encode(&value)).map_err(|error| error.to_string())
}

/// A decoded value, whatever its type.
pub struct Inspected<'a> {
    encoded: &'a [u8],
    encoded_again: Result<Vec<u8>, String>,
    to_json: fn(&[u8]) -> serde_json::Result<String>,
    places: fn(&[u8]) -> Vec<FieldPlace>,
}

impl Inspected<'_> {
    /// The value as JSON on one line, as a vector's `value` has it.
    ///
    /// # Errors
    ///
    /// None for the types of this workspace.
    pub fn json(&self) -> serde_json::Result<String> {
        (self.to_json)(self.encoded)
    }

    /// The value as indented JSON.
    ///
    /// # Errors
    ///
    /// As [`Inspected::json`].
    pub fn pretty_json(&self) -> serde_json::Result<String> {
        self.json().map(|json| indented(&json))
    }

    /// The encoding of the decoded value.
    ///
    /// # Errors
    ///
    /// The reason, if the value is too long for its own length fields; what was decoded is not.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        self.encoded_again.clone()
    }

    /// The bytes that were decoded.
    pub(crate) fn encoded(&self) -> &[u8] {
        self.encoded
    }

    /// Where the fields stand.
    pub(crate) fn places(&self) -> Vec<FieldPlace> {
        (self.places)(self.encoded)
    }
}

impl fmt::Debug for Inspected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json().map_err(|_| fmt::Error)?)
    }
}

/// Why bytes cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectError {
    /// No type has this name.
    UnknownType,
    /// The bytes are refused.
    Refused(WireRefusal),
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType => f.write_str("unknown type"),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl core::error::Error for InspectError {}

#[cfg(feature = "generate")]
impl From<InspectError> for GenerateError {
    fn from(error: InspectError) -> Self {
        Self::Defect(error.to_string())
    }
}

/// What is wrong with bytes, where and in which field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WireRefusal {
    /// What is wrong.
    pub reason: String,
    /// The byte at which it is, counted from 0.
    pub offset: usize,
    /// The way to the field in which it is, from the name of the type on: `Commit.path`.
    pub field: String,
    /// The name of the reason among those of the decoder: `TrailingBytes`.
    #[serde(skip)]
    pub kind: String,
}

/// The name of a variant.
fn variant_name(kind: &impl fmt::Debug) -> String {
    let mut name = alloc::format!("{kind:?}");
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.truncate(end);
    name
}

impl fmt::Display for WireRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (byte {})", self.field, self.reason, self.offset)
    }
}

impl core::error::Error for WireRefusal {}

/// JSON on one line, without white space outside of strings, in the form of
/// [`serde_json::to_string_pretty`]: that function itself would be there once for each type.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len().saturating_mul(2));
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(core::iter::repeat_n("  ", depth));
    };
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth = depth.saturating_add(1);
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = character == '"';
                out.push(character);
            }
        }
    }
    out
}

/// A document in CBOR.
trait Document<'a>: Sized {
    fn inspected(encoded: &'a [u8]) -> Result<Inspected<'a>, WireRefusal>;
}

impl From<mimi_content::DecodeError> for WireRefusal {
    fn from(error: mimi_content::DecodeError) -> Self {
        Self {
            reason: error.kind().to_string(),
            offset: error.offset(),
            field: error.path().to_string(),
            kind: variant_name(error.kind()),
        }
    }
}

macro_rules! document {
    ($type:ident$(<$lifetime:lifetime>)?, $shape:expr) => {
        impl<'a> Document<'a> for $type$(<$lifetime>)? {
            fn inspected(encoded: &'a [u8]) -> Result<Inspected<'a>, WireRefusal> {
                Ok(Inspected {
                    encoded,
                    encoded_again: Ok($type::decode(encoded)?.encode()),
                    to_json: |encoded| serde_json::to_string(&$type::decode(encoded).map_err(serde_json::Error::custom)?),
                    places: |encoded| document_places(encoded, $shape),
                })
            }
        }
    };
}

document!(MimiContent, MIMI_CONTENT);
document!(MessageStatusReport, MESSAGE_STATUS_REPORT);
document!(MessageDerivedValues<'a>, MESSAGE_DERIVED_VALUES);

/// Decodes a type of the codec's registry.
struct Inspect<'a>(&'a [u8]);

impl From<mimi_codec::DecodeError> for WireRefusal {
    fn from(error: mimi_codec::DecodeError) -> Self {
        Self {
            reason: error.kind().to_string(),
            offset: error.offset(),
            field: error.path().to_string(),
            kind: variant_name(error.kind()),
        }
    }
}

impl<'a> registry::Visitor for Inspect<'a> {
    type Output = Result<Inspected<'a>, WireRefusal>;

    fn visit<T: registry::WireType>(self) -> Self::Output {
        Ok(Inspected {
            encoded: self.0,
            encoded_again: encode_wire(&T::decode_exact(self.0)?),
            to_json: |encoded| {
                serde_json::to_string(&T::decode_exact(encoded).map_err(serde_json::Error::custom)?)
            },
            places: |encoded| FieldPlace::all::<T>(encoded).unwrap_or_default(),
        })
    }
}

fn encode_wire(value: &impl Encode) -> Result<Vec<u8>, String> {
    value.to_bytes().map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_as_serde_json_does_it() {
        for json in [
            r#"{"a":[],"b":{},"c":[1,[2,{"d":null}],true],"e":"[{\":,}]\\","f":"\\\""}"#,
            r#""text""#,
            "[]",
            "[[[]]]",
            "12",
        ] {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(indented(json), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
