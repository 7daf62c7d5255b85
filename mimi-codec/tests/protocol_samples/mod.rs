//! Messages and bodies that the tests of mimi-protocol share.
#![allow(dead_code, missing_docs)]

use core::fmt::Debug;

use mimi_codec::{
    Decode, DecodeOwned, Encode, Opaque,
    code_points::{CipherSuite, ExtensionType},
    mls::*,
    protocol::*,
    ratchet_tree_options::RatchetTreeOption,
    semiprivate::SemiPrivateMessage,
};

pub(crate) const GROUP: &str = "mimi://hub.example/g/x";

/// The value encodes to these bytes, and they decode to it.
pub(crate) fn is<T: Encode + DecodeOwned + PartialEq + Debug>(value: T, parts: &[&[u8]]) {
    let expected = cat(parts);
    assert_eq!(value.to_bytes().unwrap(), expected, "{value:?}");
    assert_eq!(T::decode_exact(&expected).unwrap(), value);
}

pub(crate) const U16: [u8; 2] = [0x01, 0x02];
pub(crate) const U32: [u8; 4] = [0x01, 0x02, 0x03, 0x04];
pub(crate) const U64: [u8; 8] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08];
pub(crate) const N32: u32 = 0x0102_0304;
pub(crate) const N64: u64 = 0x0102_0304_0506_0708;

/// `opaque x<V>` of at most 16383 bytes.
pub(crate) fn v(content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        short @ 0..64 => vec![short as u8],
        long => ((long as u16) | 0x4000).to_be_bytes().to_vec(),
    };
    [length, content.to_vec()].concat()
}

pub(crate) fn cat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// What a decoder says of bytes that it refuses: kind, offset, path.
pub(crate) fn refused<'a, T: Decode<'a>>(bytes: &'a [u8]) -> (mimi_codec::DecodeErrorKind, usize, String) {
    match T::decode_exact(bytes) {
        Ok(_) => panic!("accepted {bytes:02x?}"),
        Err(error) => (*error.kind(), error.offset(), error.path().to_string()),
    }
}

pub(crate) fn uri(text: &str) -> IdentifierUri {
    IdentifierUri::new(text).unwrap()
}

pub(crate) fn remove(removed: u32) -> Content {
    Content::Proposal { proposal: Proposal::Remove(Remove { removed }) }
}

pub(crate) fn empty_commit() -> Content {
    Content::Commit { commit: Commit { proposals: vec![], path: None } }
}

/// A PublicMessage in the group [`GROUP`].
pub(crate) fn public(epoch: u64, sender: Sender, content: Content) -> MLSMessage {
    let is_commit = content.content_type() == ContentType::Commit;
    let is_member = matches!(sender, Sender::Member { .. });
    let auth = FramedContentAuthData {
        signature: "signature".into(),
        confirmation_tag: is_commit.then(|| b"confirmation".to_vec().into()),
    };
    let content = FramedContent::new(GROUP.into(), epoch, sender, Opaque::default(), content).unwrap();
    PublicMessage::new(content, auth, is_member.then(|| b"membership".to_vec().into())).unwrap().into()
}

pub(crate) fn member() -> Sender {
    Sender::Member { leaf_index: 2 }
}

pub(crate) fn private(content_type: ContentType) -> MLSMessage {
    PrivateMessage {
        group_id: GROUP.into(),
        epoch: 7,
        content_type,
        authenticated_data: Opaque::default(),
        encrypted_sender_data: "sender data".into(),
        ciphertext: "ciphertext".into(),
    }
    .into()
}

pub(crate) fn semi_private(content_type: ContentType) -> MLSMessage {
    SemiPrivateMessage::new(
        GROUP.into(),
        7,
        content_type,
        Opaque::default(),
        "hash".into(),
        vec![].try_into().unwrap(),
        "hash".into(),
        "sender data".into(),
        "ciphertext".into(),
    )
    .unwrap()
    .into()
}

pub(crate) fn welcome() -> Welcome {
    let secrets = |reference: &[u8]| EncryptedGroupSecrets {
        new_member: reference.into(),
        encrypted_group_secrets: HPKECiphertext { kem_output: "kem".into(), ciphertext: "secrets".into() },
    };
    Welcome {
        cipher_suite: CipherSuite(1),
        secrets: vec![secrets(b"reference 1"), secrets(b"reference 2")],
        encrypted_group_info: "group info".into(),
    }
}

