//! Clients on OpenMLS and the hub that they talk to. What the hub answers is written down as the
//! steps of a case.

use alloc::{format, string::String, string::ToString, sync::Arc, vec, vec::Vec};
use core::fmt::Display;

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, List, RoomUri, UserUri,
    code_points::{CipherSuite, ComponentID, CredentialType, ExtensionType, ProposalType},
    extensions::{AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData, ComponentsList},
    mls::{
        Credential, Extension, Extensions, ExternalSender, ExternalSenders, GroupInfo, KeyPackage, Proposal,
        RequiredCapabilities,
    },
    protocol::{
        ConsentEndpoint, ConsentEntry, FanoutEvent, FanoutMessage, GroupInfoRatchetTreeTBE,
        GroupInfoRequestTBS, IdentifierUri, KeyMaterialRequest, ParticipantListData, ParticipantListUpdate,
        Protocol, UpdateRequest, UpdateRoomResponse, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
    room_policy::RoleData,
};
use mimi_crypto::{RustCrypto, generate_hpke_key_pair, sign_group_info_request};
use mimi_franking::HubKey;
use mimi_openmls::{MemberStack, group_config, join_config, join_externally, of_openmls, to_openmls};
use mimi_policy::TableSeed;
use mimi_room::{
    MlsMember, MlsStack, OwnCommit, Wishes,
    client::{ClientRoom, Event, PendingExternalJoin},
};
use openmls::prelude as mls;

use super::seeded::{Key, Seeded};
use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};
use crate::kind::room::{
    hosting::{Directory, Hosting, Stack, Unplayable, hub, peer},
    json::{Expected, Hex, HubJson, IdentityJson, LimitsJson, ResponseJson, StepJson},
};

pub(super) type Made<T> = Result<T, GenerateError>;

/// The crates do not do what the story asks of them.
pub(super) fn defect(why: impl Display) -> GenerateError {
    GenerateError::Defect(why.to_string())
}

impl From<Unplayable> for GenerateError {
    fn from(error: Unplayable) -> Self {
        defect(format!("{}: {}", error.field, error.why))
    }
}

macro_rules! defects {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for GenerateError {
            fn from(error: $error) -> Self {
                defect(error)
            }
        }
    )*};
}

defects!(
    mimi_codec::IdentityError,
    mimi_openmls::StackError,
    mimi_room::WishError,
    mimi_room::client::ClientError,
    mimi_room::hub::HubError,
);

pub(super) const HUB: &str = "a.example";
pub(super) const ROOM: &str = "mimi://a.example/r/clubhouse";
/// 2026-01-01. The clients' leaves and KeyPackages are good for ever, so that no vector expires.
const START_MS: u64 = 1_767_225_600_000;

pub(super) type Member = MemberStack<Arc<Seeded>, Key>;

/// One client.
pub(super) struct Client {
    pub(super) user: UserUri,
    pub(super) domain: String,
    pub(super) client: ClientUri,
    pub(super) credential: Credential,
    pub(super) key: Arc<Key>,
    provider: Arc<Seeded>,
    pub(super) room: Option<ClientRoom<Member>>,
}

/// How a case begins: who is on the list, with which role.
pub(super) struct Beginning<'a> {
    pub(super) name: &'a str,
    pub(super) about: &'a str,
    pub(super) suite: CipherSuite,
    pub(super) roles: RoleData,
    /// Beside Alice, who creates the room with role 3.
    pub(super) participants: &'a [(&'a str, u32)],
    pub(super) limits: LimitsJson,
}

pub(super) const LIMITS: LimitsJson =
    LimitsJson { max_body: 1 << 16, max_waiting: 16, max_claimed: 64, burst: 1000, interval_ms: 100 };

