//! The database: opening it, asking it, taking steps.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use mimi_content::MessageId;
use mimi_content::timeline::{
    Arrival, Effect, Incoming, NotAuthorizedError, TimelinePlace, effect, sender_only,
};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::StoreError;
use crate::clock::thread_time;

/// The version of the schema.
pub(crate) const VERSION: i64 = 1;

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// The conversation of one room, in one SQLite file.
///
/// What the client keeps of a message is its encoded content.
pub struct Store {
    db: Connection,
    pub(crate) local_user: String,
    database_time: Cell<Duration>,
    clock_time: Cell<Duration>,
    calls: Cell<u32>,
}

impl Store {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    ///
    /// If the file is not a store of this version and user.
    pub fn open(path: &Path, local_user_uri: &str) -> Result<Self> {
        let db = Connection::open(path)?;
        // A commit is durable after a crash of the program. A server's would choose FULL.
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        Self::on(db, local_user_uri)
    }

    /// A store that is gone with the value.
    ///
    /// # Errors
    ///
    /// If SQLite fails.
    pub fn in_memory(local_user_uri: &str) -> Result<Self> {
        Self::on(Connection::open_in_memory()?, local_user_uri)
    }

    fn on(db: Connection, local_user_uri: &str) -> Result<Self> {
        db.set_prepared_statement_cache_capacity(64);
        // Plans don't depend on what is bound, so that a statement is planned once.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // Pages of the file that are kept in memory, in KiB: what bounds it.
        db.pragma_update(None, "cache_size", -16_384)?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            VERSION => {}
            0 => {
                db.execute_batch(&format!(
                    "BEGIN; {} PRAGMA user_version = {VERSION}; COMMIT;",
                    include_str!("schema.sql")
                ))?;
            }
            found => return Err(StoreError::OtherVersion(found)),
        }
        let store = Self {
            db,
            local_user: local_user_uri.to_owned(),
            database_time: Cell::default(),
            clock_time: Cell::default(),
            calls: Cell::default(),
        };
        match store.setting("local_user")? {
            Some(user) if user == local_user_uri.as_bytes() => {}
            Some(user) => return Err(StoreError::OtherUser(String::from_utf8_lossy(&user).into_owned())),
            None => store.set("local_user", local_user_uri.as_bytes())?,
        }
        Ok(store)
    }

    /// The processor time that SQLite has taken so far, reading and writing.
    #[must_use]
    pub fn database_time(&self) -> Duration {
        self.database_time.get().saturating_sub(self.clock_time.get())
    }

    /// The processor time that the looks at the clock around SQLite's calls have taken so far,
    /// which is part of no other time.
    #[must_use]
    pub fn clock_time(&self) -> Duration {
        // Three looks for each call, one of which is measured.
        self.clock_time.get().saturating_mul(3)
    }

    /// How often SQLite was called.
    #[must_use]
    pub fn database_calls(&self) -> u32 {
        self.calls.get()
    }

    pub(crate) fn timed<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        // A look that follows another takes what one takes here, with cold caches.
        let first = thread_time();
        let start = thread_time();
        self.clock_time.set(self.clock_time.get().saturating_add(start.saturating_sub(first)));
        let answer = ask(&self.db);
        self.database_time.set(self.database_time.get().saturating_add(thread_time().saturating_sub(start)));
        self.calls.set(self.calls.get().saturating_add(1));
        Ok(answer?)
    }

    /// At most one row.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.timed(|db| db.prepare_cached(sql)?.query_row(parameters, read).optional())
    }

    /// All rows.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.timed(|db| db.prepare_cached(sql)?.query_map(parameters, read)?.collect())
    }

    pub(crate) fn run(&self, sql: &str, parameters: impl Params) -> Result<()> {
        self.timed(|db| db.prepare_cached(sql)?.execute(parameters))?;
        Ok(())
    }

    pub(crate) fn setting(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.one("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))
    }

    pub(crate) fn set(&self, name: &str, value: &[u8]) -> Result<()> {
        self.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", (name, value))
    }

    /// Takes many steps in one transaction: all or none.
    ///
    /// # Errors
    ///
    /// What `steps` fails with, and what SQLite fails with; then nothing is written.
    pub fn batch<T>(&mut self, steps: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if !self.db.is_autocommit() {
            return steps(self);
        }
        self.run("BEGIN IMMEDIATE", ())?;
        let result = steps(self).and_then(|value| self.run("COMMIT", ()).map(|()| value));
        if result.is_err() && !self.db.is_autocommit() {
            self.run("ROLLBACK", ())?;
        }
        result
    }

    /// Takes one step. `encoded` is the content of the message that is received.
    ///
    /// Senders may change what is theirs ([`sender_only`]).
    ///
    /// # Errors
    ///
    /// If the database fails; then nothing is written.
    pub fn step(
        &mut self,
        incoming: Incoming<'_>,
        encoded: Option<Vec<u8>>,
    ) -> Result<Effect<NotAuthorizedError>> {
        let place = match &incoming {
            Incoming::Message(received) | Incoming::Local(received) => Some(received.place()),
            _ => None,
        };
        self.batch(|store| {
            let effect = effect(incoming, encoded.as_ref(), &*store, &sender_only)?;
            let new = place.zip(encoded.as_deref());
            for row in &effect.rows {
                store.write(row, new.map(|(_, encoded)| encoded))?;
            }
            if let Some((place, encoded)) = new.filter(|_| effect.taken == Arrival::New) {
                store.run(
                    "INSERT OR REPLACE INTO contents (id, place, encoded) VALUES (?1, ?2, ?3)",
                    (place.message_id.as_bytes(), place_bytes(place), encoded),
                )?;
            }
            Ok(effect)
        })
    }
}

/// A place as bytes in the order of places.
pub(crate) fn place_bytes(place: TimelinePlace) -> [u8; 40] {
    let mut bytes = [0; 40];
    let all = place.accepted_ms.to_be_bytes().into_iter().chain(*place.message_id.as_bytes());
    bytes.iter_mut().zip(all).for_each(|(to, byte)| *to = byte);
    bytes
}

pub(crate) fn place(bytes: &[u8]) -> Result<TimelinePlace> {
    let read = || {
        let (ms, id) = bytes.split_first_chunk::<8>()?;
        Some(TimelinePlace {
            accepted_ms: u64::from_be_bytes(*ms),
            message_id: MessageId::try_from(id).ok()?,
        })
    };
    read().ok_or(StoreError::Column("place"))
}

pub(crate) fn message_id(bytes: &[u8]) -> Result<MessageId> {
    MessageId::try_from(bytes).map_err(|_| StoreError::Column("id"))
}
