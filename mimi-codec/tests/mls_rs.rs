//! An independent implementation, mls-rs: we read what it writes and it reads what we write, and
//! both judge thousands of damaged messages. Where the verdicts differ, the reason is listed below,
//! and none is listed in vain.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use std::collections::BTreeMap;

use mimi_codec::{
    Decode, DecodeErrorKind, Encode,
    mls::{
        Content, ExternalPub, MLSMessage, MLSMessageBody, Proposal, ProposalOrRef, RatchetTree,
        RatchetTreeView,
    },
};
use mls_rs::{
    CipherSuite, CipherSuiteProvider, Client, CryptoProvider, ExtensionList, MlsMessage,
    client_builder::MlsConfig,
    group::ExportedTree,
    identity::{
        SigningIdentity,
        basic::{BasicCredential, BasicIdentityProvider},
    },
    mls_rules::{CommitOptions, DefaultMlsRules, EncryptionOptions},
};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;

const SUITE: CipherSuite = CipherSuite::CURVE25519_AES128;

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

/// Reads with one, writes, and reads with the other: what the rest of a test goes on with has been
/// through our codec.
fn through_ours(message: &MlsMessage) -> MlsMessage {
    let bytes = message.to_bytes().unwrap();
    let ours = MLSMessage::decode_exact(&bytes).unwrap_or_else(|error| panic!("{error}"));
    let again = ours.to_bytes().unwrap();
    assert_eq!(again, bytes);
    let theirs = MlsMessage::from_bytes(&again).unwrap();
    assert_eq!(&theirs, message);
    theirs
}

