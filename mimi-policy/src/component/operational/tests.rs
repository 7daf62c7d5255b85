//! Operational parameters: every finding and every refusal by name.

use super::*;
use alloc::vec;
use mimi_codec::room_policy::AppMessagePolicy;

const SUITE: CipherSuite = CipherSuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256;

fn lists() -> ExtendedCapabilities {
    ExtendedCapabilities {
        versions: vec![],
        cipher_suites: vec![],
        extensions: vec![],
        proposals: vec![],
        credentials: vec![],
        wire_formats: vec![],
        component_ids: vec![],
        safe_aad_types: vec![],
        media_types: vec![],
        content_types: vec![],
    }
}

/// Every list with one entry.
fn full() -> (ExtendedCapabilities, Vec<ExtendedCapability>) {
    let media_type = MediaType::parse("image/svg+xml").unwrap();
    let lists = ExtendedCapabilities {
        versions: vec![ProtocolVersion::MLS10],
        cipher_suites: vec![SUITE],
        extensions: vec![ExtensionType::APPLICATION_ID],
        proposals: vec![ProposalType::PSK],
        credentials: vec![CredentialType::BASIC],
        wire_formats: vec![WireFormat::MLS_PUBLIC_MESSAGE],
        component_ids: vec![ComponentID::FRANK_AAD],
        safe_aad_types: vec![ComponentID::CONNECTION_RESPONSE],
        media_types: vec![media_type.clone()],
        content_types: vec![ContentType::Application],
    };
    let items = vec![
        ExtendedCapability::Version(ProtocolVersion::MLS10),
        ExtendedCapability::CipherSuite(SUITE),
        ExtendedCapability::Extension(ExtensionType::APPLICATION_ID),
        ExtendedCapability::Proposal(ProposalType::PSK),
        ExtendedCapability::Credential(CredentialType::BASIC),
        ExtendedCapability::WireFormat(WireFormat::MLS_PUBLIC_MESSAGE),
        ExtendedCapability::Component(ComponentID::FRANK_AAD),
        ExtendedCapability::SafeAad(ComponentID::CONNECTION_RESPONSE),
        ExtendedCapability::MediaType(media_type),
        ExtendedCapability::ContentType(ContentType::Application),
    ];
    (lists, items)
}

fn times(minimum_time: u64, default_time: u64, maximum_time: u64) -> MinDefaultMaxTime {
    MinDefaultMaxTime { minimum_time, default_time, maximum_time }
}

fn policy() -> OperationalParameters {
    OperationalParameters {
        mandatory_capabilities: lists(),
        default_capabilities: lists(),
        forbidden_capabilities: lists(),
        handshake_formats: vec![],
        external_proposal_allowed: true,
        external_commit_allowed: true,
        pending_proposal_policy: PendingProposalPolicy::Unspecified {},
        leaf_node_update_time: times(1, 2, 3),
        app_message_policy: AppMessagePolicy {
            epoch_tolerance: 2,
            pad_to_size: 0,
            max_generations_skipahead: 5,
        },
        max_kp_lifetime: 0,
        max_credential_lifetime: 0,
        resumption_psk_lifetime: 0,
        sender_nonce_keypair_lifetime: times(0, 0, 0),
        max_keypairs: 0,
        buffer_incoming_message_time: times(4, 4, 4),
        max_buffered_messages: 0,
    }
}

#[test]
fn refuses_what_is_mandatory_and_forbidden_in_every_list() {
    let (lists, items) = full();
    let mut bad = policy();
    assert_eq!(findings(&bad), []);
    bad.mandatory_capabilities = lists.clone();
    assert_eq!(findings(&bad), []);
    bad.forbidden_capabilities = lists.clone();
    let expected: Vec<_> = items.iter().cloned().map(OperationalFinding::MandatoryAndForbidden).collect();
    assert_eq!(findings(&bad), expected);
    assert!(expected.iter().all(|finding| finding.severity() == ComponentSeverity::Invalid));

    bad.mandatory_capabilities = policy().mandatory_capabilities;
    bad.default_capabilities = lists;
    let expected: Vec<_> = items.into_iter().map(OperationalFinding::DefaultAndForbidden).collect();
    assert_eq!(findings(&bad), expected);
    assert!(expected.iter().all(|finding| finding.severity() == ComponentSeverity::Advice));
}

