//! Decoding, encoding and naming messages, against equivalent owned structs through `minicbor` and
//! through `ciborium`'s serde.
//!
//! `cargo bench -p mimi-content` ends with the ratios that the README shows. All figures of one
//! ratio come from one run. So do the times in which bombs are refused.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

mod ciborium_model;
mod minicbor_model;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, Throughput};
use mimi_content::{
    DecodeErrorKind, Disposition, ExternalPart, MessageId, MimiContent, MimiContentRef, MultiPart,
    NestedPart, PartSemantics, Salt,
};
use sha2::{Digest, Sha256};

const SENDER: &str = "mimi://example.com/u/alice-smith";
const ROOM: &str = "mimi://example.com/r/engineering_team";

/// A message whose body is a multipart of single and external parts, `parts` in all.
fn many_parts(parts: usize) -> Vec<u8> {
    let children = (1..parts).map(|number| {
        if number % 8 == 0 {
            let external = ExternalPart {
                content_type: "image/png".into(),
                url: format!("https://example.com/storage/{number}.png"),
                size: 100_000 + number as u64,
                content_hash: vec![number as u8; 32],
                filename: format!("{number}.png"),
                ..ExternalPart::default()
            };
            NestedPart::external(Disposition::ATTACHMENT, "", external)
        } else {
            let text = format!("This is the text of part number {number}, of a usual length.");
            NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", text)
        }
    });
    let multi = MultiPart::new(PartSemantics::ProcessAll, children.collect()).unwrap();
    let body = NestedPart::multi(Disposition::RENDER, "", multi);
    MimiContent::builder(Salt::from_bytes([7; 16]), body).build().unwrap().encode()
}

fn large_text(bytes: usize) -> Vec<u8> {
    let body = NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", "a".repeat(bytes));
    MimiContent::builder(Salt::from_bytes([7; 16]), body).build().unwrap().encode()
}

/// The message ID of a received message, piece by piece through the streaming interface of the
/// hash.
fn streamed_message_id(encoded: &[u8], salt: &Salt) -> [u8; 32] {
    let mut hash = Sha256::new();
    for uri in [SENDER, ROOM] {
        hash.update((uri.len() as u16).to_be_bytes());
        hash.update(uri);
    }
    hash.update(encoded);
    hash.update(salt.as_bytes());
    let mut id = [1; 32];
    id[1..].copy_from_slice(&hash.finalize()[..31]);
    id
}

/// Levels of what nests in the bombs.
const BOMB_LEVELS: usize = 100_000;

/// Inputs that cost a careless decoder its stack, its memory or its time.
fn bombs() -> Vec<(&'static str, Vec<u8>, DecodeErrorKind)> {
    // 1 Ti is 2^40.
    let length = |major: u8| [&[major << 5 | 27][..], &(1_u64 << 40).to_be_bytes()].concat();
    // Salt, replaces, topicId, expires and inReplyTo of a message.
    let begin = |topic_id: &[u8]| [&[0x87, 0x50][..], &[7; 16], &[0xf6], topic_id, &[0xf6, 0xf6]].concat();
    let with_value = |value: &[u8]| [&begin(&[0x40])[..], &[0xa1, 0x07], value].concat();
    let with_body = |body: &[u8]| [&begin(&[0x40])[..], &[0xa0], body].concat();
    // [1, "", 3, 1, [2 parts
    let multi = [0x85, 0x01, 0x60, 0x03, 0x01, 0x82];
    vec![
        ("100,000 levels of parts", with_body(&multi.repeat(BOMB_LEVELS)), DecodeErrorKind::PartsTooDeep),
        (
            "100,000 levels of tags",
            with_value(&[0xc6].repeat(BOMB_LEVELS)),
            DecodeErrorKind::ExtensionsTooDeep,
        ),
        ("topic ID of 1 TiB", begin(&length(2)), DecodeErrorKind::Truncated),
        ("extension array of 1 Ti items", with_value(&length(4)), DecodeErrorKind::Truncated),
        ("1 Ti parts", with_body(&[&multi[..5], &length(4)].concat()), DecodeErrorKind::Truncated),
    ]
}

