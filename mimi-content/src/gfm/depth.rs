//! How deep block quotes and lists nest, counted before the parser reads a text.

use alloc::vec::Vec;

/// Block quotes and lists that may be open in each other. The parser's time grows with how deep
/// they nest times how many lines follow: with a bound, it grows with the text alone.
const MAX_DEPTH: usize = 64;

/// Whether block quotes and lists nest so deep that the whole text is shown as plain text.
pub(super) fn nests_too_deeply(markdown: &str) -> bool {
    deepest(markdown) > MAX_DEPTH
}

/// A block quote or a list item that a line leaves open.
#[derive(Clone, Copy)]
enum Open {
    Quote,
    /// The column from which on a line is inside.
    Item(usize),
}

/// The most block quotes and list items that may be open at once, no less than the parser opens.
/// Stops counting at one over [`MAX_DEPTH`].
///
/// The rules are those of CommonMark §5, without the exceptions that open fewer of them: code and
/// HTML are not told apart.
fn deepest(markdown: &str) -> usize {
    let mut open: Vec<Open> = Vec::new();
    let (mut most, mut after_blank) = (0, true);
    for line in markdown.split(['\n', '\r']) {
        let mut place = Line { rest: line.as_bytes(), column: 0 };
        let mut kept = 0_usize;
        while let Some(container) = open.get(kept) {
            let indent = place.indent();
            let inside = match container {
                Open::Quote => place.clone_after_quote().map(|after| place = after).is_some(),
                Open::Item(column) => indent.is_none_or(|indent| indent >= *column),
            };
            if !inside {
                break;
            }
            kept = kept.saturating_add(1);
        }
        if place.indent().is_none() {
            // A blank line ends block quotes; items stay open.
            if let Some(quote) = open.iter().skip(kept).position(|open| matches!(open, Open::Quote)) {
                open.truncate(kept.saturating_add(quote));
            }
            after_blank = true;
            continue;
        }
        let mut fresh = Vec::new();
        while fresh.len() <= MAX_DEPTH
            && let Some(container) = place.opens()
        {
            fresh.push(container);
        }
        // A line of text alone may belong to the paragraph inside all that is open.
        if !fresh.is_empty() || after_blank {
            open.truncate(kept);
        }
        open.extend(fresh);
        most = most.max(open.len());
        if most > MAX_DEPTH {
            return most;
        }
        after_blank = false;
    }
    most
}

/// What is left of a line, and the column at which it begins.
#[derive(Clone, Copy)]
struct Line<'t> {
    rest: &'t [u8],
    column: usize,
}

impl Line<'_> {
    /// Without the spaces and tabs before its text.
    fn trimmed(mut self) -> Self {
        while let Some((first, after)) = self.rest.split_first() {
            self.column = match first {
                b' ' => self.column.saturating_add(1),
                b'\t' => (self.column | 3).saturating_add(1),
                _ => break,
            };
            self.rest = after;
        }
        self
    }

    /// The column of its text; `None` if it is blank.
    fn indent(&self) -> Option<usize> {
        let trimmed = self.trimmed();
        (!trimmed.rest.is_empty()).then_some(trimmed.column)
    }

    fn clone_after_quote(&self) -> Option<Self> {
        let trimmed = self.trimmed();
        let rest = trimmed.rest.strip_prefix(b">")?;
        let column = trimmed.column.saturating_add(1);
        Some(match rest.strip_prefix(b" ") {
            Some(rest) => Self { rest, column: column.saturating_add(1) },
            None => Self { rest, column },
        })
    }

    /// Passes the mark of a block quote or a list item, if the line goes on with one.
    fn opens(&mut self) -> Option<Open> {
        if let Some(after) = self.clone_after_quote() {
            *self = after;
            return Some(Open::Quote);
        }
        let trimmed = self.trimmed();
        let digits = trimmed.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let marks: &[u8] = if digits == 0 { b"-+*" } else { b".)" };
        let (mark, after) = trimmed.rest.get(digits..)?.split_first()?;
        if digits > 9
            || !marks.contains(mark)
            || !after.first().is_none_or(|byte| matches!(byte, b' ' | b'\t'))
        {
            return None;
        }
        self.rest = after;
        self.column = trimmed.column.saturating_add(digits).saturating_add(1);
        // The least column that the text of the item can have.
        Some(Open::Item(self.column.saturating_add(1)))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use pulldown_cmark::{Event, Tag};

    fn parsed(markdown: &str) -> usize {
        let (mut depth, mut most) = (0_usize, 0);
        for event in super::super::parser(markdown) {
            match event {
                Event::Start(Tag::BlockQuote(_) | Tag::Item) => depth += 1,
                Event::End(pulldown_cmark::TagEnd::BlockQuote(_) | pulldown_cmark::TagEnd::Item) => {
                    depth -= 1
                }
                _ => {}
            }
            most = most.max(depth);
        }
        most
    }

    /// The pattern of a public report: each line opens 64 lists inside those of the line before.
    fn staircase(length: usize) -> String {
        let mut text = String::new();
        for step in 0.. {
            if text.len() >= length / 2 {
                break;
            }
            text += &format!("{}{}a\n", " ".repeat(128 * step), "- ".repeat(64));
        }
        while text.len() < length {
            text += "a\n";
        }
        text
    }

    #[test]
    fn counts_no_less_than_the_parser() {
        for text in [
            "- a\n- b\n  - c\n  - d\n\n3. e\n4. f",
            "> a\n> > b\nlazy\n\n> c",
            "- > - > a\n  > b\n",
            "1. a\n\n   > b\n   > - c\n2. d",
            "-\n  - a",
            "- - - a\n- - - b\n",
            "* * *\n\ntext\n\n* * *\n",
            "\t- a\n\t\t- b",
            "10) a\n    - b\n      c",
        ] {
            assert!(deepest(text) >= parsed(text), "{text}: {} {}", deepest(text), parsed(text));
        }
        // What people write stays far below the bound, however long it is.
        let list = "- a\n  - b\n    - c\n\ntext\n\n> q\n> > r\n\n* * *\n".repeat(500);
        assert_eq!(deepest(&list), 3);
        assert_eq!(deepest(&"a\n".repeat(1000)), 0);
        assert_eq!((deepest(&">".repeat(64)), deepest(&"- ".repeat(65))), (64, 65));
    }

    /// The parser's work on a line is at most the line and what is open; the bound makes the sum
    /// linear.
    #[test]
    fn the_parsers_work_grows_with_the_text() {
        for length in [8_000, 16_000, 32_000, 64_000] {
            let text = staircase(length);
            assert!(nests_too_deeply(&text));
            // One step less is read by the parser, and opens no more than the bound on every line
            // that follows.
            let flat = text.replace("- - ", "-   ");
            if !nests_too_deeply(&flat) {
                assert!(parsed(&flat) <= MAX_DEPTH);
            }
        }
    }
}
