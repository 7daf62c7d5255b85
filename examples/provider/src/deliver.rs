//! Delivery of what waits: in order in each lane, until the other provider has taken it.
//!
//! A provider that cannot be reached is tried again after a time that doubles up to a minute. A
//! lane whose first item is refused waits alone. Every attempt has the same bytes, by which the
//! other side knows a repeated one.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use mimi_codec::{DnsName, Endpoint};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    clock::Clock,
    engine::{EngineHandle, Lane},
    metrics::Metrics,
    peers::{PeerAnswer, PeerError, Peers},
};

/// How many lanes of a provider are delivered at the same time.
const LANES: usize = 32;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a delivery needs.
#[derive(Clone)]
pub struct Delivery {
    /// The queue.
    pub engine: EngineHandle,
    /// The way out.
    pub peers: Arc<Peers>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long an item may wait, in milliseconds.
    pub delivery_ms: u64,
}

/// What came of a lane.
struct Tried {
    lane: Vec<u8>,
    /// The rows that are done.
    done: Vec<Vec<u8>>,
    stopped: Option<Stopped>,
}

enum Stopped {
    /// The provider cannot be reached.
    Unreachable,
    /// It has not taken the item, and says when to come again, or not.
    NotTaken(Option<Duration>),
}

/// Delivers until the program stops: `wakes` names providers for which something has come in.
pub async fn deliver(
    delivery: Delivery,
    mut wakes: mpsc::UnboundedReceiver<DnsName>,
    mut stop: watch::Receiver<bool>,
) {
    let mut workers: BTreeMap<String, mpsc::Sender<()>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let waiting = delivery.engine.call(|engine| engine.waiting_providers()).await.unwrap_or_default();
    let mut first = waiting.into_iter();
    loop {
        let provider = match first.next() {
            Some(provider) => provider,
            None => tokio::select! {
                provider = wakes.recv() => match provider {
                    Some(provider) => provider,
                    None => break,
                },
                _ = stop.wait_for(|stop| *stop) => break,
            },
        };
        let name = provider.as_str().to_ascii_lowercase();
        let worker = workers.entry(name).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(1);
            tasks.spawn(work(delivery.clone(), provider, receiver, stop.clone()));
            sender
        });
        // A worker that has been woken and has not looked yet will see this, too.
        let _ = worker.try_send(());
    }
    drop(workers);
    while tasks.join_next().await.is_some() {}
}

async fn work(
    delivery: Delivery,
    provider: DnsName,
    mut wakes: mpsc::Receiver<()>,
    mut stop: watch::Receiver<bool>,
) {
    let mut failures = 0_u32;
    // The lanes that wait alone, until when, and how often they have failed.
    let mut paused: BTreeMap<Vec<u8>, (Instant, u32)> = BTreeMap::new();
    loop {
        let now = Instant::now();
        let skip: Vec<Vec<u8>> =
            paused.iter().filter(|(_, (until, _))| *until > now).map(|(lane, _)| lane.clone()).collect();
        let name = provider.clone();
        let lanes = delivery.engine.call(move |engine| engine.lanes(&name, LANES, &skip)).await;
        let lanes = lanes.unwrap_or_default();
        let idle = lanes.is_empty();
        let mut tries = JoinSet::new();
        for lane in lanes {
            tries.spawn(send(delivery.clone(), provider.clone(), lane));
        }
        let (mut done, mut unreachable) = (Vec::new(), false);
        while let Some(tried) = tries.join_next().await {
            let Ok(tried) = tried else { continue };
            done.extend(tried.done);
            match tried.stopped {
                None => {
                    paused.remove(&tried.lane);
                }
                Some(Stopped::Unreachable) => unreachable = true,
                Some(Stopped::NotTaken(wait)) => {
                    let (_, before) = paused.get(&tried.lane).copied().unwrap_or((now, 0));
                    let wait = wait.unwrap_or_default().max(pause(before));
                    let until = Instant::now().checked_add(wait).unwrap_or(now);
                    paused.insert(tried.lane, (until, before.saturating_add(1)));
                }
            }
        }
        if !done.is_empty() {
            // If this fails, the items are sent once more, and the other side knows them.
            let _ = delivery.engine.call(move |engine| engine.delivered(&done)).await;
        }
        failures = if unreachable { failures.saturating_add(1) } else { 0 };
        let wait = if unreachable {
            Some(pause(failures.saturating_sub(1)))
        } else if idle {
            paused.values().map(|(until, _)| until.saturating_duration_since(Instant::now())).min()
        } else {
            Some(Duration::ZERO)
        };
        let wake = async {
            match wait {
                // While it is unreachable, new items change nothing.
                Some(wait) if unreachable => tokio::time::sleep(wait).await,
                Some(wait) if wait.is_zero() => {}
                Some(wait) => {
                    let _ = timeout(wait, wakes.recv()).await;
                }
                None => {
                    if wakes.recv().await.is_none() {
                        std::future::pending::<()>().await;
                    }
                }
            }
        };
        tokio::select! {
            () = wake => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if *stop.borrow() {
            return;
        }
    }
}

/// Doubles up to a minute, with a random half so that providers do not come all at once.
fn pause(failures: u32) -> Duration {
    let full = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(LONGEST_PAUSE);
    let mut random = [0; 1];
    // Without randomness it waits for the whole time.
    let part = getrandom::fill(&mut random).map_or(u32::from(u8::MAX), |()| u32::from(random[0]));
    let half = full.checked_div(2).unwrap_or_default();
    half.saturating_add(half.saturating_mul(part).checked_div(u32::from(u8::MAX)).unwrap_or_default())
}

async fn send(delivery: Delivery, provider: DnsName, lane: Lane) -> Tried {
    let mut tried = Tried { lane: lane.name, done: Vec::new(), stopped: None };
    for item in lane.items {
        let answer = delivery.peers.post(&provider, item.endpoint, &item.variable, item.body).await;
        let expected = item.endpoint.success_head().status;
        let stopped = match &answer {
            Ok(PeerAnswer { status, .. }) if *status == expected => {
                delivery.metrics.delivery("taken");
                tried.done.push(item.row);
                continue;
            }
            Ok(answer) => {
                delivery.metrics.delivery("refused");
                Stopped::NotTaken(answer.retry_after_s.map(Duration::from_secs))
            }
            Err(PeerError::Directory | PeerError::TooLong) => {
                delivery.metrics.delivery("refused");
                Stopped::NotTaken(None)
            }
            Err(_) => {
                delivery.metrics.delivery("unreachable");
                Stopped::Unreachable
            }
        };
        let waited = delivery.clock.now_ms().saturating_sub(item.since_ms);
        let outcome = match &answer {
            Ok(answer) => format!("HTTP {}", answer.status),
            Err(error) => error.to_string(),
        };
        if waited > delivery.delivery_ms {
            delivery.metrics.delivery("given up");
            tracing::warn!(peer = provider.as_str(), waited, outcome, "a delivery is given up");
            tried.done.push(item.row);
            continue;
        }
        tracing::debug!(
            peer = provider.as_str(),
            endpoint = Endpoint::name(item.endpoint),
            outcome,
            "not delivered"
        );
        tried.stopped = Some(stopped);
        break;
    }
    tried
}
