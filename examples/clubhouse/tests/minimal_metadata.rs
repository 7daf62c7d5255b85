//! Act 8 alone: it has a world of its own, so that it needs no other act.

#![allow(clippy::unwrap_used)]

use clubhouse::{acts::ACTS, narrator::Event, stack, story::Story};

/// The act's events, in a suite.
fn played(suite: u16) -> Vec<Event> {
    let mut story = Story::new(stack::suite(suite).unwrap(), 1).unwrap();
    let act = ACTS.iter().find(|act| act.number == 8).unwrap();
    (act.play)(&mut story).unwrap();
    story.world.narrator.events().to_vec()
}

#[test]
fn the_hub_knows_no_user_and_the_members_know_all_in_every_suite() {
    for suite in 1..=3 {
        let events = played(suite);
        let searched = events
            .iter()
            .filter(|event| matches!(event, Event::Note(note) if note.contains("no name and no key")));
        assert_eq!(searched.count(), 3);
        let knows = |users: &str| {
            let expected = format!("leaf by leaf, {users}");
            events.iter().any(|event| matches!(event, Event::Saw { what, .. } if *what == expected))
        };
        assert!(knows("alice, bob, bob, charlie, dave") && knows("alice, bob, bob, charlie"));
        assert!(!knows("alice, charlie"));
    }
}

#[test]
fn no_body_between_servers_and_clients_names_anybody() {
    for event in played(1) {
        let Event::Sent(body) = event else { continue };
        for name in ["u/alice", "u/bob", "u/charlie", "u/dave", "alice-1", "bob-1", "bob-2"] {
            let found = body.bytes.windows(name.len()).any(|window| window == name.as_bytes());
            assert!(!found, "{name} in {} of {}", body.type_name, body.path);
        }
    }
}
