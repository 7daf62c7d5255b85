//! How long a hub waits for a decision: in a small room and in a large one, beside a look-up in the
//! standard library's hash map and beside cloning what changes. The ratios are printed at the end.
//!
//! `cargo bench -p mimi-policy --bench policy`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(clippy::unreachable, missing_docs)]

use std::{
    collections::HashMap,
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BatchSize, BenchmarkId, Criterion};
use mimi_codec::protocol::{ParticipantListData, UserRolePair};
use mimi_policy::{
    Actor, Change, ClientUri, Form, ProposedChange, RoomParts, RoomState, TableSeed, UserUri,
    preset::ExampleRoom,
};

const SMALL: usize = 100;
const LARGE: usize = 100_000;
const CHANGES: usize = 1_000;

fn user(number: usize) -> String {
    format!("mimi://example.com/u/user-{number:06}")
}

fn device(number: usize) -> String {
    format!("mimi://example.com/d/user-{number:06}/phone")
}

/// The moderated room: user 0 moderates, all others is a guest, an attendee or a speaker with one
/// client.
fn parts(participants: usize) -> RoomParts {
    let role = |number: usize| if number == 0 { 5 } else { 2 + u32::try_from(number % 3).unwrap() };
    let pairs = (0..participants)
        .map(|number| UserRolePair { user: user(number).as_str().into(), role_index: role(number) });
    let list = ParticipantListData { participants: pairs.collect() };
    let mut parts = RoomParts::new(ExampleRoom::Moderated.roles(), list);
    let clients =
        (0..participants).map(|number| (user(number).as_str().into(), device(number).as_str().into()));
    parts.clients = clients.collect();
    parts
}

fn room(participants: usize) -> RoomState {
    RoomState::new(parts(participants), TableSeed::known()).unwrap()
}

fn moderator() -> Actor {
    Actor::named(user(0).as_str(), device(0).as_str()).unwrap()
}

/// One change of a role for each of so many users, spread over the room.
fn promotions(participants: usize, count: usize) -> Vec<ProposedChange> {
    let step = (participants / count).max(1);
    let numbers = (0..count).map(|number| 1 + (number * step * 7919) % (participants - 1));
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
        .into_iter()
        .map(|number| {
            let from = 2 + number % 3;
            let role = if from == 4 { 2 } else { 4 };
            Change::SetRole { user: user(number).as_str().try_into().unwrap(), role }.into()
        })
        .collect()
}

fn decide(room: &RoomState, actor: &Actor, changes: &[ProposedChange]) -> usize {
    room.check(actor, Form::Commit, changes).unwrap().grants().len()
}

/// What is timed is what was meant.
fn check() {
    for participants in [SMALL, LARGE] {
        let mut room = room(participants);
        let changes = promotions(participants, CHANGES.min(participants / 2));
        assert_eq!(decide(&room, &moderator(), &changes), changes.len());
        let plan = room.check(&moderator(), Form::Commit, &changes).unwrap();
        room.apply(plan).unwrap();
        for change in &changes {
            let Change::SetRole { user, role } = &change.change else { unreachable!() };
            assert_eq!(room.role_of(user), Some(*role));
        }
        let again = RoomParts { clients: parts(participants).clients, ..parts(participants) };
        let again = RoomParts { participants: room.participant_list(), ..again };
        assert_eq!(RoomState::new(again, TableSeed::known()).unwrap().count(4), room.count(4));
    }
}

/// The median time of a function over many runs, in nanoseconds.
fn median(mut run: impl FnMut() -> Duration) -> f64 {
    let mut times: Vec<Duration> = (0..201).map(|_| run()).collect();
    times.sort();
    times[times.len() / 2].as_nanos() as f64
}

