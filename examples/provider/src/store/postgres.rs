//! The tables in PostgreSQL, for several processes.
//!
//! A transaction locks the one row of the table `turn`, so that those of all processes come one
//! after the other, and reads how many there were: that tells whether another process has written.
//! Writes are collected in memory and sent with the commit, a table at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error as _,
};

use postgres::{Client, Config, NoTls, Statement};

use super::{Row, Since, Store, StoreError, Table, sqlite::end_of};

/// The version of the schema.
const VERSION: i64 = 1;

/// What each session sets. A commit is on disk when it returns, whatever the server's default is; a
/// process that has stopped within a transaction loses its turn.
const SESSION: &str = "SET synchronous_commit = on; SET lock_timeout = '20s'; SET statement_timeout = '60s'; \
     SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning;";

/// A database on a server. Connections that break are made anew.
///
/// It waits for the server on the calling thread, which must not be one of an asynchronous runtime.
pub struct PostgresStore {
    config: Config,
    session: Option<Session>,
    /// The count of turns after this process's last.
    expected: Option<i64>,
    is_open: bool,
    turn: i64,
    /// What the transaction writes: `None` deletes.
    writes: BTreeMap<Table, BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
    /// Whether something was sent before the commit.
    was_flushed: bool,
}

struct Session {
    client: Client,
    /// The statements of each table that was used.
    statements: BTreeMap<Table, Statements>,
    held: BTreeSet<Vec<u8>>,
}

struct Statements {
    get: Statement,
    put: Statement,
    delete: Statement,
    scan: Statement,
}

/// The server's own words, without the values in its details.
fn failed(error: &postgres::Error) -> StoreError {
    let cause = error.as_db_error().map(|it| it.message().to_owned());
    let cause = cause.or_else(|| error.source().map(ToString::to_string));
    StoreError::Postgres(cause.unwrap_or_else(|| error.to_string()))
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        failed(&error)
    }
}

impl Session {
    fn open(config: &Config) -> Result<Self, StoreError> {
        let mut client = config.connect(NoTls)?;
        client.batch_execute(SESSION)?;
        Ok(Self { client, statements: BTreeMap::new(), held: BTreeSet::new() })
    }

    /// Makes the tables, unless another process has.
    fn make_tables(&mut self) -> Result<(), StoreError> {
        let mut transaction = self.client.transaction()?;
        // Processes that start at the same time make them one after the other.
        transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended('mimi tables', 0))", &[])?;
        transaction.batch_execute(
            "CREATE TABLE IF NOT EXISTS turn (version bigint NOT NULL, count bigint NOT NULL)",
        )?;
        let version: Option<i64> =
            transaction.query_opt("SELECT version FROM turn", &[])?.map(|row| row.get(0));
        match version {
            Some(VERSION) => {}
            Some(found) => return Err(StoreError::Version(found)),
            None => {
                for table in Table::ALL {
                    let name = table.name();
                    transaction.batch_execute(&format!(
                        "CREATE TABLE {name} (key bytea PRIMARY KEY, value bytea NOT NULL)"
                    ))?;
                }
                transaction.execute("INSERT INTO turn (version, count) VALUES ($1, 0)", &[&VERSION])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn prepare(&mut self, table: Table) -> Result<&Statements, StoreError> {
        if !self.statements.contains_key(&table) {
            let name = table.name();
            let client = &mut self.client;
            let statements = Statements {
                get: client.prepare(&format!("SELECT value FROM {name} WHERE key = $1"))?,
                put: client.prepare(&format!(
                    "INSERT INTO {name} (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value"
                ))?,
                delete: client.prepare(&format!("DELETE FROM {name} WHERE key = ANY($1::bytea[])"))?,
                scan: client.prepare(&format!(
                    "SELECT key, value FROM {name} WHERE key > $1 AND key >= $2 AND ($3::bytea IS NULL OR key < $3) \
                     ORDER BY key LIMIT $4"
                ))?,
            };
            self.statements.insert(table, statements);
        }
        self.statements.get(&table).ok_or_else(|| StoreError::Corrupt(table, "no such table".to_owned()))
    }
}

/// The name of a process's sessions in the server's list.
fn application(schema: &str) -> String {
    format!("mimi-provider {schema}")
}

/// A name that needs no quotes in SQL.
fn schema_name(schema: &str) -> Result<&str, StoreError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !schema.is_empty() && schema.bytes().all(is_plain) {
        Ok(schema)
    } else {
        Err(StoreError::Postgres(format!("{schema:?} is not the name of a schema")))
    }
}

impl PostgresStore {
    /// Connects to a server: `parameters` are those of libpq, such as
    /// `host=/run/postgresql user=mimi dbname=mimi`. The tables are made in the first schema of the
    /// session's search path.
    ///
    /// # Errors
    /// If the parameters are malformed, the server does not answer, or the tables are of another
    /// version.
    pub fn open(parameters: &str) -> Result<Self, StoreError> {
        let mut config: Config = parameters.parse()?;
        if config.get_application_name().is_none() {
            let schema = config.get_options().and_then(|it| it.strip_prefix("-c search_path="));
            let name = application(schema.unwrap_or_default());
            config.application_name(&name);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(std::time::Duration::from_secs(5));
        }
        let mut session = Session::open(&config)?;
        session.make_tables()?;
        Ok(Self {
            config,
            session: Some(session),
            expected: None,
            is_open: false,
            turn: 0,
            writes: BTreeMap::new(),
            was_flushed: false,
        })
    }

    /// `parameters` with `schema` as the search path.
    ///
    /// # Errors
    /// If the name has other characters than lower-case letters, digits and underscores.
    pub fn in_schema(parameters: &str, schema: &str) -> Result<String, StoreError> {
        Ok(format!("{parameters} options='-c search_path={}'", schema_name(schema)?))
    }

