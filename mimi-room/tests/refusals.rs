//! Every reason to refuse a handshake or a message, by name, on the model MLS stack. What is
//! refused changes nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code, clippy::arithmetic_side_effects)]
mod model;

use mimi_codec::{
    Decode, DnsName, Encode, List, MEDIA_TYPE, MatchedProvider, Opaque, RoomUri, UserUri,
    code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat},
    extensions::{AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData, SelfRemove},
    match_presented_identities,
    mls::{
        Add, AuthenticatedContent, Commit, Content, Credential, Extension, Extensions, ExternalSender,
        ExternalSenders, FramedContent, FramedContentAuthData, GroupContext, GroupInfo, HPKEPublicKey,
        KeyPackage, LeafNode, MAC, MLSMessage, MLSMessageBody, Mls10, Proposal, ProposalOrRef, ProposalRef,
        PublicMessage, RatchetTree, Remove, Sender, SignaturePublicKey, Update, UpdatePath,
    },
    protocol::{
        CommitMessage, GroupInfoOption, HandshakeBundle, ParticipantListData, ParticipantListUpdate,
        ProposalMessage, ProposalMessages, PseudonymousCredential, TreelessGroupInfo, UpdateRequest,
        UpdateResponseCode, UpdateRoomResponse, UserRolePair, UserindexRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
    room_policy::BaseRoomPolicy,
};
use mimi_crypto::{CipherSuiteProvider, proposal_ref};
use mimi_franking::HubKeyRing;
use mimi_policy::{RoomParts, preset::ExampleRoom};
use mimi_room::{
    ComponentUpdates, CredentialError, GroupInfoProblem, Identity, JoinCodes, Member, MlsMember, MlsStack,
    OwnCommit, Room, RoomRefusal,
    hub::{AuditOutcome, Call, HostedRoom, Hub, HubLimits, Rate},
};
use model::{ModelGroup, ModelStaged, Suite, key_of, leaf, suite};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const ALICE: (&str, &str) = ("mimi://a.example/u/alice", "mimi://a.example/d/a1");
const BOB: (&str, &str) = ("mimi://b.example/u/bob", "mimi://b.example/d/b1");
const CAROL: (&str, &str) = ("mimi://c.example/u/carol", "mimi://c.example/d/c1");

struct Names;

impl Identity for Names {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        _: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        let Credential::Basic { identity } = credential else { return Err("not basic".into()) };
        let text = std::str::from_utf8(identity).map_err(|_| "not text")?;
        let (user, client) = text.split_once(' ').ok_or("no space")?;
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes())
    }
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn uri() -> RoomUri {
    RoomUri::try_from("mimi://a.example/r/club").unwrap()
}

fn user(of: (&str, &str)) -> UserUri {
    UserUri::try_from(of.0).unwrap()
}

fn hub(max_waiting: usize) -> Hub<Suite, Names> {
    let key = key_of("hub!");
    let credential = Credential::Basic { identity: "mimi://a.example".into() };
    let sender = ExternalSender { signature_key: key.clone(), credential };
    let limits = HubLimits { rate: Rate { burst: 0, interval_ms: 0 }, max_waiting, ..HubLimits::default() };
    let domain = DnsName::parse("a.example").unwrap();
    Hub::new(domain, suite(), key, sender, HubKeyRing::new(), Names, limits).unwrap()
}

fn list(pairs: &[((&str, &str), u32)]) -> Vec<u8> {
    let participants = pairs
        .iter()
        .map(|(of, role_index)| UserRolePair { user: user(*of).as_opaque().clone(), role_index: *role_index })
        .collect();
    ParticipantListData { participants }.to_bytes().unwrap()
}

fn package(leaf_node: LeafNode) -> KeyPackage {
    KeyPackage {
        version: Mls10,
        cipher_suite: CipherSuite(1),
        init_key: HPKEPublicKey::from(&b"init"[..]),
        leaf_node,
        extensions: Extensions::default(),
        signature: Opaque::default(),
    }
}

fn add(leaf_node: LeafNode) -> Proposal {
    Proposal::Add(Box::new(Add { key_package: package(leaf_node) }))
}

