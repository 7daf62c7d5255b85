//! Load: messages per second of one provider on this machine, over HTTPS and with a sync of the
//! disk.
//!
//! One process is the provider and its peer: the peer's client is in all rooms, and its messages
//! are sealed before the time is taken. What is measured is a message from the request to its
//! answer: TLS, decoding, the decision, the frank, and the transaction that holds the fan-out. The
//! peer takes nothing, so that the fan-outs wait on disk.

use std::{
    fmt,
    net::Ipv4Addr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use mimi_codec::{Encode, Endpoint, RoomUri, UserUri, extensions::AppDataDictionary, protocol::ConsentEntry};
use mimi_crypto::CipherSuiteProvider;
use tokio::{
    sync::Semaphore,
    task::{JoinSet, spawn_blocking},
    time::sleep_until,
};

use crate::{
    Result,
    client::{Client, rules},
    clock::SystemClock,
    config::Config,
    engine::generator,
    identity::suite,
    peers::Peers,
    run::Running,
    testbed::{Ca, REGISTRATION_TOKEN, Site, free_address},
    tls::TlsConfigs,
};

/// What to drive.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many rooms.
    pub rooms: usize,
    /// How many messages in all.
    pub messages: usize,
    /// How many messages a second to send; 0 means as many as the provider takes.
    pub per_second: u64,
    /// How many may wait for an answer.
    pub at_once: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Figures {
    /// What was driven.
    pub load: Load,
    /// From the first request to the last answer.
    pub took: Duration,
    /// The time of each message, ascending.
    pub latencies: Vec<Duration>,
    /// How many were not accepted.
    pub failed: usize,
    /// How many transactions they took.
    pub transactions: u64,
    /// The size of the database and its log, in bytes.
    pub database: u64,
    /// The most memory that the process has had, in KiB.
    pub memory_kib: u64,
    /// Ed25519 signatures a second of one core, by the library that franks.
    pub signatures: f64,
}

impl Figures {
    fn percentile(&self, percent: usize) -> Duration {
        let place = self.latencies.len().saturating_mul(percent).checked_div(100).unwrap_or(0);
        self.latencies.get(place).or(self.latencies.last()).copied().unwrap_or_default()
    }

    /// Accepted messages a second.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn throughput(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { rooms, messages, .. } = self.load;
        writeln!(f, "{messages} messages in {rooms} rooms, {} not accepted", self.failed)?;
        writeln!(
            f,
            "throughput   {:.0} messages/s in {} transactions",
            self.throughput(),
            self.transactions
        )?;
        writeln!(f, "latency      p50 {:.1?}, p99 {:.1?}", self.percentile(50), self.percentile(99))?;
        let share = 100.0 * self.throughput() / self.signatures.max(f64::MIN_POSITIVE);
        writeln!(
            f,
            "signatures   {:.0}/s on one core; the throughput is {share:.0} % of it",
            self.signatures
        )?;
        write!(f, "memory {} MiB, database {} KiB", self.memory_kib / 1024, self.database / 1024)
    }
}

/// Ed25519 signatures a second of one core.
fn signatures() -> Result<f64> {
    const COUNT: u32 = 5000;
    let (suite, mut rng) = (suite()?, generator()?);
    let key = suite.signing_key(&suite.generate_signature_key(&mut rng)?)?;
    let start = Instant::now();
    for place in 0..COUNT {
        suite.sign(&key, &place.to_be_bytes(), &mut rng)?;
    }
    Ok(f64::from(COUNT) / start.elapsed().as_secs_f64())
}

/// The most memory that this process has had, in KiB; 0 where the system does not say.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|it| it.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

fn size(folder: &Path) -> u64 {
    let names = ["provider.db", "provider.db-wal"];
    let sizes = names.iter().filter_map(|name| std::fs::metadata(folder.join(name)).ok());
    sizes.map(|it| it.len()).fold(0, u64::saturating_add)
}

/// A room of each name, in which the peer's client is.
async fn rooms(alice: &mut Client, bob: &mut Client, count: usize) -> Result<Vec<RoomUri>> {
    let mut rooms = Vec::new();
    for place in 0..count {
        let room = alice.create(&format!("load-{place}"), &rules()).await?;
        alice.add(&room, &bob.user().clone(), rules().participant_role).await?;
        rooms.push(room);
    }
    // The peer's provider delivers the Welcomes.
    let deadline = Instant::now().checked_add(Duration::from_secs(120)).ok_or("no time")?;
    while bob.rooms().count() < count && Instant::now() < deadline {
        bob.sync(1000).await?;
    }
    Ok(rooms)
}

#[cfg(feature = "postgres")]
async fn make_schemas(server: &str, sites: &mut [Site]) -> Result<()> {
    use crate::store::PostgresStore;
    for site in sites {
        let name = format!("load_{}", site.domain.replace('.', "_"));
        site.database = format!("postgres = {:?}", PostgresStore::in_schema(server, &name)?);
        let server = server.to_owned();
        spawn_blocking(move || PostgresStore::make_schema(&server, &name)).await??;
    }
    Ok(())
}

