//! The component policies of a room (mimi-room-policy-04 §5 to §7): whether a component is sound in
//! itself, and the answer to the question that a client or a hub asks of it.
//!
//! One module for each component. Each has a `findings` function, which says what is wrong with the
//! component itself, and functions that answer: may this external part be sent, may I send a read
//! receipt, is this expiration acceptable, must I refuse this cipher suite. Answers come with their
//! reason, refusals name the value that is refused.
//!
//! A component that a room doesn't have says nothing, and leaves its matter to each user. History
//! is the exception: where no component lists a role that may share it, no user may.

pub mod asset;
pub mod base;
pub mod bot;
pub mod history;
pub mod join_link;
pub mod link_preview;
pub mod logging;
pub mod message_expiration;
pub mod operational;
pub mod status_notification;

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    DecodeError, DecodeOwned, DnsNameRef,
    code_points::ComponentID,
    extensions::AppDataDictionary,
    room_policy::{
        AssetPolicy, BaseRoomPolicy, BotPolicy, HistoryPolicy, JoinLinkPolicy, JoinLinksData,
        LinkPreviewPolicy, LoggingPolicy, MessageExpiration, OperationalParameters, Optionality, Role,
        RoleData, StatusNotificationPolicy,
    },
};

/// Yes or no, and who says so.
///
/// ```
/// use mimi_codec::room_policy::Optionality;
/// use mimi_policy::component::{ComponentAnswer, Because};
///
/// assert_eq!(ComponentAnswer::of(Optionality::Optional, true), ComponentAnswer::Yes(Because::OwnChoice));
/// assert_eq!(ComponentAnswer::of(Optionality::Forbidden, true), ComponentAnswer::No(Because::Room));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComponentAnswer {
    /// It is to be done.
    Yes(Because),
    /// It is not to be done.
    No(Because),
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Because {
    /// The room's policy requires or forbids it.
    Room,
    /// The room leaves it to each user, and this is the user's choice.
    OwnChoice,
}

impl ComponentAnswer {
    /// The room's word where it has one, else the user's own choice.
    #[must_use]
    pub const fn of(room: Optionality, own_choice: bool) -> Self {
        match (room, own_choice) {
            (Optionality::Required, _) => Self::Yes(Because::Room),
            (Optionality::Forbidden, _) => Self::No(Because::Room),
            (Optionality::Optional, true) => Self::Yes(Because::OwnChoice),
            (Optionality::Optional, false) => Self::No(Because::OwnChoice),
        }
    }

    /// Whether it is to be done.
    #[must_use]
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

/// How many media types a list of a component may hold. Longer ones are invalid: to compare two
/// lists takes the product of their lengths.
pub const MAX_MEDIA_TYPES: usize = 1024;

/// How many parameters all media types of such a list may have together.
pub const MAX_PARAMETERS: usize = 4096;

/// How many parameters the media types of a list have together.
fn parameters_of(list: &[mimi_codec::MediaType]) -> usize {
    list.iter().map(|it| it.parameters().len()).fold(0, usize::saturating_add)
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComponentSeverity {
    /// Allowed, and hardly what was meant.
    Advice,
    /// The draft rules it out, or no member could follow it: a hub refuses the component.
    Invalid,
}

/// What is wrong with one of a room's component policies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentFinding {
    /// The data of a component isn't what it has to be.
    Malformed(ComponentID, DecodeError),
    /// Of `base_room_policy`.
    Base(base::BaseFinding),
    /// Of `status_notification_policy`.
    StatusNotification(status_notification::StatusNotificationFinding),
    /// Of `join_link_policy` and `join_links`.
    JoinLink(join_link::JoinLinkFinding),
    /// Of `link_preview_policy`.
    LinkPreview(link_preview::LinkPreviewFinding),
    /// Of `asset_policy`.
    Asset(asset::AssetFinding),
    /// Of `logging_policy`.
    Logging(logging::LoggingFinding),
    /// Of `chat_history_policy`.
    History(history::HistoryFinding),
    /// Of `bot_policy`.
    Bot(bot::BotFinding),
    /// Of `message_expiration_policy`.
    MessageExpiration(message_expiration::MessageExpirationFinding),
    /// Of `mls_operational_policy`.
    Operational(operational::OperationalFinding),
}

impl ComponentFinding {
    /// How much it weighs.
    #[must_use]
    pub fn severity(&self) -> ComponentSeverity {
        match self {
            Self::Malformed(..) => ComponentSeverity::Invalid,
            Self::Base(finding) => finding.severity(),
            Self::StatusNotification(finding) => finding.severity(),
            Self::JoinLink(finding) => finding.severity(),
            Self::LinkPreview(finding) => finding.severity(),
            Self::Asset(finding) => finding.severity(),
            Self::Logging(finding) => finding.severity(),
            Self::History(finding) => finding.severity(),
            Self::Bot(finding) => finding.severity(),
            Self::MessageExpiration(finding) => finding.severity(),
            Self::Operational(finding) => finding.severity(),
        }
    }

