//! Act 10: consent (mimi-protocol-06 §5.7 and 8). No key packages are given for a user who has not
//! said yes; and yes to one room is not yes to another.

use mimi_codec::{
    extensions::AppDataDictionary,
    protocol::{ConsentEntry, KeyMaterialUserCode},
};
use mimi_room::Wishes;
use mimi_room::consent::ConsentOutcome;

use super::{new_room, roles};
use crate::{
    Result, ensure,
    story::Story,
    world::{room_uri, user_uri},
};

pub(super) fn play(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    let world = &mut story.world;
    let gina = user_uri("c.example", "gina")?;
    let client_g1 = world.new_client(&gina, "ClientG1")?;

    world.narrator.scene("Alice would like to add Gina, who has never heard of her");
    let response = world.fetch_key_material(&cast.client_a1, &room, &gina)?;
    ensure!(*response.user_status() == KeyMaterialUserCode::NO_CONSENT, "{:?}", response.user_status());

    world.narrator.scene("So she asks, from provider to provider");
    let request = ConsentEntry::Request {
        requester_uri: (&cast.alice).into(),
        target_uri: (&gina).into(),
        room_id: Some((&room).into()),
        consent_extensions: AppDataDictionary::default(),
    };
    let outcome = world.send_consent(&request)?;
    ensure!(outcome == ConsentOutcome::Requested, "{outcome:?}");

    world.narrator.scene("Gina says yes, for this room, and sends a key package along");
    let grant = ConsentEntry::Grant {
        requester_uri: (&cast.alice).into(),
        target_uri: (&gina).into(),
        room_id: Some((&room).into()),
        client_key_packages: vec![world.client(&client_g1)?.key_package()?],
        consent_extensions: AppDataDictionary::default(),
    };
    let outcome = world.send_consent(&grant)?;
    ensure!(matches!(outcome, ConsentOutcome::Granted { .. }), "{outcome:?}");

    world.narrator.scene("Alice adds her with it: nothing has to be fetched");
    let ConsentEntry::Grant { client_key_packages: clients, .. } = grant else { return Ok(()) };
    let wishes = Wishes::default().add(gina.clone(), roles::ORDINARY_USER, clients);
    let outcome = world.commit(&cast.client_a1, &room, &wishes)?;
    ensure!(outcome.is_accepted(), "the hub says {:?}", outcome.response);
    ensure!(world.client(&client_g1)?.is_in(&room), "Gina's client is not in the room");

    world.narrator.scene("For another room, which Alice has just created, it is no yes");
    let cabal = room_uri("a.example", "cabal")?;
    new_room(world, &cabal, &cast.alice, &cast.client_a1)?;
    let response = world.fetch_key_material(&cast.client_a1, &cabal, &gina)?;
    let code = *response.user_status();
    ensure!(code == KeyMaterialUserCode::NO_CONSENT_FOR_THIS_ROOM, "{code:?}");

    world.narrator.scene("Gina takes it back. From then on, it looks as if she had never answered");
    let revoke = ConsentEntry::Revoke {
        requester_uri: (&cast.alice).into(),
        target_uri: (&gina).into(),
        room_id: None,
        consent_extensions: AppDataDictionary::default(),
    };
    world.send_consent(&revoke)?;
    let response = world.fetch_key_material(&cast.client_a1, &room, &gina)?;
    ensure!(*response.user_status() == KeyMaterialUserCode::NO_CONSENT, "{:?}", response.user_status());
    story.check_agreement()
}
