//! Rooms and their groups: creating, changing, leaving, joining from outside, and what the hub
//! hands on (mimi-protocol-06 §3 and §5.3 to §5.6).

use std::collections::BTreeMap;

use mimi_codec::{
    ClientUri, Decode, RoomUri,
    mls::Extensions,
    protocol::{
        FanoutMessage, GroupInfoAnswer, GroupInfoRatchetTreeTBE, GroupInfoResponse, UpdateRequest,
        UpdateResponseCode, UpdateRoomResponse,
    },
};
use mimi_room::{Wishes, hub::FanOut};

use super::{World, name, post};
use crate::{
    Result,
    client::Received,
    identity::{domain_of, peer},
    narrator::{Hop, Verdict},
    stack, telling,
};

/// What came of a handshake.
#[derive(Debug)]
pub struct Outcome {
    /// The hub's answer.
    pub response: UpdateRoomResponse,
    /// What the others made of it.
    pub received: BTreeMap<ClientUri, Received>,
}

impl Outcome {
    /// Whether the hub has accepted it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.response.response_code() == UpdateResponseCode::SUCCESS
    }
}

impl World {
    /// A client creates a room's group, and hands it to its provider (mimi-protocol-06 §3.1): local
    /// to the provider.
    ///
    /// # Errors
    /// If the provider does not host it.
    pub fn create_room(
        &mut self,
        creator: &ClientUri,
        room: &RoomUri,
        group: &[u8],
        extensions: &Extensions,
    ) -> Result<()> {
        let hub = domain_of(room.mimi_uri())?;
        let tbe = self.client(creator)?.create_room(room, group, extensions)?;
        let body = self.narrator.send(name(creator), &hub, Hop::Local, "create the room", &tbe)?;
        let provider = self.provider(&hub)?;
        provider.host(room.clone(), stack::decode(&body)?)?;
        provider.follower.subscribe(room.clone(), creator.clone());
        let hosted = provider.room(room)?.room();
        let components = hosted.dictionary().component_data.iter();
        let components: Vec<String> = components.map(|it| it.component_id.to_string()).collect();
        let members = hosted.members().len();
        self.narrator.saw(&hub, format!("a group of {members} member, with {}", components.join(", ")));
        Ok(())
    }

    /// A client commits to its wishes (mimi-protocol-06 §3.2 and §3.3).
    ///
    /// # Errors
    /// If the client does not make the commit, or a party on the way cannot read a body.
    pub fn commit(&mut self, client: &ClientUri, room: &RoomUri, wishes: &Wishes) -> Result<Outcome> {
        let request = self.client(client)?.commit(room, wishes)?;
        self.settle(client, room, &request)
    }

    /// A villain's client commits, without asking whether it may.
    ///
    /// # Errors
    /// If a party on the way cannot read a body, or the hub has accepted it.
    pub fn commit_unasked(&mut self, client: &ClientUri, room: &RoomUri, wishes: &Wishes) -> Result<Outcome> {
        let request = self.client(client)?.commit_unasked(room, wishes)?;
        let outcome = self.update(client, room, &request)?;
        crate::ensure!(!outcome.is_accepted(), "the hub accepts it");
        self.client(client)?.forget_commit(room)?;
        Ok(outcome)
    }

    /// A client's user leaves (mimi-protocol-06 §3.5): its client proposes it, and another member
    /// commits.
    ///
    /// # Errors
    /// If the client does not propose it, or a party on the way cannot read a body.
    pub fn leave(&mut self, client: &ClientUri, room: &RoomUri) -> Result<Outcome> {
        let request = self.client(client)?.leave(room)?;
        self.settle(client, room, &request)
    }

    /// Sends a client's own handshake to the hub, and gives the client the answer.
    ///
    /// # Errors
    /// If a party on the way cannot read a body, or the handshake is not the client's.
    pub fn settle(&mut self, client: &ClientUri, room: &RoomUri, request: &UpdateRequest) -> Result<Outcome> {
        let outcome = self.update(client, room, request)?;
        self.client(client)?.answered(room, &outcome.response)?;
        Ok(outcome)
    }

    /// A client sends a handshake to the hub (mimi-protocol-06 §5.3), which hands it on if it is
    /// allowed.
    ///
    /// # Errors
    /// If a party on the way cannot read a body.
    pub fn update(&mut self, client: &ClientUri, room: &RoomUri, request: &UpdateRequest) -> Result<Outcome> {
        let (route, body) = self.ask((client, room), ("update", "a handshake"), request)?;
        let now = self.tick();
        let told = self.provider(&route.hub)?.update(room, &route.own, &body, now)?;
        let code = stack::decode::<UpdateRoomResponse>(told.body()?)?.response_code();
        let saw = telling::handshake(&request.bundle);
        self.narrator.saw(&route.hub, &saw);
        self.narrator.decided(Verdict {
            by: route.hub.clone(),
            about: saw,
            accepted: code == UpdateResponseCode::SUCCESS,
            code: Some(telling::code(&code)),
            why: told.why.clone(),
        });
        let response = self.answer(&route, client, "the answer", told.body()?)?;
        let received = self.fan_out(&route.hub, room, client, told.fan_out)?;
        Ok(Outcome { response, received })
    }

