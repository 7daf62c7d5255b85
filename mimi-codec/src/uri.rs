//! MIMI URIs (mimi-protocol-06 §3, mimi-identity-05 §4): providers, users, pseudonyms, clients,
//! rooms, MLS groups and teams.
//!

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

#[cfg(feature = "arbitrary")]
use crate::dns_name::DnsName;
use crate::dns_name::DnsNameRef;
use crate::percent::{
    decode_path_segment, find_dot_segment, is_pchar, is_unreserved, push_escape, push_identifier, read_escape,
};
use crate::text::{TextError, TextErrorKind, serde_as_text};

const SCHEME: &str = "mimi://";

/// What a MIMI URI identifies (mimi-protocol-06 §3; pseudonyms and teams: mimi-identity-05 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UriKind<'a> {
    /// `mimi://a.example`
    Provider,
    /// `mimi://a.example/u/alice`
    User,
    /// `mimi://a.example/d/ClientA1`
    Client,
    /// `mimi://a.example/r/clubhouse`
    Room,
    /// `mimi://a.example/g/clubhouse`: the MLS group of a room.
    Group,
    /// `mimi://a.example/p/crazykoala75`: a user, under a pseudonym that shows as one.
    Pseudonym,
    /// `mimi://a.example/t/engineering`: a team, a set of users.
    Team,
    /// Any other kind, as it is written.
    Other(&'a str),
}

impl<'a> UriKind<'a> {
    /// The path segment of this kind; `None` for a provider, which has no path.
    #[must_use]
    pub const fn segment(self) -> Option<&'a str> {
        match self {
            Self::Provider => None,
            Self::User => Some("u"),
            Self::Client => Some("d"),
            Self::Room => Some("r"),
            Self::Group => Some("g"),
            Self::Pseudonym => Some("p"),
            Self::Team => Some("t"),
            Self::Other(segment) => Some(segment),
        }
    }

    /// Whether it identifies a user, by its name or by a pseudonym: a pseudonym is a user
    /// identifier, and stands under either kind as its provider likes (mimi-identity-05 §4).
    ///
    /// ```
    /// use mimi_codec::MimiUriRef;
    ///
    /// let names_user = |uri| MimiUriRef::parse(uri).is_ok_and(|uri| uri.kind().names_user());
    /// assert!(names_user("mimi://a.example/u/alice"));
    /// assert!(names_user("mimi://a.example/p/crazykoala75"));
    /// assert!(!names_user("mimi://a.example/t/engineering"));
    /// ```
    #[must_use]
    pub const fn names_user(self) -> bool {
        matches!(self, Self::User | Self::Pseudonym)
    }

    fn from_segment(segment: &'a str) -> Self {
        match segment {
            "u" => Self::User,
            "d" => Self::Client,
            "r" => Self::Room,
            "g" => Self::Group,
            "p" => Self::Pseudonym,
            "t" => Self::Team,
            other => Self::Other(other),
        }
    }
}

/// A MIMI URI that borrows its text. It is always valid.
///
/// ```text
/// mimi-uri = "mimi://" host [ "/" kind "/" id ]
/// kind     = "u" / "d" / "r" / "g" / "p" / "t" / 1*pchar
///            user, client, room, group, pseudonym, team, or one that a later draft defines
/// id       = 1*( pchar / "/" )                      all that stands after the kind
/// ```
///
/// The draft gives URIs by example only; the rest is RFC 3986's generic syntax, taken strictly: the
/// host is a domain name (§3), and nothing but it may stand in the authority; there is no query and
/// no fragment; a dot segment is refused, escaped or not, because a URL library on the way would
/// turn it into another identifier; `mimi://a.example/` is refused, because it would be a second
/// way to write the provider.
///
/// **Equality is equality of bytes**, as these URIs are hashed into message IDs and franks. What
/// RFC 3986 §6.2.2 calls equivalent (case of scheme, host and escapes; needless escapes) is a
/// question of its own: [`Self::equivalent`].
///
/// ```
/// use mimi_codec::{MimiUriRef, UriKind};
///
/// let uri = MimiUriRef::parse("mimi://a.example/u/alice")?;
/// assert_eq!(uri.host().as_str(), "a.example");
/// assert_eq!(uri.kind(), UriKind::User);
/// assert_eq!(uri.id(), Some("alice"));
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MimiUriRef<'a> {
    text: &'a str,
}

