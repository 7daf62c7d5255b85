//! One case for each rule by which a message is refused, and for each field that the rule holds for.

use alloc::vec;
use alloc::vec::Vec;

use mimi_content::DecodeErrorKind as Kind;

use super::raw::{
    NULL, Raw, external_items, external_with, multi, multi_levels, nested_arrays, null_part, part, single,
};
use crate::cbor::{array, bytes, head, map, tag, text, unsigned};
use crate::generate::GeneratedCase;

/// A case, and why and in which field this workspace refuses it.
pub(super) struct Invalid {
    pub(super) case: GeneratedCase,
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests check that it is the reason"))]
    pub(super) expected: (Kind, &'static str),
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests decode it"))]
    pub(super) encoded: Vec<u8>,
}

#[derive(Default)]
struct Cases(Vec<Invalid>);

impl Cases {
    fn add(&mut self, name: &str, reason: &str, kind: Kind, field: &'static str, encoded: Vec<u8>) {
        let case = GeneratedCase::invalid(name, reason).hex("encoded", &encoded);
        self.0.push(Invalid { case, expected: (kind, field), encoded });
    }
}

pub(super) fn cases() -> Vec<Invalid> {
    let mut cases = Cases::default();
    document(&mut cases);
    fixed_fields(&mut cases);
    extension_keys(&mut cases);
    extension_values(&mut cases);
    parts(&mut cases);
    external_parts(&mut cases);
    multiparts(&mut cases);
    bombs(&mut cases);
    cases.0
}

const fn expected(expected: &'static str) -> Kind {
    Kind::UnexpectedType { expected }
}

const A_BYTE_STRING: Kind = expected("a byte string");
const AN_UNSIGNED_INTEGER: Kind = expected("an unsigned integer");
const TEXT: Kind = expected("a text string");
const AN_ARRAY: Kind = expected("an array");

fn document(cases: &mut Cases) {
    let message = || Raw::default().encoded();
    let items = || Raw::default().items().to_vec();
    let without_head = || items().concat();

    cases.add("empty", "there is no document", Kind::Truncated, "", vec![]);
    cases.add(
        "trailing byte",
        "a byte follows the document",
        Kind::TrailingBytes,
        "",
        [message(), vec![0]].concat(),
    );
    cases.add(
        "two messages",
        "another document follows the document",
        Kind::TrailingBytes,
        "",
        [message(), message()].concat(),
    );
    let mut cut_off = message();
    cut_off.pop();
    cases.add("cut off", "the last byte of the content is missing", Kind::Truncated, "body.content", cut_off);
    let five = message().iter().copied().take(5).collect();
    cases.add("cut off in the salt", "the document ends inside the salt", Kind::Truncated, "salt", five);
    let six: Vec<_> = items().into_iter().take(6).collect();
    cases.add(
        "array of 6",
        "a message has seven items",
        Kind::ArrayLength { expected: 7, found: 6 },
        "",
        array(&six),
    );
    let eight = [items(), vec![NULL.into()]].concat();
    cases.add(
        "array of 8",
        "a message has seven items",
        Kind::ArrayLength { expected: 7, found: 8 },
        "",
        array(&eight),
    );
    cases.add(
        "indefinite array",
        "indefinite lengths are not deterministic",
        Kind::IndefiniteLength,
        "",
        [vec![0x9f], without_head(), vec![0xff]].concat(),
    );
    cases.add(
        "array head in two bytes",
        "the head has a shorter form",
        Kind::NotShortest,
        "",
        [vec![0x98, 7], without_head()].concat(),
    );
    cases.add("map", "a message is an array", AN_ARRAY, "", map(&[(unsigned(1), unsigned(2))]));
    cases.add(
        "self-described CBOR",
        "a message is an array, without the tag 55799 around it",
        AN_ARRAY,
        "",
        tag(55799, &message()),
    );
    cases.add(
        "reserved initial byte",
        "additional information 28 is reserved",
        Kind::NotWellFormed,
        "",
        vec![0x9c],
    );
    cases.add("break", "a break stands alone", AN_ARRAY, "", vec![0xff]);
}

fn fixed_fields(cases: &mut Cases) {
    let salt = |salt: &[u8]| Raw { salt: salt.into(), ..Raw::default() }.encoded();
    for length in [0, 15, 17] {
        cases.add(
            &alloc::format!("salt of {length} octets"),
            "a salt has 16 octets",
            Kind::ByteLength { expected: 16, found: length as u64 },
            "salt",
            salt(&bytes(&vec![7; length])),
        );
    }
    cases.add(
        "salt as text",
        "a salt is a byte string",
        A_BYTE_STRING,
        "salt",
        salt(&text("salt salt salt s")),
    );
    cases.add("salt null", "a message has a salt", A_BYTE_STRING, "salt", salt(&NULL));
    cases.add(
        "salt with a length in two bytes",
        "the length has a shorter form",
        Kind::NotShortest,
        "salt",
        salt(&[vec![0x58, 16], vec![7; 16]].concat()),
    );
    cases.add(
        "salt in chunks",
        "indefinite lengths are not deterministic",
        Kind::IndefiniteLength,
        "salt",
        salt(&[vec![0x5f], bytes(&[7; 16]), vec![0xff]].concat()),
    );

    type Set = fn(Vec<u8>) -> Raw;
    let references: [(&'static str, Set); 2] = [
        ("replaces", |replaces| Raw { replaces, ..Raw::default() }),
        ("in_reply_to", |in_reply_to| Raw { in_reply_to, ..Raw::default() }),
    ];
    for (field, set) in references {
        for length in [0, 31, 33] {
            cases.add(
                &alloc::format!("{field} of {length} octets"),
                "a message ID has 32 octets",
                Kind::ByteLength { expected: 32, found: length as u64 },
                field,
                set(bytes(&vec![1; length])).encoded(),
            );
        }
        cases.add(
            &alloc::format!("{field} undefined"),
            "absent is null (0xf6), not undefined (0xf7)",
            A_BYTE_STRING,
            field,
            set(vec![0xf7]).encoded(),
        );
        cases.add(
            &alloc::format!("{field} a list"),
            "it names one message",
            A_BYTE_STRING,
            field,
            set(array(&[bytes(&[1; 32])])).encoded(),
        );
    }

    let topic_id = |topic_id: &[u8]| Raw { topic_id: topic_id.into(), ..Raw::default() }.encoded();
    cases.add(
        "topic_id of 4097 octets",
        "a topic ID has at most 4096 octets",
        Kind::TopicIdTooLong { found: 4097 },
        "topic_id",
        topic_id(&bytes(&[9; 4097])),
    );
    cases.add(
        "topic_id null",
        "no topic is an empty byte string",
        A_BYTE_STRING,
        "topic_id",
        topic_id(&NULL),
    );
    cases.add(
        "topic_id as text",
        "a topic ID is a byte string",
        A_BYTE_STRING,
        "topic_id",
        topic_id(&text("topic")),
    );
    for (width, length) in [(1, 23), (2, 255), (4, 256), (8, 256)] {
        let info = match width {
            1 => 0x58,
            2 => 0x59,
            4 => 0x5a,
            _ => 0x5b,
        };
        let argument: Vec<_> =
            (length as u64).to_be_bytes().into_iter().skip(8_usize.saturating_sub(width)).collect();
        cases.add(
            &alloc::format!("topic_id of {length} octets with a length in {width} bytes"),
            "the length has a shorter form",
            Kind::NotShortest,
            "topic_id",
            topic_id(&[vec![info], argument, vec![9; length]].concat()),
        );
    }

    let expires = |expires: Vec<u8>| Raw { expires, ..Raw::default() }.encoded();
    let pair = |relative: &[u8], time: &[u8]| array(&[relative.into(), time.into()]);
    cases.add("expires without relative", "it is a pair", AN_ARRAY, "expires", expires(unsigned(10)));
    for (items, encoded) in [(1, array(&[vec![0xf5]])), (3, array(&[vec![0xf5], unsigned(1), unsigned(1)]))] {
        cases.add(
            &alloc::format!("expires of {items} items"),
            "it is a pair",
            Kind::ArrayLength { expected: 2, found: items },
            "expires",
            expires(encoded),
        );
    }
    cases.add(
        "expires with relative 1",
        "relative is true or false",
        expected("a boolean"),
        "expires.relative",
        expires(pair(&unsigned(1), &unsigned(10))),
    );
    cases.add(
        "expires with a false in two bytes",
        "a simple value below 32 in two bytes is not well-formed",
        expected("a boolean"),
        "expires.relative",
        expires(pair(&[0xf8, 20], &unsigned(10))),
    );
    cases.add(
        "expires at 2^32",
        "the time has 32 bits",
        Kind::IntegerRange { max: u32::MAX.into(), found: 1 << 32 },
        "expires.time",
        expires(pair(&[0xf4], &unsigned(1 << 32))),
    );
    cases.add(
        "expires at -1",
        "the time is unsigned",
        AN_UNSIGNED_INTEGER,
        "expires.time",
        expires(pair(&[0xf4], &head(1, 0))),
    );
    cases.add(
        "expires at a float",
        "the time is an integer",
        AN_UNSIGNED_INTEGER,
        "expires.time",
        expires(pair(&[0xf4], &[0xf9, 0x3c, 0x00])),
    );
    for (name, time) in
        [("23", vec![0x18, 23]), ("255", vec![0x19, 0, 255]), ("65535", vec![0x1a, 0, 0, 255, 255])]
    {
        cases.add(
            &alloc::format!("expires at {name}, too wide"),
            "the integer has a shorter form",
            Kind::NotShortest,
            "expires.time",
            expires(pair(&[0xf4], &time)),
        );
    }
}

fn extension_keys(cases: &mut Cases) {
    let value = || unsigned(0);
    let keys = |keys: &[Vec<u8>]| {
        let entries: Vec<_> = keys.iter().map(|key| (key.clone(), value())).collect();
        Raw::with_extensions(&entries).encoded()
    };
    let set = |extensions: Vec<u8>| Raw { extensions, ..Raw::default() }.encoded();

    cases.add(
        "extensions an array",
        "extensions are a map",
        expected("a map"),
        "extensions",
        set(array(&[])),
    );
    cases.add(
        "extensions null",
        "no extensions are an empty map",
        expected("a map"),
        "extensions",
        set(NULL.into()),
    );
    cases.add(
        "extensions of indefinite length",
        "indefinite lengths are not deterministic",
        Kind::IndefiniteLength,
        "extensions",
        set(vec![0xbf, 0xff]),
    );
    cases.add(
        "extension keys out of order",
        "keys are sorted",
        Kind::UnsortedMapKeys,
        "extensions[1000]",
        keys(&[unsigned(1001), unsigned(1000)]),
    );
    cases.add(
        "extension keys in the order of RFC 7049",
        "keys are sorted bytewise: 0x1903e8 before 0x20; the older order put the shorter one first",
        Kind::UnsortedMapKeys,
        "extensions[1000]",
        keys(&[head(1, 0), unsigned(1000)]),
    );
    cases.add(
        "extension keys of two types out of order",
        "keys are sorted bytewise: integers before text",
        Kind::UnsortedMapKeys,
        "extensions[1000]",
        keys(&[text("a"), unsigned(1000)]),
    );
    cases.add(
        "extension key twice",
        "keys occur once",
        Kind::DuplicateMapKey,
        "extensions[1000]",
        keys(&[unsigned(1000), unsigned(1000)]),
    );
    cases.add(
        "extension text key twice",
        "keys occur once",
        Kind::DuplicateMapKey,
        "extensions[\"a\"]",
        keys(&[text("a"), text("a")]),
    );
    for (name, key) in [
        ("a byte string", bytes(b"a")),
        ("true", vec![0xf5]),
        ("null", NULL.into()),
        ("a float", vec![0xf9, 0x3c, 0x00]),
        ("an array", array(&[])),
        ("a tagged URI", tag(32, &text("https://a.example"))),
        ("a bignum", tag(2, &bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 0]))),
    ] {
        cases.add(
            &alloc::format!("extension key {name}"),
            "an extension's key is an integer or text",
            Kind::MapKeyType,
            "extensions",
            keys(&[key]),
        );
    }
    for (name, field, key) in [
        ("2^53", "extensions[9007199254740992]", unsigned(1 << 53)),
        ("2^64-1", "extensions[18446744073709551615]", unsigned(u64::MAX)),
        ("-2^53", "extensions[-9007199254740992]", head(1, (1 << 53) - 1)),
        ("-2^64", "extensions[-18446744073709551616]", head(1, u64::MAX)),
    ] {
        cases.add(
            &alloc::format!("extension key {name}"),
            "integer keys lie within 2^53-1 either way",
            Kind::MapKeyRange,
            field,
            keys(&[key]),
        );
    }
    for length in [0, 256] {
        cases.add(
            &alloc::format!("extension key of {length} octets"),
            "a text key has 1 to 255 octets",
            Kind::ExtensionKeyLength { found: length },
            "extensions",
            keys(&[text(&"k".repeat(length))]),
        );
    }
    cases.add(
        "extension key too wide",
        "the integer has a shorter form",
        Kind::NotShortest,
        "extensions",
        keys(&[vec![0x18, 7]]),
    );
    cases.add(
        "extension key not UTF-8",
        "text is UTF-8",
        Kind::InvalidUtf8,
        "extensions",
        keys(&[[head(3, 2), vec![0xc3, 0x28]].concat()]),
    );
    for (number, field) in [(1, "extensions[1]"), (2, "extensions[2]")] {
        for (name, value) in [
            ("a byte string", bytes(b"mimi://a.example/u/alice")),
            ("a tagged URI", tag(32, &text("mimi://a.example/u/alice"))),
            ("null", NULL.into()),
        ] {
            cases.add(
                &alloc::format!("extension {number} {name}"),
                "senderUri (1) and roomUri (2) are untagged text",
                TEXT,
                field,
                Raw::with_extensions(&[(unsigned(number), value)]).encoded(),
            );
        }
    }
}

