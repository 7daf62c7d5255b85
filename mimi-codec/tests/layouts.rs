//! The bytes of each struct, written down from the draft's syntax field by field: a field in
//! another place, or of another width, would go unnoticed by tests that only look at what comes
//! back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod protocol_samples;

use mimi_codec::{
    List, MediaType, Opaque, SecretOpaque, code_points::*, media_type::*, minimal_metadata::*, mls::*,
    protocol::*, room_policy::*,
};
use protocol_samples::*;

/// A basic credential with the identity `alice`.
const CREDENTIAL: &[u8] = b"\x00\x01\x05alice";

fn any_uri(text: &str) -> Uri {
    Uri::new(text)
}

#[test]
fn key_material() {
    is(
        KeyMaterialRequest {
            acceptable_ciphersuites: vec![CipherSuite(0x0102), CipherSuite(3)].try_into().unwrap(),
            required_capabilities: RequiredCapabilities {
                extension_types: vec![ExtensionType(0x0102)],
                proposal_types: vec![ProposalType(3), ProposalType(4)],
                credential_types: vec![],
            },
            ..key_material_request()
        },
        &[
            &[1],
            &v(b"mimi://a.example/u/alice"),
            &v(b"mimi://b.example/u/bob"),
            &v(b"mimi://a.example/r/clubhouse"),
            &[4, 1, 2, 0, 3],
            &[2, 1, 2],
            &[4, 0, 3, 0, 4],
            &[0],
            &v(b"key"),
            CREDENTIAL,
            &v(b"signature"),
        ],
    );
    is(
        ClientKeyMaterial::NothingCompatible { client_uri: uri("d"), client_capabilities: None },
        &[&[2], &v(b"d"), &[0]],
    );
    is(
        ClientKeyMaterial::NothingCompatible {
            client_uri: uri("d"),
            client_capabilities: Some(Box::new(Capabilities {
                versions: vec![ProtocolVersion(1)],
                cipher_suites: vec![CipherSuite(1)],
                extensions: vec![],
                proposals: vec![],
                credentials: vec![CredentialType(1)],
            })),
        },
        &[&[2], &v(b"d"), &[1], &[2, 0, 1], &[2, 0, 1], &[0], &[0], &[2, 0, 1]],
    );
    is(ClientKeyMaterial::KeyMaterialExhausted { client_uri: uri("d") }, &[&[1], &v(b"d")]);
    is(
        KeyMaterialResponse::new(Protocol::Mls10, KeyMaterialUserCode::USER_DELETED, uri("u"), vec![])
            .unwrap(),
        &[&[1], &[7], &v(b"u"), &[0]],
    );
}

#[test]
fn update_and_submit() {
    is(
        UpdateRoomResponse::Success { error_description: "ok".into(), accepted_timestamp: N64 },
        &[&[0], &v(b"ok"), &U64],
    );
    is(
        UpdateRoomResponse::WrongEpoch { error_description: String::new(), current_epoch: N64 },
        &[&[1], &[0], &U64],
    );
    is(UpdateRoomResponse::NotAllowed { error_description: "é".into() }, &[&[2], &v("é".as_bytes())]);
    is(
        UpdateRoomResponse::InvalidProposal {
            error_description: String::new(),
            invalid_proposals: vec![b"ref 1".to_vec().into(), b"ref 2".to_vec().into()],
        },
        &[&[3], &[0], &v(b"\x05ref 1\x05ref 2")],
    );
    let message = private(ContentType::Application);
    is(
        SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: ApplicationMessage::new(message.clone()).unwrap(),
            sending_uri: uri("u"),
        },
        &[
            &[1],
            &[0, 1, 0, 2],
            &v(GROUP.as_bytes()),
            &[0, 0, 0, 0, 0, 0, 0, 7],
            &[1],
            &[0],
            &v(b"sender data"),
            &v(b"ciphertext"),
            &v(b"u"),
        ],
    );
    let franked = [&[7; 32][..], &[0, 1], &v(b"signature")].concat();
    is(frank(), &[&franked]);
    let protocol = Protocol::Mls10;
    is(
        SubmitMessageResponse {
            protocol,
            status_code: SubmitResult::Accepted { accepted_timestamp: N64, frank: Some(frank()) },
        },
        &[&[1], &[0], &U64, &[1], &franked],
    );
    is(
        SubmitMessageResponse {
            protocol,
            status_code: SubmitResult::Accepted { accepted_timestamp: N64, frank: None },
        },
        &[&[1], &[0], &U64, &[0]],
    );
    is(SubmitMessageResponse { protocol, status_code: SubmitResult::NotAllowed {} }, &[&[1], &[1]]);
    is(
        SubmitMessageResponse { protocol, status_code: SubmitResult::EpochTooOld { current_epoch: N64 } },
        &[&[1], &[2], &U64],
    );
    is(FrankAAD { franking_tag: [9; 32].into() }, &[&[9; 32]]);
    is(
        FrankingAgentData { franking_signature_key: b"key".to_vec().into(), credential: credential() },
        &[&v(b"key"), CREDENTIAL],
    );
}

