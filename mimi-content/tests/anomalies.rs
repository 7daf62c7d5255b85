//! General handling: one test for each anomaly, and for its neighbour that is none.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use mimi_content::{
    Advice, AeadAlgorithm, Anomaly, AnomalyLimits, Disposition, Expiration, ExternalMessageId, ExternalPart,
    ExternalScope, HashAlgorithm, LastSeen, MessageExtensions, MessageId, MimiContent, MimiContentBuilder,
    MimiContentRef, MultiPart, NestedPart, PartIndex, PartSemantics, ReceivedMessage, ReferenceField,
    RoomKnowledge, Salt, SenderTimestamp, UnboundPart, UnboundReason,
};

const SENDER: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://a.example/r/room";
const NOW: u64 = 1_800_000_000_000;
const YEAR: u64 = 365 * 24 * 60 * 60;

fn text(language: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, language, "text/plain;charset=utf-8", "text")
}

fn builder(body: NestedPart) -> MimiContentBuilder {
    MimiContent::builder(Salt::from_bytes([1; 16]), body)
}

fn known_id() -> MessageId {
    MessageId::from_bytes([1; 32])
}

fn unknown_id() -> MessageId {
    MessageId::from_bytes([2; 32])
}

/// A room of the sender alone, and what else its receiver knows.
struct Room<'r> {
    seen: Option<ExternalMessageId>,
    scope: Option<ExternalScope>,
    last_seen_of: &'r dyn Fn(&MessageId) -> Option<LastSeen>,
    last_seen_of_external: &'r dyn Fn(&ExternalMessageId) -> Option<LastSeen>,
}

impl Default for Room<'_> {
    fn default() -> Self {
        Self { seen: None, scope: None, last_seen_of: &|_| None, last_seen_of_external: &|_| None }
    }
}

impl RoomKnowledge for Room<'_> {
    fn is_member(&self, user_uri: &str) -> bool {
        user_uri == SENDER
    }

    fn has_seen_external_id(&self, id: &ExternalMessageId) -> bool {
        self.seen.as_ref() == Some(id)
    }

    fn expects_scope(&self, scope: &ExternalScope) -> bool {
        self.scope.as_ref().is_none_or(|expected| expected == scope)
    }

    fn last_seen_of(&self, message_id: &MessageId) -> Option<LastSeen> {
        (self.last_seen_of)(message_id)
    }

    fn last_seen_of_external(&self, id: &ExternalMessageId) -> Option<LastSeen> {
        (self.last_seen_of_external)(id)
    }
}

fn anomalies_in_room(encoded: &[u8], room: &Room<'_>) -> Vec<Anomaly> {
    let message = MimiContentRef::decode(encoded).unwrap();
    ReceivedMessage::new(&message, SENDER, ROOM, room, NOW, NOW).unwrap().anomalies()
}

/// The anomalies of an encoded message, `adjust` saying what the receiver knows.
fn anomalies_in(encoded: &[u8], adjust: impl Fn(&mut ReceivedMessage<'_, '_>)) -> Vec<Anomaly> {
    let message = MimiContentRef::decode(encoded).unwrap();
    let mut received =
        ReceivedMessage::new(&message, SENDER, ROOM, &|user: &str| user == SENDER, NOW, NOW).unwrap();
    assert_eq!(Ok(received.message_id()), message.message_id(SENDER, ROOM));
    adjust(&mut received);
    let found = received.anomalies();
    for anomaly in &found {
        assert!(!anomaly.to_string().is_empty());
    }
    found
}

fn encode(builder: MimiContentBuilder) -> Vec<u8> {
    builder.build().unwrap().encode()
}

fn anomalies_of(builder: MimiContentBuilder, adjust: impl Fn(&mut ReceivedMessage<'_, '_>)) -> Vec<Anomaly> {
    anomalies_in(&encode(builder), adjust)
}

fn anomalies(builder: MimiContentBuilder) -> Vec<Anomaly> {
    anomalies_of(builder, |_| {})
}