fn extension_values(cases: &mut Cases) {
    const FIELD: &str = "extensions[1000]";
    for (name, reason, kind, field, value) in [
        ("integer too wide", "the integer has a shorter form", Kind::NotShortest, FIELD, vec![0x18, 23]),
        (
            "negative integer too wide",
            "the integer has a shorter form",
            Kind::NotShortest,
            FIELD,
            vec![0x39, 0, 24],
        ),
        ("tag too wide", "the tag has a shorter form", Kind::NotShortest, FIELD, vec![0xd8, 1, 0]),
        ("array head too wide", "the head has a shorter form", Kind::NotShortest, FIELD, vec![0x98, 1, 0]),
        ("map head too wide", "the head has a shorter form", Kind::NotShortest, FIELD, vec![0xb8, 1, 0, 0]),
        (
            "float 1.0 in four bytes",
            "it fits two bytes",
            Kind::NotShortest,
            FIELD,
            vec![0xfa, 0x3f, 0x80, 0, 0],
        ),
        (
            "float 1.0 in eight bytes",
            "it fits two bytes",
            Kind::NotShortest,
            FIELD,
            vec![0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
        ),
        (
            "float -0.0 in four bytes",
            "it fits two bytes",
            Kind::NotShortest,
            FIELD,
            vec![0xfa, 0x80, 0, 0, 0],
        ),
        (
            "float infinity in eight bytes",
            "it fits two bytes",
            Kind::NotShortest,
            FIELD,
            vec![0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
        ),
        (
            "float 100000.0 in eight bytes",
            "it fits four bytes",
            Kind::NotShortest,
            FIELD,
            vec![0xfb, 0x40, 0xf8, 0x6a, 0, 0, 0, 0, 0],
        ),
        (
            "float 2^-24 in four bytes",
            "it fits two bytes as a subnormal",
            Kind::NotShortest,
            FIELD,
            vec![0xfa, 0x33, 0x80, 0, 0],
        ),
        ("NaN with a sign", "the only NaN is 0xf97e00", Kind::UnusualNan, FIELD, vec![0xf9, 0xfe, 0]),
        ("NaN with a payload", "the only NaN is 0xf97e00", Kind::UnusualNan, FIELD, vec![0xf9, 0x7e, 1]),
        ("NaN that signals", "the only NaN is 0xf97e00", Kind::UnusualNan, FIELD, vec![0xf9, 0x7d, 0]),
        (
            "NaN in four bytes",
            "the only NaN is 0xf97e00",
            Kind::UnusualNan,
            FIELD,
            vec![0xfa, 0x7f, 0xc0, 0, 0],
        ),
        (
            "NaN in eight bytes",
            "the only NaN is 0xf97e00",
            Kind::UnusualNan,
            FIELD,
            vec![0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
        ),
        (
            "NaN in eight bytes with a payload",
            "the only NaN is 0xf97e00",
            Kind::UnusualNan,
            FIELD,
            vec![0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1],
        ),
        (
            "bignum that fits 64 bits",
            "it is an integer",
            Kind::NonCanonicalBignum,
            FIELD,
            tag(2, &bytes(&[255; 8])),
        ),
        (
            "bignum without octets",
            "it is the integer 0",
            Kind::NonCanonicalBignum,
            FIELD,
            tag(2, &bytes(b"")),
        ),
        (
            "bignum with a leading zero",
            "bignums have no leading zeros",
            Kind::NonCanonicalBignum,
            FIELD,
            tag(2, &bytes(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
        ),
        (
            "negative bignum that fits 64 bits",
            "it is an integer",
            Kind::NonCanonicalBignum,
            FIELD,
            tag(3, &bytes(&[255; 8])),
        ),
        (
            "negative bignum with a leading zero",
            "bignums have no leading zeros",
            Kind::NonCanonicalBignum,
            FIELD,
            tag(3, &bytes(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
        ),
        (
            "bignum of text",
            "a bignum is a byte string",
            Kind::NonCanonicalBignum,
            FIELD,
            tag(2, &text("123456789")),
        ),
        (
            "text not UTF-8",
            "text is UTF-8",
            Kind::InvalidUtf8,
            FIELD,
            [head(3, 2), vec![0xc3, 0x28]].concat(),
        ),
        (
            "text with an overlong form",
            "UTF-8 has one form for each character",
            Kind::InvalidUtf8,
            FIELD,
            [head(3, 2), vec![0xc0, 0x80]].concat(),
        ),
        (
            "text with a surrogate",
            "surrogates are no characters",
            Kind::InvalidUtf8,
            FIELD,
            [head(3, 3), vec![0xed, 0xa0, 0x80]].concat(),
        ),
        (
            "text beyond U+10FFFF",
            "there is no such character",
            Kind::InvalidUtf8,
            FIELD,
            [head(3, 4), vec![0xf4, 0x90, 0x80, 0x80]].concat(),
        ),
        (
            "text in chunks",
            "indefinite lengths are not deterministic",
            Kind::IndefiniteLength,
            FIELD,
            vec![0x7f, 0x61, b'a', 0xff],
        ),
        (
            "byte string in chunks",
            "indefinite lengths are not deterministic",
            Kind::IndefiniteLength,
            FIELD,
            vec![0x5f, 0x41, 0, 0xff],
        ),
        (
            "array of indefinite length",
            "indefinite lengths are not deterministic",
            Kind::IndefiniteLength,
            FIELD,
            vec![0x9f, 0xff],
        ),
        (
            "map of indefinite length",
            "indefinite lengths are not deterministic",
            Kind::IndefiniteLength,
            FIELD,
            vec![0xbf, 0xff],
        ),
        (
            "simple value 20 in two bytes",
            "a simple value below 32 in two bytes is not well-formed",
            Kind::NotWellFormed,
            FIELD,
            vec![0xf8, 20],
        ),
        (
            "simple value 31 in two bytes",
            "a simple value below 32 in two bytes is not well-formed",
            Kind::NotWellFormed,
            FIELD,
            vec![0xf8, 31],
        ),
        (
            "reserved additional information",
            "additional information 28 to 30 is reserved",
            Kind::NotWellFormed,
            FIELD,
            vec![0x1c],
        ),
        (
            "reserved simple value",
            "additional information 28 to 30 is reserved",
            Kind::NotWellFormed,
            FIELD,
            vec![0xfc],
        ),
        (
            "a break alone",
            "a break ends an indefinite length, of which there are none",
            Kind::NotWellFormed,
            FIELD,
            vec![0xff],
        ),
        (
            "nested map key true",
            "keys inside values are integers, text or byte strings",
            Kind::MapKeyType,
            FIELD,
            map(&[(vec![0xf5], unsigned(0))]),
        ),
        (
            "nested map key an array",
            "keys inside values are integers, text or byte strings",
            Kind::MapKeyType,
            FIELD,
            map(&[(array(&[]), unsigned(0))]),
        ),
        (
            "nested map key a float",
            "keys inside values are integers, text or byte strings",
            Kind::MapKeyType,
            "extensions[1000][0]",
            array(&[map(&[(vec![0xf9, 0x3c, 0], unsigned(0))])]),
        ),
        (
            "nested map keys out of order",
            "keys are sorted at every level",
            Kind::UnsortedMapKeys,
            "extensions[1000][1]",
            map(&[(unsigned(2), unsigned(0)), (unsigned(1), unsigned(0))]),
        ),
        (
            "nested map keys in the order of RFC 7049",
            "keys are sorted bytewise at every level",
            Kind::UnsortedMapKeys,
            "extensions[1000][24]",
            map(&[(head(1, 0), unsigned(0)), (unsigned(24), unsigned(0))]),
        ),
        (
            "nested map key twice",
            "keys occur once at every level",
            Kind::DuplicateMapKey,
            "extensions[1000][h'61']",
            map(&[(bytes(b"a"), unsigned(0)), (bytes(b"a"), unsigned(0))]),
        ),
        (
            "nested map key 2^53",
            "integer keys lie within 2^53-1 at every level",
            Kind::MapKeyRange,
            "extensions[1000][9007199254740992]",
            map(&[(unsigned(1 << 53), unsigned(0))]),
        ),
        (
            "array at level 5",
            "the extensions map is level 1; tags, maps and arrays stand at level 4 at most",
            Kind::ExtensionsTooDeep,
            "extensions[1000][0][0][0]",
            nested_arrays(4),
        ),
        (
            "map at level 5",
            "the extensions map is level 1; tags, maps and arrays stand at level 4 at most",
            Kind::ExtensionsTooDeep,
            "extensions[1000][0][0][0]",
            array(&[array(&[array(&[map(&[])])])]),
        ),
        (
            "tag at level 5",
            "the extensions map is level 1; tags, maps and arrays stand at level 4 at most",
            Kind::ExtensionsTooDeep,
            "extensions[1000][0][0][0]",
            array(&[array(&[array(&[tag(1, &unsigned(0))])])]),
        ),
        (
            "array in tags at level 5",
            "a tag is a level of its own",
            Kind::ExtensionsTooDeep,
            FIELD,
            tag(100, &tag(100, &tag(100, &array(&[])))),
        ),
        (
            "array in maps at level 5",
            "a map's values are one level deeper than the map",
            Kind::ExtensionsTooDeep,
            "extensions[1000][1][1][1]",
            (0..3).fold(array(&[]), |inner, _| map(&[(unsigned(1), inner)])),
        ),
    ] {
        cases.add(
            &alloc::format!("extension value: {name}"),
            reason,
            kind,
            field,
            Raw::with_value(&value).encoded(),
        );
    }
}

fn parts(cases: &mut Cases) {
    let body = |items: &[Vec<u8>]| Raw::with_body(array(items)).encoded();
    let plain = || [unsigned(1), text(""), unsigned(1), text("text/plain"), bytes(b"")];
    let with = |index: usize, item: Vec<u8>| {
        let mut items = plain().to_vec();
        if let Some(place) = items.get_mut(index) {
            *place = item;
        }
        body(&items)
    };
    cases.add("body null", "the body is a part", AN_ARRAY, "body", Raw::with_body(NULL.into()).encoded());
    cases.add(
        "body a byte string",
        "the body is a part",
        AN_ARRAY,
        "body",
        Raw::with_body(bytes(b"hello")).encoded(),
    );
    cases.add(
        "body of indefinite length",
        "indefinite lengths are not deterministic",
        Kind::IndefiniteLength,
        "body",
        Raw::with_body([vec![0x9f], plain().concat(), vec![0xff]].concat()).encoded(),
    );
    for (name, expected_items, found, encoded) in [
        ("part of 2 items", 3, 2, body(&[unsigned(1), text("")])),
        ("null part of 4 items", 3, 4, body(&[unsigned(1), text(""), unsigned(0), NULL.into()])),
        ("single part of 4 items", 5, 4, body(&plain().into_iter().take(4).collect::<Vec<_>>())),
        ("single part of 6 items", 5, 6, body(&[&plain()[..], &[NULL.into()]].concat())),
        ("multipart of 4 items", 5, 4, body(&[unsigned(1), text(""), unsigned(3), unsigned(0)])),
    ] {
        let kind = Kind::ArrayLength { expected: expected_items, found };
        cases.add(name, "a part has 3, 5, 15 or 5 items by its cardinality", kind, "body", encoded);
    }
    cases.add(
        "disposition 256",
        "a disposition has 8 bits",
        Kind::IntegerRange { max: 255, found: 256 },
        "body.disposition",
        with(0, unsigned(256)),
    );
    cases.add(
        "disposition -1",
        "a disposition is unsigned",
        AN_UNSIGNED_INTEGER,
        "body.disposition",
        with(0, head(1, 0)),
    );
    cases.add(
        "disposition as text",
        "a disposition is a number",
        AN_UNSIGNED_INTEGER,
        "body.disposition",
        with(0, text("render")),
    );
    cases.add(
        "disposition too wide",
        "the integer has a shorter form",
        Kind::NotShortest,
        "body.disposition",
        with(0, vec![0x18, 1]),
    );
    cases.add("language null", "no language is empty text", TEXT, "body.language", with(1, NULL.into()));
    cases.add(
        "language not UTF-8",
        "text is UTF-8",
        Kind::InvalidUtf8,
        "body.language",
        with(1, [head(3, 1), vec![0xff]].concat()),
    );
    cases.add(
        "cardinality 4",
        "there are the cardinalities 0 to 3",
        Kind::UnknownCardinality { found: 4 },
        "body.cardinality",
        with(2, unsigned(4)),
    );
    cases.add(
        "cardinality as text",
        "a cardinality is a number",
        AN_UNSIGNED_INTEGER,
        "body.cardinality",
        with(2, text("single")),
    );
    cases.add(
        "content type a byte string",
        "a content type is text",
        TEXT,
        "body.content_type",
        with(3, bytes(b"text/plain")),
    );
    cases.add(
        "content type not UTF-8",
        "text is UTF-8",
        Kind::InvalidUtf8,
        "body.content_type",
        with(3, [head(3, 1), vec![0x80]].concat()),
    );
    cases.add(
        "content as text",
        "content is a byte string",
        A_BYTE_STRING,
        "body.content",
        with(4, text("hello")),
    );
    cases.add(
        "content in chunks",
        "indefinite lengths are not deterministic",
        Kind::IndefiniteLength,
        "body.content",
        with(4, [vec![0x5f], bytes(b"hel"), bytes(b"lo"), vec![0xff]].concat()),
    );
}

fn external_parts(cases: &mut Cases) {
    let with = |index, item: Vec<u8>| Raw::with_body(external_with(index, &item)).encoded();
    let mut fourteen = external_items();
    fourteen.pop();
    cases.add(
        "external part of 14 items",
        "a part has 3, 5, 15 or 5 items by its cardinality",
        Kind::ArrayLength { expected: 15, found: 14 },
        "body",
        Raw::with_body(part(&fourteen)).encoded(),
    );
    for (name, field, index) in [
        ("content type", "body.content_type", 1),
        ("url", "body.url", 2),
        ("description", "body.description", 11),
        ("filename", "body.filename", 12),
    ] {
        cases.add(
            &alloc::format!("external part: {name} null"),
            "it is text",
            TEXT,
            field,
            with(index, NULL.into()),
        );
        cases.add(
            &alloc::format!("external part: {name} not UTF-8"),
            "text is UTF-8",
            Kind::InvalidUtf8,
            field,
            with(index, [head(3, 2), vec![0xe2, 0x82]].concat()),
        );
    }
    cases.add(
        "external part: url tagged",
        "the URL is untagged text",
        TEXT,
        "body.url",
        with(2, tag(32, &text("https://a.example/f/1"))),
    );
    for (name, field, index, bits) in [
        ("expires", "body.expires", 3, 32_u32),
        ("enc_alg", "body.enc_alg", 5, 16),
        ("hash_alg", "body.hash_alg", 9, 8),
    ] {
        let max = (1_u64 << bits).saturating_sub(1);
        cases.add(
            &alloc::format!("external part: {name} of more than {bits} bits"),
            &alloc::format!("it has {bits} bits"),
            Kind::IntegerRange { max, found: 1 << bits },
            field,
            with(index, unsigned(1 << bits)),
        );
    }
    cases.add(
        "external part: size a bignum",
        "the size has 64 bits",
        AN_UNSIGNED_INTEGER,
        "body.size",
        with(4, tag(2, &bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 0]))),
    );
    cases.add(
        "external part: size -1",
        "the size is unsigned",
        AN_UNSIGNED_INTEGER,
        "body.size",
        with(4, head(1, 0)),
    );
    cases.add(
        "external part: size too wide",
        "the integer has a shorter form",
        Kind::NotShortest,
        "body.size",
        with(4, vec![0x1b, 0, 0, 0, 0, 255, 255, 255, 255]),
    );
    for (name, field, index) in [
        ("key", "body.key", 6),
        ("nonce", "body.nonce", 7),
        ("aad", "body.aad", 8),
        ("content_hash", "body.content_hash", 10),
    ] {
        cases.add(
            &alloc::format!("external part: {name} null"),
            "an absent one is an empty byte string",
            A_BYTE_STRING,
            field,
            with(index, NULL.into()),
        );
    }
}

fn multiparts(cases: &mut Cases) {
    let body = |body: Vec<u8>| Raw::with_body(body).encoded();
    let with_semantics =
        |semantics: Vec<u8>| body(part(&[unsigned(3), semantics, array(&[null_part(), null_part()])]));
    cases.add(
        "part semantics 3",
        "there are chooseOne (0), singleUnit (1) and processAll (2)",
        Kind::UnknownPartSemantics { found: 3 },
        "body.semantics",
        with_semantics(unsigned(3)),
    );
    cases.add(
        "part semantics null",
        "part semantics are a number",
        AN_UNSIGNED_INTEGER,
        "body.semantics",
        with_semantics(NULL.into()),
    );
    for count in [0, 1] {
        cases.add(
            &alloc::format!("multipart of {count} parts"),
            "a multipart has at least two parts",
            Kind::TooFewParts { found: count as u64 },
            "body.parts",
            body(multi(&vec![single(b"hello"); count])),
        );
    }
    cases.add(
        "parts without their array",
        "the parts are an array",
        AN_ARRAY,
        "body.parts",
        body(part(&[unsigned(3), unsigned(0), unsigned(0)])),
    );
    cases.add(
        "parts of indefinite length",
        "indefinite lengths are not deterministic",
        Kind::IndefiniteLength,
        "body.parts",
        body(part(&[unsigned(3), unsigned(0), [vec![0x9f], null_part(), null_part(), vec![0xff]].concat()])),
    );
    cases.add(
        "parts at level 5",
        "the body is level 1; parts stand at level 4 at most",
        Kind::PartsTooDeep,
        "body.parts[1].parts[1].parts[1].parts[0]",
        body(multi_levels(5)),
    );
    cases.add(
        "1025 parts",
        "a message has at most 1024 parts, the body included",
        Kind::TooManyParts,
        "body.parts",
        body(multi(&vec![null_part(); 1024])),
    );
    let hundred = multi(&vec![null_part(); 99]);
    cases.add(
        "1025 parts in several multiparts",
        "a message has at most 1024 parts at all levels together",
        Kind::TooManyParts,
        "body.parts[10].parts",
        body(multi(&[vec![hundred; 10], vec![multi(&vec![null_part(); 23])]].concat())),
    );
    cases.add(
        "damage in a nested part",
        "a disposition has 8 bits",
        Kind::IntegerRange { max: 255, found: 300 },
        "body.parts[1].parts[0].disposition",
        body(multi(&[null_part(), multi(&[array(&[unsigned(300), text(""), unsigned(0)]), null_part()])])),
    );
}

fn bombs(cases: &mut Cases) {
    const CLAIM: u64 = 1 << 40;
    let reason = "the document holds fewer bytes than it declares; nothing is allocated for them";
    let topic_id = |topic_id: Vec<u8>| Raw { topic_id, ..Raw::default() }.encoded();
    for (name, length) in [("2^40", CLAIM), ("2^64-1", u64::MAX)] {
        cases.add(
            &alloc::format!("topic_id that declares {name} octets"),
            reason,
            Kind::Truncated,
            "topic_id",
            topic_id(head(2, length)),
        );
        cases.add(
            &alloc::format!("extensions that declare {name} entries"),
            reason,
            Kind::Truncated,
            "extensions",
            Raw { extensions: head(5, length), ..Raw::default() }.encoded(),
        );
        cases.add(
            &alloc::format!("extension value that declares {name} items"),
            reason,
            Kind::Truncated,
            "extensions[1000]",
            Raw::with_value(&head(4, length)).encoded(),
        );
        cases.add(
            &alloc::format!("language that declares {name} octets"),
            reason,
            Kind::Truncated,
            "body.language",
            Raw::with_body([head(4, 3), unsigned(1), head(3, length)].concat()).encoded(),
        );
    }
    cases.add(
        "multipart that declares 2^40 parts",
        reason,
        Kind::Truncated,
        "body.parts",
        Raw::with_body(part(&[unsigned(3), unsigned(2), head(4, CLAIM)])).encoded(),
    );
    cases.add(
        "bomb of 2000 arrays in an extension",
        "it is refused at level 5, before it exhausts the stack",
        Kind::ExtensionsTooDeep,
        "extensions[1000][0][0][0]",
        Raw::with_value(&nested_arrays(2000)).encoded(),
    );
    cases.add(
        "bomb of 200 multiparts",
        "it is refused at level 5, before it exhausts the stack",
        Kind::PartsTooDeep,
        "body.parts[1].parts[1].parts[1].parts[0]",
        Raw::with_body(multi_levels(200)).encoded(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::{String, ToString};
    use mimi_content::MimiContent;

    #[test]
    fn refuses_each_case_for_its_reason() {
        let mut others = Vec::new();
        for Invalid { case, expected: (kind, field), encoded } in cases() {
            let found = MimiContent::decode(&encoded);
            if !found.as_ref().is_err_and(|error| *error.kind() == kind && error.path().to_string() == field)
            {
                others.push(format!("{} {kind:?} {field} {found:?}", case.name()));
            }
        }
        assert!(others.is_empty(), "{others:#?}");
    }

    #[test]
    fn has_a_case_for_every_refusal_rule() {
        let name = |kind: &Kind| -> String {
            format!("{kind:?}").chars().take_while(|character| character.is_alphanumeric()).collect()
        };
        let covered: BTreeSet<_> = cases().iter().map(|invalid| name(&invalid.expected.0)).collect();
        let rules = [
            "ArrayLength",
            "ByteLength",
            "DuplicateMapKey",
            "ExtensionKeyLength",
            "ExtensionsTooDeep",
            "IndefiniteLength",
            "IntegerRange",
            "InvalidUtf8",
            "MapKeyRange",
            "MapKeyType",
            "NonCanonicalBignum",
            "NotShortest",
            "NotWellFormed",
            "PartsTooDeep",
            "TooFewParts",
            "TooManyParts",
            "TopicIdTooLong",
            "TrailingBytes",
            "Truncated",
            "UnexpectedType",
            "UnknownCardinality",
            "UnknownPartSemantics",
            "UnsortedMapKeys",
            "UnusualNan",
        ];
        assert_eq!(covered.iter().map(String::as_str).collect::<Vec<_>>(), rules);
    }

    #[test]
    fn differs_from_a_valid_message_only_where_it_says() {
        MimiContent::decode(&Raw::default().encoded()).unwrap();
        MimiContent::decode(&Raw::with_value(&unsigned(0)).encoded()).unwrap();
        MimiContent::decode(&Raw::with_body(part(&external_items())).encoded()).unwrap();
        MimiContent::decode(&Raw::with_body(multi_levels(4)).encoded()).unwrap();
        MimiContent::decode(&Raw::with_value(&nested_arrays(3)).encoded()).unwrap();
    }
}
