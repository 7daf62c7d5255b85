//! A conversation whose timeline asks the room's policy: what each role may change of its own and
//! of others' messages, and which state counts when roles change.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_content::{
    Disposition, MessageId, MimiContent, MimiContentBuilder, NestedPart, Salt,
    timeline::{EntryState, Timeline, TimelineFinding, TimelineMessage, VersionState},
};
use mimi_policy::{
    Form, RoleHistory, RoomState,
    message::{ContentRefusal, KnownThen, MessageAction, authorize},
};
use proptest::prelude::*;
use scene::*;

const ROOM: &str = "mimi://a.example/r/room";
const PLAIN: &str = "text/plain;charset=utf-8";

fn text(text: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", PLAIN, text)
}

fn reaction(text: &str) -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", PLAIN, text)
}

fn null() -> NestedPart {
    NestedPart::null(Disposition::RENDER)
}

fn message(salt: u8, body: NestedPart) -> MimiContentBuilder {
    MimiContent::builder(Salt::from_bytes([salt; 16]), body)
}

/// A message on its way.
#[derive(Clone, Debug)]
struct Sent {
    sender: &'static str,
    accepted_ms: u64,
    content: MimiContent,
}

fn sent(sender: &'static str, accepted_ms: u64, content: MimiContentBuilder) -> Sent {
    Sent { sender, accepted_ms, content: content.build().unwrap() }
}

impl Sent {
    fn id(&self) -> MessageId {
        self.content.message_id(self.sender, ROOM).unwrap()
    }
}

type Conversation = Timeline<MimiContent, ContentRefusal>;

fn insert(timeline: &mut Conversation, room: &RoomState, history: &RoleHistory, sent: &Sent) {
    let received = TimelineMessage::from_owned(sent.id(), sent.sender, sent.accepted_ms, &sent.content);
    let _ = timeline.insert(received, sent.content.clone(), &history.authorize(room));
}

fn fold<'s>(
    room: &RoomState,
    history: &RoleHistory,
    all: impl IntoIterator<Item = &'s Sent>,
) -> Conversation {
    let mut timeline = Timeline::new();
    all.into_iter().for_each(|sent| insert(&mut timeline, room, history, sent));
    timeline
}

