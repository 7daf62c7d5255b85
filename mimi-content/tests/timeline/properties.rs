//! Whatever arrives, in whatever order: the timeline and the naive fold agree.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use mimi_content::timeline::{Changed, Inserted, Timeline};
use mimi_content::{Expiration, MessageId};

use crate::model::{NOW, TestBody, TestMessage, TestTimeline, id, insert};
use crate::naive::Naive;
use crate::view::{EntryView, View};

/// IDs that messages have; references go two further, to messages that never come.
const MESSAGES: u8 = 9;

fn bodies() -> impl Strategy<Value = TestBody> {
    let texts = || vec(0..3_u8, 1..3);
    prop_oneof![
        4 => Just(TestBody::Text),
        1 => Just(TestBody::Alternatives),
        3 => texts().prop_map(TestBody::Reactions),
        1 => texts().prop_map(TestBody::Mixed),
        3 => Just(TestBody::Null),
        2 => vec((0..MESSAGES + 2, 0..7_u8), 0..4).prop_map(TestBody::Report),
        1 => Just(TestBody::Malformed),
    ]
}

prop_compose! {
    fn messages()(
        // Often the same few, so that things meet.
        replaces in prop_oneof![4 => Just(None), 4 => (0..2_u8).prop_map(Some), 2 => of(0..MESSAGES + 2)],
        in_reply_to in prop_oneof![4 => Just(None), 3 => (0..3_u8).prop_map(Some), 3 => of(0..MESSAGES + 2)],
        sender in prop_oneof![4 => Just(0_usize), 2 => Just(1), 1 => Just(2)],
        accepted in vec(0..6_u64, 1..3),
        topic in prop_oneof![3 => Just(0_u8), 1 => Just(1), 1 => Just(2)],
        expires in of((any::<bool>(), 30..70_u32)),
        subject in prop_oneof![5 => Just(None), 1 => Just(Some(0_u8))],
        body in bodies(),
    ) -> TestMessage {
        TestMessage {
            id: 0,
            sender,
            accepted,
            replaces,
            in_reply_to,
            topic,
            expires: expires.map(|(relative, time)| Expiration { relative, time }),
            subject,
            body,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A message, and which of its deliveries.
    Delivery(usize, usize),
    Read(u8, u64),
}

prop_compose! {
    fn conversations()(mut messages in vec(messages(), 0..=usize::from(MESSAGES)), reads in vec((0..MESSAGES + 2, 0..5000_u64), 0..3))
        -> (Vec<TestMessage>, Vec<(u8, u64)>)
    {
        for (number, message) in messages.iter_mut().enumerate() {
            message.id = number as u8;
        }
        (messages, reads)
    }
}

fn shuffled() -> impl Strategy<Value = (Vec<TestMessage>, Vec<(u8, u64)>, Vec<Event>)> {
    conversations().prop_flat_map(|(messages, reads)| {
        let mut events: Vec<_> = reads.iter().map(|(id, ms)| Event::Read(*id, *ms)).collect();
        for (number, message) in messages.iter().enumerate() {
            events.extend((0..message.accepted.len()).map(|delivery| Event::Delivery(number, delivery)));
        }
        (Just(messages), Just(reads), Just(events).prop_shuffle())
    })
}

fn about() -> Vec<u8> {
    (0..MESSAGES + 2).collect()
}

fn view(timeline: &TestTimeline) -> View {
    View::of(timeline, NOW, &about().into_iter().map(id).collect::<Vec<_>>())
}

/// Whether one of the changes names an entry.
fn names(changed: &[Changed], entry: &EntryView, kinds: &[fn(MessageId) -> Changed]) -> bool {
    kinds.iter().any(|kind| changed.contains(&kind(entry.id)))
}

/// Every entry that looks other than before is named.
fn assert_told(before: &View, after: &View, changed: &[Changed]) {
    for entry in &after.entries {
        let Some(old) = before.entries.iter().find(|old| old.id == entry.id) else {
            assert!(changed.contains(&Changed::Added(entry.id)), "{entry:?} {changed:?}");
            continue;
        };
        let versions: [fn(MessageId) -> Changed; 3] = [Changed::Edited, Changed::Deleted, Changed::Versions];
        let with = |more: fn(MessageId) -> Changed| [&versions[..], &[more]].concat();
        let told = |kinds: &[fn(MessageId) -> Changed]| {
            assert!(names(changed, entry, kinds), "{changed:?}\n{old:#?}\n{entry:#?}")
        };
        if old.current != entry.current {
            told(&[Changed::Edited, Changed::Deleted]);
        }
        if old.deletion.is_none() && entry.deletion.is_some() {
            told(&[Changed::Deleted]);
        }
        if old.all_versions != entry.all_versions {
            told(&with(Changed::Topic));
        }
        if old.topic != entry.topic {
            told(&[Changed::Topic]);
        }
        if old.accepted_ms != entry.accepted_ms {
            told(&[Changed::Moved]);
        }
        if old.replies != entry.replies {
            told(&[&with(Changed::Replies)[..], &[Changed::Topic]].concat());
        }
        if old.reactions != entry.reactions {
            told(&[&with(Changed::Reactions)[..], &[Changed::Topic]].concat());
        }
        if old.statuses != entry.statuses {
            let status = entry.all_versions.iter().any(|(id, _)| changed.contains(&Changed::Status(*id)));
            assert!(
                status || names(changed, entry, &with(Changed::Topic)),
                "{changed:?}\n{old:#?}\n{entry:#?}"
            );
        }
    }
    // Nothing goes away.
    assert!(before.entries.len() <= after.entries.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_naive_fold_in_any_arrival_order((messages, reads, events) in shuffled()) {
        let mut timeline = Timeline::new();
        let mut before = view(&timeline);
        for event in &events {
            match *event {
                Event::Delivery(number, delivery) => {
                    let message = &messages[number];
                    let known = timeline.get(&id(message.id)).is_some();
                    let inserted = insert(&mut timeline, message, message.accepted[delivery]);
                    let changed = match inserted {
                        Inserted::New(changed) => {
                            assert!(!known);
                            changed
                        }
                        Inserted::Repeated { payload, changed } => {
                            assert!(known && payload == id(message.id));
                            changed
                        }
                        Inserted::DifferentContent => panic!("{message:?}"),
                    };
                    let after = view(&timeline);
                    assert_told(&before, &after, &changed);
                    before = after;
                }
                Event::Read(message, ms) => {
                    timeline.mark_read(id(message), ms);
                    before = view(&timeline);
                }
            }
        }
        let expected = Naive::new(&messages, &reads).view(&about());
        prop_assert_eq!(view(&timeline), expected);
        // Nothing is lost.
        prop_assert_eq!(timeline.len(), messages.len());
        for message in &messages {
            let kept = timeline.get(&id(message.id)).unwrap();
            prop_assert_eq!((kept.payload(), kept.sender_uri()), (Some(&id(message.id)), message.user()));
        }
    }

    #[test]
    fn expiring_gives_back_each_payload_once((messages, reads, events) in shuffled(), pauses in vec(0..30_usize, 0..4)) {
        let mut timeline = Timeline::new();
        let mut taken = Vec::new();
        for (number, event) in events.iter().enumerate() {
            match *event {
                Event::Delivery(number, delivery) => {
                    let _ = insert(&mut timeline, &messages[number], messages[number].accepted[delivery]);
                }
                Event::Read(message, ms) => timeline.mark_read(id(message), ms),
            }
            if pauses.contains(&number) {
                taken.extend(timeline.expire(NOW));
            }
        }
        taken.extend(timeline.expire(NOW));
        prop_assert_eq!(timeline.expire(NOW), []);
        prop_assert!(timeline.next_expiration_ms().is_none_or(|due| due > NOW));
        taken.sort();
        let naive = Naive::new(&messages, &reads).view(&about());
        let seen = view(&timeline);
        prop_assert_eq!(&seen.entries, &naive.entries);
        // Of every entry that expired, all versions and no other.
        for entry in &seen.entries {
            let expired = entry.state == mimi_content::timeline::EntryState::Expired;
            for (version, _) in &entry.all_versions {
                let gone = (*version, *version);
                prop_assert_eq!(taken.iter().filter(|taken| **taken == gone).count(), usize::from(expired));
                prop_assert_eq!(timeline.get(version).unwrap().payload().is_none(), expired);
            }
        }
    }
}
