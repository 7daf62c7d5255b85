//! Decisions on cases.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    code_points::ComponentID,
    protocol::{RichDescription, RoomMetaData, UTF8String, Uri},
    room_policy::CapabilityType,
};
use mimi_content::{Disposition, MessageId, MimiContentRef};

use super::actor::{PolicyActor, PolicyForm};
use super::case::{PolicyCase, RefusedBy};
use super::change::{MetadataField, PolicyChange, PolicyEarlierMessage, PolicyProposedChange, PolicyUse};
use super::room::PolicyRoom;
use crate::message::{ClientKnowledge, ContentRefusal, EarlierMessage, authorize};
use crate::receiving::{ClientActionRefusal, FanOutKind, Withheld, check_use};
use crate::{
    Actor, Change, Claims, ClientUri, Form, Grant, IdentityError, InvalidRoomError, JoinCode, OwnLogEntry,
    Plan, ProposedChange, Reason, Refusal, RoomParts, RoomState, TableSeed, UserUri, enforced_by,
};

/// What a case comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyDecision {
    /// It is allowed, by these rights.
    Allowed(Vec<Grant>),
    /// It is refused.
    Refused(WhyRefused),
}

/// Why a case is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyRefused {
    /// The room isn't valid.
    InvalidRoom(InvalidRoomError),
    /// What the room says was accepted before can't have been made. The place is that among
    /// `pending`.
    InvalidPending(usize, Refusal),
    /// A user, client or claim is named in a spelling that does not count.
    Identity(IdentityError),
    /// A condition fails.
    Condition(Refusal),
    /// The content isn't a MIMI content message.
    InvalidContent(String),
    /// The sender may not send this content.
    Content(ContentRefusal),
    /// The user's clients receive no application messages.
    Withheld(Withheld),
    /// The user may not do so.
    Use(ClientActionRefusal),
}

impl fmt::Display for WhyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRoom(invalid) => invalid.fmt(f),
            Self::InvalidPending(place, refusal) => write!(f, "pending[{place}]: {refusal}"),
            Self::Identity(error) => error.fmt(f),
            Self::Condition(refusal) => refusal.fmt(f),
            Self::InvalidContent(error) => write!(f, "not a MIMI content message: {error}"),
            Self::Content(refusal) => refusal.fmt(f),
            Self::Withheld(withheld) => withheld.fmt(f),
            Self::Use(refused) => refused.fmt(f),
        }
    }
}

impl WhyRefused {
    /// Of a refused message, who has to refuse it: the hub sees no content (mimi-room-policy-04
    /// §8.3).
    #[must_use]
    pub const fn refused_by(&self) -> RefusedBy {
        match self {
            Self::Content(ContentRefusal::Lacks(need)) if need.enforced_by().hub => RefusedBy::HubAndClient,
            Self::Use(refused) if enforced_by(refused.lacks).hub => RefusedBy::HubAndClient,
            Self::Content(_) | Self::InvalidContent(_) | Self::Use(_) => RefusedBy::Client,
            Self::Withheld(_)
            | Self::InvalidRoom(_)
            | Self::InvalidPending(..)
            | Self::Identity(_)
            | Self::Condition(_) => RefusedBy::HubAndClient,
        }
    }
}

impl PolicyDecision {
    /// Whether it is allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The capability that the decision turns on: the first that was granted, or the one that is
    /// lacking.
    #[must_use]
    pub fn capability(&self) -> Option<CapabilityType> {
        match self {
            Self::Allowed(grants) => grants.iter().find_map(|grant| grant.capability),
            Self::Refused(WhyRefused::Condition(Refusal {
                reason: Reason::MissingCapability { capability, .. },
                ..
            })) => Some(*capability),
            Self::Refused(WhyRefused::Content(ContentRefusal::Lacks(need))) => Some(need.capability),
            Self::Refused(WhyRefused::Use(refused)) => Some(refused.lacks),
            Self::Refused(WhyRefused::Withheld(Withheld::MayNotReceive)) => {
                Some(CapabilityType::CAN_RECEIVE_MESSAGE)
            }
            Self::Refused(_) => None,
        }
    }
}

