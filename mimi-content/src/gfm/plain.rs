//! Markdown to plain text.

use alloc::string::String;
use alloc::vec::Vec;

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::depth::nests_too_deeply;
use super::event::is_safe_target;
use super::parser;
use crate::invisible::push_plain;

/// Plain text for GFM-MIMI: without its marks, but with its line breaks, bullets and numbers.
///
/// A link shows its target after its text, unless it is a mention or the text says the same. A link
/// or a picture that names another part of the message is its text alone; the part is to be shown
/// by itself.
///
/// The text is fit for a terminal: control characters other than line breaks and tabs become
/// U+FFFD, and the characters that control the direction of text are left out.
///
/// ```
/// use mimi_content::gfm::to_plain_text;
///
/// let text = to_plain_text("# Release\n\n1. __Good__ work, [@Alice](mimi://a.example/u/alice)\n2. see [here](https://a.example)");
/// assert_eq!(text, "Release\n\n1. Good work, @Alice\n2. see here (https://a.example)");
/// ```
#[must_use]
pub fn to_plain_text(markdown: &str) -> String {
    let mut text = PlainText::default();
    if nests_too_deeply(markdown) {
        text.push(markdown);
    } else {
        parser(markdown).for_each(|event| text.event(event));
    }
    text.written
}

#[derive(Default)]
struct PlainText {
    written: String,
    /// Line breaks to write before the next text.
    breaks: usize,
    /// The numbers of the lists that are open, `None` for a bullet.
    lists: Vec<Option<u64>>,
    /// Of each link that is open, where its text begins and what it leads to.
    links: Vec<(usize, String)>,
    cells: usize,
}

impl PlainText {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.push(&text),
            Event::SoftBreak | Event::HardBreak => self.push("\n"),
            Event::Rule => {
                self.break_lines(2);
                self.push("----");
                self.break_lines(2);
            }
            Event::TaskListMarker(done) => self.push(if done { "[x] " } else { "[ ] " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Item => {
                self.break_lines(1);
                for _ in 1..self.lists.len().min(16) {
                    self.push("  ");
                }
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let label = alloc::format!("{number}. ");
                        *number = number.saturating_add(1);
                        self.push(&label);
                    }
                    _ => self.push("- "),
                }
            }
            Tag::List(first) => {
                self.break_lines(if self.lists.is_empty() { 2 } else { 1 });
                self.lists.push(first);
            }
            Tag::Paragraph if !self.lists.is_empty() => {}
            Tag::TableRow | Tag::TableHead => {
                self.break_lines(1);
                self.cells = 0;
            }
            Tag::TableCell => {
                if self.cells > 0 {
                    self.push(" | ");
                }
                self.cells = self.cells.saturating_add(1);
            }
            Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::HtmlBlock
            | Tag::Table(_) => self.break_lines(2),
            Tag::Link { link_type, dest_url, .. } => {
                let scheme = if link_type == LinkType::Email { "mailto:" } else { "" };
                self.links.push((self.written.len(), alloc::format!("{scheme}{dest_url}")));
            }
            Tag::Image { dest_url, .. } => self.links.push((self.written.len(), String::from(&*dest_url))),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.lists.pop();
                self.break_lines(if self.lists.is_empty() { 2 } else { 1 });
            }
            TagEnd::Paragraph if !self.lists.is_empty() => self.break_lines(1),
            TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead => self.break_lines(1),
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::Table => self.break_lines(2),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    /// Shows where a link leads, if its text doesn't.
    fn end_link(&mut self) {
        let Some((start, target)) = self.links.pop() else { return };
        let Some((scheme, address)) = target.split_once(':') else { return };
        let is = |known: &str| scheme.eq_ignore_ascii_case(known);
        let shown = self.written.get(start..).unwrap_or_default();
        let says_it = shown.trim_start() == target || is("mailto") && shown.trim_start() == address;
        if (is("https") || is("http") || is("mailto")) && is_safe_target(&target) && !says_it {
            self.push(" (");
            self.push(&target);
            self.push(")");
        }
    }

    fn break_lines(&mut self, breaks: usize) {
        if !self.written.is_empty() {
            self.breaks = self.breaks.max(breaks);
        }
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        // The lines of a code block end in a break of their own.
        let breaks = core::mem::take(&mut self.breaks);
        let ended = self.written.bytes().rev().take(breaks).take_while(|byte| *byte == b'\n').count();
        for _ in ended..breaks {
            self.written.push('\n');
        }
        push_plain(text, &mut self.written);
    }
}
