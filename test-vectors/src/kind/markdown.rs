//! The kind `markdown`: what a client makes of a text in GFM-MIMI.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mimi_content::gfm::{Element, LinkWarning, RenderEvent, events, links, to_html, to_plain_text};
use serde_json::{Value, json};

use super::Kind;
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Markdown;

/// A member of a case, and what is made of the Markdown for it.
type Made = (&'static str, fn(&str) -> Value);

impl Kind for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-content-09"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let Some(markdown) = case.text("markdown") else { return };
        let made: [Made; 4] = [
            ("links", links_json),
            ("mentions", |markdown| Value::from(mentions(markdown))),
            ("plain", |markdown| Value::from(to_plain_text(markdown))),
            ("html", |markdown| Value::from(to_html(markdown))),
        ];
        for (field, make) in made {
            if let Some(expected) = case.optional(field) {
                case.same_json(field, expected, &make(markdown));
            }
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        // No text is refused.
        case.fail_accepted();
    }

    #[cfg(feature = "generate")]
    fn generate(&self, _: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        generated::cases()
    }
}

/// The links in their order, without pictures.
fn links_json(markdown: &str) -> Value {
    let links = links(markdown).into_iter().filter(|link| !link.is_image);
    let json = links.map(|link| {
        json!({
            "target": link.kept_target(),
            "text": link.text,
            "warning": link.warning().map(LinkWarning::name),
        })
    });
    json.collect()
}

/// The targets of links to users.
fn mentions(markdown: &str) -> Vec<String> {
    let uri = |event| match event {
        RenderEvent::Start(Element::Mention { uri, .. }) => Some(uri.into_owned()),
        _ => None,
    };
    events(markdown).filter_map(|(event, _)| uri(event)).collect()
}

/// What [`Kind::generate`] makes.
#[cfg(feature = "generate")]
mod generated {
    use alloc::string::ToString;

    use super::*;
    use crate::kind::markdown::pairs::PAIRS;

    pub(super) fn cases() -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = Vec::new();
        for (text, target, warning) in PAIRS {
            let escaped: String = text
                .chars()
                .flat_map(|c| c.is_ascii_punctuation().then_some('\\').into_iter().chain([c]))
                .collect();
            let markdown = format!("[{escaped}](<{target}>)");
            let expected = json!([{"target": target, "text": text, "warning": warning}]);
            let name = format!("shows {text:?}, leads to {target:?}");
            cases.push(
                GeneratedCase::new(&name)
                    .text("markdown", &markdown)
                    .json_member("links", expected.to_string()),
            );
        }
        for (name, markdown) in TEXTS {
            let case = GeneratedCase::new(name).text("markdown", markdown);
            let case = case.json_member("links", links_json(markdown).to_string());
            let case = case.json_member("mentions", Value::from(mentions(markdown)).to_string());
            cases.push(case.text("plain", &to_plain_text(markdown)).text("html", &to_html(markdown)));
        }
        Ok(cases)
    }

    /// Texts of which everything is compared.
    const TEXTS: &[(&str, &str)] = &[
        ("original message of the draft", "Hi everyone, we just shipped release 2.0. __Good  work__!"),
        (
            "mention of the draft",
            "Kudos to [@Alice Smith](mimi://example.com/u/alice-smith) for making the release happen!",
        ),
        (
            "four forms of a mention",
            "<mimi://example.com/u/alice-smith>\n[mimi://example.com/u/alice-smith](mimi://example.com/u/alice-smith)\n[@AliceSmith](mimi://example.com/u/alice-smith)\n[Alice](mimi://example.com/u/alice-smith)",
        ),
        ("mention by an im URI", "[Bob](im:bob@b.example)"),
        ("deceptive mention", "[im:alice@a.example](mimi://evil.example/u/mallory)"),
        ("relative link: path after one slash", "[x](https:/logout)"),
        ("relative link: no slash", "[x](http:a.example)"),
        ("relative link: fragment", "[x](https:#f)"),
        ("relative link: three slashes", "[x](https:///a.example)"),
        ("relative link: path", "[x](/logout) [y](logout) [z](#f) [q](?q) [h](//a.example)"),
        ("backslash before the path", "[x](<https://a.example\\\\@b.example>)"),
        ("script", "[x](javascript:alert) [y](data:text/html,z)"),
        (
            "links that are kept",
            "[a](https://a.example) [b](HTTP://b.example/x?y#z) [c](mailto:a@b.example) <a@b.example>",
        ),
        ("link to a part", "[the picture](cid:2@local.invalid)"),
        ("link to a part in other letters", "[the picture](CID:2@LOCAL.invalid)"),
        ("picture of the message", "![a cat](cid:2@local.invalid)"),
        ("content ID in code and text", "`cid:2@local.invalid` cid:3@local.invalid"),
        ("content ID of another form", "[x](cid:02@local.invalid) [y](cid:2@a.example)"),
        ("definition that no link uses", "x\n\n[r]: cid:2@local.invalid"),
        ("HTML is text", "<b>bold</b> <!-- hidden --> <script>alert(1)</script>"),
        ("lists", "- a\n- b\n  - c\n\n3. d\n4. e"),
        ("blocks", "# One\n\n> quote\n\n***\n\n```rust\nlet x = 1;\n```\n"),
        ("table", "| a | b |\n|-|-|\n| c | d |\n"),
        ("emphasis", "*a* **b** ~~c~~ `d` \\*e\\*"),
        ("bare addresses are no links", "https://a.example www.a.example a@b.example"),
        ("direction of text", "a\u{202e}b\u{2066}c\u{2069} \u{200f}\u{61c}d"),
        ("control characters", "a\u{1b}[31mb\u{7f}"),
    ];
}

#[cfg(feature = "generate")]
mod pairs;
