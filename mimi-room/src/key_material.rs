//! A requester's check of the KeyPackages that a provider has handed out (mimi-protocol-06 §5.2).
//!
//! The provider's side is [`Follower::key_material`](crate::follower::Follower::key_material). A
//! provider that keeps a stock of its own asks [`answers_request`] and [`answer_code`].

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use core::fmt;

use mimi_codec::{
    ClientUri, IdentityError, RoomUri, UserUri,
    code_points::{CipherSuite, CredentialType, ExtensionType, ProposalType},
    mls::{Capabilities, KeyPackage, LeafNode, LeafNodeSelect, RequiredCapabilities},
    protocol::{ClientKeyMaterial, KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode},
};
use mimi_crypto::{CipherSuiteProvider, CryptoError, VerifiedKeyPackage, verify_key_package};

use crate::{CredentialError, Identity, Member};

/// For how long a KeyPackage may be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifetimeLimits {
    /// The time of the check, in milliseconds since the UNIX epoch.
    pub now_ms: u64,
    /// The longest time from `not_before` to `not_after` that is acceptable, in seconds. RFC 9420
    /// §7.2 requires an application to define one; a room may state it as `max_kp_lifetime`
    /// ([`check_key_package_lifetime`](mimi_policy::component::operational::check_key_package_lifetime)).
    pub max_lifetime_s: u64,
}

/// The KeyPackages by which a user can be added to a room. Only [`check_key_material`] makes one:
/// the answer is about the user that was asked for, and at least one KeyPackage is usable.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedKeyMaterial {
    target: UserUri,
    usable: Vec<ClaimedKeyPackage>,
    unusable: Vec<UnusableClient>,
}

/// A KeyPackage that belongs to a client of the target user, and that the request allows. Only
/// [`check_key_material`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedKeyPackage {
    member: Member,
    key_package: VerifiedKeyPackage,
}

/// A client of the target user that cannot be added by this answer.
#[derive(Clone, Debug, PartialEq)]
pub struct UnusableClient {
    /// The client, as the answer names it.
    pub client: ClientUri,
    /// Why.
    pub why: UnusableReason,
}

/// Why a client cannot be added.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum UnusableReason {
    /// The provider has no KeyPackage of the client left.
    Exhausted,
    /// The provider has no KeyPackage of the client that the request allows.
    NothingCompatible {
        /// What the client supports, if its provider says so.
        capabilities: Option<Box<Capabilities>>,
    },
    /// The KeyPackage is of a cipher suite that the request does not accept.
    CipherSuite(CipherSuite),
    /// The KeyPackage is of another suite than the group, is not signed, or is not valid now.
    Crypto(CryptoError),
    /// The KeyPackage is valid for longer than the requester accepts.
    Lifetime {
        /// For how long, in seconds.
        lifetime_s: u64,
    },
    /// The client does not support what the request requires, or what its own leaf uses
    /// (RFC 9420 §7.3).
    Unsupported(UnsupportedCapability),
    /// The credential does not identify a client.
    Credential(CredentialError),
    /// The credential identifies another client, or a client of another user.
    OtherClient {
        /// The user.
        user: UserUri,
        /// The client.
        client: ClientUri,
    },
    /// Another client of the answer has the same signature or encryption key: a group cannot hold
    /// both (RFC 9420 §7.3).
    SharedKey,
}

/// Something that a client's capabilities do not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsupportedCapability {
    /// An extension type.
    Extension(ExtensionType),
    /// A proposal type.
    Proposal(ProposalType),
    /// A credential type.
    Credential(CredentialType),
}

/// Why an answer to a request for key material brings nothing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum KeyMaterialError {
    /// The request was made for another room, or for none: the target may have consented to a
    /// single room.
    OtherRoom,
    /// The answer is about another user.
    OtherUser,
    /// A user or client is not named in the one spelling that counts.
    Identity(IdentityError),
    /// The provider answers with another code than `success` and `partialSuccess`.
    Refused {
        /// The code.
        code: KeyMaterialUserCode,
        /// The clients that the provider lists under `noCompatibleMaterial`.
        clients: Vec<UnusableClient>,
    },
    /// The code is `success` or `partialSuccess`, and no client is listed.
    NoClients,
    /// A client is listed twice.
    ClientTwice(ClientUri),
    /// No KeyPackage of the answer is usable.
    NothingUsable(Vec<UnusableClient>),
}

impl ClaimedKeyMaterial {
    /// The user.
    #[must_use]
    pub const fn target(&self) -> &UserUri {
        &self.target
    }

    /// One KeyPackage for each client that can be added; never empty.
    #[must_use]
    pub fn usable(&self) -> &[ClaimedKeyPackage] {
        &self.usable
    }

    /// The clients of the user that cannot be added.
    #[must_use]
    pub fn unusable(&self) -> &[UnusableClient] {
        &self.unusable
    }

    /// The KeyPackages, for [`Wishes::add`](crate::Wishes::add), without the check.
    #[must_use]
    pub fn into_key_packages(self) -> Vec<KeyPackage> {
        self.usable.into_iter().map(|it| it.key_package.into_key_package()).collect()
    }
}

