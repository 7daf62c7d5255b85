//! Act 1: a room and its group come to be (mimi-protocol, 3.1). It is local to the hub's provider; what matters is what stands in the
//! GroupContext from the beginning.

use mimi_codec::{
    MimiUri,
    code_points::ComponentID,
    protocol::{IdentifierUri, ParticipantListData, RoomMetaData, UTF8String, Uri, UserRolePair},
};

use super::roles;
use crate::{Result, ensure, stack::component, story::Story};

pub(super) fn play(story: &mut Story) -> Result<()> {
    let (alice, client) = (story.cast.alice.clone(), story.cast.client_a1.clone());
    let room = story.room.clone();
    let world = &mut story.world;

    world.narrator.scene("Alice chooses the rules: the draft's cooperatively administered room, with guests who may not add anybody");
    let list = ParticipantListData {
        participants: vec![UserRolePair { user: alice.as_bytes().into(), role_index: roles::SUPER_ADMIN }],
    };
    let (hub_sender, franking_agent) = world.hub_of(&room)?;
    let components = vec![
        component(ComponentID::FRANKING_AGENT, &franking_agent)?,
        component(ComponentID::PARTICIPANT_LIST, &list)?,
        component(ComponentID::ROLES_LIST, &roles::clubhouse())?,
        component(ComponentID::BASE_ROOM_POLICY, &roles::base())?,
        component(ComponentID::ROOM_METADATA, &metadata(&room)?)?,
    ];

    world.narrator.scene("Her client makes the group, with all of it in the GroupContext, and hands it to her provider, the hub");
    let group: IdentifierUri = MimiUri::group(room.mimi_uri()?.host(), "clubhouse")?.into();
    let tbe = world.client(&client)?.create_room(&room, &group, components, hub_sender)?;
    world.host_room(&client, &room, &tbe)?;

    let hub = world.provider_of(&room)?.hub.room(&room)?;
    ensure!(hub.epoch() == 0 && hub.room.participant_count() == 1, "the hub follows another room");
    hub.room.matches(&hub.dictionary)?;
    let role = hub.room.role_of(&(&alice).into());
    ensure!(role == Some(roles::SUPER_ADMIN), "Alice has the role {role:?}");
    Ok(())
}

fn metadata(room: &IdentifierUri) -> Result<RoomMetaData> {
    let (name, subject) = (UTF8String::new("Clubhouse")?, UTF8String::new("Where we meet")?);
    let (avatar, mood) = (Uri::none(), UTF8String::default());
    Ok(RoomMetaData::new(Uri::new(room.as_bytes()), name, Vec::new(), avatar, subject, mood)?)
}
