//! The flags of the kind `attachment`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Files that are what their part says.",
        bug: "Encryption, hash and size of an attachment.",
        section: "mimi-content-09 §4.5",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "Encryption",
        about: "Key, nonce, additional data, tag or algorithm differ, or have another length.",
        bug: "The AEAD's inputs; a file is shown though its tag does not verify.",
        section: "mimi-content-09 §4.5",
        readings: &[],
        of: |case| case.because(&["key", "nonce", "additional data", "AEAD", "tag"]),
    },
    Flag {
        name: "ContentHash",
        about: "The hash differs, is cut off, or is missing where no tag protects the file.",
        bug: "The hash is compared in part, or not at all.",
        section: "mimi-content-09 §4.5",
        readings: &[],
        of: |case| case.because(&["hash", "nothing says", "what was encrypted"]),
    },
    Flag {
        name: "Size",
        about: "The size is another, unknown, or that of the content before encryption.",
        bug: "A receiver trusts the declared size, or insists on one form of it.",
        section: "mimi-content-09 §4.5",
        readings: &[],
        of: |case| case.has(&["size"]) || case.because(&["size"]),
    },
    Flag {
        name: "Expiry",
        about: "Before, at and after `expires`.",
        bug: "Seconds taken for milliseconds; the boundary belongs to the wrong side.",
        section: "mimi-content-09 §4.5",
        readings: &["T53"],
        of: |case| case.has(&["expire"]),
    },
    Flag {
        name: "Unencrypted",
        about: "Files that are not encrypted.",
        bug: "Members of the encryption are used though enc_alg is 0.",
        section: "mimi-content-09 §4.5",
        readings: &[],
        of: |case| case.begins(&["not encrypted"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "mimi-content-09 §4.5",
        readings: &[],
        of: |case| case.has(&["mistake: "]),
    },
];
