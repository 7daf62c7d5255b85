//! Flags: what groups of cases are about, and the bug that each group catches.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

/// A name for a group of cases, explained once in the file's `notes`.
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    /// What the cases have in common.
    pub(crate) about: &'static str,
    /// The bug that they catch.
    pub(crate) bug: &'static str,
    /// Where the rule is.
    pub(crate) section: &'static str,
    /// The numbers in `docs/readings.md`, where a draft leaves a choice.
    pub(crate) readings: &'static [&'static str],
    /// Whether a case is one of the group.
    pub(crate) of: fn(&Labels<'_>) -> bool,
}

/// What the generator knows of a case before it is written.
pub(crate) struct Labels<'a> {
    pub(crate) name: &'a str,
    /// Why an invalid case is refused.
    pub(crate) reason: &'a str,
    pub(crate) valid: bool,
    /// The members' JSON.
    pub(crate) members: &'a [(String, String)],
}

impl Labels<'_> {
    pub(crate) fn begins(&self, starts: &[&str]) -> bool {
        starts.iter().any(|start| self.name.starts_with(start))
    }

    pub(crate) fn has(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.name.contains(part))
    }

    /// For an invalid case.
    pub(crate) fn because(&self, parts: &[&str]) -> bool {
        !self.valid && parts.iter().any(|part| self.reason.contains(part))
    }

    /// Whether a member is there, with this JSON.
    pub(crate) fn member_is(&self, member: &str, json: &str) -> bool {
        self.members.iter().any(|(name, value)| *name == member && value == json)
    }

    /// Whether a member's JSON has one of these parts.
    pub(crate) fn member_has(&self, member: &str, parts: &[&str]) -> bool {
        self.members
            .iter()
            .any(|(name, json)| *name == member && parts.iter().any(|part| json.contains(part)))
    }

    /// Whether a generator drew the case: a number of its own ends its name.
    pub(crate) fn is_numbered(&self) -> bool {
        self.name
            .rsplit_once(' ')
            .is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// The flags of a case.
pub(crate) fn names(flags: &[Flag], labels: &Labels<'_>) -> Vec<&'static str> {
    flags.iter().filter(|flag| (flag.of)(labels)).map(|flag| flag.name).collect()
}

/// The file's `notes`, one flag on each line.
pub(crate) fn notes(flags: &[Flag]) -> String {
    let lines = flags.iter().map(|flag| {
        let mut note = Map::new();
        note.insert("about".to_string(), flag.about.into());
        note.insert("bug".to_string(), flag.bug.into());
        note.insert("section".to_string(), flag.section.into());
        if !flag.readings.is_empty() {
            note.insert("readings".to_string(), json!(flag.readings));
        }
        alloc::format!("{}: {}", Value::from(flag.name), Value::Object(note))
    });
    let lines: Vec<_> = lines.collect();
    alloc::format!("{{\n{}\n}}", lines.join(",\n"))
}
