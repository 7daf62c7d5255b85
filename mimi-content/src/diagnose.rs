//! Reading what the field sends: a decoder that reports what the format refuses, for logs, support
//! and the import of old stores.
//!
//! Nothing here decides anything. The types have no way to a message ID, a frank, a timeline or a
//! decision: those take what [`MimiContentRef`](crate::MimiContentRef) decoded. `docs/field.md`
//! lists what deployed clients send that the draft refuses.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::part::is_language_list;

/// Levels of arrays, maps and tags that are read.
const MAX_DEPTH: usize = 32;

/// Violations that are listed; further ones are counted.
const MOST_LISTED: usize = 256;

/// What was read of a document that need not be a valid message, and every rule that it breaks.
///
/// ```
/// use mimi_content::diagnose::{Diagnosis, Rule};
///
/// # let mut bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original.cbor")).to_vec();
/// # bytes.splice(1..18, [0x40]);
/// // An early client: the salt has no bytes.
/// let diagnosis = Diagnosis::of(&bytes);
/// assert_eq!(diagnosis.violations[0].to_string(), "salt of 0 bytes, expected 16 at MimiContent.salt (byte 1)");
/// assert_eq!(diagnosis.violations.len(), 1);
/// assert!(diagnosis.content.is_some_and(|content| content.body.is_some()));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// What could be read; `None` if the document is no array.
    pub content: Option<LooseContent>,
    /// The rules that the document breaks, in the order in which they were found; at most 256.
    pub violations: Vec<Violation>,
    /// How many more there are.
    pub more: usize,
}

/// A message as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LooseContent {
    /// The salt, of any length.
    pub salt: Vec<u8>,
    /// The message that this one replaces, as bytes of any length.
    pub replaces: Option<Vec<u8>>,
    /// The topic, of any length.
    pub topic_id: Vec<u8>,
    /// When the message expires: whether the time is relative, and the time in seconds.
    pub expires: Option<(bool, u64)>,
    /// The message that this one answers, as bytes of any length.
    pub in_reply_to: Option<Vec<u8>>,
    /// The messages that the sender had seen last, of the field that revisions before 06 had.
    pub last_seen: Vec<Vec<u8>>,
    /// The extensions in the order in which they stand there: the key in words, and the encoded
    /// value.
    pub extensions: Vec<(String, Vec<u8>)>,
    /// The body, if it could be read.
    pub body: Option<LoosePart>,
}

/// A part as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoosePart {
    /// The disposition's number.
    pub disposition: u64,
    /// The language.
    pub language: String,
    /// The media type; empty for a part without one.
    pub content_type: String,
    /// The content inside the message.
    pub content: Vec<u8>,
    /// The URL of content outside of the message; empty for other parts. Keys are not read.
    pub url: String,
    /// The description of content outside of the message.
    pub description: String,
    /// The file name of content outside of the message.
    pub filename: String,
    /// The parts inside.
    pub parts: Vec<Self>,
}

/// A rule that a document breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The first byte of the item that breaks it.
    pub offset: usize,
    /// The field, in the form of [`FieldPath`](crate::FieldPath).
    pub path: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} (byte {})", self.rule, self.path, self.offset)
    }
}

