//! Body parts of all kinds.

use alloc::vec;
use alloc::vec::Vec;

use super::{A_BYTE_STRING, AN_ARRAY, AN_UNSIGNED_INTEGER, Cases, Kind, TEXT};
use crate::cbor::{array, bytes, head, tag, text, unsigned};
use crate::kind::content::raw::{
    NULL, Raw, external_items, external_with, multi, multi_levels, null_part, part, single,
};

pub(super) fn add_to(cases: &mut Cases) {
    nested_parts(cases);
    external_parts(cases);
    multiparts(cases);
}

fn nested_parts(cases: &mut Cases) {
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
