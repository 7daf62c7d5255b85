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

/// A message format that can be franked: it says where in the application data the key of the tag, the sender and the room stand
/// (mimi-protocol-06, 5.4.1.1).
///
/// The tag always covers the application data as a whole, so a format has nothing to say about that. `MimiFrankable` is MIMI content
/// (feature `content`); other formats implement this trait. All parties have to read the same out of the same octets: what a format
/// accepts it must accept for everybody, and for good, since a report may come years later.
///
/// ```
/// use mimi_franking::{Assertions, Construction, ContentError, FrankableContent, FrankingSalt, Signed};
///
/// /// 16 octets of salt, a line with the sender, a line with the room, text.
/// struct Lines;
///
/// impl FrankableContent<Signed> for Lines {
///     fn assertions<'a>(&self, application_data: &'a [u8]) -> Result<Assertions<'a, Signed>, ContentError> {
///         let (salt, text) = application_data.split_first_chunk().ok_or(ContentError::Malformed)?;
///         let mut lines = text.split(|octet| *octet == b'\n');
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
    /// Whatever of [`ContentError`] applies.
    fn assertions<'a>(&self, application_data: &'a [u8]) -> Result<Assertions<'a, C>, ContentError>;
}

/// What the sender claims in the content, and can't deny later. That the claims hold is for the others to check.
#[derive(Clone, Debug)]
pub struct Assertions<'a, C: Construction> {
    /// The salt, or in mimi-protocol-02 the `franking_key`.
    pub tag_key: C::TagKey,
    /// The sender's user URI or pseudonym.
    pub sender_uri: &'a [u8],
    /// The room.
    pub room_uri: &'a [u8],
    /// What the message refers to and does not bind, in the order of the parts.
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

/// Content that a message refers to and does not bind: what a franking tag says about the message it
/// does not say about this content.
///
/// Without a hash, the sender can give each receiver another file under one URL, key and nonce: none
/// of the AEAD algorithms commits to the plaintext. A report then shows the hub one of these files,
/// and proves nothing about any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnboundContent {
    /// The index of the part in the message, from 0.
    pub part: u16,
    /// What the part refers to.
    pub kind: UnboundKind,
}

/// What unbound content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnboundKind {
    /// A service, such as a link to a conference: it has no content that could be bound
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

/// Why nothing can be read out of application data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentError {
    /// Not the format.
    Malformed,
    /// The sender URI isn't there.
    MissingSender,
    /// The room URI isn't there.
    MissingRoom,
    /// The franking assertion with its key isn't there.
    MissingAssertion,
    /// The franking assertion isn't a map of the three entries that mimi-protocol-02 gives it.
    MalformedAssertion,
    /// The franking assertion and the extensions 1 and 2 name different senders or rooms.
    Contradiction,
    /// The ApplicationFraming isn't one.
    Framing(mimi_codec::DecodeError),
    /// The ApplicationFraming names a media type that isn't the format's.
    MediaType,
    /// Not MIMI content.
    #[cfg(feature = "content")]
    Mimi(mimi_content::DecodeError),
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not the format"),
            Self::MissingSender => f.write_str("no sender URI"),
            Self::MissingRoom => f.write_str("no room URI"),
            Self::MissingAssertion => f.write_str("no franking assertion"),
            Self::MalformedAssertion => f.write_str("malformed franking assertion"),
            Self::Contradiction => f.write_str("the franking assertion contradicts the extensions 1 and 2"),
            Self::Framing(error) => write!(f, "{error}"),
            Self::MediaType => f.write_str("another media type"),
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
