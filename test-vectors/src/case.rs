//! One case of a vector file: its members, read with every failure noted.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::difference::{differences, show};
use crate::report::Failure;

/// The largest integer that stands as a JSON number.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A case that is being verified.
pub(crate) struct Case<'a> {
    members: &'a Map<String, Value>,
    label: &'a str,
    failures: &'a mut Vec<Failure>,
    unjudged: Option<Failure>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        members: &'a Map<String, Value>,
        label: &'a str,
        failures: &'a mut Vec<Failure>,
    ) -> Self {
        Self { members, label, failures, unjudged: None }
    }

    /// All members, as JSON.
    pub(crate) fn to_json(&self) -> Value {
        Value::Object(self.members.clone())
    }

    /// Notes a failure.
    pub(crate) fn fail(&mut self, field: &str, expected: impl fmt::Display, found: impl fmt::Display) {
        self.failures.push(Failure {
            case: Some(self.label.into()),
            field: field.into(),
            expected: format!("{expected}"),
            found: format!("{found}"),
        });
    }

    /// Notes that this verifier cannot judge the case: it knows no such suite or revision. What
    /// else is wrong with the case counts for nothing then.
    pub(crate) fn cannot_judge(&mut self, field: &str, known: impl fmt::Display, found: impl fmt::Display) {
        self.unjudged.get_or_insert(Failure {
            case: Some(self.label.into()),
            field: field.into(),
            expected: format!("{known}"),
            found: format!("{found}"),
        });
    }

    /// Why the case was not judged.
    pub(crate) fn into_unjudged(self) -> Option<Failure> {
        self.unjudged
    }

    /// Does this case pass `check`? Nothing is noted.
    pub(crate) fn passes(&self, check: impl FnOnce(&mut Case<'_>)) -> bool {
        let mut failures = Vec::new();
        check(&mut Case::new(self.members, self.label, &mut failures));
        failures.is_empty()
    }

    /// Notes a failure unless both are the same.
    pub(crate) fn same_bytes(&mut self, field: &str, expected: &[u8], found: &[u8]) {
        if expected != found {
            self.fail(field, hex::encode(expected), hex::encode(found));
        }
    }

    /// Notes every place in which `found` differs from `expected`.
    pub(crate) fn same_json(&mut self, field: &str, expected: &Value, found: &Value) {
        for difference in differences(field, expected, found) {
            self.fail(&difference.path, &difference.expected, &difference.found);
        }
    }

    /// A member that may be absent; null is absent.
    pub(crate) fn optional(&self, field: &str) -> Option<&'a Value> {
        self.members.get(field).filter(|value| !value.is_null())
    }

    /// A member that has to be there.
    pub(crate) fn required(&mut self, field: &str, expected: &str) -> Option<&'a Value> {
        let value = self.optional(field);
        if value.is_none() {
            self.fail(field, expected, "no such member");
        }
        value
    }

    fn typed<T>(
        &mut self,
        field: &str,
        expected: &str,
        value: &'a Value,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let typed = read(value);
        if typed.is_none() {
            self.fail(field, expected, show(value));
        }
        typed
    }

    /// Bytes that have to be there.
    pub(crate) fn bytes(&mut self, field: &str) -> Option<Vec<u8>> {
        let value = self.required(field, LOWER_CASE_HEX)?;
        self.typed(field, LOWER_CASE_HEX, value, read_hex)
    }

    /// Text that has to be there.
    pub(crate) fn text(&mut self, field: &str) -> Option<&'a str> {
        let value = self.required(field, "text")?;
        self.typed(field, "text", value, Value::as_str)
    }

    /// Text that may be absent. `None` if it is there and no text.
    pub(crate) fn optional_text(&mut self, field: &str) -> Option<Option<&'a str>> {
        match self.optional(field) {
            None => Some(None),
            Some(value) => self.typed(field, "text", value, Value::as_str).map(Some),
        }
    }

    /// Bytes that may be absent. `None` if they are there and no hex.
    pub(crate) fn optional_bytes(&mut self, field: &str) -> Option<Option<Vec<u8>>> {
        match self.optional(field) {
            None => Some(None),
            Some(value) => self.typed(field, LOWER_CASE_HEX, value, read_hex).map(Some),
        }
    }

    /// A flag that may be absent. `None` if it is there and neither true nor false.
    pub(crate) fn flag(&mut self, field: &str, absent: bool) -> Option<bool> {
        match self.optional(field) {
            None => Some(absent),
            Some(value) => self.typed(field, "true or false", value, Value::as_bool),
        }
    }

    /// A member in the JSON form of a Rust type, `expected` by name.
    pub(crate) fn structured<T: DeserializeOwned>(
        &mut self,
        field: &str,
        expected: &str,
    ) -> Option<(&'a Value, T)> {
        let value = self.required(field, expected)?;
        self.read_structured(field, expected, value).map(|typed| (value, typed))
    }

    /// Reads the JSON form of a Rust type.
    pub(crate) fn read_structured<T: DeserializeOwned>(
        &mut self,
        field: &str,
        expected: &str,
        value: &Value,
    ) -> Option<T> {
        self.check_numbers(field, value);
        match T::deserialize(value) {
            Ok(typed) => Some(typed),
            Err(error) => {
                self.fail(field, expected, error);
                None
            }
        }
    }

    /// Notes every number that is not an integer or is too large for one.
    pub(crate) fn check_numbers(&mut self, field: &str, value: &Value) {
        match value {
            Value::Number(number) => {
                let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
                if magnitude.is_none_or(|magnitude| magnitude > MAX_NUMBER) {
                    self.fail(field, "an integer, as a decimal string beyond 2^53-1", number);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.check_numbers(&format!("{field}[{index}]"), item);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.check_numbers(&format!("{field}.{name}"), member);
                }
            }
            _ => {}
        }
    }

    /// What is said of an invalid case that decodes.
    pub(crate) fn fail_accepted(&mut self) {
        let reason = self.optional("reason").and_then(Value::as_str).unwrap_or("\"valid\" is false");
        self.fail("encoded", format!("to be refused: {reason}"), "accepted");
    }
}

const LOWER_CASE_HEX: &str = "lower-case hex";

fn read_hex(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str().filter(|text| !text.bytes().any(|byte| byte.is_ascii_uppercase()))?;
    hex::decode(text).ok()
}
