//! Each rule by name.

use mimi_content::timeline::{
    Acceptance, BodyKind, ChangedRow, DifferentContent, EntryState, Inserted, NotAuthorizedError,
    ReactionContent, ReferenceError, ReferenceState, Timeline, TimelineAction, TimelineChange,
    TimelineFinding, TimelineMessage, TimelineRules, TimelineSeverity, VersionState, sender_only,
};
use mimi_content::{
    Disposition, ExternalPart, LastReport, MessageId, MessageStatus, MessageStatusReport,
    MessageStatusReportRef, MimiContent, MimiContentRef, MultiPart, NestedPart, PartIndex, PartSemantics,
    Salt, StatusRule, StatusStanding, StatusTransition,
};

use crate::model::TestBody::{Alternatives, Emptied, Malformed, Mixed, Null, Reactions, Report, Text};
use crate::model::{
    NOW, TestMessage, TestRetraction, TestTimeline, USERS, emoji, fold, id, insert, text, topic,
};
use crate::view::{finding, ids, standing};

const ALICE: usize = 0;
const BOB: usize = 1;
const MODERATOR: usize = 2;

fn message(number: u8, sender: usize, accepted_ms: u64) -> TestMessage {
    TestMessage::new(number, sender, accepted_ms, Text)
}

fn with(body: crate::model::TestBody, number: u8, sender: usize, accepted_ms: u64) -> TestMessage {
    TestMessage::new(number, sender, accepted_ms, body)
}

fn standing_of(timeline: &TestTimeline, number: u8) -> &'static str {
    standing(timeline.get(&id(number)).unwrap().standing())
}

fn findings_of(timeline: &TestTimeline, number: u8) -> Vec<String> {
    timeline.get(&id(number)).unwrap().findings().iter().map(finding).collect()
}

fn current(timeline: &TestTimeline, number: u8) -> MessageId {
    timeline.entry(&id(number)).unwrap().current().message_id()
}

#[test]
fn sorts_by_accepted_timestamp_then_by_the_lower_id() {
    let timeline =
        fold(&[message(3, ALICE, 7), message(2, BOB, 7), message(1, BOB, 8), message(4, ALICE, 6)]);
    assert_eq!(ids(timeline.entries()), [4, 2, 3, 1].map(id));
    assert_eq!(ids(timeline.entries().rev()), [1, 3, 2, 4].map(id));
    assert_eq!(ids(timeline.entries_in(7..8)), [2, 3].map(id));
    assert_eq!(ids(timeline.entries_in(..=7)), [4, 2, 3].map(id));
    assert_eq!(ids(timeline.entries_in(8..)), [1].map(id));
    let after_seven = (core::ops::Bound::Excluded(7), core::ops::Bound::Unbounded);
    assert_eq!(ids(timeline.entries_in(after_seven)), [1].map(id));
    let (from, to) = (9, 7);
    assert_eq!((timeline.entries_in(from..to).count(), timeline.entries_in(0..0).count()), (0, 0));
    assert_eq!(
        timeline.entries_in((core::ops::Bound::Excluded(u64::MAX), core::ops::Bound::Unbounded)).count(),
        0
    );
}

#[test]
fn refuses_an_edit_by_anyone_but_the_sender() {
    let timeline = fold(&[message(1, ALICE, 1), message(2, BOB, 2).replacing(1)]);
    assert_eq!(current(&timeline, 1), id(1));
    let why = NotAuthorizedError { action: TimelineAction::EditMessage, own: false };
    let forged = timeline.get(&id(2)).unwrap();
    assert_eq!(forged.standing(), VersionState::NotAuthorized(&why));
    assert_eq!(forged.findings(), [TimelineFinding::NotAuthorized(&why)]);
    assert_eq!(why.to_string(), "no policy lets anyone but its sender edit a message");
    // It is kept, and found from the entry and among the suspects.
    assert_eq!(timeline.entry(&id(1)).unwrap().all_versions().count(), 2);
    assert_eq!(timeline.suspects().map(|version| version.message_id()).collect::<Vec<_>>(), [id(2)]);
}

#[test]
fn refuses_a_deletion_by_anyone_but_the_sender_and_the_moderator() {
    let timeline = fold(&[message(1, ALICE, 1), with(Null, 2, BOB, 2).replacing(1)]);
    assert_eq!(timeline.entry(&id(1)).unwrap().state(NOW), EntryState::Shown);
    assert_eq!(standing_of(&timeline, 2), "not authorized");
    let timeline = fold(&[message(1, ALICE, 1), with(Null, 2, MODERATOR, 2).replacing(1)]);
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!(
        (entry.state(NOW), entry.deletion().unwrap().sender_uri()),
        (EntryState::Deleted, USERS[MODERATOR])
    );
}

#[test]
fn by_default_senders_change_their_own_and_no_user_a_topic() {
    let ask = |sender: usize, replacing: TestMessage, original: &TestMessage| {
        let mut timeline = Timeline::<(), NotAuthorizedError>::new();
        for message in [original, &TestMessage { sender, ..replacing }] {
            let content = message.content();
            let received =
                TimelineMessage::from_owned(id(message.id), message.user(), message.accepted[0], &content);
            let _ = timeline.insert(received, (), &sender_only);
        }
        let version = timeline.get(&id(2)).unwrap();
        let refused = version.findings().iter().any(|finding| {
            matches!(finding, TimelineFinding::NotAuthorized(_) | TimelineFinding::TopicNotAuthorized(_))
        });
        !refused
    };
    let text = message(1, ALICE, 1);
    let reaction = with(Reactions(vec![0]), 1, ALICE, 1).replying(9);
    for (sender, own) in [(ALICE, true), (BOB, false), (MODERATOR, false)] {
        assert_eq!(ask(sender, message(2, 0, 2).replacing(1), &text), own);
        assert_eq!(ask(sender, with(Null, 2, 0, 2).replacing(1), &text), own);
        assert_eq!(ask(sender, with(Reactions(vec![1]), 2, 0, 2).replacing(1), &reaction), own);
        assert_eq!(ask(sender, with(Null, 2, 0, 2).replacing(1), &reaction), own);
        assert!(!ask(sender, message(2, 0, 2).replacing(1).in_topic(1), &text));
    }
}

#[test]
fn what_replaces_a_later_version_joins_the_first_instance() {
    let edits = [message(2, ALICE, 2).replacing(1), message(3, ALICE, 3).replacing(2)];
    // The version between comes last.
    let timeline = fold(&[message(1, ALICE, 1), edits[1].clone(), edits[0].clone()]);
    assert_eq!(current(&timeline, 1), id(3));
    assert_eq!(timeline.entry(&id(3)).unwrap().versions().count(), 3);
    assert_eq!(timeline.to_replace(&id(3)), Ok(id(1)));
    // Who may is still decided by the first instance: an edit of one's own forgery is a forgery.
    let timeline =
        fold(&[message(1, ALICE, 1), message(2, BOB, 2).replacing(1), message(3, BOB, 3).replacing(2)]);
    assert_eq!((current(&timeline, 1), standing_of(&timeline, 3)), (id(1), "not authorized"));
}

#[test]
fn a_deletion_is_final() {
    let timeline = fold(&[
        message(1, ALICE, 1),
        message(2, ALICE, 4).replacing(1),
        with(Null, 3, ALICE, 3).replacing(1),
    ]);
    assert_eq!(timeline.entry(&id(1)).unwrap().state(NOW), EntryState::Deleted);
    assert_eq!(
        (standing_of(&timeline, 2), findings_of(&timeline, 2)),
        ("after deletion", vec!["after deletion".into()])
    );
    assert_eq!(
        (timeline.reply_to(&id(1)), timeline.to_replace(&id(2))),
        (Err(ReferenceError::Deleted), Err(ReferenceError::Deleted))
    );
    // An edit before it is what was deleted.
    let timeline = fold(&[
        message(1, ALICE, 1),
        with(Null, 3, ALICE, 3).replacing(1),
        message(2, ALICE, 2).replacing(1),
    ]);
    assert_eq!((current(&timeline, 1), findings_of(&timeline, 2)), (id(2), vec![]));
}

