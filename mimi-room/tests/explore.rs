//! Small worlds, explored exhaustively: hub, three users with two clients each, and a network that
//! delays, repeats, reorders and loses.
//!
//! A world holds the hub, the clients, the handshakes that are under way to the hub, its answers,
//! and the fan-outs that no client has received yet. A [`Scope`] bounds how many handshakes are
//! made, how many messages are sent and how often the network misbehaves. Within those bounds
//! *every* interleaving is visited: the search ends because no world is left, not because of a
//! limit. Every second step starts from worlds whose hub and clients have restarted from their
//! snapshots, and some steps are taken by both and compared.
//!
//! In every world a dishonest member and a dishonest hub try what they can, see [`probes`]; what
//! the hub refuses is handed on to all honest clients all the same. What is asked of every world
//! is in [`check`], [`lawful`] and [`can_go_on`]. That an honest user can always go on is asked of
//! worlds in which nothing is under way: each world leads to one by receiving.
//!
//! There are seven rooms to start from, and 26,710 worlds to visit, by 81,488 steps.
//! `MIMI_ROOM_HANDSHAKES=3` (`.ci/nightly`) allows more handshakes in each; a debug build visits a
//! sample. `tests/faults` puts deliberate faults into the crate and demands that the search finds
//! each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

#[allow(dead_code)]
mod model;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use mimi_codec::{
    Decode, Encode, UserUri,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect, SelfRemove},
    mls::{Add, Proposal, Remove, Sender},
    protocol::{
        FanoutEvent, FanoutMessage, HandshakeBundle, ParticipantListData, ParticipantListUpdate,
        ProposalMessage, ProposalMessages, UpdateRequest, UpdateRoomResponse, UserRolePair,
    },
};
use mimi_policy::{BANNED_ROLE, preset::ExampleRoom};
use mimi_room::{
    ComponentUpdates, Identity, MlsStack, Wishes,
    client::Event,
    hub::{Call, Hub},
};
use model::{
    Suite, hash, leaf, suite,
    world::{CLIENTS, Names, World, hub, key_package, peer, request_of, room_uri, user},
};

const ORDINARY: u32 = 2;
const ADMIN: u32 = 3;

/// How far a search goes.
struct Scope {
    /// The clients that are in the room from the start, and their users' roles.
    present: &'static [(usize, u32)],
    /// The clients that make handshakes. The others only receive, each message at once: that they
    /// might do so later makes no difference to anyone else.
    active: &'static [usize],
    /// What is done before the search begins.
    before: &'static [Action],
    budget: Budget,
}

/// What may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Budget {
    handshakes: u8,
    messages: u8,
    /// Answers that are lost, bodies and fan-outs that come twice or too early.
    trouble: u8,
}

/// What a client wants of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// To commit what waits, or new keys.
    Commit,
    /// To leave.
    Leave,
    /// A user in the room, with this client.
    Add(usize),
    Remove(usize),
    Ban(usize),
    /// A banned user as an ordinary one.
    Pardon(usize),
    /// A proposal that makes the user an admin.
    Propose(usize),
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// A client makes a handshake, which waits to be sent.
    Make(usize, Want),
    /// The handshake arrives at the hub, perhaps once more.
    Post(usize),
    /// The hub's answer arrives.
    Hear(usize),
    /// The hub's answer is lost.
    Lose(usize),
    /// A client receives what is next.
    Receive(usize),
    /// A client receives what comes after that first.
    Ahead(usize),
    /// A client receives what is next, twice.
    Twice(usize),
    /// A client sends an application message.
    Speak(usize),
    /// A client joins from outside: as what the list says, or as a stranger.
    Join(usize),
}

/// A world, and what may still happen in it.
#[derive(Clone)]
struct Place {
    world: World,
    budget: Budget,
}

/// The participant list as the last commit has left it.
fn list_of(world: &World) -> BTreeMap<String, u32> {
    let data = world.hosted.room().dictionary().data(ComponentID::PARTICIPANT_LIST).unwrap();
    let list = ParticipantListData::decode_exact(data).unwrap().participants;
    list.into_iter().map(|pair| (String::from_utf8(pair.user.to_vec()).unwrap(), pair.role_index)).collect()
}

