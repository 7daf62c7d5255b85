//! mls-ratchet-tree-options-01: how a ratchet tree and a GroupInfo reach those who need them.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, HttpsUrlRef, InvalidValueError, List,
    NotEmpty, Opaque, Reader, Result, TextError, TextErrorKind, Writer,
    code_points::ExtensionType,
    convention::{open_registry, wire_enum, wire_select, wire_struct},
    mls::{Extensions, GroupContext, GroupInfo, MAC, RatchetTree, extension_content},
    percent::{is_pchar, read_escape},
    tls::tls_bridge,
};

wire_enum! {
    /// How a ratchet tree is conveyed (mls-ratchet-tree-options-01 §3).
    ///
    /// ```text
    /// enum {
    ///   reserved(0),
    ///   full(1),
    ///   httpsUri(2),
    ///   outOfBand(3),
    ///   distributionService(4),
    ///   (255)
    /// } RatchetTreeRepresentation;
    /// ```
    pub enum RatchetTreeRepresentation {
        /// In place.
        1 "full" => Full,
        /// By a URL.
        2 "httpsUri" => HttpsUri,
        /// The application knows.
        3 "outOfBand" => OutOfBand,
        /// The hub has followed the handshakes.
        4 "distributionService" => DistributionService,
    }
}

wire_select! {
    /// Where the ratchet tree is (mls-ratchet-tree-options-01 §3).
    ///
    /// ```text
    /// struct {
    ///   RatchetTreeRepresentation representation;
    ///   select (representation) {
    ///     case full:
    ///       Node ratchet_tree<V>;
    ///     case httpsUrl:
    ///       /* an HTTPS URL */
    ///       opaque ratchet_tree_url<V>;
    ///     case outOfBand:
    ///       struct {};
    ///     case distributionService:
    ///       struct {};
    ///   };
    /// } RatchetTreeOption;
    /// ```
    pub enum RatchetTreeOption: u8 "RatchetTreeRepresentation" {
        /// Here.
        1 "full" => Full {
            /// The tree.
            ratchet_tree: RatchetTree,
        },
        /// Somewhere on the web. The fetcher checks the host against [`DomainList::allows`] first.
        2 "httpsUri" => HttpsUri {
            /// Where.
            ratchet_tree_url: HttpsUrl,
        },
        /// The application knows.
        3 "outOfBand" => OutOfBand {},
        /// The hub has followed the handshakes.
        4 "distributionService" => DistributionService {},
    }
}

/// `opaque ratchet_tree_url<V>` (mls-ratchet-tree-options-01 §3): an `https` URL, owned.
///
/// A party that passes it on takes it as RFC 3986 does: a host of any kind, and a path and query of
/// its characters. User information and a fragment are refused. A fetcher wants [`Self::plain`],
/// whose host is a domain name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HttpsUrl(String);

const NOT_HTTPS: DecodeErrorKind = DecodeErrorKind::Rule("not a plain https URL");

const SCHEME: &str = "https://";

/// RFC 3986 §3.2: `host [ ":" port ]`, the host not empty.
fn check_host_and_port(authority: &str) -> Result<(), TextError> {
    let refuse = |kind, offset| Err(TextError::new(kind, offset));
    let is_port = |rest: &str| match rest.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => rest.is_empty(),
    };
    // `:` and `@` are pchars, and no host has them.
    let is_name = |byte: &u8| is_pchar(*byte) && !matches!(byte, b':' | b'@');
    let end = match authority.strip_prefix('[').map(|literal| literal.split_once(']')) {
        None => {
            let name = authority.split_once(':').map_or(authority, |(name, _)| name);
            let bytes = name.as_bytes();
            for (index, byte) in bytes.iter().enumerate() {
                match byte {
                    b'%' if read_escape(bytes.get(index..).unwrap_or_default()).is_none() => {
                        return refuse(TextErrorKind::Escape, index);
                    }
                    b'%' => {}
                    byte if is_name(byte) => {}
                    _ => return refuse(TextErrorKind::Character, index),
                }
            }
            if name.is_empty() {
                return refuse(TextErrorKind::Host, 0);
            }
            name.len()
        }
        Some(Some((address, _))) if is_ip_literal(address) => address.len().saturating_add(2),
        Some(_) => return refuse(TextErrorKind::Host, 0),
    };
    if authority.get(end..).is_some_and(is_port) { Ok(()) } else { refuse(TextErrorKind::Port, end) }
}

