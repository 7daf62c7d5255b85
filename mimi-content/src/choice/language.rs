//! Languages that a user wants against languages that a part has: RFC 4647.

use crate::part::is_language_list;

/// Bytes of a list of languages, at most, for it to be read. Many parts may inherit one list, and
/// each of them would read it.
pub(super) const LONGEST_LIST: usize = 256;

/// How well languages fit a user's list; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LanguageMatch {
    /// Which entry of the user's list fits, counted from 0.
    pub range: usize,
    /// How many subtags had to be cut off its end. 0 also for a tag that says more than the entry.
    pub cut: usize,
}

/// How well the languages of a part fit those that a user wants, most wanted first: the best of all
/// pairs. `None` if none fits, if the part has no language and if what it has is no list of tags or
/// one of more than 256 bytes.
///
/// An entry fits a tag by basic filtering (RFC 4647 §3.3.1): `en` fits `en-GB`, and `*` fits every
/// tag. Else the entry is cut as for a lookup (§3.4), and what is left must be the whole tag:
/// `de-CH` fits `de`, after `de-CH` itself and before the next entry.
///
/// ```
/// use mimi_content::choice::{LanguageMatch, match_language};
///
/// let wanted = ["de-CH", "fr"];
/// assert_eq!(match_language(&wanted, "en,fr-CA"), Some(LanguageMatch { range: 1, cut: 0 }));
/// assert_eq!(match_language(&wanted, "de"), Some(LanguageMatch { range: 0, cut: 1 }));
/// assert_eq!(match_language(&wanted, "de-AT"), None);
/// assert_eq!(match_language(&wanted, ""), None);
/// ```
#[must_use]
pub fn match_language(wanted: &[&str], languages: &str) -> Option<LanguageMatch> {
    if languages.is_empty() || languages.len() > LONGEST_LIST || !is_language_list(languages) {
        return None;
    }
    let tags = languages.split(',').map(|tag| tag.trim_start_matches(' '));
    tags.flat_map(|tag| {
        wanted.iter().enumerate().filter_map(move |(range, wanted)| {
            cuts_until_fit(wanted, tag).map(|cut| LanguageMatch { range, cut })
        })
    })
    .min()
}

fn cuts_until_fit(range: &str, tag: &str) -> Option<usize> {
    if range == "*" || filters(range, tag) {
        return Some(0);
    }
    let mut left = range;
    let mut cut = 0_usize;
    while let Some((shorter, _)) = left.rsplit_once('-') {
        left = shorter;
        cut = cut.saturating_add(1);
        // A single letter or digit begins an extension, and goes with what followed it.
        if let Some((before, last)) = left.rsplit_once('-')
            && last.len() == 1
        {
            left = before;
            cut = cut.saturating_add(1);
        }
        if left.eq_ignore_ascii_case(tag) {
            return Some(cut);
        }
    }
    None
}

/// Whether the range is the tag, or its beginning up to a hyphen.
fn filters(range: &str, tag: &str) -> bool {
    let Some((beginning, rest)) = tag.split_at_checked(range.len()) else { return false };
    beginning.eq_ignore_ascii_case(range) && (rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4647 §3.3.1: "de-de" matches "de-DE-1996" but neither "de-Deva" nor "de-Latn-DE".
    #[test]
    fn filters_as_the_rfc() {
        assert!(filters("de-de", "de-DE-1996"));
        assert!(!filters("de-de", "de-Deva"));
        assert!(!filters("de-de", "de-Latn-DE"));
        assert!(filters("de-de", "DE-de"));
        assert!(!filters("de", "den"));
        assert!(!filters("é", "de"));
    }

    /// RFC 4647 §3.4: zh-Hant-CN-x-private1-private2 is cut to zh-Hant-CN-x-private1, zh-Hant-CN,
    /// zh-Hant, zh.
    #[test]
    fn cuts_as_the_rfc() {
        let range = "zh-Hant-CN-x-private1-private2";
        for (tag, cut) in [
            ("zh-Hant-CN-x-private1-private2", Some(0)),
            ("zh-Hant-CN-x-private1", Some(1)),
            ("zh-Hant-CN-x", None),
            ("zh-hant-cn", Some(3)),
            ("zh-Hant", Some(4)),
            ("zh", Some(5)),
            ("zh-Hans", None),
            ("en", None),
        ] {
            assert_eq!(cuts_until_fit(range, tag), cut, "{tag}");
        }
    }

    #[test]
    fn takes_the_best_of_all_pairs() {
        let fit = |range, cut| Some(LanguageMatch { range, cut });
        assert_eq!(match_language(&["fr", "en-GB", "en", "*"], "en-GB, EN"), fit(1, 0));
        assert_eq!(match_language(&["fr", "en-GB", "*"], "ja"), fit(2, 0));
        assert_eq!(match_language(&["en-GB", "en"], "en"), fit(0, 1));
        assert_eq!(match_language(&["en-GB-oxendict", "en-GB"], "en-GB"), fit(0, 1));
        for nothing in ["", "en_GB", "ja,", " "] {
            assert_eq!(match_language(&["*"], nothing), None, "{nothing}");
        }
        assert_eq!(match_language(&[], "en"), None);
        let long = |count| ["en"; 400].into_iter().take(count).collect::<alloc::vec::Vec<_>>().join(",");
        assert_eq!(match_language(&["en"], &long(85)), fit(0, 0));
        assert_eq!(match_language(&["en"], &long(86)), None);
    }
}
