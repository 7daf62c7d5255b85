//! The flags of the kind `wire`.

use crate::generate::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Pseudorandom",
        about: "Drawn from the seed: valid in the presentation language, without a meaning. Identifiers, suites, keys and signatures are random.",
        bug: "Layout, lengths and selects. An implementation that checks more than layout may refuse these.",
        section: "RFC 9420 §2.1",
        readings: &[],
        of: |case| case.valid && case.is_numbered(),
    },
    Flag {
        name: "Document",
        about: "A document in CBOR.",
        bug: "Whatever the kinds of these documents do not have.",
        section: "mimi-content-09 §4",
        readings: &[],
        of: |case| case.begins(&["MimiContent", "MessageStatusReport", "MessageDerivedValues"]),
    },
    Flag {
        name: "TrailingData",
        about: "A byte follows the value.",
        bug: "A decoder ignores what follows.",
        section: "RFC 9420 §2.1",
        readings: &[],
        of: |case| case.has(&["with a byte behind it"]),
    },
    Flag {
        name: "Truncated",
        about: "The value is cut off.",
        bug: "A decoder reads past the end.",
        section: "RFC 9420 §2.1",
        readings: &[],
        of: |case| case.has(&["without its last byte", "cut off", "ends inside"]),
    },
    Flag {
        name: "NonMinimalLength",
        about: "A length that has a shorter form.",
        bug: "A decoder accepts several encodings of one value, so that hashes differ.",
        section: "RFC 9420 §2.1.2",
        readings: &["C1"],
        of: |case| case.because(&["shorter form"]),
    },
    Flag {
        name: "ResourceExhaustion",
        about: "A length that exceeds the input.",
        bug: "A decoder allocates what is declared.",
        section: "RFC 9420 §2.1.2",
        readings: &[],
        of: |case| case.because(&["exceeds the input"]),
    },
    Flag {
        name: "NonCanonicalByte",
        about: "A presence byte or bool that is neither 0 nor 1, or a reserved prefix of a length.",
        bug: "A decoder takes any byte but 0 for true.",
        section: "RFC 9420 §2.1",
        readings: &["C2"],
        of: |case| case.because(&["is 0 or 1", "highest bits"]),
    },
    Flag {
        name: "ClosedEnum",
        about: "A number whose layout is not known.",
        bug: "A decoder guesses the layout of what it does not know.",
        section: "RFC 9420 §5.3",
        readings: &["C34"],
        of: |case| case.because(&["whose layout"]),
    },
    Flag {
        name: "Ordering",
        about: "Entries out of order, twice, or in the wrong place.",
        bug: "Two encodings of one value are accepted.",
        section: "mls-extensions-10 §4",
        readings: &["C37", "C38"],
        of: |case| {
            case.because(&[
                "ascend",
                "occurs once",
                "trailing blanks",
                "stand at even",
                "not less than",
                "at least one",
                "names differ",
                "prefix",
            ])
        },
    },
    Flag {
        name: "Constraint",
        about: "A rule that the layout does not show.",
        bug: "Only the layout is checked.",
        section: "mls-extensions-10 §4",
        readings: &["C39", "C40", "C43"],
        of: |case| {
            case.because(&[
                "base label",
                "NUL",
                "text is",
                "without ratchet_tree",
                "pair",
                "prefix",
                "handshakes only",
                "follow four",
                "type/subtype",
                "names differ",
            ])
        },
    },
];
