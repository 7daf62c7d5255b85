//! A room of six clients of three users, their hub, and what is on its way between them.

use std::collections::VecDeque;

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, List, MatchedProvider, Opaque, RoomUri, UserUri,
    code_points::{CipherSuite, ComponentID, ExtensionType},
    extensions::{AppDataDictionary, ComponentData},
    match_presented_identities,
    mls::{
        Add, Credential, Extension, Extensions, ExternalSender, ExternalSenders, HPKEPublicKey, KeyPackage,
        Mls10, Proposal, Sender, SignaturePublicKey,
    },
    protocol::{
        ApplicationMessage, CommitMessage, FanoutMessage, GroupInfoOption, HandshakeBundle, IdentifierUri,
        ParticipantListData, Protocol, SubmitMessageRequest, TreelessGroupInfo, UpdateRequest,
        UpdateRoomResponse, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
    room_policy::RoleData,
};
use mimi_franking::HubKeyRing;
use mimi_policy::TableSeed;
use mimi_room::{
    CredentialError, Identity, Member, MlsMember, MlsStack, OwnCommit, Wishes,
    client::{ClientRoom, ClientSnapshot, Event, PendingExternalJoin},
    hub::{AppliedChange, Call, HostedRoom, HostedSnapshot, Hub, HubChange, HubLimits, Queue, Rate},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::{ModelGroup, Suite, key_of, leaf, suite};

/// A credential is the user, a space, and the client, whose key has its own name.
pub(crate) struct Names;

impl Identity for Names {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        key: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        let Credential::Basic { identity } = credential else { return Err("not basic".into()) };
        let text = std::str::from_utf8(identity).map_err(|_| "not text")?;
        let (user, client) = text.split_once(' ').ok_or("no space")?;
        if key.as_slice() != client.as_bytes() {
            return Err("another key".into());
        }
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes())
    }
}

pub(crate) const CLIENTS: [(&str, &str); 6] = [
    ("mimi://a.example/u/alice", "mimi://a.example/d/a1"),
    ("mimi://a.example/u/alice", "mimi://a.example/d/a2"),
    ("mimi://b.example/u/bob", "mimi://b.example/d/b1"),
    ("mimi://b.example/u/bob", "mimi://b.example/d/b2"),
    ("mimi://c.example/u/carol", "mimi://c.example/d/c1"),
    ("mimi://c.example/u/carol", "mimi://c.example/d/c2"),
];

pub(crate) fn room_uri() -> RoomUri {
    RoomUri::try_from("mimi://a.example/r/club").unwrap()
}

pub(crate) fn user(client: usize) -> UserUri {
    UserUri::try_from(CLIENTS[client].0).unwrap()
}

pub(crate) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

pub(crate) fn hub() -> Hub<Suite, Names> {
    let key = key_of("hub!");
    let credential = Credential::Basic { identity: "mimi://a.example".into() };
    let external_sender = ExternalSender { signature_key: key.clone(), credential };
    let limits = HubLimits { rate: Rate { burst: 0, interval_ms: 0 }, ..HubLimits::default() };
    let domain = DnsName::parse("a.example").unwrap();
    Hub::new(domain, suite(), key, external_sender, HubKeyRing::new(), Names, limits).unwrap()
}

pub(crate) fn peer(client: usize) -> MatchedProvider {
    let uri = user(client);
    let domain = uri.mimi_uri().unwrap().host().to_string();
    let name = DnsName::parse(&domain).unwrap();
    match_presented_identities(name.as_ref(), [domain]).unwrap()
}

pub(crate) fn key_package(client: usize) -> KeyPackage {
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

pub(crate) fn enter(group: ModelGroup) -> ClientRoom<ModelGroup> {
    let hub = DnsName::parse("a.example").unwrap();
    ClientRoom::load(room_uri(), hub, group, &Names, TableSeed::known()).unwrap()
}

/// A commit as a body for the hub, whatever the room says of it.
pub(crate) fn request_of(own: OwnCommit) -> UpdateRequest {
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

/// A client, and what is on its way to it and from it.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) room: Option<ClientRoom<ModelGroup>>,
    /// What the hub has fanned out and the client has not received.
    pub(crate) mail: VecDeque<FanoutMessage>,
    /// The hub's answer to its handshake.
    pub(crate) answer: Option<UpdateRoomResponse>,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) hosted: HostedRoom<ModelGroup>,
    pub(crate) clients: Vec<Client>,
}

impl World {
    /// A room of these roles, in which these clients are from the start, in this order.
    pub(crate) fn with(hub: &Hub<Suite, Names>, roles: &RoleData, present: &[(usize, u32)]) -> Self {
        Self::beside(hub, roles, present, &[], &[], Vec::new())
    }

