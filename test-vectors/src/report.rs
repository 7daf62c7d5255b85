//! What a verification found.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

/// What became of one vector file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The name that the file was given.
    pub file: String,
    /// The kind that it says it is of; `None` if it does not come to that.
    pub kind: Option<String>,
    /// How many cases were checked: all that were selected, or none.
    pub cases: usize,
    /// How many of them say that they are valid.
    pub valid: usize,
    /// How many of them say that they must be refused.
    pub invalid: usize,
    /// How many of them failed.
    pub failed_cases: usize,
    /// Every failure, in the order of the file.
    pub failures: Vec<Failure>,
    /// How many cases were not judged, as this verifier does not know their format, kind, cipher
    /// suite or revision.
    pub unjudged_cases: usize,
    /// Why, in the order of the file: what is known, and what was found.
    pub unjudged: Vec<Failure>,
    /// How many cases were not selected for the check.
    pub left_out: usize,
    /// The flags that the file explains.
    pub flags: Vec<String>,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.into(),
            kind: None,
            cases: 0,
            valid: 0,
            invalid: 0,
            failed_cases: 0,
            failures: Vec::new(),
            unjudged_cases: 0,
            unjudged: Vec::new(),
            left_out: 0,
            flags: Vec::new(),
        }
    }

    /// A report of a file that cannot be verified at all: it cannot be read, for example.
    ///
    /// ```
    /// let report = mimi_test_vectors::Report::unusable("lost.json", "a readable file", "permission denied");
    /// assert!(!report.holds());
    /// ```
    #[must_use]
    pub fn unusable(file: &str, expected: &str, found: &str) -> Self {
        let mut report = Self::new(file);
        report.failures.push(Failure::of_file("file", expected, found));
        report
    }

    /// Whether every case was checked and holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failures.is_empty() && self.unjudged.is_empty()
    }

    /// Whether every case that this verifier can judge holds.
    #[must_use]
    pub fn holds_as_far_as_judged(&self) -> bool {
        self.failures.is_empty()
    }

    pub(crate) fn cannot_judge(&mut self, cases: usize, why: Failure) {
        self.unjudged_cases = self.unjudged_cases.saturating_add(cases);
        self.unjudged.push(why);
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The case, by its name, or as `cases[n]`, counted from 0, if it has none; `None` for the file
    /// as a whole.
    pub case: Option<String>,
    /// The member of the case or file, with the way into it: `value.body.parts[1].content`.
    pub field: String,
    /// What the file says, or what should be there.
    pub expected: String,
    /// What was computed, or what is there.
    pub found: String,
}

impl Failure {
    pub(crate) fn of_file(field: &str, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self {
            case: None,
            field: field.into(),
            expected: alloc::format!("{expected}"),
            found: alloc::format!("{found}"),
        }
    }

    /// `expected` and `found` cut down to a line each, around the first place where they differ.
    #[must_use]
    pub fn excerpt(&self) -> (String, String) {
        let common = self.expected.chars().zip(self.found.chars()).take_while(|(a, b)| a == b).count();
        (excerpt(&self.expected, common), excerpt(&self.found, common))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(case) = &self.case {
            write!(f, "case {case:?}, ")?;
        }
        let (expected, found) = self.excerpt();
        write!(f, "{}: expected {expected}, found {found}", self.field)
    }
}

/// Characters of an excerpt, and how many of them stand before the first difference.
const WIDTH: usize = 96;
const LEAD: usize = 24;

fn excerpt(text: &str, common: usize) -> String {
    let length = text.chars().count();
    if length <= WIDTH {
        return text.into();
    }
    let start = common.saturating_sub(LEAD).min(length.saturating_sub(WIDTH));
    let mut cut = String::new();
    if start > 0 {
        cut.push('…');
    }
    cut.extend(text.chars().skip(start).take(WIDTH));
    if start.saturating_add(WIDTH) < length {
        cut.push('…');
    }
    cut.push_str(&alloc::format!(" ({length} characters)"));
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn shows_long_texts_around_their_first_difference() {
        let expected = "a".repeat(500) + "X" + &"b".repeat(500);
        let found = "a".repeat(500) + "Y" + &"b".repeat(500);
        let (expected, found) = Failure::of_file("encoded", &expected, &found).excerpt();
        let lead = "a".repeat(LEAD);
        assert!(expected.starts_with(&alloc::format!("…{lead}Xbbb")), "{expected}");
        assert!(found.starts_with(&alloc::format!("…{lead}Ybbb")), "{found}");
        assert!(found.ends_with("b… (1001 characters)"), "{found}");
    }

    #[test]
    fn shows_what_is_left_over_at_an_end() {
        let short = "ü".repeat(200);
        let (expected, found) = Failure::of_file("encoded", &short, short.clone() + "!").excerpt();
        assert!(expected.ends_with("ü (200 characters)"), "{expected}");
        assert!(found.ends_with("ü! (201 characters)"), "{found}");
    }

    #[test]
    fn prints_case_and_field() {
        let mut failure = Failure::of_file("message_id", "01", "02");
        assert_eq!(failure.to_string(), "message_id: expected 01, found 02");
        failure.case = Some("a\nb".into());
        assert_eq!(failure.to_string(), "case \"a\\nb\", message_id: expected 01, found 02");
    }
}
