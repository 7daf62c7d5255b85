//! What messages take: each capability and each reading of one, by name.

use alloc::vec::Vec;
use alloc::{borrow::ToOwned, format};

use mimi_content::{
    Disposition, ExternalPart, MessageId, MimiContent, MimiContentBuilder, MultiPart, NestedPart,
    PartSemantics, Salt,
};
use serde_json::{Map, Value, json};

use super::{Cases, GenerateError, GeneratedCase, Scene, by, role, user};

const PLAIN: &str = "text/plain;charset=utf-8";
const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";
const FORWARD: &str = "application/mimi-content";

/// The message that others refer to, and an unknown one.
pub(super) const TARGET: MessageId = MessageId::from_bytes([1; 32]);
const UNKNOWN: MessageId = MessageId::from_bytes([2; 32]);

pub(super) fn text_as(content_type: &str, text: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", content_type, text)
}

pub(super) fn text(content: &str) -> NestedPart {
    text_as(PLAIN, content)
}

pub(super) fn reaction() -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", PLAIN, "\u{2764}")
}

pub(super) fn external(disposition: Disposition, content_type: &str) -> NestedPart {
    let part = ExternalPart {
        content_type: content_type.into(),
        url: "https://cdn.a.example/1".into(),
        ..ExternalPart::default()
    };
    NestedPart::external(disposition, "", part)
}

pub(super) fn message(body: NestedPart) -> MimiContentBuilder {
    MimiContent::builder(Salt::from_bytes([7; 16]), body)
}

/// What a case says of [`TARGET`].
pub(super) fn earlier(author: &str, disposition: Disposition, topic_id: &str) -> Value {
    let mut earlier = Map::new();
    let topic_id = hex::encode(topic_id);
    let message = json!({"author": user(author), "disposition": disposition.0, "topic_id": topic_id});
    earlier.insert(hex::encode(TARGET.as_bytes()), message);
    Value::Object(earlier)
}

pub(super) fn content(encoded: &[u8], earlier: &Value) -> Value {
    json!({"op": "content", "encoded": hex::encode(encoded), "earlier": earlier})
}

/// Alice sends, Bob is there, and both are users (2) with these capabilities.
fn two(capabilities: &[&str]) -> Scene {
    let scene = Scene {
        roles: [(0, "no_role"), (2, "user")].into_iter().map(|(index, name)| role(index, name)).collect(),
        preauth: Value::Null,
        base: Value::Null,
        participants: Vec::new(),
        clients: Vec::new(),
        pending: Vec::new(),
        parent: Value::Null,
        banned_in_parent: Value::Null,
    };
    scene.active("alice", 2).inactive("bob", 2).can(2, capabilities)
}

impl Cases {
    fn message(
        &mut self,
        allow: bool,
        name: &str,
        capabilities: &[&str],
        builder: &MimiContentBuilder,
        earlier: &Value,
    ) -> Result<(), GenerateError> {
        let encoded = builder.clone().build()?.encode();
        self.push(
            allow,
            name,
            &two(capabilities),
            by("alice"),
            "message",
            [content(&encoded, earlier)].into(),
        )
    }

    /// A message takes exactly these capabilities beside canSendMessage: with them it is allowed,
    /// without each one alone refused.
    fn takes(
        &mut self,
        name: &str,
        capabilities: &[&str],
        builder: MimiContentBuilder,
        earlier: &Value,
    ) -> Result<(), GenerateError> {
        let all = [&["canSendMessage"], capabilities].concat();
        let first = capabilities.first().copied().unwrap_or("canSendMessage");
        self.message(true, &format!("{first}: {name}"), &all, &builder, earlier)?;
        for lacking in capabilities {
            let rest: Vec<_> = all.iter().copied().filter(|capability| capability != lacking).collect();
            self.message(false, &format!("{lacking}: {name}, without it"), &rest, &builder, earlier)?;
        }
        Ok(())
    }

    /// A message that no capability allows.
    fn never(
        &mut self,
        name: &str,
        capabilities: &[&str],
        builder: MimiContentBuilder,
        earlier: &Value,
    ) -> Result<(), GenerateError> {
        let all = [&["canSendMessage"], capabilities].concat();
        self.message(false, &format!("content: {name}"), &all, &builder, earlier)
    }
}

pub(super) fn cases() -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Cases(Vec::new());
    sending(&mut cases)?;
    topics(&mut cases)?;
    reactions(&mut cases)?;
    edits(&mut cases)?;
    deletions(&mut cases)?;
    uploads(&mut cases)?;
    links(&mut cases)?;
    forwarding(&mut cases)?;
    Ok(cases.0)
}

fn nothing() -> Value {
    json!({})
}

fn of(author: &str, topic_id: &str) -> Value {
    earlier(author, Disposition::RENDER, topic_id)
}

