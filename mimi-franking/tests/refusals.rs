//! Every refusal by its name, and what is accepted beside it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod room;

use mimi_codec::{
    Decode, DecodeErrorKind, Encode, IdentityError, List, MediaType, Opaque, UserUri,
    code_points::{CipherSuite, ComponentID},
    extensions::{SafeAAD, SafeAADItem},
    media_type::ApplicationFraming,
    protocol::{AbusiveMessage, FrankAAD, IdentifierUri, ParticipantListData, UserRolePair},
};
use mimi_content::{Disposition, ExtensionKey, MessageExtensions, MimiContent, NestedPart, Salt};
use mimi_crypto::{CipherSuiteProvider, CryptoError, RustCrypto, Secret};
use mimi_franking::{
    ContentError, ContextHash, ContextSecret, Framing, FrankableContent, FrankingAgent, FrankingAgentKey,
    FrankingAssertion, FrankingError, FrankingKey, FrankingSalt, HubKey, HubKeyId, IntegrityMac,
    IntegritySecret, MimiFrankable, MimiFrankable02, OwnAgent, OwnAgents, Signed, StoredFrank, franking_tag,
    hub::{ActiveSender, RoomUsers, Submission, UserIndex},
    receiver::{self, DecryptedMessage},
    report::{AbuseReportBuilder, ReportCheck, ReportedMessage},
    sender, set_franking_assertion, set_franking_assertion_02,
};
use room::{ALICE, ASSERTION_KEY, BOB, Message, NOW, ROOM, Room, Under, domain, mimi_message, uri, validate};

const SUITE: CipherSuite = CipherSuite(1);

fn sent<C: Under>(room: &Room) -> Message<C> {
    Message::sent(room, &C::content([7; 32], ALICE, ROOM, "text"), ALICE, ROOM)
}

// Sender

#[test]
fn refuses_to_commit_to_content_of_another_sender_or_room() {
    let data = mimi_message([7; 16], ALICE, ROOM, "text");
    let commit = |sender: &str, room: &str| {
        sender::commit::<Signed>(&Signed::CONTENT, &data, &uri(sender), &uri(room))
    };
    assert!(commit(ALICE, ROOM).is_ok());
    assert_eq!(commit(BOB, ROOM).err(), Some(FrankingError::SenderMismatch));
    assert_eq!(commit(ALICE, "mimi://hub.example/r/x").err(), Some(FrankingError::RoomMismatch));
    // Equal is equal in bytes.
    assert_eq!(commit("im:alice@b.example", ROOM).err(), Some(FrankingError::SenderMismatch));
}

#[test]
fn the_commitment_is_the_safe_aad_item_of_component_0x0020() {
    let data = mimi_message([7; 16], ALICE, ROOM, "text");
    let commitment = sender::commit::<Signed>(&Signed::CONTENT, &data, &uri(ALICE), &uri(ROOM)).unwrap();
    let item = commitment.safe_aad_item().unwrap();
    assert_eq!(item.component_id, ComponentID(0x20));
    assert_eq!(*item.aad_item_data, *commitment.frank_aad().franking_tag);
    assert_eq!(commitment.frank_aad(), &franking_tag(&FrankingSalt::from_bytes([7; 16]), &data));
}

// Content

fn assertions(frankable: MimiFrankable, data: &[u8]) -> Result<(Vec<u8>, Vec<u8>), ContentError> {
    let read = FrankableContent::<Signed>::assertions(&frankable, data)?;
    Ok((read.sender_uri.to_vec(), read.room_uri.to_vec()))
}

fn message_with(extensions: MessageExtensions) -> Vec<u8> {
    let body = NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", "x");
    MimiContent::builder(Salt::from_bytes([7; 16]), body).extensions(extensions).build().unwrap().encode()
}

