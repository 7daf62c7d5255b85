//! Every structure that MIMI (More Instant Messaging Interoperability) puts on the wire, save the
//! message content.
//!
//! Someone who builds a hub, a follower server or a client on any MLS stack decodes a request body
//! with this crate, looks at what must be looked at, and forwards the very same bytes.
//!
//! - Strict: whatever is accepted encodes to the very same bytes again; the rest is refused with an
//!   error that says what, at which byte and in which field.
//! - Safe to point at hostile bytes: no input panics, recurses without end, or allocates ahead of
//!   the bytes that are there.
//! - `no_std` with `alloc`. No cryptography, no policy, no I/O: signatures, keys, decisions and
//!   sockets are yours.
//!
//! ```
//! use mimi_codec::{Decode, DecodeErrorKind, Encode, mls::{Content, MLSMessage, MLSMessageBody, Proposal}};
//!
//! // As it came over the wire: leaf 2 proposes to remove leaf 5.
//! let bytes = b"\0\x01\0\x01\x04room\0\0\0\0\0\0\0\x07\x01\0\0\0\x02\0\x02\0\x03\0\0\0\x05\x03sig\x03tag";
//! let message = MLSMessage::decode_exact(bytes)?;
//! let MLSMessageBody::PublicMessage { public_message } = &message.body else { panic!("something else") };
//! let Content::Proposal { proposal: Proposal::Remove(remove) } = public_message.content().content() else {
//!     panic!("something else")
//! };
//! assert_eq!(remove.removed, 5);
//! assert_eq!(message.to_bytes().as_deref(), Ok(&bytes[..]));
//!
//! // What is refused says why, at which byte and in which field.
//! let error = MLSMessage::decode_exact(&bytes[..bytes.len() - 1]).unwrap_err();
//! assert_eq!(error.kind(), &DecodeErrorKind::LengthExceedsInput { declared: 3, available: 2 });
//! assert_eq!(error.offset(), 34);
//! assert_eq!(error.path().to_string(), "MLSMessage.public_message.membership_tag");
//! # Ok::<(), mimi_codec::DecodeError>(())
//! ```
//!
//! Where things are: the drafts have a module each ([`protocol`], [`room_policy`],
//! [`minimal_metadata`], [`mls`], [`extensions`], [`ratchet_tree_options`], [`semiprivate`],
//! [`associated_parties`]), [`code_points`] has the numbers of the open registries, [`registry`]
//! the table of all structs, and [`convention`] says how a struct is written down. Text around the
//! structs (URIs, the directory, media types, header values) is at the root.
//!
//! # Features
//! - `serde`: `Serialize` and `Deserialize` for every type, and the directory document, which is
//!   JSON. Bytes are lower-case hex in human-readable formats.
//! - `arbitrary`: `Arbitrary` for every type, valid values only. Links `std`.
//! - `places`: where each field stands in an encoding, for tools. A [`Reader`] is not `Send` with
//!   it.
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
mod caseless;
#[cfg(feature = "serde")]
mod directory;
mod dns_name;
mod endpoint;
mod error;
mod http_header;
mod identity;
#[cfg(feature = "serde")]
mod json;
mod list;
mod octets;
mod peer_identity;
mod percent;
#[cfg(feature = "places")]
mod place;
mod reader;
mod steps;
#[cfg(feature = "serde")]
mod strict_json;
mod text;
mod tls;
mod unlisted;
mod uri;
mod url_template;
mod writer;

pub mod apq;
pub mod associated_parties;
pub mod code_points;
pub mod convention;
pub mod extensions;
pub mod leaf_operation;
pub mod media_type;
pub mod minimal_metadata;
pub mod mls;
pub mod private_external;
pub mod protocol;
pub mod ratchet_tree_options;
pub mod registry;
pub mod retraction;
pub mod room_policy;
pub mod semiprivate;
pub mod virtual_clients;

pub use asset_url::{AssetUrl, AssetUrlError, HttpsUrlRef, check_asset_url};
pub use capability::CapabilityType;
#[cfg(feature = "serde")]
pub use directory::{Directory, DirectoryError};
pub use dns_name::{DnsName, DnsNameRef};
pub use endpoint::{
    Addressed, DIRECTORY_MEDIA_TYPE, Endpoint, NamesAddressee, NotifyKey, OtherAddresseeError,
    RequestFailure, ResponseHead,
};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, InvalidValueError, Path, Result, Segment};
pub use http_header::{MEDIA_TYPE, from_header, host_header, parse_from_header, parse_host_header};
pub use identity::{ClientUri, IdentityError, RoomUri, UserUri};
pub use list::{Anything, Keyed, List, ListRule, ListView, ListViewIter, NotEmpty, Strict, Unique};
pub use media_type::MediaType;
pub use octets::{Octets, Opaque, SecretOpaque};
pub use peer_identity::{IdentityMismatchError, MatchedProvider, match_presented_identities};
pub use percent::{decode_path_segment, encode_path_segment};
#[cfg(feature = "places")]
pub use place::FieldPlace;
pub use reader::{Decode, DecodeOwned, MAX_DEPTH, Reader};
#[cfg(feature = "serde")]
pub use strict_json::parse_json;
pub use text::{TextError, TextErrorKind};
pub use unlisted::{Code, Rest, Unlisted};
pub use uri::{MimiUri, MimiUriRef, UriKind};
pub use url_template::{DIRECTORY_PATH, UrlTemplate, directory_url};
pub use writer::{Encode, MAX_VECTOR_LEN, Writer};

/// The README's example runs too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
