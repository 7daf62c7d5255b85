//! A room's life on OpenMLS: hub and clients agree after each step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

#[allow(dead_code)]
mod world;

use mimi_codec::{
    Decode, Encode,
    mls::{Proposal, Remove},
    protocol::{
        GroupInfoAnswer, GroupInfoResponse, Protocol, SubmitMessageResponse, SubmitResult, UpdateRoomResponse,
    },
};
use mimi_room::{
    RoomRefusal, Wishes,
    client::{ClientError, Event, FetchError, GroupInfoFetch, PendingExternalJoin},
    hub::{Call, Rate},
};
use world::*;

#[test]
fn a_commit_adds_a_user_whom_the_welcome_reaches() {
    let mut world = World::strict(&[]);
    let bob = world.add_client("b.example", "bob", "b1");
    let package = world.claim(bob);
    let user = world.clients[bob].user.clone();
    let response = world.commit(0, &Wishes::default().add(user.clone(), 2, vec![package]));
    assert!(is_success(&response), "{response:?}");
    assert_eq!(world.clients[bob].room().room().epoch(), 1);
    assert_eq!(world.hosted.room().role_of(&user), Some(2));
    world.check();
}

fn with_bob() -> (World, usize) {
    let mut world = World::strict(&[]);
    let bob = world.add_client("b.example", "bob", "b1");
    let package = world.claim(bob);
    let user = world.clients[bob].user.clone();
    assert!(is_success(&world.commit(0, &Wishes::default().add(user, 2, vec![package]))));
    (world, bob)
}

#[test]
fn a_user_leaves_by_proposals_that_another_commits() {
    let (mut world, bob) = with_bob();
    let request = world.clients[bob].room().leave(&suite(), &Names).unwrap();
    assert!(is_success(&world.settle(bob, &request)));
    // What was accepted counts at once.
    let user = world.clients[bob].user.clone();
    assert_eq!(world.hosted.room().role_of(&user), None);
    assert_eq!(world.hosted.room().waiting().len(), 2);
    let refused = world.clients[bob].room().commit(&Names, &Wishes::default()).unwrap_err();
    assert!(matches!(refused, ClientError::Refused(_) | ClientError::Mls(_)), "{refused:?}");
    assert!(is_success(&world.commit(0, &Wishes::default())));
    assert!(world.clients[bob].room.is_none());
    assert_eq!(world.hosted.room().members().len(), 1);
    assert!(world.hosted.room().waiting().is_empty());
}

#[test]
fn refuses_a_change_without_the_right_at_the_client_and_at_the_hub() {
    let (mut world, bob) = with_bob();
    let alice = world.clients[0].user.clone();
    let wishes = Wishes::default().set_role(alice, 1);
    let refused = world.clients[bob].room().commit(&Names, &wishes).unwrap_err();
    assert!(matches!(refused, ClientError::Refused(RoomRefusal::Policy { .. })), "{refused:?}");
    // The room goes on.
    assert!(is_success(&world.commit(bob, &Wishes::default())));
}

#[test]
fn a_commit_of_an_earlier_epoch_learns_the_current_one() {
    let (mut world, bob) = with_bob();
    let late = world.clients[bob].room().commit(&Names, &Wishes::default()).unwrap();
    assert!(is_success(&world.commit(0, &Wishes::default())));
    let (response, applied) = world.update("b.example", &late);
    assert!(matches!(response, UpdateRoomResponse::WrongEpoch { current_epoch: 2, .. }), "{response:?}");
    assert!(applied.is_none());
    world.check();
}

#[test]
fn two_commits_race_and_one_wins() {
    let (mut world, bob) = with_bob();
    let first = world.clients[0].room().commit(&Names, &Wishes::default()).unwrap();
    let second = world.clients[bob].room().commit(&Names, &Wishes::default()).unwrap();
    assert!(is_success(&world.settle(0, &first)));
    // Bob has received Alice's commit, which gave his own up.
    let (response, _) = world.update("b.example", &second);
    assert!(!is_success(&response));
    let gone = world.clients[bob].room().answered(&suite(), &Names, &response);
    assert_eq!(gone, Err(ClientError::NothingPending));
    assert!(is_success(&world.commit(bob, &Wishes::default())));
}

