//! Rooms and their groups: creating, changing, leaving, joining from outside, and what the hub hands on (mimi-protocol, 3 and 5.3 to
//! 5.6).

use std::collections::BTreeMap;

use mimi_codec::{
    mls::ExternalSender,
    protocol::{
        FrankingAgentData, GroupInfoAnswer, GroupInfoRatchetTreeTBE, GroupInfoRequest, IdentifierUri,
        UpdateRequest, UpdateResponseCode, UpdateRoomResponse,
    },
};

use super::World;
use crate::{
    Result,
    client::{Conduct, Received, Wishes},
    decision::text,
    hub::FanOut,
    identity::domain_of,
    narrator::{Hop, Verdict},
    stack,
};

/// What came of a handshake.
#[derive(Debug)]
pub struct Outcome {
    /// The hub's answer.
    pub response: UpdateRoomResponse,
    /// What the others made of it.
    pub received: BTreeMap<IdentifierUri, Received>,
}

impl Outcome {
    /// Whether the hub has accepted it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.response.response_code() == UpdateResponseCode::SUCCESS
    }
}

/// The name of a client in the story: the last part of its URI.
pub(super) fn name(client: &IdentifierUri) -> String {
    let uri = client.mimi_uri().ok();
    uri.and_then(|uri| uri.id()).unwrap_or("somebody").to_owned()
}

/// `POST /{endpoint}/{the URI without its scheme}`, as the draft's diagrams write it.
pub(super) fn post(endpoint: &str, uri: &IdentifierUri) -> String {
    let uri = text(uri);
    format!("POST /{endpoint}/{}", uri.strip_prefix("mimi://").unwrap_or(&uri))
}

impl World {
    /// What a client puts into a new room, so that its provider can be the hub: the hub's place among the external senders, and its
    /// franking agent.
    ///
    /// # Errors
    /// When there is no such provider.
    pub fn hub_of(&mut self, room: &IdentifierUri) -> Result<(ExternalSender, FrankingAgentData)> {
        let provider = self.provider_of(room)?;
        Ok((provider.hub.external_sender(&provider.key)?, provider.hub.franking_agent(&provider.key)))
    }

    /// A client hands its provider a new room (mimi-protocol, 3.1): local to the provider.
    ///
    /// # Errors
    /// When the provider doesn't host it.
    pub fn host_room(
        &mut self,
        creator: &IdentifierUri,
        room: &IdentifierUri,
        tbe: &GroupInfoRatchetTreeTBE,
    ) -> Result<()> {
        let hub = domain_of(room)?;
        let body = self.narrator.send(name(creator), &hub, Hop::Local, "create the room", tbe)?;
        let provider = self.provider(&hub)?;
        provider.hub.host(room.clone(), stack::decode(&body)?)?;
        provider.subscribe(room, creator);
        let hosted = provider.hub.room(room)?;
        let components: Vec<String> =
            hosted.dictionary.component_data.iter().map(|it| it.component_id.to_string()).collect();
        let saw =
            format!("a group of {} member, with {}", hosted.roster.members.len(), components.join(", "));
        self.narrator.saw(&hub, saw);
        Ok(())
    }

    /// A client commits to its wishes (mimi-protocol, 3.2 and 3.3).
    ///
    /// # Errors
    /// When the client doesn't make the commit, or somebody on the way can't read a body.
    pub fn commit(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        wishes: &Wishes,
        conduct: Conduct,
    ) -> Result<Outcome> {
        let request = self.client(client)?.commit(room, wishes, conduct)?;
        let outcome = self.update(client, room, &request)?;
        let committer = self.client(client)?;
        match outcome.is_accepted() {
            true => committer.commit_was_accepted(room)?,
            false => committer.commit_was_refused(room)?,
        }
        Ok(outcome)
    }

    /// A client's user leaves (mimi-protocol, 3.5): its client proposes it, and somebody else commits.
    ///
    /// # Errors
    /// When the client doesn't propose it, or somebody on the way can't read a body.
    pub fn leave(&mut self, client: &IdentifierUri, room: &IdentifierUri) -> Result<Outcome> {
        let request = self.client(client)?.leave(room)?;
        let outcome = self.update(client, room, &request)?;
        if let UpdateRoomResponse::Success { accepted_timestamp, .. } = outcome.response {
            self.client(client)?.proposals_were_accepted(room, &request, accepted_timestamp)?;
        }
        Ok(outcome)
    }

    /// A client sends a handshake to the hub (mimi-protocol, 5.3), which hands it on if it is allowed.
    ///
    /// # Errors
    /// When somebody on the way can't read a body.
    pub fn update(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        request: &UpdateRequest,
    ) -> Result<Outcome> {
        let (own, hub) = (domain_of(client)?, domain_of(room)?);
        let path = post("update", room);
        let body = self.narrator.send(name(client), &own, Hop::Local, "a handshake", request)?;
        if own != hub {
            self.narrator.forward(&own, &hub, Hop::Request, &path, UPDATE_REQUEST, &body);
        }
        let now = self.tick();
        let answer = self.provider(&hub)?.hub.update(room, &body, now)?;
        self.narrator.saw(&hub, &answer.saw);
        self.narrator.decided(Verdict {
            by: hub.clone(),
            about: answer.saw.clone(),
            accepted: answer.response.response_code() == UpdateResponseCode::SUCCESS,
            code: Some(answer.code),
            why: answer.why,
        });
        if own != hub {
            self.narrator.send(&hub, &own, Hop::Response, &path, &answer.response)?;
        }
        let body = self.narrator.send(&own, name(client), Hop::Local, "the answer", &answer.response)?;
        let response = stack::decode(&body)?;
        let received = self.fan_out(&hub, room, client, answer.fan_out)?;
        Ok(Outcome { response, received })
    }

