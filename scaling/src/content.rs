//! The cases of `mimi-content`.

use std::hint::black_box;

use mimi_content::choice::{Choice, Profile, match_language, media_type_matches};
use mimi_content::diagnose::Diagnosis;
use mimi_content::timeline::{Timeline, TimelineMessage, sender_only};
use mimi_content::{
    AeadAlgorithm, Attachment, Disposition, ExtensionKey, FileSealer, FileVerifier, LastSeen,
    MessageExtensions, MessageId, MessageStatus, MessageStatusReport, MessageStatusReportRef, MimiContent,
    MimiContentRef, MultiPart, NestedPart, PartIndex, PartSemantics, Payload, ReceivedMessage, Salt, Text,
    decode_text, gfm, html, is_language_list, is_language_tag, media_types, preview,
};

use crate::{Case, Job};

const ALICE: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://a.example/r/room";

impl Case {
    /// What it is called in output, and found by.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {} {}", self.crate_name, self.function, self.input)
    }
}

const fn case(
    function: &'static str,
    input: &'static str,
    size: (usize, &'static str),
    prepare: fn(usize) -> Job,
) -> Case {
    Case {
        crate_name: "mimi-content",
        function,
        input,
        is_hostile: false,
        smallest: size.0,
        unit: size.1,
        reason: None,
        prepare,
    }
}

const fn hostile(
    function: &'static str,
    input: &'static str,
    size: (usize, &'static str),
    prepare: fn(usize) -> Job,
) -> Case {
    Case { is_hostile: true, ..case(function, input, size, prepare) }
}

/// A text of about n bytes of a piece.
fn repeat(piece: &str, n: usize) -> String {
    piece.repeat(n / piece.len())
}

fn salt() -> Salt {
    Salt::from_bytes([7; 16])
}

fn part(media_type: &str, content: impl Into<Vec<u8>>) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "en", media_type, content)
}

fn message(body: NestedPart) -> Vec<u8> {
    MimiContent::builder(salt(), body).build().unwrap().encode()
}

/// A message of n parts.
fn parts(n: usize, part: impl Fn(usize) -> NestedPart) -> Vec<u8> {
    let all = MultiPart::new(PartSemantics::ProcessAll, (0..n).map(part).collect()).unwrap();
    message(NestedPart::multi(Disposition::RENDER, "", all))
}

fn small_parts(n: usize) -> Vec<u8> {
    parts(n, |_| part("", ""))
}

/// A message with n extensions of one byte each.
fn many_extensions(n: usize) -> Vec<u8> {
    let entries = (1000..).take(n).map(|key: i64| (ExtensionKey::from(key), &[0x01][..]));
    let extensions = MessageExtensions::from_encoded(entries).unwrap();
    MimiContent::builder(salt(), part(media_types::PLAIN_TEXT, "text"))
        .extensions(extensions)
        .build()
        .unwrap()
        .encode()
}

/// A message with an extension whose value is an array of n small arrays.
fn long_extension(n: usize) -> Vec<u8> {
    let mut value = vec![0x99];
    value.extend_from_slice(&(n as u16).to_be_bytes());
    value.resize(n + 3, 0x80);
    let extensions = MessageExtensions::from_encoded([(ExtensionKey::from(1000), &value[..])]).unwrap();
    MimiContent::builder(salt(), part(media_types::PLAIN_TEXT, "text"))
        .extensions(extensions)
        .build()
        .unwrap()
        .encode()
}

/// A message up to its extensions: salt, replaces, topic, expires, inReplyTo.
fn before_extensions() -> Vec<u8> {
    [&[0x87, 0x50], &[7; 16][..], &[0xf6, 0x40, 0xf6, 0xf6]].concat()
}

fn id(number: usize) -> MessageId {
    let mut bytes = [1; 32];
    bytes[24..].copy_from_slice(&(number as u64).to_be_bytes());
    MessageId::from_bytes(bytes)
}

fn report(n: usize) -> MessageStatusReport {
    MessageStatusReport::of((0..n).map(|number| (id(number), MessageStatus::READ)))
}

