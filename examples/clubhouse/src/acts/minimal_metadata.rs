//! Act 8: the same in a minimal-metadata room (mimi-protocol-06 §6; mimi-metadata-minimalization).
//! The hub decides on pseudonyms; who is who, only the participants learn. It has providers and
//! users of its own, so that all that the servers ever held can be searched in the end.

use std::collections::BTreeSet;

use mimi_codec::{
    RoomUri, code_points::ComponentID, protocol::IdentifierUri, ratchet_tree_options::RatchetTreeOption,
    room_policy::BaseRoomPolicy,
};
use mimi_policy::preset;
use mimi_pseudonym::{ConnectionRoom, IdentityLinkWrapperKey, PseudonymError, Requester, request_connection};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{
    Result, ensure,
    minimal_metadata::{
        member::{Invitation, Member},
        person::{Person, RealCredentials},
        stage::{Club, Stage, client_name},
    },
    narrator::Hop,
    story::Story,
};

const HUB: &str = "a.example";

pub(super) fn play(story: &mut Story) -> Result<()> {
    let suite = story.world.suite();
    let stage = &mut Stage::new(&mut story.world.narrator, suite, &[HUB, "b.example", "c.example"], 8)?;
    let mut alice = stage.register("mimi://a.example/u/alice", 1)?;
    let mut bob = stage.register("mimi://b.example/u/bob", 2)?;
    let mut charlie = stage.register("mimi://c.example/u/charlie", 1)?;
    let mut dave = stage.register("mimi://b.example/u/dave", 1)?;

    let rooms = [connect(stage, &mut alice, &mut bob)?, connect(stage, &mut charlie, &mut bob)?];
    upload(stage, &mut [&mut bob, &mut charlie])?;
    let mut club = create(stage, &mut alice)?;
    alice_adds_bob(stage, &mut club, &alice, &mut bob)?;
    bob_adds_charlie(stage, &mut club, &bob, &mut charlie)?;
    dave_joins(stage, &mut club, &mut dave)?;
    known_to_all(stage, &mut club, &["alice", "bob", "bob", "charlie", "dave"])?;
    dave_is_removed(stage, &mut club, &dave)?;
    known_to_all(stage, &mut club, &["alice", "bob", "bob", "charlie"])?;
    servers_know_no_user(stage, &[&alice, &bob, &charlie, &dave], &[&rooms[0], &rooms[1], &club])
}

/// All members add people, and a user who has the join link comes in: the hub lets them, and the
/// members see whether they have the key.
fn rules() -> preset::Preset {
    let mut rules = preset::any_member_adds();
    let open = preset::anyone_can_join().roles.roles;
    rules.roles.roles = open
        .into_iter()
        .filter(|role| role.role_index == 0)
        .chain(rules.roles.roles.into_iter().filter(|role| role.role_index != 0))
        .collect();
    rules
}