/// What a small group sends in its life, each message having gone through our codec before anybody
/// processed it.
fn life_of_a_group() -> Vec<(&'static str, Vec<u8>)> {
    let mut sent = Vec::new();
    let mut send = |name, message: &MlsMessage| {
        let message = through_ours(message);
        sent.push((name, message.to_bytes().unwrap()));
        message
    };
    let [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(client);
    let key_package = |client: &Client<_>| {
        client.generate_key_package_message(Default::default(), Default::default(), None).unwrap()
    };
    let mut a = alice.group_builder().unwrap().build().unwrap();

    let bob_key_package = send("key package", &key_package(&bob));
    let output = a.commit_builder().add_member(bob_key_package).unwrap().build().unwrap();
    send("commit with an add", &output.commit_message);
    a.apply_pending_commit().unwrap();
    let welcome = send("welcome", &output.welcome_messages[0]);
    let (mut b, _) = bob.join_group(None, &welcome, None).unwrap();

    let message = a.encrypt_application_message(b"hello", b"aad".to_vec()).unwrap();
    b.process_incoming_message(send("private message", &message)).unwrap();

    let add = b.propose_add(key_package(&carol), b"more aad".to_vec()).unwrap();
    a.process_incoming_message(send("add proposal", &add)).unwrap();
    let update = b.propose_update(Vec::new()).unwrap();
    a.process_incoming_message(send("update proposal", &update)).unwrap();
    let output = a.commit_builder().build().unwrap();
    b.process_incoming_message(send("commit by reference", &output.commit_message)).unwrap();
    a.apply_pending_commit().unwrap();
    let (mut c, _) =
        carol.join_group(None, &send("second welcome", &output.welcome_messages[0]), None).unwrap();

    let group_info = a.group_info_message_allowing_ext_commit(true).unwrap();
    let group_info = send("group info", &group_info);
    let (mut d, external) = dave.commit_external(group_info).unwrap();
    let external = send("external commit", &external);
    for group in [&mut a, &mut b, &mut c] {
        group.process_incoming_message(external.clone()).unwrap();
    }

    let extensions = d.propose_group_context_extensions(ExtensionList::new(), Vec::new()).unwrap();
    send("group context extensions proposal", &extensions);
    let reinit = d
        .propose_reinit(None, mls_rs::ProtocolVersion::MLS_10, SUITE, ExtensionList::new(), Vec::new())
        .unwrap();
    send("reinit proposal", &reinit);
    send("resumption psk proposal", &d.propose_resumption_psk(2, Vec::new()).unwrap());

    let remove = b.commit_builder().remove_member(0).unwrap().build().unwrap();
    send("commit with a remove", &remove.commit_message);
    b.apply_pending_commit().unwrap();
    let tree = b.export_tree().to_bytes().unwrap();
    assert_eq!(RatchetTree::decode_exact(&tree).unwrap().to_bytes().unwrap(), tree);
    sent
}

#[test]
fn a_group_lives_on_messages_that_we_wrote() {
    let sent = life_of_a_group();
    let decoded: BTreeMap<_, _> =
        sent.iter().map(|(name, bytes)| (*name, MLSMessage::decode_exact(bytes).unwrap())).collect();

    let MLSMessageBody::GroupInfo { group_info } = &decoded["group info"].body else { panic!() };
    let tree = group_info.extensions.content::<RatchetTree>().unwrap().unwrap();
    assert_eq!(tree.leaves().count(), 3);
    assert_eq!(group_info.extensions.content::<ExternalPub>().unwrap().unwrap().external_pub.len(), 32);

    let MLSMessageBody::PublicMessage { public_message } = &decoded["commit with a remove"].body else {
        panic!()
    };
    let Content::Commit { commit } = public_message.content().content() else { panic!() };
    let [ProposalOrRef::Proposal { proposal: Proposal::Remove(remove) }] = &commit.proposals[..] else {
        panic!()
    };
    assert_eq!(remove.removed, 0);
}

/// The messages of one such life, recorded: keys are random, and a test's verdicts are not to be.
fn recorded() -> Vec<Vec<u8>> {
    let messages: BTreeMap<String, String> =
        serde_json::from_str(include_str!("data/mls-rs-messages.json")).unwrap();
    messages.values().map(|message| hex::decode(message).unwrap()).collect()
}

#[test]
#[ignore = "prints what data/mls-rs-messages.json records"]
fn record() {
    let messages: BTreeMap<_, _> =
        life_of_a_group().into_iter().map(|(name, bytes)| (name, hex::encode(bytes))).collect();
    println!("{}", serde_json::to_string_pretty(&messages).unwrap());
}

/// Every byte of a message replaced by some others: what was changed, and the changed message.
fn damaged(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(move |place| {
        let byte = bytes[place];
        let mut others = vec![
            0,
            1,
            2,
            3,
            0x40,
            0x80,
            0xff,
            byte ^ 1,
            byte.wrapping_add(1),
            byte.wrapping_sub(1),
            byte ^ 0x10,
        ];
        others.sort_unstable();
        others.dedup();
        others.retain(|other| *other != byte);
        others.into_iter().map(move |other| {
            let mut changed = bytes.to_vec();
            changed[place] = other;
            changed
        })
    })
}

/// The path's field names, from the last but one: enough to know the place, whatever the indices.
fn place(path: &mimi_codec::Path) -> String {
    let names: Vec<_> = path
        .segments()
        .filter_map(|segment| match segment {
            mimi_codec::Segment::Field(name) => Some(name),
            mimi_codec::Segment::Index(_) => None,
        })
        .collect();
    names[names.len().saturating_sub(2)..].join(".")
}

fn kind(kind: &DecodeErrorKind) -> String {
    match kind {
        DecodeErrorKind::UnknownValue { name, .. } => format!("unknown {name}"),
        DecodeErrorKind::ForbiddenValue { name, .. } => format!("forbidden {name}"),
        other => format!("{other:?}"),
    }
}

/// Who refuses what the other accepts, and why.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "they refuse",
        "mls codec error: 6",
        "A leaf index of 2^24 or more, in Remove and as a GroupInfo's signer: mls-rs has no trees as large. In RFC 9420 \
         it is any uint32; whether the leaf exists is for the holder of the tree to say.",
    ),
    (
        "we refuse",
        "TrailingBytes { count: 694 } in ",
        "A tree whose first byte says that it is empty, and bytes behind it: ExportedTree::from_bytes ignores them.",
    ),
    (
        "we refuse",
        "forbidden ContentType in content.content",
        "RFC 9420, 6.1: an external sender and a new_member_proposal can only propose, a new_member_commit only \
         commit. mls-rs checks that when it processes the message.",
    ),
    (
        "we refuse",
        "unknown AppDataUpdateOperation in content.proposal",
        "Proposal type 8 is AppDataUpdate to us (mls-extensions-10), and unknown to mls-rs: see the proposals below.",
    ),
    (
        "we refuse",
        "unknown CredentialType in bindings.credential",
        "Credential type 3 is MultiCredential to us (mls-extensions-10), and unknown to mls-rs: see the next.",
    ),
    (
        "we refuse",
        "unknown CredentialType in leaf_node.credential",
        "mls-rs takes an unknown credential to be one opaque<V>. RFC 9420 doesn't say so: nothing tells where it ends.",
    ),
    (
        "we refuse",
        "unknown ProposalType in content.proposal",
        "mls-rs takes an unknown proposal to be one opaque<V>. RFC 9420 doesn't say so: nothing tells where it ends.",
    ),
    ("we refuse", "unknown ProposalType in proposals.proposal", "The same, inside a Commit."),
    (
        "we refuse",
        "unknown ProtocolVersion in group_context.version",
        "RFC 9420, 8.1: version = mls10. mls-rs keeps any version until it is used.",
    ),
    (
        "we refuse",
        "unknown ProtocolVersion in key_package.version",
        "RFC 9420, 10.1: a key package has the version of its message, mls10; mls-rs checks that when it is used.",
    ),
    (
        "we refuse",
        "unknown ProtocolVersion in version",
        "RFC 9420, 6: version = mls10; mls-rs checks that later.",
    ),
];

