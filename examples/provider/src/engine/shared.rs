//! Several processes on one database.
//!
//! Their transactions come one after the other. A process keeps what it has read, with the number
//! of the last change of it; if others have written since, it looks the number up before it uses
//! the copy again. Numbers ascend in the order of the transactions, whichever process gives them.

use mimi_codec::RoomUri;

use super::Engine;
use crate::store::{Since, StoreError, Table, number_of};

/// What stands for the tables of the follower: no room has this name.
pub(super) const FOLLOWER: &[u8] = b"follower";

/// What is known of a copy in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    version: u64,
    /// How often others had written when it was compared.
    compared: u64,
}

impl Engine {
    /// Begins a transaction of the database.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        if self.store.begin()? == Since::OthersWrote {
            self.copy.others = self.copy.others.saturating_add(1);
            // The rest of the numbers that were taken would come after greater ones of others.
            self.copy.taken = 0;
            // Among what they wrote may be something for a client that waits here.
            self.touched.inbox = true;
        }
        Ok(())
    }

    fn version(&mut self, name: &[u8]) -> Result<u64, StoreError> {
        Ok(self.store.get(Table::Versions, name)?.as_deref().map_or(0, number_of))
    }

    /// Whether the copy in memory is as the tables.
    pub(super) fn is_current(&mut self, name: &[u8]) -> Result<bool, StoreError> {
        if !self.store.is_shared() {
            return Ok(true);
        }
        let compared = self.copy.others;
        let Some(known) = self.copy.known.get(name).copied() else { return Ok(false) };
        if known.compared != compared {
            if self.version(name)? != known.version {
                return Ok(false);
            }
            self.copy.known.insert(name.to_vec(), Known { compared, ..known });
        }
        Ok(true)
    }

    /// A copy was read from the tables.
    pub(super) fn was_read(&mut self, name: &[u8]) -> Result<(), StoreError> {
        if self.store.is_shared() {
            let known = Known { version: self.version(name)?, compared: self.copy.others };
            self.copy.known.insert(name.to_vec(), known);
        }
        Ok(())
    }

    /// This transaction changes the tables, and the copy with them.
    pub(super) fn was_changed(&mut self, name: &[u8]) -> Result<(), StoreError> {
        if self.store.is_shared() {
            let version = self.number()?;
            self.store.put(Table::Versions, name, &version.to_be_bytes())?;
            self.copy.known.insert(name.to_vec(), Known { version, compared: self.copy.others });
        }
        Ok(())
    }

    /// Forgets the copy of a room.
    pub(super) fn forget_room(&mut self, uri: &RoomUri) {
        self.copy.rooms.remove(uri);
        self.copy.known.remove(uri.as_bytes());
    }

    /// Whether other processes use the database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Wakes the deliveries of all providers for which something waits: another process may have
    /// left it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn look_around(&mut self) -> Result<(), StoreError> {
        let waiting = self.waiting_providers()?;
        self.touched.outbox.extend(waiting);
        Ok(())
    }
}
