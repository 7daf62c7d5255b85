//! What a hub does beside judging: it retracts messages, keeps the list of external senders, knows
//! the parent room, and answers queries for users.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

#[allow(dead_code)]
mod model;

use mimi_codec::{
    CapabilityType, Decode, Encode, Endpoint, UserUri,
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    mls::{Credential, ExternalSender, ExternalSenders},
    protocol::{
        ApplicationMessage, FanoutEvent, IdentifierQuery, IdentifierQueryCode, IdentifierRequest,
        IdentifierResponse, IdentifierUri, ProfileProperty, Protocol, QueryElement, SearchIdentifierType,
        SubmitMessageRequest, SubmitMessageResponse, SubmitResult, UpdateRoomResponse, Uri, UserProfile,
    },
    room_policy::{BaseRoomPolicy, RoleData},
};
use mimi_content::MessageId;
use mimi_policy::{Change as Right, ParentParticipants, RoomParts, preset::ExampleRoom};
use mimi_room::{
    MlsMember, RoomRefusal, Wishes,
    client::Event,
    hub::{Call, HostedSnapshot, HubError, Profiles, Queue, identifier_query, unknown_room},
};
use model::{
    key_of,
    world::{Names, World, hub, peer, rng, room_uri, user},
};

const ALICE: usize = 0;
const BOB: usize = 2;
const CAROL: usize = 4;

/// Admins may delete what others wrote.
fn roles() -> RoleData {
    let mut roles = ExampleRoom::Strict.roles();
    for role in &mut roles.roles {
        if role.role_index == 3 {
            role.role_capabilities.push(CapabilityType::CAN_DELETE_OTHER_MESSAGE);
        }
    }
    roles
}

fn server(domain: &str) -> ExternalSender {
    let credential = Credential::Basic { identity: format!("mimi://{domain}").as_str().into() };
    ExternalSender { signature_key: key_of(domain), credential }
}

#[test]
fn the_hub_retracts_and_every_client_learns_what() {
    let hub = hub();
    let ids = [MessageId::from_bytes([7; 32])];
    let present = [(ALICE, 3), (BOB, 2), (CAROL, 2)];
    // Without a role, the hub has no right to it.
    let mut world = World::with(&hub, &roles(), &present);
    let refused = hub.retract(&mut world.hosted, &ids, None, None, 5, &mut rng());
    assert!(matches!(refused, Err(HubError::Refused(RoomRefusal::Policy { .. }))), "{refused:?}");

    let listed = [("mimi://a.example", 3)];
    let mut world = World::beside(&hub, &roles(), &present, &listed, &[], Vec::new());
    let change = hub.retract(&mut world.hosted, &ids, Some(&user(ALICE)), None, 5, &mut rng()).unwrap();
    world.apply(&hub, change);
    let bob = user(BOB);
    let change = hub.retract_all_of(&mut world.hosted, &bob, Some(3), None, None, 6, &mut rng()).unwrap();
    world.apply(&hub, change);
    // A second range for one sender is refused (mimi-hub-retracted-messages-00 §3.2).
    world.settle();
    assert!(world.commit(&hub, CAROL, &Wishes::default()));
    let mut events = Vec::new();
    while let Some(room) = &world.clients[BOB].room
        && room.room().epoch() < world.hosted.room().epoch()
    {
        events.push(world.receive(BOB));
    }
    let Some(Event::Commit { committed, .. }) = events.last() else { panic!("{events:?}") };
    let changes: Vec<_> = committed.rights.iter().filter_map(|right| right.change.as_ref()).collect();
    let [Right::RetractMessages(messages), Right::RetractRange { range, .. }] = &changes[..] else {
        panic!("{changes:?}");
    };
    assert_eq!(messages.retracted_messages[0].as_slice(), [7; 32]);
    assert_eq!(messages.remover_uri, IdentifierUri::from(&user(ALICE)));
    assert_eq!(range.abusive_sender_uri, IdentifierUri::from(&bob));
    assert_eq!(range.remover_uri.as_bytes(), b"mimi://a.example");
    assert_eq!(range.starting_timestamp, Some(3));
    assert!(committed.rights.iter().all(|right| right.retraction().is_some()));
}

