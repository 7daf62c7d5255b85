//! Providers, clients and a hub on OpenMLS, for tests.

use std::sync::{Arc, Mutex};

use mimi_codec::{
    Decode, DnsName, Encode, MatchedProvider, RoomUri, UserUri,
    code_points::CipherSuite,
    extensions::AppDataDictionary,
    match_presented_identities,
    mls::{Credential, ExternalSender, KeyPackage, SignaturePublicKey},
    protocol::{FanoutEvent, ParticipantListData, UpdateRequest, UpdateRoomResponse, UserRolePair},
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto};
use mimi_franking::{HubKey, HubKeyId, HubKeyRing};
use mimi_openmls::{MemberStack, PublicStack, group_config, join_config, of_openmls, to_openmls};
use mimi_policy::{TableSeed, preset::ExampleRoom};
use mimi_room::{
    CredentialError, Identity, Member, NewRoom,
    client::{ClientError, ClientRoom, Event},
    hub::{AppliedChange, Call, HostedRoom, Hub, HubChange, HubLimits},
};
use openmls::prelude as mls;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::signatures::{Signer, SignerError};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// A credential here is the user, a space, and the client.
pub(crate) struct Names;

impl Identity for Names {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        _: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        let Credential::Basic { identity } = credential else {
            return Err("not a basic credential".into());
        };
        let text = std::str::from_utf8(identity).map_err(|_| "not text")?;
        let (user, client) = text.split_once(' ').ok_or("no space")?;
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes())
    }
}

pub(crate) struct Key {
    suite: RustCrypto,
    key: <RustCrypto as CipherSuiteProvider>::SigningKey,
    rng: Mutex<ChaCha20Rng>,
}

impl Key {
    pub(crate) fn new(seed: u64) -> Self {
        let suite = RustCrypto::new(CipherSuite(1)).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let private = suite.generate_signature_key(&mut rng).unwrap();
        Self { suite, key: suite.signing_key(&private).unwrap(), rng: Mutex::new(rng) }
    }

    pub(crate) fn signing_key(&self) -> &<RustCrypto as CipherSuiteProvider>::SigningKey {
        &self.key
    }

    pub(crate) fn public(&self) -> SignaturePublicKey {
        self.suite.signature_public_key(&self.key)
    }
}

impl Signer for Key {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        let mut rng = self.rng.lock().unwrap();
        self.suite.sign(&self.key, payload, &mut *rng).map_err(|_| SignerError::SigningError)
    }

    fn signature_scheme(&self) -> mls::SignatureScheme {
        mls::SignatureScheme::ED25519
    }
}

pub(crate) type Provider = Arc<OpenMlsRustCrypto>;
pub(crate) type Stack = MemberStack<Provider, Key>;
pub(crate) type HubStack = PublicStack<Provider>;

pub(crate) struct Client {
    pub(crate) user: UserUri,
    pub(crate) credential: Credential,
    pub(crate) provider: Provider,
    pub(crate) key: Arc<Key>,
    pub(crate) room: Option<ClientRoom<Stack>>,
}

pub(crate) fn uri(text: &str) -> UserUri {
    UserUri::try_from(text).unwrap()
}

pub(crate) fn room_uri() -> RoomUri {
    RoomUri::try_from("mimi://a.example/r/club").unwrap()
}

pub(crate) fn peer(domain: &str) -> MatchedProvider {
    let name = DnsName::parse(domain).unwrap();
    match_presented_identities(name.as_ref(), [domain]).unwrap()
}

pub(crate) fn suite() -> RustCrypto {
    RustCrypto::new(CipherSuite(1)).unwrap()
}

fn capabilities() -> mls::Capabilities {
    mls::Capabilities::builder()
        .extensions(vec![mls::ExtensionType::AppDataDictionary])
        .proposals(vec![
            mls::ProposalType::AppDataUpdate,
            mls::ProposalType::AppEphemeral,
            mls::ProposalType::SelfRemove,
        ])
        .build()
}

impl Client {
    pub(crate) fn new(domain: &str, name: &str, device: &str, seed: u64) -> Self {
        let user = format!("mimi://{domain}/u/{name}");
        let identity = format!("{user} mimi://{domain}/d/{device}");
        Self {
            user: uri(&user),
            credential: Credential::Basic { identity: identity.as_str().into() },
            provider: Arc::default(),
            key: Arc::new(Key::new(seed)),
            room: None,
        }
    }

    pub(crate) fn credential_with_key(&self) -> mls::CredentialWithKey {
        let credential = to_openmls(&self.credential).unwrap();
        mls::CredentialWithKey { credential, signature_key: self.key.public().to_vec().into() }
    }

    pub(crate) fn key_package(&self) -> KeyPackage {
        let suite = mls::Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
        let bundle = mls::KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .build(suite, &*self.provider, &*self.key, self.credential_with_key())
            .unwrap();
        of_openmls(bundle.key_package()).unwrap()
    }