    /// Makes an empty schema, so that several providers can use one database. If there is one of
    /// this name, it is dropped before, with all that is in it.
    ///
    /// # Errors
    /// If the name is not one of [`in_schema`](Self::in_schema), or the server does not answer, or
    /// refuses.
    pub fn make_schema(parameters: &str, schema: &str) -> Result<(), StoreError> {
        let schema = schema_name(schema)?;
        let mut client = Client::connect(parameters, NoTls)?;
        Ok(client
            .batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"))?)
    }

    /// Drops a schema with all that is in it.
    ///
    /// # Errors
    /// As [`make_schema`](Self::make_schema).
    pub fn drop_schema(parameters: &str, schema: &str) -> Result<(), StoreError> {
        let schema = schema_name(schema)?;
        let mut client = Client::connect(parameters, NoTls)?;
        client.batch_execute("SET client_min_messages = warning")?;
        Ok(client.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"))?)
    }

    /// Ends the sessions that have opened this schema's tables: for tests of what follows from it.
    ///
    /// # Errors
    /// If the server does not answer, or refuses.
    pub fn end_sessions(parameters: &str, schema: &str) -> Result<(), StoreError> {
        let mut client = Client::connect(parameters, NoTls)?;
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = $1 AND pid <> pg_backend_pid()";
        client.execute(statement, &[&application(schema)])?;
        Ok(())
    }

    fn session(&mut self) -> Result<&mut Session, StoreError> {
        if self.session.as_ref().is_some_and(|it| it.client.is_closed()) {
            self.session = None;
        }
        if self.session.is_none() {
            if self.is_open {
                return Err(StoreError::Postgres("the connection was lost in a transaction".to_owned()));
            }
            self.session = Some(Session::open(&self.config)?);
        }
        self.session.as_mut().ok_or_else(|| StoreError::Postgres("no connection".to_owned()))
    }

    /// Sends what was written to a table.
    fn flush(&mut self, table: Table) -> Result<(), StoreError> {
        let Some(writes) = self.writes.remove(&table) else { return Ok(()) };
        self.was_flushed = true;
        let (mut keys, mut values, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in writes {
            match value {
                Some(value) => {
                    keys.push(key);
                    values.push(value);
                }
                None => deleted.push(key),
            }
        }
        let session = self.session()?;
        session.prepare(table)?;
        let Session { client, statements, .. } = session;
        let Some(statements) = statements.get(&table) else { return Ok(()) };
        if !deleted.is_empty() {
            client.execute(&statements.delete, &[&deleted])?;
        }
        if !keys.is_empty() {
            client.execute(&statements.put, &[&keys, &values])?;
        }
        Ok(())
    }

    fn write(&mut self, table: Table, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        self.writes.entry(table).or_default().insert(key.to_vec(), value.map(<[u8]>::to_vec));
        // Outside of a transaction each write is one.
        if self.is_open { Ok(()) } else { self.flush(table) }
    }
}

impl Store for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    fn begin(&mut self) -> Result<Since, StoreError> {
        self.rollback()?;
        let session = self.session()?;
        session.client.batch_execute("BEGIN")?;
        let count = session.client.query_one("SELECT count FROM turn FOR UPDATE", &[]);
        self.is_open = true;
        self.turn = count?.get(0);
        Ok(if self.expected == Some(self.turn) { Since::Unchanged } else { Since::OthersWrote })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let tables: Vec<Table> = self.writes.keys().copied().collect();
        let (turn, writes) = (self.turn, self.was_flushed || !tables.is_empty());
        for table in tables {
            self.flush(table)?;
        }
        let next = if writes { turn.saturating_add(1) } else { turn };
        let session = self.session()?;
        if writes {
            session.client.execute("UPDATE turn SET count = $1", &[&next])?;
        }
        session.client.batch_execute("COMMIT")?;
        (self.is_open, self.was_flushed, self.expected) = (false, false, Some(next));
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.writes.clear();
        self.was_flushed = false;
        if std::mem::take(&mut self.is_open) {
            // If the commit was done after all, the count says so.
            self.expected = None;
            if let Some(session) = &mut self.session
                && session.client.batch_execute("ROLLBACK").is_err()
            {
                // The server rolls back what its lost connection has begun.
                self.session = None;
            }
        }
        Ok(())
    }

    fn holds(&mut self, task: &[u8]) -> Result<bool, StoreError> {
        let session = self.session()?;
        if session.held.contains(task) {
            return Ok(true);
        }
        let statement = "SELECT pg_try_advisory_lock(hashtextextended(\
             current_schema()::text || encode($1::bytea, 'hex'), 1))";
        let is_held: bool = session.client.query_one(statement, &[&task])?.get(0);
        if is_held {
            session.held.insert(task.to_vec());
        }
        Ok(is_held)
    }

    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(written) = self.writes.get(&table).and_then(|writes| writes.get(key)) {
            return Ok(written.clone());
        }
        let session = self.session()?;
        let get = session.prepare(table)?.get.clone();
        Ok(session.client.query_opt(&get, &[&key])?.map(|row| row.get(0)))
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.write(table, key, Some(value))
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.write(table, key, None)
    }

    fn scan(
        &mut self,
        table: Table,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.flush(table)?;
        let (end, limit) = (end_of(prefix), i64::try_from(limit).unwrap_or(i64::MAX));
        let session = self.session()?;
        let scan = session.prepare(table)?.scan.clone();
        let rows = session.client.query(&scan, &[&after, &prefix, &end, &limit])?;
        Ok(rows.into_iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}
