//! A message in short: one line for lists and notifications, a quote for a reply, a text for a
//! search index, what was not shown, and whether to notify.
//!
//! All of it is plain text that is fit for a terminal: no control characters but line breaks and
//! tabs, none that control the direction of text.

use alloc::string::String;

use crate::charset::decode_text;
use crate::choice::Choice;
use crate::disposition::Disposition;
use crate::html;
use crate::invisible::push_plain;
use crate::message::MimiContentRef;
use crate::part::{NestedPartRef, PartRef};

/// The text of content of type `text/plain`, `text/markdown` or `text/html`; `None` for other types
/// and unknown charsets.
///
/// ```
/// use mimi_content::preview::plain_text;
///
/// assert_eq!(plain_text("text/html", b"<b>Hi</b>").as_deref(), Some("Hi"));
/// assert_eq!(plain_text("image/png", b"..."), None);
/// ```
#[must_use]
pub fn plain_text(content_type: &str, content: &[u8]) -> Option<String> {
    let essence = content_type.split(';').next().unwrap_or_default().trim_ascii();
    let is = |known: &str| essence.eq_ignore_ascii_case(known);
    let read: fn(&str) -> String = match () {
        () if is("text/plain") => as_it_is,
        () if is("text/markdown") => markdown,
        () if is("text/html") => html::to_plain_text,
        () => return None,
    };
    Some(read(&decode_text(content_type, content)?))
}

fn as_it_is(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // Line ends of other systems are line ends.
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            plain.push('\n');
        }
        push_plain(line.strip_suffix('\r').unwrap_or(line), &mut plain);
    }
    plain
}

#[cfg(feature = "gfm")]
fn markdown(text: &str) -> String {
    crate::gfm::to_plain_text(text)
}

#[cfg(not(feature = "gfm"))]
fn markdown(text: &str) -> String {
    as_it_is(text)
}

/// All text of a message that is shown, for a search index: of texts their plain text, of files
/// their description and file name, and the subject. Each on lines of its own.
///
/// ```
/// use mimi_content::choice::{Choice, Profile};
/// use mimi_content::{MimiContentRef, media_types, preview};
///
/// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/attachment.cbor"));
/// let message = MimiContentRef::decode(bytes)?;
/// let client = Profile { media_types: &["video/mp4"], languages: &[] };
/// let choice = Choice::for_client(&message, &client);
/// assert_eq!(preview::search_text(&message, &choice), "2 hours of key signing video\nbigfile.mp4");
/// assert_eq!(preview::one_line(&message, &choice, 12), "[video/mp4:…");
/// # Ok::<(), mimi_content::DecodeError>(())
/// ```
#[must_use]
pub fn search_text(message: &MimiContentRef<'_>, choice: &Choice) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        if !line.trim().is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
    };
    if let Ok(Some(subject)) = message.extensions().subject() {
        line(&as_it_is(subject));
    }
    // What is shown inside other parts is shown, too.
    for (index, fate) in choice.fates() {
        use crate::choice::PartFate;
        if !matches!(fate, PartFate::Processed | PartFate::Referenced { .. }) {
            continue;
        }
        match message.part(index).map(|part| part.part) {
            Some(PartRef::Single(single)) => {
                line(&plain_text(single.content_type, single.content).unwrap_or_default());
            }
            Some(PartRef::External(external)) => {
                line(&as_it_is(external.description));
                line(&as_it_is(external.filename));
            }
            _ => {}
        }
    }
    text
}

/// A message in one line of at most `longest` characters, for a list of rooms or a notification:
/// the first text that is shown, else what was sent. Longer text is cut at the end, where `…`
/// stands. Empty for a message without content.
#[must_use]
pub fn one_line(message: &MimiContentRef<'_>, choice: &Choice, longest: usize) -> String {
    let text = shown_text(message, choice);
    let mut line = String::new();
    let mut length = 0_usize;
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            length = length.saturating_add(1);
        }
        line.push_str(word);
        length = length.saturating_add(word.chars().count());
        if length > longest {
            break;
        }
    }
    if length > longest {
        cut(&mut line, longest);
    }
    line
}

