//! The crate under test, asked the same question: nothing but its public types.

use std::collections::BTreeSet;
use std::fmt;

use mimi_codec::Opaque;
use mimi_codec::code_points::CredentialType;
use mimi_codec::protocol::{
    ParticipantListData, RichDescription, RoomMetaData, UTF8String, Uri as WireUri, UserRolePair,
};
use mimi_codec::room_policy::{
    self, BaseRoomPolicy, CapabilityType as C, ClaimId, PreAuthData, PreAuthRoleEntry, RoleData,
    SingleSourceRoleChangeTargets,
};
use mimi_policy::{
    Actor, Change as PolicyChange, Claims, ClientUri, InvalidRoomError, JoinCode, Plan, ProposedChange,
    Refusal, RoomParts, RoomState, TableSeed, UserUri,
};

use super::room::{Base, Cap, Change, Claim, Field, Form, Preauth, Role, Room, Try, Who};

/// What the engine makes of it: the participant list and the clients afterwards, or why not.
pub(crate) struct Answer {
    pub(crate) participants: Vec<(String, u32)>,
    pub(crate) clients: Vec<(String, String)>,
}

/// Why not: the room is invalid, or a change is refused.
#[derive(Debug)]
pub(crate) enum Refused {
    Room(InvalidRoomError),
    Change(Refusal),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(invalid) => invalid.fmt(f),
            Self::Change(refusal) => refusal.fmt(f),
        }
    }
}

pub(crate) fn decide(t: &Try) -> Result<Answer, Refused> {
    let mut room = room(&t.room).map_err(Refused::Room)?;
    let plan = check(&room, t).map_err(Refused::Change)?;
    room.apply(plan).expect("a plan for this version");
    Ok(answer(&room))
}

pub(crate) fn room(room: &Room) -> Result<RoomState, InvalidRoomError> {
    RoomState::new(parts(room), TableSeed::known())
}

/// What the engine says in this room, whatever room the try speaks of.
pub(crate) fn check(room: &RoomState, t: &Try) -> Result<Plan, Refusal> {
    let changes: Vec<ProposedChange> = t
        .changes
        .iter()
        .map(|(by, change)| ProposedChange {
            by: by.as_ref().map(|by| actor(by).into()),
            change: policy_change(change),
        })
        .collect();
    let form = match t.form {
        Form::Proposal => mimi_policy::Form::Proposal,
        Form::Commit => mimi_policy::Form::Commit,
        Form::ExternalCommit => mimi_policy::Form::ExternalCommit,
        Form::ExternalProposal => mimi_policy::Form::ExternalProposal,
    };
    room.check(&actor(&t.actor), form, &changes)
}

pub(crate) fn answer(room: &RoomState) -> Answer {
    let participants: Vec<(String, u32)> =
        room.participants().map(|(user, role)| (user.to_string(), role)).collect();
    let mut clients: Vec<(String, String)> = participants
        .iter()
        .flat_map(|(user, _)| {
            room.clients_of(&UserUri::try_from(user.as_str()).unwrap())
                .map(|client| (user.clone(), client.to_string()))
                .collect::<Vec<_>>()
        })
        .collect();
    clients.sort();
    Answer { participants, clients }
}

fn parts(room: &Room) -> RoomParts {
    RoomParts {
        banned_in_parent: vec![],
        base: Some(base(&room.base)),
        roles: roles(&room.roles),
        preauth: Some(preauth(&room.preauth)),
        participants: ParticipantListData {
            participants: room
                .list
                .iter()
                .map(|(user, role)| UserRolePair { user: user.as_bytes().into(), role_index: *role })
                .collect(),
        },
        metadata: Some(metadata(&BTreeSet::new())),
        other: Vec::new(),
        clients: room
            .clients
            .iter()
            .map(|(user, client)| (Opaque::from(*user), Opaque::from(*client)))
            .collect(),
        parent_participants: room
            .parent_participants
            .as_ref()
            .map(|parent| parent.iter().map(|user| Opaque::from(*user)).collect()),
    }
}

fn base(base: &Base) -> BaseRoomPolicy {
    BaseRoomPolicy {
        fixed_membership: base.fixed_membership,
        parent_dependant: base.parent_dependant,
        parent_room: WireUri::new(base.parent_room.as_bytes()),
        multi_device: base.multi_device,
        max_clients: base.max_clients,
        max_users: base.max_users,
        ..RoomParts::default_base()
    }
}

fn roles(roles: &[Role]) -> RoleData {
    let role = |role: &Role| room_policy::Role {
        role_index: role.index,
        role_name: role.name.into(),
        role_description: String::new(),
        role_capabilities: role.capabilities.iter().map(|cap| capability(*cap)).collect(),
        minimum_participants_constraint: role.min,
        maximum_participants_constraint: role.max,
        minimum_active_participants_constraint: role.min_active,
        maximum_active_participants_constraint: role.max_active,
        authorized_role_changes: role
            .changes
            .iter()
            .map(|(from, targets)| SingleSourceRoleChangeTargets {
                from_role_index: *from,
                target_role_indexes: targets.clone(),
            })
            .collect(),
    };
    RoleData { roles: roles.iter().map(role).collect() }
}

fn preauth(preauth: &[Preauth]) -> PreAuthData {
    let entry =
        |entry: &Preauth| PreAuthRoleEntry { claimset: claims(&entry.claims), target_role: entry.role };
    PreAuthData { preauthorized_entries: preauth.iter().map(entry).collect() }
}

