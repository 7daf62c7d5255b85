//! A user's connection key, from which the keys of its identity links come.

use mimi_codec::{Encode, SecretOpaque, protocol::PseudonymousCredentialTBS};
use mimi_crypto::{CipherSuiteProvider, CryptoError, Secret, expand_with_label, random_secret};
use rand_core::CryptoRng;
use zeroize::ZeroizeOnDrop;

use crate::PseudonymError;

/// The key that a user gives to those with whom it is connected, KDF.Nh bytes
/// (mimi-metadata-minimalization-02 §5). It is the user's, not a client's: all clients of the user
/// hold it.
///
/// Its holder can derive the key of every identity link that the user makes with it, in every room.
/// [`Connection`](crate::Connection) rotates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionKey(Secret);

/// The key of one identity link, KDF.Nh bytes (mimi-metadata-minimalization-02 §3).
///
/// It is unique to its credential, whose pseudonyms and signature key it is derived from, so it
/// tells nothing about another room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityLinkKey(Secret);

macro_rules! secret {
    ($name:ident) => {
        impl ZeroizeOnDrop for $name where Secret: ZeroizeOnDrop {}

        impl $name {
            /// A key of KDF.Nh bytes.
            ///
            /// # Errors
            /// [`InvalidLength`](mimi_crypto::CryptoError::InvalidLength) when there are more or
            /// fewer.
            pub fn new<S: CipherSuiteProvider + ?Sized>(
                suite: &S,
                bytes: &[u8],
            ) -> Result<Self, PseudonymError> {
                Ok(Self(Secret::new(suite, bytes)?))
            }

            /// The key, in clear. Copies made of it are the caller's to erase.
            #[must_use]
            pub fn expose(&self) -> &[u8] {
                self.0.expose()
            }

            pub(crate) fn secret(&self) -> &Secret {
                &self.0
            }
        }
    };
}

secret!(ConnectionKey);
secret!(IdentityLinkKey);

impl ConnectionKey {
    /// A new key, from the caller's generator alone.
    #[must_use]
    pub fn generate<S: CipherSuiteProvider + ?Sized>(suite: &S, rng: &mut dyn CryptoRng) -> Self {
        Self(random_secret(suite.parameters().nh, rng))
    }

    /// The key of the link of the credential with these pseudonyms and this signature key.
    ///
    /// ```text
    /// identity_link_key = ExpandWithLabel(connection_key,
    ///   "IdentityLinkKey", PseudonymousCredentialTBS, KDF.Nh)
    /// ```
    ///
    /// # Errors
    /// [`Encode`](PseudonymError::Encode) for pseudonyms or keys that are too long for their
    /// vectors.
    pub fn identity_link_key<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        tbs: &PseudonymousCredentialTBS,
    ) -> Result<IdentityLinkKey, PseudonymError> {
        self.identity_link_key_of(suite, &tbs.to_bytes()?)
    }

    pub(crate) fn identity_link_key_of<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        tbs: &[u8],
    ) -> Result<IdentityLinkKey, PseudonymError> {
        let nh = suite.parameters().nh;
        Ok(IdentityLinkKey(expand_with_label(suite, self.secret(), b"IdentityLinkKey", tbs, nh)?))
    }

    pub(crate) fn to_wire(&self) -> SecretOpaque {
        SecretOpaque::new(self.expose())
    }
}

impl IdentityLinkKey {
    /// What was opened, if it has KDF.Nh bytes.
    pub(crate) fn from_secret<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        secret: Secret,
    ) -> Result<Self, PseudonymError> {
        let (expected, actual) = (suite.parameters().nh, secret.len());
        if expected == actual {
            Ok(Self(secret))
        } else {
            Err(CryptoError::InvalidLength { what: "identity_link_key", expected, actual }.into())
        }
    }
}