#[test]
fn refuses_lists_of_media_types_that_are_too_long() {
    let mut long = policy();
    long.default_capabilities.media_types = vec![MediaType::parse("a/b").unwrap(); MAX_MEDIA_TYPES + 1];
    long.forbidden_capabilities.media_types = vec![MediaType::parse("a/b").unwrap()];
    let media_types = MAX_MEDIA_TYPES + 1;
    assert_eq!(findings(&long), [OperationalFinding::TooManyMediaTypes { media_types }]);
    long.default_capabilities.media_types.pop();
    let too_many =
        |finding: &OperationalFinding| matches!(finding, OperationalFinding::TooManyMediaTypes { .. });
    assert!(!findings(&long).iter().any(too_many));
}

#[test]
fn an_item_that_stands_twice_is_found_once() {
    let mut bad = policy();
    bad.mandatory_capabilities.cipher_suites = vec![SUITE, SUITE];
    bad.forbidden_capabilities.cipher_suites = vec![SUITE, SUITE];
    let media_type = MediaType::parse("a/b").unwrap();
    bad.mandatory_capabilities.media_types = vec![media_type.clone(); 2];
    bad.forbidden_capabilities.media_types = vec![media_type.clone(); 2];
    let expected = [ExtendedCapability::CipherSuite(SUITE), ExtendedCapability::MediaType(media_type)];
    assert_eq!(findings(&bad), expected.map(OperationalFinding::MandatoryAndForbidden));
}

/// A field of the parameters.
type TimesOf = fn(&mut OperationalParameters) -> &mut MinDefaultMaxTime;

/// Empties a list of a client's capabilities.
type Clear = fn(&mut Capabilities);

#[test]
fn refuses_times_and_delays_out_of_order() {
    for bad_times in [times(2, 1, 3), times(1, 4, 3), times(4, 4, 3)] {
        let fields: [(TimeField, TimesOf); 3] = [
            (TimeField::LeafNodeUpdateTime, |policy| &mut policy.leaf_node_update_time),
            (TimeField::SenderNonceKeypairLifetime, |policy| &mut policy.sender_nonce_keypair_lifetime),
            (TimeField::BufferIncomingMessageTime, |policy| &mut policy.buffer_incoming_message_time),
        ];
        for (field, of) in fields {
            let mut bad = policy();
            *of(&mut bad) = bad_times.clone();
            assert_eq!(findings(&bad), [OperationalFinding::TimesOutOfOrder(field)]);
        }
    }
    let mut bad = policy();
    let (minimum_delay_ms, maximum_delay_ms) = (2, 1);
    bad.pending_proposal_policy = PendingProposalPolicy::RandomDelay { minimum_delay_ms, maximum_delay_ms };
    assert_eq!(findings(&bad), [OperationalFinding::DelaysOutOfOrder { minimum_delay_ms, maximum_delay_ms }]);
    bad.pending_proposal_policy =
        PendingProposalPolicy::RandomDelay { minimum_delay_ms: 2, maximum_delay_ms: 2 };
    assert_eq!(findings(&bad), []);
}

#[test]
fn refuses_handshakes_that_no_user_can_follow() {
    let mut odd = policy();
    odd.handshake_formats =
        vec![WireFormat::MLS_PUBLIC_MESSAGE, WireFormat::MLS_PRIVATE_MESSAGE, WireFormat::MLS_WELCOME];
    odd.forbidden_capabilities.wire_formats = vec![WireFormat::MLS_PUBLIC_MESSAGE];
    odd.handshake_formats.push(WireFormat::MLS_SEMIPRIVATE_MESSAGE);
    let found = findings(&odd);
    assert_eq!(
        found,
        [
            OperationalFinding::HandshakeFormatForbidden(WireFormat::MLS_PUBLIC_MESSAGE),
            OperationalFinding::PrivateHandshake,
            OperationalFinding::NotAHandshakeFormat(WireFormat::MLS_WELCOME),
        ]
    );
    assert_eq!(OperationalFinding::PrivateHandshake.severity(), ComponentSeverity::Invalid);
}