#[cfg(not(feature = "postgres"))]
async fn make_schemas(_: &str, _: &mut [Site]) -> Result<()> {
    Err("the program was built without the feature `postgres`".into())
}

/// Drives a load through a provider in a temporary folder, on SQLite or on a PostgreSQL
/// server.
///
/// # Errors
/// If the providers do not start, or the rooms are not made.
pub async fn drive(load: Load, postgres: Option<&str>) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let ca = Ca::new()?;
    let hub = Site::create(&ca, folder.path(), "a.example", free_address(Ipv4Addr::LOCALHOST)?)?;
    let peer = Site::create(&ca, folder.path(), "b.example", free_address(Ipv4Addr::LOCALHOST)?)?;
    let mut sites = [hub.clone(), peer.clone()];
    if let Some(server) = postgres {
        make_schemas(server, &mut sites).await?;
    }
    let limits = "[limits]\nrequest_interval_ms = 0\nroom_interval_ms = 0\nkey_material_burst = 100000\n\
                  max_requests_per_peer = 1024\n";
    let mut running = Vec::new();
    let mut configs = Vec::new();
    for site in &sites {
        let config = Config::read(&site.configure(&sites, limits)?)?;
        let database = config.clone();
        let opened = spawn_blocking(move || database.open_store().map_err(|why| why.to_string()));
        let store = opened.await??;
        running.push(Running::start(&config, store, Arc::new(SystemClock)).await?);
        configs.push(config);
    }
    let [of_hub, of_peer] = running.as_slice() else { return Err("two providers".into()) };
    let user = |name: &str| UserUri::try_from(name);
    let client = async |provider, name: &str, file: &str| {
        Client::register(&folder.path().join(file), provider, REGISTRATION_TOKEN, &user(name)?).await
    };
    let mut alice = client(of_hub.clients, "mimi://a.example/u/alice", "alice").await?;
    let mut bob = client(of_peer.clients, "mimi://b.example/u/bob", "bob").await?;
    bob.publish(load.rooms).await?;
    let entry = ConsentEntry::Grant {
        requester_uri: alice.user().into(),
        target_uri: bob.user().into(),
        room_id: None,
        client_key_packages: Vec::new(),
        consent_extensions: AppDataDictionary::default(),
    };
    bob.say_consent(&entry).await?;
    let rooms = rooms(&mut alice, &mut bob, load.rooms).await?;
    let mut bodies = Vec::new();
    for (place, room) in (0..load.messages).zip(rooms.iter().cycle()) {
        let (composed, _) = bob.seal_unsaved(room, &format!("message {place} of this load"))?;
        bodies.push((room.clone(), composed.request.to_bytes()?));
    }
    let signatures = signatures()?;
    // From here on the peer is absent.
    let config = configs.pop().ok_or("no configuration")?;
    if let Some(peer) = running.pop() {
        peer.stop().await;
    }
    let peers = Arc::new(Peers::new(&config, TlsConfigs::read(&config.tls)?.client)?);
    let [of_hub] = running.as_slice() else { return Err("one provider".into()) };
    let metrics = of_hub.shared.metrics.clone();
    let (before, hub_name) = (metrics.transactions(), of_hub.shared.domain.clone());
    let places = Arc::new(Semaphore::new(load.at_once));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    let pause = 1_000_000_000_u64.checked_div(load.per_second).map(Duration::from_nanos);
    for (place, (room, body)) in (0_u32..).zip(bodies) {
        if let Some(due) = pause.and_then(|pause| start.checked_add(pause.saturating_mul(place))) {
            sleep_until(due.into()).await;
        }
        let permit = places.clone().acquire_owned().await?;
        let (peers, hub) = (peers.clone(), hub_name.clone());
        tasks.spawn(async move {
            let begun = Instant::now();
            let answer = peers.post(&hub, Endpoint::SubmitMessage, room.as_bytes(), body).await;
            let took = begun.elapsed();
            drop(permit);
            answer.ok().filter(|answer| is_accepted(&answer.body)).map(|_| took)
        });
    }
    let (mut latencies, mut failed) = (Vec::new(), 0_usize);
    while let Some(done) = tasks.join_next().await {
        match done? {
            Some(took) => latencies.push(took),
            None => failed = failed.saturating_add(1),
        }
    }
    let took = start.elapsed();
    latencies.sort_unstable();
    let transactions = metrics.transactions().saturating_sub(before);
    let figures = Figures {
        load,
        took,
        latencies,
        failed,
        transactions,
        database: size(&hub.folder),
        memory_kib: memory_kib(),
        signatures,
    };
    for provider in running {
        provider.stop().await;
    }
    Ok(figures)
}

fn is_accepted(body: &[u8]) -> bool {
    use mimi_codec::{
        Decode,
        protocol::{SubmitMessageResponse, SubmitResult},
    };
    SubmitMessageResponse::decode_exact(body)
        .is_ok_and(|it| matches!(it.status_code, SubmitResult::Accepted { .. }))
}
