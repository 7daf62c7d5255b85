//! The text form of a media type (RFC 9110 §8.3.1).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::str::FromStr;

use super::{MediaType, Parameter, first_repeated, is_token, is_token_character};
use crate::text::{TextError, TextErrorKind};

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.r#type)?;
        for Parameter { parameter_name, parameter_value } in self.parameters.iter() {
            write!(f, ";{parameter_name}=")?;
            if is_token(parameter_value) {
                f.write_str(parameter_value)?;
                continue;
            }
            f.write_char('"')?;
            for character in parameter_value.chars() {
                if matches!(character, '"' | '\\') {
                    f.write_char('\\')?;
                }
                f.write_char(character)?;
            }
            f.write_char('"')?;
        }
        Ok(())
    }
}

impl FromStr for MediaType {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse(text)
    }
}

/// A text and how far it has been read.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn offset(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    fn refuse<T>(&self, kind: TextErrorKind) -> Result<T, TextError> {
        Err(TextError::new(kind, self.offset()))
    }

    /// RFC 9110 §5.6.3 `OWS`.
    fn skip_white_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The token at the cursor, which may be empty.
    fn token(&mut self) -> &'a str {
        let end = self.rest.bytes().position(|byte| !is_token_character(byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }

    /// The next parameter and where its name begins; `None` at the end.
    fn parameter(&mut self) -> Result<Option<(usize, Parameter)>, TextError> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            self.skip_white_space();
            if !self.take(';') {
                return self.refuse(TextErrorKind::Parameter);
            }
            self.skip_white_space();
            let start = self.offset();
            let name = self.token();
            // RFC 9110 lets a semicolon stand before nothing.
            if name.is_empty() && (self.rest.is_empty() || self.rest.starts_with(';')) {
                continue;
            }
            if name.is_empty() || !self.take('=') {
                return self.refuse(TextErrorKind::Parameter);
            }
            let quoted = self.take('"');
            let parameter_value = if quoted { self.quoted_string()? } else { String::from(self.token()) };
            if parameter_value.is_empty() && !quoted {
                return self.refuse(TextErrorKind::Parameter);
            }
            return Ok(Some((start, Parameter { parameter_name: String::from(name), parameter_value })));
        }
    }

    /// What a quoted string means; its opening quotation mark has been read.
    fn quoted_string(&mut self) -> Result<String, TextError> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((index, character)) = characters.next() {
            let meant = match character {
                '"' => {
                    self.rest = characters.as_str();
                    return Ok(value);
                }
                '\\' => match characters.next() {
                    Some((_, escaped)) => escaped,
                    None => break,
                },
                other => other,
            };
            if meant.is_ascii_control() && meant != '\t' {
                let offset = self.offset().saturating_add(index);
                return Err(TextError::new(TextErrorKind::Character, offset));
            }
            value.push(meant);
        }
        Err(TextError::new(TextErrorKind::QuotedString, self.text.len()))
    }
}

