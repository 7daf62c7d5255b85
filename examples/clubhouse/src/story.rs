//! The story so far: the world, who is in it, and the room that it is about.

use mimi_codec::protocol::IdentifierUri;
use mimi_crypto::RustCrypto;

use crate::{
    Result,
    acts::ACTS,
    ensure,
    world::{World, room_uri, user_uri},
};

/// The users of the story and their first clients.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Of a.example, which is the hub.
    pub alice: IdentifierUri,
    /// Of b.example.
    pub bob: IdentifierUri,
    /// Of c.example.
    pub cathy: IdentifierUri,
    /// Of c.example: the guest.
    pub dave: IdentifierUri,
    /// Of b.example: nobody has added her.
    pub erin: IdentifierUri,
    /// Alice's.
    pub client_a1: IdentifierUri,
    /// Bob's first.
    pub client_b1: IdentifierUri,
    /// Bob's second.
    pub client_b2: IdentifierUri,
    /// Cathy's.
    pub client_c1: IdentifierUri,
    /// Dave's.
    pub client_d1: IdentifierUri,
    /// Erin's.
    pub client_e1: IdentifierUri,
}

/// The world, and what the acts know of it.
pub struct Story {
    /// Everybody and everything.
    pub world: World,
    /// Who is who.
    pub cast: Cast,
    /// The clubhouse.
    pub room: IdentifierUri,
}

impl Story {
    /// Before the first act.
    ///
    /// # Errors
    /// When the cast can't be made.
    pub fn new(suite: RustCrypto, seed: u64) -> Result<Self> {
        let mut world = World::new(suite, &["a.example", "b.example", "c.example"], seed)?;
        let alice = user_uri("a.example", "alice")?;
        let bob = user_uri("b.example", "bob")?;
        let cathy = user_uri("c.example", "cathy")?;
        let dave = user_uri("c.example", "dave")?;
        let erin = user_uri("b.example", "erin")?;
        let cast = Cast {
            client_a1: world.new_client(&alice, "ClientA1")?,
            client_b1: world.new_client(&bob, "ClientB1")?,
            client_b2: world.new_client(&bob, "ClientB2")?,
            client_c1: world.new_client(&cathy, "ClientC1")?,
            client_d1: world.new_client(&dave, "ClientD1")?,
            client_e1: world.new_client(&erin, "ClientE1")?,
            alice,
            bob,
            cathy,
            dave,
            erin,
        };
        // They know each other. What consent is like between providers that don't, is act 10.
        world.consent(&cast.bob, &cast.alice)?;
        world.consent(&cast.cathy, &cast.bob)?;
        world.consent(&cast.dave, &cast.alice)?;
        world.consent(&cast.erin, &cast.alice)?;
        world.consent(&cast.erin, &cast.dave)?;
        world.consent(&cast.erin, &cast.bob)?;
        Ok(Self { world, cast, room: room_uri("a.example", "clubhouse")? })
    }

    /// The clients that are in the clubhouse.
    #[must_use]
    pub fn members(&self) -> Vec<IdentifierUri> {
        let clients = self.world.clients.iter().filter(|(_, client)| client.is_in(&self.room));
        clients.map(|(uri, _)| uri.clone()).collect()
    }

    /// Everybody in the clubhouse is in the hub's epoch, and has the hub's list and group.
    ///
    /// # Errors
    /// Who isn't, or hasn't.
    pub fn check_agreement(&mut self) -> Result<()> {
        let room = self.room.clone();
        let hub = self.world.provider_of(&room)?.hub.room(&room)?;
        hub.room.matches(&hub.dictionary)?;
        let (epoch, list, leaves) = (hub.epoch(), hub.room.participant_list(), hub.roster.members.clone());
        for client in self.members() {
            let membership = self.world.client(&client)?.room(&room)?;
            ensure!(
                membership.epoch() == epoch,
                "{client:?} is in epoch {}, not {epoch}",
                membership.epoch()
            );
            ensure!(membership.room.participant_list() == list, "{client:?} has another list");
            ensure!(membership.roster.members == leaves, "{client:?} has another group");
        }
        Ok(())
    }

    /// Plays the acts up to a number.
    ///
    /// # Errors
    /// When an act doesn't come out as it promises; the error names it.
    pub fn play_until(&mut self, last: u8) -> Result<()> {
        for act in ACTS.iter().filter(|act| act.number <= last) {
            self.world.narrator.act(act.number, act.title);
            (act.play)(self).map_err(|error| format!("act {}: {error}", act.number))?;
        }
        Ok(())
    }
}
