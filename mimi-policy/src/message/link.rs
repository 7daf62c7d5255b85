//! What counts as a link in text.
//!
//! Clients have to agree on it, whatever they render with, so it is a rule on octets that another implementation can follow
//! to the letter. It rather finds one too many than one too few: a client that shows Markdown as plain text, or makes links out of
//! what looks like one, must not show a link that another client didn't count.

use mimi_codec::MediaType;
use mimi_content::PartIndex;

/// The first link of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// It begins at this octet.
    At(usize),
    /// The text is in a character set other than UTF-8 or US-ASCII, or its media type is malformed: what it holds can't be told, and
    /// counts as a link.
    Unreadable,
}

/// The first link in a part of this media type, if there is one. Only `text/…` is looked at.
///
/// A link is, in every text:
/// - a scheme, `://` and at least one more octet, not white space, a control character or one of `<`, `>`, `"`;
///
/// in `text/markdown` also:
/// - what stands behind `](`, or behind the `]:` of a reference definition;
/// - what stands between `<` and `>` with a `:` or `@` and without white space;
///
/// and in `text/markdown` and `text/html` also the value of one of the attributes that name a resource, such as `href`, in what
/// looks like a tag.
///
/// A reference to a part of the message (`cid:5@local.invalid`), and a mention as `is_mention` says, is none.
///
/// ```
/// use mimi_policy::message::{Link, first_link};
///
/// let nobody = |_: &str| false;
/// assert_eq!(first_link("text/plain", b"see https://a.example", nobody), Some(Link::At(4)));
/// assert_eq!(first_link("text/plain", b"see [it](a.example)", nobody), None);
/// assert_eq!(first_link("text/markdown", b"see [it](a.example)", nobody), Some(Link::At(9)));
/// let alice = |uri: &str| uri == "mimi://a.example/u/alice";
/// assert_eq!(first_link("text/markdown", b"[Alice](mimi://a.example/u/alice), hello", alice), None);
/// ```
#[must_use]
pub fn first_link(content_type: &str, content: &[u8], is_mention: impl Fn(&str) -> bool) -> Option<Link> {
    let top_level = content_type.split('/').next().unwrap_or_default().trim();
    if !top_level.eq_ignore_ascii_case("text") {
        return None;
    }
    let Ok(media_type) = MediaType::parse(content_type) else { return Some(Link::Unreadable) };
    if let Some(charset) = media_type.parameter("charset")
        && !["utf-8", "us-ascii"].iter().any(|readable| readable.eq_ignore_ascii_case(charset))
    {
        return Some(Link::Unreadable);
    }
    let is_none = |target: &[u8]| {
        core::str::from_utf8(target)
            .is_ok_and(|target| PartIndex::from_content_id(target).is_ok() || is_mention(target))
    };
    let is_markdown = media_type.r#type().eq_ignore_ascii_case("text/markdown");
    let markdown = is_markdown.then(|| in_markdown(content, &is_none)).flatten();
    // Markdown may hold HTML, and clients differ in which variants do.
    let has_html = is_markdown || media_type.r#type().eq_ignore_ascii_case("text/html");
    let html = has_html.then(|| in_html(content, &is_none)).flatten();
    [with_scheme(content, &is_none), markdown, html].into_iter().flatten().min().map(Link::At)
}

/// What stands from `at` on.
fn from(content: &[u8], at: usize) -> &[u8] {
    content.get(at..).unwrap_or_default()
}

