//! Every refusal of mimi-protocol's, room-policy's and media types' structs: what, where, in which
//! field; and that the same can't be built.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod protocol_samples;

use mimi_codec::{
    Decode, DecodeErrorKind as Kind, Encode, InvalidValueError,
    code_points::WireFormat,
    media_type::{ApplicationFraming, MediaTypeList},
    mls::*,
    protocol::*,
    ratchet_tree_options::{PartialGroupInfo, RatchetTreePresence},
    room_policy::*,
};
use protocol_samples::*;

fn unknown(name: &'static str, value: u64) -> Kind {
    Kind::UnknownValue { name, value }
}

fn wire_format(format: WireFormat) -> Kind {
    Kind::ForbiddenValue { name: "WireFormat", value: format.value().into() }
}

fn content_type(content_type: ContentType) -> Kind {
    Kind::ForbiddenValue { name: "ContentType", value: content_type.value().into() }
}

fn at(kind: Kind, offset: usize, path: &str) -> (Kind, usize, String) {
    (kind, offset, path.into())
}

// -- keyMaterial
// -------------------------------------------------------------------------------------------------

#[test]
fn refuses_a_protocol_other_than_mls10() {
    let mut body = bytes(&key_material_request());
    for protocol in [0, 2, 255] {
        body[0] = protocol;
        assert_eq!(
            refused::<KeyMaterialRequest>(&body),
            at(unknown("Protocol", protocol.into()), 0, "KeyMaterialRequest.protocol")
        );
    }
}

#[test]
fn refuses_a_target_without_bytes_and_accepts_no_room() {
    let start = cat(&[&[1], &v(b"mimi://a.example/u/a")]);
    let body = cat(&[&start, &[0], &[0]]);
    assert_eq!(
        refused::<KeyMaterialRequest>(&body),
        at(Kind::Empty, start.len(), "KeyMaterialRequest.target_user.uri")
    );
    let without_room = KeyMaterialRequest { room_id: None.into(), ..key_material_request() };
    let body = bytes(&without_room);
    assert_eq!(KeyMaterialRequest::decode_exact(&body), Ok(without_room));
}

#[test]
fn refuses_a_request_without_cipher_suites() {
    let start = cat(&[&[1], &v(b"a"), &v(b"b"), &v(b"")]);
    let body = cat(&[&start, &[0]]);
    assert_eq!(
        refused::<KeyMaterialRequest>(&body),
        at(Kind::Empty, start.len() + 1, "KeyMaterialRequest.acceptable_ciphersuites")
    );
    assert!(
        mimi_codec::List::<mimi_codec::code_points::CipherSuite, mimi_codec::NotEmpty>::new(vec![]).is_err()
    );
}

fn exhausted() -> ClientKeyMaterial {
    ClientKeyMaterial::KeyMaterialExhausted { client_uri: uri("d") }
}

fn incompatible() -> ClientKeyMaterial {
    ClientKeyMaterial::NothingCompatible { client_uri: uri("d"), client_capabilities: None }
}

fn succeeded() -> ClientKeyMaterial {
    let leaf = [
        v(b"encryption"),
        v(b"signature"),
        b"\x00\x01\x00".to_vec(),
        vec![0, 0, 0, 0, 0],
        vec![1],
        [0; 16].to_vec(),
        vec![0],
        v(b"signature"),
    ];
    let key_package = [vec![0, 1, 0, 1], v(b"init"), leaf.concat(), vec![0], v(b"signature")].concat();
    let key_package = Box::new(KeyPackage::decode_exact(&key_package).unwrap());
    ClientKeyMaterial::Success { client_uri: uri("d"), key_package }
}