impl PolicyCase {
    /// Decides the case, without a look at what it expects.
    ///
    /// ```
    /// use mimi_policy::json::PolicyDocument;
    ///
    /// let document = PolicyDocument::parse(r#"{
    ///     "room": {"roles": "strict", "participants": [["mimi://a.example/u/alice", 2]],
    ///              "clients": [["mimi://a.example/u/alice", "mimi://a.example/d/a1"]]},
    ///     "actor": {"user": "mimi://a.example/u/alice", "client": "mimi://a.example/d/a1"},
    ///     "form": "commit",
    ///     "changes": [{"op": "add_participant", "user": "mimi://b.example/u/bob", "role": 2}]
    /// }"#)?;
    /// let decision = document.cases()[0].decide();
    /// assert_eq!(decision.capability().map(|capability| capability.to_string()).as_deref(), Some("canAddParticipant"));
    /// assert!(!decision.is_allowed());
    /// # Ok::<(), mimi_policy::json::PolicyDocumentError>(())
    /// ```
    #[must_use]
    pub fn decide(&self) -> PolicyDecision {
        match decided(self) {
            Ok(grants) => PolicyDecision::Allowed(grants),
            Err(why) => PolicyDecision::Refused(why),
        }
    }

    /// What `room` makes of the changes, ready to be applied: the state of [`PolicyCase::room`]
    /// ([`PolicyRoom::to_state`]), or one that has gone on from it.
    ///
    /// # Errors
    /// Why it is refused; so is a case of the form [`PolicyForm::Use`], which changes no room.
    pub fn plan(&self, room: &RoomState) -> Result<Plan, WhyRefused> {
        let actor = actor(&self.actor, &self.room).map_err(WhyRefused::Identity)?;
        if let (
            PolicyForm::Message,
            [PolicyProposedChange { by: None, change: PolicyChange::Content { encoded, earlier } }],
        ) = (self.form, self.changes.as_slice())
        {
            let plan = room.check_message(&actor, &[]).map_err(WhyRefused::Condition)?;
            let content = MimiContentRef::decode(encoded);
            let content = content.map_err(|error| WhyRefused::InvalidContent(error.to_string()))?;
            let authors = earlier.iter().map(|(id, it)| Ok((id.as_slice(), it.author.as_str().try_into()?)));
            let authors = authors.collect::<Result<_, _>>().map_err(WhyRefused::Identity)?;
            let known = Known { room, earlier, authors, content: &content };
            let sender = actor.uri();
            let holds = |capability| room.has_capability(sender, capability);
            authorize(&content, sender, &known, holds).map_err(WhyRefused::Content)?;
            return Ok(plan);
        }
        let changes = self.changes.iter().map(|proposed| change(proposed, &self.room));
        let changes = changes.collect::<Result<Vec<_>, _>>().map_err(WhyRefused::Identity)?;
        room.check(&actor, form(self.form)?, &changes).map_err(WhyRefused::Condition)
    }
}

fn decided(case: &PolicyCase) -> Result<Vec<Grant>, WhyRefused> {
    let room = case.room.to_state()?;
    if case.form == PolicyForm::Use {
        let actor = actor(&case.actor, &case.room).map_err(WhyRefused::Identity)?;
        return decide_uses(&room, &actor, &case.changes);
    }
    Ok(case.plan(&room)?.grants().to_vec())
}

/// Uses change nothing, so that what waits and what else is in the list have no say in them.
fn decide_uses(
    room: &RoomState,
    actor: &Actor,
    uses: &[PolicyProposedChange],
) -> Result<Vec<Grant>, WhyRefused> {
    let Actor::Client { user, .. } = actor else {
        return Err(WhyRefused::Withheld(Withheld::CutOff));
    };
    if room.role_of(user).is_none() || room.is_banned(user) {
        return Err(WhyRefused::Withheld(Withheld::CutOff));
    }
    for proposed in uses {
        match &proposed.change {
            PolicyChange::Use { what: PolicyUse::ReceiveMessage } => {
                room.check_fan_out(FanOutKind::ApplicationMessage, user).map_err(WhyRefused::Withheld)?;
            }
            PolicyChange::Use { what: PolicyUse::Of(what) } => {
                let holds = |capability| room.has_capability(user, capability);
                check_use(*what, holds).map_err(WhyRefused::Use)?;
            }
            _ => {
                return Err(WhyRefused::Condition(Refusal::of_message(NO_MESSAGE)));
            }
        }
    }
    Ok(Vec::new())
}