/// The users who made a handshake, and those whose proposals it takes up.
fn responsible(world: &World, client: usize) -> Vec<UserUri> {
    let room = world.hosted.room();
    let senders = room.waiting().iter().filter_map(|it| match it.sender() {
        Sender::Member { leaf_index } => room.members().get(*leaf_index).map(|it| it.user.clone()),
        _ => None,
    });
    senders.chain([user(client)]).collect()
}

/// The rules of the strict room in a few lines, beside the policy: admins change the list, and
/// users leave.
fn lawful(before: &World, after: &World, client: usize) {
    let (old, new) = (list_of(before), list_of(after));
    let responsible = responsible(before, client);
    let admin = responsible.iter().any(|user| before.hosted.room().role_of(user) == Some(ADMIN));
    let itself = |user: &str| responsible.iter().any(|it| it.as_bytes() == user.as_bytes());
    for (user, role) in &new {
        assert!(old.get(user) == Some(role) || admin, "{user} gets role {role} from {responsible:?}");
        assert!(CLIENTS.iter().any(|(known, _)| known == user), "{user} is another spelling");
    }
    for user in old.keys().filter(|user| !new.contains_key(*user)) {
        assert!(admin || itself(user), "{user} is removed by {responsible:?}");
    }
    for (_, member) in after.hosted.room().members().iter() {
        let role = new.get(&member.user.to_string());
        assert!(role.is_some_and(|role| *role != BANNED_ROLE), "{} is in as {role:?}", member.user);
    }
}

impl Place {
    fn start(hub: &Hub<Suite, Names>, scope: &Scope) -> Self {
        let roles = ExampleRoom::Strict.roles();
        let mut world = World::with(hub, &roles, scope.present);
        let budget = Budget { handshakes: 9, messages: 9, trouble: 9 };
        let mut place = Self { world: world.clone(), budget };
        for action in scope.before {
            assert!(place.act(hub, *action), "{action:?}");
        }
        place.deliver(scope);
        world = place.world;
        Self { world, budget: scope.budget }
    }

    /// What distinguishes this place from others: all that is stored, and all that is under way.
    fn key(&self) -> [u8; 16] {
        let Budget { handshakes, messages, trouble } = self.budget;
        let mut bytes = vec![handshakes, messages, trouble];
        let mut add = |part: Vec<u8>| {
            bytes.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend(part);
        };
        add(self.world.hosted.snapshot().unwrap());
        for client in &self.world.clients {
            add(client.room.as_ref().map_or_else(Vec::new, |room| room.snapshot().unwrap()));
            add(client.answer.as_ref().map_or_else(Vec::new, |answer| answer.to_bytes().unwrap()));
            add(client.mail.iter().flat_map(|message| message.to_bytes().unwrap()).collect());
        }
        hash(&[&bytes])
    }

    fn restarted(&self, hub: &Hub<Suite, Names>) -> Self {
        let mut world = self.world.clone();
        world.restart_hub(hub);
        for client in 0..CLIENTS.len() {
            world.restart_client(client);
        }
        Self { world, budget: self.budget }
    }

    fn is_current(&self, client: usize) -> bool {
        let Some(room) = &self.world.clients[client].room else { return false };
        self.world.clients[client].mail.is_empty()
            && room.pending_request().is_none()
            && room.room().group_context() == self.world.hosted.room().group_context()
            && room.room().waiting() == self.world.hosted.room().waiting()
    }

    fn actions(&self, scope: &Scope) -> Vec<Action> {
        let mut actions = Vec::new();
        let banned = |client: usize| list_of(&self.world).get(CLIENTS[client].0) == Some(&BANNED_ROLE);
        for (place, client) in self.world.clients.iter().enumerate() {
            let troubled = self.budget.trouble > 0;
            if client.answer.is_some() {
                actions.push(Action::Hear(place));
            }
            if client.answer.is_some() && troubled {
                actions.push(Action::Lose(place));
            }
            if !client.mail.is_empty() {
                actions.push(Action::Receive(place));
            }
            if !client.mail.is_empty() && troubled {
                actions.push(Action::Twice(place));
            }
            if client.mail.len() > 1 && troubled {
                actions.push(Action::Ahead(place));
            }
            let Some(room) = &client.room else {
                if self.budget.handshakes > 0 && scope.active.contains(&place) {
                    actions.push(Action::Join(place));
                }
                continue;
            };
            if room.pending_request().is_some() && (client.answer.is_none() || troubled) {
                actions.push(Action::Post(place));
            }
            if self.budget.messages > 0 && scope.active.contains(&place) {
                actions.push(Action::Speak(place));
            }
            let idle = room.pending_request().is_none() && client.answer.is_none();
            if !(self.budget.handshakes > 0 && idle && scope.active.contains(&place)) {
                continue;
            }
            actions.push(Action::Make(place, Want::Commit));
            actions.push(Action::Make(place, Want::Leave));
            for other in [2, 4] {
                // What is forbidden is for the probes.
                if room.own().and_then(|own| room.room().role_of(&own.user)) != Some(ADMIN) {
                    continue;
                }
                if banned(other) {
                    actions.push(Action::Make(place, Want::Pardon(other)));
                } else if room.room().role_of(&user(other)).is_some() {
                    let wants = [Want::Remove(other), Want::Ban(other), Want::Propose(other)];
                    actions.extend(wants.map(|want| Action::Make(place, want)));
                } else {
                    actions.push(Action::Make(place, Want::Add(other)));
                }
            }
        }
        actions
    }

