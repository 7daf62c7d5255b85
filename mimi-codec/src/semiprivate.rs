//! mls-semiprivatemessage-07: handshakes for members and for certain others, the hub among them.

use alloc::{collections::BTreeSet, vec::Vec};

use crate::{
    DecodeErrorKind, Encode, EncodeError, InvalidValueError, List, ListRule, Octets, Opaque, Result,
    SecretOpaque, Writer,
    convention::wire_struct,
    mls::{
        Content, ContentType, Credential, FramedContentAuthData, HPKECiphertext, HPKEPublicKey, ProposalRule,
        decode_padded, encode_padded, extension_content,
    },
};

wire_struct! {
    /// A non-member that reads handshakes (mls-semiprivatemessage-07 §3).
    ///
    /// ```text
    /// struct {
    ///   HPKEPublicKey external_receiver_public_key;
    ///   Credential credential;
    /// } ExternalReceiver;
    /// ```
    pub struct ExternalReceiver {
        /// Keys for it are sealed with this.
        pub external_receiver_public_key: HPKEPublicKey,
        /// Who it is.
        pub credential: Credential,
    }
}

wire_struct! {
    /// `ExternalReceiver external_receivers<V>` (mls-semiprivatemessage-07 §3): the content of the
    /// extension `external_receivers`.
    #[derive(Default)]
    pub struct ExternalReceivers {
        /// The receivers. An entry that stands twice would have one hash, and no message has two
        /// keys for one hash.
        pub external_receivers: List<ExternalReceiver, DistinctReceivers>,
    }
}

/// No receiver stands twice, with the same key and credential:
/// [`Duplicate`](DecodeErrorKind::Duplicate).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DistinctReceivers {}

impl ListRule<ExternalReceiver> for DistinctReceivers {
    /// Encodings: what the hashes are made of.
    type State = BTreeSet<Vec<u8>>;

    fn admit(seen: &mut Self::State, receiver: &ExternalReceiver) -> Result<(), DecodeErrorKind> {
        // What is too long to be encoded is refused when the list is encoded.
        let is_new = receiver.to_bytes().map_or(true, |bytes| seen.insert(bytes));
        if is_new { Ok(()) } else { Err(DecodeErrorKind::Duplicate) }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(receivers: &mut Vec<ExternalReceiver>) {
        let mut seen = BTreeSet::new();
        receivers.retain(|receiver| Self::admit(&mut seen, receiver).is_ok());
    }
}

impl crate::list::AllowsEmpty for DistinctReceivers {}

extension_content! { ExternalReceivers = EXTERNAL_RECEIVERS }

wire_struct! {
    /// The key of one message, for an external receiver (mls-semiprivatemessage-07 §3.1).
    ///
    /// ```text
    /// struct {
    ///   opaque key<V>;
    ///   opaque nonce<V>;
    ///   opaque reuse_guard[4];
    ///   uint32 sender_leaf_index;
    /// } PerMessageKeyAndNonces;
    /// ```
    pub struct PerMessageKeyAndNonces {
        /// The sender's key of this generation.
        pub key: SecretOpaque,
        /// Its nonce, before the guard is mixed in.
        pub nonce: SecretOpaque,
        /// Mixed into the nonce.
        pub reuse_guard: Octets<4>,
        /// The sender's leaf.
        pub sender_leaf_index: u32,
    }
}

wire_struct! {
    /// What a [`PerMessageKeyAndNonces`] is sealed in the context of (mls-semiprivatemessage-07
    /// §3.1).
    ///
    /// ```text
    /// struct {
    ///   opaque group_id<V>;
    ///   uint64 epoch;
    ///   opaque partial_context_hash<V>;
    /// } SemiPrivateMessageContext;
    /// ```
    pub struct SemiPrivateMessageContext {
        /// The group.
        pub group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// The hash of the sender's leaf index, 4 bytes, and the nonce.
        pub partial_context_hash: Opaque,
    }
}

wire_struct! {
    /// A sealed [`PerMessageKeyAndNonces`] (mls-semiprivatemessage-07 §3.1).
    ///
    /// ```text
    /// struct {
    ///   ExternalReceiverRef external_receiver_ref;
    ///   HPKECiphertext encrypted_keys_and_nonces;
    /// } KeyForExternalReceiver;
    /// ```
    pub struct KeyForExternalReceiver {
        /// The hash of the [`ExternalReceiver`] it is for.
        pub external_receiver_ref: Opaque,
        /// The key.
        pub encrypted_keys_and_nonces: HPKECiphertext,
    }
}

/// No receiver gets two keys: [`Duplicate`](DecodeErrorKind::Duplicate).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UniqueReceivers {}

impl ListRule<KeyForExternalReceiver> for UniqueReceivers {
    type State = BTreeSet<Opaque>;

    fn admit(seen: &mut Self::State, key: &KeyForExternalReceiver) -> Result<(), DecodeErrorKind> {
        if seen.insert(key.external_receiver_ref.clone()) { Ok(()) } else { Err(DecodeErrorKind::Duplicate) }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(keys: &mut Vec<KeyForExternalReceiver>) {
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.external_receiver_ref.clone()));
    }
}

impl crate::list::AllowsEmpty for UniqueReceivers {}

fn check_handshake(content_type: ContentType) -> Result<(), InvalidValueError> {
    match content_type {
        ContentType::Proposal | ContentType::Commit => Ok(()),
        ContentType::Application => Err(InvalidValueError::field(
            "content_type",
            DecodeErrorKind::ForbiddenValue { name: "ContentType", value: content_type.value().into() },
        )),
    }
}