/// Two users become connected (mimi-metadata-minimalization-02 §5): each gets the other's
/// connection key.
fn connect(stage: &mut Stage<'_>, requester: &mut Person, responder: &mut Person) -> Result<Club> {
    let (asking, asked) = (client_name(requester, 0), client_name(responder, 0));
    stage.narrator.scene(format!("{} asks {} for a connection", requester.uri(), responder.uri()));
    let suite = stage.suite();
    let hub = requester.uri().host().as_str().to_owned();
    let uri = IdentifierUri::new(format!("mimi://{hub}/r/connection").as_str())?;

    // A room with the requester's clients, and a place for one user more.
    let base = BaseRoomPolicy { max_users: Some(2), ..preset::open_ended_base() };
    let rules = preset::Preset { base, ..preset::anyone_can_join() };
    let pseudonym = requester.new_pseudonym()?;
    let alias = requester.alias(0, &pseudonym)?;
    let sender = stage.server(&hub)?.external_sender()?;
    let authority = stage.authority().clone();
    let (own, hub_and_authority) = (requester.key_and_uses(), (sender, &authority));
    let creator = Member::create(suite, &uri, &rules, alias, own, hub_and_authority, stage.rng())?;
    let mut room = stage.host(&asking, &uri, creator)?;

    // The request names the requester; only the responder can open it. No draft says where to post
    // it.
    let own = Requester {
        client_credential: requester.certificate(0)?.clone(),
        connection_key: requester.connection_key(),
        connection_room_id: RoomUri::try_from(&uri)?,
        connection_room_wrapper_key: room.member(&asking)?.wrapper_key(),
    };
    let establishment_key = responder.connection_establishment_key();
    let (pending, sealed) =
        request_connection(&suite, responder.user(), establishment_key, own, stage.rng())?;
    let provider = responder.uri().host().as_str().to_owned();
    stage.send((&asking, &provider), Hop::Request, "a connection request, without a sender", &sealed)?;
    let body = stage.send((&provider, &asked), Hop::Local, "delivers", &sealed)?;

    // The responder looks who is in that room, and says yes by joining it.
    let request = responder.open_connection_request(&crate::stack::decode(&body)?)?;
    let pseudonym = responder.new_pseudonym()?;
    let alias = responder.alias(0, &pseudonym)?;
    let tbe = stage.fetch_group_info(&asked, &uri, &alias)?;
    let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
        return Err("the tree is elsewhere".into());
    };
    let seen = ConnectionRoom::verify(&suite, tbe.group_info.get(), ratchet_tree)?;
    let verified = request.verify(&suite, &seen, &RealCredentials(&authority))?;
    ensure!(verified.requester().user == requester.user(), "another user asks");
    let who = verified.requester().user.to_string();
    stage.narrator.saw(&asked, format!("that {who} asks, and that no other user is in the room"));
    let wrapper_key = verified.wrapper_key().clone();
    let (connection, response) = verified.accept(&suite, responder.connection_key(), None, stage.rng())?;
    let (own, role) = (responder.key_and_uses(), (rules.participant_role, Some(&response)));
    let key = (&wrapper_key, &authority);
    let (member, request) = Member::join_externally(suite, alias, &tbe, key, own, role, stage.rng())?;
    responder.connect(connection);
    let accepted = stage.update(&asked, &uri, &request, "an external commit")?;

    // The requester sees whose link was made with the key in the answer.
    let received = stage.fan_out(&mut room, &asked, &accepted)?.remove(&asking).ok_or("no user was told")?;
    room.members.insert(asked, member);
    let response = received.response.ok_or("there is no answer")?;
    let (leaf_index, _) = received.newcomers.first().ok_or("no user has joined")?;
    let asker = room.member(&asking)?;
    let connection = asker.accept_connection(&pending, &response, *leaf_index, None, &authority)?;
    ensure!(*connection.user() == responder.user(), "another user has answered");
    ensure!(connection.connection_key() == responder.connection_key(), "it is another key");
    requester.connect(connection);
    ensure!(
        responder.connection(&requester.user())?.connection_key() == requester.connection_key(),
        "the requester has another key"
    );
    Ok(room)
}

/// Key packages in sets (7): each set has one pseudonym for the user, and one key package of each
/// client.
fn upload(stage: &mut Stage<'_>, people: &mut [&mut Person]) -> Result<()> {
    stage.narrator.scene("Bob's and Charlie's clients upload key packages, each set under another name");
    for person in people {
        for device in 0..person.clients() {
            stage.upload_key_packages(person, device)?;
        }
        let sets = person.key_package_sets()?;
        let everyone: BTreeSet<usize> = (0..person.clients()).collect();
        ensure!(sets.iter().all(|set| set.is_whole(&everyone)), "a set lacks a client");
        ensure!(sets.iter().any(|set| set.is_last_resort()), "nothing is left as a last resort");
    }
    Ok(())
}

fn create(stage: &mut Stage<'_>, alice: &mut Person) -> Result<Club> {
    stage.narrator.scene("Alice creates a clubhouse in which no user is called by name");
    let uri = IdentifierUri::new("mimi://a.example/r/masked-clubhouse")?;
    let pseudonym = alice.new_pseudonym()?;
    let alias = alice.alias(0, &pseudonym)?;
    let (suite, hub) = (stage.suite(), stage.server(HUB)?.external_sender()?);
    let (own, authority) = (alice.key_and_uses(), stage.authority().clone());
    let creator = Member::create(suite, &uri, &rules(), alias, own, (hub, &authority), stage.rng())?;
    let club = stage.host(&client_name(alice, 0), &uri, creator)?;
    let hosted = stage.hosted(&uri)?;
    ensure!(hosted.dictionary.data(ComponentID::IDENTITY_LINK_KEYS).is_some(), "no wrapped keys");
    let participants: Vec<String> = hosted.state.participants().map(|(user, _)| user.to_string()).collect();
    stage.narrator.saw(HUB, format!("a room of {}", participants.join(", ")));
    Ok(club)
}