impl<'a> MimiUriRef<'a> {
    /// Checks `text`.
    ///
    /// # Errors
    /// A [`TextError`] with the place of the first thing that isn't a MIMI URI.
    pub fn parse(text: &'a str) -> Result<Self, TextError> {
        let refuse = |kind, offset| Err(TextError::new(kind, offset));
        match text.split_at_checked(SCHEME.len()) {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case(SCHEME) => {}
            _ => return refuse(TextErrorKind::Scheme, 0),
        }
        let uri = Self { text };
        let (authority, path) = uri.split();
        if authority.contains('@') {
            return refuse(TextErrorKind::UserInfo, SCHEME.len());
        }
        if let Some(colon) = authority.find(':') {
            return refuse(TextErrorKind::Port, SCHEME.len().saturating_add(colon));
        }
        DnsNameRef::parse(authority).map_err(|error| error.shifted(SCHEME.len()))?;

        let Some(path) = path else { return Ok(uri) };
        let kind_offset = SCHEME.len().saturating_add(authority.len()).saturating_add(1);
        check_characters(path, kind_offset)?;
        let Some((kind, id)) = path.split_once('/') else {
            return refuse(
                if path.is_empty() { TextErrorKind::UriKind } else { TextErrorKind::EmptyId },
                text.len(),
            );
        };
        if kind.is_empty() {
            return refuse(TextErrorKind::UriKind, kind_offset);
        }
        if id.is_empty() {
            return refuse(TextErrorKind::EmptyId, text.len());
        }
        match find_dot_segment(path) {
            None => Ok(uri),
            Some(offset) => refuse(TextErrorKind::DotSegment, kind_offset.saturating_add(offset)),
        }
    }