/// Who is who: everyone that a case may mention, at its provider.
const CAST: [(&str, &str, &str); 7] = [
    ("a.example", "alice", "a1"),
    ("b.example", "bob", "b1"),
    ("b.example", "bob", "b2"),
    ("c.example", "carol", "c1"),
    ("d.example", "dave", "d1"),
    ("b.example", "eve", "e1"),
    ("a.example", "alice", "a2"),
];
pub(super) const ALICE: usize = 0;
pub(super) const BOB: usize = 1;
pub(super) const BOB_2: usize = 2;
pub(super) const CAROL: usize = 3;
pub(super) const DAVE: usize = 4;
pub(super) const EVE: usize = 5;

pub(super) struct World {
    pub(super) suite: RustCrypto,
    number: CipherSuite,
    pub(super) stream: Stream,
    pub(super) hosting: Hosting,
    pub(super) clients: Vec<Client>,
    pub(super) now_ms: u64,
    name: String,
    case: GeneratedCase,
    steps: Vec<StepJson>,
}

fn component(component_id: ComponentID, data: &impl Encode) -> Made<ComponentData> {
    Ok(ComponentData { component_id, data: data.to_bytes()?.into() })
}

fn extension(extension_type: ExtensionType, data: &impl Encode) -> Made<Extension> {
    Ok(Extension { extension_type, extension_data: data.to_bytes()?.into() })
}

fn capabilities() -> mls::Capabilities {
    mls::Capabilities::builder()
        .extensions(vec![mls::ExtensionType::AppDataDictionary])
        .proposals(vec![mls::ProposalType::AppDataUpdate, mls::ProposalType::SelfRemove])
        .build()
}

pub(super) fn room_uri() -> Made<RoomUri> {
    Ok(RoomUri::try_from(ROOM)?)
}

pub(super) fn uri(text: &str) -> Made<UserUri> {
    Ok(UserUri::try_from(text)?)
}

/// An update of the participant list, as a proposal.
pub(super) fn list_update(update: &ParticipantListUpdate) -> Made<Proposal> {
    let op = AppDataUpdateSelect::Update { update: update.to_bytes()?.into() };
    Ok(Proposal::AppDataUpdate(AppDataUpdate { component_id: ComponentID::PARTICIPANT_LIST, op }))
}

/// Adds users to the list, whatever their URI is.
pub(super) fn list_addition(user: &str, role_index: u32) -> ParticipantListUpdate {
    ParticipantListUpdate {
        changed_role_participants: Vec::new(),
        removed_indices: Vec::new(),
        added_participants: vec![UserRolePair { user: user.into(), role_index }],
    }
}

impl Client {
    fn credential_with_key(&self) -> Made<mls::CredentialWithKey> {
        let credential = to_openmls(&self.credential)?;
        Ok(mls::CredentialWithKey { credential, signature_key: self.key.public().to_vec().into() })
    }

    pub(super) fn room(&mut self) -> Made<&mut ClientRoom<Member>> {
        self.room.as_mut().ok_or_else(|| defect("the client is not in the room"))
    }

    fn enter(&self, stack: Member) -> Made<ClientRoom<Member>> {
        let hub = DnsName::parse(HUB).map_err(defect)?;
        let directory = Everyone;
        Ok(ClientRoom::load(room_uri()?, hub, stack, &directory, TableSeed::known())?)
    }
}

/// Clients believe what a credential says. The hub of a case has a list.
pub(super) struct Everyone;

impl mimi_room::Identity for Everyone {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        _: &mimi_codec::mls::SignaturePublicKey,
    ) -> Result<mimi_room::Member, mimi_room::CredentialError> {
        let Credential::Basic { identity } = credential else { return Err("not basic".into()) };
        let text = core::str::from_utf8(identity).map_err(|_| "not text")?;
        let (user, client) = text.split_once(' ').ok_or("no space")?;
        mimi_room::Member::of_mimi_uris(user.as_bytes(), client.as_bytes())
    }
}