#[test]
fn refuses_content_without_sender_or_room() {
    let bare = MimiFrankable::new(Framing::Bare);
    assert_eq!(assertions(bare, &message_with(MessageExtensions::new())), Err(ContentError::MissingSender));
    let mut extensions = MessageExtensions::new();
    extensions.set_sender_uri(ALICE).unwrap();
    assert_eq!(assertions(bare, &message_with(extensions)), Err(ContentError::MissingRoom));
    assert!(matches!(assertions(bare, b"none"), Err(ContentError::Mimi(_))));
    // A byte behind the content is no content.
    let longer = [mimi_message([7; 16], ALICE, ROOM, "x"), vec![0]].concat();
    assert!(matches!(assertions(bare, &longer), Err(ContentError::Mimi(_))));
}

#[test]
fn the_tag_covers_the_application_framing() {
    let content = mimi_message([7; 16], ALICE, ROOM, "x");
    let framed = |media_type: Option<&str>| {
        ApplicationFraming {
            media_type: media_type.map(|text| MediaType::parse(text).unwrap()),
            inner_application_content: Opaque::from(content.as_slice()),
        }
        .to_bytes()
        .unwrap()
    };
    let frankable = MimiFrankable::new(Framing::ApplicationFraming);
    let expected = Ok((ALICE.as_bytes().to_vec(), ROOM.as_bytes().to_vec()));
    for media_type in [None, Some("application/mimi-content")] {
        assert_eq!(assertions(frankable, &framed(media_type)), expected);
    }
    assert_eq!(assertions(frankable, &framed(Some("text/plain"))), Err(ContentError::MediaType));
    assert!(matches!(assertions(frankable, &content), Err(ContentError::Framing(_))));
    assert!(assertions(MimiFrankable::new(Framing::Bare), &framed(None)).is_err());

    // The same content under another framing is another message; a report of the bare content
    // fails.
    let room = Room::new(SUITE);
    let data = framed(Some("application/mimi-content"));
    let commitment = sender::commit::<Signed>(&frankable, &data, &uri(ALICE), &uri(ROOM)).unwrap();
    let message = Message::<Signed>::accepted(&room, &data, commitment.frank_aad(), &uri(ALICE), &uri(ROOM));
    let verify = |data: &[u8]| {
        let received = DecryptedMessage { application_data: data, ..message.received() };
        receiver::verify(&room.franking_agent(), &frankable, &received).map(|frank| frank.is_some())
    };
    assert_eq!(verify(&data), Ok(true));
    assert_eq!(verify(&framed(None)), Err(FrankingError::TagMismatch));
    let report = |content: &[u8], format: &MimiFrankable| {
        let agents = [OwnAgent::new(&room.suite, room.agent.franking_signature_key.clone()).unwrap()];
        let message = ReportedMessage::<Signed> {
            message_content: content.into(),
            frank: message.frank.clone(),
            accepted_timestamp: NOW,
        };
        let own = OwnAgents(&agents);
        ReportCheck { hub_keys: &room.hub_keys, own: &own, content: format, room_uri: &uri(ROOM) }
            .messages(&uri(ALICE), &[message])
            .remove(0)
            .map(drop)
    };
    assert_eq!(report(&data, &frankable), Ok(()));
    assert_eq!(report(&content, &MimiFrankable::new(Framing::Bare)), Err(FrankingError::ServerFrankMismatch));
}

