//! What a person does in a room, beside changing it: writing, editing, reacting, reporting,
//! retracting, and what the buttons for it may offer.

use alloc::{string::ToString, vec::Vec};

use mimi_codec::{
    CapabilityType, Encode, Octets, UserUri,
    code_points::ComponentID,
    extensions::AppEphemeral,
    mls::{KeyPackage, Proposal},
    protocol::{AbuseReport, AbuseType, IdentifierUri, UpdateRequest},
    retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent},
};
use mimi_content::{Composer, MessageId, MimiContent, MimiContentBuilder, MimiContentRef, Salt, Text};
use mimi_franking::{Framing, MimiFrankable, Signed, StoredFrank, report::AbuseReportBuilder};
use mimi_policy::{
    message::{ClientKnowledge, ContentRefusal, authorize},
    queries::ChangeAnswer,
};

use super::{ClientError, ClientRoom, Composed};
use crate::{Identity, MlsMember, RoomRefusal, WishError, Wishes};

/// A message that a user reports: what was sent, and the hub's stamp as the client has stored it.
#[derive(Clone, Copy, Debug)]
pub struct Reported<'m> {
    /// The application data, exactly as it was decrypted.
    pub application_data: &'m [u8],
    /// The stored frank.
    pub frank: &'m StoredFrank<Signed>,
}

impl<S: MlsMember> ClientRoom<S> {
    /// What the client's user can do now to `other`, or, if that is the user itself, by itself and
    /// to the room: one answer for each button, decided as the hub decides.
    #[must_use]
    pub fn what_can(&self, other: &UserUri) -> Vec<ChangeAnswer> {
        let own = self.own().map(|own| own.actor());
        own.map_or_else(Vec::new, |own| self.room().policy().what_can(&own, other))
    }

    /// Whether the client's user has a capability, such as
    /// [`CAN_REACT_TO_MESSAGE`](CapabilityType::CAN_REACT_TO_MESSAGE).
    #[must_use]
    pub fn has_capability(&self, capability: CapabilityType) -> bool {
        let policy = self.room().policy();
        self.own().is_some_and(|own| policy.has_capability(&own.user, capability))
    }

    /// A commit that adds a user with a role, and its clients by their KeyPackages, as
    /// [`key_material`](crate::key_material) has checked them.
    ///
    /// # Errors
    /// Those of [`Self::commit`].
    pub fn add(
        &mut self,
        identity: &impl Identity,
        user: UserUri,
        role: u32,
        clients: Vec<KeyPackage>,
    ) -> Result<UpdateRequest, ClientError> {
        self.commit(identity, &Wishes::default().add(user, role, clients))
    }

    /// A commit that removes another user from the list, with all its clients. The client's own
    /// user leaves by [`Self::leave`].
    ///
    /// # Errors
    /// Those of [`Self::commit`].
    pub fn remove(&mut self, identity: &impl Identity, user: UserUri) -> Result<UpdateRequest, ClientError> {
        self.commit(identity, &Wishes::default().remove(user))
    }

    /// A commit that gives a user another role; the banned role takes its clients out of the group.
    ///
    /// # Errors
    /// Those of [`Self::commit`].
    pub fn set_role(
        &mut self,
        identity: &impl Identity,
        user: UserUri,
        role: u32,
    ) -> Result<UpdateRequest, ClientError> {
        self.commit(identity, &Wishes::default().set_role(user, role))
    }

    /// Composes messages of the client's user in this room.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the client is not in the group.
    pub fn composer(&self) -> Result<Composer, ClientError> {
        let own = self.own().ok_or(RoomRefusal::WrongContent)?.user.to_string();
        Composer::new(&own, &self.room().uri().to_string()).map_err(|_| ClientError::TooLong)
    }

    /// Judges a MIMI content message as every receiver will, commits to it, and seals it. `known`
    /// is what the client has of the messages that it refers to.
    ///
    /// # Errors
    /// [`ClientError::Content`] if the user's role does not allow it, and those of
    /// [`Self::send`].
    pub fn send_content(
        &mut self,
        framing: Framing,
        known: &impl ClientKnowledge,
        content: &MimiContent,
    ) -> Result<Composed, ClientError> {
        let own = self.own().ok_or(RoomRefusal::WrongContent)?.user.clone();
        let data = content.encode();
        let read = MimiContentRef::decode(&data).map_err(|_| RoomRefusal::WrongContent)?;
        let holds = |capability| self.has_capability(capability);
        authorize(&read, &own, known, holds).map_err(ClientError::Content)?;
        self.send(&MimiFrankable::new(framing), &data)
    }

    /// Sends a text.
    ///
    /// # Errors
    /// Those of [`Self::send_content`].
    pub fn say(&mut self, framing: Framing, salt: Salt, text: Text) -> Result<Composed, ClientError> {
        let message = self.composer()?.message(salt, text);
        self.send_built(framing, &(), message)
    }

    /// Replies to a message.
    ///
    /// # Errors
    /// Those of [`Self::send_content`].
    pub fn reply(
        &mut self,
        framing: Framing,
        known: &impl ClientKnowledge,
        salt: Salt,
        to: MessageId,
        text: Text,
    ) -> Result<Composed, ClientError> {
        let message = self.composer()?.reply(salt, to, text);
        self.send_built(framing, known, message)
    }

