//! Act 1: a room and its group come to be (mimi-protocol-06 §3.1). It is local to the hub's
//! provider; what matters is what stands in the GroupContext from the beginning.

use mimi_codec::{
    ClientUri, MimiUri, RoomUri, UserUri,
    protocol::{ParticipantListData, RoomMetaData, UTF8String, Uri, UserRolePair},
};
use mimi_room::NewRoom;

use super::roles;
use crate::{Result, ensure, story::Story, world::World};

pub(super) fn play(story: &mut Story) -> Result<()> {
    let (alice, client) = (story.cast.alice.clone(), story.cast.client_a1.clone());
    let room = story.room.clone();
    let world = &mut story.world;
    world.narrator.scene(
        "Alice chooses the rules: the draft's cooperatively administered room, with guests who may not add \
         anybody. Her client makes the group, with all of it in the GroupContext, and hands it to her provider, \
         the hub",
    );
    new_room(world, &room, &alice, &client)?;

    let hub = world.hub_of(&room)?.room(&room)?.room();
    ensure!(hub.epoch() == 0 && hub.policy().participant_count() == 1, "the hub follows another room");
    hub.policy().matches(hub.dictionary())?;
    let role = hub.role_of(&alice);
    ensure!(role == Some(roles::SUPER_ADMIN), "Alice has the role {role:?}");
    Ok(())
}

/// A room with the clubhouse's rules: a client creates it for its user, and its provider is the
/// hub.
///
/// # Errors
/// When the provider does not host it.
pub fn new_room(world: &mut World, room: &RoomUri, creator: &UserUri, client: &ClientUri) -> Result<()> {
    let creator = UserRolePair { user: creator.as_opaque().clone(), role_index: roles::SUPER_ADMIN };
    let participants = ParticipantListData { participants: vec![creator] };
    let hub = &world.hub_of(room)?.hub;
    let extensions = NewRoom::new(&participants, &roles::clubhouse())?
        .base_policy(&roles::base())?
        .metadata(&metadata(room)?)?
        .franking_agent(&hub.franking_agent())?
        .extensions(hub.external_sender().clone())?;
    let uri = room.mimi_uri().ok_or("not a MIMI URI")?;
    let group = MimiUri::group(uri.host(), uri.id().ok_or("not a room")?)?;
    world.create_room(client, room, group.to_string().as_bytes(), &extensions)
}

fn metadata(room: &RoomUri) -> Result<RoomMetaData> {
    let (name, subject) = (UTF8String::new("Clubhouse")?, UTF8String::new("Where we meet")?);
    let (avatar, mood) = (Uri::none(), UTF8String::default());
    Ok(RoomMetaData::new(Uri::new(room.as_bytes()), name, Vec::new(), avatar, subject, mood)?)
}
