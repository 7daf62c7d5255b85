//! mls-private-external-01: external proposals and commits that the delivery service cannot read.

use alloc::vec::Vec;

use crate::{
    Opaque, SecretOpaque,
    code_points::CipherSuite,
    convention::wire_struct,
    mls::{ContentType, HPKECiphertext, HPKEPublicKey, Mls10, SignaturePublicKey},
};

wire_struct! {
    /// A signature key that all members share (mls-private-external-01 §3.2): the data of the
    /// component `root_private_signature_key` in the GroupContext.
    ///
    /// ```text
    /// struct {
    ///     opaque root_private_signature_key<V>;
    /// } RootPrivateSignature;
    /// ```
    pub struct RootPrivateSignature {
        /// The private key, of the group's signature scheme.
        pub root_private_signature_key: SecretOpaque,
    }
}

wire_struct! {
    /// What an [`ExternalEncryptionInfo`] signs (mls-private-external-01 §3.2).
    ///
    /// ```text
    /// struct {
    ///     ProtocolVersion version = mls10;
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     CipherSuite ciphersuite;
    ///     HPKEPublicKey external_encryption_public_key;
    ///     SignaturePublicKey root_public_signature_key;
    /// } ExternalEncryptionInfoTBS;
    /// ```
    pub struct ExternalEncryptionInfoTBS {
        /// MLS 1.0.
        pub version: Mls10,
        /// The group.
        pub group_id: Opaque,
        /// The epoch that the commit begins: the current one plus 1.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// The group's cipher suite.
        pub ciphersuite: CipherSuite,
        /// External messages of that epoch are sealed to this key.
        pub external_encryption_public_key: HPKEPublicKey,
        /// The public part of the [`RootPrivateSignature`].
        pub root_public_signature_key: SignaturePublicKey,
    }
}

wire_struct! {
    /// The key for external messages of the next epoch (mls-private-external-01 §3.2): the SafeAAD
    /// item `external_encryption_public_key` of every commit.
    ///
    /// ```text
    /// struct {
    ///     CipherSuite ciphersuite;
    ///     HPKEPublicKey external_encryption_public_key;
    ///     SignaturePublicKey root_public_signature_key;
    ///     /* SignWithLabel(root_private_signature_key, */
    ///     /*    "ExternalEncryptionInfoTBS", ExternalEncryptionInfoTBS) */
    ///     opaque external_encryption_signature<V>;
    /// } ExternalEncryptionInfo;
    /// ```
    pub struct ExternalEncryptionInfo {
        /// The group's cipher suite.
        pub ciphersuite: CipherSuite,
        /// External messages are sealed to this key.
        pub external_encryption_public_key: HPKEPublicKey,
        /// The public part of the [`RootPrivateSignature`].
        pub root_public_signature_key: SignaturePublicKey,
        /// By the root key, over an [`ExternalEncryptionInfoTBS`].
        pub external_encryption_signature: Opaque,
    }
}

impl ExternalEncryptionInfo {
    /// What `external_encryption_signature` covers, in the epoch that the commit begins.
    #[must_use]
    pub fn tbs(&self, group_id: Opaque, epoch: u64) -> ExternalEncryptionInfoTBS {
        ExternalEncryptionInfoTBS {
            version: Mls10,
            group_id,
            epoch,
            ciphersuite: self.ciphersuite,
            external_encryption_public_key: self.external_encryption_public_key.clone(),
            root_public_signature_key: self.root_public_signature_key.clone(),
        }
    }
}

wire_struct! {
    /// A sealed PublicMessage of a sender outside of the group (mls-private-external-01 §3.3).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     ContentType content_type;
    ///     opaque authenticated_data<V>;
    ///     HPKECiphertext encrypted_public_message;
    /// } PrivateExternalMessage;
    /// ```
    pub struct PrivateExternalMessage {
        /// The group.
        pub group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// The content type of the PublicMessage.
        pub content_type: ContentType,
        /// The `authenticated_data` of the PublicMessage.
        pub authenticated_data: Opaque,
        /// The PublicMessage.
        pub encrypted_public_message: HPKECiphertext,
    }
}
