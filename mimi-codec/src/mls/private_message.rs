//! Messages for members only.

use alloc::vec::Vec;

use crate::{
    DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Octets, Opaque, Reader, Result,
    Writer,
    convention::wire_struct,
    mls::{Content, ContentType, FramedContentAuthData, ProposalRule},
};

wire_struct! {
    /// A message for members only (RFC 9420 §6.3).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     ContentType content_type;
    ///     opaque authenticated_data<V>;
    ///     opaque encrypted_sender_data<V>;
    ///     opaque ciphertext<V>;
    /// } PrivateMessage;
    /// ```
    pub struct PrivateMessage {
        /// The group.
        pub group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// What it is about.
        pub content_type: ContentType,
        /// The application's bytes that are not encrypted.
        pub authenticated_data: Opaque,
        /// A sealed [`SenderData`].
        pub encrypted_sender_data: Opaque,
        /// A sealed [`PrivateMessageContent`].
        pub ciphertext: Opaque,
    }
}

/// What the ciphertext of a [`PrivateMessage`] holds (RFC 9420 §6.3.1).
///
/// It doesn't say what it is about; the message around it does, and has to be asked first.
///
/// ```text
/// struct {
///     select (PrivateMessage.content_type) {
///         case application:
///           opaque application_data<V>;
///         case proposal:
///           Proposal proposal;
///         case commit:
///           Commit commit;
///     };
///     FramedContentAuthData auth;
///     opaque padding[length_of_padding];
/// } PrivateMessageContent;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PrivateMessageContent {
    content: Content,
    auth: FramedContentAuthData,
    length_of_padding: usize,
}

impl PrivateMessageContent {
    /// This content with `length_of_padding` bytes of padding.
    ///
    /// # Errors
    /// [`Missing`](DecodeErrorKind::Missing) or [`Unexpected`](DecodeErrorKind::Unexpected) when
    /// `auth` doesn't have a confirmation tag exactly for a commit.
    pub fn new(
        content: Content,
        auth: FramedContentAuthData,
        length_of_padding: usize,
    ) -> Result<Self, InvalidValueError> {
        auth.check_for(content.content_type())?;
        Ok(Self { content, auth, length_of_padding })
    }

    /// The content.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Its authentication.
    pub fn auth(&self) -> &FramedContentAuthData {
        &self.auth
    }

    /// How many zero bytes follow.
    pub fn length_of_padding(&self) -> usize {
        self.length_of_padding
    }

    /// Reads the plaintext of a message of this `content_type`.
    ///
    /// # Errors
    /// As any decoder, and [`NonZeroPadding`](DecodeErrorKind::NonZeroPadding) at the first byte of
    /// padding that isn't zero.
    pub fn decode_exact(content_type: ContentType, plaintext: &[u8]) -> Result<Self> {
        Self::decode_exact_with(content_type, plaintext, &[])
    }

    /// Reads the plaintext of a message of this `content_type`, proposals of the types that `rules`
    /// describe included.
    ///
    /// # Errors
    ///
    /// As [`decode_exact`](Self::decode_exact).
    pub fn decode_exact_with(
        content_type: ContentType,
        plaintext: &[u8],
        rules: &[ProposalRule],
    ) -> Result<Self> {
        decode_padded(content_type, plaintext, rules)
            .map(|(content, auth, length_of_padding)| Self { content, auth, length_of_padding })
            .map_err(|error| error.in_struct("PrivateMessageContent"))
    }
}

/// Content, its authentication and padding, as both kinds of encrypted messages hold them.
pub(crate) fn decode_padded(
    content_type: ContentType,
    plaintext: &[u8],
    rules: &[ProposalRule],
) -> Result<(Content, FramedContentAuthData, usize)> {
    let mut reader = Reader::with_rules(plaintext, rules);
    let content = Content::decode_body(&mut reader, content_type)?;
    let auth = FramedContentAuthData::decode_for(&mut reader, content_type)
        .map_err(|error| error.in_field("auth"))?;
    let padding = reader.rest();
    if let Some(place) = padding.iter().position(|byte| *byte != 0) {
        let offset = reader.offset().saturating_add(place);
        return Err(DecodeError::new(DecodeErrorKind::NonZeroPadding, offset).in_field("padding"));
    }
    Ok((content, auth, padding.len()))
}

/// The opposite of [`decode_padded`].
pub(crate) fn encode_padded(
    writer: &mut Writer,
    content: &Content,
    auth: &FramedContentAuthData,
    length_of_padding: usize,
) -> Result<(), EncodeError> {
    content.encode_body(writer)?;
    auth.encode(writer)?;
    writer.zeros(length_of_padding);
    Ok(())
}

impl Encode for PrivateMessageContent {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        encode_padded(writer, &self.content, &self.auth, self.length_of_padding)
    }
}

wire_struct! {
    /// What the content's encryption authenticates beside the content (RFC 9420 §6.3.1).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     ContentType content_type;
    ///     opaque authenticated_data<V>;
    /// } PrivateContentAAD;
    /// ```
    pub struct PrivateContentAAD {
        /// The group.
        pub group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// What it is about.
        pub content_type: ContentType,
        /// The application's bytes that are not encrypted.
        pub authenticated_data: Opaque,
    }
}

wire_struct! {
    /// Who sent a [`PrivateMessage`], and with which key (RFC 9420 §6.3.2).
    ///
    /// ```text
    /// struct {
    ///     uint32 leaf_index;
    ///     uint32 generation;
    ///     opaque reuse_guard[4];
    /// } SenderData;
    /// ```
    pub struct SenderData {
        /// The sender's leaf.
        pub leaf_index: u32,
        /// The generation of its ratchet.
        pub generation: u32,
        /// Mixed into the nonce.
        pub reuse_guard: Octets<4>,
    }
}

wire_struct! {
    /// What the sender data's encryption authenticates beside it (RFC 9420 §6.3.2).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     ContentType content_type;
    /// } SenderDataAAD;
    /// ```
    pub struct SenderDataAAD {
        /// The group.
        pub group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// What it is about.
        pub content_type: ContentType,
    }
}
