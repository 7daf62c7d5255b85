//! The MLS working group's vectors: every message decodes to its last byte and encodes to the same
//! bytes again.
//!
//! `data/mls-messages.json` holds the first cases of the working group's `messages.json` (of 300,
//! all of one shape), `data/mls-deserialization.json` all of `deserialization.json`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use mimi_codec::{
    Decode, DecodeErrorKind, DecodeOwned, Encode, Reader,
    mls::{
        Add, Commit, Content, ContentType, ExternalInit, GroupContextExtensions, GroupSecrets, MLSMessage,
        MLSMessageBody, PreSharedKey, RatchetTree, RatchetTreeView, ReInit, Remove, Update,
    },
};
use serde_json::Value;

fn cases(json: &str) -> Vec<Value> {
    serde_json::from_str(json).unwrap()
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

#[track_caller]
fn same_again<T: DecodeOwned + Encode>(case: &Value, field: &str) -> T {
    let bytes = bytes(case, field);
    let value = T::decode_exact(&bytes).unwrap_or_else(|error| panic!("{field}: {error}"));
    assert_eq!(value.to_bytes().unwrap(), bytes, "{field}");
    value
}

fn content_type(message: &MLSMessage) -> ContentType {
    match &message.body {
        MLSMessageBody::PublicMessage { public_message } => public_message.content().content().content_type(),
        other => panic!("not a PublicMessage: {other:?}"),
    }
}

#[test]
fn messages_decode_and_encode_identically() {
    let cases = cases(include_str!("data/mls-messages.json"));
    assert!(cases.len() >= 10);
    for case in &cases {
        let welcome: MLSMessage = same_again(case, "mls_welcome");
        assert!(matches!(welcome.body, MLSMessageBody::Welcome { .. }));
        let group_info: MLSMessage = same_again(case, "mls_group_info");
        assert!(matches!(group_info.body, MLSMessageBody::GroupInfo { .. }));
        let key_package: MLSMessage = same_again(case, "mls_key_package");
        assert!(matches!(key_package.body, MLSMessageBody::KeyPackage { .. }));

        same_again::<GroupSecrets>(case, "group_secrets");
        same_again::<Add>(case, "add_proposal");
        same_again::<Update>(case, "update_proposal");
        same_again::<Remove>(case, "remove_proposal");
        same_again::<PreSharedKey>(case, "pre_shared_key_proposal");
        same_again::<ReInit>(case, "re_init_proposal");
        same_again::<ExternalInit>(case, "external_init_proposal");
        same_again::<GroupContextExtensions>(case, "group_context_extensions_proposal");
        same_again::<Commit>(case, "commit");

        let application = same_again(case, "public_message_application");
        assert_eq!(content_type(&application), ContentType::Application);
        let proposal = same_again(case, "public_message_proposal");
        assert_eq!(content_type(&proposal), ContentType::Proposal);
        let commit = same_again(case, "public_message_commit");
        assert_eq!(content_type(&commit), ContentType::Commit);
        if let MLSMessageBody::PublicMessage { public_message } = &commit.body {
            assert!(matches!(public_message.content().content(), Content::Commit { .. }));
            assert!(public_message.auth().confirmation_tag.is_some());
        }
        let private: MLSMessage = same_again(case, "private_message");
        assert!(matches!(private.body, MLSMessageBody::PrivateMessage { .. }));
    }
}

#[test]
fn ratchet_trees_decode_alike_owned_and_borrowed() {
    for case in cases(include_str!("data/mls-messages.json")) {
        let owned: RatchetTree = same_again(&case, "ratchet_tree");
        let encoded = bytes(&case, "ratchet_tree");
        let view = RatchetTreeView::decode_exact(&encoded).unwrap();
        assert_eq!(view.len(), owned.len());
        assert_eq!(view.iter().flatten().count(), owned.iter().flatten().count());
        assert_eq!(view.to_bytes().unwrap(), encoded);
        assert_eq!(RatchetTree::from(view), owned);
    }
}

#[test]
fn vector_lengths_are_read_as_the_working_group_reads_them() {
    let cases = cases(include_str!("data/mls-deserialization.json"));
    assert!(!cases.is_empty());
    for case in &cases {
        let header = bytes(case, "vlbytes_header");
        let length = usize::try_from(case["length"].as_u64().unwrap()).unwrap();
        // The vectors give the length alone; without content it is refused, with the length it
        // says.
        match Reader::new(&header).opaque().map(<[u8]>::len) {
            Ok(found) => assert_eq!((found, length), (0, 0)),
            Err(error) => assert_eq!(
                error.kind(),
                &DecodeErrorKind::LengthExceedsInput { declared: length, available: 0 }
            ),
        }
        if length < 1 << 20 {
            let mut input = header.clone();
            input.resize(header.len() + length, 0x5a);
            let mut reader = Reader::new(&input);
            assert_eq!(reader.opaque().unwrap().len(), length);
            reader.finish().unwrap();
            assert_eq!(input[header.len()..].to_bytes().unwrap(), input);
        }
    }
}