fn update_of(component_id: ComponentID, update: Vec<u8>) -> Proposal {
    let op = AppDataUpdateSelect::Update { update: update.into() };
    Proposal::AppDataUpdate(AppDataUpdate { component_id, op })
}

/// The user at a place of the list gets a role.
fn role(user_index: u32, role_index: u32) -> Proposal {
    let update = ParticipantListUpdate {
        changed_role_participants: vec![UserindexRolePair { user_index, role_index }],
        removed_indices: Vec::new(),
        added_participants: Vec::new(),
    };
    update_of(ComponentID::PARTICIPANT_LIST, update.to_bytes().unwrap())
}

/// Without pseudonyms; for the rest, what holds in a room that says nothing.
fn base() -> BaseRoomPolicy {
    BaseRoomPolicy { pseudonyms_allowed: false, ..RoomParts::default_base() }
}

/// A room of Alice, an admin at leaf 0, and Bob, an ordinary user at leaf 1.
struct World {
    hosted: HostedRoom<ModelGroup>,
    bob: ModelGroup,
}

impl World {
    fn new(hub: &Hub<Suite, Names>) -> Self {
        let entry = |component_id, data: Vec<u8>| ComponentData { component_id, data: data.into() };
        let mut data = vec![
            entry(ComponentID::PARTICIPANT_LIST, list(&[(ALICE, 3), (BOB, 2)])),
            entry(ComponentID::ROLES_LIST, ExampleRoom::Strict.roles().to_bytes().unwrap()),
            entry(ComponentID::BASE_ROOM_POLICY, base().to_bytes().unwrap()),
        ];
        data.sort_by_key(|it| it.component_id);
        let dictionary = AppDataDictionary { component_data: List::new(data).unwrap() };
        let senders = ExternalSenders { external_senders: vec![hub.external_sender().clone()] };
        let extension =
            |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
        let extensions = Extensions::new(vec![
            extension(ExtensionType::EXTERNAL_SENDERS, senders.to_bytes().unwrap()),
            extension(ExtensionType::APP_DATA_DICTIONARY, dictionary.to_bytes().unwrap()),
        ])
        .unwrap();
        let mut group = ModelGroup::create(extensions, leaf(ALICE.0, ALICE.1));
        let (own, staged) = group.commit(&[add(leaf(BOB.0, BOB.1))], &Vec::new()).unwrap();
        group.merge(staged).unwrap();
        let hosted = hub.host(uri(), group.seen_by(None), own.group_info, &mut rng()).unwrap();
        Self { hosted, bob: group.seen_by(Some(1)) }
    }

    /// A message of these parts, well signed.
    fn message(&self, sender: Sender, signer: &str, content: Content) -> MLSMessage {
        let context = self.hosted.room().group_context();
        message(context.group_id.clone(), context.epoch, sender, signer, content)
    }

    fn proposal(&self, leaf_index: u32, proposal: Proposal) -> ProposalMessage {
        let signer = [ALICE.1, BOB.1][usize::try_from(leaf_index).unwrap()];
        let sender = Sender::Member { leaf_index };
        ProposalMessage::new(self.message(sender, signer, Content::Proposal { proposal })).unwrap()
    }

    /// A commit of a member, whose path has this leaf.
    fn commit(&self, leaf_index: u32, path: LeafNode, proposals: Vec<ProposalOrRef>) -> CommitMessage {
        let signer = [ALICE.1, BOB.1][usize::try_from(leaf_index).unwrap()];
        let content = Content::Commit { commit: commit(path, proposals) };
        CommitMessage::new(self.message(Sender::Member { leaf_index }, signer, content)).unwrap()
    }

    fn by_alice(&self, proposals: Vec<Proposal>) -> CommitMessage {
        let by_value = |proposal| ProposalOrRef::Proposal { proposal };
        self.commit(0, leaf(ALICE.0, ALICE.1), proposals.into_iter().map(by_value).collect())
    }

    /// Why a commit is refused.
    fn refuses(&self, message: &CommitMessage) -> RoomRefusal {
        let codes = JoinCodes::Unknown;
        let mut stack = self.hosted.stack().clone();
        self.hosted.room().judge_commit(&mut stack, &Names, codes, message).unwrap_err()
    }

