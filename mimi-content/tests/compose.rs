//! Composing: what stays in an edit, and what is refused. The examples of the draft stand in the
//! documentation.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mimi_content::{
    AeadAlgorithm, BuildError, Composer, Disposition, Expiration, ExternalPart, HashAlgorithm, MentionError,
    MessageId, MimiContent, MultiPart, NestedPart, PartIndex, PartSemantics, PossibleHtmlError, ReplaceError,
    Salt, Text, UnboundPart, UnboundReason, mention_link,
};

const SALT: Salt = Salt::from_bytes([7; 16]);
const FIRST: MessageId = MessageId::from_bytes([1; 32]);
const OTHER: MessageId = MessageId::from_bytes([2; 32]);

fn alice() -> Composer {
    Composer::new("mimi://a.example/u/alice", "mimi://a.example/r/clubhouse").unwrap()
}

fn full() -> MimiContent {
    let body = NestedPart::single(Disposition::INLINE, "en", "text/html", "<p>x</p>");
    let mut extensions = mimi_content::MessageExtensions::new();
    extensions.set_subject("subject").unwrap();
    extensions.set_text("private", "x").unwrap();
    MimiContent::builder(Salt::from_bytes([8; 16]), body)
        .topic_id(b"topic")
        .expires(Expiration::after_reading(60))
        .in_reply_to(OTHER)
        .extensions(extensions)
        .build()
        .unwrap()
}

#[test]
fn an_edit_changes_the_body_only() {
    let edit =
        alice().edit(SALT, FIRST, &full(), Text::plain("y").in_language("de")).unwrap().build().unwrap();
    assert_eq!((edit.replaces(), edit.in_reply_to(), edit.salt()), (Some(FIRST), Some(OTHER), SALT));
    assert_eq!((edit.topic_id(), edit.expires()), (&b"topic"[..], Some(Expiration::after_reading(60))));
    assert_eq!(edit.body(), &NestedPart::single(Disposition::RENDER, "de", "text/plain;charset=utf-8", "y"));
    let extensions = edit.extensions().as_ref();
    assert_eq!(extensions.subject().unwrap(), Some("subject"));
    assert_eq!((extensions.sender_uri(), extensions.len()), (Some("mimi://a.example/u/alice"), 4));
    assert_eq!(extensions.get("private").unwrap().as_text(), Some("x"));

    // Of an edit, too, the first instance is replaced.
    let again = alice().edit(SALT, FIRST, &edit, Text::plain("z")).unwrap().build().unwrap();
    assert_eq!(again.replaces(), Some(FIRST));
    let delete = alice().delete(SALT, FIRST, &edit).unwrap().build().unwrap();
    assert_eq!((delete.replaces(), delete.topic_id()), (Some(FIRST), &b"topic"[..]));
    assert_eq!(delete.body(), &NestedPart::null(Disposition::RENDER));
}

#[test]
fn refuses_to_replace_a_later_version() {
    let edit = alice().edit(SALT, FIRST, &full(), Text::plain("y")).unwrap().build().unwrap();
    let refused = ReplaceError::NotTheFirst { expected: FIRST };
    assert_eq!(alice().edit(SALT, OTHER, &edit, Text::plain("z")).unwrap_err(), refused);
    assert_eq!(alice().delete(SALT, OTHER, &edit).unwrap_err(), refused);
    assert_eq!(refused.to_string(), format!("the first instance of the message is {FIRST}"));
    let reaction = alice().react(SALT, FIRST, "❤").build().unwrap();
    let changed = reaction.into_builder(SALT).replaces(FIRST).build().unwrap();
    assert_eq!(alice().unreact(SALT, OTHER, &changed).unwrap_err(), refused);
}

#[test]
fn refuses_to_take_back_what_is_no_reaction() {
    let refused = ReplaceError::NotAReaction { disposition: Disposition::INLINE };
    assert_eq!(alice().unreact(SALT, FIRST, &full()).unwrap_err(), refused);
    assert_eq!(refused.to_string(), "not a reaction: Disposition(4 inline)");
}

#[test]
fn several_reactions_are_several_parts() {
    let reactions = alice().reactions(SALT, FIRST, &["❤", "🥳"]).unwrap().build().unwrap();
    assert_eq!(reactions.in_reply_to(), Some(FIRST));
    let part = |text| NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", text);
    let parts = MultiPart::new(PartSemantics::ProcessAll, vec![part("❤"), part("🥳")]).unwrap();
    assert_eq!(reactions.body(), &NestedPart::multi(Disposition::REACTION, "", parts));
    assert_eq!(alice().reactions(SALT, FIRST, &["❤"]).unwrap_err(), BuildError::TooFewParts { found: 1 });
    assert_eq!(alice().reactions(SALT, FIRST, &["❤"; 1024]).unwrap_err(), BuildError::TooManyParts);
}

