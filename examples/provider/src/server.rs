//! HTTPS for other providers, HTTP on loopback for own clients and for the operator.
//!
//! [`federation`] answers other providers, [`local`] the provider's own clients, [`health`] the
//! monitor that watches the process.

pub mod answer;
pub mod federation;
pub mod health;
pub mod local;

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use mimi_codec::DnsName;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    clock::Clock, config::Limits, engine::EngineHandle, metrics::Metrics, peers::Peers, tls::presented_names,
};

pub use answer::HttpResponse;

/// What all servers of a provider share.
#[derive(Clone)]
pub struct Shared {
    /// The provider's state.
    pub engine: EngineHandle,
    /// The way to other providers.
    pub peers: Arc<Peers>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Sizes, rates and times.
    pub limits: Limits,
    /// The provider's domain.
    pub domain: DnsName,
    /// Host and port in the URLs of the directory.
    pub authority: String,
    /// The hosts of asset servers: the provider's own and its peers'.
    pub asset_domains: Arc<Vec<String>>,
    /// The secret by which a client registers.
    pub registration_token: Option<String>,
    /// Counts what has come in for clients.
    pub inbox: watch::Receiver<u64>,
    /// The gateway of Oblivious HTTP.
    pub gateway: Arc<crate::oblivious::Gateway>,
    /// Each peer's rates and places.
    pub guests: Arc<federation::Guests>,
}

/// How long open requests may take when the program stops.
const GRACE: Duration = Duration::from_secs(10);

fn http_server(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let header = Duration::from_millis(limits.handshake_ms);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(16 << 10)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(header);
    builder
}

/// Serves other providers until `stop`.
pub async fn serve_federation(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    shared: Shared,
    mut stop: watch::Receiver<bool>,
) {
    let limits = shared.limits;
    let handshakes = Arc::new(Semaphore::new(limits.max_handshakes));
    let connections = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = Arc::new(std::sync::Mutex::new(Some(GracefulShutdown::new())));
    loop {
        // Without a free place, new connections wait in the system's queue.
        let accept = async {
            let handshake = handshakes.clone().acquire_owned().await.ok()?;
            let connection = connections.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, handshake, connection))
        };
        let accepted = tokio::select! {
            accepted = accept => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some((accepted, handshake, connection)) = accepted else { break };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors: others have to close first.
            shared.metrics.refused("accept");
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, shared, graceful) = (acceptor.clone(), shared.clone(), graceful.clone());
        tokio::spawn(async move {
            let within = Duration::from_millis(limits.handshake_ms);
            let stream = match timeout(within, secure(acceptor, stream)).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    shared.metrics.refused("handshake");
                    tracing::debug!(%error, "handshake failed");
                    return;
                }
                Err(_) => {
                    shared.metrics.refused("slow handshake");
                    return;
                }
            };
            drop(handshake);
            let names = Arc::new(presented_names(stream.get_ref().1.peer_certificates()));
            let Some(place) = shared.guests.connect(&names, limits.max_connections_per_peer) else {
                shared.metrics.refused("too many connections");
                return;
            };
            shared.metrics.connection(1);
            let metrics = shared.metrics.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let (shared, names) = (shared.clone(), names.clone());
                async move { Ok::<_, std::convert::Infallible>(federation::answer(shared, &names, request).await) }
            });
            let server = http_server(&limits);
            let served = server.serve_connection(TokioIo::new(stream), service);
            let watched = {
                let graceful = graceful.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                graceful.as_ref().map(|graceful| graceful.watch(served.into_owned()))
            };
            if let Some(watched) = watched {
                let _ = watched.await;
            }
            metrics.connection(-1);
            drop((place, connection));
        });
    }
    drop(listener);
    let open = graceful.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    if let Some(open) = open {
        let _ = timeout(GRACE, open.shutdown()).await;
    }
}

async fn secure(
    acceptor: TlsAcceptor,
    stream: TcpStream,
) -> std::io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
    stream.set_nodelay(true)?;
    acceptor.accept(stream).await
}

/// Serves HTTP on loopback until `stop`.
pub async fn serve_plain<F, A>(
    listener: TcpListener,
    limits: Limits,
    answer: F,
    mut stop: watch::Receiver<bool>,
) where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = HttpResponse> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(limits.max_connections));
    loop {
        let accept = async {
            let connection = connections.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, connection))
        };
        let accepted = tokio::select! {
            accepted = accept => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some((Ok((stream, _)), connection)) = accepted else { continue };
        let answer = answer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer(request);
            async move { Ok::<_, std::convert::Infallible>(answer.await) }
        });
        let server = http_server(&limits);
        let served = graceful.watch(server.serve_connection(TokioIo::new(stream), service).into_owned());
        tokio::spawn(async move {
            let _ = served.await;
            drop(connection);
        });
    }
    drop(listener);
    let _ = timeout(GRACE, graceful.shutdown()).await;
}

/// Counts by name.
pub(crate) type Counts = BTreeMap<String, usize>;
