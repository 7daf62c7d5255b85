//! Every act, with every suite. An act that ends without an error has shown what it promises; here is asked what the narrator wrote down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use clubhouse::{
    acts::ACTS,
    narrator::{Event, Hop},
    output::{diagram, json, text, trace},
    stack,
    story::Story,
};
use mimi_codec::{DecodeError, registry};

fn play(suite: u16, last: u8) -> Story {
    let mut story = Story::new(stack::suite(suite).unwrap(), 1).unwrap();
    story.play_until(last).unwrap();
    story
}

/// The codes of an act's decisions.
fn codes(story: &Story, act: u8) -> Vec<&str> {
    let mut current = 0;
    let mut codes = Vec::new();
    for event in story.world.narrator.events() {
        match event {
            Event::Act { number, .. } => current = *number,
            Event::Decided(verdict) if current == act => codes.extend(verdict.code.as_deref()),
            _ => {}
        }
    }
    codes
}

#[test]
fn the_story_with_suite_1() {
    let story = play(1, u8::MAX);
    let codes = |act| codes(&story, act);
    assert_eq!(codes(3).iter().filter(|code| **code == "notAllowed").count(), 2);
    assert_eq!(codes(3).iter().filter(|code| **code == "invalidProposal").count(), 2);
    assert!(codes(4).iter().all(|code| *code == "accepted"));
    assert_eq!(codes(5).iter().filter(|code| **code == "proven").count(), 1);
    assert_eq!(codes(5).iter().filter(|code| **code == "not proven").count(), 4);
    assert!(codes(6).contains(&"notAllowed") && codes(6).contains(&"notAuthorized"));
    assert_eq!(codes(7).iter().filter(|code| **code == "notAuthorized").count(), 2);
    assert_eq!(codes(10), ["noConsent", "success", "noConsentForThisRoom", "noConsent"]);

    every_body_is_what_its_name_says(&story);
    every_form_of_output_has_every_act(&story);
}

#[test]
fn the_story_with_suite_2() {
    play(2, u8::MAX);
}

#[test]
fn the_story_with_suite_3() {
    play(3, u8::MAX);
}

/// Decodes, and encodes to the same octets.
struct Check<'o>(&'o [u8]);

impl registry::Visitor for Check<'_> {
    type Output = Result<(), DecodeError>;

    fn visit<T: registry::WireType>(self) -> Self::Output {
        let value = T::decode_exact(self.0)?;
        assert_eq!(value.to_bytes().as_deref(), Ok(self.0));
        Ok(())
    }
}

/// What a trace holds, `mimi-vectors inspect` opens: by the same table.
fn every_body_is_what_its_name_says(story: &Story) {
    let files = trace::files(story.world.narrator.events());
    assert!(files.len() > 100, "{} bodies", files.len());
    for file in files {
        match registry::visit(file.type_name, Check(file.octets)) {
            Some(result) => result.unwrap_or_else(|error| panic!("{}: {error}", file.name)),
            None => panic!("{}: no such struct", file.type_name),
        }
    }
}

fn every_form_of_output_has_every_act(story: &Story) {
    let events = story.world.narrator.events();
    let rendered = text::render(events, text::Style::Plain);
    let drawn = diagram::render(events);
    let listed = json::render(events).to_string();
    for act in ACTS {
        assert!(rendered.contains(&format!("Act {}. {}", act.number, act.title)), "act {}", act.number);
        assert!(drawn.contains(&format!("Act {}.", act.number)), "act {}", act.number);
        assert!(listed.contains(&format!("\"number\":{}", act.number)), "act {}", act.number);
    }
    assert!(rendered.lines().all(|line| line.chars().count() <= 100), "a line is too long");
    assert!(drawn.starts_with("sequenceDiagram\n"));
}

/// Between providers nothing travels but endpoints and their answers; what is local stays in one provider.
#[test]
fn bodies_keep_to_the_drafts_hops() {
    let story = play(1, 7);
    let is_server = |party: &str| party.contains('.');
    for event in story.world.narrator.events() {
        let Event::Sent(body) = event else { continue };
        let between_servers = is_server(&body.from) && is_server(&body.to);
        assert_eq!(between_servers, body.hop != Hop::Local, "{} to {}", body.from, body.to);
    }
}
