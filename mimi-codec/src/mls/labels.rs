//! What the labelled operations are computed over.

use alloc::vec::Vec;

use crate::{Opaque, convention::wire_struct, octets::opaque_type};

wire_struct! {
    /// What SignWithLabel signs (RFC 9420 §5.1.2).
    ///
    /// ```text
    /// struct {
    ///     opaque label<V>;
    ///     opaque content<V>;
    /// } SignContent;
    /// ```
    pub struct SignContent {
        /// `"MLS 1.0 "` and the label.
        pub label: Opaque,
        /// The content.
        pub content: Opaque,
    }
}

wire_struct! {
    /// The `info` of EncryptWithLabel (RFC 9420 §5.1.3).
    ///
    /// ```text
    /// struct {
    ///   opaque label<V>;
    ///   opaque context<V>;
    /// } EncryptContext;
    /// ```
    pub struct EncryptContext {
        /// `"MLS 1.0 "` and the label.
        pub label: Opaque,
        /// The context.
        pub context: Opaque,
    }
}

wire_struct! {
    /// What RefHash hashes (RFC 9420 §5.2).
    ///
    /// ```text
    /// struct {
    ///   opaque label<V>;
    ///   opaque value<V>;
    /// } RefHashInput;
    /// ```
    pub struct RefHashInput {
        /// The label, with the prefix it is defined with.
        pub label: Opaque,
        /// The encoded value.
        pub value: Opaque,
    }
}

wire_struct! {
    /// The `info` of ExpandWithLabel (RFC 9420 §8).
    ///
    /// ```text
    /// struct {
    ///     uint16 length;
    ///     opaque label<V>;
    ///     opaque context<V>;
    /// } KDFLabel;
    /// ```
    pub struct KDFLabel {
        /// How many bytes to expand to.
        pub length: u16,
        /// `"MLS 1.0 "` and the label.
        pub label: Opaque,
        /// The context.
        pub context: Opaque,
    }
}

opaque_type! {
    /// `opaque HashReference<V>` (RFC 9420 §5.2).
    ///
    /// ```text
    /// opaque HashReference<V>;
    /// ```
    pub struct HashReference;

    /// `HashReference KeyPackageRef` (RFC 9420 §5.2): the hash of a KeyPackage.
    ///
    /// ```text
    /// HashReference KeyPackageRef;
    /// ```
    pub struct KeyPackageRef;

    /// `HashReference ProposalRef` (RFC 9420 §5.2): the hash of a proposal's AuthenticatedContent.
    ///
    /// ```text
    /// HashReference ProposalRef;
    /// ```
    pub struct ProposalRef;
}
