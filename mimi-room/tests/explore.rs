//! Small worlds, explored exhaustively to a depth: every interleaving of commits, external commits,
//! proposals, lost deliveries and restarts, with a dishonest member and a dishonest hub.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

#[allow(dead_code)]
mod model;

use std::collections::{BTreeSet, VecDeque};

use mimi_codec::{
    DnsName, Encode, List, MatchedProvider, Opaque, RoomUri, UserUri,
    code_points::{CipherSuite, ComponentID, ExtensionType},
    extensions::{AppDataDictionary, ComponentData},
    match_presented_identities,
    mls::{
        Credential, Extension, Extensions, ExternalSender, ExternalSenders, HPKEPublicKey, KeyPackage, Mls10,
        Sender, SignaturePublicKey,
    },
    protocol::{
        CommitMessage, FanoutMessage, GroupInfoOption, HandshakeBundle, ParticipantListData,
        TreelessGroupInfo, UpdateRequest, UpdateRoomResponse, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_franking::HubKeyRing;
use mimi_policy::{BANNED_ROLE, TableSeed, preset::ExampleRoom};
use mimi_room::{
    CredentialRefused, Identity, Member, MlsStack, Wishes,
    client::{ClientRoom, ClientSnapshot, Event, ExternalJoin},
    hub::{Call, HostedRoom, HostedSnapshot, Hub, Limits, Queue},
};
use model::{ModelGroup, Suite, hash, key_of, leaf, suite};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

struct Names;

impl Identity for Names {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        key: &SignaturePublicKey,
    ) -> Result<Member, CredentialRefused> {
        let Credential::Basic { identity } = credential else { return Err("not basic".into()) };
        let text = std::str::from_utf8(identity).map_err(|_| "not text")?;
        let (user, client) = text.split_once(' ').ok_or("no space")?;
        if key.as_slice() != client.as_bytes() {
            return Err("another key".into());
        }
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes())
    }
}

const CLIENTS: [(&str, &str); 6] = [
    ("mimi://a.example/u/alice", "mimi://a.example/d/a1"),
    ("mimi://a.example/u/alice", "mimi://a.example/d/a2"),
    ("mimi://b.example/u/bob", "mimi://b.example/d/b1"),
    ("mimi://b.example/u/bob", "mimi://b.example/d/b2"),
    ("mimi://c.example/u/carol", "mimi://c.example/d/c1"),
    ("mimi://c.example/u/carol", "mimi://c.example/d/c2"),
];

#[derive(Clone)]
struct World {
    hosted: HostedRoom<ModelGroup>,
    clients: Vec<Option<ClientRoom<ModelGroup>>>,
    /// For each client, what the hub has fanned out and it has not received.
    mail: Vec<VecDeque<FanoutMessage>>,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// A client commits what waits.
    Commit(usize),
    /// A client proposes that its user leaves.
    Leave(usize),
    /// Alice's first client adds a user with a client.
    Add(usize),
    /// Alice's first client removes a user.
    Remove(usize),
    /// Alice's first client bans a user.
    Ban(usize),
    /// Alice's first client makes a banned user an ordinary one.
    Pardon(usize),
    /// A client joins from outside, as what the list says.
    Join(usize),
    /// A stranger joins from outside with a role.
    Intrude(usize),
    /// A dishonest member makes itself an admin, without asking.
    Promote(usize),
    /// A dishonest member commits and leaves out what waits.
    Omit(usize),
    /// A client receives its next message.
    Receive(usize),
    /// The hub restarts from a snapshot.
    Restart,
}

fn room_uri() -> RoomUri {
    RoomUri::try_from("mimi://a.example/r/club").unwrap()
}

fn user(client: usize) -> UserUri {
    UserUri::try_from(CLIENTS[client].0).unwrap()
}

