//! `POST /update/{roomId}`: submitting a proposal or a commit (mimi-protocol-06 §5.3).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::room_message::{HANDSHAKE, Outline, narrowed, offset_in_message};
use super::{CommitMessage, ProposalMessage, ProposalMessages};
use crate::{
    Decode, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Reader, Rest, Result, Writer,
    code_points::ExtensionType,
    convention::{open_registry, wire_enum, wire_select, wire_struct},
    mls::{ContentType, GroupContext, GroupInfo, MLSMessage, ProposalRef, Welcome},
    ratchet_tree_options::{PartialGroupInfo, RatchetTreeOption, RatchetTreePresence},
};

wire_enum! {
    /// How the GroupInfo comes with a commit (mimi-protocol-06 §5.3).
    pub enum GroupInfoRepresentation {
        /// As a whole.
        1 "full" => Full,
        /// Without what the hub knows from the handshakes.
        2 "partial" => Partial,
    }
}

narrowed! {
    /// A GroupInfo without a ratchet_tree extension: MIMI conveys the tree beside it.
    pub struct TreelessGroupInfo(GroupInfo)
    check check_group_info, offset offset_of_extensions, repair arbitrary_treeless::group_info
}

narrowed! {
    /// A PartialGroupInfo of a GroupInfo without a ratchet_tree extension: its presence is
    /// `no_ratchet_tree` or `removed`.
    pub struct TreelessPartialGroupInfo(PartialGroupInfo)
    check check_partial_group_info, offset offset_of_presence, repair arbitrary_treeless::partial_group_info
}

fn check_group_info(group_info: &GroupInfo) -> core::result::Result<(), InvalidValueError> {
    match group_info.extensions.data(ExtensionType::RATCHET_TREE) {
        None => Ok(()),
        Some(_) => Err(InvalidValueError::field("extensions", DecodeErrorKind::Unexpected)),
    }
}

fn check_partial_group_info(group_info: &PartialGroupInfo) -> core::result::Result<(), InvalidValueError> {
    match *group_info.ratchet_tree_presence() {
        RatchetTreePresence::NO_RATCHET_TREE | RatchetTreePresence::REMOVED => Ok(()),
        presence => Err(InvalidValueError::field(
            "ratchet_tree_presence",
            DecodeErrorKind::ForbiddenValue { name: "RatchetTreePresence", value: presence.value().into() },
        )),
    }
}

/// The extensions stand behind the GroupContext.
fn offset_of_extensions(mut reader: Reader<'_>, _: &InvalidValueError) -> Option<usize> {
    GroupContext::decode(&mut reader).ok().map(|_| reader.offset())
}

/// The presence stands at the beginning.
fn offset_of_presence(reader: Reader<'_>, _: &InvalidValueError) -> Option<usize> {
    Some(reader.offset())
}

wire_select! {
    /// The GroupInfo of the epoch that a commit begins (mimi-protocol-06 §5.3).
    ///
    /// ```text
    /// struct {
    ///    GroupInfoRepresentation representation;
    ///    select (representation) {
    ///      case full:
    ///        GroupInfo groupInfo;
    ///      case partial:
    ///        PartialGroupInfo partialGroupInfo;
    ///    }
    /// } GroupInfoOption;
    /// ```
    pub enum GroupInfoOption: u8 "GroupInfoRepresentation" {
        /// As a whole.
        1 "full" => Full {
            /// The GroupInfo, without a ratchet_tree extension.
            group_info: TreelessGroupInfo,
        },
        /// Without what the hub knows from the handshakes.
        2 "partial" => Partial {
            /// The rest of it.
            partial_group_info: TreelessPartialGroupInfo,
        },
    }
}

impl GroupInfoOption {
    /// How the GroupInfo comes.
    #[must_use]
    pub const fn representation(&self) -> GroupInfoRepresentation {
        match self {
            Self::Full { .. } => GroupInfoRepresentation::Full,
            Self::Partial { .. } => GroupInfoRepresentation::Partial,
        }
    }
}

