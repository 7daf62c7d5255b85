//! Act 1: a room and its group come to be (mimi-protocol, 3.1). It is local to the hub's provider; what matters is what stands in the
//! GroupContext from the beginning.

use mimi_codec::{
    MimiUri,
    code_points::ComponentID,
    protocol::{IdentifierUri, ParticipantListData, RoomMetaData, UTF8String, Uri, UserRolePair},
};

use super::roles;
use crate::{Result, ensure, stack::component, story::Story, world::World};

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

    let hub = world.provider_of(&room)?.hub.room(&room)?;
    ensure!(hub.epoch() == 0 && hub.room.participant_count() == 1, "the hub follows another room");
    hub.room.matches(&hub.dictionary)?;
    let role = hub.room.role_of(&(&alice).try_into()?);
    ensure!(role == Some(roles::SUPER_ADMIN), "Alice has the role {role:?}");
    Ok(())
}

/// A room with the clubhouse's rules: a client creates it for its user, and its provider is the hub.
///
/// # Errors
/// When the provider doesn't host it.
pub fn new_room(
    world: &mut World,
    room: &IdentifierUri,
    creator: &IdentifierUri,
    client: &IdentifierUri,
) -> Result<()> {
    let creator = UserRolePair { user: creator.as_bytes().into(), role_index: roles::SUPER_ADMIN };
    let (hub_sender, franking_agent) = world.hub_of(room)?;
    let components = vec![
        component(ComponentID::FRANKING_AGENT, &franking_agent)?,
        component(ComponentID::PARTICIPANT_LIST, &ParticipantListData { participants: vec![creator] })?,
        component(ComponentID::ROLES_LIST, &roles::clubhouse())?,
        component(ComponentID::BASE_ROOM_POLICY, &roles::base())?,
        component(ComponentID::ROOM_METADATA, &metadata(room)?)?,
    ];
    let uri = room.mimi_uri()?;
    let group: IdentifierUri = MimiUri::group(uri.host(), uri.id().ok_or("not a room")?)?.into();
    let tbe = world.client(client)?.create_room(room, &group, components, hub_sender)?;
    world.host_room(client, room, &tbe)
}

fn metadata(room: &IdentifierUri) -> Result<RoomMetaData> {
    let (name, subject) = (UTF8String::new("Clubhouse")?, UTF8String::new("Where we meet")?);
    let (avatar, mood) = (Uri::none(), UTF8String::default());
    Ok(RoomMetaData::new(Uri::new(room.as_bytes()), name, Vec::new(), avatar, subject, mood)?)
}
