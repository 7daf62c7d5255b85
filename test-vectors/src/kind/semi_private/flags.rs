//! The flags of the kind `semi-private`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Proposals and commits for one or two receivers.",
        bug: "The layout and keys of a semi-private message.",
        section: "mls-semiprivatemessage-07 §3",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "NoGroupSecrets",
        about: "Without the group's secrets, as an external receiver sees the message.",
        bug: "A verifier insists on optional members.",
        section: "mls-semiprivatemessage-07 §3",
        readings: &["X8"],
        of: |case| case.has(&["without the group"]),
    },
    Flag {
        name: "PartialContextHash",
        about: "The hash over leaf index and nonce is of something else.",
        bug: "What the hash covers, and in which encoding.",
        section: "mls-semiprivatemessage-07 §3.1",
        readings: &["X17"],
        of: |case| case.has(&["context hash", "told of another"]),
    },
    Flag {
        name: "ReceiverKeys",
        about: "The keys for external receivers have another name, order, label or context, or are missing.",
        bug: "A receiver is left out, or opens what is not its own.",
        section: "mls-semiprivatemessage-07 §3.1",
        readings: &["C33", "C46"],
        of: |case| {
            case.has(&[
                "receiver named",
                "receiver without",
                "keys in another order",
                "sealed under",
                "sealed without",
                "sealed in",
                "key that is too short",
            ])
        },
    },
    Flag {
        name: "ContentHash",
        about: "framed_content_tbs_hash is of other content, or the content differs for members and receivers.",
        bug: "Members and receivers see different commits.",
        section: "mls-semiprivatemessage-07 §3.2",
        readings: &[],
        of: |case| {
            case.has(&[
                "hash of other",
                "other content",
                "wire format of",
                "FramedContent alone",
                "GroupContext of another",
            ])
        },
    },
    Flag {
        name: "WrongSealing",
        about: "Nonce, guard or additional data of the AEAD differ.",
        bug: "The AEAD's nonce or additional data.",
        section: "mls-semiprivatemessage-07 §3.1",
        readings: &[],
        of: |case| case.has(&["guard at", "guard forgotten", "AAD "]),
    },
    Flag {
        name: "Padding",
        about: "Padding that is not zeros.",
        bug: "Padding carries what no member signed.",
        section: "RFC 9420 §6.3.1",
        readings: &[],
        of: |case| case.has(&["padding"]),
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
