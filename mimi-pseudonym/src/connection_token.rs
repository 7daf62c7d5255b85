//! Under which name a user's connections find its KeyPackages (mimi-metadata-minimalization-02 §7).
//!
//! The draft indexes KeyPackages by the user's *connection token*, so that the provider does not
//! learn whose they are, and does not say what the token is. Here both sides derive it from the
//! connection key: it needs no message of its own, every connected user knows it, and it changes
//! with the key.
//!
//! ```text
//! connection_token = ExpandWithLabel(connection_key, "ConnectionToken", user IdentifierUri, 32)
//! ```
//!
//! The upload must not show the user's identity by other means either: a client sends it without
//! authentication, over a connection of its own.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::fmt::Write;

use mimi_codec::{DnsNameRef, Encode, MimiUri, Opaque, UserUri, protocol::IdentifierUri};
use mimi_crypto::{CipherSuiteProvider, CryptoError, Secret, expand_with_label};

use crate::{ConnectionKey, PseudonymError};

/// The length of a connection token, in bytes.
const LENGTH: u16 = 32;

/// The token under which a user's KeyPackages are uploaded and fetched, 32 bytes. A bearer may
/// fetch them, so it is a secret of the user's connections; the provider sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionToken(Secret);

impl ConnectionToken {
    /// The token of a user, by the user's connection key.
    ///
    /// # Errors
    /// [`Encode`](PseudonymError::Encode) for an identifier that is too long for its vector.
    pub fn of<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        user: &UserUri,
        connection_key: &ConnectionKey,
    ) -> Result<Self, PseudonymError> {
        let context = IdentifierUri::from(user).to_bytes()?;
        let secret = connection_key.secret();
        Ok(Self(expand_with_label(suite, secret, b"ConnectionToken", &context, usize::from(LENGTH))?))
    }

    /// The token as the `target_user` of a KeyMaterialRequest:
    /// `mimi://<provider>/u/<64 hex digits>`.
    ///
    /// # Errors
    /// [`InvalidPseudonym`](PseudonymError::InvalidPseudonym), which a host that was parsed does
    /// not give.
    pub fn target(&self, provider: DnsNameRef<'_>) -> Result<IdentifierUri, PseudonymError> {
        let mut id = String::with_capacity(64);
        for byte in self.0.expose() {
            // Writing to a String does not fail.
            let _ = write!(id, "{byte:02x}");
        }
        Ok(MimiUri::user(provider, &id)?.into())
    }

    /// The token that a KeyMaterialRequest asks for.
    ///
    /// # Errors
    /// [`InvalidPseudonym`](PseudonymError::InvalidPseudonym) for text that is not a MIMI URI,
    /// [`InvalidLength`](CryptoError::InvalidLength) for one whose ID is not a token.
    pub fn from_target(target: &IdentifierUri) -> Result<Self, PseudonymError> {
        let digits = target.mimi_uri()?.id().unwrap_or_default().as_bytes();
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => byte.checked_sub(b'0'),
            b'a'..=b'f' => byte.checked_sub(b'a').and_then(|digit| digit.checked_add(10)),
            _ => None,
        };
        let bytes = digits.chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(high)?.wrapping_shl(4) | digit(low)?),
            _ => None,
        });
        let bytes = bytes.collect::<Option<Vec<u8>>>().filter(|bytes| bytes.len() == usize::from(LENGTH));
        let (expected, actual) = (usize::from(LENGTH), digits.len().div_ceil(2));
        let bytes = bytes.ok_or(CryptoError::InvalidLength { what: "connection token", expected, actual })?;
        Ok(Self(Secret::of_length(bytes, expected)?))
    }

    /// The token, in clear. Copies made of it are the caller's to erase.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// A provider's KeyPackages by token, in sets of one user pseudonym. `K` is what the provider keeps
/// of a KeyPackage. The tokens themselves are not kept, only their hashes.
#[derive(Clone, Debug)]
pub struct KeyPackageShelf<K> {
    sets: BTreeMap<Opaque, Vec<ShelvedSet<K>>>,
}

#[derive(Clone, Debug)]
struct ShelvedSet<K> {
    user_pseudonym: IdentifierUri,
    last_resort: bool,
    key_packages: Vec<K>,
}

impl<K> Default for KeyPackageShelf<K> {
    fn default() -> Self {
        Self { sets: BTreeMap::new() }
    }
}

impl<K: Clone> KeyPackageShelf<K> {
    /// No KeyPackages yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shelves a KeyPackage with this user pseudonym in its credential.
    ///
    /// # Errors
    /// [`MixedKeyPackageSet`](PseudonymError::MixedKeyPackageSet) when a set would have some of
    /// last resort and some that are not.
    pub fn upload<S: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &S,
        token: &ConnectionToken,
        user_pseudonym: &IdentifierUri,
        last_resort: bool,
        key_package: K,
    ) -> Result<(), PseudonymError> {
        let sets = self.sets.entry(index(suite, token)).or_default();
        match sets.iter_mut().find(|set| set.user_pseudonym == *user_pseudonym) {
            Some(set) if set.last_resort != last_resort => Err(PseudonymError::MixedKeyPackageSet),
            Some(set) => {
                set.key_packages.push(key_package);
                Ok(())
            }
            None => {
                let user_pseudonym = user_pseudonym.clone();
                sets.push(ShelvedSet { user_pseudonym, last_resort, key_packages: Vec::from([key_package]) });
                Ok(())
            }
        }
    }

    /// Takes a whole set for one room: the largest that is not of last resort, which is gone then,
    /// or else the largest of last resort, which stays. The earliest of several that are as large.
    pub fn take<S: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &S,
        token: &ConnectionToken,
    ) -> Option<Vec<K>> {
        let sets = self.sets.get_mut(&index(suite, token))?;
        let (place, set) = sets
            .iter()
            .enumerate()
            .min_by_key(|(_, set)| (set.last_resort, core::cmp::Reverse(set.key_packages.len())))?;
        if set.last_resort {
            return Some(set.key_packages.clone());
        }
        Some(sets.remove(place).key_packages)
    }
}

fn index<S: CipherSuiteProvider + ?Sized>(suite: &S, token: &ConnectionToken) -> Opaque {
    suite.hash(&[b"MIMI ConnectionToken", token.expose()]).into()
}
