//! The kind `retraction`: a commit in which the hub, or a moderator, retracts messages, and what
//! becomes of them.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use mimi_codec::{
    CapabilityType,
    code_points::ComponentID,
    extensions::AppEphemeral,
    mls::{Credential, Proposal, Sender},
    protocol::{ParticipantListData, UserRolePair},
    room_policy::{Role, RoleData},
};
use mimi_content::{
    Disposition, MessageId, MimiContent, NestedPart, Salt,
    timeline::{Retraction, Timeline, TimelineChange, TimelineMessage},
};
use mimi_policy::{
    Actor, ClientUri, Identities, JoinCode, Request, RoomParts, RoomState, TableSeed, UnidentifiedError,
    UserUri,
};
use serde::Deserialize;

use super::Kind;
use super::judgement::{Judgement, must_be_refused, must_hold};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct RetractionKind;

impl Kind for RetractionKind {
    fn name(&self) -> &'static str {
        "retraction"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-mahy-mimi-hub-retracted-messages-00", "draft-ietf-mimi-room-policy-04"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_hold(case, judgement);
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_be_refused(case, judgement);
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = generated::valid(seed)?;
        cases.extend(generated::invalid(seed)?.into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

/// A message that the client has.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    message_id: String,
    sender_uri: String,
    accepted_timestamp: u64,
    reaction: bool,
}

/// What is to be seen of a retracted message.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Retracted {
    message_id: String,
    by: String,
    reason: Option<u8>,
    at: u64,
}

const MODERATOR: &str = "mimi://a.example/u/moderator";
const CLIENT: &str = "mimi://a.example/d/moderator";

/// The moderator at leaf 0, and no other user.
struct Moderator(Actor);

impl Identities for Moderator {
    fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
        if leaf_index == 0 { Ok(self.0.clone()) } else { Err(UnidentifiedError::Unknown) }
    }

    fn holder(&self, _: &Credential) -> Result<Actor, UnidentifiedError> {
        Err(UnidentifiedError::Unknown)
    }

    fn external_sender(&self, _: u32) -> Result<Actor, UnidentifiedError> {
        Err(UnidentifiedError::Unknown)
    }

    fn join_code(&self, _: &UserUri, _: u32) -> Option<JoinCode> {
        None
    }
}

fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let capabilities = case.structured::<Vec<String>>("capabilities", "a list of names of capabilities");
    let proposals = case.structured::<Vec<(u16, String)>>("proposals", "a list of components and their data");
    let messages = case.structured::<Vec<Message>>("messages", "a list of messages");
    let expected = case.structured::<Vec<Retracted>>("retracted", "a list of retracted messages");
    let ((_, capabilities), (_, proposals)) = (capabilities?, proposals?);
    let ((_, messages), (_, expected)) = (messages?, expected?);

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let mut role_capabilities = Vec::new();
    for name in &capabilities {
        role_capabilities.push(it.check("capabilities", CapabilityType::from_name(name))?);
    }
    let retractions = it.check("proposals", decided(role_capabilities, &proposals));
    let Some(retractions) = retractions else { return Some(judgement) };
    let mut contents = Vec::new();
    for message in &messages {
        let id = id(&message.message_id).ok_or("not 32 bytes of hex");
        let Some(id) = it.check("messages.message_id", id) else { return Some(judgement) };
        let Some(content) = it.check("messages", content(message.reaction)) else { return Some(judgement) };
        contents.push((id, message, content));
    }
    // Whether the messages arrive before or after the commit makes no difference.
    for after in [false, true] {
        let mut timeline: Timeline<()> = Timeline::new();
        let retract = |timeline: &mut Timeline<()>| {
            retractions.iter().for_each(|retraction| drop(timeline.retract(retraction)));
        };
        if !after {
            retract(&mut timeline);
        }
        for (id, message, content) in &contents {
            let (sender, at) = (&*message.sender_uri, message.accepted_timestamp);
            let received = TimelineMessage::from_owned(*id, sender, at, content);
            let _ = timeline.insert(received, (), &|_: &TimelineChange<'_, ()>| Ok(()));
        }
        if after {
            retract(&mut timeline);
        }
        let found: Vec<_> = contents.iter().filter_map(|(id, ..)| shown(&timeline, id)).collect();
        if found != expected {
            let text = |list: &[Retracted]| alloc::format!("{list:?}");
            it.refuse("retracted", text(&found), text(&expected));
        }
    }
    Some(judgement)
}

fn shown(timeline: &Timeline<()>, id: &MessageId) -> Option<Retracted> {
    let retraction = timeline.get(id)?.retraction()?;
    Some(Retracted {
        message_id: hex::encode(id.as_bytes()),
        by: retraction.by_uri.to_string(),
        reason: retraction.reason,
        at: retraction.at_ms,
    })
}

fn id(text: &str) -> Option<MessageId> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let bytes = hex::decode(text).ok().filter(|_| is_lower)?;
    Some(MessageId::from_bytes(bytes.try_into().ok()?))
}

fn content(reaction: bool) -> Result<MimiContent, mimi_content::BuildError> {
    let disposition = if reaction { Disposition::REACTION } else { Disposition::RENDER };
    let part = NestedPart::single(disposition, "", "text/plain;charset=utf-8", "x");
    MimiContent::builder(Salt::from_bytes([1; 16]), part).build()
}

/// What the commit retracts, or why it is refused.
fn decided(
    role_capabilities: Vec<CapabilityType>,
    proposals: &[(u16, String)],
) -> Result<Vec<Arc<Retraction>>, String> {
    let role = Role {
        role_index: 2,
        role_name: "moderator".into(),
        role_description: "".into(),
        role_capabilities,
        minimum_participants_constraint: 0,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: Vec::new(),
    };
    let refuse = |error: &dyn core::fmt::Display| error.to_string();
    let moderator = UserUri::try_from(MODERATOR).map_err(|error| refuse(&error))?;
    let client = ClientUri::try_from(CLIENT).map_err(|error| refuse(&error))?;
    let pair = UserRolePair { user: moderator.as_opaque().clone(), role_index: 2 };
    let list = ParticipantListData { participants: alloc::vec![pair] };
    let mut parts = RoomParts::new(RoleData { roles: alloc::vec![role] }, list);
    parts.clients.push((moderator.as_opaque().clone(), client.as_opaque().clone()));
    let room = RoomState::new(parts, TableSeed::known()).map_err(|error| refuse(&error))?;
    let mut list = Vec::new();
    for (component, data) in proposals {
        let data = hex::decode(data).map_err(|error| refuse(&error))?;
        let component_id = ComponentID(*component);
        list.push(Proposal::AppEphemeral(AppEphemeral { component_id, data: data.into() }));
    }
    let identities = Moderator(Actor::client(moderator, client));
    let sender = Sender::Member { leaf_index: 0 };
    let named = list.iter().map(|proposal| (proposal, None));
    let request = Request::commit(&room, &identities, &sender, None, named);
    let request = request.map_err(|error| refuse(&error))?;
    let plan = request.check(&room).map_err(|error| refuse(&error))?;
    let changes = request.changes.iter().zip(plan.grants());
    Ok(changes.filter_map(|(change, grant)| change.change.retraction(grant)).collect())
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid(&Seed::default()).unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), Vec::<String>::new());
    }
}
