//! Whatever arrives, in whatever order: the timeline and the naive fold agree.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use mimi_content::timeline::{ChangedRow, EntryState, Incoming, Inserted, LookUp, SnapshotError, Timeline};
use mimi_content::{Expiration, MessageId};

use crate::evict::insert_again;
use crate::model::{NOW, TestBody, TestMessage, TestRetraction, TestTimeline, id, insert};
use crate::naive::Naive;
use crate::rows::Rows;
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
        1 => any::<bool>().prop_map(TestBody::Emptied),
        2 => vec((prop_oneof![0..2_u8, 0..MESSAGES + 2], 0..8_u8), 0..4).prop_map(TestBody::Report),
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
    Retraction(usize),
}

prop_compose! {
    fn retractions()(
        at_ms in 0..3_u64,
        number in 0..MESSAGES + 2,
        range in of((0..3_usize, of(0..6_u64))),
        only_reactions: bool,
    ) -> TestRetraction {
        TestRetraction { at_ms, scope: range.map_or(Ok(number), Err), only_reactions }
    }
}

type Conversation = (Vec<TestMessage>, Vec<(u8, u64)>, Vec<TestRetraction>);

prop_compose! {
    fn conversations()(
        mut messages in vec(messages(), 0..=usize::from(MESSAGES)),
        reads in vec((0..MESSAGES + 2, 0..5000_u64), 0..3),
        retractions in prop_oneof![2 => Just(Vec::new()), 1 => vec(retractions(), 1..4)],
    ) -> Conversation {
        for (number, message) in messages.iter_mut().enumerate() {
            message.id = number as u8;
        }
        (messages, reads, retractions)
    }
}

fn shuffled() -> impl Strategy<Value = (Conversation, Vec<Event>)> {
    conversations().prop_flat_map(|conversation| {
        let (messages, reads, retractions) = &conversation;
        let mut events: Vec<_> = reads.iter().map(|(id, ms)| Event::Read(*id, *ms)).collect();
        events.extend((0..retractions.len()).map(Event::Retraction));
        for (number, message) in messages.iter().enumerate() {
            events.extend((0..message.accepted.len()).map(|delivery| Event::Delivery(number, delivery)));
        }
        (Just(conversation), Just(events).prop_shuffle())
    })
}

fn about() -> Vec<u8> {
    (0..MESSAGES + 2).collect()
}

fn view(timeline: &TestTimeline) -> View {
    View::of(timeline, NOW, &about().into_iter().map(id).collect::<Vec<_>>())
}

/// The timeline as it comes back from its snapshot.
fn restored(timeline: &TestTimeline) -> TestTimeline {
    let snapshot = timeline.snapshot(|payload| payload.as_bytes().to_vec());
    let read = |bytes: &[u8]| MessageId::try_from(bytes).ok();
    let restored = Timeline::restore(&snapshot, read).unwrap();
    assert_eq!(restored.snapshot(|payload| payload.as_bytes().to_vec()), snapshot);
    // One byte is damaged, or the snapshot ends there.
    let at = snapshot.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    let at = at % snapshot.len();
    let mut damaged = snapshot.clone();
    damaged[at] ^= 1 << (at % 8);
    let damage = TestTimeline::restore(&damaged, read).unwrap_err();
    let expected = if at == 0 { SnapshotError::UnknownVersion(damaged[0]) } else { SnapshotError::Damaged };
    assert_eq!(damage, expected);
    assert!(TestTimeline::restore(&snapshot[..at], read).is_err());
    restored
}

/// Whether one of the changes names an entry.
fn names(changed: &[ChangedRow], entry: &EntryView, kinds: &[fn(MessageId) -> ChangedRow]) -> bool {
    kinds.iter().any(|kind| changed.contains(&kind(entry.id)))
}