#[test]
fn bundles_and_fan_outs() {
    let commit = bytes(&public(7, member(), empty_commit()));
    is(
        UpdateRequest { bundle: commit_bundle() },
        &[&commit, &[1], &bytes(&welcome()), &[1], &bytes(&group_info(vec![])), &[4]],
    );
    let one = bytes(&proposal(7));
    is(
        UpdateRequest {
            bundle: HandshakeBundle::Proposal(
                ProposalMessages::new(proposal(7), vec![proposal(7), proposal(7)]).unwrap(),
            ),
        },
        &[&one, &v(&cat(&[&one, &one]))],
    );
    let fan_out = |event| FanoutMessage::new(N64, event).unwrap();
    let message = bytes(&private(ContentType::Application));
    is(
        fan_out(FanoutEvent::Application {
            message: ApplicationMessage::new(private(ContentType::Application)).unwrap(),
            frank: Some(frank()),
        }),
        &[&U64, &message, &[1], &bytes(&frank())],
    );
    is(
        fan_out(FanoutEvent::Welcome {
            message: WelcomeMessage::new(welcome().into()).unwrap(),
            ratchet_tree_option: Box::new(mimi_codec::ratchet_tree_options::RatchetTreeOption::OutOfBand {}),
        }),
        &[&U64, &[0, 1, 0, 3], &bytes(&welcome()), &[3]],
    );
    is(
        fan_out(FanoutEvent::Proposal(ProposalMessages::new(proposal(7), vec![proposal(7)]).unwrap())),
        &[&U64, &one, &v(&one)],
    );
    let external = public(7, Sender::NewMemberCommit {}, empty_commit());
    is(
        fan_out(FanoutEvent::Commit {
            message: CommitMessage::new(external.clone()).unwrap(),
            external_proposals: vec![proposal(8)],
        }),
        &[&U64, &bytes(&external), &v(&bytes(&proposal(8)))],
    );
}

#[test]
fn group_infos() {
    let request = GroupInfoRequestTBS {
        protocol: Protocol::Mls10,
        cipher_suite: CipherSuite(0x0102),
        requesting_signature_key: b"key".to_vec().into(),
        requesting_credential: credential(),
        group_info_public_key: b"hpke".to_vec().into(),
        joining_code: Some("code".into()),
    }
    .with_signature("signature".into());
    let tbs = cat(&[&[1], &U16, &v(b"key"), CREDENTIAL, &v(b"hpke"), &[1], &v(b"code")]);
    is(request.tbs(), &[&tbs]);
    is(request.clone(), &[&tbs, &v(b"signature")]);
    is(
        GroupInfoRequest { joining_code: None, ..request },
        &[&[1], &U16, &v(b"key"), CREDENTIAL, &v(b"hpke"), &[0], &v(b"signature")],
    );
    let status = GroupInfoAnswer::Success {
        cipher_suite: CipherSuite(0x0102),
        hub_sender: Box::new(ExternalSender {
            signature_key: b"key".to_vec().into(),
            credential: credential(),
        }),
        encrypted_groupinfo_and_tree: HPKECiphertext { kem_output: "kem".into(), ciphertext: "tbe".into() },
        signature: "signature".into(),
    };
    let response = GroupInfoResponse { version: Protocol::Mls10, room_id: "room".into(), status };
    let tbs = cat(&[&[1], &v(b"room"), &[1], &U16, &v(b"key"), CREDENTIAL, &v(b"kem"), &v(b"tbe")]);
    is(response.tbs().unwrap(), &[&tbs]);
    is(response.clone(), &[&tbs, &v(b"signature")]);
    is(
        GroupInfoResponse { status: GroupInfoAnswer::NotAuthorized {}, ..response },
        &[&[1], &v(b"room"), &[2]],
    );
    let pending = PendingProposal { proposal: proposal(7), hub_accepted_time: N64 };
    let pending_bytes = cat(&[&bytes(&proposal(7)), &U64]);
    is(pending.clone(), &[&pending_bytes]);
    is(
        GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(group_info(vec![])).unwrap(),
            ratchet_tree_option: mimi_codec::ratchet_tree_options::RatchetTreeOption::DistributionService {},
            pending_proposals: vec![pending],
        },
        &[&bytes(&group_info(vec![])), &[4], &v(&pending_bytes)],
    );
}