#[test]
fn of_two_deletions_the_one_accepted_first_counts() {
    let mut timeline = fold(&[
        message(1, ALICE, 1),
        message(2, ALICE, 5).replacing(1),
        with(Null, 3, ALICE, 7).replacing(1),
    ]);
    assert_eq!((standing_of(&timeline, 2), timeline.suspects().count()), ("edit", 0));
    // It arrives later.
    let changed = insert(&mut timeline, &with(Null, 4, MODERATOR, 3).replacing(1), 3);
    assert_eq!(changed, Inserted::New(vec![ChangedRow::Edited(id(1))]));
    assert_eq!(timeline.entry(&id(1)).unwrap().deletion().unwrap().message_id(), id(4));
    assert_eq!((current(&timeline, 1), standing_of(&timeline, 2)), (id(1), "after deletion"));
    let suspects: Vec<_> = timeline.suspects().map(|version| version.message_id()).collect();
    assert_eq!(suspects, [id(2)]);
}

#[test]
fn reactions_are_in_order_whichever_version_they_name() {
    let timeline = fold(&[
        message(1, ALICE, 1),
        message(2, ALICE, 2).replacing(1),
        with(Reactions(vec![0]), 3, BOB, 3).replying(2),
        with(Reactions(vec![1]), 4, BOB, 4).replying(1),
    ]);
    let reactions = timeline.entry(&id(1)).unwrap().reactions(NOW);
    let reactions: Vec<_> = reactions.iter().map(|reaction| reaction.message_id()).collect();
    assert_eq!(reactions, [3, 4].map(id));
}

#[test]
fn the_first_instance_is_the_first_version_whatever_the_timestamps() {
    let timeline =
        fold(&[message(1, ALICE, 5), message(2, ALICE, 4).replacing(1), message(3, ALICE, 3).replacing(1)]);
    let versions: Vec<_> =
        timeline.entry(&id(1)).unwrap().versions().map(|version| version.message_id()).collect();
    assert_eq!(versions, [1, 3, 2].map(id));
    // So it can be deleted before it is there.
    let timeline = fold(&[message(1, ALICE, 5), with(Null, 2, ALICE, 4).replacing(1)]);
    assert_eq!(timeline.entry(&id(1)).unwrap().state(NOW), EntryState::Deleted);
}

#[test]
fn an_edit_changes_the_body_only() {
    let original = message(1, ALICE, 1).in_topic(1).expiring(false, 60).replying(8);
    let edit = TestMessage {
        subject: Some(1),
        ..message(2, ALICE, 2).replacing(1).in_topic(2).expiring(true, 5).replying(9)
    };
    let timeline = fold(&[original, edit]);
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!((entry.topic_id(), entry.expires_ms()), (&topic(1)[..], Some(60_000)));
    assert_eq!((entry.in_reply_to(0).unwrap().message_id, entry.current().message_id()), (id(8), id(2)));
    assert_eq!(findings_of(&timeline, 2), ["topic not authorized", "other fields true true true"]);
    assert_eq!(ids(timeline.topic(&topic(1))), [id(1)]);
    assert_eq!(timeline.topic(&topic(2)).count(), 0);
}

#[test]
fn a_deletion_may_leave_the_other_fields_empty() {
    let original = message(1, ALICE, 1).in_topic(1).expiring(false, 60).replying(8);
    let timeline = fold(&[original.clone(), with(Null, 2, ALICE, 2).replacing(1)]);
    assert_eq!(findings_of(&timeline, 2), Vec::<String>::new());
    let timeline = fold(&[original, with(Null, 2, ALICE, 2).replacing(1).replying(9)]);
    assert_eq!(findings_of(&timeline, 2), ["other fields false true false"]);
}

#[test]
fn a_topic_changes_with_authorization_and_without_the_body() {
    let original = message(1, ALICE, 1).in_topic(1);
    let moved = message(2, MODERATOR, 2).replacing(1).in_topic(2);
    let mut timeline = fold(&[original]);
    let changed = insert(&mut timeline, &moved, 2);
    assert_eq!(changed, Inserted::New(vec![ChangedRow::Topic(id(1))]));
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!((entry.topic_id(), entry.current().message_id()), (&topic(2)[..], id(1)));
    // It only moves the message, and says nothing against its sender.
    assert_eq!((findings_of(&timeline, 2), timeline.suspects().count()), (vec![], 0));
    // With other words it is what it looks like.
    let _ = insert(&mut timeline, &with(Alternatives, 4, MODERATOR, 4).replacing(1).in_topic(2), 4);
    assert_eq!(findings_of(&timeline, 4), ["not authorized"]);
    assert_eq!(timeline.topics().collect::<Vec<_>>(), [topic(2)]);
    // An edit that holds the original's topic leaves it where the moderator put it.
    let _ = insert(&mut timeline, &message(3, ALICE, 3).replacing(1).in_topic(1), 3);
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!((entry.topic_id(), entry.current().message_id()), (&topic(2)[..], id(3)));
}

#[test]
fn a_topic_change_delivered_again_and_earlier_gives_way_to_a_later_one() {
    let mut timeline = fold(&[
        message(1, ALICE, 1),
        message(2, MODERATOR, 5).replacing(1).in_topic(1),
        message(3, MODERATOR, 6).replacing(1).in_topic(2),
    ]);
    assert_eq!(timeline.topics().collect::<Vec<_>>(), [topic(2)]);
    let again = insert(&mut timeline, &message(3, MODERATOR, 6).replacing(1).in_topic(2), 4);
    assert_eq!(again, Inserted::Repeated { payload: id(3), changed: vec![ChangedRow::Topic(id(1))] });
    assert_eq!(timeline.topics().collect::<Vec<_>>(), [topic(1)]);
    assert_eq!(ids(timeline.topic(&topic(1))), [id(1)]);
}

#[test]
fn nothing_takes_effect_before_the_first_instance_is_seen() {
    let edit = message(2, ALICE, 2).replacing(1);
    let mut timeline =
        fold(&[edit, with(Reactions(vec![0]), 3, BOB, 3).replying(2), message(4, BOB, 4).replying(2)]);
    assert_eq!((standing_of(&timeline, 2), ids(timeline.entries())), ("held", vec![id(4)]));
    assert_eq!(timeline.held().map(|version| version.message_id()).collect::<Vec<_>>(), [id(2)]);
    assert_eq!(timeline.unseen().collect::<Vec<_>>(), [id(1)]);
    assert_eq!(timeline.reply_to(&id(2)), Err(ReferenceError::Unseen));
    // A device that never saw the first instance can still name it.
    assert_eq!(timeline.to_replace(&id(2)), Ok(id(1)));
    let state = |timeline: &TestTimeline| timeline.entry(&id(4)).unwrap().in_reply_to(0).unwrap().state;
    assert_eq!(state(&timeline), ReferenceState::Held);

    assert_eq!(
        insert(&mut timeline, &message(1, ALICE, 1), 1),
        Inserted::New(vec![ChangedRow::Added(id(1))])
    );
    assert_eq!((standing_of(&timeline, 2), current(&timeline, 1)), ("edit", id(2)));
    assert_eq!((timeline.held().count(), timeline.unseen().count()), (0, 0));
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!((entry.reactions(NOW).len(), ids(entry.replies())), (1, vec![id(4)]));
    assert_eq!(state(&timeline), ReferenceState::Newest);
}

#[test]
fn a_message_delivered_twice_stands_at_the_earliest_timestamp() {
    let mut timeline = fold(&[message(1, ALICE, 5), message(2, BOB, 4)]);
    let again = |changed| Inserted::Repeated { payload: id(1), changed };
    // The same timestamp: silence.
    assert_eq!(insert(&mut timeline, &message(1, ALICE, 5), 5), again(vec![]));
    assert_eq!(findings_of(&timeline, 1), Vec::<String>::new());
    assert_eq!(insert(&mut timeline, &message(1, ALICE, 5), 9), again(vec![]));
    assert_eq!(ids(timeline.entries()), [2, 1].map(id));
    assert_eq!(insert(&mut timeline, &message(1, ALICE, 5), 3), again(vec![ChangedRow::Moved(id(1))]));
    assert_eq!(ids(timeline.entries()), [1, 2].map(id));
    assert_eq!(findings_of(&timeline, 1), ["accepted again 9"]);
    assert_eq!(timeline.len(), 2);
}

