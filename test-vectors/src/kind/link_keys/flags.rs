//! The flags of the kind `link-keys`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "KeysInCommit",
        about: "A commit adds, removes or changes clients, and the wrapped keys follow.",
        bug: "A commit is accepted that leaves the key of a client that has gone, or brings none for one that comes.",
        section: "mimi-metadata-minimalization-02 §4",
        readings: &["P14", "P30"],
        of: |case| case.valid && case.begins(&["commit"]),
    },
    Flag {
        name: "AddAad",
        about: "The keys in the authenticated data are not those of the added clients, in the order of the Add proposals.",
        bug: "Only one of the two places is read, or they are compared by leaf.",
        section: "mimi-metadata-minimalization-02 §4.1",
        readings: &["P3"],
        of: |case| case.has(&["AddAAD"]),
    },
    Flag {
        name: "WrongLeaf",
        about: "A commit changes the key, the pseudonym or the place of another client, or leaves a malformed key or leaf.",
        bug: "A member takes the place of another or makes it unknown.",
        section: "mimi-metadata-minimalization-02 §4",
        readings: &["P26", "P28", "P29"],
        of: |case| !case.valid && case.begins(&["commit"]) && !case.has(&["AddAAD"]),
    },
    Flag {
        name: "Rotation",
        about: "The wrapper key changes when members are removed (in no draft).",
        bug: "A key for a new client is wrapped under a key that removed members have.",
        section: "in no draft",
        readings: &[],
        of: |case| case.begins(&["rotation", "wrapper key"]),
    },
    Flag {
        name: "ConnectionKey",
        about: "A user sends a new connection key to its connections.",
        bug: "A key that was replaced comes back by an old message, or another user's is taken.",
        section: "mimi-metadata-minimalization-02 §5",
        readings: &["P19", "P32"],
        of: |case| case.begins(&["connection key"]),
    },
    Flag {
        name: "PostQuantum",
        about: "A suite with a post-quantum KEM.",
        bug: "Lengths of secrets and of wrapped keys are those of one suite.",
        section: "mls-pq-ciphersuites-06",
        readings: &[],
        of: |case| case.has(&["suite 79", "suite 78", "suite 61603", "suite 82"]),
    },
];