/// One who is connected with a user adds all of their clients; the others learn who it is from the
/// wrapped keys.
fn add(
    stage: &mut Stage<'_>,
    club: &mut Club,
    by: &str,
    connection: &mimi_pseudonym::Connection,
    added: &mut Person,
) -> Result<()> {
    let key_packages = stage.fetch_key_packages(by, club, connection)?;
    ensure!(key_packages.len() == added.clients(), "not one key package for each client");
    let role = rules().participant_role;
    let invitation = Invitation { connection, key_packages, role };
    let mut rng = ChaCha20Rng::from_rng(stage.rng());
    let member = club.member(by)?;
    let (request, identities) = member.add(&[invitation], stage.authority(), &mut rng)?;
    ensure!(
        identities.iter().all(|it| it.as_ref().is_some_and(|it| *it.user() == added.user())),
        "the key packages are another user's"
    );
    let uri = club.uri.clone();
    let accepted = stage.update(by, &uri, &request, "a commit that adds clients")?;
    club.member(by)?.accepted(stage.authority())?;
    stage.fan_out(club, by, &accepted)?;
    stage.welcome(club, added, &accepted)
}

fn alice_adds_bob(stage: &mut Stage<'_>, club: &mut Club, alice: &Person, bob: &mut Person) -> Result<()> {
    stage.narrator.scene("Alice adds Bob, with whom she is connected: both of his clients");
    let connection = alice.connection(&bob.user())?;
    add(stage, club, &client_name(alice, 0), connection, bob)?;
    known_to_all(stage, club, &["alice", "bob", "bob"])
}

fn bob_adds_charlie(
    stage: &mut Stage<'_>,
    club: &mut Club,
    bob: &Person,
    charlie: &mut Person,
) -> Result<()> {
    stage
        .narrator
        .scene("Bob adds Charlie, of whom Alice has never heard: the wrapped key tells her who it is");
    let connection = bob.connection(&charlie.user())?;
    add(stage, club, &client_name(bob, 0), connection, charlie)?;
    known_to_all(stage, club, &["alice", "bob", "bob", "charlie"])
}

/// Dave is connected with no user. Bob has sent him a join link, with the wrapper key in it; the
/// hub has not seen it.
fn dave_joins(stage: &mut Stage<'_>, club: &mut Club, dave: &mut Person) -> Result<()> {
    stage
        .narrator
        .scene("Dave joins with a link that Bob has sent him by other ways, with the wrapper key in it");
    let (suite, uri, name) = (stage.suite(), club.uri.clone(), client_name(dave, 0));
    let link = IdentityLinkWrapperKey::new(&suite, club.member("bob-1")?.wrapper_key().expose())?;
    let role = rules().participant_role;

    // Without the link, a made-up key opens nothing, and a client notices before it sends anything.
    let authority = stage.authority().clone();
    let pseudonym = dave.new_pseudonym()?;
    let alias = dave.alias(0, &pseudonym)?;
    let tbe = stage.fetch_group_info(&name, &uri, &alias)?;
    let mut rng = ChaCha20Rng::from_rng(stage.rng());
    let wrong = (&IdentityLinkWrapperKey::generate(&suite, &mut rng)?, &authority);
    let own = dave.key_and_uses();
    let refused = Member::join_externally(suite, alias, &tbe, wrong, own, (role, None), &mut rng);
    let refused = refused.err().ok_or("a made-up key opens the room")?.to_string();
    ensure!(refused == PseudonymError::StaleWrapperKey.to_string(), "{refused}");
    stage
        .narrator
        .note("With a wrapper key that he made up, Dave would open no user, and no user would know him.");

    let pseudonym = dave.new_pseudonym()?;
    let alias = dave.alias(0, &pseudonym)?;
    let tbe = stage.fetch_group_info(&name, &uri, &alias)?;
    let (own, key) = (dave.key_and_uses(), (&link, &authority));
    let (member, request) = Member::join_externally(suite, alias, &tbe, key, own, (role, None), &mut rng)?;
    let accepted = stage.update(&name, &uri, &request, "an external commit")?;
    let received = stage.fan_out(club, &name, &accepted)?;
    ensure!(received.len() == club.members.len(), "a user wasn't told");
    club.members.insert(name, member);
    Ok(())
}

