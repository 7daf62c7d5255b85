//! What a person does in a room, on OpenMLS: writing, reacting, editing, reporting, retracting;
//! what the hub does by itself; and a client that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

#[allow(dead_code)]
mod world;

use mimi_codec::{
    CapabilityType, Decode, Encode,
    code_points::ComponentID,
    mls::{Credential, ExternalSender, ExternalSenders},
    protocol::{SubmitMessageResponse, SubmitResult},
};
use mimi_content::{
    MessageId, MimiContent, Salt, Text,
    timeline::{EntryState, Timeline, TimelineMessage},
};
use mimi_franking::{Framing, MimiFrankable};
use mimi_policy::{
    Change,
    message::{ClientKnowledge, EarlierMessage},
    preset::ExampleRoom,
};
use mimi_room::{
    MlsMember, Wishes,
    client::{ClientError, ClientSnapshot, Composed, Event, MessageEvent, Reported},
    hub::Call,
};
use world::*;

/// Ordinary users may also react, edit, delete and report; admins retract what others wrote.
fn roles() -> mimi_codec::room_policy::RoleData {
    let mut roles = ExampleRoom::Strict.roles();
    for role in &mut roles.roles {
        let more = match role.role_index {
            2 | 3 => &[
                CapabilityType::CAN_REPLY_TO_MESSAGE,
                CapabilityType::CAN_REACT_TO_MESSAGE,
                CapabilityType::CAN_EDIT_OWN_MESSAGE,
                CapabilityType::CAN_DELETE_OWN_MESSAGE,
                CapabilityType::CAN_REPORT_ABUSE,
            ][..],
            _ => &[],
        };
        role.role_capabilities.extend(more);
        if role.role_index == 3 {
            role.role_capabilities.push(CapabilityType::CAN_DELETE_OTHER_MESSAGE);
        }
        role.role_capabilities.sort_unstable();
        role.role_capabilities.dedup();
    }
    roles
}

fn with_bob() -> (World, usize) {
    let mut world = World::new(roles(), &[]);
    let bob = world.add_client("b.example", "bob", "b1");
    let package = world.claim(bob);
    let user = world.clients[bob].user.clone();
    assert!(is_success(&world.commit(0, &Wishes::default().add(user, 2, vec![package]))));
    (world, bob)
}

/// Submits a message and delivers it to another client.
fn submit(world: &mut World, from: usize, to: usize, composed: &Composed) -> MessageEvent {
    let domain = world.clients[from].user.mimi_uri().unwrap().host().to_string();
    let peer = peer(&domain);
    world.now_ms += 1;
    let call = Call { from: &peer, now_ms: world.now_ms };
    let body = composed.request.to_bytes().unwrap();
    let answer = world.hub.submit_message(&mut world.hosted, call, &body, &mut world.rng);
    let response = SubmitMessageResponse::decode_exact(&answer.response.body.unwrap()).unwrap();
    assert!(matches!(response.status_code, SubmitResult::Accepted { frank: Some(_), .. }), "{response:?}");
    let applied = world.apply(answer.change.unwrap());
    let event = world.clients[to].room().receive(&suite(), &Names, applied.fan_out[0].message.clone());
    let Ok(Event::Message(message)) = event else { panic!("{event:?}") };
    message
}

/// One message that a client has.
struct One<'a>(MessageId, &'a str, &'a mimi_content::MimiContentRef<'a>);

impl ClientKnowledge for One<'_> {
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
        (*id == self.0).then(|| EarlierMessage::new(self.1.try_into().unwrap(), self.2))
    }

    fn is_participant(&self, _: &mimi_codec::UserUri) -> bool {
        false
    }
}

fn salt(byte: u8) -> Salt {
    Salt::from_bytes([byte; 16])
}

