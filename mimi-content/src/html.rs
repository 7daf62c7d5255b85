//! HTML from strangers: its text, the parts that it shows, and a form of it that is safe for a
//! page.

#[cfg(feature = "html")]
mod tidy;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::invisible::push_plain;
use crate::part::PartIndex;

/// Plain text for HTML, for a client that shows none, and for search, previews and terminals.
///
/// Line breaks are those of blocks and of `br`; items of lists have a bullet; a picture is its
/// alternative text; a link to the web shows its target after its text, unless the text says the
/// same. Scripts, styles, comments and what else is not text are left out. There are no control
/// characters but line breaks and tabs, and none that control the direction of text. Takes time in
/// proportion to the text.
///
/// ```
/// use mimi_content::html::to_plain_text;
///
/// let html = "<p>Hi &amp; <b>welcome</b><br>to <a href='https://a.example'>us</a></p><script>alert(1)</script>";
/// assert_eq!(to_plain_text(html), "Hi & welcome\nto us (https://a.example)");
/// ```
#[must_use]
pub fn to_plain_text(html: &str) -> String {
    let mut text = PlainText::default();
    for token in Tokens::new(html) {
        text.token(&token);
    }
    text.written.trim_end().into()
}

/// The parts that a page shows or links as [`sanitize`] makes it: those that the sources of its
/// pictures name, and the targets of links that hold something to follow. A `cid:` URI elsewhere,
/// such as in a comment, a script, a film or an object, names none, since what it names would not
/// be seen.
///
/// ```
/// use mimi_content::{PartIndex, html::shown_parts};
///
/// let html = "<img src='cid:2@local.invalid'><a href='cid:3@local.invalid'></a><!-- cid:4@local.invalid -->";
/// assert_eq!(shown_parts(html), [PartIndex(2)]);
/// ```
#[must_use]
pub fn shown_parts(html: &str) -> Vec<PartIndex> {
    #[cfg(feature = "html")]
    let html = &*tidy::tidied(html, &ammonia::Builder::default());
    let mut found = Vec::new();
    // The part that the link which is open leads to.
    let mut link = None;
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) if !text.trim().is_empty() => found.extend(link.take()),
            Token::Text(_) => {}
            Token::End(name) => {
                if name.eq_ignore_ascii_case("a") {
                    link = None;
                }
            }
            Token::Start { name, attributes } => {
                if is_one_of(name, &OTHER_RULES) {
                    break;
                }
                let element = Sources::of(attributes);
                if element.hidden {
                    continue;
                }
                if name.eq_ignore_ascii_case("a") {
                    link = element.href;
                } else if name.eq_ignore_ascii_case("img") && element.src.is_some() {
                    found.extend(link.take());
                    found.extend(element.src);
                }
            }
        }
    }
    found
}

/// What the attributes of an element name. Of several with one name, the first counts.
#[derive(Default)]
struct Sources {
    src: Option<PartIndex>,
    href: Option<PartIndex>,
    hidden: bool,
}

impl Sources {
    fn of(attributes: &str) -> Self {
        let mut sources = Self::default();
        let (mut has_src, mut has_href) = (false, false);
        for (attribute, value) in (Attributes { rest: attributes }) {
            // Parsers of URLs take away ASCII white space alone.
            let part = || PartIndex::from_content_id(decode_entities(value).trim_ascii()).ok();
            if attribute.eq_ignore_ascii_case("src") && !core::mem::replace(&mut has_src, true) {
                sources.src = part();
            } else if attribute.eq_ignore_ascii_case("href") && !core::mem::replace(&mut has_href, true) {
                sources.href = part();
            } else if attribute.eq_ignore_ascii_case("hidden") {
                sources.hidden = true;
            } else if attribute.eq_ignore_ascii_case("style") {
                let style: String =
                    value.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
                sources.hidden |= style.contains("display:none") || style.contains("visibility:hidden");
            }
        }
        sources
    }
}