const NOTES: &str = "# Notes\n\nA *paragraph* with [a link](https://example.com/notes) and `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| c | d |\n\n";
const PAGE: &str = "<h1>Notes</h1><p>A <em>paragraph</em> with <a href='https://example.com/notes'>a link</a> and <code>code</code>.</p><ul><li>one</li></ul>\n";

/// Pieces of Markdown that, repeated, have cost parsers more than their length.
const MARKDOWN: [(&str, &str); 20] = [
    ("open brackets", "["),
    ("open pictures", "!["),
    ("links that do not close", "[a](b"),
    ("links that do not close, with brackets", "[a](<b"),
    ("brackets", "[]"),
    ("emphasis that does not close", "*a _b "),
    ("emphasis of lengths that differ", "a**b*c"),
    ("tildes", "~~a ~b "),
    ("backticks", "`a``b```c"),
    ("quotes within quotes", "> "),
    ("list items within items", "- "),
    ("comments that do not close", "<!--"),
    ("tags", "<a b='"),
    ("processing instructions", "<?"),
    ("definitions", "[a]: b\n[a]"),
    ("table rows", "|a|\n|-|\n"),
    ("entities", "&amp"),
    ("autolinks", "<a:"),
    ("backslashes", "\\"),
    ("carriage returns", "\r"),
];

/// Lines of 64 list markers, each further in: from a public report about nested lists.
fn nested_lists(n: usize) -> String {
    let mut text = String::new();
    let mut line = 0;
    while text.len() < n / 2 {
        text.push_str(&" ".repeat(128 * line));
        text.push_str(&"- ".repeat(64));
        text.push_str("a\n");
        line += 1;
    }
    while text.len() < n {
        text.push_str("a\n");
    }
    text
}

/// All of [`MARKDOWN`], each for an eighth of the text, and then nested lists.
fn markdown_soup(n: usize) -> String {
    let mut text = String::new();
    for (_, piece) in MARKDOWN {
        text.push_str(&repeat(piece, n / 20));
        text.push_str("\n\n");
    }
    text
}

/// Pieces of HTML, likewise.
const HTML: [(&str, &str); 12] = [
    ("attributes with slashes", "/href=#"),
    ("open tags", "<a "),
    ("elements within elements", "<div>"),
    ("formatting within formatting", "<b><i>"),
    ("formatting around blocks", "<a><p>"),
    ("cells outside of a table", "<table><td>"),
    ("text in a table", "<table>x"),
    ("comments", "<!--"),
    ("declarations", "<!"),
    ("foreign elements", "<svg><p>"),
    ("content IDs", "<img src=cid:1@local.invalid>"),
    ("entities", "&notit;&#x1f600"),
];

/// A tag with attributes, no two of which have one name.
fn attributes(n: usize) -> String {
    "<a ".to_owned() + &(0..n / 6).map(|at| format!("a{at:x} ")).collect::<String>() + ">x</a>"
}

/// Texts of links, repeated, each with its target.
const LINK_TEXTS: [(&str, &str, &str); 11] = [
    ("the target's host", "evil.example ", "https://evil.example/x"),
    ("the target", "https://evil.example/x ", "https://evil.example/x"),
    ("the target without spaces", "https://evil.example/x,", "https://evil.example/x"),
    ("dots", ".", "https://evil.example/x"),
    ("labels", "a.", "https://evil.example/x"),
    ("empty labels", "a..", "https://evil.example/x"),
    ("at signs", "a@", "mailto:a@evil.example"),
    ("colons", "a:1:", "https://evil.example/x"),
    ("brackets", "[::", "https://evil.example/x"),
    ("overrides", "\u{202e}a.\u{202c}b", "https://evil.example/x"),
    ("letters of other scripts", "\u{44f}.\u{4e2d}", "https://evil.example/x"),
];

fn on_text(text: String, run: fn(&str)) -> Job {
    Box::new(move || run(&text))
}

fn on_bytes(bytes: Vec<u8>, run: fn(&[u8])) -> Job {
    Box::new(move || run(&bytes))
}

