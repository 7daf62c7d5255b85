//! The PSK of combined groups, leaf operation intents and private external messages.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use mimi_codec::{
    Decode, Encode,
    code_points::{CipherSuite, ComponentID},
    leaf_operation::RemovalMode,
    mls::{
        Add, Capabilities, Content, Credential, Extensions, FramedContent, FramedContentAuthData,
        HPKEPublicKey, KeyPackage, LeafNode, LeafNodeSelect, Lifetime, Mls10, PreSharedKeyIDSelect, Proposal,
        PublicMessage, Sender, SignaturePublicKey,
    },
};
use mimi_crypto::{
    ApqPsk, CipherSuiteProvider, CryptoError, RustCrypto, Secret, derive_secret, encrypt_with_label,
    expand_with_label, external_encryption_key_pair, leaf_node_ref, open_private_external_message, ref_hash,
    seal_private_external_message, sign_external_encryption_info, sign_leaf_operation_intent,
    verify_external_encryption_info, verify_leaf_operation_intent, verify_with_label,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

fn suites() -> impl Iterator<Item = RustCrypto> {
    RustCrypto::CIPHER_SUITES.into_iter().map(|number| RustCrypto::new(number).unwrap())
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn signing_key(suite: &RustCrypto) -> <RustCrypto as CipherSuiteProvider>::SigningKey {
    suite.signing_key(&suite.generate_signature_key(&mut rng()).unwrap()).unwrap()
}

fn leaf(signature_key: SignaturePublicKey) -> LeafNode {
    LeafNode {
        encryption_key: HPKEPublicKey::from(&b"encryption"[..]),
        signature_key,
        credential: Credential::Basic { identity: "alice".into() },
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::KeyPackage { lifetime: Lifetime { not_before: 0, not_after: 1 } },
        extensions: Extensions::default(),
        signature: "signature".into(),
    }
}

#[test]
fn psks_of_combined_groups_follow_the_formula() {
    for suite in suites() {
        let exporter = Secret::new(&suite, vec![9; suite.parameters().nh]).unwrap();
        let psk = ApqPsk::derive(&suite, exporter.clone()).unwrap();
        assert_eq!(psk.psk_id().as_slice(), derive_secret(&suite, &exporter, b"psk_id").unwrap().expose());
        assert_eq!(*psk.psk(), derive_secret(&suite, &exporter, b"psk").unwrap());
        let id = psk.pre_shared_key_id(b"nonce".to_vec());
        let component_id = ComponentID(6);
        let named = PreSharedKeyIDSelect::Application { component_id, psk_id: psk.psk_id().clone() };
        assert_eq!((id.psktype.clone(), id.psk_nonce.as_slice()), (named, &b"nonce"[..]));
        assert!(psk.is_named_by(&id));
        let other = ApqPsk::derive(&suite, Secret::of_length([1; 64], 64).unwrap()).unwrap();
        assert!(!other.is_named_by(&id));
    }
}

#[test]
fn a_post_quantum_group_may_have_a_longer_hash() {
    // HKDF-Expand takes a PRK of at least HashLen bytes (RFC 5869 §2.3).
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    let exporter = Secret::of_length([9; 48], 48).unwrap();
    let psk = ApqPsk::derive(&suite, exporter.clone()).unwrap();
    let label = b"\0\x20\x0bMLS 1.0 psk\0";
    let expected = suite.mac(&exporter, &[label, &[1]]).unwrap();
    assert_eq!(psk.psk().expose(), expected.as_slice());
}

#[test]
fn intents_to_leave_hold_for_an_unchanged_leaf() {
    for suite in suites() {
        let key = signing_key(&suite);
        let leaf = leaf(suite.signature_public_key(&key));
        let expected = ref_hash(&suite, b"MLS 1.0 LeafNode Reference", &leaf.to_bytes().unwrap());
        assert_eq!(leaf_node_ref(&suite, &leaf), expected);
        let mode = RemovalMode::RemoveAssociatedMembers;
        let intent = sign_leaf_operation_intent(&suite, &key, "group", (3, &leaf), mode, &mut rng()).unwrap();
        let public_key = &leaf.signature_key;
        let tbs = intent.tbs().to_bytes().unwrap();
        verify_with_label(&suite, public_key, b"LeafOperationIntentTBS", &tbs, &intent.signature).unwrap();

        let verify = |group: &[u8], leaf: Option<&LeafNode>, intent: &_| {
            let at = |index| leaf.filter(|_| index == 3);
            verify_leaf_operation_intent(&suite, group, at, Clone::clone(intent))
                .map(|it| it.intent().clone())
        };
        assert_eq!(verify(b"group", Some(&leaf), &intent), Ok(intent.clone()));
        assert_eq!(verify(b"other", Some(&leaf), &intent), Err(CryptoError::EpochMismatch));
        assert_eq!(verify(b"group", None, &intent), Err(CryptoError::LeafMismatch(3)));
        let mut changed = leaf.clone();
        changed.encryption_key = HPKEPublicKey::from(&b"another"[..]);
        assert_eq!(verify(b"group", Some(&changed), &intent), Err(CryptoError::LeafMismatch(3)));
        let mut forged = intent.clone();
        forged.removal_mode = RemovalMode::SenderRemovalOnly;
        assert_eq!(verify(b"group", Some(&leaf), &forged), Err(CryptoError::InvalidSignature));
        let mut stranger = leaf.clone();
        stranger.signature_key = SignaturePublicKey::from(&b"another"[..]);
        let refused = sign_leaf_operation_intent(&suite, &key, "group", (3, &stranger), mode, &mut rng());
        assert_eq!(refused, Err(CryptoError::KeyMismatch { what: "signature_key" }));
    }
}

/// An external proposal of a new member, or the same from a member.
fn message(suite: &RustCrypto, sender: Sender, epoch: u64, aad: &str) -> PublicMessage {
    let key_package = KeyPackage {
        version: Mls10,
        cipher_suite: suite.parameters().cipher_suite,
        init_key: HPKEPublicKey::from(&b"init"[..]),
        leaf_node: leaf(SignaturePublicKey::from(&b"key"[..])),
        extensions: Extensions::default(),
        signature: "signature".into(),
    };
    let is_member = matches!(sender, Sender::Member { .. });
    let proposal = Proposal::Add(Box::new(Add { key_package }));
    let content = Content::Proposal { proposal };
    let content = FramedContent::new("group".into(), epoch, sender, aad.into(), content).unwrap();
    let auth = FramedContentAuthData { signature: "signature".into(), confirmation_tag: None };
    PublicMessage::new(content, auth, is_member.then(Default::default)).unwrap()
}

#[test]
fn external_messages_open_in_their_epoch() {
    for suite in suites() {
        let nh = suite.parameters().nh;
        let epoch_secret = Secret::new(&suite, vec![4; nh]).unwrap();
        let (private_key, public_key) = external_encryption_key_pair(&suite, &epoch_secret).unwrap();
        let secret = expand_with_label(&suite, &epoch_secret, b"external encryption", b"", nh).unwrap();
        assert_eq!(suite.derive_hpke_key_pair(&secret).unwrap().1, public_key);

        let root = signing_key(&suite);
        let mut rng = rng();
        let info = sign_external_encryption_info(&suite, &root, public_key.clone(), "group", 8, &mut rng);
        let info = info.unwrap();
        let tbs = info.tbs("group".into(), 8).to_bytes().unwrap();
        let signature = &info.external_encryption_signature;
        let root_key = suite.signature_public_key(&root);
        verify_with_label(&suite, &root_key, b"ExternalEncryptionInfoTBS", &tbs, signature).unwrap();
        for (group, epoch) in [("group", 7), ("other", 8)] {
            let refused = verify_external_encryption_info(&suite, info.clone(), group, epoch);
            assert_eq!(refused, Err(CryptoError::InvalidSignature));
        }
        let key = verify_external_encryption_info(&suite, info, "group", 8).unwrap();
        assert_eq!(key.epoch(), 8);

        let sent = message(&suite, Sender::NewMemberProposal {}, 8, "aad");
        let sealed = seal_private_external_message(&suite, &key, &sent, &mut rng).unwrap();
        let open = |sealed: &_| open_private_external_message(&suite, &private_key, b"group", 8, sealed);
        assert_eq!(open(&sealed), Ok(sent));
        let early = open_private_external_message(&suite, &private_key, b"group", 7, &sealed);
        assert_eq!(early, Err(CryptoError::EpochMismatch));
        let elsewhere = open_private_external_message(&suite, &private_key, b"other", 8, &sealed);
        assert_eq!(elsewhere, Err(CryptoError::EpochMismatch));
        let mut other_aad = sealed.clone();
        other_aad.authenticated_data = "other".into();
        assert_eq!(open(&other_aad), Err(CryptoError::OuterContentMismatch));
        let mut other_type = sealed;
        other_type.content_type = mimi_codec::mls::ContentType::Commit;
        assert_eq!(open(&other_type), Err(CryptoError::OuterContentMismatch));

        let member = message(&suite, Sender::Member { leaf_index: 1 }, 8, "aad");
        let refused = seal_private_external_message(&suite, &key, &member, &mut rng);
        assert_eq!(refused, Err(CryptoError::SenderIsAMember));
        let late = message(&suite, Sender::NewMemberProposal {}, 9, "aad");
        let refused = seal_private_external_message(&suite, &key, &late, &mut rng);
        assert_eq!(refused, Err(CryptoError::EpochMismatch));

        // Sealed by a sender that follows no rule.
        let label = b"PrivateExternalMessageContent";
        let mut seal = |plaintext: &[u8]| {
            let mut sealed = as_it_is_inside(&other_aad);
            sealed.encrypted_public_message =
                encrypt_with_label(&suite, &public_key, label, b"", plaintext, &mut rng).unwrap();
            open(&sealed)
        };
        assert_eq!(seal(&member.to_bytes().unwrap()), Err(CryptoError::SenderIsAMember));
        assert_eq!(seal(&late.to_bytes().unwrap()), Err(CryptoError::OuterContentMismatch));
        assert!(matches!(seal(b"no message"), Err(CryptoError::Decode(_))));
        assert!(PublicMessage::decode_exact(b"no message").is_err());
    }
}

/// The same message with the AAD and the content type that its PublicMessage has.
fn as_it_is_inside(
    message: &mimi_codec::private_external::PrivateExternalMessage,
) -> mimi_codec::private_external::PrivateExternalMessage {
    let mut message = message.clone();
    message.authenticated_data = "aad".into();
    message
}