#[test]
fn bob_writes_edits_and_reacts_and_alice_reports_and_retracts() {
    let (mut world, bob) = with_bob();
    let bare = Framing::Bare;
    let composed = world.clients[bob].room().say(bare, salt(1), Text::plain("hello")).unwrap();
    let message = submit(&mut world, bob, 0, &composed);
    let content = MimiContent::decode(&message.application_data).unwrap();
    let (bob_uri, room) = (world.clients[bob].user.to_string(), room_uri().to_string());
    let id = content.message_id(&bob_uri, &room).unwrap();
    let read = mimi_content::MimiContentRef::decode(&message.application_data).unwrap();
    let known = One(id, &bob_uri, &read);

    let reaction = world.clients[0].room().react(bare, &known, salt(2), id, "\u{2764}\u{fe0f}").unwrap();
    let received = submit(&mut world, 0, bob, &reaction);
    assert!(MimiContent::decode(&received.application_data).is_ok());
    let reply = world.clients[0].room().reply(bare, &known, salt(3), id, Text::plain("hi")).unwrap();
    submit(&mut world, 0, bob, &reply);
    let edit = world.clients[bob].room().edit(bare, &known, salt(4), id, &content, Text::plain("hallo"));
    let edited = submit(&mut world, bob, 0, &edit.unwrap());
    // Alice can't edit what Bob has written, but may delete it.
    let foreign = world.clients[0].room().edit(bare, &known, salt(5), id, &content, Text::plain("no"));
    assert!(matches!(foreign, Err(ClientError::Content(_) | ClientError::Replace(_))), "{foreign:?}");

    // The report is proven by the hub, which has kept nothing.
    let trusted = |_: &_| Some(peer("a.example"));
    let frankable = MimiFrankable::new(bare);
    let verified = world.clients[0].room().verify_frank(&suite(), &frankable, &message, trusted);
    let stored = verified.unwrap().unwrap().store();
    let alice = &mut world.clients[0];
    let reported = [Reported { application_data: &message.application_data, frank: &stored }];
    let report = alice.room().report(bare, &message.sender.user, "spam", &reported).unwrap();
    let own = alice.user.clone();
    let wrong = alice.room().report(bare, &own, "spam", &reported);
    assert!(matches!(wrong, Err(ClientError::Franking(_))), "{wrong:?}");
    let from = peer("a.example");
    let call = Call { from: &from, now_ms: world.now_ms };
    let body = report.to_bytes().unwrap();
    let answer = world.hub.report_abuse(&mut world.hosted, call, &body, bare);
    assert_eq!(answer.response.status, 201);
    let (_, verdicts) = answer.change.unwrap();
    assert_eq!(verdicts[0].as_ref().unwrap().message_content, message.application_data);

    // Retracting takes a right that Bob lacks.
    let refused = world.clients[bob].room().retract(&Names, &[id], None, 9);
    assert!(matches!(refused, Err(ClientError::Refused(_))), "{refused:?}");
    let request = world.clients[0].room().retract(&Names, &[id], None, 9).unwrap();
    let (response, applied) = world.update("a.example", &request);
    assert!(is_success(&response), "{response:?}");
    let answered = world.clients[0].room().answered(&suite(), &Names, &response).unwrap();
    let Some(Event::Commit { committed, .. }) = answered else { panic!("{answered:?}") };
    assert!(committed.rights.iter().any(|right| right.retraction().is_some()));
    let event =
        world.clients[bob].room().receive(&suite(), &Names, applied.unwrap().fan_out[0].message.clone());
    let Ok(Event::Commit { committed, .. }) = event else { panic!("{event:?}") };

    // On Bob's screen: a placeholder that says who retracted the message, when and why; the edit
    // goes with it, and the bytes stay as evidence.
    let mut screen: Timeline<Vec<u8>> = Timeline::new();
    let at = message.accepted_at;
    let shown = TimelineMessage::new(id, &bob_uri, at, &read);
    let _ = screen.insert(
        shown,
        message.application_data.clone(),
        &|_: &mimi_content::timeline::TimelineChange<'_, _>| Ok(()),
    );
    assert_eq!(screen.entry(&id).unwrap().state(0), EntryState::Shown);
    let retractions: Vec<_> = committed.rights.iter().filter_map(mimi_room::Right::retraction).collect();
    assert_eq!(retractions.len(), 1);
    retractions.iter().for_each(|retraction| drop(screen.retract(retraction)));
    let entry = screen.entry(&id).unwrap();
    assert_eq!(entry.state(0), EntryState::Retracted);
    let why = entry.retraction().unwrap();
    assert_eq!((&*why.by_uri, why.at_ms), (world.clients[0].user.to_string().as_str(), 9));
    assert_eq!(screen.get(&id).unwrap().payload(), Some(&message.application_data));
    // The edit was received late, and shows nothing either.
    let later = MimiContent::decode(&edited.application_data).unwrap();
    let edit_id = later.message_id(&bob_uri, &room).unwrap();
    let shown = TimelineMessage::from_owned(edit_id, &bob_uri, edited.accepted_at, &later);
    let _ = screen
        .insert(shown, edited.application_data, &|_: &mimi_content::timeline::TimelineChange<'_, _>| Ok(()));
    assert_eq!(screen.entry(&edit_id).unwrap().state(0), EntryState::Retracted);

    let all = world.clients[0].room().retract_all_of(&Names, &message.sender.user, None, None, 9);
    assert!(all.is_ok(), "{all:?}");
}

#[test]
fn buttons_say_what_the_hub_would_say() {
    let (mut world, bob) = with_bob();
    let alice = world.clients[0].user.clone();
    let bob_uri = world.clients[bob].user.clone();
    let removes = |answers: &[mimi_policy::queries::ChangeAnswer], user: &mimi_codec::UserUri| {
        let wanted = Change::RemoveParticipant { user: user.clone() };
        answers.iter().find(|it| it.changes.contains(&wanted)).map(|it| it.verdict.is_ok())
    };
    let answers = world.clients[0].room().what_can(&bob_uri);
    assert_eq!(removes(&answers, &bob_uri), Some(true));
    let answers = world.clients[bob].room().what_can(&alice);
    assert_eq!(removes(&answers, &alice), Some(false));
    assert!(world.clients[bob].room().has_capability(CapabilityType::CAN_REACT_TO_MESSAGE));
    assert!(!world.clients[bob].room().has_capability(CapabilityType::CAN_DELETE_OTHER_MESSAGE));
}

#[test]
fn members_export_the_same_secrets() {
    let (mut world, bob) = with_bob();
    let export = |world: &mut World, client: usize, label: &str| {
        world.clients[client].room().stack().export_secret(label, b"context", 32).unwrap()
    };
    let secrets = [export(&mut world, 0, "a"), export(&mut world, bob, "a"), export(&mut world, bob, "b")];
    assert_eq!(secrets[0], secrets[1]);
    assert_ne!(secrets[1], secrets[2]);
    let component = |world: &mut World, client: usize| {
        let stack = world.clients[client].room().stack_mut();
        stack.export_component_secret(ComponentID(7))
    };
    let secrets = [component(&mut world, 0).unwrap(), component(&mut world, bob).unwrap()];
    assert_eq!(secrets[0], secrets[1]);
    assert!(component(&mut world, bob).is_err(), "exported twice in an epoch");
}

#[test]
fn a_client_that_is_killed_goes_on_from_its_snapshot_and_what_openmls_has_stored() {
    let (mut world, bob) = with_bob();
    let request = world.clients[bob].room().commit(&Names, &Wishes::default()).unwrap();
    let bytes = world.clients[bob].room().snapshot().unwrap();
    // Everything in memory is gone; the hub has the commit.
    let (response, applied) = world.update("b.example", &request);
    assert!(is_success(&response));
    world.clients[bob].room = None;
    let client = &world.clients[bob];
    let group = openmls::prelude::MlsGroup::load(
        openmls_traits::OpenMlsProvider::storage(&*client.provider),
        &openmls::prelude::GroupId::from_slice(b"mimi://a.example/g/club"),
    );
    let stack =
        mimi_openmls::MemberStack::new(client.provider.clone(), client.key.clone(), group.unwrap().unwrap());
    let read = ClientSnapshot::read(&bytes).unwrap();
    let restored = read.restore(stack, &suite(), &Names, mimi_policy::TableSeed::known()).unwrap();
    assert_eq!(restored.snapshot().unwrap(), bytes);
    assert_eq!(restored.pending_request(), Some(&request));
    world.clients[bob].room = Some(restored);
    let (again, nothing) = world.update("b.example", &request);
    assert_eq!((again, nothing.is_none()), (response, true));
    let answer = world.update("b.example", &request).0;
    let event = world.clients[bob].room().answered(&suite(), &Names, &answer).unwrap();
    assert!(matches!(event, Some(Event::Commit { .. })), "{event:?}");
    for (_, event) in world.deliver(&applied.unwrap()) {
        assert!(matches!(event, Ok(Event::Commit { .. } | Event::Duplicate)), "{event:?}");
    }
    assert!(is_success(&world.commit(bob, &Wishes::default())));
}

#[test]
fn the_hub_changes_the_external_senders() {
    let mut world = World::with_listed(roles(), &[("mimi://a.example", 3)]);
    let bob = world.add_client("b.example", "bob", "b1");
    let package = world.claim(bob);
    let user = world.clients[bob].user.clone();
    assert!(is_success(&world.commit(0, &Wishes::default().add(user, 2, vec![package]))));
    let follower = ExternalSender {
        signature_key: Key::new(55).public(),
        credential: Credential::Basic { identity: "mimi://b.example".into() },
    };
    let senders = |world: &World| {
        let extensions = &world.hosted.room().group_context().extensions;
        extensions.content::<ExternalSenders>().unwrap().unwrap().external_senders
    };
    let list = vec![world.hub.external_sender().clone(), follower];
    let change = world.hub.set_external_senders(&mut world.hosted, list.clone(), 2_000, &mut world.rng);
    let applied = world.apply(change.unwrap());
    for (_, event) in world.deliver(&applied) {
        assert!(matches!(event, Ok(Event::Proposals { .. })), "{event:?}");
    }
    assert!(is_success(&world.commit(bob, &Wishes::default())));
    assert_eq!(senders(&world), list);
    // Bob leaves, and with the last participant of b.example goes its server.
    let request = world.clients[bob].room().leave(&suite(), &Names).unwrap();
    assert!(is_success(&world.settle(bob, &request)));
    assert!(is_success(&world.commit(0, &Wishes::default())));
    assert_eq!(world.hosted.room().waiting().len(), 1);
    assert!(is_success(&world.commit(0, &Wishes::default())));
    assert_eq!(senders(&world), [world.hub.external_sender().clone()]);
}