    /// Such a room, with others on the list, further external senders, and further components.
    pub(crate) fn beside(
        hub: &Hub<Suite, Names>,
        roles: &RoleData,
        present: &[(usize, u32)],
        listed: &[(&str, u32)],
        servers: &[ExternalSender],
        further: Vec<ComponentData>,
    ) -> Self {
        let entry = |component_id, data: Vec<u8>| ComponentData { component_id, data: data.into() };
        let mut participants: Vec<UserRolePair> = Vec::new();
        for (client, role_index) in present {
            let user = user(*client).as_opaque().clone();
            if !participants.iter().any(|known| known.user == user) {
                participants.push(UserRolePair { user, role_index: *role_index });
            }
        }
        participants.extend(listed.iter().map(|(user, role_index)| UserRolePair {
            user: UserUri::try_from(*user).unwrap().into(),
            role_index: *role_index,
        }));
        let mut components = vec![
            entry(ComponentID::PARTICIPANT_LIST, ParticipantListData { participants }.to_bytes().unwrap()),
            entry(ComponentID::ROLES_LIST, roles.to_bytes().unwrap()),
        ];
        components.extend(further);
        components.sort_by_key(|it| it.component_id);
        let dictionary = AppDataDictionary { component_data: List::new(components).unwrap() };
        let mut senders = ExternalSenders { external_senders: vec![hub.external_sender().clone()] };
        senders.external_senders.extend(servers.iter().cloned());
        let extension =
            |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
        let extensions = Extensions::new(vec![
            extension(ExtensionType::EXTERNAL_SENDERS, senders.to_bytes().unwrap()),
            extension(ExtensionType::APP_DATA_DICTIONARY, dictionary.to_bytes().unwrap()),
        ])
        .unwrap();
        let (first, others) = present.split_first().unwrap();
        let mut group = ModelGroup::create(extensions, leaf(CLIENTS[first.0].0, CLIENTS[first.0].1));
        let adds = others
            .iter()
            .map(|(client, _)| Proposal::Add(Box::new(Add { key_package: key_package(*client) })));
        let adds: Vec<Proposal> = adds.collect();
        let mut info = group.group_info(0);
        if !adds.is_empty() {
            let (own, staged) = group.commit(&adds, &Vec::new()).unwrap();
            group.merge(staged).unwrap();
            info = own.group_info;
        }
        let hosted = hub.host(room_uri(), group.seen_by(None), info, &mut rng()).unwrap();
        let outside = || Client { room: None, mail: VecDeque::new(), answer: None };
        let mut clients: Vec<Client> = CLIENTS.iter().map(|_| outside()).collect();
        for (leaf, (client, _)) in (0u32..).zip(present) {
            clients[*client].room = Some(enter(group.seen_by(Some(leaf))));
        }
        Self { hosted, clients }
    }

    pub(crate) fn room(&mut self, client: usize) -> &mut ClientRoom<ModelGroup> {
        self.clients[client].room.as_mut().unwrap()
    }

    /// A body arrives at the hub. Its answer and its fan-outs are on their way then. Returns
    /// whether the hub has accepted it.
    pub(crate) fn arrive(&mut self, hub: &Hub<Suite, Names>, client: usize, request: &UpdateRequest) -> bool {
        let from = peer(client);
        let body = request.to_bytes().unwrap();
        let answer = hub.update(&mut self.hosted, Call { from: &from, now_ms: 1 }, &body);
        let response = answer.response.body.as_deref().unwrap();
        let response: UpdateRoomResponse = Decode::decode_exact(response).unwrap();
        let accepted = matches!(response, UpdateRoomResponse::Success { .. });
        self.clients[client].answer = Some(response);
        if let Some(change) = answer.change {
            assert!(accepted);
            self.apply(hub, change);
        }
        accepted
    }

    pub(crate) fn apply(&mut self, hub: &Hub<Suite, Names>, change: HubChange<ModelGroup>) {
        let AppliedChange { fan_out, .. } = hub.apply(&mut self.hosted, change, &mut rng()).unwrap();
        for fan_out in fan_out {
            for (client, (user, _)) in self.clients.iter_mut().zip(CLIENTS) {
                let user = UserUri::try_from(user).unwrap();
                let provider = user.mimi_uri().unwrap().host();
                if client.room.is_some() && fan_out.to.iter().any(|to| to.as_ref() == provider) {
                    client.mail.push_back(fan_out.message.clone());
                }
            }
        }
        self.welcome();
    }

    /// The clients that the hub has in its group and that are not in it themselves get their
    /// Welcome.
    fn welcome(&mut self) {
        for (client, (_, name)) in self.clients.iter_mut().zip(CLIENTS) {
            let uri = ClientUri::try_from(name).unwrap();
            let leaf = self.hosted.room().members().leaf_of(&uri);
            if let (Some(leaf), None, true) = (leaf, &client.room, self.hosted.room().waiting().is_empty()) {
                client.room = Some(enter(self.hosted.stack().seen_by(Some(leaf))));
                client.mail.clear();
            }
        }
    }