fn decode(bytes: &[u8]) {
    black_box(MimiContentRef::decode(bytes)).unwrap();
}

fn decode_owned(bytes: &[u8]) {
    black_box(MimiContent::decode(bytes)).unwrap();
}

fn encode(bytes: Vec<u8>) -> Job {
    let message = MimiContent::decode(&bytes).unwrap();
    Box::new(move || drop(black_box(message.encode())))
}

fn diagnose(bytes: &[u8]) {
    black_box(Diagnosis::of(bytes));
}

fn anomalies(bytes: &[u8]) {
    let message = MimiContentRef::decode(bytes).unwrap();
    let room = |user: &str| user == ALICE;
    let received = ReceivedMessage::new(&message, ALICE, ROOM, &room, 1_800_000_000_000, 0).unwrap();
    black_box(received.anomalies());
}

const CLIENT: Profile<'_> = Profile {
    media_types: &["text/html", "text/plain;charset=utf-8", "text/markdown;variant=GFM-MIMI", "image/*"],
    languages: &["fr-CH", "en"],
};

fn choose(bytes: &[u8]) {
    let message = MimiContentRef::decode(bytes).unwrap();
    black_box(Choice::for_client(&message, &CLIENT));
}

fn previews(bytes: &[u8]) {
    let message = MimiContentRef::decode(bytes).unwrap();
    let choice = Choice::for_client(&message, &CLIENT);
    black_box(preview::search_text(&message, &choice));
    black_box(preview::one_line(&message, &choice, 100));
    black_box(preview::quote(&message, &choice, 4, 200));
    black_box(preview::left_out_text(&message, &choice));
}

fn events(text: &str) {
    for event in gfm::events(text) {
        black_box(event);
    }
}

/// All that is made of Markdown.
fn markdown(text: &str) {
    events(text);
    black_box(gfm::to_html(text));
    black_box(gfm::to_plain_text(text));
    black_box(gfm::escape_html(text));
    for link in gfm::links(text) {
        black_box(link);
    }
    for part in gfm::shown_parts(text) {
        black_box(part);
    }
    black_box(gfm::mentions(text, |uri| uri == ALICE));
    black_box(Text::markdown(text)).ok();
}

fn html(text: &str) {
    black_box(html::to_plain_text(text));
    black_box(html::shown_parts(text));
}

fn sanitize(text: &str) {
    black_box(html::sanitize(text));
}

fn languages(text: &str) {
    black_box(is_language_list(text));
    black_box(is_language_tag(text));
    black_box(match_language(&["fr-CH", "en"], text));
}

fn content_id(text: &str) {
    black_box(PartIndex::from_content_id(text)).ok();
}

fn statuses(bytes: &[u8]) {
    black_box(MessageStatusReport::decode(bytes)).unwrap();
    let report = MessageStatusReportRef::decode(bytes).unwrap();
    black_box(report.iter().count());
    black_box(Payload::decode(media_types::MIMI_MESSAGE_STATUS, bytes)).ok();
}

/// A generator that is none, for keys that keep nothing secret.
struct Constant;

impl rand_core::TryRng for Constant {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(7);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Constant {}

/// Seals a file of n bytes in pieces of 4 KiB that are made as they are needed, verifies it and
/// opens it.
fn file(n: usize) -> Job {
    let mut sealer = FileSealer::generate(AeadAlgorithm::AES_128_GCM, &mut Constant).unwrap();
    for _ in 0..n / 4096 {
        sealer.seal(&mut [7; 4096]).unwrap();
    }
    let part = sealer.finish().1.into_part("https://a.example/file", "video/mp4");
    Box::new(move || {
        let mut sealer = FileSealer::generate(AeadAlgorithm::AES_128_GCM, &mut Constant).unwrap();
        let mut verifier = FileVerifier::new(&part.as_ref(), 0).unwrap();
        for _ in 0..n / 4096 {
            let mut piece = [7; 4096];
            sealer.seal(&mut piece).unwrap();
            verifier.update(&piece).unwrap();
        }
        let (tag, _) = sealer.finish();
        verifier.update(&tag).unwrap();
        black_box(verifier.finish().unwrap());
    })
}

struct Sent {
    number: usize,
    accepted_ms: u64,
    content: MimiContent,
}

fn sent(
    number: usize,
    accepted_ms: usize,
    body: NestedPart,
    replaces: Option<usize>,
    to: Option<usize>,
) -> Sent {
    let content = MimiContent::builder(salt(), body).replaces(replaces.map(id)).in_reply_to(to.map(id));
    Sent { number, accepted_ms: accepted_ms as u64, content: content.build().unwrap() }
}

fn text() -> NestedPart {
    part(media_types::PLAIN_TEXT, "A message of a usual length.")
}

fn heart() -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", media_types::PLAIN_TEXT, "\u{2764}")
}