#[test]
fn consent_queries_and_reports() {
    let extensions = mimi_codec::extensions::AppDataDictionary::default;
    is(
        ConsentEntry::Request {
            requester_uri: uri("r"),
            target_uri: uri("t"),
            room_id: Some(uri("room")),
            consent_extensions: extensions(),
        },
        &[&[1], &v(b"r"), &v(b"t"), &[1], &v(b"room"), &[0]],
    );
    is(
        ConsentEntry::Grant {
            requester_uri: uri("r"),
            target_uri: uri("t"),
            room_id: None,
            client_key_packages: vec![],
            consent_extensions: extensions(),
        },
        &[&[2], &v(b"r"), &v(b"t"), &[0], &[0], &[0]],
    );
    is(
        ConsentScope { requester_uri: uri("r"), target_uri: uri("t"), room_id: None },
        &[&v(b"r"), &v(b"t"), &[0]],
    );
    let value = |text: &str| String::from(text);
    is(
        IdentifierRequest {
            query_elements: vec![
                QueryElement::Handle { search_value: value("im:a") },
                QueryElement::OidcStdClaim { claim_name: value("name"), search_value: value("x") },
                QueryElement::VcardField { property_name: value("ORG"), search_value: value("y") },
            ],
            id_request_extensions: extensions(),
        },
        &[&v(b"\x01\x04im:a\x07\x04name\x01x\x08\x03ORG\x01y"), &[0]],
    );
    is(
        IdentifierResponse::new(
            IdentifierQueryCode::SUCCESS,
            vec![uri("a"), uri("b")],
            vec![UserProfile {
                stable_uri: uri("c"),
                fields: vec![ProfileField {
                    field_source: FieldSource::VCARD_FIELD,
                    field_name: value("ORG"),
                    field_value: "z".into(),
                }],
            }],
            extensions(),
        )
        .unwrap(),
        &[&[0], &v(b"\x01a\x01b"), &v(b"\x01c\x07\x08\x03ORG\x01z"), &[0]],
    );
    is(
        AbuseReport {
            reporting_user: None.into(),
            alleged_abuser_uri: uri("a"),
            reason_code: AbuseType::RESERVED,
            note: value("note"),
            messages: vec![AbusiveMessage {
                message_content: "content".into(),
                frank: frank(),
                accepted_timestamp: N64,
            }],
            abuse_extensions: extensions(),
        },
        &[
            &[0],
            &v(b"a"),
            &[0],
            &v(b"note"),
            &v(&cat(&[&v(b"content"), &[7; 32], &[0, 1], &v(b"signature"), &U64])),
            &[0],
        ],
    );
}

#[test]
fn room_state() {
    let pair = |user: &str, role_index| UserRolePair { user: user.into(), role_index };
    is(
        ParticipantListData { participants: vec![pair("a", N32), pair("", 1)] },
        &[&v(&cat(&[&v(b"a"), &U32, &[0], &[0, 0, 0, 1]]))],
    );
    is(
        ParticipantListUpdate {
            changed_role_participants: vec![UserindexRolePair { user_index: N32, role_index: 2 }],
            removed_indices: vec![3, N32],
            added_participants: vec![pair("b", 4)],
        },
        &[
            &v(&cat(&[&U32, &[0, 0, 0, 2]])),
            &v(&cat(&[&[0, 0, 0, 3], &U32])),
            &v(&cat(&[&v(b"b"), &[0, 0, 0, 4]])),
        ],
    );
    let text = |text: &str| UTF8String::new(text).unwrap();
    is(
        RoomMetaData::new(
            any_uri("mimi://a.example/r/x"),
            text("name"),
            vec![RichDescription {
                media_type: "text/plain".into(),
                language_tag: "de".into(),
                description_content: "x".into(),
            }],
            any_uri("https://a.example/i"),
            text("subject"),
            text("mood"),
        )
        .unwrap(),
        &[
            &v(b"mimi://a.example/r/x"),
            &v(b"name"),
            &v(&cat(&[&v(b"text/plain"), &v(b"de"), &v(b"x")])),
            &v(b"https://a.example/i"),
            &v(b"subject"),
            &v(b"mood"),
        ],
    );
}

