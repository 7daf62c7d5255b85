//! Where pseudonyms were seen: one that is used in two rooms links them for every party that sees
//! both.

use alloc::collections::{BTreeMap, BTreeSet, btree_set};
use core::iter::Peekable;

use mimi_codec::{
    Opaque, RoomUri,
    protocol::{IdentifierUri, PseudonymousCredential},
};

use crate::PseudonymError;

/// What links two rooms when it is seen in both: a pseudonym, or a signature public key.
type Mark = Opaque;

/// The rooms in which a client has seen each pseudonym and each signature key, its own and those
/// of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PseudonymUses {
    rooms: BTreeMap<Mark, BTreeSet<RoomUri>>,
    marks: BTreeMap<RoomUri, BTreeSet<Mark>>,
}

/// What to do when a credential is used in a second room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// A credential serves one room.
    Refused,
    /// The credential is of a KeyPackage of last resort, which the drafts reuse when there is no
    /// other.
    LastResort,
}

impl PseudonymUses {
    /// No room yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a credential is used in a room. Nothing is noted when it is refused. Costs the
    /// logarithm of what is noted, however many rooms share the credential.
    ///
    /// With [`Reuse::LastResort`], returns the other rooms in which its client pseudonym, user
    /// pseudonym or signature key was seen: a party that sees two of them, a hub first of all, can
    /// conclude that they have a member in common.
    ///
    /// # Errors
    /// [`PseudonymReused`](PseudonymError::PseudonymReused) when one of the three was seen in
    /// another room, unless it is a last resort.
    pub fn record(
        &mut self,
        room_id: &RoomUri,
        credential: &PseudonymousCredential,
        reuse: Reuse,
    ) -> Result<LinkedRooms<'_>, PseudonymError> {
        let marks = marks(credential);
        if reuse == Reuse::Refused {
            let other = marks.iter().filter_map(|mark| self.rooms.get(mark)).flat_map(|rooms| {
                // Of two rooms at least one is another.
                rooms.iter().take(2)
            });
            if let Some(other) = other.into_iter().find(|other| *other != room_id) {
                return Err(PseudonymError::PseudonymReused { room_id: other.clone() });
            }
        }
        self.marks.entry(room_id.clone()).or_default().extend(marks.iter().cloned());
        for mark in &marks {
            self.rooms.entry(mark.clone()).or_default().insert(room_id.clone());
        }
        let but = Some(room_id.clone());
        Ok(LinkedRooms { rooms: marks.map(|mark| self.of(&mark).peekable()), but })
    }

    fn of(&self, mark: &Mark) -> Rooms<'_> {
        Rooms(self.rooms.get(mark).map(BTreeSet::iter))
    }

    /// The rooms in which a pseudonym was seen, in order.
    pub fn rooms(&self, pseudonym: &IdentifierUri) -> impl Iterator<Item = &RoomUri> {
        self.rooms.get(&mark(b'p', pseudonym.as_bytes())).into_iter().flatten()
    }

    /// The number of rooms other than `room_id` in which a pseudonym was seen.
    #[must_use]
    pub fn count_elsewhere(&self, pseudonym: &IdentifierUri, room_id: &RoomUri) -> usize {
        let rooms = self.rooms.get(&mark(b'p', pseudonym.as_bytes()));
        rooms.map_or(0, |rooms| rooms.len().saturating_sub(usize::from(rooms.contains(room_id))))
    }

    /// Forgets a room that no longer exists. What was seen only there is unknown afterwards.
    pub fn forget_room(&mut self, room_id: &RoomUri) {
        for mark in self.marks.remove(room_id).into_iter().flatten() {
            if let Some(rooms) = self.rooms.get_mut(&mark) {
                rooms.remove(room_id);
                if rooms.is_empty() {
                    self.rooms.remove(&mark);
                }
            }
        }
    }
}

fn marks(credential: &PseudonymousCredential) -> [Mark; 3] {
    [
        mark(b'p', credential.client_pseudonym.as_bytes()),
        mark(b'p', credential.user_pseudonym.as_bytes()),
        mark(b'k', &credential.signature_public_key),
    ]
}

/// A pseudonym and a key with the same bytes are two marks.
fn mark(kind: u8, bytes: &[u8]) -> Mark {
    core::iter::once(kind).chain(bytes.iter().copied()).collect::<alloc::vec::Vec<_>>().into()
}

#[derive(Clone, Debug)]
struct Rooms<'a>(Option<btree_set::Iter<'a, RoomUri>>);

impl<'a> Iterator for Rooms<'a> {
    type Item = &'a RoomUri;

    fn next(&mut self) -> Option<&'a RoomUri> {
        self.0.as_mut()?.next()
    }
}

/// The other rooms that the reuse of a credential links, in order, each once. They are looked up
/// as they are asked for.
#[derive(Clone, Debug)]
pub struct LinkedRooms<'a> {
    rooms: [Peekable<Rooms<'a>>; 3],
    but: Option<RoomUri>,
}

impl<'a> Iterator for LinkedRooms<'a> {
    type Item = &'a RoomUri;

    fn next(&mut self) -> Option<&'a RoomUri> {
        loop {
            let least = self.rooms.iter_mut().filter_map(|rooms| rooms.peek().copied()).min()?;
            for rooms in &mut self.rooms {
                rooms.next_if_eq(&least);
            }
            if Some(least) != self.but.as_ref() {
                return Some(least);
            }
        }
    }
}
