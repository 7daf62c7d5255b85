//! Assets: every finding and every refusal by name.

use super::*;
use alloc::vec;
use mimi_codec::{
    DnsName, TextErrorKind,
    room_policy::{DomainName, DownloadPrivacy},
};

const DIRECT: DownloadPrivacyType = DownloadPrivacyType::DIRECT;
const HUB_PROXY: DownloadPrivacyType = DownloadPrivacyType::HUB_PROXY;
const OHTTP: DownloadPrivacyType = DownloadPrivacyType::OHTTP;

fn domain(name: &str) -> DomainName {
    DomainName { domain: name.into() }
}

fn entry(provider: &str, destinations: &[&str]) -> ProviderAssetUploadDomains {
    ProviderAssetUploadDomains {
        provider: domain(provider),
        asset_upload_destinations: destinations.iter().map(|&name| domain(name)).collect(),
    }
}

fn media_types(texts: &[&str]) -> Vec<MediaType> {
    texts.iter().map(|text| MediaType::parse(text).unwrap()).collect()
}

/// A policy without findings.
fn policy() -> AssetPolicy {
    AssetPolicy {
        asset_upload_location: AssetUploadLocation::LOCAL_PROVIDER,
        upload_domains: vec![entry("a.example", &["cdn.a.example"]), entry("b.example", &["cdn.b.example"])],
        download_privacy: DownloadPrivacy {
            allowed_download_types: vec![HUB_PROXY, OHTTP],
            forbidden_download_types: vec![DIRECT],
            default_download_type: HUB_PROXY,
        },
        max_image: 100,
        max_audio: 200,
        max_video: 300,
        max_attachment: 400,
        forbidden_media_types: vec![],
        permitted_media_types: None,
    }
}

fn image(url: &str) -> Asset<'_> {
    Asset { kind: AssetKind::Image, content_type: "image/png", url, size: 100 }
}

/// From a sender of b.example, in a room of a.example.
fn check<'a>(policy: &AssetPolicy, asset: Asset<'a>) -> Result<AllowedAsset<'a>, AssetRefusal> {
    let (hub, sender) = (DnsName::parse("a.example").unwrap(), DnsName::parse("B.example").unwrap());
    check_asset(Some(policy), asset, sender.as_ref(), hub.as_ref())
}

fn found(policy: &AssetPolicy) -> Vec<AssetFinding> {
    let hub = DnsName::parse("A.example").unwrap();
    findings(policy, Some(hub.as_ref()))
}

#[test]
fn a_sound_policy_has_no_findings() {
    assert_eq!(found(&policy()), []);
}

#[test]
fn uploads_to_the_hub_need_exactly_the_hub() {
    let mut hub = policy();
    hub.asset_upload_location = AssetUploadLocation::HUB;
    let advice = AssetFinding::NotLocalProvider(AssetUploadLocation::HUB);
    assert_eq!(found(&hub), [advice.clone(), AssetFinding::NotOneProvider { providers: 2 }]);
    hub.upload_domains = vec![entry("a.example", &["cdn.a.example"])];
    assert_eq!(found(&hub), core::slice::from_ref(&advice));
    hub.upload_domains = vec![entry("b.example", &["cdn.a.example"])];
    let other = AssetFinding::NotTheHub { provider: "b.example".into() };
    assert_eq!(found(&hub), [advice.clone(), other.clone()]);
    assert_eq!(findings(&hub, None), core::slice::from_ref(&advice));
    assert_eq!(
        (advice.severity(), other.severity()),
        (ComponentSeverity::Advice, ComponentSeverity::Invalid)
    );
    hub.upload_domains = vec![];
    let none = AssetFinding::NotOneProvider { providers: 0 };
    assert_eq!(found(&hub), [advice, none, AssetFinding::NoDestination]);
}

#[test]
fn finds_domains_that_match_nothing() {
    let mut odd = policy();
    odd.upload_domains = vec![entry("a.example", &["cdn.a.example", "no domain"]), entry("*", &[])];
    odd.upload_domains.push(entry("A.EXAMPLE", &[]));
    let error = |text| DnsNameRef::parse(text).unwrap_err();
    assert_eq!(
        found(&odd),
        [
            AssetFinding::Destination { provider: 0, index: 1, error: error("no domain") },
            AssetFinding::Provider { index: 1, error: error("*") },
            AssetFinding::RepeatedProvider { index: 2 },
        ]
    );
}

#[test]
fn finds_ways_to_download_that_contradict() {
    let mut odd = policy();
    odd.download_privacy.allowed_download_types = vec![HUB_PROXY, DIRECT];
    assert_eq!(found(&odd), [AssetFinding::DownloadAllowedAndForbidden(DIRECT)]);
    odd.download_privacy.forbidden_download_types = vec![];
    assert_eq!(found(&odd), [AssetFinding::DirectDownload]);
    odd.download_privacy.allowed_download_types = vec![];
    assert_eq!(found(&odd), [AssetFinding::DefaultDownloadNotAllowed(HUB_PROXY)]);
    odd.download_privacy.forbidden_download_types = vec![HUB_PROXY];
    assert_eq!(found(&odd), [AssetFinding::DefaultDownloadForbidden(HUB_PROXY)]);
}

