//! A room's dictionary as a whole: what is wrong with each component is found, under its name.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mimi_codec::{
    DnsName, Encode, List,
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    protocol::Uri,
    room_policy::{
        AssetPolicy, AssetUploadLocation, BaseRoomPolicy, Bot, BotPolicy, DownloadPrivacy,
        DownloadPrivacyType, HistoryPolicy, JoinLink, JoinLinkPolicy, JoinLinksData, LinkPreviewPolicy,
        LinkPreviewProxyUse, LoggingPolicy, MessageExpiration, Optionality, StatusNotificationPolicy,
    },
};
use mimi_policy::component::{
    ComponentFinding, ComponentSeverity, asset::AssetFinding, base::BaseFinding, bot::BotFinding, findings,
    history::HistoryFinding, join_link::JoinLinkFinding, link_preview::LinkPreviewFinding,
    logging::LoggingFinding, message_expiration::MessageExpirationFinding,
    status_notification::StatusNotificationFinding,
};

fn dictionary(entries: &[(ComponentID, Vec<u8>)]) -> AppDataDictionary {
    let mut entries: Vec<ComponentData> = entries
        .iter()
        .map(|(component_id, data)| ComponentData { component_id: *component_id, data: data.clone().into() })
        .collect();
    entries.sort_by_key(|entry| entry.component_id);
    AppDataDictionary { component_data: List::new(entries).unwrap() }
}

fn base(policy_component_ids: Vec<ComponentID>) -> BaseRoomPolicy {
    BaseRoomPolicy {
        fixed_membership: false,
        parent_dependant: false,
        parent_room: Uri::none(),
        multi_device: true,
        max_clients: None,
        max_users: None,
        pseudonyms_allowed: true,
        persistent_room: true,
        discoverable: false,
        policy_component_ids,
    }
}

/// For each component one that is wrong in one way, and that finding.
fn wrong() -> Vec<(ComponentID, Vec<u8>, ComponentFinding)> {
    let notifications = StatusNotificationPolicy {
        delivery_notifications: Optionality::Forbidden,
        read_receipts: Optionality::Required,
    };
    let links = JoinLinkPolicy { on_request: true, join_link: Uri::none(), multiuser: true, expiration: 0 };
    let previews = LinkPreviewPolicy {
        autodetect_hyperlinks_in_text: Optionality::Required,
        send_link_previews: Optionality::Optional,
        automatic_link_previews: Optionality::Optional,
        link_preview_proxy_use: LinkPreviewProxyUse::Forbidden {},
    };
    let assets = AssetPolicy {
        asset_upload_location: AssetUploadLocation::UNSPECIFIED,
        upload_domains: vec![],
        download_privacy: DownloadPrivacy {
            allowed_download_types: vec![DownloadPrivacyType::HUB_PROXY],
            forbidden_download_types: vec![],
            default_download_type: DownloadPrivacyType::HUB_PROXY,
        },
        max_image: 1,
        max_audio: 1,
        max_video: 1,
        max_attachment: 1,
        forbidden_media_types: vec![],
        permitted_media_types: None,
    };
    let logging = LoggingPolicy::Required {
        logging_clients: vec![],
        machine_readable_policy: Uri::none(),
        human_readable_policy: Uri::none(),
    };
    let history = HistoryPolicy::Optional {
        roles_that_can_share: vec![1],
        automatically_share: false,
        max_time_period: 1,
    };
    let bot = Bot {
        name: "x".into(),
        description: String::new(),
        homepage: Uri::none(),
        local_client_bot: true,
        bot_role_index: 2,
        can_target_message_in_group: false,
        per_user_content: false,
    };
    let expiration = MessageExpiration::Optional {
        min_expiration_duration: 2,
        max_expiration_duration: 1,
        default_expiration_duration: None,
    };
    vec![
        (
            ComponentID::STATUS_NOTIFICATION_POLICY,
            notifications.to_bytes().unwrap(),
            ComponentFinding::StatusNotification(StatusNotificationFinding::ReadTellsOfDelivery),
        ),
        (
            ComponentID::JOIN_LINK_POLICY,
            links.to_bytes().unwrap(),
            ComponentFinding::JoinLink(JoinLinkFinding::ExpiresAtOnce),
        ),
        (
            ComponentID::LINK_PREVIEW_POLICY,
            previews.to_bytes().unwrap(),
            ComponentFinding::LinkPreview(LinkPreviewFinding::AutodetectRequired),
        ),
        (
            ComponentID::ASSET_POLICY,
            assets.to_bytes().unwrap(),
            ComponentFinding::Asset(AssetFinding::NotLocalProvider(AssetUploadLocation::UNSPECIFIED)),
        ),
        (
            ComponentID::LOGGING_POLICY,
            logging.to_bytes().unwrap(),
            ComponentFinding::Logging(LoggingFinding::NoLoggingClient),
        ),
        (
            ComponentID::CHAT_HISTORY_POLICY,
            history.to_bytes().unwrap(),
            ComponentFinding::History(HistoryFinding::Banned),
        ),
        (
            ComponentID::BOT_POLICY,
            BotPolicy { allowed_bots: vec![bot] }.to_bytes().unwrap(),
            ComponentFinding::Bot(BotFinding::LocalWithRole { index: 0, role_index: 2 }),
        ),
        (
            ComponentID::MESSAGE_EXPIRATION_POLICY,
            expiration.to_bytes().unwrap(),
            ComponentFinding::MessageExpiration(MessageExpirationFinding::MinAboveMax { min: 2, max: 1 }),
        ),
    ]
}

