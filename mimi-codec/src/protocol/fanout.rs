//! `POST /notify/{roomId}`: what the hub hands on (mimi-protocol-06 §5.5). The response has no
//! body.
//!
//! A body is one or more [`FanoutMessage`]s end to end. [`FanoutMessages`](super::FanoutMessages)
//! walks them where they lie.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::room_message::{MessageKind, Outline, offset_in_message, refuse_element};
use super::{
    ApplicationMessage, CommitMessage, Frank, HandshakeBundle, ProposalMessage, ProposalMessages,
    WelcomeMessage,
};
use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Reader, Result, Writer,
    mls::{MLSMessage, ProposalRule},
    ratchet_tree_options::RatchetTreeOption,
};

/// A message of a room, as the hub hands it on (mimi-protocol-06 §5.5). There is no protocol byte.
///
/// What may come with it, the message itself says. A proposal's `moreProposals` are of its group
/// and epoch. A commit has `externalProposals` only if it joins its sender to the group, and they
/// are of the commit's group and of the epoch that it begins.
///
/// ```text
/// struct {
///   uint64 timestamp;
///   select (protocol) {
///     case mls10:
///       MLSMessage message;
///       select (message.wire_format) {
///         case application:
///            optional Frank frank;
///         case welcome:
///            RatchetTreeOption ratchetTreeOption;
///         case proposal:
///            MLSMessage moreProposals<V>;
///         case commit:
///            MLSMessage externalProposals<V>;
///       };
///   };
/// } FanoutMessage;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Unchecked"))]
pub struct FanoutMessage {
    #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
    timestamp: u64,
    event: FanoutEvent,
}

/// What a [`FanoutMessage`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum FanoutEvent {
    /// An application message.
    Application {
        /// The message.
        message: ApplicationMessage,
        /// The hub's stamp, if the message carries a franking tag.
        frank: Option<Frank>,
    },
    /// A Welcome.
    Welcome {
        /// The message.
        message: WelcomeMessage,
        /// The ratchet tree, or where it is.
        ratchet_tree_option: Box<RatchetTreeOption>,
    },
    /// A proposal, and others that came with it.
    Proposal(ProposalMessages),
    /// A commit.
    Commit {
        /// The message.
        message: CommitMessage,
        /// Proposals that the hub makes anew, because an external commit voided those that were
        /// pending.
        external_proposals: Vec<ProposalMessage>,
    },
}

const NOT_EXTERNAL: DecodeErrorKind = DecodeErrorKind::Unexpected;
const NOT_THE_NEW_EPOCH: DecodeErrorKind =
    DecodeErrorKind::Rule("an external proposal is not of the epoch that the commit begins");

/// The rule between a commit and its externalProposals; the number is that of the proposal that
/// breaks it.
pub(super) fn check_external_proposals<'m>(
    commit: Outline<'_>,
    proposals: impl Iterator<Item = Outline<'m>>,
) -> core::result::Result<(), (DecodeErrorKind, usize)> {
    for (index, proposal) in proposals.enumerate() {
        if !commit.is_external_commit {
            return Err((NOT_EXTERNAL, index));
        }
        if proposal.group_id != commit.group_id || Some(proposal.epoch) != commit.epoch.checked_add(1) {
            return Err((NOT_THE_NEW_EPOCH, index));
        }
    }
    Ok(())
}

impl FanoutMessage {
    /// A message that the hub accepted at `timestamp`, in milliseconds since the UNIX epoch.
    ///
    /// # Errors
    /// [`DecodeErrorKind::Unexpected`] for externalProposals of a commit that isn't external,
    /// [`DecodeErrorKind::Rule`] for one that isn't of the epoch that the commit begins.
    pub fn new(timestamp: u64, event: FanoutEvent) -> core::result::Result<Self, InvalidValueError> {
        if let FanoutEvent::Commit { message, external_proposals } = &event {
            let proposals = external_proposals.iter().map(|proposal| Outline::of(proposal.get()));
            check_external_proposals(Outline::of(message.get()), proposals)
                .map_err(|(kind, _)| InvalidValueError::field("external_proposals", kind))?;
        }
        Ok(Self { timestamp, event })
    }

    /// The fan-out of an update that the hub accepted at `timestamp`, without external proposals.
    /// The Welcome of a commit goes to others, in a message of its own.
    #[must_use]
    pub fn of_update(timestamp: u64, bundle: &HandshakeBundle) -> Self {
        let event = match bundle {
            HandshakeBundle::Commit { proposal_or_commit, .. } => {
                FanoutEvent::Commit { message: proposal_or_commit.clone(), external_proposals: Vec::new() }
            }
            HandshakeBundle::Proposal(proposals) => FanoutEvent::Proposal(proposals.clone()),
        };
        Self { timestamp, event }
    }

    /// Whether this hands on the proposals of `bundle`: the same messages in the same order. Every
    /// value has one encoding, so that they are the same byte for byte.
    #[must_use]
    pub fn has_proposals_of(&self, bundle: &HandshakeBundle) -> bool {
        match (&self.event, bundle) {
            (FanoutEvent::Proposal(proposals), HandshakeBundle::Proposal(theirs)) => proposals == theirs,
            _ => false,
        }
    }

    /// When the hub accepted the message, in milliseconds since the UNIX epoch.
    #[must_use]
    pub const fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// What it is about.
    #[must_use]
    pub const fn event(&self) -> &FanoutEvent {
        &self.event
    }