    /// Why proposals are refused.
    fn refuses_all(&self, messages: &[ProposalMessage]) -> RoomRefusal {
        let mut stack = self.hosted.stack().clone();
        self.hosted.room().judge_proposals(&mut stack, &suite(), &Names, messages, 1).unwrap_err()
    }

    fn post(&mut self, hub: &Hub<Suite, Names>, now_ms: u64, bundle: HandshakeBundle) -> AuditOutcome {
        let from = peer();
        let body = UpdateRequest { bundle }.to_bytes().unwrap();
        let before = self.hosted.snapshot().unwrap();
        let answer = hub.update(&mut self.hosted, Call { from: &from, now_ms }, &body);
        match answer.change {
            Some(change) => {
                hub.apply(&mut self.hosted, change, &mut rng()).unwrap();
            }
            None => assert_eq!(self.hosted.snapshot().unwrap(), before),
        }
        answer.audit.outcome
    }

    /// What the hub answers to a list that it refuses.
    fn answers(&mut self, hub: &Hub<Suite, Names>, list: &[ProposalMessage]) -> UpdateRoomResponse {
        let list = ProposalMessages::new(list[0].clone(), list[1..].to_vec()).unwrap();
        let body = UpdateRequest { bundle: HandshakeBundle::Proposal(list) }.to_bytes().unwrap();
        let from = peer();
        let answer = hub.update(&mut self.hosted, Call { from: &from, now_ms: 1 }, &body);
        assert_eq!((answer.response.status, answer.response.media_type), (200, Some(MEDIA_TYPE)));
        UpdateRoomResponse::decode_exact(&answer.response.body.unwrap()).unwrap()
    }

    /// The hub accepts proposals, which wait from then on. Returns their references.
    fn wait(&mut self, hub: &Hub<Suite, Names>, message: &ProposalMessage) -> ProposalRef {
        let outcome = self.post(hub, 1, proposals(message));
        assert!(matches!(outcome, AuditOutcome::Accepted(_)), "{outcome:?}");
        self.hosted.room().waiting().iter().last().unwrap().reference().clone()
    }
}

fn commit(leaf_node: LeafNode, proposals: Vec<ProposalOrRef>) -> Commit {
    Commit { proposals, path: Some(Box::new(UpdatePath { leaf_node, nodes: Vec::new() })) }
}

fn message(group: Opaque, epoch: u64, sender: Sender, signer: &str, content: Content) -> MLSMessage {
    let tag = matches!(content, Content::Commit { .. }).then(|| MAC::from(&b"tag"[..]));
    let membership = matches!(sender, Sender::Member { .. }).then(|| MAC::from(&b"member"[..]));
    let content = FramedContent::new(group, epoch, sender, Opaque::default(), content).unwrap();
    let written = content.to_bytes().unwrap();
    let signature = suite().sign(&key_of(signer), &written, &mut rng()).unwrap().into();
    let auth = FramedContentAuthData { signature, confirmation_tag: tag };
    PublicMessage::new(content, auth, membership).unwrap().into()
}

fn proposals(message: &ProposalMessage) -> HandshakeBundle {
    HandshakeBundle::Proposal(ProposalMessages::new(message.clone(), Vec::new()).unwrap())
}

fn reference_of(message: &ProposalMessage) -> ProposalRef {
    let MLSMessageBody::PublicMessage { public_message } = &message.get().body else { panic!() };
    let (content, auth) = (public_message.content().clone(), public_message.auth().clone());
    let content = AuthenticatedContent::new(WireFormat::MLS_PUBLIC_MESSAGE, content, auth).unwrap();
    proposal_ref(&suite(), &content).unwrap()
}

fn peer() -> MatchedProvider {
    let name = DnsName::parse("a.example").unwrap();
    match_presented_identities(name.as_ref(), ["a.example"]).unwrap()
}

/// The text of a refusal follows the rules for errors, and its code is that of the draft.
fn is_answered(refused: &RoomRefusal, code: UpdateResponseCode) {
    assert_eq!(refused.update_response_code(), code, "{refused:?}");
    let text = refused.to_string();
    assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
}

const INVALID: UpdateResponseCode = UpdateResponseCode::INVALID_PROPOSAL;
const NOT_ALLOWED: UpdateResponseCode = UpdateResponseCode::NOT_ALLOWED;

