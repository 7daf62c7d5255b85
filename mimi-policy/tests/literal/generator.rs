//! Rooms, actors and changes at random: from few names, so that they meet; mostly sensible, so that
//! something is allowed; often nearly so, so that each condition decides.

use std::collections::BTreeSet;

use super::room::{Base, Cap, Change, Claim, Field, Form, Preauth, Role, Room, Try, Uri, Who};

/// Where choices come from: first a fuzzer's bytes, one for each, then a generator.
pub(crate) struct Dice<'a> {
    bytes: &'a [u8],
    state: u64,
}

impl<'a> Dice<'a> {
    /// Where the bytes end, one seed makes the same choices for all of them, so that a change of
    /// one byte changes little.
    pub(crate) fn new(bytes: &'a [u8], seed: u64) -> Self {
        Self { bytes, state: seed }
    }

    /// SplitMix64: a test needs no better.
    fn next(&mut self) -> u64 {
        if let Some((first, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return u64::from(*first);
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// So many times in a hundred.
    fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.below(from.len())].clone()) }
    }

    fn one_of<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

// Names that are prefixes of each other, or differ in the case of a letter: they are other names.
const USERS: [Uri; 6] = [
    "mimi://a.example/u/ann",
    "mimi://a.example/u/anna",
    "mimi://a.example/u/Ann",
    "mimi://b.example/u/ann",
    "mimi://b.example/u/bob",
    "mimi://c.example/u/cy",
];
const SERVERS: [Uri; 2] = ["mimi://hub.example", "mimi://enforcer.example"];
const CLIENTS: [Uri; 9] = [
    "mimi://a.example/d/1",
    "mimi://a.example/d/2",
    "mimi://a.example/d/3",
    "mimi://a.example/d/11",
    "mimi://b.example/d/1",
    "mimi://b.example/d/2",
    "mimi://b.example/d/3",
    "mimi://c.example/d/1",
    "mimi://c.example/d/2",
];
const CLAIMS: [Claim; 5] = [(2, 0, 0), (2, 0, 1), (2, 1, 0), (3, 0, 0), (3, 1, 1)];
const PARENT: Uri = "mimi://a.example/r/parent";

pub(crate) fn any_try(dice: &mut Dice<'_>) -> Try {
    let room = any_room(dice);
    any_try_in(dice, room)
}

/// A wish of a user in this room.
pub(crate) fn any_try_in(dice: &mut Dice<'_>, room: Room) -> Try {
    let actor = any_actor(dice, &room);
    let form = any_form(dice, &room, &actor);
    let mut changes = Vec::new();
    for _ in 0..dice.one_of(&[1, 1, 1, 1, 1, 2, 2, 3]) {
        add_changes(dice, &room, &actor, form, &mut changes);
    }
    if form == Form::Commit && dice.percent(25) {
        let other = any_actor(dice, &room);
        if other != actor {
            let way = any_form(dice, &room, &other);
            let mut proposed = Vec::new();
            add_changes(dice, &room, &other, way, &mut proposed);
            changes.extend(proposed.into_iter().map(|(_, change)| (Some(other.clone()), change)));
        }
    }
    if matches!(form, Form::Commit | Form::ExternalCommit) && dice.percent(3) {
        changes.clear();
    }
    if dice.percent(2) && !changes.is_empty() {
        let again = dice.one_of(&changes);
        changes.push(again);
    }
    if changes.is_empty() && matches!(form, Form::Proposal | Form::ExternalProposal) {
        // No proposals are no message.
        changes.push((None, Change::Destroy));
    }
    Try { room, actor, form, changes }
}

