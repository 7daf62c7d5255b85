//! Every refusal by name: what, at which byte, in which field.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use mimi_codec::{
    Decode, DecodeErrorKind as Kind, DecodeOwned, Encode, EncodeError, InvalidValueError, List, ListView,
    MAX_DEPTH, NotEmpty, Octets, Opaque, Segment, Strict, Unique,
    associated_parties::AssociatedPartyCommitEncryptionContext,
    code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat},
    extensions::{AppDataDictionary, AppDataUpdate, ComponentOperationLabel, MessageRange, SafeAAD},
    minimal_metadata::IdentityLinkKeysUpdate,
    mls::{
        Add, Commit, ConfirmedTranscriptHashInput, Content, ContentType, Credential, CredentialBinding,
        CredentialView, Extension, Extensions, FramedContent, FramedContentAuthData, FramedContentTBS,
        HPKECiphertext, HPKEPublicKey, KeyPackage, LeafNode, LeafNodePosition, MAC, MLSMessage,
        MultiCredential, Node, ParentNode, PreSharedKeyID, PrivateMessageContent, Proposal, ProposalOrRef,
        PublicMessage, RatchetTree, RatchetTreeView, Remove, Sender, SignaturePublicKey, UpdatePath,
        UpdatePathNode,
    },
    ratchet_tree_options::{
        Domain, DomainList, HttpsUrl, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence,
    },
    semiprivate::{
        DistinctReceivers, ExternalReceiver, ExternalReceivers, KeyForExternalReceiver, SemiPrivateMessage,
        SemiPrivateMessageContent, UniqueReceivers,
    },
};

#[track_caller]
fn refused<T: DecodeOwned>(bytes: &[u8]) -> (Kind, usize, String) {
    let error = <T as Decode<'_>>::decode_exact(bytes).err().unwrap();
    (*error.kind(), error.offset(), error.path().to_string())
}

fn unknown(name: &'static str, value: u64) -> Kind {
    Kind::UnknownValue { name, value }
}

fn forbidden(name: &'static str, value: u64) -> Kind {
    Kind::ForbiddenValue { name, value }
}

fn field(name: &'static str, kind: Kind) -> InvalidValueError {
    InvalidValueError { kind, place: Some(Segment::Field(name)) }
}

fn bytes(value: &impl Encode) -> Vec<u8> {
    value.to_bytes().unwrap()
}

fn proposal() -> Content {
    Content::Proposal { proposal: Proposal::Remove(Remove { removed: 1 }) }
}

fn commit() -> Content {
    Content::Commit { commit: Commit { proposals: vec![], path: None } }
}

fn framed(sender: Sender, content: Content) -> Result<FramedContent, InvalidValueError> {
    FramedContent::new("g".into(), 7, sender, "".into(), content)
}

fn auth(tag: bool) -> FramedContentAuthData {
    FramedContentAuthData { signature: "s".into(), confirmation_tag: tag.then(|| MAC::new(*b"tag")) }
}

const MEMBER: Sender = Sender::Member { leaf_index: 0 };

// Lengths (RFC 9420 §2.1.2).

#[test]
fn refuses_a_length_that_begins_with_11() {
    for first in [0xc0, 0xff] {
        let input = [first, 0, 0, 0, 0, 0, 0, 1, 0x2a];
        assert_eq!(refused::<Opaque>(&input), (Kind::InvalidLengthPrefix, 0, String::new()));
    }
}

#[test]
fn refuses_a_length_that_is_longer_than_it_needs_to_be() {
    for input in
        [&[0x40, 0x00][..], &[0x40, 0x01, 7], &[0x40, 0x3f], &[0x80, 0, 0, 0], &[0x80, 0, 0x3f, 0xff]]
    {
        assert_eq!(refused::<Opaque>(input), (Kind::NonMinimalLength, 0, String::new()));
    }
    let second_field = refused::<HPKECiphertext>(&[0x01, 0x61, 0x40, 0x01, 0x62]);
    assert_eq!(second_field, (Kind::NonMinimalLength, 2, "HPKECiphertext.ciphertext".into()));
}

#[test]
fn refuses_a_gigabyte_that_is_not_there() {
    let input = [0xbf, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6];
    let kind = Kind::LengthExceedsInput { declared: (1 << 30) - 1, available: 6 };
    assert_eq!(refused::<Opaque>(&input), (kind, 0, String::new()));
    assert_eq!(refused::<Vec<u64>>(&input), (kind, 0, String::new()));
    assert_eq!(refused::<RatchetTree>(&input), (kind, 0, "RatchetTree".into()));
    assert_eq!(ListView::<u64>::decode_exact(&input).unwrap_err().kind(), &kind);
}

#[test]
fn refuses_a_length_that_splits_an_element() {
    let kind = Kind::UnexpectedEnd { missing: 3 };
    let input = [5, 0, 0, 0, 1, 2];
    assert_eq!(refused::<Vec<u32>>(&input), (kind, 5, "[1]".into()));
    assert_eq!(refused::<List<u32, Strict>>(&input), (kind, 5, "[1]".into()));
    let error = ListView::<u32>::decode_exact(&input).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (&kind, 5));
}

