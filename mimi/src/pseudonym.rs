//! Minimal-metadata rooms: pseudonyms, identity links and connections (mimi-protocol-06 §6,
//! mimi-metadata-minimalization-02).
//!
//! The hub keeps a [`SealedRoom`], which shows it pseudonyms only; a member a [`KnownRoom`], which
//! shows who is at each leaf. Both judge the same [`Commit`] alike. A [`Connection`] lets a user
//! add another, and recognise it.
//!
//! ```
//! use mimi::pseudonym::{
//!     CheckedClient, ConnectionKey, KnownRoom, MemberState, PseudonymUses, RealClient, RoomRules,
//!     random_pseudonyms,
//! };
//! use mimi_crypto::{CipherSuiteProvider, RustCrypto};
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::seed_from_u64(1);
//! # let mut seeds = (1..).map(|n| [n; 32]);
//! # let mut seed = || seeds.next().unwrap();
//!
//! // Alice's client: its real credential and key, and a new key for the room, from your MLS stack.
//! let (user, client) = ("mimi://a.example/u/alice", "mimi://a.example/d/phone");
//! let credential = b"\x00\x01\x18mimi://a.example/d/phone";
//! # let suite = RustCrypto::new(mimi_codec::code_points::CipherSuite(1))?;
//! # let mut key = || suite.generate_signature_key(&mut rng).unwrap();
//! # let public = |key| suite.signature_public_key(&suite.signing_key(key).unwrap()).to_vec();
//! # let (real_key, room_key) = (key(), key());
//! # let (real_public, room_public) = (public(&real_key), public(&room_key));
//! let alice = RealClient::new(user, client, credential, real_key.expose())?;
//!
//! // Pseudonyms for one room, and the credential under which she is there.
//! let connection_key = ConnectionKey::generate(1, &seed())?;
//! let pseudonyms = random_pseudonyms("a.example", &seed())?;
//! let pseudonymous = alice.issue(&pseudonyms, &room_public, &connection_key, &seed())?;
//!
//! // What vouches for real credentials is yours.
//! let directory = move |given: &[u8]| {
//!     (given == credential).then(|| CheckedClient {
//!         user_uri: user.to_owned(),
//!         client_uri: client.to_owned(),
//!         signature_public_key: real_public.clone(),
//!     })
//! };
//! let mut uses = PseudonymUses::new();
//! let rules = RoomRules::default();
//! let name = "mimi://a.example/r/clubhouse";
//! let room =
//!     KnownRoom::create(name, &pseudonymous, &connection_key, &mut uses, rules, &directory, &seed())?;
//!
//! // Alice knows herself again. The hub has `room.sealed()`, which says no name.
//! let MemberState::Known { user_uri, .. } = &room.members()[0].state else { panic!() };
//! assert_eq!(user_uri, user);
//! assert_eq!(room.members()[0].user_pseudonym, pseudonyms.user_pseudonym);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All byte strings are encodings of the drafts' structs, or keys of the suite's lengths. What is
//! named as ours in `mimi-pseudonym` (consents, the change of wrapper keys, renewed credentials) is
//! here too; its signed offers of a connection and the sets of KeyPackages are not.

mod commit;
mod connection;
mod credential;
mod known;
mod sealed;

pub use commit::{Commit, CommitChanges};
pub use connection::{
    Connection, ConnectionParts, ConnectionRequest, PendingConnection, PendingParts,
    VerifiedConnectionRequest, connection_token_target, open_queue_id, seal_queue_id,
};
pub use credential::{
    CheckedClient, ConnectionKey, CredentialCheck, PseudonymUses, Pseudonyms, RealClient, random_pseudonyms,
};
pub use known::{
    AddedUser, Followed, KnownRoom, LinkPolicy, Member, MemberState, MembersChange, Renewed, RoomRules,
};
pub use sealed::{ExternalJoin, Joiner, SealedRoom, WrapperKeyRule, join_externally, wrapper_key_of_welcome};

use mimi_codec::code_points::{CipherSuite, ComponentID};
use mimi_codec::extensions::{SafeAAD, SafeAADItem};
use mimi_codec::protocol::IdentifierUri;
use mimi_codec::{ClientUri, Decode, DecodeError, Encode, EncodeError, List, RoomUri, UserUri};
use mimi_crypto::{CryptoError, RustCrypto};
use mimi_pseudonym::PseudonymError;

use crate::{Error, ErrorKind, Result};

