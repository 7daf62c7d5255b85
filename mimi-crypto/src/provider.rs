//! What a cipher suite has to be able to do, for other implementations: an HSM, aws-lc, libcrux.

use alloc::vec::Vec;

use mimi_codec::{
    code_points::CipherSuite,
    mls::{HPKECiphertext, HPKEPublicKey, MAC, SignaturePublicKey},
};
use rand_core::CryptoRng;

use crate::{AeadKey, CryptoError, HpkePrivateKey, Secret, SignaturePrivateKey};

/// The sizes of a cipher suite (RFC 9420 §5.1 and §17.1), in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CipherSuiteParameters {
    /// The suite.
    pub cipher_suite: CipherSuite,
    /// KDF.Nh: the hash, and secrets of the key schedule.
    pub nh: usize,
    /// AEAD.Nk: a key.
    pub nk: usize,
    /// AEAD.Nn: a nonce.
    pub nn: usize,
    /// A private key of the KEM.
    pub hpke_private_key: usize,
    /// A public key of the KEM.
    pub hpke_public_key: usize,
    /// A private key of the signature scheme.
    pub signature_private_key: usize,
    /// A public key of the signature scheme.
    pub signature_public_key: usize,
}

impl CipherSuiteParameters {
    /// Refuses what names another suite.
    pub(crate) fn check_suite(&self, actual: CipherSuite) -> Result<(), CryptoError> {
        match self.cipher_suite {
            expected if expected == actual => Ok(()),
            expected => Err(CryptoError::CipherSuiteMismatch { expected, actual }),
        }
    }
}

/// A message and the signature claimed to be over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedMessage<'a> {
    /// The signer's key.
    pub public_key: &'a SignaturePublicKey,
    /// The message, as it was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

/// One cipher suite. It is looked up once, when the provider is made; no method is asked for an
/// unknown suite.
///
/// What a method promises holds whatever it is given: lengths and forms are checked, comparisons of
/// tags take a time that does not depend on their bytes, and no randomness comes from anywhere but
/// the generator that is handed in.
///
/// # Example: signature keys that never leave an HSM
///
/// A signing key may be no more than a handle. Here the HSM makes signatures and another provider
/// does the rest.
///
/// ```
/// use mimi_codec::{code_points::CipherSuite, mls::{HPKECiphertext, HPKEPublicKey, MAC, SignaturePublicKey}};
/// use mimi_crypto::{
///     AeadKey, CipherSuiteParameters, CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, Secret, SignaturePrivateKey,
///     sign_with_label, verify_with_label,
/// };
/// use rand_core::CryptoRng;
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # /// Stands for the device: its keys can be used and not read.
/// # struct Device(Vec<<RustCrypto as CipherSuiteProvider>::SigningKey>, RustCrypto);
/// # impl Device {
/// #     fn public_key(&self, slot: usize) -> SignaturePublicKey { self.1.signature_public_key(&self.0[slot]) }
/// #     fn sign(&self, slot: usize, message: &[u8]) -> Option<Vec<u8>> {
/// #         self.1.sign(self.0.get(slot)?, message, &mut ChaCha20Rng::seed_from_u64(1)).ok()
/// #     }
/// # }
///
/// struct Hsm {
///     device: Device,
///     software: RustCrypto,
/// }
///
/// /// A key in the HSM, with the public key that was read from there once.
/// struct Handle {
///     slot: usize,
///     public_key: SignaturePublicKey,
/// }
///
/// impl CipherSuiteProvider for Hsm {
///     type SigningKey = Handle;
///
///     fn sign(&self, key: &Handle, message: &[u8], _: &mut dyn CryptoRng) -> Result<Vec<u8>, CryptoError> {
///         self.device.sign(key.slot, message).ok_or(CryptoError::ProviderFailure)
///     }
///
///     fn signature_public_key(&self, key: &Handle) -> SignaturePublicKey {
///         key.public_key.clone()
///     }
///
///     // Keys are made in the HSM and handed out as handles, not as bytes.
///     fn signing_key(&self, _: &SignaturePrivateKey) -> Result<Handle, CryptoError> {
///         Err(CryptoError::ProviderFailure)
///     }
///
///     fn generate_signature_key(&self, _: &mut dyn CryptoRng) -> Result<SignaturePrivateKey, CryptoError> {
///         Err(CryptoError::ProviderFailure)
///     }
///
///     // All else is the software's.
///     fn parameters(&self) -> &CipherSuiteParameters {
///         self.software.parameters()
///     }
///     // …
/// #     fn hash(&self, parts: &[&[u8]]) -> Vec<u8> { self.software.hash(parts) }
/// #     fn mac(&self, key: &Secret, parts: &[&[u8]]) -> Result<MAC, CryptoError> { self.software.mac(key, parts) }
/// #     fn verify_mac(&self, key: &Secret, parts: &[&[u8]], tag: &[u8]) -> Result<(), CryptoError> {
/// #         self.software.verify_mac(key, parts, tag)
/// #     }
/// #     fn extract(&self, salt: &Secret, ikm: &Secret) -> Result<Secret, CryptoError> { self.software.extract(salt, ikm) }
/// #     fn expand(&self, prk: &Secret, info: &[u8], length: u16) -> Result<Secret, CryptoError> {
/// #         self.software.expand(prk, info, length)
/// #     }
/// #     fn aead_seal(&self, key: &AeadKey, nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
/// #         self.software.aead_seal(key, nonce, aad, plaintext)
/// #     }
/// #     fn aead_open(&self, key: &AeadKey, nonce: &[u8], aad: &[u8], ciphertext: &[u8]) -> Result<Secret, CryptoError> {
/// #         self.software.aead_open(key, nonce, aad, ciphertext)
/// #     }
/// #     fn verify(&self, public_key: &SignaturePublicKey, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
/// #         self.software.verify(public_key, message, signature)
/// #     }
/// #     fn derive_hpke_key_pair(&self, ikm: &Secret) -> Result<(HpkePrivateKey, HPKEPublicKey), CryptoError> {
/// #         self.software.derive_hpke_key_pair(ikm)
/// #     }
/// #     fn hpke_seal(
/// #         &self, public_key: &HPKEPublicKey, info: &[u8], aad: &[u8], plaintext: &[u8], rng: &mut dyn CryptoRng,
/// #     ) -> Result<HPKECiphertext, CryptoError> {
/// #         self.software.hpke_seal(public_key, info, aad, plaintext, rng)
/// #     }
/// #     fn hpke_open(
/// #         &self, private_key: &HpkePrivateKey, ciphertext: &HPKECiphertext, info: &[u8], aad: &[u8],
/// #     ) -> Result<Secret, CryptoError> {
/// #         self.software.hpke_open(private_key, ciphertext, info, aad)
/// #     }
/// }
///
/// # let software = RustCrypto::new(CipherSuite(1))?;
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// # let key = software.signing_key(&software.generate_signature_key(&mut rng)?)?;
/// # let device = Device(vec![key], software);
/// let handle = Handle { slot: 0, public_key: device.public_key(0) };
/// let hsm = Hsm { device, software };
/// let signature = sign_with_label(&hsm, &handle, b"GroupInfoResponseTBS", b"an answer", &mut rng)?;
/// verify_with_label(&hsm, &handle.public_key, b"GroupInfoResponseTBS", b"an answer", &signature)?;
/// # Ok::<(), CryptoError>(())
/// ```
pub trait CipherSuiteProvider {
    /// A signature key ready for use: an expanded key, or the handle of one that never leaves its
    /// HSM.
    type SigningKey;

