//! What is a link and what is not.

use super::*;
use alloc::vec::Vec;

const ALICE: &str = "mimi://a.example/u/alice";

fn is_alice(uri: &str) -> bool {
    uri == ALICE
}

fn plain(text: &str) -> Option<FirstLink> {
    first_link("text/plain;charset=utf-8", text.as_bytes(), is_alice)
}

fn markdown(text: &str) -> Option<FirstLink> {
    first_link("text/markdown;variant=GFM-MIMI", text.as_bytes(), is_alice)
}

fn html(text: &str) -> Option<FirstLink> {
    first_link("text/html;charset=utf-8", text.as_bytes(), is_alice)
}

#[test]
fn a_scheme_with_slashes_is_a_link_in_every_text() {
    for (text, at) in [
        ("http://a.example", 0),
        ("see https://a.example/x?y#z.", 4),
        ("(HTTPS://a.example)", 1),
        ("x+y.z-1://a", 0),
        ("12http://a.example", 2),
        ("mimi://a.example/u/bob", 0),
        ("mimi://a.example/r/room", 0),
        ("éhttps://a.example", 2),
        ("https://é.example", 0),
        ("`https://a.example`", 1),
        ("nothttp://a", 0),
    ] {
        for find in [plain, markdown, html] {
            assert_eq!(find(text), Some(FirstLink::At(at)), "{text}");
        }
        assert_eq!(first_link("Text/Calendar", text.as_bytes(), is_alice), Some(FirstLink::At(at)), "{text}");
    }
}

#[test]
fn other_text_holds_no_link() {
    for text in [
        "",
        "hello",
        "a.example/x",
        "www.a.example",
        "mailto:bob@a.example",
        "http://",
        "http:// a.example",
        "http://<b>",
        "http://\"a",
        "http://\x7fa",
        "http://\na",
        "://a.example",
        "12://a.example",
        "a ]( b",
        "1 < 2 and 3 > 2",
        "and so on://",
    ] {
        for find in [plain, markdown, html] {
            if text != "a ]( b" {
                assert_eq!(find(text), None, "{text}");
            }
        }
        assert_eq!(plain(text), None, "{text}");
    }
    // Only text is looked at.
    for content_type in ["image/svg+xml", "application/json", "", "text", "texts/plain"] {
        let found = first_link(content_type, b"https://a.example", is_alice);
        assert_eq!(found.is_some(), content_type == "text", "{content_type}");
    }
}

#[test]
fn a_mention_is_no_link() {
    for text in [
        "mimi://a.example/u/alice",
        "hello mimi://a.example/u/alice, hello",
        "is it mimi://a.example/u/alice?",
        "(mimi://a.example/u/alice)",
        "mimi://a.example/u/alice\u{3002}",
    ] {
        assert_eq!(plain(text), None, "{text}");
    }
    for text in [
        "<mimi://a.example/u/alice>",
        "[mimi://a.example/u/alice](mimi://a.example/u/alice)",
        "[Alice](mimi://a.example/u/alice)",
        "[Alice](<mimi://a.example/u/alice> \"title\")",
        "[alice]\n\n[alice]: mimi://a.example/u/alice",
    ] {
        assert_eq!(markdown(text), None, "{text}");
    }
    assert_eq!(html("<a href=\"mimi://a.example/u/alice\">@Alice</a>"), None);
    // One who isn't Alice, and what hides behind her.
    assert_eq!(plain("mimi://a.example/u/alice2"), Some(FirstLink::At(0)));
    assert_eq!(plain("mimi://a.example/u/alice/https://b.example"), Some(FirstLink::At(0)));
    assert_eq!(plain("mimi://a.example/u/alice https://b.example"), Some(FirstLink::At(25)));
    assert_eq!(plain("https://a.example/mimi://a.example/u/alice"), Some(FirstLink::At(0)));
}

#[test]
fn markdown_has_links_without_a_scheme() {
    for (text, at) in [
        ("[x](a.example)", 4),
        ("[x](\n  /path 'title')", 7),
        ("[x](<a b>)", 5),
        ("![x](a.png)", 5),
        ("[x](mailto:bob@a.example)", 4),
        ("[x](java&#115;cript:x)", 4),
        ("[x][y]\n\n[y]: a.example", 13),
        ("[y]:\n  a.example", 7),
        ("> - [y]: <a.example>", 10),
        ("say\n[y]: a.example", 9),
        ("say\r[y]: a.example", 9),
        ("[a\nb]: /url", 7),
        ("[a\\]b]: /url", 8),
        ("<mailto:bob@a.example>", 1),
        ("<bob@a.example>", 1),
        ("`[x](a.example)`", 5),
    ] {
        assert_eq!(markdown(text), Some(FirstLink::At(at)), "{text}");
        assert_eq!(plain(text), None, "{text}");
    }
    for text in [
        "[x]()",
        "[x]",
        "[x][y]",
        "f(x)",
        "a[0]: b",
        "say [y]: a.example",
        "<b>",
        "<bob@a.example",
        "<bob@a.example <b>",
        "a <b c@d>",
        "![x](cid:5@local.invalid)",
        "[x](CID:5@local.invalid)",
        "- [ ] task",
    ] {
        assert_eq!(markdown(text), None, "{text}");
    }
    assert_eq!(markdown("![x](cid:05@local.invalid)"), Some(FirstLink::At(5)));
    // A label has up to 999 characters, of up to four bytes.
    for (label, is_one) in
        [("é".repeat(999), true), ("\u{1f600}".repeat(999), true), ("x".repeat(4 * 999 + 1), false)]
    {
        let found = markdown(&alloc::format!("[{label}]: /url"));
        assert_eq!(found, is_one.then_some(FirstLink::At(label.len() + 4)));
    }
}