    /// Checks the bytes of a wire struct's `uri`.
    ///
    /// # Errors
    /// [`TextErrorKind::NotUtf8`], or what [`Self::parse`] finds.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, TextError> {
        let text = core::str::from_utf8(bytes)
            .map_err(|error| TextError::new(TextErrorKind::NotUtf8, error.valid_up_to()))?;
        Self::parse(text)
    }

    /// The URI as it was written.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// The domain name of the provider.
    #[must_use]
    pub fn host(self) -> DnsNameRef<'a> {
        DnsNameRef::checked_before(self.split().0)
    }

    /// What the URI identifies.
    #[must_use]
    pub fn kind(self) -> UriKind<'a> {
        self.kind_and_id().map_or(UriKind::Provider, |(kind, _)| UriKind::from_segment(kind))
    }

    /// All that stands after the kind, as it was written; `None` for a provider.
    #[must_use]
    pub fn id(self) -> Option<&'a str> {
        self.kind_and_id().map(|(_, id)| id)
    }

    /// [`Self::id`] with its escapes taken out. Its `/` and an escaped `/` are the same afterwards:
    /// show it, don't compare it.
    #[must_use]
    pub fn decoded_id(self) -> Option<Cow<'a, [u8]>> {
        let id = self.id()?;
        if !id.contains('%') {
            return Some(Cow::Borrowed(id.as_bytes()));
        }
        let mut out = Vec::with_capacity(id.len());
        let mut rest = id.as_bytes();
        while let [first, tail @ ..] = rest {
            if let Some(byte) = read_escape(rest) {
                out.push(byte);
                rest = rest.get(3..).unwrap_or_default();
            } else {
                out.push(*first);
                rest = tail;
            }
        }
        Some(Cow::Owned(out))
    }

    /// The URI of the provider, in the host's spelling here.
    #[must_use]
    pub fn provider(self) -> MimiUri {
        MimiUri::provider(self.host())
    }

    /// The URI as one path segment of an endpoint's URL, see
    /// [`encode_path_segment`](crate::encode_path_segment). It begins with a scheme, and so it is
    /// never a dot segment.
    #[must_use]
    pub fn to_path_segment(self) -> String {
        let mut segment = String::with_capacity(self.text.len());
        push_identifier(&mut segment, self.text.as_bytes());
        segment
    }

    /// RFC 3986 §6.2.2 normalization: scheme and host in lower case, escapes in upper case, no
    /// escape that isn't needed.
    #[must_use]
    pub fn normalized(self) -> MimiUri {
        let mut text = String::with_capacity(self.text.len());
        text.push_str(SCHEME);
        text.push_str(self.host().to_lowercase().as_str());
        if let Some(path) = self.split().1 {
            text.push('/');
            let mut rest = path.as_bytes();
            while let [first, tail @ ..] = rest {
                match read_escape(rest) {
                    Some(byte) => {
                        if is_unreserved(byte) {
                            text.push(char::from(byte));
                        } else {
                            push_escape(&mut text, byte);
                        }
                        rest = rest.get(3..).unwrap_or_default();
                    }
                    None => {
                        text.push(char::from(*first));
                        rest = tail;
                    }
                }
            }
        }
        MimiUri { text }
    }

    /// Whether the URI is its own normal form, see [`Self::normalized`].
    #[must_use]
    pub fn is_normal(self) -> bool {
        self.first_abnormal_byte().is_none()
    }

    /// The first byte at which the URI and its normal form differ.
    pub(crate) fn first_abnormal_byte(self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let authority_end = SCHEME.len().saturating_add(self.split().0.len());
        let head = bytes.get(..authority_end).unwrap_or_default();
        if let Some(offset) = head.iter().position(u8::is_ascii_uppercase) {
            return Some(offset);
        }
        let mut offset = authority_end;
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            let step = match (rest, read_escape(rest)) {
                (_, Some(byte)) if is_unreserved(byte) => return Some(offset),
                ([_, high, low, ..], Some(_)) => {
                    if let Some(place) = [high, low].iter().position(|digit| digit.is_ascii_lowercase()) {
                        return Some(offset.saturating_add(1).saturating_add(place));
                    }
                    3
                }
                _ => 1,
            };
            offset = offset.saturating_add(step);
        }
        None
    }

    /// Whether RFC 3986 §6.2.2 counts both as one identifier. The drafts compare bytes (`==`); this
    /// tells an administrator that two entries look like the same thing.
    #[must_use]
    pub fn equivalent(self, other: MimiUriRef<'_>) -> bool {
        self == other || self.normalized() == other.normalized()
    }

    /// A copy of its own.
    #[must_use]
    pub fn to_owned(self) -> MimiUri {
        MimiUri { text: String::from(self.text) }
    }

    /// The authority, and the path without its first slash.
    fn split(self) -> (&'a str, Option<&'a str>) {
        let rest = self.text.get(SCHEME.len()..).unwrap_or_default();
        match rest.split_once('/') {
            None => (rest, None),
            Some((authority, path)) => (authority, Some(path)),
        }
    }

    fn kind_and_id(self) -> Option<(&'a str, &'a str)> {
        self.split().1.and_then(|path| path.split_once('/'))
    }
}

/// Only `/`, `pchar` and whole escapes may stand in a path.
fn check_characters(path: &str, base: usize) -> Result<(), TextError> {
    let bytes = path.as_bytes();
    for (index, &byte) in bytes.iter().enumerate() {
        let kind = match byte {
            b'%' if read_escape(bytes.get(index..).unwrap_or_default()).is_none() => TextErrorKind::Escape,
            b'%' | b'/' => continue,
            byte if is_pchar(byte) => continue,
            _ => TextErrorKind::Character,
        };
        return Err(TextError::new(kind, base.saturating_add(index)));
    }
    Ok(())
}

impl fmt::Display for MimiUriRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// A MIMI URI that owns its text. It is always valid; [`MimiUriRef`] says what that means.
///
/// ```
/// use mimi_codec::{DnsName, MimiUri};
///
/// let host = DnsName::parse("a.example")?;
/// let room = MimiUri::room(host.as_ref(), "the club house")?;
/// assert_eq!(room.as_str(), "mimi://a.example/r/the%20club%20house");
/// let segment = room.to_path_segment();
/// assert_eq!(MimiUri::from_path_segment(&segment)?, room);
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MimiUri {
    text: String,
}