#[test]
fn the_caller_names_the_key_of_the_franking_assertion() {
    let key = FrankingKey::from_bytes([3; 32]);
    let assertion = FrankingAssertion { sender_uri: ALICE, room_uri: ROOM };
    let mut extensions = MessageExtensions::new();
    set_franking_assertion_02(&mut extensions, ASSERTION_KEY, &key, &assertion).unwrap();
    let data = message_with(extensions.clone());
    let read = |key, data: &[u8]| {
        let frankable = MimiFrankable02::new(Framing::Bare, key);
        let read = frankable.assertions(data)?;
        Ok((read.sender_uri.to_vec(), read.room_uri.to_vec()))
    };
    let expected = Ok((ALICE.as_bytes().to_vec(), ROOM.as_bytes().to_vec()));
    assert_eq!(read(ASSERTION_KEY, &data), expected);
    assert_eq!(read(101, &data), Err(ContentError::MissingAssertion));
    // The extensions 1 and 2 may be there too, and then say the same.
    extensions.set_sender_uri(ALICE).unwrap();
    extensions.set_room_uri(ROOM).unwrap();
    assert_eq!(read(ASSERTION_KEY, &message_with(extensions.clone())), expected);
    extensions.set_room_uri("mimi://hub.example/r/x").unwrap();
    assert_eq!(read(ASSERTION_KEY, &message_with(extensions.clone())), Err(ContentError::Contradiction));
    extensions.set_encoded(ExtensionKey::Integer(ASSERTION_KEY), b"\xa0").unwrap();
    assert_eq!(read(ASSERTION_KEY, &message_with(extensions)), Err(ContentError::MalformedAssertion));

    // 03's map, and 06 that knows none.
    let mut extensions = MessageExtensions::new();
    set_franking_assertion(&mut extensions, ASSERTION_KEY, &assertion).unwrap();
    let data = message_with(extensions);
    let frankable = MimiFrankable::with_assertion(Framing::Bare, ASSERTION_KEY);
    let read = FrankableContent::<IntegrityMac>::assertions(&frankable, &data).unwrap();
    assert_eq!((read.sender_uri, read.room_uri), (ALICE.as_bytes(), ROOM.as_bytes()));
    assert_eq!(assertions(frankable, &data), Err(ContentError::MissingSender));
}

// Hub

#[test]
fn refuses_a_sender_who_is_no_active_participant() {
    let list = ParticipantListData { participants: vec![UserRolePair { user: ALICE.into(), role_index: 1 }] };
    let host = |sender: &IdentifierUri| room::provider(sender.mimi_uri().unwrap().host().as_str());
    let find = |sender: &str, clients: &[&str]| {
        let sender = uri(sender);
        let users = UserIndex::new(&list, clients.iter().map(|client| uri(client)));
        ActiveSender::find(&sender, &host(&sender), &users).map(drop)
    };
    assert_eq!(find(ALICE, &[BOB, ALICE]), Ok(()));
    assert_eq!(find(BOB, &[BOB]), Err(FrankingError::SenderNotParticipant));
    assert_eq!(find(ALICE, &[BOB]), Err(FrankingError::SenderNotActive));
    assert_eq!(find(ALICE, &[]), Err(FrankingError::SenderNotActive));
    // Another spelling of Alice is no user, whatever the list says.
    for (spelling, offset) in [("mimi://B.example/u/alice", 7), ("mimi://b.example/u/%61lice", 19)] {
        let user = UserRolePair { user: spelling.into(), role_index: 1 };
        let list = ParticipantListData { participants: vec![user] };
        let users = UserIndex::new(&list, [uri(ALICE)]);
        let found = ActiveSender::find(&uri(spelling), &room::provider("b.example"), &users);
        assert_eq!(found, Err(FrankingError::Identity(IdentityError::NotNormal { offset })));
        let found = ActiveSender::find(&uri(ALICE), &room::provider("b.example"), &users);
        assert_eq!(found, Err(FrankingError::SenderNotParticipant));
    }
}

/// The users of a room of any size, as a hub's own index knows them; it counts what it is asked.
struct Counting(core::cell::Cell<usize>);

impl RoomUsers for Counting {
    fn is_participant(&self, _: &UserUri) -> bool {
        self.0.set(self.0.get() + 1);
        true
    }

    fn has_client(&self, _: &UserUri) -> bool {
        self.0.set(self.0.get() + 1);
        true
    }
}

#[test]
fn a_sender_is_found_by_two_look_ups_in_a_room_of_any_size() {
    let users = Counting(core::cell::Cell::new(0));
    let found = ActiveSender::find(&uri(ALICE), &room::provider("b.example"), &users).unwrap();
    assert_eq!((found.user(), users.0.get()), (&uri(ALICE), 2));
}