    /// Those who only receive do.
    fn deliver(&mut self, scope: &Scope) {
        for client in (0..CLIENTS.len()).filter(|client| !scope.active.contains(client)) {
            while self.world.clients[client].room.is_some() && !self.world.clients[client].mail.is_empty() {
                self.world.receive(client);
            }
        }
    }

    /// Does it. Returns `false` if nothing comes of it here.
    fn act(&mut self, hub: &Hub<Suite, Names>, action: Action) -> bool {
        let world = &mut self.world;
        match action {
            Action::Make(client, want) => {
                self.budget.handshakes -= 1;
                let room = world.room(client);
                let made = match want {
                    Want::Commit => room.commit(&Names, &Wishes::default()),
                    Want::Leave => room.leave(&suite(), &Names),
                    Want::Add(other) => {
                        let packages = vec![key_package(other)];
                        room.commit(&Names, &Wishes::default().add(user(other), ORDINARY, packages))
                    }
                    Want::Remove(other) => room.commit(&Names, &Wishes::default().remove(user(other))),
                    Want::Ban(other) => {
                        room.commit(&Names, &Wishes::default().set_role(user(other), BANNED_ROLE))
                    }
                    Want::Pardon(other) => {
                        room.commit(&Names, &Wishes::default().set_role(user(other), ORDINARY))
                    }
                    Want::Propose(other) => {
                        room.propose(&suite(), &Names, &Wishes::default().set_role(user(other), ADMIN))
                    }
                };
                made.is_ok()
            }
            Action::Post(client) => {
                if world.clients[client].answer.is_some() {
                    self.budget.trouble -= 1;
                }
                let before = world.clone();
                let request = world.room(client).pending_request().unwrap().clone();
                let accepted = world.arrive(hub, client, &request);
                if accepted {
                    lawful(&before, world, client);
                } else {
                    assert_eq!(before.hosted.snapshot().unwrap(), world.hosted.snapshot().unwrap());
                }
                true
            }
            Action::Hear(client) => {
                if world.clients[client].room.is_none() {
                    world.clients[client].answer = None;
                } else {
                    world.hear(client);
                }
                true
            }
            Action::Lose(client) => {
                self.budget.trouble -= 1;
                world.clients[client].answer = None;
                true
            }
            Action::Receive(client) => {
                if world.clients[client].room.is_none() {
                    return false;
                }
                world.receive(client);
                true
            }
            Action::Twice(client) => {
                self.budget.trouble -= 1;
                let message = world.clients[client].mail[0].clone();
                world.receive(client);
                let Some(room) = &mut world.clients[client].room else { return true };
                let before = room.snapshot().unwrap();
                let again = room.receive(&suite(), &Names, message);
                // The stack knows a message that was opened; a welcomed client has no key for it.
                assert!(matches!(again, Ok(Event::Duplicate) | Err(_)), "{again:?}");
                assert_eq!(room.snapshot().unwrap(), before);
                true
            }
            Action::Ahead(client) => {
                self.budget.trouble -= 1;
                let message = world.clients[client].mail[1].clone();
                let Some(room) = &mut world.clients[client].room else { return false };
                let before = room.snapshot().unwrap();
                match room.receive(&suite(), &Names, message) {
                    Ok(Event::Removed { .. }) => world.drop_room(client),
                    Ok(_) => drop(world.clients[client].mail.remove(1)),
                    Err(_) => assert_eq!(room.snapshot().unwrap(), before),
                }
                true
            }
            Action::Speak(client) => {
                self.budget.messages -= 1;
                let before = world.clone();
                if !world.send(hub, client) {
                    return false;
                }
                let room = before.hosted.room();
                let role = room.role_of(&user(client));
                assert!(role.is_some_and(|role| role != BANNED_ROLE), "{} speaks as {role:?}", user(client));
                for (place, (old, new)) in before.clients.iter().zip(&world.clients).enumerate() {
                    let role = room.role_of(&user(place));
                    let may = role.is_some_and(|role| role != BANNED_ROLE);
                    if place != client
                        && old.room.is_some()
                        && room.members().leaves_of(&user(place)).next().is_some()
                    {
                        assert_eq!(new.mail.len() > old.mail.len(), may, "{} as {role:?}", user(place));
                    }
                }
                true
            }
            Action::Join(client) => {
                self.budget.handshakes -= 1;
                let before = world.clone();
                if !world.join(hub, client, None) {
                    return false;
                }
                assert!(
                    before
                        .hosted
                        .room()
                        .waiting()
                        .iter()
                        .all(|it| !matches!(it.sender(), Sender::Member { .. }))
                );
                lawful(&before, world, client);
                true
            }
        }
    }
}

