//! URL templates of the directory, and the well-known place of the directory itself
//! (mimi-protocol-06 §5.1).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::asset_url::HttpsUrlRef;
use crate::dns_name::DnsNameRef;
use crate::percent::{find_dot_segment, is_dot_segment, push_identifier, unescape};
use crate::text::{TextError, TextErrorKind, serde_as_text};
use crate::uri::MimiUriRef;

/// The path of a provider's directory document.
pub const DIRECTORY_PATH: &str = "/.well-known/mimi-protocol-directory";

/// The URL of a provider's directory document.
///
/// ```
/// let host = mimi_codec::DnsName::parse("mimi.example.com")?;
/// assert_eq!(
///     mimi_codec::directory_url(host.as_ref()),
///     "https://mimi.example.com/.well-known/mimi-protocol-directory",
/// );
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
#[must_use]
pub fn directory_url(provider: DnsNameRef<'_>) -> String {
    alloc::format!("https://{provider}{DIRECTORY_PATH}")
}

/// An `https` URL with one `{variable}` in its path, as the directory lists them. It is always
/// valid.
///
/// The variable's name says nothing that the endpoint doesn't say already, and the draft itself
/// calls one variable by two names (`{targetUser}` in §5.1, `{targetDomain}` in §5.7): any name of
/// RFC 6570 passes.
///
/// ```
/// use mimi_codec::{MimiUriRef, UrlTemplate};
///
/// let template = UrlTemplate::parse("https://mimi.example.com/v1/notify/{roomId}")?;
/// assert_eq!(template.variable(), "roomId");
/// let room = MimiUriRef::parse("mimi://a.example/r/clubhouse")?;
/// let url = template.expand_uri(room);
/// assert_eq!(url, "https://mimi.example.com/v1/notify/mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse");
/// assert_eq!(template.extract(&url)?.as_deref(), Some(room.as_str().as_bytes()));
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UrlTemplate {
    text: String,
    /// Where `{` and `}` stand.
    open: usize,
    close: usize,
}

impl UrlTemplate {
    /// Checks `text`.
    ///
    /// # Errors
    /// What [`HttpsUrlRef::parse`] finds in the URL around the variable, and
    /// [`TextErrorKind::TemplateVariable`] for a missing, second, empty or unpaired variable, or
    /// one outside the path, and [`TextErrorKind::DotSegment`] for a `.` or `..` in the path,
    /// escaped or not.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let refuse = |offset| Err(TextError::new(TextErrorKind::TemplateVariable, offset));
        let Some(open) = text.find('{') else {
            return refuse(text.find('}').unwrap_or(text.len()));
        };
        let (before, rest) = text.split_at_checked(open).unwrap_or_default();
        if let Some(stray) = before.find('}') {
            return refuse(stray);
        }
        let Some((variable, after)) = rest.get(1..).and_then(|rest| rest.split_once('}')) else {
            return refuse(open);
        };
        let close = open.saturating_add(1).saturating_add(variable.len());
        if !is_variable_name(variable) {
            return refuse(open.saturating_add(1));
        }
        if let Some(second) = after.find(['{', '}']) {
            return refuse(close.saturating_add(1).saturating_add(second));
        }
        let url_before = HttpsUrlRef::parse(before)?;
        if !url_before.ends_in_path() {
            return refuse(open);
        }
        let after_offset = close.saturating_add(1);
        HttpsUrlRef::check_rest(after).map_err(|error| error.shifted(after_offset))?;
        let template = Self { text: String::from(text), open, close };
        // The variable's own segment depends on the identifier: `expand` checks it.
        let (whole_before, _) = before.split_at_checked(template.segment_start()).unwrap_or_default();
        let path_before = whole_before.strip_suffix('/').unwrap_or_default();
        if let Some(offset) = find_dot_segment(path_before) {
            return Err(TextError::new(TextErrorKind::DotSegment, offset));
        }
        let path_after = after.split_once('?').map_or(after, |(path, _)| path);
        if let Some((own, later)) = path_after.split_once('/')
            && let Some(offset) = find_dot_segment(later)
        {
            let offset = offset.saturating_add(own.len()).saturating_add(1);
            return Err(TextError::new(TextErrorKind::DotSegment, offset.saturating_add(after_offset)));
        }
        Ok(template)
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name between the braces.
    #[must_use]
    pub fn variable(&self) -> &str {
        self.text.get(self.open.saturating_add(1)..self.close).unwrap_or_default()
    }

