//! What counts as a link in text.
//!
//! Clients have to agree on it, whatever they render with, so it is a rule on bytes that another
//! implementation can follow to the letter. It rather finds one too many than one too few: a client
//! that shows Markdown as plain text, or makes links out of what looks like one, must not show a
//! link that another client didn't count.

use mimi_codec::MediaType;
use mimi_content::{PartIndex, media_types};

/// The first link of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FirstLink {
    /// It begins at this byte.
    At(usize),
    /// The text is in a character set other than UTF-8 or US-ASCII, or its media type is malformed:
    /// what it holds can't be told, and counts as a link.
    Unreadable,
}

/// The first link in a part of this media type, if there is one. Only `text/…` is looked at.
///
/// A link is, in every text:
/// - a scheme, `://` and at least one more byte, not white space, a control character or one of
///   `<`, `>`, `"`;
///
/// in `text/markdown` also:
/// - what stands behind `](`, or behind the `]:` of a reference definition;
/// - what stands between `<` and `>` with a `:` or `@` and without white space;
///
/// and in `text/html`, and in Markdown of a variant other than GFM-MIMI, also the value of what
/// looks like an attribute that names a resource, such as `href`, anywhere behind the beginning of
/// a tag.
///
/// A reference to a part of the message (`cid:5@local.invalid`), and a mention as `is_mention`
/// says, is none. White space is what it is in HTML: space, tab, line feed, form feed and carriage
/// return. Another control character is part of what it stands in, and both a Markdown parser and
/// an HTML parser make U+FFFD of NUL.
///
/// ```
/// use mimi_policy::message::{FirstLink, first_link};
///
/// let unknown = |_: &str| false;
/// assert_eq!(first_link("text/plain", b"see https://a.example", unknown), Some(FirstLink::At(4)));
/// assert_eq!(first_link("text/plain", b"see [it](a.example)", unknown), None);
/// assert_eq!(first_link("text/markdown", b"see [it](a.example)", unknown), Some(FirstLink::At(9)));
/// let alice = |uri: &str| uri == "mimi://a.example/u/alice";
/// assert_eq!(first_link("text/markdown", b"[Alice](mimi://a.example/u/alice), hello", alice), None);
/// ```
#[must_use]
pub fn first_link(
    content_type: &str,
    content: &[u8],
    is_mention: impl Fn(&str) -> bool,
) -> Option<FirstLink> {
    let kind = TextKind::of(content_type)?;
    if kind == TextKind::Unreadable {
        return Some(FirstLink::Unreadable);
    }
    let is_none = |target: &[u8]| {
        core::str::from_utf8(target)
            .is_ok_and(|target| PartIndex::from_content_id(target).is_ok() || is_mention(target))
    };
    let is_markdown = matches!(kind, TextKind::Markdown | TextKind::MarkdownWithHtml);
    let markdown = is_markdown.then(|| in_markdown(content, &is_none)).flatten();
    let has_html = matches!(kind, TextKind::Html | TextKind::MarkdownWithHtml);
    let html = has_html.then(|| in_html(content, &is_none)).flatten();
    [with_scheme(content, &is_none), markdown, html].into_iter().flatten().min().map(FirstLink::At)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TextKind {
    /// GFM-MIMI, in which tags are text.
    Markdown,
    /// Of any other variant.
    MarkdownWithHtml,
    Html,
    Other,
    /// In another character set, or who knows how.
    Unreadable,
}

impl TextKind {
    /// The kind of a text; `None` for another media type.
    fn of(content_type: &str) -> Option<Self> {
        // What most texts are needn't be taken apart.
        match content_type {
            media_types::PLAIN_TEXT => return Some(Self::Other),
            media_types::GFM_MIMI => return Some(Self::Markdown),
            _ => {}
        }
        let top_level = content_type.split('/').next().unwrap_or_default().trim();
        if !top_level.eq_ignore_ascii_case("text") {
            return None;
        }
        let Ok(media_type) = MediaType::parse(content_type) else { return Some(Self::Unreadable) };
        if let Some(charset) = media_type.parameter("charset")
            && !["utf-8", "us-ascii"].iter().any(|readable| readable.eq_ignore_ascii_case(charset))
        {
            return Some(Self::Unreadable);
        }
        let variant = media_type.parameter("variant").unwrap_or_default();
        Some(if media_type.r#type().eq_ignore_ascii_case("text/markdown") {
            if variant.eq_ignore_ascii_case("GFM-MIMI") { Self::Markdown } else { Self::MarkdownWithHtml }
        } else if media_type.r#type().eq_ignore_ascii_case("text/html") {
            Self::Html
        } else {
            Self::Other
        })
    }
}

