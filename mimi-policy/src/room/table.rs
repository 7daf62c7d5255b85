//! Where users and clients are found: hash tables of places, under the room's own key.

use hashbrown::HashTable;

use super::Slot;
use crate::{ClientUri, TableSeed, UserUri};

/// A client, by its place among its user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ClientPlace {
    slot: u32,
    index: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    users: HashTable<u32>,
    clients: HashTable<ClientPlace>,
}

fn slot_at(slots: &[Slot], slot: u32) -> Option<&Slot> {
    slots.get(usize::try_from(slot).ok()?)
}

fn user_at(slots: &[Slot], slot: u32) -> &[u8] {
    slot_at(slots, slot).map_or(&[], |slot| slot.user.as_bytes())
}

fn client_at(slots: &[Slot], place: ClientPlace) -> &[u8] {
    slot_at(slots, place.slot).and_then(|slot| slot.clients.get(place.index)).map_or(&[], ClientUri::as_bytes)
}

impl Tables {
    /// How many users and clients it knows.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.users.len(), self.clients.len())
    }

    pub(super) fn reserve(&mut self, seed: &TableSeed, slots: &[Slot], users: usize, clients: usize) {
        self.users.reserve(users, |slot| seed.hash(user_at(slots, *slot)));
        self.clients.reserve(clients, |place| seed.hash(client_at(slots, *place)));
    }

    pub(super) fn user(&self, seed: &TableSeed, slots: &[Slot], user: &UserUri) -> Option<u32> {
        let hash = seed.hash(user.as_bytes());
        self.users.find(hash, |slot| user_at(slots, *slot) == user.as_bytes()).copied()
    }

    pub(super) fn client(&self, seed: &TableSeed, slots: &[Slot], client: &ClientUri) -> Option<u32> {
        let hash = seed.hash(client.as_bytes());
        self.clients.find(hash, |place| client_at(slots, *place) == client.as_bytes()).map(|place| place.slot)
    }

    /// Takes in the user of a slot, which is in `slots` already.
    pub(super) fn insert_user(&mut self, seed: &TableSeed, slots: &[Slot], slot: u32) {
        let hash = seed.hash(user_at(slots, slot));
        self.users.insert_unique(hash, slot, |slot| seed.hash(user_at(slots, *slot)));
    }

    pub(super) fn remove_user(&mut self, seed: &TableSeed, slots: &[Slot], slot: u32) {
        let hash = seed.hash(user_at(slots, slot));
        if let Ok(entry) = self.users.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
    }

    /// Takes in a client, which is in `slots` already.
    pub(super) fn insert_client(&mut self, seed: &TableSeed, slots: &[Slot], slot: u32, index: usize) {
        let place = ClientPlace { slot, index };
        let hash = seed.hash(client_at(slots, place));
        self.clients.insert_unique(hash, place, |place| seed.hash(client_at(slots, *place)));
    }

    /// Forgets a client that is in `slots` still, gives its index, and says that the last of its
    /// user's comes to that place.
    pub(super) fn remove_client(
        &mut self,
        seed: &TableSeed,
        slots: &[Slot],
        client: &ClientUri,
    ) -> Option<usize> {
        let hash = seed.hash(client.as_bytes());
        let found =
            self.clients.find_entry(hash, |place| client_at(slots, *place) == client.as_bytes()).ok()?;
        let (ClientPlace { slot, index }, _) = found.remove();
        let clients = &slot_at(slots, slot)?.clients;
        let last = clients.len().checked_sub(1)?;
        if last != index {
            let moved = ClientPlace { slot, index: last };
            let hash = seed.hash(clients.last()?.as_bytes());
            if let Some(place) = self.clients.find_mut(hash, |place| *place == moved) {
                place.index = index;
            }
        }
        Some(index)
    }
}
