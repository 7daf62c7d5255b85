//! Texts that strangers wrote, as a screen or a page can show them.

use mimi_content::gfm::{self, Alignment, Element, LinkWarning};
use mimi_content::{decode_text, html, preview};
use serde::Serialize;

use crate::content::{ClientProfile, Message};

/// A part that a client shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShownPart {
    /// Its index; content IDs name parts by it.
    pub index: u16,
    /// The outermost singleUnit around it, if there is one: all its parts belong together.
    pub unit: Option<u16>,
    /// The disposition's number.
    pub disposition: u8,
    /// The media type.
    pub content_type: String,
    /// Safe HTML, if the content is Markdown or HTML. Links and pictures that are
    /// `cid:N@local.invalid` name part N.
    pub html: Option<String>,
    /// The content as plain text, if it is text.
    pub text: Option<String>,
}

/// The parts of a message that a client shows, in their order.
#[must_use]
pub fn render(message: &Message, client: &ClientProfile) -> Vec<ShownPart> {
    let shown = message.chosen(client, |content, choice| {
        let steps = choice.steps().iter().filter_map(|step| {
            let part = content.part(step.part)?;
            let (content_type, bytes) = match &part.part {
                mimi_content::PartRef::Single(single) => (single.content_type, Some(single.content)),
                mimi_content::PartRef::External(external) => (external.content_type, None),
                _ => return None,
            };
            Some(ShownPart {
                index: step.part.0,
                unit: step.unit.map(|unit| unit.0),
                disposition: part.disposition.0,
                content_type: content_type.into(),
                html: bytes.and_then(|bytes| to_html(content_type, bytes)),
                text: bytes.and_then(|bytes| preview::plain_text(content_type, bytes)),
            })
        });
        steps.collect()
    });
    shown.unwrap_or_default()
}

/// Safe HTML for content of type `text/markdown` or `text/html`, hostile or not; `None` for other
/// types and unknown charsets.
///
/// ```
/// use mimi::render::to_html;
///
/// let html = to_html("text/markdown", b"*Hi* <script>alert(1)</script>").unwrap();
/// assert_eq!(html, "<p><em>Hi</em> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
/// assert_eq!(to_html("text/html", b"Hi<script>x()</script>").as_deref(), Some("Hi"));
/// ```
#[must_use]
pub fn to_html(content_type: &str, content: &[u8]) -> Option<String> {
    let essence = content_type.split(';').next().unwrap_or_default().trim_ascii();
    let is = |known: &str| essence.eq_ignore_ascii_case(known);
    match () {
        () if is("text/markdown") => Some(gfm::to_html(&decode_text(content_type, content)?)),
        () if is("text/html") => Some(html::sanitize(&decode_text(content_type, content)?)),
        () => None,
    }
}

/// The text of content of type `text/plain`, `text/markdown` or `text/html` without markup; `None`
/// for other types and unknown charsets.
#[must_use]
pub fn to_plain_text(content_type: &str, content: &[u8]) -> Option<String> {
    preview::plain_text(content_type, content)
}

/// One step of showing a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RenderEvent {
    /// What happens.
    #[serde(flatten)]
    pub kind: EventKind,
    /// The first byte of the Markdown that it comes from.
    pub start: u64,
    /// The byte behind the last.
    pub end: u64,
}

/// What happens in a step of showing a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// An element begins. What follows up to its end is inside it.
    Start {
        /// The element: `paragraph`, `heading`, `quote`, `code_block`, `list`, `item`, `table`,
        /// `table_head`, `table_row`, `table_cell`, `emphasis`, `strong`, `strikethrough`, `link`,
        /// `mention`, `part_link` or `image`.
        element: String,
        /// What else is known of it.
        attributes: Attributes,
    },
    /// The innermost element that is open ends.
    End,
    /// Text. Of HTML, its source.
    Text {
        /// The text.
        text: String,
    },
    /// Code within a line.
    Code {
        /// The code.
        text: String,
    },
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

/// What is known of an element, by its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attributes {
    /// The level of a heading, 1 to 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The language of a code block, one plain word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The number of a numbered list's first item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The alignment of a table's columns: `none`, `left`, `center` or `right`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Where a link leads, or the URI of a mention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A text to show on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What to tell a person before a link is followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The part that a part link or an image names; the message may have no such part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<u16>,
}

/// What to show for Markdown, hostile or not, for screens of any kind: see mimi-content's
/// `gfm::events` for what is kept.
///
/// ```
/// use mimi::render::{EventKind, events};
///
/// let shown = events("[bank.example](https://evil.example)");
/// let EventKind::Start { element, attributes } = &shown[1].kind else { panic!() };
/// assert_eq!((element.as_str(), attributes.warning.as_deref()), ("link", Some("other_url")));
/// ```
#[must_use]
pub fn events(markdown: &str) -> Vec<RenderEvent> {
    let events = gfm::events(markdown).filter_map(|(event, range)| {
        use gfm::RenderEvent as E;
        let kind = match event {
            E::Start(element) => start(element),
            E::End => EventKind::End,
            E::Text(text) => EventKind::Text { text: text.into_owned() },
            E::Code(text) => EventKind::Code { text: text.into_owned() },
            E::SoftBreak => EventKind::SoftBreak,
            E::HardBreak => EventKind::HardBreak,
            E::Rule => EventKind::Rule,
            E::Checkbox { checked } => EventKind::Checkbox { checked },
            _ => return None,
        };
        Some(RenderEvent { kind, start: range.start as u64, end: range.end as u64 })
    });
    events.collect()
}

fn start(element: Element<'_>) -> EventKind {
    let none = Attributes::default();
    let warned = |warning: Option<LinkWarning>| warning.map(|warning| warning.name().to_string());
    let titled = |title: String| Some(title).filter(|title| !title.is_empty());
    let (element, attributes) = match element {
        Element::Paragraph => ("paragraph", none),
        Element::Heading { level } => ("heading", Attributes { level: Some(level), ..none }),
        Element::Quote => ("quote", none),
        Element::CodeBlock { language } => {
            ("code_block", Attributes { language: titled(language.into_owned()), ..none })
        }
        Element::List { first } => ("list", Attributes { first, ..none }),
        Element::Item => ("item", none),
        Element::Table { columns } => {
            let columns = columns.iter().map(|column| match column {
                Alignment::None => "none",
                Alignment::Left => "left",
                Alignment::Center => "center",
                Alignment::Right => "right",
            });
            ("table", Attributes { columns: columns.map(String::from).collect(), ..none })
        }
        Element::TableHead => ("table_head", none),
        Element::TableRow => ("table_row", none),
        Element::TableCell => ("table_cell", none),
        Element::Emphasis => ("emphasis", none),
        Element::Strong => ("strong", none),
        Element::Strikethrough => ("strikethrough", none),
        Element::Link { target, title, warning } => {
            let target = Some(target.into_owned());
            (
                "link",
                Attributes { target, title: titled(title.into_owned()), warning: warned(warning), ..none },
            )
        }
        Element::Mention { uri, title, warning } => {
            let target = Some(uri.into_owned());
            (
                "mention",
                Attributes { target, title: titled(title.into_owned()), warning: warned(warning), ..none },
            )
        }
        Element::PartLink { part } => ("part_link", Attributes { part: Some(part.0), ..none }),
        Element::Image { part, title } => {
            ("image", Attributes { part: Some(part.0), title: titled(title.into_owned()), ..none })
        }
        _ => ("other", none),
    };
    EventKind::Start { element: element.into(), attributes }
}
