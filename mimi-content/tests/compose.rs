//! Composing: what stays in an edit, and what is refused. The examples of the draft stand in the documentation.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use mimi_content::{
    AeadAlgorithm, BuildError, Composer, Disposition, Expiration, ExternalPart, HashAlgorithm, MentionError,
    MessageId, MimiContent, MultiPart, NestedPart, PartIndex, PartSemantics, PossibleHtml, ReplaceError,
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
    let mut extensions = mimi_content::Extensions::new();
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
    assert_eq!((extensions.sender_uri(), extensions.len()), (Some("mimi://a.example/u/alice"), 3));

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
        ("<https://a.example>", 0),
    ] {
        assert_eq!(Text::markdown(text), Err(PossibleHtml { offset }), "{text}");
    }
    for text in ["", "1 < 2", "<3", "<", "a <", "<é>", "&lt;b>", "<>", "\u{2260}<"] {
        let accepted = Text::markdown(text).unwrap();
        assert_eq!((accepted.as_str(), accepted.content_type()), (text, "text/markdown;variant=GFM-MIMI"));
    }
    assert_eq!(PossibleHtml { offset: 5 }.to_string(), "a < that may begin HTML (byte 5)");
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
