//! A room whose group is a pair (mls-combiner), on the model MLS stack.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code, clippy::arithmetic_side_effects)]
mod model;

use mimi_codec::{
    Encode,
    apq::{APQGroup, APQInfo, APQInfoError, APQInfoUpdate, APQSessionError},
    code_points::{CipherSuite, ComponentID},
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::{ExternalInit, Proposal, Sender, Update},
    protocol::ProposalMessage,
};
use mimi_crypto::ApqSuitesError;
use mimi_policy::TableSeed;
use mimi_room::{ApplyError, JoinCodes, MlsStack, PairError, PostQuantumGroup, Room, RoomRefusal};
use model::{
    ModelGroup, leaf,
    pair::{
        ALICE, ALICE_2, BOB, CAROL, Half, POST_QUANTUM, Pair, add, by_member, leaf_of, psk, remove,
        through_the_wire, update,
    },
    suite,
    world::{CLIENTS, Names, room_uri},
};

#[test]
fn a_room_goes_through_full_and_partial_commits() {
    let mut pair = Pair::new();
    // Two groups that are no session yet; the first FULL commit makes them one.
    let halves = pair.alice(Vec::new(), Vec::new());
    let decision = pair.judge(halves).unwrap();
    assert_eq!(decision.info(), &pair.next_info());
    assert_eq!(decision.commit().committer().leaf_index, 0);
    assert_eq!(decision.post_quantum_context().epoch, pair.pq.epoch() + 1);
    pair.apply(decision).unwrap();

    // The room's group may go on alone, and the pair is loaded as one session all the same.
    pair.partial(&[]).unwrap();
    pair.partial(&[]).unwrap();
    PostQuantumGroup::load(&pair.room, pair.pq.stack().clone(), &Names).unwrap();

    // Members come and leave in both, by either form of the update.
    let halves = pair.alice(vec![add(ALICE_2)], vec![add(ALICE_2)]);
    let decision = pair.judge(halves).unwrap();
    pair.apply(decision).unwrap();
    let APQInfo { t_epoch, pq_epoch, .. } = pair.next_info();
    let epochs = || {
        let t_epoch = update(&APQInfoUpdate::NewTEpoch { new_t_epoch: t_epoch });
        [t_epoch, update(&APQInfoUpdate::NewPqEpoch { new_pq_epoch: pq_epoch })]
    };
    let t = [vec![remove(2), psk()], epochs().to_vec()].concat();
    let pq = [vec![remove(2)], epochs().to_vec()].concat();
    let decision = pair.judge([by_member(0, ALICE, t), by_member(1, ALICE, pq)]).unwrap();
    pair.apply(decision).unwrap();
    assert_eq!(pair.room.members().iter().count(), 2);
}

#[test]
fn a_client_joins_both_groups_from_outside() {
    let mut pair = Pair::session();
    let join = |proposals| Half { sender: Sender::NewMemberCommit {}, path: leaf_of(CAROL), proposals };
    let init = || Proposal::ExternalInit(ExternalInit { kem_output: "kem".into() });
    let halves = [join(vec![init(), pair.full_update(), psk()]), join(vec![init(), pair.full_update()])];
    let decision = pair.judge(halves).unwrap();
    assert!(decision.commit().committer().joins);
    pair.apply(decision).unwrap();
    assert_eq!(pair.room.members().iter().count(), 3);

    // In one of them alone it does not.
    let mut pair = Pair::session();
    let halves = pair.alice(Vec::new(), Vec::new());
    let alone = [join(vec![init(), pair.full_update(), psk()]), halves[1].clone()];
    assert_eq!(pair.refuses(alone), RoomRefusal::PairCommitter);
}

