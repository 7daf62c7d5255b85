//! A commit, as far as pseudonyms and wrapped keys are concerned.

use std::collections::BTreeMap;

use mimi_codec::Opaque;
use mimi_codec::code_points::WireFormat;
use mimi_codec::extensions::SafeAAD;
use mimi_codec::mls::{
    AuthenticatedContent, Content, FramedContent, LeafNode, MLSMessage, MLSMessageBody, Proposal,
    ProposalOrRef, ProposalRef, Sender,
};
use mimi_crypto::{RustCrypto, proposal_ref};
use mimi_pseudonym::{CommitContent, JudgedCommit, SealedRoom};

use super::{decode, encode, failed, suite, too_long};
use crate::{Error, ErrorKind, Result};

/// A commit with the proposals that it names. Your MLS stack has verified who sent each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    cipher_suite: u16,
    group_id: Opaque,
    epoch: u64,
    committer: Sender,
    proposals: Vec<(Proposal, Sender)>,
    path: Option<LeafNode>,
    safe_aad: SafeAAD,
}

/// What a commit does to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitChanges {
    /// The leaves where clients are added.
    pub added: Vec<u32>,
    /// The leaves that the commit blanks, even if it fills them again.
    pub removed: Vec<u32>,
    /// The leaves that get another credential.
    pub updated: Vec<u32>,
    /// Whether it only puts all keys under another wrapper key.
    pub is_rewrap: bool,
    /// Whether it begins a change of the wrapper key.
    pub begins_rotation: bool,
    /// The encoded IdentityLinkKeysData after the commit: the component's data in the next
    /// GroupContext.
    pub identity_link_keys: Vec<u8>,
}

impl Commit {
    /// The commit in an encoded MLSMessage with a PublicMessage. `waiting` are the messages of the
    /// epoch's proposals that the commit may name by reference; others do no harm.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] for other bytes, [`ErrorKind::InvalidInput`] for a message that is
    /// not a commit, [`ErrorKind::Unknown`] for a reference to none of the proposals.
    pub fn of_public_message(cipher_suite: u16, message: &[u8], waiting: &[Vec<u8>]) -> Result<Self> {
        Self::new(cipher_suite, message, waiting, public_content)
    }

    /// The commit in an encoded AuthenticatedContent (RFC 9420 §6), as a stack has decrypted it
    /// from a PrivateMessage or a SemiPrivateMessage. `waiting` are such contents of proposals.
    ///
    /// # Errors
    ///
    /// As [`of_public_message`](Self::of_public_message).
    pub fn of_authenticated_content(cipher_suite: u16, content: &[u8], waiting: &[Vec<u8>]) -> Result<Self> {
        Self::new(cipher_suite, content, waiting, |bytes| decode("RFC 9420 §6", bytes))
    }

    fn new(
        cipher_suite: u16,
        message: &[u8],
        waiting: &[Vec<u8>],
        read: impl Fn(&[u8]) -> Result<AuthenticatedContent>,
    ) -> Result<Self> {
        let provider = suite(cipher_suite)?;
        let sent = read(message)?;
        let content: &FramedContent = sent.content();
        let Content::Commit { commit } = content.content() else {
            return Err(Error::input("message", "not a commit"));
        };
        let mut known = BTreeMap::new();
        for (place, message) in waiting.iter().enumerate() {
            let sent = read(message)?;
            let Content::Proposal { proposal } = sent.content().content() else {
                return Err(Error::input(&format!("waiting[{place}]"), "not a proposal"));
            };
            let proposal = (proposal.clone(), sent.content().sender().clone());
            known.insert(reference_of(&provider, &sent)?, proposal);
        }
        let committer = content.sender();
        let mut proposals = Vec::with_capacity(commit.proposals.len());
        for (place, proposal) in commit.proposals.iter().enumerate() {
            proposals.push(match proposal {
                ProposalOrRef::Proposal { proposal } => (proposal.clone(), committer.clone()),
                ProposalOrRef::Reference { reference } => known.get(reference).cloned().ok_or_else(|| {
                    let message = "the commit names a proposal that is not among those waiting";
                    Error::new(ErrorKind::Unknown, message).in_field(format!("Commit.proposals[{place}]"))
                })?,
            });
        }
        let safe_aad = decode("mls-extensions-10 §4.9", content.authenticated_data())?;
        Ok(Self {
            cipher_suite,
            group_id: content.group_id().clone(),
            epoch: *content.epoch(),
            committer: committer.clone(),
            proposals,
            path: commit.path.as_ref().map(|path| path.leaf_node.clone()),
            safe_aad,
        })
    }

    /// The epoch in which it was sent.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn judged_by(&self, room: &SealedRoom) -> Result<JudgedCommit> {
        let proposals: Vec<_> = self.proposals.iter().map(|(proposal, sender)| (proposal, sender)).collect();
        let content = CommitContent {
            group_id: &self.group_id,
            epoch: self.epoch,
            committer: &self.committer,
            proposals: &proposals,
            path: self.path.as_ref(),
            safe_aad: &self.safe_aad,
        };
        room.judge(&suite(self.cipher_suite)?, &content).map_err(failed)
    }
}

impl CommitChanges {
    pub(super) fn of(judged: &JudgedCommit) -> Result<Self> {
        let changes = judged.changes();
        Ok(Self {
            added: changes.added().to_vec(),
            removed: changes.removed().to_vec(),
            updated: changes.updated().to_vec(),
            is_rewrap: judged.is_rewrap(),
            begins_rotation: judged.begins_rotation(),
            identity_link_keys: encode(&judged.after().link_keys().data())?,
        })
    }
}

fn public_content(message: &[u8]) -> Result<AuthenticatedContent> {
    let message: MLSMessage = decode("RFC 9420 §6", message)?;
    let MLSMessageBody::PublicMessage { public_message } = message.body else {
        return Err(Error::input("message", "not a PublicMessage"));
    };
    let (content, auth) = (public_message.content().clone(), public_message.auth().clone());
    AuthenticatedContent::new(WireFormat::MLS_PUBLIC_MESSAGE, content, auth)
        .map_err(|error| Error::new(ErrorKind::Refused, error).because(&error.kind))
}

fn reference_of(suite: &RustCrypto, sent: &AuthenticatedContent) -> Result<ProposalRef> {
    proposal_ref(suite, sent).map_err(|error| match error {
        mimi_crypto::CryptoError::Encode(error) => too_long(&error),
        error => Error::new(ErrorKind::InvalidInput, &error).because(&error),
    })
}