fn claims(claims: &[Claim]) -> Vec<room_policy::Claim> {
    let claim = |(credential_type, id, value): &Claim| room_policy::Claim {
        claim_id: ClaimId { credential_type: CredentialType(*credential_type), id: vec![*id].into() },
        claim_value: vec![*value].into(),
    };
    claims.iter().map(claim).collect()
}

pub(crate) fn actor(who: &Who) -> Actor {
    match who {
        Who::User { user, client, claims: made } => Actor::Client {
            user: UserUri::try_from(*user).unwrap(),
            client: ClientUri::try_from(*client).unwrap(),
            claims: Claims::new(claims(made)).unwrap(),
        },
        Who::Server { uri, claims: made } => Actor::ExternalSender {
            uri: UserUri::try_from(*uri).unwrap(),
            claims: Claims::new(claims(made)).unwrap(),
        },
    }
}

/// The room's metadata, with these fields changed.
fn metadata(changed: &BTreeSet<Field>) -> RoomMetaData {
    let text = |field, before: &str| {
        let text = if changed.contains(&field) { "changed" } else { before };
        UTF8String::new(text).unwrap()
    };
    let description = RichDescription {
        media_type: String::new(),
        language_tag: String::new(),
        description_content: b"new".to_vec().into(),
    };
    let descriptions = if changed.contains(&Field::Descriptions) { vec![description] } else { Vec::new() };
    let avatar = if changed.contains(&Field::Avatar) { "" } else { "https://hub.example/avatar" };
    RoomMetaData::new(
        WireUri::new("mimi://hub.example/r/room"),
        text(Field::Name, "name"),
        descriptions,
        WireUri::new(avatar),
        text(Field::Subject, ""),
        text(Field::Mood, "mood"),
    )
    .unwrap()
}

pub(crate) fn policy_change(change: &Change) -> PolicyChange {
    match change {
        Change::Add(user, role) => {
            PolicyChange::AddParticipant { user: UserUri::try_from(*user).unwrap(), role: *role }
        }
        Change::Remove(user) => PolicyChange::RemoveParticipant { user: UserUri::try_from(*user).unwrap() },
        Change::SetRole(user, role) => {
            PolicyChange::SetRole { user: UserUri::try_from(*user).unwrap(), role: *role }
        }
        Change::AddClient(user, client) => PolicyChange::AddClient {
            user: UserUri::try_from(*user).unwrap(),
            client: ClientUri::try_from(*client).unwrap(),
        },
        Change::RemoveClient(user, client) => PolicyChange::RemoveClient {
            user: UserUri::try_from(*user).unwrap(),
            client: ClientUri::try_from(*client).unwrap(),
        },
        Change::JoinCode { user, role, valid } => PolicyChange::UseJoinCode {
            user: UserUri::try_from(*user).unwrap(),
            role: *role,
            code: match valid {
                Some(true) => JoinCode::Valid,
                Some(false) => JoinCode::Invalid,
                None => JoinCode::Unknown,
            },
        },
        Change::Metadata(fields) => PolicyChange::UpdateMetadata(Box::new(metadata(fields))),
        Change::Roles(new) => PolicyChange::UpdateRoles(roles(new)),
        Change::Preauth(new) => PolicyChange::UpdatePreAuth(preauth(new)),
        Change::Base(new) => PolicyChange::UpdateBase(Box::new(base(new))),
        Change::Reinit => PolicyChange::ReInit,
        Change::Destroy => PolicyChange::DestroyRoom,
    }
}

fn capability(cap: Cap) -> C {
    match cap {
        Cap::AddParticipant => C::CAN_ADD_PARTICIPANT,
        Cap::RemoveParticipant => C::CAN_REMOVE_PARTICIPANT,
        Cap::AddOwnClient => C::CAN_ADD_OWN_CLIENT,
        Cap::RemoveOwnClient => C::CAN_REMOVE_OWN_CLIENT,
        Cap::OpenJoin => C::CAN_OPEN_JOIN,
        Cap::JoinIfPreauthorized => C::CAN_JOIN_IF_PREAUTHORIZED,
        Cap::RemoveSelf => C::CAN_REMOVE_SELF,
        Cap::UseJoinCode => C::CAN_USE_JOIN_CODE,
        Cap::Ban => C::CAN_BAN,
        Cap::Unban => C::CAN_UNBAN,
        Cap::Kick => C::CAN_KICK,
        Cap::ChangeUserRole => C::CAN_CHANGE_USER_ROLE,
        Cap::ChangeOwnRole => C::CAN_CHANGE_OWN_ROLE,
        Cap::ChangeRoomName => C::CAN_CHANGE_ROOM_NAME,
        Cap::ChangeRoomDescription => C::CAN_CHANGE_ROOM_DESCRIPTION,
        Cap::ChangeRoomAvatar => C::CAN_CHANGE_ROOM_AVATAR,
        Cap::ChangeRoomSubject => C::CAN_CHANGE_ROOM_SUBJECT,
        Cap::ChangeRoomMood => C::CAN_CHANGE_ROOM_MOOD,
        Cap::DestroyRoom => C::CAN_DESTROY_ROOM,
        Cap::ChangeRoomMembershipStyle => C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        Cap::ChangeRoleDefinitions => C::CAN_CHANGE_ROLE_DEFINITIONS,
        Cap::ChangePreauthorizedUserList => C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        Cap::SendMlsReinitProposal => C::CAN_SEND_MLS_REINIT_PROPOSAL,
        Cap::Knock => C::CAN_KNOCK,
    }
}
