//! Part indexes and the content ID URIs made from them: mimi-content section 4.4.

use core::fmt;

/// The place of a part in its message, counted depth-first from 0, the body.
///
/// ```
/// use mimi_content::PartIndex;
///
/// let index = PartIndex(10);
/// assert_eq!(index.content_id().to_string(), "cid:10@local.invalid");
/// assert_eq!("cid:10@local.invalid".parse(), Ok(index));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartIndex(pub u16);

impl PartIndex {
    /// The URI by which another part of the same message refers to this one. It must name a single or an external part.
    #[must_use]
    pub fn content_id(self) -> impl fmt::Display + fmt::Debug + Copy {
        ContentId(self)
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

#[derive(Clone, Copy, Debug)]
struct ContentId(PartIndex);

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cid:{}@local.invalid", self.0)
    }
}

impl core::str::FromStr for PartIndex {
    type Err = ContentIdError;

    /// Reads `cid:N@local.invalid`. Scheme and host are compared without regard to case, as in any URI; N has no leading zeros.
    fn from_str(uri: &str) -> Result<Self, Self::Err> {
        let (scheme, id) = uri.split_once(':').ok_or(ContentIdError::NotAContentId)?;
        let (number, host) = id.split_once('@').ok_or(ContentIdError::NotAContentId)?;
        if !scheme.eq_ignore_ascii_case("cid") || !host.eq_ignore_ascii_case("local.invalid") {
            return Err(ContentIdError::NotAContentId);
        }
        let canonical =
            number == "0" || (!number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit()));
        if number.is_empty() || !canonical {
            return Err(ContentIdError::NotANumber);
        }
        number.parse().map(PartIndex).map_err(|_| ContentIdError::NoSuchPart)
    }
}

/// A content ID URI that leads to no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            assert_eq!(index.content_id().to_string().parse(), Ok(index));
        }
        assert_eq!("CID:7@LOCAL.invalid".parse(), Ok(PartIndex(7)));
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
            "cid:5@local.invalid/x",
        ] {
            assert_eq!(uri.parse::<PartIndex>(), Err(ContentIdError::NotAContentId), "{uri}");
        }
        for uri in [
            "cid:@local.invalid",
            "cid:05@local.invalid",
            "cid:+5@local.invalid",
            "cid:00@local.invalid",
            "cid:x@local.invalid",
        ] {
            assert_eq!(uri.parse::<PartIndex>(), Err(ContentIdError::NotANumber), "{uri}");
        }
        assert_eq!("cid:65536@local.invalid".parse::<PartIndex>(), Err(ContentIdError::NoSuchPart));
    }
}
