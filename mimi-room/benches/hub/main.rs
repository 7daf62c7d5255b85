//! What a hub costs beside its MLS stack, in a small room and in large ones: an application message
//! from its body to the body of the fan-out, as a multiple of one Ed25519 signature, and the
//! judgement of a commit.
//!
//! `cargo bench -p mimi-room`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod still;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use mimi_codec::{
    Encode, List, Opaque,
    extensions::SafeAAD,
    mls::{ContentType, MLSMessage, MLSMessageBody, Mls10, PrivateMessage},
    protocol::{ApplicationMessage, IdentifierUri, Protocol, SubmitMessageRequest},
};
use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
use mimi_crypto::{CipherSuiteProvider, RustCrypto};
use mimi_franking::{Framing, MimiFrankable, Signed, sender, set_sender_and_room};
use mimi_room::{
    Wishes,
    hub::{Call, HostedRoom, Hub},
};
use still::{Names, Still, user};

const CONTENT: MimiFrankable = MimiFrankable::new(Framing::Bare);
const SENDER: usize = 7;

/// A message of 1 KiB as its sender's provider submits it.
fn submission(hosted: &HostedRoom<Still>) -> Vec<u8> {
    let user = user(SENDER);
    let mut extensions = mimi_content::MessageExtensions::new();
    let room = hosted.room().uri().to_string();
    set_sender_and_room(&mut extensions, &user.to_string(), &room).unwrap();
    let body = NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", "a".repeat(1024));
    let content = MimiContent::builder(Salt::from_bytes([5; 16]), body).extensions(extensions);
    let data = content.build().unwrap().encode();
    let commitment = sender::commit::<Signed>(&CONTENT, &data, &user, hosted.room().uri()).unwrap();
    let aad_items = List::new(vec![commitment.safe_aad_item().unwrap()]).unwrap();
    let private_message = PrivateMessage {
        group_id: hosted.room().group_context().group_id.clone(),
        epoch: hosted.room().epoch(),
        content_type: ContentType::Application,
        authenticated_data: SafeAAD { aad_items }.to_bytes().unwrap().into(),
        encrypted_sender_data: (&[6; 28][..]).into(),
        ciphertext: Opaque::from(data),
    };
    let message = MLSMessage { version: Mls10, body: MLSMessageBody::PrivateMessage { private_message } };
    let request = SubmitMessageRequest {
        protocol: Protocol::Mls10,
        app_message: ApplicationMessage::new(message).unwrap(),
        sending_uri: IdentifierUri::from(&user),
    };
    request.to_bytes().unwrap()
}

/// Decodes, judges, franks, and encodes for the fan-out.
fn message(hub: &Hub<RustCrypto, Names>, hosted: &mut HostedRoom<Still>, body: &[u8]) -> usize {
    let from = still::peer(SENDER);
    let call = Call { from: &from, now_ms: 1_767_225_600_000 };
    let answer = hub.submit_message(hosted, call, body, &mut still::rng());
    let change = answer.change.expect("accepted");
    let applied = hub.apply(hosted, change, &mut still::rng()).unwrap();
    let fan_out = &applied.fan_out[0];
    assert_eq!(fan_out.to.len(), 50.min(hosted.room().members().len()));
    fan_out.body().unwrap().len()
}

/// The least time of one call of each, in turns.
fn in_turns(rounds: usize, mut left: impl FnMut(), mut right: impl FnMut()) -> (Duration, Duration) {
    let time = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        call();
        start.elapsed()
    };
    (0..rounds)
        .map(|_| (time(&mut left), time(&mut right)))
        .fold((Duration::MAX, Duration::MAX), |least, now| (least.0.min(now.0), least.1.min(now.1)))
}

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    let (sizes, rounds) = if test { (&[100, 1_000][..], 3) } else { (&[100, 10_000, 100_000][..], 3_000) };
    let suite = RustCrypto::new(still::SUITE).unwrap();
    let secret = suite.generate_signature_key(&mut still::rng()).unwrap();
    let key = suite.signing_key(&secret).unwrap();
    let hub = still::hub(suite, suite.signing_key(&secret).unwrap());
    for participants in sizes {
        let group = still::group(&hub, *participants, &suite.signature_public_key(&key));
        let mut hosted = still::host(&hub, &suite, &key, group);
        let body = submission(&hosted);
        let signed = [7; 128];
        let (pipeline, signature) = in_turns(
            rounds,
            || {
                black_box(message(&hub, &mut hosted, &body));
            },
            || drop(black_box(suite.sign(&key, &signed, &mut still::rng()).unwrap())),
        );
        let ratio = pipeline.as_secs_f64() / signature.as_secs_f64();
        println!("{participants} participants: a message takes {pipeline:?}, {ratio:.2} Ed25519 signatures");

        let from = still::peer(0);
        let call = Call { from: &from, now_ms: 1_767_225_600_000 };
        let refresh = still::commit(
            &hosted,
            &suite,
            &key,
            &Wishes::default().remove_client(hosted.room().members().get(5).unwrap().client.clone()),
        );
        let change = still::commit(&hosted, &suite, &key, &Wishes::default().set_role(user(9), still::ADMIN));
        let bodies = [refresh.to_bytes().unwrap(), change.to_bytes().unwrap()];
        let mut judge = |body: &[u8]| {
            let start = Instant::now();
            let answer = hub.update(&mut hosted, call, body);
            let took = start.elapsed();
            assert!(answer.change.is_some(), "{:?}", answer.audit);
            took
        };
        let rounds = rounds / 100 + 1;
        let least = bodies.map(|body| (0..rounds).map(|_| judge(&body)).min().unwrap());
        println!(
            "{participants} participants: a commit that removes a client is judged in {:?}, one that changes a role in {:?}",
            least[0], least[1]
        );
        let components = || {
            let start = Instant::now();
            black_box(hosted.room().policy().to_components().unwrap());
            start.elapsed()
        };
        let components = (0..rounds).map(|_| components()).min().unwrap();
        println!("{participants} participants: all components are written in {components:?}");
    }
}
