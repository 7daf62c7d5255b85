//! The simplest types that hold a room, who acts, and what is to change. They share nothing with
//! the crate.

use std::collections::BTreeSet;

pub(crate) type Uri = &'static str;
/// Credential type, id, value.
pub(crate) type Claim = (u16, u8, u8);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) base: Base,
    pub(crate) roles: Vec<Role>,
    pub(crate) preauth: Vec<Preauth>,
    pub(crate) list: Vec<(Uri, u32)>,
    /// User, client.
    pub(crate) clients: Vec<(Uri, Uri)>,
    pub(crate) parent_participants: Option<Vec<Uri>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) fixed_membership: bool,
    pub(crate) parent_dependant: bool,
    pub(crate) parent_room: Uri,
    pub(crate) multi_device: bool,
    pub(crate) max_clients: Option<u32>,
    pub(crate) max_users: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) index: u32,
    pub(crate) name: &'static str,
    pub(crate) capabilities: BTreeSet<Cap>,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    pub(crate) min_active: u32,
    pub(crate) max_active: Option<u32>,
    pub(crate) changes: Vec<(u32, Vec<u32>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preauth {
    pub(crate) claims: Vec<Claim>,
    pub(crate) role: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    User { user: Uri, client: Uri, claims: Vec<Claim> },
    Server { uri: Uri, claims: Vec<Claim> },
}

impl Who {
    pub(crate) fn uri(&self) -> Uri {
        match self {
            Self::User { user, .. } => user,
            Self::Server { uri, .. } => uri,
        }
    }

    pub(crate) fn claims(&self) -> &[Claim] {
        match self {
            Self::User { claims, .. } | Self::Server { claims, .. } => claims,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Proposal,
    Commit,
    ExternalCommit,
    ExternalProposal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Try {
    pub(crate) room: Room,
    pub(crate) actor: Who,
    pub(crate) form: Form,
    /// Each with who proposed it, unless that is the actor.
    pub(crate) changes: Vec<(Option<Who>, Change)>,
}

impl Try {
    pub(crate) fn by<'a>(&'a self, change: &'a (Option<Who>, Change)) -> &'a Who {
        change.0.as_ref().unwrap_or(&self.actor)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Add(Uri, u32),
    Remove(Uri),
    SetRole(Uri, u32),
    AddClient(Uri, Uri),
    RemoveClient(Uri, Uri),
    JoinCode { user: Uri, role: u32, valid: Option<bool> },
    Metadata(BTreeSet<Field>),
    Roles(Vec<Role>),
    Preauth(Vec<Preauth>),
    Base(Base),
    Reinit,
    Destroy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Name,
    Descriptions,
    Avatar,
    Subject,
    Mood,
}

/// The capabilities that a change of the room can turn on, and one of the registry that none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cap {
    AddParticipant,
    RemoveParticipant,
    AddOwnClient,
    RemoveOwnClient,
    OpenJoin,
    JoinIfPreauthorized,
    RemoveSelf,
    UseJoinCode,
    Ban,
    Unban,
    Kick,
    ChangeUserRole,
    ChangeOwnRole,
    ChangeRoomName,
    ChangeRoomDescription,
    ChangeRoomAvatar,
    ChangeRoomSubject,
    ChangeRoomMood,
    DestroyRoom,
    ChangeRoomMembershipStyle,
    ChangeRoleDefinitions,
    ChangePreauthorizedUserList,
    SendMlsReinitProposal,
    Knock,
}

impl Cap {
    pub(crate) const ALL: [Self; 24] = [
        Self::AddParticipant,
        Self::RemoveParticipant,
        Self::AddOwnClient,
        Self::RemoveOwnClient,
        Self::OpenJoin,
        Self::JoinIfPreauthorized,
        Self::RemoveSelf,
        Self::UseJoinCode,
        Self::Ban,
        Self::Unban,
        Self::Kick,
        Self::ChangeUserRole,
        Self::ChangeOwnRole,
        Self::ChangeRoomName,
        Self::ChangeRoomDescription,
        Self::ChangeRoomAvatar,
        Self::ChangeRoomSubject,
        Self::ChangeRoomMood,
        Self::DestroyRoom,
        Self::ChangeRoomMembershipStyle,
        Self::ChangeRoleDefinitions,
        Self::ChangePreauthorizedUserList,
        Self::SendMlsReinitProposal,
        Self::Knock,
    ];
}

impl Room {
    pub(crate) fn role_of(&self, user: Uri) -> Option<u32> {
        self.list.iter().find(|(listed, _)| *listed == user).map(|(_, role)| *role)
    }

    pub(crate) fn role(&self, index: u32) -> Option<&Role> {
        self.roles.iter().find(|role| role.index == index)
    }

    pub(crate) fn is_active(&self, user: Uri) -> bool {
        self.clients.iter().any(|(owner, _)| *owner == user)
    }

    pub(crate) fn has_client(&self, client: Uri) -> bool {
        self.clients.iter().any(|(_, present)| *present == client)
    }

    pub(crate) fn count(&self, role: u32) -> u32 {
        self.list.iter().filter(|(_, has)| *has == role).count() as u32
    }

    pub(crate) fn count_active(&self, role: u32) -> u32 {
        self.list.iter().filter(|(user, has)| *has == role && self.is_active(user)).count() as u32
    }

    /// The banned role is the one with index 1, if its name is `banned`.
    pub(crate) fn is_banned_role(&self, index: u32) -> bool {
        index == 1 && self.role(1).is_some_and(|role| role.name == "banned")
    }
}
