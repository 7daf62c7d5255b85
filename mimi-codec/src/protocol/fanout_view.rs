//! The body of `/notify` where it lies: what a follower walks and routes without a copy
//! (mimi-protocol-06 §5.5).

use super::fanout::{check_external_proposals, refuse_message};
use super::room_message::{
    HANDSHAKE, MessageKind, Outline, check_more_proposals, offset_in_message, refuse_element,
};
use super::{FanoutMessage, Frank};
use crate::{
    Decode, InvalidValueError, ListView, Octets, Reader, Result,
    code_points::{CipherSuite, WireFormat},
    convention::wire_view,
    mls::{
        ContentType, EncryptedGroupSecrets, HPKECiphertext, MLSMessage, Mls10, ProposalRule, RatchetTreeView,
        Sender,
    },
    ratchet_tree_options::RatchetTreeOption,
};

wire_view! {
    /// A [`Frank`], uncopied.
    pub struct FrankView<'a> of Frank {
        /// The hub's HMAC over the franking tag and the context.
        pub server_frank: Octets<32>,
        /// The cipher suite of the group when the message was franked.
        pub franking_signature_ciphersuite: CipherSuite,
        /// The hub's signature.
        pub franking_integrity_signature: &'a [u8],
    }
}

wire_view! {
    /// An [`HPKECiphertext`], uncopied.
    pub struct HPKECiphertextView<'a> of HPKECiphertext {
        /// The KEM's encapsulated key.
        pub kem_output: &'a [u8],
        /// The sealed plaintext and its tag.
        pub ciphertext: &'a [u8],
    }
}

wire_view! {
    /// An [`EncryptedGroupSecrets`], uncopied.
    pub struct EncryptedGroupSecretsView<'a> of EncryptedGroupSecrets {
        /// The hash of the member's KeyPackage.
        pub new_member: &'a [u8],
        /// Sealed with its `init_key`.
        pub encrypted_group_secrets: HPKECiphertextView<'a>,
    }
}

/// An MLSMessage where it lies: its bytes, and what a hub or follower routes it by.
///
/// A PrivateMessage and a Welcome are checked where they lie, too; anything else is decoded once
/// for the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MLSMessageView<'a> {
    bytes: &'a [u8],
    outline: Outline<'a>,
    secrets: Option<ListView<'a, EncryptedGroupSecretsView<'a>>>,
}

impl<'a> MLSMessageView<'a> {
    /// The message's encoding.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the message is.
    #[must_use]
    pub const fn wire_format(&self) -> WireFormat {
        self.outline.wire_format
    }

    /// What it is about; `None` for a Welcome, a GroupInfo and a KeyPackage.
    #[must_use]
    pub const fn content_type(&self) -> Option<ContentType> {
        self.outline.content_type
    }

    /// The group; empty where [`Self::content_type`] is `None`.
    #[must_use]
    pub const fn group_id(&self) -> &'a [u8] {
        self.outline.group_id
    }

    /// The epoch; 0 where [`Self::content_type`] is `None`.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.outline.epoch
    }

    /// The references of the KeyPackages whose owners a Welcome is for; of anything else, none.
    pub fn key_package_refs(&self) -> impl Iterator<Item = &'a [u8]> {
        self.secrets.into_iter().flat_map(|secrets| secrets.iter()).map(|secrets| secrets.new_member)
    }
}

impl<'a> Decode<'a> for MLSMessageView<'a> {
    const NAME: &'static str = "MLSMessage";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.clone();
        let mut probe = start.clone();
        probe.field::<Mls10>("version")?;
        let wire_format = WireFormat::decode(&mut probe)?;
        let mut secrets = None;
        let outline = match wire_format {
            WireFormat::MLS_PRIVATE_MESSAGE => {
                let outline =
                    private_message(&mut probe).map_err(|error| error.in_field("private_message"))?;
                *reader = probe;
                outline
            }
            WireFormat::MLS_WELCOME => {
                secrets = Some(welcome(&mut probe).map_err(|error| error.in_field("welcome"))?);
                *reader = probe;
                Outline::without_content(wire_format)
            }
            _ => {
                MLSMessage::decode(reader)?;
                handshake_outline(&mut probe, wire_format)?
            }
        };
        Ok(Self { bytes: consumed(&start, reader), outline, secrets })
    }
}

/// The bytes that were read between two positions of a cursor.
fn consumed<'a>(from: &Reader<'a>, to: &Reader<'a>) -> &'a [u8] {
    from.rest().get(..to.offset().saturating_sub(from.offset())).unwrap_or_default()
}