fn reaction_of(author: &str) -> Value {
    earlier(author, Disposition::REACTION, "")
}

fn sending(cases: &mut Cases) -> Result<(), GenerateError> {
    let hello = || message(text("hello"));
    cases.takes("a text", &[], hello(), &nothing())?;
    let every = ["canReplyToMessage", "canSendLink", "canUploadAttachment"];
    cases.message(false, "canSendMessage: a text, without it", &every, &hello(), &nothing())?;
    let encoded = hello().build()?.encode();
    let name = "canSendMessage: a text of a user with the capability and without a client";
    let change = content(&encoded, &nothing());
    cases.push(false, name, &two(&["canSendMessage"]), by("bob"), "message", [change].into())?;
    let cut = encoded.get(..encoded.len().saturating_sub(1)).unwrap_or_default();
    let change = content(cut, &nothing());
    let name = "content: a message that ends too early";
    cases.push(false, name, &two(&["canSendMessage"]), by("alice"), "message", [change].into())?;

    let reply = |to| hello().in_reply_to(to);
    cases.takes("a reply", &["canReplyToMessage"], reply(TARGET), &of("bob", ""))?;
    cases.takes("a reply to an unknown message", &["canReplyToMessage"], reply(UNKNOWN), &nothing())?;
    cases.takes("a reply out of a topic", &["canReplyToMessage"], reply(TARGET), &of("bob", "here"))
}

fn topics(cases: &mut Cases) -> Result<(), GenerateError> {
    let hello = || message(text("hello"));
    cases.takes("a message with a topic", &["canStartTopic"], hello().topic_id("here"), &nothing())?;
    let reply = |to, topic: &str| hello().in_reply_to(to).topic_id(topic);
    let in_topic = ["canReplyInTopic"];
    cases.takes("a reply in its topic", &in_topic, reply(TARGET, "here"), &of("bob", "here"))?;
    cases.takes(
        "a reply with a topic to an unknown message",
        &in_topic,
        reply(UNKNOWN, "here"),
        &nothing(),
    )?;
    let both = ["canStartTopic", "canReplyToMessage"];
    cases.takes("a reply with another topic", &both, reply(TARGET, "there"), &of("bob", "here"))?;
    cases.takes("a reply with a topic to a message without", &both, reply(TARGET, "there"), &of("bob", ""))
}

fn reactions(cases: &mut Cases) -> Result<(), GenerateError> {
    let react = || message(reaction()).in_reply_to(TARGET);
    cases.takes("a reaction", &["canReactToMessage"], react(), &of("bob", ""))?;
    let both = ["canReactToMessage", "canReplyInTopic"];
    cases.takes("a reaction in the topic", &both, react().topic_id("here"), &of("bob", "here"))?;
    let both = ["canReactToMessage", "canStartTopic"];
    cases.takes("a reaction with another topic", &both, react().topic_id("there"), &of("bob", "here"))?;
    cases.takes("a reaction to nothing", &["canReactToMessage"], message(reaction()), &nothing())?;
    let beside = MultiPart::new(PartSemantics::ProcessAll, [text("hello"), reaction()].into())?;
    let beside = NestedPart::multi(Disposition::RENDER, "", beside);
    cases.takes("a reaction beside a text", &["canReactToMessage"], message(beside), &nothing())?;

    let edit = || message(reaction()).replaces(TARGET);
    cases.takes("another reaction", &["canEditReaction"], edit(), &reaction_of("alice"))?;
    let unknown = message(reaction()).replaces(UNKNOWN);
    cases.takes("another reaction for an unknown one", &["canEditReaction"], unknown, &nothing())?;
    let both = ["canEditReaction", "canEditOwnTopic"];
    let moved = edit().topic_id("there");
    cases.takes("another reaction with another topic", &both, moved, &reaction_of("alice"))?;
    let every = ["canEditReaction", "canDeleteOtherReaction", "canEditOwnMessage", "canReactToMessage"];
    cases.never("another reaction for that of another user", &every, edit(), &reaction_of("bob"))?;
    cases.never("a message that becomes a reaction", &every, edit(), &of("alice", ""))?;
    cases.never(
        "a reaction that becomes a message",
        &every,
        message(text("no")).replaces(TARGET),
        &reaction_of("alice"),
    )
}