#[test]
fn refuses_clients_that_their_user_code_does_not_allow() {
    use KeyMaterialUserCode as Code;
    let cases: Vec<(Code, Vec<ClientKeyMaterial>, Option<&'static str>)> = vec![
        (Code::SUCCESS, vec![succeeded(), succeeded()], None),
        (Code::SUCCESS, vec![], None),
        (Code::SUCCESS, vec![succeeded(), exhausted()], Some("under success, every client has success")),
        (Code::PARTIAL_SUCCESS, vec![exhausted(), succeeded(), incompatible()], None),
        (Code::PARTIAL_SUCCESS, vec![exhausted()], Some("under partialSuccess, a client has success")),
        (Code::PARTIAL_SUCCESS, vec![], Some("under partialSuccess, a client has success")),
        (Code::NO_COMPATIBLE_MATERIAL, vec![incompatible(), exhausted()], None),
        (Code::NO_COMPATIBLE_MATERIAL, vec![], None),
        (
            Code::NO_COMPATIBLE_MATERIAL,
            vec![incompatible(), succeeded()],
            Some("under noCompatibleMaterial, no client has success"),
        ),
        (Code::INCOMPATIBLE_PROTOCOL, vec![incompatible()], Some("under this code, no clients are listed")),
        (Code::USER_UNKNOWN, vec![exhausted()], Some("under this code, no clients are listed")),
        (Code::NO_CONSENT, vec![succeeded()], Some("under this code, no clients are listed")),
        (Code::NO_CONSENT_FOR_THIS_ROOM, vec![succeeded()], Some("under this code, no clients are listed")),
        (Code::USER_DELETED, vec![succeeded()], Some("under this code, no clients are listed")),
        (Code::NO_CONSENT, vec![], None),
    ];
    for (code, clients, rule) in cases {
        let body = cat(&[&[1, code.value()], &v(b"u"), &bytes(&clients)]);
        let built = KeyMaterialResponse::new(Protocol::Mls10, code, uri("u"), clients);
        match rule {
            None => assert_eq!(KeyMaterialResponse::decode_exact(&body).unwrap(), built.unwrap()),
            Some(rule) => {
                let kind = Kind::Rule(rule);
                assert_eq!(refused::<KeyMaterialResponse>(&body), at(kind, 4, "KeyMaterialResponse.clients"));
                assert_eq!(built, Err(InvalidValueError::field("clients", kind)));
            }
        }
    }
}

#[test]
fn refuses_unknown_key_material_codes() {
    // An unlisted user code is kept, and has no clients.
    let response = cat(&[&[1, 8], &v(b"u"), &v(&bytes(&exhausted()))]);
    let kind = Kind::Rule("under this code, no clients are listed");
    assert_eq!(refused::<KeyMaterialResponse>(&response), at(kind, 4, "KeyMaterialResponse.clients"));
    let response = cat(&[&[1, 1], &v(b"u"), &v(&cat(&[&bytes(&exhausted()), &[3], &v(b"d")]))]);
    assert_eq!(
        refused::<KeyMaterialResponse>(&response),
        at(unknown("KeyMaterialClientCode", 3), 8, "KeyMaterialResponse.clients[1]")
    );
}

// -- update
// -------------------------------------------------------------------------------------------------

#[test]
fn refuses_a_bundle_of_anything_but_a_visible_handshake() {
    let field = "UpdateRequest.bundle.proposal_or_commit";
    for (message, kind, offset, leaf) in [
        (private(ContentType::Proposal), wire_format(WireFormat::MLS_PRIVATE_MESSAGE), 2, "wire_format"),
        (private(ContentType::Commit), wire_format(WireFormat::MLS_PRIVATE_MESSAGE), 2, "wire_format"),
        (private(ContentType::Application), wire_format(WireFormat::MLS_PRIVATE_MESSAGE), 2, "wire_format"),
        (welcome().into(), wire_format(WireFormat::MLS_WELCOME), 2, "wire_format"),
        (group_info(vec![]).into(), wire_format(WireFormat::MLS_GROUP_INFO), 2, "wire_format"),
        (
            public(7, member(), Content::Application { application_data: "x".into() }),
            content_type(ContentType::Application),
            // Version, wire format; the group and its length; the epoch; the sender; no
            // authenticated data.
            4 + 1 + GROUP.len() + 8 + 5 + 1,
            "content_type",
        ),
    ] {
        let body = bytes(&message);
        assert_eq!(refused::<UpdateRequest>(&body), at(kind, offset, &format!("{field}.{leaf}")));
        let invalid = InvalidValueError { kind, place: Some(mimi_codec::Segment::Field(leaf)) };
        assert_eq!(CommitMessage::new(message.clone()), Err(invalid));
        assert_eq!(ProposalMessage::new(message), Err(invalid));
    }
}

#[test]
fn accepts_both_visible_forms_of_a_handshake() {
    for (message, rest) in [
        (public(7, member(), remove(4)), vec![0]),
        (semi_private(ContentType::Proposal), v(&bytes(&public(7, member(), remove(4))))),
    ] {
        let body = [bytes(&message), rest].concat();
        let request = UpdateRequest::decode_exact(&body).unwrap();
        assert_eq!(request.bundle.content_type(), ContentType::Proposal);
        assert_eq!(bytes(&request), body);
    }
    let body = bytes(&UpdateRequest { bundle: commit_bundle() });
    assert_eq!(UpdateRequest::decode_exact(&body), Ok(UpdateRequest { bundle: commit_bundle() }));
}

