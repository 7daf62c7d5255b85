//! A room whose group is a pair, as its hub follows it.

use mimi_codec::{
    Decode, Encode, List,
    apq::{APQInfo, APQInfoUpdate, APQMessagePair},
    code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat},
    extensions::{AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData},
    mls::{
        Add, Extension, Extensions, ExternalSenders, LeafNode, MLSMessage, MLSMessageBody, PreSharedKey,
        PreSharedKeyID, PreSharedKeyIDSelect, Proposal, Remove, Sender,
    },
    protocol::{CommitMessage, ParticipantListData, UserRolePair},
};
use mimi_policy::{TableSeed, preset::ExampleRoom};
use mimi_room::{
    ApplyError, FullCommitDecision, JoinCodes, MlsMember, MlsStack, PostQuantumGroup, Room, RoomRefusal,
};

use super::{
    ModelError, ModelGroup, leaf,
    world::{CLIENTS, Names, hub, key_package, room_uri, user},
};

/// ML-KEM-768 with Ed25519.
pub(crate) const POST_QUANTUM: CipherSuite = CipherSuite(0xF042);
/// Clients by their places in `CLIENTS`.
pub(crate) const ALICE: usize = 0;
pub(crate) const ALICE_2: usize = 1;
pub(crate) const BOB: usize = 2;
pub(crate) const CAROL: usize = 4;

pub(crate) fn leaf_of(client: usize) -> LeafNode {
    leaf(CLIENTS[client].0, CLIENTS[client].1)
}

pub(crate) fn add(client: usize) -> Proposal {
    Proposal::Add(Box::new(Add { key_package: key_package(client) }))
}

pub(crate) fn remove(removed: u32) -> Proposal {
    Proposal::Remove(Remove { removed })
}

pub(crate) fn update(update: &APQInfoUpdate) -> Proposal {
    let op = AppDataUpdateSelect::Update { update: update.to_bytes().unwrap().into() };
    Proposal::AppDataUpdate(AppDataUpdate { component_id: ComponentID::APQ_MLS_INFO, op })
}

pub(crate) fn psk() -> Proposal {
    let component_id = ComponentID::APQ_MLS_INFO;
    let psktype = PreSharedKeyIDSelect::Application { component_id, psk_id: "psk".into() };
    let psk = PreSharedKeyID { psktype, psk_nonce: "nonce".into() };
    Proposal::PreSharedKey(Box::new(PreSharedKey { psk }))
}

fn dictionary(data: Vec<(ComponentID, Vec<u8>)>) -> Extension {
    let mut data = data
        .into_iter()
        .map(|(component_id, data)| ComponentData { component_id, data: data.into() })
        .collect::<Vec<_>>();
    data.sort_by_key(|it| it.component_id);
    let dictionary = AppDataDictionary { component_data: List::new(data).unwrap() };
    let extension_type = ExtensionType::APP_DATA_DICTIONARY;
    Extension { extension_type, extension_data: dictionary.to_bytes().unwrap().into() }
}

/// A list of one wire format, with its length.
fn required_wire_formats() -> Extension {
    let [high, low] = WireFormat::APQ_MESSAGE_PAIR.0.to_be_bytes();
    let extension_type = ExtensionType::REQUIRED_WIRE_FORMATS;
    Extension { extension_type, extension_data: [2, high, low][..].into() }
}

/// Both commits travel as one message.
pub(crate) fn through_the_wire(t: MLSMessage, pq: MLSMessage) -> (CommitMessage, CommitMessage) {
    let pair: MLSMessage = APQMessagePair::of(t, pq).unwrap().into();
    let bytes = pair.to_bytes().unwrap();
    let message = MLSMessage::decode_exact(&bytes).unwrap();
    let MLSMessageBody::APQMessagePair { apq_message_pair } = message.body else { panic!() };
    let (t, pq) = (apq_message_pair.t_message().clone(), apq_message_pair.pq_message().clone());
    (CommitMessage::new(*t).unwrap(), CommitMessage::new(*pq).unwrap())
}

/// Which commit of a pair a client makes.
#[derive(Clone)]
pub(crate) struct Half {
    pub(crate) sender: Sender,
    pub(crate) path: LeafNode,
    pub(crate) proposals: Vec<Proposal>,
}

pub(crate) fn by_member(leaf_index: u32, client: usize, proposals: Vec<Proposal>) -> Half {
    Half { sender: Sender::Member { leaf_index }, path: leaf_of(client), proposals }
}

/// A hub's view of a room of Alice, an admin at leaf 0, and Bob at leaf 1; in the post-quantum
/// group Bob is at leaf 0 and Alice at leaf 1. Carol is on the list and has no client.
pub(crate) struct Pair {
    pub(crate) room: Room,
    pub(crate) t: ModelGroup,
    pub(crate) pq: PostQuantumGroup<ModelGroup>,
}

impl Pair {
    pub(crate) fn groups(suite: CipherSuite) -> (ModelGroup, ModelGroup) {
        let pair = |client, role_index| UserRolePair { user: user(client).as_opaque().clone(), role_index };
        let list = ParticipantListData { participants: vec![pair(ALICE, 3), pair(BOB, 2), pair(CAROL, 2)] };
        let senders = ExternalSenders { external_senders: vec![hub().external_sender().clone()] };
        let external_senders = Extension {
            extension_type: ExtensionType::EXTERNAL_SENDERS,
            extension_data: senders.to_bytes().unwrap().into(),
        };
        let components = dictionary(vec![
            (ComponentID::PARTICIPANT_LIST, list.to_bytes().unwrap()),
            (ComponentID::ROLES_LIST, ExampleRoom::Strict.roles().to_bytes().unwrap()),
        ]);
        let of_room = Extensions::new(vec![external_senders, components, required_wire_formats()]).unwrap();
        let of_pair = Extensions::new(vec![dictionary(Vec::new()), required_wire_formats()]).unwrap();
        let with = |mut group: ModelGroup, client| {
            let (_, staged) = group.commit(&[add(client)], &Vec::new()).unwrap();
            group.merge(staged).unwrap();
            group.seen_by(None)
        };
        let t = with(ModelGroup::create(of_room, leaf_of(ALICE)), BOB);
        let pq = ModelGroup::create(of_pair, leaf_of(BOB)).renamed("pq", suite);
        (t, with(pq, ALICE))
    }

