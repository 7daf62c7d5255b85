//! Every refusal by name: what, at which byte, in which field.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use mimi_content::{
    BuildError, DecodeErrorKind, Disposition, MAX_PARTS, MessageExtensions, MimiContent, MimiContentRef,
    MultiPart, NestedPart, PartSemantics, Salt,
};

/// The fields of a small valid message, each encoded, to be replaced one at a time.
#[derive(Clone)]
struct Fields {
    head: Vec<u8>,
    salt: Vec<u8>,
    replaces: Vec<u8>,
    topic_id: Vec<u8>,
    expires: Vec<u8>,
    in_reply_to: Vec<u8>,
    extensions: Vec<u8>,
    body: Vec<u8>,
    after: Vec<u8>,
}

const SALT_AT: usize = 1;
const REPLACES_AT: usize = 18;
const TOPIC_ID_AT: usize = 19;
const EXPIRES_AT: usize = 20;
const IN_REPLY_TO_AT: usize = 21;
const EXTENSIONS_AT: usize = 22;
const BODY_AT: usize = 23;

fn fields() -> Fields {
    let mut salt = vec![0x50];
    salt.extend([7; 16]);
    Fields {
        head: vec![0x87],
        salt,
        replaces: vec![0xf6],
        topic_id: vec![0x40],
        expires: vec![0xf6],
        in_reply_to: vec![0xf6],
        extensions: vec![0xa0],
        // [1, "", 1, "a/b", 'x']
        body: vec![0x85, 0x01, 0x60, 0x01, 0x63, b'a', b'/', b'b', 0x41, b'x'],
        after: Vec::new(),
    }
}

impl Fields {
    fn encode(&self) -> Vec<u8> {
        [
            &self.head[..],
            &self.salt,
            &self.replaces,
            &self.topic_id,
            &self.expires,
            &self.in_reply_to,
            &self.extensions,
            &self.body,
            &self.after,
        ]
        .concat()
    }
}

fn with(change: impl FnOnce(&mut Fields)) -> Vec<u8> {
    let mut fields = fields();
    change(&mut fields);
    fields.encode()
}

#[track_caller]
fn refuses(encoded: &[u8], kind: DecodeErrorKind, offset: usize, path: &str) {
    let error = MimiContentRef::decode(encoded).unwrap_err();
    let path = if path.is_empty() { "MimiContent".to_owned() } else { format!("MimiContent.{path}") };
    assert_eq!((error.kind(), error.offset(), error.path().to_string()), (&kind, offset, path), "{error}");
    assert_eq!(MimiContent::decode(encoded).unwrap_err(), error);
}

#[track_caller]
fn accepts(encoded: &[u8]) -> MimiContent {
    let message = MimiContent::decode(encoded).unwrap();
    assert_eq!(message.encode(), encoded);
    message
}

fn string(major: u8, content: &[u8]) -> Vec<u8> {
    let mut encoded = match content.len() {
        length @ 0..24 => vec![major << 5 | length as u8],
        length @ 24..256 => vec![major << 5 | 24, length as u8],
        length => vec![major << 5 | 25, (length >> 8) as u8, length as u8],
    };
    encoded.extend(content);
    encoded
}

fn bytes(content: &[u8]) -> Vec<u8> {
    string(2, content)
}

fn text(content: &str) -> Vec<u8> {
    string(3, content.as_bytes())
}

use DecodeErrorKind as Kind;

const UNSIGNED: Kind = Kind::UnexpectedType { expected: "an unsigned integer" };
const BYTES: Kind = Kind::UnexpectedType { expected: "a byte string" };
const TEXT: Kind = Kind::UnexpectedType { expected: "a text string" };
const ARRAY: Kind = Kind::UnexpectedType { expected: "an array" };
const MAP: Kind = Kind::UnexpectedType { expected: "a map" };

#[test]
fn accepts_the_message_that_the_refusals_start_from() {
    accepts(&fields().encode());
}

#[test]
fn refuses_a_container_of_another_size_or_type() {
    refuses(&[], Kind::Truncated, 0, "");
    refuses(&with(|fields| fields.head = vec![0x86]), Kind::ArrayLength { expected: 7, found: 6 }, 0, "");
    refuses(&with(|fields| fields.head = vec![0x88]), Kind::ArrayLength { expected: 7, found: 8 }, 0, "");
    refuses(&with(|fields| fields.head = vec![0xa7]), ARRAY, 0, "");
    refuses(&with(|fields| fields.head = vec![0xd9, 0xd9, 0xf7, 0x87]), ARRAY, 0, "");
}

#[test]
fn refuses_bytes_after_the_document() {
    let encoded = with(|fields| fields.after = vec![0xf6]);
    refuses(&encoded, Kind::TrailingBytes, encoded.len() - 1, "");
}

