//! Every act, with every suite. An act that ends without an error has shown what it promises; here
//! is asked what the narrator wrote down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use clubhouse::{
    acts::ACTS,
    client::{Conduct, Received, Says},
    narrator::{Event, Hop},
    output::{diagram, json, text, trace},
    stack,
    story::Story,
    world::World,
};
use mimi_codec::{
    ClientUri, Decode, DecodeError, Encode, RoomUri,
    protocol::{ApplicationMessage, FanoutEvent, FanoutMessage, Frank, UpdateResponseCode},
    registry,
};
use mimi_room::Wishes;

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

/// The first reason of a decision.
fn reason(event: &Event) -> Option<&str> {
    match event {
        Event::Decided(verdict) => verdict.why.first().map(String::as_str),
        _ => None,
    }
}

#[test]
fn the_story_with_suite_1() {
    let story = play(1, u8::MAX);
    let codes = |act| codes(&story, act);
    assert_eq!(codes(3).iter().filter(|code| **code == "notAllowed").count(), 2);
    assert_eq!(codes(3).iter().filter(|code| **code == "invalidProposal").count(), 2);
    assert_eq!(codes(3).iter().filter(|code| **code == "wrongEpoch").count(), 1);
    assert!(codes(4).iter().all(|code| *code == "accepted"));
    assert_eq!(codes(5).iter().filter(|code| **code == "proven").count(), 1);
    assert_eq!(codes(5).iter().filter(|code| **code == "not proven").count(), 4);
    for code in ["notAllowed", "epochTooOld", "notAuthorized"] {
        assert!(codes(6).contains(&code), "no {code}");
    }
    assert_eq!(codes(7).iter().filter(|code| **code == "notAuthorized").count(), 2);
    assert_eq!(codes(10), ["noConsent", "success", "noConsentForThisRoom", "noConsent"]);

    let reasons: Vec<&str> = story.world.narrator.events().iter().filter_map(reason).collect();
    let banned = |reason: &str| reason.contains("u/dave") && reason.contains("banned");
    assert!(reasons.iter().any(|reason| banned(reason)), "{reasons:?}");

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

/// Decodes, and encodes to the same bytes.
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
        match registry::visit(file.type_name, Check(file.bytes)) {
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

/// Between providers nothing travels but endpoints and their answers; what is local stays in one
/// provider.
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

#[test]
fn who_comes_from_outside_waits_for_those_who_leave() {
    let mut story = play(1, 5);
    let (cast, room) = (story.cast.clone(), story.room.clone());
    let world = &mut story.world;
    let new_device = world.new_client(&cast.cathy, "ClientC3").unwrap();
    assert!(world.leave(&cast.client_b1, &room).unwrap().is_accepted());

    let tbe = world.fetch_group_info(&new_device, &room, None).unwrap().unwrap();
    assert_eq!(tbe.pending_proposals.len(), 3);
    let outcome = world.join_externally(&new_device, &room, tbe, None).unwrap();
    assert_eq!(outcome.response.response_code(), UpdateResponseCode::NOT_ALLOWED);
    assert_eq!(outcome.response.error_description(), "accepted proposals wait for a member's commit");

    assert!(world.commit(&cast.client_a1, &room, &Wishes::default()).unwrap().is_accepted());
    let tbe = world.fetch_group_info(&new_device, &room, None).unwrap().unwrap();
    assert!(tbe.pending_proposals.is_empty());
    assert!(world.join_externally(&new_device, &room, tbe, None).unwrap().is_accepted());
    story.check_agreement().unwrap();
}

/// The last message that was fanned out, as its body has it.
fn last_message(world: &World) -> (u64, ApplicationMessage, Option<Frank>) {
    let bodies = world.narrator.events().iter().rev().filter_map(|event| match event {
        Event::Sent(body) if body.type_name == "FanoutMessage" => Some(&body.bytes),
        _ => None,
    });
    for body in bodies {
        let (timestamp, event) = FanoutMessage::decode_exact(body).unwrap().into_parts();
        if let FanoutEvent::Application { message, frank } = event {
            return (timestamp, message, frank);
        }
    }
    panic!("no message");
}

/// Why a client refuses a message.
fn refusal(world: &mut World, client: &ClientUri, room: &RoomUri, message: FanoutMessage) -> String {
    let body = message.to_bytes().unwrap();
    match world.client(client).unwrap().receive(room, &body).unwrap() {
        Received::RefusedMessage(why) => why,
        received => panic!("{received:?}"),
    }
}

/// A provider on the way that changes the time, gives a message another sender's frank, or hands it
/// on twice, is found out.
#[test]
fn clients_refuse_a_wrong_frank_and_a_replay() {
    let mut story = play(1, 4);
    let (cast, room) = (story.cast.clone(), story.room.clone());
    let world = &mut story.world;
    world.say(&cast.client_b1, &room, &Says::Text("One")).unwrap().accepted().unwrap();
    let (timestamp, replayed, of_bob) = last_message(world);
    let mut of_cathy = |text| {
        let client = world.client(&cast.client_c1).unwrap();
        client.say(&room, &Says::Text(text), Conduct::Asks).unwrap().0.app_message
    };
    let (two, three) = (of_cathy("Two"), of_cathy("Three"));
    let message = |timestamp, message, frank| {
        FanoutMessage::new(timestamp, FanoutEvent::Application { message, frank }).unwrap()
    };

    let delayed = message(timestamp + 1, two, of_bob.clone());
    let why = refusal(world, &cast.client_a1, &room, delayed);
    assert!(why.starts_with("franking_integrity_signature"), "{why}");
    let borrowed = message(timestamp, three, of_bob);
    let why = refusal(world, &cast.client_a1, &room, borrowed);
    assert!(why.starts_with("franking_integrity_signature"), "{why}");
    let why = refusal(world, &cast.client_a1, &room, message(timestamp, replayed, None));
    assert!(!why.starts_with("franking_integrity_signature"), "{why}");
}

/// A provider vouches for its own users only, and for one key each.
#[test]
fn a_credential_is_good_for_the_key_that_it_was_made_for() {
    let mut story = play(1, 2);
    let (cast, room) = (story.cast.clone(), story.room.clone());
    let world = &mut story.world;
    world.consent(&cast.erin, &cast.alice).unwrap();
    let mut of_erin = world.key_packages(&cast.client_a1, &room, &cast.erin).unwrap();
    world.consent(&cast.dave, &cast.alice).unwrap();
    let of_dave = world.key_packages(&cast.client_a1, &room, &cast.dave).unwrap();
    // Dave's credential on Erin's key.
    of_erin[0].leaf_node.credential = of_dave[0].leaf_node.credential.clone();
    let authority = world.authority().clone();
    assert!(authority.verify_leaf(&of_dave[0].leaf_node).is_ok());
    assert!(authority.verify_leaf(&of_erin[0].leaf_node).is_err());
}
