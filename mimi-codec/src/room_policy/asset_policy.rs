//! Attached files: where they lie, how they are fetched, what they may be (mimi-room-policy-04
//! §6.4): component 0x002C.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{
    convention::{open_registry, wire_struct},
    dns_name::DnsNameRef,
    media_type::MediaType,
    text::TextError,
};

open_registry! {
    /// Where clients upload assets (mimi-room-policy-04 §6.4). Unlisted values are kept.
    pub struct AssetUploadLocation(u8) {
        /// Anywhere.
        0 "unspecified" => UNSPECIFIED,
        /// To their own provider.
        1 "localProvider" => LOCAL_PROVIDER,
        /// To the hub.
        2 "hub" => HUB,
    }
}

wire_struct! {
    /// A domain name (mimi-room-policy-04 §6.4).
    ///
    /// ```text
    /// struct {
    ///   opaque domain<V>;
    /// } DomainName;
    /// ```
    pub struct DomainName {
        /// The name; whether it is one, [`Self::dns_name`] tells.
        pub domain: String,
    }
}

impl DomainName {
    /// The domain name that the text is.
    ///
    /// # Errors
    /// Why it is none.
    pub fn dns_name(&self) -> Result<DnsNameRef<'_>, TextError> {
        DnsNameRef::parse(&self.domain)
    }
}

impl From<DnsNameRef<'_>> for DomainName {
    fn from(name: DnsNameRef<'_>) -> Self {
        Self { domain: name.as_str().into() }
    }
}

wire_struct! {
    /// Where the assets of a provider's users lie (mimi-room-policy-04 §6.4).
    ///
    /// ```text
    /// struct {
    ///   DomainName provider;
    ///   DomainName asset_upload_destinations<V>;
    /// } ProviderAssetUploadDomains;
    /// ```
    pub struct ProviderAssetUploadDomains {
        /// The provider.
        pub provider: DomainName,
        /// The hosts of its assets' URLs.
        pub asset_upload_destinations: Vec<DomainName>,
    }
}

open_registry! {
    /// How an asset is fetched (mimi-room-policy-04 §6.4, mimi-protocol-06 §5.10). Unlisted values
    /// are kept.
    pub struct DownloadPrivacyType(u8) {
        /// By the client itself, which shows the asset provider its address.
        0 "direct" => DIRECT,
        /// Through the hub.
        1 "hubProxy" => HUB_PROXY,
        /// By Oblivious HTTP through the hub.
        2 "ohttp" => OHTTP,
    }
}

wire_struct! {
    /// The ways to fetch an asset (mimi-room-policy-04 §6.4). The default is one way, although the
    /// draft writes a vector.
    ///
    /// ```text
    /// struct {
    ///   DownloadPrivacyType allowed_download_types<V>;
    ///   DownloadPrivacyType forbidden_download_types<V>;
    ///   DownloadPrivacyType default_download_type;
    /// } DownloadPrivacy;
    /// ```
    pub struct DownloadPrivacy {
        /// The ways that are allowed.
        pub allowed_download_types: Vec<DownloadPrivacyType>,
        /// The ways that are forbidden.
        pub forbidden_download_types: Vec<DownloadPrivacyType>,
        /// The way to prefer.
        pub default_download_type: DownloadPrivacyType,
    }
}

wire_struct! {
    /// The policy for assets (mimi-room-policy-04 §6.4). The permitted media types are an optional
    /// list.
    ///
    /// ```text
    /// struct {
    ///   AssetUploadLocation asset_upload_location;
    ///   ProviderAssetUploadDomains upload_domains<V>;
    ///   DownloadPrivacy download_privacy;
    ///   uint64 max_image;
    ///   uint64 max_audio;
    ///   uint64 max_video;
    ///   uint64 max_attachment;
    ///   MediaType forbidden_media_types<V>;
    ///   optional<MediaType> permitted_media_types<V>;
    /// } AssetPolicy;
    /// ```
    pub struct AssetPolicy {
        /// Where clients upload.
        pub asset_upload_location: AssetUploadLocation,
        /// The hosts of asset URLs, for each provider.
        pub upload_domains: Vec<ProviderAssetUploadDomains>,
        /// The ways to fetch an asset.
        pub download_privacy: DownloadPrivacy,
        /// The size of the largest image, in bytes.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub max_image: u64,
        /// The size of the largest audio file, in bytes.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub max_audio: u64,
        /// The size of the largest video file, in bytes.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub max_video: u64,
        /// The size of the largest other file, in bytes.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub max_attachment: u64,
        /// Media types that may not be sent.
        pub forbidden_media_types: Vec<MediaType>,
        /// The only media types that may be sent, if the room has such a list.
        pub permitted_media_types: Option<Vec<MediaType>>,
    }
}

/// The data of component 0x002C.
pub type AssetPolicyData = AssetPolicy;

/// The `update` of an AppDataUpdate for component 0x002C.
pub type AssetPolicyUpdate = AssetPolicy;

impl AssetPolicy {
    /// Every host at which the policy places assets, for
    /// [`check_asset_url`](crate::check_asset_url).
    pub fn asset_domains(&self) -> impl Iterator<Item = &str> {
        self.upload_domains
            .iter()
            .flat_map(|provider| &provider.asset_upload_destinations)
            .map(|destination| destination.domain.as_str())
    }
}
