//! Links, mentions, and links that are not what they seem: mimi-content section 9.6.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use fluent_uri::Iri;
use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::{nests_too_deeply, parser};

/// A link or an image in Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What is shown, without its marks; of an image, its alternative text.
    pub text: String,
    /// Where it leads, as it is written. Of any scheme: this is what stands in the message, not what is safe.
    pub target: String,
    /// Whether it is an image.
    pub is_image: bool,
}

impl Link {
    /// What to tell a person who follows the link, if anything. See [`link_warning`].
    #[must_use]
    pub fn warning(&self) -> Option<LinkWarning> {
        link_warning(&self.text, &self.target)
    }
}

/// Images inside of images, and these in a link, that [`links`] tells of.
const MAX_NESTED: usize = 8;

/// Why a person should be asked before a link is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkWarning {
    /// The text is, or holds, a URL other than the target.
    OtherUrl,
    /// The text says https, the target is the same under http.
    Downgraded,
}

impl fmt::Display for LinkWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherUrl => "the link shows another address than the one it leads to",
            Self::Downgraded => "the link shows https and leads to http",
        })
    }
}

/// All links and images, in the order in which they end. None in a text that nests absurdly, which is shown as plain text. Of images
/// in the alternative text of images, only the outer eight levels.
///
/// ```
/// use mimi_content::gfm::{LinkWarning, links};
///
/// let links = links("[https://example.com/foobar](https://spearphishers.example/foobar) <https://example.com>");
/// assert_eq!(links[0].warning(), Some(LinkWarning::OtherUrl));
/// assert_eq!(links[1].target, "https://example.com");
/// ```
#[must_use]
pub fn links(markdown: &str) -> Vec<Link> {
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
                    links.push(Link { text: shown, target, is_image: end == TagEnd::Image });
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

/// The links that mention a user: those to a URI of which `is_member` says that it is a user with a client in the group.
///
/// How to compare URIs, and who is in the group, is the caller's to know. The text is what the sender suggests to show; whether it may stand
/// for that user is for the receiver to decide (section 9.6).
///
/// ```
/// use mimi_content::gfm::mentions;
///
/// let text = "Kudos to [@Alice Smith](mimi://example.com/u/alice-smith), see <https://example.com>";
/// let mentions = mentions(text, |uri| uri == "mimi://example.com/u/alice-smith");
/// assert_eq!((mentions.len(), &*mentions[0].text), (1, "@Alice Smith"));
/// ```
#[must_use]
pub fn mentions(markdown: &str, mut is_member: impl FnMut(&str) -> bool) -> Vec<Link> {
    let mut found = links(markdown);
    found.retain(|link| !link.is_image && is_member(&link.target));
    found
}

/// What to tell a person who follows a link, if anything: that its text holds a URL, or what looks like a host name, other than its target.
///
/// `alice@example.com` is the address of a `mailto:` link, and says nothing about a `mimi:` or `im:` link, which mentions somebody.
///
/// Two URLs are the same if they are after syntax- and scheme-based normalization (RFC 3986, section 6.2). A text without a scheme
/// stands for the same address under the target's scheme. Text that is no URL, such as a name, is none of this function's business; nor are
/// letters that look like others.
///
/// ```
/// use mimi_content::gfm::{LinkWarning, link_warning};
///
/// let target = "https://example.com/foobar";
/// assert_eq!(link_warning("example.com/foobar", target), None);
/// assert_eq!(link_warning("https://example.com:443/foobar", target), None);
/// assert_eq!(link_warning("read this", target), None);
/// assert_eq!(link_warning(target, "https://spearphishers.example/foobar"), Some(LinkWarning::OtherUrl));
/// assert_eq!(link_warning(target, "http://example.com/foobar"), Some(LinkWarning::Downgraded));
/// ```
#[must_use]
pub fn link_warning(text: &str, target: &str) -> Option<LinkWarning> {
    if text == target {
        return None;
    }
    let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let target = target.trim();
    let normal_target = normal(target);
    // The first word that is an address decides; most texts are one word or hold none.
    text.split_whitespace().find_map(|word| compare(word, target, normal_target.as_deref()))
}

fn compare(word: &str, target: &str, normal_target: Option<&str>) -> Option<LinkWarning> {
    if word == target {
        return None;
    }
    let word = word.trim_start_matches(OPENING);
    // A trailing mark may belong to the address or to the sentence.
    let trimmed = word.trim_end_matches(CLOSING);
    let (target_scheme, _) = target.split_once(':').unwrap_or_default();
    let address = if has_scheme(trimmed) {
        String::from(word)
    } else if looks_like_host(trimmed) {
        let is_target =
            |schemes: &[&str]| schemes.iter().any(|scheme| target_scheme.eq_ignore_ascii_case(scheme));
        match word.contains('@') {
            // The handle of a user, as the text of a mention.
            true if is_target(&["mimi", "im"]) => return None,
            true if is_target(&["mailto"]) => alloc::format!("mailto:{word}"),
            _ if is_target(&["http", "https"]) => alloc::format!("{target_scheme}://{word}"),
            _ => alloc::format!("https://{word}"),
        }
    } else {
        return None;
    };
    let shorter = address.trim_end_matches(CLOSING);
    let forms = [normal(&address), normal(shorter)];
    let Some(normal_target) = normal_target else { return Some(LinkWarning::OtherUrl) };
    if forms.iter().flatten().any(|form| form == normal_target) {
        return None;
    }
    let downgraded = normal_target
        .strip_prefix("http:")
        .is_some_and(|target| forms.iter().flatten().any(|form| form.strip_prefix("https:") == Some(target)));
    Some(if downgraded { LinkWarning::Downgraded } else { LinkWarning::OtherUrl })
}

const OPENING: &[char] = &['(', '[', '{', '<', '"', '\'', '«', '“', '‘', '„', '‹'];
const CLOSING: &[char] =
    &[')', ']', '}', '>', '"', '\'', '»', '”', '’', '›', '.', ',', ';', ':', '!', '?', '…'];

/// Whether the word begins with a scheme and two slashes, or with one of the schemes that do without.
fn has_scheme(word: &str) -> bool {
    let Some((scheme, rest)) = word.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme && (rest.starts_with("//") || scheme.eq_ignore_ascii_case("mailto"))
}

/// Whether what comes before a port, path, query or fragment could be a host name with a dot, or an address.
fn looks_like_host(word: &str) -> bool {
    let host = word.split(['/', '?', '#', ':', '\\']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let mut labels = host.trim_end_matches('.').split('.');
    let allowed = |c: char| c == '-' || c.is_alphanumeric();
    let all = labels.clone().all(|label| !label.is_empty() && label.chars().all(allowed));
    let is_ipv4 = labels.clone().count() == 4 && labels.clone().all(|label| label.parse::<u8>().is_ok());
    let has_top_level = labels
        .next_back()
        .is_some_and(|last| last.chars().count() >= 2 && last.starts_with(char::is_alphabetic));
    all && (is_ipv4 || has_top_level && labels.next().is_some())
}

/// Characters that take no room, and would keep an address from being seen as one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The normal form of an address; `None` for what is none.
fn normal(address: &str) -> Option<String> {
    let iri = Iri::parse(address).ok()?.normalize();
    // An empty path is the root for every scheme with an authority that we compare by (RFC 3986, section 6.2.3).
    let is_web = matches!(iri.scheme().as_str(), "http" | "https");
    let text = iri.as_str();
    if is_web && iri.path().is_empty() {
        let at = text.find(['?', '#']).unwrap_or(text.len());
        let (before, after) = text.split_at_checked(at)?;
        return Some(alloc::format!("{before}/{after}"));
    }
    Some(String::from(text))
}