#[test]
fn other_group_and_other_epoch() {
    let world = World::new(&hub(9));
    let sender = || Sender::Member { leaf_index: 0 };
    let content = || Content::Commit { commit: commit(leaf(ALICE.0, ALICE.1), Vec::new()) };
    let other = message("other".into(), 1, sender(), ALICE.1, content());
    let refused = world.refuses(&CommitMessage::new(other).unwrap());
    assert_eq!(refused, RoomRefusal::OtherGroup);
    is_answered(&refused, INVALID);
    for epoch in [0, 2, u64::MAX] {
        let other = message("group".into(), epoch, sender(), ALICE.1, content());
        let refused = world.refuses(&CommitMessage::new(other).unwrap());
        assert_eq!(refused, RoomRefusal::OtherEpoch { epoch, current: 1 });
        is_answered(&refused, UpdateResponseCode::WRONG_EPOCH);
    }
    let refused = world.hosted.room().judge_message(&user(BOB), 0).unwrap_err();
    assert_eq!(refused, RoomRefusal::OtherEpoch { epoch: 0, current: 1 });
}

#[test]
fn wrong_content_and_several_senders() {
    let world = World::new(&hub(9));
    let refused = world.refuses_all(&[]);
    assert_eq!(refused, RoomRefusal::WrongContent);
    is_answered(&refused, INVALID);
    let remove = |removed| Proposal::Remove(Remove { removed });
    let refused = world.refuses_all(&[world.proposal(0, remove(1)), world.proposal(1, remove(0))]);
    assert_eq!(refused, RoomRefusal::SeveralSenders);
    is_answered(&refused, NOT_ALLOWED);
}

#[test]
fn mls() {
    let world = World::new(&hub(9));
    let content = Content::Commit { commit: commit(leaf(ALICE.0, ALICE.1), Vec::new()) };
    let forged = world.message(Sender::Member { leaf_index: 0 }, BOB.1, content);
    let refused = world.refuses(&CommitMessage::new(forged).unwrap());
    assert_eq!(refused, RoomRefusal::Mls("the signature is wrong".into()));
    is_answered(&refused, INVALID);
}

#[test]
fn credential() {
    let world = World::new(&hub(9));
    let nameless = |client: &str| {
        let mut node = leaf(CAROL.0, client);
        node.credential = Credential::Basic { identity: "carol".into() };
        node
    };
    let why = || CredentialError::from("no space");
    let remove = Proposal::Remove(Remove { removed: 1 });
    let refused = world.refuses(&world.by_alice(vec![remove, add(nameless(CAROL.1))]));
    assert_eq!(refused, RoomRefusal::Credential { proposal: Some(1), reference: None, why: why() });
    is_answered(&refused, INVALID);
    let refused = world.refuses(&world.commit(0, nameless(ALICE.1), Vec::new()));
    assert_eq!(refused, RoomRefusal::Credential { proposal: None, reference: None, why: why() });
    let update = Proposal::Update(Box::new(Update { leaf_node: nameless(BOB.1) }));
    let refused = world.refuses_all(&[world.proposal(1, update)]);
    let reference = refused.references().to_vec();
    let [one] = &reference[..] else { panic!("{refused:?}") };
    let named = RoomRefusal::Credential { proposal: Some(0), reference: Some(one.clone()), why: why() };
    assert_eq!(refused, named);
}

#[test]
fn identity_changed() {
    let world = World::new(&hub(9));
    let client = mimi_codec::ClientUri::try_from(CAROL.1).unwrap();
    let refused = world.refuses(&world.commit(0, leaf(CAROL.0, CAROL.1), Vec::new()));
    assert_eq!(refused, RoomRefusal::IdentityChanged { leaf_index: 0, client: client.clone() });
    is_answered(&refused, NOT_ALLOWED);
    let update = Proposal::Update(Box::new(Update { leaf_node: leaf(CAROL.0, CAROL.1) }));
    let refused = world.refuses_all(&[world.proposal(1, update)]);
    assert_eq!(refused, RoomRefusal::IdentityChanged { leaf_index: 1, client });
}