/// A rule of mimi-content-09.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The document ends inside an item.
    Truncated,
    /// Bytes follow the document.
    TrailingBytes,
    /// An item that is no CBOR.
    NotWellFormed,
    /// A length or an integer in a longer form than it needs (§6.1).
    NotShortest,
    /// An item of indefinite length (§6.1).
    IndefiniteLength,
    /// Text that is not UTF-8 (§6.2).
    InvalidUtf8,
    /// Map keys that are not sorted (§6.1).
    UnsortedKeys,
    /// A map key that occurs twice (§4.3).
    DuplicateKey,
    /// A key of an extension that is neither an integer within 2^53-1 nor text of 1 to 255 bytes.
    ExtensionKey,
    /// Items nest deeper than 32 levels; what is inside was not read.
    TooDeep,
    /// An item of another type than the format has here.
    Type {
        /// What the format has here.
        expected: &'static str,
    },
    /// An array with another number of items than the format has here.
    Items {
        /// How many the format has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A salt of another length than 16 bytes.
    SaltLength {
        /// Its bytes.
        found: usize,
    },
    /// A message ID of another length than 32 bytes.
    MessageIdLength {
        /// Its bytes.
        found: usize,
    },
    /// A message ID of another hash algorithm than SHA-256 (§9.1).
    MessageIdAlgorithm,
    /// A topic ID over 4,096 bytes (§9.1).
    TopicIdLength {
        /// Its bytes.
        found: usize,
    },
    /// An integer over the largest value of its field.
    Range {
        /// The largest value.
        largest: u64,
        /// The value.
        found: u64,
    },
    /// The field `lastSeen`, which revision 06 removed.
    LastSeenField,
    /// A URI with the tag 32, which revision 05 removed.
    TaggedUri,
    /// An expiration that is a number alone, as before revision 05.
    BareExpiration,
    /// A multipart of fewer than two parts (§4.4).
    TooFewParts {
        /// Its parts.
        found: usize,
    },
    /// More than 1,024 parts, or parts at more than 4 levels (§6.3, §9.1).
    TooManyParts,
    /// A cardinality other than 0 to 3 (§4.4).
    Cardinality {
        /// The value.
        found: u64,
    },
    /// Part semantics other than 0 to 2 (§9.1).
    Semantics {
        /// The value.
        found: u64,
    },
    /// A language that is no list of language tags (§4.4).
    Language,
    /// An AEAD algorithm that this crate does not have (§4.5).
    Aead {
        /// Its number.
        found: u64,
    },
    /// A key, nonce or aad although `encAlg` is 0 (§4.5).
    KeyWithoutEncryption,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the document ends inside this item"),
            Self::TrailingBytes => f.write_str("bytes after the document"),
            Self::NotWellFormed => f.write_str("not well-formed CBOR"),
            Self::NotShortest => f.write_str("not the shortest encoding"),
            Self::IndefiniteLength => f.write_str("indefinite length"),
            Self::InvalidUtf8 => f.write_str("text is not UTF-8"),
            Self::UnsortedKeys => f.write_str("map keys are not sorted"),
            Self::DuplicateKey => f.write_str("map key occurs twice"),
            Self::ExtensionKey => f.write_str("not a key that an extension can have"),
            Self::TooDeep => f.write_str("items nest too deeply"),
            Self::Type { expected } => write!(f, "expected {expected}"),
            Self::Items { expected, found } => write!(f, "array of {found} items, expected {expected}"),
            Self::SaltLength { found } => write!(f, "salt of {found} bytes, expected 16"),
            Self::MessageIdLength { found } => write!(f, "message ID of {found} bytes, expected 32"),
            Self::MessageIdAlgorithm => f.write_str("message ID of an unknown hash algorithm"),
            Self::TopicIdLength { found } => write!(f, "topic ID of {found} bytes, at most 4096 are allowed"),
            Self::Range { largest, found } => write!(f, "{found} is over the limit of {largest}"),
            Self::LastSeenField => f.write_str("field lastSeen, removed in revision 06"),
            Self::TaggedUri => f.write_str("URI with tag 32, removed in revision 05"),
            Self::BareExpiration => f.write_str("expiration without relative flag, as before revision 05"),
            Self::TooFewParts { found } => write!(f, "multipart of {found} parts, at least 2 are required"),
            Self::TooManyParts => f.write_str("too many parts, or too many levels"),
            Self::Cardinality { found } => write!(f, "unknown cardinality {found}"),
            Self::Semantics { found } => write!(f, "unknown part semantics {found}"),
            Self::Language => f.write_str("not a list of language tags"),
            Self::Aead { found } => write!(f, "unknown AEAD algorithm {found}"),
            Self::KeyWithoutEncryption => f.write_str("a key, nonce or aad without encryption"),
        }
    }
}

