//! A provider from its start to its end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Result,
    clock::Clock,
    config::Config,
    deliver::{Delivery, deliver},
    engine::{Engine, EngineHandle, Wakes},
    metrics::Metrics,
    oblivious::Gateway,
    peers::Peers,
    server::{Shared, federation, health, local, serve_federation, serve_plain},
    store::Store,
    tls::TlsConfigs,
};

/// A provider that runs.
pub struct Running {
    /// Where it listens for other providers.
    pub federation: SocketAddr,
    /// Where it listens for its clients.
    pub clients: SocketAddr,
    /// Where it answers its operator.
    pub health: SocketAddr,
    /// What its servers share.
    pub shared: Shared,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    engine: std::thread::JoinHandle<()>,
}

/// Where a provider listens, before it serves.
pub struct Bound {
    federation: TcpListener,
    clients: TcpListener,
    health: TcpListener,
}

impl Bound {
    /// Takes the addresses of a configuration.
    ///
    /// # Errors
    /// If one of them is taken.
    pub async fn new(config: &Config) -> Result<Self> {
        let bind = async |address: SocketAddr| {
            TcpListener::bind(address).await.map_err(|why| format!("{address}: {why}"))
        };
        Ok(Self {
            federation: bind(config.listen.federation).await?,
            clients: bind(config.listen.clients).await?,
            health: bind(config.listen.health).await?,
        })
    }

    /// Where other providers connect to.
    ///
    /// # Errors
    /// If the system does not know.
    pub fn federation(&self) -> Result<SocketAddr> {
        Ok(self.federation.local_addr()?)
    }
}

impl Running {
    /// Starts a provider.
    ///
    /// # Errors
    /// If its files, addresses or database cannot be used.
    pub async fn start(config: &Config, store: Box<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::start_on(Bound::new(config).await?, config, store, clock)
    }

    /// Starts a provider on addresses that it has.
    ///
    /// # Errors
    /// If its files or database cannot be used.
    pub fn start_on(
        bound: Bound,
        config: &Config,
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let tls = TlsConfigs::read(&config.tls)?;
        let peers = Arc::new(Peers::new(config, tls.client)?);
        let engine = Engine::new(config, store, clock.clone())?;
        let is_shared = engine.is_shared();
        let gateway = Arc::new(Gateway::new(&engine.gateway_seed())?);
        let metrics = Arc::new(Metrics::default());
        let (outbox, outbox_wakes) = mpsc::unbounded_channel();
        let (inbox, inbox_wakes) = watch::channel(0);
        let wakes = Wakes { outbox, inbox: Arc::new(inbox) };
        let (handle, thread) = EngineHandle::start(engine, wakes, metrics.clone())?;
        let own = parse_host(config.authority());
        let asset_domains = config.peers.iter().flat_map(|peer| peer.asset_domains.iter().cloned());
        let shared = Shared {
            engine: handle.clone(),
            peers: peers.clone(),
            metrics: metrics.clone(),
            clock: clock.clone(),
            limits: config.limits,
            domain: config.domain_name()?,
            authority: config.authority().to_owned(),
            asset_domains: Arc::new(asset_domains.chain([own]).collect()),
            registration_token: config.registration_token.clone(),
            inbox: inbox_wakes,
            gateway,
            guests: Arc::new(federation::Guests::default()),
        };
        let (stop, stopped) = watch::channel(false);
        let addresses =
            (bound.federation.local_addr()?, bound.clients.local_addr()?, bound.health.local_addr()?);
        let mut tasks = JoinSet::new();
        let acceptor = TlsAcceptor::from(tls.server);
        tasks.spawn(serve_federation(bound.federation, acceptor, shared.clone(), stopped.clone()));
        let for_clients = shared.clone();
        tasks.spawn(serve_plain(
            bound.clients,
            config.limits,
            move |request| local::answer(for_clients.clone(), request),
            stopped.clone(),
        ));
        let for_health = shared.clone();
        tasks.spawn(serve_plain(
            bound.health,
            config.limits,
            move |request| health::answer(for_health.clone(), request),
            stopped.clone(),
        ));
        if is_shared {
            tasks.spawn(look_around(handle.clone(), stopped.clone()));
        }
        let delivery =
            Delivery { engine: handle, peers, metrics, clock, delivery_ms: config.limits.delivery_ms() };
        tasks.spawn(deliver(delivery, outbox_wakes, stopped));
        let (federation, clients, health) = addresses;
        tracing::info!(domain = %config.domain, %federation, %clients, %health, "the provider runs");
        Ok(Self { federation, clients, health, shared, stop, tasks, engine: thread })
    }

    /// Stops: no new connections, open requests are answered, and the database is closed.
    pub async fn stop(self) {
        let Self { shared, stop, mut tasks, engine, .. } = self;
        let _ = stop.send(true);
        let all = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(15), all).await;
        tasks.shutdown().await;
        drop(shared);
        // The thread ends with its last handle; a connection that did not end keeps one.
        let _ = tokio::time::timeout(
            Duration::from_secs(5),
            tokio::task::spawn_blocking(move || {
                let _ = engine.join();
            }),
        )
        .await;
    }
}

/// How often a process looks what others have written to its database.
const LOOK: Duration = Duration::from_millis(250);

async fn look_around(engine: EngineHandle, mut stop: watch::Receiver<bool>) {
    loop {
        // If the database fails, the next look finds it.
        let _ = engine.call(|engine| engine.look_around()).await;
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

fn parse_host(authority: &str) -> String {
    authority.split_once(':').map_or(authority, |(host, _)| host).to_owned()
}
