//! `POST /keyMaterial/{targetUser}`: claiming initial key material (mimi-protocol-06 §5.2).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{IdentifierUri, OptionalIdentifierUri};
use crate::{
    DecodeErrorKind, InvalidValueError, List, NotEmpty, Opaque,
    code_points::{CipherSuite, ComponentID, ExtensionType},
    convention::{open_registry, wire_enum, wire_select, wire_struct},
    mls::{Capabilities, Credential, KeyPackage, LeafNodeSelect, RequiredCapabilities, SignaturePublicKey},
};

wire_enum! {
    /// The end-to-end protocol of a request (mimi-protocol-06 §5).
    pub enum Protocol {
        /// MLS 1.0.
        1 "mls10" => Mls10,
    }
}

wire_struct! {
    /// A request for key material of all clients of a user (mimi-protocol-06 §5.2).
    ///
    /// Nothing in it names the hub or the time: an observer of one can send it again.
    ///
    /// ```text
    /// struct {
    ///     Protocol protocol;
    ///     IdentifierUri requestingUser;
    ///     IdentifierUri targetUser;
    ///     IdentifierUri roomId;
    ///     select (protocol) {
    ///         case mls10:
    ///             CipherSuite acceptableCiphersuites<V>;
    ///             RequiredCapabilities requiredCapabilities;
    ///             SignaturePublicKey requesterSignatureKey;
    ///             Credential requesterCredential;
    ///             opaque key_material_request_signature<V>;
    ///     };
    /// } KeyMaterialRequest;
    /// ```
    pub struct KeyMaterialRequest {
        /// The end-to-end protocol.
        pub protocol: Protocol,
        /// The user who asks.
        pub requesting_user: IdentifierUri,
        /// The user whose clients' key material is asked for.
        pub target_user: IdentifierUri,
        /// The room that the target is to be added to. A request made in order to add the target to
        /// a room has to name it.
        pub room_id: OptionalIdentifierUri,
        /// The cipher suites that will do, at least one. The request is signed under the first.
        pub acceptable_ciphersuites: List<CipherSuite, NotEmpty>,
        /// What the clients have to support.
        pub required_capabilities: RequiredCapabilities,
        /// The key that verifies the signature.
        pub requester_signature_key: SignaturePublicKey,
        /// Whose key that is.
        pub requester_credential: Credential,
        /// The signature over [`KeyMaterialRequestTBS`], label `KeyMaterialRequestTBS`.
        pub key_material_request_signature: Opaque,
    }
}

wire_struct! {
    /// What is signed of a [`KeyMaterialRequest`]: all but the signature (mimi-protocol-06 §5.2).
    ///
    /// ```text
    /// struct {
    ///     Protocol protocol;
    ///     IdentifierUri requestingUser;
    ///     IdentifierUri targetUser;
    ///     IdentifierUri roomId;
    ///     select (protocol) {
    ///         case mls10:
    ///             CipherSuite acceptableCiphersuites<V>;
    ///             RequiredCapabilities requiredCapabilities;
    ///             SignaturePublicKey requesterSignatureKey;
    ///             Credential requesterCredential;
    ///     };
    /// } KeyMaterialRequestTBS;
    /// ```
    pub struct KeyMaterialRequestTBS {
        /// The end-to-end protocol.
        pub protocol: Protocol,
        /// The user who asks.
        pub requesting_user: IdentifierUri,
        /// The user whose clients' key material is asked for.
        pub target_user: IdentifierUri,
        /// The room that the target is to be added to.
        pub room_id: OptionalIdentifierUri,
        /// The cipher suites that will do, at least one.
        pub acceptable_ciphersuites: List<CipherSuite, NotEmpty>,
        /// What the clients have to support.
        pub required_capabilities: RequiredCapabilities,
        /// The key that verifies the signature.
        pub requester_signature_key: SignaturePublicKey,
        /// Whose key that is.
        pub requester_credential: Credential,
    }
}