    /// The component that it is about.
    #[must_use]
    pub const fn component_id(&self) -> ComponentID {
        match self {
            Self::Malformed(component_id, _) => *component_id,
            Self::Base(_) => ComponentID::BASE_ROOM_POLICY,
            Self::StatusNotification(_) => ComponentID::STATUS_NOTIFICATION_POLICY,
            Self::JoinLink(_) => ComponentID::JOIN_LINK_POLICY,
            Self::LinkPreview(_) => ComponentID::LINK_PREVIEW_POLICY,
            Self::Asset(_) => ComponentID::ASSET_POLICY,
            Self::Logging(_) => ComponentID::LOGGING_POLICY,
            Self::History(_) => ComponentID::CHAT_HISTORY_POLICY,
            Self::Bot(_) => ComponentID::BOT_POLICY,
            Self::MessageExpiration(_) => ComponentID::MESSAGE_EXPIRATION_POLICY,
            Self::Operational(_) => ComponentID::MLS_OPERATIONAL_POLICY,
        }
    }
}

impl fmt::Display for ComponentFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(component_id, error) => write!(f, "{component_id}: {error}"),
            Self::Base(finding) => write!(f, "base_room_policy: {finding}"),
            Self::StatusNotification(finding) => write!(f, "status_notification_policy: {finding}"),
            Self::JoinLink(finding) => write!(f, "join_link_policy: {finding}"),
            Self::LinkPreview(finding) => write!(f, "link_preview_policy: {finding}"),
            Self::Asset(finding) => write!(f, "asset_policy: {finding}"),
            Self::Logging(finding) => write!(f, "logging_policy: {finding}"),
            Self::History(finding) => write!(f, "chat_history_policy: {finding}"),
            Self::Bot(finding) => write!(f, "bot_policy: {finding}"),
            Self::MessageExpiration(finding) => write!(f, "message_expiration_policy: {finding}"),
            Self::Operational(finding) => write!(f, "mls_operational_policy: {finding}"),
        }
    }
}

/// The data of a component, opened; what can't be opened becomes a finding.
fn open<T: DecodeOwned>(
    dictionary: &AppDataDictionary,
    component_id: ComponentID,
    findings: &mut Vec<ComponentFinding>,
) -> Option<T> {
    match T::decode_exact(dictionary.data(component_id)?) {
        Ok(content) => Some(content),
        Err(error) => {
            findings.push(ComponentFinding::Malformed(component_id, error));
            None
        }
    }
}

