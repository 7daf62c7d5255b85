//! The room's key around all of its identity link keys (mimi-metadata-minimalization-02 §4).

use core::fmt;

use mimi_codec::{
    Encode, SecretOpaque,
    code_points::ComponentID,
    minimal_metadata::{EncryptedIdentityLinkKey, IdentityLinkExtension},
    mls::{Extensions, GroupInfo},
    protocol::PseudonymousCredentialTBS,
};
use mimi_crypto::{AeadKey, CipherSuiteProvider, Secret, random_secret};
use rand_core::CryptoRng;
use zeroize::ZeroizeOnDrop;

use crate::{
    IdentityLinkKey, PseudonymError,
    sealed::{aead_key, open, seal},
};

/// `identity_link_wrapper_key`, KDF.Nh bytes. Its holder learns who the members of the room are;
/// the hub hasn't.
///
/// It is sampled when the room is created, and new members get it from the Welcome, joiners with
/// the join link. The drafts never change it; [`rotation`](crate::rotation) does, for those who
/// want that.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityLinkWrapperKey {
    secret: Secret,
    /// Expanded once, not for each leaf.
    key: AeadKey,
}

impl ZeroizeOnDrop for IdentityLinkWrapperKey
where
    Secret: ZeroizeOnDrop,
    AeadKey: ZeroizeOnDrop,
{
}

impl fmt::Debug for IdentityLinkWrapperKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityLinkWrapperKey([redacted])")
    }
}

impl IdentityLinkWrapperKey {
    /// A new room's key, from the caller's generator alone.
    ///
    /// # Errors
    /// [`Crypto`](PseudonymError::Crypto) when the provider fails.
    pub fn generate<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, PseudonymError> {
        Self::from_secret(suite, random_secret(suite.parameters().nh, rng))
    }

    /// The key of KDF.Nh bytes that a Welcome, a join link or a connection request brought.
    ///
    /// # Errors
    /// [`InvalidLength`](mimi_crypto::CryptoError::InvalidLength) when there are more or fewer.
    pub fn new<S: CipherSuiteProvider + ?Sized>(suite: &S, bytes: &[u8]) -> Result<Self, PseudonymError> {
        Self::from_secret(suite, Secret::new(suite, bytes)?)
    }

    // key = ExpandWithLabel(identity_link_wrapper_key, "IdentityLinkWrapEncryptionKey", "",
    // AEAD.Nk)
    pub(crate) fn from_secret<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        secret: Secret,
    ) -> Result<Self, PseudonymError> {
        let key = aead_key(suite, &secret, b"IdentityLinkWrapEncryptionKey")?;
        Ok(Self { secret, key })
    }

    /// The key, in clear, for a join link. Copies made of it are the caller's to erase.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.secret.expose()
    }

    /// The key for those whom a Welcome brings in: the data of the component
    /// [`IDENTITY_LINK_KEYS`](mimi_codec::code_points::ComponentID::IDENTITY_LINK_KEYS) in the
    /// **Welcome's** GroupInfo.
    ///
    /// A commit comes with two GroupInfos, one inside the Welcome and one for the hub. The key has
    /// no place in the hub's: see [`check_extensions_for_hub`].
    #[must_use]
    pub fn to_extension(&self) -> IdentityLinkExtension {
        IdentityLinkExtension { identity_link_wrapper_key: SecretOpaque::new(self.expose()) }
    }

    /// The key that the GroupInfo inside a Welcome brings.
    ///
    /// # Errors
    /// [`NoWrapperKey`](PseudonymError::NoWrapperKey); [`Decode`](PseudonymError::Decode) for other
    /// bytes in its place; [`InvalidLength`](mimi_crypto::CryptoError::InvalidLength) for a key
    /// that hasn't KDF.Nh bytes.
    pub fn from_welcome<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        group_info: &GroupInfo,
    ) -> Result<Self, PseudonymError> {
        let extension: IdentityLinkExtension =
            group_info.component_content()?.ok_or(PseudonymError::NoWrapperKey)?;
        Self::new(suite, extension.identity_link_wrapper_key.expose())
    }

    /// Wraps the key of the link of the credential that `tbs` is of.
    ///
    /// ```text
    /// EncryptedIdentityLinkKey.ciphertext =
    ///   NonceAndCiphertext(AEAD(key, nonce, aad = PseudonymousCredentialTBS, identity_link_key))
    /// ```
    ///
    /// # Errors
    /// [`Encode`](PseudonymError::Encode) for pseudonyms that are too long,
    /// [`Crypto`](PseudonymError::Crypto) when the provider fails.
    pub fn wrap<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        identity_link_key: &IdentityLinkKey,
        tbs: &PseudonymousCredentialTBS,
        rng: &mut dyn CryptoRng,
    ) -> Result<EncryptedIdentityLinkKey, PseudonymError> {
        self.wrap_for(suite, identity_link_key, &tbs.to_bytes()?, rng)
    }

    pub(crate) fn wrap_for<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        identity_link_key: &IdentityLinkKey,
        tbs: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<EncryptedIdentityLinkKey, PseudonymError> {
        let ciphertext = seal(suite, &self.key, tbs, identity_link_key.expose(), rng)?;
        Ok(EncryptedIdentityLinkKey { ciphertext })
    }

    /// Unwraps the key of the link of the credential that `tbs` is of. For another credential it
    /// doesn't open, so an entry that was moved to another leaf is found out.
    ///
    /// # Errors
    /// [`WrappedKeyDoesNotOpen`](PseudonymError::WrappedKeyDoesNotOpen);
    /// [`Decode`](PseudonymError::Decode) for what is no NonceAndCiphertext;
    /// [`InvalidLength`](mimi_crypto::CryptoError::InvalidLength) for a nonce or a key of another
    /// length.
    pub fn unwrap<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        wrapped: &EncryptedIdentityLinkKey,
        tbs: &PseudonymousCredentialTBS,
    ) -> Result<IdentityLinkKey, PseudonymError> {
        self.unwrap_for(suite, wrapped, &tbs.to_bytes()?)
    }

    pub(crate) fn unwrap_for<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        wrapped: &EncryptedIdentityLinkKey,
        tbs: &[u8],
    ) -> Result<IdentityLinkKey, PseudonymError> {
        let secret = open(suite, &self.key, tbs, &wrapped.ciphertext, PseudonymError::WrappedKeyDoesNotOpen)?;
        IdentityLinkKey::from_secret(suite, secret)
    }
}

/// Refuses extensions of a GroupInfo that would give the room's wrapper key to the hub, and with it
/// every identity in the room: a committer asks this of the GroupInfo or the PartialGroupInfo (its
/// `group_info_extensions`) that goes into an UpdateRequest.
///
/// # Errors
/// [`WrapperKeyExposed`](PseudonymError::WrapperKeyExposed), whatever stands in the component's
/// place; [`Decode`](PseudonymError::Decode) when no party can tell, since the dictionary is none.
pub fn check_extensions_for_hub(group_info_extensions: &Extensions) -> Result<(), PseudonymError> {
    match group_info_extensions.component(ComponentID::IDENTITY_LINK_KEYS)? {
        None => Ok(()),
        Some(_) => Err(PseudonymError::WrapperKeyExposed),
    }
}
