//! The key schedule of associated parties: both sides derive the same, and what differs is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_codec::{
    Encode,
    associated_parties::{AssociatedPartyCommitSecret, AssociatedPartyEntry},
    code_points::CipherSuite,
    mls::{Credential, Extensions, ExternalSender, ExternalSenders, GroupContext, HPKEPublicKey, Mls10},
};
use mimi_crypto::{
    AgreedApCommit, ApCommit, ApEpoch, CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, Secret,
    ap_epoch_secret, ap_init_secrets, associated_party_secrets, generate_hpke_key_pair, random_secret,
    sign_associated_party_entry, verify_associated_party_entry,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

struct Scene {
    suite: RustCrypto,
    rng: ChaCha20Rng,
    private_key: HpkePrivateKey,
    entry: AssociatedPartyEntry,
    senders: ExternalSenders,
}

fn scenes() -> impl Iterator<Item = Scene> {
    RustCrypto::CIPHER_SUITES.into_iter().map(|number| {
        let suite = RustCrypto::new(number).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(number.value()));
        let sender = |key| ExternalSender {
            signature_key: suite.signature_public_key(&key),
            credential: Credential::Basic { identity: "hub.example".into() },
        };
        let mut key = || suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let (other, signing_key) = (key(), key());
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
        let entry = sign_associated_party_entry(&suite, &signing_key, public_key, 1, &mut rng).unwrap();
        let senders = ExternalSenders { external_senders: vec![sender(other), sender(signing_key)] };
        Scene { suite, rng, private_key, entry, senders }
    })
}

fn group_context(suite: &RustCrypto, epoch: u64) -> GroupContext {
    GroupContext {
        version: Mls10,
        cipher_suite: suite.parameters().cipher_suite,
        group_id: "group".into(),
        epoch,
        tree_hash: "tree".into(),
        confirmed_transcript_hash: "transcript".into(),
        extensions: Extensions::default(),
    }
}

#[test]
fn committer_member_and_party_go_through_the_epochs_together() {
    for Scene { suite, mut rng, private_key, entry, .. } in scenes() {
        let mut previous: Option<ApEpoch> = None;
        for epoch in 1..4 {
            let ap_secret = random_secret(suite.parameters().nh, &mut rng);
            let context = group_context(&suite, epoch);
            let derive = || ApCommit::derive(&suite, &ap_secret, 0, &entry).unwrap();
            let (sent, committer) = derive().seal(&suite, &entry.encryption_key, &context, &mut rng).unwrap();
            let member = derive().agree(&sent).unwrap();
            let party = AgreedApCommit::open(&suite, &private_key, &sent, &context).unwrap();
            let init = previous.as_ref().map(ApEpoch::ap_init_secret);
            let [committer, member, party] = [committer, member, party]
                .map(|commit| ApEpoch::begin(&suite, init, &commit, &context).unwrap());
            assert_eq!(committer, party);
            assert_eq!(member, party);
            assert_ne!(previous, Some(committer));
            let welcome = associated_party_secrets([&member]);
            assert_eq!(ap_init_secrets(&suite, &welcome, 1).unwrap(), [member.ap_init_secret().clone()]);
            previous = Some(party);
        }
    }
}

