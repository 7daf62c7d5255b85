//! The exchanges of mimi-protocol, section 3.

use std::collections::BTreeMap;

use mimi_codec::{
    mls::{ExternalSender, KeyPackage},
    protocol::{
        AbuseReport, ConsentEndpoint, ConsentEntry, FrankingAgentData, GroupInfoAnswer,
        GroupInfoRatchetTreeTBE, GroupInfoRequest, IdentifierUri, KeyMaterialRequest, KeyMaterialResponse,
        SubmitMessageRequest, SubmitMessageResponse, SubmitResponseCode, SubmitResult, UpdateRequest,
        UpdateResponseCode, UpdateRoomResponse,
    },
};
use mimi_content::MessageId;
use mimi_crypto::key_package_ref;
use mimi_policy::consent::ConsentOutcome;

use super::World;
use crate::{
    Result,
    client::{Conduct, Received, Says, Wishes},
    decision::text,
    hub::{FanOut, ReportVerdict},
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
        self.response.response_code() == UpdateResponseCode::Success
    }
}

/// What came of a message.
#[derive(Debug)]
pub struct Said {
    /// Its ID, if the hub has accepted it.
    pub id: Option<MessageId>,
    /// The hub's answer.
    pub response: SubmitMessageResponse,
    /// What the others made of it.
    pub received: BTreeMap<IdentifierUri, Received>,
}

