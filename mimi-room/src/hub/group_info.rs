//! `POST /groupInfo/{roomId}` (mimi-protocol-06 §5.6), and join codes.

use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};

use mimi_codec::{
    CapabilityType, Decode, Encode, RequestFailure, UserUri,
    mls::{GroupContext, GroupInfo, MAC, Proposal, Sender, SignaturePublicKey},
    protocol::{GroupInfoAnswer, GroupInfoOption, GroupInfoRequest, GroupInfoResponse, Protocol},
};
use mimi_crypto::{
    CipherSuiteProvider, answer_group_info_request, verify_group_info_request, verify_with_label,
};
use mimi_policy::{Actor, Change as PolicyChange, Form, ProposedChange, RoomParts, RoomState, TableSeed};
use rand_core::CryptoRng;

use super::{
    AuditAction, AuditEvent, AuditOutcome, Call, HostedRoom, Hub, HubAnswer, HubError, IssuedCode, Response,
    update::{audit, malformed},
};
use crate::{GroupInfoProblem, Identity, Member, MlsStack, Right, Room, WaitingProposal};

/// The epoch that a commit begins.
#[derive(Clone, Copy, Debug)]
pub struct BegunEpoch<'a> {
    /// Its GroupContext.
    pub group_context: &'a GroupContext,
    /// The confirmation tag of the commit; `None` if the message has none.
    pub confirmation_tag: Option<&'a MAC>,
    /// The leaf of the committer, after the commit.
    pub committer: u32,
    /// The key with which the committer signs after the commit.
    pub committer_key: &'a SignaturePublicKey,
}

