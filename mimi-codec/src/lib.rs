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
mod asset_url;
mod boolean;
mod capability;
#[cfg(feature = "serde")]
mod directory;
mod dns_name;
mod error;
mod http_header;
#[cfg(feature = "serde")]
mod json;
mod list;
mod octets;
mod peer_identity;
mod percent;
mod reader;
mod text;
mod tls;
mod uri;
mod url_template;
mod writer;

pub mod associated_parties;
pub mod code_points;
pub mod convention;
pub mod extensions;
pub mod media_type;
pub mod minimal_metadata;
pub mod mls;
pub mod protocol;
pub mod ratchet_tree_options;
pub mod registry;
pub mod room_policy;
pub mod semiprivate;

pub use asset_url::{AssetUrl, AssetUrlError, HttpsUrlRef, check_asset_url};
pub use capability::CapabilityType;
#[cfg(feature = "serde")]
pub use directory::{Directory, DirectoryError, Endpoint};
pub use dns_name::{DnsName, DnsNameRef};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, InvalidValue, Path, Result, Segment};
pub use http_header::{MEDIA_TYPE, from_header, host_header, parse_from_header, parse_host_header};
pub use list::{Anything, Keyed, List, ListRule, ListView, ListViewIter, NotEmpty, Strict, Unique};
pub use media_type::MediaType;
pub use octets::{Octets, Opaque, SecretOpaque};
pub use peer_identity::{IdentityMismatch, MatchedProvider, match_presented_identities};
pub use percent::{decode_path_segment, encode_path_segment};
pub use reader::{Decode, DecodeOwned, MAX_DEPTH, Reader};
pub use text::{TextError, TextErrorKind};
pub use uri::{MimiUri, MimiUriRef, UriKind};
pub use url_template::{DIRECTORY_PATH, UrlTemplate, directory_url};
pub use writer::{Encode, MAX_VECTOR_LEN, Writer};