impl MimiUri {
    /// Checks `text`, see [`MimiUriRef::parse`].
    ///
    /// # Errors
    /// A [`TextError`] with the place of the first thing that isn't a MIMI URI.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        MimiUriRef::parse(text).map(MimiUriRef::to_owned)
    }

    /// `mimi://host`
    #[must_use]
    pub fn provider(host: DnsNameRef<'_>) -> Self {
        let mut text = String::from(SCHEME);
        text.push_str(host.as_str());
        Self { text }
    }

    /// `mimi://host/u/id`, see [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn user(host: DnsNameRef<'_>, id: &str) -> Result<Self, TextError> {
        Self::new(host, UriKind::User, id)
    }

    /// `mimi://host/d/id`, see [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn client(host: DnsNameRef<'_>, id: &str) -> Result<Self, TextError> {
        Self::new(host, UriKind::Client, id)
    }

    /// `mimi://host/r/id`, see [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn room(host: DnsNameRef<'_>, id: &str) -> Result<Self, TextError> {
        Self::new(host, UriKind::Room, id)
    }

    /// `mimi://host/g/id`, see [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn group(host: DnsNameRef<'_>, id: &str) -> Result<Self, TextError> {
        Self::new(host, UriKind::Group, id)
    }

    /// `mimi://host/p/id`, see [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn pseudonym(host: DnsNameRef<'_>, id: &str) -> Result<Self, TextError> {
        Self::new(host, UriKind::Pseudonym, id)
    }

    /// `mimi://host/t/id`, see [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn team(host: DnsNameRef<'_>, id: &str) -> Result<Self, TextError> {
        Self::new(host, UriKind::Team, id)
    }

    /// Builds a URI. `id` is the plain text; what a path can't hold, `%` included, is escaped, and
    /// `/` stays.
    ///
    /// # Errors
    /// [`TextErrorKind::EmptyId`] when `id` is empty, or isn't empty for a provider;
    /// [`TextErrorKind::DotSegment`] when a segment of it is `.` or `..`;
    /// [`TextErrorKind::UriKind`] when [`UriKind::Other`] isn't one escaped path segment. Offsets
    /// count in the URI that would have come out.
    pub fn new(host: DnsNameRef<'_>, kind: UriKind<'_>, id: &str) -> Result<Self, TextError> {
        let mut uri = Self::provider(host);
        let end = uri.text.len();
        let Some(segment) = kind.segment() else {
            return if id.is_empty() { Ok(uri) } else { Err(TextError::new(TextErrorKind::EmptyId, end)) };
        };
        if segment.is_empty() || segment.contains('/') {
            return Err(TextError::new(TextErrorKind::UriKind, end.saturating_add(1)));
        }
        uri.text.push('/');
        uri.text.push_str(segment);
        uri.text.push('/');
        for &byte in id.as_bytes() {
            if is_pchar(byte) || byte == b'/' {
                uri.text.push(char::from(byte));
            } else {
                push_escape(&mut uri.text, byte);
            }
        }
        MimiUriRef::parse(&uri.text)?;
        Ok(uri)
    }

    /// Reads the path segment of an endpoint's URL, see [`decode_path_segment`].
    ///
    /// # Errors
    /// What [`decode_path_segment`] finds (offsets in `segment`), or what
    /// [`MimiUriRef::from_bytes`] finds (offsets in the unescaped text).
    pub fn from_path_segment(segment: &str) -> Result<Self, TextError> {
        let bytes = decode_path_segment(segment)?;
        MimiUriRef::from_bytes(&bytes).map(MimiUriRef::to_owned)
    }

    /// The URI, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> MimiUriRef<'_> {
        MimiUriRef { text: &self.text }
    }

    /// The URI as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The domain name of the provider.
    #[must_use]
    pub fn host(&self) -> DnsNameRef<'_> {
        self.as_ref().host()
    }

    /// What the URI identifies.
    #[must_use]
    pub fn kind(&self) -> UriKind<'_> {
        self.as_ref().kind()
    }

    /// All that stands after the kind, as it was written; `None` for a provider.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.as_ref().id()
    }

    /// The URI as one path segment of an endpoint's URL.
    #[must_use]
    pub fn to_path_segment(&self) -> String {
        self.as_ref().to_path_segment()
    }
}

impl fmt::Display for MimiUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for MimiUri {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse(text)
    }
}

serde_as_text!(MimiUri);

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for MimiUri {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let host: DnsName = u.arbitrary()?;
        let segment = u.choose(&["u", "d", "r", "g", "b"])?;
        let id: String = u.arbitrary()?;
        // What can't be an identifier leaves the provider.
        let uri = Self::new(host.as_ref(), UriKind::from_segment(segment), &id);
        Ok(uri.unwrap_or_else(|_| Self::provider(host.as_ref())))
    }
}

