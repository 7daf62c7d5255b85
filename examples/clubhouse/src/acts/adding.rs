//! Act 2: users and their clients are added (mimi-protocol-06 §3.2 and §3.3). Key packages come by
//! way of the hub, so that it knows where the Welcome goes; the participant list and the group
//! change in one commit.

use mimi_codec::{ClientUri, UserUri};
use mimi_room::Wishes;

use super::roles;
use crate::{Result, ensure, story::Story};

pub(super) fn play(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    story.world.narrator.scene("Alice adds Bob: both of his clients, and Bob himself as an ordinary user");
    add(story, &cast.client_a1, &cast.bob, roles::ORDINARY_USER)?;
    story
        .world
        .narrator
        .scene("Bob adds Cathy: now everything goes through the hub, and it tells Alice as well");
    add(story, &cast.client_b1, &cast.cathy, roles::ORDINARY_USER)?;

    ensure!(story.members().len() == 4, "{:?}", story.members());
    story.check_agreement()
}

/// One adds another with all clients.
pub(super) fn add(story: &mut Story, by: &ClientUri, user: &UserUri, role: u32) -> Result<()> {
    let room = story.room.clone();
    let clients = story.world.key_packages(by, &room, user)?;
    let wishes = Wishes::default().add(user.clone(), role, clients);
    let outcome = story.world.commit(by, &room, &wishes)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    Ok(())
}
