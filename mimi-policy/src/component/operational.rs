//! How clients run the group (mimi-room-policy-04 §7): component 0x0024.
//!
//! A room needn't take a position on everything: an empty list of handshake formats and a greatest
//! lifetime of 0 state nothing.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    MediaType,
    code_points::{
        CipherSuite, ComponentID, CredentialType, ExtensionType, ProposalType, ProtocolVersion, WireFormat,
    },
    mls::{Capabilities, ContentType, Lifetime},
    room_policy::{ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy},
};

use super::{ComponentSeverity, MAX_MEDIA_TYPES, MAX_PARAMETERS, parameters_of};

/// One thing that clients can do, from the lists of [`ExtendedCapabilities`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtendedCapability {
    /// A version of MLS.
    Version(ProtocolVersion),
    /// A cipher suite.
    CipherSuite(CipherSuite),
    /// An extension.
    Extension(ExtensionType),
    /// A proposal.
    Proposal(ProposalType),
    /// A credential.
    Credential(CredentialType),
    /// A wire format.
    WireFormat(WireFormat),
    /// A component.
    Component(ComponentID),
    /// A component with SafeAAD items.
    SafeAad(ComponentID),
    /// A media type.
    MediaType(MediaType),
    /// A content type of MLS.
    ContentType(ContentType),
}

impl fmt::Display for ExtendedCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "version {version}"),
            Self::CipherSuite(suite) => write!(f, "cipher suite {suite}"),
            Self::Extension(extension) => write!(f, "extension {extension}"),
            Self::Proposal(proposal) => write!(f, "proposal {proposal}"),
            Self::Credential(credential) => write!(f, "credential {credential}"),
            Self::WireFormat(format) => write!(f, "wire format {format}"),
            Self::Component(component) => write!(f, "component {component}"),
            Self::SafeAad(component) => write!(f, "SafeAAD of component {component}"),
            Self::MediaType(media_type) => write!(f, "media type {media_type}"),
            Self::ContentType(content_type) => write!(f, "content type {content_type}"),
        }
    }
}

/// Whether the lists name the item; a media type is named by an entry that covers it.
fn names(lists: &ExtendedCapabilities, item: &ExtendedCapability) -> bool {
    match item {
        ExtendedCapability::Version(version) => lists.versions.contains(version),
        ExtendedCapability::CipherSuite(suite) => lists.cipher_suites.contains(suite),
        ExtendedCapability::Extension(extension) => lists.extensions.contains(extension),
        ExtendedCapability::Proposal(proposal) => lists.proposals.contains(proposal),
        ExtendedCapability::Credential(credential) => lists.credentials.contains(credential),
        ExtendedCapability::WireFormat(format) => lists.wire_formats.contains(format),
        ExtendedCapability::Component(component) => lists.component_ids.contains(component),
        ExtendedCapability::SafeAad(component) => lists.safe_aad_types.contains(component),
        ExtendedCapability::MediaType(media_type) => {
            let sorted = media_type.sorted();
            lists.media_types.iter().any(|entry| sorted.is_covered_by(entry))
        }
        ExtendedCapability::ContentType(content_type) => lists.content_types.contains(content_type),
    }
}