/// The anomalies of what no builder makes and a sender may send all the same.
fn anomalies_after(builder: MimiContentBuilder, change: impl FnOnce(&mut serde_json::Value)) -> Vec<Anomaly> {
    let mut json = serde_json::to_value(builder.build().unwrap()).unwrap();
    change(&mut json);
    anomalies_in(&serde_json::from_value::<MimiContent>(json).unwrap().encode(), |_| {})
}

fn with_extensions(fill: impl FnOnce(&mut MessageExtensions)) -> MimiContentBuilder {
    let mut extensions = MessageExtensions::new();
    fill(&mut extensions);
    builder(text("en")).extensions(extensions)
}

#[test]
fn finds_nothing_in_an_ordinary_message() {
    let ordinary = with_extensions(|extensions| {
        extensions.set_sender_uri(SENDER).unwrap();
        extensions.set_room_uri(ROOM).unwrap();
        extensions.set_last_seen(&LastSeen::Messages(vec![])).unwrap();
    });
    // Unknown messages, dispositions, content types and languages are legitimate (§9.1).
    assert_eq!(anomalies(ordinary.replaces(known_id()).in_reply_to(known_id())), []);
    let unknown = NestedPart::single(Disposition(200), "tlh,x-own", "application/unheard-of", "");
    assert_eq!(anomalies(builder(unknown)), []);
}

#[test]
fn finds_a_sender_outside_the_group() {
    let encoded = encode(builder(text("")));
    let message = MimiContentRef::decode(&encoded).unwrap();
    let bob = "mimi://a.example/u/bob";
    let received = ReceivedMessage::new(&message, bob, ROOM, &|user: &str| user == SENDER, NOW, NOW).unwrap();
    assert_eq!(received.anomalies(), [Anomaly::SenderNotMember]);
    let too_long = "u".repeat(65536);
    assert!(ReceivedMessage::new(&message, &too_long, ROOM, &|_: &str| true, NOW, NOW).is_err());
}

#[test]
fn finds_a_message_id_that_was_seen_with_other_bytes() {
    let found = anomalies_of(builder(text("")), |received| received.earlier_with_this_id = Some(b"other"));
    assert_eq!(found, [Anomaly::DuplicateMessageId]);
}

#[test]
fn finds_nothing_new_in_a_repeated_delivery() {
    let encoded = encode(with_extensions(|extensions| {
        extensions.set_external_message_id(&external(311)).unwrap();
        extensions.set_last_seen(&LastSeen::Messages(vec![])).unwrap();
    }));
    let message = MimiContentRef::decode(&encoded).unwrap();
    let room = Room { seen: Some(external(311)), ..Room::default() };
    let mut received = ReceivedMessage::new(&message, SENDER, ROOM, &room, NOW, NOW).unwrap();
    received.sender_sent_before = true;
    assert!(!received.is_repeated());
    assert_eq!(received.anomalies(), [Anomaly::DuplicateExternalMessageId, Anomaly::LastSeenEmpty]);
    received.earlier_with_this_id = Some(&encoded);
    assert!(received.is_repeated());
    assert_eq!(received.anomalies(), []);
}

#[test]
fn finds_references_with_an_unknown_hash() {
    let anomaly = |field| Anomaly::UnknownHashAlgorithm { field, algorithm: HashAlgorithm(2) };
    assert_eq!(anomalies(builder(text("")).replaces(unknown_id())), [anomaly(ReferenceField::Replaces)]);
    assert_eq!(anomalies(builder(text("")).in_reply_to(unknown_id())), [anomaly(ReferenceField::InReplyTo)]);
    let last_seen = LastSeen::Messages(vec![known_id(), unknown_id()]);
    let message = with_extensions(|extensions| extensions.set_last_seen(&last_seen).unwrap());
    assert_eq!(anomalies(message), [anomaly(ReferenceField::LastSeen)]);
}