/// Everything that is wrong with the component policies in a room's dictionary, in the order of the
/// draft's sections. What is wrong with roles, preauthorization and participants is not looked at.
///
/// ```
/// use mimi_codec::{
///     Encode, List,
///     code_points::ComponentID,
///     extensions::{AppDataDictionary, ComponentData},
///     room_policy::MessageExpiration,
/// };
/// use mimi_policy::component::{
///     ComponentFinding, ComponentSeverity, findings, message_expiration::MessageExpirationFinding,
/// };
///
/// let expiration = MessageExpiration::Required {
///     min_expiration_duration: 60,
///     max_expiration_duration: 10,
///     default_expiration_duration: None,
/// };
/// let entry = ComponentData {
///     component_id: ComponentID::MESSAGE_EXPIRATION_POLICY,
///     data: expiration.to_bytes()?.into(),
/// };
/// let dictionary = AppDataDictionary { component_data: List::new(vec![entry])? };
///
/// let found = findings(&dictionary, None);
/// let expected = MessageExpirationFinding::MinAboveMax { min: 60, max: 10 };
/// assert_eq!(found, [ComponentFinding::MessageExpiration(expected)]);
/// assert_eq!(found[0].severity(), ComponentSeverity::Invalid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn findings(dictionary: &AppDataDictionary, hub: Option<DnsNameRef<'_>>) -> Vec<ComponentFinding> {
    let mut found = Vec::new();
    let roles = open::<RoleData>(dictionary, ComponentID::ROLES_LIST, &mut found);
    let roles: &[Role] = roles.as_ref().map_or(&[], |data| &data.roles);
    if let Some(policy) = open::<BaseRoomPolicy>(dictionary, ComponentID::BASE_ROOM_POLICY, &mut found) {
        let present = dictionary.component_data.iter().map(|entry| entry.component_id);
        found.extend(base::findings(&policy, hub, present).into_iter().map(ComponentFinding::Base));
    }
    let id = ComponentID::STATUS_NOTIFICATION_POLICY;
    if let Some(policy) = open::<StatusNotificationPolicy>(dictionary, id, &mut found) {
        found.extend(
            status_notification::findings(&policy).into_iter().map(ComponentFinding::StatusNotification),
        );
    }
    let links = open::<JoinLinksData>(dictionary, ComponentID::JOIN_LINKS, &mut found);
    if let Some(policy) = open::<JoinLinkPolicy>(dictionary, ComponentID::JOIN_LINK_POLICY, &mut found) {
        found
            .extend(join_link::findings(&policy, links.as_ref()).into_iter().map(ComponentFinding::JoinLink));
    } else if links.is_some_and(|links| !links.join_links.is_empty()) {
        found.push(ComponentFinding::JoinLink(join_link::JoinLinkFinding::NoPolicy));
    }
    if let Some(policy) = open::<LinkPreviewPolicy>(dictionary, ComponentID::LINK_PREVIEW_POLICY, &mut found)
    {
        found.extend(link_preview::findings(&policy).into_iter().map(ComponentFinding::LinkPreview));
    }
    if let Some(policy) = open::<AssetPolicy>(dictionary, ComponentID::ASSET_POLICY, &mut found) {
        found.extend(asset::findings(&policy, hub).into_iter().map(ComponentFinding::Asset));
    }
    if let Some(policy) = open::<LoggingPolicy>(dictionary, ComponentID::LOGGING_POLICY, &mut found) {
        found.extend(logging::findings(&policy).into_iter().map(ComponentFinding::Logging));
    }
    if let Some(policy) = open::<HistoryPolicy>(dictionary, ComponentID::CHAT_HISTORY_POLICY, &mut found) {
        found.extend(history::findings(&policy, roles).into_iter().map(ComponentFinding::History));
    }
    if let Some(policy) = open::<BotPolicy>(dictionary, ComponentID::BOT_POLICY, &mut found) {
        found.extend(bot::findings(&policy, roles).into_iter().map(ComponentFinding::Bot));
    }
    let id = ComponentID::MESSAGE_EXPIRATION_POLICY;
    if let Some(policy) = open::<MessageExpiration>(dictionary, id, &mut found) {
        found.extend(
            message_expiration::findings(&policy).into_iter().map(ComponentFinding::MessageExpiration),
        );
    }
    let id = ComponentID::MLS_OPERATIONAL_POLICY;
    if let Some(policy) = open::<OperationalParameters>(dictionary, id, &mut found) {
        found.extend(operational::findings(&policy).into_iter().map(ComponentFinding::Operational));
    }
    found
}