#[test]
fn a_retraction_that_an_external_commit_passes_by_is_proposed_again_with_it() {
    let hub = hub();
    let present = [(ALICE, 3), (BOB, 2)];
    let listed = [("mimi://a.example", 3)];
    let mut world = World::beside(&hub, &roles(), &present, &listed, &[], Vec::new());
    let ids = [MessageId::from_bytes([7; 32])];
    let change = hub.retract(&mut world.hosted, &ids, None, None, 5, &mut rng()).unwrap();
    world.apply(&hub, change);
    // Bob's second client joins from outside, and cannot take up what waits.
    assert!(world.join(&hub, BOB + 1, None));
    assert_eq!(world.hosted.room().waiting().len(), 1);
    let mut last = None;
    while !world.clients[ALICE].mail.is_empty() {
        last = Some(world.receive(ALICE));
    }
    let Some(Event::Commit { stapled: Ok(stapled), .. }) = last else { panic!("{last:?}") };
    assert_eq!(stapled.len(), 1);
    world.settle();
    assert!(world.commit(&hub, ALICE, &Wishes::default()));
    world.settle();
    assert!(world.hosted.room().waiting().is_empty());
}

#[test]
fn external_senders_change_by_the_hub_alone_and_leave_with_their_last_participant() {
    let hub = hub();
    let present = [(ALICE, 3), (BOB, 2), (CAROL, 2)];
    let listed = [("mimi://a.example", 3)];
    let mut world = World::beside(&hub, &roles(), &present, &listed, &[server("b.example")], Vec::new());
    let senders = |world: &World| {
        let extensions = &world.hosted.room().group_context().extensions;
        extensions.content::<ExternalSenders>().unwrap().unwrap().external_senders
    };
    // Not without the hub itself.
    let alone = hub.set_external_senders(&mut world.hosted, vec![server("b.example")], 5, &mut rng());
    assert!(matches!(alone, Err(HubError::Refused(RoomRefusal::Invalid { .. }))), "{alone:?}");
    let with_carol = vec![hub.external_sender().clone(), server("b.example"), server("c.example")];
    let change = hub.set_external_senders(&mut world.hosted, with_carol.clone(), 5, &mut rng()).unwrap();
    world.apply(&hub, change);
    world.settle();
    assert_eq!(senders(&world).len(), 2);
    assert!(world.commit(&hub, BOB, &Wishes::default()));
    world.settle();
    assert_eq!(senders(&world), with_carol);
    // Members may not.
    let extensions = world.hosted.room().group_context().extensions.clone();
    let proposal =
        mimi_codec::mls::Proposal::GroupContextExtensions(mimi_codec::mls::GroupContextExtensions {
            extensions,
        });
    let refused = world.room(ALICE).commit_proposals(&Names, &[proposal]);
    let Err(mimi_room::client::ClientError::Refused(RoomRefusal::Invalid { .. })) = refused else {
        panic!("{refused:?}");
    };

    // Bob leaves; with the commit of that comes the hub's proposal, which the next commit takes up.
    let leave = world.room(BOB).leave(&mimi_room_suite(), &Names).unwrap();
    assert!(world.arrive(&hub, BOB, &leave));
    world.restart_hub(&hub);
    world.settle();
    assert!(world.commit(&hub, ALICE, &Wishes::default()));
    let mail = world.clients[CAROL].mail.back().unwrap();
    assert!(matches!(mail.event(), FanoutEvent::Proposal(_)));
    world.settle();
    assert!(world.commit(&hub, CAROL, &Wishes::default()));
    world.settle();
    assert_eq!(senders(&world), [hub.external_sender().clone(), server("c.example")]);
}

fn mimi_room_suite() -> model::Suite {
    model::suite()
}

