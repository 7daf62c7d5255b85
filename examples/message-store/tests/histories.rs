//! Random histories: the database and the timeline in memory agree after every step.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::sync::Arc;

use message_store::Store;
use mimi_content::timeline::{
    EntryState, Incoming, Retraction, RetractionScope, Timeline, TimelineMessage, sender_only,
};
use mimi_content::{
    Disposition, Expiration, MessageId, MessageStatus, MessageStatusReport, MimiContent, NestedPart, Salt,
    media_types,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

const USERS: [&str; 3] = ["mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://c.example/u/cathy"];
/// Seconds; the timestamps below lie around it.
const NOW_MS: u64 = 50_000;
const IDS: u8 = 12;

fn id(number: u8) -> MessageId {
    let mut bytes = [number; 32];
    bytes[0] = 1;
    MessageId::from_bytes(bytes)
}

fn ids() -> Vec<MessageId> {
    (0..IDS + 2).map(id).collect()
}

struct Draw(ChaCha8Rng);

impl Draw {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    fn one_in(&mut self, chances: u32) -> bool {
        self.below(chances) == 0
    }

    fn id(&mut self) -> MessageId {
        // Often the same few, so that things meet.
        let bound = if self.one_in(2) { 3 } else { u32::from(IDS) + 2 };
        id(self.below(bound) as u8)
    }

    fn content(&mut self) -> MimiContent {
        let body = match self.below(8) {
            0 | 1 => {
                let emoji = ["❤", "❤\u{fe0f}", "🎉", ""][self.below(4) as usize];
                NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", emoji)
            }
            2 => NestedPart::null(Disposition::RENDER),
            3 => {
                let statuses = (0..self.below(4)).map(|_| (self.id(), MessageStatus(self.below(8) as u8)));
                let report = MessageStatusReport::of(statuses.collect::<Vec<_>>()).encode();
                NestedPart::single(Disposition::UNSPECIFIED, "", media_types::MIMI_MESSAGE_STATUS, report)
            }
            number => {
                let text = format!("text {number}");
                NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", text)
            }
        };
        let replaces = self.one_in(2).then(|| self.id());
        let in_reply_to = self.one_in(2).then(|| self.id());
        let topic = [&b""[..], b"", b"t", b"u"][self.below(4) as usize];
        let expires =
            self.one_in(3).then(|| Expiration { relative: self.one_in(2), time: 30 + self.below(40) });
        MimiContent::builder(Salt::from_bytes([self.below(2) as u8; 16]), body)
            .replaces(replaces)
            .in_reply_to(in_reply_to)
            .topic_id(topic)
            .expires(expires)
            .build()
            .unwrap()
    }
}

struct Both {
    store: Store,
    timeline: Timeline<Vec<u8>>,
}

impl Both {
    fn new() -> Self {
        Self { store: Store::in_memory(USERS[0]).unwrap(), timeline: Timeline::for_user(USERS[0]) }
    }

    fn step(&mut self, draw: &mut Draw, messages: &mut Vec<(MessageId, usize, MimiContent)>) {
        let accepted_ms = u64::from(draw.below(8));
        let which = draw.below(16);
        match which {
            0 => {
                let (message_id, read_at_ms) = (draw.id(), u64::from(draw.below(5000)));
                let _ = self.store.step(Incoming::Read { message_id, read_at_ms }, None).unwrap();
                self.timeline.mark_read(message_id, read_at_ms);
            }
            1 => {
                let sender_uri: Arc<str> = USERS[draw.below(3) as usize].into();
                let scope = match draw.below(4) {
                    0 => RetractionScope::Messages(vec![draw.id()]),
                    1 => RetractionScope::Reactions(vec![draw.id(), draw.id()]),
                    _ => {
                        let from_ms = draw.one_in(2).then(|| u64::from(draw.below(8)));
                        RetractionScope::Sender { sender_uri, from_ms }
                    }
                };
                let at_ms = u64::from(draw.below(3));
                let retraction =
                    Arc::new(Retraction { at_ms, by_uri: "mimi://a.example".into(), reason: None, scope });
                let _ = self.store.step(Incoming::Retracted(&retraction), None).unwrap();
                let _ = self.timeline.retract(&retraction);
            }
            2 => {
                let message_id = draw.id();
                let _ = self.store.step(Incoming::Accepted { message_id, accepted_ms }, None).unwrap();
                let _ = self.timeline.accept(message_id, accepted_ms, &sender_only);
            }
            3 => {
                let message_id = draw.id();
                let _ = self.store.step(Incoming::Failed { message_id }, None).unwrap();
                let _ = self.timeline.fail(message_id);
            }
            4 => {
                let message_id = draw.id();
                let _ = self.store.step(Incoming::Dropped { message_id }, None).unwrap();
                let _ = self.timeline.drop_local(message_id);
            }
            5 => {
                let message_id = draw.id();
                self.store.mark_read_up_to(&message_id).unwrap();
                self.timeline.mark_read_up_to(&message_id);
            }
            6 if draw.one_in(3) => {
                let now_ms = 30_000 + u64::from(draw.below(30_000));
                self.store.expire(now_ms).unwrap();
                self.timeline.expire(now_ms);
            }
            _ => {
                // Sometimes once more, and then sometimes with another time or another content.
                let again = draw.below(4) as usize;
                if messages.is_empty() || again > 0 {
                    messages.push((draw.id(), draw.below(3) as usize, draw.content()));
                }
                let at =
                    if again == 0 { draw.below(messages.len() as u32) as usize } else { messages.len() - 1 };
                let (id, sender, content) = &messages[at];
                let received = TimelineMessage::from_owned(*id, USERS[*sender], accepted_ms, content);
                let encoded = content.encode();
                if *sender == 0 && draw.one_in(2) {
                    let _ =
                        self.store.step(Incoming::Local(received.clone()), Some(encoded.clone())).unwrap();
                    let _ = self.timeline.insert_local(received, encoded, &sender_only);
                } else {
                    let _ =
                        self.store.step(Incoming::Message(received.clone()), Some(encoded.clone())).unwrap();
                    let _ = self.timeline.insert(received, encoded, &sender_only);
                }
            }
        }
    }

    fn compare(&self, seed: u64) {
        if let Err(difference) = self.store.compare(&self.timeline, &ids(), NOW_MS).unwrap() {
            panic!("history {seed}: {difference}");
        }
    }
}

#[test]
fn every_step_of_a_random_history_comes_to_the_same_as_in_memory() {
    for seed in 0..60 {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
        let (mut both, mut messages) = (Both::new(), Vec::new());
        for _ in 0..30 {
            both.step(&mut draw, &mut messages);
            both.compare(seed);
        }
    }
}

#[test]
fn a_store_is_the_same_after_it_was_closed() {
    let path = std::env::temp_dir().join(format!("message-store-test-{}.sqlite", std::process::id()));
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(7));
    let mut both =
        Both { store: Store::open(&path, USERS[0]).unwrap(), timeline: Timeline::for_user(USERS[0]) };
    let mut messages = Vec::new();
    for _ in 0..40 {
        both.step(&mut draw, &mut messages);
    }
    both.store = Store::in_memory(USERS[0]).unwrap();
    assert!(Store::open(&path, USERS[1]).is_err_and(|error| error.to_string().contains(USERS[0])));
    both.store = Store::open(&path, USERS[0]).unwrap();
    both.compare(7);
    drop(both);
    for end in ["", "-wal", "-shm"] {
        let mut path = path.clone().into_os_string();
        path.push(end);
        let _ = std::fs::remove_file(path);
    }
}

