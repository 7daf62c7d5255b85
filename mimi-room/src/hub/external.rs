//! What a hub proposes itself (mimi-protocol-06 §7.4): to remove clients and users, to ban, and
//! again what an external commit has voided.

use alloc::{boxed::Box, string::ToString, vec::Vec};

use mimi_codec::{
    DnsName, Encode, Octets, Opaque, UserUri,
    code_points::{ComponentID, ExtensionType, WireFormat},
    extensions::{AppDataUpdate, AppDataUpdateSelect, SafeAAD},
    mls::{
        Content, Extensions, ExternalSender, ExternalSenders, FramedContent, FramedContentAuthData,
        FramedContentTBS, GroupContextExtensions, Mls10, Proposal, PublicMessage, Remove, Sender,
    },
    protocol::{AbuseType, IdentifierUri, ParticipantListUpdate, ProposalMessage, UserindexRolePair},
    retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent},
};
use mimi_content::MessageId;
use mimi_crypto::{CipherSuiteProvider, sign_with_label};
use mimi_policy::BANNED_ROLE;
use rand_core::CryptoRng;

use super::{HostedRoom, Hub, HubChange, HubError};
use crate::{Identity, MlsStack, Room, client::ephemeral};

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// Proposes to take the clients of a user out of the group. The user stays on the list.
    ///
    /// # Errors
    /// [`HubError`]: above all [`HubError::Refused`] if the hub has no right to it in this room.
    pub fn kick<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        user: &UserUri,
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<HubChange<S>, HubError> {
        let proposals = removes(&hosted.room, user);
        self.propose(hosted, &proposals, now_ms, rng)
    }

    /// Proposes to take a user off the list, with all its clients.
    ///
    /// # Errors
    /// [`HubError`].
    pub fn remove_user<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        user: &UserUri,
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<HubChange<S>, HubError> {
        let update = ParticipantListUpdate {
            changed_role_participants: Vec::new(),
            removed_indices: alloc::vec![index_of(&hosted.room, user)?],
            added_participants: Vec::new(),
        };
        let mut proposals = alloc::vec![list_update(&update)?];
        proposals.extend(removes(&hosted.room, user));
        self.propose(hosted, &proposals, now_ms, rng)
    }

    /// Proposes to ban a user, and to take all its clients out of the group.
    ///
    /// # Errors
    /// [`HubError`].
    pub fn ban<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        user: &UserUri,
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<HubChange<S>, HubError> {
        let user_index = index_of(&hosted.room, user)?;
        let update = ParticipantListUpdate {
            changed_role_participants: alloc::vec![UserindexRolePair { user_index, role_index: BANNED_ROLE }],
            removed_indices: Vec::new(),
            added_participants: Vec::new(),
        };
        let mut proposals = alloc::vec![list_update(&update)?];
        proposals.extend(removes(&hosted.room, user));
        self.propose(hosted, &proposals, now_ms, rng)
    }

    /// Proposes to retract single messages for everyone (mimi-hub-retracted-messages-00 §3.1), on
    /// its own account or a user's.
    ///
    /// # Errors
    /// [`HubError`]: above all [`HubError::Refused`] if the hub's role lacks
    /// `canDeleteOtherMessage`.
    pub fn retract<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        messages: &[MessageId],
        on_behalf_of: Option<&UserUri>,
        reason: Option<AbuseType>,
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<HubChange<S>, HubError> {
        let data = HubRetractedMessagesComponent {
            hub_retracted_timestamp: now_ms,
            remover_uri: self.remover(on_behalf_of)?,
            reason_code: reason,
            retracted_messages: messages.iter().map(|id| Octets::from(*id.as_bytes())).collect(),
        };
        let proposal = ephemeral(ComponentID::HUB_RETRACTED_MESSAGES, &data);
        self.propose(hosted, &[proposal.map_err(|_| HubError::TooLong)?], now_ms, rng)
    }

    /// Proposes to retract the messages of one sender for everyone, those from a time on or all
    /// (mimi-hub-retracted-messages-00 §3.2).
    ///
    /// # Errors
    /// Those of [`Self::retract`].
    #[allow(clippy::too_many_arguments, reason = "the fields of the component")]
    pub fn retract_all_of<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        sender: &UserUri,
        since_ms: Option<u64>,
        on_behalf_of: Option<&UserUri>,
        reason: Option<AbuseType>,
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<HubChange<S>, HubError> {
        let data = HubRetractedRangeComponent {
            hub_retracted_timestamp: now_ms,
            remover_uri: self.remover(on_behalf_of)?,
            reason_code: reason,
            abusive_sender_uri: IdentifierUri::from(sender),
            starting_timestamp: since_ms,
        };
        let proposal = ephemeral(ComponentID::HUB_RETRACTED_RANGE, &data);
        self.propose(hosted, &[proposal.map_err(|_| HubError::TooLong)?], now_ms, rng)
    }

    fn remover(&self, on_behalf_of: Option<&UserUri>) -> Result<IdentifierUri, HubError> {
        match on_behalf_of {
            Some(user) => Ok(user.into()),
            None => {
                let server = self.identity.external_sender(&self.external_sender);
                Ok((&server.ok_or(HubError::NotAnExternalSender)?.uri).into())
            }
        }
    }

    /// Proposes another list of external senders, with this hub's own entry on it
    /// (mimi-protocol-06 §7.4): followers that may propose from now on, or no longer.
    ///
    /// # Errors
    /// [`HubError`]: [`HubError::Refused`] for a list without the hub.
    pub fn set_external_senders<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        senders: Vec<ExternalSender>,
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<HubChange<S>, HubError> {
        let proposal = external_senders_proposal(&hosted.room, senders)?;
        self.propose(hosted, &[proposal], now_ms, rng)
    }

    /// The proposal that takes the external senders of departed providers off the list, if there
    /// are any.
    pub(super) fn without_departed(&self, room: &Room, departed: &[DnsName]) -> Option<Proposal> {
        let senders = room.group_context().extensions.content::<ExternalSenders>()?.ok()?;
        let departs = |sender: &ExternalSender| {
            let server = self.identity.external_sender(sender);
            let server = server.as_ref().and_then(|it| it.uri.mimi_uri());
            server.is_some_and(|uri| departed.iter().any(|it| it.as_ref() == uri.host()))
        };
        let all = senders.external_senders.len();
        let stay = senders.external_senders.into_iter();
        let stay: Vec<_> = stay.filter(|it| *it == self.external_sender || !departs(it)).collect();
        if stay.len() == all { None } else { external_senders_proposal(room, stay).ok() }
    }

    /// Proposes as an external sender. The room judges the hub like any other sender.
    ///
    /// # Errors
    /// [`HubError`].
    pub fn propose<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        proposals: &[Proposal],
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<HubChange<S>, HubError> {
        let messages = proposals.iter().map(|it| self.sign_proposal(&hosted.room, it, rng));
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        let accepted_at = hosted.next_time(now_ms).ok_or(crate::RoomRefusal::Time)?;
        let HostedRoom { room, stack, .. } = hosted;
        let decision = room.judge_proposals(stack, &self.suite, &self.identity, &messages, accepted_at)?;
        Ok(HubChange::Proposals { decision: Box::new(decision), accepted_at })
    }

    /// Proposes in the new epoch what an external commit has voided, and accepts it at once, as
    /// one list: the members judge what is stapled to the commit together. A list that the new
    /// epoch makes pointless is dropped as a whole.
    pub(super) fn propose_again<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        voided: Vec<Vec<Proposal>>,
        now_ms: u64,
        rng: &mut dyn CryptoRng,
    ) -> Vec<ProposalMessage> {
        let mut again = Vec::new();
        let mut last = None;
        for list in voided {
            let signed = list.iter().map(|it| self.sign_proposal(&hosted.room, it, rng));
            let Ok(signed) = signed.collect::<Result<Vec<_>, _>>() else { continue };
            let mut longer: Vec<ProposalMessage> = again.clone();
            longer.extend(signed);
            let HostedRoom { room, stack, .. } = hosted;
            if let Ok(decision) = room.judge_proposals(stack, &self.suite, &self.identity, &longer, now_ms) {
                again = longer;
                last = Some(decision);
            }
        }
        let HostedRoom { room, stack, .. } = hosted;
        match last.map(|decision| room.apply_proposals(stack, decision)) {
            Some(Ok(_)) => again,
            _ => Vec::new(),
        }
    }

    /// A proposal of the hub as a PublicMessage of this epoch (RFC 9420 §12.1.8).
    fn sign_proposal(
        &self,
        room: &Room,
        proposal: &Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<ProposalMessage, HubError> {
        let sender_index = self.sender_index(room).ok_or(HubError::NotAnExternalSender)?;
        let content = FramedContent::new(
            room.group_context().group_id.clone(),
            room.epoch(),
            Sender::External { sender_index },
            no_safe_aad(room)?,
            Content::Proposal { proposal: proposal.clone() },
        );
        let content = content.map_err(|_| HubError::NotAllowed)?;
        let tbs = FramedContentTBS::new(Mls10, WireFormat::MLS_PUBLIC_MESSAGE, content.clone(), None);
        let tbs = tbs.map_err(|_| HubError::NotAllowed)?;
        let tbs = tbs.to_bytes().map_err(|_| HubError::TooLong)?;
        let signature = sign_with_label(&self.suite, &self.signing_key, b"FramedContentTBS", &tbs, rng)?;
        let auth = FramedContentAuthData { signature: signature.into(), confirmation_tag: None };
        let message = PublicMessage::new(content, auth, None).map_err(|_| HubError::NotAllowed)?;
        ProposalMessage::new(message.into())
            .map_err(|error| HubError::Mls(alloc::format!("{error:?}").to_string()))
    }
}

