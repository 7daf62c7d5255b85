//! A room: its components, and its clients.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::preset::open_ended_base;
use mimi_codec::code_points::ComponentID;
use mimi_codec::protocol::{ParticipantListData, Uri, UserRolePair};
use mimi_codec::room_policy::{BaseRoomPolicy, PreAuthData, RoleData};
use serde_json::{Map, Value, json};

use super::actor::PolicyActor;
use super::change::{PolicyChange, PolicyProposedChange};
use super::place::{Place, PolicyJsonError, Result};
use super::roles::{PolicyRoles, preauth_to_json, read_preauth};

/// The state of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRoom {
    /// Its base policy. `policy_component_ids` holds the list of roles, and the preauthorized users
    /// if there are any.
    pub base: BaseRoomPolicy,
    /// Its roles.
    pub roles: PolicyRoles,
    /// Who takes a role by virtue of its credential.
    pub preauth: PreAuthData,
    /// The participant list.
    pub participants: ParticipantListData,
    /// The clients in the group, each with its user: the user's URI, then the client's.
    pub clients: Vec<(String, String)>,
    /// What the hub has accepted since the last commit.
    pub pending: Vec<PolicyProposedChange>,
    /// The participants of the parent room, if the room depends on one.
    pub parent_participants: Option<Vec<String>>,
    /// The participants of the parent room who are banned there.
    pub banned_in_parent: Vec<String>,
}

const ROOM: &[&str] = &[
    "base",
    "roles",
    "preauth",
    "participants",
    "clients",
    "pending",
    "parent_participants",
    "banned_in_parent",
];

impl PolicyRoom {
    /// A room with these roles, open-ended and without anybody in it.
    #[must_use]
    pub fn new(roles: impl Into<PolicyRoles>) -> Self {
        Self {
            base: open_ended_base(),
            roles: roles.into(),
            preauth: PreAuthData { preauthorized_entries: Vec::new() },
            participants: ParticipantListData { participants: Vec::new() },
            clients: Vec::new(),
            pending: Vec::new(),
            parent_participants: None,
            banned_in_parent: Vec::new(),
        }
    }

    /// The component that lists the roles.
    #[must_use]
    pub fn role_data(&self) -> RoleData {
        self.roles.role_data()
    }

    /// Reads a room.
    ///
    /// # Errors
    /// The first place that isn't as the format has it.
    pub fn from_json(json: &Value) -> core::result::Result<Self, PolicyJsonError> {
        Self::read(&Place::new("room", json))
    }

