//! Hostile peers: each is refused with the right status and a metric, and others are served.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod bed;

use std::sync::{Arc, atomic::Ordering};

use bed::{Bed, DOMAINS, Host, grant, until, user_uri};
use hyper::Method;
use mimi_codec::{
    DIRECTORY_PATH, Decode, Encode, Endpoint, RoomUri,
    extensions::AppDataDictionary,
    protocol::{ConsentEntry, GroupInfoResponse, UpdateRoomResponse},
};
use mimi_provider::{
    client::{Client, Says, rules},
    config::Config,
    oblivious::{self, GATEWAY_PATH, KEYS_MEDIA_TYPE, RESPONSE_MEDIA_TYPE},
    peers::{PeerAnswer, Peers},
    store::Table,
    tls::TlsConfigs,
    wire::{Ask, Wire},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The way to the provider `place` with the certificate of `own`.
fn wire(bed: &Bed, own: &Config, place: usize) -> Wire {
    let client = TlsConfigs::read(&own.tls).unwrap().client;
    Wire::new(bed.hosts[place].running().federation, DOMAINS[place], &own.domain, client)
}

async fn status(wire: &Wire, ask: Ask) -> u16 {
    wire.send(ask).await.unwrap().status
}

fn refusals(host: &Host, why: &'static str) -> u64 {
    host.running().shared.metrics.refusals(why)
}

async fn is_served(wire: &Wire) -> bool {
    status(wire, wire.get(DIRECTORY_PATH)).await == 200
}

/// Served in the end: its handshake may take long while others keep the machine busy.
async fn served(wire: &Wire) {
    until(async || matches!(wire.send(wire.get(DIRECTORY_PATH)).await, Ok(PeerAnswer { status: 200, .. })))
        .await;
}

/// A room of Alice at the first provider, in which Bob of the second is, too.
async fn room(bed: &Bed) -> (Client, Client, RoomUri) {
    let mut alice = bed.client(0, "alice", "alice").await;
    let mut bob = bed.client(1, "bob", "bob").await;
    let room = alice.create("club", &rules()).await.unwrap();
    grant(&bob, alice.user()).await;
    alice.add(&room, &bob.user().clone(), rules().participant_role).await.unwrap();
    until(async || bob.sync(0).await.is_ok() && bob.room(&room).is_ok()).await;
    (alice, bob, room)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_claim_to_be_another_s_are_refused() {
    let bed = Bed::start("").await;
    let host = &bed.hosts[0];
    let bob = wire(&bed, &bed.hosts[1].read(), 0);
    assert!(is_served(&bob).await);
    let get = || bob.get(DIRECTORY_PATH);
    assert_eq!(status(&bob, get().from(Some("c.example"))).await, 403);
    assert_eq!(status(&bob, get().from(Some("a.example"))).await, 403);
    assert_eq!(refusals(host, "other provider's From"), 2);
    assert_eq!(status(&bob, get().from(None)).await, 400);
    assert_eq!(status(&bob, Ask { from: Some("root@b.example".to_owned()), ..get() }).await, 400);
    assert_eq!(refusals(host, "no From"), 2);
    assert_eq!(status(&bob, Ask { host: "c.example".to_owned(), ..get() }).await, 421);
    assert_eq!(refusals(host, "other Host"), 1);
    assert_eq!(status(&bob, get().with(Method::POST)).await, 404);
    assert_eq!(status(&bob, bob.get("/v1/update/x")).await, 405);
    // A path that cannot be read, or says more than an endpoint has.
    for path in ["/v1/notify/%2e%2e", "/v1/notify/%zz", "/v1/notify/x?y=z"] {
        assert_eq!(status(&bob, bob.get(path).with(Method::POST)).await, 400, "{path}");
    }
    for path in ["/v1/notify/a/b", "/v2/notify/a", "/v1/other/a", "/asset/unknown"] {
        assert_eq!(status(&bob, bob.get(path)).await, 404, "{path}");
    }
    // Only the host of a room speaks for it.
    let notify = bob.ask(Endpoint::Notify, b"mimi://c.example/r/club", b"x".to_vec()).unwrap();
    assert_eq!(status(&bob, notify).await, 403);
    // Consent in another's name, and to be heard by another.
    let entry = |requester: usize, target: usize| {
        let (requester, target) = (user_uri(requester, "eve"), user_uri(target, "alice"));
        let entry = ConsentEntry::Request {
            requester_uri: (&requester).into(),
            target_uri: (&target).into(),
            room_id: None,
            consent_extensions: AppDataDictionary::default(),
        };
        entry.to_bytes().unwrap()
    };
    let consent = |domain: &str, body| bob.ask(Endpoint::RequestConsent, domain.as_bytes(), body).unwrap();
    assert_eq!(status(&bob, consent("a.example", entry(1, 0))).await, 201);
    assert_eq!(status(&bob, consent("a.example", entry(2, 0))).await, 403);
    assert_eq!(status(&bob, consent("a.example", entry(1, 2))).await, 400);
    assert_eq!(status(&bob, consent("c.example", entry(1, 2))).await, 403);
    assert!(is_served(&bob).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_others_and_none_end_in_the_handshake() {
    let bed = Bed::start("").await;
    let other = mimi_provider::testbed::Ca::new().unwrap();
    let folder = bed.path("eve");
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = other.certificate(&["b.example"]).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate).unwrap();
    std::fs::write(folder.join("key.pem"), key).unwrap();
    let mut eve = bed.hosts[1].read();
    eve.tls.certificate = folder.join("certificate.pem");
    eve.tls.private_key = folder.join("key.pem");
    let eve = wire(&bed, &eve, 0);
    assert!(eve.send(eve.get(DIRECTORY_PATH)).await.is_err());
    until(async || refusals(&bed.hosts[0], "handshake") >= 1).await;
    let before = refusals(&bed.hosts[0], "handshake");
    // No TLS at all.
    let mut plain = TcpStream::connect(bed.hosts[0].running().federation).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    until(async || refusals(&bed.hosts[0], "handshake") > before).await;
    // A server whose certificate is another domain's gets no request.
    let client = TlsConfigs::read(&bed.hosts[1].read().tls).unwrap().client;
    let misled = Wire::new(bed.hosts[0].running().federation, "c.example", "b.example", client);
    assert!(misled.connect().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_huge_requests_are_cut_off_and_others_served() {
    let limits = "[limits]\nhandshake_ms = 2000\nbody_ms = 2000\nmax_body = 100000\nmax_handshakes = 8\n\
                  max_connections = 40\nmax_connections_per_peer = 3\n";
    let bed = Bed::start(limits).await;
    let host = &bed.hosts[0];
    let (bob, cathy) = (wire(&bed, &bed.hosts[1].read(), 0), wire(&bed, &bed.hosts[2].read(), 0));
    let address = host.running().federation;
    // Half a handshake, many times: each place is free again soon.
    let mut half = Vec::new();
    for _ in 0..24 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&[22, 3, 1]).await.unwrap();
        half.push(stream);
    }
    served(&cathy).await;
    until(async || refusals(host, "slow handshake") >= 24).await;
    // More connections than a provider may have; Cathy's provider is served all the same.
    let mut open = Vec::new();
    until(async || {
        open.extend(bob.connect().await);
        refusals(host, "too many connections") >= 10
    })
    .await;
    served(&cathy).await;
    // A header that never ends: the connection is closed.
    for stream in &mut open {
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: a.exa").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
    drop(open);
    // A body that is longer than allowed, announced or not.
    let huge = bob.ask(Endpoint::Notify, b"mimi://b.example/r/x", vec![0; 200_000]).unwrap();
    until(async || matches!(bob.send(huge.clone()).await, Ok(PeerAnswer { status: 413, .. }))).await;
    assert!(refusals(host, "body too long") >= 1);
    // Each of the rest is tried until it is refused for what it tests: on a busy machine a
    // handshake or a chunk may take so long that another limit comes first.
    let head = "POST /v1/notify/mimi%3A%2F%2Fb.example%2Fr%2Fx HTTP/1.1\r\nHost: a.example\r\nFrom: mimi@b.example\r\n";
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    until(async || {
        let before = refusals(host, "body too long");
        let Ok(mut chunked) = bob.connect().await else { return false };
        let begun = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        let mut written = chunked.write_all(begun.as_bytes()).await;
        while written.is_ok() && refusals(host, "body too long") == before {
            written = chunked.write_all(chunk.as_bytes()).await;
            tokio::task::yield_now().await;
        }
        refusals(host, "body too long") > before
    })
    .await;
    // A body that does not come.
    until(async || {
        let Ok(mut slow) = bob.connect().await else { return false };
        let begun = format!("{head}Content-Length: 10\r\n\r\nx");
        let mut answer = vec![0; 12];
        slow.write_all(begun.as_bytes()).await.is_ok()
            && slow.read_exact(&mut answer).await.is_ok()
            && answer == b"HTTP/1.1 408"
    })
    .await;
    assert!(refusals(host, "slow body") >= 1);
    served(&cathy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_and_draining_of_key_packages_are_limited_for_each_peer() {
    let limits = "[limits]\nrequest_burst = 20\nrequest_interval_ms = 1000000\nkey_material_burst = 3\n\
                  key_material_interval_ms = 1000000\n";
    let bed = Bed::start(limits).await;
    let (bob, cathy) = (wire(&bed, &bed.hosts[1].read(), 0), wire(&bed, &bed.hosts[2].read(), 0));
    let material = || bob.ask(Endpoint::KeyMaterial, b"mimi://a.example/u/alice", b"x".to_vec()).unwrap();
    for _ in 0..3 {
        assert_eq!(status(&bob, material()).await, 400);
    }
    let answer = bob.send(material()).await.unwrap();
    assert_eq!((answer.status, answer.retry_after_s), (429, Some(1000)));
    assert_eq!(refusals(&bed.hosts[0], "too many KeyPackages"), 1);
    for _ in 4..20 {
        assert!(is_served(&bob).await);
    }
    assert_eq!(status(&bob, bob.get(DIRECTORY_PATH)).await, 429);
    assert!(refusals(&bed.hosts[0], "too many requests") == 1);
    assert!(is_served(&cathy).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_reports_are_limited_for_each_peer_and_kept_up_to_a_limit() {
    let limits = "[limits]\nreport_burst = 5\nreport_interval_ms = 1000000\nmax_reports = 2\n";
    let bed = Bed::start(limits).await;
    let (mut alice, mut bob, room) = room(&bed).await;
    let mut ids = Vec::new();
    for place in 0..6 {
        ids.push(alice.say(&room, Says::Text(format!("report me {place}"))).await.unwrap());
    }
    until(async || bob.sync(0).await.is_ok() && bob.read(&room).unwrap().len() == ids.len()).await;
    for id in &ids[..5] {
        bob.report(&room, id, "spam").await.unwrap();
    }
    let refused = bob.report(&room, &ids[5], "spam").await.unwrap_err().to_string();
    assert!(refused.contains("429"), "{refused}");
    assert_eq!(refusals(&bed.hosts[0], "too many reports"), 1);
    // More than the limit are proven, and not kept.
    let engine = &bed.hosts[0].running().shared.engine;
    assert_eq!(engine.call(|engine| engine.count(Table::Reports, 9)).await.unwrap(), 2);
    // The same provider says and hears the rest, and another one reports.
    bob.say(&room, Says::Text("I have reported you".to_owned())).await.unwrap();
    let cathy = wire(&bed, &bed.hosts[2].read(), 0);
    let report = cathy.ask(Endpoint::ReportAbuse, room.as_bytes(), b"x".to_vec()).unwrap();
    assert_ne!(status(&cathy, report).await, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_no_open_proxy() {
    let bed = Bed::start("").await;
    let host = &bed.hosts[0];
    let bob = wire(&bed, &bed.hosts[1].read(), 0);
    let keys = bob.send(bob.get(GATEWAY_PATH)).await.unwrap();
    assert_eq!((keys.status, keys.media_type.as_deref()), (200, Some(KEYS_MEDIA_TYPE)));
    let own = bed.hosts[1].read();
    let peers = Peers::new(&own, TlsConfigs::read(&own.tls).unwrap().client).unwrap();
    let domain = &host.running().shared.domain;
    // What only the client may see is 403 within; the relay sees 200.
    let gateway = |body| Ask { body, ..bob.get(GATEWAY_PATH).with(Method::POST) };
    for (url, why) in [
        ("https://d.example/asset/1", "403"),
        ("https://d.example@c.example/asset/1", "400"),
        ("https://c.example:444x/asset/1", "400"),
        ("https://127.0.0.1/asset/1", "40"),
        ("https://a.example/asset/unknown", "404"),
    ] {
        let (sealed, opener) = oblivious::request(&keys.body, url).unwrap();
        let answer = peers.gateway(domain, Some(sealed)).await.unwrap();
        assert_eq!((answer.status, answer.media_type.as_deref()), (200, Some(RESPONSE_MEDIA_TYPE)), "{url}");
        let refused = opener.open(&answer.body).unwrap_err().to_string();
        assert!(refused.contains(why), "{url}: {refused}");
    }
    // Another media type, another method, another's From.
    assert_eq!(status(&bob, gateway(vec![0; 64])).await, 415);
    assert_eq!(status(&bob, bob.get(GATEWAY_PATH).with(Method::PUT)).await, 405);
    assert_eq!(status(&bob, bob.get(GATEWAY_PATH).from(Some("c.example"))).await, 403);
    // For the key of another hub.
    let (mut sealed, _) = oblivious::request(&keys.body, "https://c.example/asset/1").unwrap();
    sealed[0] ^= 1;
    assert_eq!(peers.gateway(domain, Some(sealed)).await.unwrap().status, 422);
    assert_eq!(peers.gateway(domain, Some(vec![1; 40])).await.unwrap().status, 400);
    assert_eq!(peers.gateway(domain, Some(vec![1; 100_000])).await.unwrap().status, 413);
    assert!(is_served(&bob).await);
}

/// Opens `count` connections with full handshakes, holds them all, and asks by another provider.
async fn crowd(count: usize) {
    let limits = format!(
        "[limits]\nmax_connections = {}\nmax_connections_per_peer = {count}\nmax_handshakes = 64\n\
         handshake_ms = 60000\n",
        count + 16
    );
    let bed = Bed::start(&limits).await;
    let (bob, cathy) = (wire(&bed, &bed.hosts[1].read(), 0), wire(&bed, &bed.hosts[2].read(), 0));
    let mut open = Vec::new();
    while open.len() < count {
        // A handshake that fails on a busy machine is tried again.
        if let Ok(stream) = bob.connect().await {
            open.push(stream);
        }
    }
    let host = &bed.hosts[0];
    until(async || host.running().shared.metrics.text().contains(&format!("mimi_connections {count}"))).await;
    // One more of the same provider has no place; another provider is served.
    let before = refusals(host, "too many connections");
    until(async || {
        let _ = bob.send(bob.get(DIRECTORY_PATH)).await;
        refusals(host, "too many connections") > before
    })
    .await;
    served(&cathy).await;
    drop(open);
    served(&bob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_connections_leaves_a_place_for_others() {
    crowd(300).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "10,000 connections: needs 20,100 file descriptors"]
async fn ten_thousand_connections_leave_a_place_for_others() {
    crowd(10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_looks_like_none_to_a_stranger_and_replays_change_nothing() {
    let bed = Bed::start("").await;
    let (mut alice, mut bob, room) = room(&bed).await;
    // Cathy's provider has no one in the room.
    let cathy = wire(&bed, &bed.hosts[2].read(), 0);
    let mut stranger = bed.client(2, "cathy", "cathy").await;
    assert!(stranger.join(&room, None, None).await.is_err());
    let none = RoomUri::try_from("mimi://a.example/r/none").unwrap();
    let decoy = stranger.create("decoy", &rules()).await.unwrap();
    let endpoints = [Endpoint::SubmitMessage, Endpoint::Update, Endpoint::GroupInfo];
    for (endpoint, body) in endpoints.into_iter().zip(stranger.bodies(&decoy).unwrap()) {
        let ask = |room: &RoomUri| cathy.ask(endpoint, room.as_bytes(), body.clone()).unwrap();
        let (known, unknown) = (cathy.send(ask(&room)).await.unwrap(), cathy.send(ask(&none)).await.unwrap());
        assert_eq!((known.status, &known.media_type), (unknown.status, &unknown.media_type), "{endpoint:?}");
        match endpoint {
            Endpoint::GroupInfo => {
                let status = |it: &PeerAnswer| GroupInfoResponse::decode_exact(&it.body).unwrap().status;
                assert_eq!(status(&known), status(&unknown));
            }
            Endpoint::Update => {
                let read = |it: &PeerAnswer| UpdateRoomResponse::decode_exact(&it.body).unwrap();
                assert_eq!(read(&known), read(&unknown));
            }
            _ => assert_eq!(known.body, unknown.body, "{endpoint:?}"),
        }
    }
    // What Bob's provider has sent comes again, and is answered as before; nothing is handed on
    // twice.
    let from_bob = wire(&bed, &bed.hosts[1].read(), 0);
    let body = bob.sealed(&room, "once").unwrap().0.request.to_bytes().unwrap();
    let submit = || from_bob.ask(Endpoint::SubmitMessage, room.as_bytes(), body.clone()).unwrap();
    let first = from_bob.send(submit()).await.unwrap();
    assert_eq!(first.status, 200);
    for _ in 0..3 {
        assert_eq!(from_bob.send(submit()).await.unwrap(), first);
    }
    bob.say(&room, Says::Text("twice".to_owned())).await.unwrap();
    until(async || alice.sync(0).await.is_ok() && alice.read(&room).unwrap().len() == 2).await;
    // The same message in the name of another provider is none of its.
    let stolen = cathy.ask(Endpoint::SubmitMessage, room.as_bytes(), body.clone()).unwrap();
    assert_ne!(cathy.send(stolen).await.unwrap().body, first.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_refuses_and_recovers_without_a_restart() {
    let mut bed = Bed::start("").await;
    let (mut alice, mut bob, room) = room(&bed).await;
    bed.hosts[0].fault.break_at(1);
    assert!(alice.say(&room, Says::Text("later".to_owned())).await.is_err());
    assert!(bob.say(&room, Says::Text("me too".to_owned())).await.is_err());
    // It works again: the process goes on without a restart, and no client says it twice.
    bed.hosts[0].fault.mend();
    until(async || {
        alice.sync(0).await.unwrap();
        bob.sync(0).await.unwrap();
        alice.read(&room).unwrap().len() == 2 && bob.read(&room).unwrap().len() == 2
    })
    .await;
    let mut said: Vec<_> = alice.read(&room).unwrap().into_iter().filter_map(|it| it.text).collect();
    said.sort();
    assert_eq!(said, ["later", "me too"]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_is_away_for_a_day_gets_all_of_it_in_order_and_clocks_may_jump() {
    let mut bed = Bed::start("").await;
    let (mut alice, mut bob, room) = room(&bed).await;
    bed.hosts[1].stop().await;
    let shift = Arc::clone(&bed.hosts[0].clock);
    let day = 86_400_000_u64;
    let mut expected = Vec::new();
    for (words, jump) in [("one", 0), ("two", day), ("three", day.wrapping_neg()), ("four", day)] {
        shift.shift.fetch_add(jump, Ordering::SeqCst);
        alice.say(&room, Says::Text(words.to_owned())).await.unwrap();
        expected.push(words);
    }
    bed.hosts[1].start().await;
    bob.moved(bed.hosts[1].running().clients).unwrap();
    let said = |client: &Client| -> Vec<String> {
        client.read(&room).unwrap().into_iter().filter_map(|it| it.text).collect()
    };
    until(async || bob.sync(0).await.is_ok() && said(&bob).len() == 4).await;
    assert_eq!(said(&bob), expected);
    assert_eq!(said(&alice), expected);
    // The times of the hub ascend, whatever its clock does.
    let times: Vec<u64> = bob.read(&room).unwrap().iter().map(|it| it.accepted_ms).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    bed.stop().await;
}
