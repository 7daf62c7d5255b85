//! Messages and reports: `POST /submitMessage` and `/reportAbuse` (mimi-protocol-06 §5.4 and §5.9).

use std::collections::BTreeMap;

use mimi_codec::{
    ClientUri, RoomUri,
    protocol::{AbuseReport, SubmitMessageRequest, SubmitMessageResponse, SubmitResponseCode, SubmitResult},
};
use mimi_content::MessageId;

use super::World;
use crate::{
    Result,
    client::{Conduct, Received, Says},
    narrator::Verdict,
    stack, telling,
};

/// What came of a message.
#[derive(Debug)]
pub struct Said {
    /// Its ID, if the hub has accepted it.
    pub id: Option<MessageId>,
    /// The hub's answer.
    pub response: SubmitMessageResponse,
    /// What the others made of it.
    pub received: BTreeMap<ClientUri, Received>,
}

impl Said {
    /// The ID of a message that the hub has accepted.
    ///
    /// # Errors
    /// If it has not.
    pub fn accepted(&self) -> Result<MessageId> {
        Ok(self.id.ok_or_else(|| format!("the hub says {:?}", self.response.status_code))?)
    }
}

/// What a hub says of one reported message: what was proven, or why it is not.
pub type ReportVerdict = Result<String, String>;

impl World {
    /// A client sends a message (mimi-protocol-06 §3.4), which the hub franks and hands on.
    ///
    /// # Errors
    /// If the client may not send it, or a party on the way cannot read a body.
    pub fn say(&mut self, client: &ClientUri, room: &RoomUri, says: &Says) -> Result<Said> {
        let (request, unsent) = self.client(client)?.say(room, says, Conduct::Asks)?;
        let (response, received) = self.submit(client, room, &request)?;
        let SubmitResult::Accepted { accepted_timestamp, frank } = &response.status_code else {
            return Ok(Said { id: None, response, received });
        };
        // The sender verifies the frank like all others.
        let id = self.client(client)?.sent(room, &unsent, *accepted_timestamp, frank.as_ref())?;
        Ok(Said { id: Some(id), response, received })
    }

    /// `POST /submitMessage/{roomId}` (mimi-protocol-06 §5.4), and what the hub hands on.
    ///
    /// # Errors
    /// If a party on the way cannot read a body.
    pub fn submit(
        &mut self,
        client: &ClientUri,
        room: &RoomUri,
        request: &SubmitMessageRequest,
    ) -> Result<(SubmitMessageResponse, BTreeMap<ClientUri, Received>)> {
        let (route, body) = self.ask((client, room), ("submitMessage", "a message"), request)?;
        let now = self.tick();
        let mut told = self.provider(&route.hub)?.submit(room, &route.own, &body, now)?;
        let sealed = request.app_message.private_message().map_or(0, |it| it.ciphertext.len());
        let sender = String::from_utf8_lossy(request.sending_uri.as_bytes());
        let saw = format!("{sealed} bytes of ciphertext by {sender}");
        let result = stack::decode::<SubmitMessageResponse>(told.body()?)?.status_code;
        if matches!(result, SubmitResult::Accepted { frank: Some(_), .. }) {
            told.why.push("franked, as it carries a tag".to_owned());
        }
        self.narrator.saw(&route.hub, &saw);
        self.narrator.decided(Verdict {
            by: route.hub.clone(),
            about: saw,
            accepted: result.code() == SubmitResponseCode::ACCEPTED,
            code: Some(telling::code(&result.code())),
            why: told.why.clone(),
        });
        let response = self.answer(&route, client, "the answer", told.body()?)?;
        let received = self.fan_out(&route.hub, room, client, told.fan_out)?;
        Ok((response, received))
    }

    /// `POST /reportAbuse/{roomId}` (mimi-protocol-06 §5.9): what the hub says of each message.
    ///
    /// # Errors
    /// If a party on the way cannot read a body.
    pub fn report(
        &mut self,
        client: &ClientUri,
        room: &RoomUri,
        report: &AbuseReport,
    ) -> Result<Vec<ReportVerdict>> {
        let (route, body) = self.ask((client, room), ("reportAbuse", "a report"), report)?;
        let now = self.tick();
        let verdicts = self.provider(&route.hub)?.report(room, &route.own, &body, now)?;
        let verdicts = verdicts.into_iter().map(|verdict| match verdict {
            Ok(proven) => Ok(format!(
                "{} sent these {} bytes at {}",
                String::from_utf8_lossy(proven.context.sender_uri.as_bytes()),
                proven.message_content.len(),
                proven.context.accepted_timestamp
            )),
            Err(error) => Err(error.to_string()),
        });
        let verdicts: Vec<ReportVerdict> = verdicts.collect();
        self.narrator.saw(&route.hub, "a message that it had never read");
        for verdict in &verdicts {
            let (Ok(why) | Err(why)) = verdict;
            self.narrator.decided(Verdict {
                by: route.hub.clone(),
                about: "a reported message".to_owned(),
                accepted: verdict.is_ok(),
                code: Some(if verdict.is_ok() { "proven" } else { "not proven" }.to_owned()),
                why: vec![why.clone()],
            });
        }
        Ok(verdicts)
    }
}
