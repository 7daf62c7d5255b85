//! What [`Kind::generate`](super::Kind::generate) makes: each capability and each condition by
//! name, and decisions at random.

mod content;

mod random;
mod rulings;
mod scenes;
mod uses;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Value, json};

use crate::file_format::{GenerateError, GeneratedCase, Seed};
use mimi_policy::json::{PolicyCase, PolicyDecision};

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = scenes::cases()?;
    cases.extend(rulings::cases()?);
    cases.extend(content::cases()?);
    cases.extend(uses::cases()?);
    cases.extend(random::cases(seed)?);
    Ok(cases)
}

/// A room in the making.
#[derive(Clone)]
struct Scene {
    roles: Vec<Value>,
    preauth: Value,
    base: Value,
    participants: Vec<Value>,
    clients: Vec<Value>,
    pending: Vec<Value>,
    parent: Value,
    banned_in_parent: Value,
}

fn user(name: &str) -> String {
    format!("mimi://a.example/u/{name}")
}

fn client(name: &str, number: u32) -> String {
    format!("mimi://a.example/d/{name}-{number}")
}

fn role(index: u32, name: &str) -> Value {
    json!({"index": index, "name": name, "description": "", "capabilities": [], "min": 0, "min_active": 0, "changes": []})
}

/// Alice is an admin (3), Bob and Carol are users (2), Dave is a guest (4). All have a client, and
/// no user may do anything.
fn four() -> Scene {
    let roles = [(0, "no_role"), (1, "banned"), (2, "user"), (3, "admin"), (4, "guest")];
    let scene = Scene {
        roles: roles.into_iter().map(|(index, name)| role(index, name)).collect(),
        preauth: Value::Null,
        base: Value::Null,
        participants: Vec::new(),
        clients: Vec::new(),
        pending: Vec::new(),
        parent: Value::Null,
        banned_in_parent: Value::Null,
    };
    scene.active("alice", 3).active("bob", 2).active("carol", 2).active("dave", 4)
}

impl Scene {
    fn set(mut self, index: u32, member: &str, value: Value) -> Self {
        for role in self.roles.iter_mut().filter(|role| role.get("index") == Some(&index.into())) {
            if let Some(role) = role.as_object_mut() {
                role.insert(member.to_string(), value.clone());
            }
        }
        self
    }

    fn push(mut self, index: u32, member: &str, value: &[Value]) -> Self {
        for role in self.roles.iter_mut().filter(|role| role.get("index") == Some(&index.into())) {
            if let Some(list) = role.get_mut(member).and_then(Value::as_array_mut) {
                list.extend_from_slice(value);
            }
        }
        self
    }

    fn can(self, index: u32, capabilities: &[&str]) -> Self {
        let capabilities: Vec<Value> = capabilities.iter().map(|name| (*name).into()).collect();
        self.push(index, "capabilities", &capabilities)
    }

    fn moves(self, index: u32, from: u32, to: &[u32]) -> Self {
        self.push(index, "changes", &[json!([from, to])])
    }

    fn inactive(mut self, name: &str, role: u32) -> Self {
        self.participants.push(json!([user(name), role]));
        self
    }

    fn client(mut self, name: &str, number: u32) -> Self {
        self.clients.push(json!([user(name), client(name, number)]));
        self
    }

    fn active(self, name: &str, role: u32) -> Self {
        self.inactive(name, role).client(name, 1)
    }

    /// The base policy, as far as it is not the default.
    fn base(mut self, members: Value) -> Self {
        self.base = base(members);
        self
    }

    fn preauth(mut self, entries: Value) -> Self {
        self.preauth = entries;
        self
    }

    fn pending(mut self, by: Value, change: Value) -> Self {
        self.pending.push(json!({"by": by, "change": change}));
        self
    }

    fn parent(mut self, names: &[&str]) -> Self {
        self.parent = names.iter().map(|name| user(name)).collect();
        self
    }

    fn banned_in_parent(mut self, names: &[&str]) -> Self {
        self.banned_in_parent = names.iter().map(|name| user(name)).collect();
        self
    }

    fn json(&self) -> Value {
        let mut room =
            json!({"roles": self.roles, "participants": self.participants, "clients": self.clients});
        let rest = [
            ("base", &self.base),
            ("preauth", &self.preauth),
            ("parent_participants", &self.parent),
            ("banned_in_parent", &self.banned_in_parent),
        ];
        if let Some(room) = room.as_object_mut() {
            for (name, value) in rest.into_iter().filter(|(_, value)| !value.is_null()) {
                room.insert(name.into(), value.clone());
            }
            if !self.pending.is_empty() {
                room.insert("pending".into(), self.pending.clone().into());
            }
        }
        room
    }
}