/// What a case says of earlier messages.
struct Known<'a> {
    room: &'a RoomState,
    earlier: &'a BTreeMap<Vec<u8>, PolicyEarlierMessage>,
    authors: BTreeMap<&'a [u8], UserUri>,
    content: &'a MimiContentRef<'a>,
}

impl ClientKnowledge for Known<'_> {
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
        let earlier = self.earlier.get(id.as_bytes().as_slice())?;
        let disposition = earlier.disposition.and_then(|number| u8::try_from(number).ok());
        // What isn't known of it is what the message's own fields say.
        Some(EarlierMessage {
            author: self.authors.get(id.as_bytes().as_slice())?.clone(),
            disposition: disposition.map_or(self.content.body().disposition, Disposition),
            topic_id: earlier.topic_id.as_deref().unwrap_or(self.content.topic_id()),
            content: None,
        })
    }

    fn is_participant(&self, user: &UserUri) -> bool {
        self.room.role_of(user).is_some()
    }
}

impl PolicyRoom {
    /// The room of a case, with what was accepted since the last commit.
    ///
    /// # Errors
    /// Why there is no such room.
    pub fn to_state(&self) -> Result<RoomState, WhyRefused> {
        let parts = RoomParts {
            base: Some(self.base.clone()),
            preauth: Some(self.preauth.clone()),
            metadata: Some(metadata(&[])),
            clients: self
                .clients
                .iter()
                .map(|(user, client)| (user.as_str().into(), client.as_str().into()))
                .collect(),
            parent_participants: self
                .parent_participants
                .as_ref()
                .map(|users| users.iter().map(|user| user.as_str().into()).collect()),
            banned_in_parent: self.banned_in_parent.iter().map(|user| user.as_str().into()).collect(),
            ..RoomParts::new(self.role_data(), self.participants.clone())
        };
        let mut state = RoomState::new(parts, TableSeed::known()).map_err(WhyRefused::InvalidRoom)?;
        // What one party proposed in a row is one list of proposals.
        let mut rest = self.pending.as_slice();
        let mut place = 0usize;
        while let Some(first) = rest.first() {
            let run = rest.iter().take_while(|proposed| proposed.by == first.by).count();
            let (now, later) = rest.split_at(run);
            let invalid = |refusal: Refusal| WhyRefused::InvalidPending(place, refusal);
            let unknown =
                PolicyActor::ExternalSender { external_sender: "stranger".into(), claims: Vec::new() };
            let by = actor(first.by.as_ref().unwrap_or(&unknown), self).map_err(WhyRefused::Identity)?;
            let changes = now.iter().map(|proposed| change(proposed, self));
            let changes = changes.collect::<Result<Vec<_>, _>>().map_err(WhyRefused::Identity)?;
            let plan = state.plan_restored(&OwnLogEntry::from_own_storage(by, changes)).map_err(invalid)?;
            let stale = |_| WhyRefused::InvalidPending(place, Refusal::of_message(Reason::RoomGone));
            state.apply(plan).map_err(stale)?;
            place = place.saturating_add(run);
            rest = later;
        }
        Ok(state)
    }
}

const fn form(form: PolicyForm) -> Result<Form, WhyRefused> {
    match form {
        PolicyForm::Proposal => Ok(Form::Proposal),
        PolicyForm::Commit => Ok(Form::Commit),
        PolicyForm::ExternalCommit => Ok(Form::ExternalCommit),
        PolicyForm::ExternalProposal => Ok(Form::ExternalProposal),
        PolicyForm::Message => Ok(Form::Message),
        PolicyForm::Use => Err(WhyRefused::Condition(Refusal::of_message(NO_MESSAGE))),
    }
}

