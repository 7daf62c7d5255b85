//! What can go wrong.

use alloc::boxed::Box;
use core::fmt;

use mimi_codec::{DecodeError, EncodeError, IdentityError, InvalidValueError, RoomUri, TextError};
use mimi_crypto::CryptoError;

/// Why something was refused. Secrets and real identities never show in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PseudonymError {
    /// A pseudonym is no MIMI URI, so its provider can't be told.
    InvalidPseudonym(TextError),
    /// Client pseudonym, user pseudonym, real user and real client aren't all of one provider.
    ProviderMismatch,
    /// The leaf's credential is no PseudonymousCredential (mimi-protocol-06 §6.1).
    NotPseudonymous,
    /// The leaf's signature key isn't the `signature_public_key` of its credential
    /// (mimi-protocol-06 §6.1).
    SignatureKeyMismatch,
    /// Two leaves have one client pseudonym.
    RepeatedClientPseudonym,
    /// The user pseudonym isn't on the participant list (mimi-protocol-06 §6.1).
    UnknownParticipant,
    /// One user pseudonym for clients of different users, or for one that shows its identity and
    /// one that doesn't, which no member can tell to be one user's.
    UserPseudonymShared,
    /// One user under several user pseudonyms in one room.
    UserPseudonymDiffers,
    /// A pseudonym or signature key that was used in another room already: a hub that sees both
    /// rooms can tell that they have a member in common.
    PseudonymReused {
        /// One of the rooms where it was used.
        room_id: RoomUri,
    },
    /// The credential has no identity link, or the room no key to it.
    NoIdentityLink,
    /// A wrapped key doesn't open: made under another wrapper key, for another leaf's credential,
    /// or changed.
    WrappedKeyDoesNotOpen,
    /// The `identity_link_ciphertext` doesn't open: the key is another credential's, or something
    /// was changed.
    IdentityLinkDoesNotOpen,
    /// The real credential's key didn't sign this pseudonymous credential.
    IdentityLinkSignature,
    /// The caller's check doesn't accept the real credential.
    CredentialRefused,
    /// The holder of this user pseudonym has to let the room know who it is
    /// (mimi-metadata-minimalization-02 §6).
    IdentityLinkRequired,
    /// The holder of this user pseudonym must not let the room know who it is
    /// (mimi-metadata-minimalization-02 §6).
    IdentityLinkForbidden,
    /// A wrapped key for a credential that has no identity link.
    KeyWithoutIdentityLink,
    /// The AddAAD has another number of keys than the commit adds clients; no AddAAD has 0.
    AddAadCount {
        /// How many clients the commit adds.
        expected: usize,
        /// How many keys there are.
        actual: usize,
    },
    /// The AddAAD and the update of `identity_link_keys` say different things about an added leaf.
    AddAadMismatch,
    /// A key, or a change, for a leaf that isn't there.
    UnknownLeaf,
    /// A change of the key of a leaf that the commit neither adds, removes, nor gives another
    /// credential.
    LeafUntouched,
    /// The leaf's client is gone or has another credential, and its old key would stay.
    StaleKey,
    /// The update removes a key that isn't there.
    NoKeyToRemove,
    /// `identity_link_keys` hasn't one place for each leaf.
    LinkKeysLength {
        /// How many leaves there are, up to the last that isn't blank.
        expected: usize,
        /// How many places there are.
        actual: usize,
    },
    /// The group has no component `identity_link_keys`, and so isn't that of a minimal-metadata
    /// room.
    NotMinimalMetadata,
    /// The Welcome's GroupInfo brings no wrapper key.
    NoWrapperKey,
    /// A GroupInfo with the wrapper key in it is about to go to the hub.
    WrapperKeyExposed,
    /// KeyPackages that are to be added together have different user pseudonyms, or there are none.
    NotOneUser,
    /// The client belongs to another user than the one with whom there is a connection.
    NotTheConnectedUser,
    /// The request was sealed to another user, or changed.
    RequestDoesNotOpen,
    /// The response was sealed to another user or for another room, or changed.
    ResponseDoesNotOpen,
    /// The connection room has a member that isn't a client of the requester.
    StrangerInConnectionRoom,
    /// The connection room has no leaf of the client that made the request.
    RequesterNotInRoom,
    /// The one who joined isn't the user whom the requester asked.
    NotTheResponder,
    /// The connection key that was sent isn't the one that this user's links are made with.
    ConnectionKeyMismatch,
    /// After a change of the wrapper key, a leaf has another identity link key than before, or
    /// none, or one that it didn't have.
    RewrapMismatch,
    /// One client has two KeyPackages with one user pseudonym.
    RepeatedKeyPackage,
    /// KeyPackages of last resort and others have one user pseudonym.
    MixedKeyPackageSet,
    /// No set has a KeyPackage of each client.
    NoWholeKeyPackageSet,
    /// A member shows who it is, but to another room.
    DisclosedElsewhere,
    /// A member shows a credential for another key than the one with which it is in the room.
    DisclosedKeyMismatch,
    /// A pseudonym is not `/u/` or `/d/` with a random UUID (version 4), so it may say whose it is.
    PseudonymNotRandom,
    /// A pseudonym is the real identifier of the user or client.
    RealIdentifier,
    /// The key for the room is the one that the real credential vouches for: a party that knows
    /// that credential recognises the client.
    RealSignatureKey,
    /// An identifier is not a user, client or room in the one spelling that counts.
    Identity(IdentityError),
    /// The leaf comes under a user pseudonym that is present, and no leaf of that pseudonym has
    /// consented.
    NoConsent,
    /// The consent is not signed by the leaf that it names.
    ConsentSignature,
    /// The consent holds until an earlier epoch.
    ConsentExpired {
        /// The last epoch in which the consent could be used.
        last_epoch: u64,
        /// The epoch of the commit.
        epoch: u64,
    },
    /// A leaf's new credential is of another user or client than the one before (RFC 9420 §5.3.1).
    IdentityChanged,
    /// An external commit removes a leaf that is not of the joiner's user pseudonym.
    NotOwnLeaf,
    /// One user is to be added twice.
    RepeatedUser,
    /// One real client has two leaves, or two KeyPackages of one set.
    RepeatedClient,
    /// A wrapped key has another length than the cipher suite's.
    WrappedKeyLength {
        /// The length of a wrapped key, in bytes.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// The `identity_link_ciphertext` is longer than
    /// [`MAX_IDENTITY_LINK`](crate::MAX_IDENTITY_LINK).
    IdentityLinkTooLong {
        /// The length found, in bytes.
        actual: usize,
    },
    /// The commit would remove the component `identity_link_keys`.
    LinkKeysRemoved,
    /// Members were removed, and the room's keys are not yet under a new wrapper key: additions and
    /// new keys wait for that.
    RotationPending,
    /// The wrapper key opens none of the room's keys: it is from before a change, or made up.
    StaleWrapperKey,
    /// The connection room is not at the requester's provider, or its group is another room's.
    ConnectionRoomElsewhere,
    /// A leaf of the connection room's tree is not signed by its own key.
    LeafSignature,
    /// The GroupInfo of the connection room is not signed by the leaf that it names.
    GroupInfoSignature,
    /// A connection key that the user has replaced before is announced or offered again.
    RetiredConnectionKey,
    /// An establishment package or an offer is not signed by the real client that it names.
    OfferSignature,
    /// An establishment package or an offer is used outside of the time for which it holds.
    OfferExpired,
    /// The offer was made for another establishment package.
    AnotherPackage,
    /// A queue ID is longer than the provider's padding.
    QueueIdTooLong {
        /// The greatest length, in bytes.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// The encrypted queue ID was sealed to another provider or for another leaf, or changed.
    QueueIdDoesNotOpen,
    /// A KeyPackage's lifetime is not one that all KeyPackages of its day have.
    LifetimeUnmasks,
    /// What is wrong is at this leaf.
    Leaf {
        /// The leaf, counted from 0.
        leaf_index: u32,
        /// What is wrong.
        error: Box<PseudonymError>,
    },
    /// An operation failed, or refused what it was given: a secret of another length, for example.
    Crypto(CryptoError),
    /// What was opened isn't what it should be.
    Decode(DecodeError),
    /// A value doesn't fit its vector.
    Encode(EncodeError),
    /// Values that can't stand together in one struct: one leaf named twice, for example.
    Invalid(InvalidValueError),
}

impl PseudonymError {
    /// The error without the leaf that it is at.
    #[must_use]
    pub fn innermost(&self) -> &Self {
        match self {
            Self::Leaf { error, .. } => error.innermost(),
            error => error,
        }
    }

    /// This error, at a leaf. A place that is named already stays.
    pub(crate) fn at(self, leaf_index: u32) -> Self {
        match self {
            Self::Leaf { .. } => self,
            error => Self::Leaf { leaf_index, error: Box::new(error) },
        }
    }
}

impl fmt::Display for PseudonymError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidPseudonym(error) => return write!(f, "a pseudonym is no MIMI URI: {error}"),
            Self::ProviderMismatch => "pseudonyms and identity are not all of one provider",
            Self::NotPseudonymous => "the credential is not pseudonymous",
            Self::SignatureKeyMismatch => "the leaf's signature key is not that of its credential",
            Self::RepeatedClientPseudonym => "two leaves have one client pseudonym",
            Self::UnknownParticipant => "the user pseudonym is not on the participant list",
            Self::UserPseudonymShared => {
                "clients that are not known to be of one user have one user pseudonym"
            }
            Self::UserPseudonymDiffers => "one user has several user pseudonyms in the room",
            Self::PseudonymReused { .. } => "the credential was used in another room",
            Self::NoIdentityLink => "there is no identity link",
            Self::WrappedKeyDoesNotOpen => "the wrapped key does not open",
            Self::IdentityLinkDoesNotOpen => "the identity link does not open",
            Self::IdentityLinkSignature => "the identity link's signature does not verify",
            Self::CredentialRefused => "the real credential is refused",
            Self::IdentityLinkRequired => "the room's policy asks for an identity link",
            Self::IdentityLinkForbidden => "the room's policy forbids an identity link",
            Self::KeyWithoutIdentityLink => "a wrapped key for a credential without an identity link",
            Self::AddAadCount { expected, actual } => {
                return write!(f, "the AddAAD has {actual} keys, the commit adds {expected} clients");
            }
            Self::AddAadMismatch => "the AddAAD and the update of identity_link_keys differ",
            Self::UnknownLeaf => "there is no such leaf",
            Self::LeafUntouched => "the commit does not touch the leaf whose key it changes",
            Self::StaleKey => "the key of a client that is gone would stay",
            Self::NoKeyToRemove => "there is no key to remove",
            Self::LinkKeysLength { expected, actual } => {
                return write!(f, "identity_link_keys has {actual} places for {expected} leaves");
            }
            Self::NotMinimalMetadata => "the group has no identity_link_keys",
            Self::NoWrapperKey => "the GroupInfo brings no wrapper key",
            Self::WrapperKeyExposed => "the GroupInfo for the hub has the wrapper key in it",
            Self::NotOneUser => "the KeyPackages are not those of one user pseudonym",
            Self::NotTheConnectedUser => "the client is not one of the connected user",
            Self::RequestDoesNotOpen => "the connection request does not open",
            Self::ResponseDoesNotOpen => "the connection response does not open",
            Self::StrangerInConnectionRoom => "the connection room has a member who is not the requester",
            Self::RequesterNotInRoom => "the requesting client is not in the connection room",
            Self::NotTheResponder => "the one who joined is not the responder",
            Self::ConnectionKeyMismatch => "the links are not made with this connection key",
            Self::RewrapMismatch => "after the change of the wrapper key, the key is another",
            Self::RepeatedKeyPackage => "one client has two KeyPackages with one user pseudonym",
            Self::MixedKeyPackageSet => "a set has KeyPackages of last resort and others",
            Self::NoWholeKeyPackageSet => "no set has a KeyPackage of each client",
            Self::DisclosedElsewhere => "the identity is shown to another room",
            Self::DisclosedKeyMismatch => "the credential is for another key than the leaf's",
            Self::PseudonymNotRandom => "the pseudonym is not a random UUID of its kind",
            Self::RealIdentifier => "the pseudonym is the real identifier",
            Self::RealSignatureKey => "the room's signature key is that of the real credential",
            Self::Identity(error) => return write!(f, "{error}"),
            Self::NoConsent => "no leaf of this user pseudonym has consented to another one",
            Self::ConsentSignature => "the consent is not signed by the leaf that it names",
            Self::ConsentExpired { last_epoch, epoch } => {
                return write!(
                    f,
                    "the consent holds until epoch {last_epoch}, the commit is of epoch {epoch}"
                );
            }
            Self::IdentityChanged => "the leaf's new credential is of another user or client",
            Self::NotOwnLeaf => "the joiner removes a leaf that is not its own",
            Self::RepeatedUser => "one user is added twice",
            Self::RepeatedClient => "one real client has two leaves",
            Self::WrappedKeyLength { expected, actual } => {
                return write!(f, "the wrapped key has {actual} bytes, expected {expected}");
            }
            Self::IdentityLinkTooLong { actual } => {
                let limit = crate::MAX_IDENTITY_LINK;
                return write!(f, "the identity link has {actual} bytes, at most {limit} are allowed");
            }
            Self::LinkKeysRemoved => "the commit removes identity_link_keys",
            Self::RotationPending => "members were removed, and the keys are not wrapped anew yet",
            Self::StaleWrapperKey => "the wrapper key opens none of the room's keys",
            Self::ConnectionRoomElsewhere => "the connection room is not at the requester's provider",
            Self::LeafSignature => "the leaf is not signed by its own key",
            Self::GroupInfoSignature => "the GroupInfo is not signed by the leaf that it names",
            Self::RetiredConnectionKey => "the connection key was replaced before",
            Self::OfferSignature => "the signature of the real client does not verify",
            Self::OfferExpired => "outside of the time for which it holds",
            Self::AnotherPackage => "the offer is for another establishment package",
            Self::QueueIdTooLong { expected, actual } => {
                return write!(f, "the queue ID has {actual} bytes, at most {expected} are allowed");
            }
            Self::QueueIdDoesNotOpen => "the encrypted queue ID does not open",
            Self::LifetimeUnmasks => "the KeyPackage's lifetime is not that of its day",
            Self::Leaf { leaf_index, error } => return write!(f, "leaf {leaf_index}: {error}"),
            Self::Crypto(error) => return write!(f, "{error}"),
            Self::Decode(error) => return write!(f, "{error}"),
            Self::Encode(error) => return write!(f, "{error}"),
            Self::Invalid(error) => return write!(f, "{error}"),
        })
    }
}

impl core::error::Error for PseudonymError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::InvalidPseudonym(error) => Some(error),
            Self::Identity(error) => Some(error),
            Self::Leaf { error, .. } => Some(error),
            Self::Crypto(error) => Some(error),
            Self::Decode(error) => Some(error),
            Self::Encode(error) => Some(error),
            Self::Invalid(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CryptoError> for PseudonymError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl From<DecodeError> for PseudonymError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for PseudonymError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<InvalidValueError> for PseudonymError {
    fn from(error: InvalidValueError) -> Self {
        Self::Invalid(error)
    }
}

impl From<TextError> for PseudonymError {
    fn from(error: TextError) -> Self {
        Self::InvalidPseudonym(error)
    }
}

impl From<IdentityError> for PseudonymError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}
