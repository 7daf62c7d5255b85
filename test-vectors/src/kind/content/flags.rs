//! The flags of the kind `content`.

use super::super::cbor_flags;
use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Ordinary messages: text, reply, edit, deletion, reaction, topic, attachment, conference.",
        bug: "The encoder or decoder of a whole message.",
        section: "mimi-content-09 §5",
        readings: &[],
        of: |case| {
            case.valid
                && case.begins(&[
                    "hello",
                    "reply",
                    "edit",
                    "delete",
                    "reaction",
                    "several reactions",
                    "topic",
                    "attachment",
                    "external part without",
                    "conference",
                ])
                && !case.has(&["octets"])
        },
    },
    Flag {
        name: "LengthBoundary",
        about: "Lengths, counts and numbers on both sides of a form of the CBOR head: 23 and 24, 255 and 256, 65535 and 65536, 2^32.",
        bug: "An encoder picks the wrong form at a boundary.",
        section: "mimi-content-09 §6.1",
        readings: &[],
        of: |case| {
            case.valid
                && (case.has(&["octets", " extensions", "2^5", "2^6"])
                    || case.begins(&[
                        "expires ",
                        "multipart of",
                        "external part of",
                        "1024 parts",
                        "extension key",
                        "extension value: array of",
                    ]))
        },
    },
    Flag {
        name: "PartStructure",
        about: "Multiparts, levels and references between parts.",
        bug: "Parts are counted or nested wrongly, or a reference resolves to another part.",
        section: "mimi-content-09 §4.4",
        readings: &["T1", "T9"],
        of: |case| {
            case.has(&[
                "multipart",
                "parts",
                "part that refers",
                "full tree",
                "part semantics",
                "level 4",
                "part of",
                "cardinality",
            ]) || case.begins(&["body"])
        },
    },
    Flag {
        name: "OpenRegistry",
        about: "Values that no registry lists, which are kept.",
        bug: "A decoder refuses or normalizes values that a later document may define.",
        section: "mimi-content-09 §4.4",
        readings: &["T10"],
        of: |case| {
            case.valid
                && (case.has(&["unknown", "every AEAD", "every hash", "another hash algorithm"])
                    || case.begins(&["disposition"]))
        },
    },
    Flag {
        name: "Language",
        about: "Language tags in their forms.",
        bug: "A decoder validates or rewrites languages.",
        section: "mimi-content-09 §4.4",
        readings: &["T12"],
        of: |case| case.begins(&["language", "null part in a language"]),
    },
    Flag {
        name: "Unicode",
        about: "Text in several scripts, with control characters and without normalization.",
        bug: "Text is normalized, cut or refused.",
        section: "mimi-content-09 §4.4",
        readings: &[],
        of: |case| {
            case.begins(&["Unicode"])
                || case.has(&["UTF-8", "beyond ASCII"])
                || case.because(&["UTF-8", "surrogates", "there is no such character"])
        },
    },
    Flag {
        name: "Extension",
        about: "Keys and values of the extensions map.",
        bug: "Extensions are dropped, sorted wrongly, or read as another type.",
        section: "mimi-content-09 §6.2",
        readings: &["T4", "T5"],
        of: |case| {
            case.has(&["extension"])
                || case.begins(&[
                    "senderTimestamp",
                    "externalMessageId",
                    "subject",
                    "lastSeen",
                    "av_metadata",
                    "every known",
                    "malformed",
                ])
        },
    },
    Flag {
        name: "KeyOrder",
        about: "Map keys out of order or twice.",
        bug: "A decoder sorts keys itself, or keeps the last of two.",
        section: "mimi-content-09 §6.1",
        readings: &["T21"],
        of: |case| case.because(&["keys are sorted", "keys occur once"]),
    },
    Flag {
        name: "FloatForm",
        about: "Floating-point numbers, with NaN in its one form.",
        bug: "A decoder takes another form of a number, or several NaNs.",
        section: "mimi-content-09 §6.1",
        readings: &["T6"],
        of: |case| case.has(&["float", "NaN", "infinities", "zeros"]),
    },
    Flag {
        name: "Bignum",
        about: "Integers beyond 64 bits.",
        bug: "A bignum is accepted where an integer or a shorter bignum is the one form.",
        section: "mimi-content-09 §6.1",
        readings: &["T7"],
        of: |case| case.has(&["bignum"]),
    },
    Flag {
        name: "SimpleValue",
        about: "Simple values and what is not well-formed CBOR.",
        bug: "A general CBOR library accepts reserved or two-byte simple values.",
        section: "mimi-content-09 §6",
        readings: &["T8"],
        of: |case| {
            case.has(&["simple", "reserved", "false, true", "false in two bytes"])
                || case.because(&["not well-formed", "is reserved"])
        },
    },
    Flag {
        name: "DepthLimit",
        about: "Nesting of parts and of extensions at the limit of four levels, and one beyond.",
        bug: "Levels are counted from another place.",
        section: "mimi-content-09 §6.3",
        readings: &["T1", "T2"],
        of: |case| case.has(&["level 4", "level 5", "4 levels", "bomb"]) || case.because(&["at all levels"]),
    },
    Flag {
        name: "CountLimit",
        about: "1024 parts, and one more.",
        bug: "Only the parts of one multipart are counted.",
        section: "mimi-content-09 §9.1",
        readings: &["T9"],
        of: |case| case.has(&["1024 parts", "1025 parts"]),
    },
    Flag {
        name: "OddButValid",
        about: "Messages that decode and are odd: a malformed known extension, a key without an algorithm, a null part without `replaces`.",
        bug: "A decoder refuses what a client may only complain about.",
        section: "mimi-content-09 §9.1",
        readings: &["T11", "T13", "T14", "T16", "T25"],
        of: |case| {
            case.valid
                && case.begins(&[
                    "malformed",
                    "key without",
                    "message ID of another",
                    "null part",
                    "reserved extension key",
                    "unknown content",
                    "language: malformed",
                ])
        },
    },
    Flag {
        name: "MessageId",
        about: "Sender and room whose boundary, length or script matters to the message ID.",
        bug: "The lengths before the URIs are left out, or count characters.",
        section: "mimi-content-09 §3.3",
        readings: &["T15"],
        of: |case| case.valid && (case.has(&["boundary between"]) || case.begins(&["no URIs", "URIs"])),
    },
    Flag {
        name: "MapKeyType",
        about: "Keys of a type that a map may not have.",
        bug: "A general CBOR library hands on keys of any type.",
        section: "mimi-content-09 §6.2",
        readings: &["T5"],
        of: |case| case.because(&["key is an integer or text", "keys inside values"]),
    },
    Flag {
        name: "NestedDamage",
        about: "The error is below the first level.",
        bug: "Only the outer level is checked.",
        section: "mimi-content-09 §4.4",
        readings: &[],
        of: |case| case.begins(&["damage in a nested part", "extension value: nested"]),
    },
    Flag {
        name: "Pseudorandom",
        about: "Drawn from the seed, without a meaning.",
        bug: "Whatever the other cases miss.",
        section: "mimi-content-09 §4",
        readings: &[],
        of: |case| case.begins(&["random "]),
    },
    cbor_flags::TRUNCATED,
    cbor_flags::trailing_data("mimi-content-09 §4"),
    cbor_flags::NON_MINIMAL_HEAD,
    cbor_flags::INDEFINITE_LENGTH,
    cbor_flags::wrong_type("mimi-content-09 §4"),
    cbor_flags::wrong_length("mimi-content-09 §4"),
    Flag {
        name: "OutOfRange",
        about: "A number beyond the field's bits or its registry of closed values.",
        bug: "A decoder truncates numbers or takes negative ones.",
        section: "mimi-content-09 §4",
        readings: &[],
        of: |case| {
            case.because(&[
                "has 8 bits",
                "has 16 bits",
                "has 32 bits",
                "has 64 bits",
                "is unsigned",
                "2^53-1",
                "cardinalities",
                "chooseOne (0)",
            ])
        },
    },
    cbor_flags::RESOURCE_EXHAUSTION,
];
