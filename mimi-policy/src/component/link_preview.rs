//! Links and their previews (mimi-room-policy-04 §6.3): component 0x002B.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    protocol::Uri,
    room_policy::{LinkPreviewPolicy, LinkPreviewProxyUse, Optionality},
};

use super::{Because, ComponentAnswer, ComponentSeverity};

/// What is wrong with a [`LinkPreviewPolicy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkPreviewFinding {
    /// `autodetect_hyperlinks_in_text` is required, which it MUST NOT be.
    AutodetectRequired,
    /// A proxy may or must be used, and there is no URI of one.
    NoProxy,
}

impl LinkPreviewFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::AutodetectRequired | Self::NoProxy => ComponentSeverity::Invalid,
        }
    }
}

impl fmt::Display for LinkPreviewFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AutodetectRequired => f.write_str("autodetect_hyperlinks_in_text must not be required"),
            Self::NoProxy => f.write_str("link_preview_proxy has to be set unless its use is forbidden"),
        }
    }
}

/// The proxy, and whether it has to be used; `None` if it may not.
fn proxy(policy: &LinkPreviewPolicy) -> Option<(&Uri, Optionality)> {
    match &policy.link_preview_proxy_use {
        LinkPreviewProxyUse::Optional { link_preview_proxy } => {
            Some((link_preview_proxy, Optionality::Optional))
        }
        LinkPreviewProxyUse::Required { link_preview_proxy } => {
            Some((link_preview_proxy, Optionality::Required))
        }
        LinkPreviewProxyUse::Forbidden {} => None,
    }
}

/// What is wrong with the component itself.
#[must_use]
pub fn findings(policy: &LinkPreviewPolicy) -> Vec<LinkPreviewFinding> {
    let mut found = Vec::new();
    if policy.autodetect_hyperlinks_in_text == Optionality::Required {
        found.push(LinkPreviewFinding::AutodetectRequired);
    }
    if proxy(policy).is_some_and(|(uri, _)| uri.is_none()) {
        found.push(LinkPreviewFinding::NoProxy);
    }
    found
}

/// Whether a composer turns text that looks like a link into one. A policy that requires it is
/// invalid, and leaves it to the user.
#[must_use]
pub const fn shall_autodetect(policy: Option<&LinkPreviewPolicy>, own_setting: bool) -> ComponentAnswer {
    let room = match policy {
        Some(policy) => policy.autodetect_hyperlinks_in_text,
        None => Optionality::Optional,
    };
    match room {
        Optionality::Forbidden => ComponentAnswer::No(Because::Room),
        Optionality::Optional | Optionality::Required => {
            ComponentAnswer::of(Optionality::Optional, own_setting)
        }
    }
}

/// Who makes a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PreviewBy {
    /// The sender of the message, to send it along.
    Sender,
    /// A receiver, for its own user.
    Receiver,
}

/// What is to be done about the preview of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewPlan<'a> {
    /// Make none.
    None(Because),
    /// Fetch the link's target directly.
    Direct(Because),
    /// Fetch it through the proxy, and in no other way.
    Through(&'a Uri, Because),
    /// The room wants previews to be made through a proxy, and names none: make none.
    ProxyMissing,
}

/// How the user of a client has set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PreviewSettings {
    /// Make previews where the room leaves it open.
    pub make_previews: bool,
    /// Make them through the room's proxy where the room leaves it open.
    pub use_proxy: bool,
}