fn receipt(about: usize) -> NestedPart {
    let report =
        MessageStatusReport::of((0..8).map(|at| (id(about.saturating_sub(at)), MessageStatus::READ)));
    NestedPart::single(Disposition::UNSPECIFIED, "", media_types::MIMI_MESSAGE_STATUS, report.encode())
}

fn folded(stream: &[Sent]) -> Timeline<()> {
    let mut timeline = Timeline::new();
    for sent in stream {
        let received = TimelineMessage::from_owned(id(sent.number), ALICE, sent.accepted_ms, &sent.content);
        let _ = timeline.insert(received, (), &sender_only);
    }
    timeline
}

/// Folds a stream, and looks at each entry with its versions, reactions and what it replies to.
fn fold(stream: Vec<Sent>) -> Job {
    Box::new(move || {
        let timeline = folded(&stream);
        for entry in timeline.entries() {
            black_box(entry.versions().count());
            black_box(entry.reaction_groups(0));
            black_box(entry.in_reply_to(0).is_some());
            black_box(entry.statuses());
        }
        black_box(timeline.suspects().count());
    })
}

/// Half texts, then replies, reactions, edits and receipts for eight messages each.
fn room(n: usize) -> Vec<Sent> {
    let one = |at: usize| match at % 10 {
        0..=4 => sent(at, at, text(), None, None),
        5 => sent(at, at, text(), None, Some(at - 5)),
        6 | 7 => sent(at, at, heart(), None, Some(at - 5)),
        8 => sent(at, at, receipt(at), None, None),
        _ => sent(at, at, text(), Some(at - 9), None),
    };
    (0..n).map(one).collect()
}

/// What a client keeps: bytes of all rows, and the timeline made of them again.
fn snapshot(n: usize) -> Job {
    let timeline = folded(&room(n));
    Box::new(move || {
        let bytes = timeline.snapshot(|()| Vec::new());
        black_box(Timeline::<()>::restore(&bytes, |_| Some(()))).unwrap();
    })
}

/// Everything expires, is read, and is evicted.
fn forgetting(n: usize) -> Job {
    let stream = room(n);
    Box::new(move || {
        let mut timeline = folded(&stream);
        for sent in &stream {
            timeline.mark_read(id(sent.number), sent.accepted_ms);
        }
        black_box(timeline.unread(0).count());
        black_box(timeline.evict(u64::MAX));
    })
}

