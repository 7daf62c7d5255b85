//! The errors of this crate. Each names the party that meets it.

use core::fmt;

use mimi_codec::{DecodeError, DnsName, EncodeError, IdentityError, code_points::CipherSuite};
use mimi_crypto::CryptoError;

use crate::{ContentError, HubKeyId, UnboundContent};

/// Why a message is not franked, a frank not verified or a report refused. It never contains a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrankingError {
    /// Hub: the `sendingUri` is not a user of the submitting provider. The message is refused.
    SenderOfAnotherProvider,
    /// Hub: the `sendingUri` is not on the participant list (mimi-protocol-06 §5.4). The message is
    /// refused.
    SenderNotParticipant,
    /// Hub: the `sendingUri` is on the participant list but has no client in the group
    /// (mimi-protocol-06 §5.4). The message is refused.
    SenderNotActive,
    /// Hub: the message has no `frank_aad` item. It is accepted and fanned out without a frank.
    FrankAadMissing,
    /// Hub: the `hub_key` is shorter than 32 bytes.
    HubKeyTooShort {
        /// Its length in bytes.
        actual: usize,
    },
    /// Hub: the new key does not come into force after all others.
    HubKeyNotLatest {
        /// The newest key of the ring.
        latest: HubKeyId,
    },
    /// Hub: no key of the ring was in force at this time, in milliseconds since the UNIX epoch.
    NoHubKey {
        /// The accepted timestamp.
        accepted_timestamp: u64,
    },
    /// Hub: the key that was in force has been erased. The message cannot be judged.
    HubKeyRetired(HubKeyId),
    /// The GroupContext has no `franking_agent`: messages of this room are not franked, and franks
    /// cannot be verified.
    NoFrankingAgent,
    /// Hub: the GroupContext's `franking_signature_key` does not match the hub's signing key.
    AgentKeyMismatch,
    /// Receiver: the caller's check does not trust the `franking_agent`'s credential.
    AgentNotTrusted,
    /// Receiver: the `franking_agent`'s credential names another domain than the hub's
    /// (mimi-protocol-06 §5.4.1.3).
    AgentDomainMismatch {
        /// The hub's domain.
        expected: DnsName,
        /// The credential's domain.
        actual: DnsName,
    },
    /// Two updates of the component in one commit differ.
    AgentUpdatesDiffer,
    /// The frank's `franking_signature_ciphersuite`, or the provider's suite, is not the group's.
    CipherSuiteMismatch {
        /// The group's.
        expected: CipherSuite,
        /// The frank's.
        actual: CipherSuite,
    },
    /// Hub: the reported frank names a suite for which the hub has no franking key.
    UnknownFrankSuite(CipherSuite),
    /// The content asserts another sender than the sending URI, the leaf's identity or the alleged
    /// abuser.
    SenderMismatch,
    /// The content asserts another room.
    RoomMismatch,
    /// The message has a frank but no franking tag.
    FrankWithoutTag,
    /// The franking tag is not that of the application data.
    TagMismatch,
    /// mimi-protocol-02: the franking tag in the frank is not the message's.
    RepeatedTagMismatch,
    /// The hub's signature does not verify: sender, room, time, `server_frank` or suite were
    /// changed.
    IntegritySignature(CryptoError),
    /// mimi-protocol-03: the `franking_integrity_check` is not that of this frank and context.
    IntegrityCheckMismatch,
    /// mimi-protocol-02: the `franking_context_hash` is not that of this context.
    ContextHashMismatch,
    /// Hub: the `server_frank` is not the hub's for this content, sender, room and time.
    ServerFrankMismatch,
    /// A secret's length is not that of a cipher suite's hash.
    SecretLength {
        /// Its length in bytes.
        actual: usize,
    },
    /// The stored frank is of another construction.
    StoredConstruction {
        /// The revision of the expected construction.
        expected: u8,
        /// The stored revision.
        actual: u8,
    },
    /// A user or room is not named in normal form.
    Identity(IdentityError),
    /// Sender: the message refers to a file without binding it.
    Unbound(UnboundContent),
    /// The assertions cannot be read from the application data.
    Content(ContentError),
    /// The cryptographic provider failed.
    Crypto(CryptoError),
    /// A component or a stored frank is malformed.
    Decode(DecodeError),
    /// A value does not fit its vector.
    Encode(EncodeError),
}

