//! Part indexes and the content ID URIs made from them: mimi-content-09 §4.4.

use core::fmt;

/// The place of a part in its message, counted depth-first from 0, the body.
///
/// ```
/// use mimi_content::PartIndex;
///
/// assert_eq!(PartIndex::from_content_id("cid:10@local.invalid"), Ok(PartIndex(10)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartIndex(pub u16);

impl PartIndex {
    /// Reads `cid:N@local.invalid`. Scheme and host are compared without regard to case, as in any
    /// URI; N has no leading zeros.
    ///
    /// Whether a message has such a part, and one that may be referred to, is for
    /// [`MimiContentRef::resolve_content_id`](crate::MimiContentRef::resolve_content_id) and
    /// [`MimiContent::resolve_content_id`](crate::MimiContent::resolve_content_id) to say.
    ///
    /// # Errors
    ///
    /// [`ContentIdError`] if the URI is of another form, or N so large that no message has such a
    /// part.
    pub fn from_content_id(uri: &str) -> Result<Self, ContentIdError> {
        let (scheme, id) = uri.split_once(':').ok_or(ContentIdError::NotAContentId)?;
        let (number, host) = id.split_once('@').ok_or(ContentIdError::NotAContentId)?;
        if !scheme.eq_ignore_ascii_case("cid") || !host.eq_ignore_ascii_case("local.invalid") {
            return Err(ContentIdError::NotAContentId);
        }
        Self::from_number(number)
    }

    /// Reads the N of `cid:N@local.invalid`.
    pub(crate) fn from_number(number: &str) -> Result<Self, ContentIdError> {
        let canonical =
            number == "0" || (!number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit()));
        if number.is_empty() || !canonical {
            return Err(ContentIdError::NotANumber);
        }
        number.parse().map(Self).map_err(|_| ContentIdError::NoSuchPart)
    }

    pub(crate) fn from_usize(index: usize) -> Option<Self> {
        u16::try_from(index).ok().map(Self)
    }
}

impl From<PartIndex> for usize {
    fn from(index: PartIndex) -> Self {
        index.0.into()
    }
}

impl fmt::Display for PartIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The URI by which a part is referred to in another part of the same message;
/// [`Display`](fmt::Display) writes it.
///
/// Made by [`MimiContentRef::content_id`](crate::MimiContentRef::content_id) and
/// [`MimiContent::content_id`](crate::MimiContent::content_id), so that it names a single or an
/// external part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(PartIndex);

impl ContentId {
    /// The URI of a part that may be referred to.
    pub(super) fn unchecked(index: PartIndex) -> Self {
        Self(index)
    }

    /// The part that it names.
    #[must_use]
    pub fn part(self) -> PartIndex {
        self.0
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cid:{}@local.invalid", self.0)
    }
}

/// Why a content ID URI leads to no part, or a part has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentIdError {
    /// Not of the form `cid:…@local.invalid`: it does not refer to a part of this message.
    NotAContentId,
    /// What stands before the `@` is not a decimal number without leading zeros.
    NotANumber,
    /// The message has no part with this number.
    NoSuchPart,
    /// The part is a null part or a multipart, which must not be referred to.
    NotReferable,
}

impl fmt::Display for ContentIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAContentId => "not a content ID of the form cid:N@local.invalid",
            Self::NotANumber => "the part index is not a decimal number",
            Self::NoSuchPart => "no part has this index",
            Self::NotReferable => "the part is neither single nor external",
        })
    }
}

impl core::error::Error for ContentIdError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn round_trips_every_index() {
        for index in (0..=u16::MAX).map(PartIndex) {
            assert_eq!(PartIndex::from_content_id(&ContentId(index).to_string()), Ok(index));
        }
        assert_eq!(ContentId(PartIndex(10)).to_string(), "cid:10@local.invalid");
        assert_eq!(PartIndex::from_content_id("CID:7@LOCAL.invalid"), Ok(PartIndex(7)));
    }

    #[test]
    fn says_why_a_uri_leads_nowhere() {
        for (error, words) in [
            (ContentIdError::NotAContentId, "not a content ID of the form cid:N@local.invalid"),
            (ContentIdError::NotANumber, "the part index is not a decimal number"),
            (ContentIdError::NoSuchPart, "no part has this index"),
            (ContentIdError::NotReferable, "the part is neither single nor external"),
        ] {
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn refuses_what_is_not_a_content_id() {
        for uri in [
            "",
            "cid:",
            "cid:5",
            "mid:5@local.invalid",
            "cid:5@local.example",
            "5@local.invalid",
            "5",
            "cid:5@local.invalid/x",
        ] {
            assert_eq!(PartIndex::from_content_id(uri), Err(ContentIdError::NotAContentId), "{uri}");
        }
        for uri in [
            "cid:@local.invalid",
            "cid:05@local.invalid",
            "cid:+5@local.invalid",
            "cid:00@local.invalid",
            "cid:x@local.invalid",
        ] {
            assert_eq!(PartIndex::from_content_id(uri), Err(ContentIdError::NotANumber), "{uri}");
        }
        assert_eq!(PartIndex::from_content_id("cid:65536@local.invalid"), Err(ContentIdError::NoSuchPart));
    }
}
