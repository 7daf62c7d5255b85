//! Media types with parameters, as far as choosing needs them: RFC 9110 §8.3.1.

use alloc::string::String;

/// What a person perceives of a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A part without content.
    Nothing,
    /// Text, formatted or not.
    Text,
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A moving picture.
    Video,
    /// All else, among them what has no type, such as a conference link.
    Other,
}

impl Kind {
    /// The kind of a media type.
    ///
    /// ```
    /// use mimi_content::choice::Kind;
    ///
    /// assert_eq!(Kind::of("text/html;charset=utf-8"), Kind::Text);
    /// assert_eq!(Kind::of("application/pdf"), Kind::Other);
    /// ```
    #[must_use]
    pub fn of(content_type: &str) -> Self {
        let (top_level, _) = content_type.split_once('/').unwrap_or_default();
        let is = |name: &str| top_level.trim_ascii_start().eq_ignore_ascii_case(name);
        match () {
            () if is("text") => Self::Text,
            () if is("image") => Self::Image,
            () if is("audio") => Self::Audio,
            () if is("video") => Self::Video,
            () => Self::Other,
        }
    }

    /// One bit for each kind, for sets of them.
    pub(super) fn bit(self) -> u8 {
        match self {
            Self::Nothing => 0x01,
            Self::Text => 0x02,
            Self::Image => 0x04,
            Self::Audio => 0x08,
            Self::Video => 0x10,
            Self::Other => 0x20,
        }
    }
}

/// Whether a client that can process `ability` can process content of type `content_type`.
///
/// Type and subtype are the same without regard to case, or the ability's subtype is `*`. Each
/// parameter that the ability names is in the content type too, with the same value without regard
/// to case; further parameters of the content type are passed over. The empty ability fits the
/// empty type alone, which a conference link has.
///
/// ```
/// use mimi_content::choice::media_type_matches;
///
/// assert!(media_type_matches("text/plain;charset=utf-8", "Text/Plain; charset=\"UTF-8\"; format=flowed"));
/// assert!(!media_type_matches("text/plain;charset=utf-8", "text/plain;charset=utf-16"));
/// assert!(!media_type_matches("text/plain;charset=utf-8", "text/plain"));
/// assert!(media_type_matches("image/*", "image/png"));
/// ```
#[must_use]
pub fn media_type_matches(ability: &str, content_type: &str) -> bool {
    if ability.is_empty() {
        return content_type.is_empty();
    }
    let (mut ability, mut content) = (pieces(ability), pieces(content_type));
    let (Some(wanted), Some(found)) = (ability.next(), content.next()) else { return false };
    let (Some((wanted, wanted_sub)), Some((found, found_sub))) =
        (wanted.split_once('/'), found.split_once('/'))
    else {
        return false;
    };
    wanted.eq_ignore_ascii_case(found)
        && (wanted_sub == "*" || wanted_sub.eq_ignore_ascii_case(found_sub))
        && ability
            .all(|parameter| parameter.is_empty() || content.clone().any(|other| same(parameter, other)))
}

/// The value of a parameter of a media type, without its quotes. Parameters without an equals sign
/// have none.
pub(crate) fn media_type_parameter(content_type: &str, name: &str) -> Option<String> {
    let (_, value) = pieces(content_type)
        .skip(1)
        .filter_map(|piece| piece.split_once('='))
        .find(|(found, _)| found.trim_ascii().eq_ignore_ascii_case(name))?;
    Some(self::value(value.trim_ascii()).collect())
}

/// The type and subtype of a media type, without its parameters.
pub(crate) fn essence(content_type: &str) -> &str {
    pieces(content_type).next().unwrap_or_default()
}

/// The type and the parameters: what semicolons separate outside of quotes.
fn pieces(content_type: &str) -> impl Iterator<Item = &str> + Clone {
    let mut quoted = false;
    let mut escaped = false;
    let separates = move |c: char| {
        let after_escape = core::mem::take(&mut escaped);
        match c {
            '"' if !after_escape => quoted = !quoted,
            '\\' if quoted && !after_escape => escaped = true,
            _ => {}
        }
        c == ';' && !quoted
    };
    content_type.split(separates).map(str::trim_ascii)
}

fn same(left: &str, right: &str) -> bool {
    let (Some((left, left_value)), Some((right, right_value))) =
        (left.split_once('='), right.split_once('='))
    else {
        return false;
    };
    left.eq_ignore_ascii_case(right) && value(left_value).eq(value(right_value))
}

/// A value without its quotes, in lower case.
fn value(value: &str) -> impl Iterator<Item = char> {
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let mut escaped = false;
    quoted.unwrap_or(value).chars().filter_map(move |c| {
        escaped = quoted.is_some() && c == '\\' && !escaped;
        (!escaped).then(|| c.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_kinds() {
        for (content_type, kind) in [
            ("IMAGE/png", Kind::Image),
            ("audio/ogg;codecs=\"opus\"", Kind::Audio),
            ("video/mp4", Kind::Video),
            ("text", Kind::Other),
            ("", Kind::Other),
            ("texts/plain", Kind::Other),
        ] {
            assert_eq!(Kind::of(content_type), kind, "{content_type}");
        }
    }

    #[test]
    fn compares_parameters() {
        for (ability, content_type) in [
            ("text/markdown;variant=GFM-MIMI", "text/markdown; variant=gfm-mimi; charset=utf-8"),
            ("text/markdown", "text/markdown;variant=CommonMark"),
            ("text/x;a=\"b;c\"", "text/x;d=e;a=\"b;c\""),
            ("text/x;a=\"b\\\"c\"", "text/x;a=\"B\\\"C\""),
            ("text/x;a=b;", "text/x;;a=\"\\b\""),
            ("", ""),
        ] {
            assert!(media_type_matches(ability, content_type), "{ability} {content_type}");
        }
        for (ability, content_type) in [
            ("text/markdown;variant=GFM-MIMI", "text/markdown"),
            ("text/markdown;variant=GFM-MIMI", "text/markdown;variant=CommonMark"),
            ("text/markdown;variant=GFM-MIMI", "text/markdown;x=\"; variant=GFM-MIMI\""),
            ("text/plain", "text/plainer"),
            ("text/plain", "text"),
            ("text", "text"),
            ("text/x;a", "text/x;a"),
            ("image/*", "audio/x"),
            ("", "text/plain"),
            ("text/plain", ""),
        ] {
            assert!(!media_type_matches(ability, content_type), "{ability} {content_type}");
        }
    }
}