#[test]
fn another_client_of_a_user_joins_from_outside_with_the_sealed_group_info() {
    let (mut world, _) = with_bob();
    let second = world.add_client("b.example", "bob", "b2");
    let tbe = fetch_group_info(&mut world, second, None).unwrap();
    let user = world.clients[second].user.clone();
    let seed = mimi_policy::TableSeed::known();
    let join = PendingExternalJoin::new(room_uri(), tbe, &user, None, &Names, seed).unwrap();
    let (own, stack) = world.clients[second].external_stack(&join);
    let request = join.request(&Names, own).unwrap();
    let (response, applied) = world.update("b.example", &request);
    assert!(is_success(&response), "{response:?}");
    let room = world.clients[second].enter(stack).unwrap();
    let applied = applied.unwrap();
    for (_, event) in world.deliver(&applied) {
        assert!(matches!(event, Ok(Event::Commit { .. })), "{event:?}");
    }
    world.clients[second].room = Some(room);
    world.check();
    assert_eq!(world.hosted.room().members().len(), 3);
    assert!(is_success(&world.commit(second, &Wishes::default())));
}

fn fetch_group_info(
    world: &mut World,
    client: usize,
    code: Option<&[u8]>,
) -> Option<mimi_codec::protocol::GroupInfoRatchetTreeTBE> {
    let suite = suite();
    let of = &world.clients[client];
    let (key, credential) = (of.key.signing_key(), of.credential.clone());
    let fetch = GroupInfoFetch::new(&suite, room_uri(), key, credential, code, &mut world.rng).unwrap();
    let from = peer("b.example");
    let call = Call { from: &from, now_ms: world.now_ms };
    let body = fetch.request().to_bytes().unwrap();
    let answer = world.hub.group_info(&mut world.hosted, call, &body, &mut world.rng);
    let response = GroupInfoResponse::decode_exact(&answer.response.body.unwrap()).unwrap();
    if !matches!(response.status, GroupInfoAnswer::Success { .. }) {
        let refused = fetch.open(&suite, response, |_| true);
        assert!(matches!(refused, Err(FetchError::Answer(_))), "{refused:?}");
        return None;
    }
    let other = fetch.open(&suite, response.clone(), |_| false);
    assert_eq!(other, Err(FetchError::NotTheHub));
    Some(fetch.open(&suite, response, |sender| sender == world.hub.external_sender()).unwrap())
}

#[test]
fn refuses_the_group_info_to_a_stranger_without_a_way_in() {
    let (mut world, _) = with_bob();
    let eve = world.add_client("b.example", "eve", "e1");
    assert!(fetch_group_info(&mut world, eve, None).is_none());
    assert!(fetch_group_info(&mut world, eve, Some(b"made up")).is_none());
}

#[test]
fn a_joiner_gets_the_proposals_that_wait_with_the_group_info() {
    let (mut world, bob) = with_bob();
    let request = world.clients[bob].room().leave(&suite(), &Names).unwrap();
    assert!(is_success(&world.settle(bob, &request)));
    let (second, leaving) =
        (world.add_client("a.example", "alice", "a2"), world.add_client("b.example", "bob", "b2"));
    let tbe = fetch_group_info(&mut world, second, None).unwrap();
    assert_eq!(tbe.pending_proposals.len(), 2);
    // Who leaves has no way in.
    assert!(fetch_group_info(&mut world, leaving, None).is_none());
}

#[test]
fn the_hub_takes_only_so_much_from_one_provider() {
    let limits = mimi_room::hub::HubLimits {
        max_body: 10_000,
        rate: Rate { burst: 2, interval_ms: 60_000 },
        ..Default::default()
    };
    let mut world = World::with(mimi_policy::preset::ExampleRoom::Strict.roles(), &[], limits);
    let from = peer("c.example");
    let call = Call { from: &from, now_ms: 5 };
    let status = |world: &mut World, body: &[u8]| {
        let answer = world.hub.update(&mut world.hosted, call, body);
        (answer.response.status, answer.response.retry_after_s)
    };
    assert_eq!(status(&mut world, &[0; 10_001]), (413, None));
    assert_eq!(status(&mut world, b"nonsense"), (400, None));
    assert_eq!(status(&mut world, b"nonsense"), (400, None));
    assert_eq!(status(&mut world, b"nonsense"), (429, Some(60)));
    // Another provider is not affected.
    assert!(is_success(&world.commit(0, &Wishes::default())));
}