fn messages() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("original", include_bytes!("../../tests/data/original.cbor").to_vec()),
        ("attachment", include_bytes!("../../tests/data/attachment.cbor").to_vec()),
        ("multipart-3", include_bytes!("../../tests/data/multipart-3.cbor").to_vec()),
        ("1000 parts", many_parts(1000)),
    ]
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (name, encoded) in messages() {
        // All of them read the same message.
        assert_eq!(MimiContent::decode(&encoded).unwrap().encode(), encoded);
        assert_eq!(minicbor_model::encode(&minicbor_model::decode(&encoded)), encoded);
        assert_eq!(ciborium_model::encode(&ciborium_model::decode(&encoded)), encoded);

        group.throughput(Throughput::Bytes(encoded.len() as u64));
        group.bench_with_input(BenchmarkId::new("borrowed", name), &encoded, |b, encoded| {
            b.iter(|| MimiContentRef::decode(black_box(encoded)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("owned", name), &encoded, |b, encoded| {
            b.iter(|| MimiContent::decode(black_box(encoded)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("minicbor", name), &encoded, |b, encoded| {
            b.iter(|| minicbor_model::decode(black_box(encoded)));
        });
        group.bench_with_input(BenchmarkId::new("ciborium", name), &encoded, |b, encoded| {
            b.iter(|| ciborium_model::decode(black_box(encoded)));
        });
        // What a low-level library takes only to hand out the heads, before anything is checked or
        // kept.
        group.bench_with_input(BenchmarkId::new("ciborium-ll heads", name), &encoded, |b, encoded| {
            b.iter(|| ciborium_model::heads(black_box(encoded)));
        });
        group.bench_with_input(BenchmarkId::new("minicbor heads", name), &encoded, |b, encoded| {
            b.iter(|| minicbor_model::heads(black_box(encoded)));
        });
    }
    group.finish();
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for (name, encoded) in messages() {
        let message = MimiContent::decode(&encoded).unwrap();
        let minicbor_message = minicbor_model::decode(&encoded);
        let ciborium_message = ciborium_model::decode(&encoded);
        group.throughput(Throughput::Bytes(encoded.len() as u64));
        group.bench_function(BenchmarkId::new("owned", name), |b| b.iter(|| black_box(&message).encode()));
        group.bench_function(BenchmarkId::new("minicbor", name), |b| {
            b.iter(|| minicbor_model::encode(black_box(&minicbor_message)));
        });
        group.bench_function(BenchmarkId::new("ciborium", name), |b| {
            b.iter(|| ciborium_model::encode(black_box(&ciborium_message)));
        });
    }
    group.finish();
}

fn message_id(c: &mut Criterion) {
    let mut group = c.benchmark_group("message ID");
    for (name, encoded) in [("original", messages().swap_remove(0).1), ("64 KiB", large_text(65_536))] {
        let message = MimiContentRef::decode(&encoded).unwrap();
        let owned = message.to_owned();
        let minicbor_message = minicbor_model::decode(&encoded);
        let id = message.message_id(SENDER, ROOM).unwrap();
        assert_eq!(minicbor_model::encode_then_hash(&minicbor_message, SENDER, ROOM), id);
        assert_eq!(owned.message_id(SENDER, ROOM), Ok(id));
        assert_eq!(streamed_message_id(&encoded, &message.salt()), *id.as_bytes());

        group.throughput(Throughput::Bytes(encoded.len() as u64));
        group.bench_function(BenchmarkId::new("received", name), |b| {
            b.iter(|| MessageId::compute(SENDER, ROOM, black_box(&encoded), &message.salt()).unwrap());
        });
        group.bench_function(BenchmarkId::new("owned", name), |b| {
            b.iter(|| black_box(&owned).message_id(SENDER, ROOM).unwrap());
        });
        group.bench_function(BenchmarkId::new("streaming sha2", name), |b| {
            b.iter(|| streamed_message_id(black_box(&encoded), &message.salt()));
        });
        group.bench_function(BenchmarkId::new("sha2 alone", name), |b| {
            b.iter(|| Sha256::digest(black_box(&encoded)));
        });
        group.bench_function(BenchmarkId::new("minicbor encode, then sha2", name), |b| {
            b.iter(|| minicbor_model::encode_then_hash(black_box(&minicbor_message), SENDER, ROOM));
        });
    }
    group.finish();
}

fn growth(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth");
    for parts in [10, 100, 1000] {
        let encoded = many_parts(parts);
        group.bench_with_input(BenchmarkId::new("borrowed", parts), &encoded, |b, encoded| {
            b.iter(|| MimiContentRef::decode(black_box(encoded)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("owned", parts), &encoded, |b, encoded| {
            b.iter(|| MimiContent::decode(black_box(encoded)).unwrap());
        });
    }
    group.finish();
}

fn refuse(c: &mut Criterion) {
    let mut group = c.benchmark_group("refuse");
    for (name, encoded, kind) in bombs() {
        assert_eq!(MimiContentRef::decode(&encoded).unwrap_err().kind(), &kind, "{name}");
        group.bench_with_input(BenchmarkId::new("borrowed", name), &encoded, |b, encoded| {
            b.iter(|| MimiContentRef::decode(black_box(encoded)).unwrap_err());
        });
        group.bench_with_input(BenchmarkId::new("owned", name), &encoded, |b, encoded| {
            b.iter(|| MimiContent::decode(black_box(encoded)).unwrap_err());
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
    fn nanoseconds(&self, group: &str, function: &str, input: &str) -> Option<f64> {
        let file = [group, function, input, "new", "estimates.json"]
            .iter()
            .fold(self.directory.clone(), |path, step| path.join(step));
        let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    }

    fn ratio(&self, group: &str, input: &str, subject: &str, baseline: &str) -> String {
        match (self.nanoseconds(group, subject, input), self.nanoseconds(group, baseline, input)) {
            (Some(subject), Some(baseline)) => format!("{:.2}", baseline / subject),
            _ => "-".to_owned(),
        }
    }

    fn print(&self) {
        println!("\nTimes as fast as the baseline (above 1 is faster):\n");
        println!("| | baseline | original | attachment | multipart-3 | 1000 parts |");
        println!("|-|-|-|-|-|-|");
        for (group, subject, baseline) in [
            ("decode", "borrowed", "minicbor"),
            ("decode", "borrowed", "ciborium"),
            ("decode", "borrowed", "ciborium-ll heads"),
            ("decode", "borrowed", "minicbor heads"),
            ("decode", "owned", "minicbor"),
            ("decode", "owned", "ciborium"),
            ("encode", "owned", "minicbor"),
            ("encode", "owned", "ciborium"),
        ] {
            let ratios = ["original", "attachment", "multipart-3", "1000 parts"]
                .map(|input| self.ratio(group, input, subject, baseline));
            println!("| {group}, {subject} | {baseline} | {} |", ratios.join(" | "));
        }
        println!("\n| | baseline | original | 64 KiB |");
        println!("|-|-|-|-|");
        for (subject, baseline) in [
            // What hashing a short message in one call gains; a long one is streamed.
            ("received", "streaming sha2"),
            ("received", "sha2 alone"),
            ("received", "minicbor encode, then sha2"),
            ("owned", "minicbor encode, then sha2"),
        ] {
            let ratios =
                ["original", "64 KiB"].map(|input| self.ratio("message ID", input, subject, baseline));
            println!("| message ID, {subject} | {baseline} | {} |", ratios.join(" | "));
        }
        println!("\nNanoseconds for each part:\n\n| | 10 parts | 100 parts | 1000 parts |\n|-|-|-|-|");
        for function in ["borrowed", "owned"] {
            let each = [10.0, 100.0, 1000.0].map(|parts: f64| {
                let time = self.nanoseconds("growth", function, &parts.to_string());
                time.map_or("-".to_owned(), |time| format!("{:.1}", time / parts))
            });
            println!("| decode, {function} | {} |", each.join(" | "));
        }
        println!("\nMicroseconds to refuse a bomb:\n\n| | bytes | borrowed | owned |\n|-|-|-|-|");
        for (name, encoded, _) in bombs() {
            let [borrowed, owned] = ["borrowed", "owned"].map(|function| {
                let time = self.nanoseconds("refuse", function, name);
                time.map_or("-".to_owned(), |time| format!("{:.3}", time / 1000.0))
            });
            println!("| {name} | {} | {borrowed} | {owned} |", encoded.len());
        }
    }
}

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mimi-content-benches");
    // What an earlier run left would mix with this one.
    drop(std::fs::remove_dir_all(&directory));
    let mut criterion = Criterion::default()
        .output_directory(&directory)
        .sample_size(40)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(2))
        .configure_from_args();
    decode(&mut criterion);
    encode(&mut criterion);
    message_id(&mut criterion);
    growth(&mut criterion);
    refuse(&mut criterion);
    criterion.final_summary();
    Estimates { directory }.print();
}
