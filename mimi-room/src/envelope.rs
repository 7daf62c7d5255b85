//! The envelope of policies that a hub allows in its rooms (mimi-room-policy-04 §1, mimi-arch
//! §4.4).
//!
//! The creator of a room chooses a policy inside the envelope, and every update stays in it. An
//! [`Envelope`] that states nothing allows everything; each field narrows it. [`Envelope::check`]
//! judges a whole dictionary, at creation and after an update alike, and names everything that lies
//! outside.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    CapabilityType, DecodeError, DecodeOwned,
    code_points::{CipherSuite, ComponentID},
    extensions::AppDataDictionary,
    room_policy::{
        AssetPolicy, AssetUploadLocation, BaseRoomPolicy, BotPolicy, DownloadPrivacyType, HistoryPolicy,
        JoinLinkPolicy, LinkPreviewPolicy, LinkPreviewProxyUse, LoggingPolicy, MessageExpiration,
        OperationalParameters, Optionality, RoleData, StatusNotificationPolicy,
    },
};

/// The values of a setting that a hub allows.
///
/// ```
/// use mimi_codec::room_policy::Optionality;
/// use mimi_room::envelope::Allowed;
///
/// let no_receipts_required = Allowed::of([Optionality::Optional, Optionality::Forbidden]);
/// assert!(!no_receipts_required.contains(Optionality::Required));
/// assert!(Allowed::Any.contains(Optionality::Required));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Allowed<T> {
    /// All of them.
    #[default]
    Any,
    /// These.
    Only(BTreeSet<T>),
}

impl<T: Ord + Copy> Allowed<T> {
    /// These values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = T>) -> Self {
        Self::Only(values.into_iter().collect())
    }

    /// Whether the value is allowed.
    #[must_use]
    pub fn contains(&self, value: T) -> bool {
        match self {
            Self::Any => true,
            Self::Only(values) => values.contains(&value),
        }
    }
}

