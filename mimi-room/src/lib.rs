//! A MIMI room as its hub, its followers and its clients follow it, without I/O.
//!
//! Everyone in a room applies the same rules to the same bytes. This crate holds the rules once:
//!
//! - **[`Room`]** is what all of them agree on: roles and participants, the components, the client
//!   behind each leaf, the proposals that wait, the epoch. [`Room::judge_commit`],
//!   [`Room::judge_proposals`] and [`Room::judge_message`] say what a message changes and by which
//!   right, or why it is [`Refused`]. [`Room::apply_commit`] and [`Room::apply_proposals`] put that
//!   into effect, after the caller has stored it.
//! - **[`MlsStack`]** is what the room asks of MLS, and **[`Identity`]** who a credential names.
//! - [`NewRoom`] says what a new group is created with; a group that was created or joined becomes
//!   a room by [`Room::load`].
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

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
mod retraction;
mod room;
mod snapshot;
mod stack;
pub mod two_person;
pub mod visibility;
mod waiting;
mod wishes;

pub use creation::{CreationError, NewRoom};
pub use decision::{
    ApplyError, CommitDecision, Committed, Committer, MessageDecision, ProposalsDecision, Right,
};
pub use identity::{CredentialRefused, Identity, Member, Server};
pub use judge::JoinCodes;
pub use members::{LeafChanges, Members};
pub use pair::{FullCommitDecision, PairError, PostQuantumGroup};
pub use refused::{GroupInfoProblem, Refused};
pub use retraction::Retraction;
pub use room::{LoadError, Room};
pub use snapshot::{RestoreError, RoomSnapshot, SNAPSHOT_VERSION};
pub use stack::{ComponentUpdates, MlsMember, MlsStack, OpenedMessage, OwnCommit};
pub use waiting::{Waiting, WaitingProposal};
pub use wishes::{WishError, Wishes};