/// Whether a preview is made, and through what: where a proxy is required, never without it.
///
/// ```
/// use mimi_codec::{protocol::Uri, room_policy::{LinkPreviewPolicy, LinkPreviewProxyUse, Optionality}};
/// use mimi_policy::component::{
///     Because,
///     link_preview::{PreviewBy, PreviewPlan, PreviewSettings, plan_preview},
/// };
///
/// let proxy = Uri::new("https://preview.a.example");
/// let policy = LinkPreviewPolicy {
///     autodetect_hyperlinks_in_text: Optionality::Optional,
///     send_link_previews: Optionality::Forbidden,
///     automatic_link_previews: Optionality::Optional,
///     link_preview_proxy_use: LinkPreviewProxyUse::Required { link_preview_proxy: proxy.clone() },
/// };
/// let own = PreviewSettings { make_previews: true, use_proxy: false };
/// let plan = plan_preview(Some(&policy), PreviewBy::Receiver, own);
/// assert_eq!(plan, PreviewPlan::Through(&proxy, Because::OwnChoice));
/// let plan = plan_preview(Some(&policy), PreviewBy::Sender, own);
/// assert_eq!(plan, PreviewPlan::None(Because::Room));
/// ```
#[must_use]
pub fn plan_preview(
    policy: Option<&LinkPreviewPolicy>,
    by: PreviewBy,
    own: PreviewSettings,
) -> PreviewPlan<'_> {
    let room = match (policy, by) {
        (None, _) => Optionality::Optional,
        (Some(policy), PreviewBy::Sender) => policy.send_link_previews,
        (Some(policy), PreviewBy::Receiver) => policy.automatic_link_previews,
    };
    let because = match ComponentAnswer::of(room, own.make_previews) {
        ComponentAnswer::No(because) => return PreviewPlan::None(because),
        ComponentAnswer::Yes(because) => because,
    };
    match policy.and_then(proxy) {
        Some((uri, Optionality::Required)) if uri.is_none() => PreviewPlan::ProxyMissing,
        Some((uri, Optionality::Required)) => PreviewPlan::Through(uri, because),
        Some((uri, _)) if own.use_proxy && !uri.is_none() => PreviewPlan::Through(uri, because),
        _ => PreviewPlan::Direct(because),
    }
}

/// Why a message's links and previews don't suit the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkPreviewRefusal {
    /// A preview is sent, which is forbidden.
    PreviewForbidden,
    /// A link is sent without a preview, which is required.
    PreviewMissing,
}

impl fmt::Display for LinkPreviewRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreviewForbidden => f.write_str("the room forbids to send link previews"),
            Self::PreviewMissing => f.write_str("the room requires a preview with every link"),
        }
    }
}

impl core::error::Error for LinkPreviewRefusal {}