pub(crate) fn any_room(dice: &mut Dice<'_>) -> Room {
    let mut base = Base {
        fixed_membership: dice.percent(8),
        parent_dependant: dice.percent(8),
        parent_room: "",
        multi_device: !dice.percent(15),
        max_clients: None,
        max_users: None,
    };
    let roles = any_roles(dice, base.fixed_membership);
    let indexes: Vec<u32> = roles.iter().map(|role| role.index).filter(|index| *index != 0).collect();
    let mut list: Vec<(Uri, u32)> = Vec::new();
    for user in USERS {
        if dice.percent(60)
            && let Some(role) = dice.pick(&indexes)
        {
            let role = if role == 1 && dice.percent(50) { dice.one_of(&indexes) } else { role };
            list.push((user, role));
        }
    }
    if dice.percent(10)
        && let Some(role) = dice.pick(&indexes)
    {
        list.push((SERVERS[1], role));
    }
    if dice.percent(2) {
        let user = dice.one_of(&USERS);
        let role = dice.one_of(&[0, 2, 9]);
        list.push((user, role));
    }
    let mut clients: Vec<(Uri, Uri)> = Vec::new();
    for client in CLIENTS {
        if dice.percent(50)
            && let Some((user, role)) = dice.pick(&list)
            // A server has no clients.
            && !SERVERS.contains(&user)
        {
            let active_before = clients.iter().any(|(owner, _)| *owner == user);
            let crowded = !base.multi_device && active_before;
            let no_user_active = roles.iter().any(|r| r.index == role && r.max_active == Some(0));
            if (!crowded && !no_user_active) || dice.percent(3) {
                clients.push((user, client));
            }
        }
    }
    if dice.percent(1) {
        clients.push((dice.one_of(&USERS), dice.one_of(&CLIENTS)));
        let (_, last) = clients[clients.len() - 1];
        let position = clients.iter().position(|(_, client)| *client == last).unwrap();
        clients.truncate(clients.len() - usize::from(position + 1 < clients.len()));
    }
    let near = |dice: &mut Dice<'_>, count: usize| {
        (count as u32 + dice.one_of(&[0, 0, 1, 2])).saturating_sub(u32::from(dice.percent(8)))
    };
    if dice.percent(12) {
        base.max_clients = Some(near(dice, clients.len()));
    }
    if dice.percent(12) {
        let banned = roles.iter().any(|role| role.index == 1 && role.name == "banned");
        base.max_users = Some(near(dice, list.iter().filter(|(_, role)| !(banned && *role == 1)).count()));
    }
    let mut parent_participants = None;
    if base.parent_dependant {
        base.parent_room = if dice.percent(97) { PARENT } else { "" };
        let mut parent: Vec<Uri> =
            USERS.into_iter().chain([SERVERS[1]]).filter(|_| dice.percent(70)).collect();
        for (user, _) in &list {
            if !parent.contains(user) && !dice.percent(2) {
                parent.push(user);
            }
        }
        parent_participants = Some(parent);
    }
    Room { base, roles, preauth: any_preauth(dice), list, clients, parent_participants }
}

fn any_roles(dice: &mut Dice<'_>, fixed_membership: bool) -> Vec<Role> {
    let mut indexes = vec![0, 2, 3];
    if dice.percent(85) {
        indexes.push(1);
    }
    if dice.percent(50) {
        indexes.push(7);
    }
    if dice.percent(1) {
        indexes.push(2);
    }
    if dice.percent(2) {
        indexes.retain(|index| *index != 0);
    }
    let density = dice.one_of(&[20, 50, 80, 95]);
    let broken = dice.percent(2);
    indexes.iter().map(|&index| any_role(dice, index, &indexes, density, fixed_membership, broken)).collect()
}

fn any_role(
    dice: &mut Dice<'_>,
    index: u32,
    indexes: &[u32],
    density: u64,
    fixed_membership: bool,
    broken: bool,
) -> Role {
    let name = match index {
        1 if dice.percent(92) => "banned",
        2 if dice.percent(2) => "banned",
        _ => dice.one_of(&["", "user", "Banned"]),
    };
    let quiet = index == 1 && name == "banned" && dice.percent(80);
    let mut capabilities: BTreeSet<Cap> =
        Cap::ALL.into_iter().filter(|_| !quiet && dice.percent(density)).collect();
    if index != 0 && !broken {
        capabilities.remove(&Cap::OpenJoin);
    }
    if index != 0 && fixed_membership && !(broken || index == 1 && name == "banned") {
        capabilities.remove(&Cap::AddParticipant);
    }
    let limited = dice.percent(40);
    let limit =
        |dice: &mut Dice<'_>| if limited && dice.percent(50) { Some(dice.below(4) as u32) } else { None };
    let (min, max, min_active, mut max_active) =
        (limit(dice).unwrap_or(0), limit(dice), limit(dice).unwrap_or(0), limit(dice));
    if quiet && dice.percent(85) {
        max_active = Some(0);
    }
    let broken = broken && dice.percent(50);
    let mut changes = Vec::new();
    for &from in indexes {
        if dice.percent(75) {
            changes.push((from, indexes.iter().copied().filter(|_| dice.percent(65)).collect()));
        }
    }
    if dice.percent(10) {
        changes.push((dice.one_of(indexes), vec![dice.one_of(&[0, 1, 2, 3, 9])]));
    }
    Role {
        index,
        name,
        capabilities,
        min: if broken { min } else { min.min(max.unwrap_or(min)) },
        max,
        min_active: if broken { min_active } else { min_active.min(max_active.unwrap_or(min_active)) },
        max_active,
        changes,
    }
}

