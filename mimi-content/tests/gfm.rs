//! Markdown from strangers: what reaches a page, as an HTML parser sees it, and which links are not
//! what they seem.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, QualName, local_name, ns, parse_fragment};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use mimi_content::gfm::{
    LINK_SCHEMES, LinkWarning, escape_html, link_warning, links, mentions, to_html, to_plain_text,
};
use mimi_content::{PartIndex, Text};
use proptest::prelude::*;

const ELEMENTS: &[&str] = &[
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "input",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// What an HTML parser makes of a fragment: every element with its attributes, and all text.
#[derive(Default)]
struct Page {
    elements: Vec<(String, Vec<(String, String)>)>,
    text: String,
    depth: usize,
}

fn page(html: &str) -> Page {
    let context = QualName::new(None, ns!(html), local_name!("body"));
    let dom = parse_fragment(RcDom::default(), ParseOpts::default(), context, Vec::new(), false).one(html);
    let mut page = Page::default();
    // The root of a fragment is an html element of the parser's own.
    let root = dom.document.children.borrow()[0].clone();
    let mut waiting: Vec<(Handle, usize)> =
        root.children.borrow().iter().rev().map(|node| (node.clone(), 1)).collect();
    while let Some((node, depth)) = waiting.pop() {
        page.depth = page.depth.max(depth);
        match &node.data {
            NodeData::Element { name, attrs, .. } => {
                let attributes = attrs.borrow();
                let attributes = attributes.iter().map(|a| (a.name.local.to_string(), a.value.to_string()));
                page.elements.push((name.local.to_string(), attributes.collect()));
            }
            NodeData::Text { contents } => page.text.push_str(&contents.borrow()),
            other => panic!("{other:?} in {html}"),
        }
        waiting
            .extend(node.children.borrow().iter().rev().map(|node| (node.clone(), depth.saturating_add(1))));
    }
    page
}

/// Fails for anything in a page that is not on the list of what [`to_html`] makes.
#[track_caller]
fn assert_safe(markdown: &str) -> Page {
    let html = to_html(markdown);
    let page = page(&html);
    for (element, attributes) in &page.elements {
        assert!(ELEMENTS.contains(&element.as_str()), "{element} from {markdown:?}: {html}");
        for (name, value) in attributes {
            let allowed = match (element.as_str(), name.as_str()) {
                ("a", "href") if value.starts_with("cid:") => PartIndex::from_content_id(value).is_ok(),
                ("a", "href") => {
                    let scheme = value.split_once(':').unwrap_or_default().0.to_ascii_lowercase();
                    LINK_SCHEMES.contains(&scheme.as_str()) && !value.contains(['\n', '\r', '\t', ' '])
                }
                ("img", "src") => {
                    let digits =
                        value.strip_prefix("cid:").and_then(|rest| rest.strip_suffix("@local.invalid"));
                    digits.is_some_and(|digits| digits.parse::<u16>().is_ok())
                }
                ("a" | "img", "title") | ("img", "alt") => true,
                ("ol", "start") => value.parse::<u64>().is_ok(),
                ("code", "class") => value.strip_prefix("language-").is_some_and(|language| {
                    language.chars().all(|c| c.is_ascii_alphanumeric() || "+-#_.".contains(c))
                }),
                ("td" | "th", "style") => {
                    ["text-align: left", "text-align: center", "text-align: right"].contains(&value.as_str())
                }
                ("input", "type") => value == "checkbox",
                ("input", "disabled" | "checked") => value.is_empty(),
                _ => false,
            };
            assert!(allowed, "{element} {name}={value:?} from {markdown:?}: {html}");
        }
    }
    page
}

/// Ways to get a script, a handler, a foreign scheme or a request out of a Markdown renderer.
const INJECTIONS: &[&str] = &[
    // Tags, whole and broken.
    "<script>alert(1)</script>",
    "<ScRiPt\n>alert(1)</sCrIpT\n>",
    "<script src=//evil.example/x.js>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script xlink:href=data:,alert(1)></script></svg>",
    "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">",
    "<iframe src=\"javascript:alert(1)\"></iframe>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<form action=javascript:alert(1)><input type=submit>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example'</style>",
    "<object data=\"data:text/html,<script>alert(1)</script>\">",
    "<plaintext>",
    "<textarea><script>alert(1)</script>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo '<script>alert(1)</script>' ?>",
    "<!DOCTYPE html><script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<div>\n\n<script>alert(1)</script>\n\n</div>",
    "<pre>\n<script>alert(1)</script>\n",
    "> <script>\n> alert(1)\n</script>",
    "- <img src=x onerror=alert(1)>\n",
    "| a |\n|-|\n| <script>alert(1)</script> |",
    "# <script>alert(1)</script>",
    "~~<script>alert(1)</script>~~",
    "*<img src=x onerror=alert(1)>*",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "`<script>`alert(1)`</script>`",
    "``` \n</code></pre><script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "```js\tevil\" onclick=\"alert(1)\nx\n```",
    "~~~x' autofocus onfocus=alert(1)\nx\n~~~",
    "    <script>alert(1)</script>",
    // Links.
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](<java\tscript:alert(1)>)",
    "[x](java&#10;script:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A&#x61)",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](\u{1}javascript:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](\u{a0}javascript:alert(1))",
    "[x](javascript://example.com/%0aalert(1))",
    "[x](jav\\ascript:alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](livescript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://a.example/1)",
    "[x](view-source:https://a.example)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](?x)",
    "[x](#x)",
    "[x]()",
    "[x](https:)",
    "[x](https:javascript:alert(1))",
    "[x](ht\ntps://a.example)",
    "[x](cid:1@local.invalid)",
    "[x](https://a.example/\"onmouseover=alert(1)//)",
    "[x](https://a.example/'onmouseover=alert(1)//)",
    "[x](https://a.example/`onmouseover=alert(1)//)",
    "[x](<https://a.example/ onmouseover=alert(1)>)",
    "[x](<https://a.example/\"><script>alert(1)</script>)",
    "[x](https://a.example \"title\\\" onmouseover=alert(1) x=\\\"\")",
    "[x](https://a.example 'a\"onmouseover=\"alert(1)')",
    "[x](https://a.example (\"><script>alert(1)</script>))",
    "[a]\n\n[a]: javascript:alert(1) \"x\"",
    "[a][b]\n\n[b]: <javascript:alert(1)>",
    "[A]\n\n[a]: data:text/html,x 'y\"onclick=alert(1)'",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "[![x](https://a.example/p.png)](https://a.example)",
    "[a [b](https://b.example) c](https://c.example)",
    "<javascript:alert(1)>",
    "<JAVASCRIPT:alert(1)>",
    "<data:text/html,x>",
    "<x-y:z>",
    "<https://a.example/\"onclick=alert(1)>",
    "<a@b.example\"onclick=alert(1)>",
    "<a@b.example>",
    "javascript:alert(1)",
    "https://a.example/<script>",
    // Images.
    "![x](javascript:alert(1))",
    "![x](https://track.example/pixel.png)",
    "![x](http://track.example/pixel.png \"t\")",
    "![x](//track.example/pixel.png)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "![x](cid:1@local.invalid)",
    "![x](cid:1@local.invalid\"onerror=alert(1))",
    "![x](cid:1@evil.example)",
    "![x](cid:99999@local.invalid)",
    "![\"onerror=\"alert(1)](cid:1@local.invalid)",
    "![<script>alert(1)</script>](cid:1@local.invalid)",
    "![![y](https://a.example/q)](cid:1@local.invalid)",
    "![x]\n\n[x]: https://track.example/pixel.png",
    // What other dialects know.
    "# x {#y onclick=alert(1)}",
    "# x {.y}",
    "x[^1]\n\n[^1]: <script>alert(1)</script>",
    "$<script>alert(1)</script>$ $$x$$",
    "---\ntitle: <script>\n---\nx",
    "> [!NOTE]\n> <script>alert(1)</script>",
    "[[javascript:alert(1)]]",
    "![[https://track.example/p.png]]",
    "term\n: <script>alert(1)</script>",
    ":::div{onclick=alert(1)}\nx\n:::",
    "- [x] <script>alert(1)</script>\n- [ ] y",
    "18446744073709551616. x\n999999999. y",
    "| a |\n|:-:|\n| b |\" onclick=alert(1)",
    "\u{0}<script>alert(1)</script>",
    "<\u{0}script>alert(1)</script>",
    "\u{feff}<script>alert(1)</script>",
    "<script>alert(1)//\u{2028}</script>",
];

