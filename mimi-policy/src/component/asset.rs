//! Attached files, images, audio and video (mimi-room-policy-04 §6.4): component 0x002C.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    AssetUrl, AssetUrlError, CapabilityType, DnsNameRef, MediaType, TextError, check_asset_url,
    room_policy::{AssetPolicy, AssetUploadLocation, DownloadPrivacyType, ProviderAssetUploadDomains},
};

use super::{ComponentSeverity, MAX_MEDIA_TYPES, MAX_PARAMETERS, parameters_of};

/// What an asset counts as, for its capability and for its size.
///
/// The draft speaks of attachments and of rendered images, audio and video. Every other external
/// part counts as an attachment, so that none goes unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetKind {
    /// `image/…`, unless it is attached.
    Image,
    /// `audio/…`, unless it is attached.
    Audio,
    /// `video/…`, unless it is attached.
    Video,
    /// What has the disposition `attachment`, and all else.
    Attachment,
}

impl AssetKind {
    /// The kind of a part that doesn't have the disposition `attachment`, by its media type.
    ///
    /// ```
    /// use mimi_policy::component::asset::AssetKind;
    ///
    /// assert_eq!(AssetKind::of_media_type("IMAGE/png"), AssetKind::Image);
    /// assert_eq!(AssetKind::of_media_type("application/pdf"), AssetKind::Attachment);
    /// ```
    #[must_use]
    pub fn of_media_type(content_type: &str) -> Self {
        let top_level = content_type.split('/').next().unwrap_or_default();
        if top_level.eq_ignore_ascii_case("image") {
            Self::Image
        } else if top_level.eq_ignore_ascii_case("audio") {
            Self::Audio
        } else if top_level.eq_ignore_ascii_case("video") {
            Self::Video
        } else {
            Self::Attachment
        }
    }

    /// The kind of a part.
    #[cfg(feature = "content")]
    #[must_use]
    pub fn of_part(disposition: mimi_content::Disposition, content_type: &str) -> Self {
        if disposition == mimi_content::Disposition::ATTACHMENT {
            Self::Attachment
        } else {
            Self::of_media_type(content_type)
        }
    }

    /// What it takes to upload it.
    #[must_use]
    pub const fn upload_capability(self) -> CapabilityType {
        match self {
            Self::Image => CapabilityType::CAN_UPLOAD_IMAGE,
            Self::Audio => CapabilityType::CAN_UPLOAD_AUDIO,
            Self::Video => CapabilityType::CAN_UPLOAD_VIDEO,
            Self::Attachment => CapabilityType::CAN_UPLOAD_ATTACHMENT,
        }
    }

    /// What it takes to download it.
    #[must_use]
    pub const fn download_capability(self) -> CapabilityType {
        match self {
            Self::Image => CapabilityType::CAN_DOWNLOAD_IMAGE,
            Self::Audio => CapabilityType::CAN_DOWNLOAD_AUDIO,
            Self::Video => CapabilityType::CAN_DOWNLOAD_VIDEO,
            Self::Attachment => CapabilityType::CAN_DOWNLOAD_ATTACHMENT,
        }
    }

    const fn max_size(self, policy: &AssetPolicy) -> u64 {
        match self {
            Self::Image => policy.max_image,
            Self::Audio => policy.max_audio,
            Self::Video => policy.max_video,
            Self::Attachment => policy.max_attachment,
        }
    }
}

impl fmt::Display for AssetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Attachment => "attachment",
        })
    }
}

/// What is wrong with an [`AssetPolicy`]. Domains and media types are named by their place in their
/// list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssetFinding {
    /// The location is `hub`, and `upload_domains` doesn't hold exactly one provider.
    NotOneProvider {
        /// How many it holds.
        providers: usize,
    },
    /// The location is `hub`, and the provider is another domain.
    NotTheHub {
        /// The provider.
        provider: String,
    },
    /// The location isn't `localProvider`, which is recommended.
    NotLocalProvider(AssetUploadLocation),
    /// A location is stated, and no provider has a destination: nothing can be uploaded.
    NoDestination,
    /// A provider that is no domain name matches no user.
    Provider {
        /// Its place in `upload_domains`.
        index: usize,
        /// Why it is none.
        error: TextError,
    },
    /// A provider stands twice; the destinations of both places count.
    RepeatedProvider {
        /// The second place in `upload_domains`.
        index: usize,
    },
    /// A destination that is no domain name matches nothing.
    Destination {
        /// The provider's place in `upload_domains`.
        provider: usize,
        /// The destination's place at the provider.
        index: usize,
        /// Why it is none.
        error: TextError,
    },
    /// A way to download is both allowed and forbidden.
    DownloadAllowedAndForbidden(DownloadPrivacyType),
    /// The default way to download is forbidden.
    DefaultDownloadForbidden(DownloadPrivacyType),
    /// The default way to download isn't among those allowed.
    DefaultDownloadNotAllowed(DownloadPrivacyType),
    /// Direct download may be chosen, which is not recommended (mimi-protocol-06 §5.10.1).
    DirectDownload,
    /// No asset of this kind is small enough: the greatest size is 0.
    MaximumZero(AssetKind),
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
    /// The list of permitted media types is empty: nothing may be sent.
    NothingPermitted,
    /// A permitted media type is forbidden as well.
    PermittedAndForbidden {
        /// Its place in `permitted_media_types`.
        permitted: usize,
        /// The place in `forbidden_media_types` of what covers it.
        forbidden: usize,
    },
}

