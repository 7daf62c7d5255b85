//! RFC 9420, the Messaging Layer Security protocol: everything of it that MIMI carries.
//!
//! Three structs can't be told apart by their bytes alone. [`PrivateMessageContent`] needs the
//! content type of the message that it was sealed in, and has a decoder of its own that takes it.
//! [`FramedContentAuthData`] standing by itself reads a confirmation tag if there are bytes left
//! for one. [`LeafNodeTBS`] and all others say what they hold.

mod commit;
mod credential;
mod extension;
mod framing;
mod group;
mod hpke;
mod key_package;
mod labels;
mod leaf_node;
#[cfg(test)]
mod memory;
mod message;
mod private_message;
mod proposal;
mod psk;
mod ratchet_tree;
mod version;
mod welcome;

pub use commit::{Commit, ProposalOrRef, ProposalOrRefType, UpdatePath, UpdatePathNode};
pub use credential::{
    Certificate, CertificateView, Credential, CredentialBinding, CredentialBindingTBS, CredentialBindingView,
    CredentialView, MultiCredential, WeakMultiCredential,
};
pub(crate) use extension::extension_content;
pub use extension::{
    ApplicationId, Extension, ExtensionContent, ExtensionView, Extensions, ExternalPub, ExternalSender,
    ExternalSenders, RequiredCapabilities,
};
pub use framing::{
    AuthenticatedContent, AuthenticatedContentTBM, Content, ContentType, FramedContent,
    FramedContentAuthData, FramedContentTBS, PublicMessage, Sender, SenderType,
};
pub use group::{
    ConfirmedTranscriptHashInput, GroupContext, GroupInfo, GroupInfoTBS, InterimTranscriptHashInput,
};
pub use hpke::{HPKECiphertext, HPKEPublicKey, MAC, SignaturePublicKey};
pub use key_package::{KeyPackage, KeyPackageTBS};
pub use labels::{
    EncryptContext, HashReference, KDFLabel, KeyPackageRef, ProposalRef, RefHashInput, SignContent,
};
pub use leaf_node::{
    Capabilities, CapabilitiesView, LeafNode, LeafNodePosition, LeafNodeSelect, LeafNodeSelectView,
    LeafNodeSource, LeafNodeTBS, LeafNodeView, Lifetime,
};
pub use message::{MLSMessage, MLSMessageBody};
pub use private_message::{
    PrivateContentAAD, PrivateMessage, PrivateMessageContent, SenderData, SenderDataAAD,
};
pub(crate) use private_message::{decode_padded, encode_padded};
pub use proposal::{
    Add, ExternalInit, GroupContextExtensions, OtherProposal, PreSharedKey, Proposal, ProposalBody,
    ProposalRule, ReInit, Remove, Update,
};
pub use psk::{PSKLabel, PSKType, PreSharedKeyID, PreSharedKeyIDSelect, ResumptionPSKUsage};
pub use ratchet_tree::{
    LeafNodeHashInput, Node, NodeType, NodeView, ParentHashInput, ParentNode, ParentNodeHashInput,
    ParentNodeView, RatchetTree, RatchetTreeView, TreeHashInput, TreeShape,
};
pub use version::Mls10;
pub use welcome::{EncryptedGroupSecrets, GroupSecrets, PathSecret, Welcome};
