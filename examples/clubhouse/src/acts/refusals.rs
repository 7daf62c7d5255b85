//! Act 3: the hub refuses what the room's policy refuses, with the draft's response codes; and
//! clients refuse it too, if the hub does not. Who sends something forbidden here has a client that
//! does not ask.

use mimi_codec::{ClientUri, protocol::UpdateResponseCode};
use mimi_room::Wishes;

use super::{adding::add, roles};
use crate::{Result, client::Received, ensure, story::Story, world::Outcome};

pub(super) fn play(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    story.world.narrator.scene("Alice adds Dave as a guest");
    add(story, &cast.client_a1, &cast.dave, roles::GUEST)?;

    story.world.narrator.scene("Dave would like to add Erin. His client knows that a guest may not");
    let clients = story.world.key_packages(&cast.client_d1, &room, &cast.erin)?;
    let adds_erin = Wishes::default().add(cast.erin.clone(), roles::GUEST, clients.clone());
    let honest = story.world.commit(&cast.client_d1, &room, &adds_erin);
    let Err(why) = honest else { return Err("Dave's client made the commit".into()) };
    story.world.narrator.note(format!("ClientD1 makes no commit: {why}"));

    story.world.narrator.scene("So he changes his client. The hub is not impressed");
    let outcome = story.world.commit_unasked(&cast.client_d1, &room, &adds_erin)?;
    refused(&outcome, UpdateResponseCode::NOT_ALLOWED)?;

    story.world.narrator.scene("Bob, an ordinary user, bans Cathy");
    let bans = Wishes::default().set_role(cast.cathy.clone(), mimi_policy::BANNED_ROLE);
    let outcome = story.world.commit_unasked(&cast.client_b1, &room, &bans)?;
    refused(&outcome, UpdateResponseCode::NOT_ALLOWED)?;

    story
        .world
        .narrator
        .scene("Alice changes the roles and a user's role in one commit: by which roles would it be judged?");
    let mut new_roles = roles::clubhouse();
    new_roles.roles.retain(|role| role.role_index != 5);
    let both = Wishes::default().set_role(cast.dave.clone(), roles::ORDINARY_USER).set_roles(&new_roles)?;
    let outcome = story.world.commit_unasked(&cast.client_a1, &room, &both)?;
    refused(&outcome, UpdateResponseCode::INVALID_PROPOSAL)?;

    story.world.narrator.scene("Bob adds Erin's client, and not Erin: MLS would not mind");
    let client_only = clients.into_iter().fold(Wishes::default(), Wishes::add_client);
    let outcome = story.world.commit_unasked(&cast.client_b1, &room, &client_only)?;
    ensure!(!outcome.is_accepted(), "the hub accepts it");

    a_hub_that_hands_on_everything(story, &cast.client_d1, &adds_erin)?;

    two_at_once(story)?;

    story
        .world
        .narrator
        .scene("No user is confused by all that: an honest commit goes through, and all agree");
    let outcome = story.world.commit(&cast.client_a1, &room, &Wishes::default())?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    story.check_agreement()
}

/// Two commits of one epoch: the hub takes the first, and tells the second which epoch it is.
fn two_at_once(story: &mut Story) -> Result<()> {
    let (cast, room) = (story.cast.clone(), story.room.clone());
    let world = &mut story.world;
    world
        .narrator
        .scene("Bob and Cathy both have new keys, and commit at the same time: one of them is late");
    let new_keys = Wishes::default();
    let of_cathy = world.client(&cast.client_c1)?.commit(&room, &new_keys)?;
    let of_bob = world.commit(&cast.client_b1, &room, &new_keys)?;
    ensure!(of_bob.is_accepted(), "the hub says {:?}", of_bob.response);
    let outcome = world.update(&cast.client_c1, &room, &of_cathy)?;
    refused(&outcome, UpdateResponseCode::WRONG_EPOCH)
}

/// The hub is in league with Dave. All others in the room judge for themselves.
fn a_hub_that_hands_on_everything(story: &mut Story, dave: &ClientUri, adds_erin: &Wishes) -> Result<()> {
    let room = story.room.clone();
    story.world.narrator.scene("Now suppose that the hub were Dave's friend, and handed his commit on");
    let request = story.world.client(dave)?.commit_unasked(&room, adds_erin)?;
    let received = story.world.hand_on_unasked(dave, &room, &request)?;
    ensure!(received.len() == 4, "{} clients got it", received.len());
    for (client, received) in &received {
        ensure!(matches!(received, Received::Refused(_)), "{client:?} has taken it: {received:?}");
    }
    story.world.client(dave)?.forget_commit(&room)
}

fn refused(outcome: &Outcome, code: UpdateResponseCode) -> Result<()> {
    ensure!(outcome.response.response_code() == code, "the hub says {:?}", outcome.response);
    ensure!(outcome.received.is_empty(), "the hub has handed it on");
    Ok(())
}
