//! What franking costs beside the primitives that it cannot do without: an HMAC, a signature, a
//! verification, a hash. The ratios are printed at the end; all figures of one ratio come from one
//! run, in turns.
//!
//! `cargo bench -p mimi-franking`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;
use ed25519_dalek::Signer;
use hmac::{Hmac, KeyInit, Mac};
use mimi_codec::{
    DnsName, Encode, List, RoomUri, UserUri,
    code_points::{CipherSuite, ExtensionType},
    extensions::{AppDataDictionary, ComponentData, SafeAAD},
    match_presented_identities,
    mls::{Credential, Extension, Extensions, GroupContext, Mls10},
    protocol::{
        Frank, FrankAAD, FrankingAgentData, ParticipantListData, ServerFrankingContext, UserRolePair,
    },
};
use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, Secret, SignaturePrivateKey, verify_with_label};
use mimi_franking::{
    Framing, FrankableContent, FrankingAgent, FrankingAgentKey, FrankingSalt, HubKey, HubKeyId, HubKeyRing,
    MimiFrankable, OwnAgent, OwnAgents, Signed, franking_tag,
    hub::{self, ActiveSender, Submission, UserIndex},
    receiver::{self, DecryptedMessage},
    report::{ReportCheck, ReportedMessage},
    sender, set_sender_and_room,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha256};

const SENDER: &str = "mimi://b.example/u/alice";
const PROVIDER: &str = "b.example";
const ROOM: &str = "mimi://hub.example/r/Rl33FWLCYWOwxHrYnpWDQg";
const CONTENT: MimiFrankable = MimiFrankable::new(Framing::Bare);
const NOW: u64 = 1_767_225_600_000;

fn user(text: &str) -> UserUri {
    UserUri::try_from(text).unwrap()
}

fn room(text: &str) -> RoomUri {
    RoomUri::try_from(text).unwrap()
}

fn message(number: u8, bytes: usize) -> Vec<u8> {
    let mut extensions = mimi_content::MessageExtensions::new();
    set_sender_and_room(&mut extensions, SENDER, ROOM).unwrap();
    let text = "a".repeat(bytes);
    let body = NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", text);
    let salt = Salt::from_bytes([number; 16]);
    MimiContent::builder(salt, body).extensions(extensions).build().unwrap().encode()
}

fn group_context(agent: &FrankingAgentData) -> GroupContext {
    let data = ComponentData {
        component_id: mimi_codec::code_points::ComponentID::FRANKING_AGENT,
        data: agent.to_bytes().unwrap().into(),
    };
    let dictionary = AppDataDictionary { component_data: List::new(vec![data]).unwrap() };
    let extension = Extension {
        extension_type: ExtensionType::APP_DATA_DICTIONARY,
        extension_data: dictionary.to_bytes().unwrap().into(),
    };
    GroupContext {
        version: Mls10,
        cipher_suite: CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
        group_id: "room".into(),
        epoch: 1,
        tree_hash: "tree".into(),
        confirmed_transcript_hash: "transcript".into(),
        extensions: Extensions::new(vec![extension]).unwrap(),
    }
}

/// The least time of one call of each, in turns: what a call takes when nothing else gets in its
/// way.
fn in_turns(rounds: usize, mut left: impl FnMut(), mut right: impl FnMut()) -> (Duration, Duration) {
    let time = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        call();
        start.elapsed()
    };
    (0..rounds)
        .map(|_| (time(&mut left), time(&mut right)))
        .fold((Duration::MAX, Duration::MAX), |least, (left, right)| (least.0.min(left), least.1.min(right)))
}

fn ratio(name: &str, bar: f64, rounds: usize, ours: impl FnMut(), baseline: impl FnMut()) {
    let (ours, baseline) = in_turns(rounds, ours, baseline);
    let ratio = ours.as_secs_f64() / baseline.as_secs_f64();
    println!("{name}: {ratio:.3} (bar {bar}; {ours:?} against {baseline:?})");
}

