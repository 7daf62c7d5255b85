//! No link that a parser of Markdown or HTML sees is missed: against pulldown-cmark and html5ever,
//! on text made to confuse.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use mimi_content::PartIndex;
use mimi_policy::message::first_link;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use pulldown_cmark::{Event, Options, Parser, Tag};

/// Whether a parser's target leads out of the message.
fn is_link(target: &str) -> bool {
    let target = target.trim_matches(|character: char| character <= ' ');
    !target.is_empty() && !target.starts_with('#') && PartIndex::from_content_id(target).is_err()
}

/// The targets of links and images, and whether there was HTML, which a Markdown parser doesn't
/// look into.
fn markdown_targets(text: &str) -> (Vec<String>, bool) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut targets = Vec::new();
    let mut has_html = false;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push(dest_url.into_string());
            }
            Event::Html(_) | Event::InlineHtml(_) => has_html = true,
            _ => {}
        }
    }
    (targets, has_html)
}

const RESOURCES: [&str; 5] = ["href", "src", "action", "formaction", "data"];

fn html_targets(text: &str) -> Vec<String> {
    let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(text);
    let mut targets = Vec::new();
    let mut left: Vec<Handle> = vec![dom.document.clone()];
    while let Some(node) = left.pop() {
        left.extend(node.children.borrow().iter().cloned());
        if let NodeData::Element { attrs, template_contents, .. } = &node.data {
            left.extend(template_contents.borrow().iter().cloned());
            for attribute in attrs.borrow().iter() {
                if RESOURCES.contains(&&*attribute.name.local) {
                    targets.push(attribute.value.to_string());
                }
            }
        }
    }
    targets
}

const MARKDOWN: &[&str] = &[
    "[",
    "]",
    "(",
    ")",
    "[x]",
    "](",
    "]:",
    "[x]: ",
    ":",
    "<",
    ">",
    "\\",
    "`",
    "```",
    "\n",
    "\n\n",
    " ",
    "    ",
    "> ",
    "- ",
    "1. ",
    "* ",
    "+ ",
    "!",
    "x",
    "y",
    "/u",
    "a@b.c",
    "x:y",
    "mailto:x",
    "cid:5@local.invalid",
    "http://",
    "\"t\"",
    "'t'",
    "(t)",
    "&#93;",
    "&lt;",
    "é",
    "\t",
    "\r",
    "#",
    "*",
    "_",
    "~~",
    "|",
    "|-|",
    "<b>",
    "<!--",
    "-->",
    "<a href=x>",
    "\u{0}",
    "\u{1}",
    "\u{b}",
    "\u{c}",
    "\u{7f}",
];

const HTML: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "a",
    "<a ",
    "<a",
    "<b ",
    "<p>",
    "<svg>",
    "<math>",
    "<form ",
    "<img ",
    "<template>",
    "<object ",
    " ",
    "\n",
    "\t",
    "/",
    "=",
    " = ",
    "\"",
    "'",
    "href",
    "HREF",
    " href=",
    "xlink:href=",
    "src=",
    "action=",
    "data=",
    "title=",
    "x",
    "y",
    "#",
    "cid:5@local.invalid",
    "&#104;",
    "&quot;",
    "<!--",
    "-->",
    "<!",
    "]]>",
    "<![CDATA[",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<title>",
    "</title>",
    "<textarea>",
    "</textarea>",
    "<select>",
    "<table>",
    "é",
    "\u{0}",
    "\u{1}",
    "\u{b}",
    "\u{c}",
    "\u{7f}",
];

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_link_of_a_markdown_parser_is_missed(tokens in vec(select(MARKDOWN), 0..24)) {
        let text = tokens.concat();
        let (targets, _) = markdown_targets(&text);
        if targets.iter().any(|target| is_link(target)) {
            let found = first_link("text/markdown;variant=GFM-MIMI", text.as_bytes(), |_| false);
            prop_assert!(found.is_some(), "{:?} has {:?}", text, targets);
        }
    }

    #[test]
    fn no_link_of_an_html_parser_is_missed(tokens in vec(select(HTML), 0..24)) {
        let text = tokens.concat();
        let targets = html_targets(&text);
        if targets.iter().any(|target| is_link(target)) {
            let found = first_link("text/html", text.as_bytes(), |_| false);
            prop_assert!(found.is_some(), "{:?} has {:?}", text, targets);
        }
    }
}

/// The properties above say nothing if no text holds a link.
#[test]
fn the_parsers_do_see_links() {
    assert_eq!(markdown_targets("[x](y) <zz:w> <b>"), (vec!["y".into(), "zz:w".into()], true));
    assert_eq!(html_targets("<p><a href=x><svg><a xlink:href='y'>"), ["x", "y"]);
    assert!(!is_link(" ") && !is_link("#x") && !is_link("cid:5@local.invalid") && is_link("x"));
}