    /// The hub hands messages on (mimi-protocol, 5.5): to each provider one body, which it delivers to those of its clients that are in
    /// the room. The sender's client has its answer, and gets nothing.
    ///
    /// # Errors
    /// When somebody on the way can't read a body.
    pub fn fan_out(
        &mut self,
        hub: &str,
        room: &IdentifierUri,
        sender: &IdentifierUri,
        messages: Vec<FanOut>,
    ) -> Result<BTreeMap<IdentifierUri, Received>> {
        let path = post("notify", room);
        let mut outcome = BTreeMap::new();
        for FanOut { to, message } in messages {
            let body = mimi_codec::Encode::to_bytes(&message)?;
            let mut recipients = self.provider(&to)?.recipients(room, &body)?;
            recipients.remove(sender);
            if to != hub {
                self.narrator.forward(hub, &to, Hop::Request, &path, FANOUT_MESSAGE, &body);
            }
            for client in recipients {
                self.narrator.forward(&to, name(&client), Hop::Local, "delivers", FANOUT_MESSAGE, &body);
                let received = self.client(&client)?.receive(room, &body)?;
                self.tell(&client, &received);
                match received {
                    Received::Joined => self.provider(&to)?.subscribe(room, &client),
                    Received::Removed => self.provider(&to)?.unsubscribe(room, &client),
                    _ => {}
                }
                outcome.insert(client, received);
            }
        }
        Ok(outcome)
    }

    /// A hub that serves somebody else hands a handshake on, whatever it is.
    ///
    /// # Errors
    /// When somebody on the way can't read a body.
    pub fn hand_on_unasked(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        request: &UpdateRequest,
    ) -> Result<BTreeMap<IdentifierUri, Received>> {
        let hub = domain_of(room)?;
        self.narrator.send(name(client), &hub, Hop::Local, "they are in league", request)?;
        let now = self.tick();
        let messages = self.provider(&hub)?.hub.hand_on_unasked(room, request, now)?;
        self.fan_out(&hub, room, client, messages)
    }

    /// `POST /groupInfo/{roomId}` (mimi-protocol, 5.6): `None` if the hub says no.
    ///
    /// # Errors
    /// When somebody on the way can't read a body, or the answer is not the hub's.
    pub fn fetch_group_info(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        code: Option<&[u8]>,
    ) -> Result<Option<GroupInfoRatchetTreeTBE>> {
        let (own, hub) = (domain_of(client)?, domain_of(room)?);
        let path = post("groupInfo", room);
        let (request, open) = self.client(client)?.request_group_info(code)?;
        let body = self.narrator.send(name(client), &own, Hop::Local, "the GroupInfo, please", &request)?;
        if own != hub {
            self.narrator.forward(&own, &hub, Hop::Request, &path, GROUP_INFO_REQUEST, &body);
        }
        let provider = self.provider(&hub)?;
        let answer = provider.hub.group_info(room, &provider.key, &body)?;
        let accepted = matches!(answer.response.status, GroupInfoAnswer::Success { .. });
        self.narrator.saw(&hub, &answer.saw);
        self.narrator.decided(Verdict {
            by: hub.clone(),
            about: answer.saw.clone(),
            accepted,
            code: Some(answer.code),
            why: answer.why,
        });
        if own != hub {
            self.narrator.send(&hub, &own, Hop::Response, &path, &answer.response)?;
        }
        let body =
            self.narrator.send(&own, name(client), Hop::Local, "sealed for the client", &answer.response)?;
        if !accepted {
            return Ok(None);
        }
        let response = stack::decode(&body)?;
        Ok(Some(self.client(client)?.open_group_info(room, &open, response)?))
    }

    /// A client joins from outside (mimi-protocol, 3.6).
    ///
    /// # Errors
    /// When the client doesn't make the commit, or somebody on the way can't read a body.
    pub fn join_externally(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        tbe: &GroupInfoRatchetTreeTBE,
        role: Option<u32>,
    ) -> Result<Outcome> {
        let (request, group) = self.client(client)?.join_externally(tbe, role)?;
        let outcome = self.update(client, room, &request)?;
        if outcome.is_accepted() {
            self.client(client)?.joined_externally(room, group)?;
            self.provider_of(client)?.subscribe(room, client);
        }
        Ok(outcome)
    }

    fn tell(&mut self, client: &IdentifierUri, received: &Received) {
        let (about, accepted, why) = match received {
            Received::Joined => ("the Welcome", true, vec!["it is in the room".to_owned()]),
            Received::Proposals(references) => {
                ("proposals", true, vec![format!("{} wait for a commit", references.len())])
            }
            Received::Commit(_) => ("the commit", true, vec!["the same decision as the hub's".to_owned()]),
            Received::Removed => ("the commit", true, vec!["it is no longer in the room".to_owned()]),
            Received::Message(read) => {
                let words = format!("{:?} by {:?}: {:?}", read.act, read.sender, read.text);
                (
                    "the message",
                    true,
                    vec![words, "decrypted; the frank holds; the sender may do so".to_owned()],
                )
            }
            Received::RefusedMessage(why) => ("the message", false, vec![why.clone()]),
            Received::Refused(refused) => ("the handshake", false, vec![refused.to_string()]),
        };
        let verdict = Verdict { by: name(client), about: about.to_owned(), accepted, code: None, why };
        self.narrator.decided(verdict);
    }
}

const GROUP_INFO_REQUEST: &str = <GroupInfoRequest as mimi_codec::Decode<'_>>::NAME;
const UPDATE_REQUEST: &str = <UpdateRequest as mimi_codec::Decode<'_>>::NAME;
const FANOUT_MESSAGE: &str = <mimi_codec::protocol::FanoutMessage as mimi_codec::Decode<'_>>::NAME;
