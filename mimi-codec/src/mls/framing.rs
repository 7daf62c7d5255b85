//! Content, its sender and its authentication.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Opaque, Reader, Result,
    Segment, Writer,
    code_points::WireFormat,
    convention::{wire_enum, wire_select, wire_struct},
    mls::{Commit, GroupContext, MAC, Mls10, Proposal, leaf_node::presence},
    tls::tls_bridge,
};

wire_enum! {
    /// What a message is about (RFC 9420 §6).
    ///
    /// ```text
    /// enum {
    ///     reserved(0),
    ///     application(1),
    ///     proposal(2),
    ///     commit(3),
    ///     (255)
    /// } ContentType;
    /// ```
    pub enum ContentType {
        /// Something of the application's.
        1 "application" => Application,
        /// A proposed change.
        2 "proposal" => Proposal,
        /// Changes that take effect.
        3 "commit" => Commit,
    }
}

wire_enum! {
    /// What a sender is (RFC 9420 §6).
    ///
    /// ```text
    /// enum {
    ///     reserved(0),
    ///     member(1),
    ///     external(2),
    ///     new_member_proposal(3),
    ///     new_member_commit(4),
    ///     (255)
    /// } SenderType;
    /// ```
    pub enum SenderType {
        /// A member.
        1 "member" => Member,
        /// An entry of the list of external senders.
        2 "external" => External,
        /// A client that proposes to be added.
        3 "new_member_proposal" => NewMemberProposal,
        /// A client that joins by its own commit.
        4 "new_member_commit" => NewMemberCommit,
    }
}

wire_select! {
    /// Who sends (RFC 9420 §6).
    ///
    /// ```text
    /// struct {
    ///     SenderType sender_type;
    ///     select (Sender.sender_type) {
    ///         case member:
    ///             uint32 leaf_index;
    ///         case external:
    ///             uint32 sender_index;
    ///         case new_member_commit:
    ///         case new_member_proposal:
    ///             struct{};
    ///     };
    /// } Sender;
    /// ```
    pub enum Sender: u8 "SenderType" {
        /// A member.
        1 "member" => Member {
            /// Its leaf.
            leaf_index: u32,
        },
        /// An entry of the list of external senders.
        2 "external" => External {
            /// Its place there.
            sender_index: u32,
        },
        /// A client that proposes to be added.
        3 "new_member_proposal" => NewMemberProposal {},
        /// A client that joins by its own commit.
        4 "new_member_commit" => NewMemberCommit {},
    }
}

impl Sender {
    /// May it send this proposal (RFC 9420 §6.1)? A `new_member_commit` proposes in its commit
    /// only.
    pub(crate) fn may_propose(&self, proposal: &Proposal) -> bool {
        match self {
            Self::Member { .. } => true,
            Self::External { .. } => proposal.allows_external_sender(),
            Self::NewMemberProposal {} => matches!(proposal, Proposal::Add(_)),
            Self::NewMemberCommit {} => false,
        }
    }
}

wire_select! {
    /// `content_type` and what it selects (RFC 9420 §6).
    pub enum Content: u8 "ContentType" inline {
        /// Something of the application's.
        1 "application" => Application {
            /// The application's bytes.
            application_data: Opaque,
        },
        /// A proposed change.
        2 "proposal" => Proposal {
            /// The proposal.
            proposal: Proposal,
        },
        /// Changes that take effect.
        3 "commit" => Commit {
            /// The commit.
            commit: Commit,
        },
    }
}

impl Content {
    /// What it is about.
    pub fn content_type(&self) -> ContentType {
        match self {
            Self::Application { .. } => ContentType::Application,
            Self::Proposal { .. } => ContentType::Proposal,
            Self::Commit { .. } => ContentType::Commit,
        }
    }

    /// Reads what `content_type` selects, where that stands elsewhere.
    pub(crate) fn decode_body(reader: &mut Reader<'_>, content_type: ContentType) -> Result<Self> {
        match content_type {
            ContentType::Application => {
                Ok(Self::Application { application_data: reader.field("application_data")? })
            }
            ContentType::Proposal => Ok(Self::Proposal { proposal: reader.field("proposal")? }),
            ContentType::Commit => Ok(Self::Commit { commit: reader.field("commit")? }),
        }
    }

    /// Writes what `content_type` selects, and not `content_type`.
    pub(crate) fn encode_body(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        match self {
            Self::Application { application_data } => application_data.encode(writer),
            Self::Proposal { proposal } => proposal.encode(writer),
            Self::Commit { commit } => commit.encode(writer),
        }
    }

