//! The flags of the kind `connection`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Both messages, with a basic credential and an X.509 chain.",
        bug: "Labels, contexts and layout.",
        section: "mimi-metadata-minimalization-02 §5",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "Spelling",
        about: "A URI in another spelling than its normal form.",
        bug: "Two spellings of one user count as two users.",
        section: "mimi-protocol-06 §3",
        readings: &["C19"],
        of: |case| case.has(&["another spelling"]),
    },
    Flag {
        name: "WrongRecipient",
        about: "Sealed for another responder or to another key.",
        bug: "A request is forwarded to another user.",
        section: "mimi-metadata-minimalization-02 §5",
        readings: &[],
        of: |case| case.has(&["for another", "to another key"]),
    },
    Flag {
        name: "WrongSealing",
        about: "Sealed under another label or in another context, or changed.",
        bug: "Label and context of the encryption.",
        section: "mimi-metadata-minimalization-02 §5",
        readings: &[],
        of: |case| case.has(&["under the label", "length-prefixed", "request changed", "response changed"]),
    },
    Flag {
        name: "TrailingData",
        about: "A byte follows the struct that was sealed.",
        bug: "A decoder ignores what follows.",
        section: "mimi-metadata-minimalization-02 §5",
        readings: &[],
        of: |case| case.has(&["byte behind"]),
    },
    Flag {
        name: "SecretLength",
        about: "A secret of another length than KDF.Nh.",
        bug: "HMAC pads its key, so that a zero byte goes unnoticed.",
        section: "RFC 9420 §8",
        readings: &["X4"],
        of: |case| case.has(&["zero behind it", "one byte short"]),
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
