//! Providers of a test, in this process.

#![allow(dead_code, unreachable_pub)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mimi_codec::{UserUri, extensions::AppDataDictionary, protocol::ConsentEntry};
use mimi_provider::{
    client::Client,
    clock::{Clock, SystemClock},
    config::Config,
    run::{Bound, Running},
    store::{Fault, FaultStore, PostgresStore, Store},
    testbed::{Ca, REGISTRATION_TOKEN, Site, free_address},
};
use tempfile::TempDir;

/// A clock that jumps.
#[derive(Default)]
pub struct TestClock {
    /// What is added to the machine's time, in milliseconds; it wraps for a clock that goes back.
    pub shift: AtomicU64,
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms().wrapping_add(self.shift.load(Ordering::SeqCst))
    }
}

/// A provider of a test.
pub struct Host {
    pub site: Site,
    pub config: PathBuf,
    pub running: Option<Running>,
    pub fault: Fault,
    pub clock: Arc<TestClock>,
}

impl Host {
    pub fn read(&self) -> Config {
        Config::read(&self.config).unwrap()
    }

    /// Starts it on its database.
    pub async fn start(&mut self) {
        let config = self.read();
        // What is left of a provider that broke must not write.
        self.fault = Fault::default();
        let store = FaultStore::new(open(&config).await, self.fault.clone());
        // The address may still be in use by the provider before.
        let bound = loop {
            match Bound::new(&config).await {
                Ok(bound) => break bound,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        };
        let clock: Arc<dyn Clock> = self.clock.clone();
        self.running = Some(Running::start_on(bound, &config, Box::new(store), clock).unwrap());
    }

    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }
}

/// Opens the database of a configuration.
pub async fn open(config: &Config) -> Box<dyn Store> {
    let config = config.clone();
    tokio::task::spawn_blocking(move || config.open_store().unwrap()).await.unwrap()
}

/// Where the providers of a test store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Database {
    /// Each in a file.
    Sqlite,
    /// Each in a schema of the server that `MIMI_POSTGRES` names.
    Postgres,
}

/// The line of a configuration for a new schema.
fn schema() -> String {
    let server = std::env::var("MIMI_POSTGRES").expect("run this with .ci/postgres");
    let mut random = [0; 8];
    getrandom::fill(&mut random).unwrap();
    let name = format!("test_{}", hex::encode(random));
    let parameters = PostgresStore::in_schema(&server, &name).unwrap();
    std::thread::spawn(move || PostgresStore::make_schema(&server, &name).unwrap()).join().unwrap();
    format!("postgres = \"{parameters}\"")
}

/// Three providers and their authority.
pub struct Bed {
    pub folder: TempDir,
    pub ca: Ca,
    pub hosts: Vec<Host>,
}

/// An address of loopback that no other test uses and no connection goes out from, so that a
/// provider which restarts finds its port free. Systems other than Linux have only one.
fn loopback() -> Ipv4Addr {
    let mut random = [0; 2];
    getrandom::fill(&mut random).unwrap();
    if cfg!(target_os = "linux") { Ipv4Addr::new(127, 77, random[0], random[1]) } else { Ipv4Addr::LOCALHOST }
}

pub const DOMAINS: [&str; 3] = ["a.example", "b.example", "c.example"];

impl Bed {
    /// Providers that do not run yet. `more` is TOML for each configuration.
    pub fn prepare(more: &str) -> Self {
        Self::prepare_on(Database::Sqlite, more)
    }

    pub fn prepare_on(database: Database, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::new().unwrap();
        let sites: Vec<Site> = DOMAINS
            .iter()
            .map(|domain| {
                let address = free_address(loopback()).unwrap();
                let mut site = Site::create(&ca, folder.path(), domain, address).unwrap();
                if database == Database::Postgres {
                    site.database = schema();
                }
                site
            })
            .collect();
        let hosts = sites.iter().map(|site| Host {
            site: site.clone(),
            config: site.configure(&sites, more).unwrap(),
            running: None,
            fault: Fault::default(),
            clock: Arc::default(),
        });
        let hosts = hosts.collect();
        Self { folder, ca, hosts }
    }

    /// Providers that run.
    pub async fn start(more: &str) -> Self {
        Self::start_on(Database::Sqlite, more).await
    }

    pub async fn start_on(database: Database, more: &str) -> Self {
        let mut bed = Self::prepare_on(database, more);
        for host in &mut bed.hosts {
            host.start().await;
        }
        bed
    }

    pub async fn stop(&mut self) {
        for host in &mut self.hosts {
            host.stop().await;
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new client of a user at the provider `place`, with KeyPackages.
    pub async fn client(&self, place: usize, user: &str, file: &str) -> Client {
        let address = self.hosts[place].running().clients;
        let mut client = register(&self.path(file), address, &user_uri(place, user)).await;
        client.publish(4).await.unwrap();
        client
    }
}

pub async fn register(path: &Path, provider: SocketAddr, user: &UserUri) -> Client {
    Client::register(path, provider, REGISTRATION_TOKEN, user).await.unwrap()
}

pub fn user_uri(place: usize, name: &str) -> UserUri {
    UserUri::try_from(format!("mimi://{}/u/{name}", DOMAINS[place]).as_str()).unwrap()
}

/// `client`'s user lets `requester` add it anywhere.
pub async fn grant(client: &Client, requester: &UserUri) {
    client.say_consent(&granting(client, requester)).await.unwrap();
}

/// The entry by which `client`'s user lets `requester` add it anywhere.
pub fn granting(client: &Client, requester: &UserUri) -> ConsentEntry {
    ConsentEntry::Grant {
        requester_uri: requester.into(),
        target_uri: client.user().into(),
        room_id: None,
        client_key_packages: Vec::new(),
        consent_extensions: AppDataDictionary::default(),
    }
}

/// Waits until something is so. A test that waits in vain fails by the harness's own limit.
pub async fn until<F: AsyncFnMut() -> bool>(mut is_so: F) {
    while !is_so().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
