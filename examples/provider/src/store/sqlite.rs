//! The tables in SQLite: a write-ahead log, and a sync at each commit.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::{Row, Since, Store, StoreError, Table};

/// The version of the schema.
pub(super) const VERSION: i64 = 2;

/// A database in one file.
pub struct SqliteStore {
    db: Connection,
    /// The statements of each table, in the order of [`Table::ALL`].
    statements: Vec<Statements>,
}

struct Statements {
    get: String,
    put: String,
    delete: String,
    scan: String,
}

impl Statements {
    fn of(table: Table) -> Self {
        let name = table.name();
        Self {
            get: format!("SELECT value FROM {name} WHERE key = ?1"),
            put: format!(
                "INSERT INTO {name} (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value"
            ),
            delete: format!("DELETE FROM {name} WHERE key = ?1"),
            scan: format!(
                "SELECT key, value FROM {name} WHERE key > ?1 AND key >= ?2 AND key < ?3 ORDER BY key LIMIT ?4"
            ),
        }
    }
}

impl SqliteStore {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// If the file is not a database of this version, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // The log is synced before a commit returns.
        db.pragma_update(None, "synchronous", "FULL")?;
        Self::on(db)
    }

    /// A database that is gone with the value.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::on(Connection::open_in_memory()?)
    }

    fn on(db: Connection) -> Result<Self, StoreError> {
        db.set_prepared_statement_cache_capacity(128);
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            VERSION => {}
            0 => {
                let tables = Table::ALL.iter().map(|table| {
                    let name = table.name();
                    format!("CREATE TABLE {name} (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;")
                });
                let tables: String = tables.collect();
                db.execute_batch(&format!("BEGIN; {tables} PRAGMA user_version = {VERSION}; COMMIT;"))?;
            }
            found => return Err(StoreError::Version(found)),
        }
        let statements = Table::ALL.iter().map(|table| Statements::of(*table)).collect();
        Ok(Self { db, statements })
    }

    /// The connection, to make a test's database full or read-only.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.db
    }

    fn sql(&self, table: Table) -> Result<&Statements, StoreError> {
        let place = Table::ALL.iter().position(|it| *it == table);
        let found = place.and_then(|place| self.statements.get(place));
        found.ok_or_else(|| StoreError::Corrupt(table, "no such table".to_owned()))
    }
}

/// The first key after all that begin with `prefix`; `None` if there is none.
pub(super) fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<Since, StoreError> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Since::Unchanged)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(self.db.execute_batch("COMMIT")?)
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        Ok(())
    }

    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.db.prepare_cached(&self.sql(table)?.get)?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.db.prepare_cached(&self.sql(table)?.put)?.execute((key, value))?;
        Ok(())
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.db.prepare_cached(&self.sql(table)?.delete)?.execute([key])?;
        Ok(())
    }

    fn scan(
        &mut self,
        table: Table,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        // No key is so long: a prefix of 0xff alone ends nowhere.
        let end = end_of(prefix).unwrap_or_else(|| vec![u8::MAX; 4096]);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.db.prepare_cached(&self.sql(table)?.scan)?;
        let rows = statement.query_map((after, prefix, end, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_order_and_only_those_of_the_prefix() {
        let mut store = SqliteStore::in_memory().unwrap();
        for key in [b"a\0".as_slice(), b"a\x001", b"a\x002", b"a\xff", b"b\0"] {
            store.put(Table::Meta, key, b"v").unwrap();
        }
        let keys = |rows: Vec<Row>| rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        let found = keys(store.scan(Table::Meta, b"a\0", b"a\0", 9).unwrap());
        assert_eq!(found, [b"a\x001", b"a\x002"]);
        assert_eq!(keys(store.scan(Table::Meta, b"a\0", b"", 1).unwrap()), [b"a\0"]);
        assert_eq!(store.scan(Table::Meta, b"", b"", 9).unwrap().len(), 5);
        assert_eq!(keys(store.scan(Table::Meta, b"a\xff", b"", 9).unwrap()), [b"a\xff"]);
        assert_eq!(store.scan(Table::Rooms, b"", b"", 9).unwrap(), []);
    }

    #[test]
    fn what_is_rolled_back_was_never_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let mut store = SqliteStore::open(&path).unwrap();
        store.begin().unwrap();
        store.put(Table::Meta, b"k", b"1").unwrap();
        store.commit().unwrap();
        store.begin().unwrap();
        store.put(Table::Meta, b"k", b"2").unwrap();
        store.delete(Table::Meta, b"k").unwrap();
        store.rollback().unwrap();
        store.rollback().unwrap();
        drop(store);
        let mut store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.get(Table::Meta, b"k").unwrap().as_deref(), Some(b"1".as_slice()));
    }

    #[test]
    fn a_database_of_another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
        assert!(matches!(SqliteStore::open(&path), Err(StoreError::Version(7))));
    }
}