#[test]
fn refuses_an_element_that_reaches_beyond_its_vector() {
    // The inner length says 3, the outer vector ends after 2: what lies behind is not its.
    let input = [3, 3, b'a', b'b', b'c'];
    let kind = Kind::LengthExceedsInput { declared: 3, available: 2 };
    assert_eq!(refused::<Vec<Opaque>>(&input), (kind, 1, "[0]".into()));
}

#[test]
fn refuses_a_length_that_is_cut_off() {
    assert_eq!(refused::<Opaque>(&[]), (Kind::UnexpectedEnd { missing: 1 }, 0, String::new()));
    assert_eq!(refused::<Opaque>(&[0x41]), (Kind::UnexpectedEnd { missing: 1 }, 0, String::new()));
    assert_eq!(refused::<Opaque>(&[0x81, 0]), (Kind::UnexpectedEnd { missing: 2 }, 0, String::new()));
}

#[test]
fn refuses_what_is_left_over() {
    let kind = Kind::TrailingBytes { count: 2 };
    assert_eq!(refused::<Opaque>(&[0x01, 0x61, 0, 0]), (kind, 2, String::new()));
    assert_eq!(refused::<HPKECiphertext>(&[0, 0, 9, 9]), (kind, 2, "HPKECiphertext".into()));
}

#[test]
fn refuses_to_write_a_vector_that_no_length_can_say() {
    let too_long = Opaque::new(vec![0; 1 << 30]);
    assert_eq!(too_long.to_bytes(), Err(EncodeError::VectorTooLong { len: 1 << 30 }));
    let outer = HPKECiphertext { kem_output: Opaque::default(), ciphertext: too_long };
    assert_eq!(outer.to_bytes(), Err(EncodeError::VectorTooLong { len: 1 << 30 }));
}

// Single bytes.

#[test]
fn refuses_a_presence_byte_that_is_neither_0_nor_1() {
    for byte in [2, 0x80, 0xff] {
        assert_eq!(refused::<Option<u8>>(&[byte, 0]), (Kind::InvalidPresence(byte), 0, String::new()));
    }
    // The Commit's path.
    assert_eq!(refused::<Commit>(&[0, 2]), (Kind::InvalidPresence(2), 1, "Commit.path".into()));
}

#[test]
fn refuses_a_bool_that_is_neither_0_nor_1() {
    assert_eq!(refused::<bool>(&[2]), (Kind::InvalidBool(2), 0, String::new()));
}

#[test]
fn refuses_text_that_is_not_utf_8_at_the_byte_that_is_not() {
    assert_eq!(refused::<String>(b"\x03ab\xff"), (Kind::InvalidUtf8, 3, String::new()));
}