fn edits(cases: &mut Cases) -> Result<(), GenerateError> {
    let edit = || message(text("hallo")).replaces(TARGET);
    let can_edit = ["canEditOwnMessage"];
    cases.takes("an edit", &can_edit, edit(), &of("alice", ""))?;
    cases.takes("an edit in its topic", &can_edit, edit().topic_id("here"), &of("alice", "here"))?;
    let reply = edit().in_reply_to(UNKNOWN);
    cases.takes("an edit of a reply", &can_edit, reply, &of("alice", ""))?;
    let unknown = message(text("hallo")).replaces(UNKNOWN).topic_id("here");
    cases.takes("an edit of an unknown message", &can_edit, unknown, &nothing())?;
    let with_link = message(text("https://b.example")).replaces(TARGET);
    cases.takes("an edit with a link", &["canEditOwnMessage", "canSendLink"], with_link, &of("alice", ""))?;
    let image = message(external(Disposition::RENDER, "image/png")).replaces(TARGET);
    cases.takes(
        "an edit with an image",
        &["canEditOwnMessage", "canUploadImage"],
        image,
        &of("alice", ""),
    )?;
    let both = ["canEditOwnTopic", "canEditOwnMessage"];
    cases.takes("an edit with another topic", &both, edit().topic_id("there"), &of("alice", "here"))?;
    cases.takes("an edit without the topic", &both, edit(), &of("alice", "here"))?;

    let moved = || edit().topic_id("there");
    cases.takes(
        "another topic for a message of another user",
        &["canEditOtherTopic"],
        moved(),
        &of("bob", "here"),
    )?;
    let every = ["canEditOwnMessage", "canDeleteOtherMessage", "canEditOwnTopic", "canEditOtherTopic"];
    let same_topic = edit().topic_id("here");
    cases.never("an edit of a message of another user", &every, same_topic, &of("bob", "here"))?;
    cases.never(
        "another topic and a message for a reaction of another user",
        &every,
        moved(),
        &reaction_of("bob"),
    )
}

fn deletions(cases: &mut Cases) -> Result<(), GenerateError> {
    let delete = |disposition| message(NestedPart::null(disposition)).replaces(TARGET);
    for (author, message, reaction) in [
        ("alice", "canDeleteOwnMessage", "canDeleteOwnReaction"),
        ("bob", "canDeleteOtherMessage", "canDeleteOtherReaction"),
    ] {
        let plain = delete(Disposition::RENDER);
        cases.takes("a deletion", &[message], plain.clone(), &of(author, ""))?;
        cases.takes("a deletion without the topic", &[message], plain.clone(), &of(author, "here"))?;
        let as_reaction = delete(Disposition::REACTION);
        cases.takes(
            "a deletion with disposition reaction",
            &[message],
            as_reaction.clone(),
            &of(author, ""),
        )?;
        cases.takes("an unlike", &[reaction], as_reaction, &reaction_of(author))?;
        cases.takes("an unlike with disposition render", &[reaction], plain, &reaction_of(author))?;
    }
    let unknown = |disposition| message(NestedPart::null(disposition)).replaces(UNKNOWN);
    let name = "a deletion of an unknown message";
    cases.takes(name, &["canDeleteOwnMessage"], unknown(Disposition::RENDER), &nothing())?;
    let name = "an unlike of an unknown reaction";
    cases.takes(name, &["canDeleteOwnReaction"], unknown(Disposition::REACTION), &nothing())?;

    // Nothing but the author is known.
    let encoded = delete(Disposition::REACTION).build()?.encode();
    let mut change = content(&encoded, &Value::Null);
    if let Some(members) = change.as_object_mut() {
        members.remove("earlier");
        members.insert("author_of".to_owned(), json!({hex::encode(TARGET.as_bytes()): user("bob")}));
    }
    for (allow, capability, name) in [
        (true, "canDeleteOtherReaction", "canDeleteOtherReaction: an unlike, by the author alone"),
        (
            false,
            "canDeleteOtherMessage",
            "canDeleteOtherReaction: an unlike, by the author alone, without it",
        ),
    ] {
        let scene = two(&["canSendMessage", capability]);
        cases.push(allow, name, &scene, by("alice"), "message", [change.clone()].into())?;
    }
    Ok(())
}

fn uploads(cases: &mut Cases) -> Result<(), GenerateError> {
    for (name, disposition, content_type, capability) in [
        ("an image", Disposition::RENDER, "image/png", "canUploadImage"),
        ("an image shown inline", Disposition::INLINE, "image/png", "canUploadImage"),
        ("a sound", Disposition::RENDER, "audio/ogg", "canUploadAudio"),
        ("a video", Disposition::RENDER, "video/mp4", "canUploadVideo"),
        ("an attached video", Disposition::ATTACHMENT, "video/mp4", "canUploadAttachment"),
        ("a document to render", Disposition::RENDER, "application/pdf", "canUploadAttachment"),
        ("a part without a media type", Disposition::RENDER, "", "canUploadAttachment"),
    ] {
        cases.takes(name, &[capability], message(external(disposition, content_type)), &nothing())?;
    }
    let parts = [external(Disposition::RENDER, "image/png"), external(Disposition::ATTACHMENT, "image/png")];
    let parts = MultiPart::new(PartSemantics::ProcessAll, parts.into())?;
    let both = ["canUploadAttachment", "canUploadImage"];
    let body = NestedPart::multi(Disposition::RENDER, "", parts);
    cases.takes("the same image shown and attached", &both, message(body), &nothing())
}

