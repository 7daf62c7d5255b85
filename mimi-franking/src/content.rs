//! What a franking tag covers, and what is read out of it.

#[cfg(feature = "content")]
mod assertion_map;
#[cfg(feature = "content")]
mod mimi;

use alloc::vec::Vec;
use core::fmt;

use crate::{Construction, FrankingError};

#[cfg(feature = "content")]
pub use assertion_map::{
    FrankingAssertion, set_franking_assertion, set_franking_assertion_02, set_sender_and_room,
};
#[cfg(feature = "content")]
pub use mimi::{Framing, MimiFrankable, MimiFrankable02};

/// A message format that can be franked. It finds the tag's key, the sender and the room in the
/// application data (mimi-protocol-06 §5.4.1.1).
///
/// The tag always covers the whole application data. `MimiFrankable` is the format of MIMI content
/// (feature `content`); other formats implement this trait. All parties must read the same
/// assertions from the same bytes, now and in later versions: a report may arrive years after the
/// message.
///
/// ```
/// use mimi_franking::{Assertions, Construction, ContentError, FrankableContent, FrankingSalt, Signed};
///
/// /// 16 bytes of salt, a line with the sender, a line with the room, text.
/// struct Lines;
///
/// impl FrankableContent<Signed> for Lines {
///     fn assertions<'a>(&self, application_data: &'a [u8]) -> Result<Assertions<'a, Signed>, ContentError> {
///         let (salt, text) = application_data.split_first_chunk().ok_or(ContentError::Malformed)?;
///         let mut lines = text.split(|byte| *byte == b'\n');
///         Ok(Assertions {
///             tag_key: FrankingSalt::from_bytes(*salt),
///             sender_uri: lines.next().ok_or(ContentError::MissingSender)?,
///             room_uri: lines.next().ok_or(ContentError::MissingRoom)?,
///             // The format refers to nothing outside of the message.
///             unbound: Vec::new(),
///         })
///     }
/// }
/// ```
pub trait FrankableContent<C: Construction> {
    /// Reads the assertions.
    ///
    /// # Errors
    /// Any [`ContentError`].
    fn assertions<'a>(&self, application_data: &'a [u8]) -> Result<Assertions<'a, C>, ContentError>;
}

/// The sender's claims in the content, which the sender cannot deny later. The hub and the
/// receivers check them.
#[derive(Clone, Debug)]
pub struct Assertions<'a, C: Construction> {
    /// The salt, or in mimi-protocol-02 the `franking_key`.
    pub tag_key: C::TagKey,
    /// The sender's user URI or pseudonym.
    pub sender_uri: &'a [u8],
    /// The room.
    pub room_uri: &'a [u8],
    /// The content that the message refers to without binding it, in the order of the parts.
    pub unbound: Vec<UnboundContent>,
}

impl<C: Construction> Assertions<'_, C> {
    pub(crate) fn check_sender(&self, sender_uri: &[u8]) -> Result<(), FrankingError> {
        if self.sender_uri == sender_uri { Ok(()) } else { Err(FrankingError::SenderMismatch) }
    }

    pub(crate) fn check_room(&self, room_uri: &[u8]) -> Result<(), FrankingError> {
        if self.room_uri == room_uri { Ok(()) } else { Err(FrankingError::RoomMismatch) }
    }
}

/// Content that a message refers to without binding it. A franking tag says nothing about this
/// content.
///
/// Without a hash, the sender can give each receiver another file under one URL, key and nonce,
/// because no AEAD algorithm here commits to its plaintext. A report shows the hub one of these
/// files and proves nothing about any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnboundContent {
    /// The index of the part in the message, from 0.
    pub part: u16,
    /// What the part refers to.
    pub kind: UnboundKind,
}

/// The kind of unbound content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnboundKind {
    /// A service, such as a link to a conference, which has no content to bind
    /// (mimi-content-09 §4.5).
    Service,
    /// A file without a hash that binds it.
    File,
}

impl fmt::Display for UnboundContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            UnboundKind::Service => "a service",
            UnboundKind::File => "a file without a hash that binds it",
        };
        write!(f, "part {} is {what}", self.part)
    }
}

/// Why the assertions cannot be read from application data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentError {
    /// The application data is not in this format.
    Malformed,
    /// The sender URI is missing.
    MissingSender,
    /// The room URI is missing.
    MissingRoom,
    /// The franking assertion is missing.
    MissingAssertion,
    /// The franking assertion is not the map that mimi-protocol-02 or -03 defines.
    MalformedAssertion,
    /// The franking assertion and the extensions 1 and 2 name different senders or rooms.
    Contradiction,
    /// The ApplicationFraming is malformed.
    Framing(mimi_codec::DecodeError),
    /// The ApplicationFraming names a media type of another format.
    MediaType,
    /// The application data is not MIMI content.
    #[cfg(feature = "content")]
    Mimi(mimi_content::DecodeError),
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("application data is not in the room's format"),
            Self::MissingSender => f.write_str("sender URI is missing"),
            Self::MissingRoom => f.write_str("room URI is missing"),
            Self::MissingAssertion => f.write_str("franking assertion is missing"),
            Self::MalformedAssertion => f.write_str("franking assertion is malformed"),
            Self::Contradiction => f.write_str("franking assertion contradicts the extensions 1 and 2"),
            Self::Framing(error) => write!(f, "{error}"),
            Self::MediaType => f.write_str("media type is not that of the room's format"),
            #[cfg(feature = "content")]
            Self::Mimi(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for ContentError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Framing(error) => Some(error),
            #[cfg(feature = "content")]
            Self::Mimi(error) => Some(error),
            _ => None,
        }
    }
}