#[test]
fn refuses_what_an_enum_does_not_list() {
    for value in [0, 4, 255] {
        let refusal = refused::<ContentType>(&[value]);
        assert_eq!(refusal, (unknown("ContentType", value.into()), 0, "ContentType".into()));
        let refusal = refused::<PreSharedKeyID>(&[value, 0, 0]);
        assert_eq!(refusal, (unknown("PSKType", value.into()), 0, "PreSharedKeyID".into()));
        let refusal = refused::<ProposalOrRef>(&[value]);
        assert_eq!(refusal, (unknown("ProposalOrRefType", value.into()), 0, "ProposalOrRef".into()));
    }
    assert_eq!(refused::<Sender>(&[5]), (unknown("SenderType", 5), 0, "Sender".into()));
    assert_eq!(refused::<Node>(&[3]), (unknown("NodeType", 3), 0, "Node".into()));
    let refusal = refused::<PreSharedKeyID>(&[2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(refusal, (unknown("ResumptionPSKUsage", 4), 1, "PreSharedKeyID.usage".into()));
}

#[test]
fn refuses_an_app_data_update_with_the_operation_invalid() {
    let refusal = refused::<AppDataUpdate>(&[0, 7, 0]);
    assert_eq!(refusal, (unknown("AppDataUpdateOperation", 0), 2, "AppDataUpdate".into()));
}

// Selects without a known arm.

#[test]
fn refuses_an_unknown_credential_and_an_unknown_proposal() {
    assert_eq!(refused::<Credential>(&[0, 5, 0]), (unknown("CredentialType", 5), 0, "Credential".into()));
    assert_eq!(
        refused::<Proposal>(&[0x0a, 0x0a, 0]),
        (unknown("ProposalType", 0x0a0a), 0, "Proposal".into())
    );
    let refusal = refused::<Commit>(&[4, 1, 0, 11, 0, 0]);
    assert_eq!(refusal, (unknown("ProposalType", 11), 2, "Commit.proposals[0].proposal".into()));
}

#[test]
fn refuses_an_unknown_version_and_an_unknown_wire_format() {
    let refusal = refused::<MLSMessage>(&[0, 2, 0, 3]);
    assert_eq!(refusal, (unknown("ProtocolVersion", 2), 0, "MLSMessage.version".into()));
    for format in [0, 6, 0xf0] {
        let refusal = refused::<MLSMessage>(&[0, 1, 0, format]);
        assert_eq!(refusal, (unknown("WireFormat", format.into()), 2, "MLSMessage".into()));
    }
    let refusal = refused::<MLSMessage>(&[0, 1, 0, 5, 0, 2, 0, 1]);
    assert_eq!(refusal, (unknown("ProtocolVersion", 2), 4, "MLSMessage.key_package.version".into()));
    let refusal = refused::<KeyPackage>(&[0, 2, 0, 1]);
    assert_eq!(refusal, (unknown("ProtocolVersion", 2), 0, "KeyPackage.version".into()));
    let refusal = refused::<Add>(&[0, 0]);
    assert_eq!(refusal, (unknown("ProtocolVersion", 0), 0, "Add.key_package.version".into()));
}

// Order and uniqueness.

fn extension(extension_type: u16) -> Extension {
    Extension { extension_type: ExtensionType(extension_type), extension_data: Opaque::default() }
}

#[test]
fn refuses_an_extension_that_occurs_twice() {
    assert_eq!(refused::<Extensions>(&[6, 0, 9, 0, 0, 9, 0]), (Kind::Duplicate, 4, "[1]".into()));
    // Beyond what is remembered on the stack.
    let mut many: Vec<Extension> = (0..300).map(extension).collect();
    assert!(Extensions::new(many.clone()).is_ok());
    many.push(extension(77));
    let refused_value = InvalidValueError { kind: Kind::Duplicate, place: Some(Segment::Index(300)) };
    assert_eq!(Extensions::new(many.clone()).unwrap_err(), refused_value);
    // 301 entries of 3 bytes behind a length of 2.
    assert_eq!(refused::<Extensions>(&bytes(&many)), (Kind::Duplicate, 902, "[300]".into()));
}

#[test]
fn refuses_components_that_do_not_ascend() {
    for (second, first) in [(3, 3), (2, 3)] {
        let input = [6, 0, first, 0, 0, second, 0];
        let refusal = refused::<AppDataDictionary>(&input);
        assert_eq!(refusal, (Kind::NotAscending, 4, "AppDataDictionary.component_data[1]".into()));
        let refusal = refused::<SafeAAD>(&input);
        assert_eq!(refusal, (Kind::NotAscending, 4, "SafeAAD.aad_items[1]".into()));
    }
}

#[test]
fn refuses_unmerged_leaves_that_do_not_ascend() {
    let node = |leaves: Vec<u32>| [&[1, b'k', 1, b'h'][..], &bytes(&leaves)].concat();
    assert!(ParentNode::decode_exact(&node(vec![0, 1, 5])).is_ok());
    for leaves in [vec![1, 1], vec![2, 1]] {
        let refusal = refused::<ParentNode>(&node(leaves));
        assert_eq!(refusal, (Kind::NotAscending, 9, "ParentNode.unmerged_leaves[1]".into()));
    }
}

#[test]
fn refuses_a_list_without_the_element_it_needs() {
    assert_eq!(refused::<DomainList>(&[0]), (Kind::Empty, 1, "DomainList.domains".into()));
    assert_eq!(
        List::<Domain, NotEmpty>::new(vec![]).unwrap_err(),
        InvalidValueError { kind: Kind::Empty, place: None }
    );
}

#[test]
fn refuses_a_list_that_breaks_the_second_of_two_rules() {
    let refusal = refused::<List<u16, (NotEmpty, Unique)>>(&[4, 0, 1, 0, 1]);
    assert_eq!(refusal, (Kind::Duplicate, 3, "[1]".into()));
    assert_eq!(refused::<List<u16, (Unique, NotEmpty)>>(&[0]), (Kind::Empty, 1, String::new()));
}

// Trees.

fn parent() -> Vec<u8> {
    vec![1, 2, 1, b'k', 0, 0]
}

fn leaf() -> Vec<u8> {
    // Present, leaf, keys, basic credential, empty capabilities, source update, no extensions,
    // signature.
    [&[1, 1, 1, b'e', 1, b's', 0, 1, 1, b'i'][..], &[0; 5], &[2, 0, 1, b'g']].concat()
}

fn tree(nodes: &[Vec<u8>]) -> Vec<u8> {
    bytes(&Opaque::new(nodes.concat()))
}

#[track_caller]
fn refused_tree(nodes: &[Vec<u8>]) -> (Kind, usize, String) {
    let encoded = tree(nodes);
    let owned = refused::<RatchetTree>(&encoded);
    let borrowed = RatchetTreeView::decode_exact(&encoded).unwrap_err().in_struct("RatchetTree");
    assert_eq!((*borrowed.kind(), borrowed.offset(), borrowed.path().to_string()), owned);
    owned
}

#[test]
fn refuses_a_tree_that_ends_in_a_blank() {
    assert!(RatchetTree::decode_exact(&tree(&[leaf(), parent(), leaf()])).is_ok());
    assert!(RatchetTree::decode_exact(&tree(&[vec![0], vec![0], leaf()])).is_ok());
    let kind = Kind::Rule("a ratchet tree ends in a blank node");
    assert_eq!(refused_tree(&[leaf(), vec![0]]), (kind, 1 + leaf().len() + 1, "RatchetTree".into()));
    assert_eq!(refused_tree(&[vec![0]]), (kind, 2, "RatchetTree".into()));
}

#[test]
fn refuses_a_node_in_the_wrong_place() {
    let even = Kind::Rule("a parent node stands at an even place");
    assert_eq!(refused_tree(&[parent()]), (even, 1, "RatchetTree[0]".into()));
    let odd = Kind::Rule("a leaf node stands at an odd place");
    assert_eq!(refused_tree(&[vec![0], leaf()]), (odd, 2, "RatchetTree[1]".into()));
}

// Messages (RFC 9420 §6).

#[test]
fn refuses_what_an_outsider_may_not_send() {
    let outsiders = [
        (Sender::External { sender_index: 0 }, commit(), 3),
        (Sender::External { sender_index: 0 }, Content::Application { application_data: "a".into() }, 1),
        (Sender::NewMemberProposal {}, commit(), 3),
        (Sender::NewMemberCommit {}, proposal(), 2),
    ];
    for (sender, content, value) in outsiders {
        let invalid = framed(sender.clone(), content.clone()).unwrap_err();
        assert_eq!(invalid, field("content", forbidden("ContentType", value)));
        // Group, epoch, sender, authenticated data: the content type stands behind them.
        let before = [&[1, b'g', 0, 0, 0, 0, 0, 0, 0, 7][..], &bytes(&sender), &[0]].concat();
        let refusal = refused::<FramedContent>(&[&before[..], &bytes(&content)].concat());
        assert_eq!(refusal, (forbidden("ContentType", value), before.len(), "FramedContent.content".into()));
    }
    assert!(framed(Sender::External { sender_index: 0 }, proposal()).is_ok());
    assert!(framed(Sender::NewMemberCommit {}, commit()).is_ok());
}

#[test]
fn refuses_what_an_outsider_may_not_propose() {
    let external = || Sender::External { sender_index: 0 };
    let joins = || Sender::NewMemberProposal {};
    // The leaf of an Update: two keys, an empty credential, no capabilities, an update, no
    // extensions, no signature.
    let update = [&[0, 2][..], &[0, 0, 0, 1, 0], &[0; 5], &[2, 0, 0]].concat();
    let key_package = [&[0, 1, 0, 1, 0][..], &[0, 0, 0, 1, 0], &[0; 5], &[2, 0, 0], &[0, 0]].concat();
    let add = [&[0, 1][..], &key_package].concat();
    let remove = vec![0, 3, 0, 0, 0, 9];
    let psk = [&[0, 4][..], &[1, 0, 0]].concat();
    let reinit = vec![0, 5, 0, 0, 1, 0, 1, 0];
    let external_init = vec![0, 6, 0];
    let extensions = vec![0, 7, 0];
    let update_data = vec![0, 8, 0, 1, 2];
    let ephemeral = vec![0, 9, 0, 1, 0];
    let self_remove = vec![0, 10];
    let all = [
        (&add, true, true),
        (&update, false, false),
        (&remove, true, false),
        (&psk, true, false),
        (&reinit, true, false),
        (&external_init, false, false),
        (&extensions, true, false),
        (&update_data, true, false),
        (&ephemeral, true, false),
        (&self_remove, false, false),
    ];
    for (proposal, from_external, from_joiner) in all {
        let value = Proposal::decode_exact(proposal).unwrap();
        for (sender, allowed) in [(MEMBER, true), (external(), from_external), (joins(), from_joiner)] {
            let made = framed(sender.clone(), Content::Proposal { proposal: value.clone() });
            let before = [&[1, b'g', 0, 0, 0, 0, 0, 0, 0, 7][..], &bytes(&sender), &[0]].concat();
            let message = [&before[..], &[2], proposal].concat();
            if allowed {
                assert_eq!(bytes(&made.unwrap()), message);
                assert!(FramedContent::decode_exact(&message).is_ok());
                continue;
            }
            let kind = forbidden("ProposalType", proposal[1].into());
            assert_eq!(made.unwrap_err(), field("content", kind));
            let refusal = refused::<FramedContent>(&message);
            assert_eq!(refusal, (kind, before.len(), "FramedContent.content".into()));
        }
    }
}

#[test]
fn refuses_to_make_a_message_with_the_wrong_tags() {
    let make = |sender, content, confirmation, membership: bool| {
        PublicMessage::new(
            framed(sender, content).unwrap(),
            auth(confirmation),
            membership.then(MAC::default),
        )
    };
    assert_eq!(make(MEMBER, commit(), false, true).unwrap_err(), field("auth", Kind::Missing));
    assert_eq!(make(MEMBER, proposal(), true, true).unwrap_err(), field("auth", Kind::Unexpected));
    assert_eq!(make(MEMBER, proposal(), false, false).unwrap_err(), field("membership_tag", Kind::Missing));
    let joins = make(Sender::NewMemberCommit {}, commit(), true, true);
    assert_eq!(joins.unwrap_err(), field("membership_tag", Kind::Unexpected));
    assert!(make(MEMBER, commit(), true, true).is_ok());
}

#[test]
fn refuses_a_message_whose_tags_are_cut_off() {
    let message =
        PublicMessage::new(framed(MEMBER, commit()).unwrap(), auth(true), Some(MAC::new(*b"m"))).unwrap();
    let whole = bytes(&MLSMessage::from(message));
    let missing = Kind::UnexpectedEnd { missing: 1 };
    let without_membership_tag = &whole[..whole.len() - 2];
    let refusal = refused::<MLSMessage>(without_membership_tag);
    assert_eq!(refusal, (missing, whole.len() - 2, "MLSMessage.public_message.membership_tag".into()));
    let without_confirmation_tag = &whole[..whole.len() - 6];
    let refusal = refused::<MLSMessage>(without_confirmation_tag);
    assert_eq!(refusal, (missing, whole.len() - 6, "MLSMessage.public_message.auth.confirmation_tag".into()));
}

#[test]
fn refuses_to_sign_the_wrong_context() {
    let made = FramedContentTBS::new(
        mimi_codec::mls::Mls10,
        WireFormat::MLS_PUBLIC_MESSAGE,
        framed(MEMBER, proposal()).unwrap(),
        None,
    );
    assert_eq!(made.unwrap_err(), field("context", Kind::Missing));
    let leaf = LeafNode::decode_exact(&leaf()[2..]).unwrap();
    assert_eq!(leaf.tbs(None).unwrap_err(), field("position", Kind::Missing));
    assert!(leaf.tbs(Some(LeafNodePosition { group_id: "g".into(), leaf_index: 1 })).is_ok());
}

#[test]
fn refuses_a_transcript_of_anything_but_a_commit() {
    let input = [&[0, 1][..], &bytes(&framed(MEMBER, proposal()).unwrap()), &[0]].concat();
    let refusal = refused::<ConfirmedTranscriptHashInput>(&input);
    assert_eq!(refusal, (forbidden("ContentType", 2), 2, "ConfirmedTranscriptHashInput.content".into()));
}

#[test]
fn refuses_padding_that_is_not_zero() {
    let content = PrivateMessageContent::new(proposal(), auth(false), 3).unwrap();
    let mut plaintext = bytes(&content);
    assert_eq!(PrivateMessageContent::decode_exact(ContentType::Proposal, &plaintext).unwrap(), content);
    let place = plaintext.len() - 2;
    plaintext[place] = 1;
    let error = PrivateMessageContent::decode_exact(ContentType::Proposal, &plaintext).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (&Kind::NonZeroPadding, place));
    assert_eq!(error.path().to_string(), "PrivateMessageContent.padding");
    let error = SemiPrivateMessageContent::decode_exact(ContentType::Proposal, &plaintext).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (&Kind::NonZeroPadding, place));
    let invalid = PrivateMessageContent::new(commit(), auth(false), 0).unwrap_err();
    assert_eq!(invalid, field("auth", Kind::Missing));
}