#[test]
fn a_room_that_depends_on_a_parent_takes_in_its_participants_alone() {
    let hub = hub();
    let base = BaseRoomPolicy {
        parent_dependant: true,
        parent_room: Uri::new("mimi://a.example/r/parent"),
        ..RoomParts::default_base()
    };
    let component =
        ComponentData { component_id: ComponentID::BASE_ROOM_POLICY, data: base.to_bytes().unwrap().into() };
    let mut world = World::beside(&hub, &roles(), &[(ALICE, 3), (BOB, 2)], &[], &[], vec![component]);
    let [dave, eve] =
        ["dave", "eve"].map(|name| UserUri::try_from(&*format!("mimi://d.example/u/{name}")).unwrap());
    // No user comes in while the parent is not known.
    assert!(!world.commit(&hub, ALICE, &Wishes::default().add(dave.clone(), 2, vec![])));
    let parent = |users: &[&UserUri], banned: &[&UserUri]| {
        ParentParticipants::new(users.iter().map(|it| (*it).clone()), banned.iter().map(|it| (*it).clone()))
    };
    let tell = |world: &mut World, parent: &ParentParticipants| {
        world.hosted.set_parent(&Names, parent.clone());
        for client in &mut world.clients {
            if let Some(room) = &mut client.room {
                room.set_parent(&Names, parent.clone());
            }
        }
    };
    let (alice, bob) = (user(ALICE), user(BOB));
    tell(&mut world, &parent(&[&alice, &bob, &dave], &[&eve]));
    assert!(!world.commit(&hub, ALICE, &Wishes::default().add(eve.clone(), 2, vec![])));
    // Dave is added by a proposal, and leaves the parent before that is committed.
    let wishes = Wishes::default().add(dave.clone(), 2, vec![]);
    // A strict subset: a user of the parent stays outside.
    tell(&mut world, &parent(&[&alice, &bob, &dave, &eve], &[]));
    let request = world.room(ALICE).propose(&mimi_room_suite(), &Names, &wishes).unwrap();
    assert!(world.arrive(&hub, ALICE, &request));
    world.settle();
    tell(&mut world, &parent(&[&alice, &bob, &eve], &[&dave]));
    // What was accepted stays accepted, also after a restart.
    world.restart_hub(&hub);
    world.restart_client(BOB);
    assert!(world.commit(&hub, BOB, &Wishes::default()));
    world.settle();
    assert_eq!(world.hosted.room().role_of(&dave), Some(2));
    // From then on the new participants count: any member removes him.
    world.restart_hub(&hub);
    assert!(world.hosted.room().policy().must_leave().eq([&dave]));
    assert!(world.commit(&hub, BOB, &Wishes::default().remove(dave.clone())));
    world.settle();
    assert_eq!(world.hosted.room().role_of(&dave), None);
}

struct OneUser;

impl Profiles for OneUser {
    fn supports(&self, kind: SearchIdentifierType) -> bool {
        kind != SearchIdentifierType::Phone
    }

    fn find(&self, query: &IdentifierQuery<'_>) -> Result<Vec<UserProfile>, IdentifierQueryCode> {
        let matches = query.matches(&[(ProfileProperty::Nick, "bob"), (ProfileProperty::Name, "Bob")]);
        let profile = UserProfile { stable_uri: (&user(BOB)).into(), fields: Vec::new() };
        Ok(matches.then_some(profile).into_iter().collect())
    }
}