#[test]
fn a_decision_is_for_the_epochs_that_it_was_made_in() {
    let mut pair = Pair::session();
    let halves = pair.alice(Vec::new(), Vec::new());
    let early = pair.judge(halves.clone()).unwrap();
    let decision = pair.judge(halves.clone()).unwrap();
    let (commit, pq_commit) = pair.make(halves);
    pair.apply(decision).unwrap();
    assert_eq!(pair.apply(early), Err(ApplyError::Stale));
    let again = pair.judge_messages(&commit, &pq_commit).err();
    assert_eq!(again, Some(RoomRefusal::OtherEpoch { epoch: 2, current: 3 }));

    // The room has gone on, and the post-quantum group has not.
    let halves = pair.alice(Vec::new(), Vec::new());
    let early = pair.judge(halves).unwrap();
    pair.partial(&[]).unwrap();
    assert_eq!(pair.apply(early), Err(ApplyError::Stale));

    // The post-quantum commit is one of another epoch, or of another group.
    let halves = pair.alice(Vec::new(), Vec::new());
    let (commit, _) = pair.make(halves);
    let late = pair.judge_messages(&commit, &pq_commit).err();
    assert_eq!(late, Some(RoomRefusal::OtherEpoch { epoch: 2, current: 3 }));
    assert_eq!(pair.judge_messages(&commit, &commit).err(), Some(RoomRefusal::OtherGroup));
}

#[test]
fn a_partial_commit_neither_changes_members_nor_the_info() {
    let mut pair = Pair::session();
    let refused = |error| Err(RoomRefusal::Pair(error));
    assert_eq!(pair.partial(&[add(ALICE_2)]), refused(APQSessionError::Membership));
    assert_eq!(pair.partial(&[remove(1)]), refused(APQSessionError::Membership));
    assert_eq!(pair.partial(&[psk()]), refused(APQSessionError::ForeignPsk));
    let info = pair.full_update();
    assert_eq!(pair.partial(&[info]), refused(APQSessionError::InfoInPartial));
    // Before there is a session, a room is like any other, and no commit alone makes one.
    let mut pair = Pair::new();
    let info = pair.full_update();
    let alone = pair.partial(&[info]).unwrap_err();
    assert!(matches!(alone, RoomRefusal::Invalid { .. }), "{alone:?}");
    pair.partial(&[add(ALICE_2)]).unwrap();
}

