//! Act 4: messages (mimi-protocol-06 §3.4). The hub sees neither words nor who reacts to what; it
//! franks what it cannot read. A user who receives a message verifies the frank, and asks the
//! room's policy about what the hub couldn't see.

use mimi_codec::protocol::{FanoutEvent, FanoutMessage, SubmitResult};

use crate::{
    Result,
    client::{Conduct, Received, Says},
    ensure,
    narrator::Event,
    stack,
    story::Story,
};

pub(super) fn play(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    let world = &mut story.world;

    world.narrator.scene("Cathy says hello");
    let hello = world.say(&cast.client_c1, &room, &Says::Text("Helo, clubhouse"))?.accepted()?;
    world.narrator.scene("She can't spell: an edit replaces the first message");
    world.say(&cast.client_c1, &room, &Says::Edit(hello, "Hello, clubhouse"))?.accepted()?;
    world.narrator.scene("Alice reacts, Bob replies");
    world.say(&cast.client_a1, &room, &Says::React(hello, "\u{1f44b}"))?.accepted()?;
    let reply = world.say(&cast.client_b2, &room, &Says::Reply(hello, "Hello, Cathy. Tea?"))?.accepted()?;
    world.narrator.scene("Bob thinks better of it: a deletion");
    world.say(&cast.client_b1, &room, &Says::Delete(reply))?.accepted()?;
    world.narrator.scene("Alice has read it all: a receipt is a message like any other");
    world.say(&cast.client_a1, &room, &Says::HasRead(vec![hello, reply]))?.accepted()?;

    no_sender_on_the_way(story)?;
    what_the_hub_cannot_see(story)?;

    // Users who were there have the same conversation.
    for client in story.members() {
        let timeline = &story.world.client(&client)?.room(&story.room)?.timeline;
        let entry = timeline.entry(&hello).ok_or("hello is not there")?;
        let now = u64::MAX;
        ensure!(entry.is_edited(), "{client:?} has no edit");
        ensure!(entry.reactions(now).len() == 1, "{client:?} has other reactions");
        let reply = timeline.entry(&reply).ok_or("the reply is not there")?;
        ensure!(reply.deletion().is_some(), "{client:?} still shows the reply");
        ensure!(timeline.suspects().next().is_none(), "{client:?} suspects a user");
    }
    Ok(())
}

/// What followers get of a message has no sender in it: only its provider and the hub know.
fn no_sender_on_the_way(story: &Story) -> Result<()> {
    let name = story.cast.cathy.as_bytes();
    for event in story.world.narrator.events() {
        let Event::Sent(body) = event else { continue };
        if body.type_name != "FanoutMessage" {
            continue;
        }
        let message: FanoutMessage = stack::decode(&body.bytes)?;
        if matches!(message.event(), FanoutEvent::Application { .. }) {
            let seen = body.bytes.windows(name.len()).any(|window| window == name);
            ensure!(!seen, "Cathy's URI is in a message that is fanned out");
        }
    }
    Ok(())
}

/// Dave, a guest, may not send links. The hub cannot tell; all others can.
fn what_the_hub_cannot_see(story: &mut Story) -> Result<()> {
    let (dave, room) = (story.cast.client_d1.clone(), story.room.clone());
    let link = Says::Text("Cheap tea at https://tea.example/");
    story
        .world
        .narrator
        .scene("Dave sends a link, which a guest may not: the hub sees ciphertext, the others see a link");
    ensure!(story.world.client(&dave)?.say(&room, &link, Conduct::Asks).is_err(), "his client lets him");
    let (request, _) = story.world.client(&dave)?.say(&room, &link, Conduct::DoesntAsk)?;
    let (response, received) = story.world.submit(&dave, &room, &request)?;
    ensure!(matches!(response.status_code, SubmitResult::Accepted { .. }), "the hub refuses it");
    ensure!(received.len() == 4, "{} clients got it", received.len());
    for (client, received) in &received {
        ensure!(matches!(received, Received::RefusedMessage(_)), "{client:?} has taken it: {received:?}");
    }
    Ok(())
}
