//! OpenMLS without chance: all that it draws comes from a seed.
//!
//! OpenMLS encrypts a path for several receivers at once, in threads. So what an HPKE encryption
//! draws depends on its own inputs and the seed, and not on what was drawn before.

use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use mimi_codec::{code_points::CipherSuite, mls::HPKEPublicKey};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, RustCryptoSigningKey, SignaturePrivateKey};
use openmls::prelude::SignatureScheme;
use openmls_rust_crypto::{MemoryStorage, OpenMlsRustCrypto, RustCrypto as Inner};
use openmls_traits::{
    OpenMlsProvider,
    crypto::OpenMlsCrypto,
    random::OpenMlsRand,
    signatures::{Signer, SignerError},
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
        HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput,
    },
};
use sha2::{Digest, Sha256};

use crate::file_format::{Seed, Stream};

/// What one client's OpenMLS works with.
pub(super) struct Seeded {
    inner: OpenMlsRustCrypto,
    crypto: SeededCrypto,
    rand: SeededRand,
}

impl Seeded {
    /// `suite` is the group's; `label` says which client of which case it is for.
    pub(super) fn new(seed: &Seed, label: &str, suite: RustCrypto) -> Self {
        let mut stream = Stream::new(seed, "room: OpenMLS", label);
        Self {
            inner: OpenMlsRustCrypto::default(),
            crypto: SeededCrypto { inner: Inner::default(), suite, key: stream.bytes(32) },
            rand: SeededRand(Mutex::new(stream)),
        }
    }
}

impl OpenMlsProvider for Seeded {
    type CryptoProvider = SeededCrypto;
    type RandProvider = SeededRand;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        self.inner.storage()
    }

    fn crypto(&self) -> &SeededCrypto {
        &self.crypto
    }

    fn rand(&self) -> &SeededRand {
        &self.rand
    }
}

pub(super) struct SeededRand(Mutex<Stream>);

impl OpenMlsRand for SeededRand {
    type Error = core::convert::Infallible;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], Self::Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).array())
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, Self::Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes(len))
    }
}

/// OpenMLS's own primitives, but for the operations that draw inside.
pub(super) struct SeededCrypto {
    inner: Inner,
    suite: RustCrypto,
    key: Vec<u8>,
}

impl SeededCrypto {
    /// What an encryption of these inputs draws.
    fn drawn(&self, inputs: &[&[u8]]) -> Stream {
        let mut hash = Sha256::new_with_prefix(&self.key);
        for input in inputs {
            hash.update((input.len() as u64).to_be_bytes());
            hash.update(input);
        }
        let hash = hex::encode(hash.finalize());
        Stream::new(&Seed::default(), "room: HPKE", &hash)
    }
}