fn any_preauth(dice: &mut Dice<'_>) -> Vec<Preauth> {
    let mut preauth = Vec::new();
    for _ in 0..dice.one_of(&[0, 1, 2, 2, 3]) {
        preauth.push(Preauth { claims: any_claims(dice, 2), role: dice.one_of(&[0, 1, 2, 2, 3, 3, 7, 9]) });
    }
    preauth
}

fn any_claims(dice: &mut Dice<'_>, most: usize) -> Vec<Claim> {
    (0..dice.below(most + 1)).map(|_| dice.one_of(&CLAIMS)).collect()
}

fn any_actor(dice: &mut Dice<'_>, room: &Room) -> Who {
    let claims = any_claims(dice, 4);
    let free: Vec<Uri> = CLIENTS.into_iter().filter(|client| !room.has_client(client)).collect();
    let unlisted: Vec<Uri> = USERS.into_iter().filter(|user| room.role_of(user).is_none()).collect();
    let any_client = dice.one_of(&CLIENTS);
    match dice.below(100) {
        0..55 => {
            if let Some((user, client)) = dice.pick(&room.clients) {
                return Who::User { user, client, claims };
            }
        }
        55..67 => {
            if let Some((user, _)) = dice.pick(&room.list) {
                return Who::User { user, client: dice.pick(&free).unwrap_or(any_client), claims };
            }
        }
        67..83 => {
            if let Some(user) = dice.pick(&unlisted) {
                return Who::User { user, client: dice.pick(&free).unwrap_or(any_client), claims };
            }
        }
        83..98 => return Who::Server { uri: dice.one_of(&SERVERS), claims },
        _ => {}
    }
    Who::User { user: dice.one_of(&USERS), client: any_client, claims }
}

fn any_form(dice: &mut Dice<'_>, room: &Room, actor: &Who) -> Form {
    if dice.percent(4) {
        return dice.one_of(&[Form::Proposal, Form::Commit, Form::ExternalCommit, Form::ExternalProposal]);
    }
    match actor {
        Who::Server { .. } => Form::ExternalProposal,
        Who::User { user, client, .. } if room.clients.contains(&(*user, *client)) => {
            if dice.percent(60) {
                Form::Commit
            } else {
                Form::Proposal
            }
        }
        Who::User { .. } if dice.percent(85) => Form::ExternalCommit,
        Who::User { .. } => Form::ExternalProposal,
    }
}

