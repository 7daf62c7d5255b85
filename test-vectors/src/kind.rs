//! The kinds of vectors. A kind is one module with one type that implements [`Kind`], and a line in
//! [`KINDS`].

mod apq;
mod associated_party;
mod attachment;
#[cfg(feature = "generate")]
mod cbor_flags;
mod connection;
mod content;
mod derivation;
mod franking;
mod group_info;
mod identifier_query;
mod identity_link;
mod judgement;
mod key_package_set;
mod leaf_operation_intent;
mod link_keys;
#[cfg(feature = "markdown")]
mod markdown;
mod message_id_aad;
mod message_status;
mod name;
mod policy;
mod private_external;
mod retraction;
#[cfg(feature = "room")]
mod room;
mod room_rule;
mod semi_private;
mod timeline;
mod virtual_client;
mod wire;

use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

/// What has to be known of a kind.
pub(crate) trait Kind: Sync {
    /// Its name, as the files have it in `kind`.
    fn name(&self) -> &'static str;

    /// The drafts that its cases are about.
    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str];

    /// What groups of its cases are about: each case that it makes has one of these flags.
    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag];

    /// Checks a case that says nothing else than that it is valid.
    fn verify_valid(&self, case: &mut Case<'_>);

    /// Checks a case that says that it must be refused.
    fn verify_invalid(&self, case: &mut Case<'_>);

    /// Makes cases, the same from the same seed.
    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<alloc::vec::Vec<GeneratedCase>, GenerateError>;
}

const KINDS: &[&dyn Kind] = &[
    &apq::Apq,
    &associated_party::AssociatedParty,
    &attachment::Attachment,
    &connection::Connection,
    &content::Content,
    &derivation::Derivation,
    &franking::Franking,
    &group_info::GroupInfo,
    &identifier_query::IdentifierQuery,
    &identity_link::IdentityLink,
    &key_package_set::KeyPackageSet,
    &leaf_operation_intent::LeafIntent,
    &link_keys::LinkKeysKind,
    #[cfg(feature = "markdown")]
    &markdown::Markdown,
    &message_id_aad::MessageIdAad,
    &message_status::MessageStatus,
    &name::Name,
    &policy::Policy,
    &private_external::PrivateExternal,
    &retraction::RetractionKind,
    #[cfg(feature = "room")]
    &room::RoomKind,
    &room_rule::RoomRule,
    &semi_private::SemiPrivate,
    &timeline::Timeline,
    &virtual_client::VirtualClient,
    &wire::Wire,
];

pub(crate) fn find(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// The kinds of vectors that are known, as files name them in `kind`.
///
/// ```
/// for kind in ["content", "group-info", "wire"] {
///     assert!(mimi_test_vectors::kinds().any(|known| known == kind));
/// }
/// ```
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name())
}
