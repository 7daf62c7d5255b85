//! Why a handshake or a message is refused, and what a hub answers.

use alloc::{string::String, vec::Vec};
use core::fmt;

use mimi_codec::{
    ClientUri,
    apq::APQSessionError,
    code_points::ComponentID,
    mls::ProposalRef,
    protocol::{SubmitResponseCode, UpdateResponseCode},
};
use mimi_crypto::ApqSuitesError;
use mimi_policy::{InvalidRequestError, Refusal};

use crate::CredentialError;

/// Why a room refuses a handshake or a message. Hub and clients refuse for the same reasons.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RoomRefusal {
    /// The message belongs to another group.
    OtherGroup,
    /// The message belongs to another epoch than the group's.
    OtherEpoch {
        /// The epoch of the message.
        epoch: u64,
        /// The epoch of the group.
        current: u64,
    },
    /// The message is not what its place asks for: a commit, a proposal.
    WrongContent,
    /// The proposals of one request come from several senders.
    SeveralSenders,
    /// The MLS stack refuses the message.
    Mls(String),
    /// A credential does not identify the client of a leaf.
    Credential {
        /// The proposal that brings the leaf, by its place; `None` for the commit's path.
        proposal: Option<usize>,
        /// The proposal's reference, if it has one.
        reference: Option<ProposalRef>,
        /// Why.
        why: CredentialError,
    },
    /// A leaf would be taken over by a client that may not succeed the one before
    /// (RFC 9420 §5.3.1).
    IdentityChanged {
        /// The leaf.
        leaf_index: u32,
        /// The client that would have it.
        client: ClientUri,
    },
    /// A leaf would come under a pseudonym, which the room forbids (mimi-room-policy-04 §5).
    PseudonymsNotAllowed {
        /// The leaf that an Update or a path replaces; `None` for one that is added.
        leaf_index: Option<u32>,
    },
    /// The commit refers to proposals that were not accepted in this epoch.
    UnknownReferences(Vec<ProposalRef>),
    /// The commit leaves out proposals that were accepted (mimi-protocol-06 §7.3).
    Omitted(Vec<ProposalRef>),
    /// A proposal that was accepted comes once more in another list, or one about the same
    /// participant, client or component waits: no commit could take up both.
    AlreadyWaiting(ProposalRef),
    /// A member may propose one SelfRemove in an epoch, and commits refer to it
    /// (mls-extensions-10 §6.3). With the reference of the second one, if it has one.
    SelfRemove(Option<ProposalRef>),
    /// A commit from outside while accepted changes wait for a member's commit
    /// (mimi-protocol-06 §7.1).
    ProposalsWait,
    /// So many proposals wait that no more are accepted before a commit.
    TooManyWaiting {
        /// How many may wait.
        maximum: usize,
    },
    /// The request cannot be read as changes of the room.
    Invalid {
        /// What is wrong with which proposals.
        invalid: InvalidRequestError,
        /// The references of those proposals, as far as they have one.
        references: Vec<ProposalRef>,
    },
    /// The room's policy forbids it.
    Policy {
        /// Why.
        refusal: Refusal,
        /// The references of the proposals that the refusal concerns, as far as they have one.
        references: Vec<ProposalRef>,
    },
    /// An update of a component that no capability allows to change.
    Component(ComponentID),
    /// The components of the staged epoch differ from those that the judgement leads to.
    OtherComponents,
    /// The GroupInfo of a commit is not good for those who join by it.
    GroupInfo(GroupInfoProblem),
    /// The commits of a combined session do not keep its two groups one session (mls-combiner §3,
    /// §5).
    Pair(APQSessionError),
    /// The cipher suites of the two groups of a combined session do not fit together (mls-combiner
    /// §7.1).
    PairSuites(ApqSuitesError),
    /// A proposal in the post-quantum group other than Add, Remove, ExternalInit, PreSharedKey and
    /// the update of the APQInfo, or one that the commit only refers to (reading N13).
    PairProposal,
    /// The two commits of a FULL commit come from different clients.
    PairCommitter,
    /// The two groups of a combined session would have different clients (mls-combiner §3.2, §3.3).
    PairMembers,
    /// The clock of the hub lies before the last accepted message, or beyond all time.
    Time,
}

/// What is wrong with the GroupInfo beside a commit (mimi-protocol-06 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupInfoProblem {
    /// The partial GroupInfo cannot be put together.
    Partial,
    /// Its GroupContext is not that of the epoch that the commit begins.
    GroupContext,
    /// Its confirmation tag is not the commit's.
    ConfirmationTag,
    /// Its signer is not the committer.
    Signer,
    /// Its signature does not verify.
    Signature,
}

impl fmt::Display for GroupInfoProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Partial => "the partial GroupInfo is malformed",
            Self::GroupContext => "its GroupContext is not that of the commit's epoch",
            Self::ConfirmationTag => "its confirmation tag is not the commit's",
            Self::Signer => "its signer is not the committer",
            Self::Signature => "its signature does not verify",
        })
    }
}

