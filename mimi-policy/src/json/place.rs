//! A JSON value and the way to it, so that an error says where.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde_json::{Map, Value};

/// Why JSON isn't what the kind `policy` has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyJsonError {
    /// The place, from the outermost member: `room.roles[2].min`.
    pub path: String,
    /// What is wrong there.
    pub problem: PolicyJsonProblem,
}

/// What is wrong with a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyJsonProblem {
    /// It has to be there, and isn't.
    Missing,
    /// A member of this name means nothing here.
    Unknown {
        /// The members that mean something.
        known: &'static [&'static str],
    },
    /// It is something else.
    Unexpected {
        /// What it has to be.
        expected: String,
        /// What it is, as JSON.
        found: String,
    },
}

impl fmt::Display for PolicyJsonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Unknown { known } => write!(f, "no such member; there are {}", known.join(", ")),
            Self::Unexpected { expected, found } => write!(f, "expected {expected}, found {found}"),
        }
    }
}

impl fmt::Display for PolicyJsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

impl core::error::Error for PolicyJsonError {}

pub(super) type Result<T> = core::result::Result<T, PolicyJsonError>;

/// A value and the way to it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    path: String,
    value: &'a Value,
}

/// How much of a value an error shows.
const SHOWN: usize = 60;

impl<'a> Place<'a> {
    pub(super) fn new(path: &str, value: &'a Value) -> Self {
        Self { path: path.to_owned(), value }
    }

    /// The same value under another path.
    pub(super) fn renamed(&self, path: &str) -> Self {
        Self { path: path.to_owned(), value: self.value }
    }

    /// The member `name`, if it is text.
    pub(super) fn name(&self) -> Option<&'a str> {
        self.value.get("name").and_then(Value::as_str)
    }

    pub(super) fn unexpected(&self, expected: impl Into<String>) -> PolicyJsonError {
        let mut found = format!("{}", self.value);
        if let Some((end, _)) = found.char_indices().nth(SHOWN) {
            found.truncate(end);
            found.push('…');
        }
        PolicyJsonError {
            path: self.path.clone(),
            problem: PolicyJsonProblem::Unexpected { expected: expected.into(), found },
        }
    }

    pub(super) fn as_text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(super) fn text(&self, expected: &str) -> Result<&'a str> {
        self.as_text().ok_or_else(|| self.unexpected(expected))
    }

    /// A URI, which is some text.
    pub(super) fn uri(&self) -> Result<String> {
        let text = self.text("a URI as text")?;
        if text.is_empty() { Err(self.unexpected("a URI that is not empty")) } else { Ok(text.to_owned()) }
    }

    pub(super) fn flag(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.unexpected("true or false"))
    }

    /// A number of at most 32 bits.
    pub(super) fn number(&self) -> Result<u32> {
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| self.unexpected("an integer from 0 to 4294967295"))
    }

    /// A number of at most 16 bits.
    pub(super) fn short_number(&self) -> Result<u16> {
        let number = self.value.as_u64().and_then(|number| u16::try_from(number).ok());
        number.ok_or_else(|| self.unexpected("an integer from 0 to 65535"))
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        self.value
            .as_str()
            .filter(|text| !text.bytes().any(|byte| byte.is_ascii_uppercase()))
            .and_then(|text| hex::decode(text).ok())
            .ok_or_else(|| self.unexpected("lower-case hex"))
    }

    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub(super) fn list(&self) -> Result<Vec<Place<'a>>> {
        let items = self.value.as_array().ok_or_else(|| self.unexpected("a list"))?;
        let item = |(index, value)| Place { path: format!("{}[{index}]", self.path), value };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// A list of exactly that many items.
    pub(super) fn tuple<const N: usize>(&self) -> Result<[Place<'a>; N]> {
        let wrong = || self.unexpected(format!("a list of {N}"));
        self.list().map_err(|_| wrong())?.try_into().map_err(|_| wrong())
    }

    /// An object whose members are all among these.
    pub(super) fn members(&self, known: &'static [&'static str]) -> Result<Members<'a>> {
        let members = self.open_members()?;
        match members.map.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(PolicyJsonError {
                path: members.path_of(name),
                problem: PolicyJsonProblem::Unknown { known },
            }),
            None => Ok(members),
        }
    }

    /// An object that may have any members.
    pub(super) fn open_members(&self) -> Result<Members<'a>> {
        let map = self.value.as_object().ok_or_else(|| self.unexpected("an object"))?;
        Ok(Members { path: self.path.clone(), map })
    }
}

/// The members of an object.
pub(super) struct Members<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// A member that may be absent; null is absent.
    pub(super) fn optional(&self, name: &str) -> Option<Place<'a>> {
        let value = self.map.get(name).filter(|value| !value.is_null())?;
        Some(Place { path: self.path_of(name), value })
    }

    pub(super) fn required(&self, name: &str) -> Result<Place<'a>> {
        self.optional(name)
            .ok_or_else(|| PolicyJsonError { path: self.path_of(name), problem: PolicyJsonProblem::Missing })
    }

    /// The items of a list that may be absent.
    pub(super) fn items(&self, name: &str) -> Result<Vec<Place<'a>>> {
        self.optional(name).map_or_else(|| Ok(Vec::new()), |place| place.list())
    }

    /// All members, with their names.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, Place<'a>)> {
        self.map
            .iter()
            .map(|(name, value)| (name.as_str(), Place { path: format!("{}[{name:?}]", self.path), value }))
    }
}
