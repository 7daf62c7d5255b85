//! Extension values as trees of `ciborium::Value`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use ciborium::Value;

use super::{ExtensionError, ExtensionKey, ExtensionValue, MessageExtensions};
use crate::cbor::item::{self, MAX_DEPTH};
use crate::cbor::reader::Reader;

impl ExtensionValue<'_> {
    /// The value as a tree.
    ///
    /// # Errors
    ///
    /// [`ValueError`] for what `ciborium::Value` has no place for: `undefined`, simple values
    /// without a meaning, and negative bignums of 16 bytes below -2^127. Whatever it gives,
    /// [`MessageExtensions::set_value`] turns into the same bytes again.
    pub fn to_value(&self) -> Result<Value, ValueError> {
        if holds_undefined(self.encoded) {
            return Err(ValueError("it holds `undefined`".to_string()));
        }
        ciborium::from_reader(self.encoded).map_err(|error| ValueError(error.to_string()))
    }
}

/// Whether an item that was checked is `undefined` or holds it, which ciborium reads as null.
fn holds_undefined(encoded: &[u8]) -> bool {
    let mut found = false;
    let mut reader = Reader::new(encoded);
    let _ = item::walk_item(&mut reader, &mut |initial| found |= initial == UNDEFINED);
    found
}

const UNDEFINED: u8 = 0xf7;

impl MessageExtensions {
    /// Sets an extension to a tree. Maps are sorted, integers, lengths and floats take their
    /// shortest form.
    ///
    /// # Errors
    ///
    /// As [`MessageExtensions::set_encoded`]: the tree may nest too deep, or hold keys twice or of
    /// other types than integers, text and byte strings.
    pub fn set_value<'k>(
        &mut self,
        key: impl Into<ExtensionKey<'k>>,
        value: &Value,
    ) -> Result<(), ExtensionError> {
        let mut encoded = Vec::new();
        write(value, 2, &mut encoded);
        self.set_encoded(key, &encoded)
    }
}

/// Writes the deterministic form. What lies below the deepest level that
/// [`MessageExtensions::set_encoded`] accepts is left out: the recursion ends, and the check of
/// what was written then refuses it for the depth.
fn write(value: &Value, level: u8, encoded: &mut Vec<u8>) {
    let next = level.saturating_add(1);
    if level > MAX_DEPTH && matches!(value, Value::Array(_) | Value::Map(_) | Value::Tag(..)) {
        encoded.push(0x80);
        return;
    }
    match value {
        Value::Array(items) => {
            crate::cbor::writer::array(encoded, items.len());
            items.iter().for_each(|item| write(item, next, encoded));
        }
        Value::Map(entries) => {
            let mut sorted: Vec<(Vec<u8>, &Value)> = entries
                .iter()
                .map(|(key, value)| {
                    let mut encoded_key = Vec::new();
                    write(key, next, &mut encoded_key);
                    (encoded_key, value)
                })
                .collect();
            sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
            crate::cbor::writer::head(encoded, crate::cbor::Major::Map, sorted.len() as u64);
            for (key, value) in sorted {
                encoded.extend_from_slice(&key);
                write(value, next, encoded);
            }
        }
        Value::Tag(tag, content) => {
            crate::cbor::writer::head(encoded, crate::cbor::Major::Tag, *tag);
            write(content, next, encoded);
        }
        // Integers, strings, floats, booleans and null: ciborium writes the shortest form. Writing
        // to memory cannot fail, and an item left out is found by the check.
        leaf => drop(ciborium::into_writer(leaf, encoded)),
    }
}

/// A value that `ciborium::Value` cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError(String);

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no ciborium value: {}", self.0)
    }
}

impl core::error::Error for ValueError {}
