//! Room policy for MIMI (More Instant Messaging Interoperability): may somebody change the room like this, and why.
//!
//! A hub and every client make the same decision about the same room. They hand in who acts and what is to change; they get
//! back a plan, with the right that allows each change, or the first condition that fails.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

pub mod graph;
pub mod matrix;
pub mod preset;

mod change;
mod check;
mod decision;
mod defect;
mod identity;
mod refusal;
mod role_table;
mod room;
mod seed;

pub use change::{Actor, Change, Form, JoinCode, ProposedChange};
pub use decision::{Basis, Grant, Plan, StalePlan};
pub use defect::{Defect, InvalidRoom};
pub use identity::{ClientUri, UserUri};
pub use refusal::{Reason, Refusal};
pub use role_table::{BANNED_NAME, BANNED_ROLE, NO_ROLE};
pub use room::{ComponentDifference, DictionaryError, RoleCount, RoomParts, RoomState};
pub use seed::TableSeed;
