//! Language tags: RFC 5646 §2.1.

/// The irregular grandfathered tags of RFC 5646 §2.1, which no other production covers. The regular
/// ones have the shape of a language with extended languages or variants, except the four in
/// [`REGULAR`].
const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];

/// The regular grandfathered tags of RFC 5646 §2.1.
const REGULAR: [&str; 9] = [
    "art-lojban",
    "cel-gaulish",
    "no-bok",
    "no-nyn",
    "zh-guoyu",
    "zh-hakka",
    "zh-min",
    "zh-min-nan",
    "zh-xiang",
];

/// Whether `language` has the form that mimi-content-09 §4.4 requires: empty, or a comma-separated
/// list of well-formed language tags ([`is_language_tag`]). Spaces after a comma are allowed
/// (reading T12).
///
/// ```
/// use mimi_content::is_language_list;
///
/// assert!(is_language_list(""));
/// assert!(is_language_list("en,fr-CH, zh-Hant-TW"));
/// assert!(!is_language_list("en,,fr"));
/// assert!(!is_language_list("en_GB"));
/// assert!(!is_language_list("de-419-DE"));
/// ```
#[must_use]
pub fn is_language_list(language: &str) -> bool {
    let mut tags = language.split(',');
    language.is_empty()
        || tags.next().is_some_and(is_language_tag)
            && tags.all(|tag| is_language_tag(tag.trim_start_matches(' ')))
}

/// Whether `tag` is one well-formed language tag: it has the grammar of RFC 5646 §2.1. Whether the
/// subtags are registered is not checked.
///
/// ```
/// use mimi_content::is_language_tag;
///
/// assert!(is_language_tag("sl-Latn-IT-rozaj-x-mine"));
/// assert!(is_language_tag("i-klingon"));
/// assert!(!is_language_tag("de-AT-1901-Latf"));
/// ```
#[must_use]
pub fn is_language_tag(tag: &str) -> bool {
    is_langtag(tag)
        || IRREGULAR.iter().chain(&REGULAR).any(|known| known.eq_ignore_ascii_case(tag))
        || tag.split_once('-').is_some_and(|(x, rest)| x.eq_ignore_ascii_case("x") && is_private_use(rest))
}

/// The production `langtag`: language, script, region, variants, extensions, private use, in this
/// order.
fn is_langtag(tag: &str) -> bool {
    let mut subtags = tag.split('-').peekable();
    let Some(language) = subtags.next().filter(|language| is_alpha(language, 2, 8)) else { return false };
    if language.len() <= 3 {
        for _ in 0..3 {
            if subtags.next_if(|subtag| is_alpha(subtag, 3, 3)).is_none() {
                break;
            }
        }
    }
    let _script = subtags.next_if(|subtag| is_alpha(subtag, 4, 4));
    let _region = subtags.next_if(|subtag| is_alpha(subtag, 2, 2) || is_digits(subtag));
    while subtags.next_if(|subtag| is_variant(subtag)).is_some() {}
    while let Some(singleton) = subtags.next() {
        let private = singleton.eq_ignore_ascii_case("x");
        if !is_alphanumeric(singleton, 1, 1) {
            return false;
        }
        let shortest = if private { 1 } else { 2 };
        let mut found = false;
        while subtags.next_if(|subtag| is_alphanumeric(subtag, shortest, 8)).is_some() {
            found = true;
        }
        if !found || private && subtags.peek().is_some() {
            return false;
        }
    }
    true
}

fn is_private_use(subtags: &str) -> bool {
    subtags.split('-').all(|subtag| is_alphanumeric(subtag, 1, 8))
}

/// 5 to 8 letters and digits, or 4 that begin with a digit.
fn is_variant(subtag: &str) -> bool {
    is_alphanumeric(subtag, 5, 8)
        || is_alphanumeric(subtag, 4, 4) && subtag.starts_with(|c: char| c.is_ascii_digit())
}

/// A region by its UN M.49 number.
fn is_digits(subtag: &str) -> bool {
    subtag.len() == 3 && subtag.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_alpha(subtag: &str, shortest: usize, longest: usize) -> bool {
    (shortest..=longest).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_alphanumeric(subtag: &str, shortest: usize, longest: usize) -> bool {
    (shortest..=longest).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5646, appendix A, and the grandfathered tags.
    #[test]
    fn accepts_well_formed_tags() {
        for good in [
            "de",
            "i-enochian",
            "I-DEFAULT",
            "zh-Hant",
            "sr-Latn",
            "zh-cmn-Hans-CN",
            "cmn-Hans-CN",
            "zh-yue-HK",
            "zh-Hans-CN",
            "sl-rozaj",
            "sl-rozaj-biske",
            "sl-nedis",
            "de-CH-1901",
            "sl-IT-nedis",
            "hy-Latn-IT-arevela",
            "de-DE",
            "en-US",
            "es-419",
            "de-CH-x-phonebk",
            "az-Arab-x-AZE-derbend",
            "x-whatever",
            "qaa-Qaaa-QM-x-southern",
            "de-Qaaa",
            "sr-Latn-QM",
            "sr-Qaaa-RS",
            "en-US-u-islamcal",
            "zh-CN-a-myext-x-private",
            "en-a-myext-b-another",
            "en-GB-oed",
            "zh-min-nan",
            "zh-min",
            "art-lojban",
            "sgn-BE-FR",
            "example",
            "tig-x-Y",
            "ar-a-aaa-b-bbb-a-ccc",
            "x-1",
            "X-a-b-c",
            "abcdefgh",
            "aaa-bbb-ccc-ddd-abcd-123-abc123-0abc-b-01-abc123-x-01ab-abc12",
        ] {
            assert!(is_language_tag(good) && is_language_list(good), "{good}");
        }
    }

    #[test]
    fn refuses_ill_formed_tags() {
        for bad in [
            "",
            "x",
            "i",
            "i-foo",
            "a",
            "a-DE",
            "en-a",
            "en-a-",
            "en-x",
            "de-419-DE",
            "de-AT-1901-Latf",
            "x-123456789",
            "en--US",
            "en-",
            "-en",
            "123",
            "toolonglanguage",
            "en-toolongsubtag",
            "é",
            "en_GB",
            "en-a-b",
            "en-a-bb-c",
            "ab-c1",
            "zh-aaa-bbb-ccc-ddd",
            "abcd-efg",
            "a-b-c",
            "en-GB-oedx",
            "x-",
            "x--a",
            "de-1234-Latn",
            "en-US-",
            "en.US",
            "en US",
            "i-klingon-x-a",
            "x-a,b",
            "*",
            "en-*",
        ] {
            assert!(!is_language_tag(bad), "{bad}");
        }
    }

    #[test]
    fn tells_language_lists() {
        for good in
            ["", "en", "de-CH-1901", "en,fr", "en, fr", "sl-rozaj-biske-1994", "i-klingon", "x-whatever"]
        {
            assert!(is_language_list(good), "{good}");
        }
        for bad in [" ", " en", ",", "en,", "en fr", "en,a-DE", "en;fr", "en ,fr"] {
            assert!(!is_language_list(bad), "{bad}");
        }
    }
}
