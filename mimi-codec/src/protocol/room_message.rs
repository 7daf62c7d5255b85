//! MLS messages of which it is known what they are: what mimi-protocol's structs hold where they
//! write `MLSMessage`.

use alloc::vec::Vec;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Reader, Result, Writer,
    code_points::WireFormat,
    mls::{ContentType, KeyPackageRef, MLSMessage, MLSMessageBody, PrivateMessage, Sender, Welcome},
};

/// Makes a type for those values of another that keep a rule.
macro_rules! narrowed {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($inner:ident) check $check:path, offset $offset:path, repair $repair:path
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, tls_codec::TlsSize, tls_codec::TlsSerializeBytes)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub struct $name($inner);

        impl $name {
            /// This value, if it keeps the rule.
            ///
            /// # Errors
            /// The rule that it breaks.
            pub fn new(value: $inner) -> core::result::Result<Self, crate::InvalidValueError> {
                $check(&value)?;
                Ok(Self(value))
            }

            /// The value.
            #[must_use]
            pub const fn get(&self) -> &$inner {
                &self.0
            }

            /// The value, free to change.
            #[must_use]
            pub fn into_inner(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<$inner> for $name {
            type Error = crate::InvalidValueError;

            fn try_from(value: $inner) -> core::result::Result<Self, crate::InvalidValueError> {
                Self::new(value)
            }
        }

        impl<'a> crate::Decode<'a> for $name {
            const NAME: &'static str = stringify!($inner);

            fn decode(reader: &mut crate::Reader<'a>) -> crate::Result<Self> {
                let start = reader.clone();
                let value = $inner::decode(reader)?;
                match $check(&value) {
                    Ok(()) => Ok(Self(value)),
                    Err(invalid) => {
                        let offset = $offset(start.clone(), &invalid).unwrap_or(start.offset());
                        Err(invalid.at(offset, &[]))
                    }
                }
            }
        }

        impl crate::Encode for $name {
            fn encode(&self, writer: &mut crate::Writer) -> core::result::Result<(), crate::EncodeError> {
                self.0.encode(writer)
            }
        }

        crate::tls::tls_bridge!(decode $name);

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
                Self::new($inner::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                Self::new($repair(u)?).map_err(|_| arbitrary::Error::IncorrectFormat)
            }
        }
    };
}

#[cfg(feature = "arbitrary")]
pub(crate) use arbitrary_message::removal;
pub(crate) use narrowed;

narrowed! {
    /// An MLSMessage that is a PrivateMessage of the content type `application`.
    pub struct ApplicationMessage(MLSMessage)
    check check_application, offset offset_in_message, repair arbitrary_message::application
}

narrowed! {
    /// An MLSMessage that is a PublicMessage or SemiPrivateMessage with a proposal.
    pub struct ProposalMessage(MLSMessage)
    check check_proposal, offset offset_in_message, repair arbitrary_message::proposal
}

narrowed! {
    /// An MLSMessage that is a PublicMessage or SemiPrivateMessage with a commit.
    pub struct CommitMessage(MLSMessage)
    check check_commit, offset offset_in_message, repair arbitrary_message::commit
}

narrowed! {
    /// An MLSMessage that is a Welcome.
    pub struct WelcomeMessage(MLSMessage)
    check check_welcome, offset offset_in_message, repair arbitrary_message::welcome
}

impl ApplicationMessage {
    /// The PrivateMessage.
    #[must_use]
    pub fn private_message(&self) -> Option<&PrivateMessage> {
        match &self.0.body {
            MLSMessageBody::PrivateMessage { private_message } => Some(private_message),
            _ => None,
        }
    }
}

impl CommitMessage {
    /// Whether the commit joins its sender to the group. Only a PublicMessage can: a
    /// SemiPrivateMessage's sender is a member.
    #[must_use]
    pub fn is_external(&self) -> bool {
        Outline::of(&self.0).is_external_commit
    }
}

/// Proposals that are submitted and fanned out together: one, and `moreProposals` (mimi-protocol-06
/// §5.3, §5.5). All are of the same group and the same epoch.
///
/// ```text
/// MLSMessage message;
/// MLSMessage moreProposals<V>;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "UncheckedProposals"))]
pub struct ProposalMessages {
    message: ProposalMessage,
    more_proposals: Vec<ProposalMessage>,
}

const NOT_OF_THE_SAME: DecodeErrorKind =
    DecodeErrorKind::Rule("a further proposal is of another group or epoch");