#[test]
fn refuses_more_proposals_of_another_group_or_epoch() {
    let kind = Kind::Rule("a further proposal is of another group or epoch");
    let content = Content::Proposal { proposal: Proposal::Remove(Remove { removed: 9 }) };
    let elsewhere = {
        let sender = Sender::Member { leaf_index: 2 };
        let content = FramedContent::new("another".into(), 7, sender, "".into(), content.clone()).unwrap();
        let auth = FramedContentAuthData { signature: "s".into(), confirmation_tag: None };
        bytes(&MLSMessage::from(PublicMessage::new(content, auth, Some(MAC::new(*b"tag"))).unwrap()))
    };
    let first = proposal(7);
    for second in [bytes(&proposal(8)), bytes(&proposal(6)), elsewhere] {
        let one = bytes(&first);
        let list = v(&cat(&[&one, &second]));
        let element = one.len() + (list.len() - second.len());
        let body = cat(&[&one, &list]);
        assert_eq!(
            refused::<UpdateRequest>(&body),
            at(kind, element, "UpdateRequest.bundle.more_proposals[1]")
        );
        let body = cat(&[&[0; 8], &body]);
        assert_eq!(refused_fanout(&body), at(kind, 8 + element, "FanoutMessage.more_proposals[1]"));
        let second = ProposalMessage::decode_exact(&second).unwrap();
        let built = ProposalMessages::new(first.clone(), vec![proposal(7), second]);
        assert_eq!(built, Err(InvalidValueError::field("more_proposals", kind)));
    }
}

/// Every value of an enum that ends at `(255)` is kept where it changes no layout (RFC 8446 §3.5).
#[test]
fn keeps_codes_that_no_draft_lists() {
    fn kept<T: for<'a> Decode<'a> + Encode + PartialEq + core::fmt::Debug>(body: &[u8]) -> T {
        let value = T::decode_exact(body).unwrap();
        assert_eq!(value.to_bytes().unwrap(), body);
        value
    }
    for code in 0..=255u8 {
        assert_eq!(kept::<AbuseType>(&[code]), AbuseType(code));
        assert_eq!(kept::<FieldSource>(&[code]).value(), code);
        assert_eq!(kept::<IdentifierQueryCode>(&[code]).value(), code);
        assert_eq!(kept::<KeyMaterialUserCode>(&[code]).value(), code);
        assert_eq!(kept::<AssetUploadLocation>(&[code]).value(), code);
        assert_eq!(kept::<DownloadPrivacyType>(&[code]).value(), code);
        assert_eq!(kept::<RatchetTreePresence>(&[code]).value(), code);
        kept::<PartialGroupInfo>(&[code, 0, 0]);
        kept::<ProfileField>(&[code, 0, 0]);
        kept::<AbuseReport>(&cat(&[&v(b"r"), &v(b"a"), &[code], &[0, 0, 0]]));
    }
    for code in 8..=255u8 {
        let response = kept::<KeyMaterialResponse>(&cat(&[&[1, code], &v(b"u"), &[0]]));
        assert_eq!(response.user_status().value(), code);
    }
    for code in 4..=255u8 {
        let response = kept::<UpdateRoomResponse>(&[code, 2, b'n', b'o', 1, 2, 3]);
        assert_eq!(response.response_code(), UpdateResponseCode(code));
        assert_eq!(response.error_description(), "no");
        let UpdateRoomResponse::Other { response_code, body, .. } = response else { panic!() };
        assert_eq!((response_code.code().value(), &body.0[..]), (code, &[1, 2, 3][..]));
        kept::<UpdateRoomResponse>(&[code, 0]);
        let answer = kept::<SubmitMessageResponse>(&[1, code, 9, 9]).status_code;
        assert_eq!(answer.code(), SubmitResponseCode(code));
        assert!(matches!(answer, SubmitResult::Other { body, .. } if *body.0 == [9, 9]));
        kept::<SubmitMessageResponse>(&[1, code]);
        let answer = kept::<GroupInfoResponse>(&[1, 1, b'r', code]).status;
        assert_eq!(answer.code(), GroupInfoCode(code));
    }
    // A listed code has one value only.
    assert_eq!(mimi_codec::Unlisted::new(UpdateResponseCode::NOT_ALLOWED), None);
}

#[test]
fn refuses_a_commit_among_more_proposals() {
    let (first, commit) = (bytes(&proposal(7)), bytes(&public(7, member(), empty_commit())));
    let body = cat(&[&first, &v(&cat(&[&first, &commit]))]);
    // The second element, behind the bundle's proposal, a length of two bytes and the first
    // element.
    let element = first.len() + 2 + first.len();
    assert_eq!(
        refused::<UpdateRequest>(&body),
        at(
            content_type(ContentType::Commit),
            element + 4 + 1 + GROUP.len() + 8 + 5 + 1,
            "UpdateRequest.bundle.more_proposals[1].content_type"
        )
    );
}