/// What hub and clients hold fits together, and those of one epoch agree.
fn check(place: &Place) {
    let world = &place.world;
    let room = world.hosted.room();
    let stack = world.hosted.stack();
    assert_eq!(stack.group_context().unwrap(), *room.group_context());
    let leaves = stack.leaves().unwrap();
    assert!(leaves.iter().map(|it| it.0).eq(room.members().iter().map(|(leaf, _)| leaf)));
    for (leaf, node) in leaves {
        let member = Names.identify(&room_uri(), &node.credential, &node.signature_key);
        assert_eq!(room.members().get(leaf), member.ok().as_ref());
    }
    if room.waiting().is_empty() {
        room.policy().matches(room.dictionary()).unwrap();
    }
    for (place, client) in world.clients.iter().enumerate() {
        let times: Vec<u64> = client.mail.iter().map(FanoutMessage::timestamp).collect();
        // A commit and its Welcome have one time.
        let mut later = client.mail.iter().zip(&times).zip(times.iter().skip(1));
        assert!(later.all(|((_, a), b)| a < b), "two accepted messages have one time: {times:?}");
        let Some(own) = &client.room else { continue };
        assert!(own.own().is_some(), "{} goes on after its removal", CLIENTS[place].1);
        assert_eq!(own.stack().group_context().unwrap(), *own.room().group_context());
        if own.room().epoch() == room.epoch() {
            assert_eq!(own.room().group_context(), room.group_context());
            assert_eq!(own.room().members(), room.members());
            if client.mail.is_empty() && own.pending_request().is_none() {
                let ours: Vec<_> = room.waiting().iter().map(|it| it.reference()).collect();
                let theirs: Vec<_> = own.room().waiting().iter().map(|it| it.reference()).collect();
                assert_eq!(ours, theirs, "what waits, at {}", CLIENTS[place].1);
                let (ours, theirs) = (room.policy(), own.room().policy());
                assert_eq!(ours.to_components().unwrap(), theirs.to_components().unwrap());
            }
        }
    }
}

/// Nothing is under way: every client knows where the hub is, and each can commit, unless it is
/// about to leave.
fn can_go_on(hub: &Hub<Suite, Names>, place: &Place) {
    let room = place.world.hosted.room();
    let leaving: BTreeSet<u32> = room
        .waiting()
        .iter()
        .filter_map(|it| match (it.proposal()?, it.sender()) {
            (Proposal::Remove(remove), _) => Some(remove.removed),
            (Proposal::SelfRemove(_), Sender::Member { leaf_index }) => Some(*leaf_index),
            _ => None,
        })
        .collect();
    for (client, (_, name)) in CLIENTS.iter().enumerate() {
        if place.world.clients[client].room.is_none() {
            continue;
        }
        let leaf = room.members().leaf_of(&mimi_codec::ClientUri::try_from(*name).unwrap());
        let leaf = leaf.unwrap_or_else(|| panic!("{name} is out and does not know"));
        assert!(place.is_current(client), "{name} is left behind");
        if !leaving.contains(&leaf) {
            let mut world = place.world.clone();
            let request = world.room(client).commit(&Names, &Wishes::default());
            let request = request.unwrap_or_else(|error| panic!("{name} cannot commit: {error}"));
            assert!(world.arrive(hub, client, &request), "{name} cannot commit");
        }
    }
}

