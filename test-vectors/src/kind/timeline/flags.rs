//! The flags of the kind `timeline`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Edit",
        about: "Edits, and edits of edits.",
        bug: "An edit drops or keeps the wrong fields.",
        section: "mimi-content-09 §5.5",
        readings: &["T33", "T34"],
        of: |case| case.has(&["edit"]),
    },
    Flag {
        name: "Deletion",
        about: "Deletions.",
        bug: "A deleted message stays, or an edit brings it back.",
        section: "mimi-content-09 §5.6",
        readings: &["T33"],
        of: |case| case.has(&["deletion"]),
    },
    Flag {
        name: "Authorization",
        about: "What another user than the sender tries.",
        bug: "Any member can change any message.",
        section: "mimi-content-09 §9.3",
        readings: &["T35"],
        of: |case| case.has(&["not allowed"]),
    },
    Flag {
        name: "Expiration",
        about: "Messages that expire, and what refers to them.",
        bug: "Expired content stays in a reply or a reaction.",
        section: "mimi-content-09 §4.1",
        readings: &["T31", "T42"],
        of: |case| case.has(&["expire", "relative to when"]),
    },
    Flag {
        name: "Reaction",
        about: "Reactions and what takes them back.",
        bug: "A reaction is counted twice, or cannot be taken back.",
        section: "mimi-content-09 §5.3",
        readings: &["T39", "T45", "T46"],
        of: |case| case.has(&["reaction", "emoji"]),
    },
    Flag {
        name: "Status",
        about: "Status reports of several devices.",
        bug: "A later delivery hides that a message was read.",
        section: "mimi-message-status-01 §3",
        readings: &["T43"],
        of: |case| {
            case.valid
                && case.has(&[
                    "delivered",
                    "error on",
                    "read,",
                    "hidden",
                    "nothing follows",
                    "deliveries",
                    "a status",
                ])
        },
    },
    Flag {
        name: "LocalEcho",
        about: "One's own message before the hub answers.",
        bug: "A message is shown twice, or stays pending.",
        section: "mimi-protocol-06 §5.4",
        readings: &["T47"],
        of: |case| case.has(&["not accepted", "accepted before", "failed", "echo"]),
    },
    Flag {
        name: "HubRetraction",
        about: "What the hub retracts.",
        bug: "A retraction reaches too far or not far enough.",
        section: "mimi-hub-retracted-messages-00 §3",
        readings: &["T48"],
        of: |case| case.valid && case.has(&["the hub retracts"]),
    },
    Flag {
        name: "AnyOrder",
        about: "Every order of arrival leads to the same.",
        bug: "The result depends on the order of delivery.",
        section: "mimi-content-09 §9.1",
        readings: &["T44"],
        of: |case| case.member_is("orders", "\"any\""),
    },
    Flag {
        name: "Malformed",
        about: "A line that is no message, report or retraction, or a snapshot that cannot be restored.",
        bug: "What cannot be read is dropped in silence.",
        section: "mimi-content-09 §4",
        readings: &[],
        of: |case| !case.valid,
    },
];