/// What a hub allows in a room. [`Envelope::default`] allows everything.
///
/// ```
/// use mimi_codec::{
///     Encode, List,
///     code_points::ComponentID,
///     extensions::{AppDataDictionary, ComponentData},
///     room_policy::{Optionality, StatusNotificationPolicy},
/// };
/// use mimi_room::envelope::{Allowed, Envelope, EnvelopeSetting, OutsideEnvelope};
///
/// let envelope = Envelope {
///     read_receipts: Allowed::of([Optionality::Optional, Optionality::Forbidden]),
///     ..Envelope::default()
/// };
/// let policy = StatusNotificationPolicy {
///     delivery_notifications: Optionality::Required,
///     read_receipts: Optionality::Required,
/// };
/// let entry = ComponentData {
///     component_id: ComponentID::STATUS_NOTIFICATION_POLICY,
///     data: policy.to_bytes()?.into(),
/// };
/// let room = AppDataDictionary { component_data: List::new(vec![entry])? };
/// assert_eq!(envelope.check(&room), [OutsideEnvelope::Setting(EnvelopeSetting::ReadReceipts)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Envelope {
    /// Components that a room must have.
    pub required_components: BTreeSet<ComponentID>,
    /// The policy components that a room may have; those that are required may be there in any
    /// case.
    pub components: Allowed<ComponentID>,
    /// `fixed_membership`.
    pub fixed_membership: Allowed<bool>,
    /// `parent_dependant`.
    pub parent_dependant: Allowed<bool>,
    /// `multi_device`.
    pub multi_device: Allowed<bool>,
    /// `pseudonyms_allowed`.
    pub pseudonyms_allowed: Allowed<bool>,
    /// `persistent_room`.
    pub persistent_room: Allowed<bool>,
    /// `discoverable`.
    pub discoverable: Allowed<bool>,
    /// The greatest `max_users`; with one, a room has to state its own.
    pub max_users: Option<u32>,
    /// The greatest `max_clients`; with one, a room has to state its own.
    pub max_clients: Option<u32>,
    /// The greatest number of roles.
    pub max_roles: Option<usize>,
    /// Capabilities that a role may hold.
    pub capabilities: Allowed<CapabilityType>,
    /// `delivery_notifications`.
    pub delivery_notifications: Allowed<Optionality>,
    /// `read_receipts`.
    pub read_receipts: Allowed<Optionality>,
    /// The greatest `expiration` of join links, in seconds.
    pub max_link_expiration: Option<u32>,
    /// `multiuser` of join links.
    pub multiuser_links: Allowed<bool>,
    /// `send_link_previews`.
    pub send_link_previews: Allowed<Optionality>,
    /// `automatic_link_previews`.
    pub automatic_link_previews: Allowed<Optionality>,
    /// `link_preview_proxy_use`.
    pub link_preview_proxy_use: Allowed<Optionality>,
    /// `asset_upload_location`.
    pub asset_upload_location: Allowed<AssetUploadLocation>,
    /// Ways to download that a room may allow.
    pub download_types: Allowed<DownloadPrivacyType>,
    /// The greatest size of an asset of any kind, in bytes.
    pub max_asset: Option<u64>,
    /// `logging`.
    pub logging: Allowed<Optionality>,
    /// `history_sharing`.
    pub history_sharing: Allowed<Optionality>,
    /// The greatest `max_time_period` of history, in seconds.
    pub max_history: Option<u32>,
    /// The greatest number of bots.
    pub max_bots: Option<usize>,
    /// `expiring_messages`.
    pub expiring_messages: Allowed<Optionality>,
    /// The greatest `max_expiration_duration`, in seconds; a room in which messages may go without
    /// expiring is outside of it only if [`Self::expiring_messages`] says so.
    pub max_expiration: Option<u32>,
    /// Cipher suites that a room may demand of its clients.
    pub cipher_suites: Allowed<CipherSuite>,
    /// `external_commit_allowed`.
    pub external_commit_allowed: Allowed<bool>,
    /// `external_proposal_allowed`.
    pub external_proposal_allowed: Allowed<bool>,
}

/// A setting of a room, named as the field of [`Envelope`] that narrows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EnvelopeSetting {
    /// `fixed_membership`.
    FixedMembership,
    /// `parent_dependant`.
    ParentDependant,
    /// `multi_device`.
    MultiDevice,
    /// `pseudonyms_allowed`.
    PseudonymsAllowed,
    /// `persistent_room`.
    PersistentRoom,
    /// `discoverable`.
    Discoverable,
    /// `max_users`.
    MaxUsers,
    /// `max_clients`.
    MaxClients,
    /// The number of roles.
    MaxRoles,
    /// `delivery_notifications`.
    DeliveryNotifications,
    /// `read_receipts`.
    ReadReceipts,
    /// `expiration` of join links.
    MaxLinkExpiration,
    /// `multiuser` of join links.
    MultiuserLinks,
    /// `send_link_previews`.
    SendLinkPreviews,
    /// `automatic_link_previews`.
    AutomaticLinkPreviews,
    /// `link_preview_proxy_use`.
    LinkPreviewProxyUse,
    /// `asset_upload_location`.
    AssetUploadLocation,
    /// `allowed_download_types` or `default_download_type`.
    DownloadTypes,
    /// `max_image`, `max_audio`, `max_video` or `max_attachment`.
    MaxAsset,
    /// `logging`.
    Logging,
    /// `history_sharing`.
    HistorySharing,
    /// `max_time_period` of history.
    MaxHistory,
    /// The number of bots.
    MaxBots,
    /// `expiring_messages`.
    ExpiringMessages,
    /// `max_expiration_duration`.
    MaxExpiration,
    /// The mandatory cipher suites.
    CipherSuites,
    /// `external_commit_allowed`.
    ExternalCommitAllowed,
    /// `external_proposal_allowed`.
    ExternalProposalAllowed,
}