impl Diagnosis {
    /// Reads a document as far as it can be read. Takes time and memory in proportion to it.
    #[must_use]
    pub fn of(encoded: &[u8]) -> Self {
        let mut doctor = Doctor { found: Self::default(), path: String::from("MimiContent"), parts: 0 };
        let mut cbor = Cbor { whole: encoded, at: 0, broken: false };
        let Some(document) = cbor.item(&mut doctor, 0) else { return doctor.found };
        if !cbor.broken && cbor.at < encoded.len() {
            doctor.report(Rule::TrailingBytes, cbor.at);
        }
        doctor.found.content = doctor.content(&document, encoded);
        doctor.found
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// An item of CBOR, and where it stands.
struct Node {
    at: usize,
    end: usize,
    item: Item,
}

enum Item {
    Unsigned(u64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Tag(u64, Box<Node>),
    Null,
    Bool(bool),
    Negative(u64),
    Other,
}

/// Reads CBOR of any form.
struct Cbor<'a> {
    whole: &'a [u8],
    at: usize,
    /// Nothing more can be read.
    broken: bool,
}

impl Cbor<'_> {
    fn rest(&self) -> &[u8] {
        self.whole.get(self.at..).unwrap_or_default()
    }

    fn fail(&mut self, doctor: &mut Doctor, rule: Rule, at: usize) {
        if !self.broken {
            doctor.report(rule, at);
        }
        self.broken = true;
    }

    /// The next item; what was read of one that is cut off.
    fn item(&mut self, doctor: &mut Doctor, depth: usize) -> Option<Node> {
        if self.broken {
            return None;
        }
        let at = self.at;
        let Some((initial, after)) = self.rest().split_first() else {
            self.fail(doctor, Rule::Truncated, at);
            return None;
        };
        let (initial, information) = (*initial, initial & 0x1f);
        let width = match information {
            0..24 | 31 => 0,
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => {
                self.fail(doctor, Rule::NotWellFormed, at);
                return None;
            }
        };
        let Some(argument) = after.get(..width) else {
            self.fail(doctor, Rule::Truncated, at);
            return None;
        };
        let value = match width {
            0 => u64::from(information),
            _ => argument.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)),
        };
        let indefinite = information == 31;
        let major = initial >> 5;
        let least = match width {
            0 => 0,
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        if major != 7 && width > 0 && value < least {
            doctor.report(Rule::NotShortest, at);
        }
        if indefinite && matches!(major, 0 | 1 | 6) || initial == 0xff {
            self.fail(doctor, Rule::NotWellFormed, at);
            return None;
        }
        if indefinite {
            doctor.report(Rule::IndefiniteLength, at);
        }
        if depth > MAX_DEPTH && (4..7).contains(&major) {
            self.fail(doctor, Rule::TooDeep, at);
            return None;
        }
        self.at = at.saturating_add(1).saturating_add(width);
        let count = if indefinite { u64::MAX } else { value };
        let item = match major {
            0 => Item::Unsigned(value),
            1 => Item::Negative(value),
            2 | 3 => self.string(doctor, major, at, value, indefinite)?,
            4 => {
                let mut items = Vec::new();
                while (items.len() as u64) < count && !self.ends(indefinite) {
                    let Some(item) = self.item(doctor, depth.saturating_add(1)) else { break };
                    items.push(item);
                }
                Item::Array(items)
            }
            5 => {
                let mut entries = Vec::new();
                while (entries.len() as u64) < count && !self.ends(indefinite) {
                    let Some(key) = self.item(doctor, depth.saturating_add(1)) else { break };
                    let Some(value) = self.item(doctor, depth.saturating_add(1)) else { break };
                    entries.push((key, value));
                }
                Item::Map(entries)
            }
            6 => Item::Tag(value, Box::new(self.item(doctor, depth.saturating_add(1))?)),
            _ => match initial {
                0xf4 => Item::Bool(false),
                0xf5 => Item::Bool(true),
                0xf6 => Item::Null,
                _ => Item::Other,
            },
        };
        Some(Node { at, end: self.at, item })
    }

    /// Whether a break ends an item of indefinite length, which is passed over.
    fn ends(&mut self, indefinite: bool) -> bool {
        let ends = indefinite && self.rest().first() == Some(&0xff);
        if ends {
            self.at = self.at.saturating_add(1);
        }
        ends
    }

    fn string(
        &mut self,
        doctor: &mut Doctor,
        major: u8,
        at: usize,
        length: u64,
        indefinite: bool,
    ) -> Option<Item> {
        let mut bytes = Vec::new();
        if indefinite {
            while !self.ends(true) {
                // A piece of indefinite length is no piece; a bound on the depth comes with it.
                if matches!(self.rest().first(), Some(0x5f | 0x7f)) {
                    self.fail(doctor, Rule::NotWellFormed, at);
                    return None;
                }
                match self.item(doctor, MAX_DEPTH)?.item {
                    Item::Bytes(piece) => bytes.extend(piece),
                    Item::Text(piece) => bytes.extend(piece.into_bytes()),
                    _ => {
                        self.fail(doctor, Rule::NotWellFormed, at);
                        return None;
                    }
                }
            }
        } else {
            let found = usize::try_from(length).ok().and_then(|length| self.rest().get(..length));
            match found {
                Some(found) => bytes.extend_from_slice(found),
                None => {
                    self.fail(doctor, Rule::Truncated, at);
                    return None;
                }
            }
            self.at = self.at.saturating_add(bytes.len());
        }
        if major == 2 {
            return Some(Item::Bytes(bytes));
        }
        Some(Item::Text(String::from_utf8(bytes).unwrap_or_else(|error| {
            doctor.report(Rule::InvalidUtf8, at);
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        })))
    }
}