#[test]
fn refuses_the_use_of_what_is_forbidden() {
    let (lists, items) = full();
    let open = policy();
    let strict = OperationalParameters { forbidden_capabilities: lists, ..policy() };
    for item in items {
        assert_eq!(check_use(Some(&open), &item), Ok(()));
        assert_eq!(check_use(None, &item), Ok(()));
        assert_eq!(check_use(Some(&strict), &item), Err(OperationalRefusal::Forbidden(item)));
    }
    // An entry without parameters stands for all of them.
    let svg = ExtendedCapability::MediaType(MediaType::parse("image/svg+xml;charset=utf-8").unwrap());
    assert_eq!(check_use(Some(&strict), &svg), Err(OperationalRefusal::Forbidden(svg)));
}

#[test]
fn refuses_a_client_that_lacks_what_is_mandatory() {
    let all = Capabilities {
        versions: vec![ProtocolVersion::MLS10],
        cipher_suites: vec![SUITE],
        extensions: vec![ExtensionType::APP_DATA_DICTIONARY],
        proposals: vec![ProposalType::APP_DATA_UPDATE],
        credentials: vec![CredentialType::BASIC],
    };
    let mut demanding = policy();
    let mandatory = &mut demanding.mandatory_capabilities;
    mandatory.versions = all.versions.clone();
    mandatory.cipher_suites = all.cipher_suites.clone();
    // What every client can do needn't be listed.
    mandatory.extensions = vec![ExtensionType::EXTERNAL_SENDERS, ExtensionType::APP_DATA_DICTIONARY];
    mandatory.proposals = vec![ProposalType::GROUP_CONTEXT_EXTENSIONS, ProposalType::APP_DATA_UPDATE];
    mandatory.credentials = all.credentials.clone();
    assert_eq!(check_support(Some(&demanding), &all), Ok(()));
    assert_eq!(check_support(None, &all), Ok(()));

    let lacking: [(ExtendedCapability, Clear); 5] = [
        (ExtendedCapability::Version(ProtocolVersion::MLS10), |client| client.versions.clear()),
        (ExtendedCapability::CipherSuite(SUITE), |client| client.cipher_suites.clear()),
        (ExtendedCapability::Extension(ExtensionType::APP_DATA_DICTIONARY), |client| {
            client.extensions.clear()
        }),
        (ExtendedCapability::Proposal(ProposalType::APP_DATA_UPDATE), |client| client.proposals.clear()),
        (ExtendedCapability::Credential(CredentialType::BASIC), |client| client.credentials.clear()),
    ];
    for (item, clear) in lacking {
        let mut client = all.clone();
        clear(&mut client);
        let refused = Err(OperationalRefusal::Unsupported(item));
        assert_eq!(check_support(Some(&demanding), &client), refused);
    }
}

#[test]
fn refuses_outsiders_where_the_room_takes_none() {
    let mut closed = policy();
    assert_eq!(check_external_proposal(Some(&closed)), Ok(()));
    assert_eq!(check_external_commit(Some(&closed)), Ok(()));
    closed.external_proposal_allowed = false;
    assert_eq!(check_external_proposal(Some(&closed)), Err(OperationalRefusal::ExternalProposal));
    assert_eq!(check_external_commit(Some(&closed)), Ok(()));
    closed.external_commit_allowed = false;
    assert_eq!(check_external_commit(Some(&closed)), Err(OperationalRefusal::ExternalCommit));
    assert_eq!((check_external_proposal(None), check_external_commit(None)), (Ok(()), Ok(())));
}

