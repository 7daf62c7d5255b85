//! The flags of the kind `message-status`.

use super::super::cbor_flags;
use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Status",
        about: "Each status of the registry, and statuses that it lacks.",
        bug: "Unknown statuses are refused or mapped to another.",
        section: "mimi-message-status-01 §3",
        readings: &[],
        of: |case| case.valid && case.has(&["status"]),
    },
    Flag {
        name: "LengthBoundary",
        about: "Reports of none, 23 and 24 messages.",
        bug: "An encoder picks the wrong form of the array's head.",
        section: "mimi-message-status-01 §3",
        readings: &[],
        of: |case| case.valid && (case.has(&["messages"]) || case.name == "empty"),
    },
    Flag {
        name: "MessageId",
        about: "Message IDs: one twice, and one of an algorithm that is not SHA-256.",
        bug: "IDs are merged or refused.",
        section: "mimi-message-status-01 §3",
        readings: &["T16", "T28"],
        of: |case| case.valid && case.has(&["one message twice", "message ID of"]),
    },
    Flag {
        name: "NestedDamage",
        about: "The error is in the second entry.",
        bug: "Only the first entry is checked.",
        section: "mimi-message-status-01 §3",
        readings: &[],
        of: |case| case.name == "second entry damaged",
    },
    cbor_flags::TRUNCATED,
    cbor_flags::trailing_data("mimi-message-status-01 §3"),
    cbor_flags::NON_MINIMAL_HEAD,
    cbor_flags::INDEFINITE_LENGTH,
    cbor_flags::wrong_type("mimi-message-status-01 §3"),
    cbor_flags::wrong_length("mimi-message-status-01 §3"),
    cbor_flags::RESOURCE_EXHAUSTION,
    Flag {
        name: "OutOfRange",
        about: "A status beyond 8 bits or below 0.",
        bug: "A decoder truncates numbers.",
        section: "mimi-message-status-01 §3",
        readings: &[],
        of: |case| case.because(&["has 8 bits", "is unsigned"]),
    },
];
