//! Act 7: external joins (mimi-protocol-06 §3.6 and §5.6). The hub hands out the GroupInfo, sealed
//! for who asks, and decides on the commit that follows: a new device of a participant, a
//! participant who was kicked, a stranger with a code.

use super::roles;
use crate::{Result, client::Says, ensure, story::Story};

pub(super) fn play(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    let world = &mut story.world;

    world
        .narrator
        .scene("Cathy has a new device, ClientC3: it is not in the group, but Cathy is on the list");
    let client_c3 = world.new_client(&cast.cathy, "ClientC3")?;
    let tbe = world.fetch_group_info(&client_c3, &room, None)?.ok_or("the hub says no")?;
    let outcome = world.join_externally(&client_c3, &room, tbe, None)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);

    world.narrator.scene("Dave, who was pardoned, comes back by the same door");
    let tbe = world.fetch_group_info(&cast.client_d1, &room, None)?.ok_or("the hub says no")?;
    let outcome = world.join_externally(&cast.client_d1, &room, tbe, None)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);

    world.narrator.scene("Erin is a stranger: without a code, and with a made-up one, she gets nothing");
    let answer = world.fetch_group_info(&cast.client_e1, &room, None)?;
    ensure!(answer.is_none(), "the hub gives Erin the GroupInfo");
    let answer = world.fetch_group_info(&cast.client_e1, &room, Some(b"please"))?;
    ensure!(answer.is_none(), "the hub gives Erin the GroupInfo");

    world.narrator.scene("Alice has a code made, and gives it to Erin by other ways");
    let expires = world.tick().saturating_add(60_000);
    let code = world.hub_of(&room)?.issue_join_code(&room, &cast.alice, roles::GUEST, expires)?;
    let tbe = world.fetch_group_info(&cast.client_e1, &room, Some(&code))?.ok_or("the hub says no")?;
    let outcome = world.join_externally(&cast.client_e1, &room, tbe, Some(roles::GUEST))?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    let codes = world.hub_of(&room)?.room(&room)?.codes();
    ensure!(codes.shown(0).is_empty(), "the code can be used again");

    world.narrator.scene("She says hello, and all who are here hear it");
    let said = world.say(&cast.client_e1, &room, &Says::Text("Hello from outside"))?;
    said.accepted()?;
    ensure!(said.received.len() == 4, "{} clients got it", said.received.len());
    story.check_agreement()
}