#[test]
fn refuses_what_the_hub_has_no_right_to_propose() {
    let (mut world, bob) = with_bob();
    let user = world.clients[bob].user.clone();
    let kicked = world.hub.kick(&mut world.hosted, &user, world.now_ms, &mut world.rng);
    assert!(matches!(kicked, Err(mimi_room::hub::HubError::Refused(_))), "{kicked:?}");
    let remove = Proposal::Remove(Remove { removed: 1 });
    let proposed = world.hub.propose(&mut world.hosted, &[remove], world.now_ms, &mut world.rng);
    assert!(proposed.is_err());
}

#[test]
fn a_message_is_franked_and_fanned_out() {
    use mimi_content::{Composer, Salt, Text};
    use mimi_franking::{Framing, MimiFrankable};

    let (mut world, bob) = with_bob();
    let sender = world.clients[bob].user.to_string();
    let room = room_uri().to_string();
    let composer = Composer::new(&sender, &room).unwrap();
    let salt = Salt::generate(&mut world.rng);
    let content = composer.message(salt, Text::plain("hello")).build().unwrap();
    let data = content.encode();
    let frankable = MimiFrankable::new(Framing::Bare);
    let composed = world.clients[bob].room().send(&frankable, &data).unwrap();

    let submit = |world: &mut World, from: &str| {
        let from = peer(from);
        let call = Call { from: &from, now_ms: world.now_ms };
        let body = composed.request.to_bytes().unwrap();
        let answer = world.hub.submit_message(&mut world.hosted, call, &body, &mut world.rng);
        let body = answer.response.body.unwrap();
        (SubmitMessageResponse::decode_exact(&body).unwrap().status_code, answer.change)
    };
    // Another provider can't speak for Bob.
    let (result, change) = submit(&mut world, "c.example");
    assert!(matches!(result, SubmitResult::NotAllowed {}) && change.is_none());

    let (result, change) = submit(&mut world, "b.example");
    let SubmitResult::Accepted { accepted_timestamp, frank: Some(frank) } = result else {
        panic!("{result:?}");
    };
    let applied = world.apply(change.unwrap());
    let event = world.clients[0].room().receive(&suite(), &Names, applied.fan_out[0].message.clone());
    let Ok(Event::Message(message)) = event else { panic!("{event:?}") };
    assert_eq!(message.application_data, data);
    assert_eq!(message.sender.user, world.clients[bob].user);
    let trusted = |_: &_| Some(peer("a.example"));
    let verified = world.clients[0].room().verify_frank(&suite(), &frankable, &message, trusted);
    assert!(verified.unwrap().is_some());
    let own = world.clients[bob].room().verify_own_frank(
        &suite(),
        &frankable,
        (&data, Some(&composed.frank_aad), Some(&frank)),
        accepted_timestamp,
        &message.sender.user,
        trusted,
    );
    assert!(own.unwrap().is_some());

    // The next message in the same millisecond gets another time.
    let (result, _) = submit(&mut world, "b.example");
    let SubmitResult::Accepted { accepted_timestamp: later, .. } = result else {
        panic!("{result:?}");
    };
    assert!(later > accepted_timestamp);
}

#[test]
fn a_hub_goes_on_from_a_snapshot_with_proposals_waiting() {
    use mimi_room::hub::{HostedSnapshot, Queue};

    let (mut world, bob) = with_bob();
    let request = world.clients[bob].room().leave(&suite(), &Names).unwrap();
    assert!(is_success(&world.settle(bob, &request)));
    let bytes = world.hosted.snapshot().unwrap();
    assert_eq!(bytes, world.hosted.snapshot().unwrap());
    // Another server takes over: it has the snapshot and the tree, and no OpenMLS state.
    let read = HostedSnapshot::read(&bytes).unwrap();
    let tree = mimi_room::MlsStack::ratchet_tree(world.hosted.stack()).unwrap();
    let stack = HubStack::follow(Provider::default(), read.group_info(), &tree).unwrap();
    let restored = read.restore(&world.hub, stack, Queue::Anew, &mut world.rng).unwrap();
    assert_eq!(restored.snapshot().unwrap(), bytes);
    world.hosted = restored;
    world.check();
    assert!(is_success(&world.commit(0, &Wishes::default())));
    assert_eq!(world.hosted.room().members().len(), 1);
}