impl KeyMaterialRequest {
    /// What [`Self::key_material_request_signature`] signs.
    #[must_use]
    pub fn tbs(&self) -> KeyMaterialRequestTBS {
        KeyMaterialRequestTBS {
            protocol: self.protocol,
            requesting_user: self.requesting_user.clone(),
            target_user: self.target_user.clone(),
            room_id: self.room_id.clone(),
            acceptable_ciphersuites: self.acceptable_ciphersuites.clone(),
            required_capabilities: self.required_capabilities.clone(),
            requester_signature_key: self.requester_signature_key.clone(),
            requester_credential: self.requester_credential.clone(),
        }
    }
}

impl KeyMaterialRequestTBS {
    /// The request, once it is signed.
    #[must_use]
    pub fn with_signature(self, key_material_request_signature: Opaque) -> KeyMaterialRequest {
        KeyMaterialRequest {
            protocol: self.protocol,
            requesting_user: self.requesting_user,
            target_user: self.target_user,
            room_id: self.room_id,
            acceptable_ciphersuites: self.acceptable_ciphersuites,
            required_capabilities: self.required_capabilities,
            requester_signature_key: self.requester_signature_key,
            requester_credential: self.requester_credential,
            key_material_request_signature,
        }
    }
}

open_registry! {
    /// What became of a [`KeyMaterialRequest`] as a whole (mimi-protocol-06 §5.2).
    pub struct KeyMaterialUserCode(u8) {
        /// There is key material for every client of the user.
        0 "success" => SUCCESS,
        /// There is key material for at least one client.
        1 "partialSuccess" => PARTIAL_SUCCESS,
        /// The provider or all the clients lack the protocol.
        2 "incompatibleProtocol" => INCOMPATIBLE_PROTOCOL,
        /// No client has key material with the required capabilities.
        3 "noCompatibleMaterial" => NO_COMPATIBLE_MATERIAL,
        /// The provider doesn't know the user.
        4 "userUnknown" => USER_UNKNOWN,
        /// The requester lacks consent, or the provider wants to say no more.
        5 "noConsent" => NO_CONSENT,
        /// The requester lacks consent for this room.
        6 "noConsentForThisRoom" => NO_CONSENT_FOR_THIS_ROOM,
        /// The user has been deleted.
        7 "userDeleted" => USER_DELETED,
    }
}

wire_enum! {
    /// What became of a [`KeyMaterialRequest`] for one client (mimi-protocol-06 §5.2).
    pub enum KeyMaterialClientCode {
        /// There is key material.
        0 "success" => Success,
        /// None is left.
        1 "keyMaterialExhausted" => KeyMaterialExhausted,
        /// None has the required capabilities.
        2 "nothingCompatible" => NothingCompatible,
    }
}

wire_select! {
    /// The key material of one client (mimi-protocol-06 §5.2).
    ///
    /// ```text
    /// struct {
    ///     KeyMaterialClientCode clientStatus;
    ///     IdentifierUri clientUri;
    ///     select (protocol) {
    ///         case mls10:
    ///             select (clientStatus) {
    ///                 case success:
    ///                     KeyPackage keyPackage;
    ///                 case nothingCompatible:
    ///                     optional<Capabilities> clientCapabilities;
    ///             };
    ///     };
    /// } ClientKeyMaterial;
    /// ```
    pub enum ClientKeyMaterial: u8 "KeyMaterialClientCode" {
        /// There is key material.
        0 "success" => Success {
            /// The client.
            client_uri: IdentifierUri,
            /// Its key material, good for one use.
            key_package: Box<KeyPackage>,
        },
        /// None is left.
        1 "keyMaterialExhausted" => KeyMaterialExhausted {
            /// The client.
            client_uri: IdentifierUri,
        },
        /// None has the required capabilities.
        2 "nothingCompatible" => NothingCompatible {
            /// The client.
            client_uri: IdentifierUri,
            /// What it supports, if its provider tells.
            client_capabilities: Option<Box<Capabilities>>,
        },
    }
}

impl ClientKeyMaterial {
    /// The client's code.
    #[must_use]
    pub const fn client_status(&self) -> KeyMaterialClientCode {
        match self {
            Self::Success { .. } => KeyMaterialClientCode::Success,
            Self::KeyMaterialExhausted { .. } => KeyMaterialClientCode::KeyMaterialExhausted,
            Self::NothingCompatible { .. } => KeyMaterialClientCode::NothingCompatible,
        }
    }