impl RoomRefusal {
    /// The code of an UpdateRoomResponse (mimi-protocol-06 §5.3).
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self {
            Self::OtherEpoch { .. } => UpdateResponseCode::WRONG_EPOCH,
            Self::Mls(_)
            | Self::OtherGroup
            | Self::WrongContent
            | Self::Credential { .. }
            | Self::UnknownReferences(_)
            | Self::AlreadyWaiting(_)
            | Self::SelfRemove(_)
            | Self::GroupInfo(_)
            | Self::Pair(_)
            | Self::PairSuites(_)
            | Self::PairProposal
            | Self::OtherComponents => UpdateResponseCode::INVALID_PROPOSAL,
            Self::SeveralSenders
            | Self::IdentityChanged { .. }
            | Self::PseudonymsNotAllowed { .. }
            | Self::Omitted(_)
            | Self::ProposalsWait
            | Self::TooManyWaiting { .. }
            | Self::Component(_)
            | Self::PairCommitter
            | Self::PairMembers
            | Self::Time => UpdateResponseCode::NOT_ALLOWED,
            Self::Invalid { invalid, .. } => invalid.update_response_code(),
            Self::Policy { refusal, .. } => refusal.reason.update_response_code(),
        }
    }

    /// The code of a SubmitMessageResponse (mimi-protocol-06 §5.4).
    #[must_use]
    pub const fn submit_response_code(&self) -> SubmitResponseCode {
        match self {
            Self::OtherEpoch { epoch, current } if *epoch < *current => SubmitResponseCode::EPOCH_TOO_OLD,
            _ => SubmitResponseCode::NOT_ALLOWED,
        }
    }

    /// The proposals that the refusal is about and that have a reference: `invalidProposals` of
    /// an answer (mimi-protocol-06 §5.3).
    #[must_use]
    pub fn references(&self) -> &[ProposalRef] {
        match self {
            Self::UnknownReferences(references)
            | Self::Omitted(references)
            | Self::Invalid { references, .. }
            | Self::Policy { references, .. } => references,
            Self::AlreadyWaiting(reference)
            | Self::Credential { reference: Some(reference), .. }
            | Self::SelfRemove(Some(reference)) => core::slice::from_ref(reference),
            _ => &[],
        }
    }
}

impl fmt::Display for RoomRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherGroup => f.write_str("the message belongs to another group"),
            Self::OtherEpoch { epoch, current } => {
                write!(f, "the message is of epoch {epoch}, the group is in epoch {current}")
            }
            Self::WrongContent => f.write_str("the message has another content type than expected"),
            Self::SeveralSenders => f.write_str("the proposals come from several senders"),
            Self::Mls(why) => write!(f, "MLS: {why}"),
            Self::Credential { proposal: Some(place), why, .. } => {
                write!(f, "proposal {place}: credential refused: {why}")
            }
            Self::Credential { proposal: None, why, .. } => {
                write!(f, "path: credential refused: {why}")
            }
            Self::IdentityChanged { leaf_index, client } => {
                write!(f, "{client} may not take over leaf {leaf_index}")
            }
            Self::PseudonymsNotAllowed { leaf_index: Some(leaf) } => {
                write!(f, "leaf {leaf} would have a pseudonym, which the room does not allow")
            }
            Self::PseudonymsNotAllowed { leaf_index: None } => {
                f.write_str("a new leaf would have a pseudonym, which the room does not allow")
            }
            Self::UnknownReferences(references) => {
                write!(f, "the commit refers to {} proposals that were not accepted", references.len())
            }
            Self::Omitted(references) => {
                write!(f, "the commit leaves out {} accepted proposals", references.len())
            }
            Self::AlreadyWaiting(_) => f.write_str("the proposal was accepted before"),
            Self::SelfRemove(_) => {
                f.write_str("a SelfRemove is proposed once and committed by its reference")
            }
            Self::ProposalsWait => f.write_str("accepted proposals wait for a member's commit"),
            Self::TooManyWaiting { maximum } => {
                write!(f, "at most {maximum} proposals may wait for a commit")
            }
            Self::Invalid { invalid, .. } => invalid.fmt(f),
            Self::Policy { refusal, .. } => refusal.fmt(f),
            Self::Component(id) => write!(f, "no right allows an update of component {id}"),
            Self::OtherComponents => f.write_str("the staged epoch has other components than the judgement"),
            Self::GroupInfo(problem) => write!(f, "GroupInfo: {problem}"),
            Self::Pair(error) => write!(f, "combined groups: {error}"),
            Self::PairSuites(error) => write!(f, "combined groups: {error}"),
            Self::PairProposal => f.write_str("the post-quantum group takes no such proposal"),
            Self::PairCommitter => f.write_str("the two commits come from different clients"),
            Self::PairMembers => f.write_str("the two groups would have different clients"),
            Self::Time => f.write_str("the hub's clock gives no time after the last message"),
        }
    }
}

impl core::error::Error for RoomRefusal {}
