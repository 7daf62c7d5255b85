//! A provider is killed at every point between two writes. After its restart no accepted message or
//! commit is lost, none is handled twice, no client is stuck, and earlier franks are proven.
//!
//! The database breaks at the n-th point of an act and stays broken, as for a process that is
//! killed there; then the provider starts anew on what was written. The acts are repeated with the
//! next point until one of them gets through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod bed;

use bed::{Bed, Database, grant, until};
use mimi_codec::RoomUri;
use mimi_provider::{
    client::{Client, Says, Verdict, rules},
    engine::JoinCode,
    store::Table,
};
use mimi_room::Wishes;

const HUB: usize = 0;
const FOLLOWER: usize = 1;

struct Play {
    bed: Bed,
    alice: Client,
    bob: Client,
    room: RoomUri,
    said: Vec<String>,
}

impl Play {
    async fn begin(database: Database) -> Self {
        let bed = Bed::start_on(database, "").await;
        let mut alice = bed.client(HUB, "alice", "alice").await;
        let mut bob = bed.client(FOLLOWER, "bob", "bob").await;
        let room = alice.create("club", &rules()).await.unwrap();
        grant(&bob, alice.user()).await;
        alice.add(&room, &bob.user().clone(), rules().participant_role).await.unwrap();
        until(async || bob.sync(0).await.is_ok() && bob.room(&room).is_ok()).await;
        let first = alice.say(&room, Says::Text("first".to_owned())).await;
        assert!(first.is_ok());
        Self { bed, alice, bob, room, said: vec!["first".to_owned()] }
    }

    /// The provider that is to break is killed and starts anew, and so do its clients.
    async fn restart(&mut self, place: usize) {
        self.bed.hosts[place].stop().await;
        self.bed.hosts[place].start().await;
        let address = self.bed.hosts[place].running().clients;
        let (client, file) = if place == HUB { (&mut self.alice, "alice") } else { (&mut self.bob, "bob") };
        *client = Client::open(&self.bed.path(file)).unwrap();
        client.moved(address).unwrap();
    }

    /// Nothing waits any more, neither at the hub nor at the clients.
    async fn settle(&mut self) {
        let Self { bed, alice, bob, room, said } = self;
        let outbox = async || {
            let engine = bed.hosts[HUB].running().shared.engine.clone();
            engine.call(|engine| engine.count(Table::Outbox, 1)).await
        };
        // A database that broke after all has been delivered says so here.
        let broken = || bed.hosts.iter().any(|host| host.fault.is_broken());
        until(async || broken() || !matches!(outbox().await, Ok(1))).await;
        until(async || {
            let _ = alice.sync(0).await;
            let _ = bob.sync(0).await;
            let seen = |client: &Client| -> Vec<String> {
                client.read(room).unwrap().into_iter().filter_map(|it| it.text).collect()
            };
            let epochs = (alice.room(room).unwrap().epoch(), bob.room(room).unwrap().epoch());
            broken()
                || (seen(alice).len() >= said.len() && seen(bob).len() >= said.len() && epochs.0 == epochs.1)
        })
        .await;
    }

    /// Everything was handled once.
    async fn check(&mut self) {
        for client in [&self.alice, &self.bob] {
            let seen: Vec<String> =
                client.read(&self.room).unwrap().into_iter().filter_map(|it| it.text).collect();
            assert_eq!(seen, self.said);
        }
        let room = self.room.clone();
        let engine = self.bed.hosts[HUB].running().shared.engine.clone();
        let hub = engine.call(move |it| it.with_room(&room, |it| it.room().group_context().clone())).await;
        let hub = hub.unwrap().unwrap();
        for client in [&self.alice, &self.bob] {
            assert_eq!(*client.room(&self.room).unwrap().group_context(), hub);
        }
    }

    /// Acts with the database of `place` breaking at its first, second … point, until it does not
    /// break any more. Returns how many points there are.
    async fn at_every_point(&mut self, place: usize, act: impl AsyncFn(&mut Self, &str)) -> u64 {
        for point in 1.. {
            let fault = self.bed.hosts[place].fault.clone();
            fault.break_at(point);
            let words = format!("point {point}");
            act(self, &words).await;
            self.settle().await;
            let broken = fault.is_broken();
            self.restart(place).await;
            self.settle().await;
            self.check().await;
            if !broken {
                return point - 1;
            }
        }
        0
    }
}

/// Whether a user is a participant, as Alice sees it.
fn is_in(play: &Play, client: &Client) -> bool {
    play.alice.room(&play.room).unwrap().role_of(client.user()).is_some()
}

