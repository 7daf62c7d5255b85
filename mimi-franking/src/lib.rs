#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! Message franking for MIMI (More Instant Messaging Interoperability).

#[macro_use]
extern crate alloc;

mod agent;
mod construction;
mod content;
mod context_hash;
mod error;
mod hub_key;
mod integrity_mac;
mod signed;
mod stored;
mod tag;

pub mod hub;
pub mod receiver;
pub mod report;
pub mod sender;

pub use agent::{AgentChange, RotationPolicy, updated_franking_agent};
pub use construction::{CheckStamp, Construction, RecheckStamp, Stamp};
pub use content::{Assertions, ContentError, FrankableContent};
#[cfg(feature = "content")]
pub use content::{
    Framing, FrankingAssertion, MimiFrankable, MimiFrankable02, set_franking_assertion,
    set_franking_assertion_02, set_sender_and_room,
};
pub use context_hash::{ContextHash, ContextHashFrank, ContextSecret};
pub use error::FrankingError;
pub use hub_key::{HubKey, HubKeyId, HubKeyRing};
pub use integrity_mac::{IntegrityMac, IntegrityMacFrank, IntegritySecret};
pub use receiver::VerifiedFrank;
pub use signed::{FrankingAgent, FrankingAgentKey, OwnAgents, Signed};
pub use stored::StoredFrank;
pub use tag::{FrankingKey, FrankingSalt, TagKey, franking_tag};
