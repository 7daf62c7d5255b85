//! All states of small rooms, found by asking `RoomState::check` about every small commit, and what
//! the linter says of them.
//!
//! `MIMI_EXPLORER_CASES` is how many random policies are explored (in decimal),
//! `MIMI_EXPLORER_SEED` where the counting begins.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod compare;
mod generator;
mod known;
mod replay;
mod rooms;

use std::env;
use std::thread;

use compare::{Disagreement, Statistics, compare};
use generator::any_policy;

fn number(variable: &str, absent: u64) -> u64 {
    env::var(variable).map_or(absent, |text| text.parse().expect("a number"))
}

/// Shows one case: `MIMI_EXPLORER_SHOW` is its seed.
#[test]
fn show() {
    for seed in env::var("MIMI_EXPLORER_SHOW").iter().flat_map(|seeds| seeds.split(',')) {
        let policy = any_policy(seed.parse().unwrap());
        println!("{:#?}", policy.roles);
        println!("{:?} {:?} {:?}", policy.base, policy.preauth, policy.participants);
        for finding in mimi_policy::lint::lint(&policy) {
            println!("{finding}");
        }
        let mut statistics = Statistics::default();
        println!("{:#?}", compare(&policy, true, &mut statistics));
    }
}

#[test]
fn nothing_that_the_explorer_finds_goes_unreported() {
    let cases = number("MIMI_EXPLORER_CASES", 32);
    let first = number("MIMI_EXPLORER_SEED", 0);
    let threads = thread::available_parallelism().map_or(1, |count| count.get() as u64).min(8);
    let run = |seeds: &mut dyn Iterator<Item = u64>| {
        let mut statistics = Statistics::default();
        let mut found: Vec<(u64, Disagreement)> = Vec::new();
        for seed in seeds {
            // Of some, every pair of changes is tried.
            let all_pairs = seed % 32 == 5;
            found.extend(compare(&any_policy(seed), all_pairs, &mut statistics).map(|found| (seed, found)));
        }
        (statistics, found)
    };
    let all: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    run(&mut (first..first + cases).skip(worker as usize).step_by(threads as usize))
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut total = Statistics::default();
    let mut disagreements = Vec::new();
    for (statistics, found) in all {
        total.add(&statistics);
        disagreements.extend(found);
    }
    println!("{total:?}");
    // Each kind occurs, or the comparison would say nothing about it.
    for (what, count) in [
        ("lock-outs", total.lock_outs),
        ("partial lock-outs", total.partial_lock_outs),
        ("policies without lock-outs", total.safe),
        ("escalations", total.escalations),
        ("policies without escalations", total.unescalated),
        ("steps", total.steps),
    ] {
        assert!(count * 40 >= cases.min(4_000), "{what}: {count}");
    }
    disagreements.sort_by_key(|(seed, _)| *seed);
    for (seed, disagreement) in disagreements.iter().take(5) {
        println!("seed {seed}: {disagreement:?}");
    }
    assert!(disagreements.is_empty(), "{} disagreements", disagreements.len());
}