wire_struct! {
    /// A handshake for members and external receivers (mls-semiprivatemessage-07 §3.1).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     ContentType content_type;
    ///     opaque authenticated_data<V>;
    ///     opaque partial_context_hash<V>;
    ///     KeyForExternalReceiver keys_for_external_receivers<V>;
    ///     opaque framed_content_tbs_hash<V>;
    ///     opaque encrypted_sender_data<V>;
    ///     opaque ciphertext<V>;
    /// } SemiPrivateMessage;
    /// ```
    pub struct SemiPrivateMessage {
        /// The group.
        group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        epoch: u64,
        /// A proposal or a commit.
        content_type: ContentType,
        /// The application's bytes that are not encrypted.
        authenticated_data: Opaque,
        /// The hash of the sender's leaf index, 4 bytes, and the nonce.
        partial_context_hash: Opaque,
        /// One for each external receiver.
        keys_for_external_receivers: List<KeyForExternalReceiver, UniqueReceivers>,
        /// The hash of the FramedContentTBS.
        framed_content_tbs_hash: Opaque,
        /// A sealed `SenderData`, for members.
        encrypted_sender_data: Opaque,
        /// A sealed [`SemiPrivateMessageContent`].
        ciphertext: Opaque,
    } check SemiPrivateMessage::check, repair SemiPrivateMessage::repair
}

impl SemiPrivateMessage {
    fn check(&self) -> Result<(), InvalidValueError> {
        check_handshake(self.content_type)
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        if self.content_type == ContentType::Application {
            self.content_type = ContentType::Proposal;
        }
    }

    /// What the content's encryption authenticates beside the content.
    pub fn aad(&self) -> SemiPrivateContentAAD {
        SemiPrivateContentAAD {
            group_id: self.group_id.clone(),
            epoch: self.epoch,
            content_type: self.content_type,
            authenticated_data: self.authenticated_data.clone(),
            partial_context_hash: self.partial_context_hash.clone(),
            keys_for_external_receivers: self.keys_for_external_receivers.clone(),
            framed_content_tbs_hash: self.framed_content_tbs_hash.clone(),
        }
    }

    /// What the external receivers' keys are sealed in the context of.
    pub fn context(&self) -> SemiPrivateMessageContext {
        SemiPrivateMessageContext {
            group_id: self.group_id.clone(),
            epoch: self.epoch,
            partial_context_hash: self.partial_context_hash.clone(),
        }
    }
}

wire_struct! {
    /// What the content's encryption authenticates beside the content (mls-semiprivatemessage-07
    /// §3.1).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     uint64 epoch;
    ///     ContentType content_type;
    ///     opaque authenticated_data<V>;
    ///     opaque partial_context_hash<V>;
    ///     KeyForExternalReceiver keys_for_external_receivers<V>;
    ///     opaque framed_content_tbs_hash<V>;
    /// } SemiPrivateContentAAD;
    /// ```
    pub struct SemiPrivateContentAAD {
        /// The group.
        group_id: Opaque,
        /// The epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        epoch: u64,
        /// A proposal or a commit.
        content_type: ContentType,
        /// The application's bytes that are not encrypted.
        authenticated_data: Opaque,
        /// The hash of the sender's leaf index, 4 bytes, and the nonce.
        partial_context_hash: Opaque,
        /// One for each external receiver.
        keys_for_external_receivers: List<KeyForExternalReceiver, UniqueReceivers>,
        /// The hash of the FramedContentTBS.
        framed_content_tbs_hash: Opaque,
    } check SemiPrivateContentAAD::check, repair SemiPrivateContentAAD::repair
}

impl SemiPrivateContentAAD {
    fn check(&self) -> Result<(), InvalidValueError> {
        check_handshake(self.content_type)
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        if self.content_type == ContentType::Application {
            self.content_type = ContentType::Commit;
        }
    }
}

/// What the ciphertext of a [`SemiPrivateMessage`] holds (mls-semiprivatemessage-07 §3.1).
///
/// It doesn't say what it is about; the message around it does, and has to be asked first.
///
/// ```text
/// struct {
///     select (SemiPrivateMessage.content_type) {
///         case proposal:
///           Proposal proposal;
///         case commit:
///           Commit commit;
///     };
///     FramedContentAuthData auth;
///     opaque padding[length_of_padding];
/// } SemiPrivateMessageContent;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SemiPrivateMessageContent {
    content: Content,
    auth: FramedContentAuthData,
    length_of_padding: usize,
}

impl SemiPrivateMessageContent {
    /// This proposal or commit with `length_of_padding` bytes of padding.
    ///
    /// # Errors
    /// [`ForbiddenValue`](DecodeErrorKind::ForbiddenValue) for application data,
    /// [`Missing`](DecodeErrorKind::Missing) or [`Unexpected`](DecodeErrorKind::Unexpected) when
    /// `auth` doesn't have a confirmation tag exactly for a commit.
    pub fn new(
        content: Content,
        auth: FramedContentAuthData,
        length_of_padding: usize,
    ) -> Result<Self, InvalidValueError> {
        check_handshake(content.content_type())?;
        auth.check_for(content.content_type())?;
        Ok(Self { content, auth, length_of_padding })
    }

    /// The proposal or commit.
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
    /// As any decoder; [`ForbiddenValue`](DecodeErrorKind::ForbiddenValue) for the content type
    /// `application`; [`NonZeroPadding`](DecodeErrorKind::NonZeroPadding) at the first byte of
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
        check_handshake(content_type)
            .map_err(|invalid| invalid.at(0, &[]))
            .and_then(|()| decode_padded(content_type, plaintext, rules))
            .map(|(content, auth, length_of_padding)| Self { content, auth, length_of_padding })
            .map_err(|error| error.in_struct("SemiPrivateMessageContent"))
    }
}

impl Encode for SemiPrivateMessageContent {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        encode_padded(writer, &self.content, &self.auth, self.length_of_padding)
    }
}