#[test]
fn refuses_full_commits_by_name() {
    let mut pair = Pair::session();
    // The post-quantum commit is Bob's.
    let [t, pq] = pair.alice(Vec::new(), Vec::new());
    let by_bob = by_member(0, BOB, pq.proposals.clone());
    assert_eq!(pair.refuses([t.clone(), by_bob]), RoomRefusal::PairCommitter);
    // Alice's, with the same key for another user in its path.
    let path = leaf("mimi://a.example/u/eve", CLIENTS[ALICE].1);
    let taken = Half { path, ..pq };
    assert_eq!(pair.refuses([t, taken]), RoomRefusal::PairCommitter);

    // Other clients in each.
    let halves = pair.alice(vec![add(ALICE_2)], Vec::new());
    assert_eq!(pair.refuses(halves), RoomRefusal::PairMembers);
    let halves = pair.alice(Vec::new(), vec![add(ALICE_2)]);
    assert_eq!(pair.refuses(halves), RoomRefusal::PairMembers);
    let halves = pair.alice(vec![remove(1)], Vec::new());
    assert_eq!(pair.refuses(halves), RoomRefusal::PairMembers);
    let halves = pair.alice(vec![add(ALICE_2)], vec![add(CAROL)]);
    assert_eq!(pair.refuses(halves), RoomRefusal::PairMembers);

    // What only the room's group can have.
    let update_of_leaf = Proposal::Update(Box::new(Update { leaf_node: leaf_of(ALICE) }));
    let op = AppDataUpdateSelect::Update { update: "data".into() };
    let roles = Proposal::AppDataUpdate(AppDataUpdate { component_id: ComponentID::ROLES_LIST, op });
    for proposal in [update_of_leaf, roles] {
        let halves = pair.alice(Vec::new(), vec![proposal]);
        assert_eq!(pair.refuses(halves), RoomRefusal::PairProposal);
    }

    // One PSK, in the room's commit.
    let [mut t, pq] = pair.alice(Vec::new(), Vec::new());
    t.proposals.retain(|it| !matches!(it, Proposal::PreSharedKey(_)));
    assert_eq!(pair.refuses([t, pq]), RoomRefusal::Pair(APQSessionError::Psk { count: 0 }));
    let halves = pair.alice(vec![psk()], Vec::new());
    assert_eq!(pair.refuses(halves), RoomRefusal::Pair(APQSessionError::Psk { count: 2 }));
    let halves = pair.alice(Vec::new(), vec![psk()]);
    assert_eq!(pair.refuses(halves), RoomRefusal::Pair(APQSessionError::ForeignPsk));

    // One APQInfo, of these groups.
    let [mut t, pq] = pair.alice(Vec::new(), Vec::new());
    t.proposals = vec![psk()];
    let error = APQInfoError::Updates;
    let refused = RoomRefusal::Pair(APQSessionError::Info { group: APQGroup::Traditional, error });
    assert_eq!(pair.refuses([t, pq]), refused);
    let mut info = pair.next_info();
    info.pq_epoch += 1;
    let wrong = update(&APQInfoUpdate::FullUpdate { new_apq_info: info });
    let halves = [by_member(0, ALICE, vec![wrong.clone(), psk()]), by_member(1, ALICE, vec![wrong])];
    let error = APQInfoError::Mismatch { field: "pq_epoch" };
    let refused = RoomRefusal::Pair(APQSessionError::Info { group: APQGroup::Traditional, error });
    assert_eq!(pair.refuses(halves), refused);

    // Policy decides on the room's commit: Bob may not remove Alice.
    let [t, pq] = pair.alice(vec![remove(0)], vec![remove(1)]);
    let halves = [by_member(1, BOB, t.proposals), by_member(0, BOB, pq.proposals)];
    assert!(matches!(pair.refuses(halves), RoomRefusal::Policy { .. }));
}

#[test]
fn a_post_quantum_commit_refers_to_no_proposal() {
    let mut pair = Pair::session();
    let proposal = pair.pq.stack().make_proposal(1, add(ALICE_2));
    let proposal = ProposalMessage::new(proposal).unwrap();
    let mut group = pair.pq.stack().clone();
    let (_, verified) = group.verify(proposal.get()).unwrap();
    group.queue(vec![verified]).unwrap();
    let mut pq = PostQuantumGroup::load(&pair.room, group, &Names).unwrap();
    let [t, half] = pair.alice(vec![add(ALICE_2)], Vec::new());
    let info = vec![(ComponentID::APQ_MLS_INFO, Some(pair.next_info().to_bytes().unwrap()))];
    let (own, _) = pq.stack().make_commit(half.sender, leaf_of(ALICE), &half.proposals, true, &info).unwrap();
    let (of_room, _) = pair.t.make_commit(t.sender, leaf_of(ALICE), &t.proposals, false, &info).unwrap();
    let (commit, pq_commit) = through_the_wire(of_room.commit, own.commit);
    let judged =
        pq.judge_full_commit((&pair.room, &mut pair.t), &Names, JoinCodes::Unknown, &commit, &pq_commit);
    assert_eq!(judged.err(), Some(RoomRefusal::PairProposal));
}

