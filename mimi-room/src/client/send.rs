//! Application messages: committed to and sealed, opened and judged (mimi-protocol-06 §5.4).

use alloc::vec::Vec;

use mimi_codec::{
    DnsNameRef, MatchedProvider, UserUri,
    protocol::{
        ApplicationMessage, Frank, FrankAAD, FrankingAgentData, IdentifierUri, Protocol, SubmitMessageRequest,
    },
};
use mimi_crypto::CipherSuiteProvider;
use mimi_franking::{
    FrankableContent, FrankingAgent, FrankingError, Signed, VerifiedFrank,
    receiver::{self, DecryptedMessage},
    sender,
};

use super::{ClientError, ClientRoom, mls};
use crate::{Member, MlsMember, OpenedMessage, Right, RoomRefusal};

/// An application message that was opened and whose sender may send.
///
/// What its content needs beside `canSendMessage` is for `mimi_policy::message` to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageEvent {
    /// The sender.
    pub sender: Member,
    /// The epoch that it was sent in.
    pub epoch: u64,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_at: u64,
    /// What was sent.
    pub application_data: Vec<u8>,
    /// The item `frank_aad` of the Safe AAD.
    pub frank_aad: Option<FrankAAD>,
    /// The hub's stamp.
    pub frank: Option<Frank>,
    /// By which right. Empty for a message that the hub accepted before a change took the right
    /// from the sender, and that arrives after it.
    pub rights: Vec<Right>,
}

/// A message that is ready to be submitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Composed {
    /// For the hub.
    pub request: SubmitMessageRequest,
    /// The item `frank_aad`, by which the sender checks the frank in the hub's answer.
    pub frank_aad: FrankAAD,
}

impl<S: MlsMember> ClientRoom<S> {
    /// Commits to application data, seals it, and puts it into a body for the hub. Sender and
    /// room stand in the content.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the client's user may not send,
    /// [`ClientError::Franking`] if the content cannot be franked, and those of the MLS stack.
    pub fn send(
        &mut self,
        content: &impl FrankableContent<Signed>,
        application_data: &[u8],
    ) -> Result<Composed, ClientError> {
        let own = self.own().ok_or(RoomRefusal::WrongContent)?.user.clone();
        let _ = self.room.judge_sender(&own)?;
        let commitment = sender::commit(content, application_data, &own, self.room.uri());
        let commitment = commitment.map_err(ClientError::Franking)?;
        let item = commitment.safe_aad_item().map_err(ClientError::Franking)?;
        let message = self.stack.seal(alloc::vec![item], application_data).map_err(mls)?;
        let request = SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: ApplicationMessage::new(message).map_err(|_| RoomRefusal::WrongContent)?,
            sending_uri: IdentifierUri::from(commitment.sending_uri()),
        };
        Ok(Composed { request, frank_aad: commitment.frank_aad().clone() })
    }

    pub(super) fn judge_opened(
        &self,
        opened: OpenedMessage,
        sender: Member,
        frank: Option<Frank>,
        accepted_at: u64,
    ) -> Result<MessageEvent, ClientError> {
        let rights = match self.room.judge_sender(&sender.user) {
            Ok(decision) => decision.rights().to_vec(),
            Err(_) if self.could_send(&sender.user, opened.epoch, accepted_at) => Vec::new(),
            Err(refused) => return Err(refused.into()),
        };
        let safe_aad = self.room.group_context().safe_aad(&opened.authenticated_data);
        let safe_aad =
            safe_aad.map_err(|_| RoomRefusal::Mls("the authenticated data is not a SafeAAD".into()))?;
        let frank_aad = safe_aad.and_then(|it| it.content::<FrankAAD>());
        let frank_aad = frank_aad.transpose();
        let frank_aad = frank_aad.map_err(|_| RoomRefusal::Mls("the item is not a FrankAAD".into()))?;
        Ok(MessageEvent {
            sender,
            epoch: opened.epoch,
            accepted_at,
            application_data: opened.application_data,
            frank_aad,
            frank,
            rights,
        })
    }

    /// Verifies the frank of a message (mimi-protocol-06 §5.4.1.3). `Ok(None)` means that the
    /// message has none, and cannot be reported.
    ///
    /// `validate` checks the credential of the room's franking agent and says whose it is.
    ///
    /// # Errors
    /// [`FrankingError`] if the hub's stamp is not good for this message: it is not shown.
    pub fn verify_frank(
        &self,
        suite: &impl CipherSuiteProvider,
        content: &impl FrankableContent<Signed>,
        message: &MessageEvent,
        validate: impl FnOnce(&FrankingAgentData) -> Option<MatchedProvider>,
    ) -> Result<Option<VerifiedFrank<Signed>>, FrankingError> {
        self.verify_own_frank(
            suite,
            content,
            (&message.application_data, message.frank_aad.as_ref(), message.frank.as_ref()),
            message.accepted_at,
            &message.sender.user,
            validate,
        )
    }

    /// Verifies the frank in the hub's answer to an own message, as any receiver will.
    ///
    /// # Errors
    /// [`FrankingError`].
    pub fn verify_own_frank(
        &self,
        suite: &impl CipherSuiteProvider,
        content: &impl FrankableContent<Signed>,
        (application_data, frank_aad, frank): (&[u8], Option<&FrankAAD>, Option<&Frank>),
        accepted_timestamp: u64,
        sender_uri: &UserUri,
        validate: impl FnOnce(&FrankingAgentData) -> Option<MatchedProvider>,
    ) -> Result<Option<VerifiedFrank<Signed>>, FrankingError> {
        if frank_aad.is_none() && frank.is_none() {
            return Ok(None);
        }
        let hub: DnsNameRef<'_> = self.hub.as_ref();
        let agent = FrankingAgent::of_group(suite, self.room.group_context(), hub, validate)?;
        let received = DecryptedMessage {
            application_data,
            frank_aad,
            frank,
            accepted_timestamp,
            sender_uri,
            room_uri: self.room.uri(),
        };
        receiver::verify(&agent, content, &received)
    }
}
