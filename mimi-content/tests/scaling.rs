//! How the cost of a step of the timeline grows: rows that are asked for, at n, 2n, 4n and 8n
//! messages.

#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects)]

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;

use mimi_content::timeline::{
    BodyKind, DifferentRow, Incoming, LinkRow, LookUp, MessageRow, NotAuthorizedError, Relation, Retraction,
    StatusRow, Timeline, TimelineMessage, TimelinePlace, UnseenRow, effect, sender_only,
};
use mimi_content::{
    Disposition, Expiration, MessageId, MessageStatus, MessageStatusReport, MimiContent, NestedPart, Salt,
    media_types,
};

const ALICE: &str = "mimi://a.example/u/alice";

/// Rows, and how many were asked for and returned.
struct Counted<'l, L> {
    rows: &'l L,
    steps: &'l Cell<usize>,
}

impl<L: LookUp<(), NotAuthorizedError, Error = Infallible>> Counted<'_, L> {
    fn one<T>(&self, answer: T) -> T {
        self.steps.set(self.steps.get() + 1);
        answer
    }

    fn many<T>(&self, answer: Result<Vec<T>, Infallible>) -> Result<Vec<T>, Infallible> {
        let Ok(rows) = answer;
        self.steps.set(self.steps.get() + 1 + rows.len());
        Ok(rows)
    }
}