#[test]
fn refuses_every_prefix() {
    for encoded in [
        fields().encode(),
        include_bytes!("data/attachment.cbor").to_vec(),
        include_bytes!("data/multipart-3.cbor").to_vec(),
        include_bytes!("data/expiring.cbor").to_vec(),
    ] {
        for length in 0..encoded.len() {
            let error = MimiContentRef::decode(&encoded[..length]).unwrap_err();
            assert_eq!(error.kind(), &Kind::Truncated, "{length}");
            assert!(error.offset() <= length);
        }
    }
}

#[test]
fn refuses_indefinite_lengths() {
    refuses(&with(|fields| fields.head = vec![0x9f]), Kind::IndefiniteLength, 0, "");
    refuses(
        &with(|fields| fields.topic_id = vec![0x5f, 0xff]),
        Kind::IndefiniteLength,
        TOPIC_ID_AT,
        "topic_id",
    );
    refuses(
        &with(|fields| fields.extensions = vec![0xbf, 0xff]),
        Kind::IndefiniteLength,
        EXTENSIONS_AT,
        "extensions",
    );
    refuses(
        &with(|fields| fields.extensions = vec![0xa1, 0x07, 0x9f, 0xff]),
        Kind::IndefiniteLength,
        EXTENSIONS_AT + 2,
        "extensions[7]",
    );
    refuses(&with(|fields| fields.body[2] = 0x7f), Kind::IndefiniteLength, BODY_AT + 2, "body.language");
}

#[test]
fn refuses_heads_that_are_longer_than_need_be() {
    refuses(&with(|fields| fields.head = vec![0x98, 0x07]), Kind::NotShortest, 0, "");
    refuses(&with(|fields| fields.topic_id = vec![0x58, 0x00]), Kind::NotShortest, TOPIC_ID_AT, "topic_id");
    refuses(
        &with(|fields| fields.extensions = vec![0xb8, 0x00]),
        Kind::NotShortest,
        EXTENSIONS_AT,
        "extensions",
    );
    for disposition in
        [&[0x18, 0x01][..], &[0x19, 0, 0x01], &[0x1a, 0, 0, 0, 0x01], &[0x1b, 0, 0, 0, 0, 0, 0, 0, 0x01]]
    {
        let encoded = with(|fields| drop(fields.body.splice(1..2, disposition.iter().copied())));
        refuses(&encoded, Kind::NotShortest, BODY_AT + 1, "body.disposition");
    }
    let expiration = |time: &[u8]| [&[0x82, 0xf4], time].concat();
    for time in [&[0x19, 0x00, 0xff][..], &[0x1a, 0x00, 0x00, 0xff, 0xff]] {
        refuses(
            &with(|fields| fields.expires = expiration(time)),
            Kind::NotShortest,
            EXPIRES_AT + 2,
            "expires.time",
        );
    }
    refuses(
        &with(|fields| fields.extensions = vec![0xa1, 0x07, 0xfa, 0x3f, 0xc0, 0, 0]),
        Kind::NotShortest,
        EXTENSIONS_AT + 2,
        "extensions[7]",
    );
    refuses(
        &with(|fields| fields.extensions = vec![0xa1, 0x07, 0xd8, 0x01, 0x00]),
        Kind::NotShortest,
        EXTENSIONS_AT + 2,
        "extensions[7]",
    );
}

#[test]
fn refuses_reserved_heads() {
    for information in 28..=30 {
        refuses(&with(|fields| fields.head = vec![0x80 | information]), Kind::NotWellFormed, 0, "");
    }
    refuses(
        &with(|fields| fields.extensions = vec![0xa1, 0x07, 0xff]),
        Kind::NotWellFormed,
        EXTENSIONS_AT + 2,
        "extensions[7]",
    );
}

#[test]
fn refuses_a_salt_of_another_size() {
    for size in [0, 15, 17, 32] {
        let encoded = with(|fields| fields.salt = bytes(&vec![7; size]));
        refuses(&encoded, Kind::ByteLength { expected: 16, found: size as u64 }, SALT_AT, "salt");
    }
    refuses(&with(|fields| fields.salt = text("sixteen bytes!!")), BYTES, SALT_AT, "salt");
    refuses(&with(|fields| fields.salt = vec![0xf6]), BYTES, SALT_AT, "salt");
}

#[test]
fn refuses_message_ids_of_another_size() {
    for size in [0, 31, 33] {
        let kind = Kind::ByteLength { expected: 32, found: size as u64 };
        let id = bytes(&vec![1; size]);
        refuses(&with(|fields| fields.replaces = id.clone()), kind.clone(), REPLACES_AT, "replaces");
        refuses(&with(|fields| fields.in_reply_to = id.clone()), kind, IN_REPLY_TO_AT, "in_reply_to");
    }
    refuses(&with(|fields| fields.replaces = vec![0xf7]), BYTES, REPLACES_AT, "replaces");
    refuses(&with(|fields| fields.in_reply_to = vec![0x00]), BYTES, IN_REPLY_TO_AT, "in_reply_to");
    // An unknown hash algorithm is a finding, no refusal.
    accepts(&with(|fields| fields.replaces = bytes(&[9; 32])));
}

