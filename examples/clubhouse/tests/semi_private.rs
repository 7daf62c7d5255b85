//! Act 9 alone: it has a world of its own, so that it needs no other act.

#![allow(clippy::unwrap_used)]

use clubhouse::{acts::ACTS, narrator::Event, stack, story::Story};

#[test]
fn members_and_hub_read_what_the_follower_hands_on_in_every_suite() {
    for suite in 1..=3 {
        let mut story = Story::new(stack::suite(suite).unwrap(), 1).unwrap();
        let act = ACTS.iter().find(|act| act.number == 9).unwrap();
        (act.play)(&mut story).unwrap();
        let events = story.world.narrator.events();
        let accepts = |who: &str, what: &str| {
            let by = |event: &&Event| matches!(event, Event::Decided(it) if it.by == who && it.accepted && it.about.contains(what));
            events.iter().filter(by).count()
        };
        assert_eq!(accepts("a.example", "sealed commit"), 2);
        // Those who were added get the tree from the hub, past their providers.
        assert_eq!(accepts("a.example", "request by"), 2);
        assert_eq!([accepts("ClientB1", "commit"), accepts("ClientB1", "Welcome")], [1, 1]);
        assert_eq!([accepts("ClientC1", "commit"), accepts("ClientC1", "Welcome")], [0, 1]);
    }
}