#[test]
fn refuses_a_snapshot_that_was_changed() {
    use mimi_room::{Room, RoomSnapshot, hub::HostedSnapshot};

    let (mut world, bob) = with_bob();
    let request = world.clients[bob].room().leave(&suite(), &Names).unwrap();
    assert!(is_success(&world.settle(bob, &request)));
    let bytes = world.hosted.room().snapshot().unwrap();
    let room: Room = RoomSnapshot::read(&bytes)
        .unwrap()
        .restore(&suite(), &Names, mimi_policy::TableSeed::known())
        .unwrap();
    assert_eq!(room.snapshot().unwrap(), bytes);
    for end in 0..bytes.len() {
        assert!(RoomSnapshot::read(&bytes[..end]).is_err(), "{end}");
    }
    // Every byte that changes is refused, or makes a room that says so of itself.
    for place in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x40;
        let Ok(read) = RoomSnapshot::read(&changed) else { continue };
        if let Ok(room) = read.restore(&suite(), &Names, mimi_policy::TableSeed::known()) {
            assert_eq!(room.snapshot().unwrap(), changed, "{place}");
        }
    }
    let bytes = world.hosted.snapshot().unwrap();
    for end in (0..bytes.len()).step_by(11) {
        assert!(HostedSnapshot::read(&bytes[..end]).is_err(), "{end}");
    }
    // A list that is not accepted any more is named, and can be given up.
    let read = RoomSnapshot::read(&world.hosted.room().snapshot().unwrap()).unwrap();
    let repaired = read.without_waiting(0);
    let room = repaired.restore(&suite(), &Names, mimi_policy::TableSeed::known()).unwrap();
    assert!(room.waiting().is_empty());
}