const BYTES: (usize, &str) = (4000, "bytes");
/// Longer than what is sanitized as it is.
const LONG: (usize, &str) = (20_000, "bytes");
const MESSAGES: (usize, &str) = (200, "messages");

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("MimiContentRef::decode", "one text", BYTES, |n| {
            on_bytes(message(part(media_types::PLAIN_TEXT, repeat("text ", n))), decode)
        }),
        hostile("MimiContentRef::decode", "parts without content", (100, "parts"), |n| {
            on_bytes(small_parts(n), decode)
        }),
        hostile("MimiContentRef::decode", "extensions of one byte", (1000, "extensions"), |n| {
            on_bytes(many_extensions(n), decode)
        }),
        hostile("MimiContentRef::decode", "an extension of small arrays", BYTES, |n| {
            on_bytes(long_extension(n), decode)
        }),
        case("MimiContent::decode", "one text", BYTES, |n| {
            on_bytes(message(part(media_types::PLAIN_TEXT, repeat("text ", n))), decode_owned)
        }),
        hostile("MimiContent::decode", "parts without content", (100, "parts"), |n| {
            on_bytes(small_parts(n), decode_owned)
        }),
        hostile("MimiContent::decode", "extensions of one byte", (1000, "extensions"), |n| {
            on_bytes(many_extensions(n), decode_owned)
        }),
        case("MimiContent::encode", "one text", BYTES, |n| {
            encode(message(part(media_types::PLAIN_TEXT, repeat("text ", n))))
        }),
        hostile("MimiContent::encode", "parts without content", (100, "parts"), |n| encode(small_parts(n))),
        hostile("MimiContent::encode", "extensions of one byte", (1000, "extensions"), |n| {
            encode(many_extensions(n))
        }),
        case("MessageExtensions::from_encoded", "in any order", (1000, "extensions"), |n| {
            Box::new(move || {
                let entries = (0..n).map(|at| (ExtensionKey::from((at * 7919 % n) as i64 + 1000), &[1][..]));
                black_box(MessageExtensions::from_encoded(entries)).unwrap();
            })
        }),
        case("MessageExtensions::set_last_seen", "IDs", (1000, "IDs"), |n| {
            let seen = LastSeen::Messages((0..n).map(id).collect());
            Box::new(move || {
                let mut extensions = MessageExtensions::default();
                extensions.set_last_seen(&seen).unwrap();
                black_box(extensions.last_seen()).unwrap();
            })
        }),
        case("MimiContentRef::message_id", "one text", BYTES, |n| {
            let bytes = message(part(media_types::PLAIN_TEXT, repeat("text ", n)));
            on_bytes(bytes, |bytes| {
                black_box(MimiContentRef::decode(bytes).unwrap().message_id(ALICE, ROOM)).unwrap();
            })
        }),
        case("Diagnosis::of", "one text", BYTES, |n| {
            on_bytes(message(part(media_types::PLAIN_TEXT, repeat("text ", n))), diagnose)
        }),
        hostile("Diagnosis::of", "parts without content", (100, "parts"), |n| {
            on_bytes(small_parts(n), diagnose)
        }),
        hostile("Diagnosis::of", "one key again and again", BYTES, |n| {
            let mut bytes = before_extensions();
            bytes.push(0xbf);
            bytes.extend([0x01, 0x01].repeat(n / 2));
            on_bytes(bytes, diagnose)
        }),
        hostile("Diagnosis::of", "extensions in falling order", (1000, "extensions"), |n| {
            let mut bytes = before_extensions();
            bytes.push(0xb9);
            bytes.extend((n as u16).to_be_bytes());
            for key in (0..n as u16).rev() {
                bytes.push(0x19);
                bytes.extend(key.to_be_bytes());
                bytes.push(0x01);
            }
            on_bytes(bytes, diagnose)
        }),
        hostile("Diagnosis::of", "arrays without an end", BYTES, |n| on_bytes(vec![0x9f; n], diagnose)),
        hostile("Diagnosis::of", "maps without an end", BYTES, |n| on_bytes(vec![0xbf; n], diagnose)),
        hostile("Diagnosis::of", "tags", BYTES, |n| on_bytes(vec![0xc1; n], diagnose)),
        hostile("Diagnosis::of", "strings in pieces", BYTES, |n| {
            let mut bytes = vec![0x87, 0x5f];
            bytes.extend([0x41, 0x07].repeat(n / 2));
            on_bytes(bytes, diagnose)
        }),
        case("ReceivedMessage::anomalies", "one text", BYTES, |n| {
            on_bytes(message(part(media_types::PLAIN_TEXT, repeat("text ", n))), anomalies)
        }),
        hostile("ReceivedMessage::anomalies", "parts without content", (100, "parts"), |n| {
            on_bytes(small_parts(n), anomalies)
        }),
        hostile("ReceivedMessage::anomalies", "parts in malformed languages", (100, "parts"), |n| {
            // No builder makes them.
            let mut bytes = parts(n, |_| part("a/b", ""));
            let places = bytes.windows(3).enumerate().filter(|(_, three)| *three == b"\x62en");
            for place in places.map(|(at, _)| at + 2).collect::<Vec<_>>() {
                bytes[place] = b'_';
            }
            on_bytes(bytes, anomalies)
        }),
        hostile("ReceivedMessage::anomalies", "IDs seen last", (1000, "IDs"), |n| {
            let mut extensions = MessageExtensions::default();
            extensions.set_last_seen(&LastSeen::Messages((0..n).map(id).collect())).unwrap();
            let builder = MimiContent::builder(salt(), text()).extensions(extensions);
            on_bytes(builder.build().unwrap().encode(), anomalies)
        }),
        hostile("ReceivedMessage::anomalies", "a status report", (1000, "entries"), |n| {
            let report = report(n).encode();
            on_bytes(message(part(media_types::MIMI_MESSAGE_STATUS, report)), anomalies)
        }),
        case("MessageStatusReport::decode", "statuses", (1000, "entries"), |n| {
            on_bytes(report(n).encode(), statuses)
        }),
        case("MessageStatusReport::encode", "statuses", (1000, "entries"), |n| {
            let report = report(n);
            Box::new(move || drop(black_box(report.encode())))
        }),
        case("Choice::for_client", "one text", BYTES, |n| {
            on_bytes(message(part("text/html", repeat(PAGE, n))), choose)
        }),
        hostile("Choice::for_client", "parts without content", (100, "parts"), |n| {
            on_bytes(small_parts(n), choose)
        }),
        hostile("Choice::for_client", "parts that name each other", (100, "parts"), |n| {
            let one = |at| part("text/html", format!("<img src=cid:{}@local.invalid>", (at * 7) % n + 1));
            on_bytes(parts(n, one), choose)
        }),
        hostile("Choice::for_client", "one part that names another again and again", BYTES, |n| {
            let one = |_| part("text/x-vcard", repeat("cid:2@local.invalid ", n));
            on_bytes(parts(2, one), choose)
        }),
        hostile("Choice::for_client", "a list of languages that all parts inherit", (100, "parts"), |n| {
            let inner = (0..n).map(|_| NestedPart::single(Disposition::RENDER, "", "a/b", "")).collect();
            let all = MultiPart::new(PartSemantics::ChooseOne, inner).unwrap();
            on_bytes(message(NestedPart::multi(Disposition::RENDER, repeat("de,", 900) + "fr", all)), choose)
        }),
        case("preview", "one text", BYTES, |n| {
            on_bytes(message(part(media_types::PLAIN_TEXT, repeat("text ", n))), previews)
        }),
        hostile("preview", "Markdown of all kinds", BYTES, |n| {
            on_bytes(message(part("text/markdown;variant=GFM-MIMI", markdown_soup(n))), previews)
        }),
        hostile("preview", "parts without content", (100, "parts"), |n| on_bytes(small_parts(n), previews)),
        hostile("preview", "spaces", BYTES, |n| {
            on_bytes(message(part(media_types::PLAIN_TEXT, repeat(" \n", n))), previews)
        }),
        case("is_language_list", "tags", BYTES, |n| on_text(repeat("de-AT,", n) + "en", languages)),
        hostile("is_language_list", "one tag of subtags", BYTES, |n| {
            on_text("en".to_owned() + &repeat("-variant", n), languages)
        }),
        hostile("is_language_list", "one tag of extensions", BYTES, |n| {
            on_text("en".to_owned() + &repeat("-a-bb-b-cc", n), languages)
        }),
        hostile("is_language_list", "commas", BYTES, |n| on_text(repeat(", ", n), languages)),
        hostile("PartIndex::from_content_id", "digits", BYTES, |n| {
            on_text(format!("cid:{}@local.invalid", "1".repeat(n)), content_id)
        }),
        hostile("media_type_matches", "parameters", BYTES, |n| {
            on_text("text/plain".to_owned() + &repeat(";a=\"b\"", n), |text| {
                black_box(media_type_matches("text/plain;charset=utf-8", text));
                black_box(decode_text(text, b"text"));
            })
        }),
        case("gfm::events", "notes", BYTES, |n| on_text(repeat(NOTES, n), events)),
        case("gfm", "notes, by each function", BYTES, |n| on_text(repeat(NOTES, n), markdown)),
        hostile("gfm", "lists further and further in, by each function", BYTES, |n| {
            on_text(nested_lists(n), markdown)
        }),
        case("html", "a page", BYTES, |n| on_text(repeat(PAGE, n), html)),
        case("html::sanitize", "a page", LONG, |n| on_text(repeat(PAGE, n), sanitize)),
        hostile("html", "attributes with names of their own", BYTES, |n| on_text(attributes(n), html)),
        hostile("html::sanitize", "attributes with names of their own", LONG, |n| {
            on_text(attributes(n), sanitize)
        }),
        hostile("html::sanitize", "formatting that each paragraph opens again", LONG, |n| {
            let open: String = (0..n / 40).map(|at| format!("<b id={at}>")).collect();
            on_text(open + &repeat("<p>x</p>", n / 2), sanitize)
        }),
        hostile("html::sanitize", "formatting that ends inside of paragraphs", LONG, |n| {
            on_text((0..n / 22).map(|at| format!("<b id={at}><p></b>x")).collect(), sanitize)
        }),
        hostile("html::sanitize", "end tags of what is far up", LONG, |n| {
            on_text(repeat("<i>", n / 2) + &repeat("</div>", n / 2), sanitize)
        }),
        hostile("link_warning", "a target as long as the text", BYTES, |n| {
            let target = "https://evil.example/".to_owned() + &repeat("%41b", n);
            let text = "https://evil.example:443/".to_owned() + &repeat("%41b", n);
            Box::new(move || _ = black_box(gfm::link_warning(&text, &target)))
        }),
        hostile("link_warning", "a host as long as the text", BYTES, |n| {
            on_text("a".repeat(n) + ".example", |text| {
                black_box(gfm::link_warning(text, "https://a.example/x"));
            })
        }),
        case("Attachment::seal", "a file", (20_000, "bytes"), |n| {
            Box::new(move || {
                let mut content = vec![7; n];
                black_box(Attachment::seal(AeadAlgorithm::AES_128_GCM, &mut content, &mut Constant)).unwrap();
            })
        }),
        case("FileSealer, FileVerifier", "a file in pieces of 4 KiB", (65_536, "bytes"), file),
        case("Timeline", "a room", MESSAGES, |n| fold(room(n))),
        case("Timeline::snapshot and restore", "a room", MESSAGES, snapshot),
        case("Timeline::mark_read, unread, evict", "a room", MESSAGES, forgetting),
        hostile("Timeline", "edits of one message", MESSAGES, |n| {
            fold((0..n).map(|at| sent(at, at, text(), (at > 0).then_some(0), None)).collect())
        }),
        hostile("Timeline", "edits that wait for one message", MESSAGES, |n| {
            fold((0..n).rev().map(|at| sent(at, at, text(), (at > 0).then_some(0), None)).collect())
        }),
        hostile("Timeline", "a chain of edits, backwards", MESSAGES, |n| {
            fold((0..n).rev().map(|at| sent(at, at, text(), at.checked_sub(1), None)).collect())
        }),
        hostile("Timeline", "a chain of replies, backwards", MESSAGES, |n| {
            fold((0..n).rev().map(|at| sent(at, at, text(), None, at.checked_sub(1))).collect())
        }),
        hostile("Timeline", "a chain of replies that closes", MESSAGES, |n| {
            fold((0..n).map(|at| sent(at, at, text(), None, Some((at + 1) % n))).collect())
        }),
        hostile("Timeline", "reactions to one message", MESSAGES, |n| {
            let one = |at| if at == 0 { (text(), None) } else { (heart(), Some(0)) };
            fold(
                (0..n).map(|at| (at, one(at))).map(|(at, (body, to))| sent(at, at, body, None, to)).collect(),
            )
        }),
        hostile("Timeline", "deletions of one message, the latest first", MESSAGES, |n| {
            let body = |at| if at == 0 { text() } else { NestedPart::null(Disposition::RENDER) };
            fold((0..n).map(|at| sent(at, n - at, body(at), (at > 0).then_some(0), None)).collect())
        }),
        hostile("Timeline", "reports on the same messages, the latest first", MESSAGES, |n| {
            fold((0..n).map(|at| sent(at, n - at, receipt(7), None, None)).collect())
        }),
        hostile("Timeline", "one message delivered again, each time earlier", MESSAGES, |n| {
            fold((0..n).map(|at| sent(0, n - at, text(), None, None)).collect())
        }),
        hostile("Timeline", "other messages under one ID", MESSAGES, |n| {
            let body = |at: usize| part(media_types::PLAIN_TEXT, at.to_string());
            fold((0..n).map(|at| sent(0, at, body(at), None, None)).collect())
        }),
    ];
    // A function pointer holds nothing, so that each piece has its number in the type.
    cases.extend(pieces());
    cases
}

