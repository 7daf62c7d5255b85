//! What a person sees of a message: Markdown as HTML, the parts that are chosen, the files behind
//! URLs.

use arbitrary::{Arbitrary, Unstructured};
use mimi_content::choice::{Choice, PartFate, PartRank};
use mimi_content::gfm::{LINK_SCHEMES, escape_html, link_warning, links, mentions, to_html, to_plain_text};
use mimi_content::{
    AeadAlgorithm, Attachment, Disposition, HashAlgorithm, MimiContent, MimiContentRef, MultiPart,
    NestedPart, PartIndex, PartRef, PartSemantics, Salt,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::allocation::{bounded, bounded_beside};

/// What the parser of Markdown holds for a byte, with an item of its tree and a link for it.
const MULTIPLE: usize = 256;
/// What it begins with.
const TABLES: usize = 32 * 1024;

/// Markdown from anybody: the page that it becomes has the elements and attributes that are
/// promised, whole, and no others.
pub fn markdown(data: &[u8]) {
    let Ok(markdown) = core::str::from_utf8(data) else { return };
    let html = bounded_beside(MULTIPLE, TABLES, data, |_| to_html(markdown));
    if let Err(problem) = Page(&html).check() {
        panic!("{problem} in {html:?} from {markdown:?}");
    }
    let _ = to_plain_text(markdown);
    let all = links(markdown);
    for link in &all {
        assert_eq!(link.warning(), link_warning(&link.text, &link.target));
    }
    for mention in mentions(markdown, |uri| uri.len() % 2 == 0) {
        assert!(all.contains(&mention));
    }
    // What a sender escapes has nothing left to escape, and shows the same to all.
    let escaped = escape_html(markdown);
    assert_eq!(escape_html(&escaped), escaped);
    if let Err(problem) = Page(&to_html(&escaped)).check() {
        panic!("{problem} from {escaped:?}");
    }
}

/// A scanner for the HTML that is promised, which is far less than what a browser takes.
struct Page<'h>(&'h str);

impl Page<'_> {
    fn check(&self) -> Result<(), String> {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = self.0;
        while let Some(at) = rest.find('<') {
            let tag = &rest[at + 1..];
            let end = end_of_tag(tag).ok_or("a tag without an end")?;
            rest = &tag[end + 1..];
            let tag = &tag[..end];
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(format!("an end of {name} that wasn't begun"));
                }
                continue;
            }
            let name = element(tag)?;
            let (attributes, is_whole) = match tag[name.len()..].strip_suffix('/') {
                Some(attributes) => (attributes, true),
                None => (&tag[name.len()..], false),
            };
            check_attributes(name, attributes)?;
            if is_whole != ["br", "hr", "img", "input"].contains(&name) {
                return Err(format!("{name} is open or closed"));
            }
            if !is_whole {
                if name == "a" && open.contains(&"a") {
                    return Err("a link in a link".into());
                }
                open.push(name);
            }
        }
        if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
    }
}

const ELEMENTS: [&str; 27] = [
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "code",
    "ul",
    "ol",
    "li",
    "em",
    "strong",
    "del",
    "a",
    "img",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "input",
];

fn element(tag: &str) -> Result<&'static str, String> {
    let name = tag.split([' ', '/']).next().unwrap_or_default();
    ELEMENTS.into_iter().find(|known| *known == name).ok_or_else(|| format!("the element {name:?}"))
}

/// Where the `>` of a tag stands: not inside quotes.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quoted = false;
    tag.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    })
}

fn check_attributes(element: &str, attributes: &str) -> Result<(), String> {
    let mut rest = attributes.trim_matches(' ');
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or_else(|| format!("no value in {rest:?}"))?;
        let (value, after) = after.split_once('"').ok_or("a value without an end")?;
        if value.contains('<') {
            return Err(format!("a tag in {name}"));
        }
        let allowed = match (element, name) {
            // A link to another part of the message.
            ("a", "href") if !value.starts_with("cid:") => is_safe_target(&plain(value)?),
            ("a", "href") | ("img", "src") => {
                let index = value.strip_prefix("cid:").and_then(|rest| rest.strip_suffix("@local.invalid"));
                index.is_some_and(|index| index.parse::<u16>().is_ok())
            }
            ("a" | "img", "title") | ("img", "alt") => true,
            ("ol", "start") => value.parse::<u64>().is_ok(),
            ("code", "class") => value.strip_prefix("language-").is_some_and(|language| {
                language.chars().all(|c| c.is_ascii_alphanumeric() || "+-#_.".contains(c))
            }),
            ("td" | "th", "style") => {
                ["text-align: left", "text-align: center", "text-align: right"].contains(&value)
            }
            ("input", "type") => value == "checkbox",
            ("input", "disabled" | "checked") => value.is_empty(),
            _ => false,
        };
        if !allowed {
            return Err(format!("{element} {name}={value:?}"));
        }
        rest = after.trim_start_matches(' ');
    }
    Ok(())
}

fn is_safe_target(url: &str) -> bool {
    let scheme = url.split_once(':').unwrap_or_default().0.to_ascii_lowercase();
    LINK_SCHEMES.contains(&scheme.as_str()) && !url.contains(|c: char| c.is_ascii_control() || c == ' ')
}