    pub(crate) fn of(suite: CipherSuite) -> Self {
        let (t, pq) = Self::groups(suite);
        let room = Room::load(room_uri(), &t, &Names, TableSeed::known()).unwrap();
        let pq = PostQuantumGroup::load(&room, pq, &Names).unwrap();
        Self { room, t, pq }
    }

    /// Not a session yet.
    pub(crate) fn new() -> Self {
        Self::of(POST_QUANTUM)
    }

    /// After the first FULL commit, of Alice.
    pub(crate) fn session() -> Self {
        let mut pair = Self::new();
        let decision = pair.judge(pair.alice(Vec::new(), Vec::new())).unwrap();
        pair.apply(decision).unwrap();
        pair
    }

    /// The APQInfo that the next FULL commit leads to.
    pub(crate) fn next_info(&self) -> APQInfo {
        let (t, pq) = (self.room.group_context(), self.pq.group_context());
        APQInfo {
            t_session_group_id: t.group_id.clone(),
            pq_session_group_id: pq.group_id.clone(),
            mode: false,
            t_cipher_suite: t.cipher_suite,
            pq_cipher_suite: pq.cipher_suite,
            t_epoch: t.epoch + 1,
            pq_epoch: pq.epoch + 1,
        }
    }

    pub(crate) fn full_update(&self) -> Proposal {
        update(&APQInfoUpdate::FullUpdate { new_apq_info: self.next_info() })
    }

    /// A FULL commit of Alice with these proposals beside the ones that each has.
    pub(crate) fn alice(&self, mut t: Vec<Proposal>, mut pq: Vec<Proposal>) -> [Half; 2] {
        t.extend([self.full_update(), psk()]);
        pq.push(self.full_update());
        [by_member(0, ALICE, t), by_member(1, ALICE, pq)]
    }

    pub(crate) fn make(&self, halves: [Half; 2]) -> (CommitMessage, CommitMessage) {
        self.try_make(halves).unwrap()
    }

    /// Both commits, unless the MLS stack refuses to make one.
    pub(crate) fn try_make(&self, [t, pq]: [Half; 2]) -> Result<(CommitMessage, CommitMessage), ModelError> {
        let info = vec![(ComponentID::APQ_MLS_INFO, Some(self.next_info().to_bytes().unwrap()))];
        let make = |group: &ModelGroup, half: Half| {
            let made = group.make_commit(half.sender, half.path, &half.proposals, false, &info)?;
            Ok::<_, ModelError>(made.0.commit)
        };
        Ok(through_the_wire(make(&self.t, t)?, make(self.pq.stack(), pq)?))
    }

    pub(crate) fn judge(
        &mut self,
        halves: [Half; 2],
    ) -> Result<FullCommitDecision<ModelGroup, ModelGroup>, RoomRefusal> {
        let (commit, pq_commit) = self.make(halves);
        self.judge_messages(&commit, &pq_commit)
    }

    pub(crate) fn judge_messages(
        &mut self,
        commit: &CommitMessage,
        pq_commit: &CommitMessage,
    ) -> Result<FullCommitDecision<ModelGroup, ModelGroup>, RoomRefusal> {
        let before = (self.room.group_context().clone(), self.pq.group_context().clone());
        let codes = JoinCodes::Unknown;
        let judged = self.pq.judge_full_commit((&self.room, &mut self.t), &Names, codes, commit, pq_commit);
        assert_eq!(before, (self.room.group_context().clone(), self.pq.group_context().clone()));
        judged
    }

    pub(crate) fn refuses(&mut self, halves: [Half; 2]) -> RoomRefusal {
        let refused = self.judge(halves).expect_err("allowed");
        assert!(!refused.to_string().is_empty());
        refused
    }

    pub(crate) fn apply(
        &mut self,
        decision: FullCommitDecision<ModelGroup, ModelGroup>,
    ) -> Result<(), ApplyError> {
        let info = decision.info().clone();
        self.pq.apply_full_commit((&mut self.room, &mut self.t), decision)?;
        assert_eq!((self.room.epoch(), self.pq.epoch()), (info.t_epoch, info.pq_epoch));
        self.check_session();
        Ok(())
    }

    /// Both are one session, and a party that loads them anew agrees.
    pub(crate) fn check_session(&self) {
        let room = Room::load(room_uri(), &self.t, &Names, TableSeed::known()).unwrap();
        let pq = PostQuantumGroup::load(&room, self.pq.stack().clone(), &Names).unwrap();
        assert_eq!(pq.group_context(), self.pq.group_context());
    }

    /// A commit of Alice in the room's group alone.
    pub(crate) fn partial(&mut self, proposals: &[Proposal]) -> Result<(), RoomRefusal> {
        let half = by_member(0, ALICE, proposals.to_vec());
        let made = self.t.make_commit(half.sender, half.path, &half.proposals, false, &Vec::new());
        let message = CommitMessage::new(made.map_err(RoomRefusal::Mls)?.0.commit).unwrap();
        let decision = self.room.judge_commit(&mut self.t, &Names, JoinCodes::Unknown, &message)?;
        self.room.apply_commit(&mut self.t, decision).unwrap();
        Ok(())
    }
}