/// The items of `one` that are in `other` too, each once, in the order of the draft's fields.
fn shared(one: &ExtendedCapabilities, other: &ExtendedCapabilities) -> Vec<ExtendedCapability> {
    fn both<T: Copy + Ord>(
        one: &[T],
        other: &[T],
        item: fn(T) -> ExtendedCapability,
    ) -> impl Iterator<Item = ExtendedCapability> {
        let other: BTreeSet<T> = other.iter().copied().collect();
        let both: BTreeSet<T> = one.iter().copied().filter(|value| other.contains(value)).collect();
        both.into_iter().map(item)
    }
    let mut items = Vec::new();
    items.extend(both(&one.versions, &other.versions, ExtendedCapability::Version));
    items.extend(both(&one.cipher_suites, &other.cipher_suites, ExtendedCapability::CipherSuite));
    items.extend(both(&one.extensions, &other.extensions, ExtendedCapability::Extension));
    items.extend(both(&one.proposals, &other.proposals, ExtendedCapability::Proposal));
    items.extend(both(&one.credentials, &other.credentials, ExtendedCapability::Credential));
    items.extend(both(&one.wire_formats, &other.wire_formats, ExtendedCapability::WireFormat));
    items.extend(both(&one.component_ids, &other.component_ids, ExtendedCapability::Component));
    items.extend(both(&one.safe_aad_types, &other.safe_aad_types, ExtendedCapability::SafeAad));
    let within_limits =
        |list: &[MediaType]| list.len() <= MAX_MEDIA_TYPES && parameters_of(list) <= MAX_PARAMETERS;
    if within_limits(&one.media_types) && within_limits(&other.media_types) {
        let covered = |media_type: &&MediaType| {
            let sorted = media_type.sorted();
            other.media_types.iter().any(|entry| sorted.is_covered_by(entry))
        };
        for media_type in one.media_types.iter().filter(covered) {
            let item = ExtendedCapability::MediaType(media_type.clone());
            if !items.contains(&item) {
                items.push(item);
            }
        }
    }
    items.extend(both(&one.content_types, &other.content_types, ExtendedCapability::ContentType));
    items
}

/// A field with a least, a default and a greatest time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeField {
    /// `LeafNode_update_time`.
    LeafNodeUpdateTime,
    /// `sender_nonce_keypair_lifetime`.
    SenderNonceKeypairLifetime,
    /// `buffer_incoming_message_time`.
    BufferIncomingMessageTime,
}

impl fmt::Display for TimeField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeafNodeUpdateTime => "LeafNode_update_time",
            Self::SenderNonceKeypairLifetime => "sender_nonce_keypair_lifetime",
            Self::BufferIncomingMessageTime => "buffer_incoming_message_time",
        })
    }
}

/// What is wrong with [`OperationalParameters`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationalFinding {
    /// Both mandatory and forbidden: no client could be there.
    MandatoryAndForbidden(ExtendedCapability),
    /// Both a default and forbidden.
    DefaultAndForbidden(ExtendedCapability),
    /// A list of media types is longer than [`MAX_MEDIA_TYPES`].
    TooManyMediaTypes {
        /// How many it holds.
        media_types: usize,
    },
    /// The media types of a list have more than [`MAX_PARAMETERS`] parameters together.
    TooManyParameters {
        /// How many they have.
        parameters: usize,
    },
    /// The default time is below the least or above the greatest, or these are out of order.
    TimesOutOfOrder(TimeField),
    /// The least delay before a commit is above the greatest.
    DelaysOutOfOrder {
        /// The least, in milliseconds.
        minimum_delay_ms: u64,
        /// The greatest, in milliseconds.
        maximum_delay_ms: u64,
    },
    /// A handshake may be a PrivateMessage: hub and joiners could not follow it.
    PrivateHandshake,
    /// A format that no handshake has.
    NotAHandshakeFormat(WireFormat),
    /// A format of handshakes is forbidden.
    HandshakeFormatForbidden(WireFormat),
}

impl OperationalFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::MandatoryAndForbidden(_)
            | Self::TooManyMediaTypes { .. }
            | Self::TooManyParameters { .. }
            | Self::TimesOutOfOrder(_)
            | Self::DelaysOutOfOrder { .. }
            | Self::PrivateHandshake => ComponentSeverity::Invalid,
            Self::DefaultAndForbidden(_)
            | Self::NotAHandshakeFormat(_)
            | Self::HandshakeFormatForbidden(_) => ComponentSeverity::Advice,
        }
    }
}