    /// Reacts to a message.
    ///
    /// # Errors
    /// Those of [`Self::send_content`].
    pub fn react(
        &mut self,
        framing: Framing,
        known: &impl ClientKnowledge,
        salt: Salt,
        to: MessageId,
        reaction: &str,
    ) -> Result<Composed, ClientError> {
        let message = self.composer()?.react(salt, to, reaction);
        self.send_built(framing, known, message)
    }

    /// Puts another text in the place of a message's. `first` is the ID of the message as it was
    /// first sent, `latest` its newest version.
    ///
    /// # Errors
    /// Those of [`Self::send_content`], and [`ClientError::Replace`] if `first` and `latest` do
    /// not belong together.
    pub fn edit(
        &mut self,
        framing: Framing,
        known: &impl ClientKnowledge,
        salt: Salt,
        first: MessageId,
        latest: &MimiContent,
        text: Text,
    ) -> Result<Composed, ClientError> {
        let message = self.composer()?.edit(salt, first, latest, text).map_err(ClientError::Replace)?;
        self.send_built(framing, known, message)
    }

    /// Deletes a message, one's own or, with the right to it, another's. The message stays as a
    /// gap.
    ///
    /// # Errors
    /// Those of [`Self::edit`].
    pub fn delete(
        &mut self,
        framing: Framing,
        known: &impl ClientKnowledge,
        salt: Salt,
        first: MessageId,
        latest: &MimiContent,
    ) -> Result<Composed, ClientError> {
        let message = self.composer()?.delete(salt, first, latest).map_err(ClientError::Replace)?;
        self.send_built(framing, known, message)
    }

    fn send_built(
        &mut self,
        framing: Framing,
        known: &impl ClientKnowledge,
        message: MimiContentBuilder,
    ) -> Result<Composed, ClientError> {
        let content = message.build().map_err(ClientError::Build)?;
        self.send_content(framing, known, &content)
    }

    /// A report about a sender to the hub (mimi-protocol-06 §5.9), which names its reporter. The
    /// hub can check each message without having kept anything of it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the user's role lacks `canReportAbuse`,
    /// [`ClientError::Franking`] if a message is another sender's, or of another room.
    pub fn report(
        &self,
        framing: Framing,
        alleged_abuser: &UserUri,
        note: &str,
        messages: &[Reported<'_>],
    ) -> Result<AbuseReport, ClientError> {
        let own = self.own().ok_or(RoomRefusal::WrongContent)?;
        if !self.has_capability(CapabilityType::CAN_REPORT_ABUSE) {
            return Err(ClientError::Lacks(CapabilityType::CAN_REPORT_ABUSE));
        }
        let content = MimiFrankable::new(framing);
        let report = AbuseReportBuilder::new(alleged_abuser, self.room().uri().clone());
        let mut report = report.reporting_user(&own.user).note(note);
        for message in messages {
            report = report
                .message(&content, message.application_data, message.frank)
                .map_err(ClientError::Franking)?;
        }
        Ok(report.build())
    }

    /// A commit that retracts single messages for everyone (mimi-hub-retracted-messages-00 §3.1).
    ///
    /// # Errors
    /// Those of [`Self::commit`].
    pub fn retract(
        &mut self,
        identity: &impl Identity,
        messages: &[MessageId],
        reason: Option<AbuseType>,
        now_ms: u64,
    ) -> Result<UpdateRequest, ClientError> {
        let own = self.own().ok_or(RoomRefusal::WrongContent)?;
        let data = HubRetractedMessagesComponent {
            hub_retracted_timestamp: now_ms,
            remover_uri: IdentifierUri::from(&own.user),
            reason_code: reason,
            retracted_messages: messages.iter().map(|id| Octets::from(*id.as_bytes())).collect(),
        };
        let proposal = ephemeral(ComponentID::HUB_RETRACTED_MESSAGES, &data)?;
        self.commit_proposals(identity, &[proposal])
    }

    /// A commit that retracts the messages of one sender for everyone, those from a time on or all
    /// (mimi-hub-retracted-messages-00 §3.2).
    ///
    /// # Errors
    /// Those of [`Self::commit`].
    pub fn retract_all_of(
        &mut self,
        identity: &impl Identity,
        sender: &UserUri,
        since_ms: Option<u64>,
        reason: Option<AbuseType>,
        now_ms: u64,
    ) -> Result<UpdateRequest, ClientError> {
        let own = self.own().ok_or(RoomRefusal::WrongContent)?;
        let data = HubRetractedRangeComponent {
            hub_retracted_timestamp: now_ms,
            remover_uri: IdentifierUri::from(&own.user),
            reason_code: reason,
            abusive_sender_uri: IdentifierUri::from(sender),
            starting_timestamp: since_ms,
        };
        let proposal = ephemeral(ComponentID::HUB_RETRACTED_RANGE, &data)?;
        self.commit_proposals(identity, &[proposal])
    }
}

/// A message to the members about a component, as a proposal (mls-extensions-10 §4.8).
pub(crate) fn ephemeral(component_id: ComponentID, data: &impl Encode) -> Result<Proposal, WishError> {
    let data = data.to_bytes().map_err(|_| WishError::TooLong(component_id))?.into();
    Ok(Proposal::AppEphemeral(AppEphemeral { component_id, data }))
}

impl From<ContentRefusal> for ClientError {
    fn from(refusal: ContentRefusal) -> Self {
        Self::Content(refusal)
    }
}