    #[cfg(feature = "arbitrary")]
    pub(crate) fn empty_commit() -> Self {
        Self::Commit { commit: Commit { proposals: Vec::new(), path: None } }
    }

    #[cfg(feature = "arbitrary")]
    fn some_proposal() -> Self {
        Self::Proposal { proposal: Proposal::Remove(crate::mls::Remove { removed: 3 }) }
    }
}

wire_struct! {
    /// A message before it is protected (RFC 9420 §6).
    ///
    /// Who isn't a member can't send everything (RFC 9420 §6.1): `new_member_commit` commits,
    /// `new_member_proposal` proposes to add itself, and external senders propose what
    /// [`Proposal::allows_external_sender`] lets them.
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     Sender sender;
    ///     opaque authenticated_data<V>;
    ///     ContentType content_type;
    ///     select (FramedContent.content_type) {
    ///         case application:
    ///           opaque application_data<V>;
    ///         case proposal:
    ///           Proposal proposal;
    ///         case commit:
    ///           Commit commit;
    ///     };
    /// } FramedContent;
    /// ```
    pub struct FramedContent {
        /// The group.
        group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        epoch: u64,
        /// Who sends.
        sender: Sender,
        /// The application's bytes that are not encrypted.
        authenticated_data: Opaque,
        /// `content_type` and its arm.
        content: Content,
    } check FramedContent::check, repair FramedContent::repair
}

impl FramedContent {
    fn check(&self) -> Result<(), InvalidValueError> {
        let sent = self.content.content_type();
        let allowed = match self.sender {
            Sender::Member { .. } => true,
            Sender::External { .. } | Sender::NewMemberProposal {} => sent == ContentType::Proposal,
            Sender::NewMemberCommit {} => sent == ContentType::Commit,
        };
        if !allowed {
            let value = sent.value().into();
            return Err(InvalidValueError::field(
                "content",
                DecodeErrorKind::ForbiddenValue { name: "ContentType", value },
            ));
        }
        match &self.content {
            Content::Proposal { proposal } if !self.sender.may_propose(proposal) => {
                let value = proposal.selector().into();
                let kind = DecodeErrorKind::ForbiddenValue { name: "ProposalType", value };
                Err(InvalidValueError::field("content", kind))
            }
            _ => Ok(()),
        }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        if self.check().is_err() {
            match self.sender {
                Sender::NewMemberCommit {} => self.content = Content::empty_commit(),
                // An Add is too much to make up.
                Sender::NewMemberProposal {} => self.sender = Sender::Member { leaf_index: 2 },
                _ => self.content = Content::some_proposal(),
            }
        }
    }

    #[cfg(feature = "arbitrary")]
    pub(crate) fn make_commit(&mut self) {
        if self.content.content_type() != ContentType::Commit {
            self.content = Content::empty_commit();
            self.sender = Sender::NewMemberCommit {};
        }
    }

    /// Does a signature over it cover the GroupContext (RFC 9420 §6.1)?
    fn signs_context(&self) -> bool {
        matches!(self.sender, Sender::Member { .. } | Sender::NewMemberCommit {})
    }
}

/// How content is authenticated (RFC 9420 §6.1).
///
/// Inside a message, the content type says whether there is a confirmation tag. Standing by itself,
/// it has one if bytes are left for one.
///
/// ```text
/// struct {
///     /* SignWithLabel(., "FramedContentTBS", FramedContentTBS) */
///     opaque signature<V>;
///     select (FramedContent.content_type) {
///         case commit:
///             /*
///               MAC(confirmation_key,
///                   GroupContext.confirmed_transcript_hash)
///             */
///             MAC confirmation_tag;
///         case application:
///         case proposal:
///             struct{};
///     };
/// } FramedContentAuthData;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FramedContentAuthData {
    /// Over a [`FramedContentTBS`], label `FramedContentTBS`.
    pub signature: Opaque,
    /// For a commit: that the sender knows the new epoch's confirmation key.
    pub confirmation_tag: Option<MAC>,
}

impl FramedContentAuthData {
    pub(crate) fn decode_for(reader: &mut Reader<'_>, content_type: ContentType) -> Result<Self> {
        let signature = reader.field("signature")?;
        let confirmation_tag = match content_type {
            ContentType::Commit => Some(reader.field("confirmation_tag")?),
            ContentType::Application | ContentType::Proposal => None,
        };
        Ok(Self { signature, confirmation_tag })
    }