/// Looks at what was read.
struct Doctor {
    found: Diagnosis,
    path: String,
    parts: usize,
}

impl Doctor {
    fn report(&mut self, rule: Rule, offset: usize) {
        if self.found.violations.len() < MOST_LISTED {
            self.found.violations.push(Violation { rule, offset, path: self.path.clone() });
        } else {
            self.found.more = self.found.more.saturating_add(1);
        }
    }

    /// Looks at a field under its name.
    fn within<T>(&mut self, name: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(name);
        let seen = look(self);
        self.path.truncate(length);
        seen
    }

    fn content(&mut self, document: &Node, encoded: &[u8]) -> Option<LooseContent> {
        let Item::Array(items) = &document.item else {
            self.report(Rule::Type { expected: "an array" }, document.at);
            return None;
        };
        // Before revision 06 the field lastSeen stood before the extensions.
        let last_seen = items.get(5).filter(|item| items.len() == 8 && matches!(item.item, Item::Array(_)));
        if last_seen.is_some() {
            self.report(Rule::LastSeenField, document.at);
        } else if items.len() != 7 {
            self.report(Rule::Items { expected: 7, found: items.len() }, document.at);
        }
        let after = if last_seen.is_some() { 6 } else { 5 };
        let mut content = LooseContent::default();
        if let Some(salt) = items.first() {
            content.salt = self.within(".salt", |doctor| doctor.bytes(salt));
            if matches!(salt.item, Item::Bytes(_)) && content.salt.len() != 16 {
                let found = content.salt.len();
                self.within(".salt", |doctor| doctor.report(Rule::SaltLength { found }, salt.at));
            }
        }
        content.replaces = self.within(".replaces", |doctor| doctor.message_id(items.get(1)));
        if let Some(topic) = items.get(2) {
            content.topic_id = self.within(".topic_id", |doctor| doctor.bytes(topic));
            let found = content.topic_id.len();
            if found > crate::message::MAX_TOPIC_ID {
                self.within(".topic_id", |doctor| doctor.report(Rule::TopicIdLength { found }, topic.at));
            }
        }
        content.expires = self.within(".expires", |doctor| doctor.expires(items.get(3)));
        content.in_reply_to = self.within(".in_reply_to", |doctor| doctor.message_id(items.get(4)));
        if let Some(Node { item: Item::Array(seen), .. }) = last_seen {
            content.last_seen = seen.iter().map(|id| self.bytes(id)).collect();
        }
        if let Some(extensions) = items.get(after) {
            content.extensions = self.within(".extensions", |doctor| doctor.extensions(extensions, encoded));
        }
        if let Some(body) = items.get(after.saturating_add(1)) {
            content.body = self.within(".body", |doctor| doctor.part(body, 1));
        }
        Some(content)
    }

    fn bytes(&mut self, node: &Node) -> Vec<u8> {
        match &node.item {
            Item::Bytes(bytes) => bytes.clone(),
            _ => {
                self.report(Rule::Type { expected: "a byte string" }, node.at);
                Vec::new()
            }
        }
    }

    fn text(&mut self, node: Option<&Node>) -> String {
        let Some(node) = node else { return String::new() };
        match &node.item {
            Item::Text(text) => text.clone(),
            Item::Tag(32, inside) => {
                self.report(Rule::TaggedUri, node.at);
                self.text(Some(inside))
            }
            _ => {
                self.report(Rule::Type { expected: "a text string" }, node.at);
                String::new()
            }
        }
    }

    fn number(&mut self, node: Option<&Node>, largest: u64) -> u64 {
        let Some(node) = node else { return 0 };
        match node.item {
            Item::Unsigned(found) => {
                if found > largest {
                    self.report(Rule::Range { largest, found }, node.at);
                }
                found
            }
            _ => {
                self.report(Rule::Type { expected: "an unsigned integer" }, node.at);
                0
            }
        }
    }