fn main() {
    // `--test`: everything runs once, and what is compared is equal.
    let rounds = if std::env::args().any(|argument| argument == "--test") { 3 } else { 2001 };
    let mut criterion = Criterion::default().configure_from_args();
    let mut rng = ChaCha20Rng::seed_from_u64(1);

    let suite = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519).unwrap();
    let seed = [5; 32];
    let signing_key = suite.signing_key(&SignaturePrivateKey::new(&suite, seed).unwrap()).unwrap();
    let agent = FrankingAgentData {
        franking_signature_key: suite.signature_public_key(&signing_key),
        credential: Credential::Basic { identity: "mimi://hub.example".into() },
    };
    let context = group_context(&agent);
    let agent_key = FrankingAgentKey::of_group(&suite, &signing_key, &context).unwrap();
    let hub_domain = DnsName::parse("hub.example").unwrap();
    let verifier = FrankingAgent::of_group(&suite, &context, hub_domain.as_ref(), |_| {
        match_presented_identities(hub_domain.as_ref(), ["hub.example"]).ok()
    })
    .unwrap();
    let hub_secret = [3; 32];
    let mut ring = HubKeyRing::new();
    ring.add(HubKeyId(0), HubKey::new(&Secret::of_length(hub_secret, 32).unwrap()).unwrap()).unwrap();

    // Hub: one HMAC, one signature.
    let (sender_uri, room_uri) = (user(SENDER), room(ROOM));
    let list =
        ParticipantListData { participants: vec![UserRolePair { user: SENDER.into(), role_index: 1 }] };
    let users = UserIndex::new(&list, [sender_uri.clone()]);
    let provider = DnsName::parse(PROVIDER).unwrap();
    let provider = match_presented_identities(provider.as_ref(), [PROVIDER]).unwrap();
    let submit = |application_data: &[u8]| {
        let commitment = sender::commit::<Signed>(&CONTENT, application_data, &sender_uri, &room_uri)
            .map(|commitment| commitment.safe_aad_item().unwrap());
        let safe_aad = SafeAAD { aad_items: List::new(vec![commitment.unwrap()]).unwrap() };
        let sender = ActiveSender::find(&(&sender_uri).into(), &provider, &users).unwrap();
        Submission::new(&safe_aad, sender, room_uri.clone()).unwrap()
    };
    let application_data = message(1, 300);
    let submission = submit(&application_data);
    let franked: hub::Franked<Signed> = hub::frank(&ring, &agent_key, &submission, NOW, &mut rng).unwrap();
    let dalek = ed25519_dalek::SigningKey::from_bytes(&seed);
    let server_context = ServerFrankingContext {
        sender_uri: (&sender_uri).into(),
        room_uri: (&room_uri).into(),
        accepted_timestamp: NOW,
    };
    let tag = franking_tag(&FrankingSalt::from_bytes([1; 16]), &application_data);
    let context_bytes = server_context.to_bytes().unwrap();
    let tbs = franked.frank().tbs(server_context.clone()).to_bytes().unwrap();
    let signed_bytes = [&b"\x1cMLS 1.0 FrankingIntegrityTBS"[..], &[0x40, tbs.len() as u8], &tbs].concat();
    let bare_hub = || {
        let mut mac = Hmac::<Sha256>::new_from_slice(black_box(&hub_secret)).unwrap();
        mac.update(&*tag.franking_tag);
        mac.update(&context_bytes);
        let server_frank: [u8; 32] = mac.finalize().into_bytes().into();
        (server_frank, dalek.sign(black_box(&signed_bytes)).to_bytes())
    };
    let (server_frank, signature) = bare_hub();
    assert_eq!(*franked.frank().server_frank, server_frank);
    assert_eq!(*franked.frank().franking_integrity_signature, signature);
    ratio(
        "hub: frank / one HMAC and one Ed25519 signature",
        1.15,
        rounds,
        || {
            black_box(
                hub::frank::<Signed>(&ring, &agent_key, black_box(&submission), NOW, &mut rng).unwrap(),
            );
        },
        || {
            black_box(bare_hub());
        },
    );

    // Receiver: a hash of the content, one verification.
    let public_key = dalek.verifying_key();
    let ed25519_signature = ed25519_dalek::Signature::from_bytes(&signature);
    for bytes in [300, 64 * 1024] {
        let application_data = message(1, bytes);
        let submission = submit(&application_data);
        let franked: hub::Franked<Signed> =
            hub::frank(&ring, &agent_key, &submission, NOW, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let tag = franking_tag(&FrankingSalt::from_bytes([1; 16]), &application_data);
        let received = DecryptedMessage {
            application_data: &application_data,
            frank_aad: Some(&tag),
            frank: Some(franked.frank()),
            accepted_timestamp: NOW,
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        };
        assert!(receiver::verify(&verifier, &CONTENT, &received).unwrap().is_some());
        ratio(
            &format!(
                "receiver: verify {bytes} bytes of text / SHA-256 of the content and one Ed25519 verification"
            ),
            1.15,
            rounds,
            || {
                black_box(receiver::verify(&verifier, &CONTENT, black_box(&received)).unwrap());
            },
            || {
                black_box(Sha256::digest(black_box(&application_data)));
                let key = ed25519_dalek::VerifyingKey::from_bytes(black_box(public_key.as_bytes())).unwrap();
                key.verify_strict(black_box(&signed_bytes), &ed25519_signature).unwrap();
            },
        );
    }

    // A batch of 64.
    let messages: Vec<_> = (0..64).map(|number| message(number, 300)).collect();
    let stamped: Vec<(FrankAAD, Frank)> = messages
        .iter()
        .enumerate()
        .map(|(number, application_data)| {
            let franked: hub::Franked<Signed> = hub::frank(
                &ring,
                &agent_key,
                &submit(application_data),
                NOW + number as u64,
                &mut ChaCha20Rng::seed_from_u64(1),
            )
            .unwrap();
            (
                franking_tag(&FrankingSalt::from_bytes([number as u8; 16]), application_data),
                franked.frank().clone(),
            )
        })
        .collect();
    let received: Vec<DecryptedMessage<'_, Signed>> = messages
        .iter()
        .zip(&stamped)
        .enumerate()
        .map(|(number, (application_data, (tag, frank)))| DecryptedMessage {
            application_data,
            frank_aad: Some(tag),
            frank: Some(frank),
            accepted_timestamp: NOW + number as u64,
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        })
        .collect();
    let singly = || received.iter().map(|one| receiver::verify(&verifier, &CONTENT, one)).collect::<Vec<_>>();
    let together = || receiver::verify_all(&verifier, &CONTENT, &received);
    assert_eq!(singly(), together());
    assert!(together().iter().all(|verdict| matches!(verdict, Ok(Some(_)))));
    ratio(
        "receiver: 64 together / 64 single ones",
        0.6,
        rounds / 10 + 1,
        || {
            black_box(together());
        },
        || {
            black_box(singly());
        },
    );
    let reported: Vec<ReportedMessage<Signed>> = together()
        .into_iter()
        .zip(&messages)
        .map(|(frank, application_data)| {
            ReportedMessage::of_stored(&CONTENT, application_data, &frank.unwrap().unwrap().store()).unwrap()
        })
        .collect();
    let agents = [OwnAgent::new(&suite, agent.franking_signature_key.clone()).unwrap()];
    let own = OwnAgents(&agents);
    let desk = ReportCheck { hub_keys: &ring, own: &own, content: &CONTENT, room_uri: &room_uri };
    let check_singly = || {
        reported
            .iter()
            .flat_map(|one| desk.messages::<Signed>(&sender_uri, core::slice::from_ref(one)))
            .collect::<Vec<_>>()
    };
    assert_eq!(check_singly(), desk.messages::<Signed>(&sender_uri, &reported));
    assert!(check_singly().iter().all(Result::is_ok));
    ratio(
        "report: 64 messages together / 64 single ones",
        0.6,
        rounds / 10 + 1,
        || {
            black_box(desk.messages::<Signed>(&sender_uri, &reported));
        },
        || {
            black_box(check_singly());
        },
    );

    // A tag over 64 KiB.
    let long = vec![7; 64 * 1024];
    let salt = FrankingSalt::from_bytes([9; 16]);
    let bare_tag = || {
        let mut mac = Hmac::<Sha256>::new_from_slice(&[9; 16]).unwrap();
        mac.update(black_box(&long));
        <[u8; 32]>::from(mac.finalize().into_bytes())
    };
    assert_eq!(*franking_tag(&salt, &long).franking_tag, bare_tag());
    ratio(
        "sender: franking tag over 64 KiB / HMAC-SHA256",
        1.1,
        rounds,
        || {
            black_box(franking_tag(&salt, black_box(&long)));
        },
        || {
            black_box(bare_tag());
        },
    );

    // The same in criterion's statistics.
    let mut group = criterion.benchmark_group("franking");
    group.bench_function("hub/frank", |b| {
        b.iter(|| hub::frank::<Signed>(&ring, &agent_key, black_box(&submission), NOW, &mut rng).unwrap());
    });
    group.bench_function("hub/HMAC and signature", |b| b.iter(bare_hub));
    group.bench_function("receiver/64 together", |b| b.iter(together));
    group.bench_function("receiver/64 single", |b| b.iter(singly));
    group.bench_function("receiver/one signature by the provider", |b| {
        let signature = &franked.frank().franking_integrity_signature;
        b.iter(|| {
            let key = &agent.franking_signature_key;
            verify_with_label(&suite, key, b"FrankingIntegrityTBS", black_box(&tbs), signature).unwrap();
        });
    });
    group.bench_function("content/read the assertions", |b| {
        b.iter(|| FrankableContent::<Signed>::assertions(&CONTENT, black_box(&application_data)).unwrap());
    });
    group.finish();
    criterion.final_summary();
}
