//! Text that may be sent: mimi-content-09 §7.1.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::disposition::Disposition;
use crate::media_types::{GFM_MIMI, PLAIN_TEXT};
use crate::part::NestedPart;

/// The text of a message, of a media type that every client can receive.
///
/// ```
/// use mimi_content::Text;
///
/// let plain = Text::plain("1 < 2 <b>and</b> all").in_language("en");
/// let markdown = Text::markdown("1 < 2, **surely**")?;
/// # Ok::<(), mimi_content::PossibleHtmlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    content_type: &'static str,
    content: String,
    language: String,
}

impl Text {
    /// Plain text, shown as it is.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { content_type: PLAIN_TEXT, content: text.into(), language: String::new() }
    }

    /// GFM-MIMI, which must hold no HTML (§7.1.1).
    ///
    /// Whether a `<` begins HTML takes a Markdown parser to say, since it may stand in code.
    /// Without one, this refuses every `<` that could. With feature `gfm`, `Text::escaped_markdown`
    /// has one, and replaces those that do. A URI in angle brackets, such as a mention
    /// `<mimi://example.com/u/alice>`, is no HTML.
    ///
    /// # Errors
    ///
    /// [`PossibleHtmlError`] with the place of a `<` before a letter, `/`, `!` or `?`.
    pub fn markdown(text: impl Into<String>) -> Result<Self, PossibleHtmlError> {
        let content = text.into();
        let opens = |next: Option<&u8>| {
            next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
        };
        let bytes = content.as_bytes();
        let found = bytes.iter().enumerate().position(|(at, byte)| {
            let after = at.saturating_add(1);
            *byte == b'<' && opens(bytes.get(after)) && !is_uri(content.get(after..).unwrap_or_default())
        });
        match found {
            Some(offset) => Err(PossibleHtmlError { offset }),
            None => Ok(Self::of_markdown(content)),
        }
    }

    /// GFM-MIMI from any Markdown: HTML in it becomes text, by
    /// [`escape_html`](crate::gfm::escape_html).
    ///
    /// ```
    /// use mimi_content::Text;
    ///
    /// assert_eq!(Text::escaped_markdown("<b>bold</b> `<i>`").as_str(), "&lt;b>bold&lt;/b> `<i>`");
    /// ```
    #[cfg(feature = "gfm")]
    #[must_use]
    pub fn escaped_markdown(text: &str) -> Self {
        Self::of_markdown(crate::gfm::escape_html(text).into_owned())
    }

    fn of_markdown(content: String) -> Self {
        Self { content_type: GFM_MIMI, content, language: String::new() }
    }

    /// Says which language it is in: a tag, or a comma-separated list of tags.
    #[must_use]
    pub fn in_language(mut self, language: &str) -> Self {
        self.language = language.to_owned();
        self
    }

    /// The media type.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The text as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// A part to be rendered; for a multipart, such as the same text in several languages.
    #[must_use]
    pub fn into_part(self) -> NestedPart {
        NestedPart::single(Disposition::RENDER, self.language, self.content_type, self.content)
    }
}

/// Whether a text begins with a URI that `>` ends: an autolink of CommonMark, which no HTML tag can
/// be, because no tag name holds a colon.
fn is_uri(text: &str) -> bool {
    // A scheme has at most 32 characters; the search for the end stops at the next `<`.
    let colon = text.bytes().take(33).position(|byte| byte == b':').unwrap_or(0);
    let Some((scheme, rest)) = text.split_at_checked(colon) else { return false };
    let is_scheme = (2..=32).contains(&scheme.len())
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let end = rest.find(|c: char| c.is_ascii_control() || matches!(c, ' ' | '<' | '>'));
    is_scheme && end.and_then(|end| rest.get(end..)).is_some_and(|end| end.starts_with('>'))
}

/// A text with a `<` that may begin HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PossibleHtmlError {
    /// Bytes before it.
    pub offset: usize,
}

impl fmt::Display for PossibleHtmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a < that may begin HTML (byte {})", self.offset)
    }
}

impl core::error::Error for PossibleHtmlError {}

/// A Markdown link to a user or a group, which mentions it (§5.4). The label is what the sender
/// suggests to show, such as `@Alice`.
///
/// ```
/// use mimi_content::mention_link;
///
/// assert_eq!(mention_link("[ops]*", "mimi://a.example/g/ops")?, r"[\[ops\]\*](mimi://a.example/g/ops)");
/// # Ok::<(), mimi_content::MentionError>(())
/// ```
///
/// # Errors
///
/// [`MentionError`] for a label with a control character or without any text, or a URI that
/// Markdown would read as another.
pub fn mention_link(label: &str, uri: &str) -> Result<String, MentionError> {
    if label.trim().is_empty() || label.chars().any(char::is_control) {
        return Err(MentionError::Label);
    }
    // What RFC 3986 allows in a URI, but parentheses, which end a link, and `&`, which may begin a
    // character reference.
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$'*+,;=%".contains(c);
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| !scheme.is_empty());
    if scheme.is_none() || !uri.chars().all(allowed) {
        return Err(MentionError::Uri);
    }
    let mut link = String::with_capacity(label.len().saturating_add(uri.len()).saturating_add(4));
    link.push('[');
    for c in label.chars() {
        match c {
            // As everywhere in what is sent.
            '<' => link.push_str("&lt;"),
            // Markdown lets every one of these be escaped; the others of them begin nothing within
            // a link.
            '\\' | '`' | '*' | '_' | '[' | ']' | '>' | '~' | '&' | '!' | '|' => link.extend(['\\', c]),
            _ => link.push(c),
        }
    }
    link.push_str("](");
    link.push_str(uri);
    link.push(')');
    Ok(link)
}

/// A mention of a user or a group without a label, which leaves it to the receiver what is shown:
/// `<mimi://…>` (mimi-content-09 §9.6).
///
/// ```
/// use mimi_content::{Text, mention_uri};
///
/// let alice = mention_uri("mimi://example.com/u/alice-smith")?;
/// assert_eq!(alice, "<mimi://example.com/u/alice-smith>");
/// assert!(Text::markdown(format!("Kudos to {alice}")).is_ok());
/// # Ok::<(), mimi_content::MentionError>(())
/// ```
///
/// # Errors
///
/// [`MentionError::Uri`] for a URI that Markdown would read as another.
pub fn mention_uri(uri: &str) -> Result<String, MentionError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$'()*+,;=%".contains(c);
    let mention = alloc::format!("{uri}>");
    if !uri.chars().all(allowed) || !is_uri(&mention) {
        return Err(MentionError::Uri);
    }
    Ok(alloc::format!("<{mention}"))
}

/// A mention that can't be written as a Markdown link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MentionError {
    /// The label is blank or holds a control character.
    Label,
    /// The URI has no scheme, or characters that must be percent-encoded first: anything beyond RFC
    /// 3986, parentheses and `&`.
    Uri,
}

impl fmt::Display for MentionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Label => "the label is blank or holds a control character",
            Self::Uri => "the URI can't stand in a Markdown link as it is",
        })
    }
}

impl core::error::Error for MentionError {}
