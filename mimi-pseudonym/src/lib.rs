//! Minimal-metadata rooms for MIMI (More Instant Messaging Interoperability): the hub enforces
//! policy on pseudonyms, and only the participants learn who is who (mimi-protocol-06 §6;
//! mimi-metadata-minimalization-02; minimal-metadata-rooms-key-management).
//!
//! A client is in a room under a
//! [`PseudonymousCredential`](mimi_codec::protocol::PseudonymousCredential), which holds its real
//! credential, sealed. The room's wrapped keys, which the hub stores, open it for those who have
//! the room's wrapper key, which the hub has not.
//!
//! What is yours: the MLS group and its messages, storage, the network, and what vouches for a real
//! credential ([`CredentialCheck`]). Who sends when, from which address and how much is not hidden
//! by anything here. Nor is the length of a real credential: no draft pads what is sealed, so a hub
//! can recognise a client whose credential has an unusual length, in several rooms. Let an
//! authority issue credentials of one length.
//!
//! ```
//! # use mimi_codec::{
//! #     ClientUri, DnsName, RoomUri, UserUri, code_points::CipherSuite, mls::Credential,
//! #     protocol::PseudonymousCredentialTBS,
//! # };
//! use mimi_crypto::{CipherSuiteProvider, RustCrypto};
//! use mimi_pseudonym::{
//!     CheckedClient, ConnectionKey, CredentialCheckError, PseudonymUses, RealClient, RoomView,
//!     flow::create::create_room, issue_pseudonymous_credential, random_client_pseudonym, random_user_pseudonym,
//! };
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::seed_from_u64(1);
//!
//! let suite = RustCrypto::new(CipherSuite(1))?;
//! // Alice's client has a real credential and key. For one room it makes another key, and pseudonyms.
//! # let real_key = suite.signing_key(&suite.generate_signature_key(&mut rng)?)?;
//! # let room_key = suite.signing_key(&suite.generate_signature_key(&mut rng)?)?;
//! # let provider = DnsName::parse("a.example")?;
//! let tbs = PseudonymousCredentialTBS {
//!     client_pseudonym: random_client_pseudonym(provider.as_ref(), &mut rng)?,
//!     user_pseudonym: random_user_pseudonym(provider.as_ref(), &mut rng)?,
//!     signature_public_key: suite.signature_public_key(&room_key),
//! };
//! let connection_key = ConnectionKey::generate(&suite, &mut rng);
//! # let (user, client) =
//! #     (UserUri::try_from("mimi://a.example/u/alice")?, ClientUri::try_from("mimi://a.example/d/phone")?);
//! # let real = Credential::Basic { identity: "mimi://a.example/d/phone".into() };
//! let real = RealClient { user: &user, client: &client, credential: &real, signing_key: &real_key };
//! let credential = issue_pseudonymous_credential(&suite, tbs, real, &connection_key, &mut rng)?;
//!
//! // The hub gets the leaves and the wrapped keys, and keeps them. Members have the wrapper key too.
//! let (room_id, mut uses) = (RoomUri::try_from("mimi://a.example/r/clubhouse")?, PseudonymUses::new());
//! let created = create_room(&suite, &room_id, credential, &connection_key, &mut uses, &mut rng)?;
//! let room =
//!     RoomView { leaves: &created.leaves, link_keys: &created.link_keys, wrapper_key: &created.wrapper_key };
//!
//! // A member opens a link. What vouches for real credentials is yours.
//! let directory = |credential: &Credential| match credential {
//!     Credential::Basic { identity } if **identity == *b"mimi://a.example/d/phone" => Ok(CheckedClient {
//!         user: user.clone(),
//!         client: client.clone(),
//!         signature_public_key: suite.signature_public_key(&real_key),
//!         details: (),
//!     }),
//!     _ => Err(CredentialCheckError),
//! };
//! let identity = room.open(&suite, 0, &directory)?;
//! assert_eq!(*identity.user(), user);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Who notices what
//!
//! | attack | noticed by | error |
//! |-|-|-|
//! | a hub swaps wrapped keys, or replays an old one | members who open them | [`WrappedKeyDoesNotOpen`](PseudonymError::WrappedKeyDoesNotOpen) |
//! | a ciphertext is changed | members who open it | [`WrappedKeyDoesNotOpen`](PseudonymError::WrappedKeyDoesNotOpen), [`IdentityLinkDoesNotOpen`](PseudonymError::IdentityLinkDoesNotOpen) |
//! | a member links another's credential to itself | members | [`IdentityLinkDoesNotOpen`](PseudonymError::IdentityLinkDoesNotOpen), [`IdentityLinkSignature`](PseudonymError::IdentityLinkSignature) |
//! | a client joins under a user pseudonym that is present | hub and members | [`NoConsent`](PseudonymError::NoConsent) |
//! | a user lets another user in under its pseudonym | members, who mark the leaf | [`UserPseudonymShared`](PseudonymError::UserPseudonymShared) |
//! | a user is in the room under two pseudonyms | members, who mark the leaf | [`UserPseudonymDiffers`](PseudonymError::UserPseudonymDiffers) |
//! | a leaf becomes another user | hub and members; members, who mark the leaf | [`IdentityChanged`](PseudonymError::IdentityChanged) |
//! | an adder wraps a wrong key | the other members, who mark the leaf | [`IdentityLinkDoesNotOpen`](PseudonymError::IdentityLinkDoesNotOpen) |
//! | a joiner has no wrapper key, or a wrong one | hub and members; members, who mark the leaf | [`AddAadCount`](PseudonymError::AddAadCount), [`WrappedKeyDoesNotOpen`](PseudonymError::WrappedKeyDoesNotOpen) |
//! | a credential is used in a second room | a member of both | [`PseudonymReused`](PseudonymError::PseudonymReused) |
//! | a connection request is replayed to another user | that user | [`RequestDoesNotOpen`](PseudonymError::RequestDoesNotOpen) |
//! | a request in another user's name | the responder | [`StrangerInConnectionRoom`](PseudonymError::StrangerInConnectionRoom), [`ConnectionKeyMismatch`](PseudonymError::ConnectionKeyMismatch) |
//! | a connection request is passed on to a third user by the one who was asked | the requester, when the third user has answered | [`NotTheResponder`](PseudonymError::NotTheResponder), [`ResponseDoesNotOpen`](PseudonymError::ResponseDoesNotOpen) |
//! | a member wraps all keys under a key that no member has | members, who wrap them again | [`Followed::wrong_rewrap_by`] |
//! | an old message or request brings back a replaced connection key | the other user | [`RetiredConnectionKey`](PseudonymError::RetiredConnectionKey) |
//! | a connection room at another provider, or with leaves of the hub's making | the responder | [`ConnectionRoomElsewhere`](PseudonymError::ConnectionRoomElsewhere), [`LeafSignature`](PseudonymError::LeafSignature) |
//! | a committer gives the wrapper key to the hub | itself, if it asks | [`WrapperKeyExposed`](PseudonymError::WrapperKeyExposed) |
//!
//! A member follows a commit whose links do not open, and marks the leaf ([`KnownRoom`]): the hub
//! cannot see that, and members that refused what it has let through would be left behind.
//!
//! What remains unnoticed: a connected user who recognises a friend in every room that it sees,
//! since the connection key alone opens the friend's links; a member who tells outsiders who is in
//! the room, or gives its wrapper key away; a provider that keeps a record of which of its users
//! uploads which KeyPackage; a user who passes a connection request on with a response key of its
//! own, until it has read the third user's connection key (see [`VerifiedConnectionRequest`]).
//!
//! # Nonces
//!
//! Each seal draws a nonce of AEAD.Nn = 12 bytes from the caller's generator. Derived from what is
//! sealed, it would be the same whenever that is the same, and different where it must not matter:
//! an ECDSA signature differs from run to run. Derived from a counter, it would need state that
//! several clients share. An identity link key seals one link, so its nonce can repeat only if one
//! credential is issued twice. A room's wrapper key seals one key for each member that ever was,
//! and in a [`rotation`] for each that is, once by each member that re-wraps: after n seals, two
//! nonces are equal with a probability below n^2 / 2^97, which is 2^-33 for 2^32.
//!
//! # Where things are
//! [`SealedRoom`] is a room as the hub has it, and judges commits; [`KnownRoom`] is a member's, and
//! follows them. [`flow`] has what members send, one module each. [`rotation`], [`offer`],
//! [`PseudonymConsent`] and [`flow::renew`] are ours and in no draft.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod connection;
mod connection_key;
mod connection_token;
mod consent;
mod credential;
mod disclosure;
mod error;
mod key_package_set;
mod known_room;
mod leaf_changes;
mod leaves;
mod link_keys;
mod pseudonym;
mod pseudonym_uses;
mod queue_id;
mod room;
mod sealed;
mod sealed_room;
mod wire;
mod wrapper_key;

