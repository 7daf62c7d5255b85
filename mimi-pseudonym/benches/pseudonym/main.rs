//! Opening all links of a room, one by one and as a batch, against the sum of the primitives: two AEAD openings, the KDF calls and one
//! signature verification for each leaf.
//!
//! `cargo bench -p mimi-pseudonym` ends with the ratios that the README shows. All figures of one ratio come from one run.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

mod room;

use std::hint::black_box;
use std::path::{Path, PathBuf};

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

/// The estimates of this run.
struct Estimates {
    directory: PathBuf,
}

impl Estimates {
    /// The median time of one iteration, in nanoseconds; `None` if a filter left the bench out.
    fn nanoseconds(&self, function: &str, leaves: usize) -> Option<f64> {
        let leaves = leaves.to_string();
        let file = ["learn", function, &leaves, "new", "estimates.json"]
            .iter()
            .fold(self.directory.clone(), |path, step| path.join(step));
        let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    }

    fn print(&self) {
        println!("\nTimes as fast as the baseline (above 1 is faster):\n");
        println!("| | baseline | 100 leaves | 1,000 leaves | 10,000 leaves |\n|-|-|-|-|-|");
        for (subject, baseline) in
            [("one by one", "primitives"), ("batch", "one by one"), ("batch", "primitives")]
        {
            let ratios = LEAVES.map(|leaves| {
                match (self.nanoseconds(subject, leaves), self.nanoseconds(baseline, leaves)) {
                    (Some(subject), Some(baseline)) => format!("{:.2}", baseline / subject),
                    _ => "-".to_owned(),
                }
            });
            println!("| {subject} | {baseline} | {} |", ratios.join(" | "));
        }
        println!("\nMicroseconds for each leaf:\n\n| | 100 | 1,000 | 10,000 |\n|-|-|-|-|");
        for function in ["one by one", "batch", "primitives", "signatures alone"] {
            let each = LEAVES.map(|leaves| {
                let time = self.nanoseconds(function, leaves);
                time.map_or("-".to_owned(), |time| format!("{:.1}", time / 1000.0 / leaves as f64))
            });
            println!("| {function} | {} |", each.join(" | "));
        }
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
    Estimates { directory }.print();
}