#[test]
fn refuses_a_topic_id_over_4096_bytes() {
    accepts(&with(|fields| fields.topic_id = bytes(&[1; 4096])));
    let encoded = with(|fields| fields.topic_id = bytes(&[1; 4097]));
    refuses(&encoded, Kind::TopicIdTooLong { found: 4097 }, TOPIC_ID_AT, "topic_id");
    refuses(&with(|fields| fields.topic_id = vec![0xf6]), BYTES, TOPIC_ID_AT, "topic_id");
}

#[test]
fn refuses_an_expiration_of_another_form() {
    let expires = |encoded: &[u8]| with(|fields| fields.expires = encoded.to_vec());
    accepts(&expires(&[0x82, 0xf5, 0x1a, 0xff, 0xff, 0xff, 0xff]));
    refuses(
        &expires(&[0x82, 0xf4, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0]),
        Kind::IntegerRange { max: u32::MAX.into(), found: 1 << 32 },
        EXPIRES_AT + 2,
        "expires.time",
    );
    refuses(&expires(&[0x82, 0xf4, 0x20]), UNSIGNED, EXPIRES_AT + 2, "expires.time");
    refuses(
        &expires(&[0x82, 0xf6, 0x00]),
        Kind::UnexpectedType { expected: "a boolean" },
        EXPIRES_AT + 1,
        "expires.relative",
    );
    refuses(
        &expires(&[0x83, 0xf4, 0x00, 0x00]),
        Kind::ArrayLength { expected: 2, found: 3 },
        EXPIRES_AT,
        "expires",
    );
    refuses(&expires(&[0x00]), ARRAY, EXPIRES_AT, "expires");
}

fn extensions(encoded: &[u8]) -> Vec<u8> {
    with(|fields| fields.extensions = encoded.to_vec())
}

#[test]
fn refuses_extension_keys_out_of_order_or_twice() {
    accepts(&extensions(&[0xa2, 0x18, 0x18, 0x00, 0x20, 0x00]));
    // The order of RFC 7049 put the shorter key first.
    refuses(
        &extensions(&[0xa2, 0x20, 0x00, 0x18, 0x18, 0x00]),
        Kind::UnsortedMapKeys,
        EXTENSIONS_AT + 3,
        "extensions[24]",
    );
    refuses(
        &extensions(&[0xa2, 0x04, 0x00, 0x03, 0x00]),
        Kind::UnsortedMapKeys,
        EXTENSIONS_AT + 3,
        "extensions[3]",
    );
    refuses(
        &extensions(&[0xa2, 0x61, b'b', 0x00, 0x61, b'a', 0x00]),
        Kind::UnsortedMapKeys,
        EXTENSIONS_AT + 4,
        "extensions[\"a\"]",
    );
    refuses(
        &extensions(&[0xa2, 0x03, 0x00, 0x03, 0x00]),
        Kind::DuplicateMapKey,
        EXTENSIONS_AT + 3,
        "extensions[3]",
    );
    refuses(
        &extensions(&[0xa1, 0x07, 0xa2, 0x41, 0x01, 0x00, 0x41, 0x01, 0x00]),
        Kind::DuplicateMapKey,
        EXTENSIONS_AT + 6,
        "extensions[7][h'01']",
    );
}

#[test]
fn refuses_extension_keys_of_other_types_and_sizes() {
    refuses(&extensions(&[0xa1, 0x41, 0x01, 0x00]), Kind::MapKeyType, EXTENSIONS_AT + 1, "extensions");
    refuses(&extensions(&[0xa1, 0xf6, 0x00]), Kind::MapKeyType, EXTENSIONS_AT + 1, "extensions");
    refuses(&extensions(&[0xa1, 0xc2, 0x41, 0x01, 0x00]), Kind::MapKeyType, EXTENSIONS_AT + 1, "extensions");
    refuses(
        &extensions(&[0xa1, 0x60, 0x00]),
        Kind::ExtensionKeyLength { found: 0 },
        EXTENSIONS_AT + 1,
        "extensions",
    );
    let with_key = |length: usize| extensions(&[&[0xa1][..], &text(&"k".repeat(length)), &[0x00]].concat());
    accepts(&with_key(1));
    accepts(&with_key(255));
    refuses(&with_key(256), Kind::ExtensionKeyLength { found: 256 }, EXTENSIONS_AT + 1, "extensions");
    // Inside a value, text keys have no such limit.
    accepts(&extensions(&[&[0xa1, 0x07, 0xa1][..], &text(&"k".repeat(256)), &[0x00]].concat()));
    accepts(&extensions(&[0xa1, 0x07, 0xa1, 0x60, 0x00]));
}

