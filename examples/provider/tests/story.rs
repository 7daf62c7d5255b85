//! Three providers over HTTPS: rooms, messages, files, reports, restarts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod bed;

use bed::{Bed, Database, grant, until, user_uri};
use mimi_provider::{
    client::{Client, Says, Verdict, rules},
    engine::JoinCode,
    load::{Load, drive},
    store::Table,
};
use mimi_room::Wishes;

async fn texts(client: &mut Client, room: &mimi_codec::RoomUri) -> Vec<String> {
    client.sync(0).await.unwrap();
    let shown = client.read(room).unwrap();
    shown.into_iter().map(|it| it.text.unwrap_or_else(|| "-".to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_providers_tell_the_whole_story() {
    whole_story(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn three_providers_tell_the_whole_story_with_postgres() {
    whole_story(Database::Postgres).await;
}

async fn whole_story(database: Database) {
    let mut bed = Bed::start_on(database, "").await;
    let mut alice = bed.client(0, "alice", "a1").await;
    let mut bob = bed.client(1, "bob", "b1").await;
    let mut cathy = bed.client(2, "cathy", "c1").await;
    let (alice_user, bob_user) = (alice.user().clone(), bob.user().clone());
    let room = alice.create("clubhouse", &rules()).await.unwrap();
    let role = rules().participant_role;
    // Without consent there are no KeyPackages.
    assert!(alice.add(&room, bob.user(), role).await.is_err());
    grant(&bob, &alice_user).await;
    grant(&cathy, &bob_user).await;
    assert_eq!(alice.add(&room, bob.user(), role).await.unwrap(), Verdict::Accepted);
    until(async || bob.sync(0).await.is_ok() && bob.room(&room).is_ok()).await;
    // Bob adds Cathy: her KeyPackages come from her provider by the hub.
    assert_eq!(bob.add(&room, cathy.user(), role).await.unwrap(), Verdict::Accepted);
    until(async || cathy.sync(0).await.is_ok() && cathy.room(&room).is_ok()).await;

    let hello = cathy.say(&room, Says::Text("Helo".to_owned())).await.unwrap();
    cathy.say(&room, Says::Edit(hello, "Hello, clubhouse".to_owned())).await.unwrap();
    until(async || texts(&mut alice, &room).await == ["Hello, clubhouse"]).await;
    alice.say(&room, Says::React(hello, "\u{1f44b}".to_owned())).await.unwrap();
    until(async || texts(&mut bob, &room).await == ["Hello, clubhouse"]).await;
    until(async || {
        bob.sync(0).await.unwrap();
        bob.read(&room).unwrap()[0].reactions == ["\u{1f44b}"]
    })
    .await;
    let tea = bob.say(&room, Says::Reply(hello, "Tea?".to_owned())).await.unwrap();
    bob.say(&room, Says::Delete(tea)).await.unwrap();
    until(async || texts(&mut cathy, &room).await == ["Hello, clubhouse", "-"]).await;

    // A file of Cathy's provider goes to Bob through the hub alone.
    let file = Says::Attach("text/plain".to_owned(), "notes.txt".to_owned(), b"secret notes".to_vec());
    let file = cathy.say(&room, file).await.unwrap();
    until(async || texts(&mut bob, &room).await.len() == 3).await;
    assert_eq!(bob.download(&room, &file).await.unwrap(), b"secret notes");
    assert_eq!(cathy.download(&room, &file).await.unwrap(), b"secret notes");
    // By Oblivious HTTP: through Bob's provider to the hub, and from the hub to Cathy's; and where
    // relay, gateway and assets are one provider's or two's.
    assert_eq!(bob.download_obliviously(&room, &file).await.unwrap(), b"secret notes");
    assert_eq!(cathy.download_obliviously(&room, &file).await.unwrap(), b"secret notes");
    until(async || texts(&mut alice, &room).await.len() == 3).await;
    assert_eq!(alice.download_obliviously(&room, &file).await.unwrap(), b"secret notes");

    // Bob reports what Cathy said; the hub proves it without having kept it.
    bob.report(&room, &hello, "too cheerful").await.unwrap();
    let reports = bed.hosts[0].running().shared.engine.call(|it| it.count(Table::Reports, 9)).await.unwrap();
    assert_eq!(reports, 1);

    // Dave joins by a code, and Bob with a second client.
    let mut dave = bed.client(2, "dave", "d1").await;
    let wanted = JoinCode { role, uses: 1, valid_ms: 60_000 };
    let code = alice.join_code(&room, &wanted).await.unwrap();
    assert!(dave.join(&room, Some(role), Some(b"not the code")).await.is_err());
    assert_eq!(dave.join(&room, Some(role), Some(&code)).await.unwrap(), Verdict::Accepted);
    let mut second = bed.client(1, "bob", "b2").await;
    assert_eq!(second.join(&room, None, None).await.unwrap(), Verdict::Accepted);
    dave.sync(0).await.unwrap();
    until(async || dave.sync(0).await.is_ok() && dave.room(&room).unwrap().members().iter().count() == 5)
        .await;
    dave.say(&room, Says::Text("I am Dave".to_owned())).await.unwrap();
    until(async || texts(&mut second, &room).await == ["I am Dave"]).await;

    // Bob leaves with both clients; Alice commits to it.
    until(async || {
        bob.sync(0).await.is_ok() && bob.room(&room).unwrap().epoch() == dave.room(&room).unwrap().epoch()
    })
    .await;
    assert_eq!(bob.leave(&room).await.unwrap(), Verdict::Accepted);
    alice.sync(0).await.unwrap();
    assert_eq!(alice.commit(&room, &Wishes::default()).await.unwrap(), Verdict::Accepted);
    until(async || bob.sync(0).await.is_ok() && bob.room(&room).is_err()).await;
    until(async || second.sync(0).await.is_ok() && second.room(&room).is_err()).await;
    assert_eq!(alice.room(&room).unwrap().role_of(&user_uri(1, "bob")), None);

    // Everything restarts, clients too.
    bed.stop().await;
    for host in &mut bed.hosts {
        host.start().await;
    }
    drop((alice, cathy));
    let mut reopened = Vec::new();
    for (file, place) in [("a1", 0), ("c1", 2)] {
        let path = bed.path(file);
        let mut client = Client::open(&path).unwrap();
        client.moved(bed.hosts[place].running().clients).unwrap();
        reopened.push(client);
    }
    let [alice, cathy] = &mut reopened[..] else { panic!() };
    alice.say(&room, Says::Text("Good morning".to_owned())).await.unwrap();
    until(async || texts(cathy, &room).await.last().is_some_and(|it| it == "Good morning")).await;
    assert_eq!(texts(alice, &room).await, texts(cathy, &room).await);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_accepted_as_a_whole() {
    let load = Load { rooms: 2, messages: 30, per_second: 0, at_once: 8 };
    let figures = drive(load, None).await.unwrap();
    assert_eq!((figures.failed, figures.latencies.len()), (0, 30));
    assert!(figures.transactions > 0 && figures.database > 0, "{figures}");
}
