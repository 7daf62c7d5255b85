//! Domain names: what identifies a provider in a MIMI URI, in From and Host, in a certificate and
//! in an asset URL.

use alloc::string::String;
use core::hash::{Hash, Hasher};
use core::str::FromStr;
use core::{cmp::Ordering, fmt};

use crate::text::{TextError, TextErrorKind, serde_as_text};

/// The longest name that DNS carries, in bytes of its text form.
const MAX_NAME: usize = 253;
/// The longest label, in bytes (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// A fully qualified domain name in its ASCII form, without the trailing dot: letters, digits and
/// inner hyphens, labels of 1 to 63 bytes, at most 253 bytes in all. Internationalized names stand
/// as A-labels (`xn--…`). IP addresses are not domain names. Two names are equal when they differ
/// in nothing but the case of letters.
#[derive(Debug, Clone, Copy)]
pub struct DnsNameRef<'a> {
    text: &'a str,
}

impl<'a> DnsNameRef<'a> {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`TextErrorKind::Host`], with the offset of the label that is wrong.
    pub fn parse(text: &'a str) -> Result<Self, TextError> {
        let refuse = |offset| Err(TextError::new(TextErrorKind::Host, offset));
        if text.len() > MAX_NAME {
            return refuse(MAX_NAME);
        }
        let mut offset = 0usize;
        let mut last_is_number = false;
        for label in text.split('.') {
            let well_formed = !label.is_empty()
                && label.len() <= MAX_LABEL
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !well_formed {
                return refuse(offset);
            }
            last_is_number = is_ipv4_number(label);
            offset = offset.saturating_add(label.len()).saturating_add(1);
        }
        // The host parser of the WHATWG URL standard reads such a host as an IPv4 address
        // ("ends in a number"), and HTTP libraries connect to that address.
        if last_is_number {
            return refuse(0);
        }
        Ok(Self { text })
    }

    /// For text that [`Self::parse`] accepted when the value around it was made.
    pub(crate) const fn checked_before(text: &'a str) -> Self {
        Self { text }
    }

    /// The name as it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// The labels from left to right, as they were written.
    pub fn labels(self) -> impl Iterator<Item = &'a str> {
        self.text.split('.')
    }

    /// A copy of its own.
    #[must_use]
    pub fn to_owned(self) -> DnsName {
        DnsName { text: String::from(self.text) }
    }

    /// A copy in lower case.
    #[must_use]
    pub fn to_lowercase(self) -> DnsName {
        DnsName { text: self.text.to_ascii_lowercase() }
    }
}

/// Whether the WHATWG URL standard's host parser reads a label as a number: decimal digits, or `0x`
/// in either case and any hexadecimal digits.
fn is_ipv4_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl PartialEq for DnsNameRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(other.text)
    }
}

impl Eq for DnsNameRef<'_> {}

/// By the bytes in lower case.
impl Ord for DnsNameRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let both = self.text.bytes().zip(other.text.bytes());
        let mut different = both.map(|(a, b)| a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()));
        different.find(|order| order.is_ne()).unwrap_or_else(|| self.text.len().cmp(&other.text.len()))
    }
}

impl PartialOrd for DnsNameRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for DnsNameRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.text.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Display for DnsNameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// A [`DnsNameRef`] that owns its text.
#[derive(Debug, Clone)]
pub struct DnsName {
    text: String,
}

impl DnsName {
    /// Checks `text`, see [`DnsNameRef::parse`].
    ///
    /// # Errors
    /// [`TextErrorKind::Host`], with the offset of the label that is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        DnsNameRef::parse(text).map(DnsNameRef::to_owned)
    }

    /// The name, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> DnsNameRef<'_> {
        DnsNameRef { text: &self.text }
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for DnsName {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for DnsName {}

/// By the bytes in lower case.
impl Ord for DnsName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(&other.as_ref())
    }
}

impl PartialOrd for DnsName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for DnsName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

serde_as_text!(DnsName);

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for DnsName {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        const CHARACTERS: &[u8] = b"abcXYZ0189-";
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=3)? {
            // A letter at either end, so that nothing between them can be wrong.
            text.push('a');
            for _ in 0..u.int_in_range(0..=8)? {
                text.push(char::from(*u.choose(CHARACTERS)?));
            }
            text.push_str("z.");
        }
        text.push_str("example");
        Ok(Self { text })
    }
}

impl FromStr for DnsName {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse(text)
    }
}