impl ClaimedKeyPackage {
    /// The client that its credential identifies.
    #[must_use]
    pub const fn member(&self) -> &Member {
        &self.member
    }

    /// The KeyPackage, whose signatures and lifetime were verified.
    #[must_use]
    pub const fn key_package(&self) -> &VerifiedKeyPackage {
        &self.key_package
    }
}

/// Checks a provider's answer to the request for key material that the caller has made, before
/// the KeyPackages are used in `room`.
///
/// `suite` is the cipher suite of the room's group. The answer must be about the target of the
/// request, and list each client once. A client whose KeyPackage is no good is
/// [unusable](ClaimedKeyMaterial::unusable), and the others can be added without it.
///
/// A response has no signature of its own. The hub that forwards it could replay an older one; the
/// KeyPackages in it would be valid and perhaps used before.
///
/// # Errors
/// [`KeyMaterialError`] if no client can be added, or if the answer contradicts itself.
pub fn check_key_material<C: CipherSuiteProvider + ?Sized>(
    suite: &C,
    identity: &impl Identity,
    room: &RoomUri,
    request: &KeyMaterialRequest,
    response: KeyMaterialResponse,
    limits: LifetimeLimits,
) -> Result<ClaimedKeyMaterial, KeyMaterialError> {
    if request.room_id.0.as_ref().map(|it| it.as_bytes()) != Some(room.as_bytes()) {
        return Err(KeyMaterialError::OtherRoom);
    }
    if *response.user_uri() != request.target_user {
        return Err(KeyMaterialError::OtherUser);
    }
    let target = UserUri::try_from(&request.target_user).map_err(KeyMaterialError::Identity)?;
    let code = *response.user_status();
    let succeeds = [KeyMaterialUserCode::SUCCESS, KeyMaterialUserCode::PARTIAL_SUCCESS].contains(&code);
    if succeeds && response.clients().is_empty() {
        return Err(KeyMaterialError::NoClients);
    }
    let check = Check { suite, identity, room, target: &target, request, limits };
    let mut seen = BTreeSet::new();
    let mut keys = BTreeSet::new();
    let (mut usable, mut unusable) = (Vec::new(), Vec::new());
    let (_, _, _, clients) = response.into_parts();
    for material in clients {
        let client = ClientUri::try_from(material.client_uri()).map_err(KeyMaterialError::Identity)?;
        if !seen.insert(client.clone()) {
            return Err(KeyMaterialError::ClientTwice(client));
        }
        match check.client(&client, material, &mut keys) {
            Ok(found) => usable.push(found),
            Err(why) => unusable.push(UnusableClient { client, why }),
        }
    }
    if !succeeds {
        // The decoder makes sure that no client of such an answer has a KeyPackage.
        return Err(KeyMaterialError::Refused { code, clients: unusable });
    }
    if usable.is_empty() {
        return Err(KeyMaterialError::NothingUsable(unusable));
    }
    Ok(ClaimedKeyMaterial { target, usable, unusable })
}

/// Whether a KeyPackage answers a request: it is of an acceptable cipher suite, its client supports
/// what the request requires and what its own leaf uses, and it is valid now
/// (mimi-protocol-06 §5.2, RFC 9420 §7.3).
#[must_use]
pub fn answers_request(request: &KeyMaterialRequest, key_package: &KeyPackage, now_ms: u64) -> bool {
    request.acceptable_ciphersuites.contains(&key_package.cipher_suite)
        && unsupported(&key_package.leaf_node, &request.required_capabilities).is_none()
        && key_package.is_valid_at(now_ms)
}

/// The code of an answer that lists these clients of a known user.
#[must_use]
pub fn answer_code(clients: &[ClientKeyMaterial]) -> KeyMaterialUserCode {
    let found = clients.iter().filter(|it| it.key_package().is_some()).count();
    match found {
        0 => KeyMaterialUserCode::NO_COMPATIBLE_MATERIAL,
        _ if found == clients.len() => KeyMaterialUserCode::SUCCESS,
        _ => KeyMaterialUserCode::PARTIAL_SUCCESS,
    }
}

struct Check<'a, C: ?Sized, I> {
    suite: &'a C,
    identity: &'a I,
    room: &'a RoomUri,
    target: &'a UserUri,
    request: &'a KeyMaterialRequest,
    limits: LifetimeLimits,
}