#[test]
fn refuses_markdown_that_may_hold_html() {
    for (text, offset) in [
        ("<b>", 0),
        ("a < b <c", 6),
        ("</p>", 0),
        ("<!-- -->", 0),
        ("1 <? x", 2),
        ("`<i>`", 1),
        ("<a:b>", 0),
        ("<https://a b>", 0),
        ("<https://a.example", 0),
    ] {
        assert_eq!(Text::markdown(text), Err(PossibleHtmlError { offset }), "{text}");
    }
    for text in [
        "<https://a.example>",
        "<mimi://a.example/u/alice>",
        "",
        "1 < 2",
        "<3",
        "<",
        "a <",
        "<é>",
        "&lt;b>",
        "<>",
        "\u{2260}<",
    ] {
        let accepted = Text::markdown(text).unwrap();
        assert_eq!((accepted.as_str(), accepted.content_type()), (text, "text/markdown;variant=GFM-MIMI"));
    }
    assert_eq!(PossibleHtmlError { offset: 5 }.to_string(), "a < that may begin HTML (byte 5)");
    assert_eq!(Text::plain("<b>").content_type(), "text/plain;charset=utf-8");
}

#[test]
fn refuses_mentions_that_markdown_would_read_otherwise() {
    for label in ["", " ", "a\nb", "a\u{0}"] {
        assert_eq!(mention_link(label, "mimi://a.example/u/b"), Err(MentionError::Label), "{label:?}");
    }
    for uri in [
        "",
        "alice",
        ":x",
        "mimi://a b",
        "mimi://a)b",
        "mimi://a(b",
        "mimi://<a>",
        "mimi://a\"b",
        "mimi://é",
        "mimi://a\\b",
        "mimi://a&amp;b",
    ] {
        assert_eq!(mention_link("a", uri), Err(MentionError::Uri), "{uri:?}");
    }
    assert_eq!(MentionError::Label.to_string(), "the label is blank or holds a control character");
    assert_eq!(MentionError::Uri.to_string(), "the URI can't stand in a Markdown link as it is");
}

/// Whatever the label, there is one link, to the URI, and its text is the label.
#[test]
fn a_mention_is_read_as_it_was_meant() {
    let uri = "mimi://a.example/u/_b*c_~d[e]!f%20";
    for label in [
        "@Alice Smith",
        "[x](y)",
        "a]b[c",
        "\\",
        "`a`",
        "*a*",
        "__a__",
        "~~a~~",
        "<b>",
        "&amp;",
        "![i](j)",
        "a|b",
        "# a",
        "- a",
        "1. a",
        "https://a.example",
    ] {
        let link = mention_link(label, uri).unwrap();
        for around in ["Kudos to {}!", "{}", "{} {}", "| a |\n|-|\n| {} |", "> *so {} b*"] {
            let text = around.replace("{}", &link);
            let found = mimi_content::gfm::links(&text);
            assert_eq!(found.len(), around.matches("{}").count(), "{text}");
            assert!(
                found.iter().all(|found| found.text == label && found.target == uri && !found.is_image),
                "{text} {found:?}"
            );
            assert!(Text::markdown(text.clone()).is_ok(), "{text}");
        }
    }
}

#[test]
fn refuses_to_compose_files_that_the_message_does_not_bind() {
    let build = |enc_alg, hash_alg| {
        let file = ExternalPart { enc_alg, hash_alg, ..ExternalPart::default() };
        let body = NestedPart::external(Disposition::ATTACHMENT, "", file.clone());
        let attached = alice().attachment(SALT, "", file).build().map(drop);
        // In another body, too, with which the composer began nothing.
        assert_eq!(alice().message(SALT, Text::plain("x")).body(body).build().map(drop), attached);
        attached
    };
    let part = |reason| Err(BuildError::Unbound(UnboundPart { part: PartIndex(0), reason }));
    let (none, gcm) = (AeadAlgorithm::NONE, AeadAlgorithm::AES_128_GCM);
    assert_eq!(build(gcm, HashAlgorithm::SHA_256), Ok(()));
    assert_eq!(build(none, HashAlgorithm::RESERVED), Ok(()));
    assert_eq!(build(gcm, HashAlgorithm::RESERVED), part(UnboundReason::NoHash));
    assert_eq!(build(gcm, HashAlgorithm(9)), part(UnboundReason::UnknownHash(HashAlgorithm(9))));
    assert_eq!(build(none, HashAlgorithm(9)), part(UnboundReason::UnknownHash(HashAlgorithm(9))));
    let shown = build(gcm, HashAlgorithm::RESERVED).unwrap_err().to_string();
    assert_eq!(shown, "external part 0 is encrypted and has no hash");
}

#[test]
fn every_message_names_sender_and_room() {
    let file = || ExternalPart { url: "https://a.example/f".into(), ..ExternalPart::default() };
    let messages = [
        alice().message(SALT, Text::plain("x")),
        alice().reply(SALT, FIRST, Text::plain("x")),
        alice().react(SALT, FIRST, "x"),
        alice().reactions(SALT, FIRST, &["x", "y"]).unwrap(),
        alice().edit(SALT, FIRST, &full(), Text::plain("x")).unwrap(),
        alice().delete(SALT, FIRST, &full()).unwrap(),
        alice().attachment(SALT, "", file()),
        alice().conference(SALT, "https://a.example/join", "Join"),
    ];
    for message in messages {
        let message = message.build().unwrap();
        let extensions = message.extensions().as_ref();
        assert_eq!(extensions.sender_uri(), Some("mimi://a.example/u/alice"));
        assert_eq!(extensions.room_uri(), Some("mimi://a.example/r/clubhouse"));
        assert_eq!(MimiContent::decode(&message.encode()).unwrap(), message);
    }
}