/// What may stand in brackets: an IPv6 address, or `v`, a version and an address of a kind to come.
fn is_ip_literal(address: &str) -> bool {
    if address.parse::<core::net::Ipv6Addr>().is_ok() {
        return true;
    }
    let Some((version, address)) = address.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.'))
    else {
        return false;
    };
    !version.is_empty()
        && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !address.is_empty()
        && address.bytes().all(|byte| is_pchar(byte) && byte != b'@')
}

impl HttpsUrl {
    /// This URL.
    ///
    /// # Errors
    /// What is wrong with it.
    ///
    /// ```
    /// use mimi_codec::ratchet_tree_options::HttpsUrl;
    ///
    /// let url = HttpsUrl::new("https://trees.example:8443/r/1")?;
    /// assert_eq!(url.plain()?.host().as_str(), "trees.example");
    /// assert!(HttpsUrl::new("http://trees.example/r/1").is_err());
    /// // Legal, and nothing to fetch a tree from.
    /// assert!(HttpsUrl::new("https://[::1]/r/1")?.plain().is_err());
    /// # Ok::<(), mimi_codec::TextError>(())
    /// ```
    pub fn new(url: &str) -> Result<Self, TextError> {
        match url.split_at_checked(SCHEME.len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => {
                let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
                if authority.contains('@') {
                    return Err(TextError::new(TextErrorKind::UserInfo, SCHEME.len()));
                }
                check_host_and_port(authority).map_err(|error| error.shifted(SCHEME.len()))?;
                HttpsUrlRef::check_rest(path)
                    .map_err(|error| error.shifted(SCHEME.len().saturating_add(end)))?;
                Ok(Self(url.into()))
            }
            _ => Err(TextError::new(TextErrorKind::Scheme, 0)),
        }
    }

    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL with one way to read it, for fetchers: its host is a domain name.
    ///
    /// # Errors
    /// As [`HttpsUrlRef::parse`]: an IP address, an underscore or a trailing dot in the host, a
    /// port over 65535.
    pub fn plain(&self) -> Result<HttpsUrlRef<'_>, TextError> {
        HttpsUrlRef::parse(&self.0)
    }
}

impl fmt::Debug for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'a> Decode<'a> for HttpsUrl {
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        let url = reader.opaque()?;
        core::str::from_utf8(url)
            .ok()
            .and_then(|url| Self::new(url).ok())
            .ok_or_else(|| DecodeError::new(NOT_HTTPS, start))
    }
}

impl Encode for HttpsUrl {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.0.encode(writer)
    }
}

impl tls_codec::Size for HttpsUrl {
    fn tls_serialized_len(&self) -> usize {
        crate::writer::vector_len(self.0.len())
    }
}

tls_bridge!(encode decode HttpsUrl);

#[cfg(feature = "serde")]
impl serde::Serialize for HttpsUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for HttpsUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for HttpsUrl {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let urls = [
            "https://a.example/tree",
            "https://B.example:8443",
            "HTTPS://c.example/x?y",
            "https://[2001:db8::1]:443/",
            "https://a_b.example.",
        ];
        u.choose(&urls).map(|url| Self((*url).into()))
    }
}

wire_struct! {
    /// A domain name (mls-ratchet-tree-options-01 §3.1).
    ///
    /// ```text
    /// struct {
    ///     opaque domain<V>;
    /// } Domain;
    /// ```
    pub struct Domain {
        /// The name.
        pub domain: Opaque,
    }
}