// SemiPrivateMessage.

fn receiver_key(reference: &str) -> KeyForExternalReceiver {
    KeyForExternalReceiver {
        external_receiver_ref: reference.into(),
        encrypted_keys_and_nonces: HPKECiphertext { kem_output: "k".into(), ciphertext: "c".into() },
    }
}

#[test]
fn refuses_application_data_in_a_semi_private_message() {
    let keys = List::<KeyForExternalReceiver, UniqueReceivers>::new(vec![receiver_key("a")]).unwrap();
    let make = |content_type| {
        let part = |text: &str| Opaque::from(text);
        SemiPrivateMessage::new(
            part("g"),
            1,
            content_type,
            part(""),
            part("p"),
            keys.clone(),
            part("f"),
            part("d"),
            part("c"),
        )
    };
    let invalid = make(ContentType::Application).unwrap_err();
    assert_eq!(invalid, field("content_type", forbidden("ContentType", 1)));
    let mut input = bytes(&make(ContentType::Commit).unwrap());
    input[10] = 1;
    let refusal = refused::<SemiPrivateMessage>(&input);
    assert_eq!(refusal, (forbidden("ContentType", 1), 10, "SemiPrivateMessage.content_type".into()));

    let content = Content::Application { application_data: "a".into() };
    let invalid = SemiPrivateMessageContent::new(content, auth(false), 0).unwrap_err();
    assert_eq!(invalid, field("content_type", forbidden("ContentType", 1)));
    let error = SemiPrivateMessageContent::decode_exact(ContentType::Application, &[0, 0]).unwrap_err();
    assert_eq!(error.kind(), &forbidden("ContentType", 1));
    assert_eq!(error.path().to_string(), "SemiPrivateMessageContent.content_type");
}