    /// The client.
    #[must_use]
    pub const fn client_uri(&self) -> &IdentifierUri {
        match self {
            Self::Success { client_uri, .. }
            | Self::KeyMaterialExhausted { client_uri }
            | Self::NothingCompatible { client_uri, .. } => client_uri,
        }
    }

    /// The key material, if there is any.
    #[must_use]
    pub fn key_package(&self) -> Option<&KeyPackage> {
        match self {
            Self::Success { key_package, .. } => Some(key_package),
            _ => None,
        }
    }
}

wire_struct! {
    /// The answer to a [`KeyMaterialRequest`] (mimi-protocol-06 §5.2).
    ///
    /// Clients are listed only under `success`, if all of them have success, under
    /// `partialSuccess`, if one of them has, and under `noCompatibleMaterial`, if none has.
    ///
    /// ```text
    /// struct {
    ///     Protocol protocol;
    ///     KeyMaterialUserCode userStatus;
    ///     IdentifierUri userUri;
    ///     ClientKeyMaterial clients<V>;
    /// } KeyMaterialResponse;
    /// ```
    pub struct KeyMaterialResponse {
        /// The end-to-end protocol.
        protocol: Protocol,
        /// What became of the request.
        user_status: KeyMaterialUserCode,
        /// The target user.
        user_uri: IdentifierUri,
        /// The user's clients.
        clients: Vec<ClientKeyMaterial>,
    } check KeyMaterialResponse::check, repair KeyMaterialResponse::repair
}

impl KeyMaterialResponse {
    fn check(&self) -> Result<(), InvalidValueError> {
        let succeeded = |client: &ClientKeyMaterial| client.client_status() == KeyMaterialClientCode::Success;
        let broken = match self.user_status {
            KeyMaterialUserCode::SUCCESS => {
                (!self.clients.iter().all(succeeded)).then_some("under success, every client has success")
            }
            KeyMaterialUserCode::PARTIAL_SUCCESS => {
                (!self.clients.iter().any(succeeded)).then_some("under partialSuccess, a client has success")
            }
            KeyMaterialUserCode::NO_COMPATIBLE_MATERIAL => self
                .clients
                .iter()
                .any(succeeded)
                .then_some("under noCompatibleMaterial, no client has success"),
            _ => (!self.clients.is_empty()).then_some("under this code, no clients are listed"),
        };
        match broken {
            None => Ok(()),
            Some(rule) => Err(InvalidValueError::field("clients", DecodeErrorKind::Rule(rule))),
        }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        if self.check().is_err() {
            self.clients.clear();
        }
        if self.check().is_err() {
            self.user_status = KeyMaterialUserCode::NO_CONSENT;
        }
    }
}

impl KeyPackage {
    /// Whether its lifetime is over at `now_ms`, in milliseconds since the UNIX epoch. A provider
    /// hands out no such KeyPackage (mimi-protocol-06 §5.2). One whose leaf states no lifetime is
    /// no good for adding anybody, and counts as over.
    #[must_use]
    pub fn is_expired(&self, now_ms: u64) -> bool {
        match &self.leaf_node.leaf_node_source {
            LeafNodeSelect::KeyPackage { lifetime } => lifetime.not_after.saturating_mul(1000) < now_ms,
            LeafNodeSelect::Update {} | LeafNodeSelect::Commit { .. } => true,
        }
    }

    /// Whether its lifetime has begun and is not over at `now_ms`, in milliseconds since the UNIX
    /// epoch: only then may it be used (RFC 9420 §7.2).
    #[must_use]
    pub fn is_valid_at(&self, now_ms: u64) -> bool {
        match &self.leaf_node.leaf_node_source {
            LeafNodeSelect::KeyPackage { lifetime } => {
                lifetime.not_before <= now_ms / 1000 && !self.is_expired(now_ms)
            }
            LeafNodeSelect::Update {} | LeafNodeSelect::Commit { .. } => false,
        }
    }

