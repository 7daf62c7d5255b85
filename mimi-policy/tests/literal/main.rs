//! A second evaluator, written from the draft's paragraphs without a look at the first, and the two
//! compared on random rooms.
//!
//! `MIMI_POLICY_CASES` sets how many (in decimal), `MIMI_POLICY_SEED` where the counting begins.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod comparison;
mod draft;
mod engine;
mod generator;
mod room;
mod smaller;

use std::collections::BTreeMap;
use std::env;
use std::thread;

use comparison::disagreement;
use draft::Says;
use generator::{Dice, any_try};
use room::{Base, Cap, Change, Form, Role, Room, Try, Uri, Who};

/// How often a capability decided: it allowed something in a commit that is accepted, it wasn't
/// held, or a condition of it failed.
#[derive(Debug, Default, Clone, Copy)]
struct Coverage {
    accepted: u64,
    not_held: u64,
    condition: u64,
}

#[derive(Default)]
struct Statistics {
    cases: u64,
    accepted: u64,
    capabilities: BTreeMap<Cap, Coverage>,
    refusals: BTreeMap<&'static str, u64>,
    disagreements: Vec<u64>,
}

fn run(seeds: impl Iterator<Item = u64>) -> Statistics {
    let mut statistics = Statistics::default();
    for seed in seeds {
        let t = any_try(&mut Dice::new(&[], seed));
        let literal = draft::decide(&t);
        let accepted = literal.after.is_some();
        statistics.cases += 1;
        statistics.accepted += u64::from(accepted);
        for (capability, says) in literal.said {
            let coverage = statistics.capabilities.entry(capability).or_default();
            match says {
                Says::Yes => coverage.accepted += u64::from(accepted),
                Says::NotHeld => coverage.not_held += 1,
                Says::Condition => coverage.condition += 1,
            }
        }
        if let Some(why) = literal.refused {
            *statistics.refusals.entry(why).or_default() += 1;
        }
        if disagreement(&t).is_some() {
            statistics.disagreements.push(seed);
        }
    }
    statistics
}

fn number(variable: &str, absent: u64) -> u64 {
    env::var(variable).map_or(absent, |text| text.parse().expect("a number"))
}

fn role(index: u32, name: &'static str, capabilities: &[Cap], changes: &[(u32, Vec<u32>)]) -> Role {
    Role {
        index,
        name,
        capabilities: capabilities.iter().copied().collect(),
        min: 0,
        max: None,
        min_active: 0,
        max_active: None,
        changes: changes.to_vec(),
    }
}

fn room(roles: Vec<Role>, list: Vec<(Uri, u32)>, clients: Vec<(Uri, Uri)>) -> Room {
    let base = Base {
        fixed_membership: false,
        parent_dependant: false,
        parent_room: "",
        multi_device: true,
        max_clients: None,
        max_users: None,
    };
    Room { base, roles, preauth: Vec::new(), list, clients, parent_participants: None }
}

/// 8.1.3: "a successful unban changes the target user's role from role_index = 1 to another
/// non-zero role_index": not to 1 again.
#[test]
fn an_unban_leads_to_another_role() {
    let (ann, client, bob) = ("mimi://a.example/u/ann", "mimi://a.example/d/1", "mimi://b.example/u/bob");
    let unban = |to| Try {
        room: room(
            vec![role(1, "banned", &[], &[]), role(2, "", &[Cap::Unban], &[(1, vec![1, 2])])],
            vec![(ann, 2), (bob, 1)],
            vec![(ann, client)],
        ),
        actor: Who::User { user: ann, client, claims: Vec::new() },
        form: Form::Commit,
        changes: vec![(None, Change::SetRole(bob, to))],
    };
    for (to, allowed) in [(1, false), (2, true)] {
        assert_eq!(draft::decide(&unban(to)).after.is_some(), allowed);
        assert_eq!(engine::decide(&unban(to)).is_ok(), allowed, "to role {to}");
    }
}