#[test]
fn a_proposal_that_waits_in_the_room_is_taken_up_in_both() {
    let mut pair = Pair::session();
    let proposal = ProposalMessage::new(pair.t.make_proposal(0, add(ALICE_2))).unwrap();
    let messages = std::slice::from_ref(&proposal);
    let decision = pair.room.judge_proposals(&mut pair.t, &suite(), &Names, messages, 1).unwrap();
    pair.room.apply_proposals(&mut pair.t, decision).unwrap();
    let [t, pq] = pair.alice(Vec::new(), vec![add(ALICE_2)]);
    let info = vec![(ComponentID::APQ_MLS_INFO, Some(pair.next_info().to_bytes().unwrap()))];
    let (of_room, _) = pair.t.make_commit(t.sender, leaf_of(ALICE), &t.proposals, true, &info).unwrap();
    let pq_commit = pair.pq.stack().make_commit(pq.sender, leaf_of(ALICE), &pq.proposals, false, &info);
    let (commit, pq_commit) = through_the_wire(of_room.commit, pq_commit.unwrap().0.commit);
    let decision = pair.judge_messages(&commit, &pq_commit).unwrap();
    pair.apply(decision).unwrap();
    assert_eq!(pair.room.members().iter().count(), 3);
}

#[test]
fn only_pure_post_quantum_suites_make_a_pair() {
    // ML-KEM-768 with X25519, and the traditional suite of the room itself.
    let mut pair = Pair::of(CipherSuite(0x004F));
    let halves = pair.alice(Vec::new(), Vec::new());
    let hybrid = ApqSuitesError::NotPurePostQuantum(CipherSuite(0x004F));
    assert_eq!(pair.refuses(halves), RoomRefusal::PairSuites(hybrid));
    let mut pair = Pair::of(CipherSuite(1));
    let halves = pair.alice(Vec::new(), Vec::new());
    let error = APQInfoError::SameGroups;
    let same = RoomRefusal::Pair(APQSessionError::Info { group: APQGroup::Traditional, error });
    assert_eq!(pair.refuses(halves), same);
}

#[test]
fn loads_only_the_two_halves_of_one_session() {
    let load = |pair: &Pair, group: ModelGroup| PostQuantumGroup::load(&pair.room, group, &Names).err();
    // Another client in it.
    let pair = Pair::new();
    let (_, mut group) = Pair::groups(POST_QUANTUM);
    let sender = Sender::Member { leaf_index: 0 };
    let made = group.make_commit(sender, leaf_of(BOB), &[add(CAROL)], false, &Vec::new());
    group.merge(made.unwrap().1).unwrap();
    assert_eq!(load(&pair, group), Some(PairError::Members));

    // A group that knows nothing of the session.
    let pair = Pair::session();
    let (_, group) = Pair::groups(POST_QUANTUM);
    let error = APQSessionError::NoInfo { group: APQGroup::PostQuantum };
    assert_eq!(load(&pair, group), Some(PairError::Session(error)));

    // One that has gone on by itself.
    let mut group = pair.pq.stack().clone();
    let sender = Sender::Member { leaf_index: 0 };
    let made = group.make_commit(sender, leaf_of(BOB), &[], false, &Vec::new());
    group.merge(made.unwrap().1).unwrap();
    let error = APQInfoError::Mismatch { field: "pq_epoch" };
    let error = APQSessionError::Info { group: APQGroup::PostQuantum, error };
    assert_eq!(load(&pair, group), Some(PairError::Session(error)));

    // Suites that do not fit together, in a session that another party let begin.
    let (mut t, mut pq) = Pair::groups(CipherSuite(0x004F));
    let pair = Pair::of(CipherSuite(0x004F));
    let info = vec![(ComponentID::APQ_MLS_INFO, Some(pair.next_info().to_bytes().unwrap()))];
    for group in [&mut t, &mut pq] {
        let sender = Sender::Member { leaf_index: 0 };
        let path = group.leaf(0).unwrap().unwrap();
        let made = group.make_commit(sender, path, &[], false, &info);
        group.merge(made.unwrap().1).unwrap();
    }
    let room = Room::load(room_uri(), &t, &Names, TableSeed::known()).unwrap();
    let refused = PostQuantumGroup::load(&room, pq, &Names).err();
    let hybrid = ApqSuitesError::NotPurePostQuantum(CipherSuite(0x004F));
    assert_eq!(refused, Some(PairError::Suites(hybrid)));
}