#[test]
fn refuses_integer_keys_that_a_double_cannot_hold() {
    let key = |initial: u8, argument: u64| [&[0xa1, initial][..], &argument.to_be_bytes(), &[0x00]].concat();
    let limit = (1_u64 << 53) - 1;
    accepts(&extensions(&key(0x1b, limit)));
    accepts(&extensions(&key(0x3b, limit - 1)));
    refuses(
        &extensions(&key(0x1b, limit + 1)),
        Kind::MapKeyRange,
        EXTENSIONS_AT + 1,
        "extensions[9007199254740992]",
    );
    refuses(
        &extensions(&key(0x3b, limit)),
        Kind::MapKeyRange,
        EXTENSIONS_AT + 1,
        "extensions[-9007199254740992]",
    );
    refuses(
        &extensions(&key(0x1b, u64::MAX)),
        Kind::MapKeyRange,
        EXTENSIONS_AT + 1,
        "extensions[18446744073709551615]",
    );
    refuses(
        &extensions(&key(0x3b, u64::MAX)),
        Kind::MapKeyRange,
        EXTENSIONS_AT + 1,
        "extensions[-18446744073709551616]",
    );
    // As a value, any integer goes.
    accepts(&extensions(&[&[0xa1, 0x07, 0x1b][..], &u64::MAX.to_be_bytes()].concat()));
}

#[test]
fn refuses_sender_and_room_that_are_no_text() {
    for key in [1, 2] {
        let path = format!("extensions[{key}]");
        refuses(&extensions(&[0xa1, key, 0x41, b'x']), TEXT, EXTENSIONS_AT + 2, &path);
        refuses(&extensions(&[0xa1, key, 0xf6]), TEXT, EXTENSIONS_AT + 2, &path);
        // The URI is not tagged.
        refuses(&extensions(&[0xa1, key, 0xd8, 0x20, 0x61, b'x']), TEXT, EXTENSIONS_AT + 2, &path);
        accepts(&extensions(&[0xa1, key, 0x60]));
    }
    // What the other extensions hold is for their typed accessors to say.
    for key in [0x00, 0x03, 0x04, 0x05] {
        accepts(&extensions(&[0xa1, key, 0xf6]));
    }
    accepts(&extensions(&[0xa1, 0x19, 0x01, 0x00, 0xf6]));
}

#[test]
fn refuses_extensions_that_are_no_map() {
    refuses(&extensions(&[0x80]), MAP, EXTENSIONS_AT, "extensions");
    refuses(&extensions(&[0xf6]), MAP, EXTENSIONS_AT, "extensions");
}

