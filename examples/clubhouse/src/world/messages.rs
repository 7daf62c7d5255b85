//! Messages and reports: `POST /submitMessage` and `/reportAbuse` (mimi-protocol, 5.4 and 5.9).

use std::collections::BTreeMap;

use mimi_codec::protocol::{
    AbuseReport, IdentifierUri, SubmitMessageRequest, SubmitMessageResponse, SubmitResponseCode, SubmitResult,
};
use mimi_content::MessageId;

use super::{
    World,
    exchange::{name, post},
};
use crate::{
    Result,
    client::{Conduct, Received, Says},
    hub::ReportVerdict,
    identity::domain_of,
    narrator::{Hop, Verdict},
    stack,
};

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

impl World {
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
            accepted: answer.response.status_code.code() == SubmitResponseCode::ACCEPTED,
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
}

const SUBMIT_MESSAGE_REQUEST: &str = <SubmitMessageRequest as mimi_codec::Decode<'_>>::NAME;
const ABUSE_REPORT: &str = <AbuseReport as mimi_codec::Decode<'_>>::NAME;
