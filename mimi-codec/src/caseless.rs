//! Text in which case doesn't count: full case folding and canonical equivalence (Unicode §3.13,
//! D145).

use alloc::string::String;

use unicode_normalization::UnicodeNormalization;

/// The form that texts share which differ in case, or in how they write one character, only:
/// NFC(toCasefold(NFD(`text`))).
pub(crate) fn folded(text: &str) -> String {
    text.nfd().flat_map(fold).nfc().collect()
}

/// Full case folding of one character. The standard library has no table for it, yet the lower case
/// of the upper case of the lower case is the folding of every character but the dotless i.
fn fold(character: char) -> impl Iterator<Item = char> {
    const DOTLESS_I: char = '\u{131}';
    let lower = character.to_lowercase();
    let folded = lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let (kept, folded) = match character {
        DOTLESS_I => (Some(character), None),
        _ => (None, Some(folded)),
    };
    kept.into_iter().chain(folded.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Unicode's CaseFolding.txt: rows of every status, and what normalization adds.
    #[test]
    fn folds_as_unicode_does() {
        for (text, expected) in [
            ("MaTT", "matt"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("\u{1e9e}", "ss"),
            ("\u{130}", "i\u{307}"),
            ("\u{131}", "\u{131}"),
            ("I", "i"),
            ("\u{149}", "\u{2bc}n"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("σίσυφος", "σίσυφοσ"),
            ("\u{1fb3}", "αι"),
            ("\u{345}", "ι"),
            ("\u{17f}", "s"),
            ("\u{212a}", "k"),
            ("\u{fb03}", "ffi"),
            ("\u{1e9b}", "\u{1e61}"),
            ("\u{10400}", "\u{10428}"),
            ("E\u{301}", "é"),
            ("É", "é"),
            ("\u{212b}", "å"),
            ("日本", "日本"),
            ("", ""),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
        // Cherokee folds to its capitals in Unicode and to small letters here; either way one form.
        assert_eq!(folded("\u{13a0}"), folded("\u{ab70}"));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for character in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let text = String::from(character);
            let once = folded(&text);
            assert_eq!(folded(&once), once, "{character:?}");
        }
    }
}