impl fmt::Display for OperationalFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MandatoryAndForbidden(item) => write!(f, "{item} is both mandatory and forbidden"),
            Self::DefaultAndForbidden(item) => write!(f, "{item} is both a default and forbidden"),
            Self::TooManyMediaTypes { media_types } => {
                write!(f, "a list has {media_types} media types, at most {MAX_MEDIA_TYPES} are allowed")
            }
            Self::TooManyParameters { parameters } => {
                write!(
                    f,
                    "the media types of a list have {parameters} parameters, at most {MAX_PARAMETERS} are allowed"
                )
            }
            Self::TimesOutOfOrder(field) => write!(f, "{field}: minimum, default, maximum don't ascend"),
            Self::DelaysOutOfOrder { minimum_delay_ms, maximum_delay_ms } => {
                write!(
                    f,
                    "the least delay, {minimum_delay_ms} ms, is above the greatest, {maximum_delay_ms} ms"
                )
            }
            Self::PrivateHandshake => {
                f.write_str("a handshake as PrivateMessage can't be followed by the hub")
            }
            Self::NotAHandshakeFormat(format) => {
                write!(f, "no handshake has the wire format {format}")
            }
            Self::HandshakeFormatForbidden(format) => {
                write!(f, "the wire format {format} of handshakes is forbidden")
            }
        }
    }
}

/// What is wrong with the component itself.
#[must_use]
pub fn findings(policy: &OperationalParameters) -> Vec<OperationalFinding> {
    let forbidden = &policy.forbidden_capabilities;
    let mut found = Vec::new();
    let mandatory = shared(&policy.mandatory_capabilities, forbidden);
    found.extend(mandatory.into_iter().map(OperationalFinding::MandatoryAndForbidden));
    let default = shared(&policy.default_capabilities, forbidden);
    found.extend(default.into_iter().map(OperationalFinding::DefaultAndForbidden));
    let lists = [&policy.mandatory_capabilities, &policy.default_capabilities, forbidden];
    let media_types = lists.into_iter().map(|list| list.media_types.len()).max().unwrap_or_default();
    if media_types > MAX_MEDIA_TYPES {
        found.push(OperationalFinding::TooManyMediaTypes { media_types });
    }
    let parameters = lists.into_iter().map(|list| parameters_of(&list.media_types)).max();
    if let Some(parameters) = parameters.filter(|it| *it > MAX_PARAMETERS) {
        found.push(OperationalFinding::TooManyParameters { parameters });
    }
    let formats: BTreeSet<WireFormat> = policy.handshake_formats.iter().copied().collect();
    for format in formats {
        match format {
            WireFormat::MLS_PRIVATE_MESSAGE => found.push(OperationalFinding::PrivateHandshake),
            WireFormat::MLS_WELCOME | WireFormat::MLS_GROUP_INFO | WireFormat::MLS_KEY_PACKAGE => {
                found.push(OperationalFinding::NotAHandshakeFormat(format));
            }
            _ if forbidden.wire_formats.contains(&format) => {
                found.push(OperationalFinding::HandshakeFormatForbidden(format));
            }
            _ => {}
        }
    }
    if let PendingProposalPolicy::RandomDelay { minimum_delay_ms, maximum_delay_ms } =
        policy.pending_proposal_policy
        && minimum_delay_ms > maximum_delay_ms
    {
        found.push(OperationalFinding::DelaysOutOfOrder { minimum_delay_ms, maximum_delay_ms });
    }
    for (field, times) in [
        (TimeField::LeafNodeUpdateTime, &policy.leaf_node_update_time),
        (TimeField::SenderNonceKeypairLifetime, &policy.sender_nonce_keypair_lifetime),
        (TimeField::BufferIncomingMessageTime, &policy.buffer_incoming_message_time),
    ] {
        if times.minimum_time > times.default_time || times.default_time > times.maximum_time {
            found.push(OperationalFinding::TimesOutOfOrder(field));
        }
    }
    found
}