/// Every entry that looks other than before is named.
fn assert_told(before: &View, after: &View, changed: &[ChangedRow]) {
    for entry in &after.entries {
        let Some(old) = before.entries.iter().find(|old| old.id == entry.id) else {
            assert!(changed.contains(&ChangedRow::Added(entry.id)), "{entry:?} {changed:?}");
            continue;
        };
        let versions: [fn(MessageId) -> ChangedRow; 3] =
            [ChangedRow::Edited, ChangedRow::Deleted, ChangedRow::Versions];
        let with = |more: fn(MessageId) -> ChangedRow| [&versions[..], &[more]].concat();
        if old.state == EntryState::Shown && entry.state == EntryState::Retracted {
            assert!(changed.contains(&ChangedRow::Retracted(entry.id)), "{changed:?}");
        }
        let retracted = changed.contains(&ChangedRow::Retracted(entry.id));
        let told = |kinds: &[fn(MessageId) -> ChangedRow]| {
            assert!(names(changed, entry, kinds), "{changed:?}\n{old:#?}\n{entry:#?}")
        };
        if old.current != entry.current {
            told(&[ChangedRow::Edited, ChangedRow::Deleted]);
        }
        if old.deletion.is_none() && entry.deletion.is_some() {
            told(&[ChangedRow::Deleted]);
        }
        if old.all_versions != entry.all_versions {
            told(&with(ChangedRow::Topic));
        }
        if old.topic != entry.topic {
            told(&[ChangedRow::Topic]);
        }
        if old.accepted_ms != entry.accepted_ms {
            told(&[ChangedRow::Moved]);
        }
        if old.replies != entry.replies {
            told(&[&with(ChangedRow::Replies)[..], &[ChangedRow::Topic]].concat());
        }
        if old.reactions != entry.reactions && !retracted {
            told(&[&with(ChangedRow::Reactions)[..], &[ChangedRow::Topic]].concat());
        }
        if old.statuses != entry.statuses {
            let status = entry.all_versions.iter().any(|(id, _)| changed.contains(&ChangedRow::Status(*id)));
            assert!(
                status || names(changed, entry, &with(ChangedRow::Topic)),
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
    fn agrees_with_the_naive_fold_in_any_arrival_order(((messages, reads, retractions), events) in shuffled()) {
        let mut timeline = Timeline::new();
        let mut before = view(&timeline);
        for event in &events {
            // The timeline goes on from what was stored after each event.
            timeline = restored(&timeline);
            assert_eq!(view(&timeline), before);
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
                Event::Retraction(number) => {
                    let changed = timeline.retract(&retractions[number].value());
                    let after = view(&timeline);
                    assert_told(&before, &after, &changed);
                    before = after;
                }
            }
        }
        let expected = Naive { messages: &messages, reads: &reads, retractions: &retractions }.view(&about());
        prop_assert_eq!(view(&timeline), expected);
        // Nothing is lost.
        prop_assert_eq!(timeline.len(), messages.len());
        for message in &messages {
            let kept = timeline.get(&id(message.id)).unwrap();
            prop_assert_eq!((kept.payload(), kept.sender_uri()), (Some(&id(message.id)), message.user()));
        }
    }

    #[test]
    fn what_is_evicted_and_inserted_again_is_as_it_was(
        ((messages, reads, retractions), events) in shuffled(), pauses in vec((0..30_usize, 0..7_u64), 0..4), keeps: bool
    ) {
        let (mut timeline, mut evicted) = (Timeline::new(), Vec::new());
        for (number, event) in events.iter().enumerate() {
            match *event {
                Event::Delivery(number, delivery) => {
                    let _ = insert(&mut timeline, &messages[number], messages[number].accepted[delivery]);
                }
                Event::Read(message, ms) => timeline.mark_read(id(message), ms),
                Event::Retraction(number) => drop(timeline.retract(&retractions[number].value())),
            }
            for (_, before_ms) in pauses.iter().filter(|(at, _)| *at == number) {
                let count = timeline.len();
                let went = timeline.evict(*before_ms);
                prop_assert_eq!(timeline.len(), count - went.messages.len());
                timeline = restored(&timeline);
                // At once, or after the rest arrived.
                if keeps {
                    evicted.push(went);
                } else {
                    insert_again(&mut timeline, &went, &messages);
                }
            }
        }
        evicted.iter().for_each(|went| insert_again(&mut timeline, went, &messages));
        let expected = Naive { messages: &messages, reads: &reads, retractions: &retractions }.view(&about());
        prop_assert_eq!(view(&timeline), expected);
    }

    #[test]
    fn rows_without_any_index_agree_after_every_event(((messages, _, retractions), events) in shuffled()) {
        let (mut timeline, mut rows) = (Timeline::new(), Rows::default());
        for event in &events {
            let (one, other) = match *event {
                Event::Delivery(number, delivery) => {
                    let (message, accepted_ms) = (&messages[number], messages[number].accepted[delivery]);
                    let changed = match insert(&mut timeline, message, accepted_ms) {
                        Inserted::New(changed) | Inserted::Repeated { changed, .. } => changed,
                        Inserted::DifferentContent => panic!("{message:?}"),
                    };
                    (changed, rows.take(message, accepted_ms))
                }
                Event::Read(message, read_at_ms) => {
                    timeline.mark_read(id(message), read_at_ms);
                    (vec![], rows.step(Incoming::Read { message_id: id(message), read_at_ms }, None))
                }
                Event::Retraction(number) => {
                    let retraction = retractions[number].value();
                    (timeline.retract(&retraction), rows.step(Incoming::Retracted(&retraction), None))
                }
            };
            // A range is retracted in the order of each store.
            let sorted = |mut changed: Vec<ChangedRow>| {
                changed.sort();
                changed
            };
            prop_assert_eq!(sorted(one), sorted(other));
            for row in rows.messages.values() {
                let Ok(kept) = timeline.rows().message(&row.message_id());
                prop_assert_eq!(kept.as_ref(), Some(row));
            }
            prop_assert_eq!(timeline.len(), rows.messages.len());
        }
    }

    #[test]
    fn expiring_gives_back_each_payload_once(((messages, reads, retractions), events) in shuffled(), pauses in vec(0..30_usize, 0..4)) {
        let mut timeline = Timeline::new();
        let mut taken = Vec::new();
        for (number, event) in events.iter().enumerate() {
            match *event {
                Event::Delivery(number, delivery) => {
                    let _ = insert(&mut timeline, &messages[number], messages[number].accepted[delivery]);
                }
                Event::Read(message, ms) => timeline.mark_read(id(message), ms),
                Event::Retraction(number) => drop(timeline.retract(&retractions[number].value())),
            }
            if pauses.contains(&number) {
                taken.extend(timeline.expire(NOW));
            }
        }
        taken.extend(timeline.expire(NOW));
        prop_assert_eq!(timeline.expire(NOW), []);
        prop_assert!(timeline.next_expiration_ms().is_none_or(|due| due > NOW));
        taken.sort();
        let naive = Naive { messages: &messages, reads: &reads, retractions: &retractions }.view(&about());
        let seen = view(&timeline);
        // The reactions of an edit that expired by itself are gone.
        let without_reactions = |entries: &[EntryView]| -> Vec<EntryView> {
            entries.iter().map(|entry| EntryView { reactions: vec![], ..entry.clone() }).collect()
        };
        prop_assert_eq!(without_reactions(&seen.entries), without_reactions(&naive.entries));
        // Of every entry that expired, all versions.
        for entry in &seen.entries {
            for (version, _) in &entry.all_versions {
                let gone = (*version, *version);
                let times = taken.iter().filter(|taken| **taken == gone).count();
                let kept = timeline.get(version).unwrap();
                prop_assert_eq!(kept.payload().is_none(), times == 1);
                prop_assert!(times <= 1);
                // An edit that expired by itself before the first instance arrived is gone, too.
                let expired = entry.state == EntryState::Expired;
                let by_itself = *version != entry.id && kept.expires().is_some();
                prop_assert!(if expired { times == 1 } else { times == 0 || by_itself }, "{:?}", entry);
            }
        }
        // Nothing that expired is left in what still waits, or among the reactions.
        for version in timeline.held() {
            let due = version.expires().is_some_and(|expires| expires.due_ms(None).is_some_and(|due| due <= NOW));
            prop_assert!(!due || version.payload().is_none());
        }
        for message in &messages {
            let version = timeline.get(&id(message.id)).unwrap();
            prop_assert!(version.payload().is_some() || version.reaction_parts().is_empty());
        }
    }
}