/// What stands from `at` on.
fn from(content: &[u8], at: usize) -> &[u8] {
    content.get(at..).unwrap_or_default()
}

/// The bytes that `rest` begins with, up to the first for which `ends` holds.
fn until(rest: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let length = rest.iter().position(|&byte| ends(byte)).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

const fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')
}

/// Whether a URI may hold the byte (RFC 3986), but for those that more often stand around it in
/// text.
fn is_of_uri(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&*+,;=%".contains(&byte)
}

/// `scheme://…`
fn with_scheme(content: &[u8], is_none: &impl Fn(&[u8]) -> bool) -> Option<usize> {
    let colons = content.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(colon, _)| colon);
    for colon in colons.filter(|colon| from(content, *colon).starts_with(b"://")) {
        let follows = from(content, colon.saturating_add(3)).first();
        if follows.is_none_or(|&byte| byte == b' ' || byte.is_ascii_control() || b"<>\"".contains(&byte)) {
            continue;
        }
        // A scheme begins with a letter; what stands before it in the same run is no part of it.
        let before = content.get(..colon).unwrap_or_default();
        let run = before.iter().rev().take(MAX_SCHEME);
        let run = run.take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
        let run = colon.saturating_sub(run);
        let letter = from(before, run).iter().position(u8::is_ascii_alphabetic);
        let Some(start) = letter.map(|letter| run.saturating_add(letter)) else { continue };
        let uri = until(from(content, start), |byte| !is_of_uri(byte));
        let end = uri.iter().rposition(|byte| !b".,;:!?*_~".contains(byte)).unwrap_or_default();
        if !is_none(uri.get(..=end).unwrap_or_default()) {
            return Some(start);
        }
    }
    None
}

/// Longer than any scheme.
const MAX_SCHEME: usize = 64;

/// From one bracket of a reference definition's label to the other: 999 characters at most lie
/// between them (CommonMark 0.30, 4.7).
const MAX_LABEL: usize = 4 * 999 + 1;

fn in_markdown(content: &[u8], is_none: &impl Fn(&[u8]) -> bool) -> Option<usize> {
    // Where a label began that may be that of a definition: a bracket with nothing but markers of
    // quotes and lists before it.
    let mut label: Option<usize> = None;
    let mut only_markers = true;
    for (at, &byte) in content.iter().enumerate() {
        let next = at.saturating_add(1);
        let destination = match byte {
            b']' => match content.get(next) {
                Some(b'(') => destination(content, next.saturating_add(1), b')'),
                Some(b':') if label.is_some_and(|label| at.saturating_sub(label) <= MAX_LABEL) => {
                    destination(content, next.saturating_add(1), b'\n')
                }
                _ => None,
            },
            b'<' => autolink(content, next),
            b'[' if only_markers => {
                label = Some(at);
                None
            }
            _ => None,
        };
        if let Some((start, target)) = destination
            && !is_none(target)
        {
            return Some(start);
        }
        only_markers = match byte {
            b'\n' | b'\r' => true,
            b' ' | b'\t' | b'>' | b'-' | b'+' | b'*' | b'.' | b')' | b'0'..=b'9' => only_markers,
            _ => false,
        };
    }
    None
}

/// The destination of a link that begins at `at` or behind white space there, if it isn't empty.
fn destination(content: &[u8], at: usize, end: u8) -> Option<(usize, &[u8])> {
    let rest = from(content, at);
    let skipped = rest.iter().position(|&byte| !is_white_space(byte))?;
    let start = at.saturating_add(skipped);
    let rest = from(content, start);
    let (start, target) = match rest.first() {
        Some(b'<') => {
            let start = start.saturating_add(1);
            (start, until(from(content, start), |byte| byte == b'>' || byte == b'\n'))
        }
        _ => (start, until(rest, |byte| is_white_space(byte) || byte == end)),
    };
    (!target.is_empty()).then_some((start, target))
}

