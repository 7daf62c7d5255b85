//! Markdown as safe events, for screens of any kind.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, OffsetIter, Tag, TagEnd};

use super::depth::nests_too_deeply;
use super::{LINK_SCHEMES, LinkWarning, link_warning, parser};
use crate::part::PartIndex;

/// Elements that nest in each other, at most; deeper ones are left out, not what they hold.
const MAX_ELEMENTS: usize = 100;

/// One step of showing a text: see [`events`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RenderEvent<'t> {
    /// An element begins. What follows up to its [`RenderEvent::End`] is inside it.
    Start(Element<'t>),
    /// The innermost element that is open ends.
    End,
    /// Text. Of HTML, which Markdown of this variant does not have, its source.
    Text(Cow<'t, str>),
    /// Code within a line.
    Code(Cow<'t, str>),
    /// A line break in the source, which may be shown as a space.
    SoftBreak,
    /// A line break that the sender asked for.
    HardBreak,
    /// A horizontal rule.
    Rule,
    /// The box of a task list item, at its beginning.
    Checkbox {
        /// Whether the task is done.
        checked: bool,
    },
}

/// An element of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Element<'t> {
    /// A paragraph.
    Paragraph,
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// A block quote.
    Quote,
    /// A block of code. It holds text alone.
    CodeBlock {
        /// The language that the sender names, one plain word; empty if it names none.
        language: Cow<'t, str>,
    },
    /// A list, which holds items.
    List {
        /// The number of the first item; `None` for bullets.
        first: Option<u64>,
    },
    /// An item of a list.
    Item,
    /// A table, which holds a head and rows.
    Table {
        /// How the text of each column is aligned.
        columns: Vec<Alignment>,
    },
    /// The head of a table, which holds cells.
    TableHead,
    /// A row of a table, which holds cells.
    TableRow,
    /// A cell.
    TableCell,
    /// Emphasis.
    Emphasis,
    /// Strong emphasis.
    Strong,
    /// Text that is struck through.
    Strikethrough,
    /// A link. No link stands inside another.
    Link {
        /// Where it leads: an absolute URI with one of [`LINK_SCHEMES`], neither `mimi` nor `im`.
        target: Cow<'t, str>,
        /// A text to show on request; may be empty.
        title: Cow<'t, str>,
        /// What to tell a person before the link is followed.
        warning: Option<LinkWarning>,
    },
    /// A link to a `mimi:` or `im:` URI: a mention if it names a user with a client in the group,
    /// else a link like any other (mimi-content-09 §9.6).
    Mention {
        /// The URI of the user.
        uri: Cow<'t, str>,
        /// A text to show on request; may be empty.
        title: Cow<'t, str>,
        /// What to tell a person before the link is followed.
        warning: Option<LinkWarning>,
    },
    /// A link to another part of the message.
    PartLink {
        /// Which part. The message may have no such part.
        part: PartIndex,
    },
    /// A picture that is another part of the message. It holds its alternative text: text, code and
    /// breaks alone.
    Image {
        /// Which part. The message may have no such part.
        part: PartIndex,
        /// A text to show on request; may be empty.
        title: Cow<'t, str>,
    },
}

/// How the text of a table's column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alignment {
    /// As the screen does.
    None,
    /// To the left.
    Left,
    /// In the middle.
    Center,
    /// To the right.
    Right,
}

/// What to show for GFM-MIMI, hostile or not, with the range of bytes of the text that each event
/// comes from.
///
/// - HTML in the text is text.
/// - A link keeps its target if its scheme is one of [`LINK_SCHEMES`]. A relative target has no
///   base in a message: the link is dropped, its text stays. `https:/path` and `https:path` are
///   relative, too.
/// - A `cid:` link or picture names another part of the message. A link of this kind without text
///   is dropped, because no user could follow it.
/// - A picture from elsewhere is a link to it: nothing is fetched.
/// - At most 100 elements nest in each other. A text that nests absurdly is one paragraph of its
///   source.
///
/// [`to_html`](super::to_html) writes the same events as HTML. The events of one link are held back
/// until its end, for the warning; all else is made while the text is read.
///
/// ```
/// use mimi_content::gfm::{Element, LinkWarning, RenderEvent, events};
///
/// let text = "See *[bank.example](https://evil.example)*";
/// let shown: Vec<_> = events(text).collect();
/// let (RenderEvent::Start(Element::Link { target, warning, .. }), range) = &shown[3] else { panic!() };
/// assert_eq!((&**target, *warning), ("https://evil.example", Some(LinkWarning::OtherUrl)));
/// assert_eq!(&text[range.clone()], "[bank.example](https://evil.example)");
/// ```
#[must_use]
pub fn events(markdown: &str) -> Events<'_> {
    let source = if nests_too_deeply(markdown) {
        Source::Lines { text: markdown, at: 0, begun: false }
    } else {
        Source::Parsed(Box::new(parser(markdown).into_offset_iter()))
    };
    Events { source, open: Vec::new(), shown: 0, links: 0, image: None, queue: VecDeque::new(), link: None }
}