    /// The message as it came in.
    #[must_use]
    pub const fn message(&self) -> &MLSMessage {
        match &self.event {
            FanoutEvent::Application { message, .. } => message.get(),
            FanoutEvent::Welcome { message, .. } => message.get(),
            FanoutEvent::Proposal(proposals) => proposals.message().get(),
            FanoutEvent::Commit { message, .. } => message.get(),
        }
    }

    /// Takes it apart.
    #[must_use]
    pub fn into_parts(self) -> (u64, FanoutEvent) {
        (self.timestamp, self.event)
    }

    /// Reads a whole body: one or more messages end to end.
    ///
    /// # Errors
    /// At the first message that is none, an incomplete last one included; the path begins with its
    /// number, as in `FanoutMessage[1].message`.
    pub fn decode_body(body: &[u8]) -> Result<Vec<Self>> {
        Self::decode_body_with(body, &[])
    }

    /// [`Self::decode_body`] that also reads proposals of the types that `rules` describe.
    ///
    /// # Errors
    ///
    /// As [`Self::decode_body`].
    pub fn decode_body_with(body: &[u8], rules: &[ProposalRule]) -> Result<Vec<Self>> {
        let mut reader = Reader::with_rules(body, rules);
        let mut messages = Vec::new();
        loop {
            let message = Self::decode(&mut reader)
                .map_err(|error| error.in_element(messages.len()).in_struct(Self::NAME))?;
            messages.push(message);
            if reader.is_empty() {
                return Ok(messages);
            }
        }
    }
}

impl<'a> Decode<'a> for FanoutMessage {
    const NAME: &'static str = "FanoutMessage";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let timestamp = reader.field("timestamp")?;
        let start = reader.clone();
        let message: MLSMessage = reader.field("message")?;
        let refuse = |invalid: InvalidValueError| refuse_message(start.clone(), invalid);
        let event = match MessageKind::of(Outline::of(&message)).map_err(refuse)? {
            MessageKind::Application => FanoutEvent::Application {
                message: ApplicationMessage::new(message).map_err(refuse)?,
                frank: reader.field("frank")?,
            },
            MessageKind::Welcome => FanoutEvent::Welcome {
                message: WelcomeMessage::new(message).map_err(refuse)?,
                ratchet_tree_option: reader.field("ratchet_tree_option")?,
            },
            MessageKind::Proposal => {
                let message = ProposalMessage::new(message).map_err(refuse)?;
                FanoutEvent::Proposal(ProposalMessages::decode_after(message, reader)?)
            }
            MessageKind::Commit => {
                let list = reader.clone();
                let external_proposals: Vec<ProposalMessage> = reader.field("external_proposals")?;
                let outlines = external_proposals.iter().map(|proposal| Outline::of(proposal.get()));
                check_external_proposals(Outline::of(&message), outlines)
                    .map_err(|(kind, index)| refuse_element(list, "external_proposals", kind, index))?;
                FanoutEvent::Commit {
                    message: CommitMessage::new(message).map_err(refuse)?,
                    external_proposals,
                }
            }
        };
        Ok(Self { timestamp, event })
    }
}

#[cold]
pub(super) fn refuse_message(start: Reader<'_>, invalid: InvalidValueError) -> DecodeError {
    let offset = offset_in_message(start.clone(), &invalid).unwrap_or(start.offset());
    invalid.at(offset, &[]).in_field("message")
}

impl Encode for FanoutMessage {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        self.timestamp.encode(writer)?;
        match &self.event {
            FanoutEvent::Application { message, frank } => {
                message.encode(writer)?;
                frank.encode(writer)
            }
            FanoutEvent::Welcome { message, ratchet_tree_option } => {
                message.encode(writer)?;
                ratchet_tree_option.encode(writer)
            }
            FanoutEvent::Proposal(proposals) => proposals.encode(writer),
            FanoutEvent::Commit { message, external_proposals } => {
                message.encode(writer)?;
                external_proposals.encode(writer)
            }
        }
    }
}

impl tls_codec::Size for FanoutMessage {
    fn tls_serialized_len(&self) -> usize {
        crate::tls::serialized_len(self)
    }
}

crate::tls::tls_bridge!(encode decode FanoutMessage);

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Unchecked {
    #[serde(with = "crate::json::uint64")]
    timestamp: u64,
    event: FanoutEvent,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for FanoutMessage {
    type Error = InvalidValueError;

    fn try_from(unchecked: Unchecked) -> core::result::Result<Self, InvalidValueError> {
        Self::new(unchecked.timestamp, unchecked.event)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for FanoutMessage {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let timestamp = u.arbitrary()?;
        let event = match u.int_in_range(0..=3)? {
            0 => FanoutEvent::Application { message: u.arbitrary()?, frank: u.arbitrary()? },
            1 => FanoutEvent::Welcome { message: u.arbitrary()?, ratchet_tree_option: u.arbitrary()? },
            2 => FanoutEvent::Proposal(u.arbitrary()?),
            _ => {
                let message: CommitMessage = u.arbitrary()?;
                let external_proposals = arbitrary_external_proposals(u, &message)?;
                FanoutEvent::Commit { message, external_proposals }
            }
        };
        Self::new(timestamp, event).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// A removal by the hub in the epoch that the commit begins, if the commit is external.
#[cfg(feature = "arbitrary")]
fn arbitrary_external_proposals(
    u: &mut arbitrary::Unstructured<'_>,
    commit: &CommitMessage,
) -> arbitrary::Result<Vec<ProposalMessage>> {
    let Some(epoch) = commit.epoch().checked_add(1).filter(|_| commit.is_external()) else {
        return Ok(Vec::new());
    };
    Ok(alloc::vec![super::room_message::removal(u, commit.group_id(), epoch)?])
}