#[test]
fn refuses_a_group_info_with_a_ratchet_tree() {
    let commit = bytes(&public(7, member(), empty_commit()));
    let with_tree = group_info(vec![ratchet_tree_extension()]);
    let body = cat(&[&commit, &[0], &[1], &bytes(&with_tree), &[4]]);
    assert_eq!(
        refused::<UpdateRequest>(&body),
        at(
            Kind::Unexpected,
            commit.len() + 2 + bytes(&with_tree.group_context).len(),
            "UpdateRequest.bundle.group_info_option.group_info.extensions"
        )
    );
    assert_eq!(
        TreelessGroupInfo::new(with_tree),
        Err(InvalidValueError::field("extensions", Kind::Unexpected))
    );
}

#[test]
fn refuses_a_partial_group_info_with_a_ratchet_tree() {
    let commit = bytes(&public(7, member(), empty_commit()));
    for (presence, allowed) in [
        (RatchetTreePresence::NO_RATCHET_TREE, true),
        (RatchetTreePresence::PRESENT, false),
        (RatchetTreePresence::REMOVED, true),
        (RatchetTreePresence::ADDED, false),
        (RatchetTreePresence(4), false),
    ] {
        let partial = PartialGroupInfo::new(presence, Extensions::default(), "signature".into()).unwrap();
        let body = cat(&[&commit, &[0], &[2], &bytes(&partial), &[4]]);
        let built = TreelessPartialGroupInfo::new(partial.clone());
        assert_eq!(UpdateRequest::decode_exact(&body).is_ok(), allowed);
        assert_eq!(built.is_ok(), allowed);
        // By itself, the struct is one.
        assert_eq!(PartialGroupInfo::decode_exact(&bytes(&partial)), Ok(partial));
        if !allowed {
            let value = presence.value().into();
            let kind = Kind::ForbiddenValue { name: "RatchetTreePresence", value };
            let path = "UpdateRequest.bundle.group_info_option.partial_group_info.ratchet_tree_presence";
            assert_eq!(refused::<UpdateRequest>(&body), at(kind, commit.len() + 2, path));
        }
    }
}

#[test]
fn refuses_unknown_representations_and_codes_of_an_update() {
    let commit = bytes(&public(7, member(), empty_commit()));
    for representation in [0, 3] {
        let body = cat(&[&commit, &[0, representation]]);
        assert_eq!(
            refused::<UpdateRequest>(&body),
            at(
                unknown("GroupInfoRepresentation", representation.into()),
                commit.len() + 1,
                "UpdateRequest.bundle.group_info_option"
            )
        );
    }
    let body = cat(&[&commit, &[2]]);
    assert_eq!(
        refused::<UpdateRequest>(&body),
        at(Kind::InvalidPresence(2), commit.len(), "UpdateRequest.bundle.welcome")
    );
    assert_eq!(
        refused::<UpdateRoomResponse>(&[2, 2, b'a', 0xff]),
        at(Kind::InvalidUtf8, 3, "UpdateRoomResponse.error_description")
    );
    // notAllowed has nothing but its description.
    assert_eq!(
        refused::<UpdateRoomResponse>(&[2, 0, 0]),
        at(Kind::TrailingBytes { count: 1 }, 2, "UpdateRoomResponse")
    );
}

// -- submitMessage
// -------------------------------------------------------------------------------------------------

#[test]
fn refuses_to_submit_anything_but_a_private_application_message() {
    for (message, kind, offset, leaf) in [
        (
            private(ContentType::Proposal),
            content_type(ContentType::Proposal),
            1 + 4 + 1 + GROUP.len() + 8,
            "content_type",
        ),
        (
            private(ContentType::Commit),
            content_type(ContentType::Commit),
            1 + 4 + 1 + GROUP.len() + 8,
            "content_type",
        ),
        (
            public(7, member(), Content::Application { application_data: "x".into() }),
            wire_format(WireFormat::MLS_PUBLIC_MESSAGE),
            3,
            "wire_format",
        ),
        (
            semi_private(ContentType::Commit),
            wire_format(WireFormat::MLS_SEMIPRIVATE_MESSAGE),
            3,
            "wire_format",
        ),
        (welcome().into(), wire_format(WireFormat::MLS_WELCOME), 3, "wire_format"),
    ] {
        let body = cat(&[&[1], &bytes(&message), &v(b"u")]);
        let path = format!("SubmitMessageRequest.app_message.{leaf}");
        assert_eq!(refused::<SubmitMessageRequest>(&body), at(kind, offset, &path));
        assert!(ApplicationMessage::new(message).is_err());
    }
}