#[test]
fn finds_timestamps_that_cannot_be() {
    let accepted =
        |accepted_ms| anomalies_of(builder(text("")), |received| received.accepted_ms = accepted_ms);
    let minutes = 5 * 60 * 1000;
    assert_eq!(accepted(NOW + minutes), []);
    assert_eq!(accepted(NOW + minutes + 1), [Anomaly::TimestampInFuture { by_ms: minutes + 1 }]);
    assert_eq!(accepted(1_698_796_800_000), []);
    assert_eq!(accepted(1_698_796_799_999), [Anomaly::TimestampBeforeFormat]);
    let created = |room_created_ms| {
        anomalies_of(builder(text("")), |received| received.room_created_ms = Some(room_created_ms))
    };
    assert_eq!(created(NOW), []);
    assert_eq!(created(NOW + 1), [Anomaly::TimestampBeforeRoom]);
}

#[test]
fn finds_expirations_over_a_year_away() {
    let expires = |relative, time: u64| {
        let time = u32::try_from(time).unwrap();
        anomalies(builder(text("")).expires(Expiration { relative, time }))
    };
    let now = NOW / 1000;
    assert_eq!(expires(false, now - YEAR), []);
    assert_eq!(expires(false, now - YEAR - 1), [Anomaly::ExpiredLongAgo { ago_ms: (YEAR + 1) * 1000 }]);
    assert_eq!(expires(false, now + YEAR), []);
    assert_eq!(expires(false, now + YEAR + 1), [Anomaly::ExpiresFarAhead { ahead_ms: (YEAR + 1) * 1000 }]);
    assert_eq!(expires(true, YEAR), []);
    assert_eq!(expires(true, YEAR + 1), [Anomaly::ExpiresFarAhead { ahead_ms: (YEAR + 1) * 1000 }]);
    assert_eq!(expires(true, 0), []);
}

#[test]
fn finds_a_message_over_the_local_limit() {
    let bytes = builder(text("")).build().unwrap().encode().len();
    let limited = |max_size| {
        anomalies_of(builder(text("")), |received| {
            received.limits = AnomalyLimits { max_size, ..AnomalyLimits::default() }
        })
    };
    assert_eq!(limited(bytes), []);
    assert_eq!(limited(bytes - 1), [Anomaly::TooLarge { bytes }]);
}

#[test]
fn finds_claims_that_differ_from_mls() {
    let sender = with_extensions(|extensions| extensions.set_sender_uri("mimi://a.example/u/bob").unwrap());
    assert_eq!(anomalies(sender), [Anomaly::SenderUriDiffers]);
    let room = with_extensions(|extensions| extensions.set_room_uri("mimi://b.example/r/room").unwrap());
    assert_eq!(anomalies(room), [Anomaly::RoomUriDiffers]);
}

#[test]
fn finds_parts_without_content_in_odd_places() {
    let null = || NestedPart::null(Disposition::RENDER);
    assert_eq!(anomalies(builder(null())), [Anomaly::NullBodyReplacesNothing]);
    assert_eq!(anomalies(builder(null()).replaces(known_id())), []);
    let multi = MultiPart::new(PartSemantics::ProcessAll, vec![text(""), null()]).unwrap();
    let found = anomalies(builder(NestedPart::multi(Disposition::RENDER, "", multi)));
    assert_eq!(found, [Anomaly::NullPartInside { part: PartIndex(2) }]);
}

#[test]
fn finds_a_reaction_to_nothing() {
    let reaction = || NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", "+1");
    assert_eq!(anomalies(builder(reaction())), [Anomaly::ReactionWithoutReply]);
    assert_eq!(anomalies(builder(reaction()).in_reply_to(known_id())), []);
}

#[test]
fn finds_languages_that_are_no_tags() {
    let multi = MultiPart::new(PartSemantics::ChooseOne, vec![text("en,fr"), text("")]).unwrap();
    let body = builder(NestedPart::multi(Disposition::RENDER, "", multi));
    assert_eq!(anomalies(body.clone()), []);
    let found = anomalies_after(body, |json| json["body"]["parts"][1]["language"] = "not a language".into());
    assert_eq!(found, [Anomaly::MalformedLanguage { part: PartIndex(2) }]);
}