#[test]
fn a_step_that_fails_writes_nothing() {
    let mut store = Store::in_memory(USERS[0]).unwrap();
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(1));
    let content = draw.content();
    let received = TimelineMessage::from_owned(id(1), USERS[1], 5, &content);
    let result: Result<(), _> = store.batch(|store| {
        let _ = store.step(Incoming::Message(received), Some(content.encode()))?;
        Err(message_store::StoreError::Column("for the test"))
    });
    assert!(result.is_err());
    assert_eq!(store.count().unwrap(), 0);
}

#[test]
fn edits_replies_reactions_receipts_and_evicted_contents_are_shown() {
    let [alice, bob, cathy] = USERS;
    let mut store = Store::in_memory(alice).unwrap();
    let text = |text: &str| NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", text);
    let take = |store: &mut Store, number: u8, sender, ms, replaces: Option<u8>, to: Option<u8>, body| {
        let content = MimiContent::builder(Salt::from_bytes([number; 16]), body)
            .replaces(replaces.map(id))
            .in_reply_to(to.map(id))
            .build()
            .unwrap();
        let received = TimelineMessage::from_owned(id(number), sender, ms, &content);
        let _ = store.step(Incoming::Message(received), Some(content.encode())).unwrap();
        content.encode()
    };
    let read = |ids: &[u8]| {
        let report =
            MessageStatusReport::of(ids.iter().map(|number| (id(*number), MessageStatus::READ))).encode();
        NestedPart::single(Disposition::UNSPECIFIED, "", media_types::MIMI_MESSAGE_STATUS, report)
    };
    let heart = NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", "❤");
    let first = take(&mut store, 1, bob, 10, None, None, text("Helo"));
    let second = take(&mut store, 2, bob, 20, Some(1), None, text("Hello"));
    take(&mut store, 3, cathy, 30, None, Some(2), text("Hi"));
    take(&mut store, 4, cathy, 40, None, Some(1), heart);
    take(&mut store, 5, cathy, 50, None, None, read(&[1, 2]));

    assert_eq!(store.unread(100).unwrap(), 2);
    let page = store.entry(&id(2)).unwrap();
    let entry = page.entries().next().unwrap();
    let history: Vec<_> = entry.versions().map(|version| version.payload().cloned().unwrap()).collect();
    assert_eq!(history, [first, second.clone()]);
    assert_eq!(entry.reaction_groups(100)[0].senders(), [cathy]);
    let readers: Vec<_> =
        entry.statuses().iter().map(|one| (one.reader_uri, one.status, one.accepted_ms)).collect();
    assert_eq!(readers, [(cathy, MessageStatus::READ, 50)]);
    let replies = store.replies(&id(1), 10).unwrap();
    assert_eq!(replies.entries().map(|entry| entry.message_id()).collect::<Vec<_>>(), [id(3)]);
    let reply = replies.entries().next().unwrap();
    assert_eq!(reply.in_reply_to(100).unwrap().entry.unwrap().message_id(), id(1));

    // Alice's phone reads the one, and the marker of this device is behind both in the end.
    take(&mut store, 6, alice, 60, None, None, read(&[1]));
    assert_eq!(store.unread(100).unwrap(), 1);
    store.mark_read_up_to(&id(3)).unwrap();
    store.mark_read_up_to(&id(1)).unwrap();
    assert_eq!((store.unread(100).unwrap(), store.read_up_to().unwrap().unwrap().message_id), (0, id(3)));

    assert_eq!(store.evict(30).unwrap(), 2);
    let page = store.page(None, 10).unwrap();
    let entry = page.entries().next().unwrap();
    assert_eq!((entry.state(100), entry.current().payload()), (EntryState::Shown, None));
    assert!(!store.restore(&id(1), &second).unwrap());
    assert!(store.restore(&id(2), &second).unwrap());
    assert_eq!(store.content(&id(2)).unwrap().as_ref(), Some(&second));
}