/// A message in at most `lines` lines of at most `longest` characters together, for the head of a
/// reply. Longer text is cut at the end, where `…` stands.
#[must_use]
pub fn quote(message: &MimiContentRef<'_>, choice: &Choice, lines: usize, longest: usize) -> String {
    let text = shown_text(message, choice);
    let mut kept = text.lines().filter(|line| !line.trim().is_empty());
    let mut quote = String::new();
    for line in kept.by_ref().take(lines) {
        if !quote.is_empty() {
            quote.push('\n');
        }
        quote.push_str(line.trim_end());
    }
    let more = kept.next().is_some();
    if quote.chars().count() > longest {
        cut(&mut quote, longest);
    } else if more {
        quote.push('…');
    }
    quote
}

/// Cuts a text to at most `longest` characters, the last of which says so.
fn cut(text: &mut String, longest: usize) {
    let kept = longest.saturating_sub(1);
    let at = text.char_indices().nth(kept).map_or(text.len(), |(at, _)| at);
    text.truncate(at);
    if longest > 0 {
        text.push('…');
    }
}

/// The first text that is shown, else the descriptions of what is shown, else of what is left out.
fn shown_text(message: &MimiContentRef<'_>, choice: &Choice) -> String {
    let parts = || choice.steps().iter().filter_map(|step| message.part(step.part));
    let texts = parts().filter_map(|part| match part.part {
        PartRef::Single(single) => plain_text(single.content_type, single.content),
        _ => None,
    });
    if let Some(text) = texts.into_iter().find(|text| !text.trim().is_empty()) {
        return text;
    }
    let mut text = String::new();
    for part in parts().take(MOST_NAMED) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&named(part));
    }
    if text.is_empty() { left_out_text(message, choice).unwrap_or_default() } else { text }
}

/// Parts that are named in a text, at most.
const MOST_NAMED: usize = 8;

/// Characters of a name or a description, at most.
const LONGEST_NAME: usize = 100;

/// What a person should be told of the parts that are not shown, each on a line of its own: their
/// media type, file name and description. `None` if everything is shown that was sent.
///
/// The text is in no language. At most eight parts are named; further ones are counted.
///
/// ```
/// use mimi_content::choice::{Choice, Profile};
/// use mimi_content::{MimiContentRef, preview};
///
/// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/attachment.cbor"));
/// let message = MimiContentRef::decode(bytes)?;
/// let choice = Choice::for_client(&message, &Profile::default());
/// let text = preview::left_out_text(&message, &choice);
/// assert_eq!(text.as_deref(), Some("[video/mp4: bigfile.mp4, 2 hours of key signing video]"));
/// # Ok::<(), mimi_content::DecodeError>(())
/// ```
#[must_use]
pub fn left_out_text(message: &MimiContentRef<'_>, choice: &Choice) -> Option<String> {
    let left_out = choice.left_out();
    if left_out.is_empty() {
        return None;
    }
    let mut text = String::new();
    for part in left_out.iter().take(MOST_NAMED).filter_map(|index| message.part(*index)) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&named(part));
    }
    if let Some(more) = left_out.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        text.push_str(&alloc::format!("\n[+{more}]"));
    }
    Some(text)
}

/// What a part is, in brackets.
fn named(part: &NestedPartRef<'_>) -> String {
    let mut text = String::from("[");
    let (content_type, words) = match &part.part {
        PartRef::Single(single) => (single.content_type, ["", "", ""]),
        PartRef::External(external) => {
            let service = if external.content_type.is_empty() { external.url } else { "" };
            (external.content_type, [service, external.filename, external.description])
        }
        PartRef::Null | PartRef::Multi(_) => ("", ["", "", ""]),
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let mut separator = "";
    for word in [essence].into_iter().chain(words).filter(|word| !word.trim().is_empty()) {
        text.push_str(separator);
        separator = if separator.is_empty() { ": " } else { ", " };
        let mut word: String =
            as_it_is(word).split_whitespace().flat_map(|word| [" ", word]).skip(1).collect();
        if word.chars().count() > LONGEST_NAME {
            cut(&mut word, LONGEST_NAME);
        }
        text.push_str(&word);
    }
    text.push(']');
    text
}

/// Whether a message calls for a person's attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Attention {
    /// Nothing to notify of: one's own message, an edit, a deletion, a message that expired, a
    /// report, nothing to show.
    None,
    /// A reaction.
    Reaction,
    /// A message.
    Message,
    /// A message that mentions the user, or answers one of the user's messages.
    Personal,
}

