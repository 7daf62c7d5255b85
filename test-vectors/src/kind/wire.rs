//! The kind `wire`: any structure under its draft's name.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod realistic;
#[cfg(feature = "generate")]
mod refusals;
#[cfg(feature = "generate")]
mod samples;

use alloc::format;

use serde_json::Value;

use super::Kind;
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};
use crate::wire_type::{self, InspectError};

pub(crate) struct Wire;

impl Kind for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &[
            "RFC 9420",
            "draft-ietf-mimi-protocol-06",
            "draft-ietf-mimi-room-policy-04",
            "draft-ietf-mimi-content-09",
            "draft-ietf-mls-extensions-10",
            "draft-ietf-mls-ratchet-tree-options-01",
            "draft-mahy-mls-semiprivatemessage-07",
            "draft-kohbrok-mls-associated-parties-01",
            "draft-kohbrok-mimi-metadata-minimalization-02",
        ]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let name = case.text("type");
        let encoded = case.bytes("encoded");
        let value = case.optional("value");
        if let Some(value) = value {
            case.check_numbers("value", value);
        }
        let (Some(name), Some(encoded)) = (name, encoded) else { return };
        let inspected = match wire_type::inspect(name, &encoded) {
            Ok(inspected) => inspected,
            Err(InspectError::UnknownType) => return unknown_type(case, name),
            Err(InspectError::Refused(refusal)) => {
                return case.fail("encoded", "to be accepted", format!("refused: {refusal}"));
            }
        };
        match inspected.encode() {
            Ok(again) => case.same_bytes("encoded", &encoded, &again),
            Err(error) => case.fail("encoded", "to be encoded again", error),
        }
        if let Some(value) = value {
            verify_value(case, name, &inspected, value);
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let name = case.text("type");
        let encoded = case.bytes("encoded");
        let (Some(name), Some(encoded)) = (name, encoded) else { return };
        match wire_type::inspect(name, &encoded) {
            Ok(_) => case.fail_accepted(),
            Err(InspectError::UnknownType) => unknown_type(case, name),
            Err(InspectError::Refused(_)) => {}
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<alloc::vec::Vec<GeneratedCase>, GenerateError> {
        let mut cases = realistic::cases(seed)?;
        cases.extend(samples::cases(seed)?);
        cases.extend(refusals::cases().into_iter().map(|refused| refused.case));
        Ok(cases)
    }
}

fn unknown_type(case: &mut Case<'_>, name: &str) {
    case.cannot_judge("type", "a type that `mimi-vectors types` lists", name);
}

/// Encoding the value gives the bytes, and decoding the bytes gives the value.
fn verify_value(case: &mut Case<'_>, name: &str, inspected: &wire_type::Inspected<'_>, value: &Value) {
    let encoded = inspected.encoded();
    let found = match inspected.json().and_then(|json| serde_json::from_str::<Value>(&json)) {
        Ok(found) => found,
        Err(error) => return case.fail("value", "a JSON form", error),
    };
    match wire_type::encode_json(name, value) {
        // Types that are only written as JSON: the JSON itself is compared.
        None => case.same_json("value", value, &found),
        Some(Ok(bytes)) if bytes == encoded => {}
        Some(Ok(bytes)) => {
            case.same_json("value", value, &found);
            case.same_bytes("encoded", encoded, &bytes);
        }
        Some(Err(error)) => case.fail("value", format!("a value of the type, {found}"), error),
    }
}
