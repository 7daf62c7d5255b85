//! Is the peer of a TLS connection the provider that a request names? (mimi-protocol-06 §4.1, RFC
//! 9525)
//!
//! A server checks the client's certificate against the domain in From; a client checks the
//! server's against the domain that it put into Host. Only DNS names of the certificate (`dNSName`
//! of subjectAltName) count; the caller takes them out of the certificate whose chain it has
//! verified.

use core::fmt;

use crate::dns_name::{DnsName, DnsNameRef};

/// A provider whose domain the peer's certificate presents; only [`match_presented_identities`]
/// makes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchedProvider {
    domain: DnsName,
}

impl MatchedProvider {
    /// The reference domain that was matched.
    #[must_use]
    pub fn domain(&self) -> DnsNameRef<'_> {
        self.domain.as_ref()
    }
}

/// The certificate presents no identity that matches the reference domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityMismatchError;

impl fmt::Display for IdentityMismatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no presented identity matches the reference domain")
    }
}

impl core::error::Error for IdentityMismatchError {}

/// Looks for `reference` among the DNS names that a certificate presents (RFC 9525 §6.3).
///
/// Names match label by label, whatever the case. A `*` stands for exactly one label, and only as
/// the whole left-most label of a presented name; anywhere else, or beside other characters, the
/// presented name matches nothing. Neither does a wildcard directly under a top-level label
/// (`*.example`), which no single provider can own.
///
/// ```
/// use mimi_codec::{DnsName, match_presented_identities};
///
/// let reference = DnsName::parse("mimi.a.example")?;
/// assert!(match_presented_identities(reference.as_ref(), ["b.example", "*.A.example"]).is_ok());
/// assert!(match_presented_identities(reference.as_ref(), ["*.example", "m*.a.example"]).is_err());
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
///
/// # Errors
/// [`IdentityMismatchError`] when none matches.
pub fn match_presented_identities<P: AsRef<str>>(
    reference: DnsNameRef<'_>,
    presented: impl IntoIterator<Item = P>,
) -> Result<MatchedProvider, IdentityMismatchError> {
    if presented.into_iter().any(|name| matches(reference, name.as_ref())) {
        Ok(MatchedProvider { domain: reference.to_owned() })
    } else {
        Err(IdentityMismatchError)
    }
}

fn matches(reference: DnsNameRef<'_>, presented: &str) -> bool {
    match presented.strip_prefix("*.") {
        None => DnsNameRef::parse(presented).is_ok_and(|name| name == reference),
        Some(parent) => {
            let Some((_, reference_parent)) = reference.as_str().split_once('.') else { return false };
            let under_top_level = !parent.contains('.');
            !under_top_level
                && DnsNameRef::parse(parent)
                    .is_ok_and(|parent| parent.as_str().eq_ignore_ascii_case(reference_parent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9525_cases() {
        for (reference, presented, expected) in [
            ("a.example", "a.example", true),
            ("A.EXAMPLE", "a.example", true),
            ("a.example", "A.eXample", true),
            ("a.example", "b.example", false),
            ("a.example", "www.a.example", false),
            ("www.a.example", "a.example", false),
            ("a.example", "a.example.evil.example", false),
            // A wildcard is the whole left-most label and stands for one label.
            ("foo.example.com", "*.example.com", true),
            ("FOO.example.com", "*.Example.COM", true),
            ("bar.foo.example.com", "*.example.com", false),
            ("example.com", "*.example.com", false),
            ("foo.example.com", "foo.*.com", false),
            ("foo.example.com", "*.*.com", false),
            ("foo.example.com", "*", false),
            ("localhost", "*", false),
            ("foo.example.com", "f*.example.com", false),
            ("foo.example.com", "*oo.example.com", false),
            ("foo.example.com", "f*o.example.com", false),
            ("foo.example.com", "**.example.com", false),
            ("foo.example.com", "*.", false),
            ("foo.example.com", "*..example.com", false),
            ("foo.example.com", ".example.com", false),
            // A-labels are compared as they are, and `*` may stand for one, but not for a part of
            // one.
            ("xn--bcher-kva.example", "xn--bcher-kva.example", true),
            ("xn--bcher-kva.example", "XN--BCHER-KVA.example", true),
            ("xn--bcher-kva.a.example", "*.a.example", true),
            ("xn--bcher-kva.example", "xn--*.example", false),
            ("xn--bcher-kva.example", "bücher.example", false),
            ("a.example", "a.example.", false),
            ("a.example", " a.example", false),
            ("a.example", "a.example\0.evil.example", false),
            ("a.example", "", false),
            ("a.example", "mimi://a.example", false),
            // A wildcard directly under a top-level label.
            ("foo.com", "*.com", false),
            ("foo.us", "*.us", false),
            ("xn--bcher-kva.example", "*.example", false),
            ("example.xn--mgbaam7a8h", "*.xn--mgbaam7a8h", false),
        ] {
            let reference = DnsName::parse(reference).unwrap();
            assert_eq!(
                match_presented_identities(reference.as_ref(), [presented]).is_ok(),
                expected,
                "{reference} {presented}"
            );
        }
    }

    #[test]
    fn one_of_several_is_enough_and_none_is_not() {
        let reference = DnsName::parse("a.example").unwrap();
        let matched = match_presented_identities(reference.as_ref(), ["b.example", "a.example"]).unwrap();
        assert_eq!(matched.domain(), reference.as_ref());
        let none: [&str; 0] = [];
        assert_eq!(match_presented_identities(reference.as_ref(), none), Err(IdentityMismatchError));
    }
}