#[test]
fn no_injection_reaches_a_page() {
    for injection in INJECTIONS {
        assert_safe(injection);
        // In the middle of what holds other things.
        for around in [
            "> {}\n\nx",
            "1. {}\n",
            "*a {} b*",
            "[{}](https://a.example)",
            "| a |\n|-|\n| {} |\n",
            "![{}](cid:1@local.invalid)",
        ] {
            assert_safe(&around.replace("{}", injection));
        }
        let escaped = escape_html(injection);
        assert_safe(&escaped);
        let _ = to_plain_text(injection);
    }
}

/// The judge can say no.
#[test]
#[should_panic(expected = "script from")]
fn the_judge_refuses_a_script() {
    let judge = |html: &str| {
        page(html)
            .elements
            .into_iter()
            .for_each(|(element, _)| assert!(ELEMENTS.contains(&element.as_str()), "{element} from"))
    };
    judge("<p><script>alert(1)</script></p>");
}

#[test]
fn links_without_a_known_scheme_lose_their_target() {
    for target in [
        "javascript:x",
        "//a.example",
        "a",
        "#a",
        "https:",
        "<https://a.example/ b>",
        "https://a.example/&Tab;b",
        "https:/logout",
        "http:a.example",
        "https:#f",
        "https:?q",
        "https:///a.example",
        "HTTPS:a.example",
        "https:&#92;&#92;a.example",
        "https://&#92;a.example",
        "https://a.example&#92;@b.example",
        "https://:80",
        "https://@/x",
        "https://?x",
    ] {
        assert_eq!(to_html(&format!("[x]({target})")), "<p>x</p>\n", "{target}");
    }
    for target in [
        "https://a.example",
        "HTTP://a.example",
        "mailto:a@b.example",
        "mimi://a.example/u/b",
        "im:a@b.example",
        "cid:1@local.invalid",
    ] {
        assert_eq!(to_html(&format!("[x]({target})")), format!("<p><a href=\"{target}\">x</a></p>\n"));
    }
}

