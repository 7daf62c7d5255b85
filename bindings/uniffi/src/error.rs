//! The error of all functions.

use crate::convert::Cross;

macro_rules! error {
    ($($(#[$meta:meta])* $variant:ident,)*) => {
        /// What went wrong. Every kind has the same fields.
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Error)]
        pub enum MimiError {
            $($(#[$meta])* $variant {
                /// The name of the reason among those of the crate that refuses: `TrailingBytes`.
                reason: Option<String>,
                /// What is wrong, without the field and the offset.
                detail: String,
                /// The field: `MimiContent.body.parts[1]`; of JSON the member, of arguments their name.
                field: Option<String>,
                /// The byte at which it is wrong, counted from 0.
                offset: Option<u64>,
                /// The document and section that define the type.
                section: Option<String>,
            },)*
        }

        impl From<mimi::Error> for MimiError {
            fn from(error: mimi::Error) -> Self {
                let mimi::Error { kind, reason, message: detail, field, offset, section, .. } = error;
                match kind {
                    $(mimi::ErrorKind::$variant => Self::$variant { reason, detail, field, offset, section },)*
                    _ => Self::InvalidInput { reason, detail, field, offset, section },
                }
            }
        }

        impl std::fmt::Display for MimiError {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let (detail, field, offset) = match self {
                    $(Self::$variant { detail, field, offset, .. } => (detail, field, offset),)*
                };
                if let Some(field) = field {
                    write!(f, "{field}: ")?;
                }
                f.write_str(detail)?;
                match offset {
                    Some(offset) => write!(f, " (byte {offset})"),
                    None => Ok(()),
                }
            }
        }
    };
}

error! {
    /// Bytes are not the encoding of a valid value.
    Refused,
    /// An argument is not valid: hex, JSON, a URI, a name.
    InvalidInput,
    /// No type, case or message has this name.
    Unknown,
    /// A value can't be built as it was asked for.
    Build,
    /// The room's policy, or a rule of the protocol, does not allow it.
    NotAllowed,
    /// A signature, tag, hash or ciphertext does not match.
    NotAuthentic,
    /// The object's state does not allow the call, such as a second end of a stream.
    State,
}

impl std::error::Error for MimiError {}

/// A refusal that is part of a result.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Refusal {
    /// The name of the reason: `TrailingBytes`.
    pub reason: Option<String>,
    /// What is wrong, without the field and the offset.
    pub detail: String,
    /// The field: `MimiContent.body.parts[1]`.
    pub field: Option<String>,
    /// The byte at which it is wrong, counted from 0.
    pub offset: Option<u64>,
    /// The document and section that define the type.
    pub section: Option<String>,
}

impl Cross<Refusal> for mimi::Error {
    fn cross(self) -> Refusal {
        let Self { reason, message: detail, field, offset, section, .. } = self;
        Refusal { reason, detail, field, offset, section }
    }
}

/// The result of what can fail.
pub type Result<T> = std::result::Result<T, MimiError>;