#[test]
fn refuses_reports_about_another_spelling_of_a_user() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room);
    let stored = message.verify(&room).unwrap().store();
    let builder = AbuseReportBuilder::new(&uri(ALICE), uri(ROOM));
    let mut report = builder.message(&Signed::CONTENT, &message.application_data, &stored).unwrap().build();
    let agents = [OwnAgent::new(&room.suite, room.agent.franking_signature_key.clone()).unwrap()];
    let (own, room_uri) = (OwnAgents(&agents), uri(ROOM));
    let (hub_keys, content) = (&room.hub_keys, &Signed::CONTENT);
    let check = ReportCheck { hub_keys, own: &own, content, room_uri: &room_uri };
    assert!(check.report(&report)[0].is_ok());
    report.alleged_abuser_uri = uri("mimi://B.example/u/alice");
    let error = FrankingError::Identity(IdentityError::NotNormal { offset: 7 });
    assert_eq!(check.report(&report), [Err(error)]);
}

#[test]
fn refuses_to_frank_without_a_tag() {
    let list = ParticipantListData { participants: vec![UserRolePair { user: ALICE.into(), role_index: 1 }] };
    let users = UserIndex::new(&list, [uri(ALICE)]);
    let sender = || ActiveSender::find(&uri(ALICE), &room::provider("b.example"), &users).unwrap();
    let with = |component_id, data: &[u8]| SafeAAD {
        aad_items: List::new(vec![SafeAADItem { component_id, aad_item_data: data.into() }]).unwrap(),
    };
    let submit = |aad: &SafeAAD| Submission::new(aad, sender(), uri(ROOM)).map(drop);
    assert_eq!(submit(&with(ComponentID::FRANK_AAD, &[1; 32])), Ok(()));
    assert_eq!(submit(&SafeAAD::default()), Err(FrankingError::FrankAadMissing));
    assert_eq!(submit(&with(ComponentID(0x8123), &[1; 32])), Err(FrankingError::FrankAadMissing));
    for length in [31, 33] {
        let found = submit(&with(ComponentID::FRANK_AAD, &vec![1; length]));
        assert!(matches!(found, Err(FrankingError::Decode(_))), "{found:?}");
    }
}

#[test]
fn refuses_to_frank_without_an_agent_or_for_another_key_or_suite() {
    let room = Room::new(SUITE);
    let key = |context: &_| FrankingAgentKey::of_group(&room.suite, &room.signing_key, context).map(drop);
    assert_eq!(key(&room.group_context), Ok(()));
    assert_eq!(key(&room::group_context(SUITE, None)), Err(FrankingError::NoFrankingAgent));
    let (expected, actual) = (CipherSuite(3), SUITE);
    assert_eq!(
        key(&room::group_context(CipherSuite(3), Some(&room.agent))),
        Err(FrankingError::CipherSuiteMismatch { expected, actual })
    );
    let other = Room::seeded(SUITE, 2);
    assert_eq!(key(&other.group_context), Err(FrankingError::AgentKeyMismatch));
    assert!(format!("{:?}", room.hub_keys).contains("HubKey([redacted])"));
}

#[test]
fn messages_are_printed_without_their_content() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room);
    let received = DecryptedMessage::<Signed> {
        application_data: &message.application_data,
        frank_aad: Some(&message.frank_aad),
        frank: Some(&message.frank),
        accepted_timestamp: message.accepted_timestamp,
        sender_uri: &message.sender_uri,
        room_uri: &message.room_uri,
    };
    let reported = ReportedMessage::<Signed> {
        message_content: message.application_data.as_slice().into(),
        frank: message.frank.clone(),
        accepted_timestamp: message.accepted_timestamp,
    };
    let length = format!("{} bytes", message.application_data.len());
    let printed = format!("{received:?}");
    assert!(printed.contains(&format!("application_data: {length},")), "{printed}");
    let printed = format!("{reported:?}");
    assert!(printed.contains(&format!("message_content: {length},")), "{printed}");
}

#[test]
fn the_agents_private_key_is_never_shown() {
    let room = Room::new(SUITE);
    assert_eq!(format!("{:?}", room.agent_key()), "FrankingAgentKey([redacted])");
}

