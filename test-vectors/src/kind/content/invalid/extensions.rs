//! The extensions: the map, its keys and its values.

use alloc::vec;
use alloc::vec::Vec;

use super::{Cases, Kind, TEXT, expected};
use crate::cbor::{array, bytes, head, map, tag, text, unsigned};
use crate::kind::content::raw::{NULL, Raw, nested_arrays};

pub(super) fn add_to(cases: &mut Cases) {
    keys(cases);
    values(cases);
}

fn keys(cases: &mut Cases) {
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

fn values(cases: &mut Cases) {
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
