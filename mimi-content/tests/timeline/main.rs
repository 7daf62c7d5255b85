//! The timeline: the draft's story, each rule by name, and a second, naive fold that must agree in
//! every arrival order.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod evict;
mod model;
mod naive;
mod properties;
mod rows;
mod rules;
mod stored;
mod story;
mod view;