fn list_update(update: &ParticipantListUpdate) -> Proposal {
    let op = AppDataUpdateSelect::Update { update: update.to_bytes().unwrap().into() };
    Proposal::AppDataUpdate(AppDataUpdate { component_id: ComponentID::PARTICIPANT_LIST, op })
}

fn added(user: &str, role_index: u32) -> Proposal {
    let pair = UserRolePair { user: user.as_bytes().into(), role_index };
    list_update(&ParticipantListUpdate {
        changed_role_participants: Vec::new(),
        removed_indices: Vec::new(),
        added_participants: vec![pair],
    })
}

/// What proposals make of the participant list, as far as anything: a dishonest stack computes it.
fn components_of(place: &Place, proposals: &[Proposal]) -> ComponentUpdates {
    place.world.hosted.room().components_after(proposals).unwrap_or_default()
}

/// Handshakes that no member may make, by name. The member's stack makes what its user wants.
fn villainies(place: &Place, client: usize) -> Vec<(&'static str, UpdateRequest)> {
    let world = &place.world;
    let own = world.clients[client].room.as_ref().unwrap();
    let room = own.room();
    let (of, name) = CLIENTS[client];
    let Some(leaf_index) = own.own().and_then(|it| room.members().leaf_of(&it.client)) else {
        return Vec::new();
    };
    let is_admin = room.role_of(&user(client)) == Some(ADMIN);
    let stack = own.stack();
    let sender = || Sender::Member { leaf_index };
    let mut found = Vec::new();
    let mut commit = |what, path, proposals: &[Proposal], takes_up, components: &ComponentUpdates| {
        if let Ok((own, _)) = stack.make_commit(sender(), path, proposals, takes_up, components) {
            found.push((what, request_of(own)));
        }
    };
    let waiting: Vec<Proposal> = room.waiting().iter().filter_map(|it| it.proposal().cloned()).collect();
    let after = |proposals: &[Proposal]| {
        let all: Vec<Proposal> = waiting.iter().chain(proposals).cloned().collect();
        components_of(place, &all)
    };
    let promotes = room.proposals_for(&Wishes::default().set_role(user(client), ADMIN)).unwrap_or_default();
    if !is_admin {
        commit("makes itself an admin", leaf(of, name), &promotes, true, &after(&promotes));
        commit("makes itself an admin in the components alone", leaf(of, name), &[], true, &after(&promotes));
        let dave = [added("mimi://b.example/u/dave", ORDINARY)];
        commit("lets a stranger in", leaf(of, name), &dave, true, &after(&dave));
        let alice = user(0);
        if user(client) != alice && room.role_of(&alice).is_some() {
            let removes = room.proposals_for(&Wishes::default().remove(alice.clone())).unwrap_or_default();
            commit("removes an admin", leaf(of, name), &removes, true, &after(&removes));
            let first = room.members().leaves_of(&alice).next();
            let kick: Vec<_> =
                first.map(|removed| Proposal::Remove(Remove { removed })).into_iter().collect();
            if !kick.is_empty() {
                commit("kicks an admin's client", leaf(of, name), &kick, true, &after(&kick));
            }
        }
    }
    // Another user's client, and a client of no participant.
    for other in [1, 3, 5].into_iter().filter(|other| user(*other) != user(client)) {
        let (_, other_name) = CLIENTS[other];
        let uri = mimi_codec::ClientUri::try_from(other_name).unwrap();
        if room.members().leaf_of(&uri).is_none()
            && room.members().leaves_of(&user(other)).next().is_some() | room.role_of(&user(other)).is_none()
        {
            let add = [Proposal::Add(Box::new(Add { key_package: key_package(other) }))];
            commit("adds another user's client", leaf(of, name), &add, true, &after(&add));
        }
    }
    for (banned, _) in list_of(world).iter().filter(|(_, role)| **role == BANNED_ROLE) {
        let host = banned.replace("mimi://", "");
        let spellings = [
            format!("MIMI://{host}"),
            banned.replace(".example", ".EXAMPLE"),
            banned.replace("/u/", "/u/%"),
            banned.replace("/u/b", "/u/%62").replace("/u/c", "/u/%63"),
            format!("{banned}/."),
        ];
        for spelling in spellings {
            let add = [added(&spelling, ORDINARY)];
            commit("adds a banned user in another spelling", leaf(of, name), &add, true, &after(&add));
        }
    }
    if !room.waiting().is_empty() {
        commit("leaves out what waits", leaf(of, name), &[], false, &Vec::new());
    }
    // Another user of the same provider, with the same key.
    let (provider, _) = of.rsplit_once('/').unwrap();
    let bill = format!("{provider}/bill");
    commit("hands its leaf to another user", leaf(&bill, name), &[], true, &after(&[]));
    let with_self = [Proposal::SelfRemove(SelfRemove {})];
    commit("removes itself by its own commit", leaf(of, name), &with_self, true, &after(&[]));
    // Proposals without a right.
    if !is_admin && !promotes.is_empty() {
        let message = stack.make_proposal(leaf_index, promotes[0].clone());
        let list = ProposalMessages::new(ProposalMessage::new(message).unwrap(), Vec::new()).unwrap();
        found
            .push(("proposes itself as an admin", UpdateRequest { bundle: HandshakeBundle::Proposal(list) }));
    }
    found
}