fn hub() -> Hub<Suite, Names> {
    let key = key_of("hub!");
    let credential = Credential::Basic { identity: "mimi://a.example".into() };
    let external_sender = ExternalSender { signature_key: key.clone(), credential };
    Hub::new(
        DnsName::parse("a.example").unwrap(),
        suite(),
        key,
        external_sender,
        HubKeyRing::new(),
        Names,
        Limits { rate: mimi_room::hub::Rate { burst: 0, interval_ms: 0 }, ..Limits::default() },
    )
    .unwrap()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn peer(client: usize) -> MatchedProvider {
    let uri = user(client);
    let domain = uri.mimi_uri().unwrap().host().to_string();
    let name = DnsName::parse(&domain).unwrap();
    match_presented_identities(name.as_ref(), [domain]).unwrap()
}

fn key_package(client: usize) -> KeyPackage {
    let (user, name) = CLIENTS[client];
    KeyPackage {
        version: Mls10,
        cipher_suite: CipherSuite(1),
        init_key: HPKEPublicKey::from(name.as_bytes()),
        leaf_node: leaf(user, name),
        extensions: Extensions::default(),
        signature: Opaque::default(),
    }
}

impl World {
    fn new(hub: &Hub<Suite, Names>) -> Self {
        let participants = vec![UserRolePair { user: user(0).as_opaque().clone(), role_index: 3 }];
        let entry = |component_id, data: Vec<u8>| ComponentData { component_id, data: data.into() };
        let roles = ExampleRoom::Strict.roles();
        let mut components = vec![
            entry(ComponentID::PARTICIPANT_LIST, ParticipantListData { participants }.to_bytes().unwrap()),
            entry(ComponentID::ROLES_LIST, roles.to_bytes().unwrap()),
        ];
        components.sort_by_key(|it| it.component_id);
        let dictionary = AppDataDictionary { component_data: List::new(components).unwrap() };
        let senders = ExternalSenders { external_senders: vec![hub.external_sender().clone()] };
        let extensions = Extensions::new(vec![
            Extension {
                extension_type: ExtensionType::EXTERNAL_SENDERS,
                extension_data: senders.to_bytes().unwrap().into(),
            },
            Extension {
                extension_type: ExtensionType::APP_DATA_DICTIONARY,
                extension_data: dictionary.to_bytes().unwrap().into(),
            },
        ])
        .unwrap();
        let group = ModelGroup::create(extensions, leaf(CLIENTS[0].0, CLIENTS[0].1));
        let info = group.group_info(0);
        let hosted = hub.host(room_uri(), group.seen_by(None), info, &mut rng()).unwrap();
        let mut clients: Vec<_> = CLIENTS.iter().map(|_| None).collect();
        clients[0] = Some(enter(group));
        let mail = CLIENTS.iter().map(|_| VecDeque::new()).collect();
        Self { hosted, clients, mail }
    }

    /// What distinguishes this world from others: times aside.
    fn key(&self) -> [u8; 16] {
        let mut bytes = self.hosted.room().group_context().to_bytes().unwrap();
        for waiting in self.hosted.room().waiting().iter() {
            bytes.extend(waiting.reference().as_slice());
        }
        for (client, mail) in self.clients.iter().zip(&self.mail) {
            match client {
                Some(room) => {
                    bytes.extend(room.room().group_context().to_bytes().unwrap());
                    for waiting in room.room().waiting().iter() {
                        bytes.extend(waiting.reference().as_slice());
                    }
                }
                None => bytes.push(0),
            }
            bytes.push(u8::try_from(mail.len()).unwrap());
        }
        hash(&[&bytes])
    }

    /// Sends a body to the hub. Returns whether the hub has accepted it.
    fn post(&mut self, hub: &Hub<Suite, Names>, client: usize, request: &UpdateRequest) -> bool {
        let from = peer(client);
        let call = Call { from: &from, now_ms: 1 };
        let body = request.to_bytes().unwrap();
        let answer = hub.update(&mut self.hosted, call, &body);
        let response = answer.response.body.as_deref().unwrap();
        let response: UpdateRoomResponse = mimi_codec::Decode::decode_exact(response).unwrap();
        if let Some(room) = &mut self.clients[client] {
            let _ = room.answered(&suite(), &Names, &response);
        }
        let Some(change) = answer.change else { return false };
        let applied = hub.apply(&mut self.hosted, change, &mut rng()).unwrap();
        for fan_out in applied.fan_out {
            for (place, mail) in self.mail.iter_mut().enumerate() {
                if place != client && self.clients[place].is_some() {
                    mail.push_back(fan_out.message.clone());
                }
            }
        }
        true
    }

    /// The clients that the hub has in its group and that are not in it themselves get their
    /// Welcome.
    fn welcome(&mut self) {
        for (place, (_, name)) in CLIENTS.iter().enumerate() {
            let client = mimi_codec::ClientUri::try_from(*name).unwrap();
            let leaf = self.hosted.room().members().leaf_of(&client);
            if let (Some(leaf), true) = (leaf, self.clients[place].is_none())
                && self.hosted.room().waiting().is_empty()
            {
                self.clients[place] = Some(enter(self.hosted.stack().seen_by(Some(leaf))));
                self.mail[place].clear();
            }
        }
    }

    /// Whether a client is where the hub is.
    fn is_current(&self, client: usize) -> bool {
        self.mail[client].is_empty()
            && self.clients[client]
                .as_ref()
                .is_some_and(|room| room.room().group_context() == self.hosted.room().group_context())
    }

    fn actions(&self) -> Vec<Action> {
        let mut actions = vec![Action::Restart];
        for client in 0..CLIENTS.len() {
            if !self.mail[client].is_empty() {
                actions.push(Action::Receive(client));
            }
            if self.clients[client].is_some() {
                actions.push(Action::Commit(client));
                actions.push(Action::Leave(client));
                actions.push(Action::Promote(client));
                if !self.hosted.room().waiting().is_empty() {
                    actions.push(Action::Omit(client));
                }
            } else {
                actions.push(Action::Join(client));
                actions.push(Action::Intrude(client));
                actions.push(Action::Add(client));
            }
            if client % 2 == 0 && client > 0 {
                actions.push(Action::Remove(client));
                actions.push(Action::Ban(client));
                actions.push(Action::Pardon(client));
            }
        }
        actions
    }

    /// Does it. Returns `false` if nothing can come of it here.
    fn act(&mut self, hub: &Hub<Suite, Names>, action: Action) -> bool {
        match action {
            Action::Restart => {
                let bytes = self.hosted.snapshot().unwrap();
                let stack = self.hosted.stack().clone();
                let read = HostedSnapshot::read(&bytes).unwrap();
                let restored = read.restore(hub, stack, Queue::Kept, &mut rng()).unwrap();
                assert_eq!(restored.snapshot().unwrap(), bytes);
                self.hosted = restored;
                true
            }
            Action::Receive(client) => {
                let message = self.mail[client].pop_front().unwrap();
                let Some(room) = &mut self.clients[client] else { return false };
                match room.receive(&suite(), &Names, message) {
                    Ok(Event::Removed { .. }) => self.clients[client] = None,
                    Ok(_) => {}
                    Err(error) => panic!("an honest hub's message is refused: {error}"),
                }
                true
            }
            Action::Commit(client) => self.commit(hub, client, &Wishes::default()),
            Action::Leave(client) => {
                let Some(room) = &mut self.clients[client] else { return false };
                let Ok(request) = room.leave(&suite(), &Names) else { return false };
                self.post(hub, client, &request)
            }
            Action::Add(client) => {
                let listed = self.hosted.room().role_of(&user(client)).is_some();
                if listed {
                    return false;
                }
                let wishes = Wishes::default().add(user(client), 2, vec![key_package(client)]);
                self.commit(hub, 0, &wishes)
            }
            Action::Remove(client) => self.commit(hub, 0, &Wishes::default().remove(user(client))),
            Action::Ban(client) => {
                self.commit(hub, 0, &Wishes::default().set_role(user(client), BANNED_ROLE))
            }
            Action::Pardon(client) => {
                if self.hosted.room().role_of(&user(client)) != Some(BANNED_ROLE) {
                    return false;
                }
                self.commit(hub, 0, &Wishes::default().set_role(user(client), 2))
            }
            Action::Join(client) => self.join(hub, client, None),
            Action::Intrude(client) => {
                let accepted = self.join(hub, client, Some(2));
                assert!(!accepted, "a stranger is let in: {}", CLIENTS[client].0);
                false
            }
            Action::Promote(client) => {
                let Some(request) = self.villainous(client, true) else { return false };
                self.refused_everywhere(hub, client, &request)
            }
            Action::Omit(client) => {
                let Some(request) = self.villainous(client, false) else { return false };
                self.refused_everywhere(hub, client, &request)
            }
        }
    }

    fn commit(&mut self, hub: &Hub<Suite, Names>, client: usize, wishes: &Wishes) -> bool {
        let Some(room) = &mut self.clients[client] else { return false };
        let Ok(request) = room.commit(&Names, wishes) else { return false };
        let accepted = self.post(hub, client, &request);
        if accepted {
            self.welcome();
        }
        accepted
    }

    fn join(&mut self, hub: &Hub<Suite, Names>, client: usize, role: Option<u32>) -> bool {
        // The GroupInfo may have leaked: the commit is judged all the same.
        let Ok(tbe) = self.hosted.export() else { return false };
        let seed = TableSeed::known();
        let uri = room_uri();
        let Ok(join) = ExternalJoin::new(uri, tbe, &user(client), role, &Names, seed) else {
            return false;
        };
        let (of, name) = CLIENTS[client];
        let stack = self.hosted.stack();
        let made = stack.make_commit(
            Sender::NewMemberCommit {},
            leaf(of, name),
            join.proposals(),
            false,
            join.components(),
        );
        let Ok((own, _)) = made else { return false };
        let request = match join.request(&Names, own.clone()) {
            Ok(request) => request,
            // A dishonest client does not ask itself.
            Err(_) => request_of(own),
        };
        let accepted = self.post(hub, client, &request);
        if accepted {
            self.welcome();
        }
        accepted
    }

    /// A commit that its sender may not make: of a role for itself, or without what waits.
    fn villainous(&self, client: usize, promotes: bool) -> Option<UpdateRequest> {
        let room = self.clients[client].as_ref()?;
        let own = room.own()?;
        let leaf_index = room.room().members().leaf_of(&own.client)?;
        let mut proposals = Vec::new();
        let mut components = Vec::new();
        if promotes {
            if room.room().role_of(&own.user) == Some(3) {
                return None;
            }
            let wishes = Wishes::default().set_role(own.user.clone(), 3);
            proposals = room.room().proposals_for(&wishes).ok()?;
            let list = room.room().dictionary().data(ComponentID::PARTICIPANT_LIST)?;
            let mut list: ParticipantListData = mimi_codec::Decode::decode_exact(list).unwrap();
            for pair in &mut list.participants {
                if *pair.user == *own.user.as_bytes() {
                    pair.role_index = 3;
                }
            }
            components.push((ComponentID::PARTICIPANT_LIST, Some(list.to_bytes().unwrap())));
        } else if room.room().waiting().is_empty() {
            return None;
        }
        let (of, name) = CLIENTS[client];
        let sender = Sender::Member { leaf_index };
        let path = leaf(of, name);
        let made = room.stack().make_commit(sender, path, &proposals, promotes, &components);
        Some(request_of(made.ok()?.0))
    }

    /// The hub refuses it, and so does every honest client to which a dishonest hub hands it on.
    fn refused_everywhere(
        &mut self,
        hub: &Hub<Suite, Names>,
        client: usize,
        request: &UpdateRequest,
    ) -> bool {
        let before = self.hosted.snapshot().unwrap();
        let from = peer(client);
        let body = request.to_bytes().unwrap();
        let answer = hub.update(&mut self.hosted, Call { from: &from, now_ms: 1 }, &body);
        assert!(answer.change.is_none(), "the hub accepts {:?}", answer.audit);
        assert_eq!(self.hosted.snapshot().unwrap(), before);
        let message = FanoutMessage::of_update(1, &request.bundle);
        for place in (0..CLIENTS.len()).filter(|place| *place != client) {
            if !self.is_current(place) {
                continue;
            }
            let mut room = self.clients[place].clone().unwrap();
            let epoch = room.room().epoch();
            let received = room.receive(&suite(), &Names, message.clone());
            assert!(
                received.is_err() || received == Ok(Event::Duplicate),
                "a client accepts what the hub refused: {received:?}"
            );
            assert_eq!(room.room().epoch(), epoch);
        }
        false
    }

    fn check(&self) {
        let room = self.hosted.room();
        let stack = self.hosted.stack();
        assert_eq!(stack.group_context().unwrap(), *room.group_context());
        let leaves: Vec<u32> = stack.leaves().unwrap().into_iter().map(|(leaf, _)| leaf).collect();
        assert!(leaves.iter().copied().eq(room.members().iter().map(|(leaf, _)| leaf)));
        for (leaf, node) in stack.leaves().unwrap() {
            let member = Names.identify(&room_uri(), &node.credential, &node.signature_key);
            assert_eq!(room.members().get(leaf), member.ok().as_ref());
        }
        if room.waiting().is_empty() {
            room.policy().matches(room.dictionary()).unwrap();
            for (_, member) in room.members().iter() {
                let role = room.role_of(&member.user);
                assert!(role.is_some_and(|role| role != BANNED_ROLE), "{}", member.user);
            }
        }
        for (place, client) in self.clients.iter().enumerate() {
            let Some(client) = client else { continue };
            assert!(client.own().is_some(), "{} goes on after its removal", CLIENTS[place].1);
            assert_eq!(client.stack().group_context().unwrap(), *client.room().group_context());
            if client.room().epoch() == room.epoch() {
                assert_eq!(client.room().group_context(), room.group_context());
                assert_eq!(client.room().members(), room.members());
                if self.mail[place].is_empty() {
                    let ours: Vec<_> = room.waiting().iter().map(|it| it.reference()).collect();
                    let theirs = client.room().waiting();
                    let theirs: Vec<_> = theirs.iter().map(|it| it.reference()).collect();
                    assert_eq!(ours, theirs);
                    assert_eq!(
                        client.room().policy().to_components().unwrap(),
                        room.policy().to_components().unwrap()
                    );
                }
            }
        }
    }

    /// Once everything is delivered, an honest member can make a commit.
    fn can_go_on(&self, hub: &Hub<Suite, Names>) {
        let mut world = self.clone();
        for client in 0..CLIENTS.len() {
            while !world.mail[client].is_empty() && world.clients[client].is_some() {
                world.act(hub, Action::Receive(client));
            }
        }
        let members = (0..CLIENTS.len()).filter(|it| world.clients[*it].is_some());
        let able = members.into_iter().any(|client| world.clone().commit(hub, client, &Wishes::default()));
        assert!(able, "no member can commit");
    }
}

impl World {
    /// The world after the hub and all clients have restarted from their snapshots.
    fn restored(&self, hub: &Hub<Suite, Names>) -> Self {
        let bytes = self.hosted.snapshot().unwrap();
        let stack = self.hosted.stack().clone();
        let hosted = HostedSnapshot::read(&bytes).unwrap();
        let hosted = hosted.restore(hub, stack, Queue::Kept, &mut rng()).unwrap();
        assert_eq!(hosted.snapshot().unwrap(), bytes);
        let clients = self.clients.iter().map(|client| {
            let client = client.as_ref()?;
            let bytes = client.snapshot().unwrap();
            let read = ClientSnapshot::read(&bytes).unwrap();
            let stack = client.stack().clone();
            let restored = read.restore(stack, &suite(), &Names, TableSeed::known()).unwrap();
            assert_eq!(restored.snapshot().unwrap(), bytes);
            Some(restored)
        });
        Self { hosted, clients: clients.collect(), mail: self.mail.clone() }
    }

    /// Everything that is stored, and what is on its way.
    fn stored(&self) -> (Vec<Option<Vec<u8>>>, Vec<VecDeque<FanoutMessage>>) {
        let clients = self.clients.iter().map(|it| it.as_ref().map(|it| it.snapshot().unwrap()));
        let hosted = std::iter::once(Some(self.hosted.snapshot().unwrap()));
        (hosted.chain(clients).collect(), self.mail.clone())
    }
}

/// Hub and clients that restart, in any world, answer everything as those that run on do.
#[test]
fn a_restored_world_has_the_same_future() {
    let hub = hub();
    let limit = 40;
    for before in [
        &[][..],
        &[Action::Add(2), Action::Add(4), Action::Receive(2)],
        &[Action::Add(2), Action::Leave(2), Action::Receive(0)],
        &[Action::Add(2), Action::Ban(2), Action::Add(4)],
    ] {
        let mut start = World::new(&hub);
        for action in before {
            assert!(start.act(&hub, *action), "{action:?}");
        }
        let mut seen = BTreeSet::from([start.key()]);
        let mut queue = VecDeque::from([start]);
        while let Some(world) = queue.pop_front() {
            for action in world.actions() {
                let (mut runs_on, mut restarts) = (world.clone(), world.restored(&hub));
                let verdicts = (runs_on.act(&hub, action), restarts.act(&hub, action));
                assert_eq!(verdicts.0, verdicts.1, "{action:?} after {before:?}");
                assert_eq!(runs_on.stored(), restarts.stored(), "{action:?} after {before:?}");
                if verdicts.0 && seen.len() < limit && seen.insert(runs_on.key()) {
                    queue.push_back(runs_on);
                }
            }
        }
        assert_eq!(seen.len(), limit);
    }
}

fn request_of(own: mimi_room::OwnCommit) -> UpdateRequest {
    let group_info = TreelessGroupInfo::new(own.group_info).unwrap();
    UpdateRequest {
        bundle: HandshakeBundle::Commit {
            proposal_or_commit: CommitMessage::new(own.commit).unwrap(),
            welcome: None,
            group_info_option: Box::new(GroupInfoOption::Full { group_info }),
            ratchet_tree_option: RatchetTreeOption::DistributionService {},
        },
    }
}

fn enter(group: ModelGroup) -> ClientRoom<ModelGroup> {
    let hub = DnsName::parse("a.example").unwrap();
    ClientRoom::load(room_uri(), hub, group, &Names, TableSeed::known()).unwrap()
}

/// Visits all worlds that so many can be visited of, nearest first.
fn explore(before: &[Action], limit: usize) -> usize {
    let hub = hub();
    let mut start = World::new(&hub);
    for action in before {
        assert!(start.act(&hub, *action), "{action:?}");
    }
    let mut seen = BTreeSet::from([start.key()]);
    let mut queue = VecDeque::from([(start, Vec::new())]);
    while let Some((world, path)) = queue.pop_front() {
        for action in world.actions() {
            let mut next = world.clone();
            let mut path: Vec<Action> = path.clone();
            path.push(action);
            let changed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let changed = next.act(&hub, action);
                next.check();
                changed
            }));
            let changed = changed.unwrap_or_else(|_| panic!("after {path:?}"));
            if changed && seen.len() < limit && seen.insert(next.key()) {
                let go_on = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    next.can_go_on(&hub);
                }));
                go_on.unwrap_or_else(|_| panic!("after {path:?}"));
                queue.push_back((next, path));
            }
        }
    }
    seen.len()
}

#[test]
fn hub_and_clients_agree_in_every_small_world() {
    let limit = std::env::var("MIMI_ROOM_WORLDS").ok().and_then(|it| it.parse().ok());
    let limit = limit.unwrap_or(300);
    // A room of its creator, and one of three users.
    let full = [Action::Add(2), Action::Add(4), Action::Receive(2)];
    let left = [Action::Add(2), Action::Leave(2)];
    let visited = [explore(&[], limit), explore(&full, limit), explore(&left, limit)];
    println!("{visited:?} worlds");
    assert!(visited.iter().all(|visited| *visited >= limit));
}
