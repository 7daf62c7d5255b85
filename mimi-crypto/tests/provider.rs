//! The trait suffices: all that the crate does goes through it, also where the provider is not this
//! crate's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::{cell::RefCell, collections::BTreeMap};

use mimi_codec::{
    code_points::{CipherSuite, ComponentID},
    mls::{
        Credential, Extensions, ExternalSender, GroupContext, GroupInfo, HPKECiphertext, HPKEPublicKey, MAC,
        Mls10, SignaturePublicKey,
    },
    protocol::{
        GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS, GroupInfoResponse, Protocol,
        TreelessGroupInfo,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{
    AeadKey, AgreedApCommit, ApCommit, ApEpoch, CipherSuiteParameters, CipherSuiteProvider, CryptoError,
    ExporterTree, HpkePrivateKey, LabelledSignature, RustCrypto, RustCryptoSigningKey, Secret,
    SignaturePrivateKey, SignedMessage, answer_group_info_request, generate_hpke_key_pair,
    sign_associated_party_entry, sign_group_info_request, sign_with_label, verify_all_with_label,
    verify_batch_with_label, verify_group_info_request, verify_group_info_response,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::CryptoRng;

/// Keys by their slot, as in an HSM; counts the calls, and fails every signature once it is told
/// to.
struct Hsm {
    software: RustCrypto,
    slots: Vec<RustCryptoSigningKey>,
    calls: RefCell<BTreeMap<&'static str, usize>>,
    out_of_reach: bool,
}

/// The number of a slot.
struct Handle(usize);

impl Hsm {
    fn new(number: CipherSuite, slots: usize, rng: &mut ChaCha20Rng) -> Self {
        let software = RustCrypto::new(number).unwrap();
        let slots = (0..slots)
            .map(|_| software.signing_key(&software.generate_signature_key(rng).unwrap()).unwrap())
            .collect();
        Self { software, slots, calls: RefCell::default(), out_of_reach: false }
    }

    fn called(&self, method: &'static str) -> &RustCrypto {
        *self.calls.borrow_mut().entry(method).or_default() += 1;
        &self.software
    }
}

impl CipherSuiteProvider for Hsm {
    type SigningKey = Handle;

    fn parameters(&self) -> &CipherSuiteParameters {
        self.software.parameters()
    }

    fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.called("hash").hash(parts)
    }

    fn mac(&self, key: &Secret, parts: &[&[u8]]) -> Result<MAC, CryptoError> {
        self.called("mac").mac(key, parts)
    }

    fn verify_mac(&self, key: &Secret, parts: &[&[u8]], tag: &[u8]) -> Result<(), CryptoError> {
        self.called("verify_mac").verify_mac(key, parts, tag)
    }

    fn extract(&self, salt: &Secret, ikm: &Secret) -> Result<Secret, CryptoError> {
        self.called("extract").extract(salt, ikm)
    }

    fn expand(&self, prk: &Secret, info: &[u8], length: u16) -> Result<Secret, CryptoError> {
        self.called("expand").expand(prk, info, length)
    }

    fn aead_seal(
        &self,
        key: &AeadKey,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.called("aead_seal").aead_seal(key, nonce, aad, plaintext)
    }

    fn aead_open(
        &self,
        key: &AeadKey,
        nonce: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Secret, CryptoError> {
        self.called("aead_open").aead_open(key, nonce, aad, ciphertext)
    }

    fn signing_key(&self, _: &SignaturePrivateKey) -> Result<Handle, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn generate_signature_key(&self, _: &mut dyn CryptoRng) -> Result<SignaturePrivateKey, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn signature_public_key(&self, Handle(slot): &Handle) -> SignaturePublicKey {
        self.called("signature_public_key").signature_public_key(&self.slots[*slot])
    }

    fn sign(
        &self,
        Handle(slot): &Handle,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        match self.slots.get(*slot) {
            Some(key) if !self.out_of_reach => self.called("sign").sign(key, message, rng),
            _ => Err(CryptoError::ProviderFailure),
        }
    }

    fn verify(
        &self,
        public_key: &SignaturePublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.called("verify").verify(public_key, message, signature)
    }

    // Out of reach, it verifies what it has begun with, and says nothing of the rest.
    fn verify_all(
        &self,
        public_key: &SignaturePublicKey,
        signed: &[(&[u8], &[u8])],
    ) -> Vec<Result<(), CryptoError>> {
        let mut verdicts = self.software.verify_all(public_key, signed);
        verdicts.truncate(if self.out_of_reach { 1 } else { signed.len() });
        verdicts
    }

    fn verify_batch(
        &self,
        signed: &[SignedMessage<'_>],
        rng: &mut dyn CryptoRng,
    ) -> Vec<Result<(), CryptoError>> {
        let mut verdicts = self.software.verify_batch(signed, rng);
        verdicts.truncate(if self.out_of_reach { 1 } else { signed.len() });
        verdicts
    }

    fn derive_hpke_key_pair(&self, ikm: &Secret) -> Result<(HpkePrivateKey, HPKEPublicKey), CryptoError> {
        self.called("derive_hpke_key_pair").derive_hpke_key_pair(ikm)
    }

    fn hpke_seal(
        &self,
        public_key: &HPKEPublicKey,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<HPKECiphertext, CryptoError> {
        self.called("hpke_seal").hpke_seal(public_key, info, aad, plaintext, rng)
    }

    fn hpke_open(
        &self,
        private_key: &HpkePrivateKey,
        ciphertext: &HPKECiphertext,
        info: &[u8],
        aad: &[u8],
    ) -> Result<Secret, CryptoError> {
        self.called("hpke_open").hpke_open(private_key, ciphertext, info, aad)
    }
}

fn group_context(cipher_suite: CipherSuite) -> GroupContext {
    GroupContext {
        version: Mls10,
        cipher_suite,
        group_id: "group".into(),
        epoch: 8,
        tree_hash: "tree".into(),
        confirmed_transcript_hash: "transcript".into(),
        extensions: Extensions::default(),
    }
}

/// A joiner asks and a hub answers.
fn exchange<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    joiner: &S::SigningKey,
    hub: &S::SigningKey,
    rng: &mut ChaCha20Rng,
) -> Result<(GroupInfoRequest, GroupInfoResponse), CryptoError> {
    let cipher_suite = suite.parameters().cipher_suite;
    let credential = Credential::Basic { identity: "person".into() };
    let (private_key, public_key) = generate_hpke_key_pair(suite, rng)?;
    let tbs = GroupInfoRequestTBS {
        protocol: Protocol::Mls10,
        cipher_suite,
        requesting_signature_key: suite.signature_public_key(joiner),
        requesting_credential: credential.clone(),
        group_info_public_key: public_key,
        joining_code: None,
    };
    let request = sign_group_info_request(suite, joiner, tbs, rng)?;
    let verified = verify_group_info_request(suite, request.clone())?;
    let group_info = GroupInfo {
        group_context: group_context(cipher_suite),
        extensions: Extensions::default(),
        confirmation_tag: b"tag".to_vec().into(),
        signer: 2,
        signature: "signature".into(),
    };
    let tbe = GroupInfoRatchetTreeTBE {
        group_info: TreelessGroupInfo::new(group_info)?,
        ratchet_tree_option: RatchetTreeOption::DistributionService {},
        pending_proposals: vec![],
    };
    let hub_sender = ExternalSender { signature_key: suite.signature_public_key(hub), credential };
    let response = answer_group_info_request(suite, &verified, "room", &tbe, hub_sender, hub, rng)?;
    let opened = verify_group_info_response(suite, response.clone(), b"room")?.open(suite, &private_key)?;
    assert_eq!(opened, tbe);
    Ok((request, response))
}

/// From an epoch secret to the parties' exporter secret.
fn party<S: CipherSuiteProvider + ?Sized>(suite: &S, key: &S::SigningKey, rng: &mut ChaCha20Rng) -> ApEpoch {
    let context = group_context(suite.parameters().cipher_suite);
    let epoch_secret = Secret::new(suite, vec![7; suite.parameters().nh]).unwrap();
    let mut tree = ExporterTree::from_epoch_secret(suite, &epoch_secret).unwrap();
    let ap_secret = tree.safe_export_secret(suite, ComponentID::ASSOCIATED_PARTIES).unwrap();
    let (private_key, public_key) = generate_hpke_key_pair(suite, rng).unwrap();
    let entry = sign_associated_party_entry(suite, key, public_key, 0, rng).unwrap();
    let commit = ApCommit::derive(suite, &ap_secret, 0, &entry).unwrap();
    let (sent, _) = commit.seal(suite, &entry.encryption_key, &context, rng).unwrap();
    let opened = AgreedApCommit::open(suite, &private_key, &sent, &context).unwrap();
    ApEpoch::begin(suite, None, &opened, &context).unwrap()
}

#[test]
fn another_provider_makes_the_same_bytes_and_every_operation_passes_through_it() {
    for number in RustCrypto::CIPHER_SUITES {
        let seeded = || ChaCha20Rng::seed_from_u64(u64::from(number.value()));
        let hsm = Hsm::new(number, 2, &mut seeded());
        let software = hsm.software;
        let theirs = exchange(&hsm, &Handle(0), &Handle(1), &mut seeded()).unwrap();
        let ours = exchange(&software, &hsm.slots[0], &hsm.slots[1], &mut seeded()).unwrap();
        assert_eq!(theirs, ours);
        assert_eq!(party(&hsm, &Handle(0), &mut seeded()), party(&software, &hsm.slots[0], &mut seeded()));
        let calls = hsm.calls.borrow();
        let counted: Vec<_> = calls.iter().map(|(method, count)| (*method, *count)).collect();
        let expected = [
            // The joiner's key, and the party's.
            ("derive_hpke_key_pair", 2),
            // 32 in the exporter tree and its root; the base secret, the commit secret and its ID
            // on two sides; epoch, exporter, init.
            ("expand", 33 + 5 + 3),
            ("extract", 1),
            ("hpke_open", 2),
            ("hpke_seal", 2),
            ("sign", 3),
            // Each of two keys when it is put into its struct, and when it signs.
            ("signature_public_key", 4),
            ("verify", 2),
        ];
        assert_eq!(counted, expected);
    }
}

#[test]
fn a_provider_can_be_a_trait_object() {
    let software = RustCrypto::new(CipherSuite(1)).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut key = || software.signing_key(&software.generate_signature_key(&mut rng).unwrap()).unwrap();
    let (joiner, hub) = (key(), key());
    let object: &dyn CipherSuiteProvider<SigningKey = RustCryptoSigningKey> = &software;
    exchange(object, &joiner, &hub, &mut rng).unwrap();
}

#[test]
fn refuses_what_the_provider_refuses() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut hsm = Hsm::new(CipherSuite(1), 1, &mut rng);
    let failure = Err(CryptoError::ProviderFailure);
    assert_eq!(sign_with_label(&hsm, &Handle(7), b"label", b"content", &mut rng), failure);
    sign_with_label(&hsm, &Handle(0), b"label", b"content", &mut rng).unwrap();
    hsm.out_of_reach = true;
    assert_eq!(sign_with_label(&hsm, &Handle(0), b"label", b"content", &mut rng), failure);
    let refused = exchange(&hsm, &Handle(0), &Handle(0), &mut rng);
    assert_eq!(refused, Err(CryptoError::ProviderFailure));
}

#[test]
fn refuses_what_the_provider_gives_no_verdict_on() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut hsm = Hsm::new(CipherSuite(1), 1, &mut rng);
    let public_key = hsm.signature_public_key(&Handle(0));
    let signature = sign_with_label(&hsm, &Handle(0), b"label", b"content", &mut rng).unwrap();
    let pairs = [(&b"content"[..], &signature[..]); 3];
    let signed = LabelledSignature { public_key: &public_key, content: b"content", signature: &signature };
    for (out_of_reach, verdicts) in [
        (false, vec![Ok(()); 3]),
        (true, vec![Ok(()), Err(CryptoError::ProviderFailure), Err(CryptoError::ProviderFailure)]),
    ] {
        hsm.out_of_reach = out_of_reach;
        assert_eq!(verify_all_with_label(&hsm, &public_key, b"label", &pairs), verdicts);
        assert_eq!(verify_batch_with_label(&hsm, b"label", &[signed; 3], &mut rng), verdicts);
    }
}
