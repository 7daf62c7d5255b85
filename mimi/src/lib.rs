//! MIMI (More Instant Messaging Interoperability) over owned values: the family's easiest way in,
//! and the base of its bindings for other languages.
//!
//! Nothing here borrows: no type has a lifetime or a type parameter, and all are `Send` and `Sync`.
//! The JSON forms are those of the test vectors. There is one [`Error`], which keeps the reason,
//! the field and the byte.
//!
//! | module | what it does | feature |
//! |-|-|-|
//! | [`content`] | messages: decode, encode, diagnose, name, preview; status reports | `content` |
//! | [`compose`] | messages, replies, reactions, edits, files, receipts | `content` |
//! | [`attachment`] | files behind a URL, sealed and opened piece by piece | `attachment` |
//! | [`render`] | Markdown and HTML as a screen or a page can show them | `render` |
//! | [`timeline`] | messages as the conversation that a person sees | `timeline` |
//! | [`policy`] | a room's policy: decide, can, who, lint, diff, matrix, graph | `policy` |
//! | [`franking`] | message franking for sender, hub, receiver and report | `franking` |
//! | [`pseudonym`] | minimal-metadata rooms for hub and member; connections | `pseudonym` |
//! | [`uri`] | MIMI URIs | `uri` |
//! | [`inspect`] | what bytes are: guess, fields beside their bytes, compare | `inspect` |
//! | [`verify`] | files of test vectors | `verify` |
//!
//! Randomness is given by the caller: salts as 16 bytes, all else as seeds of 32 bytes from a
//! cryptographically secure generator, each used once.
//!
//! # Example
//!
//! ```
//! use mimi::compose::{Composer, Options, Text};
//! use mimi::content::{ClientProfile, Message};
//! use mimi::timeline::Conversation;
//!
//! // Alice writes; the salt is from your cryptographically secure generator.
//! let (alice, room) = ("mimi://a.example/u/alice", "mimi://hub.example/r/clubhouse");
//! let composer = Composer::new(alice, room)?;
//! let message = composer.message(&[0x5e; 16], &Text::markdown("**Hello**"), &Options::default())?;
//! let application_data = message.encode();
//!
//! // Bob reads it, shows it, and folds it into the conversation.
//! let received = Message::decode(&application_data)?;
//! assert_eq!(received.message_id(alice, room)?, composer.message_id(&message)?);
//! # #[cfg(feature = "render")]
//! assert_eq!(
//!     mimi::render::render(&received, &ClientProfile::default())[0].html.as_deref(),
//!     Some("<p><strong>Hello</strong></p>\n"),
//! );
//! let mut conversation = Conversation::new(Some("mimi://b.example/u/bob"));
//! conversation.take_json(&serde_json::json!({
//!     "room_uri": room, "sender_uri": alice, "accepted_timestamp": 1, "encoded": hex::encode(&application_data),
//! }))?;
//! assert_eq!(conversation.rooms(0)[0]["entries"][0]["state"], "shown");
//!
//! // A damaged byte is refused with its field and its place.
//! let error = Message::decode(&application_data[..40]).unwrap_err();
//! assert_eq!(error.reason.as_deref(), Some("Truncated"));
//! # Ok::<(), mimi::Error>(())
//! ```
//!
//! # Features
//!
//! All features are on by default. For a small program choose: `content` and `inspect` take the
//! least.
//!
//! The crates below this one borrow from what they decode, run without `std`, and say more in their
//! types: `mimi-content`, `mimi-policy`, `mimi-franking` and the others. Programs for many messages
//! should use those.
#![forbid(unsafe_code)]

#[cfg(feature = "attachment")]
pub mod attachment;
mod bytes;
#[cfg(feature = "content")]
pub mod compose;
#[cfg(feature = "content")]
pub mod content;
mod error;
#[cfg(feature = "franking")]
pub mod franking;
#[cfg(feature = "inspect")]
pub mod inspect;
#[cfg(feature = "policy")]
pub mod policy;
#[cfg(feature = "pseudonym")]
pub mod pseudonym;
#[cfg(feature = "render")]
pub mod render;
#[cfg(any(feature = "attachment", feature = "franking", feature = "pseudonym"))]
mod seed;
#[cfg(feature = "timeline")]
pub mod timeline;
#[cfg(feature = "uri")]
pub mod uri;
#[cfg(feature = "verify")]
pub mod verify;

pub use bytes::{PastedBytes, TextForm, bytes_of_text};
pub use error::{Error, ErrorKind, Result};

/// The README's examples run too.
#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../README.md")]
struct Readme;