/// One thing that a user wants, with all that belongs to it; sometimes without.
fn add_changes(
    dice: &mut Dice<'_>,
    room: &Room,
    actor: &Who,
    form: Form,
    changes: &mut Vec<(Option<Who>, Change)>,
) {
    let mut push = |change| changes.push((None, change));
    let me = actor.uri();
    let listed: Vec<Uri> = room.list.iter().map(|(user, _)| *user).collect();
    let others: Vec<Uri> = listed.iter().copied().filter(|user| *user != me || dice.percent(2)).collect();
    let unlisted: Vec<Uri> = USERS.into_iter().filter(|user| !listed.contains(user)).collect();
    let free: Vec<Uri> = CLIENTS.into_iter().filter(|client| !room.has_client(client)).collect();
    let free_client = dice.pick(&free).unwrap_or(CLIENTS[0]);
    let role = dice.one_of(&[0, 1, 2, 2, 2, 3, 3, 7, 9]);
    let clients_of = |user: Uri| -> Vec<Uri> {
        room.clients.iter().filter(|(owner, _)| *owner == user).map(|(_, client)| *client).collect()
    };
    if form == Form::ExternalCommit && dice.percent(95) {
        let Who::User { user, client, .. } = actor else { return };
        if room.role_of(user).is_none() && dice.percent(97) {
            match dice.below(3) {
                0 => push(Change::JoinCode {
                    user,
                    role,
                    valid: (!dice.percent(25)).then(|| dice.percent(80)),
                }),
                _ => push(Change::Add(user, role)),
            }
        }
        if dice.percent(50) {
            push(Change::AddClient(user, client));
        }
        return;
    }
    match dice.below(16) {
        0 | 1 => {
            let user = dice.pick(&unlisted).unwrap_or(USERS[0]);
            push(Change::Add(user, role));
            if dice.percent(50) {
                push(Change::AddClient(user, free_client));
            }
        }
        2 | 3 => {
            let Some(user) = dice.pick(&others) else { return };
            push(Change::Remove(user));
            for client in clients_of(user) {
                if dice.percent(93) {
                    push(Change::RemoveClient(user, client));
                }
            }
        }
        4 | 5 => {
            let Some(user) = dice.pick(&others) else { return };
            push(Change::SetRole(user, role));
            if role == 1 {
                for client in clients_of(user) {
                    if dice.percent(95) {
                        push(Change::RemoveClient(user, client));
                    }
                }
            }
        }
        6 => {
            let banned: Vec<Uri> =
                room.list.iter().filter(|(_, role)| *role == 1).map(|(user, _)| *user).collect();
            let Some(user) = dice.pick(&banned) else { return };
            push(Change::SetRole(user, dice.one_of(&[0, 1, 2, 2, 3, 3, 7])));
        }
        7 => {
            let Some(user) = dice.pick(&others) else { return };
            for client in clients_of(user) {
                if dice.percent(70) {
                    push(Change::RemoveClient(user, client));
                }
            }
        }
        8 => {
            push(Change::Remove(me));
            for client in clients_of(me) {
                if dice.percent(96) {
                    push(Change::RemoveClient(me, client));
                }
            }
        }
        9 => {
            let mine = clients_of(me);
            let Some(client) = dice.pick(&mine) else { return };
            push(Change::RemoveClient(me, client));
        }
        10 => {
            let user = if dice.percent(90) { me } else { dice.pick(&listed).unwrap_or(me) };
            let client = match actor {
                Who::User { client, .. } if form == Form::ExternalProposal && dice.percent(90) => client,
                _ => free_client,
            };
            push(Change::AddClient(user, client));
        }
        11 => {
            let target = room.preauth.iter().map(|entry| entry.role).find(|role| *role != 0);
            push(Change::SetRole(me, if dice.percent(60) { target.unwrap_or(role) } else { role }));
        }
        12 => {
            let all = [Field::Name, Field::Descriptions, Field::Avatar, Field::Subject, Field::Mood];
            let fields: BTreeSet<Field> = all.into_iter().filter(|_| dice.percent(30)).collect();
            if !fields.is_empty() {
                push(Change::Metadata(fields));
            }
        }
        13 => {
            let mut roles = if dice.percent(50) {
                room.roles.clone()
            } else {
                any_roles(dice, room.base.fixed_membership)
            };
            if dice.percent(10) {
                roles.pop();
            }
            push(Change::Roles(roles));
        }
        14 => push(Change::Preauth(any_preauth(dice))),
        _ => match dice.below(4) {
            0 => push(Change::Reinit),
            1 => push(Change::Destroy),
            _ => {
                let mut base = room.base.clone();
                match dice.below(4) {
                    0 => base.fixed_membership = !base.fixed_membership,
                    1 => base.multi_device = !base.multi_device,
                    2 => base.max_users = Some(dice.below(7) as u32),
                    _ => base.max_clients = Some(dice.below(9) as u32),
                }
                push(Change::Base(base));
            }
        },
    }
}