impl<L: LookUp<(), NotAuthorizedError, Error = Infallible>> LookUp<(), NotAuthorizedError>
    for Counted<'_, L>
{
    type Error = Infallible;

    fn message(&self, id: &MessageId) -> Result<Option<MessageRow<NotAuthorizedError>>, Infallible> {
        self.one(self.rows.message(id))
    }

    fn unseen(&self, id: &MessageId) -> Result<Option<UnseenRow>, Infallible> {
        self.one(self.rows.unseen(id))
    }

    fn link(&self, relation: Relation, id: &MessageId) -> Result<Option<LinkRow>, Infallible> {
        self.one(self.rows.link(relation, id))
    }

    fn deletion_after(
        &self,
        first: &MessageId,
        after: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Infallible> {
        self.one(self.rows.deletion_after(first, after))
    }

    fn edit_before(
        &self,
        first: &MessageId,
        before: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Infallible> {
        self.one(self.rows.edit_before(first, before))
    }

    fn topic_before(
        &self,
        first: &MessageId,
        before: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>, Infallible> {
        self.one(self.rows.topic_before(first, before))
    }

    fn versions(&self, first: &MessageId) -> Result<Vec<MessageId>, Infallible> {
        self.many(self.rows.versions(first))
    }

    fn status(&self, id: &MessageId, reader_uri: &str) -> Result<Option<StatusRow>, Infallible> {
        self.one(self.rows.status(id, reader_uri))
    }

    fn report(&self, id: &MessageId) -> Result<Vec<StatusRow>, Infallible> {
        self.many(self.rows.report(id))
    }

    fn sent_since(&self, sender_uri: &str, accepted_ms: u64) -> Result<Vec<MessageId>, Infallible> {
        self.many(self.rows.sent_since(sender_uri, accepted_ms))
    }

    fn is_retracted(
        &self,
        id: &MessageId,
        kind: BodyKind,
        sender_uri: &str,
        accepted_ms: u64,
    ) -> Result<bool, Infallible> {
        self.one(self.rows.is_retracted(id, kind, sender_uri, accepted_ms))
    }

    fn has_different(&self, row: &DifferentRow) -> Result<bool, Infallible> {
        self.one(self.rows.has_different(row))
    }

    fn with_payload(&self, id: &MessageId, show: &mut dyn FnMut(Option<&()>)) -> Result<(), Infallible> {
        self.one(self.rows.with_payload(id, show))
    }
}

/// The number of a message, so that IDs ascend with it.
fn id(number: usize) -> MessageId {
    let mut bytes = [1; 32];
    bytes[24..].copy_from_slice(&(number as u64).to_be_bytes());
    MessageId::from_bytes(bytes)
}

fn text() -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", "text")
}

struct Message {
    number: usize,
    accepted_ms: u64,
    content: MimiContent,
}

fn message(
    number: usize,
    accepted_ms: u64,
    body: NestedPart,
    replaces: Option<usize>,
    in_reply_to: Option<usize>,
) -> Message {
    let content = MimiContent::builder(Salt::from_bytes([1; 16]), body)
        .replaces(replaces.map(id))
        .in_reply_to(in_reply_to.map(id))
        .expires(Expiration::at(50))
        .build()
        .unwrap();
    Message { number, accepted_ms, content }
}

/// A stream of n messages, each numbered from 0.
type Stream = fn(usize) -> Vec<Message>;

const STREAMS: [(&str, Stream); 9] = [
    ("texts", |n| (0..n).map(|at| message(at, at as u64, text(), None, None)).collect()),
    ("edits of one message", |n| {
        (0..n).map(|at| message(at, at as u64, text(), (at > 0).then_some(0), None)).collect()
    }),
    ("edits of one message, the latest first", |n| {
        (0..n).map(|at| message(at, (n - at) as u64, text(), (at > 0).then_some(0), None)).collect()
    }),
    ("edits that wait for one message, which comes last", |n| {
        (0..n).rev().map(|at| message(at, at as u64, text(), (at > 0).then_some(0), None)).collect()
    }),
    ("a chain of edits, backwards", |n| {
        (0..n).rev().map(|at| message(at, at as u64, text(), at.checked_sub(1), None)).collect()
    }),
    ("a chain of replies, backwards", |n| {
        (0..n).rev().map(|at| message(at, at as u64, text(), None, at.checked_sub(1))).collect()
    }),
    ("a chain of replies that closes", |n| {
        (0..n).map(|at| message(at, at as u64, text(), None, Some((at + 1) % n))).collect()
    }),
    ("deletions of one message, the latest first", |n| {
        let body = |at| if at == 0 { text() } else { NestedPart::null(Disposition::RENDER) };
        (0..n).map(|at| message(at, (n - at) as u64, body(at), (at > 0).then_some(0), None)).collect()
    }),
    ("reports on one message, each delivered once more", |n| {
        let report = || MessageStatusReport::of([(id(n), MessageStatus::READ), (id(0), MessageStatus::READ)]);
        let body = || {
            let media_type = media_types::MIMI_MESSAGE_STATUS;
            NestedPart::single(Disposition::UNSPECIFIED, "", media_type, report().encode())
        };
        (0..n).map(|at| message(at / 2, (n - at) as u64, body(), None, None)).collect()
    }),
];

/// Folds the stream, then reads, expires and retracts it. Rows that are asked for, returned and
/// written.
fn steps(stream: &[Message]) -> usize {
    let steps = Cell::new(0);
    let mut timeline: Timeline<()> = Timeline::new();
    let count = |timeline: &Timeline<()>, incoming: Incoming<'_>| {
        let rows = Counted { rows: timeline.rows(), steps: &steps };
        let Ok(effect) = effect(incoming, Some(&()), &rows, &sender_only);
        steps.set(steps.get() + effect.rows.len() + effect.changed.len());
    };
    for message in stream {
        let received =
            || TimelineMessage::from_owned(id(message.number), ALICE, message.accepted_ms, &message.content);
        count(&timeline, Incoming::Message(received()));
        let _ = timeline.insert(received(), (), &sender_only);
    }
    for message in stream {
        let (message_id, read_at_ms) = (id(message.number), message.accepted_ms);
        count(&timeline, Incoming::Read { message_id, read_at_ms });
        timeline.mark_read(message_id, read_at_ms);
    }
    let first = id(stream.iter().map(|message| message.number).min().unwrap());
    count(&timeline, Incoming::Expired { message_id: first });
    let scope = mimi_content::timeline::RetractionScope::Sender { sender_uri: ALICE.into(), from_ms: None };
    let retraction =
        Arc::new(Retraction { at_ms: 0, by_uri: "mimi://a.example".into(), reason: None, scope });
    count(&timeline, Incoming::Retracted(&retraction));
    steps.get()
}

#[test]
fn a_step_of_the_timeline_asks_for_a_few_rows() {
    for (name, stream) in STREAMS {
        let [one, two, four, eight] = [100, 200, 400, 800].map(|n| steps(&stream(n)));
        for (steps, times) in [(two, 2), (four, 4), (eight, 8)] {
            // Groups are trees of logarithmic depth.
            assert!(steps * 2 <= one * times * 3, "{name}: {one} steps, {times} times the messages: {steps}");
        }
        assert!(one <= 100 * 60, "{name}: {one} steps for 100 messages");
    }
}
