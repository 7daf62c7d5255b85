//! What members agree on in an epoch, and how outsiders learn of it.

use alloc::vec::Vec;

use crate::{
    DecodeErrorKind, InvalidValueError, Opaque, Result,
    code_points::{CipherSuite, WireFormat},
    convention::wire_struct,
    mls::{Content, Extensions, FramedContent, MAC, Mls10},
};

wire_struct! {
    /// What members agree on in an epoch (RFC 9420 §8.1).
    ///
    /// ```text
    /// struct {
    ///     ProtocolVersion version = mls10;
    ///     CipherSuite cipher_suite;
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     opaque tree_hash<V>;
    ///     opaque confirmed_transcript_hash<V>;
    ///     Extension extensions<V>;
    /// } GroupContext;
    /// ```
    pub struct GroupContext {
        /// MLS 1.0.
        pub version: Mls10,
        /// The suite.
        pub cipher_suite: CipherSuite,
        /// The group.
        pub group_id: Opaque,
        /// The epoch, from 0.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// The hash of the ratchet tree.
        pub tree_hash: Opaque,
        /// The hash of all that led here.
        pub confirmed_transcript_hash: Opaque,
        /// The group's settings.
        pub extensions: Extensions,
    }
}

wire_struct! {
    /// An epoch, for those who join it (RFC 9420 §12.4.3).
    ///
    /// ```text
    /// struct {
    ///     GroupContext group_context;
    ///     Extension extensions<V>;
    ///     MAC confirmation_tag;
    ///     uint32 signer;
    ///     /* SignWithLabel(., "GroupInfoTBS", GroupInfoTBS) */
    ///     opaque signature<V>;
    /// } GroupInfo;
    /// ```
    pub struct GroupInfo {
        /// What members agree on.
        pub group_context: GroupContext,
        /// More for joiners.
        pub extensions: Extensions,
        /// That of the commit that began the epoch.
        pub confirmation_tag: MAC,
        /// The leaf index of the member who signed.
        pub signer: u32,
        /// Over a [`GroupInfoTBS`], label `GroupInfoTBS`.
        pub signature: Opaque,
    }
}

impl GroupInfo {
    /// What `signature` covers.
    pub fn tbs(&self) -> GroupInfoTBS {
        GroupInfoTBS {
            group_context: self.group_context.clone(),
            extensions: self.extensions.clone(),
            confirmation_tag: self.confirmation_tag.clone(),
            signer: self.signer,
        }
    }
}

wire_struct! {
    /// What a [`GroupInfo`] signs (RFC 9420 §12.4.3).
    ///
    /// ```text
    /// struct {
    ///     GroupContext group_context;
    ///     Extension extensions<V>;
    ///     MAC confirmation_tag;
    ///     uint32 signer;
    /// } GroupInfoTBS;
    /// ```
    pub struct GroupInfoTBS {
        /// What members agree on.
        pub group_context: GroupContext,
        /// More for joiners.
        pub extensions: Extensions,
        /// That of the commit that began the epoch.
        pub confirmation_tag: MAC,
        /// The leaf index of the member who signs.
        pub signer: u32,
    }
}

wire_struct! {
    /// What a commit adds to the confirmed transcript hash (RFC 9420 §8.2).
    ///
    /// ```text
    /// struct {
    ///     WireFormat wire_format;
    ///     FramedContent content; /* with content_type == commit */
    ///     opaque signature<V>;
    /// } ConfirmedTranscriptHashInput;
    /// ```
    pub struct ConfirmedTranscriptHashInput {
        /// How the commit was sent.
        wire_format: WireFormat,
        /// The commit.
        content: FramedContent,
        /// Its signature.
        signature: Opaque,
    } check ConfirmedTranscriptHashInput::check, repair ConfirmedTranscriptHashInput::repair
}

impl ConfirmedTranscriptHashInput {
    fn check(&self) -> Result<(), InvalidValueError> {
        match self.content.content() {
            Content::Commit { .. } => Ok(()),
            other => Err(InvalidValueError::field(
                "content",
                DecodeErrorKind::ForbiddenValue { name: "ContentType", value: other.selector().into() },
            )),
        }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.content.make_commit();
    }
}

wire_struct! {
    /// What a commit adds to the interim transcript hash (RFC 9420 §8.2).
    ///
    /// ```text
    /// struct {
    ///     MAC confirmation_tag;
    /// } InterimTranscriptHashInput;
    /// ```
    pub struct InterimTranscriptHashInput {
        /// The commit's tag.
        pub confirmation_tag: MAC,
    }
}