#[test]
fn verdicts_on_damaged_messages_differ_only_where_we_know_why() {
    let mut judged = 0;
    let mut differences: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut note = |ours: Result<(), mimi_codec::DecodeError>, theirs: Result<(), String>| {
        judged += 1;
        match (ours, theirs) {
            (Ok(()), Ok(())) | (Err(_), Err(_)) => {}
            (Ok(()), Err(reason)) => *differences.entry(("they refuse".into(), reason)).or_default() += 1,
            (Err(error), Ok(())) => {
                let class = format!("{} in {}", kind(error.kind()), place(error.path()));
                *differences.entry(("we refuse".into(), class)).or_default() += 1;
            }
        }
    };
    for bytes in recorded() {
        for changed in damaged(&bytes) {
            let ours = MLSMessage::decode_exact(&changed).map(|value| {
                assert_eq!(value.to_bytes().unwrap(), changed);
            });
            note(ours, MlsMessage::from_bytes(&changed).map(drop).map_err(|error| error.to_string()));
        }
        let MLSMessageBody::GroupInfo { group_info } = MLSMessage::decode_exact(&bytes).unwrap().body else {
            continue;
        };
        let tree = group_info.extensions.content::<RatchetTree>().unwrap().unwrap().to_bytes().unwrap();
        for changed in damaged(&tree) {
            let ours = RatchetTree::decode_exact(&changed);
            let view = RatchetTreeView::decode_exact(&changed);
            assert_eq!(
                ours.as_ref().err(),
                view.as_ref().map_err(|e| e.clone().in_struct("RatchetTree")).err().as_ref()
            );
            note(
                ours.map(drop),
                ExportedTree::from_bytes(&changed).map(drop).map_err(|error| error.to_string()),
            );
        }
    }
    assert!(judged > 10_000, "{judged}");
    let found: Vec<String> = differences.keys().map(|(who, class)| format!("{who}: {class}")).collect();
    let explained: Vec<String> = EXPLAINED.iter().map(|(who, class, _)| format!("{who}: {class}")).collect();
    assert_eq!(found, explained);
}