#[test]
fn shows_html_as_text() {
    let page = assert_safe("<script>alert(1)</script>\n\n<b>not bold</b> **bold**");
    assert!(
        page.text.contains("<script>alert(1)</script>") && page.text.contains("<b>not bold</b> bold"),
        "{}",
        page.text
    );
    assert_eq!(page.elements.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["p", "p", "strong"]);
}

#[test]
fn renders_the_supported_extensions_and_no_others() {
    let elements =
        |markdown: &str| assert_safe(markdown).elements.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(elements("| a |\n|-|\n| b |\n"), ["table", "thead", "tr", "th", "tbody", "tr", "td"]);
    assert_eq!(elements("- [x] a\n- [ ] b\n"), ["ul", "li", "input", "li", "input"]);
    assert_eq!(elements("~~gone~~"), ["p", "del"]);
    // Bare autolinks are no links; those in angle brackets are.
    assert_eq!(elements("https://a.example www.a.example a@b.example"), ["p"]);
    assert_eq!(elements("<https://a.example> <mimi://a.example/u/alice>"), ["p", "a", "a"]);
    // No footnotes, formulas, superscripts or definition lists.
    assert_eq!(elements("x[^1]\n\n[^1]: a b\n"), ["p", "p"]);
    assert_eq!(elements("$x$ $$y$$ x^2^ term\n: definition"), ["p"]);
}

/// GFM without the bare autolinks and footnotes, for a parser that nothing here is built on.
fn other_parser() -> markdown::ParseOptions {
    let mut options = markdown::ParseOptions::gfm();
    options.constructs.gfm_autolink_literal = false;
    options.constructs.gfm_footnote_definition = false;
    options.constructs.gfm_label_start_footnote = false;
    options
}