pub mod flow;
pub mod offer;
pub mod rotation;

pub use connection::{
    Connection, ConnectionRoom, PendingConnection, Requester, UnverifiedConnectionRequest,
    UnverifiedConnectionResponse, VerifiedConnectionRequest, open_connection_request, request_connection,
    rotation_message,
};
pub use connection_key::{ConnectionKey, IdentityLinkKey};
pub use connection_token::{ConnectionToken, KeyPackageShelf};
pub use consent::{ConsentTo, PseudonymConsent, PseudonymConsentTBS};
pub use credential::{
    CheckedClient, CredentialCheck, CredentialCheckError, RealClient, VerifiedIdentity, has_identity_link,
    issue_pseudonymous_credential, issue_unlinked_credential, open_identity_link, seal_identity_link,
    sign_identity_link,
};
pub use disclosure::{DisclosedIdentity, Disclosure, verify_disclosure};
pub use error::PseudonymError;
pub use key_package_set::{
    ChosenSet, KeyPackageSet, SetForRequest, UploadPlan, UploadedKeyPackage, check_upload, choose_set,
    hand_out_set, key_package_sets, plan_uploads, upload_lifetime,
};
pub use known_room::{Followed, KnownRoom};
pub use leaf_changes::{ChangedBy, LeafChanges};
pub use leaves::{RoomLeaves, leaf_credential};
pub use link_keys::LinkKeys;
pub use pseudonym::{pseudonym_provider, random_client_pseudonym, random_user_pseudonym};
pub use pseudonym_uses::{LinkedRooms, PseudonymUses, Reuse};
pub use queue_id::{MAX_QUEUE_ID, leaf_queue_id, open_queue_id, seal_queue_id};
pub use room::RoomView;
pub use sealed_room::{CommitContent, JudgedCommit, MAX_IDENTITY_LINK, SealedRoom, WrapperKeyRule};
pub use wrapper_key::{IdentityLinkWrapperKey, check_extensions_for_hub};

/// The README's example runs too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
