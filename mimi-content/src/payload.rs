//! What an application message holds: mimi-content-09 §7.1, mimi-message-status-01 §6,
//! mls-extensions-10 §6.2.4.

use alloc::string::String;
use core::fmt;

use crate::choice::media_type_matches;
use crate::error::DecodeError;
use crate::media_types::{MIMI_CONTENT, MIMI_MESSAGE_STATUS};
use crate::message::MimiContentRef;
use crate::status::MessageStatusReportRef;

/// What an application message holds, by its media type: a message, or a status report that stands
/// by itself.
///
/// A report may also be a part of a message; then the message is the payload.
///
/// ```
/// use mimi_content::{MessageId, MessageStatus, MessageStatusReport, Payload, media_types};
///
/// # let id = MessageId::from_bytes([1; 32]);
/// let report = MessageStatusReport::of([(id, MessageStatus::READ)]).encode();
/// let payload = Payload::decode(media_types::MIMI_MESSAGE_STATUS, &report)?;
/// assert!(matches!(payload, Payload::Status(report) if report.len() == 1));
/// # Ok::<(), mimi_content::PayloadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "most payloads are messages, and a box would be an allocation for each"
)]
pub enum Payload<'a> {
    /// A message (`application/mimi-content`).
    Content(MimiContentRef<'a>),
    /// A status report (`application/mimi-message-status`).
    Status(MessageStatusReportRef<'a>),
}

impl<'a> Payload<'a> {
    /// Reads a payload of the media type that the application framing names. The empty type stands
    /// for MIMI content, which is what a MIMI group sends where no framing is used.
    ///
    /// # Errors
    ///
    /// [`PayloadError::UnknownType`] for another media type, [`PayloadError::Decode`] for what is
    /// not the one encoding of a valid value.
    pub fn decode(content_type: &str, encoded: &'a [u8]) -> Result<Self, PayloadError> {
        if content_type.is_empty() || media_type_matches(MIMI_CONTENT, content_type) {
            MimiContentRef::decode(encoded).map(Self::Content).map_err(PayloadError::Decode)
        } else if media_type_matches(MIMI_MESSAGE_STATUS, content_type) {
            MessageStatusReportRef::decode(encoded).map(Self::Status).map_err(PayloadError::Decode)
        } else {
            Err(PayloadError::UnknownType(content_type.into()))
        }
    }
}

/// A payload that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PayloadError {
    /// The media type is neither that of a message nor that of a report.
    UnknownType(String),
    /// The encoding is refused.
    Decode(DecodeError),
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(found) => {
                write!(f, "payload of type {found:?}, expected {MIMI_CONTENT} or {MIMI_MESSAGE_STATUS}")
            }
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PayloadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::UnknownType(_) => None,
            Self::Decode(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn reads_by_media_type() {
        let content = include_bytes!("../tests/data/original.cbor");
        for content_type in ["", "application/mimi-content", "Application/MIMI-Content; x=y"] {
            assert!(
                matches!(Payload::decode(content_type, content), Ok(Payload::Content(_))),
                "{content_type}"
            );
        }
        assert!(matches!(
            Payload::decode("application/mimi-message-status", &[0x80]),
            Ok(Payload::Status(_))
        ));
        for (content_type, encoded) in [("", &[0x80][..]), ("application/mimi-message-status", content)] {
            assert!(matches!(Payload::decode(content_type, encoded), Err(PayloadError::Decode(_))));
        }
        let error = Payload::decode("text/plain", content).unwrap_err();
        assert_eq!(
            error.to_string(),
            "payload of type \"text/plain\", expected application/mimi-content or application/mimi-message-status"
        );
    }
}
