//! The flags of the kind `room`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Story",
        about: "What providers ask of a hub in the life of a room, and what the hub's operator does.",
        bug: "Answers, fan-outs and state of a hub.",
        section: "mimi-protocol-06 §5",
        readings: &[],
        of: |case| case.valid && !case.has(&["dishonest", "another's name", "banned", "snapshot"]),
    },
    Flag {
        name: "Dishonest",
        about: "Clients and providers that do what they must not, between requests that are honest.",
        bug: "A hub accepts a request that it must refuse, or refuses all that follows.",
        section: "mimi-protocol-06 §5",
        readings: &[],
        of: |case| case.has(&["dishonest", "another's name", "banned"]),
    },
    Flag {
        name: "Snapshot",
        about: "Snapshots of a hub's and a client's room, one case for each version of the format.",
        bug: "A snapshot of an earlier version is not read, or read as another room.",
        section: "in no draft",
        readings: &[],
        of: |case| case.valid && case.has(&["snapshot"]),
    },
    Flag {
        name: "DamagedSnapshot",
        about: "Snapshots that were changed, cut off, or belong to another tree.",
        bug: "A hub goes on from a room that never was.",
        section: "in no draft",
        readings: &[],
        of: |case| !case.valid,
    },
    Flag {
        name: "ResourceExhaustion",
        about: "Bodies that are too long, and requests that are too many.",
        bug: "One provider keeps a hub from serving others.",
        section: "mimi-protocol-06 §5",
        readings: &[],
        of: |case| case.has(&["limits of"]),
    },
];
