//! Each capability and each condition by name, as `scenes/policy.json` tells them.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Cases, GenerateError, GeneratedCase, Scene, add, add_client, base, claim, claiming, code, device, four,
    proposed, remove, remove_client, role, server, set,
};

const SCENES: &str = include_str!("../../../../scenes/policy.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenes {
    subjects: Vec<Subject>,
}

/// The cases of one capability or condition, which stands before their names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    subject: String,
    /// What makes the room of its cases from that of [`four`].
    room: Vec<Edit>,
    cases: Vec<SceneCase>,
}

/// A case is named by what `mimi-policy` must decide.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SceneCase {
    allow: Option<String>,
    refuse: Option<String>,
    /// In place of the subject's room.
    room: Option<Vec<Edit>>,
    /// In addition to the subject's room.
    #[serde(default)]
    and: Vec<Edit>,
    by: SceneActor,
    form: String,
    #[serde(default)]
    changes: Vec<SceneChange>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Edit {
    /// A role has capabilities.
    Can(u32, Vec<String>),
    /// A role may move users from one role to others.
    Moves(u32, u32, Vec<u32>),
    /// A member of a role has this value.
    Set(u32, String, Value),
    /// A participant without clients, with a role.
    Inactive(String, u32),
    /// A client of a user, by its number.
    Client(String, u32),
    Preauth(Vec<SceneEntry>),
    Base(Map<String, Value>),
    Parent(Vec<String>),
    /// A change that was accepted before.
    Pending(SceneActor, SceneChange),
    /// A role's index a second time.
    Again(u32),
    WithoutClients,
}

/// Claims of X.509 credentials, each an identifier and a value.
type SceneClaims = Vec<(String, String)>;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SceneEntry {
    claims: SceneClaims,
    role: u32,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum SceneActor {
    FirstClient(String),
    Client(String, u32),
    WithClaims { user: String, claims: SceneClaims },
    Hub { hub: SceneClaims },
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SceneChange {
    AddParticipant(String, u32),
    RemoveParticipant(String),
    SetRole(String, u32),
    AddClient(String, u32),
    RemoveClient(String, u32),
    UseJoinCode(String, u32, bool),
    UpdateMetadata(Vec<String>),
    /// To those of [`four`].
    UpdateRoles,
    /// To an empty list.
    UpdatePreauth,
    UpdateBase(Map<String, Value>),
    Reinit,
    DestroyRoom,
    /// Proposed by another.
    Proposed(SceneActor, Box<SceneChange>),
}

pub(super) fn cases() -> Result<Vec<GeneratedCase>, GenerateError> {
    let scenes: Scenes = serde_json::from_str(SCENES)
        .map_err(|error| GenerateError::Defect(format!("scenes/policy.json: {error}")))?;
    let mut cases = Cases(Vec::new());
    for Subject { subject, room, cases: told } in scenes.subjects {
        for case in told {
            let (allow, what) = match (case.allow, case.refuse) {
                (Some(what), None) => (true, what),
                (None, Some(what)) => (false, what),
                _ => return Err(GenerateError::Defect(format!("{subject}: neither allowed nor refused"))),
            };
            let edits = case.room.unwrap_or_else(|| room.clone()).into_iter().chain(case.and);
            let scene = edits.fold(four(), |scene, edit| edit.apply(scene));
            let changes = case.changes.into_iter().map(SceneChange::json).collect();
            cases.push(allow, &format!("{subject}: {what}"), &scene, case.by.json(), &case.form, changes)?;
        }
    }
    Ok(cases.0)
}

impl Edit {
    fn apply(self, mut scene: Scene) -> Scene {
        match self {
            Self::Can(index, capabilities) => {
                let names: Vec<&str> = capabilities.iter().map(String::as_str).collect();
                return scene.can(index, &names);
            }
            Self::Moves(index, from, to) => return scene.moves(index, from, &to),
            Self::Set(index, member, value) => return scene.set(index, &member, value),
            Self::Inactive(name, role) => return scene.inactive(&name, role),
            Self::Client(name, number) => return scene.client(&name, number),
            Self::Preauth(entries) => {
                let entry = |entry: SceneEntry| json!({"claims": claims(&entry.claims), "role": entry.role});
                return scene.preauth(entries.into_iter().map(entry).collect());
            }
            Self::Base(members) => return scene.base(members.into()),
            Self::Parent(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return scene.parent(&names);
            }
            Self::Pending(by, change) => return scene.pending(by.json(), change.json()),
            Self::Again(index) => scene.roles.push(role(index, "again")),
            Self::WithoutClients => scene.clients.clear(),
        }
        scene
    }
}

fn claims(claims: &SceneClaims) -> Vec<Value> {
    claims.iter().map(|(id, value)| claim(id, value)).collect()
}

impl SceneActor {
    fn json(self) -> Value {
        match self {
            Self::FirstClient(name) => device(&name, 1),
            Self::Client(name, number) => device(&name, number),
            Self::WithClaims { user, claims: has } => claiming(&user, &claims(&has)),
            Self::Hub { hub } => server(&claims(&hub)),
        }
    }
}

impl SceneChange {
    fn json(self) -> Value {
        match self {
            Self::AddParticipant(name, role) => add(&name, role),
            Self::RemoveParticipant(name) => remove(&name),
            Self::SetRole(name, role) => set(&name, role),
            Self::AddClient(name, number) => add_client(&name, number),
            Self::RemoveClient(name, number) => remove_client(&name, number),
            Self::UseJoinCode(name, role, valid) => code(&name, role, valid),
            Self::UpdateMetadata(fields) => json!({"op": "update_metadata", "fields": fields}),
            Self::UpdateRoles => json!({"op": "update_roles", "roles": four().roles}),
            Self::UpdatePreauth => json!({"op": "update_preauth", "preauth": []}),
            Self::UpdateBase(members) => json!({"op": "update_base", "base": base(members.into())}),
            Self::Reinit => json!({"op": "reinit"}),
            Self::DestroyRoom => json!({"op": "destroy_room"}),
            Self::Proposed(by, change) => proposed(change.json(), by.json()),
        }
    }
}
