//! Act 6: ways out of a room. Who leaves proposes it, and the next commit has to take it up
//! (mimi-protocol-06 §3.5); who is removed or banned leaves the group in the same commit; who is
//! kicked stays a participant.

use mimi_codec::protocol::{SubmitResponseCode, UpdateResponseCode};

use mimi_room::Wishes;

use super::{adding::add, roles};
use crate::{
    Result,
    client::{Conduct, Received, Says},
    ensure,
    story::Story,
};

pub(super) fn play(story: &mut Story) -> Result<()> {
    bob_leaves(story)?;
    erin_comes_and_is_removed(story)?;
    dave_is_kicked_banned_and_pardoned(story)
}

fn bob_leaves(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    let world = &mut story.world;
    world.narrator.scene("Bob leaves: no client can commit its own removal, so that his proposes it, and the hub keeps the proposals");
    // OpenMLS encrypts nothing more once proposals wait for a commit: the last word has to be
    // written before.
    let says = Says::Text("One more thing");
    let (last_word, _) = world.client(&cast.client_b1)?.say(&room, &says, Conduct::Asks)?;
    let outcome = world.leave(&cast.client_b1, &room)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);

    world
        .narrator
        .scene("It counts from now on: what Bob has written before, and sends too late, is not handed on");
    let (response, received) = world.submit(&cast.client_b1, &room, &last_word)?;
    ensure!(
        response.status_code.code() == SubmitResponseCode::NOT_ALLOWED,
        "the hub says {:?}",
        response.status_code
    );
    ensure!(received.is_empty(), "the hub has handed it on");

    world.narrator.scene("A commit that leaves the proposals out is refused");
    let outcome = world.commit_unasked(&cast.client_c1, &room, &Wishes::default())?;
    let code = outcome.response.response_code();
    ensure!(code == UpdateResponseCode::NOT_ALLOWED, "the hub says {:?}", outcome.response);

    world.narrator.scene("Cathy's client takes them up");
    let outcome = world.commit(&cast.client_c1, &room, &Wishes::default())?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    for client in [&cast.client_b1, &cast.client_b2] {
        let removed = matches!(outcome.received.get(client), Some(Received::Removed));
        ensure!(removed, "{client:?} does not know that it is out: {:?}", outcome.received.get(client));
    }
    story.check_agreement()
}

fn erin_comes_and_is_removed(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    story.world.narrator.scene("Alice adds Erin, and regrets it: list and group change in one commit again");
    add(story, &cast.client_a1, &cast.erin, roles::GUEST)?;
    let world = &mut story.world;
    let words = Says::Text("Welcome, Erin");
    let (late, _) = world.client(&cast.client_c1)?.say(&room, &words, Conduct::Asks)?;
    let remove = Wishes::default().remove(cast.erin.clone());
    let outcome = world.commit(&cast.client_a1, &room, &remove)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    let removed = outcome.received.get(&cast.client_e1);
    ensure!(matches!(removed, Some(Received::Removed)), "Erin's client made of it {removed:?}");

    world
        .narrator
        .scene("Cathy's greeting was encrypted an epoch ago, for Erin too: the hub doesn't hand it on");
    let (response, _) = world.submit(&cast.client_c1, &room, &late)?;
    let code = response.status_code.code();
    ensure!(code == SubmitResponseCode::EPOCH_TOO_OLD, "the hub says {:?}", response.status_code);
    story.check_agreement()
}

fn dave_is_kicked_banned_and_pardoned(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    let world = &mut story.world;
    world.narrator.scene("Alice kicks Dave: his client is out of the group, and he is still a participant");
    let kick = Wishes::default().remove_client(cast.client_d1.clone());
    let outcome = world.commit(&cast.client_a1, &room, &kick)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    let role = world.hub_of(&room)?.room(&room)?.room().role_of(&cast.dave);
    ensure!(role == Some(roles::GUEST), "Dave has the role {role:?}");

    world.narrator.scene("She bans him as well: now he can't come back");
    let ban = Wishes::default().set_role(cast.dave.clone(), mimi_policy::BANNED_ROLE);
    let outcome = world.commit(&cast.client_a1, &room, &ban)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    let answer = world.fetch_group_info(&cast.client_d1, &room, None)?;
    ensure!(answer.is_none(), "the hub gives Dave the GroupInfo");

    world.narrator.scene("She pardons him");
    let unban = Wishes::default().set_role(cast.dave.clone(), roles::ORDINARY_USER);
    let outcome = world.commit(&cast.client_a1, &room, &unban)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    story.check_agreement()
}
