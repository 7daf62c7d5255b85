//! Content ID URIs in the parts that may hold them: mimi-content section 4.4.

use crate::message::MimiContentRef;
use crate::part::{NestedPartRef, PartIndex, PartRef};

/// What may refer to another part: text other than plain text (HTML, Markdown, vCard, iCal), and what is written in XML.
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
    /// The parts that content IDs in the content of a part name, in the order in which they stand there; `None` for one that names no
    /// single or external part of this message.
    ///
    /// Looked for is `cid:N@local.invalid` in text other than plain text and in what is written in XML, wherever it stands there.
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

/// The parts that the content IDs in a part name, `None` for one that names no single or external part.
pub(super) fn in_part<'p, 'a>(
    part: &NestedPartRef<'a>,
    parts: &'p [NestedPartRef<'a>],
) -> impl Iterator<Item = Option<PartIndex>> + use<'p, 'a> {
    let content = match part.part {
        PartRef::Single(single) if is_container(single.content_type) => single.content,
        _ => &[],
    };
    content_ids(content).map(|uri| {
        let index = PartIndex::from_content_id(uri).ok()?;
        parts.get(usize::from(index))?.content_id(index).ok()?;
        Some(index)
    })
}

/// The longest URI that names a part: `cid:1023@local.invalid`, and some digits more to be told that there is no such part.
const LONGEST: usize = 32;

const SCHEME: &[u8] = b"cid:";
const HOST: &[u8] = b"@local.invalid";

/// Everything in a text that looks like a content ID of the draft's form. It is not parsed further: in a container of any type, a URI
/// stands as it is written.
fn content_ids(content: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = content;
    core::iter::from_fn(move || {
        loop {
            let at = rest.windows(SCHEME.len()).position(|window| window.eq_ignore_ascii_case(SCHEME))?;
            let found = rest.get(at..)?;
            rest = found.get(SCHEME.len()..)?;
            let window = found.get(..LONGEST).unwrap_or(found);
            let digits = window.iter().skip(SCHEME.len()).take_while(|byte| byte.is_ascii_digit()).count();
            let end = SCHEME.len().saturating_add(digits);
            let host_end = end.saturating_add(HOST.len());
            if digits > 0 && window.get(end..host_end).is_some_and(|host| host.eq_ignore_ascii_case(HOST)) {
                return window.get(..host_end).and_then(|uri| core::str::from_utf8(uri).ok());
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn finds_content_ids() {
        for (content, found) in [
            ("<img src=\"cid:5@local.invalid\">", &["cid:5@local.invalid"][..]),
            (
                "![a](CID:10@LOCAL.invalid) (cid:1@local.invalid)",
                &["CID:10@LOCAL.invalid", "cid:1@local.invalid"],
            ),
            ("cid:cid:7@local.invalid", &["cid:7@local.invalid"]),
            ("cid:7@local.invali", &[]),
            ("cid:@local.invalid cid:x@local.invalid cid:5@example.com", &[]),
            ("cid:999999999999999@local.invalid", &["cid:999999999999999@local.invalid"]),
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