    pub(super) fn read(place: &Place<'_>) -> Result<Self> {
        let members = place.members(ROOM)?;
        let preauth = match members.optional("preauth") {
            Some(preauth) => read_preauth(&preauth)?,
            None => PreAuthData { preauthorized_entries: Vec::new() },
        };
        let mut base = match members.optional("base") {
            Some(base) => read_base(&base)?,
            None => open_ended_base(),
        };
        if !preauth.preauthorized_entries.is_empty() {
            base.policy_component_ids.push(ComponentID::PREAUTH_LIST);
        }
        let participant = |place: &Place<'_>| {
            let [user, role] = place.tuple()?;
            Ok(UserRolePair { user: user.uri()?.into_bytes().into(), role_index: role.number()? })
        };
        let client = |place: &Place<'_>| {
            let [user, client] = place.tuple()?;
            Ok((user.uri()?, client.uri()?))
        };
        let pending = |place: &Place<'_>| {
            let members = place.members(&["by", "change"])?;
            Ok(PolicyProposedChange {
                by: Some(PolicyActor::read(&members.required("by")?)?),
                change: PolicyChange::read(&members.required("change")?)?,
            })
        };
        Ok(Self {
            base,
            roles: PolicyRoles::read(&members.required("roles")?)?,
            preauth,
            participants: ParticipantListData {
                participants: members
                    .items("participants")?
                    .iter()
                    .map(participant)
                    .collect::<Result<_>>()?,
            },
            clients: members.items("clients")?.iter().map(client).collect::<Result<_>>()?,
            pending: members.items("pending")?.iter().map(pending).collect::<Result<_>>()?,
            parent_participants: members
                .optional("parent_participants")
                .map(|users| users.list()?.iter().map(Place::uri).collect())
                .transpose()?,
            banned_in_parent: members
                .optional("banned_in_parent")
                .map_or(Ok(Vec::new()), |users| users.list()?.iter().map(Place::uri).collect())?,
        })
    }

    /// As vector files have it. URIs that aren't UTF-8 are shown with replacement characters.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let participant = |pair: &UserRolePair| json!([String::from_utf8_lossy(&pair.user), pair.role_index]);
        let pending = |pending: &PolicyProposedChange| json!({"by": pending.by.as_ref().map(PolicyActor::to_json), "change": pending.change.to_json()});
        let mut room = Map::new();
        let mut add = |name: &str, value: Value, shown: bool| {
            if shown {
                room.insert(name.into(), value);
            }
        };
        let base = base_to_json(&self.base);
        add("base", base.clone(), base != base_to_json(&open_ended_base()));
        add("roles", self.roles.to_json(), true);
        add("preauth", preauth_to_json(&self.preauth), !self.preauth.preauthorized_entries.is_empty());
        add("participants", self.participants.participants.iter().map(participant).collect(), true);
        add("clients", self.clients.iter().map(|(user, client)| json!([user, client])).collect(), true);
        add("pending", self.pending.iter().map(pending).collect(), !self.pending.is_empty());
        add("parent_participants", json!(self.parent_participants), self.parent_participants.is_some());
        add("banned_in_parent", json!(self.banned_in_parent), !self.banned_in_parent.is_empty());
        Value::Object(room)
    }
}

const BASE: &[&str] = &[
    "fixed_membership",
    "parent_dependant",
    "parent_room",
    "multi_device",
    "max_clients",
    "max_users",
    "pseudonyms_allowed",
    "persistent_room",
    "discoverable",
];

/// The base policy; its list of components holds the list of roles alone.
pub(super) fn read_base(place: &Place<'_>) -> Result<BaseRoomPolicy> {
    let members = place.members(BASE)?;
    let absent = open_ended_base();
    let flag = |name, absent| members.optional(name).map_or(Ok(absent), |place| place.flag());
    let limit = |name| members.optional(name).map(|place| place.number()).transpose();
    let parent_room = members.optional("parent_room").map_or(Ok(""), |place| place.text("a URI as text"))?;
    Ok(BaseRoomPolicy {
        fixed_membership: flag("fixed_membership", absent.fixed_membership)?,
        parent_dependant: flag("parent_dependant", absent.parent_dependant)?,
        parent_room: Uri::new(parent_room.as_bytes()),
        multi_device: flag("multi_device", absent.multi_device)?,
        max_clients: limit("max_clients")?,
        max_users: limit("max_users")?,
        pseudonyms_allowed: flag("pseudonyms_allowed", absent.pseudonyms_allowed)?,
        persistent_room: flag("persistent_room", absent.persistent_room)?,
        discoverable: flag("discoverable", absent.discoverable)?,
        policy_component_ids: vec![ComponentID::ROLES_LIST],
    })
}

pub(super) fn base_to_json(base: &BaseRoomPolicy) -> Value {
    json!({
        "fixed_membership": base.fixed_membership,
        "parent_dependant": base.parent_dependant,
        "parent_room": String::from_utf8_lossy(base.parent_room.as_bytes()),
        "multi_device": base.multi_device,
        "max_clients": base.max_clients,
        "max_users": base.max_users,
        "pseudonyms_allowed": base.pseudonyms_allowed,
        "persistent_room": base.persistent_room,
        "discoverable": base.discoverable,
    })
}
