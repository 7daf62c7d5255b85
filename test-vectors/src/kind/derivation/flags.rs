//! The flags of the kind `derivation`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Salts, franking keys, exported secrets, signatures and seals that hold.",
        bug: "The formulas.",
        section: "mls-extensions-10 §4",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "Salt",
        about: "The salt of a message from a secret and a nonce.",
        bug: "Key and input of the HMAC are swapped, or the wrong bytes are kept.",
        section: "mimi-content-09 §9.2",
        readings: &["T22"],
        of: |case| case.begins(&["salt:"]),
    },
    Flag {
        name: "FrankingKey",
        about: "The franking key of revision 02 from a secret and a nonce.",
        bug: "Key and input of the HMAC are swapped.",
        section: "mimi-protocol-02 §8.1.1",
        readings: &[],
        of: |case| case.begins(&["franking_key:"]),
    },
    Flag {
        name: "ExporterTree",
        about: "Secrets of components from the exporter tree.",
        bug: "The way down the tree; a secret that is given out twice.",
        section: "mls-extensions-10 §4.4",
        readings: &[],
        of: |case| case.member_is("what", "\"exporter_tree\""),
    },
    Flag {
        name: "ComponentSignature",
        about: "Signatures of a component.",
        bug: "A signature counts for another component or label.",
        section: "mls-extensions-10 §4.3",
        readings: &[],
        of: |case| case.member_is("what", "\"component_signature\""),
    },
    Flag {
        name: "ComponentSeal",
        about: "HPKE encryption for a component.",
        bug: "A ciphertext opens for another component, label or context.",
        section: "mls-extensions-10 §4.2",
        readings: &[],
        of: |case| case.member_is("what", "\"component_seal\""),
    },
    Flag {
        name: "SecretLength",
        about: "A secret or nonce of another length.",
        bug: "HMAC pads its key, so that a missing byte goes unnoticed.",
        section: "RFC 9420 §8",
        readings: &["X4"],
        of: |case| case.has(&["secret of 31", "byte short", "secret one byte short"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "mls-extensions-10 §4",
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
