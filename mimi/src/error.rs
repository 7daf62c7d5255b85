//! One error for all of the crate.

use core::fmt;

use serde::Serialize;

/// What went wrong, with the field and the byte if it is about bytes.
///
/// ```
/// use mimi::{ErrorKind, inspect::inspect_as};
///
/// let refused = inspect_as("HPKECiphertext", b"\x01a\x02b")?.refused.unwrap();
/// assert_eq!(refused.kind, ErrorKind::Refused);
/// assert_eq!(refused.reason.as_deref(), Some("LengthExceedsInput"));
/// assert_eq!(refused.field.as_deref(), Some("HPKECiphertext.ciphertext"));
/// assert_eq!(refused.offset, Some(2));
/// # Ok::<(), mimi::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The name of the reason among those of the crate that refuses: `TrailingBytes`. Stable within
    /// a version of that crate.
    pub reason: Option<String>,
    /// What is wrong, without the field and the offset.
    pub message: String,
    /// The field: `MimiContent.body.parts[1]`; of JSON the member, of arguments their name.
    pub field: Option<String>,
    /// The byte at which it is wrong, counted from 0.
    pub offset: Option<u64>,
    /// The document and section that define the type: `mimi-content-09 §4`.
    pub section: Option<String>,
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bytes are not the encoding of a valid value.
    Refused,
    /// An argument is not valid: hex, JSON, a URI, a name.
    InvalidInput,
    /// No type, case or message has this name.
    Unknown,
    /// A value cannot be built as it was asked for.
    Build,
    /// The room's policy, or a rule of the protocol, does not allow it.
    NotAllowed,
    /// A signature, tag, hash or ciphertext does not match.
    NotAuthentic,
    /// The object's state does not allow the call, such as a second end of a stream.
    State,
}

impl ErrorKind {
    /// The name in JSON: `not_allowed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::InvalidInput => "invalid_input",
            Self::Unknown => "unknown",
            Self::Build => "build",
            Self::NotAllowed => "not_allowed",
            Self::NotAuthentic => "not_authentic",
            Self::State => "state",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        match self.offset {
            Some(offset) => write!(f, " (byte {offset})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Error {}

#[allow(dead_code, reason = "each is used by some features")]
impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, reason: None, message: message.to_string(), field: None, offset: None, section: None }
    }

    /// An argument that is not valid.
    pub(crate) fn input(field: &str, message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidInput, message).in_field(field)
    }

    /// With the name of the variant that is the reason.
    pub(crate) fn because(mut self, reason: &dyn fmt::Debug) -> Self {
        let mut name = format!("{reason:?}");
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        name.truncate(end);
        self.reason = Some(name).filter(|name| !name.is_empty());
        self
    }

    pub(crate) fn in_field(mut self, field: impl fmt::Display) -> Self {
        self.field = Some(field.to_string()).filter(|field| !field.is_empty());
        self
    }

    pub(crate) fn at(mut self, offset: usize) -> Self {
        self.offset = u64::try_from(offset).ok();
        self
    }

    pub(crate) fn of_section(mut self, section: impl fmt::Display) -> Self {
        self.section = Some(section.to_string());
        self
    }
}

/// The result of what can fail here.
pub type Result<T> = core::result::Result<T, Error>;