/// What of a room lies outside of the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutsideEnvelope {
    /// A component that has to be there isn't.
    MissingComponent(ComponentID),
    /// A policy component that may not be there is.
    Component(ComponentID),
    /// A component can't be read.
    Malformed(ComponentID, DecodeError),
    /// A role holds a capability that none may.
    Capability {
        /// The role.
        role_index: u32,
        /// The capability.
        capability: CapabilityType,
    },
    /// A setting has another value than those allowed.
    Setting(EnvelopeSetting),
}

impl fmt::Display for OutsideEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingComponent(id) => write!(f, "the hub demands the component {id}"),
            Self::Component(id) => write!(f, "the hub doesn't allow the component {id}"),
            Self::Malformed(id, error) => write!(f, "{id}: {error}"),
            Self::Capability { role_index, capability } => {
                write!(f, "the hub doesn't allow {capability}, which role {role_index} holds")
            }
            Self::Setting(setting) => write!(f, "the hub doesn't allow this value of {setting:?}"),
        }
    }
}

impl core::error::Error for OutsideEnvelope {}

/// The policy components of a room; others are no matter of the envelope.
const POLICY_COMPONENTS: [ComponentID; 13] = [
    ComponentID::MLS_OPERATIONAL_POLICY,
    ComponentID::ROLES_LIST,
    ComponentID::PREAUTH_LIST,
    ComponentID::BASE_ROOM_POLICY,
    ComponentID::STATUS_NOTIFICATION_POLICY,
    ComponentID::JOIN_LINK_POLICY,
    ComponentID::JOIN_LINKS,
    ComponentID::LINK_PREVIEW_POLICY,
    ComponentID::ASSET_POLICY,
    ComponentID::LOGGING_POLICY,
    ComponentID::CHAT_HISTORY_POLICY,
    ComponentID::BOT_POLICY,
    ComponentID::MESSAGE_EXPIRATION_POLICY,
];

/// What was found outside, as it grows.
struct Findings(Vec<OutsideEnvelope>);

impl Findings {
    fn setting(&mut self, setting: EnvelopeSetting, is_inside: bool) {
        if !is_inside {
            self.0.push(OutsideEnvelope::Setting(setting));
        }
    }

    fn open<T: DecodeOwned>(&mut self, dictionary: &AppDataDictionary, id: ComponentID) -> Option<T> {
        match T::decode_exact(dictionary.data(id)?) {
            Ok(content) => Some(content),
            Err(error) => {
                self.0.push(OutsideEnvelope::Malformed(id, error));
                None
            }
        }
    }
}

/// Whether a limit that a room states is no greater than the hub's, if the hub has one; a room
/// without one is unlimited.
fn is_within<T: PartialOrd>(stated: Option<T>, hub: Option<T>) -> bool {
    match (stated, hub) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(stated), Some(hub)) => stated <= hub,
    }
}

impl Envelope {
    /// All that lies outside, of a room with this dictionary: the one it is created with, or the
    /// one that an update would leave. Nothing is a policy inside of the envelope. A component that
    /// is absent states nothing; one that has to be there is [required](Self::required_components).
    #[must_use]
    pub fn check(&self, dictionary: &AppDataDictionary) -> Vec<OutsideEnvelope> {
        let mut found = Findings(Vec::new());
        for &id in &self.required_components {
            if dictionary.data(id).is_none() {
                found.0.push(OutsideEnvelope::MissingComponent(id));
            }
        }
        for entry in dictionary.component_data.iter() {
            let id = entry.component_id;
            let allowed = self.components.contains(id) || self.required_components.contains(&id);
            if POLICY_COMPONENTS.contains(&id) && !allowed {
                found.0.push(OutsideEnvelope::Component(id));
            }
        }
        self.check_base(dictionary, &mut found);
        self.check_roles(dictionary, &mut found);
        self.check_notifications_and_links(dictionary, &mut found);
        self.check_assets(dictionary, &mut found);
        self.check_logging_history_and_bots(dictionary, &mut found);
        self.check_expiration(dictionary, &mut found);
        self.check_operation(dictionary, &mut found);
        found.0
    }