#[test]
fn pseudonyms() {
    let credential_ = PseudonymousCredential {
        client_pseudonym: uri("c"),
        user_pseudonym: uri("u"),
        signature_public_key: b"key".to_vec().into(),
        identity_link_ciphertext: "link".into(),
    };
    is(credential_.tbs(), &[&v(b"c"), &v(b"u"), &v(b"key")]);
    is(credential_, &[&v(b"c"), &v(b"u"), &v(b"key"), &v(b"link")]);
    is(
        IdentityLinkTBE {
            pseudonymous_credential_signature: "signature".into(),
            client_credential: credential(),
        },
        &[&v(b"signature"), CREDENTIAL],
    );
    is(NonceAndCiphertext { nonce: "n".into(), ciphertext: "c".into() }, &[&v(b"n"), &v(b"c")]);
    let key = || EncryptedIdentityLinkKey { ciphertext: "k".into() };
    is(
        IdentityLinkKeysData { identity_link_key_ciphertexts: vec![None, Some(key())] },
        &[&v(b"\x00\x01\x01k")],
    );
    is(
        IdentityLinkKeysUpdate::new(
            List::new(vec![LeafKey { leaf_index: N32, key: key() }]).unwrap(),
            List::new(vec![5]).unwrap(),
        )
        .unwrap(),
        &[&v(&cat(&[&U32, b"\x01k"])), &v(&[0, 0, 0, 5])],
    );
    is(AddAAD { identity_link_key_ciphertexts: vec![key(), key()] }, &[&v(b"\x01k\x01k")]);
    is(IdentityLinkExtension { identity_link_wrapper_key: SecretOpaque::new(*b"w") }, &[&v(b"w")]);
    is(
        ConnectionRequest {
            requester_client_credential: credential(),
            connection_room_id: "room".into(),
            connection_room_identity_link_wrapper_key: SecretOpaque::new(*b"w"),
            requester_connection_key: SecretOpaque::new(*b"c"),
            connection_response_key: b"r".to_vec().into(),
        },
        &[CREDENTIAL, &v(b"room"), &v(b"w"), &v(b"c"), &v(b"r")],
    );
    is(ConnectionResponse { responder_connection_key: SecretOpaque::new(*b"k") }, &[&v(b"k")]);
}

#[test]
fn roles_and_preauthorization() {
    let role = Role {
        role_index: N32,
        role_name: "admin".into(),
        role_description: String::new(),
        role_capabilities: vec![CapabilityType::CAN_BAN, CapabilityType(0x0102)],
        minimum_participants_constraint: 1,
        maximum_participants_constraint: Some(2),
        minimum_active_participants_constraint: 3,
        maximum_active_participants_constraint: None,
        authorized_role_changes: vec![SingleSourceRoleChangeTargets {
            from_role_index: 4,
            target_role_indexes: vec![5, 6],
        }],
    };
    let role_bytes = cat(&[
        &U32,
        &v(b"admin"),
        &[0],
        &v(&[0, 0x0a, 1, 2]),
        &[0, 0, 0, 1],
        &[1, 0, 0, 0, 2],
        &[0, 0, 0, 3],
        &[0],
        &v(&cat(&[&[0, 0, 0, 4], &v(&[0, 0, 0, 5, 0, 0, 0, 6])])),
    ]);
    is(role.clone(), &[&role_bytes]);
    is(RoleData { roles: vec![role] }, &[&v(&role_bytes)]);
    is(
        PreAuthData {
            preauthorized_entries: vec![PreAuthRoleEntry {
                claimset: vec![Claim {
                    claim_id: ClaimId { credential_type: CredentialType(0x0102), id: "id".into() },
                    claim_value: "value".into(),
                }],
                target_role: N32,
            }],
        },
        &[&v(&cat(&[&v(&cat(&[&U16, &v(b"id"), &v(b"value")])), &U32]))],
    );
}