/// A value without character references; there are few that the renderer writes.
fn plain(value: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';').ok_or("a bare &")?;
        text.push_str(before);
        text.push_str(match name {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" | "#x27" => "'",
            _ => return Err(format!("&{name};")),
        });
        rest = after;
    }
    Ok(text + rest)
}

/// A part whose content names others.
#[derive(Arbitrary, Debug)]
enum AnyPart {
    Text { language: u8, kind: u8, names: Vec<u8> },
    External,
    Null,
    Multi { semantics: u8, language: u8, parts: Vec<AnyPart> },
}

impl AnyPart {
    /// The part at a level of at most 4.
    fn part(&self, level: usize) -> NestedPart {
        let language = |number: u8| ["", "en", "fr", "de-CH, en"][usize::from(number % 4)];
        match self {
            Self::Text { language: number, kind, names } => {
                let content: String =
                    names.iter().map(|to| format!("<cid:{}@local.invalid> ", to % 24)).collect();
                let kind = ["text/html", "text/plain;charset=utf-8", "image/svg+xml"][usize::from(kind % 3)];
                NestedPart::single(Disposition::RENDER, language(*number), kind, content)
            }
            Self::Multi { semantics, language: number, parts } if level < 4 => {
                let semantics =
                    [PartSemantics::ChooseOne, PartSemantics::SingleUnit, PartSemantics::ProcessAll]
                        [usize::from(semantics % 3)];
                let parts = parts.iter().take(6).map(|part| part.part(level + 1)).collect();
                match MultiPart::new(semantics, parts) {
                    Ok(multi) => NestedPart::multi(Disposition::RENDER, language(*number), multi),
                    Err(_) => NestedPart::null(Disposition::RENDER),
                }
            }
            Self::External => {
                let external = Attachment::in_the_clear(b"x").into_part("https://a.example/x", "image/png");
                NestedPart::external(Disposition::RENDER, "", external)
            }
            Self::Null | Self::Multi { .. } => NestedPart::null(Disposition::RENDER),
        }
    }
}

/// Any message; mostly one whose parts name each other.
fn message(unstructured: &mut Unstructured<'_>) -> arbitrary::Result<MimiContent> {
    if u8::arbitrary(unstructured)? < 64 {
        return MimiContent::arbitrary(unstructured);
    }
    let body = AnyPart::arbitrary(unstructured)?.part(1);
    MimiContent::builder(Salt::from_bytes([7; 16]), body)
        .build()
        .map_err(|_| arbitrary::Error::IncorrectFormat)
}

/// A message, and a client that can process some of its parts: each is processed once or not at
/// all, as its multiparts ask.
pub fn choice(data: &[u8]) {
    let mut unstructured = Unstructured::new(data);
    let Ok(ranks) = <[u8; 8]>::arbitrary(&mut unstructured) else { return };
    let Ok(owned) = message(&mut unstructured) else { return };
    let rank = |index: PartIndex| {
        let rank = ranks[usize::from(index) % ranks.len()];
        (rank % 4 > 0).then(|| PartRank(u32::from(rank % 4)))
    };
    let encoded = owned.encode();
    let message = MimiContentRef::decode(&encoded).expect("was encoded");
    let mut asked = Vec::new();
    let choice = bounded(256, &encoded, |_| {
        Choice::new(&message, |leaf| {
            asked.push(leaf.index);
            rank(leaf.index)
        })
    });
    assert_eq!(Choice::of_owned(&owned, |leaf| rank(leaf.index)), choice);
    let parts = message.parts();
    let fates: Vec<PartFate> = choice.fates().map(|(_, fate)| fate).collect();
    assert_eq!(fates.len(), parts.len());
    asked.sort_unstable();
    assert!(asked.is_sorted_by(|a, b| a < b), "asked twice: {asked:?}");

    let is_leaf = |at: usize| matches!(parts[at].part, PartRef::Single(_) | PartRef::External(_));
    let steps: Vec<usize> = choice.steps().iter().map(|step| step.part.into()).collect();
    let processed: Vec<usize> =
        (0..parts.len()).filter(|at| is_leaf(*at) && fates[*at] == PartFate::Processed).collect();
    assert_eq!(steps, processed);
    let mut around: Vec<(usize, usize)> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        around.retain(|(_, end)| at < *end);
        let shown = matches!(fates[at], PartFate::Processed | PartFate::Referenced { .. });
        let index = PartIndex(u16::try_from(at).expect("at most 1024"));
        if is_leaf(at) && shown {
            assert!(rank(index).is_some(), "part {at} is not understood");
        }
        // Whatever is shown stands in multiparts that are processed, and what is inside one that
        // isn't says so.
        if let Some((inside, _)) =
            around.iter().find(|(multipart, _)| fates[*multipart] != PartFate::Processed)
        {
            let multipart = PartIndex(u16::try_from(*inside).expect("at most 1024"));
            assert_eq!(fates[at], PartFate::Inside { multipart });
        }
        if let PartFate::Referenced { by } = fates[at] {
            assert!(
                choice
                    .references()
                    .iter()
                    .any(|reference| { reference.from == by && reference.to == Some(index) })
            );
            assert!(matches!(fates[usize::from(by)], PartFate::Processed | PartFate::Referenced { .. }));
        }
        if let PartRef::Multi(multi) = part.part {
            let end = at + 1 + multi.descendant_count();
            around.push((at, end));
            if fates[at] == PartFate::Processed {
                check_multipart(&message, index, multi.semantics, &fates);
            }
        }
    }
}

