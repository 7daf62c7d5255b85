//! Room policy for MIMI (More Instant Messaging Interoperability).
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

pub mod component;
mod enforcement;
#[cfg(feature = "content")]
pub mod message;

pub use enforcement::{EnforcedBy, enforced_by};
pub mod consent;
pub mod conversation;
pub mod envelope;
pub mod fork;
pub mod messaging_mode;
pub mod receiving;
pub mod two_person;
pub mod visibility;
