//! `POST /submitMessage/{roomId}` and `POST /reportAbuse/{roomId}` at the hub (mimi-protocol, 5.4 and 5.9).

use mimi_codec::{
    DnsNameRef, MatchedProvider, RoomUri, match_presented_identities,
    mls::{ContentType, PrivateMessage},
    protocol::{
        AbuseReport, FanoutEvent, FanoutMessage, Frank, IdentifierUri, Protocol, SubmitMessageRequest,
        SubmitMessageResponse, SubmitResult,
    },
};
use mimi_franking::{
    Framing, FrankingAgentKey, FrankingError, MimiFrankable, OwnAgent, OwnAgents,
    hub::{ActiveSender, RoomUsers, Submission},
    report::ReportCheck,
};
use mimi_policy::{UserUri, receiving::FanOut as What};

use super::{Answer, HostedRoom, Hub, to_all};
use crate::{
    Result,
    decision::text,
    identity::{ProviderKey, domain_of},
    stack,
};

/// What a hub says of one reported message: what was proven, or why it is not.
pub type ReportVerdict = Result<String, String>;

impl Hub {
    /// Decides on an application message, franks it, and hands it on. Of the message the hub sees its epoch, its length and the
    /// franking tag; the sender is whom the sender's provider names.
    ///
    /// # Errors
    /// When the body is none, or the room isn't here.
    pub fn submit(
        &mut self,
        uri: &IdentifierUri,
        key: &ProviderKey,
        from: &str,
        body: &[u8],
        now: u64,
    ) -> Result<Answer<SubmitMessageResponse>> {
        let request: SubmitMessageRequest = stack::decode(body)?;
        let private = request.app_message.private_message().ok_or("no PrivateMessage")?;
        let room = self.rooms.get(uri).ok_or("there is no such room")?;
        let sealed = private.ciphertext.len();
        let saw = format!("{sealed} octets of ciphertext by {}", text(&request.sending_uri));
        // The names that the provider's certificate presents; here it is taken at its word.
        let from = match_presented_identities(DnsNameRef::parse(from)?, [from])?;
        let (sender, mut why) = match judge(room, private, &request.sending_uri, &from) {
            Ok(judged) => judged,
            Err((result, why)) => return Ok(answer(result, saw, vec![why])),
        };

        let context: mimi_codec::mls::GroupContext = stack::of_openmls(room.group.group_context())?;
        let agent = FrankingAgentKey::of_group(&self.suite, key.signing_key(), &context)?;
        let safe_aad = match context.safe_aad(&private.authenticated_data) {
            Ok(safe_aad) => safe_aad.unwrap_or_default(),
            Err(error) => {
                return Ok(answer(
                    SubmitResult::NotAllowed {},
                    saw,
                    vec![format!("authenticated data: {error}")],
                ));
            }
        };
        let frank: Option<Frank> = match Submission::new(&safe_aad, sender, RoomUri::try_from(uri)?) {
            Ok(submission) => {
                let franked =
                    mimi_franking::hub::frank(&self.hub_keys, &agent, &submission, now, &mut self.rng)?;
                why.push("franked, as it carries a tag".to_owned());
                Some(franked.frank().clone())
            }
            // Its sender has committed to nothing: it goes on without a frank.
            Err(FrankingError::FrankAadMissing) => None,
            Err(error) => return Err(error.into()),
        };
        let event = FanoutEvent::Application { message: request.app_message.clone(), frank: frank.clone() };
        let fan_out = to_all(receiving_domains(room), &FanoutMessage::new(now, event)?);
        let result = SubmitResult::Accepted { accepted_timestamp: now, frank };
        Ok(Answer { fan_out, ..answer(result, saw, why) })
    }

    /// Checks a report: the hub has kept nothing of the messages, only its keys.
    ///
    /// # Errors
    /// When the body is none.
    pub fn report(&self, uri: &IdentifierUri, key: &ProviderKey, body: &[u8]) -> Result<Vec<ReportVerdict>> {
        let report: AbuseReport = stack::decode(body)?;
        let agents = [OwnAgent::new(&self.suite, key.public_key())?];
        let content = MimiFrankable::new(Framing::Bare);
        let own = OwnAgents(&agents);
        let room_uri = &RoomUri::try_from(uri)?;
        let check = ReportCheck { hub_keys: &self.hub_keys, own: &own, content: &content, room_uri };
        let verdicts = check.report(&report).into_iter().map(|verdict| match verdict {
            Ok(proven) => Ok(format!(
                "{} sent these {} octets at {}",
                text(&proven.context().sender_uri),
                proven.message_content().len(),
                proven.context().accepted_timestamp
            )),
            Err(error) => Err(error.to_string()),
        });
        Ok(verdicts.collect())
    }
}

/// Whether a message may go on, as far as a hub can tell.
fn judge(
    room: &HostedRoom,
    message: &PrivateMessage,
    sending_uri: &IdentifierUri,
    from: &MatchedProvider,
) -> Result<(ActiveSender, Vec<String>), (SubmitResult, String)> {
    let refuse = |why: String| (SubmitResult::NotAllowed {}, why);
    if message.content_type != ContentType::Application {
        return Err(refuse("not an application message".to_owned()));
    }
    let epoch = room.epoch();
    if message.epoch < epoch {
        let why = format!("the group is in epoch {epoch}");
        return Err((SubmitResult::EpochTooOld { current_epoch: epoch }, why));
    }
    if message.epoch > epoch {
        return Err(refuse("an epoch that is yet to come".to_owned()));
    }
    let sender = ActiveSender::find(sending_uri, from, room).map_err(|error| refuse(error.to_string()))?;
    // Which of the user's clients it was, the hub can't see.
    let user = UserUri::try_from(sending_uri).map_err(|error| refuse(error.to_string()))?;
    let plan = room.room.check_message_of(&user, &[]).map_err(|refusal| refuse(refusal.to_string()))?;
    let why = plan.grants().iter().filter_map(|grant| {
        let role = room.room.role(grant.role).map_or("", |role| &role.role_name);
        grant.capability.map(|capability| format!("{capability} of {role} ({})", grant.role))
    });
    Ok((sender, why.collect()))
}

/// By the room's own index of users and their clients.
impl RoomUsers for HostedRoom {
    fn is_participant(&self, user: &mimi_codec::UserUri) -> bool {
        self.room.role_of(user).is_some()
    }

    fn has_client(&self, user: &mimi_codec::UserUri) -> bool {
        self.room.clients_of(user).next().is_some()
    }
}

/// The providers of those who may receive messages.
fn receiving_domains(room: &HostedRoom) -> std::collections::BTreeSet<String> {
    let receives = |user: &IdentifierUri| {
        let Ok(user) = UserUri::try_from(user) else { return false };
        room.room.check_fan_out(What::ApplicationMessage, &user).is_ok()
    };
    let members = room.roster.members.values().filter(|it| receives(&it.user));
    members.filter_map(|it| domain_of(&it.user).ok()).collect()
}

fn answer(result: SubmitResult, saw: String, why: Vec<String>) -> Answer<SubmitMessageResponse> {
    let code = match &result {
        SubmitResult::Accepted { .. } => "accepted",
        SubmitResult::NotAllowed {} => "notAllowed",
        SubmitResult::EpochTooOld { .. } => "epochTooOld",
        SubmitResult::Other { .. } => "a code of another revision",
    };
    let response = SubmitMessageResponse { protocol: Protocol::Mls10, status_code: result };
    Answer { response, code: code.to_owned(), saw, why, fan_out: Vec::new() }
}