/// Every formula of the draft's §4.1 and 5 by hand: HKDF (RFC 5869) with KDFLabel written out.
#[test]
fn derives_by_the_drafts_formulas() {
    for Scene { suite, mut rng, entry, .. } in scenes() {
        let nh = suite.parameters().nh;
        let expand = |secret: &Secret, label: &str, context: &[u8]| {
            let label = format!("MLS 1.0 {label}");
            let length = context.len();
            // A length of up to 63 bytes takes one byte, of up to 16383 two (RFC 9420 §2.1.2).
            let length = if length < 64 {
                vec![length as u8]
            } else {
                (0x4000 | length as u16).to_be_bytes().to_vec()
            };
            let head = [&[0, nh as u8, label.len() as u8], label.as_bytes()].concat();
            suite.expand(secret, &[&head[..], &length, context].concat(), nh as u16).unwrap()
        };
        let ap_secret = random_secret(nh, &mut rng);
        let context = group_context(&suite, 9);
        let export_context = [&3u32.to_be_bytes()[..], &entry.to_bytes().unwrap()].concat();
        let base = expand(&ap_secret, "AP Commit Base Secret", &export_context);
        let secret = expand(&base, "AP Commit Secret", b"");
        let id = expand(&base, "AP Commit Secret ID", b"");

        let commit = ApCommit::derive(&suite, &ap_secret, 3, &entry).unwrap();
        assert_eq!(commit.ap_commit_base_secret(), &base);
        assert_eq!(&*commit.ap_commit_secret_id(), id.expose());
        let (_, commit) = commit.seal(&suite, &entry.encryption_key, &context, &mut rng).unwrap();
        assert_eq!(commit.ap_commit_secret(), &secret);

        let init = random_secret(nh, &mut rng);
        let zero = Secret::new(&suite, vec![0; nh]).unwrap();
        for (given, salt) in [(None, &zero), (Some(&init), &init)] {
            let extracted = suite.extract(salt, &secret).unwrap();
            let epoch_secret = expand(&extracted, "ap_epoch", &context.to_bytes().unwrap());
            assert_eq!(ap_epoch_secret(&suite, given, &commit, &context).unwrap(), epoch_secret);
            let epoch = ApEpoch::begin(&suite, given, &commit, &context).unwrap();
            let exporter = expand(&epoch_secret, "ap_exporter", b"");
            assert_eq!(epoch.ap_exporter_secret(), &exporter);
            assert_eq!(epoch.ap_init_secret(), &expand(&epoch_secret, "init", b""));
            assert_eq!(
                epoch.franking_context_secret(&suite).unwrap(),
                expand(&exporter, "franking_context", b"")
            );
            assert_eq!(
                epoch.franking_integrity_secret(&suite).unwrap(),
                expand(&exporter, "franking_integrity", b"")
            );
        }
    }
}

#[test]
fn each_party_has_secrets_of_its_own() {
    for Scene { suite, mut rng, entry, .. } in scenes() {
        let ap_secret = random_secret(suite.parameters().nh, &mut rng);
        let mut other = entry.clone();
        other.external_sender_index = 0;
        let base = |index, entry| {
            ApCommit::derive(&suite, &ap_secret, index, entry).unwrap().ap_commit_base_secret().clone()
        };
        assert_ne!(base(0, &entry), base(1, &entry));
        assert_ne!(base(0, &entry), base(0, &other));
    }
}

#[test]
fn accepts_an_entry_by_its_sender_and_refuses_every_change() {
    for Scene { suite, entry, senders, .. } in scenes() {
        let verify = |entry: AssociatedPartyEntry| verify_associated_party_entry(&suite, entry, &senders);
        assert_eq!(verify(entry.clone()).unwrap().entry(), &entry);

        let mut changed = entry.clone();
        changed.external_sender_index = 0;
        assert_eq!(verify(changed), Err(CryptoError::InvalidSignature));
        let mut changed = entry.clone();
        changed.external_sender_index = 2;
        assert_eq!(verify(changed), Err(CryptoError::UnknownExternalSender(2)));
        let mut changed = entry.clone();
        changed.encryption_key = HPKEPublicKey::new([1; 32]);
        assert_eq!(verify(changed), Err(CryptoError::InvalidSignature));
        let mut changed = entry.clone();
        changed.signature = vec![].into();
        assert_eq!(verify(changed), Err(CryptoError::MalformedSignature));
    }
}

#[test]
fn refuses_commit_secrets_that_differ_or_were_changed() {
    for Scene { suite, mut rng, private_key, entry, .. } in scenes() {
        let nh = suite.parameters().nh;
        let context = group_context(&suite, 1);
        let (ap_secret, other) = (random_secret(nh, &mut rng), random_secret(nh, &mut rng));
        let derive = |secret| ApCommit::derive(&suite, secret, 0, &entry).unwrap();
        let (sent, _) = derive(&ap_secret).seal(&suite, &entry.encryption_key, &context, &mut rng).unwrap();
        assert_eq!(derive(&other).agree(&sent).unwrap_err(), CryptoError::ApCommitSecretMismatch);

        let open = |sent: &AssociatedPartyCommitSecret, context: &GroupContext| {
            AgreedApCommit::open(&suite, &private_key, sent, context).map(|_| ())
        };
        assert_eq!(open(&sent, &context), Ok(()));
        assert_eq!(open(&sent, &group_context(&suite, 2)), Err(CryptoError::DecryptionFailed));
        let mut changed = sent.clone();
        changed.ap_commit_secret_id = derive(&other).ap_commit_secret_id();
        assert_eq!(open(&changed, &context), Err(CryptoError::DecryptionFailed));
        let stranger = generate_hpke_key_pair(&suite, &mut rng).unwrap().0;
        let refused = AgreedApCommit::open(&suite, &stranger, &sent, &context).unwrap_err();
        assert_eq!(refused, CryptoError::DecryptionFailed);
    }
}