/// The parts that a client shows or links when it shows a text by [`events`], in the order in which
/// they stand there.
///
/// A `cid:` URI elsewhere, such as in code, in a comment or in a definition that no link uses,
/// names no part here.
pub fn shown_parts(markdown: &str) -> impl Iterator<Item = PartIndex> {
    events(markdown).filter_map(|(event, _)| match event {
        RenderEvent::Start(Element::PartLink { part } | Element::Image { part, .. }) => Some(part),
        _ => None,
    })
}

/// Iterates over what to show: see [`events`].
pub struct Events<'t> {
    source: Source<'t>,
    open: Vec<Open>,
    /// Elements open in the output, and links among them.
    shown: usize,
    links: usize,
    /// Which of the open elements is an image.
    image: Option<usize>,
    /// What was made and not handed out.
    queue: VecDeque<(RenderEvent<'t>, Range<usize>)>,
    /// The link that is open, whose events wait.
    link: Option<OpenLink<'t>>,
}

enum Source<'t> {
    Parsed(Box<OffsetIter<'t>>),
    /// A text that is shown as it is.
    Lines {
        text: &'t str,
        at: usize,
        begun: bool,
    },
}

/// What became of an element that is open in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Shown,
    Link,
    Dropped,
}

/// A link that is open.
struct OpenLink<'t> {
    target: CowStr<'t>,
    text: String,
    image: bool,
}

impl<'t> Iterator for Events<'t> {
    type Item = (RenderEvent<'t>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.link.is_none()
                && let Some(event) = self.queue.pop_front()
            {
                return Some(event);
            }
            match &mut self.source {
                Source::Parsed(events) => match events.next() {
                    Some((event, range)) => self.take(event, range),
                    // The parser closes what it opened.
                    None => {
                        self.link = None;
                        return self.queue.pop_front();
                    }
                },
                Source::Lines { .. } => return self.next_line(),
            }
        }
    }
}

impl<'t> Events<'t> {
    fn push(&mut self, event: RenderEvent<'t>, range: Range<usize>) {
        self.queue.push_back((event, range));
    }

    fn take(&mut self, event: Event<'t>, range: Range<usize>) {
        let shown = match event {
            Event::Start(tag) => return self.start(tag, range),
            Event::End(tag) => return self.end(tag, range),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => RenderEvent::Text(cow(text)),
            Event::Code(text) => RenderEvent::Code(cow(text)),
            Event::SoftBreak => RenderEvent::SoftBreak,
            Event::HardBreak => RenderEvent::HardBreak,
            Event::Rule => RenderEvent::Rule,
            Event::TaskListMarker(checked) => RenderEvent::Checkbox { checked },
        };
        if let Some(link) = &mut self.link {
            match &shown {
                RenderEvent::Text(text) | RenderEvent::Code(text) => link.text.push_str(text),
                _ => link.text.push(' '),
            }
        }
        self.push(shown, range);
    }

    fn start(&mut self, tag: Tag<'t>, range: Range<usize>) {
        let full = self.shown >= MAX_ELEMENTS || self.image.is_some();
        let element = if full { None } else { self.element(tag) };
        let Some((element, link)) = element else { return self.open.push(Open::Dropped) };
        if let (Element::Image { .. }, Some(link)) = (&element, &mut self.link) {
            link.image = true;
        }
        if matches!(element, Element::Image { .. }) {
            self.image = Some(self.open.len());
        }
        self.open.push(if link.is_some() { Open::Link } else { Open::Shown });
        self.shown = self.shown.saturating_add(1);
        if let Some(target) = link {
            self.links = self.links.saturating_add(1);
            self.link = Some(OpenLink { target, text: String::new(), image: false });
        }
        self.push(RenderEvent::Start(element), range);
    }

    /// The element to show, and of a link its target; `None` for what is shown without its element.
    fn element(&self, tag: Tag<'t>) -> Option<(Element<'t>, Option<CowStr<'t>>)> {
        let element = match tag {
            Tag::Link { link_type, dest_url, title, .. } => {
                let target = if link_type == LinkType::Email {
                    CowStr::from(alloc::format!("mailto:{dest_url}"))
                } else {
                    dest_url
                };
                return self.link(target, title);
            }
            Tag::Image { dest_url, title, .. } => match PartIndex::from_content_id(&dest_url) {
                Ok(part) => Element::Image { part, title: cow(title) },
                Err(_) => return self.link(dest_url, title),
            },
            Tag::CodeBlock(kind) => Element::CodeBlock { language: language(kind) },
            Tag::Heading { level, .. } => Element::Heading { level: level as u8 },
            Tag::HtmlBlock | Tag::Paragraph => Element::Paragraph,
            Tag::BlockQuote(_) => Element::Quote,
            Tag::List(first) => Element::List { first },
            Tag::Item => Element::Item,
            Tag::Table(columns) => Element::Table { columns: columns.into_iter().map(alignment).collect() },
            Tag::TableHead => Element::TableHead,
            Tag::TableRow => Element::TableRow,
            Tag::TableCell => Element::TableCell,
            Tag::Emphasis => Element::Emphasis,
            Tag::Strong => Element::Strong,
            Tag::Strikethrough => Element::Strikethrough,
            // Of extensions that are off.
            _ => return None,
        };
        Some((element, None))
    }

