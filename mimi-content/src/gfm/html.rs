//! Markdown to HTML that a page can hold.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Tag, html::push_html};

use super::event::{Alignment, Element, RenderEvent, events};

/// Safe HTML for GFM-MIMI, hostile or not: the events of [`events`] as a page shows them.
///
/// - Links keep their target as [`events`] says. A link to another part of the message is
///   `href="cid:N@local.invalid"`, a picture `src="cid:N@local.invalid"`: the client resolves both.
/// - The elements are `p br hr h1 … h6 blockquote pre code ul ol li em strong del a img` and
///   `table thead tbody tr th td input`, the attributes `href`, `title`, `src`, `alt`, `start`,
///   `class="language-…"` on code, `style="text-align: …"` on cells, and `type="checkbox"`,
///   `disabled`, `checked` on input.
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
/// assert_eq!(to_html("[a](cid:5@local.invalid)"), "<p><a href=\"cid:5@local.invalid\">a</a></p>\n");
/// ```
#[must_use]
pub fn to_html(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len().saturating_mul(2));
    let mut open = Vec::new();
    let written = events(markdown).filter_map(|(event, _)| match event {
        RenderEvent::Start(element) => {
            let tag = tag(element);
            open.push(tag.to_end());
            Some(Event::Start(tag))
        }
        RenderEvent::End => open.pop().map(Event::End),
        RenderEvent::Text(text) => Some(Event::Text(text.into())),
        RenderEvent::Code(text) => Some(Event::Code(text.into())),
        RenderEvent::SoftBreak => Some(Event::SoftBreak),
        RenderEvent::HardBreak => Some(Event::HardBreak),
        RenderEvent::Rule => Some(Event::Rule),
        RenderEvent::Checkbox { checked } => Some(Event::TaskListMarker(checked)),
    });
    push_html(&mut html, written);
    html
}

fn tag(element: Element<'_>) -> Tag<'_> {
    let link = |dest_url: Cow<'_, str>, title: Cow<'_, str>| -> (CowStr<'static>, CowStr<'static>) {
        (CowStr::from(dest_url.into_owned()), CowStr::from(title.into_owned()))
    };
    let (dest_url, title) = match element {
        Element::Paragraph => return Tag::Paragraph,
        Element::Heading { level } => {
            let level = HeadingLevel::try_from(usize::from(level)).unwrap_or(HeadingLevel::H6);
            let (id, classes, attrs) = Default::default();
            return Tag::Heading { level, id, classes, attrs };
        }
        Element::Quote => return Tag::BlockQuote(None),
        Element::CodeBlock { language } => return Tag::CodeBlock(CodeBlockKind::Fenced(language.into())),
        Element::List { first } => return Tag::List(first),
        Element::Item => return Tag::Item,
        Element::Table { columns } => return Tag::Table(columns.into_iter().map(alignment).collect()),
        Element::TableHead => return Tag::TableHead,
        Element::TableRow => return Tag::TableRow,
        Element::TableCell => return Tag::TableCell,
        Element::Emphasis => return Tag::Emphasis,
        Element::Strong => return Tag::Strong,
        Element::Strikethrough => return Tag::Strikethrough,
        Element::Image { part, title } => {
            let (dest_url, title) = link(alloc::format!("cid:{part}@local.invalid").into(), title);
            return Tag::Image { link_type: LinkType::Inline, dest_url, title, id: CowStr::Borrowed("") };
        }
        Element::PartLink { part } => link(alloc::format!("cid:{part}@local.invalid").into(), "".into()),
        Element::Mention { uri, title, .. } => link(uri, title),
        Element::Link { target, title, .. } => link(target, title),
    };
    Tag::Link { link_type: LinkType::Inline, dest_url, title, id: CowStr::Borrowed("") }
}

fn alignment(of: Alignment) -> pulldown_cmark::Alignment {
    match of {
        Alignment::None => pulldown_cmark::Alignment::None,
        Alignment::Left => pulldown_cmark::Alignment::Left,
        Alignment::Center => pulldown_cmark::Alignment::Center,
        Alignment::Right => pulldown_cmark::Alignment::Right,
    }
}
