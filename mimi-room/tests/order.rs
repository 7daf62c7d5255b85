//! A client's own handshakes take their place in the hub's order, whatever arrives first, and
//! outlive a client that is killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

#[allow(dead_code)]
mod model;

use mimi_codec::room_policy::RoleData;
use mimi_policy::preset::ExampleRoom;
use mimi_room::{
    Wishes,
    client::{ClientError, Event},
};
use model::{
    suite,
    world::{Names, World, hub, user},
};

const ALICE: usize = 0;
const BOB: usize = 2;
const CAROL: usize = 4;

/// Admins change each other's roles; at most so many of them are allowed.
fn roles(admins: u32) -> RoleData {
    let mut roles = ExampleRoom::Strict.roles();
    for role in &mut roles.roles {
        if role.role_index == 3 {
            role.maximum_participants_constraint = Some(admins);
        }
    }
    roles
}

fn propose(world: &mut World, client: usize, wishes: Wishes) -> mimi_codec::protocol::UpdateRequest {
    world.room(client).propose(&suite(), &Names, &wishes).unwrap()
}

/// All lists wait at every client as they wait at the hub, and any client commits them.
fn goes_on(mut world: World, committer: usize) {
    let hub = hub();
    world.settle();
    let hosted = world.hosted.room().waiting().clone();
    for client in [ALICE, BOB, CAROL] {
        assert_eq!(*world.room(client).room().waiting(), hosted);
    }
    let waiting = world.hosted.room().waiting().len();
    assert!(world.commit(&hub, committer, &Wishes::default()), "{waiting} proposals");
    world.settle();
    let context = world.hosted.room().group_context().clone();
    for client in world.clients.iter().filter_map(|it| it.room.as_ref()) {
        assert_eq!(*client.room().group_context(), context);
    }
}

#[test]
fn what_the_hub_accepted_earlier_is_judged_without_a_later_list_of_ones_own() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    // Bob gives Carol another role, then Alice takes away Bob's. Alice hears the hub's answer
    // before she receives Bob's list, of which Bob would have no right any more.
    let first = propose(&mut world, BOB, Wishes::default().set_role(user(CAROL), 3));
    let second = propose(&mut world, ALICE, Wishes::default().set_role(user(BOB), 2));
    assert!(world.arrive(&hub, BOB, &first));
    assert!(world.arrive(&hub, ALICE, &second));
    assert!(matches!(world.hear(ALICE), Some(Event::Proposals { .. })));
    let event = world.receive(ALICE);
    assert!(matches!(&event, Event::Proposals { rights, .. } if !rights.is_empty()), "{event:?}");
    goes_on(world, ALICE);
}

#[test]
fn an_own_list_that_rests_on_what_has_not_arrived_is_held_until_then() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(4), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let [dave, frank] = ["dave", "frank"]
        .map(|name| mimi_codec::UserUri::try_from(&*format!("mimi://b.example/u/{name}")).unwrap());
    let add = Wishes::default().add(dave.clone(), 2, vec![]).add(frank.clone(), 3, vec![]);
    assert!(world.commit(&hub, ALICE, &add));
    world.settle();
    // Four admins are allowed. Alice makes Carol the fourth; before that, Bob makes it Dave, and
    // takes the role from Frank. In between, Alice's list is one too many.
    let promote = propose(&mut world, BOB, Wishes::default().set_role(dave, 3));
    let third = propose(&mut world, ALICE, Wishes::default().set_role(user(CAROL), 3));
    assert!(world.arrive(&hub, BOB, &promote));
    world.hear(BOB);
    let demote = propose(&mut world, BOB, Wishes::default().set_role(frank, 2));
    assert!(world.arrive(&hub, BOB, &demote));
    assert!(world.arrive(&hub, ALICE, &third));
    assert!(matches!(world.receive(ALICE), Event::Proposals { .. }));
    let Some(Event::Early { references: held }) = world.hear(ALICE) else { panic!() };
    assert_eq!(world.room(ALICE).commit(&Names, &Wishes::default()), Err(ClientError::Behind));
    world.restart_client(ALICE);
    let Event::Proposals { references, .. } = world.receive(ALICE) else { panic!() };
    assert_eq!(references[1..], held);
    goes_on(world, ALICE);
}

