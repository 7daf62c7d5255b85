//! Small rooms to decide in. Users are called by first names, clients by the user's name and a
//! number.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use mimi_codec::{
    Opaque,
    code_points::CredentialType,
    protocol::{ParticipantListData, RoomMetaData, UTF8String, Uri, UserRolePair},
    room_policy::{
        BaseRoomPolicy, Claim, ClaimId, PreAuthData, PreAuthRoleEntry, Role, RoleData,
        SingleSourceRoleChangeTargets,
    },
};
use mimi_policy::{
    Actor, Change, Claims, ClientUri, Form, Grant, JoinCode, Plan, ProposedChange, Reason, Refusal,
    RoomParts, RoomState, TableSeed, UserUri,
};

pub use mimi_codec::CapabilityType as Cap;

#[derive(Clone, Debug)]
pub struct Scene {
    pub parts: RoomParts,
}

pub fn role(index: u32, name: &str) -> Role {
    Role {
        role_index: index,
        role_name: name.into(),
        role_description: String::new(),
        role_capabilities: vec![],
        minimum_participants_constraint: 0,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: vec![],
    }
}

/// A room with the roles no user (0), banned (1), user (2), admin (3) and guest (4), none of which
/// may do anything.
pub fn scene() -> Scene {
    let roles = [(0, "no_role"), (1, "banned"), (2, "user"), (3, "admin"), (4, "guest")];
    let roles = roles.into_iter().map(|(index, name)| role(index, name)).collect();
    Scene { parts: RoomParts::new(RoleData { roles }, ParticipantListData { participants: vec![] }) }
}

/// Alice is an admin, bob and carol are users, dave is a guest, and all have a client.
pub fn four() -> Scene {
    scene().active("alice", 3).active("bob", 2).active("carol", 2).active("dave", 4)
}

impl Scene {
    pub fn role(&mut self, index: u32) -> &mut Role {
        self.parts.roles.roles.iter_mut().find(|role| role.role_index == index).unwrap()
    }

    pub fn edit(mut self, index: u32, edit: impl FnOnce(&mut Role)) -> Self {
        edit(self.role(index));
        self
    }

    /// Gives a role capabilities.
    pub fn can(self, index: u32, capabilities: &[Cap]) -> Self {
        self.edit(index, |role| role.role_capabilities.extend(capabilities))
    }

    /// Lets a role move users.
    pub fn moves(self, index: u32, from: u32, to: &[u32]) -> Self {
        self.edit(index, |role| {
            role.authorized_role_changes.push(SingleSourceRoleChangeTargets {
                from_role_index: from,
                target_role_indexes: to.to_vec(),
            });
        })
    }

    pub fn base(mut self, edit: impl FnOnce(&mut BaseRoomPolicy)) -> Self {
        edit(self.parts.base.get_or_insert_with(RoomParts::default_base));
        self
    }

    pub fn preauth(mut self, entries: &[(&[Claim], u32)]) -> Self {
        let entries = entries
            .iter()
            .map(|(claims, role)| PreAuthRoleEntry { claimset: claims.to_vec(), target_role: *role });
        self.parts.preauth = Some(PreAuthData { preauthorized_entries: entries.collect() });
        self
    }

    /// A participant without clients.
    pub fn inactive(mut self, user: &str, role: u32) -> Self {
        self.parts.participants.participants.push(UserRolePair { user: user.into(), role_index: role });
        self
    }

    /// A participant with one client.
    pub fn active(self, user: &str, role: u32) -> Self {
        self.inactive(user, role).client(user, 1)
    }

    pub fn client(mut self, user: &str, number: u32) -> Self {
        self.parts.clients.push((user.into(), device(user, number).into()));
        self
    }

    pub fn parent(mut self, users: &[&str]) -> Self {
        self.parts.parent_participants = Some(users.iter().map(|user| (*user).into()).collect());
        self
    }

    pub fn room(&self) -> RoomState {
        RoomState::new(self.parts.clone(), TableSeed::known()).unwrap()
    }

    pub fn decide(&self, actor: &Actor, form: Form, changes: &[ProposedChange]) -> Result<Plan, Refusal> {
        self.room().check(actor, form, changes)
    }

    /// The grants, if it is allowed; applying the plan leaves a room that could be built anew.
    #[track_caller]
    pub fn allows(&self, actor: &Actor, form: Form, changes: impl Into<Changes>) -> Vec<Grant> {
        allows(&self.room(), actor, form, changes)
    }

    /// The place of the refused change and the reason.
    #[track_caller]
    pub fn refuses(&self, actor: &Actor, form: Form, changes: impl Into<Changes>) -> (Option<usize>, Reason) {
        refuses(&self.room(), actor, form, changes)
    }
}

/// Admins may do everything to all users.
pub fn ruled() -> Scene {
    let all = Cap::REGISTERED.iter().filter(|capability| **capability != Cap::CAN_OPEN_JOIN);
    let mut scene = four().can(3, &all.copied().collect::<Vec<_>>());
    for from in 0..5 {
        scene = scene.moves(3, from, &[0, 1, 2, 3, 4]);
    }
    scene
}

