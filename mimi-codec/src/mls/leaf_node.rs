//! A member, as the others see it.

use alloc::vec::Vec;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, ListView, Opaque, Reader,
    Result, Unique, Writer,
    code_points::{CipherSuite, CredentialType, ExtensionType, ProposalType, ProtocolVersion},
    convention::{wire_enum, wire_select, wire_struct, wire_view},
    mls::{Credential, CredentialView, ExtensionView, Extensions, HPKEPublicKey, SignaturePublicKey},
};

wire_struct! {
    /// What a client understands (RFC 9420 §7.2). Unknown values, GREASE among them, are kept.
    ///
    /// ```text
    /// struct {
    ///     ProtocolVersion versions<V>;
    ///     CipherSuite cipher_suites<V>;
    ///     ExtensionType extensions<V>;
    ///     ProposalType proposals<V>;
    ///     CredentialType credentials<V>;
    /// } Capabilities;
    /// ```
    #[derive(Default)]
    pub struct Capabilities {
        /// Versions of MLS.
        pub versions: Vec<ProtocolVersion>,
        /// Cipher suites.
        pub cipher_suites: Vec<CipherSuite>,
        /// Extensions beyond those that all clients support.
        pub extensions: Vec<ExtensionType>,
        /// Proposals beyond those that all clients support.
        pub proposals: Vec<ProposalType>,
        /// Credentials.
        pub credentials: Vec<CredentialType>,
    }
}

wire_view! {
    /// A borrowed [`Capabilities`].
    pub struct CapabilitiesView<'a> of Capabilities {
        /// Versions of MLS.
        pub versions: ListView<'a, ProtocolVersion>,
        /// Cipher suites.
        pub cipher_suites: ListView<'a, CipherSuite>,
        /// Extensions beyond those that all clients support.
        pub extensions: ListView<'a, ExtensionType>,
        /// Proposals beyond those that all clients support.
        pub proposals: ListView<'a, ProposalType>,
        /// Credentials.
        pub credentials: ListView<'a, CredentialType>,
    }
}

wire_struct! {
    /// When a KeyPackage may be used (RFC 9420 §7.2), in seconds since the UNIX epoch.
    ///
    /// ```text
    /// struct {
    ///     uint64 not_before;
    ///     uint64 not_after;
    /// } Lifetime;
    /// ```
    #[derive(Copy)]
    pub struct Lifetime {
        /// Not before this second.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub not_before: u64,
        /// Not after this second.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub not_after: u64,
    }
}

wire_enum! {
    /// How a leaf node came to be (RFC 9420 §7.2).
    ///
    /// ```text
    /// enum {
    ///     reserved(0),
    ///     key_package(1),
    ///     update(2),
    ///     commit(3),
    ///     (255)
    /// } LeafNodeSource;
    /// ```
    pub enum LeafNodeSource {
        /// In a KeyPackage.
        1 "key_package" => KeyPackage,
        /// In an Update proposal.
        2 "update" => Update,
        /// In a Commit's path.
        3 "commit" => Commit,
    }
}

wire_select! {
    /// How a leaf node came to be, and what comes with it (RFC 9420 §7.2).
    pub enum LeafNodeSelect: u8 "LeafNodeSource" inline {
        /// In a KeyPackage.
        1 "key_package" => KeyPackage {
            /// When the KeyPackage may be used.
            lifetime: Lifetime,
        },
        /// In an Update proposal.
        2 "update" => Update {},
        /// In a Commit's path.
        3 "commit" => Commit {
            /// The hash that ties the leaf to its parents.
            parent_hash: Opaque,
        },
    }
}