#[test]
fn another_renderer_makes_the_same_elements_and_text() {
    let options = markdown::Options { parse: other_parser(), ..markdown::Options::gfm() };
    for text in [
        "Hi everyone, we just shipped release 2.0. __Good  work__!",
        "Right on! _Congratulations_ 'all!",
        "__*VPN GOING DOWN*__ I'm rebooting the VPN in ten minutes unless anyone objects.",
        "# One\n\nTwo\n===\n\n### Three ###\n\n***\n\nlast  \nline\\\nbreak",
        "> quote\n> > deeper\nlazy\n\n> other",
        "- a\n- b\n\n  c\n    - d\n\n7) e\n8) f\n",
        "- [ ] open\n- [x] done\n- [X] done\n- [] none\n",
        "| a | b \\| c |\n|:--|--:|\n| *d* | `e` |\n| f |\n\nafter",
        "~~gone~~ ~one~ ~~~not~~~\n",
        "```rust\nlet x = a && b < c;\n```\n\n    indented\n\n`` a ` b ``",
        "[inline](https://a.example \"title\") [full][ref] [ref][] [ref]\n\n[ref]: https://b.example 'x'",
        "<https://a.example/?a=b&c=d> &amp; &copy; &#65; \\*not\\* \\<b>",
        "*a **b** c* ***d*** a_b_c __e_f__ *g*h",
        "1 < 2 > 1 & \"q\" 'r'",
        "https://bare.example www.bare.example bare@bare.example",
    ] {
        let shape = |html: &str| {
            let page = page(html);
            let names: Vec<_> = page.elements.into_iter().map(|(name, _)| name).collect();
            let text: String = page.text.split_whitespace().collect();
            (names, text)
        };
        let other = markdown::to_html_with_options(text, &options).unwrap();
        assert_eq!(shape(&to_html(text)), shape(&other), "{text}");
    }
}