/// The rule between a proposal and its moreProposals; the number is that of the proposal that
/// breaks it.
pub(crate) fn check_more_proposals<'m>(
    first: Outline<'_>,
    more: impl Iterator<Item = Outline<'m>>,
) -> core::result::Result<(), (DecodeErrorKind, usize)> {
    for (index, proposal) in more.enumerate() {
        if proposal.group_id != first.group_id || proposal.epoch != first.epoch {
            return Err((NOT_OF_THE_SAME, index));
        }
    }
    Ok(())
}

impl ProposalMessages {
    /// These proposals.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::Rule`] in `more_proposals` when one is of another group or epoch than
    /// `message`.
    pub fn new(
        message: ProposalMessage,
        more_proposals: Vec<ProposalMessage>,
    ) -> core::result::Result<Self, InvalidValueError> {
        let more = more_proposals.iter().map(|proposal| Outline::of(proposal.get()));
        check_more_proposals(Outline::of(message.get()), more)
            .map_err(|(kind, _)| InvalidValueError::field("more_proposals", kind))?;
        Ok(Self { message, more_proposals })
    }

    /// The first.
    #[must_use]
    pub const fn message(&self) -> &ProposalMessage {
        &self.message
    }

    /// The others, in order.
    #[must_use]
    pub fn more_proposals(&self) -> &[ProposalMessage] {
        &self.more_proposals
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &ProposalMessage> {
        core::iter::once(&self.message).chain(&self.more_proposals)
    }

    /// Takes them apart.
    #[must_use]
    pub fn into_parts(self) -> (ProposalMessage, Vec<ProposalMessage>) {
        (self.message, self.more_proposals)
    }

    /// Reads what follows the first proposal.
    pub(crate) fn decode_after(message: ProposalMessage, reader: &mut Reader<'_>) -> Result<Self> {
        let list = reader.clone();
        let more_proposals: Vec<ProposalMessage> = reader.field("more_proposals")?;
        let more = more_proposals.iter().map(|proposal| Outline::of(proposal.get()));
        check_more_proposals(Outline::of(message.get()), more)
            .map_err(|(kind, index)| refuse_element(list, "more_proposals", kind, index))?;
        Ok(Self { message, more_proposals })
    }
}

impl Encode for ProposalMessages {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        self.message.encode(writer)?;
        self.more_proposals.encode(writer)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct UncheckedProposals {
    message: ProposalMessage,
    more_proposals: Vec<ProposalMessage>,
}

#[cfg(feature = "serde")]
impl TryFrom<UncheckedProposals> for ProposalMessages {
    type Error = InvalidValueError;

