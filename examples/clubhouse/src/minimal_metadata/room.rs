//! What all parties see of a minimal-metadata room, and how a commit is judged by it. No key is
//! needed: hub and members alike do this.

use std::fmt;

use mimi_codec::{
    Decode, Encode, Opaque,
    code_points::ComponentID,
    extensions::{AppDataDictionary, AppDataUpdate, SafeAAD},
    minimal_metadata::SealedConnectionResponse,
    mls::{
        Capabilities, Commit, Content, Credential, Extensions, FramedContent, GroupContext, LeafNode,
        LeafNodeSelect, Proposal, ProposalOrRef, RatchetTree, Sender, UpdatePath,
    },
    protocol::{PseudonymousCredential, UpdateResponseCode},
};
use mimi_crypto::RustCrypto;
use mimi_policy::{
    Actor, Identities, JoinCode, Request, RoomParts, RoomState, TableSeed, UnidentifiedError, UserUri,
};
use mimi_pseudonym::{
    CommitContent, JudgedCommit, LeafChanges, LinkKeys, PseudonymError, RoomLeaves, SealedRoom,
    WrapperKeyRule,
};

use super::judging::{Attributed, Decision, Refused, decide};
use crate::Result;

/// A room in one epoch, as anybody sees it.
pub struct PublicRoom {
    /// Participants, roles and clients: all of them pseudonyms.
    pub state: RoomState,
    /// The group's components.
    pub dictionary: AppDataDictionary,
    /// The pseudonymous credentials of the members, and their wrapped keys.
    pub sealed: SealedRoom,
}

impl PublicRoom {
    /// The pseudonymous credentials of the members.
    #[must_use]
    pub fn leaves(&self) -> &RoomLeaves {
        self.sealed.leaves()
    }

    /// Their wrapped keys.
    #[must_use]
    pub fn link_keys(&self) -> &LinkKeys {
        self.sealed.link_keys()
    }

    /// The room that a group is.
    ///
    /// # Errors
    /// When it is none, or not one of pseudonyms only.
    pub fn of_group(context: &GroupContext, tree: &RatchetTree, seed: TableSeed) -> Result<Self> {
        // The rooms of this story have agreed that members who go take the wrapper key out of use.
        let sealed = SealedRoom::of_group(context, tree, WrapperKeyRule::ChangesWithRemovals)?;
        let leaves = sealed.leaves();
        let dictionary = context.extensions.app_data_dictionary()?;
        let mut parts = RoomParts::from_dictionary(&dictionary)?;
        let clients = leaves
            .iter()
            .map(|(_, it)| (it.user_pseudonym.as_bytes().into(), it.client_pseudonym.as_bytes().into()));
        parts.clients = clients.collect();
        Ok(Self { state: RoomState::new(parts, seed)?, dictionary, sealed })
    }

    /// Judges a commit whose sender the MLS stack has verified: what it does to the leaves, to
    /// their keys, and to the room.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(&self, suite: &RustCrypto, content: &FramedContent) -> Result<Judged, Objection> {
        let Content::Commit { commit } = content.content() else {
            return Err(Objection::Other("not a commit".to_owned()));
        };
        let sender = content.sender();
        // In this story, all proposals stand in the commit.
        let written = commit.proposals.iter().map(|proposal| match proposal {
            ProposalOrRef::Proposal { proposal } => Ok((proposal, None)),
            ProposalOrRef::Reference { .. } => Err(Objection::Other("it refers to a proposal".to_owned())),
        });
        let proposals = written.collect::<Result<Vec<Attributed<'_>>, Objection>>()?;
        let path = commit.path.as_ref().map(|path| &path.leaf_node);
        let by = proposals.iter().map(|(proposal, by)| (*proposal, by.unwrap_or(sender)));
        let by: Vec<_> = by.collect();
        let aad = safe_aad(content.authenticated_data())?;
        let connection_response = aad.content::<SealedConnectionResponse>().transpose()?;
        let judged = self.sealed.judge(
            suite,
            &CommitContent {
                group_id: content.group_id(),
                epoch: *content.epoch(),
                committer: sender,
                proposals: &by,
                path,
                safe_aad: &aad,
            },
        )?;

        // The wrapped keys are mimi-pseudonym's, all else is mimi-policy's.
        let about_room: Vec<Attributed<'_>> =
            proposals.iter().filter(|(proposal, _)| !is_about_keys(proposal)).copied().collect();
        let who = Pseudonyms(self.leaves());
        let credential = path.map(|leaf| &leaf.credential);
        let request = Request::commit(&self.state, &who, sender, credential, about_room.iter().copied());
        let decision =
            decide(&self.state, &self.dictionary, request, &about_room).map_err(Objection::Policy)?;
        Ok(Judged { decision, keys: judged, connection_response })
    }
}

