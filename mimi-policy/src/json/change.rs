//! What is to change.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::component::asset::AssetKind;
use crate::receiving::ClientAction;
use mimi_codec::room_policy::{BaseRoomPolicy, PreAuthData};
use serde_json::{Map, Value, json};

use super::actor::PolicyActor;
use super::place::{Members, Place, Result};
use super::roles::{PolicyRoles, preauth_to_json, read_preauth};
use super::room::{base_to_json, read_base};

/// A change, and who asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProposedChange {
    /// Who proposed it, if that isn't the one who acts in the case. It is judged with that party's
    /// rights.
    pub by: Option<PolicyActor>,
    /// The change.
    pub change: PolicyChange,
}

/// A change of a room, or a message to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChange {
    /// A user comes onto the participant list.
    AddParticipant {
        /// The user: another one, or the actor itself when it joins.
        user: String,
        /// Its role.
        role: u32,
    },
    /// A user leaves the participant list.
    RemoveParticipant {
        /// The user.
        user: String,
    },
    /// A user on the participant list takes another role.
    SetRole {
        /// The user.
        user: String,
        /// Its new role.
        role: u32,
    },
    /// A client comes into the group.
    AddClient {
        /// Its user.
        user: String,
        /// The client.
        client: String,
    },
    /// A client leaves the group.
    RemoveClient {
        /// Its user.
        user: String,
        /// The client.
        client: String,
    },
    /// The actor comes onto the participant list with a join code.
    UseJoinCode {
        /// The actor's user.
        user: String,
        /// The role that the code names.
        role: u32,
        /// Whether the code belongs to this room, is not used up and not expired; `None` if the
        /// party that judges cannot know.
        valid: Option<bool>,
    },
    /// Fields of the room's metadata change.
    UpdateMetadata {
        /// Those that differ.
        fields: Vec<MetadataField>,
    },
    /// The roles change.
    UpdateRoles {
        /// All of the new ones.
        roles: PolicyRoles,
    },
    /// The preauthorized users change.
    UpdatePreauth {
        /// All of the new ones.
        preauth: PreAuthData,
    },
    /// The base policy changes.
    UpdateBase {
        /// The whole new one.
        base: BaseRoomPolicy,
    },
    /// An MLS ReInit.
    Reinit,
    /// The room is destroyed.
    DestroyRoom,
    /// A message of MIMI content.
    Content {
        /// The encoded message.
        encoded: Vec<u8>,
        /// The messages that it may refer to, by message ID.
        earlier: BTreeMap<Vec<u8>, PolicyEarlierMessage>,
    },
    /// A user receives messages, or does something with them or in a call.
    Use {
        /// What it does.
        what: PolicyUse,
    },
}

/// What a user does that changes nothing in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyUse {
    /// Its clients receive application messages.
    ReceiveMessage,
    /// What its own client asks before it offers it.
    Of(ClientAction),
}

impl PolicyUse {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        core::iter::once(Self::ReceiveMessage).chain(ClientAction::ALL.into_iter().map(Self::Of))
    }

    /// As vector files have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReceiveMessage => "receive_message",
            Self::Of(ClientAction::CopyMessage) => "copy_message",
            Self::Of(ClientAction::ReportAbuse) => "report_abuse",
            Self::Of(ClientAction::Download(AssetKind::Image)) => "download_image",
            Self::Of(ClientAction::Download(AssetKind::Audio)) => "download_audio",
            Self::Of(ClientAction::Download(AssetKind::Video)) => "download_video",
            Self::Of(ClientAction::Download(AssetKind::Attachment)) => "download_attachment",
            Self::Of(ClientAction::FollowLink) => "follow_link",
            Self::Of(ClientAction::CopyLink) => "copy_link",
            Self::Of(ClientAction::StartCall) => "start_call",
            Self::Of(ClientAction::JoinCall) => "join_call",
            Self::Of(ClientAction::SendAudio) => "send_audio",
            Self::Of(ClientAction::ReceiveAudio) => "receive_audio",
            Self::Of(ClientAction::SendVideo) => "send_video",
            Self::Of(ClientAction::ReceiveVideo) => "receive_video",
            Self::Of(ClientAction::ShareScreen) => "share_screen",
            Self::Of(ClientAction::ViewSharedScreen) => "view_shared_screen",
        }
    }

    fn read(place: &Place<'_>) -> Result<Self> {
        let name = place.as_text();
        Self::all().find(|what| name == Some(what.name())).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            place.unexpected(format!("one of {}", names.join(", ")))
        })
    }
}

