//! Markdown to HTML that a page can hold.

use alloc::string::{String, ToString};

use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Tag, TagEnd, html::push_html};

use super::{LINK_SCHEMES, nests_too_deeply, parser};
use crate::part::PartIndex;

/// Elements that nest in each other, at most; deeper ones are left out, not what they hold.
const MAX_ELEMENTS: usize = 100;

/// Safe HTML for GFM-MIMI, whoever wrote it.
///
/// - HTML in the text is shown as text.
/// - Links keep their target if its scheme is one of [`LINK_SCHEMES`]; relative ones, which have no base in a message, lose it.
/// - Images are shown only from the message itself (`cid:N@local.invalid`, which the client resolves). One from elsewhere becomes a link
///   to it, and nothing is fetched.
/// - The elements are `p br hr h1 … h6 blockquote pre code ul ol li em strong del a img table thead tbody tr th td input`, the
///   attributes `href`, `title`, `src`, `alt`, `start`, `class="language-…"` on code, `style="text-align: …"` on cells, and
///   `type="checkbox"`, `disabled`, `checked` on input.
///
/// ```
/// use mimi_content::gfm::to_html;
///
/// let html = to_html("Kudos to [@Alice](mimi://example.com/u/alice) <script>alert(1)</script>");
/// assert_eq!(
///     html,
///     "<p>Kudos to <a href=\"mimi://example.com/u/alice\">@Alice</a> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
/// );
/// assert_eq!(to_html("[here](javascript:alert)"), "<p>here</p>\n");
/// assert_eq!(to_html("![a](https://a.example/b.png)"), "<p><a href=\"https://a.example/b.png\">a</a></p>\n");
/// assert_eq!(to_html("![a](cid:5@local.invalid)"), "<p><img src=\"cid:5@local.invalid\" alt=\"a\" /></p>\n");
/// ```
#[must_use]
pub fn to_html(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len().saturating_mul(2));
    if nests_too_deeply(markdown) {
        push_html(&mut html, lines(markdown));
    } else {
        push_html(&mut html, Safe::new(parser(markdown)));
    }
    html
}

/// Plain text as one paragraph.
fn lines(text: &str) -> impl Iterator<Item = Event<'_>> {
    let lines = text.lines().enumerate().flat_map(|(number, line)| {
        let end = (number > 0).then_some(Event::HardBreak);
        end.into_iter().chain([Event::Text(line.into())])
    });
    [Event::Start(Tag::Paragraph)].into_iter().chain(lines).chain([Event::End(TagEnd::Paragraph)])
}

/// What stands in the output for an element that is open in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    AsItIs,
    AsLink,
    AsParagraph,
    Not,
}

/// Lets through what is safe of a parser's events.
struct Safe<I> {
    events: I,
    open: alloc::vec::Vec<Shown>,
    /// Elements open in the output, and links among them.
    shown: usize,
    links: usize,
}

impl<'a, I: Iterator<Item = Event<'a>>> Safe<I> {
    fn new(events: I) -> Self {
        Self { events, open: alloc::vec::Vec::new(), shown: 0, links: 0 }
    }

    fn start(&mut self, tag: Tag<'a>) -> Option<Event<'a>> {
        let (shown, tag) = if self.shown >= MAX_ELEMENTS { (Shown::Not, tag) } else { self.safe_tag(tag) };
        self.open.push(shown);
        if shown == Shown::Not {
            return None;
        }
        self.shown = self.shown.saturating_add(1);
        if matches!(tag, Tag::Link { .. }) {
            self.links = self.links.saturating_add(1);
        }
        Some(Event::Start(tag))
    }

    fn safe_tag(&self, tag: Tag<'a>) -> (Shown, Tag<'a>) {
        match tag {
            Tag::Link { link_type, dest_url, title, id } => {
                let shown = link_type == LinkType::Email || is_safe_target(&dest_url);
                let shown = if shown && self.links == 0 { Shown::AsItIs } else { Shown::Not };
                (shown, Tag::Link { link_type, dest_url, title, id })
            }
            Tag::Image { dest_url, title, id, .. } => {
                if let Ok(index) = PartIndex::from_content_id(&dest_url) {
                    let dest_url = alloc::format!("cid:{index}@local.invalid").into();
                    (Shown::AsItIs, Tag::Image { link_type: LinkType::Inline, dest_url, title, id })
                } else {
                    let shown = is_safe_target(&dest_url) && self.links == 0;
                    let shown = if shown { Shown::AsLink } else { Shown::Not };
                    (shown, Tag::Link { link_type: LinkType::Inline, dest_url, title, id })
                }
            }
            Tag::CodeBlock(kind) => (Shown::AsItIs, Tag::CodeBlock(safe_kind(kind))),
            Tag::Heading { level, .. } => {
                let (id, classes, attrs) = Default::default();
                (Shown::AsItIs, Tag::Heading { level, id, classes, attrs })
            }
            Tag::HtmlBlock => (Shown::AsParagraph, Tag::Paragraph),
            Tag::Paragraph
            | Tag::BlockQuote(None)
            | Tag::List(_)
            | Tag::Item
            | Tag::Table(_)
            | Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough => (Shown::AsItIs, tag),
            // Of extensions that are off.
            other => (Shown::Not, other),
        }
    }

    fn end(&mut self, tag: TagEnd) -> Option<Event<'a>> {
        let tag = match self.open.pop()? {
            Shown::Not => return None,
            Shown::AsItIs => tag,
            Shown::AsLink => TagEnd::Link,
            Shown::AsParagraph => TagEnd::Paragraph,
        };
        self.shown = self.shown.saturating_sub(1);
        if tag == TagEnd::Link {
            self.links = self.links.saturating_sub(1);
        }
        Some(Event::End(tag))
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for Safe<I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            let event = match self.events.next()? {
                Event::Start(tag) => self.start(tag),
                Event::End(tag) => self.end(tag),
                Event::Html(text)
                | Event::InlineHtml(text)
                | Event::InlineMath(text)
                | Event::DisplayMath(text)
                | Event::FootnoteReference(text) => Some(Event::Text(text)),
                event @ (Event::Text(_)
                | Event::Code(_)
                | Event::SoftBreak
                | Event::HardBreak
                | Event::Rule
                | Event::TaskListMarker(_)) => Some(event),
            };
            if event.is_some() {
                return event;
            }
        }
    }
}

/// Whether a target is absolute, of a known scheme, and free of what a browser would take out before it reads the scheme.
pub(super) fn is_safe_target(target: &str) -> bool {
    let Some((scheme, rest)) = target.split_once(':') else { return false };
    LINK_SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
        && !rest.is_empty()
        && !target.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// A code block whose language, if it names one, is one plain word.
fn safe_kind(kind: CodeBlockKind<'_>) -> CodeBlockKind<'_> {
    let CodeBlockKind::Fenced(info) = kind else { return CodeBlockKind::Indented };
    let language = info.split_ascii_whitespace().next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '_' | '.');
    let known = language.len() <= 32 && language.chars().all(plain);
    CodeBlockKind::Fenced(if known { CowStr::from(language.to_string()) } else { CowStr::from("") })
}