impl OpenMlsCrypto for SeededCrypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        self.inner.supports(ciphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.inner.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<Bytes, CryptoError> {
        self.inner.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<Bytes, CryptoError> {
        self.inner.hmac(hash, key, message)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<Bytes, CryptoError> {
        self.inner.hkdf_expand(hash, prk, info, okm_len)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.inner.hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.inner.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.inner.aead_decrypt(alg, key, ct_tag, nonce, aad)
    }

    fn signature_key_gen(&self, _: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        // Signature keys are made by mimi-crypto.
        Err(CryptoError::InsufficientRandomness)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.inner.verify_signature(alg, data, pk, signature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.inner.sign(alg, data, key)
    }

    fn hpke_seal(
        &self,
        _: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let mut drawn = self.drawn(&[b"seal", pk_r, info, aad, ptxt]);
        let sealed = self
            .suite
            .hpke_seal(&HPKEPublicKey::from(pk_r), info, aad, ptxt, &mut drawn)
            .map_err(|_| CryptoError::HpkeEncryptionError)?;
        let (kem_output, ciphertext) = (sealed.kem_output.to_vec(), sealed.ciphertext.to_vec());
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.inner.hpke_open(config, input, sk_r, info, aad)
    }

    /// SetupBaseS and Export of RFC 9180 §5.1.1 and §5.3, for DHKEM(X25519, HKDF-SHA256).
    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        if (config.0, config.1) != (HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256) {
            return Err(CryptoError::UnsupportedCiphersuite);
        }
        let invalid = |_| CryptoError::InvalidLength;
        let ikm = self.drawn(&[b"export", pk_r, info, exporter_context]).bytes(32);
        let HpkeConfig(kem_id, kdf_id, aead_id) = config;
        let ids = [kem_id as u16, kdf_id as u16, aead_id as u16].map(u16::to_be_bytes);
        let ephemeral = self.inner.derive_hpke_keypair(HpkeConfig(kem_id, kdf_id, aead_id), &ikm)?;
        let private: [u8; 32] = ephemeral.private[..].try_into().map_err(invalid)?;
        let dh = x25519_dalek::x25519(private, pk_r.try_into().map_err(invalid)?);
        let kem = [&b"KEM"[..], &(kem_id as u16).to_be_bytes()].concat();
        let eae_prk = self.extract(&kem, b"", b"eae_prk", &dh)?;
        let kem_context = [&ephemeral.public[..], pk_r].concat();
        let shared_secret = self.expand(&kem, &eae_prk, b"shared_secret", &kem_context, 32)?;

        let hpke = [&b"HPKE"[..], &ids.concat()].concat();
        let psk_id_hash = self.extract(&hpke, b"", b"psk_id_hash", b"")?;
        let info_hash = self.extract(&hpke, b"", b"info_hash", info)?;
        let context = [&[0][..], psk_id_hash.as_slice(), info_hash.as_slice()].concat();
        let secret = self.extract(&hpke, shared_secret.as_slice(), b"secret", b"")?;
        let exporter = self.expand(&hpke, &secret, b"exp", &context, 32)?;
        let exported = self.expand(&hpke, &exporter, b"sec", exporter_context, exporter_length)?;
        Ok((ephemeral.public, exported.as_slice().to_vec().into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        self.inner.hpke_setup_receiver_and_export(config, enc, sk_r, info, exporter_context, exporter_length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        self.inner.derive_hpke_keypair(config, ikm)
    }
}

/// The secrets that OpenMLS's primitives give.
type Bytes = openmls::prelude::tls_codec::SecretVLBytes;

impl SeededCrypto {
    fn extract(&self, suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Result<Bytes, CryptoError> {
        self.inner.hkdf_extract(HashType::Sha2_256, salt, &[b"HPKE-v1", suite, label, ikm].concat())
    }

    fn expand(
        &self,
        suite: &[u8],
        prk: &Bytes,
        label: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<Bytes, CryptoError> {
        let short = u16::try_from(length).map_err(|_| CryptoError::InvalidLength)?;
        let info = [&short.to_be_bytes()[..], b"HPKE-v1", suite, label, info].concat();
        self.inner.hkdf_expand(HashType::Sha2_256, prk.as_slice(), &info, length)
    }
}

/// A signature key of a client or a hub. Its suites are those whose signatures draw nothing.
pub(super) struct Key {
    suite: RustCrypto,
    private: SignaturePrivateKey,
    key: RustCryptoSigningKey,
}

impl Key {
    pub(super) fn new(number: CipherSuite, stream: &mut Stream) -> Result<Self, mimi_crypto::CryptoError> {
        let suite = RustCrypto::new(number)?;
        let private = suite.generate_signature_key(stream)?;
        let key = suite.signing_key(&private)?;
        Ok(Self { suite, private, key })
    }

    pub(super) const fn signing_key(&self) -> &RustCryptoSigningKey {
        &self.key
    }

    pub(super) const fn private(&self) -> &SignaturePrivateKey {
        &self.private
    }

    pub(super) fn public(&self) -> mimi_codec::mls::SignaturePublicKey {
        self.suite.signature_public_key(&self.key)
    }
}

impl Signer for Key {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        let mut rng = crate::kind::judgement::NoRandomness;
        self.suite.sign(&self.key, payload, &mut rng).map_err(|_| SignerError::SigningError)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

#[cfg(test)]
mod tests {
    use openmls_traits::types::HpkeAeadType;

    use super::*;

    #[test]
    fn a_receiver_exports_what_the_seeded_sender_exported() {
        let seeded = Seeded::new(&Seed::default(), "test", RustCrypto::new(CipherSuite(1)).unwrap());
        let config = || HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128);
        let receiver = seeded.crypto().derive_hpke_keypair(config(), &[7; 32]).unwrap();
        let make = || {
            let crypto = seeded.crypto();
            crypto.hpke_setup_sender_and_export(config(), &receiver.public, b"info", b"context", 32).unwrap()
        };
        let (sent, exported) = make();
        let opened = Inner::default()
            .hpke_setup_receiver_and_export(config(), &sent, &receiver.private, b"info", b"context", 32)
            .unwrap();
        assert_eq!(&*opened, &*exported);
        assert_eq!(make().0, sent);
    }
}