    /// The suite and its sizes.
    fn parameters(&self) -> &CipherSuiteParameters;

    /// The hash of all parts in a row; `parameters().nh` bytes.
    fn hash(&self, parts: &[&[u8]]) -> Vec<u8>;

    /// The HMAC of all parts in a row; `parameters().nh` bytes.
    ///
    /// # Errors
    /// [`CryptoError::ProviderFailure`].
    fn mac(&self, key: &Secret, parts: &[&[u8]]) -> Result<MAC, CryptoError>;

    /// Is `tag` the whole HMAC of all parts in a row?
    ///
    /// # Errors
    /// [`CryptoError::InvalidTag`] when it is not, a shortened one included.
    fn verify_mac(&self, key: &Secret, parts: &[&[u8]], tag: &[u8]) -> Result<(), CryptoError>;

    /// KDF.Extract (RFC 5869 §2.2): KDF.Nh bytes.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a salt that has not KDF.Nh bytes.
    fn extract(&self, salt: &Secret, ikm: &Secret) -> Result<Secret, CryptoError>;

    /// KDF.Expand (RFC 5869 §2.3): `length` bytes.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a `prk` that has not KDF.Nh bytes,
    /// [`CryptoError::OutputTooLong`] for more than 255 KDF.Nh.
    fn expand(&self, prk: &Secret, info: &[u8], length: u16) -> Result<Secret, CryptoError>;

