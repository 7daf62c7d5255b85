//! `POST /update/{roomId}` at the hub (mimi-protocol, 5.3).

use std::collections::BTreeSet;

use mimi_codec::{
    Encode,
    mls::{Commit, GroupInfo, MLSMessage, Proposal, ProposalOrRef, PublicMessage, Sender, Welcome},
    protocol::{
        CommitMessage, FanoutEvent, FanoutMessage, GroupInfoOption, HandshakeBundle, IdentifierUri,
        ProposalMessage, ProposalMessages, UpdateRequest, UpdateResponseCode, UpdateRoomResponse,
        WelcomeMessage,
    },
};
use mimi_crypto::verify_with_label;
use openmls::prelude::{
    LeafNodeIndex, MlsMessageIn, OpenMlsProvider, ProcessedMessageContent, ProtocolMessage, StagedCommit,
};

use super::{Answer, FanOut, HostedRoom, Hub, roster_of, staged_dictionary, to_all};
use crate::{
    Result,
    decision::{self, AcceptedProposal, Decision, Refused, Roster, Standpoint, commit_of, public_message},
    stack,
};

impl Hub {
    pub(super) fn decide_update(
        &mut self,
        uri: &IdentifierUri,
        request: UpdateRequest,
        now: u64,
    ) -> Result<Answer<UpdateRoomResponse>> {
        match request.bundle {
            HandshakeBundle::Commit { proposal_or_commit, welcome, group_info_option, .. } => {
                self.decide_commit(uri, &proposal_or_commit, welcome, *group_info_option, now)
            }
            HandshakeBundle::Proposal(proposals) => self.decide_proposals(uri, proposals, now),
        }
    }

    fn decide_commit(
        &mut self,
        uri: &IdentifierUri,
        message: &CommitMessage,
        welcome: Option<Welcome>,
        group_info: GroupInfoOption,
        now: u64,
    ) -> Result<Answer<UpdateRoomResponse>> {
        let room = self.room(uri)?;
        let public = public_message(message.get())?;
        let commit = commit_of(public)?;
        let saw = describe_commit(public.content().sender(), commit);
        let staged = self.judge_commit(room, message);
        let (decision, staged) = match staged {
            Ok(allowed) => allowed,
            Err(refused) => return Ok(refusal(saw, &refused)),
        };
        let Some(group_info) = full(group_info) else {
            return Ok(refusal(saw, &Refused::Mls("the hub wants the whole GroupInfo".to_owned())));
        };
        if let Err(error) = self.check_group_info(room, &group_info, public, commit, &staged) {
            return Ok(refusal(saw, &Refused::Mls(format!("the GroupInfo: {error}"))));
        }
        let why = decision.why.clone();
        // Members before the commit, so that those who are removed learn of it; whoever comes gets a Welcome or made the commit.
        let event = FanoutEvent::Commit { message: message.clone(), external_proposals: Vec::new() };
        let mut fan_out = to_all(room.domains(), &FanoutMessage::new(now, event)?);
        self.put_into_effect(uri, decision, staged, group_info)?;
        fan_out.extend(self.welcomes(self.room(uri)?, welcome, now)?);
        Ok(Answer {
            response: UpdateRoomResponse::Success {
                error_description: String::new(),
                accepted_timestamp: now,
            },
            code: "success".to_owned(),
            saw,
            why,
            fan_out,
        })
    }

    /// MLS first, then the credentials and the room's policy, and MLS again for the epoch that they lead to.
    fn judge_commit(
        &self,
        room: &HostedRoom,
        message: &CommitMessage,
    ) -> Result<(Decision, StagedCommit), Refused> {
        let malformed = |error: crate::Error| Refused::Mls(error.to_string());
        let processed = self.verify(room, message.get()).map_err(malformed)?;
        let roster = room.roster_with_codes();
        let decision = self.standpoint(room, &roster).judge_commit(message)?;
        let staged = self.stage(room, processed, &decision).map_err(malformed)?;
        Ok((decision, staged))
    }