#[test]
fn refuses_another_message_under_the_same_id() {
    let mut timeline = fold(&[message(1, ALICE, 5)]);
    // Other bytes; then the same bytes from another sender, whose ID would be another.
    let other = message(1, ALICE, 4).in_topic(1);
    assert_eq!(insert(&mut timeline, &other, 4), Inserted::DifferentContent);
    assert_eq!(insert(&mut timeline, &other, 4), Inserted::DifferentContent);
    let content = message(1, ALICE, 5).content();
    let impostor = TimelineMessage::from_owned(id(1), USERS[BOB], 5, &content);
    assert_eq!(timeline.insert(impostor, id(1), &sender_only), Inserted::DifferentContent);

    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!((entry.sender_uri(), entry.topic_id(), entry.accepted_ms()), (USERS[ALICE], &[][..], 5));
    let mut kept: Vec<_> = timeline.different_content().collect();
    kept.sort_by_key(|different| different.accepted_ms);
    let expected = |sender: usize, accepted_ms| DifferentContent {
        message_id: id(1),
        sender_uri: USERS[sender].into(),
        accepted_ms,
        payload: id(1),
    };
    assert_eq!(kept, [&expected(ALICE, 4), &expected(BOB, 5)]);
    assert_eq!(findings_of(&timeline, 1), ["different content"]);
}

#[test]
fn finds_a_loop_of_replies_when_it_closes() {
    let mut timeline = fold(&[
        message(1, ALICE, 1).replying(2),
        message(2, BOB, 2).replying(3),
        message(4, BOB, 4).replying(1),
    ]);
    assert_eq!(timeline.suspects().count(), 0);
    assert_eq!(
        insert(&mut timeline, &message(3, ALICE, 3).replying(1), 3),
        Inserted::New(vec![ChangedRow::Loop(id(3)), ChangedRow::Added(id(3)), ChangedRow::Replies(id(1))])
    );
    for number in [1, 2, 3] {
        assert_eq!(findings_of(&timeline, number), ["reply loop"]);
        let reference = timeline.entry(&id(number)).unwrap().in_reply_to(0).unwrap();
        assert_eq!(reference.state, ReferenceState::Loop);
    }
    // What leads into it is no part of it.
    assert_eq!(findings_of(&timeline, 4), Vec::<String>::new());
    let thread: Vec<_> =
        timeline.entry(&id(1)).unwrap().thread().map(|(depth, entry)| (depth, entry.message_id())).collect();
    assert_eq!(thread, [(1, id(3)), (2, id(2)), (1, id(4))]);
}

#[test]
fn refuses_to_build_a_reply_into_a_loop() {
    let timeline = fold(&[
        message(1, ALICE, 1).replying(2),
        message(2, BOB, 2).replying(1),
        message(3, BOB, 3).replying(1),
    ]);
    for number in [1, 2, 3] {
        assert_eq!(timeline.reply_to(&id(number)), Err(ReferenceError::Loop));
    }
    assert!(timeline.closes_reply_loop(&id(1), &id(2)) && timeline.closes_reply_loop(&id(2), &id(1)));
    assert!(!timeline.closes_reply_loop(&id(3), &id(1)));

    // 5 is referred to and yet to come.
    let timeline =
        fold(&[message(6, ALICE, 1).replying(5), message(7, BOB, 2).replying(6), message(8, BOB, 3)]);
    assert!(timeline.closes_reply_loop(&id(5), &id(7)) && timeline.closes_reply_loop(&id(5), &id(5)));
    assert!(!timeline.closes_reply_loop(&id(5), &id(8)) && !timeline.closes_reply_loop(&id(9), &id(7)));
}

#[test]
fn messages_that_replace_each_other_have_no_first_instance() {
    let timeline = fold(&[
        message(1, ALICE, 1).replacing(2),
        message(2, ALICE, 2).replacing(1),
        message(3, ALICE, 3).replacing(1),
    ]);
    assert_eq!((timeline.entries().count(), timeline.held().count()), (0, 3));
    assert_eq!(
        [1, 2, 3].map(|number| findings_of(&timeline, number).join("")),
        ["replaces loop", "replaces loop", ""]
    );
    for number in [1, 2, 3] {
        assert_eq!(timeline.to_replace(&id(number)), Err(ReferenceError::Loop));
        assert_eq!(timeline.reply_to(&id(number)), Err(ReferenceError::Loop));
    }
    assert_eq!(findings_of(&fold(&[message(1, ALICE, 1).replacing(1)]), 1), ["replaces loop"]);
}

#[test]
fn a_new_reply_names_the_newest_version() {
    let timeline = fold(&[
        message(1, ALICE, 1),
        message(4, BOB, 2).replying(1),
        message(3, ALICE, 4).replacing(1),
        message(2, ALICE, 3).replacing(1),
        message(5, BOB, 5).replacing(1),
        message(6, BOB, 6).replying(3),
        message(7, BOB, 7).replying(5),
    ]);
    for number in [1, 2, 3, 5] {
        assert_eq!(
            (timeline.reply_to(&id(number)), timeline.to_replace(&id(number))),
            (Ok(id(3)), Ok(id(1)))
        );
    }
    let state = |number| timeline.entry(&id(number)).unwrap().in_reply_to(0).unwrap().state;
    assert_eq!(
        [4, 6, 7].map(state),
        [ReferenceState::Older, ReferenceState::Newest, ReferenceState::NoEffect]
    );
    assert_eq!(ids(timeline.entry(&id(1)).unwrap().replies()), [4, 6, 7].map(id));
    assert_eq!(timeline.reply_to(&id(99)), Err(ReferenceError::Unseen));
    assert_eq!(timeline.to_replace(&id(99)), Err(ReferenceError::Unseen));
    let timeline = fold(&[with(Report(vec![(1, 2)]), 9, BOB, 1)]);
    assert_eq!(timeline.reply_to(&id(9)), Err(ReferenceError::Report));
    assert_eq!(timeline.to_replace(&id(9)), Err(ReferenceError::Report));
}

#[test]
fn a_sender_may_react_several_times() {
    let timeline = fold(&[
        message(1, ALICE, 1),
        with(Reactions(vec![0, 1]), 2, BOB, 2).replying(1),
        with(Reactions(vec![0]), 3, BOB, 3).replying(1),
        with(Reactions(vec![0]), 4, ALICE, 4).replying(1),
        // Taken back: one of Bob's hearts.
        with(Null, 5, BOB, 5).replacing(3),
        // Not his to take back.
        with(Null, 6, BOB, 6).replacing(4),
        // Another in its place.
        with(Reactions(vec![2]), 7, ALICE, 7).replacing(4),
        // No reaction: a text can't take its place.
        message(8, ALICE, 8).replacing(4),
    ]);
    let entry = timeline.entry(&id(1)).unwrap();
    let groups: Vec<_> = entry
        .reaction_groups(NOW)
        .iter()
        .map(|group| {
            let reactions = group.reactions.iter().map(|reaction| (reaction.message_id(), reaction.part().0));
            (group.content.clone(), group.senders(), reactions.collect::<Vec<_>>())
        })
        .collect();
    let text = |text: &str| ReactionContent::Text(text.into());
    assert_eq!(
        groups,
        [
            (text("❤"), vec![USERS[BOB]], vec![(id(2), 1)]),
            (text("🎉"), vec![USERS[BOB]], vec![(id(2), 2)]),
            (text("👍"), vec![USERS[ALICE]], vec![(id(4), 0)]),
        ]
    );
    assert_eq!(timeline.entries().count(), 1);
    assert_eq!((standing_of(&timeline, 6), standing_of(&timeline, 8)), ("not authorized", "other kind"));
}

