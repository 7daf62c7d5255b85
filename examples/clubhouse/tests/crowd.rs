//! A room of 200 participants from 20 providers. Without optimization it takes minutes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use clubhouse::{
    acts::{new_room, roles},
    client::{Received, Says},
    stack,
    world::{World, room_uri, user_uri},
};
use mimi_room::Wishes;

#[test]
#[cfg_attr(debug_assertions, ignore = "for --release")]
fn two_hundred_participants_from_twenty_providers() {
    let domains: Vec<String> = (0..20).map(|number| format!("p{number}.example")).collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let mut world = World::new(stack::suite(1).unwrap(), &names, 1).unwrap();
    let room = room_uri("p0.example", "crowd").unwrap();
    let alice = user_uri("p0.example", "alice").unwrap();
    let client = world.new_client(&alice, "alice1").unwrap();
    new_room(&mut world, &room, &alice, &client).unwrap();

    let (mut wishes, mut users) = (Wishes::default(), Vec::new());
    for number in 1..200 {
        let user = user_uri(&domains[number % 20], &format!("user{number}")).unwrap();
        world.new_client(&user, &format!("client{number}")).unwrap();
        world.consent(&user, &alice).unwrap();
        let packages = world.key_packages(&client, &room, &user).unwrap();
        wishes = wishes.add(user.clone(), roles::ORDINARY_USER, packages);
        users.push(user);
    }
    let outcome = world.commit(&client, &room, &wishes).unwrap();
    assert!(outcome.is_accepted(), "{:?}", outcome.response);
    assert_eq!(outcome.received.len(), 199);
    assert!(outcome.received.values().all(|received| matches!(received, Received::Joined)));

    let speaker = world.clients.keys().nth(77).unwrap().clone();
    let said = world.say(&speaker, &room, &Says::Text("There are many of us")).unwrap();
    said.accepted().unwrap();
    assert_eq!(said.received.len(), 199);
    assert!(said.received.values().all(|received| matches!(received, Received::Message(_))));

    let ban = Wishes::default().set_role(users[100].clone(), mimi_policy::BANNED_ROLE);
    let outcome = world.commit(&client, &room, &ban).unwrap();
    assert!(outcome.is_accepted(), "{:?}", outcome.response);
    let commits = outcome.received.values().filter(|received| matches!(received, Received::Commit(_)));
    assert_eq!(commits.count(), 198);
    let hub = world.hub_of(&room).unwrap().room(&room).unwrap().room().policy();
    assert_eq!((hub.participant_count(), hub.client_count()), (200, 199));
}