/// A newcomer reads what Alice says from now on.
async fn hears(play: &mut Play, newcomer: &mut Client, words: &str) {
    let room = play.room.clone();
    let engine = play.bed.hosts[HUB].running().shared.engine.clone();
    let of = room.clone();
    let epoch = engine.call(move |it| it.with_room(&of, |it| it.room().epoch())).await.unwrap().unwrap();
    for client in [&mut play.alice, &mut play.bob, &mut *newcomer] {
        until(async || client.sync(0).await.is_ok() && client.room(&room).unwrap().epoch() == epoch).await;
    }
    play.said.push(words.to_owned());
    play.alice.say(&room, Says::Text(words.to_owned())).await.unwrap();
    play.settle().await;
    until(async || {
        newcomer.sync(0).await.is_ok()
            && newcomer.read(&room).is_ok_and(|it| it.iter().any(|it| it.text.as_deref() == Some(words)))
    })
    .await;
}

/// New users join by codes while the database of `place` breaks at one point after the other.
async fn joins_at_every_point(play: &mut Play, place: usize) -> u64 {
    let role = rules().participant_role;
    for point in 1.. {
        let name = format!("joiner-{place}-{point}");
        let mut newcomer = play.bed.client(FOLLOWER, &name, &name).await;
        let wanted = JoinCode { role, uses: 1, valid_ms: 600_000 };
        let code = play.alice.join_code(&play.room, &wanted).await.unwrap();
        let fault = play.bed.hosts[place].fault.clone();
        fault.break_at(point);
        let joined = newcomer.join(&play.room, Some(role), Some(&code)).await;
        let broken = fault.is_broken();
        assert!(broken || matches!(joined, Ok(Verdict::Accepted)), "{joined:?}");
        play.restart(place).await;
        newcomer.moved(play.bed.hosts[FOLLOWER].running().clients).unwrap();
        play.settle().await;
        // Its answer was lost, or it was not taken: the code still counts, or the user is in.
        while newcomer.room(&play.room).is_err() {
            play.settle().await;
            let again = if is_in(play, &newcomer) {
                // As another client would: the first has lost its answer and stays out.
                let mut second = play.bed.client(FOLLOWER, &name, &format!("{name}-again")).await;
                let again = second.join(&play.room, None, None).await;
                newcomer = second;
                again
            } else {
                newcomer.join(&play.room, Some(role), Some(&code)).await
            };
            assert!(matches!(again, Ok(Verdict::Accepted)), "{again:?}");
        }
        hears(play, &mut newcomer, &name).await;
        play.check().await;
        if !broken {
            return point - 1;
        }
    }
    0
}

async fn newcomers(database: Database) {
    let mut play = Play::begin(database).await;
    let points = joins_at_every_point(&mut play, HUB).await;
    assert!(points > 5, "{points}");
    play.bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_join_while_the_hub_is_killed_at_every_point() {
    newcomers(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn newcomers_join_while_the_hub_is_killed_at_every_point_with_postgres() {
    newcomers(Database::Postgres).await;
}

async fn alice_says(play: &mut Play, words: &str) {
    play.said.push(words.to_owned());
    let _ = play.alice.say(&play.room, Says::Text(words.to_owned())).await;
}

async fn bob_says(play: &mut Play, words: &str) {
    play.said.push(words.to_owned());
    let _ = play.bob.say(&play.room, Says::Text(words.to_owned())).await;
}

async fn alice_commits(play: &mut Play, _: &str) {
    let _ = play.alice.commit(&play.room, &Wishes::default()).await;
}

async fn bob_commits(play: &mut Play, _: &str) {
    let _ = play.bob.commit(&play.room, &Wishes::default()).await;
}

async fn the_hub_is_killed(database: Database) {
    let mut play = Play::begin(database).await;
    let mut points = play.at_every_point(HUB, alice_says).await;
    points += play.at_every_point(HUB, bob_says).await;
    points += play.at_every_point(HUB, alice_commits).await;
    points += play.at_every_point(HUB, bob_commits).await;
    assert!(points > 30, "{points}");
    // A frank from before all of that.
    let first = play.bob.read(&play.room).unwrap()[0].id;
    play.bob.report(&play.room, &first, "it was the first").await.unwrap();
    let engine = play.bed.hosts[HUB].running().shared.engine.clone();
    assert_eq!(engine.call(|engine| engine.count(Table::Reports, 9)).await.unwrap(), 1);
    play.bed.stop().await;
}

async fn the_follower_is_killed(database: Database) {
    let mut play = Play::begin(database).await;
    let points = play.at_every_point(FOLLOWER, alice_says).await;
    assert!(points > 5, "{points}");
    play.at_every_point(FOLLOWER, alice_commits).await;
    play.bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_is_killed_at_every_point() {
    the_hub_is_killed(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn the_hub_is_killed_at_every_point_with_postgres() {
    the_hub_is_killed(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_follower_is_killed_at_every_point() {
    the_follower_is_killed(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn the_follower_is_killed_at_every_point_with_postgres() {
    the_follower_is_killed(Database::Postgres).await;
}
