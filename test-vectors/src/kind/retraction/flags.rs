//! The flags of the kind `retraction`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Commits that retract messages.",
        bug: "What is retracted, and what not.",
        section: "hub-retracted-messages-00 §3",
        readings: &["T48"],
        of: |case| case.valid,
    },
    Flag {
        name: "Right",
        about: "Retractions with and without the right to them.",
        bug: "A retraction counts without its capability.",
        section: "hub-retracted-messages-00 §3",
        readings: &["D61"],
        of: |case| case.has(&["right"]),
    },
    Flag {
        name: "Range",
        about: "All messages of a sender from a time on.",
        bug: "The boundary belongs to the wrong side; another sender's messages are retracted.",
        section: "hub-retracted-messages-00 §3.2",
        readings: &["N2", "N3"],
        of: |case| case.has(&["range", "from a time", "all of a sender"]),
    },
    Flag {
        name: "FirstDecision",
        about: "Several retractions of one message.",
        bug: "The reason that holds depends on the order of arrival.",
        section: "hub-retracted-messages-00 §3",
        readings: &[],
        of: |case| case.has(&["first decision", "different reasons"]),
    },
    Flag {
        name: "Spelling",
        about: "A sender in another spelling.",
        bug: "One user counts as two.",
        section: "hub-retracted-messages-00 §3.2",
        readings: &["N3"],
        of: |case| case.has(&["another spelling"]),
    },
    Flag {
        name: "Malformed",
        about: "Bytes that do not decode, or under the wrong component.",
        bug: "A decoder ignores what follows, or reads one struct as another.",
        section: "hub-retracted-messages-00 §3",
        readings: &[],
        of: |case| case.has(&["byte behind", "last byte", "in the component of"]),
    },
];
