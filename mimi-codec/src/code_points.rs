//! Numbers of the open registries: IANA's, those that the drafts suggest, and ours where no draft
//! has one yet.
//!
//! Unknown numbers are kept. GREASE values (RFC 9420 §13.5) are unknown numbers too; `is_grease`
//! knows them.
//!
//! # Private-use numbers
//!
//! | registry | number | name | waits for |
//! |---|---|---|---|
//! | [`WireFormat`] | 0xF001 | `mls_semiprivate_message` | mls-semiprivatemessage-07 §5.1 |
//! | [`ExtensionType`] | 0xF002 | `external_receivers` | mls-semiprivatemessage-07 §5.2 |
//! | [`ExtensionType`] | 0xF003 | `ratchet_tree_source_domains` | mls-ratchet-tree-options-01 §6.1 |
//! | [`CredentialType`] | 0xF004 | `pseudonymous` | mimi-protocol-06 §6 |
//! | [`ComponentID`] | 0x8B01 | `identity_link_keys` | mimi-metadata-minimalization-02 §4 |
//! | [`WireFormat`] | 0xF005 | `mls_private_external_message` | mls-private-external-01 §5.1 |
//! | [`ComponentID`] | 0x8B03 | `virtual_clients` | mls-virtual-clients §9.1, which suggests the number of `apq_mls_info` |
//! | [`ComponentID`] | 0x8B02 | `connection_response` | mimi-metadata-minimalization-02 §5 |
//! | [`ComponentID`] | 0x8B04 | `pseudonym_consent` | nothing: a construction of `mimi-pseudonym` |
//! | [`ComponentID`] | 0x8B05 | `encrypted_queue_id` | mimi-metadata-minimalization-02 §8 |
//!
//! They are to be replaced the day IANA assigns others; nothing else in the crate knows them.

use alloc::vec::Vec;

use crate::convention::open_registry;

/// Is it one of 0x0A0A, 0x1A1A … up to and including `last`?
const fn is_grease(value: u16, last: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a && value <= last
}

macro_rules! grease {
    ($($name:ident),*) => {$(
        impl $name {
            /// Is this one of the values that are reserved for GREASE, 0x0A0A to 0xEAEA (RFC 9420
            /// §13.5)?
            pub const fn is_grease(self) -> bool {
                is_grease(self.0, 0xeaea)
            }
        }
    )*};
}

grease!(CipherSuite, ExtensionType, ProposalType, CredentialType);

impl ComponentID {
    /// Is this one of the values that are reserved for GREASE, 0x0A0A to 0x7A7A (mls-extensions-10
    /// §7.5)?
    pub const fn is_grease(self) -> bool {
        is_grease(self.0, 0x7a7a)
    }

    /// Is this for private use, from 0x8000 (mls-extensions-10 §7.5)?
    pub const fn is_private_use(self) -> bool {
        self.0 >= 0x8000
    }
}

open_registry! {
    /// `ProtocolVersion` (RFC 9420 §6): the version of MLS.
    pub struct ProtocolVersion(u16) {
        /// MLS 1.0.
        1 "mls10" => MLS10,
    }
}

