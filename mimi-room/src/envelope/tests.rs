//! The envelope: each setting inside and outside.

use super::*;
use alloc::string::String;
use alloc::vec;
use mimi_codec::{
    Encode, List,
    extensions::ComponentData,
    protocol::Uri,
    room_policy::{
        AppMessagePolicy, Bot, DownloadPrivacy, ExtendedCapabilities, MinDefaultMaxTime,
        PendingProposalPolicy, Role,
    },
};

fn dictionary(entries: Vec<(ComponentID, Vec<u8>)>) -> AppDataDictionary {
    let entry =
        |(component_id, data): (ComponentID, Vec<u8>)| ComponentData { component_id, data: data.into() };
    let mut entries: Vec<ComponentData> = entries.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.component_id);
    AppDataDictionary { component_data: List::new(entries).unwrap() }
}

fn capabilities() -> ExtendedCapabilities {
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

/// Every policy component, with a value in every field that an envelope narrows.
fn room() -> AppDataDictionary {
    let base = BaseRoomPolicy {
        fixed_membership: true,
        parent_dependant: true,
        parent_room: Uri::new("mimi://a.example/r/parent"),
        multi_device: true,
        max_clients: Some(20),
        max_users: Some(10),
        pseudonyms_allowed: true,
        persistent_room: true,
        discoverable: true,
        policy_component_ids: vec![],
    };
    let role = Role {
        role_index: 2,
        role_name: String::new(),
        role_description: String::new(),
        role_capabilities: vec![
            CapabilityType::CAN_BAN,
            CapabilityType::CAN_SEND_MESSAGE,
            CapabilityType::CAN_BAN,
        ],
        minimum_participants_constraint: 0,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: vec![],
    };
    let notifications = StatusNotificationPolicy {
        delivery_notifications: Optionality::Required,
        read_receipts: Optionality::Required,
    };
    let links =
        JoinLinkPolicy { on_request: false, join_link: Uri::none(), multiuser: true, expiration: 100 };
    let previews = LinkPreviewPolicy {
        autodetect_hyperlinks_in_text: Optionality::Optional,
        send_link_previews: Optionality::Required,
        automatic_link_previews: Optionality::Required,
        link_preview_proxy_use: LinkPreviewProxyUse::Required { link_preview_proxy: Uri::new("https://p") },
    };
    let assets = AssetPolicy {
        asset_upload_location: AssetUploadLocation::HUB,
        upload_domains: vec![],
        download_privacy: DownloadPrivacy {
            allowed_download_types: vec![DownloadPrivacyType::OHTTP],
            forbidden_download_types: vec![],
            default_download_type: DownloadPrivacyType::DIRECT,
        },
        max_image: 1,
        max_audio: 2,
        max_video: 3,
        max_attachment: 1_000,
        forbidden_media_types: vec![],
        permitted_media_types: None,
    };
    let logging = LoggingPolicy::Required {
        logging_clients: vec![],
        machine_readable_policy: Uri::none(),
        human_readable_policy: Uri::none(),
    };
    let history = HistoryPolicy::Required {
        roles_that_can_share: vec![],
        automatically_share: false,
        max_time_period: 100,
    };
    let bot = Bot {
        name: String::new(),
        description: String::new(),
        homepage: Uri::none(),
        local_client_bot: true,
        bot_role_index: 0,
        can_target_message_in_group: false,
        per_user_content: false,
    };
    let expiration = MessageExpiration::Required {
        min_expiration_duration: 0,
        max_expiration_duration: 100,
        default_expiration_duration: None,
    };
    let times = MinDefaultMaxTime { minimum_time: 0, default_time: 0, maximum_time: 0 };
    let operational = OperationalParameters {
        mandatory_capabilities: ExtendedCapabilities {
            cipher_suites: vec![CipherSuite(1), CipherSuite(2)],
            ..capabilities()
        },
        default_capabilities: capabilities(),
        forbidden_capabilities: capabilities(),
        handshake_formats: vec![],
        external_proposal_allowed: true,
        external_commit_allowed: true,
        pending_proposal_policy: PendingProposalPolicy::Unspecified {},
        leaf_node_update_time: times.clone(),
        app_message_policy: AppMessagePolicy {
            epoch_tolerance: 0,
            pad_to_size: 0,
            max_generations_skipahead: 0,
        },
        max_kp_lifetime: 0,
        max_credential_lifetime: 0,
        resumption_psk_lifetime: 0,
        sender_nonce_keypair_lifetime: times.clone(),
        max_keypairs: 0,
        buffer_incoming_message_time: times,
        max_buffered_messages: 0,
    };
    dictionary(vec![
        (ComponentID::BASE_ROOM_POLICY, base.to_bytes().unwrap()),
        (ComponentID::ROLES_LIST, RoleData { roles: vec![role] }.to_bytes().unwrap()),
        (ComponentID::STATUS_NOTIFICATION_POLICY, notifications.to_bytes().unwrap()),
        (ComponentID::JOIN_LINK_POLICY, links.to_bytes().unwrap()),
        (ComponentID::LINK_PREVIEW_POLICY, previews.to_bytes().unwrap()),
        (ComponentID::ASSET_POLICY, assets.to_bytes().unwrap()),
        (ComponentID::LOGGING_POLICY, logging.to_bytes().unwrap()),
        (ComponentID::CHAT_HISTORY_POLICY, history.to_bytes().unwrap()),
        (ComponentID::BOT_POLICY, BotPolicy { allowed_bots: vec![bot.clone(), bot] }.to_bytes().unwrap()),
        (ComponentID::MESSAGE_EXPIRATION_POLICY, expiration.to_bytes().unwrap()),
        (ComponentID::MLS_OPERATIONAL_POLICY, operational.to_bytes().unwrap()),
    ])
}

#[test]
fn accepts_everything_where_nothing_is_stated() {
    assert_eq!(Envelope::default().check(&room()), []);
    assert_eq!(Envelope::default().check(&AppDataDictionary::default()), []);
}

/// Sets a field of an envelope.
type Narrow = fn(&mut Envelope);

#[test]
fn refuses_each_setting_that_lies_outside() {
    use Optionality::{Forbidden, Optional, Required};
    // For each setting: one narrowing that the room keeps, and one that it doesn't.
    let cases: Vec<(EnvelopeSetting, Narrow, Narrow)> = vec![
        (
            EnvelopeSetting::FixedMembership,
            |hub| hub.fixed_membership = Allowed::of([true]),
            |hub| hub.fixed_membership = Allowed::of([false]),
        ),
        (
            EnvelopeSetting::ParentDependant,
            |hub| hub.parent_dependant = Allowed::of([true]),
            |hub| hub.parent_dependant = Allowed::of([false]),
        ),
        (
            EnvelopeSetting::MultiDevice,
            |hub| hub.multi_device = Allowed::of([true]),
            |hub| hub.multi_device = Allowed::of([false]),
        ),
        (
            EnvelopeSetting::PseudonymsAllowed,
            |hub| hub.pseudonyms_allowed = Allowed::of([true]),
            |hub| hub.pseudonyms_allowed = Allowed::of([false]),
        ),
        (
            EnvelopeSetting::PersistentRoom,
            |hub| hub.persistent_room = Allowed::of([true]),
            |hub| hub.persistent_room = Allowed::of([false]),
        ),
        (
            EnvelopeSetting::Discoverable,
            |hub| hub.discoverable = Allowed::of([true]),
            |hub| hub.discoverable = Allowed::of([false]),
        ),
        (EnvelopeSetting::MaxUsers, |hub| hub.max_users = Some(10), |hub| hub.max_users = Some(9)),
        (EnvelopeSetting::MaxClients, |hub| hub.max_clients = Some(20), |hub| hub.max_clients = Some(19)),
        (EnvelopeSetting::MaxRoles, |hub| hub.max_roles = Some(1), |hub| hub.max_roles = Some(0)),
        (
            EnvelopeSetting::DeliveryNotifications,
            |hub| hub.delivery_notifications = Allowed::of([Required]),
            |hub| hub.delivery_notifications = Allowed::of([Optional, Forbidden]),
        ),
        (
            EnvelopeSetting::ReadReceipts,
            |hub| hub.read_receipts = Allowed::of([Required]),
            |hub| hub.read_receipts = Allowed::of([Optional, Forbidden]),
        ),
        (
            EnvelopeSetting::MaxLinkExpiration,
            |hub| hub.max_link_expiration = Some(100),
            |hub| hub.max_link_expiration = Some(99),
        ),
        (
            EnvelopeSetting::MultiuserLinks,
            |hub| hub.multiuser_links = Allowed::of([true]),
            |hub| hub.multiuser_links = Allowed::of([false]),
        ),
        (
            EnvelopeSetting::SendLinkPreviews,
            |hub| hub.send_link_previews = Allowed::of([Required]),
            |hub| hub.send_link_previews = Allowed::of([Optional]),
        ),
        (
            EnvelopeSetting::AutomaticLinkPreviews,
            |hub| hub.automatic_link_previews = Allowed::of([Required]),
            |hub| hub.automatic_link_previews = Allowed::of([Optional]),
        ),
        (
            EnvelopeSetting::LinkPreviewProxyUse,
            |hub| hub.link_preview_proxy_use = Allowed::of([Required]),
            |hub| hub.link_preview_proxy_use = Allowed::of([Optional]),
        ),
        (
            EnvelopeSetting::AssetUploadLocation,
            |hub| hub.asset_upload_location = Allowed::of([AssetUploadLocation::HUB]),
            |hub| hub.asset_upload_location = Allowed::of([AssetUploadLocation::LOCAL_PROVIDER]),
        ),
        (
            EnvelopeSetting::DownloadTypes,
            |hub| {
                hub.download_types = Allowed::of([DownloadPrivacyType::OHTTP, DownloadPrivacyType::DIRECT]);
            },
            |hub| hub.download_types = Allowed::of([DownloadPrivacyType::OHTTP]),
        ),
        (EnvelopeSetting::MaxAsset, |hub| hub.max_asset = Some(1_000), |hub| hub.max_asset = Some(999)),
        (
            EnvelopeSetting::Logging,
            |hub| hub.logging = Allowed::of([Required]),
            |hub| hub.logging = Allowed::of([Optional]),
        ),
        (
            EnvelopeSetting::HistorySharing,
            |hub| hub.history_sharing = Allowed::of([Required]),
            |hub| hub.history_sharing = Allowed::of([Forbidden]),
        ),
        (EnvelopeSetting::MaxHistory, |hub| hub.max_history = Some(100), |hub| hub.max_history = Some(99)),
        (EnvelopeSetting::MaxBots, |hub| hub.max_bots = Some(2), |hub| hub.max_bots = Some(1)),
        (
            EnvelopeSetting::ExpiringMessages,
            |hub| hub.expiring_messages = Allowed::of([Required]),
            |hub| hub.expiring_messages = Allowed::of([Optional]),
        ),
        (
            EnvelopeSetting::MaxExpiration,
            |hub| hub.max_expiration = Some(100),
            |hub| hub.max_expiration = Some(99),
        ),
        (
            EnvelopeSetting::CipherSuites,
            |hub| hub.cipher_suites = Allowed::of([CipherSuite(1), CipherSuite(2)]),
            |hub| hub.cipher_suites = Allowed::of([CipherSuite(1)]),
        ),
        (
            EnvelopeSetting::ExternalCommitAllowed,
            |hub| hub.external_commit_allowed = Allowed::of([true]),
            |hub| hub.external_commit_allowed = Allowed::of([false]),
        ),
        (
            EnvelopeSetting::ExternalProposalAllowed,
            |hub| hub.external_proposal_allowed = Allowed::of([true]),
            |hub| hub.external_proposal_allowed = Allowed::of([false]),
        ),
    ];
    assert_eq!(cases.len(), EnvelopeSetting::ExternalProposalAllowed as usize + 1);
    for (setting, inside, outside) in cases {
        let mut hub = Envelope::default();
        inside(&mut hub);
        assert_eq!(hub.check(&room()), [], "{setting:?}");
        let mut hub = Envelope::default();
        outside(&mut hub);
        assert_eq!(hub.check(&room()), [OutsideEnvelope::Setting(setting)]);
        // A room without the component states nothing.
        assert_eq!(hub.check(&AppDataDictionary::default()), []);
    }
}

#[test]
fn a_room_without_a_limit_lies_outside_of_one() {
    let base = BaseRoomPolicy {
        fixed_membership: false,
        parent_dependant: false,
        parent_room: Uri::none(),
        multi_device: true,
        max_clients: None,
        max_users: None,
        pseudonyms_allowed: true,
        persistent_room: true,
        discoverable: false,
        policy_component_ids: vec![],
    };
    let room = dictionary(vec![(ComponentID::BASE_ROOM_POLICY, base.to_bytes().unwrap())]);
    let hub = Envelope { max_users: Some(u32::MAX), max_clients: Some(u32::MAX), ..Envelope::default() };
    let outside = [EnvelopeSetting::MaxUsers, EnvelopeSetting::MaxClients].map(OutsideEnvelope::Setting);
    assert_eq!(hub.check(&room), outside);
}

#[test]
fn refuses_capabilities_that_no_role_may_hold() {
    let capabilities = Allowed::of([CapabilityType::CAN_SEND_MESSAGE]);
    let hub = Envelope { capabilities, ..Envelope::default() };
    // Each once, although the role names it twice.
    let outside = OutsideEnvelope::Capability { role_index: 2, capability: CapabilityType::CAN_BAN };
    assert_eq!(hub.check(&room()), [outside]);
}

#[test]
fn refuses_components_that_are_missing_unwanted_or_malformed() {
    let hub = Envelope {
        required_components: [ComponentID::ROLES_LIST].into(),
        components: Allowed::of([ComponentID::BASE_ROOM_POLICY]),
        ..Envelope::default()
    };
    let room = dictionary(vec![
        (ComponentID::LOGGING_POLICY, vec![2]),
        (ComponentID::BASE_ROOM_POLICY, vec![7]),
        // No policy, and no matter of the envelope.
        (ComponentID::PARTICIPANT_LIST, vec![0]),
    ]);
    let found = hub.check(&room);
    assert_eq!(
        found[..2],
        [
            OutsideEnvelope::MissingComponent(ComponentID::ROLES_LIST),
            OutsideEnvelope::Component(ComponentID::LOGGING_POLICY)
        ]
    );
    assert!(matches!(found[2..], [OutsideEnvelope::Malformed(ComponentID::BASE_ROOM_POLICY, _)]));
    // What is required is allowed.
    let room = dictionary(vec![(ComponentID::ROLES_LIST, vec![0])]);
    assert_eq!(hub.check(&room), []);
}
