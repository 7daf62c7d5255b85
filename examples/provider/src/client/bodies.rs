//! Bodies before they are sent, and the checks of their answers: for joining, and for tests of
//! providers.

use mimi_codec::{
    Encode, RoomUri,
    protocol::{
        AbuseReport, Frank, FrankAAD, FrankingAgentData, GroupInfoRatchetTreeTBE, GroupInfoResponse,
        UpdateRequest,
    },
};
use mimi_content::{Composer, Salt, Text};
use mimi_franking::{Framing, MimiFrankable, Signed, StoredFrank};
use mimi_openmls::{join_config, join_externally};
use mimi_policy::TableSeed;
use mimi_room::{
    Wishes,
    client::{Composed, GroupInfoFetch, PendingExternalJoin, Reported},
};
use openmls::prelude::LeafNodeParameters;

use super::{Client, Joining, PAST_EPOCHS};
use crate::Result;

impl Client {
    /// A sealed text that was committed to, ready for `/submitMessage`, and the content.
    ///
    /// # Errors
    /// If the client is not in the room, or may not send.
    pub fn sealed(&mut self, uri: &RoomUri, words: &str) -> Result<(Composed, Vec<u8>)> {
        let sealed = self.seal_unsaved(uri, words)?;
        self.save(|_| Ok(()))?;
        Ok(sealed)
    }

    /// As [`Self::sealed`], for a client that is thrown away: its key of the message is not stored
    /// as used.
    ///
    /// # Errors
    /// Those of [`Self::sealed`].
    pub fn seal_unsaved(&mut self, uri: &RoomUri, words: &str) -> Result<(Composed, Vec<u8>)> {
        let composer = Composer::new(&self.user.to_string(), &uri.to_string())?;
        let salt = Salt::generate(&mut self.rng);
        let data = composer.message(salt, Text::plain(words)).build()?.encode();
        let composed = self.room_mut(uri)?.send(&MimiFrankable::new(Framing::Bare), &data)?;
        Ok((composed, data))
    }

    /// A commit without proposals, ready for `/update`. The room waits for its answer.
    ///
    /// # Errors
    /// If the client is not in the room, or may not commit.
    pub fn handshake(&mut self, uri: &RoomUri) -> Result<UpdateRequest> {
        let authority = self.authority.clone();
        Ok(self.room_mut(uri)?.commit(&authority, &Wishes::default())?)
    }

    /// A request for the GroupInfo of any room.
    ///
    /// # Errors
    /// If signing fails.
    pub fn group_info_request(&mut self, uri: &RoomUri, code: Option<&[u8]>) -> Result<GroupInfoFetch> {
        let (key, credential) = (self.key.signing_key(), self.credential.clone());
        Ok(GroupInfoFetch::new(&self.suite, uri.clone(), key, credential, code, &mut self.rng)?)
    }

    /// Opens the answer to it, which the room's hub has sealed and signed.
    ///
    /// # Errors
    /// If the hub does not give the GroupInfo, or it does not hold together.
    pub fn open_group_info(
        &self,
        fetch: &GroupInfoFetch,
        answer: GroupInfoResponse,
    ) -> Result<GroupInfoRatchetTreeTBE> {
        let room = RoomUri::new(answer.room_id.clone())?;
        let host = Self::hub_of(&room)?.as_ref().to_lowercase();
        Ok(fetch.open(&self.suite, answer, |hub| {
            self.authority.is_server(host.as_str(), &hub.credential, &hub.signature_key)
        })?)
    }

    /// An external commit into a room, ready for `/update`: with a role, as a new participant.
    ///
    /// # Errors
    /// If the rules of the room forbid it.
    pub fn external_commit(
        &mut self,
        uri: &RoomUri,
        tbe: GroupInfoRatchetTreeTBE,
        role: Option<u32>,
    ) -> Result<(UpdateRequest, Joining)> {
        let seed = TableSeed::generate(&mut self.rng);
        let join = PendingExternalJoin::new(uri.clone(), tbe, &self.user, role, &self.authority, seed)?;
        let leaf = LeafNodeParameters::builder().with_capabilities(Self::capabilities()).build();
        let (own, stack) = join_externally(
            self.mls.clone(),
            self.key.clone(),
            self.key.with(&self.credential)?,
            leaf,
            &join_config(PAST_EPOCHS),
            join.group_info(),
            join.ratchet_tree(),
            join.proposals(),
            join.components(),
        )?;
        Ok((join.request(&self.authority, own)?, Joining(stack)))
    }

    /// The hub has accepted the external commit.
    ///
    /// # Errors
    /// If the group makes no room.
    pub fn joined(&mut self, uri: &RoomUri, joining: Joining) -> Result<()> {
        self.enter(uri, joining.0)?;
        self.save(|_| Ok(()))
    }

    /// Verifies the hub's frank of an own message, as every receiver does. `None` if it has none.
    ///
    /// # Errors
    /// If the frank does not hold.
    pub fn check_frank(
        &self,
        uri: &RoomUri,
        (data, aad): (&[u8], &FrankAAD),
        accepted_ms: u64,
        frank: Option<&Frank>,
    ) -> Result<Option<StoredFrank<Signed>>> {
        let room = self.rooms.get(uri).ok_or("this client is not in the room")?;
        let validate = |agent: &FrankingAgentData| self.authority.franking_agent(agent, room.hub());
        let content = MimiFrankable::new(Framing::Bare);
        let message = (data, Some(aad), frank);
        let verified =
            room.verify_own_frank(&self.suite, &content, message, accepted_ms, &self.user, validate)?;
        Ok(verified.map(|verified| verified.store()))
    }

    /// A report of an own message, ready for `/reportAbuse`.
    ///
    /// # Errors
    /// If the user may not report.
    pub fn report_of(&self, uri: &RoomUri, data: &[u8], frank: &StoredFrank<Signed>) -> Result<AbuseReport> {
        let room = self.rooms.get(uri).ok_or("this client is not in the room")?;
        let reported = Reported { application_data: data, frank };
        Ok(room.report(Framing::Bare, &self.user, "conformance", &[reported])?)
    }

    /// Such bodies of a room for its endpoints: what a stranger to another room may send there.
    ///
    /// # Errors
    /// If the client is not in the room.
    pub fn bodies(&mut self, uri: &RoomUri) -> Result<[Vec<u8>; 3]> {
        let message = self.sealed(uri, "of another group")?.0.request.to_bytes()?;
        let handshake = self.handshake(uri)?.to_bytes()?;
        let group_info = self.group_info_request(uri, None)?.request().to_bytes()?;
        Ok([message, handshake, group_info])
    }
}