    fn message_id(&mut self, node: Option<&Node>) -> Option<Vec<u8>> {
        let node = node.filter(|node| !matches!(node.item, Item::Null))?;
        let id = self.bytes(node);
        if matches!(node.item, Item::Bytes(_)) {
            if id.len() != 32 {
                self.report(Rule::MessageIdLength { found: id.len() }, node.at);
            } else if id.first() != Some(&1) {
                self.report(Rule::MessageIdAlgorithm, node.at);
            }
        }
        Some(id)
    }

    fn expires(&mut self, node: Option<&Node>) -> Option<(bool, u64)> {
        let node = node?;
        match &node.item {
            Item::Null => None,
            Item::Unsigned(time) => {
                self.report(Rule::BareExpiration, node.at);
                (*time > 0).then_some((false, *time))
            }
            Item::Array(items) => {
                if items.len() != 2 {
                    self.report(Rule::Items { expected: 2, found: items.len() }, node.at);
                }
                let relative = match items.first().map(|item| &item.item) {
                    Some(Item::Bool(relative)) => *relative,
                    _ => {
                        self.report(Rule::Type { expected: "true or false" }, node.at);
                        false
                    }
                };
                Some((relative, self.number(items.get(1), u32::MAX.into())))
            }
            _ => {
                self.report(Rule::Type { expected: "null or an array" }, node.at);
                None
            }
        }
    }

    fn extensions(&mut self, node: &Node, encoded: &[u8]) -> Vec<(String, Vec<u8>)> {
        let Item::Map(entries) = &node.item else {
            self.report(Rule::Type { expected: "a map" }, node.at);
            return Vec::new();
        };
        let raw = |node: &Node| encoded.get(node.at..node.end).unwrap_or_default();
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        let mut keys = alloc::collections::BTreeSet::new();
        let mut before: &[u8] = &[];
        for (key, value) in entries {
            let words = match &key.item {
                Item::Unsigned(key) => key.to_string(),
                Item::Negative(key) => format!("{}", !i128::from(*key)),
                Item::Text(key) => format!("{key:?}"),
                _ => String::from("?"),
            };
            let fits = match &key.item {
                Item::Unsigned(key) => *key < 1 << 53,
                Item::Negative(key) => *key < (1 << 53) - 1,
                Item::Text(key) => (1..=255).contains(&key.len()),
                _ => false,
            };
            self.within(&format!("[{words}]"), |doctor| {
                if !fits {
                    doctor.report(Rule::ExtensionKey, key.at);
                }
                if !keys.insert(raw(key)) {
                    doctor.report(Rule::DuplicateKey, key.at);
                } else if raw(key) < before {
                    doctor.report(Rule::UnsortedKeys, key.at);
                }
                if matches!(key.item, Item::Unsigned(1 | 2)) {
                    doctor.text(Some(value));
                }
            });
            before = raw(key);
            found.push((words, raw(value).to_vec()));
        }
        found
    }

    fn part(&mut self, node: &Node, level: usize) -> Option<LoosePart> {
        self.parts = self.parts.saturating_add(1);
        if self.parts == crate::part::MAX_PARTS.saturating_add(1)
            || level == crate::part::MAX_PART_DEPTH.saturating_add(1)
        {
            self.report(Rule::TooManyParts, node.at);
        }
        let Item::Array(items) = &node.item else {
            self.report(Rule::Type { expected: "an array" }, node.at);
            return None;
        };
        let mut part = LoosePart {
            disposition: self.within(".disposition", |doctor| doctor.number(items.first(), 255)),
            language: self.within(".language", |doctor| doctor.text(items.get(1))),
            ..LoosePart::default()
        };
        if !is_language_list(&part.language) {
            self.within(".language", |doctor| doctor.report(Rule::Language, node.at));
        }
        let cardinality = self.within(".cardinality", |doctor| doctor.number(items.get(2), u64::MAX));
        let expected = match cardinality {
            0 => 3,
            1 | 3 => 5,
            2 => 15,
            found => {
                self.report(Rule::Cardinality { found }, node.at);
                return Some(part);
            }
        };
        if items.len() != expected {
            self.report(Rule::Items { expected, found: items.len() }, node.at);
        }
        match cardinality {
            1 => {
                part.content_type = self.within(".content_type", |doctor| doctor.text(items.get(3)));
                if let Some(content) = items.get(4) {
                    part.content = self.within(".content", |doctor| doctor.bytes(content));
                }
            }
            2 => self.external(&mut part, node, items),
            3 => {
                let found = self.within(".semantics", |doctor| doctor.number(items.get(3), u64::MAX));
                if found > 2 {
                    self.within(".semantics", |doctor| doctor.report(Rule::Semantics { found }, node.at));
                }
                if let Some(parts) = items.get(4) {
                    part.parts = self.within(".parts", |doctor| doctor.parts(parts, level));
                }
            }
            _ => {}
        }
        Some(part)
    }

