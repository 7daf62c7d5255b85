//! The network: providers, clients, and the endpoints between them.
//!
//! Each function is an exchange of mimi-protocol-06 §3, from the client that begins it to the last
//! that learns of it. The hops are the draft's: a client speaks to its own provider, that to the
//! hub, the hub to the providers of the others. What goes from one to the next is a body that
//! [`Narrator`] has written down; the receiver decodes it.

mod cast;
mod exchange;
mod key_material;
mod messages;

use std::collections::BTreeMap;

use mimi_codec::{ClientUri, Decode, Encode, RoomUri, UserUri};
use mimi_crypto::RustCrypto;
use rand_chacha::ChaCha20Rng;

use crate::{
    Result,
    client::Client,
    identity::{Authority, domain_of},
    narrator::{Hop, Narrator},
    provider::Provider,
};

pub use cast::{room_uri, user_uri};
pub use exchange::Outcome;
pub use messages::{ReportVerdict, Said};

/// All providers and clients.
pub struct World {
    /// What happens.
    pub narrator: Narrator,
    /// By domain.
    pub providers: BTreeMap<String, Provider>,
    /// By URI.
    pub clients: BTreeMap<ClientUri, Client>,
    suite: RustCrypto,
    authority: Authority,
    rng: ChaCha20Rng,
    /// Milliseconds since the UNIX epoch.
    now: u64,
}

/// A client's request on its way to a hub.
struct Route {
    /// The client's own provider.
    own: String,
    /// The provider that answers.
    hub: String,
    /// The endpoint.
    path: String,
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

    /// The time, in milliseconds since the UNIX epoch. It goes on with every look at the clock.
    pub const fn tick(&mut self) -> u64 {
        self.now = self.now.saturating_add(1250);
        self.now
    }

    /// A client.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn client(&mut self, uri: &ClientUri) -> Result<&mut Client> {
        Ok(self.clients.get_mut(uri).ok_or_else(|| format!("there is no client {uri}"))?)
    }

    /// A provider.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn provider(&mut self, domain: &str) -> Result<&mut Provider> {
        Ok(self.providers.get_mut(domain).ok_or_else(|| format!("there is no provider {domain}"))?)
    }

    /// The provider that hosts a room.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn hub_of(&mut self, room: &RoomUri) -> Result<&mut Provider> {
        self.provider(&domain_of(room.mimi_uri())?)
    }

    /// The provider of a user.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn provider_of(&mut self, user: &UserUri) -> Result<&mut Provider> {
        self.provider(&domain_of(user.mimi_uri())?)
    }

    /// A client asks a room's hub something: by its own provider.
    fn ask<'a, T: Encode + Decode<'a>>(
        &mut self,
        (client, room): (&ClientUri, &RoomUri),
        (endpoint, what): (&str, &str),
        body: &T,
    ) -> Result<(Route, Vec<u8>)> {
        let (own, hub) = (domain_of(client.mimi_uri())?, domain_of(room.mimi_uri())?);
        let path = post(endpoint, room);
        let body = self.narrator.send(name(client), &own, Hop::Local, what, body)?;
        if own != hub {
            self.narrator.forward(&own, &hub, Hop::Request, &path, T::NAME, &body);
        }
        Ok((Route { own, hub, path }, body))
    }

    /// The hub's answer goes back the same way. It is decoded by the client.
    fn answer<'a, T: Decode<'a>>(
        &mut self,
        route: &Route,
        client: &ClientUri,
        what: &str,
        body: &'a [u8],
    ) -> Result<T> {
        let Route { own, hub, path } = route;
        if own != hub {
            self.narrator.forward(hub, own, Hop::Response, path, T::NAME, body);
        }
        self.narrator.forward(own, name(client), Hop::Local, what, T::NAME, body);
        Ok(T::decode_exact(body)?)
    }
}

/// The name of a client in the story: the last part of its URI.
fn name(client: &ClientUri) -> String {
    client.mimi_uri().and_then(|uri| uri.id()).unwrap_or("a client").to_owned()
}

/// `POST /{endpoint}/{the URI without its scheme}`, as the draft's diagrams write it.
fn post(endpoint: &str, uri: &impl std::fmt::Display) -> String {
    let uri = uri.to_string();
    format!("POST /{endpoint}/{}", uri.strip_prefix("mimi://").unwrap_or(&uri))
}
