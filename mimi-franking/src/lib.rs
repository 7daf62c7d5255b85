//! Message franking for MIMI (More Instant Messaging Interoperability): a receiver can prove to the
//! hub who sent an abusive message, and the sender cannot deny it. Only a user's own provider can
//! frame that user. The hub learns no content before a report. The table of
//! [attacks](#attacks-and-what-stops-them) says where a construction falls short.
//!
//! - [`sender`]: commits to the content with a tag in the message's AAD.
//! - [`hub`]: stamps each message that it accepts, under a ring of keys ([`HubKeyRing`]).
//! - [`receiver`]: verifies a frank and returns a [`VerifiedFrank`]. A client's database holds a
//!   [`StoredFrank`].
//! - [`report`]: builds an AbuseReport from stored messages. The hub checks each message and says
//!   what failed.
//!
//! A room uses one of three constructions. The caller's types name it; no message can choose it:
//! [`Signed`] (draft-ietf-mimi-protocol-05 and -06, the default), [`IntegrityMac`] (-03 and -04),
//! [`ContextHash`] (-02). [`FrankableContent`] reads what a message asserts. [`AgentChange`] says
//! what an update of the `franking_agent` component means.
//!
//! `no_std` with `alloc`. No I/O, no clock, no panics; the caller supplies randomness.
//!
//! # What it leaves to you
//!
//! - Encryption, epochs and the room's state: your MLS stack.
//! - The identity behind a message's leaf, and whether the `franking_agent`'s credential is valid:
//!   your credential checks.
//! - Storing hub keys and messages.
//! - Deciding what happens to an abuser.
//!
//! # Example
//!
#![cfg_attr(feature = "content", doc = "```")]
#![cfg_attr(not(feature = "content"), doc = "```ignore")]
#![doc = include_str!("example.txt")]
//! use mimi_franking::{FrankingAgent, HubKey, HubKeyId, HubKeyRing, Signed};
//! use mimi_franking::{hub, receiver, report, sender};
//! // Alice's client commits to the application data before it encrypts it.
//! let commitment = sender::commit::<Signed>(&content, &application_data, &alice, &room)?;
//!
//! // The hub franks the message that it accepts. It sees neither salt nor text.
//! let mut hub_keys = HubKeyRing::new();
//! hub_keys.add(HubKeyId(1_767_225_600_000), HubKey::new(&HubKey::generate(&mut rng))?)?;
//! # let safe_aad = SafeAAD { aad_items: List::new(vec![commitment.safe_aad_item()?])? };
//! # let sending_uri = IdentifierUri::from(commitment.sending_uri());
//! let sender = hub::ActiveSender::find(&sending_uri, &follower, &users)?;
//! let submission = hub::Submission::new(&safe_aad, sender, room.clone())?;
//! let franked = hub::frank(&hub_keys, &agent_key, &submission, 1_767_225_601_234, &mut rng)?;
//!
//! // Bob's client decrypts the message and verifies its frank.
//! let agent = FrankingAgent::of_group(&suite, &group_context, hub_domain.as_ref(), check_credential)?;
//! let received = receiver::DecryptedMessage {
//!     application_data: &application_data,
//!     frank_aad: Some(commitment.frank_aad()),
//!     frank: Some(franked.frank()),
//!     accepted_timestamp: franked.accepted_timestamp(),
//!     sender_uri: &alice,
//!     room_uri: &room,
//! };
//! let stored = receiver::verify(&agent, &content, &received)?.ok_or("not franked")?.store();
//!
//! // Bob reports it, and the hub, which has kept only its keys, checks the report.
//! let report = report::AbuseReportBuilder::new(&alice, room.clone());
//! let report = report.message(&content, &application_data, &stored)?.build();
//! let check = report::ReportCheck { hub_keys: &hub_keys, own: &own, content: &content, room_uri: &room };
//! let proven = check.report(&report).remove(0)?;
//! assert_eq!(proven.message_content(), application_data);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Attacks, and what stops them
//!
//! The tests are in `tests/attacks.rs`. *Open* means that the construction cannot stop the attack;
//! the test demonstrates it.
//!
//! | attack | 06 [`Signed`] | 03 [`IntegrityMac`] | 02 [`ContextHash`] | test |
//! |-|-|-|-|-|
//! | The hub guesses the content of what it franks | the salt | the salt | the franking key | `the_hub_cannot_confirm_a_guess_of_the_content` |
//! | A sender uses a salt twice: readers of one message guess the other | open | open | open | `a_salt_reused_lets_readers_of_one_message_confirm_guesses_of_the_other` |
//! | A receiver reports a message that was never sent, or names another sender | `server_frank` | `server_frank` | `server_frank` | `a_receiver_cannot_attribute_a_bogus_message` |
//! | A member writes in the name of another provider's user, and a follower submits the message | the hub accepts none of another provider's users | the same | the same | `a_follower_cannot_submit_in_the_name_of_another_providers_user` |
//! | A member writes in the name of a user, and the user's own provider submits the message | **open**: receivers refuse it, the hub believes a report | **open** | **open** | `a_provider_can_frame_its_own_users_with_a_members_help` |
//! | A sender lies about tag, sender or room, to deny later | refused by receivers | the same | the same | `a_sender_cannot_deny_a_message` |
//! | A sender submits the ciphertext of one message with the tag of another, and has the other reported | **open**: receivers refuse what they get, the hub proves what no client received | **open** | **open** | `a_sender_can_have_a_message_proven_that_no_client_received` |
//! | A sender gives each receiver another file behind one external part without a hash | **open**; named by `unbound` of the verified and the proven message; an honest client does not commit to it | **open**, likewise | **open**, likewise | `one_frank_covers_two_files_of_a_part_without_a_hash` |
//! | A follower reads the sender off the fan-out | the fan-out does not contain it | the same | the same | `what_is_fanned_out_has_no_sender` |
//! | A follower tries every user of the room | **open** to a follower that has the `franking_signature_key` | the epoch's secret | the epoch's secret | `a_follower_that_knows_the_agents_key_finds_the_sender_by_trying_every_user`, `a_follower_that_tries_every_user_fails_against_the_keyed_constructions` |
//! | A frank for another message, room or time; another sender's frank | signature, tag | check, tag | hash, tag | `a_follower_can_neither_move_nor_delay_nor_forge_a_frank` |
//! | A follower replaces `server_frank`: reports fail | signature | check | **open** | `a_follower_can_replace_the_server_frank_only_in_02` |
//! | A follower swaps the franks of two messages of one sender, room and millisecond: reports fail | **open**; the hub gives each message of a room its own time | **open**, likewise | the repeated tag | `a_follower_can_swap_franks_of_one_sender_and_millisecond_only` |
//! | A member and a follower forge a frank for receivers | signature | **open**; the hub refuses it | **open**; the hub refuses it | `a_member_can_forge_a_frank_for_receivers_only_in_02_and_03_and_never_for_the_hub` |
//! | A user and a room whose URIs run together into those of others | lengths | **open** | **open** | `a_moved_boundary_is_refused_in_06`, `a_moved_boundary_pins_a_message_on_another` |
//! | Another franking agent in the GroupContext | domain, your check of the credential | no agent | no agent | `a_swapped_franking_agent_is_refused` |
//! | A frank of one construction for one of another | types, sizes | the same | the same | `no_frank_of_one_construction_passes_for_another` |
//! | A dishonest hub | out of scope: it can frank what it likes, and deny its franks | | | |
//!
//! # Many at once
//!
//! [`receiver::verify_all`] and [`report::ReportCheck`] give each message the same verdict as a
//! check of that message alone. They are faster if the provider verifies many signatures by one key
//! faster: mimi-crypto's provider verifies 64 Ed25519 signatures in a little over half the time. It
//! checks the full equation of each signature, because a sum of equations is unsafe with points of
//! small order. ECDSA signatures are verified one by one.
//!
//! # Features
//!
//! - `content`: `MimiFrankable` and `MimiFrankable02` read MIMI content. Without this feature the
//!   crate does not link CBOR.
#![no_std]
#![forbid(unsafe_code)]