/// The same roles again.
pub fn roles() -> Change {
    Change::UpdateRoles(ruled().parts.roles)
}

/// No user is preauthorized any more.
pub fn preauth() -> Change {
    Change::UpdatePreAuth(PreAuthData { preauthorized_entries: vec![] })
}

/// A name, and no other metadata.
pub fn name(name: &str) -> Change {
    Change::UpdateMetadata(Box::new(metadata(name, "", "", "")))
}

/// The default base policy, edited.
pub fn base(edit: impl FnOnce(&mut BaseRoomPolicy)) -> Change {
    let mut base = RoomParts::default_base();
    edit(&mut base);
    Change::UpdateBase(Box::new(base))
}

pub struct Changes(pub Vec<ProposedChange>);

impl<const N: usize> From<[Change; N]> for Changes {
    fn from(changes: [Change; N]) -> Self {
        Self(changes.into_iter().map(ProposedChange::from).collect())
    }
}

impl<const N: usize> From<[ProposedChange; N]> for Changes {
    fn from(changes: [ProposedChange; N]) -> Self {
        Self(changes.into())
    }
}

impl From<Change> for Changes {
    fn from(change: Change) -> Self {
        Self(vec![change.into()])
    }
}

impl From<ProposedChange> for Changes {
    fn from(change: ProposedChange) -> Self {
        Self(vec![change])
    }
}

impl From<()> for Changes {
    fn from((): ()) -> Self {
        Self(vec![])
    }
}

#[track_caller]
pub fn allows(room: &RoomState, actor: &Actor, form: Form, changes: impl Into<Changes>) -> Vec<Grant> {
    let plan = room.check(actor, form, &changes.into().0).unwrap_or_else(|refusal| panic!("{refusal}"));
    let grants = plan.grants().to_vec();
    let mut after = room.clone();
    after.apply(plan).unwrap();
    grants
}

#[track_caller]
pub fn refuses(
    room: &RoomState,
    actor: &Actor,
    form: Form,
    changes: impl Into<Changes>,
) -> (Option<usize>, Reason) {
    match room.check(actor, form, &changes.into().0) {
        Ok(plan) => panic!("allowed by {:?}", plan.grants()),
        Err(refusal) => (refusal.change, refusal.reason),
    }
}

/// Checks and applies.
#[track_caller]
pub fn accept(room: &mut RoomState, actor: &Actor, form: Form, changes: impl Into<Changes>) {
    let plan = room.check(actor, form, &changes.into().0).unwrap_or_else(|refusal| panic!("{refusal}"));
    room.apply(plan).unwrap();
}

pub fn device(user: &str, number: u32) -> ClientUri {
    ClientUri::new(format!("{user}/{number}").as_str()).unwrap()
}

/// The first client of a user.
pub fn by(user: &str) -> Actor {
    with(user, &[])
}

/// The first client of a user, with claims.
pub fn with(user: &str, claims: &[Claim]) -> Actor {
    Actor::Client { user: uri(user), client: device(user, 1), claims: Claims::new(claims.to_vec()).unwrap() }
}

/// Another client of a user.
pub fn by_device(user: &str, number: u32) -> Actor {
    Actor::client(uri(user), device(user, number))
}

pub fn server(claims: &[Claim]) -> Actor {
    Actor::external_sender(uri("hub"), Claims::new(claims.to_vec()).unwrap())
}

pub fn claim(id: &str, value: &str) -> Claim {
    let claim_id = ClaimId { credential_type: CredentialType::X509, id: Opaque::from(id) };
    Claim { claim_id, claim_value: Opaque::from(value) }
}

pub fn add(user: &str, role: u32) -> Change {
    Change::AddParticipant { user: user.try_into().unwrap(), role }
}

pub fn remove(user: &str) -> Change {
    Change::RemoveParticipant { user: user.try_into().unwrap() }
}

pub fn set(user: &str, role: u32) -> Change {
    Change::SetRole { user: user.try_into().unwrap(), role }
}

pub fn add_client(user: &str, number: u32) -> Change {
    Change::AddClient { user: user.try_into().unwrap(), client: device(user, number) }
}

pub fn remove_client(user: &str, number: u32) -> Change {
    Change::RemoveClient { user: user.try_into().unwrap(), client: device(user, number) }
}

pub fn code(user: &str, role: u32, code: JoinCode) -> Change {
    Change::UseJoinCode { user: user.try_into().unwrap(), role, code }
}

pub fn metadata(name: &str, avatar: &str, subject: &str, mood: &str) -> RoomMetaData {
    let text = |text: &str| UTF8String::new(text).unwrap();
    RoomMetaData::new(
        Uri::new("mimi://a.example/r/x"),
        text(name),
        vec![],
        Uri::new(avatar),
        text(subject),
        text(mood),
    )
    .unwrap()
}

pub fn user(name: &str) -> UserUri {
    name.try_into().unwrap()
}

/// A user, by a name in the spelling that counts.
pub fn uri(user: &str) -> UserUri {
    UserUri::try_from(user).unwrap()
}
