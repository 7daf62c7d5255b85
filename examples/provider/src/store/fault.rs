//! A database that fails where a test wants it to.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{Row, Since, Store, StoreError, Table};

/// When the database fails. Its clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    /// How many points have been passed.
    seen: Arc<AtomicU64>,
    /// At which of them the database breaks; 0 means at none.
    at: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
}

impl Fault {
    /// Breaks at the `nth` point from now, counted from 1, and stays broken, as a process does that
    /// is killed there. Each write is a point; a commit is two, before and after it.
    pub fn break_at(&self, nth: u64) {
        self.broken.store(false, Ordering::SeqCst);
        self.at.store(self.seen().saturating_add(nth), Ordering::SeqCst);
    }

    /// Works again.
    pub fn mend(&self) {
        self.at.store(0, Ordering::SeqCst);
        self.broken.store(false, Ordering::SeqCst);
    }

    /// How many points have been passed.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    /// Whether it has broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    fn step(&self) -> Result<(), StoreError> {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        if self.at.load(Ordering::SeqCst) == seen {
            self.broken.store(true, Ordering::SeqCst);
        }
        self.check()
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is_broken() { Err(StoreError::Injected) } else { Ok(()) }
    }
}

/// A database with faults.
pub struct FaultStore<S> {
    inner: S,
    fault: Fault,
}

impl<S> FaultStore<S> {
    /// The database, failing as `fault` says.
    #[must_use]
    pub const fn new(inner: S, fault: Fault) -> Self {
        Self { inner, fault }
    }
}

impl<S: Store> Store for FaultStore<S> {
    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    fn holds(&mut self, task: &[u8]) -> Result<bool, StoreError> {
        self.fault.check()?;
        self.inner.holds(task)
    }

    fn begin(&mut self) -> Result<Since, StoreError> {
        self.fault.check()?;
        self.inner.begin()
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.fault.step()?;
        self.inner.commit()?;
        // Killed after the commit: what was written is there, and its writer does not know.
        self.fault.step()
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.inner.rollback()
    }

    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.fault.check()?;
        self.inner.get(table, key)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.fault.step()?;
        self.inner.put(table, key, value)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.fault.step()?;
        self.inner.delete(table, key)
    }

    fn scan(
        &mut self,
        table: Table,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.fault.check()?;
        self.inner.scan(table, prefix, after, limit)
    }
}