#[test]
fn images_come_from_the_message_alone() {
    let page = assert_safe(
        "![a](cid:5@local.invalid) ![b](https://a.example/b.png) [![c](https://a.example/c.png)](https://d.example)",
    );
    let attribute = |at: usize, name: &str| {
        let (_, attributes) = &page.elements[at];
        attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(
        page.elements.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["p", "img", "a", "a"]
    );
    assert_eq!((attribute(1, "src"), attribute(1, "alt")), (Some("cid:5@local.invalid"), Some("a")));
    assert_eq!(attribute(2, "href"), Some("https://a.example/b.png"));
    assert_eq!(attribute(3, "href"), Some("https://d.example"));
}

#[test]
fn deep_nesting_is_shown_as_plain_text() {
    for (markdown, shown) in [(">".repeat(64), 64), ("- ".repeat(65) + "x", 0), (">".repeat(65), 0)] {
        let page = assert_safe(&markdown);
        let opened = page.elements.iter().filter(|(name, _)| name == "blockquote" || name == "ul").count();
        assert_eq!(opened, shown, "{}", markdown.len());
    }
    assert!(assert_safe(&"1. ".repeat(65)).text.starts_with("1. 1. "));
    // Emphasis nests as deep as one likes, yet not on the page.
    let stars = "*".repeat(20_000);
    let page = assert_safe(&format!("{stars}a{stars}"));
    assert!(page.depth <= 102, "{}", page.depth);
    assert!(page.text.contains('a'));
    assert_eq!(
        (links(&format!("{}[a](https://b.example)", ">".repeat(100))).len(), to_plain_text(&">".repeat(100))),
        (0, ">".repeat(100))
    );
}

#[test]
fn escapes_html_before_sending() {
    for (markdown, escaped) in [
        ("a <b>c</b>", "a &lt;b>c&lt;/b>"),
        ("<!-- x --> <?y?> <!Z z> <![CDATA[q]]>", "&lt;!-- x --> &lt;?y?> &lt;!Z z> &lt;![CDATA[q]]>"),
        ("a <!-- x --> <?y?> <!Z z> <![CDATA[q]]>", "a &lt;!-- x --> &lt;?y?> &lt;!Z z> &lt;![CDATA[q]]>"),
        ("<div>\n<p>x</p>\n</div>", "&lt;div>\n&lt;p>x&lt;/p>\n&lt;/div>"),
        ("<br/> <img src='>'>", "&lt;br/> &lt;img src='>'>"),
        // What is no HTML stays.
        ("1 < 2 <3 < b> <>", "1 < 2 <3 < b> <>"),
        ("`<b>` <https://a.example> <a@b.example>", "`<b>` <https://a.example> <a@b.example>"),
        ("```\n<b>\n```\n\n    <i>\n", "```\n<b>\n```\n\n    <i>\n"),
        ("\\<b> [x](<y z>)", "\\<b> [x](<y z>)"),
        ("", ""),
    ] {
        assert_eq!(escape_html(markdown), escaped);
        assert_eq!(escape_html(escaped), escaped, "twice");
        assert_eq!(Text::escaped_markdown(markdown).as_str(), escaped);
    }
    // Deep nesting, and HTML that comes out line by line.
    assert_eq!(
        escape_html(&format!("{}<b>`<i>`", ">".repeat(65))),
        format!("{}&lt;b>`&lt;i>`", ">".repeat(65))
    );
    assert_eq!(escape_html(&"<div>\n".repeat(500)), "&lt;div>\n".repeat(500));
    let code = |divs: &str| format!("{}\n`<i>`", divs.repeat(30));
    assert_eq!(escape_html(&code("<div>\n")), code("&lt;div>\n"));
    let comments = escape_html(&format!("a {}-->", "<!-- ".repeat(40))).into_owned();
    assert_eq!(comments, format!("a {}-->", "&lt;!-- ".repeat(40)));
}

/// As another parser sees it, which nothing here is built on.
#[test]
fn another_parser_finds_no_html_after_escaping() {
    let options = other_parser();
    let has_html = |text: &str| {
        let mut waiting = vec![markdown::to_mdast(text, &options).unwrap()];
        let mut found = false;
        while let Some(node) = waiting.pop() {
            found |= matches!(node, markdown::mdast::Node::Html(_));
            waiting.extend(node.children().into_iter().flatten().cloned());
        }
        found
    };
    assert!(has_html("a <b>") && has_html("<div>") && !has_html("`<b>`"));
    let found = INJECTIONS.iter().filter(|injection| has_html(injection)).count();
    assert!(found > 40, "{found}");
    for injection in INJECTIONS {
        assert!(!has_html(&escape_html(injection)), "{injection:?}");
    }
}

#[test]
fn shows_plain_text() {
    for (markdown, text) in [
        (
            "Hi everyone, we just shipped release 2.0. __Good  work__!",
            "Hi everyone, we just shipped release 2.0. Good  work!",
        ),
        ("Kudos to [@Alice Smith](mimi://example.com/u/alice-smith)!", "Kudos to @Alice Smith!"),
        (
            "[here](https://a.example) <https://b.example> [x](javascript:y)",
            "here (https://a.example) https://b.example x",
        ),
        ("# a\n\nb  \nc\n***\n> d", "a\n\nb\nc\n\n----\n\nd"),
        ("- a\n- b\n  - c\n  - d\n\n3. e\n4. f", "- a\n- b\n  - c\n  - d\n\n3. e\n4. f"),
        ("- [x] done\n- [ ] not", "- [x] done\n- [ ] not"),
        ("| a | b |\n|-|-|\n| c | d |\n\ne", "a | b\nc | d\n\ne"),
        ("```\nlet a;\nlet b;\n```\nc", "let a;\nlet b;\n\nc"),
        ("<b>a</b>\u{1b}[31m\u{7}", "<b>a</b>\u{fffd}[31m\u{fffd}"),
        ("a\u{202e}b\u{2066}c\u{61c}\u{200f}`d\u{202a}`", "abcd"),
        ("[a\u{202e}](https://a.example)", "a (https://a.example)"),
        ("[write](mailto:a@b.example) <a@b.example>", "write (mailto:a@b.example) a@b.example"),
        ("![a](cid:1@local.invalid) [b](cid:2@local.invalid)", "a b"),
        ("```\n\n\n\na\n```\nb", "\n\n\na\n\nb"),
        ("~~a~~ `b` &amp; \\*", "a b & *"),
        ("", ""),
    ] {
        assert_eq!(to_plain_text(markdown), text, "{markdown:?}");
    }
}

#[test]
fn finds_links_and_mentions() {
    let text = "<mimi://example.com/u/alice-smith> [*@Alice*`Smith`](mimi://example.com/u/alice-smith) ![i](https://a.example/i)\n\
        [Bob][b] `[no](mimi://example.com/u/alice-smith)` [![in](cid:1@local.invalid)](https://out.example) <x@y.example>\n\n[b]: mimi://example.com/u/bob";
    let found: Vec<_> = links(text).into_iter().map(|link| (link.text, link.target, link.is_image)).collect();
    assert!(links(text).iter().all(|link| link.warning().is_none()));
    let expected = [
        ("mimi://example.com/u/alice-smith", "mimi://example.com/u/alice-smith", false),
        ("@AliceSmith", "mimi://example.com/u/alice-smith", false),
        ("i", "https://a.example/i", true),
        ("Bob", "mimi://example.com/u/bob", false),
        ("in", "cid:1@local.invalid", true),
        ("in", "https://out.example", false),
        ("x@y.example", "mailto:x@y.example", false),
    ];
    assert_eq!(found, expected.map(|(text, target, image)| (text.to_owned(), target.to_owned(), image)));
    let nested = format!("{}a{}", "![".repeat(20), "](b)".repeat(20));
    assert_eq!(links(&nested).len(), 8);
    let alice = mentions(text, |uri| uri == "mimi://example.com/u/alice-smith");
    assert_eq!(
        alice.iter().map(|link| link.text.as_str()).collect::<Vec<_>>(),
        ["mimi://example.com/u/alice-smith", "@AliceSmith"]
    );
    assert!(mentions(text, |_| false).is_empty());
}

#[test]
fn warns_of_links_that_are_not_what_they_seem() {
    use LinkWarning::{Downgraded, OtherUrl};
    for (text, target, warning) in [
        // Section 9.6.
        ("example.com/foobar", "https://example.com/foobar", None),
        ("https://example.com/foobar", "https://example.com/foobar", None),
        ("https://example.com:443/foobar", "https://example.com/foobar", None),
        ("https://example.com/foobar", "https://spearphishers.example/foobar", Some(OtherUrl)),
        ("https://example.com/foobar", "http://example.com/foobar", Some(Downgraded)),
        ("@AliceSmith", "mimi://example.com/u/alice-smith", None),
        ("Alice", "mimi://example.com/u/alice-smith", None),
        // Equivalent.
        ("HTTPS://Example.COM", "https://example.com/", None),
        ("example.com", "http://example.com", None),
        ("https://example.com/%7ea/./b/../c", "https://example.com/~a/c", None),
        ("https://example.com?x", "https://example.com/?x", None),
        ("(see https://example.com/a.)", "https://example.com/a", None),
        ("https://example.com/a)", "https://example.com/a)", None),
        ("http://example.com:80", "http://example.com", None),
        ("http://example.com", "https://example.com", Some(OtherUrl)),
        ("http://example.com:443", "http://example.com", Some(OtherUrl)),
        // Not equivalent.
        ("https://example.com/a", "https://example.com/A", Some(OtherUrl)),
        ("https://example.com/", "https://example.com.evil.example/", Some(OtherUrl)),
        ("https://example.com", "https://example.com@evil.example", Some(OtherUrl)),
        ("example.com", "https://evil.example/", Some(OtherUrl)),
        ("Go to https://bank.example now", "https://evil.example/", Some(OtherUrl)),
        ("bank.example.", "https://evil.example", Some(OtherUrl)),
        ("bank\u{200b}.example", "https://evil.example", Some(OtherUrl)),
        ("\u{202e}https://bank.example", "https://evil.example", Some(OtherUrl)),
        ("192.0.2.1", "https://192.0.2.2", Some(OtherUrl)),
        ("https://bank.example", "javascript:alert(1)", Some(OtherUrl)),
        ("https://bank.example", "not a url", Some(OtherUrl)),
        ("https://bank.example", "https:\\\\evil.example", Some(OtherUrl)),
        ("mailto:a@bank.example", "mailto:b@evil.example", Some(OtherUrl)),
        ("a@bank.example", "https://evil.example", Some(OtherUrl)),
        ("a@bank.example", "mailto:b@bank.example", Some(OtherUrl)),
        ("bank.example", "mimi://evil.example/u/x", Some(OtherUrl)),
        ("a@bank.example", "mailto:a@bank.example", None),
        ("@alice@example.com", "mimi://example.com/u/alice", None),
        ("mimi://example.com/u/alice", "mimi://example.com/u/bob", Some(OtherUrl)),
        ("https://example.com:443/x", "http://example.com/x", Some(Downgraded)),
        ("bücher.example", "https://evil.example", Some(OtherUrl)),
        // No address.
        ("click here", "https://evil.example", None),
        ("e.g. this", "https://example.com", None),
        ("version 2.0 at 3.14", "https://example.com", None),
        ("...", "https://example.com", None),
        ("", "https://example.com", None),
    ] {
        assert_eq!(link_warning(text, target), warning, "[{text}]({target})");
    }
    assert_eq!(OtherUrl.to_string(), "the link shows another address than the one it leads to");
    assert_eq!(Downgraded.to_string(), "the link shows https and leads to http");
}

/// Pairs of a link's text and its target, with the warning that is right: of the draft, of public
/// lists of what is an address in a text and what is not, and of ways to hide one.
#[test]
fn warns_as_the_table_says() {
    let table: Vec<(String, String, Option<String>)> =
        serde_json::from_str(include_str!("data/links.json")).unwrap();
    assert!(table.len() >= 200);
    let wrong: Vec<_> = table
        .iter()
        .filter_map(|(text, target, warning)| {
            let found = link_warning(text, target).map(LinkWarning::name);
            (found != warning.as_deref()).then(|| format!("[{text}]({target}) {found:?}, not {warning:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Pieces of Markdown, HTML and mischief in any order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(&[
            "<", ">", "/", "\"", "'", "=", "`", "``", "```", "~~~", "~~", "*", "**", "_", "[", "]", "(", ")", "![", "](", "\n", "\n\n", "  \n",
            "    ", "\t", "> ", "- ", "1. ", "- [x] ", "#", "|", "|-|\n", ":-:", "\\", "&", ";", "&lt;", "&#60;", "&colon;", "!", "?", "!--",
            "-->", "<![CDATA[", "]]>", "<div", "<script>", "</script>", "<img src=x onerror=alert(1)>", " onclick=alert(1) ", "javascript:",
            "JaVaScript:", "data:text/html,", "https://a.example", "http:", "mimi://a.example/u/b", "cid:1@local.invalid", "//evil.example",
            "[a]: ", "[a]", "\u{0}", "\u{1}", "\r", "\u{a0}", "\u{200b}", "\u{feff}", "\u{202e}", "\u{2066}", "é", "😀", "title", "style",
        ][..]).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9 ]{0,8}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_soup_reaches_a_page(soup in soup()) {
        assert_safe(&soup);
        assert_safe(&escape_html(&soup));
    }

    #[test]
    fn escaping_is_done_once(soup in soup()) {
        let escaped = escape_html(&soup);
        prop_assert_eq!(escape_html(&escaped), escaped.clone());
        // Nothing else changes.
        prop_assert_eq!(escaped.replace("&lt;", "<"), soup.replace("&lt;", "<"));
    }

    #[test]
    fn plain_text_has_no_control_characters(soup in soup()) {
        let bidi = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(to_plain_text(&soup).chars().all(|c| (!c.is_control() || c == '\n' || c == '\t') && !bidi(c)));
    }

    #[test]
    fn a_link_that_shows_its_target_is_never_warned_of(text in ".{0,40}") {
        prop_assert_eq!(link_warning(&text, &text), None);
    }
}