    fn try_from(unchecked: UncheckedProposals) -> core::result::Result<Self, InvalidValueError> {
        Self::new(unchecked.message, unchecked.more_proposals)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for ProposalMessages {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let message: ProposalMessage = u.arbitrary()?;
        let mut more_proposals = Vec::new();
        for _ in 0..u.int_in_range(0..=2)? {
            more_proposals.push(arbitrary_message::removal(u, message.group_id(), message.epoch())?);
        }
        Self::new(message, more_proposals).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// The refusal of an element of the vector of MLSMessages at which `list` stands.
#[cold]
pub(crate) fn refuse_element(
    mut list: Reader<'_>,
    field: &'static str,
    kind: DecodeErrorKind,
    index: usize,
) -> DecodeError {
    let mut offset = list.offset();
    if let Ok(mut content) = list.vector() {
        offset = content.offset();
        for _ in 0..index {
            if MLSMessage::decode(&mut content).is_ok() {
                offset = content.offset();
            }
        }
    }
    DecodeError::new(kind, offset).in_element(index).in_field(field)
}

impl WelcomeMessage {
    /// The Welcome.
    #[must_use]
    pub fn welcome(&self) -> Option<&Welcome> {
        match &self.0.body {
            MLSMessageBody::Welcome { welcome } => Some(welcome),
            _ => None,
        }
    }

    /// The references of the KeyPackages whose owners the Welcome is for, to route it by; nothing
    /// is decrypted.
    pub fn key_package_refs(&self) -> impl Iterator<Item = &KeyPackageRef> {
        self.welcome().into_iter().flat_map(|welcome| &welcome.secrets).map(|secrets| &secrets.new_member)
    }
}

macro_rules! handshake_accessors {
    ($($name:ident),*) => {$(
        impl $name {
            /// The group.
            #[must_use]
            pub fn group_id(&self) -> &[u8] {
                Outline::of(&self.0).group_id
            }

            /// The epoch that the message was sent in.
            #[must_use]
            pub fn epoch(&self) -> u64 {
                Outline::of(&self.0).epoch
            }
        }
    )*};
}

handshake_accessors!(ApplicationMessage, ProposalMessage, CommitMessage);

/// What a hub or follower sees of a message at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline<'m> {
    pub(crate) wire_format: WireFormat,
    /// `None` for a message without content.
    pub(crate) content_type: Option<ContentType>,
    pub(crate) group_id: &'m [u8],
    pub(crate) epoch: u64,
    pub(crate) is_external_commit: bool,
}

impl<'m> Outline<'m> {
    pub(crate) fn of(message: &'m MLSMessage) -> Self {
        let wire_format = message.wire_format();
        match &message.body {
            MLSMessageBody::PublicMessage { public_message } => {
                let content = public_message.content();
                Self {
                    wire_format,
                    content_type: Some(content.content().content_type()),
                    group_id: content.group_id(),
                    epoch: *content.epoch(),
                    is_external_commit: *content.sender() == Sender::NewMemberCommit {},
                }
            }
            MLSMessageBody::PrivateMessage { private_message } => Self {
                wire_format,
                content_type: Some(private_message.content_type),
                group_id: &private_message.group_id,
                epoch: private_message.epoch,
                is_external_commit: false,
            },
            MLSMessageBody::SemiPrivateMessage { semiprivate_message } => Self {
                wire_format,
                content_type: Some(*semiprivate_message.content_type()),
                group_id: semiprivate_message.group_id(),
                epoch: *semiprivate_message.epoch(),
                is_external_commit: false,
            },
            MLSMessageBody::Welcome { .. }
            | MLSMessageBody::GroupInfo { .. }
            | MLSMessageBody::KeyPackage { .. }
            | MLSMessageBody::APQMessagePair { .. }
            | MLSMessageBody::PrivateExternalMessage { .. } => Self::without_content(wire_format),
        }
    }

    pub(crate) const fn without_content(wire_format: WireFormat) -> Self {
        Self { wire_format, content_type: None, group_id: &[], epoch: 0, is_external_commit: false }
    }

    /// The rule that a message breaks which is neither of these: it has another wire format or
    /// another content type.
    pub(crate) fn refusal(&self, wire_formats: &[WireFormat]) -> InvalidValueError {
        let value = u64::from(self.wire_format.value());
        let wire_format = || {
            InvalidValueError::field(
                "wire_format",
                DecodeErrorKind::ForbiddenValue { name: "WireFormat", value },
            )
        };
        match self.content_type {
            Some(content_type) if wire_formats.contains(&self.wire_format) => InvalidValueError::field(
                "content_type",
                DecodeErrorKind::ForbiddenValue { name: "ContentType", value: content_type.value().into() },
            ),
            _ => wire_format(),
        }
    }

    fn expect(
        &self,
        wire_formats: &[WireFormat],
        content_type: Option<ContentType>,
    ) -> core::result::Result<(), InvalidValueError> {
        if wire_formats.contains(&self.wire_format) && self.content_type == content_type {
            Ok(())
        } else {
            Err(self.refusal(wire_formats))
        }
    }
}

/// The wire formats that a hub can judge a handshake in.
pub(crate) const HANDSHAKE: &[WireFormat] =
    &[WireFormat::MLS_PUBLIC_MESSAGE, WireFormat::MLS_SEMIPRIVATE_MESSAGE];

fn check_application(message: &MLSMessage) -> core::result::Result<(), InvalidValueError> {
    Outline::of(message).expect(&[WireFormat::MLS_PRIVATE_MESSAGE], Some(ContentType::Application))
}

fn check_proposal(message: &MLSMessage) -> core::result::Result<(), InvalidValueError> {
    Outline::of(message).expect(HANDSHAKE, Some(ContentType::Proposal))
}

fn check_commit(message: &MLSMessage) -> core::result::Result<(), InvalidValueError> {
    Outline::of(message).expect(HANDSHAKE, Some(ContentType::Commit))
}

fn check_welcome(message: &MLSMessage) -> core::result::Result<(), InvalidValueError> {
    Outline::of(message).expect(&[WireFormat::MLS_WELCOME], None)
}

/// Where a message says what [`Outline::refusal`] names.
pub(crate) fn offset_in_message(mut reader: Reader<'_>, invalid: &InvalidValueError) -> Option<usize> {
    offset_of(&mut reader, invalid).ok()
}

fn offset_of(reader: &mut Reader<'_>, invalid: &InvalidValueError) -> Result<usize> {
    reader.uint16()?;
    let wire_format = reader.offset();
    let format = WireFormat(reader.uint16()?);
    if invalid.place == Some(crate::Segment::Field("wire_format")) {
        return Ok(wire_format);
    }
    reader.opaque()?;
    reader.uint64()?;
    if format == WireFormat::MLS_PUBLIC_MESSAGE {
        Sender::decode(reader)?;
        reader.opaque()?;
    }
    Ok(reader.offset())
}

/// What may stand in a fan-out, and what its kind lets come with it (mimi-protocol-06 §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Application,
    Welcome,
    Proposal,
    Commit,
}

impl MessageKind {
    pub(crate) fn of(outline: Outline<'_>) -> core::result::Result<Self, InvalidValueError> {
        let private = outline.wire_format == WireFormat::MLS_PRIVATE_MESSAGE;
        let handshake = HANDSHAKE.contains(&outline.wire_format);
        match outline.content_type {
            None if outline.wire_format == WireFormat::MLS_WELCOME => Ok(Self::Welcome),
            Some(ContentType::Application) if private => Ok(Self::Application),
            Some(ContentType::Proposal) if handshake => Ok(Self::Proposal),
            Some(ContentType::Commit) if handshake => Ok(Self::Commit),
            _ => Err(outline.refusal(&[outline.wire_format])),
        }
    }
}

#[cfg(feature = "arbitrary")]
mod arbitrary_message {
    use super::{MLSMessage, Sender, Vec};
    use crate::mls::{
        Commit, Content, ContentType, FramedContent, FramedContentAuthData, MAC, PrivateMessage, Proposal,
        PublicMessage, Remove, Welcome,
    };
    use crate::semiprivate::SemiPrivateMessage;
    use arbitrary::{Error, Result, Unstructured};