#[test]
fn refuses_odd_values_inside_extensions() {
    let value = |encoded: &[u8]| extensions(&[&[0xa1, 0x07][..], encoded].concat());
    let at = EXTENSIONS_AT + 2;
    refuses(&value(&[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), Kind::UnusualNan, at, "extensions[7]");
    refuses(&value(&[0xc2, 0x41, 0x01]), Kind::NonCanonicalBignum, at, "extensions[7]");
    refuses(&value(&[0x62, 0xc3, 0x28]), Kind::InvalidUtf8, at, "extensions[7]");
    refuses(&value(&[0xa1, 0xf5, 0x00]), Kind::MapKeyType, at + 1, "extensions[7]");
    refuses(&value(&[0x82, 0x00, 0xf8, 0x00]), Kind::NotWellFormed, at + 2, "extensions[7][1]");
}

/// The example of §6.3 has four levels; one more is too deep.
#[test]
fn refuses_extensions_of_five_levels() {
    let four = [
        &[0xa1, 0x19, 0x01, 0x00, 0x81, 0x82, 0x42, 0x12, 0x34, 0xd8, 0x20][..],
        &text("http://example.com"),
    ]
    .concat();
    accepts(&extensions(&four));
    let at = EXTENSIONS_AT + four.len() - text("http://example.com").len();
    let five = [&four[..four.len() - text("http://example.com").len()], &[0x80]].concat();
    refuses(&extensions(&five), Kind::ExtensionsTooDeep, at, "extensions[256][0][1]");
}

fn body(encoded: &[u8]) -> Vec<u8> {
    with(|fields| fields.body = encoded.to_vec())
}

#[test]
fn refuses_parts_of_another_size_or_type() {
    refuses(&body(&[0xf6]), ARRAY, BODY_AT, "body");
    for size in 0..3 {
        let kind = Kind::ArrayLength { expected: 3, found: size };
        refuses(&body(&[0x80 | size as u8, 0x00, 0x60]), kind, BODY_AT, "body");
    }
    accepts(&body(&[0x83, 0x01, 0x60, 0x00]));
    for (cardinality, expected) in [(0, 3), (1, 5), (2, 15), (3, 5)] {
        for found in 3..=16 {
            if found != expected {
                let encoded = [&[0x80 | found as u8, 0x01, 0x60, cardinality][..], &[0xf6; 16]].concat();
                refuses(&body(&encoded), Kind::ArrayLength { expected, found }, BODY_AT, "body");
            }
        }
    }
    refuses(
        &body(&[0x83, 0x01, 0x60, 0x04]),
        Kind::UnknownCardinality { found: 4 },
        BODY_AT + 3,
        "body.cardinality",
    );
    refuses(&body(&[0x83, 0x01, 0x60, 0x20]), UNSIGNED, BODY_AT + 3, "body.cardinality");
    refuses(&body(&[0x85, 0x01, 0x60, 0x01, 0x40, 0x40]), TEXT, BODY_AT + 4, "body.content_type");
    refuses(&body(&[0x85, 0x01, 0x60, 0x01, 0x60, 0x60]), BYTES, BODY_AT + 5, "body.content");
}

#[test]
fn refuses_a_disposition_over_255() {
    accepts(&body(&[0x83, 0x18, 0xff, 0x60, 0x00]));
    refuses(
        &body(&[0x83, 0x19, 0x01, 0x00, 0x60, 0x00]),
        Kind::IntegerRange { max: 255, found: 256 },
        BODY_AT + 1,
        "body.disposition",
    );
    refuses(&body(&[0x83, 0x20, 0x60, 0x00]), UNSIGNED, BODY_AT + 1, "body.disposition");
}

#[test]
fn refuses_text_that_is_not_utf_8() {
    // Overlong, a surrogate, beyond Unicode, cut off.
    for bad in [&[0xc0, 0xaf][..], &[0xed, 0xa0, 0x80], &[0xf4, 0x90, 0x80, 0x80], &[0xe2, 0x99]] {
        let language = [&[0x83, 0x01][..], &string(3, bad), &[0x00]].concat();
        refuses(&body(&language), Kind::InvalidUtf8, BODY_AT + 2, "body.language");
        let content_type = [&[0x85, 0x01, 0x60, 0x01][..], &string(3, bad), &[0x40]].concat();
        refuses(&body(&content_type), Kind::InvalidUtf8, BODY_AT + 4, "body.content_type");
        let key = [&[0xa1][..], &string(3, bad), &[0x00]].concat();
        refuses(&extensions(&key), Kind::InvalidUtf8, EXTENSIONS_AT + 1, "extensions");
        let nested_key = [&[0xa1, 0x07, 0xa1][..], &string(3, bad), &[0x00]].concat();
        refuses(&extensions(&nested_key), Kind::InvalidUtf8, EXTENSIONS_AT + 3, "extensions[7]");
        let nested_value = [&[0xa1, 0x07, 0xa1, 0x00][..], &string(3, bad)].concat();
        refuses(&extensions(&nested_value), Kind::InvalidUtf8, EXTENSIONS_AT + 4, "extensions[7][0]");
        for (position, field) in [(0, "content_type"), (1, "url"), (10, "description"), (11, "filename")] {
            // Texts, then numbers, byte strings, numbers and texts again, all empty or zero.
            let empty: [u8; 12] = [0x60, 0x60, 0x00, 0x00, 0x00, 0x40, 0x40, 0x40, 0x00, 0x40, 0x60, 0x60];
            let external =
                [&[0x8f, 0x01, 0x60, 0x02][..], &empty[..position], &string(3, bad), &empty[position + 1..]];
            let at = BODY_AT + 4 + position;
            refuses(&body(&external.concat()), Kind::InvalidUtf8, at, &format!("body.{field}"));
        }
        let sender = [&[0xa1, 0x01][..], &string(3, bad)].concat();
        refuses(&extensions(&sender), Kind::InvalidUtf8, EXTENSIONS_AT + 2, "extensions[1]");
    }
    // Content is bytes; they are not looked at.
    accepts(&body(&[0x85, 0x01, 0x60, 0x01, 0x60, 0x42, 0xc0, 0xaf]));
}

#[test]
fn refuses_external_parts_field_by_field() {
    // Each field as it should be, what it is refused with, and why.
    let four = |bits: u32| (1_u64 << bits).to_be_bytes();
    let over = |bits: u32| [&[0x1b][..], &four(bits)].concat();
    let cases: [(&str, &[u8], Vec<u8>, Kind); 12] = [
        ("content_type", &[0x60], vec![0x40], TEXT),
        ("url", &[0x60], vec![0xd8, 0x20, 0x60], TEXT),
        (
            "expires",
            &[0x1a, 0xff, 0xff, 0xff, 0xff],
            over(32),
            Kind::IntegerRange { max: u32::MAX.into(), found: 1 << 32 },
        ),
        ("size", &[0x1b, 255, 255, 255, 255, 255, 255, 255, 255], vec![0xc2, 0x40], UNSIGNED),
        (
            "enc_alg",
            &[0x19, 0xff, 0xff],
            vec![0x1a, 0, 1, 0, 0],
            Kind::IntegerRange { max: 65535, found: 65536 },
        ),
        ("key", &[0x40], vec![0x60], BYTES),
        ("nonce", &[0x40], vec![0xf6], BYTES),
        ("aad", &[0x40], vec![0x80], BYTES),
        ("hash_alg", &[0x18, 0xff], vec![0x19, 1, 0], Kind::IntegerRange { max: 255, found: 256 }),
        ("content_hash", &[0x40], vec![0xf6], BYTES),
        ("description", &[0x60], vec![0x40], TEXT),
        ("filename", &[0x60], vec![0xf6], TEXT),
    ];
    let encode = |changed: Option<usize>| {
        let mut encoded = vec![0x8f, 0x06, 0x60, 0x02];
        let mut at = 0;
        for (position, (_, good, bad, _)) in cases.iter().enumerate() {
            if changed == Some(position) {
                at = encoded.len();
                encoded.extend(bad);
            } else {
                encoded.extend(*good);
            }
        }
        (encoded, at)
    };
    accepts(&body(&encode(None).0));
    for (position, (field, _, _, kind)) in cases.iter().enumerate() {
        let (encoded, at) = encode(Some(position));
        refuses(&body(&encoded), kind.clone(), BODY_AT + at, &format!("body.{field}"));
    }
}

const NULL_PART: [u8; 4] = [0x83, 0x01, 0x60, 0x00];

/// The body that holds `parts`, with their count in a head of its own.
fn multi(semantics: &[u8], count: &[u8], parts: &[u8]) -> Vec<u8> {
    [&[0x85, 0x01, 0x60, 0x03], semantics, count, parts].concat()
}

#[test]
fn refuses_unknown_part_semantics() {
    let parts = NULL_PART.repeat(2);
    for semantics in 0..3 {
        accepts(&body(&multi(&[semantics], &[0x82], &parts)));
    }
    refuses(
        &body(&multi(&[0x03], &[0x82], &parts)),
        Kind::UnknownPartSemantics { found: 3 },
        BODY_AT + 4,
        "body.semantics",
    );
    refuses(&body(&multi(&[0xf6], &[0x82], &parts)), UNSIGNED, BODY_AT + 4, "body.semantics");
}

#[test]
fn refuses_multiparts_of_fewer_than_two_parts() {
    refuses(&body(&multi(&[0x00], &[0x80], &[])), Kind::TooFewParts { found: 0 }, BODY_AT + 5, "body.parts");
    refuses(
        &body(&multi(&[0x00], &[0x81], &NULL_PART)),
        Kind::TooFewParts { found: 1 },
        BODY_AT + 5,
        "body.parts",
    );
    refuses(&body(&multi(&[0x00], &[0xa2], &NULL_PART.repeat(2))), ARRAY, BODY_AT + 5, "body.parts");
}

#[test]
fn refuses_more_than_1024_parts() {
    let flat = |count: u16| {
        let [high, low] = count.to_be_bytes();
        body(&multi(&[0x02], &[0x99, high, low], &NULL_PART.repeat(count.into())))
    };
    let message = accepts(&flat(1023));
    assert_eq!(message.body().count(), MAX_PARTS);
    refuses(&flat(1024), Kind::TooManyParts, BODY_AT + 5, "body.parts");
    refuses(&flat(65535), Kind::TooManyParts, BODY_AT + 5, "body.parts");

    // The same number over two levels: 1 + 2 + 2 * 510 = 1023; one more multipart of two is 1026.
    let inner = |count: u16| {
        let [high, low] = count.to_be_bytes();
        multi(&[0x02], &[0x99, high, low], &NULL_PART.repeat(count.into()))
    };
    accepts(&body(&multi(&[0x02], &[0x82], &[inner(510), inner(511)].concat())));
    let encoded = body(&multi(&[0x02], &[0x82], &[inner(511), inner(511)].concat()));
    let second = BODY_AT + 6 + inner(511).len();
    refuses(&encoded, Kind::TooManyParts, second + 5, "body.parts[1].parts");

    // The place is used up by the parts of an earlier multipart.
    let encoded = body(&multi(&[0x02], &[0x84], &[inner(1020), NULL_PART.repeat(3)].concat()));
    let last = encoded.len() - NULL_PART.len();
    refuses(&encoded, Kind::TooManyParts, last, "body.parts[3]");
}

#[test]
fn refuses_the_fifth_level_of_parts() {
    let mut part = NULL_PART.to_vec();
    for _ in 0..3 {
        part = multi(&[0x01], &[0x82], &[&part[..], &NULL_PART].concat());
    }
    let message = accepts(&body(&part));
    assert_eq!(message.body().depth(), 4);
    let deeper = multi(&[0x01], &[0x82], &[&part[..], &NULL_PART].concat());
    refuses(&body(&deeper), Kind::PartsTooDeep, BODY_AT + 4 * 6, "body.parts[0].parts[0].parts[0].parts[0]");
}

/// None of these takes time or memory: the first is refused at its fifth level, the others at their
/// first head.
#[test]
fn refuses_bombs() {
    let levels = 100_000;
    let parts = [multi(&[0x01], &[0x82], &[]).repeat(levels), NULL_PART.to_vec()].concat();
    refuses(&body(&parts), Kind::PartsTooDeep, BODY_AT + 4 * 6, "body.parts[0].parts[0].parts[0].parts[0]");

    for nesting in [&[0x81][..], &[0xa1, 0x01], &[0xc6]] {
        let encoded = [&[0xa1, 0x07][..], &nesting.repeat(levels)].concat();
        let error = MimiContentRef::decode(&extensions(&encoded)).unwrap_err();
        assert_eq!(
            (error.kind(), error.offset()),
            (&Kind::ExtensionsTooDeep, EXTENSIONS_AT + 2 + 3 * nesting.len())
        );
    }

    let length = |major: u8| [&[major << 5 | 27][..], &(1_u64 << 40).to_be_bytes()].concat();
    refuses(&with(|fields| fields.topic_id = length(2)), Kind::Truncated, TOPIC_ID_AT, "topic_id");
    refuses(&extensions(&length(5)), Kind::Truncated, EXTENSIONS_AT, "extensions");
    for major in 2..=5 {
        let encoded = [&[0xa1, 0x07][..], &length(major)].concat();
        refuses(&extensions(&encoded), Kind::Truncated, EXTENSIONS_AT + 2, "extensions[7]");
    }
    refuses(&body(&multi(&[0x00], &length(4), &NULL_PART)), Kind::Truncated, BODY_AT + 5, "body.parts");
    refuses(&body(&[&[0x85, 0x01][..], &length(3)].concat()), Kind::Truncated, BODY_AT + 2, "body.language");
    refuses(
        &with(|fields| fields.head = length(4)),
        Kind::ArrayLength { expected: 7, found: 1 << 40 },
        0,
        "",
    );
}

#[test]
fn says_each_refusal_in_words() {
    for (encoded, words) in [
        (
            extensions(&[0xa1, 0x60, 0x00]),
            "MimiContent.extensions: text key of 0 bytes, 1 to 255 are allowed (byte 23)",
        ),
        (with(|fields| fields.after = vec![0]), "MimiContent: bytes after the document (byte 33)"),
        (
            body(&multi(&[0x00], &[0x81], &NULL_PART)),
            "MimiContent.body.parts: multipart of 1 parts, at least 2 are required (byte 28)",
        ),
        (body(&[0x83, 0x01, 0x60, 0x04]), "MimiContent.body.cardinality: unknown cardinality 4 (byte 26)"),
    ] {
        assert_eq!(MimiContentRef::decode(&encoded).unwrap_err().to_string(), words);
    }
    let error = MimiContentRef::decode(&[]).unwrap_err();
    assert_eq!(format!("{error:?}"), "DecodeError { kind: Truncated, offset: 0, path: MimiContent }");

    let every_kind = [
        Kind::Truncated,
        Kind::TrailingBytes,
        Kind::NotWellFormed,
        TEXT,
        Kind::IndefiniteLength,
        Kind::NotShortest,
        Kind::NonCanonicalBignum,
        Kind::UnusualNan,
        Kind::InvalidUtf8,
        Kind::UnsortedMapKeys,
        Kind::DuplicateMapKey,
        Kind::MapKeyType,
        Kind::MapKeyRange,
        Kind::ExtensionKeyLength { found: 256 },
        Kind::ExtensionsTooDeep,
        Kind::ArrayLength { expected: 7, found: 8 },
        Kind::ByteLength { expected: 16, found: 8 },
        Kind::IntegerRange { max: 255, found: 256 },
        Kind::TopicIdTooLong { found: 4097 },
        Kind::UnknownCardinality { found: 4 },
        Kind::UnknownPartSemantics { found: 3 },
        Kind::TooFewParts { found: 1 },
        Kind::TooManyParts,
        Kind::PartsTooDeep,
    ];
    let words: std::collections::BTreeSet<String> = every_kind.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), every_kind.len(), "each kind says something of its own");
}

