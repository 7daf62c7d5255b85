//! The client's database: its account, OpenMLS's values, its rooms, and what was said.

use std::{
    collections::{BTreeMap, HashMap},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::PoisonError,
};

use mimi_codec::RoomUri;
use openmls::prelude::OpenMlsProvider as _;
use openmls_rust_crypto::OpenMlsRustCrypto;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::Result;

const SCHEMA: &str = "
    CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE mls (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE rooms (uri BLOB PRIMARY KEY, snapshot BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE messages (
        room BLOB, id BLOB, sender TEXT NOT NULL, accepted_ms INTEGER NOT NULL, data BLOB NOT NULL, frank BLOB,
        PRIMARY KEY (room, id)
    ) WITHOUT ROWID;
    CREATE TABLE outgoing (
        digest BLOB PRIMARY KEY, room BLOB NOT NULL, request BLOB NOT NULL, data BLOB NOT NULL,
        frank_aad BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE sent (digest BLOB PRIMARY KEY) WITHOUT ROWID;
    PRAGMA user_version = 1;
";

pub(super) struct Files {
    db: Connection,
    /// OpenMLS's values as they are stored.
    stored: HashMap<Vec<u8>, Vec<u8>>,
    snapshots: BTreeMap<RoomUri, Vec<u8>>,
}

/// A message as it is kept.
#[derive(Clone, Debug)]
pub(super) struct MessageRow {
    pub(super) room: RoomUri,
    pub(super) id: Vec<u8>,
    pub(super) sender: String,
    pub(super) accepted_ms: u64,
    pub(super) data: Vec<u8>,
    pub(super) frank: Option<Vec<u8>>,
    /// Of the own message that waited for the hub's answer.
    pub(super) answers: Option<Vec<u8>>,
}

/// An own message that waits for the hub's answer.
#[derive(Clone, Debug)]
pub(super) struct Unsent {
    pub(super) digest: Vec<u8>,
    pub(super) room: RoomUri,
    pub(super) request: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) frank_aad: Vec<u8>,
}

impl MessageRow {
    pub(super) fn write(&self, tx: &Transaction<'_>) -> Result<()> {
        let accepted = i64::try_from(self.accepted_ms)?;
        tx.execute(
            "INSERT OR IGNORE INTO messages (room, id, sender, accepted_ms, data, frank) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (self.room.as_bytes(), &self.id, &self.sender, accepted, &self.data, &self.frank),
        )?;
        if let Some(digest) = &self.answers {
            tx.execute("DELETE FROM outgoing WHERE digest = ?1", [digest])?;
            tx.execute("INSERT OR IGNORE INTO sent (digest) VALUES (?1)", [digest])?;
        }
        Ok(())
    }
}

impl Unsent {
    pub(super) fn write(&self, tx: &Transaction<'_>) -> Result<()> {
        tx.execute(
            "INSERT INTO outgoing (digest, room, request, data, frank_aad) VALUES (?1, ?2, ?3, ?4, ?5)",
            (&self.digest, self.room.as_bytes(), &self.request, &self.data, &self.frank_aad),
        )?;
        Ok(())
    }
}

pub(super) fn set(tx: &Transaction<'_>, name: &str, value: &[u8]) -> Result<()> {
    tx.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", (name, value))?;
    Ok(())
}

impl Files {
    /// A new file that only its owner may read.
    pub(super) fn create(path: &Path) -> Result<Self> {
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))?;
        Self::on(db)
    }

    pub(super) fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(format!("{}: there is no such file", path.display()).into());
        }
        Self::on(Connection::open(path)?)
    }

    fn on(db: Connection) -> Result<Self> {
        db.pragma_update(None, "synchronous", "FULL")?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != 1 {
            return Err("not a client's database of this version".into());
        }
        Ok(Self { db, stored: HashMap::new(), snapshots: BTreeMap::new() })
    }

    pub(super) fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT value FROM settings WHERE name = ?1";
        Ok(self.db.query_row(sql, [name], |row| row.get(0)).optional()?)
    }

    pub(super) fn set(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let tx = self.db.transaction()?;
        set(&tx, name, value)?;
        Ok(tx.commit()?)
    }

    pub(super) fn load_mls(&self, mls: &OpenMlsRustCrypto) -> Result<()> {
        let mut statement = self.db.prepare("SELECT key, value FROM mls")?;
        let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut values = mls.storage().values.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let (key, value) = row?;
            values.insert(key, value);
        }
        Ok(())
    }

    pub(super) fn rooms(&mut self) -> Result<Vec<(RoomUri, Vec<u8>)>> {
        let mut statement = self.db.prepare("SELECT uri, snapshot FROM rooms")?;
        let rows = statement.query_map((), |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
        let mut rooms = Vec::new();
        for row in rows {
            let (uri, snapshot) = row?;
            rooms.push((RoomUri::try_from(uri.as_slice())?, snapshot));
        }
        Ok(rooms)
    }

    /// Writes what has changed of OpenMLS's values and of the rooms, and what `more` writes: all or
    /// nothing.
    pub(super) fn save(
        &mut self,
        mls: &OpenMlsRustCrypto,
        snapshots: &BTreeMap<RoomUri, Vec<u8>>,
        more: impl FnOnce(&Transaction<'_>) -> Result<()>,
    ) -> Result<()> {
        let values = mls.storage().values.read().unwrap_or_else(PoisonError::into_inner).clone();
        let tx = self.db.transaction()?;
        {
            let mut put = tx.prepare_cached("INSERT OR REPLACE INTO mls (key, value) VALUES (?1, ?2)")?;
            for (key, value) in values.iter().filter(|(key, value)| self.stored.get(*key) != Some(*value)) {
                put.execute((key, value))?;
            }
            // What was loaded is known to be stored only after the first save.
            if self.stored.is_empty() {
                let mut all = tx.prepare("SELECT key FROM mls")?;
                let gone = all.query_map((), |row| row.get::<_, Vec<u8>>(0))?;
                let gone = gone.collect::<Result<Vec<_>, _>>()?;
                for key in gone.iter().filter(|key| !values.contains_key(*key)) {
                    tx.execute("DELETE FROM mls WHERE key = ?1", [key])?;
                }
            } else {
                for key in self.stored.keys().filter(|key| !values.contains_key(*key)) {
                    tx.execute("DELETE FROM mls WHERE key = ?1", [key])?;
                }
            }
            for (uri, snapshot) in snapshots {
                if self.snapshots.get(uri) != Some(snapshot) {
                    let sql = "INSERT OR REPLACE INTO rooms (uri, snapshot) VALUES (?1, ?2)";
                    tx.execute(sql, (uri.as_bytes(), snapshot))?;
                }
            }
            for uri in self.snapshots.keys().filter(|uri| !snapshots.contains_key(*uri)) {
                tx.execute("DELETE FROM rooms WHERE uri = ?1", [uri.as_bytes()])?;
            }
        }
        more(&tx)?;
        tx.commit()?;
        self.stored = values;
        self.snapshots = snapshots.clone();
        Ok(())
    }

    /// The messages of a room, in the hub's order.
    pub(super) fn messages(&self, room: &RoomUri) -> Result<Vec<MessageRow>> {
        let sql = "SELECT id, sender, accepted_ms, data, frank FROM messages WHERE room = ?1 ORDER BY accepted_ms, id";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map([room.as_bytes()], |row| {
            Ok(MessageRow {
                room: room.clone(),
                id: row.get(0)?,
                sender: row.get(1)?,
                accepted_ms: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                data: row.get(3)?,
                frank: row.get(4)?,
                answers: None,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The own messages that wait for the hub's answer.
    pub(super) fn unsent(&self) -> Result<Vec<Unsent>> {
        let sql = "SELECT digest, room, request, data, frank_aad FROM outgoing";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map((), |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
        let mut unsent = Vec::new();
        for row in rows {
            let (digest, room, request, data, frank_aad) = row?;
            let room = RoomUri::try_from(room.as_slice())?;
            unsent.push(Unsent { digest, room, request, data, frank_aad });
        }
        Ok(unsent)
    }

    /// Forgets an own message that the hub has refused.
    pub(super) fn give_up(&self, digest: &[u8]) -> Result<()> {
        self.db.execute("DELETE FROM outgoing WHERE digest = ?1", [digest])?;
        Ok(())
    }

    /// Whether the hub has answered an own message.
    pub(super) fn was_sent(&self, digest: &[u8]) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sent WHERE digest = ?1)";
        Ok(self.db.query_row(sql, [digest], |row| row.get(0))?)
    }
}