impl<C: CipherSuiteProvider + ?Sized, I: Identity> Check<'_, C, I> {
    fn client(
        &self,
        client: &ClientUri,
        material: ClientKeyMaterial,
        keys: &mut BTreeSet<Vec<u8>>,
    ) -> Result<ClaimedKeyPackage, UnusableReason> {
        let key_package = match material {
            ClientKeyMaterial::Success { key_package, .. } => *key_package,
            ClientKeyMaterial::KeyMaterialExhausted { .. } => return Err(UnusableReason::Exhausted),
            ClientKeyMaterial::NothingCompatible { client_capabilities, .. } => {
                return Err(UnusableReason::NothingCompatible { capabilities: client_capabilities });
            }
        };
        if !self.request.acceptable_ciphersuites.contains(&key_package.cipher_suite) {
            return Err(UnusableReason::CipherSuite(key_package.cipher_suite));
        }
        let leaf = &key_package.leaf_node;
        if let LeafNodeSelect::KeyPackage { lifetime } = &leaf.leaf_node_source {
            let lifetime_s = lifetime.not_after.saturating_sub(lifetime.not_before);
            if lifetime_s > self.limits.max_lifetime_s {
                return Err(UnusableReason::Lifetime { lifetime_s });
            }
        }
        if let Some(unsupported) = unsupported(leaf, &self.request.required_capabilities) {
            return Err(UnusableReason::Unsupported(unsupported));
        }
        let verified = verify_key_package(self.suite, key_package, self.limits.now_ms);
        let key_package = verified.map_err(UnusableReason::Crypto)?;
        let leaf = &key_package.key_package().leaf_node;
        let member = self.identity.identify(self.room, &leaf.credential, &leaf.signature_key);
        let member = member.map_err(UnusableReason::Credential)?;
        if member.user != *self.target || member.client != *client {
            return Err(UnusableReason::OtherClient { user: member.user, client: member.client });
        }
        let own = [leaf.signature_key.as_slice(), leaf.encryption_key.as_slice()];
        if own.iter().any(|key| keys.contains(*key)) {
            return Err(UnusableReason::SharedKey);
        }
        keys.extend(own.map(<[u8]>::to_vec));
        Ok(ClaimedKeyPackage { member, key_package })
    }
}

/// The first thing that a group requires, or that the leaf itself uses, and that the leaf's
/// capabilities do not list (RFC 9420 §7.2, §7.3 and §11.1).
fn unsupported(leaf: &LeafNode, required: &RequiredCapabilities) -> Option<UnsupportedCapability> {
    let offered = &leaf.capabilities;
    let lists = Lists {
        extensions: offered.extensions.iter().copied().collect(),
        proposals: offered.proposals.iter().copied().collect(),
        credentials: offered.credentials.iter().copied().collect(),
    };
    let own_extensions = leaf.extensions.iter().map(|it| it.extension_type);
    let mut extensions = required.extension_types.iter().copied().chain(own_extensions);
    let mut proposals = required.proposal_types.iter().copied();
    let own_credential = CredentialType(leaf.credential.selector());
    let mut credentials = required.credential_types.iter().copied().chain([own_credential]);
    let extension = extensions.find(|it| !lists.has_extension(*it)).map(UnsupportedCapability::Extension);
    let proposal = || proposals.find(|it| !lists.has_proposal(*it)).map(UnsupportedCapability::Proposal);
    let credential =
        || credentials.find(|it| !lists.credentials.contains(it)).map(UnsupportedCapability::Credential);
    extension.or_else(proposal).or_else(credential)
}

struct Lists {
    extensions: BTreeSet<ExtensionType>,
    proposals: BTreeSet<ProposalType>,
    credentials: BTreeSet<CredentialType>,
}

impl Lists {
    /// The first five extension types are always supported.
    fn has_extension(&self, extension: ExtensionType) -> bool {
        (1..=5).contains(&extension.value()) || self.extensions.contains(&extension)
    }

    /// The first seven proposal types are always supported.
    fn has_proposal(&self, proposal: ProposalType) -> bool {
        (1..=7).contains(&proposal.value()) || self.proposals.contains(&proposal)
    }
}

impl fmt::Display for UnsupportedCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension(it) => write!(f, "extension {it}"),
            Self::Proposal(it) => write!(f, "proposal {it}"),
            Self::Credential(it) => write!(f, "credential {it}"),
        }
    }
}

impl fmt::Display for UnusableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted => f.write_str("no KeyPackage is left"),
            Self::NothingCompatible { .. } => f.write_str("no KeyPackage fits the request"),
            Self::CipherSuite(suite) => write!(f, "the request does not accept cipher suite {suite}"),
            Self::Crypto(error) => error.fmt(f),
            Self::Lifetime { lifetime_s } => {
                write!(f, "the KeyPackage is valid for {lifetime_s} s, longer than accepted")
            }
            Self::Unsupported(what) => write!(f, "the client does not support {what}"),
            Self::Credential(why) => write!(f, "credential refused: {why}"),
            Self::OtherClient { user, client } => {
                write!(f, "the credential identifies client {client} of user {user}")
            }
            Self::SharedKey => f.write_str("another client of the answer has the same key"),
        }
    }
}

impl fmt::Display for KeyMaterialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRoom => f.write_str("the request was not made for this room"),
            Self::OtherUser => f.write_str("the answer is about another user than the request"),
            Self::Identity(error) => error.fmt(f),
            Self::Refused { code, .. } => write!(f, "the provider answers with {code}"),
            Self::NoClients => f.write_str("the answer announces key material and lists no client"),
            Self::ClientTwice(client) => write!(f, "client {client} is listed twice"),
            Self::NothingUsable(clients) => {
                write!(f, "none of {} clients can be added", clients.len())
            }
        }
    }
}

impl core::error::Error for KeyMaterialError {}