wire_struct! {
    /// A member of the group, or a client that may become one (RFC 9420 §7.2).
    ///
    /// ```text
    /// struct {
    ///     HPKEPublicKey encryption_key;
    ///     SignaturePublicKey signature_key;
    ///     Credential credential;
    ///     Capabilities capabilities;
    ///     LeafNodeSource leaf_node_source;
    ///     select (LeafNode.leaf_node_source) {
    ///         case key_package:
    ///             Lifetime lifetime;
    ///         case update:
    ///             struct{};
    ///         case commit:
    ///             opaque parent_hash<V>;
    ///     };
    ///     Extension extensions<V>;
    ///     /* SignWithLabel(., "LeafNodeTBS", LeafNodeTBS) */
    ///     opaque signature<V>;
    /// } LeafNode;
    /// ```
    pub struct LeafNode {
        /// Path secrets are encrypted to this.
        pub encryption_key: HPKEPublicKey,
        /// The member's signatures are verified with this.
        pub signature_key: SignaturePublicKey,
        /// Who the member is.
        pub credential: Credential,
        /// What the member understands.
        pub capabilities: Capabilities,
        /// `leaf_node_source` and its arm.
        pub leaf_node_source: LeafNodeSelect,
        /// More about the member.
        pub extensions: Extensions,
        /// Over a [`LeafNodeTBS`], label `LeafNodeTBS`.
        pub signature: Opaque,
    }
}

impl LeafNode {
    /// What `signature` covers. A leaf that isn't from a KeyPackage signs its group and its place
    /// there as well.
    ///
    /// # Errors
    /// [`Missing`](DecodeErrorKind::Missing) or [`Unexpected`](DecodeErrorKind::Unexpected) when
    /// `position` is not there exactly for a leaf with the source `update` or `commit`.
    pub fn tbs(&self, position: Option<LeafNodePosition>) -> Result<LeafNodeTBS, InvalidValueError> {
        LeafNodeTBS::new(
            self.encryption_key.clone(),
            self.signature_key.clone(),
            self.credential.clone(),
            self.capabilities.clone(),
            self.leaf_node_source.clone(),
            self.extensions.clone(),
            position,
        )
    }
}

wire_struct! {
    /// Where in which group a leaf stands (RFC 9420 §7.2): the second select of [`LeafNodeTBS`].
    pub struct LeafNodePosition {
        /// The group.
        pub group_id: Opaque,
        /// The leaf's index.
        pub leaf_index: u32,
    }
}

wire_struct! {
    /// What a [`LeafNode`] signs (RFC 9420 §7.2).
    ///
    /// ```text
    /// struct {
    ///     HPKEPublicKey encryption_key;
    ///     SignaturePublicKey signature_key;
    ///     Credential credential;
    ///     Capabilities capabilities;
    ///     LeafNodeSource leaf_node_source;
    ///     select (LeafNodeTBS.leaf_node_source) {
    ///         case key_package:
    ///             Lifetime lifetime;
    ///         case update:
    ///             struct{};
    ///         case commit:
    ///             opaque parent_hash<V>;
    ///     };
    ///     Extension extensions<V>;
    ///     select (LeafNodeTBS.leaf_node_source) {
    ///         case key_package:
    ///             struct{};
    ///         case update:
    ///             opaque group_id<V>;
    ///             uint32 leaf_index;
    ///         case commit:
    ///             opaque group_id<V>;
    ///             uint32 leaf_index;
    ///     };
    /// } LeafNodeTBS;
    /// ```
    pub struct LeafNodeTBS {
        /// Path secrets are encrypted to this.
        encryption_key: HPKEPublicKey,
        /// The member's signatures are verified with this.
        signature_key: SignaturePublicKey,
        /// Who the member is.
        credential: Credential,
        /// What the member understands.
        capabilities: Capabilities,
        /// `leaf_node_source` and its arm.
        leaf_node_source: LeafNodeSelect,
        /// More about the member.
        extensions: Extensions,
        /// `group_id` and `leaf_index`, for a leaf from an Update or a Commit.
        position: Option<LeafNodePosition>,
    } check LeafNodeTBS::check, repair LeafNodeTBS::repair, by hand
}

impl LeafNodeTBS {
    fn check(&self) -> Result<(), InvalidValueError> {
        let placed = !matches!(self.leaf_node_source, LeafNodeSelect::KeyPackage { .. });
        presence("position", self.position.is_some(), placed)
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        let position = LeafNodePosition { group_id: "group".into(), leaf_index: 7 };
        self.position = match self.leaf_node_source {
            LeafNodeSelect::KeyPackage { .. } => None,
            _ => self.position.take().or(Some(position)),
        };
    }
}