/// Splits `host[:port]` and checks both; what a URL's authority and a Host header hold.
pub(crate) fn parse_host_and_port(text: &str) -> Result<(DnsNameRef<'_>, Option<u16>), TextError> {
    match text.split_once(':') {
        None => Ok((DnsNameRef::parse(text)?, None)),
        Some((host, port)) => {
            let name = DnsNameRef::parse(host)?;
            if port.is_empty() {
                return Ok((name, None));
            }
            let refusal = TextError::new(TextErrorKind::Port, host.len().saturating_add(1));
            if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refusal);
            }
            // Leading zeros are digits too; RFC 3986 §3.2.3 doesn't forbid them.
            let number = port.trim_start_matches('0');
            let number = if number.is_empty() { "0" } else { number };
            Ok((name, Some(number.parse().map_err(|_| refusal)?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_order_of_names_is_that_of_their_bytes_in_lower_case() {
        let name = |text: &str| DnsName::parse(text).unwrap();
        assert_eq!(name("A.example").cmp(&name("a.EXAMPLE")), Ordering::Equal);
        assert_eq!(name("a.example").cmp(&name("B.example")), Ordering::Less);
        assert_eq!(name("a.example.org").cmp(&name("A.example")), Ordering::Greater);
    }

    #[test]
    fn names_are_equal_in_any_case() {
        assert_eq!(DnsName::parse("A.Example"), DnsName::parse("a.eXample"));
        assert_ne!(DnsName::parse("a.example"), DnsName::parse("b.example"));
        assert_eq!(DnsName::parse("A.Example").map(|name| name.to_string()).as_deref(), Ok("A.Example"));
    }

    #[test]
    fn accepts_the_longest_label_and_name_and_refuses_one_more() {
        let label = "a".repeat(63);
        let longest = alloc::format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(longest.len(), 253);
        assert!(DnsName::parse(&longest).is_ok());
        assert_eq!(
            DnsName::parse(&alloc::format!("{longest}b")),
            Err(TextError::new(TextErrorKind::Host, 253))
        );
        assert_eq!(
            DnsName::parse(&alloc::format!("x.{label}a")),
            Err(TextError::new(TextErrorKind::Host, 2))
        );
    }

    #[test]
    fn refuses_what_is_no_domain_name() {
        for (text, offset) in [
            ("", 0),
            ("a..example", 2),
            (".example", 0),
            ("a.example.", 10),
            ("-a.example", 0),
            ("a-.example", 0),
            ("a_b.example", 0),
            ("a.exämple", 2),
            ("a.%65xample", 2),
            ("192.0.2.1", 0),
            ("[2001:db8::1]", 0),
            ("*.example", 0),
            ("a b.example", 0),
        ] {
            assert_eq!(DnsName::parse(text), Err(TextError::new(TextErrorKind::Host, offset)), "{text}");
        }
    }

    #[test]
    fn accepts_what_is_one() {
        for text in
            ["localhost", "xn--bcher-kva.example", "1.example", "3com", "a--b.example", "192.0.2.example"]
        {
            assert!(DnsName::parse(text).is_ok(), "{text}");
        }
    }

    /// The host parser of the WHATWG URL standard reads each as an IPv4 address, or fails.
    const NUMBERS: [&str; 16] = [
        "0x7f000001",
        "127.0.0.0x1",
        "0xA9.0xFE.0xA9.0xFE",
        "0xa9fea9fe",
        "0x",
        "0X",
        "0xffffffff1",
        "127.0.0.1",
        "0177.0.0.1",
        "1.0x",
        "a.0x1",
        "host.09",
        "2130706433",
        "0",
        "a.example.1",
        "a.example.0XaB",
    ];

    #[test]
    fn refuses_hosts_that_end_in_a_number() {
        use crate::{
            AssetUrlError, HttpsUrlRef, MimiUri, UrlTemplate, check_asset_url, match_presented_identities,
            parse_from_header, parse_host_header, ratchet_tree_options::HttpsUrl,
        };

        let refused = |at| TextError::new(TextErrorKind::Host, at);
        for host in NUMBERS {
            assert_eq!(DnsName::parse(host), Err(refused(0)), "{host}");
            let url = alloc::format!("https://{host}/x");
            assert_eq!(HttpsUrlRef::parse(&url), Err(refused(8)), "{host}");
            assert_eq!(check_asset_url(&url, [host]), Err(AssetUrlError::Malformed(refused(8))), "{host}");
            assert_eq!(HttpsUrl::new(&url).unwrap().plain(), Err(refused(8)), "{host}");
            assert_eq!(UrlTemplate::parse(&(url + "{y}")), Err(refused(8)), "{host}");
            assert_eq!(MimiUri::parse(&alloc::format!("mimi://{host}/u/a")), Err(refused(7)), "{host}");
            assert_eq!(parse_from_header(&alloc::format!("mimi@{host}")), Err(refused(5)), "{host}");
            assert_eq!(parse_host_header(&alloc::format!("{host}:443")), Err(refused(0)), "{host}");
            let wildcard = alloc::format!("*.{host}");
            let reference = DnsName::parse("a.example").unwrap();
            assert!(match_presented_identities(reference.as_ref(), [host, &wildcard]).is_err(), "{host}");
        }
        for host in ["0x7f000001.example", "0xample", "x0.example", "1.0xg", "0x-1", "1e3.a0"] {
            assert!(DnsName::parse(host).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_port_is_a_number_of_16_bits() {
        assert_eq!(parse_host_and_port("a.example:443").map(|(_, port)| port), Ok(Some(443)));
        assert_eq!(parse_host_and_port("a.example:").map(|(_, port)| port), Ok(None));
        assert_eq!(parse_host_and_port("a.example:00080").map(|(_, port)| port), Ok(Some(80)));
        for text in ["a.example:65536", "a.example:-1", "a.example:+1", "a.example:80:81", "a.example: 80"] {
            assert_eq!(parse_host_and_port(text), Err(TextError::new(TextErrorKind::Port, 10)), "{text}");
        }
    }
}
