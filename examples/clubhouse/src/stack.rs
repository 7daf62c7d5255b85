//! What OpenMLS needs to know here beside `mimi-openmls`: the suite, the signer, the capabilities.

use std::sync::{Arc, Mutex, PoisonError};

use mimi_codec::{
    Decode,
    code_points::CipherSuite,
    mls::{Credential, SignaturePublicKey},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto};
pub use mimi_openmls::{of_openmls, to_openmls};
use openmls::prelude::{self as mls, Ciphersuite, CredentialWithKey, SignatureScheme};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::signatures::{Signer, SignerError};
use rand_chacha::ChaCha20Rng;

use crate::{Result, ensure, sealed};

/// OpenMLS's cryptography, and its storage in memory.
pub type Mls = Arc<OpenMlsRustCrypto>;

/// For how many epochs clients still open messages.
pub const PAST_EPOCHS: usize = 2;

/// The cipher suite with this number, if both this workspace and OpenMLS's provider have it.
///
/// # Errors
/// If one of them lacks it.
pub fn suite(number: u16) -> Result<RustCrypto> {
    ensure!((1..=3).contains(&number), "OpenMLS's provider has the suites 1, 2 and 3");
    Ok(RustCrypto::new(CipherSuite(number))?)
}

/// The cipher suite under OpenMLS's name.
///
/// # Errors
/// If OpenMLS does not know it.
pub fn ciphersuite(suite: &RustCrypto) -> Result<Ciphersuite> {
    Ok(Ciphersuite::try_from(suite.parameters().cipher_suite.0)?)
}

/// A client's signature key. OpenMLS signs its messages with it, `mimi-crypto` the requests to
/// endpoints.
pub struct ClientKey {
    suite: RustCrypto,
    scheme: SignatureScheme,
    signing_key: <RustCrypto as CipherSuiteProvider>::SigningKey,
    /// OpenMLS hands no generator to a signer, and ECDSA needs one.
    rng: Mutex<ChaCha20Rng>,
}

impl ClientKey {
    /// A new key; the generator makes it, and stays with it.
    ///
    /// # Errors
    /// If the generator gives no key.
    pub fn generate(suite: RustCrypto, mut rng: ChaCha20Rng) -> Result<Self> {
        let private_key = suite.generate_signature_key(&mut rng)?;
        Ok(Self {
            suite,
            scheme: ciphersuite(&suite)?.signature_algorithm(),
            signing_key: suite.signing_key(&private_key)?,
            rng: Mutex::new(rng),
        })
    }

    /// The private half, for what OpenMLS does not sign.
    #[must_use]
    pub const fn signing_key(&self) -> &<RustCrypto as CipherSuiteProvider>::SigningKey {
        &self.signing_key
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> SignaturePublicKey {
        self.suite.signature_public_key(&self.signing_key)
    }

    /// A credential with this key, for OpenMLS.
    ///
    /// # Errors
    /// If OpenMLS refuses the credential.
    pub fn with(&self, credential: &Credential) -> Result<CredentialWithKey> {
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
        self.scheme
    }
}

/// What the clients of this program support.
#[must_use]
pub fn capabilities() -> mls::Capabilities {
    let sealed = sealed::extension_types();
    mls::Capabilities::builder()
        .extensions([mls::ExtensionType::AppDataDictionary].into_iter().chain(sealed).collect())
        .proposals(vec![
            mls::ProposalType::AppDataUpdate,
            mls::ProposalType::AppEphemeral,
            mls::ProposalType::SelfRemove,
        ])
        .build()
}

/// Whether a body is what its name says.
///
/// # Errors
/// What decoding says.
pub fn decode<'a, T: Decode<'a>>(body: &'a [u8]) -> Result<T> {
    Ok(T::decode_exact(body)?)
}