/// What a client knows about a message that decides on a notification.
pub trait Recipient {
    /// Whether a URI is the user's own.
    fn is_me(&self, uri: &str) -> bool;

    /// Whether the user sent the message with this ID. By default no message.
    fn is_mine(&self, message: &crate::MessageId) -> bool {
        let _ = message;
        false
    }
}

/// Whether a message from `sender_uri`, which comes from MLS, calls for the attention of its
/// recipient at `now_ms` (milliseconds since the UNIX epoch). Mentions are found with feature
/// `gfm`.
///
/// ```
/// use mimi_content::choice::{Choice, Profile};
/// use mimi_content::preview::{Attention, Recipient, attention};
/// use mimi_content::{MimiContentRef, media_types};
///
/// struct Alice;
/// impl Recipient for Alice {
///     fn is_me(&self, uri: &str) -> bool {
///         uri == "mimi://example.com/u/alice-smith"
///     }
/// }
/// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor"));
/// let message = MimiContentRef::decode(bytes)?;
/// let client = Profile { media_types: &media_types::REQUIRED, languages: &[] };
/// let choice = Choice::for_client(&message, &client);
/// let from = |sender| attention(&message, &choice, sender, &Alice, 0);
/// assert_eq!(from("mimi://example.com/u/bob-jones"), Attention::Message);
/// assert_eq!(from("mimi://example.com/u/alice-smith"), Attention::None);
/// # Ok::<(), mimi_content::DecodeError>(())
/// ```
#[must_use]
pub fn attention(
    message: &MimiContentRef<'_>,
    choice: &Choice,
    sender_uri: &str,
    recipient: &dyn Recipient,
    now_ms: u64,
) -> Attention {
    let expired = message
        .expires()
        .and_then(|expiration| expiration.due_ms(None))
        .is_some_and(|due_ms| due_ms <= now_ms);
    if recipient.is_me(sender_uri) || message.replaces().is_some() || expired {
        return Attention::None;
    }
    let is_report = |part: &NestedPartRef<'_>| {
        matches!(part.part, PartRef::Single(single)
            if crate::choice::media_type_matches(crate::media_types::MIMI_MESSAGE_STATUS, single.content_type))
    };
    let mut shown = choice
        .steps()
        .iter()
        .filter_map(|step| message.part(step.part))
        .chain(choice.left_out().iter().filter_map(|index| message.part(*index)));
    if shown.all(is_report) {
        return Attention::None;
    }
    let answers_me = message.in_reply_to().is_some_and(|id| recipient.is_mine(&id));
    if message.body().disposition == Disposition::REACTION {
        return if answers_me { Attention::Reaction } else { Attention::None };
    }
    if answers_me || mentions(message, choice, recipient) { Attention::Personal } else { Attention::Message }
}

#[cfg(feature = "gfm")]
fn mentions(message: &MimiContentRef<'_>, choice: &Choice, recipient: &dyn Recipient) -> bool {
    choice.steps().iter().filter_map(|step| message.part(step.part)).any(|part| match part.part {
        PartRef::Single(single) => {
            let is_markdown = crate::choice::media_type_matches("text/markdown", single.content_type);
            let text = decode_text(single.content_type, single.content).filter(|_| is_markdown);
            text.is_some_and(|text| !crate::gfm::mentions(&text, |uri| recipient.is_me(uri)).is_empty())
        }
        _ => false,
    })
}

#[cfg(not(feature = "gfm"))]
fn mentions(_: &MimiContentRef<'_>, _: &Choice, _: &dyn Recipient) -> bool {
    false
}
