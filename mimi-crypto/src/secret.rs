//! Secrets: zeroized on drop, redacted in debug output, compared in a time that depends on their
//! length alone.

use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::{CipherSuiteProvider, CryptoError};

/// Refuses `bytes` unless there are `expected` of them.
pub(crate) fn check_length(what: &'static str, bytes: &[u8], expected: usize) -> Result<(), CryptoError> {
    match bytes.len() {
        actual if actual == expected => Ok(()),
        actual => Err(CryptoError::InvalidLength { what, expected, actual }),
    }
}

macro_rules! secret_type {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<Vec<u8>>);

        impl $name {
            /// The secret, in clear. Copies made of it are the caller's to erase.
            #[must_use]
            pub fn expose(&self) -> &[u8] {
                &self.0
            }

            /// Its length in bytes.
            #[must_use]
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Has it no bytes?
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl Eq for $name {}

        // Only as long as what holds the bytes does it.
        impl ZeroizeOnDrop for $name where Zeroizing<Vec<u8>>: ZeroizeOnDrop {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )*};
}

secret_type! {
    /// A secret of the key schedule, a key of the MAC, or what was opened.
    ///
    /// Its length is stated when it comes in: HMAC pads its key with zeros, so a secret that lost
    /// its last byte, or gained a zero, would otherwise pass unnoticed.
    pub struct Secret;

    /// A key of the suite's AEAD.
    pub struct AeadKey;

    /// A private key of the suite's KEM, as in the vectors of the MLS working group: X25519's 32
    /// bytes, or the scalar of a NIST curve, big-endian in its full length.
    pub struct HpkePrivateKey;

    /// A private key of the suite's signature scheme, as in the vectors of the MLS working group:
    /// Ed25519's seed, or ECDSA's scalar, big-endian in its full length.
    pub struct SignaturePrivateKey;
}

impl Secret {
    /// A secret of KDF.Nh bytes.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] when there are more or fewer.
    pub fn new<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<Self, CryptoError> {
        Self::of_length(bytes, suite.parameters().nh)
    }

    /// A secret of `length` bytes, where the draft gives it another length than KDF.Nh.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] when there are more or fewer.
    pub fn of_length(bytes: impl Into<Vec<u8>>, length: usize) -> Result<Self, CryptoError> {
        let secret = Self::from_provider(bytes);
        check_length("secret", &secret.0, length)?;
        Ok(secret)
    }

    /// KDF.Nh zero bytes, the `0` of key schedules.
    #[must_use]
    pub fn zero<S: CipherSuiteProvider + ?Sized>(suite: &S) -> Self {
        Self::from_provider(vec![0; suite.parameters().nh])
    }

    /// For providers: a secret that an operation gave, of whatever length.
    #[must_use]
    pub fn from_provider(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }
}

macro_rules! from_suite {
    ($($name:ident: $what:literal, $length:ident, $doc:literal;)*) => {$(
        impl $name {
            #[doc = $doc]
            ///
            /// # Errors
            /// [`CryptoError::InvalidLength`] when the suite's keys are longer or shorter.
            pub fn new<S: CipherSuiteProvider + ?Sized>(
                suite: &S,
                bytes: impl Into<Vec<u8>>,
            ) -> Result<Self, CryptoError> {
                let key = Self(Zeroizing::new(bytes.into()));
                check_length($what, &key.0, suite.parameters().$length)?;
                Ok(key)
            }
        }
    )*};
}

from_suite! {
    AeadKey: "AEAD key", nk, "A key of AEAD.Nk bytes.";
    HpkePrivateKey: "HPKE private key", hpke_private_key, "A private key of the KEM. Whether it is in range is seen when it is used.";
    SignaturePrivateKey: "signature private key", signature_private_key,
        "A private key of the signature scheme. Whether it is in range is seen when it is used.";
}

impl AeadKey {
    /// A derived secret as a key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] when it has not AEAD.Nk bytes.
    pub fn from_secret<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        secret: Secret,
    ) -> Result<Self, CryptoError> {
        check_length("AEAD key", &secret.0, suite.parameters().nk)?;
        Ok(Self(secret.0))
    }
}
