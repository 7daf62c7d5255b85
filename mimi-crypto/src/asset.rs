//! Assets that a message names: encrypted where they lie, and hashed (mimi-content-08, 4.5 and 7.1).

use subtle::ConstantTimeEq;

use crate::{AeadKey, CipherSuiteProvider, CryptoError, Secret, secret::check_length};

/// What an ExternalPart says of the bytes at its URL (mimi-content-08, 4.5), in the draft's names.
#[derive(Clone, Copy)]
pub struct AssetProtection<'a> {
    /// `encAlg`: an IANA AEAD number, 0 for none. AES-128-GCM is [`Self::AES_128_GCM`].
    pub enc_alg: u16,
    /// `key`.
    pub key: &'a [u8],
    /// `nonce`.
    pub nonce: &'a [u8],
    /// `aad`.
    pub aad: &'a [u8],
    /// `hashAlg`: an IANA Named Information hash. SHA-256 is [`Self::SHA_256`].
    pub hash_alg: u8,
    /// `contentHash`, of the bytes at the URL: of what is encrypted, where it is.
    pub content_hash: &'a [u8],
}

impl core::fmt::Debug for AssetProtection<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { enc_alg, hash_alg, .. } = self;
        f.debug_struct("AssetProtection")
            .field("enc_alg", enc_alg)
            .field("hash_alg", hash_alg)
            .finish_non_exhaustive()
    }
}

impl AssetProtection<'_> {
    /// No encryption.
    pub const NONE: u16 = 0;
    /// AEAD_AES_128_GCM of the IANA AEAD registry, which every implementation has.
    pub const AES_128_GCM: u16 = 1;
    /// sha-256 of the IANA Named Information Hash Algorithm registry.
    pub const SHA_256: u8 = 1;
}

/// Checks what was downloaded, and opens it: first its hash, then the AEAD.
///
/// ```
/// use mimi_codec::code_points::CipherSuite;
/// use mimi_crypto::{AssetProtection, CryptoError, CipherSuiteProvider, RustCrypto, open_asset};
///
/// let suite = RustCrypto::new(CipherSuite(1))?;
/// let at_the_url = b"a public picture";
/// let protection = AssetProtection {
///     enc_alg: AssetProtection::NONE,
///     key: &[],
///     nonce: &[],
///     aad: &[],
///     hash_alg: AssetProtection::SHA_256,
///     content_hash: &suite.hash(&[at_the_url]),
/// };
/// assert_eq!(open_asset(&suite, &protection, at_the_url)?.expose(), at_the_url);
/// assert_eq!(open_asset(&suite, &protection, b"another picture"), Err(CryptoError::ContentHashMismatch));
/// # Ok::<(), CryptoError>(())
/// ```
///
/// `suite` is one whose hash is SHA-256 and whose AEAD is AES-128-GCM, such as suites 1 and 2; which the group has doesn't matter.
///
/// # Errors
/// - [`CryptoError::UnsupportedAlgorithm`] for an `encAlg` other than AES-128-GCM and none, for a `hashAlg` other than SHA-256, and for a `suite` of
///   other algorithms.
/// - [`CryptoError::InvalidLength`] for a hash, key or nonce of another length; without encryption, for a key, nonce or aad that isn't empty.
/// - [`CryptoError::ContentHashMismatch`] when the bytes aren't those that the message means.
/// - [`CryptoError::DecryptionFailed`].
pub fn open_asset<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    protection: &AssetProtection<'_>,
    downloaded: &[u8],
) -> Result<Secret, CryptoError> {
    let unsupported = |what, number: u16| Err(CryptoError::UnsupportedAlgorithm { what, number });
    let AssetProtection { enc_alg, key, nonce, aad, hash_alg, content_hash } = *protection;
    let cipher_suite = suite.parameters().cipher_suite;
    if ![1, 2].contains(&cipher_suite.value()) {
        return unsupported("cipher suite", cipher_suite.value());
    }
    if hash_alg != AssetProtection::SHA_256 {
        return unsupported("hashAlg", hash_alg.into());
    }
    if ![AssetProtection::NONE, AssetProtection::AES_128_GCM].contains(&enc_alg) {
        return unsupported("encAlg", enc_alg);
    }
    check_length("contentHash", content_hash, suite.parameters().nh)?;
    if !bool::from(suite.hash(&[downloaded]).ct_eq(content_hash)) {
        return Err(CryptoError::ContentHashMismatch);
    }
    if enc_alg == AssetProtection::NONE {
        for (what, bytes) in [("key", key), ("nonce", nonce), ("aad", aad)] {
            check_length(what, bytes, 0)?;
        }
        return Ok(Secret::from_provider(downloaded));
    }
    suite.aead_open(&AeadKey::new(suite, key)?, nonce, aad, downloaded)
}