/// The octets that `rest` begins with, up to the first for which `ends` holds.
fn until(rest: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let length = rest.iter().position(|&octet| ends(octet)).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

const fn is_white_space(octet: u8) -> bool {
    octet <= b' ' || octet == 0x7f
}

/// Whether a URI may hold the octet (RFC 3986), but for those that more often stand around it in text.
fn is_of_uri(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~:/?#@!$&*+,;=%".contains(&octet)
}

/// `scheme://…`
fn with_scheme(content: &[u8], is_none: &impl Fn(&[u8]) -> bool) -> Option<usize> {
    let colons = content.windows(3).enumerate().filter(|(_, octets)| *octets == b"://");
    for (colon, _) in colons {
        let follows = from(content, colon.saturating_add(3)).first();
        if follows.is_none_or(|&octet| is_white_space(octet) || b"<>\"".contains(&octet)) {
            continue;
        }
        // A scheme begins with a letter; what stands before it in the same run is no part of it.
        let before = content.get(..colon).unwrap_or_default();
        let run = before.iter().rev().take(MAX_SCHEME);
        let run = run.take_while(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(octet)).count();
        let run = colon.saturating_sub(run);
        let letter = from(before, run).iter().position(u8::is_ascii_alphabetic);
        let Some(start) = letter.map(|letter| run.saturating_add(letter)) else { continue };
        let uri = until(from(content, start), |octet| !is_of_uri(octet));
        let end = uri.iter().rposition(|octet| !b".,;:!?*_~".contains(octet)).unwrap_or_default();
        if !is_none(uri.get(..=end).unwrap_or_default()) {
            return Some(start);
        }
    }
    None
}

/// Longer than any scheme.
const MAX_SCHEME: usize = 64;

/// Octets that the label of a reference definition has at most: 999 characters (CommonMark 0.30, 4.7).
const MAX_LABEL: usize = 4 * 999;

fn in_markdown(content: &[u8], is_none: &impl Fn(&[u8]) -> bool) -> Option<usize> {
    // Where a label began that may be that of a definition: a bracket with nothing but markers of quotes and lists before it.
    let mut label: Option<usize> = None;
    let mut only_markers = true;
    for (at, &octet) in content.iter().enumerate() {
        let next = at.saturating_add(1);
        let destination = match (octet, from(content, next).first()) {
            (b']', Some(b'(')) => destination(content, next.saturating_add(1), b')'),
            (b']', Some(b':')) if label.is_some_and(|label| at.saturating_sub(label) <= MAX_LABEL) => {
                destination(content, next.saturating_add(1), b'\n')
            }
            (b'<', _) => autolink(content, next),
            _ => None,
        };
        if let Some((start, target)) = destination
            && !is_none(target)
        {
            return Some(start);
        }
        if octet == b'[' && only_markers {
            label = Some(at);
        }
        only_markers = octet == b'\n'
            || octet == b'\r'
            || only_markers && (octet.is_ascii_digit() || b" \t>-+*.)".contains(&octet));
    }
    None
}

/// The destination of a link that begins at `at` or behind white space there, if it isn't empty.
fn destination(content: &[u8], at: usize, end: u8) -> Option<(usize, &[u8])> {
    let rest = from(content, at);
    let skipped = rest.iter().position(|&octet| !is_white_space(octet))?;
    let start = at.saturating_add(skipped);
    let rest = from(content, start);
    let (start, target) = match rest.first() {
        Some(b'<') => {
            let start = start.saturating_add(1);
            (start, until(from(content, start), |octet| octet == b'>' || octet == b'\n'))
        }
        _ => (start, until(rest, |octet| is_white_space(octet) || octet == end)),
    };
    (!target.is_empty()).then_some((start, target))
}

/// What stands between `<` and `>`, if it can be an autolink.
fn autolink(content: &[u8], at: usize) -> Option<(usize, &[u8])> {
    let rest = from(content, at);
    let target = until(rest, |octet| is_white_space(octet) || octet == b'<' || octet == b'>');
    let closed = from(rest, target.len()).first() == Some(&b'>');
    (closed && target.iter().any(|octet| b":@".contains(octet))).then_some((at, target))
}

/// The attributes of HTML that name a resource; those of another namespace (`xlink:href`) count as well.
const RESOURCE_ATTRIBUTES: [&str; 12] = [
    "href",
    "src",
    "srcset",
    "action",
    "formaction",
    "data",
    "poster",
    "background",
    "ping",
    "cite",
    "longdesc",
    "manifest",
];

fn in_html(content: &[u8], is_none: &impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut at = 0;
    while let Some(open) = from(content, at).iter().position(|&octet| octet == b'<') {
        at = at.saturating_add(open).saturating_add(1);
        if !from(content, at).first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        // The name of the element, then its attributes up to the end of the tag.
        at = at.saturating_add(until(from(content, at), ends_name).len());
        loop {
            let rest = from(content, at);
            match rest.first() {
                None => return None,
                Some(b'>') => break,
                Some(&octet) if is_white_space(octet) || b"/=\"'".contains(&octet) => {
                    at = at.saturating_add(1);
                    continue;
                }
                Some(_) => {}
            }
            let name = until(rest, ends_name);
            let (start, value) = attribute_value(content, at.saturating_add(name.len()));
            if is_resource(name) && !value.is_empty() && !value.starts_with(b"#") && !is_none(value) {
                return Some(start);
            }
            at = start.saturating_add(value.len()).max(at.saturating_add(1));
        }
    }
    None
}

const fn ends_name(octet: u8) -> bool {
    is_white_space(octet) || matches!(octet, b'/' | b'=' | b'>')
}

fn is_resource(name: &[u8]) -> bool {
    let local = name.rsplit(|&octet| octet == b':').next().unwrap_or_default();
    RESOURCE_ATTRIBUTES.iter().any(|attribute| attribute.as_bytes().eq_ignore_ascii_case(local))
}

/// The value behind an attribute's name, and where it begins; empty if there is none. White space around it doesn't count.
fn attribute_value(content: &[u8], at: usize) -> (usize, &[u8]) {
    let skip = |at: usize| {
        at.saturating_add(from(content, at).iter().take_while(|&&octet| is_white_space(octet)).count())
    };
    let equals = skip(at);
    if from(content, equals).first() != Some(&b'=') {
        return (at, &[]);
    }
    let start = skip(equals.saturating_add(1));
    let (start, value) = match from(content, start).first() {
        Some(&quote @ (b'"' | b'\'')) => {
            let start = skip(start.saturating_add(1));
            (start, until(from(content, start), |octet| octet == quote))
        }
        _ => (start, until(from(content, start), |octet| is_white_space(octet) || octet == b'>')),
    };
    let end =
        value.iter().rposition(|&octet| !is_white_space(octet)).map_or(0, |last| last.saturating_add(1));
    (start, value.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests;
