//! How the drafts' structs are written down here, for readers and for authors of new ones.
//!
//! A struct of a draft is a struct of the same name with the same fields in the same order, inside
//! one of these macros (they are the crate's own; their output is what the public sees):
//!
//! | in the draft | here |
//! |---|---|
//! | `struct { … } X;` | [`wire_struct!`](#wire_struct) |
//! | the same, with a rule between its fields | [`wire_struct!` with `check`](#rules-between-fields) |
//! | `enum { …, (255) } X;` | [`wire_enum!`](#wire_enum) |
//! | `uint16 X;` with a registry | [`open_registry!`](#open_registry) |
//! | an enum and the `select` right behind it | [`wire_select!`](#wire_select) |
//! | `opaque X<V>;` | `opaque_type!` |
//!
//! and a field's type follows from the draft's:
//!
//! | in the draft | here | borrowed |
//! |---|---|---|
//! | `uint8` … `uint64` | `u8` … `u64` | |
//! | `bool` | `bool`, with `#[tls_codec(with = "crate::boolean")]` | |
//! | `opaque x<V>` | [`Opaque`](crate::Opaque), [`SecretOpaque`](crate::SecretOpaque) | `&[u8]` |
//! | `opaque x[N]` | [`Octets<N>`](crate::Octets) | |
//! | `string` | `String` | `&str` |
//! | `optional<T>` | `Option<T>` | `Option<T>` |
//! | `T x<V>` | `Vec<T>`, or [`List<T, Rule>`](crate::List) where order or number matter | [`ListView`](crate::ListView) |
//! | `struct {}` as an arm | an arm without fields | |
//!
//! From each the macros make [`Decode`](crate::Decode) (errors with offset and path),
//! [`Encode`](crate::Encode), tls_codec's `Size` and `SerializeBytes` (its own derive) and
//! `DeserializeBytes` (ours behind it), and with the features `serde` and `arbitrary` those. A
//! `uint64` field carries `#[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]`.
//!
//! A type that can be decoded by itself gets a line in [`registry`](crate::registry); tests,
//! `inspect` and the table of structs all start from there.
//!
//! # wire_struct
//!
//! ```text
//! wire_struct! {
//!     /// An HPKE ciphertext (RFC 9420, 7.6).
//!     pub struct HPKECiphertext {
//!         /// The encapsulated key.
//!         pub kem_output: Opaque,
//!         /// The sealed plaintext.
//!         pub ciphertext: Opaque,
//!     }
//! }
//! ```
//!
//! # Rules between fields
//!
//! With `check f` behind it, fields are private: `new` and decoding run `f`, getters read,
//! `into_parts` takes apart, and `repair g` bends a random value until it keeps the rule. `f` is a
//! `fn(&X) -> Result<(), InvalidValueError>`, and a decoder reports the offset of the field that
//! the `InvalidValueError` names.
//!
//! ```text
//! wire_struct! {
//!     /// …
//!     pub struct MessageRange {
//!         /// …
//!         first_generation: u32,
//!         /// …
//!         last_generation: u32,
//!     } check MessageRange::check, repair MessageRange::repair
//! }
//! ```
//!
//! With `by hand` behind that, `Decode` and `Encode` are left to be written: for structs in which
//! one field says whether another is there.
//!
//! # wire_enum
//!
//! One byte, closed: what isn't listed is refused, `reserved(0)` included. Names are the draft's.
//!
//! ```text
//! wire_enum! {
//!     /// …
//!     pub enum ContentType {
//!         /// …
//!         1 "application" => Application,
//!     }
//! }
//! ```
//!
//! # open_registry
//!
//! A number of an open registry, or of an enum that ends at `(255)` and whose unlisted values don't
//! change the layout of anything (RFC 8446 §3.5): unknown ones are kept.
//!
//! ```text
//! open_registry! {
//!     /// …
//!     pub struct WireFormat(u16) {
//!         /// …
//!         1 "mls_public_message" => MLS_PUBLIC_MESSAGE,
//!     }
//! }
//! ```
//!
//! # wire_select
//!
//! The number and the struct it selects, as one Rust enum. `u8` or `u16` is the width of the
//! number, the name in quotes the draft's name of the enum or registry it is from. An arm that is a
//! struct without a field name in the draft is written `1 "add" => Add(add: Add)`, with
//! `as "crate::convention::enclosed"` behind the type where the struct fills an `opaque<V>`.
//! `inline` behind the quotes is for a select that isn't a field of its own in the draft: the
//! struct's Rust field then leaves no trace in an error's path.
//!
//! ```text
//! wire_select! {
//!     /// …
//!     pub enum Sender: u8 "SenderType" {
//!         /// …
//!         1 "member" => Member {
//!             /// …
//!             leaf_index: u32,
//!         },
//!         /// …
//!         3 "new_member_proposal" => NewMemberProposal {},
//!     }
//! }
//! ```
//!
//! Where the number is an answer's code and the last of a message, unlisted codes are kept with the
//! bytes up to the end: `open` and the type of the code stand for the width and the name, and
//! `else` names the fields of the variant `Other`.
//!
//! ```text
//! wire_select! {
//!     /// …
//!     pub enum SubmitResult: open SubmitResponseCode inline {
//!         /// …
//!         1 "notAllowed" => NotAllowed {},
//!     } else {
//!         /// …
//!         code,
//!         /// …
//!         body: Rest
//!     }
//! }
//! ```
//!
//! # wire_view
//!
//! A borrowed struct: the owned one's fields in the same order, each borrowed. It makes `Decode`,
//! `Encode` and `From<View> for Owned`. A refusal bears the owned struct's name, so that both read
//! alike.
//!
//! ```text
//! wire_view! {
//!     /// …
//!     pub struct ParentNodeView<'a> of ParentNode {
//!         /// …
//!         pub encryption_key: &'a [u8],
//!         /// …
//!         pub unmerged_leaves: ListView<'a, u32, Strict>,
//!     }
//! }
//! ```

pub(crate) mod enclosed;
mod open_registry;
#[cfg(test)]
mod tests;
mod wire_enum;
mod wire_select;
mod wire_struct;
mod wire_view;

pub(crate) use {
    open_registry::open_registry, wire_enum::wire_enum, wire_select::wire_select, wire_struct::wire_struct,
    wire_view::wire_view,
};
