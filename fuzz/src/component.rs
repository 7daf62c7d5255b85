//! The component policies of a room: what is wrong with them, what a hub allows of them, and that
//! the answers of one agree with each other.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::code_points::{CipherSuite, ComponentID, WireFormat};
use mimi_codec::extensions::{AppDataDictionary, ComponentData};
use mimi_codec::room_policy::{
    AssetPolicy, AssetUploadLocation, BaseRoomPolicy, BotPolicy, CapabilityType, DownloadPrivacyType,
    HistoryPolicy, JoinLink, JoinLinkPolicy, JoinLinksData, JoinLinksUpdate, LinkPreviewPolicy,
    LinkPreviewProxyUse, LoggingPolicy, MessageExpiration, OperationalParameters, Optionality, RoleData,
    StatusNotificationPolicy,
};
use mimi_codec::{ClientUri, DecodeOwned, DnsName, Encode, List, MediaType};
use mimi_policy::component::{
    ComponentFinding, ComponentSeverity, asset, bot, findings, history, join_link, link_preview, logging,
    message_expiration, operational, status_notification,
};
use mimi_room::envelope::{Allowed, Envelope, EnvelopeSetting, OutsideEnvelope};

#[derive(Arbitrary, Debug)]
enum Piece {
    Base(BaseRoomPolicy),
    Roles(RoleData),
    Status(StatusNotificationPolicy),
    LinkPolicy(JoinLinkPolicy),
    Links(JoinLinksData),
    Preview(LinkPreviewPolicy),
    Asset(AssetPolicy),
    Logging(LoggingPolicy),
    History(HistoryPolicy),
    Bots(BotPolicy),
    Expiration(MessageExpiration),
    Operation(OperationalParameters),
    /// Whatever these bytes are.
    Octets(u8, Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pieces: Vec<Piece>,
    numbers: [u64; 2],
    choice: u8,
    removed_indices: Vec<u32>,
    added_links: Vec<JoinLink>,
    content_type: &'a str,
    url: &'a str,
}

/// Each component with whether its data is what it has to be.
const COMPONENTS: [(ComponentID, fn(&[u8]) -> bool); 12] = [
    (ComponentID::BASE_ROOM_POLICY, decodes::<BaseRoomPolicy>),
    (ComponentID::ROLES_LIST, decodes::<RoleData>),
    (ComponentID::STATUS_NOTIFICATION_POLICY, decodes::<StatusNotificationPolicy>),
    (ComponentID::JOIN_LINK_POLICY, decodes::<JoinLinkPolicy>),
    (ComponentID::JOIN_LINKS, decodes::<JoinLinksData>),
    (ComponentID::LINK_PREVIEW_POLICY, decodes::<LinkPreviewPolicy>),
    (ComponentID::ASSET_POLICY, decodes::<AssetPolicy>),
    (ComponentID::LOGGING_POLICY, decodes::<LoggingPolicy>),
    (ComponentID::CHAT_HISTORY_POLICY, decodes::<HistoryPolicy>),
    (ComponentID::BOT_POLICY, decodes::<BotPolicy>),
    (ComponentID::MESSAGE_EXPIRATION_POLICY, decodes::<MessageExpiration>),
    (ComponentID::MLS_OPERATIONAL_POLICY, decodes::<OperationalParameters>),
];

fn decodes<T: DecodeOwned>(data: &[u8]) -> bool {
    T::decode_exact(data).is_ok()
}

fn open<T: DecodeOwned>(dictionary: &AppDataDictionary, id: ComponentID) -> Option<T> {
    T::decode_exact(dictionary.data(id)?).ok()
}

fn dictionary(pieces: Vec<Piece>) -> AppDataDictionary {
    let mut data = BTreeMap::new();
    for piece in pieces {
        let (place, bytes) = match &piece {
            Piece::Base(policy) => (0, policy.to_bytes()),
            Piece::Roles(policy) => (1, policy.to_bytes()),
            Piece::Status(policy) => (2, policy.to_bytes()),
            Piece::LinkPolicy(policy) => (3, policy.to_bytes()),
            Piece::Links(policy) => (4, policy.to_bytes()),
            Piece::Preview(policy) => (5, policy.to_bytes()),
            Piece::Asset(policy) => (6, policy.to_bytes()),
            Piece::Logging(policy) => (7, policy.to_bytes()),
            Piece::History(policy) => (8, policy.to_bytes()),
            Piece::Bots(policy) => (9, policy.to_bytes()),
            Piece::Expiration(policy) => (10, policy.to_bytes()),
            Piece::Operation(policy) => (11, policy.to_bytes()),
            Piece::Octets(place, bytes) => (usize::from(*place) % COMPONENTS.len(), Ok(bytes.clone())),
        };
        data.insert(COMPONENTS[place].0, bytes.expect("encodes"));
    }
    let entries =
        data.into_iter().map(|(component_id, data)| ComponentData { component_id, data: data.into() });
    AppDataDictionary { component_data: List::new(entries.collect()).expect("ascends") }
}

/// What can't be opened is named, and nothing else is called so. A hub whose envelope is cut to the
/// room finds nothing outside, and one that is cut narrower finds that. Sound components can be
/// followed: who does what the answers for a sender say is accepted by those for a receiver.
pub fn policies(data: &[u8]) {
    let Ok(mut input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    let dictionary = dictionary(std::mem::take(&mut input.pieces));
    let hub = DnsName::parse("hub.example").expect("a name");
    let found = findings(&dictionary, Some(hub.as_ref()));
    assert_eq!(findings(&dictionary, Some(hub.as_ref())), found);
    let malformed: BTreeSet<ComponentID> = found
        .iter()
        .filter(|finding| matches!(finding, ComponentFinding::Malformed(..)))
        .map(ComponentFinding::component_id)
        .collect();
    let expected = COMPONENTS
        .iter()
        .filter(|(id, decodes)| dictionary.data(*id).is_some_and(|data| !decodes(data)))
        .map(|(id, _)| *id);
    assert_eq!(malformed, expected.collect());

    envelope(&dictionary, &input);
    let is_sound = |id| {
        !found
            .iter()
            .any(|finding| finding.component_id() == id && finding.severity() == ComponentSeverity::Invalid)
    };
    expiration(&dictionary, &input, is_sound(ComponentID::MESSAGE_EXPIRATION_POLICY));
    previews(&dictionary, &input, is_sound(ComponentID::LINK_PREVIEW_POLICY));
    notifications_and_logging(&dictionary, &input);
    history_and_bots(&dictionary, &input);
    assets(&dictionary, &input, &hub);
    links(&dictionary, &input);
    operation(&dictionary, &input, is_sound(ComponentID::MLS_OPERATIONAL_POLICY));
}

/// One narrowing of an envelope: to what the room has, or to less.
type Cut = (EnvelopeSetting, Box<dyn Fn(&mut Envelope, bool)>);

fn only<T: Ord + Copy>(value: T, fits: bool) -> Allowed<T> {
    Allowed::of(fits.then_some(value))
}

macro_rules! cuts {
    ($cuts:ident, $($setting:ident $field:ident = $value:expr),* $(,)?) => {
        $({
            let value = $value;
            $cuts.push((EnvelopeSetting::$setting, Box::new(move |envelope, fits| envelope.$field = only(value, fits))));
        })*
    };
}

/// A limit that what is stated keeps, or one below it; nothing is below 0.
macro_rules! limit {
    ($cuts:ident, $setting:ident $field:ident = $stated:expr) => {{
        let stated = $stated;
        if let Some(less) = stated.map_or(Some(7), |stated| stated.checked_sub(1)) {
            let cut =
                move |envelope: &mut Envelope, fits| envelope.$field = if fits { stated } else { Some(less) };
            $cuts.push((EnvelopeSetting::$setting, Box::new(cut)));
        }
    }};
}

fn envelope(dictionary: &AppDataDictionary, input: &Input<'_>) {
    let mut cuts: Vec<Cut> = Vec::new();
    if let Some(base) = open::<BaseRoomPolicy>(dictionary, ComponentID::BASE_ROOM_POLICY) {
        cuts!(cuts,
            FixedMembership fixed_membership = base.fixed_membership,
            ParentDependant parent_dependant = base.parent_dependant,
            MultiDevice multi_device = base.multi_device,
            PseudonymsAllowed pseudonyms_allowed = base.pseudonyms_allowed,
            PersistentRoom persistent_room = base.persistent_room,
            Discoverable discoverable = base.discoverable,
        );
        limit!(cuts, MaxUsers max_users = base.max_users);
        limit!(cuts, MaxClients max_clients = base.max_clients);
    }
    let roles = open::<RoleData>(dictionary, ComponentID::ROLES_LIST);
    if let Some(data) = &roles {
        limit!(cuts, MaxRoles max_roles = Some(data.roles.len()));
    }
    if let Some(policy) =
        open::<StatusNotificationPolicy>(dictionary, ComponentID::STATUS_NOTIFICATION_POLICY)
    {
        cuts!(cuts,
            DeliveryNotifications delivery_notifications = policy.delivery_notifications,
            ReadReceipts read_receipts = policy.read_receipts,
        );
    }
    if let Some(policy) = open::<JoinLinkPolicy>(dictionary, ComponentID::JOIN_LINK_POLICY) {
        limit!(cuts, MaxLinkExpiration max_link_expiration = Some(policy.expiration));
        cuts!(cuts, MultiuserLinks multiuser_links = policy.multiuser);
    }
    if let Some(policy) = open::<LinkPreviewPolicy>(dictionary, ComponentID::LINK_PREVIEW_POLICY) {
        cuts!(cuts,
            SendLinkPreviews send_link_previews = policy.send_link_previews,
            AutomaticLinkPreviews automatic_link_previews = policy.automatic_link_previews,
            LinkPreviewProxyUse link_preview_proxy_use = match policy.link_preview_proxy_use {
                LinkPreviewProxyUse::Optional { .. } => Optionality::Optional,
                LinkPreviewProxyUse::Required { .. } => Optionality::Required,
                LinkPreviewProxyUse::Forbidden {} => Optionality::Forbidden,
            },
        );
    }
    if let Some(policy) = open::<AssetPolicy>(dictionary, ComponentID::ASSET_POLICY) {
        cuts!(cuts, AssetUploadLocation asset_upload_location = policy.asset_upload_location);
        let ways = policy.download_privacy;
        let default = ways.default_download_type;
        let all: BTreeSet<DownloadPrivacyType> =
            ways.allowed_download_types.into_iter().chain([default]).collect();
        cuts.push((
            EnvelopeSetting::DownloadTypes,
            Box::new(move |envelope, fits| {
                let narrower = all.iter().copied().filter(|way| fits || *way != default);
                envelope.download_types = Allowed::of(narrower);
            }),
        ));
        let sizes = [policy.max_image, policy.max_audio, policy.max_video, policy.max_attachment];
        limit!(cuts, MaxAsset max_asset = sizes.into_iter().max());
    }
    if let Some(policy) = open::<LoggingPolicy>(dictionary, ComponentID::LOGGING_POLICY) {
        cuts!(cuts, Logging logging = match policy {
            LoggingPolicy::Optional { .. } => Optionality::Optional,
            LoggingPolicy::Required { .. } => Optionality::Required,
            LoggingPolicy::Forbidden {} => Optionality::Forbidden,
        });
    }
    if let Some(policy) = open::<HistoryPolicy>(dictionary, ComponentID::CHAT_HISTORY_POLICY) {
        let (sharing, period) = match policy {
            HistoryPolicy::Optional { max_time_period, .. } => (Optionality::Optional, max_time_period),
            HistoryPolicy::Required { max_time_period, .. } => (Optionality::Required, max_time_period),
            HistoryPolicy::Forbidden {} => (Optionality::Forbidden, 0),
        };
        cuts!(cuts, HistorySharing history_sharing = sharing);
        limit!(cuts, MaxHistory max_history = Some(period));
    }
    if let Some(policy) = open::<BotPolicy>(dictionary, ComponentID::BOT_POLICY) {
        limit!(cuts, MaxBots max_bots = Some(policy.allowed_bots.len()));
    }
    if let Some(policy) = open::<MessageExpiration>(dictionary, ComponentID::MESSAGE_EXPIRATION_POLICY) {
        let (expiring, max) = match policy {
            MessageExpiration::Optional { max_expiration_duration, .. } => {
                (Optionality::Optional, max_expiration_duration)
            }
            MessageExpiration::Required { max_expiration_duration, .. } => {
                (Optionality::Required, max_expiration_duration)
            }
            MessageExpiration::Forbidden {} => (Optionality::Forbidden, 0),
        };
        cuts!(cuts, ExpiringMessages expiring_messages = expiring);
        limit!(cuts, MaxExpiration max_expiration = Some(max));
    }
    if let Some(policy) = open::<OperationalParameters>(dictionary, ComponentID::MLS_OPERATIONAL_POLICY) {
        cuts!(cuts,
            ExternalCommitAllowed external_commit_allowed = policy.external_commit_allowed,
            ExternalProposalAllowed external_proposal_allowed = policy.external_proposal_allowed,
        );
        let suites: BTreeSet<CipherSuite> = policy.mandatory_capabilities.cipher_suites.into_iter().collect();
        if let Some(&first) = suites.first() {
            cuts.push((
                EnvelopeSetting::CipherSuites,
                Box::new(move |envelope, fits| {
                    let narrower = suites.iter().copied().filter(|suite| fits || *suite != first);
                    envelope.cipher_suites = Allowed::of(narrower);
                }),
            ));
        }
    }
    let present: BTreeSet<ComponentID> =
        dictionary.component_data.iter().map(|entry| entry.component_id).collect();
    let held: BTreeSet<CapabilityType> =
        roles.iter().flat_map(|data| &data.roles).flat_map(|role| &role.role_capabilities).copied().collect();
    let narrowed = cuts.len().checked_sub(1).map(|last| usize::from(input.choice) % (last + 1));
    for narrowed in [None, narrowed] {
        let mut envelope = Envelope {
            required_components: present.clone(),
            components: Allowed::of([]),
            capabilities: Allowed::of(held.clone()),
            ..Envelope::default()
        };
        for (place, (_, cut)) in cuts.iter().enumerate() {
            cut(&mut envelope, narrowed != Some(place));
        }
        let outside: Vec<OutsideEnvelope> = envelope
            .check(dictionary)
            .into_iter()
            .filter(|outside| !matches!(outside, OutsideEnvelope::Malformed(..)))
            .collect();
        let expected = narrowed.map(|place| OutsideEnvelope::Setting(cuts[place].0));
        assert_eq!(outside, Vec::from_iter(expected));
    }
    if let (Some(capability), Some(data)) = (held.first(), &roles) {
        let capabilities = Allowed::of(held.iter().skip(1).copied());
        let outside = Envelope { capabilities, ..Envelope::default() }.check(dictionary);
        let holders = data.roles.iter().filter(|role| role.role_capabilities.contains(capability));
        let expected = holders
            .map(|role| OutsideEnvelope::Capability { role_index: role.role_index, capability: *capability });
        assert!(
            expected.eq(outside
                .into_iter()
                .filter(|outside| matches!(outside, OutsideEnvelope::Capability { .. })))
        );
    }
}

/// A composer's first choice is acceptable, and so is what lies between two durations that are.
fn expiration(dictionary: &AppDataDictionary, input: &Input<'_>, is_sound: bool) {
    use message_expiration::{check_duration, initial_duration};
    let policy: Option<MessageExpiration> = open(dictionary, ComponentID::MESSAGE_EXPIRATION_POLICY);
    let policy = policy.as_ref();
    if is_sound {
        let after_ms = initial_duration(policy).map(|seconds| u64::from(seconds) * 1000);
        assert_eq!(check_duration(policy, after_ms), Ok(()), "{policy:?}");
    }
    let [a, b] = input.numbers;
    let check = |after_ms| check_duration(policy, Some(after_ms)).is_ok();
    assert!(!(check(a) && check(b)) || check(a.midpoint(b)));
}

/// Who sends a preview just where the plan says so isn't refused for it.
fn previews(dictionary: &AppDataDictionary, input: &Input<'_>, is_sound: bool) {
    use link_preview::{PreviewBy, PreviewPlan, PreviewSettings, check_message, plan_preview};
    let policy: Option<LinkPreviewPolicy> = open(dictionary, ComponentID::LINK_PREVIEW_POLICY);
    let own = PreviewSettings { make_previews: input.choice & 1 == 0, use_proxy: input.choice & 2 == 0 };
    let plan = plan_preview(policy.as_ref(), PreviewBy::Sender, own);
    let makes = matches!(plan, PreviewPlan::Direct(_) | PreviewPlan::Through(..));
    if is_sound {
        assert_eq!(check_message(policy.as_ref(), true, makes), Ok(()), "{policy:?}");
    }
    let proxy = policy.as_ref().map(|policy| &policy.link_preview_proxy_use);
    if let Some(LinkPreviewProxyUse::Required { .. }) = proxy {
        assert!(!matches!(plan, PreviewPlan::Direct(_)));
    }
}

/// Who sends what the room says isn't refused; the listed clients log, and no others.
fn notifications_and_logging(dictionary: &AppDataDictionary, input: &Input<'_>) {
    use status_notification::{StatusNotification, check_received, shall_send};
    let policy: Option<StatusNotificationPolicy> = open(dictionary, ComponentID::STATUS_NOTIFICATION_POLICY);
    for notification in [StatusNotification::Delivery, StatusNotification::Read] {
        let sends = shall_send(policy.as_ref(), notification, input.choice & 1 == 0).is_yes();
        assert!(!sends || check_received(policy.as_ref(), notification).is_ok());
    }
    let policy: Option<LoggingPolicy> = open(dictionary, ComponentID::LOGGING_POLICY);
    let check = |client: &[u8]| {
        ClientUri::try_from(client)
            .is_ok_and(|client| logging::check_logging_client(policy.as_ref(), &client).is_ok())
    };
    let listed = match &policy {
        Some(
            LoggingPolicy::Optional { logging_clients, .. } | LoggingPolicy::Required { logging_clients, .. },
        ) => logging_clients.as_slice(),
        _ => &[],
    };
    let counts = |client: &[u8]| ClientUri::check(client).is_ok();
    assert!(listed.iter().all(|client| check(client.as_bytes()) == counts(client.as_bytes())));
    let other = input.url.as_bytes();
    assert_eq!(check(other), counts(other) && listed.iter().any(|client| client.as_bytes() == other));
}

/// What may be shared could be shared earlier and by the user's own will; a bot that speaks is on
/// the list with its role.
fn history_and_bots(dictionary: &AppDataDictionary, input: &Input<'_>) {
    use history::Initiative;
    let [accepted_at, now] = input.numbers;
    let role = u32::from(input.choice);
    let policy: Option<HistoryPolicy> = open(dictionary, ComponentID::CHAT_HISTORY_POLICY);
    let check = |initiative, now| history::check_share(policy.as_ref(), role, initiative, accepted_at, now);
    if check(Initiative::Client, now).is_ok() {
        assert_eq!(check(Initiative::User, now), Ok(()));
        assert_eq!(check(Initiative::Client, now.midpoint(accepted_at.min(now))), Ok(()));
        assert!(role > 1);
    }
    let policy: Option<BotPolicy> = open(dictionary, ComponentID::BOT_POLICY);
    for bot in policy.iter().flat_map(|policy| &policy.allowed_bots) {
        use bot::BotMessage::{PerUser, Targeted, ToAll};
        for message in [ToAll, Targeted, PerUser] {
            if bot::check_message(bot, role, message).is_ok() {
                assert!(bot.bot_role_index == role && role != 0 && !bot.local_client_bot);
                assert_eq!(bot::check_message(bot, role, ToAll), Ok(()));
            }
        }
    }
}

/// An asset that is taken keeps each of the room's conditions, and a way to download is found
/// exactly where there is one.
fn assets(dictionary: &AppDataDictionary, input: &Input<'_>, hub: &DnsName) {
    use asset::{Asset, AssetKind, check_asset, check_download, choose_download};
    let Some(policy) = open::<AssetPolicy>(dictionary, ComponentID::ASSET_POLICY) else { return };
    let kind = AssetKind::of_media_type(input.content_type);
    let asset = Asset { kind, content_type: input.content_type, url: input.url, size: input.numbers[0] };
    if let Ok(allowed) = check_asset(Some(&policy), asset, hub.as_ref(), hub.as_ref()) {
        assert!(asset.size <= allowed.max_size());
        let unspecified = policy.asset_upload_location == AssetUploadLocation::UNSPECIFIED;
        assert_eq!(allowed.url().is_none(), unspecified);
        match MediaType::parse(input.content_type) {
            Ok(media_type) => {
                assert!(!policy.forbidden_media_types.iter().any(|entry| entry.covers(&media_type)));
                let permitted = policy.permitted_media_types.as_ref();
                assert!(
                    permitted.is_none_or(|entries| entries.iter().any(|entry| entry.covers(&media_type)))
                );
            }
            Err(_) => assert!(input.content_type.is_empty() && policy.permitted_media_types.is_none()),
        }
    }
    let ways = [DownloadPrivacyType::OHTTP, DownloadPrivacyType::HUB_PROXY, DownloadPrivacyType::DIRECT];
    match choose_download(Some(&policy), &ways) {
        Ok(way) => assert_eq!(check_download(&policy, way), Ok(())),
        Err(_) => assert!(ways.iter().all(|way| check_download(&policy, *way).is_err())),
    }
}

/// The links after an update are those that a naive removal leaves, and who joins has one of them.
fn links(dictionary: &AppDataDictionary, input: &Input<'_>) {
    let Some(policy) = open::<JoinLinkPolicy>(dictionary, ComponentID::JOIN_LINK_POLICY) else { return };
    let before = open::<JoinLinksData>(dictionary, ComponentID::JOIN_LINKS)
        .unwrap_or(JoinLinksData { join_links: vec![] });
    let update = JoinLinksUpdate {
        removed_indices: input.removed_indices.iter().map(|index| index % 5).collect(),
        added_links: input.added_links.clone(),
    };
    if let Ok(after) = join_link::updated(&policy, &before, &update) {
        let mut left: Vec<Option<JoinLink>> = before.join_links.into_iter().map(Some).collect();
        for index in &update.removed_indices {
            assert!(left[*index as usize].take().is_some());
        }
        let left: Vec<JoinLink> = left.into_iter().flatten().chain(update.added_links).collect();
        assert_eq!(after.join_links, left);
        assert!(!policy.on_request || left.len() <= 1);
        let [created_at_ms, now] = input.numbers;
        let record = join_link::LinkRecord { created_at_ms, uses: u32::from(input.choice) };
        for link in &left {
            let used = join_link::check_use(&policy, &after, &link.join_link, &record, now);
            let in_time = created_at_ms <= now && now - created_at_ms < u64::from(policy.expiration) * 1000;
            let expected = !link.join_link.is_empty() && in_time && (policy.multiuser || input.choice == 0);
            assert_eq!(used.is_ok(), expected);
        }
    }
}

/// What a sound room demands may be used in it; times come in their order.
fn operation(dictionary: &AppDataDictionary, input: &Input<'_>, is_sound: bool) {
    use operational::{ExtendedCapability, check_handshake_format, check_use, due};
    let policy: Option<OperationalParameters> = open(dictionary, ComponentID::MLS_OPERATIONAL_POLICY);
    let Some(policy) = &policy else { return };
    let demanded = &policy.mandatory_capabilities;
    let items = demanded.cipher_suites.iter().copied().map(ExtendedCapability::CipherSuite);
    let items = items.chain(demanded.component_ids.iter().copied().map(ExtendedCapability::Component));
    let items = items.chain(demanded.media_types.iter().cloned().map(ExtendedCapability::MediaType));
    if is_sound {
        for item in items {
            assert_eq!(check_use(Some(policy), &item), Ok(()), "{item}");
        }
        let [a, b] = input.numbers;
        for times in [&policy.leaf_node_update_time, &policy.sender_nonce_keypair_lifetime] {
            assert!(due(times, a.min(b)) <= due(times, a.max(b)));
        }
    }
    let (formats, forbidden) = (&policy.handshake_formats, &policy.forbidden_capabilities.wire_formats);
    for format in [WireFormat::MLS_PUBLIC_MESSAGE, WireFormat::MLS_SEMIPRIVATE_MESSAGE] {
        let listed = formats.is_empty() || formats.contains(&format);
        let allowed = check_handshake_format(Some(policy), format).is_ok();
        assert_eq!(allowed, listed && !forbidden.contains(&format));
    }
    assert!(check_handshake_format(Some(policy), WireFormat::MLS_PRIVATE_MESSAGE).is_err());
}
