//! The participants of the room that a room depends on (mimi-room-policy-04 §5).

use alloc::collections::BTreeSet;

use crate::{RoomState, UserUri};

/// The participants of a parent room, and which of them are banned there.
///
/// A room that depends on a parent has some of its participants. A user who is banned in the parent
/// does not enter the child.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParentParticipants {
    present: BTreeSet<UserUri>,
    banned: BTreeSet<UserUri>,
}

impl ParentParticipants {
    /// The participants of a parent room.
    #[must_use]
    pub fn of(parent: &RoomState) -> Self {
        let (banned, present): (BTreeSet<UserUri>, BTreeSet<UserUri>) =
            parent.participants().map(|(user, _)| user.clone()).partition(|user| parent.is_banned(user));
        Self { present, banned }
    }

    /// The participants that are not banned, and those that are.
    pub fn new(
        present: impl IntoIterator<Item = UserUri>,
        banned: impl IntoIterator<Item = UserUri>,
    ) -> Self {
        let banned: BTreeSet<UserUri> = banned.into_iter().collect();
        let present = present.into_iter().filter(|user| !banned.contains(user)).collect();
        Self { present, banned }
    }

    /// Whether the user may be in a room that depends on the parent.
    #[must_use]
    pub fn contains(&self, user: &UserUri) -> bool {
        self.present.contains(user)
    }

    /// The participants who are banned in the parent.
    pub fn banned(&self) -> impl Iterator<Item = &UserUri> {
        self.banned.iter()
    }

    /// How many participants the parent has, banned ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.present.len().saturating_add(self.banned.len())
    }

    /// Whether the parent has no participant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.present.is_empty() && self.banned.is_empty()
    }

    /// The participants who may be in a room that depends on the parent.
    pub fn iter(&self) -> impl Iterator<Item = &UserUri> {
        self.present.iter()
    }
}
