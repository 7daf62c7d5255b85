//! The provider's state and the one thread that changes it.
//!
//! A request is a function of the engine ([`EngineHandle::call`]). The thread takes the requests
//! that wait, runs them in one transaction, commits it, and only then answers them: many requests
//! share one sync of the disk. What the functions change in memory is a copy of the tables; if the
//! transaction fails, the copy is thrown away, and each request of the batch is tried once more
//! alone.
//!
//! So a process that is killed has either not taken a request, or has stored it together with its
//! answer and all deliveries that follow from it.

mod clients;
mod follow;
mod outbox;
mod remember;
mod rooms;
mod shared;
mod task;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mimi_codec::{DnsName, MatchedProvider, RoomUri, code_points::CipherSuite};
use mimi_crypto::{CipherSuiteProvider, RustCrypto};
use mimi_openmls::PublicStack;
use mimi_room::{
    follower::Follower,
    hub::{HostedRoom, Hub, HubLimits, Rate, Response},
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

pub use clients::{InboxItem, JoinCode, Profile, Registered, decode_inbox, encode_inbox};
pub use outbox::{Lane, Outgoing};
pub use rooms::KeyMaterialReply;
pub use task::{EngineHandle, Unavailable, Wakes};

use crate::{
    Result,
    clock::Clock,
    config::{Config, Limits},
    identity::{Authority, ProviderKeys, matched, suite},
    store::{Store, StoreError, Table},
};

/// A hub's view of a group.
pub type Stack = PublicStack<Arc<OpenMlsRustCrypto>>;

/// A room that the provider hosts.
pub type Hosted = HostedRoom<Stack>;

/// How many numbers are taken from the database at once.
const NUMBERS: u64 = 1000;

/// The state of a provider.
pub struct Engine {
    domain: DnsName,
    own: MatchedProvider,
    suite: RustCrypto,
    keys: ProviderKeys,
    hub: Hub<RustCrypto, Authority>,
    limits: Limits,
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    rng: ChaCha20Rng,
    copy: Copy,
    touched: Touched,
}

/// What is in memory of the tables.
#[derive(Default)]
struct Copy {
    /// `None` until it is read.
    follower: Option<Follower>,
    rooms: BTreeMap<RoomUri, Hosted>,
    next: u64,
    /// The first number that is not taken.
    taken: u64,
    /// How often other processes have written.
    others: u64,
    /// By room, or for the follower: which change of it is in memory.
    known: BTreeMap<Vec<u8>, shared::Known>,
}

/// What a batch has added, for those who wait for it.
#[derive(Default)]
struct Touched {
    outbox: BTreeSet<DnsName>,
    inbox: bool,
}

/// A generator of its own, seeded by the system.
///
/// # Errors
/// If the system has no randomness.
pub fn generator() -> Result<ChaCha20Rng> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|why| why.to_string())?;
    Ok(ChaCha20Rng::from_seed(seed))
}

impl Engine {
    /// The provider of this configuration on this database.
    ///
    /// # Errors
    /// If the configuration names no valid keys.
    pub fn new(config: &Config, store: Box<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self> {
        let (domain, suite) = (config.domain_name()?, suite()?);
        let keys = ProviderKeys::read(&config.keys)?;
        let mut providers = BTreeMap::new();
        for peer in &config.peers {
            let key = hex::decode(&peer.signature_key);
            let key = key.map_err(|_| format!("signature_key of {} is not hexadecimal", peer.domain))?;
            providers.insert(peer.domain.to_ascii_lowercase(), key.as_slice().into());
        }
        providers.insert(config.domain.to_ascii_lowercase(), keys.public_key());
        let authority = Authority::new(suite, providers);
        let signing_key = keys.signing_key()?;
        let sender = keys.external_sender(&domain);
        let limits = config.limits;
        let hub_limits = HubLimits {
            max_body: limits.max_body,
            rate: Rate { burst: limits.room_burst, interval_ms: limits.room_interval_ms },
            ..HubLimits::default()
        };
        let ring = keys.hub_keys().clone();
        let hub = Hub::new(domain.clone(), suite, signing_key, sender, ring, authority, hub_limits)?;
        Ok(Self {
            own: matched(&domain)?,
            domain,
            suite,
            keys,
            hub,
            limits,
            store,
            clock,
            rng: generator()?,
            copy: Copy::default(),
            touched: Touched::default(),
        })
    }

    /// The provider's domain.
    #[must_use]
    pub const fn domain(&self) -> &DnsName {
        &self.domain
    }

    /// The provider itself, for requests of its own clients.
    #[must_use]
    pub const fn own(&self) -> &MatchedProvider {
        &self.own
    }

    /// Whom the provider believes.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        self.hub.identity()
    }

    /// The seed of the gateway's key.
    #[must_use]
    pub fn gateway_seed(&self) -> Vec<u8> {
        self.keys.gateway_seed()
    }

    /// What creators of rooms put into the group: the hub, and the agent that franks.
    #[must_use]
    pub fn hub_of_rooms(&self) -> (mimi_codec::mls::ExternalSender, mimi_codec::protocol::FrankingAgentData) {
        (self.hub.external_sender().clone(), self.hub.franking_agent())
    }

    fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// A number that was never given before.
    fn number(&mut self) -> Result<u64, StoreError> {
        if self.copy.next >= self.copy.taken {
            let stored = self.store.get(Table::Meta, b"next")?;
            let stored = stored.as_deref().map_or(1, crate::store::number_of);
            self.copy.next = stored.max(self.copy.next);
            self.copy.taken = self.copy.next.saturating_add(NUMBERS);
            self.store.put(Table::Meta, b"next", &self.copy.taken.to_be_bytes())?;
        }
        let number = self.copy.next;
        self.copy.next = number.saturating_add(1);
        Ok(number)
    }

    /// Whether the hub may download an asset for others (mimi-protocol-06 §5.10.2): `None` if it
    /// may.
    #[must_use]
    pub fn may_download(&self, url: &str, asset_domains: &[String]) -> Option<Response> {
        self.hub.proxy_download(url, asset_domains).err()
    }

    /// Whether the database takes a write.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    pub fn check(&mut self) -> Result<(), StoreError> {
        self.store.put(Table::Meta, b"checked", &self.clock.now_ms().to_be_bytes())
    }

    /// How many rows a table has, up to a limit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count(&mut self, table: Table, limit: usize) -> Result<usize, StoreError> {
        Ok(self.store.scan(table, b"", b"", limit)?.len())
    }
}

/// Whether this is the one suite of the program.
fn is_own_suite(suite: CipherSuite, own: &RustCrypto) -> bool {
    own.parameters().cipher_suite == suite
}

/// A response as bytes: its status, and its body if it has one.
fn encode_response(response: &Response) -> Result<Vec<u8>, StoreError> {
    let mut writer = mimi_codec::Writer::new();
    mimi_codec::Encode::encode(&response.status, &mut writer)?;
    mimi_codec::Encode::encode(&u8::from(response.body.is_some()), &mut writer)?;
    writer.opaque(response.body.as_deref().unwrap_or_default())?;
    Ok(writer.into_bytes())
}

fn decode_response(bytes: &[u8]) -> mimi_codec::Result<Response> {
    let mut reader = mimi_codec::Reader::new(bytes);
    let status = reader.uint16()?;
    let body = reader.presence()?.then_some(reader.opaque()?.to_vec());
    let media_type = body.as_ref().map(|_| mimi_codec::MEDIA_TYPE);
    Ok(Response { media_type, body, ..Response::status(status) })
}