#[test]
fn pseudonyms_not_allowed() {
    let world = World::new(&hub(9));
    let pseudonymous = |client: &str| {
        let mut node = leaf(CAROL.0, client);
        let credential = PseudonymousCredential {
            client_pseudonym: (&user(CAROL)).into(),
            user_pseudonym: (&user(CAROL)).into(),
            signature_public_key: key_of(client),
            identity_link_ciphertext: Opaque::default(),
        };
        node.credential = Credential::Pseudonymous(credential);
        node
    };
    let refused = world.refuses(&world.by_alice(vec![add(pseudonymous(CAROL.1))]));
    assert_eq!(refused, RoomRefusal::PseudonymsNotAllowed { leaf_index: None });
    is_answered(&refused, NOT_ALLOWED);
    let refused = world.refuses(&world.commit(0, pseudonymous(ALICE.1), Vec::new()));
    assert_eq!(refused, RoomRefusal::PseudonymsNotAllowed { leaf_index: Some(0) });
}

#[test]
fn unknown_references() {
    let world = World::new(&hub(9));
    let reference = ProposalRef::from(&b"unknown"[..]);
    let named = vec![ProposalOrRef::Reference { reference: reference.clone() }];
    let refused = world.refuses(&world.commit(0, leaf(ALICE.0, ALICE.1), named));
    assert_eq!(refused, RoomRefusal::UnknownReferences(vec![reference.clone()]));
    assert_eq!(refused.references(), [reference]);
    is_answered(&refused, INVALID);
}

#[test]
fn omitted_already_waiting_and_proposals_wait() {
    let hub = hub(9);
    let mut world = World::new(&hub);
    // An admin makes Bob an admin, and leaves it to others to commit.
    let message = world.proposal(0, role(1, 3));
    let reference = world.wait(&hub, &message);

    let refused = world.refuses(&world.commit(1, leaf(BOB.0, BOB.1), Vec::new()));
    assert_eq!(refused, RoomRefusal::Omitted(vec![reference.clone()]));
    assert_eq!(refused.references(), std::slice::from_ref(&reference));
    is_answered(&refused, NOT_ALLOWED);

    let refused = world.refuses_all(std::slice::from_ref(&message));
    assert_eq!(refused, RoomRefusal::AlreadyWaiting(reference.clone()));
    assert_eq!(refused.references(), [reference]);
    is_answered(&refused, INVALID);

    let content = Content::Commit { commit: commit(leaf(CAROL.0, CAROL.1), Vec::new()) };
    let outside = world.message(Sender::NewMemberCommit {}, CAROL.1, content);
    let refused = world.refuses(&CommitMessage::new(outside).unwrap());
    assert_eq!(refused, RoomRefusal::ProposalsWait);
    is_answered(&refused, NOT_ALLOWED);
}

#[test]
fn a_proposal_twice_in_one_list() {
    let world = World::new(&hub(9));
    let message = world.proposal(0, role(1, 3));
    let refused = world.refuses_all(&[message.clone(), message]);
    assert!(matches!(refused, RoomRefusal::AlreadyWaiting(_)), "{refused:?}");
}

#[test]
fn self_remove() {
    let hub = hub(9);
    let mut world = World::new(&hub);
    let by_value = vec![ProposalOrRef::Proposal { proposal: Proposal::SelfRemove(SelfRemove {}) }];
    let refused = world.refuses(&world.commit(1, leaf(BOB.0, BOB.1), by_value));
    assert_eq!(refused, RoomRefusal::SelfRemove(None));
    is_answered(&refused, INVALID);
    // A second one while the first waits: other bytes, so another reference.
    let first = world.proposal(1, Proposal::SelfRemove(SelfRemove {}));
    world.wait(&hub, &first);
    let content = FramedContent::new(
        "group".into(),
        1,
        Sender::Member { leaf_index: 1 },
        "once more".into(),
        Content::Proposal { proposal: Proposal::SelfRemove(SelfRemove {}) },
    );
    let content = content.unwrap();
    let signature = suite().sign(&key_of(BOB.1), &content.to_bytes().unwrap(), &mut rng()).unwrap();
    let auth = FramedContentAuthData { signature: signature.into(), confirmation_tag: None };
    let second = PublicMessage::new(content, auth, Some(MAC::from(&b"member"[..]))).unwrap();
    let second = ProposalMessage::new(second.into()).unwrap();
    let reference = reference_of(&second);
    let refused = world.refuses_all(&[second]);
    assert_eq!(refused, RoomRefusal::SelfRemove(Some(reference.clone())));
    assert_eq!(refused.references(), [reference]);
}

