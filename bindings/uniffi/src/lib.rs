//! MIMI (More Instant Messaging Interoperability) for Python, Kotlin and Swift: the facade `mimi`,
//! bound by UniFFI.
//!
//! Everything is what `mimi` does. JSON is text, in the forms of the test vectors; message IDs are
//! 64 hex digits; times are milliseconds since the UNIX epoch where a name ends in `_ms`. Salts are
//! 16 bytes, seeds 32 bytes from a cryptographically secure generator, each used once.
//!
//! None of this crate's own lines is unsafe. UniFFI's macros write the foreign interface, which is:
//! therefore `unsafe_code` is denied here and not forbidden.

mod attachment;
mod compose;
mod content;
mod convert;
mod error;
mod franking;
mod inspect;
mod policy;
mod pseudonym;
mod timeline;

pub use attachment::*;
pub use compose::*;
pub use content::*;
pub use error::*;
pub use franking::*;
pub use inspect::*;
pub use policy::*;
pub use pseudonym::*;
pub use timeline::*;

uniffi::setup_scaffolding!("mimi");
