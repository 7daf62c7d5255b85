//! `POST /submitMessage/{roomId}` (mimi-protocol-06 §5.4).

use alloc::{boxed::Box, vec::Vec};

use mimi_codec::{
    Decode, DnsName, UserUri,
    extensions::SafeAAD,
    mls::PrivateMessage,
    protocol::{
        FanoutEvent, FanoutMessage, Frank, Protocol, SubmitMessageRequest, SubmitMessageResponse,
        SubmitResponseCode, SubmitResult,
    },
};
use mimi_crypto::CipherSuiteProvider;
use mimi_franking::{
    FrankingAgentKey, FrankingError,
    hub::{ActiveSender, RoomUsers, Submission},
};
use mimi_policy::{Actor, Claims, receiving::FanOutKind as What};
use rand_core::CryptoRng;

use super::{
    AuditAction, AuditOutcome, Call, FanOut, HostedRoom, Hub, HubAnswer, HubChange, Response,
    update::{audit, malformed},
};
use crate::{Identity, MlsStack, Right, Room, RoomRefusal};

/// Why a message is not accepted.
enum No {
    Refused(RoomRefusal),
    Franking(FrankingError),
}

impl From<RoomRefusal> for No {
    fn from(refused: RoomRefusal) -> Self {
        Self::Refused(refused)
    }
}

impl From<FrankingError> for No {
    fn from(error: FrankingError) -> Self {
        Self::Franking(error)
    }
}

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// Judges the body of `POST /submitMessage/{roomId}`, and franks the message if its sender
    /// has committed to it. Of the message the hub sees the epoch, the length and the franking
    /// tag; the sender is the user that the sender's provider names.
    pub fn submit_message<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        body: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> HubAnswer<HubChange<S>> {
        if let Err(limited) = self.admit(hosted, call, body) {
            return *limited;
        }
        let request = match SubmitMessageRequest::decode_exact(body) {
            Ok(request) => request,
            Err(error) => return malformed(hosted, call, error),
        };
        let ciphertext = request.app_message.private_message().map_or(0, |it| it.ciphertext.len());
        let action = AuditAction::Message { ciphertext };
        let sender = UserUri::try_from(&request.sending_uri).ok();
        let actor = sender.map(|uri| Actor::ExternalSender { uri, claims: Claims::none() });
        let answer = |status_code| SubmitMessageResponse { protocol: Protocol::Mls10, status_code };
        match self.judge_message(hosted, call, request, rng) {
            Ok((rights, accepted_timestamp, frank, fan_out)) => {
                // The time counts as given whether the caller applies the change or not.
                hosted.last_accepted_ms = accepted_timestamp;
                HubAnswer {
                    response: Response::ok(&answer(SubmitResult::Accepted { accepted_timestamp, frank })),
                    audit: audit(hosted, call, actor, action, AuditOutcome::Accepted(rights)),
                    change: Some(HubChange::Message(Box::new(fan_out))),
                }
            }
            Err(No::Refused(refused)) => {
                let current_epoch = hosted.room.epoch();
                let result = match refused.submit_response_code() {
                    SubmitResponseCode::EPOCH_TOO_OLD => SubmitResult::EpochTooOld { current_epoch },
                    _ => SubmitResult::NotAllowed {},
                };
                let outcome = AuditOutcome::Refused(refused);
                let audit = audit(hosted, call, actor, action, outcome);
                HubAnswer { response: Response::ok(&answer(result)), audit, change: None }
            }
            Err(No::Franking(error)) => {
                let outcome = AuditOutcome::Rejected(alloc::format!("{error}"));
                let audit = audit(hosted, call, actor, action, outcome);
                let response = Response::ok(&answer(SubmitResult::NotAllowed {}));
                HubAnswer { response, audit, change: None }
            }
        }
    }

    #[allow(clippy::type_complexity, reason = "the four parts of one judgement")]
    fn judge_message<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        request: SubmitMessageRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<Right>, u64, Option<Frank>, FanOut), No> {
        let message = request.app_message.private_message().ok_or(RoomRefusal::WrongContent)?;
        let room = &hosted.room;
        if message.group_id != room.group_context().group_id {
            return Err(RoomRefusal::OtherGroup.into());
        }
        let sender = ActiveSender::find(&request.sending_uri, call.from, &Present(room))?;
        let decision = room.judge_message(sender.user(), message.epoch)?;
        let accepted_at = hosted.next_time(call.now_ms).ok_or(RoomRefusal::Time)?;
        let frank = self.frank(hosted, message, sender, accepted_at, rng)?;
        let event = FanoutEvent::Application { message: request.app_message.clone(), frank: frank.clone() };
        let message = FanoutMessage::new(accepted_at, event).map_err(|_| RoomRefusal::WrongContent)?;
        let fan_out = FanOut { to: receivers(hosted), message };
        Ok((decision.rights().to_vec(), accepted_at, frank, fan_out))
    }

    fn frank<S: MlsStack>(
        &self,
        hosted: &HostedRoom<S>,
        message: &PrivateMessage,
        sender: ActiveSender,
        accepted_at: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Frank>, No> {
        let room = &hosted.room;
        let context = room.group_context();
        let safe_aad: Option<SafeAAD> = context
            .safe_aad(&message.authenticated_data)
            .map_err(|_| RoomRefusal::Mls("the authenticated data is not a SafeAAD".into()))?;
        let Some(safe_aad) = safe_aad else { return Ok(None) };
        let submission = match Submission::new(&safe_aad, sender, room.uri().clone()) {
            Ok(submission) => submission,
            // Its sender has committed to nothing: it goes on without a frank.
            Err(FrankingError::FrankAadMissing) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let agent = match FrankingAgentKey::of_group(&self.suite, &self.signing_key, context) {
            Ok(agent) => agent,
            // Messages of this group are not to be franked.
            Err(FrankingError::NoFrankingAgent) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let franked = mimi_franking::hub::frank(&self.hub_keys, &agent, &submission, accepted_at, rng)?;
        Ok(Some(franked.frank().clone()))
    }
}

/// The participants of a room, for franking.
struct Present<'r>(&'r Room);

impl RoomUsers for Present<'_> {
    fn is_participant(&self, user: &UserUri) -> bool {
        self.0.role_of(user).is_some()
    }

    fn has_client(&self, user: &UserUri) -> bool {
        self.0.policy().is_active(user)
    }
}

/// The providers of those who may receive messages. They are looked for once after each change of
/// the room.
fn receivers<S: MlsStack>(hosted: &mut HostedRoom<S>) -> Vec<DnsName> {
    let (version, epoch) = (hosted.room.policy().version(), hosted.room.epoch());
    if let Some((known_version, known_epoch, known)) = &hosted.receivers
        && (*known_version, *known_epoch) == (version, epoch)
    {
        return known.clone();
    }
    let room = &hosted.room;
    let receives = |user: &UserUri| room.policy().check_fan_out(What::ApplicationMessage, user).is_ok();
    let mut found = alloc::collections::BTreeSet::new();
    for (_, member) in room.members().iter() {
        if !found.contains(&member.provider) && receives(&member.user) {
            found.insert(member.provider.clone());
        }
    }
    let found: Vec<DnsName> = found.into_iter().collect();
    hosted.receivers = Some((version, epoch, found.clone()));
    found
}