#[test]
fn finds_limits_that_let_nothing_through() {
    let mut odd = policy();
    odd.max_audio = 0;
    odd.permitted_media_types = Some(vec![]);
    assert_eq!(found(&odd), [AssetFinding::MaximumZero(AssetKind::Audio), AssetFinding::NothingPermitted]);
    odd.max_audio = 1;
    odd.forbidden_media_types = media_types(&["text/html", "text/markdown"]);
    odd.permitted_media_types = Some(media_types(&["image/png", "text/markdown;variant=GFM-MIMI"]));
    assert_eq!(found(&odd), [AssetFinding::PermittedAndForbidden { permitted: 1, forbidden: 1 }]);
}

#[test]
fn refuses_lists_of_media_types_that_are_too_long() {
    let mut long = policy();
    long.forbidden_media_types = vec![media_types(&["text/html"]).remove(0); MAX_MEDIA_TYPES + 1];
    long.permitted_media_types = Some(media_types(&["text/html"]));
    let too_many = AssetFinding::TooManyMediaTypes { media_types: MAX_MEDIA_TYPES + 1 };
    assert_eq!(too_many.severity(), ComponentSeverity::Invalid);
    assert_eq!(found(&long), [too_many]);
    long.forbidden_media_types.pop();
    assert_eq!(found(&long), [AssetFinding::PermittedAndForbidden { permitted: 0, forbidden: 0 }]);
}

#[test]
fn accepts_what_lies_at_the_senders_provider() {
    let allowed = check(&policy(), image("https://CDN.B.example/x")).unwrap();
    assert_eq!(allowed.url().unwrap().url().host().as_str(), "CDN.B.example");
    assert_eq!((allowed.max_size(), allowed.asset().size), (100, 100));
}

#[test]
fn refuses_hosts_of_others_and_subdomains() {
    for url in ["https://cdn.a.example/x", "https://x.cdn.b.example/x", "https://b.example/x"] {
        let refused = AssetRefusal::Url(AssetUrlError::NotAnAssetDomain);
        assert_eq!(check(&policy(), image(url)), Err(refused), "{url}");
    }
    let refused = check(&policy(), image("http://cdn.b.example/x"));
    assert!(
        matches!(refused, Err(AssetRefusal::Url(AssetUrlError::Malformed(error))) if error.kind == TextErrorKind::Scheme)
    );
}

#[test]
fn refuses_a_provider_without_a_place() {
    let mut hub = policy();
    hub.upload_domains.remove(1);
    let refused = AssetRefusal::ProviderNotListed { provider: "B.example".into() };
    assert_eq!(check(&hub, image("https://cdn.b.example/x")), Err(refused));
    // The hub's places are open to all where uploads go there.
    hub.asset_upload_location = AssetUploadLocation::HUB;
    assert!(check(&hub, image("https://cdn.a.example/x")).is_ok());
    let refused = AssetRefusal::Url(AssetUrlError::NotAnAssetDomain);
    assert_eq!(check(&hub, image("https://cdn.b.example/x")), Err(refused));
}

#[test]
fn refuses_a_location_that_no_draft_lists() {
    let mut unknown = policy();
    unknown.asset_upload_location = AssetUploadLocation(3);
    let refused = AssetRefusal::UnknownLocation(AssetUploadLocation(3));
    assert_eq!(check(&unknown, image("https://cdn.b.example/x")), Err(refused));
    assert!(found(&unknown).contains(&AssetFinding::NotLocalProvider(AssetUploadLocation(3))));
}

#[test]
fn an_unspecified_location_leaves_the_url_alone() {
    let mut anywhere = policy();
    anywhere.asset_upload_location = AssetUploadLocation::UNSPECIFIED;
    let allowed = check(&anywhere, image("http://elsewhere.example/x")).unwrap();
    assert_eq!(allowed.url(), None);
    let hub = DnsName::parse("a.example").unwrap();
    let unstated = check_asset(None, image("x"), hub.as_ref(), hub.as_ref()).unwrap();
    assert_eq!((unstated.url(), unstated.max_size()), (None, u64::MAX));
}

#[test]
fn refuses_more_bytes_than_the_kind_may_have() {
    let kinds = [AssetKind::Image, AssetKind::Audio, AssetKind::Video, AssetKind::Attachment];
    for (kind, max) in kinds.into_iter().zip([100, 200, 300, 400]) {
        let sized = |size| Asset { kind, size, ..image("https://cdn.b.example/x") };
        assert!(check(&policy(), sized(max)).is_ok());
        let refused = AssetRefusal::TooLarge { kind, size: max + 1, max };
        assert_eq!(check(&policy(), sized(max + 1)), Err(refused));
        // A size that isn't stated is for the download to find out.
        assert_eq!(check(&policy(), sized(0)).unwrap().max_size(), max);
    }
}

