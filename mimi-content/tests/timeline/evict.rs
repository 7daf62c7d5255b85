//! What is forgotten and inserted again.

use mimi_content::MessageId;
use mimi_content::timeline::{Evicted, NotAuthorizedError, Timeline, TimelineMessage};

use crate::model::{NOW, TestBody, TestMessage, TestTimeline, authorize, fold, id, insert};
use crate::view::View;

/// Puts back what was evicted, in an order that is not that of the places.
pub(crate) fn insert_again(
    timeline: &mut TestTimeline,
    evicted: &Evicted<MessageId, NotAuthorizedError>,
    messages: &[TestMessage],
) {
    for (row, payload) in evicted.messages.iter().rev() {
        let message = messages.iter().find(|message| id(message.id) == row.message_id()).unwrap();
        assert_eq!(*payload, Some(id(message.id)));
        for accepted_ms in [row.accepted_last_ms, row.place.accepted_ms] {
            let _ = insert(timeline, message, accepted_ms);
        }
        if let Some(read_at_ms) = row.read_at_ms {
            timeline.mark_read(row.message_id(), read_at_ms);
        }
    }
}

fn view(timeline: &TestTimeline) -> View {
    View::of(timeline, NOW, &(0..12).map(id).collect::<Vec<_>>())
}

fn heart(id: u8, accepted: u64, to: u8) -> TestMessage {
    TestMessage::new(id, 1, accepted, TestBody::Reactions(vec![0])).replying(to)
}

#[test]
fn an_old_entry_goes_with_its_versions_and_reactions_and_comes_back_the_same() {
    let messages = [
        TestMessage::new(1, 0, 10, TestBody::Text),
        TestMessage::new(2, 0, 90, TestBody::Text).replacing(1),
        heart(3, 95, 2),
        TestMessage::new(4, 1, 96, TestBody::Null).replacing(3),
        TestMessage::new(5, 1, 60, TestBody::Text).replying(1),
        TestMessage::new(6, 1, 20, TestBody::Report(vec![(1, 2), (5, 2)])),
        TestMessage::new(7, 1, 70, TestBody::Report(vec![(1, 2)])),
    ];
    let mut timeline = fold(&messages);
    let before = view(&timeline);
    let evicted = timeline.evict(50);
    let ids: Vec<_> = evicted.messages.iter().map(|(row, _)| row.message_id()).collect();
    assert_eq!(ids, [1, 6, 2, 3, 4].map(id));
    assert_eq!(timeline.len(), 2);
    assert!(timeline.entries().map(|entry| entry.message_id()).eq([id(5)]));
    assert!(timeline.unseen().eq([id(1)]));
    // A report that stays says what it said.
    assert_eq!(timeline.statuses(&id(1)).len(), 1);
    // It is as if it had never been there: an edit waits.
    let late = TestMessage::new(8, 0, 97, TestBody::Text).replacing(1);
    let _ = insert(&mut timeline, &late, 97);
    assert!(timeline.held().map(|version| version.message_id()).eq([id(8)]));
    insert_again(&mut timeline, &evicted, &messages);
    let all = [&messages[..], &[late]].concat();
    assert_eq!(view(&timeline), view(&fold(&all)));
    assert_ne!(view(&timeline), before);
    // Twice is as good as once.
    let again = timeline.evict(50);
    assert_eq!(again.messages.len(), 6);
    assert!(timeline.evict(50).messages.is_empty());
}

#[test]
fn what_waits_goes_once_all_that_waits_for_the_same_is_old() {
    let messages = [
        TestMessage::new(1, 0, 10, TestBody::Text).replacing(9),
        TestMessage::new(2, 0, 80, TestBody::Text).replacing(1),
        TestMessage::new(3, 0, 20, TestBody::Text).replacing(8),
    ];
    let mut timeline = fold(&messages);
    let evicted = timeline.evict(50);
    assert!(evicted.messages.iter().map(|(row, _)| row.message_id()).eq([id(3)]));
    assert!(timeline.unseen().eq([id(9)]));
    let first = TestMessage::new(9, 0, 5, TestBody::Text);
    let _ = insert(&mut timeline, &first, 5);
    assert_eq!(timeline.entry(&id(9)).unwrap().current().message_id(), id(2));
}

#[test]
fn what_the_hub_has_not_accepted_stays_with_its_entry() {
    let mut timeline = fold(&[TestMessage::new(1, 0, 10, TestBody::Text), heart(2, 11, 1)]);
    let edit = TestMessage::new(3, 0, 12, TestBody::Text).replacing(1);
    let content = edit.content();
    let received = TimelineMessage::from_owned(id(3), edit.user(), 12, &content);
    let _ = timeline.insert_local(received, id(3), &authorize);
    assert!(timeline.evict(50).messages.is_empty());
    let _ = timeline.accept(id(3), 13, &authorize);
    assert_eq!(timeline.evict(50).messages.len(), 3);
    assert_eq!(timeline.len(), 0);
}

#[test]
fn what_came_under_the_same_id_and_what_was_read_are_given_back() {
    let mut timeline: TestTimeline = Timeline::new();
    let message = TestMessage::new(1, 0, 10, TestBody::Text);
    let _ = insert(&mut timeline, &message, 10);
    let other = TestMessage::new(1, 1, 11, TestBody::Alternatives);
    let _ = insert(&mut timeline, &other, 11);
    timeline.mark_read(id(1), 30);
    timeline.mark_read(id(5), 40);
    let evicted = timeline.evict(50);
    assert_eq!(evicted.messages[0].0.read_at_ms, Some(30));
    assert_eq!(evicted.different.len(), 1);
    assert_eq!((timeline.len(), timeline.different_content().count()), (0, 0));
    // What was read and never received is still known.
    assert!(timeline.unseen().eq([id(5)]));
}