impl BegunEpoch<'_> {
    /// Whether those who join the epoch can rely on the GroupInfo beside the commit: it is of this
    /// epoch, it has the commit's confirmation tag, and the committer has signed it
    /// (mimi-protocol-06 §5.3).
    ///
    /// # Errors
    /// The first [`GroupInfoProblem`].
    pub fn check_group_info<C: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &C,
        option: GroupInfoOption,
    ) -> Result<GroupInfo, GroupInfoProblem> {
        let tag = self.confirmation_tag.ok_or(GroupInfoProblem::ConfirmationTag)?;
        let group_info = match option {
            GroupInfoOption::Full { group_info } => group_info.into_inner(),
            GroupInfoOption::Partial { partial_group_info } => partial_group_info
                .get()
                .group_info(self.group_context.clone(), tag.clone(), self.committer)
                .map_err(|_| GroupInfoProblem::Partial)?,
        };
        if group_info.group_context != *self.group_context {
            return Err(GroupInfoProblem::GroupContext);
        }
        // The tag is public: it stands in the commit.
        if group_info.confirmation_tag != *tag {
            return Err(GroupInfoProblem::ConfirmationTag);
        }
        if group_info.signer != self.committer {
            return Err(GroupInfoProblem::Signer);
        }
        let tbs = group_info.tbs().to_bytes().map_err(|_| GroupInfoProblem::Signature)?;
        verify_with_label(suite, self.committer_key, b"GroupInfoTBS", &tbs, &group_info.signature)
            .map_err(|_| GroupInfoProblem::Signature)?;
        Ok(group_info)
    }
}

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// Answers the body of `POST /groupInfo/{roomId}`, sealed for the requester.
    ///
    /// A client gets the GroupInfo if it could join now: as another client of a participant, by
    /// the room's openness, by preauthorization, or by the code that it shows. The hub remembers
    /// which user has shown the code. A client in the group gets it too: its Welcome may have come
    /// without the tree.
    pub fn group_info<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        body: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> HubAnswer<core::convert::Infallible> {
        if let Err(limited) = self.admit(hosted, call, body) {
            return *limited;
        }
        let request = match GroupInfoRequest::decode_exact(body) {
            Ok(request) => request,
            Err(error) => return malformed(hosted, call, error),
        };
        let action = AuditAction::GroupInfo { with_code: request.joining_code.is_some() };
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
        let settled = settled(&hosted.room, rng);
        let policy = settled.as_ref().unwrap_or(hosted.room.policy());
        let rights = match may_join(policy, &requester, role) {
            Ok(rights) => rights,
            Err(why) => return refused(hosted, call, actor, action, why),
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
                HubAnswer {
                    response: Response::ok(&response),
                    audit: audit(hosted, call, actor, action, AuditOutcome::Accepted(rights)),
                    change: None,
                }
            }
            Err(error) => HubAnswer {
                response: RequestFailure::Internal.into(),
                audit: audit(hosted, call, actor, action, AuditOutcome::Rejected(error.to_string())),
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

/// The policy that the accepted changes lead to, if some wait: a client that asks now will join
/// after the commit that takes them up. Costs the whole room.
fn settled(room: &Room, rng: &mut dyn CryptoRng) -> Option<RoomState> {
    if !room.policy().has_pending() {
        return None;
    }
    let mut parts = RoomParts::from_dictionary(&room.policy().to_dictionary().ok()?).ok()?;
    let leaves = |it: &WaitingProposal| match (it.proposal(), it.sender()) {
        (Some(Proposal::Remove(remove)), _) => Some(remove.removed),
        (Some(Proposal::SelfRemove(_)), Sender::Member { leaf_index }) => Some(*leaf_index),
        _ => None,
    };
    let leaving: BTreeSet<u32> = room.waiting().iter().filter_map(leaves).collect();
    let staying = room.members().iter().filter(|(leaf, _)| !leaving.contains(leaf));
    let staying = staying.map(|(_, it)| (it.user.as_opaque().clone(), it.client.as_opaque().clone()));
    parts.clients = staying.collect();
    RoomState::new(parts, TableSeed::generate(rng)).ok()
}

/// By which right the client could join now, by the same decision that its commit will meet; or why
/// it could not.
fn may_join(policy: &RoomState, requester: &Member, code_role: Option<u32>) -> Result<Vec<Right>, String> {
    let actor = requester.actor();
    let user = actor.uri().clone();
    let check = |changes: &[ProposedChange]| policy.check(&actor, Form::ExternalCommit, changes);
    let in_group = policy.clients_of(&user).any(|client| *client == requester.client);
    if in_group && !policy.is_banned(&user) {
        // It is in the group, and has a Welcome without the tree.
        return Ok(Vec::new());
    }
    let plan = if policy.role_of(&user).is_some() {
        check(&[]).map_err(|refusal| refusal.to_string())?
    } else {
        let by_code = code_role.and_then(|role| {
            let code = mimi_policy::JoinCode::Valid;
            check(&[PolicyChange::UseJoinCode { user: user.clone(), role, code }.into()]).ok()
        });
        let mut roles = policy.roles().roles.iter().map(|role| role.role_index);
        let otherwise = || {
            roles.find_map(|role| {
                check(&[PolicyChange::AddParticipant { user: user.clone(), role }.into()]).ok()
            })
        };
        let plan = by_code.or_else(otherwise);
        plan.ok_or("the user is not on the participant list, and has no other way to join")?
    };
    Ok(plan.grants().iter().map(|grant| Right { change: None, grant: *grant }).collect())
}

fn refused<S: MlsStack>(
    hosted: &HostedRoom<S>,
    call: Call<'_>,
    actor: Option<Actor>,
    action: AuditAction,
    why: String,
) -> HubAnswer<core::convert::Infallible> {
    let response = GroupInfoResponse {
        version: Protocol::Mls10,
        room_id: hosted.room.uri().as_opaque().clone(),
        status: GroupInfoAnswer::NotAuthorized {},
    };
    let audit: AuditEvent = audit(hosted, call, actor, action, AuditOutcome::Rejected(why));
    HubAnswer { response: Response::ok(&response), audit, change: None }
}