#[test]
fn an_edit_keeps_what_it_does_not_change() {
    let mut extensions = mimi_content::MessageExtensions::new();
    for key in [-7, 5, 6, 255, 257] {
        extensions.set_text(key, "kept").unwrap();
    }
    extensions.set_encoded(3, &[0xa1, 0x01, 0x01]).unwrap();
    extensions.set_encoded(256, &[0x80]).unwrap();
    let original = alice().message(SALT, Text::plain("x")).extensions(extensions).build().unwrap();
    let edit = alice().edit(SALT, FIRST, &original, Text::plain("y")).unwrap().build().unwrap();
    let keys: Vec<_> = edit.extensions().iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [1, 2, 5, 6, 255, 257, -7].map(mimi_content::ExtensionKey::Integer));
    // A retraction leaves nothing behind.
    let delete = alice().delete(SALT, FIRST, &original).unwrap().build().unwrap();
    assert_eq!(delete.extensions().len(), 2);
}

#[test]
fn an_edit_of_the_text_keeps_the_pictures() {
    let picture = |content: &str| NestedPart::single(Disposition::RENDER, "", "image/png", content);
    let attached = NestedPart::single(Disposition::ATTACHMENT, "", "text/csv", "a;b");
    let original =
        alice().captioned(SALT, Text::plain("x"), vec![attached, picture("p"), picture("q")]).unwrap();
    let original = original.build().unwrap();
    let text = Text::markdown("*y*").unwrap();
    let edit = alice().edit_text(SALT, FIRST, &original, text.clone()).unwrap().build().unwrap();
    assert_eq!(edit.part(mimi_content::PartIndex(1)), Some(&text.into_part()));
    for index in 2..5 {
        let index = mimi_content::PartIndex(index);
        assert_eq!(edit.part(index), original.part(index));
    }
    let without = alice().compose(SALT, picture("p")).build().unwrap();
    assert_eq!(alice().edit_text(SALT, FIRST, &without, Text::plain("z")).unwrap_err(), ReplaceError::NoText);
    assert_eq!(
        alice().captioned(SALT, Text::plain("x"), vec![]).unwrap_err(),
        BuildError::TooFewParts { found: 1 }
    );
}

#[test]
fn nothing_erases_the_sender_and_the_room_of_a_composer() {
    use mimi_content::{ExtensionError, MessageExtensions};
    let mut mine = MessageExtensions::new();
    mine.set_text("x", "y").unwrap();
    mine.set_sender_uri("mimi://a.example/u/mallory").unwrap();
    let message = || alice().message(SALT, Text::plain("x"));
    let built = message().extensions(mine).extension("z", &[0x01]).unwrap().build().unwrap();
    let extensions = built.extensions();
    assert_eq!(extensions.sender_uri(), Some("mimi://a.example/u/alice"));
    assert_eq!((extensions.room_uri(), extensions.len()), (Some("mimi://a.example/r/clubhouse"), 4));
    for key in [1, 2] {
        assert_eq!(message().extension(key, &[0x60]).unwrap_err(), ExtensionError::SenderOrRoom);
    }
    let body = NestedPart::single(Disposition::RENDER, "", "text/plain", "x");
    let own = MimiContent::builder(SALT, body).extension(1, &[0x61, b'a']).unwrap().build().unwrap();
    assert_eq!(own.extensions().sender_uri(), Some("a"));
}

#[test]
fn replies_and_receipts() {
    let reply = alice().reply_in_topic(SALT, OTHER, b"topic", Text::plain("x")).build().unwrap();
    assert_eq!((reply.in_reply_to(), reply.topic_id()), (Some(OTHER), &b"topic"[..]));
    let report = mimi_content::MessageStatusReport::of([(FIRST, mimi_content::MessageStatus::READ)]);
    let receipt = alice().receipt(SALT, &report).build().unwrap();
    let mimi_content::Part::Single(part) = &receipt.body().part else { panic!("no single part") };
    assert_eq!(part.content_type(), "application/mimi-message-status");
    assert_eq!(mimi_content::MessageStatusReport::decode(&part.content), Ok(report));
    for (uri, mention) in [
        ("mimi://a.example/u/alice", Ok("<mimi://a.example/u/alice>".to_owned())),
        ("im:a@b.example", Ok("<im:a@b.example>".to_owned())),
        ("x:y", Err(MentionError::Uri)),
        ("mimi://a b", Err(MentionError::Uri)),
        ("mimi://a>b", Err(MentionError::Uri)),
        ("alice", Err(MentionError::Uri)),
        ("", Err(MentionError::Uri)),
    ] {
        assert_eq!(mimi_content::mention_uri(uri), mention, "{uri}");
    }
}