open_registry! {
    /// `CipherSuite` (RFC 9420 §17.1): KEM, AEAD, hash and signature scheme.
    pub struct CipherSuite(u16) {
        /// X25519, AES-128-GCM, SHA-256, Ed25519.
        1 "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519" => MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
        /// P-256, AES-128-GCM, SHA-256, ECDSA with P-256.
        2 "MLS_128_DHKEMP256_AES128GCM_SHA256_P256" => MLS_128_DHKEMP256_AES128GCM_SHA256_P256,
        /// X25519, ChaCha20-Poly1305, SHA-256, Ed25519.
        3 "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519" =>
            MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519,
        /// X448, AES-256-GCM, SHA-512, Ed448.
        4 "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448" => MLS_256_DHKEMX448_AES256GCM_SHA512_ED448,
        /// P-521, AES-256-GCM, SHA-512, ECDSA with P-521.
        5 "MLS_256_DHKEMP521_AES256GCM_SHA512_P521" => MLS_256_DHKEMP521_AES256GCM_SHA512_P521,
        /// X448, ChaCha20-Poly1305, SHA-512, Ed448.
        6 "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448" => MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_ED448,
        /// P-384, AES-256-GCM, SHA-384, ECDSA with P-384.
        7 "MLS_256_DHKEMP384_AES256GCM_SHA384_P384" => MLS_256_DHKEMP384_AES256GCM_SHA384_P384,
        /// ML-KEM-768 with X25519, AES-128-GCM, SHA-256, Ed25519; OpenMLS's provisional number
        /// (TBD1 of mls-pq-ciphersuites-06).
        0x004f "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519" =>
            MLS_128_MLKEM768X25519_AES128GCM_SHA256_ED25519,
        /// ML-KEM-768 with X25519, AES-256-GCM, SHA-384, Ed25519; OpenMLS's provisional number
        /// (TBD2 of mls-pq-ciphersuites-06).
        0x004e "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519" =>
            MLS_128_MLKEM768X25519_AES256GCM_SHA384_ED25519,
        /// ML-KEM-768 with P-256, AES-128-GCM, SHA-256, ECDSA with P-256; a private-use number
        /// (TBD3 of mls-pq-ciphersuites-06).
        0xf0a3 "MLS_128_MLKEM768P256_AES128GCM_SHA256_P256" =>
            MLS_128_MLKEM768P256_AES128GCM_SHA256_P256,
        /// ML-KEM-768 with P-256, AES-256-GCM, SHA-384, ECDSA with P-256; a private-use number
        /// (TBD4 of mls-pq-ciphersuites-06).
        0xf0a4 "MLS_128_MLKEM768P256_AES256GCM_SHA384_P256" =>
            MLS_128_MLKEM768P256_AES256GCM_SHA384_P256,
        /// ML-KEM-1024 with P-384, AES-256-GCM, SHA-384, ECDSA with P-384; a private-use number
        /// (TBD5 of mls-pq-ciphersuites-06).
        0xf0a5 "MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384" =>
            MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384,
        /// ML-KEM-768, AES-256-GCM, SHA-384, Ed25519; a private-use number (TBD6 of
        /// mls-pq-ciphersuites-06).
        0xf042 "MLS_128_MLKEM768_AES256GCM_SHA384_Ed25519" =>
            MLS_128_MLKEM768_AES256GCM_SHA384_ED25519,
        /// ML-KEM-768, AES-256-GCM, SHA-384, ECDSA with P-256; a provisional number (TBD7 of
        /// mls-pq-ciphersuites-06).
        0x0050 "MLS_128_MLKEM768_AES256GCM_SHA384_P256" =>
            MLS_128_MLKEM768_AES256GCM_SHA384_P256,
        /// ML-KEM-1024, AES-256-GCM, SHA-384, ECDSA with P-384; a provisional number (TBD8 of
        /// mls-pq-ciphersuites-06).
        0x0042 "MLS_192_MLKEM1024_AES256GCM_SHA384_P384" =>
            MLS_192_MLKEM1024_AES256GCM_SHA384_P384,
        /// ML-KEM-768 with X25519, ChaCha20-Poly1305, SHA-384, ML-DSA-44; a provisional number
        /// (TBD9 of mls-pq-ciphersuites-06).
        0x0052 "MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44" =>
            MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44,
        /// ML-KEM-768, AES-256-GCM, SHA-384, ML-DSA-65; a provisional number (TBD10 of
        /// mls-pq-ciphersuites-06).
        0x0051 "MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65" =>
            MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65,
        /// ML-KEM-1024, AES-256-GCM, SHA-384, ML-DSA-87; a provisional number (TBD11 of
        /// mls-pq-ciphersuites-06).
        0x0907 "MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87" =>
            MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87,
    }
}

