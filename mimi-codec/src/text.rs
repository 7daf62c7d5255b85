//! Why a piece of text (a URI, a header value, a media type, a URL template) was refused, and
//! where.

use core::fmt;

/// A text was refused: what is wrong with it and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextError {
    /// What is wrong.
    pub kind: TextErrorKind,
    /// Byte offset in the text that was given, where the wrong part begins. It is the length of the
    /// text when something is missing at its end.
    pub offset: usize,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextErrorKind {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// Another scheme than the one asked for (`mimi` or `https`), or none.
    Scheme,
    /// The host is missing or is not a domain name.
    Host,
    /// A port where none may stand, or one that isn't a number up to 65535.
    Port,
    /// User information (`…@`) in front of a host.
    UserInfo,
    /// A path without a kind (`/u/`, `/d/`, …), or with an empty one.
    UriKind,
    /// Nothing stands after the kind.
    EmptyId,
    /// A `.` or `..` path segment, escaped or not: it names another resource after normalization.
    DotSegment,
    /// A `%` that two hexadecimal digits don't follow.
    Escape,
    /// A character that may not stand there.
    Character,
    /// The local part of a From address is not exactly `mimi`.
    LocalPart,
    /// A URL template has no variable, or more than one, or one outside the path, or an unpaired
    /// brace.
    TemplateVariable,
    /// A media type is not `type/subtype`.
    MediaType,
    /// A media type parameter is not `name=value`.
    Parameter,
    /// A media type parameter stands twice.
    DuplicateParameter,
    /// A quoted string that isn't closed.
    QuotedString,
    /// A capability name that is not in the registry.
    UnknownCapability,
}

impl TextError {
    pub(crate) const fn new(kind: TextErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The same refusal, `by` bytes further on: the text was a part of a longer one.
    pub(crate) const fn shifted(self, by: usize) -> Self {
        Self { kind: self.kind, offset: self.offset.saturating_add(by) }
    }
}

impl fmt::Display for TextErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "not UTF-8",
            Self::Scheme => "wrong or missing scheme",
            Self::Host => "not a domain name",
            Self::Port => "bad or misplaced port",
            Self::UserInfo => "user information before the host",
            Self::UriKind => "missing or empty kind in the path",
            Self::EmptyId => "empty identifier after the kind",
            Self::DotSegment => "dot segment in the path",
            Self::Escape => "malformed percent-escape",
            Self::Character => "character not allowed here",
            Self::LocalPart => "the local part is not `mimi`",
            Self::TemplateVariable => "not exactly one `{variable}` in the path",
            Self::MediaType => "not `type/subtype`",
            Self::Parameter => "malformed media type parameter",
            Self::DuplicateParameter => "media type parameter given twice",
            Self::QuotedString => "quoted string not closed",
            Self::UnknownCapability => "no capability of this name",
        })
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for TextError {}

/// serde for types that are their text, in every format.
macro_rules! serde_as_text {
    ($($name:ident),*) => {$(
        /// The value is its text.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::string::String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

pub(crate) use serde_as_text;
