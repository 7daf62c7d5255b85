//! What the hub hands on: it is verified with MLS and judged by the room's policy before it has an effect, whatever the hub thinks of it.

use mimi_codec::{
    mls::{MLSMessage, ProposalRef},
    protocol::{
        CommitMessage, FanoutEvent, FanoutMessage, HandshakeBundle, IdentifierUri, ProposalMessage,
        UpdateRequest,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use openmls::prelude::{
    MlsMessageIn, OpenMlsProvider, ProcessedMessage, ProcessedMessageContent, ProtocolMessage, StagedCommit,
};

use super::{Client, Membership, Read};
use crate::{
    Result,
    decision::{self, AcceptedProposal, Decision, Refused, Standpoint},
    identity::Authority,
    stack,
};

/// What came of a message.
#[derive(Debug)]
pub enum Received {
    /// The client has joined.
    Joined,
    /// Proposals wait for a commit.
    Proposals(Vec<ProposalRef>),
    /// A commit took effect: what it changed, and by which rights.
    Commit(Vec<String>),
    /// A commit took effect, and this client is no longer in the room.
    Removed,
    /// A message.
    Message(Read),
    /// A message that its sender may not send, or with a wrong frank: it has no effect.
    RefusedMessage(String),
    /// The client refuses a handshake, whatever the hub has said.
    Refused(Refused),
}

impl Client {
    /// Takes what the hub has fanned out.
    ///
    /// # Errors
    /// When it is nothing that the client understands.
    pub fn receive(&mut self, room: &IdentifierUri, body: &[u8]) -> Result<Received> {
        let (timestamp, event) = stack::decode::<FanoutMessage>(body)?.into_parts();
        match event {
            FanoutEvent::Welcome { message, ratchet_tree_option } => {
                let welcome = message.welcome().ok_or("no Welcome")?;
                let RatchetTreeOption::Full { ratchet_tree } = &*ratchet_tree_option else {
                    return Err("the tree is not here".into());
                };
                self.join(room, welcome, ratchet_tree)?;
                Ok(Received::Joined)
            }
            FanoutEvent::Proposal(proposals) => {
                let messages: Vec<ProposalMessage> = proposals.iter().cloned().collect();
                self.receive_proposals(room, &messages, timestamp)
            }
            FanoutEvent::Commit { message, .. } => self.receive_commit(room, &message),
            FanoutEvent::Application { message, frank } => {
                match self.receive_message(room, &message, frank.as_ref(), timestamp) {
                    Ok(read) => Ok(Received::Message(read)),
                    Err(error) => Ok(Received::RefusedMessage(error.to_string())),
                }
            }
        }
    }

    fn receive_proposals(
        &mut self,
        room: &IdentifierUri,
        messages: &[ProposalMessage],
        timestamp: u64,
    ) -> Result<Received> {
        let suite = self.suite;
        let list = messages.iter().map(|message| decision::accepted(&suite, message, timestamp));
        let list = list.collect::<Result<Vec<AcceptedProposal>>>()?;
        let mut queued = Vec::new();
        for message in messages {
            match self.process(room, message.get())?.into_content() {
                ProcessedMessageContent::ProposalMessage(proposal) => queued.push(*proposal),
                _ => return Err("not a proposal".into()),
            }
        }
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let decision = match membership.standpoint(&self.authority).judge_proposals(&list) {
            Ok(decision) => decision,
            Err(refused) => return Ok(Received::Refused(refused)),
        };
        for proposal in queued {
            membership.group.store_pending_proposal(self.mls.storage(), proposal)?;
        }
        let references = list.iter().map(|it| it.reference.clone()).collect();
        membership.room = decision.room;
        membership.accepted.extend(list);
        Ok(Received::Proposals(references))
    }

    /// The hub has accepted the client's own proposals, which OpenMLS has queued when it made them: they count from now on.
    ///
    /// # Errors
    /// When they are none.
    pub fn proposals_were_accepted(
        &mut self,
        room: &IdentifierUri,
        request: &UpdateRequest,
        timestamp: u64,
    ) -> Result<()> {
        let HandshakeBundle::Proposal(proposals) = &request.bundle else {
            return Err("not a proposal".into());
        };
        let list = proposals.iter().map(|message| decision::accepted(&self.suite, message, timestamp));
        let list = list.collect::<Result<Vec<AcceptedProposal>>>()?;
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let decision = membership.standpoint(&self.authority).judge_proposals(&list);
        membership.room = decision.map_err(|refused| refused.to_string())?.room;
        membership.accepted.extend(list);
        Ok(())
    }

    fn receive_commit(&mut self, room: &IdentifierUri, message: &CommitMessage) -> Result<Received> {
        // OpenMLS first: the sender's signature, and the rules of RFC 9420.
        let processed = self.process(room, message.get())?;
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let decision = match membership.standpoint(&self.authority).judge_commit(message) {
            Ok(decision) => decision,
            Err(refused) => return Ok(Received::Refused(refused)),
        };
        let staged = match processed.into_content() {
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates =
                    stack::updates(membership.group.app_data_dictionary_updater(), &decision.changed);
                membership.group.stage_app_data_commit(&self.mls, *commit, updates)?
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
            _ => return Err("not a commit".into()),
        };
        let removed = staged.self_removed();
        self.merge(room, staged, decision, removed)
    }

    fn merge(
        &mut self,
        room: &IdentifierUri,
        staged: StagedCommit,
        decision: Decision,
        removed: bool,
    ) -> Result<Received> {
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        membership.group.merge_staged_commit(&self.mls, staged)?;
        // Whatever it was about to commit itself was of the epoch before.
        membership.pending = None;
        if removed {
            self.rooms.remove(room);
            return Ok(Received::Removed);
        }
        let why = decision.why.clone();
        membership.enter(decision)?;
        Ok(Received::Commit(why))
    }

    pub(super) fn process(&mut self, room: &IdentifierUri, message: &MLSMessage) -> Result<ProcessedMessage> {
        let message: MlsMessageIn = stack::to_openmls(message)?;
        let message: ProtocolMessage = message.try_into_protocol_message()?;
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        Ok(membership.group.process_message(&self.mls, message)?)
    }
}

impl Membership {
    fn standpoint<'a>(&'a self, authority: &'a Authority) -> Standpoint<'a> {
        let Self { room, dictionary, roster, accepted, .. } = self;
        Standpoint { authority, room, dictionary, roster, accepted }
    }
}
