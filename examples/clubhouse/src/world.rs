//! The network: providers, clients, and the endpoints between them.
//!
//! Each function is an exchange of mimi-protocol, section 3, from the client that begins it to the last that learns of it. The hops are
//! the draft's: a client speaks to its own provider, that to the hub, the hub to the providers of the others. What goes from one to the
//! next is a body that [`Narrator::send`] has encoded; whoever gets it decodes it.

mod cast;
mod exchange;
mod key_material;
mod messages;

use std::collections::BTreeMap;

use mimi_codec::protocol::IdentifierUri;
use mimi_crypto::RustCrypto;
use rand_chacha::ChaCha20Rng;

use crate::{
    Result,
    client::Client,
    identity::{Authority, domain_of},
    narrator::Narrator,
    provider::Provider,
};

pub use cast::{room_uri, user_uri};
pub use exchange::Outcome;
pub use messages::Said;

/// Everybody and everything.
pub struct World {
    /// What happens.
    pub narrator: Narrator,
    /// By domain.
    pub providers: BTreeMap<String, Provider>,
    /// By URI.
    pub clients: BTreeMap<IdentifierUri, Client>,
    suite: RustCrypto,
    authority: Authority,
    rng: ChaCha20Rng,
    /// Milliseconds since the UNIX epoch.
    now: u64,
}

impl World {
    /// The cipher suite of all rooms.
    #[must_use]
    pub const fn suite(&self) -> RustCrypto {
        self.suite
    }

    /// The keys of all providers.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Randomness for what happens.
    pub const fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.rng
    }

    /// The time, in milliseconds since the UNIX epoch. It goes on with every look at the clock: no two messages of a room are accepted at
    /// the same time, which franking relies on.
    pub const fn tick(&mut self) -> u64 {
        self.now = self.now.saturating_add(1250);
        self.now
    }

    /// A client.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn client(&mut self, uri: &IdentifierUri) -> Result<&mut Client> {
        Ok(self.clients.get_mut(uri).ok_or_else(|| format!("there is no client {uri:?}"))?)
    }

    /// A provider.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn provider(&mut self, domain: &str) -> Result<&mut Provider> {
        Ok(self.providers.get_mut(domain).ok_or_else(|| format!("there is no provider {domain}"))?)
    }

    /// The provider that a room, user or client belongs to.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn provider_of(&mut self, uri: &IdentifierUri) -> Result<&mut Provider> {
        self.provider(&domain_of(uri)?)
    }
}