impl<'a> From<&'a MimiUri> for MimiUriRef<'a> {
    fn from(uri: &'a MimiUri) -> Self {
        uri.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(not(feature = "arbitrary"))]
    use crate::dns_name::DnsName;
    use TextErrorKind as Kind;

    fn kind_and_id(text: &str) -> (UriKind<'_>, Option<&str>) {
        let uri = MimiUriRef::parse(text).unwrap();
        (uri.kind(), uri.id())
    }

    #[test]
    fn the_drafts_own_examples() {
        assert_eq!(kind_and_id("mimi://a.example"), (UriKind::Provider, None));
        assert_eq!(kind_and_id("mimi://a.example/u/alice"), (UriKind::User, Some("alice")));
        assert_eq!(kind_and_id("mimi://a.example/d/ClientA1"), (UriKind::Client, Some("ClientA1")));
        assert_eq!(kind_and_id("mimi://a.example/r/clubhouse"), (UriKind::Room, Some("clubhouse")));
        assert_eq!(kind_and_id("mimi://a.example/g/clubhouse"), (UriKind::Group, Some("clubhouse")));
        // mimi-identity-05, table 3.
        let pseudonym = "mimi://a.example/p/crazykoala75";
        assert_eq!(kind_and_id(pseudonym), (UriKind::Pseudonym, Some("crazykoala75")));
        assert_eq!(kind_and_id("mimi://a.example/t/engineering"), (UriKind::Team, Some("engineering")));
        assert_eq!(
            kind_and_id("mimi://a.example/d/alice/ClientA1"),
            (UriKind::Client, Some("alice/ClientA1"))
        );
        assert_eq!(kind_and_id("mimi://b.example/b/bob"), (UriKind::Other("b"), Some("bob")));
        assert_eq!(
            kind_and_id("mimi://example.com/d/3b52249d-68f9-45ce-8bf5-c799f3cad7ec/0003"),
            (UriKind::Client, Some("3b52249d-68f9-45ce-8bf5-c799f3cad7ec/0003"))
        );
        assert_eq!(kind_and_id("MIMI://A.Example/u/x").0, UriKind::User);
    }

    #[test]
    fn refuses_by_kind_and_offset() {
        for (text, kind, offset) in [
            ("", Kind::Scheme, 0),
            ("mimi:", Kind::Scheme, 0),
            ("mimi:/a.example", Kind::Scheme, 0),
            ("mimi:a.example", Kind::Scheme, 0),
            ("im:alice@a.example", Kind::Scheme, 0),
            ("https://a.example/u/x", Kind::Scheme, 0),
            ("mimi://", Kind::Host, 7),
            ("mimi:///u/alice", Kind::Host, 7),
            ("mimi://alice@a.example/u/x", Kind::UserInfo, 7),
            ("mimi://a.example:443/u/x", Kind::Port, 16),
            ("mimi://[::1]/u/x", Kind::Port, 8),
            ("mimi://127.0.0.1/u/x", Kind::Host, 7),
            ("mimi://a..example/u/x", Kind::Host, 9),
            ("mimi://a%2eexample/u/x", Kind::Host, 7),
            ("mimi://ä.example/u/x", Kind::Host, 7),
            ("mimi://a.example/", Kind::UriKind, 17),
            ("mimi://a.example//x", Kind::UriKind, 17),
            ("mimi://a.example/u", Kind::EmptyId, 18),
            ("mimi://a.example/u/", Kind::EmptyId, 19),
            ("mimi://a.example/u/a?b", Kind::Character, 20),
            ("mimi://a.example/u/a#b", Kind::Character, 20),
            ("mimi://a.example/u/a b", Kind::Character, 20),
            ("mimi://a.example/u/a\\b", Kind::Character, 20),
            ("mimi://a.example/u/ä", Kind::Character, 19),
            ("mimi://a.example/u/a\0", Kind::Character, 20),
            ("mimi://a.example/u/%", Kind::Escape, 19),
            ("mimi://a.example/u/%4", Kind::Escape, 19),
            ("mimi://a.example/u/a%4z", Kind::Escape, 20),
            ("mimi://a.example/%zz/a", Kind::Escape, 17),
            ("mimi://a.example/u/../r/x", Kind::DotSegment, 19),
            ("mimi://a.example/u/x/%2E%2e", Kind::DotSegment, 21),
            ("mimi://a.example/u/.%2e", Kind::DotSegment, 19),
            ("mimi://a.example/u/%2e", Kind::DotSegment, 19),
            ("mimi://a.example/./x", Kind::DotSegment, 17),
        ] {
            assert_eq!(MimiUri::parse(text), Err(TextError::new(kind, offset)), "{text}");
        }
        assert_eq!(MimiUriRef::from_bytes(b"mimi://a\xff"), Err(TextError::new(Kind::NotUtf8, 8)));
    }

    #[test]
    fn dots_that_are_no_dot_segment_stay() {
        for text in [
            "mimi://a.example/u/...",
            "mimi://a.example/u/.a",
            "mimi://a.example/u/a%2e.",
            "mimi://a.example/u/a//b",
        ] {
            assert!(MimiUri::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn equality_is_of_bytes_and_equivalence_is_rfc_3986s() {
        let pairs = [
            ("mimi://a.example/u/alice", "MIMI://A.EXAMPLE/u/alice", true),
            ("mimi://a.example/u/alice", "mimi://a.example/u/%61lice", true),
            ("mimi://a.example/u/a%2fb", "mimi://a.example/u/a%2Fb", true),
            ("mimi://a.example/u/a%2Fb", "mimi://a.example/u/a/b", false),
            ("mimi://a.example/u/alice", "mimi://a.example/u/Alice", false),
            ("mimi://a.example/u/alice", "mimi://a.example/d/alice", false),
            ("mimi://a.example/u/a!", "mimi://a.example/u/a%21", false),
        ];
        for (left, right, equivalent) in pairs {
            let (left, right) = (MimiUriRef::parse(left).unwrap(), MimiUriRef::parse(right).unwrap());
            assert_ne!(left, right);
            assert_eq!(left.equivalent(right), equivalent, "{left} {right}");
            assert_eq!(MimiUri::parse(left.normalized().as_str()), Ok(left.normalized()));
        }
    }

    #[test]
    fn what_is_built_is_valid_and_comes_back() {
        let host = DnsName::parse("a.example").unwrap();
        for id in ["alice", "Ålice % 100", "a/b", "?#[]", "x:y@z", "0003/..a"] {
            for kind in [
                UriKind::User,
                UriKind::Client,
                UriKind::Room,
                UriKind::Group,
                UriKind::Pseudonym,
                UriKind::Team,
                UriKind::Other("b"),
            ] {
                let uri = MimiUri::new(host.as_ref(), kind, id).unwrap();
                assert_eq!(MimiUri::parse(uri.as_str()).as_ref(), Ok(&uri));
                assert_eq!(uri.kind(), kind);
                assert_eq!(uri.as_ref().decoded_id().as_deref(), Some(id.as_bytes()));
                assert_eq!(MimiUri::from_path_segment(&uri.to_path_segment()), Ok(uri));
            }
        }
        assert_eq!(MimiUri::provider(host.as_ref()), MimiUri::parse("mimi://a.example").unwrap());
    }

    #[test]
    fn refuses_to_build_what_would_not_parse() {
        let host = DnsName::parse("a.example").unwrap();
        let new = |kind, id| MimiUri::new(host.as_ref(), kind, id).map_err(|error| error.kind);
        assert_eq!(new(UriKind::User, ""), Err(Kind::EmptyId));
        assert_eq!(new(UriKind::Provider, "x"), Err(Kind::EmptyId));
        assert_eq!(new(UriKind::User, ".."), Err(Kind::DotSegment));
        assert_eq!(new(UriKind::Other(""), "x"), Err(Kind::UriKind));
        assert_eq!(new(UriKind::Other("u/x"), "x"), Err(Kind::UriKind));
        assert_eq!(new(UriKind::Other("a b"), "x"), Err(Kind::Character));
    }

    #[test]
    fn refuses_a_path_segment_with_a_malformed_escape() {
        assert_eq!(
            MimiUri::from_path_segment("mimi%3A%2F%2Fa.example%2Fu%2"),
            Err(TextError::new(Kind::Escape, 26))
        );
    }
}