#[test]
fn refuses_two_keys_for_one_receiver() {
    let twice = vec![receiver_key("a"), receiver_key("b"), receiver_key("a")];
    type Keys = List<KeyForExternalReceiver, UniqueReceivers>;
    assert_eq!(refused::<Keys>(&bytes(&twice)), (Kind::Duplicate, 13, "[2]".into()));
    let invalid = InvalidValueError { kind: Kind::Duplicate, place: Some(Segment::Index(2)) };
    assert_eq!(Keys::new(twice).unwrap_err(), invalid);
}

// Ratchet tree options.

#[test]
fn refuses_a_ratchet_tree_url_that_is_not_plain_https() {
    let kind = Kind::Rule("not a plain https URL");
    for url in [
        "",
        "http://a.example/",
        "https:///tree",
        "https://u@a.example/",
        "https://a.example/ ",
        "ftp://a.example",
        "https://a.example/#tree",
        "https://a.example\\b",
        "a.example",
        "https://a.example:x/",
        "https://a.example:8x",
        "https://:443/",
        "https://?x",
        "https://[::1/",
        "https://[::1]x/",
        "https://[:::1]/",
        "https://[a.example]/",
        "https://[v.a]/",
        "https://[v1.]/",
        "https://[]/",
        "https://a[b/",
        "https://a%2g/",
        "https://a.example/%",
        "https://a b/",
        "https://caf\u{e9}.example/",
        "https://a.example/\u{e9}",
    ] {
        let option = [&[2][..], &bytes(&Opaque::from(url))].concat();
        let refusal = refused::<RatchetTreeOption>(&option);
        assert_eq!(refusal, (kind, 1, "RatchetTreeOption.ratchet_tree_url".into()), "{url}");
        assert!(HttpsUrl::new(url).is_err());
    }
    let option = [&[2][..], &bytes(&Opaque::from("https://a.example/tree"))].concat();
    assert!(RatchetTreeOption::decode_exact(&option).is_ok());
    // A hub passes on whatever URL RFC 3986 allows; only some of them are good for fetching.
    for (url, is_plain) in [
        ("HTTPS://a.example:8443/r/1?x=/?", true),
        ("https://a.example", true),
        ("https://192.0.2.1/tree", false),
        ("https://[2001:db8::1]/tree", false),
        ("https://[2001:db8::1]:8443", false),
        ("https://[v1.a:b]/tree", false),
        ("https://trees_of.example/", false),
        ("https://a.example./tree", false),
        ("https://caf%c3%a9.example/", false),
        ("https://a.example:/tree", true),
        ("https://a.example:99999/tree", false),
    ] {
        let option = [&[2][..], &bytes(&Opaque::from(url))].concat();
        let decoded = RatchetTreeOption::decode_exact(&option).unwrap();
        assert_eq!(bytes(&decoded), option);
        let kept = HttpsUrl::new(url).unwrap();
        assert_eq!(decoded, RatchetTreeOption::HttpsUri { ratchet_tree_url: kept.clone() });
        assert_eq!((kept.as_str(), kept.plain().is_ok()), (url, is_plain));
    }
    for representation in [0, 5] {
        let refusal = refused::<RatchetTreeOption>(&[representation]);
        let kind = unknown("RatchetTreeRepresentation", representation.into());
        assert_eq!(refusal, (kind, 0, "RatchetTreeOption".into()));
    }
}

