//! Trees, GroupInfos and KeyPackages of an independent implementation, mls-rs: its groups say what
//! the hash of a tree is, and every damage is refused by name.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use mimi_codec::{
    Decode,
    code_points::CipherSuite as Suite,
    mls::{
        ExternalSender, GroupInfo, KeyPackage, LeafNodeSelect, MLSMessage, MLSMessageBody, RatchetTree,
        SignaturePublicKey,
    },
    protocol::{PendingProposal, ProposalMessage},
};
use mimi_crypto::{
    CryptoError, RustCrypto, key_package_ref, tree_hash, verify_group_info, verify_key_package,
    verify_leaf_node,
};
use mls_rs::{
    CipherSuite, CipherSuiteProvider as _, Client, CryptoProvider, Group, MlsMessage,
    client_builder::MlsConfig,
    identity::{
        SigningIdentity,
        basic::{BasicCredential, BasicIdentityProvider},
    },
    mls_rules::{CommitOptions, DefaultMlsRules, EncryptionOptions},
};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;

const SUITE: CipherSuite = CipherSuite::CURVE25519_AES128;

fn suite() -> RustCrypto {
    RustCrypto::new(Suite(1)).unwrap()
}

fn client(name: &str) -> Client<impl MlsConfig + use<>> {
    let crypto = RustCryptoProvider::default();
    let (secret, public) = crypto.cipher_suite_provider(SUITE).unwrap().signature_key_generate().unwrap();
    let credential = BasicCredential::new(format!("mimi://a.example/d/{name}").into_bytes());
    let rules = DefaultMlsRules::new()
        .with_commit_options(CommitOptions::new().with_path_required(true).with_allow_external_commit(true))
        .with_encryption_options(EncryptionOptions::new(false, Default::default()));
    Client::builder()
        .identity_provider(BasicIdentityProvider)
        .crypto_provider(crypto)
        .mls_rules(rules)
        .signing_identity(SigningIdentity::new(credential.into_credential(), public), secret, SUITE)
        .build()
}

fn ours(message: &MlsMessage) -> MLSMessage {
    MLSMessage::decode_exact(&message.to_bytes().unwrap()).unwrap()
}

fn key_package(name: &str) -> (MlsMessage, KeyPackage) {
    let message =
        client(name).generate_key_package_message(Default::default(), Default::default(), None).unwrap();
    let MLSMessageBody::KeyPackage { key_package } = ours(&message).body else { panic!() };
    (message, *key_package)
}

fn epoch(group: &Group<impl MlsConfig>) -> (GroupInfo, RatchetTree) {
    let MLSMessageBody::GroupInfo { group_info } = ours(&group.group_info_message(false).unwrap()).body
    else {
        panic!()
    };
    let tree = RatchetTree::decode_exact(&group.export_tree().to_bytes().unwrap()).unwrap();
    (*group_info, tree)
}

/// A group that grows to nine members, with blanks and unmerged leaves on the way.
fn epochs() -> Vec<(GroupInfo, RatchetTree)> {
    let mut group = client("alice").group_builder().unwrap().build().unwrap();
    let mut epochs = vec![epoch(&group)];
    for index in 0..8 {
        let (added, _) = key_package(&format!("member {index}"));
        let mut commit = group.commit_builder().add_member(added).unwrap();
        if index == 5 {
            commit = commit.remove_member(2).unwrap().remove_member(3).unwrap();
        }
        commit.build().unwrap();
        group.apply_pending_commit().unwrap();
        epochs.push(epoch(&group));
    }
    epochs
}

#[test]
fn hashes_and_signatures_of_trees_are_those_of_mls_rs() {
    let suite = suite();
    for (group_info, tree) in epochs() {
        let context = &group_info.group_context;
        assert_eq!(tree_hash(&suite, &tree).unwrap(), context.tree_hash.as_slice());
        for index in 0..u32::try_from(tree.len()).unwrap() {
            if let Some(leaf) = tree.leaf(index) {
                verify_leaf_node(&suite, leaf, (&context.group_id, index)).unwrap();
                let elsewhere = verify_leaf_node(&suite, leaf, (&context.group_id, index + 1));
                let signs_place = !matches!(leaf.leaf_node_source, LeafNodeSelect::KeyPackage { .. });
                assert_eq!(elsewhere == Err(CryptoError::InvalidSignature), signs_place);
            }
        }
        let verified = verify_group_info(&suite, group_info.clone(), &tree).unwrap();
        assert_eq!(verified.group_info(), &group_info);
        assert_eq!(verified.tree(), &tree);
        let tag = &group_info.confirmation_tag;
        assert_eq!(verified.check_epoch(context, tag, group_info.signer), Ok(()));
    }
}