/// A piece of HTML.
enum Token<'t> {
    Text(&'t str),
    Start { name: &'t str, attributes: &'t str },
    End(&'t str),
}

/// Elements in and behind which parsers go by other rules than elsewhere. What follows them does
/// not count as shown: a part that is shown once more is better than one that is not shown.
const OTHER_RULES: [&str; 7] = ["template", "select", "math", "svg", "frameset", "plaintext", "object"];

/// Cuts HTML into tokens, forgiving as browsers are. Comments, declarations and the content of
/// elements that are not text are passed over.
struct Tokens<'t> {
    rest: &'t str,
    /// Bytes of `rest` that are text whatever they look like.
    raw: usize,
    /// Which of [`NOT_TEXT`] have no end tag from here on, so that none is looked for again.
    unended: [bool; NOT_TEXT.len()],
}

/// Elements whose content is no text of the page and holds no elements: it ends with their end tag,
/// or with the page.
const RAW: [&str; 8] = ["script", "style", "noscript", "iframe", "noembed", "noframes", "title", "textarea"];

/// Elements whose content is not shown, if they end.
const NOT_TEXT: [&str; 4] = ["template", "math", "select", "object"];

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl<'t> Tokens<'t> {
    fn new(html: &'t str) -> Self {
        Self { rest: html, raw: 0, unended: [false; NOT_TEXT.len()] }
    }

    /// Passes over everything up to and including `end`; to the end of the text if it does not
    /// occur.
    fn skip_past(&mut self, end: &str) {
        let at = self.rest.find(end).map_or(self.rest.len(), |at| at.saturating_add(end.len()));
        self.rest = self.rest.get(at..).unwrap_or_default();
    }

    /// The content of an element, up to its end tag; `None` if there is no such tag.
    fn content(&self, name: &str) -> Option<usize> {
        let mut from = 0_usize;
        loop {
            let rest = self.rest.get(from..)?;
            let at = rest.find("</")?;
            from = from.saturating_add(at);
            let after = self.rest.get(from.saturating_add(2)..)?;
            if after.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name))
                && !after.as_bytes().get(name.len()).is_some_and(u8::is_ascii_alphanumeric)
            {
                return Some(from);
            }
            from = from.saturating_add(2);
        }
    }

    /// What follows the start tag of an element that is not made of text and elements.
    fn enter(&mut self, name: &str, is_closed: bool) {
        // A slash before the end of a tag means nothing, but for elements of MathML and SVG.
        if is_one_of(name, &RAW) {
            let end = self.content(name).unwrap_or(self.rest.len());
            self.rest = self.rest.get(end..).unwrap_or_default();
        } else if is_one_of(name, &["xmp", "plaintext"]) {
            // A plain text does not end.
            let end = if name.len() == 3 { self.content(name) } else { None };
            self.raw = end.unwrap_or(self.rest.len());
        } else if let Some(place) = NOT_TEXT.iter().position(|known| known.eq_ignore_ascii_case(name)) {
            if is_closed && name.eq_ignore_ascii_case("math") || self.unended.get(place) == Some(&true) {
                return;
            }
            match self.content(name) {
                Some(end) => self.rest = self.rest.get(end..).unwrap_or_default(),
                None => self.unended.iter_mut().skip(place).take(1).for_each(|unended| *unended = true),
            }
        }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if self.raw > 0 {
                let (text, rest) = self.rest.split_at_checked(core::mem::take(&mut self.raw))?;
                self.rest = rest;
                return Some(Token::Text(text));
            }
            let Some(tag) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                return Some(Token::Text(text));
            };
            if let Some(comment) = tag.strip_prefix("!--") {
                self.rest = comment;
                // `<!-->` and `<!--->` are whole comments.
                match comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
                    Some(rest) => self.rest = rest,
                    None => self.skip_past("-->"),
                }
            } else if tag.starts_with(['!', '?']) || tag.starts_with("/") && !tag.starts_with_letter(1) {
                self.skip_past(">");
            } else if let Some(end) = tag.strip_prefix('/') {
                let name = name(end);
                self.rest = end;
                self.skip_past(">");
                return Some(Token::End(name));
            } else if tag.starts_with_letter(0) {
                let name = name(tag);
                let inside = tag.get(name.len()..).unwrap_or_default();
                let Some(length) = tag_length(inside) else {
                    // Parsers drop a tag that does not end.
                    self.rest = "";
                    return None;
                };
                let attributes = inside.get(..length).unwrap_or_default();
                self.rest = inside.get(length.saturating_add(1)..).unwrap_or_default();
                self.enter(name, attributes.ends_with('/'));
                return Some(Token::Start { name, attributes });
            } else {
                self.rest = tag;
                return Some(Token::Text("<"));
            }
        }
    }
}