#[test]
fn allows_a_ratchet_tree_from_the_listed_hosts_only() {
    let domain = |name: &str| Domain { domain: name.into() };
    let list = DomainList { domains: List::new(vec![domain("Trees.example"), domain("b.example")]).unwrap() };
    let allows = |url| list.allows(&HttpsUrl::new(url).unwrap());
    assert!(allows("https://trees.EXAMPLE:8443/r/1"));
    assert!(allows("https://b.example"));
    assert!(!allows("https://sub.b.example/"));
    assert!(!allows("https://example/b.example"));
    assert!(!allows("https://b.example./"));
    assert!(!allows("https://[::1]/"));
}

#[test]
fn allows_no_address_even_if_it_is_listed() {
    for address in ["192.0.2.1", "[::1]", "a_b.example", ""] {
        let domains = List::new(vec![Domain { domain: address.into() }]).unwrap();
        let url = format!("https://{address}/");
        assert!(!HttpsUrl::new(&url).is_ok_and(|url| DomainList { domains }.allows(&url)), "{url}");
    }
}

#[test]
fn refuses_an_external_receiver_that_stands_twice() {
    let receiver = |key: &str| ExternalReceiver {
        external_receiver_public_key: HPKEPublicKey::new(key.as_bytes()),
        credential: Credential::Basic { identity: "hub".into() },
    };
    let two = vec![receiver("a"), receiver("b")];
    let list = ExternalReceivers { external_receivers: List::new(two).unwrap() };
    assert_eq!(ExternalReceivers::decode_exact(&bytes(&list)).unwrap(), list);
    let entry = bytes(&receiver("a"));
    let content = [entry.clone(), bytes(&receiver("b")), entry.clone()].concat();
    let refusal = refused::<ExternalReceivers>(&bytes(&Opaque::from(content)));
    let path = "ExternalReceivers.external_receivers[2]".into();
    assert_eq!(refusal, (Kind::Duplicate, 1 + 2 * entry.len(), path));
    let invalid = List::<_, DistinctReceivers>::new(vec![receiver("a"), receiver("a")]).unwrap_err();
    assert_eq!(invalid, InvalidValueError { kind: Kind::Duplicate, place: Some(Segment::Index(1)) });
}

