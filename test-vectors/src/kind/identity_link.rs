//! The kind `identity-link`: a pseudonymous credential, from its real credential to the wrapped key
//! and back.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::format;
use alloc::vec::Vec;

use mimi_codec::{
    ClientUri, Decode, Encode, MimiUri,
    minimal_metadata::{EncryptedIdentityLinkKey, IdentityLinkKeysData, NonceAndCiphertext},
    mls::{Credential, SignaturePublicKey},
    protocol::{IdentifierUri, IdentityLinkTBE, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, CryptoError, RustCrypto, Secret, SignaturePrivateKey, expand_with_label,
    sign_with_label, verify_with_label,
};
use mimi_pseudonym::{
    CheckedClient, CredentialCheckError, IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves,
    RoomView, VerifiedIdentity,
};

#[cfg(feature = "generate")]
pub(super) use generated::Randomness;

pub(super) use super::judgement::known_suite as suite;
use super::{Kind, judgement};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct IdentityLink;

const TBS_LABEL: &[u8] = b"PseudonymousCredentialTBS";

impl Kind for IdentityLink {
    fn name(&self) -> &'static str {
        "identity-link"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-kohbrok-mimi-metadata-minimalization-02", "draft-ietf-mimi-protocol-06"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        // What a case of an unknown suite holds is not judged.
        let Some(_) = judgement::suite(case) else { return };
        if let Some(input) = Input::read(case) {
            check(case, &input);
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let Some(_) = judgement::suite(case) else { return };
        let Some(input) = Input::read(case) else { return };
        let opens = input.suite(case).is_some_and(|suite| open(&suite, &input).is_ok());
        if opens && case.passes(|case| check(case, &input)) {
            let reason = case.optional("reason").and_then(|reason| reason.as_str()).unwrap_or_default();
            case.fail("pseudonymous_credential", format!("to be refused: {reason}"), "accepted");
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        generated::cases(seed)
    }
}

/// The members of a case, as they stand there.
struct Input {
    cipher_suite: u16,
    connection_key: Vec<u8>,
    client_pseudonym: Vec<u8>,
    user_pseudonym: Vec<u8>,
    pseudonym_signature_public_key: Vec<u8>,
    credential_tbs: Vec<u8>,
    identity_link_key: Vec<u8>,
    client_credential: Vec<u8>,
    client_signature_private_key: Vec<u8>,
    client_signature_public_key: Vec<u8>,
    pseudonymous_credential_signature: Vec<u8>,
    identity_link_tbe: Vec<u8>,
    link_nonce: Vec<u8>,
    pseudonymous_credential: Vec<u8>,
    identity_link_wrapper_key: Vec<u8>,
    wrap_nonce: Vec<u8>,
    encrypted_identity_link_key: Vec<u8>,
}

impl Input {
    /// Every member that is missing or ill-typed is noted.
    fn read(case: &mut Case<'_>) -> Option<Self> {
        let cipher_suite = case.structured::<u16>("cipher_suite", "the number of a cipher suite");
        let texts = ["client_pseudonym", "user_pseudonym"].map(|field| case.text(field).map(Vec::from));
        let bytes = [
            "connection_key",
            "pseudonym_signature_public_key",
            "credential_tbs",
            "identity_link_key",
            "client_credential",
            "client_signature_private_key",
            "client_signature_public_key",
            "pseudonymous_credential_signature",
            "identity_link_tbe",
            "link_nonce",
            "pseudonymous_credential",
            "identity_link_wrapper_key",
            "wrap_nonce",
            "encrypted_identity_link_key",
        ]
        .map(|field| case.bytes(field));
        let [client_pseudonym, user_pseudonym] = texts;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = bytes;
        Some(Self {
            cipher_suite: cipher_suite?.1,
            client_pseudonym: client_pseudonym?,
            user_pseudonym: user_pseudonym?,
            connection_key: a?,
            pseudonym_signature_public_key: b?,
            credential_tbs: c?,
            identity_link_key: d?,
            client_credential: e?,
            client_signature_private_key: f?,
            client_signature_public_key: g?,
            pseudonymous_credential_signature: h?,
            identity_link_tbe: i?,
            link_nonce: j?,
            pseudonymous_credential: k?,
            identity_link_wrapper_key: l?,
            wrap_nonce: m?,
            encrypted_identity_link_key: n?,
        })
    }

    fn suite(&self, case: &mut Case<'_>) -> Option<RustCrypto> {
        suite(case, self.cipher_suite)
    }
}

/// What stops a check of one member, for the report.
#[derive(Debug)]
pub(super) enum Stop {
    Crypto(CryptoError),
    Codec(alloc::string::String),
}

impl From<CryptoError> for Stop {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

macro_rules! codec {
    ($($error:ty),*) => {$(
        impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                Self::Codec(format!("{error}"))
            }
        }
    )*};
}

codec!(mimi_codec::DecodeError, mimi_codec::EncodeError, mimi_codec::InvalidValueError);

impl core::fmt::Display for Stop {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Crypto(error) => write!(f, "refused: {error}"),
            Self::Codec(error) => write!(f, "refused: {error}"),
        }
    }
}