#[test]
fn a_killed_client_sends_its_commit_again_and_learns_what_became_of_it() {
    let hub = hub();
    let start = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    for arrived in [false, true] {
        let mut world = start.clone();
        let request = world.room(BOB).commit(&Names, &Wishes::default()).unwrap();
        if arrived {
            assert!(world.arrive(&hub, BOB, &request));
            // The answer and the fan-out are lost with the client.
            world.clients[BOB].answer = None;
            world.clients[BOB].mail.clear();
        }
        world.restart_client(BOB);
        assert_eq!(world.room(BOB).pending_request(), Some(&request));
        assert!(world.arrive(&hub, BOB, &request));
        assert!(matches!(world.hear(BOB), Some(Event::Commit { .. })));
        world.settle();
        assert_eq!(world.hosted.room().epoch(), 2);
        goes_on(world, CAROL);
    }
}

#[test]
fn a_killed_client_sends_its_proposals_again_and_they_wait_once() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let request = world.room(CAROL).leave(&suite(), &Names).unwrap();
    assert!(world.arrive(&hub, CAROL, &request));
    world.clients[CAROL].answer = None;
    world.restart_client(CAROL);
    assert!(world.arrive(&hub, CAROL, &request));
    assert_eq!(world.hosted.room().waiting().len(), 2);
    assert!(matches!(world.hear(CAROL), Some(Event::Proposals { .. })));
    // The copy that the hub fans out to its sender says nothing new.
    assert_eq!(world.receive(CAROL), Event::Duplicate);
    goes_on(world, ALICE);
}

#[test]
fn a_commit_whose_answer_is_lost_counts_when_the_hub_hands_it_on() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let request = world.room(BOB).commit(&Names, &Wishes::default()).unwrap();
    assert!(world.arrive(&hub, BOB, &request));
    assert!(!world.clone().commit(&hub, ALICE, &Wishes::default()));
    world.settle();
    assert!(world.commit(&hub, ALICE, &Wishes::default()));
    world.settle();
    // Meanwhile the hub is further on: the repeated commit is of another epoch, which says nothing
    // about whether it was accepted.
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let request = world.room(BOB).commit(&Names, &Wishes::default()).unwrap();
    assert!(world.arrive(&hub, BOB, &request));
    world.clients[BOB].answer = None;
    world.receive(ALICE);
    assert!(world.commit(&hub, ALICE, &Wishes::default()));
    assert!(!world.arrive(&hub, BOB, &request));
    assert_eq!(world.hear(BOB), None);
    assert_eq!(world.room(BOB).commit(&Names, &Wishes::default()), Err(ClientError::AnswerPending));
    goes_on(world, BOB);
}

#[test]
fn proposals_whose_answer_is_lost_count_once_a_commit_refers_to_them() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let request = propose(&mut world, BOB, Wishes::default().set_role(user(CAROL), 3));
    assert!(world.arrive(&hub, BOB, &request));
    // Neither the answer nor the own fan-out reaches Bob.
    world.clients[BOB].answer = None;
    world.clients[BOB].mail.clear();
    world.receive(ALICE);
    assert!(world.commit(&hub, ALICE, &Wishes::default()));
    assert!(matches!(world.receive(BOB), Event::Commit { .. }));
    goes_on(world, BOB);
}

#[test]
fn what_the_stack_has_made_and_the_snapshot_does_not_know_is_given_up() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let before = world.room(BOB).snapshot().unwrap();
    for proposes in [false, true] {
        if proposes {
            let _ = propose(&mut world, BOB, Wishes::default().set_role(user(CAROL), 3));
        } else {
            let _ = world.room(BOB).commit(&Names, &Wishes::default()).unwrap();
        }
        // The client was killed before it stored its room.
        let read = mimi_room::client::ClientSnapshot::read(&before).unwrap();
        let stack = world.room(BOB).stack().clone();
        let restored = read.restore(stack, &suite(), &Names, mimi_policy::TableSeed::known()).unwrap();
        world.clients[BOB].room = Some(restored);
        assert!(mimi_room::MlsMember::queued(world.room(BOB).stack()).unwrap().is_empty());
        assert_eq!(world.room(BOB).snapshot().unwrap(), before);
    }
    // The other way round: the stack was stored before the room's handshake.
    let stack = world.room(BOB).stack().clone();
    let _ = world.room(BOB).commit(&Names, &Wishes::default()).unwrap();
    let bytes = world.room(BOB).snapshot().unwrap();
    let read = mimi_room::client::ClientSnapshot::read(&bytes).unwrap();
    let refused = read.restore(stack, &suite(), &Names, mimi_policy::TableSeed::known());
    assert!(matches!(refused, Err(mimi_room::RestoreError::Load(_))), "{refused:?}");
    goes_on(World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]), BOB);
}

