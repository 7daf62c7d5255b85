//! What a member receives: commits that the hub has let through, which it looks at again, with the key that the hub hasn't.

use mimi_codec::{
    Opaque,
    code_points::ComponentID,
    minimal_metadata::SealedConnectionResponse,
    mls::FramedContent,
    protocol::{FanoutEvent, FanoutMessage},
};
use mimi_crypto::Secret;
use mimi_pseudonym::{
    VerifiedIdentity,
    flow::transitive_add::receive_commit,
    rotation::{epoch_wrapper_key, receive_rewrap},
};
use openmls::prelude::{
    MlsMessageIn, OpenMlsProvider, ProcessedMessageContent, ProtocolMessage, StagedCommit,
};

use super::{Member, everybody};
use crate::{
    Result,
    decision::public_message,
    identity::Authority,
    minimal_metadata::{
        person::RealCredentials,
        room::{Judged, Objection, PublicRoom},
    },
    stack,
};

impl Member {
    /// Looks at a commit before accepting it: all that the hub looks at, and the links of those who are new, which the hub can't open.
    ///
    /// # Errors
    /// Why it isn't accepted.
    pub fn examine(&self, content: &FramedContent, authority: &Authority) -> Result<Examined, Objection> {
        let judged = self.room.judge(content)?;
        let check = RealCredentials(authority);
        let PublicRoom { link_keys, .. } = &self.room;
        if let Some(update) = judged.rewrap() {
            let next = self.next_wrapper_key.as_ref();
            let next = next.ok_or_else(|| Objection::Other("nobody was removed".to_owned()))?;
            receive_rewrap(&self.suite, &self.view(), next, update)?;
            return Ok(Examined { judged, newcomers: vec![] });
        }
        let leaves = judged.leaf_changes.leaves();
        let changes = judged.changes();
        let accepted =
            receive_commit(&self.suite, &self.wrapper_key, link_keys, leaves, &changes, &everybody, &check)?;
        let newcomers = accepted.identities;
        Ok(Examined { judged, newcomers })
    }

    /// Takes a commit that the hub has handed on: a FanoutMessage.
    ///
    /// # Errors
    /// When it is refused, or something else.
    pub fn receive(&mut self, body: &[u8], authority: &Authority) -> Result<Received> {
        let message: FanoutMessage = stack::decode(body)?;
        let FanoutEvent::Commit { message, .. } = message.event() else { return Err("not a commit".into()) };
        let public = public_message(message.get())?;
        let mls: MlsMessageIn = stack::to_openmls(message.get())?;
        let mls: ProtocolMessage = mls.try_into_protocol_message()?;
        // OpenMLS verifies who sent it.
        let content = self.group.process_message(&self.alias.mls, mls)?.into_content();
        let Examined { judged, newcomers } = self.examine(public.content(), authority)?;
        let staged = self.stage(content, &judged)?;
        self.group.merge_staged_commit(&self.alias.mls, staged)?;
        let response = judged.connection_response.clone();
        self.enter(judged)?;
        Ok(Received { newcomers, response })
    }

    fn stage(&self, content: ProcessedMessageContent, judged: &Judged) -> Result<StagedCommit> {
        match content {
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates = stack::updates(self.group.app_data_dictionary_updater(), &judged.changed()?);
                Ok(self.group.stage_app_data_commit(&self.alias.mls, *commit, updates)?)
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
            _ => Err("not a commit".into()),
        }
    }

    /// The epoch that a commit begins.
    pub(super) fn enter(&mut self, judged: Judged) -> Result<()> {
        let (is_rewrap, removes) = (judged.rewrap().is_some(), !judged.leaf_changes.removed().is_empty());
        self.room = PublicRoom::after(judged, stack::dictionary(self.group.public_group().group_context())?);
        if !self.group.is_active() {
            return Ok(());
        }
        if is_rewrap && let Some(next) = self.next_wrapper_key.take() {
            self.wrapper_key = next;
        }
        if removes {
            let (id, mls) = (ComponentID::IDENTITY_LINK_KEYS, &self.alias.mls);
            let secret = self.group.safe_export_secret(mls.crypto(), mls.storage(), id.0)?;
            let secret = Secret::new(&self.suite, secret)?;
            let group_id = Opaque::from(self.group.group_id().as_slice());
            self.next_wrapper_key = Some(epoch_wrapper_key(&self.suite, &secret, &group_id, self.epoch())?);
        }
        Ok(())
    }
}

/// A commit that may be accepted, and who comes with it.
pub struct Examined {
    judged: Judged,
    /// Who is new, at which leaf.
    pub newcomers: Vec<(u32, Option<VerifiedIdentity<()>>)>,
}

/// What a commit has brought.
pub struct Received {
    /// Who is new, at which leaf.
    pub newcomers: Vec<(u32, Option<VerifiedIdentity<()>>)>,
    /// The answer to a request for a connection.
    pub response: Option<SealedConnectionResponse>,
}