fn links(cases: &mut Cases) -> Result<(), GenerateError> {
    let html = "text/html;charset=utf-8";
    for (name, content_type, content) in [
        ("a link in plain text", PLAIN, "see HTTPS://b.example."),
        ("a link with a scheme of its own", PLAIN, "see secret+x://b"),
        ("a destination in Markdown", MARKDOWN, "see [it](b.example)"),
        ("a destination in angle brackets", MARKDOWN, "see [it]( <b.example> )"),
        ("a definition in Markdown", MARKDOWN, "see [it]\n\n> [it]: b.example"),
        ("an autolink in Markdown", MARKDOWN, "<bob@b.example>"),
        ("an attribute in HTML", html, "<p><a title='x' HREF = \"b.example\">it</a>"),
        ("an attribute in other Markdown", "text/markdown", "<img src=b.png>"),
        ("a text in another character set", "text/plain;charset=utf-16", "hello"),
        ("a stranger's URI", PLAIN, "mimi://a.example/u/carol"),
    ] {
        cases.takes(name, &["canSendLink"], message(text_as(content_type, content)), &nothing())?;
    }
    for (name, content_type, content) in [
        ("a scheme without slashes in plain text", PLAIN, "mailto:bob@b.example"),
        ("a scheme with slashes and nothing behind", PLAIN, "what is http://"),
        ("Markdown's signs in plain text", PLAIN, "see [it](b.example)"),
        ("a tag in GFM-MIMI, where it is text", MARKDOWN, "<img src=b.png>"),
        ("an empty destination", MARKDOWN, "see [it]()"),
        ("a definition's signs within a line", MARKDOWN, "see [it]: b.example"),
        ("a mention of a participant", MARKDOWN, "[Bob](mimi://a.example/u/bob), hello"),
        ("a reference to a part", MARKDOWN, "![it](cid:2@local.invalid)"),
        ("a fragment in HTML", html, "<a href='#top'>up</a>"),
    ] {
        let builder = message(text_as(content_type, content));
        let name = format!("canSendLink: no link is {name}");
        cases.message(true, &name, &["canSendMessage"], &builder, &nothing())?;
    }
    let part = ExternalPart {
        content_type: "application/pdf".into(),
        url: "https://cdn.a.example/1".into(),
        description: "see https://b.example".into(),
        ..ExternalPart::default()
    };
    let described = message(NestedPart::external(Disposition::ATTACHMENT, "", part));
    let both = ["canSendLink", "canUploadAttachment"];
    cases.takes("a link in a description", &both, described, &nothing())?;

    let preview = NestedPart::single(Disposition::PREVIEW, "", "image/png", "\u{89}PNG");
    let can_preview = ["canSendLinkPreview"];
    cases.takes("a preview", &can_preview, message(preview.clone()), &nothing())?;
    let with_link = MultiPart::new(PartSemantics::ProcessAll, [text("https://b.example"), preview].into())?;
    let with_link = message(NestedPart::multi(Disposition::RENDER, "", with_link));
    cases.takes(
        "a preview beside its link",
        &["canSendLinkPreview", "canSendLink"],
        with_link,
        &nothing(),
    )?;
    let outside = message(external(Disposition::PREVIEW, "image/png"));
    let both = ["canSendLinkPreview", "canUploadImage"];
    cases.takes("a preview outside of the message", &both, outside, &nothing())
}

/// The body, in so many messages inside one another.
fn forwarded(body: NestedPart, levels: usize) -> Result<MimiContentBuilder, GenerateError> {
    let mut builder = message(body);
    for _ in 0..levels {
        let inside = builder.build()?.encode();
        builder = message(NestedPart::single(Disposition::RENDER, "", FORWARD, inside));
    }
    Ok(builder)
}

fn forwarding(cases: &mut Cases) -> Result<(), GenerateError> {
    let link = || text("https://b.example");
    cases.takes("a link in a forwarded message", &["canSendLink"], forwarded(link(), 1)?, &nothing())?;
    let image = forwarded(external(Disposition::RENDER, "image/png"), 4)?;
    cases.takes("an image, forwarded four times", &["canUploadImage"], image, &nothing())?;
    cases.takes("a text, forwarded four times", &[], forwarded(text("hello"), 4)?, &nothing())?;
    cases.never("a text, forwarded five times", &[], forwarded(text("hello"), 5)?, &nothing())?;
    let nonsense = NestedPart::single(Disposition::RENDER, "", FORWARD, "https://b.example");
    cases.takes("what is no message, forwarded", &[], message(nonsense), &nothing())
}