#[test]
fn one_sender_counts_once_for_equal_reactions() {
    let timeline = fold(&[
        message(1, ALICE, 1),
        with(Reactions(vec![0]), 2, BOB, 2).replying(1),
        with(Reactions(vec![0]), 3, BOB, 3).replying(1),
    ]);
    let groups = timeline.entry(&id(1)).unwrap().reaction_groups(NOW);
    assert_eq!((groups.len(), groups[0].reactions.len(), groups[0].senders().len()), (1, 2, 1));
}

#[test]
fn a_reaction_belongs_to_a_version_that_was_shown() {
    let timeline = fold(&[
        message(1, ALICE, 1),
        message(2, ALICE, 2).replacing(1),
        message(3, BOB, 3).replacing(1),
        with(Reactions(vec![0]), 4, BOB, 4).replying(1),
        with(Reactions(vec![1]), 5, BOB, 5).replying(2),
        with(Reactions(vec![2]), 6, BOB, 6).replying(3),
    ]);
    let reactions = timeline.entry(&id(1)).unwrap().reactions(NOW);
    let to: Vec<_> = reactions.iter().map(|reaction| reaction.to().message_id()).collect();
    assert_eq!(to, [id(1), id(2)]);
}

#[test]
fn nothing_replaces_a_status_report_or_becomes_one() {
    let timeline = fold(&[
        with(Report(vec![(9, 2)]), 1, BOB, 1),
        with(Null, 2, BOB, 2).replacing(1),
        with(Report(vec![(9, 1)]), 3, BOB, 3).replacing(1),
        message(4, BOB, 4),
        with(Report(vec![(8, 2)]), 5, BOB, 5).replacing(4),
        // The other way round for reactions.
        with(Reactions(vec![0]), 6, BOB, 6).replacing(4),
    ]);
    assert_eq!([2, 3, 5, 6].map(|number| standing_of(&timeline, number)), ["other kind"; 4]);
    assert_eq!(current(&timeline, 4), id(4));
    // What they say counts all the same, each at its time.
    assert_eq!(timeline.statuses(&id(9))[0].status, MessageStatus::READ);
    assert_eq!(timeline.statuses(&id(8))[0].status, MessageStatus::READ);
}

#[test]
fn the_report_accepted_last_holds_whenever_it_arrives() {
    let timeline = fold(&[
        message(1, ALICE, 1),
        with(Report(vec![(1, 1), (1, 2)]), 5, BOB, 9),
        with(Report(vec![(1, 0)]), 4, BOB, 8),
        with(Report(vec![(1, 2)]), 6, MODERATOR, 7),
    ]);
    let statuses = timeline.statuses(&id(1));
    let said: Vec<_> =
        statuses.iter().map(|status| (status.reader_uri, status.status, status.report_id)).collect();
    assert_eq!(
        said,
        [(USERS[BOB], MessageStatus::READ, id(5)), (USERS[MODERATOR], MessageStatus::READ, id(6))]
    );
    assert_eq!(timeline.entry(&id(1)).unwrap().statuses(), statuses);
    let transitions: Vec<_> = timeline.status_transitions(&id(1), USERS[BOB]).collect();
    let transition =
        StatusTransition { message_id: id(1), before: MessageStatus::UNREAD, after: MessageStatus::READ };
    assert_eq!(transitions, [transition]);
    assert_eq!(timeline.status_transitions(&id(1), "mimi://x.example/u/x").count(), 0);
}

/// What holds of Bob's reports, each accepted one after the other, in every order of arrival.
fn holds(statuses: &[u8]) -> u8 {
    let mut reports: Vec<_> = (0..)
        .zip(statuses)
        .map(|(number, status)| with(Report(vec![(1, *status)]), 10 + number, BOB, 10 + u64::from(number)))
        .collect();
    let mut found = Vec::new();
    for _ in 0..reports.len() {
        reports.rotate_left(1);
        for backwards in [false, true] {
            let mut arriving = reports.clone();
            if backwards {
                arriving.reverse();
            }
            found.push(fold(&arriving).statuses(&id(1))[0].status.0);
        }
    }
    assert!(found.iter().all(|status| *status == found[0]), "{found:?}");
    found[0]
}

#[test]
fn what_a_second_device_reports_never_lowers_what_the_first_one_did() {
    // Delivered on another device, or not, after it was read, marked as unread, hidden.
    for reading in [0, 2, 5] {
        assert_eq!([1, 6].map(|delivery| holds(&[reading, delivery])), [reading; 2]);
        assert_eq!(holds(&[1, reading, 6, 1]), reading);
    }
    // Read and unread follow each other; of deliveries the later one holds.
    assert_eq!((holds(&[2, 0]), holds(&[0, 2]), holds(&[2, 0, 2, 5])), (0, 2, 5));
    assert_eq!((holds(&[6, 1]), holds(&[1, 6])), (1, 6));
    // Nothing follows what is gone.
    for gone in [3, 4] {
        assert_eq!((0..9).map(|next| holds(&[gone, next])).collect::<Vec<_>>(), vec![gone; 9]);
        assert_eq!(holds(&[1, 2, gone, 2]), gone);
    }
    // A status without a definition takes no place of one with.
    assert_eq!((holds(&[9]), holds(&[9, 1]), holds(&[2, 9]), holds(&[8, 9])), (9, 1, 2, 9));
}

struct LastHolds;

impl<P> TimelineRules<P, NotAuthorizedError> for LastHolds {
    fn authorize(&self, change: &TimelineChange<'_, P>) -> Result<(), NotAuthorizedError> {
        sender_only(change)
    }

    fn status(&self, status: MessageStatus) -> StatusStanding {
        LastReport.standing(status)
    }
}

#[test]
fn the_rule_for_reports_can_be_chosen() {
    let mut timeline = Timeline::<(), NotAuthorizedError>::new();
    for report in [with(Report(vec![(1, 4)]), 2, BOB, 2), with(Report(vec![(1, 1)]), 3, BOB, 3)] {
        let content = report.content();
        let received =
            TimelineMessage::from_owned(id(report.id), report.user(), report.accepted[0], &content);
        let _ = timeline.insert(received, (), &LastHolds);
    }
    assert_eq!(timeline.statuses(&id(1))[0].status, MessageStatus::DELIVERED);
}

#[test]
fn a_report_that_was_delivered_again_and_earlier_gives_way() {
    let mut timeline = fold(&[with(Report(vec![(1, 2)]), 2, BOB, 5), with(Report(vec![(1, 0)]), 3, BOB, 6)]);
    assert_eq!(timeline.statuses(&id(1))[0].status, MessageStatus::UNREAD);
    let again = insert(&mut timeline, &with(Report(vec![(1, 0)]), 3, BOB, 6), 4);
    assert_eq!(again, Inserted::Repeated { payload: id(3), changed: vec![ChangedRow::Status(id(1))] });
    let status = timeline.statuses(&id(1))[0];
    assert_eq!((status.status, status.report_id, status.accepted_ms), (MessageStatus::READ, id(2), 5));
}

#[test]
fn a_report_that_was_sent_by_itself_counts_the_same() {
    let report = MessageStatusReport::of([(id(1), MessageStatus::READ), (id(2), MessageStatus::DELIVERED)]);
    let encoded = report.encode();
    let report = MessageStatusReportRef::decode(&encoded).unwrap();
    let mut timeline = fold(&[message(1, ALICE, 1)]);
    let received = || TimelineMessage::status_report(id(9), USERS[BOB], 9, &report);
    assert_eq!(received().kind(), BodyKind::Report);
    let changed = vec![ChangedRow::Status(id(1)), ChangedRow::Status(id(2))];
    assert_eq!(timeline.insert(received(), id(9), &sender_only), Inserted::New(changed));
    let again = Inserted::Repeated { payload: id(9), changed: vec![] };
    assert_eq!(timeline.insert(received(), id(9), &sender_only), again);
    assert_eq!(timeline.statuses(&id(1))[0].status, MessageStatus::READ);
    assert_eq!(timeline.entries().count(), 1);
}