    /// Whether it is marked as a last resort: the only kind that a provider hands out more than
    /// once (mimi-protocol-06 §5.2).
    ///
    /// Two marks count, each without data: the component of mls-extensions-10 §6.4, and the
    /// KeyPackage extension 0x000A of its earlier revisions, which MLS stacks write today (reading
    /// C56). A dictionary that does not decode marks nothing.
    #[must_use]
    pub fn is_last_resort(&self) -> bool {
        if self.extensions.data(ExtensionType::LAST_RESORT).is_some_and(<[u8]>::is_empty) {
            return true;
        }
        let data = self.extensions.component(ComponentID::LAST_RESORT_KEY_PACKAGE);
        data.is_ok_and(|data| data.is_some_and(<[u8]>::is_empty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decode, mls::Lifetime};

    /// A KeyPackage that is valid until the second `not_after`.
    fn key_package(not_after: u64, extensions: &[u8]) -> KeyPackage {
        let leaf = [
            &b"\x01e\x01s\x00\x01\x00"[..],
            &[0; 5],
            &[1],
            &[0; 8],
            &not_after.to_be_bytes(),
            &[0],
            b"\x01s",
        ];
        let bytes = [&b"\x00\x01\x00\x01\x01i"[..], &leaf.concat(), extensions, b"\x01s"].concat();
        KeyPackage::decode_exact(&bytes).unwrap()
    }

    #[test]
    fn a_key_package_expires_after_its_last_second() {
        let key_package = key_package(1_700_000_000, &[0]);
        assert!(!key_package.is_expired(0));
        assert!(!key_package.is_expired(1_700_000_000_000));
        assert!(key_package.is_expired(1_700_000_000_001));
    }

    #[test]
    fn a_key_package_is_valid_from_its_first_second() {
        let mut key_package = key_package(1_700_000_000, &[0]);
        let lifetime = Lifetime { not_before: 1_600_000_000, not_after: 1_700_000_000 };
        key_package.leaf_node.leaf_node_source = LeafNodeSelect::KeyPackage { lifetime };
        assert!(!key_package.is_valid_at(1_599_999_999_999));
        assert!(!key_package.is_expired(1_599_999_999_999));
        assert!(key_package.is_valid_at(1_600_000_000_000));
        assert!(key_package.is_valid_at(1_700_000_000_000));
        assert!(!key_package.is_valid_at(1_700_000_000_001));
        let never = Lifetime { not_before: u64::MAX, not_after: u64::MAX };
        key_package.leaf_node.leaf_node_source = LeafNodeSelect::KeyPackage { lifetime: never };
        assert!(!key_package.is_valid_at(u64::MAX));
        key_package.leaf_node.leaf_node_source = LeafNodeSelect::Update {};
        assert!(!key_package.is_valid_at(1_650_000_000_000));
    }

    #[test]
    fn the_end_of_time_does_not_wrap() {
        assert!(!key_package(u64::MAX, &[0]).is_expired(1_700_000_000_000));
    }

    #[test]
    fn only_a_mark_without_data_marks_a_last_resort() {
        // The extension 0x000A without data, with data, and another one.
        assert!(key_package(1, b"\x03\x00\x0a\x00").is_last_resort());
        assert!(!key_package(1, b"\x04\x00\x0a\x01x").is_last_resort());
        assert!(!key_package(1, b"\x03\x00\x0b\x00").is_last_resort());
        // Beside a dictionary that does not decode.
        assert!(key_package(1, b"\x08\x00\x06\x02\xff\xff\x00\x0a\x00").is_last_resort());
        assert!(!key_package(1, &[0]).is_last_resort());
        // Extension 6, app_data_dictionary, with the component 4 and no data, some data, or another
        // component.
        assert!(key_package(1, b"\x07\x00\x06\x04\x03\x00\x04\x00").is_last_resort());
        assert!(!key_package(1, b"\x08\x00\x06\x05\x04\x00\x04\x01x").is_last_resort());
        assert!(!key_package(1, b"\x07\x00\x06\x04\x03\x00\x05\x00").is_last_resort());
        assert!(!key_package(1, b"\x05\x00\x06\x02\xff\xff").is_last_resort());
    }
}
