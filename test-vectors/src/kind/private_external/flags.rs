//! The flags of the kind `private-external`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "External proposals of a client and of a server.",
        bug: "Keys, labels and layout of a sealed external message.",
        section: "private-external-01 §3",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "SecretLength",
        about: "A secret of another length than KDF.Nh.",
        bug: "HMAC pads its key, so that an additional byte goes unnoticed.",
        section: "RFC 9420 §8",
        readings: &["X4"],
        of: |case| case.has(&["one byte long"]),
    },
    Flag {
        name: "WrongKey",
        about: "Another private key, root key or suite than the epoch's.",
        bug: "A member opens what was sealed for another group or epoch.",
        section: "private-external-01 §3.1",
        readings: &[],
        of: |case| case.has(&["another private key", "another root key", "another suite", "epoch before"]),
    },
    Flag {
        name: "WrongSealing",
        about: "Sealed under another label or in another context.",
        bug: "Label and context of the encryption.",
        section: "private-external-01 §3.3",
        readings: &["N8"],
        of: |case| case.has(&["another label", "as the context", "is sealed"]),
    },
    Flag {
        name: "OuterFields",
        about: "What the outside says differs from what is inside.",
        bug: "A hub or member routes by fields that are not authenticated.",
        section: "private-external-01 §3.4",
        readings: &[],
        of: |case| case.has(&["outside"]),
    },
    Flag {
        name: "InnerMessage",
        about: "What is sealed is not an external message of this epoch.",
        bug: "A sealed message is taken for one of a member, or of another epoch.",
        section: "private-external-01 §3.4",
        readings: &["N8"],
        of: |case| case.has(&["inside", "byte behind"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "private-external-01 §3",
        readings: &[],
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