#[test]
fn a_reaction_that_says_nothing_is_taken_back() {
    for body in [Null, Emptied(true), Emptied(false)] {
        let mut timeline = fold(&[message(1, ALICE, 1), with(Reactions(vec![0, 1]), 2, BOB, 2).replying(1)]);
        assert_eq!(timeline.entry(&id(1)).unwrap().reactions(NOW).len(), 2);
        let taken_back = with(body.clone(), 3, BOB, 3).replacing(2);
        assert_eq!(
            insert(&mut timeline, &taken_back, 3),
            Inserted::New(vec![ChangedRow::Reactions(id(1))]),
            "{body:?}"
        );
        assert_eq!(timeline.entry(&id(1)).unwrap().reactions(NOW).len(), 0);
        assert_eq!((standing_of(&timeline, 3), findings_of(&timeline, 3)), ("deletion", vec![]));
    }
    // Another's is not.
    let timeline = fold(&[
        message(1, ALICE, 1),
        with(Reactions(vec![0]), 2, BOB, 2).replying(1),
        with(Emptied(true), 3, ALICE, 3).replacing(2),
    ]);
    assert_eq!(timeline.entry(&id(1)).unwrap().reactions(NOW).len(), 1);
    assert_eq!(standing_of(&timeline, 3), "not authorized");
    // One that says nothing from its beginning is none, and shows nowhere.
    let timeline = fold(&[message(1, ALICE, 1), with(Emptied(true), 2, BOB, 2).replying(1)]);
    assert_eq!((timeline.entries().count(), timeline.entry(&id(1)).unwrap().reactions(NOW).len()), (1, 0));
    // An edit of a message to an empty text is an edit.
    let empty = MimiContent::builder(Salt::from_bytes([2; 16]), text("")).replaces(id(1)).build().unwrap();
    let mut timeline = fold(&[message(1, ALICE, 1)]);
    let received = TimelineMessage::from_owned(id(2), USERS[ALICE], 2, &empty);
    let _ = timeline.insert(received, id(2), &sender_only);
    assert_eq!((standing_of(&timeline, 2), current(&timeline, 1)), ("edit", id(2)));
}

#[test]
fn one_emoji_with_and_without_its_variation_selector_is_one_reaction() {
    let mut timeline = fold(&[message(1, ALICE, 1)]);
    let texts =
        ["\u{1f44d}\u{fe0f}", "\u{1f44d}", "1\u{fe0f}\u{20e3}", "1\u{20e3}", "\u{2764}\u{fe0e}", "\u{2764}"];
    for (number, text) in (2..).zip(texts) {
        let content = MimiContent::builder(Salt::from_bytes([number; 16]), emoji(text)).in_reply_to(id(1));
        let content = content.build().unwrap();
        let sender = USERS[usize::from(number % 2)];
        let received = TimelineMessage::from_owned(id(number), sender, u64::from(number), &content);
        let _ = timeline.insert(received, id(number), &sender_only);
    }
    let entry = timeline.entry(&id(1)).unwrap();
    let groups: Vec<_> = entry
        .reaction_groups(NOW)
        .iter()
        .map(|group| {
            // The bytes are kept.
            let texts = group.reactions.iter().map(|reaction| match reaction.content() {
                ReactionContent::Text(text) => text.to_string(),
                ReactionContent::Other(_) => panic!("text"),
            });
            (texts.collect::<Vec<_>>(), group.senders().len())
        })
        .collect();
    let group = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
    assert_eq!(
        groups,
        [
            (group(&texts[..2]), 2),
            (group(&texts[2..4]), 2),
            (group(&texts[4..5]), 1),
            (group(&texts[5..]), 1)
        ]
    );
}

#[test]
fn what_expired_is_neither_quoted_nor_reacted_to() {
    let mut timeline = fold(&[
        message(1, ALICE, 1).expiring(false, 10),
        message(2, BOB, 2).replying(1),
        with(Reactions(vec![0]), 3, BOB, 3).replying(1),
        with(Reactions(vec![1]), 4, BOB, 4).replying(2).expiring(false, 10),
    ]);
    let look = |timeline: &TestTimeline, now| {
        let (one, two) = (timeline.entry(&id(1)).unwrap(), timeline.entry(&id(2)).unwrap());
        let reference = two.in_reply_to(now).unwrap();
        let quote = reference.entry.unwrap().quote(now).map(|version| version.message_id());
        (reference.state, quote, one.reactions(now).len(), two.reactions(now).len())
    };
    assert_eq!(look(&timeline, 9_999), (ReferenceState::Newest, Some(id(1)), 1, 1));
    assert_eq!(look(&timeline, 10_000), (ReferenceState::Expired, None, 0, 0));
    assert_eq!(timeline.reply_to(&id(1)), Ok(id(1)));
    assert_eq!(timeline.expire(10_000), [(id(1), id(1)), (id(4), id(4))]);
    assert_eq!(look(&timeline, 10_000), (ReferenceState::Expired, None, 0, 0));
    // The text of the reaction is gone, too; it does not come back when the message does.
    assert_eq!(timeline.get(&id(4)).unwrap().reaction_parts(), []);
    let again = with(Reactions(vec![1]), 4, BOB, 4).replying(2).expiring(false, 10);
    assert_eq!(insert(&mut timeline, &again, 4), Inserted::Repeated { payload: id(4), changed: vec![] });
    assert_eq!(timeline.get(&id(4)).unwrap().payload(), None);
    assert_eq!(timeline.reply_to(&id(1)), Err(ReferenceError::Expired));
    assert_eq!(timeline.to_replace(&id(1)), Err(ReferenceError::Expired));
}

#[test]
fn an_edit_of_an_unseen_message_expires_by_itself() {
    let edit = message(2, ALICE, 2).replacing(1).expiring(false, 10);
    let mut timeline = fold(&[edit, message(3, BOB, 3).replying(2)]);
    assert_eq!(timeline.next_expiration_ms(), Some(10_000));
    let state =
        |timeline: &TestTimeline, now| timeline.entry(&id(3)).unwrap().in_reply_to(now).unwrap().state;
    assert_eq!(
        [9_999, 10_000].map(|now| state(&timeline, now)),
        [ReferenceState::Held, ReferenceState::Expired]
    );
    assert_eq!(timeline.expire(9_999), []);
    assert_eq!(timeline.expire(10_000), [(id(2), id(2))]);
    // A relative one counts from its own reading.
    let mut timeline = fold(&[message(2, ALICE, 2).replacing(1).expiring(true, 10)]);
    assert_eq!(timeline.next_expiration_ms(), None);
    timeline.mark_read(id(2), 500);
    assert_eq!(timeline.next_expiration_ms(), Some(10_500));
    // Once the first instance is there, it decides.
    let _ = insert(&mut timeline, &message(1, ALICE, 1).expiring(true, 20), 1);
    assert_eq!(timeline.next_expiration_ms(), Some(20_500));
}

#[test]
fn what_came_under_the_id_of_a_message_expires_with_it() {
    let mut timeline = fold(&[message(1, ALICE, 1).expiring(false, 10)]);
    let other = message(1, ALICE, 2).expiring(false, 10);
    assert_eq!(
        insert(&mut timeline, &TestMessage { topic: 1, ..other.clone() }, 2),
        Inserted::DifferentContent
    );
    assert_eq!((timeline.different_content().count(), timeline.expire(10_000).len()), (1, 2));
    assert_eq!(timeline.different_content().count(), 0);
    assert_eq!(insert(&mut timeline, &TestMessage { topic: 1, ..other }, 2), Inserted::DifferentContent);
    assert_eq!(timeline.different_content().count(), 0);
}

#[test]
fn an_edit_that_keeps_the_extensions_is_no_evidence_nor_is_one_that_has_none() {
    let original = TestMessage { subject: Some(1), ..message(1, ALICE, 1) };
    let edit = |subject| TestMessage { subject, ..message(2, ALICE, 2).replacing(1) };
    let found = |subject| findings_of(&fold(&[original.clone(), edit(subject)]), 2);
    assert_eq!((found(Some(1)), found(None)), (vec![], vec![]));
    assert_eq!(found(Some(2)), ["other fields false false true"]);
    // One that brings some is one.
    let timeline = fold(&[message(1, ALICE, 1), edit(Some(1))]);
    assert_eq!(findings_of(&timeline, 2), ["other fields false false true"]);
    let severity = timeline.get(&id(2)).unwrap().findings()[0].severity();
    assert_eq!(severity, TimelineSeverity::Odd);
}