/// A use is not sent.
const NO_MESSAGE: Reason = Reason::NotInThisForm { form: Form::Message };

/// An actor without a client acts with the first of its user's clients in the group.
fn actor(actor: &PolicyActor, room: &PolicyRoom) -> Result<Actor, IdentityError> {
    Ok(match actor {
        PolicyActor::User { user, client, claims } => {
            let first = || room.clients.iter().find(|(owner, _)| owner == user).map(|(_, client)| client);
            let client = client.as_ref().or_else(first).map_or("no client", String::as_str);
            Actor::Client {
                user: UserUri::try_from(user.as_str())?,
                client: ClientUri::try_from(client)?,
                claims: Claims::new(claims.clone())?,
            }
        }
        PolicyActor::ExternalSender { external_sender, claims } => Actor::ExternalSender {
            uri: UserUri::try_from(external_sender.as_str())?,
            claims: Claims::new(claims.clone())?,
        },
    })
}

fn change(proposed: &PolicyProposedChange, room: &PolicyRoom) -> Result<ProposedChange, IdentityError> {
    let user = |user: &String| UserUri::try_from(user.as_str());
    let client = |client: &String| ClientUri::try_from(client.as_str());
    let change = match &proposed.change {
        PolicyChange::AddParticipant { user: who, role } => {
            Change::AddParticipant { user: user(who)?, role: *role }
        }
        PolicyChange::RemoveParticipant { user: who } => Change::RemoveParticipant { user: user(who)? },
        PolicyChange::SetRole { user: who, role } => Change::SetRole { user: user(who)?, role: *role },
        PolicyChange::AddClient { user: who, client: which } => {
            Change::AddClient { user: user(who)?, client: client(which)? }
        }
        PolicyChange::RemoveClient { user: who, client: which } => {
            Change::RemoveClient { user: user(who)?, client: client(which)? }
        }
        PolicyChange::UseJoinCode { user: who, role, valid } => Change::UseJoinCode {
            user: user(who)?,
            role: *role,
            code: match valid {
                Some(true) => JoinCode::Valid,
                Some(false) => JoinCode::Invalid,
                None => JoinCode::Unknown,
            },
        },
        PolicyChange::UpdateMetadata { fields } => Change::UpdateMetadata(metadata(fields).into()),
        PolicyChange::UpdateRoles { roles } => Change::UpdateRoles(roles.role_data()),
        PolicyChange::UpdatePreauth { preauth } => Change::UpdatePreAuth(preauth.clone()),
        PolicyChange::UpdateBase { base } => Change::UpdateBase(base.clone().into()),
        PolicyChange::Reinit => Change::ReInit,
        PolicyChange::DestroyRoom => Change::DestroyRoom,
        // Content is nothing that a proposal or commit carries: no form takes this.
        PolicyChange::Content { .. } | PolicyChange::Use { .. } => {
            Change::ChangeComponent(ComponentID::FRANK_AAD)
        }
    };
    let by = proposed.by.as_ref().map(|by| actor(by, room)).transpose()?;
    Ok(ProposedChange { change, by: by.map(Into::into) })
}

/// Metadata that differs from that of the room in these fields.
fn metadata(fields: &[MetadataField]) -> RoomMetaData {
    let text = |field| UTF8String::new(if fields.contains(&field) { "new" } else { "" }).unwrap_or_default();
    let description = RichDescription {
        media_type: String::new(),
        language_tag: String::new(),
        description_content: "new".into(),
    };
    let has = |field| fields.contains(&field);
    let make = |avatar: &str| {
        RoomMetaData::new(
            Uri::none(),
            text(MetadataField::Name),
            has(MetadataField::Descriptions).then(|| description.clone()).into_iter().collect(),
            Uri::new(avatar),
            text(MetadataField::Subject),
            text(MetadataField::Mood),
        )
    };
    let avatar = if has(MetadataField::Avatar) { "https://a.example/new.png" } else { "" };
    match make(avatar) {
        Ok(metadata) => metadata,
        Err(_) => metadata(&[]),
    }
}