/// Notes a failure unless `found` is what the case has.
pub(super) fn recomputed(case: &mut Case<'_>, field: &str, expected: &[u8], found: Result<Vec<u8>, Stop>) {
    match found {
        Ok(found) => case.same_bytes(field, expected, &found),
        Err(error) => case.fail(field, hex::encode(expected), error),
    }
}

fn tbs(input: &Input) -> Result<Vec<u8>, Stop> {
    let tbs = PseudonymousCredentialTBS {
        client_pseudonym: IdentifierUri::new(input.client_pseudonym.as_slice())?,
        user_pseudonym: IdentifierUri::new(input.user_pseudonym.as_slice())?,
        signature_public_key: SignaturePublicKey::new(input.pseudonym_signature_public_key.as_slice()),
    };
    Ok(tbs.to_bytes()?)
}

fn tbe(input: &Input) -> Result<Vec<u8>, Stop> {
    let link = IdentityLinkTBE {
        pseudonymous_credential_signature: input.pseudonymous_credential_signature.as_slice().into(),
        client_credential: Credential::decode_exact(&input.client_credential)?,
    };
    Ok(link.to_bytes()?)
}

/// A NonceAndCiphertext under a key that is expanded from `secret` with `label`.
pub(super) fn seal(
    suite: &RustCrypto,
    (secret, label): (&[u8], &[u8]),
    nonce: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, Stop> {
    let key = expand_with_label(suite, &Secret::new(suite, secret)?, label, b"", suite.parameters().nk)?;
    let ciphertext = suite.aead_seal(&AeadKey::from_secret(suite, key)?, nonce, aad, plaintext)?;
    Ok(NonceAndCiphertext { nonce: nonce.into(), ciphertext: ciphertext.into() }.to_bytes()?)
}

fn credential(suite: &RustCrypto, input: &Input) -> Result<Vec<u8>, Stop> {
    let secret = (&*input.identity_link_key, &b"IdentityLinkEncryptionKey"[..]);
    let sealed = seal(suite, secret, &input.link_nonce, &input.credential_tbs, &input.identity_link_tbe)?;
    let tbs = PseudonymousCredentialTBS::decode_exact(&input.credential_tbs)?;
    Ok(tbs.with_identity_link(sealed.into()).to_bytes()?)
}

fn wrapped(suite: &RustCrypto, input: &Input) -> Result<Vec<u8>, Stop> {
    let secret = (&*input.identity_link_wrapper_key, &b"IdentityLinkWrapEncryptionKey"[..]);
    let sealed = seal(suite, secret, &input.wrap_nonce, &input.credential_tbs, &input.identity_link_key)?;
    Ok(EncryptedIdentityLinkKey { ciphertext: sealed.into() }.to_bytes()?)
}

/// Recomputes all that is deterministic, with the primitives, and opens all that is sealed, with
/// `mimi-pseudonym`.
fn check(case: &mut Case<'_>, input: &Input) {
    let Some(suite) = input.suite(case) else { return };
    recomputed(case, "credential_tbs", &input.credential_tbs, tbs(input));
    let link_key = || {
        let (secret, context) = (Secret::new(&suite, &*input.connection_key)?, &input.credential_tbs);
        let key = expand_with_label(&suite, &secret, b"IdentityLinkKey", context, suite.parameters().nh)?;
        Ok(key.expose().to_vec())
    };
    recomputed(case, "identity_link_key", &input.identity_link_key, link_key());
    let signing_key = SignaturePrivateKey::new(&suite, &*input.client_signature_private_key)
        .and_then(|private_key| suite.signing_key(&private_key));
    let public_key = signing_key.as_ref().map(|key| suite.signature_public_key(key).to_vec());
    let public_key = public_key.map_err(|error| Stop::Crypto(error.clone()));
    recomputed(case, "client_signature_public_key", &input.client_signature_public_key, public_key);
    // Only Ed25519 has public keys of 32 bytes, and is deterministic.
    if let (Ok(signing_key), 32) = (&signing_key, suite.parameters().signature_public_key) {
        let signature =
            sign_with_label(&suite, signing_key, TBS_LABEL, &input.credential_tbs, &mut NoRandomness);
        let expected = &input.pseudonymous_credential_signature;
        let found = signature.map_err(Stop::Crypto);
        recomputed(case, "pseudonymous_credential_signature", expected, found);
    }
    let public_key = SignaturePublicKey::new(&*input.client_signature_public_key);
    let signature = &input.pseudonymous_credential_signature;
    if let Err(error) = verify_with_label(&suite, &public_key, TBS_LABEL, &input.credential_tbs, signature) {
        case.fail("pseudonymous_credential_signature", "to verify", error);
    }
    recomputed(case, "identity_link_tbe", &input.identity_link_tbe, tbe(input));
    recomputed(case, "pseudonymous_credential", &input.pseudonymous_credential, credential(&suite, input));
    recomputed(
        case,
        "encrypted_identity_link_key",
        &input.encrypted_identity_link_key,
        wrapped(&suite, input),
    );
    match open(&suite, input) {
        Err(error) => case.fail("pseudonymous_credential", "to open", format!("refused: {error}")),
        Ok(identity) => {
            let opened = identity.client_credential().to_bytes().map_err(Stop::from);
            recomputed(case, "client_credential", &input.client_credential, opened);
        }
    }
}

/// From the credential and the wrapper key to the real client credential. What vouches for that is
/// the case itself: a basic credential with a MIMI URI names its client.
fn open(suite: &RustCrypto, input: &Input) -> Result<VerifiedIdentity<()>, PseudonymError> {
    let credential = PseudonymousCredential::decode_exact(&input.pseudonymous_credential)?;
    let key = EncryptedIdentityLinkKey::decode_exact(&input.encrypted_identity_link_key)?;
    let wrapper_key = IdentityLinkWrapperKey::new(suite, &input.identity_link_wrapper_key)?;
    // The case names no user: the pseudonym's provider has one.
    let user = MimiUri::user(credential.user_pseudonym.mimi_uri()?.host(), "user")?;
    let unnamed = MimiUri::client(user.host(), "client")?;
    let vouched = |credential: &Credential| {
        if credential.to_bytes().as_deref() != Ok(&*input.client_credential) {
            return Err(CredentialCheckError);
        }
        let client = match credential {
            Credential::Basic { identity } => {
                let named = ClientUri::new(identity.clone()).map_err(|_| CredentialCheckError)?;
                if named.mimi_uri().is_some() { named } else { (&unnamed).into() }
            }
            _ => (&unnamed).into(),
        };
        Ok(CheckedClient {
            user: (&user).into(),
            client,
            signature_public_key: SignaturePublicKey::new(&*input.client_signature_public_key),
            details: (),
        })
    };
    let leaves = RoomLeaves::new(Vec::from([Some(credential)]))?;
    let data = IdentityLinkKeysData { identity_link_key_ciphertexts: Vec::from([Some(key)]) };
    let link_keys = LinkKeys::new(data, &leaves)?;
    RoomView { leaves: &leaves, link_keys: &link_keys, wrapper_key: &wrapper_key }.open(suite, 0, &vouched)
}

/// For what takes a generator and, in a check, needs no secrecy of it.
pub(super) struct NoRandomness;

impl rand_core::TryRng for NoRandomness {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0x0707_0707)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0x0707_0707_0707_0707)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(7);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for NoRandomness {}