open_registry! {
    /// `WireFormat` (RFC 9420 §17.2): what an MLSMessage holds.
    pub struct WireFormat(u16) {
        /// PublicMessage.
        1 "mls_public_message" => MLS_PUBLIC_MESSAGE,
        /// PrivateMessage.
        2 "mls_private_message" => MLS_PRIVATE_MESSAGE,
        /// Welcome.
        3 "mls_welcome" => MLS_WELCOME,
        /// GroupInfo.
        4 "mls_group_info" => MLS_GROUP_INFO,
        /// KeyPackage.
        5 "mls_key_package" => MLS_KEY_PACKAGE,
        /// APQMessagePair (mls-combiner §8.2).
        7 "apq_message_pair" => APQ_MESSAGE_PAIR,
        /// PrivateExternalMessage; a private-use number.
        0xf005 "mls_private_external_message" => MLS_PRIVATE_EXTERNAL_MESSAGE,
        /// SemiPrivateMessage; a private-use number.
        0xf001 "mls_semiprivate_message" => MLS_SEMIPRIVATE_MESSAGE,
    }
}

open_registry! {
    /// `ExtensionType` (RFC 9420 §17.3; mls-extensions-10 §7.1).
    pub struct ExtensionType(u16) {
        /// `application_id`, in a LeafNode.
        1 "application_id" => APPLICATION_ID,
        /// `ratchet_tree`, in a GroupInfo.
        2 "ratchet_tree" => RATCHET_TREE,
        /// `required_capabilities`, in a GroupContext.
        3 "required_capabilities" => REQUIRED_CAPABILITIES,
        /// `external_pub`, in a GroupInfo.
        4 "external_pub" => EXTERNAL_PUB,
        /// `external_senders`, in a GroupContext.
        5 "external_senders" => EXTERNAL_SENDERS,
        /// `app_data_dictionary`, in a KeyPackage, LeafNode, GroupContext or GroupInfo.
        6 "app_data_dictionary" => APP_DATA_DICTIONARY,
        /// `supported_wire_formats`, in a LeafNode.
        7 "supported_wire_formats" => SUPPORTED_WIRE_FORMATS,
        /// `required_wire_formats`, in a GroupContext.
        8 "required_wire_formats" => REQUIRED_WIRE_FORMATS,
        /// `last_resort`, in a KeyPackage: of earlier revisions of mls-extensions, without data.
        0x000a "last_resort" => LAST_RESORT,
        /// `external_receivers`, in a GroupContext; a private-use number.
        0xf002 "external_receivers" => EXTERNAL_RECEIVERS,
        /// `ratchet_tree_source_domains`, in a GroupContext; a private-use number.
        0xf003 "ratchet_tree_source_domains" => RATCHET_TREE_SOURCE_DOMAINS,
    }
}

open_registry! {
    /// `ProposalType` (RFC 9420 §17.4; mls-extensions-10 §7.2).
    pub struct ProposalType(u16) {
        /// Add.
        1 "add" => ADD,
        /// Update.
        2 "update" => UPDATE,
        /// Remove.
        3 "remove" => REMOVE,
        /// PreSharedKey.
        4 "psk" => PSK,
        /// ReInit.
        5 "reinit" => REINIT,
        /// ExternalInit.
        6 "external_init" => EXTERNAL_INIT,
        /// GroupContextExtensions.
        7 "group_context_extensions" => GROUP_CONTEXT_EXTENSIONS,
        /// AppDataUpdate.
        8 "app_data_update" => APP_DATA_UPDATE,
        /// AppEphemeral.
        9 "app_ephemeral" => APP_EPHEMERAL,
        /// SelfRemove.
        10 "self_remove" => SELF_REMOVE,
    }
}

open_registry! {
    /// `CredentialType` (RFC 9420 §17.5; mls-extensions-10 §7.3).
    pub struct CredentialType(u16) {
        /// A bare identity.
        1 "basic" => BASIC,
        /// A chain of X.509 certificates.
        2 "x509" => X509,
        /// Several credentials, all of which have to be supported.
        3 "multi" => MULTI,
        /// Several credentials, one of which has to be supported.
        4 "weak-multi" => WEAK_MULTI,
        /// A pseudonym of mimi-protocol-06 §6; a private-use number.
        0xf004 "pseudonymous" => PSEUDONYMOUS,
    }
}

