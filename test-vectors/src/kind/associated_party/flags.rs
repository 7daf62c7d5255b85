//! The flags of the kind `associated-party`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "KeySchedule",
        about: "The secrets of an epoch, from ap_secret to the franking secrets.",
        bug: "A step of the key schedule.",
        section: "mls-associated-parties-01 §4",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "LaterEpoch",
        about: "A second epoch, and one after an external commit, whose previous init secret is zeros.",
        bug: "The init secret is not carried on, or not reset.",
        section: "mls-associated-parties-01 §5",
        readings: &["X14", "X15"],
        of: |case| case.has(&["second epoch", "external commit"]),
    },
    Flag {
        name: "NoKeys",
        about: "Without the keys of the party or the sender.",
        bug: "A verifier insists on optional members.",
        section: "mls-associated-parties-01 §3",
        readings: &[],
        of: |case| case.has(&["without keys"]),
    },
    Flag {
        name: "EntrySignature",
        about: "The entry is signed under another label or key, or over other fields.",
        bug: "The signature of an entry is not checked as it is defined.",
        section: "mls-associated-parties-01 §3",
        readings: &["X9"],
        of: |case| case.has(&["entry signed", "entry whose signature", "entry with another"]),
    },
    Flag {
        name: "WrongDerivation",
        about: "A secret was derived from another input or under another label.",
        bug: "The step that the name says.",
        section: "mls-associated-parties-01 §4",
        readings: &[],
        of: |case| {
            !case.valid && !case.has(&["entry", "sealed", "private key", "zero byte", "no bytes"])
                || case.has(&["base secret from the entry"])
        },
    },
    Flag {
        name: "WrongSealing",
        about: "The base secret is sealed in another context, under another label, or to another key.",
        bug: "The context of the encryption.",
        section: "mls-associated-parties-01 §4.2",
        readings: &["X16"],
        of: |case| !case.valid && case.has(&["sealed", "private key of another"]),
    },
    Flag {
        name: "SecretLength",
        about: "A secret of another length than KDF.Nh.",
        bug: "HMAC pads its key, so that a zero byte goes unnoticed.",
        section: "RFC 9420 §8",
        readings: &["X4"],
        of: |case| case.has(&["zero byte behind it", "of no bytes"]),
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
