//! What a person reads of a policy: findings, tables and graphs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod examples;
mod findings;
mod geometry;
mod pictures;