trait StartsWithLetter {
    fn starts_with_letter(&self, at: usize) -> bool;
}

impl StartsWithLetter for str {
    fn starts_with_letter(&self, at: usize) -> bool {
        self.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic)
    }
}

fn name(tag: &str) -> &str {
    let end = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(tag.len());
    tag.get(..end).unwrap_or_default()
}

/// Bytes before the `>` that ends a tag; values in quotes may hold one. `None` if it does not end.
fn tag_length(inside: &str) -> Option<usize> {
    enum At {
        BeforeName,
        Name,
        AfterName,
        BeforeValue,
        Value,
        Quoted(u8),
    }
    let mut state = At::BeforeName;
    for (at, byte) in inside.bytes().enumerate() {
        state = match (state, byte) {
            (At::Quoted(quote), _) if byte == quote => At::BeforeName,
            (At::Quoted(quote), _) => At::Quoted(quote),
            (_, b'>') => return Some(at),
            (At::BeforeValue, b'"' | b'\'') => At::Quoted(byte),
            (At::BeforeValue, _) if byte.is_ascii_whitespace() => At::BeforeValue,
            (At::BeforeValue, _) => At::Value,
            (At::Value, _) if !byte.is_ascii_whitespace() => At::Value,
            (At::Name, _) if byte.is_ascii_whitespace() => At::AfterName,
            (At::AfterName, _) if byte.is_ascii_whitespace() => At::AfterName,
            (At::Name | At::AfterName, b'=') => At::BeforeValue,
            (At::Name | At::AfterName, b'/') => At::BeforeName,
            (At::BeforeName, b'/') => At::BeforeName,
            (At::BeforeName | At::Value, _) if byte.is_ascii_whitespace() => At::BeforeName,
            // An equals sign at the beginning is part of the name.
            (At::BeforeName | At::Name | At::AfterName | At::Value, _) => At::Name,
        };
    }
    None
}

/// The attributes of a tag, with their values as they are written.
struct Attributes<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Attributes<'t> {
    type Item = (&'t str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            self.rest = rest;
            return None;
        }
        // An equals sign at the beginning is part of the name.
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '=');
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest.get(first..)?.find(ends).map_or(rest.len(), |at| at.saturating_add(first));
        let (name, after) = rest.split_at_checked(end)?;
        let Some(value) = after.trim_ascii_start().strip_prefix('=') else {
            self.rest = after;
            return Some((name, ""));
        };
        let value = value.trim_ascii_start();
        let quoted =
            ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote).map(|value| (quote, value)));
        let (value, rest) = match quoted {
            Some((quote, value)) => value.split_once(quote).unwrap_or((value, "")),
            None => value
                .split_at_checked(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()))?,
        };
        self.rest = rest;
        Some((name, value))
    }
}

/// Text with its character references replaced: those by number, and the names of XML and `nbsp`.
fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let name =
            after.bytes().take(10).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
        let (name, after_name) = after.split_at_checked(name).unwrap_or_default();
        match entity(name) {
            Some(c) => {
                decoded.push(c);
                rest = after_name.strip_prefix(';').unwrap_or(after_name);
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(number).filter(|c| *c != '\0');
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => return None,
    })
}

/// Elements that stand on lines of their own, and those with an empty line around them.
const LINES: [&str; 12] = [
    "address",
    "article",
    "dd",
    "div",
    "dt",
    "fieldset",
    "figcaption",
    "footer",
    "header",
    "li",
    "section",
    "tr",
];
const PARAGRAPHS: [&str; 16] = [
    "blockquote",
    "dl",
    "figure",
    "form",
    "ul",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "ol",
    "p",
    "pre",
    "table",
];

#[derive(Default)]
struct PlainText {
    written: String,
    /// Line breaks to write before the next text.
    breaks: usize,
    /// Whether a space stands before the next text.
    space: bool,
    pre: usize,
    /// Of the link that is open, where its text begins and where it leads.
    link: Option<(usize, String)>,
}

impl PlainText {
    fn token(&mut self, token: &Token<'_>) {
        match token {
            Token::Text(text) => self.text(&decode_entities(text)),
            Token::Start { name, attributes } => self.start(name, attributes),
            Token::End(name) => self.end(name),
        }
    }

