//! Every structure that MIMI (More Instant Messaging Interoperability) puts on the wire, save the message content.
//!
//! Someone who builds a hub, a follower server or a client on any MLS stack decodes a request body with this crate,
//! looks at what must be looked at, and forwards the very same bytes.
//!
//! - Strict: whatever is accepted encodes to the very same bytes again; the rest is refused with an error that says
//!   what, at which byte and in which field.
//! - Safe to point at hostile bytes: no input panics, recurses without end, or allocates ahead of the bytes that are
//!   there.
//! - `no_std` with `alloc`. No cryptography, no policy, no I/O: signatures, keys, decisions and sockets are yours.
//!
//! # Features
//! - `serde`: `Serialize` and `Deserialize` for every type. Bytes are lower-case hex in human-readable formats.
//! - `arbitrary`: `Arbitrary` for every type, valid values only. Links `std`.
#![no_std]
#![forbid(unsafe_code)]

#[macro_use]
extern crate alloc;
#[cfg(feature = "arbitrary")]
extern crate std;

#[cfg(feature = "arbitrary")]
mod arbitrary_values;
mod boolean;
mod error;
#[cfg(feature = "serde")]
mod json;
mod list;
mod octets;
mod reader;
mod tls;
mod writer;

pub mod associated_parties;
pub mod code_points;
pub mod convention;
pub mod extensions;
pub mod mls;
pub mod ratchet_tree_options;
pub mod registry;
pub mod semiprivate;

pub use error::{DecodeError, DecodeErrorKind, EncodeError, InvalidValue, Path, Result, Segment};
pub use list::{Anything, Keyed, List, ListRule, ListView, ListViewIter, NotEmpty, Strict, Unique};
pub use octets::{Octets, Opaque, SecretOpaque};
pub use reader::{Decode, DecodeOwned, MAX_DEPTH, Reader};
pub use writer::{Encode, MAX_VECTOR_LEN, Writer};
