//! Links, mentions, and links that are not what they seem: mimi-content-09 §9.6.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::address::{Address, Addresses, Form, normal, shown, word};
use super::depth::nests_too_deeply;
use super::event::is_safe_target;
use super::parser;
use crate::part::PartIndex;

/// A link or an image in Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MarkdownLink {
    /// What is shown, without its marks; of an image, its alternative text.
    pub text: String,
    /// Where it leads, as it is written. Of any scheme: this is what stands in the message, not
    /// what is safe.
    pub target: String,
    /// Whether it is an image.
    pub is_image: bool,
}

impl MarkdownLink {
    /// Where the link leads when it is shown by [`events`](super::events): its target if it is
    /// kept, in the one spelling for another part of the message; `None` if the link is dropped.
    #[must_use]
    pub fn kept_target(&self) -> Option<Cow<'_, str>> {
        match PartIndex::from_content_id(&self.target) {
            Ok(part) => Some(Cow::Owned(alloc::format!("cid:{part}@local.invalid"))),
            Err(_) => is_safe_target(&self.target).then_some(Cow::Borrowed(self.target.as_str())),
        }
    }

    /// What to tell a person who follows the link, if anything. See [`link_warning`].
    #[must_use]
    pub fn warning(&self) -> Option<LinkWarning> {
        link_warning(&self.text, &self.target)
    }
}

/// Images inside of images, and these in a link, that [`links`] reports.
const MAX_NESTED: usize = 8;

/// Why a person should be asked before a link is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LinkWarning {
    /// The text is, or holds, an address other than the target.
    OtherUrl,
    /// The text says https, the target is the same under http.
    Downgraded,
}

impl LinkWarning {
    /// The name that test vectors have for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherUrl => "other_url",
            Self::Downgraded => "downgraded",
        }
    }
}

impl fmt::Display for LinkWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherUrl => "the link shows another address than the one it leads to",
            Self::Downgraded => "the link shows https and leads to http",
        })
    }
}

/// All links and images, in the order in which they end. Empty for a text that nests absurdly,
/// which is shown as plain text. Of images in the alternative text of images, only the outer eight
/// levels.
///
/// ```
/// use mimi_content::gfm::{LinkWarning, links};
///
/// let links = links("[https://example.com/foobar](https://spearphishers.example/foobar) <https://example.com>");
/// assert_eq!(links[0].warning(), Some(LinkWarning::OtherUrl));
/// assert_eq!(links[1].target, "https://example.com");
/// ```
#[must_use]
pub fn links(markdown: &str) -> Vec<MarkdownLink> {
    let (mut links, mut text) = (Vec::new(), String::new());
    // Where the text of each link that is open begins, in the text of the outermost.
    let mut open = Vec::new();
    if nests_too_deeply(markdown) {
        return links;
    }
    for event in parser(markdown) {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let scheme = if link_type == LinkType::Email { "mailto:" } else { "" };
                open.push((text.len(), alloc::format!("{scheme}{dest_url}")));
            }
            Event::Start(Tag::Image { dest_url, .. }) => open.push((text.len(), String::from(&*dest_url))),
            Event::End(end @ (TagEnd::Link | TagEnd::Image)) => {
                let Some((start, target)) = open.pop() else { continue };
                // Each holds a copy of all text inside it.
                if open.len() < MAX_NESTED {
                    let shown = String::from(text.get(start..).unwrap_or_default());
                    links.push(MarkdownLink { text: shown, target, is_image: end == TagEnd::Image });
                }
                if open.is_empty() {
                    text.clear();
                }
            }
            _ if open.is_empty() => {}
            Event::Text(shown) | Event::Code(shown) | Event::InlineHtml(shown) => text.push_str(&shown),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    links
}

/// The links that mention a user: those to a URI of which `is_member` says that it is a user with a
/// client in the group.
///
/// How to compare URIs, and who is in the group, is the caller's to know. The text is what the
/// sender suggests to show; whether it may represent that user is for the receiver to decide
/// (mimi-content-09 §9.6).
///
/// ```
/// use mimi_content::gfm::mentions;
///
/// let text = "Kudos to [@Alice Smith](mimi://example.com/u/alice-smith), see <https://example.com>";
/// let mentions = mentions(text, |uri| uri == "mimi://example.com/u/alice-smith");
/// assert_eq!((mentions.len(), &*mentions[0].text), (1, "@Alice Smith"));
/// ```
#[must_use]
pub fn mentions(markdown: &str, mut is_member: impl FnMut(&str) -> bool) -> Vec<MarkdownLink> {
    let mut found = links(markdown);
    found.retain(|link| !link.is_image && is_member(&link.target));
    found
}

