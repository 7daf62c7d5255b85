//! Where pseudonyms were seen: one that is used in two rooms links them for whoever sees both.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    Opaque,
    protocol::{IdentifierUri, PseudonymousCredential},
};

use crate::PseudonymError;

/// The rooms in which a client has seen each pseudonym, its own and those of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PseudonymUses(BTreeMap<IdentifierUri, BTreeSet<Opaque>>);

/// Is a second room a mistake or a last resort?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// A credential serves one room.
    Refused,
    /// The credential is of a KeyPackage of last resort, which the drafts reuse when there is no other.
    LastResort,
}

impl PseudonymUses {
    /// No room yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a credential is used in a room. Nothing is noted when it is refused.
    ///
    /// With [`Reuse::LastResort`], it gives the other rooms in which its client or user pseudonym was seen, in order: what the reuse lets anybody
    /// who sees both rooms, a hub first of all, conclude to have a member in common.
    ///
    /// # Errors
    /// [`PseudonymReused`](PseudonymError::PseudonymReused) when either pseudonym was seen in another room, unless it is a last resort.
    pub fn record(
        &mut self,
        room_id: &Opaque,
        credential: &PseudonymousCredential,
        reuse: Reuse,
    ) -> Result<Vec<Opaque>, PseudonymError> {
        let linked: BTreeSet<_> = [&credential.client_pseudonym, &credential.user_pseudonym]
            .into_iter()
            .flat_map(|pseudonym| self.rooms(pseudonym))
            .filter(|room| *room != room_id)
            .cloned()
            .collect();
        if let (Some(other), Reuse::Refused) = (linked.first(), reuse) {
            return Err(PseudonymError::PseudonymReused { room_id: other.clone() });
        }
        for pseudonym in [&credential.client_pseudonym, &credential.user_pseudonym] {
            self.0.entry(pseudonym.clone()).or_default().insert(room_id.clone());
        }
        Ok(linked.into_iter().collect())
    }

    /// The rooms in which a pseudonym was seen, in order.
    pub fn rooms(&self, pseudonym: &IdentifierUri) -> impl Iterator<Item = &Opaque> {
        self.0.get(pseudonym).into_iter().flatten()
    }

    /// Forgets a room that is no more. Its pseudonyms are unknown afterwards.
    pub fn forget_room(&mut self, room_id: &Opaque) {
        self.0.retain(|_, rooms| {
            rooms.remove(room_id);
            !rooms.is_empty()
        });
    }
}