    pub(crate) fn check_for(&self, content_type: ContentType) -> Result<(), InvalidValueError> {
        // The tag is the outer struct's field `auth`, as far as that can tell.
        presence("auth", self.confirmation_tag.is_some(), content_type == ContentType::Commit)
    }

    #[cfg(feature = "arbitrary")]
    pub(crate) fn repair_for(&mut self, content_type: ContentType) {
        self.confirmation_tag = match content_type {
            ContentType::Commit => self.confirmation_tag.take().or(Some(MAC::default())),
            _ => None,
        };
    }
}

impl<'a> Decode<'a> for FramedContentAuthData {
    const NAME: &'static str = "FramedContentAuthData";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let signature = reader.field("signature")?;
        let confirmation_tag = if reader.is_empty() { None } else { Some(reader.field("confirmation_tag")?) };
        Ok(Self { signature, confirmation_tag })
    }
}

impl Encode for FramedContentAuthData {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.signature.encode(writer)?;
        self.confirmation_tag.as_ref().map_or(Ok(()), |tag| tag.encode(writer))
    }
}

impl tls_codec::Size for FramedContentAuthData {
    fn tls_serialized_len(&self) -> usize {
        crate::tls::serialized_len(self)
    }
}

tls_bridge!(encode decode FramedContentAuthData);

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for FramedContentAuthData {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self { signature: u.arbitrary()?, confirmation_tag: u.arbitrary()? })
    }
}

wire_struct! {
    /// Content and its authentication (RFC 9420 §6): what a ProposalRef is the hash of.
    ///
    /// ```text
    /// struct {
    ///     WireFormat wire_format;
    ///     FramedContent content;
    ///     FramedContentAuthData auth;
    /// } AuthenticatedContent;
    /// ```
    pub struct AuthenticatedContent {
        /// How it was sent.
        wire_format: WireFormat,
        /// The content.
        content: FramedContent,
        /// With a confirmation tag exactly for a commit.
        auth: FramedContentAuthData,
    } check AuthenticatedContent::check, repair AuthenticatedContent::repair, by hand
}

impl AuthenticatedContent {
    fn check(&self) -> Result<(), InvalidValueError> {
        self.auth.check_for(self.content.content().content_type())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.auth.repair_for(self.content.content().content_type());
    }
}

/// The field `auth` of a struct whose content has this type.
fn auth_field(reader: &mut Reader<'_>, content: &FramedContent) -> Result<FramedContentAuthData> {
    let content_type = content.content().content_type();
    reader
        .inside(Segment::Field("auth"), |reader| FramedContentAuthData::decode_for(reader, content_type))
        .map_err(|error: DecodeError| error.in_field("auth"))
}

impl<'a> Decode<'a> for AuthenticatedContent {
    const NAME: &'static str = "AuthenticatedContent";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let wire_format = reader.field("wire_format")?;
        let content = reader.field("content")?;
        let auth = auth_field(reader, &content)?;
        Ok(Self { wire_format, content, auth })
    }
}

impl Encode for AuthenticatedContent {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.wire_format.encode(writer)?;
        self.content.encode(writer)?;
        self.auth.encode(writer)
    }
}

wire_struct! {
    /// What a sender signs (RFC 9420 §6.1).
    ///
    /// ```text
    /// struct {
    ///     ProtocolVersion version = mls10;
    ///     WireFormat wire_format;
    ///     FramedContent content;
    ///     select (FramedContentTBS.content.sender.sender_type) {
    ///         case member:
    ///         case new_member_commit:
    ///             GroupContext context;
    ///         case external:
    ///         case new_member_proposal:
    ///             struct{};
    ///     };
    /// } FramedContentTBS;
    /// ```
    pub struct FramedContentTBS {
        /// MLS 1.0.
        version: Mls10,
        /// How it is sent.
        wire_format: WireFormat,
        /// The content.
        content: FramedContent,
        /// The sender's epoch, if the sender is a member or joins by this commit.
        context: Option<Box<GroupContext>>,
    } check FramedContentTBS::check, repair FramedContentTBS::repair, by hand
}

impl FramedContentTBS {
    fn check(&self) -> Result<(), InvalidValueError> {
        presence("context", self.context.is_some(), self.content.signs_context())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        let context = GroupContext {
            version: Mls10,
            cipher_suite: crate::code_points::CipherSuite(1),
            group_id: "group".into(),
            epoch: 1,
            tree_hash: "tree".into(),
            confirmed_transcript_hash: "transcript".into(),
            extensions: crate::mls::Extensions::default(),
        };
        self.context = match self.content.signs_context() {
            true => self.context.take().or(Some(Box::new(context))),
            false => None,
        };
    }
}

