//! What can go wrong.

use core::fmt;

use mimi_codec::{
    DecodeError, EncodeError, InvalidValueError,
    code_points::{CipherSuite, ComponentID, CredentialType, ProposalType},
    mls::Sender,
    protocol::GroupInfoCode,
};

/// Why an operation failed. Secrets never show in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CryptoError {
    /// The provider does not have this suite.
    UnsupportedCipherSuite(CipherSuite),
    /// A message names one suite and is handled under another.
    CipherSuiteMismatch {
        /// The suite of the provider.
        expected: CipherSuite,
        /// The suite of the message.
        actual: CipherSuite,
    },
    /// Something has not the length that the suite gives it.
    InvalidLength {
        /// What: a name of RFC 9420 or of a draft.
        what: &'static str,
        /// Its length in bytes under the suite.
        expected: usize,
        /// The length in bytes that it has.
        actual: usize,
    },
    /// Not a key of the suite: a point off the curve or of small order, a compressed point, a
    /// scalar out of range.
    InvalidKey {
        /// Which key: a name of RFC 9420 or of a draft.
        what: &'static str,
    },
    /// Bytes that cannot be a signature of the suite, whatever the key and the content.
    MalformedSignature,
    /// The signature is not one by this key over this content under this label.
    InvalidSignature,
    /// The tag is not one by this key over this content.
    InvalidTag,
    /// The ciphertext was not made with this key, nonce, label and context, or was changed.
    DecryptionFailed,
    /// KDF.Expand cannot give that many bytes.
    OutputTooLong {
        /// The number of bytes asked for.
        length: usize,
    },
    /// The component's secret of this epoch was given out already (mls-extensions-10 §4.4).
    AlreadyExported(ComponentID),
    /// The two sides of an associated party's key schedule hold different secrets
    /// (mls-associated-parties-01 §4.2).
    ApCommitSecretMismatch,
    /// The group has no external sender at this index.
    UnknownExternalSender(u32),
    /// The list has no associated party at this index.
    UnknownAssociatedParty(u32),
    /// An update of an associated party's entry by a party that has none (mls-associated-parties-01
    /// §3.1).
    NotAnAssociatedParty(Sender),
    /// A commit changes the entry at this index twice, or changes and removes it.
    AssociatedPartyChangedTwice(u32),
    /// Two associated parties are this external sender.
    DuplicateAssociatedParty(u32),
    /// An associated party's new entry names another external sender than the party itself.
    ExternalSenderMismatch {
        /// The party, by its index in `external_senders`.
        expected: u32,
        /// The index in its new entry.
        actual: u32,
    },
    /// Such a sender cannot commit (RFC 9420 §6.1).
    NotACommitter(Sender),
    /// A credential that holds no bindings (mls-extensions-10 §6.5).
    NotAMultiCredential(CredentialType),
    /// A member does not support this multi-credential, or what it holds (mls-extensions-10
    /// §6.5.2).
    UnsupportedCredential(CredentialType),
    /// The signing key is not the one whose public key the struct names.
    KeyMismatch {
        /// The struct's field that names the public key.
        what: &'static str,
    },
    /// The answer is about another room.
    RoomMismatch,
    /// The hub gives no GroupInfo, and this is why.
    NoGroupInfo(GroupInfoCode),
    /// The group does not allow SemiPrivateMessages, has no external receiver, or the sender is not
    /// a member (mls-semiprivatemessage-07 §3).
    SemiPrivateNotAllowed,
    /// A proposal of this type must not be sent as a SemiPrivateMessage: a SelfRemove is sent as a
    /// PublicMessage only (mls-extensions-10 §6.3).
    ProposalNotSemiPrivate(ProposalType),
    /// The content is of another group or epoch than the GroupContext.
    EpochMismatch,
    /// What a message says outside of its encryption differs from what it holds
    /// (mls-private-external-01 §3.4).
    OuterContentMismatch,
    /// A message for senders outside of the group comes from a member (mls-private-external-01
    /// §3.4).
    SenderIsAMember,
    /// The leaf at this index is blank, or not the one that was signed
    /// (mls-leaf-operation-intents §2.2).
    LeafMismatch(u32),
    /// A leaf outside of its tree, or a number of leaves that is not a power of two.
    LeafOutOfRange {
        /// The leaf.
        leaf: u32,
        /// The number of leaves.
        leaf_count: u32,
    },
    /// A generation of a ratchet that was given out, or is too far ahead (mls-virtual-clients
    /// §6.2).
    GenerationOutOfRange {
        /// The generation.
        generation: u32,
        /// The generation that comes next.
        next: u32,
    },
    /// The state of a secret tree holds a secret twice, one above another, or none for a leaf
    /// (mls-virtual-clients §5.1.2).
    InvalidSecretTree,
    /// A ratchet tree without nodes.
    EmptyTree,
    /// The LeafNode of a KeyPackage has another source than `key_package` (RFC 9420 §10.1).
    NotAKeyPackageLeaf,
    /// A KeyPackage that is not valid yet, or not any more. In seconds since the UNIX epoch.
    OutsideOfLifetime {
        /// The beginning of its lifetime.
        not_before: u64,
        /// The end of its lifetime.
        not_after: u64,
    },
    /// A KeyPackage whose `init_key` is the `encryption_key` of its leaf (RFC 9420 §10.1).
    SharedKey,
    /// A GroupInfo that differs from the tree, the commit or the group that it should describe.
    GroupInfoMismatch {
        /// The field that differs.
        what: &'static str,
    },
    /// The message has no key for this external receiver.
    UnknownReceiver,
    /// The message's `partial_context_hash` is not that of the sender's leaf and nonce
    /// (mls-semiprivatemessage-07 §3.1).
    PartialContextHashMismatch,
    /// The message's `framed_content_tbs_hash` is not that of what was opened: members and external
    /// receivers would read different content (mls-semiprivatemessage-07 §3.1).
    FramedContentTbsHashMismatch,
    /// The provider couldn't do its work: an HSM out of reach, a message beyond the AEAD's limit.
    ProviderFailure,
    /// What was opened or checked is not what it should be.
    Decode(DecodeError),
    /// A value does not fit its vector.
    Encode(EncodeError),
    /// Values that cannot stand together in one struct.
    Invalid(InvalidValueError),
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedCipherSuite(suite) => {
                write!(f, "cipher suite {} is not supported", suite.value())
            }
            Self::CipherSuiteMismatch { expected, actual } => {
                write!(f, "cipher suite {} where {} is in use", actual.value(), expected.value())
            }
            Self::InvalidLength { what, expected, actual } => {
                write!(f, "{what} has {actual} bytes, the cipher suite wants {expected}")
            }
            Self::InvalidKey { what } => write!(f, "{what} is not a key of the cipher suite"),
            Self::MalformedSignature => f.write_str("these bytes are no signature of the cipher suite"),
            Self::InvalidSignature => f.write_str("the signature does not verify"),
            Self::InvalidTag => f.write_str("the tag does not verify"),
            Self::DecryptionFailed => f.write_str("the ciphertext does not open"),
            Self::OutputTooLong { length } => write!(f, "the KDF cannot give {length} bytes"),
            Self::AlreadyExported(component) => {
                write!(f, "the secret of component {:#06x} was exported already", component.value())
            }
            Self::ApCommitSecretMismatch => f.write_str("the ap_commit_secret_id is that of another secret"),
            Self::UnknownExternalSender(index) => write!(f, "there is no external sender {index}"),
            Self::UnknownAssociatedParty(index) => write!(f, "there is no associated party {index}"),
            Self::NotAnAssociatedParty(sender) => write!(f, "{sender:?} is no associated party"),
            Self::AssociatedPartyChangedTwice(index) => {
                write!(f, "the entry of associated party {index} is changed twice")
            }
            Self::DuplicateAssociatedParty(index) => {
                write!(f, "external sender {index} would be two associated parties")
            }
            Self::ExternalSenderMismatch { expected, actual } => {
                write!(f, "an entry for external sender {actual} where it is {expected}")
            }
            Self::NotACommitter(sender) => write!(f, "{sender:?} can't commit"),
            Self::NotAMultiCredential(number) => {
                write!(f, "a credential of type {:#06x} holds no bindings", number.value())
            }
            Self::UnsupportedCredential(number) => {
                write!(f, "not every member supports this credential of type {:#06x}", number.value())
            }
            Self::KeyMismatch { what } => write!(f, "the signing key is not that of {what}"),
            Self::RoomMismatch => f.write_str("the answer is about another room"),
            Self::NoGroupInfo(code) => write!(f, "the answer holds no GroupInfo: {code:?}"),
            Self::SemiPrivateNotAllowed => {
                f.write_str("no SemiPrivateMessage can be sent in this group by this sender")
            }
            Self::ProposalNotSemiPrivate(number) => {
                write!(f, "a proposal of type {:#06x} is not sent as a SemiPrivateMessage", number.value())
            }
            Self::EpochMismatch => f.write_str("the content is of another group or epoch"),
            Self::OuterContentMismatch => f.write_str("the message holds other content than it says outside"),
            Self::SenderIsAMember => {
                f.write_str("the sender of a message for senders outside of the group is a member")
            }
            Self::LeafMismatch(leaf) => write!(f, "leaf {leaf} is not the one that was signed"),
            Self::LeafOutOfRange { leaf, leaf_count } => {
                write!(f, "leaf {leaf} is not in a tree of {leaf_count} leaves")
            }
            Self::GenerationOutOfRange { generation, next } => {
                write!(f, "generation {generation} of a ratchet whose next one is {next}")
            }
            Self::InvalidSecretTree => f.write_str("the state of the secret tree is not valid"),
            Self::EmptyTree => f.write_str("the ratchet tree has no nodes"),
            Self::NotAKeyPackageLeaf => {
                f.write_str("the leaf node of the KeyPackage has another source than key_package")
            }
            Self::OutsideOfLifetime { not_before, not_after } => {
                write!(f, "the KeyPackage is valid from second {not_before} to {not_after} only")
            }
            Self::SharedKey => f.write_str("the init_key is the encryption_key of the leaf node"),
            Self::GroupInfoMismatch { what } => write!(f, "the GroupInfo has another {what}"),
            Self::UnknownReceiver => f.write_str("the message has no key for this receiver"),
            Self::PartialContextHashMismatch => {
                f.write_str("the partial_context_hash is that of another sender or nonce")
            }
            Self::FramedContentTbsHashMismatch => {
                f.write_str("the framed_content_tbs_hash is that of other content")
            }
            Self::ProviderFailure => f.write_str("the provider failed"),
            Self::Decode(error) => write!(f, "{error}"),
            Self::Encode(error) => write!(f, "{error}"),
            Self::Invalid(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for CryptoError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            Self::Encode(error) => Some(error),
            Self::Invalid(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DecodeError> for CryptoError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for CryptoError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<InvalidValueError> for CryptoError {
    fn from(error: InvalidValueError) -> Self {
        Self::Invalid(error)
    }
}
