//! Where two JSON values differ.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

/// A place where two values differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The way to it, from the name that the comparison began with.
    pub(crate) path: String,
    /// What stands there in the one value.
    pub(crate) expected: String,
    /// What stands there in the other value.
    pub(crate) found: String,
}

/// Every place where `found` differs from `expected`. A member that is null and one that is absent
/// are the same, and members that only `expected` has are ignored.
pub(crate) fn differences(name: &str, expected: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(name, expected, found, &mut all);
    all
}

// The recursion ends: values come from the JSON parser, which bounds their depth, or from types.
fn compare(path: &str, expected: &Value, found: &Value, all: &mut Vec<Difference>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, found) in found {
                let expected = expected.get(name).unwrap_or(&Value::Null);
                compare(&format!("{path}.{name}"), expected, found, all);
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{path}[{index}]"), expected, found, all);
            }
        }
        (Value::Array(expected), Value::Array(found)) => all.push(Difference {
            path: path.into(),
            expected: format!("{} items", expected.len()),
            found: format!("{} items", found.len()),
        }),
        _ if expected == found => {}
        _ => all.push(Difference { path: path.into(), expected: show(expected), found: show(found) }),
    }
}

/// Text bare, everything else as JSON.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_every_place() {
        let expected = json!({"a": [1, {"b": "x"}], "c": [1], "d": null, "only here": 1});
        let found = json!({"a": [2, {"b": "y"}], "c": [], "d": true, "e": null});
        let all = differences("value", &expected, &found);
        let places: Vec<_> = all.iter().map(|d| (&*d.path, &*d.expected, &*d.found)).collect();
        assert_eq!(
            places,
            [
                ("value.a[0]", "1", "2"),
                ("value.a[1].b", "x", "y"),
                ("value.c", "1 items", "0 items"),
                ("value.d", "null", "true"),
            ]
        );
    }
}