    /// The hub hands messages on (mimi-protocol-06 §5.5): to each provider one body, which it
    /// delivers to those of its clients that are in the room. The sender's client has its answer,
    /// and gets nothing.
    ///
    /// # Errors
    /// If a party on the way cannot read a body.
    pub fn fan_out(
        &mut self,
        hub: &str,
        room: &RoomUri,
        sender: &ClientUri,
        messages: Vec<FanOut>,
    ) -> Result<BTreeMap<ClientUri, Received>> {
        let (suite, from) = (self.suite, peer(hub)?);
        let mut outcome = BTreeMap::new();
        for fan_out in messages {
            let body = fan_out.body()?;
            for to in &fan_out.to {
                let to = to.as_str();
                let notified = self.provider(to)?.follower.notify(&suite, &from, room, &body);
                if to != hub {
                    self.narrator.forward(hub, to, Hop::Request, post("notify", room), FANOUT_MESSAGE, &body);
                }
                let clients = notified.deliveries.into_iter().flat_map(|delivery| delivery.to);
                for client in clients.filter(|client| client != sender) {
                    self.narrator.forward(to, name(&client), Hop::Local, "delivers", FANOUT_MESSAGE, &body);
                    let mut received = self.client(&client)?.receive(room, &body)?;
                    if matches!(received, Received::NeedsTree) {
                        let tbe = self.fetch_group_info(&client, room, None)?;
                        self.client(&client)?.join_with(room, &tbe.ok_or("the hub keeps the tree")?)?;
                        received = Received::Joined;
                    }
                    self.tell(&client, &received);
                    if matches!(received, Received::Removed) {
                        self.provider(to)?.follower.unsubscribe(room, &client);
                    }
                    outcome.insert(client, received);
                }
            }
        }
        Ok(outcome)
    }

    /// A hub in a villain's service hands a handshake on, whatever it is.
    ///
    /// # Errors
    /// If a party on the way cannot read a body.
    pub fn hand_on_unasked(
        &mut self,
        client: &ClientUri,
        room: &RoomUri,
        request: &UpdateRequest,
    ) -> Result<BTreeMap<ClientUri, Received>> {
        let hub = domain_of(room.mimi_uri())?;
        self.narrator.send(name(client), &hub, Hop::Local, "they are in league", request)?;
        let message = FanoutMessage::of_update(self.tick(), &request.bundle);
        let members = self.provider(&hub)?.room(room)?.room().members();
        let to = members.providers().cloned().collect();
        self.fan_out(&hub, room, client, vec![FanOut { to, message }])
    }

    /// `POST /groupInfo/{roomId}` (mimi-protocol-06 §5.6): `None` if the hub says no.
    ///
    /// # Errors
    /// If a party on the way cannot read a body, or the answer is not the hub's.
    pub fn fetch_group_info(
        &mut self,
        client: &ClientUri,
        room: &RoomUri,
        code: Option<&[u8]>,
    ) -> Result<Option<GroupInfoRatchetTreeTBE>> {
        let fetch = self.client(client)?.request_group_info(room, code)?;
        let what = ("groupInfo", "the GroupInfo, please");
        let (route, body) = self.ask((client, room), what, fetch.request())?;
        let now = self.tick();
        let told = self.provider(&route.hub)?.group_info(room, &route.own, &body, now)?;
        let with = if code.is_some() { "with a joining code" } else { "without a code" };
        let saw = format!("a request by {client} {with}");
        let status = stack::decode::<GroupInfoResponse>(told.body()?)?.status;
        let accepted = matches!(status, GroupInfoAnswer::Success { .. });
        self.narrator.saw(&route.hub, &saw);
        self.narrator.decided(Verdict {
            by: route.hub.clone(),
            about: saw,
            accepted,
            code: Some(telling::code(&status.code())),
            why: told.why.clone(),
        });
        let response = self.answer(&route, client, "sealed for the client", told.body()?)?;
        if !accepted {
            return Ok(None);
        }
        Ok(Some(self.client(client)?.open_group_info(room, &fetch, response)?))
    }

    /// A client joins from outside (mimi-protocol-06 §3.6).
    ///
    /// # Errors
    /// If the client does not make the commit, or a party on the way cannot read a body.
    pub fn join_externally(
        &mut self,
        client: &ClientUri,
        room: &RoomUri,
        tbe: GroupInfoRatchetTreeTBE,
        role: Option<u32>,
    ) -> Result<Outcome> {
        let (request, group) = self.client(client)?.join_externally(room, tbe, role)?;
        let outcome = self.update(client, room, &request)?;
        if outcome.is_accepted() {
            let own = self.client(client)?;
            own.joined_externally(room, group)?;
            let user = own.identity().user.clone();
            self.provider_of(&user)?.follower.subscribe(room.clone(), client.clone());
        }
        Ok(outcome)
    }

    fn tell(&mut self, client: &ClientUri, received: &Received) {
        let (about, accepted, why) = match received {
            Received::Joined | Received::NeedsTree => {
                ("the Welcome", true, vec!["it is in the room".to_owned()])
            }
            Received::Proposals(count) => ("proposals", true, vec![format!("{count} wait for a commit")]),
            Received::Commit(_) => ("the commit", true, vec!["the same decision as the hub's".to_owned()]),
            Received::Removed => ("the commit", true, vec!["it is no longer in the room".to_owned()]),
            Received::Duplicate => ("a message", true, vec!["it has seen it before".to_owned()]),
            Received::Message(read) => {
                let words = format!("{:?} by {}: {:?}", read.act, read.sender, read.text);
                let holds = "decrypted; the frank holds; the sender may do so".to_owned();
                ("the message", true, vec![words, holds])
            }
            Received::RefusedMessage(why) => ("the message", false, vec![why.clone()]),
            Received::Refused(refused) => ("the handshake", false, vec![refused.to_string()]),
        };
        let verdict = Verdict { by: name(client), about: about.to_owned(), accepted, code: None, why };
        self.narrator.decided(verdict);
    }
}

const FANOUT_MESSAGE: &str = <FanoutMessage as Decode<'_>>::NAME;