/// The cases of [`MARKDOWN`], [`HTML`], [`LINK_TEXTS`] and charsets.
fn pieces() -> Vec<Case> {
    fn markdown_piece<const AT: usize>(n: usize) -> Job {
        on_text(repeat(MARKDOWN[AT].1, n), markdown)
    }
    fn html_piece<const AT: usize>(n: usize) -> Job {
        let start = if AT == 0 { "<a " } else { "" };
        on_text(start.to_owned() + &repeat(HTML[AT].1, n), html)
    }
    fn sanitize_piece<const AT: usize>(n: usize) -> Job {
        let start = if AT == 0 { "<a " } else { "" };
        on_text(start.to_owned() + &repeat(HTML[AT].1, n), sanitize)
    }
    fn link_piece<const AT: usize>(n: usize) -> Job {
        let (_, piece, target) = LINK_TEXTS[AT];
        let text = repeat(piece, n);
        Box::new(move || _ = black_box(gfm::link_warning(&text, target)))
    }
    fn charset<const AT: usize>(n: usize) -> Job {
        let content_type = format!("text/plain;charset={}", CHARSETS[AT]);
        let bytes: Vec<u8> = (0..n).map(|at| (at * 31 % 251) as u8).collect();
        Box::new(move || drop(black_box(decode_text(&content_type, &bytes))))
    }
    const CHARSETS: [&str; 7] =
        ["utf-8", "utf-16", "windows-1252", "gb18030", "iso-2022-jp", "shift_jis", "euc-kr"];
    macro_rules! each {
        ($prepare:ident, $($at:literal)*) => { [$($prepare::<$at> as fn(usize) -> Job),*] };
    }
    let mut cases = Vec::new();
    let functions = each!(markdown_piece, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
    for ((name, _), prepare) in MARKDOWN.into_iter().zip(functions) {
        cases.push(hostile("gfm", name, BYTES, prepare));
    }
    let functions = each!(html_piece, 0 1 2 3 4 5 6 7 8 9 10 11);
    for ((name, _), prepare) in HTML.into_iter().zip(functions) {
        cases.push(hostile("html", name, BYTES, prepare));
    }
    let functions = each!(sanitize_piece, 0 1 2 3 4 5 6 7 8 9 10 11);
    for ((name, _), prepare) in HTML.into_iter().zip(functions) {
        // Observed; the cause is in the parser.
        let slow = "The parser of `ammonia` takes longer for each further reference in one text";
        let reason = (name == "entities").then_some(slow);
        cases.push(Case { reason, ..hostile("html::sanitize", name, LONG, prepare) });
    }
    let functions = each!(link_piece, 0 1 2 3 4 5 6 7 8 9 10);
    for ((name, ..), prepare) in LINK_TEXTS.into_iter().zip(functions) {
        cases.push(hostile("link_warning", name, BYTES, prepare));
    }
    let functions = each!(charset, 0 1 2 3 4 5 6);
    for (name, prepare) in CHARSETS.into_iter().zip(functions) {
        cases.push(hostile("decode_text", name, BYTES, prepare));
    }
    cases
}