impl PublicRoom {
    /// Judges an external commit that is about to be made, by its joiner: an MLS stack wants to
    /// know what the components become before it makes the path.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn judge_join(
        &self,
        suite: &RustCrypto,
        context: &GroupContext,
        credential: &PseudonymousCredential,
        proposals: &[Proposal],
        authenticated_data: &[u8],
    ) -> Result<Judged> {
        let leaf_node = LeafNode {
            encryption_key: Vec::new().into(),
            signature_key: credential.signature_public_key.clone(),
            credential: Credential::Pseudonymous(credential.clone()),
            capabilities: Capabilities::default(),
            leaf_node_source: LeafNodeSelect::Update {},
            extensions: Extensions::new(vec![])?,
            signature: Opaque::default(),
        };
        let proposals = proposals.iter().cloned();
        let proposals = proposals.map(|it| ProposalOrRef::Proposal { proposal: it }).collect();
        let commit = Commit { proposals, path: Some(Box::new(UpdatePath { leaf_node, nodes: vec![] })) };
        let content = FramedContent::new(
            context.group_id.clone(),
            context.epoch,
            Sender::NewMemberCommit {},
            authenticated_data.into(),
            Content::Commit { commit },
        )?;
        Ok(self.judge(suite, &content)?)
    }

    /// The room after a commit that has taken effect.
    #[must_use]
    pub fn after(judged: Judged, dictionary: AppDataDictionary) -> Self {
        let Judged { decision, keys, .. } = judged;
        Self { state: decision.room, dictionary, sealed: keys.into_room() }
    }
}

fn is_about_keys(proposal: &Proposal) -> bool {
    matches!(proposal, Proposal::AppDataUpdate(update) if update.component_id == ComponentID::IDENTITY_LINK_KEYS)
}

/// `authenticated_data` of these rooms: a SafeAAD and nothing behind it, or nothing at all.
fn safe_aad(authenticated_data: &[u8]) -> Result<SafeAAD, Objection> {
    match authenticated_data {
        [] => Ok(SafeAAD::default()),
        bytes => Ok(SafeAAD::decode_exact(bytes)?),
    }
}

/// Who is behind a leaf, for mimi-policy: a pseudonym, since no user here knows more.
struct Pseudonyms<'a>(&'a RoomLeaves);

fn actor(credential: &PseudonymousCredential) -> std::result::Result<Actor, UnidentifiedError> {
    let user = (&credential.user_pseudonym).try_into()?;
    Ok(Actor::client(user, (&credential.client_pseudonym).try_into()?))
}

impl Identities for Pseudonyms<'_> {
    fn member(&self, leaf_index: u32) -> std::result::Result<Actor, UnidentifiedError> {
        self.0.get(leaf_index).map_or(Err(UnidentifiedError::Unknown), actor)
    }

    fn holder(&self, credential: &Credential) -> std::result::Result<Actor, UnidentifiedError> {
        match credential {
            Credential::Pseudonymous(credential) => actor(credential),
            _ => Err(UnidentifiedError::Unknown),
        }
    }

    fn external_sender(&self, _: u32) -> std::result::Result<Actor, UnidentifiedError> {
        Err(UnidentifiedError::Unknown)
    }

    fn join_code(&self, _: &UserUri, _: u32) -> Option<JoinCode> {
        None
    }

    /// The wrapped keys change by the rules of mimi-pseudonym, which judges every commit beside.
    fn allows_component(&self, _: &Actor, update: &AppDataUpdate) -> bool {
        update.component_id == ComponentID::IDENTITY_LINK_KEYS
    }
}

/// A commit that may be accepted, as far as can be told without a key.
pub struct Judged {
    /// What it does to the room, and by which right.
    pub decision: Decision,
    /// What it does to the leaves and their keys.
    pub keys: JudgedCommit,
    /// The answer to a connection request, if the joiner gives one.
    pub connection_response: Option<SealedConnectionResponse>,
}

impl Judged {
    /// What it does to the leaves.
    #[must_use]
    pub fn leaf_changes(&self) -> &LeafChanges {
        self.keys.changes()
    }

    /// The components whose data it changes, with their new data: what OpenMLS has to be told
    /// before it stages the commit, since they go into the key schedule.
    ///
    /// # Errors
    /// When something is too long.
    pub fn changed(&self) -> Result<Vec<(ComponentID, Option<Vec<u8>>)>> {
        let mut changed = self.decision.changed.clone();
        if !self.leaf_changes().key_updates().is_empty() {
            let keys = self.keys.after().link_keys().data().to_bytes()?;
            changed.push((ComponentID::IDENTITY_LINK_KEYS, Some(keys)));
        }
        Ok(changed)
    }
}

/// Why a commit is refused.
#[derive(Debug)]
pub enum Objection {
    /// The room's policy, or what it says about the room.
    Policy(Refused),
    /// The wrapped keys, or a link.
    Keys(PseudonymError),
    /// All else.
    Other(String),
}

impl Objection {
    /// What a hub answers.
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self {
            Self::Policy(refused) => refused.update_response_code(),
            Self::Keys(_) | Self::Other(_) => UpdateResponseCode::INVALID_PROPOSAL,
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(refused) => refused.fmt(f),
            Self::Keys(error) => error.fmt(f),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Objection {}

impl From<PseudonymError> for Objection {
    fn from(error: PseudonymError) -> Self {
        Self::Keys(error)
    }
}

impl From<mimi_codec::DecodeError> for Objection {
    fn from(error: mimi_codec::DecodeError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<crate::Error> for Objection {
    fn from(error: crate::Error) -> Self {
        Self::Other(error.to_string())
    }
}
