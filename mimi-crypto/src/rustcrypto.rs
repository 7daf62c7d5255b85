//! The suites over RustCrypto's and dalek's primitives, HPKE by hpke-rs.

mod aead;
mod curve;
mod ed25519_many_keys;
mod ed25519_one_key;
mod hash;
mod hpke;
#[cfg(feature = "post-quantum")]
mod post_quantum;
mod signature;

use alloc::vec::Vec;

use mimi_codec::{
    code_points::CipherSuite,
    mls::{HPKECiphertext, HPKEPublicKey, MAC, SignaturePublicKey},
};
use rand_core::CryptoRng;

#[cfg(feature = "post-quantum")]
use self::post_quantum::{LatticeKem, LatticeScheme};
use self::{
    aead::Aead,
    hash::Hash,
    hpke::{Curve, Kem},
    signature::Scheme,
};
use crate::{
    AeadKey, CipherSuiteParameters, CipherSuiteProvider, CryptoError, HpkePrivateKey, Secret,
    SignaturePrivateKey, SignedMessage, secret::check_length,
};

pub use signature::RustCryptoSigningKey;

/// Suites 1, 2, 3, 5 and 7 of RFC 9420 §17.1 and, with the feature `post-quantum`, all suites of
/// mls-pq-ciphersuites-06.
///
/// - ECDSA nonces are those of RFC 6979 with 32 bytes or more of the caller's generator mixed in,
///   and ML-DSA signatures are hedged: a generator that fails or repeats gives no key away.
/// - Ed25519 signatures are verified strictly: a public key or an `R` of small order is refused,
///   for which one signature can fit many messages, and so is a public key in a second encoding.
/// - hpke-rs draws an encapsulation's randomness from a buffer that the caller's generator has
///   filled; its own generator is not linked. It does not erase the intermediate values of an
///   encapsulation.
/// - The public key of ML-KEM is checked for integers beyond the modulus when sealing (FIPS 203
///   §7.2).
///
/// # What stays classical
///
/// The suites `MLS_…_ED25519`, `…_P256` and `…_P384` with ML-KEM protect what is sent today from a
/// quantum computer of tomorrow. Their signatures are classical: with a quantum computer an
/// attacker forges them, and can join groups in the name of others from then on. The three suites
/// with ML-DSA have no such part. Hashes, MACs and AEADs are the same in all suites; the franking
/// tag and `server_frank` are HMAC-SHA256.
#[derive(Clone, Copy, Debug)]
pub struct RustCrypto {
    parameters: CipherSuiteParameters,
    hash: Hash,
    aead: Aead,
    kem: Kem,
    scheme: Scheme,
}

impl RustCrypto {
    /// The suites of RFC 9420.
    pub const CLASSICAL_CIPHER_SUITES: [CipherSuite; 5] = [
        CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
        CipherSuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256,
        CipherSuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519,
        CipherSuite::MLS_256_DHKEMP521_AES256GCM_SHA512_P521,
        CipherSuite::MLS_256_DHKEMP384_AES256GCM_SHA384_P384,
    ];

    /// The suites of mls-pq-ciphersuites-06, in its order. Their numbers are provisional.
    #[cfg(feature = "post-quantum")]
    pub const POST_QUANTUM_CIPHER_SUITES: [CipherSuite; 11] = [
        CipherSuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_ED25519,
        CipherSuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_ED25519,
        CipherSuite::MLS_128_MLKEM768P256_AES128GCM_SHA256_P256,
        CipherSuite::MLS_128_MLKEM768P256_AES256GCM_SHA384_P256,
        CipherSuite::MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384,
        CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_ED25519,
        CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_P256,
        CipherSuite::MLS_192_MLKEM1024_AES256GCM_SHA384_P384,
        CipherSuite::MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44,
        CipherSuite::MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65,
        CipherSuite::MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87,
    ];

    /// All suites of this build.
    #[cfg(not(feature = "post-quantum"))]
    pub const CIPHER_SUITES: [CipherSuite; 5] = Self::CLASSICAL_CIPHER_SUITES;

    /// All suites of this build.
    #[cfg(feature = "post-quantum")]
    pub const CIPHER_SUITES: [CipherSuite; 16] = {
        let [a, b, c, d, e] = Self::CLASSICAL_CIPHER_SUITES;
        let [f, g, h, i, j, k, l, m, n, o, p] = Self::POST_QUANTUM_CIPHER_SUITES;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    };