/// What stands between `<` and `>`, if it can be an autolink.
fn autolink(content: &[u8], at: usize) -> Option<(usize, &[u8])> {
    let rest = from(content, at);
    let target = until(rest, |byte| is_white_space(byte) || byte == b'<' || byte == b'>');
    let closed = from(rest, target.len()).first() == Some(&b'>');
    (closed && target.iter().any(|byte| b":@".contains(byte))).then_some((at, target))
}

/// The attributes of HTML that name a resource; those of another namespace (`xlink:href`) count as
/// well.
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

/// Where tags begin and end isn't followed: comments, scripts and unclosed quotes would let a text
/// show a tag to one reader and hide it from another. What stands like an attribute, anywhere
/// behind the first tag, counts as one.
fn in_html(content: &[u8], is_none: &impl Fn(&[u8]) -> bool) -> Option<usize> {
    let (mut has_tag, mut behind_border) = (false, false);
    for (at, &byte) in content.iter().enumerate() {
        has_tag |= byte == b'<' && content.get(at.saturating_add(1)).is_some_and(u8::is_ascii_alphabetic);
        if has_tag && behind_border && byte.is_ascii_alphabetic() {
            let rest = from(content, at);
            let name = until(rest.get(..MAX_NAME).unwrap_or(rest), ends_name);
            if is_resource(name) {
                match attribute_value(content, at.saturating_add(name.len())) {
                    AttributeValue::Nothing => {}
                    AttributeValue::TooLong { start } => return Some(start),
                    AttributeValue::Value { value, .. } if is_none(value) => {}
                    AttributeValue::Value { start, .. } => return Some(start),
                }
            }
        }
        behind_border = is_white_space(byte) || matches!(byte, b'/' | b'"' | b'\'');
    }
    None
}

/// Longer than the name of any attribute, with its namespace.
const MAX_NAME: usize = 32;

const fn ends_name(byte: u8) -> bool {
    is_white_space(byte) || matches!(byte, b'/' | b'=' | b'>')
}

fn is_resource(name: &[u8]) -> bool {
    let local = name.rsplit(|&byte| byte == b':').next().unwrap_or_default();
    RESOURCE_ATTRIBUTES.iter().any(|attribute| attribute.as_bytes().eq_ignore_ascii_case(local))
}

/// The longest value of an attribute, in bytes, that can be a mention or a part of the message; a
/// longer one is a link. What looks like attributes may lie inside of one another's values, so that
/// an unbounded value would be read again for each.
const MAX_VALUE: usize = 4096;

/// The value behind an attribute's name. What a URL parser takes off its ends does not count.
enum AttributeValue<'a> {
    /// No value, an empty one, or one that refers to a place in the document itself.
    Nothing,
    /// A value of more than [`MAX_VALUE`] bytes.
    TooLong { start: usize },
    /// A value, and where it begins.
    Value { start: usize, value: &'a [u8] },
}

fn attribute_value(content: &[u8], at: usize) -> AttributeValue<'_> {
    let skip = |at: usize| {
        at.saturating_add(from(content, at).iter().take_while(|&&byte| is_white_space(byte)).count())
    };
    let equals = skip(at);
    if from(content, equals).first() != Some(&b'=') {
        return AttributeValue::Nothing;
    }
    let start = skip(equals.saturating_add(1));
    let (start, quote) = match from(content, start).first() {
        Some(&quote @ (b'"' | b'\'')) => (start.saturating_add(1), Some(quote)),
        _ => (start, None),
    };
    let ends = |byte: u8| match quote {
        Some(quote) => byte == quote,
        None => is_white_space(byte) || byte == b'>',
    };
    // NUL stands for U+FFFD, which stays.
    let is_taken_off = |byte: u8| (1..=b' ').contains(&byte);
    let before = until(from(content, start), |byte| ends(byte) || !is_taken_off(byte)).len();
    let start = start.saturating_add(before);
    let rest = from(content, start);
    if rest.first().is_none_or(|&byte| ends(byte) || byte == b'#') {
        return AttributeValue::Nothing;
    }
    let value = until(rest.get(..=MAX_VALUE).unwrap_or(rest), ends);
    if value.len() > MAX_VALUE {
        return AttributeValue::TooLong { start };
    }
    let behind = value.iter().rev().take_while(|&&byte| is_taken_off(byte)).count();
    let value = value.get(..value.len().saturating_sub(behind)).unwrap_or_default();
    AttributeValue::Value { start, value }
}

#[cfg(test)]
mod tests;
