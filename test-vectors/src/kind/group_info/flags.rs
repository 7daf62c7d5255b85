//! The flags of the kind `group-info`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Success",
        about: "A GroupInfo with each form of the ratchet tree.",
        bug: "Signature, sealing and tree of an answer.",
        section: "mimi-protocol-06 §5.6",
        readings: &["C11"],
        of: |case| case.valid && case.has(&["suite"]),
    },
    Flag {
        name: "WithoutBody",
        about: "Answers without a body, and bodies where there must be none.",
        bug: "The body is read whatever the status says.",
        section: "mimi-protocol-06 §5.6",
        readings: &["C10"],
        of: |case| case.has(&["not authorized", "no such room", "no body", "body where"]),
    },
    Flag {
        name: "WrongSigner",
        about: "Another party signs than the room's hub.",
        bug: "A follower takes another hub's answer.",
        section: "mimi-protocol-06 §5.6",
        readings: &[],
        of: |case| case.has(&["by another than", "by a stranger", "another credential"]),
    },
    Flag {
        name: "WrongSignature",
        about: "Signed under another label, over other fields, or after a change.",
        bug: "The signed bytes or the label.",
        section: "mimi-protocol-06 §5.6",
        readings: &[],
        of: |case| {
            case.has(&[
                "under the label",
                "without a label",
                "leaves out the status",
                "after it was signed",
                "no signature",
                "s of Ed25519",
                "ECDSA signature",
            ])
        },
    },
    Flag {
        name: "SignatureForm",
        about: "A second form of a signature or key that verifies in lenient libraries.",
        bug: "Signatures are malleable.",
        section: "RFC 9420 §5.1.2",
        readings: &["X1", "X2", "X3"],
        of: |case| case.has(&["s of Ed25519", "ECDSA signature", "compressed point"]),
    },
    Flag {
        name: "WrongRoom",
        about: "The answer is about another room.",
        bug: "An answer is replayed for another room.",
        section: "mimi-protocol-06 §5.6",
        readings: &[],
        of: |case| case.has(&["another room"]),
    },
    Flag {
        name: "WrongSealing",
        about: "Sealed in another context, under another label or to another key, or changed.",
        bug: "The context of the encryption.",
        section: "mimi-protocol-06 §5.6",
        readings: &["X6"],
        of: |case| {
            case.has(&[
                "room_id in the context",
                "sealed without",
                "sealed under",
                "sealed to",
                "ciphertext changed",
                "private key of another",
            ])
        },
    },
    Flag {
        name: "WrongContent",
        about: "What is sealed is not exactly a GroupInfo without a tree and the tree beside it.",
        bug: "Trailing bytes or a second tree are accepted.",
        section: "mimi-protocol-06 §5.6",
        readings: &[],
        of: |case| case.has(&["byte behind it", "tree inside"]) && !case.has(&["ECDSA"]),
    },
    Flag {
        name: "WrongSuite",
        about: "The answer has another suite than the request.",
        bug: "The suite is taken from the answer.",
        section: "mimi-protocol-06 §5.6",
        readings: &[],
        of: |case| case.has(&["another suite"]),
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