    /// The provider of a suite.
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedCipherSuite`] when it is none of [`Self::CIPHER_SUITES`].
    pub fn new(cipher_suite: CipherSuite) -> Result<Self, CryptoError> {
        // RFC 9420 §17.1: each suite's KEM, AEAD, hash and signature scheme.
        let (kem, aead, hash, scheme) = match cipher_suite {
            CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519 => {
                (Kem::Dh(Curve::X25519), Aead::Aes128Gcm, Hash::Sha256, Scheme::Ed25519)
            }
            CipherSuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256 => {
                (Kem::Dh(Curve::P256), Aead::Aes128Gcm, Hash::Sha256, Scheme::P256)
            }
            CipherSuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519 => {
                (Kem::Dh(Curve::X25519), Aead::ChaCha20Poly1305, Hash::Sha256, Scheme::Ed25519)
            }
            CipherSuite::MLS_256_DHKEMP521_AES256GCM_SHA512_P521 => {
                (Kem::Dh(Curve::P521), Aead::Aes256Gcm, Hash::Sha512, Scheme::P521)
            }
            CipherSuite::MLS_256_DHKEMP384_AES256GCM_SHA384_P384 => {
                (Kem::Dh(Curve::P384), Aead::Aes256Gcm, Hash::Sha384, Scheme::P384)
            }
            #[cfg(feature = "post-quantum")]
            other => return Self::post_quantum(other),
            #[cfg(not(feature = "post-quantum"))]
            other => return Err(CryptoError::UnsupportedCipherSuite(other)),
        };
        Ok(Self::of_parts(cipher_suite, kem, aead, hash, scheme))
    }

    #[cfg(feature = "post-quantum")]
    fn post_quantum(cipher_suite: CipherSuite) -> Result<Self, CryptoError> {
        // mls-pq-ciphersuites-06 §3.1, table 2.
        let (kem, aead, hash, scheme) = match cipher_suite {
            CipherSuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_ED25519 => {
                (LatticeKem::MlKem768X25519, Aead::Aes128Gcm, Hash::Sha256, Scheme::Ed25519)
            }
            CipherSuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_ED25519 => {
                (LatticeKem::MlKem768X25519, Aead::Aes256Gcm, Hash::Sha384, Scheme::Ed25519)
            }
            CipherSuite::MLS_128_MLKEM768P256_AES128GCM_SHA256_P256 => {
                (LatticeKem::MlKem768P256, Aead::Aes128Gcm, Hash::Sha256, Scheme::P256)
            }
            CipherSuite::MLS_128_MLKEM768P256_AES256GCM_SHA384_P256 => {
                (LatticeKem::MlKem768P256, Aead::Aes256Gcm, Hash::Sha384, Scheme::P256)
            }
            CipherSuite::MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384 => {
                (LatticeKem::MlKem1024P384, Aead::Aes256Gcm, Hash::Sha384, Scheme::P384)
            }
            CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_ED25519 => {
                (LatticeKem::MlKem768, Aead::Aes256Gcm, Hash::Sha384, Scheme::Ed25519)
            }
            CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_P256 => {
                (LatticeKem::MlKem768, Aead::Aes256Gcm, Hash::Sha384, Scheme::P256)
            }
            CipherSuite::MLS_192_MLKEM1024_AES256GCM_SHA384_P384 => {
                (LatticeKem::MlKem1024, Aead::Aes256Gcm, Hash::Sha384, Scheme::P384)
            }
            CipherSuite::MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44 => (
                LatticeKem::MlKem768X25519,
                Aead::ChaCha20Poly1305,
                Hash::Sha384,
                Scheme::Lattice(LatticeScheme::MlDsa44),
            ),
            CipherSuite::MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65 => {
                (LatticeKem::MlKem768, Aead::Aes256Gcm, Hash::Sha384, Scheme::Lattice(LatticeScheme::MlDsa65))
            }
            CipherSuite::MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87 => (
                LatticeKem::MlKem1024,
                Aead::Aes256Gcm,
                Hash::Sha384,
                Scheme::Lattice(LatticeScheme::MlDsa87),
            ),
            other => return Err(CryptoError::UnsupportedCipherSuite(other)),
        };
        Ok(Self::of_parts(cipher_suite, Kem::Lattice(kem), aead, hash, scheme))
    }

    fn of_parts(cipher_suite: CipherSuite, kem: Kem, aead: Aead, hash: Hash, scheme: Scheme) -> Self {
        let (hpke_private_key, hpke_public_key) = kem.key_lengths();
        let (signature_private_key, signature_public_key) = scheme.key_lengths();
        let parameters = CipherSuiteParameters {
            cipher_suite,
            nh: hash.length(),
            nk: aead.key_length(),
            nn: aead::NONCE_LENGTH,
            hpke_private_key,
            hpke_public_key,
            signature_private_key,
            signature_public_key,
        };
        Self { parameters, hash, aead, kem, scheme }
    }
}

impl CipherSuiteProvider for RustCrypto {
    type SigningKey = RustCryptoSigningKey;

    fn parameters(&self) -> &CipherSuiteParameters {
        &self.parameters
    }

    fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.hash.hash(parts)
    }

    fn mac(&self, key: &Secret, parts: &[&[u8]]) -> Result<MAC, CryptoError> {
        self.hash.mac(key.expose(), parts).map(MAC::from)
    }

    fn verify_mac(&self, key: &Secret, parts: &[&[u8]], tag: &[u8]) -> Result<(), CryptoError> {
        self.hash.verify_mac(key.expose(), parts, tag)
    }

    fn extract(&self, salt: &Secret, ikm: &Secret) -> Result<Secret, CryptoError> {
        check_length("salt", salt.expose(), self.parameters.nh)?;
        Ok(Secret::from_provider(self.hash.extract(salt.expose(), ikm.expose())))
    }

    fn expand(&self, prk: &Secret, info: &[u8], length: u16) -> Result<Secret, CryptoError> {
        check_length("secret", prk.expose(), self.parameters.nh)?;
        let length = usize::from(length);
        self.hash.expand(prk.expose(), info, length).map(Secret::from_provider)
    }

    fn aead_seal(
        &self,
        key: &AeadKey,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.aead.seal(key.expose(), nonce, aad, plaintext)
    }

    fn aead_open(
        &self,
        key: &AeadKey,
        nonce: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Secret, CryptoError> {
        self.aead.open(key.expose(), nonce, aad, ciphertext).map(Secret::from_provider)
    }

    fn signing_key(&self, private_key: &SignaturePrivateKey) -> Result<RustCryptoSigningKey, CryptoError> {
        self.scheme.signing_key(private_key.expose())
    }

    fn generate_signature_key(&self, rng: &mut dyn CryptoRng) -> Result<SignaturePrivateKey, CryptoError> {
        self.scheme.generate(rng).and_then(|bytes| SignaturePrivateKey::new(self, bytes.as_slice()))
    }

    fn signature_public_key(&self, key: &RustCryptoSigningKey) -> SignaturePublicKey {
        SignaturePublicKey::from(key.public_key())
    }

    fn sign(
        &self,
        key: &RustCryptoSigningKey,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        // A key of another suite signs nothing here.
        if key.scheme() != self.scheme {
            return Err(CryptoError::InvalidKey { what: "signing key" });
        }
        key.sign(message, rng)
    }

    fn verify(
        &self,
        public_key: &SignaturePublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        check_length("signature public key", public_key, self.parameters.signature_public_key)?;
        self.scheme.verify(public_key, message, signature)
    }

    fn verify_all(
        &self,
        public_key: &SignaturePublicKey,
        signed: &[(&[u8], &[u8])],
    ) -> Vec<Result<(), CryptoError>> {
        match self.scheme {
            Scheme::Ed25519 if signed.len() >= ed25519_one_key::WORTH_A_TABLE => {
                ed25519_one_key::verify_all(public_key, signed)
            }
            #[cfg(feature = "post-quantum")]
            Scheme::Lattice(scheme) if public_key.len() == self.parameters.signature_public_key => {
                scheme.verify_all(public_key, signed)
            }
            _ => signed
                .iter()
                .map(|(message, signature)| self.verify(public_key, message, signature))
                .collect(),
        }
    }

    fn verify_batch(
        &self,
        signed: &[SignedMessage<'_>],
        rng: &mut dyn CryptoRng,
    ) -> Vec<Result<(), CryptoError>> {
        let one_by_one = |one: &SignedMessage<'_>| self.verify(one.public_key, one.message, one.signature);
        match self.scheme {
            Scheme::Ed25519 => ed25519_many_keys::verify_batch(signed, one_by_one, rng),
            _ => signed.iter().map(one_by_one).collect(),
        }
    }

    fn derive_hpke_key_pair(&self, ikm: &Secret) -> Result<(HpkePrivateKey, HPKEPublicKey), CryptoError> {
        // RFC 9420 derives key pairs from KDF.Nh bytes, which for P-521 are fewer than a private
        // key's.
        let expected = self.parameters.hpke_private_key.min(self.parameters.nh);
        if ikm.len() < expected {
            return Err(CryptoError::InvalidLength { what: "ikm", expected, actual: ikm.len() });
        }
        let (private_key, public_key) = self.kem.derive_key_pair(ikm.expose())?;
        Ok((HpkePrivateKey::new(self, private_key.as_slice())?, HPKEPublicKey::from(public_key)))
    }

    fn hpke_seal(
        &self,
        public_key: &HPKEPublicKey,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<HPKECiphertext, CryptoError> {
        check_length("HPKE public key", public_key, self.parameters.hpke_public_key)?;
        hpke::seal((self.kem, self.hash, self.aead), public_key, info, aad, plaintext, rng)
    }

    fn hpke_open(
        &self,
        private_key: &HpkePrivateKey,
        ciphertext: &HPKECiphertext,
        info: &[u8],
        aad: &[u8],
    ) -> Result<Secret, CryptoError> {
        check_length("HPKE private key", private_key.expose(), self.parameters.hpke_private_key)?;
        hpke::open((self.kem, self.hash, self.aead), private_key.expose(), ciphertext, info, aad)
    }
}
