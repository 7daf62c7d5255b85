//! What a decision is: a plan with the rights it rests on, or the first condition that fails.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use mimi_codec::{
    CapabilityType, DnsName,
    protocol::RoomMetaData,
    room_policy::{BaseRoomPolicy, PreAuthData},
};

use crate::{ClientUri, Form, UserUri, role_table::RoleTable};

/// The right that allows one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The change's place in the list that was decided on; `None` for the joining client of an
    /// external commit, which need not be listed.
    pub change: Option<usize>,
    /// The capability, where the change needs one.
    pub capability: Option<CapabilityType>,
    /// The index of the role that has it: the actor's, 0 for a user who isn't on the list, or the
    /// role that a user is preauthorized for.
    pub role: u32,
    /// What the change rests on beside the capability.
    pub basis: Basis,
}

/// What a change rests on beside a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Basis {
    /// Nothing else.
    CapabilityAlone,
    /// The role's `authorized_role_changes` list this move.
    RoleChange {
        /// From this role; 0 for a user who isn't on the list.
        from: u32,
        /// To this role; 0 for leaving the list.
        to: u32,
    },
    /// The first entry of the preauthorization that the credential's claims match.
    PreAuthorization {
        /// Its place in the list of entries.
        entry: usize,
    },
    /// It goes with another change of the same message: the clients of a user who is added,
    /// removed, banned, or joins.
    PartOf {
        /// That change's place; `None` for one that was accepted before.
        change: Option<usize>,
    },
    /// The hub accepted it before, as a proposal.
    Accepted,
    /// The user has left the parent room, or is banned there, and is removed by any member or the
    /// hub (mimi-room-policy-04 §5).
    LeftParent,
    /// The client belongs to a banned user, and is removed by any member or the hub.
    Banned,
    /// It changes nothing that needs a capability.
    Unrestricted,
}

/// Which state of which room a plan was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) version: u64,
    pub(crate) fingerprint: u64,
}

/// An authorized change of a room: only [`RoomState::check`](crate::RoomState::check) makes one.
///
/// It belongs to the state that it was made for; after any other change to the room, check again.
#[derive(Clone, Debug)]
#[must_use = "a plan changes nothing until it is applied"]
pub struct Plan {
    pub(crate) stamp: Stamp,
    pub(crate) form: Form,
    pub(crate) grants: Vec<Grant>,
    pub(crate) outcome: Outcome,
}

impl Plan {
    /// The rights that it rests on: one for each change, in order, and last the joining client of
    /// an external commit.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The form of the message that it was made for.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The providers whose last participant leaves the list by this plan, as MIMI URIs name them.
    /// The external sender of each must leave the group's list (mimi-protocol-06 §7.4).
    #[must_use]
    pub fn departed_providers(&self) -> &[DnsName] {
        &self.outcome.departed
    }

    /// Whether it was made for this room as it is now, so that [`RoomState::apply`] takes it.
    ///
    /// [`RoomState::apply`]: crate::RoomState::apply
    #[must_use]
    pub fn is_for(&self, room: &crate::RoomState) -> bool {
        self.stamp == room.stamp()
    }

    /// Whether it ends the room.
    #[must_use]
    pub const fn destroys_room(&self) -> bool {
        self.outcome.destroy
    }
}

/// A slot of the room, or a user who gets one.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Slot(u32),
    New(UserUri),
}

/// What becomes of one user.
#[derive(Clone, Debug)]
pub(crate) struct UserOutcome {
    pub(crate) subject: Subject,
    pub(crate) role: u32,
    pub(crate) removed_clients: Vec<ClientUri>,
    pub(crate) added_clients: Vec<ClientUri>,
}

/// What becomes of the room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) users: Vec<UserOutcome>,
    /// Those of `users` that are added to the list, and pending additions that the commit names, in
    /// its order.
    pub(crate) additions: Vec<Addition>,
    pub(crate) metadata: Option<Box<RoomMetaData>>,
    pub(crate) roles: Option<Box<RoleTable>>,
    pub(crate) preauth: Option<PreAuthData>,
    pub(crate) base: Option<Box<BaseRoomPolicy>>,
    pub(crate) destroy: bool,
    /// Providers that have a participant before and none after.
    pub(crate) departed: Vec<DnsName>,
    /// For proposals: what later proposals and the commit have to know.
    pub(crate) notes: Vec<Note>,
}

#[derive(Clone, Debug)]
pub(crate) enum Addition {
    /// One of the outcome's users, by place.
    User(usize),
    /// A pending addition, by slot.
    Slot(u32),
}

/// Something the hub accepted, for the commit that takes it up.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    List { user: UserUri, by: Party, role: u32, capability: Option<CapabilityType> },
    Client { client: ClientUri, added: bool },
    Component { component: mimi_codec::code_points::ComponentID, by: Party },
    ReInit { by: Party },
}

/// Who proposed, without the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) uri: UserUri,
    pub(crate) client: Option<ClientUri>,
}

/// A plan was made for another state, or another room, than it was to be applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StalePlanError {
    /// The version of the state that the plan was made for.
    pub planned: u64,
    /// The version of the state now.
    pub current: u64,
}

impl fmt::Display for StalePlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { planned, current } = self;
        if planned == current {
            f.write_str("the plan was made for another room")
        } else {
            write!(f, "the plan was made for version {planned} of the room, which is at version {current}")
        }
    }
}

impl core::error::Error for StalePlanError {}
