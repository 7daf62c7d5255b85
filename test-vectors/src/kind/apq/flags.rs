//! The flags of the kind `apq`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "PSKs, pairs of suites, sessions and commits that hold.",
        bug: "Labels, layout and rules of combined groups.",
        section: "mls-combiner §3",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "Psk",
        about: "The PSK that the post-quantum group exports and the traditional group takes up.",
        bug: "Derivation with the KDF of the wrong group; a PSK under another name.",
        section: "mls-combiner §5.2",
        readings: &["N6", "N9"],
        of: |case| case.begins(&["PSK:"]),
    },
    Flag {
        name: "SecretLength",
        about: "A secret or nonce of another length than KDF.Nh.",
        bug: "HMAC pads its key, so that a missing byte goes unnoticed.",
        section: "RFC 9420 §8",
        readings: &["X4"],
        of: |case| case.has(&["one byte short", "short nonce"]),
    },
    Flag {
        name: "SuitePair",
        about: "Pairs of suites in both modes.",
        bug: "A group without post-quantum security, or without a traditional signature.",
        section: "mls-combiner §7.1",
        readings: &[],
        of: |case| case.begins(&["suites "]),
    },
    Flag {
        name: "SessionBinding",
        about: "The APQInfo of both groups, and what it says of them.",
        bug: "Two groups are taken for a pair that are not, or are at different epochs.",
        section: "mls-combiner §5.1.2",
        readings: &[],
        of: |case| case.begins(&["session:"]),
    },
    Flag {
        name: "FullCommit",
        about: "A commit in both groups.",
        bug: "The epochs of the two groups drift apart, or the PSK is left out.",
        section: "mls-combiner §3.1",
        readings: &[],
        of: |case| case.begins(&["full commit:"]),
    },
    Flag {
        name: "PartialCommit",
        about: "A commit in the traditional group alone.",
        bug: "A change of membership reaches one group only.",
        section: "mls-combiner §3.1",
        readings: &[],
        of: |case| case.begins(&["partial commit:"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "mls-combiner §5.2",
        readings: &[],
        of: |case| case.has(&["mistake: "]),
    },
];