/// Whether a message with or without links and previews may be sent.
///
/// # Errors
/// [`LinkPreviewRefusal`].
pub fn check_message(
    policy: Option<&LinkPreviewPolicy>,
    has_link: bool,
    has_preview: bool,
) -> Result<(), LinkPreviewRefusal> {
    match policy.map_or(Optionality::Optional, |policy| policy.send_link_previews) {
        Optionality::Forbidden if has_preview => Err(LinkPreviewRefusal::PreviewForbidden),
        Optionality::Required if has_link && !has_preview => Err(LinkPreviewRefusal::PreviewMissing),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Optionality::{Forbidden, Optional, Required};

    fn policy(send: Optionality, automatic: Optionality, proxy: LinkPreviewProxyUse) -> LinkPreviewPolicy {
        LinkPreviewPolicy {
            autodetect_hyperlinks_in_text: Optional,
            send_link_previews: send,
            automatic_link_previews: automatic,
            link_preview_proxy_use: proxy,
        }
    }

    fn at(uri: &str) -> Uri {
        Uri::new(uri)
    }

    const EAGER: PreviewSettings = PreviewSettings { make_previews: true, use_proxy: true };
    const SHY: PreviewSettings = PreviewSettings { make_previews: false, use_proxy: false };

    #[test]
    fn refuses_required_autodetection_and_a_proxy_without_uri() {
        let none = LinkPreviewProxyUse::Required { link_preview_proxy: Uri::none() };
        let mut bad = policy(Optional, Optional, none);
        bad.autodetect_hyperlinks_in_text = Required;
        assert_eq!(findings(&bad), [LinkPreviewFinding::AutodetectRequired, LinkPreviewFinding::NoProxy]);
        assert!(findings(&bad).iter().all(|finding| finding.severity() == ComponentSeverity::Invalid));
        let none = LinkPreviewProxyUse::Optional { link_preview_proxy: Uri::none() };
        assert_eq!(findings(&policy(Optional, Optional, none)), [LinkPreviewFinding::NoProxy]);
        let some = LinkPreviewProxyUse::Optional { link_preview_proxy: at("https://p.example") };
        assert_eq!(findings(&policy(Optional, Optional, some)), []);
        assert_eq!(findings(&policy(Required, Required, LinkPreviewProxyUse::Forbidden {})), []);
    }

    #[test]
    fn previews_are_demanded_left_open_or_barred() {
        for (room, own, expected) in [
            (Required, SHY, PreviewPlan::Direct(Because::Room)),
            (Forbidden, EAGER, PreviewPlan::None(Because::Room)),
            (Optional, EAGER, PreviewPlan::Direct(Because::OwnChoice)),
            (Optional, SHY, PreviewPlan::None(Because::OwnChoice)),
        ] {
            let sending = policy(room, Forbidden, LinkPreviewProxyUse::Forbidden {});
            assert_eq!(plan_preview(Some(&sending), PreviewBy::Sender, own), expected);
            let receiving = policy(Forbidden, room, LinkPreviewProxyUse::Forbidden {});
            assert_eq!(plan_preview(Some(&receiving), PreviewBy::Receiver, own), expected);
        }
        assert_eq!(plan_preview(None, PreviewBy::Sender, EAGER), PreviewPlan::Direct(Because::OwnChoice));
    }

    #[test]
    fn a_required_proxy_is_never_passed_by() {
        let uri = at("https://p.example");
        let required = LinkPreviewProxyUse::Required { link_preview_proxy: uri.clone() };
        let required = policy(Required, Optional, required);
        let plan = plan_preview(Some(&required), PreviewBy::Sender, SHY);
        assert_eq!(plan, PreviewPlan::Through(&uri, Because::Room));
        let missing = LinkPreviewProxyUse::Required { link_preview_proxy: Uri::none() };
        let missing = policy(Required, Optional, missing);
        assert_eq!(plan_preview(Some(&missing), PreviewBy::Sender, EAGER), PreviewPlan::ProxyMissing);
        let optional = LinkPreviewProxyUse::Optional { link_preview_proxy: uri.clone() };
        let optional = policy(Required, Optional, optional);
        let plan = plan_preview(Some(&optional), PreviewBy::Sender, EAGER);
        assert_eq!(plan, PreviewPlan::Through(&uri, Because::Room));
        let plan = plan_preview(Some(&optional), PreviewBy::Sender, SHY);
        assert_eq!(plan, PreviewPlan::Direct(Because::Room));
    }

    #[test]
    fn an_invalid_demand_to_autodetect_leaves_it_to_the_user() {
        let mut demanding = policy(Optional, Optional, LinkPreviewProxyUse::Forbidden {});
        demanding.autodetect_hyperlinks_in_text = Required;
        assert_eq!(shall_autodetect(Some(&demanding), false), ComponentAnswer::No(Because::OwnChoice));
        assert_eq!(shall_autodetect(Some(&demanding), true), ComponentAnswer::Yes(Because::OwnChoice));
        demanding.autodetect_hyperlinks_in_text = Forbidden;
        assert_eq!(shall_autodetect(Some(&demanding), true), ComponentAnswer::No(Because::Room));
        assert_eq!(shall_autodetect(None, true), ComponentAnswer::Yes(Because::OwnChoice));
    }

    #[test]
    fn refuses_forbidden_and_missing_previews() {
        let sending = |room| policy(room, Optional, LinkPreviewProxyUse::Forbidden {});
        assert_eq!(
            check_message(Some(&sending(Forbidden)), true, true),
            Err(LinkPreviewRefusal::PreviewForbidden)
        );
        assert_eq!(check_message(Some(&sending(Forbidden)), true, false), Ok(()));
        assert_eq!(
            check_message(Some(&sending(Required)), true, false),
            Err(LinkPreviewRefusal::PreviewMissing)
        );
        assert_eq!(check_message(Some(&sending(Required)), true, true), Ok(()));
        assert_eq!(check_message(Some(&sending(Required)), false, false), Ok(()));
        assert_eq!(check_message(Some(&sending(Optional)), true, true), Ok(()));
        assert_eq!(check_message(None, true, false), Ok(()));
    }
}
