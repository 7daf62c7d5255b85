//! mls-ratchet-tree-options-00: how a ratchet tree and a GroupInfo reach those who need them.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, HttpsUrlRef, InvalidValue, List, NotEmpty,
    Opaque, Reader, Result, TextError, Writer,
    code_points::ExtensionType,
    convention::{wire_enum, wire_select, wire_struct},
    mls::{Extensions, GroupContext, GroupInfo, MAC, RatchetTree, extension_content},
    tls::tls_bridge,
};

wire_enum! {
    /// How a ratchet tree is conveyed (mls-ratchet-tree-options-00, 3).
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
    /// Where the ratchet tree is (mls-ratchet-tree-options-00, 3).
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

/// `opaque ratchet_tree_url<V>` (mls-ratchet-tree-options-00, 3): an `https` URL, owned.
///
/// What an [`HttpsUrlRef`] refuses is refused: user information, a host that isn't a domain name, a fragment, and
/// characters that no URL has.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HttpsUrl(String);

const NOT_HTTPS: DecodeErrorKind = DecodeErrorKind::Rule("not a plain https URL");

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
    /// assert_eq!(url.as_ref().host().as_str(), "trees.example");
    /// assert!(HttpsUrl::new("http://trees.example/r/1").is_err());
    /// # Ok::<(), mimi_codec::TextError>(())
    /// ```
    pub fn new(url: &str) -> Result<Self, TextError> {
        HttpsUrlRef::parse(url).map(|url| Self(url.as_str().into()))
    }

    /// The URL, borrowed: its host, its port, its text.
    #[allow(clippy::should_implement_trait, reason = "a borrowed URL is no reference")]
    pub fn as_ref(&self) -> HttpsUrlRef<'_> {
        HttpsUrlRef::checked_before(&self.0)
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
        let urls = ["https://a.example/tree", "https://B.example:8443", "HTTPS://c.example/x?y"];
        u.choose(&urls).map(|url| Self((*url).into()))
    }
}

wire_struct! {
    /// A domain name (mls-ratchet-tree-options-00, 3.1).
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
    /// Where ratchet trees may be fetched from, at least one place (mls-ratchet-tree-options-00, 3.1): the content of
    /// the extension `ratchet_tree_source_domains`.
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
    /// May a ratchet tree be fetched from `url`? Its host has to be one of the domains, upper or lower case being the
    /// same; a subdomain is another host.
    pub fn allows(&self, url: &HttpsUrl) -> bool {
        self.domains
            .iter()
            .any(|domain| domain.domain.eq_ignore_ascii_case(url.as_ref().host().as_str().as_bytes()))
    }
}

wire_enum! {
    /// Does the GroupInfo hold the ratchet tree, and did the one before (mls-ratchet-tree-options-00, 4)?
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
