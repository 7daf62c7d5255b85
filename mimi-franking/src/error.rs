//! What can go wrong, and who has to act.

use core::fmt;

use mimi_codec::{DecodeError, DnsName, EncodeError, IdentityError, code_points::CipherSuite};
use mimi_crypto::CryptoError;

use crate::{ContentError, HubKeyId, UnboundContent};

/// Why a message is not franked, a frank not verified or a report not believed. Secrets never show in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrankingError {
    /// Hub: the `sendingUri` isn't one of the provider that submits the message. The message is not accepted.
    SenderOfAnotherProvider,
    /// Hub: the `sendingUri` isn't on the participant list (mimi-protocol-06, 5.4). The message is not accepted.
    SenderNotParticipant,
    /// Hub: the `sendingUri` is on the list and has no client in the group (mimi-protocol-06, 5.4). The message is not accepted.
    SenderNotActive,
    /// Hub: the message has no `frank_aad` item. It is accepted and fanned out without a frank.
    FrankAadMissing,
    /// Hub: a `hub_key` has at least 32 octets.
    HubKeyTooShort {
        /// The number of octets it has.
        actual: usize,
    },
    /// Hub: a new key comes into force after all others.
    HubKeyNotLatest {
        /// The newest key of the ring.
        latest: HubKeyId,
    },
    /// Hub: no key of the ring was in force at this time, in milliseconds since the UNIX epoch.
    NoHubKey {
        /// The accepted timestamp.
        accepted_timestamp: u64,
    },
    /// Hub: the key that was in force has been erased. Nothing is said about the message.
    HubKeyRetired(HubKeyId),
    /// The GroupContext has no `franking_agent`: messages of this room are not franked, and a frank can't be verified.
    NoFrankingAgent,
    /// Hub: the `franking_signature_key` of the GroupContext isn't that of the hub's signing key.
    AgentKeyMismatch,
    /// Receiver: the caller's check doesn't trust the credential of the `franking_agent`.
    AgentNotTrusted,
    /// Receiver: the credential of the `franking_agent` is of another domain than the hub (mimi-protocol-06, 5.4.1.3).
    AgentDomainMismatch {
        /// The hub's domain.
        expected: DnsName,
        /// The credential's domain.
        actual: DnsName,
    },
    /// A component's update says two different things in one commit.
    AgentUpdatesDiffer,
    /// What names one cipher suite is handled under another: the frank's `franking_signature_ciphersuite` isn't the group's.
    CipherSuiteMismatch {
        /// The group's.
        expected: CipherSuite,
        /// The frank's.
        actual: CipherSuite,
    },
    /// Hub: it has no franking key of the suite that the reported frank names.
    UnknownFrankSuite(CipherSuite),
    /// The sender that the content asserts isn't the one it came from: the sending URI, the leaf's identity, the alleged abuser.
    SenderMismatch,
    /// The room that the content asserts isn't the one it is handled in.
    RoomMismatch,
    /// There is a frank, and no franking tag that it could be about.
    FrankWithoutTag,
    /// The franking tag isn't that of the application data.
    TagMismatch,
    /// mimi-protocol-02: the franking tag in the frank isn't the one that the message carries.
    RepeatedTagMismatch,
    /// The hub's signature isn't one over this frank in this context: sender, room, time, `server_frank` or suite were changed.
    IntegritySignature(CryptoError),
    /// mimi-protocol-03: the `franking_integrity_check` isn't that of this frank in this context.
    IntegrityCheckMismatch,
    /// mimi-protocol-02: the `franking_context_hash` isn't that of this context.
    ContextHashMismatch,
    /// Hub: the `server_frank` is not its own for this content, sender, room and time.
    ServerFrankMismatch,
    /// A secret of the key schedule hasn't the length of a cipher suite's hash.
    SecretLength {
        /// The number of octets it has.
        actual: usize,
    },
    /// What was stored is a frank of another construction.
    StoredConstruction {
        /// The number of the construction's revision that was asked for.
        expected: u8,
        /// The number that is stored.
        actual: u8,
    },
    /// A user or room is named in another spelling than the one that counts.
    Identity(IdentityError),
    /// Sender: the message refers to a file that it does not bind.
    Unbound(UnboundContent),
    /// What the frank is about can't be read from the application data.
    Content(ContentError),
    /// The provider refuses.
    Crypto(CryptoError),
    /// A component or a stored frank isn't what it should be.
    Decode(DecodeError),
    /// A value doesn't fit its vector.
    Encode(EncodeError),
}

impl fmt::Display for FrankingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SenderOfAnotherProvider => f.write_str("the sender is not of the provider that submits"),
            Self::SenderNotParticipant => f.write_str("the sender is not on the participant list"),
            Self::SenderNotActive => f.write_str("the sender has no client in the group"),
            Self::FrankAadMissing => f.write_str("the message carries no franking tag"),
            Self::HubKeyTooShort { actual } => write!(f, "a hub_key of {actual} octets, 32 are the least"),
            Self::HubKeyNotLatest { latest } => write!(f, "hub_key {latest} is in force later"),
            Self::NoHubKey { accepted_timestamp } => {
                write!(f, "no hub_key was in force at {accepted_timestamp}")
            }
            Self::HubKeyRetired(id) => write!(f, "hub_key {id} is retired"),
            Self::NoFrankingAgent => f.write_str("the group has no franking_agent"),
            Self::AgentKeyMismatch => {
                f.write_str("the franking_signature_key is that of another signing key")
            }
            Self::AgentNotTrusted => f.write_str("the credential of the franking_agent is not trusted"),
            Self::AgentDomainMismatch { expected, actual } => {
                write!(f, "the franking_agent is of {}, the hub is {}", actual.as_str(), expected.as_str())
            }
            Self::AgentUpdatesDiffer => f.write_str("two updates of the franking_agent differ"),
            Self::CipherSuiteMismatch { expected, actual } => {
                write!(f, "cipher suite {} where {} is in use", actual.value(), expected.value())
            }
            Self::UnknownFrankSuite(suite) => {
                write!(f, "no franking key of cipher suite {}", suite.value())
            }
            Self::SenderMismatch => f.write_str("the content asserts another sender"),
            Self::RoomMismatch => f.write_str("the content asserts another room"),
            Self::FrankWithoutTag => f.write_str("a frank without a franking tag"),
            Self::TagMismatch => f.write_str("the franking tag is that of other application data"),
            Self::RepeatedTagMismatch => f.write_str("the frank repeats another franking tag"),
            Self::IntegritySignature(error) => write!(f, "franking_integrity_signature: {error}"),
            Self::IntegrityCheckMismatch => f.write_str("the franking_integrity_check does not verify"),
            Self::ContextHashMismatch => f.write_str("the franking_context_hash does not verify"),
            Self::ServerFrankMismatch => f.write_str("the server_frank is not this hub's for this message"),
            Self::SecretLength { actual } => {
                write!(f, "a secret of {actual} octets is none of a cipher suite")
            }
            Self::StoredConstruction { expected, actual } => {
                write!(f, "a frank of revision {actual:02} where {expected:02} is in use")
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