fn timed(calls: usize, mut call: impl FnMut(usize)) -> Duration {
    let start = Instant::now();
    (0..calls).for_each(&mut call);
    start.elapsed()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy");
    for participants in [SMALL, LARGE] {
        let room = room(participants);
        let (actor, changes) = (moderator(), promotions(participants, SMALL / 2));
        let mut next = 0;
        group.bench_function(BenchmarkId::new("decide one change", participants), |bencher| {
            bencher.iter(|| {
                next = (next + 1) % changes.len();
                decide(&room, &actor, black_box(&changes[next..=next]))
            });
        });
    }
    let room = room(LARGE);
    let (actor, changes) = (moderator(), promotions(LARGE, CHANGES));
    group.bench_function("decide 1000 changes of 100000", |bencher| {
        bencher.iter(|| decide(&room, &actor, black_box(&changes)));
    });
    for participants in [SMALL, 10_000, LARGE] {
        let parts = parts(participants);
        group.bench_function(BenchmarkId::new("build", participants), |bencher| {
            bencher.iter_batched(
                || parts.clone(),
                |parts| RoomState::new(parts, TableSeed::known()).unwrap(),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn ratios() {
    let actor = moderator();
    let decision = |participants: usize| {
        let room = room(participants);
        let changes = promotions(participants, SMALL / 2);
        median(|| {
            timed(changes.len(), |place| {
                black_box(decide(&room, &actor, black_box(&changes[place..=place])));
            })
        }) / changes.len() as f64
    };
    let look_up = |participants: usize| {
        let map: HashMap<String, u32> = (0..participants).map(|number| (user(number), 2)).collect();
        let step = participants / 50;
        let keys: Vec<String> =
            (0..50).map(|number| user(1 + (number * step * 7919) % (participants - 1))).collect();
        median(|| {
            timed(keys.len(), |place| {
                black_box(map.get(black_box(&keys[place])));
            })
        }) / keys.len() as f64
    };
    let (small, large) = (decision(SMALL), decision(LARGE));
    let (small_map, large_map) = (look_up(SMALL), look_up(LARGE));

    let mut room = room(LARGE);
    let forth = promotions(LARGE, CHANGES);
    let entries: Vec<UserRolePair> = forth
        .iter()
        .map(|change| match &change.change {
            Change::SetRole { user, role } => {
                UserRolePair { user: user.as_opaque().clone(), role_index: *role }
            }
            _ => unreachable!(),
        })
        .collect();
    let back: Vec<ProposedChange> = forth
        .iter()
        .map(|change| match &change.change {
            Change::SetRole { user, .. } => {
                Change::SetRole { user: user.clone(), role: room.role_of(user).unwrap() }.into()
            }
            _ => unreachable!(),
        })
        .collect();
    let commit = median(|| {
        let time = timed(1, |_| {
            let plan = room.check(&actor, Form::Commit, black_box(&forth)).unwrap();
            room.apply(plan).unwrap();
        });
        let plan = room.check(&actor, Form::Commit, &back).unwrap();
        room.apply(plan).unwrap();
        time
    });
    let clone = median(|| timed(1, |_| drop(black_box(black_box(&entries).clone()))));

    // What a room that is copied on write would clone: the entry with its clients.
    let whole: Vec<_> = entries
        .iter()
        .map(|pair| {
            let user = UserUri::new(pair.user.clone()).unwrap();
            let clients: Vec<ClientUri> = room.clients_of(&user).cloned().collect();
            (user, pair.role_index, clients)
        })
        .collect();
    let clone_whole = median(|| timed(1, |_| drop(black_box(black_box(&whole).clone()))));

    println!("ratios, medians of one run:");
    println!("one decision: {small:.0} ns of {SMALL}, {large:.0} ns of {LARGE}: {:.2} times", large / small);
    println!(
        "beside a look-up in std's HashMap: {small_map:.1} and {large_map:.1} ns: {:.1} and {:.1} times",
        small / small_map,
        large / large_map
    );
    println!(
        "{} role changes of {LARGE}, decided and applied: {:.0} us; cloning the list's entries: {:.0} us, {:.2} times; \
         cloning the entries with their clients: {:.0} us, {:.2} times",
        forth.len(),
        commit / 1000.0,
        clone / 1000.0,
        commit / clone,
        clone_whole / 1000.0,
        commit / clone_whole
    );
    let build = |participants: usize| {
        let parts = parts(participants);
        let mut times: Vec<Duration> = (0..9)
            .map(|_| {
                let (mut parts, mut room) = (Some(parts.clone()), None);
                let time = timed(1, |_| {
                    room = Some(RoomState::new(parts.take().unwrap(), TableSeed::known()).unwrap())
                });
                drop(black_box(room));
                time
            })
            .collect();
        times.sort();
        times[4].as_nanos() as f64 / participants as f64
    };
    let per_participant = [1_000, 10_000, LARGE].map(build);
    println!("building: {per_participant:.0?} ns for each of 1000, 10000 and {LARGE} participants");
}

fn main() {
    check();
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        ratios();
    }
}
