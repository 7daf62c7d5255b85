//! An invitation to be added to a group.

use alloc::vec::Vec;

use crate::{
    Opaque,
    code_points::CipherSuite,
    convention::wire_struct,
    mls::{Extensions, HPKEPublicKey, LeafNode, Mls10},
};

wire_struct! {
    /// What a member needs to add a client to a group (RFC 9420 §10).
    ///
    /// ```text
    /// struct {
    ///     ProtocolVersion version;
    ///     CipherSuite cipher_suite;
    ///     HPKEPublicKey init_key;
    ///     LeafNode leaf_node;
    ///     Extension extensions<V>;
    ///     /* SignWithLabel(., "KeyPackageTBS", KeyPackageTBS) */
    ///     opaque signature<V>;
    /// } KeyPackage;
    /// ```
    pub struct KeyPackage {
        /// MLS 1.0; another version might lay out the rest in another way.
        pub version: Mls10,
        /// The suite it is for.
        pub cipher_suite: CipherSuite,
        /// The Welcome is encrypted to this.
        pub init_key: HPKEPublicKey,
        /// The leaf that the client will have.
        pub leaf_node: LeafNode,
        /// More about the key package.
        pub extensions: Extensions,
        /// Over a [`KeyPackageTBS`], label `KeyPackageTBS`.
        pub signature: Opaque,
    }
}

impl KeyPackage {
    /// What `signature` covers.
    pub fn tbs(&self) -> KeyPackageTBS {
        KeyPackageTBS {
            version: self.version,
            cipher_suite: self.cipher_suite,
            init_key: self.init_key.clone(),
            leaf_node: self.leaf_node.clone(),
            extensions: self.extensions.clone(),
        }
    }
}

wire_struct! {
    /// What a [`KeyPackage`] signs (RFC 9420 §10).
    ///
    /// ```text
    /// struct {
    ///     ProtocolVersion version;
    ///     CipherSuite cipher_suite;
    ///     HPKEPublicKey init_key;
    ///     LeafNode leaf_node;
    ///     Extension extensions<V>;
    /// } KeyPackageTBS;
    /// ```
    pub struct KeyPackageTBS {
        /// MLS 1.0.
        pub version: Mls10,
        /// The suite it is for.
        pub cipher_suite: CipherSuite,
        /// The Welcome is encrypted to this.
        pub init_key: HPKEPublicKey,
        /// The leaf that the client will have.
        pub leaf_node: LeafNode,
        /// More about the key package.
        pub extensions: Extensions,
    }
}