    /// The host that the URL leads to.
    #[must_use]
    pub fn host(&self) -> DnsNameRef<'_> {
        HttpsUrlRef::checked_before(self.parts().0).host()
    }

    /// Puts an identifier in the place of the variable, as one path segment
    /// ([`encode_path_segment`](crate::encode_path_segment)): a MIMI URI, a domain name, or for
    /// `proxyDownload` the URL to fetch.
    ///
    /// # Errors
    ///
    /// [`TextErrorKind::DotSegment`], at the segment's offset in the template, when the segment of
    /// the variable becomes `.` or `..`, escaped or not: an HTTP library would request another
    /// resource.
    pub fn expand(&self, identifier: &[u8]) -> Result<String, TextError> {
        let url = self.filled(identifier);
        if is_dot_segment(self.variable_segment(&url)) {
            return Err(TextError::new(TextErrorKind::DotSegment, self.segment_start()));
        }
        Ok(url)
    }

    /// [`Self::expand`] with a MIMI URI, which never makes a dot segment.
    #[must_use]
    pub fn expand_uri(&self, uri: MimiUriRef<'_>) -> String {
        self.filled(uri.as_str().as_bytes())
    }

    /// The identifier in `url`, if `url` is an expansion of this template.
    ///
    /// # Errors
    ///
    /// What [`decode_path_segment`](crate::decode_path_segment) finds in the variable or in the
    /// path segment that holds it; offsets count in `url`.
    pub fn extract(&self, url: &str) -> Result<Option<alloc::vec::Vec<u8>>, TextError> {
        let (before, after) = self.parts();
        let Some(segment) = url.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) else {
            return Ok(None);
        };
        if is_dot_segment(self.variable_segment(url)) {
            return Err(TextError::new(TextErrorKind::DotSegment, self.segment_start()));
        }
        unescape(segment).map(Some).map_err(|error| error.shifted(before.len()))
    }

    fn filled(&self, identifier: &[u8]) -> String {
        let (before, after) = self.parts();
        let mut url = String::from(before);
        push_identifier(&mut url, identifier);
        url.push_str(after);
        url
    }

    /// Where the path segment that holds the variable begins, in the template and in its
    /// expansions.
    fn segment_start(&self) -> usize {
        self.parts().0.rfind('/').map_or(0, |slash| slash.saturating_add(1))
    }

    /// The path segment of an expansion that holds the variable.
    fn variable_segment<'u>(&self, url: &'u str) -> &'u str {
        let from = url.get(self.segment_start()..).unwrap_or_default();
        from.split(['/', '?']).next().unwrap_or_default()
    }

    fn parts(&self) -> (&str, &str) {
        (
            self.text.get(..self.open).unwrap_or_default(),
            self.text.get(self.close.saturating_add(1)..).unwrap_or_default(),
        )
    }
}

/// RFC 6570 §2.3 `varname`, without escapes.
fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

serde_as_text!(UrlTemplate);

impl FromStr for UrlTemplate {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TextErrorKind as Kind;

    #[test]
    fn the_missing_slash_of_the_drafts_example_is_the_servers_to_mend() {
        let template = UrlTemplate::parse("https://mimi.example.com/v1/update{roomId}").unwrap();
        assert_eq!(template.expand(b"x/y").as_deref(), Ok("https://mimi.example.com/v1/updatex%2Fy"));
    }

    #[test]
    fn what_follows_the_variable_stays() {
        let template = UrlTemplate::parse("https://h.example:8443/{a.b_1}/notify?v=1").unwrap();
        assert_eq!(template.host().as_str(), "h.example");
        let url = template.expand(b"a.example").unwrap();
        assert_eq!(url, "https://h.example:8443/a.example/notify?v=1");
        assert_eq!(template.extract(&url), Ok(Some(b"a.example".to_vec())));
        assert_eq!(template.extract("https://h.example:8443/a/other"), Ok(None));
    }

