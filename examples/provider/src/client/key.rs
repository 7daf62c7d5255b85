//! A client's signature key: OpenMLS signs with it, and `mimi-crypto` the requests to endpoints.

use std::sync::{Mutex, PoisonError};

use mimi_codec::mls::{Credential, SignaturePublicKey};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, SignaturePrivateKey};
use mimi_openmls::to_openmls;
use openmls::prelude::{CredentialWithKey, SignatureScheme};
use openmls_traits::signatures::{Signer, SignerError};
use rand_chacha::ChaCha20Rng;
use rand_core::CryptoRng;

use crate::{Result, engine::generator, identity::suite};

pub(super) struct ClientKey {
    suite: RustCrypto,
    signing_key: <RustCrypto as CipherSuiteProvider>::SigningKey,
    /// OpenMLS hands no generator to a signer.
    rng: Mutex<ChaCha20Rng>,
}

impl ClientKey {
    pub(super) fn generate(rng: &mut dyn CryptoRng) -> Result<SignaturePrivateKey> {
        Ok(suite()?.generate_signature_key(rng)?)
    }

    pub(super) fn new(private: &SignaturePrivateKey) -> Result<Self> {
        let suite = suite()?;
        Ok(Self { suite, signing_key: suite.signing_key(private)?, rng: Mutex::new(generator()?) })
    }

    pub(super) const fn signing_key(&self) -> &<RustCrypto as CipherSuiteProvider>::SigningKey {
        &self.signing_key
    }

    pub(super) fn public_key(&self) -> SignaturePublicKey {
        self.suite.signature_public_key(&self.signing_key)
    }

    pub(super) fn with(&self, credential: &Credential) -> Result<CredentialWithKey> {
        let signature_key = self.public_key().to_vec().into();
        Ok(CredentialWithKey { credential: to_openmls(credential)?, signature_key })
    }
}

impl Signer for ClientKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        self.suite.sign(&self.signing_key, payload, &mut *rng).map_err(|_| SignerError::SigningError)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