    pub(crate) fn room(&mut self) -> &mut ClientRoom<Stack> {
        self.room.as_mut().unwrap()
    }

    pub(crate) fn open(&self, group: mls::MlsGroup) -> ClientRoom<Stack> {
        let stack = MemberStack::new(self.provider.clone(), self.key.clone(), group);
        self.enter(stack).unwrap()
    }

    pub(crate) fn enter(&self, stack: Stack) -> Result<ClientRoom<Stack>, ClientError> {
        let hub = DnsName::parse("a.example").unwrap();
        ClientRoom::load(room_uri(), hub, stack, &Names, TableSeed::known())
    }

    pub(crate) fn external_stack(
        &self,
        join: &mimi_room::client::PendingExternalJoin,
    ) -> (mimi_room::OwnCommit, Stack) {
        mimi_openmls::join_externally(
            self.provider.clone(),
            self.key.clone(),
            self.credential_with_key(),
            mls::LeafNodeParameters::builder().with_capabilities(capabilities()).build(),
            &join_config(2),
            join.group_info(),
            join.ratchet_tree(),
            join.proposals(),
            join.components(),
        )
        .unwrap()
    }
}

pub(crate) struct World {
    pub(crate) hub: Hub<RustCrypto, Names>,
    pub(crate) hosted: HostedRoom<HubStack>,
    pub(crate) clients: Vec<Client>,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) now_ms: u64,
}

impl World {
    /// Alice creates the room with these roles; she is an admin, `others` have role 2 and no
    /// client yet.
    pub(crate) fn new(roles: mimi_codec::room_policy::RoleData, others: &[&str]) -> Self {
        Self::with(roles, others, HubLimits::default())
    }

    pub(crate) fn with(roles: mimi_codec::room_policy::RoleData, others: &[&str], limits: HubLimits) -> Self {
        let others: Vec<(&str, u32)> = others.iter().map(|user| (*user, 2)).collect();
        Self::of(roles, &others, limits)
    }

    /// Alice creates the room, with others on its list who have no client.
    pub(crate) fn with_listed(roles: mimi_codec::room_policy::RoleData, others: &[(&str, u32)]) -> Self {
        Self::of(roles, others, HubLimits::default())
    }

    fn of(roles: mimi_codec::room_policy::RoleData, others: &[(&str, u32)], limits: HubLimits) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let hub_key = Key::new(99);
        let external_sender = ExternalSender {
            signature_key: hub_key.public(),
            credential: Credential::Basic { identity: "mimi://a.example".into() },
        };
        let mut hub_keys = HubKeyRing::new();
        let secret = HubKey::generate(&mut rng);
        hub_keys.add(HubKeyId(0), HubKey::new(&secret).unwrap()).unwrap();
        let hub = Hub::new(
            DnsName::parse("a.example").unwrap(),
            suite(),
            hub_key.key,
            external_sender,
            hub_keys,
            Names,
            limits,
        )
        .unwrap();