    fn parts(&mut self, node: &Node, level: usize) -> Vec<LoosePart> {
        let Item::Array(items) = &node.item else {
            self.report(Rule::Type { expected: "an array" }, node.at);
            return Vec::new();
        };
        if items.len() < 2 {
            self.report(Rule::TooFewParts { found: items.len() }, node.at);
        }
        let parts = items.iter().enumerate().filter_map(|(at, item)| {
            self.within(&format!("[{at}]"), |doctor| doctor.part(item, level.saturating_add(1)))
        });
        parts.collect()
    }

    fn external(&mut self, part: &mut LoosePart, node: &Node, items: &[Node]) {
        part.content_type = self.within(".content_type", |doctor| doctor.text(items.get(3)));
        part.url = self.within(".url", |doctor| doctor.text(items.get(4)));
        self.within(".expires", |doctor| doctor.number(items.get(5), u32::MAX.into()));
        self.within(".size", |doctor| doctor.number(items.get(6), u64::MAX));
        let enc_alg = self.within(".enc_alg", |doctor| doctor.number(items.get(7), u16::MAX.into()));
        if !matches!(enc_alg, 0 | 1 | 2 | 29) {
            self.within(".enc_alg", |doctor| doctor.report(Rule::Aead { found: enc_alg }, node.at));
        }
        let secrets = items.iter().skip(8).take(3);
        let secret = secrets.filter(|item| !self.bytes(item).is_empty()).count() > 0;
        if secret && enc_alg == 0 {
            self.report(Rule::KeyWithoutEncryption, node.at);
        }
        self.within(".hash_alg", |doctor| doctor.number(items.get(11), 255));
        if let Some(hash) = items.get(12) {
            self.within(".content_hash", |doctor| doctor.bytes(hash));
        }
        part.description = self.within(".description", |doctor| doctor.text(items.get(13)));
        part.filename = self.within(".filename", |doctor| doctor.text(items.get(14)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MimiContentRef;
    use alloc::vec;

    const ORIGINAL: &[u8] = include_bytes!("../tests/data/original.cbor");
    const NESTED: &[u8] = include_bytes!("../tests/data/multipart-3.cbor");
    const ATTACHMENT: &[u8] = include_bytes!("../tests/data/attachment.cbor");

    fn rules(encoded: &[u8]) -> Vec<Rule> {
        Diagnosis::of(encoded).violations.into_iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn finds_nothing_in_valid_messages() {
        for valid in [ORIGINAL, NESTED, ATTACHMENT, include_bytes!("../tests/data/edit.cbor")] {
            let diagnosis = Diagnosis::of(valid);
            assert!(diagnosis.is_clean(), "{:?}", diagnosis.violations);
            let message = MimiContentRef::decode(valid).unwrap();
            let content = diagnosis.content.unwrap();
            assert_eq!(
                (&content.salt[..], content.extensions.len()),
                (&message.salt().as_bytes()[..], message.extensions().len())
            );
        }
    }

    /// Of messages that are cut, changed or lengthened, nothing is clean that the decoder refuses.
    #[test]
    fn what_the_decoder_refuses_is_never_clean() {
        for valid in [ORIGINAL, NESTED, ATTACHMENT] {
            for length in 0..valid.len() {
                assert!(!Diagnosis::of(&valid[..length]).is_clean(), "{length}");
            }
            assert_eq!(rules(&[valid, &[0]].concat()), [Rule::TrailingBytes]);
            for at in 0..valid.len().min(400) {
                for change in [1, 0x20, 0x80, 0xff] {
                    let mut changed = valid.to_vec();
                    changed[at] ^= change;
                    // Extension values are looked at by their own definitions alone.
                    let refused = MimiContentRef::decode(&changed);
                    let inside = refused
                        .as_ref()
                        .err()
                        .is_some_and(|error| error.path().to_string().contains("extensions["));
                    if refused.is_err() && !inside {
                        assert!(!Diagnosis::of(&changed).is_clean(), "{at} {change} {refused:?}");
                    }
                }
            }
        }
    }

    fn message(before: &[u8], extensions: &[u8], body: &[u8]) -> Vec<u8> {
        [before, extensions, body].concat()
    }

    const HEAD: &[u8] = &[0x87, 0x50, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0xf6, 0x40, 0xf6, 0xf6];
    const TEXT: &[u8] =
        &[0x85, 1, 0x60, 1, 0x6a, b't', b'e', b'x', b't', b'/', b'p', b'l', b'a', b'i', b'n', 0x41, b'x'];

    #[test]
    fn names_what_the_field_sends() {
        let single_part = [&[0x85, 1, 0x60, 3, 0, 0x81][..], TEXT].concat();
        let tagged = [&[0xa1, 1, 0xd8, 32, 0x61][..], b"a"].concat();
        let mut no_salt = HEAD.to_vec();
        no_salt.splice(1..18, [0x40]);
        let mut last_seen = HEAD.to_vec();
        last_seen[0] = 0x88;
        last_seen.push(0x80);
        let mut bare_time = HEAD.to_vec();
        bare_time[20] = 5;
        for (encoded, expected) in [
            (message(HEAD, &[0xa0], TEXT), &[][..]),
            (message(&no_salt, &[0xa0], TEXT), &[Rule::SaltLength { found: 0 }]),
            (message(HEAD, &[0xa0], &single_part), &[Rule::TooFewParts { found: 1 }]),
            (message(HEAD, &[0xa2, 2, 0x60, 1, 0x60], TEXT), &[Rule::UnsortedKeys]),
            (message(HEAD, &[0xa2, 1, 0x60, 1, 0x60], TEXT), &[Rule::DuplicateKey]),
            (message(HEAD, &tagged, TEXT), &[Rule::TaggedUri]),
            (message(HEAD, &[0xbf, 0xff], TEXT), &[Rule::IndefiniteLength]),
            (message(HEAD, &[0xb8, 0], TEXT), &[Rule::NotShortest]),
            (message(&last_seen, &[0xa0], TEXT), &[Rule::LastSeenField]),
            (message(&bare_time, &[0xa0], TEXT), &[Rule::BareExpiration]),
            (message(HEAD, &[0xa0], &[0x83, 1, 0x61, b'_', 0]), &[Rule::Language]),
            (message(HEAD, &[0xa0], &[0x83, 1, 0x60, 9]), &[Rule::Cardinality { found: 9 }]),
            (message(HEAD, &[0xa0], &[0x80]), &[Rule::Items { expected: 3, found: 0 }]),
            (vec![0xa0], &[Rule::Type { expected: "an array" }]),
            (vec![], &[Rule::Truncated]),
        ] {
            assert_eq!(rules(&encoded), expected, "{encoded:02x?}");
            assert_eq!(
                MimiContentRef::decode(&encoded).is_ok(),
                expected.is_empty() || expected == [Rule::Language]
            );
        }
        let mut ccm = ATTACHMENT.to_vec();
        let at = ccm.windows(2).position(|pair| pair == [0x01, 0x50]).unwrap();
        ccm[at] = 8;
        assert_eq!(rules(&ccm), [Rule::Aead { found: 8 }]);
    }

    /// Hostile input costs its own length: no item is read twice, and violations are bounded.
    #[test]
    fn reads_hostile_input_once() {
        for count in [1_000, 2_000, 4_000, 8_000] {
            for piece in [
                &[0x81][..],
                &[0x9f],
                &[0xa1],
                &[0x7f],
                &[0xd8, 32],
                &[0x18, 0],
                &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ] {
                let diagnosis = Diagnosis::of(&piece.repeat(count));
                assert!(diagnosis.violations.len() <= MOST_LISTED);
            }
            let notes = [&[0x99, (count >> 8) as u8, count as u8][..], &[0x18, 0].repeat(count)].concat();
            assert!(Diagnosis::of(&notes).more >= count - MOST_LISTED);
        }
    }
}
