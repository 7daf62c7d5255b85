//! The document as a whole, and its fields of fixed types.

use alloc::vec;
use alloc::vec::Vec;

use super::{A_BYTE_STRING, AN_ARRAY, AN_UNSIGNED_INTEGER, Cases, Kind, expected};
use crate::cbor::{array, bytes, head, map, tag, text, unsigned};
use crate::kind::content::raw::{NULL, Raw};

pub(super) fn add_to(cases: &mut Cases) {
    document(cases);
    fixed_fields(cases);
}

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