#[test]
fn each_component_is_judged_under_its_name() {
    for (component_id, data, finding) in wrong() {
        let found = findings(&dictionary(&[(component_id, data)]), None);
        assert_eq!(found, std::slice::from_ref(&finding));
        assert_eq!(finding.component_id(), component_id);
        let name = component_id.name().unwrap();
        assert!(finding.to_string().starts_with(&format!("{name}: ")), "{finding}");
    }
}

#[test]
fn several_components_are_judged_in_the_order_of_the_draft() {
    let entries: Vec<_> = wrong().into_iter().map(|(id, data, _)| (id, data)).collect();
    let expected: Vec<ComponentFinding> = wrong().into_iter().map(|(_, _, finding)| finding).collect();
    assert_eq!(findings(&dictionary(&entries), None), expected);
}

#[test]
fn data_that_is_something_else_is_malformed() {
    for (component_id, mut data, _) in wrong() {
        data.push(0);
        let found = findings(&dictionary(&[(component_id, data)]), None);
        assert!(matches!(found[..], [ComponentFinding::Malformed(id, _)] if id == component_id), "{found:?}");
        assert_eq!(found[0].severity(), ComponentSeverity::Invalid);
    }
}

#[test]
fn components_are_seen_together() {
    let hub = DnsName::parse("a.example").unwrap();
    let named = base(vec![ComponentID::JOIN_LINKS]).to_bytes().unwrap();
    let links = JoinLinksData { join_links: vec![JoinLink { join_link: "x".into() }] };
    let room = dictionary(&[
        (ComponentID::BASE_ROOM_POLICY, named),
        (ComponentID::JOIN_LINKS, links.to_bytes().unwrap()),
        (ComponentID::LOGGING_POLICY, vec![2]),
    ]);
    assert_eq!(
        findings(&room, Some(hub.as_ref())),
        [
            ComponentFinding::Base(BaseFinding::UnnamedComponent(ComponentID::LOGGING_POLICY)),
            ComponentFinding::JoinLink(JoinLinkFinding::NoPolicy),
        ]
    );
    let no_links = JoinLinksData { join_links: vec![] }.to_bytes().unwrap();
    assert_eq!(findings(&dictionary(&[(ComponentID::JOIN_LINKS, no_links)]), None), []);
}
