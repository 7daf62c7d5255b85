//! What a hub proposes itself (mimi-protocol-06 §7.4): to remove clients and users, to ban, and
//! again what an external commit has voided.

use alloc::{boxed::Box, string::ToString, vec::Vec};

use mimi_codec::{
    Encode, Opaque, UserUri,
    code_points::{ComponentID, WireFormat},
    extensions::{AppDataUpdate, AppDataUpdateSelect, SafeAAD},
    mls::{
        Content, FramedContent, FramedContentAuthData, FramedContentTBS, Mls10, Proposal, PublicMessage,
        Remove, Sender,
    },
    protocol::{ParticipantListUpdate, ProposalMessage, UserindexRolePair},
};
use mimi_crypto::{CipherSuiteProvider, sign_with_label};
use mimi_policy::BANNED_ROLE;
use rand_core::CryptoRng;

use super::{Change, HostedRoom, Hub, HubError};
use crate::{Identity, MlsStack, Room};

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
    ) -> Result<Change<S>, HubError> {
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
    ) -> Result<Change<S>, HubError> {
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
    ) -> Result<Change<S>, HubError> {
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
    ) -> Result<Change<S>, HubError> {
        let messages = proposals.iter().map(|it| self.sign_proposal(&hosted.room, it, rng));
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        let accepted_at = hosted.next_time(now_ms).ok_or(crate::Refused::Time)?;
        let HostedRoom { room, stack, .. } = hosted;
        let decision = room.judge_proposals(stack, &self.suite, &self.identity, &messages, accepted_at)?;
        Ok(Change::Proposals { decision: Box::new(decision), accepted_at })
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
            authenticated_data(room)?,
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

/// Where the group has `safe_aad`, the authenticated data of every message begins with a SafeAAD
/// (mls-extensions-10 §4.9), here without items.
fn authenticated_data(room: &Room) -> Result<Opaque, HubError> {
    match room.dictionary().data(ComponentID::SAFE_AAD) {
        Some(_) => Ok(SafeAAD::default().to_bytes().map_err(|_| HubError::TooLong)?.into()),
        None => Ok(Opaque::default()),
    }
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
