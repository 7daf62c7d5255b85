//! The content format of MIMI (More Instant Messaging Interoperability): what stands inside the
//! encrypted application messages of an MLS group.
//!
//! - **[`MimiContentRef`]** reads a message out of received bytes, strictly and without copying;
//!   **[`MimiContent`]** owns one, and its builder makes one.
//! - **[`MessageId`]** names a message: computed while the message streams by, in revision 08 and,
//!   for archives, 07.
//! - **[`MessageExtensions`]** hold what the format leaves open, with typed access to the six
//!   extensions that have a definition.
//! - **[`MessageStatusReport`]** says what became of messages; **[`MessageDerivedValues`]** is what
//!   comes with one.
//! - **[`media_types`]** names the ones that every client must be able to receive.
//! - **[`ReceivedMessage::anomalies`]** lists what is wrong with a message that decodes.
//! - **[`timeline::Timeline`]** folds received messages into what a person sees: order, edits,
//!   deletions, reactions, replies, topics, expirations, statuses.
//! - **[`Composer`]** writes what people send: messages, replies, reactions, edits, retractions,
//!   files, conference links; receipts are made by [`MessageStatusReport::of`].
//! - **[`choice::Choice`]** says which parts of a message a client processes, in which order, and
//!   why not the others; **[`preview`]** makes one line, a quote or a text for search of them, and
//!   says whether to notify.
//! - **[`diagnose`]** reads what is not valid, and lists the rules that it breaks: for logs,
//!   support and the import of old stores.
//! - **[`Payload`]** reads what an application message holds: a message, or a status report without
//!   one.
//! - **[`html`]** makes text of HTML, and with feature `html` a safe page; [`decode_text`] reads
//!   text of other charsets.
//! - **`Attachment`** (feature `crypto`) seals a file for a URL, and `ExternalPartRef::open` checks
//!   and opens what was fetched; `FileSealer` and `FileVerifier` do so for files of any size in
//!   constant memory.
//! - **`gfm`** (feature `gfm`) escapes Markdown before it is sent, renders what strangers wrote,
//!   and tells mentions and deceptive links.
//!
//! Implemented are draft-ietf-mimi-content-09, draft-mahy-mimi-message-status-01 and
//! draft-mimi-content-more-extensions-00. The crate is `no_std` with `alloc` (but for the features
//! that say otherwise), has no I/O, no clock and no randomness, and never panics on any input.
//!
//! # What it leaves to you
//!
//! Encryption and the sender's identity (your MLS stack), the accepted timestamp (the hub), drawing
//! random salts, uploading and fetching files, and deciding what to show.
//!
//! # Example
//!
//! ```
//! use mimi_content::{Disposition, MessageExtensions, MimiContent, MimiContentRef, NestedPart, PartRef, Salt};
//!
//! let (alice, room) = ("mimi://a.example/u/alice", "mimi://a.example/r/clubhouse");
//!
//! // Alice writes.
//! let mut extensions = MessageExtensions::new();
//! extensions.set_sender_uri(alice)?;
//! extensions.set_room_uri(room)?;
//! let salt: [u8; 16] = [0x5e; 16]; // from your cryptographically secure generator
//! let hello = NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", "Hello, clubhouse");
//! let message = MimiContent::builder(Salt::from_bytes(salt), hello).extensions(extensions).build()?;
//! let application_data = message.encode();
//!
//! // Bob reads.
//! let received = MimiContentRef::decode(&application_data)?;
//! assert_eq!(received.message_id(alice, room)?, message.message_id(alice, room)?);
//! match received.body().part {
//!     PartRef::Single(text) => assert_eq!(text.content, b"Hello, clubhouse"),
//!     _ => unreachable!(),
//! }
//!
//! // One bit is wrong: Bob's client can say what and where.
//! let mut damaged = application_data.clone();
//! damaged[18] ^= 0x01;
//! let error = MimiContentRef::decode(&damaged).unwrap_err();
//! assert_eq!(error.to_string(), "MimiContent.replaces: expected a byte string (byte 18)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! All are off by default, and none changes what is accepted or written.
//!
//! | feature | what it adds |
//! |-|-|
//! | `ciborium` | extension values as `ciborium::Value` trees |
//! | `crypto` | sealing and opening files behind a URL |
//! | `charsets` | text in every encoding of the Encoding Standard, by `encoding_rs` |
//! | `gfm` | Markdown: escaping, rendering to events, HTML and plain text, mentions, link warnings; its parser, `pulldown-cmark`, needs `std` |
//! | `html` | foreign HTML made safe by `ammonia`; needs `std` |
//! | `serde` | `Serialize` and `Deserialize` for messages, their parts, extensions and reports in the JSON form of the test vectors (bytes as hex); what borrows, only `Serialize` |
//! | `arbitrary` | `Arbitrary`: valid values from fuzzer input; needs `std` |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
// The derive of `arbitrary` needs it.
#[cfg(any(feature = "arbitrary", feature = "html"))]
extern crate std;