#[test]
fn refuses_unknown_codes_and_presences_of_a_submission() {
    assert_eq!(
        refused::<SubmitMessageResponse>(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 7, 2]),
        at(Kind::InvalidPresence(2), 10, "SubmitMessageResponse.frank")
    );
    assert_eq!(
        refused::<SubmitMessageResponse>(&[1, 1, 0]),
        at(Kind::TrailingBytes { count: 1 }, 2, "SubmitMessageResponse")
    );
    assert_eq!(
        refused::<FrankAAD>(&[0; 31]),
        at(Kind::UnexpectedEnd { missing: 1 }, 0, "FrankAAD.franking_tag")
    );
    assert_eq!(refused::<FrankAAD>(&[0; 33]), at(Kind::TrailingBytes { count: 1 }, 32, "FrankAAD"));
}

// -- notify
// -------------------------------------------------------------------------------------------------

/// The owned decoder and the one that walks say the same.
fn refused_fanout(body: &[u8]) -> (Kind, usize, String) {
    let owned = refused::<FanoutMessage>(body);
    assert_eq!(refused::<FanoutMessageView<'_>>(body), owned);
    owned
}

#[test]
fn refuses_to_fan_out_what_has_no_place_there() {
    for (message, kind, offset, leaf) in [
        (group_info(vec![]).into(), wire_format(WireFormat::MLS_GROUP_INFO), 10, "wire_format"),
        (
            private(ContentType::Commit),
            content_type(ContentType::Commit),
            8 + 4 + 1 + GROUP.len() + 8,
            "content_type",
        ),
        (
            public(7, member(), Content::Application { application_data: "x".into() }),
            content_type(ContentType::Application),
            8 + 4 + 1 + GROUP.len() + 8 + 5 + 1,
            "content_type",
        ),
    ] {
        let message: MLSMessage = message;
        let body = cat(&[&[0; 8], &bytes(&message), &[0]]);
        assert_eq!(refused_fanout(&body), at(kind, offset, &format!("FanoutMessage.message.{leaf}")));
    }
    let ClientKeyMaterial::Success { key_package, .. } = succeeded() else { panic!() };
    let body = cat(&[&[0; 8], &bytes(&MLSMessage::from(*key_package)), &[0]]);
    assert_eq!(
        refused_fanout(&body),
        at(wire_format(WireFormat::MLS_KEY_PACKAGE), 10, "FanoutMessage.message.wire_format")
    );
}

#[test]
fn refuses_external_proposals_of_a_commit_that_is_not_external() {
    for commit in [public(7, member(), empty_commit()), semi_private(ContentType::Commit)] {
        let (message, first) = (bytes(&commit), bytes(&proposal(8)));
        let body = cat(&[&[0; 8], &message, &v(&first)]);
        let element = 8 + message.len() + v(&first).len() - first.len();
        assert_eq!(
            refused_fanout(&body),
            at(Kind::Unexpected, element, "FanoutMessage.external_proposals[0]")
        );
        let event = FanoutEvent::Commit {
            message: CommitMessage::new(commit).unwrap(),
            external_proposals: vec![proposal(8)],
        };
        let refusal = InvalidValueError::field("external_proposals", Kind::Unexpected);
        assert_eq!(FanoutMessage::new(0, event), Err(refusal));
    }
}

#[test]
fn refuses_external_proposals_of_another_epoch_or_group() {
    let kind = Kind::Rule("an external proposal is not of the epoch that the commit begins");
    let commit = public(7, Sender::NewMemberCommit {}, empty_commit());
    let other_group = {
        let content = FramedContent::new(
            "another group".into(),
            8,
            Sender::External { sender_index: 0 },
            mimi_codec::Opaque::default(),
            remove(1),
        );
        let auth = FramedContentAuthData { signature: "s".into(), confirmation_tag: None };
        ProposalMessage::new(PublicMessage::new(content.unwrap(), auth, None).unwrap().into()).unwrap()
    };
    for wrong in [proposal(7), proposal(9), other_group] {
        let (message, good) = (bytes(&commit), bytes(&proposal(8)));
        let body = cat(&[&[0; 8], &message, &v(&cat(&[&good, &bytes(&wrong)]))]);
        let element = 8 + message.len() + 2 + good.len();
        assert_eq!(refused_fanout(&body), at(kind, element, "FanoutMessage.external_proposals[1]"));
        let event = FanoutEvent::Commit {
            message: CommitMessage::new(commit.clone()).unwrap(),
            external_proposals: vec![proposal(8), wrong],
        };
        assert_eq!(FanoutMessage::new(0, event), Err(InvalidValueError::field("external_proposals", kind)));
    }
    // After the last epoch comes none.
    let last = public(u64::MAX, Sender::NewMemberCommit {}, empty_commit());
    let event = FanoutEvent::Commit {
        message: CommitMessage::new(last).unwrap(),
        external_proposals: vec![proposal(0)],
    };
    assert!(FanoutMessage::new(0, event).is_err());
}

#[test]
fn refuses_a_private_message_among_fanned_out_proposals() {
    let message = bytes(&proposal(7));
    let second = bytes(&private(ContentType::Proposal));
    let body = cat(&[&[0; 8], &message, &v(&second)]);
    let element = 8 + message.len() + v(&second).len() - second.len();
    assert_eq!(
        refused_fanout(&body),
        at(
            wire_format(WireFormat::MLS_PRIVATE_MESSAGE),
            element + 2,
            "FanoutMessage.more_proposals[0].wire_format"
        )
    );
}

fn refused_body(body: &[u8]) -> (Kind, usize, String) {
    let owned = FanoutMessage::decode_body(body).unwrap_err();
    let walked = FanoutMessages::new(body).last().unwrap().unwrap_err();
    assert_eq!(walked, owned);
    assert_eq!(FanoutMessages::new(body).filter(Result::is_err).count(), 1);
    (*owned.kind(), owned.offset(), owned.path().to_string())
}

#[test]
fn refuses_a_notify_body_without_a_message() {
    let nothing = at(Kind::UnexpectedEnd { missing: 8 }, 0, "FanoutMessage[0].timestamp");
    assert_eq!(refused_body(&[]), nothing);
}

#[test]
fn refuses_a_notify_body_whose_last_message_is_incomplete() {
    let messages: Vec<Vec<u8>> = fanout().iter().map(bytes).collect();
    let body = messages.concat();
    assert_eq!(FanoutMessage::decode_body(&body).unwrap(), fanout());
    let walked: Vec<_> =
        FanoutMessages::new(&body).map(|message| message.unwrap().to_owned().unwrap()).collect();
    assert_eq!(walked, fanout());
    let mut boundaries = vec![0];
    for message in &messages {
        boundaries.push(boundaries.last().unwrap() + message.len());
    }
    for end in 0..body.len() {
        let whole = boundaries.iter().position(|boundary| *boundary == end);
        match whole {
            Some(count @ 1..) => assert_eq!(FanoutMessage::decode_body(&body[..end]).unwrap().len(), count),
            _ => {
                let (_, offset, path) = refused_body(&body[..end]);
                let number = boundaries.iter().filter(|boundary| **boundary <= end).count() - 1;
                assert!(offset >= boundaries[number] && offset <= end);
                assert!(path.starts_with(&format!("FanoutMessage[{number}]")), "{path}");
            }
        }
    }
}

// -- groupInfo
// -------------------------------------------------------------------------------------------------

#[test]
fn refuses_codes_and_bodies_of_a_group_info_response() {
    for code in [0, 2, 3, 4, 255] {
        assert!(GroupInfoResponse::decode_exact(&[1, 1, b'r', code]).is_ok());
        assert_eq!(
            refused::<GroupInfoResponse>(&[1, 1, b'r', code, 0]),
            at(Kind::TrailingBytes { count: 1 }, 4, "GroupInfoResponse")
        );
        let tbs = cat(&[&[1, 1, b'r', code, 0, 1], &v(b"k"), &bytes(&credential()), &v(b"e"), &v(b"c")]);
        let kind = Kind::ForbiddenValue { name: "GroupInfoCode", value: code.into() };
        assert_eq!(refused::<GroupInfoResponseTBS>(&tbs), at(kind, 3, "GroupInfoResponseTBS.status"));
    }
    assert_eq!(
        refused::<GroupInfoResponse>(&[2, 0, 2]),
        at(unknown("Protocol", 2), 0, "GroupInfoResponse.version")
    );
}

#[test]
fn refuses_what_is_no_pending_proposal_and_a_tree_beside_the_option() {
    let commit = cat(&[&bytes(&public(7, member(), empty_commit())), &[0; 8]]);
    assert_eq!(
        refused::<PendingProposal>(&commit),
        at(
            content_type(ContentType::Commit),
            4 + 1 + GROUP.len() + 8 + 5 + 1,
            "PendingProposal.proposal.content_type"
        )
    );
    let tbe = cat(&[&bytes(&group_info(vec![ratchet_tree_extension()])), &[3, 0]]);
    assert_eq!(
        refused::<GroupInfoRatchetTreeTBE>(&tbe),
        at(
            Kind::Unexpected,
            bytes(&group_info(vec![]).group_context).len(),
            "GroupInfoRatchetTreeTBE.group_info.extensions"
        )
    );
}

#[test]
fn refuses_a_joining_code_without_presence() {
    let start = cat(&[&[1, 0, 1], &v(b"k"), &bytes(&credential()), &v(b"h")]);
    let plain = cat(&[&start, &v(b"code"), &v(b"signature")]);
    assert_eq!(
        refused::<GroupInfoRequest>(&plain),
        at(Kind::InvalidPresence(4), start.len(), "GroupInfoRequest.joining_code")
    );
}

// -- consent, queries, reports
// -----------------------------------------------------------------------------------

#[test]
fn refuses_unknown_consent_operations_and_misplaced_key_packages() {
    assert_eq!(refused::<ConsentEntry>(&[4]), at(unknown("ConsentOperation", 4), 0, "ConsentEntry"));
    // A grant has a list of key packages before the dictionary, the others haven't.
    let entry = |operation: u8, rest: &[u8]| cat(&[&[operation], &v(b"r"), &v(b"t"), &[0], rest]);
    assert!(ConsentEntry::decode_exact(&entry(2, &[0, 0])).is_ok());
    for operation in [0, 1, 3] {
        assert!(ConsentEntry::decode_exact(&entry(operation, &[0])).is_ok());
        assert_eq!(
            refused::<ConsentEntry>(&entry(operation, &[0, 0])),
            at(Kind::TrailingBytes { count: 1 }, 7, "ConsentEntry")
        );
    }
    assert_eq!(
        refused::<ConsentScope>(&cat(&[&v(b"r"), &v(b"t"), &[1, 0]])),
        at(Kind::Empty, 5, "ConsentScope.room_id.uri")
    );
}

#[test]
fn refuses_unknown_search_types_sources_and_codes() {
    for search in [0, 9] {
        assert_eq!(
            refused::<IdentifierRequest>(&[3, search, 1, b'x', 0]),
            at(unknown("SearchIdentifierType", search.into()), 1, "IdentifierRequest.query_elements[0]")
        );
    }
    assert_eq!(
        refused::<QueryElement>(&[8, 1, b'N', 1, 0xff]),
        at(Kind::InvalidUtf8, 4, "QueryElement.search_value")
    );
    assert_eq!(
        refused::<IdentifierResponse>(&[0, 1, 0, 0, 0]),
        at(Kind::Empty, 2, "IdentifierResponse.uri[0].uri")
    );
}

#[test]
fn refuses_what_is_no_abuse_report() {
    let report = |reporter: &[u8], abuser: &[u8], code: u8, note: &[u8]| {
        cat(&[&v(reporter), &v(abuser), &[code], &v(note), &[0, 0]])
    };
    assert!(AbuseReport::decode_exact(&report(b"", b"a", 0, b"")).is_ok());
    assert_eq!(
        refused::<AbuseReport>(&report(b"r", b"", 0, b"")),
        at(Kind::Empty, 2, "AbuseReport.alleged_abuser_uri.uri")
    );
    assert_eq!(
        refused::<AbuseReport>(&report(b"", b"a", 0, b"\xc3")),
        at(Kind::InvalidUtf8, 5, "AbuseReport.note")
    );
}

// -- room policy
// -------------------------------------------------------------------------------------------------

#[test]
fn refuses_values_outside_the_policies_enums() {
    assert_eq!(
        refused::<StatusNotificationPolicy>(&[0, 3]),
        at(unknown("Optionality", 3), 1, "StatusNotificationPolicy.read_receipts")
    );
    assert_eq!(
        refused::<BaseRoomPolicy>(&[0, 2]),
        at(Kind::InvalidBool(2), 1, "BaseRoomPolicy.parent_dependant")
    );
    assert_eq!(
        refused::<JoinLinkPolicy>(&[0, 0, 0xff, 0, 0, 0, 0]),
        at(Kind::InvalidBool(0xff), 2, "JoinLinkPolicy.multiuser")
    );
    assert_eq!(
        refused::<LinkPreviewPolicy>(&[0, 0, 0, 3]),
        at(unknown("Optionality", 3), 3, "LinkPreviewPolicy")
    );
    // The draft's arm `extension` has no number.
    assert_eq!(
        refused::<PendingProposalPolicy>(&[3, 0, 0x20]),
        at(unknown("PendingProposalStrategy", 3), 0, "PendingProposalPolicy")
    );
    assert_eq!(refused::<LoggingPolicy>(&[3]), at(unknown("Optionality", 3), 0, "LoggingPolicy"));
    assert_eq!(
        refused::<MessageExpiration>(&[2, 0]),
        at(Kind::TrailingBytes { count: 1 }, 1, "MessageExpiration")
    );
    assert_eq!(
        refused::<HistoryPolicy>(&[1, 0, 2]),
        at(Kind::InvalidBool(2), 2, "HistoryPolicy.automatically_share")
    );
}

#[test]
fn refuses_an_index_list_that_is_no_whole_number_of_indices() {
    assert_eq!(
        refused::<SingleSourceRoleChangeTargets>(&[0, 0, 0, 1, 3, 0, 0, 0]),
        at(Kind::UnexpectedEnd { missing: 1 }, 5, "SingleSourceRoleChangeTargets.target_role_indexes[0]")
    );
}

#[test]
fn refuses_a_target_role_that_is_a_whole_role() {
    // An entry without claims whose role is spelled out, as the draft's syntax has it.
    let role = cat(&[&[0, 0, 0, 5], &v(b"name"), &v(b""), &[0], &[0; 4], &[0], &[0; 4], &[0], &[0]]);
    let body = v(&cat(&[&[0], &role]));
    assert!(PreAuthData::decode_exact(&body).is_err());
    assert!(PreAuthData::decode_exact(&v(&cat(&[&[0], &[0, 0, 0, 5]]))).is_ok());
}

#[test]
fn keeps_capabilities_that_the_registry_does_not_know() {
    let role = cat(&[
        &[0, 0, 0, 5],
        &v(b"name"),
        &v(b""),
        &[4, 0, 0x12, 0xff, 0xff],
        &[0; 4],
        &[0],
        &[0; 4],
        &[0],
        &[0],
    ]);
    let role = Role::decode_exact(&role).unwrap();
    assert_eq!(role.role_capabilities, [CapabilityType(0x12), CapabilityType(0xffff)]);
}

// -- media types
// -------------------------------------------------------------------------------------------------

#[test]
fn refuses_a_media_type_list_without_media_types() {
    assert_eq!(refused::<MediaTypeList>(&[0]), at(Kind::Empty, 1, "MediaTypeList.media_type_list"));
}

#[test]
fn refuses_what_is_no_media_type() {
    let media_type = |name: &[u8], parameters: &[u8]| cat(&[&v(name), &v(parameters)]);
    let not_a_type = Kind::Rule("not `type/subtype`");
    for name in [&b""[..], b"text", b"text/", b"/plain", b"text/plain/x", b"text/pl ain", b"text/plain;x=y"] {
        assert_eq!(
            refused::<mimi_codec::MediaType>(&media_type(name, b"")),
            at(not_a_type, 0, "MediaType.type"),
            "{name:?}"
        );
    }
    let parameter = |name: &[u8], value: &[u8]| cat(&[&v(name), &v(value)]);
    assert_eq!(
        refused::<mimi_codec::MediaType>(&media_type(b"a/b", &parameter(b"c d", b"e"))),
        at(Kind::Rule("a parameter's name is not a token"), 5, "MediaType.parameters[0].parameter_name")
    );
    assert_eq!(
        refused::<mimi_codec::MediaType>(&media_type(b"a/b", &parameter(b"c", b"d\r\n"))),
        at(
            Kind::Rule("a parameter's value has a control character"),
            7,
            "MediaType.parameters[0].parameter_value"
        )
    );
    let twice = cat(&[&parameter(b"c", b"d"), &parameter(b"C", b"d")]);
    assert_eq!(
        refused::<mimi_codec::MediaType>(&media_type(b"a/b", &twice)),
        at(Kind::Duplicate, 9, "MediaType.parameters[1]")
    );
}

#[test]
fn refuses_an_empty_media_type_with_parameters() {
    let framed = ApplicationFraming::decode_exact(b"\x00\x00\x02hi").unwrap();
    assert_eq!(framed.media_type, None);
    assert_eq!(bytes(&framed), b"\x00\x00\x02hi");
    assert_eq!(
        refused::<ApplicationFraming>(b"\x00\x04\x01a\x01b\x02hi"),
        at(Kind::Unexpected, 1, "ApplicationFraming.media_type.parameters")
    );
    assert_eq!(
        refused::<ApplicationFraming>(b"\x01x\x00\x00"),
        at(Kind::Rule("not `type/subtype`"), 0, "ApplicationFraming.media_type.type")
    );
}

// -- all
// -------------------------------------------------------------------------------------------------

#[test]
fn refuses_a_length_of_4_gib_in_front_of_nothing() {
    // RFC 9420 lengths end below 2^30; four bytes of ones aren't one.
    assert_eq!(
        refused::<ParticipantListData>(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]),
        at(Kind::InvalidLengthPrefix, 0, "ParticipantListData.participants")
    );
    assert_eq!(
        refused::<ParticipantListData>(&[0xbf, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]),
        at(
            Kind::LengthExceedsInput { declared: 0x3fff_ffff, available: 6 },
            0,
            "ParticipantListData.participants"
        )
    );
}