    #[test]
    fn refuses_by_kind_and_offset() {
        for (text, kind, offset) in [
            ("", Kind::TemplateVariable, 0),
            ("https://h.example/notify", Kind::TemplateVariable, 24),
            ("https://h.example/{}", Kind::TemplateVariable, 19),
            ("https://h.example/{a b}", Kind::TemplateVariable, 19),
            ("https://h.example/{+a}", Kind::TemplateVariable, 19),
            ("https://h.example/{a.}", Kind::TemplateVariable, 19),
            ("https://h.example/{a", Kind::TemplateVariable, 18),
            ("https://h.example/a}", Kind::TemplateVariable, 19),
            ("https://h.example/}{a}", Kind::TemplateVariable, 18),
            ("https://h.example/{a}{b}", Kind::TemplateVariable, 21),
            ("https://h.example/{a}}", Kind::TemplateVariable, 21),
            ("https://{host}/x", Kind::Host, 8),
            ("https://h.example{a}", Kind::TemplateVariable, 17),
            ("https://h.example/?q={a}", Kind::TemplateVariable, 21),
            ("https://h.example/#{a}", Kind::Character, 18),
            ("http://h.example/{a}", Kind::Scheme, 0),
            ("/v1/{a}", Kind::Scheme, 0),
            ("https://u@h.example/{a}", Kind::UserInfo, 8),
            ("https://h.example/%z/{a}", Kind::Escape, 18),
            ("https://h.example/{a}/%z", Kind::Escape, 22),
            ("https://h.example/{a}/ ", Kind::Character, 22),
            ("https://h.example/{a}#x", Kind::Character, 21),
            ("https://h.example/./{a}", Kind::DotSegment, 18),
            ("https://h.example/v1/../{a}", Kind::DotSegment, 21),
            ("https://h.example/v1/.%2E/x{a}", Kind::DotSegment, 21),
            ("https://h.example/{a}/%2e%2e/x", Kind::DotSegment, 22),
            ("https://h.example/{a}/x/..", Kind::DotSegment, 24),
            ("https://h.example/{a}/.?x", Kind::DotSegment, 22),
            ("https://127.0.0.0x1/{a}", Kind::Host, 8),
            ("https://0x7f000001/{a}", Kind::Host, 8),
        ] {
            assert_eq!(UrlTemplate::parse(text), Err(TextError::new(kind, offset)), "{text}");
        }
    }

    #[test]
    fn refuses_a_malformed_escape_on_the_way_back() {
        let template = UrlTemplate::parse("https://h.example/{a}").unwrap();
        assert_eq!(template.extract("https://h.example/ab%4"), Err(TextError::new(Kind::Escape, 20)));
    }

    #[test]
    fn refuses_to_make_a_dot_segment() {
        for (template, identifier) in [
            ("https://h.example/{a}", "."),
            ("https://h.example/v1/{a}", ".."),
            ("https://h.example/v1/{a}/notify", ".."),
            ("https://h.example/v1/{a}?q", ".."),
            ("https://h.example/v1/.{a}", ""),
            ("https://h.example/v1/.{a}", "."),
            ("https://h.example/v1/{a}.", "."),
            ("https://h.example/v1/.{a}./x", ""),
            ("https://h.example/v1/%2E{a}", ""),
            ("https://h.example/v1/{a}%2e/x", "."),
            ("https://h.example/v1/%2e{a}%2e", ""),
        ] {
            let parsed = UrlTemplate::parse(template).unwrap();
            let offset = template.find('{').and_then(|open| template[..open].rfind('/')).unwrap() + 1;
            let refused = TextError::new(Kind::DotSegment, offset);
            assert_eq!(parsed.expand(identifier.as_bytes()), Err(refused), "{template} {identifier}");
            let by_hand = template.replace("{a}", identifier);
            assert_eq!(parsed.extract(&by_hand), Err(refused), "{by_hand}");
        }
        for (template, identifier, url) in [
            ("https://h.example/{a}", "...", "https://h.example/..."),
            ("https://h.example/{a}", "%2e", "https://h.example/%252e"),
            ("https://h.example/x{a}", "..", "https://h.example/x.."),
            ("https://h.example/{a}/x", "./..", "https://h.example/.%2F../x"),
            ("https://h.example/{a}?/../x", "y", "https://h.example/y?/../x"),
        ] {
            let parsed = UrlTemplate::parse(template).unwrap();
            assert_eq!(parsed.expand(identifier.as_bytes()).as_deref(), Ok(url));
            assert_eq!(parsed.extract(url), Ok(Some(identifier.into())));
        }
    }
}
