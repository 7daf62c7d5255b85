//! The clubhouse: the story of mimi-protocol's section 3, played by the crates of this workspace on
//! a real MLS stack.
//!
//! Read it in this order, if you are about to build the same:
//!
//! - [`world`] is the network: three providers, their clients, and the endpoints between them.
//!   Whatever crosses from one provider to another is encoded here, handed over as bytes, and
//!   decoded on the other side.
//! - [`client`] is what a messenger does beside `mimi-room`: credentials, groups, messages and
//!   their timeline.
//! - [`provider`] is a server: `mimi-room`'s hub and follower, and the state that they work on.
//! - [`identity`] is what is in a credential here, and [`stack`] what OpenMLS needs to know of it.
//! - [`telling`] puts the hub's decisions into words.
//! - [`minimal_metadata`] is a room in which the hub knows no user: members, hub and network once
//!   more, with `mimi-pseudonym`.
//! - [`sealed`] is how members and the hub read handshakes that followers cannot read.
//! - [`acts`] is the story. [`narrator`] writes down what happens, [`output`] shows it.

pub mod acts;
pub mod client;
pub mod identity;
pub mod minimal_metadata;
pub mod narrator;
pub mod output;
pub mod provider;
pub mod sealed;
pub mod stack;
pub mod story;
pub mod telling;
pub mod world;

/// Whatever goes wrong in an example. A library has an enum here.
pub type Error = Box<dyn std::error::Error>;

/// A result of the example.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Goes on only if a condition holds: what the story promises, it has to show.
macro_rules! ensure {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            return Err(format!($($reason)+).into());
        }
    };
}
pub(crate) use ensure;