/// The room's wrapper key never changes by the drafts, so that who was a member could open the
/// links of those who come later. Here, those who stay agree on another, which the one who went
/// cannot derive (`mimi_pseudonym::rotation`).
fn dave_is_removed(stage: &mut Stage<'_>, club: &mut Club, dave: &Person) -> Result<()> {
    stage.narrator.scene("Alice removes Dave, and his key goes with him");
    let (uri, name) = (club.uri.clone(), client_name(dave, 0));
    let pseudonym = club.member(&name)?.credential().user_pseudonym.clone();
    let request = club.member("alice-1")?.remove(&pseudonym, stage.rng())?;
    let accepted = stage.update("alice-1", &uri, &request, "a commit that removes a client")?;
    club.member("alice-1")?.accepted(stage.authority())?;
    stage.fan_out(club, "alice-1", &accepted)?;
    ensure!(!club.member(&name)?.is_active(), "Dave's client doesn't know");

    stage.narrator.scene("Those who stay derive another wrapper key, and Alice wraps all keys anew");
    let request = club.member("alice-1")?.rewrap(stage.rng())?;
    let accepted = stage.update("alice-1", &uri, &request, "a commit that wraps all keys anew")?;
    club.member("alice-1")?.accepted(stage.authority())?;
    stage.fan_out(club, "alice-1", &accepted)?;
    let removed = club.members.remove(&name).ok_or("Dave was never there")?;
    let opened = removed.try_to_learn(stage.hosted(&uri)?, stage.authority());
    ensure!(opened.iter().all(|(_, who)| who.known().is_none()), "Dave still opens links");
    stage.narrator.note("With the old key and all that the hub has, Dave opens nothing any more.");
    Ok(())
}

/// Every member opens every link.
fn known_to_all(stage: &mut Stage<'_>, club: &mut Club, expected: &[&str]) -> Result<()> {
    for (name, member) in &club.members {
        let learned = member.learn(stage.authority());
        let users: Vec<&str> = learned
            .iter()
            .map(|(_, who)| who.known().and_then(|who| who.user().mimi_uri()?.id()).unwrap_or("?"))
            .collect();
        ensure!(users == expected, "{name} knows {users:?}");
    }
    let first = club.members.values().next().ok_or("no user is there")?;
    let epoch = first.epoch();
    ensure!(club.members.values().all(|member| member.epoch() == epoch), "they are in different epochs");
    let hub = stage.hosted(&club.uri)?;
    for member in club.members.values() {
        ensure!(member.room().sealed == hub.sealed, "the hub has other keys");
        ensure!(member.room().dictionary == hub.dictionary, "the hub has other components");
    }
    let who = format!("leaf by leaf, {}", expected.join(", "));
    stage.narrator.saw("every member", who);
    Ok(())
}

/// Searches every byte string that a server ever held.
fn servers_know_no_user(stage: &mut Stage<'_>, people: &[&Person], rooms: &[&Club]) -> Result<()> {
    stage.narrator.scene("What the servers have: every byte that they ever held is searched");
    let mut needles = Vec::new();
    for person in people {
        needles.extend(person.secrets_of_identity()?);
    }
    for member in rooms.iter().flat_map(|room| room.members.values()) {
        needles.push(member.wrapper_key().expose().to_vec());
    }
    let mut summary = Vec::new();
    for (domain, server) in stage.servers() {
        let held = server.held()?;
        let bytes: usize = held.iter().map(Vec::len).sum();
        for needle in &needles {
            ensure!(!holds(&held, needle), "{domain} holds {:?}", String::from_utf8_lossy(needle));
        }
        summary.push(format!("{domain}: {} byte strings, {bytes} bytes, no name and no key", held.len()));
    }
    // The search does find what is there: the hub has the pseudonyms, in its messages and in
    // OpenMLS's storage.
    let hub = stage.server(HUB)?.held()?;
    let club = rooms.last().ok_or("there is no room")?;
    for member in club.members.values() {
        let pseudonym = &member.credential().user_pseudonym;
        ensure!(holds(&hub, pseudonym.as_bytes()), "the search doesn't find a pseudonym");
    }
    for line in summary {
        stage.narrator.note(line);
    }
    Ok(())
}

/// Is `needle` somewhere in there, as it is, or as the list of numbers that OpenMLS's storage makes
/// of bytes?
fn holds(held: &[Vec<u8>], needle: &[u8]) -> bool {
    let numbers: Vec<String> = needle.iter().map(u8::to_string).collect();
    let numbers = numbers.join(",").into_bytes();
    held.iter().any(|bytes| contains(bytes, needle) || contains(bytes, &numbers))
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