#[test]
fn too_many_waiting() {
    let hub = hub(1);
    let mut world = World::new(&hub);
    world.wait(&hub, &world.proposal(0, role(1, 3)));
    let next = world.proposal(1, Proposal::SelfRemove(SelfRemove {}));
    let outcome = world.post(&hub, 2, proposals(&next));
    assert_eq!(outcome, AuditOutcome::Refused(RoomRefusal::TooManyWaiting { maximum: 1 }));
    is_answered(&RoomRefusal::TooManyWaiting { maximum: 1 }, NOT_ALLOWED);
}

#[test]
fn invalid() {
    let mut world = World::new(&hub(9));
    let refused = world.refuses(&world.by_alice(vec![Proposal::Remove(Remove { removed: 9 })]));
    let RoomRefusal::Invalid { invalid, .. } = &refused else { panic!("{refused:?}") };
    is_answered(&refused, invalid.update_response_code());
    // Inside of a commit it has no reference; in a list, all that are invalid are named.
    assert_eq!(refused.references(), []);
    let remove = |removed| world.proposal(0, Proposal::Remove(Remove { removed }));
    let list = [remove(9), remove(1), remove(10)];
    let refused = world.refuses_all(&list);
    assert_eq!(refused.references(), [reference_of(&list[0]), reference_of(&list[2])]);
    let UpdateRoomResponse::InvalidProposal { invalid_proposals, .. } = world.answers(&hub(9), &list) else {
        panic!()
    };
    assert_eq!(invalid_proposals, refused.references());
}

#[test]
fn policy() {
    let world = World::new(&hub(9));
    let promotes = vec![ProposalOrRef::Proposal { proposal: role(1, 3) }];
    let refused = world.refuses(&world.commit(1, leaf(BOB.0, BOB.1), promotes));
    assert!(matches!(refused, RoomRefusal::Policy { .. }), "{refused:?}");
    is_answered(&refused, NOT_ALLOWED);
    // The same as a proposal, and a message of a user who is not in the room.
    let list = [world.proposal(1, role(1, 3))];
    let refused = world.refuses_all(&list);
    assert!(matches!(refused, RoomRefusal::Policy { .. }), "{refused:?}");
    assert_eq!(refused.references(), [reference_of(&list[0])]);
    // All changes that the refusal concerns are named: two of one user.
    let list = [world.proposal(0, role(1, 3)), world.proposal(0, role(1, 2))];
    let refused = world.refuses_all(&list);
    assert!(matches!(refused, RoomRefusal::Policy { .. }), "{refused:?}");
    assert_eq!(refused.references(), [reference_of(&list[0]), reference_of(&list[1])]);
    let refused = world.hosted.room().judge_message(&user(CAROL), 1).unwrap_err();
    assert!(matches!(refused, RoomRefusal::Policy { .. }), "{refused:?}");
}

#[test]
fn component() {
    let world = World::new(&hub(9));
    let remove = |component_id| {
        Proposal::AppDataUpdate(AppDataUpdate { component_id, op: AppDataUpdateSelect::Remove {} })
    };
    // No capability covers it; it cannot be removed; it is no list.
    let cases = [
        (update_of(ComponentID(0x7ABC), Vec::new()), ComponentID(0x7ABC)),
        (remove(ComponentID::ROLES_LIST), ComponentID::ROLES_LIST),
        (update_of(ComponentID::PARTICIPANT_LIST, vec![0xFF]), ComponentID::PARTICIPANT_LIST),
    ];
    for (proposal, id) in cases {
        let refused = world.refuses_all(&[world.proposal(0, proposal)]);
        assert_eq!(refused, RoomRefusal::Component(id));
        is_answered(&refused, NOT_ALLOWED);
    }
}

/// A stack that puts other components into the next epoch than the room has asked for.
struct Careless(ModelGroup);

impl MlsStack for Careless {
    type Verified = AuthenticatedContent;
    type Staged = ModelStaged;
    type Error = String;

