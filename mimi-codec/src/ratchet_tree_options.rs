//! mls-ratchet-tree-options-00: how a ratchet tree and a GroupInfo reach those who need them.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValue, List, NotEmpty, Opaque, Reader,
    Result, Writer,
    code_points::ExtensionType,
    convention::{wire_enum, wire_select, wire_struct},
    mls::{Extensions, GroupContext, GroupInfo, MAC, RatchetTree, extension_content},
    tls::tls_bridge,
};

wire_select! {
    /// Where the ratchet tree is (mls-ratchet-tree-options-00, 3).
    pub enum RatchetTreeOption: u8 "RatchetTreeRepresentation" {
        /// Here.
        1 "full" => Full {
            /// The tree.
            ratchet_tree: RatchetTree,
        },
        /// Somewhere on the web. Whoever fetches it checks the host against [`DomainList::allows`] first.
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

/// `opaque ratchet_tree_url<V>` (mls-ratchet-tree-options-00, 3): a URL of the scheme `https` with a host.
///
/// Only the characters of RFC 3986 occur, so there is one way to read it; user information is refused.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HttpsUrl(String);

impl HttpsUrl {
    /// This URL.
    ///
    /// # Errors
    /// A [`Rule`](DecodeErrorKind::Rule) when it isn't one of the scheme `https`, without a host, or with characters
    /// that a URL can't have.
    ///
    /// ```
    /// use mimi_codec::ratchet_tree_options::HttpsUrl;
    ///
    /// assert_eq!(HttpsUrl::new("https://Trees.example:8443/r/1")?.host(), "Trees.example");
    /// assert!(HttpsUrl::new("http://trees.example/r/1").is_err());
    /// # Ok::<(), mimi_codec::InvalidValue>(())
    /// ```
    pub fn new(url: &str) -> Result<Self, InvalidValue> {
        check_url(url.as_bytes()).map_err(InvalidValue::whole)?;
        Ok(Self(url.into()))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, without a port.
    pub fn host(&self) -> &str {
        host_of(&self.0).unwrap_or_default()
    }
}

/// The part between `//` and whatever ends it.
fn authority_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    rest.split(['/', '?', '#']).next()
}

fn host_of(url: &str) -> Option<&str> {
    let authority = authority_of(url)?;
    if authority.starts_with('[') {
        let end = authority.find(']')?;
        return authority.get(..=end);
    }
    authority.split(':').next()
}

fn check_url(url: &[u8]) -> Result<(), DecodeErrorKind> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(byte);
    let text = core::str::from_utf8(url).map_err(|_| DecodeErrorKind::InvalidUtf8)?;
    if !url.iter().all(allowed) {
        return Err(DecodeErrorKind::Rule("a URL has characters that it can't have"));
    }
    let authority = authority_of(text).ok_or(DecodeErrorKind::Rule("the URL is not of the scheme https"))?;
    if authority.contains('@') {
        return Err(DecodeErrorKind::Rule("the URL carries user information"));
    }
    let host = host_of(text).unwrap_or_default();
    let port = authority.get(host.len()..).unwrap_or_default();
    let digits = port.strip_prefix(':').unwrap_or(port);
    if host.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecodeErrorKind::Rule("the URL has no host"));
    }
    Ok(())
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
        check_url(url).map_err(|kind| DecodeError::new(kind, start))?;
        Ok(Self(String::from_utf8_lossy(url).into_owned()))
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
        let urls = ["https://a.example/tree", "https://B.example:8443", "HTTPS://[2001:db8::1]/x?y#z"];
        u.choose(&urls).map(|url| Self((*url).into()))
    }
}

wire_struct! {
    /// A domain name (mls-ratchet-tree-options-00, 3.1).
    pub struct Domain {
        /// The name.
        pub domain: Opaque,
    }
}

wire_struct! {
    /// Where ratchet trees may be fetched from, at least one place (mls-ratchet-tree-options-00, 3.1): the content of
    /// the extension `ratchet_tree_source_domains`.
    pub struct DomainList {
        /// The domains.
        pub domains: List<Domain, NotEmpty>,
    }
}

extension_content! { DomainList = RATCHET_TREE_SOURCE_DOMAINS }

impl DomainList {
    /// May a ratchet tree be fetched from `url`? Its host has to be one of the domains, upper or lower case being the
    /// same; a subdomain is another host.
    pub fn allows(&self, url: &HttpsUrl) -> bool {
        self.domains.iter().any(|domain| domain.domain.eq_ignore_ascii_case(url.host().as_bytes()))
    }
}

wire_enum! {
    /// Does the GroupInfo hold the ratchet tree, and did the one before (mls-ratchet-tree-options-00, 4)?
    pub enum RatchetTreePresence {
        /// Neither.
        0 "no_ratchet_tree" => NoRatchetTree,
        /// Both.
        1 "present" => Present,
        /// The one before.
        2 "removed" => Removed,
        /// This one.
        3 "added" => Added,
    }
}

wire_struct! {
    /// What a hub that has followed the handshakes lacks of a GroupInfo (mls-ratchet-tree-options-00, 4).
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
    fn check(&self) -> Result<(), InvalidValue> {
        if self.group_info_extensions.data(ExtensionType::RATCHET_TREE).is_some() {
            return Err(InvalidValue::field("group_info_extensions", DecodeErrorKind::Unexpected));
        }
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        let mut extensions = core::mem::take(&mut self.group_info_extensions).into_vec();
        extensions.retain(|extension| extension.extension_type != ExtensionType::RATCHET_TREE);
        self.group_info_extensions = Extensions::new(extensions).unwrap_or_default();
    }

    /// The GroupInfo, put together with what the hub knows from the commit: the new epoch's `group_context`, the
    /// commit's `confirmation_tag` and its sender's leaf.
    ///
    /// # Errors
    /// [`Unexpected`](DecodeErrorKind::Unexpected) when the GroupInfo holds the ratchet tree: its place among the
    /// extensions is signed, and nothing here says where that is. In MIMI it never does.
    pub fn group_info(
        &self,
        group_context: GroupContext,
        confirmation_tag: MAC,
        signer: u32,
    ) -> Result<GroupInfo, InvalidValue> {
        match self.ratchet_tree_presence {
            RatchetTreePresence::NoRatchetTree | RatchetTreePresence::Removed => Ok(GroupInfo {
                group_context,
                extensions: self.group_info_extensions.clone(),
                confirmation_tag,
                signer,
                signature: self.signature.clone(),
            }),
            RatchetTreePresence::Present | RatchetTreePresence::Added => {
                Err(InvalidValue::field("ratchet_tree_presence", DecodeErrorKind::Unexpected))
            }
        }
    }
}