#[test]
fn finds_files_that_the_message_does_not_bind() {
    let external = |enc_alg, hash_alg, hash: &[u8]| {
        let file = ExternalPart { enc_alg, hash_alg, content_hash: hash.into(), ..ExternalPart::default() };
        NestedPart::external(Disposition::ATTACHMENT, "", file)
    };
    let (none, gcm) = (AeadAlgorithm::NONE, AeadAlgorithm::AES_128_GCM);
    let (no_hash, unknown) = (HashAlgorithm::RESERVED, HashAlgorithm(0x7f));
    for (part, reason) in [
        (external(gcm, HashAlgorithm::SHA_256, &[1; 32]), None),
        (external(gcm, HashAlgorithm::SHA_384, &[1; 48]), None),
        (external(gcm, HashAlgorithm::SHA_512, &[1; 64]), None),
        (external(none, HashAlgorithm::SHA_256, &[1; 32]), None),
        // A service is nothing that could be bound.
        (external(none, no_hash, &[]), None),
        (external(gcm, no_hash, &[]), Some(UnboundReason::NoHash)),
        (external(AeadAlgorithm(0xfffe), no_hash, &[]), Some(UnboundReason::NoHash)),
        (external(gcm, unknown, &[1; 32]), Some(UnboundReason::UnknownHash(unknown))),
        (external(none, unknown, &[]), Some(UnboundReason::UnknownHash(unknown))),
        (external(none, no_hash, &[1]), Some(UnboundReason::UnknownHash(no_hash))),
        // 120 bits of SHA-256 (RFC 6920 §9.4) let a sender prepare two files.
        (external(gcm, HashAlgorithm(3), &[1; 15]), Some(UnboundReason::UnknownHash(HashAlgorithm(3)))),
    ] {
        // As the body, and inside a multipart.
        let found = |part| reason.map(|reason| Anomaly::UnboundContent(UnboundPart { part, reason }));
        let expected: Vec<_> = found(PartIndex(0)).into_iter().collect();
        assert_eq!(anomalies(builder(part.clone())), expected);
        let multi = MultiPart::new(PartSemantics::ProcessAll, vec![text(""), part]).unwrap();
        let expected: Vec<_> = found(PartIndex(2)).into_iter().collect();
        assert_eq!(anomalies(builder(NestedPart::multi(Disposition::RENDER, "", multi))), expected);
    }
}

#[test]
fn finds_keys_of_what_is_not_encrypted() {
    let plain = || ExternalPart {
        url: "https://a.example/x".into(),
        content_hash: vec![1; 32],
        ..ExternalPart::default()
    };
    let found = |external| anomalies(builder(NestedPart::external(Disposition::ATTACHMENT, "", external)));
    assert_eq!(found(plain()), []);
    let expected = [Anomaly::KeyWithoutEncryption { part: PartIndex(0) }];
    for field in ["key", "nonce", "aad"] {
        let body = NestedPart::external(Disposition::ATTACHMENT, "", plain());
        assert_eq!(
            anomalies_after(builder(body), |json| json["body"][field] = "01".into()),
            expected,
            "{field}"
        );
    }
    assert_eq!(found(ExternalPart { key: vec![1], enc_alg: AeadAlgorithm::AES_128_GCM, ..plain() }), []);
}

