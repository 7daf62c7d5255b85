//! HTML written anew, so that a parser takes time in proportion to it.
//!
//! A parser of HTML looks through the elements that are open at many tags, at each attribute
//! through those before it, and opens formatting again in each paragraph. Where few elements are
//! open and each is closed where it was opened, none of that costs much.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashSet;

use super::{Attributes, Token, Tokens};

/// Elements that nest in each other, at most; deeper ones are left out, not what they hold.
const MAX_ELEMENTS: usize = 100;

/// Attributes of one tag, at most.
const MAX_ATTRIBUTES: usize = 32;

/// What the sanitizer gets of a text: the text itself, if it is short, or else a tidy one.
pub(super) fn tidied<'h>(html: &'h str, builder: &ammonia::Builder<'static>) -> Cow<'h, str> {
    if is_small(html) { Cow::Borrowed(html) } else { tidy(html, &allowed(builder)).into() }
}

/// The names of elements and attributes that the sanitizer keeps.
struct Allowed {
    elements: HashSet<&'static str>,
    attributes: HashSet<&'static str>,
}

fn allowed(builder: &ammonia::Builder<'static>) -> Allowed {
    let of_elements = builder.clone_tag_attributes().into_values().flatten();
    Allowed {
        elements: builder.clone_tags(),
        attributes: of_elements.chain(builder.clone_generic_attributes()).collect(),
    }
}

/// Whether a text is so short that its cost is bounded whatever it holds.
fn is_small(html: &str) -> bool {
    html.len() <= 16_384 && html.bytes().filter(|byte| *byte == b'<').count() <= 256
}

/// The text with the elements and attributes of `allowed` alone, each closed where it was opened,
/// and few open at once. Text is kept as the tokenizer cuts it.
fn tidy(html: &str, allowed: &Allowed) -> String {
    let mut tidy = Tidy { allowed, open: Vec::new(), shown: 0, written: String::with_capacity(html.len()) };
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => push_escaped(text, false, &mut tidy.written),
            Token::Start { name, attributes } => tidy.start(name, attributes),
            Token::End(name) => tidy.end(name),
        }
    }
    tidy.close_down_to(0);
    tidy.written
}

struct Tidy<'a> {
    allowed: &'a Allowed,
    /// The elements that are open, and whether each is written.
    open: Vec<(&'static str, bool)>,
    /// How many of them are written.
    shown: usize,
    written: String,
}

impl Tidy<'_> {
    fn known(&self, name: &str) -> Option<&'static str> {
        find(&self.allowed.elements, name)
    }

    fn start(&mut self, name: &str, attributes: &str) {
        let Some(name) = self.known(name) else { return };
        self.close_before(name);
        let is_void = matches!(name, "area" | "br" | "col" | "hr" | "img" | "wbr");
        let is_shown = is_void || self.shown < MAX_ELEMENTS;
        if is_shown {
            self.written.push('<');
            self.written.push_str(name);
            let attributes = (Attributes { rest: attributes })
                .filter_map(|(attribute, value)| Some((find(&self.allowed.attributes, attribute)?, value)));
            for (attribute, value) in attributes.take(MAX_ATTRIBUTES) {
                self.written.push(' ');
                self.written.push_str(attribute);
                self.written.push_str("=\"");
                push_escaped(value, true, &mut self.written);
                self.written.push('"');
            }
            self.written.push('>');
        }
        if !is_void {
            self.open.push((name, is_shown));
            self.shown = self.shown.saturating_add(usize::from(is_shown));
        }
    }

    fn end(&mut self, name: &str) {
        let Some(name) = self.known(name) else { return };
        if let Some(at) = self.innermost(&[name], &[]) {
            self.close_down_to(at);
        }
    }

    /// Closes what ends without a tag where an element begins.
    fn close_before(&mut self, name: &str) {
        const CELLS: &[&str] = &["td", "th", "caption", "table"];
        let (closed, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ol", "ul", "td", "th"]),
            "dd" | "dt" => (&["dd", "dt"], &["dl", "td", "th"]),
            "rp" | "rt" => (&["rp", "rt"], &["ruby"]),
            "td" | "th" => (&["td", "th"], &["table"]),
            "tr" => (&["tr"], &["table"]),
            "tbody" | "tfoot" | "thead" => (&["tbody", "tfoot", "thead"], &["table"]),
            "a" => (&["a"], &[]),
            "address" | "article" | "aside" | "blockquote" | "center" | "details" | "div" | "dl"
            | "figcaption" | "figure" | "footer" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header"
            | "hgroup" | "hr" | "nav" | "ol" | "p" | "pre" | "summary" | "table" | "ul" => (&["p"], CELLS),
            _ => return,
        };
        if let Some(at) = self.innermost(closed, within) {
            self.close_down_to(at);
        }
    }

    /// The innermost open element of these names, if none of `within` is inside of it. Looks at the
    /// innermost hundred alone.
    fn innermost(&self, names: &[&str], within: &[&str]) -> Option<usize> {
        let near = self.open.iter().enumerate().rev().take(MAX_ELEMENTS);
        let found = near
            .map(|(at, (open, _))| (at, *open))
            .find(|(_, open)| names.contains(open) || within.contains(open));
        found.filter(|(_, open)| names.contains(open)).map(|(at, _)| at)
    }

    fn close_down_to(&mut self, length: usize) {
        while self.open.len() > length
            && let Some((name, is_shown)) = self.open.pop()
        {
            if is_shown {
                self.shown = self.shown.saturating_sub(1);
                self.written.push_str("</");
                self.written.push_str(name);
                self.written.push('>');
            }
        }
    }
}

