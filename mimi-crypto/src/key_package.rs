//! KeyPackages as a provider and a requester check them (RFC 9420 §10.1, mimi-protocol-06 §5.2).

use mimi_codec::{
    Encode,
    mls::{KeyPackage, KeyPackageRef, LeafNodeSelect},
};

use crate::{CipherSuiteProvider, CryptoError, key_package_ref, tree::verify_leaf_node, verify_with_label};

/// A KeyPackage whose signatures and lifetime hold. Only [`verify_key_package`] makes one.
///
/// Whose KeyPackage it is, the credential says: that it belongs to the user who was asked for, and
/// that its provider vouches for it, is checked by the identity that the caller supplies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedKeyPackage {
    key_package: KeyPackage,
    reference: KeyPackageRef,
}

impl VerifiedKeyPackage {
    /// The KeyPackage.
    #[must_use]
    pub const fn key_package(&self) -> &KeyPackage {
        &self.key_package
    }

    /// The hash by which a Welcome refers to it.
    #[must_use]
    pub const fn reference(&self) -> &KeyPackageRef {
        &self.reference
    }

    /// The KeyPackage, without the check.
    #[must_use]
    pub fn into_key_package(self) -> KeyPackage {
        self.key_package
    }
}

/// Verifies a KeyPackage (RFC 9420 §10.1): its suite, both signatures, that its leaf is from a
/// KeyPackage, its lifetime, and that `init_key` and `encryption_key` differ.
///
/// `now_ms` is the time in milliseconds since the UNIX epoch.
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`], [`CryptoError::NotAKeyPackageLeaf`],
/// [`CryptoError::OutsideOfLifetime`], [`CryptoError::SharedKey`], and those of
/// [`verify_with_label`].
pub fn verify_key_package<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    key_package: KeyPackage,
    now_ms: u64,
) -> Result<VerifiedKeyPackage, CryptoError> {
    suite.parameters().check_suite(key_package.cipher_suite)?;
    let leaf_node = &key_package.leaf_node;
    let LeafNodeSelect::KeyPackage { lifetime } = leaf_node.leaf_node_source else {
        return Err(CryptoError::NotAKeyPackageLeaf);
    };
    // RFC 9420 §7.2: in seconds.
    let now = now_ms / 1000;
    if now < lifetime.not_before || now > lifetime.not_after {
        return Err(CryptoError::OutsideOfLifetime {
            not_before: lifetime.not_before,
            not_after: lifetime.not_after,
        });
    }
    if key_package.init_key == leaf_node.encryption_key {
        return Err(CryptoError::SharedKey);
    }
    verify_leaf_node(suite, leaf_node, (b"", 0))?;
    let tbs = key_package.tbs().to_bytes()?;
    let public_key = &leaf_node.signature_key;
    verify_with_label(suite, public_key, b"KeyPackageTBS", &tbs, &key_package.signature)?;
    let reference = key_package_ref(suite, &key_package)?;
    Ok(VerifiedKeyPackage { key_package, reference })
}