/// Why something doesn't suit how the room's group is run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationalRefusal {
    /// It is forbidden.
    Forbidden(ExtendedCapability),
    /// It is mandatory, and the client can't do it.
    Unsupported(ExtendedCapability),
    /// Outsiders may not propose.
    ExternalProposal,
    /// Outsiders may not join by commit.
    ExternalCommit,
    /// Handshakes may not have this wire format.
    HandshakeFormat(WireFormat),
    /// A KeyPackage is valid for too long.
    KeyPackageLifetime {
        /// For how long, in seconds.
        lifetime: u64,
        /// The greatest lifetime, in seconds.
        max: u64,
    },
    /// A credential is valid for too long.
    CredentialLifetime {
        /// For how long, in seconds.
        lifetime: u64,
        /// The greatest lifetime, in seconds.
        max: u64,
    },
    /// A message is of an epoch too long ago.
    OldEpoch {
        /// How many epochs ago.
        epochs_ago: u64,
        /// The most that is tolerated.
        tolerance: u8,
    },
    /// A message is of an epoch to come.
    EpochToCome,
    /// A message is too many generations ahead.
    Generation {
        /// How many.
        ahead: u32,
        /// The most that is tolerated.
        max: u32,
    },
}

impl fmt::Display for OperationalRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(item) => write!(f, "the room forbids {item}"),
            Self::Unsupported(item) => write!(f, "the room demands {item}"),
            Self::ExternalProposal => f.write_str("the room doesn't take external proposals"),
            Self::ExternalCommit => f.write_str("the room doesn't take external commits"),
            Self::HandshakeFormat(format) => {
                write!(f, "handshakes of the room don't have the wire format {format}")
            }
            Self::KeyPackageLifetime { lifetime, max } => {
                write!(f, "the KeyPackage is valid for {lifetime} s, and the room takes {max} s")
            }
            Self::CredentialLifetime { lifetime, max } => {
                write!(f, "the credential is valid for {lifetime} s, and the room takes {max} s")
            }
            Self::OldEpoch { epochs_ago, tolerance } => {
                write!(f, "the message is {epochs_ago} epochs old, and the room tolerates {tolerance}")
            }
            Self::EpochToCome => f.write_str("the message is of an epoch to come"),
            Self::Generation { ahead, max } => {
                write!(f, "the message is {ahead} generations ahead, and the room tolerates {max}")
            }
        }
    }
}

impl core::error::Error for OperationalRefusal {}

/// Whether the room's clients may use the item: any that isn't forbidden.
///
/// ```
/// # use mimi_codec::room_policy::{
/// #     AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
/// # };
/// use mimi_codec::code_points::CipherSuite;
/// use mimi_policy::component::operational::{ExtendedCapability, OperationalRefusal, check_use};
///
/// # let lists = || ExtendedCapabilities {
/// #     versions: vec![], cipher_suites: vec![], extensions: vec![], proposals: vec![], credentials: vec![],
/// #     wire_formats: vec![], component_ids: vec![], safe_aad_types: vec![], media_types: vec![], content_types: vec![],
/// # };
/// # let times = MinDefaultMaxTime { minimum_time: 0, default_time: 0, maximum_time: 0 };
/// # let mut policy = OperationalParameters {
/// #     mandatory_capabilities: lists(), default_capabilities: lists(), forbidden_capabilities: lists(),
/// #     handshake_formats: vec![], external_proposal_allowed: true, external_commit_allowed: true,
/// #     pending_proposal_policy: PendingProposalPolicy::Unspecified {}, leaf_node_update_time: times.clone(),
/// #     app_message_policy: AppMessagePolicy { epoch_tolerance: 1, pad_to_size: 0, max_generations_skipahead: 9 },
/// #     max_kp_lifetime: 0, max_credential_lifetime: 0, resumption_psk_lifetime: 0,
/// #     sender_nonce_keypair_lifetime: times.clone(), max_keypairs: 0, buffer_incoming_message_time: times,
/// #     max_buffered_messages: 0,
/// # };
/// let suite = ExtendedCapability::CipherSuite(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519);
/// assert_eq!(check_use(Some(&policy), &suite), Ok(()));
/// policy.forbidden_capabilities.cipher_suites =
///     vec![CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519];
/// assert_eq!(check_use(Some(&policy), &suite), Err(OperationalRefusal::Forbidden(suite)));
/// ```
///
/// # Errors
/// [`OperationalRefusal::Forbidden`].
pub fn check_use(
    policy: Option<&OperationalParameters>,
    item: &ExtendedCapability,
) -> Result<(), OperationalRefusal> {
    if policy.is_some_and(|policy| names(&policy.forbidden_capabilities, item)) {
        return Err(OperationalRefusal::Forbidden(item.clone()));
    }
    Ok(())
}

