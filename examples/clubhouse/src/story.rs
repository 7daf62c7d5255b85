//! The story so far: the world, who is in it, and the room that it is about.

use mimi_codec::{ClientUri, RoomUri, UserUri};
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
    pub alice: UserUri,
    /// Of b.example.
    pub bob: UserUri,
    /// Of c.example.
    pub cathy: UserUri,
    /// Of c.example: the guest.
    pub dave: UserUri,
    /// Of b.example: no user has added her.
    pub erin: UserUri,
    /// Alice's.
    pub client_a1: ClientUri,
    /// Bob's first.
    pub client_b1: ClientUri,
    /// Bob's second.
    pub client_b2: ClientUri,
    /// Cathy's.
    pub client_c1: ClientUri,
    /// Dave's.
    pub client_d1: ClientUri,
    /// Erin's.
    pub client_e1: ClientUri,
}

/// The world, and what the acts know of it.
pub struct Story {
    /// All parties and everything.
    pub world: World,
    /// Who is who.
    pub cast: Cast,
    /// The clubhouse.
    pub room: RoomUri,
}

impl Story {
    /// Before the first act.
    ///
    /// # Errors
    /// When the cast cannot be made.
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
        // They know each other. What consent is like between providers that do not, is act 10.
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
    pub fn members(&self) -> Vec<ClientUri> {
        let clients = self.world.clients.iter().filter(|(_, client)| client.is_in(&self.room));
        clients.map(|(uri, _)| uri.clone()).collect()
    }

    /// The clients in the clubhouse are in the hub's epoch, and have its components, leaves and
    /// waiting proposals.
    ///
    /// # Errors
    /// The client that differs.
    pub fn check_agreement(&mut self) -> Result<()> {
        let room = self.room.clone();
        let members = self.members();
        let hub = self.world.hub_of(&room)?.room(&room)?.room().clone();
        if !hub.policy().has_pending() {
            hub.policy().matches(hub.dictionary())?;
        }
        ensure!(members.len() == hub.members().len(), "the hub has {} members", hub.members().len());
        members.iter().try_for_each(|client| self.world.client(client)?.agrees_with(&hub, client))
    }

    /// Plays the acts up to a number.
    ///
    /// # Errors
    /// When an act does not come out as it promises; the error names it.
    pub fn play_until(&mut self, last: u8) -> Result<()> {
        for act in ACTS.iter().filter(|act| act.number <= last) {
            self.world.narrator.act(act.number, act.title);
            (act.play)(self).map_err(|error| format!("act {}: {error}", act.number))?;
        }
        Ok(())
    }
}
