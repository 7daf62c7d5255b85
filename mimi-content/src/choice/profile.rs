//! A client that knows media types and a user who reads languages.

use super::media::essence;
use super::{Client, Leaf, PartRank, match_language, media_type_matches};
use crate::charset::can_decode;

/// What a client can process and its user can read, most preferred first. The language weighs more
/// than the media type.
///
/// Text that any client can show as plain text is understood without being named, after what is:
/// Markdown of any variant, plain text of any charset that [`decode_text`](crate::decode_text)
/// knows, and HTML ([`html::to_plain_text`](crate::html::to_plain_text)).
///
/// The best is a language that the user wants, then a part that names none, then any other
/// language: a text in a language that the user doesn't want is better than nothing. A client that
/// disagrees ranks parts by itself.
///
/// ```
/// use mimi_content::choice::Profile;
/// use mimi_content::media_types;
///
/// let profile = Profile { media_types: &media_types::REQUIRED, languages: &["en"] };
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile<'c> {
    /// Media types, see [`media_type_matches`]. The empty one stands for a conference link, which
    /// has none.
    pub media_types: &'c [&'c str],
    /// Language ranges (RFC 4647), see [`match_language`]. Empty if the user has no preference.
    pub languages: &'c [&'c str],
}

impl Client for Profile<'_> {
    fn rank(&self, leaf: &Leaf<'_>) -> Option<PartRank> {
        Profile::rank(self, leaf)
    }
}

/// How well text reads that is shown as plain text although the client does not name its type; less
/// is better.
fn rank_as_plain_text(content_type: &str) -> Option<u32> {
    let essence = essence(content_type);
    let is = |known: &str| essence.eq_ignore_ascii_case(known);
    match () {
        () if !can_decode(content_type) => None,
        () if is("text/markdown") => Some(0xfffd),
        () if is("text/plain") => Some(0xfffe),
        () if is("text/html") => Some(0xffff),
        () => None,
    }
}

/// The rank of a part without a language, among languages.
const NO_LANGUAGE: u32 = 0xfffe;

impl Profile<'_> {
    /// How well the client can process a part; `None` if it does not know its media type.
    #[must_use]
    pub fn rank(&self, leaf: &Leaf<'_>) -> Option<PartRank> {
        let named =
            self.media_types.iter().position(|ability| media_type_matches(ability, leaf.content_type));
        let named = named.map(|at| u32::try_from(at).unwrap_or(u32::MAX).min(0xfff0));
        let media = named.or_else(|| rank_as_plain_text(leaf.content_type))?;
        Some(PartRank(self.language_rank(leaf.language) << 16 | media))
    }

    fn language_rank(&self, language: &str) -> u32 {
        if self.languages.is_empty() || language.is_empty() {
            return NO_LANGUAGE;
        }
        let Some(found) = match_language(self.languages, language) else {
            return NO_LANGUAGE.saturating_add(1);
        };
        // The entry of the list decides, then how much of it had to be cut.
        let range = u32::try_from(found.range).unwrap_or(u32::MAX).saturating_mul(16);
        range.saturating_add(found.cut.min(15) as u32).min(NO_LANGUAGE.saturating_sub(1))
    }
}
