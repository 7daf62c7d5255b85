//! Messages in short.

#![allow(missing_docs, clippy::unwrap_used)]

use mimi_content::choice::{Choice, Profile};
use mimi_content::preview::{Attention, Recipient, attention, left_out_text, one_line, quote, search_text};
use mimi_content::{
    Composer, Disposition, Expiration, ExternalPart, MessageId, MessageStatus, MessageStatusReport,
    MimiContent, MimiContentRef, MultiPart, NestedPart, PartSemantics, Salt, Text,
};

const SALT: Salt = Salt::from_bytes([7; 16]);
const MINE: MessageId = MessageId::from_bytes([1; 32]);
const OTHER: MessageId = MessageId::from_bytes([9; 32]);
const CLIENT: Profile<'static> = Profile { media_types: &["text/markdown", "image/*", ""], languages: &[] };

fn bob() -> Composer {
    Composer::new("mimi://a.example/u/bob", "mimi://a.example/r/clubhouse").unwrap()
}

fn of<T>(message: &MimiContent, read: impl Fn(&MimiContentRef<'_>, &Choice) -> T) -> T {
    let encoded = message.encode();
    let message = MimiContentRef::decode(&encoded).unwrap();
    let choice = Choice::for_client(&message, &CLIENT);
    read(&message, &choice)
}

fn file(content_type: &str, filename: &str, description: &str) -> NestedPart {
    let file = ExternalPart {
        content_type: content_type.into(),
        url: "https://a.example/f".into(),
        content_hash: vec![1; 32],
        filename: filename.into(),
        description: description.into(),
        ..ExternalPart::default()
    };
    NestedPart::external(Disposition::ATTACHMENT, "", file)
}

#[test]
fn makes_one_line() {
    let line = |text: Text, longest| {
        of(&bob().message(SALT, text).build().unwrap(), |message, choice| one_line(message, choice, longest))
    };
    assert_eq!(line(Text::markdown("# Hi\n\n- *a*\n- b").unwrap(), 100), "Hi - a - b");
    assert_eq!(line(Text::plain("a\u{202e}b\r\nc\u{7}"), 100), "ab c\u{fffd}");
    assert_eq!(
        (line(Text::plain("äöü äöü"), 7), line(Text::plain("äöü äöü"), 6)),
        ("äöü äöü".into(), "äöü ä…".into())
    );
    assert_eq!((line(Text::plain("ab"), 1), line(Text::plain("ab"), 0)), ("…".into(), String::new()));
    assert_eq!(line(Text::plain(""), 9), "[text/pl…");
    let message = bob().compose(SALT, file("image/png", "cat.png", "A cat\non a mat")).build().unwrap();
    assert_eq!(of(&message, |m, c| one_line(m, c, 100)), "[image/png: cat.png, A cat on a mat]");
    let message = bob().compose(SALT, file("video/x", "v", "")).build().unwrap();
    assert_eq!(of(&message, |m, c| one_line(m, c, 100)), "[video/x: v]");
}

#[test]
fn makes_a_quote() {
    let quoted = |text: &str, lines, longest| {
        let message = bob().message(SALT, Text::plain(text)).build().unwrap();
        of(&message, |message, choice| quote(message, choice, lines, longest))
    };
    assert_eq!(quoted("a\n\nb\nc", 2, 100), "a\nb…");
    assert_eq!(quoted("a\n\nb\n", 2, 100), "a\nb");
    assert_eq!(quoted("abcdef", 2, 4), "abc…");
}

#[test]
fn says_what_was_not_shown() {
    let parts = |parts| MultiPart::new(PartSemantics::ProcessAll, parts).unwrap();
    let unknown = || NestedPart::single(Disposition::RENDER, "", "application/vnd.a; x=y", "z");
    let body = parts(vec![
        Text::plain("a").into_part(),
        unknown(),
        file("video/mp4", "v\u{202e}.mp4", &"d".repeat(200)),
    ]);
    let message = bob().compose(SALT, NestedPart::multi(Disposition::RENDER, "", body)).build().unwrap();
    let expected = format!("[application/vnd.a]\n[video/mp4: v.mp4, {}…]", "d".repeat(99));
    assert_eq!(of(&message, left_out_text), Some(expected));
    let many = parts((0..20).map(|_| unknown()).collect());
    let message = bob().compose(SALT, NestedPart::multi(Disposition::RENDER, "", many)).build().unwrap();
    let text = of(&message, left_out_text).unwrap();
    assert_eq!((text.lines().count(), text.lines().last()), (9, Some("[+12]")));
    let message = bob().message(SALT, Text::plain("a")).build().unwrap();
    assert_eq!(of(&message, left_out_text), None);
}

#[test]
fn collects_text_for_search() {
    let parts = vec![file("image/png", "cat.png", "A cat"), file("x/y", "hidden", "")];
    let message = bob().captioned(SALT, Text::markdown("*Look*").unwrap(), parts).unwrap();
    let message = message.extension(5, &[0x62, b'H', b'i']).unwrap().build().unwrap();
    assert_eq!(of(&message, search_text), "Hi\nLook\nA cat\ncat.png");
}

struct Alice;

impl Recipient for Alice {
    fn is_me(&self, uri: &str) -> bool {
        uri == "mimi://a.example/u/alice"
    }
    fn is_mine(&self, message: &MessageId) -> bool {
        *message == MINE
    }
}

#[test]
fn decides_on_attention() {
    let text = |text: &str| bob().message(SALT, Text::markdown(text).unwrap());
    let original = text("x").build().unwrap();
    let report = MessageStatusReport::of([(MINE, MessageStatus::READ)]);
    for (expected, message) in [
        (Attention::Message, text("hi mimi://a.example/u/alice")),
        (Attention::Personal, text("hi [you](mimi://a.example/u/alice)")),
        (Attention::Personal, text("hi <mimi://a.example/u/alice>")),
        (Attention::Personal, text("x").in_reply_to(MINE)),
        (Attention::Message, text("x").in_reply_to(OTHER)),
        (Attention::Reaction, bob().react(SALT, MINE, "+1")),
        (Attention::None, bob().react(SALT, OTHER, "+1")),
        (Attention::None, bob().edit(SALT, OTHER, &original, Text::plain("y")).unwrap()),
        (Attention::None, bob().delete(SALT, OTHER, &original).unwrap()),
        (Attention::None, bob().receipt(SALT, &report)),
        (Attention::None, text("x").expires(Expiration::at(1))),
        (Attention::Message, text("x").expires(Expiration::at(100))),
        (Attention::Message, text("x").expires(Expiration::after_reading(0))),
        (Attention::Message, bob().compose(SALT, file("x/y", "", ""))),
    ] {
        let message = message.build().unwrap();
        let found = of(&message, |message, choice| {
            attention(message, choice, "mimi://a.example/u/bob", &Alice, 50_000)
        });
        assert_eq!(found, expected, "{message:?}");
        let own = of(&message, |m, c| attention(m, c, "mimi://a.example/u/alice", &Alice, 0));
        assert_eq!(own, Attention::None);
    }
}
