//! The flags of the kind `identity-link`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "From the real credential to the wrapped key and back.",
        bug: "The formulas of link and wrapped key.",
        section: "mimi-metadata-minimalization-02 §3",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "WrappedKey",
        about: "The wrapped key is of another room or leaf, changed, or of another length.",
        bug: "A hub moves wrapped keys between leaves.",
        section: "mimi-metadata-minimalization-02 §4",
        readings: &["P5", "P29"],
        of: |case| case.has(&["wrapper key", "wrapped"]),
    },
    Flag {
        name: "Link",
        about: "The link is of another credential or changed.",
        bug: "A link is copied into another credential.",
        section: "mimi-metadata-minimalization-02 §3",
        readings: &["P5"],
        of: |case| case.has(&["link of another", "link changed", "nonce of", "byte behind"]),
    },
    Flag {
        name: "LinkSignature",
        about: "Another key signed, or for other pseudonyms.",
        bug: "A user claims a pseudonym that is not its own.",
        section: "mimi-protocol-06 §6.1",
        readings: &["P12"],
        of: |case| case.has(&["signed "]),
    },
    Flag {
        name: "Identifiers",
        about: "A pseudonym or the real client is of another provider, in another spelling, or not shown.",
        bug: "A user returns under another spelling, or a provider vouches for another's user.",
        section: "mimi-protocol-06 §6.1",
        readings: &["P9"],
        of: |case| {
            case.has(&["pseudonym in", "pseudonym that", "pseudonyms of", "real client", "without a link"])
        },
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