#[test]
fn refuses_group_infos_of_another_tree_signer_or_epoch() {
    let suite = suite();
    let epochs = epochs();
    let [.., (earlier, earlier_tree), (group_info, tree)] = epochs.as_slice() else { panic!() };
    let mismatch = |what| CryptoError::GroupInfoMismatch { what };
    let verify = |group_info: &GroupInfo, tree: &RatchetTree| {
        verify_group_info(&suite, group_info.clone(), tree).map(|_| ()).unwrap_err()
    };
    assert_eq!(verify(group_info, earlier_tree), mismatch("tree_hash"));
    let changed = |change: &dyn Fn(&mut GroupInfo)| {
        let mut changed = group_info.clone();
        change(&mut changed);
        changed
    };
    // Leaf 9 is beyond the nine members.
    assert_eq!(verify(&changed(&|info| info.signer = 9), tree), mismatch("signer"));
    assert_eq!(verify(&changed(&|info| info.signer = u32::MAX), tree), mismatch("signer"));
    assert_eq!(verify(&changed(&|info| info.signer = 1), tree), CryptoError::InvalidSignature);
    let later = changed(&|info| info.group_context.epoch += 1);
    assert_eq!(verify(&later, tree), CryptoError::InvalidSignature);
    let other = changed(&|info| info.group_context.cipher_suite = Suite(3));
    assert!(matches!(verify(&other, tree), CryptoError::CipherSuiteMismatch { .. }));

    let verified = verify_group_info(&suite, group_info.clone(), tree).unwrap();
    let (context, tag) = (&group_info.group_context, &group_info.confirmation_tag);
    let check = |context, tag, committer| verified.check_epoch(context, tag, committer).unwrap_err();
    assert_eq!(check(&earlier.group_context, tag, 0), mismatch("group_context"));
    assert_eq!(check(context, &earlier.confirmation_tag, 0), mismatch("confirmation_tag"));
    assert_eq!(check(context, tag, 1), mismatch("signer"));
    let hub = ExternalSender {
        signature_key: SignaturePublicKey::from(&b"key"[..]),
        credential: mimi_codec::mls::Credential::Basic { identity: "mimi://hub.example".into() },
    };
    assert_eq!(verified.check_external_sender(&hub).unwrap_err(), mismatch("external_senders"));
    assert_eq!(tree_hash(&suite, &RatchetTree::decode_exact(&[0]).unwrap()), Err(CryptoError::EmptyTree));
}

#[test]
fn refuses_pending_proposals_of_another_epoch() {
    let suite = suite();
    let mut group = client("alice").group_builder().unwrap().build().unwrap();
    let (bob, _) = key_package("bob");
    let add = group.propose_add(bob, Vec::new()).unwrap();
    let pending =
        PendingProposal { proposal: ProposalMessage::new(ours(&add)).unwrap(), hub_accepted_time: 1 };
    let (group_info, tree) = epoch(&group);
    let verified = verify_group_info(&suite, group_info, &tree).unwrap();
    assert_eq!(verified.check_pending_proposals(std::slice::from_ref(&pending)), Ok(()));
    group.commit_builder().build().unwrap();
    group.apply_pending_commit().unwrap();
    let (group_info, tree) = epoch(&group);
    let verified = verify_group_info(&suite, group_info, &tree).unwrap();
    let refused = CryptoError::GroupInfoMismatch { what: "pending_proposals" };
    assert_eq!(verified.check_pending_proposals(&[pending]), Err(refused));
}

#[test]
fn verifies_key_packages_of_mls_rs_and_refuses_damaged_ones() {
    let suite = suite();
    let (_, good) = key_package("bob");
    let LeafNodeSelect::KeyPackage { lifetime } = good.leaf_node.leaf_node_source else { panic!() };
    let now_ms = lifetime.not_before * 1000;
    let verified = verify_key_package(&suite, good.clone(), now_ms).unwrap();
    assert_eq!(verified.reference(), &key_package_ref(&suite, &good).unwrap());
    assert_eq!(verified.key_package(), &good);
    assert_eq!(verified.into_key_package(), good);

    let refusal = |now_ms, change: &dyn Fn(&mut KeyPackage)| {
        let mut changed = good.clone();
        change(&mut changed);
        verify_key_package(&suite, changed, now_ms).map(|_| ()).unwrap_err()
    };
    let late =
        CryptoError::OutsideOfLifetime { not_before: lifetime.not_before, not_after: lifetime.not_after };
    let unchanged = |_: &mut KeyPackage| {};
    assert_eq!(refusal(now_ms - 1, &unchanged), late);
    assert_eq!(refusal((lifetime.not_after + 1) * 1000, &unchanged), late);
    let shared = |it: &mut KeyPackage| it.init_key = it.leaf_node.encryption_key.clone();
    assert_eq!(refusal(now_ms, &shared), CryptoError::SharedKey);
    let update = |it: &mut KeyPackage| it.leaf_node.leaf_node_source = LeafNodeSelect::Update {};
    assert_eq!(refusal(now_ms, &update), CryptoError::NotAKeyPackageLeaf);
    let signature = |it: &mut KeyPackage| it.signature = it.leaf_node.signature.clone();
    assert_eq!(refusal(now_ms, &signature), CryptoError::InvalidSignature);
    let leaf_signature = |it: &mut KeyPackage| it.leaf_node.signature = it.signature.clone();
    assert_eq!(refusal(now_ms, &leaf_signature), CryptoError::InvalidSignature);
    let other = |it: &mut KeyPackage| it.cipher_suite = Suite(3);
    assert!(matches!(refusal(now_ms, &other), CryptoError::CipherSuiteMismatch { .. }));
}
