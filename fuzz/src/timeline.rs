//! The timeline against a naive fold, whatever arrives in whatever order.

use arbitrary::{Arbitrary, Unstructured};
use mimi_content::Expiration;
use mimi_content::timeline::{Inserted, Timeline};

use crate::allocation::bounded_beside;

#[path = "../../mimi-content/tests/timeline/model.rs"]
#[allow(dead_code)]
mod model;
#[path = "../../mimi-content/tests/timeline/naive.rs"]
mod naive;
#[path = "../../mimi-content/tests/timeline/view.rs"]
mod view;

use model::{NOW, TestBody, TestMessage, TestTimeline, id, insert};
use naive::Naive;
use view::View;

/// What a timeline may hold for each byte of the messages. The shortest has some forty, and what is
/// kept of it is of a fixed size.
const MULTIPLE: usize = 64;
/// What the tables take with which a timeline begins.
const TABLES: usize = 16 * 1024;
/// So many messages that references meet, and the naive fold takes no time.
const MOST: usize = 16;

#[derive(Arbitrary, Debug)]
enum Body {
    Text,
    EditedText,
    Alternatives,
    Reactions(u8, Option<u8>),
    Mixed(u8),
    Null,
    Deletion,
    Report(Vec<(u8, u8)>),
    Malformed,
}

#[derive(Arbitrary, Debug)]
struct Sent {
    sender: u8,
    accepted: u8,
    again: Option<u8>,
    replaces: Option<u8>,
    in_reply_to: Option<u8>,
    topic: u8,
    expires: Option<(bool, u8)>,
    subject: bool,
    body: Body,
}

#[derive(Arbitrary, Debug)]
struct Input {
    sent: Vec<Sent>,
    reads: Vec<(u8, u16)>,
    /// Which of what is left arrives next.
    order: Vec<u8>,
    /// How many arrivals there are before what is over is taken away.
    pause: u8,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Delivery(usize, u64),
    Read(u8, u64),
}

/// Messages, deliveries and readings in the order that the input gives.
pub fn fold(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    let count = input.sent.len().min(MOST);
    // Often the same few, so that things meet; the others go two further, to messages that never
    // come.
    let reference = |number: u8| match number {
        0..160 => number % 3,
        _ => number % (u8::try_from(count).unwrap_or(u8::MAX) + 2),
    };
    let messages: Vec<TestMessage> = (0..)
        .zip(input.sent.iter().take(MOST))
        .map(|(number, sent)| message(number, sent, &reference))
        .collect();
    let reads: Vec<(u8, u64)> =
        input.reads.iter().take(3).map(|(number, ms)| (reference(*number), u64::from(*ms))).collect();
    let about: Vec<u8> = (0..u8::try_from(count + 2).unwrap_or(u8::MAX)).collect();

    let mut events: Vec<Event> = reads.iter().map(|(number, ms)| Event::Read(*number, *ms)).collect();
    for (place, message) in messages.iter().enumerate() {
        events.extend(message.accepted.iter().map(|ms| Event::Delivery(place, *ms)));
    }
    let mut order = input.order.iter().copied();
    let mut arriving = Vec::new();
    while !events.is_empty() {
        let next = usize::from(order.next().unwrap_or(0)) % events.len();
        arriving.push(events.remove(next));
    }

    let expected = Naive { messages: &messages, reads: &reads, retractions: &[] }.view(&about);
    let bytes = messages.iter().map(|message| message.content().encode()).collect::<Vec<_>>().concat();
    let timeline = bounded_beside(MULTIPLE, TABLES, &bytes, |_| {
        let mut timeline = Timeline::new();
        arriving.iter().for_each(|event| take(&mut timeline, &messages, *event));
        timeline
    });
    assert_eq!(view(&timeline, &about), expected, "{messages:?} {arriving:?}");
    assert_eq!(timeline.len(), messages.len());

    // Whenever what expired is taken away, each payload comes once, and all that is seen stays as
    // it is.
    let (mut timeline, mut taken) = (Timeline::new(), Vec::new());
    for (number, event) in arriving.iter().enumerate() {
        take(&mut timeline, &messages, *event);
        if number == usize::from(input.pause) {
            taken.extend(timeline.expire(NOW));
        }
    }
    taken.extend(timeline.expire(NOW));
    let seen = view(&timeline, &about);
    // Reactions of an edit that expired by itself are gone: the fold without pauses compares them.
    assert_eq!(seen.entries.len(), expected.entries.len());
    for entry in &seen.entries {
        let expired = entry.state == mimi_content::timeline::EntryState::Expired;
        for (version, _) in &entry.all_versions {
            let times = taken.iter().filter(|(gone, _)| gone == version).count();
            // An edit that expired by itself before the first instance arrived is gone, too.
            let by_itself = timeline.get(version).is_some_and(|version| version.expires().is_some());
            let fine = if expired { times == 1 } else { times <= usize::from(by_itself) };
            assert!(fine, "{version:?} of {entry:?}");
        }
    }
}

fn take(timeline: &mut TestTimeline, messages: &[TestMessage], event: Event) {
    match event {
        Event::Read(number, ms) => timeline.mark_read(id(number), ms),
        Event::Delivery(place, ms) => {
            let message = &messages[place];
            let known = timeline.get(&id(message.id)).is_some();
            match insert(timeline, message, ms) {
                Inserted::New(_) => assert!(!known),
                Inserted::Repeated { payload, .. } => assert!(known && payload == id(message.id)),
                Inserted::DifferentContent => panic!("{message:?}"),
            }
        }
    }
}

fn view(timeline: &TestTimeline, about: &[u8]) -> View {
    View::of(timeline, NOW, &about.iter().copied().map(id).collect::<Vec<_>>())
}

fn message(number: u8, sent: &Sent, reference: &dyn Fn(u8) -> u8) -> TestMessage {
    let body = match &sent.body {
        Body::Text | Body::EditedText => TestBody::Text,
        Body::Alternatives => TestBody::Alternatives,
        Body::Reactions(first, second) => {
            TestBody::Reactions([Some(*first), *second].into_iter().flatten().map(|text| text % 3).collect())
        }
        Body::Mixed(text) => TestBody::Mixed(vec![text % 3]),
        Body::Null | Body::Deletion => TestBody::Null,
        Body::Report(statuses) => TestBody::Report(
            statuses.iter().take(8).map(|(number, status)| (reference(*number), status % 8)).collect(),
        ),
        Body::Malformed => TestBody::Malformed,
    };
    let replaces = match sent.body {
        Body::EditedText | Body::Deletion => Some(sent.replaces.unwrap_or(0)),
        _ => sent.replaces,
    };
    TestMessage {
        id: number,
        sender: [0, 0, 0, 0, 1, 1, 2][usize::from(sent.sender) % 7],
        accepted: [Some(sent.accepted), sent.again]
            .into_iter()
            .flatten()
            .map(|ms| u64::from(ms % 8))
            .collect(),
        replaces: replaces.map(reference),
        in_reply_to: sent.in_reply_to.map(reference),
        topic: sent.topic % 3,
        expires: sent.expires.map(|(relative, time)| Expiration { relative, time: u32::from(time % 100) }),
        subject: sent.subject.then_some(0),
        body,
    }
}
