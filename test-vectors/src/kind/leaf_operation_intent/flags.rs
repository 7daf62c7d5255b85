//! The flags of the kind `leaf-operation-intent`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Intents to leave, of one client and of all clients of a user.",
        bug: "Layout, reference and signature of an intent.",
        section: "leaf-operation-intents §2",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "Replay",
        about: "An intent of another group or leaf, or of a leaf that has changed.",
        bug: "An intent is used for what its signer did not mean.",
        section: "leaf-operation-intents §2",
        readings: &["N7"],
        of: |case| case.has(&["another group", "another leaf", "has changed", "blank leaf"]),
    },
    Flag {
        name: "Signature",
        about: "What is signed, or by whom, is another.",
        bug: "The signature is not verified, or not over all fields.",
        section: "leaf-operation-intents §2",
        readings: &[],
        of: |case| case.has(&["removal mode", "another label", "another key"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "leaf-operation-intents §2",
        readings: &["N7"],
        of: |case| case.has(&["mistake: "]),
    },
    Flag {
        name: "PostQuantum",
        about: "A suite with a post-quantum KEM.",
        bug: "HPKE, keys or hashes of a hybrid or ML-KEM suite.",
        section: "mls-pq-ciphersuites-06 §3",
        readings: &["X22"],
        of: |case| case.has(&["suite 79", "suite 78", "suite 61603", "suite 82"]),
    },
];