impl AssetFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::NotOneProvider { .. }
            | Self::NotTheHub { .. }
            | Self::TooManyMediaTypes { .. }
            | Self::TooManyParameters { .. }
            | Self::DownloadAllowedAndForbidden(_)
            | Self::DefaultDownloadForbidden(_) => ComponentSeverity::Invalid,
            _ => ComponentSeverity::Advice,
        }
    }
}

impl fmt::Display for AssetFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOneProvider { providers } => {
                write!(f, "uploads go to the hub, and {providers} providers are listed instead of one")
            }
            Self::NotTheHub { provider } => write!(f, "uploads go to the hub, which is not {provider:?}"),
            Self::NotLocalProvider(location) => {
                write!(f, "asset_upload_location is {location}, and localProvider is recommended")
            }
            Self::NoDestination => f.write_str("no destination is listed: nothing can be uploaded"),
            Self::Provider { index, error } => write!(f, "provider {index} matches no user: {error}"),
            Self::RepeatedProvider { index } => write!(f, "provider {index} is listed before"),
            Self::Destination { provider, index, error } => {
                write!(f, "destination {index} of provider {provider} matches nothing: {error}")
            }
            Self::DownloadAllowedAndForbidden(way) => write!(f, "{way} is both allowed and forbidden"),
            Self::DefaultDownloadForbidden(way) => write!(f, "{way} is the default and forbidden"),
            Self::DefaultDownloadNotAllowed(way) => write!(f, "{way} is the default and not allowed"),
            Self::DirectDownload => f.write_str("direct download shows clients' addresses"),
            Self::MaximumZero(kind) => write!(f, "the greatest size of kind {kind} is 0"),
            Self::TooManyMediaTypes { media_types } => {
                write!(f, "a list has {media_types} media types, at most {MAX_MEDIA_TYPES} are allowed")
            }
            Self::TooManyParameters { parameters } => {
                write!(
                    f,
                    "the media types of a list have {parameters} parameters, at most {MAX_PARAMETERS} are allowed"
                )
            }
            Self::NothingPermitted => f.write_str("the list of permitted media types is empty"),
            Self::PermittedAndForbidden { permitted, forbidden } => {
                write!(f, "permitted media type {permitted} is forbidden by entry {forbidden}")
            }
        }
    }
}

/// What is wrong with the component itself. Without `hub`, the domain name of the room's hub, it
/// isn't compared.
#[must_use]
pub fn findings(policy: &AssetPolicy, hub: Option<DnsNameRef<'_>>) -> Vec<AssetFinding> {
    let mut found = Vec::new();
    find_in_upload(policy, hub, &mut found);
    find_in_download(policy, &mut found);
    for kind in [AssetKind::Image, AssetKind::Audio, AssetKind::Video, AssetKind::Attachment] {
        if kind.max_size(policy) == 0 {
            found.push(AssetFinding::MaximumZero(kind));
        }
    }
    find_in_media_types(policy, &mut found);
    found
}

fn find_in_media_types(policy: &AssetPolicy, found: &mut Vec<AssetFinding>) {
    let forbidden_types = &policy.forbidden_media_types;
    let permitted_types = policy.permitted_media_types.as_deref();
    if permitted_types.is_some_and(<[MediaType]>::is_empty) {
        found.push(AssetFinding::NothingPermitted);
    }
    let permitted_types = permitted_types.unwrap_or_default();
    let media_types = forbidden_types.len().max(permitted_types.len());
    if media_types > MAX_MEDIA_TYPES {
        found.push(AssetFinding::TooManyMediaTypes { media_types });
        return;
    }
    let parameters = parameters_of(forbidden_types).max(parameters_of(permitted_types));
    if parameters > MAX_PARAMETERS {
        found.push(AssetFinding::TooManyParameters { parameters });
        return;
    }
    for (permitted, media_type) in permitted_types.iter().enumerate() {
        let sorted = media_type.sorted();
        let forbidden = forbidden_types.iter().position(|entry| sorted.is_covered_by(entry));
        if let Some(forbidden) = forbidden {
            found.push(AssetFinding::PermittedAndForbidden { permitted, forbidden });
        }
    }
}