/// A dishonest member and a dishonest hub try what they can; nothing comes of it.
fn probes(hub: &Hub<Suite, Names>, place: &Place) {
    let current: Vec<usize> = (0..CLIENTS.len()).filter(|it| place.is_current(*it)).collect();
    let first = |of: &[usize]| -> Vec<usize> {
        // One client of each user.
        let mut seen = BTreeSet::new();
        of.iter().copied().filter(|it| seen.insert(CLIENTS[*it].0)).collect()
    };
    for client in first(&current) {
        for (what, request) in villainies(place, client) {
            refused_everywhere(hub, place, client, &request, what, &current);
        }
    }
    intruders(hub, place);
    hub_lies(hub, place, &current);
}

/// The hub refuses it, and so does every honest client to which a dishonest hub hands it on.
fn refused_everywhere(
    hub: &Hub<Suite, Names>,
    place: &Place,
    client: usize,
    request: &UpdateRequest,
    what: &str,
    current: &[usize],
) {
    let mut world = place.world.clone();
    let before = world.hosted.snapshot().unwrap();
    let from = peer(client);
    let body = request.to_bytes().unwrap();
    let answer = hub.update(&mut world.hosted, Call { from: &from, now_ms: 1 }, &body);
    assert!(answer.change.is_none(), "the hub accepts that {} {what}: {:?}", CLIENTS[client].1, answer.audit);
    assert_eq!(world.hosted.snapshot().unwrap(), before);
    let message = FanoutMessage::of_update(1 << 20, &request.bundle);
    for other in current.iter().filter(|other| **other != client) {
        ignores(place, *other, message.clone(), what);
    }
}

/// A message has no effect on a client.
fn ignores(place: &Place, client: usize, message: FanoutMessage, what: &str) {
    let mut room = place.world.clients[client].room.clone().unwrap();
    let before = room.snapshot().unwrap();
    let received = room.receive(&suite(), &Names, message);
    let ignored = matches!(received, Err(_) | Ok(Event::Duplicate));
    assert!(ignored, "{} accepts that a member or hub {what}: {received:?}", CLIENTS[client].1);
    assert_eq!(room.snapshot().unwrap(), before);
}

/// Strangers and banned users do not get in, by a role of their choice or under another's name.
fn intruders(hub: &Hub<Suite, Names>, place: &Place) {
    let list = list_of(&place.world);
    for client in [1, 3, 5] {
        let role = list.get(CLIENTS[client].0);
        let outside = place.world.clients[client].room.is_none();
        if !outside || role.is_some_and(|role| *role != BANNED_ROLE) {
            continue;
        }
        for role in [None, Some(ORDINARY), Some(ADMIN)] {
            let mut world = place.world.clone();
            assert!(!world.join(hub, client, role), "{} gets in as {role:?}", CLIENTS[client].0);
        }
    }
}

