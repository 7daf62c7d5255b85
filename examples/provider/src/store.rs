//! The database, as the engine sees it: tables of keys and values in the order of their keys, and
//! transactions.
//!
//! Everything that a provider must not lose is in these tables. What is in memory is a copy of
//! them.

mod fault;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::fmt;

pub use fault::{Fault, FaultStore};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;

macro_rules! tables {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal,)*) => {
        /// A table. Text parts of a key end with a zero byte, numbers are big-endian.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Table { $($(#[doc = $doc])* $variant,)* }

        impl Table {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in a database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

tables! {
    /// Name → value: the next sequence number.
    Meta "meta",
    /// Room → its snapshot and its ratchet tree, as of its last handshake.
    Rooms "rooms",
    /// Room → the time of its last accepted message.
    Times "times",
    /// Hash of an accepted request → its time and response: repeated, it is answered alike.
    Accepted "accepted",
    /// Time, hash → nothing: which of `accepted` and `notified` to forget next.
    Remembered "remembered",
    /// Provider, lane, number → a request that waits for delivery.
    Outbox "outbox",
    /// Client, number → room and body that wait for the client.
    Inbox "inbox",
    /// Hash of a KeyPackage → the KeyPackage, and whether it is in stock.
    KeyPackages "key_packages",
    /// Number → an entry about consent that has changed something.
    Consents "consents",
    /// Room, client → nothing: who gets the room's messages.
    Subscriptions "subscriptions",
    /// Hash of a hub and a body of `/notify` → nothing.
    Notified "notified",
    /// Client → its user.
    Clients "clients",
    /// Hash of a client's token → the client.
    Tokens "tokens",
    /// User → the profile that others may find.
    Profiles "profiles",
    /// Name → an encrypted asset.
    Assets "assets",
    /// Number → a proven report.
    Reports "reports",
    /// Room, or what stands for the follower's tables → the number of its last change. Written only
    /// where processes share a database.
    Versions "versions",
}

/// Why the database did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite fails.
    Sqlite(rusqlite::Error),
    /// PostgreSQL fails: what it says, without the values of the statement.
    Postgres(String),
    /// The database was made by another version of the program.
    Version(i64),
    /// A row does not decode: table and what is wrong.
    Corrupt(Table, String),
    /// A value is too long to be stored.
    TooLong,
    /// A test has made it fail.
    Injected,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::Postgres(why) => f.write_str(why),
            Self::Version(found) => write!(f, "database has version {found}, expected {}", sqlite::VERSION),
            Self::Corrupt(table, why) => write!(f, "table {} has an invalid row: {why}", table.name()),
            Self::TooLong => f.write_str("value is too long to be stored"),
            Self::Injected => f.write_str("injected fault"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<mimi_codec::EncodeError> for StoreError {
    fn from(_: mimi_codec::EncodeError) -> Self {
        Self::TooLong
    }
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Who has written since the last transaction of this [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// No other process: copies in memory are as the tables.
    Unchanged,
    /// Other processes may have: copies in memory must be compared with the tables.
    OthersWrote,
}

/// A database. One transaction is open at a time, over all processes that share it.
pub trait Store: Send {
    /// Whether other processes may use the database at the same time.
    fn is_shared(&self) -> bool {
        false
    }

    /// Begins a transaction, after those of other processes.
    ///
    /// # Errors
    /// [`StoreError`].
    fn begin(&mut self) -> Result<Since, StoreError>;

    /// Whether a task that one process does for all is this one's. It is until the process ends or
    /// loses its database; then another gets it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn holds(&mut self, _task: &[u8]) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Ends the transaction. When this returns, what was written outlives a crash of the machine.
    ///
    /// # Errors
    /// [`StoreError`]: nothing of the transaction was written.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Ends the transaction without a trace. Does nothing if none is open.
    ///
    /// # Errors
    /// [`StoreError`].
    fn rollback(&mut self) -> Result<(), StoreError>;

    /// The value of a key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes a value, whatever was there before.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Deletes a key, if it is there.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError>;

    /// At most `limit` rows whose keys begin with `prefix` and come after `after`, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    fn scan(
        &mut self,
        table: Table,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;
}

/// A key of text parts, each with a zero byte behind it.
#[must_use]
pub fn key(parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::new();
    for part in parts {
        key.extend_from_slice(part);
        key.push(0);
    }
    key
}

/// A key of text parts and a number.
#[must_use]
pub fn numbered(parts: &[&[u8]], number: u64) -> Vec<u8> {
    let mut key = key(parts);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The number at the end of a key; 0 if the key is too short for one.
#[must_use]
pub fn number_of(key: &[u8]) -> u64 {
    key.last_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

impl Store for Box<dyn Store> {
    fn is_shared(&self) -> bool {
        (**self).is_shared()
    }

    fn begin(&mut self) -> Result<Since, StoreError> {
        (**self).begin()
    }

    fn holds(&mut self, task: &[u8]) -> Result<bool, StoreError> {
        (**self).holds(task)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        (**self).commit()
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        (**self).rollback()
    }

    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(table, key)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        (**self).put(table, key, value)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        (**self).delete(table, key)
    }

    fn scan(
        &mut self,
        table: Table,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        (**self).scan(table, prefix, after, limit)
    }
}