#[test]
fn finds_extensions_that_are_not_what_they_should_be() {
    for key in [3, 4, 5, 256] {
        let found =
            anomalies_after(builder(text("")), |json| json["extensions"] = serde_json::json!([[key, "f5"]]));
        match &found[..] {
            [Anomaly::MalformedExtension(error)] => assert_eq!(error.key(), key.into()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn finds_sender_timestamps_that_are_off() {
    let days = 32 * 24 * 60 * 60;
    let sent = |seconds| {
        let timestamp = SenderTimestamp { seconds, fraction: None };
        anomalies(with_extensions(|extensions| extensions.set_sender_timestamp(timestamp).unwrap()))
    };
    let now = NOW / 1000;
    for seconds in [now - days, now, now + days] {
        assert_eq!(sent(seconds), []);
    }
    for seconds in [now - days - 1, now + days + 1] {
        assert_eq!(sent(seconds), [Anomaly::SenderTimestampOff { by_ms: (days + 1) * 1000 }]);
    }
    assert_eq!(sent(u64::MAX), [Anomaly::SenderTimestampOff { by_ms: u64::MAX - NOW }]);
}

fn external(number: u64) -> ExternalMessageId {
    ExternalMessageId { id: vec![1, 2], scope: ExternalScope::EnterpriseNumber(number) }
}

#[test]
fn finds_external_ids_that_repeat_or_are_foreign() {
    let message =
        || with_extensions(|extensions| extensions.set_external_message_id(&external(311)).unwrap());
    assert_eq!(anomalies(message()), []);
    let seen = Room { seen: Some(external(311)), ..Room::default() };
    let repeated = anomalies_in_room(&encode(message()), &seen);
    assert_eq!(repeated, [Anomaly::DuplicateExternalMessageId]);
    let narrow = Room { scope: Some(ExternalScope::EnterpriseNumber(7)), ..Room::default() };
    let foreign = anomalies_in_room(&encode(message()), &narrow);
    assert_eq!(foreign, [Anomaly::UnexpectedScope { extension: 4 }]);

    let last_seen = LastSeen::External(vec![external(7), external(311)]);
    let message = with_extensions(|extensions| extensions.set_last_seen(&last_seen).unwrap());
    let foreign = anomalies_in_room(&encode(message), &narrow);
    assert_eq!(foreign, [Anomaly::UnexpectedScope { extension: 256 }]);
}

fn seeing(ids: Vec<MessageId>) -> MimiContentBuilder {
    with_extensions(|extensions| extensions.set_last_seen(&LastSeen::Messages(ids)).unwrap())
}

#[test]
fn finds_senders_that_forgot_what_they_sent() {
    let before = |received: &mut ReceivedMessage<'_, '_>| received.sender_sent_before = true;
    assert_eq!(anomalies_of(seeing(vec![]), before), [Anomaly::LastSeenEmpty]);
    assert_eq!(anomalies_of(seeing(vec![known_id()]), before), []);
}

#[test]
fn finds_last_seen_lists_that_are_too_long() {
    assert_eq!(anomalies(seeing(vec![known_id(); 65535])), []);
    assert_eq!(anomalies(seeing(vec![known_id(); 65536])), [Anomaly::LastSeenTooLong { entries: 65536 }]);
}

#[test]
fn finds_loops_of_last_seen_lists() {
    let id = |number| {
        let mut bytes = [1; 32];
        bytes[31] = number;
        MessageId::from_bytes(bytes)
    };
    let encoded = encode(seeing(vec![id(1)]));
    let message = MimiContentRef::decode(&encoded).unwrap();
    let own = message.message_id(SENDER, ROOM).unwrap();
    // 1 saw 2 and 3, 3 saw 2 and 1: no loop with this message, until 2 saw it.
    let chain = |back: Option<MessageId>| {
        move |asked: &MessageId| {
            Some(LastSeen::Messages(match asked.as_bytes()[31] {
                1 => vec![id(2), id(3)],
                2 => back.into_iter().collect(),
                3 => vec![id(2), id(1)],
                _ => return None,
            }))
        }
    };
    let (open, closed) = (chain(None), chain(Some(own)));
    let room = Room { last_seen_of: &open, ..Room::default() };
    assert_eq!(anomalies_in_room(&encoded, &room), []);
    let room = Room { last_seen_of: &closed, ..Room::default() };
    let mut received = ReceivedMessage::new(&message, SENDER, ROOM, &room, NOW, NOW).unwrap();
    assert_eq!(received.anomalies(), [Anomaly::LastSeenLoop]);
    // 2 is the second or third that is asked, and the one that it saw is looked at without asking.
    received.limits.last_seen_steps = 1;
    assert_eq!(received.anomalies(), []);
}

#[test]
fn finds_loops_of_foreign_ids() {
    let message = |own: u64, seen: u64| {
        encode(with_extensions(|extensions| {
            extensions.set_external_message_id(&external(own)).unwrap();
            extensions.set_last_seen(&LastSeen::External(vec![external(seen)])).unwrap();
        }))
    };
    // A message that saw itself.
    assert_eq!(anomalies_in(&message(1, 1), |_| {}), [Anomaly::LastSeenLoop]);
    assert_eq!(anomalies_in(&message(1, 2), |_| {}), []);
    // One that saw a message that saw it.
    let list = |id: &ExternalMessageId| (*id == external(2)).then(|| LastSeen::External(vec![external(1)]));
    let room = Room { last_seen_of_external: &list, ..Room::default() };
    let found = anomalies_in_room(&message(1, 2), &room);
    assert_eq!(found, [Anomaly::LastSeenLoop]);
}

#[test]
fn asks_a_bounded_number_of_earlier_messages() {
    let asked = std::cell::Cell::new(0_u32);
    // A history without an end.
    let next = |id: &MessageId| {
        asked.set(asked.get() + 1);
        let mut bytes = *id.as_bytes();
        bytes[28..].copy_from_slice(&asked.get().to_be_bytes());
        Some(LastSeen::Messages(vec![MessageId::from_bytes(bytes)]))
    };
    let encoded = encode(seeing(vec![known_id()]));
    let message = MimiContentRef::decode(&encoded).unwrap();
    let room = Room { last_seen_of: &next, ..Room::default() };
    let received = ReceivedMessage::new(&message, SENDER, ROOM, &room, NOW, NOW).unwrap();
    assert_eq!((received.anomalies(), asked.get()), (vec![], 1024));
}

#[test]
fn reports_all_there_is_in_order() {
    let encoded = encode(builder(NestedPart::null(Disposition::REACTION)).in_reply_to(unknown_id()));
    let message = MimiContentRef::decode(&encoded).unwrap();
    let received = ReceivedMessage::new(&message, SENDER, ROOM, &|_: &str| false, NOW, 0).unwrap();
    assert_eq!(
        received.anomalies(),
        [
            Anomaly::SenderNotMember,
            Anomaly::UnknownHashAlgorithm { field: ReferenceField::InReplyTo, algorithm: HashAlgorithm(2) },
            Anomaly::TimestampBeforeFormat,
            Anomaly::NullBodyReplacesNothing,
        ]
    );
}

#[test]
fn advises_what_the_drafts_do() {
    let part = PartIndex(0);
    let malformed =
        match &anomalies_after(builder(text("")), |json| json["extensions"] = serde_json::json!([[5, "f5"]]))
            [..]
        {
            [malformed] => malformed.clone(),
            other => panic!("{other:?}"),
        };
    for (advice, anomalies) in [
        (
            Advice::Discard,
            vec![
                Anomaly::SenderNotMember,
                Anomaly::DuplicateMessageId,
                Anomaly::UnknownHashAlgorithm {
                    field: ReferenceField::Replaces,
                    algorithm: HashAlgorithm(2),
                },
                Anomaly::TimestampInFuture { by_ms: 1 },
                Anomaly::TimestampBeforeRoom,
                Anomaly::TimestampBeforeFormat,
                Anomaly::ExpiredLongAgo { ago_ms: 1 },
                Anomaly::ExpiresFarAhead { ahead_ms: 1 },
                Anomaly::TooLarge { bytes: 1 },
                Anomaly::SenderUriDiffers,
                Anomaly::RoomUriDiffers,
            ],
        ),
        (
            Advice::MayReject,
            vec![
                malformed,
                Anomaly::SenderTimestampOff { by_ms: 1 },
                Anomaly::DuplicateExternalMessageId,
                Anomaly::UnexpectedScope { extension: 4 },
                Anomaly::LastSeenEmpty,
                Anomaly::LastSeenTooLong { entries: 1 },
                Anomaly::LastSeenLoop,
            ],
        ),
        (
            Advice::Log,
            vec![
                Anomaly::NullBodyReplacesNothing,
                Anomaly::NullPartInside { part },
                Anomaly::ReactionWithoutReply,
                Anomaly::MalformedLanguage { part },
                Anomaly::KeyWithoutEncryption { part },
                Anomaly::UnboundContent(UnboundPart { part, reason: UnboundReason::NoHash }),
            ],
        ),
    ] {
        for anomaly in anomalies {
            assert_eq!(anomaly.advice(), advice, "{anomaly}");
        }
    }
}

/// Their timestamps are of 2022; and the reactions of multipart-2 answer nothing.
#[test]
fn finds_in_the_working_groups_examples_what_is_odd_about_them() {
    for (name, encoded) in [
        ("original", &include_bytes!("data/original.cbor")[..]),
        ("multipart-2", include_bytes!("data/multipart-2.cbor")),
        ("multipart-3", include_bytes!("data/multipart-3.cbor")),
        ("attachment", include_bytes!("data/attachment.cbor")),
        ("delete", include_bytes!("data/delete.cbor")),
        ("unlike", include_bytes!("data/unlike.cbor")),
    ] {
        let message = MimiContentRef::decode(encoded).unwrap();
        let (sender, room) =
            (message.extensions().sender_uri().unwrap(), message.extensions().room_uri().unwrap());
        let accepted = 1_644_387_225_019;
        let found = ReceivedMessage::new(&message, sender, room, &|_: &str| true, accepted, accepted)
            .unwrap()
            .anomalies();
        let expected: &[Anomaly] = match name {
            "multipart-2" => &[Anomaly::TimestampBeforeFormat, Anomaly::ReactionWithoutReply],
            _ => &[Anomaly::TimestampBeforeFormat],
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn looks_at_a_bounded_number_of_entries_of_earlier_lists() {
    // 32 messages that each saw 65,535: 1 kB that once took 2 GB.
    let id = |number: u32| {
        let mut bytes = [1; 32];
        bytes[28..].copy_from_slice(&number.to_be_bytes());
        MessageId::from_bytes(bytes)
    };
    let asked = std::cell::Cell::new(0_u32);
    let list = |_: &MessageId| {
        asked.set(asked.get() + 1);
        Some(LastSeen::Messages((0..65_535).map(|at| id(asked.get() * 100_000 + at)).collect()))
    };
    let encoded = encode(seeing((0..32).map(id).collect()));
    let message = MimiContentRef::decode(&encoded).unwrap();
    let room = Room { last_seen_of: &list, ..Room::default() };
    let mut received = ReceivedMessage::new(&message, SENDER, ROOM, &room, NOW, NOW).unwrap();
    // The second list is the last one, and only its first entry is kept.
    assert_eq!((received.anomalies(), asked.get()), (vec![], 2));
    // The own list is compared as a whole, whatever the limits.
    received.limits.last_seen_entries = 0;
    assert_eq!((received.anomalies(), asked.get()), (vec![], 2));
}

#[test]
fn looks_into_status_reports() {
    use mimi_content::{MessageStatus, MessageStatusReport};
    let carrying = |content: Vec<u8>| {
        let report =
            NestedPart::single(Disposition::UNSPECIFIED, "", "Application/mimi-message-status; x=y", content);
        let body = MultiPart::new(PartSemantics::ProcessAll, vec![text(""), report]).unwrap();
        builder(NestedPart::multi(Disposition::RENDER, "", body))
    };
    let report = |id| MessageStatusReport::of([(known_id(), MessageStatus::READ), (id, MessageStatus::READ)]);
    assert_eq!(anomalies(carrying(report(known_id()).encode())), []);
    let expected =
        Anomaly::UnknownHashAlgorithm { field: ReferenceField::StatusReport, algorithm: HashAlgorithm(2) };
    assert_eq!(anomalies(carrying(report(unknown_id()).encode())), [expected]);
    let found = anomalies(carrying(vec![0x82]));
    let [Anomaly::MalformedStatusReport { part: PartIndex(2), error }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(found[0].to_string(), format!("part 2: {error}"));
    assert_eq!(found[0].advice(), Advice::Log);
}