#[test]
fn base_policy_and_join_links() {
    is(
        BaseRoomPolicy {
            fixed_membership: false,
            parent_dependant: true,
            parent_room: any_uri("room"),
            multi_device: false,
            max_clients: Some(N32),
            max_users: None,
            pseudonyms_allowed: true,
            persistent_room: false,
            discoverable: true,
            policy_component_ids: vec![ComponentID(0x25), ComponentID(0x0102)],
        },
        &[&[0], &[1], &v(b"room"), &[0], &[1], &U32, &[0], &[1], &[0], &[1], &v(&[0, 0x25, 1, 2])],
    );
    is(
        JoinLinkPolicy { on_request: true, join_link: any_uri("link"), multiuser: false, expiration: N32 },
        &[&[1], &v(b"link"), &[0], &U32],
    );
    let link = |text: &str| JoinLink { join_link: text.into() };
    is(JoinLinksData { join_links: vec![link("a"), link("b")] }, &[&v(b"\x01a\x01b")]);
    is(
        JoinLinksUpdate { removed_indices: vec![N32], added_links: vec![link("c")] },
        &[&v(&U32), &v(b"\x01c")],
    );
}

#[test]
fn content_policies() {
    use Optionality::{Forbidden, Optional, Required};
    is(StatusNotificationPolicy { delivery_notifications: Required, read_receipts: Forbidden }, &[&[1, 2]]);
    let links = |link_preview_proxy_use| LinkPreviewPolicy {
        autodetect_hyperlinks_in_text: Optional,
        send_link_previews: Required,
        automatic_link_previews: Forbidden,
        link_preview_proxy_use,
    };
    let link_preview_proxy = any_uri("proxy");
    is(
        links(LinkPreviewProxyUse::Optional { link_preview_proxy: link_preview_proxy.clone() }),
        &[&[0, 1, 2, 0], &v(b"proxy")],
    );
    is(links(LinkPreviewProxyUse::Required { link_preview_proxy }), &[&[0, 1, 2, 1], &v(b"proxy")]);
    is(links(LinkPreviewProxyUse::Forbidden {}), &[&[0, 1, 2, 2]]);
    let logging = || (vec![any_uri("a"), any_uri("b")], any_uri("m"), any_uri("h"));
    let (logging_clients, machine_readable_policy, human_readable_policy) = logging();
    is(
        LoggingPolicy::Optional { logging_clients, machine_readable_policy, human_readable_policy },
        &[&[0], &v(b"\x01a\x01b"), &v(b"m"), &v(b"h")],
    );
    let (logging_clients, machine_readable_policy, human_readable_policy) = logging();
    is(
        LoggingPolicy::Required { logging_clients, machine_readable_policy, human_readable_policy },
        &[&[1], &v(b"\x01a\x01b"), &v(b"m"), &v(b"h")],
    );
    is(LoggingPolicy::Forbidden {}, &[&[2]]);
    is(
        HistoryPolicy::Optional {
            roles_that_can_share: vec![2, N32],
            automatically_share: true,
            max_time_period: N32,
        },
        &[&[0], &v(&cat(&[&[0, 0, 0, 2], &U32])), &[1], &U32],
    );
    is(
        HistoryPolicy::Required {
            roles_that_can_share: vec![],
            automatically_share: false,
            max_time_period: 1,
        },
        &[&[1], &[0], &[0], &[0, 0, 0, 1]],
    );
    is(HistoryPolicy::Forbidden {}, &[&[2]]);
    is(
        BotPolicy {
            allowed_bots: vec![Bot {
                name: "bot".into(),
                description: "d".into(),
                homepage: any_uri("home"),
                local_client_bot: false,
                bot_role_index: N32,
                can_target_message_in_group: true,
                per_user_content: false,
            }],
        },
        &[&v(&cat(&[&v(b"bot"), &v(b"d"), &v(b"home"), &[0], &U32, &[1], &[0]]))],
    );
    is(
        MessageExpiration::Required {
            min_expiration_duration: 1,
            max_expiration_duration: N32,
            default_expiration_duration: Some(2),
        },
        &[&[1], &[0, 0, 0, 1], &U32, &[1, 0, 0, 0, 2]],
    );
    is(
        MessageExpiration::Optional {
            min_expiration_duration: 1,
            max_expiration_duration: N32,
            default_expiration_duration: None,
        },
        &[&[0], &[0, 0, 0, 1], &U32, &[0]],
    );
    is(MessageExpiration::Forbidden {}, &[&[2]]);
}