/// The fields of a PrivateMessage (RFC 9420 §6.3).
fn private_message<'a>(reader: &mut Reader<'a>) -> Result<Outline<'a>> {
    let group_id = reader.field("group_id")?;
    let epoch = reader.field("epoch")?;
    let content_type = reader.field("content_type")?;
    reader.field::<&[u8]>("authenticated_data")?;
    reader.field::<&[u8]>("encrypted_sender_data")?;
    reader.field::<&[u8]>("ciphertext")?;
    let wire_format = WireFormat::MLS_PRIVATE_MESSAGE;
    Ok(Outline { wire_format, content_type: Some(content_type), group_id, epoch, is_external_commit: false })
}

/// The fields of a Welcome (RFC 9420 §12.4.3.1).
fn welcome<'a>(reader: &mut Reader<'a>) -> Result<ListView<'a, EncryptedGroupSecretsView<'a>>> {
    reader.field::<CipherSuite>("cipher_suite")?;
    let secrets = reader.field("secrets")?;
    reader.field::<&[u8]>("encrypted_group_info")?;
    Ok(secrets)
}

/// The first fields of a PublicMessage or SemiPrivateMessage, which has been checked.
fn handshake_outline<'a>(reader: &mut Reader<'a>, wire_format: WireFormat) -> Result<Outline<'a>> {
    if !HANDSHAKE.contains(&wire_format) {
        return Ok(Outline::without_content(wire_format));
    }
    let (group_id, epoch) = (reader.opaque()?, reader.uint64()?);
    let mut is_external_commit = false;
    if wire_format == WireFormat::MLS_PUBLIC_MESSAGE {
        is_external_commit = Sender::decode(reader)? == Sender::NewMemberCommit {};
        reader.opaque()?;
    }
    let content_type = Some(ContentType::decode(reader)?);
    Ok(Outline { wire_format, content_type, group_id, epoch, is_external_commit })
}

/// An [`MLSMessageView`] of a proposal that isn't a PrivateMessage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalMessageView<'a>(MLSMessageView<'a>);

impl<'a> ProposalMessageView<'a> {
    /// The message.
    #[must_use]
    pub const fn get(&self) -> MLSMessageView<'a> {
        self.0
    }
}

impl<'a> Decode<'a> for ProposalMessageView<'a> {
    const NAME: &'static str = "MLSMessage";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.clone();
        let message = MLSMessageView::decode(reader)?;
        let outline = message.outline;
        if HANDSHAKE.contains(&outline.wire_format) && outline.content_type == Some(ContentType::Proposal) {
            return Ok(Self(message));
        }
        let invalid: InvalidValueError = outline.refusal(HANDSHAKE);
        let offset = offset_in_message(start.clone(), &invalid).unwrap_or(start.offset());
        Err(invalid.at(offset, &[]))
    }
}

/// A [`FanoutMessage`] where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanoutMessageView<'a> {
    timestamp: u64,
    event: FanoutEventView<'a>,
    bytes: &'a [u8],
    rules: &'a [ProposalRule],
}

/// What a [`FanoutMessageView`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FanoutEventView<'a> {
    /// An application message.
    Application {
        /// The message.
        message: MLSMessageView<'a>,
        /// The hub's stamp, if the message carries a franking tag.
        frank: Option<FrankView<'a>>,
    },
    /// A Welcome.
    Welcome {
        /// The message.
        message: MLSMessageView<'a>,
        /// The encoding of the ratchet tree, or of where it is.
        ratchet_tree_option: &'a [u8],
    },
    /// A proposal.
    Proposal {
        /// The message.
        message: MLSMessageView<'a>,
        /// Others that came with it.
        more_proposals: ListView<'a, ProposalMessageView<'a>>,
    },
    /// A commit.
    Commit {
        /// The message.
        message: MLSMessageView<'a>,
        /// Proposals that the hub makes anew.
        external_proposals: ListView<'a, ProposalMessageView<'a>>,
    },
}

impl<'a> FanoutMessageView<'a> {
    /// When the hub accepted the message, in milliseconds since the UNIX epoch.
    #[must_use]
    pub const fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// What it is about.
    #[must_use]
    pub const fn event(&self) -> &FanoutEventView<'a> {
        &self.event
    }

    /// The MLSMessage.
    #[must_use]
    pub const fn message(&self) -> MLSMessageView<'a> {
        match self.event {
            FanoutEventView::Application { message, .. }
            | FanoutEventView::Welcome { message, .. }
            | FanoutEventView::Proposal { message, .. }
            | FanoutEventView::Commit { message, .. } => message,
        }
    }

    /// The encoding of the FanoutMessage, to hand on as it is.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A copy of its own.
    ///
    /// # Errors
    /// None: what has been checked decodes.
    pub fn to_owned(&self) -> Result<FanoutMessage> {
        FanoutMessage::decode_exact_with(self.bytes, self.rules)
    }
}

