//! The examples of mimi-content-09 section 5 as one conversation.

use mimi_content::timeline::{
    BodyKind, ChangedRow, EntryState, Inserted, ReactionContent, ReferenceState, Timeline, TimelineFinding,
    TimelineMessage, VersionState, sender_only,
};
use mimi_content::{Disposition, MessageId, MessageStatus, MimiContent, MimiContentRef, NestedPart, Salt};

const ROOM: &str = "mimi://example.com/r/engineering_team";
const ALICE: &str = "mimi://example.com/u/alice-smith";
const BOB: &str = "mimi://example.com/u/bob-jones";
const CATHY: &str = "mimi://example.com/u/cathy-washington";

/// The name, the sender, the hub's timestamp (from the examples where they have one), the message.
type Example = (&'static str, &'static str, u64, &'static [u8]);

macro_rules! example {
    ($name:literal, $sender:expr, $accepted_ms:literal) => {
        ($name, $sender, $accepted_ms, include_bytes!(concat!("../data/", $name, ".cbor")))
    };
}

const STORY: [Example; 10] = [
    example!("original", ALICE, 1_644_387_225_019),
    example!("reply", BOB, 1_644_387_237_492),
    example!("reaction", CATHY, 1_644_387_237_728),
    example!("mention", CATHY, 1_644_387_243_008),
    example!("edit", BOB, 1_644_387_248_621),
    example!("unlike", CATHY, 1_644_387_250_389),
    example!("expiring", ALICE, 1_644_389_403_227),
    example!("attachment", BOB, 1_644_389_500_000),
    example!("conferencing", ALICE, 1_644_389_600_000),
    // Has the timestamp of the edit, which it is told instead of.
    example!("delete", BOB, 1_644_387_248_621),
];

/// When the expiring message is due.
const DUE: u64 = 1_644_390_004_000;

fn message_id(name: &str) -> MessageId {
    let (_, sender, _, encoded) = STORY.iter().find(|example| example.0 == name).unwrap();
    MimiContentRef::decode(encoded).unwrap().message_id(sender, ROOM).unwrap()
}

fn insert(timeline: &mut Timeline<&'static str>, example: &Example) -> Inserted<&'static str> {
    let (name, sender, accepted_ms, encoded) = *example;
    let content = MimiContentRef::decode(encoded).unwrap();
    let received = TimelineMessage::new(message_id(name), sender, accepted_ms, &content);
    timeline.insert(received, name, &sender_only)
}

/// The story up to, and without, a message.
fn told_until(end: &str) -> Timeline<&'static str> {
    let mut timeline = Timeline::new();
    for example in STORY.iter().take_while(|example| example.0 != end) {
        assert!(matches!(insert(&mut timeline, example), Inserted::New(_)), "{}", example.0);
    }
    timeline
}

fn names(timeline: &Timeline<&'static str>) -> Vec<&'static str> {
    timeline.entries().map(|entry| *entry.first().payload().unwrap()).collect()
}

#[test]
fn the_story_comes_to_six_entries() {
    let timeline = told_until("delete");
    assert_eq!(names(&timeline), ["original", "reply", "mention", "expiring", "attachment", "conferencing"]);
    assert!(timeline.entries().all(|entry| entry.state(DUE - 1) == EntryState::Shown));
    assert_eq!((timeline.suspects().count(), timeline.held().count(), timeline.unseen().count()), (0, 0, 0));
    assert_eq!(timeline.len(), 9);

    let original = timeline.entry(&message_id("original")).unwrap();
    assert_eq!((original.sender_uri(), original.is_edited()), (ALICE, false));
    // The mention is a reply, too.
    assert_eq!(original.replies().len(), 2);

    let reply = timeline.entry(&message_id("edit")).unwrap();
    assert_eq!(reply.message_id(), message_id("reply"));
    let versions: Vec<_> = reply.versions().map(|version| *version.payload().unwrap()).collect();
    assert_eq!((versions, *reply.current().payload().unwrap()), (vec!["reply", "edit"], "edit"));
    let reference = reply.in_reply_to(0).unwrap();
    assert_eq!((reference.message_id, reference.state), (message_id("original"), ReferenceState::Newest));

    let conferencing = timeline.topic(b"Foo 118").next().unwrap();
    assert_eq!(conferencing.first().disposition(), Disposition::SESSION);
    assert_eq!(timeline.topics().collect::<Vec<_>>(), [b"Foo 118"]);
    let attachment = timeline.entry(&message_id("attachment")).unwrap();
    assert_eq!(attachment.first().disposition(), Disposition::ATTACHMENT);
}

#[test]
fn the_heart_is_there_until_it_is_taken_back() {
    let mut timeline = told_until("unlike");
    let hearts = |timeline: &Timeline<&'static str>| {
        let original = timeline.entry(&message_id("original")).unwrap();
        let groups = original.reaction_groups(0);
        groups.iter().map(|group| (group.content.clone(), group.senders().len())).collect::<Vec<_>>()
    };
    assert_eq!(hearts(&timeline), [(ReactionContent::Text("❤".into()), 1)]);
    let unlike = STORY.iter().find(|example| example.0 == "unlike").unwrap();
    let changed = vec![ChangedRow::Reactions(message_id("original"))];
    assert_eq!(insert(&mut timeline, unlike), Inserted::New(changed));
    assert_eq!(hearts(&timeline), []);
    let reaction = timeline.get(&message_id("reaction")).unwrap();
    assert_eq!((reaction.kind(), reaction.entry().is_none()), (BodyKind::Reaction, true));
}

#[test]
fn a_deletion_leaves_a_placeholder_and_what_it_hides() {
    let mut timeline = told_until("edit");
    let [edit, delete] =
        ["edit", "delete"].map(|name| STORY.iter().find(|example| example.0 == name).unwrap());
    let changed = vec![ChangedRow::Deleted(message_id("reply"))];
    assert_eq!(insert(&mut timeline, delete), Inserted::New(changed));
    let reply = timeline.entry(&message_id("reply")).unwrap();
    assert_eq!(reply.state(0), EntryState::Deleted);
    assert_eq!(reply.deletion().unwrap().sender_uri(), BOB);
    assert_eq!(*reply.current().payload().unwrap(), "reply");
    assert_eq!(names(&timeline), ["original", "reply", "mention"]);

    // The edit has the same timestamp as the deletion and the higher ID: it comes too late.
    let _ = insert(&mut timeline, edit);
    let late = timeline.get(&message_id("edit")).unwrap();
    assert_eq!(late.standing(), VersionState::AfterDeletion);
    assert_eq!(late.findings(), [TimelineFinding::AfterDeletion]);
    assert!(!late.entry().unwrap().is_edited());
}

#[test]
fn the_vpn_message_expires() {
    let mut timeline = told_until("delete");
    assert_eq!(timeline.next_expiration_ms(), Some(DUE));
    let expiring = timeline.entry(&message_id("expiring")).unwrap();
    assert_eq!([DUE - 1, DUE].map(|now| expiring.state(now)), [EntryState::Shown, EntryState::Expired]);
    assert_eq!(timeline.expire(DUE - 1), []);
    assert_eq!(timeline.expire(DUE), [(message_id("expiring"), "expiring")]);
    assert_eq!(timeline.next_expiration_ms(), None);
}

#[test]
fn the_report_says_what_bob_did() {
    let mut timeline = told_until("delete");
    let report = NestedPart::single(
        Disposition::UNSPECIFIED,
        "",
        mimi_content::media_types::MIMI_MESSAGE_STATUS,
        include_bytes!("../data/status.cbor"),
    );
    let content = MimiContent::builder(Salt::from_bytes([9; 16]), report).build().unwrap();
    let id = content.message_id(BOB, ROOM).unwrap();
    let received = TimelineMessage::from_owned(id, BOB, DUE, &content);
    assert_eq!(received.kind(), BodyKind::Report);
    let Inserted::New(changed) = timeline.insert(received, "status", &sender_only) else { panic!() };
    let mut expected =
        ["original", "reply", "mention", "expiring"].map(|name| ChangedRow::Status(message_id(name)));
    expected.sort();
    assert_eq!(changed, expected);
    assert_eq!(timeline.entries().count(), 6);
    for (name, status) in [
        ("original", MessageStatus::READ),
        ("reply", MessageStatus::READ),
        ("mention", MessageStatus::UNREAD),
        ("expiring", MessageStatus::EXPIRED),
    ] {
        let statuses = timeline.entry(&message_id(name)).unwrap().statuses();
        assert_eq!((statuses.len(), statuses[0].reader_uri, statuses[0].status), (1, BOB, status), "{name}");
        assert_eq!((statuses[0].accepted_ms, statuses[0].report_id), (DUE, id));
    }
}

#[test]
fn every_order_of_the_story_gives_the_same_view() {
    let about = STORY.map(|example| message_id(example.0));
    let view = |timeline: &Timeline<&'static str>| crate::view::View::of(timeline, DUE, &about);
    let mut expected = None;
    // All rotations, forwards and backwards.
    for start in 0..STORY.len() {
        for backwards in [false, true] {
            let mut story = STORY;
            story.rotate_left(start);
            if backwards {
                story.reverse();
            }
            let mut timeline = Timeline::new();
            for example in &story {
                let _ = insert(&mut timeline, example);
                // A failover of the hub.
                let again = insert(&mut timeline, example);
                assert_eq!(again, Inserted::Repeated { payload: example.0, changed: Vec::new() });
            }
            let seen = view(&timeline);
            assert_eq!(expected.get_or_insert_with(|| seen.clone()), &seen);
        }
    }
}
