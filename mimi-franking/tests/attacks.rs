//! The working group's requirements for franking, attack by attack: what the meeting notes of 2
//! October 2024 and IETF 121 ask for, and what each construction gives. The table in the crate's
//! documentation names these tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod room;

use mimi_codec::{
    Encode,
    code_points::CipherSuite,
    protocol::{
        FanoutEvent, FanoutMessage, FrankAAD, IdentifierUri, ParticipantListData, ServerFrankingContext,
        UserRolePair,
    },
};
use mimi_content::{
    AeadAlgorithm, Attachment, AttachmentError, Disposition, ExternalPart, HashAlgorithm, MimiContent,
    NestedPart,
};
use mimi_crypto::{CryptoError, verify_with_label};
use mimi_franking::{
    Construction, ContextHash, ContextSecret, FrankingAgent, FrankingAgentKey, FrankingError, FrankingSalt,
    IntegrityMac, IntegritySecret, OwnAgent, Signed, StoredFrank, UnboundContent, UnboundKind, franking_tag,
    hub::{ActiveSender, Franked, UserIndex},
    report::{AbuseReportBuilder, ReportCheck, ReportedMessage},
    sender::commit_with_unbound_files,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use room::{ALICE, BOB, CATHY, Message, NOW, ROOM, Room, Under, mimi_message, uri, validate};
use sha2::{Digest, Sha256};

const SUITE: CipherSuite = CipherSuite(1);
const USERS: [&str; 3] = [BOB, ALICE, CATHY];
const NO_SIGNATURE: FrankingError = FrankingError::IntegritySignature(CryptoError::InvalidSignature);

fn sent<C: Under>(room: &Room, text: &str) -> Message<C> {
    Message::sent(room, &C::content([7; 32], ALICE, ROOM, text), ALICE, ROOM)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

// "Hub cannot read the content of messages unless they are reported."

/// All that the hub gets of the content is the tag, an HMAC under a salt it does not have: even
/// with the right text at hand it cannot tell that it is the right one.
#[test]
fn the_hub_cannot_confirm_a_guess_of_the_content() {
    let room = Room::new(SUITE);
    let message = sent::<Signed>(&room, "yes");
    for text in ["yes", "no"] {
        for salt in [[0; 16], [1; 16], *b"0123456789abcdef"] {
            let guess = mimi_message(salt, ALICE, ROOM, text);
            assert_ne!(franking_tag(&FrankingSalt::from_bytes(salt), &guess), message.frank_aad);
        }
    }
    // With the salt it can, which is why a report gives it the whole content.
    assert_eq!(
        franking_tag(&FrankingSalt::from_bytes([7; 16]), &message.application_data),
        message.frank_aad
    );
}

/// A salt that is used twice lets readers of the first message confirm guesses of the second: the
/// tag is public.
#[test]
fn a_salt_reused_lets_readers_of_one_message_confirm_guesses_of_the_other() {
    let room = Room::new(SUITE);
    let to_both = sent::<Signed>(&room, "yes");
    let to_others = sent::<Signed>(&room, "no");
    let known_salt = FrankingSalt::from_bytes([7; 16]);
    let guess = mimi_message([7; 16], ALICE, ROOM, "no");
    assert_eq!(franking_tag(&known_salt, &guess), to_others.frank_aad);
    // It does not let anybody put one text in the place of the other.
    let mut moved = to_both.clone();
    moved.application_data = to_others.application_data;
    assert_eq!(moved.verify(&room), Err(FrankingError::TagMismatch));
    assert_eq!(moved.report(&room), Err(FrankingError::ServerFrankMismatch));
    // A new salt tells a guesser nothing.
    let fresh = Message::<Signed>::sent(&room, &mimi_message([8; 16], ALICE, ROOM, "no"), ALICE, ROOM);
    assert_ne!(franking_tag(&known_salt, &guess), fresh.frank_aad);
}

// "Receiver cannot attribute a bogus abusive message to a sender."

/// What the hub says of a frank under other content: in 02 the frank repeats the tag, which comes
/// first.
fn of_other_content<C: Construction>() -> FrankingError {
    if C::REVISION == 2 { FrankingError::RepeatedTagMismatch } else { FrankingError::ServerFrankMismatch }
}

fn a_bogus_message_is_not_attributed<C: Under>() {
    let room = Room::new(SUITE);
    let honest = sent::<C>(&room, "hello");
    // Other words under Alice's frank, with the salt that the receiver has read; and Alice in the
    // place of Bob, who did send this.
    let mut bogus = honest.clone();
    bogus.application_data = C::content([7; 32], ALICE, ROOM, "something vile");
    assert_eq!(bogus.report(&room), Err(of_other_content::<C>()));
    let bobs = Message::<C>::sent(&room, &C::content([7; 32], BOB, ROOM, "something vile"), BOB, ROOM);
    assert_eq!(bobs.report(&room), Ok(()));
    let mut on_alice = bobs.clone();
    on_alice.sender_uri = uri(ALICE);
    assert_eq!(on_alice.report(&room), Err(FrankingError::SenderMismatch));
    on_alice.application_data = C::content([7; 32], ALICE, ROOM, "something vile");
    assert_eq!(on_alice.report(&room), Err(of_other_content::<C>()));
    // A frank of the receiver's own making.
    let own_hub = Room::seeded(SUITE, 66);
    let forged = sent::<C>(&own_hub, "something vile");
    assert_eq!(forged.report(&room), Err(FrankingError::ServerFrankMismatch));
}

#[test]
fn a_receiver_cannot_attribute_a_bogus_message() {
    a_bogus_message_is_not_attributed::<Signed>();
    a_bogus_message_is_not_attributed::<IntegrityMac>();
    a_bogus_message_is_not_attributed::<ContextHash>();
}

/// Mallory, a member, writes something vile with an assertion that Alice did, and has a server
/// submit it as Alice's.
fn in_alices_name<C: Under>(submitted_by: &str) -> (Message<C>, Result<ActiveSender, FrankingError>) {
    let room = Room::new(SUITE);
    let user = |user: &str| UserRolePair { user: user.into(), role_index: 1 };
    let list = ParticipantListData { participants: vec![user(ALICE), user(BOB)] };
    let users = UserIndex::new(&list, [uri(ALICE), uri(BOB)]);
    let sender = ActiveSender::find(&uri(ALICE), &room::provider(submitted_by), &users);
    let message = sent::<C>(&room, "something vile");
    (Message { sender_uri: uri(BOB), ..message }, sender)
}

#[test]
fn a_follower_cannot_submit_in_the_name_of_another_providers_user() {
    for (server, accepted) in
        [("b.example", true), ("B.example", true), ("c.example", false), ("hub.example", false)]
    {
        let (_, sender) = in_alices_name::<Signed>(server);
        assert_eq!(sender.err(), (!accepted).then_some(FrankingError::SenderOfAnotherProvider), "{server}");
    }
    // A URI without a provider belongs to no provider's user.
    let list =
        ParticipantListData { participants: vec![UserRolePair { user: "alice".into(), role_index: 1 }] };
    let users = UserIndex::new(&list, [uri("alice")]);
    let found = ActiveSender::find(&uri("alice"), &room::provider("b.example"), &users);
    assert_eq!(found, Err(FrankingError::SenderOfAnotherProvider));
}

fn framed_by_the_own_provider<C: Under>() {
    let room = Room::new(SUITE);
    let (bobs, sender) = in_alices_name::<C>("b.example");
    assert!(sender.is_ok());
    // The leaf is Bob's.
    assert_eq!(bobs.verify(&room), Err(FrankingError::SenderMismatch));
    let reported = Message { sender_uri: uri(ALICE), ..bobs };
    assert_eq!(reported.report(&room), Ok(()));
}

/// The hub sees no leaf, so it takes the provider's word for who of its users submits.
#[test]
fn a_provider_can_frame_its_own_users_with_a_members_help() {
    framed_by_the_own_provider::<Signed>();
    framed_by_the_own_provider::<IntegrityMac>();
    framed_by_the_own_provider::<ContextHash>();
}

// "Sender cannot deny a message they sent."

fn no_denying<C: Under>(stamp: &FrankingError) {
    let room = Room::new(SUITE);
    // Whatever a receiver verifies, the hub proves.
    let honest = sent::<C>(&room, "hello");
    assert!(honest.verify(&room).is_ok());
    assert_eq!(honest.report(&room), Ok(()));

    // A sender who lies to the hub about the tag, about itself or about the room gets no receiver
    // to accept the message.
    let data = C::content([7; 32], ALICE, ROOM, "hello");
    let other_tag = FrankAAD { franking_tag: [9; 32].into() };
    let lied = Message::<C>::accepted(&room, &data, &other_tag, &uri(ALICE), &uri(ROOM));
    assert_eq!(lied.verify(&room), Err(FrankingError::TagMismatch));
    let mut as_bob = Message::<C>::accepted(&room, &data, &honest.frank_aad, &uri(BOB), &uri(ROOM));
    as_bob.sender_uri = uri(ALICE); // the leaf
    assert_eq!(as_bob.verify(&room).err().as_ref(), Some(stamp));
    // Nor a sender whose content asserts another user.
    let of_bob = C::content([7; 32], BOB, ROOM, "hello");
    let mut asserted = Message::<C>::sent(&room, &of_bob, BOB, ROOM);
    asserted.sender_uri = uri(ALICE); // the leaf
    assert_eq!(asserted.verify(&room), Err(FrankingError::SenderMismatch));
}

#[test]
fn a_sender_cannot_deny_a_message() {
    no_denying::<Signed>(&NO_SIGNATURE);
    no_denying::<IntegrityMac>(&FrankingError::IntegrityCheckMismatch);
    no_denying::<ContextHash>(&FrankingError::ContextHashMismatch);
}

/// Mallory sends the ciphertext of one message with the tag of another. No receiver accepts what it
/// decrypts, so no client has the other message from the group. Yet the hub accepted its tag: an
/// accomplice to whom Mallory gives the other message has it proven.
fn proven_and_never_received<C: Under>() {
    let room = Room::new(SUITE);
    let received = C::content([7; 32], ALICE, ROOM, "hello");
    let never_received = C::content([8; 32], ALICE, ROOM, "something vile");
    let other = Message::<C>::sent(&room, &never_received, ALICE, ROOM);
    let submitted = Message::<C>::accepted(&room, &received, &other.frank_aad, &uri(ALICE), &uri(ROOM));
    assert_eq!(submitted.verify(&room), Err(FrankingError::TagMismatch));
    assert_eq!(submitted.report(&room), Err(of_other_content::<C>()));
    let reported = Message { application_data: never_received, ..submitted };
    assert_eq!(reported.report(&room), Ok(()));
}

#[test]
fn a_sender_can_have_a_message_proven_that_no_client_received() {
    proven_and_never_received::<Signed>();
    proven_and_never_received::<IntegrityMac>();
    proven_and_never_received::<ContextHash>();
}

// Content behind a URL.

/// The content with an attachment in the place of its text.
fn with_attachment<C: Under>(file: ExternalPart) -> Vec<u8> {
    let message = MimiContent::decode(&C::content([7; 32], ALICE, ROOM, "x")).unwrap();
    let body = NestedPart::external(Disposition::ATTACHMENT, "", file);
    MimiContent::builder(message.salt(), body)
        .extensions(message.extensions().clone())
        .build()
        .unwrap()
        .encode()
}

/// Mallory encrypts two files under one key and nonce and lets the server of the URL give each
/// member another one. Both open, and one frank covers both.
fn two_files<C: Under>() {
    let room = Room::new(SUITE);
    let gcm = AeadAlgorithm::AES_128_GCM;
    let sealed = |text: &str| {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let mut file = text.as_bytes().to_vec();
        let part = Attachment::seal(gcm, &mut file, &mut rng).unwrap();
        (part.into_part("https://files.example/1", "text/plain"), file)
    };
    let ((bound, mut for_bob), (_, mut for_cathy)) = (sealed("a rocket"), sealed("a threat"));
    assert_eq!(bound.as_ref().open(&mut for_cathy, 0).err(), Some(AttachmentError::OtherContent));
    let unbound = ExternalPart { hash_alg: HashAlgorithm::RESERVED, content_hash: vec![], ..bound.clone() };
    assert_eq!(&*unbound.as_ref().open(&mut for_bob, 0).unwrap(), b"a rocket");
    assert_eq!(&*unbound.as_ref().open(&mut for_cathy, 0).unwrap(), b"a threat");

    let found = UnboundContent { part: 0, kind: UnboundKind::File };
    let data = with_attachment::<C>(unbound);
    let commit = |data: &[u8]| {
        mimi_franking::sender::commit::<C>(&C::CONTENT, data, &uri(ALICE), &uri(ROOM)).map(drop)
    };
    assert_eq!(commit(&data), Err(FrankingError::Unbound(found)));
    let commitment = commit_with_unbound_files::<C>(&C::CONTENT, &data, &uri(ALICE), &uri(ROOM)).unwrap();
    let message = Message::<C>::accepted(&room, &data, commitment.frank_aad(), &uri(ALICE), &uri(ROOM));
    assert_eq!(message.verify(&room).unwrap().unbound(), [found]);
    assert_eq!(message.proven_unbound(&room), [found]);

    // A file with its hash is covered; a service is no file, and is named all the same.
    let service = ExternalPart { hash_alg: HashAlgorithm::RESERVED, ..ExternalPart::default() };
    let found = UnboundContent { part: 0, kind: UnboundKind::Service };
    for (part, expected) in [(bound, &[][..]), (service, &[found][..])] {
        let data = with_attachment::<C>(part);
        assert_eq!(commit(&data), Ok(()));
        let message = Message::<C>::sent(&room, &data, ALICE, ROOM);
        assert_eq!(message.verify(&room).unwrap().unbound(), expected);
        assert_eq!(message.proven_unbound(&room), expected);
    }
}

#[test]
fn one_frank_covers_two_files_of_a_part_without_a_hash() {
    two_files::<Signed>();
    two_files::<IntegrityMac>();
    two_files::<ContextHash>();
}

// "Follower servers do not learn sender/content of any message."

/// What a follower sees of the frank: the answer to the sender and the fan-out.
#[test]
fn what_is_fanned_out_has_no_sender() {
    let room = Room::new(SUITE);
    let submission = room::submission(&sent::<Signed>(&room, "x").frank_aad, &uri(ALICE), &uri(ROOM));
    let mut rng = rand_chacha::rand_core::SeedableRng::seed_from_u64(1);
    let franked: Franked<Signed> = Signed::stamp(&room, &submission, NOW, &mut rng).unwrap();
    let private_message = b"\0\x01\0\x02\x04room\0\0\0\0\0\0\0\x07\x01\0\x01s\x01c";
    let message = mimi_codec::Decode::decode_exact(private_message).unwrap();
    let fanout: FanoutMessage = franked.fanout_message(message).unwrap();
    assert!(matches!(fanout.event(), FanoutEvent::Application { frank: Some(_), .. }));
    let answer = franked.submit_result();
    let seen = [fanout.to_bytes().unwrap(), answer.to_bytes().unwrap(), format!("{franked:?}").into_bytes()]
        .concat();
    for part in [ALICE, "alice", "b.example"] {
        assert!(!contains(&seen, part.as_bytes()), "{part}");
    }
    for bytes in [Message::<IntegrityMac>::frank_bytes(&room), Message::<ContextHash>::frank_bytes(&room)] {
        assert!(!contains(&bytes, b"alice"));
    }
}

impl<C: Under> Message<C> {
    fn frank_bytes(room: &Room) -> Vec<u8> {
        C::frank_bytes(&sent::<C>(room, "x").frank)
    }
}

fn context_of(user: &str) -> ServerFrankingContext {
    ServerFrankingContext { sender_uri: uri(user), room_uri: uri(ROOM), accepted_timestamp: NOW }
}

/// The meeting's problem: room and time are known, and the users can be counted off. A hash without
/// a key falls to that at once.
#[test]
fn a_follower_that_tries_every_user_finds_the_sender_in_a_hash_without_key() {
    let hash = |user| Sha256::digest(ContextHash::context(&context_of(user)).unwrap());
    let seen = hash(ALICE);
    let found: Vec<_> = USERS.into_iter().filter(|user| hash(user) == seen).collect();
    assert_eq!(found, [ALICE]);
}

/// The same follower against 02 and 03. It has everything but the epoch's secret, and tries secrets
/// as well: none, zeros, the tag, the server_frank, that of another room.
#[test]
fn a_follower_that_tries_every_user_fails_against_the_keyed_constructions() {
    let room = Room::new(SUITE);
    let hashed = sent::<ContextHash>(&room, "x");
    let maced = sent::<IntegrityMac>(&room, "x");
    let guesses = [[0; 32], *hashed.frank_aad.franking_tag, *hashed.frank.server_frank, [0xff; 32]];
    let secret = |bytes: [u8; 32]| mimi_crypto::Secret::of_length(bytes, 32).unwrap();
    let contexts = guesses.map(|guess| ContextSecret::new(secret(guess)).unwrap());
    let integrities = guesses.map(|guess| IntegritySecret::new(&secret(guess)).unwrap());
    let other = Room::seeded(SUITE, 2);
    for user in USERS {
        let without_key = Sha256::digest(ContextHash::context(&context_of(user)).unwrap());
        assert_ne!(without_key[..], hashed.frank.franking_context_hash[..]);
        // The follower puts the user in question into content of its own, and asks whether a
        // receiver would believe it.
        let guess = |message: Message<ContextHash>| {
            let data = ContextHash::content([7; 32], user, ROOM, "x");
            let frank_aad = franking_tag(&mimi_franking::FrankingKey::from_bytes([7; 32]), &data);
            let mut frank = message.frank.clone();
            frank.franking_tag = frank_aad.franking_tag;
            Message { application_data: data, frank_aad, frank, sender_uri: uri(user), ..message }
        };
        for secret in contexts.iter().chain([&other.context]) {
            let guessed = guess(hashed.clone());
            let verdict = mimi_franking::receiver::verify(secret, &ContextHash::CONTENT, &guessed.received());
            assert_eq!(verdict, Err(FrankingError::ContextHashMismatch));
        }
        let data = IntegrityMac::content([7; 32], user, ROOM, "x");
        let frank_aad = franking_tag(&FrankingSalt::from_bytes([7; 16]), &data);
        let guessed = Message { application_data: data, frank_aad, sender_uri: uri(user), ..maced.clone() };
        for secret in integrities.iter().chain([&other.integrity]) {
            let verdict =
                mimi_franking::receiver::verify(secret, &IntegrityMac::CONTENT, &guessed.received());
            assert_eq!(verdict, Err(FrankingError::IntegrityCheckMismatch));
        }
        // The test can tell: with the secret, exactly one user passes.
        let guessed = guess(hashed.clone());
        assert_eq!(guessed.verify(&room).is_ok(), user == ALICE);
    }
}

/// And against 06, where the check needs no secret. A follower that has the
/// `franking_signature_key` finds the sender: the draft's promise of anonymity towards followers
/// holds only as long as the key is kept from them.
#[test]
fn a_follower_that_knows_the_agents_key_finds_the_sender_by_trying_every_user() {
    let room = Room::new(SUITE);
    let frank = sent::<Signed>(&room, "x").frank;
    let tries = |key| {
        let verifies = |user: &&str| {
            let tbs = frank.tbs(context_of(user)).to_bytes().unwrap();
            let signature = &frank.franking_integrity_signature;
            verify_with_label(&room.suite, key, b"FrankingIntegrityTBS", &tbs, signature).is_ok()
        };
        USERS.into_iter().filter(verifies).collect::<Vec<_>>()
    };
    assert_eq!(tries(&room.agent.franking_signature_key), [ALICE]);
    // Without the key there is nothing to try.
    assert!(tries(&Room::seeded(SUITE, 2).agent.franking_signature_key).is_empty());
}

// "Receiving client does not need to store ciphertext indefinitely", "Hubs do not need to store
// ciphertext".

fn no_ciphertext<C: Under>() {
    // Every value that is used after the fan-out: the decrypted bytes, what the client stored, the
    // hub's keys.
    let (application_data, stored) = {
        let room = Room::new(SUITE);
        let message = sent::<C>(&room, "x");
        (message.application_data.clone(), message.verify(&room).unwrap().store().to_bytes().unwrap())
    };
    let stored = StoredFrank::<C>::from_bytes(&stored).unwrap();
    let reported = [ReportedMessage::of_stored(&C::CONTENT, &application_data, &stored).unwrap()];
    let keys_only = Room::new(SUITE);
    assert!(C::check_reports(&keys_only, &uri(ROOM), &uri(ALICE), &reported)[0].is_ok());
}

#[test]
fn neither_hub_nor_receiver_keeps_the_ciphertext() {
    no_ciphertext::<Signed>();
    no_ciphertext::<IntegrityMac>();
    no_ciphertext::<ContextHash>();
}

// Attacks on the way.

fn on_the_way<C: Under>(stamp: &FrankingError) {
    let room = Room::new(SUITE);
    let message = sent::<C>(&room, "one");
    // The tag and the frank of another message.
    let other = Message::<C>::sent(&room, &C::content([8; 32], ALICE, ROOM, "two"), ALICE, ROOM);
    let mut moved = message.clone();
    moved.frank_aad = other.frank_aad.clone();
    moved.frank = other.frank.clone();
    assert_eq!(moved.verify(&room), Err(FrankingError::TagMismatch));
    // Into another room: by a follower, and by a member of both rooms who writes the room into the
    // content anew.
    let elsewhere = "mimi://hub.example/r/elsewhere";
    let mut replayed = message.clone();
    replayed.room_uri = uri(elsewhere);
    assert_eq!(replayed.verify(&room), Err(FrankingError::RoomMismatch));
    assert_eq!(replayed.report(&room), Err(FrankingError::RoomMismatch));
    replayed.application_data = C::content([7; 32], ALICE, elsewhere, "one");
    assert_eq!(replayed.verify(&room), Err(FrankingError::TagMismatch));
    assert_eq!(replayed.report(&room), Err(of_other_content::<C>()));
    // At another time.
    let mut delayed = message.clone();
    delayed.accepted_timestamp += 60_000;
    assert_eq!(delayed.verify(&room).err().as_ref(), Some(stamp));
    assert_eq!(delayed.report(&room), Err(FrankingError::ServerFrankMismatch));
    // A frank by another party than the hub.
    let impostor = Room::seeded(SUITE, 3);
    let stamped = sent::<C>(&impostor, "one");
    assert_eq!(stamped.verify(&room).err().as_ref(), Some(stamp));
}

#[test]
fn a_follower_can_neither_move_nor_delay_nor_forge_a_frank() {
    on_the_way::<Signed>(&NO_SIGNATURE);
    on_the_way::<IntegrityMac>(&FrankingError::IntegrityCheckMismatch);
    on_the_way::<ContextHash>(&FrankingError::ContextHashMismatch);
}

/// In 02 a follower can spoil reports: nothing that a receiver checks covers `server_frank`. In 03
/// and 06 it is noticed.
#[test]
fn a_follower_can_replace_the_server_frank_only_in_02() {
    let room = Room::new(SUITE);
    let mut in_02 = sent::<ContextHash>(&room, "x");
    in_02.frank.server_frank = [0; 32].into();
    assert!(in_02.verify(&room).is_ok());
    assert_eq!(in_02.report(&room), Err(FrankingError::ServerFrankMismatch));
    let mut in_03 = sent::<IntegrityMac>(&room, "x");
    in_03.frank.server_frank = [0; 32].into();
    assert_eq!(in_03.verify(&room), Err(FrankingError::IntegrityCheckMismatch));
    let mut in_06 = sent::<Signed>(&room, "x");
    in_06.frank.server_frank = [0; 32].into();
    assert_eq!(in_06.verify(&room), Err(NO_SIGNATURE));
}

/// Two messages of one sender in one room that the hub accepted in the same millisecond have the
/// same context, and what a receiver checks in 03 and 06 covers `server_frank` and context, not the
/// tag. A follower that swaps their franks makes both unreportable, and no receiver notices:
/// together with its user it can undo that a sender cannot deny. A hub that gives every message of
/// a room a time of its own stops that.
fn swapped_franks<C: Under>(second_time: u64) -> [bool; 2] {
    let room = Room::new(SUITE);
    let one = sent::<C>(&room, "one");
    let data = C::content([8; 32], ALICE, ROOM, "two");
    let two = Message::<C>::sent_at(&room, &data, second_time);
    let mut swapped = one;
    swapped.frank = two.frank;
    [swapped.verify(&room).is_ok(), swapped.report(&room).is_ok()]
}

#[test]
fn a_follower_can_swap_franks_of_one_sender_and_millisecond_only() {
    assert_eq!(swapped_franks::<Signed>(NOW), [true, false]);
    assert_eq!(swapped_franks::<IntegrityMac>(NOW), [true, false]);
    // The frank of 02 repeats the tag.
    assert_eq!(swapped_franks::<ContextHash>(NOW), [false, false]);
    assert_eq!(swapped_franks::<Signed>(NOW + 1), [false, false]);
    assert_eq!(swapped_franks::<IntegrityMac>(NOW + 1), [false, false]);
}

/// A member has the epoch's secret, and with a follower's help makes franks that receivers accept.
/// They prove nothing to the hub. In 06 there is no secret that a member has.
#[test]
fn a_member_can_forge_a_frank_for_receivers_only_in_02_and_03_and_never_for_the_hub() {
    let room = Room::new(SUITE);
    let mut members = Room::seeded(SUITE, 4);
    members.integrity = room.integrity.clone();
    members.context = room.context.clone();
    let in_03 = sent::<IntegrityMac>(&members, "x");
    assert!(in_03.verify(&room).is_ok());
    assert_eq!(in_03.report(&room), Err(FrankingError::ServerFrankMismatch));
    let in_02 = sent::<ContextHash>(&members, "x");
    assert!(in_02.verify(&room).is_ok());
    assert_eq!(in_02.report(&room), Err(FrankingError::ServerFrankMismatch));
    let in_06 = sent::<Signed>(&members, "x");
    assert_eq!(in_06.verify(&room), Err(NO_SIGNATURE));
}

/// Two users and two rooms, all of them well-formed MIMI URIs, that run together into the same
/// bytes.
const MALLORY: &str = "mimi://a.example/u/xmimi://a.example/r/y";
const HER_ROOM: &str = "mimi://a.example/r/z";
const VICTIM: &str = "mimi://a.example/u/x";
const HIS_ROOM: &str = "mimi://a.example/r/ymimi://a.example/r/z";

/// Mallory sends something vile to her own room, where her accomplices do not look, with an
/// assertion that the victim sent it to his. A context without lengths is the same for both, so the
/// accomplices' report convinces the hub.
fn moved_boundary<C: Under>() -> Result<(), FrankingError> {
    let room = Room::new(SUITE);
    for text in [MALLORY, HER_ROOM, VICTIM, HIS_ROOM] {
        uri::<IdentifierUri>(text).mimi_uri().unwrap();
    }
    let data = C::content([7; 32], VICTIM, HIS_ROOM, "something vile");
    let frank_aad =
        mimi_franking::sender::commit::<C>(&C::CONTENT, &data, &uri(VICTIM), &uri(HIS_ROOM)).unwrap();
    let accepted = Message::<C>::accepted(&room, &data, frank_aad.frank_aad(), &uri(MALLORY), &uri(HER_ROOM));
    // An honest receiver refuses: the leaf is Mallory's.
    assert_eq!(accepted.verify(&room), Err(FrankingError::SenderMismatch));
    let reported = Message::<C> { sender_uri: uri(VICTIM), room_uri: uri(HIS_ROOM), ..accepted };
    reported.report(&room)
}

#[test]
fn a_moved_boundary_pins_a_message_on_another() {
    assert_eq!(moved_boundary::<ContextHash>(), Ok(()));
    assert_eq!(moved_boundary::<IntegrityMac>(), Ok(()));
    let context = |sender: &str, room: &str| ServerFrankingContext {
        sender_uri: uri(sender),
        room_uri: uri(room),
        accepted_timestamp: NOW,
    };
    assert_eq!(
        IntegrityMac::context(&context(MALLORY, HER_ROOM)),
        IntegrityMac::context(&context(VICTIM, HIS_ROOM))
    );
}

#[test]
fn a_moved_boundary_is_refused_in_06() {
    assert_eq!(moved_boundary::<Signed>(), Err(FrankingError::ServerFrankMismatch));
}

/// The hub, or an attacker who can change a client's GroupContext, inserts another agent.
#[test]
fn a_swapped_franking_agent_is_refused() {
    let room = Room::new(SUITE);
    let impostor = Room::seeded(SUITE, 3);
    let hub = room::domain("hub.example");
    // With its own credential, it is of another domain.
    let mut data = impostor.agent.clone();
    data.credential = mimi_codec::mls::Credential::Basic { identity: "mimi://evil.example".into() };
    let context = room::group_context(SUITE, Some(&data));
    let found = FrankingAgent::of_group(&room.suite, &context, hub.as_ref(), validate).err();
    let (expected, actual) = (hub.clone(), room::domain("evil.example"));
    assert_eq!(found, Some(FrankingError::AgentDomainMismatch { expected, actual }));
    // With the hub's, it has no key that goes with it: the caller's check looks at that.
    let context = room::group_context(SUITE, Some(&impostor.agent));
    let found = FrankingAgent::of_group(&room.suite, &context, hub.as_ref(), |agent| {
        validate(agent).filter(|_| agent.franking_signature_key == room.agent.franking_signature_key)
    });
    assert_eq!(found.err(), Some(FrankingError::AgentNotTrusted));
    // And the honest hub does not sign for an agent that is not it.
    let found = FrankingAgentKey::of_group(&room.suite, &room.signing_key, &context).err();
    assert_eq!(found, Some(FrankingError::AgentKeyMismatch));
}

/// A frank of one construction is no frank of another: they have other sizes, other secrets and
/// other types, and a stored one says what it is.
#[test]
fn no_frank_of_one_construction_passes_for_another() {
    let room = Room::new(SUITE);
    let in_06 = sent::<Signed>(&room, "x");
    let in_03 = sent::<IntegrityMac>(&room, "x");
    let in_02 = sent::<ContextHash>(&room, "x");
    let stored = in_03.verify(&room).unwrap().store().to_bytes().unwrap();
    let error = |expected, actual| Some(FrankingError::StoredConstruction { expected, actual });
    assert_eq!(StoredFrank::<Signed>::from_bytes(&stored).err(), error(6, 3));
    assert_eq!(StoredFrank::<ContextHash>::from_bytes(&stored).err(), error(2, 3));
    // 03's check under 06's server_frank and the other way round: the contexts are written
    // differently.
    assert_ne!(in_06.frank.server_frank, in_03.frank.server_frank);
    let mut moved = in_03.clone();
    moved.frank.server_frank = in_06.frank.server_frank;
    assert_eq!(moved.report(&room), Err(FrankingError::ServerFrankMismatch));
    // 02's bytes cut to 03's size, and 03's where 02 stands: the two have one context, and other
    // secrets.
    let mut moved = in_03.clone();
    moved.frank.franking_integrity_check = in_02.frank.franking_context_hash;
    assert_eq!(moved.verify(&room), Err(FrankingError::IntegrityCheckMismatch));
    let mut moved = in_02.clone();
    moved.frank.franking_context_hash = in_03.frank.franking_integrity_check;
    assert_eq!(moved.verify(&room), Err(FrankingError::ContextHashMismatch));
}

/// The whole way with the draft's own AbuseReport: three messages, of which the middle one was
/// tampered with by the reporter.
#[test]
fn a_report_says_of_each_message_what_failed() {
    let room = Room::new(SUITE);
    let mut builder =
        AbuseReportBuilder::new(&uri(ALICE), uri(ROOM)).reporting_user(&uri(BOB)).note("please look");
    for (number, text) in ["one", "two", "three"].into_iter().enumerate() {
        let data = mimi_message([number as u8; 16], ALICE, ROOM, text);
        let message = Message::<Signed>::sent(&room, &data, ALICE, ROOM);
        let stored = message.verify(&room).unwrap().store();
        builder = builder.message(&Signed::CONTENT, &data, &stored).unwrap();
    }
    let mut report = builder.build();
    assert_eq!((report.note.as_str(), report.reporting_user.0.clone()), ("please look", Some(uri(BOB))));
    let tampered = mimi_message([1; 16], ALICE, ROOM, "TWO");
    report.messages[1].message_content = tampered.into();
    let bytes = report.to_bytes().unwrap();
    let report = mimi_codec::Decode::decode_exact(&bytes).unwrap();
    let agents = [OwnAgent::new(&room.suite, room.agent.franking_signature_key.clone()).unwrap()];
    let own = mimi_franking::OwnAgents(&agents);
    let room_uri = uri(ROOM);
    let check =
        ReportCheck { hub_keys: &room.hub_keys, own: &own, content: &Signed::CONTENT, room_uri: &room_uri };
    let verdicts: Vec<_> = check.report(&report).into_iter().map(|verdict| verdict.map(drop)).collect();
    assert_eq!(verdicts, [Ok(()), Err(FrankingError::ServerFrankMismatch), Ok(())]);
}
