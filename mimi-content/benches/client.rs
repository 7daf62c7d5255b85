//! What a client does with messages: files against their bare algorithms, Markdown against the bare
//! parser, and choosing parts against decoding.
//!
//! `cargo bench -p mimi-content --bench client` ends with the ratios. All figures of one ratio come
//! from one run.

#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use mimi_content::choice::{Choice, Profile};
use mimi_content::{
    AeadAlgorithm, Attachment, Disposition, ExternalPart, FileSealer, MimiContent, MimiContentRef, MultiPart,
    NestedPart, PartSemantics, Salt, gfm,
};
use pulldown_cmark::{Options, Parser};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// Bytes of the files.
const SIZES: [(&str, usize); 2] = [("64 KiB", 65_536), ("8 MiB", 8 << 20)];

/// Encrypts in place and hashes, with keys and nonces that are there already: what sealing cannot
/// do without.
fn bare_seal<C: AeadInOut + KeyInit>(part: &ExternalPart, content: &mut Vec<u8>) -> [u8; 32] {
    let cipher = C::new_from_slice(&part.key).unwrap();
    let nonce = part.nonce.as_slice().try_into().unwrap();
    let tag = cipher.encrypt_inout_detached(nonce, &[], content.as_mut_slice().into()).unwrap();
    content.extend_from_slice(&tag);
    Sha256::digest(&*content).into()
}

/// Hashes and decrypts in place.
fn bare_open<C: AeadInOut + KeyInit>(part: &ExternalPart, stored: &mut [u8]) -> [u8; 32] {
    let hash = Sha256::digest(&*stored).into();
    let cipher = C::new_from_slice(&part.key).unwrap();
    let (content, tag) = stored.split_last_chunk_mut::<16>().unwrap();
    let (nonce, tag) = (part.nonce.as_slice().try_into().unwrap(), tag.as_slice().try_into().unwrap());
    cipher.decrypt_inout_detached(nonce, &[], content.into(), tag).unwrap();
    hash
}