/// Is the field `name` there exactly when it has to be?
pub(crate) fn presence(name: &'static str, is_there: bool, has_to_be: bool) -> Result<(), InvalidValueError> {
    match (is_there, has_to_be) {
        (false, true) => Err(InvalidValueError::field(name, DecodeErrorKind::Missing)),
        (true, false) => Err(InvalidValueError::field(name, DecodeErrorKind::Unexpected)),
        _ => Ok(()),
    }
}

impl<'a> Decode<'a> for LeafNodeTBS {
    const NAME: &'static str = "LeafNodeTBS";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let encryption_key = reader.field("encryption_key")?;
        let signature_key = reader.field("signature_key")?;
        let credential = reader.field("credential")?;
        let capabilities = reader.field("capabilities")?;
        let leaf_node_source = reader.field("leaf_node_source")?;
        let extensions = reader.field("extensions")?;
        let position = match leaf_node_source {
            LeafNodeSelect::KeyPackage { .. } => None,
            LeafNodeSelect::Update {} | LeafNodeSelect::Commit { .. } => {
                Some(LeafNodePosition::decode(reader)?)
            }
        };
        Ok(Self {
            encryption_key,
            signature_key,
            credential,
            capabilities,
            leaf_node_source,
            extensions,
            position,
        })
    }
}

impl Encode for LeafNodeTBS {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.encryption_key.encode(writer)?;
        self.signature_key.encode(writer)?;
        self.credential.encode(writer)?;
        self.capabilities.encode(writer)?;
        self.leaf_node_source.encode(writer)?;
        self.extensions.encode(writer)?;
        self.position.as_ref().map_or(Ok(()), |position| position.encode(writer))
    }
}

/// A borrowed [`LeafNodeSelect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafNodeSelectView<'a> {
    /// In a KeyPackage.
    KeyPackage {
        /// When the KeyPackage may be used.
        lifetime: Lifetime,
    },
    /// In an Update proposal.
    Update {},
    /// In a Commit's path.
    Commit {
        /// The hash that ties the leaf to its parents.
        parent_hash: &'a [u8],
    },
}

impl<'a> Decode<'a> for LeafNodeSelectView<'a> {
    const NAME: &'static str = "LeafNodeSource";
    const INLINE: bool = true;

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        match reader.uint8()? {
            1 => Ok(Self::KeyPackage { lifetime: reader.field("lifetime")? }),
            2 => Ok(Self::Update {}),
            3 => Ok(Self::Commit { parent_hash: reader.field("parent_hash")? }),
            value => Err(DecodeError::new(
                DecodeErrorKind::UnknownValue { name: "LeafNodeSource", value: value.into() },
                start,
            )),
        }
    }
}

impl Encode for LeafNodeSelectView<'_> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        match self {
            Self::KeyPackage { lifetime } => {
                1u8.encode(writer)?;
                lifetime.encode(writer)
            }
            Self::Update {} => 2u8.encode(writer),
            Self::Commit { parent_hash } => {
                3u8.encode(writer)?;
                parent_hash.encode(writer)
            }
        }
    }
}

impl<'a> From<LeafNodeSelectView<'a>> for LeafNodeSelect {
    fn from(view: LeafNodeSelectView<'a>) -> Self {
        match view {
            LeafNodeSelectView::KeyPackage { lifetime } => Self::KeyPackage { lifetime },
            LeafNodeSelectView::Update {} => Self::Update {},
            LeafNodeSelectView::Commit { parent_hash } => Self::Commit { parent_hash: parent_hash.into() },
        }
    }
}

wire_view! {
    /// A borrowed [`LeafNode`].
    pub struct LeafNodeView<'a> of LeafNode {
        /// Path secrets are encrypted to this.
        pub encryption_key: &'a [u8],
        /// The member's signatures are verified with this.
        pub signature_key: &'a [u8],
        /// Who the member is.
        pub credential: CredentialView<'a>,
        /// What the member understands.
        pub capabilities: CapabilitiesView<'a>,
        /// `leaf_node_source` and its arm.
        pub leaf_node_source: LeafNodeSelectView<'a>,
        /// More about the member.
        pub extensions: ListView<'a, ExtensionView<'a>, Unique>,
        /// Over a [`LeafNodeTBS`].
        pub signature: &'a [u8],
    }
}
