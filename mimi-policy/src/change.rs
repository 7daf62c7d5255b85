//! What somebody wants to change, who it is, and in which message.

use alloc::{boxed::Box, vec::Vec};

use mimi_codec::{
    code_points::ComponentID,
    protocol::RoomMetaUpdate,
    room_policy::{BaseRoomUpdate, Claim, PreAuthUpdate, RoleUpdate},
};

use crate::{ClientUri, UserUri};

/// Who acts. That a message is theirs, and that the claims are in their credential, is checked before, by whoever has the
/// keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A client, for its user: a participant, or somebody who would like to be one.
    Client {
        /// The user.
        user: UserUri,
        /// The client that signs.
        client: ClientUri,
        /// What its credential claims, for [preauthorization](mimi_codec::room_policy::PreAuthData).
        claims: Vec<Claim>,
    },
    /// A server on the list of external senders: the hub, a follower, a policy enforcer.
    ExternalSender {
        /// Its URI. If the participant list has it, that role counts.
        uri: UserUri,
        /// What its credential claims, for [preauthorization](mimi_codec::room_policy::PreAuthData).
        claims: Vec<Claim>,
    },
}

impl Actor {
    /// A client without claims.
    pub fn client(user: impl Into<UserUri>, client: impl Into<ClientUri>) -> Self {
        Self::Client { user: user.into(), client: client.into(), claims: Vec::new() }
    }

    /// A server with these claims.
    pub fn external_sender(uri: impl Into<UserUri>, claims: Vec<Claim>) -> Self {
        Self::ExternalSender { uri: uri.into(), claims }
    }

    /// The user, or the server's URI.
    #[must_use]
    pub fn uri(&self) -> &UserUri {
        match self {
            Self::Client { user, .. } => user,
            Self::ExternalSender { uri, .. } => uri,
        }
    }

    /// What its credential claims.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        match self {
            Self::Client { claims, .. } | Self::ExternalSender { claims, .. } => claims,
        }
    }
}

/// The kind of message that is to be decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// Proposals of a member, which belong together (RFC 9420, 12.1).
    Proposal,
    /// A commit of a member (RFC 9420, 12.4).
    Commit,
    /// A commit that joins its sender to the group (RFC 9420, 12.4.3.2).
    ExternalCommit,
    /// Proposals of somebody who is not in the group: of an external sender, or an Add of a client by itself (RFC 9420, 12.1.8).
    ExternalProposal,
    /// An application message.
    Message,
}

/// What a join code is worth. Codes are the hub's: it makes them, keeps them and knows them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinCode {
    /// It is one of this room, unexpired, for this user and this role.
    Valid,
    /// It is none.
    Invalid,
}

/// One change to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Adds a user to the participant list: another, or whoever joins.
    AddParticipant {
        /// Who.
        user: UserUri,
        /// The role's index; 1 to ban somebody in advance.
        role: u32,
    },
    /// Removes a user from the participant list: another, or oneself.
    RemoveParticipant {
        /// Who.
        user: UserUri,
    },
    /// Gives a user on the list another role: a promotion, a ban, the end of one.
    SetRole {
        /// Who.
        user: UserUri,
        /// The new role's index.
        role: u32,
    },
    /// Adds a client to the group.
    AddClient {
        /// Whose.
        user: UserUri,
        /// Which.
        client: ClientUri,
    },
    /// Removes a client from the group.
    RemoveClient {
        /// Whose.
        user: UserUri,
        /// Which.
        client: ClientUri,
    },
    /// Adds the joiner to the participant list by a join code.
    UseJoinCode {
        /// The joiner.
        user: UserUri,
        /// The role that the code is for.
        role: u32,
        /// What the hub says of the code.
        code: JoinCode,
    },
    /// Replaces the room's metadata.
    UpdateMetadata(Box<RoomMetaUpdate>),
    /// Replaces the roles.
    UpdateRoles(RoleUpdate),
    /// Replaces the preauthorization.
    UpdatePreAuth(PreAuthUpdate),
    /// Replaces the base policy.
    UpdateBase(Box<BaseRoomUpdate>),
    /// Changes or removes another component of the room's policy, or removes one of the above. No capability allows it.
    ChangeComponent(ComponentID),
    /// Ends the group, for another to replace it.
    ReInit,
    /// Ends the room.
    DestroyRoom,
}

/// A change and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedChange {
    /// The change.
    pub change: Change,
    /// Who proposed it, if it was not whoever sends the message that is decided on.
    pub by: Option<Actor>,
}

impl From<Change> for ProposedChange {
    /// A change by whoever sends the message.
    fn from(change: Change) -> Self {
        Self { change, by: None }
    }
}

impl Change {
    /// This change, proposed by somebody else than the committer.
    #[must_use]
    pub fn by(self, actor: Actor) -> ProposedChange {
        ProposedChange { change: self, by: Some(actor) }
    }
}
