//! The flags of the kind `message-id-aad`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Messages whose authenticated data states their ID, or none.",
        bug: "Where the ID is, and of what it is.",
        section: "mimi-msgid-aad-02 §3",
        readings: &["N1"],
        of: |case| case.valid,
    },
    Flag {
        name: "OtherMessage",
        about: "The ID of another message.",
        bug: "A member attributes a message to another sender or room.",
        section: "mimi-msgid-aad-02 §3",
        readings: &[],
        of: |case| case.because(&["another", "other"]) || case.has(&["another"]),
    },
    Flag {
        name: "IdLength",
        about: "An ID with a length in front, without its last byte, or empty.",
        bug: "The ID is compared in part, or nothing is compared.",
        section: "mimi-msgid-aad-02 §3",
        readings: &["N1"],
        of: |case| case.has(&["length in front", "last byte", "empty ID"]),
    },
    Flag {
        name: "TrailingData",
        about: "A byte follows the SafeAAD.",
        bug: "A decoder ignores what follows.",
        section: "mls-extensions-10 §4.9",
        readings: &[],
        of: |case| case.has(&["byte behind"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "mimi-msgid-aad-02 §3",
        readings: &[],
        of: |case| case.has(&["mistake: "]),
    },
];