#[test]
fn old_franks_verify_after_a_rotation_until_their_key_is_retired() {
    let mut room = Room::new(SUITE);
    let old = sent::<Signed>(&room);
    let next = HubKeyId(NOW + 1);
    room.hub_keys.add(next, HubKey::new(&Secret::of_length([9; 40], 40).unwrap()).unwrap()).unwrap();
    assert_eq!(old.report(&room), Ok(()));
    assert_eq!(room.hub_keys.id_at(NOW), Ok(HubKeyId(1_000)));
    // A time under the new key does not make an old frank a new one.
    let mut moved = old.clone();
    moved.accepted_timestamp = NOW + 1;
    assert_eq!(moved.report(&room), Err(FrankingError::ServerFrankMismatch));
    room.hub_keys.retire(HubKeyId(1_000));
    assert_eq!(old.report(&room), Err(FrankingError::HubKeyRetired(HubKeyId(1_000))));
    moved.accepted_timestamp = 999;
    assert_eq!(moved.report(&room), Err(FrankingError::NoHubKey { accepted_timestamp: 999 }));
    let submission = room::submission(&old.frank_aad, &uri(ALICE), &uri(ROOM));
    let mut rng = rand_chacha::rand_core::SeedableRng::seed_from_u64(1);
    let found = Signed::stamp(&room, &submission, NOW, &mut rng).err();
    assert_eq!(found, Some(FrankingError::HubKeyRetired(HubKeyId(1_000))));
}

#[test]
fn refuses_secrets_that_no_suite_has() {
    for actual in [0, 31, 33, 47, 65] {
        let secret = || Secret::from_provider(vec![1; actual]);
        let expected = Some(FrankingError::SecretLength { actual });
        assert_eq!(IntegritySecret::new(&secret()).err(), expected);
        assert_eq!(ContextSecret::new(secret()).err(), expected);
    }
    for length in [32, 48, 64] {
        assert!(IntegritySecret::new(&Secret::from_provider(vec![1; length])).is_ok());
    }
    let shown = format!("{:?}", IntegritySecret::new(&Secret::from_provider(vec![0x77; 32])).unwrap());
    assert_eq!(shown, "IntegritySecret([redacted])");
    let shown = format!("{:?}", ContextSecret::new(Secret::from_provider(vec![0x77; 32])).unwrap());
    assert_eq!(shown, "ContextSecret(Secret([redacted]))");
}

// Receiver

#[test]
fn accepts_a_message_without_frank_as_unfranked() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room);
    let verify = |received: DecryptedMessage<'_, Signed>| {
        receiver::verify(&room.franking_agent(), &Signed::CONTENT, &received).map(|frank| frank.is_some())
    };
    assert_eq!(verify(message.received()), Ok(true));
    assert_eq!(verify(DecryptedMessage { frank: None, ..message.received() }), Ok(false));
    assert_eq!(verify(DecryptedMessage { frank: None, frank_aad: None, ..message.received() }), Ok(false));
    // Nothing is asked of content that is not franked.
    assert_eq!(
        verify(DecryptedMessage { frank: None, application_data: b"?", ..message.received() }),
        Ok(false)
    );
}

#[test]
fn refuses_a_frank_without_a_tag() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room);
    let received = DecryptedMessage { frank_aad: None, ..message.received() };
    let found = receiver::verify(&room.franking_agent(), &Signed::CONTENT, &received);
    assert_eq!(found, Err(FrankingError::FrankWithoutTag));
}

#[test]
fn refuses_a_suite_other_than_the_groups() {
    let room = Room::new(SUITE);
    let mut message = sent::<Signed>(&room);
    message.frank.franking_signature_ciphersuite = CipherSuite(3);
    let (expected, actual) = (SUITE, CipherSuite(3));
    assert_eq!(message.verify(&room), Err(FrankingError::CipherSuiteMismatch { expected, actual }));
    assert_eq!(message.report(&room), Err(FrankingError::UnknownFrankSuite(actual)));
}

