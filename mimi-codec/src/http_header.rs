//! The header fields that name the two providers of a request (mimi-protocol-06 §4.1).
//!
//! The source stands in `From`, as `mimi@` and its domain; the target in `Host`, whose port says
//! nothing about the provider. Values come without the white space around them, as an HTTP library
//! hands them out.

use alloc::string::String;

use crate::dns_name::{DnsName, DnsNameRef, parse_host_and_port};
use crate::text::{TextError, TextErrorKind};

/// The media type of endpoint bodies, as the working group's slides of IETF 121 show it;
/// mimi-protocol-06 names none.
pub const MEDIA_TYPE: &str = "application/mimi";

const LOCAL_PART: &str = "mimi@";

/// The value of the From header of a provider's requests.
///
/// ```
/// let source = mimi_codec::DnsName::parse("a.example")?;
/// assert_eq!(mimi_codec::from_header(source.as_ref()), "mimi@a.example");
/// assert_eq!(mimi_codec::parse_from_header("mimi@a.example")?, source);
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
#[must_use]
pub fn from_header(source: DnsNameRef<'_>) -> String {
    alloc::format!("{LOCAL_PART}{source}")
}

/// The source provider that a From header claims. It proves nothing before the TLS client
/// certificate matches it: [`match_presented_identities`](crate::match_presented_identities).
///
/// # Errors
/// [`TextErrorKind::LocalPart`] for anything but `mimi@` in front (a display name, angle brackets,
/// another local part), [`TextErrorKind::Host`] for anything but one domain name behind it.
pub fn parse_from_header(value: &str) -> Result<DnsName, TextError> {
    let domain = value.strip_prefix(LOCAL_PART).ok_or(TextError::new(TextErrorKind::LocalPart, 0))?;
    DnsName::parse(domain).map_err(|error| error.shifted(LOCAL_PART.len()))
}

/// The value of the Host header of requests to a provider; `port` only where it isn't the standard
/// one.
#[must_use]
pub fn host_header(target: DnsNameRef<'_>, port: Option<u16>) -> String {
    match port {
        None => String::from(target.as_str()),
        Some(port) => alloc::format!("{target}:{port}"),
    }
}

/// The target provider in a Host header (or `:authority`); the port is checked and ignored.
///
/// # Errors
/// [`TextErrorKind::Host`] or [`TextErrorKind::Port`].
pub fn parse_host_header(value: &str) -> Result<DnsName, TextError> {
    parse_host_and_port(value).map(|(host, _)| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use TextErrorKind as Kind;

    #[test]
    fn from_comes_back() {
        let source = DnsName::parse("follower.example").unwrap();
        assert_eq!(parse_from_header(&from_header(source.as_ref())), Ok(source));
    }

    #[test]
    fn refuses_another_from() {
        for (value, kind, offset) in [
            ("", Kind::LocalPart, 0),
            ("a.example", Kind::LocalPart, 0),
            ("alice@a.example", Kind::LocalPart, 0),
            ("Mimi@a.example", Kind::LocalPart, 0),
            ("\"mimi\"@a.example", Kind::LocalPart, 0),
            ("<mimi@a.example>", Kind::LocalPart, 0),
            ("MIMI <mimi@a.example>", Kind::LocalPart, 0),
            (" mimi@a.example", Kind::LocalPart, 0),
            ("mimi@a.example ", Kind::Host, 7),
            ("mimi@", Kind::Host, 5),
            ("mimi@a.example,mimi@b.example", Kind::Host, 7),
            ("mimi@x@a.example", Kind::Host, 5),
            ("mimi@a.example:443", Kind::Host, 7),
            ("mimi@[192.0.2.1]", Kind::Host, 5),
        ] {
            assert_eq!(parse_from_header(value), Err(TextError::new(kind, offset)), "{value}");
        }
    }

    #[test]
    fn the_port_of_host_is_ignored() {
        let target = DnsName::parse("hub.example").unwrap();
        for value in ["hub.example", "hub.example:443", "HUB.example:8443", "hub.example:"] {
            assert_eq!(parse_host_header(value).as_ref(), Ok(&target), "{value}");
        }
        assert_eq!(host_header(target.as_ref(), None), "hub.example");
        assert_eq!(host_header(target.as_ref(), Some(8443)), "hub.example:8443");
    }

    #[test]
    fn refuses_another_host() {
        for (value, kind, offset) in [
            ("", Kind::Host, 0),
            (":443", Kind::Host, 0),
            ("hub.example:x", Kind::Port, 12),
            ("hub.example:70000", Kind::Port, 12),
            ("user@hub.example", Kind::Host, 0),
            ("https://hub.example", Kind::Port, 6),
            ("[::1]:443", Kind::Host, 0),
        ] {
            let error = parse_host_header(value).unwrap_err();
            // `https` alone would be a host.
            assert_eq!((error.kind, error.offset), (kind, offset), "{value}");
        }
    }
}