/// What to tell a person who follows a link, if anything: that its text shows an address other than
/// its target.
///
/// # What counts as an address
///
/// Anywhere in the text, also directly after or before other signs:
///
/// - a scheme with two slashes (`https://bank.example`), a known scheme without
///   (`https:bank.example`, `im:alice@bank.example`);
/// - a host name whose last label is a top-level domain, an IPv4 or an IPv6 address, each with what
///   follows it;
/// - two slashes and a host (`//bank.example`), a user at a host (`alice@bank.example`).
///
/// The text is taken as a person sees it: letters that a right-to-left override (U+202E) turns
/// around are read in both directions; characters without width are dropped; signs that look like a
/// dot, a slash, a colon, a hyphen or an at sign count as those.
///
/// `README.md` and `main.rs` are files, although `md` and `rs` are top-level domains: two labels
/// that end in one of the endings `cab`, `cc`, `md`, `mk`, `mov`, `pm`, `ps`, `py`, `rs`, `sh`,
/// `so`, `zip` are an address only with a path, a query, a port of the web or slashes (reading
/// T61).
///
/// # What counts as the same
///
/// Two addresses are the same if they are after normalization (RFC 3986 §6.2.2 and §6.2.3), and
/// host names in ASCII (UTS #46). An address without a scheme has the target's. `alice@example.com`
/// is the address of a `mailto:` link, and says nothing about a `mimi:` or `im:` link, which
/// mentions a user. Letters that look like others are not the same.
///
/// A host name alone names a site: it is the same as every target on that host, on any port if it
/// names none. A text with a scheme, a path or a query names a place, and must be that place.
///
/// ```
/// use mimi_content::gfm::{LinkWarning, link_warning};
///
/// let target = "https://example.com/foobar";
/// assert_eq!(link_warning("example.com/foobar", target), None);
/// assert_eq!(link_warning("https://example.com:443/foobar", target), None);
/// assert_eq!(link_warning("example.com", target), None);
/// assert_eq!(link_warning("read this", target), None);
/// assert_eq!(link_warning("read README.md", target), None);
/// assert_eq!(link_warning("\u{1f512}bank.example|login", target), Some(LinkWarning::OtherUrl));
/// assert_eq!(link_warning(target, "https://spearphishers.example/foobar"), Some(LinkWarning::OtherUrl));
/// assert_eq!(link_warning(target, "http://example.com/foobar"), Some(LinkWarning::Downgraded));
/// ```
#[must_use]
pub fn link_warning(text: &str, target: &str) -> Option<LinkWarning> {
    if text == target {
        return None;
    }
    let target = Target::new(target.trim());
    let warning = warning_of(&shown(text), &target);
    if warning == Some(LinkWarning::OtherUrl) || !text.contains(OVERRIDE) {
        return warning;
    }
    match warning_of(&shown(&in_order_of_display(text)), &target) {
        Some(LinkWarning::OtherUrl) => Some(LinkWarning::OtherUrl),
        other => warning.or(other),
    }
}

/// Letters that follow are shown from right to left, whatever they are.
const OVERRIDE: char = '\u{202e}';

/// The text with what an override turns around turned around.
fn in_order_of_display(text: &str) -> String {
    let mut pieces = text.split(OVERRIDE);
    let mut seen = String::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (turned, rest) = piece.split_once('\u{202c}').unwrap_or((piece, ""));
        seen.extend(turned.chars().rev());
        seen.push_str(rest);
    }
    seen
}

fn warning_of(text: &str, target: &Target<'_>) -> Option<LinkWarning> {
    let mut addresses = Addresses::new(text);
    let mut downgraded = None;
    while let Some(address) = addresses.next() {
        let (verdict, end) = target.compare(text, address);
        match verdict {
            Some(LinkWarning::OtherUrl) => return verdict,
            Some(_) => downgraded = verdict,
            None => {}
        }
        // What follows the address is read on.
        addresses.at = addresses.at.max(end);
    }
    downgraded
}

/// The target of a link, to compare addresses with.
struct Target<'t> {
    target: &'t str,
    scheme: &'t str,
    normal: Option<String>,
    /// The host and port in the normal form.
    host: Option<Range<usize>>,
    /// Bytes of the longest address that can be the target.
    longest: usize,
}

impl<'t> Target<'t> {
    fn new(target: &'t str) -> Self {
        let (scheme, _) = target.split_once(':').unwrap_or_default();
        let normal = normal(target);
        let length = normal.as_deref().unwrap_or_default().len().max(target.len());
        let host = normal.as_deref().and_then(host_of);
        // Percent-encoding takes three bytes for one, full-width letters were replaced.
        Self { target, scheme, normal, host, longest: length.saturating_mul(4).saturating_add(64) }
    }

    fn is_of(&self, schemes: &[&str]) -> bool {
        schemes.iter().any(|scheme| self.scheme.eq_ignore_ascii_case(scheme))
    }

