//! Markdown in messages, variant GFM-MIMI: mimi-content-09 §5.4, 7.1.1 and 9.6.
//!
//! GitHub Flavored Markdown with tables, task lists and strikethrough, without bare autolinks and
//! without HTML. `<https://example.com>` in angle brackets is a link: the draft's own mentions are
//! written so.
//!
//! - [`escape_html`] before sending, or [`Text::escaped_markdown`](crate::Text::escaped_markdown).
//! - [`events`], [`to_html`] and [`to_plain_text`] to show what was received, hostile or not.
//! - [`links`], [`mentions`] and [`link_warning`] for what happens when a person touches a link.
//!
//! Every function takes time in proportion to the text, and none fails: what nests absurdly is
//! shown as plain text.

mod address;
mod depth;
mod event;
mod html;
mod link;
mod plain;
mod top_level;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use pulldown_cmark::{Event, Options, Parser, Tag};

use depth::nests_too_deeply;

#[cfg(feature = "html")]
pub(crate) use event::is_safe_target;
pub use event::{Alignment, Element, Events, RenderEvent, events, shown_parts};
pub use html::to_html;
pub use link::{LinkWarning, MarkdownLink, link_warning, links, mentions};
pub use plain::to_plain_text;

/// Schemes of links that [`events`] and [`to_html`] keep; a link to anything else is shown without
/// its target.
pub const LINK_SCHEMES: [&str; 5] = ["https", "http", "mailto", "mimi", "im"];

/// The supported extensions; the bare autolinks are none of them, and HTML is told apart to be
/// shown as text.
fn parser(markdown: &str) -> Parser<'_> {
    Parser::new_ext(
        markdown,
        Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH,
    )
}

/// `&lt;` in the place of the `<` of every HTML tag, comment, declaration, processing instruction
/// and CDATA section, as a sender must do (§7.1.1). Code and links in angle brackets stay as they
/// are.
///
/// ```
/// use mimi_content::gfm::escape_html;
///
/// assert_eq!(escape_html("1 < 2, a <b>tag</b>, `<code>`"), "1 < 2, a &lt;b>tag&lt;/b>, `<code>`");
/// assert_eq!(escape_html("<mimi://a.example/u/alice>"), "<mimi://a.example/u/alice>");
/// ```
#[must_use]
pub fn escape_html(markdown: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(markdown);
    if nests_too_deeply(markdown) {
        return escape_at(&text, |_, _| true).map_or(text.clone(), Cow::Owned);
    }
    // What was inside HTML may hold further HTML when it no longer is, line after line. So the last
    // rounds reach further.
    for round in 0..MAX_ROUNDS {
        let places = html_places(&text, round >= EXACT_ROUNDS);
        let mut places = places.iter().peekable();
        let escaped = escape_at(&text, |at, _| {
            let found = places.next_if(|place| **place == at).is_some();
            found || round >= WIDE_ROUNDS
        });
        match escaped {
            Some(escaped) => text = Cow::Owned(escaped),
            None => break,
        }
    }
    text
}

/// Rounds that replace what the parser takes for the beginning of HTML.
const EXACT_ROUNDS: usize = 8;

/// Rounds up to which nothing outside of what the parser takes for HTML is replaced.
const WIDE_ROUNDS: usize = 16;

/// The last round leaves no HTML, since it leaves nothing that could begin it.
const MAX_ROUNDS: usize = WIDE_ROUNDS + 1;

/// Where HTML begins; with `inside`, also where it could begin inside a block of HTML.
fn html_places(markdown: &str, inside: bool) -> Vec<usize> {
    let mut places = Vec::new();
    for (event, range) in parser(markdown).into_offset_iter() {
        let is_block = matches!(event, Event::Start(Tag::HtmlBlock));
        if !is_block && !matches!(event, Event::InlineHtml(_)) {
            continue;
        }
        let Some(html) = markdown.get(range.clone()) else { continue };
        let opening = html.match_indices('<').map(|(at, _)| range.start.saturating_add(at));
        places.extend(opening.take(if is_block && inside { usize::MAX } else { 1 }));
    }
    places
}

/// The text with the chosen ones of the `<` replaced that could begin HTML; `None` if there is
/// none.
fn escape_at(text: &str, mut chosen: impl FnMut(usize, &str) -> bool) -> Option<String> {
    let mut escaped: Option<String> = None;
    let mut done = 0_usize;
    for (at, _) in text.match_indices('<') {
        let after = text.get(at.saturating_add(1)..).unwrap_or_default();
        let could = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if chosen(at, after) && could {
            let escaped = escaped.get_or_insert_with(|| String::with_capacity(text.len().saturating_add(64)));
            escaped.push_str(text.get(done..at).unwrap_or_default());
            escaped.push_str("&lt;");
            done = at.saturating_add(1);
        }
    }
    let mut escaped = escaped?;
    escaped.push_str(text.get(done..).unwrap_or_default());
    Some(escaped)
}