#[test]
fn refuses_an_update_of_link_keys_that_speaks_twice_of_a_leaf() {
    // A leaf's index and an empty key.
    let (two, five) = ([0, 0, 0, 2, 0], [0, 0, 0, 5, 0]);
    let update = |set: &[[u8; 5]], removed: &[u32]| {
        let removed: Vec<u8> = removed.iter().flat_map(|leaf| leaf.to_be_bytes()).collect();
        [bytes(&Opaque::from(set.concat())), bytes(&Opaque::from(removed))].concat()
    };
    let decoded = IdentityLinkKeysUpdate::decode_exact(&update(&[two, five], &[3, 7])).unwrap();
    assert_eq!(bytes(&decoded), update(&[two, five], &[3, 7]));
    assert_eq!(decoded.removed_leaves().as_slice(), [3, 7]);
    let path = |path: &str| format!("IdentityLinkKeysUpdate.{path}");
    for set in [[two, two], [five, two]] {
        let refusal = refused::<IdentityLinkKeysUpdate>(&update(&set, &[]));
        assert_eq!(refusal, (Kind::NotAscending, 6, path("set[1]")));
    }
    for removed in [[4, 4], [4, 3]] {
        let refusal = refused::<IdentityLinkKeysUpdate>(&update(&[], &removed));
        assert_eq!(refusal, (Kind::NotAscending, 6, path("removed_leaves[1]")));
    }
    let refusal = refused::<IdentityLinkKeysUpdate>(&update(&[two, five], &[3, 5]));
    assert_eq!(refusal, (Kind::Duplicate, 11, path("removed_leaves")));
    let (set, removed) = decoded.into_parts();
    assert!(IdentityLinkKeysUpdate::new(set.clone(), removed).is_ok());
    let invalid = IdentityLinkKeysUpdate::new(set, List::new(vec![2]).unwrap()).unwrap_err();
    assert_eq!(invalid, field("removed_leaves", Kind::Duplicate));
}

#[test]
fn refuses_a_ratchet_tree_in_a_partial_group_info() {
    let refusal = refused::<PartialGroupInfo>(&[0, 3, 0, 2, 0, 0]);
    assert_eq!(refusal, (Kind::Unexpected, 1, "PartialGroupInfo.group_info_extensions".into()));
    let extensions = Extensions::new(vec![extension(2)]).unwrap();
    let invalid =
        PartialGroupInfo::new(RatchetTreePresence::NO_RATCHET_TREE, extensions, "s".into()).unwrap_err();
    assert_eq!(invalid, field("group_info_extensions", Kind::Unexpected));
}

#[test]
fn a_partial_group_info_yields_the_group_info_unless_it_hides_a_tree() {
    let context = mimi_codec::mls::GroupContext {
        version: mimi_codec::mls::Mls10,
        cipher_suite: CipherSuite(1),
        group_id: "g".into(),
        epoch: 4,
        tree_hash: "t".into(),
        confirmed_transcript_hash: "c".into(),
        extensions: Extensions::default(),
    };
    let partial = |presence| {
        PartialGroupInfo::new(presence, Extensions::new(vec![extension(4)]).unwrap(), "sig".into()).unwrap()
    };
    let tag = MAC::new(*b"tag");
    let whole =
        partial(RatchetTreePresence::NO_RATCHET_TREE).group_info(context.clone(), tag.clone(), 3).unwrap();
    assert_eq!((whole.signer, &*whole.signature, whole.extensions.len()), (3, &b"sig"[..], 1));
    assert_eq!(whole.group_context, context);
    for hidden in [RatchetTreePresence::PRESENT, RatchetTreePresence::ADDED, RatchetTreePresence(4)] {
        let invalid = partial(hidden).group_info(context.clone(), tag.clone(), 3).unwrap_err();
        assert_eq!(invalid, field("ratchet_tree_presence", Kind::Unexpected));
    }
}

// Components and labels.

#[test]
fn refuses_a_range_that_ends_before_it_begins() {
    assert!(MessageRange::new(0, 5, 5).is_ok());
    assert_eq!(MessageRange::new(0, 6, 5).unwrap_err(), field("last_generation", Kind::OutOfRange));
    let refusal = refused::<MessageRange>(&[0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 5]);
    assert_eq!(refusal, (Kind::OutOfRange, 8, "MessageRange.last_generation".into()));
}

#[test]
fn refuses_a_label_that_is_not_the_drafts() {
    let mut label = bytes(&ComponentOperationLabel::of(ComponentID(7), "x"));
    label[1] = b'm';
    let kind = Kind::Rule("the base label is \"MLS Component\"");
    assert_eq!(
        refused::<ComponentOperationLabel>(&label),
        (kind, 0, "ComponentOperationLabel.base_label".into())
    );
    let kind = Kind::Rule("the label is \"AP Commit Secret\"");
    let context = [&[0, 0, 1, 0, 1][..], &[0; 8], &[0; 5]].concat();
    let (found, offset, path) = refused::<AssociatedPartyCommitEncryptionContext>(&context);
    assert_eq!((found, offset), (kind, 0));
    assert_eq!(path, "AssociatedPartyCommitEncryptionContext.label");
}

// Depth.

fn binding(credential: Credential) -> CredentialBinding {
    CredentialBinding {
        cipher_suite: CipherSuite(1),
        credential,
        credential_key: SignaturePublicKey::default(),
        signature: Opaque::default(),
    }
}