    fn check_base(&self, dictionary: &AppDataDictionary, found: &mut Findings) {
        let Some(base) = found.open::<BaseRoomPolicy>(dictionary, ComponentID::BASE_ROOM_POLICY) else {
            return;
        };
        found
            .setting(EnvelopeSetting::FixedMembership, self.fixed_membership.contains(base.fixed_membership));
        found
            .setting(EnvelopeSetting::ParentDependant, self.parent_dependant.contains(base.parent_dependant));
        found.setting(EnvelopeSetting::MultiDevice, self.multi_device.contains(base.multi_device));
        found.setting(
            EnvelopeSetting::PseudonymsAllowed,
            self.pseudonyms_allowed.contains(base.pseudonyms_allowed),
        );
        found.setting(EnvelopeSetting::PersistentRoom, self.persistent_room.contains(base.persistent_room));
        found.setting(EnvelopeSetting::Discoverable, self.discoverable.contains(base.discoverable));
        found.setting(EnvelopeSetting::MaxUsers, is_within(base.max_users, self.max_users));
        found.setting(EnvelopeSetting::MaxClients, is_within(base.max_clients, self.max_clients));
    }

    fn check_roles(&self, dictionary: &AppDataDictionary, found: &mut Findings) {
        let Some(data) = found.open::<RoleData>(dictionary, ComponentID::ROLES_LIST) else { return };
        found.setting(EnvelopeSetting::MaxRoles, is_within(Some(data.roles.len()), self.max_roles));
        for role in &data.roles {
            let held: BTreeSet<CapabilityType> = role.role_capabilities.iter().copied().collect();
            for capability in held.into_iter().filter(|capability| !self.capabilities.contains(*capability)) {
                found.0.push(OutsideEnvelope::Capability { role_index: role.role_index, capability });
            }
        }
    }

    fn check_notifications_and_links(&self, dictionary: &AppDataDictionary, found: &mut Findings) {
        let id = ComponentID::STATUS_NOTIFICATION_POLICY;
        if let Some(policy) = found.open::<StatusNotificationPolicy>(dictionary, id) {
            let delivery = self.delivery_notifications.contains(policy.delivery_notifications);
            found.setting(EnvelopeSetting::DeliveryNotifications, delivery);
            found.setting(EnvelopeSetting::ReadReceipts, self.read_receipts.contains(policy.read_receipts));
        }
        if let Some(policy) = found.open::<JoinLinkPolicy>(dictionary, ComponentID::JOIN_LINK_POLICY) {
            let expiration = is_within(Some(policy.expiration), self.max_link_expiration);
            found.setting(EnvelopeSetting::MaxLinkExpiration, expiration);
            found.setting(EnvelopeSetting::MultiuserLinks, self.multiuser_links.contains(policy.multiuser));
        }
        if let Some(policy) = found.open::<LinkPreviewPolicy>(dictionary, ComponentID::LINK_PREVIEW_POLICY) {
            let send = self.send_link_previews.contains(policy.send_link_previews);
            found.setting(EnvelopeSetting::SendLinkPreviews, send);
            let automatic = self.automatic_link_previews.contains(policy.automatic_link_previews);
            found.setting(EnvelopeSetting::AutomaticLinkPreviews, automatic);
            let proxy_use = match policy.link_preview_proxy_use {
                LinkPreviewProxyUse::Optional { .. } => Optionality::Optional,
                LinkPreviewProxyUse::Required { .. } => Optionality::Required,
                LinkPreviewProxyUse::Forbidden {} => Optionality::Forbidden,
            };
            found.setting(
                EnvelopeSetting::LinkPreviewProxyUse,
                self.link_preview_proxy_use.contains(proxy_use),
            );
        }
    }