fn files<C: AeadInOut + KeyInit>(c: &mut Criterion, name: &str, enc_alg: AeadAlgorithm) {
    for (size_name, size) in SIZES {
        let content: Vec<u8> = (0..size).map(|at| at as u8).collect();
        // Room for the tag, so that nothing moves.
        let fresh = || {
            let mut copy = Vec::with_capacity(size + 16);
            copy.extend_from_slice(&content);
            copy
        };
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let mut stored = fresh();
        let part = Attachment::seal(enc_alg, &mut stored, &mut rng).unwrap().into_part("", "");
        let mut bare = fresh();
        assert_eq!((bare_seal::<C>(&part, &mut bare).to_vec(), &bare), (part.content_hash.clone(), &stored));
        assert_eq!(part.as_ref().open(&mut stored.clone(), 0).unwrap().as_bytes(), &content);
        bare_open::<C>(&part, &mut bare);
        assert_eq!(bare[..size], content);

        let mut group = c.benchmark_group(format!("seal {name}"));
        group.throughput(Throughput::Bytes(size as u64)).sample_size(20);
        group.bench_function(BenchmarkId::new("attachment", size_name), |b| {
            b.iter_batched_ref(
                fresh,
                |content| Attachment::seal(enc_alg, content, &mut rng),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(BenchmarkId::new("bare", size_name), |b| {
            b.iter_batched_ref(fresh, |content| bare_seal::<C>(&part, content), BatchSize::LargeInput);
        });
        group.finish();
        let mut group = c.benchmark_group(format!("open {name}"));
        group.throughput(Throughput::Bytes(size as u64)).sample_size(20);
        group.bench_function(BenchmarkId::new("attachment", size_name), |b| {
            let open = |stored: &mut Vec<u8>| part.as_ref().open(stored, 0).unwrap().len();
            b.iter_batched_ref(|| stored.clone(), open, BatchSize::LargeInput);
        });
        group.bench_function(BenchmarkId::new("bare", size_name), |b| {
            b.iter_batched_ref(
                || stored.clone(),
                |stored| bare_open::<C>(&part, stored),
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

/// A file of 1 GiB, sealed in pieces of 64 KiB: against the algorithm alone, which encrypts each of
/// the pieces as a message of its own, and against that with the hash that the format asks for.
fn stream<C: AeadInOut + KeyInit>(c: &mut Criterion, name: &str, enc_alg: AeadAlgorithm) {
    const PIECE: usize = 65_536;
    const PIECES: usize = (1 << 30) / PIECE;
    let mut group = c.benchmark_group(format!("stream {name}"));
    group.throughput(Throughput::Bytes(1 << 30)).sample_size(10);
    let mut piece = vec![7; PIECE];
    let (cipher, nonce) = (C::new_from_slice(&vec![1; C::key_size()]).unwrap(), Default::default());
    group.bench_function(BenchmarkId::new("sealer", "1 GiB"), |b| {
        b.iter(|| {
            let mut sealer = FileSealer::generate(enc_alg, &mut ChaCha20Rng::from_seed([7; 32])).unwrap();
            for _ in 0..PIECES {
                sealer.seal(black_box(&mut piece)).unwrap();
            }
            sealer.finish()
        });
    });
    group.bench_function(BenchmarkId::new("AEAD", "1 GiB"), |b| {
        b.iter(|| {
            for _ in 0..PIECES {
                let piece = black_box(piece.as_mut_slice());
                black_box(cipher.encrypt_inout_detached(&nonce, &[], piece.into()).unwrap());
            }
        });
    });
    group.bench_function(BenchmarkId::new("AEAD and hash", "1 GiB"), |b| {
        b.iter(|| {
            let mut hash = Sha256::new();
            for _ in 0..PIECES {
                let piece = black_box(piece.as_mut_slice());
                black_box(cipher.encrypt_inout_detached(&nonce, &[], (&mut *piece).into()).unwrap());
                hash.update(piece);
            }
            hash.finalize()
        });
    });
    group.finish();
}

/// Texts without HTML or foreign links, of which the bare renderer makes the same.
fn texts() -> [(&'static str, String); 2] {
    let short =
        "Kudos to [@Alice Smith](mimi://example.com/u/alice-smith) for making the __release__ happen!";
    let long = "# Notes\n\nA *paragraph* with [a link](https://example.com/notes) and `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| c | d |\n\n";
    [("message", short.to_owned()), ("64 KiB", long.repeat(65_536 / long.len()))]
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH
}

fn bare_html(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len() * 2);
    pulldown_cmark::html::push_html(&mut html, Parser::new_ext(markdown, options()));
    html
}

fn markdown(c: &mut Criterion) {
    let mut group = c.benchmark_group("markdown");
    for (name, text) in texts() {
        assert_eq!(gfm::to_html(&text), bare_html(&text));
        assert_eq!(gfm::escape_html(&text), text);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("to_html", name), &text, |b, text| {
            b.iter(|| gfm::to_html(black_box(text)))
        });
        group.bench_with_input(BenchmarkId::new("to_plain_text", name), &text, |b, text| {
            b.iter(|| gfm::to_plain_text(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("escape_html", name), &text, |b, text| {
            b.iter(|| gfm::escape_html(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("bare", name), &text, |b, text| {
            b.iter(|| bare_html(black_box(text)))
        });
        group.bench_with_input(BenchmarkId::new("events", name), &text, |b, text| {
            b.iter(|| gfm::events(black_box(text)).count())
        });
        group.bench_with_input(BenchmarkId::new("parser", name), &text, |b, text| {
            b.iter(|| Parser::new_ext(black_box(text), options()).into_offset_iter().count())
        });
    }
    group.finish();
}

/// A text in so many languages, each with a picture that it refers to.
fn alternatives(count: usize) -> Vec<u8> {
    let alternative = |number: usize| {
        let html = format!("<p>Text {number} <img src='cid:{}@local.invalid'></p>", number * 3 + 3);
        let text =
            NestedPart::single(Disposition::RENDER, format!("x-{number}"), "text/html;charset=utf-8", html);
        let picture = NestedPart::single(Disposition::INLINE, "", "image/png", [number as u8; 200]);
        let both = MultiPart::new(PartSemantics::ProcessAll, vec![text, picture]).unwrap();
        NestedPart::multi(Disposition::RENDER, "", both)
    };
    let all = MultiPart::new(PartSemantics::ChooseOne, (0..count).map(alternative).collect()).unwrap();
    let body = NestedPart::multi(Disposition::RENDER, "", all);
    MimiContent::builder(Salt::from_bytes([7; 16]), body).build().unwrap().encode()
}

const COUNTS: [usize; 3] = [3, 33, 333];

fn choosing(c: &mut Criterion) {
    let mut group = c.benchmark_group("choose");
    for count in COUNTS {
        let encoded = alternatives(count);
        let message = MimiContentRef::decode(&encoded).unwrap();
        let last = format!("x-{}", count - 1);
        let languages = [last.as_str(), "en"];
        let client = Profile {
            media_types: &["text/html", "text/plain;charset=utf-8", "image/*"],
            languages: &languages,
        };
        let choose = |message: &MimiContentRef<'_>| Choice::new(message, |leaf| client.rank(leaf));
        assert_eq!(usize::from(choose(&message).steps()[0].part), count * 3 - 1);
        group.bench_function(BenchmarkId::new("choice", count), |b| b.iter(|| choose(black_box(&message))));
        group.bench_function(BenchmarkId::new("decode", count), |b| {
            b.iter(|| MimiContent::decode(black_box(&encoded)).unwrap());
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
        println!(
            "\nTimes as fast as the bare algorithms (above 1 is faster):\n\n| | 64 KiB | 8 MiB |\n|-|-|-|"
        );
        for cipher in ["AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"] {
            for verb in ["seal", "open"] {
                let group = format!("{verb} {cipher}");
                let ratios = SIZES.map(|(size, _)| self.ratio(&group, size, "attachment", "bare"));
                println!("| {group} | {} |", ratios.join(" | "));
            }
        }
        println!("\nTime to seal 1 GiB in pieces, to that of the algorithm alone and with the hash:\n");
        println!("| | AEAD | AEAD and hash |\n|-|-|-|");
        for cipher in ["AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"] {
            let group = format!("stream {cipher}");
            let ratios = ["AEAD", "AEAD and hash"].map(|bare| self.ratio(&group, "1 GiB", bare, "sealer"));
            println!("| {cipher} | {} |", ratios.join(" | "));
        }
        println!("\nTime to make the events, to that of the parser:\n\n| message | 64 KiB |\n|-|-|");
        let ratios = ["message", "64 KiB"].map(|text| self.ratio("markdown", text, "parser", "events"));
        println!("| {} |", ratios.join(" | "));
        println!("\nTimes as fast as rendering without a filter:\n\n| | message | 64 KiB |\n|-|-|-|");
        for function in ["to_html", "to_plain_text", "escape_html"] {
            let ratios = ["message", "64 KiB"].map(|text| self.ratio("markdown", text, function, "bare"));
            println!("| {function} | {} |", ratios.join(" | "));
        }
        println!(
            "\nTimes as fast as decoding the message into an owned one:\n\n| | 10 parts | 100 parts | 1000 parts |\n|-|-|-|-|"
        );
        let ratios = COUNTS.map(|count| self.ratio("choose", &count.to_string(), "choice", "decode"));
        println!("| choose | {} |", ratios.join(" | "));
    }
}

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mimi-content-client-benches");
    // What an earlier run left would mix with this one.
    drop(std::fs::remove_dir_all(&directory));
    let mut criterion = Criterion::default()
        .output_directory(&directory)
        .sample_size(40)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(2))
        .configure_from_args();
    files::<Aes128Gcm>(&mut criterion, "AES-128-GCM", AeadAlgorithm::AES_128_GCM);
    files::<Aes256Gcm>(&mut criterion, "AES-256-GCM", AeadAlgorithm::AES_256_GCM);
    files::<ChaCha20Poly1305>(&mut criterion, "ChaCha20-Poly1305", AeadAlgorithm::CHACHA20_POLY1305);
    stream::<Aes128Gcm>(&mut criterion, "AES-128-GCM", AeadAlgorithm::AES_128_GCM);
    stream::<Aes256Gcm>(&mut criterion, "AES-256-GCM", AeadAlgorithm::AES_256_GCM);
    stream::<ChaCha20Poly1305>(&mut criterion, "ChaCha20-Poly1305", AeadAlgorithm::CHACHA20_POLY1305);
    markdown(&mut criterion);
    choosing(&mut criterion);
    criterion.final_summary();
    Estimates { directory }.print();
}