/// What is known of a message that another refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyEarlierMessage {
    /// Who sent it.
    pub author: String,
    /// The disposition of its body, if known.
    pub disposition: Option<u16>,
    /// Its topic, if known.
    pub topic_id: Option<Vec<u8>>,
}

/// A field of the room metadata that has a capability of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetadataField {
    /// `room_name`.
    Name,
    /// `room_descriptions`.
    Descriptions,
    /// `room_avatar`.
    Avatar,
    /// `room_subject`.
    Subject,
    /// `room_mood`.
    Mood,
}

impl MetadataField {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Name, Self::Descriptions, Self::Avatar, Self::Subject, Self::Mood];

    /// As vector files have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Descriptions => "descriptions",
            Self::Avatar => "avatar",
            Self::Subject => "subject",
            Self::Mood => "mood",
        }
    }

    fn read(place: &Place<'_>) -> Result<Self> {
        let name = place.as_text();
        Self::ALL.into_iter().find(|field| name == Some(field.name())).ok_or_else(|| {
            place.unexpected("\"name\", \"descriptions\", \"avatar\", \"subject\" or \"mood\"")
        })
    }
}

impl PolicyProposedChange {
    pub(super) fn read(place: &Place<'_>) -> Result<Self> {
        let by = place.open_members()?.optional("by").map(|by| PolicyActor::read(&by)).transpose()?;
        Ok(Self { by, change: PolicyChange::read(place)? })
    }

    /// As vector files have it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = self.change.to_json();
        if let (Some(by), Some(members)) = (&self.by, json.as_object_mut()) {
            members.insert("by".into(), by.to_json());
        }
        json
    }
}

impl From<PolicyChange> for PolicyProposedChange {
    fn from(change: PolicyChange) -> Self {
        Self { by: None, change }
    }
}

/// Each `op`, and its members.
const OPS: &[(&str, &[&str])] = &[
    ("add_participant", &["op", "by", "user", "role"]),
    ("remove_participant", &["op", "by", "user"]),
    ("set_role", &["op", "by", "user", "role"]),
    ("add_client", &["op", "by", "user", "client"]),
    ("remove_client", &["op", "by", "user", "client"]),
    ("use_join_code", &["op", "by", "user", "role", "valid"]),
    ("update_metadata", &["op", "by", "fields"]),
    ("update_roles", &["op", "by", "roles"]),
    ("update_preauth", &["op", "by", "preauth"]),
    ("update_base", &["op", "by", "base"]),
    ("reinit", &["op", "by"]),
    ("destroy_room", &["op", "by"]),
    ("content", &["op", "by", "encoded", "author_of", "earlier"]),
    ("use", &["op", "what"]),
];