/// A name among the known ones, in whatever case it is written.
fn find(known: &HashSet<&'static str>, name: &str) -> Option<&'static str> {
    // No known name is longer.
    let name = name.get(..name.len().min(16)).filter(|short| short.len() == name.len())?;
    known.get(name.to_ascii_lowercase().as_str()).copied()
}

/// Appends text or the value of an attribute. Character references stay what they are.
fn push_escaped(text: &str, is_value: bool, to: &mut String) {
    for c in text.chars() {
        match c {
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' if is_value => to.push_str("&quot;"),
            c => to.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(html: &str) -> String {
        tidy(html, &allowed(&ammonia::Builder::default()))
    }

    #[test]
    fn closes_each_element_where_it_was_opened() {
        for (html, expected) in [
            ("<p>a<p>b", "<p>a</p><p>b</p>"),
            ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
            ("<ul><li>a<ul><li>b</ul><li>c</ul>", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
            (
                "<table><tr><td><p>a<td>b<tr><td>c</table>d",
                "<table><tr><td><p>a</p></td><td>b</td></tr><tr><td>c</td></tr></table>d",
            ),
            ("<dl><dt>a<dd>b</dl>", "<dl><dt>a</dt><dd>b</dd></dl>"),
            ("<a href='x>y' TITLE=\"&amp;'\">a<a>b", "<a href=\"x&gt;y\" title=\"&amp;'\">a</a><a>b</a>"),
            ("<x-y>a</x-y></p><br/><!-- b --><script>c</script>1 < 2", "a<br>1 &lt; 2"),
            ("<p a\"=1 on<=2 lang=en>", "<p lang=\"en\"></p>"),
            ("", ""),
        ] {
            assert_eq!(tidied(html), expected, "{html}");
        }
        // What a page holds is the same.
        let page = "<h1>a</h1><p>b <em>c</em><ul><li>d<li>e</ul><table><tr><td>f<img src='cid:1@local.invalid'></table>";
        assert_eq!(ammonia::clean(&tidied(page)), ammonia::clean(page));
    }

    #[test]
    fn few_elements_are_open_at_once() {
        let text = tidied(&("<div>".repeat(1000) + "x" + &"</div>".repeat(1000) + "y"));
        assert_eq!(text, "<div>".repeat(100) + "x" + &"</div>".repeat(100) + "y");
        // What does not nest is not left out, nor what stands behind attributes without a meaning.
        let deep = tidied(&("<div>".repeat(1000) + "<img" + &" a b=c".repeat(40) + " src=x>"));
        assert!(deep.contains("<img src=\"x\">"), "{deep}");
        let titles = tidied(&(String::from("<p") + &" title=x".repeat(100) + ">"));
        assert_eq!(titles.matches('=').count(), MAX_ATTRIBUTES);
    }
}