/// Whether a client with the capabilities of this LeafNode can do all that is mandatory, as far as
/// a LeafNode's capabilities tell: versions, cipher suites, extensions, proposals and credentials.
/// What RFC 9420 §7.2 takes for granted needn't be listed: extensions 1 to 5 and proposals 1 to 7.
///
/// # Errors
/// [`OperationalRefusal::Unsupported`], for the first in the order of the draft's fields.
pub fn check_support(
    policy: Option<&OperationalParameters>,
    capabilities: &Capabilities,
) -> Result<(), OperationalRefusal> {
    fn missing<T: Copy + Ord>(demanded: &[T], offered: &[T], granted: fn(T) -> bool) -> Option<T> {
        let offered: BTreeSet<T> = offered.iter().copied().collect();
        demanded.iter().copied().find(|item| !granted(*item) && !offered.contains(item))
    }
    let Some(demanded) = policy.map(|policy| &policy.mandatory_capabilities) else { return Ok(()) };
    let item = missing(&demanded.versions, &capabilities.versions, |_| false)
        .map(ExtendedCapability::Version)
        .or_else(|| {
            missing(&demanded.cipher_suites, &capabilities.cipher_suites, |_| false)
                .map(ExtendedCapability::CipherSuite)
        })
        .or_else(|| {
            let granted = |extension: ExtensionType| (1..=5).contains(&extension.0);
            missing(&demanded.extensions, &capabilities.extensions, granted)
                .map(ExtendedCapability::Extension)
        })
        .or_else(|| {
            let granted = |proposal: ProposalType| (1..=7).contains(&proposal.0);
            missing(&demanded.proposals, &capabilities.proposals, granted).map(ExtendedCapability::Proposal)
        })
        .or_else(|| {
            missing(&demanded.credentials, &capabilities.credentials, |_| false)
                .map(ExtendedCapability::Credential)
        });
    item.map_or(Ok(()), |item| Err(OperationalRefusal::Unsupported(item)))
}

/// Whether a client outside of the group may propose. By what right, the roles say.
///
/// # Errors
/// [`OperationalRefusal::ExternalProposal`].
pub fn check_external_proposal(policy: Option<&OperationalParameters>) -> Result<(), OperationalRefusal> {
    match policy {
        Some(policy) if !policy.external_proposal_allowed => Err(OperationalRefusal::ExternalProposal),
        _ => Ok(()),
    }
}

/// Whether a client outside of the group may join it by a commit. By what right, the roles say.
///
/// # Errors
/// [`OperationalRefusal::ExternalCommit`].
pub fn check_external_commit(policy: Option<&OperationalParameters>) -> Result<(), OperationalRefusal> {
    match policy {
        Some(policy) if !policy.external_commit_allowed => Err(OperationalRefusal::ExternalCommit),
        _ => Ok(()),
    }
}

/// Whether a proposal or commit may have this wire format. Never PrivateMessage, whatever the room
/// says: hub and joiners have to follow the handshakes (mimi-protocol-06 §5.3).
///
/// # Errors
/// [`OperationalRefusal::HandshakeFormat`], [`OperationalRefusal::Forbidden`].
pub fn check_handshake_format(
    policy: Option<&OperationalParameters>,
    format: WireFormat,
) -> Result<(), OperationalRefusal> {
    let visible = matches!(format, WireFormat::MLS_PUBLIC_MESSAGE | WireFormat::MLS_SEMIPRIVATE_MESSAGE);
    let formats = policy.map_or(&[][..], |policy| &policy.handshake_formats);
    if !visible || !(formats.is_empty() || formats.contains(&format)) {
        return Err(OperationalRefusal::HandshakeFormat(format));
    }
    check_use(policy, &ExtendedCapability::WireFormat(format))
}

