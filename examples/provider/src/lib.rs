//! A MIMI provider that runs: the hub and follower of `mimi-room` behind HTTPS with mutual TLS, on
//! a database, through restarts.
//!
//! Read it in this order:
//!
//! - [`config`] is what an operator decides, [`identity`] whose signature makes a client's
//!   credential good.
//! - [`store`] is the database: ordered tables and transactions, nothing else.
//! - [`engine`] owns the provider's state. Every request is one transaction: it is decided, stored
//!   and applied, and only after the commit is it answered and delivered.
//! - [`server`] is HTTPS: who is at the other end, limits, and which request goes to which
//!   function.
//! - [`peers`] are the other providers as this one calls them; [`deliver`] brings them what waits.
//!
//! No rule of a draft is here: those are in `mimi-room` and the crates below it.

pub mod client;
pub mod clock;
pub mod config;
pub mod conformance;
pub mod deliver;
pub mod demo;
pub mod engine;
pub mod identity;
pub mod load;
pub mod metrics;
pub mod oblivious;
pub mod peers;
pub mod run;
pub mod server;
pub mod store;
pub mod testbed;
pub mod tls;
pub mod wire;

/// Whatever goes wrong while the program starts or runs a command.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A result of the program's commands.
pub type Result<T, E = Error> = std::result::Result<T, E>;