pub(crate) fn group_info(extensions: Vec<Extension>) -> GroupInfo {
    GroupInfo {
        group_context: GroupContext {
            version: Mls10,
            cipher_suite: CipherSuite(1),
            group_id: GROUP.into(),
            epoch: 8,
            tree_hash: "tree".into(),
            confirmed_transcript_hash: "transcript".into(),
            extensions: Extensions::default(),
        },
        extensions: Extensions::new(extensions).unwrap(),
        confirmation_tag: b"confirmation".to_vec().into(),
        signer: 2,
        signature: "signature".into(),
    }
}

pub(crate) fn ratchet_tree_extension() -> Extension {
    Extension { extension_type: ExtensionType::RATCHET_TREE, extension_data: Opaque::default() }
}

pub(crate) fn full(group_info: GroupInfo) -> Box<GroupInfoOption> {
    Box::new(GroupInfoOption::Full { group_info: TreelessGroupInfo::new(group_info).unwrap() })
}

pub(crate) fn commit_bundle() -> HandshakeBundle {
    HandshakeBundle::Commit {
        proposal_or_commit: CommitMessage::new(public(7, member(), empty_commit())).unwrap(),
        welcome: Some(welcome()),
        group_info_option: full(group_info(vec![])),
        ratchet_tree_option: RatchetTreeOption::DistributionService {},
    }
}

pub(crate) fn proposal(epoch: u64) -> ProposalMessage {
    ProposalMessage::new(public(epoch, Sender::External { sender_index: 0 }, remove(4))).unwrap()
}

pub(crate) fn frank() -> Frank {
    Frank {
        server_frank: [7; 32].into(),
        franking_signature_ciphersuite: CipherSuite(1),
        franking_integrity_signature: "signature".into(),
    }
}

/// One of each kind of fan-out.
pub(crate) fn fanout() -> Vec<FanoutMessage> {
    let events = vec![
        FanoutEvent::Application {
            message: ApplicationMessage::new(private(ContentType::Application)).unwrap(),
            frank: Some(frank()),
        },
        FanoutEvent::Application {
            message: ApplicationMessage::new(private(ContentType::Application)).unwrap(),
            frank: None,
        },
        FanoutEvent::Welcome {
            message: WelcomeMessage::new(welcome().into()).unwrap(),
            ratchet_tree_option: Box::new(RatchetTreeOption::OutOfBand {}),
        },
        FanoutEvent::Proposal(
            ProposalMessages::new(
                ProposalMessage::new(semi_private(ContentType::Proposal)).unwrap(),
                vec![proposal(7), proposal(7)],
            )
            .unwrap(),
        ),
        FanoutEvent::Commit {
            message: CommitMessage::new(semi_private(ContentType::Commit)).unwrap(),
            external_proposals: vec![],
        },
        FanoutEvent::Commit {
            message: CommitMessage::new(public(7, Sender::NewMemberCommit {}, empty_commit())).unwrap(),
            external_proposals: vec![proposal(8), proposal(8)],
        },
    ];
    events
        .into_iter()
        .zip(1_700_000_000_000..)
        .map(|(event, timestamp)| FanoutMessage::new(timestamp, event).unwrap())
        .collect()
}

pub(crate) fn bytes(value: &impl Encode) -> Vec<u8> {
    value.to_bytes().unwrap()
}

pub(crate) fn credential() -> Credential {
    Credential::decode_exact(b"\x00\x01\x05alice").unwrap()
}

pub(crate) fn key_material_request() -> KeyMaterialRequest {
    KeyMaterialRequest {
        protocol: Protocol::Mls10,
        requesting_user: uri("mimi://a.example/u/alice"),
        target_user: uri("mimi://b.example/u/bob"),
        room_id: uri("mimi://a.example/r/clubhouse").into(),
        acceptable_ciphersuites: vec![CipherSuite(1), CipherSuite(2)].try_into().unwrap(),
        required_capabilities: RequiredCapabilities {
            extension_types: vec![],
            proposal_types: vec![],
            credential_types: vec![],
        },
        requester_signature_key: b"key".to_vec().into(),
        requester_credential: credential(),
        key_material_request_signature: "signature".into(),
    }
}