    fn link(&self, target: CowStr<'t>, title: CowStr<'t>) -> Option<(Element<'t>, Option<CowStr<'t>>)> {
        if self.links > 0 {
            return None;
        }
        if let Ok(part) = PartIndex::from_content_id(&target) {
            return Some((Element::PartLink { part }, Some(target)));
        }
        if !is_safe_target(&target) {
            return None;
        }
        let scheme = target.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
        let is_user = ["mimi", "im"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
        let element = if is_user {
            Element::Mention { uri: cow(target.clone()), title: cow(title), warning: None }
        } else {
            Element::Link { target: cow(target.clone()), title: cow(title), warning: None }
        };
        Some((element, Some(target)))
    }

    fn end(&mut self, _: TagEnd, range: Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        if open == Open::Dropped {
            return;
        }
        self.shown = self.shown.saturating_sub(1);
        if self.image == Some(self.open.len()) {
            self.image = None;
        }
        if open == Open::Link {
            self.links = self.links.saturating_sub(1);
            if let Some(link) = self.link.take()
                && !self.end_link(&link)
            {
                return;
            }
        }
        self.push(RenderEvent::End, range);
    }

    /// Says at the beginning of a link, which is the first event that waits, what its text is
    /// worth. Whether the link is kept.
    fn end_link(&mut self, link: &OpenLink<'t>) -> bool {
        let Some((RenderEvent::Start(element), _)) = self.queue.front_mut() else { return true };
        match element {
            Element::Link { warning, .. } | Element::Mention { warning, .. } => {
                *warning = link_warning(&link.text, &link.target);
            }
            Element::PartLink { .. } if link.text.trim().is_empty() && !link.image => {
                self.queue.pop_front();
                return false;
            }
            _ => {}
        }
        true
    }

    /// The next event of a text that is one paragraph.
    fn next_line(&mut self) -> Option<(RenderEvent<'t>, Range<usize>)> {
        let Source::Lines { text, at, begun } = &mut self.source else { return None };
        let (whole, from) = (0..text.len(), *at);
        if !*begun {
            *begun = true;
            return Some((RenderEvent::Start(Element::Paragraph), whole));
        }
        let rest = text.get(from..)?;
        if rest.is_empty() {
            *at = text.len().saturating_add(1);
            return Some((RenderEvent::End, whole));
        }
        let line_break = ["\r\n", "\n", "\r"].into_iter().find(|end| rest.starts_with(end));
        let (event, length) = match line_break {
            Some(end) => (RenderEvent::HardBreak, end.len()),
            None => {
                let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
                (RenderEvent::Text(Cow::Borrowed(rest.get(..end)?)), end)
            }
        };
        *at = from.saturating_add(length);
        Some((event, from..*at))
    }
}

fn cow(text: CowStr<'_>) -> Cow<'_, str> {
    match text {
        CowStr::Borrowed(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.into_string()),
    }
}

fn alignment(of: pulldown_cmark::Alignment) -> Alignment {
    match of {
        pulldown_cmark::Alignment::None => Alignment::None,
        pulldown_cmark::Alignment::Left => Alignment::Left,
        pulldown_cmark::Alignment::Center => Alignment::Center,
        pulldown_cmark::Alignment::Right => Alignment::Right,
    }
}

/// The language of a code block, if it is one plain word.
fn language(kind: CodeBlockKind<'_>) -> Cow<'_, str> {
    let CodeBlockKind::Fenced(info) = kind else { return Cow::Borrowed("") };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '_' | '.');
    let is_plain = |word: &str| word.len() <= 32 && word.chars().all(plain);
    let first = |info: &str| info.split_ascii_whitespace().next().unwrap_or_default().len();
    match info {
        CowStr::Borrowed(info) => {
            let word = info.trim_ascii_start();
            Cow::Borrowed(word.get(..first(word)).filter(|word| is_plain(word)).unwrap_or_default())
        }
        info => {
            let word = info.split_ascii_whitespace().next().unwrap_or_default();
            if is_plain(word) { Cow::Owned(word.into()) } else { Cow::Borrowed("") }
        }
    }
}

/// Whether a target is absolute, of a known scheme, and free of what a browser would take out
/// before it reads the scheme.
///
/// A browser resolves `https:path` and `https:/path` against the page, and reads a backslash as a
/// slash: a target of the web has two slashes and a host, and no backslash before its path (reading
/// T70).
pub(crate) fn is_safe_target(target: &str) -> bool {
    let Some((scheme, rest)) = target.split_once(':') else { return false };
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let complete = if is_web {
        rest.strip_prefix("//").is_some_and(|rest| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            !host.is_empty() && !host.starts_with(':') && !authority.contains('\\')
        })
    } else {
        !rest.is_empty()
    };
    complete
        && LINK_SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
        && !target.chars().any(|c| c.is_control() || c.is_whitespace())
}
