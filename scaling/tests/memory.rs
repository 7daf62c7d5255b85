//! What memory grows with, and what a timeline takes: counted, so that it is the same everywhere.

#![allow(missing_docs, clippy::unwrap_used)]

use mimi_content::timeline::{Timeline, TimelineMessage, sender_only};
use mimi_content::{
    AeadAlgorithm, Disposition, FileSealer, MessageId, MessageStatus, MessageStatusReport, MimiContent,
    NestedPart, Salt, media_types,
};
use mimi_scaling::{LIMIT, allocation, cases, exponent, memory};

#[test]
fn no_function_holds_more_than_in_proportion_to_its_input() {
    for case in cases().iter().filter(|case| case.reason.is_none()) {
        let costs = memory(case);
        let exponent = exponent(&costs, 4096);
        assert!(exponent <= LIMIT, "{}: exponent {exponent:.2}: {costs:?}", case.name());
    }
}

fn id(number: usize) -> MessageId {
    let mut bytes = [1; 32];
    bytes[24..].copy_from_slice(&(number as u64).to_be_bytes());
    MessageId::from_bytes(bytes)
}

fn insert(
    timeline: &mut Timeline<()>,
    number: usize,
    replaces: Option<usize>,
    to: Option<usize>,
    body: NestedPart,
) {
    let content = MimiContent::builder(Salt::from_bytes([7; 16]), body)
        .replaces(replaces.map(id))
        .in_reply_to(to.map(id))
        .build()
        .unwrap();
    let sender = ["mimi://a.example/u/alice", "mimi://b.example/u/bob"][number % 2];
    let received = TimelineMessage::from_owned(id(number), sender, number as u64, &content);
    let _ = timeline.insert(received, (), &sender_only);
}

/// What a timeline of n messages holds, beside what it held before.
fn held_by(n: usize, make: impl Fn(&mut Timeline<()>, usize)) -> usize {
    let before = allocation::held();
    let mut timeline = Timeline::new();
    (0..n).for_each(|number| make(&mut timeline, number));
    let held = allocation::held().wrapping_sub(before);
    drop(timeline);
    held
}

fn text() -> NestedPart {
    NestedPart::single(Disposition::RENDER, "en", media_types::PLAIN_TEXT, "A message of a usual length.")
}

/// Whatever the number: a table that has just doubled holds the most.
const SIZES: [usize; 3] = [2_000, 4_100, 6_000];

#[test]
fn a_message_takes_at_most_250_bytes_beside_its_payload() {
    for n in SIZES {
        let texts = held_by(n, |timeline, at| insert(timeline, at, None, None, text()));
        assert!(texts <= 250 * n, "{n} texts: {} bytes each", texts / n);
        let replies = held_by(n, |timeline, at| insert(timeline, at, None, at.checked_sub(5), text()));
        assert!(replies <= 250 * n, "{n} replies: {} bytes each", replies / n);
        // Half texts, then replies, and an edit.
        let mixed = held_by(n, |timeline, at| match at % 10 {
            9 => insert(timeline, at, Some(at - 4), None, text()),
            7 | 8 => insert(timeline, at, None, Some(at - 5), text()),
            _ => insert(timeline, at, None, None, text()),
        });
        assert!(mixed <= 250 * n, "{n} messages: {} bytes each", mixed / n);
    }
}

#[test]
fn a_status_entry_takes_at_most_64_bytes() {
    const ENTRIES: usize = 100;
    for n in [3_000, 8_300] {
        let with = |entries: usize| {
            held_by(n + n / ENTRIES, |timeline, at| {
                if at < n {
                    return insert(timeline, at, None, None, text());
                }
                let about = (at - n) * ENTRIES;
                let report =
                    MessageStatusReport::of((about..about + entries).map(|at| (id(at), MessageStatus::READ)));
                let media_type = media_types::MIMI_MESSAGE_STATUS;
                let body = NestedPart::single(Disposition::UNSPECIFIED, "", media_type, report.encode());
                insert(timeline, at, None, None, body);
            })
        };
        let (many, none) = (with(ENTRIES), with(0));
        let entries = n / ENTRIES * ENTRIES;
        assert!(many - none <= 64 * entries, "{n}: {} bytes for each entry", (many - none) / entries);
    }
}

/// A generator that is none, for keys that keep nothing secret.
struct Constant;

impl rand_core::TryRng for Constant {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(7);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Constant {}

#[test]
fn sealing_takes_the_same_memory_for_every_size() {
    let peak = |pieces: usize| {
        allocation::peak(|| {
            let mut piece = vec![7; 65_536];
            let mut sealer = FileSealer::generate(AeadAlgorithm::AES_128_GCM, &mut Constant).unwrap();
            (0..pieces).for_each(|_| sealer.seal(&mut piece).unwrap());
            drop(sealer.finish());
        })
    };
    assert_eq!(peak(1), peak(16));
    assert!(peak(1) <= 70_000);
}