impl<'a> Decode<'a> for FramedContentTBS {
    const NAME: &'static str = "FramedContentTBS";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let version = reader.field("version")?;
        let wire_format = reader.field("wire_format")?;
        let content: FramedContent = reader.field("content")?;
        let context = if content.signs_context() { Some(reader.field("context")?) } else { None };
        Ok(Self { version, wire_format, content, context })
    }
}

impl Encode for FramedContentTBS {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.version.encode(writer)?;
        self.wire_format.encode(writer)?;
        self.content.encode(writer)?;
        self.context.as_ref().map_or(Ok(()), |context| context.encode(writer))
    }
}

wire_struct! {
    /// What a membership tag covers (RFC 9420 §6.2).
    ///
    /// ```text
    /// struct {
    ///   FramedContentTBS content_tbs;
    ///   FramedContentAuthData auth;
    /// } AuthenticatedContentTBM;
    /// ```
    pub struct AuthenticatedContentTBM {
        /// What the sender signed.
        content_tbs: FramedContentTBS,
        /// The signature, and a confirmation tag exactly for a commit.
        auth: FramedContentAuthData,
    } check AuthenticatedContentTBM::check, repair AuthenticatedContentTBM::repair, by hand
}

impl AuthenticatedContentTBM {
    fn check(&self) -> Result<(), InvalidValueError> {
        self.auth.check_for(self.content_tbs.content.content().content_type())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.auth.repair_for(self.content_tbs.content.content().content_type());
    }
}

impl<'a> Decode<'a> for AuthenticatedContentTBM {
    const NAME: &'static str = "AuthenticatedContentTBM";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let content_tbs: FramedContentTBS = reader.field("content_tbs")?;
        let auth = auth_field(reader, &content_tbs.content)?;
        Ok(Self { content_tbs, auth })
    }
}

impl Encode for AuthenticatedContentTBM {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.content_tbs.encode(writer)?;
        self.auth.encode(writer)
    }
}

wire_struct! {
    /// A message that all on the way can read (RFC 9420 §6.2).
    ///
    /// ```text
    /// struct {
    ///     FramedContent content;
    ///     FramedContentAuthData auth;
    ///     select (PublicMessage.content.sender.sender_type) {
    ///         case member:
    ///             MAC membership_tag;
    ///         case external:
    ///         case new_member_commit:
    ///         case new_member_proposal:
    ///             struct{};
    ///     };
    /// } PublicMessage;
    /// ```
    pub struct PublicMessage {
        /// The content.
        content: FramedContent,
        /// With a confirmation tag exactly for a commit.
        auth: FramedContentAuthData,
        /// Exactly if the sender is a member: that it is one. Over an [`AuthenticatedContentTBM`].
        membership_tag: Option<MAC>,
    } check PublicMessage::check, repair PublicMessage::repair, by hand
}

impl PublicMessage {
    fn is_from_member(content: &FramedContent) -> bool {
        matches!(content.sender(), Sender::Member { .. })
    }

    fn check(&self) -> Result<(), InvalidValueError> {
        self.auth.check_for(self.content.content().content_type())?;
        presence("membership_tag", self.membership_tag.is_some(), Self::is_from_member(&self.content))
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.auth.repair_for(self.content.content().content_type());
        self.membership_tag = match Self::is_from_member(&self.content) {
            true => self.membership_tag.take().or(Some(MAC::default())),
            false => None,
        };
    }

    /// What the sender signed, in the epoch `context`, which is left out where the sender doesn't
    /// sign it.
    pub fn tbs(&self, context: &GroupContext) -> FramedContentTBS {
        FramedContentTBS {
            version: Mls10,
            wire_format: WireFormat::MLS_PUBLIC_MESSAGE,
            content: self.content.clone(),
            context: self.content.signs_context().then(|| Box::new(context.clone())),
        }
    }
}

impl<'a> Decode<'a> for PublicMessage {
    const NAME: &'static str = "PublicMessage";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let content = reader.field("content")?;
        let auth = auth_field(reader, &content)?;
        let membership_tag =
            if Self::is_from_member(&content) { Some(reader.field("membership_tag")?) } else { None };
        Ok(Self { content, auth, membership_tag })
    }
}

impl Encode for PublicMessage {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.content.encode(writer)?;
        self.auth.encode(writer)?;
        self.membership_tag.as_ref().map_or(Ok(()), |tag| tag.encode(writer))
    }
}
