//! Room policy for MIMI (More Instant Messaging Interoperability): may a user change the room like
//! this, and why.
//!
//! A hub and every client make the same decision about the same room. They hand in who acts and
//! what is to change; they get back a plan, with the right that allows each change, or the first
//! condition that fails.
//!
//! - **[`RoomState`]** is a valid room, made from the components that its members agree on
//!   ([`RoomParts::from_dictionary`]) and the clients in its group. [`RoomState::check`] decides,
//!   [`RoomState::apply`] puts the plan into effect.
//! - **[`Grant`]** says which capability of which role allowed a change, **[`Refusal`]** which
//!   condition failed first, and what a hub answers.
//! - **[`Request`]** reads a decision's question from the proposals of MLS messages: a commit, an
//!   external commit, proposals.
//! - **[`RoomState::check_message`]** decides on a message whose content stays hidden,
//!   [`receiving`] on its fan-out, and `message` on what is inside, with **[`RoleHistory`]** for
//!   those that come late.
//! - **[`preset`]** has rooms to begin with; **[`lint`](mod@lint)**, **[`matrix`]** and
//!   **[`graph`]** are what a person reads of a policy, **[`queries`]** what a person asks of a
//!   room.
//! - What it leaves to you: signatures, keys and credentials. Who a message is from, what its
//!   credential claims, and that a join code is good, is known before.
//!
//! ```
//! use mimi_codec::{
//!     CapabilityType,
//!     protocol::{ParticipantListData, UserRolePair},
//! };
//! use mimi_policy::{
//!     Actor, Basis, Change, Form, Reason, RoomParts, RoomState, TableSeed, UserUri, preset,
//! };
//!
//! let alice = UserUri::try_from("mimi://a.example/u/alice")?;
//! let bob = UserUri::try_from("mimi://b.example/u/bob")?;
//! let roles = preset::ExampleRoom::Strict.roles();
//! let participants =
//!     ParticipantListData { participants: vec![UserRolePair { user: alice.clone().into(), role_index: 3 }] };
//! let mut parts = RoomParts::new(roles, participants);
//! parts.clients.push((alice.clone().into(), "mimi://a.example/d/a1".into()));
//! // A hub makes the seed at random.
//! let mut room = RoomState::new(parts, TableSeed::known())?;
//!
//! // Alice, an admin, adds Bob with a client.
//! let actor = Actor::client(alice.clone(), "mimi://a.example/d/a1".try_into()?);
//! let changes = [
//!     Change::AddParticipant { user: bob.clone(), role: 2 }.into(),
//!     Change::AddClient { user: bob.clone(), client: "mimi://b.example/d/b1".try_into()? }.into(),
//! ];
//! let plan = room.check(&actor, Form::Commit, &changes)?;
//! assert_eq!(plan.grants()[0].capability, Some(CapabilityType::CAN_ADD_PARTICIPANT));
//! assert_eq!(plan.grants()[0].basis, Basis::RoleChange { from: 0, to: 2 });
//! room.apply(plan)?;
//!
//! // Bob, an ordinary user, may not ban her.
//! let actor = Actor::client(bob, "mimi://b.example/d/b1".try_into()?);
//! let changes = [Change::SetRole { user: alice, role: 1 }.into()];
//! let refusal = room.check(&actor, Form::Commit, &changes).unwrap_err();
//! assert_eq!(refusal.reason, Reason::MissingCapability { role: 2, capability: CapabilityType::CAN_BAN });
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Features
//! - `content`: which capabilities a MIMI content message needs. A hub, which sees no content, does
//!   without.
//! - `serde`: rooms, actors and changes as JSON, in the form of the vectors of kind `policy`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod change;
mod check;
mod decision;
mod defect;
mod enforcement;
mod refusal;
mod request;
mod role_history;
mod role_table;
mod room;
mod seed;
mod steps;

pub mod component;
pub mod graph;
#[cfg(feature = "serde")]
pub mod json;
pub mod lint;
pub mod matrix;
#[cfg(feature = "content")]
pub mod message;
pub mod preset;
pub mod queries;
pub mod receiving;

pub use change::{Actor, Change, Claims, Form, JoinCode, ProposedChange};
pub use check::OwnLogEntry;
pub use decision::{Basis, Grant, Plan, StalePlanError};
pub use defect::{Defect, IdentityOf, InvalidRoomError};
pub use enforcement::{EnforcedBy, enforced_by};
pub use mimi_codec::{ClientUri, IdentityError, RoomUri, UserUri};
pub use refusal::{Reason, Refusal};
pub use request::{
    Identities, InvalidProposal, InvalidRequestError, Request, RequestProblem, UnidentifiedError,
    first_omitted,
};
pub use role_history::RoleHistory;
pub use role_table::{BANNED_NAME, BANNED_ROLE, NO_ROLE};
pub use room::{
    ComponentDifferenceError, DictionaryError, ParentParticipants, RoleCount, RoomParts, RoomState,
};
pub use seed::TableSeed;

/// The README's example runs too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