/// Whether a KeyPackage with this lifetime may be used.
///
/// # Errors
/// [`OperationalRefusal::KeyPackageLifetime`].
pub fn check_key_package_lifetime(
    policy: Option<&OperationalParameters>,
    lifetime: &Lifetime,
) -> Result<(), OperationalRefusal> {
    let max = policy.map_or(0, |policy| policy.max_kp_lifetime);
    let lifetime = lifetime.not_after.saturating_sub(lifetime.not_before);
    if max != 0 && lifetime > max {
        return Err(OperationalRefusal::KeyPackageLifetime { lifetime, max });
    }
    Ok(())
}

/// Whether a credential that is valid for `lifetime` seconds may be used.
///
/// # Errors
/// [`OperationalRefusal::CredentialLifetime`].
pub fn check_credential_lifetime(
    policy: Option<&OperationalParameters>,
    lifetime: u64,
) -> Result<(), OperationalRefusal> {
    let max = policy.map_or(0, |policy| policy.max_credential_lifetime);
    if max != 0 && lifetime > max {
        return Err(OperationalRefusal::CredentialLifetime { lifetime, max });
    }
    Ok(())
}

/// Whether a client in the epoch `current` still reads an application message of `epoch`, for which
/// it would move the sender's ratchet forward by `generations_ahead`.
///
/// # Errors
/// [`OperationalRefusal::EpochToCome`], [`OperationalRefusal::OldEpoch`],
/// [`OperationalRefusal::Generation`].
pub fn check_application_message(
    policy: Option<&OperationalParameters>,
    epoch: u64,
    current: u64,
    generations_ahead: u32,
) -> Result<(), OperationalRefusal> {
    let epochs_ago = current.checked_sub(epoch).ok_or(OperationalRefusal::EpochToCome)?;
    let Some(limits) = policy.map(|policy| &policy.app_message_policy) else { return Ok(()) };
    if epochs_ago > u64::from(limits.epoch_tolerance) {
        return Err(OperationalRefusal::OldEpoch { epochs_ago, tolerance: limits.epoch_tolerance });
    }
    let max = limits.max_generations_skipahead;
    if generations_ahead > max {
        return Err(OperationalRefusal::Generation { ahead: generations_ahead, max });
    }
    Ok(())
}

/// How a client stands with a time that has a least, a default and a greatest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timeliness {
    /// Before the least time: not yet.
    TooEarly,
    /// It may be done.
    May,
    /// The default has come: it should be done.
    Now,
    /// The greatest time is over.
    Overdue,
}

/// How a client stands whose leaf was updated `age` seconds ago; after the greatest time others may
/// remove it. The same for what else has such times.
///
/// ```
/// use mimi_codec::room_policy::MinDefaultMaxTime;
/// use mimi_policy::component::operational::{Timeliness, due};
///
/// let update = MinDefaultMaxTime { minimum_time: 3_600, default_time: 86_400, maximum_time: 604_800 };
/// assert_eq!(due(&update, 60), Timeliness::TooEarly);
/// assert_eq!(due(&update, 86_400), Timeliness::Now);
/// assert_eq!(due(&update, 604_801), Timeliness::Overdue);
/// ```
#[must_use]
pub const fn due(times: &MinDefaultMaxTime, age: u64) -> Timeliness {
    if age > times.maximum_time {
        Timeliness::Overdue
    } else if age < times.minimum_time {
        Timeliness::TooEarly
    } else if age >= times.default_time {
        Timeliness::Now
    } else {
        Timeliness::May
    }
}

#[cfg(test)]
mod tests;