#[test]
fn refuses_media_types_by_both_lists() {
    let typed = |content_type| Asset { content_type, ..image("https://cdn.b.example/x") };
    let mut limited = policy();
    limited.forbidden_media_types = media_types(&["image/gif", "text/markdown;variant=GFM-MIMI"]);
    assert_eq!(check(&limited, typed("IMAGE/gif")), Err(AssetRefusal::Forbidden { entry: 0 }));
    assert_eq!(check(&limited, typed("image/gif;x=y")), Err(AssetRefusal::Forbidden { entry: 0 }));
    let gfm = "text/markdown;charset=utf-8;variant=GFM-MIMI";
    assert_eq!(check(&limited, typed(gfm)), Err(AssetRefusal::Forbidden { entry: 1 }));
    assert!(check(&limited, typed("text/markdown")).is_ok());
    assert!(check(&limited, typed("")).is_ok());

    limited.permitted_media_types = Some(media_types(&["image/png", "image/gif"]));
    assert!(check(&limited, typed("image/png")).is_ok());
    assert_eq!(check(&limited, typed("image/gif")), Err(AssetRefusal::Forbidden { entry: 0 }));
    assert_eq!(check(&limited, typed("image/jpeg")), Err(AssetRefusal::NotPermitted));
    assert_eq!(check(&limited, typed("")), Err(AssetRefusal::NotPermitted));
    assert!(matches!(check(&limited, typed("image")), Err(AssetRefusal::MediaType(_))));
}

#[test]
fn chooses_the_default_then_the_best_for_privacy() {
    let mut room = policy();
    assert_eq!(choose_download(Some(&room), &[DIRECT, OHTTP, HUB_PROXY]), Ok(HUB_PROXY));
    assert_eq!(choose_download(Some(&room), &[DIRECT, OHTTP]), Ok(OHTTP));
    assert_eq!(choose_download(Some(&room), &[DIRECT]), Err(DownloadRefusal::NoWay));
    room.download_privacy.forbidden_download_types = vec![HUB_PROXY];
    assert_eq!(choose_download(Some(&room), &[DIRECT, OHTTP, HUB_PROXY]), Ok(OHTTP));
    assert_eq!(choose_download(None, &[DIRECT, HUB_PROXY]), Ok(HUB_PROXY));
    assert_eq!(choose_download(None, &[DIRECT]), Ok(DIRECT));
}

#[test]
fn refuses_ways_that_are_forbidden_or_not_allowed() {
    let mut room = policy();
    assert_eq!(check_download(&room, HUB_PROXY), Ok(()));
    assert_eq!(check_download(&room, DIRECT), Err(DownloadRefusal::Forbidden(DIRECT)));
    room.download_privacy.allowed_download_types = vec![];
    assert_eq!(check_download(&room, HUB_PROXY), Ok(()));
    assert_eq!(check_download(&room, OHTTP), Err(DownloadRefusal::NotAllowed(OHTTP)));
}

#[test]
fn kinds_have_their_capabilities() {
    use mimi_codec::CapabilityType as C;
    for (kind, upload, download) in [
        (AssetKind::Image, C::CAN_UPLOAD_IMAGE, C::CAN_DOWNLOAD_IMAGE),
        (AssetKind::Audio, C::CAN_UPLOAD_AUDIO, C::CAN_DOWNLOAD_AUDIO),
        (AssetKind::Video, C::CAN_UPLOAD_VIDEO, C::CAN_DOWNLOAD_VIDEO),
        (AssetKind::Attachment, C::CAN_UPLOAD_ATTACHMENT, C::CAN_DOWNLOAD_ATTACHMENT),
    ] {
        assert_eq!((kind.upload_capability(), kind.download_capability()), (upload, download));
    }
}

#[cfg(feature = "content")]
#[test]
fn a_part_is_an_attachment_by_disposition_else_of_its_type() {
    use mimi_content::Disposition;
    for (disposition, content_type, kind) in [
        (Disposition::RENDER, "image/png", AssetKind::Image),
        (Disposition::INLINE, "Audio/ogg", AssetKind::Audio),
        (Disposition::PREVIEW, "video/mp4", AssetKind::Video),
        (Disposition::ICON, "image/png", AssetKind::Image),
        (Disposition(77), "image/png", AssetKind::Image),
        (Disposition::ATTACHMENT, "image/png", AssetKind::Attachment),
        (Disposition::RENDER, "application/pdf", AssetKind::Attachment),
        (Disposition::RENDER, "imagery/png", AssetKind::Attachment),
        (Disposition::SESSION, "", AssetKind::Attachment),
    ] {
        assert_eq!(AssetKind::of_part(disposition, content_type), kind, "{disposition:?} {content_type}");
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
    long.forbidden_media_types = vec![with_parameters(MAX_PARAMETERS), with_parameters(1)];
    long.permitted_media_types = Some(media_types(&["text/html"]));
    let too_many = AssetFinding::TooManyParameters { parameters: MAX_PARAMETERS + 1 };
    assert_eq!(too_many.severity(), ComponentSeverity::Invalid);
    assert_eq!(found(&long), core::slice::from_ref(&too_many));
    long.forbidden_media_types.pop();
    assert!(!found(&long).contains(&too_many));
}