#[test]
fn refuses_a_group_without_an_agent_that_can_be_trusted() {
    let room = Room::new(SUITE);
    let hub = domain("hub.example");
    let agent = |context: &_, domain: &mimi_codec::DnsName| {
        FrankingAgent::of_group(&room.suite, context, domain.as_ref(), validate).map(drop)
    };
    assert_eq!(agent(&room.group_context, &hub), Ok(()));
    assert_eq!(agent(&room::group_context(SUITE, None), &hub), Err(FrankingError::NoFrankingAgent));
    // The caller names the hub's domain; the room URI has no say.
    let (expected, actual) = (domain("new-hub.example"), hub.clone());
    assert_eq!(
        agent(&room.group_context, &expected),
        Err(FrankingError::AgentDomainMismatch { expected: expected.clone(), actual })
    );
    let (expected, actual) = (CipherSuite(3), SUITE);
    assert_eq!(
        agent(&room::group_context(CipherSuite(3), Some(&room.agent)), &hub),
        Err(FrankingError::CipherSuiteMismatch { expected, actual })
    );
    let mut broken = room.agent.clone();
    broken.credential = mimi_codec::mls::Credential::X509 { certificates: vec![] };
    assert_eq!(agent(&room::group_context(SUITE, Some(&broken)), &hub), Err(FrankingError::AgentNotTrusted));
    // A key that is none shows when it is used.
    let mut broken = room.agent.clone();
    broken.franking_signature_key = [0; 31].as_slice().into();
    let context = room::group_context(SUITE, Some(&broken));
    let found = FrankingAgent::of_group(&room.suite, &context, hub.as_ref(), validate).unwrap();
    let message = sent::<Signed>(&room);
    let (expected, actual) = (32, 31);
    let what = "signature public key";
    assert_eq!(
        receiver::verify(&found, &Signed::CONTENT, &message.received()),
        Err(FrankingError::IntegritySignature(CryptoError::InvalidLength { what, expected, actual }))
    );
    let what = "franking_signature_key";
    assert_eq!(
        OwnAgent::new(&room.suite, [0; 31].as_slice().into()).err(),
        Some(FrankingError::Crypto(CryptoError::InvalidLength { what, expected, actual }))
    );
}

#[test]
fn a_pseudonym_is_compared_like_any_sender() {
    let room = Room::new(SUITE);
    let pseudonym = "mimi://b.example/u/4af1c0";
    let data = mimi_message([7; 16], pseudonym, ROOM, "x");
    let mut message = Message::<Signed>::sent(&room, &data, pseudonym, ROOM);
    assert_eq!(message.verify(&room).unwrap().context().sender_uri, uri(pseudonym));
    // The name behind it is not what the leaf shows.
    message.sender_uri = uri(ALICE);
    assert_eq!(message.verify(&room), Err(FrankingError::SenderMismatch));
}

#[test]
fn many_get_the_verdicts_that_they_get_alone() {
    let room = Room::new(SUITE);
    let messages: Vec<_> = (0..20_u8)
        .map(|number| {
            let data = mimi_message([number; 16], ALICE, ROOM, "x");
            let mut message = Message::<Signed>::sent(&room, &data, ALICE, ROOM);
            match number % 5 {
                1 => message.accepted_timestamp += 1,
                2 => message.frank.franking_signature_ciphersuite = CipherSuite(3),
                3 => message.frank_aad = FrankAAD { franking_tag: [0; 32].into() },
                _ => {}
            }
            message
        })
        .collect();
    let received: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| {
            let received = message.received();
            if at % 7 == 0 { DecryptedMessage { frank: None, ..received } } else { received }
        })
        .collect();
    let agent = room.franking_agent();
    let together = receiver::verify_all(&agent, &Signed::CONTENT, &received);
    let alone: Vec<_> = received.iter().map(|one| receiver::verify(&agent, &Signed::CONTENT, one)).collect();
    assert_eq!(together, alone);
    assert_eq!(together.iter().filter(|verdict| matches!(verdict, Ok(None))).count(), 3);
    assert_eq!(together.iter().filter(|verdict| matches!(verdict, Ok(Some(_)))).count(), 6);
}