/// The component of the wrapped keys: an `update` belongs in an AppDataUpdate for it, and the key
/// for a Welcome under it into the GroupInfo's dictionary.
pub const IDENTITY_LINK_KEYS: u16 = ComponentID::IDENTITY_LINK_KEYS.value();

/// A message's SafeAAD with these items, in the order that mls-extensions-10 §4.9 asks for.
///
/// # Errors
///
/// [`ErrorKind::Refused`] for bytes that are not a SafeAADItem, [`ErrorKind::InvalidInput`] for two
/// items of one component.
pub fn safe_aad(items: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut items: Vec<SafeAADItem> =
        items.iter().map(|item| decode("mls-extensions-10 §4.9", item)).collect::<Result<_>>()?;
    items.sort_by_key(|item| item.component_id);
    let aad_items = List::new(items).map_err(|error| Error::input("items", error).because(&error.kind))?;
    SafeAAD { aad_items }.to_bytes().map_err(|error| too_long(&error))
}

fn item(component_id: ComponentID, data: &impl Encode) -> Result<Vec<u8>> {
    let aad_item_data = data.to_bytes().map_err(|error| too_long(&error))?.into();
    SafeAADItem { component_id, aad_item_data }.to_bytes().map_err(|error| too_long(&error))
}

fn encode(value: &impl Encode) -> Result<Vec<u8>> {
    value.to_bytes().map_err(|error| too_long(&error))
}

fn too_long(error: &EncodeError) -> Error {
    Error::new(ErrorKind::InvalidInput, error).because(error)
}

fn decode<'a, T: Decode<'a>>(section: &str, bytes: &'a [u8]) -> Result<T> {
    T::decode_exact(bytes).map_err(|error| refused(&error).of_section(section))
}

fn refused(error: &DecodeError) -> Error {
    Error::new(ErrorKind::Refused, error.kind())
        .because(error.kind())
        .in_field(error.path())
        .at(error.offset())
}

fn suite(cipher_suite: u16) -> Result<RustCrypto> {
    RustCrypto::new(CipherSuite(cipher_suite))
        .map_err(|error| Error::input("cipher_suite", &error).because(&error))
}

fn user(field: &str, uri: &str) -> Result<UserUri> {
    UserUri::try_from(uri).map_err(|error| Error::input(field, error).because(&error))
}

fn client(field: &str, uri: &str) -> Result<ClientUri> {
    ClientUri::try_from(uri).map_err(|error| Error::input(field, error).because(&error))
}

fn room(uri: &str) -> Result<RoomUri> {
    RoomUri::try_from(uri).map_err(|error| Error::input("room_uri", error).because(&error))
}

/// A pseudonym of a leaf, which is a MIMI URI and so text.
fn text(pseudonym: &IdentifierUri) -> String {
    String::from_utf8_lossy(pseudonym.as_bytes()).into_owned()
}

/// Keys and bytes that a caller gives, with the name of the argument.
fn crypto_input(field: &'static str) -> impl Fn(CryptoError) -> Error {
    move |error| Error::input(field, &error).because(&error)
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn failed(error: PseudonymError) -> Error {
    let kind = match error.innermost() {
        PseudonymError::Decode(_) => ErrorKind::Refused,
        PseudonymError::WrappedKeyDoesNotOpen
        | PseudonymError::IdentityLinkDoesNotOpen
        | PseudonymError::IdentityLinkSignature
        | PseudonymError::CredentialRefused
        | PseudonymError::RequestDoesNotOpen
        | PseudonymError::ResponseDoesNotOpen
        | PseudonymError::QueueIdDoesNotOpen
        | PseudonymError::ConsentSignature
        | PseudonymError::LeafSignature
        | PseudonymError::GroupInfoSignature
        | PseudonymError::ConnectionKeyMismatch
        | PseudonymError::StaleWrapperKey => ErrorKind::NotAuthentic,
        PseudonymError::NoWrapperKey => ErrorKind::State,
        PseudonymError::Crypto(_)
        | PseudonymError::Encode(_)
        | PseudonymError::Invalid(_)
        | PseudonymError::Identity(_)
        | PseudonymError::InvalidPseudonym(_)
        | PseudonymError::QueueIdTooLong { .. } => ErrorKind::InvalidInput,
        _ => ErrorKind::NotAllowed,
    };
    let failure = Error::new(kind, &error).because(error.innermost());
    let failure = failure.of_section("mimi-metadata-minimalization-02");
    match error.innermost() {
        PseudonymError::Decode(error) => failure.in_field(error.path()).at(error.offset()),
        _ => failure,
    }
}