/// The hub proposes without a right, says that it has accepted what it has not, and tells members
/// different stories.
fn hub_lies(hub: &Hub<Suite, Names>, place: &Place, current: &[usize]) {
    let stack = place.world.hosted.stack();
    let room = place.world.hosted.room();
    let key = &hub.external_sender().signature_key;
    let mut lies: Vec<Proposal> = vec![added("mimi://a.example/u/mallory", ADMIN)];
    // Anyone may propose what was accepted.
    let stays = |user: &UserUri| room.role_of(user).is_some_and(|role| role != BANNED_ROLE);
    let staying = room.members().iter().filter(|(_, it)| stays(&it.user)).last();
    lies.extend(staying.map(|(removed, _)| Proposal::Remove(Remove { removed })));
    for lie in lies {
        let message = stack.make_external_proposal(0, key, lie);
        let list = ProposalMessages::new(ProposalMessage::new(message).unwrap(), Vec::new()).unwrap();
        let message = FanoutMessage::new(1 << 20, FanoutEvent::Proposal(list)).unwrap();
        for client in current {
            ignores(place, *client, message.clone(), "proposes without a right");
        }
    }
    // Commits under way that the hub has not accepted.
    let mut commits: Vec<(usize, UpdateRequest)> = Vec::new();
    for (client, it) in place.world.clients.iter().enumerate() {
        let request = it.room.as_ref().and_then(|room| room.pending_request());
        if let Some(request @ UpdateRequest { bundle: HandshakeBundle::Commit { proposal_or_commit, .. } }) =
            request
            && proposal_or_commit.epoch() == room.epoch()
        {
            commits.push((client, request.clone()));
        }
    }
    let success =
        UpdateRoomResponse::Success { error_description: String::new(), accepted_timestamp: 1 << 20 };
    for (client, _) in &commits {
        // Its user believes the hub, and is in a group of its own: no message of the others reaches
        // it.
        let it = &place.world.clients[*client];
        let mut own = it.room.clone().unwrap();
        if !matches!(own.answered(&suite(), &Names, &success), Ok(Some(Event::Commit { .. }))) {
            continue;
        }
        let context = own.room().group_context().clone();
        assert_ne!(context, *room.group_context());
        for message in &it.mail {
            let _ = own.receive(&suite(), &Names, message.clone());
            assert_eq!(*own.room().group_context(), context, "two stories become one");
        }
    }
    // Two commits, and each to some of the others: they are in different groups, and stay there.
    if let [(a, one), (b, other), ..] = &commits[..] {
        let told = |client: usize, request: &UpdateRequest| {
            let mut room = place.world.clients[client].room.clone()?;
            let message = FanoutMessage::of_update(1 << 20, &request.bundle);
            let entered = matches!(room.receive(&suite(), &Names, message), Ok(Event::Commit { .. }));
            entered.then_some(room)
        };
        for client in current.iter().filter(|it| **it != *a && **it != *b) {
            let (Some(mut here), Some(there)) = (told(*client, one), told(*client, other)) else { continue };
            assert_ne!(here.room().group_context(), there.room().group_context());
            let context = here.room().group_context().clone();
            let _ = here.receive(&suite(), &Names, FanoutMessage::of_update(1 << 21, &other.bundle));
            assert_eq!(*here.room().group_context(), context);
        }
    }
}

/// What a search has seen.
#[derive(Debug, Default)]
struct Seen {
    places: HashSet<[u8; 16]>,
    steps: usize,
    probed: HashSet<[u8; 16]>,
}

/// Visits all places that a scope has. Fails with the way that leads to what is wrong.
fn explore(scope: &Scope) -> Seen {
    let hub = hub();
    let start = Place::start(&hub, scope);
    let mut seen = Seen::default();
    seen.places.insert(start.key());
    let mut stack = vec![(start, Vec::<Action>::new())];
    // A debug build takes a sample.
    let limit = if cfg!(debug_assertions) { 100 } else { usize::MAX };
    while let Some((place, path)) = stack.pop() {
        if seen.places.len() > limit {
            break;
        }
        let guarded = std::panic::AssertUnwindSafe(|| visit(&hub, scope, &place, &mut seen));
        let Ok(next) = std::panic::catch_unwind(guarded) else { panic!("before or at the end of {path:?}") };
        for (action, next) in next {
            let path: Vec<Action> = path.iter().copied().chain([action]).collect();
            stack.push((next, path));
        }
    }
    seen
}