impl fmt::Display for FrankingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SenderOfAnotherProvider => f.write_str("sender is not a user of the submitting provider"),
            Self::SenderNotParticipant => f.write_str("sender is not on the participant list"),
            Self::SenderNotActive => f.write_str("sender has no client in the group"),
            Self::FrankAadMissing => f.write_str("message has no franking tag"),
            Self::HubKeyTooShort { actual } => {
                write!(f, "hub_key has {actual} bytes, at least 32 are required")
            }
            Self::HubKeyNotLatest { latest } => {
                write!(f, "hub_key {latest} comes into force at the same time or later")
            }
            Self::NoHubKey { accepted_timestamp } => {
                write!(f, "no hub_key was in force at {accepted_timestamp}")
            }
            Self::HubKeyRetired(id) => write!(f, "hub_key {id} is retired"),
            Self::NoFrankingAgent => f.write_str("group has no franking_agent"),
            Self::AgentKeyMismatch => {
                f.write_str("franking_signature_key is not that of the hub's signing key")
            }
            Self::AgentNotTrusted => f.write_str("credential of the franking_agent is not trusted"),
            Self::AgentDomainMismatch { expected, actual } => {
                write!(f, "franking_agent belongs to {}, the hub is {}", actual.as_str(), expected.as_str())
            }
            Self::AgentUpdatesDiffer => f.write_str("updates of the franking_agent differ"),
            Self::CipherSuiteMismatch { expected, actual } => {
                write!(f, "cipher suite is {}, expected {}", actual.value(), expected.value())
            }
            Self::UnknownFrankSuite(suite) => {
                write!(f, "no franking key of cipher suite {}", suite.value())
            }
            Self::SenderMismatch => f.write_str("content asserts another sender"),
            Self::RoomMismatch => f.write_str("content asserts another room"),
            Self::FrankWithoutTag => f.write_str("frank without a franking tag"),
            Self::TagMismatch => f.write_str("franking tag is not that of the application data"),
            Self::RepeatedTagMismatch => f.write_str("frank repeats another franking tag"),
            Self::IntegritySignature(error) => write!(f, "franking_integrity_signature: {error}"),
            Self::IntegrityCheckMismatch => f.write_str("franking_integrity_check does not verify"),
            Self::ContextHashMismatch => f.write_str("franking_context_hash does not verify"),
            Self::ServerFrankMismatch => f.write_str("server_frank is not this hub's for this message"),
            Self::SecretLength { actual } => {
                write!(f, "secret has {actual} bytes, expected 32, 48 or 64")
            }
            Self::StoredConstruction { expected, actual } => {
                write!(f, "stored frank is of revision {actual:02}, expected {expected:02}")
            }
            Self::Identity(error) => write!(f, "{error}"),
            Self::Unbound(unbound) => write!(f, "message cannot be franked: {unbound}"),
            Self::Content(error) => write!(f, "application data: {error}"),
            Self::Crypto(error) => write!(f, "{error}"),
            Self::Decode(error) => write!(f, "{error}"),
            Self::Encode(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for FrankingError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::IntegritySignature(error) | Self::Crypto(error) => Some(error),
            Self::Content(error) => Some(error),
            Self::Identity(error) => Some(error),
            Self::Decode(error) => Some(error),
            Self::Encode(error) => Some(error),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($error:ident => $variant:ident),*) => {$(
        impl From<$error> for FrankingError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

from!(
    ContentError => Content,
    CryptoError => Crypto,
    DecodeError => Decode,
    EncodeError => Encode,
    IdentityError => Identity
);