/// The authenticated data of a message that says nothing there: in a group with the component
/// `safe_aad`, a SafeAAD without items (mls-extensions-10 §4.9).
fn no_safe_aad(room: &Room) -> Result<Opaque, HubError> {
    if room.dictionary().data(ComponentID::SAFE_AAD).is_none() {
        return Ok(Opaque::default());
    }
    Ok(SafeAAD::default().to_bytes().map_err(|_| HubError::TooLong)?.into())
}

fn external_senders_proposal(room: &Room, senders: Vec<ExternalSender>) -> Result<Proposal, HubError> {
    let senders = ExternalSenders { external_senders: senders }.to_bytes().map_err(|_| HubError::TooLong)?;
    let mut extensions = room.group_context().extensions.as_slice().to_vec();
    for extension in &mut extensions {
        if extension.extension_type == ExtensionType::EXTERNAL_SENDERS {
            extension.extension_data = senders.clone().into();
        }
    }
    let extensions = Extensions::new(extensions).map_err(|_| HubError::NotAnExternalSender)?;
    Ok(Proposal::GroupContextExtensions(GroupContextExtensions { extensions }))
}

fn removes(room: &Room, user: &UserUri) -> Vec<Proposal> {
    room.members().leaves_of(user).map(|removed| Proposal::Remove(Remove { removed })).collect()
}

fn index_of(room: &Room, user: &UserUri) -> Result<u32, HubError> {
    room.policy().index_of(user).ok_or(HubError::NotAParticipant)
}

pub(crate) fn list_update(update: &ParticipantListUpdate) -> Result<Proposal, HubError> {
    let update = update.to_bytes().map_err(|_| HubError::TooLong)?.into();
    let op = AppDataUpdateSelect::Update { update };
    Ok(Proposal::AppDataUpdate(AppDataUpdate { component_id: ComponentID::PARTICIPANT_LIST, op }))
}
