//! mimi-metadata-minimalization-02: keys that link pseudonyms to identities, and connections
//! between users.
//!
//! The credential itself, which mimi-protocol-06 has too, is in [`protocol`](crate::protocol).
//! Deriving, sealing and opening are up to `mimi-pseudonym`. Secrets print as `[redacted]` and are
//! erased when they are dropped.

use alloc::vec::Vec;

use crate::{
    Decode, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Keyed, List, Opaque, Reader, Result,
    SecretOpaque, Strict, Writer,
    convention::wire_struct,
    mls::{Credential, HPKECiphertext, HPKEPublicKey},
};

wire_struct! {
    /// What `identity_link_ciphertext` and `EncryptedIdentityLinkKey.ciphertext` hold: the drafts
    /// name no nonce, and one that is derived could repeat.
    ///
    /// ```text
    /// struct {
    ///     opaque nonce<V>;
    ///     opaque ciphertext<V>;
    /// } NonceAndCiphertext;
    /// ```
    pub struct NonceAndCiphertext {
        /// A random nonce of the cipher suite's length.
        pub nonce: Opaque,
        /// The AEAD's ciphertext and tag.
        pub ciphertext: Opaque,
    }
}

wire_struct! {
    /// A client's identity_link_key under the room's wrapper key (mimi-metadata-minimalization-02
    /// §4).
    ///
    /// ```text
    /// struct {
    ///   opaque ciphertext<V>;
    /// } EncryptedIdentityLinkKey
    /// ```
    pub struct EncryptedIdentityLinkKey {
        /// A [`NonceAndCiphertext`].
        pub ciphertext: Opaque,
    }
}

wire_struct! {
    /// The wrapped keys of a room, one place for each leaf: the data of component 0x8B01,
    /// `identity_link_keys`.
    ///
    /// ```text
    /// struct {
    ///   optional<EncryptedIdentityLinkKey> identity_link_key_ciphertexts<V>;
    /// } IdentityLinkKeysData;
    /// ```
    pub struct IdentityLinkKeysData {
        /// The wrapped key of the client at each leaf; none for a blank leaf or a client without an
        /// identity link.
        pub identity_link_key_ciphertexts: Vec<Option<EncryptedIdentityLinkKey>>,
    }
}

/// What minimal-metadata-rooms-key-management calls [`IdentityLinkKeysData`].
pub type IdentityLinkKeysExtension = IdentityLinkKeysData;

wire_struct! {
    /// A wrapped key for one leaf.
    ///
    /// ```text
    /// struct {
    ///   uint32 leaf_index;
    ///   EncryptedIdentityLinkKey key;
    /// } LeafKey;
    /// ```
    pub struct LeafKey {
        /// The leaf, counted from 0.
        pub leaf_index: u32,
        /// The key of the client there.
        pub key: EncryptedIdentityLinkKey,
    }
}

impl Keyed for LeafKey {
    type Key = u32;
    fn key(&self) -> u32 {
        self.leaf_index
    }
}

wire_struct! {
    /// The `update` of an AppDataUpdate for component 0x8B01. Both lists ascend by leaf, and no
    /// leaf is in both.
    ///
    /// ```text
    /// struct {
    ///   LeafKey set<V>;
    ///   uint32 removed_leaves<V>;
    /// } IdentityLinkKeysUpdate;
    /// ```
    pub struct IdentityLinkKeysUpdate {
        /// Leaves that get a key, in the place of any that they have.
        set: List<LeafKey, Strict>,
        /// Leaves that lose theirs.
        removed_leaves: List<u32, Strict>,
    } check IdentityLinkKeysUpdate::check, repair IdentityLinkKeysUpdate::repair
}

impl IdentityLinkKeysUpdate {
    fn check(&self) -> Result<(), InvalidValueError> {
        let is_set = |leaf: &u32| self.set.binary_search_by_key(leaf, |entry| entry.leaf_index).is_ok();
        if self.removed_leaves.iter().any(is_set) {
            return Err(InvalidValueError::field("removed_leaves", DecodeErrorKind::Duplicate));
        }
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        if self.check().is_err() {
            self.removed_leaves = List::default();
        }
    }
}

wire_struct! {
    /// The wrapped keys of the clients that a commit adds: the SafeAAD item of component 0x8B01
    /// (mimi-metadata-minimalization-02 §4.1, as a list, in the order of the Add proposals).
    ///
    /// ```text
    /// struct {
    ///   EncryptedIdentityLinkKey identity_link_key_ciphertexts<V>;
    /// } AddAAD
    /// ```
    pub struct AddAAD {
        /// A key for each added client.
        pub identity_link_key_ciphertexts: Vec<EncryptedIdentityLinkKey>,
    }
}

wire_struct! {
    /// The room's wrapper key, for those who are added: component 0x8B01 in the GroupInfo of a
    /// Welcome (mimi-metadata-minimalization-02 §4.1). It has no place in a GroupInfo that the hub
    /// sees.
    ///
    /// ```text
    /// struct {
    ///   opaque identity_link_wrapper_key<V>;
    /// } IdentityLinkExtension
    /// ```
    pub struct IdentityLinkExtension {
        /// The key that unwraps every identity_link_key of the room.
        pub identity_link_wrapper_key: SecretOpaque,
    }
}

/// What minimal-metadata-rooms-key-management calls [`IdentityLinkExtension`].
pub type IdentityLinkWrapperKeyExtension = IdentityLinkExtension;

wire_struct! {
    /// What the initiator of a connection tells the other user (mimi-metadata-minimalization-02
    /// §5), sealed with the label `ConnectionRequest`.
    ///
    /// ```text
    /// struct {
    ///   Credential requester_client_credential;
    ///   opaque connection_room_id<V>;
    ///   opaque connection_room_identity_link_wrapper_key<V>;
    ///   opaque requester_connection_key<V>;
    ///   opaque connection_response_key<V>;
    /// } ConnectionRequest
    /// ```
    pub struct ConnectionRequest {
        /// Who asks.
        pub requester_client_credential: Credential,
        /// The room that the two will share.
        pub connection_room_id: Opaque,
        /// That room's wrapper key.
        pub connection_room_identity_link_wrapper_key: SecretOpaque,
        /// The requester's connection key.
        pub requester_connection_key: SecretOpaque,
        /// The public key to seal the response to.
        pub connection_response_key: HPKEPublicKey,
    }
}

wire_struct! {
    /// The answer to a [`ConnectionRequest`] (mimi-metadata-minimalization-02 §5), sealed with the
    /// label `ConnectionResponse`; the sealed form is the SafeAAD item of component 0x8B02 in the
    /// external commit.
    ///
    /// ```text
    /// struct {
    ///   opaque responder_connection_key<V>;
    /// } ConnectionResponse
    /// ```
    pub struct ConnectionResponse {
        /// The responder's connection key.
        pub responder_connection_key: SecretOpaque,
    }
}

/// A sealed [`ConnectionResponse`]: the SafeAAD item of component 0x8B02, for
/// [`SafeAAD::content`](crate::extensions::SafeAAD).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedConnectionResponse(pub HPKECiphertext);

impl<'a> Decode<'a> for SealedConnectionResponse {
    const NAME: &'static str = HPKECiphertext::NAME;

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        HPKECiphertext::decode(reader).map(Self)
    }
}

impl Encode for SealedConnectionResponse {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.0.encode(writer)
    }
}
