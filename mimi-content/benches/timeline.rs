//! Folding messages into a timeline, at two sizes and for streams that an adversary would choose,
//! against putting the same message IDs into a `BTreeMap`.
//!
//! `cargo bench -p mimi-content --bench timeline` ends with the nanoseconds for each message and
//! their ratio to the baseline of the same size in the same run. A ratio that does not grow with
//! the size says that the fold is as good as the map.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, BenchmarkId, Criterion};
use mimi_content::timeline::{NotAuthorizedError, Timeline, TimelineMessage, sender_only};
use mimi_content::{Disposition, MessageId, MimiContent, MimiContentRef, NestedPart, Salt};
use sha2::{Digest, Sha256};

const USERS: [&str; 4] = [
    "mimi://a.example/u/alice",
    "mimi://b.example/u/bob",
    "mimi://c.example/u/cathy",
    "mimi://d.example/u/dave",
];

struct Stream {
    name: &'static str,
    messages: Vec<(MessageId, u32, u64, Vec<u8>)>,
    /// What must be shown in the end.
    entries: usize,
}

fn id(stream: &str, number: usize) -> MessageId {
    let mut bytes: [u8; 32] =
        Sha256::new().chain_update(stream).chain_update(number.to_be_bytes()).finalize().into();
    bytes[0] = 1;
    MessageId::from_bytes(bytes)
}

/// What a message is in a stream: what it replaces and replies to, and its body.
type Role = (Option<usize>, Option<usize>, NestedPart);

fn stream(
    name: &'static str,
    len: usize,
    entries: usize,
    sender: impl Fn(usize) -> usize,
    role: impl Fn(usize) -> Role,
) -> Stream {
    let messages = (0..len).map(|number| {
        let (replaces, in_reply_to, body) = role(number);
        let content = MimiContent::builder(Salt::from_bytes([7; 16]), body)
            .replaces(replaces.map(|other| id(name, other)))
            .in_reply_to(in_reply_to.map(|other| id(name, other)))
            .build()
            .unwrap();
        (id(name, number), sender(number) as u32, 1_700_000_000_000 + number as u64, content.encode())
    });
    Stream { name, messages: messages.collect(), entries }
}

fn text() -> NestedPart {
    NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", "A message of a usual length.")
}

fn heart() -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", "❤")
}

/// A room: of ten messages five are texts, two replies, two reactions and one an edit.
fn room(name: &'static str, len: usize) -> Stream {
    let base = |number: usize| number - number % 10;
    let sender = |number: usize| {
        if number % 10 == 9 { base(number) / 10 % 4 } else { (number / 10 + number % 10) % 4 }
    };
    stream(name, len, len / 10 * 7, sender, |number| match number % 10 {
        0..=4 => (None, None, text()),
        5 | 6 => (None, Some(number - 5), text()),
        7 | 8 => (None, Some(number - 5), heart()),
        _ => (Some(base(number)), None, text()),
    })
}

/// One message, edited by its sender time after time; the edits name each other and come last
/// first.
fn edits(name: &'static str, len: usize) -> Stream {
    let mut edits = stream(name, len, 1, |_| 0, |number| (number.checked_sub(1), None, text()));
    edits.messages.reverse();
    edits
}

/// Replies to replies, the last first.
fn chain(name: &'static str, len: usize) -> Stream {
    let mut chain =
        stream(name, len, len, |number| number % 4, |number| (None, number.checked_sub(1), text()));
    chain.messages.reverse();
    chain
}

/// All users react to one message.
fn reactions(name: &'static str, len: usize) -> Stream {
    let role = |number| if number == 0 { (None, None, text()) } else { (None, Some(0), heart()) };
    stream(name, len, 1, |number| number % 4, role)
}

/// One message, edited by another than its sender.
fn forgeries(name: &'static str, len: usize) -> Stream {
    stream(name, len, 1, |number| number.min(1), |number| ((number > 0).then_some(0), None, text()))
}

fn fold(stream: &Stream) -> Timeline<u32, NotAuthorizedError> {
    let mut timeline = Timeline::new();
    for (id, sender, accepted_ms, encoded) in &stream.messages {
        let content = MimiContentRef::decode(encoded).unwrap();
        let received = TimelineMessage::new(*id, USERS[*sender as usize], *accepted_ms, &content);
        drop(timeline.insert(received, *sender, &sender_only));
    }
    timeline
}