impl Said {
    /// The ID of a message that the hub has accepted.
    ///
    /// # Errors
    /// When it hasn't.
    pub fn accepted(&self) -> Result<MessageId> {
        Ok(self.id.ok_or_else(|| format!("the hub says {:?}", self.response.status_code))?)
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

    /// A client fetches the key packages of a user (mimi-protocol, 5.2): by its provider and the hub to the user's provider. The hub
    /// remembers where they came from.
    ///
    /// # Errors
    /// When somebody on the way can't read a body.
    pub fn fetch_key_material(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        target: &IdentifierUri,
    ) -> Result<KeyMaterialResponse> {
        let (own, hub, theirs) = (domain_of(client)?, domain_of(room)?, domain_of(target)?);
        let request = self.client(client)?.request_key_material(target, room)?;
        let path = post("keyMaterial", target);
        let mut route = vec![own, hub.clone(), theirs.clone()];
        route.dedup();
        let request = self.narrator.send(
            name(client),
            &own_of(&route)?,
            Hop::Local,
            "key packages, please",
            &request,
        )?;
        for (from, to) in route.iter().zip(route.iter().skip(1)) {
            // The hub hands the request on as it came: the requester has signed it, not the hub.
            self.narrator.forward(from, to, Hop::Request, &path, KEY_MATERIAL_REQUEST, &request);
        }

        let answer = self.provider(&theirs)?.key_material(&request)?;
        let code = format!("{:?}", answer.response.user_status());
        self.narrator.decided(Verdict {
            by: theirs.clone(),
            about: format!("key packages of {}", text(target)),
            accepted: answer.response.clients().iter().any(|it| it.key_package().is_some()),
            code: Some(lower_first(&code)),
            why: vec![answer.why],
        });
        let body = mimi_codec::Encode::to_bytes(&answer.response)?;
        let response: KeyMaterialResponse = stack::decode(&body)?;
        let suite = self.suite;
        let references = response.clients().iter().filter_map(|it| it.key_package());
        let references = references.map(|it| key_package_ref(&suite, it)).collect::<Result<Vec<_>, _>>()?;
        self.provider(&hub)?.hub.remember_key_packages(references, &theirs);
        for (to, from) in route.iter().zip(route.iter().skip(1)).rev() {
            self.narrator.forward(from, to, Hop::Response, &path, KEY_MATERIAL_RESPONSE, &body);
        }
        self.narrator.forward(
            &own_of(&route)?,
            name(client),
            Hop::Local,
            "key packages",
            KEY_MATERIAL_RESPONSE,
            &body,
        );
        Ok(response)
    }

    /// The key packages of a user, where there have to be some.
    ///
    /// # Errors
    /// When there are none.
    pub fn key_packages(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        target: &IdentifierUri,
    ) -> Result<Vec<KeyPackage>> {
        let response = self.fetch_key_material(client, room, target)?;
        let found: Vec<_> = response.clients().iter().filter_map(|it| it.key_package().cloned()).collect();
        crate::ensure!(!found.is_empty(), "no key package of {target:?}: {:?}", response.user_status());
        Ok(found)
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
            accepted: answer.response.response_code() == UpdateResponseCode::Success,
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

    /// `POST /requestConsent/{targetDomain}` and `POST /updateConsent/{requesterDomain}` (mimi-protocol, 5.7): directly from one provider to
    /// the other, as no room is needed for it. The answer has no body, and says no more than that the entry has come.
    ///
    /// # Errors
    /// When the other can't read the body, or it isn't the sender's to say.
    pub fn send_consent(&mut self, entry: &ConsentEntry) -> Result<ConsentOutcome> {
        let scope = entry.scope();
        let (requester, target) = (domain_of(&scope.requester_uri)?, domain_of(&scope.target_uri)?);
        let endpoint = entry.endpoint();
        let (from, to, path) = match endpoint {
            ConsentEndpoint::RequestConsent => {
                (requester, target.clone(), format!("POST /requestConsent/{target}"))
            }
            ConsentEndpoint::UpdateConsent => {
                (target, requester.clone(), format!("POST /updateConsent/{requester}"))
            }
        };
        // Each keeps what was said: the target's provider to decide, the requester's to know.
        self.provider(&from)?.say_consent(entry)?;
        let body = self.narrator.send(&from, &to, Hop::Request, path, entry)?;
        let outcome = self.provider(&to)?.hear_consent(&from, &to, endpoint, &body)?;
        self.narrator.saw(&to, format!("{outcome:?}, and answers 201 whatever came of it"));
        Ok(outcome)
    }

    /// A client sends a message (mimi-protocol, 3.4), which the hub franks and hands on.
    ///
    /// # Errors
    /// When the client may not send it, or somebody on the way can't read a body.
    pub fn say(&mut self, client: &IdentifierUri, room: &IdentifierUri, says: &Says) -> Result<Said> {
        let (request, content) = self.client(client)?.say(room, says, Conduct::Asks)?;
        let (response, received) = self.submit(client, room, &request)?;
        let SubmitResult::Accepted { accepted_timestamp, frank } = &response.status_code else {
            return Ok(Said { id: None, response, received });
        };
        // The sender verifies the frank like everybody else.
        let id = self.client(client)?.sent(room, &content, *accepted_timestamp, frank.as_ref())?;
        Ok(Said { id: Some(id), response, received })
    }

    /// `POST /submitMessage/{roomId}` (mimi-protocol, 5.4), and what the hub hands on.
    ///
    /// # Errors
    /// When somebody on the way can't read a body.
    pub fn submit(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        request: &SubmitMessageRequest,
    ) -> Result<(SubmitMessageResponse, BTreeMap<IdentifierUri, Received>)> {
        let (own, hub) = (domain_of(client)?, domain_of(room)?);
        let path = post("submitMessage", room);
        let body = self.narrator.send(name(client), &own, Hop::Local, "a message", request)?;
        if own != hub {
            self.narrator.forward(&own, &hub, Hop::Request, &path, SUBMIT_MESSAGE_REQUEST, &body);
        }
        let now = self.tick();
        let provider = self.provider(&hub)?;
        let answer = provider.hub.submit(room, &provider.key, &own, &body, now)?;
        self.narrator.saw(&hub, &answer.saw);
        self.narrator.decided(Verdict {
            by: hub.clone(),
            about: answer.saw.clone(),
            accepted: answer.response.status_code.code() == SubmitResponseCode::Accepted,
            code: Some(answer.code),
            why: answer.why,
        });
        if own != hub {
            self.narrator.send(&hub, &own, Hop::Response, &path, &answer.response)?;
        }
        let body = self.narrator.send(&own, name(client), Hop::Local, "the answer", &answer.response)?;
        let received = self.fan_out(&hub, room, client, answer.fan_out)?;
        Ok((stack::decode(&body)?, received))
    }

    /// `POST /reportAbuse/{roomId}` (mimi-protocol, 5.9): what the hub says of each message.
    ///
    /// # Errors
    /// When somebody on the way can't read a body.
    pub fn report(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        report: &AbuseReport,
    ) -> Result<Vec<ReportVerdict>> {
        let (own, hub) = (domain_of(client)?, domain_of(room)?);
        let body = self.narrator.send(name(client), &own, Hop::Local, "a report", report)?;
        if own != hub {
            self.narrator.forward(&own, &hub, Hop::Request, post("reportAbuse", room), ABUSE_REPORT, &body);
        }
        let provider = self.provider(&hub)?;
        let verdicts = provider.hub.report(room, &provider.key, &body)?;
        self.narrator.saw(&hub, "a message that it had never read");
        for verdict in &verdicts {
            let (Ok(why) | Err(why)) = verdict;
            self.narrator.decided(Verdict {
                by: hub.clone(),
                about: "a reported message".to_owned(),
                accepted: verdict.is_ok(),
                code: Some(if verdict.is_ok() { "proven" } else { "not proven" }.to_owned()),
                why: vec![why.clone()],
            });
        }
        Ok(verdicts)
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

const SUBMIT_MESSAGE_REQUEST: &str = <SubmitMessageRequest as mimi_codec::Decode<'_>>::NAME;
const ABUSE_REPORT: &str = <AbuseReport as mimi_codec::Decode<'_>>::NAME;
const GROUP_INFO_REQUEST: &str = <GroupInfoRequest as mimi_codec::Decode<'_>>::NAME;
const KEY_MATERIAL_REQUEST: &str = <KeyMaterialRequest as mimi_codec::Decode<'_>>::NAME;
const KEY_MATERIAL_RESPONSE: &str = <KeyMaterialResponse as mimi_codec::Decode<'_>>::NAME;
const UPDATE_REQUEST: &str = <UpdateRequest as mimi_codec::Decode<'_>>::NAME;
const FANOUT_MESSAGE: &str = <mimi_codec::protocol::FanoutMessage as mimi_codec::Decode<'_>>::NAME;

fn own_of(route: &[String]) -> Result<String> {
    Ok(route.first().ok_or("no provider")?.clone())
}

/// The codes of the drafts begin with a small letter.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