fn media_type(text: &str) -> MediaType {
    text.parse().unwrap()
}

#[test]
fn assets_and_media_types() {
    let plain = cat(&[&v(b"text/plain"), &v(b"\x07charset\x05UTF-8")]);
    is(media_type("text/plain ;charset=\"UTF-8\""), &[&plain]);
    is(media_type("image/png"), &[&v(b"image/png"), &[0]]);
    is(
        MediaTypeList {
            media_type_list: vec![media_type("text/plain;charset=UTF-8"), media_type("image/png")]
                .try_into()
                .unwrap(),
        },
        &[&v(&cat(&[&plain, &v(b"image/png"), &[0]]))],
    );
    is(
        ApplicationFraming {
            media_type: Some(media_type("image/png")),
            inner_application_content: "data".into(),
        },
        &[&v(b"image/png"), &[0], &v(b"data")],
    );
    is(
        ApplicationFraming { media_type: None, inner_application_content: "data".into() },
        &[&[0], &[0], &v(b"data")],
    );
    let domain = |text: &str| DomainName { domain: text.into() };
    is(
        AssetPolicy {
            asset_upload_location: AssetUploadLocation::LOCAL_PROVIDER,
            upload_domains: vec![ProviderAssetUploadDomains {
                provider: domain("a"),
                asset_upload_destinations: vec![domain("b"), domain("c")],
            }],
            download_privacy: DownloadPrivacy {
                allowed_download_types: vec![DownloadPrivacyType::HUB_PROXY, DownloadPrivacyType::OHTTP],
                forbidden_download_types: vec![DownloadPrivacyType::DIRECT],
                default_download_type: DownloadPrivacyType::HUB_PROXY,
            },
            max_image: 1,
            max_audio: 2,
            max_video: N64,
            max_attachment: 4,
            forbidden_media_types: vec![media_type("image/png")],
            permitted_media_types: Some(vec![]),
        },
        &[
            &[1],
            &v(b"\x01a\x04\x01b\x01c"),
            &v(&[1, 2]),
            &v(&[0]),
            &[1],
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0, 0, 0, 0, 0, 0, 0, 2],
            &U64,
            &[0, 0, 0, 0, 0, 0, 0, 4],
            &v(&cat(&[&v(b"image/png"), &[0]])),
            &[1, 0],
        ],
    );
}

#[test]
fn operational_parameters() {
    let capabilities = |versions: Vec<ProtocolVersion>| ExtendedCapabilities {
        versions,
        cipher_suites: vec![CipherSuite(2)],
        extensions: vec![ExtensionType(3)],
        proposals: vec![ProposalType(4)],
        credentials: vec![CredentialType(5)],
        wire_formats: vec![WireFormat(6), WireFormat(0x0102)],
        component_ids: vec![ComponentID(7)],
        safe_aad_types: vec![ComponentID(8)],
        media_types: vec![media_type("image/png")],
        content_types: vec![ContentType::Commit, ContentType::Application],
    };
    let capabilities_bytes = |versions: &[u8]| {
        cat(&[
            &v(versions),
            &v(&[0, 2]),
            &v(&[0, 3]),
            &v(&[0, 4]),
            &v(&[0, 5]),
            &v(&[0, 6, 1, 2]),
            &v(&[0, 7]),
            &v(&[0, 8]),
            &v(&cat(&[&v(b"image/png"), &[0]])),
            &v(&[3, 1]),
        ])
    };
    let range = |default_time| MinDefaultMaxTime { minimum_time: 1, default_time, maximum_time: N64 };
    let range_bytes = |default: u8| cat(&[&[0, 0, 0, 0, 0, 0, 0, 1], &[0, 0, 0, 0, 0, 0, 0, default], &U64]);
    is(
        OperationalParameters {
            mandatory_capabilities: capabilities(vec![ProtocolVersion(1)]),
            default_capabilities: capabilities(vec![]),
            forbidden_capabilities: capabilities(vec![ProtocolVersion(2)]),
            handshake_formats: vec![WireFormat(1)],
            external_proposal_allowed: true,
            external_commit_allowed: false,
            pending_proposal_policy: PendingProposalPolicy::RandomDelay {
                minimum_delay_ms: 1,
                maximum_delay_ms: N64,
            },
            leaf_node_update_time: range(2),
            app_message_policy: AppMessagePolicy {
                epoch_tolerance: 9,
                pad_to_size: 0x0102,
                max_generations_skipahead: N32,
            },
            max_kp_lifetime: 1,
            max_credential_lifetime: 2,
            resumption_psk_lifetime: 3,
            sender_nonce_keypair_lifetime: range(4),
            max_keypairs: 5,
            buffer_incoming_message_time: range(6),
            max_buffered_messages: 7,
        },
        &[
            &capabilities_bytes(&[0, 1]),
            &capabilities_bytes(&[]),
            &capabilities_bytes(&[0, 2]),
            &v(&[0, 1]),
            &[1],
            &[0],
            &[2],
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &U64,
            &range_bytes(2),
            &[9],
            &U16,
            &U32,
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0, 0, 0, 0, 0, 0, 0, 2],
            &[0, 0, 0, 0, 0, 0, 0, 3],
            &range_bytes(4),
            &[0, 0, 0, 5],
            &range_bytes(6),
            &[0, 0, 0, 7],
        ],
    );
    is(PendingProposalPolicy::Unspecified {}, &[&[0]]);
    is(PendingProposalPolicy::ImmediateCommit {}, &[&[1]]);
}

