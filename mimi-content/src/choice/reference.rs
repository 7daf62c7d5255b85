//! Content ID URIs in the parts that may hold them: mimi-content-09 §4.4.

use alloc::vec::Vec;

use super::media::essence;
use crate::charset::decode_text;
use crate::html;
use crate::message::MimiContentRef;
use crate::part::{NestedPartRef, PartIndex, PartRef};

/// What may refer to another part: text other than plain text (HTML, Markdown, vCard, iCal), and
/// what is written in XML.
fn is_container(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim_ascii();
    let Some((top_level, subtype)) = essence.split_once('/') else { return false };
    let is_xml = subtype
        .len()
        .checked_sub(4)
        .and_then(|at| subtype.get(at..))
        .is_some_and(|ending| ending.eq_ignore_ascii_case("+xml"));
    is_xml || top_level.eq_ignore_ascii_case("text") && !subtype.eq_ignore_ascii_case("plain")
}

impl MimiContentRef<'_> {
    /// The parts that content IDs in the content of a part name, in the order in which they stand
    /// there; `None` for one that names no single or external part of this message.
    ///
    /// Looked for is `cid:N@local.invalid` in text other than plain text and in what is written in
    /// XML, wherever it stands there.
    ///
    /// ```
    /// use mimi_content::{MimiContentRef, PartIndex};
    ///
    /// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/multipart-3.cbor"));
    /// let message = MimiContentRef::decode(bytes)?;
    /// assert!(message.references(PartIndex(8)).eq([Some(PartIndex(10))]));
    /// # Ok::<(), mimi_content::DecodeError>(())
    /// ```
    pub fn references(&self, part: PartIndex) -> impl Iterator<Item = Option<PartIndex>> {
        self.part(part).into_iter().flat_map(|part| in_part(part, self.parts()))
    }
}

/// The parts that a client shows or links when it shows the content of a part in the usual way for
/// its type.
///
/// - Markdown: what its links and pictures name, with feature `gfm`
///   ([`gfm::shown_parts`](crate::gfm)). Without that feature a client shows Markdown as plain
///   text, and no part with it.
/// - HTML: what its sources and links name ([`html::shown_parts`]).
/// - Plain text: nothing.
/// - Other text and XML, such as vCard and iCal: every content ID, wherever it stands (reading
///   T54).
///
/// A URI elsewhere, such as in code, in a comment or in an unused definition, names no part that is
/// shown.
#[must_use]
pub fn shown_parts(content_type: &str, content: &[u8]) -> Vec<PartIndex> {
    let essence = essence(content_type);
    let is = |known: &str| essence.eq_ignore_ascii_case(known);
    match () {
        () if is("text/markdown") => in_markdown(content_type, content),
        () if is("text/html") || is("application/xhtml+xml") => {
            decode_text(content_type, content).map_or(Vec::new(), |html| html::shown_parts(&html))
        }
        () if is_container(content_type) => {
            content_ids(content).filter_map(|number| PartIndex::from_number(number).ok()).collect()
        }
        () => Vec::new(),
    }
}

#[cfg(feature = "gfm")]
fn in_markdown(content_type: &str, content: &[u8]) -> Vec<PartIndex> {
    decode_text(content_type, content).map_or(Vec::new(), |text| crate::gfm::shown_parts(&text).collect())
}

#[cfg(not(feature = "gfm"))]
fn in_markdown(_: &str, _: &[u8]) -> Vec<PartIndex> {
    Vec::new()
}

/// The parts that the content IDs in a part name, `None` for one that names no single or external
/// part.
fn in_part<'p, 'a>(
    part: &NestedPartRef<'a>,
    parts: &'p [NestedPartRef<'a>],
) -> impl Iterator<Item = Option<PartIndex>> + use<'p, 'a> {
    let content = match part.part {
        PartRef::Single(single) if is_container(single.content_type) => single.content,
        _ => &[],
    };
    content_ids(content).map(|number| {
        let index = PartIndex::from_number(number).ok()?;
        parts.get(usize::from(index))?.content_id(index).ok()?;
        Some(index)
    })
}

/// Bytes after the colon of the longest content ID that names a part, `cid:1023@local.invalid`, and
/// some digits more to be told that there is no such part.
const LONGEST: usize = 28;

const SCHEME: &[u8] = b"cid:";
const HOST: &[u8] = b"@local.invalid";

/// The number in everything in a text that looks like a content ID of the draft's form. The text is
/// not parsed further: in a container of any type, a URI stands as it is written.
fn content_ids(content: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = content;
    core::iter::from_fn(move || {
        loop {
            // The colon is rarer than a letter.
            let colon = rest.iter().position(|byte| *byte == b':')?;
            let (before, after) = rest.split_at_checked(colon.saturating_add(1))?;
            rest = after;
            let Some((_, scheme)) = before.split_at_checked(before.len().saturating_sub(SCHEME.len())) else {
                continue;
            };
            let window = after.get(..LONGEST).unwrap_or(after);
            let digits = window.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let end = digits.saturating_add(HOST.len());
            let host = window.get(digits..end).unwrap_or_default();
            if scheme.eq_ignore_ascii_case(SCHEME) && digits > 0 && host.eq_ignore_ascii_case(HOST) {
                let number = window.get(..digits).and_then(|digits| core::str::from_utf8(digits).ok())?;
                return Some(number);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_content_ids() {
        for (content, found) in [
            ("<img src=\"cid:5@local.invalid\">", &["5"][..]),
            ("![a](CID:10@LOCAL.invalid) (cid:1@local.invalid)", &["10", "1"]),
            ("cid:cid:7@local.invalid", &["7"]),
            ("cid:7@local.invali", &[]),
            ("cid:@local.invalid cid:x@local.invalid cid:5@example.com", &[]),
            ("cid:99999999999999@local.invalid", &["99999999999999"]),
            ("xcid:007@local.invalid:cid:8@local.invalid:", &["007", "8"]),
            (":id:5@local.invalid", &[]),
            ("cid:999999999999999@local.invalid", &[]),
            ("", &[]),
        ] {
            assert_eq!(content_ids(content.as_bytes()).collect::<Vec<_>>(), found, "{content}");
        }
    }

    #[test]
    fn knows_containers() {
        for container in [
            "text/html",
            "TEXT/Markdown;variant=GFM-MIMI",
            "text/vcard",
            "image/svg+XML",
            "application/xhtml+xml",
        ] {
            assert!(is_container(container), "{container}");
        }
        for other in ["text/plain", "text/PLAIN ;charset=utf-8", "image/png", "application/json", "text", ""]
        {
            assert!(!is_container(other), "{other}");
        }
    }
}