#[macro_use]
extern crate alloc;

mod agent;
mod construction;
mod content;
mod context_hash;
mod error;
mod hub_key;
mod integrity_mac;
mod signed;
mod stored;
mod tag;

pub mod hub;
pub mod receiver;
pub mod report;
pub mod sender;

pub use agent::{AgentChange, RotationPolicy, updated_franking_agent};
pub use construction::{CheckStamp, Construction, RecheckStamp, Stamp};
pub use content::{Assertions, ContentError, FrankableContent, UnboundContent, UnboundKind};
#[cfg(feature = "content")]
pub use content::{
    Framing, FrankingAssertion, MimiFrankable, MimiFrankable02, set_franking_assertion,
    set_franking_assertion_02, set_sender_and_room,
};
pub use context_hash::{ContextHash, ContextHashFrank, ContextSecret};
pub use error::FrankingError;
pub use hub_key::{HubKey, HubKeyId, HubKeyRing};
pub use integrity_mac::{IntegrityMac, IntegrityMacFrank, IntegritySecret};
pub use receiver::VerifiedFrank;
pub use signed::{FrankingAgent, FrankingAgentKey, OwnAgent, OwnAgents, Signed};
pub use stored::StoredFrank;
pub use tag::{FrankingKey, FrankingSalt, TagKey, franking_tag};

/// The README's example runs too.
#[cfg(all(doctest, feature = "content"))]
#[doc = include_str!("../README.md")]
struct Readme;