    pub(super) fn application(u: &mut Unstructured<'_>) -> Result<MLSMessage> {
        let mut message: PrivateMessage = u.arbitrary()?;
        message.content_type = ContentType::Application;
        Ok(message.into())
    }

    pub(super) fn welcome(u: &mut Unstructured<'_>) -> Result<MLSMessage> {
        u.arbitrary::<Welcome>().map(MLSMessage::from)
    }

    pub(super) fn proposal(u: &mut Unstructured<'_>) -> Result<MLSMessage> {
        let proposal: Proposal = u.arbitrary().unwrap_or(Proposal::Remove(Remove { removed: 1 }));
        let sender = if u.ratio(1, 4)? && proposal.allows_external_sender() {
            Sender::External { sender_index: u.arbitrary()? }
        } else {
            Sender::Member { leaf_index: u.arbitrary()? }
        };
        handshake(u, sender, Content::Proposal { proposal })
    }

    /// A removal by the hub in this group and epoch.
    pub(crate) fn removal(
        u: &mut Unstructured<'_>,
        group_id: &[u8],
        epoch: u64,
    ) -> Result<super::ProposalMessage> {
        let proposal = Proposal::Remove(Remove { removed: u.arbitrary()? });
        let (sender, content) = (Sender::External { sender_index: 0 }, Content::Proposal { proposal });
        let auth = FramedContentAuthData { signature: u.arbitrary()?, confirmation_tag: None };
        FramedContent::new(group_id.into(), epoch, sender, u.arbitrary()?, content)
            .and_then(|content| PublicMessage::new(content, auth, None))
            .and_then(|message| super::ProposalMessage::new(message.into()))
            .map_err(|_| Error::IncorrectFormat)
    }

    pub(super) fn commit(u: &mut Unstructured<'_>) -> Result<MLSMessage> {
        let commit = u.arbitrary().unwrap_or(Commit { proposals: Vec::new(), path: None });
        let sender = if u.ratio(1, 4)? {
            Sender::NewMemberCommit {}
        } else {
            Sender::Member { leaf_index: u.arbitrary()? }
        };
        handshake(u, sender, Content::Commit { commit })
    }

    fn handshake(u: &mut Unstructured<'_>, sender: Sender, content: Content) -> Result<MLSMessage> {
        let content_type = content.content_type();
        if u.ratio(1, 3)? {
            let (group_id, epoch, _, data, hash, keys, tbs_hash, sender_data, ciphertext) =
                u.arbitrary::<SemiPrivateMessage>()?.into_parts();
            return SemiPrivateMessage::new(
                group_id,
                epoch,
                content_type,
                data,
                hash,
                keys,
                tbs_hash,
                sender_data,
                ciphertext,
            )
            .map(MLSMessage::from)
            .map_err(|_| Error::IncorrectFormat);
        }
        let mac = |u: &mut Unstructured<'_>| u.arbitrary::<MAC>();
        let membership_tag = match sender {
            Sender::Member { .. } => Some(mac(u)?),
            _ => None,
        };
        let confirmation_tag = match content_type {
            ContentType::Commit => Some(mac(u)?),
            _ => None,
        };
        let content = FramedContent::new(u.arbitrary()?, u.arbitrary()?, sender, u.arbitrary()?, content);
        let auth = FramedContentAuthData { signature: u.arbitrary()?, confirmation_tag };
        content
            .and_then(|content| PublicMessage::new(content, auth, membership_tag))
            .map(MLSMessage::from)
            .map_err(|_| Error::IncorrectFormat)
    }
}
