//! What makes a room invalid.

use alloc::vec::Vec;
use core::fmt;

use crate::{ClientUri, IdentityError, UserUri};

/// An identity that a room names, by its place in the room's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentityOf {
    /// The participant at this place of the list.
    Participant(usize),
    /// The user of the client at this place of the list of clients.
    UserOfClient(usize),
    /// The client at this place of the list of clients.
    Client(usize),
    /// The participant of the parent room at this place.
    ParentParticipant(usize),
    /// The user at this place of those banned in the parent room.
    BannedInParent(usize),
    /// The parent room that the base policy names.
    ParentRoom,
    /// The room that its metadata names.
    Room,
    /// The value of a claim in the preauthorization.
    Claim {
        /// The place of the entry.
        entry: usize,
        /// The place of the claim in the entry.
        claim: usize,
    },
}

impl fmt::Display for IdentityOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Participant(place) => write!(f, "participant {place}"),
            Self::UserOfClient(place) => write!(f, "user of client {place}"),
            Self::Client(place) => write!(f, "client {place}"),
            Self::ParentParticipant(place) => write!(f, "participant {place} of the parent room"),
            Self::BannedInParent(place) => write!(f, "banned user {place} of the parent room"),
            Self::ParentRoom => f.write_str("parent room"),
            Self::Room => f.write_str("room URI of the metadata"),
            Self::Claim { entry, claim } => write!(f, "preauthorization entry {entry}, claim {claim}"),
        }
    }
}

/// One reason why a room is not valid: no decision can be made in it.
///
/// What is odd beyond these is no defect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// An identity is not in the spelling that counts: a MIMI URI in its normal form.
    Identity {
        /// Which identity.
        of: IdentityOf,
        /// What is wrong with it.
        error: IdentityError,
    },
    /// A role index occurs twice.
    DuplicateRole(u32),
    /// A role's minimum of participants exceeds its maximum.
    MinimumAboveMaximum(u32),
    /// A role's minimum of active participants exceeds its maximum.
    MinimumActiveAboveMaximum(u32),
    /// `canOpenJoin` stands on a role other than 0 (mimi-room-policy-04 §8.1.1).
    OpenJoinOutsideRoleZero(u32),
    /// A role of a fixed-membership room, neither 0 nor banned, has `canAddParticipant`
    /// (mimi-room-policy-04 §5).
    AddsToFixedMembership(u32),
    /// A user is on the participant list twice.
    DuplicateParticipant(UserUri),
    /// A user on the list has role 0.
    ParticipantInRoleZero(UserUri),
    /// A user on the list has a role that isn't defined.
    UndefinedRole {
        /// The user.
        user: UserUri,
        /// The role's index.
        role: u32,
    },
    /// A client of a user who isn't on the list.
    ClientOfUnlistedUser {
        /// Whose it is said to be.
        user: UserUri,
        /// The client.
        client: ClientUri,
    },
    /// A client is in the group twice.
    DuplicateClient(ClientUri),
    /// A user of a single-device room has several clients (mimi-room-policy-04 §5).
    SeveralClients(UserUri),
    /// The base policy's maximum of users is exceeded.
    TooManyUsers {
        /// The maximum.
        maximum: u32,
        /// Users on the list, not counting banned ones.
        users: usize,
    },
    /// The base policy's maximum of clients is exceeded.
    TooManyClients {
        /// The maximum.
        maximum: u32,
        /// Clients in the group.
        clients: usize,
    },
    /// A parent-dependent room names no parent (mimi-room-policy-04 §5).
    NoParentRoom,
    /// Who is in the parent room that it names isn't known.
    UnknownParentRoom,
    /// A user isn't in the parent room.
    NotInParent(UserUri),
    /// All users of the parent room are in this one, which has to have fewer.
    NotAStrictSubset,
    /// The lists are longer than 2^32-1 entries, or the dictionary than the wire can hold.
    TooLarge,
}

impl core::error::Error for Defect {}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity { of, error } => write!(f, "{of}: {error}"),
            Self::DuplicateRole(role) => write!(f, "two roles have the index {role}"),
            Self::MinimumAboveMaximum(role) => {
                write!(f, "role {role} has a minimum of participants above its maximum")
            }
            Self::MinimumActiveAboveMaximum(role) => {
                write!(f, "role {role} has a minimum of active participants above its maximum")
            }
            Self::OpenJoinOutsideRoleZero(role) => {
                write!(f, "role {role} has canOpenJoin, which is role 0's")
            }
            Self::AddsToFixedMembership(role) => {
                write!(f, "role {role} has canAddParticipant in a fixed-membership room")
            }
            Self::DuplicateParticipant(user) => write!(f, "{user} is on the participant list twice"),
            Self::ParticipantInRoleZero(user) => write!(f, "{user} is on the participant list with role 0"),
            Self::UndefinedRole { user, role } => write!(f, "{user} has role {role}, which isn't defined"),
            Self::ClientOfUnlistedUser { user, client } => {
                write!(f, "{client} is a client of {user}, who isn't on the participant list")
            }
            Self::DuplicateClient(client) => write!(f, "{client} is in the group twice"),
            Self::SeveralClients(user) => write!(f, "{user} has several clients in a single-device room"),
            Self::TooManyUsers { maximum, users } => write!(f, "{users} users, more than {maximum}"),
            Self::TooManyClients { maximum, clients } => write!(f, "{clients} clients, more than {maximum}"),
            Self::NoParentRoom => f.write_str("the room depends on a parent and names none"),
            Self::UnknownParentRoom => f.write_str("who is in the parent room is not known"),
            Self::NotInParent(user) => write!(f, "{user} isn't in the parent room"),
            Self::NotAStrictSubset => f.write_str("all users of the parent room are in this room"),
            Self::TooLarge => f.write_str("the room is larger than can be counted or written"),
        }
    }
}

/// A room that is not valid, and all reasons why, in the order: roles, participants, clients, base
/// policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRoomError {
    pub(crate) defects: Vec<Defect>,
}

impl InvalidRoomError {
    /// The reasons; at least one.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }
}

impl fmt::Display for InvalidRoomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the room is not valid")?;
        for (index, defect) in self.defects.iter().enumerate() {
            write!(f, "{}{defect}", if index == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

impl core::error::Error for InvalidRoomError {}