/// A commit or a proposal and what comes with it (mimi-protocol-06 §5.3). The message itself says
/// which.
///
/// ```text
/// struct {
///   /* A Proposal or Commit which is either a PublicMessage; or a SemiPrivateMessage */
///   MLSMessage proposalOrCommit;
///   select (proposalOrCommit.content.content_type) {
///     case commit:
///       optional<Welcome> welcome;
///       GroupInfoOption groupInfoOption;
///       RatchetTreeOption ratchetTreeOption;
///     case proposal:
///       MLSMessage moreProposals<V>;
///   }
/// } HandshakeBundle;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum HandshakeBundle {
    /// A commit.
    Commit {
        /// The commit.
        proposal_or_commit: CommitMessage,
        /// For those whom it adds.
        welcome: Option<Welcome>,
        /// The GroupInfo of the epoch that it begins.
        group_info_option: Box<GroupInfoOption>,
        /// That epoch's ratchet tree, or where it is.
        ratchet_tree_option: RatchetTreeOption,
    },
    /// A proposal, and others that belong to it.
    Proposal(ProposalMessages),
}

impl HandshakeBundle {
    /// The proposal or commit.
    #[must_use]
    pub const fn proposal_or_commit(&self) -> &MLSMessage {
        match self {
            Self::Commit { proposal_or_commit, .. } => proposal_or_commit.get(),
            Self::Proposal(proposals) => proposals.message().get(),
        }
    }

    /// What the message is about.
    #[must_use]
    pub const fn content_type(&self) -> ContentType {
        match self {
            Self::Commit { .. } => ContentType::Commit,
            Self::Proposal(_) => ContentType::Proposal,
        }
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for HandshakeBundle {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(if u.arbitrary()? {
            Self::Commit {
                proposal_or_commit: u.arbitrary()?,
                welcome: u.arbitrary()?,
                group_info_option: u.arbitrary()?,
                ratchet_tree_option: u.arbitrary()?,
            }
        } else {
            Self::Proposal(u.arbitrary()?)
        })
    }
}

impl<'a> Decode<'a> for HandshakeBundle {
    const NAME: &'static str = "HandshakeBundle";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.clone();
        let message: MLSMessage = reader.field("proposal_or_commit")?;
        let outline = Outline::of(&message);
        let refuse = |invalid: InvalidValueError| {
            let offset = offset_in_message(start.clone(), &invalid).unwrap_or(start.offset());
            invalid.at(offset, &[]).in_field("proposal_or_commit")
        };
        match outline.content_type {
            Some(ContentType::Commit) if HANDSHAKE.contains(&outline.wire_format) => Ok(Self::Commit {
                proposal_or_commit: CommitMessage::new(message).map_err(refuse)?,
                welcome: reader.field("welcome")?,
                group_info_option: reader.field("group_info_option")?,
                ratchet_tree_option: reader.field("ratchet_tree_option")?,
            }),
            Some(ContentType::Proposal) if HANDSHAKE.contains(&outline.wire_format) => {
                let message = ProposalMessage::new(message).map_err(refuse)?;
                Ok(Self::Proposal(ProposalMessages::decode_after(message, reader)?))
            }
            _ => Err(refuse(outline.refusal(HANDSHAKE))),
        }
    }
}

impl Encode for HandshakeBundle {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        match self {
            Self::Commit { proposal_or_commit, welcome, group_info_option, ratchet_tree_option } => {
                proposal_or_commit.encode(writer)?;
                welcome.encode(writer)?;
                group_info_option.encode(writer)?;
                ratchet_tree_option.encode(writer)
            }
            Self::Proposal(proposals) => proposals.encode(writer),
        }
    }
}

impl tls_codec::Size for HandshakeBundle {
    fn tls_serialized_len(&self) -> usize {
        crate::tls::serialized_len(self)
    }
}

crate::tls::tls_bridge!(encode decode HandshakeBundle);