fn local(timeline: &mut TestTimeline, message: &TestMessage) -> Inserted<MessageId> {
    let content = message.content();
    let received = TimelineMessage::from_owned(id(message.id), message.user(), message.accepted[0], &content);
    timeline.insert_local(received, id(message.id), &sender_only)
}

#[test]
fn a_message_of_ones_own_is_shown_before_the_hub_accepts_it() {
    let own = message(2, ALICE, 90);
    let mut timeline = fold(&[message(1, BOB, 50), message(3, BOB, 70)]);
    assert_eq!(local(&mut timeline, &own), Inserted::New(vec![ChangedRow::Added(id(2))]));
    let entry = timeline.entry(&id(2)).unwrap();
    assert_eq!((entry.acceptance(), entry.accepted_ms()), (Acceptance::Pending, 90));
    assert_eq!(ids(timeline.entries()), [1, 3, 2].map(id));
    // The hub's clock is behind. That says nothing against anyone.
    assert_eq!(timeline.accept(id(2), 60, &sender_only), [ChangedRow::Moved(id(2))]);
    assert_eq!(ids(timeline.entries()), [1, 2, 3].map(id));
    let entry = timeline.entry(&id(2)).unwrap();
    assert_eq!((entry.acceptance(), entry.accepted_ms()), (Acceptance::Accepted, 60));
    assert_eq!((findings_of(&timeline, 2), timeline.suspects().count()), (vec![], 0));
    // From then on it is as any other.
    assert_eq!(timeline.accept(id(2), 60, &sender_only), []);
    assert_eq!((timeline.fail(id(2)), timeline.drop_local(id(2))), (vec![], vec![]));
    assert_eq!(timeline.accept(id(2), 80, &sender_only), []);
    assert_eq!(findings_of(&timeline, 2), ["accepted again 80"]);
    assert_eq!(local(&mut timeline, &own), Inserted::Repeated { payload: id(2), changed: vec![] });
    assert_eq!(timeline.entry(&id(2)).unwrap().accepted_ms(), 60);
}

#[test]
fn the_message_itself_says_that_the_hub_accepted_it() {
    let mut timeline = fold(&[message(1, ALICE, 1)]);
    // Also later than the local time.
    for (number, accepted_ms) in [(2, 5), (3, 95)] {
        let own = message(number, ALICE, 90);
        let _ = local(&mut timeline, &own);
        let accepted = insert(&mut timeline, &own, accepted_ms);
        assert_eq!(
            accepted,
            Inserted::Repeated { payload: id(number), changed: vec![ChangedRow::Moved(id(number))] }
        );
        let entry = timeline.entry(&id(number)).unwrap();
        assert_eq!((entry.accepted_ms(), entry.acceptance()), (accepted_ms, Acceptance::Accepted));
    }
    assert_eq!(timeline.suspects().count(), 0);
}

#[test]
fn a_message_that_failed_is_sent_again_or_dropped() {
    let mut timeline = fold(&[message(1, BOB, 1)]);
    let (edit, reaction) =
        (message(2, BOB, 5).replacing(1), with(Reactions(vec![0]), 3, ALICE, 6).replying(1));
    for own in [&edit, &reaction, &message(4, ALICE, 7)] {
        let _ = local(&mut timeline, own);
    }
    let before = ids(timeline.entries());
    assert_eq!((before, current(&timeline, 1)), (vec![id(1), id(4)], id(2)));
    for (number, changed) in
        [(2, ChangedRow::Failed(id(2))), (3, ChangedRow::Failed(id(3))), (4, ChangedRow::Failed(id(4)))]
    {
        assert_eq!((timeline.fail(id(number)), timeline.fail(id(number))), (vec![changed], vec![]));
        assert_eq!(timeline.get(&id(number)).unwrap().acceptance(), Acceptance::Failed);
    }
    // Sent again, later.
    let again = local(&mut timeline, &message(4, ALICE, 9));
    assert_eq!(again, Inserted::Repeated { payload: id(4), changed: vec![ChangedRow::Moved(id(4))] });
    let entry = timeline.entry(&id(4)).unwrap();
    assert_eq!((entry.acceptance(), entry.accepted_ms()), (Acceptance::Pending, 9));
    // Dropped: as if they had never been there.
    assert_eq!(timeline.drop_local(id(2)), [ChangedRow::Edited(id(1))]);
    assert_eq!(timeline.drop_local(id(3)), [ChangedRow::Reactions(id(1))]);
    assert_eq!(timeline.drop_local(id(4)), [ChangedRow::Removed(id(4))]);
    assert_eq!((ids(timeline.entries()), current(&timeline, 1)), (vec![id(1)], id(1)));
    assert!(timeline.entry(&id(1)).unwrap().reactions(NOW).is_empty());
    assert!([2, 3, 4].into_iter().all(|number| timeline.get(&id(number)).is_none()));
    assert_eq!(timeline.drop_local(id(4)), []);
    // The hub had it after all.
    assert_eq!(
        insert(&mut timeline, &message(4, ALICE, 9), 8),
        Inserted::New(vec![ChangedRow::Added(id(4))])
    );
    assert_eq!(timeline.get(&id(4)).unwrap().payload(), Some(&id(4)));
    assert_eq!(insert(&mut timeline, &edit, 5), Inserted::New(vec![ChangedRow::Edited(id(1))]));
    assert_eq!((timeline.suspects().count(), current(&timeline, 1)), (0, id(2)));
}

#[test]
fn ones_own_are_never_suspect() {
    // An edit that the room will refuse, before the hub has said anything.
    let mut timeline = fold(&[message(1, BOB, 1)]);
    let _ = local(&mut timeline, &message(2, ALICE, 2).replacing(1));
    assert_eq!((standing_of(&timeline, 2), timeline.suspects().count()), ("not authorized", 0));
    let _ = timeline.accept(id(2), 3, &sender_only);
    assert_eq!(timeline.suspects().count(), 1);
    // Of the local user, from whichever device.
    let mut timeline = TestTimeline::for_user(USERS[ALICE]);
    for message in
        [message(1, BOB, 1), message(2, ALICE, 2).replacing(1), message(3, MODERATOR, 3).replacing(1)]
    {
        let _ = insert(&mut timeline, &message, message.accepted[0]);
    }
    assert_eq!(timeline.suspects().map(|version| version.message_id()).collect::<Vec<_>>(), [id(3)]);
}

#[test]
fn the_hub_retracts_messages_and_what_belongs_to_them() {
    let mut timeline = fold(&[
        message(1, BOB, 1),
        message(2, BOB, 2).replacing(1),
        message(3, ALICE, 3).replying(2),
        with(Reactions(vec![0]), 4, ALICE, 4).replying(2),
    ]);
    let retraction = TestRetraction { at_ms: 9, scope: Ok(1), only_reactions: false }.value();
    assert_eq!(timeline.retract(&retraction), [ChangedRow::Retracted(id(1))]);
    assert_eq!(timeline.retract(&retraction), []);
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!((entry.state(NOW), entry.retraction()), (EntryState::Retracted, Some(&*retraction)));
    assert_eq!((entry.reactions(NOW).len(), entry.quote(NOW).is_none()), (0, true));
    let reference = timeline.entry(&id(3)).unwrap().in_reply_to(NOW).unwrap();
    assert_eq!(reference.state, ReferenceState::Retracted);
    assert_eq!(timeline.reply_to(&id(2)), Err(ReferenceError::Retracted));
    assert_eq!(timeline.to_replace(&id(2)), Err(ReferenceError::Retracted));
    // The evidence stays.
    assert_eq!((entry.first().payload(), entry.versions().count()), (Some(&id(1)), 2));
}