fn check_multipart(
    message: &MimiContentRef<'_>,
    index: PartIndex,
    semantics: PartSemantics,
    fates: &[PartFate],
) {
    let children: Vec<PartFate> =
        message.children(index).map(|(child, _)| fates[usize::from(child)]).collect();
    let taken = |fate: &&PartFate| {
        matches!(fate, PartFate::Processed | PartFate::Referenced { .. } | PartFate::Empty)
    };
    let count = children.iter().filter(taken).count();
    match semantics {
        PartSemantics::ChooseOne => assert_eq!(count, 1, "alternatives of {index}: {children:?}"),
        PartSemantics::SingleUnit => assert_eq!(count, children.len(), "half of {index}: {children:?}"),
        PartSemantics::ProcessAll => assert!(count > 0, "nothing of {index}: {children:?}"),
    }
}

#[derive(Arbitrary, Debug)]
enum Damage {
    Nothing,
    Stored(u16, u8),
    Shorter(u8),
    Longer(Vec<u8>),
    Key(u8, u8),
    Nonce(u8, u8),
    Aad(Vec<u8>),
    Size(u32),
    Hash(u8, u8),
    NoHash,
    Algorithm(u8),
    Expires(u32),
}

#[derive(Arbitrary, Debug)]
struct File {
    algorithm: u8,
    content: Vec<u8>,
    damage: Damage,
    now_s: u32,
}

/// A file is opened as it was sealed, or refused and left as it is.
pub fn attachment(data: &[u8]) {
    let Ok(input) = File::arbitrary(&mut Unstructured::new(data)) else { return };
    let algorithm = |number: u8| {
        [
            AeadAlgorithm::AES_128_GCM,
            AeadAlgorithm::AES_256_GCM,
            AeadAlgorithm::CHACHA20_POLY1305,
            AeadAlgorithm::NONE,
            AeadAlgorithm(7),
        ][usize::from(number % 5)]
    };
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let enc_alg = algorithm(input.algorithm);
    let mut stored = input.content.clone();
    let sealed = if enc_alg == AeadAlgorithm::NONE {
        Attachment::in_the_clear(&stored)
    } else {
        match Attachment::seal(enc_alg, &mut stored, &mut rng) {
            Ok(sealed) => sealed,
            Err(_) => {
                assert_eq!(stored, input.content);
                return;
            }
        }
    };
    let honest = sealed.into_part("https://a.example/file", "image/png");
    let (mut part, mut fetched) = (honest.clone(), stored.clone());
    let xor = |bytes: &mut [u8], at: usize, difference: u8| {
        let length = bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at % length) {
            *byte ^= difference;
        }
    };
    match &input.damage {
        Damage::Nothing => {}
        Damage::Stored(at, difference) => xor(&mut fetched, (*at).into(), *difference),
        Damage::Shorter(length) => fetched.truncate((*length).into()),
        Damage::Longer(more) => fetched.extend(more),
        Damage::Key(at, difference) => xor(&mut part.key, (*at).into(), *difference),
        Damage::Nonce(at, difference) => xor(&mut part.nonce, (*at).into(), *difference),
        Damage::Aad(aad) => part.aad = aad.clone(),
        Damage::Size(size) => part.size = u64::from(*size),
        Damage::Hash(at, difference) => xor(&mut part.content_hash, (*at).into(), *difference),
        Damage::NoHash => (part.hash_alg, part.content_hash) = (HashAlgorithm::RESERVED, Vec::new()),
        Damage::Algorithm(number) => part.enc_alg = algorithm(*number),
        Damage::Expires(expires) => part.expires = *expires,
    }
    let now_ms = u64::from(input.now_s) * 1000;
    let encrypted = enc_alg != AeadAlgorithm::NONE;
    let same_size = part.size == 0 || part.size == honest.size || encrypted && part.size + 16 == honest.size;
    let same_hash = part.content_hash == honest.content_hash || encrypted && part.content_hash.is_empty();
    let good = fetched == stored
        && part.key == honest.key
        && part.nonce == honest.nonce
        && part.aad == honest.aad
        && part.enc_alg == honest.enc_alg
        && same_size
        && same_hash
        && (part.expires == 0 || input.now_s < part.expires);
    let before = fetched.clone();
    match part.as_ref().open(&mut fetched, now_ms) {
        Ok(opened) => {
            assert!(good, "opens with {:?}", input.damage);
            assert_eq!(opened.as_bytes(), input.content);
        }
        Err(error) => {
            assert!(!good, "{error} with {:?}", input.damage);
            assert!(!error.to_string().is_empty());
            assert_eq!(fetched, before);
        }
    }
}
