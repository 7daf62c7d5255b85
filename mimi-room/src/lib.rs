//! A MIMI room as its hub, its followers and its clients follow it, without I/O.
//!
//! Everyone in a room applies the same rules to the same bytes. This crate holds the rules once:
//!
//! - **[`Room`]** is what all of them agree on: roles and participants, the components, the client
//!   behind each leaf, the proposals that wait, the epoch. [`Room::judge_commit`],
//!   [`Room::judge_proposals`] and [`Room::judge_message`] say what a message changes and by which
//!   right, or why it is [`RoomRefusal`]. [`Room::apply_commit`] and [`Room::apply_proposals`] put
//!   that into effect, after the caller has stored it.
//! - **[`MlsStack`]** is what the room asks of MLS, and **[`Identity`]** who a credential names.
//! - [`NewRoom`] says what a new group is created with; a group that was created or joined becomes
//!   a room by [`Room::load`].
//! - **[`hub`]**, **[`client`]** and **[`follower`]** are the three parties, and [`key_material`]
//!   is the check of KeyPackages before they are added.
//!
//! What a server does with a body of `/update`, whatever its MLS stack:
//!
//! ```
//! use mimi_crypto::CipherSuiteProvider;
//! use mimi_room::{
//!     Identity, MlsStack,
//!     hub::{Call, FanOut, HostedRoom, Hub, Response},
//! };
//! use rand_core::CryptoRng;
//!
//! fn update<C: CipherSuiteProvider, I: Identity, S: MlsStack>(
//!     hub: &Hub<C, I>,
//!     room: &mut HostedRoom<S>,
//!     call: Call<'_>,
//!     body: &[u8],
//!     rng: &mut dyn CryptoRng,
//! ) -> (Response, Vec<FanOut>) {
//!     let answer = hub.update(room, call, body);
//!     println!("{:?}", answer.audit);
//!     let Some(change) = answer.change else { return (answer.response, Vec::new()) };
//!     // A server stores here what it has promised.
//!     match hub.apply(room, change, rng) {
//!         Ok(applied) => (answer.response, applied.fan_out),
//!         Err(_) => (Response::status(500), Vec::new()),
//!     }
//! }
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod client;
mod components;
pub mod consent;
pub mod conversation;
mod creation;
mod decision;
pub mod envelope;
pub mod follower;
pub mod fork;
pub mod hub;
mod identity;
mod judge;
pub mod key_material;
mod members;
pub mod messaging_mode;
mod pair;
mod refused;
mod room;
mod snapshot;
mod stack;
pub mod two_person;
pub mod visibility;
mod waiting;
mod wishes;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guides/hub.md")]
#[doc = include_str!("../../docs/guides/client.md")]
mod guides {}

pub use components::updates as component_updates;
pub use creation::{CreationError, NewRoom};
pub use decision::{
    ApplyError, CommitDecision, Committed, Committer, MessageDecision, ProposalsDecision, Right,
};
pub use identity::{CredentialError, Identity, Member, Server};
pub use judge::JoinCodes;
pub use members::{MemberChanges, Members};
pub use pair::{FullCommitDecision, PairError, PostQuantumGroup};
pub use refused::{GroupInfoProblem, RoomRefusal};
pub use room::{LoadError, Room};
pub use snapshot::{RestoreError, RoomSnapshot, SNAPSHOT_VERSION};
pub use stack::{ComponentUpdates, MlsMember, MlsStack, OpenedMessage, OwnCommit};
pub use waiting::{Waiting, WaitingProposal};
pub use wishes::{WishError, Wishes};