// Storage

#[test]
fn refuses_what_is_no_stored_frank() {
    let room = Room::new(SUITE);
    let stored = sent::<Signed>(&room).verify(&room).unwrap().store();
    let bytes = stored.to_bytes().unwrap();
    assert_eq!(StoredFrank::<Signed>::from_bytes(&bytes), Ok(stored.clone()));
    assert_eq!(bytes[0], 6);
    for cut in 1..bytes.len() {
        let found = StoredFrank::<Signed>::from_bytes(&bytes[..cut]);
        assert!(matches!(found, Err(FrankingError::Decode(_))), "{cut}");
    }
    let Err(FrankingError::Decode(error)) = StoredFrank::<Signed>::from_bytes(b"") else {
        panic!("accepted")
    };
    assert_eq!((error.offset(), error.path().to_string().as_str()), (0, "StoredFrank.revision"));
    let Err(FrankingError::Decode(error)) = StoredFrank::<Signed>::from_bytes(&bytes[..5]) else {
        panic!("accepted")
    };
    assert_eq!(
        (error.offset(), error.path().to_string().as_str()),
        (1, "StoredFrank.frank_aad.franking_tag")
    );
    let longer = [bytes.as_slice(), &[0]].concat();
    let Err(FrankingError::Decode(error)) = StoredFrank::<Signed>::from_bytes(&longer) else {
        panic!("accepted")
    };
    assert_eq!(error.kind(), &DecodeErrorKind::TrailingBytes { count: 1 });
}

#[test]
fn a_stored_frank_is_verified_again_or_not_believed() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room);
    let stored = message.verify(&room).unwrap().store();
    let again = |stored: &StoredFrank<Signed>, data: &[u8]| {
        stored.verify_again(&room.franking_agent(), &Signed::CONTENT, data)
    };
    assert_eq!(again(&stored, &message.application_data), message.verify(&room));
    let other = mimi_message([8; 16], ALICE, ROOM, "x");
    assert_eq!(again(&stored, &other), Err(FrankingError::TagMismatch));
    // An attacker wrote another time into the database: the frank decodes, but does not verify.
    let mut bytes = stored.to_bytes().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let tampered = StoredFrank::<Signed>::from_bytes(&bytes).unwrap();
    assert_eq!(
        again(&tampered, &message.application_data),
        Err(FrankingError::IntegritySignature(CryptoError::InvalidSignature))
    );
}

// Report

#[test]
fn refuses_to_report_what_the_frank_is_not_about() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room);
    let stored = message.verify(&room).unwrap().store();
    let report = |abuser: &str, in_room: &str, data: &[u8]| {
        AbuseReportBuilder::new(&uri(abuser), uri(in_room)).message(&Signed::CONTENT, data, &stored).map(drop)
    };
    assert_eq!(report(ALICE, ROOM, &message.application_data), Ok(()));
    assert_eq!(report(BOB, ROOM, &message.application_data), Err(FrankingError::SenderMismatch));
    let elsewhere = "mimi://hub.example/r/x";
    assert_eq!(report(ALICE, elsewhere, &message.application_data), Err(FrankingError::RoomMismatch));
    for (data, error) in [
        (mimi_message([8; 16], ALICE, ROOM, "x"), FrankingError::TagMismatch),
        (mimi_message([8; 16], BOB, ROOM, "x"), FrankingError::SenderMismatch),
        (mimi_message([8; 16], ALICE, elsewhere, "x"), FrankingError::RoomMismatch),
    ] {
        assert_eq!(report(ALICE, ROOM, &data), Err(error));
    }
    let empty = AbuseReportBuilder::new(&uri(ALICE), uri(ROOM)).build();
    let own = OwnAgents::<RustCrypto>(&[]);
    let room_uri = uri(ROOM);
    let check =
        ReportCheck { hub_keys: &room.hub_keys, own: &own, content: &Signed::CONTENT, room_uri: &room_uri };
    assert!(check.report(&empty).is_empty());
}