fn base(members: Value) -> Value {
    let mut base = json!({"fixed_membership": false, "parent_dependant": false, "parent_room": "", "multi_device": true,
        "max_clients": null, "max_users": null, "pseudonyms_allowed": true, "persistent_room": true, "discoverable": false});
    if let (Some(base), Value::Object(members)) = (base.as_object_mut(), members) {
        base.extend(members);
    }
    base
}

fn by(name: &str) -> Value {
    device(name, 1)
}

fn device(name: &str, number: u32) -> Value {
    json!({"user": user(name), "client": client(name, number)})
}

/// A claim of an X.509 credential.
fn claim(id: &str, value: &str) -> Value {
    json!([2, hex::encode(id), hex::encode(value)])
}

fn claiming(name: &str, claims: &[Value]) -> Value {
    json!({"user": user(name), "client": client(name, 1), "claims": claims})
}

fn server(claims: &[Value]) -> Value {
    json!({"external_sender": "mimi://hub.example", "claims": claims})
}

fn add(name: &str, role: u32) -> Value {
    json!({"op": "add_participant", "user": user(name), "role": role})
}

fn remove(name: &str) -> Value {
    json!({"op": "remove_participant", "user": user(name)})
}

fn set(name: &str, role: u32) -> Value {
    json!({"op": "set_role", "user": user(name), "role": role})
}

fn add_client(name: &str, number: u32) -> Value {
    json!({"op": "add_client", "user": user(name), "client": client(name, number)})
}

fn remove_client(name: &str, number: u32) -> Value {
    json!({"op": "remove_client", "user": user(name), "client": client(name, number)})
}

fn code(name: &str, role: u32, valid: bool) -> Value {
    json!({"op": "use_join_code", "user": user(name), "role": role, "valid": valid})
}

/// A change that another user proposed.
fn proposed(mut change: Value, by: Value) -> Value {
    if let Some(change) = change.as_object_mut() {
        change.insert("by".into(), by);
    }
    change
}

/// A case of these members, with what `mimi-policy` decides.
fn case(
    name: &str,
    room: Value,
    actor: Value,
    form: &str,
    changes: Vec<Value>,
) -> Result<(GeneratedCase, PolicyDecision), GenerateError> {
    let texts = (room.to_string(), actor.to_string(), Value::from(changes.clone()).to_string());
    let whole = json!({"room": room, "actor": actor, "form": form, "changes": changes});
    let parsed =
        PolicyCase::from_json(&whole).map_err(|error| GenerateError::Defect(format!("{name}: {error}")))?;
    let decision = parsed.decide();
    let mut expect = json!({"allow": decision.is_allowed()});
    if let Some(expect) = expect.as_object_mut() {
        if let PolicyDecision::Refused(why) = &decision {
            expect.insert("reason".into(), why.to_string().into());
            if changes.iter().any(|change| {
                ["content", "use"].map(Value::from).iter().any(|op| change.get("op") == Some(op))
            }) {
                expect.insert("refused_by".into(), why.refused_by().names().into());
            }
        }
        if let Some(capability) = decision.capability().and_then(|capability| capability.name()) {
            expect.insert("capability".into(), capability.into());
        }
    }
    let made = GeneratedCase::new(name)
        .json_member("room", texts.0)
        .json_member("actor", texts.1)
        .text("form", form)
        .json_member("changes", texts.2)
        .json_member("expect", expect.to_string());
    Ok((made, decision))
}

/// The cases of one subject.
struct Cases(Vec<GeneratedCase>);

impl Cases {
    /// A case that `mimi-policy` must allow, or refuse.
    fn push(
        &mut self,
        allow: bool,
        name: &str,
        scene: &Scene,
        actor: Value,
        form: &str,
        changes: Vec<Value>,
    ) -> Result<(), GenerateError> {
        let (made, decision) = case(name, scene.json(), actor, form, changes)?;
        if decision.is_allowed() != allow {
            return Err(GenerateError::Defect(format!("{name}: {decision:?}")));
        }
        self.0.push(made);
        Ok(())
    }
}

fn none() -> Vec<Value> {
    vec![]
}
