//! What a room, a plan and their parts say of themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::room_policy::Optionality;
use mimi_policy::component::{Because, ComponentAnswer};
use mimi_policy::{Change, Form, OwnLogEntry, Reason, RoleHistory};
use scene::*;

use Form::{Commit, Message, Proposal};

fn ruled() -> Scene {
    four().can(3, &[Cap::CAN_REMOVE_PARTICIPANT, Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_DESTROY_ROOM]).moves(
        3,
        2,
        &[0, 4],
    )
}

#[test]
fn active_are_those_on_the_list_with_a_client() {
    let mut room = ruled().inactive("erin", 2).room();
    let active = |room: &mimi_policy::RoomState| {
        ["alice", "bob", "carol", "dave", "erin", "frank"].map(|name| room.is_active(&user(name)))
    };
    assert_eq!(active(&room), [true, true, true, true, false, false]);
    // Bob's clients are still there.
    accept(&mut room, &by("alice"), Proposal, remove("bob"));
    assert_eq!(active(&room), [true, false, true, true, false, false]);
    assert_eq!(room.user_of(&device("bob", 1)), Some(&user("bob")));
}

#[test]
fn banned_are_those_with_the_banned_role() {
    let scene = four().inactive("erin", 1);
    let banned = |scene: &Scene| ["alice", "erin", "frank"].map(|name| scene.room().is_banned(&user(name)));
    assert_eq!(banned(&scene), [false, true, false]);
    assert_eq!(banned(&scene.edit(1, |role| role.role_name = "lurker".into())), [false; 3]);
}

#[test]
fn roles_are_found_by_their_index() {
    let room = scene().room();
    let name = |index| room.role(index).map(|role| role.role_name.as_str());
    assert_eq!((name(0), name(4), name(5)), (Some("no_role"), Some("guest"), None));
    assert_eq!(room.roles().roles.len(), 5);
}

#[test]
fn the_version_counts_what_was_applied() {
    let mut room = ruled().room();
    let first = room.version();
    accept(&mut room, &by("alice"), Commit, set("bob", 4));
    assert_eq!(room.version(), first + 1);
    accept(&mut room, &by("alice"), Proposal, set("carol", 4));
    assert_eq!(room.version(), first + 2);
}

#[test]
fn a_plan_says_whether_it_ends_the_room() {
    let plan = |change: Change| ruled().decide(&by("alice"), Commit, &[change.into()]).unwrap();
    assert!(plan(Change::DestroyRoom).destroys_room());
    assert!(!plan(set("bob", 4)).destroys_room());
}

#[test]
fn an_answer_is_yes_or_no() {
    assert!(ComponentAnswer::of(Optionality::Required, false).is_yes());
    assert!(!ComponentAnswer::No(Because::OwnChoice).is_yes());
}

#[test]
fn no_user_speaks_in_a_temporary_room_without_clients() {
    let temporary = |scene: Scene| scene.base(|base| base.persistent_room = false).room();
    let reason = |room: &mimi_policy::RoomState| room.check_message(&by("bob"), &[]).map_err(|no| no.reason);
    let inactive = || scene().inactive("bob", 2).can(2, &[Cap::CAN_SEND_MESSAGE]);
    assert_eq!(reason(&temporary(inactive())).unwrap_err(), Reason::RoomGone);
    // Of a persistent one, he is no member.
    assert_eq!(reason(&inactive().room()).unwrap_err(), Reason::NotAMember(device("bob", 1)));
    assert_eq!(reason(&temporary(inactive().client("bob", 1))).unwrap().form(), Message);
}

/// A hub that let a user go and not its clients: they are the user's to remove, as they would be of
/// its proposer.
#[test]
fn what_was_accepted_of_a_user_about_itself_takes_no_clients_along() {
    let mut room = four().room();
    let plan =
        room.plan_restored(&OwnLogEntry::from_own_storage(by("bob"), vec![remove("bob").into()])).unwrap();
    room.apply(plan).unwrap();
    let lacks = Reason::MissingCapability { role: 4, capability: Cap::CAN_KICK };
    assert_eq!(refuses(&room, &by("dave"), Commit, remove_client("bob", 1)), (Some(0), lacks));
    allows(&room, &by("bob"), Proposal, remove_client("bob", 1));
    // Of another user it does.
    let mut room = four().room();
    let plan =
        room.plan_restored(&OwnLogEntry::from_own_storage(by("alice"), vec![remove("bob").into()])).unwrap();
    room.apply(plan).unwrap();
    allows(&room, &by("dave"), Commit, remove_client("bob", 1));
}

#[test]
fn a_joiners_leaf_is_named_by_itself_alone() {
    let scene = four().can(2, &[Cap::CAN_ADD_OWN_CLIENT]);
    let join = |changes: Vec<mimi_policy::ProposedChange>| {
        let mut room = scene.room();
        let plan = room.check(&by_device("bob", 2), Form::ExternalCommit, &changes)?;
        room.apply(plan).unwrap();
        Ok(room.clients_of(&user("bob")).count())
    };
    assert_eq!(join(vec![]), Ok(2));
    assert_eq!(join(vec![add_client("bob", 2).into()]), Ok(2));
    let refused = |changes: Vec<mimi_policy::ProposedChange>| {
        let refusal: mimi_policy::Refusal = join(changes).unwrap_err();
        (refusal.change, refusal.reason)
    };
    // Another user's proposal of the same leaf is another operation on it.
    let second = Reason::SecondClientOperation(device("bob", 2));
    assert_eq!(refused(vec![add_client("bob", 2).by(by("bob"))]).1, second);
    // And who brings another client comes itself, too.
    let (change, reason) = refused(vec![add_client("bob", 3).into()]);
    assert_eq!((change, reason), (Some(0), Reason::NotInThisForm { form: Form::ExternalCommit }));
}

#[test]
fn a_history_forgets_what_ended_by_then() {
    let mut room = ruled().moves(3, 4, &[2]).can(3, &[Cap::CAN_CHANGE_ROLE_DEFINITIONS]).room();
    let mut history = RoleHistory::default();
    let carol = user("carol");
    let mut apply = |room: &mut mimi_policy::RoomState, change: Change, at| {
        let plan = room.check(&by("alice"), Commit, &[change.into()]).unwrap();
        history.apply(room, plan, at).unwrap();
    };
    apply(&mut room, set("carol", 4), 1000);
    let roles = ruled().moves(3, 4, &[2]).can(3, &[Cap::CAN_CHANGE_ROLE_DEFINITIONS]);
    let roles = roles.can(4, &[Cap::CAN_SEND_MESSAGE]).parts.roles;
    apply(&mut room, Change::UpdateRoles(roles), 2000);
    let sends = |history: &RoleHistory, room: &mimi_policy::RoomState, at| {
        history.had_capability(room, &carol, Cap::CAN_SEND_MESSAGE, at)
    };
    let role = |history: &RoleHistory, room: &mimi_policy::RoomState| history.role_at(room, &carol, 999);
    assert_eq!((role(&history, &room), sends(&history, &room, 1999)), (Some(2), false));
    history.forget_before(999);
    assert_eq!(role(&history, &room), Some(2));
    history.forget_before(1000);
    assert_eq!((role(&history, &room), sends(&history, &room, 1999)), (Some(4), false));
    history.forget_before(2000);
    assert!(sends(&history, &room, 1999));
}