    fn standpoint<'a>(&'a self, room: &'a HostedRoom, roster: &'a Roster) -> Standpoint<'a> {
        let HostedRoom { room, dictionary, accepted, .. } = room;
        Standpoint { authority: &self.authority, room, dictionary, roster, accepted }
    }

    /// What OpenMLS makes of a handshake: signature, membership and the rules of RFC 9420.
    fn verify(&self, room: &HostedRoom, message: &MLSMessage) -> Result<ProcessedMessageContent> {
        let message: MlsMessageIn = stack::to_openmls(message)?;
        let message: ProtocolMessage = message.try_into_protocol_message()?;
        Ok(room.group.process_message(self.mls.crypto(), message)?.into_content())
    }

    /// The next epoch, with the components that the decision leads to.
    fn stage(
        &self,
        room: &HostedRoom,
        processed: ProcessedMessageContent,
        decision: &Decision,
    ) -> Result<StagedCommit> {
        let staged = match processed {
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates = stack::updates(room.group.app_data_dictionary_updater(), &decision.changed);
                room.group.stage_app_data_commit(self.mls.crypto(), *commit, updates)?
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
            _ => return Err("not a commit".into()),
        };
        decision.room.matches(&staged_dictionary(&staged)?)?;
        Ok(staged)
    }

    /// Who joins from outside will rely on it: it is of the new epoch, and the committer has signed it.
    fn check_group_info(
        &self,
        room: &HostedRoom,
        group_info: &GroupInfo,
        public: &PublicMessage,
        commit: &Commit,
        staged: &StagedCommit,
    ) -> Result<()> {
        let context: mimi_codec::mls::GroupContext = stack::of_openmls(staged.group_context())?;
        crate::ensure!(group_info.group_context == context, "it is of another epoch");
        let tag = public.auth().confirmation_tag.as_ref();
        crate::ensure!(tag == Some(&group_info.confirmation_tag), "it has another confirmation tag");
        let signer = match public.content().sender() {
            Sender::Member { leaf_index } => *leaf_index,
            _ => room.group.ext_commit_sender_index(staged)?.u32(),
        };
        crate::ensure!(group_info.signer == signer, "somebody else has signed it");
        let key = match (&commit.path, room.group.leaf(LeafNodeIndex::new(signer))) {
            (Some(path), _) => path.leaf_node.signature_key.clone(),
            (None, Some(leaf)) => leaf.signature_key().as_slice().into(),
            (None, None) => return Err("nobody has signed it".into()),
        };
        let tbs = group_info.tbs().to_bytes()?;
        verify_with_label(&self.suite, &key, b"GroupInfoTBS", &tbs, &group_info.signature)?;
        Ok(())
    }

    fn put_into_effect(
        &mut self,
        uri: &IdentifierUri,
        decision: Decision,
        staged: StagedCommit,
        group_info: GroupInfo,
    ) -> Result<()> {
        let room = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        room.group.merge_commit(self.mls.storage(), staged)?;
        room.dictionary = stack::dictionary(room.group.group_context())?;
        let members = std::mem::replace(&mut room.roster, roster_of(&room.group)?).members;
        for joined in room.roster.members.values().filter(|it| !members.values().any(|old| old == *it)) {
            room.codes.use_up(&(&joined.user).try_into()?);
        }
        room.room = decision.room;
        room.accepted.clear();
        room.group_info = group_info;
        Ok(())
    }

    /// A Welcome goes to the providers whose key packages it is for, with the tree (mimi-protocol, 5.5).
    fn welcomes(&self, room: &HostedRoom, welcome: Option<Welcome>, now: u64) -> Result<Vec<FanOut>> {
        let Some(welcome) = welcome else { return Ok(Vec::new()) };
        let references = welcome.secrets.iter().map(|secrets| &secrets.new_member);
        let domains: BTreeSet<String> =
            references.filter_map(|reference| self.key_package_origins.get(reference).cloned()).collect();
        let message = WelcomeMessage::new(MLSMessage::from(welcome))?;
        let ratchet_tree_option = Box::new(room.ratchet_tree()?);
        let message = FanoutMessage::new(now, FanoutEvent::Welcome { message, ratchet_tree_option })?;
        Ok(to_all(domains, &message))
    }

    fn decide_proposals(
        &mut self,
        uri: &IdentifierUri,
        proposals: ProposalMessages,
        now: u64,
    ) -> Result<Answer<UpdateRoomResponse>> {
        let room = self.room(uri)?;
        let messages: Vec<&ProposalMessage> = proposals.iter().collect();
        let list = messages.iter().map(|message| decision::accepted(&self.suite, message, now));
        let list = list.collect::<Result<Vec<AcceptedProposal>>>()?;
        let saw = format!("{} proposals: {}", list.len(), names(list.iter().map(|it| &it.proposal)));
        let verified = messages.iter().map(|message| match self.verify(room, message.get()) {
            Ok(ProcessedMessageContent::ProposalMessage(queued)) => Ok(*queued),
            Ok(_) => Err(Refused::Mls("not a proposal".to_owned())),
            Err(error) => Err(Refused::Mls(error.to_string())),
        });
        let verified = verified.collect::<Result<Vec<_>, _>>();
        let judged = verified.and_then(|verified| {
            let decision = self.standpoint(room, &room.roster).judge_proposals(&list)?;
            Ok((decision, verified))
        });
        let (decision, verified) = match judged {
            Ok(judged) => judged,
            Err(refused) => return Ok(refusal(saw, &refused)),
        };
        let event = FanoutEvent::Proposal(proposals.clone());
        let fan_out = to_all(room.domains(), &FanoutMessage::new(now, event)?);
        let room = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        for queued in verified {
            room.group.add_proposal(self.mls.storage(), queued)?;
        }
        // What is accepted counts from now on (mimi-protocol, 7.1).
        room.room = decision.room;
        room.accepted.extend(list);
        Ok(Answer {
            response: UpdateRoomResponse::Success {
                error_description: String::new(),
                accepted_timestamp: now,
            },
            code: "success".to_owned(),
            saw,
            why: decision.why,
            fan_out,
        })
    }
}