        let mut alice = Client::new("a.example", "alice", "a1", 1);
        let mut participants = vec![UserRolePair { user: alice.user.as_opaque().clone(), role_index: 3 }];
        let others = others.iter();
        participants.extend(
            others.map(|(user, role_index)| UserRolePair { user: (*user).into(), role_index: *role_index }),
        );
        let extensions = NewRoom::new(&ParticipantListData { participants }, &roles)
            .and_then(|it| it.franking_agent(&hub.franking_agent()))
            .and_then(|it| it.extensions(hub.external_sender().clone()))
            .unwrap();
        let config = group_config(2)
            .ciphersuite(mls::Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519)
            .capabilities(capabilities())
            .with_group_context_extensions(to_openmls(&extensions).unwrap())
            .build();
        let group = mls::MlsGroup::new_with_group_id(
            &*alice.provider,
            &*alice.key,
            &config,
            mls::GroupId::from_slice(b"mimi://a.example/g/club"),
            alice.credential_with_key(),
        )
        .unwrap();
        let room = alice.open(group);
        let group_info = room.stack().group_info().unwrap();
        let tree = mimi_room::MlsStack::ratchet_tree(room.stack()).unwrap();
        alice.room = Some(room);
        let stack = PublicStack::follow(Provider::default(), &group_info, &tree).unwrap();
        let hosted = hub.host(room_uri(), stack, group_info, &mut rng).unwrap();
        Self { hub, hosted, clients: vec![alice], rng, now_ms: 1_000 }
    }

    pub(crate) fn strict(others: &[&str]) -> Self {
        Self::new(ExampleRoom::Strict.roles(), others)
    }

    /// Posts a body to `/update`; applies what comes of it.
    pub(crate) fn update(
        &mut self,
        from: &str,
        request: &UpdateRequest,
    ) -> (UpdateRoomResponse, Option<AppliedChange>) {
        self.now_ms += 10;
        let from = peer(from);
        let call = Call { from: &from, now_ms: self.now_ms };
        let body = request.to_bytes().unwrap();
        let answer = self.hub.update(&mut self.hosted, call, &body);
        let response = UpdateRoomResponse::decode_exact(&answer.response.body.unwrap()).unwrap();
        (response, answer.change.map(|change| self.apply(change)))
    }

    pub(crate) fn apply(&mut self, change: HubChange<HubStack>) -> AppliedChange {
        self.hub.apply(&mut self.hosted, change, &mut self.rng).unwrap()
    }

    /// Delivers fan-outs to all clients: to those in the room as they are, Welcomes to the rest.
    pub(crate) fn deliver(&mut self, applied: &AppliedChange) -> Vec<(usize, Result<Event, ClientError>)> {
        let mut events = Vec::new();
        for fan_out in &applied.fan_out {
            for (place, client) in self.clients.iter_mut().enumerate() {
                if let FanoutEvent::Welcome { message, ratchet_tree_option } = fan_out.message.event() {
                    if client.room.is_some() {
                        continue;
                    }
                    let RatchetTreeOption::Full { ratchet_tree } = &**ratchet_tree_option else {
                        panic!("no tree");
                    };
                    let (provider, key) = (client.provider.clone(), client.key.clone());
                    let welcome = message.welcome().unwrap();
                    let stack =
                        mimi_openmls::join_by_welcome(provider, key, &join_config(2), welcome, ratchet_tree);
                    let Ok(stack) = stack else { continue };
                    client.room = Some(client.enter(stack).unwrap());
                } else if let Some(room) = &mut client.room {
                    let event = room.receive(&suite(), &Names, fan_out.message.clone());
                    if matches!(event, Ok(Event::Removed { .. })) {
                        client.room = None;
                    }
                    events.push((place, event));
                }
            }
        }
        self.check();
        events
    }

    /// Hub and clients agree.
    pub(crate) fn check(&self) {
        let room = self.hosted.room();
        if !room.policy().has_pending() {
            room.policy().matches(room.dictionary()).unwrap();
        }
        let leaves = mimi_room::MlsStack::leaves(self.hosted.stack()).unwrap();
        let known: Vec<u32> = room.members().iter().map(|(leaf, _)| leaf).collect();
        assert_eq!(leaves.iter().map(|(leaf, _)| *leaf).collect::<Vec<_>>(), known);
        for client in self.clients.iter().filter_map(|it| it.room.as_ref()) {
            let theirs = client.room();
            assert_eq!(theirs.group_context(), room.group_context());
            assert_eq!(mimi_room::MlsStack::group_context(client.stack()).unwrap(), *room.group_context());
            assert_eq!(theirs.members(), room.members());
            assert_eq!(theirs.waiting(), room.waiting());
            assert_eq!(theirs.policy().to_components().unwrap(), room.policy().to_components().unwrap());
        }
    }

    /// The client commits its wishes, and everyone gets the outcome.
    pub(crate) fn commit(&mut self, client: usize, wishes: &mimi_room::Wishes) -> UpdateRoomResponse {
        let request = self.clients[client].room().commit(&Names, wishes).unwrap();
        self.settle(client, &request)
    }

    pub(crate) fn settle(&mut self, client: usize, request: &UpdateRequest) -> UpdateRoomResponse {
        let domain = self.clients[client].user.mimi_uri().unwrap().host().to_string();
        let (response, applied) = self.update(&domain, request);
        let answered = self.clients[client].room().answered(&suite(), &Names, &response);
        answered.unwrap();
        if let Some(applied) = applied {
            for (_, event) in self.deliver(&applied) {
                event.unwrap();
            }
        }
        response
    }

    /// Remembers where a client's KeyPackage comes from, as a request for it would.
    pub(crate) fn claim(&mut self, client: usize) -> KeyPackage {
        let package = self.clients[client].key_package();
        let user = &self.clients[client].user;
        let entry = mimi_codec::protocol::ConsentEntry::Grant {
            requester_uri: mimi_codec::protocol::IdentifierUri::new("mimi://a.example/u/alice").unwrap(),
            target_uri: user.into(),
            room_id: None,
            client_key_packages: vec![package.clone()],
            consent_extensions: AppDataDictionary::default(),
        };
        self.hub.consent_granted(&mut self.hosted, &entry).unwrap();
        package
    }

    pub(crate) fn add_client(&mut self, domain: &str, name: &str, device: &str) -> usize {
        let seed = 100 + self.clients.len() as u64;
        self.clients.push(Client::new(domain, name, device, seed));
        self.clients.len() - 1
    }
}

pub(crate) fn is_success(response: &UpdateRoomResponse) -> bool {
    matches!(response, UpdateRoomResponse::Success { .. })
}
