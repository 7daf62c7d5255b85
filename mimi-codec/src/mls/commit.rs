//! Changes that take effect.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    convention::{wire_enum, wire_select, wire_struct},
    mls::{HPKECiphertext, HPKEPublicKey, LeafNode, Proposal, ProposalRef},
};

wire_enum! {
    /// How a proposal stands in a commit (RFC 9420 §12.4).
    ///
    /// ```text
    /// enum {
    ///   reserved(0),
    ///   proposal(1),
    ///   reference(2),
    ///   (255)
    /// } ProposalOrRefType;
    /// ```
    pub enum ProposalOrRefType {
        /// Written out.
        1 "proposal" => Proposal,
        /// Called by its hash.
        2 "reference" => Reference,
    }
}

wire_select! {
    /// A proposal in a commit, written out or called by its hash (RFC 9420 §12.4).
    ///
    /// ```text
    /// struct {
    ///   ProposalOrRefType type;
    ///   select (ProposalOrRef.type) {
    ///     case proposal:  Proposal proposal;
    ///     case reference: ProposalRef reference;
    ///   };
    /// } ProposalOrRef;
    /// ```
    pub enum ProposalOrRef: u8 "ProposalOrRefType" {
        /// Written out: the committer's own.
        1 "proposal" => Proposal {
            /// The proposal.
            proposal: Proposal,
        },
        /// Sent before.
        2 "reference" => Reference {
            /// The hash of the AuthenticatedContent it came in.
            reference: ProposalRef,
        },
    }
}

wire_struct! {
    /// Begins a new epoch (RFC 9420 §12.4).
    ///
    /// ```text
    /// struct {
    ///     ProposalOrRef proposals<V>;
    ///     optional<UpdatePath> path;
    /// } Commit;
    /// ```
    pub struct Commit {
        /// The changes.
        pub proposals: Vec<ProposalOrRef>,
        /// The committer's new keys.
        pub path: Option<Box<UpdatePath>>,
    }
}

wire_struct! {
    /// The committer's new leaf, and new keys up to the root (RFC 9420 §7.6).
    ///
    /// ```text
    /// struct {
    ///     LeafNode leaf_node;
    ///     UpdatePathNode nodes<V>;
    /// } UpdatePath;
    /// ```
    pub struct UpdatePath {
        /// The leaf.
        pub leaf_node: LeafNode,
        /// The nodes above it, upwards.
        pub nodes: Vec<UpdatePathNode>,
    }
}

wire_struct! {
    /// A node's new key, and its secret for those below (RFC 9420 §7.6).
    ///
    /// ```text
    /// struct {
    ///     HPKEPublicKey encryption_key;
    ///     HPKECiphertext encrypted_path_secret<V>;
    /// } UpdatePathNode;
    /// ```
    pub struct UpdatePathNode {
        /// The key.
        pub encryption_key: HPKEPublicKey,
        /// The secret, once for each node of the copath child's resolution.
        pub encrypted_path_secret: Vec<HPKECiphertext>,
    }
}