    fn check_assets(&self, dictionary: &AppDataDictionary, found: &mut Findings) {
        let Some(policy) = found.open::<AssetPolicy>(dictionary, ComponentID::ASSET_POLICY) else { return };
        let location = self.asset_upload_location.contains(policy.asset_upload_location);
        found.setting(EnvelopeSetting::AssetUploadLocation, location);
        let ways = &policy.download_privacy;
        let mut ways = ways.allowed_download_types.iter().chain([&ways.default_download_type]);
        found.setting(EnvelopeSetting::DownloadTypes, ways.all(|way| self.download_types.contains(*way)));
        let sizes = [policy.max_image, policy.max_audio, policy.max_video, policy.max_attachment];
        let sizes = sizes.into_iter().all(|size| is_within(Some(size), self.max_asset));
        found.setting(EnvelopeSetting::MaxAsset, sizes);
    }

    fn check_logging_history_and_bots(&self, dictionary: &AppDataDictionary, found: &mut Findings) {
        if let Some(policy) = found.open::<LoggingPolicy>(dictionary, ComponentID::LOGGING_POLICY) {
            let logging = match policy {
                LoggingPolicy::Optional { .. } => Optionality::Optional,
                LoggingPolicy::Required { .. } => Optionality::Required,
                LoggingPolicy::Forbidden {} => Optionality::Forbidden,
            };
            found.setting(EnvelopeSetting::Logging, self.logging.contains(logging));
        }
        if let Some(policy) = found.open::<HistoryPolicy>(dictionary, ComponentID::CHAT_HISTORY_POLICY) {
            let (sharing, period) = match policy {
                HistoryPolicy::Optional { max_time_period, .. } => (Optionality::Optional, max_time_period),
                HistoryPolicy::Required { max_time_period, .. } => (Optionality::Required, max_time_period),
                HistoryPolicy::Forbidden {} => (Optionality::Forbidden, 0),
            };
            found.setting(EnvelopeSetting::HistorySharing, self.history_sharing.contains(sharing));
            found.setting(EnvelopeSetting::MaxHistory, is_within(Some(period), self.max_history));
        }
        if let Some(policy) = found.open::<BotPolicy>(dictionary, ComponentID::BOT_POLICY) {
            found
                .setting(EnvelopeSetting::MaxBots, is_within(Some(policy.allowed_bots.len()), self.max_bots));
        }
    }

    fn check_expiration(&self, dictionary: &AppDataDictionary, found: &mut Findings) {
        let id = ComponentID::MESSAGE_EXPIRATION_POLICY;
        let Some(policy) = found.open::<MessageExpiration>(dictionary, id) else { return };
        let (expiring, max) = match policy {
            MessageExpiration::Optional { max_expiration_duration, .. } => {
                (Optionality::Optional, max_expiration_duration)
            }
            MessageExpiration::Required { max_expiration_duration, .. } => {
                (Optionality::Required, max_expiration_duration)
            }
            MessageExpiration::Forbidden {} => (Optionality::Forbidden, 0),
        };
        found.setting(EnvelopeSetting::ExpiringMessages, self.expiring_messages.contains(expiring));
        found.setting(EnvelopeSetting::MaxExpiration, is_within(Some(max), self.max_expiration));
    }

    fn check_operation(&self, dictionary: &AppDataDictionary, found: &mut Findings) {
        let id = ComponentID::MLS_OPERATIONAL_POLICY;
        let Some(policy) = found.open::<OperationalParameters>(dictionary, id) else { return };
        let mut suites = policy.mandatory_capabilities.cipher_suites.iter();
        found.setting(EnvelopeSetting::CipherSuites, suites.all(|suite| self.cipher_suites.contains(*suite)));
        let commits = self.external_commit_allowed.contains(policy.external_commit_allowed);
        found.setting(EnvelopeSetting::ExternalCommitAllowed, commits);
        let proposals = self.external_proposal_allowed.contains(policy.external_proposal_allowed);
        found.setting(EnvelopeSetting::ExternalProposalAllowed, proposals);
    }
}

#[cfg(test)]
mod tests;
