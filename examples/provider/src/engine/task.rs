//! The engine's thread: batches of requests in one transaction each.

use std::{collections::BTreeSet, fmt, sync::Arc};

use mimi_codec::DnsName;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Copy, Engine, Touched};
use crate::{metrics::Metrics, store::StoreError};

/// How many requests wait for the engine. Beyond, new ones are refused.
const QUEUE: usize = 1024;

/// How many requests share a transaction.
const BATCH: usize = 256;

/// The database fails, or there is more to do than the engine can: the request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database is not available")
    }
}

impl std::error::Error for Unavailable {}

trait Task: Send {
    fn run(&mut self, engine: &mut Engine) -> Result<(), StoreError>;
    /// The transaction is over: committed or not.
    fn end(self: Box<Self>, committed: bool);
}

struct Call<F, T> {
    function: F,
    value: Option<T>,
    answer: oneshot::Sender<Result<T, Unavailable>>,
}

impl<F, T> Task for Call<F, T>
where
    F: FnMut(&mut Engine) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, engine: &mut Engine) -> Result<(), StoreError> {
        self.value = Some((self.function)(engine)?);
        Ok(())
    }

    fn end(self: Box<Self>, committed: bool) {
        let value = self.value.filter(|_| committed).ok_or(Unavailable);
        // A caller that has gone away gets nothing; what it asked for is done all the same.
        let _ = self.answer.send(value);
    }
}

/// Who is woken after a commit.
#[derive(Clone)]
pub struct Wakes {
    /// The providers with something new to be delivered.
    pub outbox: mpsc::UnboundedSender<DnsName>,
    /// Counts the commits that brought something to a client.
    pub inbox: Arc<watch::Sender<u64>>,
}

/// The way to the engine's thread.
#[derive(Clone)]
pub struct EngineHandle {
    sender: mpsc::Sender<Box<dyn Task>>,
}

impl EngineHandle {
    /// Starts the thread. It ends when the last handle is gone.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        mut engine: Engine,
        wakes: Wakes,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (sender, mut receiver) = mpsc::channel::<Box<dyn Task>>(QUEUE);
        let run = move || {
            while let Some(first) = receiver.blocking_recv() {
                let mut batch = vec![first];
                while batch.len() < BATCH
                    && let Ok(next) = receiver.try_recv()
                {
                    batch.push(next);
                }
                metrics.batch(batch.len());
                engine.run_batch(batch, &metrics);
                engine.wake(&wakes);
            }
        };
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(run)?;
        Ok((Self { sender }, thread))
    }

    /// Runs a function in a transaction, and returns what it says after the commit. The function
    /// may run more than once; only its last run counts.
    ///
    /// # Errors
    /// [`Unavailable`]: the function has had no effect.
    pub async fn call<T: Send + 'static>(
        &self,
        function: impl FnMut(&mut Engine) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, receiver) = oneshot::channel();
        let task = Box::new(Call { function, value: None, answer });
        self.sender.try_send(task).map_err(|_| Unavailable)?;
        receiver.await.map_err(|_| Unavailable)?
    }
}

impl Engine {
    fn run_batch(&mut self, mut batch: Vec<Box<dyn Task>>, metrics: &Metrics) {
        let Err(error) = self.transaction(&mut batch) else {
            batch.into_iter().for_each(|task| task.end(true));
            return;
        };
        metrics.failed_transaction();
        if batch.len() > 1 {
            tracing::warn!(%error, requests = batch.len(), "transaction failed; each request is tried alone");
        }
        let alone = batch.len() > 1;
        for task in batch {
            let mut one = vec![task];
            let result = if alone { self.transaction(&mut one) } else { Err(StoreError::Injected) };
            let committed = result.is_ok();
            if let Err(error) = result
                && alone
            {
                metrics.failed_transaction();
                tracing::error!(%error, "a request failed at the database");
            }
            one.into_iter().for_each(|task| task.end(committed));
        }
        if !alone {
            tracing::error!(%error, "a request failed at the database");
        }
    }

    fn transaction(&mut self, batch: &mut [Box<dyn Task>]) -> Result<(), StoreError> {
        let result = self.try_transaction(batch);
        if result.is_err() {
            // Whatever was changed in memory is not in the database.
            self.copy = Copy::default();
            self.touched = Touched::default();
            if let Err(error) = self.store.rollback() {
                tracing::error!(%error, "rollback failed");
            }
        }
        result
    }

    fn try_transaction(&mut self, batch: &mut [Box<dyn Task>]) -> Result<(), StoreError> {
        self.begin()?;
        for task in batch {
            task.run(self)?;
        }
        self.forget_old()?;
        self.store.commit()
    }

    /// Runs a function in a transaction on this thread: for tests and for tools.
    ///
    /// # Errors
    /// [`StoreError`]: the function has had no effect.
    pub fn alone<T>(
        &mut self,
        function: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.begin().and_then(|()| function(self)).and_then(|value| {
            self.store.commit()?;
            Ok(value)
        });
        if result.is_err() {
            self.copy = Copy::default();
            self.touched = Touched::default();
            let _ = self.store.rollback();
        }
        result
    }

    fn wake(&mut self, wakes: &Wakes) {
        let Touched { outbox, inbox } = std::mem::take(&mut self.touched);
        for provider in outbox {
            let _ = wakes.outbox.send(provider);
        }
        if inbox {
            wakes.inbox.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// The providers for which something was added since the last call, for tests without a thread.
    pub fn take_touched(&mut self) -> BTreeSet<DnsName> {
        std::mem::take(&mut self.touched).outbox
    }
}