    /// What to warn of, and where the address ends.
    fn compare(&self, text: &str, address: Address) -> (Option<LinkWarning>, usize) {
        let Address { form, start, end } = address;
        let word = word(text, start, self.longest);
        let at = |length: usize| start.saturating_add(length);
        if form == Form::User && self.is_of(&["mimi", "im"]) {
            // The handle of a user, as the text of a mention.
            return (None, at(soft_end(word)));
        }
        let prefix = match form {
            Form::Scheme => String::new(),
            Form::User if self.is_of(&["mailto"]) => String::from("mailto:"),
            Form::Relative => alloc::format!("{}:", if self.is_web() { self.scheme } else { "https" }),
            _ if self.is_web() => alloc::format!("{}://", self.scheme),
            _ => String::from("https://"),
        };
        let mut downgraded = None;
        let end = end.map(|end| end.saturating_sub(start));
        for (skipped, length) in candidates(word, end) {
            let Some(shown) = word.get(skipped..length) else { continue };
            let bare_ipv6 = form != Form::Scheme && shown.parse::<core::net::Ipv6Addr>().is_ok();
            let shown = if bare_ipv6 {
                alloc::format!("{prefix}[{shown}]")
            } else {
                alloc::format!("{prefix}{shown}")
            };
            if shown == self.target {
                return (None, at(length));
            }
            let (Some(shown), Some(target)) = (normal(&shown), self.normal.as_deref()) else { continue };
            if shown == target || form == Form::Host && self.is_host(&shown) {
                return (None, at(length));
            }
            let is_downgrade = target
                .strip_prefix("http:")
                .is_some_and(|target| shown.strip_prefix("https:") == Some(target));
            if is_downgrade {
                downgraded = downgraded.or(Some(length));
            }
        }
        match downgraded {
            Some(length) => (Some(LinkWarning::Downgraded), at(length)),
            None => (Some(LinkWarning::OtherUrl), at(word.len())),
        }
    }

    /// Whether the normal form of an address is the target's host and no more.
    fn is_host(&self, shown: &str) -> bool {
        let of_target = self.host.clone().and_then(|host| self.normal.as_deref()?.get(host));
        let alone = shown.split_once("://").and_then(|(_, rest)| rest.strip_suffix('/'));
        let (Some(alone), Some(of_target)) = (alone, of_target) else { return false };
        let without_port = of_target.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(':');
        [Some(of_target), without_port].into_iter().flatten().any(|host| host.eq_ignore_ascii_case(alone))
    }

    fn is_web(&self) -> bool {
        self.is_of(&["http", "https"])
    }
}

/// Where the host and port of a normal form are, without the user: after two slashes, or after the
/// at sign of a mail address.
fn host_of(normal: &str) -> Option<Range<usize>> {
    let (scheme, rest) = normal.split_once(':')?;
    let (slashes, authority) = match rest.strip_prefix("//") {
        Some(rest) => (2, rest),
        None if rest.contains('@') && !rest.contains(',') => (0, rest),
        None => return None,
    };
    let authority = authority.split(['/', '?', '#']).next()?;
    let user = authority.rfind('@').map_or(0, |at| at.saturating_add(1));
    let start = scheme.len().saturating_add(1).saturating_add(slashes);
    Some(start.saturating_add(user)..start.saturating_add(authority.len()))
}

/// The pieces of a word that may be the address that is shown: it, and what is left of it where
/// signs end an address that are part of one in other places. Each as its beginning and end.
fn candidates(word: &str, end: Option<usize>) -> impl Iterator<Item = (usize, usize)> {
    let ends = [Some(word.len()), Some(hard_end(word)), Some(soft_end(word)), end];
    let starts = [Some(0), attached_start(word)];
    starts.into_iter().flatten().flat_map(move |start| {
        ends.into_iter().flatten().flat_map(move |end| {
            let whole = word.get(..end).unwrap_or_default();
            let trimmed = whole.trim_end_matches(CLOSING).len();
            [(start, end), (start, trimmed)]
        })
    })
}

/// Where signs begin that no address holds.
fn hard_end(word: &str) -> usize {
    let ends = |c: char| matches!(c, '|' | '<' | '>' | '"' | '`') || !c.is_ascii() && !c.is_alphanumeric();
    word.find(ends).unwrap_or(word.len())
}

/// Where signs begin that addresses rarely hold. Brackets at the beginning are those of an IPv6
/// address.
fn soft_end(word: &str) -> usize {
    let ends = |c: char| {
        matches!(c, ',' | ';' | '(' | ')' | '{' | '}' | '*' | '\'' | '!')
            || hard_end(c.encode_utf8(&mut [0; 4])) == 0
    };
    word.find(ends).unwrap_or(word.len())
}

/// Where a name in ASCII begins that is attached to letters of a script without spaces.
fn attached_start(word: &str) -> Option<usize> {
    let label = word.split('.').next().unwrap_or_default();
    let (at, last) = label.char_indices().rev().find(|(_, c)| is_unspaced(*c))?;
    let start = at.saturating_add(last.len_utf8());
    word.get(start..)?.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(start)
}

/// Han, kana, Hangul and Thai.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

/// Signs after an address that may belong to it or to the sentence.
const CLOSING: &[char] = &[
    ')', ']', '}', '>', '"', '\'', '»', '”', '’', '›', '.', ',', ';', ':', '!', '?', '…', '*', '_', '~',
    '、', '，', '」', '』', '】', '》', '！', '？',
];
