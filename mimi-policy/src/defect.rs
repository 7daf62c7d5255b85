//! What makes a room invalid.

use alloc::vec::Vec;
use core::fmt;

use crate::{ClientUri, UserUri};

/// One reason why a room is not valid: no decision can be made in it.
///
/// What is odd beyond these is no defect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// A role index occurs twice.
    DuplicateRole(u32),
    /// A role's minimum of participants exceeds its maximum.
    MinimumAboveMaximum(u32),
    /// A role's minimum of active participants exceeds its maximum.
    MinimumActiveAboveMaximum(u32),
    /// `canOpenJoin` stands on a role other than 0 (mimi-room-policy §8.1.1).
    OpenJoinOutsideRoleZero(u32),
    /// A role of a fixed-membership room, neither 0 nor banned, has `canAddParticipant` (mimi-room-policy §5).
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
    /// A client of somebody who isn't on the list.
    ClientOfNobody {
        /// Whose it is said to be.
        user: UserUri,
        /// The client.
        client: ClientUri,
    },
    /// A client is in the group twice.
    DuplicateClient(ClientUri),
    /// A user of a single-device room has several clients (mimi-room-policy §5).
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
    /// A parent-dependent room names no parent (mimi-room-policy §5).
    NoParentRoom,
    /// Who is in the parent room that it names isn't known.
    UnknownParentRoom,
    /// Somebody isn't in the parent room.
    NotInParent(UserUri),
    /// Everybody in the parent room is in this one, which has to have fewer.
    NotAStrictSubset,
    /// The lists are longer than 2^32-1 entries, or the dictionary than the wire can hold.
    TooLarge,
}

impl core::error::Error for Defect {}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
            Self::ClientOfNobody { user, client } => {
                write!(f, "{client} is a client of {user}, who isn't on the participant list")
            }
            Self::DuplicateClient(client) => write!(f, "{client} is in the group twice"),
            Self::SeveralClients(user) => write!(f, "{user} has several clients in a single-device room"),
            Self::TooManyUsers { maximum, users } => write!(f, "{users} users, more than {maximum}"),
            Self::TooManyClients { maximum, clients } => write!(f, "{clients} clients, more than {maximum}"),
            Self::NoParentRoom => f.write_str("the room depends on a parent and names none"),
            Self::UnknownParentRoom => f.write_str("who is in the parent room is not known"),
            Self::NotInParent(user) => write!(f, "{user} isn't in the parent room"),
            Self::NotAStrictSubset => f.write_str("everybody in the parent room is in this room"),
            Self::TooLarge => f.write_str("the room is larger than can be counted or written"),
        }
    }
}

/// A room that is not valid, and all reasons why, in the order: roles, participants, clients, base policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRoom {
    pub(crate) defects: Vec<Defect>,
}

impl InvalidRoom {
    /// The reasons; at least one.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }
}

impl fmt::Display for InvalidRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the room is not valid")?;
        for (index, defect) in self.defects.iter().enumerate() {
            write!(f, "{}{defect}", if index == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

impl core::error::Error for InvalidRoom {}