    fn group_context(&self) -> Result<GroupContext, String> {
        self.0.group_context()
    }
    fn leaves(&self) -> Result<Vec<(u32, LeafNode)>, String> {
        self.0.leaves()
    }
    fn leaf(&self, leaf_index: u32) -> Result<Option<LeafNode>, String> {
        self.0.leaf(leaf_index)
    }
    fn ratchet_tree(&self) -> Result<RatchetTree, String> {
        self.0.ratchet_tree()
    }
    fn verify(&mut self, message: &MLSMessage) -> Result<(AuthenticatedContent, Self::Verified), String> {
        self.0.verify(message)
    }
    fn stage(&mut self, verified: Self::Verified, _: &ComponentUpdates) -> Result<ModelStaged, String> {
        self.0.stage(verified, &Vec::new())
    }
    fn staged_context(&self, staged: &ModelStaged) -> Result<GroupContext, String> {
        self.0.staged_context(staged)
    }
    fn queue(&mut self, verified: Vec<Self::Verified>) -> Result<(), String> {
        self.0.queue(verified)
    }
    fn merge(&mut self, staged: ModelStaged) -> Result<(), String> {
        self.0.merge(staged)
    }
}

#[test]
fn other_components() {
    let world = World::new(&hub(9));
    let mut stack = Careless(world.hosted.stack().clone());
    let message = world.by_alice(vec![role(1, 3)]);
    let room: &Room = world.hosted.room();
    let refused = room.judge_commit(&mut stack, &Names, JoinCodes::Unknown, &message).unwrap_err();
    assert_eq!(refused, RoomRefusal::OtherComponents);
    is_answered(&refused, INVALID);
    // With the components that it asks for, the room takes the same commit.
    let mut stack = world.hosted.stack().clone();
    let _ = room.judge_commit(&mut stack, &Names, JoinCodes::Unknown, &message).unwrap();
}

fn with_group_info(own: OwnCommit, change: impl FnOnce(&mut GroupInfo)) -> HandshakeBundle {
    let mut group_info = own.group_info;
    change(&mut group_info);
    let group_info = TreelessGroupInfo::new(group_info).unwrap();
    HandshakeBundle::Commit {
        proposal_or_commit: CommitMessage::new(own.commit).unwrap(),
        welcome: None,
        group_info_option: Box::new(GroupInfoOption::Full { group_info }),
        ratchet_tree_option: RatchetTreeOption::DistributionService {},
    }
}

#[test]
fn group_info() {
    let hub = hub(9);
    let mut world = World::new(&hub);
    let (own, _) = world.bob.commit(&[], &Vec::new()).unwrap();
    type Change = (GroupInfoProblem, fn(&mut GroupInfo));
    let changes: [Change; 4] = [
        (GroupInfoProblem::GroupContext, |it| it.group_context.epoch = 9),
        (GroupInfoProblem::ConfirmationTag, |it| it.confirmation_tag = MAC::from(&b"other"[..])),
        (GroupInfoProblem::Signer, |it| it.signer = 0),
        (GroupInfoProblem::Signature, |it| it.signature = Opaque::default()),
    ];
    for (problem, change) in changes {
        let outcome = world.post(&hub, 1, with_group_info(own.clone(), change));
        let refused = RoomRefusal::GroupInfo(problem);
        assert_eq!(outcome, AuditOutcome::Refused(refused.clone()));
        is_answered(&refused, INVALID);
    }
    let outcome = world.post(&hub, 1, with_group_info(own, |_| ()));
    assert!(matches!(outcome, AuditOutcome::Accepted(_)), "{outcome:?}");
}

#[test]
fn time() {
    let hub = hub(9);
    let mut world = World::new(&hub);
    let outcome = world.post(&hub, u64::MAX, proposals(&world.proposal(0, role(1, 3))));
    assert!(matches!(outcome, AuditOutcome::Accepted(_)), "{outcome:?}");
    let next = world.proposal(1, Proposal::SelfRemove(SelfRemove {}));
    let outcome = world.post(&hub, 5, proposals(&next));
    assert_eq!(outcome, AuditOutcome::Refused(RoomRefusal::Time));
    is_answered(&RoomRefusal::Time, NOT_ALLOWED);
}
