//! Decisions on rooms: the engine against an evaluator that is written paragraph by paragraph from
//! the draft, and a room that is changed step by step against one that is made anew.

use mimi_policy::{Form, Plan, Refusal, RoomParts, RoomState, TableSeed};

#[path = "../../mimi-policy/tests/literal/comparison.rs"]
mod comparison;
#[path = "../../mimi-policy/tests/literal/draft.rs"]
mod draft;
#[path = "../../mimi-policy/tests/literal/engine.rs"]
mod engine;
#[path = "../../mimi-policy/tests/literal/generator.rs"]
mod generator;
#[path = "../../mimi-policy/tests/proposals/mod.rs"]
mod proposals;
mod request;
#[path = "../../mimi-policy/tests/literal/room.rs"]
#[allow(dead_code)]
mod room;

pub use request::request;

use engine::Refused;
use generator::{Dice, any_room, any_try, any_try_in};
use room::{Change, Try, Who};

/// One room and one message: both evaluators have the same verdict, refuse for the same kind of
/// reason, and see the same room afterwards.
pub fn decision(data: &[u8]) {
    let t = any_try(&mut Dice::new(data, 0));
    if let Some(difference) = comparison::disagreement(&t) {
        panic!("{difference}: {t:?}");
    }
}

/// A room through several messages. After each it is what its components and clients make anew, and
/// decides the same; a refusal and a stale plan change nothing.
pub fn apply(data: &[u8]) {
    let mut dice = Dice::new(data, 0);
    let mut literal = any_room(&mut dice);
    let Ok(mut room) = engine::room(&literal) else { return };
    assert_same(&room, &rebuilt(&room));
    for _ in 0..6 {
        let t = any_try_in(&mut dice, literal.clone());
        let expected = draft::decide(&t);
        let before = room.clone();
        let verdict = engine::check(&room, &t);
        let anew = engine::check(&rebuilt(&room), &t);
        let grants = |verdict: &Result<Plan, Refusal>| {
            verdict.as_ref().map(|plan| plan.grants().to_vec()).map_err(Refusal::clone)
        };
        assert_eq!(grants(&anew), grants(&verdict), "a room made anew decides otherwise: {t:?}");
        let plan = match verdict {
            Ok(plan) => plan,
            Err(refusal) => {
                assert_same(&room, &before);
                compare(&t, Err(Refused::Change(refusal)), &expected);
                continue;
            }
        };
        let stale = plan.clone();
        room.apply(plan).expect("a plan for this version");
        let after = room.clone();
        room.apply(stale).expect_err("a plan is good once");
        assert_same(&room, &after);
        if room.has_pending() {
            commit_pending(room, &t);
            room = before;
            continue;
        }
        assert_same(&room, &rebuilt(&room));
        compare(&t, Ok(engine::answer(&room)), &expected);
        match expected.after {
            // What metadata a room has, the simple types don't hold.
            Some(next) if !t.changes.iter().any(|(_, change)| matches!(change, Change::Metadata(_))) => {
                literal = next;
            }
            _ => room = before,
        }
    }
}

fn compare(t: &Try, answer: Result<engine::Answer, Refused>, expected: &draft::Answer) {
    if let Some(difference) = comparison::difference(t, answer, expected) {
        panic!("{difference}: {t:?}");
    }
}

/// What was proposed and accepted is committed by the first who may without adding anything.
/// Nothing is pending then, and the room is the one that a commit with all these proposals leads
/// to.
fn commit_pending(mut room: RoomState, proposed: &Try) {
    for (user, client) in proposed.room.clients.clone() {
        let committer = Who::User { user, client, claims: Vec::new() };
        let Ok(plan) = room.check(&engine::actor(&committer), Form::Commit, &[]) else { continue };
        room.apply(plan).expect("a plan for this version");
        assert!(!room.has_pending());
        assert_same(&room, &rebuilt(&room));
        let proposer = Some(&proposed.actor).filter(|proposer| **proposer != committer);
        let changes =
            proposed.changes.iter().map(|(_, change)| (proposer.cloned(), change.clone())).collect();
        let t = Try { actor: committer, form: room::Form::Commit, changes, room: proposed.room.clone() };
        compare(&t, Ok(engine::answer(&room)), &draft::decide(&t));
        return;
    }
}

/// The room anew, from its components and its clients.
fn rebuilt(room: &RoomState) -> RoomState {
    let clients = room.participants().flat_map(|(user, _)| {
        room.clients_of(user).map(|client| (user.clone().into(), client.clone().into()))
    });
    let dictionary = room.to_dictionary().expect("encodes");
    let parts = RoomParts::from_dictionary(&dictionary).expect("was written");
    let parent_participants =
        room.parent_participants().map(|users| users.iter().cloned().map(Into::into).collect());
    let parts = RoomParts { clients: clients.collect(), parent_participants, ..parts };
    RoomState::new(parts, TableSeed::known()).expect("a room that is valid")
}

#[track_caller]
fn assert_same(room: &RoomState, other: &RoomState) {
    assert!(room.participants().eq(other.participants()));
    assert_eq!(room.to_components(), other.to_components());
    assert_eq!(
        (room.participant_count(), room.client_count()),
        (other.participant_count(), other.client_count())
    );
    for role in 0..10 {
        assert_eq!(room.count(role), other.count(role));
    }
    for (user, role) in room.participants() {
        assert_eq!((room.role_of(user), other.role_of(user)), (Some(role), Some(role)));
        assert_eq!(room.index_of(user), other.index_of(user));
        let clients = |room: &RoomState| {
            let mut clients: Vec<_> = room.clients_of(user).cloned().collect();
            clients.sort();
            clients
        };
        assert_eq!(clients(room), clients(other));
        for client in room.clients_of(user) {
            assert_eq!((room.user_of(client), other.user_of(client)), (Some(user), Some(user)));
        }
    }
}