fn null_part() -> NestedPart {
    NestedPart::null(Disposition::RENDER)
}

#[test]
fn no_builder_makes_what_the_decoder_refuses() {
    let multi = |parts| MultiPart::new(PartSemantics::ProcessAll, parts);
    assert_eq!(multi(vec![]), Err(BuildError::TooFewParts { found: 0 }));
    assert_eq!(multi(vec![null_part()]), Err(BuildError::TooFewParts { found: 1 }));
    assert_eq!(multi(vec![null_part(); 1024]), Err(BuildError::TooManyParts));
    let widest = NestedPart::multi(Disposition::RENDER, "", multi(vec![null_part(); 1023]).unwrap());
    assert_eq!((widest.count(), widest.depth()), (1024, 2));
    assert_eq!(multi(vec![widest.clone(), null_part()]), Err(BuildError::TooManyParts));

    let mut deepest = null_part();
    for _ in 0..3 {
        deepest = NestedPart::multi(Disposition::RENDER, "", multi(vec![deepest, null_part()]).unwrap());
    }
    assert_eq!(multi(vec![deepest.clone(), null_part()]), Err(BuildError::PartsTooDeep));

    let salt = Salt::from_bytes([7; 16]);
    let too_long = MimiContent::builder(salt, null_part()).topic_id(vec![0; 4097]).build();
    assert_eq!(too_long, Err(BuildError::TopicIdTooLong { found: 4097 }));
    for body in [widest, deepest] {
        let message =
            MimiContent::builder(salt, null_part()).body(body).topic_id(vec![0; 4096]).build().unwrap();
        assert_eq!(accepts(&message.encode()), message);
    }
    for (error, words) in [
        (BuildError::TopicIdTooLong { found: 5000 }, "topic ID of 5000 bytes, 4096 are allowed"),
        (BuildError::TooFewParts { found: 1 }, "multipart of 1 parts, at least 2 are required"),
        (BuildError::TooManyParts, "more than 1024 body parts"),
        (BuildError::PartsTooDeep, "parts nest deeper than 4 levels"),
    ] {
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn a_copy_with_another_salt_keeps_the_rest() {
    let original = accepts(include_bytes!("data/reply.cbor"));
    let salt = Salt::from_bytes([9; 16]);
    let copy = original.clone().into_builder(salt).build().unwrap();
    assert_eq!(copy.salt(), salt);
    assert_ne!(copy, original);
    assert_eq!(copy.into_builder(original.salt()).build().unwrap(), original);
}

#[test]
fn messages_are_equal_when_their_bytes_are() {
    let (one, other) = (fields().encode(), with(|fields| fields.topic_id = bytes(b"x")));
    let decode = |encoded| MimiContentRef::decode(encoded).unwrap();
    let same = one.clone();
    assert_eq!(decode(&one), decode(&same));
    assert_ne!(decode(&one), decode(&other));
    assert!(format!("{:?}", decode(&other)).contains("topic_id: [120]"));
    let keys: Vec<_> =
        decode(include_bytes!("data/original.cbor")).extensions().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [1.into(), 2.into()]);
}

#[test]
fn json_is_checked_like_bytes() {
    let message = MimiContent::decode(include_bytes!("data/attachment.cbor")).unwrap();
    let good = serde_json::to_value(&message).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = good.clone();
        change(&mut json);
        serde_json::from_value::<MimiContent>(json).unwrap_err().to_string()
    };
    assert_eq!(refused(&|json| json["salt"] = "00".into()), "1 bytes of hex, expected 16");
    assert_eq!(refused(&|json| json["topic_id"] = "AA".into()), "hex must be lower case");
    assert!(refused(&|json| json["topic_id"] = "0".into()).contains("hex"));
    assert_eq!(
        refused(&|json| json["topic_id"] = "00".repeat(4097).into()),
        "topic ID of 4097 bytes, 4096 are allowed"
    );
    assert!(refused(&|json| json["body"]["size"] = (-1).into()).contains("out of range"));
    assert!(refused(&|json| json["body"]["size"] = "x".into()).contains("invalid digit"));
    assert!(refused(&|json| json["body"]["part"] = "double".into()).contains("unknown variant"));
    assert!(refused(&|json| json["extensions"][0][1] = "f6".into()).contains("expected a text string"));
    assert_eq!(
        refused(&|json| json["extensions"][1] = json["extensions"][0].clone()),
        "an extension occurs twice"
    );
    let one_part =
        serde_json::json!({"part": "multi", "disposition": 1, "language": "", "semantics": 0, "parts": []});
    assert_eq!(
        refused(&|json| json["body"] = one_part.clone()),
        "multipart of 0 parts, at least 2 are required"
    );
    let odd =
        serde_json::json!({"part": "multi", "disposition": 1, "language": "", "semantics": 3, "parts": []});
    assert_eq!(refused(&|json| json["body"] = odd.clone()), "unknown part semantics 3");

    // Left out is the same as null, and integers beyond 2^53-1 are strings.
    let mut json = good.clone();
    json.as_object_mut()
        .unwrap()
        .retain(|name, _| !["replaces", "expires", "in_reply_to"].contains(&name.as_str()));
    json["body"]["size"] = "18446744073709551615".into();
    let message: MimiContent = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&message).unwrap()["body"]["size"], "18446744073709551615");
    json["body"]["size"] = 9_007_199_254_740_991_u64.into();
    let message: MimiContent = serde_json::from_value(json).unwrap();
    assert_eq!(serde_json::to_value(&message).unwrap()["body"]["size"], 9_007_199_254_740_991_u64);

    let mut extensions = MessageExtensions::new();
    extensions.set_text("key", "value").unwrap();
    let json = serde_json::to_value(&extensions).unwrap();
    assert_eq!(json, serde_json::json!([[{"text": "key"}, "6576616c7565"]]));
    assert_eq!(serde_json::from_value::<MessageExtensions>(json).unwrap(), extensions);
}