mod anomaly;
#[cfg(feature = "arbitrary")]
mod arbitrary_values;
#[cfg(feature = "crypto")]
mod attachment;
mod cbor;
mod charset;
pub mod choice;
mod compose;
mod derived;
pub mod diagnose;
mod disposition;
mod error;
mod expiration;
mod extensions;
#[cfg(feature = "gfm")]
pub mod gfm;
pub mod html;
mod invisible;
#[cfg(feature = "serde")]
mod json;
pub mod media_types;
mod message;
mod message_id;
mod part;
mod payload;
pub mod preview;
mod salt;
mod status;
pub mod timeline;

pub use anomaly::{Advice, Anomaly, AnomalyLimits, ReceivedMessage, ReferenceField, RoomKnowledge};
#[cfg(feature = "crypto")]
pub use attachment::{
    AeadSizes, Attachment, AttachmentError, BuiltIn, FileAead, FileAeads, FileSealer, FileVerifier,
    VerifiedContent, VerifiedFile,
};
pub use charset::decode_text;
pub use compose::{Composer, MentionError, PossibleHtmlError, ReplaceError, Text, mention_link, mention_uri};
pub use derived::{ExtendedTime, MessageDerivedValues, Timestamp};
pub use disposition::Disposition;
pub use error::{DecodeError, DecodeErrorKind, FieldPath, PathSegment, Result};
pub use expiration::Expiration;
#[cfg(feature = "ciborium")]
pub use extensions::ValueError;
pub use extensions::{
    AvKind, AvMetadata, AvPartError, ExtensionError, ExtensionKey, ExtensionValue, ExtensionsIter,
    ExtensionsRef, ExternalMessageId, ExternalScope, Fraction, KnownExtensionError, LastSeen,
    MessageExtensions, Rotation, SenderTimestamp,
};
pub use message::{BuildError, MAX_TOPIC_ID, MimiContent, MimiContentBuilder, MimiContentRef};
pub use message_id::{HashAlgorithm, MessageId, UriTooLongError};
pub use part::{
    AeadAlgorithm, ContentId, ContentIdError, ExternalPart, ExternalPartRef, MAX_PART_DEPTH, MAX_PARTS,
    MultiPart, MultiPartRef, NestedPart, NestedPartRef, Part, PartIndex, PartRef, PartSemantics, SinglePart,
    SinglePartRef, UnboundPart, UnboundReason, is_language_list, is_language_tag,
};
pub use payload::{Payload, PayloadError};
pub use salt::Salt;
pub use status::{
    EqualRankRule, LastReport, MessageStatus, MessageStatusReport, MessageStatusReportRef, PerMessageStatus,
    StatusRule, StatusStanding, StatusTransition, StatusWeight, TwoFacts,
};

/// The README's example runs too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