/// The hub's agents have changed since, keys and suites: any of the suite will do, and the frank
/// says which suite.
#[test]
fn any_own_agent_of_the_franks_suite_verifies() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room);
    let reported: Vec<_> = (0..10)
        .map(|_| ReportedMessage::<Signed> {
            message_content: message.application_data.as_slice().into(),
            frank: message.frank.clone(),
            accepted_timestamp: NOW,
        })
        .collect();
    let later = Room::seeded(SUITE, 2);
    let other_suite = RustCrypto::new(CipherSuite(3)).unwrap();
    let own = |room: &Room| room.agent.franking_signature_key.clone();
    let right = OwnAgent::new(&room.suite, own(&room)).unwrap();
    let wrong = OwnAgent::new(&room.suite, own(&later)).unwrap();
    let of_suite_3 = OwnAgent::new(&other_suite, own(&room)).unwrap();
    let check = |agents: &[OwnAgent<'_, RustCrypto>]| {
        let own = OwnAgents(agents);
        let room_uri = uri(ROOM);
        let check = ReportCheck {
            hub_keys: &room.hub_keys,
            own: &own,
            content: &Signed::CONTENT,
            room_uri: &room_uri,
        };
        let mut verdicts = check.messages::<Signed>(&uri(ALICE), &reported);
        assert!(verdicts.windows(2).all(|pair| pair[0] == pair[1]));
        verdicts.remove(0).map(drop)
    };
    assert_eq!(check(&[wrong.clone(), of_suite_3.clone(), right.clone()]), Ok(()));
    assert_eq!(check(&[right, wrong.clone()]), Ok(()));
    assert_eq!(check(&[wrong]), Err(FrankingError::IntegritySignature(CryptoError::InvalidSignature)));
    assert_eq!(check(&[of_suite_3]), Err(FrankingError::UnknownFrankSuite(SUITE)));
    assert_eq!(other_suite.parameters().cipher_suite, CipherSuite(3));
}

#[test]
fn the_frank_of_02_repeats_the_tag() {
    let room = Room::new(SUITE);
    let mut message = sent::<ContextHash>(&room);
    assert_eq!(message.frank.franking_tag, message.frank_aad.franking_tag);
    message.frank.franking_tag = [0; 32].into();
    assert_eq!(message.verify(&room), Err(FrankingError::RepeatedTagMismatch));
    assert_eq!(message.report(&room), Err(FrankingError::RepeatedTagMismatch));
}

fn round_trip<C: Under>() -> (Vec<u8>, ReportedMessage<C>) {
    let message = sent::<C>(&Room::new(SUITE));
    let reported = ReportedMessage::<C> {
        message_content: message.application_data.as_slice().into(),
        frank: message.frank.clone(),
        accepted_timestamp: NOW,
    };
    let bytes = reported.to_bytes().unwrap();
    assert_eq!(ReportedMessage::<C>::decode_exact(&bytes).as_ref(), Ok(&reported));
    for cut in 0..bytes.len() {
        assert!(ReportedMessage::<C>::decode_exact(&bytes[..cut]).is_err());
    }
    (bytes, reported)
}

#[test]
fn a_reported_message_is_the_abusive_message_of_its_draft() {
    let (bytes, reported) = round_trip::<Signed>();
    let abusive = AbusiveMessage::from(reported.clone());
    assert_eq!(abusive.to_bytes().unwrap(), bytes);
    assert_eq!(ReportedMessage::<Signed>::from(abusive), reported);
    // The older franks are 64 and 96 bytes, before the 8 of the time.
    let (bytes, reported) = round_trip::<IntegrityMac>();
    let frank = [*reported.frank.server_frank, *reported.frank.franking_integrity_check].concat();
    assert_eq!(bytes[bytes.len() - 72..bytes.len() - 8], frank);
    let (bytes, reported) = round_trip::<ContextHash>();
    let frank = &reported.frank;
    let frank = [*frank.franking_tag, *frank.server_frank, *frank.franking_context_hash].concat();
    assert_eq!(bytes[bytes.len() - 104..bytes.len() - 8], frank);
}
