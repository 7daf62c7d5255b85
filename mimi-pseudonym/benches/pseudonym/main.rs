//! Opening all links of a room, one by one and as a batch, against the sum of the primitives: two
//! AEAD openings, the KDF calls and one signature verification for each leaf.
//!
//! `cargo bench -p mimi-pseudonym` ends with the table that the README shows: the ways taken in
//! turns, and the least time of each.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

mod room;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use mimi_codec::code_points::CipherSuite;
use mimi_crypto::RustCrypto;
use mimi_pseudonym::flow::{
    learn::{learn_room, learn_room_batch},
    unlinked::LinkPolicy,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use room::Room;

const LEAVES: [usize; 3] = [100, 1_000, 10_000];

fn learn(c: &mut Criterion) {
    let suite = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut group = c.benchmark_group("learn");
    for leaves in LEAVES {
        let room = Room::new(&suite, leaves, &mut rng);
        let check = |credential: &_| room.check(credential);
        let policy = |_: &_| LinkPolicy::Required;
        // All of them find the same identities.
        let one_by_one = learn_room(&suite, &room.view(), &policy, &check);
        assert_eq!(one_by_one.len(), leaves);
        assert!(one_by_one.iter().all(|(_, identity)| identity.known().is_some()));
        let batch = learn_room_batch(&suite, &room.view(), &policy, &check, &mut rng);
        assert!(one_by_one == batch);
        assert_eq!(room.primitives(&suite), leaves);

        group.throughput(Throughput::Elements(leaves as u64));
        group.bench_function(BenchmarkId::new("one by one", leaves), |b| {
            b.iter(|| learn_room(&suite, black_box(&room.view()), &policy, &check));
        });
        group.bench_function(BenchmarkId::new("batch", leaves), |b| {
            b.iter(|| learn_room_batch(&suite, black_box(&room.view()), &policy, &check, &mut rng));
        });
        group.bench_function(BenchmarkId::new("primitives", leaves), |b| {
            b.iter(|| black_box(&room).primitives(&suite));
        });
        group.bench_function(BenchmarkId::new("signatures alone", leaves), |b| {
            b.iter(|| black_box(&room).signatures(&suite));
        });
    }
    group.finish();
}

/// The least time for each leaf, in microseconds, of the ways to do it taken in turns: what else
/// the machine does meets all of them alike.
struct Turns {
    leaves: usize,
    one_by_one: f64,
    batch: f64,
    primitives: f64,
    signatures: f64,
}

fn in_turns(suite: &RustCrypto, leaves: usize, rounds: usize, rng: &mut ChaCha20Rng) -> Turns {
    let room = Room::new(suite, leaves, rng);
    let check = |credential: &_| room.check(credential);
    let policy = |_: &_| LinkPolicy::Required;
    let mut least = [f64::INFINITY; 4];
    for _ in 0..rounds {
        let mut ways: [&mut dyn FnMut(); 4] = [
            &mut || drop(black_box(learn_room(suite, &room.view(), &policy, &check))),
            &mut || drop(black_box(learn_room_batch(suite, &room.view(), &policy, &check, rng))),
            &mut || assert_eq!(black_box(room.primitives(suite)), leaves),
            &mut || assert_eq!(black_box(room.signatures(suite)), leaves),
        ];
        for (least, way) in least.iter_mut().zip(&mut ways) {
            let start = Instant::now();
            way();
            *least = least.min(start.elapsed().as_secs_f64() * 1e6 / leaves as f64);
        }
    }
    let [one_by_one, batch, primitives, signatures] = least;
    Turns { leaves, one_by_one, batch, primitives, signatures }
}

fn print_in_turns() {
    let suite = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    println!(
        "\n| leaves | one by one, µs each | signatures alone | to the primitives | batch | times as fast |"
    );
    println!("|-|-|-|-|-|-|");
    for (leaves, rounds) in [(100, 200), (300, 60), (1_000, 30), (10_000, 6)] {
        let Turns { leaves, one_by_one, batch, primitives, signatures } =
            in_turns(&suite, leaves, rounds, &mut rng);
        println!(
            "| {leaves} | {one_by_one:.1} | {signatures:.1} | {:.2} | {batch:.1} | {:.2} |",
            one_by_one / primitives,
            one_by_one / batch
        );
    }
}

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mimi-pseudonym-benches");
    // What an earlier run left would mix with this one.
    drop(std::fs::remove_dir_all(&directory));
    let mut criterion = Criterion::default()
        .output_directory(&directory)
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(3))
        .configure_from_args();
    learn(&mut criterion);
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        print_in_turns();
    }
}