impl World {
    /// Alice has created the room, and the hub has taken it.
    pub(super) fn new(seed: &Seed, beginning: &Beginning<'_>) -> Made<Self> {
        let Beginning { name, about, suite: number, roles, participants, limits } = beginning;
        let mut stream = Stream::new(seed, "room", name);
        let suite = RustCrypto::new(*number)?;
        let hub_key = Key::new(*number, &mut stream)?;
        let external_sender = ExternalSender {
            signature_key: hub_key.public(),
            credential: Credential::Basic { identity: "mimi://a.example".into() },
        };
        let hub_json = HubJson {
            domain: HUB.into(),
            signature_private_key: hub_key.private().expose().to_vec().into(),
            external_sender: external_sender.to_bytes()?.into(),
            hub_keys: vec![(0, HubKey::generate(&mut stream).expose().to_vec().into())],
            limits: *limits,
        };
        let mut clients = Vec::new();
        let mut directory = Directory::default();
        let mut identities = Vec::new();
        for (domain, user, device) in CAST {
            let client = format!("mimi://{domain}/d/{device}");
            let user = format!("mimi://{domain}/u/{user}");
            let credential = Credential::Basic { identity: format!("{user} {client}").into_bytes().into() };
            let key = Arc::new(Key::new(*number, &mut stream)?);
            let identity = IdentityJson {
                credential: credential.to_bytes()?.into(),
                signature_public_key: key.public().to_vec().into(),
                user: user.clone(),
                client: client.clone(),
            };
            directory.add(&identity)?;
            identities.push(identity);
            let provider = Arc::new(Seeded::new(seed, &format!("{name}: {client}"), suite));
            let (user, client) = (uri(&user)?, ClientUri::try_from(client.as_str())?);
            clients.push(Client {
                user,
                domain: domain.into(),
                client,
                credential,
                key,
                provider,
                room: None,
            });
        }
        let hub = hub(suite, &hub_json, directory)?;

        let alice = clients.first_mut().ok_or_else(|| defect("no cast"))?;
        let mut on_list = vec![UserRolePair { user: alice.user.as_opaque().clone(), role_index: 3 }];
        let others = participants.iter();
        on_list.extend(others.map(|(user, role)| UserRolePair { user: (*user).into(), role_index: *role }));
        let list = ParticipantListData { participants: on_list };
        let mut components = vec![
            component(ComponentID::PARTICIPANT_LIST, &list)?,
            component(ComponentID::ROLES_LIST, roles)?,
            component(ComponentID::FRANKING_AGENT, &hub.franking_agent())?,
        ];
        let mut ids: Vec<ComponentID> = components.iter().map(|it| it.component_id).collect();
        ids.push(ComponentID::FRANK_AAD);
        ids.sort_unstable();
        components.push(component(ComponentID::APP_COMPONENTS, &ComponentsList { component_ids: ids })?);
        let safe_aad = ComponentsList { component_ids: vec![ComponentID::FRANK_AAD] };
        components.push(component(ComponentID::SAFE_AAD, &safe_aad)?);
        components.sort_by_key(|it| it.component_id);
        let dictionary = AppDataDictionary { component_data: List::new(components).map_err(defect)? };
        let required = RequiredCapabilities {
            extension_types: vec![ExtensionType::APP_DATA_DICTIONARY],
            proposal_types: vec![ProposalType::APP_DATA_UPDATE],
            credential_types: vec![CredentialType::BASIC],
        };
        let senders = ExternalSenders { external_senders: vec![hub.external_sender().clone()] };
        let extensions = Extensions::new(vec![
            extension(ExtensionType::REQUIRED_CAPABILITIES, &required)?,
            extension(ExtensionType::EXTERNAL_SENDERS, &senders)?,
            extension(ExtensionType::APP_DATA_DICTIONARY, &dictionary)?,
        ])?;
        let config = group_config(4)
            .ciphersuite(mls::Ciphersuite::try_from(number.value()).map_err(|_| defect("suite"))?)
            .capabilities(capabilities())
            .lifetime(for_ever())
            .with_group_context_extensions(to_openmls(&extensions)?)
            .build();
        let group = mls::MlsGroup::new_with_group_id(
            &*alice.provider,
            &*alice.key,
            &config,
            mls::GroupId::from_slice(
                format!("mimi://a.example/g/{}", hex::encode(stream.bytes(8))).as_bytes(),
            ),
            alice.credential_with_key()?,
        )
        .map_err(defect)?;
        let stack = MemberStack::new(alice.provider.clone(), alice.key.clone(), group);
        let room = alice.enter(stack)?;
        let group_info = room.stack().group_info()?;
        let tree = room.stack().ratchet_tree()?;
        alice.room = Some(room);
        let stack = Stack::follow(Arc::default(), &group_info, &tree)?;
        let hosted = hub.host(room_uri()?, stack, group_info, &mut stream)?;
        let hosting = Hosting::with(peer(HUB)?, hub, hosted);
        let case = GeneratedCase::new(name)
            .text("about", about)
            .json_member("cipher_suite", number.value().to_string())
            .json_member("hub", serde_json::to_string(&hub_json)?)
            .json_member("identities", serde_json::to_string(&identities)?);
        let (number, name, steps, now_ms) = (*number, String::from(*name), Vec::new(), START_MS);
        Ok(Self { suite, number, stream, hosting, clients, now_ms, name, case, steps })
    }

