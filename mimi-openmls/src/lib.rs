//! OpenMLS as the MLS stack of a MIMI room.
//!
//! - **[`PublicStack`]** follows a group from outside, as a hub does, with OpenMLS's `PublicGroup`.
//! - **[`MemberStack`]** is a client's `MlsGroup` with the signer of its leaf. It comes from
//!   creating a group, from [`join_by_welcome`], or from [`join_externally`].
//! - **[`of_openmls`]** and **[`to_openmls`]** carry values over: both sides encode as RFC 9420
//!   does, so bytes are the only bridge.
//!
//! OpenMLS has no SemiPrivateMessage; both stacks refuse one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod bridge;
mod member;
mod public;

pub use bridge::{StackError, of_openmls, to_openmls};
pub use member::{MemberStack, MemberStaged, group_config, join_by_welcome, join_config, join_externally};
pub use public::PublicStack;
