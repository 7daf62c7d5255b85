//! The flags of the kind `virtual-client`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Derivations from an epoch of an emulation group.",
        bug: "The formulas.",
        section: "virtual-clients §6.2",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "SecretLength",
        about: "A secret of another length than KDF.Nh.",
        bug: "HMAC pads its key, so that a missing byte goes unnoticed.",
        section: "RFC 9420 §8",
        readings: &["X4"],
        of: |case| case.has(&["byte short"]),
    },
    Flag {
        name: "OperationTree",
        about: "Operations twice, beyond the tree, too far ahead, or of another type or context.",
        bug: "Two emulator clients use one secret, or a client computes without bound.",
        section: "virtual-clients §6.2",
        readings: &["N5"],
        of: |case| {
            case.has(&["a generation twice", "beyond the tree", "too far ahead", "an operation "])
                || !case.valid && case.has(&[" leaves"])
        },
    },
    Flag {
        name: "DerivationInfo",
        about: "What other emulator clients learn of a LeafNode.",
        bug: "Another LeafNode's keys are derived.",
        section: "virtual-clients §6.3",
        readings: &[],
        of: |case| case.has(&["derivation info"]),
    },
    Flag {
        name: "ReuseGuard",
        about: "Reuse guards, the PRP below them, and IDs of generations.",
        bug: "Two emulator clients use one nonce.",
        section: "virtual-clients §6.5",
        readings: &["N4"],
        of: |case| case.has(&["reuse guard", "PRP", "generation ID"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "virtual-clients §6.5",
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