#[test]
fn a_follower_hands_out_each_key_package_once_and_delivers_the_welcome() {
    use mimi_codec::protocol::{
        ConsentEndpoint, ConsentEntry, IdentifierUri, KeyMaterialRequestTBS, KeyMaterialUserCode,
    };
    use mimi_room::{
        follower::{Follower, StockError},
        key_material::{LifetimeLimits, check_key_material},
    };

    let mut world = World::strict(&[]);
    let bob = world.add_client("b.example", "bob", "b1");
    let user = world.clients[bob].user.clone();
    let client = mimi_codec::ClientUri::try_from("mimi://b.example/d/b1").unwrap();
    let package = world.clients[bob].key_package();
    let mimi_codec::mls::LeafNodeSelect::KeyPackage { lifetime } = package.leaf_node.leaf_node_source else {
        panic!()
    };
    let now_ms = lifetime.not_before * 1000;
    let mut follower = Follower::default();
    let late = follower.store(&suite(), user.clone(), client.clone(), package.clone(), u64::MAX);
    assert_eq!(late, Err(StockError::Expired));
    follower.store(&suite(), user.clone(), client.clone(), package.clone(), 0).unwrap();
    let again = follower.store(&suite(), user.clone(), client.clone(), package.clone(), 0);
    assert_eq!(again, Err(StockError::Known));

    let alice = &world.clients[0];
    let request = KeyMaterialRequestTBS {
        protocol: Protocol::Mls10,
        requesting_user: (&alice.user).into(),
        target_user: (&user).into(),
        room_id: IdentifierUri::from(&room_uri()).into(),
        acceptable_ciphersuites: mimi_codec::List::new(vec![mimi_codec::code_points::CipherSuite(1)])
            .unwrap(),
        required_capabilities: mimi_codec::mls::RequiredCapabilities {
            extension_types: vec![],
            proposal_types: vec![],
            credential_types: vec![],
        },
        requester_signature_key: alice.key.public(),
        requester_credential: alice.credential.clone(),
    };
    let request =
        mimi_crypto::sign_key_material_request(&suite(), alice.key.signing_key(), request, &mut world.rng)
            .unwrap();
    let body = request.to_bytes().unwrap();
    let ask = |follower: &mut Follower| {
        let target = user.as_bytes();
        follower.key_material(&suite(), &Names, target, &body, now_ms).answer.unwrap()
    };
    assert_eq!(*ask(&mut follower).user_status(), KeyMaterialUserCode::NO_CONSENT);
    let entry = ConsentEntry::Grant {
        requester_uri: (&alice.user).into(),
        target_uri: (&user).into(),
        room_id: None,
        client_key_packages: vec![],
        consent_extensions: Default::default(),
    };
    follower.say_consent(&suite(), &entry, |_| None).unwrap();
    let answer = ask(&mut follower);
    assert_eq!(*answer.user_status(), KeyMaterialUserCode::SUCCESS);
    assert_eq!(answer.clients()[0].key_package(), Some(&package));
    let limits = LifetimeLimits { now_ms, max_lifetime_s: u64::MAX };
    let claimed =
        check_key_material(&suite(), &Names, &room_uri(), &request, answer.clone(), limits).unwrap();
    assert_eq!(claimed.usable()[0].member().client, client);
    assert_eq!(*ask(&mut follower).user_status(), KeyMaterialUserCode::NO_COMPATIBLE_MATERIAL);
    // It was handed out; it does not come back into stock.
    let back = follower.store(&suite(), user.clone(), client.clone(), package.clone(), now_ms);
    assert!(back.is_err());

    // Through the hub: it remembers where the KeyPackage came from.
    let from = peer("a.example");
    let call = Call { from: &from, now_ms: world.now_ms };
    let step = world.hub.key_material(&mut world.hosted, call, user.as_bytes(), &body).change.unwrap();
    let elsewhere = world.hub.key_material(&mut world.hosted, call, b"mimi://b.example/u/x", &body);
    assert_eq!((elsewhere.response.status, elsewhere.change), (400, None));
    assert_eq!(step.to.as_str(), "b.example");
    world.hub.key_material_response(&mut world.hosted, &step, &answer).unwrap();
    let wishes = Wishes::default().add(user, 2, vec![package]);
    let request = world.clients[0].room().commit(&Names, &wishes).unwrap();
    let (_, applied) = world.update("a.example", &request);
    let applied = applied.unwrap();
    let welcome = applied
        .fan_out
        .iter()
        .find(|it| matches!(it.message.event(), mimi_codec::protocol::FanoutEvent::Welcome { .. }));
    let welcome = welcome.unwrap();
    assert_eq!(welcome.to[0].as_str(), "b.example");
    let body = welcome.body().unwrap();
    let notified = follower.notify(&suite(), &from, &room_uri(), &body);
    assert_eq!(notified.response.status, 201);
    assert_eq!(notified.deliveries[0].to, std::slice::from_ref(&client));
    assert_eq!(follower.clients_in(&room_uri()).collect::<Vec<_>>(), [&client]);
    // A repeated body is answered alike and delivered once.
    let repeated = follower.notify(&suite(), &from, &room_uri(), &body);
    assert_eq!((repeated.response.status, repeated.deliveries.len()), (201, 0));
    let nonsense = follower.notify(&suite(), &from, &room_uri(), b"nonsense");
    assert_eq!(nonsense.response.status, 400);

    // Consent is heard from the provider of the acting user only.
    let (own, other) = (peer("b.example"), peer("c.example"));
    let asked = ConsentEntry::Request {
        requester_uri: IdentifierUri::new("mimi://a.example/u/alice").unwrap(),
        target_uri: IdentifierUri::new("mimi://b.example/u/bob").unwrap(),
        room_id: None,
        consent_extensions: Default::default(),
    };
    let body = asked.to_bytes().unwrap();
    let endpoint = ConsentEndpoint::RequestConsent;
    let (response, heard) = follower.hear_consent(&from, &own, endpoint, b"b.example", &body);
    assert_eq!((response.status, heard.is_some()), (201, true));
    let (response, heard) = follower.hear_consent(&other, &own, endpoint, b"b.example", &body);
    assert_eq!((response.status, heard.is_some()), (403, false));
    let (response, heard) = follower.hear_consent(&from, &own, endpoint, b"a.example", &body);
    assert_eq!((response.status, heard.is_some()), (400, false));
}