    /// What came before is no part of the case: it begins here.
    pub(super) fn begin(&mut self) -> Made<()> {
        let snapshot = self.hosting.snapshot()?;
        self.begin_with(&snapshot)
    }

    /// The same with another snapshot of this room.
    pub(super) fn begin_with(&mut self, snapshot: &[u8]) -> Made<()> {
        self.steps.clear();
        let tree = self.hosting.ratchet_tree()?;
        let case = core::mem::replace(&mut self.case, GeneratedCase::new(""));
        self.case = case.hex("snapshot", snapshot).hex("ratchet_tree", &tree);
        Ok(())
    }

    /// The case.
    pub(super) fn end(self) -> Made<GeneratedCase> {
        self.agree()?;
        Ok(self.case.json_member("steps", serde_json::to_string(&self.steps)?))
    }

    pub(super) fn end_with_client_snapshot(self) -> Made<GeneratedCase> {
        let alice = self.clients.first().and_then(|it| it.room.as_ref());
        let alice = alice.ok_or_else(|| defect("Alice is not in the room"))?.snapshot()?;
        let Self { case, .. } = self;
        Ok(case.hex("client_snapshot", &alice).json_member("steps", "[]".into()))
    }

    /// A case that must be refused: another snapshot, or another tree.
    pub(super) fn refused(self, reason: &str, snapshot: &[u8], tree: &[u8]) -> Made<GeneratedCase> {
        let case = GeneratedCase::invalid(&self.name, reason);
        let case = case.members_of(&self.case, &["cipher_suite", "hub", "identities"]);
        Ok(case.hex("snapshot", snapshot).hex("ratchet_tree", tree).json_member("steps", "[]".into()))
    }

    pub(super) fn client(&mut self, place: usize) -> Made<&mut Client> {
        self.clients.get_mut(place).ok_or_else(|| defect("no such client"))
    }

    pub(super) fn key_package(&self, place: usize) -> Made<KeyPackage> {
        let client = self.clients.get(place).ok_or_else(|| defect("no such client"))?;
        let suite = mls::Ciphersuite::try_from(self.number.value()).map_err(|_| defect("suite"))?;
        let bundle = mls::KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .key_package_lifetime(for_ever())
            .build(suite, &*client.provider, &*client.key, client.credential_with_key()?)
            .map_err(defect)?;
        Ok(of_openmls(bundle.key_package())?)
    }