    /// AEAD.Seal: the ciphertext and its tag. A nonce must never be used twice with one key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a key or nonce of another length,
    /// [`CryptoError::ProviderFailure`] for more than the AEAD can seal.
    fn aead_seal(
        &self,
        key: &AeadKey,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// AEAD.Open.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a key or nonce of another length,
    /// [`CryptoError::DecryptionFailed`].
    fn aead_open(
        &self,
        key: &AeadKey,
        nonce: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Secret, CryptoError>;

    /// Makes a private key ready to sign.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] or [`CryptoError::InvalidKey`] when it is none of the suite.
    fn signing_key(&self, private_key: &SignaturePrivateKey) -> Result<Self::SigningKey, CryptoError>;

    /// A new private key, from the caller's generator alone.
    ///
    /// # Errors
    /// [`CryptoError::ProviderFailure`] when the generator gives no key in a hundred attempts, and
    /// so is not one.
    fn generate_signature_key(&self, rng: &mut dyn CryptoRng) -> Result<SignaturePrivateKey, CryptoError>;

    /// The public key of a signing key, in the form of RFC 9420 §5.1.1.
    fn signature_public_key(&self, key: &Self::SigningKey) -> SignaturePublicKey;

    /// Signs `message` as it is, without a label: Ed25519's 64 bytes, ECDSA in DER (RFC 9420
    /// §5.1.2), or pure ML-DSA with an empty context (FIPS 204 §5.2).
    ///
    /// # Errors
    /// [`CryptoError::ProviderFailure`].
    fn sign(
        &self,
        key: &Self::SigningKey,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError>;

    /// Is `signature` one over `message`, as it is, by the owner of `public_key`?
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] or [`CryptoError::InvalidKey`] for the key,
    /// [`CryptoError::MalformedSignature`], [`CryptoError::InvalidSignature`].
    fn verify(
        &self,
        public_key: &SignaturePublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError>;

    /// Verifies many signatures by one key: pairs of a message and its signature.
    ///
    /// The verdicts are exactly those of [`Self::verify`], one for each pair, in their order; there
    /// is no signature that passes here and fails there, nor the other way round. A provider that
    /// can do this faster than one by one overrides it. The usual batch verification of Ed25519
    /// will not do: it says nothing of the single signature, and passes some with a component of
    /// small order that fail alone.
    fn verify_all(
        &self,
        public_key: &SignaturePublicKey,
        signed: &[(&[u8], &[u8])],
    ) -> Vec<Result<(), CryptoError>> {
        signed.iter().map(|(message, signature)| self.verify(public_key, message, signature)).collect()
    }

    /// The verdict of [`Self::verify`] on each of many signatures, in their order: exactly that,
    /// however it is found. `rng` may be used to weigh the signatures against each other, where
    /// that is faster.
    ///
    /// Where chance has a part in it, it may do no more than this: a signature that its key's owner
    /// did not make passes with a probability of 2^-128, one that the owner made so that it fails
    /// alone (with a component of small order) with 2^-64 for each batch in which it is tried. One
    /// that passes alone is never refused. A generator that can be predicted mustn't make it
    /// easier: [`RustCrypto`](crate::RustCrypto) hashes what it draws together with the signatures.
    fn verify_batch(
        &self,
        signed: &[SignedMessage<'_>],
        rng: &mut dyn CryptoRng,
    ) -> Vec<Result<(), CryptoError>> {
        let _ = rng;
        signed.iter().map(|signed| self.verify(signed.public_key, signed.message, signed.signature)).collect()
    }

    /// The KEM's DeriveKeyPair (RFC 9180 §7.1.3). `ikm` has at least as many bytes as a private
    /// key, or KDF.Nh if that is less: RFC 9420 §7.4 derives key pairs from secrets of KDF.Nh
    /// bytes.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a shorter `ikm`, [`CryptoError::ProviderFailure`] when no
    /// key comes of it (less likely than 2^-256).
    fn derive_hpke_key_pair(&self, ikm: &Secret) -> Result<(HpkePrivateKey, HPKEPublicKey), CryptoError>;

    /// HPKE's SealBase (RFC 9180 §6.1). RFC 9180 calls `public_key` `pkR`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] or [`CryptoError::InvalidKey`] for the key,
    /// [`CryptoError::ProviderFailure`].
    fn hpke_seal(
        &self,
        public_key: &HPKEPublicKey,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<HPKECiphertext, CryptoError>;

    /// HPKE's OpenBase (RFC 9180 §6.1). RFC 9180 calls `private_key` `skR` and `kem_output` `enc`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] or [`CryptoError::InvalidKey`] for the key,
    /// [`CryptoError::DecryptionFailed`] for all that is wrong with the ciphertext.
    fn hpke_open(
        &self,
        private_key: &HpkePrivateKey,
        ciphertext: &HPKECiphertext,
        info: &[u8],
        aad: &[u8],
    ) -> Result<Secret, CryptoError>;
}

/// A new key pair of the KEM, from the caller's generator alone.
///
/// # Errors
/// Those of [`CipherSuiteProvider::derive_hpke_key_pair`].
pub fn generate_hpke_key_pair<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    rng: &mut dyn CryptoRng,
) -> Result<(HpkePrivateKey, HPKEPublicKey), CryptoError> {
    suite.derive_hpke_key_pair(&random_secret(suite.parameters().hpke_private_key, rng))
}

/// `length` bytes from the caller's generator.
#[must_use]
pub fn random_secret(length: usize, rng: &mut dyn CryptoRng) -> Secret {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    Secret::from_provider(bytes)
}