    fn start(&mut self, name: &str, attributes: &str) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let attribute = |wanted: &str| {
            let found = (Attributes { rest: attributes }).find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| decode_entities(value).into_owned())
        };
        self.block(name);
        if is("br") {
            self.breaks = self.breaks.saturating_add(1);
            self.space = false;
        } else if is("li") {
            self.push("- ");
        } else if is("pre") {
            self.pre = self.pre.saturating_add(1);
        } else if is("img") {
            self.text(&attribute("alt").unwrap_or_default());
        } else if is("td") || is("th") {
            self.space = true;
        } else if is("a") {
            self.link = attribute("href").map(|target| (self.written.len(), target));
        }
    }

    fn end(&mut self, name: &str) {
        self.block(name);
        if name.eq_ignore_ascii_case("pre") {
            self.pre = self.pre.saturating_sub(1);
        }
        if name.eq_ignore_ascii_case("a")
            && let Some((start, target)) = self.link.take()
        {
            let target = target.trim();
            let is_web = target.split_once("://").is_some_and(|(scheme, host)| {
                (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
                    && !host.is_empty()
            });
            let shown = self.written.get(start..).unwrap_or_default().trim();
            if is_web && shown != target && !shown.is_empty() {
                let target = alloc::format!(" ({target})");
                self.push(&target);
            }
        }
    }

    fn block(&mut self, name: &str) {
        let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let breaks = if is_one_of(&PARAGRAPHS) { 2 } else { usize::from(is_one_of(&LINES)) };
        if breaks > 0 {
            self.breaks = self.breaks.max(breaks);
            self.space = false;
        }
    }

    fn text(&mut self, text: &str) {
        if self.pre > 0 {
            return self.push(text);
        }
        for word in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
            let trimmed = word.trim_end_matches(|c: char| c.is_ascii_whitespace());
            if !trimmed.is_empty() {
                self.push(trimmed);
            }
            self.space |= trimmed.len() < word.len();
        }
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let breaks = core::mem::take(&mut self.breaks);
        let space = core::mem::take(&mut self.space);
        if !self.written.is_empty() {
            (0..breaks).for_each(|_| self.written.push('\n'));
            let ended = self.written.ends_with([' ', '\n']);
            if space && breaks == 0 && !ended && !text.starts_with(' ') {
                self.written.push(' ');
            }
        }
        push_plain(text, &mut self.written);
    }
}