open_registry! {
    /// `ComponentID` (mls-extensions-10 §4.1 and §7.5): a component of an application.
    pub struct ComponentID(u16) {
        /// `ComponentsList`: which components are supported or required.
        1 "app_components" => APP_COMPONENTS,
        /// `ComponentsList`: which components use SafeAAD.
        2 "safe_aad" => SAFE_AAD,
        /// `MediaTypeList`: which media types are supported or required.
        3 "content_media_types" => CONTENT_MEDIA_TYPES,
        /// Marks a KeyPackage of last resort; no data.
        4 "last_resort_key_package" => LAST_RESORT_KEY_PACKAGE,
        /// `AppAck`.
        5 "app_ack" => APP_ACK,
        /// `APQInfo` (mls-combiner §8.1).
        6 "apq_mls_info" => APQ_MLS_INFO,
        /// `AssociatedParties`.
        7 "associated_parties" => ASSOCIATED_PARTIES,
        /// `RootPrivateSignature` (mls-private-external-01 §5.5.1, the suggested number).
        10 "root_private_signature_key" => ROOT_PRIVATE_SIGNATURE_KEY,
        /// `ExternalEncryptionInfo` (mls-private-external-01 §5.5.2, the suggested number).
        11 "external_encryption_public_key" => EXTERNAL_ENCRYPTION_PUBLIC_KEY,
        /// `FrankAAD` (mimi-protocol-06 §10.1).
        0x20 "frank_aad" => FRANK_AAD,
        /// `FrankingAgentData` (mimi-protocol-06 §10.2).
        0x21 "franking_agent" => FRANKING_AGENT,
        /// `ParticipantListData` (mimi-protocol-06 §10.3).
        0x22 "participant_list" => PARTICIPANT_LIST,
        /// `RoomMetaData` (mimi-protocol-06 §10.4).
        0x23 "room_metadata" => ROOM_METADATA,
        /// `OperationalParameters` (mimi-room-policy-04 §10.1).
        0x24 "mls_operational_policy" => MLS_OPERATIONAL_POLICY,
        /// `RoleData` (mimi-room-policy-04 §10.1).
        0x25 "roles_list" => ROLES_LIST,
        /// `PreAuthData` (mimi-room-policy-04 §10.1).
        0x26 "preauth_list" => PREAUTH_LIST,
        /// `BaseRoomPolicy` (mimi-room-policy-04 §10.1).
        0x27 "base_room_policy" => BASE_ROOM_POLICY,
        /// `StatusNotificationPolicy` (mimi-room-policy-04 §10.1).
        0x28 "status_notification_policy" => STATUS_NOTIFICATION_POLICY,
        /// `JoinLinkPolicy` (mimi-room-policy-04 §10.1).
        0x29 "join_link_policy" => JOIN_LINK_POLICY,
        /// `JoinLinks` (mimi-room-policy-04 §10.1).
        0x2a "join_links" => JOIN_LINKS,
        /// `LinkPreviewPolicy` (mimi-room-policy-04 §10.1).
        0x2b "link_preview_policy" => LINK_PREVIEW_POLICY,
        /// `AssetPolicy` (mimi-room-policy-04 §10.1).
        0x2c "asset_policy" => ASSET_POLICY,
        /// `LoggingPolicy` (mimi-room-policy-04 §10.1).
        0x2d "logging_policy" => LOGGING_POLICY,
        /// `HistoryPolicy` (mimi-room-policy-04 §10.1).
        0x2e "chat_history_policy" => CHAT_HISTORY_POLICY,
        /// `BotPolicy` (mimi-room-policy-04 §10.1).
        0x2f "bot_policy" => BOT_POLICY,
        /// `MessageExpiration` (mimi-room-policy-04 §10.1).
        0x30 "message_expiration_policy" => MESSAGE_EXPIRATION_POLICY,
        /// `MessageId` (mimi-msgid-aad-02 §5.1, the suggested number).
        0x40 "message_id" => MESSAGE_ID,
        /// `HubRetractedMessagesComponent` (mimi-hub-retracted-messages-00 §5.1, the suggested
        /// number).
        0x50 "hub_retracted_messages" => HUB_RETRACTED_MESSAGES,
        /// `HubRetractedRangeComponent` (mimi-hub-retracted-messages-00 §5.2, the suggested
        /// number).
        0x51 "hub_retracted_range" => HUB_RETRACTED_RANGE,
        /// The group's wrapped identity link keys (mimi-metadata-minimalization-02 §4); a
        /// private-use number.
        0x8b01 "identity_link_keys" => IDENTITY_LINK_KEYS,
        /// A connection response in SafeAAD (mimi-metadata-minimalization-02 §5); a private-use
        /// number.
        0x8b02 "connection_response" => CONNECTION_RESPONSE,
        /// What emulator clients need to act as one (mls-virtual-clients §9.1); a private-use
        /// number.
        0x8b03 "virtual_clients" => VIRTUAL_CLIENTS,
        /// In SafeAAD, the consent of a leaf to another leaf under its user pseudonym (a
        /// construction of `mimi-pseudonym`); a private-use number.
        0x8b04 "pseudonym_consent" => PSEUDONYM_CONSENT,
        /// In a leaf's dictionary, the client's queue ID, sealed to its provider
        /// (mimi-metadata-minimalization-02 §8); a private-use number.
        0x8b05 "encrypted_queue_id" => ENCRYPTED_QUEUE_ID,
    }
}