wire_struct! {
    /// The body of an update (mimi-protocol-06 §5.3). There is no protocol byte: the room knows its
    /// protocol, and it is MLS.
    ///
    /// ```text
    /// struct {
    ///   select (room.protocol) {
    ///     case mls10:
    ///       HandshakeBundle bundle;
    ///   };
    /// } UpdateRequest;
    /// ```
    pub struct UpdateRequest {
        /// The commit or proposal and what comes with it.
        pub bundle: HandshakeBundle,
    }
}

open_registry! {
    /// What became of an [`UpdateRequest`] (mimi-protocol-06 §5.3). Unlisted values are kept.
    pub struct UpdateResponseCode(u8) {
        /// It will be distributed.
        0 "success" => SUCCESS,
        /// The group is in another epoch.
        1 "wrongEpoch" => WRONG_EPOCH,
        /// Policy or authorization forbids it.
        2 "notAllowed" => NOT_ALLOWED,
        /// At least one proposal is invalid.
        3 "invalidProposal" => INVALID_PROPOSAL,
    }
}

wire_select! {
    /// The answer to an [`UpdateRequest`] (mimi-protocol-06 §5.3).
    ///
    /// ```text
    /// struct {
    ///   UpdateResponseCode responseCode;
    ///   string errorDescription;
    ///   select (responseCode) {
    ///     case success:
    ///       uint64 accepted_timestamp;
    ///     case wrongEpoch:
    ///       uint64 currentEpoch;
    ///     case invalidProposal:
    ///       ProposalRef invalidProposals<V>;
    ///   };
    /// } UpdateRoomResponse
    /// ```
    pub enum UpdateRoomResponse: open UpdateResponseCode {
        /// It will be distributed.
        0 "success" => Success {
            /// For people.
            error_description: String,
            /// When the hub accepted it, in milliseconds since the UNIX epoch.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            accepted_timestamp: u64,
        },
        /// The group is in another epoch.
        1 "wrongEpoch" => WrongEpoch {
            /// For people.
            error_description: String,
            /// The group's epoch.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            current_epoch: u64,
        },
        /// Policy or authorization forbids it.
        2 "notAllowed" => NotAllowed {
            /// For people.
            error_description: String,
        },
        /// At least one proposal is invalid.
        3 "invalidProposal" => InvalidProposal {
            /// For people.
            error_description: String,
            /// The invalid ones.
            invalid_proposals: Vec<ProposalRef>,
        },
    } else {
        /// The code. The update was not accepted.
        response_code,
        /// For people.
        error_description: String,
        /// What comes with the code.
        body: Rest
    }
}

impl UpdateRoomResponse {
    /// What the hub tells people.
    #[must_use]
    pub fn error_description(&self) -> &str {
        match self {
            Self::Success { error_description, .. }
            | Self::WrongEpoch { error_description, .. }
            | Self::NotAllowed { error_description }
            | Self::InvalidProposal { error_description, .. }
            | Self::Other { error_description, .. } => error_description,
        }
    }
}

#[cfg(feature = "arbitrary")]
mod arbitrary_treeless {
    use super::{ExtensionType, GroupInfo, PartialGroupInfo, RatchetTreePresence};
    use crate::mls::Extensions;
    use arbitrary::{Error, Result, Unstructured};

    pub(super) fn group_info(u: &mut Unstructured<'_>) -> Result<GroupInfo> {
        let mut group_info: GroupInfo = u.arbitrary()?;
        let mut extensions = group_info.extensions.into_vec();
        extensions.retain(|extension| extension.extension_type != ExtensionType::RATCHET_TREE);
        group_info.extensions = Extensions::new(extensions).map_err(|_| Error::IncorrectFormat)?;
        Ok(group_info)
    }

    pub(super) fn partial_group_info(u: &mut Unstructured<'_>) -> Result<PartialGroupInfo> {
        let (_, extensions, signature) = u.arbitrary::<PartialGroupInfo>()?.into_parts();
        let presence = *u.choose(&[RatchetTreePresence::NO_RATCHET_TREE, RatchetTreePresence::REMOVED])?;
        PartialGroupInfo::new(presence, extensions, signature).map_err(|_| Error::IncorrectFormat)
    }
}