/// The least that any fold does: decode, and keep the ID with the place of the message.
fn baseline(stream: &Stream) -> BTreeMap<MessageId, u64> {
    let mut map = BTreeMap::new();
    for (id, _, accepted_ms, encoded) in &stream.messages {
        black_box(MimiContentRef::decode(encoded).unwrap());
        map.insert(*id, *accepted_ms);
    }
    map
}

/// The streams, each small and ten times as large; the room with `unit` messages first.
fn pairs(unit: usize) -> Vec<[Stream; 2]> {
    let both =
        |make: fn(&'static str, usize) -> Stream, name, len: usize| [make(name, len), make(name, len * 10)];
    vec![
        both(room, "room", unit),
        both(edits, "edits of one message", unit / 10),
        both(chain, "chain of replies", unit / 10),
        both(reactions, "reactions to one message", unit / 10),
        both(forgeries, "forged edits", unit / 10),
    ]
}

/// What is timed is right: everything is there, and shown as it must be.
fn check(stream: &Stream) {
    let timeline = fold(stream);
    assert_eq!(timeline.len(), stream.messages.len());
    assert_eq!(baseline(stream).len(), timeline.len());
    assert_eq!(timeline.entries().count(), stream.entries, "{}", stream.name);
    assert_eq!((timeline.held().count(), timeline.unseen().count()), (0, 0));
    let first = timeline.entries().next().unwrap();
    let others = stream.messages.len() - 1;
    match stream.name {
        "edits of one message" => assert_eq!(first.versions().count(), others + 1),
        "chain of replies" => assert_eq!(first.thread().count(), others),
        "reactions to one message" => assert_eq!(first.reaction_groups(0)[0].reactions.len(), others),
        "forged edits" => assert_eq!((first.versions().count(), timeline.suspects().count()), (1, others)),
        _ => assert_eq!(timeline.suspects().count(), 0),
    }
}

fn folds(c: &mut Criterion, pairs: &[[Stream; 2]]) {
    for stream in pairs.iter().flatten() {
        check(stream);
        let mut group = c.benchmark_group(stream.name);
        group.sample_size(10);
        let input = stream.messages.len();
        group.bench_with_input(BenchmarkId::new("timeline", input), stream, |b, stream| {
            // Taking it down is not timed.
            b.iter_batched(|| (), |()| fold(stream), BatchSize::PerIteration);
        });
        group.bench_with_input(BenchmarkId::new("BTreeMap", input), stream, |b, stream| {
            b.iter_batched(|| (), |()| baseline(stream), BatchSize::PerIteration);
        });
        group.finish();
    }
}

/// The median time of one iteration in this run, in nanoseconds; `None` if a filter left the bench
/// out.
fn nanoseconds(directory: &Path, stream: &Stream, function: &str) -> Option<f64> {
    let input = stream.messages.len().to_string();
    let file = [stream.name, function, &input, "new", "estimates.json"]
        .iter()
        .fold(directory.to_path_buf(), |path, step| path.join(step));
    let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn print(directory: &Path, pairs: &[[Stream; 2]]) {
    println!(
        "\nNanoseconds for each message, and times the baseline (decode and put the ID into a BTreeMap):\n"
    );
    println!("| stream | messages | timeline | BTreeMap | ratio |\n|-|-|-|-|-|");
    for stream in pairs.iter().flatten() {
        let len = stream.messages.len() as f64;
        let times = ["timeline", "BTreeMap"].map(|function| nanoseconds(directory, stream, function));
        if let [Some(timeline), Some(map)] = times {
            let (each, least) = (timeline / len, map / len);
            println!("| {} | {len} | {each:.0} | {least:.0} | {:.1} |", stream.name, each / least);
        }
    }
}

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mimi-content-timeline-benches");
    // What an earlier run left would mix with this one.
    drop(std::fs::remove_dir_all(&directory));
    // Who only wants to see that the benches start does not wait for a million messages.
    let test = std::env::args().any(|argument| argument == "--test");
    let pairs = pairs(if test { 100 } else { 100_000 });
    let mut criterion = Criterion::default()
        .output_directory(&directory)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(5))
        .configure_from_args();
    folds(&mut criterion, &pairs);
    criterion.final_summary();
    print(&directory, &pairs);
}