fn full(option: GroupInfoOption) -> Option<GroupInfo> {
    match option {
        GroupInfoOption::Full { group_info } => Some(group_info.into_inner()),
        GroupInfoOption::Partial { .. } => None,
    }
}

/// The answer that says no.
fn refusal(saw: String, refused: &Refused) -> Answer<UpdateRoomResponse> {
    let error_description = refused.to_string();
    let why = vec![error_description.clone()];
    let (response, code) = match refused.update_response_code() {
        UpdateResponseCode::INVALID_PROPOSAL => {
            let invalid_proposals = match refused {
                Refused::UnknownReference(reference) => vec![reference.clone()],
                // The draft names proposals by their references; those in a commit have none.
                _ => Vec::new(),
            };
            (UpdateRoomResponse::InvalidProposal { error_description, invalid_proposals }, "invalidProposal")
        }
        _ => (UpdateRoomResponse::NotAllowed { error_description }, "notAllowed"),
    };
    Answer { response, code: code.to_owned(), saw, why, fan_out: Vec::new() }
}

fn describe_commit(sender: &Sender, commit: &Commit) -> String {
    let by = match sender {
        Sender::Member { leaf_index } => format!("by leaf {leaf_index}"),
        Sender::NewMemberCommit {} => "from outside".to_owned(),
        _ => "by nobody who commits".to_owned(),
    };
    let written = commit.proposals.iter().filter_map(|proposal| match proposal {
        ProposalOrRef::Proposal { proposal } => Some(proposal),
        ProposalOrRef::Reference { .. } => None,
    });
    let referred = commit.proposals.iter().filter(|it| matches!(it, ProposalOrRef::Reference { .. })).count();
    let mut parts = vec![names(written)];
    if referred > 0 {
        parts.push(format!("{referred} accepted before"));
    }
    parts.retain(|it| !it.is_empty());
    format!("a commit {by}: {}", if parts.is_empty() { "new keys".to_owned() } else { parts.join(", ") })
}

/// The kinds of proposals, as the drafts name them.
fn names<'p>(proposals: impl Iterator<Item = &'p Proposal>) -> String {
    let names = proposals.map(|proposal| match proposal {
        Proposal::Add(_) => "Add".to_owned(),
        Proposal::Remove(remove) => format!("Remove(leaf {})", remove.removed),
        Proposal::AppDataUpdate(update) => format!("AppDataUpdate({})", update.component_id),
        Proposal::SelfRemove(_) => "SelfRemove".to_owned(),
        Proposal::ExternalInit(_) => "ExternalInit".to_owned(),
        Proposal::ReInit(_) => "ReInit".to_owned(),
        Proposal::GroupContextExtensions(_) => "GroupContextExtensions".to_owned(),
        Proposal::Update(_) => "Update".to_owned(),
        Proposal::PreSharedKey(_) => "PreSharedKey".to_owned(),
        Proposal::AppEphemeral(_) => "AppEphemeral".to_owned(),
        Proposal::Other(other) => other.proposal_type().to_string(),
    });
    names.collect::<Vec<_>>().join(", ")
}
