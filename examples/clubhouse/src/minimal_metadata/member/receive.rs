//! What a member receives: commits that the hub has let through. It judges them again and follows
//! them, and opens the links of those who are new with the key that the hub does not have.

use mimi_codec::{
    Opaque,
    code_points::ComponentID,
    minimal_metadata::SealedConnectionResponse,
    mls::FramedContent,
    protocol::{FanoutEvent, FanoutMessage},
};
use mimi_crypto::Secret;
use mimi_pseudonym::{Followed, KnownRoom, flow::learn::LeafIdentity, rotation::epoch_wrapper_key};
use openmls::prelude::{
    MlsMessageIn, OpenMlsProvider, ProcessedMessageContent, ProtocolMessage, StagedCommit,
};

use super::{Member, all_linked};
use crate::{
    Result,
    identity::Authority,
    minimal_metadata::{
        judging::{self, public_message},
        person::RealCredentials,
        room::{Judged, Objection, PublicRoom},
    },
    stack,
};

impl Member {
    /// Looks at a commit before it is staged: all that the hub looks at.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn judge(&self, content: &FramedContent) -> Result<Judged, Objection> {
        self.room.judge(&self.suite, content)
    }

    /// What a commit would tell this member, who follows it whatever fails.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn examine(&self, content: &FramedContent, authority: &Authority) -> Result<Received, Objection> {
        let judged = self.judge(content)?;
        let mut known = self.known.clone();
        let followed = known.follow(&self.suite, judged.keys, &all_linked, &RealCredentials(authority))?;
        Ok(Received::of(&known, &followed, judged.connection_response))
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
        let judged = self.judge(public.content())?;
        let staged = self.stage(content, &judged)?;
        self.group.merge_staged_commit(&self.alias.mls, staged)?;
        let response = judged.connection_response.clone();
        let followed = self.enter(judged, authority)?;
        Ok(Received::of(&self.known, &followed, response))
    }

    fn stage(&self, content: ProcessedMessageContent, judged: &Judged) -> Result<StagedCommit> {
        match content {
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates = judging::updates(self.group.app_data_dictionary_updater(), &judged.changed()?);
                Ok(self.group.stage_app_data_commit(&self.alias.mls, *commit, updates)?)
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
            _ => Err("not a commit".into()),
        }
    }

    /// The epoch that a commit begins.
    pub(super) fn enter(&mut self, judged: Judged, authority: &Authority) -> Result<Followed> {
        let keys = judged.keys.clone();
        self.room =
            PublicRoom::after(judged, judging::dictionary(self.group.public_group().group_context())?);
        if !self.group.is_active() {
            return Ok(Followed::default());
        }
        let followed = self.known.follow(&self.suite, keys, &all_linked, &RealCredentials(authority))?;
        if followed.begins_rotation {
            let (id, mls) = (ComponentID::IDENTITY_LINK_KEYS, &self.alias.mls);
            let secret = self.group.safe_export_secret(mls.crypto(), mls.storage(), id.0)?;
            let secret = Secret::new(&self.suite, secret)?;
            let group_id = Opaque::from(self.group.group_id().as_slice());
            let next = epoch_wrapper_key(&self.suite, &secret, &group_id, self.epoch())?;
            self.known.set_next_wrapper_key(next);
        }
        Ok(followed)
    }
}

/// What a commit has brought.
pub struct Received {
    /// Who is new, at which leaf, or why that is not known.
    pub newcomers: Vec<(u32, LeafIdentity<()>)>,
    /// The answer to a request for a connection.
    pub response: Option<SealedConnectionResponse>,
}

impl Received {
    fn of(known: &KnownRoom<()>, followed: &Followed, response: Option<SealedConnectionResponse>) -> Self {
        let leaves = followed.changed.iter();
        let newcomers = leaves.filter_map(|leaf| Some((*leaf, known.get(*leaf)?.clone()))).collect();
        Self { newcomers, response }
    }
}
