//! The clubhouse: the story of mimi-protocol's section 3, played by the crates of this workspace on a real MLS stack.
//!
//! Read it in this order, if you are about to build the same:
//!
//! - [`world`] is the network: three providers, their clients, and the endpoints between them. Whatever crosses from one provider to
//!   another is encoded here, handed over as bytes, and decoded on the other side.
//! - [`client`] is what a messenger does with an MLS group: it composes proposals and commits, checks those of others with
//!   `mimi-policy`, and reads messages.
//! - [`hub`] is what the provider of a room does: it follows the group without being in it, decides, franks and fans out.
//! - [`provider`] is what every provider does for its own users: key packages, consent, deliveries.
//! - [`decision`] is what a hub and a client do alike: from a commit to a decision and to the components that follow from it.
//! - [`stack`] is the seam to OpenMLS, and [`identity`] what stands in a credential here.
//! - [`minimal_metadata`] is a room in which the hub knows nobody: members, hub and network once more, with `mimi-pseudonym`.
//! - [`semi_private`] is a room whose commits only members and the hub can read.
//! - [`acts`] is the story. [`narrator`] writes down what happens, [`output`] shows it.

pub mod acts;
pub mod client;
pub mod decision;
pub mod hub;
pub mod identity;
pub mod minimal_metadata;
pub mod narrator;
pub mod output;
pub mod provider;
pub mod semi_private;
pub mod stack;
pub mod story;
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
