//! Multi-credentials: what all members have to support, what has to be signed, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use mimi_codec::{
    Encode,
    code_points::{CipherSuite, CredentialType},
    mls::{
        Capabilities, Certificate, Credential, CredentialBinding, MultiCredential, SignaturePublicKey,
        WeakMultiCredential,
    },
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, RustCrypto, RustCryptoSigningKey, sign_credential_binding,
    verify_credential_binding, verify_multi_credential,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

fn provider(number: CipherSuite) -> Option<RustCrypto> {
    RustCrypto::new(number).ok()
}

fn key(suite: &RustCrypto, seed: u64) -> RustCryptoSigningKey {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap()
}

fn basic() -> Credential {
    Credential::Basic { identity: "mimi://a.example/d/alice/1".into() }
}

fn x509() -> Credential {
    Credential::X509 { certificates: vec![Certificate { cert_data: "certificate".into() }] }
}

/// A binding by the key of this seed.
fn binding(suite: u16, credential: Credential, seed: u64, leaf: &SignaturePublicKey) -> CredentialBinding {
    let suite = RustCrypto::new(CipherSuite(suite)).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    sign_credential_binding(&suite, &key(&suite, seed), credential, leaf, &mut rng).unwrap()
}

fn leaf() -> SignaturePublicKey {
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    suite.signature_public_key(&key(&suite, 99))
}

fn capabilities(suites: &[u16], credentials: &[CredentialType]) -> Capabilities {
    Capabilities {
        versions: vec![],
        cipher_suites: suites.iter().copied().map(CipherSuite).collect(),
        extensions: vec![],
        proposals: vec![],
        credentials: credentials.to_vec(),
    }
}

const BASIC: CredentialType = CredentialType::BASIC;
const X509: CredentialType = CredentialType::X509;
const MULTI: CredentialType = CredentialType::MULTI;
const WEAK_MULTI: CredentialType = CredentialType::WEAK_MULTI;

fn multi(bindings: Vec<CredentialBinding>) -> Credential {
    Credential::Multi(MultiCredential::new(bindings).unwrap())
}

fn weak_multi(bindings: Vec<CredentialBinding>) -> Credential {
    Credential::WeakMulti(WeakMultiCredential::new(bindings).unwrap())
}

#[test]
fn a_binding_signs_suite_credential_its_key_and_the_leafs() {
    for number in RustCrypto::CIPHER_SUITES {
        let suite = RustCrypto::new(number).unwrap();
        let bound = binding(number.value(), basic(), 1, &leaf());
        verify_credential_binding(&suite, &bound, &leaf()).unwrap();
        // CredentialBindingTBS and its label, by hand.
        let tbs = [
            number.value().to_be_bytes().to_vec(),
            bound.credential.to_bytes().unwrap(),
            bound.credential_key.to_bytes().unwrap(),
            leaf().to_bytes().unwrap(),
        ]
        .concat();
        mimi_crypto::verify_with_label(
            &suite,
            &bound.credential_key,
            b"CredentialBindingTBS",
            &tbs,
            &bound.signature,
        )
        .unwrap();

        let invalid = Err(CryptoError::InvalidSignature);
        let other = suite.signature_public_key(&key(&suite, 2));
        assert_eq!(verify_credential_binding(&suite, &bound, &other), invalid);
        let changed = CredentialBinding { credential: x509(), ..bound.clone() };
        assert_eq!(verify_credential_binding(&suite, &changed, &leaf()), invalid);
        let changed = CredentialBinding { credential_key: other, ..bound.clone() };
        assert_eq!(verify_credential_binding(&suite, &changed, &leaf()), invalid);
        let (expected, actual) = (number, CipherSuite(0xf001));
        let changed = CredentialBinding { cipher_suite: actual, ..bound };
        let refused = verify_credential_binding(&suite, &changed, &leaf());
        assert_eq!(refused, Err(CryptoError::CipherSuiteMismatch { expected, actual }));
    }
}