fn find_in_upload(policy: &AssetPolicy, hub: Option<DnsNameRef<'_>>, found: &mut Vec<AssetFinding>) {
    let location = policy.asset_upload_location;
    if location != AssetUploadLocation::LOCAL_PROVIDER {
        found.push(AssetFinding::NotLocalProvider(location));
    }
    if location == AssetUploadLocation::HUB {
        match policy.upload_domains.as_slice() {
            [only] if hub.is_some_and(|hub| !is_provider(only, hub)) => {
                found.push(AssetFinding::NotTheHub { provider: only.provider.domain.clone() });
            }
            [_] => {}
            several => found.push(AssetFinding::NotOneProvider { providers: several.len() }),
        }
    }
    if location != AssetUploadLocation::UNSPECIFIED && policy.asset_domains().next().is_none() {
        found.push(AssetFinding::NoDestination);
    }
    let mut seen = alloc::collections::BTreeSet::new();
    for (index, entry) in policy.upload_domains.iter().enumerate() {
        match entry.provider.dns_name() {
            Err(error) => found.push(AssetFinding::Provider { index, error }),
            Ok(name) if !seen.insert(name.as_str().to_ascii_lowercase()) => {
                found.push(AssetFinding::RepeatedProvider { index });
            }
            Ok(_) => {}
        }
        for (place, destination) in entry.asset_upload_destinations.iter().enumerate() {
            if let Err(error) = destination.dns_name() {
                found.push(AssetFinding::Destination { provider: index, index: place, error });
            }
        }
    }
}

fn find_in_download(policy: &AssetPolicy, found: &mut Vec<AssetFinding>) {
    let ways = &policy.download_privacy;
    let default = ways.default_download_type;
    for way in PREFERENCE {
        if ways.allowed_download_types.contains(&way) && ways.forbidden_download_types.contains(&way) {
            found.push(AssetFinding::DownloadAllowedAndForbidden(way));
        }
    }
    if ways.forbidden_download_types.contains(&default) {
        found.push(AssetFinding::DefaultDownloadForbidden(default));
    } else if !ways.allowed_download_types.contains(&default) {
        found.push(AssetFinding::DefaultDownloadNotAllowed(default));
    }
    if check_download(policy, DownloadPrivacyType::DIRECT).is_ok() {
        found.push(AssetFinding::DirectDownload);
    }
}

fn is_provider(entry: &ProviderAssetUploadDomains, name: DnsNameRef<'_>) -> bool {
    entry.provider.dns_name().is_ok_and(|provider| provider == name)
}

/// An external part, as far as the policy looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset<'a> {
    /// What it counts as.
    pub kind: AssetKind,
    /// Its media type; may be empty.
    pub content_type: &'a str,
    /// Where it lies.
    pub url: &'a str,
    /// Its size in bytes; 0 if it isn't stated.
    pub size: u64,
}

#[cfg(feature = "content")]
impl<'a> Asset<'a> {
    /// The asset that an external part of a message is.
    #[must_use]
    pub fn of_part(disposition: mimi_content::Disposition, part: &mimi_content::ExternalPartRef<'a>) -> Self {
        Self {
            kind: AssetKind::of_part(disposition, part.content_type),
            content_type: part.content_type,
            url: part.url,
            size: part.size,
        }
    }
}

/// An asset that suits the room; only [`check_asset`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedAsset<'a> {
    asset: Asset<'a>,
    url: Option<AssetUrl<'a>>,
    max_size: u64,
}

impl<'a> AllowedAsset<'a> {
    /// The asset.
    #[must_use]
    pub const fn asset(self) -> Asset<'a> {
        self.asset
    }

    /// The URL at one of the room's asset domains; `None` where the room leaves the location open,
    /// so that it is not checked it.
    #[must_use]
    pub const fn url(self) -> Option<AssetUrl<'a>> {
        self.url
    }

    /// How many bytes may be fetched: who downloads stops there, whatever size was stated.
    #[must_use]
    pub const fn max_size(self) -> u64 {
        self.max_size
    }
}

