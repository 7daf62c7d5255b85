//! A conversation in SQLite, by the step of `mimi-content`'s timeline.
//!
//! [`mimi_content::timeline::effect`] holds all rules: it asks a few rows, and says which rows to
//! write and delete. This crate is the other half. [`Store`] answers what the step asks
//! ([`LookUp`](mimi_content::timeline::LookUp)), writes what it returns, and reads pages of the
//! conversation back as small timelines, so that no view is written twice.
//!
//! ```
//! use message_store::Store;
//! use mimi_content::timeline::{Incoming, TimelineMessage};
//! use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
//!
//! let (alice, bob, room) = ("mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://a.example/r/room");
//! let mut store = Store::in_memory(alice)?;
//! let text = |text: &str| NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", text);
//! let hello = MimiContent::builder(Salt::from_bytes([1; 16]), text("Helo")).build()?;
//! let id = hello.message_id(bob, room)?;
//! let edit = MimiContent::builder(Salt::from_bytes([2; 16]), text("Hello")).replaces(id).build()?;
//! for (accepted_ms, content) in [(10, &hello), (20, &edit)] {
//!     let received = TimelineMessage::from_owned(content.message_id(bob, room)?, bob, accepted_ms, content);
//!     store.step(Incoming::Message(received), Some(content.encode()))?;
//! }
//!
//! let page = store.page(None, 50)?;
//! let entry = page.entries().next().unwrap();
//! assert_eq!(entry.versions().count(), 2);
//! assert_eq!(entry.current().payload(), Some(&edit.encode()));
//! assert_eq!(store.unread(30)?, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod clock;
mod compare;
mod error;
mod rows;
mod store;
pub mod traffic;
mod views;

pub use compare::Difference;
pub use error::StoreError;
pub use store::Store;
pub use views::Page;