#[test]
fn every_member_supports_every_binding_of_multi() {
    let credential = multi(vec![binding(1, basic(), 1, &leaf()), binding(2, x509(), 2, &leaf())]);
    let all = capabilities(&[1, 2], &[BASIC, X509, MULTI]);
    let verify = |own: &Capabilities, members: &[&Capabilities]| {
        verify_multi_credential(&provider, &credential, &leaf(), own, members)
            .map(|verified| verified.bindings().len())
    };
    assert_eq!(verify(&all, &[&all, &all]), Ok(2));
    let refused = Err(CryptoError::UnsupportedCredential(MULTI));
    for lacking in [
        capabilities(&[1, 2], &[BASIC, X509]),
        capabilities(&[1, 2], &[BASIC, MULTI]),
        capabilities(&[1], &[BASIC, X509, MULTI]),
        capabilities(&[1, 2], &[BASIC, X509, WEAK_MULTI]),
    ] {
        assert_eq!(verify(&all, &[&all, &lacking]), refused);
        assert_eq!(verify(&lacking, &[&all]), refused);
    }
}

#[test]
fn every_member_supports_one_binding_of_weak_multi() {
    let bad = CredentialBinding { signature: "bad".into(), ..binding(1, x509(), 2, &leaf()) };
    let good = binding(2, basic(), 1, &leaf());
    let credential = weak_multi(vec![good.clone(), bad]);
    let old = capabilities(&[2], &[BASIC, WEAK_MULTI]);
    let new = capabilities(&[1], &[X509, WEAK_MULTI]);
    let both = capabilities(&[1, 2], &[BASIC, X509, WEAK_MULTI]);
    let verify = |own: &Capabilities, members: &[&Capabilities]| {
        verify_multi_credential(&provider, &credential, &leaf(), own, members)
            .map(|verified| verified.bindings().iter().map(|binding| (*binding).clone()).collect::<Vec<_>>())
    };
    // The bad one is none of this client's business.
    assert_eq!(verify(&old, &[&old, &new, &both]), Ok(vec![good]));
    assert_eq!(verify(&both, &[&old, &new]), Err(CryptoError::MalformedSignature));
    let refused = Err(CryptoError::UnsupportedCredential(WEAK_MULTI));
    // X.509 only under a suite that it does not have.
    assert_eq!(verify(&old, &[&old, &capabilities(&[2], &[X509, WEAK_MULTI])]), refused);
    assert_eq!(verify(&old, &[&old, &capabilities(&[2], &[BASIC, MULTI])]), refused);
}

#[test]
fn a_binding_inside_a_binding_is_for_the_key_of_the_outer_one() {
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    let all = capabilities(&[1], &[BASIC, MULTI]);
    let outer_key = suite.signature_public_key(&key(&suite, 2));
    for (inner_leaf, expected) in [(outer_key, Ok(2)), (leaf(), Err(CryptoError::InvalidSignature))] {
        let inner = multi(vec![binding(1, basic(), 1, &inner_leaf)]);
        let credential = multi(vec![binding(1, inner, 2, &leaf())]);
        let verified = verify_multi_credential(&provider, &credential, &leaf(), &all, &[&all]);
        assert_eq!(verified.map(|verified| verified.bindings().len()), expected);
    }
}

#[test]
fn refuses_other_credentials_and_suites_without_a_provider() {
    let all = capabilities(&[1], &[BASIC, MULTI]);
    let credential = basic();
    let refused = verify_multi_credential(&provider, &credential, &leaf(), &all, &[]);
    assert_eq!(refused, Err(CryptoError::NotAMultiCredential(BASIC)));
    // One of nothing vouches for no user.
    for (credential, number) in [(multi(vec![]), MULTI), (weak_multi(vec![]), WEAK_MULTI)] {
        let all = capabilities(&[1], &[BASIC, MULTI, WEAK_MULTI]);
        let refused = verify_multi_credential(&provider, &credential, &leaf(), &all, &[]);
        assert_eq!(refused, Err(CryptoError::NotAMultiCredential(number)));
    }
    let credential = multi(vec![binding(1, basic(), 1, &leaf())]);
    let nothing = |_| None::<RustCrypto>;
    let refused = verify_multi_credential(&nothing, &credential, &leaf(), &all, &[]);
    assert_eq!(refused, Err(CryptoError::UnsupportedCipherSuite(CipherSuite(1))));
}