/// Why an asset doesn't suit the room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssetRefusal {
    /// Its provider has no place for assets: the sender's, or the hub where uploads go there.
    ProviderNotListed {
        /// The provider that would need one.
        provider: String,
    },
    /// The room states an upload location that mimi-room-policy-04 does not list.
    UnknownLocation(AssetUploadLocation),
    /// Its URL isn't at one of the places of the provider.
    Url(AssetUrlError),
    /// It is larger than the room takes.
    TooLarge {
        /// What it counts as.
        kind: AssetKind,
        /// Its size in bytes.
        size: u64,
        /// The greatest size of its kind in bytes.
        max: u64,
    },
    /// Its media type is none.
    MediaType(TextError),
    /// Its media type is forbidden.
    Forbidden {
        /// The place in `forbidden_media_types` of what covers it.
        entry: usize,
    },
    /// Its media type isn't among those permitted.
    NotPermitted,
}

impl fmt::Display for AssetRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProviderNotListed { provider } => {
                write!(f, "the room lists no asset domains of {provider}")
            }
            Self::UnknownLocation(location) => write!(f, "the room's upload location {location} is unknown"),
            Self::Url(error) => error.fmt(f),
            Self::TooLarge { kind, size, max } => {
                write!(f, "{size} bytes are more than the {max} that the room takes of kind {kind}")
            }
            Self::MediaType(error) => write!(f, "the media type: {error}"),
            Self::Forbidden { entry } => write!(f, "the media type is forbidden by entry {entry}"),
            Self::NotPermitted => f.write_str("the media type is not among those permitted"),
        }
    }
}

impl core::error::Error for AssetRefusal {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            Self::MediaType(error) => Some(error),
            _ => None,
        }
    }
}

/// Whether a sender of the provider `sender` may send the asset in a room of the hub `hub`.
///
/// The host of the URL is one of the destinations of the sender's provider, or of the hub where
/// uploads go there; equal but for the case of letters. The size and the media type are within the
/// room's limits. An asset without a media type is allowed only where no list of permitted ones
/// exists.
///
/// ```
/// use mimi_codec::{
///     DnsName,
///     room_policy::{
///         AssetPolicy, AssetUploadLocation, DomainName, DownloadPrivacy, DownloadPrivacyType,
///         ProviderAssetUploadDomains,
///     },
/// };
/// use mimi_policy::component::asset::{Asset, AssetKind, AssetRefusal, check_asset};
///
/// let (hub, bobs) = (DnsName::parse("a.example")?, DnsName::parse("b.example")?);
/// let policy = AssetPolicy {
///     asset_upload_location: AssetUploadLocation::LOCAL_PROVIDER,
///     upload_domains: vec![ProviderAssetUploadDomains {
///         provider: DomainName { domain: "b.example".into() },
///         asset_upload_destinations: vec![DomainName { domain: "cdn.b.example".into() }],
///     }],
///     download_privacy: DownloadPrivacy {
///         allowed_download_types: vec![DownloadPrivacyType::HUB_PROXY],
///         forbidden_download_types: vec![DownloadPrivacyType::DIRECT],
///         default_download_type: DownloadPrivacyType::HUB_PROXY,
///     },
///     max_image: 1_000_000,
///     max_audio: 0,
///     max_video: 0,
///     max_attachment: 0,
///     forbidden_media_types: vec![],
///     permitted_media_types: None,
/// };
/// let asset = |url, size| Asset { kind: AssetKind::Image, content_type: "image/png", url, size };
///
/// let cat = asset("https://cdn.b.example/cat.png", 34_000);
/// let allowed = check_asset(Some(&policy), cat, bobs.as_ref(), hub.as_ref())?;
/// assert_eq!(allowed.max_size(), 1_000_000);
/// let whale = asset("https://cdn.b.example/whale.png", 34_000_000);
/// assert_eq!(
///     check_asset(Some(&policy), whale, bobs.as_ref(), hub.as_ref()),
///     Err(AssetRefusal::TooLarge { kind: AssetKind::Image, size: 34_000_000, max: 1_000_000 }),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`AssetRefusal`], the first in the order of its variants.
pub fn check_asset<'a>(
    policy: Option<&AssetPolicy>,
    asset: Asset<'a>,
    sender: DnsNameRef<'_>,
    hub: DnsNameRef<'_>,
) -> Result<AllowedAsset<'a>, AssetRefusal> {
    let Some(policy) = policy else { return Ok(AllowedAsset { asset, url: None, max_size: u64::MAX }) };
    let url = check_location(policy, asset.url, sender, hub)?;
    let max = asset.kind.max_size(policy);
    if asset.size > max {
        return Err(AssetRefusal::TooLarge { kind: asset.kind, size: asset.size, max });
    }
    check_media_type(policy, asset.content_type)?;
    Ok(AllowedAsset { asset, url, max_size: max })
}