#[test]
fn codes_are_the_drafts_numbers() {
    let names = |all: &[(u8, &str)], listed: Vec<(u8, &'static str)>| assert_eq!(listed, all);
    macro_rules! listed {
        ($name:ident) => {
            $name::ALL.iter().map(|value| (value.value(), value.name())).collect()
        };
    }
    macro_rules! kept {
        ($name:ident) => {
            $name::NAMED.iter().map(|value| (value.value(), value.name().unwrap())).collect()
        };
    }
    names(&[(1, "mls10")], listed!(Protocol));
    names(
        &[
            (0, "success"),
            (1, "partialSuccess"),
            (2, "incompatibleProtocol"),
            (3, "noCompatibleMaterial"),
            (4, "userUnknown"),
            (5, "noConsent"),
            (6, "noConsentForThisRoom"),
            (7, "userDeleted"),
        ],
        kept!(KeyMaterialUserCode),
    );
    names(
        &[(0, "success"), (1, "keyMaterialExhausted"), (2, "nothingCompatible")],
        listed!(KeyMaterialClientCode),
    );
    names(&[(1, "full"), (2, "partial")], listed!(GroupInfoRepresentation));
    names(
        &[(0, "success"), (1, "wrongEpoch"), (2, "notAllowed"), (3, "invalidProposal")],
        kept!(UpdateResponseCode),
    );
    names(&[(0, "accepted"), (1, "notAllowed"), (2, "epochTooOld")], kept!(SubmitResponseCode));
    names(&[(1, "success"), (2, "notAuthorized"), (3, "noSuchRoom")], kept!(GroupInfoCode));
    names(&[(0, "cancel"), (1, "request"), (2, "grant"), (3, "revoke")], listed!(ConsentOperation));
    names(
        &[
            (1, "handle"),
            (2, "nick"),
            (3, "email"),
            (4, "phone"),
            (5, "partialName"),
            (6, "wholeProfile"),
            (7, "oidcStdClaim"),
            (8, "vcardField"),
        ],
        listed!(SearchIdentifierType),
    );
    names(
        &[(0, "success"), (1, "notFound"), (2, "ambiguous"), (3, "forbidden"), (4, "unsupportedField")],
        kept!(IdentifierQueryCode),
    );
    names(&[(7, "oidcStdClaim"), (8, "vcardField")], kept!(FieldSource));
    names(&[(0, "reserved")], kept!(AbuseType));
    names(&[(0, "optional"), (1, "required"), (2, "forbidden")], listed!(Optionality));
    names(&[(0, "unspecified"), (1, "localProvider"), (2, "hub")], kept!(AssetUploadLocation));
    names(&[(0, "direct"), (1, "hubProxy"), (2, "ohttp")], kept!(DownloadPrivacyType));
    names(
        &[(0, "unspecified"), (1, "immediate_commit"), (2, "random_delay")],
        listed!(PendingProposalStrategy),
    );
}

#[test]
fn opaque_is_length_and_bytes() {
    is(Opaque::from("x".repeat(64).as_str()), &[&[0x40, 64], "x".repeat(64).as_bytes()]);
}