wire_struct! {
    /// Where ratchet trees may be fetched from, at least one place (mls-ratchet-tree-options-01
    /// §3.1): the content of the extension `ratchet_tree_source_domains`.
    ///
    /// ```text
    /// struct {
    ///     Domain domains<V>
    /// } DomainList;
    /// ```
    pub struct DomainList {
        /// The domains.
        pub domains: List<Domain, NotEmpty>,
    }
}

extension_content! { DomainList = RATCHET_TREE_SOURCE_DOMAINS }

impl DomainList {
    /// May a ratchet tree be fetched from `url`? Its host has to be one of the domains, upper or
    /// lower case being the same; a subdomain is another host, and what is no domain name is none
    /// of them.
    pub fn allows(&self, url: &HttpsUrl) -> bool {
        url.plain().is_ok_and(|url| {
            let host = url.host().as_str().as_bytes();
            self.domains.iter().any(|domain| domain.domain.eq_ignore_ascii_case(host))
        })
    }
}

open_registry! {
    /// Does the GroupInfo hold the ratchet tree, and did the one before
    /// (mls-ratchet-tree-options-01 §4)?
    ///
    /// ```text
    /// enum {
    ///   no_ratchet_tree(0),
    ///   present(1),
    ///   removed(2),
    ///   added(3),
    ///   (255)
    /// } RatchetTreePresence;
    /// ```
    pub struct RatchetTreePresence(u8) {
        /// Neither.
        0 "no_ratchet_tree" => NO_RATCHET_TREE,
        /// Both.
        1 "present" => PRESENT,
        /// The one before.
        2 "removed" => REMOVED,
        /// This one.
        3 "added" => ADDED,
    }
}

wire_struct! {
    /// What a hub that has followed the handshakes lacks of a GroupInfo
    /// (mls-ratchet-tree-options-01 §4).
    ///
    /// ```text
    /// struct {
    ///   RatchetTreePresence ratchet_tree_presence;
    ///   /* GroupInfo extensions excluding ratchet_tree */
    ///   Extension group_info_extensions<V>;
    ///   opaque signature<V>;
    /// } PartialGroupInfo;
    /// ```
    pub struct PartialGroupInfo {
        /// Does the GroupInfo hold the ratchet tree?
        ratchet_tree_presence: RatchetTreePresence,
        /// The GroupInfo's extensions without `ratchet_tree`.
        group_info_extensions: Extensions,
        /// The GroupInfo's signature.
        signature: Opaque,
    } check PartialGroupInfo::check, repair PartialGroupInfo::repair
}

impl PartialGroupInfo {
    fn check(&self) -> Result<(), InvalidValueError> {
        if self.group_info_extensions.data(ExtensionType::RATCHET_TREE).is_some() {
            return Err(InvalidValueError::field("group_info_extensions", DecodeErrorKind::Unexpected));
        }
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        let mut extensions = core::mem::take(&mut self.group_info_extensions).into_vec();
        extensions.retain(|extension| extension.extension_type != ExtensionType::RATCHET_TREE);
        self.group_info_extensions = Extensions::new(extensions).unwrap_or_default();
    }

    /// The GroupInfo, put together with what the hub knows from the commit: the new epoch's
    /// `group_context`, the commit's `confirmation_tag` and its sender's leaf.
    ///
    /// # Errors
    /// [`Unexpected`](DecodeErrorKind::Unexpected) when the GroupInfo holds the ratchet tree: its
    /// place among the extensions is signed, and nothing here says where that is. In MIMI it never
    /// does.
    pub fn group_info(
        &self,
        group_context: GroupContext,
        confirmation_tag: MAC,
        signer: u32,
    ) -> Result<GroupInfo, InvalidValueError> {
        match self.ratchet_tree_presence {
            RatchetTreePresence::NO_RATCHET_TREE | RatchetTreePresence::REMOVED => Ok(GroupInfo {
                group_context,
                extensions: self.group_info_extensions.clone(),
                confirmation_tag,
                signer,
                signature: self.signature.clone(),
            }),
            _ => Err(InvalidValueError::field("ratchet_tree_presence", DecodeErrorKind::Unexpected)),
        }
    }
}