pub(super) fn parse(text: &str) -> Result<MediaType, TextError> {
    let mut cursor = Cursor { text, rest: text };
    if cursor.token().is_empty() || !cursor.take('/') || cursor.token().is_empty() {
        return cursor.refuse(TextErrorKind::MediaType);
    }
    let r#type = String::from(text.get(..cursor.offset()).unwrap_or_default());
    let first = cursor;
    let mut parameters: Vec<Parameter> = Vec::new();
    while let Some((_, parameter)) = cursor.parameter()? {
        parameters.push(parameter);
    }
    let Some(repeated) = first_repeated(&parameters) else {
        return Ok(MediaType { r#type, parameters });
    };
    // Where that one began: they have all been read once.
    let mut again = first;
    let offset =
        core::iter::from_fn(|| again.parameter().ok().flatten()).nth(repeated).map(|(offset, _)| offset);
    Err(TextError::new(TextErrorKind::DuplicateParameter, offset.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::steps_of;
    use crate::{Decode, DecodeErrorKind, Encode, Segment};
    use alloc::string::ToString;
    use alloc::vec;

    fn parameters(text: &str) -> Vec<(String, String)> {
        MediaType::parse(text)
            .unwrap()
            .parameters()
            .iter()
            .map(|parameter| (parameter.parameter_name.clone(), parameter.parameter_value.clone()))
            .collect()
    }

    #[test]
    fn the_drafts_own_examples() {
        for (text, r#type, expected) in [
            ("image/png", "image/png", vec![]),
            ("text/plain ;charset=\"UTF-8\"", "text/plain", vec![("charset".into(), "UTF-8".into())]),
            ("application/json", "application/json", vec![]),
            ("application/vnd.example.msgbus+cbor", "application/vnd.example.msgbus+cbor", vec![]),
        ] {
            assert_eq!(MediaType::parse(text).unwrap().r#type(), r#type);
            assert_eq!(parameters(text), expected);
        }
    }

    #[test]
    fn quoted_strings_and_pairs_are_taken_apart_and_put_back() {
        for (text, value, written) in [
            (r#"a/b;c="""#, "", r#"a/b;c="""#),
            (r#"a/b;c="d""#, "d", "a/b;c=d"),
            (r#"a/b;c="\d""#, "d", "a/b;c=d"),
            (r#"a/b;c="d e;f=g""#, "d e;f=g", r#"a/b;c="d e;f=g""#),
            (r#"a/b;c="\"\\""#, "\"\\", r#"a/b;c="\"\\""#),
            ("a/b;c=\"\t\u{e9}\"", "\t\u{e9}", "a/b;c=\"\t\u{e9}\""),
        ] {
            let media_type = MediaType::parse(text).unwrap();
            assert_eq!(media_type.parameter("C"), Some(value), "{text}");
            assert_eq!(media_type.to_string(), written);
            assert_eq!(MediaType::parse(written), Ok(media_type));
        }
    }

    #[test]
    fn white_space_and_empty_parameters_are_rfc_9110s() {
        assert_eq!(parameters("a/b \t; \tc=d;;e=f; "), [("c".into(), "d".into()), ("e".into(), "f".into())]);
    }

    #[test]
    fn refuses_by_kind_and_offset() {
        use TextErrorKind as Kind;
        for (text, kind, offset) in [
            ("", Kind::MediaType, 0),
            ("text", Kind::MediaType, 4),
            ("text/", Kind::MediaType, 5),
            ("/plain", Kind::MediaType, 0),
            (" text/plain", Kind::MediaType, 0),
            ("text /plain", Kind::MediaType, 4),
            ("text/plain/x", Kind::Parameter, 10),
            ("text/plain ", Kind::Parameter, 11),
            ("text/plain charset=x", Kind::Parameter, 11),
            ("text/plain;charset", Kind::Parameter, 18),
            ("text/plain;charset=", Kind::Parameter, 19),
            ("text/plain;charset =x", Kind::Parameter, 18),
            ("text/plain;charset= x", Kind::Parameter, 19),
            ("text/plain;=x", Kind::Parameter, 11),
            ("text/plain;c=d e", Kind::Parameter, 15),
            ("text/plain;c=d;C=e", Kind::DuplicateParameter, 15),
            ("text/plain;c=\"d", Kind::QuotedString, 15),
            ("text/plain;c=\"d\\", Kind::QuotedString, 16),
            ("text/plain;c=\"d\\\"", Kind::QuotedString, 17),
            ("text/plain;c=\"d\n\"", Kind::Character, 15),
            ("text/plain;c=\"\\\0\"", Kind::Character, 14),
        ] {
            assert_eq!(MediaType::parse(text), Err(TextError::new(kind, offset)), "{text:?}");
        }
    }

    #[test]
    fn an_entry_covers_types_that_have_all_its_parameters() {
        for (entry, other, covers) in [
            ("text/markdown", "text/markdown", true),
            ("text/markdown", "TEXT/Markdown;variant=GFM-MIMI", true),
            ("text/markdown;variant=GFM-MIMI", "text/markdown", false),
            ("text/markdown;Variant=GFM-MIMI", "text/markdown;charset=utf-8;variant=GFM-MIMI", true),
            ("text/markdown;variant=gfm-mimi", "text/markdown;variant=GFM-MIMI", false),
            ("text/plain;charset=UTF-8", "text/plain;charset=utf-8", true),
            ("text/markdown", "text/plain", false),
        ] {
            let (entry, other) = (MediaType::parse(entry).unwrap(), MediaType::parse(other).unwrap());
            assert_eq!(entry.covers(&other), covers, "{entry} {other}");
        }
    }

    /// `a/b` with that many parameters, the names in a mixed order and the first one last.
    fn many(count: usize) -> String {
        use core::fmt::Write as _;
        let mut text = String::from("a/b");
        for index in 0..count {
            write!(text, ";p{}={index}", index.saturating_mul(7919).checked_rem(count).unwrap_or(0)).unwrap();
        }
        text
    }

    #[test]
    fn a_hundred_thousand_parameters_take_no_hundred_thousand_comparisons_each() {
        // Comparing all with all takes 10^10 steps: minutes, even when optimized.
        let text = many(100_000);
        let parsed = MediaType::parse(&text).unwrap();
        assert_eq!(parsed.parameters().len(), 100_000);
        let bytes = parsed.to_bytes().unwrap();
        assert_eq!(MediaType::decode_exact(&bytes).as_ref(), Ok(&parsed));
        assert_eq!(MediaType::new("a/b", parsed.parameters().to_vec()).as_ref(), Ok(&parsed));

        let mut backwards = parsed.parameters().to_vec();
        backwards.reverse();
        let backwards = MediaType::new("A/B", backwards).unwrap();
        assert!(parsed.covers(&backwards) && backwards.covers(&parsed));
        let last = MediaType::new("a/b", vec![parsed.parameters()[99_999].clone()]).unwrap();
        assert!(last.covers(&parsed) && !parsed.covers(&last));
        let mut other = parsed.parameters().to_vec();
        other[50_000] = Parameter::new(other[50_000].parameter_name(), "another").unwrap();
        assert!(!parsed.covers(&MediaType::new("a/b", other).unwrap()));
    }

    #[test]
    fn one_type_against_a_list_costs_the_two_of_them_and_not_their_product() {
        // A list of 1,024 entries that the type of `count` parameters meets at its last one.
        let entries: Vec<MediaType> =
            (0..1024).map(|index| MediaType::parse(&alloc::format!("a/b;p{index}=x")).unwrap()).collect();
        let steps = [1_000, 2_000, 4_000, 8_000].map(|count| {
            let sent = MediaType::parse(&many(count)).unwrap();
            let by_type = steps_of(|| {
                let sorted = sent.sorted();
                assert!(!entries.iter().any(|entry| sorted.is_covered_by(entry)));
            });
            let by_entry = steps_of(|| {
                let entry = &entries[0];
                assert!(!entry.covers(&sent) && sent.covers(&sent));
            });
            (by_type, by_entry)
        });
        for (one, double) in steps.iter().zip(&steps[1..]) {
            // n log n.
            assert!(double.0 * 4 < one.0 * 9, "{steps:?}");
            assert!(double.1 * 4 < one.1 * 9, "{steps:?}");
        }
        assert!(steps[3].0 < 8_000 * 40, "{steps:?}");
    }

    #[test]
    fn refuses_the_first_repetition_among_few_and_among_many() {
        for count in [2, 15, 16, 17, 18, 1000] {
            // The second half repeats names of the first, the last of them first.
            let names: Vec<String> = (0..count).map(|index| alloc::format!("n{index}")).collect();
            let repeated = names.iter().rev().map(|name| name.to_uppercase());
            let all: Vec<Parameter> = names
                .iter()
                .cloned()
                .chain(repeated)
                .map(|name| Parameter::new(name, "v").unwrap())
                .collect();
            let invalid = MediaType::new("a/b", all.clone()).unwrap_err();
            assert_eq!(
                (invalid.kind, invalid.place),
                (DecodeErrorKind::Duplicate, Some(Segment::Index(count)))
            );

            let text: String =
                all.iter().map(|each| alloc::format!("; {}=v", each.parameter_name())).collect();
            let text = alloc::format!("a/b{text}");
            let offset = text.find("; N").unwrap() + 2;
            let expected = TextError::new(TextErrorKind::DuplicateParameter, offset);
            assert_eq!(MediaType::parse(&text), Err(expected));

            let before: usize = all[..count].iter().map(|each| each.to_bytes().unwrap().len()).sum();
            let bytes = [&b"\x03a/b"[..], &all.to_bytes().unwrap()].concat();
            let content: usize = all.iter().map(|each| each.to_bytes().unwrap().len()).sum();
            let error = MediaType::decode_exact(&bytes).unwrap_err();
            assert_eq!(error.offset(), bytes.len() - content + before);
            assert_eq!(error.kind(), &DecodeErrorKind::Duplicate);
            assert_eq!(error.path().to_string(), alloc::format!("MediaType.parameters[{count}]"));
        }
    }

    #[test]
    fn few_and_many_parameters_cover_alike() {
        for count in [2, 16, 17, 40] {
            let all = MediaType::parse(&many(count)).unwrap();
            for left_out in 0..count {
                let mut some = all.parameters().to_vec();
                let gone = some.remove(left_out);
                let some = MediaType::new("a/b", some).unwrap();
                assert!(some.covers(&all) && !all.covers(&some));
                let mut changed = some.parameters().to_vec();
                changed.push(Parameter::new(gone.parameter_name().to_uppercase(), "z").unwrap());
                assert!(!all.covers(&MediaType::new("a/b", changed.clone()).unwrap()));
                changed.pop();
                let value = gone.parameter_value();
                changed.push(Parameter::new(gone.parameter_name().to_uppercase(), value).unwrap());
                assert!(all.covers(&MediaType::new("a/b", changed).unwrap()));
            }
        }
    }

    #[test]
    fn refuses_to_build_what_would_not_parse() {
        assert!(Parameter::new("a b", "c").is_err());
        assert!(Parameter::new("", "c").is_err());
        assert!(Parameter::new("a", "c\n").is_err());
        assert!(MediaType::new("text", vec![]).is_err());
        let twice = vec![Parameter::new("a", "b").unwrap(), Parameter::new("A", "c").unwrap()];
        assert!(MediaType::new("a/b", twice).is_err());
    }
}
