//! `POST /groupInfo/{roomId}` (mimi-protocol-06 §5.6), and join codes.

use alloc::{string::ToString, vec::Vec};

use mimi_codec::{
    CapabilityType, Decode, RequestFailure, UserUri,
    protocol::{GroupInfoAnswer, GroupInfoRequest, GroupInfoResponse, Protocol},
};
use mimi_crypto::{CipherSuiteProvider, answer_group_info_request, verify_group_info_request};
use mimi_policy::{Actor, Change as PolicyChange, Form, Plan, ProposedChange};
use rand_core::CryptoRng;

use super::{
    Action, Answer, AuditEvent, Call, HostedRoom, Hub, HubError, IssuedCode, Outcome, Response,
    update::{audit, malformed},
};
use crate::{Identity, Member, MlsStack, Right, Room};

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// Answers the body of `POST /groupInfo/{roomId}`, sealed for the requester.
    ///
    /// A client gets the GroupInfo if it could join now: as another client of a participant, by
    /// the room's openness, by preauthorization, or by the code that it shows. The hub remembers
    /// which user has shown the code.
    pub fn group_info<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        body: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Answer<core::convert::Infallible> {
        if let Err(limited) = self.admit(hosted, call, body) {
            return *limited;
        }
        let request = match GroupInfoRequest::decode_exact(body) {
            Ok(request) => request,
            Err(error) => return malformed(hosted, call, error),
        };
        let action = Action::GroupInfo { with_code: request.joining_code.is_some() };
        let verified = match verify_group_info_request(&self.suite, request) {
            Ok(verified) => verified,
            Err(error) => return refused(hosted, call, None, action, error.to_string()),
        };
        let request = verified.request();
        let identified = self.identity.identify(
            hosted.room.uri(),
            &request.requesting_credential,
            &request.requesting_signature_key,
        );
        let requester = match identified {
            Ok(requester) => requester,
            Err(why) => return refused(hosted, call, None, action, why.to_string()),
        };
        let code = request.joining_code.as_ref();
        let code = code.and_then(|it| hosted.codes.worth(&self.suite, it, call.now_ms));
        let actor = Some(requester.actor());
        let role = code.as_ref().map(|(_, worth)| worth.role);
        let rights = match may_join(&hosted.room, &requester, role) {
            Some(rights) => rights,
            None => {
                let why = "no way for this user to join the room".to_string();
                return refused(hosted, call, actor, action, why);
            }
        };
        let room_id = hosted.room.uri().as_opaque().clone();
        let sealed = hosted.export().and_then(|tbe| {
            let (sender, key) = (self.external_sender.clone(), &self.signing_key);
            let answer = answer_group_info_request(&self.suite, &verified, room_id, &tbe, sender, key, rng);
            answer.map_err(HubError::Crypto)
        });
        match sealed {
            Ok(response) => {
                if let Some((key, _)) = code {
                    hosted.codes.show(requester.user, key);
                }
                Answer {
                    response: Response::ok(&response),
                    audit: audit(hosted, call, actor, action, Outcome::Accepted(rights)),
                    change: None,
                }
            }
            Err(error) => Answer {
                response: RequestFailure::Internal.into(),
                audit: audit(hosted, call, actor, action, Outcome::Rejected(error.to_string())),
                change: None,
            },
        }
    }

    /// The answer about a room that this hub does not host.
    #[must_use]
    pub fn no_such_room(&self, room_id: &[u8]) -> Response {
        Response::ok(&GroupInfoResponse {
            version: Protocol::Mls10,
            room_id: room_id.into(),
            status: GroupInfoAnswer::NoSuchRoom {},
        })
    }

    /// Issues a join code on behalf of a user. How a client asks its provider for one is theirs
    /// to settle; the hub checks the right to it.
    ///
    /// # Errors
    /// [`HubError::NotAllowed`] if the user's role lacks `canCreateJoinCode`,
    /// [`HubError::Crypto`] if the code is too long.
    pub fn issue_join_code<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        user: &UserUri,
        code: &[u8],
        worth: IssuedCode,
    ) -> Result<(), HubError> {
        let policy = hosted.room.policy();
        if !policy.is_active(user) || !policy.has_capability(user, CapabilityType::CAN_CREATE_JOIN_CODE) {
            return Err(HubError::NotAllowed);
        }
        Ok(hosted.codes.issue(&self.suite, code, worth)?)
    }
}

/// By which right the client could join now, by the same decision that its commit will meet.
fn may_join(room: &Room, requester: &Member, code_role: Option<u32>) -> Option<Vec<Right>> {
    let policy = room.policy();
    let actor = requester.actor();
    let user = actor.uri().clone();
    let allowed = |changes: &[ProposedChange]| -> Option<Plan> {
        policy.check(&actor, Form::ExternalCommit, changes).ok()
    };
    let plan = if policy.role_of(&user).is_some() {
        allowed(&[])
    } else {
        let by_code = code_role.and_then(|role| {
            let code = mimi_policy::JoinCode::Valid;
            allowed(&[PolicyChange::UseJoinCode { user: user.clone(), role, code }.into()])
        });
        by_code.or_else(|| {
            let mut roles = policy.roles().roles.iter().map(|role| role.role_index);
            roles
                .find_map(|role| allowed(&[PolicyChange::AddParticipant { user: user.clone(), role }.into()]))
        })
    };
    let grants = plan?.grants().to_vec();
    Some(grants.into_iter().map(|grant| Right { change: None, grant }).collect())
}

fn refused<S: MlsStack>(
    hosted: &HostedRoom<S>,
    call: Call<'_>,
    actor: Option<Actor>,
    action: Action,
    why: alloc::string::String,
) -> Answer<core::convert::Infallible> {
    let response = GroupInfoResponse {
        version: Protocol::Mls10,
        room_id: hosted.room.uri().as_opaque().clone(),
        status: GroupInfoAnswer::NotAuthorized {},
    };
    let audit: AuditEvent = audit(hosted, call, actor, action, Outcome::Rejected(why));
    Answer { response: Response::ok(&response), audit, change: None }
}
