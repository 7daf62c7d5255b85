//! `https` URLs of assets, and whether a hub may fetch one (mimi-protocol-06 §5.10,
//! mimi-room-policy-04 §6.4).
//!
//! The check stands between a hub and being an open proxy, so the reading of a URL must leave no
//! room for a second reading by the HTTP library that fetches it: user information, a host that
//! isn't a plain domain name, backslashes, spaces, control characters, fragments and malformed
//! escapes are refused rather than mended.

use core::fmt;

use crate::dns_name::{DnsNameRef, parse_host_and_port};
use crate::percent::{is_pchar, read_escape};
use crate::text::{TextError, TextErrorKind};

const SCHEME: &str = "https://";

/// An absolute `https` URL without user information and fragment, whose host is a domain name. It
/// borrows its text and is always valid.
///
/// There is one way to read it: backslashes, spaces, control characters, other than ASCII,
/// malformed escapes and hosts that are no plain domain names are refused rather than mended, so
/// that the library that fetches it can't see another host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HttpsUrlRef<'a> {
    text: &'a str,
}

impl<'a> HttpsUrlRef<'a> {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`TextErrorKind::Scheme`], [`TextErrorKind::UserInfo`], [`TextErrorKind::Host`],
    /// [`TextErrorKind::Port`], [`TextErrorKind::Escape`] or [`TextErrorKind::Character`].
    pub fn parse(text: &'a str) -> Result<Self, TextError> {
        match text.split_at_checked(SCHEME.len()) {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case(SCHEME) => {}
            _ => return Err(TextError::new(TextErrorKind::Scheme, 0)),
        }
        let url = Self { text };
        let authority = url.authority();
        if authority.contains('@') {
            return Err(TextError::new(TextErrorKind::UserInfo, SCHEME.len()));
        }
        parse_host_and_port(authority).map_err(|error| error.shifted(SCHEME.len()))?;
        let rest_offset = SCHEME.len().saturating_add(authority.len());
        Self::check_rest(url.rest()).map_err(|error| error.shifted(rest_offset))?;
        Ok(url)
    }

    pub(crate) const fn checked_before(text: &'a str) -> Self {
        Self { text }
    }

    /// Only what RFC 3986 lets stand in a path and a query, and no fragment.
    pub(crate) fn check_rest(rest: &str) -> Result<(), TextError> {
        let bytes = rest.as_bytes();
        for (index, &byte) in bytes.iter().enumerate() {
            let kind = match byte {
                b'%' if read_escape(bytes.get(index..).unwrap_or_default()).is_none() => {
                    TextErrorKind::Escape
                }
                b'%' | b'/' | b'?' => continue,
                byte if is_pchar(byte) => continue,
                _ => TextErrorKind::Character,
            };
            return Err(TextError::new(kind, index));
        }
        Ok(())
    }

    /// Whether the URL has begun its path and not yet its query.
    pub(crate) fn ends_in_path(self) -> bool {
        let rest = self.rest();
        rest.starts_with('/') && !rest.contains('?')
    }

    /// The URL as it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// The host.
    #[must_use]
    pub fn host(self) -> DnsNameRef<'a> {
        let authority = self.authority();
        DnsNameRef::checked_before(authority.split_once(':').map_or(authority, |(host, _)| host))
    }

    /// The port, when one is written. The drafts' checks look at the host only: the fetcher decides
    /// which ports it serves.
    #[must_use]
    pub fn port(self) -> Option<u16> {
        parse_host_and_port(self.authority()).ok().and_then(|(_, port)| port)
    }

    fn authority(self) -> &'a str {
        let rest = self.text.get(SCHEME.len()..).unwrap_or_default();
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn rest(self) -> &'a str {
        self.text.get(SCHEME.len().saturating_add(self.authority().len())..).unwrap_or_default()
    }
}

impl fmt::Display for HttpsUrlRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// An asset URL whose host is one of the given asset domains; only [`check_asset_url`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AssetUrl<'a> {
    url: HttpsUrlRef<'a>,
}

impl<'a> AssetUrl<'a> {
    /// The URL that may be fetched.
    #[must_use]
    pub const fn url(self) -> HttpsUrlRef<'a> {
        self.url
    }
}

/// Why an asset URL may not be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssetUrlError {
    /// It isn't a plain `https` URL.
    Malformed(TextError),
    /// Its host is none of the asset domains.
    NotAnAssetDomain,
}

impl fmt::Display for AssetUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "malformed asset URL: {error}"),
            Self::NotAnAssetDomain => f.write_str("the host is no asset domain"),
        }
    }
}

impl core::error::Error for AssetUrlError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::NotAnAssetDomain => None,
        }
    }
}

