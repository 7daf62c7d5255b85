//! Several processes on one database. Each is a provider with its own connection, threads and
//! memory; that they are in one process of the system is for the test's sake.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod bed;

use std::{collections::BTreeSet, sync::Arc};

use bed::{Bed, Database, grant, open, register, until, user_uri};
use mimi_codec::RoomUri;
use mimi_provider::{
    client::{Client, Says, Verdict, rules},
    clock::SystemClock,
    engine::JoinCode,
    run::Running,
    store::{PostgresStore, Since, Store, Table},
};
use mimi_room::Wishes;

/// A second process of the first provider, at addresses of its own.
async fn second(bed: &Bed) -> Running {
    let mut config = bed.hosts[0].read();
    config.listen.federation.set_port(0);
    Running::start(&config, open(&config).await, Arc::new(SystemClock)).await.unwrap()
}

fn said(client: &Client, room: &RoomUri) -> Vec<String> {
    client.read(room).unwrap().into_iter().filter_map(|it| it.text).collect()
}

async fn say_all(mut client: Client, room: RoomUri, whose: &'static str, count: usize) -> Client {
    for place in 0..count {
        client.say(&room, Says::Text(format!("{whose} {place}"))).await.unwrap();
    }
    client
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn two_processes_serve_one_room_with_postgres() {
    const COUNT: usize = 20;
    let mut bed = Bed::start_on(Database::Postgres, "[limits]\nroom_interval_ms = 0\n").await;
    let other = second(&bed).await;
    let mut alice = bed.client(0, "alice", "alice").await;
    // Dave is a user of the same provider, at its other process.
    let mut dave = register(&bed.path("dave"), other.clients, &user_uri(0, "dave")).await;
    dave.publish(4).await.unwrap();
    let mut bob = bed.client(1, "bob", "bob").await;
    let role = rules().participant_role;
    let room = alice.create("club", &rules()).await.unwrap();
    for client in [&dave, &bob] {
        grant(client, alice.user()).await;
        alice.add(&room, &client.user().clone(), role).await.unwrap();
    }
    for client in [&mut dave, &mut bob] {
        until(async || client.sync(0).await.is_ok() && client.room(&room).is_ok()).await;
    }
    let epoch = alice.room(&room).unwrap().epoch();
    until(async || dave.sync(0).await.is_ok() && dave.room(&room).unwrap().epoch() == epoch).await;

    // All three speak at once: two at two processes, one from another provider.
    let (one, two, three) = tokio::join!(
        say_all(alice, room.clone(), "alice", COUNT),
        say_all(dave, room.clone(), "dave", COUNT),
        say_all(bob, room.clone(), "bob", COUNT),
    );
    let mut clients = [one, two, three];
    for client in &mut clients {
        until(async || client.sync(0).await.is_ok() && said(client, &room).len() >= 3 * COUNT).await;
    }
    let all = said(&clients[0], &room);
    assert_eq!(all.len(), 3 * COUNT, "a message is doubled");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 3 * COUNT);
    for client in &clients {
        assert_eq!(said(client, &room), all);
        let times: Vec<u64> = client.read(&room).unwrap().iter().map(|it| it.accepted_ms).collect();
        assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    }

    // Handshakes of both processes, one after the other.
    let [mut alice, mut dave, mut bob] = clients;
    let mut epoch = alice.room(&room).unwrap().epoch();
    for _ in 0..3 {
        for client in [&mut alice, &mut dave] {
            until(async || client.sync(0).await.is_ok() && client.room(&room).unwrap().epoch() == epoch)
                .await;
            assert_eq!(client.commit(&room, &Wishes::default()).await.unwrap(), Verdict::Accepted);
            epoch += 1;
        }
    }
    for client in [&mut alice, &mut bob] {
        until(async || client.sync(0).await.is_ok() && client.room(&room).unwrap().epoch() == epoch).await;
    }
    // The process that served Alice ends; the other takes over its deliveries and its client.
    alice.say(&room, Says::Text("before".to_owned())).await.unwrap();
    bed.hosts[0].stop().await;
    alice.moved(other.clients).unwrap();
    dave.say(&room, Says::Text("after".to_owned())).await.unwrap();
    alice.say(&room, Says::Text("me too".to_owned())).await.unwrap();
    for client in [&mut alice, &mut dave, &mut bob] {
        until(async || client.sync(0).await.is_ok() && said(client, &room).len() >= 3 * COUNT + 3).await;
        assert_eq!(said(client, &room)[3 * COUNT..], ["before", "after", "me too"]);
    }
    other.stop().await;
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn a_process_sees_what_another_has_changed_with_postgres() {
    let mut bed = Bed::start_on(Database::Postgres, "").await;
    let other = second(&bed).await;
    let mut alice = bed.client(0, "alice", "alice").await;
    let mut bob = bed.client(1, "bob", "bob").await;
    // Registered, granted and stocked at one process; asked for at the other.
    let mut dave = register(&bed.path("dave"), other.clients, &user_uri(0, "dave")).await;
    dave.publish(4).await.unwrap();
    grant(&dave, alice.user()).await;
    let role = rules().participant_role;
    let room = alice.create("club", &rules()).await.unwrap();
    assert_eq!(alice.add(&room, &dave.user().clone(), role).await.unwrap(), Verdict::Accepted);
    // A client that waits at one process is woken by what the other has accepted.
    until(async || dave.sync(1000).await.is_ok() && dave.room(&room).is_ok()).await;
    // A code of one process counts at the other, once.
    let wanted = JoinCode { role, uses: 1, valid_ms: 600_000 };
    alice.sync(0).await.unwrap();
    let code = alice.join_code(&room, &wanted).await.unwrap();
    assert_eq!(bob.join(&room, Some(role), Some(&code)).await.unwrap(), Verdict::Accepted);
    let mut erin = register(&bed.path("erin"), other.clients, &user_uri(0, "erin")).await;
    assert!(!matches!(erin.join(&room, Some(role), Some(&code)).await, Ok(Verdict::Accepted)));
    other.stop().await;
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn connections_that_break_are_made_anew_with_postgres() {
    let mut bed = Bed::start_on(Database::Postgres, "").await;
    let mut alice = bed.client(0, "alice", "alice").await;
    let room = alice.create("club", &rules()).await.unwrap();
    let server = std::env::var("MIMI_POSTGRES").unwrap();
    for place in 0..3 {
        // The server ends all sessions of this provider.
        let schema = bed.hosts[0].read().postgres.unwrap();
        let schema = schema.split("search_path=").nth(1).unwrap().trim_end_matches('\'').to_owned();
        let server = server.clone();
        tokio::task::spawn_blocking(move || PostgresStore::end_sessions(&server, &schema).unwrap())
            .await
            .unwrap();
        let _ = alice.say(&room, Says::Text(place.to_string())).await;
        until(async || alice.sync(0).await.is_ok() && said(&alice, &room).len() == place + 1).await;
    }
    assert_eq!(said(&alice, &room), ["0", "1", "2"]);
    bed.stop().await;
}

#[test]
#[ignore = "needs a server: .ci/postgres"]
fn the_tables_do_the_same_with_postgres() {
    let config = Bed::prepare_on(Database::Postgres, "").hosts[0].read();
    let parameters = config.postgres.unwrap();
    let mut store = PostgresStore::open(&parameters).unwrap();
    assert_eq!(store.begin().unwrap(), Since::OthersWrote);
    for key in [b"a\0".as_slice(), b"a\x001", b"a\x002", b"a\xff", b"b\0", b"\xff\xff"] {
        store.put(Table::Meta, key, b"v").unwrap();
    }
    store.put(Table::Meta, b"gone", b"v").unwrap();
    store.delete(Table::Meta, b"gone").unwrap();
    assert_eq!(store.get(Table::Meta, b"gone").unwrap(), None);
    store.commit().unwrap();
    let mut keys = |prefix: &[u8], after: &[u8], limit| -> Vec<Vec<u8>> {
        store.scan(Table::Meta, prefix, after, limit).unwrap().into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(b"a\0", b"a\0", 9), [b"a\x001", b"a\x002"]);
    assert_eq!(keys(b"a\0", b"", 1), [b"a\0"]);
    assert_eq!(keys(b"", b"", 9).len(), 6);
    assert_eq!(keys(b"\xff", b"", 9), [b"\xff\xff"]);
    // What is rolled back was never there, and another connection sees only what was committed.
    let mut second = PostgresStore::open(&parameters).unwrap();
    assert_eq!(store.begin().unwrap(), Since::Unchanged);
    store.put(Table::Meta, b"k", b"1").unwrap();
    store.scan(Table::Meta, b"", b"", 1).unwrap();
    assert_eq!(second.get(Table::Meta, b"k").unwrap(), None);
    store.rollback().unwrap();
    assert_eq!(store.get(Table::Meta, b"k").unwrap(), None);
    // Its own writes are not those of others.
    store.begin().unwrap();
    store.put(Table::Meta, b"k", b"2").unwrap();
    store.commit().unwrap();
    assert_eq!(store.begin().unwrap(), Since::Unchanged);
    store.commit().unwrap();
    assert_eq!(second.begin().unwrap(), Since::OthersWrote);
    assert_eq!(second.get(Table::Meta, b"k").unwrap().as_deref(), Some(b"2".as_slice()));
    second.put(Table::Meta, b"k", b"3").unwrap();
    second.commit().unwrap();
    assert_eq!(store.begin().unwrap(), Since::OthersWrote);
    store.commit().unwrap();
    // One of them does what is to be done once; then the other, when the first has ended.
    assert!(store.holds(b"b.example").unwrap() && store.holds(b"b.example").unwrap());
    assert!(!second.holds(b"b.example").unwrap());
    assert!(second.holds(b"c.example").unwrap());
    drop(store);
    while !second.holds(b"b.example").unwrap() {
        std::thread::yield_now();
    }
}