fn visit(hub: &Hub<Suite, Names>, scope: &Scope, place: &Place, seen: &mut Seen) -> Vec<(Action, Place)> {
    check(place);
    let is_quiet = |client: &model::world::Client| {
        let waits = client.room.as_ref().is_some_and(|room| room.pending_request().is_some());
        client.mail.is_empty() && client.answer.is_none() && !waits
    };
    if place.world.clients.iter().all(is_quiet) {
        can_go_on(hub, place);
    }
    // What is tried depends on who is where, not on what may still happen.
    let mut without = place.clone();
    without.budget = Budget { handshakes: 0, messages: 0, trouble: 0 };
    if seen.probed.insert(without.key()) {
        probes(hub, place);
    }
    let restarted = place.restarted(hub);
    let mut found = Vec::new();
    for action in place.actions(scope) {
        seen.steps += 1;
        let mut next = if seen.steps.is_multiple_of(2) { place.clone() } else { restarted.clone() };
        let done = next.act(hub, action);
        next.deliver(scope);
        if seen.steps.is_multiple_of(8) {
            let mut other = restarted.clone();
            let again = other.act(hub, action);
            other.deliver(scope);
            assert_eq!(again, done, "{action:?} after a restart");
            assert_eq!(other.key(), next.key(), "{action:?} after a restart");
        }
        if done && seen.places.insert(next.key()) {
            found.push((action, next));
        }
    }
    found
}

fn budget(handshakes: u8, messages: u8, trouble: u8) -> Budget {
    let more: Option<u8> = std::env::var("MIMI_ROOM_HANDSHAKES").ok().and_then(|it| it.parse().ok());
    Budget { handshakes: more.map_or(handshakes, |more| handshakes.max(more)), messages, trouble }
}

/// One user founds the room; two come.
#[test]
fn a_room_that_is_founded() {
    let seen =
        explore(&Scope { present: &[(0, ADMIN)], active: &[0, 2, 4], before: &[], budget: budget(2, 1, 1) });
    report("founded", &seen);
}

/// Three users with one client each.
#[test]
fn a_room_of_three() {
    let seen = explore(&Scope {
        present: &[(0, ADMIN), (2, ORDINARY), (4, ORDINARY)],
        active: &[0, 2],
        before: &[],
        budget: budget(2, 1, 0),
    });
    report("three", &seen);
}

/// Their second clients join from outside, while others commit.
#[test]
fn a_room_that_others_join_from_outside() {
    let seen = explore(&Scope {
        present: &[(0, ADMIN), (2, ORDINARY)],
        active: &[0, 1, 3],
        before: &[],
        budget: budget(2, 1, 1),
    });
    report("from outside", &seen);
}

/// Three users with two clients each.
#[test]
fn a_room_of_six_clients() {
    let seen = explore(&Scope {
        present: &[(0, ADMIN), (1, ADMIN), (2, ORDINARY), (3, ORDINARY), (4, ORDINARY), (5, ORDINARY)],
        active: &[0, 3],
        before: &[],
        budget: budget(1, 1, 1),
    });
    report("six clients", &seen);
}

/// Two admins, each of whom may stop the other.
#[test]
fn a_room_of_two_admins() {
    let seen = explore(&Scope {
        present: &[(0, ADMIN), (2, ADMIN), (4, ORDINARY)],
        active: &[0, 2],
        before: &[],
        budget: budget(2, 0, 0),
    });
    report("two admins", &seen);
}

/// A user is about to leave.
#[test]
fn a_room_that_a_user_is_leaving() {
    let seen = explore(&Scope {
        present: &[(0, ADMIN), (2, ORDINARY), (3, ORDINARY)],
        active: &[0, 1, 3],
        before: &[Action::Make(2, Want::Leave), Action::Post(2)],
        budget: budget(2, 1, 0),
    });
    report("leaving", &seen);
}

/// A user is banned, and comes back.
#[test]
fn a_room_that_a_user_is_banned_from() {
    let seen = explore(&Scope {
        present: &[(0, ADMIN), (2, ORDINARY), (4, ORDINARY)],
        active: &[0, 2, 3],
        before: &[Action::Make(0, Want::Ban(2)), Action::Post(0)],
        budget: budget(2, 0, 1),
    });
    report("banned", &seen);
}

fn report(name: &str, seen: &Seen) {
    println!("{name}: {} worlds, {} steps, {} probed", seen.places.len(), seen.steps, seen.probed.len());
}