impl<'a> Decode<'a> for FanoutMessageView<'a> {
    const NAME: &'static str = "FanoutMessage";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let begin = reader.clone();
        let timestamp = reader.field("timestamp")?;
        let start = reader.clone();
        let message: MLSMessageView<'a> = reader.field("message")?;
        let kind = MessageKind::of(message.outline).map_err(|invalid| refuse_message(start, invalid))?;
        let event = match kind {
            MessageKind::Application => {
                FanoutEventView::Application { message, frank: reader.field("frank")? }
            }
            MessageKind::Welcome => {
                let tree = reader.clone();
                check_ratchet_tree_option(reader).map_err(|error| error.in_field("ratchet_tree_option"))?;
                FanoutEventView::Welcome { message, ratchet_tree_option: consumed(&tree, reader) }
            }
            MessageKind::Proposal => {
                let list = reader.clone();
                let more_proposals: ListView<'a, ProposalMessageView<'a>> = reader.field("more_proposals")?;
                let outlines = more_proposals.iter().map(|proposal| proposal.0.outline);
                check_more_proposals(message.outline, outlines)
                    .map_err(|(kind, index)| refuse_element(list, "more_proposals", kind, index))?;
                FanoutEventView::Proposal { message, more_proposals }
            }
            MessageKind::Commit => {
                let list = reader.clone();
                let external_proposals: ListView<'a, ProposalMessageView<'a>> =
                    reader.field("external_proposals")?;
                let outlines = external_proposals.iter().map(|proposal| proposal.0.outline);
                check_external_proposals(message.outline, outlines)
                    .map_err(|(kind, index)| refuse_element(list, "external_proposals", kind, index))?;
                FanoutEventView::Commit { message, external_proposals }
            }
        };
        Ok(Self { timestamp, event, bytes: consumed(&begin, reader), rules: reader.rules() })
    }
}

/// A whole tree is checked without a copy, anything else is small.
fn check_ratchet_tree_option(reader: &mut Reader<'_>) -> Result<()> {
    let mut probe = reader.clone();
    const FULL: u8 = 1;
    if probe.uint8() == Ok(FULL) {
        probe.field::<RatchetTreeView<'_>>("ratchet_tree")?;
        *reader = probe;
    } else {
        RatchetTreeOption::decode(reader)?;
    }
    Ok(())
}

/// Walks the body of a `/notify` request, message by message, without copying it.
///
/// It ends after the last message, or after the first refusal. A body without a message is refused,
/// as is one whose last message is incomplete. Offsets count in the body; paths begin with the
/// message's number, as in `FanoutMessage[1].message`.
///
/// ```
/// use mimi_codec::{Encode, mls, protocol::*};
///
/// # let message = mls::PrivateMessage {
/// #     group_id: "mimi://a.example/g/clubhouse".into(),
/// #     epoch: 7,
/// #     content_type: mls::ContentType::Application,
/// #     authenticated_data: "".into(),
/// #     encrypted_sender_data: "".into(),
/// #     ciphertext: "".into(),
/// # };
/// # let message = ApplicationMessage::new(message.into())?;
/// # let message = FanoutMessage::new(1, FanoutEvent::Application { message, frank: None })?.to_bytes()?;
/// # let body = [message.as_slice(), message.as_slice()].concat();
/// for message in FanoutMessages::new(&body) {
///     let message = message?;
///     assert_eq!(message.message().group_id(), b"mimi://a.example/g/clubhouse");
///     // … and hand `message.bytes()` on.
/// }
/// # assert_eq!(FanoutMessages::new(&body).count(), 2);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FanoutMessages<'a> {
    reader: Reader<'a>,
    next: usize,
    ended: bool,
}

impl<'a> FanoutMessages<'a> {
    /// At the beginning of `body`.
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self::with_rules(body, &[])
    }

    /// At the beginning of `body`, which may hold proposals of the types that `rules` describe.
    #[must_use]
    pub fn with_rules(body: &'a [u8], rules: &'a [ProposalRule]) -> Self {
        Self { reader: Reader::with_rules(body, rules), next: 0, ended: false }
    }

    /// Where the next message begins, in bytes from the beginning of the body.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.reader.offset()
    }
}

impl<'a> Iterator for FanoutMessages<'a> {
    type Item = Result<FanoutMessageView<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let number = self.next;
        self.next = number.saturating_add(1);
        let result = FanoutMessageView::decode(&mut self.reader);
        self.ended = result.is_err() || self.reader.is_empty();
        Some(result.map_err(|error| error.in_element(number).in_struct(FanoutMessageView::NAME)))
    }
}

impl core::iter::FusedIterator for FanoutMessages<'_> {}