    /// The hub's answer arrives at a client.
    pub(crate) fn hear(&mut self, client: usize) -> Option<Event> {
        let answer = self.clients[client].answer.take()?;
        let heard = self.room(client).answered(&suite(), &Names, &answer);
        match heard {
            Ok(event) => event,
            // The fan-out was faster than the answer.
            Err(mimi_room::client::ClientError::NothingPending) => None,
            Err(error) => panic!("an honest hub's answer is refused: {error}"),
        }
    }

    /// A client receives its next message.
    pub(crate) fn receive(&mut self, client: usize) -> Event {
        let message = self.clients[client].mail.pop_front().unwrap();
        let received = self.room(client).receive(&suite(), &Names, message);
        let event = received.unwrap_or_else(|error| panic!("an honest hub's message is refused: {error}"));
        if matches!(event, Event::Removed { .. }) {
            self.drop_room(client);
        }
        event
    }

    /// A client that was removed forgets the room. It may have been added again.
    pub(crate) fn drop_room(&mut self, client: usize) {
        self.clients[client] = Client { room: None, mail: VecDeque::new(), answer: None };
        self.welcome();
    }

    /// Everything that is on its way to clients arrives.
    pub(crate) fn settle(&mut self) {
        for client in 0..CLIENTS.len() {
            if self.clients[client].room.is_some() {
                self.hear(client);
            }
            while self.clients[client].room.is_some() && !self.clients[client].mail.is_empty() {
                self.receive(client);
            }
        }
    }

    /// A client commits, and gets its answer at once. Returns whether the hub has accepted it.
    pub(crate) fn commit(&mut self, hub: &Hub<Suite, Names>, client: usize, wishes: &Wishes) -> bool {
        let Some(room) = &mut self.clients[client].room else { return false };
        let Ok(request) = room.commit(&Names, wishes) else { return false };
        let accepted = self.arrive(hub, client, &request);
        self.hear(client);
        accepted
    }

    /// A client that is not in the group joins from outside: as what the list says, or as a
    /// stranger with a role. Returns whether the hub has let it in.
    pub(crate) fn join(&mut self, hub: &Hub<Suite, Names>, client: usize, role: Option<u32>) -> bool {
        // The GroupInfo may have leaked: the commit is judged all the same.
        let Ok(tbe) = self.hosted.export() else { return false };
        let (of, name) = CLIENTS[client];
        let join = PendingExternalJoin::new(room_uri(), tbe, &user(client), role, &Names, TableSeed::known());
        let Ok(join) = join else { return false };
        let sender = Sender::NewMemberCommit {};
        let (proposals, components) = (join.proposals(), join.components());
        let made = self.hosted.stack().make_commit(sender, leaf(of, name), proposals, false, components);
        let Ok((own, _)) = made else { return false };
        let request = match join.request(&Names, own.clone()) {
            Ok(request) => request,
            // A dishonest client does not ask itself.
            Err(_) => request_of(own),
        };
        let accepted = self.arrive(hub, client, &request);
        self.clients[client].answer = None;
        accepted
    }

    /// A client sends an application message. Returns whether the hub has accepted it.
    pub(crate) fn send(&mut self, hub: &Hub<Suite, Names>, client: usize) -> bool {
        let Some(room) = &mut self.clients[client].room else { return false };
        let Ok(message) = room.stack_mut().seal(Vec::new(), b"hello") else { return false };
        let request = SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: ApplicationMessage::new(message).unwrap(),
            sending_uri: IdentifierUri::from(&user(client)),
        };
        let from = peer(client);
        let body = request.to_bytes().unwrap();
        let call = Call { from: &from, now_ms: 1 };
        let answer = hub.submit_message(&mut self.hosted, call, &body, &mut rng());
        let Some(change) = answer.change else { return false };
        let before = self.clients[client].mail.len();
        self.apply(hub, change);
        // Its provider knows whose message it is.
        self.clients[client].mail.truncate(before);
        true
    }

    /// The hub restarts from a snapshot.
    pub(crate) fn restart_hub(&mut self, hub: &Hub<Suite, Names>) {
        let bytes = self.hosted.snapshot().unwrap();
        let stack = self.hosted.stack().clone();
        let read = HostedSnapshot::read(&bytes).unwrap();
        let restored = read.restore(hub, stack, Queue::Kept, &mut rng()).unwrap();
        assert_eq!(restored.snapshot().unwrap(), bytes);
        self.hosted = restored;
    }

    /// A client is killed, and starts again from a snapshot.
    pub(crate) fn restart_client(&mut self, client: usize) {
        let Some(room) = &self.clients[client].room else { return };
        let bytes = room.snapshot().unwrap();
        let read = ClientSnapshot::read(&bytes).unwrap();
        let stack = room.stack().clone();
        let restored = read.restore(stack, &suite(), &Names, TableSeed::known()).unwrap();
        assert_eq!(restored.snapshot().unwrap(), bytes);
        self.clients[client].room = Some(restored);
    }
}
