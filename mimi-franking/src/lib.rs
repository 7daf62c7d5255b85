//! Message franking for MIMI (More Instant Messaging Interoperability): a receiver can prove to the hub who sent an abusive
//! message, the sender can't deny it, nobody but its own provider can frame anybody, and the hub learns no content before a report.
//! Where a construction falls short of that, the table of [attacks](#attacks-and-what-stops-them) says so.
//!
//! - [`sender`]: commits to the content with a tag in the message's AAD.
//! - [`hub`]: stamps what it accepts, under a ring of keys ([`HubKeyRing`]).
//! - [`receiver`]: verifies; [`VerifiedFrank`] is what only that makes, [`StoredFrank`] what a client's database holds of it.
//! - [`report`]: builds an AbuseReport from what was stored; the hub checks each message and says what failed.
//!
//! A room has one of three constructions, which the caller's types name and no message chooses: [`Signed`]
//! (draft-ietf-mimi-protocol-05 and -06, the default), [`IntegrityMac`] (-03 and -04), [`ContextHash`] (-02). What can be franked
//! is a [`FrankableContent`]; [`AgentChange`] says what an update of the `franking_agent` component means.
//!
//! `no_std` with `alloc`, no I/O, no clock, no randomness but the caller's, and no panics.
//!
//! # What it leaves to you
//!
//! Encryption, epochs and the room's state (your MLS stack). Whose leaf a message came from and whether the `franking_agent`'s
//! credential is good (your credential checks). Storing hub keys and messages. What to do about an abuser.
//!
//! # Example
//!
#![cfg_attr(feature = "content", doc = "```")]
#![cfg_attr(not(feature = "content"), doc = "```ignore")]
//! use mimi_codec::{DnsName, Encode, List, RoomUri, UserUri, code_points::*, extensions::*, match_presented_identities, mls::*, protocol::*};
//! use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
//! use mimi_crypto::{CipherSuiteProvider, RustCrypto};
//! use mimi_franking::{hub::*, receiver::*, report::*, *};
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::seed_from_u64(1);
//!
//! let (alice, room) = ("mimi://b.example/u/alice", "mimi://hub.example/r/clubhouse");
//! let content = MimiFrankable::new(Framing::Bare);
//!
//! // The hub has keys; its franking agent stands in the GroupContext.
//! let suite = RustCrypto::new(CipherSuite(1))?;
//! let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng)?)?;
//! let franking_signature_key = suite.signature_public_key(&signing_key);
//! let mut hub_keys = HubKeyRing::new();
//! hub_keys.add(HubKeyId(1_767_225_600_000), HubKey::new(&HubKey::generate(&mut rng))?)?;
//! # let agent = FrankingAgentData {
//! #     franking_signature_key: franking_signature_key.clone(),
//! #     credential: Credential::Basic { identity: "mimi://hub.example".into() },
//! # };
//! # let component = ComponentData { component_id: ComponentID::FRANKING_AGENT, data: agent.to_bytes()?.into() };
//! # let dictionary = AppDataDictionary { component_data: List::new(vec![component])? };
//! # let extension = Extension {
//! #     extension_type: ExtensionType::APP_DATA_DICTIONARY,
//! #     extension_data: dictionary.to_bytes()?.into(),
//! # };
//! # let group_context = GroupContext {
//! #     version: Mls10, cipher_suite: CipherSuite(1), group_id: "room".into(), epoch: 0, tree_hash: "".into(),
//! #     confirmed_transcript_hash: "".into(), extensions: Extensions::new(vec![extension])?,
//! # };
//!
//! // Alice's client commits to what it is about to encrypt.
//! let mut extensions = mimi_content::Extensions::new();
//! set_sender_and_room(&mut extensions, alice, room)?;
//! let text = NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", "Something vile");
//! let message = MimiContent::builder(Salt::generate(&mut rng), text).extensions(extensions).build()?;
//! let application_data = message.encode();
//! let (alice, room) = (UserUri::try_from(alice)?, RoomUri::try_from(room)?);
//! let commitment = sender::commit::<Signed>(&content, &application_data, &alice, &room)?;
//! let safe_aad = SafeAAD { aad_items: List::new(vec![commitment.safe_aad_item()?])? };
//!
//! // The hub accepts and franks it, and sees neither salt nor text.
//! # let participant = UserRolePair { user: alice.as_bytes().into(), role_index: 1 };
//! # let participant_list = ParticipantListData { participants: vec![participant] };
//! let follower = DnsName::parse("b.example")?; // as its request says, and its certificate:
//! let follower = match_presented_identities(follower.as_ref(), ["b.example"])?;
//! let users = UserIndex::new(&participant_list, [alice.clone()]); // or the hub's own index
//! let sending_uri = IdentifierUri::from(commitment.sending_uri()); // in the SubmitMessageRequest
//! let sender = ActiveSender::find(&sending_uri, &follower, &users)?;
//! let submission = Submission::new(&safe_aad, sender, room.clone())?;
//! let agent_key = FrankingAgentKey::of_group(&suite, &signing_key, &group_context)?;
//! let franked = hub::frank(&hub_keys, &agent_key, &submission, 1_767_225_601_234, &mut rng)?;
//!
//! // Bob's client decrypts it, verifies, and stores.
//! let hub_domain = DnsName::parse("hub.example")?;
//! let agent = FrankingAgent::of_group(&suite, &group_context, hub_domain.as_ref(), |agent| {
//!     // Your check of the credential: here it would be a certificate chain.
//!     let Credential::Basic { .. } = &agent.credential else { return None };
//!     match_presented_identities(hub_domain.as_ref(), ["hub.example"]).ok()
//! })?;
//! let received = Received {
//!     application_data: &application_data,
//!     frank_aad: Some(commitment.frank_aad()),
//!     frank: Some(franked.frank()),
//!     accepted_timestamp: franked.accepted_timestamp(),
//!     sender_uri: &alice,
//!     room_uri: &room,
//! };
//! let verified = receiver::verify(&agent, &content, &received)?.ok_or("not franked")?;
//! let stored = verified.store().to_bytes()?;
//!
//! // Much later he reports it, and the hub, which has kept nothing but its keys, knows that it is true.
//! let stored = StoredFrank::from_bytes(&stored)?;
//! let report = AbuseReportBuilder::new(&alice, room.clone()).message(&content, &application_data, &stored)?.build();
//! let agents = [OwnAgent::new(&suite, franking_signature_key)?];
//! let own = OwnAgents(&agents);
//! let check = ReportCheck { hub_keys: &hub_keys, own: &own, content: &content, room_uri: &room };
//! for verdict in check.report(&report) {
//!     assert_eq!(verdict?.message_content(), application_data);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Attacks, and what stops them
//!
//! The tests are in `tests/attacks.rs`. *Open* means that the construction can't stop it, and the test shows that.
//!
//! | attack | 06 [`Signed`] | 03 [`IntegrityMac`] | 02 [`ContextHash`] | test |
//! |-|-|-|-|-|
//! | The hub guesses the content of what it franks | the salt | the salt | the franking key | `the_hub_cannot_confirm_a_guess_of_the_content` |
//! | A sender uses a salt twice: readers of one message guess the other | open | open | open | `a_salt_reused_lets_readers_of_one_message_confirm_guesses_of_the_other` |
//! | A receiver reports words that nobody sent, or another sender | `server_frank` | `server_frank` | `server_frank` | `a_receiver_cannot_attribute_a_bogus_message` |
//! | A member writes in the name of a user of another provider, and a follower submits it | the hub accepts none of another provider's users | the same | the same | `a_follower_cannot_submit_in_the_name_of_another_providers_user` |
//! | A member writes in the name of a user, and the user's own provider submits it | **open**: receivers refuse it, the hub believes a report | **open** | **open** | `a_provider_can_frame_its_own_users_with_a_members_help` |
//! | A sender lies about tag, sender or room, to deny later | refused by receivers | the same | the same | `a_sender_cannot_deny_a_message` |
//! | A sender submits the ciphertext of one message with the tag of another, and has the other reported | **open**: receivers refuse what they get, the hub proves what no client received | **open** | **open** | `a_sender_can_have_a_message_proven_that_no_client_received` |
//! | A sender gives each receiver another file behind one external part without a hash | **open**; named by `unbound` of the verified and the proven message; an honest client does not commit to it | **open**, likewise | **open**, likewise | `one_frank_covers_two_files_of_a_part_without_a_hash` |
//! | A follower reads the sender off the fan-out | it isn't there | the same | the same | `what_is_fanned_out_has_no_sender` |
//! | A follower tries every user of the room | **open** to whoever has the `franking_signature_key` | the epoch's secret | the epoch's secret | `a_follower_that_knows_the_agents_key_finds_the_sender_by_trying_every_user`, `a_follower_that_tries_every_user_fails_against_the_keyed_constructions` |
//! | A frank for another message, room or time; somebody else's frank | signature, tag | check, tag | hash, tag | `a_follower_can_neither_move_nor_delay_nor_forge_a_frank` |
//! | A follower replaces `server_frank`: reports fail | signature | check | **open** | `a_follower_can_replace_the_server_frank_only_in_02` |
//! | A follower swaps the franks of two messages of one sender, room and millisecond: reports fail | **open**; the hub gives each message of a room its own time | **open**, likewise | the repeated tag | `a_follower_can_swap_franks_of_one_sender_and_millisecond_only` |
//! | A member and a follower forge a frank for receivers | signature | **open**; the hub refuses it | **open**; the hub refuses it | `a_member_can_forge_a_frank_for_receivers_only_in_02_and_03_and_never_for_the_hub` |
//! | A user and a room whose URIs run together into those of others | lengths | **open** | **open** | `a_moved_boundary_is_refused_in_06`, `a_moved_boundary_pins_a_message_on_somebody_else` |
//! | Another franking agent in the GroupContext | domain, your check of the credential | no agent | no agent | `a_swapped_franking_agent_is_refused` |
//! | A frank of one construction for one of another | types, sizes | the same | the same | `no_frank_of_one_construction_passes_for_another` |
//! | A dishonest hub | out of scope: it can frank what it likes, and deny its franks | | | |
//!
//! # Many at once
//!
//! [`receiver::verify_all`] and [`report::ReportCheck`] give every message the verdict that it gets alone. They are faster where the provider is:
//! mimi-crypto's verifies 64 Ed25519 signatures by one key in a bit more than half the time, with the full equation for each, as no sum of equations can be
//! trusted with components of small order. ECDSA goes one by one.
//!
//! # Features
//!
//! - `content`: `MimiFrankable` and its kin read MIMI content. Without it the crate doesn't link CBOR.
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
