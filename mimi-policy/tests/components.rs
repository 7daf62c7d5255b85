//! A room from the components of a GroupContext, and back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::{
    Encode, List,
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
};
use mimi_policy::{DictionaryError, Form, RoomParts, RoomState, TableSeed};
use scene::*;

fn dictionary(components: Vec<ComponentData>) -> AppDataDictionary {
    AppDataDictionary { component_data: List::new(components).unwrap() }
}

fn full() -> Scene {
    let mut scene = four().base(|base| base.max_users = Some(9)).preauth(&[(&[claim("org", "a")], 2)]);
    scene.parts.metadata = Some(metadata("n", "", "", ""));
    scene
        .parts
        .other
        .push(ComponentData { component_id: ComponentID::STATUS_NOTIFICATION_POLICY, data: [0, 2].into() });
    scene
        .can(3, &[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_ADD_PARTICIPANT, Cap::CAN_REMOVE_PARTICIPANT])
        .moves(3, 2, &[4, 0])
        .moves(3, 0, &[2, 4])
}

#[test]
fn a_room_is_the_same_from_its_components() {
    let scene = full();
    let room = scene.room();
    let mut components = room.to_components().unwrap();
    // Others are none of the room's business.
    components.push(ComponentData { component_id: ComponentID::IDENTITY_LINK_KEYS, data: [1].into() });
    let dictionary = dictionary(components);
    assert_eq!(room.matches(&dictionary), Ok(()));
    let parts = RoomParts::from_dictionary(&dictionary).unwrap();
    assert_eq!(RoomParts { clients: scene.parts.clients.clone(), ..parts }, scene.parts);
    // What isn't there needn't be.
    let bare = four().room();
    assert_eq!(bare.matches(&bare.to_dictionary().unwrap()), Ok(()));
}

#[test]
fn refuses_dictionaries_without_participants_or_roles_or_with_other_bytes() {
    let all = full().room().to_components().unwrap();
    for missing in [ComponentID::PARTICIPANT_LIST, ComponentID::ROLES_LIST] {
        let rest = all.iter().filter(|entry| entry.component_id != missing).cloned().collect();
        assert_eq!(RoomParts::from_dictionary(&dictionary(rest)), Err(DictionaryError::Missing(missing)));
    }
    for broken in [
        ComponentID::PARTICIPANT_LIST,
        ComponentID::ROOM_METADATA,
        ComponentID::ROLES_LIST,
        ComponentID::PREAUTH_LIST,
        ComponentID::BASE_ROOM_POLICY,
    ] {
        let mut entries = all.clone();
        entries.iter_mut().find(|entry| entry.component_id == broken).unwrap().data = [9].into();
        match RoomParts::from_dictionary(&dictionary(entries)) {
            Err(DictionaryError::Malformed { component, .. }) => assert_eq!(component, broken),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn tells_which_component_differs() {
    let room = full().room();
    let all = room.to_components().unwrap();
    for place in 0..all.len() {
        let component = all[place].component_id;
        let mut without = all.clone();
        without.remove(place);
        assert_eq!(room.matches(&dictionary(without)).unwrap_err().component, component);
        let mut other = all.clone();
        let mut bytes = other[place].data.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        other[place].data = bytes.into();
        assert_eq!(room.matches(&dictionary(other)).unwrap_err().component, component);
    }
    let mut more = all.clone();
    more.push(ComponentData { component_id: ComponentID::ASSET_POLICY, data: [].into() });
    more.sort_by_key(|entry| entry.component_id);
    assert_eq!(room.matches(&dictionary(more)).unwrap_err().component, ComponentID::ASSET_POLICY);
    let mut fewer = full();
    fewer.parts.preauth = None;
    assert_eq!(fewer.room().matches(&dictionary(all)).unwrap_err().component, ComponentID::PREAUTH_LIST);
}

#[test]
fn the_list_grows_in_the_commits_order_and_counts_as_of_the_last_commit() {
    let mut room = full().room();
    let names = |room: &RoomState| room.participants().map(|(user, _)| user.to_string()).collect::<Vec<_>>();
    accept(&mut room, &by("alice"), Form::Proposal, add("erin", 2));
    accept(&mut room, &by("alice"), Form::Proposal, add("frank", 2));
    accept(&mut room, &by("alice"), Form::Proposal, [remove("bob"), remove_client("bob", 1)]);
    // Proposals go by the list of the last commit.
    assert_eq!((room.participant_at(1), room.index_of(&user("carol"))), (Some(&user("bob")), Some(2)));
    assert_eq!((room.participant_at(4), room.index_of(&user("erin"))), (None, None));
    let commit = [
        add("frank", 2).by(by("alice")),
        add("grace", 4).by(by("alice")),
        add("erin", 2).by(by("alice")),
        remove("bob").by(by("alice")),
    ];
    accept(&mut room, &by("dave"), Form::Commit, commit);
    assert_eq!(names(&room), ["alice", "carol", "dave", "frank", "grace", "erin"]);
    assert_eq!((room.participant_at(1), room.participant_at(5)), (Some(&user("carol")), Some(&user("erin"))));
    let parts = RoomParts::from_dictionary(&room.to_dictionary().unwrap()).unwrap();
    assert!(RoomState::new(parts, TableSeed::known()).is_ok());
}

#[test]
fn a_plan_is_for_one_version_of_one_room() {
    let mut room = full().room();
    let first = room.check(&by("alice"), Form::Commit, &[set("bob", 4).into()]).unwrap();
    let second = room.check(&by("alice"), Form::Commit, &[set("carol", 4).into()]).unwrap();
    let mut twin = room.clone();
    room.apply(first).unwrap();
    let stale = room.apply(second.clone()).unwrap_err();
    assert_eq!((stale.planned, stale.current), (0, 1));
    assert_eq!(room.role_of(&user("carol")), Some(2));
    // Another history with as many steps.
    twin.apply(second).unwrap();
    let later = room.check(&by("alice"), Form::Commit, &[]).unwrap();
    assert_eq!(twin.apply(later).unwrap_err().to_string(), "the plan was made for another room");
    let other = scene().active("zoe", 3).room();
    let plan = full().room().check(&by("alice"), Form::Commit, &[]).unwrap();
    assert!(other.clone().apply(plan).is_err());
    let _ = AppDataDictionary::default().to_bytes();
}

#[test]
fn the_tables_key_does_not_show() {
    assert_eq!(format!("{:?}", TableSeed::known()), "TableSeed([redacted])");
    assert!(format!("{:?}", full().room()).contains("TableSeed([redacted])"));
}

#[test]
fn one_component_is_encoded_by_itself() {
    let room = full().base(|base| base.discoverable = true).room();
    let all = room.to_components().unwrap();
    for entry in &all {
        assert_eq!(room.to_component(entry.component_id), Ok(Some(entry.data.clone())));
    }
    assert!(all.iter().all(|entry| entry.component_id != ComponentID::LOGGING_POLICY));
    assert_eq!(room.to_component(ComponentID::LOGGING_POLICY), Ok(None));
}
