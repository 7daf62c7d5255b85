//! Which of the shipped cases a document means.

use std::collections::BTreeMap;

use mimi_test_vectors::SHIPPED;
use serde_json::Value;

/// The shipped files, parsed.
pub(crate) struct ShippedCases {
    files: Vec<(&'static str, Value)>,
}

/// One case of one file.
pub(crate) struct ShippedCase<'a> {
    pub(crate) file: &'static str,
    pub(crate) name: &'a str,
    case: &'a Value,
}

impl ShippedCases {
    pub(crate) fn parse() -> serde_json::Result<Self> {
        let parse = |(name, json): &(&'static str, &str)| Ok((*name, serde_json::from_str(json)?));
        Ok(Self { files: SHIPPED.iter().map(parse).collect::<serde_json::Result<_>>()? })
    }

    /// How many cases each file has.
    pub(crate) fn sizes(&self) -> BTreeMap<&'static str, usize> {
        self.files.iter().map(|(name, file)| (*name, cases(file).len())).collect()
    }

    /// The cases that a selector means: `KIND`, `KIND#FLAG`, `KIND/NAME` for cases whose `type`,
    /// `what`, `revision` or `framing` that is, and `KIND:CASE`, where CASE may end in `*`.
    pub(crate) fn select<'a>(&'a self, selector: &str) -> Vec<ShippedCase<'a>> {
        let is_of_kind = |c: char| c.is_ascii_lowercase() || c == '-';
        let end = selector.find(|c| !is_of_kind(c)).unwrap_or(selector.len());
        let (kind, which) = selector.split_at(end);
        let of_kind = self.files.iter().filter(|(_, file)| text(file, "kind") == Some(kind));
        let all = of_kind.flat_map(|(name, file)| {
            cases(file).iter().map(|case| ShippedCase {
                file: name,
                name: text(case, "name").unwrap_or_default(),
                case,
            })
        });
        all.filter(|case| case.is(which)).collect()
    }
}

impl ShippedCase<'_> {
    fn is(&self, which: &str) -> bool {
        if let Some(flag) = which.strip_prefix('#') {
            let flags = self.case.get("flags").and_then(Value::as_array);
            flags.is_some_and(|flags| flags.iter().any(|it| it.as_str() == Some(flag)))
        } else if let Some(name) = which.strip_prefix('/') {
            ["type", "what", "revision", "framing"].iter().any(|member| text(self.case, member) == Some(name))
        } else if let Some(name) = which.strip_prefix(':') {
            match name.strip_suffix('*') {
                Some(beginning) => self.name.starts_with(beginning),
                None => self.name == name,
            }
        } else {
            which.is_empty()
        }
    }

    /// Whether the case is one to accept. A decision that refuses counts as one to refuse.
    pub(crate) fn is_valid(&self) -> bool {
        let valid = self.case.get("valid").and_then(Value::as_bool).unwrap_or(true);
        valid && self.case.pointer("/expect/allow").and_then(Value::as_bool).unwrap_or(true)
    }

    pub(crate) fn cipher_suite(&self) -> Option<u64> {
        self.case.get("cipher_suite").and_then(Value::as_u64)
    }
}

fn cases(file: &Value) -> &[Value] {
    file.get("cases").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}