#[test]
fn refuses_credentials_that_nest_too_deeply() {
    let mut credential = Credential::Basic { identity: "i".into() };
    for _ in 0..MAX_DEPTH {
        credential = Credential::Multi(MultiCredential::new(vec![binding(credential)]).unwrap());
    }
    let deepest = bytes(&credential);
    assert_eq!(Credential::decode_exact(&deepest).unwrap(), credential);
    assert_eq!(Credential::from(CredentialView::decode_exact(&deepest).unwrap()), credential);
    let invalid = MultiCredential::new(vec![binding(credential)]).unwrap_err();
    assert_eq!(invalid, field("bindings", Kind::TooDeep));

    // One level more, by hand: type, bindings, suite, credential, key, signature.
    let inside = [&[0, 1][..], &deepest, &[0, 0]].concat();
    let deeper = [&[0, 3][..], &bytes(&Opaque::new(inside))].concat();
    let (kind, offset, path) = refused::<Credential>(&deeper);
    assert_eq!(kind, Kind::TooDeep);
    assert_eq!(offset, 5 * 5 - 3);
    assert_eq!(path, format!("Credential{}", ".bindings[0].credential".repeat(4)));
    let error = CredentialView::decode_exact(&deeper).unwrap_err();
    assert_eq!((error.kind(), error.offset(), error.path().to_string()), (&kind, offset, path));
}

#[test]
fn refuses_a_pseudonym_that_does_not_fill_its_vector() {
    let fields = [&bytes(&Opaque::from("c"))[..], &bytes(&Opaque::from("u")), &[0, 0]].concat();
    let credential = [&[0xf0, 0x04][..], &bytes(&Opaque::new(fields.clone()))].concat();
    let decoded = Credential::decode_exact(&credential).unwrap();
    assert!(matches!(&decoded, Credential::Pseudonymous(inside) if bytes(inside) == fields));
    assert_eq!(bytes(&decoded), credential);
    assert_eq!(Credential::from(CredentialView::decode_exact(&credential).unwrap()), decoded);

    // What a stack that knows nothing of pseudonyms takes for the whole credential.
    let (kind, opaque) = credential.split_at(2);
    assert_eq!(
        (kind, Opaque::decode_exact(opaque).unwrap()),
        (&[0xf0, 0x04][..], Opaque::new(fields.clone()))
    );

    for (content, kind, offset) in [
        ([&fields[..], &[0]].concat(), Kind::TrailingBytes { count: 1 }, 9),
        (fields[..5].to_vec(), Kind::UnexpectedEnd { missing: 1 }, 8),
    ] {
        let bytes = [&[0xf0, 0x04][..], &bytes(&Opaque::new(content))].concat();
        let error = Credential::decode_exact(&bytes).unwrap_err();
        assert_eq!((*error.kind(), error.offset()), (kind, offset));
        assert_eq!(CredentialView::decode_exact(&bytes).unwrap_err(), error);
    }
    // The bare struct, without a vector around it.
    let bare = [&[0xf0, 0x04][..], &fields].concat();
    assert!(Credential::decode_exact(&bare).is_err());
}

#[test]
fn a_thousand_levels_are_refused_as_the_fifth_is() {
    let mut deep = vec![0, 1, 0];
    for _ in 0..1000 {
        let inside = [&[0, 1][..], &deep, &[0, 0]].concat();
        deep = [&[0, 3][..], &bytes(&Opaque::new(inside))].concat();
    }
    assert_eq!(refused::<Credential>(&deep).0, Kind::TooDeep);
}

// The way through.

#[test]
fn the_path_leads_through_every_struct_and_index() {
    let leaf_node = LeafNode::decode_exact(&leaf()[2..]).unwrap();
    let ciphertext = |text: &str| HPKECiphertext { kem_output: "k".into(), ciphertext: text.into() };
    let node = UpdatePathNode {
        encryption_key: mimi_codec::mls::HPKEPublicKey::new(*b"n"),
        encrypted_path_secret: vec![ciphertext("first"), ciphertext("last")],
    };
    let path = UpdatePath { leaf_node, nodes: vec![node.clone(), node] };
    let commit = Content::Commit { commit: Commit { proposals: vec![], path: Some(Box::new(path)) } };
    let message =
        PublicMessage::new(framed(MEMBER, commit).unwrap(), auth(true), Some(MAC::default())).unwrap();
    let mut input = bytes(&MLSMessage::from(message));
    let place = input.windows(4).rposition(|window| window == b"last").unwrap() - 1;
    input[place] = 0xff;
    let (kind, offset, path) = refused::<MLSMessage>(&input);
    assert_eq!((kind, offset), (Kind::InvalidLengthPrefix, place));
    assert_eq!(
        path,
        "MLSMessage.public_message.content.commit.path.nodes[1].encrypted_path_secret[1].ciphertext"
    );
}

#[test]
fn a_fixed_array_needs_all_of_its_bytes() {
    assert_eq!(refused::<Octets<4>>(&[1, 2, 3]), (Kind::UnexpectedEnd { missing: 1 }, 0, String::new()));
}
