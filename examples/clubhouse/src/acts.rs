//! The acts of the story.
//!
//! # How an act is written
//!
//! An act is a module with a function `play(&mut Story) -> Result<()>`, listed in [`ACTS`]. The
//! acts before it have been played when it begins, so that it finds the room as they left it. It
//!
//! - opens with `story.world.narrator.scene(…)` for each of its parts;
//! - acts through [`World`](crate::world::World), which narrates every body and decision by itself;
//! - says with `ensure!` what has to come of it: an act that ends without an error has shown what
//!   it promises. The tests play the acts and ask no more than that, and what the narrator wrote
//!   down.
//!
//! An act that needs another room makes its own, with providers and clients of the same world
//! ([`Story::cast`] names them) or of a world of its own.

mod adding;
mod consent;
mod creation;
mod leaving;
mod messages;
mod minimal_metadata;
mod outside;
mod refusals;
mod reports;
pub mod roles;
mod semi_private;

pub use creation::new_room;

use crate::{Result, story::Story};

/// An act.
#[derive(Clone, Copy)]
pub struct Act {
    /// Its number.
    pub number: u8,
    /// What it is about.
    pub title: &'static str,
    /// Plays it.
    pub play: fn(&mut Story) -> Result<()>,
}

/// The story.
pub const ACTS: &[Act] = &[
    Act { number: 1, title: "Alice creates the clubhouse", play: creation::play },
    Act { number: 2, title: "Alice adds Bob, and Bob adds Cathy", play: adding::play },
    Act {
        number: 3,
        title: "What the hub refuses, and what clients refuse of the hub",
        play: refusals::play,
    },
    Act { number: 4, title: "They talk", play: messages::play },
    Act { number: 5, title: "A user is reported", play: reports::play },
    Act { number: 6, title: "A user leaves, a user is kicked and banned", play: leaving::play },
    Act { number: 7, title: "Coming in from outside", play: outside::play },
    Act { number: 8, title: "A clubhouse in which the hub knows no user", play: minimal_metadata::play },
    Act { number: 9, title: "Handshakes that followers can't read", play: semi_private::play },
    Act { number: 10, title: "Consent between providers", play: consent::play },
];
