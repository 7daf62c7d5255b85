//! Making cases of `identity-link`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mimi_codec::{
    Decode, DnsNameRef, Encode, IdentityError, Opaque,
    minimal_metadata::{EncryptedIdentityLinkKey, NonceAndCiphertext},
    mls::{Certificate, Credential, SignaturePublicKey},
    protocol::{IdentifierUri, IdentityLinkTBE, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{CipherSuiteProvider, CryptoError, RustCrypto, sign_with_label};
use mimi_pseudonym::{
    ConnectionKey, PseudonymError, pseudonym_provider, random_client_pseudonym, random_user_pseudonym,
};

use super::{Input, Stop, TBS_LABEL, open, seal};
use crate::file_format::{GenerateError, GeneratedCase, POST_QUANTUM_SUITES, Seed, Stream, suites};

impl From<Stop> for GenerateError {
    fn from(stop: Stop) -> Self {
        Self::Defect(format!("{stop}"))
    }
}

/// A case's bytes as a generator.
pub(in crate::kind) struct Randomness(pub(in crate::kind) Stream);

impl rand_core::TryRng for Randomness {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_be_bytes(self.0.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_be_bytes(self.0.array()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.copy_from_slice(&self.0.bytes(bytes.len()));
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Randomness {}

/// What a case is made of. An invalid one has a wrong ingredient, or its results are damaged.
struct Ingredients {
    connection_key: Vec<u8>,
    tbs: PseudonymousCredentialTBS,
    /// What is signed, what the link and the wrapped key are bound to: the TBS, if all is right.
    signed: Vec<u8>,
    link_aad: Vec<u8>,
    wrap_aad: Vec<u8>,
    client_credential: Credential,
    signing_key: Vec<u8>,
    claimed_signing_key: Vec<u8>,
    behind_tbe: Vec<u8>,
    wrapped: Option<Vec<u8>>,
    wrapper_key: Vec<u8>,
    wrapper_key_of_room: Vec<u8>,
    link_nonce: Vec<u8>,
    wrap_nonce: Vec<u8>,
}

fn ingredients(suite: &RustCrypto, rng: &mut Randomness) -> Result<Ingredients, GenerateError> {
    let provider = DnsNameRef::parse("a.example").map_err(PseudonymError::from)?;
    let signing_key = suite.generate_signature_key(rng)?.expose().to_vec();
    let room_key = suite.signing_key(&suite.generate_signature_key(rng)?)?;
    let tbs = PseudonymousCredentialTBS {
        client_pseudonym: random_client_pseudonym(provider, rng)?,
        user_pseudonym: random_user_pseudonym(provider, rng)?,
        signature_public_key: suite.signature_public_key(&room_key),
    };
    let bytes = tbs.to_bytes()?;
    let sizes = *suite.parameters();
    let wrapper_key = rng.0.bytes(sizes.nh);
    Ok(Ingredients {
        connection_key: rng.0.bytes(sizes.nh),
        tbs,
        signed: bytes.clone(),
        link_aad: bytes.clone(),
        wrap_aad: bytes,
        client_credential: Credential::Basic { identity: "mimi://a.example/d/alice-phone".into() },
        claimed_signing_key: signing_key.clone(),
        signing_key,
        behind_tbe: Vec::new(),
        wrapped: None,
        wrapper_key_of_room: wrapper_key.clone(),
        wrapper_key,
        link_nonce: rng.0.bytes(sizes.nn),
        wrap_nonce: rng.0.bytes(sizes.nn),
    })
}

fn make(suite: &RustCrypto, of: &Ingredients, rng: &mut Randomness) -> Result<Input, GenerateError> {
    let key = |bytes: &[u8]| -> Result<_, CryptoError> {
        suite.signing_key(&mimi_crypto::SignaturePrivateKey::new(suite, bytes)?)
    };
    let signature = sign_with_label(suite, &key(&of.signing_key)?, TBS_LABEL, &of.signed, rng)?;
    let link = IdentityLinkTBE {
        pseudonymous_credential_signature: signature.as_slice().into(),
        client_credential: of.client_credential.clone(),
    };
    let identity_link_tbe = [link.to_bytes()?, of.behind_tbe.clone()].concat();
    let connection_key = ConnectionKey::new(suite, &of.connection_key)?;
    let identity_link_key = connection_key.identity_link_key(suite, &of.tbs)?.expose().to_vec();
    let link_secret = (&*identity_link_key, &b"IdentityLinkEncryptionKey"[..]);
    let sealed = seal(suite, link_secret, &of.link_nonce, &of.link_aad, &identity_link_tbe)?;
    let wrapped = of.wrapped.as_ref().unwrap_or(&identity_link_key);
    let wrap_secret = (&*of.wrapper_key, &b"IdentityLinkWrapEncryptionKey"[..]);
    let encrypted = seal(suite, wrap_secret, &of.wrap_nonce, &of.wrap_aad, wrapped)?;
    Ok(Input {
        cipher_suite: suite.parameters().cipher_suite.value(),
        connection_key: of.connection_key.clone(),
        client_pseudonym: of.tbs.client_pseudonym.as_bytes().to_vec(),
        user_pseudonym: of.tbs.user_pseudonym.as_bytes().to_vec(),
        pseudonym_signature_public_key: of.tbs.signature_public_key.to_vec(),
        credential_tbs: of.tbs.to_bytes()?,
        identity_link_key,
        client_credential: of.client_credential.to_bytes()?,
        client_signature_private_key: of.claimed_signing_key.clone(),
        client_signature_public_key: suite.signature_public_key(&key(&of.claimed_signing_key)?).to_vec(),
        pseudonymous_credential_signature: signature,
        identity_link_tbe,
        link_nonce: of.link_nonce.clone(),
        pseudonymous_credential: of.tbs.clone().with_identity_link(sealed.into()).to_bytes()?,
        identity_link_wrapper_key: of.wrapper_key_of_room.clone(),
        wrap_nonce: of.wrap_nonce.clone(),
        encrypted_identity_link_key: EncryptedIdentityLinkKey { ciphertext: encrypted.into() }.to_bytes()?,
    })
}

fn write(case: GeneratedCase, input: &Input) -> Result<GeneratedCase, GenerateError> {
    let text = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|error| GenerateError::Defect(format!("{error}")))
    };
    Ok(case
        .json_member("cipher_suite", format!("{}", input.cipher_suite))
        .hex("connection_key", &input.connection_key)
        .text("client_pseudonym", &text(&input.client_pseudonym)?)
        .text("user_pseudonym", &text(&input.user_pseudonym)?)
        .hex("pseudonym_signature_public_key", &input.pseudonym_signature_public_key)
        .hex("credential_tbs", &input.credential_tbs)
        .hex("identity_link_key", &input.identity_link_key)
        .hex("client_credential", &input.client_credential)
        .hex("client_signature_private_key", &input.client_signature_private_key)
        .hex("client_signature_public_key", &input.client_signature_public_key)
        .hex("pseudonymous_credential_signature", &input.pseudonymous_credential_signature)
        .hex("identity_link_tbe", &input.identity_link_tbe)
        .hex("link_nonce", &input.link_nonce)
        .hex("pseudonymous_credential", &input.pseudonymous_credential)
        .hex("identity_link_wrapper_key", &input.identity_link_wrapper_key)
        .hex("wrap_nonce", &input.wrap_nonce)
        .hex("encrypted_identity_link_key", &input.encrypted_identity_link_key))
}

/// A rule that an invalid case breaks: its name, why, the error it ends in, and the wrong
/// ingredient or the damage.
struct Rule {
    name: &'static str,
    reason: &'static str,
    refused: fn(&PseudonymError) -> bool,
    spoil: fn(&mut Ingredients, &RustCrypto, &mut Randomness) -> Result<(), GenerateError>,
    damage: fn(&mut Input),
}

const AS_IT_IS: fn(&mut Input) = |_| {};
type Spoil = fn(&mut Ingredients, &RustCrypto, &mut Randomness) -> Result<(), GenerateError>;
const NOTHING_WRONG: Spoil = |_, _, _| Ok(());

fn flip_last(bytes: &mut [u8]) {
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
}

/// A wrapped key whose nonce lost its last byte.
fn with_a_shorter_nonce(encrypted: &[u8]) -> Option<Vec<u8>> {
    let key = EncryptedIdentityLinkKey::decode_exact(encrypted).ok()?;
    let sealed = NonceAndCiphertext::decode_exact(&key.ciphertext).ok()?;
    let (_, nonce) = sealed.nonce.split_last()?;
    let sealed = NonceAndCiphertext { nonce: nonce.into(), ciphertext: sealed.ciphertext };
    EncryptedIdentityLinkKey { ciphertext: sealed.to_bytes().ok()?.into() }.to_bytes().ok()
}

type Names = fn(&mut PseudonymousCredentialTBS) -> Result<(), GenerateError>;

/// Pseudonyms that do not count, under which all else is as it should be.
fn renamed(of: &mut Ingredients, rename: Names) -> Result<(), GenerateError> {
    rename(&mut of.tbs)?;
    let bytes = of.tbs.to_bytes()?;
    (of.signed, of.link_aad, of.wrap_aad) = (bytes.clone(), bytes.clone(), bytes);
    Ok(())
}

fn uri(text: &str) -> Result<IdentifierUri, GenerateError> {
    IdentifierUri::new(text).map_err(|error| GenerateError::Defect(format!("{error}")))
}

/// A real client that says this about itself.
fn known_as(of: &mut Ingredients, identity: &str) -> Result<(), GenerateError> {
    of.client_credential = Credential::Basic { identity: identity.into() };
    Ok(())
}

/// The credential without its link.
fn without_link(credential: &[u8]) -> Option<Vec<u8>> {
    let credential = PseudonymousCredential::decode_exact(credential).ok()?;
    credential.tbs().with_identity_link(Opaque::default()).to_bytes().ok()
}

/// The bytes of another credential's TBS.
fn another_tbs(suite: &RustCrypto, rng: &mut Randomness) -> Result<Vec<u8>, GenerateError> {
    Ok(ingredients(suite, rng)?.signed)
}

fn root(error: &PseudonymError) -> &PseudonymError {
    match error {
        PseudonymError::Leaf { error, .. } => error,
        error => error,
    }
}

const RULES: &[Rule] = &[
    Rule {
        name: "wrapper key of another room",
        reason: "the key is wrapped under another wrapper key",
        refused: |error| *error == PseudonymError::WrappedKeyDoesNotOpen,
        spoil: |of, suite, rng| {
            of.wrapper_key_of_room = rng.0.bytes(suite.parameters().nh);
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "wrapped key of another leaf",
        reason: "a wrapped key is bound to the TBS of its leaf's credential",
        refused: |error| *error == PseudonymError::WrappedKeyDoesNotOpen,
        spoil: |of, suite, rng| {
            of.wrap_aad = another_tbs(suite, rng)?;
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "wrapped key not bound to anything",
        reason: "the AAD is the TBS, not empty",
        refused: |error| *error == PseudonymError::WrappedKeyDoesNotOpen,
        spoil: |of, _, _| {
            of.wrap_aad.clear();
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "wrapped key changed",
        reason: "the tag of the wrapped key doesn't verify",
        refused: |error| *error == PseudonymError::WrappedKeyDoesNotOpen,
        spoil: NOTHING_WRONG,
        damage: |input| flip_last(&mut input.encrypted_identity_link_key),
    },
    Rule {
        name: "wrapped key one byte short",
        reason: "an identity_link_key has KDF.Nh bytes",
        refused: |error| {
            matches!(
                error,
                PseudonymError::Crypto(CryptoError::InvalidLength { what: "identity_link_key", .. })
            )
        },
        spoil: |of, suite, rng| {
            of.wrapped = Some(rng.0.bytes(suite.parameters().nh.saturating_sub(1)));
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "another link key wrapped",
        reason: "the wrapped key isn't that of this credential's link: the adder lies",
        refused: |error| *error == PseudonymError::IdentityLinkDoesNotOpen,
        spoil: |of, suite, rng| {
            of.wrapped = Some(rng.0.bytes(suite.parameters().nh));
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "link of another credential",
        reason: "the link is bound to the TBS of its credential: a user took it over",
        refused: |error| *error == PseudonymError::IdentityLinkDoesNotOpen,
        spoil: |of, suite, rng| {
            of.link_aad = another_tbs(suite, rng)?;
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "link changed",
        reason: "the tag of the link doesn't verify",
        refused: |error| *error == PseudonymError::IdentityLinkDoesNotOpen,
        spoil: NOTHING_WRONG,
        damage: |input| flip_last(&mut input.pseudonymous_credential),
    },
    Rule {
        name: "nonce of 11 bytes",
        reason: "a nonce has AEAD.Nn bytes",
        refused: |error| {
            matches!(error, PseudonymError::Crypto(CryptoError::InvalidLength { what: "AEAD nonce", .. }))
        },
        spoil: NOTHING_WRONG,
        damage: |input| {
            if let Some(shorter) = with_a_shorter_nonce(&input.encrypted_identity_link_key) {
                input.encrypted_identity_link_key = shorter;
            }
        },
    },
    Rule {
        name: "byte behind the identity_link_tbe",
        reason: "what was sealed is exactly an IdentityLinkTBE",
        refused: |error| matches!(error, PseudonymError::Decode(_)),
        spoil: |of, _, _| {
            of.behind_tbe.push(0);
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "signed by another key",
        reason: "the real credential's key signs",
        refused: |error| *error == PseudonymError::IdentityLinkSignature,
        spoil: |of, suite, rng| {
            of.signing_key = suite.generate_signature_key(rng)?.expose().to_vec();
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "signed for other pseudonyms",
        reason: "the signature is over the TBS of another credential: a user links another's to itself",
        refused: |error| *error == PseudonymError::IdentityLinkSignature,
        spoil: |of, suite, rng| {
            of.signed = another_tbs(suite, rng)?;
            Ok(())
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "user pseudonym in another spelling",
        reason: "a MIMI URI counts in its normal form only",
        refused: |error| *error == PseudonymError::Identity(IdentityError::NotNormal { offset: 7 }),
        spoil: |of, _, _| {
            renamed(of, |tbs| {
                tbs.user_pseudonym = uri("mimi://A.example/u/3f2504e0-4f89-41d3-9a0c-0305e82c3301")?;
                Ok(())
            })
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "client pseudonym in another spelling",
        reason: "a MIMI URI counts in its normal form only",
        refused: |error| *error == PseudonymError::Identity(IdentityError::NotNormal { offset: 19 }),
        spoil: |of, _, _| {
            renamed(of, |tbs| {
                tbs.client_pseudonym = uri("mimi://a.example/d/%33f2504e0-4f89-41d3-9a0c-0305e82c3301")?;
                Ok(())
            })
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "user pseudonym that is no MIMI URI",
        reason: "the provider of a pseudonym is the host of its MIMI URI",
        refused: |error| matches!(error, PseudonymError::InvalidPseudonym(_)),
        spoil: |of, _, _| {
            renamed(of, |tbs| {
                tbs.user_pseudonym = uri("im:3f2504e0-4f89-41d3-9a0c-0305e82c3301@a.example")?;
                Ok(())
            })
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "pseudonyms of two providers",
        reason: "user and client are of one provider",
        refused: |error| *error == PseudonymError::ProviderMismatch,
        spoil: |of, _, _| {
            renamed(of, |tbs| {
                tbs.client_pseudonym = uri("mimi://b.example/d/3f2504e0-4f89-41d3-9a0c-0305e82c3301")?;
                Ok(())
            })
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "real client of another provider",
        reason: "a pseudonym and the client behind it are of one provider",
        refused: |error| *error == PseudonymError::ProviderMismatch,
        spoil: |of, _, _| known_as(of, "mimi://b.example/d/alice-phone"),
        damage: AS_IT_IS,
    },
    Rule {
        name: "real client in another spelling",
        reason: "a MIMI URI counts in its normal form only",
        refused: |error| *error == PseudonymError::CredentialRefused,
        spoil: |of, _, _| known_as(of, "mimi://a.example/d/%61lice-phone"),
        damage: AS_IT_IS,
    },
    Rule {
        name: "credential without a link",
        reason: "there is nothing that the wrapped key could open",
        refused: |error| *error == PseudonymError::KeyWithoutIdentityLink,
        spoil: NOTHING_WRONG,
        damage: |input| {
            if let Some(unlinked) = without_link(&input.pseudonymous_credential) {
                input.pseudonymous_credential = unlinked;
            }
        },
    },
];

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    for number in suites() {
        let suite = RustCrypto::new(number)?;
        let prefix = format!("suite {}", number.value());
        let randomness = |name: &str| Randomness(Stream::new(seed, "identity-link", name));

        let name = format!("{prefix}: basic credential");
        let mut rng = randomness(&name);
        let of = ingredients(&suite, &mut rng)?;
        cases.push(write(GeneratedCase::new(&name), &make(&suite, &of, &mut rng)?)?);

        let name = format!("{prefix}: X.509 chain, and pseudonyms that are no UUIDs");
        let mut rng = randomness(&name);
        let mut of = ingredients(&suite, &mut rng)?;
        let certificates = [90, 60].map(|length| Certificate { cert_data: rng.0.bytes(length).into() });
        of.client_credential = Credential::X509 { certificates: certificates.to_vec() };
        of.tbs = PseudonymousCredentialTBS {
            client_pseudonym: uri("mimi://a.example/d/7")?,
            user_pseudonym: uri("mimi://a.example/u/somebody")?,
            signature_public_key: SignaturePublicKey::new(of.tbs.signature_public_key.to_vec()),
        };
        pseudonym_provider(&of.tbs.client_pseudonym, &of.tbs.user_pseudonym)?;
        let bytes = of.tbs.to_bytes()?;
        (of.signed, of.link_aad, of.wrap_aad) = (bytes.clone(), bytes.clone(), bytes);
        cases.push(write(GeneratedCase::new(&name), &make(&suite, &of, &mut rng)?)?);

        if POST_QUANTUM_SUITES.contains(&number) {
            continue;
        }
        for rule in RULES {
            let name = format!("{prefix}: {}", rule.name);
            let mut rng = randomness(&name);
            let input = spoiled(rule, &suite, &mut rng)?;
            // A case that is refused for another reason shows nothing.
            match open(&suite, &input) {
                Err(error) if (rule.refused)(root(&error)) => {}
                other => return Err(GenerateError::Defect(format!("{name}: {other:?}"))),
            }
            cases.push(write(GeneratedCase::invalid(&name, rule.reason), &input)?);
        }
    }
    Ok(cases)
}

fn spoiled(rule: &Rule, suite: &RustCrypto, rng: &mut Randomness) -> Result<Input, GenerateError> {
    let mut of = ingredients(suite, rng)?;
    (rule.spoil)(&mut of, suite, rng)?;
    let mut input = make(suite, &of, rng)?;
    (rule.damage)(&mut input);
    Ok(input)
}