/// RFC 9420 (12.2) would let a commit remove a client and add it again; a client that is to be
/// replaced joins by itself.
#[test]
fn a_client_is_replaced_by_its_own_external_commit_only() {
    let (ann, client) = ("mimi://a.example/u/ann", "mimi://a.example/d/1");
    let again = |form, by| {
        let changes = vec![(None, Change::RemoveClient(ann, client)), (None, Change::AddClient(ann, client))];
        let role = role(2, "", &[Cap::AddOwnClient, Cap::RemoveOwnClient], &[]);
        let clients = vec![(ann, client), (ann, "mimi://a.example/d/2")];
        let actor = Who::User { user: ann, client: by, claims: Vec::new() };
        Try { room: room(vec![role], vec![(ann, 2)], clients), actor, form, changes }
    };
    for (form, by, allowed) in
        [(Form::ExternalCommit, client, true), (Form::Commit, "mimi://a.example/d/2", false)]
    {
        let t = again(form, by);
        assert_eq!(
            (draft::decide(&t).after.is_some(), engine::decide(&t).is_ok()),
            (allowed, allowed),
            "{form:?}"
        );
    }
}

/// Shows one case, made as small as it goes: `MIMI_POLICY_SHOW` is its seed.
#[test]
fn show() {
    for seed in env::var("MIMI_POLICY_SHOW").iter().flat_map(|seeds| seeds.split(',')) {
        let t = any_try(&mut Dice::new(&[], seed.parse().unwrap()));
        let least = match disagreement(&t) {
            Some(_) => smaller::smallest(t, |t| disagreement(t).is_some()),
            None => t,
        };
        println!("{seed}: {:?}\n{least:?}\n", disagreement(&least));
    }
}

#[test]
fn the_engine_and_the_draft_agree() {
    let cases = number("MIMI_POLICY_CASES", 20_000);
    let first = number("MIMI_POLICY_SEED", 0);
    let threads = thread::available_parallelism().map_or(1, |count| count.get() as u64).min(8);
    let all: Vec<Statistics> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    run((first..first + cases).skip(worker as usize).step_by(threads as usize))
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut total = Statistics::default();
    for part in all {
        total.cases += part.cases;
        total.accepted += part.accepted;
        for (capability, coverage) in part.capabilities {
            let sum = total.capabilities.entry(capability).or_default();
            sum.accepted += coverage.accepted;
            sum.not_held += coverage.not_held;
            sum.condition += coverage.condition;
        }
        for (why, count) in part.refusals {
            *total.refusals.entry(why).or_default() += count;
        }
        total.disagreements.extend(part.disagreements);
    }
    println!("{} of {} allowed", total.accepted, total.cases);
    for (capability, coverage) in &total.capabilities {
        println!("{capability:?}: {coverage:?}");
    }
    for (why, count) in &total.refusals {
        println!("{count} refused: {why}");
    }
    // Each has to have decided, both ways; and where the draft states conditions, by these too.
    for capability in Cap::ALL.into_iter().filter(|capability| *capability != Cap::Knock) {
        let coverage = total.capabilities.get(&capability).copied().unwrap_or_default();
        let enough = |count: u64| count * 5000 >= total.cases.min(20_000);
        assert!(enough(coverage.accepted) && enough(coverage.not_held), "{capability:?}: {coverage:?}");
        let conditional = capability <= Cap::ChangeOwnRole;
        assert!(!conditional || enough(coverage.condition), "{capability:?}: {coverage:?}");
    }
    total.disagreements.sort_unstable();
    let mut kinds: BTreeMap<String, (u64, u32)> = BTreeMap::new();
    for &seed in &total.disagreements {
        let what = disagreement(&any_try(&mut Dice::new(&[], seed))).unwrap();
        kinds.entry(what).or_insert((seed, 0)).1 += 1;
    }
    for (what, (seed, count)) in &kinds {
        println!("{count} like seed {seed}: {what}");
    }
    for (what, (seed, count)) in kinds.iter().take(3) {
        let least = smaller::smallest(any_try(&mut Dice::new(&[], *seed)), |t| disagreement(t).is_some());
        println!("\n{count} like seed {seed}: {what}\nleast: {}\n{least:#?}", disagreement(&least).unwrap());
    }
    assert_eq!(total.disagreements, [0; 0], "{} disagreements", total.disagreements.len());
}