#[test]
fn html_has_links_in_attributes() {
    for (text, at) in [
        ("<a href=\"/x\">", 9),
        ("<A HREF = '//b.example' >", 11),
        ("<a href=b.example>", 8),
        ("<a\nclass=x\thref=b>", 16),
        ("<a/href=b>", 8),
        ("<a title=\">\" href=b>", 18),
        ("<a title='x'href=b>", 17),
        ("<svg><a xlink:href=b>", 19),
        ("<a href=\"&#104;ttps:b\">", 9),
        ("<a href=\"java\tscript:x\">", 9),
        ("<form action=x>", 13),
        ("<img src=x>", 9),
        ("<a = href=x>", 10),
        ("<!-- <b title=\"--><a href=x>", 26),
        ("<p title=\"href=x\">", 15),
        ("<!-- <a href=x>", 13),
        ("<p><b><a x href=y", 16),
    ] {
        assert_eq!(html(text), Some(FirstLink::At(at)), "{text}");
        let common_mark = first_link("text/markdown;variant=CommonMark", text.as_bytes(), is_alice);
        assert_eq!(common_mark, Some(FirstLink::At(at)), "{text}");
        assert_eq!(plain(text), None, "{text}");
    }
    // In GFM-MIMI a tag is text.
    assert_eq!(markdown("<a href=\"/x\">"), None);
    for text in [
        "<a>",
        "<a href>",
        "<a href=\"\">",
        "<a href=\"#top\">",
        "<a href=\" cid:2@local.invalid \">",
        "href=x",
        "< a href=x>",
        "<a",
        "<a =href=x>",
        "<a hrefs=x>",
        "<",
    ] {
        assert_eq!(html(text), None, "{text}");
    }
}

#[test]
fn text_that_can_not_be_read_counts_as_a_link() {
    for content_type in
        ["text/plain;charset=utf-16", "text/plain;charset=\"x\"", "text/plain;charset", "text/a b"]
    {
        assert_eq!(first_link(content_type, b"", is_alice), Some(FirstLink::Unreadable), "{content_type}");
    }
    for content_type in ["text/plain", "text/plain;charset=UTF-8", "text/plain;charset=us-ascii"] {
        assert_eq!(first_link(content_type, b"hello", is_alice), None, "{content_type}");
    }
    // Bytes that are no UTF-8 hide nothing.
    assert_eq!(first_link("text/plain", b"\xff\xfehttp://a", is_alice), Some(FirstLink::At(2)));
}

#[test]
fn the_first_of_several_links_is_named() {
    assert_eq!(markdown("[x](a) https://b.example"), Some(FirstLink::At(4)));
    assert_eq!(markdown("https://b.example [x](a)"), Some(FirstLink::At(0)));
}

/// Of the control characters only white space stands around a link: parsers keep the others, or
/// make U+FFFD of them.
#[test]
fn a_control_character_hides_no_link() {
    for (text, at) in [
        ("<a src=\0#>", 7),
        ("<a href=\"\0\">", 9),
        ("<a href=cid:5@local.invalid\x01x>", 8),
        ("<a href=cid:5@local.invalid\x7f>", 8),
        ("<a href=\"\x01 x\">", 11),
    ] {
        assert_eq!(html(text), Some(FirstLink::At(at)), "{text:?}");
    }
    for text in ["<a href=\"\x01#top\">", "<a href=\"\t cid:5@local.invalid\x1f\">", "<a href=\"\x01 \x0b\">"]
    {
        assert_eq!(html(text), None, "{text:?}");
    }
    for (text, at) in [
        ("[x](\0)", 4),
        ("[x]:\0", 4),
        ("<x:y\0z>", 1),
        ("[x](cid:5@local.invalid\x01x)", 4),
        ("[x](\x0c a)", 6),
    ] {
        assert_eq!(markdown(text), Some(FirstLink::At(at)), "{text:?}");
    }
}

/// Text that a careless scan would go over again and again.
#[test]
fn much_of_the_same_is_read_in_one_go() {
    let texts = [
        "://",
        "](",
        "[",
        "]:",
        "<",
        "<a ",
        "a=",
        "http",
        "mimi://a.example/u/alice ",
        "<a href=#",
        "\n[x]: ",
    ];
    for text in texts {
        let long: Vec<u8> = text.bytes().cycle().take(1 << 17).collect();
        for content_type in ["text/plain", "text/markdown", "text/html"] {
            // That it ends is the test; what it finds is tested above.
            let _ = first_link(content_type, &long, is_alice);
        }
    }
}

/// What looks like attributes lies inside of one value, which is read once for each up to a limit.
#[test]
fn a_value_too_long_for_a_mention_or_a_part_is_a_link() {
    let part = "cid:1@local.invalid";
    let padded = |padding: usize| alloc::format!("<a href=\"{part}{}\">", "\u{1}".repeat(padding));
    let find = |text: &str| first_link("text/html", text.as_bytes(), is_alice);
    assert_eq!(find(&padded(4096 - part.len())), None);
    assert_eq!(find(&padded(4097 - part.len())), Some(FirstLink::At(9)));
    assert_eq!(find(&alloc::format!("<a {}", "/href=#".repeat(1 << 14))), None);
    assert_eq!(find(&alloc::format!("<a {}x=y", "/href='#".repeat(1 << 14))), None);
    let controls = "\u{1}".repeat(1 << 16);
    assert_eq!(find(&alloc::format!("<a {}{controls}", "/href=#".repeat(1 << 13))), None);
}