    fn play(&mut self, mut step: StepJson) -> Made<Expected> {
        self.now_ms = self.now_ms.saturating_add(1_000);
        if step.at == 0 {
            step.at = self.now_ms;
        }
        if step.variable.is_none() {
            step.variable = addressee(&step);
        }
        let played = self.hosting.play(&step, &mut self.stream)?;
        step.expected = played.clone();
        if step.requester_private_key.is_some() {
            let sealed =
                super::super::opened_by_requester(&step, &played.response.clone().unwrap_or_default());
            let opened = hex::decode(sealed).ok().map(Into::into);
            step.expected.response = played.response.clone().map(|it| ResponseJson { opened, ..it });
        }
        let expected = step.expected.clone();
        self.steps.push(step);
        self.deliver(&played)?;
        Ok(expected)
    }

    /// A request.
    pub(super) fn post(&mut self, about: &str, endpoint: &str, from: &str, body: Vec<u8>) -> Made<Expected> {
        self.play(StepJson {
            about: about.into(),
            endpoint: Some(endpoint.into()),
            from: Some(from.into()),
            body: Some(body.into()),
            ..StepJson::default()
        })
    }

    /// A request that the hub must accept.
    pub(super) fn accept(
        &mut self,
        about: &str,
        endpoint: &str,
        from: &str,
        body: Vec<u8>,
    ) -> Made<Expected> {
        let played = self.post(about, endpoint, from, body)?;
        accepted(about, &played)?;
        Ok(played)
    }

    /// A request that the hub must refuse, for a reason with these words.
    pub(super) fn refuse(
        &mut self,
        about: &str,
        (endpoint, from): (&str, &str),
        body: Vec<u8>,
        why: &str,
    ) -> Made<Expected> {
        let played = self.post(about, endpoint, from, body)?;
        refused(about, &played, why)?;
        Ok(played)
    }

    /// A request whose path names another than its body: 400, and nothing changes.
    pub(super) fn misaddressed(
        &mut self,
        about: &str,
        (endpoint, from): (&str, &str),
        variable: &str,
        body: Vec<u8>,
    ) -> Made<()> {
        let played = self.play(StepJson {
            about: about.into(),
            endpoint: Some(endpoint.into()),
            from: Some(from.into()),
            variable: Some(variable.into()),
            body: Some(body.into()),
            ..StepJson::default()
        })?;
        let status = played.response.map(|it| it.status);
        if played.accepted || status != Some(400) || played.snapshot.is_some() {
            return Err(defect(format!("{about}: {status:?}")));
        }
        Ok(())
    }

    /// What the hub's operator does.
    pub(super) fn operate(
        &mut self,
        about: &str,
        operator: &str,
        user: &UserUri,
        rest: StepJson,
    ) -> Made<Expected> {
        self.play(StepJson {
            about: about.into(),
            operator: Some(operator.into()),
            user: Some(user.to_string()),
            ..rest
        })
    }

    /// A request for key material, with what the next provider answers.
    pub(super) fn key_material(
        &mut self,
        about: &str,
        from: &str,
        body: Vec<u8>,
        next_response: Option<Vec<u8>>,
    ) -> Made<Expected> {
        self.play(StepJson {
            about: about.into(),
            endpoint: Some("keyMaterial".into()),
            from: Some(from.into()),
            body: Some(body.into()),
            next_response: next_response.map(Into::into),
            ..StepJson::default()
        })
    }