/// Version 1 of the snapshots ended before what version 2 adds.
#[test]
fn snapshots_of_version_1_are_read() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let request = propose(&mut world, BOB, Wishes::default().set_role(user(CAROL), 3));
    assert!(world.arrive(&hub, BOB, &request));
    world.settle();
    let older = |mut bytes: Vec<u8>, room_at: Option<usize>, added: usize| {
        bytes.truncate(bytes.len() - added);
        bytes[..2].copy_from_slice(&[0, 1]);
        if let Some(place) = room_at {
            // The room is a vector of less than 16,384 bytes, whose length has two.
            let length = usize::from(u16::from_be_bytes([bytes[place] & 0x3F, bytes[place + 1]]));
            assert_eq!(bytes[place] & 0xC0, 0x40);
            let shorter = u16::try_from(length - 2).unwrap() | 0x4000;
            bytes[place..place + 2].copy_from_slice(&shorter.to_be_bytes());
            bytes[place + 2..place + 4].copy_from_slice(&[0, 1]);
            bytes.drain(place + length..place + length + 2);
        }
        bytes
    };
    let newer = world.hosted.room().snapshot().unwrap();
    let read = mimi_room::RoomSnapshot::read(&older(newer.clone(), None, 2)).unwrap();
    let room = read.restore(&suite(), &Names, mimi_policy::TableSeed::known()).unwrap();
    assert_eq!(room.snapshot().unwrap(), newer);
    let newer = world.hosted.snapshot().unwrap();
    let read = mimi_room::hub::HostedSnapshot::read(&older(newer.clone(), Some(2), 1)).unwrap();
    let stack = world.hosted.stack().clone();
    let restored = read.restore(&hub, stack, mimi_room::hub::Queue::Kept, &mut model::world::rng());
    assert_eq!(restored.unwrap().snapshot().unwrap(), newer);
    let newer = world.room(BOB).snapshot().unwrap();
    let read = mimi_room::client::ClientSnapshot::read(&older(newer.clone(), Some(2), 3)).unwrap();
    let stack = world.room(BOB).stack().clone();
    let restored = read.restore(stack, &suite(), &Names, mimi_policy::TableSeed::known()).unwrap();
    assert_eq!(restored.snapshot().unwrap(), newer);
    assert!(mimi_room::RoomSnapshot::read(&[0, 3]).is_err());
}

#[test]
fn a_message_that_an_own_ban_overtakes_is_judged_by_what_held_when_the_hub_accepted_it() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 2), (CAROL, 2)]);
    let ban = world.room(ALICE).set_role(&Names, user(BOB), mimi_policy::BANNED_ROLE).unwrap();
    assert!(world.send(&hub, BOB));
    assert!(world.arrive(&hub, ALICE, &ban));
    assert!(matches!(world.hear(ALICE), Some(Event::Commit { .. })));
    let late = world.clients[ALICE].mail.front().unwrap().clone();
    world.restart_client(ALICE);
    let Event::Message(message) = world.receive(ALICE) else { panic!() };
    assert_eq!((message.sender.user, message.rights.len()), (user(BOB), 0));
    // The hub says that it accepted another after the ban.
    let mut other = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 2), (CAROL, 2)]);
    assert!(other.commit(&hub, ALICE, &Wishes::default().set_role(user(BOB), mimi_policy::BANNED_ROLE)));
    let (_, event) = late.into_parts();
    let late = mimi_codec::protocol::FanoutMessage::new(99, event).unwrap();
    let received = other.room(ALICE).receive(&suite(), &Names, late);
    assert!(matches!(received, Err(ClientError::Refused(_))), "{received:?}");
}

#[test]
fn a_second_list_about_a_participant_is_refused_while_the_first_waits() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(3), &[(ALICE, 3), (BOB, 3), (CAROL, 2)]);
    let one = propose(&mut world, ALICE, Wishes::default().set_role(user(CAROL), 3));
    let other = propose(&mut world, BOB, Wishes::default().set_role(user(CAROL), 3));
    assert!(world.arrive(&hub, ALICE, &one));
    assert!(!world.arrive(&hub, BOB, &other));
    world.hear(BOB);
    goes_on(world, CAROL);
}