#[test]
fn a_remover_of_reactions_retracts_no_messages() {
    let retractions: Vec<_> = [1, 2]
        .map(|message| TestRetraction { at_ms: 9, scope: Ok(message), only_reactions: true }.value())
        .into();
    let messages = [message(1, BOB, 1), with(Reactions(vec![0]), 2, ALICE, 2).replying(1)];
    let mut before = fold(&messages);
    let mut after = TestTimeline::new();
    for retraction in &retractions {
        let _ = before.retract(retraction);
        let _ = after.retract(retraction);
    }
    for message in &messages {
        let _ = insert(&mut after, message, message.accepted[0]);
    }
    for mut timeline in [before, after] {
        let entry = timeline.entry(&id(1)).unwrap();
        assert_eq!((entry.state(NOW), entry.retraction()), (EntryState::Shown, None));
        assert_eq!(entry.reactions(NOW).len(), 0);
        assert_eq!(timeline.get(&id(2)).unwrap().retraction(), Some(&*retractions[1]));
        // A user who may retract any message retracts it all the same.
        let message = TestRetraction { at_ms: 10, scope: Ok(1), only_reactions: false }.value();
        assert_eq!(timeline.retract(&message), [ChangedRow::Retracted(id(1))]);
    }
}

#[test]
fn the_hub_retracts_all_of_a_sender_from_a_time_on() {
    let from = TestRetraction { at_ms: 9, scope: Err((BOB, Some(5))), only_reactions: false }.value();
    let messages = [
        message(1, BOB, 4),
        message(2, BOB, 5).replacing(1),
        message(3, ALICE, 5),
        with(Reactions(vec![0]), 4, BOB, 6).replying(3),
        message(5, BOB, 7).replying(3),
        with(Null, 6, MODERATOR, 8).replacing(3),
    ];
    let mut before = fold(&messages);
    let _ = before.retract(&from);
    let mut after = TestTimeline::new();
    let _ = after.retract(&from);
    for message in &messages {
        let _ = insert(&mut after, message, message.accepted[0]);
    }
    for mut timeline in [before, after] {
        // The edit has no effect any more, and what was there before has.
        let entry = timeline.entry(&id(1)).unwrap();
        assert_eq!((entry.state(NOW), entry.current().message_id()), (EntryState::Shown, id(1)));
        assert_eq!(standing_of(&timeline, 2), "retracted");
        assert_eq!(timeline.get(&id(2)).unwrap().retraction(), Some(&*from));
        assert_eq!(timeline.entry(&id(3)).unwrap().reactions(NOW).len(), 0);
        assert_eq!(timeline.entry(&id(5)).unwrap().state(NOW), EntryState::Retracted);
        // So for a deletion: the message is there again.
        assert_eq!(timeline.entry(&id(3)).unwrap().state(NOW), EntryState::Deleted);
        let moderator =
            TestRetraction { at_ms: 10, scope: Err((MODERATOR, None)), only_reactions: false }.value();
        assert_eq!(timeline.retract(&moderator), [ChangedRow::Edited(id(3))]);
        assert_eq!(timeline.entry(&id(3)).unwrap().state(NOW), EntryState::Shown);
        // Of several, the one that was decided first holds.
        let earlier = TestRetraction { at_ms: 8, scope: Err((BOB, Some(6))), only_reactions: false }.value();
        assert_eq!(timeline.retract(&earlier), []);
        assert_eq!(timeline.entry(&id(5)).unwrap().retraction(), Some(&*earlier));
        assert_eq!(timeline.get(&id(2)).unwrap().retraction(), Some(&*from));
    }
}

#[test]
fn what_others_wrote_is_unread_until_a_device_says_otherwise() {
    let mut timeline = TestTimeline::for_user(USERS[ALICE]);
    for message in [
        message(1, BOB, 1),
        message(2, ALICE, 2),
        message(3, BOB, 3),
        message(4, BOB, 4).expiring(false, 1),
        message(5, BOB, 5),
        message(6, BOB, 6),
        with(Null, 7, BOB, 7).replacing(6),
        message(8, BOB, 8),
    ] {
        let _ = insert(&mut timeline, &message, message.accepted[0]);
    }
    let unread = |timeline: &TestTimeline| ids(timeline.unread(1000));
    assert_eq!(unread(&timeline), [1, 3, 5, 8].map(id));
    timeline.mark_read_up_to(&id(3));
    timeline.mark_read_up_to(&id(1));
    assert_eq!(timeline.read_up_to().map(|place| place.message_id), Some(id(3)));
    assert_eq!(unread(&timeline), [5, 8].map(id));
    timeline.mark_read(id(5), 20);
    assert_eq!(unread(&timeline), [8].map(id));
    // Another device received it, then its user read it there. What Bob did says nothing.
    for (number, sender, status, expected) in [(9, ALICE, 1, 1), (10, BOB, 2, 1), (11, ALICE, 2, 0)] {
        let _ = insert(&mut timeline, &with(Report(vec![(8, status)]), number, sender, 9), u64::from(number));
        assert_eq!(timeline.unread(1000).count(), expected);
    }
}

#[test]
fn an_unreadable_report_is_a_finding() {
    let timeline = fold(&[with(Malformed, 1, BOB, 1)]);
    let report = timeline.get(&id(1)).unwrap();
    assert_eq!(report.kind(), BodyKind::Report);
    assert!(
        matches!(report.findings()[..], [TimelineFinding::MalformedReport(error)] if error.offset() == 0)
    );
    assert_eq!(timeline.entries().count(), 0);
}

#[test]
fn a_relative_expiration_begins_with_the_earliest_reading() {
    let mut timeline = fold(&[
        message(1, ALICE, 1).expiring(true, 10),
        message(2, ALICE, 2).replacing(1).expiring(true, 10),
    ]);
    let state = |timeline: &TestTimeline, now_ms| timeline.entry(&id(1)).unwrap().state(now_ms);
    assert_eq!((timeline.next_expiration_ms(), state(&timeline, u64::MAX)), (None, EntryState::Shown));
    timeline.mark_read(id(2), 5000);
    timeline.mark_read(id(1), 7000);
    assert_eq!(timeline.next_expiration_ms(), Some(15_000));
    assert_eq!(
        [14_999, 15_000].map(|now_ms| state(&timeline, now_ms)),
        [EntryState::Shown, EntryState::Expired]
    );
    timeline.mark_read(id(1), 4000);
    assert_eq!(timeline.next_expiration_ms(), Some(14_000));
    assert_eq!(timeline.expire(14_000), [(id(1), id(1)), (id(2), id(2))]);
    // A version that comes later goes the same way.
    let _ = insert(&mut timeline, &message(3, ALICE, 3).replacing(1), 3);
    assert_eq!((timeline.expire(13_999), timeline.expire(14_000)), (vec![], vec![(id(3), id(3))]));
    assert_eq!((timeline.next_expiration_ms(), timeline.take_payload(&id(1))), (None, None));
}

#[test]
fn a_payload_can_be_taken_once() {
    let mut timeline = fold(&[message(1, ALICE, 1)]);
    assert_eq!((timeline.take_payload(&id(1)), timeline.take_payload(&id(1))), (Some(id(1)), None));
    assert_eq!((timeline.take_payload(&id(2)), timeline.entries().count()), (None, 1));
}

#[test]
fn a_reaction_to_nothing_and_a_body_without_content_are_entries() {
    let timeline = fold(&[with(Reactions(vec![0]), 1, ALICE, 1), with(Null, 2, ALICE, 2)]);
    let kinds: Vec<_> = timeline.entries().map(|entry| entry.first().kind()).collect();
    assert_eq!(kinds, [BodyKind::Reaction, BodyKind::Null]);
}