/// HTML that a page can hold, from HTML that anybody wrote: by `ammonia`, with the links that
/// [`gfm::LINK_SCHEMES`](crate::gfm::LINK_SCHEMES) and parts of the message allow, and pictures
/// from the message alone.
///
/// Nothing is fetched, run or styled. `cid:N@local.invalid` stays in links and sources for the
/// client to resolve.
///
/// HTML of more than 16 KiB or 256 tags is first written anew, so that time is in proportion to it:
/// each element is closed where it was opened, at most 100 nest in each other, and a tag has at
/// most 32 attributes that have a meaning. What is left out so shows what it holds.
///
/// ```
/// use mimi_content::html::sanitize;
///
/// let html = "<p onclick=x()>Hi <img src=https://track.example/p.png alt=x><img src=cid:2@local.invalid><script>y()</script></p>";
/// assert_eq!(sanitize(html), "<p>Hi <img alt=\"x\"><img src=\"cid:2@local.invalid\"></p>");
/// ```
#[cfg(feature = "html")]
#[must_use]
pub fn sanitize(html: &str) -> String {
    use alloc::string::ToString;

    let mut schemes: std::collections::HashSet<&str> = crate::gfm::LINK_SCHEMES.into_iter().collect();
    schemes.insert("cid");
    let mut builder = ammonia::Builder::default();
    let html = tidy::tidied(html, &builder);
    builder
        .url_schemes(schemes)
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|element, attribute, value| {
            let part = PartIndex::from_content_id(value.trim()).ok();
            match (element, attribute) {
                ("img", "src") => part.map(|part| alloc::format!("cid:{part}@local.invalid").into()),
                (_, "href")
                    if value
                        .trim_start()
                        .get(..4)
                        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:")) =>
                {
                    part.map(|part| alloc::format!("cid:{part}@local.invalid").into())
                }
                (_, "href") => crate::gfm::is_safe_target(value).then_some(value.into()),
                // Sources of quotes and changes are of no use and can be fetched.
                (_, "cite" | "src") => None,
                _ => Some(value.into()),
            }
        })
        .clean(&html)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_plain_text() {
        for (html, text) in [
            ("a<br>b<br/><br>c", "a\nb\n\nc"),
            ("<p>a</p>\n <p>b  c\nd</p>", "a\n\nb c d"),
            ("<ul><li>a</li><li>b</ul>c", "- a\n- b\n\nc"),
            ("<pre>a\n  b</pre>", "a\n  b"),
            ("1 < 2 &lt; 3 &#x41;&#66; &copy; &amp", "1 < 2 < 3 AB &copy; &"),
            ("<a href=\"https://a.example\">https://a.example</a>", "https://a.example"),
            ("<a href='javascript:x'>y</a> <img alt='a &amp; b' src=z>", "y a & b"),
            ("<!-- x > y --><!DOCTYPE html><?x?><style>a{}</style><SCRIPT>1</sCript >z", "z"),
            ("a\u{202e}b\u{7}", "ab\u{fffd}"),
            ("<b>a</b><i title='>'>b</i>", "ab"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"),
            ("<script>a", ""),
            ("<html><head><title>a</title><body>b<header>c</header>", "b\nc"),
            ("<xmp><b>a</xmp>b", "<b>ab"),
            ("<plaintext><b>a</plaintext>", "<b>a</plaintext>"),
            ("<select>a<object>b", "ab"),
            ("<script/>a</script>b<math/>c", "bc"),
            ("<style></styles>a</style>b", "b"),
            ("<a href=x", ""),
            ("", ""),
        ] {
            assert_eq!(to_plain_text(html), text, "{html}");
        }
    }

    #[test]
    fn finds_the_parts_that_are_shown() {
        let cid = |number: u16| alloc::format!("cid:{number}@local.invalid");
        let (one, two) = (cid(1), cid(2));
        for (html, found) in [
            (alloc::format!("<img alt=x src={one}>"), &[1][..]),
            (alloc::format!("<IMG SRC=' {one} '/><video poster=\"{two}\">"), &[1]),
            (alloc::format!("<a href={one}>x</a><a href={two}><b> </b></a>"), &[1]),
            (alloc::format!("<a href={one}><img src={two}></a>"), &[1, 2]),
            (alloc::format!("<object data={one}></object><svg><image href={two}></svg>"), &[]),
            (alloc::format!("<video src={one}></video><picture><source src={two}></picture>"), &[]),
            (alloc::format!("<map><area href={one}>x</map><img src=x src={two}>"), &[]),
            (alloc::format!("<script/><img src={one}></script><img src={two}>"), &[2]),
            (alloc::format!("<xmp><img src={one}></xmp><img src={two}>"), &[2]),
            (alloc::format!("<plaintext><img src={one}></plaintext><img src={two}>"), &[]),
            (alloc::format!("<img src={one}><select><img src={two}>"), &[1]),
            (alloc::format!("<img src='\u{a0}{one}'><img src='\t{two}\n'>"), &[2]),
            (alloc::format!("<!-- <img src={one}> --> {two} <code>{one}</code>"), &[]),
            (alloc::format!("<script>'<img src={one}>'</script><template><img src={two}></template>"), &[]),
            (alloc::format!("<img hidden src={one}><img style='display: none' src={two}>"), &[]),
            (alloc::format!("<p title='<img src={one}>' data-src={two}>"), &[]),
            (String::from("<img src=\"&#99;id:1@local.invalid\">"), &[1]),
        ] {
            let found: Vec<_> = found.iter().copied().map(PartIndex).collect();
            assert_eq!(shown_parts(&html), found, "{html}");
        }
    }

    /// Each pattern is read once: what is passed over is never read again.
    #[test]
    fn reads_hostile_html_once() {
        for piece in [
            "<a ",
            "<!--",
            "<script>",
            "</",
            "<a href='",
            "&",
            "<a href=#",
            "<<",
            "<p><b>",
            "<textarea>",
            "&#",
        ] {
            for count in [1_000, 2_000, 4_000, 8_000] {
                let html = piece.repeat(count);
                let tokens = Tokens::new(&html).count();
                assert!(tokens <= 2 * count, "{piece}");
                let _ = (to_plain_text(&html), shown_parts(&html));
            }
        }
    }
}