#[test]
fn queries_for_users_are_answered_with_the_draft_s_codes() {
    let ask = |element: Option<QueryElement>| {
        let request = IdentifierRequest {
            query_elements: element.into_iter().collect(),
            id_request_extensions: AppDataDictionary::default(),
        };
        let answer = identifier_query(&OneUser, &request.to_bytes().unwrap());
        assert_eq!(answer.response.status, 200);
        let body = IdentifierResponse::decode_exact(&answer.response.body.unwrap()).unwrap();
        assert_eq!(Some(&body), answer.answer.as_ref());
        (*body.response_code(), body.found_profiles().len())
    };
    let nick = |value: &str| Some(QueryElement::Nick { search_value: value.into() });
    assert_eq!(ask(nick("bob")), (IdentifierQueryCode::SUCCESS, 1));
    assert_eq!(ask(nick("eve")), (IdentifierQueryCode::NOT_FOUND, 0));
    assert_eq!(ask(nick("")), (IdentifierQueryCode::AMBIGUOUS, 0));
    assert_eq!(ask(None), (IdentifierQueryCode::FORBIDDEN, 0));
    let phone = QueryElement::Phone { search_value: "+1".into() };
    assert_eq!(ask(Some(phone)), (IdentifierQueryCode::UNSUPPORTED_FIELD, 0));
    let nonsense = identifier_query(&OneUser, b"nonsense");
    assert_eq!((nonsense.response.status, nonsense.answer), (400, None));
}

/// A message of the first client's group that names `sender` as its user.
fn message(world: &mut World, sender: usize) -> Vec<u8> {
    let message = world.room(ALICE).stack_mut().seal(Vec::new(), b"hello").unwrap();
    let request = SubmitMessageRequest {
        protocol: Protocol::Mls10,
        app_message: ApplicationMessage::new(message).unwrap(),
        sending_uri: IdentifierUri::from(&user(sender)),
    };
    request.to_bytes().unwrap()
}

#[test]
fn after_a_restart_no_message_gets_the_time_of_one_before_it() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(), &[(ALICE, 3)]);
    let submit = |world: &mut World| {
        let (body, from) = (message(world, ALICE), peer(ALICE));
        let call = Call { from: &from, now_ms: 1000 };
        let answer = hub.submit_message(&mut world.hosted, call, &body, &mut rng());
        let body = SubmitMessageResponse::decode_exact(answer.response.body.as_ref().unwrap()).unwrap();
        match body.status_code {
            SubmitResult::Accepted { accepted_timestamp, .. } => accepted_timestamp,
            other => panic!("{other:?}"),
        }
    };
    let stored = world.hosted.snapshot().unwrap();
    let last = (0..3).map(|_| submit(&mut world)).last().unwrap();
    assert_eq!(last, 1002);
    let restored = HostedSnapshot::read(&stored).unwrap().accepted_until(last).accepted_until(5);
    let stack = world.hosted.stack().clone();
    world.hosted = restored.restore(&hub, stack, Queue::Kept, &mut rng()).unwrap();
    assert_eq!(submit(&mut world), 1003);
}

#[test]
fn a_stranger_cannot_tell_a_room_from_none() {
    let hub = hub();
    let mut world = World::with(&hub, &roles(), &[(ALICE, 3)]);
    let (body, from) = (message(&mut world, BOB), peer(BOB));
    let call = Call { from: &from, now_ms: 1 };
    let known = hub.submit_message(&mut world.hosted, call, &body, &mut rng()).response;
    assert_eq!(unknown_room(Endpoint::SubmitMessage, room_uri().as_bytes(), &body), known);
    let request = world.room(ALICE).commit(&Names, &Wishes::default()).unwrap().to_bytes().unwrap();
    let answer = unknown_room(Endpoint::Update, room_uri().as_bytes(), &request);
    let answer = UpdateRoomResponse::decode_exact(&answer.body.unwrap()).unwrap();
    assert!(matches!(answer, UpdateRoomResponse::InvalidProposal { .. }), "{answer:?}");
    assert_eq!(answer.error_description(), RoomRefusal::OtherGroup.to_string());
    // What is malformed is so in both.
    for endpoint in [Endpoint::Update, Endpoint::SubmitMessage, Endpoint::GroupInfo, Endpoint::ReportAbuse] {
        assert_eq!(unknown_room(endpoint, room_uri().as_bytes(), b"nonsense").status, 400);
    }
    assert_eq!(hub.group_info(&mut world.hosted, call, b"nonsense", &mut rng()).response.status, 400);
}