#[test]
fn refuses_handshakes_in_other_formats() {
    use WireFormat as W;
    let refused = |format| Err(OperationalRefusal::HandshakeFormat(format));
    let mut room = policy();
    for unstated in [None, Some(&room)] {
        assert_eq!(check_handshake_format(unstated, W::MLS_PUBLIC_MESSAGE), Ok(()));
        assert_eq!(check_handshake_format(unstated, W::MLS_SEMIPRIVATE_MESSAGE), Ok(()));
        for format in [W::MLS_PRIVATE_MESSAGE, W::MLS_WELCOME, WireFormat(0x7777)] {
            assert_eq!(check_handshake_format(unstated, format), refused(format));
        }
    }
    room.handshake_formats = vec![W::MLS_SEMIPRIVATE_MESSAGE, W::MLS_PRIVATE_MESSAGE];
    assert_eq!(check_handshake_format(Some(&room), W::MLS_SEMIPRIVATE_MESSAGE), Ok(()));
    for format in [W::MLS_PUBLIC_MESSAGE, W::MLS_PRIVATE_MESSAGE] {
        assert_eq!(check_handshake_format(Some(&room), format), refused(format));
    }
    room.forbidden_capabilities.wire_formats = vec![W::MLS_SEMIPRIVATE_MESSAGE];
    let forbidden = OperationalRefusal::Forbidden(ExtendedCapability::WireFormat(W::MLS_SEMIPRIVATE_MESSAGE));
    assert_eq!(check_handshake_format(Some(&room), W::MLS_SEMIPRIVATE_MESSAGE), Err(forbidden));
}

#[test]
fn refuses_what_is_valid_for_too_long() {
    let lifetime = |seconds: u64| Lifetime { not_before: 100, not_after: 100 + seconds };
    let mut room = policy();
    // 0 states nothing.
    assert_eq!(check_key_package_lifetime(Some(&room), &lifetime(1_000_000)), Ok(()));
    assert_eq!(check_credential_lifetime(Some(&room), u64::MAX), Ok(()));
    assert_eq!(check_key_package_lifetime(None, &lifetime(1_000_000)), Ok(()));
    room.max_kp_lifetime = 10;
    room.max_credential_lifetime = 20;
    assert_eq!(check_key_package_lifetime(Some(&room), &lifetime(10)), Ok(()));
    let refused = OperationalRefusal::KeyPackageLifetime { lifetime: 11, max: 10 };
    assert_eq!(check_key_package_lifetime(Some(&room), &lifetime(11)), Err(refused));
    assert_eq!(check_credential_lifetime(Some(&room), 20), Ok(()));
    let refused = OperationalRefusal::CredentialLifetime { lifetime: 21, max: 20 };
    assert_eq!(check_credential_lifetime(Some(&room), 21), Err(refused));
}

#[test]
fn refuses_messages_of_other_times() {
    let room = policy();
    let check = |epoch, current, ahead| check_application_message(Some(&room), epoch, current, ahead);
    assert_eq!(check(7, 9, 5), Ok(()));
    let refused = OperationalRefusal::OldEpoch { epochs_ago: 3, tolerance: 2 };
    assert_eq!(check(6, 9, 0), Err(refused));
    assert_eq!(check(10, 9, 0), Err(OperationalRefusal::EpochToCome));
    assert_eq!(check(9, 9, 6), Err(OperationalRefusal::Generation { ahead: 6, max: 5 }));
    assert_eq!(check_application_message(None, 0, u64::MAX, u32::MAX), Ok(()));
    let to_come = Err(OperationalRefusal::EpochToCome);
    assert_eq!(check_application_message(None, 1, 0, 0), to_come);
}

#[test]
fn a_time_is_early_open_due_or_over() {
    let update = times(10, 20, 30);
    for (age, expected) in [
        (9, Timeliness::TooEarly),
        (10, Timeliness::May),
        (19, Timeliness::May),
        (20, Timeliness::Now),
        (30, Timeliness::Now),
        (31, Timeliness::Overdue),
    ] {
        assert_eq!(due(&update, age), expected);
    }
}

/// A media type with so many parameters.
fn with_parameters(count: usize) -> MediaType {
    let parameters: alloc::string::String = (0..count).map(|index| alloc::format!(";p{index}=v")).collect();
    MediaType::parse(&alloc::format!("a/b{parameters}")).unwrap()
}

#[test]
fn refuses_lists_whose_media_types_have_too_many_parameters() {
    let mut long = policy();
    let lists = &mut long.forbidden_capabilities;
    lists.media_types = vec![with_parameters(MAX_PARAMETERS), with_parameters(1)];
    let too_many = OperationalFinding::TooManyParameters { parameters: MAX_PARAMETERS + 1 };
    assert_eq!(too_many.severity(), ComponentSeverity::Invalid);
    assert_eq!(findings(&long), core::slice::from_ref(&too_many));
    long.forbidden_capabilities.media_types.pop();
    assert!(!findings(&long).contains(&too_many));
}
