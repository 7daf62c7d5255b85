//! `POST /groupInfo/{roomId}` at the hub (mimi-protocol, 5.6), and the codes by which strangers come in.

use mimi_codec::CapabilityType;
use mimi_codec::protocol::{
    GroupInfoAnswer, GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoResponse, IdentifierUri,
    PendingProposal, Protocol, TreelessGroupInfo,
};
use mimi_crypto::{answer_group_info_request, verify_group_info_request};
use mimi_policy::UserUri;
use rand_core::Rng;

use super::{Answer, HostedRoom, Hub};
use crate::{
    Result,
    decision::text,
    identity::{ClientIdentity, ProviderKey},
    stack,
};

impl Hub {
    /// Answers a request for a room's GroupInfo: sealed for the requester, as its own provider need not see who is in the room.
    ///
    /// # Errors
    /// When the body is none, or nobody has signed it.
    pub fn group_info(
        &mut self,
        uri: &IdentifierUri,
        key: &ProviderKey,
        body: &[u8],
    ) -> Result<Answer<GroupInfoResponse>> {
        let request: GroupInfoRequest = stack::decode(body)?;
        let verified = verify_group_info_request(&self.suite, request)?;
        let request = verified.request();
        let requester =
            self.authority.verify(&request.requesting_credential, &request.requesting_signature_key)?;
        let code = request.joining_code.as_ref().map(|code| code.as_slice());
        let with = if code.is_some() { "with a joining code" } else { "without a code" };
        let saw = format!("a request by {} {with}", text(&requester.client));
        let sender = self.external_sender(key)?;
        let Some(room) = self.rooms.get_mut(uri) else {
            return refuse(uri, GroupInfoAnswer::NoSuchRoom {}, saw, "there is no such room");
        };
        let why = match may_have_group_info(room, &requester, code) {
            Ok(why) => why,
            Err(why) => return refuse(uri, GroupInfoAnswer::NotAuthorized {}, saw, &why),
        };
        let pending = room
            .accepted
            .as_slice()
            .iter()
            .map(|it| PendingProposal { proposal: it.message.clone(), hub_accepted_time: it.accepted_at });
        let tbe = GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(room.group_info.clone())?,
            ratchet_tree_option: room.ratchet_tree()?,
            pending_proposals: pending.collect(),
        };
        let response = answer_group_info_request(
            &self.suite,
            &verified,
            uri.as_bytes(),
            &tbe,
            sender,
            key.signing_key(),
            &mut self.rng,
        )?;
        Ok(Answer { response, code: "success".to_owned(), saw, why: vec![why], fan_out: Vec::new() })
    }

    /// Makes a code by which one stranger may join with a role. How a user asks its provider for one, is theirs to settle.
    ///
    /// # Errors
    /// When the user may not.
    pub fn issue_join_code(
        &mut self,
        uri: &IdentifierUri,
        user: &IdentifierUri,
        role: u32,
    ) -> Result<Vec<u8>> {
        let mut code = vec![0; 16];
        self.rng.fill_bytes(&mut code);
        let room = self.room_mut(uri)?;
        let may = room.room.has_capability(&user.try_into()?, CapabilityType::CAN_CREATE_JOIN_CODE);
        crate::ensure!(may, "{} may not make join codes", text(user));
        room.codes.issue(code.clone(), role);
        Ok(code)
    }
}

/// A participant may have it for a new device; a stranger with a code that is one.
fn may_have_group_info(
    room: &mut HostedRoom,
    requester: &ClientIdentity,
    code: Option<&[u8]>,
) -> Result<String, String> {
    let user = UserUri::try_from(&requester.user).map_err(|error| error.to_string())?;
    match (room.room.role_of(&user), code) {
        (Some(_), _) if room.room.is_banned(&user) => Err("the user is banned".to_owned()),
        (Some(role), _) if room.room.has_capability(&user, CapabilityType::CAN_ADD_OWN_CLIENT) => {
            Ok(format!("a participant, whose role {role} has canAddOwnClient"))
        }
        (Some(_), _) => Err("the user's role lacks canAddOwnClient".to_owned()),
        (None, Some(code)) if room.codes.show(&user, code) => Ok("the code is one of this room".to_owned()),
        (None, Some(_)) => Err("the code is none of this room".to_owned()),
        (None, None) => Err("not a participant, and no code".to_owned()),
    }
}

fn refuse(
    uri: &IdentifierUri,
    status: GroupInfoAnswer,
    saw: String,
    why: &str,
) -> Result<Answer<GroupInfoResponse>> {
    let code = match status {
        GroupInfoAnswer::NoSuchRoom {} => "noSuchRoom",
        _ => "notAuthorized",
    };
    let response = GroupInfoResponse { version: Protocol::Mls10, room_id: uri.as_bytes().into(), status };
    let (code, why) = (code.to_owned(), vec![why.to_owned()]);
    Ok(Answer { response, code, saw, why, fan_out: Vec::new() })
}