fn kind_of(body: NestedPart) -> (BodyKind, Vec<(u16, ReactionContent)>) {
    let content = MimiContent::builder(Salt::from_bytes([1; 16]), body).build().unwrap();
    let encoded = content.encode();
    let mut kinds = Vec::new();
    // Borrowed and owned say the same.
    let borrowed = MimiContentRef::decode(&encoded).unwrap();
    for received in [
        TimelineMessage::new(id(1), USERS[0], 1, &borrowed),
        TimelineMessage::from_owned(id(1), USERS[0], 1, &content),
    ] {
        let mut timeline = Timeline::<(), NotAuthorizedError>::new();
        let kind = received.kind();
        let _ = timeline.insert(received, (), &sender_only);
        let version = timeline.get(&id(1)).unwrap();
        let parts = version.reaction_parts().iter().map(|part| (part.part.0, part.content.clone()));
        kinds.push((kind, parts.collect()));
        // The other one is the same message.
        let again = TimelineMessage::new(id(1), USERS[0], 1, &borrowed);
        assert_eq!(
            timeline.insert(again, (), &sender_only),
            Inserted::Repeated { payload: (), changed: vec![] }
        );
    }
    assert_eq!(kinds[0], kinds[1]);
    kinds.remove(0)
}

#[test]
fn tells_which_parts_are_reactions() {
    let heart = || ReactionContent::Text("❤".into());
    let multi = |disposition, semantics, parts| {
        NestedPart::multi(disposition, "", MultiPart::new(semantics, parts).unwrap())
    };
    assert_eq!(kind_of(emoji("❤")), (BodyKind::Reaction, vec![(0, heart())]));
    assert_eq!(kind_of(text("❤")), (BodyKind::Content, vec![]));
    let (all, one, unit) = (PartSemantics::ProcessAll, PartSemantics::ChooseOne, PartSemantics::SingleUnit);

    // Parts without a disposition of their own have that of the multipart around them.
    let plain = || NestedPart::single(Disposition::UNSPECIFIED, "", "TEXT/plain ; charset=utf-8", "❤");
    let body = multi(Disposition::REACTION, all, vec![plain(), emoji("🎉")]);
    assert_eq!(
        kind_of(body),
        (BodyKind::Reaction, vec![(1, heart()), (2, ReactionContent::Text("🎉".into()))])
    );
    assert_eq!(
        kind_of(multi(Disposition::RENDER, all, vec![plain(), emoji("❤")])),
        (BodyKind::Content, vec![(2, heart())])
    );
    assert_eq!(kind_of(multi(Disposition::REACTION, all, vec![text("x"), emoji("❤")])).0, BodyKind::Content);

    // Alternatives, and what belongs together, are one reaction: the multipart.
    for semantics in [one, unit] {
        let (kind, parts) = kind_of(multi(Disposition::REACTION, semantics, vec![emoji("❤"), text("x")]));
        assert_eq!((kind, parts.len(), parts[0].0), (BodyKind::Reaction, 1, 0));
        assert!(matches!(parts[0].1, ReactionContent::Other(_)));
    }
    // After a nested multipart the outer disposition holds again.
    let inner = multi(Disposition::RENDER, all, vec![plain(), plain()]);
    let (kind, parts) = kind_of(multi(Disposition::REACTION, all, vec![inner, plain()]));
    assert_eq!((kind, parts), (BodyKind::Content, vec![(4, heart())]));

    // Images are equal if all of the part is.
    let image = |url: &str| {
        let external = ExternalPart {
            content_type: "image/gif".into(),
            url: url.into(),
            content_hash: vec![1; 32],
            ..ExternalPart::default()
        };
        let (_, parts) = kind_of(NestedPart::external(Disposition::REACTION, "", external));
        parts[0].1.clone()
    };
    assert_eq!(image("https://a.example/1"), image("https://a.example/1"));
    assert_ne!(image("https://a.example/1"), image("https://a.example/2"));
    // Not UTF-8, so no text.
    let bytes = NestedPart::single(Disposition::REACTION, "", "text/plain", [0xff]);
    assert!(matches!(kind_of(bytes).1[0].1, ReactionContent::Other(_)));

    // A NullPart deletes only as the body.
    assert_eq!(kind_of(NestedPart::null(Disposition::REACTION)).0, BodyKind::Null);
    let nothing = || NestedPart::null(Disposition::RENDER);
    assert_eq!(kind_of(multi(Disposition::RENDER, all, vec![nothing(), nothing()])).0, BodyKind::Content);
}

#[test]
fn reactions_beside_content_count_and_go_with_it() {
    let mut timeline = fold(&[message(1, ALICE, 1), with(Mixed(vec![0]), 2, BOB, 2).replying(1)]);
    let count = |timeline: &TestTimeline| timeline.entry(&id(1)).unwrap().reactions(NOW).len();
    assert_eq!((ids(timeline.entries()), count(&timeline)), (vec![id(1), id(2)], 1));
    let _ = insert(&mut timeline, &with(Null, 3, BOB, 3).replacing(2), 3);
    assert_eq!(count(&timeline), 0);
    let part = timeline.get(&id(2)).unwrap().reaction_parts()[0].part;
    assert_eq!(part, PartIndex(2));
}

#[test]
fn a_long_chain_in_any_order_is_folded_and_walked_without_recursion() {
    const LENGTH: u32 = 20_000;
    let id = |number: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        MessageId::from_bytes(bytes)
    };
    let chain = |number: u32, replaces: bool| {
        let builder = MimiContent::builder(Salt::from_bytes([1; 16]), text("text"));
        let before = number.checked_sub(1).map(id);
        if replaces { builder.replaces(before) } else { builder.in_reply_to(before) }.build().unwrap()
    };
    // Each half from its end, so that long components meet.
    let numbers = || (LENGTH / 2..LENGTH).rev().chain((0..LENGTH / 2).rev());
    for replaces in [false, true] {
        let mut timeline = Timeline::<(), NotAuthorizedError>::new();
        for number in numbers() {
            let content = chain(number, replaces);
            let received = TimelineMessage::from_owned(id(number), USERS[0], u64::from(number), &content);
            let _ = timeline.insert(received, (), &sender_only);
        }
        let first = timeline.entries().next().unwrap();
        let length = LENGTH as usize;
        if replaces {
            assert_eq!((timeline.entries().count(), first.versions().count()), (1, length));
            assert_eq!(first.current().message_id(), id(LENGTH - 1));
        } else {
            assert_eq!((timeline.entries().count(), first.thread().count()), (length, length - 1));
            assert_eq!(first.thread().last().unwrap().0, length - 1);
            assert!(timeline.closes_reply_loop(&id(0), &id(LENGTH - 1)));
        }
        assert_eq!((timeline.held().count(), timeline.suspects().count()), (0, 0));
    }
}

#[test]
fn debug_shows_no_content() {
    let timeline = fold(&[message(1, ALICE, 1).in_topic(1), with(Reactions(vec![0]), 2, BOB, 2).replying(1)]);
    assert_eq!(format!("{timeline:?}"), "Timeline { messages: 2, entries: 1, held: 0, unseen: 0, .. }");
    assert!(TestTimeline::new().is_empty() && !timeline.is_empty());
}

#[test]
fn findings_say_what_they_are() {
    let why = NotAuthorizedError { action: TimelineAction::ChangeTopic, own: true };
    for (finding, words) in [
        (TimelineFinding::NotAuthorized(&why), "not authorized: no policy lets its sender change a topic"),
        (TimelineFinding::OtherKind, "what it replaces is of another kind"),
        (
            TimelineFinding::TopicNotAuthorized(&why),
            "another topic, not authorized: no policy lets its sender change a topic",
        ),
        (
            TimelineFinding::OtherFields { expires: true, in_reply_to: false, extensions: true },
            "an edit with other fields than the original: expires extensions",
        ),
        (TimelineFinding::AfterDeletion, "an edit after the deletion"),
        (TimelineFinding::ReplacesLoop, "it replaces itself by way of others"),
        (TimelineFinding::ReplyLoop, "it replies to itself by way of others"),
        (TimelineFinding::AcceptedAgain { last_ms: 7 }, "accepted again at 7 ms"),
        (TimelineFinding::DifferentContent, "another message came under this message ID"),
    ] {
        assert_eq!(finding.to_string(), words);
    }
    for (error, words) in [
        (ReferenceError::Unseen, "the message was not received"),
        (ReferenceError::Deleted, "the message was deleted"),
        (ReferenceError::Report, "the message is a status report"),
        (ReferenceError::Loop, "the references of the message form a loop"),
    ] {
        assert_eq!(error.to_string(), words);
    }
}