/// A committer that seals one secret and names another: only the ID gives it away.
#[test]
fn refuses_a_sealed_secret_under_the_id_of_another() {
    use mimi_codec::{associated_parties::AssociatedPartyCommitEncryptionContext, code_points::ComponentID};
    for Scene { suite, mut rng, private_key, entry, .. } in scenes() {
        let nh = suite.parameters().nh;
        let context = group_context(&suite, 1);
        let honest = ApCommit::derive(&suite, &random_secret(nh, &mut rng), 0, &entry).unwrap();
        let id = honest.ap_commit_secret_id();
        let encryption =
            AssociatedPartyCommitEncryptionContext::of(context.clone(), id.clone()).to_bytes().unwrap();
        let mut seal = |plaintext: &[u8]| AssociatedPartyCommitSecret {
            encrypted_ap_commit_base_secret: mimi_crypto::safe_encrypt_with_label(
                &suite,
                &entry.encryption_key,
                ComponentID(7),
                b"AP Commit Secret",
                &encryption,
                plaintext,
                &mut rng,
            )
            .unwrap(),
            ap_commit_secret_id: id.clone(),
        };
        let sent = seal(honest.ap_commit_base_secret().expose());
        AgreedApCommit::open(&suite, &private_key, &sent, &context).unwrap();
        let refused = AgreedApCommit::open(&suite, &private_key, &seal(&vec![5; nh]), &context).unwrap_err();
        assert_eq!(refused, CryptoError::ApCommitSecretMismatch);
        let refused =
            AgreedApCommit::open(&suite, &private_key, &seal(&vec![5; nh - 1]), &context).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidLength { what: "secret", expected: nh, actual: nh - 1 });
    }
}

#[test]
fn refuses_groups_of_another_suite_and_secrets_of_another_length() {
    for Scene { suite, mut rng, entry, .. } in scenes() {
        let nh = suite.parameters().nh;
        let mut context = group_context(&suite, 1);
        let ap_secret = random_secret(nh, &mut rng);
        let derive = || ApCommit::derive(&suite, &ap_secret, 0, &entry).unwrap();
        let (sent, commit) = derive().seal(&suite, &entry.encryption_key, &context, &mut rng).unwrap();
        let long = random_secret(nh + 1, &mut rng);
        let refused = ApEpoch::begin(&suite, Some(&long), &commit, &context).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidLength { what: "salt", expected: nh, actual: nh + 1 });
        let refused = ApCommit::derive(&suite, &long, 0, &entry).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidLength { what: "secret", expected: nh, actual: nh + 1 });

        let (expected, actual) = (context.cipher_suite, CipherSuite(0xf001));
        context.cipher_suite = actual;
        let mismatch = CryptoError::CipherSuiteMismatch { expected, actual };
        assert_eq!(ApEpoch::begin(&suite, None, &commit, &context).unwrap_err(), mismatch);
        let refused = derive().seal(&suite, &entry.encryption_key, &context, &mut rng).unwrap_err();
        assert_eq!(refused, mismatch);

        let mut welcome = associated_party_secrets([]);
        let what = "associated_party_init_secrets";
        let refused = ap_init_secrets(&suite, &welcome, 1).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidLength { what, expected: 1, actual: 0 });
        welcome
            .associated_party_init_secrets
            .push(mimi_codec::SecretOpaque::new(&sent.ap_commit_secret_id[1..]));
        let refused = ap_init_secrets(&suite, &welcome, 1).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidLength { what: "secret", expected: nh, actual: nh - 1 });
    }
}