impl PolicyChange {
    /// The `op` of vector files.
    #[must_use]
    pub const fn op(&self) -> &'static str {
        match self {
            Self::AddParticipant { .. } => "add_participant",
            Self::RemoveParticipant { .. } => "remove_participant",
            Self::SetRole { .. } => "set_role",
            Self::AddClient { .. } => "add_client",
            Self::RemoveClient { .. } => "remove_client",
            Self::UseJoinCode { .. } => "use_join_code",
            Self::UpdateMetadata { .. } => "update_metadata",
            Self::UpdateRoles { .. } => "update_roles",
            Self::UpdatePreauth { .. } => "update_preauth",
            Self::UpdateBase { .. } => "update_base",
            Self::Reinit => "reinit",
            Self::DestroyRoom => "destroy_room",
            Self::Content { .. } => "content",
            Self::Use { .. } => "use",
        }
    }

    pub(super) fn read(place: &Place<'_>) -> Result<Self> {
        let named = place.open_members()?.required("op")?;
        let text = named.text("the name of a change")?;
        let Some((op, known)) = OPS.iter().find(|(op, _)| *op == text) else {
            let all: Vec<&str> = OPS.iter().map(|(op, _)| *op).collect();
            return Err(named.unexpected(format!("one of {}", all.join(", "))));
        };
        let members = place.members(known)?;
        let uri = |name| members.required(name)?.uri();
        let role = || members.required("role")?.number();
        Ok(match *op {
            "add_participant" => Self::AddParticipant { user: uri("user")?, role: role()? },
            "remove_participant" => Self::RemoveParticipant { user: uri("user")? },
            "set_role" => Self::SetRole { user: uri("user")?, role: role()? },
            "add_client" => Self::AddClient { user: uri("user")?, client: uri("client")? },
            "remove_client" => Self::RemoveClient { user: uri("user")?, client: uri("client")? },
            "use_join_code" => Self::UseJoinCode {
                user: uri("user")?,
                role: role()?,
                valid: members.optional("valid").map(|valid| valid.flag()).transpose()?,
            },
            "update_metadata" => {
                let fields = members.required("fields")?.list()?;
                Self::UpdateMetadata {
                    fields: fields.iter().map(MetadataField::read).collect::<Result<_>>()?,
                }
            }
            "update_roles" => Self::UpdateRoles { roles: PolicyRoles::read(&members.required("roles")?)? },
            "update_preauth" => Self::UpdatePreauth { preauth: read_preauth(&members.required("preauth")?)? },
            "update_base" => Self::UpdateBase { base: read_base(&members.required("base")?)? },
            "reinit" => Self::Reinit,
            "destroy_room" => Self::DestroyRoom,
            "use" => Self::Use { what: PolicyUse::read(&members.required("what")?)? },
            _ => Self::Content {
                encoded: members.required("encoded")?.bytes()?,
                earlier: read_earlier(&members)?,
            },
        })
    }

    /// As vector files have it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let op = self.op();
        match self {
            Self::AddParticipant { user, role } | Self::SetRole { user, role } => {
                json!({"op": op, "user": user, "role": role})
            }
            Self::RemoveParticipant { user } => json!({"op": op, "user": user}),
            Self::AddClient { user, client } | Self::RemoveClient { user, client } => {
                json!({"op": op, "user": user, "client": client})
            }
            Self::UseJoinCode { user, role, valid } => {
                json!({"op": op, "user": user, "role": role, "valid": valid})
            }
            Self::UpdateMetadata { fields } => {
                json!({"op": op, "fields": fields.iter().map(|field| field.name()).collect::<Vec<_>>()})
            }
            Self::UpdateRoles { roles } => json!({"op": op, "roles": roles.to_json()}),
            Self::UpdatePreauth { preauth } => json!({"op": op, "preauth": preauth_to_json(preauth)}),
            Self::UpdateBase { base } => json!({"op": op, "base": base_to_json(base)}),
            Self::Reinit | Self::DestroyRoom => json!({"op": op}),
            Self::Use { what } => json!({"op": op, "what": what.name()}),
            Self::Content { encoded, earlier } => {
                let earlier: Map<String, Value> = earlier
                    .iter()
                    .map(|(id, message)| {
                        let topic_id = message.topic_id.as_ref().map(hex::encode);
                        let message = json!({
                            "author": message.author, "disposition": message.disposition, "topic_id": topic_id,
                        });
                        (hex::encode(id), message)
                    })
                    .collect();
                json!({"op": op, "encoded": hex::encode(encoded), "earlier": earlier})
            }
        }
    }
}

fn read_earlier(members: &Members<'_>) -> Result<BTreeMap<Vec<u8>, PolicyEarlierMessage>> {
    let mut earlier = BTreeMap::new();
    if let Some(messages) = members.optional("earlier") {
        for (id, message) in messages.open_members()?.all() {
            let members = message.members(&["author", "disposition", "topic_id"])?;
            let message = PolicyEarlierMessage {
                author: members.required("author")?.uri()?,
                disposition: members.optional("disposition").map(|place| place.short_number()).transpose()?,
                topic_id: members.optional("topic_id").map(|place| place.bytes()).transpose()?,
            };
            earlier.insert(message_id(id, &messages)?, message);
        }
    } else if let Some(messages) = members.optional("author_of") {
        for (id, author) in messages.open_members()?.all() {
            let message = PolicyEarlierMessage { author: author.uri()?, disposition: None, topic_id: None };
            earlier.insert(message_id(id, &messages)?, message);
        }
    }
    Ok(earlier)
}

fn message_id(name: &str, messages: &Place<'_>) -> Result<Vec<u8>> {
    Place::new("", &Value::from(name.to_owned()))
        .bytes()
        .map_err(|_| messages.unexpected("members named by message IDs in lower-case hex"))
}