/// What became of a change of one message by another, with these capabilities beside
/// canSendMessage: whether it has an effect.
#[track_caller]
fn judged(first: &Sent, change: &Sent, capabilities: &[Cap]) -> Result<(), ContentRefusal> {
    let room = four().can(2, &[Cap::CAN_SEND_MESSAGE]).can(2, capabilities).room();
    let results = [[first, change], [change, first]].map(|order| {
        let timeline = fold(&room, &RoleHistory::default(), order);
        let version = timeline.get(&change.id()).unwrap();
        match version.standing() {
            VersionState::Edit | VersionState::Deletion => Ok(()),
            VersionState::NotAuthorized(why) => Err(why.clone()),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(results[0], results[1], "the order makes a difference");
    results[0].clone()
}

#[track_caller]
fn lacks(result: Result<(), ContentRefusal>, capability: Cap) {
    match result {
        Err(ContentRefusal::Lacks(need)) => assert_eq!(need.capability, capability),
        other => panic!("{other:?}"),
    }
}

/// Bob's message, and a change of it by himself and by carol. Both have the same role.
#[track_caller]
fn takes(first: NestedPart, change: NestedPart, own: Cap, others: Option<Cap>) {
    let first = sent("bob", 10, message(1, first));
    for (sender, capability) in [("bob", Some(own)), ("carol", others)] {
        let change = sent(sender, 20, message(2, change.clone()).replaces(first.id()));
        let every = Cap::REGISTERED.iter().copied().filter(|other| *other != Cap::CAN_OPEN_JOIN);
        // canOpenJoin may stand on no role but 0.
        let every: Vec<Cap> = every.collect();
        let Some(capability) = capability else {
            let anothers = ContentRefusal::EditsAnothers { author: "bob".into() };
            assert_eq!(judged(&first, &change, &every), Err(anothers));
            continue;
        };
        assert_eq!(judged(&first, &change, &[capability]), Ok(()), "{capability}");
        let without: Vec<Cap> = every.into_iter().filter(|other| *other != capability).collect();
        lacks(judged(&first, &change, &without), capability);
    }
}

#[test]
fn edits_take_can_edit_own_message_and_no_user_edits_anothers() {
    takes(text("Helo"), text("Hello"), Cap::CAN_EDIT_OWN_MESSAGE, None);
}

#[test]
fn deletions_take_a_capability_by_whose_message_it_is() {
    takes(text("Hello"), null(), Cap::CAN_DELETE_OWN_MESSAGE, Some(Cap::CAN_DELETE_OTHER_MESSAGE));
}

#[test]
fn reactions_are_edited_and_taken_back_with_their_own_capabilities() {
    takes(reaction("+"), reaction("-"), Cap::CAN_EDIT_REACTION, None);
    takes(reaction("+"), null(), Cap::CAN_DELETE_OWN_REACTION, Some(Cap::CAN_DELETE_OTHER_REACTION));
}

/// Bob's message in a topic, moved to another by himself and by carol.
#[test]
fn topics_take_a_capability_of_their_own_whatever_becomes_of_the_body() {
    let first = sent("bob", 10, message(1, text("Hello")).topic_id("here"));
    for (sender, capability) in [("bob", Cap::CAN_EDIT_OWN_TOPIC), ("carol", Cap::CAN_EDIT_OTHER_TOPIC)] {
        let moved = message(2, text("Hello")).topic_id("there").replaces(first.id());
        let moved = sent(sender, 20, moved);
        for (capabilities, topic) in [(&[capability][..], "there"), (&[], "here")] {
            let room = four().can(2, &[Cap::CAN_SEND_MESSAGE]).can(2, capabilities).room();
            let timeline = fold(&room, &RoleHistory::default(), [&moved, &first]);
            let entry = timeline.entry(&first.id()).unwrap();
            assert_eq!(entry.topic_id(), topic.as_bytes(), "{sender}");
            assert!(!entry.is_edited());
            let refused = timeline.get(&moved.id()).unwrap().findings().into_iter().any(|finding| {
                matches!(finding, TimelineFinding::TopicNotAuthorized(ContentRefusal::Lacks(need)) if need.capability == capability)
            });
            assert_eq!(refused, topic == "here");
        }
    }
}

#[test]
fn every_change_takes_can_send_message() {
    let first = sent("bob", 10, message(1, text("Hello")));
    let delete = sent("bob", 20, message(2, null()).replaces(first.id()));
    let room = four().can(2, &[Cap::CAN_DELETE_OWN_MESSAGE]).room();
    let timeline = fold(&room, &RoleHistory::default(), [&first, &delete]);
    let VersionState::NotAuthorized(why) = timeline.get(&delete.id()).unwrap().standing() else { panic!() };
    lacks(Err(why.clone()), Cap::CAN_SEND_MESSAGE);
}

#[test]
fn an_edit_takes_what_its_new_content_takes_and_mentions_take_nothing() {
    let first = sent("bob", 10, message(1, text("Hello")));
    let edit = |with: &str| sent("bob", 20, message(2, text(with)).replaces(first.id()));
    let can_edit = [Cap::CAN_EDIT_OWN_MESSAGE];
    lacks(judged(&first, &edit("https://b.example"), &can_edit), Cap::CAN_SEND_LINK);
    let with_links = [Cap::CAN_EDIT_OWN_MESSAGE, Cap::CAN_SEND_LINK];
    assert_eq!(judged(&first, &edit("https://b.example"), &with_links), Ok(()));
    // Carol is a participant here, erin isn't.
    let (carol, erin) = ("mimi://a.example/u/carol", "mimi://a.example/u/erin");
    let scene = four().inactive(carol, 2).can(2, &[Cap::CAN_SEND_MESSAGE, Cap::CAN_EDIT_OWN_MESSAGE]);
    for (who, is_current) in [(carol, true), (erin, false)] {
        let edit = edit(who);
        let timeline = fold(&scene.room(), &RoleHistory::default(), [&first, &edit]);
        assert_eq!(timeline.entry(&first.id()).unwrap().is_edited(), is_current, "{who}");
    }
}

/// What is kept of a message, or isn't.
struct Kept(Option<Vec<u8>>);

impl mimi_policy::message::EncodedMessage for Kept {
    fn encoded(&self) -> Option<std::borrow::Cow<'_, [u8]>> {
        self.0.as_ref().map(|encoded| encoded.into())
    }
}

#[test]
fn refuses_edits_whose_content_is_not_at_hand() {
    let room = four().can(2, &[Cap::CAN_SEND_MESSAGE, Cap::CAN_EDIT_OWN_MESSAGE]).room();
    let history = RoleHistory::default();
    let first = sent("bob", 10, message(1, text("Hello")));
    let edit = sent("bob", 20, message(2, text("Hello!")).replaces(first.id()));
    let whole = edit.content.encode();
    for (kept, allowed) in [(None, false), (Some(whole[1..].to_vec()), false), (Some(whole), true)] {
        let mut timeline = Timeline::new();
        for (sent, kept) in [(&first, None), (&edit, kept)] {
            let received =
                TimelineMessage::from_owned(sent.id(), sent.sender, sent.accepted_ms, &sent.content);
            let _ = timeline.insert(received, Kept(kept), &history.authorize(&room));
        }
        let standing = timeline.get(&edit.id()).unwrap().standing();
        let expected = if allowed {
            VersionState::Edit
        } else {
            VersionState::NotAuthorized(&ContentRefusal::NotAtHand)
        };
        assert_eq!(standing, expected);
    }
}

/// A room in which alice, an admin, moves others between the roles user (2) and guest (4), and
/// users delete what others write.
fn changing() -> Scene {
    four()
        .can(3, &[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_CHANGE_ROLE_DEFINITIONS, Cap::CAN_REMOVE_PARTICIPANT])
        .moves(3, 2, &[0, 4])
        .moves(3, 4, &[2])
        .can(2, &[Cap::CAN_SEND_MESSAGE, Cap::CAN_DELETE_OTHER_MESSAGE])
        .can(4, &[Cap::CAN_SEND_MESSAGE])
}

/// Applies alice's commit.
fn commit(room: &mut RoomState, history: &mut RoleHistory, accepted_ms: u64, changes: impl Into<Changes>) {
    let plan = room.check(&by("alice"), Form::Commit, &changes.into().0).unwrap();
    history.apply(room, plan, accepted_ms).unwrap();
}

#[test]
fn the_role_at_the_change_counts_and_neither_that_at_the_message_nor_that_of_now() {
    let first = sent("carol", 10, message(1, text("Hello")));
    // Dave is a guest until 100, a user until 200, and a guest again.
    let deletions = [(99, false), (100, true), (199, true), (200, false)].map(|(accepted_ms, allowed)| {
        (sent("dave", accepted_ms, message(2, null()).replaces(first.id())), allowed)
    });
    for (delete, allowed) in &deletions {
        // Each of the two arrives live, or after all commits.
        for (message_late, delete_late) in [(false, false), (false, true), (true, false), (true, true)] {
            let (mut room, mut history) = (changing().room(), RoleHistory::default());
            let mut timeline = Timeline::new();
            let mut arrive = |room: &RoomState, history: &RoleHistory, now_ms: u64, late: bool| {
                for (sent, is_late) in [(delete, delete_late), (&first, message_late)] {
                    if is_late == late && sent.accepted_ms < now_ms && timeline.get(&sent.id()).is_none() {
                        insert(&mut timeline, room, history, sent);
                    }
                }
            };
            arrive(&room, &history, 100, false);
            commit(&mut room, &mut history, 100, set("dave", 2));
            arrive(&room, &history, 200, false);
            commit(&mut room, &mut history, 200, set("dave", 4));
            arrive(&room, &history, u64::MAX, false);
            arrive(&room, &history, u64::MAX, true);
            let state = timeline.entry(&first.id()).unwrap().state(300);
            assert_eq!(state == EntryState::Deleted, *allowed, "accepted at {}", delete.accepted_ms);
        }
    }
}

#[test]
fn a_user_who_left_has_said_what_it_said_and_says_no_more() {
    let (mut room, mut history) = (changing().room(), RoleHistory::default());
    let first = sent("bob", 10, message(1, text("Hello")));
    let [before, after] =
        [99, 100].map(|ms| sent("carol", ms, message(ms as u8, null()).replaces(first.id())));
    commit(&mut room, &mut history, 100, [remove("carol"), remove_client("carol", 1)]);
    let timeline = fold(&room, &history, [&after, &before, &first]);
    assert_eq!(timeline.get(&before.id()).unwrap().standing(), VersionState::Deletion);
    let VersionState::NotAuthorized(why) = timeline.get(&after.id()).unwrap().standing() else { panic!() };
    lacks(Err(why.clone()), Cap::CAN_SEND_MESSAGE);
}

#[test]
fn new_definitions_of_roles_count_from_their_time_on() {
    let (mut room, mut history) = (changing().room(), RoleHistory::default());
    let stricter =
        changing().edit(2, |role| role.role_capabilities = vec![Cap::CAN_SEND_MESSAGE]).parts.roles;
    commit(&mut room, &mut history, 100, mimi_policy::Change::UpdateRoles(stricter));
    let first = sent("bob", 10, message(1, text("Hello")));
    for (accepted_ms, state) in [(99, EntryState::Deleted), (100, EntryState::Shown)] {
        let delete = sent("carol", accepted_ms, message(2, null()).replaces(first.id()));
        let timeline = fold(&room, &history, [&first, &delete]);
        assert_eq!(timeline.entry(&first.id()).unwrap().state(300), state);
    }
}

#[test]
fn a_reply_stays_in_the_topic_of_the_message_that_the_timeline_has() {
    let room = four().can(2, &[Cap::CAN_SEND_MESSAGE, Cap::CAN_REPLY_IN_TOPIC]).room();
    let history = RoleHistory::default();
    let first = sent("bob", 10, message(1, text("Hello")).topic_id("here"));
    let edit = sent("bob", 20, message(2, text("Hallo")).topic_id("here").replaces(first.id()));
    let react = sent("bob", 25, message(3, reaction("+")).in_reply_to(first.id()));
    let timeline = fold(&room, &history, [&first, &edit, &react]);
    let known = KnownThen { timeline: &timeline, room: &room, history: &history, accepted_ms: 30 };
    let holds = |capability| history.had_capability(&room, &user("carol"), capability, 30);
    // To a later version as to the first one, and to a reaction, which has no topic.
    for (to, topic, refused) in [
        (&first, "here", None),
        (&edit, "here", None),
        (&edit, "there", Some(Cap::CAN_REPLY_TO_MESSAGE)),
        (&react, "here", Some(Cap::CAN_REPLY_TO_MESSAGE)),
    ] {
        let reply = message(4, text("Yes")).topic_id(topic).in_reply_to(to.id()).build().unwrap().encode();
        let reply = mimi_content::MimiContentRef::decode(&reply).unwrap();
        let result = authorize(&reply, &"carol".try_into().unwrap(), &known, holds);
        match refused {
            None => assert_eq!(result.unwrap().act(), MessageAction::Reply),
            Some(capability) => lacks(result.map(|_| ()), capability),
        }
    }
}

#[test]
fn a_stale_plan_leaves_the_history_as_it_is() {
    let (mut room, mut history) = (changing().room(), RoleHistory::default());
    let stale = room.check(&by("alice"), Form::Commit, &[set("dave", 2).into()]).unwrap();
    commit(&mut room, &mut history, 100, set("bob", 4));
    history.apply(&mut room, stale, 200).unwrap_err();
    assert_eq!(history.role_at(&room, &user("dave"), 150), Some(4));
    assert_eq!(history.role_at(&room, &user("bob"), 99), Some(2));
    // A time that runs backwards is that of the change before.
    commit(&mut room, &mut history, 50, set("dave", 2));
    assert_eq!([99, 100].map(|ms| history.role_at(&room, &user("dave"), ms)), [Some(4), Some(2)]);
}

proptest! {
    /// The history says of every time what a copy of the room at that time said.
    #[test]
    fn the_history_says_what_the_room_said_then(
        changes in prop::collection::vec((0u64..4, 0usize..4, 0usize..5), 1..20),
        forget in 0u64..20,
    ) {
        let names = ["alice", "bob", "carol", "dave"];
        let others = &names[1..];
        let scene = changing()
            .can(3, &[Cap::CAN_ADD_PARTICIPANT])
            .moves(3, 0, &[2, 4])
            .moves(3, 4, &[0]);
        let (mut room, mut history) = (scene.room(), RoleHistory::default());
        let mut now = 1;
        let mut copies = vec![(0, room.clone())];
        for (later, who, what) in changes {
            now += later;
            let who = others[who % others.len()];
            let mut leaves: Vec<_> = Vec::new();
            let clients: Vec<_> = room.clients_of(&user(who)).cloned().collect();
            for client in clients {
                leaves.push(mimi_policy::Change::RemoveClient { user: user(who), client }.into());
            }
            let changes = match what {
                0 => vec![set(who, 2).into()],
                1 => vec![set(who, 4).into()],
                2 => vec![add(who, 2).into()],
                3 => { leaves.insert(0, remove(who).into()); leaves }
                _ => {
                    let mut roles = room.roles().clone();
                    let capabilities = &mut roles.roles[2].role_capabilities;
                    if capabilities.pop().is_none() {
                        capabilities.extend([Cap::CAN_DELETE_OTHER_MESSAGE, Cap::CAN_SEND_MESSAGE]);
                    }
                    vec![mimi_policy::Change::UpdateRoles(roles).into()]
                }
            };
            let form = if later % 2 == 0 { Form::Proposal } else { Form::Commit };
            let changes: Vec<mimi_policy::ProposedChange> = changes;
            if let Ok(plan) = room.check(&by("alice"), form, &changes) {
                history.apply(&mut room, plan, now).unwrap();
                copies.push((now, room.clone()));
            }
        }
        let check = |history: &RoleHistory, from: u64| {
            for ms in from..=now + 1 {
                let then = &copies.iter().rev().find(|(since, _)| *since <= ms).unwrap().1;
                for name in names {
                    let user = user(name);
                    assert_eq!(history.role_at(&room, &user, ms), then.role_of(&user), "{name} at {ms}");
                    for capability in [Cap::CAN_SEND_MESSAGE, Cap::CAN_DELETE_OTHER_MESSAGE] {
                        let held = then.role_of(&user).is_some() && then.has_capability(&user, capability);
                        assert_eq!(history.had_capability(&room, &user, capability, ms), held, "{name} at {ms}");
                    }
                }
            }
        };
        check(&history, 0);
        history.forget_before(forget);
        check(&history, forget);
        // What was forgotten is taken for what held then.
        for name in names {
            let [then, before] = [forget, 0].map(|ms| history.role_at(&room, &user(name), ms));
            assert_eq!(then, before);
        }
    }
}