fn check_location<'a>(
    policy: &AssetPolicy,
    url: &'a str,
    sender: DnsNameRef<'_>,
    hub: DnsNameRef<'_>,
) -> Result<Option<AssetUrl<'a>>, AssetRefusal> {
    let provider = match policy.asset_upload_location {
        AssetUploadLocation::UNSPECIFIED => return Ok(None),
        AssetUploadLocation::LOCAL_PROVIDER => sender,
        AssetUploadLocation::HUB => hub,
        unlisted => return Err(AssetRefusal::UnknownLocation(unlisted)),
    };
    let mut entries = policy.upload_domains.iter().filter(|entry| is_provider(entry, provider)).peekable();
    if entries.peek().is_none() {
        return Err(AssetRefusal::ProviderNotListed { provider: provider.as_str().into() });
    }
    let destinations = entries.flat_map(|entry| &entry.asset_upload_destinations);
    let destinations = destinations.map(|destination| destination.domain.as_str());
    check_asset_url(url, destinations).map(Some).map_err(AssetRefusal::Url)
}

fn check_media_type(policy: &AssetPolicy, content_type: &str) -> Result<(), AssetRefusal> {
    if content_type.is_empty() {
        // It is none of those forbidden, and none of those permitted.
        return if policy.permitted_media_types.is_none() { Ok(()) } else { Err(AssetRefusal::NotPermitted) };
    }
    let media_type = MediaType::parse(content_type).map_err(AssetRefusal::MediaType)?;
    // Sorted once, so that a type of many parameters costs one search for each parameter of the
    // lists.
    let media_type = media_type.sorted();
    let mut forbidden = policy.forbidden_media_types.iter();
    if let Some(entry) = forbidden.position(|entry| media_type.is_covered_by(entry)) {
        return Err(AssetRefusal::Forbidden { entry });
    }
    match &policy.permitted_media_types {
        Some(permitted) if !permitted.iter().any(|entry| media_type.is_covered_by(entry)) => {
            Err(AssetRefusal::NotPermitted)
        }
        _ => Ok(()),
    }
}

/// The ways to download, the best for privacy first (mimi-protocol-06 §5.10).
const PREFERENCE: [DownloadPrivacyType; 3] =
    [DownloadPrivacyType::OHTTP, DownloadPrivacyType::HUB_PROXY, DownloadPrivacyType::DIRECT];

/// Why a way to download may not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DownloadRefusal {
    /// The room forbids it.
    Forbidden(DownloadPrivacyType),
    /// The room doesn't allow it.
    NotAllowed(DownloadPrivacyType),
    /// The client knows none of the ways that the room allows.
    NoWay,
}

impl fmt::Display for DownloadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(way) => write!(f, "the room forbids downloads of type {way}"),
            Self::NotAllowed(way) => write!(f, "the room doesn't allow downloads of type {way}"),
            Self::NoWay => f.write_str("the client knows no way to download that the room allows"),
        }
    }
}

impl core::error::Error for DownloadRefusal {}

/// Whether assets of the room may be downloaded in this way: it is allowed or the default, and not
/// forbidden.
///
/// # Errors
/// [`DownloadRefusal::Forbidden`], [`DownloadRefusal::NotAllowed`].
pub fn check_download(policy: &AssetPolicy, way: DownloadPrivacyType) -> Result<(), DownloadRefusal> {
    let ways = &policy.download_privacy;
    if ways.forbidden_download_types.contains(&way) {
        Err(DownloadRefusal::Forbidden(way))
    } else if ways.allowed_download_types.contains(&way) || ways.default_download_type == way {
        Ok(())
    } else {
        Err(DownloadRefusal::NotAllowed(way))
    }
}

/// How a client that knows the ways `known` downloads: the room's default if it can, else the best
/// for privacy of what the room allows: `ohttp`, then `hubProxy`, then `direct`. Without a policy,
/// that order alone decides.
///
/// # Errors
/// [`DownloadRefusal::NoWay`].
pub fn choose_download(
    policy: Option<&AssetPolicy>,
    known: &[DownloadPrivacyType],
) -> Result<DownloadPrivacyType, DownloadRefusal> {
    let default = policy.map(|policy| policy.download_privacy.default_download_type);
    default
        .into_iter()
        .chain(PREFERENCE)
        .filter(|way| known.contains(way))
        .find(|way| policy.is_none_or(|policy| check_download(policy, *way).is_ok()))
        .ok_or(DownloadRefusal::NoWay)
}

#[cfg(test)]
mod tests;