/// Whether a `proxyDownload` or Oblivious HTTP request for `url` may be served (mimi-protocol-06
/// §5.10.2, §5.10.3): its host must be one of `asset_domains`, equal but for the case of letters. A
/// subdomain of one is another host.
///
/// Entries of `asset_domains` that aren't domain names match nothing.
///
/// ```
/// use mimi_codec::{AssetUrlError, check_asset_url};
///
/// let domains = ["assets.b.example", "cdn.c.example"];
/// let url = check_asset_url("https://CDN.c.example/f/1?x=y", domains)?;
/// assert_eq!(url.url().host().as_str(), "CDN.c.example");
/// assert_eq!(
///     check_asset_url("https://evil.cdn.c.example/f/1", domains),
///     Err(AssetUrlError::NotAnAssetDomain),
/// );
/// # Ok::<(), AssetUrlError>(())
/// ```
///
/// # Errors
/// [`AssetUrlError`].
pub fn check_asset_url<'a, D: AsRef<str>>(
    url: &'a str,
    asset_domains: impl IntoIterator<Item = D>,
) -> Result<AssetUrl<'a>, AssetUrlError> {
    let url = HttpsUrlRef::parse(url).map_err(AssetUrlError::Malformed)?;
    let host = url.host();
    let listed = asset_domains
        .into_iter()
        .any(|domain| DnsNameRef::parse(domain.as_ref()).is_ok_and(|domain| domain == host));
    if listed { Ok(AssetUrl { url }) } else { Err(AssetUrlError::NotAnAssetDomain) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TextErrorKind as Kind;

    #[test]
    fn host_and_port() {
        let url = HttpsUrlRef::parse("HTTPS://A.example:8443/x?y=/z?").unwrap();
        assert_eq!((url.host().as_str(), url.port()), ("A.example", Some(8443)));
        let url = HttpsUrlRef::parse("https://a.example?x").unwrap();
        assert_eq!((url.host().as_str(), url.port()), ("a.example", None));
    }

    #[test]
    fn refuses_what_two_parsers_could_read_differently() {
        for (text, kind, offset) in [
            ("http://a.example/", Kind::Scheme, 0),
            ("https:/a.example/", Kind::Scheme, 0),
            ("//a.example/", Kind::Scheme, 0),
            (" https://a.example/", Kind::Scheme, 0),
            ("https://", Kind::Host, 8),
            ("https:///a.example", Kind::Host, 8),
            ("https://a.example@evil.example/", Kind::UserInfo, 8),
            ("https://a.example:x@evil.example/", Kind::UserInfo, 8),
            ("https://a.example:99999/", Kind::Port, 18),
            ("https://a.example\\@evil.example/", Kind::Character, 17),
            ("https://a.example\\.evil.example/", Kind::Character, 17),
            ("https://a%2eexample/", Kind::Host, 8),
            ("https://a.example./", Kind::Host, 18),
            ("https://[::1]/", Kind::Host, 8),
            ("https://127.0.0.1/", Kind::Host, 8),
            ("https://2130706433/", Kind::Host, 8),
            ("https://a.example/x\r\ny", Kind::Character, 19),
            ("https://a.example/x y", Kind::Character, 19),
            ("https://a.example/#x", Kind::Character, 18),
            ("https://a.example#x", Kind::Character, 17),
            ("https://a.example/%", Kind::Escape, 18),
            ("https://a.example/é", Kind::Character, 18),
            ("https://é.example/", Kind::Host, 8),
        ] {
            assert_eq!(HttpsUrlRef::parse(text), Err(TextError::new(kind, offset)), "{text}");
        }
    }

    #[test]
    fn only_an_equal_host_is_an_asset_domain() {
        let domains = ["assets.b.example", "*.c.example", "not a domain"];
        assert!(check_asset_url("https://assets.B.example/1", domains).is_ok());
        assert!(check_asset_url("https://assets.b.example:8443/1", domains).is_ok());
        for url in [
            "https://b.example/1",
            "https://x.assets.b.example/1",
            "https://assets.b.example.evil.example/1",
            "https://x.c.example/1",
            "https://evil.example/?https://assets.b.example/",
        ] {
            assert_eq!(check_asset_url(url, domains), Err(AssetUrlError::NotAnAssetDomain), "{url}");
        }
        let none: [&str; 0] = [];
        assert_eq!(check_asset_url("https://a.example/", none), Err(AssetUrlError::NotAnAssetDomain));
        assert!(matches!(
            check_asset_url("ftp://assets.b.example/", domains),
            Err(AssetUrlError::Malformed(error)) if error == TextError::new(Kind::Scheme, 0)
        ));
    }
}