#[cfg(test)]
mod tests {
    use super::{CipherSuite, ComponentID, CredentialType, ExtensionType, ProposalType, WireFormat};

    #[test]
    fn grease_is_what_the_registries_reserve() {
        let grease = [
            0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a, 0x8a8a, 0x9a9a, 0xaaaa, 0xbaba,
            0xcaca, 0xdada, 0xeaea,
        ];
        for value in 0..=u16::MAX {
            let expected = grease.contains(&value);
            assert_eq!(ExtensionType(value).is_grease(), expected, "{value:#x}");
            assert_eq!(ProposalType(value).is_grease(), expected);
            assert_eq!(CredentialType(value).is_grease(), expected);
            assert_eq!(CipherSuite(value).is_grease(), expected);
            assert_eq!(ComponentID(value).is_grease(), expected && !ComponentID(value).is_private_use());
        }
    }

    #[test]
    fn private_use_numbers_are_those_of_the_table() {
        assert_eq!(WireFormat::MLS_SEMIPRIVATE_MESSAGE.value(), 0xf001);
        assert_eq!(ExtensionType::EXTERNAL_RECEIVERS.value(), 0xf002);
        assert_eq!(ExtensionType::RATCHET_TREE_SOURCE_DOMAINS.value(), 0xf003);
        assert_eq!(CredentialType::PSEUDONYMOUS.value(), 0xf004);
        assert_eq!(ComponentID::IDENTITY_LINK_KEYS.value(), 0x8b01);
        assert_eq!(ComponentID::CONNECTION_RESPONSE.value(), 0x8b02);
        assert_eq!(ComponentID::VIRTUAL_CLIENTS.value(), 0x8b03);
        assert_eq!(ComponentID::PSEUDONYM_CONSENT.value(), 0x8b04);
        assert_eq!(ComponentID::ENCRYPTED_QUEUE_ID.value(), 0x8b05);
        assert_eq!(WireFormat::MLS_PRIVATE_EXTERNAL_MESSAGE.value(), 0xf005);
    }

    #[test]
    fn post_quantum_suites_have_the_provisional_numbers() {
        let numbers = [
            (CipherSuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_ED25519, 0x004f),
            (CipherSuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_ED25519, 0x004e),
            (CipherSuite::MLS_128_MLKEM768P256_AES128GCM_SHA256_P256, 0xf0a3),
            (CipherSuite::MLS_128_MLKEM768P256_AES256GCM_SHA384_P256, 0xf0a4),
            (CipherSuite::MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384, 0xf0a5),
            (CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_ED25519, 0xf042),
            (CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_P256, 0x0050),
            (CipherSuite::MLS_192_MLKEM1024_AES256GCM_SHA384_P384, 0x0042),
            (CipherSuite::MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44, 0x0052),
            (CipherSuite::MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65, 0x0051),
            (CipherSuite::MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87, 0x0907),
        ];
        for (suite, number) in numbers {
            assert_eq!(suite.value(), number, "{suite:?}");
        }
    }
}