    /// A request for the GroupInfo.
    pub(super) fn group_info(
        &mut self,
        about: &str,
        place: usize,
        code: Option<&[u8]>,
    ) -> Made<Option<GroupInfoRatchetTreeTBE>> {
        let (private, group_info_public_key) = generate_hpke_key_pair(&self.suite, &mut self.stream)?;
        let (suite, number) = (self.suite, self.number);
        let client = self.clients.get(place).ok_or_else(|| defect("no such client"))?;
        let request = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: number,
            requesting_signature_key: client.key.public(),
            requesting_credential: client.credential.clone(),
            group_info_public_key,
            joining_code: code.map(Into::into),
        };
        let (key, from) = (client.key.clone(), client.domain.clone());
        let request = sign_group_info_request(&suite, key.signing_key(), request, &mut self.stream)?;
        let played = self.play(StepJson {
            about: about.into(),
            endpoint: Some("groupInfo".into()),
            from: Some(from),
            body: Some(request.to_bytes()?.into()),
            requester_private_key: Some(Hex(private.expose().to_vec())),
            ..StepJson::default()
        })?;
        let opened = played.response.and_then(|it| it.opened);
        opened.map(|it| GroupInfoRatchetTreeTBE::decode_exact(&it.0)).transpose().map_err(defect)
    }

    /// The GroupInfo as a member could leak it.
    pub(super) fn leaked(&self) -> Made<GroupInfoRatchetTreeTBE> {
        Ok(self.hosting.hosted.export()?)
    }

    /// The external commit of a client, and the room that it has if the hub accepts.
    pub(super) fn external_commit(
        &mut self,
        place: usize,
        tbe: GroupInfoRatchetTreeTBE,
        role: Option<u32>,
    ) -> Made<(UpdateRequest, Member)> {
        let client = self.client(place)?;
        let join =
            PendingExternalJoin::new(room_uri()?, tbe, &client.user, role, &Everyone, TableSeed::known())?;
        let (own, stack) = join_externally(
            client.provider.clone(),
            client.key.clone(),
            client.credential_with_key()?,
            mls::LeafNodeParameters::builder().with_capabilities(capabilities()).build(),
            &join_config(4),
            join.group_info(),
            join.ratchet_tree(),
            join.proposals(),
            join.components(),
        )?;
        Ok((update_request(own)?, stack))
    }

    /// Joins from outside, which the hub must accept.
    pub(super) fn join(
        &mut self,
        about: &str,
        place: usize,
        tbe: GroupInfoRatchetTreeTBE,
        role: Option<u32>,
    ) -> Made<()> {
        let (request, stack) = self.external_commit(place, tbe, role)?;
        let from = self.client(place)?.domain.clone();
        self.accept(about, "update", &from, request.to_bytes()?)?;
        let client = self.client(place)?;
        client.room = Some(client.enter(stack)?);
        self.agree()
    }

    /// A client's commit, as it is sent.
    pub(super) fn commit(&mut self, place: usize, wishes: &Wishes) -> Made<UpdateRequest> {
        Ok(self.client(place)?.room()?.commit(&Everyone, wishes)?)
    }

    /// A commit that the client's own room would refuse: its stack alone makes it, and forgets it.
    pub(super) fn dishonest_commit(&mut self, place: usize, proposals: &[Proposal]) -> Made<OwnCommit> {
        let room = self.client(place)?.room()?;
        let touched = proposals.iter().filter_map(|it| match it {
            Proposal::AppDataUpdate(update) => Some(update.component_id),
            _ => None,
        });
        let data = as_they_are(room, touched);
        let stack = room.stack_mut();
        let (own, staged) = stack.commit(proposals, &data)?;
        stack.discard(staged)?;
        Ok(own)
    }

    /// A commit of what the client's stack has queued, whatever its room says.
    pub(super) fn commit_as_it_is(&mut self, place: usize) -> Made<OwnCommit> {
        let room = self.client(place)?.room()?;
        let data = as_they_are(room, [ComponentID::PARTICIPANT_LIST]);
        let (own, staged) = room.stack_mut().commit(&[], &data)?;
        room.stack_mut().discard(staged)?;
        Ok(own)
    }

    /// A proposal that the client's own room would refuse.
    pub(super) fn dishonest_proposal(&mut self, place: usize, proposal: &Proposal) -> Made<Vec<u8>> {
        let suite = self.suite;
        let stack = self.client(place)?.room()?.stack_mut();
        let (message, content) = stack.propose(proposal)?;
        stack.withdraw(&mimi_crypto::proposal_ref(&suite, &content)?)?;
        let bundle = mimi_codec::protocol::ProposalMessages::new(
            mimi_codec::protocol::ProposalMessage::new(message).map_err(defect)?,
            Vec::new(),
        );
        let bundle = mimi_codec::protocol::HandshakeBundle::Proposal(bundle.map_err(defect)?);
        Ok(UpdateRequest { bundle }.to_bytes()?)
    }

    /// Posts a handshake that the hub must accept, and tells its sender.
    pub(super) fn settle(&mut self, about: &str, place: usize, request: &UpdateRequest) -> Made<Expected> {
        let from = self.client(place)?.domain.clone();
        let step = StepJson {
            about: about.into(),
            endpoint: Some("update".into()),
            from: Some(from),
            body: Some(request.to_bytes()?.into()),
            ..StepJson::default()
        };
        self.now_ms = self.now_ms.saturating_add(1_000);
        let step = StepJson { at: self.now_ms, ..step };
        let played = self.hosting.play(&step, &mut self.stream)?;
        accepted(about, &played)?;
        self.steps.push(StepJson { expected: played.clone(), ..step });
        let body = played.response.as_ref().and_then(|it| it.body.as_ref());
        let response = UpdateRoomResponse::decode_exact(&body.ok_or_else(|| defect("no body"))?.0)?;
        let suite = self.suite;
        self.client(place)?.room()?.answered(&suite, &Everyone, &response)?;
        self.deliver(&played)?;
        self.agree()?;
        Ok(played)
    }

    /// Hands what the hub fans out to the clients.
    fn deliver(&mut self, played: &Expected) -> Made<()> {
        for fan_out in &played.fan_outs {
            let message = FanoutMessage::decode_exact(&fan_out.body.0).map_err(defect)?;
            for client in &mut self.clients {
                if !fan_out.to.contains(&client.domain) {
                    continue;
                }
                if let FanoutEvent::Welcome { message, ratchet_tree_option } = message.event() {
                    if client.room.is_some() {
                        continue;
                    }
                    let RatchetTreeOption::Full { ratchet_tree } = &**ratchet_tree_option else { continue };
                    let Some(welcome) = message.welcome() else { continue };
                    let staged = mls::StagedWelcome::build_from_welcome(
                        &*client.provider,
                        &join_config(4),
                        to_openmls(welcome)?,
                    );
                    let Ok(staged) = staged else { continue };
                    let staged =
                        staged.with_ratchet_tree(to_openmls(ratchet_tree)?).build().map_err(defect)?;
                    let group = staged.into_group(&*client.provider).map_err(defect)?;
                    let stack = MemberStack::new(client.provider.clone(), client.key.clone(), group);
                    client.room = Some(client.enter(stack)?);
                } else if let Some(room) = &mut client.room {
                    // A message that is repeated cannot be opened again; a client's own never can.
                    let event = room.receive(&self.suite, &Everyone, message.clone());
                    match (event, message.event()) {
                        (Ok(Event::Removed { .. }), _) => client.room = None,
                        (Ok(_), _) | (Err(_), FanoutEvent::Application { .. }) => {}
                        (Err(error), _) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(())
    }

    /// Hub and clients agree.
    fn agree(&self) -> Made<()> {
        let room = self.hosting.hosted.room();
        for client in self.clients.iter().filter_map(|it| it.room.as_ref()) {
            let theirs = client.room();
            let same = theirs.group_context() == room.group_context()
                && theirs.members() == room.members()
                && theirs.waiting() == room.waiting();
            if !same {
                return Err(defect("hub and clients disagree"));
            }
        }
        Ok(())
    }

    /// A grant of consent with a KeyPackage, from its user's provider: the Welcome goes there.
    pub(super) fn grant(&self, place: usize) -> Made<(KeyPackage, ConsentEntry)> {
        let package = self.key_package(place)?;
        let user = &self.clients.get(place).ok_or_else(|| defect("no such client"))?.user;
        let entry = ConsentEntry::Grant {
            requester_uri: IdentifierUri::new("mimi://a.example/u/alice").map_err(defect)?,
            target_uri: user.into(),
            room_id: Some(IdentifierUri::from(&room_uri()?)),
            client_key_packages: vec![package.clone()],
            consent_extensions: AppDataDictionary::default(),
        };
        Ok((package, entry))
    }

    /// Alice adds a user whose provider has granted consent.
    pub(super) fn add(&mut self, place: usize, role: u32) -> Made<()> {
        let (package, entry) = self.grant(place)?;
        let (user, from) = {
            let client = self.client(place)?;
            (client.user.clone(), client.domain.clone())
        };
        let about = format!("{user} consents to be added, and sends a KeyPackage");
        self.accept(&about, "updateConsent", &from, entry.to_bytes()?)?;
        let request = self.commit(ALICE, &Wishes::default().add(user.clone(), role, vec![package]))?;
        self.settle(
            &format!("Alice adds {user} with role {role}: the Welcome goes to {from}"),
            ALICE,
            &request,
        )?;
        if self.client(place)?.room.is_none() {
            return Err(defect("the Welcome has not reached its client"));
        }
        Ok(())
    }
}

/// The data that components have. The hub refuses before it looks at those of the next epoch.
fn as_they_are(
    room: &ClientRoom<Member>,
    touched: impl IntoIterator<Item = ComponentID>,
) -> mimi_room::ComponentUpdates {
    let data = |id| room.room().dictionary().data(id).map(<[u8]>::to_vec);
    touched.into_iter().map(|id| (id, data(id))).collect()
}

/// The variable of the path that belongs to a body: the target user, or the domain of the provider
/// that is to hear of consent.
fn addressee(step: &StepJson) -> Option<String> {
    let body = &step.body.as_ref()?.0;
    match step.endpoint.as_deref()? {
        "keyMaterial" => {
            let request = KeyMaterialRequest::decode_exact(body).ok()?;
            core::str::from_utf8(request.target_user.as_bytes()).ok().map(String::from)
        }
        "requestConsent" | "updateConsent" => {
            let entry = ConsentEntry::decode_exact(body).ok()?;
            let scope = entry.scope();
            let addressee = match entry.endpoint() {
                ConsentEndpoint::RequestConsent => scope.target_uri.mimi_uri(),
                ConsentEndpoint::UpdateConsent => scope.requester_uri.mimi_uri(),
            };
            addressee.ok().map(|uri| uri.host().as_str().into())
        }
        _ => None,
    }
}

fn accepted(about: &str, played: &Expected) -> Made<()> {
    match &played.reason {
        None if played.accepted => Ok(()),
        reason => Err(defect(format!("{about}: {reason:?}"))),
    }
}

pub(super) fn refused(about: &str, played: &Expected, why: &str) -> Made<()> {
    match &played.reason {
        Some(reason) if !played.accepted && reason.contains(why) => Ok(()),
        reason => Err(defect(format!("{about}: refused for {why:?}, not {reason:?}"))),
    }
}

/// Neither is ever checked against a clock that has passed it.
fn for_ever() -> mls::Lifetime {
    mls::Lifetime::init(0, u64::MAX)
}

/// A commit as MIMI carries it.
pub(super) fn update_request(own: OwnCommit) -> Made<UpdateRequest> {
    use mimi_codec::protocol::{CommitMessage, GroupInfoOption, HandshakeBundle, TreelessGroupInfo};
    let group_info = TreelessGroupInfo::new(own.group_info)?;
    Ok(UpdateRequest {
        bundle: HandshakeBundle::Commit {
            proposal_or_commit: CommitMessage::new(own.commit).map_err(defect)?,
            welcome: own.welcome,
            group_info_option: alloc::boxed::Box::new(GroupInfoOption::Full { group_info }),
            ratchet_tree_option: RatchetTreeOption::DistributionService {},
        },
    })
}

/// The same with another GroupInfo.
pub(super) fn with_group_info(own: &OwnCommit, change: impl FnOnce(&mut GroupInfo)) -> Made<Vec<u8>> {
    let mut own = own.clone();
    change(&mut own.group_info);
    Ok(update_request(own)?.to_bytes()?)
}
